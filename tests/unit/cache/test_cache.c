/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of documents: what is fetched, written anew meanwhile, evicted, sent. */
#include "seamfs/cache/cache.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "test.h"

struct rig {
	char dir[40];
	char *cached, *staged;
	struct cache *cache;
};

static void start(struct rig *rig, int64_t limit)
{
	*rig = (struct rig){.dir = "/tmp/seamfs-cache.XXXXXX"};
	check(mkdtemp(rig->dir) != NULL);
	rig->cached = path_join(rig->dir, "cached");
	rig->staged = path_join(rig->dir, "staged");
	check_int(cache_open(rig->cached, rig->staged, limit, &rig->cache, NULL), 0);
}

static void finish(struct rig *rig)
{
	_cleanup_(mem_freep) char *command = str_format("rm -r '%s'", rig->dir);

	cache_close(rig->cache);
	check_int(system(command), 0);
	free(rig->cached);
	free(rig->staged);
}

static _Bool is_there(const char *dir, const char *name)
{
	_cleanup_(mem_freep) char *path = path_join(dir, name);

	return access(path, F_OK) == 0;
}

static void drop(const char *dir, const char *name)
{
	_cleanup_(mem_freep) char *path = path_join(dir, name);

	check_int(unlink(path), 0);
}

/* Everything that is wanted comes, and is @byte. */
static int bring(struct rig *rig, char byte)
{
	char block[CACHE_BLOCK];
	struct fetch f;
	int n = 0;

	memset(block, byte, sizeof(block));
	for (; cache_next(rig->cache, 1, 0, &f); n++) {
		while (f.done < f.len)
			check_int(fetch_fill(&f, block, sizeof(block)), 0);
		fetch_end(&f, 0);
	}
	return n;
}

static char byte_at(const struct content *c, int64_t offset)
{
	char byte = '?';

	check_int(pread(content_fd(c), &byte, 1, offset), 1);
	return byte;
}

static const struct version v1 = {1, 17, 1, 40 * CACHE_BLOCK, 0};

TEST(emptied_while_it_is_wanted)
{
	struct rig rig;
	struct content *c;
	uint64_t ask = 0, second = 0;
	struct stat st;

	start(&rig, 1 << 30);
	check_int(content_open(rig.cache, &v1, &c), 0);
	check_int(content_ask(c, 0, 10, &ask), 0);
	check_int(content_ask(c, 20 * CACHE_BLOCK, 10, &second), 0);
	check_int(content_claim(c), 0);
	check_int(content_stage(c, 2, 1), 0);
	check_int(pwrite(content_fd(c), "new", 3, 0), 3);
	check_int(bring(&rig, 'o'), 0);
	check_int(fstat(content_fd(c), &st), 0);
	check_int(st.st_size, 3);
	check_int(byte_at(c, 0), 'n');
	check_int(content_ask(c, 0, 10, &ask), 1);
	content_unclaim(c);
	content_close(c);
	finish(&rig);
}

TEST(what_made_room_is_not_believed)
{
	struct rig rig;
	struct content *c;
	uint64_t ask = 0;

	start(&rig, 1 << 30);
	check_int(content_open(rig.cache, &v1, &c), 0);
	check_int(content_ask(c, 0, 10, &ask), 0);
	check_int(bring(&rig, 'a'), 1);
	content_close(c);
	check(is_there(rig.cached, "17.1.map"));
	drop(rig.cached, "17.1.part");
	check_int(content_open(rig.cache, &v1, &c), 0);
	content_close(c);
	/* Opened, and nothing read. */
	check_int(content_open(rig.cache, &v1, &c), 0);
	ask = 0;
	check_int(content_ask(c, 0, 10, &ask), 0);
	check_int(bring(&rig, 'b'), 1);
	check_int(byte_at(c, 0), 'b');
	content_close(c);
	finish(&rig);
}

static void write_whole(struct rig *rig, int64_t version, const char *text)
{
	struct content *c;

	check_int(content_open(rig->cache, &(struct version){1, 17, version - 1, 0, 0}, &c), 0);
	check_int(content_claim(c), 0);
	check_int(content_stage(c, version, 1), 0);
	check_int(pwrite(content_fd(c), text, strlen(text), 0), (ssize_t)strlen(text));
	content_unclaim(c);
	content_close(c);
}

