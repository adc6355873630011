/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift - records that a tool has otherwise than sync knew, found by reading them again.
 * Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/model/type.h"
#include "seamfs/store/store.h"

enum { DRIFT_ALL = -1, DRIFT_SAMPLE = 100 };

/* store_drift_want - asks for a look at @sample records (DRIFT_ALL) of one tool, or (0) of each */
int store_drift_want(struct tx *tx, int64_t tool, int64_t sample);

/* store_drift_wanted - how many are to be looked at now, 0: none; also when the time has come again */
int64_t store_drift_wanted(struct db *db, const struct stack *stack, int64_t tool, int64_t now_ms);

/* store_drift_due - when (UTC) the time will have come; 0: a tool that was never read in full */
int64_t store_drift_due(struct db *db, const struct stack *stack, int64_t tool);

/* store_drift_begin, store_drift_add, store_drift_end - one look; what the last one found is forgotten */
int store_drift_begin(struct tx *tx, int64_t tool);
int store_drift_add(struct tx *tx, int64_t tool, int64_t record, const char *what);
int store_drift_end(struct tx *tx, int64_t tool, int64_t checked);

struct drift_look {
	int64_t ms; /* when it ended, 0: never */
	int64_t checked;
	int64_t found;
	_Bool wanted; /* one is under way or asked for */
};
void store_drift_look(struct db *db, int64_t tool, struct drift_look *ret);

typedef void (*drift_visitor)(void *context, const char *path, const char *what);
void store_drift_each(struct db *db, int64_t tool, drift_visitor f, void *context);
