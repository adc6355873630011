/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/fuse/mount.h"

/* The path of a file below its mount point; @ret_mount is given. */
static char *below_mount(const char *file, char **ret_mount, struct err *e)
{
	_cleanup_(mem_freep) char *real = realpath(file, NULL);

	if (!real) {
		err_set(e, errno, "cannot find %s: %s", file, strerror(errno));
		return NULL;
	}
	*ret_mount = mount_find(real, e);
	return *ret_mount ? str_dup(real + strlen(*ret_mount)) : NULL;
}

static enum exit_code order(const char *word, const char *file, const char *second, _Bool is_file)
{
	_cleanup_(mem_freep) char *mount = NULL;
	_cleanup_(mem_freep) char *other_mount = NULL;
	_cleanup_(mem_freep) char *text = NULL;
	struct err e = {0};
	_cleanup_(mem_freep) char *first = below_mount(file, &mount, &e);
	_cleanup_(mem_freep) char *other =
		first && is_file ? below_mount(second, &other_mount, &e) : str_dup(second);
	_cleanup_json_ cJSON *object = cJSON_CreateObject();
	cJSON *pair = cJSON_AddArrayToObject(object, word);

	if (!first || !other)
		return fail(EXIT_FAILED, &e);
	cJSON_AddItemToArray(pair, cJSON_CreateString(first));
	cJSON_AddItemToArray(pair, cJSON_CreateString(other));
	text = json_print(object);
	return order_give(mount, ".seam/links", text, &e) < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
}

enum exit_code verb_link(const struct options *o)
{
	return order("link", o->argv[0], o->argv[1], 1);
}

enum exit_code verb_unlink(const struct options *o)
{
	return order("unlink", o->argv[0], o->argv[1], 0);
}
