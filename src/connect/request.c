/* SPDX-License-Identifier: Apache-2.0 */
/* One request, and what its answer means. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/call.h"
#include "connect/words.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"

enum { URL_MAX = 16384 };

void reply_finish(struct reply *r)
{
	cJSON_Delete(r->json);
	r->json = NULL;
}

struct template_values engine_values(const struct engine *g, const struct call *c)
{
	const struct page *p = c->page;

	return (struct template_values){
		.settings = g->settings,
		.setting_count = g->setting_count,
		.kept = g->auth.kept,
		.kept_count = g->auth.kept_count,
		.session = g->auth.session,
		.id = c->id,
		.ids = c->ids,
		.id_parts = c->type ? c->type->id.count : 1,
		.id_number = c->type && c->type->id_number,
		.since = c->since,
		.once = c->once,
		.each = c->each,
		.version = c->version,
		.to = c->to,
		.choice = c->choice,
		.callback = c->callback,
		.offset = p ? p->offset : NULL,
		.page = p ? p->number : NULL,
		.cursor = p ? p->cursor : NULL,
		.body = c->body,
		.map = c->type ? &c->type->map : NULL,
	};
}

static _Bool is_dropped(const struct call *c, const char *name)
{
	const cJSON *drop = c->page && !c->page->first ? c->page->drop : NULL, *one;

	cJSON_ArrayForEach (one, drop) {
		if (str_equal(json_text(one), name))
			return 1;
	}
	return str_equal(json_text(drop), name);
}

/* Adds the members of @query; those that @instead also has, and those without a value, are left out. */
static void add_query(struct buf *url, const struct call *c, const cJSON *query, const cJSON *instead,
	const struct template_values *v)
{
	const cJSON *param;

	cJSON_ArrayForEach (param, query) {
		_cleanup_(buf_finish) struct buf value = BUF_INIT(URL_MAX);

		if (json_get(instead, param->string) || is_dropped(c, param->string))
			continue;
		if (template_expand(json_text(param), v, buf_puts, &value) == 0)
			http_add_query(url, param->string, buf_text(&value));
	}
}

int engine_url(struct engine *g, const struct call *c, char **ret, struct err *e)
{
	_cleanup_(buf_finish) struct buf url = BUF_INIT(URL_MAX);
	struct template_values v;
	const char *path;
	/* An address that only a login tells. */
	int r = g->base ? 0 : auth_ready(g, c->request, e);

	if (r < 0)
		return r;
	v = engine_values(g, c);
	words_verb(c->request, &path);
	buf_puts(&url, g->base);
	if (template_expand(path, &v, http_encode, &url) != 0)
		return err_set(e, EINVAL, "%s: a part of the address %s has no value", g->link.name, path);
	add_query(&url, c, json_get(c->request, "query"), c->query, &v);
	add_query(&url, c, c->query, NULL, &v);
	for (int i = 0; c->page && i < c->page->count; i++) {
		if (c->page->params[i].name[0] != '/')
			http_add_query(&url, c->page->params[i].name, c->page->params[i].value);
	}
	if (url.error)
		return err_set(e, EINVAL, "%s: the address %s gets longer than %d bytes", g->link.name, path,
			URL_MAX);
	*ret = buf_steal(&url);
	return 0;
}

/* The record as it is sent: with the manifest's constants, without what is the engine's own. */
static cJSON *sent_record(const struct call *c, const struct template_values *v)
{
	const cJSON *set = json_get(c->request, "set"), *constant, *member;
	const cJSON *body = c->sends ? c->body : NULL;
	cJSON *record;

	if (!body && !set)
		return NULL;
	record = cJSON_CreateObject();
	cJSON_ArrayForEach (member, body) {
		if (member->string[0] != '@')
			json_set(record, member->string, cJSON_Duplicate(member, 1));
	}
	cJSON_ArrayForEach (constant, set) {
		cJSON *value = template_body(constant, v);

		if (value)
			json_put(record, constant->string, value);
	}
	return record;
}

static void put_members(cJSON *object, const cJSON *more)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, more)
		json_set(object, member->string, cJSON_Duplicate(member, 1));
}

