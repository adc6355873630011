/* SPDX-License-Identifier: Apache-2.0 */
/* Documents whose bytes are in a tool: open, read, written. */
#include "tree/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "tree/save.h"

enum { MOST_SEEN = 256 };

struct seen {
	pthread_mutex_t mutex;
	struct {
		int32_t process;
		int64_t file;
		int64_t version;
	} list[MOST_SEEN];
	size_t next;
};

static int64_t tool_row(struct tree *tree)
{
	return store_tool_id(tree->store, tree->drive);
}

/* ---- what was read by whom ---- */

static void note_seen(struct tree *tree, const struct caller *who, int64_t file, int64_t version)
{
	struct seen *s = tree->remote->seen;
	int32_t process = who ? save_process(who) : 0;
	size_t i = 0;

	if (!process)
		return;
	pthread_mutex_lock(&s->mutex);
	while (i < MOST_SEEN && (s->list[i].process != process || s->list[i].file != file))
		i++;
	/* What it has read first is what it edits, until it saves. */
	if (i == MOST_SEEN) {
		i = s->next++ % MOST_SEEN;
		s->list[i].process = process;
		s->list[i].file = file;
		s->list[i].version = version;
	}
	pthread_mutex_unlock(&s->mutex);
}

/* The version that the process had read of the file, once; 0: none */
static int64_t take_seen(struct tree *tree, const struct caller *who, int64_t file)
{
	struct seen *s = tree->remote->seen;
	int32_t process = who ? save_process(who) : 0;
	int64_t version = 0;

	pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; process && i < MOST_SEEN && !version; i++) {
		if (s->list[i].process != process || s->list[i].file != file)
			continue;
		version = s->list[i].version;
		s->list[i].process = 0;
	}
	pthread_mutex_unlock(&s->mutex);
	return version;
}

/* ---- starting ---- */

struct recovery {
	struct tree *tree;
};

static int64_t staged_size(void *context, int64_t id, int64_t version)
{
	struct recovery *c = context;

	return cache_restage(c->tree->remote->cache, id, version);
}

/* Staged bytes, after a crash. What the database has never heard of is not for it to remove: it may be older than they are. */
static _Bool is_unsent(void *context, int64_t id, int64_t version)
{
	struct recovery *c = context;
	struct db *db = store_db(c->tree->store);
	struct drive_bytes bytes;

	if (store_drive_bytes(db, id, &bytes) < 0)
		return id > db_int(db, 0, "SELECT seq FROM sqlite_sequence WHERE name = 'file'", "");
	free(bytes.etag);
	return version > bytes.version || (version == bytes.version && bytes.unsent);
}

static int recover(struct tx *tx, void *argument)
{
	struct recovery *c = argument;

	return store_drive_recover(tx, tool_row(c->tree), staged_size, c);
}

void remote_begin(struct tree *tree, struct cache *cache)
{
	struct recovery c = {tree};

	tree->remote = mem_alloc(sizeof(*tree->remote));
	tree->remote->cache = cache;
	tree->remote->seen = mem_alloc(sizeof(*tree->remote->seen));
	pthread_mutex_init(&tree->remote->seen->mutex, NULL);
	/* What a row that could not be read wants is not to be guessed. */
	if (store_write(tree->store, recover, &c) == 0)
		cache_tidy(cache, is_unsent, &c);
}

void remote_end(struct tree *tree)
{
	if (!tree->remote)
		return;
	pthread_mutex_destroy(&tree->remote->seen->mutex);
	free(tree->remote->seen);
	free(tree->remote);
}

/* ---- open files ---- */

struct writing {
	int64_t id, version, size, mtime_ms;
	int64_t seen; /* what it begins with */
	_Bool anew;
	struct drive_bytes begun;
};

static int begin_row(struct tx *tx, void *argument)
{
	struct writing *w = argument;

	return store_drive_write(tx, w->id, w->seen, w->anew, &w->begun);
}

