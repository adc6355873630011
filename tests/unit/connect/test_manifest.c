/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests that are right, and what is said about those that are not: place and reason. */
#include "connect/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"
#include "test.h"

/* clang-format off */
static const char good[] =
	"{\n"
	"  \"connector\": \"x\", \"format\": 1, \"title\": \"X\", \"docs\": \"d\", \"tested\": \"t\",\n"
	"  \"settings\": {\"url\": {\"label\": \"Address\"}, \"key\": {\"label\": \"Key\", \"secret\": true}},\n"
	"  \"http\": {\"base\": \"{url}\", \"headers\": {\"K\": \"{key}\"}},\n"
	"  \"check\": {\"get\": \"/me\", \"me\": \"/login\"}, // who we are\n"
	"  \"lookups\": {\"states\": {\"get\": \"/states\", \"records\": \"/s\", \"id\": \"/id\", \"name\": \"/name\"}},\n"
	"  \"types\": {\"task\": {\n"
	"    \"list\": {\"get\": \"/items\", \"records\": \"/items\", \"query\": {\"q\": \"{title}\"}},\n"
	"    \"one\": {\"get\": \"/items/{id}\", \"record\": \"/item\"},\n"
	"    \"create\": {\"post\": \"/items\", \"set\": {\"/kind\": 1}},\n"
	"    \"once\": {\"by\": \"id\", \"to\": \"/id\"},\n"
	"    \"fields\": {\"id\": \"/id\", \"updated\": \"/changed\", \"title\": \"/title\",\n"
	"      \"status\": {\"at\": \"/state\", \"lookup\": \"states\", \"values\": {\"open\": \"New\", \"done\": [\"Closed\", \"*\"]}},\n"
	"      \"project\": {\"at\": \"/project\", \"ref\": \"project\"}}}}}\n";
/* clang-format on */

