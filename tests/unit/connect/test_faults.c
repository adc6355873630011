/* SPDX-License-Identifier: Apache-2.0 */
/* Writes whose answer is lost, and tools whose clock is wrong. */
#include "fake.h"
#include "seamfs/base/clock.h"
#include "seamfs/codec/date.h"

/* A manifest for tasks; @create and @more are pasted into the type. */
#define MANIFEST(create, more)                                                                               \
	"{\"connector\": \"fake\", \"format\": 1, \"title\": \"Fake\", \"docs\": \"none\", \"tested\": "     \
	"\"here\","                                                                                          \
	"\"settings\": {\"url\": {\"label\": \"Address\"}}, \"http\": {\"base\": \"{url}\"},"                \
	"\"check\": {\"get\": \"/me\", \"me\": \"/login\"},"                                                 \
	"\"page\": {\"by\": \"offset\", \"param\": \"offset\", \"size\": \"limit\", \"max\": 2, \"total\": " \
	"\"/total\"},"                                                                                       \
	"\"types\": {\"task\": {\"list\": {\"get\": \"/items\", \"records\": \"/items\"},"                   \
	"\"one\": {\"get\": \"/items/{id}\"}, \"create\": {\"post\": \"/items\"" create                      \
	"}, \"update\": {\"patch\": \"/items/{id}\"}," more                                                  \
	"\"fields\": {\"id\": \"/id\", \"created\": \"/made\", \"updated\": \"/changed\", \"title\": "       \
	"\"/title\", \"notes\": \"/notes\", \"due\": \"/due\"}}}}"

#define BY_ID	"\"once\": {\"by\": \"id\", \"to\": \"/id\"},"
#define BY_FIND "\"once\": {\"by\": \"find\", \"find\": {\"get\": \"/found\", \"records\": \"/items\"}},"
#define SINCE	"\"changes\": {\"by\": \"since\", \"query\": {\"since\": \"{since}\"}, \"overlap\": \"10s\"},"
#define IGNORED ", \"ignored\": \"update\""
#define ME	"\"GET /me\": [{\"json\": {\"login\": \"me\"}}]"

/* The outcome is unknown, and until it is known nothing else is asked of the tool. */
static void check_undecided(const struct fake *f)
{
	check(f->e.sent);
	check_int((int)f->e.scope, (int)ERR_TOOL);
	check_int((int)f->e.retry, (int)ERR_LATER);
}

/* A kept connection that dies makes libcurl send again by itself: never what changes something. */
TEST(a_change_is_not_sent_twice)
{
	struct fake f;

	fake_open(&f, MANIFEST("", BY_ID),
		"{\"GET /items/1\": [{\"json\": {\"id\": 1}}], \"PATCH /items/1\": [{\"fault\": \"hang "
		"up\"}]}");
	check_int(fake_get(&f, "1"), 0);
	check_int(fake_update(&f, "1", "{\"title\": \"x\"}", NULL), -EIO);
	check(f.e.sent);
	check_int(fake_logged(&f, "\"PATCH\""), 1);
	fake_close(&f);
}

/* Many a server answers a write that it has done by sending the browser on. */
TEST(a_redirect_after_a_write)
{
	struct fake f;

	fake_open(&f, MANIFEST("", BY_FIND),
		"{\"POST /items\": [{\"status\": 303, \"headers\": {\"Location\": \"$BASE/items/1\"}}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check(f.e.sent && f.e.scope == ERR_TOOL);
	fake_close(&f);
}

TEST(an_answer_without_the_record)
{
	struct fake f;

	fake_open(&f, MANIFEST("", BY_FIND), "{\"POST /items\": [{\"text\": \"{\\\"id\\\": \"}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check_undecided(&f);
	fake_close(&f);
}

/* "Taken" may mean that our own first try has it. */
TEST(our_id_is_taken)
{
	struct fake f;
	static const char manifest[] =
		"{\"connector\": \"fake\", \"format\": 1, \"title\": \"Fake\", \"docs\": \"none\", "
		"\"tested\": \"here\", \"settings\": {\"url\": {\"label\": \"Address\"}}, \"http\": "
		"{\"base\": \"{url}\"}, \"check\": {\"get\": \"/me\"}, \"errors\": [{\"status\": 422, "
		"\"means\": \"exists\"}], \"types\": {\"task\": {\"list\": {\"get\": \"/items\", "
		"\"records\": \"/items\"}, \"one\": {\"get\": \"/one\"}, \"create\": {\"post\": \"/items\"}, "
		"\"once\": {\"by\": \"id\", \"to\": \"/id\"}, \"fields\": {\"id\": \"/id\", \"title\": "
		"\"/title\"}}}}";

	fake_open(&f, manifest,
		"{\"POST /items\": [{\"status\": 422}], \"GET /one\": [{\"status\": 503}, "
		"{\"status\": 404}, {\"json\": {\"id\": \"u\", \"title\": \"x\"}}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check_undecided(&f);
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EEXIST);
	check_int((int)f.e.retry, (int)ERR_NEVER);
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), 0);
	check_text(f.remote.id, "u");
	fake_close(&f);
}

