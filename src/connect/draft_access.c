/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a tool and the login, from "servers" and "securitySchemes". */
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

void draft_setting(struct draft *d, const char *name, const char *label, _Bool secret, const char *value)
{
	cJSON *settings = json_get(d->out, "settings"), *setting;

	if (json_get(settings, name))
		return;
	setting = cJSON_AddObjectToObject(settings, name);
	json_set_text(setting, "label", label);
	if (secret)
		cJSON_AddTrueToObject(setting, "secret");
	if (value)
		json_set_text(setting, "default", value);
}

/* ---- Address ---- */

/* Where the path of an address begins; its end without one. */
static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? host + 3 + strcspn(host + 3, "/") : url;
}

/* Addresses that are nobody's: for trying, or to be replaced by the reader. */
static _Bool is_for_trying(const char *url)
{
	static const char *const marks[] = {"sandbox", "localhost", "127.0.0.1", "staging", "example.",
		"your-", "yourdomain", "//demo.", "//test."};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (strcasestr(url, marks[i]))
			return 1;
	}
	return 0;
}

/* Swagger 2 has it in parts; given, NULL: none is told. */
static char *swagger_url(const struct draft *d)
{
	const char *host = json_get_text(d->spec, "host"), *path = json_get_text(d->spec, "basePath");

	if (!host)
		return path ? str_dup(path) : NULL;
	return str_format("https://%s%s", host, path ? path : "");
}

/* The first address that is no sandbox; given, NULL: none. */
static char *server_url(struct draft *d)
{
	const cJSON *servers = json_get(d->spec, "servers"), *one, *best = NULL;

	if (d->swagger)
		return swagger_url(d);
	cJSON_ArrayForEach (one, servers) {
		const char *url = json_get_text(one, "url");

		if (!url)
			continue;
		if (!best || (is_for_trying(json_get_text(best, "url")) && !is_for_trying(url)))
			best = one;
		else
			draft_guess(d, NULL, "the document has another address, too: %s", url);
	}
	return best ? str_dup(json_get_text(best, "url")) : NULL;
}

/* The default of a variable in an address; NULL without one. */
static const char *variable(const struct draft *d, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, json_get(d->spec, "servers")) {
		const char *value = json_get_text(json_get(json_get(one, "variables"), name), "default");

		if (value && *value)
			return value;
	}
	return NULL;
}

/* A variable in the path is a setting of its own. */
static void path_variable(struct draft *d, const char *name, struct buf *out)
{
	_cleanup_(mem_freep) char *label =
		str_format("What stands for {%s} in the address of the tool", name);
	char setting[DRAFT_WORD + 8];

	word_setting(name, setting);
	draft_setting(d, setting, label, 0, variable(d, name));
	buf_printf(out, "{%s}", setting);
}

/* Puts defaults in place of the variables in the host, whose number comes back in @ret; false when one has no default. */
static _Bool fill_variables(struct draft *d, const char *url, struct buf *out, int *ret)
{
	const char *path = path_of(url);
	_Bool all = 1;

	*ret = 0;
	while (*url) {
		size_t len = strcspn(url, "{"), end = strcspn(url + len, "}");
		_cleanup_(mem_freep) char *name = NULL;

		buf_add(out, url, len);
		url += len;
		if (!*url || !url[end] || end < 2 || end > DRAFT_WORD)
			return all && !*url;
		name = mem_dup(url + 1, end - 1);
		if (url > path)
			path_variable(d, name, out);
		else
			buf_puts(out, variable(d, name) ? variable(d, name) : name);
		all = all && (url > path || variable(d, name));
		*ret += url < path;
		url += end + 1;
	}
	return all;
}

/* What an address may not have in it. */
static _Bool url_good(const char *url)
{
	return strncmp(url, "https://", 8) == 0 && url[8] && url[8] != '/' && !strpbrk(url, "?# @\"\\\t\n") &&
	       strlen(url) < 300;
}