static const struct {
	const char *part, *instead; /* @part of the good manifest is replaced; the first that is found */
	const char *want;	    /* ":LINE:COLUMN: reason", or its beginning */
} bad[] = {
	{"\"format\": 1,", "\"format\": 2,", ":2:21: this seamfs reads manifests of \"format\": 1"},
	{"\"format\": 1,", "", ":1:1: \"format\" is missing"},
	{"\"title\": \"X\",", "\"title\": \"X\", \"colour\": \"red\",", ":2:48: unknown word \"colour\""},
	{"\"title\": \"X\"", "\"title\": 7", ":2:34: this has to be a text"},
	{"\"docs\": \"d\",", "\"docs\": \"d\"", ":2:"},
	{"{\"label\": \"Address\"}", "{}", ":3:16: \"label\" is missing"},
	{"\"secret\": true", "\"secret\": \"yes\"", ":3:69: this has to be true or false"},
	{"\"settings\": {", "\"settings\": {\"since\": {\"label\": \"x\"}, ",
		":3:16: a setting cannot be called \"since\""},
	{"\"{key}\"", "\"{kex}\"", ":4:41: nothing is called {kex} here: no setting, no field"},
	{"\"{key}\"", "\"{key\"", ":4:41: a brace without its counterpart"},
	{"\"base\": \"{url}\"", "\"base\": \"{key}\"", ":4:12: {key} is a secret"},
	{"\"get\": \"/me\",", "", ":5:3: one of \"get\", \"post\""},
	{"\"get\": \"/me\"", "\"get\": \"me\"", ":5:13: a path begins with '/'"},
	{"\"me\": \"/login\"", "\"me\": \"login\"", ":5:27: this has to be a JSON Pointer"},
	{"\"lookups\": {", "\"page\": {\"by\": \"offset\"}, \"lookups\": {",
		":6:3: paging by offset needs \"param\""},
	{"\"lookups\": {", "\"page\": {\"by\": \"luck\"}, \"lookups\": {",
		":6:12: this has to be one of \"none\", \"offset\""},
	{"\"lookups\": {", "\"page\": {\"by\": \"cursor\", \"param\": \"c\"}, \"lookups\": {",
		":6:3: paging by cursor needs \"next\""},
	{"\"lookups\": {", "\"page\": {\"by\": \"page\", \"param\": \"c\", \"max\": 5}, \"lookups\": {",
		":6:3: \"size\""},
	{"\"lookups\": {", "\"limits\": {\"calls\": 5}, \"lookups\": {", ":6:3: \"calls\" and \"per\""},
	{"\"lookups\": {", "\"limits\": {\"calls\": 5, \"per\": \"1 min\"}, \"lookups\": {",
		":6:26: this has to be a time"},
	{"\"lookups\": {", "\"errors\": [{\"status\": {}}], \"lookups\": {",
		":6:15: this has to be a text, a number"},
	{"\"lookups\": {", "\"errors\": {}, \"lookups\": {", ":6:3: this has to be a list"},
	{"\"task\": {", "\"taks\": {", ":7:13: there is no type \"taks\""},
	{"\"records\": \"/items\", \"query\"", "\"query\"", ":8:5: \"records\" is missing"},
	{"/items/{id}", "/items/{key}", ":9:13: {key} is a secret"},
	{"\"headers\": {\"K\": \"{key}\"}",
		"\"auth\": {\"login\": {\"post\": \"/in\", \"query\": {\"k\": \"{key}\"}, \"token\": \"/t\", "
		"\"header\": {\"A\": \"{session}\"}}}",
		":4:73: {key} is a secret"},
	{"\"/kind\": 1", "\"kind\": 1", ":10:34: \"kind\" has to be a JSON Pointer"},
	{"    \"once\": {\"by\": \"id\", \"to\": \"/id\"},\n", "", ":7:13: \"once\" is missing"},
	{"\"by\": \"id\", \"to\": \"/id\"", "\"by\": \"id\"", ":11:5: once by id needs \"to\""},
	{"\"by\": \"id\", \"to\": \"/id\"",
		"\"by\": \"find\", \"find\": {\"get\": \"/\", \"records\": \"\", \"page\": {\"by\": "
		"\"page\"}}",
		":11:64: paging by page needs \"param\""},
	{"\"by\": \"id\", \"to\": \"/id\"", "\"by\": \"find\"", ":11:5: once by find needs \"find\""},
	{"\"id\": \"/id\", \"updated\"", "\"updated\"", ":7:13: fields.id is missing"},
	{"\"title\": \"/title\"", "\"titel\": \"/title\"", ":8:62: nothing is called {title}"},
	{"\"updated\": \"/changed\"", "\"titel\": \"/changed\"", ":12:29: there is no field \"titel\""},
	{"\"title\": \"/title\"", "\"title\": \"\"", ":12:52: the pointer is empty"},
	{"\"title\": \"/title\"", "\"title\": {\"to\": \"/t\", \"as\": \"minor\"}",
		":12:52: a text cannot be \"minor\""},
	{"\"at\": \"/state\", ", "", ":13:7: \"at\" is missing"},
	{"\"lookup\": \"states\"", "\"lookup\": \"colours\"", ":13:7: there is no lookup \"colours\""},
	{"\"open\": \"New\"", "\"opened\": \"New\"", ":13:65: our field status has no value \"opened\""},
	{"[\"Closed\", \"*\"]", "[\"*\"]", ":13:80: \"*\" cannot be the first"},
	{"[\"Closed\", \"*\"]", "[]", ":13:80: this has to be a text, a number"},
	{"\"ref\": \"project\"", "\"ref\": \"client\"", ":14:7: \"ref\": \"project\" is missing"},
	{"{\"at\": \"/project\", \"ref\": \"project\"}", "\"/project\"", ":14:7: a reference needs more"},
	{"\"once\":", "\"delete\": {\"delete\": \"/i/{id}\", \"means\": \"archive\"}, \"once\":",
		":7:13: \"restore\" is missing"},
	{"\"once\":",
		"\"delete\": {\"delete\": \"/i/{id}\", \"means\": \"erase\"}, \"restore\": {\"put\": "
		"\"/i/{id}\"}, "
		"\"once\":",
		":7:13: \"restore\" needs a \"delete\" that keeps the record"},
	{"\"once\":", "\"changes\": {\"by\": \"since\"}, \"once\":",
		":11:5: changes by since need \"query\""},
};

static char folder[] = "/tmp/seamfs-manifest-XXXXXX";

