/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a tool: its manifest, the settings from stack.json, the secrets, the connection. */
#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "connect/drivers.h"
#include "connect/words.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { HEADER_MAX = 32 << 10 };

/* A sentence about one key of the tool's object. */
static int bad_key(const char *key, int r, struct err *e)
{
	_cleanup_(mem_freep) char *pointer = driver_pointer("", key);
	struct err reason = e ? *e : (struct err){0};

	return err_field(e, -r, pointer, "%s: %s", pointer, reason.text);
}

static int fill_setting(const cJSON *json, const struct tool_setup *setup, struct setting *s, struct err *e)
{
	const cJSON *given = json_get(setup->config, json->string);
	int r;

	s->name = json->string;
	if (!given && !json_get(json, "default") && cJSON_IsTrue(json_get(json, "optional")))
		return 0;
	if (!given && !json_get(json, "default"))
		return err_field(
			e, EINVAL, "", "\"%s\" is missing: %s", json->string, json_get_text(json, "label"));
	if (cJSON_IsTrue(json_get(json, "secret"))) {
		r = secret_load(given, setup->base_dir, &s->secret, e);
		return r < 0 ? bad_key(json->string, r, e) : 0;
	}
	if (given && !json_scalar(given)) {
		err_set(e, EINVAL, "this has to be a text: %s", json_get_text(json, "label"));
		return bad_key(json->string, -EINVAL, e);
	}
	s->text = str_dup(given ? json_scalar(given) : json_get_text(json, "default"));
	return 0;
}

/* Every key of the tool's object is a setting, "types", or one that the rest of seamfs reads. */
static int check_keys(const struct engine *g, const struct tool_setup *setup, struct err *e)
{
	static const char *const own[] = {"types", "base", "login"};
	const char **known = mem_alloc((g->setting_count + ARRAY_LEN(own) + 1) * sizeof(*known));
	int r;

	for (size_t i = 0; i < g->setting_count; i++)
		known[i] = g->settings[i].name;
	memcpy(known + g->setting_count, own, sizeof(own));
	r = driver_keys(setup->config, "", known, e);
	free(known);
	return r;
}

static int fill_settings(struct engine *g, const struct tool_setup *setup, struct err *e)
{
	const cJSON *json;
	int r = 0;

	g->settings = mem_alloc((size_t)cJSON_GetArraySize(g->manifest->settings) * sizeof(*g->settings));
	cJSON_ArrayForEach (json, g->manifest->settings)
		g->settings[g->setting_count++].name = json->string;
	r = check_keys(g, setup, e);
	g->setting_count = 0;
	cJSON_ArrayForEach (json, g->manifest->settings) {
		r = r < 0 ? r : fill_setting(json, setup, &g->settings[g->setting_count++], e);
	}
	return r;
}

_Bool engine_chosen(const struct engine *g, const char *template, char name[64])
{
	return template_name(&template, name) > 0 && json_get(g->manifest->settings, name);
}

/* The key of stack.json that the address comes from; "" when the manifest alone says it. */
static const char *base_key(const struct engine *g, char name[64])
{
	if (g->given)
		return "base";
	return engine_chosen(g, json_get_text(g->manifest->http, "base"), name) ? name : "";
}

int engine_base(struct engine *g, struct err *e)
{
	_cleanup_(buf_finish) struct buf base = BUF_INIT(HEADER_MAX);
	const char *template = json_get_text(g->manifest->http, "base");
	struct template_values v = engine_values(g, &(struct call){0});
	char name[64];
	const char *key = base_key(g, name);
	int r = g->given ? buf_puts(&base, g->given) : template_expand(template, &v, buf_puts, &base);

	if (r == TEMPLATE_ABSENT && g->auth.oauth && !*key)
		return err_set(e, EACCES,
			"%s: its login did not tell its address: run \"seamfs tool login %s\"", g->link.name,
			g->link.name);
	while (base.len && base.data[base.len - 1] == '/')
		buf_resize(&base, base.len - 1);
	if (r == 0)
		r = http_check_url(buf_text(&base), e);
	if (r == 0 && strpbrk(buf_text(&base), "?#"))
		r = err_set(e, EINVAL, "an address has no '?' or '#' in it");
	if (r != 0)
		return *key ? bad_key(key, -EINVAL, e) : -EINVAL;
	/* Where a manifest alone says the address, it is not one of this house. */
	if (!*key)
		http_public_only(g->http);
	g->base = buf_steal(&base);
	return 0;
}

static int add_header(struct engine *g, const char *name, char *value, struct err *e)
{
	int r = value ? http_add_header(g->http, name, value, e) : 0;

	secret_wipe_text(value);
	return r;
}

