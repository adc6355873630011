/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint - what a manifest has to say besides using known words: that which belongs together is together.
 * Threads: as words.h.
 */
#pragma once

#include "connect/manifest.h"
#include "connect/words.h"

/* lint_verb - @request, the member @name of what is looked at, says how and where (NULL is fine). 0 or -EINVAL. */
int lint_verb(struct check *c, const cJSON *request, const char *name);

/* lint_type - one type, whose fields are compiled; lint_head - the parts outside of types. 0 or -EINVAL. */
int lint_type(struct check *c, const struct manifest_type *t, const cJSON *json);
int lint_head(struct check *c, const struct manifest *m);
