/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps - how a change of a record is sent: at once, and before that, where the manifest says so, through the states between.
 * Threads: as connect.h says.
 */
#pragma once

#include "connect/call.h"

/*
 * engine_steps - takes a record through the states that lead to what @changes wants: each alone, and read back. With WRITE_ALWAYS
 * for fields of the record, of which the last step is left to the caller; with WRITE_STEP for those that only requests of their own
 * can set. -EPERM: no way leads there.
 */
int engine_steps(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *changes,
	const cJSON *base, enum map_write write, struct err *e);

/* engine_arrived - -EPERM when the record shows another state than @changes wanted */
int engine_arrived(struct engine *g, const struct manifest_type *t, const cJSON *changes, const cJSON *record,
	struct err *e);
