/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/trash.h"
#include "sync/worker.h"

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

/* ---- three-way merge by field ---- */

struct merge {
	struct tx *tx;
	const struct arrival *a;
	const struct type *type;
	struct link link;
	cJSON *doc;    /* the record now; NULL: none */
	cJSON *theirs; /* as it came */
	cJSON *patch;  /* what the record takes over */
	uint64_t known;
};

static void merge_finish(struct merge *m)
{
	link_finish(&m->link);
	cJSON_Delete(m->doc);
	cJSON_Delete(m->theirs);
	cJSON_Delete(m->patch);
}

static void put(cJSON *object, const char *key, const cJSON *value)
{
	if (value)
		json_set(object, key, cJSON_Duplicate(value, 1));
	else
		cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

/* The record takes the tool's value of this field. */
static void take(struct merge *m, const struct field *f, const cJSON *value)
{
	if (!json_equal(json_get(m->doc, f->name), value))
		json_set(m->patch, f->name, value ? cJSON_Duplicate(value, 1) : cJSON_CreateNull());
	put(m->link.ours, f->name, value);
}

/*
 * A field that moves in steps and that we had begun to send: what came is a stop on its way, not somebody's wish. The record
 * keeps its own value, and the rest of the way goes on from here.
 */
static _Bool under_way(struct merge *m, const struct field *f)
{
	const struct tool_type *can = &m->tx->stack->tools[m->a->worker->tool].types[m->type->id];
	uint64_t bit = field_bit(m->type, f);

	return (can->steps & bit) &&
	       ((uint64_t)db_int(m->tx->db, 0, "SELECT sent FROM outbox WHERE record = ?1 AND tool = ?2",
			"ii", m->link.record, m->a->worker->tool_id) &
		       bit);
}

/* What came against what the tool had; the record against what that corresponded to. */
static void merge_linked(struct merge *m, uint64_t skip)
{
	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];
		const cJSON *now = json_get(m->theirs, f->name), *ours = json_get(m->doc, f->name);
		_Bool came = !json_equal(now, json_get(m->link.theirs, f->name));
		_Bool edited = !json_equal(ours, json_get(m->link.ours, f->name));

		if (!(m->known & field_bit(m->type, f)) || (skip & field_bit(m->type, f)) || !came)
			continue;
		if (edited && !json_equal(ours, now) && under_way(m, f))
			put(m->link.ours, f->name, now);
		else if (!edited || json_equal(ours, now) ||
			 stack_owner(m->tx->stack, m->type->id, i) == m->a->worker->tool)
			take(m, f, now);
		put(m->link.theirs, f->name, now);
	}
}

/* The same thing, seen in this tool for the first time: its owner's values win, gaps are filled. */
static void merge_matched(struct merge *m)
{
	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];
		const cJSON *now = json_get(m->theirs, f->name), *ours = json_get(m->doc, f->name);
		_Bool owner = stack_owner(m->tx->stack, m->type->id, i) == m->a->worker->tool;

		if (!(m->known & field_bit(m->type, f)))
			continue;
		if (owner || !ours)
			take(m, f, now);
		else
			put(m->link.ours, f->name, now);
		put(m->link.theirs, f->name, now);
	}
}

static int find_record(struct merge *m)
{
	const struct arrival *a = m->a;
	int r = store_link_by_remote(m->tx->db, a->worker->tool_id, a->type, a->remote->id, &m->link);

	if (r == 0) {
		m->doc = store_record_doc(m->tx->db, m->link.record);
		return 1;
	}
	m->link = (struct link){.type = a->type,
		.remote = str_dup(a->remote->id),
		.theirs = cJSON_CreateObject(),
		.ours = cJSON_CreateObject()};
	m->link.record = store_match(m->tx->db, a->worker->tool_id, a->type, m->theirs);
	if (m->link.record)
		m->doc = store_record_doc(m->tx->db, m->link.record);
	return 0;
}

