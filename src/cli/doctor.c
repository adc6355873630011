/* SPDX-License-Identifier: Apache-2.0 */
/* What may be wrong around seamfs: the machine, its clock and disk, files that others could read. */
#define FUSE_USE_VERSION 314

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"
#include "seamfs/net/secret.h"
#include "seamfs/sync/sync.h"

enum { LEAST_FREE_MB = 512, LEAST_WATCHES = 8192 };

struct patient {
	const struct stack *stack;
	int wrong;
};

static void good(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void bad(struct patient *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void good(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ok     ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

static void bad(struct patient *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("wrong  ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	p->wrong++;
}

static void versions(struct patient *p)
{
	struct utsname name = {0};

	uname(&name);
	good("seamfs %s, libfuse %s, SQLite %s, libcurl %s, %s %s", SEAMFS_VERSION, fuse_pkgversion(),
		sqlite3_libversion(), curl_version_info(CURLVERSION_NOW)->version, name.sysname,
		name.release);
}

static _Bool in_path(const char *program)
{
	_cleanup_(mem_freep) char *path = str_dup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	char *rest;

	for (char *dir = strtok_r(path, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
		_cleanup_(mem_freep) char *file = path_join(dir, program);

		if (access(file, X_OK) == 0)
			return 1;
	}
	return 0;
}

static void mounting(struct patient *p)
{
	if (access("/dev/fuse", R_OK | W_OK) < 0)
		bad(p, "/dev/fuse cannot be opened (%s): nothing can be mounted", strerror(errno));
	else if (geteuid() != 0 && !in_path("fusermount3"))
		bad(p, "there is no fusermount3: install the package fuse3");
	else
		good("file systems can be mounted");
}

static void watching(struct patient *p)
{
	struct buf b = BUF_INIT(100);
	long most =
		file_read("/proc/sys/fs/inotify/max_user_watches", &b, NULL) == 0 ? atol(buf_text(&b)) : 0;

	if (most < LEAST_WATCHES)
		bad(p,
			"fs.inotify.max_user_watches is %ld: with less than %d, changes in folders are found "
			"late",
			most, LEAST_WATCHES);
	else
		good("%ld folders can be watched", most);
	buf_finish(&b);
}

static void clock_of(struct patient *p)
{
	struct timex t = {0};

	if (adjtimex(&t) == TIME_ERROR)
		bad(p, "the clock is not synchronised: start systemd-timesyncd or chrony, or dates may be "
		       "wrong");
	else
		good("the clock is synchronised");
}

/* The nearest folder of the path that is there. */
static char *existing(const char *path)
{
	char *dir = str_dup(path);

	while (access(dir, F_OK) < 0 && strcmp(dir, "/") != 0 && strcmp(dir, ".") != 0) {
		char *parent = path_dir(dir);

		free(dir);
		dir = parent;
	}
	return dir;
}

static void disk(struct patient *p)
{
	_cleanup_(mem_freep) char *state = config_state_dir(p->stack);
	_cleanup_(mem_freep) char *dir = existing(state);
	struct statvfs space;
	struct stat s;
	unsigned long long mb;

	if (stat(dir, &s) < 0 || statvfs(dir, &space) < 0) {
		bad(p, "%s: %s", dir, strerror(errno));
		return;
	}
	mb = (unsigned long long)space.f_bavail * space.f_frsize >> 20;
	if (access(dir, W_OK) < 0)
		bad(p, "%s cannot be written: the database goes there", dir);
	else if (mb < LEAST_FREE_MB)
		bad(p, "%s has %llu MiB left", dir, mb);
	else
		good("the disk of %s has %llu MiB left", dir, mb);
	if (strcmp(dir, state) == 0 && (s.st_mode & 077))
		bad(p, "others can look into %s: chmod 700 %s", state, state);
}

static void configuration(struct patient *p)
{
	struct stat s;
	struct sync *sync = NULL;
	struct err e;

	if (stat(p->stack->path, &s) == 0 && (s.st_mode & 022))
		bad(p, "others can write %s: chmod go-w %s", p->stack->path, p->stack->path);
	if (sync_open((struct stack *)p->stack, &sync, &e) < 0)
		bad(p, "%s", e.text);
	else
		good("%s is in order: %d tools", p->stack->path, p->stack->tool_count - 1);
	sync_stop(sync);
}

/* Files with secrets that their tool would refuse, or that are not there. */
static void secrets(struct patient *p, const struct tool *tool)
{
	struct connector_needs needs = {0};
	const cJSON *setting;

	if (connect_needs(tool->connector, &needs, NULL) < 0)
		return;
	cJSON_ArrayForEach (setting, needs.settings) {
		const char *file = json_get_text(json_get(tool->config, setting->string), "file");
		_cleanup_(mem_freep) char *path = file ? path_join(p->stack->base_dir, file) : NULL;
		_cleanup_(fd_closep) int fd = -1;
		struct stat s;
		struct err e;

		if (!path || !cJSON_IsTrue(json_get(setting, "secret")))
			continue;
		if (secret_open(path, 1, &fd, &s, &e) < 0)
			bad(p, "%s: %s", tool->name, e.text);
		else
			good("%s: only you can read %s", tool->name, path);
	}
	connector_needs_finish(&needs);
}

enum exit_code verb_doctor(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct patient p = {.stack = stack};

	versions(&p);
	mounting(&p);
	watching(&p);
	clock_of(&p);
	if (!stack)
		return code;
	configuration(&p);
	disk(&p);
	for (int i = 1; i < stack->tool_count; i++)
		secrets(&p, &stack->tools[i]);
	return p.wrong ? EXIT_FAILED : EXIT_OK;
}
