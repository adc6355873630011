/* SPDX-License-Identifier: Apache-2.0 */
/* The part of stack.json that says who wins: shares, conflicts, guard, send. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/stack_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

static int read_word(const struct stack *s, const cJSON *item, const char *pointer, const char *const *words,
	const char *what, struct err *e)
{
	const char *text = json_text(item);

	for (int i = 0; text && words[i]; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	return stack_fail(s, pointer, EINVAL, e, "%s", what);
}

typedef int (*entry_reader)(struct stack *s, const struct type *type, int field, const cJSON *entry,
	const char *pointer, struct err *e);

/* Every "client" before every "client.vat_id": fields are exceptions from what is said of their type. */
static int read_entries(
	struct stack *s, const cJSON *item, const char *pointer, entry_reader f, struct err *e)
{
	const cJSON *entry;

	for (int fields = 0; fields <= 1; fields++) {
		cJSON_ArrayForEach (entry, item) {
			const struct type *type;
			char at[160];
			int field, r;

			snprintf(at, sizeof(at), "%s/%.100s", pointer, entry->string);
			r = stack_find_type(s, entry, at, &type, &field, e);
			if (r == 0 && (field >= 0) == fields)
				r = f(s, type, field, entry, at, e);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- shares ---- */

static int read_share(struct stack *s, const struct type *type, int field, const cJSON *share,
	const char *pointer, struct err *e)
{
	static const char *const words[] = {"", "revert", "accept", "ask", NULL};
	const cJSON *item;

	if (!cJSON_IsObject(share))
		return stack_fail(s, pointer, EINVAL, e,
			"\"shares\" is written as { \"client\": { \"TOOL\": \"accept\" } }: "
			"which tool holds a copy, and what happens to a change made there");
	cJSON_ArrayForEach (item, share) {
		char at[280];
		int tool, rule;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, item->string);
		tool = stack_find_tool(s, item->string, at, e);
		if (tool < 0)
			return tool;
		rule = read_word(s, item, at, words,
			"say what happens to a change that is made in a copy: \"accept\" (it goes to the "
			"owner), \"revert\" (it is undone) or \"ask\" (it waits in problems/)",
			e);
		if (rule < 0)
			return rule;
		if (field < 0) {
			s->tools[tool].types[type->id].used = 1;
			s->shares[type->id] |= UINT32_C(1) << tool;
		}
		for (int i = 0; type->fields[i].name; i++) {
			if (field < 0 || field == i)
				s->rules[type->id][i][tool] = (unsigned char)rule;
		}
	}
	return 0;
}

int stack_read_shares(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return read_entries(s, item, pointer, read_share, e);
}

static int check_rule(const struct stack *s, const struct type *type, int field, int tool, struct err *e)
{
	const char *own = s->tools[stack_owner(s, type->id, field)].name, *name = s->tools[tool].name;
	_cleanup_(mem_freep) char *at = NULL;

	if (!s->tools[tool].types[type->id].used || stack_owner(s, type->id, field) == tool ||
		s->rules[type->id][field][tool])
		return 0;
	at = stack_claim(s, type->id, tool);
	if (s->owners[type->id] == tool)
		return stack_fail(s, at, EINVAL, e,
			"\"%s.%s\" belongs to %s: \"shares\" must say what happens when %s changes it, such "
			"as "
			"\"%s.%s\": { \"%s\": \"revert\" }",
			type->name, type->fields[field].name, own, name, type->name, type->fields[field].name,
			name);
	return stack_fail(s, at, EINVAL, e,
		"\"%s\" holds a copy of \"%s.%s\": \"shares\" must say what happens when it is changed "
		"there, such "
		"as \"%s\": { \"%s\": \"accept\" }",
		name, type->name, type->fields[field].name, type->name, name);
}

int stack_check_rules(const struct stack *s, struct err *e)
{
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const struct type *type = type_get((enum type_id)t);

		for (int tool = 1; tool < s->tool_count; tool++) {
			for (int i = 0; type->fields[i].name; i++) {
				int r = check_rule(s, type, i, tool, e);

				if (r < 0)
					return r;
			}
		}
	}
	return 0;
}

enum copy_rule stack_rule(const struct stack *s, enum type_id type, int field, int tool)
{
	return (enum copy_rule)s->rules[type][field][tool];
}

/* ---- conflicts ---- */

static int read_conflict(struct stack *s, const struct type *type, int field, const cJSON *entry,
	const char *pointer, struct err *e)
{
	static const char *const words[] = {"ask", "owner", NULL};
	int r = read_word(s, entry, pointer, words,
		"a conflict is settled by \"owner\" (the owner of the field wins) or \"ask\" "
		"(both versions are in problems/)",
		e);

	for (int i = 0; r >= 0 && type->fields[i].name; i++) {
		uint64_t bit = (uint64_t)1 << i;

		if (field < 0 || field == i)
			s->owner_wins[type->id] =
				r ? s->owner_wins[type->id] | bit : s->owner_wins[type->id] & ~bit;
	}
	return r;
}

int stack_read_conflicts(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return read_entries(s, item, pointer, read_conflict, e);
}

_Bool stack_owner_wins(const struct stack *s, enum type_id type, int field)
{
	return (s->owner_wins[type] >> field & 1) != 0;
}

/* ---- ids ---- */

static int read_pointers(struct stack *s, const cJSON *pointers, const char *pointer, struct err *e)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, pointers) {
		char at[400];
		int tool;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, item->string);
		tool = stack_find_tool(s, item->string, at, e);
		if (tool < 0)
			return tool;
		if (!json_text(item) || json_text(item)[0] != '/')
			return stack_fail(s, at, EINVAL, e,
				"say where in the tool's own form (.seam/tools/) the id of %s is, such as "
				"\"/crm_id\"",
				item->string);
	}
	return 0;
}

