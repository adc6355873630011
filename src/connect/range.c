/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/range.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int begin(void *context, const struct http_answer *a)
{
	struct range *r = context;
	const char *range = http_header(r->http, "Content-Range");
	const char *length = http_header(r->http, "Content-Length");
	long long from = 0, to = 0, total = -1;

	if (a->status == 206 && range && sscanf(range, "bytes %lld-%lld/%lld", &from, &to, &total) >= 2 &&
		from == r->offset && to >= from) {
		r->expected = to - from + 1;
	} else if (a->status == 200) {
		/* It knows no ranges: this is all of the file. */
		total = length ? strtoll(length, NULL, 10) : -1;
		r->skip = r->offset;
	} else {
		r->outcome = RANGE_UNUSABLE;
		return -EIO;
	}
	if (!r->same(r->same_context, total)) {
		r->outcome = RANGE_OTHER_VERSION;
		return -ESTALE;
	}
	return 0;
}

static int bytes(void *context, const void *data, size_t len)
{
	struct range *r = context;
	int64_t skip = r->skip < (int64_t)len ? r->skip : (int64_t)len;
	int64_t n = (int64_t)len - skip;
	int result = 0;

	r->skip -= skip;
	if (n > r->length)
		n = r->length;
	if (n)
		result = r->sink(r->context, (const char *)data + skip, (size_t)n);
	r->length -= n;
	if (r->expected >= 0)
		r->expected -= n;
	if (result == 0 && r->length == 0 && n < (int64_t)len - skip) {
		r->outcome = RANGE_ENOUGH;
		return -ECANCELED;
	}
	return result;
}

struct http_download range_start(struct range *r)
{
	snprintf(r->header, sizeof(r->header), "bytes=%lld-%lld", (long long)r->offset,
		(long long)(r->offset + r->length - 1));
	return (struct http_download){.begin = begin, .bytes = bytes, .context = r, .verbatim = 1};
}

int range_end(const struct range *r, int result, const struct http_answer *a)
{
	if (r->outcome == RANGE_ENOUGH)
		return 0;
	if (r->outcome == RANGE_OTHER_VERSION)
		return -ESTALE;
	if (r->outcome == RANGE_UNUSABLE)
		return -EIO;
	if (result < 0)
		return result;
	if (a->status == 416)
		return 0;
	if (a->status / 100 != 2)
		return 1;
	return r->expected > 0 ? -EIO : 0;
}
