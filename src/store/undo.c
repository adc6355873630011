/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/undo.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/history.h"
#include "seamfs/store/trash.h"

/* The change that is to be taken back. */
struct undoing {
	struct tx *tx;
	int64_t record, version;
	enum type_id type;
	_Bool whole, removal;
	cJSON *before, *after; /* docs of its fields */
	uint64_t fields;
};

static _Bool collect(void *context, const struct history_row *row)
{
	struct undoing *u = context;
	cJSON *old = json_stored(row->old), *now = json_stored(row->new);

	u->record = row->record;
	u->version = row->version;
	u->type = row->type;
	if (row->field < 0) {
		u->whole = 1;
		u->removal = strcmp(row->cause, "remove") == 0 || strcmp(row->cause, "gone") == 0;
		return 0;
	}
	u->fields |= (uint64_t)1 << row->field;
	if (old)
		json_set(u->before, type_get(row->type)->fields[row->field].name, old);
	if (now)
		json_set(u->after, type_get(row->type)->fields[row->field].name, now);
	return 1;
}

static _Bool take_change(void *context, const struct history_row *row)
{
	*(int64_t *)context = row->change;
	return 0;
}

static int undo_whole(struct undoing *u, const struct origin *origin, struct err *e)
{
	struct trashed t;
	_Bool trashed = store_trash_get(u->tx->db, u->record, &t) == 0;

	if (trashed)
		free(t.name);
	if (u->removal)
		return trashed ? store_restore(u->tx, u->record, origin, e)
			       : err_set(e, ESTALE, "the record is not in the trash any more");
	return trashed ? err_set(e, ESTALE, "the record is in the trash already")
		       : store_remove(u->tx, u->record, origin, e);
}

/* What was done since stays: it would be undone without having been asked for. */
static int check_since(struct undoing *u, const cJSON *doc, struct err *e)
{
	const struct type *type = type_get(u->type);

	for (int i = 0; type->fields[i].name; i++) {
		const char *name = type->fields[i].name;
		int64_t since = 0;

		if (!(u->fields >> i & 1) || json_equal(json_get(doc, name), json_get(u->after, name)))
			continue;
		store_history_field(u->tx->store, u->tx->db, u->record, i, take_change, &since);
		return err_field(e, ESTALE, name,
			"\"%s\" has been changed since, by change %lld: undo that first", name,
			(long long)since);
	}
	return 0;
}

static int undo_fields(struct undoing *u, const struct origin *origin, struct err *e)
{
	const struct type *type = type_get(u->type);
	_cleanup_json_ cJSON *doc = store_record_doc(u->tx->db, u->record);
	_cleanup_json_ cJSON *patch = record_patch(type, u->after, u->before, u->fields);
	struct change c = {.type = u->type, .record = u->record, .patch = patch, .origin = *origin};
	int64_t record;
	int r = doc ? check_since(u, doc, e)
		    : err_set(e, ENOENT, "the record is in the trash: bring it back first");

	if (r == 0)
		r = store_change(u->tx, &c, &record, e);
	return r == 0 ? store_conflict_settle(u->tx, u->record, u->fields, origin) : r;
}

static int undo_one(struct tx *tx, int64_t change, const struct origin *origin, struct err *e)
{
	struct undoing u = {.tx = tx};
	_cleanup_json_ cJSON *before = cJSON_CreateObject(), *after = cJSON_CreateObject();

	u.before = before;
	u.after = after;
	if (store_history_change(tx->store, tx->db, change, collect, &u) < 0)
		return err_set(
			e, ENOENT, "there is no change %lld: \"seamfs log\" lists them", (long long)change);
	/* Its first change is how it was made. */
	if (u.whole || u.version == 1)
		return undo_whole(&u, origin, e);
	return undo_fields(&u, origin, e);
}

int store_undo(struct tx *tx, int64_t change, const struct origin *origin, struct err *e)
{
	int64_t end = store_history_end(tx->db), one = store_history_grouped(tx->db, change, 0);
	int r = 0;

	if (!one)
		return undo_one(tx, change, origin, e);
	/* The last one first, all or none. */
	for (; one && r == 0; one = store_history_grouped(tx->db, change, one))
		r = undo_one(tx, one, origin, e);
	return r == 0 ? store_history_group(tx, end) : r;
}
