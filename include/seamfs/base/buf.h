/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - a growing byte buffer that cannot exist without a ceiling.        Threads: one owner at a time.
 *
 * Errors stick: after -E2BIG every further append does nothing and says -E2BIG again, so a builder may
 * append freely and ask once at the end. The bytes always have a NUL behind them.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL until the first byte */
	size_t len;
	size_t size;
	size_t max;
	int error; /* 0 or -E2BIG */
};

/* Ceilings used in the program, in one place. */
#define BUF_MAX_RECORD	((size_t)1 << 20)  /* a record's file */
#define BUF_MAX_CONFIG	((size_t)4 << 20)  /* stack.json, a manifest */
#define BUF_MAX_ANSWER	((size_t)8 << 20)  /* one HTTP answer */
#define BUF_MAX_SHEET	((size_t)64 << 20) /* a spreadsheet */
#define BUF_MAX_SCRATCH ((size_t)64 << 20) /* an editor's temporary file */
#define BUF_MAX_TEXT	((size_t)16 << 20) /* a generated file */

#define BUF_INIT(ceiling) ((struct buf){.max = (ceiling)})

void buf_init(struct buf *b, size_t max);
void buf_finish(struct buf *b);

/* buf_add - appends @len bytes. Returns 0 or -E2BIG. */
int buf_add(struct buf *b, const void *bytes, size_t len);
int buf_puts(struct buf *b, const char *text);
int buf_putc(struct buf *b, char c);
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* buf_write - writes at @offset as pwrite does; a gap is filled with NUL bytes */
int buf_write(struct buf *b, size_t offset, const void *bytes, size_t len);

/* buf_resize - cuts, or extends with NUL bytes */
int buf_resize(struct buf *b, size_t len);

/* buf_text - the bytes as a C string; never NULL */
const char *buf_text(const struct buf *b);

/* buf_steal - gives the bytes to the caller (never NULL, NUL-terminated) and leaves the buffer empty */
char *buf_steal(struct buf *b);

/* buf_clear - forgets bytes and error, keeps the memory */
void buf_clear(struct buf *b);
