/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/s3.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/drivers.h"
#include "connect/range.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/net/secret.h"

enum { MAX_NAME = 255, MAX_KEY = 1024, MAX_ENTRIES = 1000000, PAGE = 1000 };

/* ---- sentences ---- */

int s3_stale(const struct s3_link *l, const char *path, struct err *e)
{
	err_set(e, ESTALE, "%s has another version of \"%.200s\" by now", l->base.name, path);
	if (e)
		e->retry = ERR_NOW;
	return -ESTALE;
}

int s3_exists(const struct s3_link *l, const char *path, struct err *e)
{
	return err_set(e, EEXIST, "%s has something called \"%.200s\" already", l->base.name, path);
}

int s3_missing(const struct s3_link *l, const char *path, struct err *e)
{
	return err_set(e, ENOENT, "%s does not have \"%.200s\"", l->base.name, path);
}

/* ---- paths ---- */

static _Bool path_valid(const char *path, size_t *ret_longest)
{
	*ret_longest = 0;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (!n || (n == 1 && *p == '.') || (n == 2 && strncmp(p, "..", 2) == 0))
			return 0;
		if (n > *ret_longest)
			*ret_longest = n;
		/* A '/' may stand at the end. */
		p += n + (p[n] == '/');
	}
	return utf8_valid(path, strlen(path));
}

int s3_check_path(const struct s3_link *l, const char *path, struct err *e)
{
	size_t longest;

	if (!path_valid(path, &longest))
		return err_set(e, EINVAL, "%s cannot have a file called \"%.200s\"", l->base.name, path);
	if (longest > MAX_NAME || strlen(l->prefix) + strlen(path) + 1 > MAX_KEY)
		return err_set(e, ENAMETOOLONG, "\"%.200s…\" is too long for %s", path, l->base.name);
	return 0;
}

/* ---- listings ---- */

static int give_objects(const struct xml_node *page, s3_sink sink, void *context)
{
	const struct xml_node *c = NULL;
	int r = 0;

	while (r == 0 && (c = s3_next(page, c, "Contents"))) {
		const char *key = s3_text(c, "Key"), *size = s3_text(c, "Size"),
			   *time = s3_text(c, "LastModified");
		struct remote_file f = {.etag = s3_text(c, "ETag")};

		if (!key || !size || !f.etag)
			continue;
		f.size = strtoll(size, NULL, 10);
		if (time)
			instant_parse(time, &f.mtime_ms);
		r = sink(context, key, &f);
	}
	c = NULL;
	while (r == 0 && (c = s3_next(page, c, "CommonPrefixes"))) {
		if (s3_text(c, "Prefix"))
			r = sink(context, s3_text(c, "Prefix"), NULL);
	}
	return r;
}

/* Parameters in the order of their names, as the signature wants it. */
static char *list_query(const char *prefix, _Bool flat, unsigned most, const char *token)
{
	struct buf b = BUF_INIT(16 << 10);

	if (token) {
		buf_puts(&b, "continuation-token=");
		http_encode(&b, token);
		buf_putc(&b, '&');
	}
	if (flat)
		buf_puts(&b, "delimiter=%2F&");
	buf_puts(&b, "list-type=2&");
	if (most)
		buf_printf(&b, "max-keys=%u&", most);
	buf_puts(&b, "prefix=");
	http_encode(&b, prefix);
	return buf_steal(&b);
}

int s3_list(struct s3_link *l, const char *prefix, _Bool flat, unsigned most, s3_sink sink, void *context,
	struct err *e)
{
	_cleanup_(mem_freep) char *token = NULL;

	for (;;) {
		_cleanup_(mem_freep) char *query = list_query(prefix, flat, most, token);
		_cleanup_(xml_freep) struct xml_node *page = NULL;
		const struct s3_call c = {.method = "GET", .key = "", .query = query};
		const char *next;
		int r = s3_ask(l, &c, &page, e);

		if (r == 0)
			r = give_objects(page, sink, context);
		if (r < 0 || most || !str_equal(s3_text(page, "IsTruncated"), "true"))
			return r;
		next = s3_text(page, "NextContinuationToken");
		if (!next || !*next || str_equal(next, token)) {
			err_set(e, EIO, "%s does not say how its listing goes on", l->base.name);
			return driver_whole(e, -EIO);
		}
		str_set(&token, next);
	}
}

