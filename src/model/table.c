/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/table.h"

#include <string.h>
#include <strings.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/csv.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

_Bool table_of(enum type_id type, int part, struct table *ret)
{
	const struct field *f = type_get(type)->fields;

	*ret = (struct table){.type = type_get(type)};
	if (part == 0)
		return 1;
	while (f->name && f->kind != FIELD_LINES)
		f++;
	ret->lines = f;
	return part == 1 && f->name;
}

char *table_file(const struct table *t)
{
	return t->lines ? str_format("%s-%s.csv", t->type->name, t->lines->name)
			: str_format("%s.csv", t->type->plural);
}

size_t table_columns(const struct table *t, struct table_column ret[TABLE_MAX_COLUMNS])
{
	const struct field *f = t->lines ? t->lines->line : t->type->fields;
	size_t n = 0;

	ret[n++] = (struct table_column){TABLE_ID, "id", NULL};
	if (t->lines) {
		ret[n++] = (struct table_column){TABLE_LINE, "line", NULL};
		ret[n++] = (struct table_column){TABLE_NAME, t->type->name, NULL};
	}
	for (; f->name; f++) {
		if (f->kind != FIELD_LINES)
			ret[n++] = (struct table_column){TABLE_FIELD, f->name, f};
	}
	return n;
}

int table_print_header(const struct table *t, struct buf *b)
{
	struct table_column columns[TABLE_MAX_COLUMNS];
	size_t n = table_columns(t, columns);

	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%s", i ? "," : "", columns[i].name);
	return buf_puts(b, "\r\n");
}

/* What begins so is a formula; one that looks guarded already gets one ' more, so that taking one off is always right. */
static _Bool wants_guard(const char *text)
{
	char c = text[strspn(text, "'")];

	return csv_wants_guard(text) || c == '+' || c == '-';
}

static void add_text(struct buf *b, const char *text)
{
	buf_printf(b, "%s%s", wants_guard(text) ? "'" : "", text);
}

static void add_tags(struct buf *b, const cJSON *tags)
{
	struct buf list = BUF_INIT(b->max);
	const cJSON *tag;

	cJSON_ArrayForEach (tag, tags)
		buf_printf(&list, "%s%s", list.len ? ", " : "", json_text(tag) ? json_text(tag) : "");
	add_text(b, buf_text(&list));
	buf_finish(&list);
}

int table_cell(const struct field *f, const cJSON *value, struct buf *b)
{
	const char *text = json_text(value);

	if (text)
		add_text(b, text);
	else if (f->kind == FIELD_TAGS)
		add_tags(b, value);
	else if (json_scalar(value))
		buf_puts(b, json_scalar(value));
	return b->error;
}

static void print_cells(const struct field *fields, const cJSON *object, struct buf *b)
{
	struct buf cell = BUF_INIT(BUF_MAX_RECORD);

	for (const struct field *f = fields; f->name; f++) {
		if (f->kind == FIELD_LINES)
			continue;
		buf_clear(&cell);
		table_cell(f, json_get(object, f->name), &cell);
		buf_putc(b, ',');
		csv_quote(b, buf_text(&cell), ',');
	}
	buf_finish(&cell);
}

int table_print(const struct table *t, int64_t id, const char *name, const cJSON *file, struct buf *b)
{
	const cJSON *line;
	int number = 0;

	if (!t->lines) {
		buf_printf(b, "%lld", (long long)id);
		print_cells(t->type->fields, file, b);
		return buf_puts(b, "\r\n");
	}
	cJSON_ArrayForEach (line, json_get(file, t->lines->name)) {
		struct buf cell = BUF_INIT(BUF_MAX_RECORD);

		add_text(&cell, name);
		buf_printf(b, "%lld,%d,", (long long)id, ++number);
		csv_quote(b, buf_text(&cell), ',');
		print_cells(t->lines->line, line, b);
		buf_puts(b, "\r\n");
		buf_finish(&cell);
	}
	return b->error;
}

/* ---- from cells to values ---- */

static char *trimmed(const char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	for (n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
		;
	return mem_dup(text, n);
}

/* Programs of Windows write line ends inside of cells, too, as their own. */
static char *without_returns(const char *text)
{
	char *copy = str_dup(text), *to = copy;

	for (const char *from = text; *from; from++) {
		if (from[0] != '\r' || from[1] != '\n')
			*to++ = *from;
	}
	*to = '\0';
	return copy;
}

static cJSON *text_value(const char *text)
{
	_cleanup_(mem_freep) char *plain = without_returns(text);

	return cJSON_CreateString(plain[0] == '\'' && wants_guard(plain + 1) ? plain + 1 : plain);
}

static cJSON *number_value(const char *text, _Bool comma)
{
	_cleanup_(mem_freep) char *digits = str_dup(text);
	char *at = comma ? strchr(digits, ',') : NULL, canonical[DECIMAL_SIZE];
	struct decimal d;

	if (at && !strchr(digits, '.'))
		*at = '.';
	return decimal_parse(digits, &d) < 0 ? cJSON_CreateString(text)
					     : json_new_number(decimal_format(d, canonical));
}

static cJSON *bool_value(const char *text)
{
	if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
		return cJSON_CreateTrue();
	if (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return cJSON_CreateFalse();
	return cJSON_CreateString(text);
}

/* 23.11.2026 can only mean one day; what has slashes means two. */
static cJSON *date_value(const char *text)
{
	char date[11];

	return cJSON_CreateString(date_parse(text, "%d.%m.%Y", date) == 0 ? date : text);
}

static cJSON *tags_value(const char *text)
{
	cJSON *list = cJSON_CreateArray(), *whole = text_value(text);
	_cleanup_(mem_freep) char *copy = str_dup(json_text(whole));
	char *rest, *part;

	for (part = strtok_r(copy, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		_cleanup_(mem_freep) char *tag = trimmed(part);

		if (tag[0])
			cJSON_AddItemToArray(list, cJSON_CreateString(tag));
	}
	cJSON_Delete(whole);
	return list;
}

cJSON *table_value(const struct field *f, const char *text, _Bool comma)
{
	_cleanup_(mem_freep) char *plain = trimmed(text);

	if (!plain[0])
		return cJSON_CreateNull();
	switch (f->kind) {
	case FIELD_MONEY:
	case FIELD_DECIMAL:
		return number_value(plain, comma);
	case FIELD_BOOL:
		return bool_value(plain);
	case FIELD_DATE:
		return date_value(plain);
	case FIELD_TAGS:
		return tags_value(text);
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
		return text_value(text);
	default:
		return text_value(plain);
	}
}

_Bool table_same(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += a[0] == '\r' && a[1] == '\n';
		b += b[0] == '\r' && b[1] == '\n';
		if (*a != *b)
			return 0;
		if (!*a)
			return 1;
	}
}
