/* SPDX-License-Identifier: Apache-2.0 */
/* .seam/trash/TYPE/NAME.json: what was removed, until it is brought back or forgotten. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/store/trash.h"
#include "tree/kinds.h"
#include "tree/save.h"

NODE_STAT(node_trash_stat)
{
	return node_folder(ret, place_to_ino(p), tree->made_ms);
}

int node_trash_lookup_type(struct tree *tree, const char *entry, struct node *ret)
{
	const struct type *type = type_by_plural(entry);

	if (strcmp(entry, "documents") == 0)
		return node_documents_trash(tree, ret);
	if (!type || !node_has_folder((int)type->id))
		return -ENOENT;
	return node_trash_stat(tree, (struct place){PLACE_TRASH, type->id, 0}, ret);
}

void node_trash_list_types(struct listing *l)
{
	struct node node;

	for (int t = (int)l->after + 1; t < TYPE_COUNT; t++) {
		if (node_has_folder(t))
			node_trash_stat(l->tree, (struct place){PLACE_TRASH, (uint32_t)t, 0}, &node);
		else if (t != TYPE_DOCUMENT || node_documents_trash(l->tree, &node) < 0)
			continue;
		if (!node_add(l, t, type_get((enum type_id)t)->plural, &node))
			return;
	}
}

NODE_PARENT(node_trash_parent)
{
	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_TRASH};
	*ret_name = str_dup(type_get((enum type_id)p.a)->plural);
	return 0;
}

/* What is brought back disappears from here without a word: the kernel is to ask each time. */
static int trashed_node(struct place p, int64_t size, int64_t ms, struct node *ret)
{
	node_file(ret, place_to_ino(p), size, ms);
	ret->mode = S_IFREG | 0444;
	ret->live = 1;
	ret->fleeting = 1;
	return 0;
}

NODE_LOOKUP(node_trash_lookup)
{
	size_t n = strlen(entry);
	_cleanup_(mem_freep) char *stem = n > 5 ? mem_dup(entry, n - 5) : str_dup("");
	int64_t record;

	ret->fleeting = 1; /* what was removed is here at once, before it is announced */
	if (n <= 5 || strcmp(entry + n - 5, ".json") != 0 ||
		store_trash_find(store_db(tree->store), (enum type_id)p.a, stem, &record) < 0)
		return -ENOENT;
	return node_trashed_stat(tree, (struct place){PLACE_TRASHED, p.a, (uint32_t)record}, ret);
}

static _Bool list_trashed(void *context, const struct listed *row)
{
	struct listing *l = context;
	char name[300];
	struct node node;

	trashed_node((struct place){PLACE_TRASHED, l->place.a, (uint32_t)row->id}, row->size, row->mtime_ms,
		&node);
	snprintf(name, sizeof(name), "%s.json", row->name);
	return node_add(l, row->id, name, &node);
}

NODE_LIST(node_trash_list)
{
	store_trash_list(l->db, (enum type_id)l->place.a, l->after, list_trashed, l);
}

NODE_STAT(node_trashed_stat)
{
	struct trashed t;
	int r = store_trash_get(store_db(tree->store), p.b, &t);

	if (r < 0)
		return r;
	free(t.name);
	return trashed_node(p, t.size, t.ms, ret);
}

NODE_READ(node_trashed_read)
{
	return store_record_body(store_db(tree->store), p.b, b);
}

NODE_PARENT(node_trashed_parent)
{
	struct trashed t;
	int r = store_trash_get(store_db(tree->store), p.b, &t);

	if (r < 0)
		return r;
	*ret = (struct place){PLACE_TRASH, p.a, 0};
	*ret_name = str_format("%s.json", t.name);
	free(t.name);
	return 0;
}
