/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine - one connected HTTP + JSON tool, driven by its manifest. The parts: open.c (settings, secrets),
 * request.c (one call and what its answer means), pages.c (a listing, proven page by page), lookup.c (tables
 * of ids and names), read.c and write.c (the contract of connect.h).
 *
 * Threads: as connect.h says: one at a time for each link.
 */
#pragma once

#include "connect/manifest.h"
#include "connect/template.h"
#include "seamfs/connect/registry.h"
#include "seamfs/net/http.h"

/* A table of ids and names, fetched when first needed. */
struct lookup {
	const cJSON *json;  /* its request, from the manifest */
	cJSON *rows;	    /* name -> id, both texts; NULL before the first fetch */
	int64_t fetched_ms; /* steady clock */
};

struct engine {
	struct tool_link link; /* must be first */
	struct manifest *manifest;
	struct http *http;
	char *base; /* without '/' at the end */
	char *currency;
	struct setting *settings;
	size_t setting_count;
	struct lookup *lookups;
	size_t lookup_count;
	int64_t skew_ms;	   /* the server's clock minus ours, as of the last answer */
	_Bool tested[TYPE_COUNT];  /* the filter of "changes" has been tried */
	_Bool ignored[TYPE_COUNT]; /* … and the tool ignores it: every listing is a full one */
};

/* One request. Members that do not apply are NULL. */
struct call {
	const struct manifest_type *type;
	const cJSON *request;	 /* verb, path, query, set, wrap */
	const cJSON *query;	 /* more query parameters; they replace those of the request */
	const char *url;	 /* instead of path and query: a link that the tool gave */
	const char *id, *since;	 /* for {id} and {since} */
	const cJSON *body;	 /* the record in the tool's form */
	const struct page *page; /* parameters of paging */
	const char *header_name, *header_value;
	enum err_scope scope; /* what is broken when the tool does not know or allow this */
};

/* Query parameters that choose a page. */
struct page {
	struct {
		const char *name, *value; /* borrowed */
	} params[2];
	int count;
	char number[24]; /* a value that is made here */
};

struct reply {
	int status;
	cJSON *json; /* NULL when the answer was empty or is no JSON */
	int64_t date_ms;
};

void reply_finish(struct reply *r);

/* engine_values - what {names} stand for in this call */
struct template_values engine_values(const struct engine *g, const struct call *c);

/* engine_url - address of the call with its query, given. 0, or -EINVAL when a path lacks a value. */
int engine_url(const struct engine *g, const struct call *c, char **ret, struct err *e);

/**
 * engine_call - sends and judges: by the manifest's "errors" first, then by the status
 *
 * Returns 0 with @ret filled, or -errno.
 */
int engine_call(struct engine *g, const struct call *c, struct reply *ret, struct err *e);

/* engine_odd - refuses a 2xx answer that is not what the manifest says; returns -EIO */
int engine_odd(const struct engine *g, const struct reply *reply, const char *pointer, struct err *e);

/* records_sink - one page of a listing: an array of the tool's records. 0, or -errno to end the listing. */
typedef int (*records_sink)(void *context, const cJSON *records, struct err *e);

struct listing {
	struct call call;    /* without the parameters of paging */
	const cJSON *page;   /* the manifest's; NULL: one page is all */
	const char *records; /* JSON Pointer in an answer */
	const char *id;	     /* JSON Pointer in a record */
};

/**
 * engine_pages - all pages of a listing
 * @ret_proven:  every page was good, no record came twice, and the end was told
 * @ret_date_ms: the server's clock when the first page was made, 0 when it did not say
 */
int engine_pages(struct engine *g, const struct listing *l, records_sink sink, void *context,
	_Bool *ret_proven, int64_t *ret_date_ms, struct err *e);

/* engine_lookup - map_env.lookup: @context is the engine */
int engine_lookup(
	void *context, const char *table, const char *text, _Bool by_name, const char **ret, struct err *e);

/* engine_env - what a mapping needs to know */
struct map_env engine_env(struct engine *g, const char *key, const cJSON *base);

/* engine_remote - the tool's record as a remote */
int engine_remote(struct engine *g, const struct manifest_type *t, const cJSON *record, struct remote *ret,
	struct err *e);

/* engine_type - what the manifest says about @type, or NULL and -EOPNOTSUPP in @e */
const struct manifest_type *engine_type(struct tool_link *link, enum type_id type, struct err *e);

/* The contract (connect.h). */
int engine_check(struct tool_link *link, char **ret_text, struct err *e);
int engine_list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink,
	void *context, char **ret_cursor, _Bool *ret_complete, struct err *e);
int engine_get(struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e);
int engine_create(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
	struct remote *ret, struct err *e);
int engine_find(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key, int64_t sent_ms,
	struct remote *ret, struct err *e);
int engine_update(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
	const cJSON *base, struct remote *ret, struct err *e);
int engine_remove(struct tool_link *link, enum type_id type, const char *id, struct err *e);
int engine_restore(
	struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e);
void engine_close(struct tool_link *link);

/**
 * engine_open - opens the tool that the manifest at @path describes; no network yet
 *
 * As connect_open().
 */
int engine_open(const char *path, const struct tool_setup *setup, struct tool_link **ret, struct err *e);