static cJSON *body_json(const struct call *c, const struct template_values *v)
{
	const char *wrap = json_get_text(c->request, "wrap");
	_cleanup_json_ cJSON *record = sent_record(c, v);
	const cJSON *around = c->surround ? c->surround : json_get(c->request, "body");
	cJSON *body = around ? template_body(around, v) : NULL;

	if (!record && !body)
		return NULL;
	if (!body)
		body = cJSON_CreateObject();
	/* What the request's own body has at that place stays, beside the record's members. */
	if (record && wrap && *wrap) {
		if (!cJSON_IsObject(json_at(body, wrap)))
			json_put(body, wrap, cJSON_CreateObject());
		put_members(json_at(body, wrap), record);
	} else {
		put_members(body, record);
	}
	for (int i = 0; c->page && i < c->page->count; i++) {
		const struct http_field *p = &c->page->params[i];
		_Bool number = p->value[0] && !p->value[strspn(p->value, "0123456789")];

		if (p->name[0] == '/')
			json_put(body, p->name,
				number ? json_new_number(p->value) : cJSON_CreateString(p->value));
	}
	return body;
}

/* application/x-www-form-urlencoded with brackets for what is nested: "lines[0][text]=…" */
static void add_form(struct buf *b, const char *name, const cJSON *item)
{
	const cJSON *child;
	int i = 0;

	if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
		cJSON_ArrayForEach (child, item) {
			_cleanup_(mem_freep) char *inner = NULL;

			if (child->string)
				inner = *name ? str_format("%s[%s]", name, child->string)
					      : str_dup(child->string);
			else
				inner = str_format("%s[%d]", name, i++);

			add_form(b, inner, child);
		}
		return;
	}
	if (b->len)
		buf_putc(b, '&');
	http_encode(b, name);
	buf_putc(b, '=');
	if (json_scalar(item))
		http_encode(b, json_scalar(item));
}

static char *body_text(
	const struct engine *g, const struct call *c, const char **ret_type, const struct template_values *v)
{
	_cleanup_json_ cJSON *body = body_json(c, v);
	const char *as = json_get_text(c->request, "as");
	struct buf form = BUF_INIT(BUF_MAX_ANSWER);

	if (!as)
		as = json_get_text(g->manifest->http, "body");
	*ret_type = str_equal(as, "form") ? "application/x-www-form-urlencoded" : "application/json";
	if (!body || !str_equal(as, "form"))
		return body ? json_print(body) : NULL;
	add_form(&form, "", body);
	return buf_steal(&form);
}

/* Copies at most @size - 1 bytes of a tool's text, ending at a whole character. */
static void clip(char *to, size_t size, const char *text)
{
	size_t len = strlen(text), n = 0, step;

	while (n < len && (step = utf8_length(text + n, len - n)) > 0 && n + step < size)
		n += step;
	memcpy(to, text, n);
	to[n] = '\0';
}

/* Joins what stands at a pointer: a text, or a list or an object of texts. */
static void add_texts(struct buf *b, const cJSON *item)
{
	const cJSON *one;

	if (json_scalar(item))
		buf_printf(b, "%s%s", b->len ? "; " : "", json_scalar(item));
	else
		cJSON_ArrayForEach (one, item)
			add_texts(b, one);
}

static _Bool rule_matches(const cJSON *rule, int status, const cJSON *json, const char *body)
{
	const cJSON *statuses = json_get(rule, "status"), *is = json_get(rule, "is");
	const char *at = json_get_text(rule, "at"), *text = json_get_text(rule, "text");
	const cJSON *item = at ? json_at(json, at) : NULL;
	char number[16];

	snprintf(number, sizeof(number), "%d", status);
	if (statuses && !engine_among(statuses, number))
		return 0;
	if (at && (!item || cJSON_IsNull(item)))
		return 0;
	if (is && !engine_among(is, json_scalar(item)))
		return 0;
	return !text || strstr(body, text);
}

/* The first rule that matches and has @word. */
static const cJSON *find_rule(
	const struct engine *g, const char *word, int status, const cJSON *json, const char *body)
{
	const cJSON *rule;

	cJSON_ArrayForEach (rule, g->manifest->errors) {
		if (json_get(rule, word) && rule_matches(rule, status, json, body))
			return json_get(rule, word);
	}
	return NULL;
}

/* The manifest's words for what an answer means. */
static const struct {
	const char *word;
	int code;
	enum err_scope scope;
	enum err_retry retry;
} meanings[] = {
	{"ok", 0, ERR_RECORD, ERR_NEVER},
	{"retry", EIO, ERR_TOOL, ERR_LATER},
	{"slow", EAGAIN, ERR_TOOL, ERR_LATER},
	{"stale", ESTALE, ERR_RECORD, ERR_NOW},
	{"gone", ENOENT, ERR_RECORD, ERR_NEVER},
	{"exists", EEXIST, ERR_RECORD, ERR_NEVER},
	{"rejected", EINVAL, ERR_RECORD, ERR_NEVER},
	{"auth", EACCES, ERR_TOOL, ERR_AFTER_USER},
	{"quota", EDQUOT, ERR_RECORD, ERR_AFTER_USER},
	{"large", EFBIG, ERR_RECORD, ERR_NEVER},
	{"forbidden", EACCES, ERR_RECORD, ERR_NEVER},
};

