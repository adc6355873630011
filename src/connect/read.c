/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of the contract: check, list, get. */
#include <errno.h>
#include <string.h>

#include "connect/engine.h"
#include "connect/words.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

enum { DEFAULT_OVERLAP_MS = 60000 };

/* No record was changed then, so a tool that gives any does not look at the filter. */
static const char far_future[] = "2100-01-01T00:00:00Z";

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
	me = pointer ? map_scalar_text(json_at(reply.json, pointer)) : NULL;
	if (pointer && !me)
		return engine_odd(g, &reply, pointer, e);
	*ret_text = me ? str_format("%s at %s as %s", g->manifest->title, g->base, me)
		       : str_format("%s at %s", g->manifest->title, g->base);
	return 0;
}

int engine_remote(struct engine *g, const struct manifest_type *t, const cJSON *record, struct remote *ret,
	struct err *e)
{
	const char *id = map_scalar_text(json_at(record, t->id));
	_cleanup_(buf_finish) struct buf url = BUF_INIT(BUF_MAX_RECORD);
	struct map_env env = engine_env(g, NULL, NULL);
	struct template_values v;
	int r;

	if (!id)
		return err_set(e, EIO, "%s gave a record without an id", g->link.name);
	r = map_read((struct mapping *)&t->map, &env, record, &ret->doc, e);
	if (r < 0)
		return r;
	v = engine_values(g, &(struct call){.type = t, .id = id});
	if (t->url && *t->url == '/')
		buf_puts(&url, g->base);
	if (t->url && template_expand(t->url, &v, http_encode, &url) == 0)
		ret->url = buf_steal(&url);
	ret->id = str_dup(id);
	ret->raw = json_print(record);
	ret->deleted = 0;
	return 0;
}

/* Whether a pointer ends in a list that is empty: the tool looked and found nothing. */
static _Bool is_empty_list(const cJSON *json, const char *pointer)
{
	_cleanup_(mem_freep) char *parent = str_dup(pointer);
	char *slash = strrchr(parent, '/');
	const cJSON *list;

	if (!slash)
		return 0;
	*slash = '\0';
	list = json_at(json, parent);
	return cJSON_IsArray(list) && !list->child;
}

int engine_record(struct engine *g, const struct manifest_type *t, const char *id, struct reply *reply,
	const cJSON **ret, struct err *e)
{
	const char *pointer = json_get_text(t->one, "record") ? json_get_text(t->one, "record") : "";
	int r = engine_call(g, &(struct call){.type = t, .request = t->one, .id = id}, reply, e);

	if (r < 0)
		return r;
	*ret = json_at(reply->json, pointer);
	if (!*ret && is_empty_list(reply->json, pointer))
		return err_set(e, ENOENT, "%s does not have this any more", g->link.name);
	return cJSON_IsObject(*ret) ? 0 : engine_odd(g, reply, pointer, e);
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
	return r < 0 ? r : engine_remote(g, t, record, ret, e);
}

struct pull {
	struct engine *g;
	const struct manifest_type *t;
	remote_sink sink;
	void *context;
	int64_t newest_ms; /* largest stamp of the tool's that was seen */
	int64_t began_ms;  /* when the pass began by the tool's clock, 0: it does not say */
	int64_t start_ms;  /* the same by ours */
	int64_t took_ms;   /* how long the pass took */
};

static int64_t newest_stamp(const struct manifest_type *t, const cJSON *record)
{
	int64_t updated_ms = map_instant(record, t->updated, t->stamp_as);
	int64_t created_ms = map_instant(record, t->created, t->stamp_as);

	/* Some tools leave "updated" empty until the first change. */
	return updated_ms > created_ms ? updated_ms : created_ms;
}

static int give_page(void *context, const cJSON *records, struct err *e)
{
	struct pull *p = context;
	int n = cJSON_GetArraySize(records), count = 0, r = 0;
	struct remote *remotes = mem_alloc((size_t)n * sizeof(*remotes));
	const cJSON *record;

	cJSON_ArrayForEach (record, records) {
		int64_t stamp_ms = newest_stamp(p->t, record);

		if (stamp_ms > p->newest_ms)
			p->newest_ms = stamp_ms;
		r = engine_remote(p->g, p->t, record, &remotes[count++], e);
		if (r < 0)
			break;
	}
	if (r == 0 && n > 0) {
		r = p->sink(p->context, remotes, (size_t)n);
		if (r < 0)
			err_set(e, -r, "%s: the records could not be taken over: %s", p->g->link.name,
				strerror(-r));
	}
	for (int i = 0; i < count; i++)
		remote_finish(&remotes[i]);
	free(remotes);
	return r;
}

static int64_t duration(const cJSON *object, const char *word, int64_t otherwise_ms)
{
	const char *text = json_get_text(object, word);
	int64_t ms;

	return text && words_time(text, &ms) == 0 ? ms : otherwise_ms;
}

