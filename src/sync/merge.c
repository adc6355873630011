/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/history.h"
#include "seamfs/store/pair.h"
#include "seamfs/store/trash.h"
#include "sync/merge_p.h"

/* ---- the tool's doc in the store's form ---- */

static cJSON *normal_value(const struct field *f, const cJSON *value)
{
	char text[DECIMAL_SIZE];
	struct decimal d;

	if (f->kind == FIELD_DECIMAL && json_number(value) && decimal_parse(json_number(value), &d) == 0)
		return json_new_number(decimal_format(d, text));
	if (f->kind == FIELD_LINES) {
		cJSON *lines = cJSON_CreateArray();
		const cJSON *line;

		cJSON_ArrayForEach (line, value) {
			cJSON *row = cJSON_CreateObject();

			for (const struct field *part = f->line; part->name; part++) {
				const cJSON *item = json_get(line, part->name);

				if (item && !cJSON_IsNull(item))
					cJSON_AddItemToObject(row, part->name, normal_value(part, item));
			}
			cJSON_AddItemToArray(lines, row);
		}
		return lines;
	}
	return cJSON_Duplicate(value, 1);
}

/* The record that {"id": …} or {"name": …} means; 0: none yet. */
static int64_t resolve(
	struct tx *tx, const struct worker *w, const struct field *f, const cJSON *value, int64_t whole)
{
	const char *id = json_get_text(value, "id"), *name = json_get_text(value, "name");
	struct record_names names = store_names(tx->db);
	int64_t record = id ? store_link_record(tx->db, w->tool_id, f->ref, id) : 0;

	if (!record && name && names.find(names.context, f->ref, whole, name, &record) < 0)
		record = 0;
	return record;
}

static _Bool is_empty(const cJSON *value)
{
	const char *text = json_text(value);

	return cJSON_IsNull(value) || (text && !text[0]) || ((cJSON_IsArray(value)) && !value->child);
}

/* @ret_known: the fields of which the tool said something that can be used. */
static cJSON *canonical(struct tx *tx, const struct worker *w, const struct type *type, const cJSON *doc,
	uint64_t *ret_known, _Bool *ret_open)
{
	cJSON *result = cJSON_CreateObject();
	int64_t whole = 0;

	*ret_known = 0;
	*ret_open = 0;
	for (const struct field *f = type->fields; f->name; f++) {
		const cJSON *value = json_get(doc, f->name);

		if (!value)
			continue;
		if (f->kind == FIELD_REF && cJSON_IsObject(value)) {
			int64_t record = resolve(tx, w, f, value, whole);

			/* It may come later: a name from any tool, an id only with the tool's own records. */
			if (!record) {
				*ret_open |=
					!json_get(value, "id") || w->stack->tools[w->tool].types[f->ref].used;
				continue;
			}
			if (f->flags & FIELD_WHOLE)
				whole = record;
			cJSON_AddItemToObject(result, f->name, json_new_int(record));
		} else if (!is_empty(value)) {
			cJSON_AddItemToObject(result, f->name, normal_value(f, value));
		}
		*ret_known |= field_bit(type, f);
	}
	return result;
}

int merge_outgoing(struct tx *tx, struct worker *w, const struct type *type, const cJSON *doc, cJSON **ret)
{
	_cleanup_json_ cJSON *result = cJSON_Duplicate(doc, 1);

	for (const struct field *f = type->fields; f->name; f++) {
		int64_t target = f->kind == FIELD_REF ? record_ref(doc, f) : 0;
		_cleanup_(mem_freep) char *id = target ? store_link_remote(tx->db, w->tool_id, target) : NULL;
		_cleanup_(mem_freep) char *name = target ? store_record_name(tx->db, target) : NULL;
		cJSON *both;

		if (!target)
			continue;
		if (!id && w->stack->tools[w->tool].types[f->ref].used &&
			db_int(tx->db, 0,
				"SELECT 1 FROM outbox WHERE record = ?1 AND tool = ?2 AND state <> 4", "ii",
				target, w->tool_id))
			return -EAGAIN;
		both = cJSON_CreateObject();
		if (id)
			json_set_text(both, "id", id);
		if (name)
			json_set_text(both, "name", name);
		json_set(result, f->name, both);
	}
	*ret = result;
	result = NULL;
	return 0;
}

/* ---- what a tool delivered becomes the record ---- */

static void merge_finish(struct merge *m)
{
	link_finish(&m->link);
	cJSON_Delete(m->doc);
	cJSON_Delete(m->theirs);
	cJSON_Delete(m->patch);
}

