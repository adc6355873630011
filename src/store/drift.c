/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/drift.h"

#include "seamfs/base/mem.h"
#include "seamfs/store/record.h"

int store_drift_want(struct tx *tx, int64_t tool, int64_t sample)
{
	return db_run(tx->db, "UPDATE tool SET verify = ?2 WHERE ?1 = 0 OR id = ?1", "ii", tool, sample);
}

int64_t store_drift_due(struct db *db, const struct stack *stack, int64_t tool)
{
	int64_t last = db_int(db, 0,
		"SELECT CASE WHEN pull_ms = 0 THEN 0 ELSE max(verify_ms, made_ms) END FROM tool WHERE id = "
		"?1",
		"i", tool);

	return last ? last + stack->verify_ms : 0;
}

int64_t store_drift_wanted(struct db *db, const struct stack *stack, int64_t tool, int64_t now_ms)
{
	int64_t wanted = db_int(db, 0, "SELECT verify FROM tool WHERE id = ?1", "i", tool);
	int64_t due = store_drift_due(db, stack, tool);

	return wanted ? wanted : due && due <= now_ms ? DRIFT_SAMPLE : 0;
}

int store_drift_begin(struct tx *tx, int64_t tool)
{
	return db_run(tx->db, "DELETE FROM drift WHERE tool = ?1", "i", tool);
}

int store_drift_add(struct tx *tx, int64_t tool, int64_t record, const char *what)
{
	_cleanup_(mem_freep) char *path = store_record_path(tx->db, record);

	return db_run(tx->db, "INSERT INTO drift (tool, path, what) VALUES (?1, ?2, ?3)", "itt", tool,
		path ? path : "(in the trash)", what);
}

int store_drift_end(struct tx *tx, int64_t tool, int64_t checked)
{
	return db_run(tx->db, "UPDATE tool SET verify = 0, verify_ms = ?2, checked = ?3 WHERE id = ?1", "iii",
		tool, tx->now_ms, checked);
}

void store_drift_look(struct db *db, int64_t tool, struct drift_look *ret)
{
	sqlite3_stmt *q =
		db_query(db, "SELECT verify_ms, checked, verify <> 0 FROM tool WHERE id = ?1", "i", tool);

	*ret = (struct drift_look){0};
	if (db_row(q)) {
		ret->ms = sqlite3_column_int64(q, 0);
		ret->checked = sqlite3_column_int64(q, 1);
		ret->wanted = sqlite3_column_int(q, 2) != 0;
		db_done(q);
	}
	ret->found = db_int(db, 0, "SELECT count(*) FROM drift WHERE tool = ?1", "i", tool);
}

void store_drift_each(struct db *db, int64_t tool, drift_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, "SELECT path, what FROM drift WHERE tool = ?1 ORDER BY id", "i", tool);

	while (db_row(q))
		f(context, db_column_text(q, 0), db_column_text(q, 1));
}
