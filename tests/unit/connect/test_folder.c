/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "seamfs/base/log.h"
#include "unit/connect/tool_rig.h"

#define FOLDER "{'connector': 'folder', 'path': 'docs'}"

static void make_dir(const struct rig *rig, const char *name)
{
	_cleanup_(mem_freep) char *path = rig_path(rig, name);

	if (mkdir(path, 0700) < 0)
		abort();
}

static void start(struct rig *rig)
{
	rig_start(rig);
	make_dir(rig, "docs");
	check_int(rig_open(rig, folder_open, FOLDER), 0);
}

struct found {
	char *lines[2000];
	size_t count, largest_batch;
};

static int collect(void *context, const struct remote_file *files, size_t count)
{
	struct found *f = context;

	f->largest_batch = count > f->largest_batch ? count : f->largest_batch;
	for (size_t i = 0; i < count; i++) {
		if (files[i].folder)
			f->lines[f->count++] = str_format("%s/", files[i].path);
		else
			f->lines[f->count++] = str_format("%s %lld %lld", files[i].path,
				(long long)files[i].size, (long long)files[i].mtime_ms);
	}
	return 0;
}

static _Bool has(const struct found *f, const char *line)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->lines[i], line) == 0)
			return 1;
	}
	return 0;
}

static void found_finish(struct found *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->lines[i]);
}

static void touch(const struct rig *rig, const char *name, const char *text)
{
	_cleanup_(mem_freep) char *path = rig_path(rig, name);
	const struct timespec times[2] = {{1700000000, 250000000}, {1700000000, 250000000}};

	rig_write(rig, name, text);
	utimensat(AT_FDCWD, path, times, 0);
}

static int walk(struct rig *rig, int (*sink)(void *, const struct remote_file *, size_t), void *context)
{
	struct file_walk w = {.sink = sink, .context = context};

	return rig->link->ops->files->walk(rig->link, &w, &rig->e);
}

TEST(the_tree_is_listed)
{
	_cleanup_(found_finish) struct found f = {0};
	_cleanup_(mem_freep) char *pipe = NULL, *link = NULL, *dir_link = NULL;
	char *text = NULL;
	struct rig rig;

	start(&rig);
	make_dir(&rig, "docs/a b");
	make_dir(&rig, "docs/a b/c");
	make_dir(&rig, "docs/.git");
	touch(&rig, "docs/a b/c/Ümläut.pdf", "12345");
	touch(&rig, "docs/empty", "");
	touch(&rig, "docs/.git/config", "");
	touch(&rig, "docs/old~", "");
	touch(&rig, "docs/~$Letter.docx", "");
	touch(&rig, "docs/.~lock.x.odt#", "");
	touch(&rig, "docs/bad\xff", "");
	touch(&rig, "docs/worse\xfe", "");
	pipe = rig_path(&rig, "docs/pipe");
	link = rig_path(&rig, "docs/link");
	dir_link = rig_path(&rig, "docs/outside");
	check(mkfifo(pipe, 0600) == 0 && symlink("empty", link) == 0 && symlink("/etc", dir_link) == 0);
	for (int i = 0; i < 2; i++) {
		found_finish(&f);
		f.count = 0;
		check_int(walk(&rig, collect, &f), 0);
	}
	/* Hidden names too: a lock that a colleague's office program left there is for ours to see. */
	check_int(f.count, 9);
	check(has(&f, "a b/") && has(&f, "a b/c/") && has(&f, "a b/c/Ümläut.pdf 5 1700000000250"));
	check(has(&f, "empty 0 1700000000250") && has(&f, ".~lock.x.odt# 0 1700000000250"));
	check_int(rig_logged(&rig, "warning"), 1);
	check_int((rig.link->ops->check)(rig.link, &text, &rig.e), 0);
	check_text(text, "6 files in 3 folders");
	free(text);
	rig_stop(&rig);
}

TEST(folders_come_before_what_is_in_them)
{
	_cleanup_(found_finish) struct found f = {0};
	struct rig rig;

	start(&rig);
	for (int i = 0; i < 30; i++) {
		_cleanup_(mem_freep) char *dir = str_format("docs/d%d", i);

		make_dir(&rig, dir);
		for (int j = 0; j < 20; j++) {
			_cleanup_(mem_freep) char *name = str_format("%s/f%d", dir, j);

			rig_write(&rig, name, "");
		}
	}
	check_int(walk(&rig, collect, &f), 0);
	check_int(f.count, 30 * 21);
	check_int(f.largest_batch, 256);
	for (size_t i = 0; i < f.count; i++) {
		size_t dir = strcspn(f.lines[i], "/") + 1;
		_Bool before = 0;

		for (size_t j = 0; j < i; j++)
			before |= strlen(f.lines[j]) == dir && strncmp(f.lines[j], f.lines[i], dir) == 0;
		check(before || !f.lines[i][dir]);
	}
	rig_stop(&rig);
}