/* What had that id in the tool is gone there, and another thing has it now. That it is gone must not be forgotten. */
static int give_up_id(struct tx *tx, struct worker *w, enum type_id type, const char *remote)
{
	int r = 0;

	if (db_int(tx->db, 0, "SELECT 1 FROM link WHERE tool = ?1 AND type = ?2 AND remote = ?3 AND NOT gone",
		    "iit", w->tool_id, (int64_t)type, remote))
		r = merge_gone(tx, w, type, remote);
	return r == 0 ? db_run(tx->db,
				"UPDATE link SET remote = remote || ' #' || id"
				" WHERE tool = ?1 AND type = ?2 AND remote = ?3",
				"iit", w->tool_id, (int64_t)type, remote)
		      : r;
}

static _Bool says_the_same(const struct merge *m, const char *field)
{
	const char *a = json_get_text(m->theirs, field), *b = json_get_text(m->link.theirs, field);
	_cleanup_(mem_freep) char *x = a ? store_identity(a) : NULL;
	_cleanup_(mem_freep) char *y = b ? store_identity(b) : NULL;

	return x && str_equal(x, y);
}

/* Whether what has come back under an old id is what had it: the next number of a sheet is one that a removed row had. */
static _Bool is_same(const struct merge *m)
{
	const char *key = type_key(m->type)->name;
	_Bool same = !m->type->match || says_the_same(m, key);

	for (const char *const *f = m->type->match; f && *f && !same; f++)
		same = says_the_same(m, *f);
	return same;
}

static int find_record(struct merge *m)
{
	const struct arrival *a = m->a;
	int r = store_link_by_remote(m->tx->db, a->worker->tool_id, a->type, a->remote->id, &m->link);

	if (r == 0 && m->link.gone == LINK_GONE && !is_same(m)) {
		r = give_up_id(m->tx, a->worker, a->type, a->remote->id);
		link_finish(&m->link);
		if (r < 0)
			return r;
		r = -ENOENT;
	}
	if (r == 0) {
		m->doc = store_record_doc(m->tx->db, m->link.record);
		return 1;
	}
	m->link = (struct link){.type = a->type,
		.remote = str_dup(a->remote->id),
		.theirs = cJSON_CreateObject(),
		.ours = cJSON_CreateObject()};
	if (!merge_by_id(m))
		m->link.record = store_match(m->tx->db, a->worker->tool_id, a->type, m->theirs);
	if (!m->link.record)
		return 0;
	m->doc = store_record_doc(m->tx->db, m->link.record);
	/* It was removed there and is there again, under another id. */
	return db_run(m->tx->db, "DELETE FROM link WHERE record = ?1 AND tool = ?2 AND gone", "ii",
		m->link.record, a->worker->tool_id);
}

static int apply(struct merge *m, const char *cause)
{
	struct change c = {.type = m->a->type,
		.record = m->link.record,
		.patch = m->patch,
		.origin = {.tool = m->a->worker->tool, .cause = cause}};
	struct err e = {0};
	int64_t record = m->link.record;
	_Bool is_new = !record;
	int r = 0;

	/* A new record gets its id before the link that names it can be written. */
	if (!record) {
		r = store_change(m->tx, &c, &record, &e);
		m->link.record = record;
		c.record = record;
	}
	if (r == 0)
		r = store_link_put(m->tx, m->a->worker->tool_id, &m->link, m->a->remote->raw,
			m->a->remote->url, m->a->pass);
	if (r == 0 && m->patch->child)
		r = store_change(m->tx, &c, &record, &e);
	if (r == 0)
		r = merge_note_ids(m);
	if (r == 0 && is_new)
		r = store_pair_suggest(m->tx, record);
	if (r == 0)
		r = merge_note_lost(m);
	if (r == 0 && m->contested)
		r = store_conflict_tell(m->tx, record, m->a->worker->tool_id);
	if (r == 0)
		r = store_outbox_ensure(m->tx, record, m->a->worker->tool);
	if (r < 0 && e.code)
		log_warning("sync", "%s: %s %s: %s", m->a->worker->link->name, m->type->name, m->link.remote,
			e.text);
	return r;
}

/* The same as last time, which is what most of a listing is. */
static _Bool unchanged(const struct merge *m)
{
	for (const struct field *f = m->type->fields; f->name; f++) {
		if ((m->known & field_bit(m->type, f)) &&
			!json_equal(json_get(m->theirs, f->name), json_get(m->link.theirs, f->name)))
			return 0;
	}
	return 1;
}