/* Overrides the status' verdict by the manifest's. Returns 0 or -errno. */
static int apply_meaning(
	const struct engine *g, const char *word, const struct http_answer *a, int r, struct err *e)
{
	for (size_t i = 0; word && i < ARRAY_LEN(meanings); i++) {
		if (strcmp(meanings[i].word, word) != 0)
			continue;
		if (meanings[i].code == 0)
			return 0;
		err_set(e, meanings[i].code, "%s refused this (HTTP %d)", g->link.name, a->status);
		e->scope = meanings[i].scope;
		e->retry = meanings[i].retry;
		e->http_status = a->status;
		e->retry_at_ms = e->retry == ERR_LATER ? a->retry_at_ms : 0;
		e->sent = meanings[i].code == EIO;
		return -meanings[i].code;
	}
	return r;
}

/* Which field of ours an error is about: by the tool's name of it, or by how its sentence begins. */
static const char *field_at_fault(const struct manifest_type *t, const char *theirs, const char *message)
{
	const cJSON *labels = t ? t->labels : NULL, *label;

	for (size_t i = 0; t && theirs && i < t->map.count; i++) {
		const struct map_field *f = &t->map.fields[i];

		if (f->to[0] == '/' && strcmp(f->to + 1, theirs) == 0)
			return f->field->name;
	}
	cJSON_ArrayForEach (label, labels) {
		size_t len = strlen(label->string);

		if (strncmp(message, label->string, len) == 0 && message[len] == ' ')
			return json_text(label);
	}
	return "";
}

/* A field's name as the tool gives it: as a text, or as the first member of an object of sentences. */
static const char *name_at(const cJSON *item)
{
	return cJSON_IsObject(item) && item->child ? item->child->string : json_text(item);
}

/* Puts the tool's own words into the sentence. */
static void add_message(
	const struct engine *g, const struct call *c, const cJSON *json, const char *body, struct err *e)
{
	const cJSON *pointers = find_rule(g, "message", e->http_status, json, body);
	const char *field = json_text(find_rule(g, "field", e->http_status, json, body));
	_cleanup_(buf_finish) struct buf message = BUF_INIT(4096);
	const cJSON *pointer;
	char text[300];

	if (json_text(pointers))
		add_texts(&message, json_at(json, json_text(pointers)));
	cJSON_ArrayForEach (pointer, pointers)
		add_texts(&message, json_at(json, json_text(pointer)));
	clip(text, sizeof(text), buf_text(&message));
	snprintf(e->field, sizeof(e->field), "%s",
		field_at_fault(c->type, field ? name_at(json_at(json, field)) : NULL, text));
	if (*text)
		snprintf(e->text, sizeof(e->text), "%s says: %s (HTTP %d)", g->link.name, text,
			e->http_status);
}

/*
 * A refusal that is about this record or collection only, not about our access as a whole. So is a tool's own
 * mistake over one record: it must not keep us from all the others. A tool that is down says so in its listings.
 */
static void narrow(const struct call *c, struct err *e)
{
	if (e->http_status == 403 || e->http_status == 404 || (e->http_status == 500 && (c->id || c->body)))
		e->scope = c->scope;
	if (e->http_status == 403 && c->scope == ERR_RECORD)
		e->retry = ERR_NEVER;
	if (c->scope == ERR_COLLECTION && e->code == ENOENT) {
		e->code = EIO;
		e->retry = ERR_AFTER_USER;
	}
}

static int judge(
	struct engine *g, const struct call *c, const struct http_answer *a, const cJSON *json, struct err *e)
{
	struct err reason = {0};
	int r = http_refused(g->http, a, &reason);

	narrow(c, &reason);
	r = apply_meaning(
		g, json_text(find_rule(g, "means", a->status, json, buf_text(&a->body))), a, r, &reason);
	if (r == 0)
		return 0;
	add_message(g, c, json, buf_text(&a->body), &reason);
	if (e)
		*e = reason;
	return -reason.code;
}

int engine_odd(const struct engine *g, const struct reply *reply, const char *pointer, struct err *e)
{
	if (!reply->json)
		err_set(e, EIO, "%s answered with something that is no JSON (HTTP %d); is its address right?",
			g->link.name, reply->status);
	else
		err_set(e, EIO, "%s answered without what should be at \"%s\" (HTTP %d)", g->link.name,
			pointer, reply->status);
	if (e) {
		e->scope = ERR_COLLECTION;
		e->retry = ERR_LATER;
		e->http_status = reply->status;
	}
	return -EIO;
}

