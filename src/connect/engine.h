/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine - one connected HTTP + JSON tool, driven by its manifest. The parts: open.c (settings, secrets),
 * request.c (one call and what its answer means), pages.c (a listing, proven page by page), lookup.c (tables
 * of ids and names), auth.c (sessions and tokens), read.c, list.c, write.c, change.c and steps.c (the contract of connect.h).
 *
 * Threads: as connect.h says: one at a time for each link.
 */
#pragma once

#include "connect/auth.h"
#include "connect/manifest.h"
#include "connect/template.h"
#include "seamfs/connect/registry.h"
#include "seamfs/net/http.h"

struct call;
struct reply;

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
	char *base;	   /* without '/' at the end; NULL: only a login will tell */
	const char *given; /* "base" in stack.json, in place of the manifest's; borrowed from .config */
	cJSON *config;	   /* the tool's object in stack.json */
	struct auth auth;
	char *currency;
	struct setting *settings;
	size_t setting_count;
	struct lookup *lookups;
	size_t lookup_count;
	struct {
		const struct manifest_type *type;
		char *id, *version;
	} seen;			   /* the record that was read last, and its version (guard) */
	int64_t skew_ms;	   /* the server's clock minus ours, as of the last answer */
	_Bool tested[TYPE_COUNT];  /* the filter of "changes" has been tried */
	_Bool ignored[TYPE_COUNT]; /* … and the tool ignores it: every listing is a full one */
};

/* engine_chosen - whether an address begins with a setting, whose @name that is: then a person has chosen it */
_Bool engine_chosen(const struct engine *g, const char *template, char name[64]);

/* engine_base - makes the tool's address of the manifest, the settings and what a login told. 0 or -EINVAL. */
int engine_base(struct engine *g, struct err *e);

/* engine_lookup - map_env.lookup: @context is the engine */
int engine_lookup(
	void *context, const char *table, const char *text, _Bool by_name, const char **ret, struct err *e);

/* engine_joined - one text out of a pointer, or several with blanks between (first and last name); given, NULL: none */
char *engine_joined(const cJSON *record, const cJSON *pointers);

/* engine_env - what a mapping needs to know */
struct map_env engine_env(struct engine *g, const char *key, const cJSON *base);

/* engine_remote - the tool's record as a remote */
int engine_remote(struct engine *g, const struct manifest_type *t, const cJSON *record, struct remote *ret,
	struct err *e);

/* engine_stamp - when the tool's record was made or changed last; 0: it does not say */
int64_t engine_stamp(const struct manifest_type *t, const cJSON *record);

/* engine_record - the record in the tool's form, its version noted (guard); @ret is borrowed from @reply */
int engine_record(struct engine *g, const struct manifest_type *t, const char *id, struct reply *reply,
	const cJSON **ret, struct err *e);

/*
 * engine_version - the version of the record that was read last, or of @id where that was another one; given, NULL where the manifest
 * has no guard. 0 or -errno.
 */
int engine_version(
	struct engine *g, const struct manifest_type *t, const char *id, char **ret, struct err *e);

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
int engine_subscribe(struct tool_link *link, const char *address, const char *remote, _Bool renew,
	struct subscription *ret, struct err *e);
void engine_close(struct tool_link *link);

/**
 * engine_open - opens the tool that the manifest at @path describes; no network yet
 *
 * As connect_open().
 */
int engine_open(const char *path, const struct tool_setup *setup, struct tool_link **ret, struct err *e);
