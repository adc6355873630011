/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/local.h"
#include "store/list.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/model/place.h"
#include "seamfs/store/change.h"
#include "seamfs/store/handoff.h"

/* ---- events ---- */

size_t store_event_next(struct db *db, int64_t after, struct event *events, size_t max)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT seq, kind, dir, ino, name FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2", "ii",
		after, (int64_t)max);
	size_t n = 0;

	while (db_row(q))
		events[n++] = (struct event){sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1),
			(uint64_t)sqlite3_column_int64(q, 2), (uint64_t)sqlite3_column_int64(q, 3),
			str_dup(db_column_text(q, 4))};
	return n;
}

int store_event_done(struct tx *tx, int64_t up_to)
{
	return db_run(tx->db, "DELETE FROM event WHERE seq <= ?1", "i", up_to);
}

/* ---- tools ---- */

void store_tool_health(struct db *db, int64_t tool, struct tool_health *ret)
{
	sqlite3_stmt *q =
		db_query(db, "SELECT ok_ms, pull_ms, error_ms, error FROM tool WHERE id = ?1", "i", tool);

	*ret = (struct tool_health){0};
	if (db_row(q)) {
		ret->ok_ms = sqlite3_column_int64(q, 0);
		ret->pull_ms = sqlite3_column_int64(q, 1);
		ret->error_ms = sqlite3_column_int64(q, 2);
		ret->error = str_dup(db_column_text(q, 3));
		db_done(q);
	}
	ret->records = db_int(db, 0, "SELECT count(*) FROM link WHERE tool = ?1 AND NOT gone", "i", tool);
	ret->pending = db_int(db, 0,
		"SELECT (SELECT count(*) FROM outbox WHERE tool = ?1 AND state < 4)"
		" + (SELECT count(*) FROM file WHERE tool = ?1 AND due > 0)",
		"i", tool);
	ret->rejected = db_int(db, 0, "SELECT count(*) FROM outbox WHERE tool = ?1 AND state = 4", "i", tool);
}

int store_tool_note(struct tx *tx, int64_t tool, const char *error, _Bool pulled)
{
	int r = 0;

	if (error)
		return db_run(tx->db,
			"UPDATE tool SET error = ?2, error_ms = CASE WHEN error_ms THEN error_ms ELSE ?3 END "
			"WHERE id = ?1",
			"iti", tool, error, tx->now_ms);
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT && pulled && r == 0; t++) {
		if (tx->stack->tools[store_tool_index(tx->store, tool)].types[t].used)
			r = store_handoff_first_pull(tx, tool, (enum type_id)t);
	}
	if (r < 0)
		return r;
	return db_run(tx->db,
		"UPDATE tool SET ok_ms = ?2, error_ms = 0, error = '', pull_ms = CASE WHEN ?3 THEN ?2 ELSE "
		"pull_ms END,"
		" first_ms = CASE WHEN ?3 AND first_ms = 0 THEN ?2 ELSE first_ms END WHERE id = ?1",
		"iii", tool, tx->now_ms, (int64_t)pulled);
}

_Bool store_tool_first(struct db *db, int64_t tool, int64_t ms)
{
	int64_t first_ms = db_int(db, 0, "SELECT first_ms FROM tool WHERE id = ?1", "i", tool);

	return !first_ms || ms <= first_ms;
}

int store_tool_limit(struct tx *tx, int64_t tool, int64_t until_ms)
{
	return db_run(tx->db, "UPDATE tool SET limited_ms = ?2 WHERE id = ?1", "ii", tool, until_ms);
}

_Bool store_tool_limited(struct db *db, int64_t tool, int64_t *ret_until_ms)
{
	*ret_until_ms = db_int(db, 0, "SELECT limited_ms FROM tool WHERE id = ?1", "i", tool);
	return *ret_until_ms > clock_now_ms();
}

int store_tool_refresh(struct tx *tx, int64_t tool)
{
	return db_run(tx->db, "UPDATE tool SET refresh = refresh + 1 WHERE ?1 = 0 OR id = ?1", "i", tool);
}

int64_t store_tool_wants_refresh(struct db *db, int64_t tool)
{
	return db_int(db, 0, "SELECT refresh FROM tool WHERE id = ?1", "i", tool);
}

int store_tool_refreshed(struct tx *tx, int64_t tool)
{
	return db_run(tx->db, "UPDATE tool SET refresh = 0 WHERE id = ?1", "i", tool);
}
