/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of documents on their way, beside everything else that a tool is asked. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/registry.h"
#include "sync/worker.h"

enum { LOOK_MS = 500, LONGEST_SLEEP_MS = 60000, PIECE = 65536 };

/* ---- to us ---- */

static int fill(void *context, const void *bytes, size_t len)
{
	return fetch_fill(context, bytes, len);
}

static int ask_again(struct tx *tx, void *argument)
{
	return store_tool_refresh(tx, ((struct worker *)argument)->tool_id);
}

static void fetch(struct carrier *c, struct fetch *f)
{
	struct db *db = store_db(c->worker->store);
	_cleanup_(mem_freep) char *path = store_drive_path(db, f->version.file);
	_cleanup_(mem_freep) char *etag = NULL;
	struct drive_bytes bytes = {0};
	struct err e = {0};
	int r = path ? store_drive_bytes(db, f->version.file, &bytes) : -ENOENT;

	etag = bytes.etag;
	/* Another version is there by now. */
	if (r == 0 && bytes.version != f->version.number)
		r = -ESTALE;
	if (r == 0)
		r = c->link->ops->files->read(
			c->link, path, etag && *etag ? etag : NULL, f->offset, f->len, fill, f, &e);
	if (r < 0)
		log_info("sync", "%s: %s: %s", c->link->name, path ? path : "",
			e.code ? e.text : strerror(-r));
	if (r == -ESTALE || r == -ENOENT)
		(void)store_write(c->worker->store, ask_again, c->worker);
	fetch_end(f, r);
}

/* ---- to the tool ---- */

struct parcel {
	struct carrier *carrier;
	const struct drive_task *task;
	struct drive_fact fact;
	int64_t sent;
	const char *resume;
	_Bool settled;
	_Bool unwanted; /* it was removed while it was on its way */
};

static int write_sent(struct tx *tx, void *argument)
{
	struct parcel *p = argument;
	_cleanup_(mem_freep) char *path = store_file_path(tx->db, p->task->id);
	_cleanup_(mem_freep) char *full = path ? str_format("documents/%s", path) : NULL;
	struct drive_bytes now;
	int r = store_drive_done(tx, p->task, &p->fact);

	if (r == 0 && full && p->task->failures)
		r = store_problem_clear(tx, 0, full);
	if (r < 0)
		return r;
	if (store_drive_bytes(tx->db, p->task->id, &now) == 0) {
		p->settled = !now.unsent;
		free(now.etag);
		return 0;
	}
	r = store_drive_heir(tx, p->carrier->worker->tool_id, p->task, &p->fact);
	p->unwanted = r == -ENOENT;
	return p->unwanted ? 0 : r;
}

static int write_progress(struct tx *tx, void *argument)
{
	struct parcel *p = argument;

	return store_drive_progress(tx, p->task, p->sent, p->resume);
}

static int write_conflict(struct tx *tx, void *argument)
{
	struct parcel *p = argument;
	int r = store_drive_conflict(tx, p->task->id);

	return r < 0 ? r : store_tool_refresh(tx, p->carrier->worker->tool_id);
}

static int keep(void *context, int64_t sent, const char *resume)
{
	struct parcel *p = context;

	p->sent = sent;
	p->resume = resume;
	return store_write(p->carrier->worker->store, write_progress, p);
}

static int arrived(struct parcel *p, const struct remote_file *there)
{
	struct worker *w = p->carrier->worker;
	struct err e = {0};
	int r;

	p->fact = (struct drive_fact){there->id, there->etag, 0, there->size, there->mtime_ms};
	r = store_write(w->store, write_sent, p);
	if (r == 0 && p->settled)
		cache_settle(w->sync->cache, p->task->id, p->task->version);
	/* Where that fails, the next listing shows it again. */
	if (p->unwanted &&
		w->link->ops->files->remove(p->carrier->link, p->task->path, there->etag, &e) < 0 && e.code)
		log_info("sync", "%s: %s: %s", w->link->name, p->task->path, e.text);
	return r;
}

/* Its row went, and with it whoever wants it sent. */
static _Bool is_wanted(const struct parcel *p)
{
	struct drive_bytes now;

	if (store_drive_bytes(store_db(p->carrier->worker->store), p->task->id, &now) < 0)
		return 0;
	free(now.etag);
	return 1;
}

/* Compares what arrives with the file. */
struct comparison {
	int fd;
	int64_t offset;
};

static int compare(void *context, const void *bytes, size_t len)
{
	struct comparison *c = context;
	char own[PIECE];
	const char *p = bytes;

	for (size_t done = 0; done < len;) {
		size_t n = len - done < sizeof(own) ? len - done : sizeof(own);

		if (pread(c->fd, own, n, c->offset) != (ssize_t)n || memcmp(own, p + done, n) != 0)
			return -EUCLEAN;
		done += n;
		c->offset += (int64_t)n;
	}
	return 0;
}

/*
 * Something else is at its place. It may be what we sent ourselves: then all is well. Otherwise both are kept: theirs makes way,
 * because a program here may have the file open and will save it again under this name.
 */
static int meet(struct parcel *p, const struct file_upload *u, struct err *e)
{
	struct tool_link *link = p->carrier->link;
	const struct file_ops *files = link->ops->files;
	struct comparison c = {u->fd, 0};
	struct remote_file there = {0};
	int r = files->stat(link, u->path, &there, e);

	if (r == 0 && !there.folder && there.size == u->size &&
		files->read(link, u->path, there.etag, 0, u->size, compare, &c, e) == 0 &&
		c.offset == u->size) {
		r = arrived(p, &there);
	} else if ((r == 0 || r == -ENOENT) && !is_wanted(p)) {
		r = 0;
	} else if (r == 0 || r == -ENOENT) {
		err_clear(e);
		if (r == 0)
			r = drive_aside(p->carrier->worker, link, u->path, e);
		if (r == 0 || r == -ENOENT)
			r = store_write(p->carrier->worker->store, write_conflict, p);
	}
	remote_file_finish(&there);
	return r;
}

