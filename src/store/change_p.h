/* SPDX-License-Identifier: Apache-2.0 */
/* change_p - the parts of a change that concern folders: views, hubs, dependents.        Threads: the writer. */
#pragma once

#include "seamfs/store/change.h"

/* One change while it is made. */
struct work {
	const struct type *type;
	int64_t record;
	_Bool is_new;
	cJSON *old; /* NULL for a new record */
	cJSON *doc; /* NULL for a record that goes */
	int64_t whole, old_whole;
	char *name, *old_name;
	int64_t version;
	int64_t mtime_ms; /* 0: now */
	struct buf body;
};

/* history_add - one row; field -1: the record as a whole. Values may be NULL. */
int history_add(struct tx *tx, int64_t record, int64_t version, int field, const cJSON *old, const cJSON *now,
	const struct origin *origin);

/* problems_announce - something in problems/ came, changed or went; @had_any: store_problem_any() before that */
int problems_announce(struct tx *tx, _Bool had_any);

void work_finish(struct work *w);

/* change_free_name - a name that no other live record of its folder has, given to the caller: a clash gets " ~" and digits
 * made of the record's id, which never change */
char *change_free_name(struct tx *tx, const struct work *w);

/* change_identities - notes the values by which the same thing is found in another tool, folded and without blanks */
int change_identities(struct tx *tx, const struct work *w);

/* What identifies a company beside its fields. */
enum { IDENTITY_NAME = TYPE_MAX_FIELDS, IDENTITY_DOMAIN };

/* change_announce - the event for the record's own entry (its file or folder) in its folder */
int change_announce(
	struct tx *tx, const struct work *w, enum event_kind kind, int64_t whole, const char *name);

/* change_hub_events - events for the links in the folders of the records that it refers to (as stored now) */
int change_hub_events(struct tx *tx, const struct work *w, enum event_kind kind);

/* change_facets - brings the views to the doc, with events */
int change_facets(struct tx *tx, const struct work *w);

/* change_dependents - renders again whatever shows this record's name, and moves the paths that contain it */
int change_dependents(struct tx *tx, const struct work *w);

/* change_restore - writes the row of a record as it was, with its own id: record, doc, name, whole, version and time of @w;
 * @removed: it is in the trash. change_restore_views() - its folders in by/, when all records are there. */
int change_restore(struct tx *tx, const struct work *w, const char *body, _Bool removed);
int change_restore_views(struct tx *tx, int64_t record);

/* change_references - notes which records it refers to */
int change_references(struct tx *tx, const struct work *w);

/* store_rerender - the record's file and views anew, because a name in them changed */
int store_rerender(struct tx *tx, int64_t record);
