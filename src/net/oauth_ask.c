/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint: what is asked (RFC 6749 4, 6; RFC 7523) and what the answer means (5.1, 5.2). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/oauth_parts.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/net/crypto.h"
#include "seamfs/net/secret.h"

#define ASSERTION_S 3600		 /* how long a signed request holds; more is refused by most */
#define LONGEST_S   (10 * 366 * 86400LL) /* a token that holds longer: the tool counts in something else */

void oauth_field(struct buf *form, const char *name, const char *value)
{
	if (!value)
		return;
	if (form->len)
		buf_putc(form, '&');
	http_encode(form, name);
	buf_putc(form, '=');
	http_encode(form, value);
}

/* ---- Refusals ---- */

/* Whether @text repeats something that must be in no sentence. */
static _Bool tells(const char *text, const char *secret)
{
	return secret && strlen(secret) >= 4 && strstr(text, secret);
}

void oauth_reason(const struct oauth *o, const cJSON *answer, const char *secret, char ret[OAUTH_REASON_SIZE])
{
	const char *error = json_get_text(answer, "error");
	const char *more = json_get_text(answer, "error_description");
	_cleanup_(mem_freep) char *text = NULL;

	ret[0] = '\0';
	if (!error && !more)
		return;
	text = str_format("%s%s%s", error ? error : "", error && more ? ": " : "", more ? more : "");
	if (!utf8_valid(text, strlen(text)) || tells(text, secret) || tells(text, o->setup.client_secret))
		str_set(&text, "the reason cannot be shown");
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	}
	utf8_shorten(text, OAUTH_REASON_SIZE - 1);
	snprintf(ret, OAUTH_REASON_SIZE, "%s", text);
}

/* The tool answered and gave nothing. */
static int denied(struct oauth *o, const cJSON *answer, const char *secret, int status, struct err *e)
{
	const char *error = json_get_text(answer, "error");
	char reason[OAUTH_REASON_SIZE];
	int r;

	oauth_reason(o, answer, secret, reason);
	if (!reason[0])
		snprintf(reason, sizeof(reason), "HTTP %d", status);
	if (str_equal(error, "server_error") || str_equal(error, "temporarily_unavailable")) {
		err_set(e, EIO, "%s cannot renew the login now (%s)", o->setup.tool, reason);
		if (e)
			e->retry = ERR_LATER;
		r = -EIO;
	} else if (str_equal(error, "invalid_client") || str_equal(error, "unauthorized_client") ||
		   o->setup.grant != OAUTH_CODE) {
		r = err_set(e, EACCES, "%s does not accept our client (%s): check its keys in stack.json",
			o->setup.tool, reason);
	} else {
		if (str_equal(error, "invalid_grant"))
			str_set(&o->dead, reason);
		r = oauth_logged_out(o, reason, e);
	}
	if (e)
		e->http_status = status;
	return oauth_failed(r, e);
}

/* What an answer other than 200 means. */
static int refused(
	struct oauth *o, const struct http_answer *a, const cJSON *answer, const char *secret, struct err *e)
{
	int r;

	if (a->status == 400 || a->status == 401 || a->status == 403 || json_get_text(answer, "error"))
		return denied(o, answer, secret, a->status, e);
	r = http_refused(o->http, a, e);
	err_prefix(e, "the login cannot be renewed");
	return oauth_failed(r, e);
}

/* ---- Tokens ---- */

/* Seconds, also as a text; 0 when the tool does not say or it makes no sense. */
static int64_t lifetime_s(const cJSON *answer)
{
	const cJSON *item = json_get(answer, "expires_in");
	const char *text = json_text(item);
	struct decimal number;
	int64_t s = 0;

	if (text && decimal_parse(text, &number) == 0 && number.scale == 0)
		s = number.mantissa;
	else if (item && !text && json_int64(item, &s) < 0)
		s = 0;
	return s > 0 && s < LONGEST_S ? s : 0;
}

/* A number is kept as its digits. */
static const char *as_text(const cJSON *item)
{
	return json_text(item) ? json_text(item) : json_number(item);
}

/* What an answer does not say again stays as it was. */
static cJSON *keep(const struct oauth *o, const cJSON *answer, const cJSON *redirect)
{
	cJSON *kept = o->tokens.kept ? cJSON_Duplicate(o->tokens.kept, 1) : cJSON_CreateObject();
	const cJSON *rule;

	cJSON_ArrayForEach (rule, o->setup.keep) {
		const char *pointer = json_text(rule), *text;

		if (!pointer)
			continue;
		text = as_text(json_at(answer, pointer));
		if (!text && redirect)
			text = as_text(json_at(redirect, pointer));
		if (text)
			json_set_text(kept, rule->string, text);
	}
	return kept;
}

