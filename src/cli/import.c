/* SPDX-License-Identifier: Apache-2.0 */
/* seamfs import: what "seamfs export" wrote comes back, into an empty database as it was, else beside what is there. */
#include "cli/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/archive.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/dump.h"
#include "seamfs/store/history.h"
#include "seamfs/sync/sync.h"

enum { PASSES = 4 }; /* a record may refer to one that stands behind it */

struct id_map {
	int64_t *values;
	size_t size;
};

struct importing {
	struct archive archive;
	struct tx *tx;
	_Bool yes;
	_Bool whole; /* into an empty database: all of it as it was */
	enum dump_part part;
	int64_t origin;
	struct id_map here;  /* ids here, by the ids in the export */
	struct id_map taken; /* and back */
	_Bool last_pass;
	struct {
		size_t made, there, other, trashed;
	} counts[TYPE_COUNT];
	struct {
		size_t made, there, other;
	} documents;
	struct err *e;
};

/* ---- records beside others ---- */

static int64_t id_of(const cJSON *line)
{
	int64_t id = 0;

	(void)json_int64(json_get(line, "id"), &id);
	return id > 0 && id < INT32_MAX ? id : 0;
}

/* Numbers by numbers; 0 where nothing was put. */
static int64_t map_get(const struct id_map *map, int64_t key)
{
	return key > 0 && (size_t)key < map->size ? map->values[key] : 0;
}

static void map_put(struct id_map *map, int64_t key, int64_t value)
{
	size_t size = map->size;

	if ((size_t)key >= size) {
		map->size = (size_t)key * 2 + 64;
		map->values = mem_grow(map->values, map->size, sizeof(*map->values));
		memset(map->values + size, 0, (map->size - size) * sizeof(*map->values));
	}
	map->values[key] = value;
}

/* The doc with references to records here; false: one of them has yet to come. */
static _Bool translate(const struct importing *m, const struct type *type, cJSON *doc)
{
	for (const struct field *f = type->fields; f->name; f++) {
		int64_t id = f->kind == FIELD_REF ? record_ref(doc, f) : 0, here = map_get(&m->here, id);

		if (!id)
			continue;
		if (here)
			json_set(doc, f->name, json_new_int(here));
		else if (m->last_pass)
			cJSON_DeleteItemFromObjectCaseSensitive(doc, f->name);
		else
			return 0;
	}
	return 1;
}

static int make(
	struct importing *m, const struct type *type, const cJSON *line, const cJSON *doc, int64_t *ret)
{
	struct change c = {.type = type->id,
		.patch = doc,
		.name = json_get_text(line, "name"),
		.origin = {.tool = -1, .uid = getuid(), .program = "seamfs", .cause = "import"}};
	_cleanup_(mem_freep) char *what = str_format("%s \"%.100s\"", type->name, c.name);
	int r = store_change(m->tx, &c, ret, m->e);

	if (r < 0)
		err_prefix(m->e, what);
	return r;
}

static void count_known(struct importing *m, const struct type *type, int64_t record, const cJSON *doc)
{
	_cleanup_json_ cJSON *is = store_record_doc(m->tx->db, record);

	if (!is)
		m->counts[type->id].trashed++;
	else if (record_changed(type, is, doc))
		m->counts[type->id].other++;
	else
		m->counts[type->id].there++;
}

static int add_record(void *context, const cJSON *line)
{
	struct importing *m = context;
	const char *word = json_get_text(line, "type");
	const struct type *type = word ? type_by_name(word) : NULL;
	_cleanup_json_ cJSON *doc = NULL;
	int64_t id = id_of(line), record;
	int r = 0;

	if (!type || !id || !json_get_text(line, "name") || !cJSON_IsObject(json_get(line, "doc")))
		return err_set(m->e, EINVAL, "%s holds a line that is no record", dump_file(DUMP_RECORDS));
	if (json_get(line, "trash") || map_get(&m->here, id))
		return 0;
	doc = cJSON_Duplicate(json_get(line, "doc"), 1);
	if (!translate(m, type, doc))
		return 0;
	record = dump_find(m->tx, line, m->origin, doc);
	if (record && !map_get(&m->taken, record)) {
		count_known(m, type, record, doc);
	} else {
		r = make(m, type, line, doc, &record);
		m->counts[type->id].made++;
	}
	if (r < 0)
		return r;
	map_put(&m->here, id, record);
	map_put(&m->taken, record, id);
	return dump_note(m->tx, line, m->origin, record);
}

