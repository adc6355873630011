/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "seamfs/model/place.h"
#include "store/change_p.h"

static char *entry_name(const struct type *type, const char *name)
{
	return type->file ? str_dup(name) : str_format("%s.json", name);
}

static uint64_t own_ino(const struct work *w)
{
	return place_ino(w->type->file ? PLACE_RECORD_DIR : PLACE_RECORD, w->type->id, (uint64_t)w->record);
}

int change_announce(
	struct tx *tx, const struct work *w, enum event_kind kind, int64_t whole, const char *name)
{
	const struct field *f = type_whole(w->type);
	_cleanup_(mem_freep) char *entry = entry_name(w->type, name);
	uint64_t dir = whole && f ? place_ino(PLACE_PARTS, PLACE_PAIR(w->type->id, f->ref), (uint64_t)whole)
				  : place_ino(PLACE_COLLECTION, w->type->id, 0);

	return store_event(tx, kind, dir, entry, own_ino(w));
}

int change_hub_events(struct tx *tx, const struct work *w, enum event_kind kind)
{
	const char *name = kind == EVENT_REMOVED && w->old_name ? w->old_name : w->name;
	_cleanup_(mem_freep) char *entry = entry_name(w->type, name);
	sqlite3_stmt *q =
		db_query(tx->db, "SELECT target, field FROM reference WHERE record = ?1", "i", w->record);
	int r = 0;

	while (db_row(q)) {
		int64_t target = sqlite3_column_int64(q, 0);
		const struct field *f = &w->type->fields[sqlite3_column_int(q, 1)];
		uint32_t pair = PLACE_PAIR(w->type->id, f->ref);

		if (r < 0 || (f->flags & FIELD_WHOLE) || !type_get(f->ref)->file)
			continue;
		r = store_event(tx, kind, place_ino(PLACE_PARTS, pair, (uint64_t)target), entry,
			place_ino(PLACE_HUB_LINK, pair, (uint64_t)w->record));
	}
	return r;
}

/* ---- views ---- */

/* The folder in by/ that a value belongs to; NULL: none. */
static char *facet_value(struct tx *tx, const struct field *f, const cJSON *value)
{
	const char *text = json_text(value);
	int64_t id;

	if (f->kind == FIELD_REF) {
		if (json_int64(value, &id) < 0)
			return NULL;
		return store_record_name(tx->db, id);
	}
	if (!text || !text[0])
		return NULL;
	if (f->kind == FIELD_DATE)
		return strlen(text) >= 7 ? mem_dup(text, 7) : NULL;
	return name_safe(text, NAME_MAX_BYTES);
}

static int64_t value_id(struct tx *tx, const struct type *type, int field, const char *name)
{
	int64_t id = db_int(tx->db, 0, "SELECT id FROM value WHERE type = ?1 AND field = ?2 AND name = ?3",
		"iit", (int64_t)type->id, (int64_t)field, name);

	if (id)
		return id;
	if (db_run(tx->db, "INSERT INTO value (type, field, name, fixed) VALUES (?1, ?2, ?3, 0)", "iit",
		    (int64_t)type->id, (int64_t)field, name) < 0)
		return 0;
	id = db_last_id(tx->db);
	store_event(tx, EVENT_ADDED, place_ino(PLACE_VIEW, type->id, (uint64_t)field), name,
		place_ino(PLACE_VALUE, PLACE_PAIR(type->id, field), (uint64_t)id));
	return id;
}

/* The name of the link, and where it leads from the value's folder (TYPE/by/VIEW/VALUE). */
static void link_of(struct tx *tx, const struct work *w, char **ret_name, char **ret_target)
{
	const struct field *f = type_whole(w->type);
	_cleanup_(mem_freep) char *entry = entry_name(w->type, w->name);
	_cleanup_(mem_freep) char *whole = w->whole && f ? store_record_name(tx->db, w->whole) : NULL;

	if (!whole) {
		*ret_name = str_dup(entry);
		*ret_target = str_format("../../../%s", entry);
		return;
	}
	/* Titles of parts repeat from folder to folder: the folder's name tells them apart. */
	*ret_target = str_format(
		"../../../../%s/%s/%s/%s", type_get(f->ref)->plural, whole, w->type->plural, entry);
	*ret_name = str_format("%s - %s", whole, entry);
	if (strlen(*ret_name) > 255) {
		free(*ret_name);
		*ret_name = str_format("%lld - %.*s.json", (long long)w->record, 200, w->name);
	}
}

struct facet {
	int64_t value;
	char *name, *target;
	_Bool wanted;
};

