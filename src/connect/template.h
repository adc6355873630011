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
	const char *id;		 /* {id}: the tool's id of the record; {id.1} …: its parts */
	const char *ids;	 /* {ids}: of several, with commas between them */
	int id_parts;		 /* how many it is made of */
	_Bool id_number;	 /* the tool wants it as a number */
	const char *since;	 /* {since}: changes from here on */
	const char *once;	 /* {once}: the idempotency key of a create */
	const char *each;	 /* {each}: the id of the record that a listing is about */
	const char *version;	 /* {version}: of the record, as its guard says */
	const char *to, *choice; /* {to}, {choice}: the state that a step leads to */
	const char *callback;	 /* {callback}: where webhooks are to be sent to */
	const char *offset, *page, *cursor;
	const char *session; /* {session}: of a login */
	/* for signatures: of the request {verb} {target} (path and query) {body}; {timestamp} (s) {nonce} {signature} */
	const char *verb, *target, *body_text, *timestamp, *nonce, *signature;
	const struct setting *kept; /* what a login gave, such as the address of the account */
	size_t kept_count;
	const cJSON *body;	   /* {field}: the record in the tool's form … */
	const struct mapping *map; /* … and where its fields are in it */
	const cJSON *record;	   /* or the tool's record, as it is read */
};

/* template_name - the next {name} in *@p, which moves on. 1, 0 at the end, -EINVAL for a stray brace. */
int template_name(const char **p, char name[64]);

/*
 * template_word - the next {name} in *@p that is made of a-z, 0-9, '_' and '.' only, which moves on; false at the end. Other braces
 * are text: those of a query language, say.
 */
_Bool template_word(const char **p, char name[64]);

/* template_known - whether {@name} means something in the manifest @root, in @type (NULL: outside) */
_Bool template_known(const cJSON *root, const struct type *type, const char *name);

enum { TEMPLATE_ABSENT = 1 }; /* a name in it has no value */
enum { TEMPLATE_ID_MAX = 256 };

/**
 * template_expand - appends @text with all names replaced
 * @encode: how inserted values are written: http_encode(), or buf_puts() for headers
 *
 * Returns 0, TEMPLATE_ABSENT (@out is as it was) or -E2BIG.
 */
int template_expand(const char *text, const struct template_values *v,
	int (*encode)(struct buf *b, const char *text), struct buf *out);

/**
 * template_body - a copy of @body with the names in its texts replaced; what needs a value that is absent is left out
 *
 * A text that is nothing but {field} becomes the field's value, whatever it is. Given; NULL when nothing is left.
 */
cJSON *template_body(const cJSON *body, const struct template_values *v);
