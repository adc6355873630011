/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest as those in contrib/connectors are written: on one line what fits there, a blank line between the parts. */
#include <string.h>

#include "connect/draft_parts.h"
#include "connect/words.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { WIDTH = 130, MAX_DEPTH = 32 };

/* The whole of @item on one line. */
static void flat(struct buf *b, const cJSON *item)
{
	_Bool object = cJSON_IsObject(item);
	const cJSON *child;

	if (!object && !cJSON_IsArray(item)) {
		_cleanup_(mem_freep) char *text = json_text(item) ? NULL : json_print(item);

		if (text)
			buf_puts(b, text);
		else
			json_quote(b, json_text(item));
		return;
	}
	if (!item->child) {
		buf_puts(b, object ? "{}" : "[]");
		return;
	}
	buf_puts(b, object ? "{ " : "[");
	cJSON_ArrayForEach (child, item) {
		buf_puts(b, child == item->child ? "" : ", ");
		if (object) {
			json_quote(b, child->string);
			buf_puts(b, ": ");
		}
		flat(b, child);
	}
	buf_puts(b, object ? " }" : "]");
}

static void member(struct buf *b, const cJSON *item)
{
	if (item->string) {
		json_quote(b, item->string);
		buf_puts(b, ": ");
	}
}

/* The same with its name, given to the caller. */
static char *line_of(const cJSON *item)
{
	struct buf b = BUF_INIT(BUF_MAX_CONFIG);

	member(&b, item);
	flat(&b, item);
	return buf_steal(&b);
}

static _Bool is_stamp(const cJSON *item)
{
	return str_equal(item->string, "id") || str_equal(item->string, "created") ||
	       str_equal(item->string, "updated");
}

/* What stands beside each other where the whole does not fit: a request's words, and the three stamps of a record. */
static _Bool beside(const cJSON *holder, const cJSON *item)
{
	const char *path;

	if (str_equal(holder->string, "fields"))
		return item->prev && item != holder->child && is_stamp(item) && is_stamp(item->prev);
	return item != holder->child && words_verb(holder, &path) && !cJSON_IsObject(item->prev);
}

static _Bool always_broken(const cJSON *item, int depth)
{
	return depth == 0 || (depth == 1 && str_equal(item->string, "settings")) ||
	       (depth == 1 && str_equal(item->string, "types")) || str_equal(item->string, "fields") ||
	       json_get(item, "fields");
}

/* A blank line before this member. */
static _Bool apart(const cJSON *holder, const cJSON *item, int depth)
{
	if (depth == 0)
		return str_equal(item->string, "settings") || str_equal(item->string, "types");
	return depth == 1 && str_equal(holder->string, "types") && item != holder->child;
}

static void print(struct buf *b, const cJSON *item, int depth)
{
	_Bool object = cJSON_IsObject(item);
	size_t start = b->len;
	const cJSON *child;

	buf_puts(b, object ? "{" : "[");
	cJSON_ArrayForEach (child, item) {
		_cleanup_(mem_freep) char *line = line_of(child);
		size_t indent = (size_t)(depth + 1) * 2, len = strlen(line);
		_Bool broken = (cJSON_IsObject(child) || cJSON_IsArray(child)) && child->child &&
			       (always_broken(child, depth + 1) || indent + len + 1 > WIDTH) &&
			       depth < MAX_DEPTH;
		_Bool same = !broken && beside(item, child) && b->len - start + len + 2 <= WIDTH;

		if (child != item->child)
			buf_putc(b, ',');
		if (same) {
			buf_putc(b, ' ');
		} else {
			buf_printf(b, "%s\n%*s", apart(item, child, depth) ? "\n" : "", (int)indent, "");
			start = b->len - indent;
		}
		member(b, child);
		if (broken)
			print(b, child, depth + 1);
		else
			flat(b, child);
	}
	buf_printf(b, "\n%*s%c", depth * 2, "", object ? '}' : ']');
}

void draft_print(struct buf *b, const cJSON *manifest)
{
	print(b, manifest, 0);
	buf_putc(b, '\n');
}
