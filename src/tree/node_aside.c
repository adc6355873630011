/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is opened by name and never listed, so that programs that read whole folders see each record once: .error, .last,
 * .template.json, .export/, .id/ of a folder, and NAME.meta.json, NAME.log.ndjson, NAME.d/ of a record. Contacts' NAME.vcf is listed
 * as well, for programs that people click.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "tree/kinds.h"
#include "tree/texts.h"

static const struct aside {
	const char *name;
	_Bool folder, records; /* only folders of records have it */
	int parent;	       /* another one, -1: the folder itself */
} asides[PLACE_ASIDE_COUNT] = {
	[PLACE_ASIDE_ERROR] = {".error", .parent = -1},
	[PLACE_ASIDE_LAST] = {".last", .records = 1, .parent = -1},
	[PLACE_ASIDE_TEMPLATE] = {".template.json", .records = 1, .parent = -1},
	[PLACE_ASIDE_ID] = {".id", .folder = 1, .records = 1, .parent = -1},
	[PLACE_ASIDE_EXPORT] = {".export", .folder = 1, .records = 1, .parent = -1},
	[PLACE_ASIDE_CSV] = {"csv", .parent = PLACE_ASIDE_EXPORT},
	[PLACE_ASIDE_JSON] = {"json", .parent = PLACE_ASIDE_EXPORT},
	[PLACE_ASIDE_NDJSON] = {"ndjson", .parent = PLACE_ASIDE_EXPORT},
};

_Static_assert((int)PLACE_FOLDER_KINDS <= 32 && (int)PLACE_ASIDE_COUNT <= 8,
	"place_aside_of() packs them into 5 and 3 bits");

static int64_t time_of(struct tree *tree, int64_t record)
{
	struct record_stat stat;

	return store_record_stat(store_db(tree->store), record, &stat) < 0 ? tree->made_ms : stat.mtime_ms;
}

static int hidden_folder(struct place p, int64_t mtime_ms, struct node *ret)
{
	node_folder(ret, place_to_ino(p), mtime_ms);
	ret->fleeting = 1;
	return 0;
}

/* ---- a folder's ---- */

NODE_STAT(node_aside_stat)
{
	if (asides[place_aside_which(p)].folder)
		return hidden_folder(p, tree->made_ms, ret);
	return node_made(tree, p, tree->made_ms, ret);
}

NODE_READ(node_aside_read)
{
	struct place dir = place_aside_dir(p);

	switch (place_aside_which(p)) {
	case PLACE_ASIDE_ERROR:
		return explain_errors(tree, dir, b);
	case PLACE_ASIDE_LAST:
		return explain_last(tree, dir, b);
	case PLACE_ASIDE_TEMPLATE:
		return record_template(type_get((enum type_id)PLACE_LOW(dir.a)), b);
	case PLACE_ASIDE_CSV:
	case PLACE_ASIDE_JSON:
	case PLACE_ASIDE_NDJSON:
		return export_read(tree, dir, place_aside_which(p), b);
	default:
		return -EISDIR;
	}
}

/* TOOL:ID.json is that record's file itself. */
static int lookup_id(struct tree *tree, struct place dir, const char *entry, struct node *ret)
{
	const char *colon = strchr(entry, ':');
	size_t n = strlen(entry);
	_cleanup_(mem_freep) char *tool = NULL;
	_cleanup_(mem_freep) char *id = NULL;
	enum type_id type = (enum type_id)PLACE_LOW(dir.a);
	int64_t record;
	int index;

	if (!colon || n < 6 || strcmp(entry + n - 5, ".json") != 0 || colon > entry + n - 5)
		return -ENOENT;
	tool = mem_dup(entry, (size_t)(colon - entry));
	id = mem_dup(colon + 1, (size_t)(entry + n - 5 - colon - 1));
	index = stack_tool(store_stack(tree->store), tool);
	if (index < 0)
		return -ENOENT;
	record = store_link_record(store_db(tree->store), store_tool_id(tree->store, index), type, id);
	if (!record || node_record_stat(tree, (struct place){PLACE_RECORD, type, (uint32_t)record}, ret) < 0)
		return -ENOENT;
	ret->fleeting = 1;
	return 0;
}

static int find_aside(struct tree *tree, struct place dir, int parent, const char *entry, struct node *ret)
{
	for (int i = 0; i < PLACE_ASIDE_COUNT; i++) {
		if (asides[i].parent == parent && strcmp(asides[i].name, entry) == 0 &&
			(!asides[i].records || node_is_folder_of_records(dir)))
			return node_aside_stat(tree, place_aside_of(dir, (enum place_aside)i), ret);
	}
	return -ENOENT;
}

NODE_LOOKUP(node_aside_entry)
{
	struct place dir = place_aside_dir(p);

	return place_aside_which(p) == PLACE_ASIDE_ID
		       ? lookup_id(tree, dir, entry, ret)
		       : find_aside(tree, dir, (int)place_aside_which(p), entry, ret);
}

NODE_LIST(node_aside_list)
{
	struct place dir = place_aside_dir(l->place);
	struct node node;

	for (int i = (int)l->after; i < PLACE_ASIDE_COUNT; i++) {
		if (asides[i].parent != (int)place_aside_which(l->place) ||
			node_aside_stat(l->tree, place_aside_of(dir, (enum place_aside)i), &node) < 0)
			continue;
		if (!node_add(l, i + 1, asides[i].name, &node))
			return;
	}
}

