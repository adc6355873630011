/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, making, reading and closing files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "seamfs/store/scratch.h"
#include "seamfs/store/trash.h"
#include "tree/draft.h"
#include "tree/kinds.h"
#include "tree/known.h"

static int open_document(
	struct tree *tree, uint64_t ino, int flags, const struct caller *who, struct handle *h, struct err *e)
{
	struct file_stat s;
	_cleanup_(mem_freep) char *name = NULL;
	struct place parent;

	if (store_file_stat(store_db(tree->store), place_of_ino(ino).b, &s) < 0 ||
		node_file_parent(tree, place_of_ino(ino), &parent, &name) < 0)
		return -ENOENT;
	h->parent = s.parent;
	if ((flags & O_ACCMODE) != O_RDONLY && document_writable(tree, s.parent, e) < 0)
		return -e->code;
	if (tree->remote)
		return remote_open(tree, s.id, flags, who, &h->remote);
	h->fd = document_open(tree, s.parent, name, flags & (O_ACCMODE | O_TRUNC | O_APPEND), 0);
	return h->fd < 0 ? h->fd : 0;
}

/* It grows while it is open. */
static _Bool is_events(struct place p)
{
	return p.kind == PLACE_FIXED && p.b == PLACE_FIXED_EVENTS;
}

static struct handle *new_handle(struct tree *tree, uint64_t ino, int flags)
{
	struct handle *h = mem_alloc(sizeof(*h));

	h->tree = tree;
	h->ino = ino;
	h->flags = flags;
	h->fd = -1;
	h->shown = BUF_INIT(BUF_MAX_SCRATCH); /* a refused text may be as long as a file that was written */
	return h;
}

int tree_open(struct tree *tree, uint64_t ino, int flags, const struct caller *who, struct handle **ret,
	struct err *e)
{
	struct place p = place_of_ino(ino);
	_Bool writing = (flags & O_ACCMODE) != O_RDONLY;
	struct handle *h;
	int r = 0;

	*ret = NULL;
	if ((unsigned)p.kind >= PLACE_KIND_COUNT || (!node_kinds[p.kind].read && p.kind != PLACE_FILE))
		return -EISDIR;
	if ((p.kind == PLACE_RECORD || p.kind == PLACE_TABLE) && (flags & O_ACCMODE) != O_WRONLY)
		known_note(tree, who, ino, !writing);
	if (!writing &&
		(p.kind == PLACE_RECORD || p.kind == PLACE_SCRATCH || p.kind == PLACE_SCHEMA || is_events(p)))
		return 0;
	h = new_handle(tree, ino, flags);
	if (p.kind == PLACE_FILE) {
		r = open_document(tree, ino, flags, who, h, e);
	} else if (writing && draft_takes(p)) {
		r = draft_join(tree, ino, flags, save_process(who), &h->draft);
	} else if (writing && !control_takes(p)) {
		r = err_set(e, EACCES, "this file is made by seamfs and cannot be written");
	} else {
		h->has_shown = 1;
		r = node_kinds[p.kind].read(tree, p, &h->shown);
	}
	if (r < 0) {
		free(h);
		return r;
	}
	*ret = h;
	return 0;
}

struct create {
	uint64_t dir;
	const char *name;
	uint32_t mode;
	int64_t id;
};

static int make_scratch(struct tx *tx, void *argument)
{
	struct create *c = argument;

	return store_scratch_make(tx, c->dir, c->name, c->mode, NULL, &c->id);
}

static int create_document(struct tree *tree, int64_t parent, const char *name, uint32_t mode, int flags,
	struct node *ret, struct handle **ret_handle)
{
	struct handle *h = new_handle(tree, 0, flags);
	int64_t id;
	int r;

	if (tree->remote) {
		r = remote_create(tree, parent, name, &id, &h->remote);
	} else {
		h->fd = document_open(tree, parent, name,
			(flags & (O_ACCMODE | O_TRUNC | O_EXCL | O_APPEND)) | O_CREAT, mode);
		r = h->fd < 0 ? h->fd : document_note(tree, parent, name, &id);
	}
	if (r == 0)
		r = node_file_stat(tree, (struct place){PLACE_FILE, 0, (uint32_t)id}, ret);
	if (r < 0) {
		tree_release(h, NULL);
		return r;
	}
	h->ino = ret->ino;
	h->parent = parent;
	*ret_handle = h;
	return 0;
}

/* 1: the same record is written anew that an editor has moved away, or a program removed, a moment ago. */
static int comes_back(struct tree *tree, uint64_t dir, const char *name, struct record_slot *slot,
	const struct caller *who, struct err *e)
{
	int r;

	if (slot->record)
		return away_take(tree, dir, name);
	if (store_removed(store_db(tree->store), slot->type->id, slot->whole, slot->stem, &slot->record) < 0)
		return 0;
	r = remove_undo(tree, slot->record, who, e);
	return r < 0 ? r : 1;
}

