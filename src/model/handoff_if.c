/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: { "status": "sent", "amount": { "above": 1000 }, "client.country": ["DE", "AT"], "tags": { "has": "retainer" } } */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/handoff_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* ---- checking ---- */

static const char words[] = "not above below has empty changed";

/* A choice can only become what it may be. */
static int check_choice(
	struct handoff_check *c, const struct field *f, const cJSON *wanted, const char *pointer)
{
	const char *text = json_text(wanted);

	if (!f || f->kind != FIELD_CHOICE || !text || text[0] == '{' || field_allows(f, text))
		return 0;
	return handoff_wrong(c, pointer, "\"%s\" is never \"%.60s\"", f->name, text);
}

static int check_wanted(
	struct handoff_check *c, const struct field *f, const cJSON *wanted, const char *pointer)
{
	const cJSON *item;
	int r = 0;

	if (json_text(wanted)) {
		r = handoff_check_text(c, json_text(wanted), pointer);
		return r == 0 ? check_choice(c, f, wanted, pointer) : r;
	}
	if (cJSON_IsArray(wanted)) {
		cJSON_ArrayForEach (item, wanted) {
			if (cJSON_IsArray(item) || cJSON_IsObject(item))
				return handoff_wrong(c, pointer,
					"a list of texts, numbers or true and false was expected");
			r = r == 0 ? check_wanted(c, f, item, pointer) : r;
		}
		return r;
	}
	if (!cJSON_IsObject(wanted))
		return 0;
	r = handoff_check_keys(c, wanted, words, pointer);
	cJSON_ArrayForEach (item, wanted) {
		if (r == 0 && cJSON_IsObject(item))
			r = handoff_wrong(c, pointer, "\"%s\" takes a value", item->string);
		if (r == 0)
			r = check_wanted(c, strcmp(item->string, "not") == 0 ? f : NULL, item, pointer);
	}
	return r;
}

int handoff_check_if(struct handoff_check *c, const cJSON *conditions, const char *pointer)
{
	const cJSON *item;

	if (!cJSON_IsObject(conditions))
		return handoff_wrong(c, pointer, "conditions are an object: { \"FIELD\": \"VALUE\" }");
	cJSON_ArrayForEach (item, conditions) {
		const struct field *f = type_field(type_get(c->item ? c->item : c->rule->type), item->string);
		char at[HANDOFF_AT];
		int r;

		handoff_at(at, pointer, item->string);
		/* Inside "each" a plain name is a field of the item. */
		r = c->item && f ? 0 : handoff_check_path(c, item->string, at);
		if (r == 0)
			r = check_wanted(c, f, item, at);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- asking ---- */

static int wanted_value(const cJSON *item, const struct formula_env *env, struct value *ret, struct err *e)
{
	if (json_text(item) && strchr(json_text(item), '{'))
		return formula_value(json_text(item), env, 0, ret, e);
	*ret = value_of_json(item);
	return 0;
}

/* A number beside money is an amount, and a text beside a record is what it is called. */
static int compare(
	const struct value *v, const cJSON *item, const struct formula_env *env, int *ret, struct err *e)
{
	_cleanup_value_ struct value wanted = {0};
	_cleanup_value_ struct value plain = {0};
	int r = wanted_value(item, env, &wanted, e), error = 0;

	if (r < 0)
		return r;
	if (v->kind == VALUE_RECORD && wanted.kind == VALUE_RECORD) {
		*ret = v->number != wanted.number;
		return 0;
	}
	if (v->kind == VALUE_MONEY && wanted.kind == VALUE_NUMBER)
		plain = (struct value){
			.kind = VALUE_NUMBER, .decimal = {v->number, currency_digits(v->text)}};
	if (v->kind == VALUE_RECORD)
		plain = (struct value){
			.kind = VALUE_TEXT, .text = env->name(env->context, v->type, v->number)};
	if (plain.kind == VALUE_TEXT && !plain.text)
		plain.text = str_dup("");
	*ret = value_compare(plain.kind ? &plain : v, &wanted, &error);
	return error < 0 ? 1 : 0; /* of another kind: neither equal nor above nor below */
}

static _Bool empty(const struct value *v)
{
	return v->kind == VALUE_NONE || (v->kind == VALUE_TEXT && !v->text[0]) ||
	       (v->kind == VALUE_LIST && !v->list->child);
}

static _Bool list_has(const struct value *v, const char *text)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, v->list) {
		if (str_equal(json_text(item), text))
			return 1;
	}
	return v->kind == VALUE_TEXT && strstr(v->text, text);
}

static int equals(const struct value *v, const cJSON *wanted, const struct formula_env *env, struct err *e)
{
	const cJSON *item;
	int order = 0, r = 0;

	if (cJSON_IsArray(wanted)) {
		cJSON_ArrayForEach (item, wanted) {
			r = equals(v, item, env, e);
			if (r)
				return r;
		}
		return 0;
	}
	if (cJSON_IsNull(wanted) || empty(v))
		return cJSON_IsNull(wanted) && empty(v);
	r = compare(v, wanted, env, &order, e);
	return r < 0 ? r : r == 0 && order == 0;
}

static int holds_word(const struct value *v, const cJSON *word, const struct formula_env *env, struct err *e)
{
	const char *name = word->string;
	int order = 0, r;

	if (strcmp(name, "changed") == 0)
		return 1; /* what changed has been looked at before */
	if (strcmp(name, "empty") == 0)
		return empty(v) == (_Bool)cJSON_IsTrue(word);
	if (strcmp(name, "has") == 0)
		return json_text(word) && list_has(v, json_text(word));
	if (strcmp(name, "not") == 0) {
		r = equals(v, word, env, e);
		return r < 0 ? r : !r;
	}
	if (empty(v))
		return 0;
	r = compare(v, word, env, &order, e);
	return r < 0 ? r : r == 0 && (strcmp(name, "above") == 0 ? order > 0 : order < 0);
}

static int holds(const struct value *v, const cJSON *wanted, const struct formula_env *env, struct err *e)
{
	const cJSON *word;

	if (!cJSON_IsObject(wanted))
		return equals(v, wanted, env, e);
	cJSON_ArrayForEach (word, wanted) {
		int r = holds_word(v, word, env, e);

		if (r <= 0)
			return r;
	}
	return 1;
}

int handoff_holds(const cJSON *conditions, const struct formula_env *env, struct err *e)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, conditions) {
		_cleanup_value_ struct value v = {0};
		int r = formula_eval(item->string, env, &v, e);

		if (r == 0)
			r = holds(&v, item, env, e);
		if (r <= 0)
			return r;
	}
	return 1;
}
