/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that others are given: of a tool's webhooks, and of what middleware sends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/tool.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/hook.h"
#include "seamfs/sync/hooks.h"

/* How it is reached: as stack.json says, else where it listens. */
static char *address_of(const struct stack *stack, const char *path)
{
	const struct stack_hooks *k = &stack->hooks;

	if (k->url)
		return str_format("%s%s", k->url, path);
	if (strncmp(k->address, "unix:", 5) == 0)
		return str_format("http://localhost%s", path);
	return str_format("http://%s%s", k->address, path);
}

static enum exit_code print_address(const struct stack *stack, const char *tool)
{
	_cleanup_(mem_freep) char *state = config_state_dir(stack), *path = NULL, *address = NULL;
	struct err e = {0};

	if (!stack->hooks.address) {
		err_set(&e, EINVAL,
			"nothing is listened to: write \"listen\": {\"address\": \"127.0.0.1:8093\", "
			"\"url\": "
			"\"https://…\"} into %s and mount anew",
			stack->path);
		return fail(EXIT_CONFIG, &e);
	}
	if (hooks_path(state, tool, &path, &e) < 0)
		return fail(EXIT_FAILED, &e);
	address = address_of(stack, path);
	puts(address);
	if (!stack->hooks.url)
		fprintf(stderr, "seamfs: only this machine reaches it; where a proxy makes it known, say so "
				"in \"listen\": "
				"{\"url\": \"https://…\"}\n");
	return EXIT_OK;
}

enum exit_code verb_hook(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);

	return stack ? print_address(stack, NULL) : code;
}

/* What a person has to do before its messages are believed. */
static enum exit_code print_needs(const struct stack *stack, int tool)
{
	const struct tool *t = &stack->tools[tool];
	struct tool_setup setup = {.name = t->name,
		.connector = t->connector,
		.config = t->config,
		.base_dir = stack->base_dir,
		.currency = stack->currency};
	struct hook *hook;
	struct err e = {0};

	if (hook_open(&setup, &hook, &e) < 0)
		return fail(EXIT_CONFIG, &e);
	if (hook_lacks(hook))
		fprintf(stderr,
			"seamfs: what comes there is refused until \"%s\" is in the object of \"%s\" in %s: "
			"it is "
			"what the tool signs with\n",
			hook_lacks(hook), t->name, stack->path);
	hook_free(hook);
	return EXIT_OK;
}

enum exit_code tool_hook(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct err e = {0};
	int tool;

	if (!stack)
		return code;
	tool = stack_tool(stack, o->argv[1]);
	if (tool <= TOOL_LOCAL) {
		err_set(&e, EINVAL, "there is no tool called \"%s\" in %s", o->argv[1], stack->path);
		return fail(EXIT_CONFIG, &e);
	}
	code = print_address(stack, o->argv[1]);
	return code == EXIT_OK ? print_needs(stack, tool) : code;
}
