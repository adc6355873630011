/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that others are given: of a tool's webhooks, and of what middleware sends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/tool.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/hook.h"
#include "seamfs/fuse/mount.h"
#include "seamfs/sync/hooks.h"

#define LONGEST_MS 30000

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

/* How it went: 1 while it is under way. */
static int registered(const char *dir, const char *tool, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = order_read(dir, ".seam/hook", &b, e);
	size_t len = strlen(tool);

	for (char *line = r == 0 ? b.data : NULL, *next; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n' ? (*next = '\0', 1) : 0;
		if (strncmp(line, tool, len) != 0 || line[len] != ' ')
			continue;
		if (strncmp(line + len, " failed: ", 9) == 0)
			r = err_set(e, EIO, "%s", line + len + 9);
		else if (strcmp(line + len, " is asked") == 0)
			r = 1;
		else
			fprintf(stderr, "seamfs: %s\n", line);
	}
	buf_finish(&b);
	return r;
}

/* The mount asks the tool: it has the login, and answers the tool's questions meanwhile. */
static enum exit_code order_hook(const struct options *o, const struct stack *stack, const char *tool)
{
	_cleanup_(mem_freep) char *state = config_state_dir(stack), *kept = NULL, *dir = NULL;
	int64_t deadline = clock_steady_ms() + LONGEST_MS;
	struct err e = {0};
	int r;

	dir = mount_find(o->mount, &e);
	if (!dir) {
		fprintf(stderr,
			"seamfs: mount it, and \"seamfs tool hook %s\" has the tool send its webhooks "
			"there\n",
			tool);
		return EXIT_OK;
	}
	/* What was agreed on before is of no use any more. */
	kept = hooks_kept_path(state, tool);
	unlink(kept);
	r = order_give(dir, ".seam/hook", tool, &e);
	while (r == 0 && (r = registered(dir, tool, &e)) == 1 && clock_steady_ms() < deadline) {
		usleep(100000);
		r = 0;
	}
	if (r == 1)
		r = err_set(&e, ETIMEDOUT, "%s has not answered yet; .seam/hook says how it ends", tool);
	return r < 0 ? fail(EXIT_TOOL, &e) : EXIT_OK;
}

/* What a person has to do before its messages are believed. */
static enum exit_code print_needs(const struct options *o, const struct stack *stack, int tool)
{
	const struct tool *t = &stack->tools[tool];
	struct tool_setup setup = {.name = t->name,
		.connector = t->connector,
		.config = t->config,
		.base_dir = stack->base_dir,
		.currency = stack->currency};
	enum exit_code code = EXIT_OK;
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
	else if (hook_registers(hook) && stack->hooks.url)
		code = order_hook(o, stack, t->name);
	hook_free(hook);
	return code;
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
	return code == EXIT_OK ? print_needs(o, stack, tool) : code;
}
