/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed in a collection: sync-collection (RFC 6578) with its token as the cursor; a server without it is asked for all
 * versions when its collection's tag is another one. Then the texts, many at once.
 */
#include <errno.h>
#include <string.h>

#include "connect/dav_entries.h"
#include "connect/drivers.h"
#include "connect/stable.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

enum { BATCH = 50, MAX_ENTRIES = 1000000, MAX_ROUNDS = 10000, BODY_MAX = 1 << 20 };

/* A cursor is good for the collection that gave it, and for this way of reading it. */
#define CURSOR "1 %s %s"

struct change {
	char *id, *href;
	_Bool deleted;
};

struct changes {
	struct dav_entries *l;
	struct change *items;
	size_t count, size;
	_Bool more; /* the server has cut its answer short */
	char *tag;  /* of a collection without sync-collection */
};

static void changes_clear(struct changes *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].id);
		free(c->items[i].href);
	}
	c->count = 0;
}

static void changes_finish(struct changes *c)
{
	changes_clear(c);
	free(c->items);
	free(c->tag);
}

static int take_change(void *context, const struct dav_response *r, struct err *e)
{
	struct changes *c = context;
	char *id = dav_entry_id(c->l, r->path);

	if (!id) {
		if (str_equal(r->path, c->l->path)) {
			c->more |= r->status == 507;
			str_set(&c->tag, dav_text(r, DAV_CALSERVER, "getctag"));
		}
		return 0;
	}
	if (c->count == MAX_ENTRIES) {
		free(id);
		return driver_whole(
			e, err_set(e, E2BIG, "%s holds more than %d entries", c->l->base.name, MAX_ENTRIES));
	}
	if (c->count == c->size) {
		c->size = c->size ? 2 * c->size : 64;
		c->items = mem_grow(c->items, c->size, sizeof(*c->items));
	}
	c->items[c->count++] = (struct change){
		.id = id, .href = str_dup(r->href), .deleted = r->status == 404 || r->status == 410};
	return 0;
}

/* ---- which entries ---- */

/* All that changed since @token, "" from the start. 0, or 1 when the server does not know the token any more. */
static int sync_changes(struct changes *c, const char *token, char **ret_token, struct err *e)
{
	_cleanup_(mem_freep) char *now = str_dup(token);

	for (int round = 0; round < MAX_ROUNDS; round++) {
		_cleanup_(buf_finish) struct buf body = BUF_INIT(BODY_MAX);
		_cleanup_(mem_freep) char *next = NULL;
		struct xml_writer w;
		int r;

		xml_write_start(&w, &body);
		xml_write_open(&w, "d:sync-collection");
		xml_write_attribute(&w, "xmlns:d", DAV_SPACE);
		xml_write_leaf(&w, "d:sync-token", now);
		xml_write_leaf(&w, "d:sync-level", "1");
		xml_write_open(&w, "d:prop");
		xml_write_leaf(&w, "d:getetag", NULL);
		r = xml_write_end(&w);
		c->more = 0;
		if (r == 0)
			r = dav_multi(&c->l->dav,
				&(struct dav_call){.method = "REPORT",
					.url = c->l->collection,
					.depth = "0",
					.body = buf_text(&body)},
				take_change, c, "valid-sync-token", &next, e);
		if (r != 0)
			return r;
		if (!next || (c->more && str_equal(next, now)))
			return driver_whole(
				e, err_set(e, EIO, "%s does not say up to where its list of changes goes",
					   c->l->base.name));
		str_set(&now, next);
		if (!c->more) {
			*ret_token = now;
			now = NULL;
			return 0;
		}
	}
	return driver_whole(e, err_set(e, EIO, "the list of changes of %s does not end", c->l->base.name));
}

static int ask_versions(struct changes *c, const char *depth, struct err *e)
{
	return dav_multi(&c->l->dav,
		&(struct dav_call){.method = "PROPFIND",
			.url = c->l->collection,
			.depth = depth,
			.body = "<d:propfind xmlns:d=\"DAV:\" xmlns:s=\"" DAV_CALSERVER
				"\"><d:prop><d:getetag/><s:getctag/></d:prop></d:propfind>"},
		take_change, c, NULL, NULL, e);
}

/* The whole collection, unless its tag is still @token. */
static int all_versions(
	struct changes *c, const char *token, _Bool *ret_full, char **ret_token, struct err *e)
{
	int r = ask_versions(c, "0", e);

	*ret_full = 0;
	if (r < 0)
		return r;
	/* Of before the list: what changes meanwhile is found the next time. */
	*ret_token = c->tag;
	c->tag = NULL;
	if (*ret_token && str_equal(*ret_token, token))
		return 0;
	*ret_full = 1;
	return ask_versions(c, "1", e);
}

static int find_changes(
	struct changes *c, const char *token, _Bool *ret_full, char **ret_token, struct err *e)
{
	int r;

	if (!c->l->syncs)
		return all_versions(c, token, ret_full, ret_token, e);
	*ret_full = !token;
	r = sync_changes(c, token ? token : "", ret_token, e);
	if (r > 0 && token) {
		log_info("dav", "%s: its changes since last time are forgotten; all is read again",
			c->l->base.name);
		changes_clear(c);
		*ret_full = 1;
		r = sync_changes(c, "", ret_token, e);
	}
	return r > 0 ? driver_whole(
			       e, err_set(e, EIO, "%s does not take its own sync-token", c->l->base.name))
		     : r;
}

/* ---- their texts ---- */

struct batch {
	struct dav_entries *l;
	enum type_id type;
	_Bool full, proven;
	struct id_set answered;
	size_t asked;
	struct remote remotes[BATCH];
	size_t count;
	remote_sink sink;
	void *context;
};

