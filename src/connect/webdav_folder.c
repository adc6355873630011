/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and names on a WebDAV server. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/webdav.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"

enum { PATIENCE_S = 300, OK_MAX = 299 };

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
	there = webdav_ambiguous(a.status) ? webdav_look_for(l, path, NULL) : 0;
	return there > 0 ? webdav_exists(l, path, there == 1, e) : webdav_explain(l, path, &a, e);
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
	int there = strchr(to, '/') && strcmp(from_dir, to_dir) != 0 ? webdav_look_for(l, to_dir, e) : 1;

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
	what = webdav_look_for(l, path, e);
	if (what < 0)
		return what;
	if (what == 0)
		return err_set(e, ENOENT, "%s does not have \"%.200s\"", l->base.name, path);
	/* lighttpd replaces, or moves into a folder, whatever "Overwrite" says. */
	there = webdav_look_for(l, to, e);
	if (there)
		return there < 0 ? there : webdav_exists(l, to, there == 1, e);
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
		return webdav_exists(l, to, 0, e);
	if (a.status == 207)
		return webdav_odd(l, &a, path, e);
	return a.status <= OK_MAX ? moved(l, from_url, to_url, to, ret, e) : webdav_explain(l, to, &a, e);
}

static int remove_folder(struct webdav_link *l, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 1);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int what = webdav_look_for(l, path, e), r;

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
