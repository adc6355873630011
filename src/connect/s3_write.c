/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way to an S3 service. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "connect/s3.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"

enum { PARTS_FROM = 64 << 20, TOLD_EACH = 8 << 20 };

/*
 * Asks for an object to be replaced that is not there: a service that looks at conditions refuses that. Another one makes it, and it is
 * removed again.
 */
int s3_learn(struct s3_link *l, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0}, removed = {0};
	_cleanup_(mem_freep) char *name = NULL, *key = NULL;
	unsigned number;
	int r;

	if (l->known)
		return 0;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort();
	name = str_format(".seamfs-%08x", number);
	key = s3_key(l, name, 0);
	r = s3_send(l,
		&(struct s3_call){
			.method = "PUT", .key = key, .body = "", .headers = {{"If-Match", "\"none\""}}},
		&a, e);
	if (r == 0 && a.status <= S3_OK_MAX)
		r = s3_send(l, &(struct s3_call){.method = "DELETE", .key = key}, &removed, e);
	if (r < 0)
		return r;
	l->conditions = a.status == 412 || a.status == 404;
	/* Where we may not write here, the next one may tell. */
	l->known = a.status != 403 && a.status < 500;
	return 0;
}

struct http_field s3_condition(const struct s3_link *l, const char *etag)
{
	if (!l->conditions)
		return (struct http_field){0};
	return etag ? (struct http_field){"If-Match", etag} : (struct http_field){"If-None-Match", "*"};
}

/* Whether it is as it has to be, by a look. */
static int look(struct s3_link *l, const struct file_upload *u, struct err *e)
{
	struct remote_file now = {0};
	int r;

	if (!u->etag)
		return s3_check_room(l, u->path, e);
	r = s3_stat(l, u->path, &now, e);
	if (r == -ENOENT || (r == 0 && !str_equal(now.etag, u->etag)))
		r = s3_stale(l, u->path, e);
	remote_file_finish(&now);
	return r;
}

struct upload {
	const struct file_upload *from;
	int64_t told;
};

static int on_progress(void *context, int64_t sent)
{
	struct upload *u = context;

	if (!u->from->keep || sent - u->told < TOLD_EACH)
		return 0;
	u->told = sent;
	return u->from->keep(u->from->context, sent, NULL);
}

static int put_whole(struct s3_link *l, const struct file_upload *u, struct err *e)
{
	_cleanup_(mem_freep) char *key = s3_key(l, u->path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	struct upload up = {.from = u};
	const struct http_upload from = {
		.fd = u->fd, .length = u->size, .progress = on_progress, .context = &up};
	const struct s3_call c = {
		.method = "PUT", .key = key, .from = &from, .headers = {s3_condition(l, u->etag)}};
	struct err reason = {0};
	int r = s3_send(l, &c, &a, &reason);

	if (r == 0 && a.status == 412)
		return u->etag ? s3_stale(l, u->path, e) : s3_exists(l, u->path, e);
	/* Gone, or somebody else writes it at the same time. */
	if (r == 0 && l->conditions && (a.status == 404 || a.status == 409))
		return s3_stale(l, u->path, e);
	if (r == 0)
		r = s3_refused(l, &a, &reason);
	else if (!*reason.text)
		snprintf(reason.text, sizeof(reason.text), "%s: \"%.200s\" was not sent to its end: %s",
			l->base.name, u->path, strerror(-r));
	if (r < 0 && e)
		*e = reason;
	return r;
}

int s3_write(struct tool_link *link, const struct file_upload *u, struct remote_file *ret, struct err *e)
{
	struct s3_link *l = s3_link(link);
	int r = s3_check_path(l, u->path, e);

	if (r == 0 && !*u->path)
		r = err_set(e, EINVAL, "a file of %s needs a name", l->base.name);
	if (r == 0)
		r = s3_learn(l, e);
	/* Also where the service guards the key itself: it knows nothing of folders. */
	if (r == 0 && (!l->conditions || !u->etag))
		r = look(l, u, e);
	if (r == 0)
		r = u->size >= PARTS_FROM ? s3_put_parts(l, u, e) : put_whole(l, u, e);
	if (r == 0)
		r = s3_stat(l, u->path, ret, e);
	if (r == 0 && ret->size != u->size) {
		remote_file_finish(ret);
		r = s3_stale(l, u->path, e);
		if (e)
			e->sent = 1;
	}
	return r;
}
