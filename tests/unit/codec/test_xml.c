/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/xml.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "test.h"

static struct err e;

static int parse(const char *text, struct xml_node **ret)
{
	*ret = NULL;
	err_clear(&e);
	return xml_parse(text, strlen(text), ret, &e);
}

#define check_refused(document, code, sentence)                                                              \
	do {                                                                                                 \
		struct xml_node *node_;                                                                      \
		check_int(parse(document, &node_), -(code));                                                 \
		if (!strstr(e.text, sentence))                                                               \
			check_text(e.text, sentence);                                                        \
		xml_free(node_);                                                                             \
	} while (0)

TEST(a_document_is_a_tree)
{
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	const struct xml_node *one;

	check_int(parse("<?xml version='1.0'?><!-- c --><a x='1' y='&lt;&#x41;'>s<b>t<![CDATA[<u>]]></b>"
			"<c/><b>2</b>e</a>\n",
			  &root),
		0);
	check(xml_is(root, "", "a"));
	check_text(root->text, "se");
	check_text(xml_value(root, "x"), "1");
	check_text(xml_value(root, "y"), "<A");
	check(!xml_value(root, "z"));
	one = xml_child(root, "", "b");
	check_text(one->text, "t<u>");
	check_text(xml_after(one)->text, "2");
	check(!xml_after(xml_after(one)));
	check_text(xml_text(root, "", "c"), "");
	check(!xml_text(root, "", "d"));
	check(!xml_child(NULL, "", "b"));
}

TEST(namespaces_are_resolved)
{
	_cleanup_(xml_freep) struct xml_node *root = NULL;

	check_int(
		parse("<D:a xmlns:D='DAV:' xmlns='urn:x'><b D:k='v' k='w'/><x:b xmlns:x='DAV:'>y</x:b></D:a>",
			&root),
		0);
	check(xml_is(root, "DAV:", "a"));
	check_text(xml_text(root, "DAV:", "b"), "y");
	check_text(xml_value(xml_child(root, "urn:x", "b"), "k"), "w");
	check_int(xml_child(root, "urn:x", "b")->attribute_count, 2);
	check_refused("<a><D:b/></a>", EINVAL, "prefix");
}

TEST(other_encodings_become_utf8)
{
	_cleanup_(xml_freep) struct xml_node *root = NULL;

	check_int(parse("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>", &root), 0);
	check_text(root->text, "\xc3\xbc");
	check_refused("<a>\xfc</a>", EINVAL, "no XML");
}

TEST(what_is_dangerous_is_refused)
{
	struct buf deep = BUF_INIT(1 << 20);

	check_refused("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", EINVAL, "document type");
	check_refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", EINVAL, "document type");
	check_refused("<a>&b;</a>", EINVAL, "undefined entity");
	check_refused("", EINVAL, "no XML");
	check_refused("<a>", EINVAL, "no XML");
	check_refused("<a/><b/>", EINVAL, "no XML");
	check_refused("{\"a\": 1}", EINVAL, "line 1");
	for (int i = 0; i <= XML_MAX_DEPTH; i++)
		buf_puts(&deep, "<a>");
	check_refused(buf_text(&deep), E2BIG, "deep");
	buf_finish(&deep);
}

static int count(void *context, const struct xml_node *node)
{
	int *n = context;

	++*n;
	return strcmp(node->text, "stop") == 0 ? -ENOSPC : 0;
}

TEST(size_has_limits)
{
	int n = 0;
	struct buf big = BUF_INIT(4 << 20);
	struct xml_reader *r = xml_reader_new(XML_ENTRIES, 1000, count, &n);

	check_int(xml_feed(r, "<a>", 3, &e), 0);
	for (int i = 0; i < 1000; i++)
		check_int(xml_feed(r, "<b>some text</b>", 16, &e), 0);
	check_int(n, 1000);
	check_int(xml_feed(r, "<b>", 3, &e), 0);
	for (int i = 0; i < 2000; i++)
		buf_putc(&big, 'x');
	check_int(xml_feed(r, buf_text(&big), big.len, &e), -E2BIG);
	check_int(xml_feed(r, "</b></a>", 8, &e), -E2BIG);
	check_int(n, 1000);
	xml_reader_free(r);

	/* A tag that never ends. */
	buf_clear(&big);
	buf_puts(&big, "<a x='");
	while (big.len < (2 << 20))
		buf_putc(&big, 'x');
	check_refused(buf_text(&big), E2BIG, "one tag");
	buf_finish(&big);
}

TEST(entries_come_one_by_one_in_any_pieces)
{
	static const char text[] =
		"<r xmlns='DAV:'> <b>1</b>\n<b>2</b><c><b>3</b></c><b>stop</b><b>5</b></r>";

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		int n = 0, result = 0;
		struct xml_reader *r = xml_reader_new(XML_ENTRIES, XML_MAX_TREE, count, &n);

		err_clear(&e);
		for (size_t at = 0; at < sizeof(text) - 1 && result == 0; at += piece)
			result = xml_feed(r, text + at,
				piece < sizeof(text) - 1 - at ? piece : sizeof(text) - 1 - at, &e);
		check_int(result, -ENOSPC);
		check_int(xml_end(r, &e), -ENOSPC);
		check_int(e.code, 0);
		check_int(n, 4);
		check(xml_is_root(r, "DAV:", "r"));
		check(!xml_is_root(r, "", "r"));
		xml_reader_free(r);
	}
}

TEST(what_is_written_reads_the_same)
{
	static const char hard[] = "a&b <c> \"d\" 'e' ]]> \r\n\t \xc3\xbc";
	_cleanup_(buf_finish) struct buf out = BUF_INIT(4096);
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	struct xml_writer w;

	xml_write_start(&w, &out);
	xml_write_open(&w, "D:a");
	xml_write_attribute(&w, "xmlns:D", "DAV:");
	xml_write_attribute(&w, "k", hard);
	xml_write_leaf(&w, "D:b", NULL);
	xml_write_leaf(&w, "D:c", hard);
	xml_write_open(&w, "D:d");
	xml_write_text(&w, "x");
	check_int(xml_write_end(&w), 0);
	check_int(parse(buf_text(&out), &root), 0);
	check_text(xml_value(root, "k"), hard);
	check_text(xml_text(root, "DAV:", "b"), "");
	check_text(xml_text(root, "DAV:", "c"), hard);
	check_text(xml_text(root, "DAV:", "d"), "x");
	check(strstr(buf_text(&out), "<D:b/>"));
}

TEST(what_no_xml_can_hold_is_not_written)
{
	static const char *const bad[] = {"a\x01", "\xff", "\xef\xbf\xbf", "\x0b"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_(buf_finish) struct buf out = BUF_INIT(4096);
		struct xml_writer w;

		xml_write_start(&w, &out);
		xml_write_leaf(&w, "a", bad[i]);
		check_int(xml_write_end(&w), -EINVAL);
	}
}

TEST_MAIN(TEST_RUN(a_document_is_a_tree), TEST_RUN(namespaces_are_resolved),
	TEST_RUN(other_encodings_become_utf8), TEST_RUN(what_is_dangerous_is_refused),
	TEST_RUN(size_has_limits), TEST_RUN(entries_come_one_by_one_in_any_pieces),
	TEST_RUN(what_is_written_reads_the_same), TEST_RUN(what_no_xml_can_hold_is_not_written))
