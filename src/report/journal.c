/* SPDX-License-Identifier: Apache-2.0 */
/* ledger/YEAR.journal: what the records are in double entry, whether or not a tool keeps such books. */
#include "seamfs/report/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/books.h"
#include "seamfs/store/record.h"

_Static_assert(TYPE_INVOICE == 5 && TYPE_PAYMENT == 6 && TYPE_ENTRY == 11, "the types have other numbers");

#define BOOKED                                                                                               \
	"booked AS (SELECT r.id AS id, r.type AS type, c.doc AS doc,"                                        \
	" coalesce(c.doc ->> 'issue_date', c.doc ->> 'date') AS date FROM record r JOIN content c ON "       \
	"c.record = r.id"                                                                                    \
	" WHERE r.type IN (5, 6, 11) AND r.state = 0 AND coalesce(c.doc ->> 'status', '') NOT IN ('draft', " \
	"'void'))"

int report_journal_next(struct store *store, int after)
{
	return (int)db_int(store_db(store), 0,
		"WITH " BOOKED " SELECT min(CAST(substr(date, 1, 4) AS INTEGER)) FROM booked"
		" WHERE CAST(substr(date, 1, 4) AS INTEGER) > ?1",
		"i", (int64_t)after);
}

/* The accounts of the tool that keeps books, where there is one. */
static void books_of(const struct stack *stack, struct books *ret)
{
	for (int i = 1; i < stack->tool_count; i++) {
		if (strcmp(stack->tools[i].connector, "ledger") == 0 &&
			books_read(json_get(stack->tools[i].config, "accounts"), JOURNAL_HLEDGER,
				stack->currency, ret, NULL) == 0)
			return;
	}
	books_read(NULL, JOURNAL_HLEDGER, stack->currency, ret, NULL);
}

/* References of a stored doc are numbers; the books have names. */
static void put_names(struct db *db, const struct type *type, cJSON *doc)
{
	struct record_names names = store_names(db);

	for (const struct field *f = type->fields; f->name; f++) {
		int64_t id = f->kind == FIELD_REF ? record_ref(doc, f) : 0;
		_cleanup_(mem_freep) char *name = id ? names.name(names.context, f->ref, id) : NULL;

		if (name)
			json_set_text(doc, f->name, name);
	}
}

static void add(struct db *db, const struct books *books, sqlite3_stmt *q, struct buf *b)
{
	enum type_id type = (enum type_id)sqlite3_column_int(q, 1);
	_cleanup_json_ cJSON *doc = json_stored(db_column_text(q, 2)), *transaction = NULL;
	_Bool counts;
	struct err e;
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)sqlite3_column_int64(q, 0));
	put_names(db, type_get(type), doc);
	buf_putc(b, '\n');
	if (books_transaction(books, type, id, doc, NULL, &transaction, &counts, &e) < 0)
		buf_printf(b, "; %s %s is not here: %s\n", type_get(type)->name, id, e.text);
	else
		journal_print(b, transaction, books->syntax, counts, "\n");
}

int report_journal(struct store *store, int year, struct buf *b)
{
	const struct stack *stack = store_stack(store);
	struct db *db = store_db(store);
	_cleanup_(mem_freep) char *company = str_dup(stack->company);
	size_t begin = b->len;
	struct books books;
	sqlite3_stmt *q;

	books_of(stack, &books);
	for (char *p = company; *p; p++)
		*p = (unsigned char)*p < 0x20 ? ' ' : *p;
	buf_printf(b, "; %s, %d. Made by seamfs from the records: hledger -f FILE balance\n", company, year);
	begin = b->len;
	q = db_query(db,
		"WITH " BOOKED
		" SELECT id, type, doc FROM booked WHERE CAST(substr(date, 1, 4) AS INTEGER) = ?1"
		" ORDER BY date, type, id",
		"i", (int64_t)year);
	while (db_row(q))
		add(db, &books, q, b);
	return b->error ? b->error : b->len == begin ? -ENOENT : 0;
}
