/* SPDX-License-Identifier: Apache-2.0 */
/* filing - where the documents of a client or project are: documents/Clients/NAME, documents/Projects/NAME.        Threads: any. */
#pragma once

#include "tree/node.h"

/* filing_find - the folder (file row) of a record of that type and name; -ENOENT: there is none */
int filing_find(struct tree *tree, int type, const char *name, int64_t *ret);

/* filing_path - where it is, from the root of the tree; given */
char *filing_path(int type, const char *name);

/* filing_keep - files away what was dropped, and follows renamed records; when (UTC ms) there is more to do, 0: on a change. The keeper's. */
int64_t filing_keep(struct tree *tree, int64_t now);
