/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large file in parts: an upload is begun, gets parts, and becomes the object in one step.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/s3.h"
#include "seamfs/base/mem.h"

enum { PART = 16 << 20, MOST_PARTS = 10000, COMPLETE_PATIENCE = 600 };

struct parts {
	struct s3_link *link;
	const struct file_upload *upload;
	char *key, *id, *id_encoded;
	int64_t each, count;
	char **etags; /* by number, from 1; given; NULL: not there */
};

static void parts_finish(struct parts *p)
{
	for (int64_t i = 0; p->etags && i <= p->count; i++)
		free(p->etags[i]);
	free(p->etags);
	free(p->key);
	free(p->id);
	free(p->id_encoded);
}

static int64_t length_of(const struct parts *p, int64_t number)
{
	int64_t left = p->upload->size - (number - 1) * p->each;

	return left < p->each ? left : p->each;
}

static void set_id(struct parts *p, const char *id)
{
	struct buf b = BUF_INIT(8192);

	str_set(&p->id, id);
	http_encode(&b, id);
	free(p->id_encoded);
	p->id_encoded = buf_steal(&b);
}

static int begin(struct parts *p, struct err *e)
{
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	const struct s3_call c = {.method = "POST", .key = p->key, .query = "uploads=", .body = ""};
	int r = s3_ask(p->link, &c, &root, e);
	const char *id = s3_text(root, "UploadId");

	if (r < 0)
		return r;
	if (!id || !*id)
		return err_set(e, EIO, "%s began an upload without telling its id", p->link->base.name);
	set_id(p, id);
	return 0;
}

/*
 * What the upload can be resumed with: "ID ETAG ETAG …", of the parts from the first one on. Not all services can be asked which parts
 * they have.
 */
static char *resume_text(const struct parts *p)
{
	struct buf b = BUF_INIT(BUF_MAX_ANSWER);

	buf_puts(&b, p->id);
	for (int64_t i = 1; i <= p->count && p->etags[i]; i++)
		buf_printf(&b, " %s", p->etags[i]);
	return buf_steal(&b);
}

static void read_resume(struct parts *p, const char *text)
{
	size_t n = strcspn(text, " ");
	_cleanup_(mem_freep) char *id = mem_dup(text, n);

	set_id(p, id);
	text += n;
	for (int64_t i = 1; i <= p->count && *text; i++) {
		text++;
		n = strcspn(text, " ");
		free(p->etags[i]);
		p->etags[i] = mem_dup(text, n);
		text += n;
	}
}

static void forget(struct parts *p)
{
	for (int64_t i = 0; i <= p->count; i++)
		str_set(&p->etags[i], NULL);
}

static int put_part(struct parts *p, int64_t number, struct err *e)
{
	_cleanup_(mem_freep) char *query =
		str_format("partNumber=%lld&uploadId=%s", (long long)number, p->id_encoded);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const struct http_upload from = {
		.fd = p->upload->fd, .offset = (number - 1) * p->each, .length = length_of(p, number)};
	const struct s3_call c = {.method = "PUT", .key = p->key, .query = query, .from = &from};
	int r = s3_send(p->link, &c, &a, e);
	const char *etag;

	if (r == 0)
		r = s3_refused(p->link, &a, e);
	if (r < 0)
		return r;
	etag = http_header(p->link->http, "ETag");
	if (!etag)
		return err_set(e, EIO, "%s took a part of \"%.200s\" without an ETag", p->link->base.name,
			p->upload->path);
	str_set(&p->etags[number], etag);
	return 0;
}

static int put_parts(struct parts *p, struct err *e)
{
	const struct file_upload *u = p->upload;
	int64_t sent = 0;
	int r = 0;

	for (int64_t i = 1; r == 0 && i <= p->count; i++) {
		if (!p->etags[i])
			r = put_part(p, i, e);
		/* A part alone changes nothing. */
		if (r < 0 && e)
			e->sent = 0;
		sent += length_of(p, i);
		if (r == 0 && u->keep) {
			_cleanup_(mem_freep) char *text = resume_text(p);

			r = u->keep(u->context, sent, text);
			if (r < 0)
				err_set(e, -r, "%s: \"%.200s\" was not sent to its end: %s",
					p->link->base.name, u->path, strerror(-r));
		}
	}
	return r;
}

static char *list_of(const struct parts *p)
{
	struct buf b = BUF_INIT(BUF_MAX_ANSWER);
	struct xml_writer w;
	char number[24];

	xml_write_start(&w, &b);
	xml_write_open(&w, "CompleteMultipartUpload");
	for (int64_t i = 1; i <= p->count; i++) {
		snprintf(number, sizeof(number), "%lld", (long long)i);
		xml_write_open(&w, "Part");
		xml_write_leaf(&w, "PartNumber", number);
		xml_write_leaf(&w, "ETag", p->etags[i]);
		xml_write_close(&w);
	}
	xml_write_end(&w);
	return buf_steal(&b);
}

static int complete(struct parts *p, struct err *e)
{
	struct s3_link *l = p->link;
	const struct file_upload *u = p->upload;
	_cleanup_(mem_freep) char *query = str_format("uploadId=%s", p->id_encoded);
	_cleanup_(mem_freep) char *body = list_of(p);
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	struct remote_file now = {0};
	struct err reason = {0};
	int r = s3_ask(l,
		&(struct s3_call){.method = "POST",
			.key = p->key,
			.query = query,
			.body = body,
			.headers = {s3_condition(l, u->etag)},
			.patience_s = COMPLETE_PATIENCE},
		&root, &reason);

	/* Also the object that is to be replaced may not be there. */
	if (r == -ENOENT && u->etag && s3_head(l, p->key, &now, NULL) == -ENOENT)
		reason.http_status = 412;
	remote_file_finish(&now);
	if (r < 0 && (reason.http_status == 412 || reason.http_status == 409)) {
		s3_send(l, &(struct s3_call){.method = "DELETE", .key = p->key, .query = query}, &a, NULL);
		return u->etag ? s3_stale(l, u->path, e) : s3_exists(l, u->path, e);
	}
	if (r < 0 && e)
		*e = reason;
	return r;
}

static int send_all(struct parts *p, struct err *e)
{
	int r = put_parts(p, e);

	return r == 0 ? complete(p, e) : r;
}

int s3_put_parts(struct s3_link *l, const struct file_upload *u, struct err *e)
{
	_cleanup_(parts_finish) struct parts p = {.link = l, .upload = u, .each = PART};
	int r = 0;

	if (u->size > (int64_t)PART * MOST_PARTS)
		p.each = (u->size + MOST_PARTS - 1) / MOST_PARTS;
	p.count = (u->size + p.each - 1) / p.each;
	p.etags = mem_alloc((size_t)(p.count + 1) * sizeof(*p.etags));
	p.key = s3_key(l, u->path, 0);
	if (u->resume) {
		read_resume(&p, u->resume);
		r = send_all(&p, e);
		if (r != -ENOENT)
			return r;
		/* The service has forgotten it. */
		forget(&p);
	}
	r = begin(&p, e);
	return r == 0 ? send_all(&p, e) : r;
}
