/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: what stat() shows, and what of it can be set. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/scratch.h"
#include "tree/draft.h"
#include "tree/kinds.h"
#include "tree/remote.h"
#include "tree/save.h"

int tree_stat(struct tree *tree, uint64_t ino, struct node *ret)
{
	struct place p = place_of_ino(ino);
	int64_t size, mtime = clock_now_ms();
	int r;

	if ((unsigned)p.kind >= PLACE_KIND_COUNT)
		return -ENOENT;
	r = node_kinds[p.kind].stat(tree, p, ret);
	if (r == 0) {
		(void)draft_size(tree, ino, &ret->size);
	} else if (draft_size(tree, ino, &size) ||
		   (p.kind == PLACE_FILE && tree->remote && remote_left(tree, p.b, &size, &mtime) == 0)) {
		/* Removed, but somebody has it open. */
		node_file(ret, ino, size, mtime);
		ret->nlink = 0;
		ret->fleeting = 1;
		r = 0;
	}
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

/* By name, without an open file: then kernel and store agree about the size only if it is done at once. */
static int resize_document(struct tree *tree, struct handle *h, struct place p, int64_t size, struct err *e)
{
	_cleanup_(mem_freep) char *name = NULL;
	_cleanup_(fd_closep) int own = -1;
	int fd = tree_descriptor(h);
	struct place parent;
	int64_t dir;

	if (tree->remote)
		return remote_resize(tree, h && h->remote.content ? &h->remote : NULL, p.b, size, e);
	if (fd >= 0)
		return ftruncate(fd, size) < 0 ? -errno : 0;
	if (node_file_parent(tree, p, &parent, &name) < 0 || document_parent(parent, &dir) < 0)
		return -ENOENT;
	own = document_open(tree, dir, name, O_WRONLY, 0);
	if (own < 0)
		return own;
	return ftruncate(own, size) < 0 ? -errno : document_note(tree, dir, name, NULL);
}

struct resizing {
	int64_t id, size;
};

static int resize_scratch_row(struct tx *tx, void *argument)
{
	const struct resizing *z = argument;
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	int r = store_scratch_read(tx->db, z->id, &bytes);

	if (r == 0)
		r = buf_resize(&bytes, (size_t)z->size);
	if (r == 0)
		r = store_scratch_write(tx, z->id, buf_text(&bytes), bytes.len, tx->now_ms);
	buf_finish(&bytes);
	return r;
}

static int resize(struct tree *tree, struct handle *h, struct place p, int64_t size, struct err *e)
{
	struct resizing z = {p.b, size};

	switch (p.kind) {
	case PLACE_FILE:
		return resize_document(tree, h, p, size, e);
	case PLACE_SCRATCH:
		if (size > (int64_t)BUF_MAX_SCRATCH)
			return err_set(e, EFBIG, "the file would be larger than 64 MiB, the limit here");
		if (!draft_is_open(tree, place_to_ino(p)))
			return store_write(tree->store, resize_scratch_row, &z);
		return draft_resize(tree, place_to_ino(p), size);
	case PLACE_RECORD:
	case PLACE_FIELD:
	case PLACE_TABLE:
		/* By name: emptied is how a save begins, and changes nothing by itself; a piece of a record is none. */
		if (size && !draft_is_open(tree, place_to_ino(p)))
			return err_set(e, EINVAL, "%s cannot be cut to a length: write the whole text",
				p.kind == PLACE_TABLE ? "a table" : "a record");
		return draft_resize(tree, place_to_ino(p), size);
	default:
		return control_takes(p)
			       ? 0
			       : err_set(e, EACCES, "this file is made by seamfs and cannot be written");
	}
}

int tree_setattr(struct tree *tree, uint64_t ino, struct handle *h, int64_t size, int64_t mtime_ms,
	struct node *ret, struct err *e)
{
	struct place p = place_of_ino(ino);
	struct mtime m = {p, mtime_ms};
	int r = 0;

	if (size >= 0)
		r = resize(tree, h, p, size, e);
	if (r == 0 && mtime_ms >= 0 && p.kind == PLACE_FILE) {
		_cleanup_(mem_freep) char *name = NULL;
		struct place parent;
		int64_t dir;

		if (node_file_parent(tree, p, &parent, &name) == 0 && document_parent(parent, &dir) == 0)
			r = document_touch(tree, p.b, dir, name, mtime_ms);
	} else if (r == 0 && mtime_ms >= 0 && (p.kind == PLACE_RECORD || p.kind == PLACE_SCRATCH)) {
		draft_touch(tree, ino, mtime_ms);
		r = store_write(tree->store, set_mtime, &m);
	}
	return r < 0 ? r : tree_stat(tree, ino, ret);
}
