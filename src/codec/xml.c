/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/xml.h"

#include <errno.h>
#include <expat.h>
#include <string.h>

#include "seamfs/base/mem.h"

/* Between the parts of a name that expat gives; no document can hold it. */
#define SEPARATOR '\x01'

enum {
	PIECE = 64 << 10,
	/* expat keeps a tag until it is whole. */
	MAX_SILENCE = 1 << 20,
};

/* An element whose end has not come yet. */
struct level {
	struct xml_node *node; /* NULL: the root of a list */
	struct xml_node *last; /* its last child */
	struct buf text;
};

struct xml_reader {
	XML_Parser parser;
	enum xml_level level;
	size_t max, used;
	xml_sink sink; /* NULL: the tree is kept */
	void *context;
	struct xml_node *kept;
	struct level levels[XML_MAX_DEPTH];
	unsigned depth;
	struct xml_node *root; /* name only */
	size_t silent;	       /* bytes since something was found in them */
	int error;
	struct err why; /* .code 0: the sink's error */
};

/* ---- trees ---- */

void xml_free(struct xml_node *node)
{
	while (node) {
		struct xml_node *next = node->next;

		xml_free(node->children);
		for (size_t i = 0; i < node->attribute_count; i++) {
			free((char *)node->attributes[i].space);
			free((char *)node->attributes[i].name);
			free((char *)node->attributes[i].value);
		}
		free(node->attributes);
		free((char *)node->space);
		free((char *)node->name);
		free((char *)node->text);
		free(node);
		node = next;
	}
}

void xml_freep(struct xml_node **node)
{
	xml_free(*node);
}

_Bool xml_is(const struct xml_node *node, const char *space, const char *name)
{
	return strcmp(node->name, name) == 0 && strcmp(node->space, space) == 0;
}

static const struct xml_node *first_of(const struct xml_node *node, const char *space, const char *name)
{
	while (node && !xml_is(node, space, name))
		node = node->next;
	return node;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *space, const char *name)
{
	return node ? first_of(node->children, space, name) : NULL;
}

const struct xml_node *xml_after(const struct xml_node *node)
{
	return first_of(node->next, node->space, node->name);
}

const char *xml_text(const struct xml_node *node, const char *space, const char *name)
{
	const struct xml_node *child = xml_child(node, space, name);

	return child ? child->text : NULL;
}

const char *xml_value(const struct xml_node *node, const char *name)
{
	for (size_t i = 0; node && i < node->attribute_count; i++) {
		if (!*node->attributes[i].space && strcmp(node->attributes[i].name, name) == 0)
			return node->attributes[i].value;
	}
	return NULL;
}

/* ---- reading ---- */

/* Stops for good. What expat still calls before it ends finds .error set. */
static void fail(struct xml_reader *r, int code)
{
	if (!r->error) {
		r->error = -code;
		XML_StopParser(r->parser, XML_FALSE);
	}
}

static _Bool take(struct xml_reader *r, size_t bytes)
{
	r->used += bytes;
	if (r->used <= r->max)
		return 1;
	err_set(&r->why, E2BIG, "line %lu: one element takes more than %zu KiB",
		XML_GetCurrentLineNumber(r->parser), r->max >> 10);
	fail(r, E2BIG);
	return 0;
}

/* "URI SEPARATOR NAME", or a name alone. */
static void split(const char *name, const char **ret_space, const char **ret_name)
{
	const char *mark = strchr(name, SEPARATOR);

	*ret_space = mark ? mem_dup(name, (size_t)(mark - name)) : str_dup("");
	*ret_name = str_dup(mark ? mark + 1 : name);
}

/* NULL when there is no more room. */
static struct xml_node *new_node(struct xml_reader *r, const char *name, const char **attributes)
{
	size_t count = 0, bytes = sizeof(struct xml_node) + strlen(name) + 3;
	struct xml_node *node;

	for (; attributes[2 * count]; count++)
		bytes += sizeof(struct xml_attribute) + strlen(attributes[2 * count]) +
			 strlen(attributes[2 * count + 1]) + 3;
	if (!take(r, bytes))
		return NULL;
	node = mem_alloc(sizeof(*node));
	split(name, &node->space, &node->name);
	node->attributes = mem_alloc((count + 1) * sizeof(*node->attributes));
	node->attribute_count = count;
	for (size_t i = 0; i < count; i++) {
		split(attributes[2 * i], &node->attributes[i].space, &node->attributes[i].name);
		node->attributes[i].value = str_dup(attributes[2 * i + 1]);
	}
	return node;
}

static void push(struct xml_reader *r, struct xml_node *node)
{
	struct level *above = r->depth ? &r->levels[r->depth - 1] : NULL;

	r->levels[r->depth++] = (struct level){.node = node, .text = BUF_INIT(r->max)};
	if (!node || !above || !above->node)
		return;
	if (above->last)
		above->last->next = node;
	else
		above->node->children = node;
	above->last = node;
}

