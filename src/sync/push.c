/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/history.h"
#include "seamfs/store/trash.h"
#include "sync/worker.h"

#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS  900000
#define MAX_STALE      3 /* tries in a row against a record that keeps changing */
#define MAX_TAKEN      8 /* tries for a number that another record is about to give up */

/* What a row turns out to be for when its turn has come. */
enum errand { ERRAND_NONE, ERRAND_FIELDS, ERRAND_REMOVE, ERRAND_RETURN };

/* One row on its way. */
struct push {
	struct worker *w;
	struct outbox_row row;
	const struct type *type;
	struct link link;
	_Bool linked;
	enum errand errand;
	cJSON *doc;	   /* the record */
	cJSON *request;	   /* what is sent */
	cJSON *base;	   /* an update: the whole as the tool last had it */
	uint64_t fields;   /* that the request has */
	cJSON *sought_doc; /* a create of which nobody knows how it ended: the record as it was sent … */
	cJSON *sought;	   /* … and what was sent */
	uint64_t sought_fields;
	_Bool found;
	int64_t row_now;	 /* the end of the history when the request was made */
	enum outbox_state state; /* for mark() */
	int64_t next_ms;
	const struct err *why;
	struct remote remote;
	uint64_t ignored;
};

static void push_finish(struct push *p)
{
	link_finish(&p->link);
	cJSON_Delete(p->doc);
	cJSON_Delete(p->request);
	cJSON_Delete(p->base);
	cJSON_Delete(p->sought_doc);
	cJSON_Delete(p->sought);
	remote_finish(&p->remote);
}

static int mark_row(struct tx *tx, void *argument)
{
	struct push *p = argument;

	return store_outbox_mark(tx, p->row.seq, p->state, p->next_ms, p->why ? p->why->text : NULL);
}

static int mark(struct push *p, enum outbox_state state, int64_t next_ms, const struct err *why)
{
	p->state = state;
	p->next_ms = next_ms;
	p->why = why;
	return store_write(p->w->store, mark_row, p);
}

static int64_t back_off(int attempts)
{
	int64_t most = FIRST_RETRY_MS;

	for (int i = 0; i < attempts && most < LAST_RETRY_MS; i++)
		most *= 2;
	if (most > LAST_RETRY_MS)
		most = LAST_RETRY_MS;
	/* Half of it at random, so that many rows do not come back together. */
	return most / 2 + (int64_t)((double)random() / RAND_MAX * (double)(most / 2));
}

/* ---- what to send ---- */

/* A tool without a currency of its own must still see in which one the amounts are: it refuses a foreign one. */
static void add_currency(const struct push *p, const struct tool_type *can, const cJSON *doc, cJSON *request)
{
	const struct field *f = type_field(p->type, "currency");
	const char *currency = json_get_text(doc, "currency");

	if (f && currency && p->type->id != TYPE_CLIENT && !(can->reads & field_bit(p->type, f)))
		json_set_text(request, f->name, currency);
}

static int make_request(struct tx *tx, const struct push *p, const cJSON *before, const cJSON *doc,
	uint64_t fields, cJSON **ret)
{
	_cleanup_json_ cJSON *plain = record_patch(p->type, before, doc, fields);
	int r = merge_outgoing(tx, p->w, p->type, plain, ret);

	if (r == 0)
		add_currency(p, &tx->stack->tools[p->w->tool].types[p->row.type], doc, *ret);
	return r;
}

/* What a create that may have arrived has made is what the record was then, whatever it is by now. */
static int make_sought(struct tx *tx, struct push *p, const struct tool_type *can)
{
	if (p->linked || p->row.state != OUTBOX_UNKNOWN || !p->row.sent_row)
		return 0;
	p->sought_doc = store_record_doc_at(tx->db, p->row.record, p->row.sent_row);
	p->sought_fields = store_to_send(tx->db, can, p->type, NULL, p->sought_doc);
	return make_request(tx, p, NULL, p->sought_doc, p->sought_fields, &p->sought);
}