int s3_head(struct s3_link *l, const char *key, struct remote_file *ret, struct err *e)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	const char *size, *etag;
	int r = s3_send(l, &(struct s3_call){.method = "HEAD", .key = key}, &a, e);

	if (r == 0)
		r = s3_refused(l, &a, e);
	if (r < 0)
		return r;
	size = http_header(l->http, "Content-Length");
	etag = http_header(l->http, "ETag");
	if (!size || !etag)
		return err_set(
			e, EIO, "%s does not say which version of \"%.200s\" it has", l->base.name, key);
	*ret = (struct remote_file){.etag = str_dup(etag), .size = strtoll(size, NULL, 10)};
	ret->mtime_ms = http_date(http_header(l->http, "Last-Modified"));
	return 0;
}

static int on_any(void *context, const char *key, const struct remote_file *object)
{
	*(_Bool *)context = 1;
	return 0;
}

int s3_stat(struct s3_link *l, const char *path, struct remote_file *ret, struct err *e)
{
	_cleanup_(mem_freep) char *key = s3_key(l, path, 0), *folder = s3_key(l, path, 1);
	struct remote_file f = {0};
	_Bool any = !*path;
	int r = *path ? s3_head(l, key, &f, e) : -ENOENT;

	if (r == -ENOENT) {
		f = (struct remote_file){.folder = 1};
		r = any ? 0 : s3_list(l, folder, 0, 1, on_any, &any, e);
		if (r == 0 && !any)
			r = s3_missing(l, path, e);
	}
	if (r < 0)
		return r;
	f.path = str_dup(path);
	*ret = f;
	return 0;
}

int s3_check_room(struct s3_link *l, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *dir = strchr(path, '/') ? path_dir(path) : NULL;
	struct remote_file f = {0};
	_Bool folder;
	int r = s3_stat(l, path, &f, e);

	remote_file_finish(&f);
	if (r == 0)
		return s3_exists(l, path, e);
	if (r != -ENOENT || !dir)
		return r == -ENOENT ? 0 : r;
	r = s3_stat(l, dir, &f, e);
	folder = f.folder;
	remote_file_finish(&f);
	return r == 0 && !folder ? s3_missing(l, dir, e) : r;
}

/* ---- the tree ---- */

struct walk {
	struct s3_link *link;
	const struct file_walk *into; /* NULL: it is only counted */
	char *last;		      /* the folder of the entry before, "" at first; given */
	size_t entries;
	struct err *e;
};

static int give(struct walk *w, const char *path, const struct remote_file *f)
{
	struct remote_file entry = *f;

	if (++w->entries > MAX_ENTRIES)
		return driver_whole(w->e, err_set(w->e, E2BIG, "%s holds more than %d files and folders",
						  w->link->base.name, MAX_ENTRIES));
	entry.path = path;
	return w->into ? w->into->sink(w->into->context, &entry, 1) : 0;
}

/* The folders on the way to @path that did not come with the entry before: keys come in order. */
static int give_folders(struct walk *w, const char *path)
{
	static const struct remote_file folder = {.folder = 1};
	size_t start = w->into && w->into->path ? strlen(w->into->path) : 0;
	int r = 0;

	for (const char *p = path + start + (start > 0); r == 0 && (p = strchr(p, '/')); p++) {
		size_t n = (size_t)(p - path);
		_cleanup_(mem_freep) char *dir = mem_dup(path, n);

		if (strncmp(w->last, dir, n) != 0 || (w->last[n] && w->last[n] != '/'))
			r = give(w, dir, &folder);
	}
	free(w->last);
	w->last = strchr(path, '/') ? path_dir(path) : str_dup("");
	return r;
}

