/* SPDX-License-Identifier: Apache-2.0 */
/* draft - files that are open for writing, and their descriptors.        Threads: any; drafts under the tree's mutex. */
#pragma once

#include "tree/remote.h"
#include "tree/save.h"

/* All descriptors of one file share one draft, as they share one file elsewhere. */
struct draft {
	uint64_t ino;
	int handles;
	struct buf bytes;
	_Bool written;	  /* since the last save */
	_Bool truncated;  /* nothing but that happened: no save */
	int32_t opener;	  /* process that opened it last */
	int64_t mtime_ms; /* that a program has set since it wrote, 0: none */
	int64_t version;  /* of the record that the bytes came from */
	int64_t known;	  /* store_position() when they were read */
	struct draft *next;
};

struct handle {
	struct tree *tree;
	uint64_t ino;
	int flags;
	struct draft *draft; /* open for writing */
	struct buf shown;    /* what a live file showed when it was opened */
	_Bool has_shown;
	int fd; /* a document in a local folder, else -1 */
	int64_t parent;
	struct remote_open remote; /* a document whose bytes are elsewhere, else without content */
};

/* document_flush - a writer of a document in a local folder has closed it: the store hears of its size */
int document_flush(struct handle *h);

/* draft_slice - appends up to @len bytes of @from from @offset */
void draft_slice(const struct buf *from, int64_t offset, size_t len, struct buf *to);

/* draft_takes - whether what is written there changes records, or is kept: then it is a draft first */
_Bool draft_takes(struct place p);

/* draft_join - the file's draft, begun with what the file holds. 0 or -errno. */
int draft_join(struct tree *tree, uint64_t ino, int flags, int32_t process, struct draft **ret);

/* draft_leave - the last descriptor that leaves it ends it */
void draft_leave(struct handle *h);
