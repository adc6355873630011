/* SPDX-License-Identifier: Apache-2.0 */
/* Moving, renaming and making: which change of a record each of them is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/scratch.h"
#include "seamfs/store/trash.h"
#include "tree/kinds.h"
#include "tree/known.h"
#include "tree/table.h"

/* One rename under way. */
struct move {
	struct tree *tree;
	struct place dir, new_dir;
	const char *name, *new_name;
	struct node node; /* what is moved */
	const struct caller *who;
	struct ticket *ticket;
	struct err *e;
};

static char *path_in(struct tree *tree, struct place dir, const char *name)
{
	_cleanup_(mem_freep) char *folder = tree_path(tree, place_to_ino(dir));

	return folder && folder[0] ? str_format("%s/%s", folder, name) : str_dup(name);
}

static int patch_record(struct move *m, int64_t record, cJSON *patch, const char *cause)
{
	_cleanup_json_ cJSON *owned = patch;
	_cleanup_(mem_freep) char *path = path_in(m->tree, m->dir, m->name);

	return save_field(m->tree, record, path, owned, cause, m->who, m->ticket, m->e);
}

static cJSON *one_field(const char *field, cJSON *value)
{
	cJSON *patch = cJSON_CreateObject();

	cJSON_AddItemToObject(patch, field, value);
	return patch;
}

/* ---- a temporary file ---- */

struct scratch_move {
	int64_t id;
	uint64_t dir;
	const char *name;
	int64_t due_ms;
	struct origin origin;
};

static int move_scratch_row(struct tx *tx, void *argument)
{
	struct scratch_move *s = argument;

	int r = store_scratch_move(tx, s->id, s->dir, s->name);

	return r == 0 ? store_scratch_due(tx, s->id, s->due_ms, &s->origin) : r;
}

/* To the name of a record that is to be: it becomes one after its grace time. */
static int rename_new(
	struct move *m, const struct record_slot *slot, const char *path, struct scratch_move *s)
{
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	int r = tree_read(m->tree, NULL, m->node.ino, BUF_MAX_SCRATCH, 0, &bytes);

	s->origin = save_origin(m->who, "create");
	if (r == 0 && bytes.len)
		r = save_check(m->tree, slot, path,
			&(struct text){.bytes = buf_text(&bytes), .len = bytes.len}, &s->origin, m->e);
	if (r == 0 && bytes.len)
		s->due_ms = clock_now_ms() + TREE_GRACE_MS;
	buf_finish(&bytes);
	return r < 0 ? r : store_write(m->tree->store, move_scratch_row, s);
}

static int drop_scratch(struct tx *tx, void *argument)
{
	return store_scratch_remove(tx, *(int64_t *)argument);
}

/* Over a table: what is in it is saved as that. */
static int rename_over_table(struct move *m, struct place table, int64_t scratch)
{
	struct origin origin = save_origin(m->who, "save");
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	uint64_t ino = place_to_ino(table);
	_cleanup_json_ cJSON *knew = NULL;
	cJSON *own = NULL;
	int64_t known =
		known_by(m->tree, m->who, ino, store_scratch_base(store_db(m->tree->store), scratch), &knew);
	int r = tree_read(m->tree, NULL, m->node.ino, BUF_MAX_SCRATCH, 0, &bytes);

	if (r == 0)
		r = table_save(m->tree, table,
			&(struct text){.bytes = buf_text(&bytes),
				.len = bytes.len,
				.known = known,
				.own = knew,
				.ret_own = &own},
			&origin, m->ticket, m->e);
	if (r == 0) {
		known_saved(m->tree, m->who, ino, m->ticket, own);
		own = NULL;
		/* It never becomes anything by itself: left behind by a kill, it expires. */
		(void)store_write(m->tree->store, drop_scratch, &scratch);
		away_take(m->tree, place_to_ino(m->new_dir), m->new_name);
	}
	cJSON_Delete(own);
	buf_finish(&bytes);
	return r;
}

