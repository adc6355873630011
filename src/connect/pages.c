/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listing, page by page. It counts as proven only when every page had its list, no record came twice, the
 * total did not change under way and the end was told: only then may a caller conclude that what is missing
 * was deleted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/call.h"
#include "connect/stable.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { MAX_PAGES = 20000 };

enum by { BY_NONE, BY_OFFSET, BY_PAGE, BY_CURSOR, BY_LINK, BY_LAST_ID };

static enum by by_of(const cJSON *page)
{
	static const char *const words[] = {"none", "offset", "page", "cursor", "link", "last_id"};
	const char *word = json_get_text(page, "by");

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], word) == 0)
			return (enum by)i;
	}
	return BY_NONE;
}

struct walk {
	struct engine *g;
	const struct listing *l;
	enum by by;
	struct id_set ids, nexts;     /* of records; cursors and links of pages */
	int64_t position;	      /* records so far */
	int64_t seen;		      /* the same without those that came again */
	int64_t total;		      /* as the tool says, -1: it does not */
	int64_t number, first_number; /* of the next page, and of the first */
	char *next;		      /* cursor, link or last id for the next page; NULL: the first */
	int64_t offset;		      /* of the first record */
	_Bool proven, done, begun;
};

_Bool engine_among(const cJSON *want, const char *text)
{
	const cJSON *one;

	if (!text)
		return 0;
	if (str_equal(json_scalar(want), text))
		return 1;
	cJSON_ArrayForEach (one, want) {
		if (str_equal(json_scalar(one), text))
			return 1;
	}
	return 0;
}

_Bool engine_matches(const struct engine *g, const cJSON *record, const cJSON *only)
{
	const cJSON *want;

	cJSON_ArrayForEach (want, only) {
		struct template_values v = engine_values(g, &(struct call){0});
		_cleanup_json_ cJSON *wanted = template_body(want, &v);
		const cJSON *there = json_at(record, want->string);
		_Bool nothing = !there || cJSON_IsNull(there);

		if (cJSON_IsNull(want) ? !nothing
				       : nothing || !wanted || !engine_among(wanted, json_scalar(there)))
			return 0;
	}
	return 1;
}

static void walk_finish(struct walk *w)
{
	id_set_finish(&w->ids);
	id_set_finish(&w->nexts);
	free(w->next);
}

static void add_param(struct page *p, const char *name, const char *value)
{
	if (name && value)
		p->params[p->count++] = (struct http_field){name, value};
}

static void page_params(const struct walk *w, struct page *p)
{
	const cJSON *page = w->l->page;
	const char *param = json_get_text(page, "param");

	p->first = !w->begun;
	p->drop = json_get(page, "drop");
	p->cursor = w->next;
	snprintf(p->offset, sizeof(p->offset), "%lld", (long long)(w->offset + w->position));
	snprintf(p->number, sizeof(p->number), "%lld", (long long)w->number);
	if (w->by != BY_NONE)
		add_param(p, json_get_text(page, "size"), json_number(json_get(page, "max")));
	add_param(p, param, w->by == BY_OFFSET ? p->offset : w->by == BY_PAGE ? p->number : w->next);
}

static int odd_page(const struct walk *w, const char *what, struct err *e)
{
	err_set(e, EIO, "%s cannot be listed: %s", w->g->link.name, what);
	if (e) {
		e->scope = ERR_COLLECTION;
		e->retry = ERR_LATER;
	}
	return -EIO;
}

/* Counts the page's records. A page of nothing but known ones would be the same again and again. */
static int count_records(struct walk *w, const cJSON *records, struct err *e)
{
	const cJSON *record;
	int64_t added = 0;
	int size = cJSON_GetArraySize(records);

	cJSON_ArrayForEach (record, records) {
		_cleanup_(mem_freep) char *id = manifest_id(w->l->id, record);

		if (!id)
			return odd_page(w, "a record has no id", e);
		added += id_set_add(&w->ids, id);
		if (w->by == BY_LAST_ID && !record->next)
			str_set(&w->next, id);
	}
	if (size > 0 && added == 0)
		return odd_page(w, "it gives the same page again and again", e);
	if (added < size)
		w->proven = 0;
	w->position += size;
	w->seen += added;
	w->number++;
	if (w->by == BY_LAST_ID || w->by == BY_OFFSET || w->by == BY_PAGE)
		w->done = size == 0;
	return 0;
}

/* The tool's total. When it changes, something was added or removed, and the pages have shifted under us. */
static void note_total(struct walk *w, const cJSON *json)
{
	const char *pointer = json_get_text(w->l->page, "total");
	int64_t total;

	if (!pointer || json_int64(json_at(json, pointer), &total) < 0)
		return;
	if (w->total >= 0 && total != w->total)
		w->proven = 0;
	w->total = total;
	if (w->position >= total)
		w->done = 1;
	if (w->done && w->seen != total)
		w->proven = 0;
}

