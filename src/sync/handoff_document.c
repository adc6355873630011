/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that rules make. Every step stays below the tool's folder and follows no symlink (openat2); a file appears whole. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "sync/handoff.h"

static int open_below(int dir, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* The folder at @path below @root, made where it is missing. */
static int open_folder(const char *root, const char *path)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	if (fd < 0)
		return -errno;
	while (fd >= 0 && *path) {
		size_t n = strcspn(path, "/");
		_cleanup_(mem_freep) char *name = mem_dup(path, n);

		next = mkdirat(fd, name, 0777) < 0 && errno != EEXIST
			       ? -errno
			       : open_below(fd, name, O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
		path += n + (path[n] == '/');
	}
	return fd;
}

static int read_below(int dir, const char *path, struct buf *b)
{
	_cleanup_(fd_closep) int fd = open_below(dir, path, O_RDONLY);

	return fd < 0 ? fd : file_read_fd(fd, b);
}

static int write_all(int fd, const struct buf *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t n = write(fd, b->data + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n < 0 ? 0 : (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Under a hidden name first: nobody sees half of it, and nothing that is there is replaced. */
static int put(int dir, const char *name, const struct buf *b)
{
	_cleanup_(fd_closep) int fd = -1;
	int r;

	fd = openat(dir, ".seamfs-handoff.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	r = write_all(fd, b);
	if (r == 0 && renameat2(dir, ".seamfs-handoff.tmp", dir, name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, ".seamfs-handoff.tmp", 0);
	return r < 0 || fsync(dir) == 0 ? r : -errno;
}

static int make_file(const char *root, const char *path, const struct buf *b, struct err *e)
{
	_cleanup_(mem_freep) char *folder = strchr(path, '/') ? path_dir(path) : str_dup("");
	_cleanup_(fd_closep) int dir = open_folder(root, folder);
	_cleanup_(buf_finish) struct buf there = BUF_INIT(BUF_MAX_SHEET);
	int r = dir;

	if (dir >= 0)
		r = put(dir, path_base(path), b);
	if (r == -EEXIST && read_below(dir, path_base(path), &there) == 0 && there.len == b->len &&
		memcmp(buf_text(&there), buf_text(b), b->len) == 0)
		return 0;
	if (r == -EEXIST)
		return err_set(e, EEXIST, "there is another documents/%.200s already", path);
	return r < 0 ? err_set(e, -r, "documents/%.200s cannot be written: %s", path, strerror(-r)) : 0;
}

static int copy(const char *root, const char *from, const char *to, struct err *e)
{
	_cleanup_(fd_closep) int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r = dir < 0 ? -errno : read_below(dir, from, &b);

	if (r < 0)
		return err_set(e, -r, "documents/%.200s cannot be copied: %s", from, strerror(-r));
	return make_file(root, to, &b, e);
}

int handoff_document(const char *root, const cJSON *action, struct err *e)
{
	const char *folder = json_get_text(action, "folder"), *from = json_get_text(action, "copy");
	const char *text = json_get_text(action, "text"), *path = json_get_text(action, "write");
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_SHEET);

	if (folder) {
		_cleanup_(fd_closep) int fd = open_folder(root, folder);

		return fd < 0 ? err_set(e, -fd, "documents/%.200s cannot be made: %s", folder, strerror(-fd))
			      : 0;
	}
	if (from)
		return copy(root, from, json_get_text(action, "to"), e);
	if (!path || !text)
		return err_set(e, EINVAL, "the step cannot be read");
	buf_puts(&b, text);
	return make_file(root, path, &b, e);
}
