/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes on a WebDAV server, made only to what they are meant for.
 *
 * Where the server looks at If-Match before it does anything, that is all. Apache takes no If-Match while a file is younger than a
 * second, and some servers never do, for their ETags are weak ones; then the older If header (RFC 4918 10.4) may do. Else the file is
 * locked where the server can do that, looked at, changed and unlocked; where it can't, it is looked at and changed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/webdav.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

enum { PATIENCE_S = 300, LOCK_S = 120, OK_MAX = 299 };

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

/* ---- refusals ---- */

struct owner {
	char text[120];
};

static int on_lock(void *context, const struct dav_response *r, struct err *e)
{
	struct owner *o = context;
	const struct xml_node *lock =
		xml_child(dav_property(r, DAV_SPACE, "lockdiscovery"), DAV_SPACE, "activelock");
	const struct xml_node *owner = xml_child(lock, DAV_SPACE, "owner");
	const char *href = xml_text(owner, DAV_SPACE, "href");

	if (owner)
		snprintf(o->text, sizeof(o->text), "%s", href ? href : owner->text);
	return 0;
}

/* Who has locked it, if the server says so. */
static void find_owner(struct webdav_link *l, const char *path, struct owner *o)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	const struct dav_call c = {.method = "PROPFIND",
		.url = url,
		.depth = "0",
		.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:lockdiscovery/></D:prop></D:propfind>"};

	*o = (struct owner){0};
	dav_multi(&l->dav, &c, on_lock, o, NULL, NULL, NULL);
	utf8_disarm(o->text);
	o->text[strcspn(o->text, "\n")] = '\0';
}

static int locked(struct webdav_link *l, const char *path, struct err *e)
{
	struct owner o;

	find_owner(l, path, &o);
	err_set(e, EACCES, "%s: \"%.200s\" is locked%s%s: it is sent again when that is over", l->base.name,
		path, *o.text ? " by " : ", somebody else works on it", o.text);
	if (e) {
		e->retry = ERR_LATER;
		e->http_status = 423;
	}
	return -EACCES;
}

/* Whether something is there: 1 a folder, 2 a file, 0 nothing, or -errno. */
static int look_for(struct webdav_link *l, const char *path, struct err *e)
{
	struct remote_file f = {0};
	int r = webdav_stat(l, path, &f, e);

	r = r == 0 ? (f.folder ? 1 : 2) : r == -ENOENT ? 0 : r;
	remote_file_finish(&f);
	return r;
}

/* Statuses that servers use for many things, "its folder is not there" among them. */
static _Bool ambiguous(int status)
{
	return status == 400 || status == 403 || status == 404 || status == 405 || status == 409 ||
	       status == 500;
}

int webdav_explain(struct webdav_link *l, const char *path, const struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *dir = strchr(path, '/') ? path_dir(path) : NULL;
	struct err reason = {0};
	int r = dav_refused(&l->dav, a, &reason);

	if (a->status == 423)
		return locked(l, path, e);
	if (ambiguous(a->status) && dir && look_for(l, dir, NULL) == 0)
		return err_set(e, ENOENT, "%s has no folder \"%.200s\"", l->base.name, dir);
	/* This is about what is where, not about versions (RFC 4918 9.7.1). */
	if (a->status == 409) {
		reason.code = EIO;
		r = -EIO;
		snprintf(reason.text, sizeof(reason.text), "%s refused \"%.200s\" (HTTP 409)", l->base.name,
			path);
	}
	if (e)
		*e = reason;
	return r;
}

static int exists(const struct webdav_link *l, const char *path, _Bool folder, struct err *e)
{
	return err_set(
		e, EEXIST, "%s has a %s \"%.200s\" already", l->base.name, folder ? "folder" : "file", path);
}

static int stale(const struct webdav_link *l, const char *path, struct err *e)
{
	err_set(e, ESTALE, "%s has another version of \"%.200s\" by now", l->base.name, path);
	if (e)
		e->retry = ERR_NOW;
	return -ESTALE;
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
		r = exists(l, c->path, now.folder, &reason);
	else if (r == 0 && !str_equal(now.etag, c->etag))
		r = stale(l, c->path, &reason);
	else if (r == -ENOENT && !c->etag)
		r = 0;
	else if (r == -ENOENT && c->from)
		r = stale(l, c->path, &reason);
	remote_file_finish(&now);
	if (r < 0 && e)
		*e = reason;
	return r;
}

