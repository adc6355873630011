/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/failure.h"

#include <string.h>

#include "seamfs/base/mem.h"

int store_failure_add(struct tx *tx, const struct failure *f)
{
	const char *slash = strrchr(f->path, '/');
	_cleanup_(mem_freep) char *dir = mem_dup(f->path, slash ? (size_t)(slash - f->path) : 0);
	int64_t tool = f->tool >= 0 ? store_tool_id(tx->store, f->tool) : 0;
	int r = db_run(tx->db,
		"INSERT INTO failure (ms, act, dir, path, code, field, tool, text)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		"itttitit", tx->now_ms, f->act, dir, f->path, (int64_t)f->code, f->field, tool, f->text);

	if (r == 0)
		r = db_run(
			tx->db, "DELETE FROM failure WHERE id <= ?1", "i", db_last_id(tx->db) - FAILURE_MOST);
	return r;
}

int store_failure_clear(struct tx *tx, const char *path)
{
	return db_run(tx->db, "DELETE FROM failure WHERE path = ?1", "t", path);
}

void store_failure_each(struct store *store, struct db *db, const char *dir, failure_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT ms, act, path, tool, code, field, text FROM failure WHERE ?1 IS NULL OR dir = ?1"
		" ORDER BY id DESC",
		"t", dir);

	while (db_row(q)) {
		struct failure row = {
			.ms = sqlite3_column_int64(q, 0),
			.act = db_column_text(q, 1),
			.path = db_column_text(q, 2),
			.tool = store_tool_index(store, sqlite3_column_int64(q, 3)),
			.code = sqlite3_column_int(q, 4),
			.field = db_column_text(q, 5),
			.text = db_column_text(q, 6),
		};

		f(context, &row);
	}
}

char *store_failure_of(struct db *db, const char *path)
{
	return db_text(db, "SELECT text FROM failure WHERE path = ?1 ORDER BY id DESC LIMIT 1", "t", path);
}

_Bool store_failure_has(struct db *db, const char *path, const char *act)
{
	return db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM failure WHERE path = ?1 AND act = ?2)", "tt", path,
		       act) != 0;
}
