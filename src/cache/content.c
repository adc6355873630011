/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: which are here, which are wanted, and how they come. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/content.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"

void content_news(struct cache *c)
{
	uint64_t one = 1;

	if (write(c->bell, &one, sizeof(one)) < 0)
		return; /* it is rung already */
}

_Bool content_grown(struct cache *c, int64_t bytes)
{
	_Bool due;

	pthread_mutex_lock(&c->mutex);
	c->grown += bytes;
	due = c->grown > EVICT_EVERY;
	if (due)
		c->grown = 0;
	pthread_mutex_unlock(&c->mutex);
	return due;
}

/* ---- asking; with the mutex held ---- */

/* Puts the absent blocks among these into the queue, as few pieces as there are gaps. */
static void want(struct content *t, int64_t first, int64_t last)
{
	struct cache *c = t->cache;

	for (int64_t i = first; i <= last && c->job_count < MOST_JOBS; i++) {
		struct job job = {t, i, 0};

		while (i <= last && t->blocks[i] == BLOCK_ABSENT && job.count < MOST_AHEAD) {
			t->blocks[i++] = BLOCK_WANTED;
			job.count++;
		}
		if (!job.count)
			continue;
		i--;
		t->refs++;
		c->jobs[(c->first_job + c->job_count++) % MOST_JOBS] = job;
		pthread_cond_signal(&c->wanted);
	}
}

/* Whoever reads on and on finds the next blocks here already: as far ahead as it has come. */
static void look_ahead(struct content *t, int64_t first, int64_t last)
{
	int64_t ahead;

	if (first == t->next_block || first + 1 == t->next_block)
		t->run += last + 1 - t->next_block;
	else if (first > t->next_block || last + 1 < t->next_block)
		t->run = 0;
	t->next_block = last + 1;
	ahead = t->run < MOST_AHEAD ? t->run : MOST_AHEAD;
	/* In large pieces: only when half of what was ahead is used up. */
	if (ahead < 2 || last + ahead / 2 >= t->count || t->blocks[last + ahead / 2] != BLOCK_ABSENT)
		return;
	last += ahead;
	want(t, t->next_block, last < t->count ? last : t->count - 1);
}

static int ask(struct content *t, int64_t first, int64_t last, uint64_t *asked)
{
	_Bool here = 1, lost = 0;

	for (int64_t i = first; i <= last; i++) {
		here &= t->blocks[i] == BLOCK_HERE;
		lost |= t->blocks[i] == BLOCK_ABSENT;
	}
	if (here)
		return 1;
	if (lost && *asked && *asked != t->failures + 1)
		return t->failure;
	if (!*asked)
		*asked = t->failures + 1;
	want(t, first, last);
	return 0;
}

int content_ask(struct content *t, int64_t offset, int64_t len, uint64_t *asked)
{
	int64_t first, last;
	int r = 1;

	pthread_mutex_lock(&t->cache->mutex);
	if (t->absent && len > 0 && offset < t->version.size) {
		if (offset + len > t->version.size)
			len = t->version.size - offset;
		first = offset / CACHE_BLOCK;
		last = (offset + len - 1) / CACHE_BLOCK;
		r = ask(t, first, last, asked);
		if (r >= 0)
			look_ahead(t, first, last);
	}
	pthread_mutex_unlock(&t->cache->mutex);
	return r;
}

int content_whole(struct content *t, uint64_t *asked)
{
	int r = 1;

	pthread_mutex_lock(&t->cache->mutex);
	if (t->absent)
		r = ask(t, 0, t->count - 1, asked);
	pthread_mutex_unlock(&t->cache->mutex);
	return r;
}

/* ---- bringing ---- */

/* With the mutex held: the first piece for that tool. */
static _Bool take_job(struct cache *c, int tool, struct job *ret)
{
	for (size_t i = 0; i < c->job_count; i++) {
		size_t at = (c->first_job + i) % MOST_JOBS;

		if (c->jobs[at].content->version.tool != tool)
			continue;
		*ret = c->jobs[at];
		c->jobs[at] = c->jobs[c->first_job];
		c->first_job = (c->first_job + 1) % MOST_JOBS;
		c->job_count--;
		return 1;
	}
	return 0;
}

