/* SPDX-License-Identifier: Apache-2.0 */
/* What happens by itself after a while: new files become records, removals go to the tools, temporary files expire. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/store/scratch.h"
#include "seamfs/store/trash.h"
#include "tree/filing.h"
#include "tree/save.h"

enum { KEEPER_PAUSE_MS = 100, KEEPER_AGAIN_MS = 500, KEEPER_LONGEST_MS = 3600000 };

static int tell_trash(struct tx *tx, void *argument)
{
	return store_trash_tell(tx);
}

static int expire(struct tx *tx, void *argument)
{
	return store_scratch_expire(tx, tx->now_ms - tx->stack->scratch_ms);
}

static int forget_due(struct tx *tx, void *argument)
{
	return store_scratch_due(tx, *(int64_t *)argument, 0, &(struct origin){0});
}

/* New files whose grace time is over become records; one that is still open for writing is not finished. */
static void promote(struct tree *tree, int64_t now)
{
	struct db *db = store_db(tree->store);
	struct ticket ticket;
	struct origin origin;
	int64_t id = 0;
	int r;

	while ((id = store_scratch_due_get(db, now, id)) && !atomic_load(&tree->stop)) {
		struct err e = {0};

		if (draft_is_open(tree, place_ino(PLACE_SCRATCH, 0, (uint64_t)id)) ||
			!store_scratch_due_of(db, id, &origin))
			continue;
		/* What is refused only now is in problems/, and the file stays a local one. */
		r = save_promote(tree, id, &origin, &ticket, &e);
		if (r < 0 && r != -ENOSPC && r != -EIO)
			(void)store_write(tree->store, forget_due, &id);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* Does what is due; returns how long there is nothing to do. */
static int keep(struct tree *tree)
{
	struct db *db = store_db(tree->store);
	int64_t now = clock_now_ms(), next = store_trash_next(db), filed, wait;

	if (next && next <= now && store_write(tree->store, tell_trash, NULL) < 0)
		log_warning("tree", "removals could not be passed on; trying again");
	promote(tree, now);
	filed = filing_keep(tree, now);
	if (now - tree->expired_ms >= KEEPER_LONGEST_MS && store_write(tree->store, expire, NULL) == 0)
		tree->expired_ms = now;
	/* What is overdue even now waits for something: a writer, the disk. */
	if (store_scratch_due_get(db, now, 0) || (next && next <= now))
		return KEEPER_AGAIN_MS;
	next = earlier(earlier(store_trash_next(db), store_scratch_due_next(db, now)), filed);
	wait = next ? next - clock_now_ms() : KEEPER_LONGEST_MS;
	return wait < 0 ? 0 : wait < KEEPER_LONGEST_MS ? (int)wait : KEEPER_LONGEST_MS;
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
