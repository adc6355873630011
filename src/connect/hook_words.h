/* SPDX-License-Identifier: Apache-2.0 */
/* hook_words - what the parts of connect/hook share.        Threads: as hook.h. */
#pragma once

#include "connect/manifest.h"
#include "connect/template.h"
#include "connect/words.h"
#include "seamfs/connect/hook.h"

struct hook {
	char *name;		   /* the tool's */
	struct manifest *manifest; /* NULL: a driver's */
	const cJSON *words;	   /* "webhooks"; NULL: it has none */
	struct setting *settings;
	size_t setting_count;
};

/* hook_lint - that the names in "webhooks" mean something. 0 or -EINVAL. */
int hook_lint(struct check *c, const struct manifest *m);

/* hook_setting - a setting's value, borrowed; NULL: it was not given */
const char *hook_setting(const struct hook *h, const char *name);

/* hook_verify - 0, or -EACCES with a sentence */
int hook_verify(const struct hook *h, const struct hook_request *r, const cJSON *body, struct err *e);

/* hook_answer - a handshake that is none of the tool's records: 1 when it was one, 0, or -EACCES */
int hook_answer(const struct hook *h, const struct hook_request *r, const cJSON *body,
	struct hook_result *ret, struct err *e);

/* hook_query - a parameter of the address, decoded, given; NULL without it */
char *hook_query(const char *target, const char *name);