static void on_start(void *context, const char *name, const char **attributes)
{
	struct xml_reader *r = context;
	struct xml_node *node = NULL;
	_Bool listed = r->level == XML_ENTRIES && r->depth == 0;

	r->silent = 0;
	if (r->error)
		return;
	if (r->depth == XML_MAX_DEPTH) {
		err_set(&r->why, E2BIG, "line %lu: elements are nested more than %d deep",
			XML_GetCurrentLineNumber(r->parser), XML_MAX_DEPTH);
		fail(r, E2BIG);
		return;
	}
	if (r->depth == 0) {
		r->root = mem_alloc(sizeof(*r->root));
		split(name, &r->root->space, &r->root->name);
	}
	if (!listed) {
		node = new_node(r, name, attributes);
		if (!node)
			return;
	}
	push(r, node);
}

static void on_text(void *context, const char *text, int len)
{
	struct xml_reader *r = context;
	struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;

	r->silent = 0;
	if (!r->error && top && top->node && take(r, (size_t)len))
		buf_add(&top->text, text, (size_t)len);
}

static void on_end(void *context, const char *name)
{
	struct xml_reader *r = context;
	struct level *top;
	int result = 0;

	r->silent = 0;
	if (r->error)
		return;
	top = &r->levels[--r->depth];
	if (!top->node)
		return;
	top->node->text = buf_steal(&top->text);
	if (r->depth != (r->level == XML_ENTRIES ? 1 : 0))
		return;
	if (r->sink) {
		result = r->sink(r->context, top->node);
		xml_free(top->node);
	} else {
		r->kept = top->node;
	}
	top->node = NULL;
	r->used = 0;
	if (result < 0)
		fail(r, -result);
}

static void on_doctype(
	void *context, const char *name, const char *system_id, const char *public_id, int internal)
{
	struct xml_reader *r = context;

	if (r->error)
		return;
	err_set(&r->why, EINVAL, "line %lu: a document type is not accepted",
		XML_GetCurrentLineNumber(r->parser));
	fail(r, EINVAL);
}

static void on_other(void *context, const char *text, int len)
{
	((struct xml_reader *)context)->silent = 0;
}

struct xml_reader *xml_reader_new(enum xml_level level, size_t max_tree, xml_sink sink, void *context)
{
	struct xml_reader *r = mem_alloc(sizeof(*r));

	r->parser = XML_ParserCreateNS(NULL, SEPARATOR);
	if (!r->parser)
		abort();
	r->level = level;
	r->max = max_tree;
	r->sink = sink;
	r->context = context;
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	XML_SetDefaultHandler(r->parser, on_other);
	return r;
}

void xml_reader_free(struct xml_reader *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < XML_MAX_DEPTH; i++)
		buf_finish(&r->levels[i].text);
	/* What is open hangs on the outermost one. */
	for (unsigned i = 0; i < r->depth; i++) {
		if (r->levels[i].node) {
			xml_free(r->levels[i].node);
			break;
		}
	}
	xml_free(r->kept);
	xml_free(r->root);
	XML_ParserFree(r->parser);
	free(r);
}

void xml_reader_freep(struct xml_reader **r)
{
	xml_reader_free(*r);
}

static int result_of(const struct xml_reader *r, struct err *e)
{
	if (r->error && r->why.code && e)
		*e = r->why;
	return r->error;
}

static int feed(struct xml_reader *r, const char *bytes, size_t len, _Bool last)
{
	enum XML_Status status;

	r->silent += len;
	status = XML_Parse(r->parser, bytes, (int)len, last);
	if (r->error)
		return r->error;
	if (status != XML_STATUS_OK) {
		err_set(&r->why, EINVAL, "line %lu: this is no XML: %s", XML_GetCurrentLineNumber(r->parser),
			XML_ErrorString(XML_GetErrorCode(r->parser)));
		r->error = -EINVAL;
	} else if (r->silent > MAX_SILENCE) {
		err_set(&r->why, E2BIG, "line %lu: one tag takes more than %d KiB",
			XML_GetCurrentLineNumber(r->parser), MAX_SILENCE >> 10);
		r->error = -E2BIG;
	}
	return r->error;
}

int xml_feed(struct xml_reader *r, const void *bytes, size_t len, struct err *e)
{
	for (size_t at = 0, n; at < len && !r->error; at += n) {
		n = len - at < PIECE ? len - at : PIECE;
		feed(r, (const char *)bytes + at, n, 0);
	}
	return result_of(r, e);
}

int xml_end(struct xml_reader *r, struct err *e)
{
	if (!r->error)
		feed(r, "", 0, 1);
	return result_of(r, e);
}

_Bool xml_is_root(const struct xml_reader *r, const char *space, const char *name)
{
	return r->root && xml_is(r->root, space, name);
}

/* ---- whole documents ---- */

int xml_parse(const char *text, size_t len, struct xml_node **ret, struct err *e)
{
	_cleanup_(xml_reader_freep) struct xml_reader *r = xml_reader_new(XML_ROOT, XML_MAX_TREE, NULL, NULL);
	int result = xml_feed(r, text, len, e);

	if (result == 0)
		result = xml_end(r, e);
	if (result < 0)
		return result;
	*ret = r->kept;
	r->kept = NULL;
	return 0;
}
