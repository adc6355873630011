/* SPDX-License-Identifier: Apache-2.0 */
/* reports - the table of reports that are tables, and those that are pages.        Threads: any. */
#pragma once

#include "report/figures.h"

struct report {
	const char *name; /* of its files, without .csv and .txt */
	const char *title;
	const char *about; /* how it is counted */
	_Bool live;	   /* it also tells of what no change of a record shows */
	_Bool totals;
	const struct column *columns;
	const char *sql; /* of the rows, or … */
	void (*fill)(const struct context *c, struct figures *t);
	const struct column *short_columns; /* what the text has instead, where people want it shorter */
	const char *short_sql;
};

extern const struct report reports[];
extern const int report_table_count;

/* report_fill - the rows; @brief: those of the text */
void report_fill(const struct report *r, const struct context *c, _Bool brief, struct figures *t);

/* report_of - by its name; it has to be there */
const struct report *report_of(const char *name);

extern const struct column tax_columns[], reconcile_columns[], health_columns[];
void tax_fill(const struct context *c, struct figures *t);
void reconcile_fill(const struct context *c, struct figures *t);
void health_fill(const struct context *c, struct figures *t);

/* The pages. */
int page_dashboard(const struct context *c, struct buf *b);
int page_stack_html(const struct context *c, struct buf *b);
int page_stack_md(const struct context *c, struct buf *b);
