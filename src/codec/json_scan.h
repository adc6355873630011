/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan - checks a JSON text and copies it for cJSON: comments gone, numbers as marked strings. */
#pragma once

#include "seamfs/codec/json.h"

#define JSON_NUMBER_MARK '\x01'

/* json_scan - appends the cleaned text to @out. Returns 0 or -EINVAL with @place and a sentence. */
int json_scan(const char *text, size_t len, unsigned flags, struct buf *out, struct json_place *place,
	struct err *e);
