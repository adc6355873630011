/* SPDX-License-Identifier: Apache-2.0 */
/* What a WebDAV server answers: refusals with a reason, and multistatus. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/dav.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

enum { MESSAGE_MAX = 200 };

/* ---- refusals ---- */

/* Conditions that say more than the status (RFC 4918 16, RFC 4331 6). */
static const struct {
	const char *name, *text;
} conditions[] = {
	{"lock-token-submitted", "somebody has locked it"},
	{"no-conflicting-lock", "somebody has locked it"},
	{"quota-not-exceeded", "the quota is used up"},
	{"sufficient-disk-space", "its disk is full"},
};

/* The answer's body, when it is a DAV:error; for xml_free(). */
static struct xml_node *error_of(const struct http_answer *a)
{
	struct xml_node *root = NULL;

	if (a->body.len && xml_parse(buf_text(&a->body), a->body.len, &root, NULL) == 0 &&
		!xml_is(root, DAV_SPACE, "error")) {
		xml_free(root);
		root = NULL;
	}
	return root;
}

_Bool dav_condition(const struct http_answer *a, const char *name)
{
	_cleanup_(xml_freep) struct xml_node *error = error_of(a);

	for (const struct xml_node *c = error ? error->children : NULL; c; c = c->next) {
		if (strcmp(c->name, name) == 0)
			return 1;
	}
	return 0;
}

/* The server's own words about a refusal, in a fixed text; "" when it has none. */
static void reason_of(const struct http_answer *a, char text[MESSAGE_MAX])
{
	_cleanup_(xml_freep) struct xml_node *error = error_of(a);
	const char *found = "";

	for (const struct xml_node *c = error ? error->children : NULL; c; c = c->next) {
		/* sabre/dav, which Nextcloud and many others are built on, says it in words. */
		if (strcmp(c->name, "message") == 0 && *c->text)
			found = c->text;
		for (size_t i = 0; !*found && i < ARRAY_LEN(conditions); i++) {
			if (strcmp(c->name, conditions[i].name) == 0)
				found = conditions[i].text;
		}
	}
	snprintf(text, MESSAGE_MAX, "%.*s", MESSAGE_MAX - 4, found);
	utf8_disarm(text);
	utf8_shorten(text, MESSAGE_MAX - 4);
}

int dav_refused(const struct dav *d, const struct http_answer *a, struct err *e)
{
	struct err reason = {0};
	char words[MESSAGE_MAX];
	int r = http_refused(d->http, a, &reason);

	if (r == 0)
		return 0;
	if (a->status == 507) {
		reason.code = ENOSPC;
		snprintf(
			reason.text, sizeof(reason.text), "%s has no room left for this (HTTP 507)", d->tool);
	} else if (a->status == 423) {
		reason.code = EACCES;
		reason.retry = ERR_LATER;
		snprintf(reason.text, sizeof(reason.text), "%s has locked this: somebody else works on it",
			d->tool);
	} else if (a->status == 403) {
		/* About this one resource, as far as we know: a read-only folder is no reason to give up the tool. */
		reason.scope = ERR_RECORD;
	}
	reason_of(a, words);
	if (*words)
		snprintf(
			reason.text, sizeof(reason.text), "%s says: %s (HTTP %d)", d->tool, words, a->status);
	if (e)
		*e = reason;
	return -reason.code;
}

/* ---- multistatus ---- */

/* "HTTP/1.1 200 OK"; 0 when it is none */
static int status_of(const char *line)
{
	int status = 0;

	return line && sscanf(line, " HTTP/%*d.%*d %d", &status) == 1 ? status : 0;
}

const struct xml_node *dav_property(const struct dav_response *r, const char *space, const char *name)
{
	const struct xml_node *p = xml_child(r->node, DAV_SPACE, "propstat");

	for (; p; p = xml_after(p)) {
		const struct xml_node *found = xml_child(xml_child(p, DAV_SPACE, "prop"), space, name);

		if (found && status_of(xml_text(p, DAV_SPACE, "status")) / 100 == 2)
			return found;
	}
	return NULL;
}

const char *dav_text(const struct dav_response *r, const char *space, const char *name)
{
	const struct xml_node *property = dav_property(r, space, name);

	return property ? property->text : NULL;
}

