/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"

/* Copies what is not there yet: a demo that was played with goes on where it stood. */
static int copy_missing(const char *from, const char *to, struct err *e)
{
	DIR *dir = opendir(from);
	struct dirent *entry;
	int r = dir ? file_make_dirs(to, 0755, e)
		    : err_set(e, errno, "cannot open %s: %s", from, strerror(errno));

	while (r == 0 && (entry = readdir(dir))) {
		_cleanup_(mem_freep) char *source = path_join(from, entry->d_name);
		_cleanup_(mem_freep) char *target = path_join(to, entry->d_name);
		struct buf b = BUF_INIT(BUF_MAX_SHEET);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type == DT_DIR) {
			r = copy_missing(source, target, e);
		} else if (access(target, F_OK) < 0) {
			r = file_read(source, &b, e);
			if (r == 0)
				r = file_replace(target, buf_text(&b), b.len, 0644, e);
		}
		buf_finish(&b);
	}
	if (dir)
		closedir(dir);
	return r;
}

enum exit_code verb_demo(const struct options *o)
{
	_cleanup_(mem_freep) char *home = config_home("XDG_DATA_HOME", ".local/share");
	_cleanup_(mem_freep) char *studio = path_join(home, "demo");
	_cleanup_(mem_freep) char *sample = data_path("demo");
	_cleanup_(mem_freep) char *config = path_join(studio, "stack.json");
	struct options mount = *o;
	enum exit_code code;
	struct err e = {0};

	if (!sample) {
		err_set(&e, ENOENT, "the sample studio is not installed (looked in %s and %s)",
			SEAMFS_SOURCE_DATA, SEAMFS_DATA);
		return fail(EXIT_FAILED, &e);
	}
	if (copy_missing(sample, studio, &e) < 0 || file_make_dirs(o->argv[0], 0755, &e) < 0)
		return fail(EXIT_FAILED, &e);
	mount.config = config;
	code = verb_mount(&mount);
	if (code == EXIT_OK)
		printf("The sample studio is mounted on %s; its spreadsheets are in %s.\n"
		       "Look around, and end it with: seamfs unmount %s\n",
			o->argv[0], studio, o->argv[0]);
	return code;
}
