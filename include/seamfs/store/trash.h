/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trash - removing records: out of the tree at once, out of the tools only after a grace time, and back at any time.
 *
 * A removed record keeps its row, history and links. While it waits, no tool has heard of it, and a new file of its name is
 * the same record again: programs that save by deleting and writing anew make no doubles. Too many removals in a burst are
 * held until a person approves them. Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/store/change.h"

enum trash_state {
	TRASH_WAITING = 0, /* its tools are told when the grace time is over */
	TRASH_HELD = 1,	   /* … when a person approves */
	TRASH_DONE = 2,	   /* they were told, or it was a tool that removed it */
};

enum {
	TRASH_SHARE = 5,      /* and so are this many or more, when they are most of their type */
	TRASH_BURST = 20,     /* more removals than this within a grace time are held */
	TRASH_KEEP_DAYS = 90, /* how long what is done can still be brought back */
};

struct trashed {
	int64_t record;
	enum type_id type;
	char *name; /* in the trash, without ".json"; given to the caller */
	enum trash_state state;
	int64_t ms; /* when it was removed */
	int64_t size;
};

/**
 * store_remove - a person removes a record
 *
 * Refuses with -EPERM what must be kept (an issued invoice, a payment), what other records refer to, and what its owner
 * has no way to remove.
 */
int store_remove(struct tx *tx, int64_t record, const struct origin *origin, struct err *e);

/* store_remove_check - the same refusals, without doing it. Threads: any owner of a db. */
int store_remove_check(struct db *db, const struct stack *stack, int64_t record, struct err *e);

/* store_trash - its owner removed it: the record leaves the tree and is kept in the trash */
int store_trash(struct tx *tx, int64_t record, const struct origin *origin);

/**
 * store_restore - back into the tree, where it was, under its name or, when that is taken, one like it
 *
 * Tools that were told bring it back or get a new one. -ENOENT: not in the trash, or the folder it was in is itself there.
 */
int store_restore(struct tx *tx, int64_t record, const struct origin *origin, struct err *e);

/* store_removed - the record of that name that was removed from that folder and of which no tool was told. 0 or -ENOENT. */
int store_removed(struct db *db, enum type_id type, int64_t whole, const char *name, int64_t *ret);

/* store_trash_get - 0 or -ENOENT; store_trash_find() gives the record of that name in the trash */
int store_trash_get(struct db *db, int64_t record, struct trashed *ret);
int store_trash_find(struct db *db, enum type_id type, const char *name, int64_t *ret);

/* store_trash_list - what is in the trash of one type, with id > @after, by id */
void store_trash_list(struct db *db, enum type_id type, int64_t after, store_lister f, void *context);

/* store_trash_held - how many removals wait for a person */
int64_t store_trash_held(struct db *db);

/* store_trash_next - when (UTC) the next grace time is over; 0: none is running */
int64_t store_trash_next(struct db *db);

/* store_trash_tell - what has waited long enough goes to the tools; what was done long ago is forgotten */
int store_trash_tell(struct tx *tx);

/* store_trash_forget - it cannot be brought back any more; its row and history stay */
int store_trash_forget(struct tx *tx, int64_t record);

/* store_trash_decide - what is held is sent, or brought back into the tree; @ret: how many */
int store_trash_decide(struct tx *tx, _Bool approve, const struct origin *origin, int64_t *ret);