_Bool dav_is_type(const struct dav_response *r, const char *space, const char *name)
{
	return xml_child(dav_property(r, DAV_SPACE, "resourcetype"), space, name) != NULL;
}

/* One answer on its way from the connection to the caller. */
struct multi {
	struct dav *dav;
	struct xml_reader *reader;
	dav_sink sink;
	void *context;
	char *token;
	struct err why; /* of the sink, or of us */
};

static char *trimmed(const char *text)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len && strchr(blanks, text[len - 1]))
		len--;
	return mem_dup(text, len);
}

static int give(struct multi *m, const struct xml_node *node, const char *text)
{
	_cleanup_(mem_freep) char *href = trimmed(text);
	_cleanup_(mem_freep) char *path = dav_path(href);
	struct dav_response r = {.href = href, .path = path, .node = node};

	r.status = status_of(xml_text(node, DAV_SPACE, "status"));
	return m->sink(m->context, &r, &m->why);
}

static int on_node(void *context, const struct xml_node *node)
{
	struct multi *m = context;
	const struct xml_node *href = NULL;
	int r = 0;

	if (xml_is(node, DAV_SPACE, "sync-token")) {
		free(m->token);
		m->token = trimmed(node->text);
	}
	if (xml_is(node, DAV_SPACE, "response"))
		href = xml_child(node, DAV_SPACE, "href");
	/* Several resources may share one status (RFC 4918 14.24). */
	for (; r == 0 && href; href = xml_after(href))
		r = give(m, node, href->text);
	return r;
}

static int on_begin(void *context, const struct http_answer *a)
{
	struct multi *m = context;

	if (a->status == 207)
		return 0;
	err_set(&m->why, EIO, "%s does not answer as a WebDAV server (HTTP %d); is its address right?",
		m->dav->tool, a->status);
	m->why.scope = ERR_TOOL;
	m->why.retry = ERR_AFTER_USER;
	return -EIO;
}

/* What is wrong with the answer as XML is a problem of the server's. */
static int odd(struct multi *m, int r, const struct err *reason)
{
	if (r == 0 || !reason->code)
		return r;
	err_set(&m->why, EIO, "%s gave an answer that cannot be read: %.300s", m->dav->tool, reason->text);
	m->why.scope = ERR_TOOL;
	m->why.retry = ERR_LATER;
	return -EIO;
}

static int on_bytes(void *context, const void *bytes, size_t len)
{
	struct multi *m = context;
	struct err reason = {0};
	int r = xml_feed(m->reader, bytes, len, &reason);

	return odd(m, r, &reason);
}

static int finish(struct multi *m)
{
	struct err reason = {0};
	int r = odd(m, xml_end(m->reader, &reason), &reason);

	if (r == 0 && !xml_is_root(m->reader, DAV_SPACE, "multistatus")) {
		err_set(&reason, EINVAL, "it is no multistatus");
		r = odd(m, -EINVAL, &reason);
	}
	return r;
}

static int perform(struct multi *m, const struct dav_call *c, const char *condition)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct http_download into = {.begin = on_begin, .bytes = on_bytes, .context = m};
	struct dav_call call = *c;
	struct err reason = {0};
	int r;

	call.into = &into;
	/* A long list may take its time to begin. */
	call.patience_s = c->patience_s ? c->patience_s : 60;
	r = dav_send(m->dav, &call, &a, &reason);
	if (r < 0) {
		if (!m->why.code)
			m->why = reason;
		return r;
	}
	if (a.status / 100 == 2)
		return finish(m);
	if (condition && dav_condition(&a, condition))
		return 1;
	return dav_refused(m->dav, &a, &m->why);
}

int dav_multi(struct dav *d, const struct dav_call *c, dav_sink sink, void *context, const char *condition,
	char **ret_token, struct err *e)
{
	_cleanup_(xml_reader_freep) struct xml_reader *reader = NULL;
	struct multi m = {.dav = d, .sink = sink, .context = context};
	int r;

	m.reader = reader = xml_reader_new(XML_ENTRIES, XML_MAX_TREE, on_node, &m);
	r = perform(&m, c, condition);
	if (r < 0 && e)
		*e = m.why;
	if (r == 0 && ret_token) {
		*ret_token = m.token;
		m.token = NULL;
	}
	free(m.token);
	return r;
}
