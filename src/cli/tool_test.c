/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "seamfs tool test": what the account may do. One record of each type is read, gets a value that it has, and is read
 * again; nothing is made and nothing removed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/tool.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/sync/sync.h"

enum { LOOK_AT = 200 }; /* records, to find the newest one among; some tools take seconds for each hundred */

struct trial {
	const char *tool;
	struct tool_link *link;
	_Bool change; /* the person has allowed it */
	_Bool failed;
};

static void report(struct trial *t, enum type_id type, const char *what, const struct err *e)
{
	struct err whole = *e;

	err_prefix(&whole, what);
	err_prefix(&whole, type_get(type)->name);
	err_prefix(&whole, t->tool);
	fflush(stdout);
	fail(EXIT_TOOL, &whole);
	t->failed = 1;
}

/* ---- one type ---- */

/*
 * A text that says the same when it is written as it was read. What people call the record is plain in every tool; long
 * texts may have a form there that does not reach us, so they come last.
 */
static const struct field *harmless_field(const struct capability *c, const cJSON *doc)
{
	static const enum field_kind order[] = {
		FIELD_TEXT, FIELD_PHONE, FIELD_URL, FIELD_EMAIL, FIELD_LONG_TEXT};
	const struct type *type = type_get(c->type);

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		for (const struct field *f = type->fields; f->name; f++) {
			uint64_t bit = field_bit(type, f);
			const char *value = json_get_text(doc, f->name);

			if (f->kind == order[i] && (c->writes & bit) && (c->reads & bit) &&
				!(c->steps & bit) && value && *value)
				return f;
		}
	}
	return NULL;
}

/* Whether the record is as it was. */
static int compare(const struct type *type, const cJSON *before, const cJSON *after, struct err *e)
{
	for (const struct field *f = type->fields; f->name; f++) {
		const cJSON *old = json_get(before, f->name), *now = json_get(after, f->name);
		_cleanup_(mem_freep) char *was = NULL, *is = NULL;

		if (json_equal(old, now))
			continue;
		was = old ? json_print(old) : str_dup("nothing");
		is = now ? json_print(now) : str_dup("nothing");
		return err_field(e, EIO, f->name,
			"\"%s\" was %.100s before it was written as it was, and is %.100s now", f->name, was,
			is);
	}
	return 0;
}

/* Read, write, read. @ret_ms: how long the writing took. Positive: there is no field that could be written. */
static int round_trip(struct trial *t, enum type_id type, const char *id, int64_t *ret_ms, struct err *e)
{
	const struct connector_ops *ops = t->link->ops;
	struct remote before = {0}, answer = {0}, after = {0};
	_cleanup_json_ cJSON *changes = cJSON_CreateObject();
	const struct field *field = NULL;
	int64_t begin_ms;
	int r = ops->get(t->link, type, id, &before, e);

	if (r == 0)
		field = harmless_field(&t->link->capabilities[type], before.doc);
	if (r == 0 && !field)
		r = 1;
	if (r == 0) {
		json_set(changes, field->name, cJSON_Duplicate(json_get(before.doc, field->name), 1));
		begin_ms = clock_steady_ms();
		r = ops->update(t->link, type, id, changes, before.doc, &answer, e);
		*ret_ms = clock_steady_ms() - begin_ms;
	}
	if (r == 0)
		r = ops->get(t->link, type, answer.id ? answer.id : id, &after, e);
	if (r == 0)
		r = compare(type_get(type), before.doc, after.doc, e);
	remote_finish(&before);
	remote_finish(&answer);
	remote_finish(&after);
	return r;
}

/* What the column "change" says; given. */
static char *try_change(struct trial *t, enum type_id type, const struct tool_look *look)
{
	int64_t took_ms = 0;
	struct err e = {0};
	int r;

	if (!t->link->capabilities[type].writes)
		return str_dup("no");
	if (!t->change)
		return str_dup("not tried");
	if (!look->newest)
		return str_dup("no record");
	r = round_trip(t, type, look->newest, &took_ms, &e);
	if (r < 0)
		report(t, type, "change", &e);
	return r < 0   ? str_dup("refused")
	       : r > 0 ? str_dup("no text")
		       : str_format("%lld ms", (long long)took_ms);
}

static void print_row(
	const char *type, const char *read, const char *change, const char *create, const char *removal)
{
	printf("%-10s %-20s %-10s %-7s %s\n", type, read, change, create, removal);
	fflush(stdout);
}