/* A refresh token that is not given anew is the old one still (RFC 6749 6). */
static void take(struct oauth *o, const cJSON *answer, const cJSON *redirect, int64_t asked_ms)
{
	const char *refresh = json_get_text(answer, "refresh_token");
	int64_t s = lifetime_s(answer);
	struct oauth_tokens fresh = {.access = str_dup(json_get_text(answer, "access_token")),
		.refresh = str_dup(refresh && *refresh ? refresh : o->tokens.refresh),
		.made_ms = asked_ms,
		.ends_ms = s ? asked_ms + s * 1000 : 0,
		.kept = keep(o, answer, redirect)};

	oauth_tokens_finish(&o->tokens);
	o->tokens = fresh;
	o->refused = 0;
	free(o->dead);
	o->dead = NULL;
}

/* It goes into a header (RFC 6749 A.12). */
static _Bool can_be_sent(const char *token)
{
	size_t len = 0;

	while (token && token[len] >= ' ' && token[len] < 127)
		len++;
	return len > 0 && len < SECRET_MAX && !token[len];
}

int oauth_ask(struct oauth *o, struct buf *form, const char *secret, const cJSON *redirect, struct err *e)
{
	const struct oauth_setup *s = &o->setup;
	struct http_request request = {
		.method = "POST", .url = s->token_url, .content_type = "application/x-www-form-urlencoded"};
	struct http_answer a = {0};
	int64_t asked_ms = clock_now_ms();
	cJSON *answer = NULL;
	int r;

	if (!s->client_secret || s->client_in_body)
		oauth_field(form, "client_id", s->client_id);
	if (s->client_in_body)
		oauth_field(form, "client_secret", s->client_secret);
	if (form->error)
		return oauth_failed(err_set(e, EIO, "%s: the login is too long to be sent", s->tool), e);
	request.body = form->data;
	request.body_len = form->len;
	r = http_send(o->http, &request, &a, e);
	if (r < 0)
		return oauth_failed(r, e);
	(void)json_parse(buf_text(&a.body), a.body.len, JSON_REMOTE, &answer, NULL, NULL);
	if (a.status < 200 || a.status > 299 || json_get_text(answer, "error")) {
		r = refused(o, &a, answer, secret, e);
	} else if (!can_be_sent(json_get_text(answer, "access_token"))) {
		r = err_set(e, EIO, "%s answered the login with something that has no access token in it",
			s->tool);
		if (e)
			e->retry = ERR_LATER;
		r = oauth_failed(r, e);
	} else {
		take(o, answer, redirect, asked_ms);
	}
	oauth_wipe_json(answer);
	oauth_wipe_buf(&a.body);
	return r;
}

/* ---- Grants without a person ---- */

static int add_claims(const struct oauth *o, struct buf *b)
{
	const struct oauth_setup *s = &o->setup;
	long long now_s = clock_now_ms() / 1000;
	_cleanup_json_ cJSON *claims = cJSON_CreateObject();
	_cleanup_(mem_freep) char *text = NULL;

	json_set_text(claims, "iss", json_get_text(s->service_account, "client_email"));
	if (s->subject)
		json_set_text(claims, "sub", s->subject);
	if (s->scopes)
		json_set_text(claims, "scope", s->scopes);
	json_set_text(claims, "aud", s->token_url);
	json_set(claims, "iat", json_new_int(now_s));
	json_set(claims, "exp", json_new_int(now_s + ASSERTION_S));
	text = json_print(claims);
	return crypto_base64url(b, text, strlen(text));
}

/* The signed request of RFC 7523 3, in the form of RFC 7515 7.1. */
static int sign(const struct oauth *o, struct buf *b, struct err *e)
{
	const cJSON *account = o->setup.service_account;
	_cleanup_json_ cJSON *header = cJSON_CreateObject();
	_cleanup_(mem_freep) char *text = NULL;
	_cleanup_(buf_finish) struct buf signature = BUF_INIT(4096);
	int r;

	json_set_text(header, "alg", "RS256");
	json_set_text(header, "typ", "JWT");
	if (json_get_text(account, "private_key_id"))
		json_set_text(header, "kid", json_get_text(account, "private_key_id"));
	text = json_print(header);
	crypto_base64url(b, text, strlen(text));
	buf_putc(b, '.');
	r = add_claims(o, b);
	if (r == 0)
		r = crypto_rs256(json_get_text(account, "private_key"), b->data, b->len, &signature, e);
	if (r == 0) {
		buf_putc(b, '.');
		r = crypto_base64url(b, signature.data, signature.len);
	}
	return r;
}

int oauth_ask_anew(struct oauth *o, struct err *e)
{
	struct buf form = oauth_secret_buf(OAUTH_MAX_FILE), assertion = oauth_secret_buf(OAUTH_MAX_FILE);
	int r = 0;

	if (o->setup.grant == OAUTH_CLIENT) {
		oauth_field(&form, "grant_type", "client_credentials");
		oauth_field(&form, "scope", o->setup.scopes);
	} else {
		r = sign(o, &assertion, e);
		oauth_field(&form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
		oauth_field(&form, "assertion", buf_text(&assertion));
	}
	r = r < 0 ? oauth_failed(r, e) : oauth_ask(o, &form, buf_text(&assertion), NULL, e);
	oauth_wipe_buf(&assertion);
	oauth_wipe_buf(&form);
	return r;
}
