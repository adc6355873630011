/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/stack.h"

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
		       "\"shares\": {\"client\": [\"billing\"]},\n"
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

int main(void)
{
	static const struct test_case cases[] = {TEST_RUN(a_whole_stack), TEST_RUN(mistakes_have_a_place)};
	int r;

	if (!mkdtemp(folder))
		return 1;
	r = test_run_all(cases, 2);
	rmdir(folder);
	return r;
}