char *merge_difference(struct tx *tx, const struct arrival *a)
{
	_cleanup_(merge_finish) struct merge m = {.tx = tx, .a = a, .type = type_get(a->type)};
	struct buf b = BUF_INIT(400);
	_Bool open;

	m.theirs = canonical(tx, a->worker, m.type, a->remote->doc, &m.known, &open);
	if (find_record(&m) == 0)
		return str_dup("it is not known here");
	for (const struct field *f = m.type->fields; f->name; f++) {
		if ((m.known & field_bit(m.type, f)) &&
			!json_equal(json_get(m.theirs, f->name), json_get(m.link.theirs, f->name)))
			buf_printf(&b, "%s%s", b.len ? ", " : "", f->name);
	}
	if (b.len)
		return buf_steal(&b);
	buf_finish(&b);
	return NULL;
}

/* Somebody has changed there what was removed here: nobody's work is lost, and both are told. */
static int tell_returned(struct merge *m)
{
	_cleanup_(mem_freep) char *path = store_record_path(m->tx->db, m->link.record);
	_cleanup_(mem_freep) char *name = store_record_name(m->tx->db, m->link.record);
	char text[200];
	struct problem p = {.kind = PROBLEM_NOTE,
		.record = m->link.record,
		.tool = m->a->worker->tool,
		.code = ESTALE,
		.path = path ? path : "",
		.name = name ? name : "",
		.field = "",
		.text = text,
		.bytes = ""};

	snprintf(text, sizeof(text),
		"it was changed in %s after it had been removed here, so it is back with that change; remove "
		"it "
		"again if it is to go",
		m->a->worker->link->name);
	return store_problem_add(m->tx, &p);
}

/* A copy goes with its record. What was changed in it meanwhile is written down, once. */
static int note_trashed(struct merge *m)
{
	struct origin origin = {.tool = m->a->worker->tool, .cause = "overruled"};
	int r;

	for (int i = 0; m->type->fields[i].name; i++) {
		const char *name = m->type->fields[i].name;

		if (!(m->known >> i & 1) ||
			json_equal(json_get(m->theirs, name), json_get(m->link.theirs, name)))
			continue;
		m->lost |= (uint64_t)1 << i;
		merge_put(m->link.theirs, name, json_get(m->theirs, name));
		merge_put(m->link.ours, name, json_get(m->theirs, name));
	}
	r = store_history_note(m->tx, m->link.record, m->theirs, NULL, m->lost, &origin);
	return r == 0 ? store_link_put(m->tx, m->a->worker->tool_id, &m->link, m->a->remote->raw,
				m->a->remote->url, m->a->pass)
		      : r;
}

/*
 * Its record is in the trash. 0: it stays there; the tool has yet to hear of it, or only holds a copy. 1: it comes back,
 * because it was changed there meanwhile, or because its owner has brought it back: as the same record or, when that has
 * been forgotten, as a new one.
 */
static int in_trash(struct merge *m)
{
	struct origin origin = {.tool = m->a->worker->tool, .cause = "pull"};
	_Bool waits = m->link.gone == LINK_THERE;
	int r = 0;

	if (waits && merge_only_ours(m))
		return store_link_seen(m->tx, m->link.id, m->a->pass, m->a->remote->raw);
	if (m->tx->stack->owners[m->a->type] != m->a->worker->tool)
		return waits ? note_trashed(m) : 0;
	if (store_restore(m->tx, m->link.record, &origin, NULL) == 0) {
		m->doc = store_record_doc(m->tx->db, m->link.record);
		r = waits ? tell_returned(m) : 0;
	} else {
		m->link.record = 0;
	}
	return r < 0 ? r : 1;
}

static _Bool named(const struct merge *m, const cJSON *doc, const char *theirs)
{
	const char *ours = json_get_text(doc, type_key(m->type)->name);
	_cleanup_(mem_freep) char *mine = ours ? store_identity(ours) : str_dup("");

	return strcmp(mine, theirs) == 0;
}

/*
 * It may be what a create of ours made of which nobody knows how it ended. As a new record it would be a double: it is left
 * for the next listing, when the create has been looked up.
 */
