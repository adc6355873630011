/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books - a record as a double entry, and back.        Threads: any.
 *
 *   entry    its own lines
 *   invoice  sent, overdue, paid: receivable against sales and tax; a credit note is one below zero. A draft and a void
 *            one do not count. What counts needs a date and a total.
 *   payment  bank (and fees, what was kept of it) against receivable; a refund is one below zero
 *
 * The transaction's tag JOURNAL_TAG is "TYPE/ID", so that each record has one and can have no second. Docs are those of
 * connect.h: references are {"name": …}.
 */
#pragma once

#include "seamfs/codec/journal.h"
#include "seamfs/model/type.h"

enum books_account {
	BOOKS_RECEIVABLE,
	BOOKS_SALES,
	BOOKS_TAX,
	BOOKS_BANK,
	BOOKS_FEES,
	BOOKS_ROUNDING, /* where an invoice's net and tax do not make its total */
	BOOKS_ACCOUNT_COUNT,
};

struct books {
	enum journal_syntax syntax;
	const char *currency; /* the company's */
	const char *accounts[BOOKS_ACCOUNT_COUNT];
	const cJSON *methods; /* a payment's method -> account in place of the bank, or NULL */
};

extern const char *const books_account_names[BOOKS_ACCOUNT_COUNT]; /* "receivable" … */

/* books_read - from {"receivable": "Assets:…", …, "methods": {…}} (NULL: the defaults), which is borrowed. 0 or -EINVAL. */
int books_read(const cJSON *accounts, enum journal_syntax syntax, const char *currency, struct books *ret,
	struct err *e);

/* books_holds - whether records of that type become transactions, and which of their fields they hold */
uint64_t books_holds(enum type_id type);

/* books_id - the id in a transaction's tag and its type; NULL (and TYPE_NONE) when it is none of these. Borrowed. */
const char *books_id(const cJSON *transaction, enum type_id *ret_type);

/**
 * books_transaction - what the record is in the books
 * @old: its transaction as it is, or NULL; what a person has added there stays, and so do the accounts while the amounts do
 * @ret_counts: false: it is to be a comment
 *
 * Returns 0 and the transaction (given), or -EINVAL with the field.
 */
int books_transaction(const struct books *books, enum type_id type, const char *id, const cJSON *doc,
	const cJSON *old, cJSON **ret, _Bool *ret_counts, struct err *e);

/* books_doc - the record that a transaction tells of, given to the caller; fields that cannot be told are absent */
cJSON *books_doc(const struct books *books, enum type_id type, const cJSON *transaction);
