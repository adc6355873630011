/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed - the changes of records one by one, in the form in which others hear of them: .seam/events and webhooks. What was only
 * noted down (a value that was overruled) is no change.        Threads: any owner of a db.
 */
#pragma once

#include "seamfs/store/history.h"

struct feed_change {
	int64_t change; /* its number: the first row of the history that belongs to it */
	int64_t last;	/* the last one: where the next begins */
	int64_t record;
	enum type_id type;
	const char *event; /* "created", "changed", "removed", "restored" */
	uint64_t fields;   /* that have other values now */
	int64_t ms;
	int tool; /* index in the stack; -1: a person, or a tool that is no longer there */
	char program[40];
	cJSON *json; /* id, event, time, path, who and why, and each field's old and new value as the file shows them */
};

/* store_feed_next - the first change behind that row of the history; for feed_finish(). 0 or -ENOENT. */
int store_feed_next(struct store *store, struct db *db, int64_t after, struct feed_change *ret);
void feed_finish(struct feed_change *c);

/* store_feed_record - the record as its file showed it after that change, also when it is gone by now; given, NULL without one */
cJSON *store_feed_record(struct store *store, struct db *db, const struct feed_change *c);
