/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oauth - one account's access token (RFC 6749): the first login, its renewal, and the file that keeps it.
 *
 * A login (OAUTH_CODE) lives in a private file. What the tool gives is in that file before it is used, so that a
 * refresh token that can be used once survives kill -9; and a lock beside it (FILE.lock) is held while a token is
 * renewed, for 35 seconds at most, so that two programs never use one refresh token. The other grants need no
 * file: they ask anew. Tokens go to the tool only; they are in no sentence and no log.
 *
 * Every failure is one of the tool as a whole (ERR_TOOL, err.sent is 0: what the token was for was not sent):
 * -EACCES after the user acts; -EAGAIN, -ECANCELED and -EIO later.
 *
 * Threads: one struct oauth belongs to one thread at a time. Any number of programs may use one file.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdatomic.h>

#include "seamfs/base/err.h"

struct oauth;

enum oauth_grant {
	OAUTH_CODE,   /* a person allows it in a browser (RFC 6749 4.1) */
	OAUTH_CLIENT, /* client credentials (4.4) */
	OAUTH_JWT,    /* a service account signs for itself (RFC 7523 2.1) */
};

struct oauth_setup {
	const char *tool; /* its name in the stack, begins every sentence */
	enum oauth_grant grant;
	const char *token_url;	   /* OAUTH_JWT: NULL for the account's token_uri */
	const char *authorize_url; /* OAUTH_CODE */
	const char *client_id;	   /* OAUTH_JWT: NULL for none */
	const char *client_secret; /* NULL: a public client */
	_Bool client_in_body;	   /* else HTTP basic */
	_Bool pkce;		   /* RFC 7636, S256 */
	_Bool public_only;	   /* token_url is nobody's choice here: it has to be a public address */
	const char *scopes;	   /* with blanks between; NULL: none */
	const char *redirect;	   /* NULL: http://127.0.0.1:PORT/ */
	const cJSON *params;	   /* more parameters of authorize_url: name -> text; NULL: none */
	const cJSON *
		keep; /* name -> JSON Pointer into the token answer and the redirect's parameters; NULL: none */
	const cJSON *
		service_account; /* OAUTH_JWT: client_email, private_key, perhaps private_key_id, token_uri */
	const char *subject;	 /* OAUTH_JWT: for whom it acts; NULL: for itself */
	const char *path;	 /* OAUTH_CODE: the login's file; its folder is made when it is missing */
	atomic_bool *stop;	 /* raised by another thread to end a call within a second */
};

/**
 * oauth_open - reads the login, if there is one; no network
 * @setup: copied, except stop, which is borrowed while the struct oauth lives
 *
 * Returns 0, also without a login; -EINVAL for a file that others can read or that is not ours, for an address or
 * key that cannot be used; or another -errno.
 */
int oauth_open(const struct oauth_setup *setup, struct oauth **ret, struct err *e);

/* oauth_free - wipes and frees; NULL is fine */
void oauth_free(struct oauth *o);

/**
 * oauth_token - the access token to send now, renewed when it ends within a minute; may take 65 seconds
 * @ret: borrowed until the next call with @o; a secret
 *
 * A login that another program made or renewed meanwhile is noticed. Returns 0, or as above; -EACCES: there is no
 * login, or the tool does not accept it any more ("… run \"seamfs tool login NAME\"").
 */
int oauth_token(struct oauth *o, const char **ret, struct err *e);

/**
 * oauth_refused - the tool did not accept the token that oauth_token() gave last (401)
 *
 * Returns true when the request may be sent once more with what oauth_token() gives now; false when the token was
 * made after a refusal and none was asked for since: then the tool means something else, and for five minutes
 * the token stays as it is.
 */
_Bool oauth_refused(struct oauth *o);

/* oauth_kept - a value that the login brought with it ("keep"), NULL without one; borrowed until the next call */
const char *oauth_kept(const struct oauth *o, const char *name);

/* ---- The first login (OAUTH_CODE) ---- */

/* One attempt. All of it is secret but the redirect. */
struct oauth_login {
	char *url;	/* what the person opens */
	char *redirect; /* where the browser is sent afterwards */
	char *state, *verifier;
};

void oauth_login_finish(struct oauth_login *l);

/*
 * oauth_login_port - where the browser comes back to: a port of 127.0.0.1 that the tool demands, 0 for any, or -1
 * when that is not on this machine
 */
int oauth_login_port(const struct oauth *o);

/**
 * oauth_login_begin - makes the address for the browser, with a state and a PKCE challenge of its own
 * @port: where we listen, for a redirect that has none of its own; 0: nobody does
 * @ret:  filled on success only; for oauth_login_finish()
 *
 * Returns 0, or -EINVAL for a grant that needs no person.
 */
int oauth_login_begin(struct oauth *o, int port, struct oauth_login *ret, struct err *e);

/* oauth_login_mine - whether the redirect's query ("code=…&state=…", without "?") has the state of this attempt */
_Bool oauth_login_mine(const struct oauth_login *l, const char *query);

/**
 * oauth_login_redeem - trades the code for tokens and puts them into the file
 * @answer: what the browser was sent to: the whole address, its query, or the code alone
 *
 * Returns 0; -EACCES when the person or the tool said no, or the state is another one; or as above.
 */
int oauth_login_redeem(struct oauth *o, const struct oauth_login *l, const char *answer, struct err *e);
