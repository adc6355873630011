/* SPDX-License-Identifier: Apache-2.0 */
/* Writes whose answer is lost, and tools whose clock is wrong. */
#include "fake.h"
#include "seamfs/base/clock.h"

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

TEST(a_redirect_after_a_write)
{
	struct fake f;

	fake_open(&f, MANIFEST("", BY_FIND),
		"{\"POST /items\": [{\"status\": 303, \"headers\": {\"Location\": \"$BASE/items/1\"}}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check(f.e.sent && f.e.scope == ERR_TOOL);
	fake_close(&f);
}

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

TEST_MAIN(TEST_RUN(a_change_is_not_sent_twice), TEST_RUN(a_redirect_after_a_write),
	TEST_RUN(retry_after_by_the_tools_clock))
