/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files open for writing. All descriptors of one file share one draft, as they share one file elsewhere; the record
 * changes when its writer is done: at the flush by the process that opened it, after a write.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/failure.h"
#include "seamfs/store/scratch.h"
#include "tree/draft.h"
#include "tree/kinds.h"
#include "tree/known.h"
#include "tree/table.h"
#include "tree/texts.h"

static struct draft *find_draft(struct tree *tree, uint64_t ino)
{
	struct draft *d = tree->drafts;

	while (d && d->ino != ino)
		d = d->next;
	return d;
}

/* A record that is only opened shows what there is: a tool may change that. A temporary file may be removed while it is open. */
static struct draft *find_changed(struct tree *tree, uint64_t ino)
{
	struct draft *d = find_draft(tree, ino);

	return d && (d->written || d->truncated || place_of_ino(ino).kind == PLACE_SCRATCH) ? d : NULL;
}

_Bool draft_takes(struct place p)
{
	return p.kind == PLACE_RECORD || p.kind == PLACE_SCRATCH || p.kind == PLACE_FIELD ||
	       p.kind == PLACE_TABLE;
}

_Bool draft_is_open(struct tree *tree, uint64_t ino)
{
	_Bool open;

	pthread_mutex_lock(&tree->mutex);
	open = find_draft(tree, ino) != NULL;
	pthread_mutex_unlock(&tree->mutex);
	return open;
}

_Bool draft_size(struct tree *tree, uint64_t ino, int64_t *ret)
{
	struct draft *d;

	if (!tree->draft_count)
		return 0;
	pthread_mutex_lock(&tree->mutex);
	d = find_changed(tree, ino);
	if (d)
		*ret = (int64_t)d->bytes.len;
	pthread_mutex_unlock(&tree->mutex);
	return d != NULL;
}

void draft_slice(const struct buf *from, int64_t offset, size_t len, struct buf *to)
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
	d = find_changed(tree, ino);
	if (d)
		draft_slice(&d->bytes, offset, len, b);
	pthread_mutex_unlock(&tree->mutex);
	return d != NULL;
}

/* A record's file, or one field of it. */
static _Bool is_record(struct place p)
{
	return p.kind == PLACE_RECORD || p.kind == PLACE_FIELD;
}

/* What the file holds now, read without the lock. */
struct content {
	struct buf bytes;
	int64_t known;
	int64_t version;
};

static int read_content(struct tree *tree, uint64_t ino, struct content *ret)
{
	struct place p = place_of_ino(ino);
	struct record_stat stat;
	int r;

	*ret = (struct content){.bytes = BUF_INIT(BUF_MAX_SCRATCH), .known = store_position(tree->store)};
	r = node_kinds[p.kind].read(tree, p, &ret->bytes);
	if (r == 0 && is_record(p) && store_record_stat(store_db(tree->store), p.b, &stat) == 0)
		ret->version = stat.version;
	return r;
}

static void put_content(struct draft *d, struct content c)
{
	buf_finish(&d->bytes);
	d->bytes = c.bytes;
	d->known = c.known;
	d->version = c.version;
}

/* An emptied record is as good as untouched: whoever empties it is about to write. A temporary file is really empty. */
static void empty(struct draft *d)
{
	_Bool scratch = place_of_ino(d->ino).kind == PLACE_SCRATCH;

	buf_resize(&d->bytes, 0);
	d->written = d->written || scratch;
	d->truncated = !d->written;
}

static int begin_anew(struct tx *tx, void *argument)
{
	return store_scratch_emptied(tx, *(int64_t *)argument);
}

/* A temporary file that lay there from an earlier time: what its writer knows is what there is now. */
static void note_emptied(struct tree *tree, uint64_t ino)
{
	struct place p = place_of_ino(ino);
	int64_t id = p.b;

	/* Where it cannot be noted, the disk is full, and the save itself says so. */
	if (p.kind == PLACE_SCRATCH)
		(void)store_write(tree->store, begin_anew, &id);
}

int draft_join(struct tree *tree, uint64_t ino, int flags, int32_t process, struct draft **ret)
{
	struct content c;
	struct draft *d;
	int r = read_content(tree, ino, &c);

	if (r < 0) {
		buf_finish(&c.bytes);
		return r;
	}
	if ((flags & O_TRUNC) && !(flags & O_EXCL))
		note_emptied(tree, ino);
	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (!d) {
		d = mem_alloc(sizeof(*d));
		d->ino = ino;
		d->next = tree->drafts;
		tree->drafts = d;
		tree->draft_count++;
		put_content(d, c);
	} else {
		buf_finish(&c.bytes);
	}
	if (flags & O_TRUNC)
		empty(d);
	d->opener = process;
	d->handles++;
	pthread_mutex_unlock(&tree->mutex);
	*ret = d;
	return 0;
}

