/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against answers that no tool should give: endless, circular, huge, deep, of the wrong kind. */
#include <sys/resource.h>

#include "fake.h"

/* A manifest for tasks that are listed by @page; ' stands for ". */
#define MANIFEST(page)                                                                                       \
	"{'connector': 'fake', 'format': 1, 'title': 'Fake', 'docs': 'none', 'tested': 'here', "             \
	"'settings': {'url': {'label': 'Address'}}, 'http': {'base': '{url}'}, 'check': {'get': '/me'}, "    \
	"'page': " page ", 'types': {'task': {'list': {'get': '/items', 'records': '/items'}, "              \
	"'one': {'get': '/items/{id}'}, 'fields': {'id': '/id', 'created': '/made', 'updated': '/changed', " \
	"'title': '/title', 'notes': '/notes', 'due': '/due', 'estimate_hours': '/hours', 'tags': "          \
	"'/tags'}}}}"

#define BY_OFFSET "{'by': 'offset', 'param': 'o', 'total': '/total'}"
#define BY_PAGE	  "{'by': 'page', 'param': 'p', 'last': '/last'}"
#define BY_CURSOR "{'by': 'cursor', 'param': 'c', 'next': '/next'}"
#define BY_LINK	  "{'by': 'link', 'next': '/next'}"
#define BY_HEADER "{'by': 'link'}"

enum { NAME_LENGTH = 5000, PAGES = 10000, DEPTH = 10000, MOST_KB = 48 << 10 };

