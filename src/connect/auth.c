/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/auth.h"

#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/oauth.h"

/* The longest secret, and what may stand around it. */
enum { FILLED_MAX = SECRET_MAX + 4096 };

static const cJSON *auth_json(const struct engine *g)
{
	return json_get(g->manifest->http, "auth");
}

char *auth_filled(const struct engine *g, const char *template)
{
	struct template_values v = engine_values(g, &(struct call){0});
	struct buf b = BUF_INIT(2 * FILLED_MAX);

	if (!template)
		return NULL;
	/* Room for all of it at once: a buffer that moves would leave a copy of the secret behind. */
	buf_resize(&b, FILLED_MAX);
	buf_clear(&b);
	if (template_expand(template, &v, buf_puts, &b) != 0) {
		buf_finish(&b);
		return NULL;
	}
	return buf_steal(&b);
}

static void open_query(struct engine *g, const cJSON *query)
{
	struct buf b = BUF_INIT(2 * FILLED_MAX);
	const cJSON *param;

	buf_resize(&b, FILLED_MAX);
	buf_clear(&b);
	cJSON_ArrayForEach (param, query) {
		char *value = auth_filled(g, json_text(param));

		if (value) {
			if (b.len)
				buf_putc(&b, '&');
			http_encode(&b, param->string);
			buf_putc(&b, '=');
			http_encode(&b, value);
		}
		secret_wipe_text(value);
	}
	g->auth.query = buf_steal(&b);
}

char *auth_url(const struct auth *a, const char *url)
{
	if (!a->query || !*a->query)
		return str_dup(url);
	return str_format("%s%c%s", url, strchr(url, '?') ? '&' : '?', a->query);
}

/* ---- sessions ---- */

static int log_in(struct engine *g, struct err *e)
{
	struct auth *a = &g->auth;
	_cleanup_(reply_finish) struct reply reply = {0};
	const cJSON *header = json_get(a->login, "header");
	const char *token;
	int r = engine_call(g, &(struct call){.request = a->login, .scope = ERR_TOOL}, &reply, e);

	if (r < 0)
		return r;
	token = json_scalar(json_at(reply.json, json_get_text(a->login, "token")));
	if (!token || !*token) {
		err_set(e, EACCES, "%s does not let us in: the user or the password is not accepted",
			g->link.name);
		if (e) {
			e->scope = ERR_TOOL;
			e->retry = ERR_AFTER_USER;
		}
		return -EACCES;
	}
	secret_wipe_text(a->session);
	a->session = str_dup(token);
	a->header = header->child->string;
	secret_wipe_text(a->value);
	a->value = auth_filled(g, json_text(header->child));
	return 0;
}

/* ---- OAuth 2 ---- */

static void keep_values(struct engine *g)
{
	struct auth *a = &g->auth;
	size_t i = 0;
	const cJSON *name;

	cJSON_ArrayForEach (name, json_at(auth_json(g), "/oauth2/keep")) {
		const char *text = oauth_kept(a->oauth, name->string);

		a->kept[i].name = name->string;
		str_set(&a->kept[i++].text, text);
	}
	a->kept_count = i;
}

static int take_token(struct engine *g, struct err *e)
{
	struct auth *a = &g->auth;
	const char *token = NULL;
	int r = oauth_token(a->oauth, &token, e);

	if (r < 0)
		return r;
	secret_wipe_text(a->value);
	a->value = str_format("%s %s", a->scheme, token);
	keep_values(g);
	/* The address itself may be one that the login told. */
	return g->base ? 0 : engine_base(g, e);
}

/* What the token endpoint is to be told, from the manifest and the settings; everything is given but the JSON. */
struct parts {
	char *token, *authorize, *client_id, *client_secret, *scopes, *path;
	cJSON *params, *account;
};

static void parts_finish(struct parts *p)
{
	free(p->token);
	free(p->authorize);
	free(p->client_id);
	secret_wipe_text(p->client_secret);
	free(p->scopes);
	free(p->path);
	cJSON_Delete(p->params);
	cJSON_Delete(p->account);
}

static char *joined_scopes(const cJSON *scopes)
{
	struct buf b = BUF_INIT(8192);
	const cJSON *one;

	if (!scopes || json_text(scopes))
		return str_dup(json_text(scopes));
	cJSON_ArrayForEach (one, scopes)
		buf_printf(&b, "%s%s", b.len ? " " : "", json_scalar(one));
	return buf_steal(&b);
}

static cJSON *filled_params(const struct engine *g, const cJSON *params)
{
	cJSON *filled_ones = cJSON_CreateObject();
	const cJSON *param;

	cJSON_ArrayForEach (param, params) {
		_cleanup_(mem_freep) char *value = auth_filled(g, json_text(param));

		if (value)
			json_set_text(filled_ones, param->string, value);
	}
	return filled_ones;
}

