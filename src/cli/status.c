/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/fuse/mount.h"

enum exit_code verb_status(const struct options *o)
{
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);
	_cleanup_(mem_freep) char *path = dir ? path_join(dir, ".seam/status") : NULL;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	enum exit_code code = EXIT_OK;

	if (!dir || file_read(path, &b, &e) < 0)
		code = fail(EXIT_FAILED, &e);
	else
		fputs(buf_text(&b), stdout);
	buf_finish(&b);
	return code;
}