static void batch_clear(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		remote_finish(&b->remotes[i]);
	b->count = 0;
	b->asked = 0;
	id_set_finish(&b->answered);
	b->answered = (struct id_set){0};
}

static int flush(struct batch *b, struct err *e)
{
	int r = driver_stopped(&b->l->base, e) ? -ECANCELED
		: b->count		       ? b->sink(b->context, b->remotes, b->count)
					       : 0;

	batch_clear(b);
	return r;
}

/* One that cannot be read is left as it was here, and no reason to take any other for deleted. */
static void pass_over(struct batch *b, const char *id, const char *why)
{
	log_warning("dav", "%s: %s is left out: %s", b->l->base.name, id, why);
	b->proven = 0;
}

static int take_entry(void *context, const struct dav_response *r, struct err *e)
{
	struct batch *b = context;
	_cleanup_(mem_freep) char *id = dav_entry_id(b->l, r->path);
	const char *text = dav_text(r, b->l->format->space, b->l->format->data);
	struct err why = {0};
	int is;

	if (!id || !id_set_add(&b->answered, id) || b->count == BATCH)
		return 0;
	if (!text) {
		/* Removed since: the next list says so. */
		if (r->status != 404 && r->status != 410)
			pass_over(b, id, "the server does not give its text");
		return 0;
	}
	is = dav_entry_remote(b->l, b->type, id, dav_text(r, DAV_SPACE, "getetag"), text, strlen(text),
		&b->remotes[b->count], &why);
	if (is < 0)
		pass_over(b, id, why.text);
	else if (is == 0)
		b->count++;
	else if (!b->full) /* it may have been one before it was changed */
		b->remotes[b->count++] = (struct remote){.id = str_dup(id), .deleted = 1};
	return 0;
}

static int ask(struct batch *b, const char *body, struct err *e)
{
	int r = dav_multi(&b->l->dav,
		&(struct dav_call){.method = "REPORT", .url = b->l->collection, .depth = "0", .body = body},
		take_entry, b, NULL, NULL, e);

	/* What is not answered would be lost behind the cursor. */
	if (r == 0 && b->answered.count < b->asked)
		r = driver_whole(e, err_set(e, EIO, "%s was asked for %zu entries and gave %zu",
					    b->l->base.name, b->asked, b->answered.count));
	return r;
}

/* The texts of the changes from @at on; *@at moves behind the last. */
static int ask_batch(struct batch *b, const struct changes *c, size_t *at, struct err *e)
{
	_cleanup_(buf_finish) struct buf body = BUF_INIT(BODY_MAX);
	_cleanup_(mem_freep) char *report = str_format("c:%s", b->l->format->multiget);
	_cleanup_(mem_freep) char *data = str_format("c:%s", b->l->format->data);
	struct xml_writer w;
	int r;

	xml_write_start(&w, &body);
	xml_write_open(&w, report);
	xml_write_attribute(&w, "xmlns:d", DAV_SPACE);
	xml_write_attribute(&w, "xmlns:c", b->l->format->space);
	xml_write_open(&w, "d:prop");
	xml_write_leaf(&w, "d:getetag", NULL);
	xml_write_leaf(&w, data, NULL);
	xml_write_close(&w);
	for (; *at < c->count && b->asked < BATCH; (*at)++) {
		if (c->items[*at].deleted)
			continue;
		xml_write_leaf(&w, "d:href", c->items[*at].href);
		b->asked++;
	}
	r = xml_write_end(&w);
	if (r < 0)
		return driver_whole(
			e, err_set(e, -r, "%s has addresses that cannot be asked for", b->l->base.name));
	return b->asked ? ask(b, buf_text(&body), e) : 0;
}

static int send_deleted(struct batch *b, const struct changes *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->count && r == 0; i++) {
		if (!c->items[i].deleted)
			continue;
		b->remotes[b->count++] = (struct remote){.id = str_dup(c->items[i].id), .deleted = 1};
		if (b->count == BATCH)
			r = flush(b, e);
	}
	return r == 0 ? flush(b, e) : r;
}

static int send_changes(struct batch *b, const struct changes *c, struct err *e)
{
	int r = send_deleted(b, c, e);

	for (size_t at = 0; at < c->count && r == 0;) {
		r = ask_batch(b, c, &at, e);
		if (r == 0)
			r = flush(b, e);
	}
	batch_clear(b);
	return r;
}

/* The server's part of a cursor of this collection, borrowed; NULL: of another one. */
static const char *token_of(const struct dav_entries *l, const char *cursor)
{
	_cleanup_(mem_freep) char *start = str_format(CURSOR, l->path, "");

	return cursor && strncmp(cursor, start, strlen(start)) == 0 ? cursor + strlen(start) : NULL;
}

int dav_list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink, void *context,
	char **ret_cursor, _Bool *ret_complete, struct err *e)
{
	struct dav_entries *l = (struct dav_entries *)link;
	_cleanup_(changes_finish) struct changes c = {.l = l};
	struct batch b = {.l = l, .type = type, .proven = 1, .sink = sink, .context = context};
	_cleanup_(mem_freep) char *token = NULL;
	int r = dav_find(l, e);

	if (r == 0)
		r = find_changes(&c, token_of(l, cursor), &b.full, &token, e);
	if (r == 0)
		r = send_changes(&b, &c, e);
	if (r < 0)
		return r == -ENOENT ? dav_moved(l, e) : r;
	*ret_complete = b.full && b.proven;
	*ret_cursor = token ? str_format(CURSOR, l->path, token) : NULL;
	return 0;
}
