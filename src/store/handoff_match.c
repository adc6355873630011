/* SPDX-License-Identifier: Apache-2.0 */
/* Which changes, and which days, are for which rule. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/history.h"
#include "store/handoff_p.h"

/* One change of the history: the rows of one record and version. */
struct event {
	int64_t first, last;
	int64_t record, version, tool;
	_Bool real;    /* something became so in the business */
	_Bool watched; /* a field that the rule asks for */
};

/* Rows that only say what did not come to be, what was kept in a conflict, or that two records were the same all along. */
static _Bool is_real(const char *cause)
{
	static const char *const others[] = {"overruled", "settle", "refused", "link", "unlink"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (strcmp(cause, others[i]) == 0)
			return 0;
	}
	return 1;
}

static _Bool find_event(struct db *db, const struct handoff *h, int64_t after, struct event *ret)
{
	const struct type *type = type_get(h->type);
	/* CROSS: the history first, as far as it is new. */
	sqlite3_stmt *q = db_query(db,
		"SELECT h.id, h.record, h.version, h.tool, h.cause FROM history h CROSS JOIN record r ON "
		"r.id = "
		"h.record"
		" WHERE h.id > ?1 AND r.type = ?2 ORDER BY h.id LIMIT 1",
		"ii", after, (int64_t)h->type);

	if (!db_row(q))
		return 0;
	*ret = (struct event){.first = sqlite3_column_int64(q, 0),
		.record = sqlite3_column_int64(q, 1),
		.version = sqlite3_column_int64(q, 2),
		.tool = sqlite3_column_int64(q, 3),
		.real = is_real(db_column_text(q, 4))};
	db_done(q);
	q = db_query(db, "SELECT id, field FROM history WHERE record = ?1 AND version = ?2 AND id >= ?3",
		"iii", ret->record, ret->version, ret->first);
	while (db_row(q)) {
		int field = sqlite3_column_int(q, 1);

		if (sqlite3_column_int64(q, 0) > ret->last)
			ret->last = sqlite3_column_int64(q, 0);
		ret->watched |= field >= 0 && handoff_watches(h, &type->fields[field]);
	}
	return 1;
}

/* What a tool had when it was read for the first time. */
static _Bool is_old(struct db *db, const struct handoff *h, const struct event *e)
{
	return e->tool &&
	       !db_int(db, 0, "SELECT 1 FROM first_pull WHERE tool = ?1 AND type = ?2 AND row < ?3", "iii",
		       e->tool, (int64_t)h->type, e->first);
}

static _Bool is_trigger(struct db *db, const struct handoff *h, const struct event *e)
{
	if (!e->real || is_old(db, h, e))
		return 0;
	switch (h->trigger) {
	case HANDOFF_CREATED:
		return e->version == 1;
	case HANDOFF_WHEN:
		return e->watched;
	default:
		return 0;
	}
}

/*
 * Whether the conditions held after that row of the history, 0: hold now. Where they cannot be asked, the run says why. Several
 * changes may have come before a rule looks: only the one that made it so counts.
 */
static _Bool fits(struct store *store, struct db *db, const struct handoff *h, int64_t record, int64_t row,
	const char *when, int64_t now_ms)
{
	struct deed d = {0};
	int r = deed_begin(&d, store, db, h, record, when, now_ms);

	if (r == 0 && row) {
		cJSON_Delete(d.doc);
		d.doc = store_record_doc_at(db, record, row);
		d.currency = record_currency(d.doc, d.stack->currency);
	}
	r = r == 0 ? deed_fits(&d, NULL) : 0;
	deed_finish(&d);
	return r != 0;
}

/* A folder that was just made is still being filled: what is new is asked when its turn comes. */
static _Bool fitted(struct store *store, struct db *db, const struct handoff *h, const struct event *e)
{
	return h->trigger == HANDOFF_CREATED || fits(store, db, h, e->record, e->last, NULL, clock_now_ms());
}

int store_handoff_next(struct store *store, struct db *db, const struct handoff *h, int64_t after,
	struct handoff_match *ret, int64_t *ret_end)
{
	int64_t end = store_history_end(db);
	struct event e;

	*ret_end = end > after ? end : after;
	while (after < end && find_event(db, h, after, &e)) {
		struct record_stat stat;

		after = e.last;
		if (h->trigger == HANDOFF_DATE && store_record_stat(db, e.record, &stat) == 0) {
			*ret = (struct handoff_match){.rule = h, .record = e.record, .row = e.last};
			*ret_end = after;
			return 1;
		}
		if (!is_trigger(db, h, &e) || !fitted(store, db, h, &e))
			continue;
		*ret = (struct handoff_match){.rule = h, .record = e.record, .row = e.last};
		snprintf(ret->transition, sizeof(ret->transition), "change %lld", (long long)e.first);
		*ret_end = after;
		return 1;
	}
	return 0;
}

