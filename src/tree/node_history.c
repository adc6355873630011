/* SPDX-License-Identifier: Apache-2.0 */
/* .seam/history/DATE.ndjson: the changes of one day (UTC), newest first. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/history.h"
#include "tree/kinds.h"
#include "tree/texts.h"

#define DAY_MS INT64_C(86400000)

static void day_name(int64_t day, char name[32])
{
	char text[CLOCK_UTC_SIZE];

	clock_format_utc(day * DAY_MS, text);
	snprintf(name, 32, "%.10s.ndjson", text);
}

static int day_node(struct tree *tree, int64_t day, struct node *ret)
{
	return node_history_stat(tree, (struct place){PLACE_HISTORY, 0, (uint32_t)day}, ret);
}

/* The first day from @day on in which something changed, 0: none. */
static int64_t next_day(struct db *db, int64_t day)
{
	return db_int(db, 0, "SELECT min(ms) FROM history WHERE ms >= ?1", "i", day * DAY_MS) / DAY_MS;
}

int node_history_lookup(struct tree *tree, const char *entry, struct node *ret)
{
	int64_t day = next_day(store_db(tree->store), 0);
	char name[32];

	for (; day; day = next_day(store_db(tree->store), day + 1)) {
		day_name(day, name);
		if (strcmp(name, entry) == 0)
			return day_node(tree, day, ret);
	}
	return -ENOENT;
}

void node_history_list(struct listing *l)
{
	int64_t day = next_day(l->db, l->after + 1);
	char name[32];
	struct node node;

	for (; day; day = next_day(l->db, day + 1)) {
		day_name(day, name);
		if (day_node(l->tree, day, &node) == 0 && !node_add(l, day, name, &node))
			return;
	}
}

NODE_READ(node_history_read)
{
	return explain_day(tree, (int64_t)p.b * DAY_MS, ((int64_t)p.b + 1) * DAY_MS, b);
}

/* Counting the bytes of a busy day takes a while, and whoever lists the folder asks for all days: once for each state. */
static int measure(struct tree *tree, struct place p, int64_t last, int64_t *ret)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r = node_history_read(tree, p, &b);

	*ret = (int64_t)b.len;
	buf_finish(&b);
	pthread_mutex_lock(&tree->mutex);
	tree->days[p.b % TREE_MAX_DAYS].day = p.b;
	tree->days[p.b % TREE_MAX_DAYS].last = last;
	tree->days[p.b % TREE_MAX_DAYS].size = *ret;
	pthread_mutex_unlock(&tree->mutex);
	return r == -E2BIG ? -EFBIG : r;
}

NODE_STAT(node_history_stat)
{
	int64_t from = (int64_t)p.b * DAY_MS, size = -1;
	int64_t last = db_int(store_db(tree->store), 0,
		"SELECT max(id) FROM history WHERE ms >= ?1 AND ms < ?2", "ii", from, from + DAY_MS);
	int64_t ms = db_int(store_db(tree->store), from, "SELECT ms FROM history WHERE id = ?1", "i", last);
	int r = 0;

	pthread_mutex_lock(&tree->mutex);
	if (tree->days[p.b % TREE_MAX_DAYS].day == p.b && tree->days[p.b % TREE_MAX_DAYS].last == last)
		size = tree->days[p.b % TREE_MAX_DAYS].size;
	pthread_mutex_unlock(&tree->mutex);
	if (size < 0)
		r = measure(tree, p, last, &size);
	node_file(ret, place_to_ino(p), size, ms);
	ret->mode = S_IFREG | 0444;
	ret->live = 1;
	return r;
}

NODE_PARENT(node_history_parent)
{
	char name[32];

	day_name(p.b, name);
	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_HISTORY};
	*ret_name = str_dup(name);
	return 0;
}
