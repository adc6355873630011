/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large file in pieces, as Nextcloud and ownCloud take it ("chunked upload", version 2): they go into a folder of their own, one
 * MOVE makes the file of them. What is there when an upload is cut off need not be sent again; the server forgets it after a day.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "connect/webdav.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"

enum {
	PIECE = 16 << 20, /* 5 MB at least, but for the last one */
	MOST_PIECES = 10000,
	PATIENCE_S = 600, /* to make one file of them takes the server some time */
	ID_SIZE = 32,
	OK_MAX = 299,
};

struct pieces {
	struct webdav_link *link;
	const struct file_upload *upload;
	char id[ID_SIZE];
	char *destination;
	char length[24], mtime[24];
	int64_t each, count;
	_Bool *there; /* by number, from 1 */
};

static void pieces_finish(struct pieces *p)
{
	free(p->destination);
	free(p->there);
}

static char *address(const struct pieces *p, const char *name)
{
	return str_format("%s%s/%s", p->link->uploads, p->id, name);
}

static int64_t length_of(const struct pieces *p, int64_t number)
{
	int64_t left = p->upload->size - (number - 1) * p->each;

	return left < p->each ? left : p->each;
}

/* Sends one request about the pieces. 0 for every answer. */
static int ask(struct pieces *p, const char *method, const char *name, const struct http_upload *from,
	const struct http_field *condition, struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *url = address(p, name);
	struct dav_call c = {.method = method,
		.url = url,
		.from = from,
		.content_type = "application/octet-stream",
		.patience_s = PATIENCE_S,
		.headers = {{"Destination", p->destination}, {"OC-Total-Length", p->length}}};

	if (condition) {
		c.headers[2] = (struct http_field){"X-OC-Mtime", p->mtime};
		c.headers[3] = *condition;
	}
	return dav_send(&p->link->dav, &c, a, e);
}

/* ---- what is there already ---- */

static int on_piece(void *context, const struct dav_response *r, struct err *e)
{
	struct pieces *p = context;
	const char *size = dav_text(r, DAV_SPACE, "getcontentlength");
	long number = r->path ? strtol(path_base(r->path), NULL, 10) : 0;

	if (size && number >= 1 && number <= p->count && strtoll(size, NULL, 10) == length_of(p, number))
		p->there[number] = 1;
	return 0;
}

