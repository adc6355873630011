/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/csv.h"

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "test.h"

static struct csv_sheet *parse(const char *text)
{
	struct csv_sheet *sheet = NULL;
	struct err e = {0};

	if (csv_parse(text, strlen(text), &sheet, &e) < 0) {
		printf("# %s\n", e.text);
		exit(1);
	}
	return sheet;
}

/* Checks what the sheet prints as. */
#define check_print(sheet, want)                                                                             \
	do {                                                                                                 \
		struct buf printed_ = BUF_INIT(BUF_MAX_SHEET);                                               \
		check_int(csv_print(sheet, &printed_), 0);                                                   \
		check_text(buf_text(&printed_), want);                                                       \
		buf_finish(&printed_);                                                                       \
	} while (0)

TEST(a_sheet_comes_back_byte_for_byte)
{
	static const char *const texts[] = {
		"",
		"\n",
		"a",
		"a,b",
		"a,b\n1,2\n",
		"a,b\n1,2",
		"\xef\xbb\xbf"
		"a;b\r\n1;2\r\n",
		"a;b;c\r\n\"1\";\"2\"\"3\";\"x\r\ny\"\r\n",
		"a\tb\r1\t2\r",
		"a,b\n\n1\n1,2,3,4\n,,,\n\n",
		"\n\na,b\r\n1,2\n3,4\r\n",
		"a,b\n5\" pipe,\"\"\n",
		"a\n\"\"\n",
		"Size 5\" ,\"b \"\"x\"\" \"\n1,2\n",
		"\"Amount\n(EUR)\";b\n1;2\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_(csv_freep) struct csv_sheet *sheet = parse(texts[i]);

		check_print(sheet, texts[i]);
	}
}

TEST(cells_are_decoded)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet =
		parse("\xef\xbb\xbf"
		      "ID; Company ;Note\r\n1;\"Ernst & \"\"Söhne\"\"\";\"two\nlines; one "
		      "cell\"\r\n\r\n2;5\" pipe\r\n");

	check_int(csv_columns(sheet), 3);
	check_int(csv_rows(sheet), 2);
	check_text(csv_header(sheet, 0), "ID");
	check_text(csv_cell(sheet, 0, 0), "1");
	check_text(csv_cell(sheet, 0, 1), "Ernst & \"Söhne\"");
	check_text(csv_cell(sheet, 0, 2), "two\nlines; one cell");
	check_text(csv_cell(sheet, 1, 1), "5\" pipe");
	check_text(csv_cell(sheet, 1, 2), "");
	check_int(csv_line(sheet, 0), 2);
	check_int(csv_line(sheet, 1), 5);
}

TEST(columns_are_found_by_header)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet = parse("name,Name,\" GESCHÄFT \",\"a, b\"\n");

	check_int(csv_column(sheet, "name"), 0);
	check_int(csv_column(sheet, "Name"), 1);
	check_int(csv_column(sheet, "NAME"), 0);
	check_int(csv_column(sheet, "Geschäft"), 2);
	check_int(csv_column(sheet, "a, b"), 3);
	check_int(csv_column(sheet, "c"), -1);
}

TEST(the_header_tells_the_separator)
{
	static const struct {
		const char *text;
		unsigned columns;
	} rows[] = {
		{"a,b,c", 3},
		{"a;b;c", 3},
		{"a\tb\tc", 3},
		{"a, x;b;c", 3},
		{"\"a;b;c;d\",e", 2},
		{"a\n1;2;3", 1},
		{"\n\na;b", 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(csv_freep) struct csv_sheet *sheet = parse(rows[i].text);

		check_int(csv_columns(sheet), rows[i].columns);
	}
}

TEST(setting_a_cell_changes_only_that_cell)
{
	static const struct {
		const char *before, *cell, *after; /* row 0, column 1 */
	} rows[] = {
		{"a,b,c\r\n\"1\",2 , \"3\r\n\r\n4,5,6\r\n", "x", "a,b,c\r\n\"1\",x, \"3\r\n\r\n4,5,6\r\n"},
		{"a,b\n1,\"2\"\n", "x", "a,b\n1,\"x\"\n"},
		{"a,b\n1,\"2\"\n", "2", "a,b\n1,\"2\"\n"},
		{"a;b\n1;2", "x;y", "a;b\n1;\"x;y\""},
		{"a;b\n1;2", "x,y", "a;b\n1;x,y"},
		{"a,b\n1,2\n", "say \"hi\"\nnow", "a,b\n1,\"say \"\"hi\"\"\nnow\"\n"},
		{"a,b,c,d\n1\n2\n", "x", "a,b,c,d\n1,x\n2\n"},
		{"a,b,c\n1\n", "", "a,b,c\n1\n"},
		{"a,b\n1,2,3,4\n", "x", "a,b\n1,x,3,4\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(csv_freep) struct csv_sheet *sheet = parse(rows[i].before);

		csv_set(sheet, 0, 1, rows[i].cell);
		check_text(csv_cell(sheet, 0, 1), rows[i].cell);
		check_print(sheet, rows[i].after);
	}
}

TEST(a_row_of_one_empty_cell_is_no_blank_line)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet = parse("a\nx\ny\n");

	csv_set(sheet, 0, 0, "");
	check_print(sheet, "a\n\"\"\ny\n");
}

TEST(rows_are_added)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet = parse("a;b\r\n1;2\r\n"), *open_end = parse("a,b\n1,2");
	size_t row = csv_add_row(sheet);

	check_int(row, 1);
	check_int(csv_line(sheet, row), 0);
	check_text(csv_cell(sheet, row, 1), "");
	csv_set(sheet, row, 1, "x;y");
	check_print(sheet, "a;b\r\n1;2\r\n;\"x;y\"\r\n");
	csv_set(open_end, csv_add_row(open_end), 0, "3");
	check_print(open_end, "a,b\n1,2\n3,");
}

