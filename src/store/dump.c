/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/dump.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "seamfs/store/link.h"
#include "store/change_p.h"

const char *dump_file(enum dump_part part)
{
	static const char *const files[DUMP_PART_COUNT] = {
		"records.ndjson", "history.ndjson", "groups.ndjson", "names.ndjson"};

	return files[part];
}

int64_t dump_origin(struct db *db)
{
	return db_int(db, 0, "SELECT made_ms FROM tool WHERE name = 'local'", "");
}

_Bool dump_is_empty(struct db *db)
{
	return !db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM record) OR EXISTS (SELECT 1 FROM history)", "");
}

/* ---- out ---- */

static void add_number(cJSON *line, const char *key, sqlite3_stmt *q, int column)
{
	json_set(line, key, json_new_int(sqlite3_column_int64(q, column)));
}

static void add_text(cJSON *line, const char *key, sqlite3_stmt *q, int column)
{
	if (sqlite3_column_type(q, column) != SQLITE_NULL)
		json_set_text(line, key, db_column_text(q, column));
}

static void add_json(cJSON *line, const char *key, sqlite3_stmt *q, int column)
{
	cJSON *value = json_stored(db_column_text(q, column));

	if (value)
		json_set(line, key, value);
}

static void add_tools(struct db *db, cJSON *line, int64_t record)
{
	cJSON *tools = cJSON_AddObjectToObject(line, "tools");
	sqlite3_stmt *q = db_query(db,
		/* A record that was restored and that its tool has not shown yet is known by its old id. */
		"SELECT t.name, l.remote FROM link l JOIN tool t ON t.id = l.tool WHERE l.record = ?1 AND "
		"NOT "
		"l.gone UNION SELECT t.name, f.remote FROM foreign_id f JOIN tool t ON t.id = f.tool AND "
		"t.name <> 'local' WHERE f.record = ?1 AND NOT EXISTS (SELECT 1 FROM link l WHERE l.record = "
		"?1 AND l.tool = f.tool) ORDER BY 1, 2",
		"i", record);

	while (db_row(q))
		add_text(tools, db_column_text(q, 0), q, 1);
}

static cJSON *record_line(struct db *db, sqlite3_stmt *q)
{
	cJSON *line = cJSON_CreateObject();

	add_number(line, "id", q, 0);
	json_set_text(line, "type", type_get((enum type_id)sqlite3_column_int(q, 1))->name);
	add_text(line, "name", q, 2);
	add_number(line, "whole", q, 3);
	add_number(line, "version", q, 4);
	add_number(line, "changed_ms", q, 5);
	add_json(line, "doc", q, 6);
	add_text(line, "body", q, 7);
	if (sqlite3_column_type(q, 8) != SQLITE_NULL) {
		cJSON *trash = cJSON_AddObjectToObject(line, "trash");

		add_text(trash, "name", q, 8);
		add_number(trash, "ms", q, 9);
		add_number(trash, "due", q, 10);
		add_number(trash, "state", q, 11);
	}
	add_tools(db, line, sqlite3_column_int64(q, 0));
	return line;
}

static cJSON *history_line(struct db *db, sqlite3_stmt *q)
{
	const struct type *type = type_get((enum type_id)sqlite3_column_int(q, 3));
	cJSON *line = cJSON_CreateObject();

	add_number(line, "id", q, 0);
	add_number(line, "record", q, 1);
	add_number(line, "version", q, 2);
	json_set_text(line, "type", type->name);
	add_number(line, "ms", q, 4);
	add_number(line, "uid", q, 5);
	add_text(line, "program", q, 6);
	add_text(line, "tool", q, 7);
	add_text(line, "cause", q, 8);
	if (sqlite3_column_int(q, 9) >= 0)
		json_set_text(line, "field", type->fields[sqlite3_column_int(q, 9)].name);
	add_json(line, "old", q, 10);
	add_json(line, "new", q, 11);
	return line;
}

static cJSON *group_line(struct db *db, sqlite3_stmt *q)
{
	cJSON *line = cJSON_CreateObject();

	add_number(line, "first", q, 0);
	add_number(line, "last", q, 1);
	return line;
}

static cJSON *name_line(struct db *db, sqlite3_stmt *q)
{
	cJSON *line = cJSON_CreateObject();

	json_set_text(line, "type", type_get((enum type_id)sqlite3_column_int(q, 0))->name);
	add_number(line, "whole", q, 1);
	add_text(line, "name", q, 2);
	add_number(line, "record", q, 3);
	return line;
}

/* Records that are here or in the trash; of what is gone for good only rows are left. */
#define KEPT "(r.state = 0 OR EXISTS (SELECT 1 FROM trash x WHERE x.record = r.id))"

