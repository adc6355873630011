/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen - one HTTP listener for what others tell us (libmicrohttpd), on this machine only: loopback, or a unix socket, with a
 * proxy in front of it that speaks TLS.
 *
 * Everything about a peer has a limit: LISTEN_CONNECTIONS at a time, LISTEN_SECONDS for a whole request however slowly it
 * comes, headers of 32 KiB, bodies of LISTEN_BODY. What goes beyond is cut off.
 *
 * Threads: the handler is called on the listener's own, several at a time; the rest belongs to one.
 */
#pragma once

#include <stddef.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

#define LISTEN_BODY ((size_t)1 << 20)
enum { LISTEN_CONNECTIONS = 32, LISTEN_SECONDS = 10 };

struct listen;
struct listen_exchange;

struct listen_request {
	const char *method; /* "GET", "HEAD" or "POST" */
	const char *target; /* path and query as they came */
	const char *body;   /* never NULL */
	size_t len;
	struct listen_exchange *exchange;
};

struct listen_answer {
	int status;	  /* 200 … */
	struct buf body;  /* finished by the listener */
	const char *type; /* of the body, borrowed; NULL: plain text */
	char *header;	  /* one header more, with its value; freed by the listener */
	char *value;
};

typedef void (*listen_handler)(
	void *context, const struct listen_request *request, struct listen_answer *answer);

/* listen_header - a header of the request, NULL without it; valid during the call of the handler */
const char *listen_header(const struct listen_request *request, const char *name);

/* listen_check - whether @address is one to listen on: "127.0.0.1:8080", "[::1]:8080", "unix:/run/…". 0 or -EINVAL. */
int listen_check(const char *address, struct err *e);

/**
 * listen_start - from now on requests are answered
 * @seconds: how long a request may take to come, LISTEN_SECONDS but in tests
 *
 * Returns 0 or -errno with a sentence.
 */
int listen_start(const char *address, int seconds, listen_handler handler, void *context, struct listen **ret,
	struct err *e);

/* listen_stop - waits for what is under way; NULL is fine */
void listen_stop(struct listen *l);
