/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/review.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/trash.h"

#define ROWS                                                                                                 \
	"SELECT o.seq, o.record, r.type, o.tool, o.state, o.copy, o.attempts, o.next_ms, o.error"            \
	" FROM outbox o JOIN record r ON r.id = o.record "

static struct review_item read_item(struct store *store, sqlite3_stmt *q)
{
	return (struct review_item){
		.seq = sqlite3_column_int64(q, 0),
		.record = sqlite3_column_int64(q, 1),
		.type = (enum type_id)sqlite3_column_int(q, 2),
		.tool = store_tool_index(store, sqlite3_column_int64(q, 3)),
		.state = (enum outbox_state)sqlite3_column_int(q, 4),
		.copy = sqlite3_column_int(q, 5) != 0,
		.attempts = sqlite3_column_int(q, 6),
		.next_ms = sqlite3_column_int64(q, 7),
		.error = db_column_text(q, 8),
	};
}

/* Fills in both sides; false stops the visit. */
static _Bool show(
	struct store *store, struct db *db, struct review_item *item, review_visitor f, void *context)
{
	_cleanup_json_ cJSON *doc = store_record_doc(db, item->record);
	const struct tool_type *can;
	struct link l = {0};
	_Bool linked, more;

	if (item->tool < 0)
		return 1; /* stack.json no longer has the tool */
	can = &store_stack(store)->tools[item->tool].types[item->type];
	linked = store_link_by_record(db, store_tool_id(store, item->tool), item->record, &l) == 0 &&
		 l.gone != LINK_RETURNING;
	item->before = linked ? l.ours : NULL;
	item->after = doc;
	item->fields = doc ? store_to_send(db, can, type_get(item->type), linked ? &l : NULL, doc)
			   : record_changed(type_get(item->type), item->before, NULL);
	more = f(context, item);
	link_finish(&l);
	return more;
}

void store_review_each(
	struct store *store, struct db *db, int64_t after, _Bool held, review_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, ROWS "WHERE o.seq > ?1 AND (NOT ?2 OR o.state = 5) ORDER BY o.seq",
		"ii", after, (int64_t)held);

	while (db_row(q)) {
		struct review_item item = read_item(store, q);

		if (!show(store, db, &item, f, context)) {
			db_done(q);
			break;
		}
	}
}

int store_review_get(struct store *store, struct db *db, int64_t seq, review_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db, ROWS "WHERE o.seq = ?1", "i", seq);
	struct review_item item;

	if (!db_row(q))
		return -ENOENT;
	item = read_item(store, q);
	show(store, db, &item, f, context);
	db_done(q);
	return 0;
}

int64_t store_review_held(struct db *db)
{
	return db_int(db, 0, "SELECT count(*) FROM outbox WHERE state = 5", "");
}

/* ---- deciding ---- */

struct decision {
	struct tx *tx;
	struct origin origin;
	int result;
};

static int take_back(struct decision *d, const struct review_item *item)
{
	const struct type *type = type_get(item->type);
	struct change c = {.type = item->type, .record = item->record, .origin = d->origin};
	_cleanup_json_ cJSON *patch = NULL;
	int64_t record;

	if (!item->after)
		return store_restore(d->tx, item->record, &d->origin, NULL);
	if (item->copy)
		return store_outbox_mark(
			d->tx, item->seq, OUTBOX_REJECTED, 0, "a person has decided that it is not sent");
	if (!item->before)
		return store_trash(d->tx, item->record, &d->origin);
	patch = record_patch(type, item->after, item->before, item->fields);
	c.patch = patch;
	return store_change(d->tx, &c, &record, NULL);
}

static _Bool reject_item(void *context, const struct review_item *item)
{
	struct decision *d = context;

	d->result = take_back(d, item);
	return 0;
}

static int decide(struct decision *d, int64_t seq, _Bool approve)
{
	int r;

	if (approve)
		return store_outbox_mark(d->tx, seq, OUTBOX_READY, 0, NULL);
	r = store_review_get(d->tx->store, d->tx->db, seq, reject_item, d);
	return r < 0 ? r : d->result;
}

int store_review_decide(
	struct tx *tx, int64_t seq, _Bool approve, const struct origin *origin, int64_t *ret, struct err *e)
{
	struct decision d = {.tx = tx, .origin = *origin};
	int64_t next;
	int r = 0;

	d.origin.cause = approve ? "approve" : "reject";
	*ret = 0;
	if (seq && !db_int(tx->db, 0, "SELECT 1 FROM outbox WHERE seq = ?1 AND state = 5", "i", seq))
		return err_set(
			e, ENOENT, "nothing with the number %lld waits: see .seam/approve", (long long)seq);
	while (r == 0 &&
		(next = seq ? seq : db_int(tx->db, 0, "SELECT min(seq) FROM outbox WHERE state = 5", ""))) {
		r = decide(&d, next, approve);
		++*ret;
		if (seq)
			break;
	}
	return r < 0 ? err_set(e, -r, "change %lld could not be decided: %s", (long long)next, strerror(-r))
		     : 0;
}
