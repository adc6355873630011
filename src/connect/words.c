/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/template.h"
#include "connect/vocabulary.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

size_t check_enter(struct check *c, const char *key)
{
	size_t mark = c->pointer.len;

	buf_putc(&c->pointer, '/');
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			buf_puts(&c->pointer, *key == '~' ? "~0" : "~1");
		else
			buf_putc(&c->pointer, *key);
	}
	return mark;
}

void check_leave(struct check *c, size_t mark)
{
	buf_resize(&c->pointer, mark);
}

int check_bad(struct check *c, const char *format, ...)
{
	const char *pointer = buf_text(&c->pointer);
	_cleanup_(mem_freep) char *text = NULL;
	struct json_place place;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	if (*pointer && json_at(c->overrides, pointer))
		return err_field(c->e, EINVAL, pointer, "%s: %s", pointer, text);
	place = json_locate(c->text, c->len, pointer);
	return err_set(c->e, EINVAL, "%s:%u:%u: %s", c->path, place.line, place.column, text);
}

int words_time(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; digits > 0 && digits < 8 && i < ARRAY_LEN(units); i++) {
		if (strcmp(text + digits, units[i].unit) == 0) {
			*ret_ms = strtoll(text, NULL, 10) * units[i].ms;
			return 0;
		}
	}
	return -EINVAL;
}

