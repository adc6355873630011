/* SPDX-License-Identifier: Apache-2.0 */
/* schema - the tables and how they came to be.        Threads: the writer, before the others start. */
#pragma once

#include "seamfs/base/err.h"
#include "seamfs/store/db.h"

/* schema_migrate - brings the database to this program's version, one transaction a step; refuses a newer one */
/* schema_check - whether the database is of this version: 0, or -EINVAL with the sentence */
int schema_check(struct db *db, const char *path, struct err *e);

int schema_migrate(struct db *db, const char *path, struct err *e);
