/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/registry.h"
#include "seamfs/sync/sync.h"

static enum exit_code list_tools(const struct stack *stack)
{
	printf("%-16s %-12s %s\n", "tool", "connector", "holds");
	for (int i = 0; i < stack->tool_count; i++) {
		const char *separator = "";

		printf("%-16s %-12s ", stack->tools[i].name, stack->tools[i].connector);
		for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
			_Bool owner = stack->owners[t] == i;

			if (!owner && !stack->tools[i].types[t].used)
				continue;
			printf("%s%s%s", separator, type_get((enum type_id)t)->name, owner ? "" : " (copy)");
			separator = ", ";
		}
		putchar('\n');
	}
	return EXIT_OK;
}

static enum exit_code test_tool(struct stack *stack, struct sync *sync, const char *name)
{
	_cleanup_(mem_freep) char *text = NULL;
	struct err e = {0};
	int tool = stack_tool(stack, name);

	if (tool < 0) {
		err_set(&e, 1, "there is no tool called \"%s\" in %s", name, stack->path);
		return fail(EXIT_USAGE, &e);
	}
	if (sync_test(sync, tool, &text, &e) < 0) {
		err_prefix(&e, name);
		return fail(EXIT_TOOL, &e);
	}
	printf("%s: %s\n", name, text);
	return EXIT_OK;
}

static enum exit_code check_file(const char *path)
{
	struct err e = {0};

	if (connect_check_manifest(path, &e) < 0)
		return fail(EXIT_CONFIG, &e);
	printf("%s is a manifest that this seamfs can use\n", path);
	return EXIT_OK;
}

enum exit_code verb_tool(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = NULL;
	const char *what = o->argv[0];
	_Bool list = strcmp(what, "list") == 0 && o->argc == 1;
	_Bool test = strcmp(what, "test") == 0 && o->argc == 2;
	_Bool login = strcmp(what, "login") == 0 && o->argc == 2;
	_Bool drafting = o->output || o->name || o->type_count;
	struct sync *sync = NULL;
	struct err e = {0};

	if (strcmp(what, "check") == 0 && o->argc == 2 && !o->paste && !drafting)
		return check_file(o->argv[1]);
	if (strcmp(what, "new") == 0 && o->argc == 2 && !o->paste)
		return tool_new(o);
	if ((!list && !test && !login) || (o->paste && !login) || drafting) {
		err_set(&e, 1,
			"usage: seamfs tool list, seamfs tool test NAME, seamfs tool login NAME [--paste], "
			"seamfs tool check FILE, or seamfs tool new SPEC.json [--name NAME] [--type "
			"TYPE=PATH]... "
			"[-o FILE]");
		return fail(EXIT_USAGE, &e);
	}
	stack = config_load(o, &code);
	if (!stack)
		return code;
	if (login)
		return tool_login(stack, o->argv[1], o->paste);
	if (sync_open(stack, &sync, &e) < 0)
		return fail(EXIT_CONFIG, &e);
	code = list ? list_tools(stack) : test_tool(stack, sync, o->argv[1]);
	sync_stop(sync);
	return code;
}
