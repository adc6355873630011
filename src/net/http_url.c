/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/net/http.h"

struct url {
	CURLU *handle;
	char *scheme, *host, *port;
};

static void url_finish(struct url *u)
{
	curl_free(u->scheme);
	curl_free(u->host);
	curl_free(u->port);
	curl_url_cleanup(u->handle);
}

/* Takes an absolute URL apart; libcurl lower-cases the scheme but not the host. 0 or -EINVAL. */
static int url_split(const char *text, struct url *ret)
{
	ret->handle = curl_url();
	if (!ret->handle)
		abort();
	if (curl_url_set(ret->handle, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
		curl_url_get(ret->handle, CURLUPART_SCHEME, &ret->scheme, 0) != CURLUE_OK ||
		curl_url_get(ret->handle, CURLUPART_HOST, &ret->host, 0) != CURLUE_OK ||
		curl_url_get(ret->handle, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return -EINVAL;
	return 0;
}

static _Bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return 1;
	return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

int http_check_url(const char *url, struct err *e)
{
	_cleanup_(url_finish) struct url u = {0};
	char *user = NULL;

	if (url_split(url, &u) < 0)
		return err_set(e, EINVAL, "\"%s\" is no address of the form https://…", url);
	curl_url_get(u.handle, CURLUPART_USER, &user, 0);
	if (user) {
		curl_free(user);
		return err_set(e, EINVAL, "an address must not hold a user name or password");
	}
	if (strcmp(u.scheme, "https") == 0)
		return 0;
	if (strcmp(u.scheme, "http") != 0)
		return err_set(e, EINVAL, "\"%s\" is no address of the form https://…", url);
	if (!is_loopback(u.host))
		return err_set(e, EINVAL,
			"http:// would send keys and records readable to everybody on the way; use "
			"https://%s",
			u.host);
	return 0;
}

_Bool http_same_origin(const char *a, const char *b)
{
	_cleanup_(url_finish) struct url ua = {0};
	_cleanup_(url_finish) struct url ub = {0};

	return url_split(a, &ua) == 0 && url_split(b, &ub) == 0 && strcmp(ua.scheme, ub.scheme) == 0 &&
	       strcasecmp(ua.host, ub.host) == 0 && strcmp(ua.port, ub.port) == 0;
}

char *url_origin(const char *url)
{
	_cleanup_(url_finish) struct url u = {0};

	return url_split(url, &u) < 0 ? NULL : str_format("%s://%s:%s", u.scheme, u.host, u.port);
}

char *http_resolve(const char *base, const char *reference)
{
	_cleanup_(url_finish) struct url u = {0};
	char *whole = NULL, *copy;

	if (url_split(base, &u) < 0 || curl_url_set(u.handle, CURLUPART_URL, reference, 0) != CURLUE_OK ||
		curl_url_get(u.handle, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return NULL;
	copy = str_dup(whole);
	curl_free(whole);
	return copy;
}

int http_encode(struct buf *b, const char *text)
{
	static const char unreserved[] = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (; *text; text++) {
		if (strchr(unreserved, *text))
			buf_putc(b, *text);
		else
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)*text);
	}
	return b->error;
}

int http_add_query(struct buf *b, const char *name, const char *value)
{
	buf_putc(b, strchr(buf_text(b), '?') ? '&' : '?');
	http_encode(b, name);
	buf_putc(b, '=');
	return http_encode(b, value);
}
