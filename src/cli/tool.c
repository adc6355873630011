/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/tool.h"
#include "seamfs/base/mem.h"
#include "seamfs/sync/sync.h"

static void print_tool(const struct stack *stack, int i)
{
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

static enum exit_code list_tools(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct sync *sync = NULL;
	struct err e = {0};

	if (!stack)
		return code;
	if (sync_open(stack, &sync, &e) < 0)
		return fail(EXIT_CONFIG, &e);
	printf("%-16s %-12s %s\n", "tool", "connector", "holds");
	for (int i = 0; i < stack->tool_count; i++)
		print_tool(stack, i);
	sync_stop(sync);
	return EXIT_OK;
}

static enum exit_code log_in(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);

	return stack ? tool_login(stack, o->argv[1], o->paste) : code;
}

static enum exit_code check_file(const struct options *o)
{
	struct err e = {0};

	if (connect_check_manifest(o->argv[1], &e) < 0)
		return fail(EXIT_CONFIG, &e);
	printf("%s is a manifest that this seamfs can use\n", o->argv[1]);
	return EXIT_OK;
}

/* Options that only some of them take. */
enum { PASTE = 1, YES = 2, NAME = 4, ADDS = 8, DRAFTS = 16 };

static const struct {
	const char *word;
	int least, most; /* arguments, the word among them */
	unsigned takes;
	enum exit_code (*run)(const struct options *o);
} words[] = {
	{"list", 1, 1, 0, list_tools},
	{"add", 1, 2, PASTE | YES | NAME | ADDS, tool_add},
	{"test", 2, 2 + TYPE_COUNT, YES, tool_test},
	{"login", 2, 2, PASTE, log_in},
	{"check", 2, 2, 0, check_file},
	{"hook", 2, 2, 0, tool_hook},
	{"new", 2, 2, NAME | DRAFTS, tool_new},
};

static unsigned options_given(const struct options *o)
{
	_Bool adds = o->owner || o->set_count || o->keep != KEEP_FILE;
	_Bool drafts = o->output || o->type_count;

	return (o->paste ? PASTE : 0) | (o->yes ? YES : 0) | (o->name ? NAME : 0) | (adds ? ADDS : 0) |
	       (drafts ? DRAFTS : 0);
}

enum exit_code verb_tool(const struct options *o)
{
	unsigned given = options_given(o);
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, o->argv[0]) == 0 && o->argc >= words[i].least &&
			o->argc <= words[i].most && !(given & ~words[i].takes))
			return words[i].run(o);
	}
	err_set(&e, 1,
		"usage: seamfs tool list, seamfs tool add [CONNECTOR] [--name NAME] [--set KEY=VALUE] …, "
		"seamfs tool test NAME [TYPE…] [--yes], seamfs tool login NAME [--paste], "
		"seamfs tool hook NAME, seamfs tool check FILE, "
		"or seamfs tool new SPEC.json [--name NAME] [--type TYPE=PATH] … [-o FILE]");
	return fail(EXIT_USAGE, &e);
}
