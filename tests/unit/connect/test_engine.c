/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against tools that fail in ways that a real server cannot be told to. */
#include <pthread.h>

#include "fake.h"
#include "seamfs/base/clock.h"

/* A manifest for tasks; @head and @more are pasted into the top and into the type. */
#define MANIFEST(head, more)                                                                                 \
	"{\"connector\": \"fake\", \"format\": 1, \"title\": \"Fake\", \"docs\": \"none\", \"tested\": "     \
	"\"here\","                                                                                          \
	"\"settings\": {\"url\": {\"label\": \"Address\"}}, \"http\": {\"base\": \"{url}\"},"                \
	"\"check\": {\"get\": \"/me\", \"me\": \"/login\"}," head                                            \
	"\"types\": {\"task\": {\"list\": {\"get\": \"/items\", \"records\": \"/items\"},"                   \
	"\"one\": {\"get\": \"/items/{id}\"}, \"delete\": {\"delete\": \"/items/{id}\", \"means\": "         \
	"\"trash\"}," more "\"fields\": {\"id\": \"/id\", \"created\": \"/made\", \"updated\": "             \
	"\"/changed\", \"title\": \"/title\","                                                               \
	"\"notes\": {\"at\": \"/notes\", \"empty\": \"\"}, \"due\": \"/due\"}}}}"

#define OFFSET                                                                                               \
	"\"page\": {\"by\": \"offset\", \"param\": \"offset\", \"size\": \"limit\", \"max\": 2, \"total\": " \
	"\"/total\"},"
#define CREATE                                                                                               \
	"\"create\": {\"post\": \"/items\"}, \"update\": {\"patch\": \"/items/{id}\", \"returns\": "         \
	"\"nothing\"},"
#define BY_ID "\"once\": {\"by\": \"id\", \"to\": \"/id\"},"
#define BY_FIND                                                                                              \
	"\"once\": {\"by\": \"find\", \"find\": {\"get\": \"/items\", \"records\": \"/items\", \"query\": "  \
	"{\"q\": \"{title}\"}}},"
#define SINCE "\"changes\": {\"by\": \"since\", \"query\": {\"since\": \"{since}\"}, \"overlap\": \"10s\"},"

TEST(slow_down)
{
	struct fake f;

	fake_open(&f, MANIFEST("", CREATE BY_ID),
		"{\"POST /items\": [{\"status\": 429, \"headers\": {\"Retry-After\": \"120\"}}],"
		"\"GET /items\": [{\"json\": {\"items\": []}}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EAGAIN);
	check_int(f.e.retry, ERR_LATER);
	check_int(f.e.scope, ERR_TOOL);
	check(!f.e.sent);
	check(f.e.retry_at_ms > clock_now_ms() + 110000 && f.e.retry_at_ms <= clock_now_ms() + 120000);
	check_int(fake_list(&f, NULL), -EAGAIN); /* nothing goes out before that */
	check_int(fake_logged(&f, "\"method\""), 1);
	fake_close(&f);
}

TEST(used_up)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("\"limits\": {\"remaining\": \"X-Left\", \"reset\": \"X-Reset\", \"reset_as\": "
			 "\"seconds\"},",
			""),
		"{\"GET /items\": [{\"json\": {\"items\": []}, \"headers\": {\"X-Left\": \"0\", \"X-Reset\": "
		"\"60\"}}]}");
	check_int(fake_list(&f, NULL), 0);
	check(f.complete);
	check_int(fake_list(&f, NULL), -EAGAIN);
	check_int(fake_logged(&f, "\"method\""), 1);
	fake_close(&f);
}

TEST(truncated)
{
	struct fake f;

	fake_open(&f, MANIFEST("", ""),
		"{\"GET /items\": [{\"text\": \"{\\\"items\\\": [\", \"length\": 500}]}");
	check_int(fake_list(&f, NULL), -EIO);
	check_int(f.e.retry, ERR_LATER);
	check_int(f.e.scope, ERR_TOOL);
	check(f.e.sent && !f.complete && !f.cursor);
	fake_close(&f);
}