TEST(rows_are_removed)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet = parse("a,b\n1,2\n\n3,4\n5,6");

	csv_remove_row(sheet, 0);
	check_int(csv_rows(sheet), 2);
	check_text(csv_cell(sheet, 0, 0), "3");
	csv_remove_row(sheet, 1);
	check_print(sheet, "a,b\n\n3,4\n");
}

TEST(broken_sheets_are_refused_with_their_line)
{
	static const struct {
		const char *text;
		size_t len;
		const char *begin;
	} rows[] = {
		{"a,b\n1,\"2\n3,4\n", 13, "line 2:"},
		{"a,b\r\n\"1\r\n\",2\r\n1,\"2\"3\r\n", 22, "line 4:"},
		{"a\n\"x\n\"y\n", 8, "line 3:"},
		{"a\n\nb\0c", 6, "line 3 "},
		{"a\rM\xfcller", 9, "line 2 "},
		{"a,\"b;c;\"d\n", 10, "line 1:"},
		{"a,b;\"c,d\n1,\"\n", 13, "line 1:"},
		{"a,b,c\t\"d", 8, "line 1:"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct csv_sheet *sheet = NULL;
		struct err e = {0};

		check(csv_parse(rows[i].text, rows[i].len, &sheet, &e) < 0);
		check(!sheet);
		check_text(strncmp(e.text, rows[i].begin, strlen(rows[i].begin)) ? e.text : rows[i].begin,
			rows[i].begin);
	}
}

TEST(one_cell_is_quoted_for_a_fresh_sheet)
{
	struct buf b = BUF_INIT(100);

	csv_quote(&b, "a;b", ',');
	csv_quote(&b, "a,\"b\"", ',');
	check_text(buf_text(&b), "a;b\"a,\"\"b\"\"\"");
	buf_finish(&b);
}

/* 10,000 rows of 12 columns, some quoted: every poll may read the sheet. */
TEST(a_large_sheet_is_read_fast)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int64_t best = INT64_MAX;

	buf_puts(&b, "a,b,c,d,e,f,g,h,i,j,k,l\n");
	for (int i = 0; i < 10000; i++)
		buf_printf(&b,
			"C-%05d,\"Söhne, %d\",a@example.org,+49 30 1234,,,\"x \"\"y\"\"\",8,9,10,11,\n", i,
			i);
	for (int i = 0; i < 5; i++) {
		_cleanup_(csv_freep) struct csv_sheet *sheet = NULL;
		int64_t start = clock_steady_ms(), took;

		check_int(csv_parse(buf_text(&b), b.len, &sheet, NULL), 0);
		took = clock_steady_ms() - start;
		best = took < best ? took : best;
		check_int(csv_rows(sheet), 10000);
		check_text(csv_cell(sheet, 9999, 1), "Söhne, 9999");
	}
	printf("# %lld ms\n", (long long)best);
	check(best < 50);
	buf_finish(&b);
}

TEST_MAIN(TEST_RUN(a_sheet_comes_back_byte_for_byte), TEST_RUN(cells_are_decoded),
	TEST_RUN(columns_are_found_by_header), TEST_RUN(the_header_tells_the_separator),
	TEST_RUN(setting_a_cell_changes_only_that_cell), TEST_RUN(a_row_of_one_empty_cell_is_no_blank_line),
	TEST_RUN(rows_are_added), TEST_RUN(rows_are_removed),
	TEST_RUN(broken_sheets_are_refused_with_their_line), TEST_RUN(one_cell_is_quoted_for_a_fresh_sheet),
	TEST_RUN(a_large_sheet_is_read_fast))
