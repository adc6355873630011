/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/connect/hook.h"

#include <errno.h>
#include <string.h>

#include "connect/hook_words.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { EVENTS_MAX = 1000, ID_MAX = 200 };

/* ---- opening ---- */

const char *hook_setting(const struct hook *h, const char *name)
{
	for (size_t i = 0; name && i < h->setting_count; i++) {
		if (strcmp(h->settings[i].name, name) == 0)
			return h->settings[i].text ? h->settings[i].text
						   : secret_text(&h->settings[i].secret);
	}
	return NULL;
}

/* Only those that "verify" names: the others are no business of the listener's. */
static int load_setting(struct hook *h, const char *name, const struct tool_setup *setup, struct err *e)
{
	const cJSON *word = json_get(h->manifest->settings, name), *given = json_get(setup->config, name);
	struct setting *s = &h->settings[h->setting_count];

	if (!word || !given)
		return 0;
	s->name = word->string;
	h->setting_count++;
	if (cJSON_IsTrue(json_get(word, "secret")))
		return secret_load(given, setup->base_dir, &s->secret, e);
	s->text = str_dup(json_scalar(given));
	return 0;
}

static const char *const key_words[] = {"key", "token", "user", "password"};

int hook_open(const struct tool_setup *setup, struct hook **ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = connect_manifest_path(setup->connector);
	struct hook *h = mem_alloc(sizeof(*h));
	int r = 0;

	h->name = str_dup(setup->name);
	if (path && !connect_is_driver(setup->connector))
		r = manifest_load(path, setup->config, &h->manifest, e);
	h->words = r == 0 && h->manifest ? json_get(h->manifest->root, "webhooks") : NULL;
	h->settings = mem_alloc(ARRAY_LEN(key_words) * sizeof(*h->settings));
	for (size_t i = 0; i < ARRAY_LEN(key_words) && r == 0 && h->words; i++)
		r = load_setting(h, json_get_text(json_get(h->words, "verify"), key_words[i]), setup, e);
	if (r < 0) {
		hook_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void hook_free(struct hook *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->setting_count; i++) {
		free(h->settings[i].text);
		secret_finish(&h->settings[i].secret);
	}
	free(h->settings);
	free(h->name);
	manifest_free(h->manifest);
	free(h);
}

const char *hook_lacks(const struct hook *h)
{
	for (size_t i = 0; i < ARRAY_LEN(key_words); i++) {
		const char *name = json_get_text(json_get(h->words, "verify"), key_words[i]);

		if (name && strcmp(name, "kept") != 0 && !hook_setting(h, name) &&
			!json_at(h->words, "/register/secret"))
			return name;
	}
	return NULL;
}

_Bool hook_registers(const struct hook *h)
{
	return json_get(h->words, "register") != NULL;
}

/* ---- what it speaks of ---- */

/* A value of the event, else of the message as a whole, else of a header. */
static const char *value_of(
	const cJSON *place, const struct hook_request *r, const cJSON *item, const cJSON *body)
{
	const char *at = json_get_text(place, "at"), *header = json_get_text(place, "header");
	const char *text = at ? json_scalar(json_at(item, at)) : NULL;

	if (!text && at)
		text = json_scalar(json_at(body, at));
	return text ? text : header ? r->header(r->context, header) : NULL;
}

/* "invoice.paid" is what "invoice.paid" says, else "invoice.*", else "*". */
static const cJSON *meaning(const cJSON *events, const char *name)
{
	const cJSON *event = json_get(events, name), *child;
	size_t best = 0;

	if (event)
		return event;
	cJSON_ArrayForEach (child, events) {
		size_t len = strlen(child->string);

		if (child->string[len - 1] == '*' && len > best &&
			strncmp(child->string, name, len - 1) == 0) {
			event = child;
			best = len;
		}
	}
	return event;
}

static _Bool ignored(const struct hook *h, const char *name)
{
	const cJSON *ignore = json_get(h->words, "ignore"), *one;

	if (json_text(ignore))
		return strcmp(json_text(ignore), name) == 0;
	cJSON_ArrayForEach (one, ignore) {
		if (str_equal(json_text(one), name))
			return 1;
	}
	return 0;
}

static uint32_t types_of(const cJSON *names)
{
	const cJSON *name;
	uint32_t types = 0;

	if (json_text(names))
		return UINT32_C(1) << type_by_name(json_text(names))->id;
	cJSON_ArrayForEach (name, names)
		types |= UINT32_C(1) << type_by_name(json_text(name))->id;
	return types;
}

static void add_event(const struct hook *h, const struct hook_request *r, const cJSON *item,
	const cJSON *body, struct hook_result *ret)
{
	const char *name = value_of(json_get(h->words, "event"), r, item, body), *id, *at;
	const cJSON *event;

	if (!name)
		name = "";
	if (ignored(h, name))
		return;
	event = meaning(json_get(h->words, "events"), name);
	at = json_get_text(event, "id");
	id = at ? json_scalar(json_at(item, at)) : NULL;
	if (!id && at)
		id = json_scalar(json_at(body, at));
	if (!id || !*id || strlen(id) > ID_MAX || ret->count == EVENTS_MAX) {
		ret->all = 1;
		return;
	}
	ret->events = mem_grow(ret->events, ret->count + 1, sizeof(*ret->events));
	ret->events[ret->count++] = (struct hook_event){types_of(json_get(event, "type")), str_dup(id)};
}

static void read_events(
	const struct hook *h, const struct hook_request *r, const cJSON *body, struct hook_result *ret)
{
	const char *each = json_get_text(h->words, "each");
	const cJSON *list = each ? json_at(body, each) : NULL, *item;
	const char *id = value_of(json_get(h->words, "id"), r, body, body);

	if (id && *id && strlen(id) <= ID_MAX)
		ret->id = str_dup(id);
	if (!h->words || !body || (each && !cJSON_IsArray(list))) {
		ret->all = 1;
		return;
	}
	if (!each)
		add_event(h, r, body, body, ret);
	cJSON_ArrayForEach (item, list)
		add_event(h, r, item, body, ret);
}

int hook_take(const struct hook *h, const struct hook_request *r, struct hook_result *ret, struct err *e)
{
	_cleanup_json_ cJSON *body = NULL;
	int result;

	*ret = (struct hook_result){.body = BUF_INIT(4096)};
	/* A form, or nothing at all, says no more than that something happened. */
	if (json_parse(r->body, r->len, JSON_REMOTE, &body, NULL, NULL) < 0)
		body = NULL;
	result = hook_answer(h, r, body, ret, e);
	if (result == 0)
		result = hook_verify(h, r, body, e);
	if (result == 0)
		read_events(h, r, body, ret);
	if (result < 0)
		hook_result_finish(ret);
	return result < 0 ? result : 0;
}

void hook_result_finish(struct hook_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->events[i].remote);
	free(r->events);
	free(r->header);
	free(r->value);
	secret_wipe_text(r->keep);
	free(r->id);
	buf_finish(&r->body);
	*r = (struct hook_result){0};
}