static enum errand errand_of(struct db *db, struct push *p, const struct tool_type *can)
{
	if (!p->doc)
		return p->linked && p->link.gone == LINK_THERE ? ERRAND_REMOVE : ERRAND_NONE;
	if (p->linked && p->link.gone != LINK_THERE)
		return p->link.gone == LINK_RETURNING ? ERRAND_RETURN : ERRAND_NONE;
	p->fields = store_to_send(db, can, p->type, p->linked ? &p->link : NULL, p->doc);
	return p->fields ? ERRAND_FIELDS : ERRAND_NONE;
}

static int prepare(struct tx *tx, void *argument)
{
	struct push *p = argument;
	const struct tool_type *can = &tx->stack->tools[p->w->tool].types[p->row.type];
	int r;

	cJSON_Delete(p->doc);
	p->doc = store_record_doc(tx->db, p->row.record);
	p->row_now = store_history_end(tx->db);
	link_finish(&p->link);
	p->linked = store_link_by_record(tx->db, p->w->tool_id, p->row.record, &p->link) == 0;
	p->errand = errand_of(tx->db, p, can);
	/* Meanwhile somebody made both sides equal: nothing to say. */
	if (p->errand == ERRAND_NONE)
		return store_outbox_remove(tx, p->row.seq);
	if (p->errand != ERRAND_FIELDS)
		return store_outbox_sending(tx, p->row.seq, 0, p->row_now);
	r = make_request(tx, p, p->linked ? p->link.ours : NULL, p->doc, p->fields, &p->request);
	if (r == 0)
		r = make_sought(tx, p, can);
	if (r == 0 && p->linked)
		r = merge_outgoing(tx, p->w, p->type, p->link.theirs, &p->base);
	/* Durable before the first byte leaves: after a crash the outcome is looked up. */
	return r == 0 ? store_outbox_sending(tx, p->row.seq, p->linked ? p->fields : 0, p->row_now) : r;
}

/* ---- answers ---- */

static int keep_problem(
	struct tx *tx, struct push *p, int code, const char *field, const char *text, _Bool with_bytes)
{
	_cleanup_(mem_freep) char *path = store_record_path(tx->db, p->row.record);
	_cleanup_(mem_freep) char *name = store_record_name(tx->db, p->row.record);
	struct buf body = BUF_INIT(BUF_MAX_RECORD);
	struct problem problem = {.record = p->row.record,
		.tool = p->w->tool,
		.code = code,
		.path = path ? path : "",
		.name = name ? name : "",
		.field = field,
		.text = text};
	int r;

	/* Whoever waits for the owner's word is not to hear a copy's. */
	if (!p->row.copy)
		problem.version =
			db_int(tx->db, 0, "SELECT version FROM record WHERE id = ?1", "i", p->row.record);
	if (with_bytes && store_written_read(tx->db, p->row.record, &body) == 0) {
		problem.bytes = buf_text(&body);
		problem.len = body.len;
	}
	r = store_problem_add(tx, &problem);
	buf_finish(&body);
	return r;
}

static int confirm(struct tx *tx, void *argument)
{
	struct push *p = argument;
	struct answer a = {.arrival = {p->w, p->row.type, &p->remote, 0},
		.row = &p->row,
		.doc = p->found ? p->sought_doc : p->doc,
		.sent = p->found ? p->sought_fields : p->fields};
	char text[300];
	int r = merge_answer(tx, &a);

	if (r == 0 && !p->row.copy && !p->found)
		r = store_written_drop(tx, p->row.record, p->row.version);
	p->ignored = a.ignored;
	for (int i = 0; r == 0 && p->type->fields[i].name; i++) {
		if (!(a.ignored & (uint64_t)1 << i))
			continue;
		snprintf(text, sizeof(text), "%s accepted the change but left \"%s\" as it was",
			p->w->link->name, p->type->fields[i].name);
		r = keep_problem(tx, p, EPERM, p->type->fields[i].name, text, 0);
	}
	return r;
}