/* A point in time as the tool wants it in its filter, no finer than its grain; given. */
static char *since_text(const cJSON *changes, int64_t ms)
{
	int64_t grain_ms = duration(changes, "grain", 1);
	const char *as = json_get_text(changes, "as");
	char text[CLOCK_UTC_SIZE];

	if (str_equal(as, "unix"))
		return str_format("%lld", (long long)(ms / 1000));
	clock_format_utc(grain_ms > 1 ? ms - ms % grain_ms : ms, text);
	if (str_equal(as, "date"))
		text[10] = '\0';
	return str_dup(text);
}

static int any_record(void *context, const cJSON *records, struct err *e)
{
	*(_Bool *)context |= records->child != NULL;
	return 0;
}

/* A listing of all (@since NULL) or of the changes. */
static struct listing listing_of(const struct manifest_type *t, const char *since)
{
	return (struct listing){
		.call = {.type = t,
			.request = t->list,
			.since = since,
			.scope = ERR_COLLECTION,
			.query = since ? json_get(t->since, "query") : NULL},
		.page = t->page,
		.records = json_get_text(t->list, "records"),
		.id = t->id,
	};
}

/* Once per link: does the tool look at the filter at all? Redmine's time entries, for one, do not. */
static int test_filter(struct engine *g, const struct manifest_type *t, struct err *e)
{
	int64_t date_ms, future_ms = 0;
	_cleanup_(mem_freep) char *since = NULL;
	struct err reason = {0};
	struct listing listing;
	_Bool proven, any = 0;
	int r;

	if (g->tested[t->type->id])
		return 0;
	instant_parse(far_future, &future_ms);
	since = since_text(t->since, future_ms);
	listing = listing_of(t, since);
	listing.page = NULL;
	r = engine_pages(g, &listing, any_record, &any, &proven, &date_ms, &reason);
	if (r < 0 && r != -EINVAL) {
		if (e)
			*e = reason;
		return r;
	}
	g->tested[t->type->id] = 1;
	if (r == 0 && !any)
		return 0;
	log_warning("connect", "%s does not filter its %s by time%s%s; every poll reads them all",
		g->link.name, t->type->plural, r < 0 ? ": " : "", reason.text);
	g->ignored[t->type->id] = 1;
	g->link.capabilities[t->type->id].scans = 1;
	return 0;
}

/*
 * Where the next listing goes on: the newest of the tool's own stamps, but not after the moment the pass began
 * (a record that was changed while later pages were read would be jumped over), minus the overlap. Where the tool
 * does not tell the time, the pass began at most as long before the newest stamp as it took. Our own clock only
 * holds it back: when the tool's is ahead and then put right, nothing is stamped with a time that we had passed.
 */
static char *next_cursor(const struct pull *p, const char *cursor)
{
	int64_t old_ms = 0, ms = p->newest_ms;
	char text[CLOCK_UTC_SIZE];

	if (cursor)
		instant_parse(cursor, &old_ms);
	if (ms == 0 && (cursor || !p->began_ms))
		return str_dup(cursor);
	if (!p->began_ms)
		ms -= p->took_ms;
	else if (ms == 0 || p->began_ms < ms)
		ms = p->began_ms;
	if (p->start_ms < ms)
		ms = p->start_ms;
	ms -= duration(p->t->since, "overlap", DEFAULT_OVERLAP_MS);
	return str_dup(clock_format_utc(ms > old_ms ? ms : old_ms, text));
}

/* One listing: all (@since NULL), or what changed. */
static int list_pages(struct pull *p, const char *since, _Bool *ret_proven, struct err *e)
{
	struct listing listing = listing_of(p->t, since);
	int64_t steady_ms = clock_steady_ms();
	int r;

	p->newest_ms = 0;
	p->start_ms = clock_now_ms();
	r = engine_pages(p->g, &listing, give_page, p, ret_proven, &p->began_ms, e);
	p->took_ms = clock_steady_ms() - steady_ms;
	return r;
}

int engine_list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink,
	void *context, char **ret_cursor, _Bool *ret_complete, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	struct pull pull = {.g = g, .t = t, .sink = sink, .context = context};
	_cleanup_(mem_freep) char *since = NULL;
	int64_t since_ms = 0;
	_Bool proven = 0;
	int r;

	*ret_cursor = NULL;
	*ret_complete = 0;
	if (!t)
		return -EOPNOTSUPP;
	r = t->since ? test_filter(g, t, e) : 0;
	if (r < 0)
		return r;
	if (t->since && !g->ignored[type] && cursor && instant_parse(cursor, &since_ms) == 0)
		since = since_text(t->since, since_ms);
	r = list_pages(&pull, since, &proven, e);
	/* Its clock was set back: what changed since then has a stamp from before the cursor. */
	if (r == 0 && since && pull.began_ms && pull.began_ms < since_ms) {
		str_set(&since, NULL);
		cursor = NULL;
		r = list_pages(&pull, NULL, &proven, e);
	}
	if (r < 0)
		return r;
	*ret_complete = proven && !since;
	if (t->since && !g->ignored[type])
		*ret_cursor = proven ? next_cursor(&pull, cursor) : str_dup(cursor);
	return 0;
}
