/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/dav.h"

#include <sys/stat.h>

#include "fake.h"

struct rig {
	struct fake fake;
	struct dav dav;
	struct err e;
	struct buf seen; /* what the sink got */
};

static void rig_configure(struct rig *rig, const char *config)
{
	_cleanup_(mem_freep) char *text = str_format(config, rig->fake.port);
	_cleanup_(mem_freep) char *json = fake_quoted(text);

	cJSON_Delete(rig->fake.config);
	rig->fake.config = fake_json(json);
}

static int rig_open(struct rig *rig, const char *config)
{
	struct tool_setup setup = {.name = "drive", .base_dir = rig->fake.dir, .stop = &rig->fake.stop};

	rig_configure(rig, config);
	setup.config = rig->fake.config;
	err_clear(&rig->e);
	dav_finish(&rig->dav);
	return dav_open(&rig->dav, &setup, &rig->e);
}

/* In the script ' stands for " and ` for '. */
static void rig_start(struct rig *rig, const char *script)
{
	_cleanup_(mem_freep) char *text = fake_quoted(script);
	char path[128];

	for (char *p = text; *p; p++)
		*p = *p == '`' ? '\'' : *p;
	log_set_level(LOG_LEVEL_ERROR);
	*rig = (struct rig){.fake = {.dir = "/tmp/seamfs-dav-XXXXXX"}, .seen = BUF_INIT(BUF_MAX_TEXT)};
	if (!mkdtemp(rig->fake.dir))
		abort();
	fake_write(&rig->fake, "secret", "s3cret");
	snprintf(path, sizeof(path), "%s/secret", rig->fake.dir);
	chmod(path, 0600);
	fake_serve(&rig->fake, text);
	check_int(rig_open(rig, "{'url': 'http://127.0.0.1:%d/dav'}"), 0);
}

static void rig_stop(struct rig *rig)
{
	dav_finish(&rig->dav);
	buf_finish(&rig->seen);
	fake_close(&rig->fake);
}

static int note(void *context, const struct dav_response *r, struct err *e)
{
	struct rig *rig = context;
	const char *etag = dav_text(r, DAV_SPACE, "getetag");

	buf_printf(&rig->seen, "%s%s %s %d\n", r->path ? r->path : "(none)",
		dav_is_type(r, DAV_SPACE, "collection") ? "/" : "", etag ? etag : "-", r->status);
	return strcmp(r->href, "/stop") == 0 ? err_set(e, ENOSPC, "stop here") : 0;
}

static int list(struct rig *rig, const char *path, const char *condition, char **ret_token)
{
	_cleanup_(mem_freep) char *url = dav_address(&rig->dav, path, 1);
	struct dav_call c = {.method = "PROPFIND", .url = url, .depth = "1", .body = "<x/>"};

	buf_clear(&rig->seen);
	err_clear(&rig->e);
	return dav_multi(&rig->dav, &c, note, rig, condition, ret_token, &rig->e);
}

#define MULTI "<?xml version=`1.0`?><D:multistatus xmlns:D=`DAV:` xmlns:s=`urn:s`>"

TEST(a_multistatus_is_read)
{
	struct rig rig;
	char *token = NULL;

	rig_start(&rig,
		"{'PROPFIND /dav/a%20b/': [{'status': 207, 'text': '" MULTI
		"<D:response><D:href>/dav/a%20b/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/>"
		"</D:resourcetype></D:prop><D:status>HTTP/1.1 200 "
		"OK</D:status></D:propstat><D:propstat><D:prop>"
		"<D:getetag/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>"
		"<D:response><D:href>\\n http://other.example/dav/a%20b/%c3%bc&amp;%26.txt "
		"</D:href><D:propstat>"
		"<D:prop><D:getetag>x</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
		"</D:response><D:response><D:href>/dav/gone</D:href><D:href>/dav/x%2Fy</D:href>"
		"<D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
		"<D:sync-token>urn:7</D:sync-token></D:multistatus>'}]}");
	check_int(list(&rig, "a b", NULL, &token), 0);
	check_text(buf_text(&rig.seen), "dav/a b/ - 0\n"
					"dav/a b/\xc3\xbc&&.txt x 0\n"
					"dav/gone - 404\n"
					"(none) - 404\n");
	check_text(token, "urn:7");
	check_int(fake_logged(&rig.fake, "\"depth\": \"1\""), 1);
	check_int(fake_logged(&rig.fake, "\"accept\": \"*/*\""), 1);
	check_int(fake_logged(&rig.fake, "authorization"), 0);
	free(token);
	rig_stop(&rig);
}

