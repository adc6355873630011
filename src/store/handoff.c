/* SPDX-License-Identifier: Apache-2.0 */
/* How far each rule has read the history, and what it is to do. */
#include "seamfs/store/handoff.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/history.h"
#include "store/handoff_p.h"

#define HOUR_MS INT64_C(3600000)

enum { MOST_AN_HOUR = 8 }; /* runs of one rule for one record, before somebody is asked */

/* ---- the rules ---- */

int store_handoff_state(struct db *db, const char *rule, struct handoff_state *ret)
{
	sqlite3_stmt *q =
		db_query(db, "SELECT cursor, paused, day FROM handoff_rule WHERE name = ?1", "t", rule);

	if (!db_row(q))
		return -ENOENT;
	ret->cursor = sqlite3_column_int64(q, 0);
	ret->paused = sqlite3_column_int(q, 1) != 0;
	snprintf(ret->day, sizeof(ret->day), "%.10s", db_column_text(q, 2));
	db_done(q);
	return 0;
}

int store_handoff_moved(struct tx *tx, const char *rule, int64_t cursor)
{
	return db_run(tx->db, "UPDATE handoff_rule SET cursor = ?2 WHERE name = ?1 AND cursor < ?2", "ti",
		rule, cursor);
}

/* A rule that comes back later begins anew. */
static int forget_rules(struct tx *tx)
{
	_cleanup_json_ cJSON *names = cJSON_CreateArray();
	_cleanup_(mem_freep) char *text = NULL;
	const struct handoff *h;

	for (int i = 0; (h = handoff_get(tx->stack, i)); i++)
		cJSON_AddItemToArray(names, cJSON_CreateString(h->name));
	text = json_print(names);
	return db_run(tx->db, "DELETE FROM handoff_rule WHERE name NOT IN (SELECT value FROM json_each(?1))",
		"t", text);
}

/* A program that was under way may have done what it is for; a file can be written again. */
static int settle_steps(struct tx *tx)
{
	int64_t run;
	int r = db_run(tx->db,
		"UPDATE handoff_step SET state = 0 WHERE state = 1 AND"
		" (json_extract(action, '$.run') IS NULL OR json_extract(action, '$.again'))",
		"");

	while (r == 0 && (run = db_int(tx->db, 0, "SELECT run FROM handoff_step WHERE state = 1", ""))) {
		r = db_run(
			tx->db, "UPDATE handoff_step SET state = 4 WHERE run = ?1 AND state = 1", "i", run);
		if (r == 0)
			r = run_end(tx, run, RUN_FAILED, "",
				"seamfs ended while its program ran, and whether that did its work is "
				"unknown: look, and "
				"say \"seamfs handoff replay\" if it is to run again");
	}
	return r;
}

int store_handoff_prepare(struct tx *tx)
{
	char today[11], month[8];
	int minute, r = forget_rules(tx);
	const struct handoff *h;

	date_local(tx->now_ms, today, &minute);
	for (int i = 0; (h = handoff_get(tx->stack, i)) && r == 0; i++) {
		handoff_month_done(h, tx->now_ms, month);
		r = db_run(tx->db,
			"INSERT INTO handoff_rule (name, cursor, day, month) VALUES (?1, ?2, ?3, ?4) ON "
			"CONFLICT DO NOTHING",
			"titt", h->name, store_history_end(tx->db), today, month);
	}
	return r == 0 ? settle_steps(tx) : r;
}

int store_handoff_first_pull(struct tx *tx, int64_t tool, enum type_id type)
{
	return db_run(tx->db, "INSERT OR IGNORE INTO first_pull (tool, type, row) VALUES (?1, ?2, ?3)", "iii",
		tool, (int64_t)type, store_history_end(tx->db));
}

int store_handoff_pause(struct tx *tx, const char *rule, _Bool paused, struct err *e)
{
	if (!handoff_find(tx->stack, rule))
		return err_set(e, ENOENT, "there is no hand-off \"%s\" in stack.json", rule);
	return db_run(
		tx->db, "UPDATE handoff_rule SET paused = ?2 WHERE name = ?1", "ti", rule, (int64_t)paused);
}

/* ---- wanted runs ---- */

/* The run whose work that row of the history is, or what a tool answered to it; 0: none. */
static int64_t parent_of(struct tx *tx, const struct handoff_match *m)
{
	_cleanup_(mem_freep) char *cause =
		db_text(tx->db, "SELECT cause FROM history WHERE id = ?1", "i", m->row);
	int64_t run = db_int(tx->db, 0,
		"SELECT CASE WHEN last >= ?1 THEN run ELSE 0 END FROM handoff_rows WHERE first <= ?1 ORDER "
		"BY first DESC LIMIT 1",
		"i", m->row);

	if (!run && str_equal(cause, "answer"))
		run = db_int(
			tx->db, 0, "SELECT max(run) FROM handoff_made WHERE record = ?1", "i", m->record);
	return run;
}

