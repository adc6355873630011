/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair - two records that may be, are, or are not the same thing. What is certain is linked by itself (link.h); what is not is
 * proposed, and a person decides.        Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/store/change.h"

/* store_pair_suggest - proposes the pairs of a record that a tool has just brought with those that resemble it */
int store_pair_suggest(struct tx *tx, int64_t record);

typedef void (*pair_visitor)(void *context, int64_t a, int64_t b, const char *why);
void store_pair_each(struct db *db, pair_visitor f, void *context);
_Bool store_pair_any(struct db *db);

/* store_owner_holds - whether the tool that owns records of this one's type has it */
_Bool store_owner_holds(struct store *store, struct db *db, int64_t record);

/**
 * store_pair_link - two records are one: what tools hold of either is one record from now on
 *
 * The one that its owner holds is kept, else the older one; it gets the fields that it lacks, and what referred to the
 * other refers to it. Refuses with -EEXIST when one tool holds both, and with -EBUSY when a change of the other is on its way.
 */
int store_pair_link(struct tx *tx, int64_t a, int64_t b, const struct origin *origin, struct err *e);

/* store_pair_apart - they are two: not proposed again */
int store_pair_apart(struct tx *tx, int64_t a, int64_t b);

/**
 * store_pair_split - what that tool (index) holds is another thing: a record of its own from now on
 * @ret: the new one
 *
 * Nothing is made or removed in any tool by this. Refuses with -ENOENT when the tool does not hold it, -EINVAL when no
 * other tool does.
 */
int store_pair_split(
	struct tx *tx, int64_t record, int tool, const struct origin *origin, int64_t *ret, struct err *e);
