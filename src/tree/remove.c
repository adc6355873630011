/* SPDX-License-Identifier: Apache-2.0 */
/* Removing, and taking out of the trash again. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/store/scratch.h"
#include "seamfs/store/trash.h"
#include "tree/kinds.h"
#include "tree/save.h"

/* One removal, or its undoing, on the writer thread. */
struct remover {
	struct tree *tree;
	struct place dir;
	const char *name;
	int64_t record;
	_Bool whole; /* a note: all of it */
	struct origin origin;
	struct err *e;
};

static int run_remove(struct tx *tx, void *argument)
{
	struct remover *m = argument;

	return store_remove(tx, m->record, &m->origin, m->e);
}

static int run_restore(struct tx *tx, void *argument)
{
	struct remover *m = argument;

	return store_restore(tx, m->record, &m->origin, m->e);
}

int remove_undo(struct tree *tree, int64_t record, const struct caller *who, struct err *e)
{
	struct remover m = {.record = record, .origin = save_origin(who, "restore"), .e = e};

	return store_write(tree->store, run_restore, &m);
}

static int remove_record(struct remover *m, int64_t record)
{
	m->record = record;
	return store_write(m->tree->store, run_remove, m);
}

/* ---- folders ---- */

static _Bool holds_records(struct db *db, const struct type *type, int64_t record)
{
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const struct field *f = type_whole(type_get((enum type_id)t));

		if (f && f->ref == type->id &&
			db_int(db, 0,
				"SELECT EXISTS (SELECT 1 FROM record WHERE type = ?1 AND whole = ?2 AND "
				"state = "
				"0)",
				"ii", (int64_t)t, record))
			return 1;
	}
	return 0;
}

/* The folder of a client is removed as every folder is: what is in it first. Its file waits for this, out of sight. */
static int remove_record_dir(struct remover *m, struct place p)
{
	const struct type *type = type_get((enum type_id)p.a);
	struct db *db = store_db(m->tree->store);
	int r;

	if (!node_is_away(m->tree, place_to_ino(p), type->file) || holds_records(db, type, p.b) ||
		store_scratch_holds(db, place_to_ino(p)))
		return -ENOTEMPTY;
	r = remove_record(m, p.b);
	away_take(m->tree, place_to_ino(p), type->file);
	return r;
}

/* They are always there, so that things can be dropped into them: removing an empty one is granted and changes nothing. */
static int remove_parts(struct remover *m, struct place p)
{
	_Bool filled = db_int(store_db(m->tree->store), 0,
			       "SELECT EXISTS (SELECT 1 FROM reference x JOIN record r ON r.id = x.record"
			       " WHERE x.target = ?1 AND x.type = ?2 AND r.state = 0)",
			       "ii", (int64_t)p.b, (int64_t)PLACE_LOW(p.a)) != 0;

	return filled || store_scratch_holds(store_db(m->tree->store), place_to_ino(p)) ? -ENOTEMPTY : 0;
}

/* ---- files ---- */

/* With a refused draft goes the note about it. */
static int run_remove_scratch(struct tx *tx, void *argument)
{
	struct remover *m = argument;
	_cleanup_(mem_freep) char *dir = tree_path(m->tree, place_to_ino(m->dir));
	_cleanup_(mem_freep) char *path =
		dir && dir[0] ? str_format("%s/%s", dir, m->name) : str_dup(m->name);
	int r = store_scratch_remove(tx, m->record);

	return r == 0 ? store_problem_clear(tx, 0, path) : r;
}

/* Its folder can be removed only without it; if it will not be, it is back before anyone misses it. */
static int remove_dir_file(struct remover *m, struct place p)
{
	const struct stack *stack = store_stack(m->tree->store);
	_Bool may_go = store_remove_check(store_db(m->tree->store), stack, p.b, NULL) == 0;

	away_add(m->tree, place_to_ino(m->dir), m->name, may_go ? TREE_AWAY_MS : TREE_GRACE_MS);
	return 0;
}

static int run_dismiss(struct tx *tx, void *argument)
{
	struct remover *m = argument;
	int r = store_problem_dismiss(tx, m->record, m->whole);

	return r == -EPERM
		       ? err_set(m->e, EPERM, "it goes away when it is settled: the file beside it says how")
		       : r;
}

/* A note that was read may go: first the text, then the reason. */
static int remove_problem(struct remover *m, struct place p)
{
	m->record = p.b;
	m->whole = p.a != 0;
	return store_write(m->tree->store, run_dismiss, m);
}

static int remove_file(struct remover *m, struct place p)
{
	int64_t parent;

	switch (p.kind) {
	case PLACE_RECORD:
		return type_get((enum type_id)p.a)->file ? remove_dir_file(m, p) : remove_record(m, p.b);
	case PLACE_SCRATCH:
		m->record = p.b;
		return store_write(m->tree->store, run_remove_scratch, m);
	case PLACE_FILE:
		return document_parent(m->dir, &parent) == 0
			       ? document_unlink(m->tree, parent, m->name, 0, m->e)
			       : -EPERM;
	case PLACE_PROBLEM:
		return remove_problem(m, p);
	case PLACE_TABLE:
		/* mv does so before it writes it anew; if that does not come, it is back before anyone misses it. */
		away_add(m->tree, place_to_ino(m->dir), m->name, TREE_GRACE_MS);
		return 0;
	case PLACE_DOCS_LINK:
		return 0;
	case PLACE_CARD:
		/* Its folder can be removed only without it; it is back before anyone misses it. */
		away_add(m->tree, place_to_ino(m->dir), m->name, TREE_GRACE_MS);
		return 0;
	case PLACE_HUB_LINK:
	case PLACE_VALUE_LINK:
		return err_set(
			m->e, EPERM, "%s is a link to a record; remove the record where it is", m->name);
	case PLACE_TRASHED:
		return err_set(m->e, EPERM,
			"what is in the trash goes by itself after %d days; move it out to have it back",
			TRASH_KEEP_DAYS);
	default:
		return err_set(m->e, EPERM, "%s is made by seamfs and cannot be removed", m->name);
	}
}

static int remove_folder(struct remover *m, struct place p)
{
	int64_t parent;

	switch (p.kind) {
	case PLACE_RECORD_DIR:
		return remove_record_dir(m, p);
	case PLACE_PARTS:
		return remove_parts(m, p);
	case PLACE_SCRATCH:
		if (store_scratch_holds(store_db(m->tree->store), place_to_ino(p)))
			return -ENOTEMPTY;
		m->record = p.b;
		return store_write(m->tree->store, run_remove_scratch, m);
	case PLACE_FILE:
		return document_parent(m->dir, &parent) == 0
			       ? document_unlink(m->tree, parent, m->name, 1, m->e)
			       : -EPERM;
	default:
		return err_set(
			m->e, EPERM, "the folder %s belongs to the tree and cannot be removed", m->name);
	}
}

int tree_unlink(struct tree *tree, uint64_t dir, const char *name, _Bool folder, const struct caller *who,
	struct err *e)
{
	struct remover m = {.tree = tree,
		.dir = place_of_ino(dir),
		.name = name,
		.origin = save_origin(who, "remove"),
		.e = e};
	_Bool hold = node_takes_scratch(m.dir);
	struct node node;
	int r;

	if (hold)
		names_hold(tree);
	r = tree_lookup(tree, dir, name, &node);
	if (r == 0 && folder)
		r = remove_folder(&m, place_of_ino(node.ino));
	else if (r == 0)
		r = remove_file(&m, place_of_ino(node.ino));
	if (hold)
		names_release(tree);
	return r;
}
