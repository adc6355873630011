/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/net/oauth.h"

#include <errno.h>
#include <string.h>

#include "net/oauth_parts.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"
#include "seamfs/net/secret.h"

#define EARLY_MS   60000  /* so long before its end a token is renewed */
#define SETTLED_MS 300000 /* a new token that is refused at once is not the reason; so long it is kept */

/* ---- Secrets in memory ---- */

static void wipe(cJSON *item)
{
	for (; item; item = item->next) {
		if (item->valuestring)
			explicit_bzero(item->valuestring, strlen(item->valuestring));
		wipe(item->child);
	}
}

void oauth_wipe_json(cJSON *item)
{
	wipe(item);
	cJSON_Delete(item);
}

void oauth_tokens_finish(struct oauth_tokens *t)
{
	secret_wipe_text(t->access);
	secret_wipe_text(t->refresh);
	cJSON_Delete(t->kept);
	*t = (struct oauth_tokens){0};
}

struct buf oauth_secret_buf(size_t max)
{
	struct buf b = BUF_INIT(max);

	buf_resize(&b, max);
	buf_clear(&b);
	return b;
}

void oauth_wipe_buf(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->size);
	buf_finish(b);
}

/* ---- Failures ---- */

int oauth_failed(int r, struct err *e)
{
	if (r >= 0)
		return r;
	/* To the caller ENOENT or EINVAL would say something about the record that the token was for. */
	if (r != -EACCES && r != -EAGAIN && r != -ECANCELED)
		r = -EIO;
	if (e) {
		e->code = -r;
		e->scope = ERR_TOOL;
		if (r == -EACCES || e->retry == ERR_NEVER || e->retry == ERR_NOW)
			e->retry = ERR_AFTER_USER;
		e->sent = 0;
		e->field[0] = '\0';
	}
	return r;
}

int oauth_logged_out(const struct oauth *o, const char *why, struct err *e)
{
	if (*why)
		err_set(e, EACCES, "%s is logged out (%s): run \"seamfs tool login %s\"", o->setup.tool, why,
			o->setup.tool);
	else
		err_set(e, EACCES, "%s is not logged in yet: run \"seamfs tool login %s\"", o->setup.tool,
			o->setup.tool);
	return oauth_failed(-EACCES, e);
}

/* ---- Opening ---- */

static void copy_setup(struct oauth_setup *to, const struct oauth_setup *from)
{
	*to = *from;
	to->tool = str_dup(from->tool);
	to->token_url = str_dup(from->token_url);
	to->authorize_url = str_dup(from->authorize_url);
	to->client_id = str_dup(from->client_id);
	to->client_secret = str_dup(from->client_secret);
	to->scopes = str_dup(from->scopes);
	to->redirect = str_dup(from->redirect);
	to->params = cJSON_Duplicate(from->params, 1);
	to->keep = cJSON_Duplicate(from->keep, 1);
	to->service_account = cJSON_Duplicate(from->service_account, 1);
	to->subject = str_dup(from->subject);
	to->path = str_dup(from->path);
	if (from->grant == OAUTH_JWT && !to->token_url)
		to->token_url = str_dup(json_get_text(from->service_account, "token_uri"));
}

static void free_setup(struct oauth_setup *s)
{
	free((char *)s->tool);
	free((char *)s->token_url);
	free((char *)s->authorize_url);
	free((char *)s->client_id);
	secret_wipe_text((char *)s->client_secret);
	free((char *)s->scopes);
	free((char *)s->redirect);
	cJSON_Delete((cJSON *)s->params);
	cJSON_Delete((cJSON *)s->keep);
	oauth_wipe_json((cJSON *)s->service_account);
	free((char *)s->subject);
	free((char *)s->path);
}

static int check_account(const cJSON *account, struct err *e)
{
	const char *key = json_get_text(account, "private_key");
	struct buf signature = BUF_INIT(4096);
	int r;

	if (!key || !json_get_text(account, "client_email"))
		return err_set(e, EINVAL,
			"a service account's file has \"client_email\" and \"private_key\"; this is none");
	r = crypto_rs256(key, "", 0, &signature, e);
	buf_finish(&signature);
	return r;
}

static int check_setup(const struct oauth_setup *s, struct err *e)
{
	int r;

	if (!s->token_url || (s->grant == OAUTH_CODE && (!s->authorize_url || !s->path)))
		return err_set(e, EINVAL, "an address for the login is missing");
	if (s->grant != OAUTH_JWT && !s->client_id)
		return err_set(e, EINVAL, "the login needs a \"client_id\"");
	if (s->grant == OAUTH_CLIENT && !s->client_secret)
		return err_set(e, EINVAL, "the login needs a \"client_secret\"");
	r = http_check_url(s->token_url, e);
	if (r == 0 && s->grant == OAUTH_CODE)
		r = http_check_url(s->authorize_url, e);
	if (r == 0 && s->grant == OAUTH_JWT)
		r = check_account(s->service_account, e);
	return r;
}

