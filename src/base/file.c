/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

#define TEMPORARY ".seamfs-"

/* A file that is being written is younger. */
enum {
	LEFT_BEHIND_S = 3600,
	SETTLED_S =
		3, /* a file that was changed this recently may change again without a new time stamp (2 s on FAT) */
};

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

_Bool file_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

_Bool file_same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       file_same_time(&a->st_mtim, &b->st_mtim) && file_same_time(&a->st_ctim, &b->st_ctim);
}

_Bool file_settled(const struct stat *s)
{
	int64_t now = clock_now_ms() / 1000;

	return now - s->st_mtim.tv_sec > SETTLED_S && now - s->st_ctim.tv_sec > SETTLED_S;
}

int file_write_all(int fd, const void *from, size_t len)
{
	const char *bytes = from;

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
	r = file_write_all(fd, bytes, len);
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

static uint64_t hash(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

/* Stays the same when the file is moved, and no other when somebody has written into it. */
static uint64_t version_of(const struct stat *s)
{
	const uint64_t parts[] = {(uint64_t)s->st_ino, (uint64_t)s->st_size, (uint64_t)s->st_mtim.tv_sec,
		(uint64_t)s->st_mtim.tv_nsec};

	return hash(parts, sizeof(parts));
}

/* Two files that change places, and what they were before. */
struct swap {
	const char *path;
	char *temporary;
	struct stat old, ours;
};

/*
 * The temporary file's name while it changes places with the one at @path: whoever finds it after a kill can tell whether it is
 * one of these two, or what somebody has written.
 */
static char *swap_name(const struct swap *s)
{
	return str_format("%s.%016" PRIx64 ".%016" PRIx64 ".%016" PRIx64, s->temporary,
		hash(path_base(s->path), strlen(path_base(s->path))), version_of(&s->old),
		version_of(&s->ours));
}

static int exchange(const struct swap *s)
{
	return renameat2(AT_FDCWD, s->temporary, AT_FDCWD, s->path, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

/*
 * Takes a lease: whoever opens that file for writing waits until @fd is closed. Returns 0, also where there are no leases
 * (somebody else's file, some file systems), or -EBUSY: somebody has it open for writing already, or waits for that.
 */
static int claim(int fd)
{
	/* The kernel would tell us with SIGIO, which ends a program that does not expect it; this one does not. */
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return 0;
	return fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN ? -EBUSY : 0;
}

/* Keeps beside @path what somebody has written into the file @written. */
static void keep_beside(const char *written, const char *path)
{
	_cleanup_(mem_freep) char *dir = path_dir(path), *kept = NULL;
	const char *base = path_base(path), *dot = strrchr(base, '.');
	int stem = dot && dot != base ? (int)(dot - base) : (int)strlen(base);

	kept = str_format("%s/%.*s (saved at the same moment %.6s)%s", dir, stem, base,
		path_base(written) + strlen(TEMPORARY), base + stem);
	if (renameat2(AT_FDCWD, written, AT_FDCWD, kept, RENAME_NOREPLACE) == 0)
		log_warning("file",
			"two programs saved %s at the same moment; what the second one saved is in %s", path,
			path_base(kept));
}

/* Whether somebody has written into that file, which was one of these, or is about to. */
static _Bool is_written(const char *file, uint64_t one, uint64_t other)
{
	_cleanup_(fd_closep) int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat now;

	if (fd < 0)
		return errno != ENOENT;
	return claim(fd) < 0 || fstat(fd, &now) < 0 || (version_of(&now) != one && version_of(&now) != other);
}

/*
 * For a moment our file was in its place, and it makes way for one that somebody else had put there. Whoever wrote into ours
 * meanwhile has that in what would be removed: it is kept beside the other one.
 */
static void make_way(const struct swap *s)
{
	uint64_t ours = version_of(&s->ours);

	/* Where it cannot make way again, the other one is what is kept beside. */
	if (exchange(s) < 0 || is_written(s->temporary, ours, ours))
		keep_beside(s->temporary, s->path);
}

/* Ours is in its place; whether the other one may go, which may be changed at this moment. */
static int look_again(const struct swap *s, file_asker may, void *context, struct err *e)
{
	_cleanup_(mem_freep) char *dir = path_dir(s->path);
	_cleanup_(fd_closep) int old = open(s->temporary, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int busy = claim(old), r = may(context, s->temporary, e);

	if (r == 0) {
		sync_dir(dir);
		/* Whoever had found the other one by its name just before has opened it by now, and waits, or has written. */
		busy = busy < 0 ? busy : claim(old);
		if (busy < 0)
			r = err_set(e, EBUSY,
				"%s is open for writing in another program; close it there and try again",
				s->path);
	}
	/* Before the lease ends: whoever waits for it then writes into what is in its place. */
	if (r < 0)
		make_way(s);
	return r;
}

static int put(const char *temporary, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *dir = path_dir(path);

	fault_step("replace");
	if (rename(temporary, path) < 0)
		return err_set(e, errno, "cannot write %s: %s", path, strerror(errno));
	fault_step("replaced");
	sync_dir(dir);
	return 0;
}

/* Puts it in its place. Afterwards the temporary file, if there is one, is to be removed. */
static int put_if(struct swap *s, file_asker may, void *context, struct err *e)
{
	_cleanup_(mem_freep) char *name = NULL;
	int known = stat(s->path, &s->old), r = may(context, s->path, e);

	if (r == 0 && known < 0)
		r = err_set(e, ENOENT, "cannot write %s: it is gone", s->path);
	if (r < 0)
		return r;
	name = swap_name(s);
	if (rename(s->temporary, name) < 0)
		return err_set(e, errno, "cannot write %s: %s", s->path, strerror(errno));
	free(s->temporary);
	s->temporary = name;
	name = NULL;
	fault_step("replace");
	r = exchange(s);
	if (r == -EINVAL || r == -ENOSYS)
		return put(s->temporary, s->path, e);
	if (r < 0)
		return err_set(e, -r, "cannot write %s: %s", s->path, strerror(-r));
	fault_step("exchanged");
	r = look_again(s, may, context, e);
	if (r == 0)
		fault_step("replaced");
	return r;
}

int file_replace_if(const char *path, const void *bytes, size_t len, mode_t mode, file_asker may,
	void *context, struct err *e)
{
	_cleanup_(mem_freep) char *dir = path_dir(path);
	struct swap s = {.path = path, .temporary = str_format("%s/" TEMPORARY "XXXXXX", dir)};
	_cleanup_(fd_closep) int fd = mkostemp(s.temporary, O_CLOEXEC);
	int r;

	if (fd < 0) {
		r = err_set(e, errno, "cannot write beside %s: %s", path, strerror(errno));
		free(s.temporary);
		return r;
	}
	r = write_temporary(fd, path, bytes, len, mode);
	if (r == 0 && fstat(fd, &s.ours) < 0)
		r = -errno;
	/* Whoever else has it open is to be seen then. */
	fd_closep(&fd);
	fd = -1;
	if (r < 0)
		err_set(e, -r, "cannot write %s: %s", path, strerror(-r));
	else
		r = may ? put_if(&s, may, context, e) : put(s.temporary, path, e);
	/* What it replaced is here now. */
	if (r < 0 || may)
		unlink(s.temporary);
	free(s.temporary);
	return r;
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
	return file_replace_if(path, bytes, len, mode, NULL, NULL, e);
}

/* Whether it was left while it changed places with the file at @path. */
static _Bool is_swap(const char *name, const char *path, uint64_t *ret_old, uint64_t *ret_ours)
{
	uint64_t base;
	int end = 0;

	return sscanf(name, TEMPORARY "%*6[A-Za-z0-9].%16" SCNx64 ".%16" SCNx64 ".%16" SCNx64 "%n", &base,
		       ret_old, ret_ours, &end) == 3 &&
	       end > 0 && !name[end] && base == hash(path_base(path), strlen(path_base(path)));
}

static void clear_leftover(const char *name, const char *path)
{
	_cleanup_(mem_freep) char *dir = path_dir(path), *left = path_join(dir, name);
	uint64_t old, ours;
	struct stat st;

	if (lstat(left, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (is_swap(name, path, &old, &ours)) {
		if (is_written(left, old, ours))
			keep_beside(left, path);
		else
			unlink(left);
	} else if (strlen(name) == strlen(TEMPORARY "XXXXXX") && st.st_mtime + LEFT_BEHIND_S < time(NULL)) {
		unlink(left);
	}
}

void file_clear_leftovers(const char *path)
{
	_cleanup_(mem_freep) char *dir = path_dir(path);
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
			clear_leftover(entry->d_name, path);
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
