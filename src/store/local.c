/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/local.h"
#include "store/list.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/model/place.h"
#include "seamfs/store/change.h"

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

/* ---- scratch ---- */

void scratch_finish(struct scratch *s)
{
	free(s->target);
}

int store_scratch_stat(struct db *db, int64_t id, struct scratch *ret)
{
	sqlite3_stmt *q = db_query(
		db, "SELECT dir, mode, target, length(bytes), mtime FROM scratch WHERE id = ?1", "i", id);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct scratch){
		.id = id,
		.dir = (uint64_t)sqlite3_column_int64(q, 0),
		.mode = (uint32_t)sqlite3_column_int64(q, 1),
		.target = sqlite3_column_type(q, 2) == SQLITE_NULL ? NULL : str_dup(db_column_text(q, 2)),
		.size = sqlite3_column_int64(q, 3),
		.mtime_ms = sqlite3_column_int64(q, 4),
	};
	if (ret->target)
		ret->size = (int64_t)strlen(ret->target);
	db_done(q);
	return 0;
}

int store_scratch_find(struct db *db, uint64_t dir, const char *name, int64_t *ret)
{
	int64_t id = db_int(
		db, 0, "SELECT id FROM scratch WHERE dir = ?1 AND name = ?2", "it", (int64_t)dir, name);

	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

int64_t store_scratch_base(struct db *db, int64_t id)
{
	return db_int(db, 0, "SELECT base FROM scratch WHERE id = ?1", "i", id);
}

int store_scratch_read(struct db *db, int64_t id, struct buf *b)
{
	sqlite3_stmt *q = db_query(db, "SELECT bytes FROM scratch WHERE id = ?1", "i", id);
	int r;

	if (!db_row(q))
		return -ENOENT;
	r = buf_add(b, sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0));
	db_done(q);
	return r;
}

void store_scratch_list(struct db *db, uint64_t dir, int64_t after, store_lister f, void *context)
{
	list_rows(db_query(db,
			  "SELECT id, name, length(bytes), mtime FROM scratch WHERE dir = ?1 AND id > ?2 "
			  "ORDER BY id",
			  "ii", (int64_t)dir, after),
		f, context);
}

int store_scratch_make(
	struct tx *tx, uint64_t dir, const char *name, uint32_t mode, const char *target, int64_t *ret)
{
	int64_t old;
	int r;

	if (store_scratch_find(tx->db, dir, name, &old) == 0)
		return -EEXIST;
	r = db_run(tx->db,
		"INSERT INTO scratch (dir, name, mode, target, bytes, mtime, base)"
		" VALUES (?1, ?2, ?3, ?4, x'', ?5, (SELECT ifnull(max(id), 0) FROM history))",
		"ititi", (int64_t)dir, name, (int64_t)mode, target, tx->now_ms);
	*ret = db_last_id(tx->db);
	return r;
}

int store_scratch_write(struct tx *tx, int64_t id, const void *bytes, size_t len, int64_t mtime_ms)
{
	return db_run(tx->db, "UPDATE scratch SET bytes = ?2, mtime = ?3 WHERE id = ?1", "ibi", id, bytes,
		len, mtime_ms);
}

int store_scratch_move(struct tx *tx, int64_t id, uint64_t dir, const char *name)
{
	int r = db_run(tx->db, "DELETE FROM scratch WHERE dir = ?1 AND name = ?2 AND id <> ?3", "iti",
		(int64_t)dir, name, id);

	if (r == 0)
		r = db_run(tx->db, "UPDATE scratch SET dir = ?2, name = ?3 WHERE id = ?1", "iit", id,
			(int64_t)dir, name);
	return r;
}

int store_scratch_mtime(struct tx *tx, int64_t id, int64_t mtime_ms)
{
	return db_run(tx->db, "UPDATE scratch SET mtime = ?2 WHERE id = ?1", "ii", id, mtime_ms);
}

int store_scratch_remove(struct tx *tx, int64_t id)
{
	return db_run(tx->db, "DELETE FROM scratch WHERE id = ?1", "i", id);
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
	ret->pending = db_int(db, 0, "SELECT count(*) FROM outbox WHERE tool = ?1 AND state <> 4", "i", tool);
	ret->rejected = db_int(db, 0, "SELECT count(*) FROM outbox WHERE tool = ?1 AND state = 4", "i", tool);
}

int store_tool_note(struct tx *tx, int64_t tool, const char *error, _Bool pulled)
{
	if (error)
		return db_run(tx->db,
			"UPDATE tool SET error = ?2, error_ms = CASE WHEN error_ms THEN error_ms ELSE ?3 END "
			"WHERE id = ?1",
			"iti", tool, error, tx->now_ms);
	return db_run(tx->db,
		"UPDATE tool SET ok_ms = ?2, error_ms = 0, error = '', pull_ms = CASE WHEN ?3 THEN ?2 ELSE "
		"pull_ms END"
		" WHERE id = ?1",
		"iii", tool, tx->now_ms, (int64_t)pulled);
}

int store_tool_refresh(struct tx *tx, int64_t tool)
{
	return db_run(tx->db, "UPDATE tool SET refresh = 1 WHERE ?1 = 0 OR id = ?1", "i", tool);
}

_Bool store_tool_wants_refresh(struct db *db, int64_t tool)
{
	return db_int(db, 0, "SELECT refresh FROM tool WHERE id = ?1", "i", tool) != 0;
}

int store_tool_refreshed(struct tx *tx, int64_t tool)
{
	return db_run(tx->db, "UPDATE tool SET refresh = 0 WHERE id = ?1", "i", tool);
}
