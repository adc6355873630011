/* SPDX-License-Identifier: Apache-2.0 */
/* What was made, moved and removed among documents is told to their tool. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "sync/worker.h"

#define SOON_MS	    300
#define LATER_MS    1000 /* twice as long each time */
#define LONGEST_MS  300000
#define PERSON_MS   600000 /* a person must act first */
#define MOST_ASIDES 100

struct outcome {
	struct worker *w;
	const struct drive_task *task;
	struct drive_fact fact;
	const char *text; /* a refusal */
	int code;
	int64_t retry_ms;
	_Bool revive;
};

static char *tree_path_of(struct db *db, int64_t id)
{
	_cleanup_(mem_freep) char *path = store_file_path(db, id);

	return path ? str_format("documents/%s", path) : NULL;
}

static int write_done(struct tx *tx, void *argument)
{
	struct outcome *o = argument;
	_cleanup_(mem_freep) char *path = tree_path_of(tx->db, o->task->id);
	int r = o->revive ? store_drive_revive(tx, o->task->id) : store_drive_done(tx, o->task, &o->fact);

	if (r == 0 && path && o->task->failures)
		r = store_problem_clear(tx, 0, path);
	return r == 0 && o->revive ? store_tool_refresh(tx, o->w->tool_id) : r;
}

static int write_refused(struct tx *tx, void *argument)
{
	struct outcome *o = argument;
	_cleanup_(mem_freep) char *path = tree_path_of(tx->db, o->task->id);
	int r = store_drive_failed(tx, o->task->id, o->text, o->code, o->retry_ms);

	if (r == 0 && path && o->code)
		r = store_problem_add(tx, &(struct problem){.kind = PROBLEM_NOTE,
						  .tool = o->w->tool,
						  .ms = tx->now_ms,
						  .code = o->code,
						  .path = path,
						  .name = strrchr(path, '/') + 1,
						  .field = "",
						  .text = o->text,
						  .bytes = "",
						  .len = 0});
	/* What is there may not be what we believe. */
	return r < 0 ? r : store_tool_refresh(tx, o->w->tool_id);
}

int drive_refused(struct worker *w, const struct drive_task *t, int r, const struct err *e)
{
	struct outcome o = {.w = w, .task = t, .text = e->code ? e->text : strerror(-r)};
	_Bool person = r == -EACCES || r == -EROFS || r == -EPERM || r == -ENOSPC || r == -EDQUOT ||
		       r == -EINVAL || r == -ENAMETOOLONG;
	int64_t wait = LATER_MS << (t->failures < 8 ? t->failures : 8);

	/* Somebody else has it open: that ends by itself. */
	person &= e->retry != ERR_LATER || r == -ENOSPC || r == -EDQUOT;
	if (e->code && e->scope == ERR_TOOL && !person)
		return r;
	if (person) {
		o.code = -r;
		wait = r == -ENOSPC || r == -EDQUOT ? LONGEST_MS / 5 : PERSON_MS;
	}
	o.retry_ms = clock_now_ms() + (wait < LONGEST_MS || person ? wait : LONGEST_MS);
	if (e->retry_at_ms > o.retry_ms)
		o.retry_ms = e->retry_at_ms;
	log_info("sync", "%s: %s: %s", w->link->name, t->path, o.text);
	return store_write(w->store, write_refused, &o);
}

int drive_aside(struct worker *w, struct tool_link *link, const char *path, struct err *e)
{
	char date[CLOCK_UTC_SIZE];
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
	int stem = dot && dot != name ? (int)(dot - path) : (int)strlen(path), r = -EEXIST;

	clock_format_utc(clock_now_ms(), date);
	for (int i = 1; r == -EEXIST && i < MOST_ASIDES; i++) {
		_cleanup_(mem_freep) char *number = i == 1 ? str_dup("") : str_format(" %d", i);
		_cleanup_(mem_freep) char *to = str_format("%.*s (conflict of %.10s from %s%s)%s", stem, path,
			date, w->link->name, number, path + stem);
		struct remote_file there = {0};

		err_clear(e);
		r = link->ops->files->move(link, path, to, &there, e);
		remote_file_finish(&there);
		if (r == 0)
			log_warning("sync", "%s: %s was changed there and here: theirs is %s now",
				w->link->name, path, to);
	}
	return r;
}

/* ---- one act ---- */

static int refuse_all(void *context, const struct remote_file *files, size_t count)
{
	return count ? -ENOTEMPTY : 0;
}

/* What others have put into a folder is not ours to remove. */
static int remove_there(struct worker *w, const struct drive_task *t, struct err *e)
{
	struct file_walk walk = {.path = t->path, .flat = 1, .sink = refuse_all};
	int r = t->folder ? w->link->ops->files->walk(w->link, &walk, e) : 0;

	if (r == 0)
		r = w->link->ops->files->remove(w->link, t->path, t->folder ? NULL : t->etag, e);
	return r == -ENOENT ? 0 : r;
}

static int make_there(struct worker *w, const struct drive_task *t, struct remote_file *ret, struct err *e)
{
	const struct file_ops *files = w->link->ops->files;
	int r = files->make_folder(w->link, t->path, ret, e);

	if (r != -EEXIST)
		return r;
	err_clear(e);
	r = files->stat(w->link, t->path, ret, e);
	if (r == 0 && !ret->folder)
		r = drive_aside(w, w->link, t->path, e) == 0 ? -EAGAIN : -EEXIST;
	return r;
}

static int move_there(struct worker *w, const struct drive_task *t, struct remote_file *ret, struct err *e)
{
	int r = w->link->ops->files->move(w->link, t->path, t->to, ret, e);

	if (r != -EEXIST)
		return r;
	err_clear(e);
	r = drive_aside(w, w->link, t->to, e);
	return r < 0 && r != -ENOENT ? r : w->link->ops->files->move(w->link, t->path, t->to, ret, e);
}

static int act(struct worker *w, const struct drive_task *t, struct err *e)
{
	struct outcome o = {.w = w, .task = t};
	struct remote_file there = {0};
	int r = t->act == DRIVE_REMOVE ? remove_there(w, t, e)
		: t->act == DRIVE_MAKE ? make_there(w, t, &there, e)
				       : move_there(w, t, &there, e);

	/* It was changed there after it was removed here: that is the later word. */
	o.revive = t->act == DRIVE_REMOVE && (r == -ESTALE || r == -ENOTEMPTY);
	o.fact = (struct drive_fact){there.id, there.etag, there.folder, there.size, there.mtime_ms};
	if (r == 0 || o.revive)
		r = store_write(w->store, write_done, &o);
	else
		r = drive_refused(w, t, r, e);
	remote_file_finish(&there);
	return r;
}

int drive_push(struct worker *w, int64_t *ret_wake_ms, struct err *e)
{
	int r = 0;

	while (r == 0 && !atomic_load(&w->sync->stop)) {
		struct drive_task t = {0};
		int64_t wake;

		if (!store_drive_next(
			    store_db(w->store), w->tool_id, 0, clock_now_ms(), carriers_busy, w, &t, &wake)) {
			if (wake && (!*ret_wake_ms || wake < *ret_wake_ms))
				*ret_wake_ms = wake;
			return 0;
		}
		/* A folder moves as a whole, and not from under what is on its way into it. */
		if (t.folder && t.act != DRIVE_MAKE && carriers_send(w)) {
			*ret_wake_ms = clock_now_ms() + SOON_MS;
			drive_task_finish(&t);
			return 0;
		}
		err_clear(e);
		r = act(w, &t, e);
		drive_task_finish(&t);
	}
	return r;
}
