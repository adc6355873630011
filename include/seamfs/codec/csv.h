/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv - RFC 4180 spreadsheets that come back byte for byte where nothing changed.        Threads: one owner.
 *
 * A sheet remembers its separator (, ; or tab, guessed from the header), its line ends, a byte order mark,
 * and for every cell the exact source bytes, so that writing it back after changing one cell changes that
 * cell only.
 */
#pragma once

#include <stddef.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

struct csv_sheet;

/**
 * csv_parse - reads a whole sheet; the first row is the header
 * @ret: given to the caller (csv_free), written on success only
 *
 * Not an error: rows shorter or longer than the header (missing cells read as ""), a missing last line end,
 * blank lines (kept, but no rows), a quote inside an unquoted cell (a character like others), an empty text
 * (a sheet without columns). Returns 0 or -EINVAL with line and reason (broken quoting, not UTF-8, NUL byte).
 */
int csv_parse(const char *text, size_t len, struct csv_sheet **ret, struct err *e);
void csv_free(struct csv_sheet *sheet);
void csv_freep(struct csv_sheet **sheet);

size_t csv_columns(const struct csv_sheet *sheet);
size_t csv_rows(const struct csv_sheet *sheet); /* without the header */

/* csv_column - the first column whose header is @name (exact, else ignoring case and outer blanks), or -1 */
int csv_column(const struct csv_sheet *sheet, const char *name);
const char *csv_header(const struct csv_sheet *sheet, size_t column);

/* csv_cell - decoded text, borrowed until this cell is set or the sheet freed; "" if the row is too short */
const char *csv_cell(const struct csv_sheet *sheet, size_t row, size_t column);

/* csv_line - 1-based line in the source where the row begins, for messages; 0 for an added row */
unsigned csv_line(const struct csv_sheet *sheet, size_t row);

/* csv_number - the number that a spreadsheet shows before the row: 1 is the first line of the sheet */
size_t csv_number(const struct csv_sheet *sheet, size_t row);

/* csv_separator - , ; or tab */
char csv_separator(const struct csv_sheet *sheet);

/**
 * csv_set - changes one cell; quoted as the cell was before, or when its text needs it
 * @column: below csv_columns()
 * @text:   borrowed; valid UTF-8
 *
 * The same text changes nothing. A row that is too short gets the cells up to this one.
 */
void csv_set(struct csv_sheet *sheet, size_t row, size_t column, const char *text);

/* csv_add_row - appends a row with an empty cell for each column, and returns its index */
size_t csv_add_row(struct csv_sheet *sheet);

/* csv_remove_row - takes the row out; the rows behind it move up */
void csv_remove_row(struct csv_sheet *sheet, size_t row);

/* csv_print - appends the whole sheet. Untouched cells are the source's bytes. 0 or -E2BIG. */
int csv_print(const struct csv_sheet *sheet, struct buf *b);

/**
 * csv_wants_guard - a spreadsheet would run this text as a formula, unless a ' stands before it
 *
 * A text that looks guarded already wants one ' more, so that taking one off always gives back what was written.
 */
_Bool csv_wants_guard(const char *text);

/* csv_quote - appends one cell of a fresh sheet, quoted when RFC 4180 demands it */
int csv_quote(struct buf *b, const char *text, char separator);
