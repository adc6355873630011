/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handoff - the runs of the rules of stack.json (model/handoff.h). That a rule is to run is written down with the place up to which
 * it has read the history, once for each rule, record and transition; later all that a run changes in records is one
 * transaction with its end. What it does outside, a file or a program, is a step with a state of its own, taken after that.
 * Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/model/handoff.h"
#include "seamfs/store/change.h"

enum run_state {
	RUN_WAITING, /* until the tools that own the record have confirmed the change */
	RUN_STEPS,   /* its records are changed; something outside is yet to be done */
	RUN_DONE,
	RUN_FAILED,  /* nothing of what was left is done before a person says "replay" */
	RUN_STOPPED, /* a cycle */
	RUN_DROPPED, /* the record was no longer so when its turn came */
};

enum step_state {
	STEP_READY,
	STEP_RUNNING, /* it may have been done */
	STEP_DONE,
	STEP_FAILED,
	STEP_UNKNOWN, /* the daemon ended while it ran */
};

struct handoff_state {
	int64_t cursor; /* the last row of the history that it has looked at */
	_Bool paused;
	char day[11]; /* of the first start: earlier days are not its own */
};

/* store_handoff_prepare - at the start: new rules begin at the end of the history, those that are gone are forgotten, steps that were
 * under way have an unknown outcome */
int store_handoff_prepare(struct tx *tx);

/* store_handoff_state - 0, or -ENOENT for an unknown rule */
int store_handoff_state(struct db *db, const char *rule, struct handoff_state *ret);

/* store_handoff_moved - the rule has looked at the history up to there, and nothing was for it */
int store_handoff_moved(struct tx *tx, const char *rule, int64_t cursor);

/* store_handoff_first_pull - what a tool had when it was first read is no event; after the first whole pull of a type */
int store_handoff_first_pull(struct tx *tx, int64_t tool, enum type_id type);

/* A rule meets a record. */
struct handoff_match {
	const struct handoff *rule;
	int64_t record;
	int64_t row;	     /* the last row of the change; 0: no change */
	char transition[40]; /* "change 12", "due 2026-11-23", "month 2026-11" */
	char when[11];	     /* the day that it is for */
};

/**
 * store_handoff_next - the first change behind row @after that is for the rule
 * @ret_end: the last row that was looked at
 *
 * Returns 1 and fills @ret, 0 when there is none up to the end, or -errno.
 */
int store_handoff_next(struct store *store, struct db *db, const struct handoff *h, int64_t after,
	struct handoff_match *ret, int64_t *ret_end);

/* store_handoff_due - whether a rule with a date is to run for the record by now: 1 and @ret, or 0 */
int store_handoff_due(struct store *store, struct db *db, const struct handoff *h, int64_t record,
	int64_t now_ms, struct handoff_match *ret);

/* store_handoff_note - the run is wanted, unless it was before; and the rule has read that far */
int store_handoff_note(struct tx *tx, const struct handoff_match *match);

/* store_handoff_month_due - whether the day of a month has come that the rule has not seen to */
_Bool store_handoff_month_due(struct db *db, const struct handoff *h, int64_t now_ms);

/* store_handoff_month - what a monthly rule is to do by now: notes a run for each record, for each month that has passed */
int store_handoff_month(struct tx *tx, const struct handoff *h);

/* store_handoff_link - what rules did for @other they have done for @keep, which is the same */
int store_handoff_link(struct tx *tx, int64_t keep, int64_t other);

/* store_handoff_waiting - the first run behind @after that may be carried out now: the tools that own its record have confirmed all
 * that was changed in it. 0: none */
int64_t store_handoff_waiting(struct db *db, int64_t after);

/* store_handoff_carry_out - all of its changes of records. What is wrong with them is written down, and that is no error. */
int store_handoff_carry_out(struct tx *tx, int64_t run);

/* ---- steps ---- */

struct handoff_step {
	int64_t id, run;
	char *rule;
	cJSON *action; /* what is to be done, without anything left open */
	char *result;  /* of a program that has ended well; "" else */
};

void handoff_step_finish(struct handoff_step *s);

/* store_handoff_step - the next one to take. 0 or -ENOENT. */
int store_handoff_step(struct db *db, struct handoff_step *ret);

/* store_handoff_step_begin - from now on it may have been done */
int store_handoff_step_begin(struct tx *tx, int64_t step);

/**
 * store_handoff_step_end - it was done, or failed
 * @result: what a program printed, kept until its "then" is done; NULL: none
 * @error:  NULL: it was done
 */
int store_handoff_step_end(struct tx *tx, int64_t step, const char *result, const char *error);

/* ---- what a person says ---- */

int store_handoff_pause(struct tx *tx, const char *rule, _Bool paused, struct err *e);

/* store_handoff_replay - runs it for a record, or (0) for all for which it would run and never has; what failed goes on where it was */
int store_handoff_replay(struct tx *tx, const char *rule, int64_t record, struct err *e);

/* store_handoff_try - appends what the rule would do to the record; nothing is done. Threads: any. */
int store_handoff_try(struct store *store, const char *rule, int64_t record, struct buf *b, struct err *e);

/* ---- showing ---- */

struct handoff_run {
	int64_t id, record, ms;
	const char *rule, *name, *transition, *log, *error; /* borrowed for the call */
	enum run_state state;
};

typedef _Bool (*run_visitor)(void *context, const struct handoff_run *run);

/* store_run_each - those behind @after by number; store_run_get() one of them: 0 or -ENOENT */
void store_run_each(struct db *db, int64_t after, run_visitor f, void *context);
int store_run_get(struct db *db, int64_t id, run_visitor f, void *context);

/* store_run_name - of its file in .seam/log/ */
void store_run_name(const struct handoff_run *run, char name[280]);

/* store_run_text - appends what it did, and how that ended */
int store_run_text(struct store *store, struct db *db, int64_t id, struct buf *b);

/* store_handoff_list - appends a line a rule */
int store_handoff_list(struct store *store, struct db *db, struct buf *b);

/* store_handoff_failing - how many runs wait for a person: failed, stopped, or a tool refuses what they made */
int64_t store_handoff_failing(struct db *db);
