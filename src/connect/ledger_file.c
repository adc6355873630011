/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "connect/drivers.h"
#include "connect/ledger_link.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { YEAR_DIGITS = 4 };

/* FNV-1a */
uint64_t ledger_hash(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3;
	return hash;
}

static void forget_file(struct ledger_file *f)
{
	journal_finish(&f->journal);
	free(f->text);
	f->text = NULL;
	f->len = 0;
}

void ledger_forget(struct ledger_link *l)
{
	for (size_t i = 0; i < l->count; i++) {
		forget_file(&l->files[i]);
		free(l->files[i].path);
	}
	free(l->files);
	free(l->keys);
	l->files = NULL;
	l->keys = NULL;
	l->count = l->key_count = 0;
}

/* ---- which files there are ---- */

_Bool ledger_is_ours(const struct ledger_link *l, const char *name)
{
	const char *base = path_base(l->path), *year = strstr(base, LEDGER_YEAR);
	size_t before = year ? (size_t)(year - base) : 0;

	if (!year)
		return strcmp(base, name) == 0;
	return strncmp(name, base, before) == 0 && strspn(name + before, "0123456789") == YEAR_DIGITS &&
	       strcmp(name + before + YEAR_DIGITS, year + strlen(LEDGER_YEAR)) == 0;
}

char *ledger_path_for(const struct ledger_link *l, const char *date)
{
	const char *year = strstr(l->path, LEDGER_YEAR);
	char today[CLOCK_UTC_SIZE];

	if (!year)
		return str_dup(l->path);
	if (!date)
		date = clock_format_utc(clock_now_ms(), today);
	return str_format(
		"%.*s%.*s%s", (int)(year - l->path), l->path, YEAR_DIGITS, date, year + strlen(LEDGER_YEAR));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct ledger_file *)a)->path, ((const struct ledger_file *)b)->path);
}

static struct ledger_file *file_at(const struct ledger_link *l, const char *path)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->files[i].path, path) == 0)
			return &l->files[i];
	}
	return NULL;
}

static void add_file(struct ledger_link *l, const char *path)
{
	if (file_at(l, path))
		return;
	l->files = mem_grow(l->files, l->count + 1, sizeof(*l->files));
	l->files[l->count++] = (struct ledger_file){.path = str_dup(path)};
	qsort(l->files, l->count, sizeof(*l->files), by_path);
}

static void drop_files(struct ledger_link *l)
{
	for (size_t i = l->count; i > 0; i--) {
		if (access(l->files[i - 1].path, F_OK) == 0)
			continue;
		forget_file(&l->files[i - 1]);
		free(l->files[i - 1].path);
		memmove(&l->files[i - 1], &l->files[i], (l->count - i) * sizeof(*l->files));
		l->count--;
		l->changed = 1;
	}
}

static int find_files(struct ledger_link *l, struct err *e)
{
	_cleanup_(mem_freep) char *folder = path_dir(l->path);
	struct dirent *entry;
	DIR *dir;

	drop_files(l);
	if (!strstr(l->path, LEDGER_YEAR)) {
		if (access(l->path, F_OK) < 0 && l->create)
			return ledger_append(l, l->path, "", 0, e);
		add_file(l, l->path);
		return 0;
	}
	dir = opendir(folder);
	if (!dir)
		return driver_whole(e, err_set(e, errno, "cannot open %s: %s", folder, strerror(errno)));
	while ((entry = readdir(dir))) {
		_cleanup_(mem_freep) char *path = path_join(folder, entry->d_name);

		if (ledger_is_ours(l, entry->d_name))
			add_file(l, path);
	}
	closedir(dir);
	return 0;
}

/* ---- reading ---- */

static int by_record(const void *a, const void *b)
{
	const struct ledger_key *x = a, *y = b;
	int order = x->type != y->type ? (x->type < y->type ? -1 : 1) : strcmp(x->id, y->id);

	if (order)
		return order;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->block < y->block ? -1 : x->block > y->block;
}

