/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/books.h"

#include <errno.h>
#include <string.h>

#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/record.h"

const char *const books_account_names[BOOKS_ACCOUNT_COUNT] = {
	"receivable", "sales", "tax", "bank", "fees", "rounding"};

static const char *const defaults[BOOKS_ACCOUNT_COUNT] = {"Assets:Receivable", "Income:Sales",
	"Liabilities:Tax", "Assets:Bank", "Expenses:Fees", "Equity:Rounding"};

/* Where a field stands in a transaction: in its place ("date", "payee", "code"), or in the tag of that name. */
static const struct held {
	enum type_id type;
	const char *field, *place, *tag;
} held[] = {
	{TYPE_ENTRY, "description", "payee", NULL},
	{TYPE_ENTRY, "date", "date", NULL},
	{TYPE_ENTRY, "client", NULL, "client"},
	{TYPE_ENTRY, "reference", "code", NULL},
	{TYPE_INVOICE, "number", "code", NULL},
	{TYPE_INVOICE, "client", "payee", NULL},
	{TYPE_INVOICE, "status", NULL, "status"},
	{TYPE_INVOICE, "issue_date", "date", NULL},
	{TYPE_INVOICE, "due_date", NULL, "due"},
	{TYPE_PAYMENT, "number", "code", NULL},
	{TYPE_PAYMENT, "client", "payee", NULL},
	{TYPE_PAYMENT, "invoice", NULL, "invoice"},
	{TYPE_PAYMENT, "date", "date", NULL},
	{TYPE_PAYMENT, "method", NULL, "method"},
	{TYPE_PAYMENT, "reference", NULL, "reference"},
};

/* And those that the postings tell. */
static const struct {
	enum type_id type;
	const char *field;
} told[] = {{TYPE_ENTRY, "currency"}, {TYPE_ENTRY, "lines"}, {TYPE_INVOICE, "currency"},
	{TYPE_INVOICE, "net"}, {TYPE_INVOICE, "tax"}, {TYPE_INVOICE, "total"}, {TYPE_PAYMENT, "currency"},
	{TYPE_PAYMENT, "amount"}, {TYPE_PAYMENT, "fee"}};

static uint64_t bit(enum type_id type, const char *field)
{
	return field_bit(type_get(type), type_field(type_get(type), field));
}

uint64_t books_holds(enum type_id type)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		if (held[i].type == type)
			fields |= bit(type, held[i].field);
	}
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		if (told[i].type == type)
			fields |= bit(type, told[i].field);
	}
	return fields;
}

/* ---- the accounts ---- */

static int read_account(const cJSON *item, enum journal_syntax syntax, struct books *b, struct err *e)
{
	size_t i = 0;

	while (i < BOOKS_ACCOUNT_COUNT && strcmp(books_account_names[i], item->string) != 0)
		i++;
	if (i == BOOKS_ACCOUNT_COUNT)
		return err_set(e, EINVAL, "unknown key \"%.60s\"", item->string);
	if (!json_text(item))
		return err_set(e, EINVAL, "\"%s\" has to be the name of an account", item->string);
	b->accounts[i] = json_text(item);
	return journal_account(json_text(item), syntax, e);
}

int books_read(const cJSON *accounts, enum journal_syntax syntax, const char *currency, struct books *ret,
	struct err *e)
{
	struct books b = {.syntax = syntax, .currency = currency};
	const cJSON *item;
	int r = 0;

	memcpy(b.accounts, defaults, sizeof(defaults));
	cJSON_ArrayForEach (item, accounts) {
		if (strcmp(item->string, "methods") == 0 && cJSON_IsObject(item))
			b.methods = item;
		else
			r = read_account(item, syntax, &b, e);
		if (r < 0)
			return r;
	}
	cJSON_ArrayForEach (item, b.methods) {
		r = journal_account(json_text(item) ? json_text(item) : "", syntax, e);
		if (r < 0)
			return r;
	}
	*ret = b;
	return 0;
}

/* ---- a record as a transaction ---- */

const char *books_id(const cJSON *transaction, enum type_id *ret_type)
{
	const char *text = journal_tag(transaction, JOURNAL_TAG), *slash = text ? strchr(text, '/') : NULL;
	_cleanup_(mem_freep) char *name = slash ? mem_dup(text, (size_t)(slash - text)) : str_dup("");
	const struct type *type = type_by_name(name);

	*ret_type = type && slash[1] && books_holds(type->id) ? type->id : TYPE_NONE;
	return *ret_type ? slash + 1 : NULL;
}

static const char *text_of(const cJSON *value)
{
	return cJSON_IsObject(value) ? json_get_text(value, "name") : json_text(value);
}

static int64_t amount(const cJSON *doc, const char *field)
{
	int64_t minor = 0;

	return json_int64(json_get(doc, field), &minor) == 0 ? minor : 0;
}