static size_t wanted_facets(struct tx *tx, const struct work *w, struct facet *list, size_t max)
{
	size_t n = 0;

	for (int i = 0; w->doc && w->type->fields[i].name && n < max; i++) {
		const struct field *f = &w->type->fields[i];
		const cJSON *item = f->flags & FIELD_VIEW ? json_get(w->doc, f->name) : NULL;
		_cleanup_(mem_freep) char *value = item ? facet_value(tx, f, item) : NULL;

		if (!value)
			continue;
		list[n].value = value_id(tx, w->type, i, value);
		list[n].wanted = 1;
		link_of(tx, w, &list[n].name, &list[n].target);
		n++;
	}
	return n;
}

static uint64_t value_dir(struct tx *tx, int64_t value)
{
	sqlite3_stmt *q = db_query(tx->db, "SELECT type, field FROM value WHERE id = ?1", "i", value);
	uint64_t ino = 0;

	if (db_row(q)) {
		ino = place_ino(PLACE_VALUE, PLACE_PAIR(sqlite3_column_int(q, 0), sqlite3_column_int(q, 1)),
			(uint64_t)value);
		db_done(q);
	}
	return ino;
}

/* A folder of a value that no record has any more disappears, one that gets its first appears. */
static int value_folder_event(struct tx *tx, const struct work *w, int64_t value, enum event_kind kind)
{
	sqlite3_stmt *q = db_query(tx->db,
		"SELECT field, name FROM value WHERE id = ?1 AND NOT fixed"
		" AND NOT EXISTS (SELECT 1 FROM facet WHERE facet.value = value.id)",
		"i", value);
	int r = 0;

	if (db_row(q)) {
		int field = sqlite3_column_int(q, 0);
		_cleanup_(mem_freep) char *name = str_dup(db_column_text(q, 1));

		db_done(q);
		r = store_event(tx, kind, place_ino(PLACE_VIEW, w->type->id, (uint64_t)field), name,
			place_ino(PLACE_VALUE, PLACE_PAIR(w->type->id, field), (uint64_t)value));
	}
	return r;
}

static int facet_event(
	struct tx *tx, const struct work *w, enum event_kind kind, int64_t value, const char *name)
{
	return store_event(tx, kind, value_dir(tx, value), name,
		place_ino(PLACE_VALUE_LINK, (uint64_t)value, (uint64_t)w->record));
}

/* Takes out the rows that are no longer wanted; marks those that stay as they are. */
static int drop_facets(struct tx *tx, const struct work *w, struct facet *list, size_t n)
{
	struct facet old[TYPE_MAX_FIELDS];
	size_t count = 0;
	sqlite3_stmt *q =
		db_query(tx->db, "SELECT value, name, target FROM facet WHERE record = ?1", "i", w->record);
	int r = 0;

	while (db_row(q)) {
		_Bool stays = 0;

		for (size_t i = 0; i < n; i++) {
			if (list[i].value == sqlite3_column_int64(q, 0) &&
				strcmp(list[i].name, db_column_text(q, 1)) == 0 &&
				strcmp(list[i].target, db_column_text(q, 2)) == 0) {
				list[i].wanted = 0;
				stays = 1;
			}
		}
		if (!stays && count < ARRAY_LEN(old))
			old[count++] = (struct facet){
				sqlite3_column_int64(q, 0), str_dup(db_column_text(q, 1)), NULL, 0};
	}
	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = db_run(tx->db, "DELETE FROM facet WHERE value = ?1 AND record = ?2", "ii",
				old[i].value, w->record);
		if (r == 0)
			r = facet_event(tx, w, EVENT_REMOVED, old[i].value, old[i].name);
		if (r == 0)
			r = value_folder_event(tx, w, old[i].value, EVENT_REMOVED);
		free(old[i].name);
	}
	return r;
}

int change_facets(struct tx *tx, const struct work *w)
{
	struct facet list[TYPE_MAX_FIELDS] = {0};
	size_t n = wanted_facets(tx, w, list, ARRAY_LEN(list));
	int r = drop_facets(tx, w, list, n);

	for (size_t i = 0; i < n; i++) {
		if (r == 0 && list[i].wanted) {
			r = value_folder_event(tx, w, list[i].value, EVENT_ADDED);
			if (r == 0)
				r = db_run(tx->db,
					"INSERT INTO facet (value, record, name, target) VALUES (?1, ?2, ?3, "
					"?4)",
					"iitt", list[i].value, w->record, list[i].name, list[i].target);
			if (r == 0)
				r = facet_event(tx, w, EVENT_ADDED, list[i].value, list[i].name);
		}
		free(list[i].name);
		free(list[i].target);
	}
	return r;
}

int change_dependents(struct tx *tx, const struct work *w)
{
	int64_t after = 0;
	int r = 0;

	/* Page by page, as rendering runs its own queries on the same connection. */
	for (;;) {
		int64_t id = db_int(tx->db, 0,
			"SELECT min(record) FROM reference WHERE target = ?1 AND record > ?2", "ii",
			w->record, after);

		if (!id || r < 0)
			return r;
		r = store_rerender(tx, id);
		after = id;
	}
}
