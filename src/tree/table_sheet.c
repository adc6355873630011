/* SPDX-License-Identifier: Apache-2.0 */
/* A sheet that a spreadsheet program, or a script, has written for one of the tables. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "tree/table.h"

int sheet_fail(const struct sheet *s, size_t row, const char *field, int code, struct err *e,
	const char *format, ...)
{
	char text[400];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return err_field(e, code, field ? field : "", "row %zu%s%s: %s", csv_number(s->csv, row),
		field ? ", " : "", field ? field : "", text);
}

const char *sheet_cell(const struct sheet *s, size_t row, size_t column)
{
	return s->at[column] < 0 ? "" : csv_cell(s->csv, row, (size_t)s->at[column]);
}

static _Bool blank(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

/* ---- columns ---- */

static _Bool column_blank(const struct csv_sheet *csv, size_t column)
{
	size_t n = csv_rows(csv);

	for (size_t i = 0; i < n; i++) {
		if (!blank(csv_cell(csv, i, column)))
			return 0;
	}
	return blank(csv_header(csv, column));
}

/* Which of the table's columns that one of the sheet is; -1: none. */
static int table_column_of(const struct sheet *s, size_t column)
{
	for (size_t i = 0; i < s->column_count; i++) {
		if (s->at[i] == (int)column)
			return (int)i;
	}
	return -1;
}

/* What nobody can keep must not look kept: the column would be gone when the table is opened next. */
static int check_columns(const struct sheet *s, struct err *e)
{
	_cleanup_(mem_freep) char *file = table_file(&s->table);

	for (size_t c = 0; c < csv_columns(s->csv); c++) {
		if (table_column_of(s, c) >= 0 || column_blank(s->csv, c))
			continue;
		return err_field(e, EINVAL, "",
			"row 1: the column \"%.60s\" is none of %s, or is there twice: take it out, or keep "
			"it in a sheet of your own",
			csv_header(s->csv, c), file);
	}
	if (s->at[0] < 0)
		return err_field(e, EINVAL, "id",
			"row 1: the column \"id\" is missing: without it every row would be a new record");
	return 0;
}

/* A row whose cells slipped to the right, as an unquoted comma does it. */
static int check_length(const struct sheet *s, size_t row, struct err *e)
{
	enum { LOOK = 16 };
	size_t columns = csv_columns(s->csv);

	for (size_t c = columns; c < columns + LOOK; c++) {
		if (!blank(csv_cell(s->csv, row, c)))
			return sheet_fail(s, row, NULL, EINVAL, e,
				"it has more cells than the first row; a text with a comma in it stands in "
				"\"quotes\"");
	}
	return 0;
}

/* ---- decimals ---- */

static _Bool is_number(const struct table_column *c)
{
	return c->kind == TABLE_FIELD && (c->field->kind == FIELD_MONEY || c->field->kind == FIELD_DECIMAL);
}

/* Where a comma is not what parts the cells, it may part the decimals: of all numbers, or of none. */
static int find_comma(struct sheet *s, struct err *e)
{
	const char *pointed = NULL;
	size_t comma_row = 0, comma_column = 0;

	for (size_t row = 0; csv_separator(s->csv) != ',' && row < csv_rows(s->csv); row++) {
		for (size_t c = 0; c < s->column_count; c++) {
			const char *text = is_number(&s->columns[c]) ? sheet_cell(s, row, c) : "";

			if (strchr(text, '.'))
				pointed = text;
			if (!strchr(text, ',') || s->comma)
				continue;
			s->comma = 1;
			comma_row = row;
			comma_column = c;
		}
	}
	if (!s->comma || !pointed)
		return 0;
	return sheet_fail(s, comma_row, s->columns[comma_column].name, EINVAL, e,
		"\"%.40s\" has a comma and another number, \"%.40s\", has a point: write all of them one way",
		sheet_cell(s, comma_row, comma_column), pointed);
}

