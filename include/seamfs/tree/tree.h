/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree - the directory tree over the store: paths, attributes, listings, contents, and what saving, moving and making
 * files means. It never waits for a tool: it reads the store and writes to it.
 *
 * Threads: any. Nodes are named by inode number (model/place.h). Errors are negative errno; where a person's act is
 * refused, the sentence is in `struct err`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/store/store.h"

struct cache;
struct handle;
struct tree;

struct node {
	uint64_t ino;
	uint32_t mode; /* type and permissions */
	uint32_t nlink;
	int64_t size;
	int64_t mtime_ms;
	_Bool fleeting; /* may become another node: the kernel should not keep the name */
	_Bool live;	/* made when read: no page cache */
};

/* Who asks. */
struct caller {
	uint32_t uid;
	int32_t tid; /* thread id, 0 when it is in another pid namespace */
};

/* What a save has to wait for: store_settled() of it. record 0: nothing. */
struct ticket {
	int64_t record;
	int64_t version;
	uint64_t changed_ino; /* a node whose cached contents are out of date now, or 0 */
	_Bool alone;	      /* nobody else had changed the record since its writer read it */
	int64_t position;     /* the end of the history with it */
};

/* tree_new - @cache is where the bytes of documents are that a tool holds; NULL when none does; both borrowed */
struct tree *tree_new(struct store *store, struct cache *cache);
void tree_free(struct tree *tree);
struct store *tree_store(struct tree *tree);

/* tree_start - begins what happens by itself after a while: removals go to the tools, temporary files expire */
int tree_start(struct tree *tree);
void tree_stop(struct tree *tree);

/* ---- looking ---- */

int tree_stat(struct tree *tree, uint64_t ino, struct node *ret);

/* tree_lookup - 0 or -ENOENT, then with ret->fleeting when that is so only for a moment */
int tree_lookup(struct tree *tree, uint64_t dir, const char *name, struct node *ret);

/**
 * tree_list - calls @fill for every entry behind @offset (0: all); stops when it returns false
 *
 * @fill gets the offset that continues behind the entry. Offsets stay good while entries come and go.
 */
typedef _Bool (*tree_filler)(void *context, const char *name, const struct node *node, uint64_t offset);
int tree_list(struct tree *tree, uint64_t dir, uint64_t offset, tree_filler fill, void *context);

/* tree_target - where a symlink leads, given to the caller */
int tree_target(struct tree *tree, uint64_t ino, char **ret);

/* tree_path - path below the mount point without a leading '/', given to the caller; NULL when the node is gone */
char *tree_path(struct tree *tree, uint64_t ino);

/* tree_xattr - value of user.seam.state or user.seam.error, given to the caller; -ENODATA for other
 * names of the "user." kind, -EOPNOTSUPP for the rest */
int tree_xattr(struct tree *tree, uint64_t ino, const char *name, char **ret);

/**
 * tree_failed - writes down what was refused and why: .error, user.seam.error and .seam/errors.ndjson show it
 * @act:  "save", "rename" …
 * @ino:  the file, or with @name the folder of that entry
 * @e:    noted afterwards
 */
void tree_failed(struct tree *tree, const char *act, uint64_t ino, const char *name, struct err *e);

/* tree_done - something was done there: what was refused before is no longer of interest */
void tree_done(struct tree *tree, uint64_t ino, const char *name);

/* ---- changing ---- */

/* tree_setattr - @size -1 and @mtime_ms -1: unchanged; modes and owners are accepted and ignored elsewhere */
int tree_setattr(struct tree *tree, uint64_t ino, struct handle *h, int64_t size, int64_t mtime_ms,
	struct node *ret, struct err *e);
int tree_symlink(struct tree *tree, uint64_t dir, const char *name, const char *target, struct node *ret,
	struct err *e);
int tree_mkdir(struct tree *tree, uint64_t dir, const char *name, const struct caller *who, struct node *ret,
	struct err *e);
int tree_unlink(struct tree *tree, uint64_t dir, const char *name, _Bool folder, const struct caller *who,
	struct err *e);
int tree_rename(struct tree *tree, uint64_t dir, const char *name, uint64_t new_dir, const char *new_name,
	unsigned flags, const struct caller *who, struct ticket *ret, struct err *e);
