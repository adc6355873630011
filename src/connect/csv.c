/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "connect/csv_link.h"
#include "connect/drivers.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum {
	BATCH = 256,
	CLOCK_SLACK_MS = 10000, /* a file server's clock may differ from ours */
};

static struct csv_link *csv_link(struct tool_link *link)
{
	return (struct csv_link *)link;
}

/*
 * In calls about one record -ENOENT says that the record is gone, which must not be believed because the file
 * is: they get -EIO.
 */
static int about_file(int r, struct err *e)
{
	if (r != -ENOENT)
		return r;
	if (e)
		e->code = EIO;
	return -EIO;
}

static int load_for_record(struct tool_link *link, enum type_id type, struct csv_file **ret, struct err *e)
{
	*ret = &csv_link(link)->files[type];
	return about_file(csv_file_load(csv_link(link), *ret, e), e);
}

static int load_row(struct tool_link *link, enum type_id type, const char *id, struct csv_file **ret,
	size_t *ret_row, struct err *e)
{
	int r = load_for_record(link, type, ret, e);

	if (r < 0)
		return r;
	if (csv_row_find(*ret, id, ret_row) < 0)
		return err_set(e, ENOENT, "%s has no row with the id %s", (*ret)->map.file, id);
	return 0;
}

static int check(struct tool_link *link, char **ret_text, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	for (int type = 0; type < TYPE_COUNT; type++) {
		struct csv_file *f = &csv_link(link)->files[type];
		int r;

		if (!f->map.type)
			continue;
		r = csv_file_load(csv_link(link), f, e);
		if (r < 0) {
			buf_finish(&b);
			return r;
		}
		buf_printf(&b, "%s%s: %zu rows, %zu columns", b.len ? "; " : "", f->map.file,
			csv_rows(f->sheet), csv_columns(f->sheet));
	}
	*ret_text = buf_steal(&b);
	return 0;
}

/* ---- listing ---- */

struct row {
	char *id; /* NULL: not listed */
	size_t row;
};

static int by_id(const void *a, const void *b)
{
	const struct row *one = *(const struct row *const *)a, *other = *(const struct row *const *)b;
	int order = strcmp(one->id, other->id);

	return order ? order : one->row < other->row ? -1 : 1;
}

/* Of rows with the same id the first is the record. */
static void drop_duplicates(struct csv_link *l, const struct csv_file *f, struct row **sorted, size_t count)
{
	const struct row *first = NULL;

	qsort(sorted, count, sizeof(*sorted), by_id);
	for (size_t i = 0; i < count; i++) {
		if (!first || strcmp(first->id, sorted[i]->id) != 0) {
			first = sorted[i];
			continue;
		}
		csv_warn(l, "%s line %u: the id \"%.80s\" is that of line %u too; this row is left out",
			f->map.file, csv_line(f->sheet, sorted[i]->row), first->id,
			csv_line(f->sheet, first->row));
		free(sorted[i]->id);
		sorted[i]->id = NULL;
	}
}

/* The ids of all rows that are records; an array of csv_rows() elements. */
static struct row *collect_rows(struct csv_link *l, const struct csv_file *f)
{
	size_t count = csv_rows(f->sheet), known = 0;
	struct row *rows = mem_alloc(count * sizeof(*rows));
	_cleanup_(mem_freep) struct row **sorted = mem_alloc(count * sizeof(*sorted));

	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct row){.id = csv_row_id(f, i), .row = i};
		if (rows[i].id)
			sorted[known++] = &rows[i];
		else if (!csv_row_blank(f, i))
			csv_warn(l, "%s line %u has neither an id nor a name; this row is left out",
				f->map.file, csv_line(f->sheet, i));
	}
	drop_duplicates(l, f, sorted, known);
	return rows;
}

static void free_rows(struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(rows[i].id);
	free(rows);
}

