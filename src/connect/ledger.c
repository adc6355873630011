/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "connect/drivers.h"
#include "connect/ledger_link.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { BATCH = 256 };

static struct ledger_link *ledger_link(struct tool_link *link)
{
	return (struct ledger_link *)link;
}

/* In calls about one record -ENOENT says that the record is gone, which must not be believed because the file is. */
static int load_for_record(struct ledger_link *l, struct err *e)
{
	int r = ledger_load(l, e);

	if (r != -ENOENT)
		return r;
	if (e)
		e->code = EIO;
	return -EIO;
}

static int load_record(struct ledger_link *l, enum type_id type, const char *id,
	const struct ledger_key **ret, struct err *e)
{
	int r = load_for_record(l, e);

	if (r < 0)
		return r;
	*ret = ledger_find(l, type, id);
	if (!*ret)
		r = err_set(e, ENOENT, "%s has no transaction with the tag \"" JOURNAL_TAG ": %s/%s\"",
			path_base(l->path), type_get(type)->name, id);
	return r;
}

/* What stands in the file, as it is. */
static char *raw_of(const struct ledger_link *l, const struct ledger_key *at)
{
	const struct journal_block *b = ledger_block(l, at);
	const struct ledger_file *f = &l->files[at->file];
	_cleanup_(mem_freep) char *text = mem_dup(f->text + b->start, b->end - b->start);
	_cleanup_json_ cJSON *raw = cJSON_CreateObject();

	json_set_text(raw, "file", path_base(f->path));
	json_set_text(raw, "text", text);
	return json_print(raw);
}

static void fill(
	const struct ledger_link *l, enum type_id type, const struct ledger_key *at, struct remote *ret)
{
	const cJSON *transaction = ledger_block(l, at)->transaction;
	enum type_id its;

	*ret = (struct remote){.id = str_dup(books_id(transaction, &its)),
		.doc = books_doc(&l->books, type, transaction),
		.raw = raw_of(l, at)};
}

static int check(struct tool_link *link, char **ret_text, struct err *e)
{
	struct ledger_link *l = ledger_link(link);
	size_t ours = 0;
	int r = ledger_load(l, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l->count; i++)
		ours += l->files[i].journal.count;
	*ret_text = str_format("%s: %zu file%s, %zu transactions of ours", path_base(l->path), l->count,
		l->count == 1 ? "" : "s", ours);
	return 0;
}

/* ---- listing ---- */

struct lister {
	struct ledger_link *l;
	enum type_id type;
	remote_sink sink;
	void *context;
	struct remote batch[BATCH];
	size_t filled;
};

static int flush(struct lister *x, struct err *e)
{
	int r = driver_stopped(&x->l->base, e) ? -ECANCELED : 0;

	if (r == 0 && x->filled)
		r = x->sink(x->context, x->batch, x->filled);
	for (size_t i = 0; i < x->filled; i++)
		remote_finish(&x->batch[i]);
	x->filled = 0;
	return r;
}

/* Of transactions of one record the first is the record's. */
static int list_all(struct lister *x, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < x->l->key_count && r == 0; i++) {
		const struct ledger_key *k = &x->l->keys[i];

		if (k->type != x->type || (i && ledger_same(k, k - 1)))
			continue;
		fill(x->l, x->type, k, &x->batch[x->filled++]);
		if (x->filled == BATCH)
			r = flush(x, e);
	}
	return r < 0 ? r : flush(x, e);
}

static char *cursor_of(const struct ledger_link *l)
{
	uint64_t hash = LEDGER_HASH_START;

	for (size_t i = 0; i < l->count; i++) {
		hash = ledger_hash(hash, l->files[i].path, strlen(l->files[i].path) + 1);
		hash = ledger_hash(hash, l->files[i].text, l->files[i].len);
	}
	return str_format("%016" PRIx64 "-%016" PRIx64, hash, l->meaning);
}

static int list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink,
	void *context, char **ret_cursor, _Bool *ret_complete, struct err *e)
{
	struct lister x = {.l = ledger_link(link), .type = type, .sink = sink, .context = context};
	_cleanup_(mem_freep) char *now = NULL;
	_Bool changed;
	int r = ledger_load(x.l, e);

	if (r < 0)
		return r;
	now = cursor_of(x.l);
	/* Bytes that were listed before are news when something was written since: somebody has put them back. */
	changed = !x.l->listed[type] || !str_equal(cursor, now);
	if (changed)
		r = list_all(&x, e);
	if (r < 0)
		return r;
	x.l->listed[type] = 1;
	*ret_complete = changed;
	*ret_cursor = now;
	now = NULL;
	return 0;
}

/* ---- one record ---- */

static int get(struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	struct ledger_link *l = ledger_link(link);
	const struct ledger_key *at;
	int r = load_record(l, type, id, &at, e);

	if (r < 0)
		return r;
	fill(l, type, at, ret);
	str_set(&l->got_id, id);
	str_set(&l->got_raw, ret->raw);
	return 0;
}

