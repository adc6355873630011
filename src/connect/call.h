/* SPDX-License-Identifier: Apache-2.0 */
/* call - one request of the engine and what its answer means, and a listing of many.        Threads: as engine.h. */
#pragma once

#include "connect/engine.h"

/* One request. Members that do not apply are NULL. */
struct call {
	const struct manifest_type *type;
	const cJSON *request;			 /* verb, path, query, headers, body, set, wrap */
	const cJSON *query, *headers, *surround; /* more of these; they replace those of the request */
	const char *url;			 /* instead of path and query: a link that the tool gave */
	const char *id, *ids, *since, *once, *each, *version, *to, *choice, *callback; /* for {id}, {ids} … */
	const cJSON *body;	  /* the record in the tool's form, for {field} */
	_Bool sends;		  /* … and it is what is sent */
	const struct page *page;  /* parameters of paging */
	struct http_field header; /* one more header; .name NULL: none */
	enum err_scope scope;	  /* what is broken when the tool does not know or allow this */
};

/* What chooses a page: parameters of the query, or of the body when the name begins with '/'. */
struct page {
	struct http_field params[2]; /* borrowed */
	int count;
	_Bool first;	   /* nothing has been asked for yet */
	const cJSON *drop; /* parameters that only the first page has */
	const char *cursor;
	char offset[24], number[24];
};

struct reply {
	int status;
	cJSON *json; /* NULL when the answer was empty or is no JSON */
	int64_t date_ms;
};

void reply_finish(struct reply *r);

/* engine_values - what {names} stand for in this call */
struct template_values engine_values(const struct engine *g, const struct call *c);

/* engine_url - address of the call with its query, given; without secrets. 0, or -EINVAL when a path lacks a value. */
int engine_url(struct engine *g, const struct call *c, char **ret, struct err *e);

/**
 * engine_call - sends and judges: by the manifest's "errors" first, then by the status
 *
 * Returns 0 with @ret filled, or -errno.
 */
int engine_call(struct engine *g, const struct call *c, struct reply *ret, struct err *e);

/* sign_headers - the headers that "http.auth.hmac" asks for, name -> text, given; NULL: it asks for none */
cJSON *sign_headers(
	struct engine *g, const struct call *c, const char *verb, const char *url, const char *body);

/* engine_odd - refuses a 2xx answer that is not what the manifest says; returns -EIO */
int engine_odd(const struct engine *g, const struct reply *reply, const char *pointer, struct err *e);

/* records_sink - one page of a listing: an array of the tool's records. 0, or -errno to end the listing. */
typedef int (*records_sink)(void *context, const cJSON *records, struct err *e);

struct listing {
	struct call call;	   /* without the parameters of paging */
	const cJSON *page;	   /* the manifest's; NULL: one page is all */
	const char *records;	   /* JSON Pointer in an answer */
	const struct id_place *id; /* in a record */
	const cJSON *only;	   /* what has to stand in a record that is meant: JSON Pointer -> value */
	const cJSON *empty;	   /* statuses that mean that there are none */
	_Bool brief;		   /* its records lack fields: each is read by itself */
	const char *each;	   /* asked once for each record of this type, or row of this lookup */
	_Bool first_page_only;
};

/* engine_listing - what a "list" of the manifest says; @page: where it has none of its own */
struct listing engine_listing(const struct manifest_type *t, const cJSON *list, const cJSON *page);

/**
 * engine_pages - all pages of a listing
 * @ret_proven:  every page was good, no record came twice, and the end was told
 * @ret_date_ms: the server's clock when the first page was made, 0 when it did not say
 */
int engine_pages(struct engine *g, const struct listing *l, records_sink sink, void *context,
	_Bool *ret_proven, int64_t *ret_date_ms, struct err *e);

/* engine_among - whether @text is @want or one of its elements */
_Bool engine_among(const cJSON *want, const char *text);

/* engine_matches - whether @record has what @only says at each pointer (null: nothing) */
_Bool engine_matches(const struct engine *g, const cJSON *record, const cJSON *only);
