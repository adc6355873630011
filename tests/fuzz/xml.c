/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for codec/xml: a tree prints as a document that is the same tree again, and pieces make no difference.
 *
 * Input: one byte that says how large the pieces are, and the document.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

/* Prefixes are gone, so a namespace is declared wherever an element has one; attributes with one are left out. */
static void print(struct xml_writer *w, const struct xml_node *node)
{
	xml_write_open(w, node->name);
	xml_write_attribute(w, "xmlns", node->space);
	for (size_t i = 0; i < node->attribute_count; i++) {
		if (!*node->attributes[i].space)
			xml_write_attribute(w, node->attributes[i].name, node->attributes[i].value);
	}
	xml_write_text(w, node->text);
	for (const struct xml_node *c = node->children; c; c = c->next)
		print(w, c);
	xml_write_close(w);
}

static void compare(const struct xml_node *a, const struct xml_node *b)
{
	for (; a && b; a = a->next, b = b->next) {
		must(xml_is(a, b->space, b->name) && strcmp(a->text, b->text) == 0);
		for (size_t i = 0; i < b->attribute_count; i++)
			must(str_equal(xml_value(a, b->attributes[i].name), b->attributes[i].value));
		compare(a->children, b->children);
	}
	must(!a && !b);
}

static int count(void *context, const struct xml_node *node)
{
	++*(size_t *)context;
	return 0;
}

static int in_pieces(const char *text, size_t len, size_t piece, size_t *ret)
{
	_cleanup_(xml_reader_freep) struct xml_reader *r =
		xml_reader_new(XML_ENTRIES, XML_MAX_TREE, count, ret);
	int result = 0;

	for (size_t at = 0; at < len && result == 0; at += piece)
		result = xml_feed(r, text + at, piece < len - at ? piece : len - at, NULL);
	return result < 0 ? result : xml_end(r, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(xml_freep) struct xml_node *root = NULL, *again = NULL;
	_cleanup_(buf_finish) struct buf out = BUF_INIT(BUF_MAX_TEXT);
	struct xml_writer w;
	size_t entries = 0, children = 0;
	int r, r2;

	if (size < 1)
		return 0;
	r = xml_parse((const char *)data + 1, size - 1, &root, NULL);
	r2 = in_pieces((const char *)data + 1, size - 1, data[0] + 1u, &entries);
	must(r < 0 || r2 == 0);
	if (r < 0)
		return 0;
	for (const struct xml_node *c = root->children; c; c = c->next)
		children++;
	must(entries == children);
	xml_write_start(&w, &out);
	print(&w, root);
	must(xml_write_end(&w) == 0);
	must(xml_parse(buf_text(&out), out.len, &again, NULL) == 0);
	compare(root, again);
	return 0;
}
