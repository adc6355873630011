/* SPDX-License-Identifier: Apache-2.0 */
/* change - how a change of a record is sent, and what its answer shows.        Threads: as connect.h says. */
#pragma once

#include "connect/call.h"

/* engine_changes - what is sent for @changes (null: clear), given. 0 or as map_changes(). */
int engine_changes(struct engine *g, const struct manifest_type *t, const cJSON *changes, const cJSON *base,
	cJSON **ret, struct err *e);

/* engine_change - sends @body to the type's "update"; @ret: the record as it is then, borrowed from @reply. 0 or -errno. */
int engine_change(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *body,
	struct reply *reply, const cJSON **ret, struct err *e);

/* engine_returned - the record in the answer to @request, NULL when it holds none */
const cJSON *engine_returned(const struct manifest_type *t, const cJSON *request, const cJSON *json);

/* engine_after_effect - the tool has done it; not being able to read the record must not look like "nothing happened" */
int engine_after_effect(int r, struct err *e);
