/* SPDX-License-Identifier: Apache-2.0 */
/* Collections, records and the folders of clients and projects. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "tree/filing.h"
#include "tree/kinds.h"

static struct db *db_of(struct tree *tree)
{
	return store_db(tree->store);
}

static int64_t no_time(struct tree *tree)
{
	return tree->made_ms;
}

/* "Name.json" → "Name"; false when the name ends otherwise. */
static _Bool stem_of(const char *name, char stem[256])
{
	size_t n = strlen(name);

	if (n <= 5 || n > 255 || strcmp(name + n - 5, ".json") != 0 || name[0] == '.')
		return 0;
	memcpy(stem, name, n - 5);
	stem[n - 5] = '\0';
	return 1;
}

/* The same of the vCard that a contact has beside its file. */
static _Bool card_stem_of(const struct type *type, const char *name, char stem[256])
{
	size_t n = strlen(name);

	if (type->id != TYPE_CONTACT || n <= 4 || n > 255 || strcmp(name + n - 4, ".vcf") != 0 ||
		name[0] == '.')
		return 0;
	memcpy(stem, name, n - 4);
	stem[n - 4] = '\0';
	return 1;
}

/* A PARTS folder holds real files when its type lives in folders of that other type. */
static _Bool holds_parts(struct place p)
{
	const struct field *f = type_whole(type_get((enum type_id)PLACE_LOW(p.a)));

	return f && (int)f->ref == PLACE_HIGH(p.a);
}

static const struct field *field_to(const struct type *type, int target)
{
	for (const struct field *f = type->fields; f->name; f++) {
		if (f->kind == FIELD_REF && (int)f->ref == target)
			return f;
	}
	return NULL;
}

/* clients/X/invoices/NEW.json: a record of the other collection, with its reference set. */
static _Bool hub_slot(struct tree *tree, struct place dir, const char *name, struct record_slot *ret)
{
	ret->type = type_get((enum type_id)PLACE_LOW(dir.a));
	if (ret->type->file || !stem_of(name, ret->stem))
		return 0;
	ret->hub = field_to(ret->type, PLACE_HIGH(dir.a));
	ret->hub_record = dir.b;
	if (store_referrer_find(db_of(tree), ret->type->id, dir.b, ret->stem, &ret->record) < 0)
		ret->record = 0;
	return 1;
}

_Bool node_takes_scratch(struct place dir)
{
	return dir.kind == PLACE_COLLECTION || dir.kind == PLACE_RECORD_DIR || dir.kind == PLACE_PARTS ||
	       dir.kind == PLACE_SCRATCH || (dir.kind == PLACE_FIXED && dir.b == PLACE_FIXED_TABLES);
}

_Bool node_folder_slot(struct tree *tree, struct place dir, const char *name, struct record_slot *ret)
{
	*ret = (struct record_slot){0};
	if (dir.kind == PLACE_COLLECTION) {
		ret->type = type_get((enum type_id)dir.a);
	} else if (dir.kind == PLACE_PARTS && !holds_parts(dir)) {
		ret->type = type_get((enum type_id)PLACE_LOW(dir.a));
		ret->hub = field_to(ret->type, PLACE_HIGH(dir.a));
		ret->hub_record = dir.b;
	}
	snprintf(ret->stem, sizeof(ret->stem), "%s", name);
	return ret->type && ret->type->file;
}

_Bool node_slot(struct tree *tree, struct place dir, const char *name, struct record_slot *ret)
{
	*ret = (struct record_slot){0};
	if (dir.kind == PLACE_COLLECTION)
		ret->type = type_get((enum type_id)dir.a);
	else if (dir.kind == PLACE_PARTS && holds_parts(dir))
		ret->type = type_get((enum type_id)PLACE_LOW(dir.a));
	if (ret->type) {
		ret->whole = dir.kind == PLACE_PARTS ? dir.b : 0;
		ret->card = card_stem_of(ret->type, name, ret->stem);
		if (ret->type->file || (!ret->card && !stem_of(name, ret->stem)))
			return 0;
		if (store_record_find(db_of(tree), ret->type->id, ret->whole, ret->stem, &ret->record) < 0)
			ret->record = 0;
		return 1;
	}
	if (dir.kind == PLACE_PARTS)
		return hub_slot(tree, dir, name, ret);
	if (dir.kind != PLACE_RECORD_DIR)
		return 0;
	ret->type = type_get((enum type_id)dir.a);
	ret->record = dir.b;
	return strcmp(ret->type->file, name) == 0;
}