static int unbegin_row(struct tx *tx, void *argument)
{
	struct writing *w = argument;

	return store_drive_unwrite(tx, w->id, &w->begun);
}

static int end_row(struct tx *tx, void *argument)
{
	struct writing *w = argument;

	return store_drive_written(tx, w->id, w->version, w->size, w->mtime_ms);
}

/* Becomes one of those who write; 1, 0: not yet, or -errno. */
static int begin(struct remote_open *o, _Bool empty, uint64_t *ask)
{
	struct writing w = {.id = o->id, .seen = o->seen, .anew = empty};
	int r = content_claim(o->content);

	if (r == 1) {
		o->writing = 1;
		return empty && ftruncate(content_fd(o->content), 0) < 0 ? -errno : 1;
	}
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	r = empty ? 1 : content_whole(o->content, ask);
	if (r == 1) {
		if (!empty)
			w.seen = content_version(o->content);
		r = store_write(o->tree->store, begin_row, &w);
		if (r == 0) {
			r = content_stage(o->content, w.begun.version, empty);
			if (r == 0) {
				o->writing = 1;
				return 1;
			}
			(void)store_write(o->tree->store, unbegin_row, &w);
		}
	}
	content_unclaim(o->content);
	return r;
}

int remote_open(struct tree *tree, int64_t id, int flags, const struct caller *who, struct remote_open *ret)
{
	struct drive_bytes bytes;
	struct version v;
	uint64_t ask = 0;
	int r = store_drive_bytes(store_db(tree->store), id, &bytes);

	if (r < 0)
		return r;
	v = (struct version){tree->drive, id, bytes.version, bytes.size, bytes.unsent};
	*ret = (struct remote_open){.tree = tree, .id = id, .seen = bytes.version};
	free(bytes.etag);
	r = content_open(tree->remote->cache, &v, &ret->content);
	if (r == 0 && (flags & O_ACCMODE) == O_RDONLY)
		note_seen(tree, who, id, bytes.version);
	if (r == 0 && (flags & O_TRUNC)) {
		/* A program that writes anew what it had read edits that, and nothing newer; any other replaces what is there. */
		ret->seen = take_seen(tree, who, id);
		r = begin(ret, 1, &ask);
		r = r == 1 ? 0 : r == 0 ? -EAGAIN : r;
	}
	if (r < 0)
		remote_close(ret);
	return r;
}

struct making {
	struct tree *tree;
	int64_t parent, id;
	const char *name;
	_Bool folder;
};

static int make_row(struct tx *tx, void *argument)
{
	struct making *m = argument;

	return store_drive_make(tx, tool_row(m->tree), m->parent, m->name, m->folder, &m->id);
}

static int unmake_row(struct tx *tx, void *argument)
{
	return store_drive_remove(tx, ((struct making *)argument)->id);
}

int remote_create(
	struct tree *tree, int64_t parent, const char *name, int64_t *ret_id, struct remote_open *ret)
{
	struct making m = {tree, parent, 0, name, 0};
	int r = store_write(tree->store, make_row, &m);

	if (r < 0)
		return r;
	*ret = (struct remote_open){.tree = tree, .id = m.id};
	*ret_id = m.id;
	/* An empty version of nothing, which is then written to: the row is marked already. */
	r = content_open(tree->remote->cache, &(struct version){tree->drive, m.id, 0, 0, 0}, &ret->content);
	if (r == 0)
		r = content_claim(ret->content);
	if (r == 0)
		r = content_stage(ret->content, 1, 1);
	ret->writing = r == 0;
	if (r < 0) {
		remote_close(ret);
		(void)store_write(tree->store, unmake_row, &m);
	}
	return r;
}