/* Over a record: what is in it is saved as that record. */
static int rename_over(struct move *m, const struct record_slot *slot, const char *path, int64_t scratch)
{
	struct db *db = store_db(m->tree->store);
	struct origin origin = save_origin(m->who, "save");
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	uint64_t ino = place_ino(PLACE_RECORD, slot->type->id, (uint64_t)slot->record);
	/* Its writer read the record no later than it made the file: what changed since is not to be undone. */
	_cleanup_json_ cJSON *knew = NULL;
	cJSON *own = NULL;
	int64_t known = known_by(m->tree, m->who, ino, store_scratch_base(db, scratch), &knew);
	int r = tree_read(m->tree, NULL, m->node.ino, BUF_MAX_SCRATCH, 0, &bytes);

	if (r == 0)
		r = save_record(m->tree, slot, path,
			&(struct text){.bytes = buf_text(&bytes),
				.len = bytes.len,
				.known = known,
				.own = knew,
				.ret_own = &own,
				.mtime_ms = store_scratch_mtime_of(db, scratch),
				.scratch = scratch},
			&origin, m->ticket, m->e);
	if (r == 0) {
		known_saved(m->tree, m->who, ino, m->ticket, own);
		own = NULL;
		away_take(m->tree, place_to_ino(m->new_dir), m->new_name);
	}
	cJSON_Delete(own);
	buf_finish(&bytes);
	return r;
}

static int move_scratch(struct move *m)
{
	struct scratch_move s = {
		.id = place_of_ino(m->node.ino).b, .dir = place_to_ino(m->new_dir), .name = m->new_name};
	_cleanup_(mem_freep) char *path = path_in(m->tree, m->new_dir, m->new_name);
	struct record_slot slot;
	struct place table;
	struct node there;

	if (!node_takes_scratch(m->new_dir))
		return err_set(
			m->e, EXDEV, "a temporary file stays in the folders of records; copy it instead");
	if (m->new_dir.kind == PLACE_FIXED && node_tables_find(m->new_name, &table) == 0)
		return rename_over_table(m, table, s.id);
	if (node_slot(m->tree, m->new_dir, m->new_name, &slot)) {
		if (!S_ISREG(m->node.mode))
			return err_set(m->e, EPERM, "a record is a file with its text");
		if (!slot.record && store_removed(store_db(m->tree->store), slot.type->id, slot.whole,
					    slot.stem, &slot.record) == 0) {
			int r = remove_undo(m->tree, slot.record, m->who, m->e);

			if (r < 0)
				return r;
		}
		return slot.record ? rename_over(m, &slot, path, s.id) : rename_new(m, &slot, path, &s);
	}
	if (tree_lookup(m->tree, s.dir, s.name, &there) == 0) {
		if (place_of_ino(there.ino).kind != PLACE_SCRATCH)
			return err_set(m->e, EPERM, "%s belongs to the tree", m->new_name);
		if (S_ISDIR(there.mode) && store_scratch_holds(store_db(m->tree->store), there.ino))
			return -ENOTEMPTY;
	}
	return store_write(m->tree->store, move_scratch_row, &s);
}

/* ---- a record ---- */

struct backup {
	struct move *move;
	const struct buf *bytes;
};

static int make_backup(struct tx *tx, void *argument)
{
	struct backup *b = argument;
	uint64_t dir = place_to_ino(b->move->new_dir);
	int64_t id;
	int r = 0;

	if (store_scratch_find(tx->db, dir, b->move->new_name, &id) < 0)
		r = store_scratch_make(tx, dir, b->move->new_name, S_IFREG | 0644, NULL, &id);
	return r < 0 ? r : store_scratch_write(tx, id, buf_text(b->bytes), b->bytes->len, tx->now_ms);
}

/*
 * vim and emacs rename a file to its backup name and then write it anew. The record stays what it is; the backup is
 * a copy of its text, and for a moment the name is free.
 */
static int move_away(struct move *m)
{
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	struct backup b = {m, &bytes};
	int r = tree_read(m->tree, NULL, m->node.ino, BUF_MAX_SCRATCH, 0, &bytes);

	if (r == 0)
		r = store_write(m->tree->store, make_backup, &b);
	buf_finish(&bytes);
	if (r == 0)
		away_add(m->tree, place_to_ino(m->dir), m->name, TREE_AWAY_MS);
	return r;
}

