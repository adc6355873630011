/* SPDX-License-Identifier: Apache-2.0 */
/* The first login: a person allows it in a browser (RFC 6749 4.1, RFC 7636, RFC 8252, RFC 9700 2.1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/oauth_parts.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"
#include "seamfs/net/secret.h"

enum { RANDOM_BYTES = 32 }; /* 43 characters, the least that RFC 7636 4.1 allows */

#define MAX_ANSWER ((size_t)16 << 10)

void oauth_login_finish(struct oauth_login *l)
{
	secret_wipe_text(l->url);
	free(l->redirect);
	secret_wipe_text(l->state);
	secret_wipe_text(l->verifier);
	*l = (struct oauth_login){0};
}

int oauth_login_port(const struct oauth *o)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://localhost"};
	const char *redirect = o->setup.redirect;

	for (size_t i = 0; redirect && i < ARRAY_LEN(hosts); i++) {
		const char *rest = redirect + strlen(hosts[i]);
		char *end;
		long port;

		if (strncmp(redirect, hosts[i], strlen(hosts[i])) != 0)
			continue;
		if (!*rest || *rest == '/')
			return 80;
		port = strtol(rest + 1, &end, 10);
		if (*rest == ':' && port > 0 && port < 65536 && (!*end || *end == '/'))
			return (int)port;
	}
	return redirect ? -1 : 0;
}

static char *random_text(void)
{
	unsigned char bytes[RANDOM_BYTES];
	struct buf b = BUF_INIT(64);

	crypto_random(bytes, sizeof(bytes));
	crypto_base64url(&b, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return buf_steal(&b);
}

static char *challenge_of(const char *verifier)
{
	unsigned char hash[CRYPTO_SHA256_SIZE];
	struct buf b = BUF_INIT(64);

	crypto_sha256(verifier, strlen(verifier), hash);
	crypto_base64url(&b, hash, sizeof(hash));
	return buf_steal(&b);
}

int oauth_login_begin(struct oauth *o, int port, struct oauth_login *ret, struct err *e)
{
	const struct oauth_setup *s = &o->setup;
	struct oauth_login l = {0};
	struct buf url = BUF_INIT(MAX_ANSWER);
	const cJSON *param;

	if (s->grant != OAUTH_CODE)
		return err_set(
			e, EINVAL, "%s needs no login: it is asked with the keys in stack.json", s->tool);
	l.state = random_text();
	l.redirect = s->redirect ? str_dup(s->redirect)
		     : port	 ? str_format("http://127.0.0.1:%d/", port)
				 : str_dup("http://127.0.0.1/");
	buf_puts(&url, s->authorize_url);
	http_add_query(&url, "response_type", "code");
	http_add_query(&url, "client_id", s->client_id);
	http_add_query(&url, "redirect_uri", l.redirect);
	if (s->scopes)
		http_add_query(&url, "scope", s->scopes);
	http_add_query(&url, "state", l.state);
	if (s->pkce) {
		_cleanup_(mem_freep) char *challenge = NULL;

		l.verifier = random_text();
		challenge = challenge_of(l.verifier);
		http_add_query(&url, "code_challenge", challenge);
		http_add_query(&url, "code_challenge_method", "S256");
	}
	cJSON_ArrayForEach (param, s->params) {
		if (json_text(param))
			http_add_query(&url, param->string, json_text(param));
	}
	l.url = buf_steal(&url);
	*ret = l;
	return 0;
}

/* ---- What the browser was sent to ---- */

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 32) : NULL;

	if (c >= '0' && c <= '9')
		return c - '0';
	return at && at - digits > 9 ? (int)(at - digits) : -1;
}

/* The text of application/x-www-form-urlencoded; given, a secret. A NUL in it ends it. */
static char *decode(const char *text, size_t len)
{
	char *plain = mem_alloc(len + 1), *to = plain;

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? digit(text[i + 1]) : -1;
		int low = high >= 0 ? digit(text[i + 2]) : -1;

		*to = text[i] == '+' ? ' ' : text[i];
		if (low >= 0) {
			*to = (char)(high << 4 | low);
			i += 2;
		}
		to++;
	}
	return plain;
}

