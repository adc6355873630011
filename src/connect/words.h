/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words - the vocabulary of manifests as tables, and the check that a manifest uses nothing else.
 *
 * An unknown word, a value of the wrong kind or a missing word is refused with file, line, column and
 * reason, so a typing error never becomes a rule that silently does nothing.
 *
 * Threads: any; one struct check is one thread's.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/model/type.h"

/* A manifest under examination, and the place in it. */
struct check {
	const char *path; /* of the file, for messages */
	const char *text; /* its bytes: where lines and columns are counted */
	size_t len;
	const cJSON *root;	 /* the manifest with the overrides merged in */
	const cJSON *overrides;	 /* {"types": …} from stack.json, or NULL; its faults are told by pointer */
	const struct type *type; /* whose words are looked at, NULL outside of types */
	struct buf pointer;	 /* JSON Pointer of the value looked at */
	struct err *e;
};

/* check_enter, check_leave - go one step down to member @key and back; enter returns what leave() needs */
size_t check_enter(struct check *c, const char *key);
void check_leave(struct check *c, size_t mark);

/* check_bad - refuses the value at the current place; returns -EINVAL */
int check_bad(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* check_words - the whole of c->root against the vocabulary. 0 or -EINVAL. */
int check_words(struct check *c);

/**
 * words_time - "500ms", "1s", "5m", "24h", "30d" as milliseconds
 *
 * Returns 0 or -EINVAL.
 */
int words_time(const char *text, int64_t *ret_ms);

/* words_verb - the request's verb ("GET" …) and in @ret_path its path template; NULL when it has none */
const char *words_verb(const cJSON *request, const char **ret_path);
