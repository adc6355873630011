/* SPDX-License-Identifier: Apache-2.0 */
/* What is local: temporary files, problems, and the documents of the drive tool. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "tree/kinds.h"
#include "tree/save.h"

/* ---- temporary files ---- */

static int scratch_node(const struct scratch *s, struct node *ret)
{
	uint64_t ino = place_ino(PLACE_SCRATCH, 0, (uint64_t)s->id);

	if (s->target)
		node_link(ret, ino, s->size, s->mtime_ms);
	else if (S_ISDIR(s->mode))
		node_folder(ret, ino, s->mtime_ms);
	else
		node_file(ret, ino, s->size, s->mtime_ms);
	ret->mode = s->mode;
	ret->fleeting = 1;
	return 0;
}

NODE_STAT(node_scratch_stat)
{
	struct scratch s;
	uint64_t became;
	int r = store_scratch_stat(store_db(tree->store), p.b, &s);

	if (r < 0) {
		/* A descriptor opened before the file became a record still asks for the old number. */
		became = node_became(tree, p.b);
		r = became ? tree_stat(tree, became, ret) : r;
		ret->ino = place_to_ino(p);
		return r;
	}
	r = scratch_node(&s, ret);
	scratch_finish(&s);
	return r;
}

int node_scratch_lookup(struct tree *tree, struct place dir, const char *name, struct node *ret)
{
	int64_t id;

	if (store_scratch_find(store_db(tree->store), place_to_ino(dir), name, &id) < 0)
		return -ENOENT;
	return node_scratch_stat(tree, (struct place){PLACE_SCRATCH, 0, (uint32_t)id}, ret);
}

static _Bool list_scratch(void *context, const struct listed *row)
{
	struct listing *l = context;
	struct node node;

	if (node_scratch_stat(l->tree, (struct place){PLACE_SCRATCH, 0, (uint32_t)row->id}, &node) < 0)
		return 1;
	return node_add(l, row->id, row->name, &node);
}

void node_scratch_list(struct listing *l)
{
	store_scratch_list(l->db, place_to_ino(l->place), l->after, list_scratch, l);
}

NODE_READ(node_scratch_read)
{
	int r = store_scratch_read(store_db(tree->store), p.b, b);
	uint64_t became = r < 0 ? node_became(tree, p.b) : 0;

	return became ? node_record_read(tree, place_of_ino(became), b) : r;
}

NODE_TARGET(node_scratch_target)
{
	struct scratch s;

	return store_scratch_stat(store_db(tree->store), p.b, &s) < 0 ? NULL : s.target;
}

NODE_PARENT(node_scratch_parent)
{
	sqlite3_stmt *q = db_query(
		store_db(tree->store), "SELECT dir, name FROM scratch WHERE id = ?1", "i", (int64_t)p.b);

	if (!db_row(q))
		return -ENOENT;
	*ret = place_of_ino((uint64_t)sqlite3_column_int64(q, 0));
	*ret_name = str_dup(db_column_text(q, 1));
	db_done(q);
	return 0;
}

/* ---- documents/ ---- */

static int file_node(const struct file_stat *s, struct node *ret)
{
	uint64_t ino = place_ino(PLACE_FILE, 0, (uint64_t)s->id);

	return s->folder ? node_folder(ret, ino, s->mtime_ms) : node_file(ret, ino, s->size, s->mtime_ms);
}

NODE_STAT(node_file_stat)
{
	struct file_stat s;
	int r = store_file_stat(store_db(tree->store), p.b, &s);

	if (r < 0)
		return r;
	/* The folder itself is asked: a file that is being written has a size of which the store has not heard. */
	(void)document_stat(tree, p.b, &s.size, &s.mtime_ms);
	return file_node(&s, ret);
}

static int file_lookup(struct tree *tree, int64_t parent, const char *name, struct node *ret)
{
	int64_t id;

	if (tree->drive < 0 || store_file_find(store_db(tree->store), store_tool_id(tree->store, tree->drive),
				       parent, name, &id) < 0)
		return -ENOENT;
	return node_file_stat(tree, (struct place){PLACE_FILE, 0, (uint32_t)id}, ret);
}

NODE_LOOKUP(node_file_lookup)
{
	return file_lookup(tree, p.b, entry, ret);
}

int node_documents_trash(struct tree *tree, struct node *ret)
{
	return file_lookup(tree, 0, FILE_TRASH, ret);
}

int node_documents_lookup(struct tree *tree, const char *name, struct node *ret)
{
	if (strcmp(name, FILE_TRASH) == 0)
		return -ENOENT;
	return file_lookup(tree, 0, name, ret);
}

static _Bool list_file(void *context, const struct listed *row)
{
	struct listing *l = context;
	struct file_stat s = {
		.id = row->id, .folder = row->size < 0, .size = row->size, .mtime_ms = row->mtime_ms};
	struct node node;

	if (l->place.kind == PLACE_FIXED && strcmp(row->name, FILE_TRASH) == 0)
		return 1;
	/* The row of one that is being written does not know its size yet. */
	if (l->tree->remote && !s.folder)
		(void)document_stat(l->tree, s.id, &s.size, &s.mtime_ms);
	file_node(&s, &node);
	return node_add(l, row->id, row->name, &node);
}

static void list_files(struct listing *l, int64_t parent)
{
	if (l->tree->drive >= 0)
		store_file_list(
			l->db, store_tool_id(l->tree->store, l->tree->drive), parent, l->after, list_file, l);
}

NODE_LIST(node_file_list)
{
	list_files(l, l->place.b);
}

void node_documents_list(struct listing *l)
{
	list_files(l, 0);
}

NODE_PARENT(node_file_parent)
{
	sqlite3_stmt *q = db_query(
		store_db(tree->store), "SELECT parent, name FROM file WHERE id = ?1", "i", (int64_t)p.b);

	if (!db_row(q))
		return -ENOENT;
	if (sqlite3_column_int64(q, 0))
		*ret = (struct place){PLACE_FILE, 0, (uint32_t)sqlite3_column_int64(q, 0)};
	else
		*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_DOCUMENTS};
	*ret_name = str_dup(db_column_text(q, 1));
	if (ret->kind == PLACE_FIXED && strcmp(*ret_name, FILE_TRASH) == 0) {
		ret->b = PLACE_FIXED_TRASH;
		str_set(ret_name, "documents");
	}
	db_done(q);
	return 0;
}
