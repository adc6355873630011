/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/record.h"

struct parse {
	const struct type *type;
	const struct record_names *names;
	const char *currency;
	int64_t whole;
	char path[96]; /* "lines[2].unit_price", for messages */
	struct err *e;
};

typedef int (*value_parser)(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret);

static int refuse(struct parse *p, const char *what)
{
	return err_field(p->e, EINVAL, p->path, "\"%s\" %s", p->path, what);
}

static int parse_text(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	const char *text = json_text(in);

	if (!text)
		return refuse(p, "must be a text in \"quotes\"");
	*ret = text[0] ? cJSON_CreateString(text) : cJSON_CreateNull();
	return 0;
}

static int parse_bool(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	if (!cJSON_IsBool(in))
		return refuse(p, "must be true or false, without quotes");
	*ret = cJSON_Duplicate(in, 1);
	return 0;
}

static int parse_money(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	const char *digits = json_number(in);
	char text[96];
	int64_t minor;
	int r;

	if (!digits)
		return refuse(p, "must be an amount as a number, for example 1200.50");
	r = money_parse(digits, p->currency, &minor);
	if (r == -EDOM) {
		snprintf(text, sizeof(text), "has more decimals than %s has (%u)", p->currency,
			currency_digits(p->currency));
		return refuse(p, text);
	}
	if (r < 0)
		return refuse(p, "is too large for an amount of money");
	*ret = json_new_int(minor);
	return 0;
}

static int parse_decimal(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	const char *digits = json_number(in);
	char text[DECIMAL_SIZE];
	struct decimal d;

	if (!digits)
		return refuse(p, "must be a number without quotes");
	if (decimal_parse(digits, &d) < 0)
		return refuse(p, "has too many digits");
	*ret = json_new_number(decimal_format(d, text));
	return 0;
}

static int parse_ref(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	const char *name = json_text(in);
	int64_t id;

	if (!name)
		return refuse(p, "must be a name in \"quotes\"");
	if (!name[0]) {
		*ret = cJSON_CreateNull();
		return 0;
	}
	if (p->names->find(p->names->context, f->ref, p->whole, name, &id) < 0)
		return err_field(p->e, ENOENT, p->path, "\"%s\": there is no %s called \"%s\" (see %s/)",
			p->path, type_get(f->ref)->name, name, type_get(f->ref)->plural);
	*ret = json_new_int(id);
	return 0;
}

static int parse_tags(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	const cJSON *tag;

	if (!cJSON_IsArray(in))
		return refuse(p, "must be a list of texts, for example [\"a\", \"b\"]");
	cJSON_ArrayForEach (tag, in) {
		if (!cJSON_IsString(tag))
			return refuse(p, "must hold texts in \"quotes\" only");
	}
	*ret = in->child ? cJSON_Duplicate(in, 1) : cJSON_CreateNull();
	return 0;
}

static int parse_value(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret);
static int judge(struct parse *p, const struct field *f, const cJSON *value);

static int parse_line(struct parse *p, const struct field *f, const cJSON *in, int index, cJSON *row)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, in) {
		const struct field *part = f->line;
		cJSON *value = NULL;
		int r;

		snprintf(p->path, sizeof(p->path), "%s[%d].%.40s", f->name, index, member->string);
		while (part->name && strcmp(part->name, member->string) != 0)
			part++;
		if (!part->name)
			return refuse(p, "is not a field of a line");
		if (cJSON_IsNull(member))
			continue;
		r = parse_value(p, part, member, &value);
		if (r == 0)
			r = judge(p, part, value);
		if (r < 0) {
			cJSON_Delete(value);
			return r;
		}
		json_set(row, part->name, value);
	}
	for (const struct field *part = f->line; part->name; part++) {
		if ((part->flags & FIELD_REQUIRED) && !json_get(row, part->name)) {
			snprintf(p->path, sizeof(p->path), "%s[%d]", f->name, index);
			return err_field(p->e, EINVAL, p->path, "\"%s\" lacks \"%s\"", p->path, part->name);
		}
	}
	return 0;
}

static int parse_lines(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	_cleanup_json_ cJSON *rows = cJSON_CreateArray();
	const cJSON *line;
	int index = 0;

	if (!cJSON_IsArray(in))
		return refuse(p, "must be a list of lines: [ { … }, … ]");
	cJSON_ArrayForEach (line, in) {
		cJSON *row = cJSON_CreateObject();
		int r;

		cJSON_AddItemToArray(rows, row);
		snprintf(p->path, sizeof(p->path), "%s[%d]", f->name, index);
		if (!cJSON_IsObject(line))
			return refuse(p, "must be an object { … }");
		r = parse_line(p, f, line, index++, row);
		if (r < 0)
			return r;
	}
	*ret = rows->child ? rows : cJSON_CreateNull();
	if (rows->child)
		rows = NULL;
	return 0;
}