/* Whether somebody has changed it since it was asked for: what is about to be written knows nothing of that. */
static _Bool is_other(const struct ledger_link *l, const char *id, const struct ledger_key *at)
{
	_cleanup_(mem_freep) char *now = raw_of(l, at);

	return l->got_id && strcmp(l->got_id, id) == 0 && strcmp(now, l->got_raw) != 0;
}

static int overtaken(const struct ledger_link *l, struct err *e)
{
	err_set(e, EAGAIN, "%s was changed by another program at this moment", path_base(l->path));
	if (e)
		e->retry = ERR_NOW;
	return -EAGAIN;
}

static int read_back(
	struct ledger_link *l, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	const struct ledger_key *at;
	int r = load_record(l, type, id, &at, e);

	if (r == 0)
		fill(l, type, at, ret);
	return r;
}

static int create(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
	struct remote *ret, struct err *e)
{
	struct ledger_link *l = ledger_link(link);
	_cleanup_json_ cJSON *transaction = NULL;
	_cleanup_(mem_freep) char *path = NULL;
	struct buf b = BUF_INIT(BUF_MAX_RECORD);
	_Bool counts;
	int r = load_for_record(l, e);

	if (r == 0 && !ledger_find(l, type, key)) {
		r = books_transaction(&l->books, type, key, doc, NULL, &transaction, &counts, e);
		if (r < 0)
			return r;
		path = ledger_path_for(l, json_get_text(transaction, "date"));
		journal_print(&b, transaction, l->books.syntax, counts, ledger_line_end(l, path));
		r = ledger_append(l, path, buf_text(&b), b.len, e);
		buf_finish(&b);
	}
	return r < 0 ? r : read_back(l, type, key, ret, e);
}

static int find(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key, int64_t sent_ms,
	struct remote *ret, struct err *e)
{
	return read_back(ledger_link(link), type, key, ret, e);
}

/* The record that is there with what changes. -EPERM where a person has made more of it than a record can hold. */
static int changed_doc(const struct ledger_link *l, enum type_id type, const struct ledger_key *at,
	const cJSON *changes, cJSON **ret, struct err *e)
{
	const struct journal_block *block = ledger_block(l, at);
	cJSON *doc = books_doc(&l->books, type, block->transaction);
	const cJSON *item;

	if (!json_get(doc, "currency")) {
		cJSON_Delete(doc);
		return err_set(e, EPERM,
			"%s line %u has amounts that were written by hand and that a record cannot hold: "
			"change it there",
			path_base(l->files[at->file].path), block->line);
	}
	cJSON_ArrayForEach (item, changes)
		json_set(doc, item->string, cJSON_Duplicate(item, 1));
	*ret = doc;
	return 0;
}

/* Removes the record's transactions, but not the first of the file at @keep, where there is one there. */
static int remove_others(
	struct ledger_link *l, enum type_id type, const char *id, const char *keep, struct err *e)
{
	for (;;) {
		const struct ledger_key *at = ledger_find(l, type, id), *end = l->keys + l->key_count;
		int r;

		if (at && keep && strcmp(l->files[at->file].path, keep) == 0)
			at = at + 1 < end && ledger_same(at, at + 1) ? at + 1 : NULL;
		if (!at)
			return 0;
		r = ledger_replace(l, at, "", 0, e);
		if (r == 0)
			r = load_for_record(l, e);
		if (r < 0)
			return r;
	}
}

/* Writes it where it stands or, when its year is another one, there first and then takes it away here: it is never gone. */
static int put(struct ledger_link *l, enum type_id type, const char *id, const struct ledger_key *at,
	const cJSON *transaction, _Bool counts, struct err *e)
{
	_cleanup_(mem_freep) char *path = ledger_path_for(l, json_get_text(transaction, "date"));
	const struct journal_block *block = ledger_block(l, at);
	const struct ledger_file *f = &l->files[at->file];
	struct buf b = BUF_INIT(BUF_MAX_RECORD);
	int r = 0;

	journal_print(&b, transaction, l->books.syntax, counts, ledger_line_end(l, path));
	if (!strstr(l->path, LEDGER_YEAR) || strcmp(path, f->path) == 0) {
		if (b.len != block->end - block->start ||
			memcmp(buf_text(&b), f->text + block->start, b.len) != 0)
			r = ledger_replace(l, at, buf_text(&b), b.len, e);
	} else {
		r = ledger_append(l, path, buf_text(&b), b.len, e);
		if (r == 0)
			r = load_for_record(l, e);
		if (r == 0)
			r = remove_others(l, type, id, path, e);
	}
	buf_finish(&b);
	return r;
}

static int update(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
	const cJSON *base, struct remote *ret, struct err *e)
{
	struct ledger_link *l = ledger_link(link);
	_cleanup_json_ cJSON *doc = NULL, *transaction = NULL;
	const struct ledger_key *at;
	_Bool counts;
	int r = load_record(l, type, id, &at, e);

	if (r < 0)
		return r;
	if (is_other(l, id, at))
		return overtaken(l, e);
	r = changed_doc(l, type, at, changes, &doc, e);
	if (r == 0)
		r = books_transaction(
			&l->books, type, id, doc, ledger_block(l, at)->transaction, &transaction, &counts, e);
	if (r == 0)
		r = put(l, type, id, at, transaction, counts, e);
	return r < 0 ? r : read_back(l, type, id, ret, e);
}

