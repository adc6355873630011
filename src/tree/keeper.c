/* SPDX-License-Identifier: Apache-2.0 */
/* What happens by itself after a while: removals go to the tools, temporary files expire. */
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/store/trash.h"
#include "tree/node.h"

enum { KEEPER_PAUSE_MS = 100, KEEPER_LONGEST_MS = 3600000 };

static int tell_trash(struct tx *tx, void *argument)
{
	return store_trash_tell(tx);
}

/* Does what is due; returns how long there is nothing to do. */
static int keep(struct tree *tree)
{
	int64_t next = store_trash_next(store_db(tree->store));
	int64_t wait;

	if (next && next <= clock_now_ms()) {
		if (store_write(tree->store, tell_trash, NULL) < 0)
			log_warning("tree", "removals could not be passed on; trying again");
		return KEEPER_PAUSE_MS;
	}
	wait = next ? next - clock_now_ms() : KEEPER_LONGEST_MS;
	return wait < KEEPER_LONGEST_MS ? (int)wait : KEEPER_LONGEST_MS;
}

static void *keeper_main(void *argument)
{
	struct tree *tree = argument;
	uint64_t rings;

	while (!atomic_load(&tree->stop)) {
		struct pollfd p = {.fd = tree->keeper_fd, .events = POLLIN};
		int wait = keep(tree);

		if (poll(&p, 1, wait) > 0 && read(tree->keeper_fd, &rings, sizeof(rings)) < 0)
			continue;
		/* Every commit rings: many of them together are one look. */
		if (!atomic_load(&tree->stop))
			poll(NULL, 0, KEEPER_PAUSE_MS);
	}
	return NULL;
}

int tree_start(struct tree *tree)
{
	tree->keeper_fd = store_subscribe(tree->store);
	if (tree->keeper_fd < 0)
		return tree->keeper_fd;
	return -pthread_create(&tree->keeper, NULL, keeper_main, tree);
}

void tree_stop(struct tree *tree)
{
	atomic_store(&tree->stop, 1);
	store_ring(tree->store);
	pthread_join(tree->keeper, NULL);
}
