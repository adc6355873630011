/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/contentline.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

static struct content *parse(const char *text)
{
	struct content *c = NULL;
	struct err e = {0};

	if (content_parse(text, strlen(text), &c, &e) < 0) {
		printf("# %s\n", e.text);
		exit(1);
	}
	return c;
}

#define check_print(content, want)                                                                           \
	do {                                                                                                 \
		struct buf printed_ = BUF_INIT(BUF_MAX_TEXT);                                                \
		check_int(content_print(content, &printed_), 0);                                             \
		check_text(buf_text(&printed_), want);                                                       \
		buf_finish(&printed_);                                                                       \
	} while (0)

TEST(a_text_comes_back_byte_for_byte)
{
	static const char *const texts[] = {
		"",
		"\r\n",
		"A:1",
		"\xef\xbb\xbf"
		"BEGIN:VCARD\nFN:x\nEND:VCARD",
		"BEGIN:VCARD\r\nNOTE:a\r\n b\r\n\tc\r\n\r\nno line of this kind\r\nEND:VCARD\r\n",
		"A;X=\"a:b;c\":v\nb.C;D:e\r\n:\n;:\nX\r:\xff\xfe\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_(content_freep) struct content *c = parse(texts[i]);

		check_print(c, texts[i]);
	}
}

TEST(lines_are_unfolded_and_taken_apart)
{
	_cleanup_(content_freep) struct content *c =
		parse("BEGIN:VCARD\r\nitem1.eMail;type=INTERNET;TYPE=\"home,pref\";X-A=^n^^^':a@b.example\r\n"
		      "NOTE:Caf\xc3\r\n \xa9 au\r\n  "
		      "lait\r\nTEL;CELL;PREF=1:+1\r\nADR;LABEL=\"a:b;c\":;;x\r\nnothing\r\n"
		      "END:VCARD\r\n");
	_cleanup_(mem_freep) char *type = content_param(c, 1, "type"), *odd = content_param(c, 1, "X-A");
	_cleanup_(mem_freep) char *label = content_param(c, 4, "LABEL");

	check_int(content_count(c), 7);
	check_text(content_group(c, 1), "ITEM1");
	check_text(content_name(c, 1), "EMAIL");
	check_text(content_value(c, 1), "a@b.example");
	check_text(type, "INTERNET");
	check_text(odd, "\n^\"");
	check(content_has(c, 1, "TYPE", "PREF"));
	check(content_has(c, 1, "TYPE", "internet"));
	check(!content_has(c, 1, "TYPE", "work"));
	check(content_has(c, 1, "X-A", NULL));
	check_text(content_value(c, 2), "Café au lait");
	check(content_has(c, 3, "TYPE", "cell"));
	check(content_has(c, 3, "PREF", "1"));
	check_text(label, "a:b;c");
	check_text(content_value(c, 4), ";;x");
	check_text(content_name(c, 5), "");
}

TEST(components_keep_their_own_lines)
{
	_cleanup_(content_freep) struct content *c = parse(
		"BEGIN:VCALENDAR\nBEGIN:VTODO\nBEGIN:VALARM\nSUMMARY:in\nEND:VALARM\nSUMMARY:out\nEND:VTODO\n"
		"SUMMARY:last\nEND:VCALENDAR\n");

	check_int(content_next(c, 1, "SUMMARY", 0), 5);
	check_int(content_next(c, 1, "SUMMARY", 5), -1);
	check_int(content_next(c, 0, "SUMMARY", 0), 7);
	check_int(content_next(c, 0, "BEGIN", 0), 1);
	check_int(content_next(c, 1, "BEGIN", 0), 2);
	check_int(content_end(c, 1), 6);
	check_int(content_end(c, 0), 8);
	content_add(c, 1, "DUE:x");
	check_text(content_name(c, 2), "DUE");
}

TEST(changing_a_line_changes_nothing_else)
{
	_cleanup_(content_freep) struct content *c = parse(
		"BEGIN:VCARD\r\nX-Odd;a=\"b\":1\\,\r\n 2\r\nitem1.fn;LANGUAGE=de:Jane\r\nNOTE:x\nEND:VCARD");
	_cleanup_(content_freep) struct content *bare = parse("A:1");

	content_set(c, 2, "Jane");
	content_set(c, 2, "J\r\nane Doe");
	content_set(c, 3, "y");
	check_print(c, "BEGIN:VCARD\r\nX-Odd;a=\"b\":1\\,\r\n 2\r\nitem1.fn;LANGUAGE=de:Jane "
		       "Doe\r\nNOTE:y\nEND:VCARD");
	content_set(c, 1, "1\\,2");
	content_drop_param(c, 2, "language");
	content_remove(c, 3);
	content_insert(c, 4, "X:1");
	check_print(
		c, "BEGIN:VCARD\r\nX-Odd;a=\"b\":1\\,\r\n 2\r\nitem1.fn:Jane Doe\r\nEND:VCARD\r\nX:1\r\n");
	content_insert(bare, 1, "B:2");
	check_print(bare, "A:1\r\nB:2\r\n");
}

