/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - strict JSON (RFC 8259) over cJSON, with exact numbers and places of errors.      Threads: any.
 *
 * cJSON keeps numbers as doubles; here every number is a cJSON_Raw node that holds the digits as they were
 * written, so money never passes through a double. Ask with json_number(), never with cJSON_IsNumber().
 * Nesting is at most 64, strings are valid UTF-8 without NUL.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/base/mem.h"

enum {
	JSON_STRICT = 0,
	JSON_COMMENTS = 1, /* line and block comments are white space (our configuration files) */
	JSON_REMOTE =
		2, /* a tool's answer: repeated keys and NUL characters are tolerated, the rest is not */
};

struct json_place {
	unsigned line;	 /* 1-based */
	unsigned column; /* 1-based, in bytes */
};

/**
 * json_parse - one whole JSON text
 * @ret:   given to the caller (cJSON_Delete), written on success only
 * @place: where the error is, for callers that word it themselves; NULL: the sentence begins with line and column
 *
 * Returns 0 or -EINVAL.
 */
int json_parse(
	const char *text, size_t len, unsigned flags, cJSON **ret, struct json_place *place, struct err *e);

/* json_stored - what json_print() once wrote, given to the caller; NULL when @text is NULL, "" or no JSON */
cJSON *json_stored(const char *text);

/* json_cut_off - the text is no JSON, but the beginning of one: more of it may come */
_Bool json_cut_off(const char *text, size_t len);

/* json_locate - the place of the member or element at a JSON Pointer; the start of the text if it is not there */
struct json_place json_locate(const char *text, size_t len, const char *pointer);

/* json_print - compact text, given to the caller */
char *json_print(const cJSON *item);

/* json_pretty - two spaces, one key a line, final newline, empty containers on one line */
int json_pretty(struct buf *b, const cJSON *item);

/* json_quote - appends @text as a JSON string; nothing but what RFC 8259 demands is escaped */
int json_quote(struct buf *b, const char *text);

/* json_number - the digits of a number as written, NULL when @item is no number */
const char *json_number(const cJSON *item);

/* json_int64 - 0, or -EINVAL when @item is no whole number (also "12.0", "1e3") that fits */
int json_int64(const cJSON *item, int64_t *ret);

/* json_whole - whether @digits is a whole number, not negative, as JSON writes one: without zeros in front */
_Bool json_whole(const char *digits);

/* json_new_int, json_new_number - number nodes; @digits must be a JSON number */
cJSON *json_new_int(int64_t value);
cJSON *json_new_number(const char *digits);

/* json_text - the string, or NULL when @item is NULL or no string */
const char *json_text(const cJSON *item);

/* json_scalar - a text, the digits of a number, "true" or "false"; NULL for anything else */
const char *json_scalar(const cJSON *item);

/* json_get - the member of that exact name, NULL without one; @object may be NULL */
cJSON *json_get(const cJSON *object, const char *key);
const char *json_get_text(const cJSON *object, const char *key);

/* json_set - puts @item (taken) in place of the member of that name, or adds it */
void json_set(cJSON *object, const char *key, cJSON *item);
void json_set_text(cJSON *object, const char *key, const char *text);

/*
 * json_at - what a JSON Pointer (RFC 6901) names, "" the root itself; NULL when nothing is there. In a list a step "name=value"
 * means the first element whose member is that.
 */
cJSON *json_at(const cJSON *root, const char *pointer);

/*
 * json_put - puts @item (taken) where the pointer says and makes missing objects on the way, and missing lists before a step "0"
 * or "name=value". 0, or -EINVAL where there is no such place.
 */
int json_put(cJSON *root, const char *pointer, cJSON *item);

/* json_equal - same value; NULL and null are the same, the order of keys does not matter */
_Bool json_equal(const cJSON *a, const cJSON *b);

void json_freep(cJSON **item);
#define _cleanup_json_ _cleanup_(json_freep)
