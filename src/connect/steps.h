/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps - how a change of a record is sent: at once, and before that, where the manifest says so, through the states between.
 * Threads: as connect.h says.
 */
#pragma once

#include "connect/engine.h"

/* engine_changes - what update() sends, given; engine_change() sends it and reads how the record is then */
int engine_changes(struct engine *g, const struct manifest_type *t, const cJSON *changes, const cJSON *base,
	cJSON **ret, struct err *e);
int engine_change(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *body,
	struct reply *reply, const cJSON **ret, struct err *e);

/*
 * engine_steps - takes a record through the states before the one that @changes wants: each sent alone and read back, the
 * last one left to the caller. -EPERM: no way leads there. engine_arrived() - -EPERM when the record shows another state.
 */
int engine_steps(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *changes,
	const cJSON *base, struct err *e);
int engine_arrived(struct engine *g, const struct manifest_type *t, const cJSON *changes, const cJSON *record,
	struct err *e);
