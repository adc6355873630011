/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox - what the tools have yet to hear of: at most one row for a record and a tool. Successive edits coalesce, and what is
 * sent is worked out when it is sent.        Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include "seamfs/store/link.h"

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
	int64_t sent_row; /* the end of the history when it was first sent */
	_Bool copy;	  /* waits until the owner has confirmed */
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

/*
 * store_outbox_sending - it is about to be sent: @fields of the record as it was after that row of the history. Counts an attempt;
 * what is only looked for keeps when, and as what, it was sent.
 */
int store_outbox_sending(struct tx *tx, int64_t seq, uint64_t fields, int64_t row);

/* store_outbox_mark - any other state, next try and reason */
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