enum { MAX_HEADERS = 12 };

/* The headers of one request; values are the caller's to wipe. */
struct headers {
	struct http_field fields[MAX_HEADERS];
	size_t count;
};

static void headers_finish(struct headers *h)
{
	for (size_t i = 0; i < h->count; i++)
		secret_wipe_text((char *)h->fields[i].value);
}

static void add_headers(struct headers *h, const cJSON *headers, const struct template_values *v)
{
	const cJSON *header;

	cJSON_ArrayForEach (header, headers) {
		struct buf value = BUF_INIT(URL_MAX);

		if (h->count < MAX_HEADERS && template_expand(json_text(header), v, buf_puts, &value) == 0)
			h->fields[h->count++] = (struct http_field){header->string, buf_steal(&value)};
		buf_finish(&value);
	}
}

static void add_texts_as_headers(struct headers *h, const cJSON *headers)
{
	const cJSON *header;

	cJSON_ArrayForEach (header, headers) {
		if (h->count < MAX_HEADERS)
			h->fields[h->count++] =
				(struct http_field){header->string, str_dup(json_text(header))};
	}
}

static int send_call(
	struct engine *g, const struct call *c, const char *url, struct http_answer *a, struct err *e)
{
	struct template_values v = engine_values(g, c);
	_cleanup_(headers_finish) struct headers h = {0};
	struct http_request q = {.headers = h.fields};
	_cleanup_(mem_freep) char *body = NULL;
	_cleanup_json_ cJSON *signing = NULL;
	const char *path;
	char *whole;
	int64_t start_ms = clock_steady_ms();
	int r;

	q.method = words_verb(c->request, &path);
	body = c->url && strcmp(q.method, "GET") == 0 ? NULL : body_text(g, c, &q.content_type, &v);
	q.body = body;
	q.body_len = body ? strlen(body) : 0;
	signing = sign_headers(g, c, q.method, url, body);
	add_headers(&h, json_get(c->request, "headers"), &v);
	add_headers(&h, c->headers, &v);
	if (c->header.name && h.count < MAX_HEADERS)
		h.fields[h.count++] = (struct http_field){c->header.name, str_dup(c->header.value)};
	add_texts_as_headers(&h, signing);
	if (h.count < MAX_HEADERS && g->auth.value)
		h.fields[h.count++] = (struct http_field){g->auth.header, str_dup(g->auth.value)};
	q.header_count = h.count;
	whole = auth_url(&g->auth, url);
	q.url = whole;
	r = http_send(g->http, &q, a, e);
	secret_wipe_text(whole);
	log_debug("connect", "%s: %s %.*s: %s %d, %zu bytes, %lld ms", g->link.name, q.method,
		(int)(g->auth.query ? strcspn(url, "?") : strlen(url)), url, r < 0 ? err_name(-r) : "HTTP",
		a->status, a->body.len, (long long)(clock_steady_ms() - start_ms));
	return r;
}

/* Sends and judges once. */
static int attempt(struct engine *g, const struct call *c, const char *url, struct reply *ret, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	cJSON *json = NULL;
	int r = send_call(g, c, url, &a, e);

	if (r < 0)
		return r;
	if (a.date_ms)
		g->skew_ms = a.date_ms - clock_now_ms();
	json_parse(buf_text(&a.body), a.body.len, JSON_REMOTE, &json, NULL, NULL);
	r = judge(g, c, &a, json, e);
	if (r < 0) {
		cJSON_Delete(json);
		return r;
	}
	*ret = (struct reply){.status = a.status, .json = json, .date_ms = a.date_ms};
	return 0;
}

int engine_call(struct engine *g, const struct call *c, struct reply *ret, struct err *e)
{
	_cleanup_(mem_freep) char *url = str_dup(c->url);
	struct err why = {0};
	int r = auth_ready(g, c->request, e);

	if (r == 0 && !url)
		r = engine_url(g, c, &url, e);
	if (r < 0)
		return r;
	r = attempt(g, c, url, ret, &why);
	/* What was not let in has had no effect: with a new session it may be sent again. */
	if (r == -EACCES && why.scope == ERR_TOOL && auth_refused(g, c->request)) {
		r = auth_ready(g, c->request, &why);
		if (r == 0)
			r = attempt(g, c, url, ret, &why);
	}
	if (r < 0 && e)
		*e = why;
	return r;
}
