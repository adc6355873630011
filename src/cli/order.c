/* SPDX-License-Identifier: Apache-2.0 */
/* What several verbs do: give a mount an order through a file of .seam/, and read its files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

int order_read(const char *dir, const char *file, struct buf *b, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(dir, file);

	return file_read(path, b, e);
}

int order_status(const char *dir, cJSON **ret, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = order_read(dir, ".seam/status.json", &b, e);

	if (r == 0)
		r = json_parse(buf_text(&b), b.len, 0, ret, NULL, e);
	buf_finish(&b);
	return r;
}

/* The kernel passes on a number only; the sentence is at the file. */
static int refused(const char *path, int code, struct err *e)
{
	char text[480];
	ssize_t n = getxattr(path, "user.seam.error", text, sizeof(text) - 1);

	if (n <= 0)
		return err_set(e, code, "cannot write %s: %s", path, strerror(code));
	text[n] = '\0';
	return err_set(e, code, "%s", text);
}

int order_give(const char *dir, const char *file, const char *text, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(dir, file);
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	return write(fd, text, strlen(text)) < 0 ? refused(path, errno, e) : 0;
}
