/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/guard.h"
#include "sync/worker.h"

/* So many missing ones are asked for after one listing, the rest after the next. */
enum { MAX_MISSING = 1000, FULL_EVERY = 60 };

/* One listing of one type. */
struct pull {
	struct worker *w;
	enum type_id type;
	int64_t pass;
	const struct remote *page;
	size_t count;
	const char *cursor;
	_Bool complete;
	_Bool again; /* something was left for the next listing: it must be shown there */
};

static int apply_one(struct tx *tx, void *argument)
{
	const struct arrival *a = argument;

	return a->remote->deleted ? merge_gone(tx, a->worker, a->type, a->remote->id)
				  : merge_arrival(tx, a, NULL);
}

/* One record that cannot be taken in must not hold up the others; a database that cannot be written does. */
static int apply_page(struct tx *tx, void *argument)
{
	struct pull *p = argument;

	for (size_t i = 0; i < p->count; i++) {
		struct arrival a = {p->w, p->type, &p->page[i], p->pass};
		int r = store_try(tx, apply_one, &a);

		if (r == -ENOSPC || r == -EIO || r == -EROFS)
			return r;
		p->again |= r == MERGE_LATER;
		if (r < 0)
			log_warning("sync", "%s: %s %s cannot be taken in: %s", p->w->link->name,
				type_get(p->type)->name, p->page[i].id, strerror(-r));
	}
	return 0;
}

static int take_page(void *context, const struct remote *remotes, size_t count)
{
	struct pull *p = context;

	p->page = remotes;
	p->count = count;
	return store_write(p->w->store, apply_page, p);
}

/* ---- what a complete listing lacks ---- */

struct missing {
	struct worker *w;
	enum type_id type;
	char *remotes[MAX_MISSING];
	size_t count;
	const char *one;
};

static size_t find_missing(struct pull *p, struct missing *m)
{
	sqlite3_stmt *q = db_query(store_db(p->w->store),
		"SELECT remote FROM link WHERE tool = ?1 AND type = ?2 AND seen < ?3 AND NOT gone", "iii",
		p->w->tool_id, (int64_t)p->type, p->pass);

	while (db_row(q)) {
		if (m->count < MAX_MISSING)
			m->remotes[m->count] = str_dup(db_column_text(q, 0));
		m->count++;
	}
	return m->count;
}

static int drop_one(struct tx *tx, void *argument)
{
	struct missing *m = argument;

	return merge_gone(tx, m->w, m->type, m->one);
}

int pull_pass_over(const struct worker *w, enum type_id type, const char *id, int r, struct err *e)
{
	if (r >= 0 || !e->code || e->scope != ERR_RECORD)
		return r;
	log_info("sync", "%s: %s %s: %s", w->link->name, type_get(type)->name, id, e->text);
	err_clear(e);
	return 0;
}

/* Each is asked for by itself before it counts as deleted: a listing can lie. */
static int confirm_missing(struct pull *p, struct missing *m, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < m->count && i < MAX_MISSING && r == 0; i++) {
		struct remote remote = {0};

		r = p->w->link->ops->get(p->w->link, p->type, m->remotes[i], &remote, e);
		if (r == -ENOENT) {
			m->one = m->remotes[i];
			r = store_write(p->w->store, drop_one, m);
		} else if (r == 0) {
			r = take_page(p, &remote, 1);
		} else {
			r = pull_pass_over(p->w, p->type, m->remotes[i], r, e);
		}
		remote_finish(&remote);
	}
	return r;
}

struct holding {
	struct pull *pull;
	int64_t lacks, all;
};

static int hold(struct tx *tx, void *argument)
{
	const struct holding *h = argument;

	return store_guard_hold(tx, h->pull->w->tool_id, h->pull->type, h->lacks, h->all);
}

static int over(struct tx *tx, void *argument)
{
	const struct holding *h = argument;

	return store_guard_over(tx, h->pull->w->tool_id, h->pull->type);
}

