/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a journal: which bytes are our transactions, and what they say. */
#include "seamfs/codec/journal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "codec/journal_p.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

struct reader {
	enum journal_syntax syntax;
	cJSON *transaction, *tags, *notes, *postings; /* @postings NULL: not understood */
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static char *trimmed(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	while (len && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	return mem_dup(text, len);
}

/* ---- texts ---- */

/* What stands between the quotes at *@p, which is moved behind them; given to the caller. NULL: there are none. */
static char *unquoted(const char **p)
{
	struct buf b = BUF_INIT(BUF_MAX_RECORD);
	const char *q = *p + 1;
	unsigned code;

	if (**p != '"')
		return NULL;
	for (; *q && *q != '"'; q++) {
		if (*q != '\\') {
			buf_putc(&b, *q);
		} else if (q[1] == 'u' && sscanf(q + 2, "%4x", &code) == 1 && code && code < 0x80) {
			buf_putc(&b, (char)code);
			q += 5;
		} else if (q[1]) {
			q++;
			buf_putc(&b, (char)(*q == 'n' ? '\n' : *q == 't' ? '\t' : *q == 'r' ? '\r' : *q));
		}
	}
	*p = *q ? q + 1 : q;
	return buf_steal(&b);
}

static char *tag_value(const char *text)
{
	const char *p = skip_blanks(text);
	char *value = unquoted(&p);

	return value ? value : trimmed(text, strlen(text));
}

/* "name: value" of a comment, or of a line of metadata; false: it is none. */
static _Bool read_tag(struct reader *r, const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	_cleanup_(mem_freep) char *name = mem_dup(text, n);
	_cleanup_(mem_freep) char *value = NULL;

	if (!n || text[n] != ':' || (text[n + 1] && !isspace((unsigned char)text[n + 1])))
		return 0;
	value = tag_value(text + n + 1);
	json_set_text(r->tags, name, value);
	return 1;
}

/* ---- amounts ---- */

static const struct {
	const char *sign, *code;
} signs[] = {{"$", "USD"}, {"€", "EUR"}, {"£", "GBP"}, {"¥", "JPY"}, {"₹", "INR"}};

static const char *currency_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (strcmp(signs[i].sign, text) == 0)
			return signs[i].code;
	}
	return currency_valid(text) ? text : NULL;
}

/* "1,234.50" without its commas; false: they part no thousands. A single one without a point parts decimals to hledger. */
static _Bool without_commas(char *digits, enum journal_syntax syntax)
{
	char *to = digits, *point = strchr(digits, '.'), *comma = strchr(digits, ',');
	size_t since = 0;
	_Bool any = 0;

	if (point && strchr(point, ','))
		return 0;
	if (syntax == JOURNAL_HLEDGER && comma && !point && !strchr(comma + 1, ','))
		return 0;
	for (char *p = digits; *p && *p != '.'; p++) {
		if (*p == ',' && (any ? since != 3 : since > 3 || !since))
			return 0;
		since = *p == ',' ? 0 : since + (*p >= '0' && *p <= '9');
		any |= *p == ',';
	}
	if (any && since != 3)
		return 0;
	for (char *p = digits; *p; p++) {
		if (*p != ',')
			*to++ = *p;
	}
	*to = '\0';
	return 1;
}

/* "119.00 EUR", "-EUR 5", "$-5": false: it says more, or is none. */
static _Bool read_amount(cJSON *line, const char *text, enum journal_syntax syntax)
{
	static const char number[] = "0123456789.,";
	_cleanup_(mem_freep) char *digits = NULL;
	_cleanup_(mem_freep) char *unit = NULL;
	struct buf d = BUF_INIT(100), u = BUF_INIT(100);
	const char *currency;
	int64_t minor;
	int parts = 0;
	_Bool in_number = 0, minus = 0;

	for (const char *p = text; *p; p++) {
		_Bool digit = strchr(number, *p) != NULL;

		parts += digit && !in_number;
		in_number = digit;
		if (*p == '-')
			minus = !minus;
		else if (digit)
			buf_putc(&d, *p);
		else if (*p != ' ' && *p != '\t')
			buf_putc(&u, *p);
	}
	digits = buf_steal(&d);
	unit = buf_steal(&u);
	currency = currency_of(unit);
	if (parts != 1 || !currency || !without_commas(digits, syntax) ||
		money_parse(digits, currency, &minor) < 0)
		return 0;
	json_set(line, "amount", json_new_int(minus ? -minor : minor));
	json_set_text(line, "currency", currency);
	return 1;
}

/* ---- lines ---- */