TEST(long_lines_are_folded_between_characters)
{
	_cleanup_(content_freep) struct content *c = parse("BEGIN:VCARD\nNOTE:\nEND:VCARD\n"), *again = NULL;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT), value = BUF_INIT(BUF_MAX_TEXT);

	for (int i = 0; i < 100; i++)
		buf_puts(&value, i % 7 ? "ä€" : "x𝄞");
	content_set(c, 1, buf_text(&value));
	content_print(c, &b);
	for (const char *p = buf_text(&b); *p; p += strcspn(p, "\n") + 1) {
		check(strcspn(p, "\n") <= 75);
		check(((unsigned char)p[*p == ' '] & 0xc0) != 0x80);
	}
	again = parse(buf_text(&b));
	check_int(content_count(again), 3);
	check_text(content_value(again, 1), buf_text(&value));
}

TEST(texts_are_escaped_and_back)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{"a\\, b\\; c\\\\d\\ne", "a, b; c\\d\ne"},
		{"plain", "plain"},
		{"\\n\\n", "\n\n"},
		{"tab\tkept", "tab\tkept"},
	};
	_cleanup_(mem_freep) char *lenient = content_text("http\\://x\\N\\q\\", 15);
	_cleanup_(mem_freep) char *broken = content_text("a\xff\xc3", 3);
	_cleanup_(buf_finish) struct buf control = BUF_INIT(100);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *text = content_text(rows[i].value, strlen(rows[i].value));
		struct buf b = BUF_INIT(100);

		check_text(text, rows[i].text);
		content_escape(&b, text);
		check_text(buf_text(&b), rows[i].value);
		buf_finish(&b);
	}
	check_text(lenient, "http://x\n\\q\\");
	check_text(broken, "a\xef\xbf\xbd\xef\xbf\xbd");
	content_escape(&control, "a\001\r\x7f"
				 "b");
	check_text(buf_text(&control), "ab");
	check_int(content_part("a\\;b;c", ';'), 4);
	check_int(content_part("a\\", ';'), 2);
}

TEST(tags_are_one_list_in_many_lines)
{
	_cleanup_(content_freep) struct content *c =
		parse("BEGIN:VCARD\nCATEGORIES: a ,b\\, c,,\nX:1\nCATEGORIES:d\nEND:VCARD\n");
	_cleanup_json_ cJSON *tags = content_tags(c, 0, "CATEGORIES");
	_cleanup_(mem_freep) char *text = json_print(tags);
	_cleanup_json_ cJSON *other = json_stored("[\"x,y\",\"z\"]");

	check_text(text, "[\"a\",\"b, c\",\"d\"]");
	content_set_tags(c, 0, "CATEGORIES", tags);
	check_print(c, "BEGIN:VCARD\nCATEGORIES: a ,b\\, c,,\nX:1\nCATEGORIES:d\nEND:VCARD\n");
	content_set_tags(c, 0, "CATEGORIES", other);
	check_print(c, "BEGIN:VCARD\nCATEGORIES:x\\,y,z\nX:1\nEND:VCARD\n");
	content_set_tags(c, 0, "CATEGORIES", NULL);
	check_print(c, "BEGIN:VCARD\nX:1\nEND:VCARD\n");
	content_set_tags(c, 0, "CATEGORIES", other);
	check_print(c, "BEGIN:VCARD\nX:1\nCATEGORIES:x\\,y,z\nEND:VCARD\n");
}

TEST(instants)
{
	char stamp[CONTENT_STAMP_SIZE];

	check_int(content_instant("20261123T102233Z"), INT64_C(1795429353000));
	check_int(content_instant("2026-11-23T10:22:33Z"), INT64_C(1795429353000));
	check_int(content_instant("20261123"), 0);
	check_int(content_instant(""), 0);
	check_text(content_stamp(INT64_C(1795429353537), stamp), "20261123T102233Z");
}

TEST(what_is_no_text_is_refused)
{
	struct content *c = NULL;
	struct err e = {0};

	check_int(content_parse("A:1\n\0B", 6, &c, &e), -EINVAL);
	check_int(content_parse(" A:1\n", 5, &c, &e), -EINVAL);
	check(e.text[0]);
}

TEST_MAIN(TEST_RUN(a_text_comes_back_byte_for_byte), TEST_RUN(lines_are_unfolded_and_taken_apart),
	TEST_RUN(components_keep_their_own_lines), TEST_RUN(changing_a_line_changes_nothing_else),
	TEST_RUN(long_lines_are_folded_between_characters), TEST_RUN(texts_are_escaped_and_back),
	TEST_RUN(tags_are_one_list_in_many_lines), TEST_RUN(instants), TEST_RUN(what_is_no_text_is_refused))