/* ---- clients/, invoices/ … ---- */

NODE_STAT(node_collection_stat)
{
	int64_t newest = db_int(db_of(tree), no_time(tree),
		"SELECT mtime FROM record WHERE type = ?1 AND whole = 0 AND state = 0 ORDER BY id DESC LIMIT "
		"1",
		"i", (int64_t)p.a);

	return node_folder(ret, place_to_ino(p), newest);
}

static int record_node(struct tree *tree, const struct type *type, int64_t record, struct node *ret)
{
	struct place p = {type->file ? PLACE_RECORD_DIR : PLACE_RECORD, type->id, (uint32_t)record};

	return type->file ? node_dir_stat(tree, p, ret) : node_record_stat(tree, p, ret);
}

NODE_LOOKUP(node_collection_lookup)
{
	const struct type *type = type_get((enum type_id)p.a);
	char stem[256];
	int64_t record;

	if (strcmp(entry, "by") == 0)
		return node_by_stat(tree, (struct place){PLACE_BY, p.a, 0}, ret);
	if (type->file && store_record_find(db_of(tree), type->id, 0, entry, &record) == 0)
		return record_node(tree, type, record, ret);
	if (!type->file && stem_of(entry, stem) &&
		store_record_find(db_of(tree), type->id, 0, stem, &record) == 0)
		return record_node(tree, type, record, ret);
	if (type->id == TYPE_ENTRY && node_journal_lookup(tree, entry, ret) == 0)
		return 0;
	return node_scratch_lookup(tree, p, entry, ret);
}

static _Bool list_record(void *context, const struct listed *row)
{
	struct listing *l = context;
	const struct type *type = type_get((enum type_id)PLACE_LOW(l->place.a));
	char name[300];
	struct node node;

	if (type->file) {
		node_folder(&node, place_ino(PLACE_RECORD_DIR, type->id, (uint64_t)row->id), row->mtime_ms);
		return node_add(l, row->id, row->name, &node);
	}
	node_file(&node, place_ino(PLACE_RECORD, type->id, (uint64_t)row->id), row->size, row->mtime_ms);
	snprintf(name, sizeof(name), "%s.json", row->name);
	return node_add(l, row->id, name, &node);
}

/* Before the records: what removes a whole folder finds the card while it is there. */
static _Bool list_card(void *context, const struct listed *row)
{
	struct listing *l = context;
	char name[300];
	struct node node;
	int64_t scratch;

	snprintf(name, sizeof(name), "%s.vcf", row->name);
	/* It went meanwhile; it was removed a moment ago; or one that was dropped there stands in its place. */
	if (tree_stat(l->tree, place_ino(PLACE_CARD, TYPE_CONTACT, (uint64_t)row->id), &node) < 0 ||
		node_is_away(l->tree, place_to_ino(l->place), name) ||
		store_scratch_find(l->db, place_to_ino(l->place), name, &scratch) == 0)
		return 1;
	return node_add(l, row->id, name, &node);
}

NODE_LIST(node_collection_list)
{
	struct node node;

	if (l->section == 0) {
		node_by_stat(l->tree, (struct place){PLACE_BY, l->place.a, 0}, &node);
		if (l->after < 1)
			node_add(l, 1, "by", &node);
	} else if (l->section == 1) {
		if (l->place.a == TYPE_CONTACT)
			store_record_list(l->db, TYPE_CONTACT, 0, l->after, list_card, l);
	} else if (l->section == 2) {
		store_record_list(l->db, (enum type_id)l->place.a, 0, l->after, list_record, l);
	} else if (l->section == 3) {
		node_scratch_list(l);
	} else if (l->place.a == TYPE_ENTRY) {
		node_journal_list(l);
	}
}

NODE_PARENT(node_collection_parent)
{
	*ret = (struct place){PLACE_ROOT, 0, 0};
	*ret_name = str_dup(type_get((enum type_id)p.a)->plural);
	return 0;
}

/* ---- a record's file ---- */

NODE_STAT(node_record_stat)
{
	struct record_stat stat;
	int r = store_record_stat(db_of(tree), p.b, &stat);

	return r < 0 ? r : node_file(ret, place_to_ino(p), stat.size, stat.mtime_ms);
}

NODE_READ(node_record_read)
{
	return store_record_body(db_of(tree), p.b, b);
}