_Bool ledger_same(const struct ledger_key *a, const struct ledger_key *b)
{
	return a->type == b->type && strcmp(a->id, b->id) == 0;
}

const struct ledger_key *ledger_find(const struct ledger_link *l, enum type_id type, const char *id)
{
	const struct ledger_key wanted = {type, id, 0, 0};
	size_t low = 0, high = l->key_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_record(&l->keys[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->key_count && ledger_same(&l->keys[low], &wanted) ? &l->keys[low] : NULL;
}

/* A record has one transaction; a second one, and one that says more than a record can hold, are told of. */
static void tell_of(const struct ledger_link *l)
{
	for (size_t i = 0; i < l->key_count; i++) {
		const struct ledger_key *k = &l->keys[i];
		const struct journal_block *b = ledger_block(l, k);
		const char *file = path_base(l->files[k->file].path);

		if (i && ledger_same(k, k - 1))
			log_warning("ledger",
				"%s: %s line %u: %s/%s has a transaction in %s line %u, too; that one counts",
				l->base.name, file, b->line, type_get(k->type)->name, k->id,
				path_base(l->files[k[-1].file].path), ledger_block(l, k - 1)->line);
		else if (!json_get(b->transaction, "postings"))
			log_warning("ledger",
				"%s: %s line %u: these amounts are more than a record can hold; they stay as "
				"they are",
				l->base.name, file, b->line);
	}
}

static void make_keys(struct ledger_link *l)
{
	size_t all = 0;

	for (size_t i = 0; i < l->count; i++)
		all += l->files[i].journal.count;
	l->keys = mem_grow(l->keys, all + 1, sizeof(*l->keys));
	l->key_count = 0;
	for (size_t i = 0; i < l->count; i++) {
		for (size_t j = 0; j < l->files[i].journal.count; j++) {
			const struct journal_block *b = &l->files[i].journal.blocks[j];
			struct ledger_key k = {.file = i, .block = j};

			k.id = books_id(b->transaction, &k.type);
			if (k.id)
				l->keys[l->key_count++] = k;
			else
				log_warning("ledger", "%s: %s line %u: the tag \"%s\" names no record",
					l->base.name, path_base(l->files[i].path), b->line,
					journal_tag(b->transaction, JOURNAL_TAG));
		}
	}
	qsort(l->keys, l->key_count, sizeof(*l->keys), by_record);
	tell_of(l);
}

static int read_file(struct ledger_link *l, struct ledger_file *f, struct err *e)
{
	/* Not blocking: a path that names a pipe must not hang. */
	_cleanup_(fd_closep) int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	struct stat now, after;
	int r;

	if (fd < 0 || fstat(fd, &now) < 0)
		return err_set(e, errno, "cannot open %s: %s", f->path, strerror(errno));
	if (!S_ISREG(now.st_mode))
		return err_set(e, EINVAL, "%s is no file", f->path);
	if (f->text && f->settled && file_same_stat(&now, &f->stat))
		return 0;
	r = file_read_fd(fd, &b);
	if (r == 0 && (fstat(fd, &after) < 0 || !file_same_stat(&now, &after)))
		r = -EAGAIN;
	if (r < 0) {
		buf_finish(&b);
		return err_set(e, -r, r == -EAGAIN ? "%s is being written at this moment" : "cannot read %s",
			f->path);
	}
	if (!f->text || f->len != b.len || memcmp(f->text, buf_text(&b), b.len) != 0) {
		forget_file(f);
		f->len = b.len;
		f->text = buf_steal(&b);
		journal_parse(f->text, f->len, l->books.syntax, &f->journal);
		l->changed = 1;
	}
	buf_finish(&b);
	f->stat = now;
	f->settled = file_settled(&now);
	return 0;
}

int ledger_load(struct ledger_link *l, struct err *e)
{
	int r = find_files(l, e);

	for (size_t i = 0; i < l->count && r == 0; i++) {
		r = read_file(l, &l->files[i], e);
		if (r < 0)
			forget_file(&l->files[i]);
	}
	if (r < 0)
		return driver_whole(e, r);
	if (l->changed)
		make_keys(l);
	l->changed = 0;
	return 0;
}

/* ---- writing ---- */

/* What other programs do while the new file is written would be lost without a trace. */
static int may_replace(void *context, const char *old, struct err *e)
{
	const struct ledger_file *f = context;
	struct stat now;

	/* Its ctime changes when it is moved out of the way. */
	if (stat(old, &now) == 0 && now.st_ino == f->stat.st_ino && now.st_size == f->stat.st_size &&
		file_same_time(&now.st_mtim, &f->stat.st_mtim))
		return 0;
	err_set(e, EAGAIN, "%s was changed by another program at this moment", path_base(f->path));
	if (e) {
		e->retry = ERR_LATER;
		e->retry_at_ms = clock_now_ms();
	}
	return -EAGAIN;
}

static int put(struct ledger_link *l, struct ledger_file *f, const struct buf *b, struct err *e)
{
	int r = b->error ? err_set(e, E2BIG, "%s would be larger than %zu MiB, the limit for a journal",
				   path_base(f->path), b->max >> 20)
			 : may_replace(f, f->path, e);

	if (r == 0) {
		file_clear_leftovers(f->path);
		r = file_replace_if(f->path, buf_text(b), b->len, 0600, may_replace, f, e);
	}
	forget_file(f);
	l->changed = 1;
	memset(l->listed, 0, sizeof(l->listed));
	if (r == -EROFS || r == -EACCES || r == -EPERM)
		return err_set(e, EROFS, "%s cannot be written (%s): make it and its folder writable",
			f->path, strerror(-r));
	return r < 0 && r != -EAGAIN ? driver_whole(e, r) : r;
}

int ledger_replace(
	struct ledger_link *l, const struct ledger_key *at, const char *text, size_t len, struct err *e)
{
	struct ledger_file *f = &l->files[at->file];
	const struct journal_block *block = ledger_block(l, at);
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	size_t end = block->end;
	int r;

	/* The blank line behind what goes, goes with it. */
	if (!len && end < f->len && f->text[end] == '\n')
		end++;
	buf_add(&b, f->text, block->start);
	buf_add(&b, text, len);
	buf_add(&b, f->text + end, f->len - end);
	r = put(l, f, &b, e);
	buf_finish(&b);
	return r;
}

/* Empty, and only where there is none: somebody else may have made it at this moment. */
static int make_file(struct ledger_link *l, const char *path, struct err *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return driver_whole(e, err_set(e, errno == EEXIST ? EAGAIN : errno, "cannot make %s: %s",
					       path, strerror(errno)));
	add_file(l, path);
	return read_file(l, file_at(l, path), e);
}

/* What a new journal begins with. */
static const char *heading(const struct ledger_link *l)
{
	return l->books.syntax == JOURNAL_BEANCOUNT ? "plugin \"beancount.plugins.auto_accounts\"\n"
						    : "; The transactions with the tag \"" JOURNAL_TAG
						      "\" are kept by seamfs; all else is yours.\n";
}

const char *ledger_line_end(const struct ledger_link *l, const char *path)
{
	const struct ledger_file *f = file_at(l, path);
	const char *first = f && f->text ? memchr(f->text, '\n', f->len) : NULL;

	return first && first > f->text && first[-1] == '\r' ? "\r\n" : "\n";
}

int ledger_append(struct ledger_link *l, const char *path, const char *text, size_t len, struct err *e)
{
	const char *end = ledger_line_end(l, path);
	struct ledger_file *f = file_at(l, path);
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r = f ? 0 : make_file(l, path, e);

	if (r < 0 || !len)
		return r;
	f = file_at(l, path);
	buf_add(&b, f->text, f->len);
	if (!f->len)
		buf_puts(&b, heading(l));
	else if (f->text[f->len - 1] != '\n')
		buf_puts(&b, end);
	buf_puts(&b, end);
	buf_add(&b, text, len);
	r = put(l, f, &b, e);
	buf_finish(&b);
	return r;
}
