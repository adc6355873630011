/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool is to be told, and what it says. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/store/change.h"
#include "store/drive_p.h"

static char *column_copy(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? NULL : str_dup(db_column_text(q, i));
}

int drive_row(struct db *db, int64_t id, struct drive_row *ret)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT tool, parent, remote_parent, version, size, mtime, due, name, remote_name, "
		"remote_id, etag,"
		" resume, folder, unsent, removed, failures, pass FROM file WHERE id = ?1",
		"i", id);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct drive_row){
		.id = id,
		.tool = sqlite3_column_int64(q, 0),
		.parent = sqlite3_column_int64(q, 1),
		.remote_parent = sqlite3_column_int64(q, 2),
		.version = sqlite3_column_int64(q, 3),
		.size = sqlite3_column_int64(q, 4),
		.mtime_ms = sqlite3_column_int64(q, 5),
		.due = sqlite3_column_int64(q, 6),
		.name = column_copy(q, 7),
		.remote_name = column_copy(q, 8),
		.remote_id = column_copy(q, 9),
		.etag = column_copy(q, 10),
		.resume = column_copy(q, 11),
		.folder = sqlite3_column_int(q, 12) != 0,
		.unsent = sqlite3_column_int(q, 13) != 0,
		.removed = sqlite3_column_int(q, 14) != 0,
		.failures = sqlite3_column_int(q, 15),
		.done_ms = sqlite3_column_int64(q, 16),
	};
	db_done(q);
	return 0;
}

void drive_row_finish(struct drive_row *row)
{
	free(row->name);
	free(row->remote_name);
	free(row->remote_id);
	free(row->etag);
	free(row->resume);
}

char *store_drive_path(struct db *db, int64_t id)
{
	return id ? file_chain(db,
			    "SELECT remote_name, remote_parent FROM file WHERE id = ?1 AND remote_name NOT "
			    "NULL",
			    id)
		  : str_dup("");
}

int store_drive_place(struct db *db, int64_t tool, int64_t parent, const char *name, int64_t *ret)
{
	*ret = db_int(db, 0,
		"SELECT id FROM file WHERE tool = ?1 AND remote_parent = ?2 AND remote_name = ?3", "iit",
		tool, parent, name);
	return *ret ? 0 : -ENOENT;
}

/* ---- what can be told now ---- */

void drive_task_finish(struct drive_task *t)
{
	free(t->path);
	free(t->to);
	free(t->etag);
	free(t->resume);
	free(t->name);
	*t = (struct drive_task){0};
}

static char *path_at(struct db *db, int64_t parent, const char *name)
{
	_cleanup_(mem_freep) char *dir = store_drive_path(db, parent);

	return dir ? str_format("%s%s%s", dir, dir[0] ? "/" : "", name) : NULL;
}

/* Two that change places wait for each other: one steps aside. */
static _Bool steps_aside(struct db *db, const struct drive_row *row, int64_t other)
{
	struct drive_row there;
	_Bool cycle;

	if (drive_row(db, other, &there) < 0)
		return 0;
	cycle = !there.removed && there.parent == row->remote_parent &&
		strcmp(there.name, row->remote_name) == 0;
	drive_row_finish(&there);
	return cycle && row->id < other;
}

static enum drive_act move_of(struct db *db, const struct drive_row *row, struct drive_task *t)
{
	int64_t other;

	t->parent = row->parent;
	t->name = str_dup(row->name);
	if (store_drive_place(db, row->tool, row->parent, row->name, &other) == 0 && other != row->id) {
		if (!steps_aside(db, row, other))
			return DRIVE_NONE;
		free(t->name);
		t->name = str_format(".seam-moving-%lld", (long long)row->id);
	}
	t->path = store_drive_path(db, row->id);
	t->to = path_at(db, row->parent, t->name);
	return t->path && t->to ? DRIVE_MOVE : DRIVE_NONE;
}

/* What is next for a row, as far as what stands in its way is gone. */
static enum drive_act act_of(struct db *db, const struct drive_row *row, struct drive_task *t)
{
	_Bool placed = row->remote_name != NULL;
	int64_t other;

