/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/handoff.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "test.h"

static char folder[] = "/tmp/seamfs-handoff-XXXXXX";

static int load(const char *handoffs, struct stack **ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(folder, "stack.json");
	_cleanup_(mem_freep) char *text =
		str_format("{ \"tools\": { \"drive\": { \"connector\": \"folder\" } },"
			   " \"owners\": { \"document\": \"drive\" },\n\"handoffs\": {\n%s } }",
			handoffs);
	int r;

	*ret = NULL;
	*e = (struct err){0};
	check_int(file_replace(path, text, strlen(text), 0600, NULL), 0);
	r = stack_load(path, ret, e);
	unlink(path);
	return r;
}

/* The place and the sentence, without the folder. */
static void check_refused(const char *handoffs, const char *want)
{
	struct stack *s;
	struct err e;

	check_int(load(handoffs, &s, &e), -EINVAL);
	check(strstr(e.text, "stack.json:") != NULL);
	if (strstr(e.text, "stack.json:") &&
		strncmp(strstr(e.text, "stack.json:") + 11, want, strlen(want)) != 0)
		check_text(strstr(e.text, "stack.json:") + 11, want);
	stack_free(s);
}

TEST(every_recipe_is_in_order)
{
	for (int i = 0; handoff_recipe_name(i); i++) {
		_cleanup_(mem_freep) char *text = str_format("\"%s\": true", handoff_recipe_name(i));
		struct stack *s;
		struct err e;

		check_int(load(text, &s, &e), 0);
		check_text(e.text, "");
		if (s) {
			check_text(handoff_get(s, 0)->name, handoff_recipe_name(i));
			check(handoff_get(s, 1) == NULL);
		}
		stack_free(s);
	}
}

TEST(a_recipe_with_values_of_ones_own)
{
	struct stack *s;
	struct err e;

	check_int(load("\"month\": { \"recipe\": \"recurring-invoice\", \"monthly\": { \"day\": 31, \"at\": "
		       "\"09:30\" },"
		       " \"with\": { \"days\": 30 } }, \"won-deal\": false",
			  &s, &e),
		0);
	check_text(e.text, "");
	check_int(s->handoff_count, 1);
	check_int(handoff_get(s, 0)->month_day, 31);
	check_int(handoff_get(s, 0)->minute, 570);
	check_int(handoff_get(s, 0)->type, TYPE_PROJECT);
	check(handoff_find(s, "month") == handoff_get(s, 0));
	check(handoff_find(s, "won-deal") == NULL);
	stack_free(s);
}

TEST(mistakes_have_a_place)
{
	check_refused("\"x\": true", "3:1: there is no recipe \"x\"; recipes are: won-deal, ");
	check_refused("\"Won\": true", "3:1: \"Won\" cannot be a rule's name");
	check_refused("\"x\": 5", "3:1: a hand-off is an object");
	check_refused("\"x\": { \"recipe\": \"won-deal\",\n\"with\": { \"dayz\": 3 } }",
		"4:11: the recipe \"won-deal\" has no \"dayz\"");
	check_refused("\"x\": { \"recipe\": \"won-deal\", \"do\": [] }", "3:30: unknown key \"do\"");
	check_refused("\"x\": { \"on\": \"dael\" }", "3:8: \"on\" must be a type");
	check_refused("\"x\": { \"on\": \"deal\" }", "3:1: a hand-off needs one of when, created");
	check_refused("\"x\": { \"on\": \"deal\", \"created\": true, \"when\": { \"stage\": \"won\" } }",
		"3:22: a hand-off has only one of");
	check_refused("\"x\": { \"on\": \"deal\", \"wehn\": 1 }", "3:22: unknown key \"wehn\"");
	check_refused("\"x\": { \"on\": \"deal\", \"when\": { \"stage\": \"one\" } }",
		"3:32: \"stage\" is never \"one\"");
	check_refused("\"x\": { \"on\": \"deal\", \"when\": { \"stag\": \"won\" } }",
		"3:32: the type deal has no field \"stag\"");
	check_refused("\"x\": { \"on\": \"deal\", \"overdue\": { \"date\": \"title\" } }",
		"3:22: \"overdue\" needs a \"date\"");
	check_refused("\"x\": { \"on\": \"deal\", \"monthly\": { \"day\": 32 } }",
		"3:22: \"day\" is a day of the month");
	check_refused("\"x\": { \"on\": \"deal\", \"monthly\": { \"at\": \"24:00\" } }",
		"3:22: \"at\" must be a time");
	check_refused("\"x\": { \"on\": \"deal\", \"created\": true, \"if\": { \"client.name\": { \"over\": "
		      "1 } } }",
		"3:64: unknown key \"over\"");
	check_refused("\"x\": { \"on\": \"deal\", \"created\": true, \"if\": { \"client.nam\": 1 } }",
		"3:47: the type client has no field \"nam\"");
	check_refused(
		"\"x\": { \"on\": \"deal\", \"created\": true }", "3:1: a hand-off needs a list of actions");
	check_refused("\"x\": { \"on\": \"deal\", \"created\": true, \"do\": [ { \"make\": 1 } ] }",
		"3:47: an action is one of create, update");
}