static int parse_value(struct parse *p, const struct field *f, const cJSON *in, cJSON **ret)
{
	static const value_parser parsers[] = {
		[FIELD_TEXT] = parse_text,
		[FIELD_LONG_TEXT] = parse_text,
		[FIELD_EMAIL] = parse_text,
		[FIELD_PHONE] = parse_text,
		[FIELD_URL] = parse_text,
		[FIELD_CHOICE] = parse_text,
		[FIELD_DATE] = parse_text,
		[FIELD_BOOL] = parse_bool,
		[FIELD_MONEY] = parse_money,
		[FIELD_DECIMAL] = parse_decimal,
		[FIELD_REF] = parse_ref,
		[FIELD_TAGS] = parse_tags,
		[FIELD_LINES] = parse_lines,
	};

	return parsers[f->kind](p, f, in, ret);
}

static _Bool email_like(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at > text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \t\r\n<>,;\"");
}

static int judge_choice(struct parse *p, const struct field *f, const char *text)
{
	struct buf b = BUF_INIT(400);

	if (field_allows(f, text))
		return 0;
	buf_printf(&b, "cannot be \"%.60s\"; allowed: ", text);
	for (const char *const *c = f->choices; *c; c++)
		buf_printf(&b, "%s%s", c == f->choices ? "" : ", ", *c);
	refuse(p, buf_text(&b));
	buf_finish(&b);
	return -EINVAL;
}

/* Judges a value that is new; what was there before is never judged. */
static int judge(struct parse *p, const struct field *f, const cJSON *value)
{
	const char *text = json_text(value);

	if (!text)
		return 0;
	if (strlen(text) > (f->kind == FIELD_LONG_TEXT ? 200000U : 2000U))
		return refuse(p, "is too long");
	for (const char *c = text; *c; c++) {
		if (iscntrl((unsigned char)*c) && (f->kind != FIELD_LONG_TEXT || !strchr("\n\t\r", *c)))
			return refuse(p, "holds a line break or a control character");
	}
	if (f->kind == FIELD_DATE && !date_valid(text))
		return refuse(p, "is not a date; write it as 2026-11-23");
	if (f->kind == FIELD_EMAIL && !email_like(text))
		return refuse(p, "is not an e-mail address");
	if (strcmp(f->name, "currency") == 0 && !currency_valid(text))
		return refuse(p, "is not a currency code (three capital letters, for example EUR)");
	return f->kind == FIELD_CHOICE ? judge_choice(p, f, text) : 0;
}

static int parse_member(struct parse *p, const cJSON *member, const cJSON *old, cJSON *patch)
{
	const struct field *f = type_field(p->type, member->string);
	const cJSON *before = json_get(old, member->string);
	_cleanup_json_ cJSON *value = NULL;
	int r;

	snprintf(p->path, sizeof(p->path), "%.80s", member->string);
	if (!f)
		return err_field(p->e, EINVAL, p->path, "a %s has no field \"%s\" (see .seam/schema/%s.json)",
			p->type->name, p->path, p->type->name);
	if (cJSON_IsNull(member))
		value = cJSON_CreateNull();
	else if ((r = parse_value(p, f, member, &value)) < 0)
		return r;
	if (json_equal(value, before))
		return 0;
	if (f->flags & FIELD_READ_ONLY)
		return err_field(p->e, EPERM, f->name, "\"%s\" is read-only", f->name);
	if (cJSON_IsNull(value) && (f->flags & FIELD_REQUIRED))
		return refuse(p, "cannot be empty");
	snprintf(p->path, sizeof(p->path), "%s", f->name);
	r = judge(p, f, value);
	if (r < 0)
		return r;
	cJSON_AddItemToObject(patch, f->name, value);
	value = NULL;
	return 0;
}

/* References inside a part are looked for in the same folder: find which one it is before anything else. */
static void find_whole(struct parse *p, const cJSON *file, const cJSON *old)
{
	const struct field *whole = type_whole(p->type);
	const char *name = whole ? json_get_text(file, whole->name) : NULL;
	int64_t id;

	p->whole = record_ref(old, whole);
	if (name && p->names->find(p->names->context, whole->ref, 0, name, &id) == 0)
		p->whole = id;
}

int record_parse(const struct type *type, const char *text, size_t len, const cJSON *old,
	const struct record_names *names, const char *currency, cJSON **ret_patch, struct err *e)
{
	struct parse p = {.type = type, .names = names, .e = e};
	_cleanup_json_ cJSON *file = NULL, *patch = cJSON_CreateObject();
	const char *own;
	const cJSON *member;
	int r;

	r = json_parse(text, len, JSON_STRICT, &file, NULL, e);
	if (r < 0)
		return r;
	if (!cJSON_IsObject(file))
		return err_set(e, EINVAL, "a record is one JSON object: { \"key\": value, … }");
	own = json_get_text(file, "currency");
	p.currency = own && currency_valid(own) ? own : record_currency(old, currency);
	find_whole(&p, file, old);
	cJSON_ArrayForEach (member, file) {
		r = parse_member(&p, member, old, patch);
		if (r < 0)
			return r;
	}
	*ret_patch = patch;
	patch = NULL;
	return 0;
}
