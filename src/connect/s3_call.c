/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to an S3 service, and what it answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/s3.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

enum { URL_MAX = 16 << 10, MESSAGE_MAX = 200 };

char *s3_key(const struct s3_link *l, const char *path, _Bool folder)
{
	return str_format("%s%s%s", l->prefix, path, folder && *path ? "/" : "");
}

void s3_encode(struct buf *b, const char *key)
{
	for (const char *p = key; *p;) {
		size_t n = strcspn(p, "/");
		_cleanup_(mem_freep) char *segment = mem_dup(p, n);

		http_encode(b, segment);
		p += n;
		if (*p) {
			buf_putc(b, '/');
			p++;
		}
	}
}

int s3_send(struct s3_link *l, const struct s3_call *c, struct http_answer *a, struct err *e)
{
	_cleanup_(buf_finish) struct buf url = BUF_INIT(URL_MAX);
	/* What is signed is the request's head; the bytes are safe by TLS. */
	struct http_field headers[S3_MAX_HEADERS + 1] = {{"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
	struct http_request q = {.method = c->method,
		.body = c->body,
		.body_len = c->body ? strlen(c->body) : 0,
		.content_type = c->from ? "application/octet-stream" : "application/xml",
		.from = c->from,
		.into = c->into,
		.accept = "*/*",
		.patience_s = c->patience_s ? c->patience_s : S3_PATIENCE,
		.headers = headers,
		.header_count = 1};
	int64_t start_ms = clock_steady_ms();
	int r;

	for (size_t i = 0; i < S3_MAX_HEADERS && c->headers[i].name; i++)
		headers[q.header_count++] = c->headers[i];
	buf_puts(&url, l->address);
	s3_encode(&url, c->key);
	if (c->query)
		buf_printf(&url, "?%s", c->query);
	if (url.error)
		return err_set(e, ENAMETOOLONG, "\"%.200s…\" is too long for %s", c->key, l->base.name);
	q.url = buf_text(&url);
	r = http_send(l->http, &q, a, e);
	log_debug("s3", "%s: %s %s: %s %d, %lld ms", l->base.name, c->method, q.url,
		r < 0 ? err_name(-r) : "HTTP", a->status, (long long)(clock_steady_ms() - start_ms));
	return r;
}

/* ---- XML, whose namespace differs from service to service ---- */

const struct xml_node *s3_next(const struct xml_node *node, const struct xml_node *child, const char *name)
{
	child = child ? child->next : node ? node->children : NULL;
	while (child && strcmp(child->name, name) != 0)
		child = child->next;
	return child;
}

const char *s3_text(const struct xml_node *node, const char *name)
{
	const struct xml_node *child = s3_next(node, NULL, name);

	return child ? child->text : NULL;
}

/* Puts the service's words into the sentence. */
static void add_words(const struct s3_link *l, const struct xml_node *root, struct err *e)
{
	const char *words = root && strcmp(root->name, "Error") == 0 ? s3_text(root, "Message") : NULL;
	char text[MESSAGE_MAX];

	if (!words || !*words)
		return;
	snprintf(text, sizeof(text), "%.*s", MESSAGE_MAX - 4, words);
	utf8_disarm(text);
	utf8_shorten(text, MESSAGE_MAX - 4);
	snprintf(e->text, sizeof(e->text), "%s says: %s (HTTP %d)", l->base.name, text, e->http_status);
}

int s3_refused(const struct s3_link *l, const struct http_answer *a, struct err *e)
{
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	struct err reason = {0};
	const char *code;

	if (http_refused(l->http, a, &reason) == 0)
		return 0;
	xml_parse(buf_text(&a->body), a->body.len, &root, NULL);
	code = s3_text(root, "Code");
	if (str_equal(code, "NoSuchBucket")) {
		reason.scope = ERR_TOOL;
		reason.retry = ERR_AFTER_USER;
	} else if (str_equal(code, "EntityTooLarge")) {
		reason.code = EFBIG;
	} else if (str_equal(code, "QuotaExceeded") || a->status == 507) {
		reason.code = ENOSPC;
	} else if (a->status == 403 && !str_equal(code, "InvalidAccessKeyId") &&
		   !str_equal(code, "SignatureDoesNotMatch")) {
		reason.scope = ERR_RECORD;
	}
	add_words(l, root, &reason);
	if (e)
		*e = reason;
	return -reason.code;
}

int s3_ask(struct s3_link *l, const struct s3_call *c, struct xml_node **ret, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	struct err reason = {0};
	int r = s3_send(l, c, &a, e);

	if (r == 0)
		r = s3_refused(l, &a, e);
	if (r < 0)
		return r;
	/* Long work begins with 200, and may fail after that. */
	if (xml_parse(buf_text(&a.body), a.body.len, &root, &reason) < 0 ||
		strcmp(root->name, "Error") == 0) {
		err_set(&reason, EIO, "%s gave an answer that cannot be read (HTTP %d)", l->base.name,
			a.status);
		reason.http_status = a.status;
		reason.retry = ERR_LATER;
		add_words(l, root, &reason);
		if (e)
			*e = reason;
		return -EIO;
	}
	*ret = root;
	root = NULL;
	return 0;
}
