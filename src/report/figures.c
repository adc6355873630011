/* SPDX-License-Identifier: Apache-2.0 */
#include "report/figures.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/csv.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/utf8.h"

void figures_init(struct figures *t, const struct column *columns)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	while (columns[t->width].name)
		t->width++;
}

void figures_finish(struct figures *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

static void add(struct figures *t, char *cell)
{
	if (t->count == t->size) {
		t->size = t->size ? t->size * 2 : 256;
		t->cells = mem_grow(t->cells, t->size, sizeof(*t->cells));
	}
	t->cells[t->count++] = cell;
}

void figures_text(struct figures *t, const char *text)
{
	add(t, str_dup(text ? text : ""));
}

char *decimal_short(struct decimal d, char text[DECIMAL_SIZE])
{
	while (d.scale && d.mantissa % 10 == 0) {
		d.mantissa /= 10;
		d.scale--;
	}
	return decimal_format(d, text);
}

/* The currency of the row that is being filled. */
static const char *row_currency(const struct figures *t)
{
	size_t begin = t->count - t->count % t->width;

	for (size_t i = begin; i < t->count; i++) {
		if (t->columns[i - begin].kind == COLUMN_CURRENCY)
			return t->cells[i];
	}
	return "";
}

static void add_total(struct figures *t, const char *currency, size_t column, int64_t value)
{
	size_t i = 0;

	while (i < t->total_count && strcmp(t->totals[i].currency, currency) != 0)
		i++;
	if (i == TABLE_MAX_CURRENCIES) {
		t->overflow = 1;
		return;
	}
	if (i == t->total_count)
		snprintf(t->totals[t->total_count++].currency, sizeof(t->totals[i].currency), "%.3s",
			currency);
	if (__builtin_add_overflow(t->totals[i].sums[column], value, &t->totals[i].sums[column]))
		t->overflow = 1;
}

void figures_number(struct figures *t, int64_t value)
{
	size_t column = t->count % t->width;
	const char *currency = row_currency(t);
	char text[DECIMAL_SIZE];

	switch (t->columns[column].kind) {
	case COLUMN_MONEY:
		add_total(t, currency, column, value);
		add(t, str_dup(money_format(value, currency, text)));
		break;
	case COLUMN_PRICE:
		add(t, str_dup(money_format(value, currency, text)));
		break;
	case COLUMN_HOURS:
		add(t, str_dup(decimal_short((struct decimal){value, 6}, text)));
		break;
	case COLUMN_DAY:
		add(t, value ? mem_dup(clock_format_utc(value, text), strlen("2026-11-23")) : str_dup(""));
		break;
	default:
		add(t, str_format("%lld", (long long)value));
		break;
	}
}

void figures_query(struct figures *t, sqlite3_stmt *q)
{
	while (db_row(q)) {
		for (size_t i = 0; i < t->width; i++) {
			enum column_kind kind = t->columns[i].kind;

			if (sqlite3_column_type(q, (int)i) == SQLITE_NULL || kind == COLUMN_TEXT ||
				kind == COLUMN_CURRENCY)
				figures_text(t, db_column_text(q, (int)i));
			else
				figures_number(t, sqlite3_column_int64(q, (int)i));
		}
	}
	/* A sum in it was too large: rows that are missing must not look like rows that are not there. */
	if (sqlite3_errcode(sqlite3_db_handle(q)) == SQLITE_ERROR)
		t->overflow = 1;
}

size_t figures_rows(const struct figures *t)
{
	return t->count / t->width;
}

const char *figures_cell(const struct figures *t, size_t row, size_t column)
{
	return t->cells[row * t->width + column];
}

static _Bool is_text(const struct figures *t, size_t column)
{
	return t->columns[column].kind <= COLUMN_CURRENCY || t->columns[column].kind == COLUMN_DAY;
}

/* ---- CSV ---- */

int figures_csv(const struct figures *t, struct buf *b)
{
	for (size_t i = 0; i < t->width; i++)
		buf_printf(b, "%s%s", i ? "," : "", t->columns[i].name);
	buf_puts(b, "\r\n");
	for (size_t i = 0; i < t->count; i++) {
		const char *cell = t->cells[i];
		_cleanup_(mem_freep) char *guarded = NULL;

		/* An amount below zero is a number, and no formula. */
		if (is_text(t, i % t->width) && csv_wants_guard(cell))
			guarded = str_format("'%s", cell);
		if (i % t->width)
			buf_putc(b, ',');
		csv_quote(b, guarded ? guarded : cell, ',');
		if (i % t->width == t->width - 1)
			buf_puts(b, "\r\n");
	}
	return b->error;
}

/* ---- text ---- */

/* How many columns of a terminal it takes. */
static size_t text_width(const char *text)
{
	const utf8proc_uint8_t *p = (const void *)text;
	size_t width = 0;
	utf8proc_int32_t c;

	while (*p) {
		utf8proc_ssize_t n = utf8proc_iterate(p, -1, &c);

		width += n > 0 ? (size_t)utf8proc_charwidth(c) : 1;
		p += n > 0 ? n : 1;
	}
	return width;
}

static void put(struct buf *b, const char *text, size_t width, _Bool right, _Bool last)
{
	_cleanup_(mem_freep) char *safe = str_dup(text);
	size_t n = text_width(text), pad = n < width ? width - n : 0;

	utf8_disarm(safe);
	for (char *p = safe; (p = strchr(p, '\n'));)
		*p = ' ';
	buf_printf(b, "%*s%s%*s%s", right ? (int)pad : 0, "", safe, right || last ? 0 : (int)pad, "",
		last ? "\n" : "  ");
}

static void total_cell(const struct figures *t, size_t total, size_t column, char text[DECIMAL_SIZE])
{
	text[0] = '\0';
	if (t->columns[column].kind == COLUMN_MONEY)
		money_format(t->totals[total].sums[column], t->totals[total].currency, text);
	else if (t->columns[column].kind == COLUMN_CURRENCY)
		snprintf(text, DECIMAL_SIZE, "%s", t->totals[total].currency);
	else if (column == 0)
		snprintf(text, DECIMAL_SIZE, "total");
}

static void widths(const struct figures *t, _Bool totals, size_t *ret)
{
	char text[DECIMAL_SIZE];

	for (size_t i = 0; i < t->width; i++)
		ret[i] = strlen(t->columns[i].name);
	for (size_t i = 0; i < t->count; i++) {
		size_t n = text_width(t->cells[i]);

		if (n > ret[i % t->width])
			ret[i % t->width] = n;
	}
	for (size_t k = 0; totals && k < t->total_count; k++) {
		for (size_t i = 0; i < t->width; i++) {
			total_cell(t, k, i, text);
			if (strlen(text) > ret[i])
				ret[i] = strlen(text);
		}
	}
}

int figures_print(const struct figures *t, _Bool totals, struct buf *b)
{
	size_t width[TABLE_MAX_COLUMNS];
	char text[DECIMAL_SIZE];

	if (!t->count)
		return buf_puts(b, "Nothing.\n");
	widths(t, totals, width);
	for (size_t i = 0; i < t->width; i++)
		put(b, t->columns[i].name, width[i], !is_text(t, i), i == t->width - 1);
	for (size_t i = 0; i < t->count; i++)
		put(b, t->cells[i], width[i % t->width], !is_text(t, i % t->width),
			i % t->width == t->width - 1);
	for (size_t k = 0; totals && k < t->total_count; k++) {
		if (k == 0)
			buf_putc(b, '\n');
		for (size_t i = 0; i < t->width; i++) {
			total_cell(t, k, i, text);
			put(b, text, width[i], !is_text(t, i), i == t->width - 1);
		}
	}
	if (t->overflow)
		buf_puts(b, "\nSome totals do not fit into an amount and are wrong.\n");
	return b->error;
}

/* ---- HTML ---- */

void html_text(struct buf *b, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		default:
			buf_putc(b, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
		}
	}
}

