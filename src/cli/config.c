/* SPDX-License-Identifier: Apache-2.0 */
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/cache/cache.h"

char *config_home(const char *variable, const char *otherwise)
{
	const char *set = getenv(variable), *home = getenv("HOME");
	struct passwd *user;

	if (set && set[0] == '/')
		return path_join(set, "seamfs");
	if (!home || !home[0]) {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : "/";
	}
	return str_format("%s/%s/seamfs", home, otherwise);
}

struct stack *config_load(const struct options *o, enum exit_code *ret_code)
{
	_cleanup_(mem_freep) char *home = config_home("XDG_CONFIG_HOME", ".config");
	_cleanup_(mem_freep) char *mine = path_join(home, "stack.json");
	const char *path = o->config ? o->config : access("stack.json", F_OK) == 0 ? "stack.json" : mine;
	struct stack *stack = NULL;
	struct err e = {0};

	*ret_code = EXIT_OK;
	if (stack_load(path, &stack, &e) < 0)
		*ret_code = fail(EXIT_CONFIG, &e);
	return stack;
}

char *config_stack_word(const struct stack *stack)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (const char *p = stack->path; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return str_format("%s-%08x", path_base(stack->base_dir)[0] ? path_base(stack->base_dir) : "root",
		(unsigned)(hash ^ hash >> 32));
}

/* Named by the configuration, so that it stays when the mount point changes. */
char *config_state_dir(const struct stack *stack)
{
	_cleanup_(mem_freep) char *home = config_home("XDG_STATE_HOME", ".local/state");
	_cleanup_(mem_freep) char *word = config_stack_word(stack);

	return stack->state ? str_dup(stack->state) : path_join(home, word);
}

int config_cache(const struct stack *stack, const char *state, struct cache **ret, struct err *e)
{
	_cleanup_(mem_freep) char *home = config_home("XDG_CACHE_HOME", ".cache");
	_cleanup_(mem_freep) char *word = config_stack_word(stack);
	_cleanup_(mem_freep) char *cached = path_join(home, word);
	_cleanup_(mem_freep) char *staged = path_join(state, "staged");

	for (int i = 1; i < stack->tool_count; i++) {
		if (stack->tools[i].files && !stack->tools[i].folder)
			return cache_open(cached, staged, stack->cache_bytes, ret, e);
	}
	return 0;
}

char *data_path(const char *name)
{
	static const char *const places[] = {SEAMFS_SOURCE_DATA, SEAMFS_DATA};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char *path = path_join(places[i], name);

		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *config_beside(const char *file, const char *ending)
{
	_cleanup_(mem_freep) char *path = str_dup(file);
	size_t n;

	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const char *inner = type_get((enum type_id)t)->file;
		_cleanup_(mem_freep) char *whole = inner ? path_join(file, inner) : NULL;
		struct stat st;

		if (whole && stat(whole, &st) == 0)
			str_set(&path, whole);
	}
	n = strlen(path);
	if (n > 5 && strcmp(path + n - 5, ".json") == 0)
		path[n - 5] = '\0';
	return str_format("%s%s", path, ending);
}
