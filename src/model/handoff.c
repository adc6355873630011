/* SPDX-License-Identifier: Apache-2.0 */
/* "handoffs" of stack.json. */
#include "seamfs/model/handoff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/handoff_p.h"
#include "model/stack_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

const struct handoff *handoff_get(const struct stack *s, int index)
{
	return index < s->handoff_count ? &s->handoffs[index] : NULL;
}

const struct handoff *handoff_find(const struct stack *s, const char *name)
{
	for (int i = 0; i < s->handoff_count; i++) {
		if (strcmp(s->handoffs[i].name, name) == 0)
			return &s->handoffs[i];
	}
	return NULL;
}

int handoff_wrong(struct handoff_check *c, const char *pointer, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!c->recipe)
		return stack_fail(c->stack, pointer, EINVAL, c->e, "%s", text);
	return stack_fail(c->stack, c->pointer, EINVAL, c->e, "%s (in the recipe, at %s)", text,
		pointer + strlen(c->pointer));
}

void handoff_at(char at[HANDOFF_AT], const char *pointer, const char *key)
{
	snprintf(at, HANDOFF_AT, "%.250s/%.100s", pointer, key);
}

void handoff_at_index(char at[HANDOFF_AT], const char *pointer, int index)
{
	snprintf(at, HANDOFF_AT, "%.250s/%d", pointer, index);
}

int handoff_check_keys(struct handoff_check *c, const cJSON *object, const char *keys, const char *pointer)
{
	const cJSON *item;

	if (!cJSON_IsObject(object))
		return handoff_wrong(c, pointer, "an object was expected here: { … }");
	cJSON_ArrayForEach (item, object) {
		_cleanup_(mem_freep) char *spaced = str_format(" %s ", keys);
		_cleanup_(mem_freep) char *word = str_format(" %.100s ", item->string);
		char at[HANDOFF_AT];

		handoff_at(at, pointer, item->string);
		if (strchr(item->string, ' ') || !strstr(spaced, word))
			return handoff_wrong(
				c, at, "unknown key \"%.100s\"; known here are: %s", item->string, keys);
	}
	return 0;
}

/* Of a recipe these can be said anew. */
static const char *const own_keys[] = {"if", "once", "overdue", "monthly"};

/* What stack.json says of a recipe goes over what the recipe says. */
static int merge_recipe(struct handoff_check *c, struct handoff *h, const cJSON *item)
{
	const char *name = cJSON_IsObject(item) ? json_get_text(item, "recipe") : h->name;
	const char *text = name ? handoff_recipe(name) : NULL;
	const cJSON *own;
	char at[HANDOFF_AT], within[HANDOFF_AT];
	int r;

	if (!text) {
		struct buf known = BUF_INIT(400);

		for (int i = 0; handoff_recipe_name(i); i++)
			buf_printf(&known, "%s%s", i ? ", " : "", handoff_recipe_name(i));
		r = handoff_wrong(c, c->pointer, "there is no recipe \"%s\"; recipes are: %s",
			name ? name : "", buf_text(&known));
		buf_finish(&known);
		return r;
	}
	if (json_parse(text, strlen(text), 0, &h->own, NULL, c->e) < 0)
		return -EINVAL;
	h->rule = h->own;
	if (!cJSON_IsObject(item))
		return 0;
	r = handoff_check_keys(c, item, "recipe with if once overdue monthly", c->pointer);
	handoff_at(within, c->pointer, "with");
	cJSON_ArrayForEach (own, json_get(item, "with")) {
		handoff_at(at, within, own->string);
		if (r == 0 && !json_get(json_get(h->own, "with"), own->string))
			r = handoff_wrong(c, at, "the recipe \"%s\" has no \"%.100s\"", name, own->string);
		if (r == 0)
			json_set(json_get(h->own, "with"), own->string, cJSON_Duplicate(own, 1));
	}
	for (size_t i = 0; i < ARRAY_LEN(own_keys); i++) {
		if (json_get(item, own_keys[i]))
			json_set(h->own, own_keys[i], cJSON_Duplicate(json_get(item, own_keys[i]), 1));
	}
	return r;
}

static int read_handoff(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	struct handoff *h = &s->handoffs[s->handoff_count];
	struct handoff_check c = {.stack = s, .rule = h, .pointer = pointer, .e = e};
	int r = 0;

	if (!stack_name_valid(item->string))
		return stack_fail(s, pointer, EINVAL, e,
			"\"%s\" cannot be a rule's name: lower-case letters, digits, - and _", item->string);
	if (s->handoff_count == HANDOFF_MAX_RULES)
		return stack_fail(
			s, pointer, EINVAL, e, "a stack holds at most %d hand-offs", HANDOFF_MAX_RULES);
	if (cJSON_IsFalse(item))
		return 0;
	if (!cJSON_IsTrue(item) && !cJSON_IsObject(item))
		return stack_fail(s, pointer, EINVAL, e,
			"a hand-off is an object { \"on\": … }, or true for the recipe of that name");
	h->name = str_dup(item->string);
	h->rule = item;
	s->handoff_count++;
	c.recipe = cJSON_IsTrue(item) || json_get(item, "recipe") != NULL;
	if (c.recipe) {
		/* What stack.json itself says has a place there. */
		c.recipe = 0;
		r = merge_recipe(&c, h, item);
		c.recipe = 1;
	}
	return r == 0 ? handoff_read_rule(&c, h) : r;
}

int stack_read_handoffs(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	const cJSON *rule;

	s->handoffs = mem_alloc(HANDOFF_MAX_RULES * sizeof(*s->handoffs));
	cJSON_ArrayForEach (rule, item) {
		char at[HANDOFF_AT];
		int r;

		handoff_at(at, pointer, rule->string);
		r = read_handoff(s, rule, at, e);
		if (r < 0)
			return r;
	}
	return 0;
}

void stack_free_handoffs(struct stack *s)
{
	for (int i = 0; i < s->handoff_count; i++) {
		free(s->handoffs[i].name);
		cJSON_Delete(s->handoffs[i].own);
	}
	free(s->handoffs);
}
