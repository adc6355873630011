/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: what stat() shows, and what of it can be set. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "tree/kinds.h"
#include "tree/save.h"

int tree_stat(struct tree *tree, uint64_t ino, struct node *ret)
{
	struct place p = place_of_ino(ino);
	int r;

	if ((unsigned)p.kind >= PLACE_KIND_COUNT)
		return -ENOENT;
	r = node_kinds[p.kind].stat(tree, p, ret);
	if (r == 0)
		(void)draft_size(tree, ino, &ret->size);
	return r;
}

struct mtime {
	struct place place;
	int64_t ms;
};

static int set_mtime(struct tx *tx, void *argument)
{
	struct mtime *m = argument;

	if (m->place.kind == PLACE_SCRATCH)
		return store_scratch_mtime(tx, m->place.b, m->ms);
	return db_run(tx->db, "UPDATE record SET mtime = ?2 WHERE id = ?1", "ii", (int64_t)m->place.b, m->ms);
}

static int resize(struct tree *tree, struct handle *h, uint64_t ino, int64_t size)
{
	int fd = tree_descriptor(h);

	if (place_of_ino(ino).kind != PLACE_FILE)
		return draft_resize(tree, ino, size);
	if (fd < 0)
		return -EOPNOTSUPP;
	return ftruncate(fd, size) < 0 ? -errno : 0;
}

int tree_setattr(
	struct tree *tree, uint64_t ino, struct handle *h, int64_t size, int64_t mtime_ms, struct node *ret)
{
	struct place p = place_of_ino(ino);
	struct mtime m = {p, mtime_ms};
	int r = 0;

	if (size >= 0)
		r = resize(tree, h, ino, size);
	if (r == 0 && mtime_ms >= 0 && p.kind == PLACE_FILE) {
		_cleanup_(mem_freep) char *name = NULL;
		struct timespec times[2] = {
			{.tv_nsec = UTIME_OMIT}, {mtime_ms / 1000, mtime_ms % 1000 * 1000000}};
		struct place parent;
		int64_t dir;

		if (node_file_parent(tree, p, &parent, &name) == 0 && document_parent(parent, &dir) == 0) {
			_cleanup_(fd_closep) int fd = document_open(tree, dir, name, O_RDONLY, 0);

			r = fd < 0		      ? fd
			    : futimens(fd, times) < 0 ? -errno
						      : document_note(tree, dir, name, NULL);
		}
	} else if (r == 0 && mtime_ms >= 0 && (p.kind == PLACE_RECORD || p.kind == PLACE_SCRATCH)) {
		draft_touch(tree, ino, mtime_ms);
		r = store_write(tree->store, set_mtime, &m);
	}
	return r < 0 ? r : tree_stat(tree, ino, ret);
}
