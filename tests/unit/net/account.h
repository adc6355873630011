/* SPDX-License-Identifier: Apache-2.0 */
/* account - a login against a token endpoint that plays a script (tests/fake/server.py), in a scratch folder. */
#pragma once

#include "seamfs/base/clock.h"
#include "seamfs/net/oauth.h"
#include "unit/connect/fake.h"

#define REFRESHED(access, refresh)                                                                           \
	"{\"json\": {\"access_token\": \"" access "\", \"refresh_token\": \"" refresh                        \
	"\", \"expires_in\": 3600}}"
#define DENIED(code, error)                                                                                  \
	"{\"status\": " #code ", \"json\": {\"error\": \"" error "\", \"error_description\": \"so it is\"}}"

struct account {
	struct fake fake;
	struct oauth_setup setup;
	struct oauth *oauth;
	struct err e;
	char token_url[64], path[96];
	cJSON *keep, *service;
};

/* A server whose token endpoint plays @steps, and how an account there is set up; nothing is opened yet. */
static inline void begin(struct account *a, enum oauth_grant grant, const char *steps)
{
	char script[4096];

	log_set_level(LOG_LEVEL_ERROR);
	memset(a, 0, sizeof(*a));
	strcpy(a->fake.dir, "/tmp/seamfs-oauth-XXXXXX");
	if (!mkdtemp(a->fake.dir))
		abort();
	snprintf(script, sizeof(script), "{\"POST /token\": [%s]}", steps);
	fake_serve(&a->fake, script);
	snprintf(a->token_url, sizeof(a->token_url), "http://127.0.0.1:%d/token", a->fake.port);
	snprintf(a->path, sizeof(a->path), "%s/logins/crm.json", a->fake.dir);
	a->keep = fake_json("{\"realm\": \"/realmId\", \"domain\": \"/api_domain\", \"number\": \"/n\"}");
	a->setup = (struct oauth_setup){.tool = "crm",
		.grant = grant,
		.token_url = a->token_url,
		.authorize_url = "https://crm.example/authorize?x=1",
		.client_id = "me",
		.client_secret = "pass:word",
		.pkce = 1,
		.keep = a->keep,
		.path = a->path,
		.stop = &a->fake.stop};
}

static inline int reopen(struct account *a)
{
	oauth_free(a->oauth);
	a->oauth = NULL;
	a->e = (struct err){0};
	return oauth_open(&a->setup, &a->oauth, &a->e);
}

/* Puts a login into the file: @refresh NULL for none; the access token ends in @s seconds. */
static inline void put_login(
	struct account *a, const char *client, const char *access, const char *refresh, int s)
{
	_cleanup_(mem_freep) char *more =
		refresh ? str_format(", \"refresh_token\": \"%s\"", refresh) : str_dup("");
	long long now_ms = clock_now_ms();
	_cleanup_(mem_freep) char *text = str_format(
		"{\"client_id\": \"%s\", \"access_token\": \"%s\"%s, \"made_ms\": %lld, \"ends_ms\": %lld, "
		"\"kept\": {\"realm\": \"9\"}}",
		client, access, more, now_ms - 3600000, now_ms + s * 1000LL);
	_cleanup_(mem_freep) char *dir = path_dir(a->path);

	if (file_make_dirs(dir, 0700, NULL) < 0 || file_replace(a->path, text, strlen(text), 0600, NULL) < 0)
		abort();
}

/* The token that is to be sent; "" after a failure, which is in a->e. */
static inline const char *token(struct account *a)
{
	const char *text = "";

	a->e = (struct err){0};
	if (oauth_token(a->oauth, &text, &a->e) < 0) {
		check_int(a->e.scope, ERR_TOOL);
		check_int(a->e.sent, 0);
		check(a->e.text[0]);
	}
	return text;
}

static inline int asked(struct account *a)
{
	return fake_logged(&a->fake, "\"path\": \"/token\"");
}

static inline _Bool in_file(struct account *a, const char *needle)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_TEXT);

	return file_read(a->path, &text, NULL) == 0 && strstr(buf_text(&text), needle);
}

static inline void end(struct account *a)
{
	oauth_free(a->oauth);
	cJSON_Delete(a->keep);
	cJSON_Delete(a->service);
	fake_close(&a->fake);
}
