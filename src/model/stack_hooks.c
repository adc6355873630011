/* SPDX-License-Identifier: Apache-2.0 */
/* The part of stack.json about HTTP in both directions: listen, subscriptions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/stack_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

#define DEFAULT_KEEP_MS INT64_C(259200000)

/* ---- listen ---- */

int stack_read_listen(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	const cJSON *child;

	cJSON_ArrayForEach (child, item) {
		char at[160];
		char **slot = strcmp(child->string, "address") == 0 ? &s->hooks.address
			      : strcmp(child->string, "url") == 0   ? &s->hooks.url
								    : NULL;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, child->string);
		if (!slot)
			return stack_fail(s, at, EINVAL, e,
				"unknown key \"%s\"; \"listen\" has \"address\" (\"127.0.0.1:PORT\" or "
				"\"unix:/PATH\") and \"url\" (how the world outside reaches it)",
				child->string);
		if (!json_text(child) || !json_text(child)[0])
			return stack_fail(s, at, EINVAL, e, "\"%s\" must be a text", child->string);
		str_set(slot, json_text(child));
	}
	if (!s->hooks.address)
		return stack_fail(s, pointer, EINVAL, e,
			"\"listen\" needs an \"address\": \"127.0.0.1:PORT\" or \"unix:/PATH\"");
	while (s->hooks.url && *s->hooks.url && s->hooks.url[strlen(s->hooks.url) - 1] == '/')
		s->hooks.url[strlen(s->hooks.url) - 1] = '\0';
	return 0;
}

/* ---- subscriptions ---- */

unsigned stack_event_of(const char *word)
{
	static const struct {
		const char *word;
		enum stack_event event;
	} words[] = {{"created", STACK_CREATED}, {"changed", STACK_CHANGED}, {"removed", STACK_REMOVED},
		{"restored", STACK_RESTORED}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].event;
	}
	return 0;
}

/* "invoice", "invoice.created", "invoice.status", "*" */
static int read_on(struct stack *s, struct stack_subscription *sub, const cJSON *item, const char *pointer,
	struct err *e)
{
	const char *text = json_text(item), *dot = text ? strchr(text, '.') : NULL;
	_cleanup_(mem_freep) char *word =
		text ? mem_dup(text, dot ? (size_t)(dot - text) : strlen(text)) : str_dup("");
	const struct type *type = type_by_name(word);
	int field = type && dot ? type_field_index(type, dot + 1) : -1;
	unsigned events = dot ? stack_event_of(dot + 1) : STACK_ANY_EVENT;

	if (strcmp(word, "*") == 0 && events) {
		for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++)
			sub->events[t] |= events;
		return 0;
	}
	if (!type || (!events && field < 0))
		return stack_fail(s, pointer, EINVAL, e,
			"say what to tell of: a type (\"invoice\"), an event of one (\"invoice.created\", "
			"changed, removed, restored), a field (\"invoice.status\"), or \"*\"");
	sub->events[type->id] |= events;
	if (field >= 0)
		sub->fields[type->id] |= (uint64_t)1 << field;
	return 0;
}

static int read_on_all(struct stack *s, struct stack_subscription *sub, const cJSON *list,
	const char *pointer, struct err *e)
{
	const cJSON *item;
	int i = 0, r = 0;

	if (!cJSON_IsArray(list) || !list->child)
		return stack_fail(s, pointer, EINVAL, e,
			"a subscription needs \"on\": a list of what to tell of, such as [\"invoice\", "
			"\"deal.status\"]");
	cJSON_ArrayForEach (item, list) {
		char at[280];

		snprintf(at, sizeof(at), "%s/on/%d", pointer, i++);
		r = r < 0 ? r : read_on(s, sub, item, at, e);
	}
	return r;
}

static int check_keys(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	static const char *const known[] = {"name", "url", "on", "secret", "headers", "keep", NULL};
	const cJSON *child;

	cJSON_ArrayForEach (child, item) {
		char at[280];
		int i = 0;

		while (known[i] && strcmp(known[i], child->string) != 0)
			i++;
		snprintf(at, sizeof(at), "%s/%.100s", pointer, child->string);
		if (!known[i])
			return stack_fail(s, at, EINVAL, e,
				"unknown key \"%s\"; a subscription has name, url, on, secret, headers, keep",
				child->string);
	}
	return 0;
}

/* The name is what its place in the changes is kept under. */
static int read_name(struct stack *s, struct stack_subscription *sub, const cJSON *item, const char *pointer,
	struct err *e)
{
	const char *name = json_get_text(item, "name");
	char at[280];

	snprintf(at, sizeof(at), "%s/name", pointer);
	if (!name || !stack_name_valid(name))
		return stack_fail(s, at, EINVAL, e,
			"a subscription needs a \"name\": lower-case letters, digits, - and _, such as "
			"\"n8n\"");
	for (struct stack_subscription *other = s->hooks.subscriptions; other < sub; other++) {
		if (strcmp(other->name, name) == 0)
			return stack_fail(
				s, at, EINVAL, e, "another subscription is called \"%s\" already", name);
	}
	sub->name = str_dup(name);
	return 0;
}

static int read_subscription(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	struct stack_subscription *sub = &s->hooks.subscriptions[s->hooks.count];
	const char *url = json_get_text(item, "url");
	char at[280];
	int r;

	if (s->hooks.count == STACK_MAX_SUBSCRIPTIONS)
		return stack_fail(s, pointer, EINVAL, e, "a stack has at most %d subscriptions",
			STACK_MAX_SUBSCRIPTIONS);
	if (!cJSON_IsObject(item) || !url || !cJSON_IsObject(json_get(item, "secret")))
		return stack_fail(s, pointer, EINVAL, e,
			"a subscription is written as { \"name\": …, \"url\": \"https://…\", \"on\": "
			"[\"invoice\"], \"secret\": {\"file\": …} }");
	r = check_keys(s, item, pointer, e);
	if (r == 0)
		r = read_name(s, sub, item, pointer, e);
	if (r < 0)
		return r;
	sub->url = str_dup(url);
	sub->secret = json_get(item, "secret");
	sub->headers = json_get(item, "headers");
	s->hooks.count++;
	sub->keep_ms = DEFAULT_KEEP_MS;
	snprintf(at, sizeof(at), "%s/keep", pointer);
	if (json_get(item, "keep"))
		r = stack_read_time(s, json_get(item, "keep"), at, &sub->keep_ms, e);
	if (r < 0)
		return r;
	return read_on_all(s, sub, json_get(item, "on"), pointer, e);
}

int stack_read_subscriptions(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	const cJSON *child;
	int i = 0, r = 0;

	if (!cJSON_IsArray(item))
		return stack_fail(s, pointer, EINVAL, e, "\"subscriptions\" must be a list: [ { … } ]");
	cJSON_ArrayForEach (child, item) {
		char at[160];

		snprintf(at, sizeof(at), "%s/%d", pointer, i++);
		r = r < 0 ? r : read_subscription(s, child, at, e);
	}
	return r;
}

void stack_hooks_finish(struct stack *s)
{
	for (int i = 0; i < s->hooks.count; i++) {
		free(s->hooks.subscriptions[i].name);
		free(s->hooks.subscriptions[i].url);
	}
	free(s->hooks.address);
	free(s->hooks.url);
}
