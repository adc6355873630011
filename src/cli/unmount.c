/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/fuse/mount.h"

static pid_t daemon_of(const char *dir)
{
	_cleanup_(mem_freep) char *path = path_join(dir, ".seam/status.json");
	_cleanup_json_ cJSON *status = NULL;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int64_t pid = 0;

	if (file_read(path, &b, NULL) == 0 && json_parse(buf_text(&b), b.len, 0, &status, NULL, NULL) == 0)
		(void)json_int64(json_get(status, "pid"), &pid);
	buf_finish(&b);
	return (pid_t)pid;
}

/* A process that only waits to be reaped has ended. */
static _Bool runs(pid_t pid)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state != 'Z';
}

enum exit_code verb_unmount(const struct options *o)
{
	const char *dir = o->argv[0];
	pid_t pid = daemon_of(dir);
	struct err e = {0};

	if (mount_leave(dir, &e) < 0)
		return fail(EXIT_MOUNT, &e);
	/* When this returns, the same stack can be mounted again. */
	for (int i = 0; pid > 0 && runs(pid) && i < 1000; i++)
		usleep(10000);
	return EXIT_OK;
}
