/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract - what include/seamfs/connect/files.h promises, tried on a tool with an empty folder: TAP on standard output.
 *
 *   contract TOOL.json [NAME…]       TOOL.json: the tool's object as in stack.json; paths in it are relative to its folder; NAME: tests
 *                                    that are left out
 *
 * It works with two links to the same tool, so that each is somebody else to the other. What it makes it removes again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"
#include "test.h"

enum { BIG = 48 << 20 };

static struct tool_link *one, *other;
static const struct file_ops *ops;
static struct err e;

/* ---- helpers ---- */

#define fails(call, code)                                                                                    \
	do {                                                                                                 \
		int r_;                                                                                      \
		err_clear(&e);                                                                               \
		r_ = (call);                                                                                 \
		check_int(r_, -(code));                                                                      \
		if (r_ != -(code) || (r_ < 0 && !*e.text))                                                   \
			printf("# %s: \"%s\"\n", #call, e.text);                                             \
	} while (0)

#define works(call) fails(call, 0)

static int memory(const char *text, size_t len)
{
	char name[] = "/tmp/seamfs-contract-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) < 0 || pwrite(fd, text, len, 0) != (ssize_t)len)
		abort();
	return fd;
}

static int put_by(
	struct tool_link *link, const char *path, const char *etag, const char *text, struct remote_file *ret)
{
	_cleanup_(fd_closep) int fd = memory(text, strlen(text));
	struct file_upload u = {.path = path,
		.etag = etag,
		.fd = fd,
		.size = (int64_t)strlen(text),
		.mtime_ms = clock_now_ms()};
	struct remote_file f = {0};
	int r = ops->write(link, &u, &f, &e);

	if (r == 0 && ret)
		*ret = f;
	else
		remote_file_finish(&f);
	return r;
}

static int put(const char *path, const char *etag, const char *text, struct remote_file *ret)
{
	return put_by(one, path, etag, text, ret);
}

struct bytes {
	struct buf buf;
	size_t most; /* 0: no limit */
};

static int add_bytes(void *context, const void *data, size_t len)
{
	struct bytes *b = context;

	if (b->most && b->buf.len + len > b->most)
		return -ENOSPC;
	return buf_add(&b->buf, data, len);
}

static int get(const char *path, const char *etag, int64_t offset, int64_t length, struct bytes *b)
{
	buf_clear(&b->buf);
	return ops->read(one, path, etag, offset, length, add_bytes, b, &e);
}

static void check_bytes(const char *path, const char *want)
{
	struct bytes b = {.buf = BUF_INIT(1 << 20)};
	struct remote_file f = {0};

	works(ops->stat(one, path, &f, &e));
	works(get(path, f.etag ? f.etag : "", 0, 1 << 20, &b));
	check_text(buf_text(&b.buf), want);
	remote_file_finish(&f);
	buf_finish(&b.buf);
}

static char *etag_of(const char *path)
{
	struct remote_file f = {0};
	char *etag;

	works(ops->stat(one, path, &f, &e));
	etag = str_dup(f.etag);
	remote_file_finish(&f);
	return etag;
}

static void make(const char *path)
{
	struct remote_file f = {0};

	works(ops->make_folder(one, path, &f, &e));
	check(f.folder);
	check_text(f.path, path);
	remote_file_finish(&f);
}

static int make_again(const char *path)
{
	struct remote_file f = {0};
	int r = ops->make_folder(one, path, &f, &e);

	remote_file_finish(&f);
	return r;
}

static int move(const char *path, const char *to)
{
	struct remote_file f = {0};
	int r = ops->move(one, path, to, &f, &e);

	if (r == 0)
		check_text(f.path, to);
	remote_file_finish(&f);
	return r;
}

static int stat_only(const char *path)
{
	struct remote_file f = {0};
	int r = ops->stat(one, path, &f, &e);

	remote_file_finish(&f);
	return r;
}

static int remove_file(const char *path)
{
	_cleanup_(mem_freep) char *etag = etag_of(path);

	return etag ? ops->remove(one, path, etag, &e) : -ENOENT;
}

/* What a walk found, sorted: "path\n", folders with a '/' behind. */
struct found {
	char *paths[4096];
	size_t count;
};

static int note(void *context, const struct remote_file *files, size_t count)
{
	struct found *f = context;

	for (size_t i = 0; i < count && f->count < ARRAY_LEN(f->paths); i++)
		f->paths[f->count++] = str_format("%s%s\n", files[i].path, files[i].folder ? "/" : "");
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *walk(const char *path, _Bool flat)
{
	struct found f = {0};
	struct file_walk w = {.path = path, .flat = flat, .sink = note, .context = &f};
	struct buf all = BUF_INIT(1 << 20);

	works(ops->walk(one, &w, &e));
	qsort(f.paths, f.count, sizeof(*f.paths), by_text);
	for (size_t i = 0; i < f.count; i++) {
		buf_puts(&all, f.paths[i]);
		free(f.paths[i]);
	}
	return buf_steal(&all);
}

static void check_walk(const char *path, _Bool flat, const char *want)
{
	_cleanup_(mem_freep) char *got = walk(path, flat);

	check_text(got, want);
}

/* ---- what is promised ---- */

TEST(it_answers)
{
	char *text = NULL;

	works((one->ops->check)(one, &text, &e));
	check(text && *text);
	free(text);
	check_walk("", 0, "");
	fails(stat_only("nothing"), ENOENT);
}

TEST(folders)
{
	make("folder");
	fails(make_again("folder"), EEXIST);
	fails(make_again("missing/folder"), ENOENT);
	make("folder/inner");
	works(put("folder/file", NULL, "x", NULL));
	fails(make_again("folder/file"), EEXIST);
	check_walk("folder", 0, "folder/file\nfolder/inner/\n");
	check_walk("", 1, "folder/\n");
	works(ops->remove(one, "folder", NULL, &e));
	fails(ops->remove(one, "folder", NULL, &e), ENOENT);
	check_walk("", 0, "");
}

TEST(a_file_is_made_and_replaced)
{
	struct remote_file first = {0}, second = {0};
	int64_t now_ms = clock_now_ms();

	works(put("a.txt", NULL, "one", &first));
	check_text(first.path, "a.txt");
	check(!first.folder);
	check_int(first.size, 3);
	check(first.mtime_ms > now_ms - 60000 && first.mtime_ms < now_ms + 60000);
	check_bytes("a.txt", "one");
	fails(put("a.txt", NULL, "two", NULL), EEXIST);
	check_bytes("a.txt", "one");
	/* At once: some servers do not let a file that is younger than a second be replaced by its ETag. */
	works(put("a.txt", first.etag, "second", &second));
	check_int(second.size, 6);
	check(!str_equal(first.etag, second.etag));
	check_bytes("a.txt", "second");
	fails(put("a.txt", first.etag, "third", NULL), ESTALE);
	check_bytes("a.txt", "second");
	works(remove_file("a.txt"));
	fails(put("a.txt", second.etag, "third", NULL), ESTALE);
	fails(stat_only("a.txt"), ENOENT);
	fails(put("missing/a.txt", NULL, "x", NULL), ENOENT);
	make("folder");
	fails(put("folder", NULL, "x", NULL), EEXIST);
	works(ops->remove(one, "folder", NULL, &e));
	remote_file_finish(&first);
	remote_file_finish(&second);
}

TEST(somebody_else_was_quicker)
{
	struct remote_file ours = {0}, theirs = {0};

	works(put("a.txt", NULL, "base", &ours));
	works(put_by(other, "a.txt", ours.etag, "their edit", &theirs));
	fails(put("a.txt", ours.etag, "our edit", NULL), ESTALE);
	fails(ops->remove(one, "a.txt", ours.etag, &e), ESTALE);
	check_bytes("a.txt", "their edit");
	works(ops->remove(one, "a.txt", theirs.etag, &e));
	fails(ops->remove(one, "a.txt", theirs.etag, &e), ENOENT);
	remote_file_finish(&ours);
	remote_file_finish(&theirs);
}

TEST(an_empty_file)
{
	struct bytes b = {.buf = BUF_INIT(100)};
	struct remote_file f = {0};

	works(put("empty", NULL, "", &f));
	check_int(f.size, 0);
	works(get("empty", f.etag, 0, 100, &b));
	check_int(b.buf.len, 0);
	works(ops->remove(one, "empty", f.etag, &e));
	remote_file_finish(&f);
	buf_finish(&b.buf);
}

TEST(parts_of_a_file)
{
	struct bytes b = {.buf = BUF_INIT(100)};
	struct remote_file f = {0}, g = {0};

	works(put("a", NULL, "0123456789", &f));
	works(get("a", f.etag, 2, 3, &b));
	check_text(buf_text(&b.buf), "234");
	works(get("a", f.etag, 8, 10, &b));
	check_text(buf_text(&b.buf), "89");
	works(get("a", f.etag, 10, 5, &b));
	check_int(b.buf.len, 0);
	works(get("a", f.etag, 500, 5, &b));
	check_int(b.buf.len, 0);
	b.most = 4;
	fails(get("a", f.etag, 0, 10, &b), ENOSPC);
	b.most = 0;
	works(put("a", f.etag, "abcdefghijklm", &g));
	fails(get("a", f.etag, 0, 5, &b), ESTALE);
	check_int(b.buf.len, 0);
	works(get("a", g.etag, 0, 5, &b));
	check_text(buf_text(&b.buf), "abcde");
	works(ops->remove(one, "a", g.etag, &e));
	fails(get("a", g.etag, 0, 5, &b), ENOENT);
	remote_file_finish(&f);
	remote_file_finish(&g);
	buf_finish(&b.buf);
}

TEST(nothing_is_replaced_by_a_move)
{
	works(put("a", NULL, "a", NULL));
	works(put("b", NULL, "b", NULL));
	make("d");
	make("d2");
	works(put("d2/inside", NULL, "inside", NULL));
	fails(move("a", "b"), EEXIST);
	fails(move("a", "d"), EEXIST);
	fails(move("d", "b"), EEXIST);
	fails(move("d", "d2"), EEXIST);
	check_walk("", 0, "a\nb\nd/\nd2/\nd2/inside\n");
	check_bytes("a", "a");
	check_bytes("b", "b");
	fails(move("none", "c"), ENOENT);
	fails(move("a", "missing/c"), ENOENT);
	fails(stat_only("missing"), ENOENT);
	works(move("a", "d/c"));
	works(move("d", "e"));
	works(move("d2", "e/f"));
	works(move("b", "B"));
	check_walk("", 0, "B\ne/\ne/c\ne/f/\ne/f/inside\n");
	check_bytes("e/c", "a");
	works(ops->remove(one, "e", NULL, &e));
	works(remove_file("B"));
	check_walk("", 0, "");
}

/* In the order of strcmp(). */
static const char *const hard_names[] = {" lead", "#hash", "%41", "%zz", "&amp;<x>", "'quote\"", "+plus +",
	"100% sure?", "a;b=c,d", "back\\slash", "co:lon*", "tr.", "trail ", "u\xcc\x88 NFD", "\xc3\xbc NFC",
	"\xe2\x82\xac \xe4\xb8\xad", "\xf0\x9f\x98\x80"};

TEST(names)
{
	_cleanup_(buf_finish) struct buf want = BUF_INIT(10000), lengthy = BUF_INIT(300);

	make("dir");
	for (size_t i = 0; i < ARRAY_LEN(hard_names); i++) {
		_cleanup_(mem_freep) char *path = path_join("dir", hard_names[i]);

		works(put(path, NULL, hard_names[i], NULL));
		check_bytes(path, hard_names[i]);
		buf_printf(&want, "%s\n", path);
	}
	check_walk("dir", 0, buf_text(&want));
	for (int i = 0; i < 256; i++)
		buf_putc(&lengthy, 'n');
	fails(put(buf_text(&lengthy), NULL, "x", NULL), ENAMETOOLONG);
	buf_resize(&lengthy, 200);
	works(put(buf_text(&lengthy), NULL, "x", NULL));
	works(remove_file(buf_text(&lengthy)));
	fails(put("dir/../x", NULL, "x", NULL), EINVAL);
	fails(put("dir//x", NULL, "x", NULL), EINVAL);
	works(ops->remove(one, "dir", NULL, &e));
}

TEST(names_are_given)
{
	make("dir");
	for (size_t i = 0; i < ARRAY_LEN(hard_names); i++) {
		const char *name = hard_names[i];
		_cleanup_(mem_freep) char *path = path_join("dir", name);
		_cleanup_(mem_freep) char *folder = str_format("dir/%s d", name);
		_cleanup_(mem_freep) char *inside = str_format("dir/%s d/%s", name, name);

		works(put(path, NULL, name, NULL));
		make(folder);
		works(move(path, inside));
		check_bytes(inside, name);
		works(move(inside, path));
		works(ops->remove(one, folder, NULL, &e));
	}
	works(ops->remove(one, "dir", NULL, &e));
}

/* A server that does not list such a file must not take it either. */
TEST(a_name_that_begins_with_a_dot)
{
	int r;

	make("d");
	works(put("d/a", NULL, "x", NULL));
	r = put("d/.dot", NULL, "x", NULL);
	check(r == 0 || r == -EINVAL);
	check_walk("d", 0, r == 0 ? "d/.dot\nd/a\n" : "d/a\n");
	check_int(make_again("d/.dir"), r);
	check_int(move("d/a", "d/.a"), r);
	check_walk("d", 0, r == 0 ? "d/.a\nd/.dir/\nd/.dot\n" : "d/a\n");
	works(ops->remove(one, "d", NULL, &e));
}

TEST(a_deep_tree)
{
	_cleanup_(buf_finish) struct buf path = BUF_INIT(1000), want = BUF_INIT(10000);

	for (int i = 0; i < 12; i++) {
		buf_printf(&path, "%sd%d", i ? "/" : "", i);
		make(buf_text(&path));
		buf_printf(&want, "%s/\n", buf_text(&path));
	}
	check_walk("", 0, buf_text(&want));
	check_walk("d0/d1/d2/d3/d4/d5/d6/d7/d8/d9/d10", 0, "d0/d1/d2/d3/d4/d5/d6/d7/d8/d9/d10/d11/\n");
	works(ops->remove(one, "d0", NULL, &e));
}

struct kept {
	int64_t sent;
	int calls;
	int stop_at; /* 0: never */
};

static int keep(void *context, int64_t sent, const char *resume)
{
	struct kept *k = context;

	check(sent > k->sent || k->calls == 0);
	k->sent = sent;
	return ++k->calls == k->stop_at ? -ECANCELED : 0;
}

static int count(void *context, const void *data, size_t len)
{
	int64_t *n = context;
	const char *p = data;

	/* Each block of a MiB begins with its number. */
	for (size_t i = 0; i < len; i++) {
		if ((*n + (int64_t)i) % (1 << 20) == 0 && p[i] != (char)((*n + (int64_t)i) >> 20))
			return -EIO;
	}
	*n += (int64_t)len;
	return 0;
}

static int big_file(void)
{
	char *block = mem_alloc(1 << 20);
	char name[] = "/var/tmp/seamfs-contract-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) < 0)
		abort();
	for (int i = 0; i < BIG >> 20; i++) {
		block[0] = (char)i;
		if (pwrite(fd, block, 1 << 20, (off_t)i << 20) != 1 << 20)
			abort();
	}
	free(block);
	return fd;
}

TEST(a_cut_off_upload_leaves_nothing)
{
	_cleanup_(fd_closep) int fd = big_file();
	struct kept k = {.stop_at = 2};
	struct file_upload u = {.path = "big", .fd = fd, .size = BIG, .keep = keep, .context = &k};
	struct remote_file f = {0};

	fails(ops->write(one, &u, &f, &e), ECANCELED);
	fails(stat_only("big"), ENOENT);
	remote_file_finish(&f);
}

TEST(a_large_file_passes_through)
{
	_cleanup_(fd_closep) int fd = big_file();
	struct kept k = {0};
	struct file_upload u = {.path = "big",
		.fd = fd,
		.size = BIG,
		.mtime_ms = clock_now_ms(),
		.keep = keep,
		.context = &k};
	struct remote_file f = {0};
	struct rusage use;
	int64_t n = 0;

	works(ops->write(one, &u, &f, &e));
	check_int(f.size, BIG);
	if (!f.etag)
		return;
	check(k.calls >= 4);
	works(ops->read(one, "big", f.etag, 0, BIG, count, &n, &e));
	check_int(n, BIG);
	n = 20 << 20;
	works(ops->read(one, "big", f.etag, n, 1 << 20, count, &n, &e));
	check_int(n, 21 << 20);
	getrusage(RUSAGE_SELF, &use);
	check(use.ru_maxrss < 40 << 10);
	works(ops->remove(one, "big", f.etag, &e));
	remote_file_finish(&f);
}

TEST(room)
{
	int64_t total = 0, left = 0;
	int r = ops->room ? ops->room(one, &total, &left, &e) : -EOPNOTSUPP;

	check(r == -EOPNOTSUPP || (r == 0 && total > 0 && left <= total));
}

/* ---- */

static struct tool_link *open_tool(const char *path, cJSON **config)
{
	struct buf text = BUF_INIT(BUF_MAX_CONFIG);
	char *dir = path_dir(path);
	struct tool_setup setup = {.name = "drive", .base_dir = dir, .currency = "EUR"};
	struct tool_link *link = NULL;

	if (file_read(path, &text, &e) < 0 ||
		json_parse(buf_text(&text), text.len, 0, config, NULL, &e) < 0) {
		fprintf(stderr, "%s: %s\n", path, e.text);
		exit(2);
	}
	setup.config = *config;
	setup.connector = json_get_text(*config, "connector");
	if (connect_open(&setup, &link, &e) < 0) {
		fprintf(stderr, "%s: %s\n", path, e.text);
		exit(2);
	}
	buf_finish(&text);
	free(dir);
	return link;
}

/* Those that are not named; @ret has room for all. */
static size_t choose(const struct test_case *all, size_t count, char **names, struct test_case *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		char **name = names;

		while (*name && strcmp(*name, all[i].name) != 0)
			name++;
		if (!*name)
			ret[n++] = all[i];
	}
	return n;
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {TEST_RUN(it_answers), TEST_RUN(folders),
		TEST_RUN(a_file_is_made_and_replaced), TEST_RUN(somebody_else_was_quicker),
		TEST_RUN(an_empty_file), TEST_RUN(parts_of_a_file), TEST_RUN(nothing_is_replaced_by_a_move),
		TEST_RUN(names), TEST_RUN(names_are_given), TEST_RUN(a_name_that_begins_with_a_dot),
		TEST_RUN(a_deep_tree), TEST_RUN(a_cut_off_upload_leaves_nothing),
		TEST_RUN(a_large_file_passes_through), TEST_RUN(room)};
	struct test_case chosen[ARRAY_LEN(cases)];
	cJSON *config = NULL, *again = NULL;
	int failed;

	if (argc < 2) {
		fprintf(stderr, "call: contract TOOL.json [NAME…]\n");
		return 2;
	}
	log_set_level(getenv("CONTRACT_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
	one = open_tool(argv[1], &config);
	other = open_tool(argv[1], &again);
	ops = one->ops->files;
	failed = test_run_all(chosen, choose(cases, ARRAY_LEN(cases), argv + 2, chosen));
	connect_close(one);
	connect_close(other);
	cJSON_Delete(config);
	cJSON_Delete(again);
	return failed;
}
