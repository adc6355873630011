/* SPDX-License-Identifier: Apache-2.0 */
/* content - the inside of cache/: open versions and what is wanted of them. */
#pragma once

#include <pthread.h>

#include "seamfs/base/buf.h"
#include "seamfs/cache/cache.h"

enum {
	MOST_JOBS = 1024,
	MOST_SENDING = 64,
	MOST_AHEAD = 64,	/* blocks that are fetched before anybody asks */
	SAVE_EVERY_MS = 2000,	/* how often it is written down which blocks are here */
	EVICT_EVERY = 64 << 20, /* bytes */
};

enum block { BLOCK_ABSENT, BLOCK_WANTED, BLOCK_HERE };

struct content {
	struct cache *cache;
	struct content *next;
	struct version version;
	int fd;
	unsigned refs; /* who has it open, and each of its jobs */
	unsigned writers;
	_Bool beginning; /* the first of them is at it */
	_Bool gone;	 /* another version has taken its place: nobody finds it any more */
	uint8_t *blocks; /* enum block; NULL: all are here */
	int64_t count, absent;
	int64_t next_block, run; /* where a reader that goes on would read, and how far it has come */
	uint64_t failures;
	int failure;
	int64_t saved_ms;
};

struct job {
	struct content *content;
	int64_t first, count;
};

struct cache {
	char *cached, *staged;
	int64_t limit, grown; /* bytes since the last look for what may go */
	int bell;
	pthread_mutex_t
		mutex; /* guards what is below and every content; never held across I/O, but for a rename */
	pthread_cond_t wanted;
	uint64_t rings;
	int64_t room, room_left; /* 0: unknown */
	struct content *contents;
	struct {
		int64_t file, version;
	} sending[MOST_SENDING]; /* staged bytes on their way to the tool: not to be written to */
	size_t sending_count;
	struct job jobs[MOST_JOBS];
	size_t first_job, job_count;
};

/* content_news - rings the bell */
void content_news(struct cache *c);

/* content_grown - so much has come into the cache; true: it is time to look for what may go */
_Bool content_grown(struct cache *c, int64_t bytes);

/* disk.c: the files behind it; paths are given to the caller */
char *disk_cached(const struct cache *c, int64_t file, int64_t version, _Bool part);
char *disk_staged(const struct cache *c, int64_t file, int64_t version);
int disk_save_map(const struct cache *c, const struct version *v, const uint8_t *blocks, int64_t count);

/* disk_load_map - which blocks of a file that was fetched in part are here; @blocks as they were when nothing is known */
void disk_load_map(const struct cache *c, const struct version *v, uint8_t *blocks, int64_t count);
void disk_forget_map(const struct cache *c, const struct version *v);
int disk_complete(const struct cache *c, const struct version *v);

/* disk_copy - all bytes of @from into a new file at @path; the same blocks on the disk where the file system can. A descriptor or -errno. */
int disk_copy(int from, const char *path);

/**
 * disk_claim - what is in the cache belongs to the rows of one database: of another one all of it goes
 *
 * Both folders have the same word in a file "of"; rows of a database that is made anew begin at 1 again.
 */
int disk_claim(const struct cache *c, struct err *e);

/* disk_make_room - removes what was not read for the longest time, until it is within the limit */
void disk_make_room(struct cache *c);