static int rename_record(struct move *m, const struct type *type, int64_t record, const char *stem)
{
	if (m->new_dir.kind == m->dir.kind && m->new_dir.a == m->dir.a && m->new_dir.b != m->dir.b) {
		/* A part in another folder of its kind: its reference. The name goes along. */
		cJSON *patch = one_field(type_whole(type)->name, json_new_int(m->new_dir.b));

		if (strcmp(m->name, m->new_name) != 0)
			json_set_text(patch, type_key(type)->name, stem);
		return patch_record(m, record, patch, "move");
	}
	if (m->new_dir.kind != m->dir.kind || m->new_dir.a != m->dir.a)
		return err_set(m->e, EXDEV, "this %s cannot move to a folder of another kind", type->name);
	return patch_record(m, record, one_field(type_key(type)->name, cJSON_CreateString(stem)), "rename");
}

static int move_record(struct move *m)
{
	struct place p = place_of_ino(m->node.ino);
	struct record_slot to;

	if (m->new_dir.kind == PLACE_SCRATCH)
		return err_set(m->e, EPERM, "a record stays in its collection; copy it if a copy is wanted");
	if (!node_slot(m->tree, m->new_dir, m->new_name, &to)) {
		if (m->new_dir.kind != m->dir.kind || m->new_dir.a != m->dir.a)
			return err_set(
				m->e, EXDEV, "a record stays in its folder; copy it if a copy is wanted");
		return move_away(m);
	}
	if (to.card)
		return err_set(
			m->e, EPERM, "a record's own file ends in .json; its card is beside it already");
	if (to.type->id != (enum type_id)p.a)
		return err_set(m->e, EXDEV,
			"%s stay in %s/ and cannot become %s by moving them; make a new file there",
			type_get((enum type_id)p.a)->plural, type_get((enum type_id)p.a)->plural,
			to.type->plural);
	if (to.record && to.record != (int64_t)p.b)
		return err_set(m->e, EEXIST, "another %s is called \"%s\" already; choose another name",
			to.type->name, to.stem);
	return rename_record(m, to.type, p.b, to.stem);
}

static int move_record_dir(struct move *m)
{
	struct place p = place_of_ino(m->node.ino);
	struct node there;

	if (m->new_dir.kind != PLACE_COLLECTION || m->new_dir.a != p.a)
		return err_set(m->e, EXDEV, "the folder of a %s stays in %s/",
			type_get((enum type_id)p.a)->name, type_get((enum type_id)p.a)->plural);
	if (tree_lookup(m->tree, place_to_ino(m->new_dir), m->new_name, &there) == 0 &&
		there.ino != m->node.ino)
		return err_set(m->e, EEXIST, "\"%s\" is there already", m->new_name);
	return rename_record(m, type_get((enum type_id)p.a), p.b, m->new_name);
}

/* ---- a table ---- */

/* As editors do it before they write it anew. */
static int move_table(struct move *m)
{
	struct place other;

	if (place_to_ino(m->new_dir) != place_to_ino(m->dir) || node_tables_find(m->new_name, &other) == 0)
		return err_set(m->e, EPERM, "a table stays where it is; copy it if a copy is wanted");
	return move_away(m);
}

/* ---- a link in by/: the field ---- */

static int move_value(struct move *m)
{
	struct place link = place_of_ino(m->node.ino);
	const struct type *type = type_get((enum type_id)PLACE_LOW(m->dir.a));
	const struct field *f = &type->fields[PLACE_HIGH(m->dir.a)];
	_cleanup_(mem_freep) char *value = NULL;
	int64_t target = 0;

	if (m->new_dir.kind != PLACE_VALUE || m->new_dir.a != m->dir.a)
		return err_set(m->e, EXDEV, "a link in by/ moves only between the folders of one field");
	value = store_value_name(store_db(m->tree->store), m->new_dir.b);
	if (!value)
		return -ENOENT;
	if (f->kind == FIELD_DATE)
		return err_set(m->e, EPERM, "a month is no date: write \"%s\" in the file", f->name);
	if (f->kind == FIELD_REF &&
		store_record_find(store_db(m->tree->store), f->ref, 0, value, &target) < 0)
		return err_set(m->e, ENOENT, "there is no %s called \"%s\"", type_get(f->ref)->name, value);
	return patch_record(m, link.b,
		one_field(f->name, f->kind == FIELD_REF ? json_new_int(target) : cJSON_CreateString(value)),
		"move");
}

