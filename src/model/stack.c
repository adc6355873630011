/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/stack.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/stack_p.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

#define DEFAULT_CACHE_BYTES INT64_C(10000000000)
enum { DEFAULT_POLL_MS = 60000, DEFAULT_GRACE_MS = 30000 };
#define DEFAULT_SCRATCH_MS INT64_C(604800000)
#define DEFAULT_VERIFY_MS  INT64_C(86400000)

typedef int (*key_reader)(struct stack *s, const cJSON *item, const char *pointer, struct err *e);

int stack_fail(const struct stack *s, const char *pointer, int code, struct err *e, const char *format, ...)
{
	_cleanup_(mem_freep) char *nearest = str_dup(pointer);
	struct json_place at;
	char text[400];
	va_list args;

	/* What is missing has no place: then it is that of what it is missing in. */
	while (*nearest && !json_at(s->root, nearest))
		*strrchr(nearest, '/') = '\0';
	at = json_locate(s->text, strlen(s->text), nearest);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(e, code, "%s:%u:%u: %s", s->path, at.line, at.column, text);
}

static int read_text(struct stack *s, const cJSON *item, const char *pointer, char **slot, struct err *e)
{
	if (!json_text(item) || !json_text(item)[0])
		return stack_fail(s, pointer, EINVAL, e, "\"%s\" must be a text", item->string);
	str_set(slot, json_text(item));
	return 0;
}

static int read_company(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return read_text(s, item, pointer, &s->company, e);
}

static int read_currency(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	int r = read_text(s, item, pointer, &s->currency, e);

	if (r == 0 && !currency_valid(s->currency))
		return stack_fail(s, pointer, EINVAL, e,
			"\"currency\" must be a code of three capital letters, such as EUR");
	return r;
}

static int read_state(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	_cleanup_(mem_freep) char *text = NULL;
	int r = read_text(s, item, pointer, &text, e);

	if (r < 0)
		return r;
	free(s->state);
	s->state = path_join(s->base_dir, text);
	return 0;
}

/* "30s", "5m", "1h", "7d" */
int stack_read_time(
	const struct stack *s, const cJSON *item, const char *pointer, int64_t *ret_ms, struct err *e)
{
	const char *text = json_text(item);
	char *end = NULL;
	long n = text ? strtol(text, &end, 10) : 0;
	int64_t unit = 0;

	if (n > 0 && n < 100000 && end[0] && !end[1])
		unit = *end == 's'   ? 1000
		       : *end == 'm' ? 60000
		       : *end == 'h' ? 3600000
		       : *end == 'd' ? 86400000
				     : 0;
	if (!unit)
		return stack_fail(s, pointer, EINVAL, e,
			"\"%s\" must be a time such as \"30s\", \"5m\", \"1h\" or \"7d\"", item->string);
	*ret_ms = n * unit;
	return 0;
}

static int read_grace(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return stack_read_time(s, item, pointer, &s->grace_ms, e);
}