NODE_PARENT(node_record_parent)
{
	const struct type *type = type_get((enum type_id)p.a);
	_cleanup_(mem_freep) char *name = NULL;

	if (type->file) {
		*ret = (struct place){PLACE_RECORD_DIR, p.a, p.b};
		*ret_name = str_dup(type->file);
		return 0;
	}
	if (node_dir_parent(tree, p, ret, &name) < 0 || !name)
		return -ENOENT;
	*ret_name = str_format("%s.json", name);
	return 0;
}

/* ---- clients/X/ ---- */

/* The n-th folder that a record's folder has: the types that refer to its type, in the order of the types. */
static const struct type *child_type(enum type_id folder, int n)
{
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const struct type *type = type_get((enum type_id)t);

		for (const struct field *f = type->fields; f->name; f++) {
			if (f->kind != FIELD_REF || f->ref != folder || t == TYPE_DOCUMENT)
				continue;
			if (n-- == 0)
				return type;
			break;
		}
	}
	return NULL;
}

NODE_STAT(node_dir_stat)
{
	struct record_stat stat;
	int r = store_record_stat(db_of(tree), p.b, &stat);

	return r < 0 ? r : node_folder(ret, place_to_ino(p), stat.mtime_ms);
}

NODE_LOOKUP(node_dir_lookup)
{
	const struct type *type = type_get((enum type_id)p.a), *child;

	if (strcmp(entry, type->file) == 0)
		return node_record_stat(tree, (struct place){PLACE_RECORD, p.a, p.b}, ret);
	for (int i = 0; (child = child_type(type->id, i)); i++) {
		if (strcmp(child->plural, entry) == 0)
			return node_parts_stat(
				tree, (struct place){PLACE_PARTS, PLACE_PAIR(child->id, type->id), p.b}, ret);
	}
	if (strcmp(entry, "documents") == 0)
		return node_docs_stat(tree, (struct place){PLACE_DOCS_LINK, p.a, p.b}, ret);
	return node_scratch_lookup(tree, p, entry, ret);
}

NODE_LIST(node_dir_list)
{
	const struct type *type = type_get((enum type_id)l->place.a), *child;
	struct place p = l->place;
	struct node node;

	if (l->section == 1) {
		node_scratch_list(l);
		return;
	}
	if (l->after < 1 && node_record_stat(l->tree, (struct place){PLACE_RECORD, p.a, p.b}, &node) == 0 &&
		!node_add(l, 1, type->file, &node))
		return;
	for (int i = 0; (child = child_type(type->id, i)); i++) {
		if (l->after >= i + 2)
			continue;
		node_folder(&node, place_ino(PLACE_PARTS, PLACE_PAIR(child->id, type->id), p.b),
			no_time(l->tree));
		if (!node_add(l, i + 2, child->plural, &node))
			return;
	}
	if (l->after < 100 && node_docs_stat(l->tree, (struct place){PLACE_DOCS_LINK, p.a, p.b}, &node) == 0)
		node_add(l, 100, "documents", &node);
}

/* Also for PLACE_RECORD of types without a folder: where a record is, and its name without ".json". */
NODE_PARENT(node_dir_parent)
{
	const struct field *f = type_whole(type_get((enum type_id)p.a));
	struct record_stat stat;
	int r = store_record_stat(db_of(tree), p.b, &stat);

	if (r < 0)
		return r;
	if (stat.whole && f)
		*ret = (struct place){PLACE_PARTS, PLACE_PAIR(p.a, f->ref), (uint32_t)stat.whole};
	else
		*ret = (struct place){PLACE_COLLECTION, p.a, 0};
	*ret_name = store_record_name(db_of(tree), p.b);
	return *ret_name ? 0 : -ENOENT;
}

/* ---- clients/X/invoices/: links, and clients/X/contacts/: real files ---- */

NODE_STAT(node_parts_stat)
{
	struct record_stat stat;
	int r = store_record_stat(db_of(tree), p.b, &stat);

	return r < 0 ? r : node_folder(ret, place_to_ino(p), no_time(tree));
}

NODE_LOOKUP(node_parts_lookup)
{
	const struct type *type = type_get((enum type_id)PLACE_LOW(p.a));
	char stem[256];
	int64_t record;

	if (!type->file && !stem_of(entry, stem))
		return node_scratch_lookup(tree, p, entry, ret);
	if (type->file)
		snprintf(stem, sizeof(stem), "%s", entry);
	if (holds_parts(p)) {
		if (store_record_find(db_of(tree), type->id, p.b, stem, &record) == 0)
			return record_node(tree, type, record, ret);
	} else if (store_referrer_find(db_of(tree), type->id, p.b, stem, &record) == 0) {
		return node_hub_stat(tree, (struct place){PLACE_HUB_LINK, p.a, (uint32_t)record}, ret);
	}
	return node_scratch_lookup(tree, p, entry, ret);
}