static int on_entry(void *context, const char *key, const struct remote_file *object)
{
	struct walk *w = context;
	struct s3_link *l = w->link;
	const char *path = key + strlen(l->prefix);
	const char *start = w->into && w->into->path ? w->into->path : "";
	size_t len = strlen(path), longest;
	_Bool folder = len && path[len - 1] == '/';
	_cleanup_(mem_freep) char *inside = NULL;
	int r;

	if (driver_stopped(&l->base, w->e))
		return -ECANCELED;
	/* The folder's own marker. */
	if (!len || (folder && strlen(start) == len - 1 && strncmp(path, start, len - 1) == 0))
		return 0;
	if (!path_valid(path, &longest) || longest > MAX_NAME) {
		if (!l->warned)
			log_warning("s3",
				"%s: \"%s\" is left out: no file here can be called so (others like it are "
				"not logged)",
				l->base.name, key);
		l->warned = 1;
		return 0;
	}
	/* A marker stands for its folder as something in it would. */
	inside = folder ? str_format("%s.", path) : str_dup(path);
	r = give_folders(w, inside);
	return r == 0 && !folder ? give(w, path, object) : r;
}

static int walk_below(struct tool_link *link, const struct file_walk *into, struct err *e)
{
	struct walk w = {.link = s3_link(link), .into = into, .last = str_dup(""), .e = e};
	const char *path = into && into->path ? into->path : "";
	_cleanup_(mem_freep) char *prefix = s3_key(w.link, path, 1);
	struct remote_file f = {0};
	int r = s3_check_path(w.link, path, e);

	if (r == 0 && *path) {
		r = s3_stat(w.link, path, &f, e);
		if (r == 0 && !f.folder)
			r = s3_missing(w.link, path, e);
		remote_file_finish(&f);
	}
	if (r == 0)
		r = s3_list(w.link, prefix, into && into->flat, 0, on_entry, &w, e);
	free(w.last);
	return r;
}

static int stat_file(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e)
{
	int r = s3_check_path(s3_link(link), path, e);

	return r < 0 ? r : s3_stat(s3_link(link), path, ret, e);
}

static int on_count(void *context, const char *key, const struct remote_file *object)
{
	++*(size_t *)context;
	return 0;
}

static int check(struct tool_link *link, char **ret_text, struct err *e)
{
	struct s3_link *l = s3_link(link);
	size_t n = 0;
	int r = s3_list(l, l->prefix, 1, PAGE, on_count, &n, e);

	if (r == 0)
		*ret_text = n < PAGE ? str_format("%zu files and folders in it", n)
				     : str_format("more than %d files and folders in it", PAGE);
	return r;
}

/* ---- bytes ---- */

struct reading {
	struct s3_link *link;
	const char *etag;
};

static _Bool same_version(void *context, int64_t total)
{
	const struct reading *rd = context;

	return str_equal(http_header(rd->link->http, "ETag"), rd->etag);
}

static int read_file(struct tool_link *link, const char *path, const char *etag, int64_t offset,
	int64_t length, byte_sink sink, void *context, struct err *e)
{
	struct s3_link *l = s3_link(link);
	struct reading rd = {.link = l, .etag = etag};
	_cleanup_(mem_freep) char *key = s3_key(l, path, 0);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	struct range range = {.http = l->http,
		.offset = offset,
		.length = length,
		.same = same_version,
		.same_context = &rd,
		.sink = sink,
		.context = context,
		.expected = -1};
	const struct http_download into = range_start(&range);
	const struct s3_call c = {.method = "GET",
		.key = key,
		.into = &into,
		.headers = {{"Range", range.header}, {"If-Match", etag}}};
	struct err reason = {0};
	int r = s3_check_path(l, path, e);

	if (r < 0 || length <= 0)
		return r;
	r = range_end(&range, s3_send(l, &c, &a, &reason), &a);
	if (r == -ESTALE || (r == 1 && a.status == 412))
		return s3_stale(l, path, e);
	if (r == 1)
		r = s3_refused(l, &a, &reason);
	else if (r < 0 && !*reason.text)
		return err_set(e, -r, "%s: \"%.200s\" was not read to its end: %s", l->base.name, path,
			strerror(-r));
	if (r < 0 && e)
		*e = reason;
	return r;
}

