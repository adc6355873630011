/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/guard.h"

#include "seamfs/store/local.h"

_Bool store_guard_stops(
	struct db *db, const struct stack *stack, int64_t tool, enum type_id type, int64_t lacks, int64_t all)
{
	if (lacks <= stack->guard_least || lacks * 100 <= all * stack->guard_share)
		return 0;
	return lacks > db_int(db, 0, "SELECT lacks FROM hold WHERE tool = ?1 AND type = ?2 AND approved",
			       "ii", tool, (int64_t)type);
}

int store_guard_hold(struct tx *tx, int64_t tool, enum type_id type, int64_t lacks, int64_t all)
{
	return db_run(tx->db,
		"INSERT INTO hold (tool, type, lacks, total, approved) VALUES (?1, ?2, ?3, ?4, 0)"
		" ON CONFLICT DO UPDATE SET lacks = excluded.lacks, total = excluded.total, approved = 0",
		"iiii", tool, (int64_t)type, lacks, all);
}

int store_guard_over(struct tx *tx, int64_t tool, enum type_id type)
{
	return db_run(tx->db, "DELETE FROM hold WHERE tool = ?1 AND type = ?2", "ii", tool, (int64_t)type);
}

int store_guard_approve(struct tx *tx)
{
	int r = db_run(
		tx->db, "UPDATE tool SET refresh = refresh + 1 WHERE id IN (SELECT tool FROM hold)", "");

	return r == 0 ? db_run(tx->db, "UPDATE hold SET approved = 1", "") : r;
}

void store_guard_each(struct store *store, struct db *db, guard_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(
		db, "SELECT tool, type, lacks, total FROM hold WHERE NOT approved ORDER BY tool, type", "");

	while (db_row(q)) {
		int tool = store_tool_index(store, sqlite3_column_int64(q, 0));

		if (tool >= 0)
			f(context, tool, (enum type_id)sqlite3_column_int(q, 1), sqlite3_column_int64(q, 2),
				sqlite3_column_int64(q, 3));
	}
}

_Bool store_guard_held(struct db *db, int64_t tool, enum type_id type)
{
	return db_int(db, 0, "SELECT 1 FROM hold WHERE tool = ?1 AND type = ?2", "ii", tool, (int64_t)type) !=
	       0;
}

int64_t store_guard_count(struct db *db)
{
	return db_int(db, 0, "SELECT count(*) FROM hold WHERE NOT approved", "");
}
