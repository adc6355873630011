/* SPDX-License-Identifier: Apache-2.0 */
/* journal_p - what reading and writing a journal share.        Threads: any. */
#pragma once

#include "seamfs/codec/journal.h"

/* The tags that keep what its own place cannot hold; a posting's has its number behind it. */
#define JOURNAL_PAYEE "payee"
#define JOURNAL_CODE  "code"
#define JOURNAL_MEMO  "memo"

/* journal_place - @text as a journal can have it in the place of a payee or a code; given to the caller */
char *journal_place(const char *text, enum journal_syntax syntax);

/* journal_inline - a posting's memo may stand behind it */
_Bool journal_inline(const char *memo, enum journal_syntax syntax);
