/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/record.h"

#include <errno.h>

#include "seamfs/codec/json.h"
#include "seamfs/model/schema.h"
#include "test.h"

/* One client, number 7. */
static int find(void *context, enum type_id type, int64_t whole, const char *name, int64_t *ret)
{
	if (type != TYPE_CLIENT || strcmp(name, "Northwind") != 0)
		return -ENOENT;
	*ret = 7;
	return 0;
}

static char *name_of(void *context, enum type_id type, int64_t id)
{
	return id == 7 ? str_dup("Northwind") : NULL;
}

static const struct record_names names = {find, name_of, NULL};

static cJSON *parse(enum type_id type, const char *text, const cJSON *old, struct err *e)
{
	cJSON *patch = NULL;

	*e = (struct err){0};
	if (record_parse(type_get(type), text, strlen(text), old, &names, "EUR", &patch, e) < 0)
		return NULL;
	return patch;
}

static cJSON *doc_of(enum type_id type, const char *text)
{
	struct err e;
	cJSON *patch = parse(type, text, NULL, &e), *doc;

	check(patch != NULL);
	doc = record_apply(type_get(type), NULL, patch);
	cJSON_Delete(patch);
	return doc;
}

TEST(a_file_goes_in_and_out)
{
	static const char text[] =
		"{\n  \"number\": \"INV-1\",\n  \"client\": \"Northwind\",\n  \"status\": \"sent\",\n"
		"  \"currency\": \"EUR\",\n  \"lines\": [\n    {\n      \"description\": \"Logo\",\n"
		"      \"quantity\": 1.5,\n      \"unit_price\": 100.10,\n      \"tax_rate\": 19\n    }\n  "
		"],\n"
		"  \"net\": 150.15,\n  \"tax\": 28.53,\n  \"total\": 178.68\n}\n";
	cJSON *doc = doc_of(TYPE_INVOICE, text);
	struct buf b = BUF_INIT(10000);
	int64_t minor = 0;

	check_int(json_int64(json_get(doc, "total"), &minor), 0);
	check_int(minor, 17868);
	check_int(record_ref(doc, type_field(type_get(TYPE_INVOICE), "client")), 7);
	check_int(record_complete(type_get(TYPE_INVOICE), NULL, doc, "EUR", NULL), 0);
	record_render(type_get(TYPE_INVOICE), doc, &names, "EUR", &b);
	check_text(buf_text(&b), text);
	buf_finish(&b);
	cJSON_Delete(doc);
}

