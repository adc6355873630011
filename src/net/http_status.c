/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_status.h"

#include <curl/curl.h>
#include <errno.h>

#include "seamfs/base/mem.h"

/* The statuses with a meaning of their own; the rest is judged by its first digit. */
static const struct meaning {
	int status, code;
	enum err_scope scope;
	enum err_retry retry;
	_Bool unknown; /* the request may have had its effect */
	const char *text;
} meanings[] = {
	{401, EACCES, ERR_TOOL, ERR_AFTER_USER, 0, "does not let us in: the key or password is not accepted"},
	{402, EDQUOT, ERR_RECORD, ERR_AFTER_USER, 0, "says that its plan does not include this"},
	{403, EACCES, ERR_TOOL, ERR_AFTER_USER, 0, "does not allow this"},
	{404, ENOENT, ERR_RECORD, ERR_NEVER, 0, "does not have this"},
	{408, EIO, ERR_TOOL, ERR_LATER, 1, "gave up waiting for our request"},
	{409, ESTALE, ERR_RECORD, ERR_NOW, 0, "has a newer version of this"},
	{410, ENOENT, ERR_RECORD, ERR_NEVER, 0, "does not have this any more"},
	{412, ESTALE, ERR_RECORD, ERR_NOW, 0, "has a newer version of this"},
	{413, EFBIG, ERR_RECORD, ERR_NEVER, 0, "says that this is too large"},
	{425, EIO, ERR_TOOL, ERR_LATER, 0, "is not ready yet"},
	{429, EAGAIN, ERR_TOOL, ERR_LATER, 0, "asks us to slow down"},
	{400, EINVAL, ERR_RECORD, ERR_NEVER, 0, "refused this"},
	{500, EIO, ERR_TOOL, ERR_LATER, 1, "has a problem of its own"},
	{507, EDQUOT, ERR_RECORD, ERR_AFTER_USER, 0, "has no room left for this"},
	{0, EIO, ERR_TOOL, ERR_LATER, 1, "gave an answer that we do not understand"},
};

static const struct meaning *meaning_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (meanings[i].status == status)
			return &meanings[i];
	}
	if (status >= 400 && status < 600)
		return meaning_of(status < 500 ? 400 : 500);
	return &meanings[ARRAY_LEN(meanings) - 1];
}

int http_status_refused(const char *tool, const struct http_answer *a, struct err *e)
{
	const struct meaning *m = meaning_of(a->status);

	if (a->status >= 200 && a->status < 300)
		return 0;
	err_set(e, m->code, "%s %s (HTTP %d)", tool, m->text, a->status);
	if (e) {
		e->scope = m->scope;
		e->retry = m->retry;
		e->http_status = a->status;
		e->retry_at_ms = m->retry == ERR_LATER ? a->retry_at_ms : 0;
		e->sent = m->unknown;
	}
	return -m->code;
}

int64_t http_date(const char *text)
{
	time_t seconds = text ? curl_getdate(text, NULL) : -1;

	return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}
