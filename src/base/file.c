/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "seamfs/base/fault.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

#define TEMPORARY ".seamfs-"

/* A file that is being written is younger. */
enum { LEFT_BEHIND_S = 3600 };

int file_read_fd(int fd, struct buf *b)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		r = buf_add(b, chunk, (size_t)n);
		if (r < 0)
			return r;
	}
}

int file_read(const char *path, struct buf *b, struct err *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	r = file_read_fd(fd, b);
	if (r == -E2BIG)
		return err_set(
			e, E2BIG, "%s is larger than %zu MiB, the limit for such a file", path, b->max >> 20);
	if (r < 0)
		return err_set(e, -r, "cannot read %s: %s", path, strerror(-r));
	return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_temporary(int fd, const char *path, const void *bytes, size_t len, mode_t mode)
{
	struct stat old;
	int r;

	if (stat(path, &old) == 0) {
		mode = old.st_mode & 07777;
		/* Only root may give a file away; for others the owner is the same already. */
		if (fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
			return -errno;
	}
	if (fchmod(fd, mode) < 0)
		return -errno;
	r = write_all(fd, bytes, len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

static void sync_dir(const char *dir)
{
	_cleanup_(fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* A file system without directory fsync has no better promise to give. */
	if (fd >= 0 && fsync(fd) < 0)
		return;
}

/*
 * For a moment our file was in its place, and it has to make way for one that somebody else had put there. Whoever wrote into ours
 * meanwhile has written into what is about to be removed: it is kept beside the other one.
 */
static void keep_if_written(const char *temporary, const char *path, const struct stat *ours)
{
	_cleanup_(mem_freep) char *dir = path_dir(path), *kept = NULL;
	const char *base = path_base(path), *dot = strrchr(base, '.');
	int stem = dot && dot != base ? (int)(dot - base) : (int)strlen(base);
	struct stat now;

	if (stat(temporary, &now) < 0 ||
		(now.st_size == ours->st_size && now.st_mtim.tv_sec == ours->st_mtim.tv_sec &&
			now.st_mtim.tv_nsec == ours->st_mtim.tv_nsec))
		return;
	kept = str_format("%s/%.*s (saved at the same moment %s)%s", dir, stem, base,
		temporary + strlen(temporary) - strlen("XXXXXX"), base + stem);
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, kept, RENAME_NOREPLACE) == 0)
		log_warning("file",
			"two programs saved %s at the same moment; what the second one saved is in %s", path,
			path_base(kept));
}

/* Puts it in its place. Afterwards the temporary file, if there is one, is to be removed. */
static int put_in_place(
	int fd, const char *temporary, const char *path, file_asker may, void *context, struct err *e)
{
	int r = may ? may(context, path, e) : 0;
	struct stat ours;

	fault_step("replace");

	if (r < 0)
		return r;
	if (may && fstat(fd, &ours) == 0 &&
		renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
		r = may(context, temporary, e);
		if (r == 0)
			return 0;
		/* Where it cannot make way again, the other one is what is kept beside. */
		if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_EXCHANGE) < 0)
			ours = (struct stat){0};
		keep_if_written(temporary, path, &ours);
		return r;
	}
	if (may && errno != EINVAL && errno != ENOSYS)
		return err_set(e, errno, "cannot write %s: %s", path, strerror(errno));
	return rename(temporary, path) < 0 ? err_set(e, errno, "cannot write %s: %s", path, strerror(errno))
					   : 0;
}

int file_replace_if(const char *path, const void *bytes, size_t len, mode_t mode, file_asker may,
	void *context, struct err *e)
{
	_cleanup_(mem_freep) char *dir = path_dir(path);
	_cleanup_(mem_freep) char *temporary = str_format("%s/" TEMPORARY "XXXXXX", dir);
	_cleanup_(fd_closep) int fd = mkostemp(temporary, O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(e, errno, "cannot write beside %s: %s", path, strerror(errno));
	r = write_temporary(fd, path, bytes, len, mode);
	if (r < 0)
		err_set(e, -r, "cannot write %s: %s", path, strerror(-r));
	else
		r = put_in_place(fd, temporary, path, may, context, e);
	/* What it replaced is here now. */
	if (r < 0 || may)
		unlink(temporary);
	if (r == 0) {
		fault_step("replaced");
		sync_dir(dir);
	}
	return r;
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
	return file_replace_if(path, bytes, len, mode, NULL, NULL, e);
}

void file_clear_leftovers(const char *path)
{
	_cleanup_(mem_freep) char *dir = path_dir(path);
	DIR *d = opendir(dir);
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, TEMPORARY, strlen(TEMPORARY)) == 0 &&
			strlen(entry->d_name) == strlen(TEMPORARY "XXXXXX") &&
			fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && st.st_mtime + LEFT_BEHIND_S < time(NULL))
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

int file_make_dirs(const char *path, mode_t mode, struct err *e)
{
	_cleanup_(mem_freep) char *copy = str_dup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_set(e, errno, "cannot make the folder %s: %s", copy, strerror(errno));
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return err_set(e, errno, "cannot make the folder %s: %s", copy, strerror(errno));
	return 0;
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	if (name[0] == '/')
		return str_dup(name);
	return str_format("%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return str_dup(".");
	if (slash == path)
		return str_dup("/");
	return mem_dup(path, (size_t)(slash - path));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