/* A column's name in words: "due_date" is "due date". */
static void heading(struct buf *b, const char *name)
{
	for (; *name; name++)
		buf_putc(b, *name == '_' ? ' ' : *name);
}

int figures_html(const struct figures *t, const char *caption, struct buf *b)
{
	buf_puts(b, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_text(b, caption);
	buf_puts(b, "\"><table><caption>");
	html_text(b, caption);
	buf_puts(b, "</caption><thead><tr>");
	for (size_t i = 0; i < t->width; i++) {
		buf_printf(b, "<th scope=\"col\"%s>", is_text(t, i) ? "" : " class=\"n\"");
		heading(b, t->columns[i].name);
		buf_puts(b, "</th>");
	}
	buf_puts(b, "</tr></thead><tbody>");
	for (size_t i = 0; i < t->count; i++) {
		size_t column = i % t->width;

		if (column == 0)
			buf_puts(b, "<tr>");
		buf_printf(b, "<td%s>",
			!is_text(t, column)			? " class=\"n\""
			: t->columns[column].kind == COLUMN_DAY ? " class=\"t\""
								: "");
		html_text(b, t->cells[i]);
		buf_puts(b, column == t->width - 1 ? "</td></tr>" : "</td>");
	}
	if (!t->count)
		buf_printf(b, "<tr><td colspan=\"%zu\">Nothing.</td></tr>", t->width);
	return buf_puts(b, "</tbody></table></div>\n");
}