static int rules_in(const char *chain, const char *name, _Bool *ret_there)
{
	size_t len = strlen(name);
	int count = 0;

	*ret_there = 0;
	for (const char *p = chain; *p; count++) {
		size_t n = strcspn(p, " ");

		*ret_there |= n == len && memcmp(p, name, len) == 0;
		p += n + (p[n] == ' ');
	}
	return count;
}

/* Why the run must not be, given to the caller; NULL: it may. @ret_chain: the rules that led to it, and its own. */
static char *cycle(struct tx *tx, const struct handoff_match *m, char **ret_chain)
{
	int64_t parent = m->row ? parent_of(tx, m) : 0;
	_cleanup_(mem_freep) char *before =
		parent ? db_text(tx->db, "SELECT chain FROM handoff_run WHERE id = ?1", "i", parent) : NULL;
	_Bool there = 0;
	int depth = before ? rules_in(before, m->rule->name, &there) : 0;
	int64_t lately = !m->row ? 0
				 : db_int(tx->db, 0,
					   "SELECT count(*) FROM handoff_run WHERE rule = ?1 AND record = ?2 "
					   "AND ms > ?3",
					   "tii", m->rule->name, m->record, tx->now_ms - HOUR_MS);

	*ret_chain = before ? str_format("%s %s", before, m->rule->name) : str_dup(m->rule->name);
	if (there)
		return str_format("it is in a circle: %s; it was stopped before it ran again", *ret_chain);
	if (depth >= HANDOFF_MAX_DEPTH)
		return str_format("it is the %dth of hand-offs that started each other: %s; it was stopped",
			depth + 1, *ret_chain);
	if (lately >= MOST_AN_HOUR)
		return str_format(
			"it ran %lld times for this record within an hour, so it was stopped; look what "
			"changes the record again and again",
			(long long)lately);
	return NULL;
}

static int insert_run(struct tx *tx, const struct handoff_match *m)
{
	_cleanup_(mem_freep) char *chain = NULL;
	_cleanup_(mem_freep) char *why = cycle(tx, m, &chain);
	_cleanup_(mem_freep) char *name = store_record_name(tx->db, m->record);
	int r;

	/* That it runs again and again has been said once. */
	if (why && db_int(tx->db, 0,
			   "SELECT count(*) > ?4 AND total(state = 4) > 0 FROM handoff_run WHERE rule = ?1 "
			   "AND record = ?2 AND ms > ?3",
			   "tiii", m->rule->name, m->record, tx->now_ms - HOUR_MS, (int64_t)MOST_AN_HOUR))
		return 0;
	r = db_run(tx->db,
		"INSERT INTO handoff_run (rule, record, transition, day, ms, state, chain, name)"
		" VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)"
		" ON CONFLICT DO UPDATE SET state = 0, error = '', ms = excluded.ms WHERE state = 5",
		"tittitt", m->rule->name, m->record, m->transition, m->when, tx->now_ms, chain,
		name ? name : "");

	if (r == 0 && why && db_changes(tx->db))
		r = run_end(tx, db_last_id(tx->db), RUN_STOPPED, "", why);
	return r;
}

int store_handoff_note(struct tx *tx, const struct handoff_match *m)
{
	struct handoff_state state;
	int64_t before = 0;
	int r = store_handoff_state(tx->db, m->rule->name, &state);

	if (r < 0 || (m->row && state.cursor >= m->row))
		return r;
	if (m->rule->once)
		before = db_int(tx->db, 0, "SELECT max(id) FROM handoff_run WHERE rule = ?1 AND record = ?2",
			"ti", m->rule->name, m->record);
	/* Where nothing came of it the last time, this is another time. */
	if (before)
		r = db_run(tx->db,
			"UPDATE handoff_run SET state = 0, error = '', day = ?2, chain = rule,"
			" transition = CASE WHEN ?4 THEN ?3 ELSE transition END"
			" WHERE id = ?1 AND acted = 0 AND state IN (3, 5)",
			"itti", before, m->when, m->transition, m->row);
	else
		r = insert_run(tx, m);
	return r == 0 && m->row ? store_handoff_moved(tx, m->rule->name, m->row) : r;
}

int store_handoff_link(struct tx *tx, int64_t keep, int64_t other)
{
	static const char *const moves[] = {
		"UPDATE OR IGNORE handoff_run SET record = ?1 WHERE record = ?2",
		"UPDATE OR IGNORE handoff_made SET record = ?1 WHERE record = ?2",
		"UPDATE OR IGNORE handoff_used SET record = ?1 WHERE record = ?2",
		"UPDATE OR IGNORE handoff_used SET made = ?1 WHERE made = ?2",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(moves) && r == 0; i++)
		r = db_run(tx->db, moves[i], "ii", keep, other);
	return r;
}

int64_t store_handoff_waiting(struct db *db, int64_t after)
{
	return db_int(db, 0,
		"SELECT r.id FROM handoff_run r LEFT JOIN handoff_rule h ON h.name = r.rule"
		" WHERE r.state = 0 AND r.id > ?1 AND coalesce(h.paused, 0) = 0"
		" AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.record = r.record AND NOT o.copy) ORDER BY "
		"r.id LIMIT 1",
		"i", after);
}
