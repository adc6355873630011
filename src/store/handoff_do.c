/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule does with records: through the same change as a save. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/local.h"
#include "store/handoff_p.h"

/* ---- the diff ---- */

static void diff_side(struct deed *d, char sign, const struct type *type, const cJSON *doc, uint64_t fields)
{
	struct record_names names = store_names(d->db);
	_cleanup_json_ cJSON *shown = record_shown(type, doc, &names, d->stack->currency);

	for (const struct field *f = type->fields; f->name; f++) {
		const cJSON *value = json_get(shown, f->name);
		_cleanup_(mem_freep) char *text = value ? json_print(value) : NULL;

		if (text && (fields & field_bit(type, f)))
			buf_printf(&d->log, "%c%s: %s\n", sign, f->name, text);
	}
}

static void diff(struct deed *d, const struct type *type, int64_t record, const cJSON *before)
{
	_cleanup_json_ cJSON *after = store_record_doc(d->db, record);
	_cleanup_(mem_freep) char *path = store_record_path(d->db, record);
	uint64_t fields = record_changed(type, before, after);

	buf_printf(&d->log, "%s %s\n", before ? "update" : "create", path ? path : type->name);
	if (before)
		diff_side(d, '-', type, before, fields);
	diff_side(d, '+', type, after, fields);
}

/* ---- changing ---- */

static uint64_t fields_of(const struct type *type, const cJSON *patch)
{
	uint64_t fields = 0;

	for (const struct field *f = type->fields; f->name; f++) {
		if (json_get(patch, f->name))
			fields |= field_bit(type, f);
	}
	return fields;
}

static int change(struct deed *d, const struct type *type, int64_t record, const cJSON *old,
	const cJSON *object, int64_t *ret, struct err *e)
{
	struct record_names names = store_names(d->db);
	_cleanup_(mem_freep) char *text = json_print(object);
	_cleanup_json_ cJSON *patch = NULL;
	struct change c = {.type = type->id,
		.record = record,
		.origin = {.tool = -1, .uid = getuid(), .cause = d->cause}};
	int r = record_parse(type, text, strlen(text), old, &names, d->stack->currency, &patch, e);

	snprintf(c.origin.program, sizeof(c.origin.program), "seamfs");
	c.patch = patch;
	if (r == 0)
		r = store_change(d->tx, &c, ret, e);
	/* The rule has decided, as a save would have. */
	if (r == 0 && store_conflict_fields(d->db, *ret, 0))
		r = store_conflict_settle(d->tx, *ret, fields_of(type, patch), &c.origin);
	return r;
}

static int note_made(struct deed *d, int64_t record, enum type_id type, const char *as)
{
	if (as && d->slot_count < HANDOFF_MAX_SLOTS) {
		snprintf(d->slots[d->slot_count].name, sizeof(d->slots[0].name), "%s", as);
		d->slots[d->slot_count].type = type;
		d->slots[d->slot_count++].record = record;
	}
	return db_run(d->db, "INSERT OR IGNORE INTO handoff_made (run, record, slot) VALUES (?1, ?2, ?3)",
		"iit", d->run, record, as ? as : "");
}

static int create(struct deed *d, const cJSON *action, struct err *e)
{
	const struct type *type = type_by_name(json_get_text(action, "create"));
	_cleanup_json_ cJSON *object = NULL, *used = NULL;
	const cJSON *item;
	int64_t record = 0, id;
	int r = deed_set(d, type, NULL, json_get(action, "set"), &object, &used, e);

	if (r == DEED_NOTHING) {
		buf_printf(&d->log, "create %s: left out, there is nothing for its lines\n", type->name);
		return 0;
	}
	if (r == 0)
		r = change(d, type, 0, NULL, object, &record, e);
	if (r == 0)
		r = note_made(d, record, type->id, json_get_text(action, "as"));
	cJSON_ArrayForEach (item, used) {
		if (r == 0 && json_int64(item, &id) == 0)
			r = db_run(d->db, "INSERT OR IGNORE INTO handoff_used (record, made) VALUES (?1, ?2)",
				"ii", id, record);
	}
	if (r == 0)
		diff(d, type, record, NULL);
	return r;
}

static int64_t target_of(struct deed *d, const char *path, struct err *e)
{
	struct formula_env env = deed_env(d);
	_cleanup_value_ struct value v = {0};
	int r = formula_eval(path, &env, &v, e);

	if (r < 0)
		return r;
	if (v.kind != VALUE_RECORD)
		return err_set(e, ENOENT, "there is no %s to update", path);
	return v.number;
}

static int update(struct deed *d, const cJSON *action, struct err *e)
{
	int64_t record = target_of(d, json_get_text(action, "update"), e), same;
	_cleanup_json_ cJSON *object = NULL, *used = NULL, *before = NULL;
	const struct type *type;
	struct record_stat stat;
	int r;

	if (record < 0)
		return (int)record;
	if (store_record_stat(d->db, record, &stat) < 0)
		return err_set(e, ENOENT, "the record to update is no longer there");
	type = type_get(stat.type);
	before = store_record_doc(d->db, record);
	r = deed_set(d, type, before, json_get(action, "set"), &object, &used, e);
	if (r == DEED_NOTHING)
		return 0;
	if (r == 0)
		r = change(d, type, record, before, object, &same, e);
	if (r == 0)
		r = note_made(d, record, type->id, NULL);
	if (r == 0)
		diff(d, type, record, before);
	return r;
}

static int one(struct deed *d, const cJSON *action, struct err *e)
{
	if (json_get(action, "create"))
		return create(d, action, e);
	if (json_get(action, "update"))
		return update(d, action, e);
	return deed_step(d, action, e);
}

int deed_do(struct deed *d, const cJSON *actions, struct err *e)
{
	const cJSON *action;

	cJSON_ArrayForEach (action, actions) {
		int r = one(d, action, e);

		if (r < 0)
			return r;
		/* An action may have changed the record itself. */
		cJSON_Delete(d->doc);
		d->doc = store_record_doc(d->db, d->record);
		d->currency = record_currency(d->doc, d->stack->currency);
	}
	return 0;
}
