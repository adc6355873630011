/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are signed with a key that never travels: a keyed hash (RFC 2104) of what is sent, in a header. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "connect/call.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"

enum { NONCE_BYTES = 16 };

static enum crypto_hash hash_of(const char *name)
{
	return str_equal(name, "sha1")	   ? CRYPTO_SHA1
	       : str_equal(name, "sha512") ? CRYPTO_SHA512
					   : CRYPTO_SHA256;
}

/* The signature as text, given; NULL when what is to be signed lacks a value. */
static char *signature(const struct engine *g, const cJSON *hmac, const struct template_values *v)
{
	char *key = auth_filled(g, json_get_text(hmac, "key"));
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_ANSWER);
	unsigned char hash[CRYPTO_HASH_MAX];
	struct buf shown = BUF_INIT(256);
	size_t len;

	if (!key || template_expand(json_get_text(hmac, "sign"), v, buf_puts, &text) != 0) {
		secret_wipe_text(key);
		return NULL;
	}
	len = crypto_hmac(
		hash_of(json_get_text(hmac, "hash")), key, strlen(key), buf_text(&text), text.len, hash);
	secret_wipe_text(key);
	if (str_equal(json_get_text(hmac, "as"), "base64"))
		crypto_base64(&shown, hash, len);
	else
		crypto_hex(&shown, hash, len);
	return buf_steal(&shown);
}

/* Path and query of an address: what a server sees of it. */
static const char *target_of(const char *url)
{
	const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;

	return path ? path : "/";
}

cJSON *sign_headers(
	struct engine *g, const struct call *c, const char *verb, const char *url, const char *body)
{
	const cJSON *hmac = json_get(json_get(g->manifest->http, "auth"), "hmac"), *header;
	struct template_values v = engine_values(g, c);
	unsigned char random[NONCE_BYTES];
	char timestamp[24];
	_cleanup_(buf_finish) struct buf nonce = BUF_INIT(64);
	_cleanup_(mem_freep) char *signed_as = NULL;
	cJSON *headers;

	if (!hmac)
		return NULL;
	crypto_random(random, sizeof(random));
	crypto_hex(&nonce, random, sizeof(random));
	/* In the tool's clock, which may be far from ours. */
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)((clock_now_ms() + g->skew_ms) / 1000));
	v.verb = verb;
	v.target = target_of(url);
	v.body_text = body ? body : "";
	v.timestamp = timestamp;
	v.nonce = buf_text(&nonce);
	signed_as = signature(g, hmac, &v);
	v.signature = signed_as;
	headers = cJSON_CreateObject();
	cJSON_ArrayForEach (header, json_get(hmac, "header")) {
		struct buf value = BUF_INIT(4096);

		if (template_expand(json_text(header), &v, buf_puts, &value) == 0)
			json_set_text(headers, header->string, buf_text(&value));
		buf_finish(&value);
	}
	return headers;
}
