/* SPDX-License-Identifier: Apache-2.0 */
/* The root, .seam/ and what is in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/name.h"
#include "seamfs/model/schema.h"
#include "seamfs/store/local.h"
#include "seamfs/store/pair.h"
#include "tree/kinds.h"
#include "tree/save.h"
#include "tree/texts.h"

/* One row a fixed file or folder, in the order of enum place_fixed. */
static const struct fixed {
	const char *name;
	int parent; /* another row, -1: the root */
	_Bool folder, live, writable;
} fixed[PLACE_FIXED_COUNT] = {
	[PLACE_FIXED_README] = {"README.md", -1},
	[PLACE_FIXED_DOCUMENTS] = {"documents", -1, .folder = 1},
	[PLACE_FIXED_PROBLEMS] = {"problems", -1, .folder = 1},
	[PLACE_FIXED_SEAM] = {".seam", -1, .folder = 1},
	[PLACE_FIXED_STATUS] = {"status", PLACE_FIXED_SEAM, .live = 1},
	[PLACE_FIXED_STATUS_JSON] = {"status.json", PLACE_FIXED_SEAM, .live = 1},
	[PLACE_FIXED_ERRORS] = {"errors.ndjson", PLACE_FIXED_SEAM, .live = 1},
	[PLACE_FIXED_REFRESH] = {"refresh", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_APPROVE] = {"approve", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_SCHEMA] = {"schema", PLACE_FIXED_SEAM, .folder = 1},
	[PLACE_FIXED_TOOLS] = {"tools", PLACE_FIXED_SEAM, .folder = 1},
	[PLACE_FIXED_TRASH] = {"trash", PLACE_FIXED_SEAM, .folder = 1},
	[PLACE_FIXED_HISTORY] = {"history", PLACE_FIXED_SEAM, .folder = 1},
	[PLACE_FIXED_OUTBOX] = {"outbox", PLACE_FIXED_SEAM, .folder = 1},
	[PLACE_FIXED_REPORTS] = {"reports", -1, .folder = 1},
	[PLACE_FIXED_VERIFY] = {"verify", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_LINKS] = {"links.json", PLACE_FIXED_PROBLEMS, .live = 1, .writable = 1},
	[PLACE_FIXED_LINK_ORDERS] = {"links", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_CALENDAR] = {"calendar.ics", -1, .live = 1},
	[PLACE_FIXED_HANDOFFS] = {"handoffs", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_RUNS] = {"log", PLACE_FIXED_SEAM, .folder = 1},
	[PLACE_FIXED_TABLES] = {"tables", -1, .folder = 1},
	[PLACE_FIXED_UNDO] = {"undo", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_HOOK] = {"hook", PLACE_FIXED_SEAM, .live = 1, .writable = 1},
	[PLACE_FIXED_EVENTS] = {"events", PLACE_FIXED_SEAM, .live = 1},
};

static struct place fixed_place(int row)
{
	return row < 0 ? (struct place){PLACE_ROOT, 0, 0} : (struct place){PLACE_FIXED, 0, (uint32_t)row};
}

/* problems/ and links.json in it are there only when they have something to say. */
static _Bool shown(struct tree *tree, int row)
{
	if (row == PLACE_FIXED_PROBLEMS)
		return store_problem_any(store_db(tree->store));
	return row != PLACE_FIXED_LINKS || store_pair_any(store_db(tree->store));
}

static int fixed_lookup(struct tree *tree, int parent, const char *entry, struct node *ret)
{
	for (int i = 0; i < PLACE_FIXED_COUNT; i++) {
		if (fixed[i].parent == parent && strcmp(fixed[i].name, entry) == 0 && shown(tree, i))
			return node_fixed_stat(tree, fixed_place(i), ret);
	}
	return -ENOENT;
}

static void fixed_list(struct listing *l, int parent)
{
	struct node node;

	for (int i = (int)l->after; i < PLACE_FIXED_COUNT; i++) {
		if (fixed[i].parent != parent || !shown(l->tree, i) ||
			node_fixed_stat(l->tree, fixed_place(i), &node) < 0)
			continue;
		if (!node_add(l, i + 1, fixed[i].name, &node))
			return;
	}
}

/* ---- the root ---- */

NODE_STAT(node_root_stat)
{
	return node_folder(ret, PLACE_ROOT_INO, tree->made_ms);
}

