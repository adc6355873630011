/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

/* Makes room for @len bytes in all and a NUL. */
static int reserve(struct buf *b, size_t len)
{
	size_t size = b->size ? b->size : 64;

	if (b->error)
		return b->error;
	if (len > b->max)
		return b->error = -E2BIG;
	if (len < b->size)
		return 0;
	while (size <= len)
		size *= 2;
	b->data = mem_grow(b->data, size, 1);
	b->size = size;
	return 0;
}

int buf_add(struct buf *b, const void *bytes, size_t len)
{
	int r = reserve(b, b->len + len);

	if (r < 0)
		return r;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_puts(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_putc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n, r;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		abort();
	r = buf_add(b, text, (size_t)n);
	free(text);
	return r;
}

int buf_resize(struct buf *b, size_t len)
{
	int r = reserve(b, len);

	if (r < 0)
		return r;
	if (len > b->len)
		memset(b->data + b->len, 0, len - b->len);
	b->len = len;
	b->data[len] = '\0';
	return 0;
}

int buf_write(struct buf *b, size_t offset, const void *bytes, size_t len)
{
	int r = 0;

	if (offset > b->max || len > b->max - offset)
		return b->error = -E2BIG;
	if (offset + len > b->len)
		r = buf_resize(b, offset + len);
	if (r < 0)
		return r;
	if (len)
		memcpy(b->data + offset, bytes, len);
	return 0;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *text = b->data ? b->data : mem_dup("", 0);

	*b = BUF_INIT(b->max);
	return text;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}
