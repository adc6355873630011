/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report - what the records add up to, as the files in reports/: NAME.csv for spreadsheets, NAME.txt and pages for people.
 *
 * Made when they are read, by SQL over the store. Amounts are minor units throughout and are added only to amounts of the
 * same currency. Threads: any.
 */
#pragma once

#include "seamfs/base/buf.h"
#include "seamfs/store/store.h"

struct report_cache;

struct report_cache *report_cache_new(struct store *store);
void report_cache_free(struct report_cache *cache);

/* report_file - the name of the i-th file, NULL behind the last; report_find(): which one that is, -1: none */
const char *report_file(int i);
int report_find(const char *file);

/* report_read - appends the file's text; what was made is kept until the records change. 0 or -E2BIG. */
int report_read(struct report_cache *cache, int i, struct buf *b);

/* report_time - when the records were changed last (UTC ms), 0: never */
int64_t report_time(struct report_cache *cache);