/* ---- by the calendar ---- */

int store_handoff_due(struct store *store, struct db *db, const struct handoff *h, int64_t record,
	int64_t now_ms, struct handoff_match *ret)
{
	_cleanup_json_ cJSON *doc = store_record_doc(db, record);
	const char *date = json_get_text(doc, h->date->name);
	struct handoff_state state;
	char due[11], today[11];
	int minute;

	date_local(now_ms, today, &minute);
	if (!date || !date_valid(date) || date_of_days(date_days(date) + h->days, due) < 0 ||
		strcmp(due, today) > 0)
		return 0;
	/* What was overdue before there was this rule is not its own. */
	if (store_handoff_state(db, h->name, &state) < 0 || strcmp(due, state.day) < 0)
		return 0;
	*ret = (struct handoff_match){.rule = h, .record = record};
	snprintf(ret->transition, sizeof(ret->transition), "due %s", due);
	snprintf(ret->when, sizeof(ret->when), "%s", due);
	/* One that was dropped before it did anything is as if it had not been. */
	if (db_int(db, 0,
		    "SELECT 1 FROM handoff_run WHERE rule = ?1 AND record = ?2 AND transition = ?3 AND state "
		    "<> 5",
		    "tit", h->name, record, ret->transition))
		return 0;
	return fits(store, db, h, record, 0, due, now_ms);
}

/* The rule's day of that month ("2026-02"): in a shorter month its last. */
static void day_in(const struct handoff *h, const char *month, char ret[11])
{
	char first[11], last[11];

	snprintf(first, sizeof(first), "%.7s-01", month);
	(void)date_month_end(first, last);
	if (date_of_days(date_days(first) + h->month_day - 1, ret) < 0 || strcmp(ret, last) > 0)
		memcpy(ret, last, sizeof(last));
}

static void step_month(char month[8], int by)
{
	char first[11], other[11];

	snprintf(first, sizeof(first), "%.7s-01", month);
	if (date_add_months(first, by, other) == 0)
		snprintf(month, 8, "%.7s", other);
}

void handoff_month_done(const struct handoff *h, int64_t now_ms, char ret[8])
{
	char today[11], day[11];
	int minute;

	date_local(now_ms, today, &minute);
	snprintf(ret, 8, "%.7s", today);
	day_in(h, ret, day);
	/* By the clock on the wall: an hour that a change of time leaves out is over then. */
	if (strcmp(today, day) < 0 || (strcmp(today, day) == 0 && minute < h->minute))
		step_month(ret, -1);
}

struct ids {
	int64_t *ids;
	size_t count;
};

static _Bool take_id(void *context, const struct listed *row)
{
	struct ids *list = context;

	list->ids = mem_grow(list->ids, list->count + 1, sizeof(*list->ids));
	list->ids[list->count++] = row->id;
	return 1;
}

static int note_month(struct tx *tx, const struct handoff *h, const char *month)
{
	struct handoff_match m = {.rule = h};
	struct ids list = {0};
	int r = 0;

	day_in(h, month, m.when);
	snprintf(m.transition, sizeof(m.transition), "month %s", month);
	store_record_all(tx->db, h->type, take_id, &list);
	for (size_t i = 0; i < list.count && r == 0; i++) {
		m.record = list.ids[i];
		if (fits(tx->store, tx->db, h, m.record, 0, m.when, tx->now_ms))
			r = store_handoff_note(tx, &m);
	}
	free(list.ids);
	return r == 0 ? db_run(tx->db, "UPDATE handoff_rule SET month = ?2 WHERE name = ?1", "tt", h->name,
				month)
		      : r;
}

_Bool store_handoff_month_due(struct db *db, const struct handoff *h, int64_t now_ms)
{
	char last[8];

	handoff_month_done(h, now_ms, last);
	return db_int(db, 0, "SELECT 1 FROM handoff_rule WHERE name = ?1 AND NOT paused AND month < ?2", "tt",
		       h->name, last) != 0;
}

int store_handoff_month(struct tx *tx, const struct handoff *h)
{
	_cleanup_(mem_freep) char *before =
		db_text(tx->db, "SELECT month FROM handoff_rule WHERE name = ?1", "t", h->name);
	char month[8], last[8];
	int r = 0;

	handoff_month_done(h, tx->now_ms, last);
	snprintf(month, sizeof(month), "%.7s", before ? before : last);
	while (r == 0 && strcmp(month, last) < 0) {
		step_month(month, 1);
		r = note_month(tx, h, month);
	}
	return r;
}