static cJSON *new_posting(const char *account, int64_t minor, const char *currency)
{
	cJSON *line = cJSON_CreateObject();

	json_set_text(line, "account", account);
	json_set(line, "amount", json_new_int(minor));
	json_set_text(line, "currency", currency);
	return line;
}

static void post(const struct books *b, cJSON *postings, enum books_account account, int64_t minor,
	const char *currency)
{
	cJSON_AddItemToArray(postings, new_posting(b->accounts[account], minor, currency));
}

static void post_invoice(const struct books *b, const cJSON *doc, const char *currency, cJSON *postings)
{
	int64_t total = amount(doc, "total"), tax = amount(doc, "tax");
	int64_t net = json_get(doc, "net") ? amount(doc, "net") : total - tax;

	post(b, postings, BOOKS_RECEIVABLE, total, currency);
	post(b, postings, BOOKS_SALES, -net, currency);
	if (json_number(json_get(doc, "tax")))
		post(b, postings, BOOKS_TAX, -tax, currency);
	if (total != net + tax)
		post(b, postings, BOOKS_ROUNDING, net + tax - total, currency);
}

static void post_payment(const struct books *b, const cJSON *doc, const char *currency, cJSON *postings)
{
	const char *method = json_get_text(doc, "method");
	const char *account = method ? json_get_text(b->methods, method) : NULL;
	int64_t paid = amount(doc, "amount"), fee = amount(doc, "fee");

	cJSON_AddItemToArray(
		postings, new_posting(account ? account : b->accounts[BOOKS_BANK], paid - fee, currency));
	if (json_number(json_get(doc, "fee")))
		post(b, postings, BOOKS_FEES, fee, currency);
	post(b, postings, BOOKS_RECEIVABLE, -paid, currency);
}

static int post_lines(
	const struct books *b, const cJSON *doc, const char *currency, cJSON *postings, struct err *e)
{
	const cJSON *line;

	cJSON_ArrayForEach (line, json_get(doc, "lines")) {
		const char *account = json_get_text(line, "account"), *memo = json_get_text(line, "memo");
		cJSON *posting;
		int r = journal_account(account ? account : "", b->syntax, e);

		if (r < 0) {
			err_prefix(e, "lines");
			return r;
		}
		posting = new_posting(account, amount(line, "amount"), currency);
		if (memo)
			json_set_text(posting, "memo", memo);
		cJSON_AddItemToArray(postings, posting);
	}
	return 0;
}

static _Bool is_booked(enum type_id type, const cJSON *doc)
{
	const char *status = json_get_text(doc, "status");

	return type != TYPE_INVOICE ||
	       (status && strcmp(status, "draft") != 0 && strcmp(status, "void") != 0);
}

/* What counts has a day and an amount. */
static int check_booked(enum type_id type, const cJSON *doc, struct err *e)
{
	const char *date = type == TYPE_INVOICE ? "issue_date" : "date";
	const char *what = type == TYPE_INVOICE ? "total" : type == TYPE_PAYMENT ? "amount" : "lines";

	if (!json_get_text(doc, date))
		return err_field(
			e, EINVAL, date, "without %s this %s cannot be booked", date, type_get(type)->name);
	if (!json_get(doc, what) || cJSON_IsNull(json_get(doc, what)))
		return err_field(
			e, EINVAL, what, "without %s this %s cannot be booked", what, type_get(type)->name);
	return 0;
}

/* Nothing in the postings has changed: those that are there may stand in accounts that a person has chosen. */
static _Bool same_amounts(const struct books *b, enum type_id type, const cJSON *old, const cJSON *doc)
{
	_cleanup_json_ cJSON *before = old ? books_doc(b, type, old) : NULL;

	if (!json_get(old, "postings"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		if (told[i].type == type &&
			!json_equal(json_get(before, told[i].field), json_get(doc, told[i].field)))
			return 0;
	}
	return type != TYPE_PAYMENT || json_equal(json_get(before, "method"), json_get(doc, "method"));
}

static void put_fields(enum type_id type, const cJSON *doc, cJSON *transaction)
{
	cJSON *tags = json_get(transaction, "tags");

	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		const char *text = text_of(json_get(doc, held[i].field));
		cJSON *object = held[i].place ? transaction : tags;
		const char *key = held[i].place ? held[i].place : held[i].tag;

		if (held[i].type != type)
			continue;
		if (text)
			json_set_text(object, key, text);
		else
			cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	}
}

