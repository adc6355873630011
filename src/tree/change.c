/* SPDX-License-Identifier: Apache-2.0 */
/* Moving, renaming and making: which change of a record each of them is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/trash.h"
#include "tree/save.h"

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
};

static int move_scratch_row(struct tx *tx, void *argument)
{
	struct scratch_move *s = argument;

	return store_scratch_move(tx, s->id, s->dir, s->name);
}

/* Renamed over a record, or to a record's name: what is in it is saved. */
static int move_scratch(struct move *m)
{
	struct scratch_move s = {place_of_ino(m->node.ino).b, place_to_ino(m->new_dir), m->new_name};
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_(mem_freep) char *path = NULL;
	_cleanup_json_ cJSON *base = NULL;
	struct record_slot slot;
	int r;

	if (m->new_dir.kind != PLACE_COLLECTION && m->new_dir.kind != PLACE_RECORD_DIR &&
		m->new_dir.kind != PLACE_PARTS)
		return err_set(m->e, EXDEV, "a temporary file stays in the folders of records");
	if (!node_slot(m->tree, m->new_dir, m->new_name, &slot))
		return store_write(m->tree->store, move_scratch_row, &s);
	r = tree_read(m->tree, NULL, m->node.ino, BUF_MAX_SCRATCH, 0, &bytes);
	/* Its writer read the record no later than it made the file: what changed since is not to be undone. */
	if (slot.record)
		base = store_record_doc_at(store_db(m->tree->store), slot.record,
			store_scratch_base(store_db(m->tree->store), s.id));
	path = path_in(m->tree, m->new_dir, m->new_name);
	if (r == 0)
		r = save_record(
			m->tree, &slot, path, buf_text(&bytes), bytes.len, base, m->who, m->ticket, m->e);
	if (r == 0)
		save_finish_scratch(m->tree, s.id, m->ticket->changed_ino);
	buf_finish(&bytes);
	return r;
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
		away_add(m->tree, place_to_ino(m->dir), m->name);
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
		return err_set(m->e, EXDEV, "a %s cannot move to this folder", type->name);
	return patch_record(m, record, one_field(type_key(type)->name, cJSON_CreateString(stem)), "rename");
}

static int move_record(struct move *m)
{
	struct place p = place_of_ino(m->node.ino);
	struct record_slot to;

	if (!node_slot(m->tree, m->new_dir, m->new_name, &to)) {
		if (m->new_dir.kind != m->dir.kind || m->new_dir.a != m->dir.a)
			return err_set(m->e, EXDEV, "a record cannot move to this folder");
		return move_away(m);
	}
	if (to.type->id != (enum type_id)p.a)
		return err_set(m->e, EXDEV, "a %s cannot become a %s by moving it",
			type_get((enum type_id)p.a)->name, to.type->name);
	if (to.record && to.record != (int64_t)p.b)
		return err_set(m->e, EEXIST, "there is a %s called \"%s\" already", to.type->name, to.stem);
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

static int move_document(struct move *m, unsigned flags)
{
	int64_t from, to;
	int r = document_parent(m->dir, &from);

	if (r == 0)
		r = document_parent(m->new_dir, &to);
	return r < 0 ? r : document_rename(m->tree, from, m->name, to, m->new_name, flags);
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
	struct node there;
	int r = tree_lookup(tree, dir, name, &m.node);

	*ret = (struct ticket){0};
	if (r < 0)
		return r;
	if (flags & ~(unsigned)RENAME_NOREPLACE)
		return -EINVAL;
	if ((flags & RENAME_NOREPLACE) && tree_lookup(tree, new_dir, new_name, &there) == 0)
		return -EEXIST;
	switch (place_of_ino(m.node.ino).kind) {
	case PLACE_SCRATCH:
		return move_scratch(&m);
	case PLACE_RECORD:
		return move_record(&m);
	case PLACE_RECORD_DIR:
		return move_record_dir(&m);
	case PLACE_VALUE_LINK:
		return move_value(&m);
	case PLACE_TRASHED:
		return move_trashed(&m);
	case PLACE_FILE:
		return move_document(&m, flags);
	default:
		return err_set(e, EPERM, "this cannot be moved");
	}
}

/* ---- making ---- */

int tree_mkdir(struct tree *tree, uint64_t dir, const char *name, const struct caller *who, struct node *ret,
	struct err *e)
{
	struct place p = place_of_ino(dir);
	const struct type *type = p.kind == PLACE_COLLECTION ? type_get((enum type_id)p.a) : NULL;
	struct record_slot slot = {.type = type};
	struct ticket ticket;
	int64_t parent;
	int r;

	if (document_parent(p, &parent) == 0) {
		r = document_mkdir(tree, parent, name);
		return r < 0 ? r : tree_lookup(tree, dir, name, ret);
	}
	/* .Trash-1000, .git and the like are no clients. */
	if (!type || !type->file || name[0] == '.')
		return err_set(e, EPERM, "a folder cannot be made here");
	snprintf(slot.stem, sizeof(slot.stem), "%s", name);
	if (store_removed(store_db(tree->store), type->id, 0, name, &slot.record) == 0)
		r = remove_undo(tree, slot.record, who, e);
	else
		r = save_record(tree, &slot, name, "{}", 2, NULL, who, &ticket, e);
	return r < 0 ? r : tree_lookup(tree, dir, name, ret);
}

struct link_make {
	uint64_t dir;
	const char *name, *target;
	int64_t id;
};

static int make_symlink(struct tx *tx, void *argument)
{
	struct link_make *l = argument;

	return store_scratch_make(tx, l->dir, l->name, S_IFLNK | 0777, l->target, &l->id);
}

int tree_symlink(struct tree *tree, uint64_t dir, const char *name, const char *target, struct node *ret,
	struct err *e)
{
	struct place p = place_of_ino(dir);
	struct link_make l = {dir, name, target, 0};
	struct record_slot slot;
	int r;

	/* emacs locks a file with a dangling link ".#NAME" beside it. */
	if ((p.kind != PLACE_COLLECTION && p.kind != PLACE_RECORD_DIR && p.kind != PLACE_PARTS) ||
		strlen(target) > 4095 || node_slot(tree, p, name, &slot))
		return err_set(e, EPERM, "a link cannot be made here");
	r = store_write(tree->store, make_symlink, &l);
	return r < 0 ? r : tree_stat(tree, place_ino(PLACE_SCRATCH, 0, (uint64_t)l.id), ret);
}