static int add_all(struct importing *m)
{
	_cleanup_(mem_freep) char *path = str_format("data/%s", dump_file(DUMP_RECORDS));
	int64_t before = store_history_end(m->tx->db);
	int r = 0;

	for (int pass = 1; pass <= PASSES && r == 0; pass++) {
		m->last_pass = pass == PASSES;
		r = archive_each(&m->archive, path, add_record, m, m->e);
	}
	return r == 0 ? store_history_group(m->tx, before) : r;
}

/* ---- everything as it was ---- */

static int restore_line(void *context, const cJSON *line)
{
	struct importing *m = context;
	const char *word = m->part == DUMP_RECORDS ? json_get_text(line, "type") : NULL;

	if (word && type_by_name(word))
		m->counts[type_by_name(word)->id].made++;
	return dump_restore(m->tx, m->part, line, m->e);
}

static int restore_all(struct importing *m)
{
	int r = 0;

	for (int part = 0; part < DUMP_PART_COUNT && r == 0; part++) {
		_cleanup_(mem_freep) char *path = str_format("data/%s", dump_file((enum dump_part)part));

		m->part = (enum dump_part)part;
		r = archive_each(&m->archive, path, restore_line, m, m->e);
	}
	return r == 0 ? dump_restore_end(m->tx, m->origin) : r;
}

static int run_import(struct tx *tx, void *argument)
{
	struct importing *m = argument;
	int r;

	m->tx = tx;
	m->whole = dump_is_empty(tx->db);
	r = m->whole ? restore_all(m) : add_all(m);
	/* Only to see what would be done: it is taken back. */
	return r == 0 && !m->yes ? -ECANCELED : r;
}

/* ---- documents ---- */

static _Bool same_bytes(int a, int b)
{
	char x[16384], y[sizeof(x)];
	ssize_t n, k;

	do {
		n = read(a, x, sizeof(x));
		k = read(b, y, sizeof(y));
	} while (n > 0 && n == k && memcmp(x, y, (size_t)n) == 0);
	return n == 0 && k == 0;
}

/* Whole or not at all, and over nothing. */
static int put_document(const char *to, int from, struct err *e)
{
	_cleanup_(mem_freep) char *part = str_format("%s.seamfs-part", to), *folder = path_dir(to);
	_cleanup_(fd_closep) int fd = -1;
	int r = file_make_dirs(folder, 0755, e);

	if (r < 0)
		return r;
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	r = fd < 0 ? -errno : archive_copy_file(from, fd);
	if (r == 0 && (fsync(fd) < 0 || renameat2(AT_FDCWD, part, AT_FDCWD, to, RENAME_NOREPLACE) < 0))
		r = -errno;
	if (r < 0 && fd >= 0)
		unlink(part);
	return r < 0 ? err_set(e, -r, "cannot write %s: %s", to, strerror(-r)) : 0;
}