static int create_file(struct tree *tree, uint64_t dir, const char *name, uint32_t mode, int flags,
	const struct caller *who, struct node *ret, struct handle **ret_handle, struct err *e)
{
	struct create c = {.dir = dir, .name = name, .mode = S_IFREG | (mode & 0777)};
	struct record_slot slot;
	struct place p = place_of_ino(dir), table;
	int r;

	if (p.kind == PLACE_FIXED && node_tables_find(name, &table) == 0) {
		/* Moved away a moment ago, to be written anew. */
		away_take(tree, dir, name);
		r = tree_open(tree, place_to_ino(table), flags | O_TRUNC, who, ret_handle, e);
		return r < 0 ? r : tree_stat(tree, place_to_ino(table), ret);
	}
	r = node_slot(tree, p, name, &slot) && !slot.card ? comes_back(tree, dir, name, &slot, who, e) : 0;
	if (r < 0)
		return r;
	if (r > 0) {
		uint64_t ino = place_ino(PLACE_RECORD, slot.type->id, (uint64_t)slot.record);

		r = tree_open(tree, ino, flags | O_TRUNC, who, ret_handle, e);
		return r < 0 ? r : tree_stat(tree, ino, ret);
	}
	r = store_write(tree->store, make_scratch, &c);
	if (r < 0)
		return r;
	r = tree_stat(tree, place_ino(PLACE_SCRATCH, 0, (uint64_t)c.id), ret);
	return r < 0 ? r : tree_open(tree, ret->ino, flags & ~O_CREAT, who, ret_handle, e);
}

int tree_create(struct tree *tree, uint64_t dir, const char *name, uint32_t mode, int flags,
	const struct caller *who, struct node *ret, struct handle **ret_handle, struct err *e)
{
	struct place p = place_of_ino(dir);
	int64_t parent;
	int r;

	if (document_parent(p, &parent) == 0)
		return document_writable(tree, parent, e) < 0
			       ? -e->code
			       : create_document(tree, parent, name, mode, flags, ret, ret_handle);
	if (!node_takes_scratch(p))
		return err_set(e, EPERM, "nothing can be made in this folder");
	/* vim asks with this name whether it may rename: refused, it writes in place, which is the safe way. */
	if (strcmp(name, "4913") == 0) {
		e->noted = 1; /* nobody is to be told */
		return -EACCES;
	}
	names_hold(tree);
	r = create_file(tree, dir, name, mode, flags, who, ret, ret_handle, e);
	names_release(tree);
	return r;
}

int tree_read(struct tree *tree, struct handle *h, uint64_t ino, size_t len, int64_t offset, struct buf *b)
{
	struct place p = place_of_ino(ino);
	struct buf whole = BUF_INIT(BUF_MAX_SCRATCH);
	int r;

	if (h && h->has_shown) {
		draft_slice(&h->shown, offset, len, b);
		return 0;
	}
	if (is_events(p)) {
		events_read(tree, offset, len, b);
		return b->error;
	}
	if (draft_read(tree, ino, offset, len, b))
		return b->error;
	if ((unsigned)p.kind >= PLACE_KIND_COUNT || !node_kinds[p.kind].read)
		return -EISDIR;
	r = node_kinds[p.kind].read(tree, p, offset ? &whole : b);
	if (r == 0 && offset)
		draft_slice(&whole, offset, len, b);
	buf_finish(&whole);
	return r;
}

int tree_descriptor(struct handle *h)
{
	return !h ? -1 : h->remote.content ? content_fd(h->remote.content) : h->fd;
}

_Bool tree_apart(struct handle *h)
{
	return h && h->remote.content && content_apart(h->remote.content);
}

int tree_ready(struct handle *h, int64_t offset, size_t len, _Bool write, uint64_t *ask)
{
	return h && h->remote.content ? remote_ready(&h->remote, offset, (int64_t)len, write, ask) : 1;
}

void tree_release(struct handle *h, const struct caller *who)
{
	struct ticket ticket;
	struct err e = {0};

	if (!h)
		return;
	/* Whoever opened it is gone: save what is there; a refusal is written down. */
	if (h->draft) {
		if (tree_flush(h->tree, h, h->ino, FLUSH_LAST, who, &ticket, &e) < 0 && e.code)
			tree_failed(h->tree, "save", h->ino, NULL, &e);
		draft_leave(h);
	}
	if (h->fd >= 0)
		close(h->fd);
	if (h->remote.content)
		remote_close(&h->remote);
	buf_finish(&h->shown);
	free(h);
}
