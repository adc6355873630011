/* SPDX-License-Identifier: Apache-2.0 */
/* face - the inside of fuse/: one mount and its threads. */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>

#include "seamfs/fuse/mount.h"
#include "seamfs/tree/open.h"

enum {
	MAX_PARKED = 64,
	MAX_AGAIN = 1024,
	MAX_BURIED = 1024,
	WORKERS = 3,	      /* none of them ever waits for a tool; more only take turns in waking up */
	WAIT_OWNER_MS = 3000, /* how long a close waits for the owner's word */
	WAIT_SYNC_MS = 10000, /* and an fsync */
	MAX_NOTIFY = 256,     /* events in one round */
};

/* A request that is tried again when bytes have come. */
struct again {
	fuse_req_t req;
	void (*act)(struct mount *m, struct again *again); /* answers, or puts it aside once more */
	fuse_ino_t ino;
	struct fuse_file_info fi;
	size_t size;
	off_t offset;
	char *bytes;  /* to be written, its own; else NULL */
	uint64_t ask; /* tree_ready() */
};

/* A request whose answer waits for the owner of the record. */
struct parked {
	fuse_req_t req;
	struct ticket ticket;
	int64_t deadline_ms;
	int result; /* the answer, when no owner is waited for */
};

struct mount {
	struct tree *tree;
	struct cache *cache; /* of the documents whose bytes are elsewhere; NULL: there are none */
	struct fuse_session *session;
	char *dir; /* absolute */
	uid_t uid;
	gid_t gid;
	atomic_bool stop;

	pthread_t notifier;
	int notify_fd;	      /* readable after every commit */
	_Atomic int64_t told; /* store_position() of which the kernel has been told all */
	pid_t helper;	      /* does through the mount what watchers are to see */
	int order_fd, answer_fd;
	pid_t sentinel;		     /* ends the connection when the daemon cannot even die */
	_Atomic uint64_t expect_dir; /* what the notifier makes just now, so that watchers see it … */
	uint64_t expect_ino;
	char expect_name[256]; /* … written before expect_dir, read only when that matches */

	pthread_t waiter;
	int wait_fd;
	pthread_mutex_t mutex; /* guards parked, again and buried */
	struct parked parked[MAX_PARKED];
	size_t parked_count;
	struct again *again; /* MAX_AGAIN */
	size_t again_count;
	struct {
		uint64_t ino, times;
	} buried[MAX_BURIED]; /* folders that were removed through this mount, the oldest forgotten */
	size_t buried_next;
	_Atomic _Bool any_buried;
};

extern const struct fuse_lowlevel_ops face_ops;

/* face_entry - a node as FUSE wants it */
void face_entry(struct mount *m, const struct node *node, struct fuse_entry_param *ret);
void face_attr(const struct mount *m, const struct node *node, struct stat *ret);

/**
 * face_bury - a folder is removed, for the kernel at least
 *
 * A folder that comes back (a record out of the trash) has its old number, and the kernel would use the dead one on as long as
 * anybody holds it: empty, and nothing can be made in it. So it gets another generation each time.
 */
void face_bury(struct mount *m, uint64_t ino);

/* face_is_notifier - the request comes from our own notifier, which only wants watchers to see something */
_Bool face_is_notifier(struct mount *m, fuse_req_t req);

/* face_expected - and it is about this very name */
_Bool face_expected(struct mount *m, fuse_req_t req, fuse_ino_t dir, const char *name);

struct caller face_caller(fuse_req_t req);

/* ops_write.c */
void face_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi);
void face_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, dev_t rdev);
void face_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode);
void face_unlink(fuse_req_t req, fuse_ino_t dir, const char *name);
void face_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name);
void face_symlink(fuse_req_t req, const char *target, fuse_ino_t dir, const char *name);
void face_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name);
void face_rename(fuse_req_t req, fuse_ino_t dir, const char *name, fuse_ino_t new_dir, const char *new_name,
	unsigned flags);
void face_create(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, struct fuse_file_info *fi);
void face_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void face_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void face_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
	struct fuse_file_info *fi);
void face_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void face_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void face_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* park.c: answers the request now, or when the owner has confirmed, refused, or not answered in time */
void park_answer(struct mount *m, fuse_req_t req, const struct ticket *ticket, int wait_ms);

/* park_refusal - answers with that -errno when the kernel has given up what it has of @stale_ino */
void park_refusal(struct mount *m, fuse_req_t req, uint64_t stale_ino, int result);

/* park_again - until bytes have come; without room, or when it was interrupted, it is answered at once. Copies @again; its bytes are taken. */
void park_again(struct mount *m, const struct again *again);
int park_start(struct mount *m);
void park_stop(struct mount *m);

/* mount_connection - the number of the kernel's connection behind a mount of ours; -ENOENT: there is none on @dir */
int mount_connection(const char *dir, unsigned *ret);

/* sentinel.c: a killed daemon leaves a dead mount, never one that hangs */
int sentinel_start(struct mount *m);
void sentinel_stop(struct mount *m);

/* notify.c: tells the kernel, and through it everybody who watches, what changed */
int notify_fork(struct mount *m); /* the helper process; before anything is mounted */
void notify_reap(struct mount *m);
int notify_start(struct mount *m);
void notify_stop(struct mount *m);
