/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_vfs - an SQLite VFS over the default one, and over a disk that can lose its power.
 *
 * Files are as usual until then. At the loss only what was synced is sure to stay: of everything written, cut or deleted
 * since then a part stays and a part does not, in pieces of a sector and in no order; then the process ends.
 */
#pragma once

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POWER_DISKS = 4, POWER_SECTOR = 512, POWER_LOST = 77 };

/* What is not on the disk yet. Without bytes: the file is cut to `at`. */
struct power_change {
	int64_t at;
	size_t len;
	unsigned char *bytes;
	struct power_change *next;
};

struct power_disk {
	char path[200];
	unsigned char *bytes; /* the file, as it was when it was synced */
	size_t len;
	_Bool there;   /* its name is on the disk */
	_Bool deleted; /* that is not on the disk yet */
	struct power_change *first, **last;
};

struct power_file {
	sqlite3_file base;
	struct power_disk *disk; /* NULL: nothing of it has to last */
	sqlite3_file *real;
};

static struct power {
	sqlite3_vfs vfs, *real;
	sqlite3_io_methods methods;
	pthread_mutex_t mutex;
	struct power_disk disks[POWER_DISKS];
	size_t disk_count;
	uint64_t random;
	int64_t left; /* writes, cuts, syncs and deletions until the loss */
	_Bool lies;   /* it syncs nothing */
} power = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* xorshift64 */
static inline uint64_t power_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 8;
}

static void power_resize(struct power_disk *d, size_t len)
{
	d->bytes = realloc(d->bytes, len ? len : 1);
	if (!d->bytes)
		abort();
	if (len > d->len)
		memset(d->bytes + d->len, 0, len - d->len);
	d->len = len;
}

static void power_apply(struct power_disk *d, const struct power_change *c, unsigned percent)
{
	if (!c->bytes && power_random(&power.random) % 100 < percent)
		power_resize(d, (size_t)c->at);
	for (size_t from = 0, n; c->bytes && from < c->len; from += n) {
		size_t at = (size_t)c->at + from;

		n = POWER_SECTOR - at % POWER_SECTOR;
		if (n > c->len - from)
			n = c->len - from;
		if (power_random(&power.random) % 100 >= percent)
			continue;
		if (at + n > d->len)
			power_resize(d, at + n);
		memcpy(d->bytes + at, c->bytes + from, n);
	}
}

/* What waited is on the disk; at a loss, only so much of it. */
static void power_flush(struct power_disk *d, unsigned percent)
{
	struct power_change *next;

	for (struct power_change *c = d->first; c; c = next) {
		next = c->next;
		power_apply(d, c, percent);
		free(c->bytes);
		free(c);
	}
	d->first = NULL;
	d->last = &d->first;
}

static void power_write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* The index of the log lies in shared memory; after a loss anything may be in its file. */
static void power_spoil_index(const char *database)
{
	char path[220];
	uint64_t noise[4096];

	snprintf(path, sizeof(path), "%s-shm", database);
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		noise[i] = power_random(&power.random);
	if (access(path, F_OK) == 0)
		power_write_file(path, noise, sizeof(noise));
}

/* power_lose - with the mutex held, or no other thread; ends the process */
static void power_lose(void)
{
	static const unsigned percents[] = {0, 10, 50, 90, 100};

	for (size_t i = 0; i < power.disk_count; i++) {
		struct power_disk *d = &power.disks[i];
		_Bool unsure = d->deleted || !d->there;

		power_flush(d, percents[power_random(&power.random) % 5]);
		if (unsure && power_random(&power.random) % 2)
			unlink(d->path);
		else
			power_write_file(d->path, d->bytes, d->len);
	}
	power_spoil_index(power.disks[0].path);
	_exit(POWER_LOST);
}

/* Counts down; what is under way at the loss is among what may stay. */
static void power_spend(void)
{
	if (--power.left <= 0)
		power_lose();
}

static int power_close(sqlite3_file *file)
{
	return ((struct power_file *)file)->real->pMethods->xClose(((struct power_file *)file)->real);
}

static int power_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	struct power_file *f = (struct power_file *)file;

	return f->real->pMethods->xRead(f->real, bytes, len, at);
}

static void power_note(struct power_disk *d, const void *bytes, size_t len, int64_t at)
{
	struct power_change *c = calloc(1, sizeof(*c));

	if (!c || (bytes && !(c->bytes = malloc(len))))
		abort();
	if (bytes)
		memcpy(c->bytes, bytes, len);
	c->at = at;
	c->len = len;
	*d->last = c;
	d->last = &c->next;
	power_spend();
}

static int power_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct power_file *f = (struct power_file *)file;
	int r;

	pthread_mutex_lock(&power.mutex);
	if (f->disk)
		power_note(f->disk, bytes, (size_t)len, at);
	r = f->real->pMethods->xWrite(f->real, bytes, len, at);
	pthread_mutex_unlock(&power.mutex);
	return r;
}

static int power_truncate(sqlite3_file *file, sqlite3_int64 len)
{
	struct power_file *f = (struct power_file *)file;
	int r;

	pthread_mutex_lock(&power.mutex);
	if (f->disk)
		power_note(f->disk, NULL, 0, len);
	r = f->real->pMethods->xTruncate(f->real, len);
	pthread_mutex_unlock(&power.mutex);
	return r;
}

