/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool has of documents becomes the tree. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"
#include "sync/worker.h"

struct listing {
	struct worker *w;
	const struct remote_file *page;
	size_t count;
	int64_t asked_ms, newest; /* when it began, and the newest row then */
	int64_t before; /* and when the one before it began, which may have met one of a pair already */
	uint8_t *seen;	/* a bit for each row */
	int64_t seen_size;
	char *dir; /* of the last entry, and its row */
	int64_t dir_id;
};

/* One that the tool no longer has where it was. */
struct lost {
	int64_t id;
	int depth;
};

struct sweep {
	struct listing *l;
	struct lost *lost;
	size_t count;
};

static void mark(struct listing *l, int64_t id)
{
	if (id / 8 >= l->seen_size) {
		int64_t size = l->seen_size ? l->seen_size : 4096;

		while (id / 8 >= size)
			size *= 2;
		l->seen = mem_grow(l->seen, (size_t)size, 1);
		memset(l->seen + l->seen_size, 0, (size_t)(size - l->seen_size));
		l->seen_size = size;
	}
	l->seen[id / 8] |= (uint8_t)(1U << id % 8);
}

static _Bool is_seen(const struct listing *l, int64_t id)
{
	return id / 8 < l->seen_size && (l->seen[id / 8] >> id % 8 & 1);
}

