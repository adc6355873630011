/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/conflict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/store/history.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"

static const struct type *type_of(struct db *db, int64_t record)
{
	return type_get(
		(enum type_id)db_int(db, TYPE_CLIENT, "SELECT type FROM record WHERE id = ?1", "i", record));
}

uint64_t store_conflict_fields(struct db *db, int64_t record, int64_t tool)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT field FROM conflict WHERE record = ?1 AND (?2 = 0 OR tool = ?2)", "ii", record, tool);
	uint64_t fields = 0;

	while (db_row(q))
		fields |= (uint64_t)1 << sqlite3_column_int(q, 0);
	return fields;
}

cJSON *store_conflict_base(struct db *db, int64_t record, int64_t tool, int field)
{
	_cleanup_(mem_freep) char *text =
		db_text(db, "SELECT base FROM conflict WHERE record = ?1 AND tool = ?2 AND field = ?3", "iii",
			record, tool, (int64_t)field);

	return json_stored(text);
}

int store_conflict_put(
	struct tx *tx, int64_t record, int64_t tool, int field, const cJSON *base, const cJSON *theirs)
{
	_cleanup_(mem_freep) char *base_text = base ? json_print(base) : str_dup("");
	_cleanup_(mem_freep) char *theirs_text = theirs ? json_print(theirs) : str_dup("");

	return db_run(tx->db,
		"INSERT INTO conflict (record, tool, field, base, theirs) VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO UPDATE SET theirs = excluded.theirs",
		"iiitt", record, tool, (int64_t)field, base_text, theirs_text);
}

int store_conflict_drop(struct tx *tx, int64_t record, int64_t tool, int field)
{
	return db_run(tx->db, "DELETE FROM conflict WHERE record = ?1 AND tool = ?2 AND field = ?3", "iii",
		record, tool, (int64_t)field);
}

cJSON *store_conflict_doc(struct db *db, int64_t record, int64_t tool, enum conflict_side side)
{
	cJSON *doc = store_record_doc(db, record);
	const struct type *type = type_of(db, record);
	sqlite3_stmt *q;

	if (!doc || side == CONFLICT_MINE)
		return doc;
	q = db_query(db, "SELECT field, base, theirs FROM conflict WHERE record = ?1 AND tool = ?2", "ii",
		record, tool);
	while (db_row(q)) {
		const char *name = type->fields[sqlite3_column_int(q, 0)].name;
		cJSON *value = json_stored(db_column_text(q, side == CONFLICT_BASE ? 1 : 2));

		cJSON_DeleteItemFromObjectCaseSensitive(doc, name);
		if (value)
			cJSON_AddItemToObject(doc, name, value);
	}
	return doc;
}

/* ---- telling ---- */

/* A field's value as the record's file shows it, in one line. */
static char *shown(struct tx *tx, const struct type *type, const struct field *f, const cJSON *doc)
{
	struct record_names names = store_names(tx->db);
	_cleanup_json_ cJSON *file = record_shown(type, doc, &names, tx->stack->currency);
	char *text = json_get(file, f->name) ? json_print(json_get(file, f->name)) : str_dup("nothing");

	utf8_shorten(text, 60);
	return text;
}

static void describe(
	struct tx *tx, int64_t record, int64_t tool, uint64_t fields, struct problem *p, char text[460])
{
	const struct type *type = type_of(tx->db, record);
	_cleanup_json_ cJSON *mine = store_conflict_doc(tx->db, record, tool, CONFLICT_MINE);
	_cleanup_json_ cJSON *theirs = store_conflict_doc(tx->db, record, tool, CONFLICT_THEIRS);
	const struct field *f = &type->fields[__builtin_ctzll(fields)];
	_cleanup_(mem_freep) char *here = shown(tx, type, f, mine), *there = shown(tx, type, f, theirs);
	int more = __builtin_popcountll(fields) - 1;
	char rest[40] = "";

	if (more)
		snprintf(rest, sizeof(rest), " (and %d more field%s)", more, more == 1 ? "" : "s");
	snprintf(text, 460,
		"\"%s\" was changed here and in %s%s: it is %s here and %s there. Save the record as it is "
		"to be, or "
		"move one of the three files over it",
		f->name, tx->stack->tools[p->tool].name, rest, here, there);
	p->field = f->name;
}

