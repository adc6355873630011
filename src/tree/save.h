/* SPDX-License-Identifier: Apache-2.0 */
/* save - how bytes get from open files into records and documents.        Threads: any. */
#pragma once

#include "tree/node.h"

/* What a file holds that is to become, or to change, a record. */
struct text {
	const char *bytes;
	size_t len;
	int64_t known; /* the last row of the history when the writer read the record; 0: it is meant as it is */
	const cJSON *
		own; /* what the writer had made of it when it saved it last, in place of what was there then; NULL: the same */
	cJSON **ret_own;  /* what this text makes of what the writer knew, given; NULL: nobody asks */
	int64_t mtime_ms; /* as the writer set it, 0: now */
	const char
		*written; /* what was written, where that is not the text itself: it is kept when refused */
	size_t written_len;
	uint64_t fields;  /* of which it speaks; 0: of all */
	int64_t scratch;  /* the temporary file that it is in, and that goes with the save; 0: none */
	const char *once; /* with this key it is saved only once; then -EALREADY, and nothing is kept */
};

/* save.c: bytes become records. What is refused is kept in problems/. */
int save_record(struct tree *tree, const struct record_slot *slot, const char *path, const struct text *text,
	const struct origin *origin, struct ticket *ret, struct err *e);

/* save_check - whether save_record() would take it: 0; 1: a new file in which something is left open, as in a template,
 * and @e says what; or -errno, like there */
int save_check(struct tree *tree, const struct record_slot *slot, const char *path, const struct text *text,
	const struct origin *origin, struct err *e);

/* save_folder - a record that is a folder, still empty: its tools hear of it a moment later, with what is written into it */
int save_folder(struct tree *tree, const struct record_slot *slot, const char *path,
	const struct origin *origin, struct err *e);

/* save_promote - a new file becomes a record now */
int save_promote(
	struct tree *tree, int64_t scratch, const struct origin *origin, struct ticket *ret, struct err *e);

/*
 * names_hold - until names_release() no new file becomes a record by itself: what a name was found to be, it is. Not twice by one thread,
 *              and not for what may take long, as in documents/.
 */
void names_hold(struct tree *tree);
void names_release(struct tree *tree);

/* save_now - what fsync() of a file that was written before has to wait for */
int save_now(struct tree *tree, uint64_t ino, struct ticket *ret, struct err *e);

int save_field(struct tree *tree, int64_t record, const char *path, const cJSON *patch, const char *cause,
	const struct caller *who, struct ticket *ret, struct err *e);

/* save_origin - who that is, for the history */
struct origin save_origin(const struct caller *who, const char *cause);

/* save_process - the process of a thread; 0 when it is not to be seen from here */
int32_t save_process(const struct caller *who);

/* away.c: a name that is free for half a minute; away_take() ends that and says whether it was so */
void away_add(struct tree *tree, uint64_t dir, const char *name, int64_t ms);
_Bool away_take(struct tree *tree, uint64_t dir, const char *name);

/* remove.c: a record comes back out of the trash */
int remove_undo(struct tree *tree, int64_t record, const struct caller *who, struct err *e);

/* control.c: the files of .seam/ that take orders */
_Bool control_takes(struct place p);
int control_write(struct tree *tree, struct place p, const void *bytes, size_t len, const struct caller *who,
	struct err *e);

/* draft.c: files open for writing */
_Bool draft_is_open(struct tree *tree, uint64_t ino);
_Bool draft_size(struct tree *tree, uint64_t ino, int64_t *ret);
_Bool draft_read(struct tree *tree, uint64_t ino, int64_t offset, size_t len, struct buf *b);

/* draft_touch - a program set the time of a file that is open: its save keeps it */
void draft_touch(struct tree *tree, uint64_t ino, int64_t mtime_ms);
int draft_resize(struct tree *tree, uint64_t ino, int64_t size);

/* node_local.c: node_documents_lookup, node_documents_list - the root of the drive tool */
int node_documents_trash(struct tree *tree, struct node *ret);
int node_documents_lookup(struct tree *tree, const char *name, struct node *ret);
void node_documents_list(struct listing *l);

/* document.c: the files of the drive tool; ids are file rows, 0 the root. Where its bytes are elsewhere, remote.c does it. */
int document_stat(struct tree *tree, int64_t id, int64_t *ret_size, int64_t *ret_mtime_ms);
int document_touch(struct tree *tree, int64_t id, int64_t parent, const char *name, int64_t mtime_ms);

/* document_writable - 0; or why nothing can be written into that folder, as far as its tool has said so */
int document_writable(struct tree *tree, int64_t parent, struct err *e);

/* document_in_trash - that folder is below the trash; document_hidden - nobody misses it, so it does not go there */
_Bool document_in_trash(const char *path);
_Bool document_hidden(const char *path, const char *name);
int document_trash_refuses(struct err *e);

/* document_trash_path - the folder in the trash for what was removed from @path today; given */
char *document_trash_path(const char *path);
int document_open(struct tree *tree, int64_t parent, const char *name, int flags, uint32_t mode);
int document_note(struct tree *tree, int64_t parent, const char *name, int64_t *ret);
int document_parent(struct place dir, int64_t *ret);
int document_mkdir(struct tree *tree, int64_t parent, const char *name);
int document_unlink(struct tree *tree, int64_t parent, const char *name, _Bool folder, struct err *e);
int document_rename(struct tree *tree, int64_t parent, const char *name, int64_t new_parent,
	const char *new_name, unsigned flags, const struct caller *who);
