/* SPDX-License-Identifier: Apache-2.0 */
/* file - whole files in and out, without half-written states.        Threads: any. */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

/* file_read - appends the file's bytes to @b. Returns 0, -E2BIG over the ceiling, or another -errno. */
int file_read(const char *path, struct buf *b, struct err *e);
int file_read_fd(int fd, struct buf *b);

/**
 * file_replace - puts @len bytes in place of the file at @path: temporary file beside it, fsync, rename,
 *                fsync of the folder. Keeps the mode and owner of the file that was there, else @mode.
 *
 * After a crash either the old or the new bytes are there. Returns 0 or -errno.
 */
int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e);

/**
 * file_replace_if - the same, where other programs may replace the file at any moment
 * @may: is asked about the file that would be replaced, when all is written, and once more when it is out of the way, so that
 *       nobody can come between (on file systems that can exchange two files). Below 0: the old file stays, and that is returned;
 *       what a third program has written into the new one meanwhile is kept beside it, and logged.
 *
 * Returns 0, -EBUSY when another program has the old file open for writing, what @may said, or another -errno.
 */
typedef int (*file_asker)(void *context, const char *old, struct err *e);
int file_replace_if(const char *path, const void *bytes, size_t len, mode_t mode, file_asker may,
	void *context, struct err *e);

/*
 * file_clear_leftovers - removes the temporary files beside @path that a killed program left there over an hour ago, and at once what
 *                        it left while it replaced the file; what somebody had written into that meanwhile is kept, and logged
 */
void file_clear_leftovers(const char *path);

/* file_write_all - all of it, from where the descriptor stands. 0 or -errno. */
int file_write_all(int fd, const void *bytes, size_t len);

/* file_same_stat - the same file, and untouched since: by inode, size and both times */
_Bool file_same_stat(const struct stat *a, const struct stat *b);
_Bool file_same_time(const struct timespec *a, const struct timespec *b);

/* file_settled - it was not changed so recently that it may change again without a new time */
_Bool file_settled(const struct stat *s);

/* file_make_dirs - mkdir -p with @mode for what is missing */
int file_make_dirs(const char *path, mode_t mode, struct err *e);

/* path_join - "@dir/@name", or a copy of @name where it is absolute; given to the caller */
char *path_join(const char *dir, const char *name);

/* path_dir - everything before the last '/', "." without one, "/" for the root; given to the caller */
char *path_dir(const char *path);

/* path_base - what stands behind the last '/'; points into @path */
const char *path_base(const char *path);