static int send_batch(struct tool_link *link, struct remote *batch, size_t count, remote_sink sink,
	void *context, struct err *e)
{
	int r;

	if (driver_stopped(link, e))
		r = -ECANCELED;
	else
		r = count ? sink(context, batch, count) : 0;
	for (size_t i = 0; i < count; i++)
		remote_finish(&batch[i]);
	return r;
}

static int send_rows(
	struct csv_link *l, const struct csv_file *f, remote_sink sink, void *context, struct err *e)
{
	struct row *rows = collect_rows(l, f);
	struct remote batch[BATCH];
	size_t count = csv_rows(f->sheet), filled = 0;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (!rows[i].id)
			continue;
		csv_row_fill(l, f, i, &batch[filled++]);
		if (filled < BATCH)
			continue;
		r = send_batch(&l->base, batch, filled, sink, context, e);
		filled = 0;
	}
	if (r == 0)
		r = send_batch(&l->base, batch, filled, sink, context, e);
	free_rows(rows, count);
	return r;
}

static int list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink,
	void *context, char **ret_cursor, _Bool *ret_complete, struct err *e)
{
	struct csv_file *f = &csv_link(link)->files[type];
	_cleanup_(mem_freep) char *now = NULL;
	_Bool changed;
	int r;

	/* A kill may have left what somebody was saving at that moment. */
	if (!f->listed)
		file_clear_leftovers(f->path);
	r = csv_file_load(csv_link(link), f, e);
	if (r < 0)
		return r;
	now = str_format("%016" PRIx64 "-%016" PRIx64, f->hash, f->meaning);
	/* Bytes that were listed before are news when something was written since: somebody has put them back. */
	changed = !f->listed || !str_equal(cursor, now);
	if (changed)
		r = send_rows(csv_link(link), f, sink, context, e);
	if (r < 0)
		return r;
	f->listed = 1;
	*ret_complete = changed;
	*ret_cursor = now;
	now = NULL;
	return 0;
}

/* ---- one record ---- */

static int get(struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	struct csv_file *f;
	size_t row;
	int r = load_row(link, type, id, &f, &row, e);

	if (r < 0)
		return r;
	csv_row_fill(csv_link(link), f, row, ret);
	str_set(&f->got_id, id);
	str_set(&f->got_raw, ret->raw);
	return 0;
}

/* Whether somebody has changed the row since it was asked for: what is about to be written knows nothing of that. */
static _Bool is_other(struct csv_link *l, const struct csv_file *f, const char *id, size_t row)
{
	struct remote now = {0};
	_Bool other;

	if (!f->got_id || strcmp(f->got_id, id) != 0)
		return 0;
	csv_row_fill(l, f, row, &now);
	other = strcmp(now.raw, f->got_raw) != 0;
	remote_finish(&now);
	return other;
}

/* Saves a row that was written, after a look whether its id is its own. */
static int save_row(struct csv_link *l, struct csv_file *f, size_t row, struct remote *ret, struct err *e)
{
	const struct field *key = type_key(f->map.type);
	_cleanup_(mem_freep) char *id = csv_row_id(f, row);
	size_t first = row;
	int r = 0;

	if (!id)
		r = err_field(e, EINVAL, key->name,
			"a row of %s needs a %s: nothing else tells it from others", f->map.file, key->name);
	else if (csv_row_find(f, id, &first) == 0 && first != row)
		r = err_field(e, EEXIST, key->name, "%s already has a row %s", f->map.file, id);
	if (r < 0) {
		csv_file_forget(f);
		return r;
	}
	r = about_file(csv_file_save(f, e), e);
	if (r == 0)
		csv_row_fill(l, f, row, ret);
	return r;
}

static int create(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
	struct remote *ret, struct err *e)
{
	struct csv_link *l = csv_link(link);
	struct csv_file *f;
	size_t row;
	int r = load_for_record(link, type, &f, e);

