/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - one account's HTTP connection over libcurl, with one policy that no caller can loosen.
 *
 * Certificates are always verified and TLS is 1.2 or newer; http:// is only for this machine itself.
 * Redirects are followed for methods that change nothing, inside the same origin only. No netrc, cookies, environment proxies or other
 * ambient credentials. Every answer in memory is bounded (BUF_MAX_ANSWER after decompression) and every call ends:
 * 5 s to connect, 30 s in all (see .patience_s), at once when the stop flag rises. Whatever can send a request twice
 * without being asked to is switched off for all that change something.
 *
 * Threads: one struct http belongs to one thread at a time; it is never shared between accounts, so that no
 * connection, TLS session or credential of one can serve another.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

struct http;

/* How a "limit ends then" header counts. */
enum http_reset { HTTP_RESET_SECONDS, HTTP_RESET_UNIX, HTTP_RESET_UNIX_MS, HTTP_RESET_DATE };

/* How often the tool may be asked. Names of headers are borrowed while the struct http lives; NULL: none. */
struct http_limits {
	unsigned spacing_ms;   /* at least so long between two requests */
	const char *remaining; /* header that counts the calls left; at 0 we wait for the reset */
	const char *reset;     /* header that tells when there are new ones */
	enum http_reset reset_as;
	const char *retry_after; /* seconds or a date; NULL: "Retry-After" (RFC 9110 10.2.3) */
};

struct http_field {
	const char *name, *value;
};

struct http_answer;

/* A body that is read from a file while it is sent. */
struct http_upload {
	int fd; /* read with pread() */
	int64_t offset, length;
	int (*progress)(void *context, int64_t sent); /* now and then; -errno ends the call. May be NULL. */
	void *context;
};

/* Where the body of a 2xx answer goes as it arrives. -errno of the functions ends the call; the sentence is theirs. */
struct http_download {
	/* begin - before the first byte, and when there is none: .status and http_header() are there. May be NULL. */
	int (*begin)(void *context, const struct http_answer *a);
	int (*bytes)(void *context, const void *bytes, size_t len);
	void *context;
	_Bool verbatim; /* it must not be compressed on its way */
};

struct http_request {
	const char *method;	  /* "GET", "POST" … */
	const char *url;	  /* absolute, already encoded */
	const char *content_type; /* of the body */
	const void *body;	  /* NULL: none */
	size_t body_len;
	const struct http_upload *from;	  /* instead of @body */
	const struct http_download *into; /* NULL: it goes to http_answer.body, as other answers always do */
	const char *accept;		  /* NULL: JSON */
	/* 0: 30 s for all of it. Else it may take any time, but not so long without a byte. */
	unsigned patience_s;
	const struct http_field
		*headers; /* more headers, such as an idempotency key; they may hold secrets */
	size_t header_count;
};

struct http_answer {
	int status;	     /* of the last answer, 200 … 599 */
	struct buf body;     /* decoded; finished by http_answer_finish() */
	int64_t date_ms;     /* the server's Date header in UTC, 0 without one */
	int64_t retry_at_ms; /* do not ask again before this, in our clock; 0: the server did not say */
};

void http_answer_finish(struct http_answer *a);

/**
 * http_new - an account's connection; nothing is sent yet
 * @tool: borrows; the tool's name, begins every sentence
 * @stop: borrows; raised by another thread to end a call within a second
 */
struct http *http_new(const char *tool, const struct http_limits *limits, atomic_bool *stop);
void http_free(struct http *h);

/*
 * http_add_header - a header for every request, which may hold a secret. 0, or -EINVAL for a name that is no token (RFC 9110 5.6.2)
 * or a value with CR, LF or NUL in it.
 */
int http_add_header(struct http *h, const char *name, const char *value, struct err *e);

/* http_public_only - from now on no address of this machine, of a private network or of the link is connected to */
void http_public_only(struct http *h);

/*
 * http_set_basic - user and password (RFC 7617) for every request. 0, or -EINVAL for a ':' or control
 * character in @user.
 */
int http_set_basic(struct http *h, const char *user, const char *password, struct err *e);

/* http_set_aws - every request is signed for S3 (SigV4) with this key; its query has to be sorted by name. 0 or -EINVAL. */
int http_set_aws(struct http *h, const char *region, const char *id, const char *secret, struct err *e);

/**
 * http_send - sends one request and waits for the answer
 * @ret: filled on success only; zero it before
 *
 * Returns 0 for every answer whatever its status; ask http_refused() about it. Otherwise -errno with scope
 * ERR_TOOL and retry ERR_LATER: -EAGAIN (the limit of calls is used up; nothing was sent), -ECANCELED (stop
 * flag), -E2BIG (answer too large), -EIO (no connection, broken off, timeout, certificate). err.sent tells
 * whether a byte may have reached the tool.
 */
int http_send(struct http *h, const struct http_request *request, struct http_answer *ret, struct err *e);

/**
 * http_refused - what an answer's status means
 *
 * Returns 0 for 2xx, else -errno with scope, retry class, http_status and sent filled: 401 403 -EACCES after
 * the user acts; 402 -EDQUOT; 404 410 -ENOENT; 408 425 5xx -EIO later; 429 -EAGAIN later; 409 412 -ESTALE
 * now; other 4xx -EINVAL.
 */
int http_refused(const struct http *h, const struct http_answer *a, struct err *e);

/* http_header - a header of the last answer, NULL without it; valid until the next http_send(); the @index-th of that name */
const char *http_header(struct http *h, const char *name);
const char *http_header_at(struct http *h, const char *name, unsigned index);

/* http_date - a date as HTTP writes it (RFC 9110 5.6.7), in ms of UTC; 0 when it is none */
int64_t http_date(const char *text);

/* http_check_url - 0 when our policy lets us talk to @url (https, or http to this machine, no user in it), else -EINVAL */
int http_check_url(const char *url, struct err *e);

/* http_same_origin - same scheme, host and port (RFC 6454) */
_Bool http_same_origin(const char *a, const char *b);

/* http_resolve - @reference (absolute or relative) seen from @base (RFC 3986 5); given; NULL: no URL */
char *http_resolve(const char *base, const char *reference);

/* http_encode - appends @text percent-encoded: all but the unreserved characters of RFC 3986 2.3 */
int http_encode(struct buf *b, const char *text);

/* http_add_query - appends "?name=value" or "&name=value" to the URL in @b, both encoded */
int http_add_query(struct buf *b, const char *name, const char *value);
