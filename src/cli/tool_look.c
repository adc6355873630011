/* SPDX-License-Identifier: Apache-2.0 */
/* The first records of a type, read and shown, for "seamfs tool add" and "seamfs tool test". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/tool.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"

enum { ROWS = 10, WIDTH = 44 };

struct reading {
	struct tool_look *look;
	size_t limit;
};

/* ---- reading ---- */

_Bool tool_has(const struct tool_link *link, enum type_id type)
{
	return link->capabilities[type].type != TYPE_NONE || (type == TYPE_DOCUMENT && link->ops->files);
}

static void add_row(struct tool_look *look, cJSON *doc)
{
	if (cJSON_GetArraySize(look->rows) < ROWS)
		cJSON_AddItemToArray(look->rows, doc);
	else
		cJSON_Delete(doc);
	look->count++;
}

static int enough(const struct reading *g)
{
	g->look->more = g->look->count >= g->limit;
	return g->look->more ? -ECANCELED : 0;
}

static int take_page(void *context, const struct remote *remotes, size_t count)
{
	struct reading *g = context;

	for (size_t i = 0; i < count; i++) {
		if (remotes[i].deleted)
			continue;
		add_row(g->look, cJSON_Duplicate(remotes[i].doc, 1));
		if (g->look->newest && remotes[i].changed_ms < g->look->newest_ms)
			continue;
		str_set(&g->look->newest, remotes[i].id);
		g->look->newest_ms = remotes[i].changed_ms;
	}
	return enough(g);
}

static int take_files(void *context, const struct remote_file *files, size_t count)
{
	struct reading *g = context;

	for (size_t i = 0; i < count; i++) {
		cJSON *doc = files[i].folder ? NULL : cJSON_CreateObject();

		if (!doc)
			continue;
		json_set_text(doc, "name", files[i].path);
		add_row(g->look, doc);
	}
	return enough(g);
}

int tool_look(struct tool_link *link, enum type_id type, size_t limit, struct tool_look *ret, struct err *e)
{
	struct tool_look look = {.rows = cJSON_CreateArray()};
	struct reading g = {&look, limit};
	_cleanup_(mem_freep) char *cursor = NULL;
	struct file_walk walk = {.sink = take_files, .context = &g};
	_Bool complete;
	int r;

	if (link->capabilities[type].type == TYPE_NONE)
		r = link->ops->files->walk(link, &walk, e);
	else
		r = link->ops->list(link, type, NULL, take_page, &g, &cursor, &complete, e);
	if (r < 0 && !look.more) {
		tool_look_finish(&look);
		return r;
	}
	*ret = look;
	return 0;
}

void tool_look_finish(struct tool_look *look)
{
	cJSON_Delete(look->rows);
	free(look->newest);
	*look = (struct tool_look){0};
}

/* ---- showing ---- */

/* What a tool's text does to a terminal is nothing: control characters, also those of two bytes, are dots. */
static void put_cell(const char *text, size_t width)
{
	_cleanup_(mem_freep) char *shown = str_dup(text);
	size_t used = 0;

	utf8_shorten(shown, WIDTH);
	for (const unsigned char *p = (const unsigned char *)shown; *p; p++) {
		if (*p < 0x20 || *p == 0x7f) {
			putchar('.');
		} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
			putchar('.');
			p++;
		} else {
			putchar(*p);
		}
		used += (*p & 0xc0) != 0x80;
	}
	while (used++ < width)
		putchar(' ');
}

/* A value for people; given. */
static char *cell_text(const struct field *field, const cJSON *doc, const char *currency)
{
	const cJSON *value = json_get(doc, field->name);
	const char *own = json_get_text(doc, "currency"), *text = json_scalar(value);
	char money[DECIMAL_SIZE];
	int64_t minor;

	if (field->kind == FIELD_MONEY && json_int64(value, &minor) == 0)
		return str_dup(money_format(minor, own ? own : currency, money));
	return str_dup(text ? text : "");
}

/* The field behind the key that says most in a few letters; NULL: the tool has none. */
static const struct field *second_field(const struct type *type, uint64_t reads)
{
	for (const struct field *f = type->fields; f->name; f++) {
		if (!(f->flags & FIELD_KEY) && (reads & field_bit(type, f)) && f->kind != FIELD_REF &&
			f->kind != FIELD_LINES && f->kind != FIELD_TAGS && f->kind != FIELD_LONG_TEXT)
			return f;
	}
	return NULL;
}

void tool_print_rows(
	const struct tool_link *link, enum type_id type, const struct tool_look *look, const char *currency)
{
	const struct type *t = type_get(type);
	const struct field *key = type_key(t);
	const struct field *second = second_field(t, link->capabilities[type].reads);
	const cJSON *doc;

	if (!look->count) {
		puts("  there are none");
		return;
	}
	printf("  %-*s  %s\n", WIDTH, key->name, second ? second->name : "");
	cJSON_ArrayForEach (doc, look->rows) {
		_cleanup_(mem_freep) char *name = cell_text(key, doc, currency);
		_cleanup_(mem_freep) char *other = second ? cell_text(second, doc, currency) : str_dup("");

		fputs("  ", stdout);
		put_cell(name, *other ? WIDTH + 2 : 0);
		put_cell(other, 0);
		putchar('\n');
	}
}