_Bool cache_next(struct cache *c, int tool, int timeout_ms, struct fetch *ret)
{
	struct timespec until;
	struct job job;
	uint64_t rings;
	_Bool found;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&c->mutex);
	rings = c->rings;
	while (!(found = take_job(c, tool, &job)) && rings == c->rings) {
		if (pthread_cond_timedwait(&c->wanted, &c->mutex, &until) == ETIMEDOUT)
			break;
	}
	if (found) {
		/* Its own: when the file is written anew meanwhile, what comes goes into the old one. */
		*ret = (struct fetch){.content = job.content,
			.version = job.content->version,
			.fd = fcntl(job.content->fd, F_DUPFD_CLOEXEC, 0),
			.offset = job.first * CACHE_BLOCK,
			.len = job.count * CACHE_BLOCK};
		if (ret->offset + ret->len > ret->version.size)
			ret->len = ret->version.size - ret->offset;
	}
	pthread_mutex_unlock(&c->mutex);
	return found;
}

void cache_ring(struct cache *c)
{
	pthread_mutex_lock(&c->mutex);
	c->rings++;
	pthread_cond_broadcast(&c->wanted);
	pthread_mutex_unlock(&c->mutex);
}

/* Every block that is complete now. */
static void mark(struct fetch *f, int64_t from, int64_t to)
{
	struct content *t = f->content;
	_Bool all = to == f->version.size;
	int64_t first = from / CACHE_BLOCK, end = all ? t->count : to / CACHE_BLOCK;
	_Bool any = 0;

	pthread_mutex_lock(&t->cache->mutex);
	/* Written to meanwhile: what comes is of no use. */
	for (int64_t i = first; t->blocks && t->version.number == f->version.number && i < end; i++) {
		any |= t->blocks[i] != BLOCK_HERE;
		t->absent -= t->blocks[i] != BLOCK_HERE;
		t->blocks[i] = BLOCK_HERE;
	}
	pthread_mutex_unlock(&t->cache->mutex);
	if (any)
		content_news(t->cache);
}

int fetch_fill(struct fetch *f, const void *bytes, size_t len)
{
	const char *p = bytes;
	int64_t from = f->offset + f->done;

	if ((int64_t)len > f->len - f->done)
		len = (size_t)(f->len - f->done);
	for (size_t put = 0; put < len;) {
		ssize_t n = pwrite(f->fd, p + put, len - put, from + (int64_t)put);

		if (n < 0 && errno != EINTR)
			return -errno;
		put += n < 0 ? 0 : (size_t)n;
	}
	f->done += (int64_t)len;
	mark(f, from, from + (int64_t)len);
	return 0;
}

/* What was fetched is made safe, and then written down: now and then, and at the end. */
static void save(struct content *t, _Bool whole, const uint8_t *blocks)
{
	if (fdatasync(t->fd) < 0)
		return;
	if (whole)
		(void)disk_complete(t->cache, &t->version);
	else
		(void)disk_save_map(t->cache, &t->version, blocks, t->count);
}

/* With the mutex held. A copy of the blocks when they should be saved. */
static uint8_t *due_map(struct content *t, int64_t now_ms)
{
	if (!t->blocks || (t->absent && now_ms - t->saved_ms < SAVE_EVERY_MS))
		return NULL;
	t->saved_ms = now_ms;
	return (uint8_t *)mem_dup(t->blocks, (size_t)t->count);
}

void fetch_end(struct fetch *f, int result)
{
	struct content *t = f->content;
	struct cache *c = t->cache;
	_cleanup_(mem_freep) uint8_t *map = NULL;
	_Bool whole;

	pthread_mutex_lock(&c->mutex);
	if (result == 0 && f->done < f->len)
		result = -EIO;
	for (int64_t i = f->offset / CACHE_BLOCK; t->blocks && i * CACHE_BLOCK < f->offset + f->len; i++) {
		if (t->blocks[i] == BLOCK_WANTED)
			t->blocks[i] = BLOCK_ABSENT;
	}
	if (result < 0) {
		t->failures++;
		t->failure = result;
	}
	map = due_map(t, clock_steady_ms());
	whole = map && !t->absent;
	if (whole) {
		free(t->blocks);
		t->blocks = NULL;
	}
	pthread_mutex_unlock(&c->mutex);
	fd_closep(&f->fd);
	content_news(c);
	if (map)
		save(t, whole, map);
	if (content_grown(c, f->done))
		disk_make_room(c);
	content_close(t);
}
