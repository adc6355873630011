/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsx - exercise one file at random against a model in memory, as the well-known program of this name does.
 *
 *     fsx [-s SEED] [-n OPERATIONS] [-l MOST_BYTES] FILE
 *
 * The file is made anew. After each operation its size, and now and then all of it, is compared with the model; on a
 * difference the last operations are printed and the exit code is 1. The seed alone decides what is done: the same seed
 * does the same again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOG_KEPT = 40,	    /* operations printed on a difference */
	COMPARE_EVERY = 50, /* operations between two comparisons of the whole file */
};

struct entry {
	uint64_t number;
	const char *name;
	size_t offset, len, size; /* size: of the file, afterwards */
};

static struct {
	const char *path;
	uint64_t seed, random, done;
	size_t most;	      /* bytes that the file may grow to */
	size_t size;	      /* of the model */
	uint8_t *model, *buf; /* @most bytes each; the model holds zeros behind @size */
	int fd;
	struct entry log[LOG_KEPT];
} fsx;

/* ---- what went wrong ---- */

static void print_log(void)
{
	uint64_t first = fsx.done > LOG_KEPT ? fsx.done - LOG_KEPT : 0;

	for (uint64_t i = first; i < fsx.done; i++) {
		const struct entry *e = &fsx.log[i % LOG_KEPT];

		printf("# %8llu %-12s offset %zu, length %zu, size %zu\n", (unsigned long long)e->number,
			e->name, e->offset, e->len, e->size);
	}
	printf("# again: fsx -s %llu -n %llu -l %zu %s\n", (unsigned long long)fsx.seed,
		(unsigned long long)fsx.done, fsx.most, fsx.path);
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list ap;

	printf("# operation %llu: ", (unsigned long long)fsx.done);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	print_log();
	exit(1);
}

static void must(_Bool good, const char *what)
{
	if (!good)
		fail("%s: %s", what, strerror(errno));
}

static void compare(const uint8_t *got, size_t offset, size_t len, const char *how)
{
	for (size_t i = 0; i < len; i++) {
		if (got[i] != fsx.model[offset + i])
			fail("%s: byte %zu is 0x%02x, wanted 0x%02x", how, offset + i, got[i],
				fsx.model[offset + i]);
	}
}

static void compare_size(void)
{
	struct stat by_descriptor, by_name;

	must(fstat(fsx.fd, &by_descriptor) == 0, "fstat");
	must(stat(fsx.path, &by_name) == 0, "stat");
	if ((size_t)by_descriptor.st_size != fsx.size || (size_t)by_name.st_size != fsx.size)
		fail("the size is %lld by fstat and %lld by stat, wanted %zu",
			(long long)by_descriptor.st_size, (long long)by_name.st_size, fsx.size);
}

/* ---- chance ---- */