/* 0, -ENOENT when the server has forgotten it, or another -errno. */
static int find_pieces(struct pieces *p, struct err *e)
{
	_cleanup_(mem_freep) char *url = address(p, "");
	const struct dav_call c = {.method = "PROPFIND",
		.url = url,
		.depth = "1",
		.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getcontentlength/></D:prop></D:propfind>"};

	return dav_multi(&p->link->dav, &c, on_piece, p, NULL, NULL, e);
}

/* A new folder. 0; 1 when the server has no such thing; or -errno. */
static int begin(struct pieces *p, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	uint64_t number;
	int r;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort();
	snprintf(p->id, sizeof(p->id), "seamfs-%016llx", (unsigned long long)number);
	r = ask(p, "MKCOL", "", NULL, NULL, &a, e);
	if (r < 0 || a.status <= OK_MAX)
		return r;
	return a.status == 507 || a.status >= 502 || a.status == 401 || a.status == 429
		       ? dav_refused(&p->link->dav, &a, e)
		       : 1;
}

/*
 * Goes on where the last try was cut off. 0; 1 when the server has no pieces; 2 when the file is there already: its answer to the last
 * step was lost. It has our time of change, which nobody else would give it.
 */
static int resume(struct pieces *p, struct err *e)
{
	const struct file_upload *u = p->upload;
	struct remote_file now = {0};
	_Bool ours;
	int r = -ENOENT;

	if (u->resume && strlen(u->resume) < ID_SIZE && strncmp(u->resume, "seamfs-", 7) == 0 &&
		!strpbrk(u->resume, "/?#%")) {
		snprintf(p->id, sizeof(p->id), "%s", u->resume);
		r = find_pieces(p, e);
	}
	if (r != -ENOENT)
		return r;
	if (u->resume && webdav_stat(p->link, u->path, &now, NULL) == 0) {
		ours = !now.folder && now.size == u->size && now.mtime_ms / 1000 == u->mtime_ms / 1000 &&
		       !str_equal(now.etag, u->etag);
		remote_file_finish(&now);
		if (ours)
			return 2;
	}
	return begin(p, e);
}

/* ---- the pieces, and the whole ---- */

static int put_piece(struct pieces *p, int64_t number, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct http_upload from = {
		.fd = p->upload->fd, .offset = (number - 1) * p->each, .length = length_of(p, number)};
	char name[16];
	int r;

	snprintf(name, sizeof(name), "%05d", (int)number);
	r = ask(p, "PUT", name, &from, NULL, &a, e);
	if (r < 0 && e && !*e->text)
		err_set(e, -r, "%s: \"%.200s\" cannot be read: %s", p->link->base.name, p->upload->path,
			strerror(-r));
	if (r < 0)
		return r;
	return dav_refused(&p->link->dav, &a, e);
}

static int put_pieces(struct pieces *p, struct err *e)
{
	const struct file_upload *u = p->upload;
	int64_t sent = 0;
	int r = 0;

	for (int64_t i = 1; r == 0 && i <= p->count; i++) {
		if (!p->there[i])
			r = put_piece(p, i, e);
		/* Pieces are kept by the server: what went wrong here had no effect on the file. */
		if (r < 0 && e)
			e->sent = 0;
		sent += length_of(p, i);
		if (r == 0 && u->keep)
			r = u->keep(u->context, sent, p->id);
	}
	return r;
}

/* The condition is about the destination, so it names it (RFC 4918 10.4.3). */
static int assemble(struct pieces *p, struct err *e)
{
	struct webdav_link *l = p->link;
	const struct file_upload *u = p->upload;
	_cleanup_(http_answer_finish) struct http_answer a = {0}, removed = {0};
	const char *path = strchr(strstr(p->destination, "://") + 3, '/');
	_cleanup_(mem_freep) char *list = u->etag ? str_format("<%s> ([%s])", path, u->etag) : NULL;
	const struct http_field condition = {list ? "If" : "Overwrite", list ? list : "F"};
	int r = ask(p, "MOVE", ".file", NULL, &condition, &a, e);

	if (r < 0)
		return r;
	if (a.status == 412) {
		ask(p, "DELETE", "", NULL, NULL, &removed, NULL);
		return err_set(e, u->etag ? ESTALE : EEXIST, "%s has %s \"%.200s\" by now", l->base.name,
			u->etag ? "another version of" : "something called", u->path);
	}
	return a.status <= OK_MAX ? 0 : webdav_explain(l, u->path, &a, e);
}

int webdav_put_pieces(struct webdav_link *l, const struct file_upload *u, struct err *e)
{
	_cleanup_(pieces_finish) struct pieces p = {.link = l, .upload = u, .each = PIECE};
	int r;

	if (u->size > (int64_t)PIECE * MOST_PIECES)
		p.each = (u->size + MOST_PIECES - 1) / MOST_PIECES;
	p.count = (u->size + p.each - 1) / p.each;
	p.there = mem_alloc((size_t)(p.count + 1) * sizeof(*p.there));
	p.destination = dav_address(&l->dav, u->path, 0);
	snprintf(p.length, sizeof(p.length), "%lld", (long long)u->size);
	snprintf(p.mtime, sizeof(p.mtime), "%lld", (long long)(u->mtime_ms / 1000));
	r = resume(&p, e);
	if (r == 2)
		return 0;
	if (r == 0)
		r = put_pieces(&p, e);
	return r == 0 ? assemble(&p, e) : r;
}
