/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/company.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "seamfs/model/place.h"
#include "seamfs/store/outbox.h"
#include "store/change_p.h"

int store_event(struct tx *tx, enum event_kind kind, uint64_t dir, const char *name, uint64_t ino)
{
	return db_run(tx->db, "INSERT INTO event (kind, dir, name, ino) VALUES (?1, ?2, ?3, ?4)", "iiti",
		(int64_t)kind, (int64_t)dir, name, (int64_t)ino);
}

/* ---- names ---- */

static unsigned short_hash(int64_t id)
{
	return (unsigned)(((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> 40);
}

static _Bool taken(struct tx *tx, const struct work *w, const char *name)
{
	_cleanup_(mem_freep) char *fold = name_fold(name);

	/* The views' folder is there already. */
	if (w->type->file && strcmp(fold, "by") == 0)
		return 1;
	return db_int(tx->db, 0,
		       "SELECT id FROM record WHERE type = ?1 AND whole = ?2 AND fold = ?3 AND state = 0 AND "
		       "id <> ?4",
		       "iiti", (int64_t)w->type->id, w->whole, fold, w->record) != 0;
}

/* What people call the record: its key; time entries are told apart by their day. */
static char *wanted_name(const struct work *w)
{
	const char *key = json_get_text(w->doc, type_key(w->type)->name);
	const char *date =
		w->type->id == TYPE_TIME || w->type->id == TYPE_ENTRY ? json_get_text(w->doc, "date") : NULL;
	_cleanup_(mem_freep) char *text = NULL;

	if (!key)
		key = w->type->title;
	text = date ? str_format("%s %s", date, key) : str_dup(key);
	return name_safe(text, NAME_MAX_BYTES);
}

char *change_free_name(struct tx *tx, const struct work *w)
{
	char *name = wanted_name(w);

	for (int digits = 4; digits <= 6 && taken(tx, w, name); digits++) {
		_cleanup_(mem_freep) char *wanted = wanted_name(w);
		_cleanup_(mem_freep) char *base = name_safe(wanted, NAME_MAX_BYTES - 8);
		unsigned mask = (1U << (4 * digits)) - 1;

		free(name);
		name = str_format("%s ~%0*x", base, digits, short_hash(w->record) & mask);
	}
	return name;
}

static int keep_alias(struct tx *tx, const struct work *w, int64_t whole, const char *name)
{
	return db_run(tx->db,
		"INSERT INTO alias (type, whole, name, record) VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT DO UPDATE SET record = excluded.record",
		"iiti", (int64_t)w->type->id, whole, name, w->record);
}

/* Chooses the name; the old one goes on resolving. A name stays as long as what it is made of stays. */
static int settle_name(struct tx *tx, struct work *w, const struct change *c)
{
	int r = 0;

	w->old_name = w->is_new ? NULL : store_record_name(tx->db, w->record);
	if (!w->is_new) {
		struct work before = *w;
		_cleanup_(mem_freep) char *was = NULL, *is = wanted_name(w);

		before.doc = w->old;
		was = wanted_name(&before);
		if (strcmp(was, is) == 0 && w->whole == w->old_whole) {
			w->name = str_dup(w->old_name);
			return 0;
		}
	}
	w->name = change_free_name(tx, w);
	if (!c->moved && w->old_name && (strcmp(w->old_name, w->name) != 0 || w->whole != w->old_whole))
		r = keep_alias(tx, w, w->old_whole, w->old_name);
	if (r == 0 && c->name && strcmp(c->name, w->name) != 0)
		r = keep_alias(tx, w, w->whole, c->name);
	return r;
}

/* ---- rows ---- */

static int insert_record(struct tx *tx, struct work *w)
{
	/* The id is needed for the name; a placeholder name that cannot clash stands in for a moment. */
	_cleanup_(mem_freep) char *placeholder = NULL;
	int r;

	placeholder = str_format("/%lld", (long long)db_int(tx->db, 0, "SELECT max(id) FROM record", ""));
	r = db_run(tx->db,
		"INSERT INTO record (type, whole, name, fold, size, mtime, version, state) VALUES (?1, ?2, "
		"?3, ?3, 0, ?4, 0, 0)",
		"iiti", (int64_t)w->type->id, w->whole, placeholder, tx->now_ms);
	w->record = db_last_id(tx->db);
	return r;
}

static int write_record(struct tx *tx, struct work *w)
{
	_cleanup_(mem_freep) char *fold = name_fold(w->name), *doc = json_print(w->doc);
	int r = db_run(tx->db,
		"UPDATE record SET whole = ?2, name = ?3, fold = ?4, size = ?5, mtime = ?6, version = "
		"version + 1"
		" WHERE id = ?1",
		"iittii", w->record, w->whole, w->name, fold, (int64_t)w->body.len,
		w->mtime_ms ? w->mtime_ms : tx->now_ms);

	if (r == 0)
		r = db_run(tx->db,
			"INSERT INTO content (record, doc, body) VALUES (?1, ?2, ?3)"
			" ON CONFLICT DO UPDATE SET doc = excluded.doc, body = excluded.body",
			"itb", w->record, doc, (const void *)buf_text(&w->body), w->body.len);
	w->version = db_int(tx->db, 0, "SELECT version FROM record WHERE id = ?1", "i", w->record);
	return r;
}

static int write_history(struct tx *tx, const struct work *w, const struct origin *origin)
{
	uint64_t fields = record_changed(w->type, w->old, w->doc);
	int r = 0;

	for (int i = 0; w->type->fields[i].name && r == 0; i++) {
		const char *name = w->type->fields[i].name;

		if (fields & (uint64_t)1 << i)
			r = history_add(tx, w->record, w->version, i, json_get(w->old, name),
				json_get(w->doc, name), origin);
	}
	return r;
}

int change_references(struct tx *tx, const struct work *w)
{
	int r = db_run(tx->db, "DELETE FROM reference WHERE record = ?1", "i", w->record);

	for (int i = 0; w->type->fields[i].name && r == 0; i++) {
		const struct field *f = &w->type->fields[i];
		int64_t target = f->kind == FIELD_REF ? record_ref(w->doc, f) : 0;

		if (target)
			r = db_run(tx->db,
				"INSERT INTO reference (target, type, record, field) VALUES (?1, ?2, ?3, ?4)",
				"iiii", target, (int64_t)w->type->id, w->record, (int64_t)i);
	}
	return r;
}

static int write_identity(struct tx *tx, const struct work *w, int field, const char *value)
{
	return value && value[0] ? db_run(tx->db,
					   "INSERT OR IGNORE INTO identity (type, field, value, record)"
					   " VALUES (?1, ?2, ?3, ?4)",
					   "iiti", (int64_t)w->type->id, (int64_t)field, value, w->record)
				 : 0;
}

static int company_identities(struct tx *tx, const struct work *w)
{
	const char *name = json_get_text(w->doc, type_key(w->type)->name);
	const char *email = json_get_text(w->doc, "email"), *website = json_get_text(w->doc, "website");
	_cleanup_(mem_freep) char *plain = name ? company_name(name) : NULL;
	_cleanup_(mem_freep) char *mail = email ? company_domain(email) : NULL;
	_cleanup_(mem_freep) char *web = website ? company_domain(website) : NULL;
	int r = write_identity(tx, w, IDENTITY_NAME, plain);

	if (r == 0)
		r = write_identity(tx, w, IDENTITY_DOMAIN, mail);
	return r == 0 ? write_identity(tx, w, IDENTITY_DOMAIN, web) : r;
}

int change_identities(struct tx *tx, const struct work *w)
{
	const char *key = type_key(w->type)->name;
	int r = db_run(tx->db, "DELETE FROM identity WHERE record = ?1", "i", w->record);

	for (int i = 0; w->type->fields[i].name && r == 0; i++) {
		const struct field *f = &w->type->fields[i];
		const char *text = json_get_text(w->doc, f->name);
		_Bool wanted = strcmp(f->name, key) == 0;
		_cleanup_(mem_freep) char *value = NULL;

		for (const char *const *m = w->type->match; m && *m && !wanted; m++)
			wanted = strcmp(*m, f->name) == 0;
		if (!wanted || !text)
			continue;
		value = store_identity(text);
		r = write_identity(tx, w, i, value);
	}
	return r == 0 && w->type->company ? company_identities(tx, w) : r;
}

/* ---- the whole ---- */

static int render(struct tx *tx, struct work *w)
{
	struct record_names names = store_names(tx->db);

	buf_clear(&w->body);
	return record_render(w->type, w->doc, &names, tx->stack->currency, &w->body);
}

/* Keeps the writer's bytes when reading them gives exactly the new doc, so that a save never changes what was written. */
static int choose_body(struct tx *tx, struct work *w, const struct change *c)
{
	struct record_names names = store_names(tx->db);
	cJSON *patch = NULL;

	if (c->body && record_parse(w->type, c->body, c->body_len, NULL, &names, tx->stack->currency, &patch,
			       NULL) == 0) {
		cJSON *meant = record_apply(w->type, NULL, patch);
		_Bool same = record_changed(w->type, meant, w->doc) == 0;

		cJSON_Delete(meant);
		cJSON_Delete(patch);
		if (same) {
			buf_clear(&w->body);
			return buf_add(&w->body, c->body, c->body_len);
		}
	}
	return render(tx, w);
}

static _Bool moved(const struct work *w)
{
	return !w->is_new && (strcmp(w->old_name, w->name) != 0 || w->whole != w->old_whole);
}

/* Whether the links to the record in other records' folders come, go or are called differently. */
static _Bool links_change(const struct work *w)
{
	uint64_t fields = record_changed(w->type, w->old, w->doc);

	for (const struct field *f = w->type->fields; f->name; f++) {
		if (f->kind == FIELD_REF && (fields & field_bit(w->type, f)))
			return 1;
	}
	return moved(w);
}

static int announce(struct tx *tx, const struct work *w)
{
	int r = 0;

	if (moved(w))
		r = change_announce(tx, w, EVENT_REMOVED, w->old_whole, w->old_name);
	if (r == 0 && (moved(w) || w->is_new))
		r = change_announce(tx, w, EVENT_ADDED, w->whole, w->name);
	if (r == 0 && !w->is_new)
		r = store_event(
			tx, EVENT_CHANGED, 0, "", place_ino(PLACE_RECORD, w->type->id, (uint64_t)w->record));
	if (r == 0 && moved(w) && !w->is_new && w->type->file &&
		tx->stack->owners[TYPE_DOCUMENT] != TOOL_LOCAL)
		r = db_run(tx->db, "INSERT INTO renamed (type, old, name) VALUES (?1, ?2, ?3)", "itt",
			(int64_t)w->type->id, w->old_name, w->name);
	/* Where this link leads depends on the name. */
	if (r == 0 && moved(w) && w->type->file)
		r = store_event(tx, EVENT_CHANGED, 0, "",
			place_ino(PLACE_DOCS_LINK, w->type->id, (uint64_t)w->record));
	return r;
}

static int write_all(struct tx *tx, struct work *w, const struct change *c)
{
	_Bool links = 0;
	int r = 0;

	if (w->is_new)
		r = insert_record(tx, w);
	if (r == 0)
		r = settle_name(tx, w, c);
	if (r == 0)
		links = links_change(w);
	if (r == 0)
		r = choose_body(tx, w, c);
	if (r == 0)
		r = write_record(tx, w);
	if (r == 0)
		r = write_history(tx, w, &c->origin);
	if (r == 0 && links)
		r = change_hub_events(tx, w, EVENT_REMOVED);
	if (r == 0)
		r = change_references(tx, w);
	if (r == 0 && links)
		r = change_hub_events(tx, w, EVENT_ADDED);
	if (r == 0)
		r = change_identities(tx, w);
	if (r == 0)
		r = change_facets(tx, w);
	if (r == 0)
		r = announce(tx, w);
	if (r == 0 && w->old_name && strcmp(w->old_name, w->name) != 0)
		r = change_dependents(tx, w);
	return r == 0 ? store_outbox_ensure(tx, w->record, c->origin.tool) : r;
}

void work_finish(struct work *w)
{
	cJSON_Delete(w->old);
	cJSON_Delete(w->doc);
	free(w->name);
	free(w->old_name);
	buf_finish(&w->body);
}

/* Numbers of invoices and the like are given once; names of people may repeat. */
static int check_unique(struct db *db, const struct work *w, struct err *e)
{
	for (int i = 0; w->type->fields[i].name; i++) {
		const struct field *f = &w->type->fields[i];
		const char *text = json_get_text(w->doc, f->name);
		_cleanup_(mem_freep) char *value = text ? store_identity(text) : NULL;

		if (!(f->flags & FIELD_UNIQUE) || !text)
			continue;
		if (db_int(db, 0,
			    "SELECT record FROM identity WHERE type = ?1 AND field = ?2 AND value = ?3 AND "
			    "record <> ?4",
			    "iiti", (int64_t)w->type->id, (int64_t)i, value, w->record))
			return err_field(e, EEXIST, f->name, "there is %s %s with the %s \"%.100s\" already",
				w->type->id == TYPE_INVOICE ? "an" : "a", w->type->name, f->name, text);
	}
	return 0;
}

/* What its owner cannot change would never get there. */
static int check_writable(const struct stack *stack, const struct work *w, struct err *e)
{
	uint64_t fields = record_changed(w->type, w->old, w->doc);

	for (int i = 0; w->type->fields[i].name; i++) {
		int tool = stack_owner(stack, w->type->id, i);
		const struct tool_type *can = &stack->tools[tool].types[w->type->id];
		uint64_t bit = (uint64_t)1 << i;

		if (tool == TOOL_LOCAL || !(fields & bit) || !can->used || !(can->reads & bit) ||
			(w->type->fields[i].flags & FIELD_COMPUTED))
			continue;
		if (w->is_new && !can->creates)
			return err_set(e, EROFS, "%s owns the %s and takes no new ones from here",
				stack->tools[tool].name, w->type->plural);
		if (!w->is_new && !can->writes)
			return err_set(e, EROFS, "%s owns the %s and can only be read; change it there",
				stack->tools[tool].name, w->type->plural);
		if (!w->is_new && !(can->writes & bit))
			return err_field(e, EROFS, w->type->fields[i].name,
				"%s owns \"%s\" and cannot be told to change it; change it there",
				stack->tools[tool].name, w->type->fields[i].name);
	}
	return 0;
}

/* The doc that the change would make, and, for a person's, whether it may be. */
static int propose(
	struct db *db, const struct stack *stack, const struct change *c, struct work *w, struct err *e)
{
	int r = 0;

	if (c->record) {
		w->old = store_record_doc(db, c->record);
		if (!w->old)
			return err_set(e, ENOENT, "the record is no longer there");
	}
	w->doc = record_apply(w->type, w->old, c->patch);
	w->whole = record_ref(w->doc, type_whole(w->type));
	w->old_whole = record_ref(w->old, type_whole(w->type));
	if (c->origin.tool < 0)
		r = record_complete(w->type, w->old, w->doc, stack->currency, e);
	if (r == 0 && c->origin.tool < 0)
		r = check_writable(stack, w, e);
	return r == 0 && c->origin.tool < 0 ? check_unique(db, w, e) : r;
}

int store_change_check(struct db *db, const struct stack *stack, const struct change *c, struct err *e)
{
	_cleanup_(work_finish) struct work w = {
		.type = type_get(c->type), .record = c->record, .is_new = !c->record};

	return propose(db, stack, c, &w, e);
}

/* The same values in another layout, or with another time. */
static int write_layout(struct tx *tx, struct work *w, const struct change *c)
{
	struct buf before = BUF_INIT(BUF_MAX_RECORD);
	int r = choose_body(tx, w, c);
	_Bool same;

	if (r == 0)
		r = store_record_body(tx->db, w->record, &before);
	same = r == 0 && before.len == w->body.len &&
	       memcmp(buf_text(&before), buf_text(&w->body), before.len) == 0;
	buf_finish(&before);
	if (r < 0 || (same && !c->mtime_ms))
		return r;
	r = db_run(tx->db, "UPDATE content SET body = ?2 WHERE record = ?1", "ib", w->record,
		(const void *)buf_text(&w->body), w->body.len);
	if (r == 0)
		r = db_run(tx->db, "UPDATE record SET size = ?2, mtime = ?3 WHERE id = ?1", "iii", w->record,
			(int64_t)w->body.len, w->mtime_ms ? w->mtime_ms : tx->now_ms);
	if (r == 0)
		r = store_event(
			tx, EVENT_CHANGED, 0, "", place_ino(PLACE_RECORD, w->type->id, (uint64_t)w->record));
	return r;
}

int store_change(struct tx *tx, const struct change *c, int64_t *ret, struct err *e)
{
	_cleanup_(work_finish) struct work w = {.type = type_get(c->type),
		.record = c->record,
		.is_new = !c->record,
		.mtime_ms = c->mtime_ms,
		.body = BUF_INIT(BUF_MAX_RECORD)};
	int r = propose(tx->db, tx->stack, c, &w, e);

	if (r < 0)
		return r;
	/* Nothing new: no version and no remote call. */
	if (!w.is_new && record_changed(w.type, w.old, w.doc) == 0) {
		*ret = c->record;
		return c->body ? write_layout(tx, &w, c) : 0;
	}
	r = write_all(tx, &w, c);
	if (r < 0)
		return err_set(e, -r, "the change could not be stored: %s", strerror(-r));
	*ret = w.record;
	return 0;
}

int store_rerender(struct tx *tx, int64_t record)
{
	struct record_stat stat;
	_cleanup_(work_finish) struct work w = {.record = record, .body = BUF_INIT(BUF_MAX_RECORD)};
	int r = store_record_stat(tx->db, record, &stat);

	if (r < 0)
		return 0;
	w.type = type_get(stat.type);
	w.whole = w.old_whole = stat.whole;
	w.doc = store_record_doc(tx->db, record);
	w.name = store_record_name(tx->db, record);
	if (!w.doc || !w.name)
		return -EIO;
	r = render(tx, &w);
	if (r == 0)
		r = write_record(tx, &w);
	if (r == 0)
		r = change_facets(tx, &w);
	if (r == 0)
		r = store_event(
			tx, EVENT_CHANGED, 0, "", place_ino(PLACE_RECORD, w.type->id, (uint64_t)record));
	return r;
}
