/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump - all that the store knows of records as lines of JSON, and back.
 *
 * Records that are in the trash are among them; what is only of the mount (temporary files, problems, what is on its way to
 * tools) is not.        Threads: writing lines, any owner of a db; reading them, the writer (inside a job).
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/store/change.h"

enum dump_part {
	DUMP_RECORDS, /* id, type, name, doc, body, ids in the tools */
	DUMP_HISTORY, /* the rows of the history */
	DUMP_GROUPS,  /* … that are one change of many records */
	DUMP_NAMES,   /* older names that still lead to a record */
	DUMP_PART_COUNT,
};

/* dump_file - the name of that part's file, "records.ndjson" */
const char *dump_file(enum dump_part part);

/* dump_each - calls @f with every line, in an order that is the same for the same records; stops when it is below 0 */
typedef int (*dump_line)(void *context, const cJSON *line);
int dump_each(struct store *store, struct db *db, enum dump_part part, dump_line f, void *context);

/* dump_origin - a number that this database has and hardly any other */
int64_t dump_origin(struct db *db);

/* dump_is_empty - whether no record was ever here, so that everything can be put back as it was */
_Bool dump_is_empty(struct db *db);

/**
 * dump_restore - puts back one line of @part into an empty database; dump_restore_end() when all are
 *
 * What tools hold is not taken for granted: their ids are kept to know the records again by when they are read. 0 or -errno.
 */
int dump_restore(struct tx *tx, enum dump_part part, const cJSON *line, struct err *e);
int dump_restore_end(struct tx *tx, int64_t origin);

/**
 * dump_find - the record here that a line of DUMP_RECORDS is about, 0: none
 * @origin: of the database that the line is from
 * @doc:    the line's, with references to records here
 */
int64_t dump_find(struct tx *tx, const cJSON *line, int64_t origin, const cJSON *doc);

/* dump_note - the record is known as that line's from now on */
int dump_note(struct tx *tx, const cJSON *line, int64_t origin, int64_t record);