void remote_close(struct remote_open *o)
{
	struct writing w = {.id = o->id};
	struct stat st;

	if (o->writing) {
		/* Looked at while it is still ours: whoever begins next has another version. */
		w.version = content_version(o->content);
		if (fstat(content_fd(o->content), &st) == 0) {
			w.size = st.st_size;
			w.mtime_ms = st.st_mtim.tv_sec * INT64_C(1000) + st.st_mtim.tv_nsec / 1000000;
		}
		/* A disk that is full of it is emptied by the next start, which looks again. */
		if (content_unclaim(o->content))
			(void)store_write(o->tree->store, end_row, &w);
	}
	content_close(o->content);
	*o = (struct remote_open){0};
}

int remote_ready(struct remote_open *o, int64_t offset, int64_t len, _Bool write, uint64_t *ask)
{
	if (!write || o->writing)
		return content_ask(o->content, offset, len, ask);
	return begin(o, 0, ask);
}

int remote_resize(struct tree *tree, struct remote_open *o, int64_t id, int64_t size, struct err *e)
{
	struct remote_open own = {0};
	uint64_t ask = 0;
	int r = o ? 0 : remote_open(tree, id, O_WRONLY, NULL, &own);

	if (r < 0)
		return r;
	if (!o)
		o = &own;
	r = o->writing ? 1 : begin(o, size == 0, &ask);
	if (r == 1)
		r = ftruncate(content_fd(o->content), size) < 0 ? -errno : 0;
	else if (r == 0)
		r = err_set(e, EAGAIN, "what is in it is being fetched; do it again in a moment");
	if (own.content)
		remote_close(&own);
	return r;
}

/* @t is closed. */
static int stat_content(struct content *t, int64_t *ret_size, int64_t *ret_mtime_ms)
{
	struct stat st;
	int r;

	if (!t)
		return -ENOENT;
	r = fstat(content_fd(t), &st);
	if (r == 0) {
		*ret_size = st.st_size;
		*ret_mtime_ms = st.st_mtim.tv_sec * INT64_C(1000) + st.st_mtim.tv_nsec / 1000000;
	}
	content_close(t);
	return r < 0 ? -errno : 0;
}

int remote_stat(struct tree *tree, int64_t id, int64_t *ret_size, int64_t *ret_mtime_ms)
{
	return stat_content(content_named(tree->remote->cache, id), ret_size, ret_mtime_ms);
}

int remote_left(struct tree *tree, int64_t id, int64_t *ret_size, int64_t *ret_mtime_ms)
{
	return stat_content(content_left(tree->remote->cache, id), ret_size, ret_mtime_ms);
}

/* ---- names ---- */

int remote_mkdir(struct tree *tree, int64_t parent, const char *name)
{
	struct making m = {tree, parent, 0, name, 1};

	return store_write(tree->store, make_row, &m);
}

struct moving {
	struct tree *tree;
	int64_t parent, new_parent, replaced, replaced_version, seen, id;
	const char *name, *new_name;
	_Bool folder;
	char *path; /* in the trash */
};

static int find(struct tx *tx, struct moving *m, int64_t *ret)
{
	return store_file_find(tx->db, tool_row(m->tree), m->parent, m->name, ret);
}

static int move_row(struct tx *tx, void *argument)
{
	struct moving *m = argument;
	int r = find(tx, m, &m->id);

	return r < 0 ? r : store_drive_move(tx, m->id, m->new_parent, m->new_name, m->seen);
}

/* What was staged of a file that is replaced or removed is of no use any more. */
static void note_staged(struct moving *m, int64_t id)
{
	struct drive_bytes bytes;

	if (store_drive_bytes(store_db(m->tree->store), id, &bytes) < 0)
		return;
	free(bytes.etag);
	if (!bytes.unsent)
		return;
	m->replaced = id;
	m->replaced_version = bytes.version;
}

static void discard_staged(const struct moving *m)
{
	if (m->replaced)
		cache_discard(m->tree->remote->cache, m->replaced, m->replaced_version);
}

