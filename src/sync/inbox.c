/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the listener is told. A tool's webhook leaves hints, which its own thread follows: nothing here waits for a tool. Middleware
 * writes as if it had saved a file.        Threads: those of the listener, several at a time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"
#include "seamfs/store/hint.h"
#include "seamfs/store/link.h"
#include "seamfs/tree/order.h"
#include "sync/hooks.h"

enum { KEY_MAX = 200, SECRET_FILE_MAX = 4096 };

static const char *header_of(void *context, const char *name)
{
	return listen_header(context, name);
}

/* ---- webhooks of tools ---- */

/* What one message means for the store. */
struct telling {
	const struct inbox *in;
	int tool;
	const struct hook_result *result;
};

/* What is not known yet may be none of what the tool's listing shows, and so none of ours: then the listing decides. */
static int note_event(struct tx *tx, int tool_index, const struct hook_event *event, _Bool *all)
{
	int64_t tool = store_tool_id(tx->store, tool_index);
	_Bool used = 0, known = 0;
	int r = 0;

	for (int t = TYPE_NONE + 1; t < TYPE_COUNT && r == 0; t++) {
		if (!(event->types >> t & 1) || !tx->stack->tools[tool_index].types[t].used)
			continue;
		used = 1;
		if (!store_link_record(tx->db, tool, (enum type_id)t, event->remote))
			continue;
		known = 1;
		r = store_hint_add(tx, tool, (enum type_id)t, event->remote);
	}
	*all |= used && !known;
	return r;
}

static int note(struct tx *tx, void *argument)
{
	const struct telling *t = argument;
	int64_t tool = store_tool_id(tx->store, t->tool);
	int r = t->result->id ? store_heard(tx, tool, t->result->id, 0) : 0;
	_Bool all = t->result->all;

	for (size_t i = 0; i < t->result->count && r == 0; i++)
		r = note_event(tx, t->tool, &t->result->events[i], &all);
	return r == 0 && all ? store_hint_add(tx, tool, TYPE_NONE, "") : r;
}

char *hooks_kept_path(const char *state, const char *tool)
{
	_cleanup_(mem_freep) char *name = str_format("hook-%s.secret", tool);

	return path_join(state, name);
}

static int keep(struct inbox *in, int tool, const char *secret)
{
	_cleanup_(mem_freep) char *path = hooks_kept_path(in->state, in->stack->tools[tool].name);
	struct err e = {0};
	int r = file_replace(path, secret, strlen(secret), 0600, &e);

	if (r < 0)
		log_error("hooks", "%s", e.text);
	return r;
}

/* The secret of a handshake; the tool's thread may have got another one, and a person may have removed it. */
static char *kept(struct inbox *in, int tool)
{
	_cleanup_(mem_freep) char *path = hooks_kept_path(in->state, in->stack->tools[tool].name);
	struct buf secret = BUF_INIT(SECRET_FILE_MAX);

	if (access(path, F_OK) == 0 && file_read(path, &secret, NULL) == 0 && secret.len)
		return buf_steal(&secret);
	buf_finish(&secret);
	return NULL;
}

static int take(
	struct inbox *in, int tool, const struct listen_request *r, struct listen_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *url =
		str_format("%s%s", in->stack->hooks.url ? in->stack->hooks.url : "", r->target);
	_cleanup_(mem_freep) char *secret = kept(in, tool);
	struct hook_request request = {.method = r->method,
		.url = url,
		.target = r->target,
		.body = r->body,
		.len = r->len,
		.now_ms = clock_now_ms(),
		.kept = secret,
		.header = header_of,
		.context = (void *)r};
	struct hook_result result = {0};
	struct telling t = {in, tool, &result};
	int code = hook_take(in->tools[tool].hook, &request, &result, e);

	if (code == 0 && result.keep)
		code = keep(in, tool, result.keep);
	if (code == 0 && !result.handshake && strcmp(r->method, "POST") == 0)
		code = store_write(tree_store(in->tree), note, &t);
	if (code == 0 || code == -EALREADY) {
		buf_add(&a->body, buf_text(&result.body), result.body.len);
		a->header = result.header;
		a->value = result.value;
		result.header = result.value = NULL;
		code = 0;
	}
	hook_result_finish(&result);
	return code;
}

static void answer_hook(struct inbox *in, int tool, const struct listen_request *r, struct listen_answer *a)
{
	struct err e = {0};
	int code = take(in, tool, r, a, &e);

	if (code == 0)
		return;
	a->status = code == -EACCES ? 401 : code == -EINVAL ? 400 : 503;
	log_warning("hooks", "%s: a message was refused: %s", in->stack->tools[tool].name,
		e.code ? e.text : strerror(-code));
}

/* ---- middleware ---- */

static int status_of(int code)
{
	static const struct {
		int code, status;
	} known[] = {{EINVAL, 400}, {EPERM, 403}, {EACCES, 403}, {EROFS, 403}, {ENOENT, 404}, {EEXIST, 409},
		{ESTALE, 409}, {EFBIG, 413}, {ENOSPC, 507}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].code == code)
			return known[i].status;
	}
	return 500;
}

static void answer_json(struct listen_answer *a, int status, const cJSON *object)
{
	_cleanup_(mem_freep) char *text = json_print(object);

	a->status = status;
	a->type = "application/json";
	buf_printf(&a->body, "%s\n", text);
}

