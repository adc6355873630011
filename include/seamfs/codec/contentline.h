/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contentline - the lines that vCard (RFC 2426, RFC 6350) and iCalendar (RFC 5545) are made of.        Threads: one owner.
 *
 * "GROUP.NAME;PARAMETER=VALUE:value", folded over several lines of the text. A text remembers the exact bytes of each line, so that
 * printing it after one was changed changes that one only: unknown properties, their order, their folding and the line ends stay.
 * Lines that are none of this are kept and have the name "".
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

struct content;

/**
 * content_parse - reads a text
 * @ret: given to the caller (content_free), written on success only
 *
 * Returns 0; -EINVAL with a sentence for a NUL byte and for a text that begins with a blank; -E2BIG over 16 MiB.
 */
int content_parse(const char *text, size_t len, struct content **ret, struct err *e);
void content_free(struct content *c);
void content_freep(struct content **c);

/* content_print - appends the whole text. 0 or -E2BIG. */
int content_print(const struct content *c, struct buf *b);

int content_count(const struct content *c);

/* content_name, content_group - in capitals, as written; "" without one. Borrowed until the line is changed. */
const char *content_name(const struct content *c, int line);
const char *content_group(const struct content *c, int line);

/* content_value - what stands behind the ':', unfolded, otherwise as it is in the text. Borrowed likewise. */
const char *content_value(const struct content *c, int line);

/* content_param - the first value of a parameter, without quotes; given to the caller, NULL without it */
char *content_param(const struct content *c, int line, const char *name);

/*
 * content_has - whether a parameter has that value among others, in capitals or not; @value NULL: whatever value. A parameter
 * without "=", as old programs write it, is a value of TYPE.
 */
_Bool content_has(const struct content *c, int line, const char *name, const char *value);

/* content_end - the END line that belongs to the BEGIN at @begin, or content_count() where it is missing */
int content_end(const struct content *c, int begin);

/*
 * content_next - the first line behind @after (0, or what it gave before) that has this name, among those between the BEGIN at @begin and its END that are not in
 * a component of their own; -1: there is none. BEGIN finds the components.
 */
int content_next(const struct content *c, int begin, const char *name, int after);

/**
 * content_set - replaces the value of a line, name and parameters stay; folded after 75 bytes as RFC 5545 3.1 says
 * @value: as it is to be in the text (content_escape()); line ends in it are left out
 *
 * The same value changes nothing.
 */
void content_set(struct content *c, int line, const char *value);

/* content_put - puts a whole line, unfolded and without line end, in place of @line */
void content_put(struct content *c, int line, const char *text);

/* content_insert - puts a whole line before @line, 1 to content_count(), and returns its number */
int content_insert(struct content *c, int line, const char *text);
void content_remove(struct content *c, int line);

/* content_add - inserts a line as the last property of the component at @begin */
void content_add(struct content *c, int begin, const char *text);

/* content_drop_param - takes a parameter away */
void content_drop_param(struct content *c, int line, const char *name);

/* ---- values of the kind TEXT ---- */

/* content_text - @len bytes without escapes, ill-formed UTF-8 as U+FFFD; given to the caller */
char *content_text(const char *value, size_t len);

/* content_escape - appends a text as a value: "\n", "\,", "\;", "\\"; control characters are left out */
int content_escape(struct buf *b, const char *text);

/* content_part - the bytes before the next @separator that is not escaped */
size_t content_part(const char *value, char separator);

/* content_tags - the texts of all lines of that name (CATEGORIES) of the component at @begin, a list; given to the caller */
cJSON *content_tags(const struct content *c, int begin, const char *name);

/* content_set_tags - the same list changes nothing; else the first of the lines gets it, and the others go */
void content_set_tags(struct content *c, int begin, const char *name, const cJSON *tags);

/* content_instant - "20261123T102233Z", "2026-11-23T10:22:33Z" in UTC milliseconds; 0 for anything else */
int64_t content_instant(const char *value);

/* content_stamp - the first of these forms */
#define CONTENT_STAMP_SIZE 32
char *content_stamp(int64_t ms, char ret[CONTENT_STAMP_SIZE]);
