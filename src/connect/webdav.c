/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/webdav.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/drivers.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum {
	BATCH = 256,
	MAX_ENTRIES = 1000000,
	MAX_DEPTH = 128,
	MAX_NAME = 255, /* what the file systems behind most servers can hold */
};

static const char wanted[] =
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	"<D:propfind xmlns:D=\"DAV:\" xmlns:o=\"" DAV_OWNCLOUD "\"><D:prop>"
	"<D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/><o:fileid/>"
	"</D:prop></D:propfind>";

/* ---- one entry ---- */

int webdav_check_path(const struct webdav_link *l, const char *path, struct err *e)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (!n || (n == 1 && *p == '.') || (n == 2 && strncmp(p, "..", 2) == 0))
			return err_set(
				e, EINVAL, "%s cannot have a file called \"%.200s\"", l->base.name, path);
		if (n > MAX_NAME)
			return err_set(e, ENAMETOOLONG,
				"\"%.200s…\" is too long for %s: a name has at most %d bytes", p,
				l->base.name, MAX_NAME);
		p += n + (p[n] == '/');
	}
	return 0;
}

char *webdav_version(const char *etag, int64_t size, int64_t mtime_ms)
{
	if (etag && strncmp(etag, "W/", 2) == 0)
		etag += 2;
	if (!etag || !*etag)
		return str_format("~%lld-%lld", (long long)size, (long long)(mtime_ms / 1000));
	/* Some write it without the quotes that belong to it. */
	return *etag == '"' ? str_dup(etag) : str_format("\"%s\"", etag);
}

/* What a part of an answer says of the entry at @path, given. 0; 1: it says too little. */
static int read_entry(
	struct webdav_link *l, const struct dav_response *r, const char *path, struct remote_file *ret)
{
	const char *size = dav_text(r, DAV_SPACE, "getcontentlength");
	const char *id = dav_text(r, DAV_OWNCLOUD, "fileid");
	const char *etag = dav_text(r, DAV_SPACE, "getetag");
	struct remote_file f = {.folder = dav_is_type(r, DAV_SPACE, "collection")};

	/* So is what is only locked, on Apache. */
	if (!f.folder && (!size || !*size))
		return 1;
	f.size = f.folder ? 0 : strtoll(size, NULL, 10);
	f.mtime_ms = http_date(dav_text(r, DAV_SPACE, "getlastmodified"));
	f.path = str_dup(path);
	if (id && *id)
		f.id = str_dup(id);
	l->nextcloud |= f.id != NULL;
	if (!f.folder)
		f.etag = webdav_version(etag, f.size, f.mtime_ms);
	else if (f.id && etag)
		f.etag = webdav_version(etag, 0, 0);
	*ret = f;
	return 0;
}

int webdav_odd(const struct webdav_link *l, const struct http_answer *a, const char *path, struct err *e)
{
	err_set(e, EIO, "%s gave an answer about \"%.200s\" that we do not understand (HTTP %d)",
		l->base.name, path, a->status);
	if (e) {
		e->retry = ERR_LATER;
		e->http_status = a->status;
	}
	return -EIO;
}

struct look {
	struct webdav_link *link;
	const char *path;
	struct remote_file file;
	int found;
};

static int on_look(void *context, const struct dav_response *r, struct err *e)
{
	struct look *look = context;

	if (look->found || r->status / 100 > 2)
		return 0;
	look->found = read_entry(look->link, r, look->path, &look->file) == 0;
	return 0;
}

int webdav_stat(struct webdav_link *l, const char *path, struct remote_file *ret, struct err *e)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	struct look look = {.link = l, .path = path};
	const struct dav_call c = {.method = "PROPFIND", .url = url, .depth = "0", .body = wanted};
	int r = dav_multi(&l->dav, &c, on_look, &look, NULL, NULL, e);

	if (r == 0 && !look.found)
		r = err_set(e, ENOENT, "%s does not have \"%.200s\"", l->base.name, path);
	if (r < 0) {
		remote_file_finish(&look.file);
		return r;
	}
	*ret = look.file;
	return 0;
}

static int stat_file(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e)
{
	struct webdav_link *l = webdav_link(link);
	int r = webdav_check_path(l, path, e);

	return r < 0 ? r : webdav_stat(l, path, ret, e);
}

/* ---- the tree ---- */

struct walk {
	struct webdav_link *link;
	const struct file_walk *into; /* NULL: it is only counted */
	char **folders;		      /* still to be listed from @next on; given */
	size_t folder_count, folder_size, next;
	struct remote_file *files; /* of the folder that is listed now; given */
	size_t count, size;
	size_t entries;
	unsigned self; /* segments of its path; 0 … */
	_Bool started; /* … until the first part of the answer */
};

