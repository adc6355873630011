/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of a rule: whether every name in them means something. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/handoff_p.h"
#include "model/stack_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { LONGEST_RUN_MS = 3600000 };

static int check_template(struct handoff_check *c, const cJSON *value, const char *pointer)
{
	const cJSON *item;
	int index = 0, r = 0;

	if (json_text(value))
		return handoff_check_text(c, json_text(value), pointer);
	cJSON_ArrayForEach (item, value) {
		char at[HANDOFF_AT];

		if (cJSON_IsArray(value))
			handoff_at_index(at, pointer, index++);
		else
			handoff_at(at, pointer, item->string);
		r = check_template(c, item, at);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_texts(struct handoff_check *c, const cJSON *action, const char *keys, const char *pointer)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, action) {
		_cleanup_(mem_freep) char *spaced = str_format(" %s ", keys);
		_cleanup_(mem_freep) char *word = str_format(" %s ", item->string);
		char at[HANDOFF_AT];

		handoff_at(at, pointer, item->string);
		if (!strstr(spaced, word))
			continue;
		if (!json_text(item) || !json_text(item)[0])
			return handoff_wrong(c, at, "\"%s\" must be a text", item->string);
		if (handoff_check_text(c, json_text(item), at) < 0)
			return -EINVAL;
	}
	return 0;
}

/* ---- records ---- */

static int check_line(
	struct handoff_check *c, const struct field *lines, const cJSON *line, const char *pointer)
{
	const cJSON *item;

	if (!cJSON_IsObject(line))
		return handoff_wrong(c, pointer, "a line is an object: { \"FIELD\": \"VALUE\" }");
	cJSON_ArrayForEach (item, line) {
		const struct field *f = lines->line;
		char at[HANDOFF_AT];

		handoff_at(at, pointer, item->string);
		while (f->name && strcmp(f->name, item->string) != 0)
			f++;
		if (!f->name)
			return handoff_wrong(c, at, "a line has no field \"%.100s\"", item->string);
	}
	return check_template(c, line, pointer);
}

/* { "each": "time", "if": { … }, "once": true, "line": { … } }: a line for each of those records that refer to this one. */
static int check_each(
	struct handoff_check *c, const struct field *lines, const cJSON *each, const char *pointer)
{
	const char *name = json_get_text(each, "each");
	const struct type *type = name ? type_by_name(name) : NULL;
	char at[HANDOFF_AT];
	int r = handoff_check_keys(c, each, "each if once line", pointer);

	if (r < 0)
		return r;
	handoff_at(at, pointer, "each");
	if (!type || !handoff_refers(type, c->rule->type))
		return handoff_wrong(
			c, at, "\"each\" must be a type that refers to a %s", type_get(c->rule->type)->name);
	if (json_get(each, "once") && !cJSON_IsBool(json_get(each, "once")))
		return handoff_wrong(c, pointer, "\"once\" is true or false here");
	c->item = type->id;
	handoff_at(at, pointer, "if");
	r = json_get(each, "if") ? handoff_check_if(c, json_get(each, "if"), at) : 0;
	handoff_at(at, pointer, "line");
	if (r == 0)
		r = check_line(c, lines, json_get(each, "line"), at);
	c->item = TYPE_NONE;
	return r;
}

static int check_lines(
	struct handoff_check *c, const struct field *f, const cJSON *value, const char *pointer)
{
	const cJSON *line;
	int index = 0, r = 0;

	if (cJSON_IsObject(value))
		return check_each(c, f, value, pointer);
	if (!cJSON_IsArray(value))
		return check_template(c, value, pointer);
	cJSON_ArrayForEach (line, value) {
		char at[HANDOFF_AT];

		handoff_at_index(at, pointer, index++);
		r = r == 0 ? check_line(c, f, line, at) : r;
	}
	return r;
}

