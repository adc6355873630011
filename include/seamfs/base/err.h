/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - why something failed, in words a person can act on.        Threads: one owner at a time.
 *
 * Functions return 0, a negative errno that callers forward unchanged, or a positive condition that the
 * function's header names and the caller handles. Where a person will read the reason, the last parameter
 * is a `struct err *` (may be NULL); it is written only on failure. No allocation, so it can live anywhere.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

/* What is broken: the one record, all records of the type, or the whole tool. */
enum err_scope { ERR_RECORD, ERR_COLLECTION, ERR_TOOL };

/* When trying again makes sense. */
enum err_retry {
	ERR_NEVER,	/* the request itself is wrong */
	ERR_NOW,	/* something changed underneath: fetch, merge, try again */
	ERR_LATER,	/* not before err.retry_at_ms (0: the caller's back-off decides) */
	ERR_AFTER_USER, /* a person must act: credentials, plan, permission */
};

struct err {
	int code; /* positive errno, 0 = no error */
	enum err_scope scope;
	enum err_retry retry;
	int http_status;     /* 0 when no HTTP answer was involved */
	int64_t retry_at_ms; /* clock_now_ms() time, 0 = unknown */
	_Bool noted;	     /* written down where a person looks for it */
	_Bool sent;	     /* bytes may have reached the tool: the outcome is unknown */
	char field[48];	     /* our field's name, "" when the record as a whole is meant */
	char text[464];	     /* one sentence: what, where, what to do */
};

/**
 * err_set - fills @e (NULL is fine) and returns -@code, so a function can `return err_set(...)`
 * @code: positive errno
 *
 * Scope becomes ERR_RECORD, retry ERR_NEVER; change the members afterwards where that is not so.
 */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* err_field - like err_set() and names the field of ours that is at fault */
int err_field(struct err *e, int code, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* err_prefix - puts "@prefix: " before the sentence */
void err_prefix(struct err *e, const char *prefix);

void err_clear(struct err *e);

/* err_name - "EINVAL" and so on; "EIO" for whatever has no name of its own here */
const char *err_name(int code);
