/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of formulas. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/formula_p.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"

struct call {
	const struct value *args;
	int count;
	const struct formula_env *env;
	struct value *ret;
	struct err *e;
};

static int dated(struct call *c, int code, const char *date)
{
	if (code < 0)
		return err_set(c->e, ERANGE, "that day is out of range");
	*c->ret = value_new_date(date);
	return 0;
}

static int month_start(struct call *c)
{
	char date[11];

	snprintf(date, sizeof(date), "%.8s01", c->args[0].text);
	return dated(c, 0, date);
}

static int month_end(struct call *c)
{
	char date[11];

	return dated(c, date_month_end(c->args[0].text, date), date);
}

static int months(struct call *c)
{
	char date[11];
	int64_t n;

	if (value_whole(&c->args[1], &n) < 0)
		return err_set(c->e, EINVAL, "months(day, number) takes a whole number");
	return dated(c, date_add_months(c->args[0].text, n, date), date);
}

static int workday(struct call *c)
{
	char date[11];

	return dated(c, date_add_workdays(c->args[0].text, 0, date), date);
}

static int workdays(struct call *c)
{
	char date[11];
	int64_t n;

	if (value_whole(&c->args[1], &n) < 0 || n < 0)
		return err_set(c->e, EINVAL, "workdays(day, number) takes a whole number");
	return dated(c, date_add_workdays(c->args[0].text, n, date), date);
}

static int year(struct call *c)
{
	char text[5];

	snprintf(text, sizeof(text), "%.4s", c->args[0].text);
	*c->ret = value_new_text(text);
	return 0;
}

static int format(struct call *c)
{
	char text[200];

	if (c->args[1].kind != VALUE_TEXT ||
		date_format(c->args[0].text, c->args[1].text, text, sizeof(text)) < 0)
		return err_set(c->e, EINVAL, "format(day, 'form') takes a form such as '%%d.%%m.%%Y'");
	*c->ret = value_new_text(text);
	return 0;
}

static int first_of(struct call *c)
{
	for (int i = 0; i < c->count; i++) {
		const struct value *v = &c->args[i];

		if (v->kind == VALUE_NONE || (v->kind == VALUE_TEXT && !v->text[0]))
			continue;
		*c->ret = *v;
		c->ret->text = str_dup(v->text);
		c->ret->list = v->list ? cJSON_Duplicate(v->list, 1) : NULL;
		return 0;
	}
	return 0;
}

static int percent(struct call *c)
{
	_cleanup_value_ struct value share = c->args[1];

	/* Borrowed by the copy. */
	share.text = NULL;
	share.list = NULL;
	if (share.kind != VALUE_NUMBER || share.decimal.scale > 16)
		return err_set(c->e, EINVAL, "percent(amount, number) takes a number");
	share.decimal.scale += 2;
	return value_product(&c->args[0], &share, c->ret, c->e);
}

static int money(struct call *c)
{
	int64_t minor;
	struct decimal d = c->args[0].decimal;

	if (c->args[0].kind == VALUE_MONEY)
		return first_of(c);
	if (c->args[0].kind != VALUE_NUMBER)
		return err_set(c->e, EINVAL, "money(number) takes a number");
	/* One unit of the currency, so many times. */
	if (money_parse("1", c->env->currency, &minor) < 0 || decimal_times(minor, d, &minor) < 0)
		return err_set(c->e, ERANGE, "the amount is too large");
	*c->ret = value_new_money(minor, c->env->currency);
	return 0;
}

static int next(struct call *c)
{
	_cleanup_(mem_freep) char *text = NULL;
	int64_t digits;

	if (c->args[0].kind != VALUE_TEXT || value_whole(&c->args[1], &digits) < 0 || digits < 1 ||
		digits > 9)
		return err_set(c->e, EINVAL, "next('prefix', digits) takes a text and a number from 1 to 9");
	text = c->env->next(c->env->context, c->args[0].text, (int)digits);
	*c->ret = value_new_text(text);
	return 0;
}

static const struct function {
	const char *name;
	int least, most;
	enum value_kind first; /* what the first argument has to be; VALUE_NONE: anything */
	int (*run)(struct call *c);
} functions[] = {
	{"default", 1, FORMULA_MAX_ARGUMENTS, VALUE_NONE, first_of},
	{"format", 2, 2, VALUE_DATE, format},
	{"money", 1, 1, VALUE_NONE, money},
	{"month_end", 1, 1, VALUE_DATE, month_end},
	{"month_start", 1, 1, VALUE_DATE, month_start},
	{"months", 2, 2, VALUE_DATE, months},
	{"next", 2, 2, VALUE_NONE, next},
	{"percent", 2, 2, VALUE_NONE, percent},
	{"workday", 1, 1, VALUE_DATE, workday},
	{"workdays", 2, 2, VALUE_DATE, workdays},
	{"year", 1, 1, VALUE_DATE, year},
};

static const struct function *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	}
	return NULL;
}

_Bool formula_known(const char *name)
{
	return find(name) != NULL;
}

int formula_call(const char *name, const struct value *args, int count, const struct formula_env *env,
	struct value *ret, struct err *e)
{
	const struct function *f = find(name);
	struct call c = {args, count, env, ret, e};

	if (count < f->least || count > f->most)
		return err_set(e, EINVAL, "%s() takes %s%d value%s", name,
			f->least == f->most ? "" : "up to ", f->most, f->most == 1 ? "" : "s");
	/* In a check nothing has a value; and what has none has none a month later. */
	if (!env->next || (f->run != first_of && args[0].kind == VALUE_NONE))
		return 0;
	if (f->first != VALUE_NONE && args[0].kind != f->first)
		return err_set(e, EINVAL, "%s() takes a day first", name);
	return f->run(&c);
}
