/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dav - what the connectors that speak WebDAV (RFC 4918) share: the account, requests, and answers of many parts.
 *
 * An address in an answer (href) is only ever taken as a path on the server that was asked: its scheme and host, which a proxy in
 * between may have made wrong, don't count, so no answer can send us, or our password, elsewhere.
 *
 * Threads: as connect.h says of a tool_link.
 */
#pragma once

#include "seamfs/codec/xml.h"
#include "seamfs/connect/registry.h"
#include "seamfs/net/http.h"

#define DAV_SPACE     "DAV:"
#define DAV_CARD      "urn:ietf:params:xml:ns:carddav"
#define DAV_CALENDAR  "urn:ietf:params:xml:ns:caldav"
#define DAV_CALSERVER "http://calendarserver.org/ns/"
#define DAV_OWNCLOUD  "http://owncloud.org/ns"

/* What a person is asked for: members of a manifest's "settings" (registry.h). */
#define DAV_SETTINGS                                                                                         \
	"\"user\": {\"label\": \"User name\", \"optional\": true}, "                                         \
	"\"password\": {\"label\": \"Password, best one for this program only\", \"secret\": true, "         \
	"\"optional\": true}, "                                                                              \
	"\"token\": {\"label\": \"Access token, instead of a password\", \"secret\": true, \"optional\": "   \
	"true}"

struct dav {
	struct http *http;
	const char *tool; /* its name; borrowed */
	char *root;	  /* address that all paths are relative to; ends with '/' */
};

/**
 * dav_open - reads "url", "user", "password" and "token" of the tool's object; no network
 *
 * Returns 0, or -errno with a sentence that begins with the key's pointer. dav_finish() in any case.
 */
int dav_open(struct dav *d, const struct tool_setup *setup, struct err *e);
void dav_finish(struct dav *d);

/* dav_keys - NULL-terminated: what dav_open() reads */
extern const char *const dav_keys[];

/* ---- addresses ---- */

/* dav_address - the address of a path below the root ("" is the root itself), each segment encoded; given */
char *dav_address(const struct dav *d, const char *path, _Bool folder);

/* dav_resolve - the address on this server that a href means; given; NULL when it means none */
char *dav_resolve(const struct dav *d, const char *href);

/*
 * dav_path - the path that a href means, decoded, from the server's own root, without '/' at its ends; given. NULL where a segment
 * is no UTF-8, holds a '/' or NUL, or is "." or "..": no name could stand for it.
 */
char *dav_path(const char *href);

/* ---- requests ---- */

enum { DAV_MAX_HEADERS = 8 };

struct dav_call {
	const char *method;
	const char *url;
	const char *depth;			    /* NULL: no such header */
	const char *body;			    /* XML without a .content_type; NULL: none */
	struct http_field headers[DAV_MAX_HEADERS]; /* until the first without a name */
	const struct http_upload *from;		    /* as in http.h */
	const struct http_download *into;
	const char *content_type; /* of .from, and of a body that is no XML */
	unsigned patience_s;
};

/* dav_send - as http_send(): 0 for every answer whatever its status */
int dav_send(struct dav *d, const struct dav_call *c, struct http_answer *ret, struct err *e);

/**
 * dav_refused - what an answer's status means, as http_refused() says, but -ENOSPC for 507, and -EACCES with retry ERR_LATER for 423
 *
 * The sentence holds the server's own words where it has any.
 */
int dav_refused(const struct dav *d, const struct http_answer *a, struct err *e);

/*
 * dav_condition - whether the answer's body is a DAV:error that names this condition, such as "valid-sync-token" (RFC 6578 3.2) or
 * "no-uid-conflict" (RFC 4791 5.3.2.1), in any namespace
 */
_Bool dav_condition(const struct http_answer *a, const char *name);

/* One part of a multistatus, borrowed. */
struct dav_response {
	const char *href;	     /* as the server wrote it */
	char *path;		     /* dav_path() of it */
	int status;		     /* of the resource as a whole; 0: each property has its own */
	const struct xml_node *node; /* all of it */
};

/* dav_property - a property that the server gave (status 2xx), NULL without one */
const struct xml_node *dav_property(const struct dav_response *r, const char *space, const char *name);

/* dav_text - its text; NULL without one */
const char *dav_text(const struct dav_response *r, const char *space, const char *name);

/* dav_is_type - whether DAV:resourcetype has this element in it: "collection", "addressbook" … */
_Bool dav_is_type(const struct dav_response *r, const char *space, const char *name);

typedef int (*dav_sink)(void *context, const struct dav_response *r, struct err *e);

/**
 * dav_multi - sends a PROPFIND or REPORT and gives its parts as they arrive
 * @sink:      -errno, with a sentence, ends it and is forwarded
 * @condition: NULL, or a condition of dav_condition() that the caller wants to know of
 * @ret_token: the multistatus' DAV:sync-token, given, NULL without one; may be NULL
 *
 * Returns 0; 1 when the server refused because of @condition; or -errno: that of dav_refused(), or -EIO when the answer is no
 * multistatus or is cut off: then parts of it were given nevertheless.
 */
int dav_multi(struct dav *d, const struct dav_call *c, dav_sink sink, void *context, const char *condition,
	char **ret_token, struct err *e);
