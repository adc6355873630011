/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/model/place.h"
#include "seamfs/store/change.h"
#include "seamfs/store/local.h"
#include "store/drive_p.h"
#include "store/list.h"

enum { MAX_DEPTH = 128 };

int store_file_stat(struct db *db, int64_t id, struct file_stat *ret)
{
	sqlite3_stmt *q =
		db_query(db, "SELECT tool, parent, folder, size, mtime FROM file WHERE id = ?1", "i", id);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct file_stat){
		.id = id,
		.tool = sqlite3_column_int64(q, 0),
		.parent = sqlite3_column_int64(q, 1),
		.folder = sqlite3_column_int(q, 2) != 0,
		.size = sqlite3_column_int64(q, 3),
		.mtime_ms = sqlite3_column_int64(q, 4),
	};
	db_done(q);
	return 0;
}

int store_file_find(struct db *db, int64_t tool, int64_t parent, const char *name, int64_t *ret)
{
	int64_t id = db_int(db, 0,
		"SELECT id FROM file WHERE tool = ?1 AND parent = ?2 AND name = ?3 AND removed = 0", "iit",
		tool, parent, name);

	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

void store_file_list(
	struct db *db, int64_t tool, int64_t parent, int64_t after, store_lister f, void *context)
{
	list_rows(db_query(db,
			  "SELECT id, name, CASE WHEN folder THEN -1 ELSE size END, mtime FROM file"
			  " WHERE tool = ?1 AND parent = ?2 AND id > ?3 AND removed = 0 ORDER BY id",
			  "iii", tool, parent, after),
		f, context);
}

char *file_chain(struct db *db, const char *sql, int64_t id)
{
	char *path = NULL;

	for (int depth = 0; id && depth < MAX_DEPTH; depth++) {
		sqlite3_stmt *q = db_query(db, sql, "i", id);
		char *longer;

		if (!db_row(q)) {
			free(path);
			return NULL;
		}
		longer = path ? str_format("%s/%s", db_column_text(q, 0), path)
			      : str_dup(db_column_text(q, 0));
		id = sqlite3_column_int64(q, 1);
		db_done(q);
		free(path);
		path = longer;
	}
	return path;
}

char *store_file_path(struct db *db, int64_t id)
{
	return file_chain(db, "SELECT name, parent FROM file WHERE id = ?1", id);
}

/* The tool's root is the documents folder itself. */
static uint64_t dir_ino(int64_t parent)
{
	return parent ? place_ino(PLACE_FILE, 0, (uint64_t)parent)
		      : place_ino(PLACE_FIXED, 0, PLACE_FIXED_DOCUMENTS);
}

int file_event(struct tx *tx, int kind, int64_t parent, const char *name, int64_t id)
{
	return store_event(tx, kind, kind == EVENT_CHANGED ? 0 : dir_ino(parent),
		kind == EVENT_CHANGED ? "" : name, place_ino(PLACE_FILE, 0, (uint64_t)id));
}

int store_file_put(struct tx *tx, int64_t tool, int64_t parent, const char *name, const struct file_stat *s,
	int64_t pass, int64_t *ret)
{
	struct file_stat old;
	int64_t id = 0;
	int r;

	if (store_file_find(tx->db, tool, parent, name, &id) == 0 && store_file_stat(tx->db, id, &old) == 0) {
		_Bool same = old.folder == s->folder && old.size == s->size && old.mtime_ms == s->mtime_ms;

		r = db_run(tx->db,
			"UPDATE file SET folder = ?2, size = ?3, mtime = ?4, pass = max(pass, ?5) WHERE id = "
			"?1",
			"iiiii", id, (int64_t)s->folder, s->size, s->mtime_ms, pass);
		if (r == 0 && !same)
			r = file_event(tx, EVENT_CHANGED, 0, "", id);
	} else {
		r = db_run(tx->db,
			"INSERT INTO file (tool, parent, name, folder, size, mtime, pass) VALUES (?1, ?2, "
			"?3, ?4, ?5, ?6, ?7)",
			"iitiiii", tool, parent, name, (int64_t)s->folder, s->size, s->mtime_ms, pass);
		id = db_last_id(tx->db);
		if (r == 0)
			r = file_event(tx, EVENT_ADDED, parent, name, id);
	}
	if (ret)
		*ret = id;
	return r;
}

/* Leaves the tree as a whole: the kernel asks for nothing below a folder that is gone. */
int store_file_remove(struct tx *tx, int64_t id)
{
	sqlite3_stmt *q = db_query(tx->db, "SELECT parent, name FROM file WHERE id = ?1", "i", id);
	int r;

	if (!db_row(q))
		return 0;
	r = file_event(tx, EVENT_REMOVED, sqlite3_column_int64(q, 0), db_column_text(q, 1), id);
	db_done(q);
	if (r == 0)
		r = db_run(tx->db,
			"WITH RECURSIVE below (id) AS (SELECT ?1 UNION SELECT f.id FROM file f JOIN below b "
			"ON f.parent = b.id)"
			" DELETE FROM file WHERE id IN (SELECT id FROM below)",
			"i", id);
	return r;
}

int store_file_move(struct tx *tx, int64_t id, int64_t parent, const char *name)
{
	struct file_stat s;
	int64_t old;
	int r = store_file_stat(tx->db, id, &s);

	if (r == 0 && store_file_find(tx->db, s.tool, parent, name, &old) == 0 && old != id)
		r = store_file_remove(tx, old);
	if (r == 0)
		r = db_run(tx->db, "UPDATE file SET parent = ?2, name = ?3 WHERE id = ?1", "iit", id, parent,
			name);
	/* A listing that is under way saw it where it was: its sweep must not take it for deleted. */
	if (r == 0)
		r = db_run(tx->db,
			"WITH RECURSIVE below (id) AS (SELECT ?1 UNION SELECT f.id FROM file f JOIN below b"
			" ON f.parent = b.id) UPDATE file SET pass = (SELECT max(pass) + 1 FROM file)"
			" WHERE id IN (SELECT id FROM below)",
			"i", id);
	return r;
}

int store_file_sweep(struct tx *tx, int64_t tool, int64_t pass)
{
	sqlite3_stmt *q = db_query(
		tx->db, "SELECT id, parent, name FROM file WHERE tool = ?1 AND pass < ?2", "ii", tool, pass);
	int r = 0;

	while (db_row(q)) {
		if (r == 0)
			r = file_event(tx, EVENT_REMOVED, sqlite3_column_int64(q, 1), db_column_text(q, 2),
				sqlite3_column_int64(q, 0));
	}
	return r < 0 ? r : db_run(tx->db, "DELETE FROM file WHERE tool = ?1 AND pass < ?2", "ii", tool, pass);
}
