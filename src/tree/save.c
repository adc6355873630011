/* SPDX-License-Identifier: Apache-2.0 */
/* How bytes become records, and what happens to those that don't. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/failure.h"
#include "seamfs/store/hint.h"
#include "seamfs/store/history.h"
#include "seamfs/store/scratch.h"
#include "tree/save.h"
#include "tree/texts.h"

int32_t save_process(const struct caller *who)
{
	char path[64], text[1024], *line;
	_cleanup_(fd_closep) int fd = -1;
	ssize_t n;

	if (who->tid <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/status", who->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	line = strstr(text, "\nTgid:");
	return line ? (int32_t)strtol(line + 6, NULL, 10) : 0;
}

struct origin save_origin(const struct caller *who, const char *cause)
{
	struct origin origin = {.tool = -1, .uid = who->uid, .cause = cause};
	char path[64];
	_cleanup_(fd_closep) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", who->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, origin.program, sizeof(origin.program) - 1);
	origin.program[n > 0 ? n - 1 : 0] = '\0'; /* without the line end */
	return origin;
}

/* One save on the writer thread. */
struct save {
	struct tree *tree;
	const struct record_slot *slot;
	const char *path;
	struct text text; /* without bytes: the patch is given */
	const cJSON *patch;
	_Bool folder; /* made with mkdir: more is about to come */
	struct origin origin;
	struct ticket *ticket;
	struct err why;
};

static void add_default(cJSON *patch, const char *field, cJSON *value)
{
	if (json_get(patch, field))
		cJSON_Delete(value);
	else
		cJSON_AddItemToObject(patch, field, value);
}

/* What a new file's place and name say, where the file itself does not. */
static void fill_from_place(const struct record_slot *slot, cJSON *patch)
{
	const struct field *whole = type_whole(slot->type);

	if (slot->stem[0])
		add_default(patch, type_key(slot->type)->name, cJSON_CreateString(slot->stem));
	if (whole && slot->whole)
		add_default(patch, whole->name, json_new_int(slot->whole));
	if (slot->hub)
		add_default(patch, slot->hub->name, json_new_int(slot->hub_record));
}

static uint64_t fields_of(const struct type *type, const cJSON *object)
{
	uint64_t fields = 0;

	for (const struct field *f = type->fields; f->name; f++) {
		if (json_get(object, f->name))
			fields |= field_bit(type, f);
	}
	return fields;
}

/* The fields that the text speaks of; all of them, also those that its type may get yet, where it has each of @doc's. */
static uint64_t spoken_of(const struct save *s, const cJSON *doc)
{
	_cleanup_json_ cJSON *file = NULL;
	uint64_t written;

	if (json_parse(s->text.bytes, s->text.len, JSON_STRICT, &file, NULL, NULL) < 0)
		return 0;
	written = fields_of(s->slot->type, file);
	return (fields_of(s->slot->type, doc) & ~written) == 0 ? ~(uint64_t)0 : written;
}

/*
 * What the text is compared with. A whole record was read before it was written: what differs from that is the change. A
 * few fields are an order: each is to be as it says, whatever it was.
 */
static cJSON *base_doc(struct db *db, const struct save *s)
{
	_cleanup_json_ cJSON *known = NULL;
	cJSON *whole;

	if (!s->slot->record)
		return NULL;
	if (s->text.own)
		known = cJSON_Duplicate(s->text.own, 1);
	else if (s->text.known && store_record_changed(db, s->slot->record, s->text.known))
		known = store_record_doc_at(db, s->slot->record, s->text.known);
	if (!known || spoken_of(s, known) != ~(uint64_t)0)
		return store_record_doc(db, s->slot->record);
	whole = known;
	known = NULL;
	return whole;
}

static int parse(struct db *db, const struct stack *stack, struct save *s, cJSON **ret)
{
	_cleanup_json_ cJSON *base = base_doc(db, s);
	struct record_names names = store_names(db);
	int r;

	if (s->slot->record && !base)
		return err_set(&s->why, ENOENT, "the record is no longer there");
	r = record_parse(
		s->slot->type, s->text.bytes, s->text.len, base, &names, stack->currency, ret, &s->why);
	if (r == 0 && !s->slot->record)
		fill_from_place(s->slot, *ret);
	if (r == 0 && base && s->text.ret_own) {
		cJSON_Delete(*s->text.ret_own);
		*s->text.ret_own = record_apply(s->slot->type, base, *ret);
	}
	return r;
}