/* A removal that its owner refuses is undone. */
static int reject_removal(struct tx *tx, struct push *p)
{
	struct origin origin = {.tool = p->w->tool, .cause = "refused"};
	char text[sizeof(p->why->text) + 64];
	int r = store_outbox_remove(tx, p->row.seq);

	if (p->row.copy) {
		/* It stays there, as what this tool alone has. */
		return r == 0 ? db_run(tx->db, "UPDATE link SET gone = 1 WHERE id = ?1", "i", p->link.id) : r;
	}
	if (r == 0)
		r = store_restore(tx, p->row.record, &origin, NULL);
	if (r == 0)
		r = db_run(tx->db, "UPDATE link SET gone = 0 WHERE id = ?1", "i", p->link.id);
	if (r == 0)
		r = store_outbox_ensure(tx, p->row.record, p->w->tool);
	snprintf(text, sizeof(text), "%s refused to remove it: %s", p->w->link->name, p->why->text);
	return r == 0 ? keep_problem(tx, p, p->why->code, "", text, 0) : r;
}

static _Bool says_who(const struct push *p)
{
	size_t len = strlen(p->w->link->name);

	return strncmp(p->why->text, p->w->link->name, len) == 0 && p->why->text[len] == ' ';
}

/* The fields of what was refused that nobody has changed since: a later value has yet to be sent. */
static uint64_t still_there(struct tx *tx, const struct push *p)
{
	_cleanup_json_ cJSON *now = store_record_doc(tx->db, p->row.record);
	uint64_t fields = 0;

	for (const struct field *f = p->type->fields; f->name; f++) {
		if (json_equal(json_get(now, f->name), json_get(p->doc, f->name)))
			fields |= p->fields & field_bit(p->type, f);
	}
	return fields;
}

/* The tool will never take this: the owner's word stands, and the text is kept for its writer. */
static int reject(struct tx *tx, void *argument)
{
	struct push *p = argument;
	struct change c = {.type = p->row.type,
		.record = p->row.record,
		.origin = {.tool = p->w->tool, .cause = "refused"}};
	_cleanup_json_ cJSON *back = NULL;
	char text[sizeof(p->why->text) + 64];
	struct err e = {0};
	int64_t record;
	int r;

	/* Refused at the first look, before it was known what is to be sent. */
	if (p->errand == ERRAND_NONE && !p->doc) {
		p->doc = store_record_doc(tx->db, p->row.record);
		p->linked = store_link_by_record(tx->db, p->w->tool_id, p->row.record, &p->link) == 0;
		p->errand = errand_of(tx->db, p, &tx->stack->tools[p->w->tool].types[p->row.type]);
	}
	if (p->errand == ERRAND_REMOVE)
		return reject_removal(tx, p);
	/* What the tool itself says begins with its name. */
	snprintf(text, sizeof(text), "%s%s%s", says_who(p) ? "" : p->w->link->name,
		says_who(p) ? "" : " refused it: ", p->why->text);
	r = keep_problem(tx, p, p->why->code, p->why->field, text, 1);
	if (r < 0 || !p->linked || p->row.copy) {
		return r < 0 ? r : store_outbox_mark(tx, p->row.seq, OUTBOX_REJECTED, 0, p->why->text);
	}
	link_finish(&p->link);
	r = store_link_by_record(tx->db, p->w->tool_id, p->row.record, &p->link);
	if (r < 0)
		return r;
	back = record_patch(p->type, p->doc, p->link.ours, still_there(tx, p));
	c.patch = back;
	r = store_outbox_remove(tx, p->row.seq);
	if (r == 0)
		r = store_change(tx, &c, &record, &e);
	return r == 0 ? store_outbox_ensure(tx, p->row.record, p->w->tool) : r;
}