	if (row->removed) {
		t->path = store_drive_path(db, row->id);
		/* What is in a folder goes first, one by one: what others have put there is not ours to remove. */
		return !t->path || db_int(db, 0,
					   "SELECT EXISTS (SELECT 1 FROM file WHERE tool = ?1 AND "
					   "remote_parent = ?2"
					   " AND remote_name NOT NULL)",
					   "ii", row->tool, row->id)
			       ? DRIVE_NONE
			       : DRIVE_REMOVE;
	}
	if (placed && (row->parent != row->remote_parent || strcmp(row->name, row->remote_name) != 0))
		return move_of(db, row, t);
	if (!placed && store_drive_place(db, row->tool, row->parent, row->name, &other) == 0)
		return DRIVE_NONE;
	t->parent = row->parent;
	t->name = str_dup(row->name);
	t->path = path_at(db, row->parent, row->name);
	if (!t->path || (placed && !row->unsent))
		return DRIVE_NONE;
	return row->folder ? DRIVE_MAKE : DRIVE_SEND;
}

static _Bool fill(struct db *db, int64_t id, _Bool sends, struct drive_task *ret)
{
	struct drive_row row;
	struct drive_task t = {.id = id};

	if (drive_row(db, id, &row) < 0)
		return 0;
	t.act = act_of(db, &row, &t);
	t.version = row.version;
	t.size = row.size;
	t.mtime_ms = row.mtime_ms;
	t.folder = row.folder;
	t.failures = row.failures;
	if (row.remote_name) {
		t.etag = row.etag;
		row.etag = NULL;
	}
	t.resume = row.resume;
	row.resume = NULL;
	drive_row_finish(&row);
	if (t.act != DRIVE_NONE && sends == (t.act == DRIVE_SEND)) {
		*ret = t;
		return 1;
	}
	drive_task_finish(&t);
	return 0;
}

_Bool store_drive_next(struct db *db, int64_t tool, _Bool sends, int64_t now_ms, drive_busy busy,
	void *context, struct drive_task *ret, int64_t *ret_wake_ms)
{
	int64_t due = 0, id = 0;

	*ret_wake_ms = 0;
	for (;;) {
		sqlite3_stmt *q = db_query(db,
			"SELECT due, id FROM file WHERE tool = ?1 AND (due, id) > (?2, ?3) AND due > 0 ORDER "
			"BY due, id"
			" LIMIT 1",
			"iii", tool, due, id);

		if (!db_row(q))
			return 0;
		due = sqlite3_column_int64(q, 0);
		id = sqlite3_column_int64(q, 1);
		db_done(q);
		if (due > now_ms) {
			*ret_wake_ms = due == DRIVE_OPEN ? 0 : due;
			return 0;
		}
		if ((!busy || !busy(context, id)) && fill(db, id, sends, ret))
			return 1;
	}
}

/* ---- what the tool did ---- */

int store_drive_done(struct tx *tx, const struct drive_task *t, const struct drive_fact *fact)
{
	_Bool sent = t->act == DRIVE_SEND;
	int r;

	if (t->act == DRIVE_REMOVE)
		return db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", t->id);
	/* A move keeps the version; some tools give it another name all the same. */
	r = db_run(tx->db,
		"UPDATE file SET remote_parent = ?2, remote_name = ?3, remote_id = coalesce(?4, remote_id),"
		" etag = CASE WHEN ?5 IS NULL THEN etag ELSE ?5 END, pass = ?6 WHERE id = ?1",
		"iittti", t->id, t->parent, t->name, fact->id, t->folder ? NULL : fact->etag, tx->now_ms);
	if (r == 0 && sent)
		r = db_run(tx->db,
			"UPDATE file SET unsent = unsent AND version <> ?2, resume = NULL, sent = 0 WHERE id "
			"= ?1",
			"ii", t->id, t->version);
	return r < 0 ? r : drive_due(tx, t->id, tx->now_ms);
}

int store_drive_heir(struct tx *tx, int64_t tool, const struct drive_task *t, const struct drive_fact *fact)
{
	int64_t heir;
	int r = store_drive_place(tx->db, tool, t->parent, t->name, &heir);

	return r < 0 ? r
		     : db_run(tx->db,
			       "UPDATE file SET etag = coalesce(?2, etag), remote_id = coalesce(?3, "
			       "remote_id), pass = ?4 WHERE id = ?1 AND etag = ?5",
			       "ittit", heir, fact->etag, fact->id, tx->now_ms, t->etag ? t->etag : "");
}

int store_drive_revive(struct tx *tx, int64_t id)
{
	/* It forgets where that was: the listing brings it, under its name or beside what has that now. */
	return db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", id);
}

int store_drive_failed(struct tx *tx, int64_t id, const char *text, int code, int64_t retry_ms)
{
	return db_run(tx->db,
		"UPDATE file SET failures = failures + 1, error = ?2, due = CASE WHEN due = ?4 THEN due ELSE "
		"?3 END, refused = ?5 WHERE id = ?1",
		"itiii", id, text, retry_ms, DRIVE_OPEN, (int64_t)code);
}