_Bool node_has_folder(int type)
{
	return type != TYPE_DOCUMENT;
}

NODE_LOOKUP(node_root_lookup)
{
	const struct type *type = type_by_plural(entry);

	if (type && node_has_folder((int)type->id))
		return node_collection_stat(tree, (struct place){PLACE_COLLECTION, type->id, 0}, ret);
	return fixed_lookup(tree, -1, entry, ret);
}

NODE_LIST(node_root_list)
{
	struct node node;

	if (l->section == 0) {
		fixed_list(l, -1);
		return;
	}
	for (int t = (int)l->after + 1; t < TYPE_COUNT; t++) {
		if (!node_has_folder(t))
			continue;
		node_collection_stat(l->tree, (struct place){PLACE_COLLECTION, (uint32_t)t, 0}, &node);
		if (!node_add(l, t, type_get((enum type_id)t)->plural, &node))
			return;
	}
}

/* ---- fixed files and folders ---- */

NODE_STAT(node_fixed_stat)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int64_t size = 0, mtime_ms = tree->made_ms;
	int r = 0;

	if (p.b >= PLACE_FIXED_COUNT)
		return -ENOENT;
	if (fixed[p.b].folder)
		return node_folder(ret, place_to_ino(p), tree->made_ms);
	if (p.b == PLACE_FIXED_EVENTS) {
		size = events_size(tree, &mtime_ms);
	} else if (p.b == PLACE_FIXED_CALENDAR) {
		r = calendar_size(tree, &size);
		mtime_ms = calendar_time(tree);
	} else {
		r = generated_read(tree, (enum place_fixed)p.b, &b);
		size = (int64_t)b.len;
	}
	node_file(ret, place_to_ino(p), size, mtime_ms);
	ret->live = fixed[p.b].live;
	if (!fixed[p.b].writable)
		ret->mode = S_IFREG | 0444;
	buf_finish(&b);
	return r;
}

NODE_LOOKUP(node_fixed_lookup)
{
	const struct type *type;
	char stem[64];
	int tool;

	switch (p.b) {
	case PLACE_FIXED_DOCUMENTS:
		return node_documents_lookup(tree, entry, ret);
	case PLACE_FIXED_PROBLEMS:
		if (node_problems_lookup(tree, entry, ret) == 0)
			return 0;
		return fixed_lookup(tree, PLACE_FIXED_PROBLEMS, entry, ret);
	case PLACE_FIXED_SCHEMA:
		if (sscanf(entry, "%60[a-z].json", stem) != 1 || !(type = type_by_name(stem)) ||
			strlen(entry) != strlen(stem) + 5)
			return -ENOENT;
		return node_schema_stat(tree, (struct place){PLACE_SCHEMA, type->id, 0}, ret);
	case PLACE_FIXED_TABLES:
		return node_tables_lookup(tree, entry, ret);
	case PLACE_FIXED_OUTBOX:
		return node_outbox_lookup(tree, entry, ret);
	case PLACE_FIXED_REPORTS:
		return node_reports_lookup(tree, entry, ret);
	case PLACE_FIXED_RUNS:
		return node_run_lookup(tree, entry, ret);
	case PLACE_FIXED_HISTORY:
		return node_history_lookup(tree, entry, ret);
	case PLACE_FIXED_TRASH:
		return node_trash_lookup_type(tree, entry, ret);
	case PLACE_FIXED_TOOLS:
		tool = stack_tool(store_stack(tree->store), entry);
		return tool <= 0 ? -ENOENT
				 : node_tool_stat(tree, (struct place){PLACE_TOOL, (uint32_t)tool, 0}, ret);
	default:
		return fixed_lookup(tree, (int)p.b, entry, ret);
	}
}

static void list_schemas(struct listing *l)
{
	char name[64];
	struct node node;

	for (int t = (int)l->after + 1; t < TYPE_COUNT; t++) {
		node_schema_stat(l->tree, (struct place){PLACE_SCHEMA, (uint32_t)t, 0}, &node);
		snprintf(name, sizeof(name), "%s.json", type_get((enum type_id)t)->name);
		if (!node_add(l, t, name, &node))
			return;
	}
}