static int add_document(struct importing *m, const char *path, const char *folder)
{
	_cleanup_(mem_freep) char *from = archive_place(&m->archive, path);
	_cleanup_(mem_freep) char *to = path_join(folder, path + strlen("documents/"));
	_cleanup_(fd_closep) int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_(fd_closep) int there = open(to, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(m->e, errno, "cannot read %s: %s", from, strerror(errno));
	if (there >= 0) {
		if (same_bytes(fd, there))
			m->documents.there++;
		else
			m->documents.other++;
		return 0;
	}
	m->documents.made++;
	return m->yes ? put_document(to, fd, m->e) : 0;
}

static int add_documents(struct importing *m, const struct stack *stack)
{
	const char *folder = stack->tools[stack->owners[TYPE_DOCUMENT]].folder;
	const cJSON *file;
	int r = 0;

	cJSON_ArrayForEach (file, json_get(m->archive.manifest, "files")) {
		if (strncmp(file->string, "documents/", strlen("documents/")) != 0 || r < 0)
			continue;
		if (folder)
			r = add_document(m, file->string, folder);
		else
			m->documents.other++;
	}
	return r;
}

/* ---- saying ---- */

static void print_counts(const struct importing *m, const struct stack *stack)
{
	const char *verb = m->yes ? "made" : "to make";

	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		size_t made = m->counts[t].made, there = m->counts[t].there, other = m->counts[t].other;

		if (made || there || other || m->counts[t].trashed)
			printf("%-10s %6zu %s, %zu there already, %zu there with other values, which stay, "
			       "%zu in "
			       "the trash here\n",
				type_get((enum type_id)t)->plural, made, verb, there, other,
				m->counts[t].trashed);
	}
	if (m->documents.made || m->documents.there || m->documents.other)
		printf("%-10s %6zu %s, %zu there already, %zu %s\n", "documents", m->documents.made, verb,
			m->documents.there, m->documents.other,
			stack->tools[stack->owners[TYPE_DOCUMENT]].folder
				? "there with other contents, which stay"
				: "left out: copy them into documents/ of the mount");
	if (m->whole)
		printf("The database is empty: history and names come with them, as they were.\n");
	if (m->yes)
		printf("Done. With the next mount the tools hear of what they do not have.\n");
	else
		printf("Nothing has been done yet: seamfs import --yes %s\n", m->archive.dir);
}

static int import_folder(const struct options *o, struct store *store, const char *dir, struct err *e)
{
	struct importing m = {.yes = o->yes, .e = e};
	int r = archive_open(&m.archive, dir, e);

	if (r == 0) {
		(void)json_int64(json_get(m.archive.manifest, "origin"), &m.origin);
		r = store_write(store, run_import, &m);
		if (r == -ECANCELED && !m.yes)
			r = 0;
		if (r < 0 && !e->code)
			err_set(e, -r, "it could not be stored: %s", strerror(-r));
	}
	if (r == 0)
		r = add_documents(&m, store_stack(store));
	if (r == 0)
		print_counts(&m, store_stack(store));
	archive_finish(&m.archive);
	free(m.here.values);
	free(m.taken.values);
	return r;
}

enum exit_code verb_import(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	_cleanup_(mem_freep) char *state = stack ? config_state_dir(stack) : NULL;
	struct store *store = NULL;
	struct sync *sync = NULL;
	struct err e = {0};
	struct stat st;
	int r;

	if (!stack)
		return code;
	if (stat(o->argv[0], &st) < 0) {
		err_set(&e, errno, "cannot open %s: %s", o->argv[0], strerror(errno));
		return fail(EXIT_FAILED, &e);
	}
	/* It says what the tools can be told. */
	code = EXIT_FAILED;
	r = sync_open(stack, &sync, &e);
	if (r < 0)
		code = EXIT_CONFIG;
	if (r == 0)
		r = store_open(state, stack, &store, &e);
	if (r == -EBUSY)
		code = EXIT_BUSY;
	if (r == 0)
		r = S_ISDIR(st.st_mode) ? import_folder(o, store, o->argv[0], &e)
					: import_csv(o, store, o->argv[0], &e);
	store_close(store);
	sync_stop(sync);
	if (r < 0 && !e.code)
		err_set(&e, -r, "%s could not be read: %s", o->argv[0], strerror(-r));
	return r < 0 ? fail(code, &e) : EXIT_OK;
}
