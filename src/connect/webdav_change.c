/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes on a WebDAV server, made only to what they are meant for.
 *
 * Where the server looks at If-Match before it does anything, that is all; should its ETags be weak ones, which no If-Match ever
 * fits, the older If header (RFC 4918 10.4) may do. Apache looks when a request begins, and does it when all bytes are there, so that
 * of two clients with the same version both may succeed; there, and where conditions are ignored, the file is locked meanwhile. Where
 * there are no locks either, it is looked at and changed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/webdav.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"

enum { PATIENCE_S = 300, LOCK_S = 60, OK_MAX = 299 };

/* ---- what the server can do ---- */

static void learn_uploads(struct webdav_link *l)
{
	static const char files[] = "/remote.php/dav/files/";
	const char *p = strstr(l->dav.root, files), *user = p ? p + strlen(files) : NULL;

	if (l->nextcloud && user && strcspn(user, "/"))
		l->uploads = str_format("%.*s/remote.php/dav/uploads/%.*s/", (int)(p - l->dav.root),
			l->dav.root, (int)strcspn(user, "/"), user);
}

/*
 * Asks for a file to be replaced in a folder that is not there. A server that looks at conditions first says 412; another one fails
 * in its own way; and where it makes the folder instead, that is removed again.
 */
static int try_condition(struct webdav_link *l, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *dir = strchr(path, '/') ? path_dir(path) : str_dup("");
	_cleanup_(mem_freep) char *nowhere = str_format(
		"%s%sseamfs-%08lx", dir, *dir ? "/" : "", (unsigned long)clock_now_ms() & 0xffffffff);
	_cleanup_(mem_freep) char *inside = path_join(nowhere, "none");
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, inside, 0);
	_cleanup_(mem_freep) char *folder = dav_address(&l->dav, nowhere, 1);
	_cleanup_(http_answer_finish) struct http_answer a = {0}, removed = {0};
	const struct dav_call c = {.method = "PUT", .url = url, .headers = {{"If-Match", "\"none\""}}};
	int r = dav_send(&l->dav, &c, &a, e);

	if (r < 0)
		return r;
	if (a.status <= OK_MAX)
		return dav_send(&l->dav, &(struct dav_call){.method = "DELETE", .url = folder}, &removed, e);
	l->conditions = a.status == 412;
	return 0;
}

int webdav_learn(struct webdav_link *l, const char *path, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	struct remote_file root = {0};
	const char *classes;
	int r;

	if (l->known)
		return 0;
	r = webdav_stat(l, "", &root, e);
	remote_file_finish(&root);
	if (r == 0)
		r = dav_send(&l->dav, &(struct dav_call){.method = "OPTIONS", .url = l->dav.root}, &a, e);
	if (r < 0)
		return r;
	for (unsigned i = 0; (classes = http_header_at(l->dav.http, "DAV", i)); i++) {
		l->null_locks |= strstr(classes, "<http://apache.org/dav/propset/fs/") != NULL;
		for (const char *p = classes; *p; p += strcspn(p, ",")) {
			p += strspn(p, ", \t");
			l->locks |= *p == '2' && strcspn(p, ", \t") == 1;
		}
	}
	learn_uploads(l);
	l->conditions = l->nextcloud;
	if (!l->conditions)
		r = try_condition(l, path, e);
	l->known = r == 0;
	return r;
}

/* ---- one file in a certain version ---- */

/* Sends it with one condition. 0 for every answer. */
static int send_change(struct webdav_link *l, const struct webdav_change *c, const char *condition,
	const char *value, struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, c->path, 0);
	struct dav_call call = {.method = c->method,
		.url = url,
		.from = c->from,
		.content_type = "application/octet-stream",
		.patience_s = PATIENCE_S};
	size_t n = 0;

	http_answer_finish(a);
	*a = (struct http_answer){0};
	for (; n < ARRAY_LEN(c->headers) && c->headers[n].name; n++)
		call.headers[n] = c->headers[n];
	if (condition)
		call.headers[n] = (struct http_field){condition, value};
	return dav_send(&l->dav, &call, a, e);
}

/* Whether it is as it has to be, by a look. 0, -EEXIST, -ESTALE, -ENOENT (to be removed, and gone) or another -errno. */
static int look_first(struct webdav_link *l, const struct webdav_change *c, struct err *e)
{
	struct remote_file now = {0};
	struct err reason = {0};
	int r = webdav_stat(l, c->path, &now, &reason);

	if (r == 0 && (!c->etag || now.folder))
		r = webdav_exists(l, c->path, now.folder, &reason);
	else if (r == 0 && !str_equal(now.etag, c->etag))
		r = webdav_stale(l, c->path, &reason);
	else if (r == -ENOENT && !c->etag)
		r = 0;
	else if (r == -ENOENT && c->from)
		r = webdav_stale(l, c->path, &reason);
	remote_file_finish(&now);
	if (r < 0 && e)
		*e = reason;
	return r;
}

static int change_if(
	struct webdav_link *l, const struct webdav_change *c, struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, c->path, 0);
	/* Without the address Apache would hold it against the folder, too, when something is removed. */
	_cleanup_(mem_freep) char *list = c->etag ? str_format("<%s> ([%s])", url, c->etag) : NULL;
	int r = c->etag ? send_change(l, c, "If-Match", c->etag, a, e)
			: send_change(l, c, "If-None-Match", "*", a, e);

	if (r < 0 || a->status != 412)
		return r;
	r = look_first(l, c, e);
	if (r < 0)
		return r;
	/* It is as it should be, and yet refused: its ETag is a weak one. */
	return c->etag ? send_change(l, c, "If", list, a, e) : r;
}