/* A record that changed meanwhile is not overwritten with what it was when the descriptor was opened. */
static int freshen(struct handle *h)
{
	struct record_stat stat;
	struct content c;
	struct place p = place_of_ino(h->ino);
	_Bool stale;

	if (!is_record(p) || store_record_stat(store_db(h->tree->store), p.b, &stat) < 0)
		return 0;
	pthread_mutex_lock(&h->tree->mutex);
	stale = !h->draft->written && !h->draft->truncated && h->draft->version != stat.version;
	pthread_mutex_unlock(&h->tree->mutex);
	if (!stale || read_content(h->tree, h->ino, &c) < 0)
		return 0;
	pthread_mutex_lock(&h->tree->mutex);
	put_content(h->draft, c);
	pthread_mutex_unlock(&h->tree->mutex);
	return 0;
}

struct scratch_save {
	int64_t id;
	const void *bytes;
	size_t len;
	int64_t mtime_ms; /* 0: now */
	int64_t due_ms;
	struct origin origin;
	const char *path;	/* it could become a record: what was refused before is mended */
	const struct err *open; /* what it lacks yet */
};

/* No mistake yet, but whoever looks is told. */
static int note_open(struct tx *tx, const struct scratch_save *s)
{
	struct failure f = {.act = "create",
		.path = s->path,
		.tool = -1,
		.code = s->open->code,
		.field = s->open->field,
		.text = s->open->text};

	return store_failure_add(tx, &f);
}

static int write_scratch(struct tx *tx, void *argument)
{
	struct scratch_save *s = argument;
	int r = store_scratch_write(tx, s->id, s->bytes, s->len, s->mtime_ms ? s->mtime_ms : tx->now_ms);

	if (r == 0)
		r = store_scratch_due(tx, s->id, s->due_ms, &s->origin);
	if (r == 0 && s->path)
		r = store_problem_clear(tx, 0, s->path);
	if (r == 0 && s->path)
		r = store_failure_clear(tx, s->path);
	return r == 0 && s->open ? note_open(tx, s) : r;
}

/* After a save, good or bad, the descriptors see what the store has. */
static void reload(struct handle *h)
{
	struct content c;

	if (read_content(h->tree, h->ino, &c) < 0)
		return;
	pthread_mutex_lock(&h->tree->mutex);
	if (!h->draft->written)
		put_content(h->draft, c);
	else
		buf_finish(&c.bytes);
	pthread_mutex_unlock(&h->tree->mutex);
}

/* ---- writing ---- */

static struct record_slot slot_of(struct place p)
{
	return (struct record_slot){.type = type_get((enum type_id)PLACE_LOW(p.a)), .record = p.b};
}

/* Where the reason for a refusal is looked for: at the record, also when it was one field that was written. */
static char *path_of(struct tree *tree, struct place p)
{
	return tree_path(
		tree, p.kind == PLACE_FIELD ? place_ino(PLACE_RECORD, PLACE_LOW(p.a), p.b) : place_to_ino(p));
}

/* What the bytes of an open file say about its record; @json keeps the text that a field's file means. */
static int meaning(struct place p, struct text *text, struct buf *json)
{
	int r;

	if (p.kind != PLACE_FIELD)
		return 0;
	r = field_json(&type_get((enum type_id)PLACE_LOW(p.a))->fields[PLACE_HIGH(p.a)], text->bytes,
		text->len, json);
	text->fields = (uint64_t)1 << PLACE_HIGH(p.a);
	text->written = text->bytes;
	text->written_len = text->len;
	text->bytes = buf_text(json);
	text->len = json->len;
	return r;
}

/* A part of a sheet that ends with a line may be all of it: rows that are not there change nothing. */
static int check_table(struct handle *h, const void *bytes, size_t len, const struct origin *origin,
	const struct caller *who, struct err *e)
{
	struct text text = {.bytes = bytes, .len = len};
	_cleanup_json_ cJSON *knew = NULL;
	struct csv_sheet *sheet = NULL;

	if (((const char *)bytes)[len - 1] != '\n' || csv_parse(bytes, len, &sheet, NULL) < 0)
		return 0;
	csv_free(sheet);
	text.known = known_by(h->tree, who, h->ino, h->draft->known, &knew);
	text.own = knew;
	return table_check(h->tree, place_of_ino(h->ino), &text, origin, e);
}

/*
 * Programs that write a whole text at once often look only at what write() says: a shell's echo does. So a text that begins
 * an empty file is looked at then and there, unless it is plain that more of it is to come.
 */
static int check_whole(
	struct handle *h, const void *bytes, size_t len, const struct caller *who, struct err *e)
{
	struct place p = place_of_ino(h->ino);
	struct origin origin = save_origin(who, "save");
	_cleanup_(mem_freep) char *path = path_of(h->tree, p), *name = NULL;
	struct text text = {.bytes = bytes, .len = len};
	struct record_slot slot = slot_of(p);
	struct buf json = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_json_ cJSON *knew = NULL;
	struct place dir;
	int r;

