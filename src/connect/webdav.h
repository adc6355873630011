/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webdav - a folder on a WebDAV server (RFC 4918) as a document tool: Nextcloud, ownCloud, Apache, nginx, lighttpd, Fastmail, Koofr.
 *
 * A version of a file is its ETag without the mark of a weak one, because servers take that mark away while nothing changes (Apache
 * when the file is a second old). Where a server has none (nginx), it is made of size and time: "~SIZE-SECONDS".
 *
 * Threads: as connect.h says.
 */
#pragma once

#include "connect/dav.h"

struct webdav_link {
	struct tool_link base;
	struct dav dav;
	unsigned depth;	  /* segments of the path of dav.root */
	_Bool nextcloud;  /* or ownCloud: ids, and ETags of folders that vouch for all below */
	_Bool known;	  /* what is below was found out */
	_Bool locks;	  /* class 2 */
	_Bool null_locks; /* Apache: a name that is not there yet can be locked without a file being made */
	char *held;	  /* the token of the lock that we hold just now; NULL: none */
	_Bool conditions; /* it looks at If-Match before it does anything */
	char *uploads;	  /* where a large file may be put in pieces; NULL: nowhere */
	_Bool lists_dots, hides_dots; /* files whose name begins with a dot; neither: not known yet */
	_Bool odd_etags;	      /* GET gives others than PROPFIND */
	_Bool warned_name, warned_size, warned_access;
};

static inline struct webdav_link *webdav_link(struct tool_link *link)
{
	return (struct webdav_link *)link;
}

/* ---- looking: webdav.c ---- */

/* webdav_check_path - whether it may be one on any server. 0, -EINVAL or -ENAMETOOLONG. */
int webdav_check_path(const struct webdav_link *l, const char *path, struct err *e);

/* webdav_stat - as file_ops.stat(); "" is the tool's folder itself */
int webdav_stat(struct webdav_link *l, const char *path, struct remote_file *ret, struct err *e);

/*
 * webdav_hides - whether the server does not list what it has just got at @path because of the dot that its name begins with: it would
 * be gone at the next look. 1 (with a sentence, about -EINVAL), 0, or the -errno of looking.
 */
int webdav_hides(struct webdav_link *l, const char *path, struct err *e);

/* webdav_version - the version of a file; @etag as the server wrote it or NULL; given */
char *webdav_version(const char *etag, int64_t size, int64_t mtime_ms);

/* webdav_odd - an answer that has no meaning for us; -EIO */
int webdav_odd(const struct webdav_link *l, const struct http_answer *a, const char *path, struct err *e);

/* ---- one file's bytes ---- */

/* webdav_read, webdav_room, webdav_write - as in file_ops */
int webdav_read(struct tool_link *link, const char *path, const char *etag, int64_t offset, int64_t length,
	byte_sink sink, void *context, struct err *e);
int webdav_room(struct tool_link *link, int64_t *ret_total, int64_t *ret_free, struct err *e);
int webdav_write(
	struct tool_link *link, const struct file_upload *upload, struct remote_file *ret, struct err *e);

/* ---- locks: webdav_refused.c ---- */

/* webdav_owner - what our locks say whose they are: of this process alone */
const char *webdav_owner(void);

/* webdav_free_own - ends a lock of this process; false: there is none */
_Bool webdav_free_own(struct webdav_link *l, const char *path);

/* ---- changes: webdav_change.c ---- */

/* Something that is done to one file in a certain version. */
struct webdav_change {
	const char *method; /* PUT or DELETE */
	const char *path;
	const char *etag; /* NULL: it must not be there */
	const struct http_upload *from;
	struct http_field headers[2]; /* one more at most; the other is ours */
	struct remote_file *ret;      /* NULL, or how it is there then, given */
};

/**
 * webdav_change - does it if the file is in that version, as far as the server can make sure of that
 *
 * Returns 0; -EEXIST, -ESTALE, -ENOENT (its folder is missing, or it, for DELETE) or another -errno with a sentence.
 */
int webdav_change(struct webdav_link *l, const struct webdav_change *c, struct err *e);

/* webdav_unlock - gives a lock back */
void webdav_unlock(struct webdav_link *l, const char *path, const char *token);

/*
 * webdav_look_back - how a file that we have just put there, of @size bytes, is there now; @ret is given. 0, -ESTALE when somebody else
 * was there since, or another -errno.
 */
int webdav_look_back(
	struct webdav_link *l, const char *path, int64_t size, struct remote_file *ret, struct err *e);

/* webdav_learn - finds out what the server can do; @path: one that we are about to change. 0 or -errno. */
int webdav_learn(struct webdav_link *l, const char *path, struct err *e);

/* ---- refusals ---- */

/* webdav_explain - the error of a change that was refused: as dav_refused(), after a look at what is there */
int webdav_explain(struct webdav_link *l, const char *path, const struct http_answer *a, struct err *e);

/* webdav_locked - -EACCES, with who has locked it; webdav_exists - -EEXIST; webdav_stale - -ESTALE */
int webdav_locked(struct webdav_link *l, const char *path, struct err *e);
int webdav_exists(const struct webdav_link *l, const char *path, _Bool folder, struct err *e);
int webdav_stale(const struct webdav_link *l, const char *path, struct err *e);

/* webdav_ambiguous - a status that servers use for many things, "its folder is not there" among them */
_Bool webdav_ambiguous(int status);

/* webdav_look_for - whether something is there: 1 a folder, 2 a file, 0 nothing, or -errno */
int webdav_look_for(struct webdav_link *l, const char *path, struct err *e);

/* ---- folders and names: webdav_folder.c ---- */

int webdav_make_folder(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e);
int webdav_move(
	struct tool_link *link, const char *path, const char *to, struct remote_file *ret, struct err *e);
int webdav_remove(struct tool_link *link, const char *path, const char *etag, struct err *e);

/* ---- large files in pieces: webdav_pieces.c ---- */

/* webdav_put_pieces - the same as a PUT of the whole; 1: the server does not offer it after all, nothing was sent */
int webdav_put_pieces(struct webdav_link *l, const struct file_upload *u, struct err *e);