void webdav_unlock(struct webdav_link *l, const char *path, const char *token)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct dav_call c = {.method = "UNLOCK", .url = url, .headers = {{"Lock-Token", token}}};

	dav_send(&l->dav, &c, &a, NULL);
}

/* A lock on what is not there any more has made an empty file of that name (RFC 4918 7.3). */
static int undo_lock(struct webdav_link *l, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	_cleanup_(mem_freep) char *list = str_format("(%s)", l->held);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct dav_call c = {.method = "DELETE", .url = url, .headers = {{"If", list}}};

	dav_send(&l->dav, &c, &a, NULL);
	return webdav_stale(l, path, e);
}

/* Fills l->held, unless it cannot be locked. 0; -EACCES: somebody else has locked it; -ESTALE: it is gone. */
static int lock(struct webdav_link *l, const struct webdav_change *c, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, c->path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	char timeout[40];
	_cleanup_(mem_freep) char *body =
		str_format("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			   "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>"
			   "<D:locktype><D:write/></D:locktype><D:owner>%s</D:owner></D:lockinfo>",
			webdav_owner());
	const struct dav_call call = {
		.method = "LOCK", .url = url, .depth = "0", .headers = {{"Timeout", timeout}}, .body = body};
	int r;

	/* Time for the bytes, too, at 128 KiB/s. When we die meanwhile, it ends by itself, or by webdav_unlock(). */
	snprintf(timeout, sizeof(timeout), "Second-%lld",
		(long long)(LOCK_S + (c->from ? c->from->length >> 17 : 0)));
	r = dav_send(&l->dav, &call, &a, e);
	/* An answer that was lost has left a lock of our own, of which nobody knows the token: one file is one link's at a time. */
	if (r == 0 && a.status == 423 && webdav_free_own(l, c->path)) {
		http_answer_finish(&a);
		a = (struct http_answer){0};
		r = dav_send(&l->dav, &call, &a, e);
	}
	if (r < 0)
		return r;
	if (a.status == 423)
		return webdav_locked(l, c->path, e);
	if (a.status <= OK_MAX)
		str_set(&l->held, http_header(l->dav.http, "Lock-Token"));
	return l->held && a.status == 201 ? undo_lock(l, c->path, e) : 0;
}

/* What has to be true of a file that we hold a lock on, for a server that looks at conditions. */
static char *held_list(const struct webdav_link *l, const struct webdav_change *c)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, c->path, 0);

	/* Without the address Apache would hold it against the folder, too, when something is removed. */
	return c->etag ? str_format("<%s> (%s [%s])", url, l->held, c->etag)
		       : str_format("<%s> (%s)", url, l->held);
}

/* Its version is one that no server knows of. */
static _Bool made_up(const struct webdav_change *c)
{
	return c->etag && *c->etag == '~';
}

static int change_held(
	struct webdav_link *l, const struct webdav_change *c, struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *list = held_list(l, c);
	_cleanup_(mem_freep) char *token = str_format("(%s)", l->held);
	struct webdav_change also = *c;
	int r;

	if (!l->null_locks || made_up(c)) {
		/* What it was before the lock it need not be any more. */
		r = look_first(l, c, e);
		return r < 0 ? r : send_change(l, c, "If", token, a, e);
	}
	if (!c->etag)
		also.headers[1] = (struct http_field){"If-None-Match", "*"};
	r = send_change(l, &also, "If", list, a, e);
	return r == 0 && a->status == 412 ? look_first(l, c, e) : r;
}

/*
 * Under a lock where there are locks. Where a lock on a file that is not there yet would make one, empty, for all to see, there is
 * none for that.
 */
static int change_locked(
	struct webdav_link *l, const struct webdav_change *c, struct http_answer *a, struct err *e)
{
	int r = l->null_locks && !made_up(c) ? 0 : look_first(l, c, e);

	if (r == 0 && l->locks && (c->etag || l->null_locks))
		r = lock(l, c, e);
	if (r == 0 && l->held)
		r = change_held(l, c, a, e);
	else if (r == 0)
		r = l->null_locks && !made_up(c) ? change_if(l, c, a, e)
						 : send_change(l, c, NULL, NULL, a, e);
	if (r == 0 && c->ret && a->status <= OK_MAX)
		r = webdav_look_back(l, c->path, c->from->length, c->ret, e);
	/* A file that was removed has no lock any more. */
	if (l->held && (c->from || r < 0 || a->status > OK_MAX))
		webdav_unlock(l, c->path, l->held);
	str_set(&l->held, NULL);
	return r;
}

static int change(struct webdav_link *l, const struct webdav_change *c, struct http_answer *a, struct err *e)
{
	int r = 0;

	if (!l->conditions || l->null_locks || made_up(c))
		return change_locked(l, c, a, e);
	r = change_if(l, c, a, e);
	/* Its ETags fit no condition at all. */
	if (r == 0 && a->status == 412)
		return change_locked(l, c, a, e);
	if (r == 0 && c->ret && a->status <= OK_MAX)
		r = webdav_look_back(l, c->path, c->from->length, c->ret, e);
	return r;
}

int webdav_change(struct webdav_link *l, const struct webdav_change *c, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int r = webdav_learn(l, c->path, e);

	if (r == 0)
		r = change(l, c, &a, e);
	if (r < 0 || (a.status <= OK_MAX && a.status != 207))
		return r;
	if (a.status == 207)
		return webdav_odd(l, &a, c->path, e);
	if (a.status == 412)
		return webdav_stale(l, c->path, e);
	/* Nothing can be replaced by a file where a folder is. */
	if (c->from && webdav_ambiguous(a.status) && webdav_look_for(l, c->path, NULL) == 1)
		return webdav_exists(l, c->path, 1, e);
	return webdav_explain(l, c->path, &a, e);
}
