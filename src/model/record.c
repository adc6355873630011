/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/record.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

const char *record_currency(const cJSON *doc, const char *company)
{
	const char *own = json_get_text(doc, "currency");

	return own && currency_valid(own) ? own : company;
}

int64_t record_ref(const cJSON *doc, const struct field *field)
{
	int64_t id = 0;

	if (!field || json_int64(json_get(doc, field->name), &id) < 0)
		return 0;
	return id;
}

cJSON *record_apply(const struct type *type, const cJSON *doc, const cJSON *patch)
{
	cJSON *result = cJSON_CreateObject();

	for (const struct field *f = type->fields; f->name; f++) {
		const cJSON *new_value = json_get(patch, f->name);
		const cJSON *value = new_value ? new_value : json_get(doc, f->name);

		if (value && !cJSON_IsNull(value))
			cJSON_AddItemToObject(result, f->name, cJSON_Duplicate(value, 1));
	}
	return result;
}

uint64_t record_changed(const struct type *type, const cJSON *a, const cJSON *b)
{
	uint64_t fields = 0;

	for (const struct field *f = type->fields; f->name; f++) {
		if (!json_equal(json_get(a, f->name), json_get(b, f->name)))
			fields |= field_bit(type, f);
	}
	return fields;
}

cJSON *record_patch(const struct type *type, const cJSON *from, const cJSON *to, uint64_t fields)
{
	uint64_t differ = record_changed(type, from, to) & fields;
	cJSON *patch = cJSON_CreateObject();

	for (const struct field *f = type->fields; f->name; f++) {
		const cJSON *value = json_get(to, f->name);

		if (differ & field_bit(type, f))
			cJSON_AddItemToObject(
				patch, f->name, value ? cJSON_Duplicate(value, 1) : cJSON_CreateNull());
	}
	return patch;
}

/* ---- rendering ---- */

static cJSON *shown(
	const struct field *f, const cJSON *value, const struct record_names *names, const char *currency);

static cJSON *shown_money(const cJSON *value, const char *currency)
{
	char text[DECIMAL_SIZE];
	int64_t minor;

	if (json_int64(value, &minor) < 0)
		return cJSON_CreateNull();
	return json_new_number(money_format(minor, currency, text));
}

static cJSON *shown_ref(const struct field *f, const cJSON *value, const struct record_names *names)
{
	_cleanup_(mem_freep) char *name = NULL;
	int64_t id;

	if (json_int64(value, &id) == 0)
		name = names->name(names->context, f->ref, id);
	return name ? cJSON_CreateString(name) : NULL;
}

static cJSON *shown_lines(
	const struct field *f, const cJSON *lines, const struct record_names *names, const char *currency)
{
	cJSON *result = cJSON_CreateArray();
	const cJSON *line;

	cJSON_ArrayForEach (line, lines) {
		cJSON *row = cJSON_CreateObject();

		for (const struct field *part = f->line; part->name; part++) {
			const cJSON *value = json_get(line, part->name);
			cJSON *item = value ? shown(part, value, names, currency) : NULL;

			if (item)
				cJSON_AddItemToObject(row, part->name, item);
		}
		cJSON_AddItemToArray(result, row);
	}
	return result;
}

static cJSON *shown(
	const struct field *f, const cJSON *value, const struct record_names *names, const char *currency)
{
	if (cJSON_IsNull(value))
		return cJSON_CreateNull();
	if (f->kind == FIELD_MONEY)
		return shown_money(value, currency);
	if (f->kind == FIELD_REF)
		return shown_ref(f, value, names);
	if (f->kind == FIELD_LINES)
		return shown_lines(f, value, names, currency);
	return cJSON_Duplicate(value, 1);
}

cJSON *record_shown(
	const struct type *type, const cJSON *doc, const struct record_names *names, const char *currency)
{
	cJSON *file = cJSON_CreateObject();
	const char *own = record_currency(doc, currency);

	for (const struct field *f = type->fields; f->name; f++) {
		const cJSON *value = json_get(doc, f->name);
		cJSON *item = value ? shown(f, value, names, own) : NULL;

		if (item)
			cJSON_AddItemToObject(file, f->name, item);
	}
	return file;
}

