/* SPDX-License-Identifier: Apache-2.0 */
/* Writing one transaction. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "codec/journal_p.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

enum { AMOUNT_COLUMN = 61 }; /* where amounts end */

struct printer {
	struct buf *b;
	enum journal_syntax syntax;
	const char *begin; /* of each line */
	const char *end;
};

int journal_syntax_of(const char *name)
{
	if (strcmp(name, "beancount") == 0)
		return JOURNAL_BEANCOUNT;
	return strcmp(name, "hledger") == 0 || strcmp(name, "ledger") == 0 ? JOURNAL_HLEDGER : -1;
}

const char *journal_tag(const cJSON *transaction, const char *name)
{
	return json_get_text(json_get(transaction, "tags"), name);
}

static _Bool control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* What would end a payee or a code there, or begin something else, becomes a blank; then there are no two in a row. */
char *journal_place(const char *text, enum journal_syntax syntax)
{
	const char *special = syntax == JOURNAL_HLEDGER ? ";|()[]" : "";
	char *copy = str_dup(text), *to = copy;

	for (const char *p = text; *p; p++) {
		_Bool blank = control(*p) || *p == ' ' || strchr(special, *p);

		if (to == copy && syntax == JOURNAL_HLEDGER && strchr("*!=", *p))
			blank = 1;
		if (!blank)
			*to++ = *p;
		else if (to > copy && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > copy && to[-1] == ' ')
		to--;
	*to = '\0';
	return copy;
}

/* A word with a colon is a tag to these programs, and what stands in brackets may be a date: an error, when it is none. */
_Bool journal_inline(const char *memo, enum journal_syntax syntax)
{
	if (syntax == JOURNAL_BEANCOUNT || !*memo || *memo == ' ' || memo[strlen(memo) - 1] == ' ')
		return 0;
	for (const char *p = memo; *p; p++) {
		if (control(*p) || strchr(":[]", *p))
			return 0;
	}
	return 1;
}

/* ---- text that is kept exactly ---- */

static void quoted(struct printer *p, const char *text)
{
	buf_putc(p->b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_printf(p->b, "\\%c", *text);
		else if (*text == '\n')
			buf_puts(p->b, "\\n");
		else if (*text == '\t')
			buf_puts(p->b, "\\t");
		else if (*text == '\r')
			buf_puts(p->b, "\\r");
		else if (p->syntax == JOURNAL_HLEDGER && (control(*text) || *text == '['))
			buf_printf(p->b, "\\u%04x", (unsigned)*text);
		else
			buf_putc(p->b, control(*text) ? ' ' : *text);
	}
	buf_putc(p->b, '"');
}

static _Bool plain(const char *text)
{
	if (!*text || *text == ' ' || *text == '"' || text[strlen(text) - 1] == ' ')
		return 0;
	for (const char *p = text; *p; p++) {
		if (control(*p) || *p == '[')
			return 0;
	}
	return 1;
}

static void tag(struct printer *p, const char *name, const char *text, _Bool quote)
{
	buf_printf(p->b, "%s    %s%s: ", p->begin, p->syntax == JOURNAL_HLEDGER ? "; " : "", name);
	if (p->syntax == JOURNAL_BEANCOUNT || quote || !plain(text))
		quoted(p, text);
	else
		buf_puts(p->b, text);
	buf_puts(p->b, p->end);
}

/* The text is longer than its place can say. */
static void exact(struct printer *p, const char *name, const char *text)
{
	_cleanup_(mem_freep) char *place = journal_place(text ? text : "", p->syntax);

	if (text && strcmp(place, text) != 0)
		tag(p, name, text, 1);
}

/* ---- the transaction ---- */

static void head(struct printer *p, const cJSON *t)
{
	const char *date = json_get_text(t, "date"), *flag = json_get_text(t, "flag");
	const char *payee = json_get_text(t, "payee"), *code = json_get_text(t, "code");
	_cleanup_(mem_freep) char *who = journal_place(payee ? payee : "", p->syntax);
	_cleanup_(mem_freep) char *number = journal_place(code ? code : "", p->syntax);

	buf_printf(p->b, "%s%s ", p->begin, date ? date : "0000-00-00");
	buf_puts(p->b, flag ? flag : "*");
	if (p->syntax == JOURNAL_HLEDGER) {
		buf_printf(p->b, *number ? " (%s)" : "%s", number);
		buf_printf(p->b, *who ? " %s" : "%s", who);
	} else {
		buf_putc(p->b, ' ');
		quoted(p, who);
		buf_putc(p->b, ' ');
		quoted(p, number);
	}
	buf_puts(p->b, p->end);
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void posting(struct printer *p, const cJSON *line)
{
	const char *account = json_get_text(line, "account"), *currency = json_get_text(line, "currency");
	const char *memo = json_get_text(line, "memo");
	char amount[DECIMAL_SIZE];
	size_t used;
	int64_t minor = 0;

	if (json_int64(json_get(line, "amount"), &minor) < 0 || !account || !currency)
		return;
	money_format(minor, currency, amount);
	used = 4 + characters(account) + strlen(amount) + strlen(currency) + 1;
	buf_printf(p->b, "%s    %s%*s%s %s", p->begin, account,
		used + 2 < AMOUNT_COLUMN ? (int)(AMOUNT_COLUMN - used) : 2, "", amount, currency);
	if (memo && journal_inline(memo, p->syntax))
		buf_printf(p->b, "  ; %s", memo);
	buf_puts(p->b, p->end);
}

static void tags(struct printer *p, const cJSON *t)
{
	const cJSON *item;
	int number = 0;

	cJSON_ArrayForEach (item, json_get(t, "tags"))
		tag(p, item->string, json_text(item), 0);
	exact(p, JOURNAL_PAYEE, json_get_text(t, "payee"));
	exact(p, JOURNAL_CODE, json_get_text(t, "code"));
	cJSON_ArrayForEach (item, json_get(t, "postings")) {
		const char *memo = json_get_text(item, "memo");
		char name[32];

		snprintf(name, sizeof(name), JOURNAL_MEMO "%d", ++number);
		if (memo && !journal_inline(memo, p->syntax))
			tag(p, name, memo, 1);
	}
}

int journal_print(
	struct buf *b, const cJSON *transaction, enum journal_syntax syntax, _Bool counts, const char *end)
{
	struct printer p = {b, syntax, counts ? "" : "; ", end};
	const cJSON *item;

	head(&p, transaction);
	tags(&p, transaction);
	cJSON_ArrayForEach (item, json_get(transaction, "notes"))
		buf_printf(b, "%s    %s%s", p.begin, json_text(item), end);
	cJSON_ArrayForEach (item, json_get(transaction, "postings"))
		posting(&p, item);
	return b->error;
}

/* ---- accounts ---- */

/* Components begin with a capital or a digit; letters beyond ASCII are taken. */
static _Bool beancount_account(const char *name)
{
	static const char *const roots[] = {"Assets", "Liabilities", "Equity", "Income", "Expenses"};
	const char *colon = strchr(name, ':');
	_Bool known = 0, first = 1;

	for (size_t i = 0; colon && i < ARRAY_LEN(roots); i++)
		known |= strlen(roots[i]) == (size_t)(colon - name) &&
			 strncmp(name, roots[i], strlen(roots[i])) == 0;
	for (const char *p = colon ? colon + 1 : name; known && *p; p++) {
		_Bool digit = *p >= '0' && *p <= '9', high = *p & 0x80, capital = *p >= 'A' && *p <= 'Z';
		_Bool small = (*p >= 'a' && *p <= 'z') || *p == '-';

		if (*p == ':' ? first : !(digit || high || capital || (small && !first)))
			return 0;
		first = *p == ':';
	}
	return known && !first;
}

static _Bool hledger_account(const char *name)
{
	if (!*name || strchr(" ;([<*!#%\"=@-+0123456789", *name) || name[strlen(name) - 1] == ' ' ||
		strstr(name, "  ") || strchr(name, ';'))
		return 0;
	for (; *name; name++) {
		if (control(*name))
			return 0;
	}
	return 1;
}

int journal_account(const char *name, enum journal_syntax syntax, struct err *e)
{
	if (syntax == JOURNAL_BEANCOUNT ? beancount_account(name) : hledger_account(name))
		return 0;
	if (syntax == JOURNAL_BEANCOUNT)
		return err_set(e, EINVAL,
			"\"%.80s\" is no account for beancount: it has to be like Expenses:Rent, below "
			"Assets, "
			"Liabilities, Equity, Income or Expenses, each part with a capital",
			name);
	return err_set(e, EINVAL,
		"\"%.80s\" is no account: it has to begin with a letter and have no semicolon and no two "
		"blanks in a row",
		name);
}
