/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/stack_edit.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/type.h"

enum { COLUMNS = 110 };

/* Where an object of the text is; offsets. */
struct object {
	size_t open, close; /* its braces */
	size_t key;	    /* of the last member; 0: it is empty */
	size_t end;	    /* behind the last member, or behind the opening brace */
	size_t tail;	    /* … and behind the comments that follow */
};

/* How the text is written. */
struct form {
	const char *eol;
	char *unit; /* one step of indentation */
};

/* ---- finding one's way in a text that is known to be good ---- */

/* The end of a comment that begins at @i; @i when none does. The line end is no part of it. */
static size_t skip_comment(const char *t, size_t i)
{
	const char *end;

	if (t[i] != '/' || (t[i + 1] != '/' && t[i + 1] != '*'))
		return i;
	if (t[i + 1] == '/')
		return i + strcspn(t + i, "\r\n");
	end = strstr(t + i + 2, "*/");
	return end ? (size_t)(end + 2 - t) : i + strlen(t + i);
}

static size_t skip_space(const char *t, size_t i)
{
	size_t at;

	do {
		at = i;
		i += strspn(t + i, " \t\r\n");
		i = skip_comment(t, i);
	} while (i != at);
	return i;
}

static size_t skip_text(const char *t, size_t i)
{
	for (i++; t[i] && t[i] != '"'; i++)
		i += t[i] == '\\' && t[i + 1];
	return t[i] ? i + 1 : i;
}

static size_t skip_value(const char *t, size_t i)
{
	size_t depth = 0;

	do {
		i = skip_space(t, i);
		depth += t[i] == '{' || t[i] == '[';
		depth -= t[i] == '}' || t[i] == ']';
		if (t[i] == '"')
			i = skip_text(t, i);
		else if (strcspn(t + i, "{}[],:") == 0)
			i += t[i] != '\0';
		else
			i += 1 + strcspn(t + i + 1, "{}[],:\" \t\r\n/");
	} while (depth && t[i]);
	return i;
}

/* Behind the comments that follow; @i without any. */
static size_t last_comment(const char *t, size_t i)
{
	size_t tail = i, end;

	for (;;) {
		i += strspn(t + i, " \t\r\n");
		end = skip_comment(t, i);
		if (end == i)
			return tail;
		tail = i = end;
	}
}

/* The object whose brace is at @open, and in @ret_value where its member @wanted begins: 0 without one. */
static struct object measure(const char *t, size_t open, const char *wanted, size_t *ret_value)
{
	struct object o = {.open = open, .end = open + 1};
	size_t i = skip_space(t, open + 1);

	*ret_value = 0;
	while (t[i] == '"') {
		size_t key_end = skip_text(t, i), value = skip_space(t, key_end);

		value = skip_space(t, value + (t[value] == ':'));
		if (key_end - i == strlen(wanted) + 2 && strncmp(t + i + 1, wanted, strlen(wanted)) == 0)
			*ret_value = value;
		o.key = i;
		o.end = skip_value(t, value);
		i = skip_space(t, o.end);
		if (t[i] == ',')
			i = skip_space(t, i + 1);
	}
	o.close = i;
	o.tail = last_comment(t, o.end);
	return o;
}

/* What stands before the first word of the line that @at is in; given. */
static char *indent_of(const char *t, size_t at)
{
	while (at > 0 && t[at - 1] != '\n')
		at--;
	return mem_dup(t + at, strspn(t + at, " \t"));
}

/* ---- writing ---- */

static void put_flat(struct buf *b, const cJSON *value)
{
	_Bool object = cJSON_IsObject(value);
	const cJSON *child;

	if (!object && !cJSON_IsArray(value)) {
		_cleanup_(mem_freep) char *text = json_print(value);

		buf_puts(b, text);
		return;
	}
	buf_puts(b, object ? "{ " : "[");
	cJSON_ArrayForEach (child, value) {
		if (object) {
			json_quote(b, child->string);
			buf_puts(b, ": ");
		}
		put_flat(b, child);
		if (child->next)
			buf_puts(b, ", ");
	}
	buf_puts(b, object ? " }" : "]");
}

/* "key": value, on one line where it fits. */
static void put_member(
	struct buf *b, const struct form *f, const char *indent, const char *key, const cJSON *value)
{
	_cleanup_(buf_finish) struct buf flat = BUF_INIT(b->max);
	_cleanup_(mem_freep) char *inner = str_format("%s%s", indent, f->unit);
	const cJSON *child;