	if (r < 0)
		return r;
	row = csv_add_row(f->sheet);
	if (f->map.id_at >= 0) {
		_cleanup_(mem_freep) char *id = csv_row_next_id(f, key);

		csv_set(f->sheet, row, (size_t)f->map.id_at, id);
	}
	r = csv_row_write(l, f, row, doc, NULL, e);
	return r < 0 ? r : save_row(l, f, row, ret, e);
}

/* The last row of these values, or only of that name; -ENOENT: there is none. */
static int find_values(
	const struct csv_link *l, const struct csv_file *f, const cJSON *doc, _Bool key_only, size_t *ret)
{
	for (size_t i = csv_rows(f->sheet); i > 0; i--) {
		_cleanup_(mem_freep) char *id = csv_row_id(f, i - 1);

		*ret = i - 1;
		if (id && csv_row_equals(l, f, *ret, doc, key_only))
			return 0;
	}
	return -ENOENT;
}

/*
 * The row that create() made has the key as its id, or, where ids are numbers, the doc's values; somebody may have changed
 * some of them since. Of several it is the last one, for create() appends; in a file that nobody wrote since then it is none.
 */
static int find(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key, int64_t sent_ms,
	struct remote *ret, struct err *e)
{
	struct csv_link *l = csv_link(link);
	struct csv_file *f;
	size_t row;
	int r = load_for_record(link, type, &f, e);

	if (r < 0)
		return r;
	if ((f->stat.st_mtim.tv_sec + 1) * 1000 + CLOCK_SLACK_MS < sent_ms)
		return err_set(e, ENOENT, "%s was not written since then", f->map.file);
	r = csv_row_find(f, key, &row);
	if (r < 0)
		r = find_values(l, f, doc, 0, &row);
	/* Two hours of work may have the same summary; two clients of one name are one, or nobody could tell them apart. */
	if (r < 0 && (f->map.type->match || (type_key(f->map.type)->flags & FIELD_UNIQUE)))
		r = find_values(l, f, doc, 1, &row);
	if (r < 0)
		return err_set(e, ENOENT, "%s has no such row", f->map.file);
	csv_row_fill(l, f, row, ret);
	return 0;
}

static int update(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
	const cJSON *base, struct remote *ret, struct err *e)
{
	struct csv_link *l = csv_link(link);
	struct csv_file *f;
	size_t row;
	int r = load_row(link, type, id, &f, &row, e);

	if (r < 0)
		return r;
	if (is_other(l, f, id, row))
		return csv_overtaken(f, e);
	r = csv_row_write(l, f, row, changes, base, e);
	if (r < 0)
		return r;
	if (r == 0) {
		csv_row_fill(l, f, row, ret);
		return 0;
	}
	csv_row_keep_id(f, row, id);
	return save_row(l, f, row, ret, e);
}

static int remove_row(struct tool_link *link, enum type_id type, const char *id, struct err *e)
{
	struct csv_file *f;
	size_t row;
	int r = load_row(link, type, id, &f, &row, e);

	if (r < 0)
		return r;
	if (is_other(csv_link(link), f, id, row))
		return csv_overtaken(f, e);
	csv_remove_row(f->sheet, row);
	return about_file(csv_file_save(f, e), e);
}

/* ---- watching ---- */

/* Folders are watched, not files: those are replaced by rename. */
static void add_watches(struct csv_link *l)
{
	const uint32_t mask =
		IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;

	for (int type = 0; type < TYPE_COUNT; type++) {
		struct csv_file *f = &l->files[type];
		_cleanup_(mem_freep) char *dir = f->map.type ? path_dir(f->path) : NULL;

		if (!dir)
			continue;
		f->watch = inotify_add_watch(l->inotify, dir, mask);
		if (f->watch < 0)
			csv_warn(
				l, "cannot watch %s: %s; changes are found by looking", dir, strerror(errno));
	}
}

static int watch_fd(struct tool_link *link)
{
	struct csv_link *l = csv_link(link);

	if (l->inotify < 0) {
		l->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (l->inotify < 0)
			return -1;
		add_watches(l);
	}
	return l->inotify;
}