	if (p.kind == PLACE_TABLE)
		return check_table(h, bytes, len, &origin, who, e);
	if (!path || (p.kind != PLACE_FIELD && json_cut_off(bytes, len)))
		return 0;
	if (p.kind == PLACE_SCRATCH &&
		(node_scratch_parent(h->tree, p, &dir, &name) < 0 || !node_slot(h->tree, dir, name, &slot) ||
			(slot.card && card_cut_off(bytes, len))))
		return 0;
	text.known = known_by(h->tree, who, h->ino, h->draft->known, &knew);
	text.own = knew;
	r = meaning(p, &text, &json);
	if (r == 0)
		r = save_check(h->tree, &slot, path, &text, &origin, e);
	buf_finish(&json);
	return r < 0 ? r : 0;
}

/* A record is what it was; a new file keeps the bytes, for its writer to mend. */
static void take_back(struct handle *h, const void *bytes, size_t len)
{
	struct place p = place_of_ino(h->ino);
	struct scratch_save s = {.id = p.b, .bytes = bytes, .len = len};

	if (p.kind == PLACE_SCRATCH)
		(void)store_write(h->tree->store, write_scratch, &s);
	pthread_mutex_lock(&h->tree->mutex);
	h->draft->written = 0;
	h->draft->truncated = 1;
	pthread_mutex_unlock(&h->tree->mutex);
	reload(h);
}

int tree_write(struct handle *h, const void *bytes, size_t len, int64_t offset, const struct caller *who,
	struct err *e)
{
	_Bool first;
	int r;

	if (!h->draft) {
		r = control_write(h->tree, place_of_ino(h->ino), bytes, len, who, e);
		if (r == 0)
			tree_done(h->tree, h->ino, NULL);
		return r;
	}
	r = freshen(h);
	if (r < 0)
		return r;
	pthread_mutex_lock(&h->tree->mutex);
	if (h->flags & O_APPEND)
		offset = (int64_t)h->draft->bytes.len;
	first = offset == 0 && h->draft->bytes.len == 0;
	r = buf_write(&h->draft->bytes, (size_t)offset, bytes, len);
	h->draft->bytes.error = 0;
	if (r == 0) {
		h->draft->written = 1;
		h->draft->truncated = 0;
		h->draft->mtime_ms = 0;
	}
	pthread_mutex_unlock(&h->tree->mutex);
	if (r == -E2BIG)
		return err_set(e, EFBIG, "the file would be larger than 64 MiB, the limit here");
	if (r == 0 && first && draft_takes(place_of_ino(h->ino))) {
		r = check_whole(h, bytes, len, who, e);
		if (r < 0)
			take_back(h, bytes, len);
	}
	return r;
}

/* ---- saving ---- */

/* Takes a copy of what is to be saved. 0: nothing is; 1: the writer is at it still; 2: the writer is done. */
static int take_bytes(
	struct handle *h, enum flush how, int32_t process, struct buf *bytes, int64_t *ret_known)
{
	struct draft *d = h->draft;
	_Bool scratch = place_of_ino(h->ino).kind == PLACE_SCRATCH, done;

	pthread_mutex_lock(&h->tree->mutex);
	/* A child that inherited the descriptor and closes it is not the writer's end. */
	done = d->written && (how != FLUSH_CLOSE || !process || !d->opener || process == d->opener);
	if (done || (d->written && scratch)) {
		buf_add(bytes, buf_text(&d->bytes), d->bytes.len);
		*ret_known = d->known;
	}
	d->written = d->written && !done;
	pthread_mutex_unlock(&h->tree->mutex);
	return done ? 2 : bytes->len > 0;
}

/*
 * A temporary file is stored. Where its name is a record's, it becomes one after its grace time: until then it may be
 * renamed over another record, which makes it an update of that one.
 */
static int save_scratch(
	struct handle *h, const struct buf *bytes, _Bool done, const struct caller *who, struct err *e)
{
	struct place p = place_of_ino(h->ino), dir;
	struct scratch_save s = {.id = p.b,
		.bytes = buf_text(bytes),
		.len = bytes->len,
		.mtime_ms = h->draft->mtime_ms,
		.origin = save_origin(who, "create")};
	_cleanup_(mem_freep) char *name = NULL, *path = tree_path(h->tree, h->ino);
	struct record_slot slot;
	int r = 1, stored;