/* The most memory that this process ever had, in KiB. ASan keeps what is freed, so it says nothing there. */
static long peak_kb(void)
{
	struct rusage usage;

#ifdef __SANITIZE_ADDRESS__
	return 0;
#endif
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int asked(struct fake *f)
{
	return fake_logged(f, "\"method\"");
}

static char *repeated(char c, size_t count)
{
	char *text = mem_alloc(count + 1);

	memset(text, c, count);
	return text;
}

/* The first test: what one page takes is all that the process ever has. */
TEST(ten_thousand_pages)
{
	_cleanup_(mem_freep) char *name = repeated('n', NAME_LENGTH);
	_cleanup_(mem_freep) char *script =
		str_format("{'GET /items': [{'times': %d, 'text': '{\\'items\\': [{\\'id\\': $N, "
			   "\\'title\\': \\'%s\\'}], "
			   "\\'next\\': \\'c$N\\'}'}, {'text': '{\\'items\\': [{\\'id\\': $N}]}'}]}",
			PAGES - 1, name);
	long before_kb;
	struct fake f;

	fake_start(&f, MANIFEST(BY_CURSOR), script);
	before_kb = peak_kb();
	check_int(fake_list(&f, NULL), 0);
	check(f.complete);
	check_int(f.listed, PAGES);
	check(peak_kb() - before_kb < MOST_KB / 3);
	fake_close(&f);
}

TEST(an_answer_of_200_mb)
{
	long before_kb = peak_kb();
	struct fake f;

	fake_start(&f, MANIFEST(BY_OFFSET),
		"{'GET /items': [{'stream_mb': 200}], 'GET /items/1': [{'stream_mb': 200}]}");
	check_int(fake_list(&f, NULL), -E2BIG);
	check(!f.complete && strstr(f.e.text, "MiB"));
	check_int(fake_get(&f, "1"), -E2BIG);
	check(peak_kb() - before_kb < MOST_KB);
	fake_close(&f);
}

/* Refused whether it ends or not. */
TEST(an_answer_that_is_deep)
{
	_cleanup_(mem_freep) char *open = repeated('[', DEPTH);
	_cleanup_(mem_freep) char *close = repeated(']', DEPTH);
	_cleanup_(mem_freep) char *script =
		str_format("{'GET /items': [{'text': '{\\'items\\': %s%s}'}, {'text': '{\\'items\\': "
			   "[{\\'id\\': 1, \\'title\\': %s'}]}",
			open, close, open);
	struct fake f;

	fake_start(&f, MANIFEST(BY_OFFSET), script);
	for (int i = 0; i < 2; i++) {
		check_int(fake_list(&f, NULL), -EIO);
		check(!f.complete && f.listed == 0 && *f.e.text);
	}
	fake_close(&f);
}

/* Links that go round in a circle of one or of three, with records on the pages and without. */
TEST(links_in_a_circle)
{
	static const struct {
		const char *script;
		int most; /* requests */
	} rows[] = {
		{"{'GET /items': [{'json': {'items': [{'id': 1}], 'next': '/items'}}]}", 2},
		{"{'GET /items': [{'json': {'items': [], 'next': '$BASE/items'}}]}", 2},
		{"{'GET /items': [{'json': {'items': [{'id': 1}], 'next': '/b'}}], 'GET /b': [{'json': "
		 "{'items': [{'id': 2}], 'next': '/c'}}], 'GET /c': [{'json': {'items': [{'id': 3}], 'next': "
		 "'/items'}}]}",
			4},
		{"{'GET /items': [{'json': {'items': [], 'next': '/b'}}], 'GET /b': [{'json': {'items': [], "
		 "'next': "
		 "'/c'}}], 'GET /c': [{'json': {'items': [], 'next': '/items'}}]}",
			4},
		{"{'GET /items': [{'json': {'items': [{'id': 1}], 'next': '/b'}}], 'GET /b': [{'json': "
		 "{'items': [], "
		 "'next': '/c'}}], 'GET /c': [{'json': {'items': [], 'next': '/b'}}]}",
			3},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fake f;

		fake_start(&f, MANIFEST(BY_LINK), rows[i].script);
		check_int(fake_list(&f, NULL), -EIO);
		check(strstr(f.e.text, "again and again") && !f.complete);
		check_int((int)f.e.scope, (int)ERR_COLLECTION);
		check(asked(&f) <= rows[i].most);
		fake_close(&f);
	}
}

TEST(cursors_in_a_circle)
{
	struct fake f;

	fake_start(&f, MANIFEST(BY_CURSOR),
		"{'GET /items': [{'json': {'items': [{'id': 1}], 'next': 'a'}}, {'json': {'items': [], "
		"'next': 'b'}}, "
		"{'json': {'items': [], 'next': 'a'}}, {'json': {'items': [], 'next': 'b'}}, {'json': "
		"{'items': []}}]}");
	check_int(fake_list(&f, NULL), -EIO);
	check(strstr(f.e.text, "again and again") && !f.complete);
	check_int(asked(&f), 3);
	fake_close(&f);
}

/* A next page that is overlooked would look like the end, and its records like removed ones. */
TEST(links_in_odd_headers)
{
	static const char *const headers[] = {"'<$BASE/b>; title=\\'a, b\\'; rel=\\'next\\''",
		"['<$BASE/x>; rel=first', '</b>; rel=next']",
		"'</x>; rel=\\'prev\\', </b>; REL=\\'last Next\\''", "'<b>;rel=next;title=x'"};

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		_cleanup_(mem_freep) char *script = str_format(
			"{'GET /items': [{'json': {'items': [{'id': 1}]}, 'headers': {'Link': %s}}], "
			"'GET /b': [{'json': {'items': [{'id': 2}]}, 'headers': {'Link': '</x>; "
			"rel=nextish'}}]}",
			headers[i]);
		struct fake f;

		fake_start(&f, MANIFEST(BY_HEADER), script);
		check_int(fake_list(&f, NULL), 0);
		check_text(f.ids, "1 2 ");
		check(f.complete);
		fake_close(&f);
	}
}

TEST(links_to_another_host)
{
	static const char *const links[] = {"https://evil.example/items", "//evil.example/items",
		"http://127.0.0.1:1/items", "http://localhost/items", "$BASE.evil.example/items",
		"$BASE@evil.example/items", "file:///etc/passwd", "\\\\\\\\evil.example/items",
		"http:\\\\u0000//x"};

	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		_cleanup_(mem_freep) char *script = str_format(
			"{'GET /items': [{'json': {'items': [{'id': 1}], 'next': '%s'}}]}", links[i]);
		struct fake f;

		fake_start(&f, MANIFEST(BY_LINK), script);
		check(fake_list(&f, NULL) < 0);
		check(!f.complete && asked(&f) <= 2);
		fake_close(&f);
	}
}