static uint64_t draw(uint64_t below)
{
	uint64_t z = fsx.random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

/* Half of all pieces are small, as those of programs are. */
static size_t draw_len(size_t most)
{
	return most == 0 ? 0 : (size_t)draw((draw(2) && most > 64 ? 64 : most) + 1);
}

static void note(const char *name, size_t offset, size_t len)
{
	fsx.log[fsx.done % LOG_KEPT] = (struct entry){fsx.done, name, offset, len, fsx.size};
	fsx.done++;
}

static void set_size(size_t size)
{
	if (size < fsx.size)
		memset(fsx.model + size, 0, fsx.size - size);
	fsx.size = size;
}

/* New bytes in the buffer and in the model. */
static void fill(size_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fsx.buf[i] = (uint8_t)draw(256);
	memcpy(fsx.model + offset, fsx.buf, len);
	if (len && offset + len > fsx.size)
		fsx.size = offset + len;
}

/* ---- operations ---- */

static void read_from(int fd, const char *name)
{
	size_t offset = (size_t)draw(fsx.most), len = draw_len(fsx.most - offset);
	size_t want = offset >= fsx.size ? 0 : len < fsx.size - offset ? len : fsx.size - offset;
	ssize_t n;

	note(name, offset, len);
	n = pread(fd, fsx.buf, len, (off_t)offset);
	must(n >= 0, name);
	if ((size_t)n != want)
		fail("%s: %zd bytes, wanted %zu", name, n, want);
	compare(fsx.buf, offset, want, name);
}

static void do_read(void)
{
	read_from(fsx.fd, "read");
}

/* What is written can be read by others before it is saved. */
static void do_read_other(void)
{
	int fd = open(fsx.path, O_RDONLY);

	must(fd >= 0, "open to read");
	read_from(fd, "read other");
	must(close(fd) == 0, "close");
}

static void write_to(int fd, const char *name, size_t offset, size_t len)
{
	ssize_t n;

	fill(offset, len);
	note(name, offset, len);
	n = pwrite(fd, fsx.buf, len, (off_t)offset);
	must(n >= 0, name);
	if ((size_t)n != len)
		fail("%s: %zd bytes, wanted %zu", name, n, len);
}

/* Up to a quarter of the file, at times behind its end. */
static void do_write(void)
{
	size_t offset = (size_t)draw(fsx.size + fsx.most / 16 + 1);

	if (offset > fsx.most)
		offset = fsx.most;
	write_to(fsx.fd, "write", offset,
		draw_len(fsx.most - offset < fsx.most / 4 ? fsx.most - offset : fsx.most / 4));
}

static void do_append(void)
{
	int fd = open(fsx.path, O_WRONLY | O_APPEND);
	size_t offset = fsx.size;

	must(fd >= 0, "open to append");
	write_to(fd, "append", offset, draw_len((fsx.most - offset) / 8));
	must(close(fd) == 0, "close after append");
}

static void do_truncate(void)
{
	size_t size = (size_t)draw(draw(3) ? fsx.size + 1 : fsx.most + 1);

	set_size(size);
	note("ftruncate", size, 0);
	must(ftruncate(fsx.fd, (off_t)size) == 0, "ftruncate");
}

static void do_truncate_name(void)
{
	size_t size = (size_t)draw(fsx.size + 1);

	set_size(size);
	note("truncate", size, 0);
	must(truncate(fsx.path, (off_t)size) == 0, "truncate");
}

static void do_map(void)
{
	int flags = draw(2) ? MAP_PRIVATE : MAP_SHARED;
	uint8_t *map;

	note(flags == MAP_SHARED ? "map shared" : "map private", 0, fsx.size);
	if (!fsx.size)
		return;
	map = mmap(NULL, fsx.size, PROT_READ, flags, fsx.fd, 0);
	must(map != MAP_FAILED, "mmap");
	compare(map, 0, fsx.size, "mmap");
	must(munmap(map, fsx.size) == 0, "munmap");
}

static void open_again(const char *name, int flags)
{
	must(close(fsx.fd) == 0, "close");
	if (flags & O_TRUNC)
		set_size(0);
	note(name, 0, 0);
	fsx.fd = open(fsx.path, O_RDWR | flags);
	must(fsx.fd >= 0, name);
}

static void do_reopen(void)
{
	open_again("reopen", 0);
}

static void do_reopen_empty(void)
{
	open_again("reopen empty", O_TRUNC);
}

static void do_sync(void)
{
	note("fsync", 0, 0);
	must((draw(2) ? fsync(fsx.fd) : fdatasync(fsx.fd)) == 0, "fsync");
}

/* A second descriptor of the same open file: one is closed, the other goes on. */
static void do_dup(void)
{
	int fd = dup(fsx.fd);

	must(fd >= 0, "dup");
	write_to(fd, "write dup", 0, draw_len(fsx.most / 16));
	must(close(draw(2) ? fd : fsx.fd) == 0, "close of one");
	if (fcntl(fd, F_GETFD) >= 0)
		fsx.fd = fd;
}

static void do_whole(void)
{
	ssize_t n;

	note("whole", 0, fsx.size);
	n = pread(fsx.fd, fsx.buf, fsx.most, 0);
	must(n >= 0, "read of the whole");
	if ((size_t)n != fsx.size)
		fail("the whole has %zd bytes, wanted %zu", n, fsx.size);
	compare(fsx.buf, 0, fsx.size, "the whole");
}

static const struct {
	unsigned weight;
	void (*run)(void);
} operations[] = {
	{22, do_read},
	{24, do_write},
	{8, do_append},
	{8, do_truncate},
	{4, do_truncate_name},
	{8, do_map},
	{8, do_read_other},
	{7, do_reopen},
	{1, do_reopen_empty},
	{5, do_sync},
	{5, do_dup},
};

static void one_operation(void)
{
	unsigned sum = 0, i = 0;
	uint64_t drawn;

	for (size_t k = 0; k < sizeof(operations) / sizeof(operations[0]); k++)
		sum += operations[k].weight;
	drawn = draw(sum);
	while (drawn >= operations[i].weight)
		drawn -= operations[i++].weight;
	operations[i].run();
	compare_size();
}

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end) {
		fprintf(stderr, "fsx: \"%s\" is no number\n", text);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	uint64_t count = 10000;
	int option;

	fsx.seed = 1;
	fsx.most = 64 * 1024;
	while ((option = getopt(argc, argv, "s:n:l:")) != -1) {
		if (option == 's')
			fsx.seed = number(optarg);
		else if (option == 'n')
			count = number(optarg);
		else if (option == 'l')
			fsx.most = (size_t)number(optarg);
		else
			return 2;
	}
	if (optind != argc - 1 || fsx.most < 16) {
		fprintf(stderr, "Usage: fsx [-s SEED] [-n OPERATIONS] [-l MOST_BYTES] FILE\n");
		return 2;
	}
	fsx.path = argv[optind];
	fsx.random = fsx.seed;
	fsx.model = calloc(1, fsx.most);
	fsx.buf = malloc(fsx.most);
	fsx.fd = open(fsx.path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	must(fsx.model && fsx.buf && fsx.fd >= 0, fsx.path);
	while (fsx.done < count) {
		one_operation();
		if (fsx.done % COMPARE_EVERY == 0)
			do_whole();
	}
	open_again("reopen", 0);
	do_whole();
	printf("%llu operations, seed %llu, %zu bytes at the end\n", (unsigned long long)fsx.done,
		(unsigned long long)fsx.seed, fsx.size);
	return close(fsx.fd) == 0 ? 0 : 1;
}
