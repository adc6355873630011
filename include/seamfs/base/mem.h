/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem - memory that never returns NULL, and cleanup of locals.        Threads: any.
 *
 * Small allocations abort when memory is out: a crash is a tested path (nothing acknowledged is lost).
 * Whatever a peer decides the size of goes through buf.h, which has a ceiling and returns -E2BIG.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* mem_alloc - zeroed memory, given to the caller; aborts when memory is out */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result));

/* mem_grow - like realloc for @count elements of @size bytes; new bytes are not zeroed */
void *mem_grow(void *old, size_t count, size_t size) __attribute__((warn_unused_result));

/* mem_dup - a copy of @len bytes with a NUL behind them */
char *mem_dup(const void *bytes, size_t len) __attribute__((warn_unused_result));

/* str_dup - a copy of @text; NULL gives NULL */
char *str_dup(const char *text) __attribute__((warn_unused_result));

/* str_format - printf into new memory */
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

/* str_set - replaces *@slot (freed) by a copy of @text */
void str_set(char **slot, const char *text);

/* str_equal - strcmp() == 0 where NULL equals only NULL */
_Bool str_equal(const char *a, const char *b);

/* cleanup helpers: _cleanup_(mem_freep) char *x, _cleanup_(fd_closep) int fd */
void mem_freep(void *pointer_to_pointer);
void fd_closep(int *fd);