/* The row of a folder by its path there; -ENOENT */
static int find_dir(struct tx *tx, struct listing *l, const char *path, int64_t *ret)
{
	_cleanup_(mem_freep) char *copy = str_dup(path);
	char *rest, *name;

	if (l->dir && strcmp(l->dir, path) == 0) {
		*ret = l->dir_id;
		return 0;
	}
	*ret = 0;
	for (name = strtok_r(copy, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
		if (store_drive_place(tx->db, l->w->tool_id, *ret, name, ret) < 0)
			return -ENOENT;
	}
	str_set(&l->dir, path);
	l->dir_id = *ret;
	return 0;
}

static _Bool name_fits(struct worker *w, const char *name, const char *path)
{
	if (utf8_valid(name, strlen(name)) && *name && strlen(name) < 256 && strcmp(name, ".") != 0 &&
		strcmp(name, "..") != 0)
		return 1;
	if (!w->warned_name)
		log_warning("sync",
			"%s: \"%s\" is left out: its name is longer than 255 bytes, or is not UTF-8 (others "
			"like it are not logged)",
			w->link->name, path);
	w->warned_name = 1;
	return 0;
}

static int take(struct tx *tx, struct listing *l, const struct remote_file *file)
{
	struct drive_fact fact = {.id = file->id,
		.etag = file->etag,
		.folder = file->folder,
		.size = file->folder ? 0 : file->size,
		.mtime_ms = file->mtime_ms};
	const char *slash = strrchr(file->path, '/'), *name = slash ? slash + 1 : file->path;
	_cleanup_(mem_freep) char *dir = mem_dup(file->path, slash ? (size_t)(slash - file->path) : 0);
	int64_t parent, id;
	int r;

	/* Its folder cannot be shown now: nor can this. */
	if (!name_fits(l->w, name, file->path) || find_dir(tx, l, dir, &parent) < 0)
		return 0;
	r = store_drive_seen(tx, l->w->tool_id, parent, name, &fact, l->asked_ms, &id);
	if (r == 0 && id)
		mark(l, id);
	return r;
}

static int apply(struct tx *tx, void *argument)
{
	struct listing *l = argument;
	int r = 0;

	for (size_t i = 0; i < l->count && r == 0; i++)
		r = take(tx, l, &l->page[i]);
	return r;
}

static int sink(void *context, const struct remote_file *files, size_t count)
{
	struct listing *l = context;

	l->page = files;
	l->count = count;
	return store_write(l->w->store, apply, l);
}

/* ---- what is not there any more ---- */

static int depth_of(struct db *db, int64_t id)
{
	_cleanup_(mem_freep) char *path = store_drive_path(db, id);
	int depth = 0;

	for (const char *p = path; p && (p = strchr(p, '/')); p++)
		depth++;
	return depth;
}

static int deepest_first(const void *a, const void *b)
{
	const struct lost *x = a, *y = b;

	return x->depth != y->depth ? y->depth - x->depth : x->id < y->id ? -1 : x->id > y->id;
}

static void collect(struct sweep *s, struct db *db)
{
	sqlite3_stmt *q =
		db_query(db, "SELECT id FROM file WHERE tool = ?1 AND remote_name NOT NULL AND id <= ?2",
			"ii", s->l->w->tool_id, s->l->newest);
	size_t room = 0;

	while (db_row(q)) {
		int64_t id = sqlite3_column_int64(q, 0);

		if (is_seen(s->l, id))
			continue;
		if (s->count == room) {
			room = room ? 2 * room : 64;
			s->lost = mem_grow(s->lost, room, sizeof(*s->lost));
		}
		s->lost[s->count++] = (struct lost){.id = id};
	}
	for (size_t i = 0; i < s->count; i++)
		s->lost[i].depth = depth_of(db, s->lost[i].id);
}

/* The one that came lately with the same identity, or the same bytes as no other; 0: none. */
static int64_t successor(struct tx *tx, const struct listing *l, int64_t id)
{
	int64_t by_id = db_int(tx->db, 0,
		"SELECT n.id FROM file o JOIN file n ON n.tool = o.tool AND n.remote_id = o.remote_id AND "
		"n.id > ?2"
		" AND n.folder = o.folder WHERE o.id = ?1 AND o.remote_id NOT NULL",
		"ii", id, l->before);

	return by_id ? by_id
		     : db_int(tx->db, 0,
			       "SELECT CASE count(*) WHEN 1 THEN max(n.id) ELSE 0 END FROM file o JOIN file n"
			       " ON n.tool = o.tool AND n.id > ?2 AND n.etag = o.etag AND n.size = o.size"
			       " AND n.mtime = o.mtime AND n.folder = 0 AND n.remote_name NOT NULL AND "
			       "n.version = 1"
			       " WHERE o.id = ?1 AND o.folder = 0 AND NOT o.unsent AND o.etag <> '' AND "
			       "o.size > 0",
			       "ii", id, l->before);
}

static int sweep_rows(struct tx *tx, void *argument)
{
	struct sweep *s = argument;
	int r = 0;

	for (size_t i = 0; i < s->count && r == 0; i++) {
		int64_t next = successor(tx, s->l, s->lost[i].id);

		r = next ? store_drive_same(tx, s->lost[i].id, next)
			 : store_drive_missing(tx, s->lost[i].id, s->l->asked_ms);
	}
	return r;
}

static void note_room(struct worker *w)
{
	const struct file_ops *files = w->link->ops->files;
	int64_t total, left;
	struct err e = {0};

	if (files->room && files->room(w->link, &total, &left, &e) == 0)
		cache_set_room(w->sync->cache, total, left);
}

int drive_pull(struct worker *w, struct err *e)
{
	struct listing l = {.w = w, .asked_ms = clock_now_ms()};
	struct file_walk walk = {.path = "", .sink = sink, .context = &l};
	struct sweep s = {.l = &l};
	int r;

	l.newest = db_int(store_db(w->store), 0, "SELECT max(id) FROM file", "");
	l.before = w->newest_file ? w->newest_file : l.newest;
	r = w->link->ops->files->walk(w->link, &walk, e);
	if (r == 0) {
		collect(&s, store_db(w->store));
		qsort(s.lost, s.count, sizeof(*s.lost), deepest_first);
		r = s.count ? store_write(w->store, sweep_rows, &s) : 0;
		w->newest_file = l.newest;
	}
	if (r == 0)
		note_room(w);
	free(s.lost);
	free(l.seen);
	free(l.dir);
	return r;
}
