/* SPDX-License-Identifier: Apache-2.0 */
/* range - a part of a file by GET, from servers that know ranges (RFC 9110 14) and from those that don't.        Threads: as http.h. */
#pragma once

#include "seamfs/connect/files.h"
#include "seamfs/net/http.h"

/* What the answer turned out to be. */
enum range_outcome { RANGE_GOING_ON, RANGE_OTHER_VERSION, RANGE_ENOUGH, RANGE_UNUSABLE };

struct range {
	struct http *http;
	int64_t offset, length; /* what is wanted; .length: what is still missing of it */
	/* same - whether the answer, whose headers are there, is of the wanted version; @total: size of the file, -1 unknown */
	_Bool (*same)(void *context, int64_t total);
	void *same_context;
	byte_sink sink;
	void *context;

	int64_t skip;	  /* bytes in front of it that the server sends nevertheless */
	int64_t expected; /* bytes that a 206 says it has and that have not come; set it to -1 */
	enum range_outcome outcome;
	char header[64]; /* of the request: "bytes=…" */
};

/* range_start - the download for a GET with the header "Range: @header"; it borrows @r */
struct http_download range_start(struct range *r);

/**
 * range_end - what became of it
 * @result: what http_send() returned, with its answer @a
 *
 * Returns 0: all is given (also when nothing is there: status 416); 1: ask about the status; -ESTALE: another version, -EIO: an answer
 * that makes no sense, both without a sentence; or @result.
 */
int range_end(const struct range *r, int result, const struct http_answer *a);
