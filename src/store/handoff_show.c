/* SPDX-License-Identifier: Apache-2.0 */
/* Runs and rules as people read them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"
#include "store/handoff_p.h"

#define RUN "SELECT id, record, ms, rule, name, transition, log, error, state FROM handoff_run "

static const char *const state_texts[] = {
	[RUN_WAITING] = "waits",
	[RUN_STEPS] = "under way",
	[RUN_DONE] = "done",
	[RUN_FAILED] = "failed",
	[RUN_STOPPED] = "stopped",
	[RUN_DROPPED] = "dropped",
};

static struct handoff_run read_run(sqlite3_stmt *q)
{
	return (struct handoff_run){.id = sqlite3_column_int64(q, 0),
		.record = sqlite3_column_int64(q, 1),
		.ms = sqlite3_column_int64(q, 2),
		.rule = db_column_text(q, 3),
		.name = db_column_text(q, 4),
		.transition = db_column_text(q, 5),
		.log = db_column_text(q, 6),
		.error = db_column_text(q, 7),
		.state = (enum run_state)sqlite3_column_int(q, 8)};
}

void store_run_each(struct db *db, int64_t after, run_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, RUN "WHERE id > ?1 ORDER BY id", "i", after);

	while (db_row(q)) {
		struct handoff_run run = read_run(q);

		if (!f(context, &run)) {
			db_done(q);
			return;
		}
	}
}

int store_run_get(struct db *db, int64_t id, run_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, RUN "WHERE id = ?1", "i", id);
	struct handoff_run run;

	if (!db_row(q))
		return -ENOENT;
	run = read_run(q);
	f(context, &run);
	db_done(q);
	return 0;
}

void store_run_name(const struct handoff_run *run, char name[280])
{
	_cleanup_(mem_freep) char *called = str_dup(run->name);

	utf8_shorten(called, 180);
	snprintf(name, 280, "%06lld %.40s %.200s.log", (long long)run->id, run->rule, called);
}

/* ---- a run ---- */

/* What the tools say to the records that it made; before that, to the change that it is about. */
static void made_lines(struct store *store, struct db *db, int64_t run, struct buf *b)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT o.record, o.tool, o.state, o.error FROM outbox o WHERE o.record IN"
		" (SELECT record FROM handoff_made WHERE run = ?1 UNION SELECT record FROM handoff_run WHERE "
		"id = ?1 AND state = 0)"
		" ORDER BY o.seq",
		"i", run);

	while (db_row(q)) {
		_cleanup_(mem_freep) char *path = store_record_path(db, sqlite3_column_int64(q, 0));
		int tool = store_tool_index(store, sqlite3_column_int64(q, 1)),
		    state = sqlite3_column_int(q, 2);

		buf_printf(b, "# %s: %s %s%s%s\n", path ? path : "",
			tool >= 0 ? store_stack(store)->tools[tool].name : "",
			state == 4   ? "refused it"
			: state == 5 ? "hears of it when a person approves"
				     : "has yet to hear of it",
			db_column_text(q, 3)[0] ? ": " : "", db_column_text(q, 3));
	}
}

static _Bool write_run(void *context, const struct handoff_run *run)
{
	struct buf *b = context;
	char time[CLOCK_UTC_SIZE];

	buf_printf(b, "%lld %s: %s (%s)\n# %s, %s%s%s\n%s", (long long)run->id, run->rule, run->name,
		run->transition, clock_format_utc(run->ms, time), state_texts[run->state],
		run->error[0] ? ": " : "", run->error, run->log);
	return 1;
}

int store_run_text(struct store *store, struct db *db, int64_t id, struct buf *b)
{
	int r = store_run_get(db, id, write_run, b);

	if (r == 0)
		made_lines(store, db, id, b);
	return r < 0 ? r : b->error;
}

/* ---- the rules ---- */

int store_handoff_list(struct store *store, struct db *db, struct buf *b)
{
	const struct handoff *h;

	buf_printf(b, "%-24s %-10s %-8s %8s %8s %8s\n", "rule", "on", "state", "done", "waiting", "failed");
	for (int i = 0; (h = handoff_get(store_stack(store), i)); i++) {
		struct handoff_state state = {0};
		sqlite3_stmt *q = db_query(db,
			"SELECT total(state = 2), total(state < 2), total(state IN (3, 4)) FROM handoff_run "
			"WHERE rule = ?1",
			"t", h->name);

		if (!db_row(q))
			continue;
		buf_printf(b, "%-24s %-10s ", h->name, type_get(h->type)->name);
		(void)store_handoff_state(db, h->name, &state);
		buf_printf(b, "%-8s %8lld %8lld %8lld\n", state.paused ? "paused" : "on",
			(long long)sqlite3_column_int64(q, 0), (long long)sqlite3_column_int64(q, 1),
			(long long)sqlite3_column_int64(q, 2));
		db_done(q);
	}
	return b->error;
}

int64_t store_handoff_failing(struct db *db)
{
	/* A problem that a person has removed is one that he knows of. */
	return db_int(db, 0,
		"SELECT (SELECT count(*) FROM problem WHERE path GLOB '.seam/log/*') + (SELECT "
		"count(DISTINCT m.run)"
		" FROM handoff_made m JOIN outbox o ON o.record = m.record WHERE o.state = 4)",
		"");
}