TEST(reset_after_request)
{
	struct fake f;

	fake_open(&f, MANIFEST("", CREATE BY_FIND),
		"{\"POST /items\": [{\"fault\": \"reset\"}], \"GET /me\": [{\"json\": {\"login\": \"me\"}}],"
		"\"GET /items\": [{\"json\": {\"items\": []}}, {\"json\": {\"items\": [{\"id\": 7, "
		"\"title\": \"other\"}, "
		"{\"id\": 8, \"title\": \"x\", \"made\": \"2020-01-01T00:00:00Z\"}, {\"id\": 9, \"title\": "
		"\"x\"}]}}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check(f.e.sent); /* it may be there: look it up, do not send it again */
	check_int(fake_logged(&f, "\"POST\""), 1);
	check_int(fake_find(&f, "{\"title\": \"y\"}", "k", clock_now_ms()), -EAGAIN); /* perhaps not yet */
	check(f.e.retry == ERR_LATER && f.e.scope == ERR_RECORD && f.e.retry_at_ms > clock_now_ms());
	check_int(fake_find(&f, "{\"title\": \"y\"}", "k", clock_now_ms() - 11000), -ENOENT);
	check_int(fake_find(&f, "{\"title\": \"x\"}", "k", clock_now_ms()), 0);
	check_text(f.remote.id, "9");
	check_int(fake_logged(&f, "/items?q=x"), 1);
	fake_close(&f);
}

/* A kept connection that dies makes libcurl send again by itself: never for a POST. */
TEST(dying_connection)
{
	struct fake f;

	fake_open(&f, MANIFEST("", CREATE BY_ID),
		"{\"GET /items\": [{\"json\": {\"items\": []}}], \"POST /items\": [{\"fault\": \"hang "
		"up\"}]}");
	check_int(fake_list(&f, NULL), 0);
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check(f.e.sent);
	check_int(fake_logged(&f, "\"POST\""), 1);
	fake_close(&f);
}

TEST(not_there)
{
	struct fake f;
	struct err e = {0};
	char *text = NULL;

	fake_open(&f, MANIFEST("", ""), "{}");
	close(f.in);
	waitpid(f.pid, NULL, 0);
	check_int((f.link->ops->check)(f.link, &text, &e), -EIO);
	check(!e.sent && e.scope == ERR_TOOL && e.retry == ERR_LATER);
	f.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fake_close(&f);
}

TEST(no_content)
{
	struct fake f;

	fake_open(&f, MANIFEST("", CREATE BY_ID),
		"{\"PATCH /items/1\": [{\"status\": 204}], \"GET /items/1\": [{\"json\": "
		"{\"id\": 1, \"title\": \"kept\", \"notes\": \"\"}}], \"GET /items\": [{\"status\": 204}]}");
	check_int(fake_update(&f, "1", "{\"title\": \"new\", \"notes\": null}", NULL), 0);
	check_text(json_get_text(f.remote.doc, "title"), "kept"); /* the caller sees that it was ignored */
	check(cJSON_IsNull(json_get(f.remote.doc, "notes")));
	check_int(fake_logged(&f, "{\\\"title\\\":\\\"new\\\",\\\"notes\\\":\\\"\\\"}"), 1);
	check_int(fake_list(&f, NULL), 0);
	check(f.complete && f.listed == 0);
	fake_close(&f);
}

TEST(ignored_fields)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("", "\"create\": {\"post\": \"/items\", \"ignored\": \"update\"}, \"update\": "
			     "{\"patch\": \"/items/{id}\"}," BY_ID),
		"{\"POST /items\": [{\"json\": {\"id\": 5, \"title\": \"a\", \"due\": \"2026-01-01\"}}],"
		"\"PATCH /items/5\": [{\"json\": {\"id\": 5, \"title\": \"a\", \"due\": \"2026-02-02\"}}]}");
	check_int(fake_create(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k"), 0);
	check_text(json_get_text(f.remote.doc, "due"), "2026-02-02");
	check_int(fake_logged(&f, "{\\\"due\\\":\\\"2026-02-02\\\"}"), 1);
	fake_close(&f);
}

/* Made, and out of reach before what it ignored was sent once more; or we were killed there, and look for it. */
TEST(ignored_fields_that_did_not_arrive)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("", "\"create\": {\"post\": \"/items\", \"ignored\": \"update\"}, \"update\": "
			     "{\"patch\": \"/items/{id}\"}," BY_FIND),
		"{\"POST /items\": [{\"json\": {\"id\": 5, \"title\": \"a\"}}],"
		"\"PATCH /items/5\": [{\"status\": 503}, {\"status\": 422}],"
		"\"GET /me\": [{\"json\": {\"login\": \"me\"}}], \"GET /items\": [{\"json\": {\"items\": "
		"[{\"id\": 5, "
		"\"title\": \"a\", \"made\": \"2126-01-01T00:00:00Z\", \"changed\": "
		"\"2126-01-01T00:00:00Z\"}]}}, "
		"{\"json\": {\"items\": [{\"id\": 5, \"title\": \"a\", \"made\": \"2126-01-01T00:00:00Z\", "
		"\"changed\": \"2126-01-01T00:00:01Z\"}]}}]}");
	check(fake_create(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k") < 0);
	check(f.e.sent); /* not at its end: it is looked for */
	check_int(fake_create(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k"),
		0); /* refused: it stays so */
	check_int(fake_find(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k", clock_now_ms()), 0);
	check_int(fake_logged(&f, "\"PATCH\""), 3);
	check_int(fake_find(&f, "{\"title\": \"a\", \"due\": \"2026-02-02\"}", "k", clock_now_ms()), 0);
	check_int(fake_logged(&f, "\"PATCH\""), 3); /* somebody was there */
	fake_close(&f);
}

TEST(endless)
{
	struct fake f;

	fake_open(&f, MANIFEST("\"page\": {\"by\": \"offset\", \"param\": \"offset\"},", ""),
		"{\"GET /items\": [{\"json\": {\"items\": [{\"id\": 1}, {\"id\": 2}]}}]}");
	check_int(fake_list(&f, NULL), -EIO);
	check_int(f.e.scope, ERR_COLLECTION);
	check(!f.complete && fake_logged(&f, "\"method\"") == 2);
	fake_close(&f);
}

TEST(error_with_status_200)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("\"errors\": [{\"at\": \"/ok\", \"is\": false, \"means\": \"rejected\", "
			 "\"message\": \"/why\", "
			 "\"field\": \"/key\"}],",
			CREATE BY_ID),
		"{\"POST /items\": [{\"json\": {\"ok\": false, \"why\": \"Bad day\", \"key\": \"due\"}}],"
		"\"GET /items\": [{\"json\": {\"ok\": false, \"items\": []}}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EINVAL);
	check_text(f.e.text, "fake says: Bad day (HTTP 200)");
	check_text(f.e.field, "due");
	check_int(fake_list(&f, NULL), -EINVAL); /* not "an empty list" */
	check(!f.complete);
	fake_close(&f);
}

TEST(offset_pages)
{
	struct fake f;

	fake_open(&f, MANIFEST(OFFSET, ""),
		"{\"GET /items\": [{\"json\": {\"total\": 3, \"items\": [{\"id\": 1}, {\"id\": 2}]}},"
		"{\"json\": {\"total\": 3, \"items\": [{\"id\": 3}]}}]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids, "1 2 3 ");
	check(f.complete && !f.cursor);
	check_int(fake_logged(&f, "/items?limit=2&offset=2"), 1);
	fake_close(&f);
}

/* What shifts while it is read proves nothing. */
TEST(shifting_pages)
{
	static const char *const second[] = {"{\"total\": 4, \"items\": [{\"id\": 3}, {\"id\": 4}]}",
		"{\"total\": 3, \"items\": [{\"id\": 2}]}", "{\"total\": 3, \"items\": []}"};

	for (size_t i = 0; i < ARRAY_LEN(second); i++) {
		struct fake f;
		char *script = str_format(
			"{\"GET /items\": [{\"json\": {\"total\": 3, \"items\": [{\"id\": 1}, {\"id\": 2}]}},"
			"{\"json\": %s}]}",
			second[i]);

		fake_open(&f, MANIFEST(OFFSET, ""), script);
		fake_list(&f, NULL);
		check(!f.complete);
		fake_close(&f);
		free(script);
	}
}

TEST(numbered_pages)
{
	struct fake f;

	fake_open(&f, MANIFEST("\"page\": {\"by\": \"page\", \"param\": \"p\", \"more\": \"/more\"},", ""),
		"{\"GET /items\": [{\"json\": {\"more\": true, \"items\": [{\"id\": \"a\"}]}}, {\"json\": "
		"{\"more\": false, "
		"\"items\": [{\"id\": \"b\"}]}}]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids, "a b ");
	check(f.complete && fake_logged(&f, "/items?p=2") == 1);
	fake_close(&f);
}

TEST(cursor_pages)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("\"page\": {\"by\": \"cursor\", \"param\": \"after\", \"next\": \"/paging/after\"},",
			""),
		"{\"GET /items\": [{\"json\": {\"items\": [{\"id\": 1}], \"paging\": {\"after\": \"t+2/\"}}},"
		"{\"json\": {\"items\": [{\"id\": 2}]}}]}");
	check_int(fake_list(&f, NULL), 0);
	check(f.complete && f.listed == 2);
	check_int(fake_logged(&f, "/items?after=t%2B2%2F"), 1);
	fake_close(&f);
}

TEST(last_id_pages)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("\"page\": {\"by\": \"last_id\", \"param\": \"after\", \"more\": \"/has_more\"},",
			""),
		"{\"GET /items\": [{\"json\": {\"items\": [{\"id\": \"x\"}, {\"id\": \"y\"}], \"has_more\": "
		"true}},"
		"{\"json\": {\"items\": [{\"id\": \"z\"}], \"has_more\": false}}]}");
	check_int(fake_list(&f, NULL), 0);
	check(f.complete && f.listed == 3 && fake_logged(&f, "/items?after=y") == 1);
	fake_close(&f);
}

TEST(link_pages)
{
	struct fake f;

	fake_open(&f, MANIFEST("\"page\": {\"by\": \"link\"},", ""),
		"{\"GET /items\": [{\"json\": {\"items\": [{\"id\": 1}]}, "
		"\"headers\": {\"Link\": \"<$BASE/items?page=1>; rel=\\\"first\\\", </items?page=2>; "
		"rel=\\\"next\\\"\"}},"
		"{\"json\": {\"items\": [{\"id\": 2}]}, \"headers\": {\"Link\": "
		"\"<https://evil.example/items>; rel=\\\"next\\\"\"}}]}");
	check_int(fake_list(&f, NULL), -EIO);
	check(strstr(f.e.text, "another host") && !f.complete);
	check_int(fake_logged(&f, "/items?page=2"), 1);
	fake_close(&f);
}

TEST(changes)
{
	struct fake f;

	fake_open(&f, MANIFEST("", SINCE),
		"{\"GET /items\": [{\"json\": {\"items\": []}},"
		"{\"json\": {\"items\": [{\"id\": 1, \"changed\": \"2026-03-01T10:00:00.500Z\"}, {\"id\": 2, "
		"\"made\": \"2026-02-01T10:00:00Z\"}]}},"
		"{\"json\": {\"items\": [{\"id\": 1, \"changed\": \"2026-03-01T10:00:00.500Z\"}]}}, "
		"{\"json\": {\"items\": []}}]}");
	check_int(fake_list(&f, NULL), 0);
	check(f.complete && f.listed == 2 && !f.link->capabilities[TYPE_TASK].scans);
	check_text(f.cursor, "2026-03-01T09:59:50.500Z");
	check_int(fake_logged(&f, "since=2100-01-01T00%3A00%3A00Z"), 1);
	check_int(fake_list(&f, "2026-03-01T09:59:50.500Z"), 0);
	check(!f.complete && f.listed == 1);
	check_text(f.cursor, "2026-03-01T09:59:50.500Z");
	check_int(fake_logged(&f, "since=2026-03-01T09%3A59%3A50.500Z"), 1);
	check_int(fake_list(&f, "2026-03-01T09:59:50.500Z"), 0);
	check_text(f.cursor, "2026-03-01T09:59:50.500Z"); /* nothing new: stay */
	fake_close(&f);
}

/*
 * A stamp that lies after the start of the pass must not jump over what changed meanwhile on earlier pages.
 */
TEST(cursor_not_after_start)
{
	struct fake f;

	fake_open(&f, MANIFEST("", SINCE),
		"{\"GET /items\": [{\"json\": {\"items\": []}}, {\"json\": {\"items\": [{\"id\": 1, "
		"\"changed\": \"2090-03-01T10:00:00Z\"}]}}]}");
	check_int(fake_list(&f, NULL), 0);
	check(f.cursor && strncmp(f.cursor, "2090", 4) < 0);
	fake_close(&f);
}

TEST(ignored_filter)
{
	struct fake f;

	fake_open(&f, MANIFEST("", SINCE),
		"{\"GET /items\": [{\"json\": {\"items\": [{\"id\": 1, \"changed\": "
		"\"2026-01-01T00:00:00Z\"}]}}]}");
	check_int(fake_list(&f, "2026-01-01T00:00:00Z"), 0);
	check(f.complete && !f.cursor && f.link->capabilities[TYPE_TASK].scans);
	check_int(fake_logged(&f, "since="), 1);
	fake_close(&f);
}

TEST(redirects)
{
	struct fake f;

	fake_open(&f, MANIFEST("", CREATE BY_ID),
		"{\"GET /items\": [{\"status\": 302, \"headers\": {\"Location\": \"$BASE/moved\"}}],"
		"\"GET /moved\": [{\"json\": {\"items\": [{\"id\": 1}]}}, {\"status\": 301, \"headers\": "
		"{\"Location\": \"http://127.0.0.2:1/x\"}}],"
		"\"POST /items\": [{\"status\": 307, \"headers\": {\"Location\": \"$BASE/moved\"}}],"
		"\"GET /items/1\": [{\"status\": 302, \"headers\": {\"Location\": \"$BASE/items/1\"}}]}");
	check_int(fake_list(&f, NULL), 0);
	check_int(f.listed, 1);
	check_int(fake_list(&f, NULL), -EIO);
	check(strstr(f.e.text, "http://127.0.0.2:1") && f.e.retry == ERR_AFTER_USER);
	check_int(fake_create(&f, "{\"title\": \"x\"}", "k"), -EIO);
	check_int(fake_get(&f, "1"), -EIO); /* in a circle */
	check_int(fake_logged(&f, "/items/1"), 6);
	fake_close(&f);
}

TEST(too_large)
{
	struct fake f;

	fake_open(&f, MANIFEST("", ""), "{\"GET /items\": [{\"gzip_mb\": 40}]}");
	check_int(fake_list(&f, NULL), -E2BIG);
	fake_close(&f);
}

TEST(no_json)
{
	struct fake f;

	fake_open(&f, MANIFEST("", ""),
		"{\"GET /items\": [{\"text\": \"<html>Please log in</html>\"}, {\"json\": {\"data\": []}}],"
		"\"GET /items/1\": [{\"json\": {\"nothing\": 1}}, {\"status\": 404}, {\"status\": 403}, "
		"{\"status\": 401}, {\"status\": 500}, {\"status\": 412}]}");
	check_int(fake_list(&f, NULL), -EIO);
	check(strstr(f.e.text, "no JSON") && !f.complete);
	check_int(fake_list(&f, NULL), -EIO);
	check(strstr(f.e.text, "/items") && f.e.scope == ERR_COLLECTION);
	check_int(fake_get(&f, "1"), -EIO); /* no id: no proof that it is gone */
	check_int(fake_get(&f, "1"), -ENOENT);
	check_int(fake_get(&f, "1"), -EACCES);
	check_int(f.e.scope, ERR_RECORD);
	check_int(fake_get(&f, "1"), -EACCES);
	check_int(f.e.scope, ERR_TOOL);
	check_int(fake_get(&f, "1"), -EIO);
	check_int(fake_get(&f, "1"), -ESTALE);
	fake_close(&f);
}

/* For tools that replace the whole record. */
TEST(full_update)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("", "\"update\": {\"put\": \"/items/{id}\", \"send\": \"full\", \"wrap\": "
			     "\"/item\", \"set\": {\"/kind\": 1}, "
			     "\"record\": \"/item\"},"),
		"{\"PUT /items/1\": [{\"json\": {\"item\": {\"id\": 1, \"title\": \"new\"}}}]}");
	check_int(fake_update(&f, "1", "{\"title\": \"new\"}",
			  "{\"title\": \"old\", \"notes\": \"n\", \"due\": null}"),
		0);
	check_text(json_get_text(f.remote.doc, "title"), "new");
	check_int(fake_logged(&f, "{\\\"item\\\":{\\\"title\\\":\\\"new\\\",\\\"due\\\":null,\\\"notes\\\":"
				  "\\\"n\\\",\\\"kind\\\":1}}"),
		1);
	fake_close(&f);
}

