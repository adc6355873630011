/* SPDX-License-Identifier: Apache-2.0 */
/* One rule: its trigger, and whether every name in it means something. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/handoff_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

/* ---- names, without values ---- */

static const char *const tops[] = {"record", "today", "when", "company", "path"};

static struct value some_record(enum type_id type)
{
	return (struct value){.kind = VALUE_RECORD, .type = type};
}

static int of_type(const struct type *type, const char *name, struct value *ret, struct err *e)
{
	const struct field *f = type_field(type, name);

	if (f && f->kind == FIELD_REF)
		*ret = some_record(f->ref);
	return f || strcmp(name, "path") == 0
		       ? 0
		       : err_set(e, EINVAL, "the type %s has no field \"%s\"", type->name, name);
}

static int check_top(struct handoff_check *c, const char *name, struct value *ret, struct err *e)
{
	for (int i = 0; i < c->slot_count; i++) {
		if (strcmp(c->slots[i].name, name) == 0) {
			*ret = some_record(c->slots[i].type);
			return 0;
		}
	}
	if (c->item && strcmp(name, "item") == 0) {
		*ret = some_record(c->item);
		return 0;
	}
	if (strcmp(name, "with") == 0 || (c->result && strcmp(name, "result") == 0)) {
		/* Which of the two it is: a script may say anything. */
		*ret = (struct value){.kind = VALUE_LIST, .number = name[0] == 'w'};
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(tops); i++) {
		if (strcmp(tops[i], name) == 0) {
			if (i == 0)
				*ret = some_record(c->rule->type);
			return 0;
		}
	}
	return of_type(type_get(c->rule->type), name, ret, e);
}

static int check_get(
	void *context, const struct value *of, const char *name, struct value *ret, struct err *e)
{
	struct handoff_check *c = context;

	if (!of)
		return check_top(c, name, ret, e);
	if (of->kind == VALUE_LIST)
		return !of->number || json_get(c->rule->with, name)
			       ? 0
			       : err_set(e, EINVAL, "\"with\" has no \"%s\"", name);
	if (of->kind != VALUE_RECORD)
		return err_set(e, EINVAL, "nothing is called \"%s\" in what is no record", name);
	return of_type(type_get(of->type), name, ret, e);
}

static char *no_name(void *context, enum type_id type, int64_t id)
{
	return NULL;
}

static struct formula_env check_env(struct handoff_check *c)
{
	return (struct formula_env){.get = check_get, .name = no_name, .context = c, .currency = "EUR"};
}

int handoff_check_text(struct handoff_check *c, const char *text, const char *pointer)
{
	struct formula_env env = check_env(c);
	_cleanup_value_ struct value v = {0};
	struct err why = {0};

	return formula_value(text, &env, 0, &v, &why) < 0 ? handoff_wrong(c, pointer, "%s", why.text) : 0;
}

int handoff_check_path(struct handoff_check *c, const char *text, const char *pointer)
{
	struct formula_env env = check_env(c);
	_cleanup_value_ struct value v = {0};
	struct err why = {0};

	return formula_eval(text, &env, &v, &why) < 0 ? handoff_wrong(c, pointer, "%s", why.text) : 0;
}

/* ---- the trigger ---- */

static int read_when(struct handoff_check *c, struct handoff *h, const cJSON *item, const char *at)
{
	const cJSON *field;

	h->trigger = HANDOFF_WHEN;
	h->when = item;
	if (!cJSON_IsObject(item) || !item->child)
		return handoff_wrong(c, at, "\"when\" is written as { \"FIELD\": \"VALUE\" }");
	cJSON_ArrayForEach (field, item) {
		char pointer[HANDOFF_AT];

		handoff_at(pointer, at, field->string);
		if (!type_field(type_get(h->type), field->string))
			return handoff_wrong(c, pointer, "the type %s has no field \"%.100s\"",
				type_get(h->type)->name, field->string);
	}
	return handoff_check_if(c, item, at);
}

static int read_created(struct handoff_check *c, struct handoff *h, const cJSON *item, const char *at)
{
	h->trigger = HANDOFF_CREATED;
	return cJSON_IsTrue(item) ? 0 : handoff_wrong(c, at, "\"created\" can only be true");
}

static int read_date(struct handoff_check *c, struct handoff *h, const cJSON *item, const char *at)
{
	const char *name = json_get_text(item, "date");
	int r = handoff_check_keys(c, item, "date days", at);

	h->trigger = HANDOFF_DATE;
	h->date = name ? type_field(type_get(h->type), name) : NULL;
	if (r == 0 && (!h->date || h->date->kind != FIELD_DATE))
		r = handoff_wrong(c, at, "\"overdue\" needs a \"date\" that is a field with a day of a %s",
			type_get(h->type)->name);
	if (r == 0 && json_get(item, "days") &&
		(json_int64(json_get(item, "days"), &h->days) < 0 || h->days < -3650 || h->days > 3650))
		r = handoff_wrong(c, at, "\"days\" must be a whole number");
	return r;
}

