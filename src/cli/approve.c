/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/fuse/mount.h"

/* What is held is shown, so that nobody says yes to something else than he sees. */
static int decide(const char *dir, const char *word, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(dir, ".seam/approve");
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = fd < 0 ? err_set(e, errno, "cannot open %s: %s", path, strerror(errno))
		       : file_read(path, &b, e);

	if (r == 0)
		fputs(buf_text(&b), stdout);
	buf_finish(&b);
	if (r == 0 && write(fd, word, strlen(word)) < 0)
		r = err_set(e, errno, "cannot write %s: %s", path, strerror(errno));
	return r;
}

static enum exit_code answer(const struct options *o, const char *word)
{
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);

	return !dir || decide(dir, word, &e) < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
}

enum exit_code verb_approve(const struct options *o)
{
	return answer(o, "yes");
}

enum exit_code verb_reject(const struct options *o)
{
	return answer(o, "no");
}
