/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "test.h"

static char folder[] = "/tmp/seamfs-stack-XXXXXX";

static int load(const char *text, struct stack **ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(folder, "stack.json");
	int r;

	*ret = NULL;
	*e = (struct err){0};
	check_int(file_replace(path, text, strlen(text), 0600, NULL), 0);
	r = stack_load(path, ret, e);
	unlink(path);
	return r;
}

TEST(a_whole_stack)
{
	struct stack *s;
	struct err e;

	check_int(load("{ // mine\n \"company\": \"Studio\", \"currency\": \"CHF\", \"state\": \"here\", "
		       "\"poll\": \"2m\",\n"
		       "\"shares\": {\"client\": {\"billing\": \"accept\"}, \"client.vat_id\": {\"crm\": "
		       "\"revert\"}},\n"
		       "\"tools\": {\"crm\": {\"connector\": \"csv\"}, \"billing\": {\"connector\": \"x\", "
		       "\"poll\": \"5s\"}},\n"
		       "\"owners\": {\"client\": \"crm\", \"client.vat_id\": \"billing\"} }",
			  &s, &e),
		0);
	if (!s) {
		printf("# %s\n", e.text);
		return;
	}
	check_int(s->tool_count, 3);
	check_int(s->tools[1].poll_ms, 120000);
	check_int(s->tools[2].poll_ms, 5000);
	check_int(stack_owner(s, TYPE_CLIENT, -1), 1);
	check_int(stack_owner(s, TYPE_CLIENT, type_field_index(type_get(TYPE_CLIENT), "vat_id")), 2);
	check_int(stack_owner(s, TYPE_INVOICE, -1), TOOL_LOCAL);
	check_int(s->shares[TYPE_CLIENT], 1 << 2);
	check(strstr(s->state, "/here") != NULL);
	stack_free(s);
}

TEST(mistakes_have_a_place)
{
	static const struct {
		const char *text, *place, *word;
	} rows[] = {
		{"{\n  \"compny\": \"x\" }", ":2:3:", "compny"},
		{"{ \"currency\": \"euro\" }", ":1:3:", "EUR"},
		{"{\"tools\": {\"Crm\": {\"connector\": \"csv\"}}}", ":1:12:", "Crm"},
		{"{\"tools\": {\"crm\": {}}}", ":1:12:", "connector"},
		{"{\"tools\": {\"local\": {\"connector\": \"csv\"}}}", ":1:12:", "local"},
		{"{\"owners\": {\"client\": \"crm\"}}", ":1:13:", "crm"},
		{"{\"owners\": {\"clint\": \"local\"}}", ":1:13:", "clint"},
		{"{\"owners\": {\"client.nme\": \"local\"}}", ":1:13:", "nme"},
		{"{\"owners\": 3}", ":1:2:", "object"},
		{"{\"shares\": {\"client\": \"crm\"}}", ":1:13:", "shares"},
		{"{\"tools\": {\"crm\": {\"connector\": \"csv\"}},\n \"shares\": {\"client\": {\n  "
		 "\"billing\": \"ask\"}}}",
			":3:3:", "billing"},
		{"{\"owners\": {\"client\":\n7}}", ":1:13:", "quotes"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}}, \"shares\": {\"client\": [\"a\"]}}",
			":1:49:", "accept"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}}, \"shares\": {\"client\": {\"a\":\n\"keep\"}}}",
			":1:60:", "revert"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}, \"b\": {\"connector\": \"x\"}},\n"
		 "\"owners\": {\"client\": \"a\",\n\"client.email\": \"b\"},"
		 "\"shares\": {\"client\": {\"b\": \"accept\"}}}",
			":2:12:", "client.email"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}, \"b\": {\"connector\": \"x\"}},\n"
		 "\"owners\": {\"client\": \"a\",\n\"client.email\": \"b\"},"
		 "\"shares\": {\"client.email\": {\"a\": \"accept\"}}}",
			":3:1:", "client.name"},
		{"{\"conflicts\": {\"client\": \"mine\"}}", ":1:16:", "problems/"},
		{"{\"guard\": {\"share\": 120}}", ":1:12:", "percent"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}}, \"ids\": {\"client\": {\"a\": \"/x\"}}}",
			":1:46:", "crm_id"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}}, \"ids\": {\"client\": {\"a\": "
		 "{\"b\":\n\"/x\"}}}}",
			":1:63:", "called"},
		{"{\"tools\": {\"a\": {\"connector\": \"x\"}}, \"ids\": {\"client\": {\"a\": "
		 "{\"a\":\n\"x\"}}}}",
			":1:63:", "crm_id"},
		{"{\"send\": \"later\"}", ":1:2:", "review"},
		{"{\"poll\": \"fast\"}", ":1:2:", "poll"},
		{"{\"company\": \"x\"", "stack.json:1:1:", "}"},
		{"{\"company\": \"a\", \"company\": \"b\"}", "stack.json", "twice"},
		{"[]", ":1:1:", "object"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stack *s;
		struct err e;

		check(load(rows[i].text, &s, &e) < 0);
		check(strstr(e.text, rows[i].place) && strstr(e.text, rows[i].word));
		if (test_failures)
			printf("# row %zu: %s\n", i, e.text);
		stack_free(s);
	}
}

/* What is missing is told at the nearest thing that is there. */
TEST(places_of_what_is_missing)
{
	static const struct {
		const char *pointer, *place;
	} rows[] = {
		{"/tools/crm/connector", ":2:10:"},
		{"/tools/crm/url", ":2:2:"},
		{"/tools/crm/types/client/file", ":2:2:"},
		{"/tools/billing", ":1:2:"},
		{"/nothing/at/all", ":1:1:"},
		{"", ":1:1:"},
	};
	struct stack *s;
	struct err e;

	check_int(load("{\"tools\": {\n \"crm\": {\"connector\": \"csv\"}}}", &s, &e), 0);
	for (size_t i = 0; s && i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_int(stack_fail(s, rows[i].pointer, EINVAL, &e, "missing"), -EINVAL);
		check(strstr(e.text, rows[i].place));
		if (test_failures)
			printf("# row %zu: %s\n", i, e.text);
	}
	stack_free(s);
}

TEST(claims)
{
	struct stack *s;
	struct err e;
	char *claim;

	check_int(load("{\"tools\": {\"a\": {\"connector\": \"x\"}, \"b\": {\"connector\": \"x\"}},"
		       "\"owners\": {\"client\": \"a\", \"task\": \"b\"}, \"shares\": {\"client\": "
		       "{\"b\": \"ask\"}}}",
			  &s, &e),
		0);
	claim = stack_claim(s, TYPE_CLIENT, 1);
	check_text(claim, "/owners/client");
	free(claim);
	claim = stack_claim(s, TYPE_CLIENT, 2);
	check_text(claim, "/shares/client/b");
	free(claim);
	claim = stack_claim(s, TYPE_TASK, 2);
	check_text(claim, "/owners/task");
	free(claim);
	stack_free(s);
}

int main(void)
{
	static const struct test_case cases[] = {TEST_RUN(a_whole_stack), TEST_RUN(mistakes_have_a_place),
		TEST_RUN(places_of_what_is_missing), TEST_RUN(claims)};
	int r;

	if (!mkdtemp(folder))
		return 1;
	r = test_run_all(cases, sizeof(cases) / sizeof(cases[0]));
	rmdir(folder);
	return r;
}
