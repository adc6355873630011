/* SPDX-License-Identifier: Apache-2.0 */
/* seamfs log, seamfs blame: what .seam/history/ and the files beside a record say, for people. */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/fuse/mount.h"

#define SHOWN 50

/* ---- the files ---- */

static int read_beside(const char *file, const char *ending, struct buf *b, struct err *e)
{
	_cleanup_(mem_freep) char *path = config_beside(file, ending);
	int r = file_read(path, b, NULL);

	return r < 0 ? err_set(e, -r, "%s is no record of a mount that can be read: %s", file, strerror(-r))
		     : 0;
}

/* ---- one line ---- */

static char *author(const cJSON *line)
{
	const char *tool = json_get_text(line, "tool"), *program = json_get_text(line, "program");
	const struct passwd *user;
	int64_t uid = 0;

	if (tool)
		return str_dup(tool);
	(void)json_int64(json_get(line, "uid"), &uid);
	user = getpwuid((uid_t)uid);
	if (user)
		return str_format("%s%s%s", user->pw_name, program && program[0] ? " with " : "",
			program ? program : "");
	return str_format("user %lld%s%s", (long long)uid, program && program[0] ? " with " : "",
		program ? program : "");
}

static char *value_text(const cJSON *value)
{
	char *text = value && !cJSON_IsNull(value) ? json_print(value) : str_dup("nothing");

	utf8_shorten(text, 300);
	return text;
}

struct printer {
	int64_t change; /* whose lines are being printed */
	char *path;	/* of the record that they are about */
	long left;
};

/* False: enough. */
static _Bool print_line(struct printer *p, const cJSON *line)
{
	_cleanup_(mem_freep) char *by = author(line), *old = value_text(json_get(line, "old"));
	_cleanup_(mem_freep) char *now = value_text(json_get(line, "new"));
	const char *field = json_get_text(line, "field"), *path = json_get_text(line, "path");
	int64_t change = 0;

	(void)json_int64(json_get(line, "change"), &change);
	if (change != p->change) {
		if (p->left-- <= 0)
			return 0;
		p->change = change;
		printf("#%lld %.19sZ %s: %s %s\n", (long long)change, json_get_text(line, "when"), by,
			json_get_text(line, "why"), path);
	} else if (!str_equal(p->path, path)) {
		printf("  and %s\n", path);
	}
	str_set(&p->path, path);
	if (field)
		printf("    %s: %s -> %s\n", field, old, now);
	return 1;
}

static _Bool print_lines(struct printer *p, char *text)
{
	char *rest, *line;
	_Bool more = 1;

	for (line = strtok_r(text, "\n", &rest); line && more; line = strtok_r(NULL, "\n", &rest)) {
		_cleanup_json_ cJSON *object = NULL;

		if (json_parse(line, strlen(line), JSON_REMOTE, &object, NULL, NULL) == 0)
			more = print_line(p, object);
	}
	return more;
}

/* ---- all days, the last one first ---- */

static int by_name_down(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

static int is_day(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int print_days(const char *dir, struct printer *p, struct err *e)
{
	_cleanup_(mem_freep) char *folder = path_join(dir, ".seam/history");
	struct dirent **days = NULL;
	int n = scandir(folder, &days, is_day, by_name_down), r = 0;
	_Bool more = 1;

	if (n < 0)
		return err_set(e, errno, "cannot read %s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct buf b = BUF_INIT(BUF_MAX_SHEET);

		if (more && r == 0)
			r = order_read(folder, days[i]->d_name, &b, e);
		if (more && r == 0)
			more = !b.len || print_lines(p, b.data);
		buf_finish(&b);
		free(days[i]);
	}
	free(days);
	return r;
}

enum exit_code verb_log(const struct options *o)
{
	struct printer p = {.left = o->count ? o->count : SHOWN};
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = o->argc ? NULL : mount_find(o->mount, &e);
	int r;

	if (o->argc) {
		r = read_beside(o->argv[0], ".log.ndjson", &b, &e);
		if (r == 0 && b.len)
			print_lines(&p, b.data);
	} else {
		r = dir ? print_days(dir, &p, &e) : -ENOENT;
	}
	buf_finish(&b);
	free(p.path);
	return r < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
}

/* ---- blame ---- */

static int read_object(const char *file, const char *ending, cJSON **ret, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = read_beside(file, ending, &b, e);

	if (r == 0)
		r = json_parse(buf_text(&b), b.len, JSON_REMOTE, ret, NULL, e);
	buf_finish(&b);
	return r;
}

enum exit_code verb_blame(const struct options *o)
{
	_cleanup_json_ cJSON *record = NULL, *meta = NULL;
	const cJSON *field;
	struct err e = {0};
	int r = read_object(o->argv[0], ".json", &record, &e);

	if (r == 0)
		r = read_object(o->argv[0], ".meta.json", &meta, &e);
	if (r < 0)
		return fail(EXIT_FAILED, &e);
	cJSON_ArrayForEach (field, json_get(meta, "fields")) {
		_cleanup_(mem_freep) char *by = author(field);
		_cleanup_(mem_freep) char *value = value_text(json_get(record, field->string));
		const char *when = json_get_text(field, "when"), *why = json_get_text(field, "why");
		int64_t change = 0;

		(void)json_int64(json_get(field, "change"), &change);
		printf("%-14s %-30s %.19s%s %s: %s #%lld, owner %s\n", field->string, value, when ? when : "",
			when ? "Z" : "", when ? by : "nobody", why ? why : "", (long long)change,
			json_get_text(field, "owner"));
	}
	return EXIT_OK;
}
