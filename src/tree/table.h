/* SPDX-License-Identifier: Apache-2.0 */
/* table - tables/: records as spreadsheets, and what saving one does.        Threads: any. */
#pragma once

#include "seamfs/codec/csv.h"
#include "seamfs/model/table.h"
#include "tree/save.h"

/* table_begin, table_end - with the tree */
void table_begin(struct tree *tree);
void table_end(struct tree *tree);

/* table_at - the table at that place; false when there is none */
_Bool table_at(struct place p, struct table *ret);

/* table_read - appends its text. 0 or -errno. */
int table_read(struct tree *tree, struct place p, struct buf *b);

/* table_stat - the length of its text, and when a record in it changed last */
int table_stat(struct tree *tree, struct place p, int64_t *ret_size, int64_t *ret_ms);

/* table_changed - whether a record of the type, or one whose name its rows show, changed after that row of the history */
_Bool table_changed(struct db *db, const struct type *type, int64_t position);

/* A sheet that somebody wrote for a table. */
struct sheet {
	struct table table;
	struct csv_sheet *csv;
	struct table_column columns[TABLE_MAX_COLUMNS];
	size_t column_count;
	int at[TABLE_MAX_COLUMNS]; /* where in the sheet each of them is, -1: it is not */
	_Bool comma;		   /* decimals are written with a comma */
	struct sheet_row {
		int64_t id;   /* 0: a new record */
		int64_t line; /* of a table of lines; 0: a new one */
		size_t row;
	} * rows; /* by id, line, row */
	size_t count;
};

/* sheet_read - 0 or -errno with row, column and reason */
int sheet_read(const struct table *t, const char *text, size_t len, struct sheet *ret, struct err *e);
void sheet_finish(struct sheet *s);

/* sheet_cell - the text in the column of that position in the table, "" where the sheet has none */
const char *sheet_cell(const struct sheet *s, size_t row, size_t column);

/* sheet_find - the row of that record and line; NULL without one */
const struct sheet_row *sheet_find(const struct sheet *s, int64_t id, int64_t line);

/* sheet_same - the rows say the same in all columns that both sheets have, but for id and line */
_Bool sheet_same(const struct sheet *a, size_t row_a, const struct sheet *b, size_t row_b);

/* sheet_fail - "row 12, due_date: " and why; @field NULL: the row as a whole. Returns -@code. */
int sheet_fail(const struct sheet *s, size_t row, const char *field, int code, struct err *e,
	const char *format, ...) __attribute__((format(printf, 6, 7)));

/**
 * table_save - the sheet's cells become the records: all of them, or none
 *
 * What is refused is kept in problems/. @text as with save_record().
 */
int table_save(struct tree *tree, struct place p, const struct text *text, const struct origin *origin,
	struct ticket *ret, struct err *e);

/* table_check - whether table_save() would take it */
int table_check(struct tree *tree, struct place p, const struct text *text, const struct origin *origin,
	struct err *e);
