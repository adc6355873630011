/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions are open, and what becomes of their files. */
#include "seamfs/cache/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/content.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

int cache_open(const char *cached, const char *staged, int64_t limit, struct cache **ret, struct err *e)
{
	struct cache *c;
	int r = file_make_dirs(cached, 0700, e);

	if (r == 0)
		r = file_make_dirs(staged, 0700, e);
	if (r < 0)
		return r;
	c = mem_alloc(sizeof(*c));
	c->cached = str_dup(cached);
	c->staged = str_dup(staged);
	c->limit = limit;
	c->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->wanted, NULL);
	r = disk_claim(c, e);
	if (r < 0) {
		cache_close(c);
		return r;
	}
	disk_make_room(c);
	*ret = c;
	return 0;
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	fd_closep(&c->bell);
	pthread_cond_destroy(&c->wanted);
	pthread_mutex_destroy(&c->mutex);
	free(c->cached);
	free(c->staged);
	free(c);
}

int cache_bell(struct cache *c)
{
	return c->bell;
}

void cache_set_room(struct cache *c, int64_t total, int64_t left)
{
	pthread_mutex_lock(&c->mutex);
	c->room = total;
	c->room_left = left;
	pthread_mutex_unlock(&c->mutex);
}

int cache_room(struct cache *c, int64_t *ret_total, int64_t *ret_left)
{
	pthread_mutex_lock(&c->mutex);
	*ret_total = c->room;
	*ret_left = c->room_left;
	pthread_mutex_unlock(&c->mutex);
	return *ret_total ? 0 : -ENOENT;
}

/* ---- opening ---- */

/* With the mutex held. */
static struct content *find(struct cache *c, int64_t file, int64_t version)
{
	for (struct content *found = c->contents; found; found = found->next) {
		if (!found->gone && found->version.file == file &&
			(!version || found->version.number == version))
			return found;
	}
	return NULL;
}

static void forget_blocks(struct content *t)
{
	t->count = (t->version.size + CACHE_BLOCK - 1) / CACHE_BLOCK;
	t->absent = t->count;
	t->blocks = mem_alloc((size_t)t->count + 1);
}

/* A version of which nothing, or only a part, was fetched. */
static int open_part(struct content *t)
{
	_cleanup_(mem_freep) char *path = disk_cached(t->cache, t->version.file, t->version.number, 1);
	_Bool fresh;

	t->fd = open(path, O_RDWR | O_CLOEXEC);
	fresh = t->fd < 0 && errno == ENOENT;
	if (fresh) {
		/* What was noted of one that made room is not true of this one, nor when this one is opened again. */
		disk_forget_map(t->cache, &t->version);
		t->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	}
	if (t->fd < 0 || ftruncate(t->fd, t->version.size) < 0)
		return -errno;
	forget_blocks(t);
	if (!fresh)
		disk_load_map(t->cache, &t->version, t->blocks, t->count);
	for (int64_t i = 0; i < t->count; i++)
		t->absent -= t->blocks[i] == BLOCK_HERE;
	return 0;
}

static int open_files(struct content *t)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
	_cleanup_(mem_freep) char *path =
		t->version.staged ? disk_staged(t->cache, t->version.file, t->version.number)
				  : disk_cached(t->cache, t->version.file, t->version.number, 0);
	struct stat st;

	t->fd = open(path, O_RDWR | O_CLOEXEC);
	if (t->fd < 0 && errno == ENOENT) {
		/* It was settled a moment ago, or is about to be. */
		mem_freep(&path);
		path = t->version.staged ? disk_cached(t->cache, t->version.file, t->version.number, 0)
					 : disk_staged(t->cache, t->version.file, t->version.number);
		t->fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (t->fd < 0 && (errno != ENOENT || t->version.staged))
		return -errno;
	/* Not what it should be: as if it were not there. */
	if (t->fd >= 0 && !t->version.staged && (fstat(t->fd, &st) < 0 || st.st_size != t->version.size))
		fd_closep(&t->fd);
	if (t->fd < 0)
		return open_part(t);
	futimens(t->fd, times);
	return 0;
}

static void release(struct content *t)
{
	fd_closep(&t->fd);
	free(t->blocks);
	free(t);
}

