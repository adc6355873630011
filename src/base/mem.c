/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *must(void *p)
{
	if (!p) {
		fputs("seamfs: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *mem_grow(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count ? count : 1, size));
}

char *mem_dup(const void *bytes, size_t len)
{
	char *copy = must(malloc(len + 1));

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *str_dup(const char *text)
{
	return text ? mem_dup(text, strlen(text)) : NULL;
}

char *str_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return must(n < 0 ? NULL : text);
}

void str_set(char **slot, const char *text)
{
	char *copy = str_dup(text);

	free(*slot);
	*slot = copy;
}

_Bool str_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

void mem_freep(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
