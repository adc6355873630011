/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On the disk: "17.3" is version 3 of file 17, all of it. "17.3.part" lacks blocks, and "17.3.map" says which are there; it is
 * written only when those are safe on the disk, so it never promises what a crash has taken.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/content.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

char *disk_cached(const struct cache *c, int64_t file, int64_t version, _Bool part)
{
	return str_format("%s/%" PRId64 ".%" PRId64 "%s", c->cached, file, version, part ? ".part" : "");
}

char *disk_staged(const struct cache *c, int64_t file, int64_t version)
{
	return str_format("%s/%" PRId64 ".%" PRId64, c->staged, file, version);
}

static char *map_path(const struct cache *c, const struct version *v)
{
	return str_format("%s/%" PRId64 ".%" PRId64 ".map", c->cached, v->file, v->number);
}

int disk_save_map(const struct cache *c, const struct version *v, const uint8_t *blocks, int64_t count)
{
	_cleanup_(mem_freep) char *path = map_path(c, v);
	_cleanup_(mem_freep) char *text = mem_alloc((size_t)count + 1);

	for (int64_t i = 0; i < count; i++)
		text[i] = blocks[i] == BLOCK_HERE ? 'x' : '-';
	return file_replace(path, text, (size_t)count, 0600, NULL);
}

void disk_load_map(const struct cache *c, const struct version *v, uint8_t *blocks, int64_t count)
{
	_cleanup_(mem_freep) char *path = map_path(c, v);
	struct buf b = BUF_INIT((size_t)count + 1);

	if (file_read(path, &b, NULL) == 0 && (int64_t)b.len == count) {
		for (int64_t i = 0; i < count; i++)
			blocks[i] = buf_text(&b)[i] == 'x' ? BLOCK_HERE : BLOCK_ABSENT;
	}
	buf_finish(&b);
}

void disk_forget_map(const struct cache *c, const struct version *v)
{
	_cleanup_(mem_freep) char *path = map_path(c, v);

	unlink(path);
}

int disk_complete(const struct cache *c, const struct version *v)
{
	_cleanup_(mem_freep) char *part = disk_cached(c, v->file, v->number, 1);
	_cleanup_(mem_freep) char *whole = disk_cached(c, v->file, v->number, 0);
	_cleanup_(mem_freep) char *map = map_path(c, v);

	if (rename(part, whole) < 0)
		return -errno;
	unlink(map);
	return 0;
}

/* From one file system to another, where the kernel does not copy by itself. The bytes that were copied, 0 at the end, or -errno. */
static ssize_t copy_piece(int from, int to, off_t at)
{
	char bytes[65536];
	ssize_t n = pread(from, bytes, sizeof(bytes), at), put = 0;

	while (n > 0 && put < n) {
		ssize_t done = pwrite(to, bytes + put, (size_t)(n - put), at + put);

		if (done < 0)
			return -errno;
		put += done;
	}
	return n < 0 ? -errno : n;
}

int disk_copy(int from, const char *path)
{
	int to = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t at = 0;
	ssize_t n;

	if (to < 0)
		return -errno;
	if (ioctl(to, FICLONE, from) == 0)
		return to;
	do {
		off_t in = at, out = at;

		n = copy_file_range(from, &in, to, &out, 1 << 30, 0);
		if (n <= 0)
			n = copy_piece(from, to, at);
		at += n > 0 ? n : 0;
	} while (n > 0);
	if (n == 0)
		return to;
	close(to);
	unlink(path);
	return (int)n;
}

void cache_tidy(struct cache *c, cache_wanted wanted, void *context)
{
	DIR *dir = opendir(c->staged);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_cleanup_(mem_freep) char *path = path_join(c->staged, entry->d_name);
		int64_t file, version;
		int end = 0;

		if (sscanf(entry->d_name, "%" SCNd64 ".%" SCNd64 "%n", &file, &version, &end) != 2 ||
			entry->d_name[end] || wanted(context, file, version))
			continue;
		log_info("cache", "%s is removed: it was sent, or removed, before the last stop", path);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}

/* ---- room ---- */

struct found {
	char *name;
	int64_t size, used;
};

static int by_use(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

static size_t list_files(const struct cache *c, struct found **ret, int64_t *ret_total)
{
	DIR *dir = opendir(c->cached);
	struct found *list = NULL;
	size_t n = 0, room = 0;
	struct dirent *entry;
	struct stat st;

	*ret_total = 0;
	while (dir && (entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (n == room) {
			room = room ? 2 * room : 256;
			list = mem_grow(list, room, sizeof(*list));
		}
		list[n++] = (struct found){str_dup(entry->d_name), st.st_blocks * INT64_C(512),
			st.st_atim.tv_sec * INT64_C(1000) + st.st_atim.tv_nsec / 1000000};
		*ret_total += list[n - 1].size;
	}
	if (dir)
		closedir(dir);
	*ret = list;
	return n;
}

void disk_make_room(struct cache *c)
{
	struct found *list;
	int64_t total;
	size_t n = list_files(c, &list, &total), removed = 0;

	qsort(list, n, sizeof(*list), by_use);
	/* Somewhat more than has to be, so that not every block begins this anew. What is open stays readable. */
	for (size_t i = 0; total > c->limit && i < n && total > c->limit / 10 * 9; i++) {
		_cleanup_(mem_freep) char *path = path_join(c->cached, list[i].name);

		if (unlink(path) == 0)
			total -= list[i].size;
		removed++;
	}
	if (removed)
		log_info("cache", "%zu files have made room; they are fetched again when somebody reads them",
			removed);
	for (size_t i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

/* ---- whose it is ---- */

static int read_word(const char *path, char *ret, size_t room)
{
	struct buf b = BUF_INIT(room);
	int r = file_read(path, &b, NULL);

	snprintf(ret, room, "%s", r == 0 ? buf_text(&b) : "");
	buf_finish(&b);
	return r;
}

static void remove_all(const struct cache *c)
{
	struct found *list;
	int64_t total;
	size_t n = list_files(c, &list, &total);

	for (size_t i = 0; i < n; i++) {
		_cleanup_(mem_freep) char *path = path_join(c->cached, list[i].name);

		unlink(path);
		free(list[i].name);
	}
	free(list);
}

int disk_claim(const struct cache *c, struct err *e)
{
	_cleanup_(mem_freep) char *ours = path_join(c->staged, "of"), *theirs = path_join(c->cached, "of");
	char word[40], there[40];
	uint64_t number;
	int r = 0;

	if (read_word(ours, word, sizeof(word)) < 0) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return err_set(e, EIO, "there are no random numbers");
		snprintf(word, sizeof(word), "%016" PRIx64, number);
		r = file_replace(ours, word, strlen(word), 0600, e);
	}
	if (r < 0 || (read_word(theirs, there, sizeof(there)) == 0 && strcmp(word, there) == 0))
		return r;
	remove_all(c);
	return file_replace(theirs, word, strlen(word), 0600, e);
}
