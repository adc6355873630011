/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - which record is which thing in which tool, and what each tool has yet to hear.
 *
 * A link keeps two documents: `theirs`, the doc as the tool last had it, and `ours`, the record's fields that this
 * corresponds to. What to send is the record against `ours`; what came is the tool's doc against `theirs`. So a tool that
 * trims, rounds or reorders what it is given is neither an endless change nor a special case.
 *
 * The outbox has at most one row for a record and a tool: successive edits coalesce, and what is sent is worked out
 * when it is sent. Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/store/record.h"
#include "seamfs/store/store.h"

enum link_gone {
	LINK_THERE = 0,
	LINK_GONE = 1,	    /* the tool has it no longer, or has archived it; not created again */
	LINK_RETURNING = 2, /* its record was taken out of the trash: it is to be brought back or made anew */
};

struct link {
	int64_t id;
	int64_t record;
	enum type_id type;
	char *remote; /* the tool's id */
	cJSON *theirs;
	cJSON *ours;
	enum link_gone gone;
	_Bool unresolved; /* refers to something that has no link yet */
};

void link_finish(struct link *l);

/* store_link_by_remote, store_link_by_record - 0 or -ENOENT */
int store_link_by_remote(
	struct db *db, int64_t tool, enum type_id type, const char *remote, struct link *ret);
int store_link_by_record(struct db *db, int64_t tool, int64_t record, struct link *ret);

/* store_link_record, store_link_remote - only one side of a link: 0 / NULL when there is none; text is given */
int64_t store_link_record(struct db *db, int64_t tool, enum type_id type, const char *remote);
char *store_link_remote(struct db *db, int64_t tool, int64_t record);

/* store_link_put - writes a new link or the whole of an old one; @raw and @url NULL: unchanged */
int store_link_put(
	struct tx *tx, int64_t tool, const struct link *l, const char *raw, const char *url, int64_t pass);

/* store_link_drop - forgets that the tool ever had it */
int store_link_drop(struct tx *tx, int64_t link);

/* store_link_seen - notes that a listing showed it again, unchanged */
int store_link_seen(struct tx *tx, int64_t link, int64_t pass, const char *raw);

/* store_foreign_put - a record is said to be that one in another tool; store_foreign_record(): which one is, 0: none */
int store_foreign_put(struct tx *tx, int64_t tool, enum type_id type, const char *remote, int64_t record);
int64_t store_foreign_record(struct db *db, int64_t tool, enum type_id type, const char *remote);

/* store_identity - the form in which two tools' values of the same thing are equal; given to the caller */
char *store_identity(const char *text);

/**
 * store_match - the one live record that @tool does not have, or no longer, and that is the same thing as @doc
 *
 * Tries the type's identifying fields, strongest first, then the name. 0 when none or more than one is found.
 */
int64_t store_match(struct db *db, int64_t tool, enum type_id type, const cJSON *doc);

/* ---- outbox ---- */

enum outbox_state {
	OUTBOX_READY = 0,
	OUTBOX_SENDING = 1,  /* the request may be on its way */
	OUTBOX_UNKNOWN = 2,  /* it was, and nobody knows how it ended: look before sending again */
	OUTBOX_WAITING = 3,  /* for a record that the tool does not have yet */
	OUTBOX_REJECTED = 4, /* the tool refused for good; waits for a person's next change */
	OUTBOX_HELD = 5,     /* the tool's writes are reviewed: waits for a person's approval */
};

struct outbox_row {
	int64_t seq;
	int64_t record;
	enum type_id type;
	enum outbox_state state;
	char key[40];	 /* idempotency key, the same on every try */
	int64_t version; /* of the record when the row was last wanted */
	int attempts;
	int64_t next_ms;
	int64_t sent_ms;
	_Bool copy; /* waits until the owner has confirmed */
};

/**
 * store_outbox_ensure - brings the outbox rows of one record to what its tools lack: fields, the record, or its removal
 * @from: index of the tool the change came from, or -1: tools that were refused before try again after a person's save
 */
int store_outbox_ensure(struct tx *tx, int64_t record, int from);

/* store_outbox_fill - rows for records that a tool should hold and does not; after its listing was complete */
int store_outbox_fill(struct tx *tx, int tool, enum type_id type);

/* store_outbox_next - the next row that may be sent now. 0 or -ENOENT; @ret_wake_ms: when to ask again (0: on a change) */
int store_outbox_next(
	struct db *db, int64_t tool, int64_t now_ms, struct outbox_row *ret, int64_t *ret_wake_ms);

/* store_outbox_mark - state, next try and reason; counts an attempt when the state is OUTBOX_SENDING */
int store_outbox_mark(
	struct tx *tx, int64_t seq, enum outbox_state state, int64_t next_ms, const char *error);
int store_outbox_remove(struct tx *tx, int64_t seq);

/* store_outbox_delay - what no tool has yet is not sent before that time (UTC): its maker is still at it */
int store_outbox_delay(struct tx *tx, int64_t record, int64_t until_ms);

/* store_outbox_woken - rows that waited for other records are tried again; after a new link */
int store_outbox_woken(struct tx *tx, int64_t tool);

/**
 * store_settled - whether the tools that own it have confirmed this version of a record
 *
 * Returns 0 when they have, 1 while they have not, or -errno with the sentence when one refused it.
 */
int store_settled(struct db *db, int64_t record, int64_t version, struct err *e);

/* store_to_send - the fields of @doc that the tool is to hear of; @link: what it holds of the record, NULL: nothing yet. What is
 * contested goes nowhere until a person has decided. */
uint64_t store_to_send(struct db *db, const struct tool_type *can, const struct type *type,
	const struct link *link, const cJSON *doc);

/*
 * store_outbox_frees - whether a unique value of the record, a number say, is still another record's in the tool, and what is to be
 * sent of that one - its removal, another number - is still on its way
 */
_Bool store_outbox_frees(struct db *db, int64_t tool, int64_t record);

/* store_worth_waiting - whether a tool that owns the record and was well last time has yet to confirm it */
_Bool store_worth_waiting(struct db *db, int64_t record);

/* What is known of a record's way to its tools, the gravest first. */
enum record_progress { RECORD_REJECTED, RECORD_HELD, RECORD_PENDING, RECORD_SYNCED };
enum record_progress store_record_progress(struct db *db, int64_t record);

/* ---- cursors ---- */

/* store_cursor - where the next listing goes on (given, NULL: at the start); @ret_complete: one was complete before */
char *store_cursor(struct db *db, int64_t tool, enum type_id type, _Bool *ret_complete, int64_t *ret_pass);
int store_cursor_put(
	struct tx *tx, int64_t tool, enum type_id type, const char *value, _Bool complete, int64_t pass);
