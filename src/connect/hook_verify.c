/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a message comes from whom it says: a signature over the bytes as they came, or a secret that both sides know. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/hook_words.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"

#define TOLERANCE_MS INT64_C(300000)

enum { SIGNATURE_MAX = 4096, PARTS_MAX = 16 };

static int refuse(struct err *e, const char *why)
{
	return err_set(e, EACCES, "%s", why);
}

/* ---- the pieces ---- */

/* The @n-th part of a header that is a list, without @prefix; those that do not have it do not count. NULL: there is none. */
static char *part(const char *header, const char *list, const char *prefix, int n)
{
	const char *separators = list && *list ? list : "";
	size_t prefix_len = prefix ? strlen(prefix) : 0;

	while (header && *header) {
		size_t len = *separators ? strcspn(header, separators) : strlen(header);
		const char *begin = header;

		while (len && isspace((unsigned char)*begin)) {
			begin++;
			len--;
		}
		header = begin + len + strspn(begin + len, separators);
		if (len < prefix_len || (prefix && strncmp(begin, prefix, prefix_len) != 0))
			continue;
		if (n-- == 0)
			return mem_dup(begin + prefix_len, len - prefix_len);
	}
	return NULL;
}

static const char *header_of(const struct hook_request *r, const char *name)
{
	return name ? r->header(r->context, name) : NULL;
}

/* When it was signed, as the tool wrote it; given, NULL: it does not say. */
static char *time_text(const cJSON *time, const struct hook_request *r, const cJSON *body)
{
	const char *at = json_get_text(time, "at");

	if (at)
		return str_dup(json_scalar(json_at(body, at)));
	return part(header_of(r, json_get_text(time, "header")), json_get_text(time, "list"),
		json_get_text(time, "prefix"), 0);
}

static int check_time(const cJSON *verify, const char *text, int64_t now_ms, struct err *e)
{
	const char *as = json_get_text(json_get(verify, "time"), "as");
	const char *tolerance = json_get_text(verify, "tolerance");
	int64_t most_ms = TOLERANCE_MS, ms;
	char *end;

	if (!text)
		return refuse(e, "it does not say when it was signed");
	if (str_equal(as, "datetime")) {
		if (instant_parse(text, &ms) < 0)
			return refuse(e, "the time of its signature is none");
	} else {
		errno = 0;
		ms = strtoll(text, &end, 10);
		if (!*text || *end || errno || ms < 0 || ms > INT64_MAX / 1000)
			return refuse(e, "the time of its signature is none");
		ms *= str_equal(as, "unix_ms") ? 1 : 1000;
	}
	if (tolerance)
		words_time(tolerance, &most_ms);
	return ms < now_ms - most_ms || ms > now_ms + most_ms
		       ? refuse(e, "it was signed too long ago, or in the future: is the clock right?")
		       : 0;
}

/* ---- signatures ---- */

/* What is signed: the bytes of the body as they came, with what stands around them. */
static int signed_text(const cJSON *verify, const struct hook_request *r, const char *time, struct buf *b)
{
	const char *over = json_get_text(verify, "over"), *id = json_get_text(verify, "id");
	char name[64];

	for (const char *p = over ? over : "{body}"; *p;) {
		const char *brace = p;

		if (!template_word(&p, name))
			return buf_puts(b, brace);
		buf_add(b, brace, (size_t)(p - brace) - strlen(name) - 2);
		if (strcmp(name, "body") == 0)
			buf_add(b, r->body, r->len);
		else if (strcmp(name, "time") == 0)
			buf_puts(b, time ? time : "");
		else if (strcmp(name, "id") == 0)
			buf_puts(b, header_of(r, id) ? header_of(r, id) : "");
		else
			buf_puts(b, strcmp(name, "url") == 0	  ? r->url
				    : strcmp(name, "target") == 0 ? r->target
								  : r->method);
	}
	return b->error;
}

static enum crypto_hash hash_of(const char *name)
{
	return str_equal(name, "sha1")	   ? CRYPTO_SHA1
	       : str_equal(name, "sha512") ? CRYPTO_SHA512
					   : CRYPTO_SHA256;
}