TEST(key_in_header)
{
	struct fake f;

	fake_open(&f,
		MANIFEST("", "\"create\": {\"post\": \"/items\", \"returns\": \"id\", \"id\": \"/new\"}, "
			     "\"once\": {\"by\": \"header\", "
			     "\"name\": \"Idempotency-Key\"},"),
		"{\"POST /items\": [{\"json\": {\"new\": 12}}], \"GET /items/12\": [{\"json\": {\"id\": 12, "
		"\"title\": \"x\"}}, {\"status\": 503}]}");
	check_int(fake_create(&f, "{\"title\": \"x\"}", "key-1"), 0);
	check_text(f.remote.id, "12");
	check_int(fake_logged(&f, "\"idempotency-key\": \"key-1\""), 1);
	check_int(fake_create(&f, "{\"title\": \"x\"}", "key-2"), -EIO);
	check(f.e.sent); /* made, but not read */
	check_int(fake_find(&f, "{\"title\": \"x\"}", "key-2", 0), -ENOENT);
	check_int(fake_create(&f, "{\"title\": \"x\"}", "key\r\nX-Evil: 1"), -EINVAL);
	check_int(fake_logged(&f, "\"POST\""), 2);
	fake_close(&f);
}

TEST(remove)
{
	struct fake f;
	struct err e = {0};

	fake_open(&f, MANIFEST("", ""),
		"{\"DELETE /items/1\": [{\"status\": 204}, {\"status\": 403}], \"DELETE /items/2\": "
		"[{\"status\": 403}],"
		"\"GET /items/2\": [{\"json\": {\"id\": 2}}]}");
	check_int(f.link->ops->remove(f.link, TYPE_TASK, "1", &e), 0);
	check_int(f.link->ops->remove(f.link, TYPE_TASK, "1", &e), 0); /* gone already */
	check_int(f.link->ops->remove(f.link, TYPE_TASK, "2", &e), -EACCES);
	check_int(f.link->ops->remove(f.link, TYPE_DEAL, "2", &e), -EOPNOTSUPP);
	fake_close(&f);
}

