/* SPDX-License-Identifier: Apache-2.0 */
/* Address books and calendars: one record. */
#include "connect/dav_entries.h"

#include <errno.h>
#include <string.h>

#include "connect/drivers.h"
#include "connect/stable.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"

enum { URL_MAX = 16 << 10, RAW_MAX = 256 << 10 };

static struct dav_entries *entries(struct tool_link *link)
{
	return (struct dav_entries *)link;
}

static void forget(struct dav_entries *l)
{
	free(l->seen.id);
	free(l->seen.etag);
	free(l->seen.text);
	l->seen.id = l->seen.etag = l->seen.text = NULL;
}

/* ---- a text as a record ---- */

char *dav_entry_id(const struct dav_entries *l, const char *path)
{
	size_t n = strlen(l->path);
	const char *id = path ? path + n : NULL;

	if (!path || strncmp(path, l->path, n) != 0 || (n && *id++ != '/') || !*id || strchr(id, '/'))
		return NULL;
	return str_dup(id);
}

/* What the tool itself holds, for .seam/tools/: pictures may make it too large for that. */
static char *raw_of(const char *id, const char *etag, const char *text, size_t len)
{
	_cleanup_json_ cJSON *raw = cJSON_CreateObject();

	json_set_text(raw, "name", id);
	json_set_text(raw, "etag", etag ? etag : "");
	if (len <= RAW_MAX && utf8_valid(text, len))
		json_set_text(raw, "text", text);
	return json_print(raw);
}

int dav_entry_remote(struct dav_entries *l, enum type_id type, const char *id, const char *etag,
	const char *text, size_t len, struct remote *ret, struct err *e)
{
	enum type_id is = TYPE_NONE;
	cJSON *doc = NULL;
	int64_t changed_ms = 0;
	int r = l->format->read(text, len, &is, &doc, &changed_ms, e);

	if (r < 0)
		return r;
	if (is != type) {
		cJSON_Delete(doc);
		return 1;
	}
	*ret = (struct remote){
		.id = str_dup(id), .doc = doc, .raw = raw_of(id, etag, text, len), .changed_ms = changed_ms};
	return 0;
}

/* ---- requests about one entry ---- */

static char *address_of(const struct dav_entries *l, const char *id)
{
	struct buf b = BUF_INIT(URL_MAX);

	buf_puts(&b, l->collection);
	http_encode(&b, id);
	return buf_steal(&b);
}

/* An answer that is about this entry only says nothing of the others. */
static int refused(struct dav_entries *l, const struct http_answer *a, struct err *e)
{
	int r = dav_refused(&l->dav, a, e);

	if (r < 0 && e && a->status / 100 == 4 && a->status != 401 && a->status != 429 && a->status != 408)
		e->scope = ERR_RECORD;
	return r;
}

int dav_moved(struct dav_entries *l, struct err *e)
{
	driver_whole(e, err_set(e, EIO, "%s has no %s at %s any more", l->base.name, l->format->title,
				l->collection));
	free(l->collection);
	l->collection = NULL;
	return -EIO;
}

/* The collection is there: what it lacks is gone. Else nothing of it is believed to be. */
static int gone(struct dav_entries *l, const char *id, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	struct dav_call call = {.method = "PROPFIND",
		.url = l->collection,
		.depth = "0",
		.body = "<propfind xmlns=\"DAV:\"><prop><resourcetype/></prop></propfind>"};
	int r = dav_send(&l->dav, &call, &a, e);

	if (r == 0)
		r = dav_refused(&l->dav, &a, e);
	if (r == -ENOENT)
		return dav_moved(l, e);
	return r < 0 ? r : err_set(e, ENOENT, "%s does not have %s any more", l->base.name, id);
}

/* A version that a proxy has made weak by packing the bytes is the server's own all the same. */
static char *etag_of(struct dav_entries *l)
{
	const char *etag = http_header(l->dav.http, "ETag");

	return etag ? str_dup(strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag) : NULL;
}

/* Reads an entry; it is l->seen then. 0, -ENOENT or another -errno. */
static int fetch(struct dav_entries *l, const char *id, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(mem_freep) char *url = NULL;
	int r = dav_find(l, e);

	forget(l);
	if (r < 0)
		return r;
	url = address_of(l, id);
	r = dav_send(&l->dav, &(struct dav_call){.method = "GET", .url = url}, &a, e);
	if (r < 0)
		return r;
	r = refused(l, &a, e);
	if (r == -ENOENT)
		return gone(l, id, e);
	if (r < 0)
		return r;
	l->seen.etag = etag_of(l);
	if (!l->seen.etag)
		return driver_whole(
			e, err_set(e, EIO,
				   "%s does not say which version of %s it has (ETag); its address "
				   "may be that of another service",
				   l->base.name, id));
	l->seen.id = str_dup(id);
	l->seen.len = a.body.len;
	l->seen.text = buf_steal(&a.body);
	return 0;
}

