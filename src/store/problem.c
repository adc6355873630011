/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/name.h"
#include "seamfs/model/place.h"
#include "seamfs/store/change.h"
#include "seamfs/store/failure.h"
#include "seamfs/store/local.h"
#include "seamfs/store/pair.h"
#include "store/change_p.h"

_Bool store_problem_any(struct db *db)
{
	return db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM problem)", "") != 0 || store_pair_any(db);
}

/* problems/ is there only while there are any, and its files are announced by the folder alone: it is small. */
int problems_announce(struct tx *tx, _Bool had_any)
{
	uint64_t ino = place_ino(PLACE_FIXED, 0, PLACE_FIXED_PROBLEMS);
	_Bool has_any = store_problem_any(tx->db);

	if (had_any != has_any)
		return store_event(
			tx, has_any ? EVENT_ADDED : EVENT_REMOVED, PLACE_ROOT_INO, "problems", ino);
	return store_event(tx, EVENT_CHANGED, 0, "", ino);
}

static int remove_row(struct tx *tx, int64_t id)
{
	_cleanup_(mem_freep) char *path = db_text(tx->db, "SELECT path FROM problem WHERE id = ?1", "i", id);
	int r = db_run(tx->db, "DELETE FROM problem WHERE id = ?1", "i", id);

	return r == 0 && path ? store_failure_clear(tx, path) : r;
}

static int remove_where(struct tx *tx, sqlite3_stmt *q)
{
	int64_t ids[64];
	size_t n = 0;
	int r = 0;

	while (db_row(q)) {
		if (n < ARRAY_LEN(ids))
			ids[n++] = sqlite3_column_int64(q, 0);
	}
	for (size_t i = 0; i < n && r == 0; i++)
		r = remove_row(tx, ids[i]);
	return r == 0 && n ? problems_announce(tx, 1) : r;
}

int store_problem_clear(struct tx *tx, int64_t record, const char *path)
{
	return remove_where(
		tx, db_query(tx->db,
			    "SELECT id FROM problem WHERE kind <> 1 AND ((record = ?1 AND ?1 <> 0) OR path = "
			    "?2)",
			    "it", record, path ? path : ""));
}

int store_problem_drop(struct tx *tx, enum problem_kind kind, int64_t record, int64_t tool)
{
	return remove_where(
		tx, db_query(tx->db,
			    "SELECT id FROM problem WHERE kind = ?1 AND record = ?2 AND (?3 = 0 OR tool = "
			    "?3)",
			    "iii", (int64_t)kind, record, tool));
}

int store_problem_dismiss(struct tx *tx, int64_t id, _Bool whole)
{
	if (!db_int(tx->db, 0, "SELECT 1 FROM problem WHERE id = ?1 AND kind <> 1", "i", id))
		return -EPERM;
	if (whole)
		return remove_where(tx, db_query(tx->db, "SELECT id FROM problem WHERE id = ?1", "i", id));
	return db_run(tx->db, "UPDATE problem SET bytes = x'' WHERE id = ?1", "i", id);
}

int store_problem_add(struct tx *tx, const struct problem *p)
{
	struct failure f = {.act = p->kind == PROBLEM_NOTE ? "sync" : "save",
		.path = p->path,
		.tool = p->tool,
		.code = p->code,
		.field = p->field,
		.text = p->text};
	int64_t tool = p->tool >= 0 ? store_tool_id(tx->store, p->tool) : 0;
	_Bool had_any;
	int r = remove_where(
		tx, db_query(tx->db,
			    "SELECT id FROM problem WHERE path = ?1 AND kind = ?2 AND (kind <> 1 OR tool = "
			    "?3)",
			    "tii", p->path, (int64_t)p->kind, tool));

	had_any = store_problem_any(tx->db);
	if (r == 0)
		r = db_run(tx->db,
			"INSERT INTO problem (record, version, tool, ms, code, path, name, field, text, "
			"bytes, kind)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
			"iiiiittttbi", p->record, p->version, tool, tx->now_ms, (int64_t)p->code, p->path,
			p->name, p->field, p->text, p->bytes, p->len, (int64_t)p->kind);
	if (r == 0)
		r = problems_announce(tx, had_any);
	if (r == 0)
		r = store_failure_add(tx, &f);
	log_warning("problem", "%s: %s", p->path, p->text);
	return r;
}

#define PROBLEM                                                                                              \
	"SELECT id, record, version, tool, ms, code, path, name, field, text, bytes, kind FROM problem"

static void visit(struct store *store, sqlite3_stmt *q, problem_visitor f, void *context)
{
	struct problem p = {
		.id = sqlite3_column_int64(q, 0),
		.record = sqlite3_column_int64(q, 1),
		.version = sqlite3_column_int64(q, 2),
		.tool = store_tool_index(store, sqlite3_column_int64(q, 3)),
		.ms = sqlite3_column_int64(q, 4),
		.code = sqlite3_column_int(q, 5),
		.path = db_column_text(q, 6),
		.name = db_column_text(q, 7),
		.field = db_column_text(q, 8),
		.text = db_column_text(q, 9),
		.bytes = sqlite3_column_blob(q, 10),
		.len = (size_t)sqlite3_column_bytes(q, 10),
		.kind = (enum problem_kind)sqlite3_column_int(q, 11),
	};

	f(context, &p);
}

void store_problem_each(struct store *store, struct db *db, problem_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, PROBLEM " ORDER BY id DESC LIMIT 1000", "");

	while (db_row(q))
		visit(store, q, f, context);
}

int store_problem_get(struct store *store, struct db *db, int64_t id, problem_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, PROBLEM " WHERE id = ?1", "i", id);

	if (!db_row(q))
		return -ENOENT;
	visit(store, q, f, context);
	db_done(q);
	return 0;
}

_Bool store_problem_at(struct db *db, const char *path)
{
	return db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM problem WHERE path = ?1)", "t", path) != 0;
}

char *store_problem_of(struct db *db, int64_t record)
{
	return db_text(
		db, "SELECT text FROM problem WHERE record = ?1 ORDER BY id DESC LIMIT 1", "i", record);
}

_Bool store_problem_has(struct db *db, int64_t record)
{
	return db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM problem WHERE record = ?1 AND kind = 0)", "i",
		       record) != 0;
}

/* ---- what was written ---- */

int store_written_drop(struct tx *tx, int64_t record, int64_t version)
{
	return db_run(
		tx->db, "DELETE FROM written WHERE record = ?1 AND version <= ?2", "ii", record, version);
}

int store_written_keep(struct tx *tx, int64_t record, int64_t version, const void *bytes, size_t len)
{
	_cleanup_(buf_finish) struct buf body = BUF_INIT(BUF_MAX_RECORD);
	int r = bytes ? store_record_body(tx->db, record, &body) : 0;

	if (r < 0 || !bytes || (body.len == len && memcmp(buf_text(&body), bytes, len) == 0))
		return r < 0 ? r : store_written_drop(tx, record, version);
	return db_run(tx->db,
		"INSERT INTO written (record, version, bytes) VALUES (?1, ?2, ?3)"
		" ON CONFLICT DO UPDATE SET version = excluded.version, bytes = excluded.bytes",
		"iib", record, version, bytes, len);
}

int store_written_read(struct db *db, int64_t record, struct buf *b)
{
	sqlite3_stmt *q = db_query(db, "SELECT bytes FROM written WHERE record = ?1", "i", record);
	int r;

	if (!db_row(q))
		return store_record_body(db, record, b);
	r = buf_add(b, sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0));
	db_done(q);
	return r;
}
