/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "connect/csv_map.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

static const char blanks[] = " \t\r\n";

/* Copies without outer blanks. */
static char *trim(const char *text, size_t len)
{
	while (len && strchr(blanks, *text)) {
		text++;
		len--;
	}
	while (len && strchr(blanks, text[len - 1]))
		len--;
	return mem_dup(text, len);
}

static const char *without_guard(const char *cell)
{
	return *cell == '\'' && csv_wants_guard(cell) ? cell + 1 : cell;
}

char *csv_value_text(const char *cell)
{
	const char *text = without_guard(cell);

	return trim(text, strlen(text));
}

static cJSON *read_text(const struct csv_field *f, const char *text, const char *currency)
{
	return cJSON_CreateString(text);
}

static int write_text(const struct csv_field *f, const cJSON *value, const char *like, const char *currency,
	struct buf *out)
{
	return json_text(value) ? buf_puts(out, json_text(value)) : -EINVAL;
}

static cJSON *read_choice(const struct csv_field *f, const char *text, const char *currency)
{
	for (const char *const *choice = f->field->choices; *choice; choice++) {
		if (strcasecmp(*choice, text) == 0)
			return cJSON_CreateString(*choice);
	}
	return NULL;
}

static cJSON *read_date(const struct csv_field *f, const char *text, const char *currency)
{
	char date[11];

	return date_parse(text, f->date, date) < 0 ? NULL : cJSON_CreateString(date);
}

static int write_date(const struct csv_field *f, const cJSON *value, const char *like, const char *currency,
	struct buf *out)
{
	char text[64];

	if (!json_text(value) || date_format(json_text(value), f->date, text, sizeof(text)) < 0)
		return -EINVAL;
	return buf_puts(out, text);
}

/* The forms of yes and no; the first is written where the sheet shows no other. */
static const struct {
	const char *yes, *no;
} truths[] = {
	{"true", "false"},
	{"True", "False"},
	{"TRUE", "FALSE"},
	{"yes", "no"},
	{"Yes", "No"},
	{"YES", "NO"},
	{"1", "0"},
};

static cJSON *read_bool(const struct csv_field *f, const char *text, const char *currency)
{
	for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
		if (strcasecmp(text, truths[i].yes) == 0 || strcasecmp(text, truths[i].no) == 0)
			return cJSON_CreateBool(strcasecmp(text, truths[i].yes) == 0);
	}
	return NULL;
}

static int write_bool(const struct csv_field *f, const cJSON *value, const char *like, const char *currency,
	struct buf *out)
{
	size_t form = 0;

	if (!cJSON_IsBool(value))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(truths) && !f->values; i++) {
		if (strcmp(like, truths[i].yes) == 0 || strcmp(like, truths[i].no) == 0)
			form = i;
	}
	return buf_puts(out, cJSON_IsTrue(value) ? truths[form].yes : truths[form].no);
}

/* The length of a mark that people put between groups of three digits, 0 when @text begins with none. */
static size_t group_mark(const char *text, char decimal)
{
	static const char *const marks[] = {".", ",", "'", " ", "’", "\u00a0", "\u202f"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t len = strlen(marks[i]);

		if (marks[i][0] != decimal && strncmp(text, marks[i], len) == 0)
			return len;
	}
	return 0;
}

/*
 * "1.234,50" as "1234.50". A mark counts only between groups of three digits: "1.5" where the comma parts the
 * decimals is refused, for it may well mean one and a half. 0, -EINVAL or -ERANGE.
 */
static int plain_number(const char *text, char decimal, char plain[DECIMAL_SIZE])
{
	size_t n = 0, group = 0, mark;
	_Bool behind = 0;

	for (; *text; text++) {
		_Bool digit = isdigit((unsigned char)*text);

		if (n + 1 >= DECIMAL_SIZE)
			return -ERANGE;
		mark = decimal && !behind && group >= 1 && group <= 3 ? group_mark(text, decimal) : 0;
		if (mark && strspn(text + mark, "0123456789") == 3) {
			text += mark - 1;
			group = 0;
			continue;
		}
		if (decimal && *text != decimal && !digit && (n || !strchr("+-", *text)))
			return -EINVAL;
		group += digit;
		behind |= *text == decimal;
		plain[n++] = decimal && *text == decimal ? '.' : *text;
	}
	plain[n] = '\0';
	return 0;
}

static cJSON *read_money(const struct csv_field *f, const char *text, const char *currency)
{
	char plain[DECIMAL_SIZE];
	int64_t minor;

	if (plain_number(text, f->decimal, plain) < 0 || money_parse(plain, currency, &minor) < 0)
		return NULL;
	return json_new_int(minor);
}

static cJSON *read_decimal(const struct csv_field *f, const char *text, const char *currency)
{
	char plain[DECIMAL_SIZE];
	struct decimal d;

	if (plain_number(text, f->decimal, plain) < 0 || decimal_parse(plain, &d) < 0)
		return NULL;
	return json_new_number(decimal_format(d, plain));
}

static int put_number(const struct csv_field *f, char *text, struct buf *out)
{
	char *point = strchr(text, '.');

	if (point && f->decimal)
		*point = f->decimal;
	return buf_puts(out, text);
}

static int write_money(const struct csv_field *f, const cJSON *value, const char *like, const char *currency,
	struct buf *out)
{
	char text[DECIMAL_SIZE];
	int64_t minor;

