/* SPDX-License-Identifier: Apache-2.0 */
/* seamfs export: everything that is here as plain files, so that nobody is held by seamfs or by a tool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/archive.h"
#include "cli/cli.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/place.h"
#include "seamfs/store/dump.h"
#include "seamfs/store/history.h"
#include "seamfs/sync/sync.h"
#include "seamfs/tree/open.h"

static const char readme[] =
	"# What this is\n\n"
	"Everything that seamfs knew of this business, as plain files. No program is needed to read it.\n\n"
	"| where | what |\n|---|---|\n"
	"| `records/` | each record as a JSON file, in the folders in which seamfs shows them |\n"
	"| `tables/` | each type as a spreadsheet: CSV, UTF-8; a text that a spreadsheet would run as a "
	"formula "
	"has a `'` before it |\n"
	"| `documents/` | the documents |\n"
	"| `data/records.ndjson` | the same records, one a line, with their ids here and in the tools, and "
	"what "
	"is in the trash; money is in minor units (cents), a reference is the id of another record |\n"
	"| `data/history.ndjson` | every change: record, field, old and new value, who, when, why |\n"
	"| `data/groups.ndjson` | numbers of changes that were made together |\n"
	"| `data/names.ndjson` | older names of records that still lead to them |\n"
	"| `manifest.json` | all of these files with their SHA-256 |\n\n"
	"Not in it: the configuration (`stack.json`) and its secrets, documents in the trash, and what was "
	"still on its way to "
	"a tool.\n\n"
	"To see whether all of it is as it was:\n\n"
	"```sh\njq -r '.files | to_entries[] | \"\\(.value.sha256)  \\(.key)\"' manifest.json | sha256sum -c "
	"--quiet\n```\n\n"
	"To have it back, into a new database or beside what is in one: `seamfs import DIR` shows what would "
	"be "
	"done, `seamfs import --yes DIR` does it.\n";

struct exporting {
	struct archive archive;
	struct tree *tree;
	struct store *store;
	char *folder; /* of the documents; NULL: they cannot be read */
	char **found; /* paths below it */
	size_t found_count;
	int64_t documents;
	struct err *e;
};

/* ---- the tree ---- */

struct entry {
	char *name;
	struct node node;
	struct entry *next;
};

struct listing_of {
	struct entry *first, **last;
	uint64_t offset;
};

/* A listing is read to its end before anything is done with it: below it, other questions are asked. */
static _Bool take_entry(void *context, const char *name, const struct node *node, uint64_t offset)
{
	struct listing_of *l = context;
	struct entry *entry = mem_alloc(sizeof(*entry));

	entry->name = str_dup(name);
	entry->node = *node;
	*l->last = entry;
	l->last = &entry->next;
	return 1;
}

static int put_folder(struct exporting *x, uint64_t ino, const char *path);

static int put_file(struct exporting *x, uint64_t ino, const char *path)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	struct caller who = {0};
	struct handle *h = NULL;
	int r = tree_open(x->tree, ino, O_RDONLY, &who, &h, x->e);

	if (r < 0) {
		r = x->e->code ? r : err_set(x->e, -r, "cannot read %s: %s", path, strerror(-r));
	} else {
		r = tree_read(x->tree, h, ino, BUF_MAX_SHEET, 0, &b);
		r = r < 0 ? err_set(x->e, -r, "cannot read %s: %s", path, strerror(-r))
			  : archive_put(&x->archive, path, buf_text(&b), b.len, x->e);
	}
	tree_release(h, &who);
	buf_finish(&b);
	return r;
}

/* Links and what is only of editors are left out. */
static int put_entry(struct exporting *x, const struct entry *entry, const char *path)
{
	if (place_of_ino(entry->node.ino).kind == PLACE_SCRATCH || S_ISLNK(entry->node.mode) ||
		place_of_ino(entry->node.ino).kind == PLACE_BY)
		return 0;
	return S_ISDIR(entry->node.mode) ? put_folder(x, entry->node.ino, path)
					 : put_file(x, entry->node.ino, path);
}