/* The tool has removed it, or brought it back. */
static int confirm_errand(struct tx *tx, void *argument)
{
	struct push *p = argument;
	int r = db_run(tx->db, "UPDATE link SET gone = ?2 WHERE id = ?1", "ii", p->link.id,
		(int64_t)(p->errand == ERRAND_REMOVE ? LINK_GONE : LINK_THERE));
	struct record_stat stat;

	if (r == 0)
		r = store_outbox_remove(tx, p->row.seq);
	/* Taken out of the trash while its removal was on the way: then it comes back there too. */
	if (r == 0 && p->errand == ERRAND_REMOVE && store_record_stat(tx->db, p->row.record, &stat) == 0)
		r = db_run(tx->db, "UPDATE link SET gone = 2 WHERE id = ?1", "i", p->link.id);
	return r == 0 ? store_outbox_ensure(tx, p->row.record, -1) : r;
}

/* It cannot be brought back in the tool: it is made there once more. */
static int make_anew(struct tx *tx, void *argument)
{
	struct push *p = argument;
	int r = store_link_drop(tx, p->link.id);

	return r == 0 ? store_outbox_mark(tx, p->row.seq, OUTBOX_READY, 0, NULL) : r;
}

static int gone(struct tx *tx, void *argument)
{
	struct push *p = argument;

	return merge_gone(tx, p->w, p->row.type, p->link.remote);
}

/* Decides what becomes of the row. Returns 0 when the worker may go on, or the error when the tool as a whole fails. */
static int failed(struct push *p, int r, const struct err *why)
{
	/* Whether a create arrived is unknown: it is looked for before it is sent again, however often that fails. */
	enum outbox_state state =
		(why->sent || p->row.state == OUTBOX_UNKNOWN) && !p->linked ? OUTBOX_UNKNOWN : OUTBOX_READY;
	int64_t later = why->retry_at_ms ? why->retry_at_ms : clock_now_ms() + back_off(p->row.attempts);

	log_info("sync", "%s: %s not sent: %s", p->w->link->name, p->type->name, why->text);
	if (why->scope == ERR_TOOL) {
		p->why = why;
		/* It does not let us in: whoever waits for its word hears that. What is saved from then on waits. */
		if (r != -EACCES || p->row.copy || !store_worth_waiting(store_db(p->w->store), p->row.record))
			(void)mark(p, state, 0, why);
		else
			(void)store_write(p->w->store, reject, p);
		return r;
	}
	if (why->retry == ERR_LATER)
		return mark(p, state, later, why);
	if (why->retry == ERR_NOW && p->row.attempts < MAX_STALE)
		return mark(p, state, 0, why);
	/* Its number was another's, whose removal or new number is late: the tool has yet to hear of that. */
	if (r == -EEXIST && p->row.attempts < MAX_TAKEN &&
		store_outbox_frees(store_db(p->w->store), p->w->tool_id, p->row.record))
		return mark(p, OUTBOX_READY, later, why);
	if (r == -ENOENT && p->linked)
		return store_write(p->w->store, gone, p);
	p->why = why;
	return store_write(p->w->store, reject, p);
}

/* ---- one row ---- */

static int merge_current(struct tx *tx, void *argument)
{
	struct push *p = argument;
	struct arrival a = {p->w, p->row.type, &p->remote, 0};

	return merge_arrival(tx, &a, NULL);
}

/* Most tools cannot refuse a stale write: look at what is there now and merge, then send the difference. */
static int read_current(struct push *p, struct err *e)
{
	_cleanup_(mem_freep) char *remote =
		store_link_remote(store_db(p->w->store), p->w->tool_id, p->row.record);
	int r;

	if (!remote)
		return 0;
	r = p->w->link->ops->get(p->w->link, p->row.type, remote, &p->remote, e);
	if (r == 0)
		r = store_write(p->w->store, merge_current, p);
	remote_finish(&p->remote);
	if (r == -ENOENT) {
		p->linked = 1;
		p->link.remote = str_dup(remote);
	}
	return r;
}

/* A refusal on the way: the record shows how far the tool went. */
static void look_again(struct push *p, const struct err *why)
{
	const struct tool_type *can = &p->w->stack->tools[p->w->tool].types[p->row.type];

	if (!p->linked || !(p->fields & can->steps) || why->scope == ERR_TOOL || why->retry == ERR_LATER)
		return;
	if (p->w->link->ops->get(p->w->link, p->row.type, p->link.remote, &p->remote, NULL) == 0)
		(void)store_write(p->w->store, merge_current, p);
	remote_finish(&p->remote);
}