	if (json_int64(value, &minor) < 0)
		return -EINVAL;
	return put_number(f, money_format(minor, currency, text), out);
}

static int write_decimal(const struct csv_field *f, const cJSON *value, const char *like,
	const char *currency, struct buf *out)
{
	const char *digits = json_number(value);
	char text[DECIMAL_SIZE];
	struct decimal d;

	if (!digits || decimal_parse(digits, &d) < 0)
		return -EINVAL;
	return put_number(f, decimal_format(d, text), out);
}

/* A cell holds only what the other record is called. */
static cJSON *read_reference(const struct csv_field *f, const char *text, const char *currency)
{
	cJSON *reference = cJSON_CreateObject();

	json_set_text(reference, "name", text);
	return reference;
}

static int write_reference(const struct csv_field *f, const cJSON *value, const char *like,
	const char *currency, struct buf *out)
{
	return write_text(f, json_get(value, "name"), like, currency, out);
}

static cJSON *read_tags(const struct csv_field *f, const char *text, const char *currency)
{
	cJSON *tags = cJSON_CreateArray();

	while (*text) {
		size_t len = strcspn(text, ",;");
		_cleanup_(mem_freep) char *tag = trim(text, len);

		if (*tag)
			cJSON_AddItemToArray(tags, cJSON_CreateString(tag));
		text += len + (text[len] != '\0');
	}
	return tags;
}

static int write_tags(const struct csv_field *f, const cJSON *value, const char *like, const char *currency,
	struct buf *out)
{
	const char *between = strchr(like, ';') ? "; " : ", ";
	const cJSON *tag;

	cJSON_ArrayForEach (tag, value) {
		if (!json_text(tag) || strpbrk(json_text(tag), ",;"))
			return -EINVAL;
		buf_printf(out, "%s%s", out->len ? between : "", json_text(tag));
	}
	return cJSON_IsArray(value) ? out->error : -EINVAL;
}

static const struct {
	cJSON *(*read)(const struct csv_field *f, const char *text, const char *currency);
	int (*write)(const struct csv_field *f, const cJSON *value, const char *like, const char *currency,
		struct buf *out);
	unsigned options;
} kinds[] = {
	[FIELD_TEXT] = {read_text, write_text, CSV_VALUES},
	[FIELD_LONG_TEXT] = {read_text, write_text, 0},
	[FIELD_EMAIL] = {read_text, write_text, 0},
	[FIELD_PHONE] = {read_text, write_text, 0},
	[FIELD_URL] = {read_text, write_text, 0},
	[FIELD_CHOICE] = {read_choice, write_text, CSV_VALUES},
	[FIELD_DATE] = {read_date, write_date, CSV_DATE},
	[FIELD_BOOL] = {read_bool, write_bool, CSV_VALUES},
	[FIELD_MONEY] = {read_money, write_money, CSV_DECIMAL},
	[FIELD_DECIMAL] = {read_decimal, write_decimal, CSV_DECIMAL},
	[FIELD_REF] = {read_reference, write_reference, 0},
	[FIELD_TAGS] = {read_tags, write_tags, 0},
};

unsigned csv_value_options(enum field_kind kind)
{
	return kinds[kind].options;
}

/* Whether @item (a text or a list of them) has @text, compared by @compare. */
static _Bool has_text(const cJSON *item, const char *text, int (*compare)(const char *a, const char *b))
{
	const cJSON *child;

	cJSON_ArrayForEach (child, item) {
		if (compare(child->valuestring, text) == 0)
			return 1;
	}
	return json_text(item) && compare(json_text(item), text) == 0;
}

/* Our value for the text of a cell; the text itself where the configuration names none. */
static const char *our_value(const struct csv_field *f, const char *text)
{
	static int (*const compares[])(const char *a, const char *b) = {strcmp, strcasecmp};
	const cJSON *child;

	for (size_t i = 0; i < ARRAY_LEN(compares); i++) {
		cJSON_ArrayForEach (child, f->values) {
			if (has_text(child, text, compares[i]))
				return child->string;
		}
	}
	return text;
}

static const char *cell_value(const struct csv_field *f, const char *text)
{
	const cJSON *mapped = json_get(f->values, text);

	if (cJSON_IsArray(mapped))
		mapped = mapped->child;
	return mapped ? json_text(mapped) : text;
}

cJSON *csv_value_read(const struct csv_field *f, const char *cell, const char *currency)
{
	_cleanup_(mem_freep) char *text = csv_value_text(cell);
	_Bool whole = f->field->kind == FIELD_LONG_TEXT;

	if (!*text)
		return cJSON_CreateNull();
	return kinds[f->field->kind].read(f, whole ? without_guard(cell) : our_value(f, text), currency);
}

char *csv_value_write(const struct csv_field *f, const cJSON *value, const char *like, const char *currency)
{
	struct buf text = BUF_INIT(BUF_MAX_RECORD);
	int r = 0;
	char *cell = NULL;

	if (value && !cJSON_IsNull(value))
		r = kinds[f->field->kind].write(f, value, like, currency, &text);
	if (r == 0) {
		const char *mapped = cell_value(f, buf_text(&text));

		cell = str_format("%s%s", csv_wants_guard(mapped) ? "'" : "", mapped);
	}
	buf_finish(&text);
	return cell;
}