int content_open(struct cache *c, const struct version *v, struct content **ret)
{
	struct content *t, *other;
	int r;

	pthread_mutex_lock(&c->mutex);
	t = find(c, v->file, v->number);
	if (t)
		t->refs++;
	pthread_mutex_unlock(&c->mutex);
	if (t) {
		*ret = t;
		return 0;
	}
	t = mem_alloc(sizeof(*t));
	*t = (struct content){.cache = c, .version = *v, .fd = -1, .refs = 1};
	r = open_files(t);
	if (r < 0) {
		release(t);
		return r;
	}
	pthread_mutex_lock(&c->mutex);
	other = find(c, v->file, v->number); /* somebody was faster */
	if (other) {
		other->refs++;
	} else {
		t->next = c->contents;
		c->contents = t;
	}
	pthread_mutex_unlock(&c->mutex);
	if (other)
		release(t);
	*ret = other ? other : t;
	return 0;
}

struct content *content_hold(struct content *t)
{
	pthread_mutex_lock(&t->cache->mutex);
	t->refs++;
	pthread_mutex_unlock(&t->cache->mutex);
	return t;
}

void content_close(struct content *t)
{
	struct cache *c = t ? t->cache : NULL;
	_Bool last;

	if (!t)
		return;
	pthread_mutex_lock(&c->mutex);
	last = --t->refs == 0;
	for (struct content **link = &c->contents; last && *link; link = &(*link)->next) {
		if (*link == t) {
			*link = t->next;
			break;
		}
	}
	pthread_mutex_unlock(&c->mutex);
	if (last)
		release(t);
}

int content_fd(const struct content *t)
{
	return t->fd;
}

int64_t content_version(const struct content *t)
{
	return t->version.number;
}

_Bool content_staged(const struct content *t)
{
	return t->version.staged;
}

struct content *content_named(struct cache *c, int64_t file)
{
	struct content *t;

	pthread_mutex_lock(&c->mutex);
	for (t = c->contents; t && (t->gone || !t->version.staged || t->version.file != file); t = t->next)
		;
	if (t)
		t->refs++;
	pthread_mutex_unlock(&c->mutex);
	return t;
}

_Bool content_apart(struct content *t)
{
	_Bool apart = 0;

	pthread_mutex_lock(&t->cache->mutex);
	for (const struct content *other = t->cache->contents; other && !apart; other = other->next)
		apart = other != t && other->version.file == t->version.file;
	pthread_mutex_unlock(&t->cache->mutex);
	return apart;
}

struct content *content_left(struct cache *c, int64_t file)
{
	struct content *t;

	pthread_mutex_lock(&c->mutex);
	for (t = c->contents; t && t->version.file != file; t = t->next)
		;
	if (t)
		t->refs++;
	pthread_mutex_unlock(&c->mutex);
	return t;
}

/* ---- writing ---- */

/* With the mutex held. */
static size_t sending_at(const struct cache *c, int64_t file, int64_t version)
{
	size_t i = 0;

	while (i < c->sending_count && (c->sending[i].file != file || c->sending[i].version != version))
		i++;
	return i;
}

/* Moves the bytes to their new name, unless they are on their way: with the mutex held, as an upload begins with it held. */
static _Bool move_bytes(struct content *t, const char *old, const char *path)
{
	struct cache *c = t->cache;
	_Bool moved;

	pthread_mutex_lock(&c->mutex);
	moved = sending_at(c, t->version.file, t->version.number) == c->sending_count &&
		rename(old, path) == 0;
	pthread_mutex_unlock(&c->mutex);
	return moved;
}

/* The bytes under their new name: moved where nobody else needs them, else a copy. A descriptor or -errno. */
static int take_bytes(struct content *t, const char *path, _Bool empty)
{
	_cleanup_(mem_freep) char *old =
		t->version.staged ? disk_staged(t->cache, t->version.file, t->version.number)
				  : disk_cached(t->cache, t->version.file, t->version.number, 0);
	int fd;

	if (empty) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		return fd < 0 ? -errno : fd;
	}
	if (move_bytes(t, old, path))
		return t->fd;
	return disk_copy(t->fd, path);
}

int content_claim(struct content *t)
{
	int r = 1;

	pthread_mutex_lock(&t->cache->mutex);
	if (t->beginning)
		r = -EAGAIN;
	else if (t->writers++ == 0)
		r = 0;
	t->beginning |= r == 0;
	pthread_mutex_unlock(&t->cache->mutex);
	return r;
}

_Bool content_unclaim(struct content *t)
{
	_Bool last;

	pthread_mutex_lock(&t->cache->mutex);
	last = --t->writers == 0;
	t->beginning = 0;
	pthread_mutex_unlock(&t->cache->mutex);
	content_news(t->cache);
	return last;
}

