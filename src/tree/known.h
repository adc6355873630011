/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known - which state of a record a program had read before it saved it. A position is that of store_position().
 * Threads: any.
 */
#pragma once

#include "tree/save.h"

void known_begin(struct tree *tree);
void known_end(struct tree *tree);

/* known_note - the caller opens that record to read it, as it is now; @again false: only if it had not before */
void known_note(struct tree *tree, const struct caller *who, uint64_t ino, _Bool again);

/*
 * known_by - the position that the caller's process knew of that record: not after @position; @ret_own: what it knows instead,
 * where it saved the record after others had changed it, given; else it is left alone
 */
int64_t known_by(
	struct tree *tree, const struct caller *who, uint64_t ino, int64_t position, cJSON **ret_own);

/* known_saved - it was saved: what the caller wrote is what it knows. Takes @own: the record as the caller's text has it. */
void known_saved(
	struct tree *tree, const struct caller *who, uint64_t ino, const struct ticket *ticket, cJSON *own);
