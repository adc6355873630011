/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/stack_edit.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/type.h"
#include "test.h"

#define OWNS(type) ((uint32_t)1 << (type))

static cJSON *tool_of(const char *json)
{
	cJSON *tool = NULL;

	check_int(json_parse(json, strlen(json), JSON_STRICT, &tool, NULL, NULL), 0);
	return tool;
}

static void check_insert(const char *text, const char *json, uint32_t owns, const char *want)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG);
	_cleanup_json_ cJSON *tool = tool_of(json), *whole = NULL;

	check_int(stack_insert(text, "board", tool, owns, &b), 0);
	check_text(buf_text(&b), want);
	check_int(json_parse(buf_text(&b), b.len, JSON_COMMENTS, &whole, NULL, NULL), 0);
}

static void check_set(const char *text, const char *want)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG);

	check_int(stack_set_tool(text, "crm", "verified", "2026-11-25", &b), 0);
	check_text(buf_text(&b), want);
}

TEST(a_word_about_a_tool)
{
	struct buf b = BUF_INIT(BUF_MAX_CONFIG);

	check_set("{\"tools\": {\"x\": {\"verified\": \"1\"}, \"crm\": { \"verified\": \"2025-01-01\" /* old "
		  "*/, \"n\": 1 }}}\n",
		"{\"tools\": {\"x\": {\"verified\": \"1\"}, \"crm\": { \"verified\": \"2026-11-25\" /* old "
		"*/, \"n\": 1 }}}\n");
	check_set("{\n  \"tools\": {\n    \"crm\": {\n      \"connector\": \"csv\" // mine\n    }\n  }\n}\n",
		"{\n  \"tools\": {\n    \"crm\": {\n      \"connector\": \"csv\", // mine\n"
		"      \"verified\": \"2026-11-25\"\n    }\n  }\n}\n");
	check_int(stack_set_tool("{\"tools\": {}}", "crm", "verified", "2026-11-25", &b), -EINVAL);
	buf_finish(&b);
}

TEST(behind_the_last_one_on_a_line_of_its_own)
{
	check_insert(
		"// mine\n"
		"{\n"
		"  \"tools\": {\n"
		"    \"crm\": { \"connector\": \"csv\", \"types\": { \"client\": {} } } // the {sheets}\n"
		"    /* more\n       to come */\n"
		"  },\n"
		"  \"owners\": {\n"
		"    \"client\": \"crm\", \"contact\": \"crm\",\n"
		"    \"deal\":   \"crm\"\n"
		"  }\n"
		"}\n",
		"{\"connector\": \"redmine\", \"n\": 1.50}", OWNS(TYPE_PROJECT) | OWNS(TYPE_TASK),
		"// mine\n"
		"{\n"
		"  \"tools\": {\n"
		"    \"crm\": { \"connector\": \"csv\", \"types\": { \"client\": {} } }, // the {sheets}\n"
		"    /* more\n       to come */\n"
		"    \"board\": { \"connector\": \"redmine\", \"n\": 1.50 }\n"
		"  },\n"
		"  \"owners\": {\n"
		"    \"client\": \"crm\", \"contact\": \"crm\",\n"
		"    \"deal\":   \"crm\",\n"
		"    \"project\": \"board\",\n"
		"    \"task\": \"board\"\n"
		"  }\n"
		"}\n");
}

TEST(on_the_same_line_where_all_are)
{
	check_insert("{\"tools\":{\"a\":{\"connector\":\"x\"}}, \"owners\": { \"client\": \"a\" } }",
		"{\"connector\": \"y\"}", OWNS(TYPE_TASK),
		"{\"tools\":{\"a\":{\"connector\":\"x\"}, \"board\": { \"connector\": \"y\" }}, \"owners\": "
		"{ "
		"\"client\": \"a\", \"task\": \"board\" } }");
}

TEST(into_what_is_empty)
{
	check_insert("{\n\t\"tools\": {},\n\t\"owners\": { }\n}", "{\"connector\": \"y\"}", OWNS(TYPE_TASK),
		"{\n\t\"tools\": {\n\t\t\"board\": { \"connector\": \"y\" }\n\t},\n"
		"\t\"owners\": {\n\t\t\"task\": \"board\"\n\t}\n}");
	check_insert("{\n  \"tools\": { // none\n  }\n}\n", "{\"connector\": \"y\"}", 0,
		"{\n  \"tools\": { // none\n    \"board\": { \"connector\": \"y\" }\n  }\n}\n");
	check_insert(
		"{}", "{\"connector\": \"y\"}", 0, "{ \"tools\": { \"board\": { \"connector\": \"y\" } } }");
}

TEST(what_is_missing_is_made)
{
	check_insert("{\n  \"company\": \"{ \\\" // no comment\" // one\n}\n", "{\"connector\": \"y\"}",
		OWNS(TYPE_TIME),
		"{\n  \"company\": \"{ \\\" // no comment\", // one\n"
		"  \"tools\": { \"board\": { \"connector\": \"y\" } },\n"
		"  \"owners\": { \"time\": \"board\" }\n}\n");
}

