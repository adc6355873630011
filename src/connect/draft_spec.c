/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an OpenAPI document. */
#include <ctype.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* One step of a walk; false when there have been too many. */
static _Bool step(struct draft *d)
{
	return d->steps > 0 && d->steps-- > 0;
}

static long largest(const cJSON *object)
{
	const cJSON *child;
	long most = 0;

	cJSON_ArrayForEach (child, object) {
		long size = cJSON_GetArraySize(child);

		most = size > most ? size : most;
	}
	return most;
}

long spec_follow_cost(const cJSON *spec)
{
	long schemas = largest(json_get(spec, "components")), others = largest(spec);

	return 1 + (schemas > others ? schemas : others) / 32;
}

/* A fragment of an address as a JSON Pointer: %7B is a brace. */
static _Bool unescape(const char *text, char ret[512])
{
	size_t n = 0;

	for (; *text; text++) {
		char digits[3] = {0};

		if (n + 1 >= 512)
			return 0;
		if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
			memcpy(digits, text + 1, 2);
			ret[n++] = (char)strtol(digits, NULL, 16);
			text += 2;
		} else {
			ret[n++] = *text;
		}
	}
	ret[n] = '\0';
	return 1;
}

const cJSON *spec_follow(struct draft *d, const cJSON *node)
{
	char pointer[512];

	for (int hops = 0; hops < DRAFT_HOPS && step(d); hops++) {
		const char *ref = json_get_text(node, "$ref");

		if (!ref)
			return cJSON_IsObject(node) ? node : NULL;
		if (*ref != '#') {
			d->foreign = 1;
			return NULL;
		}
		if (!unescape(ref + 1, pointer))
			return NULL;
		d->steps -= d->follow_cost;
		node = json_at(d->spec, pointer);
	}
	return NULL;
}

/* The part of anyOf, oneOf or allOf that stands for the whole: the first that is not null. */
static const cJSON *part_of(struct draft *d, const cJSON *schema)
{
	static const char *const words[] = {"anyOf", "oneOf", "allOf"};

	if (json_get(schema, "type") || json_get(schema, "properties") || json_get(schema, "items"))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const cJSON *list = json_get(schema, words[i]), *one;

		cJSON_ArrayForEach (one, list) {
			const cJSON *part = spec_follow(d, one);

			/* The parts of an object are its members (spec_members()): it stays whole. */
			if (part && strcmp(words[i], "allOf") == 0 && list->child->next &&
				strcmp(spec_type(part), "object") == 0)
				return NULL;
			if (part && !str_equal(json_get_text(part, "type"), "null"))
				return part;
		}
	}
	return NULL;
}

const cJSON *spec_schema(struct draft *d, const cJSON *node)
{
	const cJSON *schema = spec_follow(d, node);

	for (int depth = 0; schema && depth < DRAFT_DEPTH; depth++) {
		const cJSON *part = part_of(d, schema);

		if (!part)
			return schema;
		schema = part;
	}
	return schema;
}

const char *spec_type(const cJSON *schema)
{
	const cJSON *type = json_get(schema, "type"), *one;

	if (json_text(type))
		return json_text(type);
	cJSON_ArrayForEach (one, type) {
		if (json_text(one) && strcmp(json_text(one), "null") != 0)
			return json_text(one);
	}
	if (json_get(schema, "properties") || json_get(schema, "allOf"))
		return "object";
	if (json_get(schema, "items"))
		return "array";
	return json_get(schema, "enum") ? "string" : "";
}

static void add_member(struct members *m, const char *name, const cJSON *schema)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->all[i].name, name) == 0)
			return;
	}
	if (m->count < DRAFT_MEMBERS)
		m->all[m->count++] = (struct member){name, schema};
}

static void walk_members(struct draft *d, const cJSON *node, struct members *ret, int depth)
{
	static const char *const words[] = {"allOf", "oneOf", "anyOf"};
	const cJSON *schema = spec_follow(d, node), *one;

	if (!schema || depth >= DRAFT_DEPTH)
		return;
	cJSON_ArrayForEach (one, json_get(schema, "properties")) {
		if (!one->string || !step(d))
			return;
		add_member(ret, one->string, one);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		cJSON_ArrayForEach (one, json_get(schema, words[i]))
			walk_members(d, one, ret, depth + 1);
	}
}

void spec_members(struct draft *d, const cJSON *schema, struct members *ret)
{
	ret->count = 0;
	walk_members(d, schema, ret, 0);
}

static _Bool requires(struct draft *d, const cJSON *node, const char *name, int depth)
{
	const cJSON *schema = spec_follow(d, node), *one;
	_Bool found = 0;

	if (!schema || depth >= DRAFT_DEPTH)
		return 0;
	cJSON_ArrayForEach (one, json_get(schema, "required"))
		found |= str_equal(json_text(one), name);
	cJSON_ArrayForEach (one, json_get(schema, "allOf"))
	found = found || requires(d, one, name, depth + 1);
	return found;
}

_Bool spec_requires(struct draft *d, const cJSON *schema, const char *name)
{
	return requires(d, schema, name, 0);
}

