/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard - a tool that suddenly lacks much of what it had removes nothing here before a person has approved it.
 * Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/model/type.h"
#include "seamfs/store/store.h"

/* store_guard_stops - whether so many missing ones are too many, and no person has approved as many */
_Bool store_guard_stops(struct db *db, const struct stack *stack, int64_t tool, enum type_id type,
	int64_t lacks, int64_t all);

/* store_guard_hold - writes down that they are held; store_guard_over(): they are not, or no longer */
int store_guard_hold(struct tx *tx, int64_t tool, enum type_id type, int64_t lacks, int64_t all);
int store_guard_over(struct tx *tx, int64_t tool, enum type_id type);

/* store_guard_approve - what is held now is removed with the next pull, which is asked for */
int store_guard_approve(struct tx *tx);

/* store_guard_each - what is held */
typedef void (*guard_visitor)(void *context, int tool, enum type_id type, int64_t lacks, int64_t all);
void store_guard_each(struct store *store, struct db *db, guard_visitor f, void *context);

/* store_guard_count - how many wait for a person; store_guard_held(): whether this one is held, approved or not */
int64_t store_guard_count(struct db *db);
_Bool store_guard_held(struct db *db, int64_t tool, enum type_id type);