/* l->seen as a record; -ENOENT when it is not one of @type (any more). */
static int seen_remote(struct dav_entries *l, enum type_id type, struct remote *ret, struct err *e)
{
	int r = dav_entry_remote(l, type, l->seen.id, l->seen.etag, l->seen.text, l->seen.len, ret, e);

	if (r > 0)
		return err_set(
			e, ENOENT, "%s is no %s in %s", l->seen.id, type_get(type)->name, l->base.name);
	if (r < 0)
		err_prefix(e, l->seen.id);
	return r;
}

static int get(struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	int r = fetch(entries(link), id, e);

	return r < 0 ? r : seen_remote(entries(link), type, ret, e);
}

/*
 * Something was sent, and how that ended is not known yet. The tool as a whole waits for it: a listing in between would bring the
 * record as a stranger.
 */
static int undecided(int r, struct err *e)
{
	if (r < 0 && r != -ENOENT && e) {
		e->sent = 1;
		e->scope = ERR_TOOL;
		if (e->retry != ERR_AFTER_USER)
			e->retry = ERR_LATER;
	}
	return r;
}

/* Sends a text for the version @etag, NULL: for none. */
static int put(struct dav_entries *l, const char *id, const char *etag, const struct buf *text,
	struct http_answer *ret, struct err *e)
{
	_cleanup_(mem_freep) char *url = address_of(l, id);
	struct dav_call call = {.method = "PUT",
		.url = url,
		.body = buf_text(text),
		.content_type = l->format->content_type,
		.headers = {{etag ? "If-Match" : "If-None-Match", etag ? etag : "*"}}};

	return dav_send(&l->dav, &call, ret, e);
}

/* ---- create, find ---- */

/* What stands in an address as the id of a new record. */
static char *new_id(const struct dav_entries *l, const char *key)
{
	char uuid[STABLE_UUID_SIZE];

	return str_format("%s%s", stable_uuid(key, uuid), l->format->ending);
}

static int take_id(void *context, const struct dav_response *r, struct err *e)
{
	char **found = ((void **)context)[1];
	const struct dav_entries *l = ((void **)context)[0];

	if (!*found && r->status / 100 != 4)
		*found = dav_entry_id(l, r->path);
	return 0;
}

/* The entry with the UID that a new record of @key has, under whatever name a server has put it; -ENOENT without one. */
static int find_uid(
	struct dav_entries *l, enum type_id type, const char *key, struct remote *ret, struct err *e)
{
	char uuid[STABLE_UUID_SIZE];
	_cleanup_(mem_freep) char *body = str_format(l->format->find, stable_uuid(key, uuid));
	_cleanup_(mem_freep) char *id = NULL;
	void *context[] = {l, &id};
	struct dav_call call = {.method = "REPORT", .url = l->collection, .depth = "1", .body = body};
	int r = dav_multi(&l->dav, &call, take_id, context, NULL, NULL, e);

	if (r < 0)
		return r;
	return id ? get(&l->base, type, id, ret, e) : err_set(e, ENOENT, "%s does not have it", l->base.name);
}

static int find(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key, int64_t sent_ms,
	struct remote *ret, struct err *e)
{
	struct dav_entries *l = entries(link);
	_cleanup_(mem_freep) char *id = new_id(l, key);
	struct err why = {0};
	int r = get(link, type, id, ret, &why);

	if (r == -ENOENT)
		r = find_uid(l, type, key, ret, &why);
	if (r < 0 && e)
		*e = why;
	return undecided(r, e);
}

/* Ours is there already: of an earlier try of which we never saw the answer. Else @refusal stands. */
static int made_before(struct dav_entries *l, enum type_id type, const char *key, const struct err *refusal,
	struct remote *ret, struct err *e)
{
	struct err why = {0};
	int r = find(&l->base, type, NULL, key, 0, ret, &why);

	if (e)
		*e = r == -ENOENT ? *refusal : why;
	return r == -ENOENT ? -refusal->code : r;
}

static int create(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
	struct remote *ret, struct err *e)
{
	struct dav_entries *l = entries(link);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_ANSWER);
	_cleanup_(mem_freep) char *id = new_id(l, key);
	char uuid[STABLE_UUID_SIZE];
	struct err refusal = {0};
	int r = dav_find(l, e);

	if (r == 0)
		r = l->format->write(type, NULL, 0, stable_uuid(key, uuid), doc, &text, e);
	if (r == 0)
		r = put(l, id, NULL, &text, &a, e);
	if (r < 0)
		return r;
	r = refused(l, &a, &refusal);
	if (a.status == 412 || dav_condition(&a, "no-uid-conflict"))
		return made_before(l, type, key, &refusal, ret, e);
	if (r < 0) {
		if (e)
			*e = refusal;
		return r;
	}
	r = find(link, type, doc, key, 0, ret, e);
	if (r == -ENOENT)
		r = undecided(err_set(e, EIO, "%s took %s and does not have it", link->name, id), e);
	return r;
}

