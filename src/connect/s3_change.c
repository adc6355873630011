/* SPDX-License-Identifier: Apache-2.0 */
/* Folders, names and removals on an S3 service, which knows only objects. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/s3.h"
#include "seamfs/base/mem.h"

enum { COPY_PATIENCE = 600 };

/* More than this one request cannot copy. */
static const int64_t most_copied = (int64_t)5 << 30;

int s3_make_folder(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e)
{
	struct s3_link *l = s3_link(link);
	_cleanup_(mem_freep) char *key = s3_key(l, path, 1);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	int r = s3_check_path(l, path, e);

	if (r == 0)
		r = s3_check_room(l, path, e);
	if (r == 0)
		r = s3_send(l, &(struct s3_call){.method = "PUT", .key = key, .body = ""}, &a, e);
	if (r == 0)
		r = s3_refused(l, &a, e);
	return r < 0 ? r : s3_stat(l, path, ret, e);
}

/* ---- what is below a folder ---- */

struct objects {
	struct object {
		char *key, *etag;
	} * all;
	size_t count, size;
	int64_t largest;
};

static void objects_finish(struct objects *o)
{
	for (size_t i = 0; i < o->count; i++) {
		free(o->all[i].key);
		free(o->all[i].etag);
	}
	free(o->all);
}

static int add_object(void *context, const char *key, const struct remote_file *object)
{
	struct objects *o = context;

	if (o->count == o->size) {
		o->size = o->size ? o->size * 2 : 64;
		o->all = mem_grow(o->all, o->size, sizeof(*o->all));
	}
	o->all[o->count++] = (struct object){str_dup(key), str_dup(object->etag)};
	if (object->size > o->largest)
		o->largest = object->size;
	return 0;
}

/* The file at @path, or all below it if it is a folder; -ENOENT when it is neither. */
static int find_objects(
	struct s3_link *l, const char *path, const struct remote_file *f, struct objects *o, struct err *e)
{
	_cleanup_(mem_freep) char *key = s3_key(l, path, f->folder);

	return f->folder ? s3_list(l, key, 0, 0, add_object, o, e) : add_object(o, key, f);
}

static int send_remove(
	struct s3_link *l, const char *key, struct http_field condition, struct http_answer *a, struct err *e)
{
	return s3_send(l, &(struct s3_call){.method = "DELETE", .key = key, .headers = {condition}}, a, e);
}

/* @etag NULL: in whatever version */
static int remove_object(struct s3_link *l, const char *key, const char *etag, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0}, again = {0};
	struct remote_file now = {0};
	int r = 0;

	if (etag && l->conditions) {
		r = send_remove(l, key, s3_condition(l, etag), &a, e);
		if (r == 0 && a.status == 412)
			return s3_stale(l, key + strlen(l->prefix), e);
		/* Not every service that guards writes guards this, too. */
		if (r < 0 || (a.status != 501 && a.status != 400))
			return r < 0 ? r : s3_refused(l, &a, e);
	}
	if (etag)
		r = s3_head(l, key, &now, e);
	if (r == 0 && etag && !str_equal(now.etag, etag))
		r = s3_stale(l, key + strlen(l->prefix), e);
	remote_file_finish(&now);
	if (r == 0)
		r = send_remove(l, key, (struct http_field){0}, &again, e);
	return r == 0 ? s3_refused(l, &again, e) : r;
}

static int remove_objects(struct s3_link *l, const struct objects *o, struct err *e)
{
	int r = 0;

	/* The marker of a folder, which comes first, last: it is there as long as something is in it. */
	for (size_t i = o->count; r == 0 && i > 0; i--)
		r = remove_object(l, o->all[i - 1].key, o->all[i - 1].etag, e);
	return r;
}

/* ---- names ---- */

static int copy_object(struct s3_link *l, const struct object *from, const char *to, struct err *e)
{
	_cleanup_(buf_finish) struct buf source = BUF_INIT(8192);
	_cleanup_(xml_freep) struct xml_node *root = NULL;
	const struct s3_call c = {.method = "PUT",
		.key = to,
		.body = "",
		.patience_s = COPY_PATIENCE,
		.headers = {{"x-amz-copy-source", NULL}, {"x-amz-copy-source-if-match", from->etag}}};
	struct s3_call call = c;
	int r;

	buf_printf(&source, "/%s/", l->bucket);
	s3_encode(&source, from->key);
	call.headers[0].value = buf_text(&source);
	r = s3_ask(l, &call, &root, e);
	return r == -ESTALE ? s3_stale(l, from->key + strlen(l->prefix), e) : r;
}

/* Everything is copied before anything is removed; what was copied is removed again when that fails. */
static int move_objects(
	struct s3_link *l, const struct objects *o, size_t skip, const char *to, struct err *e)
{
	_cleanup_(objects_finish) struct objects copies = {0};
	const struct remote_file none = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->count; i++) {
		_cleanup_(mem_freep) char *key = str_format("%s%s", to, o->all[i].key + skip);

		r = copy_object(l, &o->all[i], key, e);
		if (r == 0)
			add_object(&copies, key, &none);
	}
	if (r < 0) {
		remove_objects(l, &copies, NULL);
		return r;
	}
	return remove_objects(l, o, e);
}

int s3_move(struct tool_link *link, const char *path, const char *to, struct remote_file *ret, struct err *e)
{
	struct s3_link *l = s3_link(link);
	_cleanup_(objects_finish) struct objects o = {0};
	_cleanup_(mem_freep) char *from_key = NULL, *to_key = NULL;
	struct remote_file f = {0};
	int r = s3_check_path(l, path, e);

	if (r == 0)
		r = s3_check_path(l, to, e);
	if (r == 0)
		r = s3_learn(l, e);
	if (r == 0)
		r = s3_stat(l, path, &f, e);
	if (r == 0)
		r = s3_check_room(l, to, e);
	if (r == 0 && strncmp(to, path, strlen(path)) == 0 && to[strlen(path)] == '/')
		r = err_set(e, EINVAL, "\"%.200s\" cannot be moved into itself", path);
	if (r == 0)
		r = find_objects(l, path, &f, &o, e);
	if (r == 0 && o.largest > most_copied)
		r = err_set(e, EFBIG, "%s cannot give a file of more than 5 GiB another name", l->base.name);
	from_key = s3_key(l, path, f.folder);
	to_key = s3_key(l, to, f.folder);
	remote_file_finish(&f);
	if (r == 0)
		r = move_objects(l, &o, strlen(from_key), to_key, e);
	return r < 0 ? r : s3_stat(l, to, ret, e);
}

int s3_remove(struct tool_link *link, const char *path, const char *etag, struct err *e)
{
	struct s3_link *l = s3_link(link);
	_cleanup_(objects_finish) struct objects o = {0};
	struct remote_file f = {0};
	int r = s3_check_path(l, path, e);

	if (r == 0 && !*path)
		r = err_set(e, EINVAL, "the folder that %s was opened with is not removed", l->base.name);
	if (r == 0)
		r = s3_learn(l, e);
	if (r == 0)
		r = s3_stat(l, path, &f, e);
	if (r == 0 && (etag ? !str_equal(f.etag, etag) : !f.folder))
		r = s3_stale(l, path, e);
	if (r == 0)
		r = find_objects(l, path, &f, &o, e);
	remote_file_finish(&f);
	return r == 0 ? remove_objects(l, &o, e) : r;
}