static int apply(struct merge *m, const char *cause)
{
	struct change c = {.type = m->a->type,
		.record = m->link.record,
		.patch = m->patch,
		.origin = {.tool = m->a->worker->tool, .cause = cause}};
	struct err e = {0};
	int64_t record = m->link.record;
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

/*
 * Its record is in the trash. 0: it stays there; the tool has yet to hear of it, or only holds a copy. 1: its owner brings
 * it back, as the same record or, when that has been forgotten, as a new one.
 */
static int in_trash(struct merge *m)
{
	struct origin origin = {.tool = m->a->worker->tool, .cause = "pull"};

	if (m->link.gone == LINK_THERE)
		return store_link_seen(m->tx, m->link.id, m->a->pass, m->a->remote->raw);
	if (m->tx->stack->owners[m->a->type] != m->a->worker->tool)
		return 0;
	if (store_restore(m->tx, m->link.record, &origin, NULL) == 0)
		m->doc = store_record_doc(m->tx->db, m->link.record);
	else
		m->link.record = 0;
	return 1;
}

int merge_arrival(struct tx *tx, const struct arrival *a, int64_t *ret_record)
{
	_cleanup_(merge_finish) struct merge m = {
		.tx = tx, .a = a, .type = type_get(a->type), .patch = cJSON_CreateObject()};
	_Bool open, was_gone;
	int linked, r;

	m.theirs = canonical(tx, a->worker, m.type, a->remote->doc, &m.known, &open);
	linked = find_record(&m);
	if (ret_record)
		*ret_record = m.link.record;
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
	if (linked && !was_gone)
		merge_linked(&m, 0);
	else
		merge_matched(&m);
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
	const struct tool_type *can = &m->tx->stack->tools[m->a->worker->tool].types[m->type->id];

	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];
		const cJSON *sent = json_get(a->doc, f->name), *now = json_get(m->theirs, f->name);
		const cJSON *before = json_get(m->link.theirs, f->name);
		_Bool owner = stack_owner(m->tx->stack, m->type->id, i) == m->a->worker->tool;
		uint64_t bit = field_bit(m->type, f);

		if (!(a->sent & bit))
			continue;
		if (!(m->known & bit) || json_equal(sent, now)) {
			put(m->link.ours, f->name, sent);
		} else if (m->a->remote->unfinished && (can->writes & bit)) {
			/* The record keeps its own, and that goes as a change. */
			put(m->link.ours, f->name, now);
		} else if (!created && json_equal(now, before)) {
			a->ignored |= bit;
			if (owner && json_equal(json_get(m->doc, f->name), sent))
				take(m, f, now);
			else
				put(m->link.ours, f->name, sent);
		} else if (owner && json_equal(json_get(m->doc, f->name), sent)) {
			take(m, f, now);
		} else {
			put(m->link.ours, f->name, sent);
		}
		if (m->known & bit)
			put(m->link.theirs, f->name, now);
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
			take(m, f, now);
		else
			put(m->link.ours, f->name, now);
		put(m->link.theirs, f->name, now);
	}
}

/* It was removed while this was on the way: the tool has it now and will have to hear of that, too. */
static int answer_in_trash(struct merge *m, const struct answer *a)
{
	int r = store_outbox_remove(m->tx, a->row->seq);

	cJSON_Delete(m->link.ours);
	m->link.ours = cJSON_Duplicate(a->doc, 1);
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
	if (linked)
		merge_linked(&m, answer->sent);
	else
		settle_created(&m, answer);
	r = store_outbox_remove(tx, answer->row->seq);
	if (r == 0)
		r = apply(&m, "answer");
	if (r == 0 && !linked)
		r = store_outbox_woken(tx, a->worker->tool_id);
	return r;
}

int merge_gone(struct tx *tx, struct worker *w, enum type_id type, const char *remote)
{
	struct origin origin = {.tool = w->tool, .cause = "gone"};
	struct link l;
	int64_t record;
	int r = store_link_by_remote(tx->db, w->tool_id, type, remote, &l);

	if (r < 0)
		return 0;
	l.gone = LINK_GONE;
	record = l.record;
	r = store_link_put(tx, w->tool_id, &l, NULL, NULL, 0);
	link_finish(&l);
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM outbox WHERE record = ?1 AND tool = ?2", "ii", record,
			w->tool_id);
	/* Gone from a copy, it is still the owner's; gone from the owner, it leaves the tree and is kept. */
	if (r == 0 && tx->stack->owners[type] == w->tool)
		r = store_trash(tx, record, &origin);
	return r == -ENOENT ? 0 : r;
}