/* ---- out of the trash ---- */

static int move_trashed(struct move *m)
{
	struct place p = place_of_ino(m->node.ino);
	const struct type *type = type_get((enum type_id)p.a);
	const struct field *f = type_whole(type);
	int64_t whole = db_int(
		store_db(m->tree->store), -1, "SELECT whole FROM record WHERE id = ?1", "i", (int64_t)p.b);
	struct place home = {PLACE_COLLECTION, p.a, 0};

	if (f && whole)
		home = (struct place){PLACE_PARTS, PLACE_PAIR(p.a, f->ref), (uint32_t)whole};
	if (place_to_ino(m->new_dir) != place_to_ino(home)) {
		_cleanup_(mem_freep) char *path = tree_path(m->tree, place_to_ino(home));

		return path ? err_set(m->e, EPERM, "it comes back where it was: move it to %s/", path)
			    : err_set(m->e, ENOENT, "the folder that it was in is in the trash itself");
	}
	if (tree_lookup(m->tree, place_to_ino(m->new_dir), m->new_name, &m->node) == 0)
		return err_set(m->e, EEXIST, "\"%s\" is there already", m->new_name);
	return remove_undo(m->tree, p.b, m->who, m->e);
}

/* ---- one side of a conflict, over the record ---- */

static int move_problem(struct move *m)
{
	struct place p = place_of_ino(m->node.ino);
	int64_t record = node_conflict_record(m->tree, p);
	struct origin origin = save_origin(m->who, "save");
	_cleanup_(mem_freep) char *path = path_in(m->tree, m->new_dir, m->new_name);
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	struct record_slot slot;
	int r;

	if (!record)
		return err_set(m->e, EPERM, "this note goes away by itself when what it is about is mended");
	if (!node_slot(m->tree, m->new_dir, m->new_name, &slot) || slot.record != record)
		return err_set(m->e, EPERM, "this is one side of a conflict: move it over the record itself");
	r = tree_read(m->tree, NULL, m->node.ino, BUF_MAX_SCRATCH, 0, &bytes);
	if (r == 0)
		r = save_record(m->tree, &slot, path,
			&(struct text){.bytes = buf_text(&bytes), .len = bytes.len}, &origin, m->ticket,
			m->e);
	buf_finish(&bytes);
	return r;
}

static int move_document(struct move *m, unsigned flags)
{
	int64_t from, to;
	int r = document_parent(m->dir, &from);

	if (r == 0)
		r = document_parent(m->new_dir, &to);
	if (r == 0)
		r = document_writable(m->tree, from, m->e);
	if (r == 0)
		r = document_writable(m->tree, to, m->e);
	return r < 0 ? r : document_rename(m->tree, from, m->name, to, m->new_name, flags, m->who);
}

static int move_entry(struct move *m, unsigned flags)
{
	struct node there;
	int r = tree_lookup(m->tree, place_to_ino(m->dir), m->name, &m->node);

	if (r < 0)
		return r;
	if (flags & ~(unsigned)RENAME_NOREPLACE)
		return -EINVAL;
	if ((flags & RENAME_NOREPLACE) &&
		tree_lookup(m->tree, place_to_ino(m->new_dir), m->new_name, &there) == 0)
		return -EEXIST;
	switch (place_of_ino(m->node.ino).kind) {
	case PLACE_SCRATCH:
		return move_scratch(m);
	case PLACE_RECORD:
		return move_record(m);
	case PLACE_RECORD_DIR:
		return move_record_dir(m);
	case PLACE_TABLE:
		return move_table(m);
	case PLACE_VALUE_LINK:
		return move_value(m);
	case PLACE_TRASHED:
		return move_trashed(m);
	case PLACE_PROBLEM:
		return move_problem(m);
	case PLACE_FILE:
		return move_document(m, flags);
	default:
		return err_set(m->e, EPERM, "this cannot be moved");
	}
}