const cJSON *spec_operation(const cJSON *item, const char *verb)
{
	const cJSON *operation = json_get(item, verb);

	return cJSON_IsObject(operation) ? operation : NULL;
}

/* The schema in "content": JSON before a form, a form before anything else. */
static const cJSON *content_schema(struct draft *d, const cJSON *holder, _Bool *form)
{
	static const char *const kinds[] = {"json", "x-www-form-urlencoded", "form-data", "*/*"};
	const cJSON *content = json_get(holder, "content"), *one;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		cJSON_ArrayForEach (one, content) {
			if (!one->string || !strstr(one->string, kinds[i]) || !json_get(one, "schema"))
				continue;
			if (form)
				*form = i == 1 || i == 2;
			return json_get(one, "schema");
		}
	}
	return NULL;
}

static const cJSON *answer_of(struct draft *d, const cJSON *operation, const char *const *codes)
{
	for (; *codes; codes++) {
		const cJSON *answer = spec_follow(d, json_get(json_get(operation, "responses"), *codes));

		if (answer)
			return answer;
	}
	return NULL;
}

static const cJSON *answer_schema(struct draft *d, const cJSON *answer)
{
	return spec_schema(d, d->swagger ? json_get(answer, "schema") : content_schema(d, answer, NULL));
}

const cJSON *spec_success(struct draft *d, const cJSON *operation)
{
	static const char *const codes[] = {"200", "201", "202", "2XX", "204", "default", NULL};

	return answer_of(d, operation, codes);
}

const cJSON *spec_answer(struct draft *d, const cJSON *operation)
{
	return answer_schema(d, spec_success(d, operation));
}

const cJSON *spec_refusal(struct draft *d, const cJSON *operation)
{
	static const char *const codes[] = {"422", "400", "4XX", "404", "403", "401", "default", NULL};

	for (const char *const *c = codes; *c; c++) {
		const char *const one[] = {*c, NULL};
		const cJSON *schema = answer_schema(d, answer_of(d, operation, one));

		if (schema)
			return schema;
	}
	return NULL;
}

void spec_params(struct draft *d, const cJSON *item, const cJSON *operation, struct params *ret)
{
	const cJSON *const holders[] = {operation, item};
	const cJSON *one;

	ret->count = 0;
	for (size_t i = 0; i < ARRAY_LEN(holders); i++) {
		cJSON_ArrayForEach (one, json_get(holders[i], "parameters")) {
			const cJSON *param = spec_follow(d, one);

			if (param && json_get_text(param, "name") && ret->count < DRAFT_PARAMS)
				ret->all[ret->count++] = param;
		}
	}
}

const cJSON *spec_param(const struct params *params, const char *in, const char *word)
{
	char plain[DRAFT_WORD];

	for (size_t i = 0; i < params->count; i++) {
		const char *name = json_get_text(params->all[i], "name");
		const char *place = json_get_text(params->all[i], "in");

		word_plain(name, strlen(name), plain);
		/* Some documents call the query of a GET a form. */
		if (strcmp(plain, word) == 0 && place &&
			(strcmp(place, in) == 0 ||
				(strcmp(in, "query") == 0 && strcmp(place, "formData") == 0)))
			return params->all[i];
	}
	return NULL;
}

const cJSON *spec_param_schema(struct draft *d, const cJSON *param)
{
	const cJSON *schema = json_get(param, "schema");

	return schema ? spec_schema(d, schema) : param;
}

/* The parameters of one kind as the schema of an object; NULL when there are none. */
static const cJSON *made_of(struct draft *d, const struct params *params, const char *in)
{
	cJSON *schema = cJSON_CreateObject(), *properties, *required;

	json_set_text(schema, "type", "object");
	properties = cJSON_AddObjectToObject(schema, "properties");
	required = cJSON_AddArrayToObject(schema, "required");
	for (size_t i = 0; i < params->count; i++) {
		const char *name = json_get_text(params->all[i], "name");

		if (!str_equal(json_get_text(params->all[i], "in"), in))
			continue;
		json_set(properties, name, cJSON_Duplicate(spec_param_schema(d, params->all[i]), 1));
		if (cJSON_IsTrue(json_get(params->all[i], "required")))
			cJSON_AddItemToArray(required, cJSON_CreateString(name));
	}
	if (!properties->child) {
		cJSON_Delete(schema);
		return NULL;
	}
	cJSON_AddItemToArray(d->made, schema);
	return schema;
}

const cJSON *spec_body(struct draft *d, const cJSON *item, const cJSON *operation)
{
	struct params params;
	const cJSON *schema;
	_Bool form = 0;

	spec_params(d, item, operation, &params);
	for (size_t i = 0; i < params.count; i++) {
		if (str_equal(json_get_text(params.all[i], "in"), "body"))
			return spec_schema(d, json_get(params.all[i], "schema"));
	}
	schema = spec_schema(d, content_schema(d, spec_follow(d, json_get(operation, "requestBody")), &form));
	if (!schema && made_of(d, &params, "formData")) {
		schema = made_of(d, &params, "formData");
		form = 1;
	}
	d->form |= form;
	return schema ? schema : made_of(d, &params, "query");
}
