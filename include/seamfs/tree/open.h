/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open - open files of the tree: read, written, saved when their writer is done.
 *
 * Threads: any; a handle may be used by several at once, but for its release.
 */
#pragma once

#include "seamfs/tree/tree.h"

struct handle;

/**
 * tree_open - @flags as of open(2)
 * @ret: given to the caller (tree_release); NULL for a plain read of a record, which needs no state
 */
int tree_open(struct tree *tree, uint64_t ino, int flags, const struct caller *who, struct handle **ret,
	struct err *e);

/* tree_create - a new file: local until what is in it is a valid record */
int tree_create(struct tree *tree, uint64_t dir, const char *name, uint32_t mode, int flags,
	const struct caller *who, struct node *ret, struct handle **ret_handle, struct err *e);

/* tree_read - appends up to @len bytes from @offset; @h may be NULL */
int tree_read(struct tree *tree, struct handle *h, uint64_t ino, size_t len, int64_t offset, struct buf *b);
int tree_write(struct handle *h, const void *bytes, size_t len, int64_t offset, const struct caller *who,
	struct err *e);

/* tree_descriptor - a real file behind the handle, for copying without a buffer; -1 when there is none */
int tree_descriptor(struct handle *h);

/* tree_apart - somebody has another version of that file open */
_Bool tree_apart(struct handle *h);

/**
 * tree_ready - whether those bytes of that file are here
 * @ask: 0 at first, then as it was left
 *
 * 1: read or write it now; 0: they have been asked for, and the bell of the cache will ring; -errno: they cannot be had.
 */
int tree_ready(struct handle *h, int64_t offset, size_t len, _Bool write, uint64_t *ask);

enum flush {
	FLUSH_CLOSE, /* a descriptor was closed: the writer is done when it is the process that opened the file */
	FLUSH_LAST, /* the last one was: whoever it was */
	FLUSH_SYNC, /* fsync(): a new file becomes a record at once, and the owner's word counts */
};

/* tree_flush - saves when the writer is done. @h may be NULL: nothing was written through it. */
int tree_flush(struct tree *tree, struct handle *h, uint64_t ino, enum flush how, const struct caller *who,
	struct ticket *ret, struct err *e);
void tree_release(struct handle *h, const struct caller *who);

/* tree_refused - a tool refused what this handle saved: its buffer is what the store has, again */
void tree_refused(struct tree *tree, uint64_t ino);

/**
 * tree_put_table - saves a sheet as tables/ do, without a file that is open
 * @lines:  the table of the type's lines, else of its records
 * @really: false: only looks whether it could be done
 *
 * @ret_changed: how many records are, or would be, made or changed. What is refused is not kept. 0 or -errno with a sentence.
 */
int tree_put_table(struct tree *tree, enum type_id type, _Bool lines, const char *text, size_t len,
	_Bool really, const struct caller *who, size_t *ret_changed, struct err *e);
