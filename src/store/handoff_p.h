/* SPDX-License-Identifier: Apache-2.0 */
/* handoff_p - one run while it is carried out; the inside of store/handoff.        Threads: the writer; matching, any. */
#pragma once

#include "seamfs/store/handoff.h"
#include "seamfs/store/record.h"

struct deed {
	struct tx *tx; /* NULL: nothing is changed */
	struct db *db;
	struct store *store;
	const struct stack *stack;
	const struct handoff *rule; /* NULL: it is no longer there, and what is left of it is carried out */
	int64_t run;
	int64_t record;
	enum type_id type;
	cJSON *doc;
	char when[11], today[11];
	struct {
		char name[36];
		int64_t record;
		enum type_id type;
	} slots[HANDOFF_MAX_SLOTS];
	int slot_count;
	cJSON *result;	     /* what a program said */
	enum type_id target; /* the type of the record that is being made: next() counts those */
	const char *currency;
	enum type_id item_type; /* TYPE_NONE: there is no "item" */
	cJSON *item;
	_Bool item_first; /* plain names are its fields */
	struct buf log;	  /* what is done, as a diff */
	char cause[60];
};

/* deed_begin - for a record; its doc is read. deed_finish() frees what it holds. 0, or -ENOENT: the record is gone. */
int deed_begin(struct deed *d, struct store *store, struct db *db, const struct handoff *rule, int64_t record,
	const char *when, int64_t now_ms);
void deed_finish(struct deed *d);

/* deed_env - where the names in its formulas lead */
struct formula_env deed_env(struct deed *d);

/* deed_fits - whether the record is as "when" and "if" want it. 1, 0 or -errno. */
int deed_fits(struct deed *d, struct err *e);

/* deed_do - carries out actions. 0 or -errno with a sentence. */
int deed_do(struct deed *d, const cJSON *actions, struct err *e);

/* deed_set - the record's object that "set" means, as its file would have it; @target: NULL a new record. Items that become lines once
 * are in @ret_used. 0, -errno, or DEED_NOTHING: there is nothing to put into the lines. */
enum { DEED_NOTHING = 1 };
int deed_set(struct deed *d, const struct type *type, const cJSON *target, const cJSON *set, cJSON **ret,
	cJSON **ret_used, struct err *e);

/* deed_text - a text with {expressions}; given */
int deed_text(struct deed *d, const char *text, _Bool file_name, char **ret, struct err *e);

/* deed_step - an action outside: what is to be done is worked out and written down */
int deed_step(struct deed *d, const cJSON *action, struct err *e);

/* handoff_month_done - the last month, "2026-11", whose day has come by @now_ms */
void handoff_month_done(const struct handoff *h, int64_t now_ms, char ret[8]);

/* handoff_transient - nothing is wrong with what was asked for: it is tried again */
_Bool handoff_transient(int error);

/* run_end - writes how a run stands: state, what was done, why not; a problem comes or goes with it */
int run_end(struct tx *tx, int64_t run, enum run_state state, const char *log, const char *error);

/* run_rows - the history from row @first on is the run's work */
int run_rows(struct tx *tx, int64_t run, int64_t first);
