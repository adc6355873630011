/* SPDX-License-Identifier: Apache-2.0 */
/* What a WebDAV server's refusal of a change is about. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "connect/webdav.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/net/crypto.h"

struct owner {
	char text[120];
	char token[200];
};

static char own_name[40];

static void make_own_name(void)
{
	uint64_t number;

	crypto_random(&number, sizeof(number));
	snprintf(own_name, sizeof(own_name), "seamfs %016" PRIx64, number);
}

const char *webdav_owner(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_own_name);
	return own_name;
}

static int on_lock(void *context, const struct dav_response *r, struct err *e)
{
	struct owner *o = context;
	const struct xml_node *lock =
		xml_child(dav_property(r, DAV_SPACE, "lockdiscovery"), DAV_SPACE, "activelock");
	const struct xml_node *owner = xml_child(lock, DAV_SPACE, "owner");
	const char *href = xml_text(owner, DAV_SPACE, "href");

	if (owner)
		snprintf(o->text, sizeof(o->text), "%s", href ? href : owner->text);
	href = xml_text(xml_child(lock, DAV_SPACE, "locktoken"), DAV_SPACE, "href");
	if (href)
		snprintf(o->token, sizeof(o->token), "<%s>", href);
	return 0;
}

/* Who has locked it, if the server says so. */
static void find_owner(struct webdav_link *l, const char *path, struct owner *o)
{
	_cleanup_(mem_freep) char *url = dav_address(&l->dav, path, 0);
	const struct dav_call c = {.method = "PROPFIND",
		.url = url,
		.depth = "0",
		.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:lockdiscovery/></D:prop></D:propfind>"};

	*o = (struct owner){0};
	dav_multi(&l->dav, &c, on_lock, o, NULL, NULL, NULL);
	utf8_disarm(o->text);
	o->text[strcspn(o->text, "\n")] = '\0';
}

_Bool webdav_free_own(struct webdav_link *l, const char *path)
{
	struct owner o;

	find_owner(l, path, &o);
	if (strcmp(o.text, webdav_owner()) != 0 || !*o.token)
		return 0;
	webdav_unlock(l, path, o.token);
	return 1;
}

int webdav_locked(struct webdav_link *l, const char *path, struct err *e)
{
	struct owner o;

	find_owner(l, path, &o);
	err_set(e, EACCES, "%s: \"%.200s\" is locked%s%s: it is sent again when that is over", l->base.name,
		path, *o.text ? " by " : ", somebody else works on it", o.text);
	if (e) {
		e->retry = ERR_LATER;
		e->http_status = 423;
	}
	return -EACCES;
}

/* Whether something is there: 1 a folder, 2 a file, 0 nothing, or -errno. */
int webdav_look_for(struct webdav_link *l, const char *path, struct err *e)
{
	struct remote_file f = {0};
	int r = webdav_stat(l, path, &f, e);

	r = r == 0 ? (f.folder ? 1 : 2) : r == -ENOENT ? 0 : r;
	remote_file_finish(&f);
	return r;
}

/* Statuses that servers use for many things, "its folder is not there" among them. */
_Bool webdav_ambiguous(int status)
{
	return status == 400 || status == 403 || status == 404 || status == 405 || status == 409 ||
	       status == 500;
}

int webdav_explain(struct webdav_link *l, const char *path, const struct http_answer *a, struct err *e)
{
	_cleanup_(mem_freep) char *dir = strchr(path, '/') ? path_dir(path) : NULL;
	struct err reason = {0};
	int r = dav_refused(&l->dav, a, &reason);

	/* 424: something in the folder is locked. */
	if (a->status == 423 || a->status == 424)
		return webdav_locked(l, path, e);
	if (webdav_ambiguous(a->status) && dir && webdav_look_for(l, dir, NULL) == 0)
		return err_set(e, ENOENT, "%s has no folder \"%.200s\"", l->base.name, dir);
	/* This is about what is where, not about versions (RFC 4918 9.7.1). */
	if (a->status == 409) {
		reason.code = EIO;
		r = -EIO;
		snprintf(reason.text, sizeof(reason.text), "%s refused \"%.200s\" (HTTP 409)", l->base.name,
			path);
	}
	if (e)
		*e = reason;
	return r;
}

int webdav_exists(const struct webdav_link *l, const char *path, _Bool folder, struct err *e)
{
	return err_set(
		e, EEXIST, "%s has a %s \"%.200s\" already", l->base.name, folder ? "folder" : "file", path);
}

int webdav_stale(const struct webdav_link *l, const char *path, struct err *e)
{
	err_set(e, ESTALE, "%s has another version of \"%.200s\" by now", l->base.name, path);
	if (e)
		e->retry = ERR_NOW;
	return -ESTALE;
}