int tree_rename(struct tree *tree, uint64_t dir, const char *name, uint64_t new_dir, const char *new_name,
	unsigned flags, const struct caller *who, struct ticket *ret, struct err *e)
{
	struct move m = {.tree = tree,
		.dir = place_of_ino(dir),
		.new_dir = place_of_ino(new_dir),
		.name = name,
		.new_name = new_name,
		.who = who,
		.ticket = ret,
		.e = e};
	_Bool hold = node_takes_scratch(m.dir) || node_takes_scratch(m.new_dir);
	int r;

	*ret = (struct ticket){0};
	if (hold)
		names_hold(tree);
	r = move_entry(&m, flags);
	if (hold)
		names_release(tree);
	return r;
}

/* ---- making ---- */

/* A client, a project: a record, at once. */
static int make_record_dir(struct tree *tree, const struct record_slot *slot, const char *path,
	const struct caller *who, struct node *ret, struct err *e)
{
	struct origin origin = save_origin(who, "create");
	int64_t record;
	int r;

	if (store_removed(store_db(tree->store), slot->type->id, 0, slot->stem, &record) == 0)
		r = remove_undo(tree, record, who, e);
	else
		r = save_folder(tree, slot, path, &origin, e);
	if (r == 0)
		r = store_record_find(store_db(tree->store), slot->type->id, 0, slot->stem, &record);
	return r < 0 ? r
		     : tree_stat(tree, place_ino(PLACE_RECORD_DIR, slot->type->id, (uint64_t)record), ret);
}

struct scratch_make {
	uint64_t dir;
	const char *name, *target;
	uint32_t mode;
	int64_t id;
};

static int make_scratch(struct tx *tx, void *argument)
{
	struct scratch_make *m = argument;

	return store_scratch_make(tx, m->dir, m->name, m->mode, m->target, &m->id);
}

int tree_mkdir(struct tree *tree, uint64_t dir, const char *name, const struct caller *who, struct node *ret,
	struct err *e)
{
	struct place p = place_of_ino(dir);
	struct scratch_make m = {dir, name, NULL, S_IFDIR | 0755, 0};
	_cleanup_(mem_freep) char *path = path_in(tree, p, name);
	struct record_slot slot;
	int64_t parent;
	int r;

	if (document_parent(p, &parent) == 0) {
		r = document_writable(tree, parent, e);
		if (r == 0)
			r = document_mkdir(tree, parent, name);
		return r < 0 ? r : tree_lookup(tree, dir, name, ret);
	}
	/* In a .Trash-1000 or a .git a record would be taken for something that it is not. */
	if (!node_takes_scratch(p) ||
		(p.kind != PLACE_SCRATCH && (strncmp(name, ".Trash", 6) == 0 || strcmp(name, ".git") == 0)))
		return err_set(e, EPERM, "a folder cannot be made here");
	if (node_folder_slot(tree, p, name, &slot))
		return make_record_dir(tree, &slot, path, who, ret, e);
	if (node_slot(tree, p, name, &slot))
		return err_set(e, EPERM, "a record is a file with its text");
	r = store_write(tree->store, make_scratch, &m);
	return r < 0 ? r : tree_stat(tree, place_ino(PLACE_SCRATCH, 0, (uint64_t)m.id), ret);
}

int tree_symlink(struct tree *tree, uint64_t dir, const char *name, const char *target, struct node *ret,
	struct err *e)
{
	struct place p = place_of_ino(dir);
	struct scratch_make m = {dir, name, target, S_IFLNK | 0777, 0};
	struct record_slot slot;
	int r;

	/* emacs locks a file with a dangling link ".#NAME" beside it. */
	if (!node_takes_scratch(p) || strlen(target) > 4095 || node_slot(tree, p, name, &slot))
		return err_set(e, EPERM, "a link cannot be made here");
	r = store_write(tree->store, make_scratch, &m);
	return r < 0 ? r : tree_stat(tree, place_ino(PLACE_SCRATCH, 0, (uint64_t)m.id), ret);
}