char *store_drive_why(struct db *db, int64_t id, _Bool *ret_waits)
{
	*ret_waits = db_int(db, 0, "SELECT due > 0 FROM file WHERE id = ?1", "i", id) != 0;
	return db_text(db, "SELECT error FROM file WHERE id = ?1 AND due > 0 AND error NOT NULL", "i", id);
}

int store_drive_closed(struct db *db, int64_t tool, int64_t parent, struct err *e)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT refused, error FROM file WHERE tool = ?1 AND parent = ?2 AND due > 0 AND refused IN "
		"(?3, ?4)"
		" LIMIT 1",
		"iiii", tool, parent, (int64_t)EACCES, (int64_t)EROFS);
	int code;

	if (!db_row(q))
		return 0;
	code = sqlite3_column_int(q, 0);
	err_set(e, code, "nothing can be written into this folder: %s", db_column_text(q, 1));
	db_done(q);
	return -code;
}

int store_drive_progress(struct tx *tx, const struct drive_task *t, int64_t sent, const char *resume)
{
	/* Another version, which was begun meanwhile, must not be sent on from the middle of this one. */
	return db_run(tx->db, "UPDATE file SET sent = ?3, resume = ?4 WHERE id = ?1 AND version = ?2", "iiit",
		t->id, t->version, sent, resume);
}

int store_drive_conflict(struct tx *tx, int64_t id)
{
	return db_run(tx->db,
		"UPDATE file SET remote_parent = 0, remote_name = NULL, remote_id = NULL, etag = '', resume "
		"= NULL,"
		" sent = 0, due = CASE WHEN due = ?3 THEN due ELSE ?2 END WHERE id = ?1",
		"iii", id, tx->now_ms, DRIVE_OPEN);
}

void store_drive_waiting(struct db *db, int64_t tool, struct drive_waiting *ret)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT count(*), coalesce(sum(CASE WHEN unsent THEN size ELSE 0 END), 0), "
		"coalesce(sum(sent), 0)"
		" FROM file WHERE tool = ?1 AND due > 0",
		"i", tool);

	*ret = (struct drive_waiting){0};
	if (!db_row(q))
		return;
	*ret = (struct drive_waiting){
		sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2)};
	db_done(q);
}

/* ---- what the tool has ---- */

static int change(struct tx *tx, const struct drive_row *row, const struct drive_fact *fact)
{
	_Bool same = fact->etag && row->etag[0]
			     ? strcmp(fact->etag, row->etag) == 0
			     : !fact->etag && row->size == fact->size && row->mtime_ms == fact->mtime_ms;
	int r;

	if (same || row->folder || row->removed)
		return 0;
	/* What waits to be sent meets the other version when it is sent. */
	if (row->unsent)
		return 0;
	r = db_run(tx->db,
		"UPDATE file SET version = version + 1, theirs = version + 1, size = ?2, mtime = ?3, etag = "
		"?4, remote_id = ?5 "
		"WHERE id = ?1",
		"iiitt", row->id, fact->size, fact->mtime_ms, fact->etag ? fact->etag : "", fact->id);
	return r < 0 ? r : file_event(tx, EVENT_CHANGED, row->parent, row->name, row->id);
}

/* A folder that was removed here, and in which somebody has put something there: it is back, with those that it is in. */
static int reopen(struct tx *tx, int64_t id)
{
	struct drive_row row;
	_cleanup_(mem_freep) char *name = NULL;
	int64_t taken;
	int r = 0;

	if (!id || drive_row(tx->db, id, &row) < 0)
		return 0;
	if (row.removed) {
		r = reopen(tx, row.parent);
		name = store_file_find(tx->db, row.tool, row.parent, row.name, &taken) < 0
			       ? str_dup(row.name)
			       : str_format("%.200s (from the drive %lld)", row.name, (long long)id);
		if (r == 0)
			r = db_run(tx->db, "UPDATE file SET removed = 0, name = ?2 WHERE id = ?1", "it", id,
				name);
		if (r == 0)
			r = drive_due(tx, id, tx->now_ms);
		if (r == 0)
			r = file_event(tx, EVENT_ADDED, row.parent, name, id);
	}
	drive_row_finish(&row);
	return r;
}

