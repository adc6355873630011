/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - the parts of an HTML page that stands alone: nothing is fetched, no script runs, it prints on A4.
 * Threads: one owner at a time.
 */
#pragma once

#include "report/reports.h"

/* page_begin, page_end - @title is the page's; the company and the day stand below it */
void page_begin(struct buf *b, const struct context *c, const char *title);
void page_end(struct buf *b);

/* page_section - a heading, and a sentence below it (NULL: none) */
void page_section(struct buf *b, const char *title, const char *about);

/**
 * page_charts - bars, a chart for each currency
 * @q: currency, label, minor units; in order of the currency
 *
 * The same numbers stand below each as a table. Returns how many charts there are.
 */
int page_charts(struct buf *b, const char *title, sqlite3_stmt *q);
