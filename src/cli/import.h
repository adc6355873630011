/* SPDX-License-Identifier: Apache-2.0 */
/* import - what the kinds of imports share.        Threads: main. */
#pragma once

#include "cli/cli.h"
#include "seamfs/store/store.h"

/* import_csv - rows of a spreadsheet, into an open store. 0 or -errno. */
int import_csv(const struct options *o, struct store *store, const char *file, struct err *e);