static void unlock(struct webdav_link *l, const char *path, const char *token)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct dav_call c = {.method = "UNLOCK", .url = url, .headers = {{"Lock-Token", token}}};

	dav_send(&l->dav, &c, &a, NULL);
}

/* A lock on what is not there any more has made an empty file of that name (RFC 4918 7.3). */
static int undo_lock(struct webdav_link *l, const char *path, const char *token, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	_cleanup_(mem_freep) char *held = str_format("(%s)", token);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct dav_call c = {.method = "DELETE", .url = url, .headers = {{"If", held}}};

	dav_send(&l->dav, &c, &a, NULL);
	return stale(l, path, e);
}

/* The token of a lock, given, NULL: it cannot be locked. 0; -EACCES: somebody else has; -ESTALE: it is gone. */
static int lock(struct webdav_link *l, const struct webdav_change *c, char **ret, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, c->path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	char timeout[40];
	const struct dav_call call = {.method = "LOCK",
		.url = url,
		.depth = "0",
		.headers = {{"Timeout", timeout}},
		.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>"
			"<D:locktype><D:write/></D:locktype><D:owner>seamfs</D:owner></D:lockinfo>"};
	const char *token;
	int r;

	/* Time for the bytes, too, at 1 MB/s. When we die meanwhile, it ends by itself. */
	snprintf(timeout, sizeof(timeout), "Second-%lld",
		(long long)(LOCK_S + (c->from ? c->from->length >> 20 : 0)));
	r = dav_send(&l->dav, &call, &a, e);
	if (r < 0)
		return r;
	if (a.status == 423)
		return locked(l, c->path, e);
	token = a.status <= OK_MAX ? http_header(l->dav.http, "Lock-Token") : NULL;
	if (token && a.status == 201) {
		_cleanup_(mem_freep) char *copy = str_dup(token);

		return undo_lock(l, c->path, copy, e);
	}
	*ret = str_dup(token);
	return 0;
}

/* Under a lock where there are locks; a file that is not there yet would be made by one, empty, for all to see. */
static int change_after_look(
	struct webdav_link *l, const struct webdav_change *c, struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *token = NULL;
	_cleanup_(mem_freep) char *held = NULL;
	int r = look_first(l, c, e);

	if (r == 0 && l->locks && c->etag)
		r = lock(l, c, &token, e);
	/* What it was before the lock it need not be any more. */
	if (r == 0 && token)
		r = look_first(l, c, e);
	held = token ? str_format("(%s)", token) : NULL;
	if (r == 0)
		r = send_change(l, c, held ? "If" : NULL, held, a, e);
	/* A file that was removed has no lock any more. */
	if (token && !(r == 0 && !c->from && a->status <= OK_MAX))
		unlock(l, c->path, token);
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
	if (c->etag)
		r = send_change(l, c, "If", list, a, e);
	if (r == 0 && a->status == 412)
		r = change_after_look(l, c, a, e);
	return r;
}

int webdav_change(struct webdav_link *l, const struct webdav_change *c, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int r = webdav_learn(l, c->path, e);

	if (r < 0)
		return r;
	r = l->conditions && !(c->etag && *c->etag == '~') ? change_if(l, c, &a, e)
							   : change_after_look(l, c, &a, e);
	if (r < 0 || (a.status <= OK_MAX && a.status != 207))
		return r;
	if (a.status == 207)
		return webdav_odd(l, &a, c->path, e);
	if (a.status == 412)
		return stale(l, c->path, e);
	/* Nothing can be replaced by a file where a folder is. */
	if (c->from && ambiguous(a.status) && look_for(l, c->path, NULL) == 1)
		return exists(l, c->path, 1, e);
	return webdav_explain(l, c->path, &a, e);
}

/* ---- folders and names ---- */

static int made_folder(
	struct webdav_link *l, const char *path, const char *url, struct remote_file *ret, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int r = webdav_hides(l, path, e);

	if (r == 0)
		return webdav_stat(l, path, ret, e);
	if (r > 0)
		dav_send(&l->dav, &(struct dav_call){.method = "DELETE", .url = url}, &a, NULL);
	return r < 0 ? r : -EINVAL;
}

int webdav_make_folder(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 1);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int r = webdav_check_path(l, path, e), there;

	if (r == 0)
		r = dav_send(&l->dav, &(struct dav_call){.method = "MKCOL", .url = url}, &a, e);
	if (r < 0)
		return r;
	if (a.status <= OK_MAX)
		return made_folder(l, path, url, ret, e);
	there = ambiguous(a.status) ? look_for(l, path, NULL) : 0;
	return there > 0 ? exists(l, path, there == 1, e) : webdav_explain(l, path, &a, e);
}

