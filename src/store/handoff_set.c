/* SPDX-License-Identifier: Apache-2.0 */
/* "set": from templates to the object that a record's file would hold, so that it is judged as a save is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "store/handoff_p.h"

struct setting {
	struct deed *d;
	const struct type *type;
	const char *currency; /* of the record that is set */
	cJSON *used;	      /* ids of items that became lines for once and all */
	struct err *e;
};

static int wrong(struct setting *s, const struct field *f, const char *what)
{
	return err_field(s->e, EINVAL, f->name, "\"%s\" %s", f->name, what);
}

static int same_currency(struct setting *s, const struct field *f, const char *currency)
{
	if (strcmp(currency, s->currency) == 0)
		return 0;
	return err_field(s->e, EINVAL, f->name, "\"%s\" is an amount in %s, but the %s is in %s", f->name,
		currency, s->type->name, s->currency);
}

/* Lines of a doc, as a file has them. */
static int shown_lines(struct setting *s, const struct field *f, const struct value *v, cJSON **ret)
{
	struct record_names names = store_names(s->d->db);
	_cleanup_json_ cJSON *doc = cJSON_CreateObject(), *shown = NULL;

	if (same_currency(s, f, v->text) < 0)
		return -EINVAL;
	json_set(doc, f->name, cJSON_Duplicate(v->list, 1));
	json_set_text(doc, "currency", s->currency);
	shown = record_shown(s->type, doc, &names, s->currency);
	*ret = cJSON_Duplicate(json_get(shown, f->name), 1);
	return 0;
}

static int shown_number(struct setting *s, const struct field *f, const struct value *v, cJSON **ret)
{
	char digits[DECIMAL_SIZE];

	if (v->kind == VALUE_MONEY) {
		if (f->kind == FIELD_MONEY && same_currency(s, f, v->text) < 0)
			return -EINVAL;
		*ret = json_new_number(money_format(v->number, v->text, digits));
		return 0;
	}
	if (v->kind != VALUE_NUMBER)
		return wrong(s, f, "takes a number");
	*ret = json_new_number(decimal_format(v->decimal, digits));
	return 0;
}

static int shown_text(struct setting *s, const struct field *f, const struct value *v, cJSON **ret)
{
	struct formula_env env = deed_env(s->d);
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_RECORD);
	int r = value_text(v, &env, &b);

	if (r < 0)
		return wrong(s, f, "becomes too long");
	*ret = cJSON_CreateString(buf_text(&b));
	return 0;
}

static int shown(struct setting *s, const struct field *f, const struct value *v, cJSON **ret)
{
	if (v->kind == VALUE_NONE) {
		*ret = cJSON_CreateNull();
		return 0;
	}
	switch (f->kind) {
	case FIELD_MONEY:
	case FIELD_DECIMAL:
		return shown_number(s, f, v, ret);
	case FIELD_BOOL:
		*ret = v->kind == VALUE_BOOL ? cJSON_CreateBool(v->number != 0) : NULL;
		return *ret ? 0 : wrong(s, f, "is true or false");
	case FIELD_REF:
		if (v->kind == VALUE_RECORD && v->type != f->ref)
			return wrong(s, f, "refers to another type of record");
		return shown_text(s, f, v, ret);
	case FIELD_TAGS:
		if (v->kind != VALUE_LIST)
			return wrong(s, f, "takes a list");
		*ret = cJSON_Duplicate(v->list, 1);
		return 0;
	case FIELD_LINES:
		return v->kind == VALUE_LIST ? shown_lines(s, f, v, ret) : wrong(s, f, "takes lines");
	default:
		return shown_text(s, f, v, ret);
	}
}

/* Tags, each of them a text of its own. */
static int set_list(struct setting *s, const cJSON *template, cJSON **ret)
{
	_cleanup_json_ cJSON *list = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach (item, template) {
		_cleanup_(mem_freep) char *text = NULL;
		int r = json_text(item) ? deed_text(s->d, json_text(item), 0, &text, s->e) : 0;

		if (r < 0)
			return r;
		cJSON_AddItemToArray(list, text ? cJSON_CreateString(text) : cJSON_Duplicate(item, 1));
	}
	*ret = list;
	list = NULL;
	return 0;
}

static int set_value(struct setting *s, const struct field *f, const cJSON *template, cJSON **ret)
{
	struct formula_env env = deed_env(s->d);
	_cleanup_value_ struct value v = {0};
	int r;

	if (cJSON_IsArray(template))
		return set_list(s, template, ret);
	if (!json_text(template)) {
		*ret = cJSON_Duplicate(template, 1);
		return 0;
	}
	env.currency = s->currency;
	r = formula_value(json_text(template), &env, 0, &v, s->e);
	return r == 0 ? shown(s, f, &v, ret) : r;
}

/* ---- lines ---- */