	json_quote(b, key);
	buf_puts(b, ": ");
	put_flat(&flat, value);
	if (!cJSON_IsObject(value) ||
		strlen(indent) + strlen(key) + strlen(": ,") + 2 + flat.len <= COLUMNS) {
		buf_puts(b, buf_text(&flat));
		return;
	}
	buf_puts(b, "{");
	cJSON_ArrayForEach (child, value) {
		buf_printf(b, "%s%s", f->eol, inner);
		put_member(b, f, inner, child->string, child);
		if (child->next)
			buf_puts(b, ",");
	}
	buf_printf(b, "%s%s}", f->eol, indent);
}

/* The text with one more member of @o. */
static void add_member(struct buf *out, const char *t, const struct object *o, const struct form *f,
	const char *key, const cJSON *value)
{
	const char *from = o->key ? t + o->end : t, *until = o->key ? t + o->close : t + strlen(t);
	_Bool lines = memchr(from, '\n', (size_t)(until - from)) != NULL;
	_cleanup_(mem_freep) char *outer = indent_of(t, o->key ? o->key : o->open);
	_cleanup_(mem_freep) char *indent = str_format("%s%s", outer, o->key ? "" : f->unit);
	_Bool closes = memchr(t + o->tail, '\n', o->close - o->tail) != NULL;

	buf_add(out, t, o->end);
	buf_puts(out, o->key ? "," : "");
	buf_add(out, t + o->end, o->tail - o->end);
	buf_printf(out, "%s%s", lines ? f->eol : " ", lines ? indent : "");
	put_member(out, f, lines ? indent : "", key, value);
	if (closes || (o->key && !lines)) {
		buf_puts(out, t + o->tail);
		return;
	}
	/* An empty object had its braces on one line. */
	buf_printf(out, "%s%s%s", lines ? f->eol : " ", lines ? outer : "", t + o->close);
}

/* ---- the face ---- */

static struct form form_of(const char *t)
{
	const char *line = strchr(t, '\n');
	size_t none;
	struct object root = measure(t, skip_space(t, 0), "", &none);
	struct form f = {.eol = line && line > t && line[-1] == '\r' ? "\r\n" : "\n"};

	f.unit = root.key ? indent_of(t, root.key) : NULL;
	if (!f.unit || !*f.unit)
		str_set(&f.unit, "  ");
	return f;
}

/* Puts "key": value into the member @where of the text, which is made when it is missing. */
static int put_into(
	struct buf *text, const struct form *f, const char *where, const char *key, const cJSON *value)
{
	const char *t = buf_text(text);
	size_t begin = skip_space(t, 0), at, none;
	_cleanup_(buf_finish) struct buf out = BUF_INIT(text->max);
	_cleanup_json_ cJSON *made = cJSON_CreateObject();
	struct object root, inner;

	if (t[begin] != '{')
		return -EINVAL;
	root = measure(t, begin, where, &at);
	if (at && t[at] != '{')
		return -EINVAL;
	if (at) {
		inner = measure(t, at, "", &none);
		add_member(&out, t, &inner, f, key, value);
	} else {
		json_set(made, key, cJSON_Duplicate(value, 1));
		add_member(&out, t, &root, f, where, made);
	}
	if (out.error)
		return out.error;
	buf_clear(text);
	return buf_add(text, out.data, out.len);
}

int stack_insert(const char *text, const char *name, const cJSON *tool, uint32_t owns, struct buf *ret)
{
	struct form f = form_of(text);
	_cleanup_json_ cJSON *owner = cJSON_CreateString(name);
	int r = buf_puts(ret, text);

	if (r == 0)
		r = put_into(ret, &f, "tools", name, tool);
	for (int i = TYPE_NONE + 1; r == 0 && i < TYPE_COUNT; i++) {
		if (owns & (uint32_t)1 << i)
			r = put_into(ret, &f, "owners", type_get((enum type_id)i)->name, owner);
	}
	free(f.unit);
	return r;
}

/* ---- owners ---- */

/* Where the member @wanted of the object at @open begins, its key; 0 without one. */
static size_t key_of(const char *t, size_t open, const char *wanted)
{
	size_t i = skip_space(t, open + 1);

	while (t[i] == '"') {
		size_t key_end = skip_text(t, i), value = skip_space(t, key_end);

		if (key_end - i == strlen(wanted) + 2 && strncmp(t + i + 1, wanted, strlen(wanted)) == 0)
			return i;
		i = skip_space(t, skip_value(t, skip_space(t, value + (t[value] == ':'))));
		if (t[i] == ',')
			i = skip_space(t, i + 1);
	}
	return 0;
}