/* Loads @text; the sentence without the file's name, or "" when it is fine. Given. */
static char *load(const char *text, const cJSON *overrides, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(folder, "x.json");
	struct manifest *m = NULL;
	FILE *file = fopen(path, "w");
	int r;

	fputs(text, file);
	fclose(file);
	*e = (struct err){0};
	r = manifest_load(path, overrides, &m, e);
	manifest_free(m);
	if (r == 0)
		return str_dup("");
	return str_dup(strncmp(e->text, path, strlen(path)) == 0 ? e->text + strlen(path) : e->text);
}

static char *replaced(const char *text, const char *part, const char *instead)
{
	const char *at = strstr(text, part);

	return at ? str_format("%.*s%s%s", (int)(at - text), text, instead, at + strlen(part)) : str_dup("");
}

TEST(good)
{
	struct err e;
	_cleanup_(mem_freep) char *text = load(good, NULL, &e);

	check_text(text, "");
}

/* The body of any request may hold a secret; its address may not, which bad has. */
TEST(secret_in_body)
{
	struct err e;
	_cleanup_(mem_freep) char *text =
		replaced(good, "\"set\": {\"/kind\": 1}", "\"body\": {\"login\": [\"{key}\"]}");
	_cleanup_(mem_freep) char *said = load(text, NULL, &e);

	check(*text);
	check_text(said, "");
}

TEST(bad)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_(mem_freep) char *text = replaced(good, bad[i].part, bad[i].instead);
		_cleanup_(mem_freep) char *got = NULL;
		struct err e;

		got = load(text, NULL, &e);
		if (strncmp(got, bad[i].want, strlen(bad[i].want)) != 0)
			check_text(got, bad[i].want);
	}
}

TEST(overrides)
{
	static const struct {
		const char *config, *want, *field;
	} cases[] = {
		{"{\"types\": {\"task\": {\"fields\": {\"notes\": \"/body\", \"status\": null}}}}", "", ""},
		{"{\"types\": {\"task\": null}}", "", ""},
		{"{\"types\": {\"task\": {\"fields\": {\"notes\": \"body\"}}}}",
			"/types/task/fields/notes: this has to be a JSON Pointer",
			"/types/task/fields/notes"},
		{"{\"types\": {\"task\": {\"lst\": {}}}}", "/types/task/lst: unknown word \"lst\"",
			"/types/task/lst"},
		{"{\"types\": {\"task\": {\"fields\": {\"id\": null}}}}", "/types/task: fields.id is missing",
			"/types/task"},
		{"{\"types\": []}", "/types: this has to be an object", "/types"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_json_ cJSON *config = NULL;
		_cleanup_(mem_freep) char *got = NULL;
		struct err e;

		json_parse(cases[i].config, strlen(cases[i].config), JSON_STRICT, &config, NULL, NULL);
		got = load(good, config, &e);
		if (!*cases[i].want || strncmp(got, cases[i].want, strlen(cases[i].want)) != 0)
			check_text(got, cases[i].want);
		check_text(e.field, cases[i].field);
	}
}

/* Every manifest that is delivered is right. */
TEST(delivered)
{
	static const char *const names[] = {"redmine", "directus"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_cleanup_(mem_freep) char *path = connect_manifest_path(names[i]);
		struct manifest *m = NULL;
		struct err e = {0};

		check(connect_known(names[i]));
		check_int(manifest_load(path, NULL, &m, &e), 0);
		check_text(e.text, "");
		manifest_free(m);
	}
	check(!connect_known("no-such-tool"));
	check(!connect_known("../connectors/redmine"));
}

static int run_all(void)
{
	static const struct test_case cases[] = {TEST_RUN(good), TEST_RUN(secret_in_body), TEST_RUN(bad),
		TEST_RUN(overrides), TEST_RUN(delivered)};
	_cleanup_(mem_freep) char *path = NULL;
	int r;

	if (!mkdtemp(folder))
		return 1;
	r = test_run_all(cases, ARRAY_LEN(cases));
	path = path_join(folder, "x.json");
	unlink(path);
	rmdir(folder);
	return r;
}

int main(void)
{
	return run_all();
}
