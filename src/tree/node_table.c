/* SPDX-License-Identifier: Apache-2.0 */
/* tables/ and the files in it, as nodes. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "tree/kinds.h"
#include "tree/table.h"

/* Every table in turn, by a number that stays: types and their parts. */
static _Bool numbered(int number, struct place *ret, struct table *ret_table)
{
	*ret = (struct place){PLACE_TABLE, (uint32_t)(number / 2), (uint32_t)(number % 2)};
	return table_at(*ret, ret_table);
}

NODE_STAT(node_table_stat)
{
	int64_t size, ms;
	int r = table_stat(tree, p, &size, &ms);

	if (r < 0)
		return r;
	node_file(ret, place_to_ino(p), size, ms);
	/* No page cache: the text changes with every record in it. */
	ret->live = 1;
	ret->fleeting = 1;
	return 0;
}

NODE_READ(node_table_read)
{
	return table_read(tree, p, b);
}

NODE_PARENT(node_table_parent)
{
	struct table t;

	if (!table_at(p, &t))
		return -ENOENT;
	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_TABLES};
	*ret_name = table_file(&t);
	return 0;
}

int node_tables_find(const char *name, struct place *ret)
{
	struct table t;

	for (int i = 0; i < 2 * TYPE_COUNT; i++) {
		_cleanup_(mem_freep) char *file = numbered(i, ret, &t) ? table_file(&t) : NULL;

		if (file && strcmp(file, name) == 0)
			return 0;
	}
	return -ENOENT;
}

int node_tables_lookup(struct tree *tree, const char *name, struct node *ret)
{
	struct place p;

	if (node_tables_find(name, &p) == 0)
		return node_table_stat(tree, p, ret);
	return node_scratch_lookup(tree, (struct place){PLACE_FIXED, 0, PLACE_FIXED_TABLES}, name, ret);
}

void node_tables_list(struct listing *l)
{
	struct place p;
	struct table t;
	struct node node;

	for (int i = (int)l->after; i < 2 * TYPE_COUNT; i++) {
		_cleanup_(mem_freep) char *file = numbered(i, &p, &t) ? table_file(&t) : NULL;

		if (file && node_table_stat(l->tree, p, &node) == 0 && !node_add(l, i + 1, file, &node))
			return;
	}
}
