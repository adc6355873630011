/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote - documents whose bytes are in a tool (store/drive.h, cache/cache.h). Everything is done here at once; sync tells the tool.
 *
 * Threads: any. ids are file rows, 0 the root.
 */
#pragma once

#include "seamfs/cache/cache.h"
#include "seamfs/store/drive.h"
#include "tree/node.h"

struct remote_tree {
	struct cache *cache;
	struct seen *seen; /* what programs have read, so that a save is told from an overwriting */
};

/* An open document. */
struct remote_open {
	struct tree *tree;
	struct content *content;
	int64_t id;
	int64_t seen;  /* the version that was there when it was opened; 0: whatever it was */
	_Bool writing; /* it takes part in writing */
};

void remote_begin(struct tree *tree, struct cache *cache);
void remote_end(struct tree *tree);

/* remote_open - @flags as of open(2); with O_TRUNC it is emptied. -EAGAIN: another one is just beginning to write. */
int remote_open(struct tree *tree, int64_t id, int flags, const struct caller *who, struct remote_open *ret);
int remote_create(
	struct tree *tree, int64_t parent, const char *name, int64_t *ret_id, struct remote_open *ret);
void remote_close(struct remote_open *o);

/* remote_ready - whether these bytes may be read, or written: 1; 0: the bell of the cache will ring; -errno */
int remote_ready(struct remote_open *o, int64_t offset, int64_t len, _Bool write, uint64_t *ask);

/* remote_stat - size and time of a file that somebody writes; -ENOENT: the store's are right */
int remote_stat(struct tree *tree, int64_t id, int64_t *ret_size, int64_t *ret_mtime_ms);

/* remote_left - the same of a file that was removed while it was open; -ENOENT: nobody has it open */
int remote_left(struct tree *tree, int64_t id, int64_t *ret_size, int64_t *ret_mtime_ms);

/* remote_resize - @o: open, or NULL: by name. -EAGAIN: what is kept of it is being fetched. */
int remote_resize(struct tree *tree, struct remote_open *o, int64_t id, int64_t size, struct err *e);

int remote_mkdir(struct tree *tree, int64_t parent, const char *name);
int remote_rename(struct tree *tree, int64_t parent, const char *name, int64_t new_parent,
	const char *new_name, const struct caller *who);
int remote_unlink(struct tree *tree, int64_t parent, const char *name, _Bool folder, struct err *e);
int remote_touch(struct tree *tree, int64_t id, int64_t mtime_ms);
