/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/registry.h"
#include "seamfs/sync/hooks.h"
#include "seamfs/sync/sync.h"

static int json_only(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* Every manifest that is installed, whether the stack uses it or not. Returns how many are wrong. */
static int check_manifests(int *ret_count)
{
	const char *set = getenv("SEAMFS_CONNECTORS");
	_cleanup_(mem_freep) char *dir = set ? str_dup(set) : data_path("connectors");
	struct dirent **list = NULL;
	int n = dir ? scandir(dir, &list, json_only, alphasort) : 0, wrong = 0;

	for (int i = 0; i < n; i++) {
		_cleanup_(mem_freep) char *path = path_join(dir, list[i]->d_name);
		struct err e = {0};

		if (connect_check_manifest(path, &e) < 0) {
			fail(EXIT_CONFIG, &e);
			wrong++;
		}
		free(list[i]);
	}
	free(list);
	*ret_count = n > 0 ? n : 0;
	return wrong;
}

enum exit_code verb_check(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct sync *sync = NULL;
	struct err e = {0};
	int manifests;

	if (check_manifests(&manifests) > 0)
		code = EXIT_CONFIG;
	if (stack && (sync_open(stack, &sync, &e) < 0 || hooks_check(stack, &e) < 0))
		code = fail(EXIT_CONFIG, &e);
	if (code == EXIT_OK)
		printf("%s is in order: %d tools; %d manifests are in order\n", stack->path,
			stack->tool_count - 1, manifests);
	sync_stop(sync);
	return code;
}
