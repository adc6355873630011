/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive - the folder that "seamfs export" writes: files, and a manifest with the SHA-256 of each of them, which is written
 * last.        Threads: main.
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

struct archive {
	const char *dir;
	cJSON *manifest; /* when it is read */
	char **files;	 /* when it is written: paths below dir */
	size_t count, size;
};

/* archive_begin - makes the folder, which must be new or empty. 0 or -errno. */
int archive_begin(struct archive *a, const char *dir, struct err *e);

/* archive_put - a file with those bytes; archive_copy - the contents of an open file, and its time */
int archive_put(struct archive *a, const char *path, const void *bytes, size_t len, struct err *e);
int archive_copy(struct archive *a, const char *path, int fd, struct err *e);

/* archive_lines - begins a file of lines; archive_line() adds one, archive_lines_end() ends it */
struct archive_lines;
int archive_lines(struct archive *a, const char *path, struct archive_lines **ret, struct err *e);
int archive_line(struct archive_lines *l, const cJSON *line);
int archive_lines_end(struct archive_lines *l, struct err *e);

/* archive_end - hashes all of it and writes the manifest with @head before the files. 0 or -errno. */
int archive_end(struct archive *a, const cJSON *head, struct err *e);

/* archive_open - reads the manifest and compares every file with it. 0 or -errno. */
int archive_open(struct archive *a, const char *dir, struct err *e);

/* archive_each - every line of a file; @f as of dump_each(). 0 or -errno. */
int archive_each(const struct archive *a, const char *path, int (*f)(void *context, const cJSON *line),
	void *context, struct err *e);

/* archive_place - where it is, given to the caller */
char *archive_place(const struct archive *a, const char *path);

/* archive_copy_file - the contents of one open file and its time into another */
int archive_copy_file(int from, int to);

void archive_finish(struct archive *a);
