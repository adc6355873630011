/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool's status means, row by row: errno, how much is broken, when to try again, and the sentence. */
#include "fake.h"
#include "seamfs/base/clock.h"

#define MANIFEST(errors)                                                                                     \
	"{\"connector\": \"fake\", \"format\": 1, \"title\": \"Fake\", \"docs\": \"none\", \"tested\": "     \
	"\"here\","                                                                                          \
	"\"settings\": {\"url\": {\"label\": \"Address\"}}, \"http\": {\"base\": \"{url}\"}, \"check\": "    \
	"{\"get\": "                                                                                         \
	"\"/me\"}, \"errors\": [" errors                                                                     \
	"], \"types\": {\"task\": {\"list\": {\"get\": \"/items\", \"records\": "                            \
	"\"/items\"}, \"one\": {\"get\": \"/items/{id}\"}, \"update\": {\"put\": \"/items/{id}\"},"          \
	"\"labels\": {\"Due date\": \"due\"}, \"fields\": {\"id\": \"/id\", \"title\": \"/title\", "         \
	"\"due\": "                                                                                          \
	"\"/due_date\"}}}}"

/* A write of one record. */
static const struct row {
	int status, code;
	enum err_scope scope;
	enum err_retry retry;
	_Bool sent;
} rows[] = {
	{400, EINVAL, ERR_RECORD, ERR_NEVER, 0},
	{401, EACCES, ERR_TOOL, ERR_AFTER_USER, 0},
	{402, EDQUOT, ERR_RECORD, ERR_AFTER_USER, 0},
	{403, EACCES, ERR_RECORD, ERR_NEVER, 0},
	{404, ENOENT, ERR_RECORD, ERR_NEVER, 0},
	{405, EINVAL, ERR_RECORD, ERR_NEVER, 0},
	{408, EIO, ERR_TOOL, ERR_LATER, 1},
	{409, ESTALE, ERR_RECORD, ERR_NOW, 0},
	{410, ENOENT, ERR_RECORD, ERR_NEVER, 0},
	{412, ESTALE, ERR_RECORD, ERR_NOW, 0},
	{413, EFBIG, ERR_RECORD, ERR_NEVER, 0},
	{415, EINVAL, ERR_RECORD, ERR_NEVER, 0},
	{422, EINVAL, ERR_RECORD, ERR_NEVER, 0},
	{425, EIO, ERR_TOOL, ERR_LATER, 0},
	{429, EAGAIN, ERR_TOOL, ERR_LATER, 0},
	{500, EIO, ERR_RECORD, ERR_LATER, 1}, /* of a listing: the tool */
	{502, EIO, ERR_TOOL, ERR_LATER, 1},
	{503, EIO, ERR_TOOL, ERR_LATER, 1},
	{504, EIO, ERR_TOOL, ERR_LATER, 1},
	{507, EDQUOT, ERR_RECORD, ERR_AFTER_USER, 0},
};

static int update(struct fake *f)
{
	return fake_update(f, "1", "{\"title\": \"x\", \"due\": \"2026-01-01\"}", NULL);
}

TEST(every_status)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *want = &rows[i];
		_cleanup_(mem_freep) char *script =
			str_format("{\"PUT /items/1\": [{\"status\": %d, \"json\": {\"why\": \"Because.\"}}],"
				   "\"GET /items/1\": [{\"json\": {\"id\": 1}}]}",
				want->status);
		_cleanup_(mem_freep) char *own = str_format("fake says: Because. (HTTP %d)", want->status);
		_cleanup_(mem_freep) char *status = str_format("(HTTP %d)", want->status);
		struct fake f;

		fake_open(&f, MANIFEST("{\"message\": \"/why\"}"), script);
		check_int(update(&f), -want->code);
		check_text(f.e.text, own);
		check_int(f.e.http_status, want->status);
		check_int((int)f.e.scope, (int)want->scope);
		check_int((int)f.e.retry, (int)want->retry);
		check_int(f.e.sent, want->sent);
		fake_close(&f);
		/* Without words of the tool's there are ours. */
		fake_open(&f, MANIFEST(""), script);
		check_int(update(&f), -want->code);
		check(strncmp(f.e.text, "fake ", 5) == 0 && strstr(f.e.text, status));
		fake_close(&f);
	}
}

