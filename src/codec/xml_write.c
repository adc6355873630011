/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/codec/utf8.h"
#include "seamfs/codec/xml.h"

/* What stands for a character that would be taken for something else, in a text or in an attribute; NULL: itself. */
static const char *reference(char c, _Bool attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	case '"':
		return attribute ? "&quot;" : NULL;
	case '\n':
		return attribute ? "&#10;" : NULL;
	case '\t':
		return attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

/* XML 1.0 2.2: no control characters but three, no U+FFFE and U+FFFF. */
static _Bool holds(const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		return 0;
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' && !strchr("\t\n\r", *p))
			return 0;
		if (strncmp(p, "\xef\xbf\xbe", 3) == 0 || strncmp(p, "\xef\xbf\xbf", 3) == 0)
			return 0;
	}
	return 1;
}

static void escape(struct xml_writer *w, const char *text, _Bool attribute)
{
	if (!holds(text)) {
		w->error = w->error ? w->error : -EINVAL;
		return;
	}
	for (; *text; text++) {
		const char *other = reference(*text, attribute);

		if (other)
			buf_puts(w->out, other);
		else
			buf_putc(w->out, *text);
	}
}

static void end_tag(struct xml_writer *w)
{
	if (w->in_tag)
		buf_putc(w->out, '>');
	w->in_tag = 0;
}

void xml_write_start(struct xml_writer *w, struct buf *out)
{
	*w = (struct xml_writer){.out = out};
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
}

void xml_write_open(struct xml_writer *w, const char *name)
{
	end_tag(w);
	/* How deep the program nests is the program's own doing. */
	if (w->depth == XML_MAX_DEPTH)
		abort();
	buf_printf(w->out, "<%s", name);
	w->open[w->depth++] = name;
	w->in_tag = 1;
}

void xml_write_attribute(struct xml_writer *w, const char *name, const char *value)
{
	buf_printf(w->out, " %s=\"", name);
	escape(w, value, 1);
	buf_putc(w->out, '"');
}

void xml_write_text(struct xml_writer *w, const char *text)
{
	end_tag(w);
	escape(w, text, 0);
}

void xml_write_close(struct xml_writer *w)
{
	const char *name = w->open[--w->depth];

	if (w->in_tag)
		buf_puts(w->out, "/>");
	else
		buf_printf(w->out, "</%s>", name);
	w->in_tag = 0;
}

void xml_write_leaf(struct xml_writer *w, const char *name, const char *text)
{
	xml_write_open(w, name);
	if (text)
		xml_write_text(w, text);
	xml_write_close(w);
}

int xml_write_end(struct xml_writer *w)
{
	while (w->depth)
		xml_write_close(w);
	return w->error ? w->error : w->out->error;
}