int record_render(const struct type *type, const cJSON *doc, const struct record_names *names,
	const char *currency, struct buf *b)
{
	_cleanup_json_ cJSON *file = record_shown(type, doc, names, currency);

	return json_pretty(b, file);
}

int record_template(const struct type *type, struct buf *b)
{
	_cleanup_json_ cJSON *file = cJSON_CreateObject();

	for (const struct field *f = type->fields; f->name; f++) {
		if (f->flags & FIELD_READ_ONLY)
			continue;
		cJSON_AddItemToObject(file, f->name,
			f->kind == FIELD_CHOICE ? cJSON_CreateString(f->choices[0]) : cJSON_CreateNull());
	}
	return json_pretty(b, file);
}

/* ---- what follows from the rest ---- */

int record_rates(const cJSON *lines, struct record_rate *rates, size_t *ret_count)
{
	const cJSON *line;
	size_t used = 0;

	cJSON_ArrayForEach (line, lines) {
		const char *quantity = json_number(json_get(line, "quantity"));
		const char *rate = json_number(json_get(line, "tax_rate"));
		struct decimal q = {1, 0}, r = {0, 0};
		int64_t price = 0, net;
		size_t i = 0;

		if (json_int64(json_get(line, "unit_price"), &price) < 0)
			return -ENODATA;
		if ((quantity && decimal_parse(quantity, &q) < 0) || (rate && decimal_parse(rate, &r) < 0))
			return -EINVAL;
		if (decimal_times(price, q, &net) < 0)
			return -ERANGE;
		while (i < used && (rates[i].rate.mantissa != r.mantissa || rates[i].rate.scale != r.scale))
			i++;
		if (i == RECORD_MAX_RATES)
			return -ERANGE;
		if (i == used)
			rates[used++] = (struct record_rate){.rate = r};
		if (__builtin_add_overflow(rates[i].net, net, &rates[i].net))
			return -ERANGE;
	}
	for (size_t i = 0; i < used; i++) {
		struct decimal percent = rates[i].rate;

		percent.scale += 2;
		if (decimal_times(rates[i].net, percent, &rates[i].tax) < 0)
			return -ERANGE;
	}
	*ret_count = used;
	return 0;
}

/* Net and tax of the lines. */
static int sum_lines(const cJSON *lines, int64_t *ret_net, int64_t *ret_tax)
{
	struct record_rate rates[RECORD_MAX_RATES];
	size_t count;
	int r = record_rates(lines, rates, &count);

	*ret_net = *ret_tax = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (__builtin_add_overflow(*ret_net, rates[i].net, ret_net) ||
			__builtin_add_overflow(*ret_tax, rates[i].tax, ret_tax))
			r = -ERANGE;
	}
	return r;
}

static const char *const total_names[] = {"net", "tax", "total"};

static _Bool has_totals(const struct type *type, const cJSON *doc)
{
	return type_field(type, "lines") && type_field(type, "total") &&
	       cJSON_GetArraySize(json_get(doc, "lines"));
}

int record_totals(const struct type *type, cJSON *doc)
{
	int64_t sums[3];
	int r = has_totals(type, doc) ? sum_lines(json_get(doc, "lines"), &sums[0], &sums[1]) : 0;

	if (r < 0 || !has_totals(type, doc))
		return r;
	sums[2] = sums[0] + sums[1];
	for (size_t i = 0; i < ARRAY_LEN(total_names); i++)
		json_set(doc, total_names[i], json_new_int(sums[i]));
	return 0;
}