static int refuse(void *context, const struct remote_file *files, size_t count)
{
	return -ENOSPC;
}

TEST(errors_end_a_listing)
{
	_cleanup_(found_finish) struct found f = {0};
	_cleanup_(mem_freep) char *path = NULL;
	atomic_bool stop = 1;
	struct rig rig;

	start(&rig);
	path = rig_path(&rig, "docs");
	rig_write(&rig, "docs/a", "");
	check_int(walk(&rig, refuse, NULL), -ENOSPC);
	rig.link->stop = &stop;
	check_int(walk(&rig, collect, &f), -ECANCELED);
	stop = 0;
	rig_remove(path, NULL, 0, NULL);
	check_int(f.count, 0);
	nftw(path, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
	check_int(walk(&rig, collect, &f), -ENOENT);
	check_int(rig.e.scope, ERR_TOOL);
	check(strstr(rig.e.text, path) != NULL);
	rig_stop(&rig);
}

TEST(changes_are_noticed_everywhere)
{
	_cleanup_(mem_freep) char *gone = NULL;
	struct rig rig;

	start(&rig);
	gone = rig_path(&rig, "docs/a/deep/file");
	make_dir(&rig, "docs/a");
	check(rig.link->ops->watch_fd(rig.link) >= 0);
	check(!rig.link->ops->watch_drain(rig.link));
	rig_write(&rig, "docs/a/.hidden", "");
	check(rig_drain(&rig));
	rig_write(&rig, "docs/a/x", "");
	check(rig_drain(&rig));
	/* A folder that is new is watched with what is in it. */
	make_dir(&rig, "docs/a/deep");
	make_dir(&rig, "docs/a/deep/deeper");
	check(rig_drain(&rig));
	rig_write(&rig, "docs/a/deep/file", "");
	check(rig_drain(&rig));
	rig_write(&rig, "docs/a/deep/deeper/file", "");
	check(rig_drain(&rig));
	unlink(gone);
	check(rig_drain(&rig));
	check(!rig.link->ops->watch_drain(rig.link));
	rig_stop(&rig);
}

TEST(the_link_says_where_the_bytes_are)
{
	struct tool_setup here = {.name = "docs", .base_dir = "."};
	_cleanup_(mem_freep) char *path = NULL;
	struct rig rig;

	start(&rig);
	path = rig_path(&rig, "docs");
	check_text(rig.link->folder, path);
	check(!rig.link->ops->get && !rig.link->ops->create && !rig.link->ops->update &&
		!rig.link->ops->remove);
	check(!rig.link->ops->list && !rig.link->ops->find);
	for (int type = 0; type < TYPE_COUNT; type++)
		check_int(rig.link->capabilities[type].type, TYPE_NONE);
	check_int(rig_open(&rig, folder_open, "{'path': '/srv/x'}"), 0);
	check_text(rig.link->folder, "/srv/x");
	check_int(rig_open(&rig, folder_open, FOLDER), 0);
	rig.link->ops->close(rig.link);
	/* The daemon leaves the folder where it was started. */
	check_int(chdir(rig.dir), 0);
	here.config = rig.config;
	check_int(folder_open(&here, &rig.link, &rig.e), 0);
	check_text(rig.link->folder, path);
	check_int(chdir("/"), 0);
	rig_stop(&rig);
}

TEST(a_wrong_configuration_names_its_place)
{
	static const struct {
		const char *config, *pointer;
	} rows[] = {
		{"{'connector': 'folder'}", "/path"},
		{"{'path': ''}", "/path"},
		{"{'path': '~/Documents'}", "/path"},
		{"{'path': 'x', 'depth': 3}", "/depth"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		rig_start(&rig);
		check_int(rig_open(&rig, folder_open, rows[i].config), -EINVAL);
		check_text(rig.e.field, rows[i].pointer);
		rig_stop(&rig);
	}
}

TEST_MAIN(TEST_RUN(the_tree_is_listed), TEST_RUN(folders_come_before_what_is_in_them),
	TEST_RUN(errors_end_a_listing), TEST_RUN(changes_are_noticed_everywhere),
	TEST_RUN(the_link_says_where_the_bytes_are), TEST_RUN(a_wrong_configuration_names_its_place))
