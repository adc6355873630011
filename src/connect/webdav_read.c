/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a file on a WebDAV server, and how many more it has room for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/range.h"
#include "connect/webdav.h"
#include "seamfs/base/mem.h"

enum { PATIENCE_S = 60 };

struct reading {
	struct webdav_link *link;
	const char *etag;
};

static const char *header(const struct reading *rd, const char *name)
{
	return http_header(rd->link->dav.http, name);
}

/* Whether the bytes to come are of the version that was asked for, as far as the answer tells. */
static _Bool same_version(void *context, int64_t total)
{
	const struct reading *rd = context;
	/* A web server in front of ownCloud may spoil "ETag" by its compression. */
	const char *etag = header(rd, "OC-ETag") ? header(rd, "OC-ETag") : header(rd, "ETag");
	int64_t mtime_ms = http_date(header(rd, "Last-Modified"));
	_Bool made = *rd->etag == '~';
	_cleanup_(mem_freep) char *version = NULL;

	if (made ? total < 0 || !mtime_ms : !etag || rd->link->odd_etags)
		return 1;
	version = webdav_version(made ? NULL : etag, total, mtime_ms);
	return strcmp(version, rd->etag) == 0;
}

/* One GET. 0, -ESTALE when the answer is of another version, or another -errno. */
static int get(struct webdav_link *l, const char *path, struct range *range, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct http_download into = range_start(range);
	const struct dav_call c = {.method = "GET",
		.url = url,
		.into = &into,
		.patience_s = PATIENCE_S,
		.headers = {{"Range", range->header}}};
	struct err reason = {0};
	int r = range_end(range, dav_send(&l->dav, &c, &a, &reason), &a);

	if (r == 1)
		r = dav_refused(&l->dav, &a, &reason);
	else if (r == -EIO && !reason.code)
		return webdav_odd(l, &a, path, e);
	else if (r < 0 && !*reason.text)
		return err_set(e, -r, "%s: \"%.200s\" was not read to its end: %s", l->base.name, path,
			strerror(-r));
	if (r < 0 && e)
		*e = reason;
	return r;
}

static int changed(const struct webdav_link *l, const char *path, struct err *e)
{
	err_set(e, ESTALE, "%s has another version of \"%.200s\" by now", l->base.name, path);
	if (e)
		e->retry = ERR_NOW;
	return -ESTALE;
}

/* Whether a look says that the file is in that version. 0, -ESTALE, or the -errno of looking. */
static int look(struct webdav_link *l, const char *path, const char *etag, struct err *e)
{
	struct remote_file now = {0};
	int r = webdav_stat(l, path, &now, e);

	if (r == 0 && !str_equal(now.etag, etag))
		r = changed(l, path, e);
	remote_file_finish(&now);
	return r;
}

int webdav_read(struct tool_link *link, const char *path, const char *etag, int64_t offset, int64_t length,
	byte_sink sink, void *context, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	struct reading rd = {.link = l, .etag = etag};
	const struct range whole = {.http = l->dav.http,
		.offset = offset,
		.length = length,
		.same = same_version,
		.same_context = &rd,
		.sink = sink,
		.context = context,
		.expected = -1};
	struct range range = whole;
	int r = webdav_check_path(l, path, e);

	if (r < 0 || length <= 0)
		return r;
	if (l->odd_etags)
		r = look(l, path, etag, e);
	if (r == 0)
		r = get(l, path, &range, e);
	if (range.outcome != RANGE_OTHER_VERSION)
		return r;
	/* Some servers say one ETag in a listing and another with the bytes: then only a look tells. */
	r = look(l, path, etag, e);
	if (r < 0 || *etag == '~')
		return r < 0 ? r : changed(l, path, e);
	l->odd_etags = 1;
	range = whole;
	return get(l, path, &range, e);
}

/* ---- room ---- */

struct quota {
	int64_t used, left;
};

static int64_t bytes_of(const struct dav_response *r, const char *name)
{
	const char *text = dav_text(r, DAV_SPACE, name);

	return text && *text ? strtoll(text, NULL, 10) : -1;
}

static int on_quota(void *context, const struct dav_response *r, struct err *e)
{
	struct quota *q = context;

	q->used = bytes_of(r, "quota-used-bytes");
	q->left = bytes_of(r, "quota-available-bytes");
	return 0;
}

int webdav_room(struct tool_link *link, int64_t *ret_total, int64_t *ret_free, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	struct quota q = {-1, -1};
	const struct dav_call c = {.method = "PROPFIND",
		.url = l->dav.root,
		.depth = "0",
		.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:quota-used-bytes/><D:quota-available-bytes/>"
			"</D:prop></D:propfind>"};
	int r = dav_multi(&l->dav, &c, on_quota, &q, NULL, NULL, e);

	if (r < 0)
		return r;
	/* Nextcloud has numbers below 0 for "unlimited" and "unknown". */
	if (q.left < 0 || q.used < 0)
		return err_set(e, EOPNOTSUPP, "%s does not say how much room it has", l->base.name);
	*ret_total = q.used + q.left;
	*ret_free = q.left;
	return 0;
}
