/* SPDX-License-Identifier: Apache-2.0 */
/* figures - rows of cells, and how they look as CSV, as text and in a page.        Threads: one owner at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/store/store.h"

enum {
	TABLE_MAX_COLUMNS = 16,
	TABLE_MAX_CURRENCIES = 64, /* that have a line of totals */
};

enum column_kind {
	COLUMN_TEXT,
	COLUMN_CURRENCY, /* of the amounts in the row; before them */
	COLUMN_MONEY,	 /* minor units */
	COLUMN_PRICE,	 /* the same, where a sum says nothing */
	COLUMN_COUNT,
	COLUMN_HOURS, /* millionths of an hour */
	COLUMN_DAY,   /* UTC milliseconds, 0: never; a time would make every copy of the tree another one */
};

struct column {
	const char *name;
	enum column_kind kind;
};

/* What a report is about. */
struct context {
	struct store *store;
	struct db *db;
	char today[11];
	const char *currency; /* the company's */
};

struct figures {
	const struct column *columns; /* terminated by one without name */
	size_t width;
	char **cells; /* texts, row by row */
	size_t count; /* of cells */
	size_t size;
	struct {
		char currency[4];
		int64_t sums[TABLE_MAX_COLUMNS];
	} totals[TABLE_MAX_CURRENCIES]; /* of the amounts */
	size_t total_count;
	_Bool overflow;
};

void figures_init(struct figures *t, const struct column *columns);
void figures_finish(struct figures *t);

/* figures_text, figures_number - the next cell; a number as its column has it */
void figures_text(struct figures *t, const char *text);
void figures_number(struct figures *t, int64_t value);

/* figures_query - a row for each of the statement's, which is run to its end */
void figures_query(struct figures *t, sqlite3_stmt *q);

size_t figures_rows(const struct figures *t);
const char *figures_cell(const struct figures *t, size_t row, size_t column);

/* figures_csv - with a header; texts that a spreadsheet would run are guarded */
int figures_csv(const struct figures *t, struct buf *b);

/* figures_print - in columns; @totals: with a line for each currency */
int figures_print(const struct figures *t, _Bool totals, struct buf *b);

/* figures_html - as a table element with that caption */
int figures_html(const struct figures *t, const char *caption, struct buf *b);

/* decimal_short - decimal_format() without zeros at the end: 19.0 and 19 are one rate */
char *decimal_short(struct decimal d, char text[DECIMAL_SIZE]);

/* html_text - with what HTML would take for its own escaped */
void html_text(struct buf *b, const char *text);
