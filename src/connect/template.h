/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template - texts with {names} in them: settings, the engine's values, the record's fields.
 *
 * There are no expressions. What is inserted is encoded for its place.        Threads: any.
 */
#pragma once

#include <cjson/cJSON.h>

#include "connect/map.h"
#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/net/secret.h"

/* A setting of the manifest with the value from the tool's object in stack.json. */
struct setting {
	const char *name; /* borrowed from the manifest */
	char *text;	  /* NULL for a secret and for an optional one that was not given */
	struct secret secret;
};

/* What the names stand for; members that do not apply are NULL. */
struct template_values {
	const struct setting *settings;
	size_t setting_count;
	const char *id;		   /* {id}: the tool's id of the record */
	const char *since;	   /* {since}: changes from here on */
	const cJSON *body;	   /* {field}: the record in the tool's form … */
	const struct mapping *map; /* … and where its fields are in it */
};

/* template_name - the next {name} in *@p, which moves on. 1, 0 at the end, -EINVAL for a stray brace. */
int template_name(const char **p, char name[64]);

/* template_known - whether {@name} means something in the manifest @root, in @type (NULL: outside) */
_Bool template_known(const cJSON *root, const struct type *type, const char *name);

enum { TEMPLATE_ABSENT = 1 }; /* a name in it has no value */

/**
 * template_expand - appends @text with all names replaced
 * @encode: how inserted values are written: http_encode(), or buf_puts() for headers
 *
 * Returns 0, TEMPLATE_ABSENT (@out is as it was) or -E2BIG.
 */
int template_expand(const char *text, const struct template_values *v,
	int (*encode)(struct buf *b, const char *text), struct buf *out);