static _Bool is_awaited(const struct merge *m)
{
	const char *key = json_get_text(m->theirs, type_key(m->type)->name);
	_cleanup_(mem_freep) char *theirs = key ? store_identity(key) : str_dup("");
	sqlite3_stmt *q = db_query(m->tx->db,
		"SELECT o.record, o.sent_row FROM outbox o JOIN record r ON r.id = o.record WHERE o.tool = "
		"?1 AND r.type "
		"= ?2"
		" AND o.state IN (1, 2) AND NOT EXISTS (SELECT 1 FROM link l WHERE l.record = o.record AND "
		"l.tool = "
		"o.tool)",
		"ii", m->a->worker->tool_id, (int64_t)m->type->id);
	_Bool same = 0;

	while (db_row(q)) {
		int64_t record = sqlite3_column_int64(q, 0), sent_row = sqlite3_column_int64(q, 1);
		_cleanup_json_ cJSON *doc = store_record_doc(m->tx->db, record);
		_cleanup_json_ cJSON *sent = store_record_doc_at(m->tx->db, record, sent_row);

		/* Its name may have changed since it was sent. */
		same |= named(m, doc, theirs) || (sent_row && named(m, sent, theirs));
	}
	return same;
}

int merge_arrival(struct tx *tx, const struct arrival *a, int64_t *ret_record)
{
	_cleanup_(merge_finish) struct merge m = {
		.tx = tx, .a = a, .type = type_get(a->type), .patch = cJSON_CreateObject()};
	_Bool open, was_gone;
	int linked, r;

	m.theirs = canonical(tx, a->worker, m.type, a->remote->doc, &m.known, &open);
	linked = find_record(&m);
	if (linked < 0)
		return linked;
	if (ret_record)
		*ret_record = m.link.record;
	if (!linked && !m.link.record && is_awaited(&m))
		return MERGE_LATER;
	if (linked && !m.link.gone && m.link.unresolved == open && unchanged(&m))
		return store_link_seen(tx, m.link.id, a->pass, a->remote->raw);
	if (linked && !m.doc) {
		r = in_trash(&m);
		if (r <= 0)
			return r;
		linked = m.link.record != 0;
	}
	was_gone = m.link.gone;
	m.link.gone = LINK_THERE;
	m.link.unresolved = open;
	r = 0;
	if (linked && !was_gone)
		r = merge_linked(&m, 0);
	else
		merge_matched(&m);
	if (r == 0)
		r = apply(&m, "pull");
	if (r == 0 && !linked)
		r = store_outbox_woken(tx, a->worker->tool_id);
	if (ret_record)
		*ret_record = m.link.record;
	return r;
}

/* ---- answers to our own writes ---- */

/*
 * Compares what was sent with what the tool has now. What it changed by its own rules (trimmed, rounded) is taken over
 * where the tool owns the field; what it silently left as it was is reported.
 */
static void settle_sent(struct merge *m, struct answer *a, _Bool created)
{
	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];
		const cJSON *sent = json_get(a->doc, f->name), *now = json_get(m->theirs, f->name);
		const cJSON *before = json_get(m->link.theirs, f->name);
		_Bool owner = stack_owner(m->tx->stack, m->type->id, i) == m->a->worker->tool;
		uint64_t bit = field_bit(m->type, f);

		if (!(a->sent & bit))
			continue;
		if (!(m->known & bit) || json_equal(sent, now)) {
			merge_put(m->link.ours, f->name, sent);
		} else if (!created && json_equal(now, before)) {
			a->ignored |= bit;
			if (owner && json_equal(json_get(m->doc, f->name), sent))
				merge_take(m, f, now);
			else
				merge_put(m->link.ours, f->name, sent);
		} else if (owner && json_equal(json_get(m->doc, f->name), sent)) {
			merge_take(m, f, now);
		} else {
			merge_put(m->link.ours, f->name, sent);
		}
		if (m->known & bit)
			merge_put(m->link.theirs, f->name, now);
	}
}

/* A new thing in the tool: what it filled in by itself (a number, a default) comes back into the record. */
static void settle_created(struct merge *m, const struct answer *a)
{
	for (const struct field *f = m->type->fields; f->name; f++) {
		uint64_t bit = field_bit(m->type, f);
		const cJSON *now = json_get(m->theirs, f->name);

		if ((a->sent & bit) || !(m->known & bit))
			continue;
		if (now && !json_get(m->doc, f->name))
			merge_take(m, f, now);
		else
			merge_put(m->link.ours, f->name, now);
		merge_put(m->link.theirs, f->name, now);
	}
}

/* It was removed while this was on the way: the tool has it now and will have to hear of that, too. */
static int answer_in_trash(struct merge *m, const struct answer *a)
{
	int r = store_outbox_remove(m->tx, a->row->seq);

	cJSON_Delete(m->link.ours);
	m->link.ours = cJSON_Duplicate(a->doc, 1);
	merge_heard(m, m->link.id ? a->sent : m->known);
	if (r == 0)
		r = store_link_put(
			m->tx, m->a->worker->tool_id, &m->link, m->a->remote->raw, m->a->remote->url, 0);
	return r == 0 ? store_outbox_ensure(m->tx, a->row->record, -1) : r;
}

