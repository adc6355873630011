/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/trash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "seamfs/model/place.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"
#include "store/change_p.h"
#include "store/list.h"

/* ---- what may be removed ---- */

static int check_kept(const struct type *type, const cJSON *doc, struct err *e)
{
	const char *status = json_get_text(doc, "status");

	if (!type->removable || (status && strcmp(status, type->removable) == 0))
		return 0;
	if (!type->removable[0])
		return err_set(e, EPERM, "a %s is kept: it is part of the books", type->name);
	return err_field(e, EPERM, "status",
		"this %s is kept: it is %s, and only one in status \"%s\" can be removed; set its status to "
		"\"void\" instead",
		type->name, status ? status : "without status", type->removable);
}

/* Parts go with their whole; everything else that names a record holds it. */
static int check_references(struct db *db, const struct type *type, int64_t record, struct err *e)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT x.type, x.field FROM reference x JOIN record r ON r.id = x.record AND r.state = 0"
		" WHERE x.target = ?1",
		"i", record);
	const struct type *by = NULL;
	int count = 0;

	while (db_row(q)) {
		const struct type *t = type_get((enum type_id)sqlite3_column_int(q, 0));

		if ((t->fields[sqlite3_column_int(q, 1)].flags & FIELD_WHOLE) && type->file)
			continue;
		if (!by)
			by = t;
		count += by == t;
	}
	if (!by)
		return 0;
	return err_set(e, EPERM, "this %s is kept: %d %s refer%s to it", type->name, count,
		count == 1 ? by->name : by->plural, count == 1 ? "s" : "");
}

static int check_owner(
	struct db *db, const struct stack *stack, const struct type *type, int64_t record, struct err *e)
{
	const struct tool *owner = &stack->tools[stack->owners[type->id]];

	if (stack->owners[type->id] == TOOL_LOCAL || owner->types[type->id].removes != REMOVE_NO)
		return 0;
	/* What its owner never heard of can go without it. */
	if (!db_int(db, 0,
		    "SELECT 1 FROM link l JOIN tool t ON t.id = l.tool WHERE l.record = ?1 AND t.name = ?2 "
		    "AND NOT "
		    "l.gone",
		    "it", record, owner->name))
		return 0;
	return err_set(e, EPERM, "%s owns the %s and cannot be told to remove one; remove it there",
		owner->name, type->plural);
}

int store_remove_check(struct db *db, const struct stack *stack, int64_t record, struct err *e)
{
	_cleanup_json_ cJSON *doc = store_record_doc(db, record);
	struct record_stat stat;
	const struct type *type;
	int r = store_record_stat(db, record, &stat);

	if (r < 0)
		return err_set(e, -r, "the record is no longer there");
	type = type_get(stat.type);
	r = check_kept(type, doc, e);
	if (r == 0)
		r = check_references(db, type, record, e);
	return r == 0 ? check_owner(db, stack, type, record, e) : r;
}

/* ---- into the trash ---- */

static int load_work(struct tx *tx, int64_t record, struct work *w)
{
	struct record_stat stat;
	int r = store_record_stat(tx->db, record, &stat);

	if (r < 0)
		return r;
	*w = (struct work){.record = record, .type = type_get(stat.type), .body = BUF_INIT(BUF_MAX_RECORD)};
	w->whole = w->old_whole = stat.whole;
	w->version = stat.version + 1;
	w->name = store_record_name(tx->db, record);
	return w->name ? 0 : -EIO;
}

/* While its row is there: the kernel may remember that there was no such name, or that there was. */
static int announce_trash(struct tx *tx, enum event_kind kind, int64_t record)
{
	struct trashed t;
	_cleanup_(mem_freep) char *entry = NULL;

	if (store_trash_get(tx->db, record, &t) < 0)
		return 0;
	entry = str_format("%s.json", t.name);
	free(t.name);
	return store_event(tx, kind, place_ino(PLACE_TRASH, t.type, 0), entry,
		place_ino(PLACE_TRASHED, t.type, (uint64_t)record));
}

/* Its name in the trash, where names of many folders meet. */
static int add_row(struct tx *tx, const struct work *w, enum trash_state state)
{
	_cleanup_(mem_freep) char *name = str_dup(w->name);
	int64_t there;

	if (store_trash_find(tx->db, w->type->id, name, &there) == 0) {
		free(name);
		name = str_format("%.180s ~%lld", w->name, (long long)w->record);
	}
	return db_run(tx->db,
		"INSERT INTO trash (record, type, name, ms, due, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT (record) DO UPDATE SET state = excluded.state",
		"iitiii", w->record, (int64_t)w->type->id, name, tx->now_ms, tx->now_ms + tx->stack->grace_ms,
		(int64_t)state);
}

