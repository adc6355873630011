/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to documents in the tree. */
#include "seamfs/store/drive.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "store/drive_p.h"

#define PRIVATE_MS 60000

/* No tool has that etag: its own version came after what the writer had read. */
#define UNREAD "\"unread\""

/* ---- names ---- */

static _Bool ends(const char *name, const char *with)
{
	size_t n = strlen(name), k = strlen(with);

	return n > k && strcmp(name + n - k, with) == 0;
}

_Bool store_drive_private(const char *name)
{
	static const char *const begin[] = {".~lock.", ".goutputstream-", "~$", ".fuse_hidden", ".nfs", ".#"};
	static const char *const end[] = {
		"~", ".swp", ".swo", ".swx", ".swpx", ".tmp", ".part", ".crdownload"};
	static const char *const whole[] = {"4913", ".DS_Store", "Thumbs.db", "desktop.ini"};

	for (size_t i = 0; i < ARRAY_LEN(begin); i++) {
		if (strncmp(name, begin[i], strlen(begin[i])) == 0)
			return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(end); i++) {
		if (ends(name, end[i]))
			return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
		if (strcmp(name, whole[i]) == 0)
			return 1;
	}
	return 0;
}

/* ---- due ---- */

/* Whether there is something to tell, and when. What is open for writing waits for its close, under any name. */
int drive_due(struct tx *tx, int64_t id, int64_t when_ms)
{
	struct drive_row row;
	_Bool pending, placed;

	if (drive_row(tx->db, id, &row) < 0)
		return 0;
	placed = row.remote_name != NULL;
	pending = row.removed || !placed || row.unsent || row.parent != row.remote_parent ||
		  strcmp(row.name, row.remote_name) != 0;
	if (store_drive_private(row.name) && !row.removed) {
		pending &= placed;
		when_ms += PRIVATE_MS;
	}
	drive_row_finish(&row);
	return db_run(tx->db,
		"UPDATE file SET due = CASE WHEN due = ?4 THEN due WHEN ?2 = 0 THEN 0 ELSE ?3 END, failures "
		"= 0,"
		" error = NULL, refused = 0 WHERE id = ?1",
		"iiii", id, (int64_t)pending, when_ms, DRIVE_OPEN);
}

static int later(struct tx *tx, int64_t id)
{
	return drive_due(tx, id, tx->now_ms + DRIVE_QUIET_MS);
}

/* ---- identity ---- */

/* @to gets the remote place of @from, which is removed, or is a name that is not told. */
static int take_place(struct tx *tx, int64_t from, int64_t to)
{
	sqlite3_stmt *q = db_query(tx->db,
		"SELECT remote_parent, remote_name, remote_id, etag, removed FROM file WHERE id = ?1", "i",
		from);
	_cleanup_(mem_freep) char *name = NULL, *id = NULL, *etag = NULL;
	int64_t parent;
	_Bool removed;
	int r;

	if (!db_row(q))
		return 0;
	parent = sqlite3_column_int64(q, 0);
	name = str_dup(db_column_text(q, 1));
	id = sqlite3_column_type(q, 2) == SQLITE_NULL ? NULL : str_dup(db_column_text(q, 2));
	etag = str_dup(db_column_text(q, 3));
	removed = sqlite3_column_int(q, 4) != 0;
	db_done(q);
	if (removed)
		r = db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", from);
	else
		r = db_run(tx->db,
			"UPDATE file SET remote_parent = 0, remote_name = NULL, remote_id = NULL, etag = '', "
			"due = CASE WHEN due = ?2 THEN due ELSE 0 END WHERE id = ?1",
			"ii", from, DRIVE_OPEN);
	if (r == 0)
		r = db_run(tx->db,
			"UPDATE file SET remote_parent = ?2, remote_name = ?3, remote_id = ?4, etag = ?5 "
			"WHERE id = ?1",
			"iittt", to, parent, name, id, etag);
	/* What is in a folder there is in this one. */
	if (r == 0)
		r = db_run(tx->db,
			"UPDATE file SET remote_parent = ?2 WHERE remote_parent = ?1 AND remote_name NOT "
			"NULL",
			"ii", from, to);
	return r;
}