/* ---- rows ---- */

static int read_number(const struct sheet *s, size_t row, size_t column, int64_t *ret, struct err *e)
{
	const char *text = sheet_cell(s, row, column);
	char *end;

	*ret = 0;
	if (blank(text))
		return 0;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (errno || *ret <= 0 || !blank(end))
		return sheet_fail(s, row, s->columns[column].name, EINVAL, e,
			"\"%.40s\" is no %s of the table: leave it as it was, or empty for a new row", text,
			s->columns[column].name);
	return 0;
}

static _Bool row_blank(const struct sheet *s, size_t row)
{
	for (size_t c = 0; c < s->column_count; c++) {
		if (!blank(sheet_cell(s, row, c)))
			return 0;
	}
	return 1;
}

static int by_id(const void *a, const void *b)
{
	const struct sheet_row *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static int read_rows(struct sheet *s, struct err *e)
{
	size_t n = csv_rows(s->csv);
	int r = 0;

	s->rows = mem_alloc((n + 1) * sizeof(*s->rows));
	for (size_t row = 0; row < n && r == 0; row++) {
		struct sheet_row *to = &s->rows[s->count];

		if (row_blank(s, row))
			continue;
		to->row = row;
		r = check_length(s, row, e);
		if (r == 0)
			r = read_number(s, row, 0, &to->id, e);
		if (r == 0 && s->table.lines)
			r = read_number(s, row, 1, &to->line, e);
		if (r == 0 && to->line && !to->id)
			return sheet_fail(s, row, "id", EINVAL, e,
				"a row with a number of its line needs the id that it had: only a new line "
				"has neither");
		s->count++;
	}
	qsort(s->rows, s->count, sizeof(*s->rows), by_id);
	for (size_t i = 1; i < s->count && r == 0; i++) {
		const struct sheet_row *a = &s->rows[i - 1], *b = &s->rows[i];

		if (a->id && a->id == b->id && a->line == b->line && (!s->table.lines || a->line))
			r = sheet_fail(s, b->row, "id", EINVAL, e,
				"row %zu has the same one: leave it empty in a row that is to be new",
				csv_number(s->csv, a->row));
	}
	return r;
}

int sheet_read(const struct table *t, const char *text, size_t len, struct sheet *ret, struct err *e)
{
	int r;

	*ret = (struct sheet){.table = *t};
	ret->column_count = table_columns(t, ret->columns);
	r = csv_parse(text, len, &ret->csv, e);
	for (size_t i = 0; r == 0 && i < ret->column_count; i++)
		ret->at[i] = csv_columns(ret->csv) ? csv_column(ret->csv, ret->columns[i].name) : -1;
	if (r == 0)
		r = check_columns(ret, e);
	if (r == 0)
		r = find_comma(ret, e);
	if (r == 0)
		r = read_rows(ret, e);
	if (r < 0)
		sheet_finish(ret);
	return r;
}

void sheet_finish(struct sheet *s)
{
	csv_free(s->csv);
	free(s->rows);
	*s = (struct sheet){0};
}

const struct sheet_row *sheet_find(const struct sheet *s, int64_t id, int64_t line)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct sheet_row *row = &s->rows[middle];

		if (row->id < id || (row->id == id && row->line < line))
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->count && s->rows[low].id == id && s->rows[low].line == line ? &s->rows[low] : NULL;
}

_Bool sheet_same(const struct sheet *a, size_t row_a, const struct sheet *b, size_t row_b)
{
	for (size_t c = 0; c < a->column_count; c++) {
		_Bool compared = a->at[c] >= 0 && b->at[c] >= 0 && a->columns[c].kind != TABLE_ID &&
				 a->columns[c].kind != TABLE_LINE;

		if (compared && !table_same(sheet_cell(a, row_a, c), sheet_cell(b, row_b, c)))
			return 0;
	}
	return 1;
}
