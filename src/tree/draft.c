/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files open for writing. All descriptors of one file share one draft, as they share one file elsewhere; the record
 * changes when its writer is done: at the flush by the process that opened it, after a write.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/trash.h"
#include "tree/kinds.h"
#include "tree/save.h"

struct draft {
	uint64_t ino;
	int handles;
	struct buf bytes;
	_Bool written;	 /* since the last save */
	_Bool truncated; /* nothing but that happened: no save */
	int32_t opener;	 /* process that opened it last */
	int64_t version; /* of the record that the bytes came from */
	cJSON *base;	 /* its doc */
	struct draft *next;
};

struct handle {
	struct tree *tree;
	uint64_t ino;
	int flags;
	struct draft *draft; /* open for writing */
	struct buf shown;    /* what a live file showed when it was opened */
	_Bool has_shown;
	int fd; /* a document, else -1 */
	int64_t parent;
};

static struct draft *find_draft(struct tree *tree, uint64_t ino)
{
	struct draft *d = tree->drafts;

	while (d && d->ino != ino)
		d = d->next;
	return d;
}

_Bool draft_size(struct tree *tree, uint64_t ino, int64_t *ret)
{
	struct draft *d;

	if (!tree->draft_count)
		return 0;
	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (d)
		*ret = (int64_t)d->bytes.len;
	pthread_mutex_unlock(&tree->mutex);
	return d != NULL;
}

static void slice(const struct buf *from, int64_t offset, size_t len, struct buf *to)
{
	if (offset < (int64_t)from->len)
		buf_add(to, from->data + offset,
			len < from->len - (size_t)offset ? len : from->len - (size_t)offset);
}

_Bool draft_read(struct tree *tree, uint64_t ino, int64_t offset, size_t len, struct buf *b)
{
	struct draft *d;

	if (!tree->draft_count)
		return 0;
	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (d)
		slice(&d->bytes, offset, len, b);
	pthread_mutex_unlock(&tree->mutex);
	return d != NULL;
}

/* What the file holds now, read without the lock. */
struct content {
	struct buf bytes;
	cJSON *base;
	int64_t version;
};

static int read_content(struct tree *tree, uint64_t ino, struct content *ret)
{
	struct place p = place_of_ino(ino);
	struct record_stat stat;
	int r;

	*ret = (struct content){.bytes = BUF_INIT(BUF_MAX_SCRATCH)};
	r = node_kinds[p.kind].read(tree, p, &ret->bytes);
	if (r == 0 && p.kind == PLACE_RECORD && store_record_stat(store_db(tree->store), p.b, &stat) == 0) {
		ret->version = stat.version;
		ret->base = store_record_doc(store_db(tree->store), p.b);
	}
	return r;
}

static void put_content(struct draft *d, struct content *c)
{
	buf_finish(&d->bytes);
	cJSON_Delete(d->base);
	d->bytes = c->bytes;
	d->base = c->base;
	d->version = c->version;
}

/* Joins the file's draft, or begins one with what the file holds. */
static int join_draft(struct tree *tree, uint64_t ino, int flags, int32_t process, struct draft **ret)
{
	struct content c;
	struct draft *d;
	int r = read_content(tree, ino, &c);

	if (r < 0) {
		buf_finish(&c.bytes);
		return r;
	}
	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (!d) {
		d = mem_alloc(sizeof(*d));
		d->ino = ino;
		d->next = tree->drafts;
		tree->drafts = d;
		tree->draft_count++;
		put_content(d, &c);
	} else {
		buf_finish(&c.bytes);
		cJSON_Delete(c.base);
	}
	if (flags & O_TRUNC) {
		buf_resize(&d->bytes, 0);
		d->truncated = 1;
	}
	d->opener = process;
	d->handles++;
	pthread_mutex_unlock(&tree->mutex);
	*ret = d;
	return 0;
}