	if (done && bytes->len && path && node_scratch_parent(h->tree, p, &dir, &name) == 0 &&
		node_slot(h->tree, dir, name, &slot))
		r = save_check(
			h->tree, &slot, path, &(struct text){.bytes = s.bytes, .len = s.len}, &s.origin, e);
	if (r == 0)
		s.due_ms = clock_now_ms() + TREE_GRACE_MS;
	s.path = r < 0 ? NULL : path;
	s.open = name && r == 1 ? e : NULL;
	stored = store_write(h->tree->store, write_scratch, &s);
	return stored < 0 ? stored : r < 0 ? r : 0;
}

static int save_open_record(struct handle *h, uint64_t ino, struct text *text, const struct caller *who,
	struct ticket *ret, struct err *e)
{
	struct place p = place_of_ino(ino);
	struct record_slot slot = slot_of(p);
	struct origin origin = save_origin(who, "save");
	_cleanup_(mem_freep) char *path = path_of(h->tree, p);
	struct buf json = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_json_ cJSON *knew = NULL;
	cJSON *own = NULL;
	int r = meaning(p, text, &json);

	text->known = known_by(h->tree, who, ino, text->known, &knew);
	text->own = knew;
	text->ret_own = &own;

	if (r == 0 && p.kind == PLACE_TABLE)
		r = table_save(h->tree, p, text, &origin, ret, e);
	else if (r == 0)
		r = save_record(h->tree, &slot, path ? path : "(gone)", text, &origin, ret, e);
	if (r == 0)
		known_saved(h->tree, who, ino, ret, own);
	else
		cJSON_Delete(own);
	buf_finish(&json);
	return r;
}

static int save_held(
	struct handle *h, enum flush how, const struct caller *who, struct ticket *ret, struct err *e)
{
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	struct place p = place_of_ino(h->ino);
	uint64_t ino = p.kind == PLACE_SCRATCH ? node_became(h->tree, p.b) : h->ino;
	int64_t known = 0;
	int taken = take_bytes(h, how, how == FLUSH_CLOSE ? save_process(who) : 0, &bytes, &known);
	int r = 0;

	if (taken && !ino)
		r = save_scratch(h, &bytes, taken == 2, who, e);
	else if (taken == 2)
		r = save_open_record(h, ino,
			&(struct text){.bytes = buf_text(&bytes),
				.len = bytes.len,
				.known = known,
				.mtime_ms = h->draft->mtime_ms},
			who, ret, e);
	buf_finish(&bytes);
	/* A refused draft of a new file stays as it is, for the next try. */
	if (taken == 2 && (r == 0 || is_record(p) || p.kind == PLACE_TABLE))
		reload(h);
	return r;
}

/* A new file must not become a record between the look whether it has and its save. */
static int save_draft(
	struct handle *h, enum flush how, const struct caller *who, struct ticket *ret, struct err *e)
{
	int r;

	if (place_of_ino(h->ino).kind != PLACE_SCRATCH)
		return save_held(h, how, who, ret, e);
	names_hold(h->tree);
	r = save_held(h, how, who, ret, e);
	names_release(h->tree);
	return r;
}

int tree_flush(struct tree *tree, struct handle *h, uint64_t ino, enum flush how, const struct caller *who,
	struct ticket *ret, struct err *e)
{
	int r = 0;

	*ret = (struct ticket){0};
	if (h && h->fd >= 0)
		return document_flush(h);
	if (h && h->draft)
		r = save_draft(h, how, who, ret, e);
	if (r < 0 || how != FLUSH_SYNC || ret->record)
		return r;
	return save_now(tree, ino, ret, e);
}

static int announce_content(struct tx *tx, void *argument)
{
	return store_event(tx, EVENT_CHANGED, 0, "", *(uint64_t *)argument);
}

void draft_leave(struct handle *h)
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
	free(d);
}

void tree_refused(struct tree *tree, uint64_t ino)
{
	struct content c;
	struct draft *d;

	if (!tree->draft_count || read_content(tree, ino, &c) < 0)
		return;
	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (d && !d->written)
		put_content(d, c);
	else
		buf_finish(&c.bytes);
	pthread_mutex_unlock(&tree->mutex);
}

void draft_touch(struct tree *tree, uint64_t ino, int64_t mtime_ms)
{
	struct draft *d;

	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (d)
		d->mtime_ms = mtime_ms;
	pthread_mutex_unlock(&tree->mutex);
}

int draft_resize(struct tree *tree, uint64_t ino, int64_t size)
{
	struct draft *d;
	int r = 0;

	pthread_mutex_lock(&tree->mutex);
	d = find_draft(tree, ino);
	if (d && size == 0) {
		empty(d);
	} else if (d && (size_t)size != d->bytes.len) {
		d->truncated = 0;
		d->written = 1;
		r = size > (int64_t)d->bytes.max ? -EFBIG : buf_resize(&d->bytes, (size_t)size);
	}
	pthread_mutex_unlock(&tree->mutex);
	return r;
}
