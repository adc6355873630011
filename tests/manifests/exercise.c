/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exercise - makes the calls of connect.h on one tool, as standard input says, so that somebody else can look at
 * the requests they send (contrib/check-manifests).
 *
 * Call: exercise CONFIG.json < CALLS
 *
 * CONFIG.json is a tool's object of stack.json; files that it names are sought beside it. Each line of CALLS is an
 * object: {"call": "list", "type": "task", "cursor": null}, and likewise "get" (id), "create" and "find" (doc, key,
 * ago_ms), "update" (id, changes, base), "remove" and "restore" (id), "check" and "describe". One line is printed for each:
 * type, call, 0 or the name of the errno, sentence, and what was given as JSON, with tabs between. A call that fails
 * is no reason to end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"

/* One call, and what it gives. */
struct call {
	struct tool_link *link;
	const cJSON *json;
	enum type_id type;
	const char *id, *key;
	cJSON *given; /* array or object, NULL: nothing */
};

/* Tabs and line ends would end a column or a line. */
static void put_column(const char *text)
{
	for (; *text; text++)
		putchar(*text == '\t' || *text == '\n' || *text == '\r' ? ' ' : *text);
}

static void put_line(const char *type, const char *call, int r, const struct err *e, const cJSON *given)
{
	_cleanup_(mem_freep) char *json = given ? json_print(given) : NULL;

	printf("%s\t%s\t%s\t", type ? type : "-", call, r < 0 ? err_name(-r) : "0");
	put_column(r < 0 ? e->text : "");
	printf("\t%s\n", json ? json : "");
	fflush(stdout);
}

static void add_remote(cJSON *list, const struct remote *r)
{
	cJSON *one = cJSON_CreateObject();

	json_set_text(one, "id", r->id);
	if (r->deleted)
		json_set(one, "deleted", cJSON_CreateTrue());
	if (r->doc)
		json_set(one, "doc", cJSON_Duplicate(r->doc, 1));
	cJSON_AddItemToArray(list, one);
}

static int take_page(void *context, const struct remote *remotes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_remote(context, &remotes[i]);
	return 0;
}

/* ---- the calls; each as in connect.h ---- */

static int call_check(struct call *c, struct err *e)
{
	_cleanup_(mem_freep) char *text = NULL;

	return c->link->ops->check(c->link, &text, e);
}

static int call_list(struct call *c, struct err *e)
{
	_cleanup_(mem_freep) char *cursor = NULL;
	_Bool complete = 0;
	int r;

	c->given = cJSON_CreateArray();
	r = c->link->ops->list(c->link, c->type, json_get_text(c->json, "cursor"), take_page, c->given,
		&cursor, &complete, e);
	return r;
}

/* What get, create, find, update and restore end with. */
static int give(struct call *c, struct remote *found, int r)
{
	if (r == 0) {
		c->given = cJSON_CreateArray();
		add_remote(c->given, found);
	}
	remote_finish(found);
	return r;
}

static int call_get(struct call *c, struct err *e)
{
	struct remote found = {0};

	return give(c, &found, c->link->ops->get(c->link, c->type, c->id, &found, e));
}

static int call_create(struct call *c, struct err *e)
{
	struct remote found = {0};

	return give(c, &found,
		c->link->ops->create(c->link, c->type, json_get(c->json, "doc"), c->key, &found, e));
}

static int call_find(struct call *c, struct err *e)
{
	struct remote found = {0};
	int64_t ago_ms = 60000; /* long enough for "it is not there" to be an answer */

	json_int64(json_get(c->json, "ago_ms"), &ago_ms);
	return give(c, &found,
		c->link->ops->find(c->link, c->type, json_get(c->json, "doc"), c->key,
			clock_now_ms() - ago_ms, &found, e));
}

static int call_update(struct call *c, struct err *e)
{
	struct remote found = {0};

	return give(c, &found,
		c->link->ops->update(c->link, c->type, c->id, json_get(c->json, "changes"),
			json_get(c->json, "base"), &found, e));
}

static int call_remove(struct call *c, struct err *e)
{
	return c->link->ops->remove(c->link, c->type, c->id, e);
}

static int call_restore(struct call *c, struct err *e)
{
	struct remote found = {0};

	return give(c, &found, c->link->ops->restore(c->link, c->type, c->id, &found, e));
}

/* ---- what the tool can do, and the table of types ---- */

