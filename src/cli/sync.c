/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/fuse/mount.h"

#define LONGEST_MS 600000

/* A long pull on a terminal: how many records have come of each tool that is being read, on one line that is written anew. */
static void show_progress(const cJSON *status, _Bool over)
{
	struct buf line = BUF_INIT(1024);
	const cJSON *tool;

	if (!isatty(STDERR_FILENO))
		return;
	cJSON_ArrayForEach (tool, json_get(status, "tools")) {
		if (cJSON_IsTrue(json_get(tool, "refreshing")))
			buf_printf(&line, "%s%s: %s records", line.len ? ", " : "",
				json_get_text(tool, "name"), json_scalar(json_get(tool, "records")));
	}
	/* ECMA-48: to the first column, and away with what stood there. */
	fprintf(stderr, "\r\033[K%s", over ? "" : buf_text(&line));
	buf_finish(&line);
}

/* 1: still under way; 0: done; -EIO: a tool fails, and the sentence says why. */
static int look(const char *dir, const char *word, struct err *e)
{
	_cleanup_json_ cJSON *status = NULL;
	const cJSON *tool;
	int r = order_status(dir, &status, e);

	cJSON_ArrayForEach (tool, json_get(status, "tools")) {
		const char *name = json_get_text(tool, "name");

		if (r != 0 || !name || (strcmp(word, "all") != 0 && strcmp(word, name) != 0))
			continue;
		if (strcmp(json_get_text(tool, "state"), "failing") == 0)
			r = err_set(e, EIO, "%s: %s", name, json_get_text(tool, "error"));
		else if (cJSON_IsTrue(json_get(tool, "refreshing")))
			r = 1;
	}
	show_progress(status, r != 1);
	return r;
}

enum exit_code verb_sync(const struct options *o)
{
	const char *word = o->argc ? o->argv[0] : "all";
	int64_t deadline = clock_steady_ms() + LONGEST_MS;
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);
	int r = dir ? order_give(dir, ".seam/refresh", word, &e) : -ENOENT;

	if (r < 0)
		return fail(EXIT_FAILED, &e);
	do {
		usleep(50000);
		r = look(dir, word, &e);
	} while (r == 1 && clock_steady_ms() < deadline);
	if (r == 1)
		r = err_set(&e, ETIMEDOUT,
			"the pull is not done after ten minutes; \"seamfs status\" shows how it goes on");
	return r < 0 ? fail(r == -EIO ? EXIT_TOOL : EXIT_FAILED, &e) : EXIT_OK;
}