static int leave_tree(struct tx *tx, int64_t record, enum trash_state state, const struct origin *origin)
{
	_cleanup_(work_finish) struct work w = {0};
	int r = store_conflict_forget(tx, record, 0, origin);

	if (r == 0)
		r = load_work(tx, record, &w);
	if (r == 0)
		r = change_announce(tx, &w, EVENT_REMOVED, w.whole, w.name);
	if (r == 0)
		r = change_hub_events(tx, &w, EVENT_REMOVED);
	if (r == 0)
		r = change_facets(tx, &w); /* without a doc: all of them go */
	if (r == 0)
		r = db_run(tx->db, "UPDATE record SET state = 1, version = version + 1 WHERE id = ?1", "i",
			record);
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM identity WHERE record = ?1", "i", record);
	if (r == 0)
		r = add_row(tx, &w, state);
	if (r == 0)
		r = history_add(tx, w.record, w.version, -1, NULL, NULL, origin);
	if (r == 0)
		r = announce_trash(tx, EVENT_ADDED, record);
	return r == 0 ? store_outbox_ensure(tx, record, origin->tool) : r;
}

int store_trash(struct tx *tx, int64_t record, const struct origin *origin)
{
	return leave_tree(tx, record, TRASH_DONE, origin);
}

/* More than a few at once, or most of what there is, is more often a mistake than a wish. */
static _Bool is_burst(struct tx *tx, enum type_id type)
{
	int64_t all = db_int(tx->db, 0, "SELECT count(*) FROM trash WHERE state = 0", "");
	int64_t some = db_int(
		tx->db, 0, "SELECT count(*) FROM trash WHERE state = 0 AND type = ?1", "i", (int64_t)type);

	return all > TRASH_BURST ||
	       (some >= TRASH_SHARE && some > db_int(tx->db, 0,
						      "SELECT count(*) FROM (SELECT 1 FROM record WHERE type "
						      "= ?1 AND state = 0 LIMIT ?2)",
						      "ii", (int64_t)type, some));
}

static int hold_burst(struct tx *tx, enum type_id type)
{
	static const char text[] =
		"many records were removed at once, so no tool has been told: \"seamfs approve\" "
		"tells them, \"seamfs reject\" brings the records back";
	struct problem p = {.kind = PROBLEM_NOTE,
		.tool = -1,
		.code = EPERM,
		.path = ".seam/trash",
		.name = "removals held",
		.field = "",
		.text = text,
		.bytes = ""};
	int64_t since = tx->now_ms - tx->stack->grace_ms;
	_Bool holding = db_int(tx->db, 0, "SELECT 1 FROM trash WHERE state = 1 AND ms > ?1", "i", since) != 0;
	int r;

	if (!holding && !is_burst(tx, type))
		return 0;
	r = db_run(tx->db, "UPDATE trash SET state = 1 WHERE state = 0", "");
	return r == 0 && !holding ? store_problem_add(tx, &p) : r;
}

int store_remove(struct tx *tx, int64_t record, const struct origin *origin, struct err *e)
{
	struct record_stat stat;
	int r = store_remove_check(tx->db, tx->stack, record, e);

	if (r == 0)
		r = store_record_stat(tx->db, record, &stat);
	if (r < 0)
		return r;
	r = leave_tree(tx, record, TRASH_WAITING, origin);
	if (r == 0)
		r = hold_burst(tx, stat.type);
	return r < 0 ? err_set(e, -r, "the removal could not be stored: %s", strerror(-r)) : 0;
}

/* ---- and back ---- */

static int bring_links_back(struct tx *tx, int64_t record)
{
	int r = db_run(tx->db, "UPDATE link SET gone = 2 WHERE record = ?1 AND gone = 1", "i", record);

	if (r == 0)
		r = store_outbox_ensure(tx, record, -1);
	return r;
}

static int enter_tree(struct tx *tx, struct work *w, const struct origin *origin)
{
	_cleanup_(mem_freep) char *name = w->name, *fold = NULL;
	int r;

	/* Its own name, unless another has that now. */
	w->old_name = str_dup(name);
	fold = name_fold(name);
	w->name = db_int(tx->db, 0,
			  "SELECT 1 FROM record WHERE type = ?1 AND whole = ?2 AND fold = ?3 AND state = 0",
			  "iit", (int64_t)w->type->id, w->whole, fold)
			  ? change_free_name(tx, w)
			  : str_dup(name);
	free(fold);
	fold = name_fold(w->name);
	r = db_run(tx->db,
		"UPDATE record SET state = 0, version = version + 1, name = ?2, fold = ?3 WHERE id = ?1",
		"itt", w->record, w->name, fold);
	if (r == 0)
		r = store_trash_forget(tx, w->record);
	if (r == 0)
		r = change_identities(tx, w);
	if (r == 0)
		r = change_facets(tx, w);
	if (r == 0)
		r = change_announce(tx, w, EVENT_ADDED, w->whole, w->name);
	if (r == 0)
		r = change_hub_events(tx, w, EVENT_ADDED);
	if (r == 0)
		r = history_add(tx, w->record, w->version, -1, NULL, NULL, origin);
	return r == 0 ? bring_links_back(tx, w->record) : r;
}