/* The parameters of a query; the first of two counts. Given, to be wiped. */
static cJSON *parse_query(const char *query)
{
	cJSON *all = cJSON_CreateObject();
	const char *end = query + strcspn(query, "#\r\n ");

	while (query < end) {
		size_t len = strcspn(query, "&#\r\n "), name_len = strcspn(query, "=&#\r\n ");
		char *name = decode(query, name_len);
		char *value = name_len < len ? decode(query + name_len + 1, len - name_len - 1) : str_dup("");

		if (*name && !json_get(all, name))
			json_set_text(all, name, value);
		secret_wipe_text(value);
		free(name);
		query += len + (query[len] == '&');
	}
	return all;
}

static _Bool has_state(const struct oauth_login *l, const cJSON *query)
{
	const char *state = json_get_text(query, "state");

	return state && crypto_equal(state, strlen(state), l->state, strlen(l->state));
}

_Bool oauth_login_mine(const struct oauth_login *l, const char *query)
{
	cJSON *all = parse_query(query);
	_Bool mine = has_state(l, all);

	oauth_wipe_json(all);
	return mine;
}

/* A code alone is what a person pasted; it is bound to this attempt by PKCE at best. */
static cJSON *parse_answer(const struct oauth_login *l, const char *answer)
{
	const char *mark = strchr(answer, '?');
	cJSON *all = parse_query(mark ? mark + 1 : answer);
	size_t len;
	char *code;

	if (mark || json_get(all, "code") || json_get(all, "state") || json_get(all, "error"))
		return all;
	oauth_wipe_json(all);
	all = cJSON_CreateObject();
	len = strcspn(answer, "\r\n\t ");
	/* Out of an address it is encoded; a page shows it as it is. */
	code = memchr(answer, '%', len) ? decode(answer, len) : mem_dup(answer, len);
	json_set_text(all, "code", code);
	json_set_text(all, "state", l->state);
	secret_wipe_text(code);
	return all;
}

static int no(const struct oauth *o, const cJSON *query, struct err *e)
{
	char reason[OAUTH_REASON_SIZE];

	oauth_reason(o, query, json_get_text(query, "code"), reason);
	err_set(e, EACCES, "%s did not let us in (%s); nothing has changed", o->setup.tool, reason);
	return oauth_failed(-EACCES, e);
}

/* A login does not continue an older one: what that kept, and its refresh token, may be another account's. */
static int exchange(struct oauth *o, const struct oauth_login *l, const cJSON *query, struct err *e)
{
	struct buf form = oauth_secret_buf(OAUTH_MAX_FILE);
	struct oauth_tokens old = o->tokens;
	char *dead = o->dead;
	int r;

	o->tokens = (struct oauth_tokens){0};
	o->dead = NULL;
	oauth_field(&form, "grant_type", "authorization_code");
	oauth_field(&form, "code", json_get_text(query, "code"));
	oauth_field(&form, "redirect_uri", l->redirect);
	oauth_field(&form, "code_verifier", l->verifier);
	r = oauth_ask(o, &form, json_get_text(query, "code"), query, e);
	oauth_wipe_buf(&form);
	if (r < 0) {
		oauth_tokens_finish(&o->tokens);
		free(o->dead);
		o->tokens = old;
		o->dead = dead;
		return r;
	}
	oauth_tokens_finish(&old);
	free(dead);
	return oauth_file_save(o, e);
}

int oauth_login_redeem(struct oauth *o, const struct oauth_login *l, const char *answer, struct err *e)
{
	_cleanup_(mem_freep) char *dir = path_dir(o->setup.path);
	_cleanup_(fd_closep) int lock = -1;
	cJSON *query = parse_answer(l, answer);
	const char *code = json_get_text(query, "code");
	int r = 0;

	if (!has_state(l, query))
		r = err_set(
			e, EACCES, "%s: that is not the answer to this login; begin again", o->setup.tool);
	else if (json_get(query, "error"))
		r = no(o, query, e);
	else if (!code || !*code)
		r = err_set(e, EACCES, "%s: there is no code in that answer; begin again", o->setup.tool);
	if (r == 0)
		r = file_make_dirs(dir, 0700, e);
	if (r == 0)
		r = oauth_file_lock(o, &lock, e);
	if (r == 0)
		r = exchange(o, l, query, e);
	oauth_wipe_json(query);
	return oauth_failed(r, e);
}
