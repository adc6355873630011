/* SPDX-License-Identifier: Apache-2.0 */
/* map_write - a doc, or what changes in one, in the tool's form.        Threads: as map.h. */
#pragma once

#include "connect/map.h"

/**
 * map_create, map_changes - what to send for a new record, or for the fields in @changes (null: clear)
 * @ret: given; an object
 *
 * Fields without a map are left out of a new record and refused (-EPERM) in changes. Returns 0; -EINVAL for
 * a value that the tool has no word for; -EAGAIN for a needed reference whose record the tool does not have
 * yet; the -errno of a lookup.
 */
int map_create(struct mapping *m, const struct map_env *env, const cJSON *doc, cJSON **ret, struct err *e);
int map_changes(
	struct mapping *m, const struct map_env *env, const cJSON *changes, cJSON **ret, struct err *e);

/* map_along_field - the name in a "{field}" of "with", given; NULL: it is a constant */
char *map_along_field(const cJSON *along);

/* map_put_state - puts the tool's word into what is sent. Returns 0 or as map_changes(). */
int map_put_state(
	const struct map_field *f, const struct map_env *env, const char *theirs, cJSON *body, struct err *e);
