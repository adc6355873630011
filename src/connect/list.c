/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list() of the contract: all records of a type, or what changed: by a filter, or by a list of what happened. And whether the
 * tool looks at its filter at all.
 */
#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "connect/stable.h"
#include "connect/words.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

enum {
	DEFAULT_OVERLAP_MS = 60000,
	MAX_EVENTS = 2000, /* records to be read one by one; with more of them a full listing is quicker */
	MAX_MANY = 200,	   /* by one request */
};

/* No record was changed then, so a tool that gives any does not look at the filter. */
static const char far_future[] = "2100-01-01T00:00:00Z";

struct pull {
	struct engine *g;
	const struct manifest_type *t;
	remote_sink sink;
	void *context;
	_Bool brief;	   /* what is listed lacks fields */
	int64_t newest_ms; /* largest stamp of the tool's that was seen */
	int64_t began_ms;  /* when the pass began by the tool's clock, 0: it does not say */
	int64_t start_ms;  /* the same by ours */
	int64_t took_ms;   /* how long the pass took */
};

/* A record as it is listed; where that is not all of it, it is read by itself. */
static int take(struct pull *p, const cJSON *listed, struct remote *ret, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(mem_freep) char *id = p->brief ? manifest_id(&p->t->id, listed) : NULL;
	const cJSON *record;
	struct err why = {0};
	int r;

	if (!id)
		return engine_remote(p->g, p->t, listed, ret, e);
	r = engine_record(p->g, p->t, id, &reply, &record, &why);
	if (r == 0)
		return engine_remote(p->g, p->t, record, ret, e);
	if (r == -ENOENT) {
		ret->id = str_dup(id);
		ret->deleted = 1;
		return 0;
	}
	if (e)
		*e = why;
	return r;
}