static int mark_sending(struct tx *tx, void *argument)
{
	struct push *p = argument;

	return store_outbox_sending(tx, p->row.seq, 0, p->row_now);
}

static int send(struct push *p, struct err *e)
{
	struct tool_link *link = p->w->link;
	int r;

	if (p->errand == ERRAND_REMOVE) {
		/* What is gone already is not removed a second time: some tools would write that down. */
		if (p->row.state == OUTBOX_UNKNOWN &&
			link->ops->get(link, p->row.type, p->link.remote, &p->remote, NULL) == -ENOENT)
			return 0;
		return link->ops->remove(link, p->row.type, p->link.remote, e);
	}
	if (p->errand == ERRAND_RETURN)
		return link->ops->restore
			       ? link->ops->restore(link, p->row.type, p->link.remote, &p->remote, e)
			       : -EOPNOTSUPP;
	if (p->linked)
		return link->ops->update(
			link, p->row.type, p->link.remote, p->request, p->base, &p->remote, e);
	if (p->row.state == OUTBOX_UNKNOWN) {
		r = link->ops->find(link, p->row.type, p->sought ? p->sought : p->request, p->row.key,
			p->row.sent_ms, &p->remote, e);
		/* A twin that is linked already is another record's: ours was not made. */
		if (r == 0 &&
			store_link_record(store_db(p->w->store), p->w->tool_id, p->row.type, p->remote.id)) {
			remote_finish(&p->remote);
			r = -ENOENT;
			/* Of two equal payments the other one may be ours: money is never sent twice on a guess. */
			if (p->row.type == TYPE_PAYMENT)
				return err_set(e, EEXIST,
					"%s may have it already, beside one that is the same: look there; if "
					"it has not, save "
					"it again",
					link->name);
		}
		p->found = r == 0 && p->sought;
		if (r != -ENOENT)
			return r;
		err_clear(e);
		/* It was looked for and is not there: from here on this sending counts. */
		p->row.state = OUTBOX_READY;
		r = store_write(p->w->store, mark_sending, p);
		if (r < 0)
			return r;
	}
	return link->ops->create(link, p->row.type, p->request, p->row.key, &p->remote, e);
}

static int push_row(struct worker *w, const struct outbox_row *row, struct err *e)
{
	_cleanup_(push_finish) struct push p = {.w = w, .row = *row, .type = type_get(row->type)};
	int r = read_current(&p, e);

	if (r < 0)
		return e->code ? failed(&p, r, e) : r;
	r = store_write(w->store, prepare, &p);
	if (r == -EAGAIN)
		return mark(&p, OUTBOX_WAITING, 0, NULL);
	if (r < 0 || p.errand == ERRAND_NONE)
		return r;
	r = send(&p, e);
	if (p.errand == ERRAND_RETURN && (r == -EOPNOTSUPP || r == -ENOENT))
		return store_write(w->store, make_anew, &p);
	if (p.errand == ERRAND_REMOVE && r == -ENOENT)
		r = 0; /* somebody was faster */
	if (r == 0 && p.errand != ERRAND_FIELDS)
		return store_write(w->store, confirm_errand, &p);
	if (r < 0) {
		if (!e->code)
			err_set(e, -r, "%s", strerror(-r));
		look_again(&p, e);
		return failed(&p, r, e);
	}
	return store_write(w->store, confirm, &p);
}

int push_ready(struct worker *w, int64_t *ret_wake_ms, struct err *e)
{
	struct outbox_row row;

	*ret_wake_ms = 0;
	while (!atomic_load(&w->sync->stop)) {
		int r;

		if (store_outbox_next(store_db(w->store), w->tool_id, clock_now_ms(), &row, ret_wake_ms) < 0)
			return 0;
		err_clear(e);
		r = push_row(w, &row, e);
		if (r < 0)
			return r;
	}
	return 0;
}