int remote_rename(struct tree *tree, int64_t parent, const char *name, int64_t new_parent,
	const char *new_name, const struct caller *who)
{
	struct moving m = {
		.tree = tree, .parent = parent, .new_parent = new_parent, .name = name, .new_name = new_name};
	struct drive_bytes bytes;
	int64_t there;
	int r;

	if (store_file_find(store_db(tree->store), tool_row(tree), new_parent, new_name, &there) == 0) {
		note_staged(&m, there);
		m.seen = take_seen(tree, who, there);
	}
	r = store_write(tree->store, move_row, &m);
	if (r < 0)
		return r;
	discard_staged(&m);
	/* Who has put it there knows what is in it. */
	if (store_drive_bytes(store_db(tree->store), m.id, &bytes) == 0) {
		free(bytes.etag);
		note_seen(tree, who, m.id, bytes.version);
	}
	return 0;
}

static int remove_row(struct tx *tx, void *argument)
{
	struct moving *m = argument;
	int64_t id;
	int r = find(tx, m, &id);

	return r < 0 ? r : store_drive_remove(tx, id);
}

static int enter(struct tx *tx, struct moving *m, int64_t parent, const char *name, int64_t *ret)
{
	int64_t tool = tool_row(m->tree);

	return store_file_find(tx->db, tool, parent, name, ret) == 0
		       ? 0
		       : store_drive_make(tx, tool, parent, name, 1, ret);
}

/* Into the trash's folder of today, under the path that it had. */
static int trash_row(struct tx *tx, void *argument)
{
	struct moving *m = argument;
	_cleanup_(mem_freep) char *path = str_dup(m->path);
	int64_t id, taken, dir = 0;
	char *rest, *name;
	int r = find(tx, m, &id);

	for (name = strtok_r(path, "/", &rest); name && r == 0; name = strtok_r(NULL, "/", &rest))
		r = enter(tx, m, dir, name, &dir);
	for (int i = 1; r == 0 && i < 1000; i++) {
		_cleanup_(mem_freep) char *other =
			i == 1 ? str_dup(m->name) : str_format("%.240s ~%d", m->name, i);

		if (store_file_find(tx->db, tool_row(m->tree), dir, other, &taken) < 0)
			return store_drive_move(tx, id, dir, other, 0);
	}
	return r < 0 ? r : -EEXIST;
}

static _Bool is_placed(struct tree *tree, int64_t id)
{
	_cleanup_(mem_freep) char *path = store_drive_path(store_db(tree->store), id);

	return path != NULL;
}

int remote_unlink(struct tree *tree, int64_t parent, const char *name, _Bool folder, struct err *e)
{
	struct moving m = {.tree = tree, .parent = parent, .name = name, .folder = folder};
	_cleanup_(mem_freep) char *path =
		parent ? store_file_path(store_db(tree->store), parent) : str_dup("");
	_cleanup_(mem_freep) char *trash = NULL;
	int64_t id;
	int r;

	if (!path || store_file_find(store_db(tree->store), tool_row(tree), parent, name, &id) < 0)
		return -ENOENT;
	if (document_in_trash(path) && !folder)
		return document_trash_refuses(e);
	/* What the tool has never had is no loss to it. */
	if (!folder && !document_hidden(path, name) && is_placed(tree, id)) {
		trash = document_trash_path(path);
		m.path = trash;
		return store_write(tree->store, trash_row, &m);
	}
	if (!folder)
		note_staged(&m, id);
	r = store_write(tree->store, remove_row, &m);
	if (r == 0)
		discard_staged(&m);
	return r;
}

static int touch_row(struct tx *tx, void *argument)
{
	struct writing *w = argument;

	return store_drive_touch(tx, w->id, w->mtime_ms);
}

int remote_touch(struct tree *tree, int64_t id, int64_t mtime_ms)
{
	struct content *t = content_named(tree->remote->cache, id);
	struct writing w = {.id = id, .mtime_ms = mtime_ms};
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {mtime_ms / 1000, mtime_ms % 1000 * 1000000}};

	if (t) {
		futimens(content_fd(t), times);
		content_close(t);
	}
	return store_write(tree->store, touch_row, &w);
}