static void set_base(struct draft *d, const char *url)
{
	cJSON *http = json_get(d->out, "http");
	_cleanup_(buf_finish) struct buf filled = BUF_INIT(4096);
	_cleanup_(mem_freep) char *label = NULL, *host = NULL, *base = NULL;
	int varies;
	_Bool known = fill_variables(d, url, &filled, &varies);
	const char *path = path_of(buf_text(&filled));

	while (filled.len && filled.data[filled.len - 1] == '/')
		buf_resize(&filled, filled.len - 1);
	if (!varies && known && url_good(buf_text(&filled)) && !is_for_trying(buf_text(&filled))) {
		json_set_text(http, "base", buf_text(&filled));
		return;
	}
	path = path_of(buf_text(&filled));
	host = mem_dup(buf_text(&filled), (size_t)(path - buf_text(&filled)));
	base = str_format("{url}%s", strpbrk(path, "?# \"\\") || *path != '/' ? "" : path);
	known = known && url_good(host) && !is_for_trying(host);
	label = known ? str_dup("Address of the tool")
		      : str_format("Address of the tool, for example %s",
				url_good(host) && !is_for_trying(host) ? host : "https://tool.example.com");
	draft_setting(d, "url", label, 0, known ? host : NULL);
	json_set_text(http, "base", base);
	draft_guess(d, NULL, "the address \"%s\" varies: the setting \"url\"", url);
}

/* ---- Login ---- */

static const cJSON *schemes_of(const struct draft *d)
{
	return d->swagger ? json_get(d->spec, "securityDefinitions")
			  : json_at(d->spec, "/components/securitySchemes");
}

enum login { LOGIN_NONE, LOGIN_CLIENT, LOGIN_CODE, LOGIN_QUERY, LOGIN_BASIC, LOGIN_HEADER, LOGIN_BEARER };

static const cJSON *flow_of(const struct draft *d, const cJSON *scheme, _Bool client)
{
	const cJSON *flows = json_get(scheme, "flows");

	if (d->swagger)
		return str_equal(json_get_text(scheme, "flow"), client ? "application" : "accessCode")
			       ? scheme
			       : NULL;
	return json_get(flows, client ? "clientCredentials" : "authorizationCode");
}

/* What a person has at once is better than what needs an app to be registered. */
static enum login login_of(const struct draft *d, const cJSON *scheme)
{
	const char *type = json_get_text(scheme, "type"), *in = json_get_text(scheme, "in");
	const char *http = json_get_text(scheme, "scheme");

	if (!type)
		return LOGIN_NONE;
	if (strcmp(type, "http") == 0)
		return http && strcasecmp(http, "basic") == 0 ? LOGIN_BASIC : LOGIN_BEARER;
	if (strcmp(type, "basic") == 0)
		return LOGIN_BASIC;
	if (strcmp(type, "apiKey") == 0)
		return str_equal(in, "header")	? LOGIN_HEADER
		       : str_equal(in, "query") ? LOGIN_QUERY
						: LOGIN_NONE;
	if (strcmp(type, "oauth2") != 0)
		return LOGIN_NONE;
	if (json_get_text(flow_of(d, scheme, 0), "tokenUrl"))
		return LOGIN_CODE;
	return json_get_text(flow_of(d, scheme, 1), "tokenUrl") ? LOGIN_CLIENT : LOGIN_NONE;
}

/* An address of the document as one of a manifest: what has no host is at the tool's own. Given. */
static char *login_url(const char *url)
{
	if (url && *url == '/' && url[1] != '/')
		return str_format("{url}%s", url);
	return str_dup(url && url_good(url) ? url : "https://tool.example.com/oauth/token");
}

/* {url} in an address of the login needs that setting. */
static void need_url(struct draft *d, const char *text)
{
	cJSON *http = json_get(d->out, "http");
	const char *base = json_get_text(http, "base");
	_cleanup_(mem_freep) char *host = NULL, *rest = NULL;

	if (!strstr(text, "{url}") || json_get(json_get(d->out, "settings"), "url"))
		return;
	host = mem_dup(base, (size_t)(path_of(base) - base));
	rest = str_format("{url}%s", path_of(base));
	draft_setting(d, "url", "Address of the tool", 0, host);
	json_set_text(http, "base", rest);
}

