/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way to a WebDAV server. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/webdav.h"
#include "seamfs/base/mem.h"

enum {
	TOLD_EACH = 8 << 20,
	PIECES_FROM = 20 << 20, /* below, a new start costs less than the pieces do */
};

/* What a lock is remembered by, should we die under it: "lock TOKEN". */
static const char lock_mark[] = "lock ";

struct upload {
	struct webdav_link *link;
	const struct file_upload *from;
	int64_t told; /* -1: nothing was told yet */
};

static int on_progress(void *context, int64_t sent)
{
	struct upload *u = context;
	_cleanup_(mem_freep) char *resume = NULL;

	if (!u->from->keep || u->from->size <= TOLD_EACH || (u->told >= 0 && sent - u->told < TOLD_EACH))
		return 0;
	u->told = sent;
	if (u->link->held)
		resume = str_format("%s%s", lock_mark, u->link->held);
	return u->from->keep(u->from->context, sent, resume);
}

static int put_whole(
	struct webdav_link *l, const struct file_upload *u, struct remote_file *ret, struct err *e)
{
	struct upload up = {.link = l, .from = u, .told = -1};
	const struct http_upload from = {
		.fd = u->fd, .length = u->size, .progress = on_progress, .context = &up};
	char mtime[32];
	const struct webdav_change c = {.method = "PUT",
		.path = u->path,
		.etag = u->etag,
		.from = &from,
		/* Known to Nextcloud, ownCloud and some others; the rest do not mind. */
		.headers = {{"X-OC-Mtime", mtime}},
		.ret = ret};
	struct err reason = {0};
	int r;

	snprintf(mtime, sizeof(mtime), "%lld", (long long)(u->mtime_ms / 1000));
	r = webdav_change(l, &c, &reason);
	if (r < 0 && !*reason.text)
		snprintf(reason.text, sizeof(reason.text), "%s: \"%.200s\" was not sent to its end: %s",
			l->base.name, u->path, strerror(-r));
	if (r < 0 && e)
		*e = reason;
	return r;
}

/*
 * Few servers say which version a PUT has made, so it is asked for. Somebody else may have been quicker: another size proves it. Where
 * there is no lock meanwhile, a file of the same size that was put there between the two cannot be told from ours.
 */
int webdav_look_back(
	struct webdav_link *l, const char *path, int64_t size, struct remote_file *ret, struct err *e)
{
	int r = webdav_stat(l, path, ret, e);

	if (r == 0 && (ret->folder || ret->size != size)) {
		r = err_set(e, ESTALE, "%s has something else as \"%.200s\", right after it was sent",
			l->base.name, path);
		remote_file_finish(ret);
	} else if (r == -ENOENT) {
		r = err_set(e, ESTALE, "%s lost \"%.200s\", right after it was sent", l->base.name, path);
	}
	if (r < 0 && e)
		e->sent = 1;
	return r;
}

static int take_back_hidden(struct webdav_link *l, struct remote_file *f, struct err *e)
{
	int r = webdav_hides(l, f->path, e);

	if (r == 0)
		return 0;
	if (r > 0)
		webdav_change(l,
			&(struct webdav_change){.method = "DELETE", .path = f->path, .etag = f->etag}, NULL);
	remote_file_finish(f);
	return r < 0 ? r : -EINVAL;
}

int webdav_write(struct tool_link *link, const struct file_upload *u, struct remote_file *ret, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	int r = webdav_check_path(l, u->path, e);

	if (r == 0 && !*u->path)
		r = err_set(e, EINVAL, "a file of %s needs a name", l->base.name);
	if (r == 0 && l->hides_dots && webdav_hides(l, u->path, e))
		r = -EINVAL;
	if (r == 0)
		r = webdav_learn(l, u->path, e);
	if (r < 0)
		return r;
	/* The lock of the last try may be there still. */
	if (u->resume && strncmp(u->resume, lock_mark, strlen(lock_mark)) == 0)
		webdav_unlock(l, u->path, u->resume + strlen(lock_mark));
	r = l->uploads && u->size >= PIECES_FROM ? webdav_put_pieces(l, u, e) : 1;
	if (r == 0)
		r = webdav_look_back(l, u->path, u->size, ret, e);
	else if (r == 1)
		r = put_whole(l, u, ret, e);
	return r == 0 && !u->etag ? take_back_hidden(l, ret, e) : r;
}