TEST(the_sink_ends_it)
{
	struct rig rig;

	rig_start(&rig, "{'PROPFIND /dav/': [{'status': 207, 'text': '" MULTI
			"<D:response><D:href>/stop</D:href></D:response>"
			"<D:response><D:href>/on</D:href></D:response></D:multistatus>'}]}");
	check_int(list(&rig, "", NULL, NULL), -ENOSPC);
	check_text(rig.e.text, "stop here");
	check_text(buf_text(&rig.seen), "stop - 0\n");
	rig_stop(&rig);
}

TEST(odd_answers_are_errors)
{
	struct rig rig;

	rig_start(&rig,
		"{'PROPFIND /dav/html/': [{'text': '<html>hello</html>'}],"
		"'PROPFIND /dav/cut/': [{'status': 207, 'text': '" MULTI "<D:response>'}],"
		"'PROPFIND /dav/short/': [{'status': 207, 'length': 4000, 'text': '" MULTI
		"</D:multistatus>'}],"
		"'PROPFIND /dav/other/': [{'status': 207, 'text': '<multistatus/>'}],"
		"'PROPFIND /dav/dtd/': [{'status': 207, 'text': '<!DOCTYPE a><a/>'}],"
		"'PROPFIND /dav/away/': [{'status': 302, 'headers': {'Location': 'https://evil.example/'}}],"
		"'PROPFIND /dav/moved/': [{'status': 301, 'headers': {'Location': '$BASE/dav/there/'}}],"
		"'PROPFIND /dav/there/': [{'status': 207, 'text': '" MULTI "</D:multistatus>'}]}");
	check_int(list(&rig, "html", NULL, NULL), -EIO);
	check(strstr(rig.e.text, "is its address right?"));
	check_int(rig.e.retry, ERR_AFTER_USER);
	check_int(list(&rig, "cut", NULL, NULL), -EIO);
	check(strstr(rig.e.text, "cannot be read: line 1"));
	check_int(rig.e.retry, ERR_LATER);
	check_int(list(&rig, "short", NULL, NULL), -EIO);
	check(strstr(rig.e.text, "connection to drive failed"));
	check_int(list(&rig, "other", NULL, NULL), -EIO);
	check(strstr(rig.e.text, "it is no multistatus"));
	check_int(list(&rig, "dtd", NULL, NULL), -EIO);
	check(strstr(rig.e.text, "document type"));
	check_int(list(&rig, "away", NULL, NULL), -EIO);
	check(strstr(rig.e.text, "https://evil.example:443"));
	check_int(list(&rig, "moved", NULL, NULL), 0);
	rig_stop(&rig);
}

TEST(refusals_say_why)
{
	struct rig rig;

	rig_start(&rig,
		"{'PROPFIND /dav/token/': [{'status': 403, 'text': '<D:error "
		"xmlns:D=`DAV:`><D:valid-sync-token/>"
		"</D:error>'}],"
		"'PROPFIND /dav/sabre/': [{'status': 403, 'text': '<d:error xmlns:d=`DAV:` xmlns:s=`urn:s`>"
		"<s:exception>E</s:exception><s:message>No permission here</s:message></d:error>'}],"
		"'PROPFIND /dav/full/': [{'status': 507, 'text': '<html/>'}],"
		"'PROPFIND /dav/locked/': [{'status': 423}],"
		"'PROPFIND /dav/down/': [{'status': 503, 'headers': {'Retry-After': '1'}}],"
		"'PROPFIND /dav/key/': [{'status': 401}]}");
	check_int(list(&rig, "token", "valid-sync-token", NULL), 1);
	check_int(list(&rig, "token", "no-uid-conflict", NULL), -EACCES);
	check_int(rig.e.scope, ERR_RECORD);
	check_int(list(&rig, "sabre", "valid-sync-token", NULL), -EACCES);
	check_text(rig.e.text, "drive says: No permission here (HTTP 403)");
	check_int(list(&rig, "full", NULL, NULL), -ENOSPC);
	check_text(rig.e.text, "drive has no room left for this (HTTP 507)");
	check_int(list(&rig, "locked", NULL, NULL), -EACCES);
	check_int(rig.e.retry, ERR_LATER);
	check(strstr(rig.e.text, "somebody else"));
	check_int(list(&rig, "key", NULL, NULL), -EACCES);
	check_int(rig.e.scope, ERR_TOOL);
	check_int(list(&rig, "down", NULL, NULL), -EIO);
	check_int(rig.e.retry, ERR_LATER);
	check(rig.e.retry_at_ms > 0);
	rig_stop(&rig);
}