/* The manifest's words, whatever the status. */
static const struct {
	const char *word;
	struct row want; /* the status is the one that is answered */
} words[] = {
	{"retry", {200, EIO, ERR_TOOL, ERR_LATER, 1}},
	{"slow", {400, EAGAIN, ERR_TOOL, ERR_LATER, 0}},
	{"stale", {400, ESTALE, ERR_RECORD, ERR_NOW, 0}},
	{"gone", {400, ENOENT, ERR_RECORD, ERR_NEVER, 0}},
	{"exists", {422, EEXIST, ERR_RECORD, ERR_NEVER, 0}},
	{"rejected", {500, EINVAL, ERR_RECORD, ERR_NEVER, 0}},
	{"auth", {403, EACCES, ERR_TOOL, ERR_AFTER_USER, 0}},
	{"quota", {403, EDQUOT, ERR_RECORD, ERR_AFTER_USER, 0}},
	{"large", {400, EFBIG, ERR_RECORD, ERR_NEVER, 0}},
	{"forbidden", {422, EACCES, ERR_RECORD, ERR_NEVER, 0}},
};

TEST(every_word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct row *want = &words[i].want;
		_cleanup_(mem_freep) char *rule =
			str_format("{\"at\": \"/code\", \"is\": 7, \"means\": \"%s\"}", words[i].word);
		_cleanup_(mem_freep) char *pattern = str_dup(MANIFEST("%s"));
		_cleanup_(mem_freep) char *script =
			str_format("{\"PUT /items/1\": [{\"status\": %d, \"json\": {\"code\": 7}}],"
				   "\"GET /items/1\": [{\"json\": {\"id\": 1}}]}",
				want->status);
		char *at = strstr(pattern, "%s");
		_cleanup_(mem_freep) char *manifest =
			str_format("%.*s%s%s", (int)(at - pattern), pattern, rule, at + 2);
		struct fake f;

		fake_open(&f, manifest, script);
		check_int(update(&f), -want->code);
		check_int((int)f.e.scope, (int)want->scope);
		check_int((int)f.e.retry, (int)want->retry);
		check_int(f.e.sent, want->sent);
		fake_close(&f);
	}
}

TEST(the_field_is_ours)
{
	struct fake f;

	fake_open(&f, MANIFEST("{\"message\": \"/why\", \"field\": \"/key\"}"),
		"{\"PUT /items/1\": [{\"status\": 422, \"json\": {\"why\": \"Due date is in the past\"}},"
		"{\"status\": 400, \"json\": {\"why\": \"No.\", \"key\": \"due_date\"}},"
		"{\"status\": 422, \"json\": {\"why\": \"Colour is wrong\"}}]}");
	check_int(update(&f), -EINVAL);
	check_text(f.e.field, "due");
	check_int(update(&f), -EINVAL);
	check_text(f.e.field, "due");
	check_int(update(&f), -EINVAL);
	check_text(f.e.field, "");
	fake_close(&f);
}

TEST(retry_after)
{
	struct fake f;

	fake_open(&f, MANIFEST(""),
		"{\"PUT /items/1\": [{\"status\": 503, \"headers\": {\"Retry-After\": \"90\"}}]}");
	check_int(update(&f), -EIO);
	check(f.e.retry_at_ms > clock_now_ms() + 80000 && f.e.retry_at_ms <= clock_now_ms() + 90000);
	fake_close(&f);
}

/* A listing that is forbidden says nothing about the others, and one that is not there says nothing about its records. */
TEST(listings)
{
	struct fake f;

	fake_open(&f, MANIFEST(""),
		"{\"GET /items\": [{\"status\": 403}, {\"status\": 404}, {\"status\": 401}, {\"status\": "
		"500}]}");
	check_int(fake_list(&f, NULL), -EACCES);
	check_int((int)f.e.scope, (int)ERR_COLLECTION);
	check_int((int)f.e.retry, (int)ERR_AFTER_USER);
	check_int(fake_list(&f, NULL), -EIO);
	check_int((int)f.e.scope, (int)ERR_COLLECTION);
	check_int(fake_list(&f, NULL), -EACCES);
	check_int((int)f.e.scope, (int)ERR_TOOL);
	check_int(fake_list(&f, NULL), -EIO);
	check_int((int)f.e.scope, (int)ERR_TOOL);
	fake_close(&f);
}

TEST_MAIN(TEST_RUN(every_status), TEST_RUN(every_word), TEST_RUN(the_field_is_ours), TEST_RUN(retry_after),
	TEST_RUN(listings))
