/* SPDX-License-Identifier: Apache-2.0 */
/* The account of a WebDAV server, its addresses, and requests. */
#include "connect/dav.h"

#include <errno.h>
#include <string.h>

#include "connect/drivers.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/net/secret.h"

enum { URL_MAX = 16 << 10 };

const char *const dav_keys[] = {"url", "user", "password", "token", NULL};

/* ---- the account ---- */

static int load(const struct tool_setup *setup, const char *key, struct secret *ret, struct err *e)
{
	_cleanup_(mem_freep) char *pointer = driver_pointer("", key);
	const cJSON *source = json_get(setup->config, key);
	struct err reason = {0};

	if (!source || secret_load(source, setup->base_dir, ret, &reason) == 0)
		return 0;
	return driver_bad(e, pointer, "%s", reason.text);
}

static int add_credentials(struct dav *d, const struct tool_setup *setup, struct err *e)
{
	_cleanup_(secret_finish) struct secret password = {0};
	_cleanup_(secret_finish) struct secret token = {0};
	const char *user = json_get_text(setup->config, "user");
	char *value;
	int r = load(setup, "password", &password, e);

	if (r == 0)
		r = load(setup, "token", &token, e);
	if (r < 0)
		return r;
	if (token.text && (user || password.text))
		return driver_bad(e, "/token", "there is a user or password already: one of the two");
	if (!user != !password.text)
		return driver_bad(e, user ? "/password" : "/user",
			"\"%s\" is missing: a user needs a password and the other way round",
			user ? "password" : "user");
	if (user)
		return http_set_basic(d->http, user, secret_text(&password), e) < 0
			       ? driver_bad(e, "/user", "a user name cannot hold ':' or control characters")
			       : 0;
	if (!token.text)
		return 0;
	value = str_format("Bearer %s", secret_text(&token));
	r = http_add_header(d->http, "Authorization", value, e);
	secret_wipe_text(value);
	return r < 0 ? driver_bad(e, "/token", "this is no access token: it has control characters") : 0;
}

int dav_open(struct dav *d, const struct tool_setup *setup, struct err *e)
{
	static atomic_bool never;
	const char *url = json_get_text(setup->config, "url");
	struct err reason = {0};
	size_t len;

	*d = (struct dav){.tool = setup->name};
	if (!url || !*url)
		return driver_bad(e, "/url", "\"url\" is missing: the WebDAV address, as https://…");
	if (http_check_url(url, &reason) < 0)
		return driver_bad(e, "/url", "%s", reason.text);
	if (strpbrk(url, "?#"))
		return driver_bad(e, "/url", "an address has no '?' or '#' in it");
	len = strlen(url);
	d->root = str_format("%s%s", url, url[len - 1] == '/' ? "" : "/");
	d->http = http_new(setup->name, &(const struct http_limits){0}, setup->stop ? setup->stop : &never);
	return add_credentials(d, setup, e);
}

void dav_finish(struct dav *d)
{
	http_free(d->http);
	free(d->root);
	*d = (struct dav){0};
}

/* ---- addresses ---- */

char *dav_address(const struct dav *d, const char *path, _Bool folder)
{
	struct buf b = BUF_INIT(URL_MAX);

	buf_puts(&b, d->root);
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		_cleanup_(mem_freep) char *segment = mem_dup(p, n);

		http_encode(&b, segment);
		p += n + (p[n] == '/');
		if (*p || folder)
			buf_putc(&b, '/');
	}
	return buf_steal(&b);
}

/* What stands behind "scheme://host" of a href, or the href itself. */
static const char *path_part(const char *href)
{
	const char *mark = strstr(href, "://");

	if (!mark || memchr(href, '/', (size_t)(mark - href)))
		return href;
	return mark + 3 + strcspn(mark + 3, "/");
}

char *dav_resolve(const struct dav *d, const char *href)
{
	const char *path = path_part(href);

	/* "//host/path" would be another host. */
	while (path[0] == '/' && path[1] == '/')
		path++;
	return http_resolve(d->root, *path ? path : "/");
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Appends one segment, decoded. 0, or -EINVAL when no name could stand for it. */
static int decode(struct buf *b, const char *text, size_t len)
{
	size_t start = b->len;

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex(text[i + 1]) : -1;
		int low = high >= 0 ? hex(text[i + 2]) : -1;
		char c = text[i];

		if (low >= 0)
			c = (char)(high << 4 | low);

		/* A '%' that begins no code is one: not all servers encode it. */
		if (!c || (c == '/' && low >= 0))
			return -EINVAL;
		buf_putc(b, c);
		i += low >= 0 ? 2 : 0;
	}
	text = buf_text(b) + start;
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || !utf8_valid(text, b->len - start))
		return -EINVAL;
	return b->error;
}

char *dav_path(const char *href)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(URL_MAX);

	for (const char *p = path_part(href); *p;) {
		size_t n = strcspn(p, "/");

		if (n && b.len)
			buf_putc(&b, '/');
		if (n && decode(&b, p, n) < 0)
			return NULL;
		p += n + (p[n] == '/');
	}
	return b.error ? NULL : buf_steal(&b);
}

/* ---- requests ---- */

int dav_send(struct dav *d, const struct dav_call *c, struct http_answer *ret, struct err *e)
{
	struct http_field headers[DAV_MAX_HEADERS + 1];
	struct http_request q = {.method = c->method,
		.url = c->url,
		.accept = "*/*",
		.content_type =
			c->body && !c->content_type ? "application/xml; charset=utf-8" : c->content_type,
		.body = c->body,
		.body_len = c->body ? strlen(c->body) : 0,
		.from = c->from,
		.into = c->into,
		.patience_s = c->patience_s,
		.headers = headers};
	int64_t start_ms = clock_steady_ms();
	int r;

	while (q.header_count < DAV_MAX_HEADERS && c->headers[q.header_count].name) {
		headers[q.header_count] = c->headers[q.header_count];
		q.header_count++;
	}
	if (c->depth)
		headers[q.header_count++] = (struct http_field){"Depth", c->depth};
	r = http_send(d->http, &q, ret, e);
	log_debug("dav", "%s: %s %s: %s %d, %lld ms", d->tool, c->method, c->url,
		r < 0 ? err_name(-r) : "HTTP", ret->status, (long long)(clock_steady_ms() - start_ms));
	return r;
}