/* What the tool's first answer left out is part of the create: it is not the tool's decision while it cannot be sent. */
TEST(left_out_and_then_out_of_reach)
{
	struct fake f;

	fake_open(&f, MANIFEST(IGNORED, BY_FIND),
		"{" ME ", \"POST /items\": [{\"json\": {\"id\": 5, \"title\": \"a\", \"due\": null}}],"
		"\"PATCH /items/5\": [{\"status\": 503}, {\"status\": 409}, {\"json\": {\"id\": 5, "
		"\"title\": \"a\", \"due\": \"2026-02-02\"}}, {\"status\": 422}],"
		"\"GET /found\": [{\"json\": {\"total\": 1, \"items\": [{\"id\": 5, \"title\": \"a\", "
		"\"due\": null}]}}]}");
	check_int(fake_create(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k"), -EIO);
	check_undecided(&f);
	check(!f.remote.id);
	check_int(fake_find(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k", clock_now_ms()), -ESTALE);
	check_undecided(&f);
	check(!f.remote.id);
	check_int(fake_find(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k", clock_now_ms()), 0);
	check_text(json_get_text(f.remote.doc, "due"), "2026-02-02");
	/* A refusal is its decision. */
	check_int(fake_find(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k", clock_now_ms()), 0);
	check(cJSON_IsNull(json_get(f.remote.doc, "due")));
	check_int(fake_logged(&f, "\"POST\""), 1);
	fake_close(&f);
}

/* A list that shifts while it is read cannot say that something was not made. */
TEST(not_found_in_a_list_that_moves)
{
	struct fake f;

	fake_open(&f, MANIFEST("", BY_FIND),
		"{" ME
		", \"GET /found\": [{\"json\": {\"total\": 4, \"items\": [{\"id\": 1}, {\"id\": 2}]}}, "
		"{\"json\": {\"total\": 4, \"items\": [{\"id\": 2}, {\"id\": 3}]}}, {\"json\": {\"total\": "
		"2, "
		"\"items\": [{\"id\": 1}, {\"id\": 2}]}}]}");
	check_int(fake_find(&f, "{\"title\": \"x\"}", "k", clock_now_ms()), -EIO);
	check_undecided(&f);
	check_int(fake_find(&f, "{\"title\": \"x\"}", "k", clock_now_ms() - 20000), -ENOENT);
	fake_close(&f);
}

TEST(not_let_in_while_looking)
{
	static const int statuses[] = {401, 403, 429, 503};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		_cleanup_(mem_freep) char *script =
			str_format("{" ME ", \"GET /found\": [{\"status\": %d}]}", statuses[i]);
		struct fake f;

		fake_open(&f, MANIFEST("", BY_FIND), script);
		check(fake_find(&f, "{\"title\": \"x\"}", "k", clock_now_ms()) != -ENOENT);
		check(f.e.sent && f.e.scope == ERR_TOOL);
		fake_close(&f);
	}
}

/* Made by a clock that is a day behind: ours, unless another one fits the clock. */
TEST(found_by_a_wrong_clock)
{
	char old[CLOCK_UTC_SIZE], now[CLOCK_UTC_SIZE];
	int64_t now_ms = clock_now_ms();
	_cleanup_(mem_freep) char *script = NULL;
	struct fake f;

	clock_format_utc(now_ms - 24 * 3600000, old);
	clock_format_utc(now_ms, now);
	script = str_format(
		"{" ME ", \"GET /found\": [{\"json\": {\"total\": 1, \"items\": [{\"id\": 7, \"title\": "
		"\"x\", \"made\": \"%s\", \"notes\": \"n\"}]}}, {\"json\": {\"total\": 2, \"items\": "
		"[{\"id\": 7, \"title\": \"x\", \"made\": \"%s\", \"notes\": \"n\"}, {\"id\": 8, "
		"\"title\": \"x\", \"made\": \"%s\"}]}}]}",
		old, old, now);
	fake_open(&f, MANIFEST("", BY_FIND), script);
	check_int(fake_find(&f, "{\"title\": \"x\", \"notes\": \"n\"}", "k", now_ms), 0);
	check_text(f.remote.id, "7");
	check_int(fake_find(&f, "{\"title\": \"x\", \"notes\": \"n\"}", "k", now_ms), 0);
	check_text(f.remote.id, "8");
	fake_close(&f);
}

/* A moment that the tool names is one by its own clock. */
TEST(retry_after_by_the_tools_clock)
{
	static const char *const years[] = {"2001", "2090"};

	for (size_t i = 0; i < ARRAY_LEN(years); i++) {
		_cleanup_(mem_freep) char *script =
			str_format("{\"GET /items/1\": [{\"status\": 429, \"headers\": {\"Date\": \"01 Jan "
				   "%s 00:00:00 GMT\", "
				   "\"Retry-After\": \"Mon, 01 Jan %s 00:01:30 GMT\"}}]}",
				years[i], years[i]);
		struct fake f;

		fake_open(&f, MANIFEST("", BY_ID), script);
		check_int(fake_get(&f, "1"), -EAGAIN);
		check(f.e.retry_at_ms > clock_now_ms() + 80000 && f.e.retry_at_ms <= clock_now_ms() + 91000);
		check_int(fake_get(&f, "1"), -EAGAIN);
		check_int(fake_logged(&f, "\"GET\""), 1);
		fake_close(&f);
	}
}

/* A clock that is ahead is put right one day; what changes then must not lie behind the cursor. */
TEST(a_clock_that_is_ahead)
{
	static const char *const dates[] = {"", "Wed, 01 Mar 2090 10:00:00 GMT"};

	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		_cleanup_(mem_freep) char *script = str_format(
			"{\"GET /items\": [{\"json\": {\"items\": []}}, {\"json\": {\"total\": 1, \"items\": "
			"[{\"id\": 1, "
			"\"changed\": \"2090-03-01T10:00:00Z\"}]}, \"headers\": {\"Date\": \"%s\"}}]}",
			dates[i]);
		struct fake f;
		int64_t ms = 0;

		fake_open(&f, MANIFEST("", SINCE BY_ID), script);
		check_int(fake_list(&f, NULL), 0);
		check(f.cursor && instant_parse(f.cursor, &ms) == 0);
		check(ms <= clock_now_ms() && ms > clock_now_ms() - 60000);
		fake_close(&f);
	}
}

/* Asked for what changed since a time that it has not reached yet, it would have nothing to say for a day. */
TEST(a_clock_that_was_set_back)
{
	struct fake f;

	fake_open(&f, MANIFEST("", SINCE BY_ID),
		"{\"GET /items\": [{\"json\": {\"items\": []}}, {\"json\": {\"items\": []}, \"headers\": "
		"{\"Date\": \"Mon, 01 Jan 2001 10:00:30 GMT\"}}, {\"json\": {\"total\": 1, \"items\": "
		"[{\"id\": 1, "
		"\"changed\": \"2001-01-01T10:00:00Z\"}]}, \"headers\": {\"Date\": \"Mon, 01 Jan 2001 "
		"10:00:30 "
		"GMT\"}}]}");
	check_int(fake_list(&f, "2026-01-01T00:00:00.000Z"), 0);
	check(f.complete && f.listed == 1);
	check_text(f.cursor, "2001-01-01T09:59:50Z");
	check_int(fake_logged(&f, "since=2026"), 1);
	check_int(fake_logged(&f, "\"GET\""), 3);
	fake_close(&f);
}

TEST_MAIN(TEST_RUN(a_change_is_not_sent_twice), TEST_RUN(a_redirect_after_a_write),
	TEST_RUN(an_answer_without_the_record), TEST_RUN(our_id_is_taken),
	TEST_RUN(left_out_and_then_out_of_reach), TEST_RUN(not_found_in_a_list_that_moves),
	TEST_RUN(not_let_in_while_looking), TEST_RUN(found_by_a_wrong_clock),
	TEST_RUN(retry_after_by_the_tools_clock), TEST_RUN(a_clock_that_is_ahead),
	TEST_RUN(a_clock_that_was_set_back))