const char *words_verb(const cJSON *request, const char **ret_path)
{
	static const char *const verbs[][2] = {
		{"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		*ret_path = json_get_text(request, verbs[i][0]);
		if (*ret_path)
			return verbs[i][1];
	}
	return NULL;
}

static _Bool is_scalar(const cJSON *item)
{
	return json_text(item) || json_number(item) || cJSON_IsBool(item);
}

/* @item is a pointer, or (@many) a list of them. */
static int check_pointer(struct check *c, const cJSON *item, _Bool many)
{
	const cJSON *step;
	int r = 0;

	if (many && cJSON_IsArray(item) && item->child) {
		cJSON_ArrayForEach (step, item)
			r = r < 0 ? r : check_pointer(c, step, 0);
		return r;
	}
	if (!json_text(item) || (*json_text(item) && *json_text(item) != '/'))
		return check_bad(c, "this has to be a JSON Pointer (RFC 6901) such as \"/data/id\"");
	return 0;
}

static int check_scalars(struct check *c, const cJSON *item)
{
	const cJSON *one;

	if (is_scalar(item))
		return 0;
	cJSON_ArrayForEach (one, item) {
		if (!is_scalar(one))
			break;
	}
	if (!cJSON_IsArray(item) || !item->child || one)
		return check_bad(c, "this has to be a text, a number, true or false, or a list of these");
	return 0;
}

static int check_choice(struct check *c, const cJSON *item, const char *const *choices)
{
	struct buf known = BUF_INIT(1024);
	int r;

	for (const char *const *p = choices; *p; p++) {
		if (str_equal(json_text(item), *p)) {
			buf_finish(&known);
			return 0;
		}
		buf_printf(&known, "%s\"%s\"", p == choices ? "" : ", ", *p);
	}
	r = check_bad(c, "this has to be one of %s", buf_text(&known));
	buf_finish(&known);
	return r;
}

/*
 * Where a secret may stand: what is sent as a header or a body, or added to an address when that has been written into our log
 * (auth.query). Addresses themselves are written down by servers and by us. Some tools have no other place for it than the body of
 * each request (Odoo's JSON-RPC).
 */
static _Bool may_be_secret(const char *at)
{
	static const char *const places[] = {"/http/headers/", "/http/auth/bearer", "/http/auth/basic/",
		"/http/auth/query/", "/http/auth/hmac/key", "/http/auth/login/headers/",
		"/http/auth/login/header/"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (strncmp(at, places[i], strlen(places[i])) == 0)
			return 1;
	}
	return strstr(at, "/body/") != NULL;
}

/* A {name} in a template. */
static int check_name(struct check *c, const char *name)
{
	const cJSON *setting = json_get(json_get(c->root, "settings"), name);

	if (!setting && !template_known(c->root, c->type, name))
		return check_bad(
			c, "nothing is called {%s} here: no setting, no field, no word of seamfs", name);
	if (cJSON_IsTrue(json_get(setting, "secret")) && !may_be_secret(buf_text(&c->pointer)))
		return check_bad(c,
			"{%s} is a secret: it may stand in http.headers, http.auth and a body only, and in "
			"no "
			"address",
			name);
	return 0;
}

static int check_names(struct check *c, const char *p)
{
	char name[64];
	int r = 0;

	while (r == 0) {
		r = template_name(&p, name);
		if (r == 0)
			break;
		if (r < 0)
			return check_bad(c, "a brace without its counterpart, or no name between braces");
		r = check_name(c, name);
	}
	return r;
}

static int check_template(struct check *c, const cJSON *item, _Bool path)
{
	const char *text = json_text(item);

	if (!text)
		return check_bad(c, "this has to be a text");
	if (path && *text != '/')
		return check_bad(c, "a path begins with '/'; the host stands in http.base");
	return check_names(c, text);
}

/* Texts in a body may have braces of their own: only what looks like a name is one. */
static int check_body(struct check *c, const cJSON *item)
{
	const char *p = json_text(item);
	const cJSON *child;
	char name[64];
	int r = 0, i = 0;

	while (p && r == 0 && template_word(&p, name))
		r = check_name(c, name);
	cJSON_ArrayForEach (child, item) {
		char index[16];
		size_t mark;

		snprintf(index, sizeof(index), "%d", i++);
		mark = check_enter(c, child->string ? child->string : index);
		r = r < 0 ? r : check_body(c, child);
		check_leave(c, mark);
	}
	return r;
}

static int check_value(struct check *c, const cJSON *item, const struct word *w, enum value value);

static int check_object(struct check *c, const cJSON *object, const struct word *words)
{
	const cJSON *child;
	int r = 0;

	if (!cJSON_IsObject(object))
		return check_bad(c, "this has to be an object");
	cJSON_ArrayForEach (child, object) {
		size_t mark = check_enter(c, child->string);
		const struct word *w = words;

		while (w->name && strcmp(w->name, child->string) != 0)
			w++;
		r = w->name ? check_value(c, child, w, w->value)
			    : check_bad(c, "unknown word \"%s\"", child->string);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	for (const struct word *w = words; w->name; w++) {
		if (w->needed && !json_get(object, w->name))
			return check_bad(c, "\"%s\" is missing", w->name);
	}
	return 0;
}

/* An object with free names; below "types" they are types. */
static int check_map(struct check *c, const cJSON *map, const struct word *w)
{
	_Bool types = w->words == type_words;
	const cJSON *child;
	int r = 0;

	if (!cJSON_IsObject(map))
		return check_bad(c, "this has to be an object");
	cJSON_ArrayForEach (child, map) {
		size_t mark = check_enter(c, child->string);

		if (types)
			c->type = type_by_name(child->string);
		if (types && !c->type)
			r = check_bad(c, "there is no type \"%s\"", child->string);
		else
			r = check_value(c, child, w, w->each);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	if (types)
		c->type = NULL;
	return 0;
}

static int check_list(struct check *c, const cJSON *list, const struct word *words)
{
	const cJSON *child;
	char index[16];
	int r = 0, i = 0;

	if (!cJSON_IsArray(list))
		return check_bad(c, "this has to be a list");
	cJSON_ArrayForEach (child, list) {
		size_t mark;

		snprintf(index, sizeof(index), "%d", i++);
		mark = check_enter(c, index);
		r = check_object(c, child, words);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Field maps: which names are fields is looked at when they are compiled (manifest.c). */
static int check_fields(struct check *c, const cJSON *fields)
{
	const cJSON *child;
	int r = 0;

	if (!cJSON_IsObject(fields))
		return check_bad(c, "this has to be an object");
	cJSON_ArrayForEach (child, fields) {
		size_t mark = check_enter(c, child->string);

		r = json_text(child) ? check_pointer(c, child, 0) : check_object(c, child, field_words);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What leads to a state: a request, a list of them, or null, which is the type's own "update". */
static int check_way(struct check *c, const cJSON *way)
{
	if (cJSON_IsNull(way))
		return 0;
	return cJSON_IsArray(way) ? check_list(c, way, step_words) : check_object(c, way, step_words);
}

/* @depth 0: the fields; 1: the states of one; 2: what may follow a state, which for the last one is nothing. */
static int check_steps(struct check *c, const cJSON *item, int depth)
{
	const cJSON *child;
	int r = 0;

	if (depth == 2 && cJSON_IsArray(item) && !item->child)
		return 0;
	if (depth == 2 && !cJSON_IsObject(item))
		return check_scalars(c, item);
	if (!cJSON_IsObject(item))
		return check_bad(c, "this has to be an object");
	cJSON_ArrayForEach (child, item) {
		size_t mark = check_enter(c, child->string);

		r = depth == 2 ? check_way(c, child) : check_steps(c, child, depth + 1);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_constants(struct check *c, const cJSON *constants, _Bool templates)
{
	const cJSON *child;

	cJSON_ArrayForEach (child, constants) {
		if (child->string && *child->string != '/')
			return check_bad(
				c, "\"%s\" has to be a JSON Pointer: where the constant goes", child->string);
	}
	if (!cJSON_IsObject(constants))
		return check_bad(c, "this has to be an object");
	return templates ? check_body(c, constants) : 0;
}

/* A page for people: an address, or where the tool's record has it. */
static int check_address(struct check *c, const cJSON *item)
{
	if (!cJSON_IsObject(item))
		return check_template(c, item, 0);
	return json_get(item, "at") && !item->child->next
		       ? check_pointer(c, json_get(item, "at"), 0)
		       : check_bad(c, "this has to be a text, or an object with \"at\"");
}

static int check_value(struct check *c, const cJSON *item, const struct word *w, enum value value)
{
	int64_t number;

	switch (value) {
	case TEXT:
		return json_text(item) ? 0 : check_bad(c, "this has to be a text");
	case POINTER:
	case POINTERS:
		return check_pointer(c, item, value == POINTERS);
	case TEMPLATE:
	case PATH:
		return check_template(c, item, value == PATH);
	case BOOL:
		return cJSON_IsBool(item) ? 0 : check_bad(c, "this has to be true or false");
	case COUNT:
		return json_int64(item, &number) == 0 && number >= 0 && number < 1000000
			       ? 0
			       : check_bad(c, "this has to be a whole number from 0 to 999999");
	case TIME:
		return json_text(item) && words_time(json_text(item), &number) == 0
			       ? 0
			       : check_bad(c,
					 "this has to be a time such as \"500ms\", \"1s\", \"5m\", \"24h\"");
	case CHOICE:
		return check_choice(c, item, w->choices);
	case SCALARS:
		return check_scalars(c, item);
	case OBJECT:
		return check_object(c, item, w->words);
	case MAP:
		return check_map(c, item, w);
	case LIST:
		return check_list(c, item, w->words);
	case FIELDS:
		return check_fields(c, item);
	case CONSTANTS:
		return check_constants(c, item, w->each == BODY);
	case CLEAR:
		return cJSON_IsFalse(item) ? 0 : check_constants(c, item, 0);
	case PLACE:
		return check_pointer(c, item, 0) < 0 ? -EINVAL : check_template(c, item, 0);
	case ADDRESS:
		return check_address(c, item);
	case BODY:
		return check_body(c, item);
	case STEPS:
		return check_steps(c, item, 0);
	}
	return 0;
}

int check_words(struct check *c)
{
	return check_object(c, c->root, manifest_words);
}
