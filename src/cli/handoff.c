/* SPDX-License-Identifier: Apache-2.0 */
/* seamfs handoff: the rules of stack.json, what they would do, and what they did. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/fuse/mount.h"

#define SHOWN 20

static void print(struct buf *b)
{
	if (b->len)
		utf8_disarm(b->data); /* some of it may be a tool's words */
	fputs(buf_text(b), stdout);
}

static int list(const struct options *o, struct err *e)
{
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, e);
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = dir ? order_read(dir, ".seam/handoffs", &b, e) : -ENOENT;

	if (r == 0)
		print(&b);
	return r;
}

/* A record's file below its mount, given; FILE may also be the folder of a client or a project. */
static char *record_path(const char *file, char **ret_mount, struct err *e)
{
	char *real = realpath(file, NULL);

	if (!real)
		err_set(e, errno, "cannot find %s: %s", file, strerror(errno));
	*ret_mount = real ? mount_find(real, e) : NULL;
	if (*ret_mount)
		return real;
	free(real);
	return NULL;
}

/* The file beside the record that says what the rule would do. */
static char *trial_path(const char *real, const char *rule)
{
	_cleanup_(mem_freep) char *ending = str_format(".handoff-%s.diff", rule);

	return config_beside(real, ending);
}

static int test(const struct options *o, struct err *e)
{
	_cleanup_(mem_freep) char *mount = NULL;
	_cleanup_(mem_freep) char *real = record_path(o->argv[2], &mount, e);
	_cleanup_(mem_freep) char *path = real ? trial_path(real, o->argv[1]) : NULL;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);
	static const char failing[] = "# it would fail: ";

	if (!path)
		return -ENOENT;
	if (file_read(path, &b, NULL) < 0)
		return err_set(e, ENOENT,
			"there is no hand-off \"%s\" for %s: \"seamfs handoff list\" shows them", o->argv[1],
			o->argv[2]);
	if (strncmp(buf_text(&b), failing, strlen(failing)) == 0) {
		(void)buf_resize(&b, b.len - 1);
		return err_set(e, EINVAL, "%s", buf_text(&b) + strlen("# "));
	}
	print(&b);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_run(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int runs(const struct options *o, struct err *e)
{
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, e);
	_cleanup_(mem_freep) char *folder = dir ? path_join(dir, ".seam/log") : NULL;
	long most = o->count ? o->count : SHOWN;
	struct dirent **names = NULL;
	int n = dir ? scandir(folder, &names, is_run, by_name) : -1, r = 0;

	if (!dir)
		return -ENOENT;
	if (n < 0)
		return err_set(e, errno, "cannot read %s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);

		if (r == 0 && i >= n - most) {
			r = order_read(folder, names[i]->d_name, &b, e);
			print(&b);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

/* pause, resume, replay */
static int order(const struct options *o, struct err *e)
{
	_cleanup_(mem_freep) char *found = NULL;
	_cleanup_(mem_freep) char *real = o->argc > 2 ? record_path(o->argv[2], &found, e) : NULL;
	_cleanup_(mem_freep) char *dir = o->argc > 2 ? str_dup(found) : mount_find(o->mount, e);
	_cleanup_(mem_freep) char *text = NULL;

	if (!dir)
		return -ENOENT;
	text = str_format(
		"%s %s%s%s", o->argv[0], o->argv[1], real ? " " : "", real ? real + strlen(dir) + 1 : "");
	return order_give(dir, ".seam/handoffs", text, e);
}

static const struct {
	const char *word;
	int least, most; /* arguments with it */
	int (*run)(const struct options *o, struct err *e);
} words[] = {
	{"list", 1, 1, list},
	{"test", 3, 3, test},
	{"runs", 1, 1, runs},
	{"replay", 2, 3, order},
	{"pause", 2, 2, order},
	{"resume", 2, 2, order},
};

enum exit_code verb_handoff(const struct options *o)
{
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, o->argv[0]) != 0 || o->argc < words[i].least ||
			o->argc > words[i].most)
			continue;
		return words[i].run(o, &e) < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
	}
	err_set(&e, EINVAL,
		"usage: seamfs handoff list | test RULE FILE | runs | replay RULE [FILE] | pause RULE | "
		"resume RULE");
	return fail(EXIT_USAGE, &e);
}
