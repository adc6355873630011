/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/json.h"
#include "test.h"

static cJSON *parse(const char *text, unsigned flags)
{
	cJSON *item = NULL;
	struct err e = {0};

	if (json_parse(text, strlen(text), flags, &item, NULL, &e) < 0)
		printf("# %s\n", e.text);
	return item;
}

TEST(numbers_keep_their_digits)
{
	cJSON *o = parse("{\"a\": 9007199254740993, \"b\": 1200.50, \"c\": -0.10e2}", 0);
	char *text = json_print(o);
	int64_t n = 0;

	check_text(text, "{\"a\":9007199254740993,\"b\":1200.50,\"c\":-0.10e2}");
	check_int(json_int64(json_get(o, "a"), &n), 0);
	check_int(n, 9007199254740993);
	check(json_int64(json_get(o, "b"), &n) < 0);
	check_text(json_number(json_get(o, "b")), "1200.50");
	free(text);
	cJSON_Delete(o);
}

TEST(errors_name_their_place)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} rows[] = {
		{"{\"a\": 1,}", 1, 9},
		{"{\n  \"a\": tru\n}", 2, 8},
		{"{\"a\": \"x\n\"}", 1, 9},
		{"[1, 2", 1, 1},
		{"123abc", 1, 4},
		{"{\"a\":01}", 1, 6},
		{"\"\\u0000\"", 1, 2},
		{"\"\\ud800\"", 1, 2},
		{"\"\xc3(\"", 1, 2},
		{"", 1, 1},
		{"// no\n1", 1, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_place at = {0};
		struct err e = {0};
		cJSON *item;

		check(json_parse(rows[i].text, strlen(rows[i].text), 0, &item, &at, &e) < 0);
		check_int(at.line, rows[i].line);
		check_int(at.column, rows[i].column);
		check(strncmp(e.text, "line ", 5) != 0);
		check(json_parse(rows[i].text, strlen(rows[i].text), 0, &item, NULL, &e) < 0);
		check(strncmp(e.text, "line ", 5) == 0);
	}
}

TEST(deep_nesting_is_refused)
{
	char text[200];
	cJSON *item;

	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	check(json_parse(text, 200, 0, &item, NULL, NULL) < 0);
	item = NULL;
	check_int(json_parse(text + 40, 120, 0, &item, NULL, NULL), 0);
	cJSON_Delete(item);
}

TEST(a_text_cannot_pose_as_a_number)
{
	cJSON *o = parse("{\"a\": \"\\u000112\"}", JSON_REMOTE);

	check(!json_number(json_get(o, "a")));
	check_text(json_get_text(o, "a"), "\xef\xbf\xbd"
					  "12");
	cJSON_Delete(o);
}

TEST(a_key_stands_once)
{
	static const char text[] = "{\"a\": [{\"b\": 1, \"c\": 2, \"b\": 3}]}";
	cJSON *item = NULL;
	struct err e = {0};

	check_int(json_parse(text, strlen(text), JSON_STRICT, &item, NULL, &e), -22);
	check(strstr(e.text, "\"b\" stands twice") != NULL);
	check_int(json_parse(text, strlen(text), JSON_REMOTE, &item, NULL, &e), 0);
	cJSON_Delete(item);
}

TEST(comments_and_places)
{
	static const char text[] = "{ // head\n  \"tools\": { /* x */\n    \"crm\": {\"file\": 3} } }";
	struct json_place at = json_locate(text, strlen(text), "/tools/crm/file");
	cJSON *o = parse(text, JSON_COMMENTS);

	check_int(at.line, 3);
	check_int(at.column, 13);
	check_text(json_number(json_at(o, "/tools/crm/file")), "3");
	cJSON_Delete(o);
}

TEST(pointers)
{
	cJSON *o = parse("{\"a\": [{\"b/c\": {\"~\": 7}}]}", 0);

	check_text(json_number(json_at(o, "/a/0/b~1c/~0")), "7");
	check(!json_at(o, "/a/1"));
	check_int(json_put(o, "/x/y", cJSON_CreateString("z")), 0);
	check_text(json_text(json_at(o, "/x/y")), "z");
	cJSON_Delete(o);
}

TEST(pretty_is_stable)
{
	cJSON *o = parse("{\"n\": 12.50, \"t\": \"a\\\"b\\nü\", \"l\": [], \"m\": [1, {\"k\": null}]}", 0),
	      *again;
	struct buf b = BUF_INIT(1000);

	json_pretty(&b, o);
	check_text(buf_text(&b),
		"{\n  \"n\": 12.50,\n  \"t\": \"a\\\"b\\nü\",\n  \"l\": [],\n  \"m\": [\n    1,\n"
		"    {\n      \"k\": null\n    }\n  ]\n}\n");
	again = parse(buf_text(&b), 0);
	check(json_equal(o, again));
	cJSON_Delete(o);
	cJSON_Delete(again);
	buf_finish(&b);
}

TEST_MAIN(TEST_RUN(numbers_keep_their_digits), TEST_RUN(errors_name_their_place),
	TEST_RUN(deep_nesting_is_refused), TEST_RUN(a_text_cannot_pose_as_a_number),
	TEST_RUN(a_key_stands_once), TEST_RUN(comments_and_places), TEST_RUN(pointers),
	TEST_RUN(pretty_is_stable))