static int set_line(struct setting *s, const struct field *lines, const cJSON *template, cJSON **ret)
{
	_cleanup_json_ cJSON *line = cJSON_CreateObject();
	const cJSON *item;

	cJSON_ArrayForEach (item, template) {
		const struct field *f = lines->line;
		cJSON *value = NULL;
		int r;

		while (f->name && strcmp(f->name, item->string) != 0)
			f++;
		r = f->name ? set_value(s, f, item, &value) : wrong(s, lines, "has no such field in a line");
		if (r < 0)
			return r;
		json_set(line, item->string, value);
	}
	*ret = line;
	line = NULL;
	return 0;
}

struct ids {
	int64_t *ids;
	size_t count;
};

static _Bool take_id(void *context, const struct listed *row)
{
	struct ids *list = context;

	list->ids = mem_grow(list->ids, list->count + 1, sizeof(*list->ids));
	list->ids[list->count++] = row->id;
	return 1;
}

/* Whether the item has become a line of a record that is still there. */
static _Bool is_used(struct db *db, int64_t item)
{
	return db_int(db, 0,
		       "SELECT EXISTS (SELECT 1 FROM handoff_used u JOIN record r ON r.id = u.made"
		       " WHERE u.record = ?1 AND r.state = 0)",
		       "i", item) != 0;
}

static int add_item(struct setting *s, const struct field *f, const cJSON *each, int64_t item, cJSON *lines)
{
	struct formula_env env = deed_env(s->d);
	_Bool once = cJSON_IsTrue(json_get(each, "once"));
	cJSON *line = NULL;
	int r;

	if (once && is_used(s->d->db, item))
		return 0;
	cJSON_Delete(s->d->item);
	s->d->item = store_record_doc(s->d->db, item);
	s->d->item_first = 1;
	r = handoff_holds(json_get(each, "if"), &env, s->e);
	s->d->item_first = 0;
	if (r > 0) {
		r = set_line(s, f, json_get(each, "line"), &line);
		if (r == 0)
			cJSON_AddItemToArray(lines, line);
		if (r == 0 && once)
			cJSON_AddItemToArray(s->used, json_new_int(item));
	}
	return r;
}

static int set_each(struct setting *s, const struct field *f, const cJSON *each, cJSON **ret)
{
	const struct type *type = type_by_name(json_get_text(each, "each"));
	_cleanup_json_ cJSON *lines = cJSON_CreateArray();
	struct ids list = {0};
	int r = 0;

	store_referrer_list(s->d->db, type->id, s->d->record, 0, take_id, &list);
	s->d->item_type = type->id;
	for (size_t i = 0; i < list.count && r == 0; i++)
		r = add_item(s, f, each, list.ids[i], lines);
	s->d->item_type = TYPE_NONE;
	free(list.ids);
	if (r < 0 || !lines->child)
		return r < 0 ? r : DEED_NOTHING;
	*ret = lines;
	lines = NULL;
	return 0;
}

static int set_lines(struct setting *s, const struct field *f, const cJSON *template, cJSON **ret)
{
	_cleanup_json_ cJSON *lines = NULL;
	const cJSON *item;

	if (cJSON_IsObject(template))
		return set_each(s, f, template, ret);
	if (!cJSON_IsArray(template))
		return set_value(s, f, template, ret);
	lines = cJSON_CreateArray();
	cJSON_ArrayForEach (item, template) {
		cJSON *line = NULL;
		int r = set_line(s, f, item, &line);

		if (r < 0)
			return r;
		cJSON_AddItemToArray(lines, line);
	}
	*ret = lines;
	lines = NULL;
	return 0;
}

/* ---- the whole ---- */

/* What "set" says, else the record's own, else (for a new one) that of the record that it is made for. */
static int choose_currency(struct setting *s, const cJSON *target, const cJSON *set, char **ret)
{
	const char *said = json_get_text(set, "currency");

	if (said)
		return deed_text(s->d, said, 0, ret, s->e);
	*ret = str_dup(target ? record_currency(target, s->d->stack->currency) : s->d->currency);
	return 0;
}

int deed_set(struct deed *d, const struct type *type, const cJSON *target, const cJSON *set, cJSON **ret,
	cJSON **ret_used, struct err *e)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject(), *used = cJSON_CreateArray();
	_cleanup_(mem_freep) char *currency = NULL;
	struct setting s = {.d = d, .type = type, .used = used, .e = e};
	const cJSON *item;
	int r = choose_currency(&s, target, set, &currency);

	if (r < 0)
		return r;
	s.currency = currency;
	d->target = type->id;
	if (!target && type_field(type, "currency") && type->id != TYPE_CLIENT)
		json_set_text(object, "currency", currency);
	cJSON_ArrayForEach (item, set) {
		const struct field *f = type_field(type, item->string);
		cJSON *value = NULL;

		r = !f ? err_set(e, EINVAL, "the type %s has no field \"%s\"", type->name, item->string)
		    : f->kind == FIELD_LINES ? set_lines(&s, f, item, &value)
					     : set_value(&s, f, item, &value);
		if (r)
			return r;
		json_set(object, f->name, value);
	}
	*ret = object;
	*ret_used = used;
	object = used = NULL;
	return 0;
}