/* A total is a hint; whatever it says, the records are all there, and a list that moved proves nothing. */
TEST(totals_that_change)
{
	static const struct {
		const char *totals[3];
		int listed;
		_Bool complete;
	} rows[] = {
		{{"3", "3", "3"}, 3, 1},
		{{"3", "4", "3"}, 3, 0},
		{{"2", "2", "2"}, 2, 1},
		{{"null", "3", "3"}, 3, 1},
		{{"'3'", "'3'", "'3'"}, 3, 1}, /* no number: as if it said nothing */
		{{"-1", "-1", "-1"}, 1, 0},
		{{"99999999999999999999", "3.5", "1e99"}, 3, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *script =
			str_format("{'GET /items': [{'json': {'items': [{'id': 1}], 'total': %s}}, {'json': "
				   "{'items': [{'id': 2}], "
				   "'total': %s}}, {'json': {'items': [{'id': 3}], 'total': %s}}, {'json': "
				   "{'items': []}}]}",
				rows[i].totals[0], rows[i].totals[1], rows[i].totals[2]);
		struct fake f;

		fake_start(&f, MANIFEST(BY_OFFSET), script);
		check_int(fake_list(&f, NULL), 0);
		check_int(f.listed, rows[i].listed);
		check_int(f.complete, rows[i].complete);
		fake_close(&f);
	}
}

/* "last" is declared, and not in the answer: an empty page is the end all the same. */
TEST(a_last_page_that_is_not_told)
{
	static const struct {
		const char *tail;
		int asked;
	} rows[] = {
		{"{'json': {'items': []}}", 2},
		{"{'json': {'items': [], 'last': null}}", 2},
		{"{'json': {'items': [], 'last': false}}, {'json': {'items': [], 'last': true}}", 3},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *script =
			str_format("{'GET /items': [{'json': {'items': [{'id': 1}]}}, %s]}", rows[i].tail);
		struct fake f;

		fake_start(&f, MANIFEST(BY_PAGE), script);
		check_int(fake_list(&f, NULL), 0);
		check(f.complete && f.listed == 1);
		check_int(asked(&f), rows[i].asked);
		fake_close(&f);
	}
}

/* It says that there is more, gives nothing, and the same would be asked again. */
TEST(more_of_nothing)
{
	static const char *const pages[] = {"{'by': 'offset', 'param': 'o', 'more': '/more'}",
		"{'by': 'last_id', 'param': 'after', 'more': '/more'}",
		"{'by': 'offset', 'param': 'o', 'last': '/last'}"};

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		_cleanup_(mem_freep) char *manifest = str_format(MANIFEST("%s"), pages[i]);
		struct fake f;

		fake_start(&f, manifest,
			"{'GET /items': [{'json': {'items': [], 'more': true, 'last': false}}]}");
		check_int(fake_list(&f, NULL), -EIO);
		check(!f.complete);
		check_int(asked(&f), 1);
		fake_close(&f);
	}
}

/* Ids that a double cannot hold are still two; one that is a text is the same as the number. */
TEST(ids_beyond_a_double)
{
	struct fake f;

	fake_start(&f, MANIFEST(BY_OFFSET),
		"{'GET /items': [{'text': '{\\'items\\': [{\\'id\\': 9007199254740992}, {\\'id\\': "
		"9007199254740993}, "
		"{\\'id\\': 123456789012345678901234567890}]}'}, {'text': '{\\'items\\': [{\\'id\\': "
		"\\'9007199254740993\\'}, "
		"{\\'id\\': \\'x\\'}]}'}, {'json': {'items': []}}], "
		"'GET /items/9007199254740993': [{'text': '{\\'id\\': 9007199254740993}'}]}");
	check_int(fake_list(&f, NULL), 0);
	check_text(f.ids,
		"9007199254740992 9007199254740993 123456789012345678901234567890 9007199254740993 x ");
	check(!f.complete); /* one came twice */
	check_int(fake_get(&f, "9007199254740993"), 0);
	check_text(f.remote.id, "9007199254740993");
	fake_close(&f);
}

