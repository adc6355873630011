/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of a client or project have a folder of its name in the drive. It is made when the first file is dropped into the
 * client's own folder: what is no record there becomes a document a moment after it was written. It follows when the client is renamed.
 */
#include "tree/filing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/drive.h"
#include "tree/draft.h"
#include "tree/kinds.h"
#include "tree/remote.h"

enum { GRACE_MS = 3000, RETRY_MS = 60000 };

/* A file that somebody dropped. */
struct dropped {
	int64_t id;
	struct place dir;
	char *name;
	int64_t mtime_ms;
};

static const char *top_of(int type)
{
	static const char *const tops[TYPE_COUNT] = {[TYPE_CLIENT] = "Clients", [TYPE_PROJECT] = "Projects"};

	return tops[type];
}

int filing_find(struct tree *tree, int type, const char *name, int64_t *ret)
{
	int64_t tool, top;
	struct file_stat stat;

	if (tree->drive < 0 || !top_of(type))
		return -ENOENT;
	tool = store_tool_id(tree->store, tree->drive);
	if (store_file_find(store_db(tree->store), tool, 0, top_of(type), &top) < 0 ||
		store_file_find(store_db(tree->store), tool, top, name, ret) < 0)
		return -ENOENT;
	return store_file_stat(store_db(tree->store), *ret, &stat) == 0 && stat.folder ? 0 : -ENOENT;
}

char *filing_path(int type, const char *name)
{
	return str_format("documents/%s/%s", top_of(type), name);
}

/* ---- dropped files ---- */

/* Makes a folder unless it is there. */
static int enter(struct tree *tree, int64_t parent, const char *name, int64_t *ret)
{
	int64_t tool = store_tool_id(tree->store, tree->drive);
	int r;

	if (store_file_find(store_db(tree->store), tool, parent, name, ret) == 0)
		return 0;
	r = document_mkdir(tree, parent, name);
	return r < 0 && r != -EEXIST ? r : store_file_find(store_db(tree->store), tool, parent, name, ret);
}