TEST(what_is_wrong_is_named)
{
	static const struct {
		enum type_id type;
		const char *text, *field;
		int code;
	} rows[] = {
		{TYPE_CLIENT, "{\"nmae\": \"x\"}", "nmae", EINVAL},
		{TYPE_CLIENT, "{\"name\": 3}", "name", EINVAL},
		{TYPE_CLIENT, "{\"status\": \"x\"}", "status", EINVAL},
		{TYPE_CLIENT, "{\"email\": \"a b\"}", "email", EINVAL},
		{TYPE_CLIENT, "{\"since\": \"2026-02-30\"}", "since", EINVAL},
		{TYPE_CLIENT, "{\"name\": \"a\", \"name\": \"b\"}", "", EINVAL},
		{TYPE_CLIENT, "{\"name\": \"a\\nb\"}", "name", EINVAL},
		{TYPE_CLIENT, "[]", "", EINVAL},
		{TYPE_CLIENT, "{\"name\": \"a\"", "", EINVAL},
		{TYPE_CLIENT, "", "", EINVAL},
		{TYPE_INVOICE, "{\"client\": \"Nobody\"}", "client", ENOENT},
		{TYPE_INVOICE, "{\"total\": 1.005}", "total", EINVAL},
		{TYPE_INVOICE, "{\"total\": \"1.00\"}", "total", EINVAL},
		{TYPE_INVOICE, "{\"currency\": \"euro\"}", "currency", EINVAL},
		{TYPE_INVOICE, "{\"lines\": [{\"description\": \"x\"}]}", "lines[0]", EINVAL},
		{TYPE_INVOICE, "{\"lines\": [{\"descr\": \"x\"}]}", "lines[0].descr", EINVAL},
		{TYPE_INVOICE, "{\"lines\": [{\"unit_price\": true}]}", "lines[0].unit_price", EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e;
		cJSON *patch = parse(rows[i].type, rows[i].text, NULL, &e);

		check(!patch);
		check_int(e.code, rows[i].code);
		check_text(e.field, rows[i].field);
		check(strlen(e.text) > 5);
		cJSON_Delete(patch);
	}
}

TEST(absent_stays_null_clears_same_is_nothing)
{
	cJSON *old = doc_of(TYPE_CLIENT, "{\"name\": \"A\", \"email\": \"a@b.c\", \"city\": \"Bonn\"}"),
	      *patch, *doc;
	struct err e;

	patch = parse(TYPE_CLIENT, "{\"email\": null, \"city\": \"Bonn\"}", old, &e);
	check_int(cJSON_GetArraySize(patch), 1);
	doc = record_apply(type_get(TYPE_CLIENT), old, patch);
	check(!json_get(doc, "email"));
	check_text(json_get_text(doc, "city"), "Bonn");
	check(!parse(TYPE_CLIENT, "{\"name\": null}", old, &e));
	check_text(e.field, "name");
	check_int(record_changed(type_get(TYPE_CLIENT), old, doc),
		field_bit(type_get(TYPE_CLIENT), type_field(type_get(TYPE_CLIENT), "email")));
	cJSON_Delete(patch);
	cJSON_Delete(doc);
	cJSON_Delete(old);
}

TEST(what_a_tool_delivered_can_be_saved_again)
{
	cJSON *old = cJSON_CreateObject(), *patch;
	struct err e;

	json_set_text(old, "name", "A");
	json_set_text(old, "email", "not an address");
	patch = parse(
		TYPE_CLIENT, "{\"name\": \"A\", \"email\": \"not an address\", \"city\": \"Bonn\"}", old, &e);
	check_int(cJSON_GetArraySize(patch), 1);
	cJSON_Delete(patch);
	cJSON_Delete(old);
}

TEST(totals_follow_the_lines)
{
	cJSON *doc = doc_of(TYPE_INVOICE,
		"{\"number\": \"1\", \"lines\": [{\"description\": \"a\", \"quantity\": 3,"
		" \"unit_price\": 0.333, \"tax_rate\": 7.5}], \"currency\": \"KWD\"}");
	struct err e = {0};
	int64_t minor = 0;

	check_int(record_complete(type_get(TYPE_INVOICE), NULL, doc, "EUR", &e), 0);
	json_int64(json_get(doc, "net"), &minor);
	check_int(minor, 999);
	json_int64(json_get(doc, "tax"), &minor);
	check_int(minor, 75);
	check_text(json_get_text(doc, "status"), "draft");
	cJSON_Delete(doc);
	doc = doc_of(TYPE_INVOICE, "{\"number\": \"1\", \"total\": 5, \"lines\": [{\"description\": \"a\", "
				   "\"unit_price\": 4}]}");
	check_int(record_complete(type_get(TYPE_INVOICE), NULL, doc, "EUR", &e), -EINVAL);
	check_text(e.field, "total");
	cJSON_Delete(doc);
}

TEST(an_entry_is_balanced)
{
	static const char lines[] = "{\"description\": \"Rent\", \"date\": \"2026-11-01\", \"lines\": ["
				    "{\"account\": \"Expenses:Rent\", \"amount\": 900.00}, {\"account\": "
				    "\"Assets:Bank\", \"amount\": %s}]}";
	_cleanup_(mem_freep) char *good = str_format(lines, "-900.00");
	_cleanup_(mem_freep) char *bad = str_format(lines, "-899.99");
	cJSON *doc = doc_of(TYPE_ENTRY, good), *other = doc_of(TYPE_ENTRY, bad);
	struct err e;

	check_int(record_complete(type_get(TYPE_ENTRY), NULL, doc, "EUR", &e), 0);
	check_int(record_complete(type_get(TYPE_ENTRY), NULL, other, "EUR", &e), -EINVAL);
	check_text(e.field, "lines");
	check_text(e.text, "the amounts of the lines have to add up to zero; they make 0.01 EUR");
	cJSON_Delete(doc);
	cJSON_Delete(other);
}

TEST(a_record_needs_its_required_fields)
{
	cJSON *doc = doc_of(TYPE_PAYMENT, "{\"number\": \"1\", \"amount\": 5}");
	struct err e = {0};

	check_int(record_complete(type_get(TYPE_PAYMENT), NULL, doc, "EUR", &e), -EINVAL);
	check_text(e.field, "date");
	cJSON_Delete(doc);
}

TEST(another_currency_needs_its_amounts)
{
	cJSON *old = doc_of(TYPE_DEAL, "{\"title\": \"x\", \"amount\": 12.50, \"currency\": \"EUR\"}"), *doc,
	      *patch;
	struct err e = {0};

	patch = parse(TYPE_DEAL, "{\"currency\": \"JPY\"}", old, &e);
	doc = record_apply(type_get(TYPE_DEAL), old, patch);
	check_int(record_complete(type_get(TYPE_DEAL), old, doc, "EUR", &e), -EINVAL);
	check_text(e.field, "amount");
	cJSON_Delete(patch);
	cJSON_Delete(doc);
	cJSON_Delete(old);
}

TEST(every_type_has_a_key_a_template_and_a_schema)
{
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const struct type *type = type_get((enum type_id)t);
		struct buf b = BUF_INIT(100000), s = BUF_INIT(100000);
		cJSON *item = NULL;

		check(type_key(type) != NULL);
		check(type_by_name(type->name) == type && type_by_plural(type->plural) == type);
		check_int(record_template(type, &b), 0);
		check_int(json_parse(buf_text(&b), b.len, 0, &item, NULL, NULL), 0);
		cJSON_Delete(item);
		check_int(schema_print(type, &s), 0);
		check_int(json_parse(buf_text(&s), s.len, 0, &item, NULL, NULL), 0);
		check_text(json_get_text(item, "title"), type->title);
		cJSON_Delete(item);
		buf_finish(&b);
		buf_finish(&s);
	}
}

TEST_MAIN(TEST_RUN(a_file_goes_in_and_out), TEST_RUN(what_is_wrong_is_named),
	TEST_RUN(absent_stays_null_clears_same_is_nothing),
	TEST_RUN(what_a_tool_delivered_can_be_saved_again), TEST_RUN(totals_follow_the_lines),
	TEST_RUN(an_entry_is_balanced), TEST_RUN(a_record_needs_its_required_fields),
	TEST_RUN(another_currency_needs_its_amounts), TEST_RUN(every_type_has_a_key_a_template_and_a_schema))