/* Who has that name in the tree is who the tool has there, if the one it has there is gone. */
static int adopt(struct tx *tx, int64_t tool, int64_t parent, const char *name)
{
	struct drive_row here, there;
	int64_t id, old;
	_Bool may;

	if (store_file_find(tx->db, tool, parent, name, &id) < 0 || store_drive_private(name) ||
		store_drive_place(tx->db, tool, parent, name, &old) < 0 || old == id ||
		drive_row(tx->db, id, &here) < 0)
		return 0;
	may = !here.remote_name;
	if (drive_row(tx->db, old, &there) == 0) {
		may &= there.folder == here.folder && (there.removed || store_drive_private(there.name));
		drive_row_finish(&there);
	}
	drive_row_finish(&here);
	if (!may)
		return 0;
	return take_place(tx, old, id) < 0 ? -EIO : later(tx, id);
}

/* ---- acts ---- */

static _Bool is_folder(struct db *db, int64_t id)
{
	return !id || db_int(db, 0, "SELECT folder FROM file WHERE id = ?1 AND removed = 0", "i", id);
}

int store_drive_make(
	struct tx *tx, int64_t tool, int64_t parent, const char *name, _Bool folder, int64_t *ret)
{
	int64_t id;
	int r;

	if (store_file_find(tx->db, tool, parent, name, &id) == 0)
		return -EEXIST;
	if (!is_folder(tx->db, parent))
		return -ENOENT;
	r = db_run(tx->db,
		"INSERT INTO file (tool, parent, name, folder, size, mtime, pass, unsent, due)"
		" VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, ?6, ?7)",
		"iitiiii", tool, parent, name, (int64_t)folder, tx->now_ms, (int64_t)!folder,
		folder ? tx->now_ms : DRIVE_OPEN);
	if (r < 0)
		return r;
	id = db_last_id(tx->db);
	if (ret)
		*ret = id;
	r = adopt(tx, tool, parent, name);
	return r < 0 ? r : later(tx, id);
}

int store_drive_write(struct tx *tx, int64_t id, int64_t seen, _Bool anew, struct drive_bytes *ret)
{
	int r = store_drive_bytes(tx->db, id, ret);

	if (r < 0)
		return r;
	mem_freep(&ret->etag);
	if (!anew && seen && seen < ret->version && ret->unsent)
		return -ESTALE;
	r = db_run(tx->db,
		"UPDATE file SET version = version + 1, unsent = 1, due = ?2, resume = NULL, sent = 0,"
		" etag = CASE WHEN ?3 > 0 AND ?3 < theirs THEN ?4 ELSE etag END WHERE id = ?1 AND removed = "
		"0",
		"iiit", id, DRIVE_OPEN, seen, UNREAD);

	if (r == 0 && !db_changes(tx->db))
		return -ENOENT;
	ret->version++;
	return r;
}

int store_drive_unwrite(struct tx *tx, int64_t id, const struct drive_bytes *begun)
{
	int r = db_run(tx->db,
		"UPDATE file SET version = version - 1, unsent = ?3, due = 1 WHERE id = ?1 AND version = ?2",
		"iii", id, begun->version, (int64_t)begun->unsent);

	return r < 0 || !db_changes(tx->db) ? r : later(tx, id);
}

int store_drive_written(struct tx *tx, int64_t id, int64_t version, int64_t size, int64_t mtime_ms)
{
	int r = db_run(tx->db,
		"UPDATE file SET size = ?2, mtime = ?3, due = 1 WHERE id = ?1 AND version = ?4", "iiii", id,
		size, mtime_ms, version);

	return r < 0 || !db_changes(tx->db) ? r : later(tx, id);
}

int store_drive_touch(struct tx *tx, int64_t id, int64_t mtime_ms)
{
	return db_run(tx->db, "UPDATE file SET mtime = ?2 WHERE id = ?1", "ii", id, mtime_ms);
}

