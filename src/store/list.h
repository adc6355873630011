/* SPDX-License-Identifier: Apache-2.0 */
/* list - one loop for every listing.        Threads: the owner of the db. */
#pragma once

#include "seamfs/store/record.h"

/* list_rows - gives the rows of a statement with the columns id, name, size, mtime to @f until it says stop */
void list_rows(sqlite3_stmt *q, store_lister f, void *context);
