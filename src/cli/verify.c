/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/fuse/mount.h"

#define LONGEST_MS 3600000

/* 1: still under way; 0: done, nothing differs; 2: something does; -errno: it failed. */
static int look(const char *dir, struct err *e)
{
	_cleanup_json_ cJSON *status = NULL;
	const cJSON *tool;
	int r = order_status(dir, &status, e);

	cJSON_ArrayForEach (tool, json_get(status, "tools")) {
		int64_t drift = 0;

		if (r < 0 || r == 1)
			break;
		(void)json_int64(json_get(tool, "drift"), &drift);
		if (strcmp(json_get_text(tool, "state"), "failing") == 0)
			r = err_set(
				e, EIO, "%s: %s", json_get_text(tool, "name"), json_get_text(tool, "error"));
		else if (cJSON_IsTrue(json_get(tool, "verifying")))
			r = 1;
		else if (drift)
			r = 2;
	}
	return r;
}

enum exit_code verb_verify(const struct options *o)
{
	int64_t deadline = clock_steady_ms() + LONGEST_MS;
	_cleanup_(mem_freep) char *word = o->count ? str_format("%ld", o->count) : str_dup("all");
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);
	int r = dir ? order_give(dir, ".seam/verify", word, &e) : -ENOENT;

	while (r >= 0) {
		usleep(100000);
		r = look(dir, &e);
		if (r != 1 || clock_steady_ms() >= deadline)
			break;
	}
	if (r >= 0 && order_read(dir, ".seam/verify", &b, &e) == 0)
		fputs(buf_text(&b), stdout);
	buf_finish(&b);
	if (r == 1)
		r = err_set(
			&e, ETIMEDOUT, "it is not done after an hour; .seam/verify shows the result later");
	return r < 0 ? fail(r == -EIO ? EXIT_TOOL : EXIT_FAILED, &e) : r == 2 ? EXIT_FAILED : EXIT_OK;
}