TEST(opened_while_it_is_settled)
{
	struct rig rig;
	struct content *c;

	start(&rig, 1 << 30);
	write_whole(&rig, 2, "text");
	/* The row says already that it is sent … */
	check_int(content_open(rig.cache, &(struct version){1, 17, 2, 4, 0}, &c), 0);
	check_int(byte_at(c, 0), 't');
	content_close(c);
	/* … or said a moment ago that it was not. */
	cache_settle(rig.cache, 17, 2);
	c = NULL;
	check_int(content_open(rig.cache, &(struct version){1, 17, 2, 4, 1}, &c), 0);
	check(c && byte_at(c, 0) == 't');
	content_close(c);
	finish(&rig);
}

TEST(what_was_sent_makes_room)
{
	enum { SIZE = 24 << 20 };
	struct rig rig;
	struct stat st;
	int left = 0;

	start(&rig, SIZE);
	for (int64_t i = 2; i < 8; i++) {
		_cleanup_(mem_freep) char *name = str_format("%s/17.%lld", rig.staged, (long long)i);
		_cleanup_(mem_freep) char *bytes = mem_alloc(SIZE);

		memset(bytes, 'x', SIZE);
		check_int(file_replace(name, bytes, SIZE, 0600, NULL), 0);
		cache_settle(rig.cache, 17, i);
	}
	for (int64_t i = 2; i < 8; i++) {
		_cleanup_(mem_freep) char *name = str_format("%s/17.%lld", rig.cached, (long long)i);

		left += stat(name, &st) == 0;
	}
	check(left <= 3);
	finish(&rig);
}

static _Bool is_third(void *context, int64_t file, int64_t version)
{
	++*(int *)context;
	return file == 17 && version == 3;
}

TEST(after_a_crash)
{
	struct rig rig;
	int asked = 0;

	start(&rig, 1 << 30);
	write_whole(&rig, 2, "text");
	check_int(cache_restage(rig.cache, 17, 4), -ENOENT);
	/* Its row was marked, and its bytes had not moved yet. */
	check_int(cache_restage(rig.cache, 17, 3), 4);
	check(is_there(rig.staged, "17.3") && !is_there(rig.staged, "17.2"));
	write_whole(&rig, 5, "older");
	check_int(cache_restage(rig.cache, 17, 3), 4);
	cache_tidy(rig.cache, is_third, &asked);
	check_int(asked, 2);
	check(is_there(rig.staged, "17.3") && !is_there(rig.staged, "17.5"));
	finish(&rig);
}

static void *send_it(void *argument)
{
	struct rig *rig = argument;
	int *fd = mem_alloc(sizeof(*fd));

	*fd = cache_upload(rig->cache, 17, 2);
	return fd;
}

/* What is on its way is never the file that somebody writes to. */
TEST(written_as_it_begins_to_be_sent)
{
	int shared = 0;

	for (int i = 0; i < 1500; i++) {
		struct rig rig;
		struct content *c;
		struct stat sent, open;
		pthread_t thread;
		int *fd;

		start(&rig, 1 << 30);
		write_whole(&rig, 2, "text");
		check_int(content_open(rig.cache, &(struct version){1, 17, 2, 4, 1}, &c), 0);
		check_int(content_claim(c), 0);
		check_int(pthread_create(&thread, NULL, send_it, &rig), 0);
		if (i % 2)
			usleep(20);
		check_int(content_stage(c, 3, 0), 0);
		pthread_join(thread, (void **)&fd);
		if (*fd >= 0 && fstat(*fd, &sent) == 0 && fstat(content_fd(c), &open) == 0)
			shared += sent.st_ino == open.st_ino;
		if (*fd >= 0)
			cache_uploaded(rig.cache, 17, 2, *fd);
		free(fd);
		content_unclaim(c);
		content_close(c);
		cache_close(rig.cache);
		drop(rig.staged, "17.3");
		if (is_there(rig.staged, "17.2"))
			drop(rig.staged, "17.2");
		if (is_there(rig.cached, "17.1.part"))
			drop(rig.cached, "17.1.part");
		drop(rig.staged, "of");
		drop(rig.cached, "of");
		check_int(rmdir(rig.staged) | rmdir(rig.cached) | rmdir(rig.dir), 0);
		free(rig.staged);
		free(rig.cached);
	}
	check_int(shared, 0);
}

TEST_MAIN(TEST_RUN(emptied_while_it_is_wanted), TEST_RUN(what_made_room_is_not_believed),
	TEST_RUN(opened_while_it_is_settled), TEST_RUN(what_was_sent_makes_room), TEST_RUN(after_a_crash),
	TEST_RUN(written_as_it_begins_to_be_sent))