NODE_PARENT(node_aside_parent)
{
	const struct aside *a = &asides[place_aside_which(p)];

	*ret = place_aside_dir(p);
	if (a->parent >= 0)
		*ret = place_aside_of(*ret, (enum place_aside)a->parent);
	*ret_name = str_dup(a->name);
	return 0;
}

/* ---- a record's ---- */

static const struct beside {
	const char *ending;
	enum place_kind kind;
} besides[] = {
	{".meta.json", PLACE_META}, {".log.ndjson", PLACE_LOG}, {".d", PLACE_FIELDS}, {".vcf", PLACE_CARD}};

static const char *ending_of(enum place_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(besides); i++) {
		if (besides[i].kind == kind)
			return besides[i].ending;
	}
	return "";
}

/* The record whose file in that folder, real or a link, is called STEM.json. */
static int64_t record_called(struct tree *tree, struct place dir, const char *stem, const struct type **ret)
{
	char name[300];
	struct record_slot slot;
	int64_t record;

	snprintf(name, sizeof(name), "%s.json", stem);
	if (dir.kind == PLACE_VALUE) {
		*ret = type_get((enum type_id)PLACE_LOW(dir.a));
		return store_facet_find(store_db(tree->store), dir.b, name, &record) < 0 ? 0 : record;
	}
	if (!node_slot(tree, dir, name, &slot))
		return 0;
	*ret = slot.type;
	return slot.record;
}

static int lookup_trial(struct tree *tree, struct place dir, const char *name, struct node *ret)
{
	int rule = 0;
	size_t n = strlen(name) > 255 ? 0 : node_trial_stem(tree, name, &rule);
	_cleanup_(mem_freep) char *stem = n ? mem_dup(name, n) : NULL;
	const struct type *type;
	int64_t record = n ? record_called(tree, dir, stem, &type) : 0;

	ret->fleeting |= n != 0;
	return record ? tree_stat(tree, place_ino(PLACE_TRIAL, PLACE_PAIR(type->id, rule), (uint64_t)record),
				ret)
		      : -ENOENT;
}

int node_aside_lookup(struct tree *tree, struct place dir, const char *name, struct node *ret)
{
	size_t n = strlen(name);

	if (dir.kind == PLACE_SCRATCH || dir.kind == PLACE_FILE || dir.kind >= PLACE_META)
		return -ENOENT;
	if (name[0] == '.')
		return find_aside(tree, dir, -1, name, ret);
	for (size_t i = 0; i < ARRAY_LEN(besides); i++) {
		size_t end = strlen(besides[i].ending);
		_cleanup_(mem_freep) char *stem = NULL;
		const struct type *type;
		int64_t record;

		if (n <= end || n > 255 || strcmp(name + n - end, besides[i].ending) != 0)
			continue;
		stem = mem_dup(name, n - end);
		record = record_called(tree, dir, stem, &type);
		if (record)
			return tree_stat(tree, place_ino(besides[i].kind, type->id, (uint64_t)record), ret);
		/* It is there as soon as there is such a record, and no change of it names this file. */
		ret->fleeting = 1;
	}
	return lookup_trial(tree, dir, name, ret);
}

NODE_READ(node_meta_read)
{
	return p.kind == PLACE_LOG ? explain_log(tree, p.b, b) : explain_record(tree, p.b, b);
}

NODE_STAT(node_meta_stat)
{
	return node_made(tree, p, time_of(tree, p.b), ret);
}

/* Beside the record's file: its name with another ending. */
NODE_PARENT(node_meta_parent)
{
	_cleanup_(mem_freep) char *name = NULL;
	int r = node_record_parent(tree, (struct place){PLACE_RECORD, p.a, p.b}, ret, &name);

	if (r < 0)
		return r;
	*ret_name = str_format("%.*s%s", (int)(strlen(name) - strlen(".json")), name, ending_of(p.kind));
	return 0;
}

/* ---- NAME.d/ ---- */

NODE_STAT(node_fields_stat)
{
	return hidden_folder(p, time_of(tree, p.b), ret);
}

static struct place field_place(struct place fields, int field)
{
	return (struct place){PLACE_FIELD, PLACE_PAIR(fields.a, field), fields.b};
}

NODE_LOOKUP(node_fields_lookup)
{
	int field = type_field_index(type_get((enum type_id)p.a), entry);

	return field < 0 ? -ENOENT : node_field_stat(tree, field_place(p, field), ret);
}

NODE_LIST(node_fields_list)
{
	const struct type *type = type_get((enum type_id)l->place.a);
	struct node node;

	for (int i = (int)l->after; type->fields[i].name; i++) {
		if (node_field_stat(l->tree, field_place(l->place, i), &node) == 0 &&
			!node_add(l, i + 1, type->fields[i].name, &node))
			return;
	}
}

NODE_PARENT(node_fields_parent)
{
	return node_meta_parent(tree, p, ret, ret_name);
}

static const struct field *field_of(struct place p)
{
	return &type_get((enum type_id)PLACE_LOW(p.a))->fields[PLACE_HIGH(p.a)];
}

NODE_READ(node_field_read)
{
	return field_text(tree, p.b, field_of(p), b);
}

NODE_STAT(node_field_stat)
{
	int r = node_made(tree, p, time_of(tree, p.b), ret);

	ret->mode = S_IFREG | 0644;
	return r;
}

NODE_PARENT(node_field_parent)
{
	*ret = (struct place){PLACE_FIELDS, (uint32_t)PLACE_LOW(p.a), p.b};
	*ret_name = str_dup(field_of(p)->name);
	return 0;
}