static void check_action(const char *action, const char *want)
{
	_cleanup_(mem_freep) char *text =
		str_format("\"x\": { \"on\": \"deal\", \"created\": true, \"do\": [\n%s ] }", action);

	check_refused(text, want);
}

TEST(mistakes_in_actions)
{
	check_action("{ \"create\": \"invoic\" }", "4:3: \"create\" must be a type");
	check_action("{ \"create\": \"invoice\", \"set\": { \"nummer\": 1 } }",
		"4:33: the type invoice has no field \"nummer\"");
	check_action("{ \"create\": \"invoice\", \"set\": { \"status\": \"drafd\" } }",
		"4:33: \"status\" is never");
	check_action("{ \"create\": \"invoice\", \"set\": { \"number\": \"{titel}\" } }",
		"4:33: {titel}: the type deal has no field \"titel\"");
	check_action("{ \"create\": \"invoice\", \"set\": { \"number\": \"{with.x}\" } }",
		"4:33: {with.x}: \"with\" has no \"x\"");
	check_action("{ \"create\": \"invoice\", \"set\": { \"number\": \"{amount +}\" } }",
		"4:33: {amount +}: the expression ends");
	check_action("{ \"create\": \"invoice\", \"set\": { \"lines\": [ { \"price\": 1 } ] } }",
		"4:46: a line has no field \"price\"");
	check_action(
		"{ \"create\": \"invoice\", \"set\": { \"lines\": { \"each\": \"time\", \"line\": {} } } }",
		"4:44: \"each\" must be a type that refers to a deal");
	check_action(
		"{ \"update\": \"invoice\", \"set\": { \"notes\": \"\" } }", "4:3: \"update\" is \"record\"");
	check_action("{ \"update\": \"record\" }", "4:1: \"set\" is written as");
	check_action("{ \"write\": \"x\" }", "4:1: \"write\" needs \"text\"");
	check_action("{ \"copy\": \"x\" }", "4:1: \"copy\" needs \"to\"");
	check_action("{ \"run\": \"ls\" }", "4:3: \"run\" is a list");
	check_action("{ \"run\": [\"ls\"], \"time\": \"2d\" }", "4:18: \"time\" is how long");
	check_action("{ \"run\": [\"ls\"], \"then\": [ { \"update\": \"record\", \"set\": { \"notes\": "
		     "\"{resutl.x}\" } } ] }",
		"4:59: {resutl.x}: the type deal has no field \"resutl\"");
	check_action("{ \"run\": [\"ls\"], \"then\": [ { \"create\": \"task\", \"as\": \"t\", \"set\": { "
		     "\"title\": \"x\" } } ] },\n"
		     "{ \"update\": \"t\", \"set\": { \"notes\": \"x\" } }",
		"5:3: \"update\" is \"record\"");
	check_action("{ \"mail\": \"a@b.example\", \"subject\": \"x\" }", "4:1: \"mail\" needs");
}

TEST(a_document_needs_a_drive)
{
	_cleanup_(mem_freep) char *path = path_join(folder, "stack.json");
	struct stack *s = NULL;
	struct err e = {0};
	static const char text[] = "{ \"handoffs\": { \"paid-invoice\": true } }";

	check_int(file_replace(path, text, strlen(text), 0600, NULL), 0);
	check_int(stack_load(path, &s, &e), -EINVAL);
	check(strstr(e.text, ":1:17: this makes a document, but no tool owns documents") != NULL);
	unlink(path);
}

TEST(begin)
{
	check(mkdtemp(folder) != NULL);
}

TEST(end)
{
	check_int(rmdir(folder), 0);
}

TEST_MAIN(TEST_RUN(begin), TEST_RUN(every_recipe_is_in_order), TEST_RUN(a_recipe_with_values_of_ones_own),
	TEST_RUN(mistakes_have_a_place), TEST_RUN(mistakes_in_actions), TEST_RUN(a_document_needs_a_drive),
	TEST_RUN(end))
