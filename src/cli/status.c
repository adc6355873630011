/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/fuse/mount.h"

enum exit_code verb_status(const struct options *o)
{
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);
	_cleanup_(mem_freep) char *path = dir ? path_join(dir, ".seam/status") : NULL;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_json_ cJSON *status = NULL;
	enum exit_code code = EXIT_OK;
	int64_t failing = 0;

	if (!dir || file_read(path, &b, &e) < 0 || order_status(dir, &status, &e) < 0)
		code = fail(EXIT_FAILED, &e);
	else
		fputs(buf_text(&b), stdout);
	(void)json_int64(json_get(status, "failing_handoffs"), &failing);
	if (failing)
		code = EXIT_FAILED;
	buf_finish(&b);
	return code;
}