/* The change that a save is; @ret_parsed holds its patch. */
static int plan(
	struct db *db, const struct stack *stack, struct save *s, struct change *ret, cJSON **ret_parsed)
{
	int r = s->text.bytes ? parse(db, stack, s, ret_parsed) : 0;

	*ret = (struct change){
		.type = s->slot->type->id,
		.record = s->slot->record,
		.patch = s->text.bytes ? *ret_parsed : s->patch,
		.name = s->slot->record || !s->slot->stem[0] ? NULL : s->slot->stem,
		.body = s->text.bytes,
		.body_len = s->text.len,
		.mtime_ms = s->text.mtime_ms,
		.moved = s->patch != NULL,
		.origin = s->origin,
	};
	return r;
}

/* Whoever saves a record decides what is contested in it: what he wrote of, and with a whole record all of it. */
static uint64_t settles(struct tx *tx, const struct save *s, int64_t record)
{
	_cleanup_json_ cJSON *doc = NULL;

	if (!s->text.bytes)
		return fields_of(s->slot->type, s->patch);
	if (s->text.fields)
		return s->text.fields;
	doc = store_record_doc(tx->db, record);
	return spoken_of(s, doc);
}

/* A tool may refuse it yet: then it is given back as it was written. */
static int keep_written(struct tx *tx, const struct save *s, int64_t record, int64_t version)
{
	const char *bytes = s->text.written ? s->text.written : s->text.bytes;
	_Bool all_heard = store_record_progress(tx->db, record) == RECORD_SYNCED;

	return store_written_keep(tx, record, version, all_heard || s->folder ? NULL : bytes,
		s->text.written ? s->text.written_len : s->text.len);
}

/* The temporary file became that record (0: it did not), for those who have it open. */
static void note_became(struct tree *tree, int64_t scratch, uint64_t ino)
{
	pthread_mutex_lock(&tree->mutex);
	for (size_t i = 0; i < TREE_MAX_BECAME && !ino; i++) {
		if (tree->became[i].scratch == scratch)
			tree->became[i].scratch = 0;
	}
	if (ino) {
		tree->became[tree->became_next].scratch = scratch;
		tree->became[tree->became_next].ino = ino;
		tree->became_next = (tree->became_next + 1) % TREE_MAX_BECAME;
	}
	pthread_mutex_unlock(&tree->mutex);
}

static int run_save(struct tx *tx, void *argument)
{
	struct save *s = argument;
	_cleanup_json_ cJSON *parsed = NULL;
	struct record_stat before = {0}, after;
	struct change c;
	int64_t record;
	_Bool alone = !s->text.own && !store_record_changed(tx->db, s->slot->record, s->text.known);
	int r = plan(tx->db, tx->stack, s, &c, &parsed);

	if (r == 0 && s->slot->record)
		r = store_record_stat(tx->db, s->slot->record, &before);
	if (r == 0)
		r = store_change(tx, &c, &record, &s->why);
	if (r == 0 && store_conflict_fields(tx->db, record, 0))
		r = store_conflict_settle(tx, record, settles(tx, s, record), &s->origin);
	if (r == 0)
		r = store_record_stat(tx->db, record, &after);
	if (r == 0 && after.version != before.version)
		r = keep_written(tx, s, record, after.version);
	if (r == 0)
		r = store_problem_clear(tx, record, s->path);
	if (r == 0)
		r = store_failure_clear(tx, s->path);
	if (r == 0 && s->folder)
		r = store_outbox_delay(tx, record, tx->now_ms + TREE_GRACE_MS);
	/* Together with the save: after a kill it would be saved once more, over what was saved since. */
	if (r == 0 && s->text.scratch)
		r = store_scratch_remove(tx, s->text.scratch);
	if (r == 0 && s->text.once)
		r = store_heard(tx, 0, s->text.once, record);
	if (r < 0)
		return r;
	*s->ticket = (struct ticket){.record = after.version == before.version ? 0 : record,
		.version = after.version,
		.changed_ino = place_ino(PLACE_RECORD, s->slot->type->id, (uint64_t)record),
		.alone = alone,
		.position = store_history_end(tx->db)};
	if (s->text.scratch)
		note_became(s->tree, s->text.scratch, s->ticket->changed_ino);
	return 0;
}