/* "09:30" as minutes; -1 for what is none. */
static int minute_of(const char *text)
{
	unsigned hours, minutes;
	char rest;

	if (strlen(text) != 5 || sscanf(text, "%2u:%2u%c", &hours, &minutes, &rest) != 2 || hours > 23 ||
		minutes > 59)
		return -1;
	return (int)(hours * 60 + minutes);
}

static int read_monthly(struct handoff_check *c, struct handoff *h, const cJSON *item, const char *at)
{
	const char *time = json_get_text(item, "at");
	int64_t day = 1;
	int r = handoff_check_keys(c, item, "day at", at);

	h->trigger = HANDOFF_MONTHLY;
	if (r == 0 && json_get(item, "day") &&
		(json_int64(json_get(item, "day"), &day) < 0 || day < 1 || day > 31))
		r = handoff_wrong(c, at, "\"day\" is a day of the month, 1 to 31; 31 is always the last one");
	if (r == 0 && json_get(item, "at") && (!time || minute_of(time) < 0))
		r = handoff_wrong(c, at, "\"at\" must be a time such as \"09:00\"");
	h->month_day = (int)day;
	h->minute = time ? minute_of(time) : 0;
	return r;
}

static const struct {
	const char *key;
	int (*read)(struct handoff_check *c, struct handoff *h, const cJSON *item, const char *at);
} triggers[] = {
	{"when", read_when},
	{"created", read_created},
	{"overdue", read_date},
	{"monthly", read_monthly},
};

static int read_trigger(struct handoff_check *c, struct handoff *h)
{
	int found = 0, r = 0;

	for (size_t i = 0; i < ARRAY_LEN(triggers) && r == 0; i++) {
		const cJSON *item = json_get(h->rule, triggers[i].key);
		char at[HANDOFF_AT];

		handoff_at(at, c->pointer, triggers[i].key);
		if (!item)
			continue;
		if (found++)
			return handoff_wrong(
				c, at, "a hand-off has only one of when, created, overdue, monthly");
		r = triggers[i].read(c, h, item, at);
	}
	if (r == 0 && !found)
		r = handoff_wrong(c, c->pointer, "a hand-off needs one of when, created, overdue, monthly");
	return r;
}

int handoff_read_rule(struct handoff_check *c, struct handoff *h)
{
	const char *on = json_get_text(h->rule, "on"), *once = json_get_text(h->rule, "once");
	const struct type *type = on ? type_by_name(on) : NULL;
	char at[HANDOFF_AT];
	int r = handoff_check_keys(c, h->rule, "on when created overdue monthly if with once do", c->pointer);

	if (r < 0)
		return r;
	handoff_at(at, c->pointer, "on");
	if (!type || type->id == TYPE_DOCUMENT)
		return handoff_wrong(c, at,
			"\"on\" must be a type: client, contact, deal, quote, invoice, "
			"payment, project, task, time or entry");
	h->type = type->id;
	h->with = json_get(h->rule, "with");
	h->conditions = json_get(h->rule, "if");
	h->actions = json_get(h->rule, "do");
	h->once = once && strcmp(once, "record") == 0;
	handoff_at(at, c->pointer, "once");
	if (json_get(h->rule, "once") && !h->once && !(once && strcmp(once, "change") == 0))
		return handoff_wrong(c, at, "\"once\" is \"change\" or \"record\"");
	handoff_at(at, c->pointer, "with");
	if (h->with && !cJSON_IsObject(h->with))
		return handoff_wrong(c, at, "\"with\" is an object: { \"NAME\": value }");
	r = read_trigger(c, h);
	handoff_at(at, c->pointer, "if");
	if (r == 0 && h->conditions)
		r = handoff_check_if(c, h->conditions, at);
	handoff_at(at, c->pointer, "do");
	return r == 0 ? handoff_check_do(c, h->actions, at) : r;
}

const struct field *handoff_refers(const struct type *type, enum type_id to)
{
	for (const struct field *f = type->fields; f->name; f++) {
		if (f->kind == FIELD_REF && f->ref == to)
			return f;
	}
	return NULL;
}

_Bool handoff_watches(const struct handoff *h, const struct field *f)
{
	return h->trigger == HANDOFF_WHEN && json_get(h->when, f->name) != NULL;
}

struct value value_of_json(const cJSON *item)
{
	struct value v = {0};

	if (!item || cJSON_IsNull(item))
		return v;
	if (json_text(item))
		return date_valid(json_text(item)) ? value_new_date(json_text(item))
						   : value_new_text(json_text(item));
	if (json_number(item) && decimal_parse(json_number(item), &v.decimal) == 0) {
		v.kind = VALUE_NUMBER;
	} else if (cJSON_IsBool(item)) {
		v.kind = VALUE_BOOL;
		v.number = cJSON_IsTrue(item);
	} else {
		v.kind = VALUE_LIST;
		v.list = cJSON_Duplicate(item, 1);
	}
	return v;
}