static int add_credentials(struct engine *g, struct err *e)
{
	const cJSON *headers = json_get(g->manifest->http, "headers"), *header;
	const cJSON *auth = json_get(g->manifest->http, "auth"), *basic = json_get(auth, "basic");
	_cleanup_(mem_freep) char *bearer = NULL;
	char *user, *password;
	int r = 0;

	cJSON_ArrayForEach (header, headers)
		r = r < 0 ? r : add_header(g, header->string, auth_filled(g, json_text(header)), e);
	if (r == 0 && json_get(auth, "bearer")) {
		bearer = str_format("Bearer %s", json_get_text(auth, "bearer"));
		r = add_header(g, "Authorization", auth_filled(g, bearer), e);
	}
	if (r < 0 || !basic)
		return r;
	user = auth_filled(g, json_get_text(basic, "user"));
	password = auth_filled(g, json_get_text(basic, "password"));
	r = user && password ? http_set_basic(g->http, user, password, e) : 0;
	secret_wipe_text(user);
	secret_wipe_text(password);
	return r;
}

static struct http_limits limits_of(const cJSON *limits)
{
	static const char *const words[] = {"seconds", "unix", "unix_ms", "datetime"};
	struct http_limits l = {
		.remaining = json_get_text(limits, "remaining"),
		.reset = json_get_text(limits, "reset"),
		.retry_after = json_get_text(limits, "retry_after"),
	};
	int64_t calls, per_ms;

	if (json_int64(json_get(limits, "calls"), &calls) == 0 && calls > 0 &&
		words_time(json_get_text(limits, "per"), &per_ms) == 0)
		l.spacing_ms = (unsigned)(per_ms / calls);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_equal(words[i], json_get_text(limits, "reset_as")))
			l.reset_as = (enum http_reset)i;
	}
	return l;
}

static uint64_t stepped(const struct manifest_type *t)
{
	uint64_t fields = 0;
	const cJSON *graph;

	cJSON_ArrayForEach (graph, t->steps)
		fields |= field_bit(t->type, type_field(t->type, graph->string));
	return fields;
}

static void set_capabilities(struct engine *g)
{
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		const struct manifest_type *t = &g->manifest->types[i];

		if (!t->type)
			continue;
		g->link.capabilities[i] = (struct capability){
			.type = (enum type_id)i,
			.reads = mapping_reads(&t->map, t->type),
			.writes = mapping_writes(&t->map, t->type, 0, t->update != NULL),
			.creates = t->create ? mapping_writes(&t->map, t->type, 1, 1) : 0,
			.steps = stepped(t),
			.removes = t->restore  ? REMOVE_ARCHIVE
				   : t->remove ? REMOVE_ERASE
					       : REMOVE_NO,
			.scans = !t->changes,
		};
	}
}

static void make_lookups(struct engine *g)
{
	const cJSON *json;

	g->lookups = mem_alloc((size_t)cJSON_GetArraySize(g->manifest->lookups) * sizeof(*g->lookups));
	cJSON_ArrayForEach (json, g->manifest->lookups)
		g->lookups[g->lookup_count++].json = json;
}

void engine_close(struct tool_link *link)
{
	struct engine *g = (struct engine *)link;

	http_free(g->http);
	for (size_t i = 0; i < g->setting_count; i++) {
		free(g->settings[i].text);
		secret_finish(&g->settings[i].secret);
	}
	for (size_t i = 0; i < g->lookup_count; i++)
		cJSON_Delete(g->lookups[i].rows);
	free(g->settings);
	free(g->lookups);
	auth_finish(&g->auth);
	free(g->seen.id);
	free(g->seen.version);
	cJSON_Delete(g->config);
	free(g->base);
	free(g->currency);
	manifest_free(g->manifest);
	free(g);
}

static const struct connector_ops ops = {
	.check = engine_check,
	.list = engine_list,
	.get = engine_get,
	.create = engine_create,
	.find = engine_find,
	.update = engine_update,
	.remove = engine_remove,
	.restore = engine_restore,
	.subscribe = engine_subscribe,
	.close = engine_close,
};

int engine_open(const char *path, const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	static atomic_bool never;
	struct engine *g = mem_alloc(sizeof(*g));
	struct http_limits limits;
	int r;

	g->link.ops = &ops;
	g->link.name = setup->name;
	g->link.stop = setup->stop;
	g->currency = str_dup(setup->currency);
	g->config = cJSON_Duplicate(setup->config, 1);
	g->given = json_get_text(g->config, "base");
	r = manifest_load(path, setup->config, &g->manifest, e);
	if (r == 0)
		r = fill_settings(g, setup, e);
	if (r == 0) {
		limits = limits_of(g->manifest->limits);
		g->http = http_new(setup->name, &limits, setup->stop ? setup->stop : &never);
		r = add_credentials(g, e);
	}
	if (r == 0)
		r = auth_open(g, setup, e);
	if (r == 0)
		r = engine_base(g, e);
	/* Nobody has logged in yet. */
	if (r == -EACCES && g->auth.oauth)
		r = 0;
	if (r < 0) {
		engine_close(&g->link);
		return r;
	}
	make_lookups(g);
	set_capabilities(g);
	*ret = &g->link;
	return 0;
}
