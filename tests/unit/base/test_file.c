/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	_Bool changes;	     /* … or writes into it when it has been exchanged */
	pthread_t other;
};

static void start(struct rig *rig)
{
	log_set_level(LOG_LEVEL_ERROR);
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

/* What is kept of the second save; removed. */
static void check_kept(const struct rig *rig, const char *want)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);
	char kept[400] = "";
	struct dirent *entry;
	DIR *dir = opendir(rig->dir);

	while ((entry = readdir(dir))) {
		if (strstr(entry->d_name, "(saved at the same moment "))
			snprintf(kept, sizeof(kept), "%s/%s", rig->dir, entry->d_name);
	}
	closedir(dir);
	check_int(file_read(kept, &b, NULL), 0);
	check_text(buf_text(&b), want);
	check_int(unlink(kept), 0);
}

TEST(what_a_third_program_wrote_is_kept)
{
	struct rig rig;
	struct err e = {0};

	start(&rig);
	check_int(file_replace_if(rig.path, "new", 3, 0600, both_at_once, &rig, &e), -EAGAIN);
	check_int(entries(&rig), 2);
	check_kept(&rig, "third");
	stop(&rig, "other");
}

TEST(waits_for_who_has_it_open_for_writing)
{
	struct rig rig;
	struct err e = {0};
	int fd;

	start(&rig);
	fd = open(rig.path, O_WRONLY);
	check_int(file_replace_if(rig.path, "new", 3, 0600, may, &rig, &e), -EBUSY);
	check(strstr(e.text, "is open for writing in another program") != NULL);
	check_int(write(fd, "other", 5), 5);
	close(fd);
	check_int(file_replace_if(rig.path, "newer", 5, 0600, may, &rig, NULL), 0);
	stop(&rig, "newer");
}

/* What a program does that had found the file by its name when it was exchanged, and opens it then. */
static void *write_in_place(void *found)
{
	int fd = open(found, O_WRONLY | O_TRUNC);

	check_int(write(fd, "other", 5), 5);
	close(fd);
	free(found);
	return NULL;
}

static int found_before(void *context, const char *old, struct err *e)
{
	struct rig *rig = context;

	if (rig->asked == 1) {
		check_int(pthread_create(&rig->other, NULL, write_in_place, str_dup(old)), 0);
		usleep(50000);
	}
	return may(context, old, e);
}

TEST(waits_for_who_is_about_to_open_it)
{
	struct rig rig;
	struct err e = {0};

	start(&rig);
	check_int(file_replace_if(rig.path, "new", 3, 0600, found_before, &rig, &e), -EBUSY);
	check_int(pthread_join(rig.other, NULL), 0);
	stop(&rig, "other");
}

static int killed(void *context, const char *old, struct err *e)
{
	struct rig *rig = context;

	if (rig->asked++ == 0)
		return may(context, old, e);
	if (rig->changes && truncate(old, 1) < 0)
		_exit(1);
	_exit(0);
}

/* Killed when ours is in its place and before a look at what it replaced, which somebody @changes. */
static void kill_replacing(struct rig *rig, _Bool changes)
{
	int status;
	pid_t child;

	rig->changes = changes;
	fflush(stdout);
	child = fork();
	if (child == 0)
		file_replace_if(rig->path, "new", 3, 0600, killed, rig, NULL);
	check_int(waitpid(child, &status, 0), child);
	check_int(status, 0);
	check_int(entries(rig), 2);
}

TEST(what_a_kill_left_goes_when_nobody_wrote_into_it)
{
	struct rig rig;

	start(&rig);
	kill_replacing(&rig, 0);
	file_clear_leftovers(rig.path);
	stop(&rig, "new");
}

TEST(what_somebody_wrote_is_kept_after_a_kill)
{
	_cleanup_(mem_freep) char *other = NULL;
	struct rig rig;

	start(&rig);
	kill_replacing(&rig, 1);
	other = path_join(rig.dir, "other.csv");
	file_clear_leftovers(other);
	check_int(entries(&rig), 2);
	file_clear_leftovers(rig.path);
	check_int(entries(&rig), 2);
	check_kept(&rig, "o");
	stop(&rig, "new");
}

TEST(what_somebody_writes_after_a_kill_is_kept)
{
	struct rig rig;
	int fd;

	start(&rig);
	fd = open(rig.path, O_WRONLY);
	kill_replacing(&rig, 0);
	file_clear_leftovers(rig.path);
	check_int(write(fd, "other", 5), 5);
	close(fd);
	check_kept(&rig, "other");
	stop(&rig, "new");
}

TEST_MAIN(TEST_RUN(what_a_killed_program_left_goes_after_a_while), TEST_RUN(replaces_and_keeps_the_mode),
	TEST_RUN(replaces_what_nobody_else_has_replaced),
	TEST_RUN(leaves_what_another_program_wrote_before_the_first_look),
	TEST_RUN(puts_back_what_another_program_wrote_after_it),
	TEST_RUN(makes_no_file_where_there_is_none_any_more), TEST_RUN(what_a_third_program_wrote_is_kept),
	TEST_RUN(waits_for_who_has_it_open_for_writing), TEST_RUN(waits_for_who_is_about_to_open_it),
	TEST_RUN(what_a_kill_left_goes_when_nobody_wrote_into_it),
	TEST_RUN(what_somebody_wrote_is_kept_after_a_kill),
	TEST_RUN(what_somebody_writes_after_a_kill_is_kept))