static unsigned segments(const char *path)
{
	unsigned n = *path != '\0';

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static void forget_files(struct walk *w)
{
	for (size_t i = 0; i < w->count; i++)
		remote_file_finish(&w->files[i]);
	w->count = 0;
}

static void walk_finish(struct walk *w)
{
	forget_files(w);
	for (size_t i = w->next; i < w->folder_count; i++)
		free(w->folders[i]);
	free(w->folders);
	free(w->files);
}

static void push_folder(struct walk *w, const char *path)
{
	if (w->folder_count == w->folder_size) {
		w->folder_size = w->folder_size ? w->folder_size * 2 : 64;
		w->folders = mem_grow(w->folders, w->folder_size, sizeof(*w->folders));
	}
	w->folders[w->folder_count++] = str_dup(path);
}

static int add_file(struct walk *w, const struct dav_response *r, struct err *e)
{
	struct webdav_link *l = w->link;
	const char *folder = w->folders[w->next];
	_cleanup_(mem_freep) char *path =
		*folder ? path_join(folder, path_base(r->path)) : str_dup(path_base(r->path));

	if (++w->entries > MAX_ENTRIES)
		return driver_whole(e, err_set(e, E2BIG, "%s holds more than %d files and folders",
					       l->base.name, MAX_ENTRIES));
	if (w->count == w->size) {
		w->size = w->size ? w->size * 2 : BATCH;
		w->files = mem_grow(w->files, w->size, sizeof(*w->files));
	}
	if (read_entry(l, r, path, &w->files[w->count]) == 0) {
		w->count++;
	} else if (!l->warned_size && dav_property(r, DAV_SPACE, "getlastmodified")) {
		l->warned_size = 1;
		log_warning("webdav",
			"%s: \"%s\" is left out: the server does not say how large it is (others like "
			"it are not logged)",
			l->base.name, path);
	}
	return 0;
}

/*
 * A listing has the folder itself and what is in it. Which is which the number of segments tells: the path in front of the last
 * one may be another than we asked for, behind a proxy or where the server has another Unicode form of a name.
 */
static int on_entry(void *context, const struct dav_response *r, struct err *e)
{
	struct walk *w = context;
	struct webdav_link *l = w->link;
	unsigned depth, expected;

	if (!r->path || (r->path && strlen(path_base(r->path)) > MAX_NAME)) {
		if (!l->warned_name)
			log_warning("webdav",
				"%s: \"%s\" is left out: no file here can be called so (others "
				"like it are not logged)",
				l->base.name, r->href);
		l->warned_name = 1;
		return 0;
	}
	depth = segments(r->path);
	expected = l->depth + segments(w->folders[w->next]);
	if (!w->started)
		w->self = depth == expected + 1 ? expected : depth;
	w->started = 1;
	if (depth == w->self && !dav_is_type(r, DAV_SPACE, "collection"))
		return err_set(e, ENOENT, "%s has a file where the folder \"%.200s\" was", l->base.name,
			w->folders[w->next]);
	return depth == w->self + 1 && r->status / 100 <= 2 ? add_file(w, r, e) : 0;
}

static int give_files(struct walk *w)
{
	const struct file_walk *into = w->into;
	unsigned depth = segments(w->folders[w->next]);
	int r = 0;

	for (size_t i = 0; into && r == 0 && i < w->count; i += BATCH)
		r = into->sink(into->context, w->files + i, w->count - i < BATCH ? w->count - i : BATCH);
	for (size_t i = 0; into && !into->flat && r == 0 && i < w->count; i++) {
		const struct remote_file *f = &w->files[i];

		if (f->folder && depth < MAX_DEPTH &&
			!(into->known && f->etag && into->known(into->context, f->path, f->etag)))
			push_folder(w, f->path);
	}
	forget_files(w);
	return r;
}

/* A folder that has vanished since its parent was listed, or that we may not look into, is no reason to give up. */
static _Bool passable(struct walk *w, int r, const struct err *e)
{
	struct webdav_link *l = w->link;

	if (w->next == 0 || (r != -ENOENT && !(r == -EACCES && e->http_status == 403)))
		return 0;
	if (r == -EACCES && !l->warned_access)
		log_warning("webdav", "%s: \"%s\" is left out: %s (others like it are not logged)",
			l->base.name, w->folders[w->next], e->text);
	l->warned_access |= r == -EACCES;
	return 1;
}

static int list_folder(struct walk *w, struct err *e)
{
	struct webdav_link *l = w->link;
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, w->folders[w->next], 1);
	const struct dav_call c = {.method = "PROPFIND", .url = url, .depth = "1", .body = wanted};
	struct err reason = {0};
	int r;

	w->started = 0;
	r = dav_multi(&l->dav, &c, on_entry, w, NULL, NULL, &reason);
	if (r < 0 && passable(w, r, &reason)) {
		forget_files(w);
		return 0;
	}
	if (r < 0 && e)
		*e = reason;
	return r < 0 ? r : give_files(w);
}