int books_transaction(const struct books *books, enum type_id type, const char *id, const cJSON *doc,
	const cJSON *old, cJSON **ret, _Bool *ret_counts, struct err *e)
{
	_cleanup_json_ cJSON *t = old ? cJSON_Duplicate(old, 1) : cJSON_CreateObject();
	_cleanup_(mem_freep) char *tag = str_format("%s/%s", type_get(type)->name, id);
	const char *currency = record_currency(doc, books->currency);
	cJSON *postings;
	int r = is_booked(type, doc) ? check_booked(type, doc, e) : 0;

	if (r < 0)
		return r;
	if (!old) {
		json_set(t, "tags", cJSON_CreateObject());
		json_set_text(json_get(t, "tags"), JOURNAL_TAG, tag);
	}
	put_fields(type, doc, t);
	if (!same_amounts(books, type, old, doc)) {
		postings = cJSON_CreateArray();
		json_set(t, "postings", postings);
		if (type == TYPE_ENTRY)
			r = post_lines(books, doc, currency, postings, e);
		else if (type == TYPE_PAYMENT)
			post_payment(books, doc, currency, postings);
		else if (json_number(json_get(doc, "total")))
			post_invoice(books, doc, currency, postings);
	}
	if (r < 0)
		return r;
	*ret_counts = is_booked(type, doc);
	*ret = t;
	t = NULL;
	return 0;
}

/* ---- and back ---- */

/* The account itself, or one below it. */
static _Bool below(const char *account, const char *parent)
{
	size_t n = strlen(parent);

	return account && strncmp(account, parent, n) == 0 && (!account[n] || account[n] == ':');
}

/* The sum of an account's postings; false: it has none. */
static _Bool sum(const struct books *b, const cJSON *t, enum books_account account, int64_t *ret)
{
	const cJSON *line;
	_Bool any = 0;

	*ret = 0;
	cJSON_ArrayForEach (line, json_get(t, "postings")) {
		if (!below(json_get_text(line, "account"), b->accounts[account]))
			continue;
		*ret += amount(line, "amount");
		any = 1;
	}
	return any;
}

static cJSON *money(_Bool any, int64_t minor)
{
	return any ? json_new_int(minor) : cJSON_CreateNull();
}

static void tell_invoice(const struct books *b, const cJSON *t, cJSON *doc)
{
	int64_t total, tax, rounding;
	_Bool known = sum(b, t, BOOKS_RECEIVABLE, &total), taxed = sum(b, t, BOOKS_TAX, &tax);

	sum(b, t, BOOKS_ROUNDING, &rounding);
	json_set(doc, "net", money(known, total + tax + rounding));
	json_set(doc, "tax", money(taxed, -tax));
	json_set(doc, "total", money(known, total));
}

static void tell_payment(const struct books *b, const cJSON *t, cJSON *doc)
{
	int64_t paid, fee;
	_Bool known = sum(b, t, BOOKS_RECEIVABLE, &paid), kept = sum(b, t, BOOKS_FEES, &fee);

	if (known)
		json_set(doc, "amount", money(1, -paid));
	json_set(doc, "fee", money(kept, fee));
}

static void tell_lines(const cJSON *t, cJSON *doc)
{
	cJSON *lines = cJSON_CreateArray();
	const cJSON *posting;

	cJSON_ArrayForEach (posting, json_get(t, "postings")) {
		cJSON *line = cJSON_Duplicate(posting, 1);

		cJSON_DeleteItemFromObjectCaseSensitive(line, "currency");
		cJSON_AddItemToArray(lines, line);
	}
	json_set(doc, "lines", lines);
}

/* Records have one currency: false where the postings have several. */
static _Bool one_currency(const cJSON *t, const char **ret)
{
	const cJSON *line;

	*ret = NULL;
	cJSON_ArrayForEach (line, json_get(t, "postings")) {
		const char *own = json_get_text(line, "currency");

		if (*ret && own && strcmp(*ret, own) != 0)
			return 0;
		*ret = own;
	}
	return json_get(t, "postings") != NULL;
}

static void tell(const struct books *b, enum type_id type, const cJSON *t, cJSON *doc)
{
	const char *currency;

	if (!one_currency(t, &currency))
		return;
	json_set(doc, "currency", currency ? cJSON_CreateString(currency) : cJSON_CreateNull());
	if (type == TYPE_INVOICE)
		tell_invoice(b, t, doc);
	else if (type == TYPE_PAYMENT)
		tell_payment(b, t, doc);
	else
		tell_lines(t, doc);
}

static cJSON *held_value(const struct field *f, const char *text)
{
	cJSON *value;

	if (!text)
		return cJSON_CreateNull();
	if (f->kind != FIELD_REF)
		return cJSON_CreateString(text);
	value = cJSON_CreateObject();
	json_set_text(value, "name", text);
	return value;
}

cJSON *books_doc(const struct books *books, enum type_id type, const cJSON *transaction)
{
	cJSON *doc = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		const char *text = held[i].place ? json_get_text(transaction, held[i].place)
						 : journal_tag(transaction, held[i].tag);

		if (held[i].type == type)
			json_set(doc, held[i].field,
				held_value(type_field(type_get(type), held[i].field), text));
	}
	tell(books, type, transaction, doc);
	return doc;
}
