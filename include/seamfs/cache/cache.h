/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - the bytes of documents that live in a tool: what was read stays here, what was written waits here.
 *
 * There are two folders. The cache's own may be emptied at any time; what was written and has not reached the tool ("staged") is
 * kept beside the database. Bytes belong to one version of a file: a new version is another file on the disk, so whoever reads an
 * old one reads it to its end. A version is fetched in blocks, those first that somebody reads.
 *
 * Threads: any. No call waits for a tool: a reader asks and is rung when there is news; the carriers of sync/ bring the blocks.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "seamfs/base/err.h"

struct cache;
struct content;

/* CACHE_BLOCK - what is fetched at once, at least */
#define CACHE_BLOCK 131072

/**
 * cache_open - makes both folders where they are missing
 * @limit: bytes that the cache may take on the disk; what was not read for the longest time goes first
 */
int cache_open(const char *cached, const char *staged, int64_t limit, struct cache **ret, struct err *e);

/* cache_close - nothing of it may be open any more; NULL is fine */
void cache_close(struct cache *cache);

/* cache_bell - a descriptor that polls readable when blocks have come or could not be had; one subscriber */
int cache_bell(struct cache *cache);

/* cache_set_room - what the tool has room for, in bytes; cache_room(): -ENOENT before that */
void cache_set_room(struct cache *cache, int64_t total, int64_t left);
int cache_room(struct cache *cache, int64_t *ret_total, int64_t *ret_left);

/* ---- for readers and writers ---- */

struct version {
	int tool;     /* index in the stack */
	int64_t file; /* row */
	int64_t number;
	int64_t size;
	_Bool staged; /* its bytes were written here */
};

/* content_open - 0, or -errno: -ENOENT when staged bytes are not there */
int content_open(struct cache *cache, const struct version *v, struct content **ret);

/* content_hold - one more that has it open */
struct content *content_hold(struct content *c);

/* content_close - NULL is fine */
void content_close(struct content *c);

/* content_fd - for pread(), and for pwrite() once it is staged; as long as it is open */
int content_fd(const struct content *c);

int64_t content_version(const struct content *c);

/* content_staged - its bytes were written here */
_Bool content_staged(const struct content *c);

/**
 * content_ask - whether @len bytes from @offset are here
 * @ask: 0 at the first time, then as it was left: so one that waits learns of a failure since
 *
 * 1; 0: they have been asked for, and the bell will ring; -errno: the tool did not give them.
 */
int content_ask(struct content *c, int64_t offset, int64_t len, uint64_t *ask);

/* content_whole - the same for all of it */
int content_whole(struct content *c, uint64_t *ask);

/**
 * content_claim - somebody wants to write into it
 *
 * 1: others do so already, go on; 0: the caller is the first and calls content_stage() next, or content_unclaim() when it cannot;
 * -EAGAIN: another one is just beginning, the bell will ring. After 1 and 0, content_unclaim() at the end.
 */
int content_claim(struct content *c);

/**
 * content_stage - from now on it is version @number and may be written to; all of it is here, or it is emptied
 * @empty: nothing of the old bytes is wanted
 *
 * The row must have been marked before: bytes that differ are never taken for the tool's own. While a copy of it is on its way to
 * the tool, the writer gets bytes of its own. 0 or -errno.
 */
int content_stage(struct content *c, int64_t number, _Bool empty);

/* content_unclaim - true: nobody else writes into it */
_Bool content_unclaim(struct content *c);

/* content_named - the open content of a file that is staged, held for the caller; NULL when nobody has it open */
struct content *content_named(struct cache *cache, int64_t file);

/* content_left - any open content of a file, held for the caller: also of one that was removed; NULL when nobody has it open */
struct content *content_left(struct cache *cache, int64_t file);

/* content_apart - somebody has another version of the same file open */
_Bool content_apart(struct content *c);

/* ---- for who moves bytes ---- */

/* Blocks that are wanted. */
struct fetch {
	struct content *content; /* held */
	struct version version;
	int fd;
	int64_t offset, len;
	int64_t done; /* how much has come */
};

/* cache_next - waits up to @timeout_ms for something to fetch from that tool; false: nothing */
_Bool cache_next(struct cache *cache, int tool, int timeout_ms, struct fetch *ret);

/* cache_ring - wakes everybody in cache_next() */
void cache_ring(struct cache *cache);

/* fetch_fill - the next bytes of it. 0 or -errno (-ENOSPC). */
int fetch_fill(struct fetch *f, const void *bytes, size_t len);

/* fetch_end - all has come (0), or not (-errno) */
void fetch_end(struct fetch *f, int result);

/* cache_staged_size - bytes staged of that version; -ENOENT */
int64_t cache_staged_size(struct cache *cache, int64_t file, int64_t version);

/* cache_restage - after a crash: the same, and where it came before the new version had its bytes, it has those of the one before */
int64_t cache_restage(struct cache *cache, int64_t file, int64_t version);

/* cache_tidy - after a crash: removes staged bytes that @wanted does not name; nothing may be open */
typedef _Bool (*cache_wanted)(void *context, int64_t file, int64_t version);
void cache_tidy(struct cache *cache, cache_wanted wanted, void *context);

/* cache_upload - opens the staged bytes to be sent; who writes meanwhile gets a copy. A descriptor or -errno; cache_uploaded() ends it. */
int cache_upload(struct cache *cache, int64_t file, int64_t version);
void cache_uploaded(struct cache *cache, int64_t file, int64_t version, int fd);

/* cache_settle - the tool has that version now: its bytes may go when there is no room */
void cache_settle(struct cache *cache, int64_t file, int64_t version);

/* cache_discard - staged bytes that nobody wants any more */
void cache_discard(struct cache *cache, int64_t file, int64_t version);