static int arrive(struct tx *tx, int64_t tool, int64_t parent, const char *name,
	const struct drive_fact *fact, int64_t *ret)
{
	int64_t taken;
	int r = reopen(tx, parent);

	if (r < 0)
		return r;
	/* Made on both sides: one folder is the other; a file is settled when ours is sent. */
	if (store_file_find(tx->db, tool, parent, name, &taken) == 0) {
		struct drive_row row;
		_Bool same;

		if (drive_row(tx->db, taken, &row) < 0)
			return 0;
		same = row.folder && fact->folder && !row.remote_name;
		drive_row_finish(&row);
		if (!same)
			return 0;
		*ret = taken;
		r = db_run(tx->db,
			"UPDATE file SET remote_parent = ?2, remote_name = ?3, remote_id = ?4 WHERE id = ?1",
			"iitt", taken, parent, name, fact->id);
		return r < 0 ? r : drive_due(tx, taken, tx->now_ms);
	}
	r = db_run(tx->db,
		"INSERT INTO file (tool, parent, name, folder, size, mtime, pass, remote_parent, "
		"remote_name, remote_id,"
		" etag) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?2, ?3, ?7, ?8)",
		"iitiiitt", tool, parent, name, (int64_t)fact->folder, fact->size, fact->mtime_ms, fact->id,
		fact->etag && !fact->folder ? fact->etag : "");
	if (r < 0)
		return r;
	*ret = db_last_id(tx->db);
	return file_event(tx, EVENT_ADDED, parent, name, *ret);
}

int store_drive_seen(struct tx *tx, int64_t tool, int64_t parent, const char *name,
	const struct drive_fact *fact, int64_t asked_ms, int64_t *ret)
{
	struct drive_row row;
	int r;

	*ret = 0;
	if (store_drive_place(tx->db, tool, parent, name, ret) < 0)
		return arrive(tx, tool, parent, name, fact, ret);
	r = drive_row(tx->db, *ret, &row);
	if (r < 0)
		return r;
	/* What was done there since may not be in that answer yet. */
	if (row.done_ms >= asked_ms) {
		r = 0;
	} else if (row.folder == fact->folder) {
		r = change(tx, &row, fact);
	} else {
		/* A file where a folder was: what was there is gone. */
		r = store_drive_missing(tx, *ret, asked_ms);
		if (r == 0)
			r = arrive(tx, tool, parent, name, fact, ret);
	}
	drive_row_finish(&row);
	return r;
}

int store_drive_missing(struct tx *tx, int64_t id, int64_t asked_ms)
{
	struct drive_row row;
	_Bool kept;
	int r;

	if (drive_row(tx->db, id, &row) < 0)
		return 0;
	if (row.done_ms >= asked_ms) {
		drive_row_finish(&row);
		return 0;
	}
	kept = !row.removed &&
	       (row.unsent ||
		       (row.folder &&
			       db_int(tx->db, 0,
				       "SELECT EXISTS (SELECT 1 FROM file WHERE tool = ?1 AND parent = ?2 AND"
				       " removed = 0)",
				       "ii", row.tool, id)));
	if (kept)
		r = store_drive_conflict(tx, id);
	else
		r = db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", id);
	if (r == 0 && !kept && !row.removed)
		r = file_event(tx, EVENT_REMOVED, row.parent, row.name, id);
	drive_row_finish(&row);
	return r;
}

int store_drive_same(struct tx *tx, int64_t old, int64_t new)
{
	struct drive_row was, is;
	_Bool moved;
	int r;

	if (drive_row(tx->db, old, &was) < 0)
		return 0;
	if (drive_row(tx->db, new, &is) < 0) {
		drive_row_finish(&was);
		return 0;
	}
	/* Moved here as well: that stands, and is told. */
	moved = was.parent != was.remote_parent || strcmp(was.name, was.remote_name) != 0;
	r = db_run(tx->db, "DELETE FROM file WHERE id = ?1", "i", new);
	if (r == 0)
		r = file_event(tx, EVENT_REMOVED, is.parent, is.name, new);
	if (r == 0)
		r = db_run(tx->db, "UPDATE file SET remote_parent = ?2, remote_name = ?3 WHERE id = ?1",
			"iit", old, is.remote_parent, is.remote_name);
	if (r == 0 && !moved && !was.removed) {
		r = db_run(tx->db, "UPDATE file SET parent = ?2, name = ?3 WHERE id = ?1", "iit", old,
			is.parent, is.name);
		if (r == 0)
			r = file_event(tx, EVENT_REMOVED, was.parent, was.name, old);
		if (r == 0)
			r = file_event(tx, EVENT_ADDED, is.parent, is.name, old);
	}
	if (r == 0)
		r = drive_due(tx, old, tx->now_ms);
	drive_row_finish(&was);
	drive_row_finish(&is);
	return r;
}