static int walk(struct walk *w, const char *path, struct err *e)
{
	int r = 0;

	for (push_folder(w, path); r == 0 && w->next < w->folder_count;) {
		r = list_folder(w, e);
		free(w->folders[w->next++]);
	}
	return r;
}

static int walk_below(struct tool_link *link, const struct file_walk *into, struct err *e)
{
	_cleanup_(walk_finish) struct walk w = {.link = webdav_link(link), .into = into};
	const char *path = into->path ? into->path : "";
	int r = webdav_check_path(w.link, path, e);

	return r < 0 ? r : walk(&w, path, e);
}

struct search {
	const char *path;
	_Bool found;
};

static int on_search(void *context, const struct remote_file *files, size_t count)
{
	struct search *s = context;

	for (size_t i = 0; i < count; i++)
		s->found |= strcmp(files[i].path, s->path) == 0;
	return 0;
}

int webdav_hides(struct webdav_link *l, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *dir = strchr(path, '/') ? path_dir(path) : str_dup("");
	struct search s = {.path = path};
	const struct file_walk into = {.path = dir, .flat = 1, .sink = on_search, .context = &s};
	int r = 0;

	if (*path_base(path) != '.' || l->lists_dots)
		return 0;
	if (!l->hides_dots)
		r = walk_below(&l->base, &into, e);
	if (r < 0)
		return r;
	l->lists_dots = s.found;
	l->hides_dots = !s.found;
	if (s.found)
		return 0;
	err_set(e, EINVAL,
		"%s does not show files whose name begins with a dot, so \"%.200s\" cannot be there",
		l->base.name, path);
	return 1;
}

static int check(struct tool_link *link, char **ret_text, struct err *e)
{
	_cleanup_(walk_finish) struct walk w = {.link = webdav_link(link)};
	int64_t total, left;
	int r = walk(&w, "", e);

	if (r < 0)
		return r;
	if (webdav_room(link, &total, &left, NULL) == 0)
		*ret_text = str_format(
			"%zu files and folders in it, %lld MiB free", w.entries, (long long)(left >> 20));
	else
		*ret_text = str_format("%zu files and folders in it", w.entries);
	return 0;
}

/* ---- the face ---- */

static void close_link(struct tool_link *link)
{
	struct webdav_link *l = webdav_link(link);

	dav_finish(&l->dav);
	free(l->uploads);
	free(l->held);
	free(l);
}

static const struct file_ops file_ops = {
	.walk = walk_below,
	.stat = stat_file,
	.read = webdav_read,
	.write = webdav_write,
	.make_folder = webdav_make_folder,
	.move = webdav_move,
	.remove = webdav_remove,
	.room = webdav_room,
};

static const struct connector_ops ops = {
	.check = check,
	.files = &file_ops,
	.close = close_link,
};

/* The "folder" setting leads further down. */
static int enter(struct webdav_link *l, const char *folder, struct err *e)
{
	_cleanup_(mem_freep) char *path = NULL;
	char *deeper;
	size_t n;

	folder += strspn(folder, "/");
	path = str_dup(folder);
	for (n = strlen(path); n && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	if (webdav_check_path(l, path, NULL) < 0)
		return driver_bad(e, "/folder", "this is no path of a folder: write it as \"Clients/2026\"");
	deeper = dav_address(&l->dav, path, *path != '\0');
	free(l->dav.root);
	l->dav.root = deeper;
	return 0;
}

int webdav_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	static const char *const keys[] = {"url", "user", "password", "token", "folder", NULL};
	struct webdav_link *l;
	_cleanup_(mem_freep) char *path = NULL;
	int r = driver_keys(setup->config, "", keys, e);

	if (r < 0)
		return r;
	l = mem_alloc(sizeof(*l));
	l->base = (struct tool_link){.ops = &ops, .name = setup->name, .stop = setup->stop};
	r = dav_open(&l->dav, setup, e);
	if (r == 0 && json_get_text(setup->config, "folder"))
		r = enter(l, json_get_text(setup->config, "folder"), e);
	if (r == 0) {
		path = dav_path(l->dav.root);
		if (!path)
			r = driver_bad(e, "/url", "this is no path of a folder");
	}
	if (r < 0) {
		close_link(&l->base);
		return r;
	}
	l->depth = segments(path);
	*ret = &l->base;
	return 0;
}