static int complete_totals(
	const struct type *type, const cJSON *before, cJSON *doc, const char *currency, struct err *e)
{
	const struct field *lines = type_field(type, "lines");
	uint64_t changed = record_changed(type, before, doc);
	int64_t sums[3], given;

	if (!has_totals(type, doc))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(total_names); i++) {
		if (changed & field_bit(type, type_field(type, total_names[i])))
			changed |= field_bit(type, lines);
	}
	if (!(changed & field_bit(type, lines)))
		return 0;
	if (sum_lines(json_get(doc, "lines"), &sums[0], &sums[1]) < 0)
		return err_field(
			e, EINVAL, "lines", "the sum of the lines does not fit into an amount of money");
	sums[2] = sums[0] + sums[1];
	for (size_t i = 0; i < ARRAY_LEN(total_names); i++) {
		_Bool set = json_int64(json_get(doc, total_names[i]), &given) == 0;
		_Bool touched = !json_equal(json_get(before, total_names[i]), json_get(doc, total_names[i]));

		if (set && touched && given != sums[i]) {
			char is[DECIMAL_SIZE], want[DECIMAL_SIZE];

			return err_field(e, EINVAL, total_names[i],
				"%s is %s but the lines make %s; leave it out and it is computed",
				total_names[i], money_format(given, currency, is),
				money_format(sums[i], currency, want));
		}
		json_set(doc, total_names[i], json_new_int(sums[i]));
	}
	return 0;
}

/* What one account gets, others give. */
static int check_balance(
	const struct type *type, const cJSON *before, const cJSON *doc, const char *currency, struct err *e)
{
	const cJSON *lines = json_get(doc, "lines"), *line;
	int64_t sum = 0, minor;
	char text[DECIMAL_SIZE];

	if (type->id != TYPE_ENTRY || json_equal(json_get(before, "lines"), lines))
		return 0;
	cJSON_ArrayForEach (line, lines) {
		if (json_int64(json_get(line, "amount"), &minor) == 0 &&
			__builtin_add_overflow(sum, minor, &sum))
			return err_field(e, EINVAL, "lines",
				"the sum of the lines does not fit into an amount of money");
	}
	if (sum)
		return err_field(e, EINVAL, "lines",
			"the amounts of the lines have to add up to zero; they make %s %s",
			money_format(sum, currency, text), currency);
	return 0;
}

/* Money counts minor units, so a currency with other decimals would change every amount that was not written anew. */
static int check_currency(
	const struct type *type, const cJSON *before, const cJSON *doc, const char *company, struct err *e)
{
	const char *old = record_currency(before, company), *now = record_currency(doc, company);
	uint64_t changed = record_changed(type, before, doc);

	if (!before || currency_digits(old) == currency_digits(now))
		return 0;
	for (const struct field *f = type->fields; f->name; f++) {
		if (f->kind == FIELD_MONEY && json_get(doc, f->name) && !(changed & field_bit(type, f)))
			return err_field(e, EINVAL, f->name,
				"%s and %s have different decimals: write %s anew together with the currency",
				old, now, f->name);
	}
	return 0;
}

int record_complete(
	const struct type *type, const cJSON *before, cJSON *doc, const char *currency, struct err *e)
{
	int r;

	for (const struct field *f = type->fields; f->name; f++) {
		if (!before && f->kind == FIELD_CHOICE && !json_get(doc, f->name))
			json_set_text(doc, f->name, f->choices[0]);
		if (!before && strcmp(f->name, "currency") == 0 && !json_get(doc, f->name) &&
			type->id != TYPE_CLIENT)
			json_set_text(doc, f->name, currency);
		/* What a tool itself leaves open (a draft without its number) does not stand in the way of a change. */
		if ((f->flags & FIELD_REQUIRED) && !json_get(doc, f->name) &&
			(!before || json_get(before, f->name)))
			return err_field(
				e, EINVAL, f->name, "\"%s\" is missing: a %s needs it", f->name, type->name);
	}
	r = check_currency(type, before, doc, currency, e);
	if (r == 0)
		r = check_balance(type, before, doc, record_currency(doc, currency), e);
	return r < 0 ? r : complete_totals(type, before, doc, record_currency(doc, currency), e);
}
