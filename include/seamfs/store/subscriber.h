/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscriber - who else hears of changes: for each of "subscriptions" in stack.json the row of the history that it has been told up
 * to, and the changes that are on their way.        Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include "seamfs/store/feed.h"
#include "seamfs/store/store.h"

enum { DELIVERY_MOST = 2000, DELIVERY_BATCH = 100 };

struct delivery {
	int64_t id;
	int64_t record;
	int64_t after; /* store_feed_next() of it is the change */
	int attempts;
	int64_t first_ms;
};

/* What a look at the history found. */
struct delivery_batch {
	int64_t subscriber;
	struct delivery rows[DELIVERY_BATCH]; /* record and after */
	int count;
	int64_t position; /* all up to there was looked at */
};

/* store_subscriber - its row; a new one hears of what happens from now on */
int store_subscriber(struct tx *tx, const char *name, int64_t *ret);

/* store_subscriber_position - 0 when there is no such row */
int64_t store_subscriber_position(struct db *db, int64_t subscriber);

/* store_subscriber_note - how the last delivery went; @error NULL: well */
int store_subscriber_note(struct tx *tx, int64_t subscriber, const char *error);

/* store_delivery_add - what was found is on its way, and the position is behind it */
int store_delivery_add(struct tx *tx, const struct delivery_batch *batch);
int64_t store_delivery_count(struct db *db, int64_t subscriber);

/* store_delivery_next - the next that may be sent: none of a record before the one before it. 0, or -ENOENT; @ret_wake_ms: when (UTC), 0: never */
int store_delivery_next(
	struct db *db, int64_t subscriber, int64_t now_ms, struct delivery *ret, int64_t *ret_wake_ms);

int store_delivery_done(struct tx *tx, int64_t delivery);
int store_delivery_failed(struct tx *tx, int64_t delivery, int64_t next_ms, const char *error);

/* store_subscriber_each - for status */
struct subscriber_health {
	const char *name;
	int64_t waiting;
	int64_t ok_ms, error_ms; /* last good one; since when it fails, 0: it does not */
	const char *error;
};
typedef void (*subscriber_visitor)(void *context, const struct subscriber_health *h);
void store_subscriber_each(struct db *db, subscriber_visitor f, void *context);