int store_drive_remove(struct tx *tx, int64_t id)
{
	struct drive_row row;
	int r;

	if (drive_row(tx->db, id, &row) < 0)
		return -ENOENT;
	r = db_int(tx->db, 0,
		    "SELECT EXISTS (SELECT 1 FROM file WHERE tool = ?1 AND parent = ?2 AND removed = 0)",
		    "ii", row.tool, id)
		    ? -ENOTEMPTY
		    : 0;
	if (r == 0 && row.remote_name)
		r = db_run(tx->db, "UPDATE file SET removed = 1, unsent = 0, due = 1 WHERE id = ?1", "i", id);
	else if (r == 0)
		r = db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", id);
	if (r == 0 && row.remote_name)
		r = later(tx, id);
	if (r == 0 && row.remote_name)
		r = adopt(tx, row.tool, row.remote_parent, row.remote_name);
	drive_row_finish(&row);
	return r;
}

int store_drive_move(struct tx *tx, int64_t id, int64_t parent, const char *name, int64_t seen)
{
	struct file_stat s;
	int64_t old, up = parent;
	int r = store_file_stat(tx->db, id, &s);

	if (r < 0)
		return r;
	if (!is_folder(tx->db, parent))
		return -ENOENT;
	/* A folder cannot go into itself. */
	for (; s.folder && up; up = db_int(tx->db, 0, "SELECT parent FROM file WHERE id = ?1", "i", up)) {
		if (up == id)
			return -EINVAL;
	}
	if (store_file_find(tx->db, s.tool, parent, name, &old) == 0 && old != id) {
		if (is_folder(tx->db, old) != s.folder)
			return s.folder ? -ENOTDIR : -EISDIR;
		/* Not read by who replaces it: it is not to be removed there either. */
		r = db_run(tx->db, "UPDATE file SET etag = ?3 WHERE id = ?1 AND ?2 > 0 AND ?2 < theirs",
			"iit", old, seen, UNREAD);
		if (r == 0)
			r = store_drive_remove(tx, old);
	}
	if (r == 0)
		r = db_run(tx->db, "UPDATE file SET parent = ?2, name = ?3 WHERE id = ?1", "iit", id, parent,
			name);
	if (r == 0)
		r = adopt(tx, s.tool, parent, name);
	return r < 0 ? r : later(tx, id);
}

/* ---- bytes ---- */

int store_drive_bytes(struct db *db, int64_t id, struct drive_bytes *ret)
{
	sqlite3_stmt *q = db_query(
		db, "SELECT version, size, unsent, etag FROM file WHERE id = ?1 AND folder = 0", "i", id);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct drive_bytes){
		.version = sqlite3_column_int64(q, 0),
		.size = sqlite3_column_int64(q, 1),
		.unsent = sqlite3_column_int(q, 2) != 0,
		.etag = str_dup(db_column_text(q, 3)),
	};
	db_done(q);
	return 0;
}

/* One row that was open for writing, or whose bytes wait, when the daemon ended. */
static int recover(struct tx *tx, int64_t id, int64_t version, int64_t size)
{
	if (size >= 0)
		return store_drive_written(tx, id, version, size, tx->now_ms);
	/* Nothing was written yet: it is as the tool has it, which the next listing tells. */
	if (db_int(tx->db, 0, "SELECT remote_name NOT NULL FROM file WHERE id = ?1", "i", id))
		return db_run(
			tx->db, "UPDATE file SET unsent = 0, due = 0, etag = '' WHERE id = ?1", "i", id);
	return db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", id);
}

int store_drive_recover(struct tx *tx, int64_t tool, drive_sizer size_of, void *context)
{
	int64_t id = 0, version, due;
	int r = 0;

	while (r == 0) {
		sqlite3_stmt *q = db_query(tx->db,
			"SELECT id, version, due FROM file WHERE tool = ?1 AND id > ?2 AND unsent ORDER BY "
			"id LIMIT 1",
			"ii", tool, id);
		int64_t size;

		if (!db_row(q))
			break;
		id = sqlite3_column_int64(q, 0);
		version = sqlite3_column_int64(q, 1);
		due = sqlite3_column_int64(q, 2);
		db_done(q);
		size = size_of(context, id, version);
		if (due == DRIVE_OPEN || size < 0)
			r = recover(tx, id, version, size);
	}
	return r;
}