static int keep_problem(struct tx *tx, void *argument)
{
	struct save *s = argument;
	_cleanup_(mem_freep) char *named =
		s->slot->record ? store_record_name(tx->db, s->slot->record) : NULL;
	const char *base = path_base(s->path), *dot = strrchr(base, '.');
	_cleanup_(mem_freep) char *new = dot ? mem_dup(base, (size_t)(dot - base)) : str_dup(base);
	struct problem p = {.record = s->slot->record,
		.tool = -1,
		.code = s->why.code,
		.path = s->path,
		.name = named		   ? named
			: s->slot->stem[0] ? s->slot->stem
					   : new,
		.field = s->why.field,
		.text = s->why.text,
		.bytes = s->text.written ? s->text.written : s->text.bytes,
		.len = s->text.written ? s->text.written_len : s->text.len};

	int r = store_problem_add(tx, &p);

	/* The kernel has the refused text in its cache. */
	if (r == 0 && s->slot->record)
		r = store_event(tx, EVENT_CHANGED, 0, "",
			place_ino(PLACE_RECORD, s->slot->type->id, (uint64_t)s->slot->record));
	return r;
}

/* What was refused is kept. When the disk is full the text cannot be, and its writer has to hear that. */
static int refuse(struct save *s, int r, struct err *e)
{
	if (r == -ENOSPC)
		err_set(&s->why, ENOSPC,
			"%s was not saved and the text was not kept: the disk with the database of seamfs is "
			"full; "
			"make room there and save again",
			s->path);
	else if (!s->why.code)
		err_set(&s->why, -r, "%s could not be stored: %s; the log of seamfs says more", s->path,
			strerror(-r));
	if (s->text.bytes && !s->folder && s->why.code != ENOSPC)
		s->why.noted = store_write(s->tree->store, keep_problem, s) == 0;
	*e = s->why;
	return r;
}

static int run(struct save *s, struct err *e)
{
	int r = s->text.len > BUF_MAX_RECORD
			? err_set(&s->why, EFBIG, "%s is larger than 1 MiB, the limit for a record", s->path)
			: store_write(s->tree->store, run_save, s);

	if (r < 0 && s->text.scratch)
		note_became(s->tree, s->text.scratch, 0);
	return r < 0 && r != -EALREADY ? refuse(s, r, e) : r;
}

/* A vCard as the text of a record's file, which @json keeps. */
static int read_card(struct save *s, struct buf *json)
{
	int r;

	if (!s->slot->card)
		return 0;
	r = card_json(s->tree, s->slot, s->text.bytes, s->text.len, json, &s->why);
	s->text.written = s->text.bytes;
	s->text.written_len = s->text.len;
	s->text.bytes = buf_text(json);
	s->text.len = json->len;
	return r;
}

int save_record(struct tree *tree, const struct record_slot *slot, const char *path, const struct text *text,
	const struct origin *origin, struct ticket *ret, struct err *e)
{
	struct save s = {
		.tree = tree, .slot = slot, .path = path, .text = *text, .origin = *origin, .ticket = ret};
	_cleanup_(buf_finish) struct buf json = BUF_INIT(BUF_MAX_SCRATCH);
	int r = read_card(&s, &json);

	return r < 0 ? refuse(&s, r, e) : run(&s, e);
}

/* A template has null where a value must be put in: that is no mistake, only not finished. */
static _Bool is_open(const struct save *s)
{
	_cleanup_json_ cJSON *doc = NULL;

	return !s->slot->record && s->why.field[0] &&
	       json_parse(s->text.bytes, s->text.len, JSON_STRICT, &doc, NULL, NULL) == 0 &&
	       cJSON_IsNull(json_get(doc, s->why.field));
}

/* A copy of .template.json as it is. */
static _Bool is_template(const struct record_slot *slot, const struct text *text)
{
	struct buf b = BUF_INIT(BUF_MAX_RECORD);
	_Bool same = !slot->record && record_template(slot->type, &b) == 0 && b.len == text->len &&
		     memcmp(buf_text(&b), text->bytes, b.len) == 0;

	buf_finish(&b);
	return same;
}

