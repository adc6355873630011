/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - which record is which thing in which tool.
 *
 * A link keeps two documents: `theirs`, the doc as the tool last had it, and `ours`, the record's fields that this
 * corresponds to. What to send is the record against `ours`; what came is the tool's doc against `theirs`. So a tool that
 * trims, rounds or reorders what it is given is neither an endless change nor a special case.
 *
 * Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/store/record.h"
#include "seamfs/store/store.h"

enum link_gone {
	LINK_THERE = 0,
	LINK_GONE = 1,	    /* the tool has it no longer, or has archived it; not created again */
	LINK_RETURNING = 2, /* its record was taken out of the trash: it is to be brought back or made anew */
};

struct link {
	int64_t id;
	int64_t record;
	enum type_id type;
	char *remote; /* the tool's id */
	cJSON *theirs;
	cJSON *ours;
	enum link_gone gone;
	_Bool unresolved; /* refers to something that has no link yet */
};

void link_finish(struct link *l);

/* store_link_by_remote, store_link_by_record - 0 or -ENOENT */
int store_link_by_remote(
	struct db *db, int64_t tool, enum type_id type, const char *remote, struct link *ret);
int store_link_by_record(struct db *db, int64_t tool, int64_t record, struct link *ret);

/* store_link_record, store_link_remote - only one side of a link: 0 / NULL when there is none; text is given */
int64_t store_link_record(struct db *db, int64_t tool, enum type_id type, const char *remote);
char *store_link_remote(struct db *db, int64_t tool, int64_t record);

/* store_link_put - writes a new link or the whole of an old one; @raw and @url NULL: unchanged */
int store_link_put(
	struct tx *tx, int64_t tool, const struct link *l, const char *raw, const char *url, int64_t pass);

/* store_link_drop - forgets that the tool ever had it */
int store_link_drop(struct tx *tx, int64_t link);

/* store_link_seen - notes that a listing showed it again, unchanged */
int store_link_seen(struct tx *tx, int64_t link, int64_t pass, const char *raw);

/* store_foreign_put - a record is said to be that one in another tool; store_foreign_record(): which one is, 0: none */
int store_foreign_put(struct tx *tx, int64_t tool, enum type_id type, const char *remote, int64_t record);
int64_t store_foreign_record(struct db *db, int64_t tool, enum type_id type, const char *remote);

/* store_identity - the form in which two tools' values of the same thing are equal; given to the caller */
char *store_identity(const char *text);

/**
 * store_match - the one live record that @tool does not have, or no longer, and that is the same thing as @doc
 *
 * Tries the type's identifying fields, strongest first, then the name. 0 when none or more than one is found.
 */
int64_t store_match(struct db *db, int64_t tool, enum type_id type, const cJSON *doc);

/* ---- cursors ---- */

/* store_cursor - where the next listing goes on (given, NULL: at the start); @ret_complete: one was complete before */
char *store_cursor(struct db *db, int64_t tool, enum type_id type, _Bool *ret_complete, int64_t *ret_pass);
int store_cursor_put(
	struct tx *tx, int64_t tool, enum type_id type, const char *value, _Bool complete, int64_t pass);