static void add_scopes(struct draft *d, cJSON *oauth, const cJSON *flow)
{
	cJSON *scopes = cJSON_CreateArray();
	const cJSON *one;

	cJSON_ArrayForEach (one, json_get(flow, "scopes")) {
		if (one->string && (!d->scopes->child || json_get(d->scopes, one->string)))
			cJSON_AddItemToArray(scopes, cJSON_CreateString(one->string));
	}
	if (scopes->child && cJSON_GetArraySize(scopes) <= 40) {
		cJSON_AddItemToObject(oauth, "scopes", scopes);
		return;
	}
	if (scopes->child)
		draft_ask(d, NULL, "http.auth.oauth2.scopes: which of the document's %d are needed",
			cJSON_GetArraySize(scopes));
	cJSON_Delete(scopes);
}

static void add_oauth(struct draft *d, cJSON *auth, const cJSON *scheme, _Bool client)
{
	const cJSON *flow = flow_of(d, scheme, client);
	cJSON *oauth = cJSON_AddObjectToObject(auth, "oauth2");
	_cleanup_(mem_freep) char *token = login_url(json_get_text(flow, "tokenUrl"));
	_cleanup_(mem_freep) char *authorize =
		client ? NULL : login_url(json_get_text(flow, "authorizationUrl"));

	json_set_text(oauth, "grant", client ? "client" : "code");
	if (authorize)
		json_set_text(oauth, "authorize", authorize);
	json_set_text(oauth, "token", token);
	need_url(d, token);
	need_url(d, authorize ? authorize : "");
	add_scopes(d, oauth, flow);
	if (!client)
		json_set_text(oauth, "redirect", "http://localhost:8917/");
	draft_setting(d, "client_id", "Client id of your app", 0, NULL);
	draft_setting(d, "client_secret", "Client secret of your app", 1, NULL);
	draft_ask(d, NULL,
		"http.auth.oauth2: whether the tool knows \"pkce\", and takes the secret as \"client\" "
		"\"basic\" "
		"or \"post\"");
}

/* "X-Api-Key" is {key}, "Private-Token" {token}; any other is named after its header. */
static void key_setting(struct draft *d, const char *name, char ret[DRAFT_WORD + 8])
{
	_Bool token = strcasecmp(name, "Authorization") == 0 || strcasestr(name, "token");
	_cleanup_(mem_freep) char *label = str_format("Value of \"%s\"", name);

	snprintf(ret, DRAFT_WORD, "%s", token ? "token" : "key");
	if ((!token && !strcasestr(name, "key")) || json_get(json_get(d->out, "settings"), ret)) {
		word_setting(name, ret);
		draft_setting(d, ret, label, 1, NULL);
	} else {
		draft_setting(d, ret, token ? "API token" : "API key", 1, NULL);
	}
}

static cJSON *object_in(cJSON *holder, const char *name)
{
	cJSON *object = json_get(holder, name);

	return object ? object : cJSON_AddObjectToObject(holder, name);
}

static _Bool says_bearer(const cJSON *scheme)
{
	const char *text = json_get_text(scheme, "description");

	return (text && strcasestr(text, "bearer")) ||
	       (scheme->string && strcasestr(scheme->string, "bearer"));
}

static void add_key(struct draft *d, const cJSON *scheme, enum login how)
{
	cJSON *http = json_get(d->out, "http"), *place;
	const char *name = json_get_text(scheme, "name");
	_cleanup_(mem_freep) char *value = NULL;
	char setting[DRAFT_WORD + 8];

	if (!name || !*name || strpbrk(name, "{}:\r\n \t"))
		return;
	key_setting(d, name, setting);
	value = str_format("{%s}", setting);
	if (how == LOGIN_QUERY) {
		place = object_in(object_in(http, "auth"), "query");
	} else if (strcasecmp(name, "Authorization") == 0 && says_bearer(scheme)) {
		place = object_in(http, "auth");
		name = "bearer";
	} else {
		place = object_in(http, "headers");
		if (strcasecmp(name, "Authorization") == 0)
			draft_ask(d, NULL, "http.headers: whether a word stands before the token in \"%s\"",
				name);
	}
	json_set_text(place, name, value);
}

