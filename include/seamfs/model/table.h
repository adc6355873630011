/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table - records as rows of a spreadsheet: which columns there are, what their cells say, and what a changed cell means.
 * Threads: any.
 *
 * Columns are "id" and the type's fields; in a table of lines (of invoices, quotes) "id", "line", the record's name, and the
 * fields of a line. Values are those of the record's file. A text that a spreadsheet would run as a formula has a ' before it.
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/base/buf.h"
#include "seamfs/model/type.h"

struct table {
	const struct type *type;
	const struct field *lines; /* a row is a line of that field; NULL: a record */
};

/* table_of - the table of the records of a type (0) or of its lines (1); false where the type has none */
_Bool table_of(enum type_id type, int part, struct table *ret);

/* table_file - "invoices.csv", "invoice-lines.csv"; given to the caller */
char *table_file(const struct table *t);

enum table_column_kind { TABLE_ID, TABLE_LINE, TABLE_NAME, TABLE_FIELD };

struct table_column {
	enum table_column_kind kind;
	const char *name;
	const struct field *field; /* TABLE_FIELD only */
};

enum { TABLE_MAX_COLUMNS = TYPE_MAX_FIELDS + 3 };

/* table_columns - the columns in their order; returns how many there are */
size_t table_columns(const struct table *t, struct table_column ret[TABLE_MAX_COLUMNS]);

/* table_print_header - appends the first row */
int table_print_header(const struct table *t, struct buf *b);

/* table_print - appends the row of a record, or a row for each of its lines; @file is what record_shown() gives */
int table_print(const struct table *t, int64_t id, const char *name, const cJSON *file, struct buf *b);

/* table_cell - appends the text of a value of a record's file, without quotes; nothing for none */
int table_cell(const struct field *f, const cJSON *value, struct buf *b);

/* table_value - what a cell's text means in a record's file, given to the caller; a text where it is no such value, so that the
 * record's own rules say what is wrong. @comma: decimals are written with a comma. */
cJSON *table_value(const struct field *f, const char *text, _Bool comma);

/* table_same - two texts of a cell, whatever their line ends */
_Bool table_same(const char *a, const char *b);