TEST(paths_and_addresses)
{
	static const struct {
		const char *href, *path;
	} cases[] = {
		{"/a/b/", "a/b"},
		{"a//b", "a/b"},
		{"http://h:1/a%2fb", NULL},
		{"https://h", ""},
		{"/a/../b", NULL},
		{"/a/%2e%2E/b", NULL},
		{"/a%00", NULL},
		{"/a%ff", NULL},
		{"/100%/%zz%4", "100%/%zz%4"},
		{"/%E2%82%AC%c3%a4 +", "\xe2\x82\xac\xc3\xa4 +"},
		{"/x?http://h/y", "x?http:/h/y"},
	};
	struct dav d = {.root = (char *)"https://h.example:1/dav/"};
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(mem_freep) char *path = dav_path(cases[i].href);

		check_text(path, cases[i].path);
	}
	check_text(text = dav_address(&d, "", 1), "https://h.example:1/dav/");
	free(text);
	check_text(text = dav_address(&d, "a b/#?%;\xc3\xbc", 0),
		"https://h.example:1/dav/a%20b/%23%3F%25%3B%C3%BC");
	free(text);
	check_text(text = dav_address(&d, "a/b", 1), "https://h.example:1/dav/a/b/");
	free(text);
	check_text(text = dav_resolve(&d, "http://evil.example/x%20y"), "https://h.example:1/x%20y");
	free(text);
	check_text(text = dav_resolve(&d, "//evil.example/x"), "https://h.example:1/evil.example/x");
	free(text);
	check_text(text = dav_resolve(&d, "x"), "https://h.example:1/dav/x");
	free(text);
	check_text(text = dav_resolve(&d, "https://evil.example"), "https://h.example:1/");
	free(text);
}

TEST(the_account_is_checked)
{
	static const struct {
		const char *config, *sentence;
	} cases[] = {
		{"{}", "/url: \"url\" is missing"},
		{"{'url': 'http://example.com/'}", "/url: http:// would send"},
		{"{'url': 'https://u:p@example.com/'}", "/url: an address must not hold"},
		{"{'url': 'https://example.com/?x'}", "/url: an address has no"},
		{"{'url': 'https://h/', 'user': 'ann'}", "/password: \"password\" is missing"},
		{"{'url': 'https://h/', 'password': {'file': 'secret'}}", "/user: \"user\" is missing"},
		{"{'url': 'https://h/', 'user': 'ann', 'password': 'clear'}", "/password: "},
		{"{'url': 'https://h/', 'user': 'a', 'token': {'file': 'secret'}}", "/token: there is"},
	};
	struct rig rig;

	rig_start(&rig, "{'PROPFIND /': [{'status': 401}]}");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		check_int(rig_open(&rig, cases[i].config), -EINVAL);
		if (strncmp(rig.e.text, cases[i].sentence, strlen(cases[i].sentence)) != 0)
			check_text(rig.e.text, cases[i].sentence);
	}
	check_int(rig_open(&rig,
			  "{'url': 'http://127.0.0.1:%d', 'user': 'ann', 'password': {'file': 'secret'}}"),
		0);
	check_int(list(&rig, "", NULL, NULL), -EACCES);
	check_int(fake_logged(&rig.fake, "\"authorization\": \"Basic YW5uOnMzY3JldA==\""), 1);
	check_int(rig_open(&rig, "{'url': 'http://127.0.0.1:%d', 'token': {'file': 'secret'}}"), 0);
	check_int(list(&rig, "", NULL, NULL), -EACCES);
	check_int(fake_logged(&rig.fake, "\"authorization\": \"Bearer s3cret\""), 1);
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(a_multistatus_is_read), TEST_RUN(the_sink_ends_it), TEST_RUN(odd_answers_are_errors),
	TEST_RUN(refusals_say_why), TEST_RUN(paths_and_addresses), TEST_RUN(the_account_is_checked))