static int put_folder(struct exporting *x, uint64_t ino, const char *path)
{
	struct listing_of l = {.last = &l.first};
	int r = tree_list(x->tree, ino, 0, take_entry, &l);

	for (struct entry *entry = l.first, *next; entry; entry = next) {
		_cleanup_(mem_freep) char *inner = str_format("%s/%s", path, entry->name);

		if (r == 0)
			r = put_entry(x, entry, inner);
		next = entry->next;
		free(entry->name);
		free(entry);
	}
	return r;
}

/* ---- documents ---- */

/*
 * The folder itself is asked: the store knows only what was in it when it was last looked at. All of it before anything is written:
 * the export may be in that folder, too.
 */
static int find_documents(struct exporting *x, const char *path)
{
	_cleanup_(mem_freep) char *folder = path_join(x->folder, path);
	struct dirent **list = NULL;
	int n = scandir(folder, &list, NULL, alphasort), r = 0;

	if (n < 0)
		return err_set(x->e, errno, "cannot read the folder %s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		_cleanup_(mem_freep) char *from = path_join(folder, name);
		char *inner = *path ? path_join(path, name) : str_dup(name);
		_Bool passed =
			strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, FILE_TRASH) == 0;
		struct stat st = {0};

		if (!passed && lstat(from, &st) == 0 && S_ISDIR(st.st_mode) && r == 0)
			r = find_documents(x, inner);
		if (S_ISREG(st.st_mode)) {
			x->found = mem_grow(x->found, x->found_count + 1, sizeof(*x->found));
			x->found[x->found_count++] = inner;
			inner = NULL;
		}
		free(inner);
		free(list[i]);
	}
	free(list);
	return r;
}

/* One that was removed meanwhile is none any more. */
static int put_documents(struct exporting *x)
{
	int r = 0;

	for (size_t i = 0; i < x->found_count && r == 0; i++) {
		_cleanup_(mem_freep) char *from = path_join(x->folder, x->found[i]),
					  *to = path_join("documents", x->found[i]);
		_cleanup_(fd_closep) int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (fd < 0 && errno == ENOENT)
			continue;
		r = fd < 0 ? err_set(x->e, errno, "cannot read %s: %s", from, strerror(errno))
			   : archive_copy(&x->archive, to, fd, x->e);
		x->documents++;
	}
	return r;
}

static int put_root(struct exporting *x, const char *name, const char *path)
{
	struct node node;
	int r = tree_lookup(x->tree, PLACE_ROOT_INO, name, &node);

	return r == -ENOENT ? 0 : r < 0 ? r : put_folder(x, node.ino, path);
}

static int put_tree(struct exporting *x)
{
	int r = put_root(x, "tables", "tables");

	if (r == 0)
		r = put_documents(x);
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT && r == 0; t++) {
		const char *plural = type_get((enum type_id)t)->plural;
		_cleanup_(mem_freep) char *path = str_format("records/%s", plural);

		if (t != TYPE_DOCUMENT)
			r = put_root(x, plural, path);
	}
	return r;
}

/* ---- the data ---- */

static int put_line(void *context, const cJSON *line)
{
	return archive_line(context, line);
}

static int put_data(struct exporting *x)
{
	int r = 0;

	for (int part = 0; part < DUMP_PART_COUNT && r == 0; part++) {
		_cleanup_(mem_freep) char *path = str_format("data/%s", dump_file((enum dump_part)part));
		struct archive_lines *lines;
		int ended;

		r = archive_lines(&x->archive, path, &lines, x->e);
		if (r < 0)
			break;
		r = dump_each(x->store, store_db(x->store), (enum dump_part)part, put_line, lines);
		ended = archive_lines_end(lines, x->e);
		r = r < 0 ? r : ended;
	}
	return r;
}