int save_check(struct tree *tree, const struct record_slot *slot, const char *path, const struct text *text,
	const struct origin *origin, struct err *e)
{
	struct save s = {.tree = tree, .slot = slot, .path = path, .text = *text, .origin = *origin};
	const struct stack *stack = store_stack(tree->store);
	_cleanup_(buf_finish) struct buf json = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_json_ cJSON *parsed = NULL;
	struct change c;
	int r = read_card(&s, &json);

	if (r < 0)
		return refuse(&s, r, e);
	if (s.text.len > BUF_MAX_RECORD)
		return 0; /* the save itself says so */
	if (is_template(slot, text)) {
		err_set(e, EINVAL, "nothing is filled in yet: it becomes a record with the first change");
		return 1;
	}
	r = plan(store_db(tree->store), stack, &s, &c, &parsed);
	if (r == 0)
		r = store_change_check(store_db(tree->store), stack, &c, &s.why);
	/* A number that is taken is a mistake only if the file is not renamed over the record that has it. */
	if (r == -EEXIST && !slot->record)
		return 0;
	if (r < 0 && is_open(&s)) {
		*e = s.why;
		return 1;
	}
	return r < 0 ? refuse(&s, r, e) : 0;
}

int save_folder(struct tree *tree, const struct record_slot *slot, const char *path,
	const struct origin *origin, struct err *e)
{
	struct ticket ticket;
	struct save s = {.tree = tree,
		.slot = slot,
		.path = path,
		.text = {.bytes = "{}", .len = 2},
		.folder = 1,
		.origin = *origin,
		.ticket = &ticket};

	return run(&s, e);
}

int save_field(struct tree *tree, int64_t record, const char *path, const cJSON *patch, const char *cause,
	const struct caller *who, struct ticket *ret, struct err *e)
{
	_cleanup_(mem_freep) char *own = store_record_path(store_db(tree->store), record);
	struct record_stat stat;
	struct record_slot slot = {.record = record};
	struct save s = {.tree = tree,
		.slot = &slot,
		.path = own ? own : path, /* a link was moved, but the record is what changes */
		.patch = patch,
		.origin = save_origin(who, cause),
		.ticket = ret};
	int r = store_record_stat(store_db(tree->store), record, &stat);

	if (r < 0)
		return r;
	slot.type = type_get(stat.type);
	return run(&s, e);
}

void names_hold(struct tree *tree)
{
	pthread_rwlock_rdlock(&tree->names);
}

void names_release(struct tree *tree)
{
	pthread_rwlock_unlock(&tree->names);
}

static int promote(
	struct tree *tree, int64_t scratch, const struct origin *origin, struct ticket *ret, struct err *e)
{
	struct place p = {PLACE_SCRATCH, 0, (uint32_t)scratch}, dir;
	struct db *db = store_db(tree->store);
	struct buf bytes = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_(mem_freep) char *name = NULL, *path = tree_path(tree, place_to_ino(p));
	struct record_slot slot;
	int r;

	if (!path || node_kinds[PLACE_SCRATCH].parent(tree, p, &dir, &name) < 0 ||
		!node_slot(tree, dir, name, &slot))
		return -ENOENT;
	/* Its writer read the record no later than it made the file: what changed since is not to be undone. */
	r = store_scratch_read(db, scratch, &bytes);
	if (r == 0)
		r = save_record(tree, &slot, path,
			&(struct text){.bytes = buf_text(&bytes),
				.len = bytes.len,
				.known = store_scratch_base(db, scratch),
				.mtime_ms = store_scratch_mtime_of(db, scratch),
				.scratch = scratch},
			origin, ret, e);
	buf_finish(&bytes);
	return r;
}

int save_promote(
	struct tree *tree, int64_t scratch, const struct origin *origin, struct ticket *ret, struct err *e)
{
	int r;

	/* Whoever has found it by its name, to write it or to put another in its place, is done first. */
	pthread_rwlock_wrlock(&tree->names);
	r = promote(tree, scratch, origin, ret, e);
	pthread_rwlock_unlock(&tree->names);
	return r;
}

int save_now(struct tree *tree, uint64_t ino, struct ticket *ret, struct err *e)
{
	struct place p = place_of_ino(ino);
	struct db *db = store_db(tree->store);
	struct record_stat stat;
	struct origin origin;

	if (p.kind == PLACE_SCRATCH && store_scratch_due_of(db, p.b, &origin))
		return save_promote(tree, p.b, &origin, ret, e);
	if (p.kind == PLACE_RECORD && store_record_stat(db, p.b, &stat) == 0)
		*ret = (struct ticket){.record = p.b, .version = stat.version, .changed_ino = ino};
	return 0;
}