/* @version: whoever waits for a save of this version, or an older one, is told */
static int tell(struct tx *tx, int64_t record, int64_t tool, int64_t version)
{
	uint64_t fields = store_conflict_fields(tx->db, record, tool);
	_cleanup_(mem_freep) char *path = store_record_path(tx->db, record);
	_cleanup_(mem_freep) char *name = store_record_name(tx->db, record);
	struct problem p = {.kind = PROBLEM_CONFLICT,
		.record = record,
		.version = version,
		.tool = store_tool_index(tx->store, tool),
		.code = ESTALE,
		.path = path ? path : "",
		.name = name ? name : "",
		.bytes = ""};
	char text[460];

	if (!fields || p.tool < 0 || !path)
		return store_problem_drop(tx, PROBLEM_CONFLICT, record, tool);
	/* Whoever waits for the owner's word is not to hear a copy's. */
	if (!(fields & stack_owned(tx->stack, type_of(tx->db, record)->id, p.tool)))
		p.version = 0;
	describe(tx, record, tool, fields, &p, text);
	p.text = text;
	return store_problem_add(tx, &p);
}

int store_conflict_tell(struct tx *tx, int64_t record, int64_t tool)
{
	return tell(
		tx, record, tool, db_int(tx->db, 0, "SELECT version FROM record WHERE id = ?1", "i", record));
}

/* ---- settling ---- */

/* What the tool had is written down: the decision can be undone. */
static int note_decision(struct tx *tx, int64_t record, int64_t tool, uint64_t fields, const char *cause,
	const struct origin *origin)
{
	const struct type *type = type_of(tx->db, record);
	struct origin by = *origin;
	_cleanup_json_ cJSON *mine = store_conflict_doc(tx->db, record, tool, CONFLICT_MINE);
	_cleanup_json_ cJSON *theirs = store_conflict_doc(tx->db, record, tool, CONFLICT_THEIRS);

	by.cause = cause;
	fields &= record_changed(type, theirs, mine);
	return fields ? store_history_note(tx, record, theirs, mine, fields, &by) : 0;
}

/* Whoever decides about the lines has decided about their sums. */
static uint64_t with_sums(const struct type *type, uint64_t fields)
{
	const struct field *lines = type_field(type, "lines");

	for (const struct field *f = type->fields; f->name && lines && (fields & field_bit(type, lines));
		f++) {
		if (f->flags & FIELD_COMPUTED)
			fields |= field_bit(type, f);
	}
	return fields;
}

int store_conflict_settle(struct tx *tx, int64_t record, uint64_t fields, const struct origin *origin)
{
	_Bool any = 0;
	int r = 0;

	fields = with_sums(type_of(tx->db, record), fields);
	for (int i = 1; i < tx->stack->tool_count && r == 0; i++) {
		int64_t tool = store_tool_id(tx->store, i);
		uint64_t mine = store_conflict_fields(tx->db, record, tool) & fields;

		if (!mine)
			continue;
		any = 1;
		r = note_decision(tx, record, tool, mine, "settle", origin);
		for (int f = 0; f < TYPE_MAX_FIELDS && r == 0; f++) {
			if (mine >> f & 1)
				r = store_conflict_drop(tx, record, tool, f);
		}
		/* What is left was there before: it is no news to whoever settles the rest. */
		if (r == 0)
			r = tell(tx, record, tool, 0);
	}
	return r == 0 && any ? store_outbox_ensure(tx, record, -1) : r;
}

int store_conflict_forget(struct tx *tx, int64_t record, int64_t tool, const struct origin *origin)
{
	int r = 0;

	for (int i = 1; i < tx->stack->tool_count && r == 0; i++) {
		int64_t id = store_tool_id(tx->store, i);
		uint64_t fields = tool && id != tool ? 0 : store_conflict_fields(tx->db, record, id);

		if (fields)
			r = note_decision(tx, record, id, fields, "overruled", origin);
	}
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM conflict WHERE record = ?1 AND (?2 = 0 OR tool = ?2)", "ii",
			record, tool);
	return r == 0 ? store_problem_drop(tx, PROBLEM_CONFLICT, record, tool) : r;
}
