/* SPDX-License-Identifier: Apache-2.0 */
/* What the words about webhooks have to say besides being known. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/hook_words.h"
#include "connect/lint.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* A setting's name, not a template: a key stands alone. */
static int check_setting(struct check *c, const struct manifest *m, const cJSON *verify, const char *word)
{
	const char *name = json_get_text(verify, word);
	size_t mark = check_enter(c, word);
	int r = 0;

	if (name && strcmp(name, "kept") != 0 && !json_get(m->settings, name))
		r = check_bad(c, "there is no setting \"%s\"", name);
	else if (name && strcmp(name, "kept") == 0 && strcmp(word, "key") != 0)
		r = check_bad(c, "only a \"key\" can be one that the tool has given in a handshake");
	check_leave(c, mark);
	return r;
}

static int check_over(struct check *c, const cJSON *verify)
{
	static const char *const known[] = {"body", "time", "id", "url", "target", "method"};
	const char *over = json_get_text(verify, "over");
	size_t mark = check_enter(c, "over"), i;
	char name[64];
	int r = 0;

	while (over && r == 0 && template_word(&over, name)) {
		for (i = 0; i < ARRAY_LEN(known) && strcmp(known[i], name) != 0; i++)
			;
		if (i == ARRAY_LEN(known))
			r = check_bad(c,
				"\"{%s}\" is none of {body}, {time}, {id}, {url}, {target}, {method}", name);
		else if (strcmp(name, "time") == 0 && !json_get(verify, "time"))
			r = check_bad(c, "\"{time}\" needs \"time\": where it stands");
		else if (strcmp(name, "id") == 0 && !json_get(verify, "id"))
			r = check_bad(c, "\"{id}\" needs \"id\": its header");
	}
	check_leave(c, mark);
	return r;
}

static int check_verify(struct check *c, const struct manifest *m, const cJSON *verify)
{
	static const char *const words[] = {"key", "token", "user", "password"};
	_Bool hmac = json_get(verify, "hmac") && json_get(verify, "key") && json_get(verify, "header");
	_Bool token = json_get(verify, "token") &&
		      (json_get(verify, "header") || json_get(verify, "query") || json_get(verify, "at"));
	_Bool basic = json_get(verify, "user") && json_get(verify, "password");
	int r = 0;

	if (hmac + token + basic != 1)
		return check_bad(c,
			"this has to have \"hmac\", \"key\" and \"header\"; or \"token\" and where it is "
			"(\"header\", \"query\" or \"at\"); or \"user\" and \"password\"");
	for (size_t i = 0; i < ARRAY_LEN(words) && r == 0; i++)
		r = check_setting(c, m, verify, words[i]);
	return r == 0 ? check_over(c, verify) : r;
}

static int check_answer(struct check *c, const cJSON *answer)
{
	int ways = (json_get(answer, "method") != NULL) + (json_get(answer, "header") != NULL) +
		   (json_get(answer, "query") != NULL) + (json_get(answer, "at") != NULL);

	return ways == 1
		       ? 0
		       : check_bad(c, "this has to have one of \"method\", \"header\", \"query\" and \"at\"");
}

static int check_type(struct check *c, const cJSON *item)
{
	const char *type = json_text(item);

	return type && json_get(json_get(c->root, "types"), type)
		       ? 0
		       : check_bad(c, "\"%s\" is none of this tool's types", type ? type : "");
}

static int check_event(struct check *c, const cJSON *event)
{
	const cJSON *type = json_get(event, "type"), *one;
	int r = 0;

	if (!cJSON_IsArray(type))
		return check_type(c, type);
	cJSON_ArrayForEach (one, type)
		r = r < 0 ? r : check_type(c, one);
	return r;
}

static int check_all(
	struct check *c, const cJSON *items, const char *word, int (*f)(struct check *c, const cJSON *item))
{
	const cJSON *item;
	size_t mark = check_enter(c, word);
	char index[16];
	int r = 0, i = 0;

	cJSON_ArrayForEach (item, items) {
		size_t inner;

		snprintf(index, sizeof(index), "%d", i++);
		inner = check_enter(c, item->string ? item->string : index);
		r = r < 0 ? r : f(c, item);
		check_leave(c, inner);
	}
	check_leave(c, mark);
	return r;
}

int hook_lint(struct check *c, const struct manifest *m)
{
	static const char *const requests[] = {"register", "renew", "remove"};
	const cJSON *hooks = json_get(m->root, "webhooks"), *verify = json_get(hooks, "verify");
	size_t mark = check_enter(c, "webhooks"), inner = check_enter(c, "verify");
	int r = verify ? check_verify(c, m, verify) : 0;

	check_leave(c, inner);
	for (size_t i = 0; i < ARRAY_LEN(requests) && r == 0; i++)
		r = lint_verb(c, json_get(hooks, requests[i]), requests[i]);
	if (r == 0)
		r = check_all(c, json_get(hooks, "answers"), "answers", check_answer);
	if (r == 0)
		r = check_all(c, json_get(hooks, "events"), "events", check_event);
	check_leave(c, mark);
	return r;
}