/* A service account's file is a setting: a path, read like a secret but as a whole. */
static int read_account(
	const struct engine *g, const char *setting, const char *base_dir, cJSON **ret, struct err *e)
{
	_cleanup_(mem_freep) char *name = str_format("{%s}", setting);
	_cleanup_(mem_freep) char *file = auth_filled(g, name);
	_cleanup_(mem_freep) char *path = file ? path_join(base_dir, file) : NULL;
	_cleanup_(fd_closep) int fd = -1;
	struct buf text = BUF_INIT(SECRET_MAX);
	struct stat st;
	int r;

	if (!path)
		return err_set(e, EINVAL, "\"%s\" is missing: the service account's file", setting);
	r = secret_open(path, 1, &fd, &st, e);
	if (r < 0)
		return r;
	/* Room for all of it at once, as for any secret. */
	buf_resize(&text, SECRET_MAX);
	buf_clear(&text);
	r = file_read_fd(fd, &text);
	r = r < 0 ? err_set(e, -r, "%s cannot be read: %s", path, strerror(-r))
		  : json_parse(buf_text(&text), text.len, JSON_STRICT, ret, NULL, e);
	if (text.data)
		explicit_bzero(text.data, text.size);
	buf_finish(&text);
	return r;
}

static int read_parts(
	struct engine *g, const cJSON *json, const struct tool_setup *setup, struct parts *p, struct err *e)
{
	const char *own = json_get_text(setup->config, "login");

	p->token = auth_filled(g, json_get_text(json, "token"));
	p->authorize = auth_filled(g, json_get_text(json, "authorize"));
	p->client_id = auth_filled(g, "{client_id}");
	p->client_secret = auth_filled(g, "{client_secret}");
	p->scopes = joined_scopes(json_get(json, "scopes"));
	p->params = filled_params(g, json_get(json, "params"));
	p->path = own ? path_join(setup->base_dir, own)
		      : str_format("%s/logins/%s.json", setup->base_dir, setup->name);
	return json_get(json, "key")
		       ? read_account(g, json_get_text(json, "key"), setup->base_dir, &p->account, e)
		       : 0;
}

static int open_oauth(struct engine *g, const cJSON *json, const struct tool_setup *setup, struct err *e)
{
	static atomic_bool never;
	const char *grant = json_get_text(json, "grant");
	char name[64];
	_cleanup_(parts_finish) struct parts p = {0};
	struct oauth_setup s = {.tool = g->link.name, .keep = json_get(json, "keep")};
	int r = read_parts(g, json, setup, &p, e);

	if (r < 0)
		return r;
	s.grant = strcmp(grant, "code") == 0  ? OAUTH_CODE
		  : strcmp(grant, "jwt") == 0 ? OAUTH_JWT
					      : OAUTH_CLIENT;
	s.token_url = p.token;
	s.public_only = !engine_chosen(g, json_get_text(json, "token"), name);
	s.authorize_url = p.authorize;
	s.client_id = p.client_id;
	s.client_secret = p.client_secret;
	s.client_in_body = str_equal(json_get_text(json, "client"), "post");
	s.pkce = cJSON_IsTrue(json_get(json, "pkce"));
	s.scopes = p.scopes;
	s.redirect = json_get_text(json, "redirect");
	s.params = p.params;
	s.service_account = p.account;
	s.path = p.path;
	s.stop = setup->stop ? setup->stop : &never;
	g->auth.scheme = json_get_text(json, "scheme") ? json_get_text(json, "scheme") : "Bearer";
	g->auth.header = "Authorization";
	g->auth.kept = mem_alloc(((size_t)cJSON_GetArraySize(s.keep) + 1) * sizeof(*g->auth.kept));
	r = oauth_open(&s, &g->auth.oauth, e);
	if (r == 0)
		keep_values(g);
	return r;
}

/* ---- the face ---- */

int auth_open(struct engine *g, const struct tool_setup *setup, struct err *e)
{
	const cJSON *auth = auth_json(g);

	if (json_get(auth, "query"))
		open_query(g, json_get(auth, "query"));
	g->auth.login = json_get(auth, "login");
	return json_get(auth, "oauth2") ? open_oauth(g, json_get(auth, "oauth2"), setup, e) : 0;
}

void auth_finish(struct auth *a)
{
	oauth_free(a->oauth);
	secret_wipe_text(a->session);
	secret_wipe_text(a->value);
	secret_wipe_text(a->query);
	for (size_t i = 0; i < a->kept_count; i++)
		free(a->kept[i].text);
	free(a->kept);
}

int auth_ready(struct engine *g, const cJSON *request, struct err *e)
{
	if (g->auth.oauth)
		return take_token(g, e);
	if (g->auth.login && !g->auth.session && request != g->auth.login)
		return log_in(g, e);
	return 0;
}

_Bool auth_refused(struct engine *g, const cJSON *request)
{
	if (g->auth.oauth)
		return oauth_refused(g->auth.oauth);
	if (!g->auth.session || request == g->auth.login)
		return 0;
	secret_wipe_text(g->auth.session);
	g->auth.session = NULL;
	secret_wipe_text(g->auth.value);
	g->auth.value = NULL;
	return 1;
}
