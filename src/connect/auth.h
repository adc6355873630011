/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth - how a tool knows us: what of "http.auth" is not the same for every request and for ever.
 *
 * A key, a user and a password are set once (open.c). Here is what is made anew now and then - a session (login), an access token
 * (oauth2) - and what goes into addresses (query), which are therefore never logged.        Threads: as engine.h.
 */
#pragma once

#include <cjson/cJSON.h>

#include "connect/template.h"
#include "seamfs/base/err.h"

struct engine;
struct oauth;
struct tool_setup;

struct auth {
	const cJSON *login;   /* the manifest's, NULL: no session is needed */
	char *session;	      /* NULL: there is none yet */
	struct oauth *oauth;  /* NULL: none */
	const char *scheme;   /* oauth2: word before the token, "Bearer" */
	const char *header;   /* the header that says who we are, NULL: none; borrowed */
	char *value;	      /* … and its value, a secret */
	char *query;	      /* "key=…&token=…" for every address, encoded; a secret; NULL: none */
	struct setting *kept; /* what a login gave along with its token */
	size_t kept_count;
};

/* auth_open - reads "http.auth" and what was kept of an earlier login; no network. 0 or -errno. */
int auth_open(struct engine *g, const struct tool_setup *setup, struct err *e);
void auth_finish(struct auth *a);

/* auth_ready - makes sure that there is a session or token before @request. 0, or the -errno of getting one. */
int auth_ready(struct engine *g, const cJSON *request, struct err *e);

/* auth_refused - the tool did not let @request in; whether it may be sent again after another auth_ready() */
_Bool auth_refused(struct engine *g, const cJSON *request);

/* auth_url - @url with what belongs to every address; given, a secret */
char *auth_url(const struct auth *a, const char *url);

/* auth_filled - a template that may hold secrets, filled; given, to be wiped. NULL for NULL, or when a value in it is absent. */
char *auth_filled(const struct engine *g, const char *template);