static sqlite3_stmt *query_of(struct db *db, enum dump_part part)
{
	switch (part) {
	case DUMP_RECORDS:
		return db_query(db,
			"SELECT r.id, r.type, r.name, r.whole, r.version, r.mtime, c.doc, CAST(c.body AS "
			"TEXT),"
			" t.name, t.ms, t.due, t.state FROM record r JOIN content c ON c.record = r.id"
			" LEFT JOIN trash t ON t.record = r.id WHERE " KEPT " ORDER BY r.id",
			"");
	case DUMP_HISTORY:
		return db_query(db,
			"SELECT h.id, h.record, h.version, r.type, h.ms, h.uid, h.program, t.name, h.cause,"
			" h.field, h.old, h.new FROM history h JOIN record r ON r.id = h.record"
			" LEFT JOIN tool t ON t.id = h.tool WHERE " KEPT " ORDER BY h.id",
			"");
	case DUMP_GROUPS:
		return db_query(db,
			"SELECT min(h.id), max(h.id) FROM bulk b JOIN history h ON h.id BETWEEN b.first AND "
			"b.last JOIN record r ON r.id = h.record WHERE " KEPT
			" GROUP BY b.first ORDER BY b.first",
			"");
	default:
		return db_query(db,
			"SELECT a.type, a.whole, a.name, a.record FROM alias a JOIN record r ON r.id = "
			"a.record"
			" WHERE " KEPT " ORDER BY a.type, a.whole, a.name",
			"");
	}
}

int dump_each(struct store *store, struct db *db, enum dump_part part, dump_line f, void *context)
{
	static cJSON *(*const lines[DUMP_PART_COUNT])(struct db * db, sqlite3_stmt * q) = {
		record_line, history_line, group_line, name_line};
	sqlite3_stmt *q = query_of(db, part);
	int r = 0;

	while (db_row(q)) {
		_cleanup_json_ cJSON *line = lines[part](db, q);

		r = f(context, line);
		if (r < 0) {
			db_done(q);
			break;
		}
	}
	return r;
}

/* ---- back, as it was ---- */

static int64_t number(const cJSON *line, const char *key)
{
	int64_t value = 0;

	(void)json_int64(json_get(line, key), &value);
	return value;
}

static int bad_line(enum dump_part part, struct err *e)
{
	return err_set(e, EINVAL, "%s holds a line that is none of this seamfs", dump_file(part));
}

static int restore_trash(struct tx *tx, const cJSON *line, const struct type *type)
{
	const cJSON *trash = json_get(line, "trash");

	return db_run(tx->db,
		"INSERT INTO trash (record, type, name, ms, due, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		"iitiii", number(line, "id"), (int64_t)type->id, json_get_text(trash, "name"),
		number(trash, "ms"), number(trash, "due"), number(trash, "state"));
}

static int restore_tools(struct tx *tx, const cJSON *line, const struct type *type)
{
	const cJSON *remote;
	int r = 0;

	cJSON_ArrayForEach (remote, json_get(line, "tools")) {
		int tool = stack_tool(tx->stack, remote->string);

		if (r == 0 && tool > 0 && json_text(remote))
			r = store_foreign_put(tx, store_tool_id(tx->store, tool), type->id, json_text(remote),
				number(line, "id"));
	}
	return r;
}

static int restore_record(struct tx *tx, const cJSON *line, struct err *e)
{
	const struct type *type =
		json_get_text(line, "type") ? type_by_name(json_get_text(line, "type")) : NULL;
	const char *name = json_get_text(line, "name"), *body = json_get_text(line, "body");
	_Bool removed = json_get(line, "trash") != NULL;
	_cleanup_(mem_freep) char *safe = NULL;
	int r;

	safe = name ? name_safe(name, NAME_MAX_BYTES) : NULL;
	if (!type || !name || !body || !str_equal(safe, name) || strlen(body) > BUF_MAX_RECORD ||
		number(line, "id") <= 0 || !cJSON_IsObject(json_get(line, "doc")))
		return bad_line(DUMP_RECORDS, e);
	r = change_restore(tx,
		&(struct work){.type = type,
			.record = number(line, "id"),
			.doc = json_get(line, "doc"),
			.whole = number(line, "whole"),
			.name = (char *)name,
			.version = number(line, "version"),
			.mtime_ms = number(line, "changed_ms")},
		body, removed);
	if (r == 0 && removed)
		r = restore_trash(tx, line, type);
	return r == 0 ? restore_tools(tx, line, type) : r;
}

/* The row of a tool, also of one that the stack no longer has. */
static int tool_row(struct tx *tx, const char *name, int64_t *ret)
{
	int r = name ? db_run(tx->db,
			       "INSERT INTO tool (name, made_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
			       "ti", name, tx->now_ms)
		     : 0;

	*ret = name ? db_int(tx->db, 0, "SELECT id FROM tool WHERE name = ?1", "t", name) : 0;
	return r;
}