/* Who we are, for the token endpoint: RFC 6749 2.3.1 wants both encoded before they are put together. */
static int set_client(struct oauth *o, struct err *e)
{
	struct buf id = oauth_secret_buf(SECRET_MAX), secret = oauth_secret_buf(3 * SECRET_MAX);
	int r = 0;

	if (o->setup.client_id && o->setup.client_secret && !o->setup.client_in_body) {
		http_encode(&id, o->setup.client_id);
		http_encode(&secret, o->setup.client_secret);
		r = id.error || secret.error ? err_set(e, EINVAL, "client_id or client_secret is too long")
					     : http_set_basic(o->http, buf_text(&id), buf_text(&secret), e);
	}
	oauth_wipe_buf(&id);
	oauth_wipe_buf(&secret);
	return r;
}

int oauth_open(const struct oauth_setup *setup, struct oauth **ret, struct err *e)
{
	struct oauth *o = mem_alloc(sizeof(*o));
	int r;

	copy_setup(&o->setup, setup);
	o->http = http_new(o->setup.tool, &(struct http_limits){0}, setup->stop);
	if (setup->public_only)
		http_public_only(o->http);
	r = check_setup(&o->setup, e);
	if (r == 0)
		r = set_client(o, e);
	if (r == 0 && setup->grant == OAUTH_CODE)
		r = oauth_file_look(o, e);
	if (r < 0)
		oauth_free(o);
	else
		*ret = o;
	return r;
}

void oauth_free(struct oauth *o)
{
	if (!o)
		return;
	http_free(o->http);
	oauth_tokens_finish(&o->tokens);
	free_setup(&o->setup);
	free(o->dead);
	free(o);
}

/* ---- The token ---- */

static _Bool usable(const struct oauth *o)
{
	const struct oauth_tokens *t = &o->tokens;
	/* One that lives for a minute only is not renewed at every request. */
	int64_t early_ms =
		(t->ends_ms - t->made_ms) / 2 < EARLY_MS ? (t->ends_ms - t->made_ms) / 2 : EARLY_MS;

	return t->access && !o->refused && !o->unsaved &&
	       (t->ends_ms == 0 || clock_now_ms() < t->ends_ms - early_ms);
}

static int refresh(struct oauth *o, struct err *e)
{
	struct oauth_tokens *t = &o->tokens;
	struct buf form;
	int r;

	if (!t->access && !t->refresh)
		return oauth_logged_out(o, "", e);
	if (o->dead)
		return oauth_logged_out(o, o->dead, e);
	if (!t->refresh)
		return oauth_logged_out(o,
			o->refused ? "its access token is not accepted any more"
				   : "its access token has ended",
			e);
	form = oauth_secret_buf(OAUTH_MAX_FILE);
	oauth_field(&form, "grant_type", "refresh_token");
	oauth_field(&form, "refresh_token", t->refresh);
	r = oauth_ask(o, &form, t->refresh, NULL, e);
	oauth_wipe_buf(&form);
	if (r == 0)
		r = oauth_file_save(o, e);
	return r;
}

/* Renews a login. While we waited for the lock, or between two looks, another program may have done it. */
static int renew_login(struct oauth *o, struct err *e)
{
	_cleanup_(fd_closep) int lock = -1;
	int r;

	if (!o->tokens.access && !o->tokens.refresh)
		return oauth_logged_out(o, "", e);
	r = oauth_file_lock(o, &lock, e);
	if (r == 0)
		r = oauth_file_look(o, e);
	if (r == 0 && o->unsaved)
		r = oauth_file_save(o, e);
	return r < 0 || usable(o) ? r : refresh(o, e);
}

int oauth_token(struct oauth *o, const char **ret, struct err *e)
{
	int r = o->setup.grant == OAUTH_CODE ? oauth_file_look(o, e) : 0;
	_Bool refused = o->refused;

	/* Nobody complained about it the last time. */
	if (o->given)
		o->again_ms = 0;
	if (r == 0 && !usable(o)) {
		r = o->setup.grant == OAUTH_CODE ? renew_login(o, e) : oauth_ask_anew(o, e);
		if (r == 0 && refused)
			o->again_ms = clock_steady_ms() + SETTLED_MS;
	}
	if (r < 0)
		return oauth_failed(r, e);
	o->given = 1;
	*ret = o->tokens.access;
	return 0;
}

_Bool oauth_refused(struct oauth *o)
{
	o->given = 0;
	if (!o->tokens.access || clock_steady_ms() < o->again_ms)
		return 0;
	o->refused = 1;
	return 1;
}

const char *oauth_kept(const struct oauth *o, const char *name)
{
	return json_get_text(o->tokens.kept, name);
}