static void list_tools(struct listing *l)
{
	const struct stack *stack = store_stack(l->tree->store);
	struct node node;

	for (int i = (int)l->after + 1; i < stack->tool_count; i++) {
		node_tool_stat(l->tree, (struct place){PLACE_TOOL, (uint32_t)i, 0}, &node);
		if (!node_add(l, i, stack->tools[i].name, &node))
			return;
	}
}

/* The problems' offsets go down: what stands before them has the highest. */
static void list_problems(struct listing *l)
{
	struct node node;

	if (!l->after && shown(l->tree, PLACE_FIXED_LINKS) &&
		node_fixed_stat(l->tree, fixed_place(PLACE_FIXED_LINKS), &node) == 0 &&
		!node_add(l, 0xffffffffffff, fixed[PLACE_FIXED_LINKS].name, &node))
		return;
	node_problems_list(l);
}

NODE_LIST(node_fixed_list)
{
	if (l->section == 1) {
		if (l->place.b == PLACE_FIXED_TABLES)
			node_scratch_list(l);
		return;
	}
	switch (l->place.b) {
	case PLACE_FIXED_DOCUMENTS:
		node_documents_list(l);
		break;
	case PLACE_FIXED_PROBLEMS:
		list_problems(l);
		break;
	case PLACE_FIXED_SCHEMA:
		list_schemas(l);
		break;
	case PLACE_FIXED_TOOLS:
		list_tools(l);
		break;
	case PLACE_FIXED_TRASH:
		node_trash_list_types(l);
		break;
	case PLACE_FIXED_TABLES:
		node_tables_list(l);
		break;
	case PLACE_FIXED_OUTBOX:
		node_outbox_list(l);
		break;
	case PLACE_FIXED_REPORTS:
		node_reports_list(l);
		break;
	case PLACE_FIXED_RUNS:
		node_run_list(l);
		break;
	case PLACE_FIXED_HISTORY:
		node_history_list(l);
		break;
	default:
		fixed_list(l, (int)l->place.b);
		break;
	}
}

NODE_READ(node_fixed_read)
{
	return fixed[p.b].folder ? -EISDIR : generated_read(tree, (enum place_fixed)p.b, b);
}

NODE_PARENT(node_fixed_parent)
{
	if (p.b >= PLACE_FIXED_COUNT)
		return -ENOENT;
	*ret = fixed_place(fixed[p.b].parent);
	*ret_name = str_dup(fixed[p.b].name);
	return 0;
}

/* ---- .seam/schema/ ---- */

NODE_READ(node_schema_read)
{
	return p.a == TYPE_NONE || p.a >= TYPE_COUNT ? -ENOENT : schema_print(type_get((enum type_id)p.a), b);
}

NODE_STAT(node_schema_stat)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = node_schema_read(tree, p, &b);

	node_file(ret, place_to_ino(p), (int64_t)b.len, tree->made_ms);
	ret->mode = S_IFREG | 0444;
	buf_finish(&b);
	return r;
}

NODE_PARENT(node_schema_parent)
{
	*ret = fixed_place(PLACE_FIXED_SCHEMA);
	*ret_name = str_format("%s.json", type_get((enum type_id)p.a)->name);
	return 0;
}

/* ---- .seam/tools/TOOL/TYPE/ID.json: what the tool delivered, as it is ---- */

NODE_STAT(node_tool_stat)
{
	if ((int)p.a >= store_stack(tree->store)->tool_count)
		return -ENOENT;
	return node_folder(ret, place_to_ino(p), tree->made_ms);
}

NODE_LOOKUP(node_tool_lookup)
{
	const struct type *type = type_by_name(entry);

	if (!type || !store_stack(tree->store)->tools[p.a].types[type->id].used)
		return -ENOENT;
	return node_raws_stat(tree, (struct place){PLACE_TOOL_TYPE, p.a, type->id}, ret);
}

NODE_LIST(node_tool_list)
{
	struct node node;

	for (int t = (int)l->after + 1; t < TYPE_COUNT; t++) {
		if (!store_stack(l->tree->store)->tools[l->place.a].types[t].used)
			continue;
		node_raws_stat(l->tree, (struct place){PLACE_TOOL_TYPE, l->place.a, (uint32_t)t}, &node);
		if (!node_add(l, t, type_get((enum type_id)t)->name, &node))
			return;
	}
}

