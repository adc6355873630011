/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml - XML 1.0 with namespaces, over expat: read as it arrives, in trees of bounded size; and written.
 *
 * A document that has a document type is refused, so there are no entities but the five that XML itself has, and nothing is
 * ever fetched. Elements are nested at most XML_MAX_DEPTH deep. All texts are UTF-8, whatever the document is in.
 *
 * Threads: any; one owner of a reader or writer at a time.
 */
#pragma once

#include <stddef.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

enum { XML_MAX_DEPTH = 64 };

/* How much memory one tree may take. */
#define XML_MAX_TREE ((size_t)8 << 20)

struct xml_attribute {
	const char *space, *name, *value; /* @space: the namespace's URI, "" for none */
};

struct xml_node {
	const char *space, *name;
	const char *text; /* what stands directly in it, elements left out; never NULL */
	struct xml_attribute *attributes;
	size_t attribute_count;
	struct xml_node *children; /* the first one */
	struct xml_node *next;	   /* its sibling */
};

/* xml_free - NULL is fine */
void xml_free(struct xml_node *node);
void xml_freep(struct xml_node **node);

/* ---- reading ---- */

/* What the trees are that a reader gives. */
enum xml_level {
	XML_ROOT,    /* the whole document is one */
	XML_ENTRIES, /* each element in the root: for long lists */
};

/* xml_sink - one tree, borrowed; -errno stops the reader and is forwarded */
typedef int (*xml_sink)(void *context, const struct xml_node *node);

struct xml_reader;

struct xml_reader *xml_reader_new(enum xml_level level, size_t max_tree, xml_sink sink, void *context);
void xml_reader_free(struct xml_reader *r);
void xml_reader_freep(struct xml_reader **r);

/**
 * xml_feed - the next bytes of the document
 *
 * Returns 0; -EINVAL for what is no XML or has a document type; -E2BIG for what is too large or too deep; or what the sink
 * returned. After an error every further call returns it again, with its sentence; the sink's error has none.
 */
int xml_feed(struct xml_reader *r, const void *bytes, size_t len, struct err *e);

/* xml_end - that was all of it: as xml_feed(), and -EINVAL when the document is cut off */
int xml_end(struct xml_reader *r, struct err *e);

/* xml_is_root - whether the document's root was seen and is called so */
_Bool xml_is_root(const struct xml_reader *r, const char *space, const char *name);

/* xml_parse - a whole document; @ret: its root, for xml_free(). 0, -EINVAL or -E2BIG. */
int xml_parse(const char *text, size_t len, struct xml_node **ret, struct err *e);

/* ---- looking ---- */

_Bool xml_is(const struct xml_node *node, const char *space, const char *name);

/* xml_child - the first element of that name directly in @node, NULL without one; @node may be NULL */
const struct xml_node *xml_child(const struct xml_node *node, const char *space, const char *name);

/* xml_after - the next one of the same name behind @node */
const struct xml_node *xml_after(const struct xml_node *node);

/* xml_text - the text of such a child, NULL without one */
const char *xml_text(const struct xml_node *node, const char *space, const char *name);

/* xml_value - an attribute without a namespace, NULL without one */
const char *xml_value(const struct xml_node *node, const char *name);

/* ---- writing ---- */

struct xml_writer {
	struct buf *out; /* borrowed */
	const char *open[XML_MAX_DEPTH];
	unsigned depth;
	_Bool in_tag; /* the last start tag may still get attributes */
	int error;    /* 0, -EINVAL (no XML could hold that text) or -E2BIG; it stays */
};

/* xml_write_start - the declaration, into @out */
void xml_write_start(struct xml_writer *w, struct buf *out);

/* xml_write_open - a start tag; @name (with its prefix) is borrowed until its end, and trusted */
void xml_write_open(struct xml_writer *w, const char *name);

/* xml_write_attribute - of the start tag that was written last; @name is trusted */
void xml_write_attribute(struct xml_writer *w, const char *name, const char *value);

void xml_write_text(struct xml_writer *w, const char *text);
void xml_write_close(struct xml_writer *w);

/* xml_write_leaf - an element that holds @text only; NULL: nothing */
void xml_write_leaf(struct xml_writer *w, const char *name, const char *text);

/* xml_write_end - closes what is open. 0, -EINVAL or -E2BIG. */
int xml_write_end(struct xml_writer *w);