int store_restore(struct tx *tx, int64_t record, const struct origin *origin, struct err *e)
{
	_cleanup_(work_finish) struct work w = {.record = record, .body = BUF_INIT(BUF_MAX_RECORD)};
	struct trashed t;
	int r = store_trash_get(tx->db, record, &t);

	if (r < 0)
		return err_set(e, ENOENT, "the record is not in the trash");
	free(t.name);
	w.type = type_get(t.type);
	/* Reading is for live records only; it becomes one with the statement after next. */
	r = db_run(tx->db, "UPDATE record SET state = 0, fold = '/' || id WHERE id = ?1", "i", record);
	if (r == 0)
		r = load_work(tx, record, &w);
	if (r == 0)
		w.doc = store_record_doc(tx->db, record);
	if (r == 0 && w.whole &&
		!db_int(tx->db, 0, "SELECT 1 FROM record WHERE id = ?1 AND state = 0", "i", w.whole))
		return err_set(e, ENOENT,
			"the %s that it belongs to is in the trash itself; bring that back first",
			type_get(type_whole(w.type)->ref)->name);
	if (r == 0)
		r = w.doc ? enter_tree(tx, &w, origin) : -EIO;
	return r < 0 ? err_set(e, -r, "it could not be brought back: %s", strerror(-r)) : 0;
}

int store_trash_forget(struct tx *tx, int64_t record)
{
	int r = announce_trash(tx, EVENT_REMOVED, record);

	return r == 0 ? db_run(tx->db, "DELETE FROM trash WHERE record = ?1", "i", record) : r;
}

/* ---- looking ---- */

int store_removed(struct db *db, enum type_id type, int64_t whole, const char *name, int64_t *ret)
{
	int64_t id = db_int(db, 0,
		"SELECT r.id FROM trash t JOIN record r ON r.id = t.record WHERE t.type = ?1 AND t.state <> 2"
		" AND r.whole = ?2 AND (r.name = ?3 OR EXISTS (SELECT 1 FROM alias a WHERE a.record = r.id "
		"AND"
		" a.type = ?1 AND a.whole = ?2 AND a.name = ?3)) ORDER BY t.ms DESC LIMIT 1",
		"iit", (int64_t)type, whole, name);

	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

int store_trash_get(struct db *db, int64_t record, struct trashed *ret)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT t.type, t.name, t.state, t.ms, r.size FROM trash t JOIN record r ON r.id = t.record"
		" WHERE t.record = ?1",
		"i", record);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct trashed){
		.record = record,
		.type = (enum type_id)sqlite3_column_int(q, 0),
		.name = str_dup(db_column_text(q, 1)),
		.state = (enum trash_state)sqlite3_column_int(q, 2),
		.ms = sqlite3_column_int64(q, 3),
		.size = sqlite3_column_int64(q, 4),
	};
	db_done(q);
	return 0;
}

int store_trash_find(struct db *db, enum type_id type, const char *name, int64_t *ret)
{
	int64_t id = db_int(
		db, 0, "SELECT record FROM trash WHERE type = ?1 AND name = ?2", "it", (int64_t)type, name);

	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

void store_trash_list(struct db *db, enum type_id type, int64_t after, store_lister f, void *context)
{
	list_rows(
		db_query(db,
			"SELECT t.record, t.name, r.size, t.ms FROM trash t JOIN record r ON r.id = t.record"
			" WHERE t.type = ?1 AND t.record > ?2 ORDER BY t.record",
			"ii", (int64_t)type, after),
		f, context);
}

int64_t store_trash_held(struct db *db)
{
	return db_int(db, 0, "SELECT count(*) FROM trash WHERE state = 1", "");
}

int64_t store_trash_next(struct db *db)
{
	return db_int(db, 0, "SELECT min(due) FROM trash WHERE state = 0", "");
}

/* ---- telling the tools ---- */

static int tell(struct tx *tx, int64_t record)
{
	int r = db_run(tx->db, "UPDATE trash SET state = 2 WHERE record = ?1", "i", record);

	return r == 0 ? store_outbox_ensure(tx, record, -1) : r;
}

int store_trash_tell(struct tx *tx)
{
	int64_t record;
	int r = 0;

	while (r == 0 &&
		(record = db_int(tx->db, 0,
			 "SELECT record FROM trash WHERE state = 0 AND due <= ?1 ORDER BY due LIMIT 1", "i",
			 tx->now_ms)))
		r = tell(tx, record);
	/* The record's row stays, for its history; its text goes. */
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM trash WHERE state = 2 AND ms < ?1", "i",
			tx->now_ms - TRASH_KEEP_DAYS * INT64_C(86400000));
	return r;
}

int store_trash_decide(struct tx *tx, _Bool approve, const struct origin *origin, int64_t *ret)
{
	int64_t record;
	int r = 0;

	*ret = 0;
	/* Wholes come back before their parts: types are in that order. */
	while (r == 0 &&
		(record = db_int(tx->db, 0,
			 "SELECT record FROM trash WHERE state = 1 ORDER BY type, record LIMIT 1", ""))) {
		r = approve ? tell(tx, record) : store_restore(tx, record, origin, NULL);
		++*ret;
	}
	return r == 0 ? store_problem_clear(tx, 0, ".seam/trash") : r;
}
