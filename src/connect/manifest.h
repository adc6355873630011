/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest - contrib/connectors/NAME.json, read and examined: after manifest_load() every word is known,
 * every value has its kind, every {name} means something, so the engine need not look again.
 *
 * Threads: one owner at a time; each link loads its own (mappings remember warnings).
 */
#pragma once

#include <cjson/cJSON.h>

#include "connect/map.h"
#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/model/type.h"

/* Where a record's id is: in one place, or in several, whose texts are joined with ':'. */
enum { ID_PARTS = 3 };
struct id_place {
	const char *at[ID_PARTS];
	int count;
};

/* What a manifest says about one type; all JSON is borrowed from the manifest, NULL: not said. */
struct manifest_type {
	const struct type *type; /* NULL: the tool does not have this type */
	const cJSON *list, *one, *many, *create, *update, *remove, *restore;
	const cJSON *once;
	const cJSON *changes; /* NULL where it is by scan */
	_Bool events;	      /* changes are told by a list of what happened, not by a filter */
	const cJSON *removed, *gone, *guard;
	const cJSON *page;		/* its own or the manifest's */
	const cJSON *steps;		/* our field -> the tool's word -> those that may follow it */
	const cJSON *labels;		/* the tool's name of a field in error messages -> our field */
	const char *url;		/* template of the page for people; a path is one of the tool's */
	const char *url_at;		/* or where the tool's record has it */
	struct id_place id, removed_id; /* in a record, and in what "removed" lists */
	_Bool id_number;		/* the tool wants it as a number */
	const char *created, *updated;	/* JSON Pointers in the tool's record */
	enum map_as stamp_as;
	struct mapping map;
};

/* manifest_id - the id of one of the tool's records, given; NULL when it has none */
char *manifest_id(const struct id_place *place, const cJSON *record);

struct manifest {
	cJSON *root;
	const char *title;
	const cJSON *settings, *http, *check, *limits, *errors, *lookups;
	struct manifest_type types[TYPE_COUNT];
};

/**
 * manifest_load - reads and examines one manifest
 * @path:      of the file
 * @overrides: borrows; the tool's object in stack.json: its "types" are merged over the manifest's (RFC
 *             7396). NULL: none
 *
 * Returns 0, or -EINVAL with "FILE:LINE:COLUMN: reason" (a fault in the overrides: "/types/…: reason", and
 * the pointer in e->field), or the -errno of reading.
 */
int manifest_load(const char *path, const cJSON *overrides, struct manifest **ret, struct err *e);
/* manifest_read - the same for @text, which need not be in a file; @path is what sentences call it */
int manifest_read(const char *path, const struct buf *text, const cJSON *overrides, struct manifest **ret,
	struct err *e);
void manifest_free(struct manifest *m);
void manifest_freep(struct manifest **m);