/* ---- update, remove ---- */

/* Somebody else was faster: what is there now has to be read and merged. */
static int overtaken(struct dav_entries *l, const char *id, struct err *e)
{
	forget(l);
	err_set(e, ESTALE, "%s was changed in %s at this moment", id, l->base.name);
	if (e)
		e->retry = ERR_NOW;
	return -ESTALE;
}

static int judge(struct dav_entries *l, const char *id, const struct http_answer *a, struct err *e)
{
	int r = refused(l, a, e);

	if (a->status == 412)
		return overtaken(l, id, e);
	if (r == -ENOENT)
		return gone(l, id, e);
	return r;
}

static int need_seen(struct dav_entries *l, const char *id, struct err *e)
{
	return str_equal(l->seen.id, id) ? dav_find(l, e) : fetch(l, id, e);
}

static int update(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
	const cJSON *base, struct remote *ret, struct err *e)
{
	struct dav_entries *l = entries(link);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_ANSWER);
	int r = need_seen(l, id, e);

	if (r == 0)
		r = l->format->write(type, l->seen.text, l->seen.len, id, changes, &text, e);
	if (r < 0)
		return r;
	if (text.len == l->seen.len && memcmp(buf_text(&text), l->seen.text, text.len) == 0)
		return seen_remote(l, type, ret, e);
	r = put(l, id, l->seen.etag, &text, &a, e);
	forget(l);
	if (r == 0)
		r = judge(l, id, &a, e);
	if (r < 0)
		return r;
	/* Servers put what they got in order: only reading it tells what is there. */
	r = get(link, type, id, ret, e);
	if (r < 0 && r != -ENOENT && e)
		e->sent = 1;
	return r;
}

static int remove_entry(struct tool_link *link, enum type_id type, const char *id, struct err *e)
{
	struct dav_entries *l = entries(link);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(mem_freep) char *url = NULL;
	struct dav_call call = {.method = "DELETE"};
	int r = need_seen(l, id, e);

	if (r < 0)
		return r;
	url = address_of(l, id);
	call.url = url;
	call.headers[0] = (struct http_field){"If-Match", l->seen.etag};
	r = dav_send(&l->dav, &call, &a, e);
	forget(l);
	return r < 0 ? r : judge(l, id, &a, e);
}

/* ---- the link ---- */

static int check(struct tool_link *link, char **ret_text, struct err *e)
{
	struct dav_entries *l = entries(link);
	int r = dav_find(l, e);

	if (r == 0)
		*ret_text = str_format("%s \"%s\" at %s", l->format->title, l->title, l->collection);
	return r;
}

static void close_link(struct tool_link *link)
{
	struct dav_entries *l = entries(link);

	forget(l);
	dav_finish(&l->dav);
	free(l->wanted);
	free(l->collection);
	free(l->path);
	free(l->title);
	free(l);
}

static const struct connector_ops ops = {
	.check = check,
	.list = dav_list,
	.get = get,
	.create = create,
	.find = find,
	.update = update,
	.remove = remove_entry,
	.close = close_link,
};

static void set_capabilities(struct dav_entries *l)
{
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		uint64_t fields = l->format->fields((enum type_id)t);

		if (fields)
			l->base.capabilities[t] = (struct capability){.type = (enum type_id)t,
				.reads = fields,
				.writes = fields,
				.creates = fields,
				.removes = REMOVE_ERASE};
	}
}

int dav_entries_open(const struct dav_format *format, const struct tool_setup *setup, struct tool_link **ret,
	struct err *e)
{
	static const char *const keys[] = {"url", "user", "password", "token", "collection", NULL};
	struct dav_entries *l;
	int r = driver_keys(setup->config, "", keys, e);

	if (r < 0)
		return r;
	if (json_get(setup->config, "collection") && !json_get_text(setup->config, "collection"))
		return driver_bad(
			e, "/collection", "this has to be a text: the name of the %s", format->title);
	l = mem_alloc(sizeof(*l));
	l->base = (struct tool_link){.ops = &ops, .name = setup->name, .stop = setup->stop};
	l->format = format;
	l->wanted = str_dup(json_get_text(setup->config, "collection"));
	r = dav_open(&l->dav, setup, e);
	if (r < 0) {
		close_link(&l->base);
		return r;
	}
	set_capabilities(l);
	*ret = &l->base;
	return 0;
}