/* The same records give the same manifest: it says nothing of the time of the export. */
static cJSON *head_of(struct exporting *x)
{
	const struct stack *stack = store_stack(x->store);
	struct db *db = store_db(x->store);
	cJSON *head = cJSON_CreateObject(), *counts;
	char text[CLOCK_UTC_SIZE];

	json_set_text(head, "seamfs", SEAMFS_VERSION);
	json_set_text(head, "company", stack->company);
	json_set_text(head, "currency", stack->currency);
	json_set(head, "origin", json_new_int(dump_origin(db)));
	json_set_text(head, "last_change",
		clock_format_utc(db_int(db, 0, "SELECT ms FROM history ORDER BY id DESC LIMIT 1", ""), text));
	counts = cJSON_AddObjectToObject(head, "records");
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++)
		json_set(counts, type_get((enum type_id)t)->name,
			json_new_int(
				db_int(db, 0, "SELECT count(*) FROM record WHERE type = ?1 AND state = 0",
					"i", (int64_t)t)));
	json_set(head, "documents", json_new_int(x->documents));
	return head;
}

/* Of this machine, or of the mount. */
static char *folder_of(const struct stack *stack, const char *mount)
{
	const char *folder = stack->tools[stack->owners[TYPE_DOCUMENT]].folder;

	return folder ? str_dup(folder) : mount ? path_join(mount, "documents") : NULL;
}

static int put_all(struct exporting *x, const char *dir)
{
	_cleanup_json_ cJSON *head = NULL;
	struct db *db = store_db(x->store);
	int r = x->folder ? find_documents(x, "") : 0;

	if (r == 0)
		r = archive_begin(&x->archive, dir, x->e);
	/* One state of all of it, whatever a daemon does meanwhile. */
	if (r == 0 && sqlite3_exec(db->handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		r = err_set(x->e, EIO, "the database cannot be read: %s", sqlite3_errmsg(db->handle));
	if (r == 0)
		r = archive_put(&x->archive, "README.md", readme, strlen(readme), x->e);
	if (r == 0)
		r = put_data(x);
	if (r == 0)
		r = put_tree(x);
	head = head_of(x);
	return r == 0 ? archive_end(&x->archive, head, x->e) : r;
}

/* Whether the bytes of documents are in a tool, and no folder of this machine. */
static _Bool elsewhere(const struct stack *stack)
{
	int owner = stack->owners[TYPE_DOCUMENT];

	return owner != TOOL_LOCAL && !stack->tools[owner].folder;
}

enum exit_code verb_export(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	_cleanup_(mem_freep) char *state = stack ? config_state_dir(stack) : NULL;
	struct err e = {0}, why = {0};
	struct exporting x = {.e = &e};
	struct sync *sync = NULL;
	int r;

	if (!stack)
		return code;
	/* It says where the documents are. Who cannot get at a tool any more has all the more reason to leave. */
	if (sync_open(stack, &sync, &why) < 0)
		fail(EXIT_CONFIG, &why);
	r = store_view(state, stack, &x.store, &e);
	if (r == 0) {
		x.tree = tree_new(x.store, NULL);
		x.folder = folder_of(stack, o->mount);
		r = put_all(&x, o->argv[0]);
	}
	if (r < 0 && !e.code)
		err_set(&e, -r, "%s could not be written: %s", o->argv[0], strerror(-r));
	if (r == 0)
		printf("%s holds all of it: %zu files, %lld of them documents\n", o->argv[0],
			x.archive.count + 1, (long long)x.documents);
	archive_finish(&x.archive);
	for (size_t i = 0; i < x.found_count; i++)
		free(x.found[i]);
	free(x.found);
	free(x.folder);
	tree_free(x.tree);
	store_close(x.store);
	sync_stop(sync);
	if (r == 0 && why.code)
		printf("Documents are not in it, as a tool could not be opened.\n");
	else if (r == 0 && elsewhere(stack) && !o->mount)
		printf("Documents are not in it: %s holds them. With -m DIR they are read through the mount "
		       "on DIR.\n",
			stack->tools[stack->owners[TYPE_DOCUMENT]].name);
	return r < 0 ? fail(EXIT_FAILED, &e) : why.code ? EXIT_FAILED : EXIT_OK;
}