static int give_page(void *context, const cJSON *records, struct err *e)
{
	struct pull *p = context;
	int n = cJSON_GetArraySize(records), count = 0, r = 0;
	struct remote *remotes = mem_alloc((size_t)n * sizeof(*remotes));
	const cJSON *record;

	cJSON_ArrayForEach (record, records) {
		int64_t stamp_ms = engine_stamp(p->t, record);

		if (stamp_ms > p->newest_ms)
			p->newest_ms = stamp_ms;
		r = take(p, record, &remotes[count++], e);
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

	if (str_equal(as, "unix") || str_equal(as, "unix_ms"))
		return str_format("%lld", (long long)(str_equal(as, "unix") ? ms / 1000 : ms));
	if (str_equal(as, "minutes-ago"))
		return str_format("%lld", (long long)((clock_now_ms() - ms) / 60000 + 1));
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

struct listing engine_listing(const struct manifest_type *t, const cJSON *list, const cJSON *page)
{
	return (struct listing){
		.call = {.type = t, .request = list, .scope = ERR_COLLECTION},
		.page = json_get(list, "page") ? json_get(list, "page") : page,
		.records = json_get_text(list, "records"),
		.id = &t->id,
		.only = json_get(list, "only"),
		.empty = json_get(list, "empty"),
		.each = json_get_text(list, "each"),
		.brief = cJSON_IsTrue(json_get(list, "brief")),
	};
}

/* A listing of all (@since NULL) or of the changes. */
static struct listing listing_of(const struct manifest_type *t, const char *since)
{
	const cJSON *own = since ? json_get(t->changes, "list") : NULL;
	struct listing l = engine_listing(t, own ? own : t->list, t->page);

	if (since) {
		l.call.since = since;
		l.call.query = json_get(t->changes, "query");
		l.call.headers = json_get(t->changes, "headers");
		l.call.surround = json_get(t->changes, "body");
	}
	return l;
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

	/* A number of minutes says nothing of the future, and what happened is no filter. */
	if (g->tested[t->type->id] || t->events || str_equal(json_get_text(t->changes, "as"), "minutes-ago"))
		return 0;
	instant_parse(far_future, &future_ms);
	since = since_text(t->changes, future_ms);
	listing = listing_of(t, since);
	listing.first_page_only = 1;
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
	ms -= duration(p->t->changes, "overlap", DEFAULT_OVERLAP_MS);
	return str_dup(clock_format_utc(ms > old_ms ? ms : old_ms, text));
}

/* One listing: all (@since NULL), or what changed by the tool's filter. */
static int list_pages(struct pull *p, const char *since, _Bool *ret_proven, struct err *e)
{
	struct listing listing = listing_of(p->t, since);
	int64_t steady_ms = clock_steady_ms();
	int r;

	p->newest_ms = 0;
	p->brief = listing.brief;
	p->start_ms = clock_now_ms();
	r = engine_pages(p->g, &listing, give_page, p, ret_proven, &p->began_ms, e);
	p->took_ms = clock_steady_ms() - steady_ms;
	return r;
}

/* ---- what happened ---- */

struct happened {
	struct pull *p;
	struct id_set known;
	cJSON *ids; /* of the records, in the order of what happened */
};

static int note_events(void *context, const cJSON *records, struct err *e)
{
	struct happened *h = context;
	const cJSON *changes = h->p->t->changes, *event;

	cJSON_ArrayForEach (event, records) {
		const char *id = json_scalar(json_at(event, json_get_text(changes, "id")));
		int64_t ms = map_instant(event, json_get_text(changes, "at"), h->p->t->stamp_as);

		if (ms > h->p->newest_ms)
			h->p->newest_ms = ms;
		if (id && *id && id_set_add(&h->known, id))
			cJSON_AddItemToArray(h->ids, cJSON_CreateString(id));
	}
	return 0;
}

/* An event is a hint: what is so now is read from the record itself. */
static int give_current(struct pull *p, const char *id, struct err *e)
{
	struct remote now = {0};
	struct err why = {0};
	int r = engine_get(&p->g->link, p->t->type->id, id, &now, &why);

	if (r == -ENOENT) {
		now.id = str_dup(id);
		now.deleted = 1;
		r = 0;
	} else if (r < 0 && e) {
		*e = why;
	}
	if (r == 0)
		r = p->sink(p->context, &now, 1);
	remote_finish(&now);
	return r;
}

/* The body of a request for several records; NULL: their ids are in the address. */
static cJSON *many_body(const cJSON *many, const cJSON *const *ids, int count)
{
	const char *to = json_get_text(many, "to"), *item = json_get_text(many, "item");
	cJSON *body, *list;

	if (!to)
		return NULL;
	body = cJSON_CreateObject();
	list = cJSON_CreateArray();
	for (int i = 0; i < count; i++) {
		cJSON *element = item ? cJSON_CreateObject() : cJSON_Duplicate(ids[i], 0);

		if (item)
			json_put(element, item, cJSON_Duplicate(ids[i], 0));
		cJSON_AddItemToArray(list, element);
	}
	json_put(body, to, list);
	return body;
}

static int ask_many(struct pull *p, const cJSON *const *ids, int count, struct reply *reply,
	const cJSON **ret, struct err *e)
{
	const cJSON *many = p->t->many;
	_cleanup_json_ cJSON *body = many_body(many, ids, count);
	_cleanup_(buf_finish) struct buf joined = BUF_INIT(BUF_MAX_TEXT);
	struct call call = {
		.type = p->t, .request = many, .body = body, .sends = body != NULL, .scope = ERR_COLLECTION};
	int r;

	for (int i = 0; i < count; i++)
		buf_printf(&joined, "%s%s", i ? "," : "", json_text(ids[i]));
	call.ids = buf_text(&joined);
	r = engine_call(p->g, &call, reply, e);
	if (r < 0)
		return r;
	*ret = json_at(reply->json, json_get_text(many, "records"));
	return cJSON_IsArray(*ret) ? 0 : engine_odd(p->g, reply, json_get_text(many, "records"), e);
}

/* Several records by one request. What is not in the answer is asked for alone: only then it is gone. */
static int give_some(struct pull *p, const cJSON *const *ids, int count, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	struct id_set there = {0};
	const cJSON *records, *record;
	int r = ask_many(p, ids, count, &reply, &records, e);

	if (r == 0)
		r = give_page(p, records, e);
	if (r < 0)
		return r;
	cJSON_ArrayForEach (record, records) {
		_cleanup_(mem_freep) char *id = manifest_id(&p->t->id, record);

		id_set_add(&there, id ? id : "");
	}
	for (int i = 0; r == 0 && i < count; i++) {
		if (id_set_add(&there, json_text(ids[i])))
			r = give_current(p, json_text(ids[i]), e);
	}
	id_set_finish(&there);
	return r;
}

static int give_all(struct pull *p, const cJSON *ids, struct err *e)
{
	const cJSON *some[MAX_MANY], *id;
	int64_t most = MAX_MANY;
	int count = 0, r = 0;

	if (p->t->many && json_int64(json_get(p->t->many, "max"), &most) == 0 && most > MAX_MANY)
		most = MAX_MANY;
	cJSON_ArrayForEach (id, ids) {
		if (r < 0)
			break;
		if (!p->t->many) {
			r = give_current(p, json_text(id), e);
			continue;
		}
		some[count++] = id;
		if (count == most || !id->next) {
			r = give_some(p, some, count, e);
			count = 0;
		}
	}
	return r;
}

/* Positive: too much has happened, a full listing is to follow. */
static int list_events(struct pull *p, const char *since, _Bool *ret_proven, struct err *e)
{
	const cJSON *changes = p->t->changes, *list = json_get(changes, "list");
	struct id_place place = {
		{json_get_text(changes, "event") ? json_get_text(changes, "event") : "/id"}, 1};
	_cleanup_json_ cJSON *ids = cJSON_CreateArray();
	struct happened h = {.p = p, .ids = ids};
	struct listing l = engine_listing(p->t, list, p->t->page);
	int64_t steady_ms = clock_steady_ms();
	int r;

	l.call.since = since;
	l.id = &place;
	p->newest_ms = 0;
	p->start_ms = clock_now_ms();
	r = engine_pages(p->g, &l, note_events, &h, ret_proven, &p->began_ms, e);
	id_set_finish(&h.known);
	if (r == 0 && cJSON_GetArraySize(ids) > MAX_EVENTS)
		return 1;
	r = r < 0 ? r : give_all(p, ids, e);
	p->took_ms = clock_steady_ms() - steady_ms;
	return r;
}

/* ---- what was removed ---- */

static int give_removed(void *context, const cJSON *records, struct err *e)
{
	struct pull *p = context;
	const cJSON *record;
	int r = 0;

	cJSON_ArrayForEach (record, records) {
		struct remote gone = {.id = manifest_id(&p->t->removed_id, record), .deleted = 1};

		if (gone.id && r == 0)
			r = p->sink(p->context, &gone, 1);
		remote_finish(&gone);
	}
	return r;
}

static int list_removed(struct pull *p, const char *since, _Bool *proven, struct err *e)
{
	struct listing l = engine_listing(p->t, p->t->removed, p->t->page);
	_Bool all = 0;
	int64_t date_ms;
	int r;

	l.call.since = since;
	l.id = &p->t->removed_id;
	r = engine_pages(p->g, &l, give_removed, p, &all, &date_ms, e);
	*proven &= all;
	return r;
}

/* ---- the contract ---- */

/* From where on the tool is asked for changes, given; NULL: everything. */
static char *start_of(const struct engine *g, const struct manifest_type *t, const char *cursor)
{
	int64_t keep_ms = duration(t->changes, "keep", INT64_MAX / 2), since_ms;

	if (!t->changes || g->ignored[t->type->id] || !cursor || instant_parse(cursor, &since_ms) < 0 ||
		clock_now_ms() - since_ms > keep_ms)
		return NULL;
	return since_text(t->changes, since_ms);
}

static int list_changes(struct pull *p, char **since, const char *cursor, _Bool *proven, struct err *e)
{
	int64_t since_ms = 0;
	int r;

	if (*since && p->t->events) {
		r = list_events(p, *since, proven, e);
		if (r > 0) {
			str_set(since, NULL);
			r = list_pages(p, NULL, proven, e);
		}
	} else {
		r = list_pages(p, *since, proven, e);
		/* Some refuse to give more than so many changes at once: then all of it is read. */
		if (r == -EINVAL && *since) {
			err_clear(e);
			str_set(since, NULL);
			r = list_pages(p, NULL, proven, e);
		}
	}
	/* Its clock was set back: what changed since then has a stamp from before the cursor. */
	if (r == 0 && *since && p->began_ms && instant_parse(cursor, &since_ms) == 0 &&
		p->began_ms < since_ms) {
		str_set(since, NULL);
		r = list_pages(p, NULL, proven, e);
	}
	if (r == 0 && *since && p->t->removed)
		r = list_removed(p, *since, proven, e);
	return r;
}

int engine_list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink,
	void *context, char **ret_cursor, _Bool *ret_complete, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	struct pull pull = {.g = g, .t = t, .sink = sink, .context = context};
	_cleanup_(mem_freep) char *since = NULL;
	_Bool proven = 0, asked;
	int r;

	*ret_cursor = NULL;
	*ret_complete = 0;
	if (!t)
		return -EOPNOTSUPP;
	r = t->changes ? test_filter(g, t, e) : 0;
	if (r < 0)
		return r;
	since = start_of(g, t, cursor);
	asked = since != NULL;
	r = list_changes(&pull, &since, cursor, &proven, e);
	if (r < 0)
		return r;
	*ret_complete = proven && !since;
	if (t->changes && !g->ignored[type])
		*ret_cursor = proven ? next_cursor(&pull, asked && !since ? NULL : cursor) : str_dup(cursor);
	return 0;
}
