/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review - what waits in the outbox, one row for a record and a tool, and what a person decides about it. A tool with
 * "send": "review" hears nothing before that.        Threads: reading, any owner of a db; deciding, the writer (inside a job).
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/store/change.h"
#include "seamfs/store/outbox.h"

struct review_item {
	int64_t seq;
	int64_t record;
	enum type_id type;
	int tool; /* index in the stack */
	enum outbox_state state;
	_Bool copy;
	int attempts;
	int64_t next_ms;
	const char *error;   /* of the last try, "" */
	const cJSON *before; /* what the tool has of the record; NULL: nothing */
	const cJSON *after;  /* the record; NULL: it is to be removed */
	uint64_t fields;     /* that would be sent */
};

/* A visit stops when its function returns false. What the item points to is borrowed for the call. */
typedef _Bool (*review_visitor)(void *context, const struct review_item *item);

/* store_review_each - by number, those behind @after; @held: only what waits for a person */
void store_review_each(
	struct store *store, struct db *db, int64_t after, _Bool held, review_visitor f, void *context);

/* store_review_get - one of them. 0 or -ENOENT. */
int store_review_get(struct store *store, struct db *db, int64_t seq, review_visitor f, void *context);

/* store_review_held - how many wait for a person */
int64_t store_review_held(struct db *db);

/**
 * store_review_decide - sends what is held, or takes it back: the record gets what its owner has; a new one goes to the
 *                       trash, a removed one comes back; a copy stays as it is until the record is saved again
 * @seq: that one, 0: all
 *
 * Returns 0 and how many, or -ENOENT when that one is not held.
 */
int store_review_decide(
	struct tx *tx, int64_t seq, _Bool approve, const struct origin *origin, int64_t *ret, struct err *e);