/* The object that is the member @key of the one at @open; 0 when there is none. */
static size_t object_in(const char *t, size_t open, const char *key)
{
	size_t value;

	measure(t, open, key, &value);
	return value && t[value] == '{' ? value : 0;
}

/* Puts @word in place of the text from @from to @to. */
static int put_word(struct buf *text, size_t from, size_t to, const char *word)
{
	_cleanup_(buf_finish) struct buf out = BUF_INIT(text->max);

	buf_add(&out, buf_text(text), from);
	json_quote(&out, word);
	buf_puts(&out, buf_text(text) + to);
	if (out.error)
		return out.error;
	buf_clear(text);
	return buf_add(text, out.data, out.len);
}

/* "shares": { "TYPE": { "TOOL": "RULE" } } */
static int put_share(
	struct buf *text, const struct form *f, const char *type, const char *tool, const char *rule)
{
	const char *t = buf_text(text);
	size_t begin = skip_space(t, 0), shares = object_in(t, begin, "shares"), none;
	size_t inner = shares ? object_in(t, shares, type) : 0;
	_cleanup_(buf_finish) struct buf out = BUF_INIT(text->max);
	_cleanup_json_ cJSON *entry = cJSON_CreateObject(), *word = cJSON_CreateString(rule);
	struct object o;

	if (!inner) {
		json_set_text(entry, tool, rule);
		return put_into(text, f, "shares", type, entry);
	}
	o = measure(t, inner, "", &none);
	add_member(&out, t, &o, f, tool, word);
	if (out.error)
		return out.error;
	buf_clear(text);
	return buf_add(text, out.data, out.len);
}

int stack_share(const char *text, const char *type, const char *tool, const char *rule, struct buf *ret)
{
	struct form f = form_of(text);
	int r = buf_puts(ret, text);

	if (r == 0)
		r = put_share(ret, &f, type, tool, rule);
	free(f.unit);
	return r;
}

/* The old owner takes the new one's place among those that hold copies. */
static int swap_share(struct buf *text, const struct form *f, const char *type, const char *from,
	const char *to, const char *rule)
{
	const char *t = buf_text(text);
	size_t shares = object_in(t, skip_space(t, 0), "shares");
	size_t inner = shares ? object_in(t, shares, type) : 0;
	size_t key = inner ? key_of(t, inner, to) : 0;

	if (strcmp(from, "local") == 0 || (inner && key_of(t, inner, from)))
		return 0;
	return key ? put_word(text, key, skip_text(t, key), from) : put_share(text, f, type, from, rule);
}

int stack_move(const char *text, const char *type, const char *from, const char *to, const char *rule,
	struct buf *ret)
{
	struct form f = form_of(text);
	_cleanup_json_ cJSON *owner = cJSON_CreateString(to);
	size_t owners, value = 0;
	int r = buf_puts(ret, text);

	owners = object_in(text, skip_space(text, 0), "owners");
	if (owners)
		measure(text, owners, type, &value);
	if (r == 0)
		r = value ? put_word(ret, value, skip_value(text, value), to)
			  : put_into(ret, &f, "owners", type, owner);
	if (r == 0)
		r = swap_share(ret, &f, type, from, to, rule);
	free(f.unit);
	return r;
}

int stack_set_tool(const char *text, const char *name, const char *key, const char *value, struct buf *ret)
{
	struct form f = form_of(text);
	_cleanup_json_ cJSON *item = cJSON_CreateString(value);
	size_t begin = skip_space(text, 0), tools, tool = 0, at = 0, none;
	struct object o;

	measure(text, begin, "tools", &tools);
	if (tools && text[tools] == '{')
		measure(text, tools, name, &tool);
	if (!tool || text[tool] != '{') {
		free(f.unit);
		return -EINVAL;
	}
	measure(text, tool, key, &at);
	if (at) {
		buf_add(ret, text, at);
		json_quote(ret, value);
		buf_puts(ret, text + skip_value(text, at));
	} else {
		o = measure(text, tool, "", &none);
		add_member(ret, text, &o, &f, key, item);
	}
	free(f.unit);
	return ret->error;
}
