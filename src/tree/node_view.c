/* SPDX-License-Identifier: Apache-2.0 */
/* by/: a folder a field, a folder a value, a link a record. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "tree/kinds.h"

const char *node_view_name(const struct field *f)
{
	return f->kind == FIELD_DATE ? "month" : f->name;
}

NODE_STAT(node_by_stat)
{
	return node_folder(ret, place_to_ino(p), tree->made_ms);
}

NODE_LOOKUP(node_by_lookup)
{
	const struct type *type = type_get((enum type_id)p.a);

	for (const struct field *f = type->fields; f->name; f++) {
		if ((f->flags & FIELD_VIEW) && strcmp(node_view_name(f), entry) == 0)
			return node_view_stat(
				tree, (struct place){PLACE_VIEW, p.a, (uint32_t)(f - type->fields)}, ret);
	}
	return -ENOENT;
}

NODE_LIST(node_by_list)
{
	const struct type *type = type_get((enum type_id)l->place.a);
	struct node node;

	for (int i = (int)l->after; type->fields[i].name; i++) {
		if (!(type->fields[i].flags & FIELD_VIEW))
			continue;
		node_view_stat(l->tree, (struct place){PLACE_VIEW, l->place.a, (uint32_t)i}, &node);
		if (!node_add(l, i + 1, node_view_name(&type->fields[i]), &node))
			return;
	}
}

NODE_PARENT(node_by_parent)
{
	*ret = (struct place){PLACE_COLLECTION, p.a, 0};
	*ret_name = str_dup("by");
	return 0;
}

NODE_STAT(node_view_stat)
{
	return node_folder(ret, place_to_ino(p), tree->made_ms);
}

static struct place value_place(struct place view, int64_t value)
{
	return (struct place){PLACE_VALUE, PLACE_PAIR(view.a, view.b), (uint32_t)value};
}

NODE_LOOKUP(node_view_lookup)
{
	int64_t value;

	if (store_value_find(store_db(tree->store), (enum type_id)p.a, (int)p.b, entry, &value) < 0)
		return -ENOENT;
	return node_value_stat(tree, value_place(p, value), ret);
}

static _Bool list_value(void *context, const struct listed *row)
{
	struct listing *l = context;
	struct node node;

	node_folder(&node, place_to_ino(value_place(l->place, row->id)), l->tree->made_ms);
	return node_add(l, row->id, row->name, &node);
}

NODE_LIST(node_view_list)
{
	store_value_list(l->db, (enum type_id)l->place.a, (int)l->place.b, l->after, list_value, l);
}

NODE_PARENT(node_view_parent)
{
	*ret = (struct place){PLACE_BY, p.a, 0};
	*ret_name = str_dup(node_view_name(&type_get((enum type_id)p.a)->fields[p.b]));
	return 0;
}

NODE_STAT(node_value_stat)
{
	return node_folder(ret, place_to_ino(p), tree->made_ms);
}

NODE_LOOKUP(node_value_lookup)
{
	int64_t record;

	if (store_facet_find(store_db(tree->store), p.b, entry, &record) < 0)
		return -ENOENT;
	return node_facet_stat(tree, (struct place){PLACE_VALUE_LINK, p.b, (uint32_t)record}, ret);
}

static _Bool list_facet(void *context, const struct listed *row)
{
	struct listing *l = context;
	struct node node;

	node_link(&node, place_ino(PLACE_VALUE_LINK, l->place.b, (uint64_t)row->id), row->size,
		l->tree->made_ms);
	return node_add(l, row->id, row->name, &node);
}

NODE_LIST(node_value_list)
{
	store_facet_list(l->db, l->place.b, l->after, list_facet, l);
}

NODE_PARENT(node_value_parent)
{
	*ret = (struct place){PLACE_VIEW, (uint32_t)PLACE_LOW(p.a), (uint32_t)PLACE_HIGH(p.a)};
	*ret_name = store_value_name(store_db(tree->store), p.b);
	return *ret_name ? 0 : -ENOENT;
}

NODE_TARGET(node_facet_target)
{
	return store_facet_target(store_db(tree->store), p.a, p.b);
}

NODE_STAT(node_facet_stat)
{
	_cleanup_(mem_freep) char *target = node_facet_target(tree, p);

	return target ? node_link(ret, place_to_ino(p), (int64_t)strlen(target), tree->made_ms) : -ENOENT;
}

NODE_PARENT(node_facet_parent)
{
	struct db *db = store_db(tree->store);
	sqlite3_stmt *q = db_query(db,
		"SELECT v.type, v.field, f.name FROM facet f JOIN value v ON v.id = f.value WHERE f.value = "
		"?1 AND f.record = ?2",
		"ii", (int64_t)p.a, (int64_t)p.b);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct place){
		PLACE_VALUE, PLACE_PAIR(sqlite3_column_int(q, 0), sqlite3_column_int(q, 1)), p.a};
	*ret_name = str_dup(db_column_text(q, 2));
	db_done(q);
	return 0;
}
