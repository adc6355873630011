/* SPDX-License-Identifier: Apache-2.0 */
/* What webhooks spoke of is read again, by the tool's own thread. */
#include "seamfs/store/hint.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/guard.h"
#include "sync/worker.h"

struct following {
	struct worker *w;
	struct hint hint;
	int64_t seq;
	_Bool everything; /* a pull is asked for */
};

static int done(struct tx *tx, void *argument)
{
	struct following *f = argument;
	int r = f->everything ? store_hint_clear(tx, f->w->tool_id, f->seq)
			      : store_hint_done(tx, f->w->tool_id, &f->hint);

	return r == 0 && f->everything ? store_tool_refresh(tx, f->w->tool_id) : r;
}

/* Hooks that say that much is gone are believed no more than a listing that lacks it. */
static _Bool many_gone(struct worker *w, enum type_id type, int64_t lacks)
{
	struct db *db = store_db(w->store);
	int64_t all = db_int(db, 0, "SELECT count(*) FROM link WHERE tool = ?1 AND type = ?2 AND NOT gone",
		"ii", w->tool_id, (int64_t)type);

	return store_guard_stops(db, w->stack, w->tool_id, type, lacks, all);
}

static int follow(struct following *f, int64_t *lacks, struct err *e)
{
	int r = pull_one(f->w, f->hint.type, f->hint.remote, e);

	if (r == -ENOENT) {
		err_clear(e);
		if (many_gone(f->w, f->hint.type, ++*lacks)) {
			log_warning("hooks", "%s: many %s are said to be gone: the next full listing decides",
				f->w->link->name, type_get(f->hint.type)->plural);
			return 0;
		}
		return pull_gone(f->w, f->hint.type, f->hint.remote);
	}
	/* What all records of the type suffer from is the next pull's business. */
	if (r < 0 && e->code && e->scope == ERR_COLLECTION)
		e->scope = ERR_RECORD;
	return pull_pass_over(f->w, f->hint.type, f->hint.remote, r, e);
}

int hints_follow(struct worker *w, int64_t *ret_wake_ms, struct err *e)
{
	struct following f = {.w = w};
	int64_t lacks[TYPE_COUNT] = {0};
	int r = 0;

	while (r == 0 && !atomic_load(&w->sync->stop)) {
		struct db *db = store_db(w->store);

		if (store_hint_next(db, w->tool_id, clock_now_ms(), &f.hint, ret_wake_ms) < 0)
			break;
		f.seq = store_hint_last(db, w->tool_id);
		f.everything = f.hint.type == TYPE_NONE;
		if (!f.everything)
			r = follow(&f, &lacks[f.hint.type], e);
		if (r == 0)
			r = store_write(w->store, done, &f);
		hint_finish(&f.hint);
	}
	return r;
}
