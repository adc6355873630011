/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3 - a bucket, or what begins with a prefix in it, as a document tool.
 *
 * A folder is a prefix: it is there as long as a key begins with it, or for itself by an empty object "name/". A version is the ETag
 * as the service gives it, with its quotes.
 *
 * Threads: as connect.h says.
 */
#pragma once

#include "seamfs/codec/xml.h"
#include "seamfs/connect/registry.h"
#include "seamfs/net/http.h"

struct s3_link {
	struct tool_link base;
	struct http *http;
	char *address; /* of the bucket, ends with '/' */
	char *bucket;
	char *prefix;	  /* of all keys: "" or "folder/" */
	_Bool known;	  /* whether … */
	_Bool conditions; /* … the service looks at If-Match before it writes */
	_Bool warned;	  /* a key that can't be a path was logged */
};

static inline struct s3_link *s3_link(struct tool_link *link)
{
	return (struct s3_link *)link;
}

enum { S3_MAX_HEADERS = 6, S3_OK_MAX = 299, S3_PATIENCE = 120 };

/* ---- requests: s3_call.c ---- */

struct s3_call {
	const char *method;
	const char *key;   /* "": the bucket itself */
	const char *query; /* encoded and sorted by name; NULL: none */
	const char *body;  /* NULL: none */
	const struct http_upload *from;
	const struct http_download *into;
	struct http_field headers[S3_MAX_HEADERS]; /* until the first without a name */
	unsigned patience_s;			   /* 0: S3_PATIENCE */
};

/* s3_key - the key of a path; given */
char *s3_key(const struct s3_link *l, const char *path, _Bool folder);

/* s3_encode - a key as it stands in addresses: '/' stays; into @b */
void s3_encode(struct buf *b, const char *key);

/* s3_send - as http_send() */
int s3_send(struct s3_link *l, const struct s3_call *c, struct http_answer *a, struct err *e);

/* s3_refused - as http_refused(), with the service's own words */
int s3_refused(const struct s3_link *l, const struct http_answer *a, struct err *e);

/* s3_ask - s3_send(), s3_refused(), and the answer as XML, for xml_free(); also an error that comes with status 200 is one */
int s3_ask(struct s3_link *l, const struct s3_call *c, struct xml_node **ret, struct err *e);

/* s3_text - the text of the first child of that name, in any namespace; NULL without one */
const char *s3_text(const struct xml_node *node, const char *name);

/* s3_next - the next child of that name, in any namespace; @child NULL: the first */
const struct xml_node *s3_next(const struct xml_node *node, const struct xml_node *child, const char *name);

/* ---- looking: s3.c ---- */

/* One object or, with "folders" asked for, folder of a listing: borrowed. */
typedef int (*s3_sink)(void *context, const char *key, const struct remote_file *object);

/**
 * s3_list - objects whose key begins with @prefix, in order of their keys
 * @flat: what has another '/' behind the prefix comes as one folder: its key ends with '/', @object is NULL
 * @most: no more than so many; 0: all
 */
int s3_list(struct s3_link *l, const char *prefix, _Bool flat, unsigned most, s3_sink sink, void *context,
	struct err *e);

/* s3_head - the object of that key, without a path; given. 0, -ENOENT or another -errno. */
int s3_head(struct s3_link *l, const char *key, struct remote_file *ret, struct err *e);

/* s3_stat - as file_ops.stat() */
int s3_stat(struct s3_link *l, const char *path, struct remote_file *ret, struct err *e);

/* s3_check_path - 0, -EINVAL or -ENAMETOOLONG */
int s3_check_path(const struct s3_link *l, const char *path, struct err *e);

/* s3_check_room - that nothing is at @path, and the folder that it is to be in is there: 0, -EEXIST or -ENOENT */
int s3_check_room(struct s3_link *l, const char *path, struct err *e);

/* s3_stale - -ESTALE, and so on */
int s3_stale(const struct s3_link *l, const char *path, struct err *e);
int s3_exists(const struct s3_link *l, const char *path, struct err *e);
int s3_missing(const struct s3_link *l, const char *path, struct err *e);

/* ---- changes ---- */

int s3_write(
	struct tool_link *link, const struct file_upload *upload, struct remote_file *ret, struct err *e);
int s3_make_folder(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e);
int s3_move(struct tool_link *link, const char *path, const char *to, struct remote_file *ret, struct err *e);
int s3_remove(struct tool_link *link, const char *path, const char *etag, struct err *e);

/* s3_learn - finds out whether the service looks at conditions. 0 or -errno. */
int s3_learn(struct s3_link *l, struct err *e);

/* s3_put_parts - a large file in parts; the condition has been looked at where the service does not. 0 or -errno. */
int s3_put_parts(struct s3_link *l, const struct file_upload *u, struct err *e);

/* s3_condition - the header that guards a write; .name NULL where the service does not look at it */
struct http_field s3_condition(const struct s3_link *l, const char *etag);
