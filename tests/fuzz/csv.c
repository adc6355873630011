/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for codec/csv: what is parsed prints as it came, and a changed cell changes nothing else.
 *
 * Input: one byte that selects a row, one a column, the sheet, and, behind a byte 0xff, the cell's new text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/csv.h"
#include "seamfs/codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

static struct csv_sheet *reparse(const struct csv_sheet *sheet)
{
	struct csv_sheet *again = NULL;
	struct buf b = BUF_INIT(BUF_MAX_SHEET);

	must(csv_print(sheet, &b) == 0);
	must(csv_parse(buf_text(&b), b.len, &again, NULL) == 0);
	buf_finish(&b);
	must(csv_columns(again) == csv_columns(sheet));
	must(csv_rows(again) == csv_rows(sheet));
	return again;
}

/* Every cell is the same in both, but (@row, @column) has @text in @b; SIZE_MAX is no row. */
static void compare(
	const struct csv_sheet *a, const struct csv_sheet *b, size_t row, size_t column, const char *text)
{
	for (size_t r = 0; r < csv_rows(a); r++) {
		for (size_t c = 0; c < csv_columns(a); c++) {
			const char *want = r == row && c == column ? text : csv_cell(a, r, c);

			must(strcmp(csv_cell(b, r, c), want) == 0);
		}
	}
}

static void change_one(const char *text, size_t len, size_t row, size_t column, const char *cell)
{
	_cleanup_(csv_freep) struct csv_sheet *before = NULL, *changed = NULL, *again = NULL;
	size_t added;

	must(csv_parse(text, len, &before, NULL) == 0);
	must(csv_parse(text, len, &changed, NULL) == 0);
	if (!csv_columns(before))
		return;
	column %= csv_columns(before);
	if (csv_rows(before)) {
		row %= csv_rows(before);
		csv_set(changed, row, column, cell);
		again = reparse(changed);
		compare(before, again, row, column, cell);
		csv_remove_row(changed, row);
		csv_free(reparse(changed));
	}
	added = csv_add_row(changed);
	csv_set(changed, added, column, cell);
	csv_free(again);
	again = reparse(changed);
	compare(changed, again, SIZE_MAX, 0, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet = NULL;
	_cleanup_(mem_freep) char *text = NULL, *cell = NULL;
	struct buf printed = BUF_INIT(BUF_MAX_SHEET);
	const uint8_t *mark;
	size_t len;

	if (size < 2)
		return 0;
	mark = memchr(data + 2, 0xff, size - 2);
	len = mark ? (size_t)(mark - data) - 2 : size - 2;
	text = mem_dup(data + 2, len);
	cell = mark ? mem_dup(mark + 1, size - len - 3) : str_dup("new");
	if (csv_parse(text, len, &sheet, NULL) < 0)
		return 0;
	must(csv_print(sheet, &printed) == 0);
	must(printed.len == len && memcmp(buf_text(&printed), text, len) == 0);
	buf_finish(&printed);
	if (utf8_valid(cell, strlen(cell)))
		change_one(text, len, data[0], data[1], cell);
	return 0;
}