static int restore_history(struct tx *tx, const cJSON *line, struct err *e)
{
	const struct type *type =
		json_get_text(line, "type") ? type_by_name(json_get_text(line, "type")) : NULL;
	const char *field = json_get_text(line, "field"), *cause = json_get_text(line, "cause");
	int index = type && field ? type_field_index(type, field) : -1;
	_cleanup_(mem_freep) char *old = json_get(line, "old") ? json_print(json_get(line, "old")) : NULL;
	_cleanup_(mem_freep) char *now = json_get(line, "new") ? json_print(json_get(line, "new")) : NULL;
	int64_t tool;
	int r;

	if (!type || !cause || (field && index < 0))
		return bad_line(DUMP_HISTORY, e);
	r = tool_row(tx, json_get_text(line, "tool"), &tool);
	return r < 0 ? r
		     : db_run(tx->db,
			       "INSERT INTO history (id, record, version, ms, uid, program, tool, cause, "
			       "field, "
			       "old, new) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
			       "iiiiititit"
			       "t",
			       number(line, "id"), number(line, "record"), number(line, "version"),
			       number(line, "ms"), number(line, "uid"), json_get_text(line, "program"), tool,
			       cause, (int64_t)index, old, now);
}

int dump_restore(struct tx *tx, enum dump_part part, const cJSON *line, struct err *e)
{
	const struct type *type;

	switch (part) {
	case DUMP_RECORDS:
		return restore_record(tx, line, e);
	case DUMP_HISTORY:
		return restore_history(tx, line, e);
	case DUMP_GROUPS:
		return db_run(tx->db, "INSERT INTO bulk (first, last) VALUES (?1, ?2)", "ii",
			number(line, "first"), number(line, "last"));
	default:
		type = json_get_text(line, "type") ? type_by_name(json_get_text(line, "type")) : NULL;
		if (!type || !json_get_text(line, "name"))
			return bad_line(part, e);
		return db_run(tx->db, "INSERT INTO alias (type, whole, name, record) VALUES (?1, ?2, ?3, ?4)",
			"iiti", (int64_t)type->id, number(line, "whole"), json_get_text(line, "name"),
			number(line, "record"));
	}
}

/* The folders of by/ are made of names of other records: when all are there. */
int dump_restore_end(struct tx *tx, int64_t origin)
{
	int64_t id = 0;
	int r = db_run(tx->db, "UPDATE tool SET made_ms = ?1 WHERE name = 'local'", "i", origin);

	while (r == 0 &&
		(id = db_int(tx->db, 0, "SELECT min(id) FROM record WHERE state = 0 AND id > ?1", "i", id)))
		r = change_restore_views(tx, id);
	return r;
}

/* ---- back, beside what is here ---- */

static char *foreign_key(const cJSON *line, int64_t origin)
{
	return str_format("%lld/%lld", (long long)origin, (long long)number(line, "id"));
}

static int64_t by_tool(struct tx *tx, const cJSON *line, const struct type *type)
{
	const cJSON *remote;

	cJSON_ArrayForEach (remote, json_get(line, "tools")) {
		int tool = stack_tool(tx->stack, remote->string);
		int64_t record = tool > 0 ? store_link_record(tx->db, store_tool_id(tx->store, tool),
						    type->id, json_text(remote))
					  : 0;

		if (record)
			return record;
	}
	return 0;
}

/*
 * Whether the record of that id here is the one in the export of a database that was this one: what was made since the two
 * were parted has the same ids there as other records have here. One that is not shown any more is believed to be.
 */
static _Bool is_ours(struct tx *tx, const struct type *type, int64_t id, const char *name)
{
	return db_int(tx->db, 0,
		"SELECT EXISTS (SELECT 1 FROM record r WHERE r.id = ?1 AND r.type = ?2 AND (r.state <> 0 OR "
		"r.name = ?3 OR EXISTS (SELECT 1 FROM alias a WHERE a.record = r.id AND a.name = ?3)))",
		"iit", id, (int64_t)type->id, name);
}

int64_t dump_find(struct tx *tx, const cJSON *line, int64_t origin, const cJSON *doc)
{
	const struct type *type = type_by_name(json_get_text(line, "type"));
	_cleanup_(mem_freep) char *key = foreign_key(line, origin);
	int64_t local = store_tool_id(tx->store, TOOL_LOCAL), record, id = number(line, "id");
	struct record_stat stat;

	/* An export of this very database: also what is in the trash by now is known. */
	if (origin == dump_origin(tx->db) && is_ours(tx, type, id, json_get_text(line, "name")))
		return id;
	record = db_int(tx->db, 0,
		"SELECT record FROM foreign_id WHERE tool = ?1 AND type = ?2 AND remote = ?3", "iit", local,
		(int64_t)type->id, key);
	if (!record)
		record = by_tool(tx, line, type);
	if (!record)
		record = store_match(tx->db, local, type->id, doc);
	/* One of the same name in the same folder; entries of time are told apart by their day, too. */
	if (!record &&
		store_record_find(tx->db, type->id, record_ref(doc, type_whole(type)),
			json_get_text(line, "name"), &record) == 0 &&
		store_record_stat(tx->db, record, &stat) < 0)
		record = 0;
	return record;
}

int dump_note(struct tx *tx, const cJSON *line, int64_t origin, int64_t record)
{
	const struct type *type = type_by_name(json_get_text(line, "type"));
	_cleanup_(mem_freep) char *key = foreign_key(line, origin);

	return store_foreign_put(tx, store_tool_id(tx->store, TOOL_LOCAL), type->id, key, record);
}