/* "20 GB": what documents that were read may take on this disk. */
static int read_cache(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {{"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000}};
	char unit[3] = "";
	long n;

	if (json_text(item) && sscanf(json_text(item), "%ld %2s", &n, unit) == 2 && n > 0 && n < 1000000) {
		for (size_t i = 0; i < ARRAY_LEN(units); i++) {
			if (strcmp(units[i].name, unit) != 0)
				continue;
			s->cache_bytes = n * units[i].bytes;
			return 0;
		}
	}
	return stack_fail(s, pointer, EINVAL, e, "\"cache\" must be a size such as \"500 MB\" or \"20 GB\"");
}

static int read_scratch(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return stack_read_time(s, item, pointer, &s->scratch_ms, e);
}

static int read_verify(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return stack_read_time(s, item, pointer, &s->verify_ms, e);
}

static int read_default_poll(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	int64_t ms;
	int r = stack_read_time(s, item, pointer, &ms, e);

	for (int i = 0; r == 0 && i < s->tool_count; i++) {
		if (!s->tools[i].config || !json_get(s->tools[i].config, "poll"))
			s->tools[i].poll_ms = ms;
	}
	return r;
}

_Bool stack_name_valid(const char *name)
{
	if (!islower((unsigned char)name[0]) || strlen(name) > 32 || strcmp(name, "local") == 0)
		return 0;
	for (const char *p = name; *p; p++) {
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-' && *p != '_')
			return 0;
	}
	return 1;
}

static int read_tool(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	struct tool *tool = &s->tools[s->tool_count];
	const char *connector = json_get_text(item, "connector");
	char at[200];
	int r = 0;

	if (!stack_name_valid(item->string))
		return stack_fail(s, pointer, EINVAL, e,
			"\"%s\" cannot be a tool's name: lower-case letters, digits, - and _, and not "
			"\"local\"",
			item->string);
	if (s->tool_count == STACK_MAX_TOOLS)
		return stack_fail(
			s, pointer, EINVAL, e, "a stack holds at most %d tools", STACK_MAX_TOOLS - 1);
	if (!connector)
		return stack_fail(s, pointer, EINVAL, e,
			"the tool \"%s\" needs a \"connector\", such as \"csv\"", item->string);
	tool->name = str_dup(item->string);
	tool->connector = str_dup(connector);
	tool->config = item;
	tool->poll_ms = DEFAULT_POLL_MS;
	s->tool_count++;
	snprintf(at, sizeof(at), "%s/poll", pointer);
	if (json_get(item, "poll"))
		r = stack_read_time(s, json_get(item, "poll"), at, &tool->poll_ms, e);
	snprintf(at, sizeof(at), "%s/send", pointer);
	if (r == 0 && json_get(item, "send"))
		r = stack_read_tool_send(s, tool, json_get(item, "send"), at, e);
	return r < 0 ? r : stack_read_about(s, tool, pointer, e);
}

static int read_tools(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	const cJSON *tool;

	if (!cJSON_IsObject(item))
		return stack_fail(
			s, pointer, EINVAL, e, "\"tools\" must be an object: { \"name\": { … }, … }");
	cJSON_ArrayForEach (tool, item) {
		char at[160];
		int r;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, tool->string);
		if (!cJSON_IsObject(tool))
			return stack_fail(s, at, EINVAL, e, "a tool must be an object: { \"connector\": … }");
		r = read_tool(s, tool, at, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int stack_find_tool(const struct stack *s, const char *name, const char *pointer, struct err *e)
{
	int tool = stack_tool(s, name);

	return tool < 0 ? stack_fail(s, pointer, EINVAL, e, "there is no tool called \"%s\"", name) : tool;
}

int stack_find_type(const struct stack *s, const cJSON *item, const char *pointer, const struct type **ret,
	int *ret_field, struct err *e)
{
	const char *dot = strchr(item->string, '.');
	_cleanup_(mem_freep) char *word =
		mem_dup(item->string, dot ? (size_t)(dot - item->string) : strlen(item->string));

	*ret = type_by_name(word);
	*ret_field = -1;
	if (!*ret)
		return stack_fail(s, pointer, EINVAL, e,
			"\"%s\" is no type; types are client, contact, deal, quote, invoice, "
			"payment, project, task, time, document, entry",
			word);
	if (dot && (*ret_field = type_field_index(*ret, dot + 1)) < 0)
		return stack_fail(s, pointer, EINVAL, e, "a %s has no field \"%s\"", word, dot + 1);
	return 0;
}

static int read_owners(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	const cJSON *owner;

	cJSON_ArrayForEach (owner, item) {
		const struct type *type;
		char at[160];
		int field, tool, r;

		snprintf(at, sizeof(at), "%s/%.100s", pointer, owner->string);
		r = stack_find_type(s, owner, at, &type, &field, e);
		if (r < 0)
			return r;
		if (!json_text(owner))
			return stack_fail(s, at, EINVAL, e, "a tool's name in \"quotes\" was expected here");
		tool = stack_find_tool(s, json_text(owner), at, e);
		if (tool < 0)
			return tool;
		s->tools[tool].types[type->id].used = 1;
		if (field < 0)
			s->owners[type->id] = tool;
		else
			s->field_owners[type->id][field] = tool;
	}
	return 0;
}

char *stack_claim(const struct stack *s, enum type_id type, int tool)
{
	const struct type *t = type_get(type);

	if (s->owners[type] == tool)
		return str_format("/owners/%s", t->name);
	for (const struct field *f = t->fields; f->name; f++) {
		if (s->field_owners[type][f - t->fields] == tool)
			return str_format("/owners/%s.%s", t->name, f->name);
	}
	return str_format("/shares/%s/%s", t->name, s->tools[tool].name);
}

static int read_nothing(struct stack *s, const cJSON *item, const char *pointer, struct err *e)
{
	return 0;
}

/* In the order in which they must be read; the file may have any order. */
static const struct {
	const char *key;
	key_reader read;
	_Bool object;
} keys[] = {
	{"$schema", read_nothing},
	{"company", read_company},
	{"currency", read_currency},
	{"state", read_state},
	{"grace", read_grace},
	{"scratch", read_scratch},
	{"cache", read_cache},
	{"tools", read_tools},
	{"poll", read_default_poll},
	{"owners", read_owners, .object = 1},
	{"shares", stack_read_shares, .object = 1},
	{"conflicts", stack_read_conflicts, .object = 1},
	{"ids", stack_read_ids, .object = 1},
	{"guard", stack_read_guard, .object = 1},
	{"send", stack_read_send},
	{"verify", read_verify},
	{"handoffs", stack_read_handoffs, .object = 1},
	{"listen", stack_read_listen, .object = 1},
	{"subscriptions", stack_read_subscriptions},
};

static int read_keys(struct stack *s, struct err *e)
{
	const cJSON *item;
	char pointer[160];
	size_t i;

	cJSON_ArrayForEach (item, s->root) {
		for (i = 0; i < ARRAY_LEN(keys) && strcmp(keys[i].key, item->string) != 0; i++)
			;
		snprintf(pointer, sizeof(pointer), "/%.120s", item->string);
		if (i == ARRAY_LEN(keys))
			return stack_fail(s, pointer, EINVAL, e,
				"unknown key \"%s\"; known are company, currency, state, grace, "
				"scratch, cache, tools, poll, owners, shares, conflicts, ids, guard, send, "
				"verify, handoffs, listen, subscriptions",
				item->string);
	}
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		int r;

		item = json_get(s->root, keys[i].key);
		if (!item)
			continue;
		snprintf(pointer, sizeof(pointer), "/%s", keys[i].key);
		if (keys[i].object && !cJSON_IsObject(item))
			return stack_fail(
				s, pointer, EINVAL, e, "\"%s\" must be an object: { … }", keys[i].key);
		r = keys[i].read(s, item, pointer, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* @text in place of the file's bytes; NULL: those. */
static int parse_file(struct stack *s, const char *text, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_CONFIG);
	struct json_place at = {1, 1};
	struct err why = {0};
	int r = text ? buf_puts(&b, text) : file_read(s->path, &b, e);

	if (r == 0) {
		size_t len = b.len;

		s->text = buf_steal(&b);
		r = json_parse(s->text, len, JSON_COMMENTS, &s->root, &at, &why);
		if (r < 0)
			r = err_set(e, EINVAL, "%s:%u:%u: %s", s->path, at.line, at.column, why.text);
		else if (!cJSON_IsObject(s->root))
			r = err_set(e, EINVAL, "%s:1:1: a configuration is one JSON object: { … }", s->path);
	} else if (text) {
		err_set(e, -r, "%s: that is too long for a configuration", s->path);
	}
	buf_finish(&b);
	return r;
}

int stack_load(const char *path, struct stack **ret, struct err *e)
{
	return stack_load_text(path, NULL, ret, e);
}

int stack_load_text(const char *path, const char *text, struct stack **ret, struct err *e)
{
	_cleanup_(stack_freep) struct stack *s = mem_alloc(sizeof(*s));
	struct stat st;
	int r;

	s->path = realpath(path, NULL);
	if (!s->path)
		return err_set(e, errno, "cannot open the configuration %s: %s", path, strerror(errno));
	s->base_dir = path_dir(s->path);
	if (stat(s->path, &st) == 0)
		s->mtime_ms = st.st_mtim.tv_sec * INT64_C(1000) + st.st_mtim.tv_nsec / 1000000;
	s->company = str_dup("My business");
	s->currency = str_dup("EUR");
	s->tools[0].name = str_dup("local");
	s->tools[0].connector = str_dup("local");
	s->tool_count = 1;
	s->grace_ms = DEFAULT_GRACE_MS;
	s->cache_bytes = DEFAULT_CACHE_BYTES;
	s->cache_bytes = DEFAULT_CACHE_BYTES;
	s->scratch_ms = DEFAULT_SCRATCH_MS;
	s->verify_ms = DEFAULT_VERIFY_MS;
	s->guard_share = 20;
	s->guard_least = 5;
	memset(s->field_owners, -1, sizeof(s->field_owners));
	r = parse_file(s, text, e);
	if (r == 0)
		r = read_keys(s, e);
	if (r == 0)
		r = stack_check_rules(s, e);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}

void stack_free(struct stack *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->tool_count; i++) {
		free(s->tools[i].name);
		free(s->tools[i].connector);
		free(s->tools[i].cost_currency);
		free(s->tools[i].folder);
	}
	stack_free_handoffs(s);
	free(s->path);
	free(s->base_dir);
	free(s->company);
	free(s->currency);
	free(s->state);
	stack_hooks_finish(s);
	free(s->text);
	cJSON_Delete(s->root);
	free(s);
}

void stack_freep(struct stack **stack)
{
	stack_free(*stack);
}

int stack_tool(const struct stack *s, const char *name)
{
	for (int i = 0; i < s->tool_count; i++) {
		if (strcmp(s->tools[i].name, name) == 0)
			return i;
	}
	return -1;
}

int stack_owner(const struct stack *s, enum type_id type, int field)
{
	int own = field >= 0 ? s->field_owners[type][field] : -1;

	return own >= 0 ? own : s->owners[type];
}

uint64_t stack_owned(const struct stack *s, enum type_id type, int tool)
{
	const struct type *t = type_get(type);
	uint64_t fields = 0;

	for (int i = 0; t->fields[i].name; i++) {
		if (stack_owner(s, type, i) == tool)
			fields |= (uint64_t)1 << i;
	}
	return fields;
}
