/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hint - what webhooks said: records of a tool that are worth reading again, and the messages that came already. However many
 * messages come, a record is one row, and there are no more than HINT_MOST of a tool: then all that changed is fetched.
 *
 * Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include "seamfs/store/store.h"

enum { HINT_MOST = 500 };

struct hint {
	int64_t seq; /* another one when it was given again meanwhile */
	enum type_id type;
	char *remote;
};

/* store_hint_add - TYPE_NONE: something changed, nobody knows what */
int store_hint_add(struct tx *tx, int64_t tool, enum type_id type, const char *remote);

/* store_hint_next - the next that is due. 0, or -ENOENT; then @ret_wake_ms is when there will be one (UTC), 0: never */
int store_hint_next(struct db *db, int64_t tool, int64_t now_ms, struct hint *ret, int64_t *ret_wake_ms);
void hint_finish(struct hint *h);

/* store_hint_done - it was read; a hint that came meanwhile stays */
int store_hint_done(struct tx *tx, int64_t tool, const struct hint *h);

/* store_hint_clear - all of them up to @seq, because everything is fetched; store_hint_last() is the last there is */
int store_hint_clear(struct tx *tx, int64_t tool, int64_t seq);
int64_t store_hint_last(struct db *db, int64_t tool);
int64_t store_hint_count(struct db *db, int64_t tool);

/**
 * store_heard - notes a message of a tool (0: of middleware); of a week the last HEARD_MOST of either kind are known
 *
 * Returns 0, or -EALREADY when it came before. @record: what it made or changed, 0: nothing.
 */
enum { HEARD_MOST = 50000 };
int store_heard(struct tx *tx, int64_t tool, const char *id, int64_t record);

/* store_heard_record - what a message made that came before. 0 or -ENOENT. */
int store_heard_record(struct db *db, int64_t tool, const char *id, int64_t *ret);

/* ---- subscriptions in tools to which we are the listener ---- */

struct hook_row {
	_Bool wanted;	  /* a person asked for it */
	char *remote;	  /* the tool's id of it, "": there is none yet */
	int64_t until_ms; /* it ends then (UTC); 0: never */
	int64_t made_ms;
	char *error; /* why it could not be made, "" */
};

/* store_hook_get - 0 or -ENOENT; for hook_row_finish() */
int store_hook_get(struct db *db, int64_t tool, struct hook_row *ret);
void hook_row_finish(struct hook_row *h);
int store_hook_put(struct tx *tx, int64_t tool, const struct hook_row *h);
