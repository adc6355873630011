/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "connect/csv_link.h"
#include "connect/drivers.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

/* FNV-1a */
uint64_t csv_hash(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3;
	return hash;
}

void csv_warn(struct csv_link *l, const char *format, ...)
{
	_cleanup_(mem_freep) char *text = NULL;
	uint64_t hash;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	hash = csv_hash(CSV_HASH_START, text, strlen(text));
	for (size_t i = 0; i < l->warned_count; i++) {
		if (l->warned[i] == hash)
			return;
	}
	if (l->warned_count == CSV_MAX_WARNINGS)
		return;
	l->warned[l->warned_count++] = hash;
	log_warning("csv", "%s: %s%s", l->base.name, text,
		l->warned_count == CSV_MAX_WARNINGS ? " (no more such warnings are logged)" : "");
}

void csv_file_forget(struct csv_file *f)
{
	csv_free(f->sheet);
	f->sheet = NULL;
	free(f->repeated);
	f->repeated = NULL;
}

/* A new file with nothing but a header. */
static int make_file(const struct csv_file *f, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r;

	if (f->map.id)
		csv_quote(&b, f->map.id, ',');
	for (size_t i = 0; i < f->map.count; i++) {
		if (b.len)
			buf_putc(&b, ',');
		csv_quote(&b, f->map.fields[i].column, ',');
	}
	buf_putc(&b, '\n');
	r = file_replace(f->path, buf_text(&b), b.len, 0600, e);
	buf_finish(&b);
	return r;
}

/* Opens it, as @ret_stat describes it. Returns a descriptor or -errno. */
static int open_file(const struct csv_file *f, struct stat *ret_stat, struct err *e)
{
	/* Not blocking: a path that names a pipe must not hang. */
	const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
	int fd = open(f->path, flags), r;

	if (fd < 0 && errno == ENOENT && f->map.create) {
		r = make_file(f, e);
		if (r < 0)
			return driver_whole(e, r);
		fd = open(f->path, flags);
	}
	if (fd < 0 || fstat(fd, ret_stat) < 0) {
		r = err_set(e, errno, "cannot open %s: %s", f->path, strerror(errno));
		fd_closep(&fd);
		return driver_whole(e, r);
	}
	if (!S_ISREG(ret_stat->st_mode)) {
		fd_closep(&fd);
		return driver_whole(e, err_set(e, EINVAL, "%s is no file", f->path));
	}
	return fd;
}

static int read_bytes(
	const struct csv_file *f, int fd, const struct stat *before, struct buf *b, struct err *e)
{
	struct stat after;
	int r = file_read_fd(fd, b);

	if (r == -E2BIG)
		err_set(e, E2BIG, "%s is larger than %zu MiB, the limit for a sheet", f->map.file,
			b->max >> 20);
	else if (r < 0 || fstat(fd, &after) < 0)
		r = err_set(e, r < 0 ? -r : errno, "cannot read %s", f->path);
	else if (!file_same_stat(before, &after))
		r = err_set(e, EAGAIN, "%s is being written at this moment", f->map.file);
	return r;
}

/* Makes a sheet of the file's bytes. */
static int parse(struct csv_link *l, struct csv_file *f, const struct buf *b, struct err *e)
{
	_cleanup_(csv_freep) struct csv_sheet *sheet = NULL;
	int r;

	csv_file_forget(f);
	r = csv_parse(buf_text(b), b->len, &sheet, e);
	if (r < 0) {
		err_prefix(e, f->map.file);
		return r;
	}
	r = csv_map_bind(&f->map, sheet, e);
	if (r < 0)
		return r;
	f->repeated = mem_alloc(csv_columns(sheet) * sizeof(*f->repeated));
	for (size_t c = 0; c < csv_columns(sheet); c++)
		f->repeated[c] = csv_column(sheet, csv_header(sheet, c)) != (int)c;
	f->sheet = sheet;
	sheet = NULL;
	csv_map_capability(&f->map, &l->base.capabilities[f->map.type->id]);
	return 0;
}

int csv_file_load(struct csv_link *l, struct csv_file *f, struct err *e)
{
	struct stat now;
	_cleanup_(fd_closep) int fd = open_file(f, &now, e);
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	uint64_t hash;
	int r;

	if (fd < 0)
		return fd;
	if (f->sheet && f->settled && file_same_stat(&now, &f->stat))
		return 0;
	r = read_bytes(f, fd, &now, &b, e);
	hash = csv_hash(CSV_HASH_START, buf_text(&b), b.len);
	if (r == 0 && (!f->sheet || hash != f->hash))
		r = parse(l, f, &b, e);
	buf_finish(&b);
	if (r < 0)
		return driver_whole(e, r);
	f->hash = hash;
	f->stat = now;
	f->settled = file_settled(&now);
	return 0;
}

int csv_overtaken(const struct csv_file *f, struct err *e)
{
	err_set(e, EAGAIN, "%s was changed by another program at this moment", f->map.file);
	if (e) {
		e->retry = ERR_LATER;
		e->retry_at_ms = clock_now_ms();
	}
	return -EAGAIN;
}

/* What other programs do while the new file is written would be lost without a trace. */
static int may_replace(void *context, const char *old, struct err *e)
{
	const struct csv_file *f = context;
	struct stat now;

	if (access(f->lock, F_OK) == 0)
		return driver_whole(
			e, err_set(e, EAGAIN,
				   "%s is open in LibreOffice; the change is written when it is closed",
				   f->map.file));
	/* Its ctime changes when it is moved out of the way. */
	if (stat(old, &now) < 0 || now.st_ino != f->stat.st_ino || now.st_size != f->stat.st_size ||
		!file_same_time(&now.st_mtim, &f->stat.st_mtim))
		return csv_overtaken(f, e);
	return 0;
}

/* A sheet that we may not write does not become writable by waiting: whoever saves is told. */
static int unwritten(const struct csv_file *f, int r, struct err *e)
{
	if (r == -EBUSY)
		err_set(e, EBUSY,
			"%s is open for writing in another program; the change is written when it is closed",
			f->map.file);
	if (r != -EROFS && r != -EACCES && r != -EPERM)
		return driver_whole(e, r);
	return err_set(e, EROFS,
		"%s cannot be written (%s): make it and its folder writable, or change it there", f->map.file,
		strerror(-r));
}

int csv_file_save(struct csv_file *f, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r = may_replace(f, f->path, e);

	if (r < 0) {
		csv_file_forget(f);
		return r;
	}
	file_clear_leftovers(f->path);
	if (access(f->path, W_OK) < 0)
		r = err_set(e, errno, "cannot write %s: %s", f->path, strerror(errno));
	else if (csv_print(f->sheet, &b) < 0)
		r = err_set(e, E2BIG, "%s would be larger than %zu MiB, the limit for a sheet", f->map.file,
			b.max >> 20);
	else
		r = file_replace_if(f->path, buf_text(&b), b.len, 0600, may_replace, f, e);
	f->hash = csv_hash(CSV_HASH_START, buf_text(&b), b.len);
	f->settled = 0;
	f->listed = 0;
	buf_finish(&b);
	if (r == 0)
		return 0;
	csv_file_forget(f);
	return r == -EAGAIN ? r : unwritten(f, r, e);
}