static int upload(struct parcel *p, int fd, struct err *e)
{
	struct tool_link *link = p->carrier->link;
	struct file_upload u = {.path = p->task->path,
		.etag = p->task->etag && *p->task->etag ? p->task->etag : NULL,
		.fd = fd,
		.mtime_ms = p->task->mtime_ms,
		.resume = p->task->resume,
		.keep = keep,
		.context = p};
	struct remote_file there = {0};
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	u.size = st.st_size;
	r = link->ops->files->write(link, &u, &there, e);
	if (r == 0)
		r = arrived(p, &there);
	else if (r == -EEXIST || r == -ESTALE || (r < 0 && e->sent && r != -ENOENT && e->scope != ERR_TOOL))
		r = meet(p, &u, e);
	remote_file_finish(&there);
	return r;
}

static int64_t send(struct carrier *c, const struct drive_task *t)
{
	struct cache *cache = c->worker->sync->cache;
	struct parcel p = {.carrier = c, .task = t};
	struct err e = {0};
	int fd = cache_upload(cache, t->id, t->version), r;

	/* Somebody has just begun to write into it: its close tells again. Or they are gone, which no haste brings back. */
	if (fd < 0)
		return LOOK_MS;
	r = upload(&p, fd, &e);
	cache_uploaded(cache, t->id, t->version, fd);
	if (r < 0 && drive_refused(c->worker, t, r, &e) < 0)
		return LOOK_MS * 4; /* the tool's own thread finds out when it is well again */
	return 0;
}

/* With the mutex held. */
static _Bool among_sent(const struct worker *w, int64_t id)
{
	for (int i = 0; i < CARRIERS; i++) {
		if (w->carriers[i].sending == id)
			return 1;
	}
	return 0;
}

_Bool carriers_busy(void *context, int64_t id)
{
	struct worker *w = context;
	_Bool busy;

	pthread_mutex_lock(&w->mutex);
	busy = among_sent(w, id);
	pthread_mutex_unlock(&w->mutex);
	return busy;
}

/* Takes a row for itself; false: there is none now. */
static _Bool take(struct carrier *c, struct drive_task *t, int64_t *ret_wake_ms)
{
	struct worker *w = c->worker;

	while (store_drive_next(
		store_db(w->store), w->tool_id, 1, clock_now_ms(), carriers_busy, w, t, ret_wake_ms)) {
		_Bool mine;

		pthread_mutex_lock(&w->mutex);
		mine = !among_sent(w, t->id);
		if (mine)
			c->sending = t->id;
		pthread_mutex_unlock(&w->mutex);
		if (mine)
			return 1;
		/* The other one was faster. */
		drive_task_finish(t);
	}
	return 0;
}

_Bool carriers_send(struct worker *w)
{
	_Bool any = 0;

	pthread_mutex_lock(&w->mutex);
	for (int i = 0; i < CARRIERS; i++)
		any |= w->carriers[i].sending != 0;
	pthread_mutex_unlock(&w->mutex);
	return any;
}

static void sleep_for(struct carrier *c, int64_t ms)
{
	struct pollfd p = {.fd = c->bell, .events = POLLIN};
	uint64_t rings;

	if (poll(&p, 1, (int)(ms < LONGEST_SLEEP_MS ? ms : LONGEST_SLEEP_MS)) > 0 &&
		read(c->bell, &rings, sizeof(rings)) < 0)
		return;
}

static void *sender_main(void *argument)
{
	struct carrier *c = argument;

	while (!atomic_load(&c->worker->sync->stop)) {
		struct drive_task t = {0};
		int64_t wake, pause = 0;

		if (!take(c, &t, &wake)) {
			sleep_for(c, wake ? wake - clock_now_ms() + 1 : LONGEST_SLEEP_MS);
			continue;
		}
		pause = send(c, &t);
		pthread_mutex_lock(&c->worker->mutex);
		c->sending = 0;
		pthread_mutex_unlock(&c->worker->mutex);
		drive_task_finish(&t);
		if (pause && !atomic_load(&c->worker->sync->stop))
			poll(NULL, 0, (int)pause);
	}
	return NULL;
}

static void *fetcher_main(void *argument)
{
	struct carrier *c = argument;
	struct worker *w = c->worker;
	struct fetch f;

	while (!atomic_load(&w->sync->stop)) {
		if (cache_next(w->sync->cache, w->tool, LOOK_MS, &f))
			fetch(c, &f);
	}
	return NULL;
}

int carriers_start(struct worker *w)
{
	int r = 0;

	pthread_mutex_init(&w->mutex, NULL);
	for (int i = 0; i < CARRIERS && r == 0; i++) {
		struct carrier *c = &w->carriers[i];

		c->worker = w;
		c->sends = i >= FETCHERS;
		c->bell = c->sends ? store_subscribe(w->store) : -1;
		r = c->sends && c->bell < 0
			    ? c->bell
			    : -pthread_create(&c->thread, NULL, c->sends ? sender_main : fetcher_main, c);
		c->started = r == 0;
	}
	return r;
}

void carriers_stop(struct worker *w)
{
	/* A stack that cannot be opened has workers that never began. */
	if (w->sync && w->sync->cache)
		cache_ring(w->sync->cache);
	for (int i = 0; i < CARRIERS; i++) {
		if (w->carriers[i].started)
			pthread_join(w->carriers[i].thread, NULL);
		connect_close(w->carriers[i].link);
	}
}