static void answer_error(struct listen_answer *a, const struct err *e)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();

	json_set_text(object, "error", err_name(e->code));
	json_set_text(object, "field", e->field);
	json_set_text(object, "message", e->text);
	answer_json(a, status_of(e->code), object);
}

/* {"path": …, "set": {…}} or {"type": …, "create": {…}}, and perhaps "from": NAME. */
static int read_order(const cJSON *body, struct tree_order *o, struct err *e)
{
	static const char *const known[] = {"path", "set", "type", "create", "from"};
	const cJSON *child;
	const char *from = json_get_text(body, "from");

	cJSON_ArrayForEach (child, body) {
		size_t i = 0;

		while (i < ARRAY_LEN(known) && strcmp(known[i], child->string) != 0)
			i++;
		if (i == ARRAY_LEN(known))
			return err_field(e, EINVAL, child->string,
				"unknown key \"%.60s\": {\"path\": …, \"set\": {…}} changes a record, "
				"{\"type\": …, \"create\": {…}} makes one",
				child->string);
	}
	o->path = json_get_text(body, "path");
	o->type =
		o->path ? NULL : type_by_name(json_get_text(body, "type") ? json_get_text(body, "type") : "");
	o->fields = json_get(body, o->path ? "set" : "create");
	o->program = from ? from : "webhook";
	if (!cJSON_IsObject(o->fields) || cJSON_GetArraySize(body) != (from ? 3 : 2))
		return err_set(e, EINVAL,
			"write {\"path\": \"clients/NAME\", \"set\": {\"FIELD\": VALUE}} to change a record, "
			"or "
			"{\"type\": \"client\", \"create\": {\"FIELD\": VALUE}} to make one");
	if (!o->path && !o->type)
		return err_field(e, EINVAL, "type", "\"%.60s\" is no type",
			json_get_text(body, "type") ? json_get_text(body, "type") : "");
	return 0;
}

static int obey(struct inbox *in, const struct listen_request *r, cJSON *answer, struct err *e)
{
	_cleanup_json_ cJSON *body = NULL;
	_cleanup_(mem_freep) char *path = NULL;
	struct tree_order order = {.once = listen_header(r, "Idempotency-Key")};
	int code;

	if (order.once && (!*order.once || strlen(order.once) > KEY_MAX))
		return err_set(e, EINVAL, "an Idempotency-Key has 1 to %d characters", KEY_MAX);
	code = json_parse(r->body, r->len, JSON_STRICT, &body, NULL, e);
	if (code == 0 && !cJSON_IsObject(body))
		code = err_set(e, EINVAL, "this has to be one JSON object");
	if (code == 0)
		code = read_order(body, &order, e);
	if (code == 0)
		code = tree_order(in->tree, &order, &path, e);
	if (code < 0)
		return e->code ? code : err_set(e, -code, "it could not be stored: %s", strerror(-code));
	json_set_text(answer, "path", path);
	json_set(answer, "repeated", cJSON_CreateBool(code == 1));
	return 0;
}

static void answer_order(struct inbox *in, const struct listen_request *r, struct listen_answer *a)
{
	_cleanup_json_ cJSON *answer = cJSON_CreateObject();
	struct err e = {0};

	if (strcmp(r->method, "POST") != 0) {
		a->status = 405;
		buf_puts(&a->body, "This address takes POST.\n");
	} else if (obey(in, r, answer, &e) < 0) {
		answer_error(a, &e);
	} else {
		answer_json(a, 200, answer);
	}
}

/* ---- addresses ---- */

static _Bool is_at(const char *target, const char *path)
{
	size_t len = strcspn(target, "?");

	return path && crypto_equal(target, len, path, strlen(path));
}

static void answer(void *context, const struct listen_request *r, struct listen_answer *a)
{
	struct inbox *in = context;
	int tool = -1;

	for (int i = 1; i < in->stack->tool_count; i++) {
		if (is_at(r->target, in->tools[i].path))
			tool = i;
	}
	if (tool > 0) {
		answer_hook(in, tool, r, a);
	} else if (is_at(r->target, in->path)) {
		answer_order(in, r, a);
	} else {
		a->status = 404;
		buf_puts(&a->body, "Nothing is here.\n");
	}
}

/* ---- beginning and end ---- */

static int open_tool(struct inbox *in, int tool, struct err *e)
{
	const struct tool *t = &in->stack->tools[tool];
	struct tool_setup setup = {.name = t->name,
		.connector = t->connector,
		.config = t->config,
		.base_dir = in->stack->base_dir,
		.currency = in->stack->currency};
	int r = hooks_path(in->state, t->name, &in->tools[tool].path, e);

	if (r == 0)
		r = hook_open(&setup, &in->tools[tool].hook, e);
	return r;
}

int inbox_start(struct inbox *in, struct err *e)
{
	int r = hooks_path(in->state, NULL, &in->path, e);

	for (int i = 1; i < in->stack->tool_count && r == 0; i++)
		r = open_tool(in, i, e);
	return r == 0 ? listen_start(in->stack->hooks.address, LISTEN_SECONDS, answer, in, &in->listen, e)
		      : r;
}

void inbox_stop(struct inbox *in)
{
	if (!in->stack)
		return;
	listen_stop(in->listen);
	for (int i = 1; i < in->stack->tool_count; i++) {
		hook_free(in->tools[i].hook);
		free(in->tools[i].path);
	}
	free(in->path);
}
