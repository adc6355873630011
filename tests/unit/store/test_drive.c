/* SPDX-License-Identifier: Apache-2.0 */
/* Documents against a drive in memory: what programs do to names here, what it is told, and what becomes of both. */
#include "seamfs/store/drive.h"

#include <errno.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "test.h"

enum { MOST = 400, NAMES = 6, ROUNDS = 300, STEPS = 25 };

static char folder[] = "/tmp/seamfs-drive-XXXXXX";
static struct store *store;
static int64_t tool;

/* ---- the drive: paths, each a folder or a file with bytes (a number) and an etag */

struct entry {
	char *path;
	_Bool folder;
	int bytes, etag;
};
static struct entry drive[MOST];
static size_t drive_count;
static int etags;
static char said[4000]; /* what it was told since the last look */

static struct entry *there(const char *path)
{
	for (size_t i = 0; i < drive_count; i++) {
		if (strcmp(drive[i].path, path) == 0)
			return &drive[i];
	}
	return NULL;
}

static _Bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static _Bool has_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? mem_dup(path, (size_t)(slash - path)) : NULL;
	const struct entry *e = dir ? there(dir) : NULL;

	free(dir);
	return !slash || (e && e->folder);
}

static void put(const char *path, _Bool is_folder, int bytes)
{
	struct entry *e = there(path);

	if (!e && drive_count < MOST) {
		e = &drive[drive_count++];
		*e = (struct entry){.path = str_dup(path)};
	}
	if (e) {
		e->folder = is_folder;
		e->bytes = bytes;
		e->etag = ++etags;
	}
}

static void drop(const char *gone)
{
	_cleanup_(mem_freep) char *path = str_dup(gone); /* it may be one of those that go */

	for (size_t i = 0; i < drive_count; i++) {
		if (strcmp(drive[i].path, path) != 0 && !is_below(drive[i].path, path))
			continue;
		free(drive[i].path);
		drive[i--] = drive[--drive_count];
	}
}

static void shift(const char *path, const char *to)
{
	for (size_t i = 0; i < drive_count; i++) {
		char *moved;

		if (strcmp(drive[i].path, path) != 0 && !is_below(drive[i].path, path))
			continue;
		moved = str_format("%s%s", to, drive[i].path + strlen(path));
		free(drive[i].path);
		drive[i].path = moved;
	}
}

/* ---- the bytes here, by row and version */

static struct {
	int64_t id, version;
	int bytes;
} here[100000];
static size_t here_count;

static int bytes_of(int64_t id, int64_t version)
{
	for (size_t i = here_count; i > 0; i--) {
		if (here[i - 1].id == id && here[i - 1].version == version)
			return here[i - 1].bytes;
	}
	return -1;
}

static void keep_bytes(int64_t id, int64_t version, int bytes)
{
	if (here_count == sizeof(here) / sizeof(here[0]))
		abort();
	here[here_count].id = id;
	here[here_count].version = version;
	here[here_count++].bytes = bytes;
}

/* What was written here and has neither reached the drive nor been written over or removed here: nobody may lose it. */
static struct {
	int64_t id;
	int bytes;
} owed[MOST];
static size_t owed_count;

static void settle(int64_t id, int bytes)
{
	for (size_t i = 0; i < owed_count; i++) {
		if (owed[i].id == id || owed[i].bytes == bytes)
			owed[i--] = owed[--owed_count];
	}
}

/* ---- acts of programs, each a transaction */

struct act {
	const char *path, *to;
	_Bool folder, open;
	int64_t id;
	const struct drive_task *task;
	struct drive_fact fact;
	int bytes;
	int64_t asked_ms;
	const uint8_t *seen;
	int result;
};