static int send_move(
	struct webdav_link *l, const char *url, const char *to, struct http_answer *a, struct err *e)
{
	const struct dav_call c = {.method = "MOVE",
		.url = url,
		.patience_s = PATIENCE_S,
		.headers = {{"Destination", to}, {"Overwrite", "F"}}};
	int r = dav_send(&l->dav, &c, a, e);
	const char *path = strstr(to, "://");

	path = path ? strchr(path + 3, '/') : NULL;
	/* Behind a proxy the server may know itself under another name, and take ours for another server (RFC 4918 9.9.4). */
	if (r == 0 && a->status == 502 && path) {
		http_answer_finish(a);
		*a = (struct http_answer){0};
		return send_move(l, url, path, a, e);
	}
	return r;
}

/* Whether there is a folder for what moves. 0, -ENOENT or the -errno of looking. */
static int check_folder(struct webdav_link *l, const char *path, const char *to, struct err *e)
{
	_cleanup_(mem_freep) char *from_dir = path_dir(path);
	_cleanup_(mem_freep) char *to_dir = path_dir(to);
	int there = strchr(to, '/') && strcmp(from_dir, to_dir) != 0 ? look_for(l, to_dir, e) : 1;

	if (there < 0)
		return there;
	return there == 1 ? 0 : err_set(e, ENOENT, "%s has no folder \"%.200s\"", l->base.name, to_dir);
}

static int moved(struct webdav_link *l, const char *from_url, const char *to_url, const char *to,
	struct remote_file *ret, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int r = webdav_hides(l, to, e);

	if (r == 0)
		return webdav_stat(l, to, ret, e);
	if (r > 0)
		send_move(l, to_url, from_url, &a, NULL);
	return r < 0 ? r : -EINVAL;
}

int webdav_move(
	struct tool_link *link, const char *path, const char *to, struct remote_file *ret, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(mem_freep) char *from_url = NULL, *to_url = NULL;
	int r = webdav_check_path(l, path, e), what, there;

	if (r == 0)
		r = webdav_check_path(l, to, e);
	if (r < 0)
		return r;
	what = look_for(l, path, e);
	if (what < 0)
		return what;
	if (what == 0)
		return err_set(e, ENOENT, "%s does not have \"%.200s\"", l->base.name, path);
	/* lighttpd replaces, or moves into a folder, whatever "Overwrite" says. */
	there = look_for(l, to, e);
	if (there)
		return there < 0 ? there : exists(l, to, there == 1, e);
	/* nginx makes the folders that are missing. */
	r = check_folder(l, path, to, e);
	if (r < 0)
		return r;
	from_url = dav_address(&l->dav, path, what == 1);
	to_url = dav_address(&l->dav, to, what == 1);
	r = send_move(l, from_url, to_url, &a, e);
	if (r < 0)
		return r;
	if (a.status == 412)
		return exists(l, to, 0, e);
	if (a.status == 207)
		return webdav_odd(l, &a, path, e);
	return a.status <= OK_MAX ? moved(l, from_url, to_url, to, ret, e) : webdav_explain(l, to, &a, e);
}

static int remove_folder(struct webdav_link *l, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 1);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int what = look_for(l, path, e), r;

	if (what <= 0)
		return what < 0 ? what
				: err_set(e, ENOENT, "%s does not have \"%.200s\"", l->base.name, path);
	if (what == 2)
		return err_set(
			e, ESTALE, "%s has a file where the folder \"%.200s\" was", l->base.name, path);
	r = dav_send(
		&l->dav, &(struct dav_call){.method = "DELETE", .url = url, .patience_s = PATIENCE_S}, &a, e);
	if (r < 0)
		return r;
	if (a.status == 207) {
		/* Some of it was not removed, and so it is all there again at the next look. */
		err_set(e, EACCES, "%s let only a part of the folder \"%.200s\" be removed", l->base.name,
			path);
		return -EACCES;
	}
	return a.status <= OK_MAX ? 0 : webdav_explain(l, path, &a, e);
}

int webdav_remove(struct tool_link *link, const char *path, const char *etag, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	int r = webdav_check_path(l, path, e);

	if (r < 0)
		return r;
	if (!*path)
		return err_set(e, EINVAL, "the folder that %s was opened with is not removed", l->base.name);
	return etag ? webdav_change(
			      l, &(struct webdav_change){.method = "DELETE", .path = path, .etag = etag}, e)
		    : remove_folder(l, path, e);
}