static int remove_record(struct tool_link *link, enum type_id type, const char *id, struct err *e)
{
	struct ledger_link *l = ledger_link(link);
	const struct ledger_key *at;
	int r = load_record(l, type, id, &at, e);

	if (r < 0)
		return r;
	return is_other(l, id, at) ? overtaken(l, e) : remove_others(l, type, id, NULL, e);
}

/* ---- watching ---- */

/* The folder is watched, not the files: those are replaced by rename. */
static void add_watch(struct ledger_link *l)
{
	const uint32_t mask =
		IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;
	_cleanup_(mem_freep) char *dir = path_dir(l->path);

	l->watch = inotify_add_watch(l->inotify, dir, mask);
}

static int watch_fd(struct tool_link *link)
{
	struct ledger_link *l = ledger_link(link);

	if (l->inotify < 0) {
		l->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (l->inotify >= 0)
			add_watch(l);
	}
	return l->inotify;
}

static _Bool concerns(void *context, const struct inotify_event *event)
{
	struct ledger_link *l = context;

	/* The folder is gone; perhaps there is a new one. */
	if (event->mask & IN_IGNORED)
		add_watch(l);
	return (event->mask & (IN_Q_OVERFLOW | IN_IGNORED)) || (event->len && ledger_is_ours(l, event->name));
}

static _Bool watch_drain(struct tool_link *link)
{
	return driver_drain(ledger_link(link)->inotify, concerns, link);
}

/* ---- opening ---- */

static void close_link(struct tool_link *link)
{
	struct ledger_link *l = ledger_link(link);

	ledger_forget(l);
	fd_closep(&l->inotify);
	free(l->currency);
	free(l->path);
	free(l->got_id);
	free(l->got_raw);
	free(l);
}

static const struct connector_ops ops = {
	.check = check,
	.list = list,
	.get = get,
	.create = create,
	.find = find,
	.update = update,
	.remove = remove_record,
	.watch_fd = watch_fd,
	.watch_drain = watch_drain,
	.close = close_link,
};

static int open_books(struct ledger_link *l, const cJSON *config, struct err *e)
{
	const cJSON *accounts = json_get(config, "accounts");
	const char *syntax = json_get(config, "syntax") ? json_get_text(config, "syntax") : "hledger";
	int known = syntax ? journal_syntax_of(syntax) : -1;
	struct err why;

	if (known < 0)
		return driver_bad(
			e, "/syntax", "\"syntax\" has to be \"hledger\", \"ledger\" or \"beancount\"");
	if (accounts && !cJSON_IsObject(accounts))
		return driver_bad(e, "/accounts", "\"accounts\" has to be an object with names of accounts");
	if (books_read(accounts, (enum journal_syntax)known, l->currency, &l->books, &why) < 0)
		return driver_bad(e, "/accounts", "%s", why.text);
	return 0;
}

static int open_path(struct ledger_link *l, const struct tool_setup *setup, struct err *e)
{
	const char *file = json_get_text(setup->config, "file"), *year;
	const cJSON *create_it = json_get(setup->config, "create");

	if (!file || !*file)
		return driver_bad(e, "/file",
			"\"file\" has to be the journal, for example \"books/" LEDGER_YEAR ".journal\"");
	if (create_it && !cJSON_IsBool(create_it))
		return driver_bad(e, "/create", "\"create\" has to be true or false");
	year = strstr(file, LEDGER_YEAR);
	if (year && strchr(year, '/'))
		return driver_bad(e, "/file", LEDGER_YEAR " can only be in the file's own name");
	l->path = path_join(setup->base_dir, file);
	l->create = cJSON_IsTrue(create_it);
	return 0;
}

int ledger_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	static const char *const keys[] = {"file", "create", "syntax", "accounts", NULL};
	_cleanup_(mem_freep) char *text = json_print(setup->config);
	struct ledger_link *l = mem_alloc(sizeof(*l));
	int r = driver_keys(setup->config, "", keys, e);

	l->base = (struct tool_link){.ops = &ops, .name = setup->name, .stop = setup->stop};
	l->currency = str_dup(setup->currency);
	l->inotify = l->watch = -1;
	l->meaning = ledger_hash(
		ledger_hash(LEDGER_HASH_START, text, strlen(text)), l->currency, strlen(l->currency));
	if (r == 0)
		r = open_path(l, setup, e);
	if (r == 0)
		r = open_books(l, setup->config, e);
	if (r < 0) {
		close_link(&l->base);
		return r;
	}
	for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++) {
		uint64_t fields = books_holds((enum type_id)type);

		if (fields)
			l->base.capabilities[type] = (struct capability){.type = (enum type_id)type,
				.reads = fields,
				.writes = fields,
				.creates = fields,
				.removes = REMOVE_ERASE,
				.scans = 1};
	}
	*ret = &l->base;
	return 0;
}
