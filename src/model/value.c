/* SPDX-License-Identifier: Apache-2.0 */
/* The values of formulas, and what can be done with two of them. */
#include <errno.h>
#include <string.h>

#include "model/formula_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

typedef __int128 wide;

enum { QUOTIENT_SCALE = 6 };

static const char *const kind_names[] = {
	[VALUE_NONE] = "nothing",
	[VALUE_TEXT] = "a text",
	[VALUE_NUMBER] = "a number",
	[VALUE_MONEY] = "an amount of money",
	[VALUE_DATE] = "a day",
	[VALUE_BOOL] = "true or false",
	[VALUE_RECORD] = "a record",
	[VALUE_LIST] = "a list",
};

void value_finish(struct value *v)
{
	free(v->text);
	cJSON_Delete(v->list);
	*v = (struct value){0};
}

struct value value_new_text(const char *text)
{
	return (struct value){.kind = VALUE_TEXT, .text = str_dup(text)};
}

struct value value_new_date(const char *date)
{
	return (struct value){.kind = VALUE_DATE, .text = str_dup(date)};
}

struct value value_new_money(int64_t minor, const char *currency)
{
	return (struct value){.kind = VALUE_MONEY, .number = minor, .text = str_dup(currency)};
}

struct value value_of_field(const struct field *f, const cJSON *doc, const char *currency)
{
	const cJSON *item = json_get(doc, f->name);
	struct value v = {0};

	if (!item || cJSON_IsNull(item))
		return v;
	if (f->kind == FIELD_MONEY && json_int64(item, &v.number) == 0)
		return value_new_money(v.number, currency);
	if (f->kind == FIELD_REF && json_int64(item, &v.number) == 0) {
		v.kind = VALUE_RECORD;
		v.type = f->ref;
	} else if (f->kind == FIELD_DECIMAL && json_number(item) &&
		   decimal_parse(json_number(item), &v.decimal) == 0) {
		v.kind = VALUE_NUMBER;
	} else if (f->kind == FIELD_BOOL) {
		v.kind = VALUE_BOOL;
		v.number = cJSON_IsTrue(item);
	} else if (cJSON_IsArray(item)) {
		v = (struct value){
			.kind = VALUE_LIST, .list = cJSON_Duplicate(item, 1), .text = str_dup(currency)};
	} else if (json_text(item)) {
		v = f->kind == FIELD_DATE ? value_new_date(json_text(item)) : value_new_text(json_text(item));
	}
	return v;
}

static int list_text(const struct value *v, struct buf *b)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, v->list) {
		const char *text = json_scalar(item) ? json_scalar(item) : json_get_text(item, "description");

		buf_printf(b, "%s%s", item == v->list->child ? "" : ", ", text ? text : "");
	}
	return b->error;
}

int value_text(const struct value *v, const struct formula_env *env, struct buf *b)
{
	char digits[DECIMAL_SIZE];
	_cleanup_(mem_freep) char *name = NULL;

	switch (v->kind) {
	case VALUE_TEXT:
	case VALUE_DATE:
		return buf_puts(b, v->text);
	case VALUE_NUMBER:
		return buf_puts(b, decimal_format(v->decimal, digits));
	case VALUE_MONEY:
		return buf_puts(b, money_format(v->number, v->text, digits));
	case VALUE_BOOL:
		return buf_puts(b, v->number ? "true" : "false");
	case VALUE_RECORD:
		name = env->name(env->context, v->type, v->number);
		return buf_puts(b, name ? name : "");
	case VALUE_LIST:
		return list_text(v, b);
	default:
		return 0;
	}
}

int value_whole(const struct value *v, int64_t *ret)
{
	if (v->kind != VALUE_NUMBER || v->decimal.scale || v->decimal.mantissa > 999999 ||
		v->decimal.mantissa < -999999)
		return -EINVAL;
	*ret = v->decimal.mantissa;
	return 0;
}

/* ---- arithmetic ---- */

static int mixed(const struct value *a, const struct value *b, const char *act, struct err *e)
{
	return err_set(e, EINVAL, "%s and %s cannot be %s", kind_names[a->kind], kind_names[b->kind], act);
}

static int too_large(struct err *e)
{
	return err_set(e, ERANGE, "the result is too large");
}

static wide power(unsigned n)
{
	wide p = 1;

	while (n--)
		p *= 10;
	return p;
}

/* A number of at most 18 digits behind the point; zeros at the end go. */
static int keep(wide mantissa, unsigned scale, struct value *ret, struct err *e)
{
	while (scale && mantissa % 10 == 0) {
		mantissa /= 10;
		scale--;
	}
	if (scale > 18 || mantissa > INT64_MAX || mantissa < -INT64_MAX)
		return too_large(e);
	*ret = (struct value){.kind = VALUE_NUMBER, .decimal = {(int64_t)mantissa, scale}};
	return 0;
}

/* Half away from zero. */
static wide rounded(wide n, wide divisor)
{
	wide half = (divisor < 0 ? -divisor : divisor) / 2;

	return (n + (n < 0 ? -half : half)) / divisor;
}

static int same_currency(const struct value *a, const struct value *b, struct err *e)
{
	return strcmp(a->text, b->text) == 0
		       ? 0
		       : err_set(e, EINVAL, "%s and %s are two currencies", a->text, b->text);
}

static int day_sum(const struct value *a, const struct value *b, int sign, struct value *ret, struct err *e)
{
	int64_t days, other;
	char date[11];

	if (b->kind == VALUE_DATE && sign < 0)
		return keep(date_days(a->text) - date_days(b->text), 0, ret, e);
	if (value_whole(b, &other) < 0)
		return b->kind == VALUE_NUMBER
			       ? err_set(e, EINVAL, "to a day only whole numbers of days can be added")
			       : mixed(a, b, sign > 0 ? "added" : "subtracted", e);
	days = date_days(a->text) + sign * other;
	if (date_of_days(days, date) < 0)
		return too_large(e);
	*ret = value_new_date(date);
	return 0;
}