TEST(only_the_top_has_tools)
{
	check_insert("{ \"guard\": { \"tools\": {} }, \"tools\": { \"a\": { \"owners\": [ {} ] } } }",
		"{\"connector\": \"y\"}", 0,
		"{ \"guard\": { \"tools\": {} }, \"tools\": { \"a\": { \"owners\": [ {} ] }, "
		"\"board\": { \"connector\": \"y\" } } }");
}

TEST(line_ends_of_the_file)
{
	check_insert("{\r\n  \"tools\": {\r\n    \"a\": {} // x\r\n  }\r\n}\r\n", "{\"connector\": \"y\"}", 0,
		"{\r\n  \"tools\": {\r\n    \"a\": {}, // x\r\n    \"board\": { \"connector\": \"y\" }\r\n  "
		"}\r\n}\r\n");
}

TEST(a_long_one_takes_lines)
{
	check_insert("{\n  \"tools\": {\n    \"a\": {}\n  }\n}\n",
		"{\"connector\": \"redmine\", \"url\": "
		"\"https://redmine.example.com/a/long/way/down/to/it\", "
		"\"key\": {\"command\": [\"pass\", \"x\"]}}",
		0,
		"{\n  \"tools\": {\n    \"a\": {},\n    \"board\": {\n      \"connector\": \"redmine\",\n"
		"      \"url\": \"https://redmine.example.com/a/long/way/down/to/it\",\n"
		"      \"key\": { \"command\": [\"pass\", \"x\"] }\n    }\n  }\n}\n");
}

TEST(what_cannot_be)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG), small = BUF_INIT(20);
	_cleanup_json_ cJSON *tool = tool_of("{\"connector\": \"y\"}");

	check_int(stack_insert("[]", "board", tool, 0, &b), -EINVAL);
	buf_clear(&b);
	check_int(stack_insert("{ \"tools\": 1 }", "board", tool, 0, &b), -EINVAL);
	check_int(stack_insert("{ \"tools\": {} }", "board", tool, 0, &small), -E2BIG);
	/* No good text, but an end all the same. */
	buf_clear(&b);
	(void)stack_insert("{ \"tools\": { \"a\": /", "board", tool, 0, &b);
	buf_clear(&b);
	(void)stack_insert("{ \"tools\": { \"a\": [{ /* ", "board", tool, 0, &b);
	buf_clear(&b);
	(void)stack_insert("{ \"tools\": { \"a\\", "board", tool, 0, &b);
}

static void check_move(const char *text, const char *from, const char *to, const char *want)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG);

	check_int(stack_move(text, "client", from, to, "accept", &b), 0);
	check_text(buf_text(&b), want);
}

TEST(a_type_gets_another_owner)
{
	check_move(
		"{ \"tools\": {}, \"owners\": { \"deal\": \"a\", \"client\": /* x */ \"a\" /* y */ } } // z",
		"a", "b",
		"{ \"tools\": {}, \"owners\": { \"deal\": \"a\", \"client\": /* x */ \"b\" /* y */ }, "
		"\"shares\": { "
		"\"client\": { \"a\": \"accept\" } } } // z");
	/* They change places. */
	check_move("{\n  \"owners\": { \"client\": \"a\" },\n  \"shares\": { \"client\": { \"b\": "
		   "\"revert\", \"c\": \"ask\" } }\n}\n",
		"a", "b",
		"{\n  \"owners\": { \"client\": \"b\" },\n  \"shares\": { \"client\": { \"a\": \"revert\", "
		"\"c\": \"ask\" } }\n}\n");
	check_move("{ \"owners\": { \"client\": \"a\" }, \"shares\": { \"client\": { \"c\": \"ask\" } } }",
		"a", "local",
		"{ \"owners\": { \"client\": \"local\" }, \"shares\": { \"client\": { \"c\": \"ask\", \"a\": "
		"\"accept\" } } }");
	/* From nobody's: it was not named. */
	check_move("{ \"owners\": { \"deal\": \"a\" } }", "local", "b",
		"{ \"owners\": { \"deal\": \"a\", \"client\": \"b\" } }");
}

TEST_MAIN(TEST_RUN(a_word_about_a_tool), TEST_RUN(a_type_gets_another_owner),
	TEST_RUN(behind_the_last_one_on_a_line_of_its_own), TEST_RUN(on_the_same_line_where_all_are),
	TEST_RUN(into_what_is_empty), TEST_RUN(what_is_missing_is_made), TEST_RUN(only_the_top_has_tools),
	TEST_RUN(line_ends_of_the_file), TEST_RUN(a_long_one_takes_lines), TEST_RUN(what_cannot_be))