static int open_document(struct tree *tree, uint64_t ino, int flags, struct handle *h)
{
	struct file_stat s;
	_cleanup_(mem_freep) char *name = NULL;
	struct place parent;

	if (store_file_stat(store_db(tree->store), place_of_ino(ino).b, &s) < 0 ||
		node_file_parent(tree, place_of_ino(ino), &parent, &name) < 0)
		return -ENOENT;
	h->parent = s.parent;
	h->fd = document_open(tree, s.parent, name, flags & (O_ACCMODE | O_TRUNC | O_APPEND), 0);
	return h->fd < 0 ? h->fd : 0;
}

static struct handle *new_handle(struct tree *tree, uint64_t ino, int flags)
{
	struct handle *h = mem_alloc(sizeof(*h));

	h->tree = tree;
	h->ino = ino;
	h->flags = flags;
	h->fd = -1;
	h->shown = BUF_INIT(BUF_MAX_TEXT);
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
	if (!writing && (p.kind == PLACE_RECORD || p.kind == PLACE_SCRATCH || p.kind == PLACE_SCHEMA))
		return 0;
	h = new_handle(tree, ino, flags);
	if (p.kind == PLACE_FILE) {
		r = open_document(tree, ino, flags, h);
	} else if (writing && (p.kind == PLACE_RECORD || p.kind == PLACE_SCRATCH)) {
		r = join_draft(tree, ino, flags, save_process(who), &h->draft);
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

	h->fd = document_open(
		tree, parent, name, (flags & (O_ACCMODE | O_TRUNC | O_EXCL | O_APPEND)) | O_CREAT, mode);
	r = h->fd < 0 ? h->fd : document_note(tree, parent, name, &id);
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

int tree_create(struct tree *tree, uint64_t dir, const char *name, uint32_t mode, int flags,
	const struct caller *who, struct node *ret, struct handle **ret_handle, struct err *e)
{
	struct place p = place_of_ino(dir);
	struct create c = {.dir = dir, .name = name, .mode = S_IFREG | (mode & 0777)};
	struct record_slot slot;
	int64_t parent;
	int r;

	if (document_parent(p, &parent) == 0)
		return create_document(tree, parent, name, mode, flags, ret, ret_handle);
	if (p.kind != PLACE_COLLECTION && p.kind != PLACE_RECORD_DIR && p.kind != PLACE_PARTS)
		return err_set(e, EPERM, "nothing can be made in this folder");
	/* vim asks with this name whether it may rename: refused, it writes in place, which is the safe way. */
	if (strcmp(name, "4913") == 0)
		return -EACCES;
	r = node_slot(tree, p, name, &slot) ? comes_back(tree, dir, name, &slot, who, e) : 0;
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

int tree_read(struct tree *tree, struct handle *h, uint64_t ino, size_t len, int64_t offset, struct buf *b)
{
	struct place p = place_of_ino(ino);
	struct buf whole = BUF_INIT(BUF_MAX_SCRATCH);
	int r;

	if (h && h->has_shown) {
		slice(&h->shown, offset, len, b);
		return 0;
	}
	if (draft_read(tree, ino, offset, len, b))
		return b->error;
	if ((unsigned)p.kind >= PLACE_KIND_COUNT || !node_kinds[p.kind].read)
		return -EISDIR;
	r = node_kinds[p.kind].read(tree, p, offset ? &whole : b);
	if (r == 0 && offset)
		slice(&whole, offset, len, b);
	buf_finish(&whole);
	return r;
}

int tree_descriptor(struct handle *h)
{
	return h ? h->fd : -1;
}

/* A record that changed meanwhile is not overwritten with what it was when the descriptor was opened. */
static int freshen(struct handle *h)
{
	struct record_stat stat;
	struct content c;
	struct place p = place_of_ino(h->ino);
	_Bool stale;

	if (p.kind != PLACE_RECORD || store_record_stat(store_db(h->tree->store), p.b, &stat) < 0)
		return 0;
	pthread_mutex_lock(&h->tree->mutex);
	stale = !h->draft->written && !h->draft->truncated && h->draft->version != stat.version;
	pthread_mutex_unlock(&h->tree->mutex);
	if (!stale || read_content(h->tree, h->ino, &c) < 0)
		return 0;
	pthread_mutex_lock(&h->tree->mutex);
	put_content(h->draft, &c);
	pthread_mutex_unlock(&h->tree->mutex);
	return 0;
}

int tree_write(struct handle *h, const void *bytes, size_t len, int64_t offset, const struct caller *who,
	struct err *e)
{
	int r;

	if (!h->draft)
		return control_write(h->tree, place_of_ino(h->ino), bytes, len, who, e);
	r = freshen(h);
	if (r < 0)
		return r;
	pthread_mutex_lock(&h->tree->mutex);
	if (h->flags & O_APPEND)
		offset = (int64_t)h->draft->bytes.len;
	r = buf_write(&h->draft->bytes, (size_t)offset, bytes, len);
	h->draft->bytes.error = 0;
	h->draft->written = 1;
	h->draft->truncated = 0;
	pthread_mutex_unlock(&h->tree->mutex);
	return r == -E2BIG ? err_set(e, EFBIG, "the file is larger than 64 MiB, the limit here") : r;
}

/* ---- saving ---- */

struct scratch_save {
	int64_t id;
	const struct buf *bytes;
};

static int write_scratch(struct tx *tx, void *argument)
{
	struct scratch_save *s = argument;

	return store_scratch_write(tx, s->id, buf_text(s->bytes), s->bytes->len, tx->now_ms);
}

/* A temporary file is stored; where its name is a record's, it becomes one as soon as it is valid. */
static int save_scratch(struct tree *tree, uint64_t ino, const struct buf *bytes, const struct caller *who,
	struct ticket *ret, struct err *e)
{
	struct scratch_save s = {place_of_ino(ino).b, bytes};
	_cleanup_(mem_freep) char *name = NULL, *path = NULL;
	struct record_slot slot;
	struct place dir;
	int r = store_write(tree->store, write_scratch, &s);

	if (r < 0 || node_scratch_parent(tree, place_of_ino(ino), &dir, &name) < 0 ||
		!node_slot(tree, dir, name, &slot))
		return r;
	path = tree_path(tree, ino);
	r = save_record(tree, &slot, path ? path : name, buf_text(bytes), bytes->len, NULL, who, ret, e);
	if (r == 0)
		save_finish_scratch(tree, s.id, ret->changed_ino);
	return r;
}

/* Takes a copy of what is to be saved; false when there is nothing. */
static _Bool take_bytes(struct handle *h, _Bool all, int32_t process, struct buf *bytes, cJSON **ret_base)
{
	struct draft *d = h->draft;
	_Bool wanted;

	pthread_mutex_lock(&h->tree->mutex);
	/* A child that inherited the descriptor and closes it is not the writer's end. */
	wanted = d->written && (all || !process || !d->opener || process == d->opener ||
				       place_of_ino(h->ino).kind == PLACE_SCRATCH);
	if (wanted) {
		buf_add(bytes, buf_text(&d->bytes), d->bytes.len);
		*ret_base = d->base ? cJSON_Duplicate(d->base, 1) : NULL;
		d->written = 0;
	}
	pthread_mutex_unlock(&h->tree->mutex);
	return wanted;
}

static int flush_document(struct handle *h)
{
	_cleanup_(mem_freep) char *name = NULL;
	struct place parent;

	if ((h->flags & O_ACCMODE) == O_RDONLY ||
		node_file_parent(h->tree, place_of_ino(h->ino), &parent, &name) < 0)
		return 0;
	return document_note(h->tree, h->parent, name, NULL);
}

/* After a save, good or bad, the descriptors see what the store has. */
static void reload(struct handle *h)
{
	struct content c;

	if (read_content(h->tree, h->ino, &c) < 0)
		return;
	pthread_mutex_lock(&h->tree->mutex);
	if (!h->draft->written)
		put_content(h->draft, &c);
	else {
		buf_finish(&c.bytes);
		cJSON_Delete(c.base);
	}
	pthread_mutex_unlock(&h->tree->mutex);
}

int tree_flush(struct handle *h, const struct caller *who, _Bool all, struct ticket *ret, struct err *e)
{
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	struct place p = place_of_ino(h->ino);
	_cleanup_json_ cJSON *base = NULL;
	int r;

	*ret = (struct ticket){0};
	if (h->fd >= 0)
		return flush_document(h);
	if (!h->draft || !take_bytes(h, all, all ? 0 : save_process(who), &bytes, &base))
		return 0;
	if (p.kind == PLACE_SCRATCH && !node_became(h->tree, p.b)) {
		r = save_scratch(h->tree, h->ino, &bytes, who, ret, e);
	} else {
		uint64_t ino = p.kind == PLACE_SCRATCH ? node_became(h->tree, p.b) : h->ino;
		struct record_slot slot = {
			.type = type_get((enum type_id)place_of_ino(ino).a), .record = place_of_ino(ino).b};
		_cleanup_(mem_freep) char *path = tree_path(h->tree, ino);

		r = save_record(h->tree, &slot, path ? path : "(gone)", buf_text(&bytes), bytes.len, base,
			who, ret, e);
	}
	buf_finish(&bytes);
	/* A refused draft of a new file stays as it is, for the next try. */
	if (r == 0 || p.kind == PLACE_RECORD)
		reload(h);
	return r;
}

static int announce_content(struct tx *tx, void *argument)
{
	return store_event(tx, EVENT_CHANGED, 0, "", *(uint64_t *)argument);
}

static void leave_draft(struct handle *h)
{
	struct draft *d = h->draft, **link = &h->tree->drafts;
	_Bool last, stale = 0;

	pthread_mutex_lock(&h->tree->mutex);
	last = --d->handles == 0;
	if (last) {
		while (*link != d)
			link = &(*link)->next;
		*link = d->next;
		h->tree->draft_count--;
		stale = d->truncated;
	}
	pthread_mutex_unlock(&h->tree->mutex);
	if (!last)
		return;
	/* Only emptied, never written: the record is as it was, and the kernel must show that again. */
	if (stale && place_of_ino(d->ino).kind == PLACE_RECORD)
		(void)store_write(h->tree->store, announce_content, &d->ino);
	buf_finish(&d->bytes);
	cJSON_Delete(d->base);
	free(d);
}

void tree_release(struct handle *h, const struct caller *who)
{
	struct ticket ticket;
	struct err e;

	if (!h)
		return;
	/* Whoever opened it is gone: save what is there; a refusal is kept in problems/. */
	if (h->draft) {
		(void)tree_flush(h, who, 1, &ticket, &e);
		leave_draft(h);
	}
	if (h->fd >= 0)
		close(h->fd);
	buf_finish(&h->shown);
	free(h);
}

void tree_refused(struct tree *tree, uint64_t ino)
{
	struct content c;
	struct draft *d;

	if (!tree->draft_count || read_content(tree, ino, &c) < 0)
		return;
	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (d && !d->written) {
		put_content(d, &c);
	} else {
		buf_finish(&c.bytes);
		cJSON_Delete(c.base);
	}
	pthread_mutex_unlock(&tree->mutex);
}

int draft_resize(struct tree *tree, uint64_t ino, int64_t size)
{
	struct draft *d;
	int r = 0;

	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	/* Without an open file, emptying a record by itself means nothing: it is accepted and changes nothing. */
	if (d && (size_t)size != d->bytes.len) {
		d->truncated = !d->written && size == 0;
		d->written = !d->truncated;
		r = size > (int64_t)d->bytes.max ? -EFBIG : buf_resize(&d->bytes, (size_t)size);
	}
	pthread_mutex_unlock(&tree->mutex);
	return r;
}
