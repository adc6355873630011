/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal - plain-text accounting, as hledger and ledger (one form) or beancount (another) read it.        Threads: any.
 *
 * Of a journal only the transactions with the tag JOURNAL_TAG are read, and only those bytes are ever written anew: all
 * else is somebody's own. What is not to count yet is such a transaction behind "; ", a comment to every program.
 *
 * A transaction is an object: "date" (absent: none yet), "flag" ("*"), "payee", "code", "tags" (name -> text), "notes"
 * (other comments of it, as they are), "postings": "account", "amount" (minor units), "currency", "memo". It has no
 * "postings" when an amount is written in a way that is not understood here (a price, a balance assertion).
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

#define JOURNAL_TAG "seam"

enum journal_syntax { JOURNAL_HLEDGER, JOURNAL_BEANCOUNT };

/* journal_syntax_of - by its name "hledger", "ledger" or "beancount"; -1 for another */
int journal_syntax_of(const char *name);

/* One of them in a text; its bytes begin with its first line and end behind the line end of its last. */
struct journal_block {
	size_t start, end;
	unsigned line; /* 1-based, of its first */
	_Bool counts;  /* it is no comment */
	cJSON *transaction;
};

struct journal {
	struct journal_block *blocks;
	size_t count;
};

/* journal_parse - finds them, in the order of the text; @ret is for journal_finish() */
void journal_parse(const char *text, size_t len, enum journal_syntax syntax, struct journal *ret);
void journal_finish(struct journal *j);

/* journal_print - appends one, with @end (a line end) behind each line; a comment unless it @counts */
int journal_print(
	struct buf *b, const cJSON *transaction, enum journal_syntax syntax, _Bool counts, const char *end);

/* journal_account - 0, or -EINVAL where programs of that syntax would not take the name for an account's */
int journal_account(const char *name, enum journal_syntax syntax, struct err *e);

/* journal_tag - a transaction's tag, NULL without it */
const char *journal_tag(const cJSON *transaction, const char *name);
