/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are free for a moment: an editor moved the file away, or removed it, and will make it anew. */
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "tree/save.h"

void away_add(struct tree *tree, uint64_t dir, const char *name, int64_t ms)
{
	size_t slot = 0;

	pthread_mutex_lock(&tree->mutex);
	for (size_t i = 0; i < TREE_MAX_AWAY; i++) {
		if (tree->away[i].until_ms < tree->away[slot].until_ms)
			slot = i;
	}
	tree->away[slot].dir = dir;
	snprintf(tree->away[slot].name, sizeof(tree->away[slot].name), "%s", name);
	tree->away[slot].until_ms = clock_steady_ms() + ms;
	if (tree->away_until_ms < tree->away[slot].until_ms)
		tree->away_until_ms = tree->away[slot].until_ms;
	pthread_mutex_unlock(&tree->mutex);
}

/* The row of a name, or TREE_MAX_AWAY; under the lock. */
static size_t find(struct tree *tree, uint64_t dir, const char *name)
{
	int64_t now = clock_steady_ms();
	size_t i = 0;

	while (i < TREE_MAX_AWAY && !(tree->away[i].dir == dir && tree->away[i].until_ms > now &&
					    strcmp(tree->away[i].name, name) == 0))
		i++;
	return i;
}

_Bool away_take(struct tree *tree, uint64_t dir, const char *name)
{
	size_t i;

	pthread_mutex_lock(&tree->mutex);
	i = find(tree, dir, name);
	if (i < TREE_MAX_AWAY)
		tree->away[i].until_ms = 0;
	pthread_mutex_unlock(&tree->mutex);
	return i < TREE_MAX_AWAY;
}

_Bool node_is_away(struct tree *tree, uint64_t dir, const char *name)
{
	_Bool away;

	/* Nearly always nothing is away, and every lookup asks. */
	if (tree->away_until_ms <= clock_steady_ms())
		return 0;
	pthread_mutex_lock(&tree->mutex);
	away = find(tree, dir, name) < TREE_MAX_AWAY;
	pthread_mutex_unlock(&tree->mutex);
	return away;
}