int merge_answer(struct tx *tx, struct answer *answer)
{
	const struct arrival *a = &answer->arrival;
	_cleanup_(merge_finish) struct merge m = {
		.tx = tx, .a = a, .type = type_get(a->type), .patch = cJSON_CreateObject()};
	_Bool open, linked;
	int r;

	m.theirs = canonical(tx, a->worker, m.type, a->remote->doc, &m.known, &open);
	m.doc = store_record_doc(tx->db, answer->row->record);
	linked = store_link_by_record(tx->db, a->worker->tool_id, answer->row->record, &m.link) == 0;
	if (!linked)
		m.link = (struct link){.record = answer->row->record,
			.type = a->type,
			.remote = str_dup(a->remote->id),
			.theirs = cJSON_CreateObject(),
			.ours = cJSON_CreateObject()};
	if (!linked) {
		r = give_up_id(tx, a->worker, a->type, a->remote->id);
		if (r < 0)
			return r;
	}
	/* A spreadsheet's row without an id is known by its name, which may just have changed. */
	if (linked && strcmp(m.link.remote, a->remote->id) != 0) {
		r = db_run(
			tx->db, "UPDATE link SET remote = ?2 WHERE id = ?1", "it", m.link.id, a->remote->id);
		if (r < 0)
			return r;
		str_set(&m.link.remote, a->remote->id);
	}
	m.link.unresolved = open;
	if (!m.doc)
		return answer_in_trash(&m, answer);
	settle_sent(&m, answer, !linked);
	r = 0;
	if (linked)
		r = merge_linked(&m, answer->sent);
	else
		settle_created(&m, answer);
	if (r == 0)
		r = store_outbox_remove(tx, answer->row->seq);
	if (r == 0)
		r = apply(&m, "answer");
	if (r == 0 && !linked)
		r = store_outbox_woken(tx, a->worker->tool_id);
	return r;
}

/* A change that never got there would go to the trash with the record, unseen. */
static int tell_unsent(struct tx *tx, struct worker *w, int64_t record)
{
	_cleanup_(mem_freep) char *path = store_record_path(tx->db, record);
	_cleanup_(mem_freep) char *name = store_record_name(tx->db, record);
	struct buf body = BUF_INIT(BUF_MAX_RECORD);
	char text[200];
	struct problem p = {.kind = PROBLEM_NOTE,
		.record = record,
		.tool = w->tool,
		.code = ENOENT,
		.path = path ? path : "",
		.name = name ? name : "",
		.field = "",
		.text = text};
	int r;

	if (!path || !db_int(tx->db, 0,
			     "SELECT 1 FROM outbox WHERE record = ?1 AND tool = ?2 AND state <> 4"
			     " UNION SELECT 1 FROM conflict WHERE record = ?1 AND tool = ?2",
			     "ii", record, w->tool_id))
		return 0;
	snprintf(text, sizeof(text),
		"%s has removed it while a change of yours had not arrived there; the record with your "
		"change is "
		"in .seam/trash/",
		w->link->name);
	/* Whoever waits for the tool's word hears this. */
	p.version = db_int(tx->db, 0, "SELECT version FROM record WHERE id = ?1", "i", record);
	r = store_written_read(tx->db, record, &body);
	p.bytes = buf_text(&body);
	p.len = body.len;
	if (r == 0)
		r = store_problem_add(tx, &p);
	buf_finish(&body);
	return r;
}

int merge_gone(struct tx *tx, struct worker *w, enum type_id type, const char *remote)
{
	struct origin origin = {.tool = w->tool, .cause = "gone"};
	_Bool owner = tx->stack->owners[type] == w->tool;
	struct link l;
	int64_t record;
	int r = store_link_by_remote(tx->db, w->tool_id, type, remote, &l);

	if (r < 0)
		return 0;
	l.gone = LINK_GONE;
	record = l.record;
	r = store_link_put(tx, w->tool_id, &l, NULL, NULL, 0);
	link_finish(&l);
	if (r == 0 && owner)
		r = tell_unsent(tx, w, record);
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM outbox WHERE record = ?1 AND tool = ?2", "ii", record,
			w->tool_id);
	/* Gone from a copy, it is still the owner's; gone from the owner, it leaves the tree and is kept. */
	if (r == 0 && owner)
		r = store_trash(tx, record, &origin);
	else if (r == 0)
		r = store_conflict_forget(tx, record, w->tool_id, &origin);
	if (r == 0 && !owner)
		r = store_outbox_ensure(tx, record, w->tool);
	return r == -ENOENT ? 0 : r;
}
