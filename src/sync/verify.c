/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads records again, one by one, right after a pull: what a tool has otherwise than the pull left it was not told by its
 * listing. It is written down, and then taken in like any other change.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/drift.h"
#include "sync/worker.h"

/* One record under examination. */
struct look {
	struct worker *w;
	int64_t link, record;
	enum type_id type;
	char *remote_id;
	const struct remote *remote; /* NULL: the tool no longer has it */
	_Bool last;		     /* it was looked at before, and fetched anew since */
	_Bool differs;
};

/* Only what sync has no part in: a change of ours that is on its way explains any difference. */
static _Bool is_ours(struct tx *tx, const struct look *k)
{
	return db_int(tx->db, 0, "SELECT 1 FROM outbox WHERE record = ?1 AND tool = ?2", "ii", k->record,
		       k->w->tool_id) != 0;
}

static int compare(struct tx *tx, void *argument)
{
	struct look *k = argument;
	_cleanup_(mem_freep) char *what = NULL;
	struct arrival a = {k->w, k->type, k->remote, 0};
	int r = 0;

	if (!store_link_remote(tx->db, k->w->tool_id, k->record) || is_ours(tx, k))
		return 0;
	what = k->remote ? merge_difference(tx, &a) : str_dup("the tool no longer has it");
	k->differs = what != NULL;
	if (!what || !k->last)
		return 0;
	log_warning("sync", "%s: %s %s differs from what was known: %s", k->w->link->name,
		type_get(k->type)->name, k->remote_id, what);
	r = store_drift_add(tx, k->w->tool_id, k->record, what);
	if (r < 0)
		return r;
	return k->remote ? merge_arrival(tx, &a, NULL) : merge_gone(tx, k->w, k->type, k->remote_id);
}

static int examine(struct look *k, struct err *e)
{
	struct remote remote = {0};
	int r = k->w->link->ops->get(k->w->link, k->type, k->remote_id, &remote, e);

	k->differs = 0;
	k->remote = r == 0 ? &remote : NULL;
	if (r == 0 || r == -ENOENT)
		r = store_write(k->w->store, compare, k);
	remote_finish(&remote);
	return r;
}

/* A difference may be younger than the pull: it counts when another one does not bring it. */
static int look_at(struct look *k, struct err *e)
{
	int r = examine(k, e);

	if (r < 0 || !k->differs)
		return r;
	r = pull_type(k->w, k->type, e);
	k->last = 1;
	return r == 0 ? examine(k, e) : r;
}

static int begin(struct tx *tx, void *argument)
{
	struct worker *w = argument;

	return store_drift_begin(tx, w->tool_id);
}

struct ending {
	struct worker *w;
	int64_t checked;
};

static int end(struct tx *tx, void *argument)
{
	const struct ending *x = argument;

	return store_drift_end(tx, x->w->tool_id, x->checked);
}

/* The next one: by number when all are looked at, else any. */
static _Bool next(struct look *k, int64_t sample)
{
	struct db *db = store_db(k->w->store);
	sqlite3_stmt *q =
		sample == DRIFT_ALL
			? db_query(db,
				  "SELECT id, record, type, remote FROM link WHERE tool = ?1 AND NOT gone "
				  "AND id > ?2"
				  " ORDER BY id LIMIT 1",
				  "ii", k->w->tool_id, k->link)
			: db_query(db,
				  "SELECT id, record, type, remote FROM link WHERE tool = ?1 AND NOT gone"
				  " ORDER BY random() LIMIT 1",
				  "i", k->w->tool_id);

	if (!db_row(q))
		return 0;
	k->link = sqlite3_column_int64(q, 0);
	k->record = sqlite3_column_int64(q, 1);
	k->type = (enum type_id)sqlite3_column_int(q, 2);
	str_set(&k->remote_id, db_column_text(q, 3));
	k->last = 0;
	db_done(q);
	return 1;
}

int verify_run(struct worker *w, int64_t sample, struct err *e)
{
	struct look k = {.w = w};
	struct ending x = {.w = w};
	int r = store_write(w->store, begin, w);

	while (r == 0 && !atomic_load(&w->sync->stop) && (sample == DRIFT_ALL || x.checked < sample) &&
		next(&k, sample)) {
		r = pull_pass_over(w, k.type, k.remote_id, look_at(&k, e), e);
		x.checked++;
	}
	free(k.remote_id);
	return r == 0 ? store_write(w->store, end, &x) : r;
}