static void add_scheme(struct draft *d, const cJSON *scheme)
{
	cJSON *http = json_get(d->out, "http"), *auth, *basic;
	enum login how = login_of(d, scheme);

	if (how == LOGIN_HEADER || how == LOGIN_QUERY) {
		add_key(d, scheme, how);
		return;
	}
	auth = json_get(http, "auth");
	if (how == LOGIN_NONE || auth)
		return;
	auth = object_in(http, "auth");
	if (how == LOGIN_CODE || how == LOGIN_CLIENT) {
		add_oauth(d, auth, scheme, how == LOGIN_CLIENT);
	} else if (how == LOGIN_BEARER) {
		json_set_text(auth, "bearer", "{token}");
		draft_setting(d, "token", "API token", 1, NULL);
	} else {
		basic = cJSON_AddObjectToObject(auth, "basic");
		json_set_text(basic, "user", "{user}");
		json_set_text(basic, "password", "{password}");
		draft_setting(d, "user", "User name", 0, NULL);
		draft_setting(d, "password", "Password, or API token", 1, NULL);
	}
}

/* The requirements of the first drafted listing that has some, else the document's. */
static const cJSON *requirements(const struct draft *d)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		const cJSON *own = json_get(spec_operation(d->types[i].list_item, "get"), "security");

		if (d->types[i].type && cJSON_IsArray(own) && own->child)
			return own;
	}
	return json_get(d->spec, "security");
}

/* How good a way in is that wants all of the schemes in @names (an object; or one scheme). */
static int way_value(struct draft *d, const cJSON *names)
{
	const cJSON *one;
	int value = names->child ? LOGIN_BEARER : LOGIN_NONE;

	cJSON_ArrayForEach (one, names) {
		int how = (int)login_of(
			d, spec_follow(d, json_get(schemes_of(d), one->string ? one->string : "")));

		value = how < value ? how : value;
	}
	return value;
}

static void add_login(struct draft *d)
{
	const cJSON *one, *best = NULL, *name;
	_cleanup_json_ cJSON *all = cJSON_CreateArray();
	const cJSON *wanted = requirements(d);

	cJSON_ArrayForEach (one, schemes_of(d)) {
		cJSON *way = cJSON_CreateObject();

		cJSON_AddArrayToObject(way, one->string ? one->string : "");
		cJSON_AddItemToArray(all, way);
	}
	if (!cJSON_IsArray(wanted) || !wanted->child)
		wanted = all;
	cJSON_ArrayForEach (one, wanted) {
		if (cJSON_IsObject(one) && way_value(d, one) > (best ? way_value(d, best) : LOGIN_NONE))
			best = one;
	}
	cJSON_ArrayForEach (name, best)
		add_scheme(d, spec_follow(d, json_get(schemes_of(d), name->string)));
	if (json_at(d->out, "/http/auth") || json_at(d->out, "/http/headers"))
		return;
	json_set_text(object_in(json_get(d->out, "http"), "auth"), "bearer", "{token}");
	draft_setting(d, "token", "API token", 1, NULL);
	draft_ask(d, NULL,
		"the login: the document has none that seamfs knows; a bearer token stands in its place");
}

void draft_access(struct draft *d)
{
	_cleanup_(mem_freep) char *url = server_url(d);

	if (!url)
		draft_ask(d, NULL, "the address: the document has none");
	set_base(d, url ? url : "");
	add_login(d);
	json_set_text(json_get(d->out, "http"), "body", d->form ? "form" : "json");
}
