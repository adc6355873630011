/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a tool to send its webhooks here, where its manifest says how. */
#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "connect/words.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

void subscription_finish(struct subscription *s)
{
	free(s->remote);
	secret_wipe_text(s->secret);
	*s = (struct subscription){0};
}

/* When it ends: as the answer says, else after the time that the manifest knows; 0: never. */
static int64_t end_of(const cJSON *words, const cJSON *answer)
{
	const char *at = json_get_text(words, "until"), *lasts = json_get_text(words, "lasts");
	const cJSON *value = at ? json_at(answer, at) : NULL;
	int64_t ms = 0;

	if (json_text(value) && instant_parse(json_text(value), &ms) == 0)
		return ms;
	if (json_int64(value, &ms) == 0)
		return ms;
	return lasts && words_time(lasts, &ms) == 0 ? clock_now_ms() + ms : 0;
}

static int ask(struct engine *g, const cJSON *words, const char *address, const char *remote,
	struct reply *reply, struct err *e)
{
	return engine_call(g,
		&(struct call){.request = words, .callback = address, .id = remote, .scope = ERR_COLLECTION},
		reply, e);
}

/* The one before is of no use any more; that it is there still harms nobody. */
static void drop(struct engine *g, const cJSON *words, const char *remote)
{
	struct reply reply = {0};
	struct err e = {0};

	if (words && remote && *remote)
		ask(g, words, NULL, remote, &reply, &e);
	reply_finish(&reply);
}

int engine_subscribe(struct tool_link *link, const char *address, const char *remote, _Bool renew,
	struct subscription *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const cJSON *hooks = json_get(g->manifest->root, "webhooks");
	const cJSON *words =
		renew && json_get(hooks, "renew") ? json_get(hooks, "renew") : json_get(hooks, "register");
	struct reply reply = {0};
	const char *id, *secret;
	int r;

	if (!words)
		return err_set(e, EOPNOTSUPP, "%s: its webhooks have to be made by hand there", link->name);
	if (words != json_get(hooks, "renew"))
		drop(g, json_get(hooks, "remove"), remote);
	r = ask(g, words, address, remote, &reply, e);
	if (r == 0) {
		id = json_get_text(words, "id") ? json_scalar(json_at(reply.json, json_get_text(words, "id")))
						: remote;
		secret = json_get_text(words, "secret")
				 ? json_scalar(json_at(reply.json, json_get_text(words, "secret")))
				 : NULL;
		if (id && *id)
			*ret = (struct subscription){str_dup(id), str_dup(secret), end_of(words, reply.json)};
		else
			r = engine_odd(g, &reply, json_get_text(words, "id"), e);
	}
	reply_finish(&reply);
	return r;
}