static int stop(const struct holding *h, struct err *e)
{
	struct pull *p = h->pull;
	int r = store_write(p->w->store, hold, (void *)h);

	if (r < 0)
		return r;
	r = err_set(e, EPERM,
		"%s suddenly lacks %lld of %lld %s: nothing was removed here; \"seamfs approve\" if they are "
		"really gone there",
		p->w->link->name, (long long)h->lacks, (long long)h->all, type_get(p->type)->plural);
	if (e)
		e->scope = ERR_COLLECTION;
	return r;
}

static int sweep(struct pull *p, struct err *e)
{
	struct missing *m = mem_alloc(sizeof(*m));
	struct db *db = store_db(p->w->store);
	struct holding h = {.pull = p,
		.all = db_int(db, 0, "SELECT count(*) FROM link WHERE tool = ?1 AND type = ?2 AND NOT gone",
			"ii", p->w->tool_id, (int64_t)p->type)};
	int r;

	m->w = p->w;
	m->type = p->type;
	h.lacks = (int64_t)find_missing(p, m);
	if (store_guard_stops(db, p->w->stack, p->w->tool_id, p->type, h.lacks, h.all)) {
		r = stop(&h, e);
	} else {
		r = confirm_missing(p, m, e);
		if (r == 0 && h.lacks <= MAX_MISSING && store_guard_held(db, p->w->tool_id, p->type))
			r = store_write(p->w->store, over, &h);
	}
	for (size_t i = 0; i < m->count && i < MAX_MISSING; i++)
		free(m->remotes[i]);
	free(m);
	return r;
}

/* ---- references that came before what they refer to ---- */

/* The raw form is mapped by the connector only, so such records are simply asked for again. */
static int fetch_unresolved(struct worker *w, enum type_id type, struct err *e)
{
	struct pull p = {.w = w, .type = type};
	int64_t after = 0;
	int r = 0;

	while (r == 0 && !atomic_load(&w->sync->stop)) {
		struct db *db = store_db(w->store);
		struct remote remote = {0};
		_cleanup_(mem_freep) char *id = NULL;

		after = db_int(db, 0,
			"SELECT min(id) FROM link WHERE tool = ?1 AND type = ?2 AND unresolved AND NOT gone "
			"AND id > ?3",
			"iii", w->tool_id, (int64_t)type, after);
		if (!after)
			break;
		id = db_text(db, "SELECT remote FROM link WHERE id = ?1", "i", after);
		if (!id)
			continue;
		r = w->link->ops->get(w->link, type, id, &remote, e);
		if (r == 0)
			r = take_page(&p, &remote, 1);
		else
			r = r == -ENOENT ? 0 : pull_pass_over(w, type, id, r, e);
		remote_finish(&remote);
	}
	return r;
}

/* ---- one record ---- */

int pull_one(struct worker *w, enum type_id type, const char *id, struct err *e)
{
	struct pull p = {.w = w, .type = type};
	struct remote remote = {0};
	int r = w->link->ops->get(w->link, type, id, &remote, e);

	if (r == 0)
		r = take_page(&p, &remote, 1);
	remote_finish(&remote);
	return r;
}

int pull_gone(struct worker *w, enum type_id type, const char *id)
{
	struct missing m = {.w = w, .type = type, .one = id};

	return store_write(w->store, drop_one, &m);
}

/* ---- one type ---- */

static int finish_listing(struct tx *tx, void *argument)
{
	struct pull *p = argument;
	int r = store_cursor_put(tx, p->w->tool_id, p->type, p->cursor, p->complete, p->pass);

	return r == 0 ? store_outbox_fill(tx, p->w->tool, p->type) : r;
}

static int64_t links_made(struct worker *w)
{
	return db_int(store_db(w->store), 0, "SELECT max(id) FROM link", "");
}

