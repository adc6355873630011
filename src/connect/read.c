/* SPDX-License-Identifier: Apache-2.0 */
/* One record from the tool: check, get, and what a record says of itself. */
#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "connect/words.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

struct map_env engine_env(struct engine *g, const char *key, const cJSON *base)
{
	return (struct map_env){
		.tool = g->link.name,
		.currency = g->currency,
		.key = key,
		.base = base,
		.lookup = engine_lookup,
		.context = g,
	};
}

const struct manifest_type *engine_type(struct tool_link *link, enum type_id type, struct err *e)
{
	const struct engine *g = (const struct engine *)link;

	if (g->manifest->types[type].type)
		return &g->manifest->types[type];
	err_set(e, EOPNOTSUPP, "%s has no %s", link->name, type_get(type)->plural);
	if (e)
		e->scope = ERR_COLLECTION;
	return NULL;
}

int engine_check(struct tool_link *link, char **ret_text, struct err *e)
{
	struct engine *g = (struct engine *)link;
	_cleanup_(reply_finish) struct reply reply = {0};
	const char *pointer = json_get_text(g->manifest->check, "me"), *me;
	int r = engine_call(g, &(struct call){.request = g->manifest->check, .scope = ERR_TOOL}, &reply, e);

	if (r < 0)
		return r;
	me = pointer ? json_scalar(json_at(reply.json, pointer)) : NULL;
	if (pointer && !me)
		return engine_odd(g, &reply, pointer, e);
	*ret_text = me ? str_format("%s at %s as %s", g->manifest->title, g->base, me)
		       : str_format("%s at %s", g->manifest->title, g->base);
	return 0;
}

/* Tools that keep what was removed mark it. */
static _Bool is_gone(const struct manifest_type *t, const cJSON *record)
{
	const cJSON *mark = t->gone ? json_at(record, json_get_text(t->gone, "at")) : NULL;

	return mark && engine_among(json_get(t->gone, "is"), json_scalar(mark));
}

/* The record's page for people, given; NULL: it has none. */
static char *page_of(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *record)
{
	_cleanup_(buf_finish) struct buf url = BUF_INIT(BUF_MAX_RECORD);
	struct template_values v = engine_values(g, &(struct call){.type = t, .id = id});
	const char *rest = t->url;
	char name[64];

	if (t->url_at)
		return str_dup(json_scalar(json_at(record, t->url_at)));
	if (!rest)
		return NULL;
	v.record = record;
	if (*rest == '/')
		buf_puts(&url, g->base);
	/* An address that a person has chosen is not encoded as a part of one. */
	if (engine_chosen(g, rest, name)) {
		_cleanup_(mem_freep) char *own = str_format("{%s}", name);

		if (template_expand(own, &v, buf_puts, &url) != 0)
			return NULL;
		rest += strlen(own);
	}
	return template_expand(rest, &v, http_encode, &url) == 0 ? buf_steal(&url) : NULL;
}

int64_t engine_stamp(const struct manifest_type *t, const cJSON *record)
{
	int64_t updated_ms = map_instant(record, t->updated, t->stamp_as);
	int64_t created_ms = map_instant(record, t->created, t->stamp_as);

	/* Some tools leave "updated" empty until the first change. */
	return updated_ms > created_ms ? updated_ms : created_ms;
}

int engine_remote(struct engine *g, const struct manifest_type *t, const cJSON *record, struct remote *ret,
	struct err *e)
{
	_cleanup_(mem_freep) char *id = manifest_id(&t->id, record);
	struct map_env env = engine_env(g, NULL, NULL);
	int r;

	if (!id)
		return err_set(e, EIO, "%s gave a record without an id", g->link.name);
	if (is_gone(t, record)) {
		ret->id = str_dup(id);
		ret->deleted = 1;
		return 0;
	}
	r = map_read((struct mapping *)&t->map, &env, record, &ret->doc, e);
	if (r < 0)
		return r;
	ret->url = page_of(g, t, id, record);
	ret->id = str_dup(id);
	ret->raw = json_print(record);
	ret->changed_ms = engine_stamp(t, record);
	ret->deleted = 0;
	return 0;
}

/* Whether a pointer ends in a list that is empty, or picks from one what is not in it: the tool looked and found nothing. */
static _Bool is_not_among(const cJSON *json, const char *pointer)
{
	_cleanup_(mem_freep) char *parent = str_dup(pointer);
	char *slash = strrchr(parent, '/');
	const cJSON *list;
	_Bool picks;

	if (!slash)
		return 0;
	picks = strchr(slash, '=') != NULL;
	*slash = '\0';
	list = json_at(json, parent);
	return cJSON_IsArray(list) && (picks || !list->child);
}

/* A record that was asked for by its id: the part of it that no member tells is its parent's. */
static void name_parent(const struct manifest_type *t, const char *id, cJSON *record)
{
	struct template_values v = {.id = id, .id_parts = t->id.count};

	for (int i = 0; i < t->id.count; i++) {
		struct buf b = BUF_INIT(TEMPLATE_ID_MAX);
		char name[] = {'{', 'i', 'd', '.', (char)('1' + i), '}', '\0'};

		if (str_equal(t->id.at[i], "/@each") && template_expand(name, &v, buf_puts, &b) == 0)
			json_set_text(record, "@each", buf_text(&b));
		buf_finish(&b);
	}
}

static void note_version(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *record)
{
	const char *at = json_get_text(t->guard, "at");

	if (!t->guard)
		return;
	g->seen.type = t;
	str_set(&g->seen.id, id);
	str_set(&g->seen.version, at ? json_scalar(json_at(record, at)) : http_header(g->http, "ETag"));
}

int engine_version(struct engine *g, const struct manifest_type *t, const char *id, char **ret, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	const cJSON *record;
	int r = 0;

	*ret = NULL;
	if (!t->guard)
		return 0;
	if (g->seen.type != t || !str_equal(g->seen.id, id))
		r = engine_record(g, t, id, &reply, &record, e);
	if (r < 0)
		return r;
	*ret = str_dup(g->seen.version);
	g->seen.type = NULL; /* it holds for one change */
	return 0;
}

int engine_record(struct engine *g, const struct manifest_type *t, const char *id, struct reply *reply,
	const cJSON **ret, struct err *e)
{
	const char *place = json_get_text(t->one, "record") ? json_get_text(t->one, "record") : "";
	const struct call call = {.type = t, .request = t->one, .id = id};
	struct template_values v = engine_values(g, &call);
	_cleanup_(buf_finish) struct buf at = BUF_INIT(BUF_MAX_TEXT);
	int r = engine_call(g, &call, reply, e);
	const char *pointer = place;
	cJSON *record;

	if (r < 0)
		return r;
	if (template_expand(place, &v, buf_puts, &at) == 0)
		pointer = buf_text(&at);
	record = json_at(reply->json, pointer);
	if (!record && is_not_among(reply->json, pointer))
		return err_set(e, ENOENT, "%s does not have this any more", g->link.name);
	if (!cJSON_IsObject(record))
		return engine_odd(g, reply, pointer, e);
	name_parent(t, id, record);
	note_version(g, t, id, record);
	*ret = record;
	return 0;
}

int engine_get(struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	const cJSON *record;
	int r;

	if (!t)
		return -EOPNOTSUPP;
	r = engine_record(g, t, id, &reply, &record, e);
	if (r == 0)
		r = engine_remote(g, t, record, ret, e);
	if (r == 0 && ret->deleted) {
		remote_finish(ret);
		return err_set(e, ENOENT, "%s has removed this", link->name);
	}
	return r;
}