static _Bool list_hub(void *context, const struct listed *row)
{
	struct listing *l = context;
	const struct type *type = type_get((enum type_id)PLACE_LOW(l->place.a));
	struct place p = {PLACE_HUB_LINK, l->place.a, (uint32_t)row->id};
	char name[300];
	struct node node;

	snprintf(name, sizeof(name), "%s%s", row->name, type->file ? "" : ".json");
	/* clients/X/invoices/ → ../../../invoices/NAME: three folders up, whatever the client is called */
	node_link(&node, place_to_ino(p), (int64_t)(9 + strlen(type->plural) + 1 + strlen(name)),
		row->mtime_ms);
	return node_add(l, row->id, name, &node);
}

NODE_LIST(node_parts_list)
{
	enum type_id type = (enum type_id)PLACE_LOW(l->place.a);

	if (l->section == 2)
		node_scratch_list(l);
	else if (l->section == 0 && type == TYPE_CONTACT && holds_parts(l->place))
		store_record_list(l->db, type, l->place.b, l->after, list_card, l);
	else if (l->section == 0)
		return;
	else if (holds_parts(l->place))
		store_record_list(l->db, type, l->place.b, l->after, list_record, l);
	else
		store_referrer_list(l->db, type, l->place.b, l->after, list_hub, l);
}

NODE_PARENT(node_parts_parent)
{
	*ret = (struct place){PLACE_RECORD_DIR, (uint32_t)PLACE_HIGH(p.a), p.b};
	*ret_name = str_dup(type_get((enum type_id)PLACE_LOW(p.a))->plural);
	return 0;
}

NODE_TARGET(node_hub_target)
{
	const struct type *type = type_get((enum type_id)PLACE_LOW(p.a));
	_cleanup_(mem_freep) char *name = store_record_name(db_of(tree), p.b);

	return name ? str_format("../../../%s/%s%s", type->plural, name, type->file ? "" : ".json") : NULL;
}

NODE_STAT(node_hub_stat)
{
	_cleanup_(mem_freep) char *target = node_hub_target(tree, p);
	struct record_stat stat;

	if (!target || store_record_stat(db_of(tree), p.b, &stat) < 0)
		return -ENOENT;
	return node_link(ret, place_to_ino(p), (int64_t)strlen(target), stat.mtime_ms);
}

NODE_PARENT(node_hub_parent)
{
	const struct type *type = type_get((enum type_id)PLACE_LOW(p.a));
	_cleanup_json_ cJSON *doc = store_record_doc(db_of(tree), p.b);
	_cleanup_(mem_freep) char *name = store_record_name(db_of(tree), p.b);

	for (const struct field *f = type->fields; f->name && doc && name; f++) {
		int64_t target =
			f->kind == FIELD_REF && (int)f->ref == PLACE_HIGH(p.a) ? record_ref(doc, f) : 0;

		if (!target)
			continue;
		*ret = (struct place){PLACE_PARTS, p.a, (uint32_t)target};
		*ret_name = str_format("%s%s", name, type->file ? "" : ".json");
		return 0;
	}
	return -ENOENT;
}

/* ---- clients/X/documents → documents/Clients/X, where such a folder is ---- */

NODE_TARGET(node_docs_target)
{
	_cleanup_(mem_freep) char *name = store_record_name(db_of(tree), p.b);
	_cleanup_(mem_freep) char *path = NULL;
	int64_t folder;

	if (!name || filing_find(tree, (int)p.a, name, &folder) < 0)
		return NULL;
	path = filing_path((int)p.a, name);
	return str_format("../../%s", path);
}

NODE_STAT(node_docs_stat)
{
	_cleanup_(mem_freep) char *target = node_docs_target(tree, p);

	return target ? node_link(ret, place_to_ino(p), (int64_t)strlen(target), no_time(tree)) : -ENOENT;
}

NODE_PARENT(node_docs_parent)
{
	*ret = (struct place){PLACE_RECORD_DIR, p.a, p.b};
	*ret_name = str_dup("documents");
	return 0;
}
