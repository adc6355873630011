/* SPDX-License-Identifier: Apache-2.0 */
/* table_save - one save of a table, while it is done.        Threads: the caller's, then the writer's. */
#pragma once

#include "tree/table.h"

#define NO_ROW ((size_t)-1)

/* A row that may say something new. */
struct table_edit {
	int64_t id, line; /* 0: a new one */
	size_t row;	  /* in the sheet */
	size_t own_row;	  /* in what the writer saved last, NO_ROW: not there */
	_Bool made;	  /* it is new in the sheet: id and line are what was made of it */
	_Bool known;	  /* it says nothing new */
};

struct table_saving {
	struct tree *tree;
	struct place place;
	struct table table;
	const char *path;
	struct text text;
	struct origin origin;
	struct ticket *ticket; /* NULL: it is only looked whether it could be done */
	struct sheet sheet, now, own;
	const cJSON *made; /* of own: [row, id, line] of its new rows */
	_Bool has_own;
	struct table_edit *edits;
	size_t count;
	struct tx *tx; /* on the writer's thread */
	size_t changed;
	int64_t last_record, last_version; /* that was changed */
	struct err why;
};

/* table_apply_record - a row of a table of records; table_apply_lines - all edits of a table of lines. 0 or -errno. */
int table_apply_record(struct table_saving *s, struct table_edit *edit);
int table_apply_lines(struct table_saving *s);