/* The keyed hash as the header has to have it. */
static int expected(const cJSON *verify, const char *key, const struct buf *text, struct buf *ret)
{
	_cleanup_(buf_finish) struct buf bytes = BUF_INIT(SIGNATURE_MAX);
	unsigned char hash[CRYPTO_HASH_MAX];
	size_t len = strlen(key);

	if (str_equal(json_get_text(verify, "key_as"), "base64")) {
		/* Standard Webhooks writes its kind of key before the key. */
		key += strncmp(key, "whsec_", 6) == 0 ? 6 : 0;
		if (crypto_unbase64(&bytes, key) < 0)
			return -EINVAL;
		key = buf_text(&bytes);
		len = bytes.len;
	}
	len = crypto_hmac(hash_of(json_get_text(verify, "hmac")), key, len, buf_text(text), text->len, hash);
	return str_equal(json_get_text(verify, "as"), "base64") ? crypto_base64(ret, hash, len)
								: crypto_hex(ret, hash, len);
}

static _Bool same(const cJSON *verify, char *given, const struct buf *want)
{
	if (!str_equal(json_get_text(verify, "as"), "base64")) {
		for (char *p = given; *p; p++)
			*p = (char)tolower((unsigned char)*p);
	}
	return crypto_equal(given, strlen(given), buf_text(want), want->len);
}

static int check_hmac(const struct hook *h, const cJSON *verify, const struct hook_request *r,
	const cJSON *body, struct err *e)
{
	const char *name = json_get_text(verify, "key"), *header = json_get_text(verify, "header");
	/* What the tool gave in a handshake, or when its webhook was asked for, is newer than what a person wrote down. */
	const char *key = r->kept ? r->kept : hook_setting(h, name);
	_cleanup_(mem_freep) char *time = time_text(json_get(verify, "time"), r, body);
	_cleanup_(buf_finish) struct buf text = BUF_INIT(((size_t)1 << 20) + SIGNATURE_MAX);
	_cleanup_(buf_finish) struct buf want = BUF_INIT(SIGNATURE_MAX);
	_Bool good = 0;

	if (!key || !*key)
		return refuse(e, "the key that it is signed with is not known here");
	if (signed_text(verify, r, time, &text) < 0 || expected(verify, key, &text, &want) < 0)
		return refuse(e, "the key that it is signed with is no base64");
	for (int i = 0; i < PARTS_MAX && !good; i++) {
		_cleanup_(mem_freep) char *given = part(header_of(r, header), json_get_text(verify, "list"),
			json_get_text(verify, "prefix"), i);

		if (!given)
			break;
		good = same(verify, given, &want);
	}
	if (!good)
		return refuse(e, header_of(r, header) ? "its signature is wrong" : "it is not signed");
	return json_get(verify, "time") ? check_time(verify, time, r->now_ms, e) : 0;
}

/* ---- secrets that both sides know ---- */

static int check_token(const struct hook *h, const cJSON *verify, const struct hook_request *r,
	const cJSON *body, struct err *e)
{
	const char *want = hook_setting(h, json_get_text(verify, "token"));
	const char *query = json_get_text(verify, "query"), *at = json_get_text(verify, "at");
	_cleanup_(mem_freep) char *given = query ? hook_query(r->target, query)
					   : at	 ? str_dup(json_scalar(json_at(body, at)))
						 : part(header_of(r, json_get_text(verify, "header")), NULL,
							   json_get_text(verify, "prefix"), 0);

	if (!want || !*want)
		return refuse(e, "the secret that it has to bring is not known here");
	return given && crypto_equal(given, strlen(given), want, strlen(want))
		       ? 0
		       : refuse(e, "it does not bring the secret");
}

static int check_basic(const struct hook *h, const cJSON *verify, const struct hook_request *r, struct err *e)
{
	const char *user = hook_setting(h, json_get_text(verify, "user"));
	const char *password = hook_setting(h, json_get_text(verify, "password"));
	const char *given = header_of(r, "Authorization");
	_cleanup_(mem_freep) char *pair = NULL;
	_cleanup_(buf_finish) struct buf want = BUF_INIT(SIGNATURE_MAX);

	if (!user || !password)
		return refuse(e, "the password that it has to bring is not known here");
	pair = str_format("%s:%s", user, password);
	buf_puts(&want, "Basic ");
	crypto_base64(&want, pair, strlen(pair));
	explicit_bzero(pair, strlen(pair));
	return given && crypto_equal(given, strlen(given), buf_text(&want), want.len)
		       ? 0
		       : refuse(e, "it does not bring the password");
}

int hook_verify(const struct hook *h, const struct hook_request *r, const cJSON *body, struct err *e)
{
	const cJSON *verify = json_get(h->words, "verify");

	if (!verify)
		return 0; /* who knows the address may say something */
	if (json_get(verify, "hmac"))
		return check_hmac(h, verify, r, body, e);
	return json_get(verify, "token") ? check_token(h, verify, r, body, e) : check_basic(h, verify, r, e);
}