static _Bool concerns(void *context, const struct inotify_event *event)
{
	struct csv_link *l = context;

	if (event->mask & IN_Q_OVERFLOW)
		return 1;
	/* The folder is gone; perhaps there is a new one. */
	if (event->mask & IN_IGNORED) {
		add_watches(l);
		return 1;
	}
	for (int type = 0; type < TYPE_COUNT; type++) {
		const struct csv_file *f = &l->files[type];

		if (f->map.type && event->len && f->watch == event->wd &&
			(strcmp(event->name, path_base(f->path)) == 0 ||
				strcmp(event->name, path_base(f->lock)) == 0))
			return 1;
	}
	return 0;
}

static _Bool watch_drain(struct tool_link *link)
{
	return driver_drain(csv_link(link)->inotify, concerns, link);
}

/* ---- opening ---- */

static void close_link(struct tool_link *link)
{
	struct csv_link *l = csv_link(link);

	for (int type = 0; type < TYPE_COUNT; type++) {
		csv_file_forget(&l->files[type]);
		free(l->files[type].path);
		free(l->files[type].lock);
		free(l->files[type].got_id);
		free(l->files[type].got_raw);
	}
	fd_closep(&l->inotify);
	free(l->currency);
	free(l);
}

static const struct connector_ops ops = {
	.check = check,
	.list = list,
	.get = get,
	.create = create,
	.find = find,
	.update = update,
	.remove = remove_row,
	.watch_fd = watch_fd,
	.watch_drain = watch_drain,
	.close = close_link,
};

static int open_type(struct csv_link *l, const cJSON *config, const struct tool_setup *setup, struct err *e)
{
	_cleanup_(mem_freep) char *types = driver_pointer("", "types");
	_cleanup_(mem_freep) char *pointer = driver_pointer(types, config->string);
	_cleanup_(mem_freep) char *path = NULL, *dir = NULL, *text = NULL;
	const struct type *type = type_by_name(config->string);
	struct csv_file *f;
	int r;

	if (!type)
		return driver_bad(e, pointer, "there is no type \"%s\"", config->string);
	f = &l->files[type->id];
	r = csv_map_read(type, config, pointer, &f->map, e);
	if (r < 0)
		return r;
	path = path_join(setup->base_dir, f->map.file);
	/* A link is followed, so that writing replaces the file and not the link. */
	f->path = realpath(path, NULL);
	if (!f->path)
		f->path = str_dup(path);
	dir = path_dir(f->path);
	f->lock = str_format("%s/.~lock.%s#", dir, path_base(f->path));
	text = json_print(config);
	f->meaning = csv_hash(csv_hash(CSV_HASH_START, text, strlen(text)), l->currency, strlen(l->currency));
	csv_map_capability(&f->map, &l->base.capabilities[type->id]);
	/* Which columns there are decides what the tool can do. What is wrong is said when it is used. */
	if (f->map.same && access(f->path, R_OK) == 0)
		csv_file_load(l, f, NULL);
	return 0;
}

int csv_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	static const char *const keys[] = {"types", NULL};
	const cJSON *types = json_get(setup->config, "types"), *config;
	struct csv_link *l;
	int r = driver_keys(setup->config, "", keys, e);

	if (r < 0)
		return r;
	if (!cJSON_IsObject(types) || !types->child)
		return driver_bad(e, "/types", "\"types\" has to be an object with a CSV file for each type");
	l = mem_alloc(sizeof(*l));
	l->base = (struct tool_link){.ops = &ops, .name = setup->name, .stop = setup->stop};
	l->currency = str_dup(setup->currency);
	l->inotify = -1;
	cJSON_ArrayForEach (config, types) {
		r = open_type(l, config, setup, e);
		if (r < 0) {
			close_link(&l->base);
			return r;
		}
	}
	*ret = &l->base;
	return 0;
}
