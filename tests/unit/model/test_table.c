/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/table.h"

#include "seamfs/base/mem.h"
#include "seamfs/codec/csv.h"
#include "seamfs/codec/json.h"
#include "test.h"

static const struct field *field(enum type_id type, const char *name)
{
	return type_field(type_get(type), name);
}

/* The value of a cell as JSON. */
static void check_value(const struct field *f, const char *cell, _Bool comma, const char *want)
{
	_cleanup_json_ cJSON *value = table_value(f, cell, comma);
	_cleanup_(mem_freep) char *json = json_print(value);

	check_text(json, want);
}

/* A text becomes that cell, and the cell that text again. */
static void check_there_and_back(const char *text, const char *want)
{
	const struct field *f = field(TYPE_CLIENT, "notes");
	_cleanup_json_ cJSON *value = cJSON_CreateString(text), *back = NULL;
	_cleanup_(buf_finish) struct buf cell = BUF_INIT(1000);

	check_int(table_cell(f, value, &cell), 0);
	check_text(buf_text(&cell), want);
	back = table_value(f, buf_text(&cell), 0);
	check_text(json_text(back), text);
}

TEST(no_text_is_a_formula_and_each_comes_back)
{
	check_there_and_back("plain", "plain");
	check_there_and_back("=1+1", "'=1+1");
	check_there_and_back("+49 30 1", "'+49 30 1");
	check_there_and_back("-2", "'-2");
	check_there_and_back("@home", "'@home");
	check_there_and_back("'=1", "''=1");
	check_there_and_back("''@", "'''@");
	check_there_and_back("'quoted'", "'quoted'");
	check_there_and_back("two\nlines", "two\nlines");
}

TEST(cells_become_values)
{
	const struct field *money = field(TYPE_INVOICE, "total"), *hours = field(TYPE_TIME, "hours");

	check_value(money, "1200.5", 0, "1200.5");
	check_value(money, " 1200,50 ", 1, "1200.5");
	check_value(money, "-0.10", 0, "-0.1");
	check_value(money, "1200,50", 0, "\"1200,50\"");
	check_value(money, "1.200,50", 1, "\"1.200,50\"");
	check_value(money, "much", 0, "\"much\"");
	check_value(hours, "", 0, "null");
	check_value(field(TYPE_INVOICE, "due_date"), "24.12.2026", 0, "\"2026-12-24\"");
	check_value(field(TYPE_INVOICE, "due_date"), "12/24/2026", 0, "\"12/24/2026\"");
	check_value(field(TYPE_TIME, "billable"), "TRUE", 0, "true");
	check_value(field(TYPE_TIME, "billable"), "0", 0, "false");
	check_value(field(TYPE_TIME, "billable"), "maybe", 0, "\"maybe\"");
	check_value(field(TYPE_CLIENT, "tags"), "a, b c ,", 0, "[\"a\",\"b c\"]");
	check_value(field(TYPE_CLIENT, "notes"), "two\r\nlines", 0, "\"two\\nlines\"");
	check_value(field(TYPE_CLIENT, "notes"), " \n", 0, "null");
}

TEST(line_ends_are_no_difference)
{
	check(table_same("a\r\nb", "a\nb"));
	check(!table_same("a\rb", "a\nb"));
	check(!table_same("a", "ab"));
	check(!table_same("ab", "a"));
}

TEST(columns_are_the_fields_and_lines_have_their_own_table)
{
	struct table_column columns[TABLE_MAX_COLUMNS];
	struct table t;
	_cleanup_(mem_freep) char *file = NULL, *lines = NULL;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(10000);
	_cleanup_json_ cJSON *record = NULL;
	static const char text[] =
		"{\"lines\":[{\"description\":\"A, b\",\"unit_price\":1.50},{\"description\":\"-c\","
		"\"unit_price\":2}]}";

	check(table_of(TYPE_INVOICE, 0, &t));
	file = table_file(&t);
	check_text(file, "invoices.csv");
	check_int(table_columns(&t, columns), 13);
	check_text(columns[0].name, "id");
	check(!table_of(TYPE_CLIENT, 1, &t));
	check(table_of(TYPE_INVOICE, 1, &t));
	lines = table_file(&t);
	check_text(lines, "invoice-lines.csv");
	check_int(json_parse(text, strlen(text), JSON_STRICT, &record, NULL, NULL), 0);
	table_print_header(&t, &b);
	table_print(&t, 7, "INV-1", record, &b);
	check_text(buf_text(&b), "id,line,invoice,description,quantity,unit,unit_price,tax_rate\r\n"
				 "7,1,INV-1,\"A, b\",,,1.50,\r\n7,2,INV-1,'-c,,,2,\r\n");
}

TEST_MAIN(TEST_RUN(no_text_is_a_formula_and_each_comes_back), TEST_RUN(cells_become_values),
	TEST_RUN(line_ends_are_no_difference),
	TEST_RUN(columns_are_the_fields_and_lines_have_their_own_table))