/* Where a link of a Link header ends: at a comma that is not in quotes. */
static const char *link_end(const char *p)
{
	for (_Bool quoted = 0; *p && (quoted || *p != ','); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && quoted && p[1])
			p++;
	}
	return p;
}

/* Whether the parameters of a link say that it leads to the next page: rel=next, rel="last next". */
static _Bool leads_on(const char *params)
{
	for (const char *p = strchr(params, ';'); p; p = strchr(p, ';')) {
		size_t len;

		p += 1 + strspn(p + 1, " \t");
		if (strncasecmp(p, "rel=", 4) != 0)
			continue;
		p += 4 + (p[4] == '"');
		for (len = strcspn(p, " \t;\""); len; len = strcspn(p, " \t;\"")) {
			if (len == 4 && strncasecmp(p, "next", len) == 0)
				return 1;
			p += len + strspn(p + len, " \t");
		}
	}
	return 0;
}

/* The target of rel="next" in a Link header (RFC 8288), given; NULL without one. */
static char *next_link(const char *header)
{
	while (header && *header) {
		const char *open = strchr(header, '<'), *close = open ? strchr(open, '>') : NULL;
		const char *end = close ? link_end(close) : NULL;
		_cleanup_(mem_freep) char *params = NULL;

		if (!close)
			return NULL;
		params = mem_dup(close, (size_t)(end - close));
		if (leads_on(params))
			return mem_dup(open + 1, (size_t)(close - open - 1));
		header = end;
	}
	return NULL;
}

/* The same in all Link headers of the answer. */
static char *next_linked(struct http *h)
{
	const char *header;
	char *next = NULL;

	for (unsigned i = 0; !next && (header = http_header_at(h, "Link", i)); i++)
		next = next_link(header);
	return next;
}

/* The next page's cursor or link; none means that this was the last. */
static int note_next(struct walk *w, const cJSON *json, const char *url, struct err *e)
{
	const char *pointer = json_get_text(w->l->page, "next");
	_cleanup_(mem_freep) char *next = NULL;

	if (w->by != BY_CURSOR && w->by != BY_LINK)
		return 0;
	next = pointer ? str_dup(json_scalar(json_at(json, pointer))) : next_linked(w->g->http);
	if (!next || !*next) {
		w->done = 1;
		return 0;
	}
	if (w->by == BY_LINK) {
		char *whole = http_resolve(url, next);

		free(next);
		next = whole;
		/* Our key would go to whatever host a link names. */
		if (!next || !http_same_origin(next, w->g->base))
			return odd_page(w, "its next page is said to be on another host", e);
	}
	/* Also where others are between: pages without records would go round in a circle. */
	if (!id_set_add(&w->nexts, next))
		return odd_page(w, "it gives the same page again and again", e);
	str_set(&w->next, next);
	return 0;
}

static void note_more(struct walk *w, const cJSON *json)
{
	const char *more = json_get_text(w->l->page, "more"), *last = json_get_text(w->l->page, "last");
	const char *pages = json_get_text(w->l->page, "pages");
	int64_t count;

	if (more)
		w->done = !cJSON_IsTrue(json_at(json, more));
	/* Where the answer does not say it, an empty page is the last one. */
	if (last && cJSON_IsBool(json_at(json, last)))
		w->done = cJSON_IsTrue(json_at(json, last));
	if (pages && json_int64(json_at(json, pages), &count) == 0 && w->number - w->first_number >= count)
		w->done = 1;
}

/* What an answer says about the rest of the listing. */
static int note_page(struct walk *w, const cJSON *json, const cJSON *records, const char *url, struct err *e)
{
	int r = count_records(w, records, e);

	if (r < 0)
		return r;
	if (w->by == BY_NONE)
		w->done = 1;
	note_more(w, json);
	note_total(w, json);
	/* Nothing has moved: the next request would be this one. */
	if (!w->done && !records->child && (w->by == BY_OFFSET || w->by == BY_LAST_ID))
		return odd_page(w, "it says that there is more, and gives nothing", e);
	return note_next(w, json, url, e);
}

/* Leaves the records that are meant. */
static void pick(const struct walk *w, cJSON *records)
{
	cJSON *record, *next;

	for (record = records->child; record; record = next) {
		next = record->next;
		if (!engine_matches(w->g, record, w->l->only))
			cJSON_Delete(cJSON_DetachItemViaPointer(records, record));
	}
}

/* The id of what the listing is asked for each of is in no record otherwise. */
static void name_parent(const struct walk *w, cJSON *records)
{
	cJSON *record;

	cJSON_ArrayForEach (record, records) {
		if (cJSON_IsObject(record) && w->l->call.each)
			json_set_text(record, "@each", w->l->call.each);
	}
}