static int joined(const struct value *a, const struct value *b, struct value *ret)
{
	_cleanup_(buf_finish) struct buf both = BUF_INIT(BUF_MAX_RECORD);
	int r = buf_puts(&both, a->text);

	if (r == 0)
		r = value_text(b, NULL, &both);
	if (r == 0)
		*ret = value_new_text(buf_text(&both));
	return r;
}

int value_sum(const struct value *a, const struct value *b, int sign, struct value *ret, struct err *e)
{
	unsigned scale;
	int64_t total;

	if (a->kind == VALUE_NONE || b->kind == VALUE_NONE)
		return 0;
	if (a->kind == VALUE_DATE)
		return day_sum(a, b, sign, ret, e);
	if (a->kind == VALUE_TEXT && sign > 0 && b->kind != VALUE_RECORD)
		return joined(a, b, ret);
	if (a->kind == VALUE_MONEY && b->kind == VALUE_MONEY) {
		if (same_currency(a, b, e) < 0)
			return -EINVAL;
		if (sign > 0 ? __builtin_add_overflow(a->number, b->number, &total)
			     : __builtin_sub_overflow(a->number, b->number, &total))
			return too_large(e);
		*ret = value_new_money(total, a->text);
		return 0;
	}
	if (a->kind != VALUE_NUMBER || b->kind != VALUE_NUMBER)
		return mixed(a, b, sign > 0 ? "added" : "subtracted", e);
	scale = a->decimal.scale > b->decimal.scale ? a->decimal.scale : b->decimal.scale;
	return keep(a->decimal.mantissa * power(scale - a->decimal.scale) +
			    sign * (b->decimal.mantissa * power(scale - b->decimal.scale)),
		scale, ret, e);
}

int value_product(const struct value *a, const struct value *b, struct value *ret, struct err *e)
{
	int64_t minor;

	if (a->kind == VALUE_NONE || b->kind == VALUE_NONE)
		return 0;
	if (a->kind == VALUE_NUMBER && b->kind == VALUE_MONEY)
		return value_product(b, a, ret, e);
	if (b->kind != VALUE_NUMBER || (a->kind != VALUE_NUMBER && a->kind != VALUE_MONEY))
		return mixed(a, b, "multiplied", e);
	if (a->kind == VALUE_NUMBER)
		return keep((wide)a->decimal.mantissa * b->decimal.mantissa,
			a->decimal.scale + b->decimal.scale, ret, e);
	if (decimal_times(a->number, b->decimal, &minor) < 0)
		return too_large(e);
	*ret = value_new_money(minor, a->text);
	return 0;
}

int value_quotient(const struct value *a, const struct value *b, struct value *ret, struct err *e)
{
	wide minor, dividend;

	if (a->kind == VALUE_NONE || b->kind == VALUE_NONE)
		return 0;
	if ((b->kind == VALUE_NUMBER && !b->decimal.mantissa) || (b->kind == VALUE_MONEY && !b->number))
		return err_set(e, EDOM, "nothing can be divided by zero");
	if (a->kind == VALUE_MONEY && b->kind == VALUE_MONEY)
		return same_currency(a, b, e) < 0
			       ? -EINVAL
			       : keep(rounded((wide)a->number * power(QUOTIENT_SCALE), b->number),
					 QUOTIENT_SCALE, ret, e);
	if (b->kind != VALUE_NUMBER || (a->kind != VALUE_NUMBER && a->kind != VALUE_MONEY))
		return mixed(a, b, "divided", e);
	if (a->kind == VALUE_NUMBER && a->decimal.scale > b->decimal.scale + QUOTIENT_SCALE)
		return keep(rounded(a->decimal.mantissa,
				    b->decimal.mantissa *
					    power(a->decimal.scale - b->decimal.scale - QUOTIENT_SCALE)),
			QUOTIENT_SCALE, ret, e);
	if (a->kind == VALUE_NUMBER)
		return __builtin_mul_overflow(power(QUOTIENT_SCALE + b->decimal.scale - a->decimal.scale),
			       a->decimal.mantissa, &dividend)
			       ? too_large(e)
			       : keep(rounded(dividend, b->decimal.mantissa), QUOTIENT_SCALE, ret, e);
	minor = rounded(a->number * power(b->decimal.scale), b->decimal.mantissa);
	if (minor > INT64_MAX || minor < -INT64_MAX)
		return too_large(e);
	*ret = value_new_money((int64_t)minor, a->text);
	return 0;
}

int value_compare(const struct value *a, const struct value *b, int *ret_error)
{
	_cleanup_value_ struct value difference = {0};
	int64_t n;

	*ret_error = 0;
	if (a->kind == VALUE_TEXT || a->kind == VALUE_DATE) {
		if (b->kind != VALUE_TEXT && b->kind != VALUE_DATE)
			*ret_error = -EINVAL;
		return *ret_error ? 0 : strcmp(a->text, b->text);
	}
	if (a->kind == VALUE_BOOL && b->kind == VALUE_BOOL)
		return (int)(a->number - b->number);
	if (a->kind == VALUE_NONE || b->kind == VALUE_NONE || value_sum(a, b, -1, &difference, NULL) < 0) {
		*ret_error = -EINVAL;
		return 0;
	}
	n = difference.kind == VALUE_MONEY ? difference.number : difference.decimal.mantissa;
	return n < 0 ? -1 : n > 0;
}
