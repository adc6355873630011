/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "test.h"

/* A folder with one file, and another program that may be at it. */
struct rig {
	char dir[40], path[60];
	struct stat stat;
	int asked, write_at; /* another program replaces the file when this question is asked */
};

static void start(struct rig *rig)
{
	*rig = (struct rig){.dir = "/tmp/seamfs-file.XXXXXX", .write_at = -1};
	check(mkdtemp(rig->dir) != NULL);
	snprintf(rig->path, sizeof(rig->path), "%s/sheet.csv", rig->dir);
	check_int(file_replace(rig->path, "old", 3, 0640, NULL), 0);
	check_int(stat(rig->path, &rig->stat), 0);
}

static int entries(const struct rig *rig)
{
	DIR *dir = opendir(rig->dir);
	int n = 0;

	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return n;
}

/* The file says @want, has nothing beside it, and goes. */
static void stop(struct rig *rig, const char *want)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	check_int(file_read(rig->path, &b, NULL), 0);
	check_text(buf_text(&b), want);
	buf_finish(&b);
	check_int(entries(rig), 1);
	unlink(rig->path);
	rmdir(rig->dir);
}

static int may(void *context, const char *old, struct err *e)
{
	struct rig *rig = context;
	struct stat now;

	if (rig->asked++ == rig->write_at)
		check_int(file_replace(rig->path, "other", 5, 0600, NULL), 0);
	return stat(old, &now) == 0 && now.st_ino == rig->stat.st_ino
		       ? 0
		       : err_set(e, EAGAIN, "somebody was faster");
}

TEST(replaces_and_keeps_the_mode)
{
	struct rig rig;
	struct stat now;

	start(&rig);
	check_int(file_replace(rig.path, "new", 3, 0600, NULL), 0);
	check_int(stat(rig.path, &now), 0);
	check_int(now.st_mode & 07777, 0640);
	stop(&rig, "new");
}

TEST(replaces_what_nobody_else_has_replaced)
{
	struct rig rig;

	start(&rig);
	check_int(file_replace_if(rig.path, "new", 3, 0600, may, &rig, NULL), 0);
	check_int(rig.asked, 2);
	stop(&rig, "new");
}

TEST(leaves_what_another_program_wrote_before_the_first_look)
{
	struct rig rig;
	struct err e = {0};

	start(&rig);
	rig.write_at = 0;
	check_int(file_replace_if(rig.path, "new", 3, 0600, may, &rig, &e), -EAGAIN);
	check_text(e.text, "somebody was faster");
	check_int(rig.asked, 1);
	stop(&rig, "other");
}

static int yes_then_look(void *context, const char *old, struct err *e)
{
	struct rig *rig = context;

	/* Between the look and the rename. */
	if (rig->asked++ == 0)
		return file_replace(rig->path, "other", 5, 0600, NULL);
	rig->asked--;
	return may(context, old, e);
}

TEST(puts_back_what_another_program_wrote_after_it)
{
	struct rig rig;
	struct err e = {0};

	start(&rig);
	check_int(file_replace_if(rig.path, "new", 3, 0600, yes_then_look, &rig, &e), -EAGAIN);
	check_text(e.text, "somebody was faster");
	stop(&rig, "other");
}

TEST(makes_no_file_where_there_is_none_any_more)
{
	struct rig rig;

	start(&rig);
	unlink(rig.path);
	check_int(file_replace_if(rig.path, "new", 3, 0600, may, &rig, NULL), -EAGAIN);
	check_int(entries(&rig), 0);
	rmdir(rig.dir);
}

static void leave(const struct rig *rig, const char *name, int age_s)
{
	struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
	_cleanup_(mem_freep) char *path = path_join(rig->dir, name);

	check_int(file_replace(path, "x", 1, 0600, NULL), 0);
	check_int(utimensat(AT_FDCWD, path, times, 0), 0);
}

TEST(what_a_killed_program_left_goes_after_a_while)
{
	_cleanup_(mem_freep) char *young = NULL;
	_cleanup_(mem_freep) char *other = NULL;
	struct rig rig;

	start(&rig);
	young = path_join(rig.dir, ".seamfs-abcdef");
	other = path_join(rig.dir, ".seamfs-trash");
	leave(&rig, ".seamfs-012345", 7200);
	leave(&rig, ".seamfs-abcdef", 600);
	leave(&rig, ".seamfs-trash", 7200);
	file_clear_leftovers(rig.path);
	check_int(entries(&rig), 3);
	check(access(young, F_OK) == 0 && access(other, F_OK) == 0);
	unlink(young);
	unlink(other);
	stop(&rig, "old");
}

/* Somebody replaces the file just before ours takes its place, and a third one writes into ours before it makes way. */
static int both_at_once(void *context, const char *old, struct err *e)
{
	struct rig *rig = context;

	if (rig->asked++ == 0) {
		check_int(file_replace(rig->path, "other", 5, 0600, NULL), 0);
		return 0;
	}
	_cleanup_(fd_closep) int fd = open(rig->path, O_WRONLY | O_TRUNC);

	check_int(write(fd, "third", 5), 5);
	return err_set(e, EAGAIN, "somebody was faster");
}

TEST(what_a_third_program_wrote_is_kept)
{
	char kept[400] = "";
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct rig rig;
	struct err e = {0};
	struct dirent *entry;
	DIR *dir;

	log_set_level(LOG_LEVEL_ERROR);
	start(&rig);
	check_int(file_replace_if(rig.path, "new", 3, 0600, both_at_once, &rig, &e), -EAGAIN);
	check_int(entries(&rig), 2);
	dir = opendir(rig.dir);
	while ((entry = readdir(dir))) {
		if (strstr(entry->d_name, "(saved at the same moment "))
			snprintf(kept, sizeof(kept), "%s/%s", rig.dir, entry->d_name);
	}
	closedir(dir);
	check_int(file_read(kept, &b, NULL), 0);
	check_text(buf_text(&b), "third");
	buf_finish(&b);
	check_int(unlink(kept), 0);
	stop(&rig, "other");
}

TEST_MAIN(TEST_RUN(what_a_killed_program_left_goes_after_a_while), TEST_RUN(replaces_and_keeps_the_mode),
	TEST_RUN(replaces_what_nobody_else_has_replaced),
	TEST_RUN(leaves_what_another_program_wrote_before_the_first_look),
	TEST_RUN(puts_back_what_another_program_wrote_after_it),
	TEST_RUN(makes_no_file_where_there_is_none_any_more), TEST_RUN(what_a_third_program_wrote_is_kept))