/* A new file's first sync is one of its folder, too. */
static void power_sync_folder(void)
{
	for (size_t i = 0; i < power.disk_count; i++) {
		struct power_disk *d = &power.disks[i];

		if (d->deleted)
			power_resize(d, 0);
		d->there = !d->deleted;
	}
}

static int power_sync(sqlite3_file *file, int flags)
{
	struct power_disk *d = ((struct power_file *)file)->disk;

	pthread_mutex_lock(&power.mutex);
	if (d) {
		power_spend();
		if (!power.lies) {
			power_flush(d, 100);
			if (!d->there)
				power_sync_folder();
		}
	}
	pthread_mutex_unlock(&power.mutex);
	return SQLITE_OK;
}

#define POWER_PASS(name, parameters, call)                                                                   \
	static int power_##name parameters                                                                   \
	{                                                                                                    \
		sqlite3_file *real = ((struct power_file *)file)->real;                                      \
                                                                                                             \
		return real->pMethods->call;                                                                 \
	}
POWER_PASS(size, (sqlite3_file * file, sqlite3_int64 *ret), xFileSize(real, ret))
POWER_PASS(lock, (sqlite3_file * file, int level), xLock(real, level))
POWER_PASS(unlock, (sqlite3_file * file, int level), xUnlock(real, level))
POWER_PASS(reserved, (sqlite3_file * file, int *ret), xCheckReservedLock(real, ret))
POWER_PASS(control, (sqlite3_file * file, int what, void *argument), xFileControl(real, what, argument))
POWER_PASS(sector, (sqlite3_file * file), xSectorSize(real))
POWER_PASS(abilities, (sqlite3_file * file), xDeviceCharacteristics(real))
POWER_PASS(shm_map, (sqlite3_file * file, int page, int size, int extend, void volatile **ret),
	xShmMap(real, page, size, extend, ret))
POWER_PASS(shm_lock, (sqlite3_file * file, int at, int n, int flags), xShmLock(real, at, n, flags))
POWER_PASS(shm_unmap, (sqlite3_file * file, int drop), xShmUnmap(real, drop))

static void power_barrier(sqlite3_file *file)
{
	((struct power_file *)file)->real->pMethods->xShmBarrier(((struct power_file *)file)->real);
}

static struct power_disk *power_disk(const char *path, _Bool add)
{
	struct power_disk *d;
	int fd;

	for (size_t i = 0; i < power.disk_count; i++) {
		if (strcmp(power.disks[i].path, path) == 0)
			return &power.disks[i];
	}
	if (!add)
		return NULL;
	if (power.disk_count == POWER_DISKS)
		abort();
	d = &power.disks[power.disk_count++];
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->last = &d->first;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	d->there = fd >= 0;
	power_resize(d, fd >= 0 ? (size_t)lseek(fd, 0, SEEK_END) : 0);
	if (fd >= 0 && pread(fd, d->bytes, d->len, 0) != (ssize_t)d->len)
		abort();
	if (fd >= 0)
		close(fd);
	return d;
}

static int power_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	const int lasting = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
	struct power_file *f = (struct power_file *)file;
	int r;

	*f = (struct power_file){.real = (sqlite3_file *)(f + 1)};
	pthread_mutex_lock(&power.mutex);
	if (path && (flags & lasting)) {
		f->disk = power_disk(path, 1);
		if (f->disk->deleted)
			power_resize(f->disk, 0);
		f->disk->there &= !f->disk->deleted;
		f->disk->deleted = 0;
	}
	r = power.real->xOpen(power.real, path, f->real, flags, ret_flags);
	pthread_mutex_unlock(&power.mutex);
	if (r == SQLITE_OK)
		f->base.pMethods = &power.methods;
	return r;
}

static int power_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct power_disk *d;
	int r;

	pthread_mutex_lock(&power.mutex);
	d = power_disk(path, 0);
	r = power.real->xDelete(power.real, path, 0);
	if (d && r == SQLITE_OK) {
		power_flush(d, 50);
		d->deleted = 1;
		power_spend();
		if (sync && !power.lies)
			power_sync_folder();
	}
	pthread_mutex_unlock(&power.mutex);
	return r;
}

/* power_register - makes it the VFS of every connection; the loss comes with the @left-th thing that is to last */
static inline void power_register(uint64_t seed, int64_t left, _Bool lies)
{
	power.real = sqlite3_vfs_find(NULL);
	power.random = seed;
	power.left = left;
	power.lies = lies;
	power.methods = (sqlite3_io_methods){2, power_close, power_read, power_write, power_truncate,
		power_sync, power_size, power_lock, power_unlock, power_reserved, power_control, power_sector,
		power_abilities, power_shm_map, power_shm_lock, power_barrier, power_shm_unmap};
	power.vfs = *power.real;
	power.vfs.pNext = NULL;
	power.vfs.zName = "power";
	power.vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
	power.vfs.xOpen = power_open;
	power.vfs.xDelete = power_delete;
	sqlite3_vfs_register(&power.vfs, 1);
}