TEST(values_of_the_wrong_kind)
{
	_cleanup_(mem_freep) char *name = repeated('n', NAME_LENGTH);
	_cleanup_(mem_freep) char *script =
		str_format("{'GET /items/1': [{'json': {'id': 1, 'title': null, 'notes': null, 'due': null, "
			   "'hours': null, 'tags': null, "
			   "'made': null, 'changed': null}}, {'json': {'id': '1', 'title': '%s', 'notes': "
			   "12.50, 'due': 20260101, "
			   "'hours': '1.50', 'tags': {'a': 1}, 'made': [], 'changed': true}}, {'json': "
			   "{'id': 1, 'title': {}, "
			   "'notes': [[]], 'due': '2026-02-31', 'hours': '1,5', 'tags': [null, 1, 'a'], "
			   "'changed': 'soon'}}]}",
			name);
	static const char *const fields[] = {"title", "notes", "due", "estimate_hours", "tags"};
	struct fake f;

	fake_start(&f, MANIFEST(BY_OFFSET), script);
	check_int(fake_get(&f, "1"), 0);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		check(cJSON_IsNull(json_get(f.remote.doc, fields[i])));
	check_int(fake_get(&f, "1"), 0);
	check_text(json_get_text(f.remote.doc, "title"), name);
	check_text(json_get_text(f.remote.doc, "notes"), "12.5");
	check_text(json_number(json_get(f.remote.doc, "estimate_hours")), "1.5");
	check(cJSON_IsNull(json_get(f.remote.doc, "due")) && cJSON_IsNull(json_get(f.remote.doc, "tags")));
	check_int(fake_get(&f, "1"), 0);
	check(cJSON_IsNull(json_get(f.remote.doc, "title")) && cJSON_IsNull(json_get(f.remote.doc, "due")) &&
		cJSON_IsNull(json_get(f.remote.doc, "estimate_hours")));
	check_int(cJSON_GetArraySize(json_get(f.remote.doc, "tags")), 1);
	fake_close(&f);
}

/* What is no list of records is no empty list. */
TEST(no_list_at_all)
{
	static const char *const answers[] = {"'text': ''", "'text': 'null'", "'json': {'items': null}",
		"'json': {'items': {}}", "'json': {'items': 'none'}", "'json': []",
		"'json': {'items': [null]}", "'json': {'items': [[]]}", "'json': {'items': [{'id': null}]}",
		"'json': {'items': [{'id': ''}]}", "'json': {'items': [{'id': {}}]}",
		"'text': '<!doctype html><p>Sign in', 'headers': {'Content-Type': 'text/html'}",
		"'text': '{\\'items\\': [{\\'id\\': 1}]} trailing'",
		"'text': '{\\'items\\': [{\\'id\\': 01}]}'"};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		_cleanup_(mem_freep) char *script =
			str_format("{'GET /items': [{%s}], 'GET /items/1': [{%s}]}", answers[i], answers[i]);
		struct fake f;

		fake_start(&f, MANIFEST(BY_HEADER), script);
		check_int(fake_list(&f, NULL), -EIO);
		check(!f.complete && f.listed == 0 && *f.e.text);
		check_int(fake_get(&f, "1"), -EIO); /* not -ENOENT: it is not known to be gone */
		fake_close(&f);
	}
}

TEST_MAIN(TEST_RUN(ten_thousand_pages), TEST_RUN(an_answer_of_200_mb), TEST_RUN(an_answer_that_is_deep),
	TEST_RUN(links_in_a_circle), TEST_RUN(cursors_in_a_circle), TEST_RUN(links_in_odd_headers),
	TEST_RUN(links_to_another_host), TEST_RUN(totals_that_change), TEST_RUN(a_last_page_that_is_not_told),
	TEST_RUN(more_of_nothing), TEST_RUN(ids_beyond_a_double), TEST_RUN(values_of_the_wrong_kind),
	TEST_RUN(no_list_at_all))