static const char *account_end(const struct reader *r, const char *p)
{
	if (r->syntax == JOURNAL_BEANCOUNT)
		return p + strcspn(p, " \t;");
	while (*p && *p != '\t' && !(p[0] == ' ' && (p[1] == ' ' || p[1] == '\t')))
		p++;
	return p;
}

static void not_understood(struct reader *r)
{
	cJSON_Delete(r->postings);
	r->postings = NULL;
}

static void read_posting(struct reader *r, const char *text)
{
	const char *end = account_end(r, text), *comment = strchr(end, ';');
	size_t n = comment ? (size_t)(comment - end) : strlen(end);
	_cleanup_(mem_freep) char *account = trimmed(text, (size_t)(end - text));
	_cleanup_(mem_freep) char *amount = trimmed(end, n);
	_cleanup_(mem_freep) char *memo = comment ? trimmed(comment + 1, strlen(comment + 1)) : NULL;
	_cleanup_json_ cJSON *line = cJSON_CreateObject();

	if (!r->postings)
		return;
	json_set_text(line, "account", account);
	if (*account == '(' || *account == '[' || (*amount && !read_amount(line, amount, r->syntax))) {
		not_understood(r);
		return;
	}
	if (memo && *memo)
		json_set_text(line, "memo", memo);
	cJSON_AddItemToArray(r->postings, line);
	line = NULL;
}

static void read_line(struct reader *r, const char *text)
{
	_cleanup_(mem_freep) char *line = trimmed(text, strlen(text));
	_Bool comment = *line == ';';

	if (comment && r->syntax == JOURNAL_HLEDGER && read_tag(r, skip_blanks(line + 1)))
		return;
	if (!comment && r->syntax == JOURNAL_BEANCOUNT && islower((unsigned char)*line) && read_tag(r, line))
		return;
	if (comment)
		cJSON_AddItemToArray(r->notes, cJSON_CreateString(line));
	else if (*line)
		read_posting(r, line);
}

static void read_hledger_head(struct reader *r, const char *p)
{
	const char *end;

	if (*p == '(' && (end = strchr(p, ')'))) {
		_cleanup_(mem_freep) char *code = trimmed(p + 1, (size_t)(end - p - 1));

		json_set_text(r->transaction, "code", code);
		p = skip_blanks(end + 1);
	}
	end = strchr(p, ';');
	if (end)
		read_line(r, end);
	if (*p && p != end) {
		_cleanup_(mem_freep) char *payee = trimmed(p, end ? (size_t)(end - p) : strlen(p));

		json_set_text(r->transaction, "payee", payee);
	}
}

static void read_beancount_head(struct reader *r, const char *p)
{
	static const char *const names[] = {"payee", "code"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_cleanup_(mem_freep) char *text = unquoted(&p);

		if (text && *text)
			json_set_text(r->transaction, names[i], text);
		p = skip_blanks(p);
	}
}

static void read_head(struct reader *r, const char *line)
{
	int year = 0, month = 0, day = 0, n = 0;
	char date[64];
	const char *p = line;

	if (sscanf(p, "%4d%*1[-/.]%2d%*1[-/.]%2d%n", &year, &month, &day, &n) == 3)
		p = skip_blanks(p + n);
	snprintf(date, sizeof(date), "%04d-%02d-%02d", year, month, day);
	if (date_valid(date))
		json_set_text(r->transaction, "date", date);
	if (*p == '*' || *p == '!') {
		json_set_text(r->transaction, "flag", *p == '*' ? "*" : "!");
		p = skip_blanks(p + 1);
	}
	if (r->syntax == JOURNAL_HLEDGER)
		read_hledger_head(r, p);
	else
		read_beancount_head(r, p);
}

/* ---- one transaction ---- */

/* An amount that is left out is what the others lack. */
static void fill_amount(struct reader *r)
{
	const cJSON *line;
	cJSON *open = NULL;
	const char *currency = NULL;
	int64_t sum = 0, minor = 0;

	cJSON_ArrayForEach (line, r->postings) {
		const char *own = json_get_text(line, "currency");

		if (!own && open)
			return not_understood(r);
		if (!own)
			open = (cJSON *)line;
		else if (currency && strcmp(currency, own) != 0)
			return not_understood(r);
		else if (json_int64(json_get(line, "amount"), &minor) < 0 ||
			 __builtin_add_overflow(sum, minor, &sum))
			return not_understood(r);
		currency = own ? own : currency;
	}
	if (!open)
		return;
	if (!currency)
		return not_understood(r);
	json_set(open, "amount", json_new_int(-sum));
	json_set_text(open, "currency", currency);
}

