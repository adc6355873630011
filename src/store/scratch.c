/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "seamfs/base/mem.h"
#include "seamfs/model/place.h"
#include "store/list.h"

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

int store_scratch_emptied(struct tx *tx, int64_t id)
{
	return db_run(tx->db,
		"UPDATE scratch SET base = (SELECT ifnull(max(id), 0) FROM history) WHERE id = ?1", "i", id);
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

int64_t store_scratch_mtime_of(struct db *db, int64_t id)
{
	return db_int(db, 0, "SELECT mtime FROM scratch WHERE id = ?1", "i", id);
}

int store_scratch_mtime(struct tx *tx, int64_t id, int64_t mtime_ms)
{
	return db_run(tx->db, "UPDATE scratch SET mtime = ?2 WHERE id = ?1", "ii", id, mtime_ms);
}

int store_scratch_remove(struct tx *tx, int64_t id)
{
	return db_run(tx->db, "DELETE FROM scratch WHERE id = ?1", "i", id);
}

_Bool store_scratch_holds(struct db *db, uint64_t dir)
{
	return db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM scratch WHERE dir = ?1)", "i", (int64_t)dir) != 0;
}

/* ---- what happens to them after a while ---- */

int store_scratch_due(struct tx *tx, int64_t id, int64_t due_ms, const struct origin *origin)
{
	return db_run(tx->db, "UPDATE scratch SET due = ?2, uid = ?3, program = ?4 WHERE id = ?1", "iiit", id,
		due_ms, (int64_t)origin->uid, origin->program);
}

int64_t store_scratch_due_next(struct db *db, int64_t after_ms)
{
	return db_int(db, 0, "SELECT min(due) FROM scratch WHERE due > ?1", "i", after_ms);
}

int64_t store_scratch_due_get(struct db *db, int64_t now_ms, int64_t after)
{
	return db_int(db, 0, "SELECT min(id) FROM scratch WHERE due > 0 AND due <= ?1 AND id > ?2", "ii",
		now_ms, after);
}

_Bool store_scratch_due_of(struct db *db, int64_t id, struct origin *ret)
{
	sqlite3_stmt *q = db_query(db, "SELECT uid, program FROM scratch WHERE id = ?1 AND due > 0", "i", id);

	if (!db_row(q))
		return 0;
	*ret = (struct origin){.tool = -1, .uid = (uint32_t)sqlite3_column_int64(q, 0), .cause = "create"};
	snprintf(ret->program, sizeof(ret->program), "%s", db_column_text(q, 1));
	db_done(q);
	return 1;
}

/* What lies at the top of a folder of records and in it, at the newest; unfinished records are never too old. */
#define EXPIRED                                                                                              \
	"WITH RECURSIVE tree (top, id, mtime) AS ("                                                          \
	" SELECT id, id, mtime FROM scratch WHERE dir >> 56 <> ?2 AND NOT (name LIKE '%.json' AND name NOT " \
	"LIKE '.%')"                                                                                         \
	" UNION ALL SELECT t.top, s.id, s.mtime FROM tree t JOIN scratch s ON s.dir = (?2 << 56) + t.id)"    \
	" DELETE FROM scratch WHERE id IN (SELECT id FROM tree WHERE top IN"                                 \
	" (SELECT top FROM tree GROUP BY top HAVING max(mtime) < ?1))"

int store_scratch_expire(struct tx *tx, int64_t before_ms)
{
	return db_run(tx->db, EXPIRED, "ii", before_ms, (int64_t)PLACE_SCRATCH);
}
