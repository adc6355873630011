/* SPDX-License-Identifier: Apache-2.0 */
/* journal - the records of a year as plain-text accounting for hledger and ledger.        Threads: any. */
#pragma once

#include "seamfs/base/buf.h"
#include "seamfs/store/store.h"

/* report_journal_next - the first year behind @after that has any; 0: there is none */
int report_journal_next(struct store *store, int after);

/* report_journal - appends that year. 0; -ENOENT when it has none; -E2BIG. */
int report_journal(struct store *store, int year, struct buf *b);
