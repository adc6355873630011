/* SPDX-License-Identifier: Apache-2.0 */
/* oauth_parts - what the files of oauth share.        Threads: as oauth.h. */
#pragma once

#include <sys/stat.h>

#include "seamfs/base/buf.h"
#include "seamfs/net/http.h"
#include "seamfs/net/oauth.h"

#define OAUTH_MAX_FILE	  ((size_t)64 << 10)
#define OAUTH_REASON_SIZE 160

/* What the tool gave, and when. */
struct oauth_tokens {
	char *access, *refresh;	  /* secrets; NULL: none */
	int64_t made_ms, ends_ms; /* our clock, UTC; ends_ms 0: the tool did not say */
	cJSON *kept;		  /* name -> text; NULL: nothing */
};

struct oauth {
	struct oauth_setup setup; /* all of it ours but stop */
	struct http *http;	  /* to the token endpoint and nowhere else */
	struct oauth_tokens tokens;
	struct stat file; /* the file that the tokens are from */
	_Bool unsaved;	  /* they are newer than the file */
	_Bool refused;	  /* the tool does not accept the access token */
	_Bool given;	  /* it was given to the caller, who has not said that it is refused */
	int64_t again_ms; /* steady clock: a token that is refused before is not renewed once more */
	char *dead;	  /* why the refresh token is not accepted; NULL: it is */
};

void oauth_tokens_finish(struct oauth_tokens *t);

/* oauth_wipe_json - overwrites the texts in @item, which may be NULL, and frees it */
void oauth_wipe_json(cJSON *item);

/* oauth_secret_buf - a buffer that never moves, so that no copy of what is in it stays behind; oauth_wipe_buf() */
struct buf oauth_secret_buf(size_t max);
void oauth_wipe_buf(struct buf *b);

/* oauth_logged_out - -EACCES: a person has to log in. @why goes between brackets. */
int oauth_logged_out(const struct oauth *o, const char *why, struct err *e);

/* oauth_failed - makes any failure one that oauth.h names. Returns it. */
int oauth_failed(int r, struct err *e);

/* oauth_file_look - reads the file if it is another one than last time. 0, also without one; -EINVAL or -errno. */
int oauth_file_look(struct oauth *o, struct err *e);

/* oauth_file_save - puts the tokens into the file, lasting. 0 or -errno. */
int oauth_file_save(struct oauth *o, struct err *e);

/* oauth_file_lock - waits for the lock beside the file; closing *@ret_fd frees it. 0, -EIO, -ECANCELED or -errno. */
int oauth_file_lock(struct oauth *o, int *ret_fd, struct err *e);

/**
 * oauth_ask - asks the token endpoint
 * @form:     the parameters of the grant (application/x-www-form-urlencoded); those of the client are added
 * @secret:   what in it must be in no sentence, should the answer repeat it
 * @redirect: parameters of the redirect for "keep"; NULL: none
 *
 * On success o->tokens are the new ones. 0, or as oauth.h says.
 */
int oauth_ask(struct oauth *o, struct buf *form, const char *secret, const cJSON *redirect, struct err *e);

/* oauth_ask_anew - the same for the grants that need no login */
int oauth_ask_anew(struct oauth *o, struct err *e);

/* oauth_field - appends "name=value" or "&name=value", encoded; nothing where @value is NULL */
void oauth_field(struct buf *form, const char *name, const char *value);

/* oauth_reason - "error: description", fit to be read by people; "" where @answer has neither. */
void oauth_reason(
	const struct oauth *o, const cJSON *answer, const char *secret, char ret[OAUTH_REASON_SIZE]);