int pull_type(struct worker *w, enum type_id type, struct err *e)
{
	struct pull p = {.w = w, .type = type};
	_Bool was_complete, complete = 0;
	_cleanup_(mem_freep) char *cursor =
		store_cursor(store_db(w->store), w->tool_id, type, &was_complete, &p.pass);
	_cleanup_(mem_freep) char *next = NULL;
	int r;

	/* What is new since last time does not tell what was deleted: now and then everything is listed. */
	if (++p.pass % FULL_EVERY == 0)
		str_set(&cursor, NULL);
	r = w->link->ops->list(w->link, type, cursor, take_page, &p, &next, &complete, e);
	if (r == 0 && complete)
		r = sweep(&p, e);
	if (r < 0)
		return r;
	p.complete = complete;
	p.cursor = next && !p.again ? next : cursor;
	r = store_write(w->store, finish_listing, &p);
	/* What was referred to may have come meanwhile, from any tool. */
	if (r == 0 && links_made(w) > w->links_seen[type]) {
		w->links_seen[type] = links_made(w);
		r = fetch_unresolved(w, type, e);
	}
	return r;
}

/* ---- documents ---- */

struct files {
	struct worker *w;
	const struct remote_file *page;
	size_t count;
	int64_t pass;
};

static int put_file(struct tx *tx, struct files *f, const struct remote_file *file)
{
	struct file_stat stat = {.folder = file->folder, .size = file->size, .mtime_ms = file->mtime_ms};
	_cleanup_(mem_freep) char *path = str_dup(file->path);
	int64_t parent = 0;
	char *name = path, *slash;

	while ((slash = strchr(name, '/'))) {
		*slash = '\0';
		/* Its folder vanished between two pages: the next listing tells. */
		if (store_file_find(tx->db, f->w->tool_id, parent, name, &parent) < 0)
			return 0;
		name = slash + 1;
	}
	return store_file_put(tx, f->w->tool_id, parent, name, &stat, f->pass, NULL);
}

static int apply_files(struct tx *tx, void *argument)
{
	struct files *f = argument;
	int r = 0;

	for (size_t i = 0; i < f->count && r == 0; i++)
		r = put_file(tx, f, &f->page[i]);
	return r;
}

static int take_files(void *context, const struct remote_file *files, size_t count)
{
	struct files *f = context;

	f->page = files;
	f->count = count;
	return store_write(f->w->store, apply_files, f);
}

static int sweep_files(struct tx *tx, void *argument)
{
	struct files *f = argument;

	return store_file_sweep(tx, f->w->tool_id, f->pass);
}

static int pull_files(struct worker *w, struct err *e)
{
	struct files f = {.w = w};
	struct file_walk walk = {.sink = take_files, .context = &f};
	int r;

	f.pass = 1 +
		 db_int(store_db(w->store), 0, "SELECT max(pass) FROM file WHERE tool = ?1", "i", w->tool_id);
	r = w->link->ops->files->walk(w->link, &walk, e);
	return r == 0 ? store_write(w->store, sweep_files, &f) : r;
}

/* ---- all ---- */

int pull_all(struct worker *w, struct err *e)
{
	const struct tool *tool = &w->stack->tools[w->tool];
	int result = 0;

	/* In the order of the types: what is referred to comes first. */
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT && !atomic_load(&w->sync->stop); t++) {
		struct err why = {0};
		int r;

		if (!tool->types[t].used || !tool->types[t].reads)
			continue;
		r = pull_type(w, (enum type_id)t, &why);
		if (r == 0)
			continue;
		if (!why.code)
			err_set(&why, -r, "%s: %s could not be fetched: %s", w->link->name,
				type_get((enum type_id)t)->plural, strerror(-r));
		log_warning("sync", "%s: %s: %s", w->link->name, type_get((enum type_id)t)->plural, why.text);
		if (result == 0)
			*e = why;
		result = result ? result : r;
		/* One type that fails leaves the others alone, unless the tool itself is out of reach. */
		if (why.scope == ERR_TOOL)
			return result;
	}
	if (result == 0 && w->link->ops->files && tool->types[TYPE_DOCUMENT].used)
		result = w->link->folder ? pull_files(w, e) : drive_pull(w, e);
	return result;
}
