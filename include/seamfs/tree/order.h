/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order - what a program outside of the tree wants written: the same check, the same refusals and the same history as a saved file.
 * Threads: any.
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/model/type.h"
#include "seamfs/tree/tree.h"

struct tree_order {
	const char *path; /* of a record: its file, its folder, or that without ".json"; NULL: a new one */
	const struct type *type; /* of the new one */
	const cJSON *fields;	 /* as in the record's file; what is left out stays as it is */
	const char *once;	 /* idempotency key; NULL: none */
	const char *program;	 /* who, for the history */
};

/**
 * tree_order - makes or changes a record
 * @ret_path: where it is, given to the caller
 *
 * Returns 0; 1 when an order with that key was done before, and nothing is done now; or -errno with a sentence. What was refused is
 * kept in problems/.
 */
int tree_order(struct tree *tree, const struct tree_order *order, char **ret_path, struct err *e);