NODE_PARENT(node_tool_parent)
{
	*ret = fixed_place(PLACE_FIXED_TOOLS);
	*ret_name = str_dup(store_stack(tree->store)->tools[p.a].name);
	return 0;
}

NODE_STAT(node_raws_stat)
{
	return node_folder(ret, place_to_ino(p), tree->made_ms);
}

/* An id that is no good file name is shown by the number of its row. */
static void raw_name(const char *remote, int64_t link, char name[280])
{
	_cleanup_(mem_freep) char *safe = name_safe(remote, NAME_MAX_BYTES);

	if (strcmp(safe, remote) == 0)
		snprintf(name, 280, "%s.json", remote);
	else
		snprintf(name, 280, "~%lld.json", (long long)link);
}

NODE_LOOKUP(node_raws_lookup)
{
	size_t n = strlen(entry);
	_cleanup_(mem_freep) char *stem = n > 5 ? mem_dup(entry, n - 5) : str_dup("");
	int64_t tool = store_tool_id(tree->store, (int)p.a);
	int64_t link = 0;
	char name[280];

	if (stem[0] == '~')
		link = strtoll(stem + 1, NULL, 10);
	else
		link = db_int(store_db(tree->store), 0,
			"SELECT id FROM link WHERE tool = ?1 AND type = ?2 AND remote = ?3", "iit", tool,
			(int64_t)p.b, stem);
	if (link && node_raw_stat(tree, (struct place){PLACE_RAW, p.a, (uint32_t)link}, ret) == 0) {
		_cleanup_(mem_freep) char *remote =
			db_text(store_db(tree->store), "SELECT remote FROM link WHERE id = ?1", "i", link);

		raw_name(remote ? remote : "", link, name);
		if (strcmp(name, entry) == 0)
			return 0;
	}
	ret->fleeting = 1; /* it may come with the next poll, and no change names this file */
	return -ENOENT;
}

NODE_LIST(node_raws_list)
{
	sqlite3_stmt *q = db_query(l->db,
		"SELECT id, remote, length(CAST(raw AS BLOB)) FROM link WHERE tool = ?1 AND type = ?2 AND id "
		"> ?3 ORDER BY id",
		"iii", store_tool_id(l->tree->store, (int)l->place.a), (int64_t)l->place.b, l->after);

	while (db_row(q)) {
		int64_t id = sqlite3_column_int64(q, 0);
		char name[280];
		struct node node;

		raw_name(db_column_text(q, 1), id, name);
		node_file(&node, place_ino(PLACE_RAW, l->place.a, (uint64_t)id), sqlite3_column_int64(q, 2),
			l->tree->made_ms);
		node.mode = S_IFREG | 0444;
		node.live = 1;
		if (!node_add(l, id, name, &node)) {
			db_done(q);
			return;
		}
	}
}

NODE_PARENT(node_raws_parent)
{
	*ret = (struct place){PLACE_TOOL, p.a, 0};
	*ret_name = str_dup(type_get((enum type_id)p.b)->name);
	return 0;
}

NODE_READ(node_raw_read)
{
	sqlite3_stmt *q =
		db_query(store_db(tree->store), "SELECT raw FROM link WHERE id = ?1", "i", (int64_t)p.b);
	int r;

	if (!db_row(q))
		return -ENOENT;
	r = buf_puts(b, db_column_text(q, 0));
	db_done(q);
	return r;
}

NODE_STAT(node_raw_stat)
{
	int64_t size = db_int(store_db(tree->store), -1,
		"SELECT length(CAST(raw AS BLOB)) FROM link WHERE id = ?1", "i", (int64_t)p.b);

	if (size < 0)
		return -ENOENT;
	node_file(ret, place_to_ino(p), size, tree->made_ms);
	ret->mode = S_IFREG | 0444;
	ret->live = 1;
	return 0;
}

NODE_PARENT(node_raw_parent)
{
	sqlite3_stmt *q = db_query(
		store_db(tree->store), "SELECT type, remote FROM link WHERE id = ?1", "i", (int64_t)p.b);
	char name[280];

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct place){PLACE_TOOL_TYPE, p.a, (uint32_t)sqlite3_column_int(q, 0)};
	raw_name(db_column_text(q, 1), p.b, name);
	db_done(q);
	*ret_name = str_dup(name);
	return 0;
}
