/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/history.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "store/change_p.h"

int history_add(struct tx *tx, int64_t record, int64_t version, int field, const cJSON *old, const cJSON *now,
	const struct origin *origin)
{
	_cleanup_(mem_freep) char *old_text = old ? json_print(old) : NULL;
	_cleanup_(mem_freep) char *new_text = now ? json_print(now) : NULL;
	int64_t tool = origin->tool >= 0 ? store_tool_id(tx->store, origin->tool) : 0;

	return db_run(tx->db,
		"INSERT INTO history (record, version, ms, uid, program, tool, cause, field, old, new)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
		"iiiititit"
		"t",
		record, version, tx->now_ms, (int64_t)origin->uid, origin->program, tool, origin->cause,
		(int64_t)field, old_text, new_text);
}

#define ROWS                                                                                                 \
	"SELECT h.id, coalesce((SELECT CASE WHEN b.last >= h.id THEN b.first END FROM bulk b"                \
	" WHERE b.first <= h.id ORDER BY b.first DESC LIMIT 1),"                                             \
	" (SELECT min(g.id) FROM history g WHERE g.record = h.record AND g.version = h.version)),"           \
	" h.record, r.type, h.version, h.ms, h.tool, h.uid, h.program, h.cause, h.field, h.old, h.new"       \
	" FROM history h JOIN record r ON r.id = h.record "

static const char *text_or_null(sqlite3_stmt *q, int column)
{
	return sqlite3_column_type(q, column) == SQLITE_NULL ? NULL : db_column_text(q, column);
}

static size_t visit_all(struct store *store, sqlite3_stmt *q, history_visitor f, void *context)
{
	size_t count = 0;

	while (db_row(q)) {
		int64_t tool = sqlite3_column_int64(q, 6);
		struct history_row row = {
			.id = sqlite3_column_int64(q, 0),
			.change = sqlite3_column_int64(q, 1),
			.record = sqlite3_column_int64(q, 2),
			.type = (enum type_id)sqlite3_column_int(q, 3),
			.version = sqlite3_column_int64(q, 4),
			.ms = sqlite3_column_int64(q, 5),
			.tool = tool ? store_tool_index(store, tool) : -1,
			.uid = sqlite3_column_int64(q, 7),
			.program = db_column_text(q, 8),
			.cause = db_column_text(q, 9),
			.field = sqlite3_column_int(q, 10),
			.old = text_or_null(q, 11),
			.new = text_or_null(q, 12),
		};

		count++;
		if (!f(context, &row)) {
			db_done(q);
			break;
		}
	}
	return count;
}

void store_history_each(struct store *store, struct db *db, int64_t record, int64_t from_ms, int64_t to_ms,
	history_visitor f, void *context)
{
	/* Two statements: one condition for both would keep SQLite from the index. */
	sqlite3_stmt *q =
		record ? db_query(db, ROWS "WHERE h.record = ?1 ORDER BY h.id DESC", "i", record)
		       : db_query(db,
				 ROWS "WHERE h.ms >= ?1 AND (?2 = 0 OR h.ms < ?2) ORDER BY h.ms DESC, h.id "
				      "DESC",
				 "ii", from_ms, to_ms);

	visit_all(store, q, f, context);
}

int store_history_change(struct store *store, struct db *db, int64_t change, history_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db,
		ROWS "JOIN history c ON c.id = ?1 AND c.record = h.record AND c.version = h.version"
		     " WHERE NOT EXISTS (SELECT 1 FROM history e WHERE e.record = c.record"
		     " AND e.version = c.version AND e.id < c.id) ORDER BY h.id",
		"i", change);

	return visit_all(store, q, f, context) ? 0 : -ENOENT;
}

int store_history_field(
	struct store *store, struct db *db, int64_t record, int field, history_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, ROWS "WHERE h.record = ?1 AND h.field = ?2 ORDER BY h.id DESC LIMIT 1",
		"ii", record, (int64_t)field);

	return visit_all(store, q, f, context) ? 0 : -ENOENT;
}

void store_history_made(
	struct store *store, struct db *db, enum type_id type, history_visitor f, void *context)
{
	visit_all(store,
		db_query(db,
			ROWS "WHERE h.version = 1 AND h.tool = 0 AND r.type = ?1 AND r.state = 0"
			     " ORDER BY h.id DESC",
			"i", (int64_t)type),
		f, context);
}

int store_history_note(struct tx *tx, int64_t record, const cJSON *lost, const cJSON *kept, uint64_t fields,
	const struct origin *origin)
{
	const struct type *type = type_get(
		(enum type_id)db_int(tx->db, 0, "SELECT type FROM record WHERE id = ?1", "i", record));
	int64_t version = 1 + db_int(tx->db, 0, "SELECT version FROM record WHERE id = ?1", "i", record);
	int r = db_run(tx->db, "UPDATE record SET version = ?2 WHERE id = ?1", "ii", record, version);

	for (int i = 0; type->fields[i].name && r == 0; i++) {
		if (fields >> i & 1)
			r = history_add(tx, record, version, i, json_get(lost, type->fields[i].name),
				json_get(kept, type->fields[i].name), origin);
	}
	return r;
}

int store_history_group(struct tx *tx, int64_t after)
{
	int64_t last = store_history_end(tx->db);

	return last > after ? db_run(tx->db, "INSERT INTO bulk (first, last) VALUES (?1, ?2)", "ii",
				      after + 1, last)
			    : 0;
}

int64_t store_history_grouped(struct db *db, int64_t change, int64_t before)
{
	return db_int(db, 0,
		"SELECT min(h.id) AS own FROM bulk b JOIN history h ON h.id BETWEEN b.first AND b.last"
		" WHERE b.first = ?1 GROUP BY h.record, h.version HAVING ?2 = 0 OR own < ?2"
		" ORDER BY own DESC LIMIT 1",
		"ii", change, before);
}

int64_t store_history_end(struct db *db)
{
	return db_int(db, 0, "SELECT max(id) FROM history", "");
}

int64_t store_history_first(struct db *db)
{
	return db_int(db, 0, "SELECT min(ms) FROM history", "");
}