/* Asks for one page; @ret_records is borrowed from @reply, or @none. */
static int ask(struct walk *w, const char **ret_url, struct reply *reply, cJSON *none, cJSON **ret_records,
	struct err *e)
{
	_cleanup_(mem_freep) char *url = NULL;
	struct call call = w->l->call;
	struct page page = {0};
	struct err why = {0};
	char status[16];
	int r = 0;

	page_params(w, &page);
	call.page = &page;
	if (w->begun && json_get(w->l->page, "then"))
		call.request = json_get(w->l->page, "then");
	if (w->by == BY_LINK && w->next)
		url = str_dup(w->next);
	else
		r = engine_url(w->g, &call, &url, e);
	if (r < 0)
		return r;
	call.url = url;
	r = engine_call(w->g, &call, reply, &why);
	snprintf(status, sizeof(status), "%d", why.http_status);
	*ret_url = url;
	url = NULL;
	if (r < 0 && w->l->empty && engine_among(w->l->empty, status)) {
		*ret_records = none;
		return 0;
	}
	if (r < 0 && e)
		*e = why;
	/* 204: nothing to list */
	*ret_records = reply->status == 204 ? none : json_at(reply->json, w->l->records);
	return r;
}

static int one_page(struct walk *w, records_sink sink, void *context, int64_t *date_ms, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_json_ cJSON *none = cJSON_CreateArray();
	const char *url = NULL;
	cJSON *records;
	int r = ask(w, &url, &reply, none, &records, e);

	if (r == 0 && *date_ms == 0)
		*date_ms = reply.date_ms;
	if (r == 0 && !cJSON_IsArray(records))
		r = engine_odd(w->g, &reply, w->l->records, e);
	if (r == 0) {
		name_parent(w, records);
		w->begun = 1;
		r = note_page(w, reply.json, records, url, e);
	}
	if (r == 0) {
		pick(w, records);
		r = sink(context, records, e);
	}
	free((char *)url);
	return r;
}

static int all_pages(struct engine *g, const struct listing *l, records_sink sink, void *context,
	_Bool *ret_proven, int64_t *date_ms, struct err *e)
{
	_cleanup_(walk_finish) struct walk w = {
		.g = g, .l = l, .by = by_of(l->page), .total = -1, .number = 1, .proven = 1};
	int64_t first;
	int r = 0;

	if (json_int64(json_get(l->page, "first"), &first) == 0)
		w.number = w.offset = first;
	w.first_number = w.number;
	for (int pages = 0; r == 0 && !w.done; pages++) {
		if (pages == MAX_PAGES)
			return odd_page(&w, "it has no end", e);
		r = one_page(&w, sink, context, date_ms, e);
		w.done |= l->first_page_only;
	}
	*ret_proven &= w.proven;
	return r;
}

struct parents {
	const struct id_place *place;
	cJSON *ids;
};

static int note_parents(void *context, const cJSON *records, struct err *e)
{
	const struct parents *p = context;
	const cJSON *record;

	cJSON_ArrayForEach (record, records) {
		_cleanup_(mem_freep) char *id = manifest_id(p->place, record);

		if (id)
			cJSON_AddItemToArray(p->ids, cJSON_CreateString(id));
	}
	return 0;
}

/* The ids of what a listing is asked for each of: a type's records, or the rows of a lookup. */
static int list_parents(
	struct engine *g, const char *each, cJSON *ids, _Bool *proven, int64_t *date_ms, struct err *e)
{
	const struct type *type = type_by_name(each);
	const cJSON *lookup = json_get(g->manifest->lookups, each);
	struct id_place row = {{json_get_text(lookup, "id")}, 1};
	struct listing l = {.call = {.request = lookup, .scope = ERR_COLLECTION},
		.page = json_get(lookup, "page"),
		.records = json_get_text(lookup, "records"),
		.id = &row};
	struct parents parents = {.ids = ids};

	if (!lookup) {
		const struct manifest_type *t = engine_type(&g->link, type->id, e);

		if (!t)
			return -EOPNOTSUPP;
		l = engine_listing(t, t->list, t->page);
	}
	parents.place = l.id;
	return engine_pages(g, &l, note_parents, &parents, proven, date_ms, e);
}

int engine_pages(struct engine *g, const struct listing *l, records_sink sink, void *context,
	_Bool *ret_proven, int64_t *ret_date_ms, struct err *e)
{
	_cleanup_json_ cJSON *ids = cJSON_CreateArray();
	struct listing one = *l;
	const cJSON *id;
	int r = 0;

	*ret_proven = 1;
	*ret_date_ms = 0;
	if (!l->each)
		return all_pages(g, l, sink, context, ret_proven, ret_date_ms, e);
	r = list_parents(g, l->each, ids, ret_proven, ret_date_ms, e);
	cJSON_ArrayForEach (id, ids) {
		one.call.each = json_text(id);
		r = r < 0 ? r : all_pages(g, &one, sink, context, ret_proven, ret_date_ms, e);
		if (r < 0 || l->first_page_only)
			break;
	}
	return r;
}