static int check_set(struct handoff_check *c, const struct type *type, const cJSON *set, const char *pointer)
{
	const cJSON *item;

	if (!cJSON_IsObject(set) || !set->child)
		return handoff_wrong(c, pointer, "\"set\" is written as { \"FIELD\": \"VALUE\" }");
	cJSON_ArrayForEach (item, set) {
		const struct field *f = type_field(type, item->string);
		const char *text = json_text(item);
		char at[HANDOFF_AT];
		int r;

		handoff_at(at, pointer, item->string);
		if (!f)
			return handoff_wrong(
				c, at, "the type %s has no field \"%.100s\"", type->name, item->string);
		if (f->flags & FIELD_READ_ONLY)
			return handoff_wrong(c, at, "\"%s\" is read-only", f->name);
		if (f->kind == FIELD_CHOICE && text && !strchr(text, '{') && !field_allows(f, text))
			return handoff_wrong(c, at, "\"%s\" is never \"%.60s\"", f->name, text);
		r = f->kind == FIELD_LINES ? check_lines(c, f, item, at) : check_template(c, item, at);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_create(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	const char *name = json_get_text(action, "create"), *as = json_get_text(action, "as");
	const struct type *type = name ? type_by_name(name) : NULL;
	char at[HANDOFF_AT];
	int r;

	handoff_at(at, pointer, "create");
	if (!type || type->id == TYPE_DOCUMENT)
		return handoff_wrong(c, at, "\"create\" must be a type of record");
	handoff_at(at, pointer, "set");
	r = check_set(c, type, json_get(action, "set"), at);
	handoff_at(at, pointer, "as");
	if (r < 0 || !json_get(action, "as"))
		return r;
	if (!as || !stack_name_valid(as) || c->slot_count == HANDOFF_MAX_SLOTS)
		return handoff_wrong(c, at, "\"as\" is a name for the new record, in lower-case letters");
	c->slots[c->slot_count].name = as;
	c->slots[c->slot_count++].type = type->id;
	return 0;
}

static int check_update(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	const char *path = json_get_text(action, "update");
	const struct field *f = path ? type_field(type_get(c->rule->type), path) : NULL;
	enum type_id type = path && strcmp(path, "record") == 0 ? c->rule->type : TYPE_NONE;
	char at[HANDOFF_AT];

	if (f && f->kind == FIELD_REF)
		type = f->ref;
	for (int i = 0; path && i < c->slot_count; i++) {
		if (strcmp(c->slots[i].name, path) == 0)
			type = c->slots[i].type;
	}
	handoff_at(at, pointer, "update");
	if (!type)
		return handoff_wrong(c, at,
			"\"update\" is \"record\", a field that refers to a record, or the "
			"\"as\" of an action before this one");
	handoff_at(at, pointer, "set");
	return check_set(c, type_get(type), json_get(action, "set"), at);
}

/* ---- what is done outside ---- */

/* Documents are files of a tool; without one there is no place for them. */
static int check_drive(struct handoff_check *c, const char *pointer)
{
	return c->stack->owners[TYPE_DOCUMENT] != TOOL_LOCAL
		       ? 0
		       : handoff_wrong(c, pointer,
				 "this makes a document, but no tool owns documents: name one in \"owners\"");
}

static int check_copy(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	if (!json_get(action, "to"))
		return handoff_wrong(c, pointer, "\"copy\" needs \"to\"");
	return check_texts(c, action, "copy to", pointer) < 0 ? -EINVAL : check_drive(c, pointer);
}

static int check_write(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	if (!json_get(action, "text"))
		return handoff_wrong(c, pointer, "\"write\" needs \"text\"");
	return check_texts(c, action, "write text", pointer) < 0 ? -EINVAL : check_drive(c, pointer);
}

static int check_folder(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	return check_texts(c, action, "folder", pointer) < 0 ? -EINVAL : check_drive(c, pointer);
}

static int check_mail(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	if (!json_get(action, "subject") || !json_get(action, "text"))
		return handoff_wrong(c, pointer, "\"mail\" needs \"subject\" and \"text\"");
	return check_texts(c, action, "mail cc subject text", pointer) < 0 ? -EINVAL
									   : check_drive(c, pointer);
}

static int check_run(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	const cJSON *run = json_get(action, "run"), *env = json_get(action, "env"), *word;
	int64_t ms = 0;
	char at[HANDOFF_AT];
	int slots, r = 0;

	handoff_at(at, pointer, "run");
	if (!cJSON_IsArray(run) || !run->child || !json_text(run->child) || !json_text(run->child)[0])
		return handoff_wrong(c, at, "\"run\" is a list: the program and its arguments");
	cJSON_ArrayForEach (word, run) {
		if (!json_text(word))
			return handoff_wrong(c, at, "\"run\" holds texts only");
	}
	if (check_template(c, run, at) < 0)
		return -EINVAL;
	handoff_at(at, pointer, "env");
	cJSON_ArrayForEach (word, env) {
		if (!json_text(word) || strchr(word->string, '='))
			return handoff_wrong(c, at, "\"env\" is written as { \"NAME\": \"text\" }");
	}
	if (env && check_template(c, env, at) < 0)
		return -EINVAL;
	handoff_at(at, pointer, "time");
	if (json_get(action, "time") &&
		(stack_read_time(c->stack, json_get(action, "time"), at, &ms, c->e) < 0 ||
			ms > LONGEST_RUN_MS))
		return handoff_wrong(
			c, at, "\"time\" is how long the program may take, such as \"30s\"; at most 1h");
	if (json_get(action, "again") && !cJSON_IsBool(json_get(action, "again")))
		return handoff_wrong(c, pointer, "\"again\" is true or false");
	if (!json_get(action, "then"))
		return 0;
	if (c->later)
		return handoff_wrong(c, pointer, "there is no second \"then\" inside one");
	/* What it makes is made after all other actions, which cannot speak of it. */
	slots = c->slot_count;
	c->later = c->result = 1;
	handoff_at(at, pointer, "then");
	r = handoff_check_do(c, json_get(action, "then"), at);
	c->later = c->result = 0;
	c->slot_count = slots;
	return r;
}

static const struct {
	const char *key;
	const char *keys;
	int (*check)(struct handoff_check *c, const cJSON *action, const char *pointer);
} kinds[] = {
	{"create", "create as set", check_create},
	{"update", "update set", check_update},
	{"copy", "copy to", check_copy},
	{"write", "write text", check_write},
	{"folder", "folder", check_folder},
	{"mail", "mail cc subject text", check_mail},
	{"run", "run time env again then", check_run},
};

static int check_action(struct handoff_check *c, const cJSON *action, const char *pointer)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int r;

		if (!json_get(action, kinds[i].key))
			continue;
		r = handoff_check_keys(c, action, kinds[i].keys, pointer);
		return r == 0 ? kinds[i].check(c, action, pointer) : r;
	}
	return handoff_wrong(
		c, pointer, "an action is one of create, update, copy, write, folder, mail, run");
}

int handoff_check_do(struct handoff_check *c, const cJSON *actions, const char *pointer)
{
	const cJSON *action;
	int index = 0, r = 0;

	if (!cJSON_IsArray(actions) || !actions->child)
		return handoff_wrong(c, pointer, "a hand-off needs a list of actions: \"do\": [ { … } ]");
	cJSON_ArrayForEach (action, actions) {
		char at[HANDOFF_AT];

		handoff_at_index(at, pointer, index++);
		r = check_action(c, action, at);
		if (r < 0)
			return r;
	}
	return 0;
}