static void try_type(struct trial *t, enum type_id type)
{
	static const char *const removals[] = {
		[REMOVE_NO] = "no", [REMOVE_ERASE] = "erase", [REMOVE_ARCHIVE] = "archive"};
	const struct capability *c = &t->link->capabilities[type];
	_cleanup_(mem_freep) char *read = NULL, *change = NULL;
	struct tool_look look = {0};
	int64_t begin_ms = clock_steady_ms();
	struct err e = {0};
	_Bool open;

	if (tool_look(t->link, type, LOOK_AT, &look, &e) < 0) {
		report(t, type, "read", &e);
		print_row(type_get(type)->name, "refused", "-", "-", "-");
		return;
	}
	read = str_format("%zu%s in %lld ms", look.count, look.more ? "+" : "",
		(long long)(clock_steady_ms() - begin_ms));
	if (c->type == TYPE_NONE) {
		/* Documents are the files themselves. */
		open = access(t->link->folder, W_OK) == 0;
		print_row(type_get(type)->name, read, open ? "yes" : "no", open ? "yes" : "no",
			open ? "yes" : "no");
	} else {
		change = try_change(t, type, &look);
		print_row(
			type_get(type)->name, read, change, c->creates ? "yes" : "no", removals[c->removes]);
	}
	tool_look_finish(&look);
}

/* ---- which types ---- */

/* Those that were named; else those that the stack has this tool for; else all of it. */
static int chosen(const struct options *o, const struct stack *stack, int tool, const struct tool_link *link,
	uint32_t *ret, struct err *e)
{
	uint32_t all = 0, used = 0, named = 0;

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (!tool_has(link, (enum type_id)i))
			continue;
		all |= (uint32_t)1 << i;
		used |= (uint32_t)stack->tools[tool].types[i].used << i;
	}
	for (int i = 2; i < o->argc; i++) {
		const struct type *type = type_by_name(o->argv[i]);

		if (!type || !(all & (uint32_t)1 << type->id))
			return err_set(
				e, EINVAL, "%s has no type \"%.60s\"", stack->tools[tool].name, o->argv[i]);
		named |= (uint32_t)1 << type->id;
	}
	*ret = named ? named : used ? used : all;
	return 0;
}

static int allow(struct trial *t, const struct options *o, uint32_t types, struct err *e)
{
	_Bool writes = 0;
	int yes;

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++)
		writes |= (types & (uint32_t)1 << i) && t->link->capabilities[i].writes;
	yes = !writes  ? 0
	      : o->yes ? 1
		       : ask_yes("Write one value of the newest record of each type again, as it is?", e);
	t->change = yes > 0;
	return yes < 0 ? yes : 0;
}

static enum exit_code run(
	const struct options *o, const struct stack *stack, int tool, struct tool_link *link)
{
	struct trial t = {.tool = stack->tools[tool].name, .link = link};
	_cleanup_(mem_freep) char *text = NULL;
	struct err e = {0};
	uint32_t types = 0;

	if (chosen(o, stack, tool, link, &types, &e) < 0)
		return fail(EXIT_USAGE, &e);
	if (link->ops->check(link, &text, &e) < 0) {
		err_prefix(&e, t.tool);
		return fail(EXIT_TOOL, &e);
	}
	utf8_disarm(text);
	printf("%s: %s\n", t.tool, text);
	if (allow(&t, o, types, &e) < 0)
		return fail(EXIT_FAILED, &e);
	print_row("type", "read", "change", "create", "remove");
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (types & (uint32_t)1 << i)
			try_type(&t, (enum type_id)i);
	}
	return t.failed ? EXIT_TOOL : EXIT_OK;
}

enum exit_code tool_test(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct sync *sync = NULL;
	struct err e = {0};
	int tool = stack ? stack_tool(stack, o->argv[1]) : -1;

	if (!stack)
		return code;
	if (tool < 0)
		err_set(&e, EINVAL, "there is no tool called \"%s\" in %s", o->argv[1], stack->path);
	else if (tool == TOOL_LOCAL)
		err_set(&e, EINVAL, "\"local\" is part of seamfs and needs no test");
	if (tool <= TOOL_LOCAL)
		return fail(EXIT_USAGE, &e);
	if (sync_open(stack, &sync, &e) < 0)
		return fail(EXIT_CONFIG, &e);
	code = run(o, stack, tool, sync_link(sync, tool));
	sync_stop(sync);
	return code;
}
