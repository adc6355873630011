/* SPDX-License-Identifier: Apache-2.0 */
#include "model/formula_p.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"

enum { MAX_NESTING = 32, MAX_WORD = 64 };

/* A recursive descent that evaluates as it reads. */
struct reader {
	const char *p;
	const struct formula_env *env;
	int depth;
	struct err *e;
};

static int sum(struct reader *r, struct value *ret);

static void skip(struct reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static _Bool take(struct reader *r, char c)
{
	skip(r);
	if (*r->p != c)
		return 0;
	r->p++;
	return 1;
}

static int unexpected(struct reader *r)
{
	skip(r);
	if (!*r->p)
		return err_set(r->e, EINVAL, "the expression ends too early");
	return err_set(r->e, EINVAL, "\"%.20s\" was not expected in the expression", r->p);
}

static _Bool word(struct reader *r, char ret[MAX_WORD])
{
	size_t n = 0;

	skip(r);
	if (!isalpha((unsigned char)*r->p) && *r->p != '_')
		return 0;
	while ((isalnum((unsigned char)*r->p) || *r->p == '_') && n < MAX_WORD - 1)
		ret[n++] = *r->p++;
	ret[n] = '\0';
	return 1;
}

static int number(struct reader *r, struct value *ret)
{
	size_t n = strspn(r->p, "0123456789.");
	_cleanup_(mem_freep) char *digits = mem_dup(r->p, n);
	int code = decimal_parse(digits, &ret->decimal);

	if (code < 0)
		return err_set(r->e, -code, "\"%.40s\" is no number", digits);
	r->p += n;
	ret->kind = VALUE_NUMBER;
	return 0;
}

static int quoted(struct reader *r, struct value *ret)
{
	const char *end = strchr(r->p, '\'');
	_cleanup_(mem_freep) char *text = NULL;

	if (!end)
		return err_set(r->e, EINVAL, "a text in 'quotes' does not end");
	text = mem_dup(r->p, (size_t)(end - r->p));
	r->p = end + 1;
	*ret = value_new_text(text);
	return 0;
}

static int arguments(struct reader *r, struct value *args, int *count)
{
	if (take(r, ')'))
		return 0;
	do {
		int code;

		if (*count == FORMULA_MAX_ARGUMENTS)
			return err_set(
				r->e, EINVAL, "a function takes at most %d values", FORMULA_MAX_ARGUMENTS);
		code = sum(r, &args[(*count)++]);
		if (code < 0)
			return code;
	} while (take(r, ','));
	return take(r, ')') ? 0 : unexpected(r);
}

static int call(struct reader *r, const char *name, struct value *ret)
{
	struct value args[FORMULA_MAX_ARGUMENTS] = {0};
	int count = 0, code;

	if (!formula_known(name))
		return err_set(r->e, EINVAL, "there is no function %s()", name);
	code = arguments(r, args, &count);
	if (code == 0)
		code = formula_call(name, args, count, r->env, ret, r->e);
	for (int i = 0; i < count; i++)
		value_finish(&args[i]);
	return code;
}

/* invoice.client.name: each step leads into the record that the one before is. */
static int path(struct reader *r, struct value *ret)
{
	char name[MAX_WORD];
	int code = 0;

	if (!word(r, name))
		return unexpected(r);
	if (take(r, '('))
		return call(r, name, ret);
	code = r->env->get(r->env->context, NULL, name, ret, r->e);
	while (code == 0 && take(r, '.')) {
		_cleanup_value_ struct value of = *ret;

		*ret = (struct value){0};
		if (!word(r, name))
			return unexpected(r);
		code = r->env->get(r->env->context, &of, name, ret, r->e);
	}
	return code;
}

static int factor(struct reader *r, struct value *ret)
{
	_cleanup_value_ struct value inner = {0}, zero = {.kind = VALUE_NUMBER};
	int code;

	if (r->depth++ >= MAX_NESTING)
		return err_set(r->e, EINVAL, "the expression is nested too deeply");
	skip(r);
	if (isdigit((unsigned char)*r->p)) {
		code = number(r, ret);
	} else if (take(r, '\'')) {
		code = quoted(r, ret);
	} else if (take(r, '-')) {
		code = factor(r, &inner);
		if (code == 0 && inner.kind == VALUE_MONEY)
			*ret = value_new_money(-inner.number, inner.text);
		else if (code == 0)
			code = value_sum(&zero, &inner, -1, ret, r->e);
	} else if (take(r, '(')) {
		code = sum(r, ret);
		if (code == 0 && !take(r, ')'))
			code = unexpected(r);
	} else {
		code = path(r, ret);
	}
	r->depth--;
	return code;
}

static int product(struct reader *r, struct value *ret)
{
	int code = factor(r, ret);

	while (code == 0) {
		_cleanup_value_ struct value left = *ret, right = {0};
		_Bool times = take(r, '*');

		if (!times && !take(r, '/')) {
			left = (struct value){0};
			return 0;
		}
		*ret = (struct value){0};
		code = factor(r, &right);
		if (code == 0)
			code = times ? value_product(&left, &right, ret, r->e)
				     : value_quotient(&left, &right, ret, r->e);
	}
	return code;
}

static int sum(struct reader *r, struct value *ret)
{
	int code = product(r, ret);

	while (code == 0) {
		_cleanup_value_ struct value left = *ret, right = {0};
		_Bool plus = take(r, '+');

		if (!plus && !take(r, '-')) {
			left = (struct value){0};
			return 0;
		}
		*ret = (struct value){0};
		code = product(r, &right);
		if (code == 0)
			code = value_sum(&left, &right, plus ? 1 : -1, ret, r->e);
	}
	return code;
}

int formula_eval(const char *text, const struct formula_env *env, struct value *ret, struct err *e)
{
	struct reader r = {.p = text, .env = env, .e = e};
	struct value v = {0};
	int code = sum(&r, &v);

	skip(&r);
	if (code == 0 && *r.p)
		code = unexpected(&r);
	if (code < 0)
		value_finish(&v);
	else
		*ret = v;
	return code;
}

/* ---- texts with expressions in them ---- */

/* The end of the expression that begins at @p, behind the brace; NULL without one. Braces in 'quotes' do not count. */
static const char *closing(const char *p)
{
	_Bool inside = 0;

	for (; *p && (inside || *p != '}'); p++)
		inside ^= *p == '\'';
	return *p ? p : NULL;
}

static int expression(const char **p, const struct formula_env *env, struct value *ret, struct err *e)
{
	const char *end = closing(*p);
	_cleanup_(mem_freep) char *text = end ? mem_dup(*p, (size_t)(end - *p)) : NULL;
	_cleanup_(mem_freep) char *where = NULL;
	int r;

	if (!text)
		return err_set(e, EINVAL,
			"\"{%.40s\" lacks its \"}\"; a brace that is meant as one is written \"{{\"", *p);
	r = formula_eval(text, env, ret, e);
	where = str_format("{%.60s}", text);
	if (r < 0)
		err_prefix(e, where);
	*p = end + 1;
	return r;
}

/* Made safe; @folders: it says itself where one ends. An empty part is left for whoever judges the path. */
static int add_file_name(struct buf *b, const char *text, _Bool folders)
{
	size_t n = folders ? strcspn(text, "/") : strlen(text);
	_cleanup_(mem_freep) char *part = mem_dup(text, n);
	_cleanup_(mem_freep) char *safe = n ? name_safe(part, NAME_MAX_BYTES) : str_dup("");
	int r = buf_puts(b, safe);

	if (r == 0 && text[n])
		r = buf_putc(b, '/');
	return r == 0 && text[n] ? add_file_name(b, text + n + 1, folders) : r;
}

static int add_value(
	const char **p, const struct formula_env *env, _Bool file_name, struct buf *b, struct err *e)
{
	_cleanup_value_ struct value v = {0};
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_RECORD);
	int r = expression(p, env, &v, e);

	if (r == 0)
		r = value_text(&v, env, &text);
	if (r == 0 && file_name)
		return add_file_name(b, buf_text(&text), v.kind == VALUE_TEXT && v.number);
	return r == 0 ? buf_puts(b, buf_text(&text)) : r;
}

int formula_value(
	const char *text, const struct formula_env *env, _Bool file_name, struct value *ret, struct err *e)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_RECORD);
	const char *p = text;
	int r = 0;

	if (!file_name && text[0] == '{' && text[1] != '{') {
		const char *end = closing(text + 1);

		p = text + 1;
		if (end && !end[1])
			return expression(&p, env, ret, e);
		p = text;
	}
	while (*p && r == 0) {
		if ((*p == '{' || *p == '}') && p[1] == *p) {
			r = buf_putc(&b, *p);
			p += 2;
		} else if (*p == '{') {
			p++;
			r = add_value(&p, env, file_name, &b, e);
		} else if (*p == '}') {
			r = err_set(e, EINVAL,
				"a \"}\" without its \"{\"; a brace that is meant as one is written \"}}\"");
		} else {
			r = buf_putc(&b, *p++);
		}
	}
	if (r == -E2BIG)
		return err_set(e, E2BIG, "the text becomes larger than 1 MiB");
	if (r == 0)
		*ret = value_new_text(buf_text(&b));
	return r;
}