static int read_id(struct stack *s, const struct type *type, int field, const cJSON *entry,
	const char *pointer, struct err *e)
{
	const cJSON *holder;

	cJSON_ArrayForEach (holder, entry) {
		char at[280];
		int tool, r;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, holder->string ? holder->string : "");
		if (!cJSON_IsObject(entry) || !cJSON_IsObject(holder) || field >= 0)
			return stack_fail(s, pointer, EINVAL, e,
				"\"ids\" is written as { \"client\": { \"billing\": { \"crm\": "
				"\"/crm_id\" } } }: which tool has whose ids, and where");
		tool = stack_find_tool(s, holder->string, at, e);
		if (tool < 0)
			return tool;
		s->ids[type->id][tool] = holder;
		r = read_pointers(s, holder, at, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int stack_read_ids(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return read_entries(s, item, pointer, read_id, e);
}

/* ---- guard, send ---- */

int stack_read_guard(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	const cJSON *entry;

	cJSON_ArrayForEach (entry, item) {
		char at[160];
		int64_t n;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, entry->string);
		if (json_int64(entry, &n) < 0 || n < 0 || n > 1000000)
			return stack_fail(s, at, EINVAL, e, "\"%s\" must be a whole number", entry->string);
		if (strcmp(entry->string, "share") == 0 && n <= 100)
			s->guard_share = (int)n;
		else if (strcmp(entry->string, "least") == 0)
			s->guard_least = (int)n;
		else
			return stack_fail(s, at, EINVAL, e,
				"\"guard\" is written as { \"share\": 20, \"least\": 5 }: percent, and "
				"records");
	}
	return 0;
}

static int read_send(const struct stack *s, const cJSON *item, const char *pointer, _Bool *ret, struct err *e)
{
	static const char *const words[] = {"now", "review", NULL};
	int r = read_word(s, item, pointer, words,
		"\"send\" is \"now\", or \"review\": what is to be sent waits for \"seamfs approve\"", e);

	if (r < 0)
		return r;
	*ret = r != 0;
	return 0;
}

int stack_read_tool_send(
	struct stack *s, struct tool *tool, const cJSON *item, const char *pointer, struct err *e)
{
	return read_send(s, item, pointer, &tool->review, e);
}

int stack_read_send(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	_Bool review;
	int r = read_send(s, item, pointer, &review, e);

	for (int i = 1; r == 0 && i < s->tool_count; i++) {
		if (!json_get(s->tools[i].config, "send"))
			s->tools[i].review = review;
	}
	return r;
}

int stack_read_about(struct stack *s, struct tool *tool, const char *pointer, struct err *e)
{
	const cJSON *cost = json_get(tool->config, "cost"), *verified = json_get(tool->config, "verified");
	_cleanup_(mem_freep) char *amount = str_dup(json_text(cost) ? json_text(cost) : "");
	char *blank = strchr(amount, ' '), at[200];

	snprintf(at, sizeof(at), "%s/cost", pointer);
	if (blank)
		*blank = '\0';
	if (cost && (!blank || !currency_valid(blank + 1) ||
			    money_parse(amount, blank + 1, &tool->cost_minor) < 0))
		return stack_fail(
			s, at, EINVAL, e, "\"cost\" has to be what it costs a month, like \"49.00 EUR\"");
	if (cost)
		tool->cost_currency = str_dup(blank + 1);
	snprintf(at, sizeof(at), "%s/verified", pointer);
	if (verified && (!json_text(verified) || !date_valid(json_text(verified))))
		return stack_fail(s, at, EINVAL, e, "\"verified\" has to be a date, like \"2026-11-23\"");
	tool->verified = json_text(verified);
	return 0;
}