/* The tag tells exactly what its place could say only in part, unless somebody has written another text there. */
static void take_exact(struct reader *r, const char *name)
{
	const char *text = json_get_text(r->tags, name), *now = json_get_text(r->transaction, name);
	_cleanup_(mem_freep) char *place = text ? journal_place(text, r->syntax) : NULL;

	if (place && strcmp(place, now ? now : "") == 0)
		json_set_text(r->transaction, name, text);
	cJSON_DeleteItemFromObjectCaseSensitive(r->tags, name);
}

static void take_memos(struct reader *r)
{
	cJSON *line;
	int number = 0;

	cJSON_ArrayForEach (line, r->postings) {
		char name[32];

		snprintf(name, sizeof(name), JOURNAL_MEMO "%d", ++number);
		if (json_get_text(r->tags, name))
			json_set_text(line, "memo", json_get_text(r->tags, name));
		cJSON_DeleteItemFromObjectCaseSensitive(r->tags, name);
	}
}

/* Given to the caller; NULL when it is none of ours. */
static cJSON *read_transaction(const char *text, size_t len, _Bool counts, enum journal_syntax syntax)
{
	struct reader r = {.syntax = syntax,
		.transaction = cJSON_CreateObject(),
		.tags = cJSON_CreateObject(),
		.notes = cJSON_CreateArray(),
		.postings = cJSON_CreateArray()};
	_Bool first = 1;

	for (const char *p = text, *next; p < text + len; p = next, first = 0) {
		const char *end = memchr(p, '\n', (size_t)(text + len - p));
		const char *begin = counts ? p : p + 2;
		_cleanup_(mem_freep) char *line = NULL;

		next = end ? end + 1 : text + len;
		line = trimmed(begin, (size_t)(next - begin));
		if (first)
			read_head(&r, line);
		else
			read_line(&r, line);
	}
	fill_amount(&r);
	take_exact(&r, JOURNAL_PAYEE);
	take_exact(&r, JOURNAL_CODE);
	take_memos(&r);
	json_set(r.transaction, "tags", r.tags);
	json_set(r.transaction, "notes", r.notes);
	if (r.postings)
		json_set(r.transaction, "postings", r.postings);
	if (journal_tag(r.transaction, JOURNAL_TAG))
		return r.transaction;
	cJSON_Delete(r.transaction);
	return NULL;
}

/* ---- the whole text ---- */

/* "2026-11-03 " */
static _Bool begins(const char *p, size_t n)
{
	size_t i = 0;

	for (int part = 0; part < 3; part++) {
		size_t from = i;

		while (i < n && p[i] >= '0' && p[i] <= '9')
			i++;
		if (i == from || i - from > 4)
			return 0;
		if (part < 2 && (i >= n || !strchr("-/.", p[i++])))
			return 0;
	}
	return i == n || strchr(" \t\r\n=", p[i]) != NULL;
}

static _Bool goes_on(const char *p, size_t n, _Bool counts)
{
	size_t i = counts ? 0 : 2;

	if (n <= i || (!counts && (p[0] != ';' || p[1] != ' ')) || (p[i] != ' ' && p[i] != '\t'))
		return 0;
	while (i < n && strchr(" \t\r\n", p[i]))
		i++;
	return i < n;
}

static size_t line_length(const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);

	return end ? (size_t)(end - p) + 1 : n;
}

static void add(struct journal *j, struct journal_block block)
{
	if ((j->count & (j->count - 1)) == 0)
		j->blocks = mem_grow(j->blocks, j->count ? j->count * 2 : 1, sizeof(*j->blocks));
	j->blocks[j->count++] = block;
}

void journal_parse(const char *text, size_t len, enum journal_syntax syntax, struct journal *ret)
{
	unsigned line = 1;

	*ret = (struct journal){0};
	for (size_t at = 0, end; at < len; at = end) {
		size_t n = line_length(text + at, len - at);
		_Bool comment = n > 2 && text[at] == ';' && text[at + 1] == ' ';
		struct journal_block block = {.start = at, .line = line++, .counts = !comment};

		end = at + n;
		if (!begins(text + at + (comment ? 2 : 0), n - (comment ? 2 : 0)))
			continue;
		while (end < len && goes_on(text + end, n = line_length(text + end, len - end), !comment)) {
			end += n;
			line++;
		}
		block.end = end;
		block.transaction = read_transaction(text + at, end - at, !comment, syntax);
		if (block.transaction)
			add(ret, block);
	}
}

void journal_finish(struct journal *j)
{
	for (size_t i = 0; i < j->count; i++)
		cJSON_Delete(j->blocks[i].transaction);
	free(j->blocks);
	*j = (struct journal){0};
}