static int find(struct db *db, const char *path, int64_t *ret_parent, const char **ret_name, int64_t *ret)
{
	static char copy[1000];
	char *name, *rest;
	int64_t id = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	*ret_parent = 0;
	*ret = 0;
	for (name = strtok_r(copy, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
		*ret_parent = id;
		*ret_name = path + (name - copy);
		if (rest && *rest) {
			if (store_file_find(db, tool, id, name, &id) < 0)
				return -ENOENT;
		} else {
			return store_file_find(db, tool, id, name, ret) < 0 ? 1 : 0;
		}
	}
	return -EINVAL;
}

static int run_make(struct tx *tx, void *argument)
{
	struct act *a = argument;
	int64_t parent, id;
	const char *name;
	int r = find(tx->db, a->path, &parent, &name, &id);

	if (r < 0)
		return r;
	if (r == 0 && a->folder)
		return -EEXIST;
	if (r == 1)
		r = store_drive_make(tx, tool, parent, name, a->folder, &id);
	if (r == 0 && !a->folder) {
		struct drive_bytes b;

		if (store_drive_write(tx, id, 0, 1, &b) < 0)
			return -EISDIR;
		keep_bytes(id, b.version, a->bytes);
		settle(id, 0);
		owed[owed_count].id = id;
		owed[owed_count++].bytes = a->bytes;
		if (r == 0)
			r = a->open ? 0 : store_drive_written(tx, id, b.version, a->bytes, 0);
	}
	return r;
}

static int run_move(struct tx *tx, void *argument)
{
	struct act *a = argument;
	int64_t parent, id, new_parent, taken;
	const char *name;
	int r = find(tx->db, a->path, &parent, &name, &id);

	if (r != 0)
		return -ENOENT;
	r = find(tx->db, a->to, &new_parent, &name, &taken);
	r = r < 0 ? r : store_drive_move(tx, id, new_parent, name, 0);
	if (r == 0 && taken != id)
		settle(taken, 0);
	return r;
}

static int run_remove(struct tx *tx, void *argument)
{
	struct act *a = argument;
	int64_t parent, id;
	const char *name;

	int r = find(tx->db, a->path, &parent, &name, &id) ? -ENOENT : store_drive_remove(tx, id);

	if (r == 0)
		settle(id, 0);
	return r;
}

static int make(const char *path, _Bool is_folder, int bytes)
{
	struct act a = {.path = path, .folder = is_folder, .bytes = bytes};

	return store_write(store, run_make, &a);
}

static int move(const char *path, const char *to)
{
	struct act a = {.path = path, .to = to};

	return store_write(store, run_move, &a);
}

static int rm(const char *path)
{
	struct act a = {.path = path};

	return store_write(store, run_remove, &a);
}

/* ---- sync, as plain as it can be */

static int run_done(struct tx *tx, void *argument)
{
	struct act *a = argument;

	return store_drive_done(tx, a->task, &a->fact);
}

static int run_revive(struct tx *tx, void *argument)
{
	return store_drive_revive(tx, ((struct act *)argument)->id);
}

static int run_conflict(struct tx *tx, void *argument)
{
	return store_drive_conflict(tx, ((struct act *)argument)->id);
}

static void say(const char *what, const struct drive_task *t)
{
	size_t n = strlen(said);

	snprintf(said + n, sizeof(said) - n, "%s%s %s%s%s", n ? "; " : "", what, t->path, t->to ? " " : "",
		t->to ? t->to : "");
}

static char *text_of(int etag)
{
	return str_format("e%d", etag);
}

static void aside(const char *path)
{
	char *to = str_format("%s conflict %d", path, ++etags);

	shift(path, to);
	free(to);
}

/* true: it is done */
static _Bool tell(const struct drive_task *t, struct act *a)
{
	struct entry *at = there(t->path);
	char *etag = at ? text_of(at->etag) : NULL;
	_Bool same = at && t->etag && strcmp(etag, t->etag) == 0, done = 1;

	free(etag);
	if (t->act == DRIVE_REMOVE) {
		say("remove", t);
		for (size_t i = 0; t->folder && i < drive_count; i++)
			done &= !is_below(drive[i].path, t->path);
		if (at && (t->folder ? !done : !same)) {
			store_write(store, run_revive, a);
			return 0;
		}
		drop(t->path);
	} else if (t->act == DRIVE_MAKE) {
		say("make", t);
		if (at && !at->folder)
			aside(t->path);
		done = has_parent(t->path);
		if (done && !there(t->path))
			put(t->path, 1, 0);
	} else if (t->act == DRIVE_MOVE) {
		say("move", t);
		if (there(t->to))
			aside(t->to);
		done = at && has_parent(t->to) && !is_below(t->to, t->path);
		if (done)
			shift(t->path, t->to);
	} else {
		say("send", t);
		if (!has_parent(t->path))
			return 0;
		if (at && !same) {
			aside(t->path);
			store_write(store, run_conflict, a);
			return 0;
		}
		if (!at && t->etag) {
			store_write(store, run_conflict, a);
			return 0;
		}
		settle(0, bytes_of(t->id, t->version));
		put(t->path, 0, bytes_of(t->id, t->version));
	}
	return done;
}

static void push(void)
{
	int64_t later = clock_now_ms() + 3600000, wake;

	for (int sends = 0, idle = 0, i = 0; idle < 2 && i < 2000; i++, sends = !sends) {
		struct drive_task t = {0};
		struct act a = {.task = &t};
		const struct entry *at;
		char *etag;

		if (!store_drive_next(store_db(store), tool, sends, later, NULL, NULL, &t, &wake)) {
			idle++;
			continue;
		}
		idle = 0;
		a.id = t.id;
		if (tell(&t, &a)) {
			at = there(t.act == DRIVE_MOVE ? t.to : t.path);
			etag = at ? text_of(at->etag) : NULL;
			a.fact = (struct drive_fact){NULL, etag, t.folder, at ? at->bytes : 0, 0};
			check_int(store_write(store, run_done, &a), 0);
			free(etag);
		} else if (i > 1000) {
			drive_task_finish(&t);
			return; /* a listing has to settle it */
		}
		drive_task_finish(&t);
	}
}

static int run_seen(struct tx *tx, void *argument)
{
	struct act *a = argument;
	char *copy = str_dup(a->path), *name, *rest, *next;
	int64_t parent = 0;
	int r = 0;

	a->id = 0;
	for (name = strtok_r(copy, "/", &rest); name; name = next) {
		next = strtok_r(NULL, "/", &rest);
		if (!next)
			r = store_drive_seen(tx, tool, parent, name, &a->fact, a->asked_ms, &a->id);
		else if (store_drive_place(tx->db, tool, parent, name, &parent) < 0)
			break;
	}
	free(copy);
	return r;
}

/* Deepest first: paths are short here, so a few rounds will do. */
static int run_sweep(struct tx *tx, void *argument)
{
	struct act *a = argument;
	int64_t id = 0;
	int r = 0;

	for (int depth = 8; depth >= 0 && r == 0; depth--) {
		for (id = 0; r == 0;) {
			char *path;
			int n = 0;

			id = db_int(tx->db, 0,
				"SELECT min(id) FROM file WHERE id > ?1 AND remote_name NOT NULL", "i", id);
			if (!id)
				break;
			path = a->seen[id / 8] >> id % 8 & 1 ? NULL : store_drive_path(tx->db, id);
			for (const char *p = path; p && *p; p++)
				n += *p == '/';
			if (path && n == depth)
				r = store_drive_missing(tx, id, a->asked_ms);
			free(path);
		}
	}
	return r;
}

static int by_depth(const void *x, const void *y)
{
	return (int)strlen(((const struct entry *)x)->path) - (int)strlen(((const struct entry *)y)->path);
}

static void pull(void)
{
	static uint8_t seen[100000];
	struct act sweep = {.asked_ms = clock_now_ms() + 3600000, .seen = seen};

	memset(seen, 0, sizeof(seen));
	qsort(drive, drive_count, sizeof(drive[0]), by_depth);
	for (size_t i = 0; i < drive_count; i++) {
		char *etag = text_of(drive[i].etag);
		struct act a = {.path = drive[i].path, .asked_ms = sweep.asked_ms};
		struct drive_bytes b;

		a.fact = (struct drive_fact){
			NULL, drive[i].folder ? NULL : etag, drive[i].folder, drive[i].bytes, 0};
		check_int(store_write(store, run_seen, &a), 0);
		if (a.id)
			seen[a.id / 8] |= (uint8_t)(1U << a.id % 8);
		if (a.id && !drive[i].folder && store_drive_bytes(store_db(store), a.id, &b) == 0) {
			if (!b.unsent && strcmp(b.etag, etag) == 0)
				keep_bytes(a.id, b.version, drive[i].bytes);
			free(b.etag);
		}
		free(etag);
	}
	check_int(store_write(store, run_sweep, &sweep), 0);
}

/* ---- both sides as text */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print(char **lines, size_t n, char *ret, size_t room)
{
	size_t used = 0;

	qsort(lines, n, sizeof(*lines), by_text);
	ret[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		used += (size_t)snprintf(ret + used, room - used, "%s%s", i ? "; " : "", lines[i]);
		free(lines[i]);
	}
}

static void tree_text(char *ret, size_t room)
{
	char *lines[MOST];
	size_t n = 0;
	sqlite3_stmt *q = db_query(
		store_db(store), "SELECT id, folder, version FROM file WHERE removed = 0 ORDER BY id", "");

	while (db_row(q) && n < MOST) {
		int64_t id = sqlite3_column_int64(q, 0);
		char *path = store_file_path(store_db(store), id);

		lines[n++] = sqlite3_column_int(q, 1)
				     ? str_format("%s/", path)
				     : str_format("%s=%d", path, bytes_of(id, sqlite3_column_int64(q, 2)));
		free(path);
	}
	print(lines, n, ret, room);
}

static void drive_text(char *ret, size_t room)
{
	char *lines[MOST];

	for (size_t i = 0; i < drive_count; i++)
		lines[i] = drive[i].folder ? str_format("%s/", drive[i].path)
					   : str_format("%s=%d", drive[i].path, drive[i].bytes);
	print(lines, drive_count, ret, room);
}

static void check_both(const char *want)
{
	static char a[20000], b[20000];

	tree_text(a, sizeof(a));
	drive_text(b, sizeof(b));
	check_text(a, b);
	if (want)
		check_text(a, want);
}

static int run_clear(struct tx *tx, void *argument)
{
	return db_run(tx->db, "DELETE FROM file", "");
}

static void begin(void)
{
	check_int(store_write(store, run_clear, NULL), 0);
	while (drive_count)
		drop(drive[0].path);
	here_count = owed_count = 0;
	said[0] = '\0';
}

/* The same file with one more version, whatever it was saved with. */
static void check_said(const char *want)
{
	said[0] = '\0';
	push();
	check_text(said, want);
	pull();
}

/* ---- tests */

TEST(a_new_folder_and_a_file_in_it)
{
	begin();
	make("a", 1, 0);
	make("a/x.pdf", 0, 7);
	check_said("make a; send a/x.pdf");
	check_both("a/; a/x.pdf=7");
	check_said("");
}

TEST(editors_save_one_version_of_the_same_file)
{
	begin();
	put("x.odt", 0, 1);
	pull();
	/* vim: away, anew, and the old one goes */
	move("x.odt", "x.odt~");
	make("x.odt", 0, 2);
	rm("x.odt~");
	check_said("send x.odt");
	check_both("x.odt=2");
	/* LibreOffice and GNOME: a temporary file over it */
	make(".~lock.x.odt#", 0, 9);
	make("lu1.tmp", 0, 3);
	move("lu1.tmp", "x.odt");
	rm(".~lock.x.odt#");
	check_said("send x.odt");
	check_both("x.odt=3");
	/* a backup that stays */
	move("x.odt", "x.bak");
	make("x.odt", 0, 4);
	check_said("move x.odt x.bak; send x.odt");
	check_both("x.bak=3; x.odt=4");
	/* removed and made anew */
	rm("x.odt");
	make("x.odt", 0, 5);
	check_said("send x.odt");
	check_both("x.bak=3; x.odt=5");
}

TEST(what_is_only_for_a_moment_is_not_told)
{
	begin();
	make("t", 0, 1);
	move("t", "u");
	rm("u");
	make(".x.swp", 0, 2);
	make("d", 1, 0);
	rm("d");
	check_said("");
	check_int(drive_count, 0);
}

TEST(names_change_places)
{
	begin();
	put("a", 0, 1);
	put("b", 0, 2);
	pull();
	move("a", "t");
	move("b", "a");
	move("t", "b");
	push();
	pull();
	check_both("a=2; b=1");
}

TEST(a_folder_moves_as_a_whole)
{
	begin();
	put("a", 1, 0);
	put("a/b", 1, 0);
	put("a/b/x", 0, 1);
	pull();
	move("a", "c");
	make("c/b/y", 0, 2);
	move("c/b/x", "z");
	push();
	pull();
	check_both("c/; c/b/; c/b/y=2; z=1");
}

TEST(two_versions_are_both_kept)
{
	begin();
	put("x", 0, 1);
	pull();
	make("x", 0, 2);
	put("x", 0, 3);
	push();
	pull();
	check_int(drive_count, 2);
	check(there("x") && there("x")->bytes == 2);
	check_both(NULL);
	/* Removed here, changed there: the change is the later word. */
	rm("x");
	put("x", 0, 4);
	push();
	pull();
	check(there("x") && there("x")->bytes == 4);
	check_both(NULL);
	/* Changed here, removed there. */
	make("x", 0, 5);
	drop("x");
	pull();
	push();
	check(there("x") && there("x")->bytes == 5);
	/* Made on both sides. */
	make("n", 0, 6);
	put("n", 0, 7);
	pull();
	push();
	pull();
	check(there("n") && there("n")->bytes == 6);
	check_both(NULL);
}

static int64_t id_of(const char *path)
{
	int64_t id;

	check_int(store_file_find(store_db(store), tool, 0, path, &id), 0);
	return id;
}

static int run_written(struct tx *tx, void *argument)
{
	struct act *a = argument;
	struct drive_bytes b;
	int r = store_drive_bytes(tx->db, a->id, &b);

	free(b.etag);
	return r < 0 ? r : store_drive_written(tx, a->id, b.version, a->bytes, 0);
}

TEST(what_is_open_waits_under_any_name)
{
	struct act a = {.path = "x.tmp", .bytes = 1, .open = 1};

	begin();
	check_int(store_write(store, run_make, &a), 0);
	move("x.tmp", "x");
	push();
	check_text(said, "");
	a.id = id_of("x");
	check_int(store_write(store, run_written, &a), 0);
	push();
	check_text(said, "send x");
	check_both("x=1");
}

static int run_on_its_way(struct tx *tx, void *argument)
{
	struct act *a = argument;
	struct drive_bytes b;
	int r = store_drive_write(tx, a->id, 0, 1, &b);

	return r < 0 ? r : store_drive_progress(tx, a->task, 1, "half of it");
}

TEST(a_new_version_is_not_resumed_in_an_old_one)
{
	struct drive_task t = {0};
	struct act a = {.task = &t};
	int64_t wake;
	char *resume;

	begin();
	make("x", 0, 1);
	check(store_drive_next(store_db(store), tool, 1, clock_now_ms() + 3600000, NULL, NULL, &t, &wake));
	a.id = t.id;
	check_int(store_write(store, run_on_its_way, &a), 0);
	resume = db_text(store_db(store), "SELECT resume FROM file WHERE id = ?1", "i", t.id);
	check(!resume);
	free(resume);
	drive_task_finish(&t);
}

static int run_write(struct tx *tx, void *argument)
{
	struct act *a = argument;
	struct drive_bytes b;

	/* @bytes: the version that it begins with */
	a->result = store_drive_write(tx, a->id, a->bytes, 0, &b);
	return a->result == 0 && a->open ? store_drive_unwrite(tx, a->id, &b) : 0;
}

TEST(who_begins_with_what_is_not_lost)
{
	struct act a = {.path = "e0", .open = 1};
	struct drive_bytes b;
	char *etag;

	begin();
	put("x", 0, 1);
	pull();
	a.id = id_of("x");
	etag = text_of(there("x")->etag);
	/* It has what the row has: whatever it had read before, that is what it edits. And it could not begin. */
	a.bytes = 1;
	store_write(store, run_write, &a);
	check_int(store_drive_bytes(store_db(store), a.id, &b), 0);
	check_int(b.version, 1);
	check_int(b.unsent, 0);
	check_text(b.etag, etag);
	free(b.etag);
	push();
	check_text(said, "");
	/* Another one has written, and that waits: who began with something older would take it away. */
	make("x", 0, 2);
	a.bytes = 1;
	store_write(store, run_write, &a);
	check_int(a.result, -ESTALE);
	a.bytes = 2;
	store_write(store, run_write, &a);
	check_int(a.result, 0);
	push();
	check_text(said, "send x");
	check_both("x=2");
	free(etag);
}

static int run_heir(struct tx *tx, void *argument)
{
	struct act *a = argument;

	a->result = store_drive_done(tx, a->task, &a->fact);
	if (a->result == 0)
		a->result = store_drive_heir(tx, tool, a->task, &a->fact);
	return 0;
}

/* Saved once more, by a rename, while the last save is on its way: that was no change of somebody else. */
TEST(replaced_while_it_is_sent)
{
	struct drive_task t = {0};
	struct act a = {.task = &t};
	int64_t wake;
	char *etag;

	begin();
	make("x", 0, 1);
	push();
	make("x", 0, 2);
	check(store_drive_next(store_db(store), tool, 1, clock_now_ms() + 3600000, NULL, NULL, &t, &wake));
	make("y.tmp", 0, 3);
	move("y.tmp", "x");
	put("x", 0, 2);
	etag = text_of(there("x")->etag);
	a.fact = (struct drive_fact){NULL, etag, 0, 2, 0};
	store_write(store, run_heir, &a);
	check_int(a.result, 0);
	push();
	check_both("x=3");
	drive_task_finish(&t);
	free(etag);
	/* Removed meanwhile, where the tool had nothing yet. */
	make("z", 0, 4);
	check(store_drive_next(store_db(store), tool, 1, clock_now_ms() + 3600000, NULL, NULL, &t, &wake));
	rm("z");
	a.fact = (struct drive_fact){NULL, "e", 0, 4, 0};
	store_write(store, run_heir, &a);
	check_int(a.result, -ENOENT);
	drive_task_finish(&t);
}

static const char *name_of(unsigned n)
{
	static const char *const names[NAMES * 2] = {
		"a", "b", "c", "d", "a/x", "a/y", "b/x", "b/y", "a/b", "a/b/x", "c/x", "d/y"};

	return names[n % (NAMES * 2)];
}

/* Programs and other people at random: in the end both sides have the same, and what the tool had changed was never overwritten unread. */
TEST(in_the_end_both_sides_are_equal)
{
	for (unsigned round = 0; round < ROUNDS && !test_failures; round++) {
		static char before[20000];

		srandom(round);
		begin();
		for (int i = 0; i < STEPS; i++) {
			const char *path = name_of((unsigned)random()), *to = name_of((unsigned)random());
			int bytes = (int)round * 1000 + i + 1;

			switch (random() % 10) {
			case 0:
				make(path, 1, 0);
				break;
			case 1:
			case 2:
			case 3:
				make(path, 0, bytes);
				break;
			case 4:
				move(path, to);
				break;
			case 5:
				rm(path);
				break;
			case 6:
				if (has_parent(path) && !(there(path) && there(path)->folder))
					put(path, 0, bytes);
				break;
			case 7:
				if (there(path) && !there(to) && has_parent(to) && !is_below(to, path))
					shift(path, to);
				break;
			case 8:
				push();
				break;
			default:
				pull();
				break;
			}
		}
		for (int i = 0; i < 6; i++) {
			pull();
			push();
		}
		pull();
		check_both(NULL);
		check_int(db_int(store_db(store), 0, "SELECT count(*) FROM file WHERE due > 0", ""), 0);
		check_int(owed_count, 0);
		drive_text(before, sizeof(before));
		if (test_failures)
			printf("# round %u: %s\n", round, before);
	}
}

int main(void)
{
	static const struct test_case cases[] = {
		TEST_RUN(a_new_folder_and_a_file_in_it),
		TEST_RUN(editors_save_one_version_of_the_same_file),
		TEST_RUN(what_is_only_for_a_moment_is_not_told),
		TEST_RUN(names_change_places),
		TEST_RUN(a_folder_moves_as_a_whole),
		TEST_RUN(two_versions_are_both_kept),
		TEST_RUN(what_is_open_waits_under_any_name),
		TEST_RUN(a_new_version_is_not_resumed_in_an_old_one),
		TEST_RUN(who_begins_with_what_is_not_lost),
		TEST_RUN(replaced_while_it_is_sent),
		TEST_RUN(in_the_end_both_sides_are_equal),
	};
	static const char config[] =
		"{\"tools\": {\"drive\": {\"connector\": \"folder\", \"path\": \"/tmp\"}}}";
	static const char *const left[] = {
		"seamfs.db", "seamfs.db-wal", "seamfs.db-shm", "lock", "stack.json"};
	struct stack *stack = NULL;
	struct err e = {0};
	char *path;
	int failed;

	if (!mkdtemp(folder))
		return 1;
	path = path_join(folder, "stack.json");
	if (file_replace(path, config, strlen(config), 0600, &e) < 0 || stack_load(path, &stack, &e) < 0 ||
		store_open(folder, stack, &store, &e) < 0) {
		printf("Bail out! %s\n", e.text);
		return 1;
	}
	tool = store_tool_id(store, 1);
	failed = test_run_all(cases, ARRAY_LEN(cases));
	begin();
	store_close(store);
	stack_free(stack);
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		char *file = path_join(folder, left[i]);

		unlink(file);
		free(file);
	}
	rmdir(folder);
	free(path);
	return failed;
}
