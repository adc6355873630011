/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history - who changed what, when and why. A change is one or more rows of the same record and version, or all rows of
 * records that were changed together; the number of its first row is its name.        Threads: reading, any owner of a db.
 */
#pragma once

#include "seamfs/store/record.h"
#include "seamfs/store/store.h"

struct history_row {
	int64_t id;
	int64_t change;
	int64_t record;
	enum type_id type;
	int64_t version;
	int64_t ms;
	int tool;	     /* index in the stack; -1: a person, or a tool that is no longer there */
	int64_t uid;	     /* a person's */
	const char *program; /* "vim", "" when it is not known */
	const char *cause;   /* "save", "pull", "undo" … */
	int field;	     /* -1: the record as a whole came or went */
	const char *old;     /* JSON, in the form of docs; NULL: there was no value */
	const char *new;
};

/* A visit stops when its function returns false. What the row points to is borrowed for the call. */
typedef _Bool (*history_visitor)(void *context, const struct history_row *row);

/* store_history_each - rows with from_ms <= ms < to_ms, newest first; @record 0: of all records, @to_ms 0: no end */
void store_history_each(struct store *store, struct db *db, int64_t record, int64_t from_ms, int64_t to_ms,
	history_visitor f, void *context);

/* store_history_change - the rows of one change, in the order of the fields. 0 or -ENOENT. */
int store_history_change(
	struct store *store, struct db *db, int64_t change, history_visitor f, void *context);

/* store_history_field - the last row about that field. 0 or -ENOENT. */
int store_history_field(
	struct store *store, struct db *db, int64_t record, int field, history_visitor f, void *context);

/* store_history_made - the first rows of live records of @type that a person made, newest first */
void store_history_made(
	struct store *store, struct db *db, enum type_id type, history_visitor f, void *context);

/**
 * store_history_note - writes down values that were not taken over, as a change of its own
 *
 * Two docs: what the fields would have been, and what they are. Writer only (inside a job).
 */
struct origin;
int store_history_note(struct tx *tx, int64_t record, const cJSON *lost, const cJSON *kept, uint64_t fields,
	const struct origin *origin);

/* store_history_group - all rows behind @after, which this job has written, are one change. Writer only (inside a job). */
int store_history_group(struct tx *tx, int64_t after);

/* store_history_grouped - the first rows of the records' own changes in a change of many, the last one first, one for each
 * call: begin with @before 0. 0: no more, or it is no change of many. */
int64_t store_history_grouped(struct db *db, int64_t change, int64_t before);

/* store_history_end - the number of the last row; 0: there are none */
int64_t store_history_end(struct db *db);

/* store_history_first - when the oldest row was written (UTC); 0: there are none */
int64_t store_history_first(struct db *db);