/* @c: NULL for the fields of a line */
static cJSON *describe_fields(const struct type *type, const struct field *fields, const struct capability *c)
{
	cJSON *all = cJSON_CreateArray();

	for (const struct field *f = fields; f->name; f++) {
		cJSON *one = cJSON_CreateObject(), *choices = f->choices ? cJSON_CreateArray() : NULL;

		json_set_text(one, "name", f->name);
		json_set_text(one, "is", field_kind_name(f->kind));
		json_set(one, "required", cJSON_CreateBool((f->flags & FIELD_REQUIRED) != 0));
		if (f->kind == FIELD_REF)
			json_set_text(one, "ref", type_get(f->ref)->name);
		for (const char *const *choice = f->choices; choices && *choice; choice++)
			cJSON_AddItemToArray(choices, cJSON_CreateString(*choice));
		if (choices)
			json_set(one, "choices", choices);
		if (f->line)
			json_set(one, "line", describe_fields(type, f->line, NULL));
		if (c) {
			uint64_t bit = field_bit(type, f);

			json_set(one, "reads", cJSON_CreateBool((c->reads & bit) != 0));
			json_set(one, "writes", cJSON_CreateBool((c->writes & bit) != 0));
			json_set(one, "creates", cJSON_CreateBool((c->creates & bit) != 0));
		}
		cJSON_AddItemToArray(all, one);
	}
	return all;
}

static int call_describe(struct call *c, struct err *e)
{
	c->given = cJSON_CreateArray();
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		const struct capability *can = &c->link->capabilities[i];
		const struct type *type = type_get((enum type_id)i);
		cJSON *one;

		if (can->type == TYPE_NONE)
			continue;
		one = cJSON_CreateObject();
		json_set_text(one, "type", type->name);
		json_set(one, "removes", cJSON_CreateBool(can->removes != REMOVE_NO));
		json_set(one, "restores", cJSON_CreateBool(can->removes == REMOVE_ARCHIVE));
		json_set(one, "fields", describe_fields(type, type->fields, can));
		cJSON_AddItemToArray(c->given, one);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*make)(struct call *c, struct err *e);
	_Bool of_type;
} calls[] = {
	{"describe", call_describe, 0},
	{"check", call_check, 0},
	{"list", call_list, 1},
	{"get", call_get, 1},
	{"create", call_create, 1},
	{"find", call_find, 1},
	{"update", call_update, 1},
	{"remove", call_remove, 1},
	{"restore", call_restore, 1},
};

static int make_call(struct tool_link *link, const char *line)
{
	_cleanup_json_ cJSON *json = NULL;
	struct err e = {0};
	const char *name, *type_name;
	struct call c = {.link = link};
	int r = json_parse(line, strlen(line), JSON_STRICT, &json, NULL, &e);
	size_t i = 0;

	if (r < 0)
		return r;
	name = json_get_text(json, "call");
	type_name = json_get_text(json, "type");
	while (i < ARRAY_LEN(calls) && !str_equal(calls[i].name, name))
		i++;
	if (i == ARRAY_LEN(calls) || (calls[i].of_type && (!type_name || !type_by_name(type_name))))
		return -EINVAL;
	c.json = json;
	c.type = calls[i].of_type ? type_by_name(type_name)->id : TYPE_NONE;
	c.id = json_get_text(json, "id");
	c.key = json_get_text(json, "key");
	r = calls[i].make(&c, &e);
	put_line(type_name, name, r, &e, c.given);
	cJSON_Delete(c.given);
	return 0;
}

static int open_tool(const char *path, cJSON **ret_config, struct tool_link **ret, struct err *e)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(mem_freep) char *dir = path_dir(path);
	static atomic_bool never;
	struct tool_setup setup = {.name = "tool", .base_dir = dir, .currency = "EUR", .stop = &never};
	int r = file_read(path, &text, e);

	if (r == 0)
		r = json_parse(buf_text(&text), text.len, JSON_STRICT, ret_config, NULL, e);
	if (r < 0)
		return r;
	setup.config = *ret_config;
	setup.connector = json_get_text(*ret_config, "connector");
	return connect_open(&setup, ret, e);
}

int main(int argc, char **argv)
{
	_cleanup_json_ cJSON *config = NULL;
	struct tool_link *link = NULL;
	struct err e = {0};
	char *line = NULL;
	size_t room = 0;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: exercise CONFIG.json < CALLS\n");
		return 2;
	}
	log_set_level(LOG_LEVEL_WARNING);
	r = open_tool(argv[1], &config, &link, &e);
	put_line(NULL, "open", r, &e, NULL);
	if (r < 0)
		return 1;
	while (r == 0 && getline(&line, &room, stdin) > 0)
		r = make_call(link, line);
	if (r < 0)
		fprintf(stderr, "exercise: this is no call: %s", line);
	free(line);
	connect_close(link);
	return r < 0 ? 2 : 0;
}