static int put_bytes(int fd, const struct buf *bytes)
{
	for (size_t done = 0; done < bytes->len;) {
		ssize_t n = pwrite(fd, bytes->data + done, bytes->len - done, (off_t)done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* A new document, all of it or nothing. */
static int put_document(struct tree *tree, int64_t parent, const char *name, const struct buf *bytes)
{
	_cleanup_(fd_closep) int fd = -1;
	struct remote_open open = {0};
	int64_t id;
	int r;

	if (tree->remote) {
		r = remote_create(tree, parent, name, &id, &open);
		if (r == 0) {
			r = put_bytes(content_fd(open.content), bytes);
			remote_close(&open);
		}
	} else {
		fd = document_open(tree, parent, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		r = fd < 0 ? fd : put_bytes(fd, bytes);
		if (r == 0)
			r = fsync(fd) < 0 ? -errno : document_note(tree, parent, name, NULL);
	}
	if (r < 0 && r != -EEXIST)
		(void)document_unlink(tree, parent, name, 0, NULL);
	return r;
}

/* Beside one of that name that is there. */
static int put_beside(struct tree *tree, int64_t parent, const char *name, const struct buf *bytes)
{
	const char *dot = strrchr(name, '.');
	int stem = dot && dot != name ? (int)(dot - name) : (int)strlen(name);
	int r = put_document(tree, parent, name, bytes);

	for (int i = 2; r == -EEXIST && i < 1000; i++) {
		_cleanup_(mem_freep) char *other = str_format("%.*s ~%d%s", stem, name, i, name + stem);

		r = put_document(tree, parent, other, bytes);
	}
	return r;
}

static int drop_row(struct tx *tx, void *argument)
{
	struct dropped *d = argument;
	int r = store_scratch_remove(tx, d->id);

	if (r == 0)
		r = store_event(tx, EVENT_REMOVED, place_to_ino(d->dir), d->name,
			place_ino(PLACE_SCRATCH, 0, (uint64_t)d->id));
	/* The link appears with the folder. */
	return r < 0 ? r
		     : store_event(tx, EVENT_ADDED, place_to_ino(d->dir), "documents",
			       place_ino(PLACE_DOCS_LINK, d->dir.a, d->dir.b));
}

static int file_away(struct tree *tree, struct dropped *d)
{
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_(mem_freep) char *name = store_record_name(store_db(tree->store), d->dir.b);
	struct err e = {0};
	int64_t top, folder;
	int r = name ? store_scratch_read(store_db(tree->store), d->id, &bytes) : -ENOENT;

	if (r == 0)
		r = enter(tree, 0, top_of((int)d->dir.a), &top);
	if (r == 0)
		r = enter(tree, top, name, &folder);
	if (r == 0)
		r = document_writable(tree, folder, &e);
	if (r == 0)
		r = put_beside(tree, folder, d->name, &bytes);
	/* Put there first: cut off here, it is there twice, which is better than nowhere. */
	if (r == 0)
		r = store_write(tree->store, drop_row, d);
	if (r < 0)
		log_warning("tree", "%s stays in the folder of %s: %s", d->name, name ? name : "?",
			e.code ? e.text : strerror(-r));
	buf_finish(&bytes);
	return r;
}

/* What programs make for themselves, and what is to become a record, is left where it is. */
static _Bool is_document(const char *name)
{
	return !document_hidden("", name) && !store_drive_private(name) && !strstr(name, ".json") &&
	       !strstr(name, ".vcf");
}

/* The next one behind @after; false: there is none. */
static _Bool next_dropped(struct tree *tree, int64_t after, struct dropped *ret)
{
	sqlite3_stmt *q = db_query(store_db(tree->store),
		"SELECT id, dir, name, mtime FROM scratch WHERE id > ?1 AND dir >> 56 = ?2 AND target IS NULL"
		" AND mode & ?3 = 0 AND length(bytes) > 0 ORDER BY id LIMIT 1",
		"iii", after, (int64_t)PLACE_RECORD_DIR, (int64_t)S_IFDIR);

	if (!db_row(q))
		return 0;
	*ret = (struct dropped){.id = sqlite3_column_int64(q, 0),
		.dir = place_of_ino((uint64_t)sqlite3_column_int64(q, 1)),
		.name = str_dup(db_column_text(q, 2)),
		.mtime_ms = sqlite3_column_int64(q, 3)};
	db_done(q);
	return 1;
}

static int64_t file_dropped(struct tree *tree, int64_t now)
{
	struct dropped d = {0};
	int64_t next = 0;

	/* It could not be done a moment ago. */
	if (now < tree->filing_ms)
		return tree->filing_ms;
	while (next_dropped(tree, d.id, &d) && !atomic_load(&tree->stop)) {
		_Bool open = draft_is_open(tree, place_ino(PLACE_SCRATCH, 0, (uint64_t)d.id));
		int64_t due = open || d.mtime_ms > now ? now + GRACE_MS : d.mtime_ms + GRACE_MS;

		if (is_document(d.name) && top_of((int)d.dir.a)) {
			if (due <= now && file_away(tree, &d) < 0)
				tree->filing_ms = due = now + RETRY_MS;
			if (due > now && (!next || due < next))
				next = due;
		}
		free(d.name);
	}
	return next;
}

/* ---- renamed clients ---- */

struct renamed {
	int64_t id;
	int type;
	char *old, *name;
};

static int forget_renamed(struct tx *tx, void *argument)
{
	return db_run(tx->db, "DELETE FROM renamed WHERE id = ?1", "i", ((struct renamed *)argument)->id);
}

static void follow(struct tree *tree, struct renamed *m)
{
	int64_t folder, taken, top;
	int r = filing_find(tree, m->type, m->old, &folder);

	if (r == 0 && filing_find(tree, m->type, m->name, &taken) < 0 &&
		store_file_find(store_db(tree->store), store_tool_id(tree->store, tree->drive), 0,
			top_of(m->type), &top) == 0)
		r = document_rename(tree, top, m->old, top, m->name, 0, NULL);
	if (r < 0 && r != -ENOENT)
		log_warning(
			"tree", "the folder %s/%s keeps its name: %s", top_of(m->type), m->old, strerror(-r));
	(void)store_write(tree->store, forget_renamed, m);
}

static void follow_renamed(struct tree *tree)
{
	for (;;) {
		sqlite3_stmt *q = db_query(store_db(tree->store),
			"SELECT id, type, old, name FROM renamed ORDER BY id LIMIT 1", "");
		struct renamed m;

		if (!db_row(q))
			return;
		m = (struct renamed){sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1),
			str_dup(db_column_text(q, 2)), str_dup(db_column_text(q, 3))};
		db_done(q);
		follow(tree, &m);
		free(m.old);
		free(m.name);
	}
}

int64_t filing_keep(struct tree *tree, int64_t now)
{
	if (tree->drive < 0)
		return 0;
	follow_renamed(tree);
	return file_dropped(tree, now);
}
