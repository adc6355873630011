/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which collection: the address that a person gave may be the collection itself, a user's folder, or only the server (RFC 6764 6). From
 * there the way is the user (current-user-principal, RFC 5397), his folder (addressbook-home-set, calendar-home-set), and what is in it.
 */
#include <errno.h>
#include <string.h>

#include "connect/dav_entries.h"
#include "connect/drivers.h"
#include "seamfs/base/mem.h"

enum { MANY_NAMES = 300 };

/* One look at an address. */
struct look {
	struct dav_entries *l;
	_Bool inside; /* what is in the folder is meant, not the folder */
	char *principal, *home;
	int found;	  /* collections that fit */
	struct buf names; /* of all there are */
};

static void look_finish(struct look *k)
{
	free(k->principal);
	free(k->home);
	buf_finish(&k->names);
}

static _Bool has_report(const struct dav_response *r, const char *space, const char *name)
{
	const struct xml_node *set = dav_property(r, DAV_SPACE, "supported-report-set");
	const struct xml_node *one = xml_child(set, DAV_SPACE, "supported-report");

	for (; one; one = xml_after(one)) {
		if (xml_child(xml_child(one, DAV_SPACE, "report"), space, name))
			return 1;
	}
	return 0;
}

/* A calendar that does not say takes everything (RFC 4791 5.2.3). */
static _Bool takes(const struct dav_response *r, const char *component)
{
	const struct xml_node *set = dav_property(r, DAV_CALENDAR, "supported-calendar-component-set");
	const struct xml_node *one = xml_child(set, DAV_CALENDAR, "comp");

	if (!component || !set)
		return 1;
	for (; one; one = xml_after(one)) {
		if (str_equal(xml_value(one, "name"), component))
			return 1;
	}
	return 0;
}

static const char *last_segment(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "Work", its name; "work", the last part of its address; or all of that. */
static _Bool is_wanted(const struct dav_entries *l, const struct dav_response *r, const char *title)
{
	_cleanup_(mem_freep) char *path = l->wanted ? dav_path(l->wanted) : NULL;

	return !l->wanted || strcmp(l->wanted, title) == 0 || str_equal(path, r->path) ||
	       strcmp(l->wanted, last_segment(r->path)) == 0;
}

static void choose(struct dav_entries *l, const struct dav_response *r, const char *title)
{
	char *address = dav_resolve(&l->dav, r->href);
	size_t len = address ? strlen(address) : 0;

	if (!len) {
		free(address);
		return;
	}
	free(l->collection);
	l->collection = str_format("%s%s", address, address[len - 1] == '/' ? "" : "/");
	str_set(&l->path, r->path);
	str_set(&l->title, title);
	l->syncs = has_report(r, DAV_SPACE, "sync-collection");
	free(address);
}

static void set_address(struct look *k, char **slot, const struct xml_node *property)
{
	const char *href = xml_text(property, DAV_SPACE, "href");

	if (href && !*slot)
		*slot = dav_resolve(&k->l->dav, href);
}

static int take(void *context, const struct dav_response *r, struct err *e)
{
	struct look *k = context;
	const struct dav_format *f = k->l->format;
	const char *title = dav_text(r, DAV_SPACE, "displayname");

	set_address(k, &k->principal, dav_property(r, DAV_SPACE, "current-user-principal"));
	set_address(k, &k->home, dav_property(r, f->space, f->home));
	if (!r->path || !dav_is_type(r, f->space, f->type))
		return 0;
	if (!title || !*title)
		title = last_segment(r->path);
	/* The address of a collection is an answer to all questions. */
	if (!k->inside) {
		choose(k->l, r, title);
		return 0;
	}
	if (!takes(r, f->component))
		return 0;
	buf_printf(&k->names, "%s\"%s\"", k->names.len ? ", " : "", title);
	if (!is_wanted(k->l, r, title))
		return 0;
	choose(k->l, r, title);
	k->found++;
	return 0;
}

static int look(struct look *k, const char *url, _Bool inside, struct err *e)
{
	_cleanup_(mem_freep) char *body = str_format(
		"<d:propfind xmlns:d=\"DAV:\" xmlns:c=\"%s\"><d:prop><d:resourcetype/><d:displayname/>"
		"<d:current-user-principal/><d:supported-report-set/><c:%s/"
		"><c:supported-calendar-component-set/>"
		"</d:prop></d:propfind>",
		k->l->format->space, k->l->format->home);

	k->inside = inside;
	return dav_multi(&k->l->dav,
		&(struct dav_call){
			.method = "PROPFIND", .url = url, .depth = inside ? "1" : "0", .body = body},
		take, k, NULL, NULL, e);
}

/* The user's folder, by way of the user. */
static int find_home(struct look *k, const char *url, struct err *e)
{
	int r = look(k, url, 0, e);

	if (r == 0 && !k->l->collection && !k->home && k->principal)
		r = look(k, k->principal, 0, e);
	return r;
}

static int not_found(struct look *k, int code, struct err *e)
{
	const struct dav_entries *l = k->l;

	if (!k->names.len)
		err_set(e, code, "%s has no %s at %s: is its address right?", l->base.name, l->format->title,
			k->home ? k->home : l->dav.root);
	else if (l->wanted)
		err_set(e, code, "%s has no %s \"%s\"; it has %s%s", l->base.name, l->format->title,
			l->wanted, buf_text(&k->names), k->names.error ? " …" : "");
	else
		err_set(e, code, "%s has several: %s%s; say in stack.json which \"collection\" is meant",
			l->base.name, buf_text(&k->names), k->names.error ? " …" : "");
	driver_whole(e, 0);
	if (e)
		e->retry = ERR_AFTER_USER;
	return -code;
}

/* No answer at all, or no way in: another address of the same server would not help. */
static _Bool hopeless(int r, const struct err *why)
{
	return r == -EACCES || r == -ECANCELED || why->retry == ERR_LATER;
}

static int search(struct look *k, struct err *e)
{
	struct dav_entries *l = k->l;
	_cleanup_(mem_freep) char *path = str_format("/.well-known/%s", l->format->service);
	_cleanup_(mem_freep) char *well_known = http_resolve(l->dav.root, path);
	struct err why = {0};
	int r = find_home(k, l->dav.root, &why);

	if (r < 0 && hopeless(r, &why)) {
		if (e)
			*e = why;
		return r;
	}
	if (!l->collection && !k->home && well_known) {
		r = find_home(k, well_known, &why);
		if (r < 0 && hopeless(r, &why)) {
			if (e)
				*e = why;
			return r;
		}
	}
	if (l->collection)
		return 0;
	/* A server that does not know of users has its collections where the address leads. */
	if (!k->home)
		k->home = str_dup(l->dav.root);
	r = look(k, k->home, 1, e);
	if (r < 0 || k->found == 1)
		return r;
	free(l->collection);
	l->collection = NULL;
	return not_found(k, EINVAL, e);
}

int dav_find(struct dav_entries *l, struct err *e)
{
	_cleanup_(look_finish) struct look k = {.l = l, .names = BUF_INIT(MANY_NAMES)};

	return l->collection ? 0 : search(&k, e);
}
