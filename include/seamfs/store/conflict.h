/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict - fields that were changed here and in a tool in different ways, until a person settles it. The record keeps its
 * own value, and no tool is told about such a field meanwhile. problems/ shows the record three times: as it is here, as
 * the tool has it, and as both last agreed.        Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/store/change.h"

enum conflict_side { CONFLICT_MINE, CONFLICT_THEIRS, CONFLICT_BASE };

/* store_conflict_fields - those in conflict; @tool: with that one, 0: with any */
uint64_t store_conflict_fields(struct db *db, int64_t record, int64_t tool);

/* store_conflict_base - what both last agreed on; given to the caller, NULL: no value, or no conflict */
cJSON *store_conflict_base(struct db *db, int64_t record, int64_t tool, int field);

/* store_conflict_put - a new one, or the tool has changed its mind again: then @base is ignored. Values may be NULL. */
int store_conflict_put(
	struct tx *tx, int64_t record, int64_t tool, int field, const cJSON *base, const cJSON *theirs);

/* store_conflict_drop - both sides agree again */
int store_conflict_drop(struct tx *tx, int64_t record, int64_t tool, int field);

/* store_conflict_tell - brings problems/ to what is in conflict with that tool; after put and drop */
int store_conflict_tell(struct tx *tx, int64_t record, int64_t tool);

/* store_conflict_settle - a person has decided: what the record says of these fields counts, and goes to the tools */
int store_conflict_settle(struct tx *tx, int64_t record, uint64_t fields, const struct origin *origin);

/**
 * store_conflict_forget - there is no other side any more: that tool (0: every tool) loses it, or the record, which is still
 *                         live, goes to the trash. What the tools had is written down.
 */
int store_conflict_forget(struct tx *tx, int64_t record, int64_t tool, const struct origin *origin);

/* store_conflict_doc - the record's doc as one side has it, given to the caller; NULL when it is gone */
cJSON *store_conflict_doc(struct db *db, int64_t record, int64_t tool, enum conflict_side side);