/* ---- the face ---- */

static void close_link(struct tool_link *link)
{
	struct s3_link *l = s3_link(link);

	http_free(l->http);
	free(l->address);
	free(l->bucket);
	free(l->prefix);
	free(l);
}

static const struct file_ops file_ops = {
	.walk = walk_below,
	.stat = stat_file,
	.read = read_file,
	.write = s3_write,
	.make_folder = s3_make_folder,
	.move = s3_move,
	.remove = s3_remove,
};

static const struct connector_ops ops = {.check = check, .files = &file_ops, .close = close_link};

static int set_address(struct s3_link *l, const cJSON *config, struct err *e)
{
	const char *url = json_get_text(config, "url"), *bucket = json_get_text(config, "bucket");
	const char *style = json_get_text(config, "style"), *folder = json_get_text(config, "folder");
	const char *host = url ? strstr(url, "://") : NULL;
	struct err reason = {0};
	size_t n = folder ? strlen(folder) : 0, longest;

	if (!url)
		return driver_bad(e, "/url", "\"url\" is missing: the service's address, as https://…");
	if (http_check_url(url, &reason) < 0)
		return driver_bad(e, "/url", "%s", reason.text);
	if (strpbrk(url, "?#"))
		return driver_bad(e, "/url", "an address has no '?' or '#' in it");
	if (!bucket || !*bucket || bucket[strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-")])
		return driver_bad(e, "/bucket", "\"bucket\" is missing, or no name of one");
	if (style && strcmp(style, "path") != 0 && strcmp(style, "host") != 0)
		return driver_bad(e, "/style",
			"this is \"path\" (https://HOST/BUCKET/) or \"host\" (https://BUCKET.HOST/)");
	while (n && folder[n - 1] == '/')
		n--;
	l->prefix = n ? str_format("%.*s/", (int)n, folder) : str_dup("");
	if (n && !path_valid(l->prefix, &longest))
		return driver_bad(e, "/folder", "this is no path of a folder: write it as \"Clients/2026\"");
	l->bucket = str_dup(bucket);
	n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	if (style && strcmp(style, "host") == 0)
		l->address = str_format("%.*s://%s.%.*s/", (int)(host - url), url, bucket,
			(int)(n - (size_t)(host - url) - 3), host + 3);
	else
		l->address = str_format("%.*s/%s/", (int)n, url, bucket);
	return 0;
}

static int set_key(struct s3_link *l, const struct tool_setup *setup, struct err *e)
{
	const char *region = json_get_text(setup->config, "region"),
		   *id = json_get_text(setup->config, "key");
	_cleanup_(secret_finish) struct secret secret = {0};
	struct err reason = {0};

	if (!id || !*id)
		return driver_bad(e, "/key", "\"key\" is missing: the access key's id");
	if (secret_load(json_get(setup->config, "secret"), setup->base_dir, &secret, &reason) < 0)
		return driver_bad(e, "/secret", "%s", reason.text);
	if (http_set_aws(l->http, region ? region : "us-east-1", id, secret_text(&secret), &reason) < 0)
		return driver_bad(e, "/region", "%s", reason.text);
	return 0;
}

int s3_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	static const char *const keys[] = {
		"url", "bucket", "region", "key", "secret", "style", "folder", NULL};
	static atomic_bool never;
	struct s3_link *l;
	int r = driver_keys(setup->config, "", keys, e);

	if (r < 0)
		return r;
	l = mem_alloc(sizeof(*l));
	l->base = (struct tool_link){.ops = &ops, .name = setup->name, .stop = setup->stop};
	l->http = http_new(setup->name, &(const struct http_limits){0}, setup->stop ? setup->stop : &never);
	r = set_address(l, setup->config, e);
	if (r == 0)
		r = set_key(l, setup, e);
	if (r < 0) {
		close_link(&l->base);
		return r;
	}
	*ret = &l->base;
	return 0;
}
