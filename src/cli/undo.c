/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "seamfs/base/mem.h"
#include "seamfs/fuse/mount.h"

enum exit_code verb_undo(const struct options *o)
{
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);

	return !dir || order_give(dir, ".seam/undo", o->argv[0], &e) < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
}