/* With the mutex held: what was wanted of the old bytes must not come into the new ones. */
static void drop_jobs(struct content *t)
{
	struct cache *c = t->cache;
	size_t kept = 0;

	for (size_t i = 0; i < c->job_count; i++) {
		struct job job = c->jobs[(c->first_job + i) % MOST_JOBS];

		if (job.content == t)
			t->refs--; /* never the last: whoever writes has it open */
		else
			c->jobs[(c->first_job + kept++) % MOST_JOBS] = job;
	}
	c->job_count = kept;
}

int content_stage(struct content *t, int64_t number, _Bool empty)
{
	struct cache *c = t->cache;
	_cleanup_(mem_freep) char *path = disk_staged(c, t->version.file, number);
	int fd = take_bytes(t, path, empty);

	if (fd < 0)
		return fd;
	pthread_mutex_lock(&c->mutex);
	drop_jobs(t);
	/* The same number for whoever reads on: what is written is seen by all who have it open, as in every file. */
	if (fd != t->fd)
		dup3(fd, t->fd, O_CLOEXEC);
	t->version.number = number;
	t->version.staged = 1;
	t->beginning = 0;
	free(t->blocks);
	t->blocks = NULL;
	t->absent = 0;
	pthread_mutex_unlock(&c->mutex);
	if (fd != t->fd)
		close(fd);
	content_news(c);
	return 0;
}

/* ---- on the way to the tool ---- */

int64_t cache_staged_size(struct cache *c, int64_t file, int64_t version)
{
	_cleanup_(mem_freep) char *path = disk_staged(c, file, version);
	struct stat st;

	return stat(path, &st) < 0 ? -errno : st.st_size;
}

int64_t cache_restage(struct cache *c, int64_t file, int64_t version)
{
	_cleanup_(mem_freep) char *path = disk_staged(c, file, version);
	_cleanup_(mem_freep) char *before = disk_staged(c, file, version - 1);

	if (access(path, F_OK) < 0 && errno == ENOENT && rename(before, path) == 0)
		log_info("cache", "%s: what was written before the last stop is there still", path);
	return cache_staged_size(c, file, version);
}

int cache_upload(struct cache *c, int64_t file, int64_t version)
{
	_cleanup_(mem_freep) char *path = disk_staged(c, file, version);
	_Bool room;
	int fd;

	pthread_mutex_lock(&c->mutex);
	room = c->sending_count < MOST_SENDING;
	if (room) {
		c->sending[c->sending_count].file = file;
		c->sending[c->sending_count++].version = version;
	}
	pthread_mutex_unlock(&c->mutex);
	fd = room ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0)
		return fd;
	fd = room ? -errno : -EAGAIN;
	cache_uploaded(c, file, version, -1);
	return fd;
}

void cache_uploaded(struct cache *c, int64_t file, int64_t version, int fd)
{
	size_t i;

	pthread_mutex_lock(&c->mutex);
	i = sending_at(c, file, version);
	if (i < c->sending_count)
		c->sending[i] = c->sending[--c->sending_count];
	pthread_mutex_unlock(&c->mutex);
	fd_closep(&fd);
}

void cache_settle(struct cache *c, int64_t file, int64_t version)
{
	_cleanup_(mem_freep) char *staged = disk_staged(c, file, version);
	_cleanup_(mem_freep) char *cached = disk_cached(c, file, version, 0);
	int64_t size = cache_staged_size(c, file, version);
	struct content *t;
	int fd;

	pthread_mutex_lock(&c->mutex);
	t = find(c, file, version);
	if (t)
		t->version.staged = 0;
	pthread_mutex_unlock(&c->mutex);
	if (size < 0)
		return;
	if (rename(staged, cached) < 0) {
		/* Another file system. */
		fd = open(staged, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			int copy = disk_copy(fd, cached);

			if (copy >= 0)
				close(copy);
			close(fd);
		}
		unlink(staged);
	}
	if (content_grown(c, size))
		disk_make_room(c);
}

void cache_discard(struct cache *c, int64_t file, int64_t version)
{
	_cleanup_(mem_freep) char *path = disk_staged(c, file, version);
	struct content *t;

	pthread_mutex_lock(&c->mutex);
	t = find(c, file, version);
	if (t)
		t->gone = 1;
	pthread_mutex_unlock(&c->mutex);
	unlink(path);
}