#define DELETED(means) "\"delete\": {\"delete\": \"/items/{id}\", \"means\": \"" means "\"},"
#define RESTORE	       "\"restore\": {\"post\": \"/items/{id}/back\", \"set\": {\"/kept\": true}, "

/* @trash replaces the manifest's own "delete". */
static char *trash_manifest(const char *trash)
{
	static const char own[] = DELETED("trash");
	const char *manifest = MANIFEST("", ""), *at = strstr(manifest, own);

	return str_format("%.*s%s%s", (int)(at - manifest), manifest, trash, at + strlen(own));
}

TEST(removal_is_told_by_the_manifest)
{
	static const struct {
		const char *trash;
		enum removal want;
	} rows[] = {
		{"", REMOVE_NO},
		{DELETED("erase"), REMOVE_ERASE},
		{DELETED("trash"), REMOVE_ERASE},
		{DELETED("trash") RESTORE "\"returns\": \"nothing\"},", REMOVE_ARCHIVE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *manifest = trash_manifest(rows[i].trash);
		struct fake f;

		fake_open(&f, manifest, "{}");
		check_int(f.link->capabilities[TYPE_TASK].removes, rows[i].want);
		fake_close(&f);
	}
}

TEST(restore)
{
	_cleanup_(mem_freep) char *manifest =
		trash_manifest(DELETED("archive") RESTORE "\"returns\": \"nothing\"},");
	struct fake f;

	fake_open(&f, manifest,
		"{\"POST /items/1/back\": [{\"status\": 204}, {\"status\": 404}, {\"status\": 403}],"
		"\"GET /items/1\": [{\"json\": {\"id\": 1, \"title\": \"back\"}}]}");
	check_int(f.link->ops->restore(f.link, TYPE_TASK, "1", &f.remote, &f.e), 0);
	check_text(json_get_text(f.remote.doc, "title"), "back");
	check_int(fake_logged(&f, "{\\\"kept\\\":true}"), 1);
	remote_finish(&f.remote);
	check_int(f.link->ops->restore(f.link, TYPE_TASK, "1", &f.remote, &f.e), -ENOENT);
	check_int(f.link->ops->restore(f.link, TYPE_TASK, "1", &f.remote, &f.e), -EACCES);
	check_int(f.link->ops->restore(f.link, TYPE_DEAL, "1", &f.remote, &f.e), -EOPNOTSUPP);
	fake_close(&f);
	fake_open(&f, MANIFEST("", ""), "{}");
	check_int(f.link->ops->restore(f.link, TYPE_TASK, "1", &f.remote, &f.e), -EOPNOTSUPP);
	check_int(fake_logged(&f, "\"method\""), 0);
	fake_close(&f);
}

TEST(credentials)
{
	static const char manifest[] =
		"{\"connector\": \"fake\", \"format\": 1, \"title\": \"Fake\", \"docs\": \"none\", "
		"\"tested\": \"here\","
		"\"settings\": {\"url\": {\"label\": \"Address\"}, \"user\": {\"label\": \"User\", "
		"\"default\": \"me\"}},"
		"\"http\": {\"base\": \"{url}\", \"headers\": {\"X-User\": \"<{user}>\"}, \"auth\": %s},"
		"\"check\": {\"get\": \"/me\"}, \"types\": {}}";
	static const char *const auths[][2] = {
		{"{\"bearer\": \"{user}-token\"}", "\"authorization\": \"Bearer me-token\""},
		{"{\"basic\": {\"user\": \"{user}\", \"password\": \"p:w\"}}",
			"\"authorization\": \"Basic bWU6cDp3\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(auths); i++) {
		_cleanup_(mem_freep) char *text = str_format(manifest, auths[i][0]);
		char *who = NULL;
		struct fake f;

		fake_open(&f, text, "{\"GET /me\": [{\"json\": {}}]}");
		check_int((f.link->ops->check)(f.link, &who, &f.e), 0);
		check(who && strncmp(who, "Fake at http://127.0.0.1:", 25) == 0);
		check_int(fake_logged(&f, auths[i][1]), 1);
		check_int(fake_logged(&f, "\"x-user\": \"<me>\""), 1);
		free(who);
		fake_close(&f);
	}
}

static void *raise_flag(void *flag)
{
	usleep(300000);
	atomic_store((atomic_bool *)flag, 1);
	return NULL;
}

TEST(stopped)
{
	struct fake f;
	pthread_t thread;
	int64_t start_ms = clock_steady_ms();

	fake_open(&f, MANIFEST("", ""), "{\"GET /items\": [{\"fault\": \"stall\"}]}");
	pthread_create(&thread, NULL, raise_flag, &f.stop);
	check_int(fake_list(&f, NULL), -ECANCELED);
	check(clock_steady_ms() - start_ms < 3000);
	pthread_join(thread, NULL);
	fake_close(&f);
}

TEST_MAIN(TEST_RUN(slow_down), TEST_RUN(used_up), TEST_RUN(truncated), TEST_RUN(reset_after_request),
	TEST_RUN(dying_connection), TEST_RUN(not_there), TEST_RUN(no_content), TEST_RUN(ignored_fields),
	TEST_RUN(ignored_fields_that_did_not_arrive), TEST_RUN(endless), TEST_RUN(error_with_status_200),
	TEST_RUN(offset_pages), TEST_RUN(shifting_pages), TEST_RUN(numbered_pages), TEST_RUN(cursor_pages),
	TEST_RUN(last_id_pages), TEST_RUN(link_pages), TEST_RUN(changes), TEST_RUN(cursor_not_after_start),
	TEST_RUN(ignored_filter), TEST_RUN(redirects), TEST_RUN(too_large), TEST_RUN(no_json),
	TEST_RUN(full_update), TEST_RUN(key_in_header), TEST_RUN(remove),
	TEST_RUN(removal_is_told_by_the_manifest), TEST_RUN(restore), TEST_RUN(credentials),
	TEST_RUN(stopped))
