/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a file on a WebDAV server, and how many more it has room for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/webdav.h"
#include "seamfs/base/mem.h"

enum { PATIENCE_S = 60 };

/* What an answer with bytes turned out to be. */
enum outcome { GOING_ON, OTHER_VERSION, ENOUGH, UNUSABLE };

struct reading {
	struct webdav_link *link;
	const char *etag;
	int64_t offset, length; /* still to be given, and where that begins */
	int64_t skip;		/* bytes in front of it that the server sends nevertheless */
	int64_t expected;	/* bytes that a 206 says it has; -1: unknown */
	byte_sink sink;
	void *context;
	enum outcome outcome;
};

static const char *header(const struct reading *rd, const char *name)
{
	return http_header(rd->link->dav.http, name);
}

/* Whether the bytes to come are of the version that was asked for, as far as the answer tells. */
static _Bool same_version(const struct reading *rd, int64_t total)
{
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

static int begin(void *context, const struct http_answer *a)
{
	struct reading *rd = context;
	const char *range = header(rd, "Content-Range"), *length = header(rd, "Content-Length");
	long long from = 0, to = 0, total = -1;

	if (a->status == 206 && range && sscanf(range, "bytes %lld-%lld/%lld", &from, &to, &total) >= 2 &&
		from == rd->offset && to >= from) {
		rd->expected = to - from + 1;
	} else if (a->status == 200) {
		/* It knows no ranges: this is all of the file. */
		total = length ? strtoll(length, NULL, 10) : -1;
		rd->skip = rd->offset;
	} else {
		rd->outcome = UNUSABLE;
		return -EIO;
	}
	if (!same_version(rd, total)) {
		rd->outcome = OTHER_VERSION;
		return -ESTALE;
	}
	return 0;
}

static int bytes(void *context, const void *data, size_t len)
{
	struct reading *rd = context;
	int64_t skip = rd->skip < (int64_t)len ? rd->skip : (int64_t)len;
	int64_t n = (int64_t)len - skip;
	int r = 0;

	rd->skip -= skip;
	if (n > rd->length)
		n = rd->length;
	if (n)
		r = rd->sink(rd->context, (const char *)data + skip, (size_t)n);
	rd->length -= n;
	if (rd->expected >= 0)
		rd->expected -= n;
	if (r == 0 && rd->length == 0 && n < (int64_t)len - skip) {
		rd->outcome = ENOUGH;
		return -ECANCELED;
	}
	return r;
}

/* One GET. 0, -ESTALE when it is another version (rd->outcome tells who says so), or another -errno. */
static int get(struct reading *rd, const char *path, struct err *e)
{
	struct webdav_link *l = rd->link;
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct http_download into = {.begin = begin, .bytes = bytes, .context = rd, .verbatim = 1};
	char range[64];
	struct dav_call c = {.method = "GET",
		.url = url,
		.into = &into,
		.patience_s = PATIENCE_S,
		.headers = {{"Range", range}}};
	struct err reason = {0};
	int r;

	snprintf(range, sizeof(range), "bytes=%lld-%lld", (long long)rd->offset,
		(long long)(rd->offset + rd->length - 1));
	r = dav_send(&l->dav, &c, &a, &reason);
	if (rd->outcome == ENOUGH)
		return 0;
	if (rd->outcome == UNUSABLE)
		return webdav_odd(l, &(struct http_answer){.status = 206}, path, e);
	if (r < 0 && !*reason.text)
		return err_set(e, -r, "%s: \"%.200s\" was not read to its end: %s", l->base.name, path,
			strerror(-r));
	if (r == 0 && a.status != 416)
		r = dav_refused(&l->dav, &a, &reason);
	if (r == 0 && rd->expected > 0)
		return webdav_odd(l, &a, path, e);
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
	struct reading rd = {.link = l,
		.etag = etag,
		.offset = offset,
		.length = length,
		.expected = -1,
		.sink = sink,
		.context = context};
	int r = webdav_check_path(l, path, e);

	if (r < 0 || length <= 0)
		return r;
	if (l->odd_etags)
		r = look(l, path, etag, e);
	if (r == 0)
		r = get(&rd, path, e);
	if (rd.outcome != OTHER_VERSION)
		return r;
	/* Some servers say one ETag in a listing and another with the bytes: then only a look tells. */
	r = look(l, path, etag, e);
	if (r < 0 || *etag == '~')
		return r < 0 ? r : changed(l, path, e);
	l->odd_etags = 1;
	rd.outcome = GOING_ON;
	rd.skip = 0;
	rd.expected = -1;
	return get(&rd, path, e);
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
