/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/outbox.h"
#include "seamfs/store/record.h"

/* A random UUID (RFC 9562, version 4): also a valid id for tools that let us choose one. */
static void new_key(char key[40])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort();
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(key, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* Whether a record that may be the same thing is held by that tool. */
static _Bool may_be_another(struct db *db, int64_t tool, int64_t record)
{
	return db_int(db, 0,
		       "SELECT 1 FROM proposal p JOIN link l ON l.record = p.a + p.b - ?2 AND l.tool = ?1 "
		       "AND NOT "
		       "l.gone JOIN record r ON r.id = l.record AND r.state = 0 WHERE p.a = ?2 OR p.b = ?2 "
		       "LIMIT 1",
		       "ii", tool, record) != 0;
}

uint64_t store_to_send(struct db *db, const struct tool_type *can, const struct type *type,
	const struct link *link, const cJSON *doc)
{
	if (!link)
		return record_changed(type, NULL, doc) & can->creates;
	return record_changed(type, link->ours, doc) & can->writes &
	       ~store_conflict_fields(db, link->record, 0);
}

_Bool store_outbox_frees(struct db *db, int64_t tool, int64_t record)
{
	_cleanup_json_ cJSON *doc = store_record_doc(db, record);
	const struct type *type =
		type_get((enum type_id)db_int(db, 0, "SELECT type FROM record WHERE id = ?1", "i", record));

	for (int i = 0; doc && type->fields[i].name; i++) {
		_cleanup_(mem_freep) char *path = str_format("$.%s", type->fields[i].name);
		const char *value = json_get_text(doc, type->fields[i].name);

		if (value && (type->fields[i].flags & FIELD_UNIQUE) &&
			db_int(db, 0,
				"SELECT 1 FROM outbox o JOIN link l ON l.record = o.record AND l.tool = "
				"o.tool "
				"WHERE o.tool = ?1 AND o.record <> ?2 AND o.state <> 4 AND l.gone <> 1 AND "
				"l.type = ?3 AND json_extract(l.theirs, ?4) = ?5",
				"iiitt", tool, record, (int64_t)type->id, path, value))
			return 1;
	}
	return 0;
}

/* What the tool at this index still lacks of the record: the fields to send; @ret_create: it has no link yet. */
static uint64_t lacking(
	struct tx *tx, int tool, const struct type *type, int64_t record, const cJSON *doc, _Bool *ret_create)
{
	const struct tool_type *can = &tx->stack->tools[tool].types[type->id];
	struct link l;
	uint64_t fields;

	*ret_create = 0;
	if (!can->used)
		return 0;
	if (store_link_by_record(tx->db, store_tool_id(tx->store, tool), record, &l) < 0) {
		*ret_create = 1;
		/* Perhaps the tool has it, under another record: a double would be made before anybody is asked. */
		if (may_be_another(tx->db, store_tool_id(tx->store, tool), record))
			return 0;
		return store_to_send(tx->db, can, type, NULL, doc);
	}
	*ret_create = l.gone == LINK_RETURNING;
	fields = l.gone == LINK_RETURNING ? can->creates
		 : l.gone		  ? 0
					  : store_to_send(tx->db, can, type, &l, doc);
	link_finish(&l);
	return fields;
}

static int ensure_row(struct tx *tx, int tool, int64_t record, int64_t version, _Bool copy, _Bool again)
{
	char key[40];

	new_key(key);
	return db_run(tx->db,
		"INSERT INTO outbox (record, tool, key, copy, state, version)"
		" VALUES (?1, ?2, ?3, ?4, CASE WHEN ?7 THEN 5 ELSE 0 END, ?5)"
		" ON CONFLICT (record, tool) DO UPDATE SET version = excluded.version, copy = excluded.copy,"
		/* Approved is what a person has seen, and no later version. */
		" state = CASE WHEN state IN (1, 2) OR (state = 4 AND NOT ?6) THEN state"
		" WHEN ?7 AND (state = 5 OR version <> excluded.version) THEN 5 ELSE 0 END,"
		" next_ms = CASE WHEN ?6 THEN 0 ELSE next_ms END",
		"iitiiii", record, store_tool_id(tx->store, tool), key, (int64_t)copy, version,
		(int64_t)again, (int64_t)tx->stack->tools[tool].review);
}

/* A row that is under way stays: its answer decides. So does one that may have arrived: what it made has to be looked at. */
static int drop_row(struct tx *tx, int tool, int64_t record)
{
	return db_run(tx->db,
		"DELETE FROM outbox WHERE record = ?1 AND tool = ?2 AND state NOT IN (1, 2)"
		" AND NOT (state IN (0, 5) AND sent)",
		"ii", record, store_tool_id(tx->store, tool));
}

/* A record in the trash: once its grace time is over, every tool that can is told. */
static int ensure_removal(struct tx *tx, int64_t record)
{
	enum type_id type =
		(enum type_id)db_int(tx->db, 0, "SELECT type FROM record WHERE id = ?1", "i", record);
	_Bool due =
		db_int(tx->db, 0, "SELECT 1 FROM trash WHERE record = ?1 AND state = 2", "i", record) != 0;
	int r = type ? 0 : -ENOENT;

	for (int tool = 1; tool < tx->stack->tool_count && r == 0; tool++) {
		const struct tool_type *can = &tx->stack->tools[tool].types[type];
		_Bool there =
			db_int(tx->db, 0, "SELECT 1 FROM link WHERE record = ?1 AND tool = ?2 AND NOT gone",
				"ii", record, store_tool_id(tx->store, tool)) != 0;

		if (due && there && can->used && can->removes != REMOVE_NO)
			r = ensure_row(tx, tool, record, 0, tx->stack->owners[type] != tool, 1);
		else
			r = drop_row(tx, tool, record);
	}
	return r;
}

int store_outbox_ensure(struct tx *tx, int64_t record, int from)
{
	_cleanup_json_ cJSON *doc = store_record_doc(tx->db, record);
	struct record_stat stat;
	int r = store_record_stat(tx->db, record, &stat);

	if (r == -ENOENT)
		return ensure_removal(tx, record);
	if (r < 0 || !doc)
		return r < 0 ? r : -EIO;
	for (int tool = 1; tool < tx->stack->tool_count && r == 0; tool++) {
		const struct type *type = type_get(stat.type);
		_Bool create;
		uint64_t fields = lacking(tx, tool, type, record, doc, &create);
		_Bool owner = tx->stack->owners[stat.type] == tool ||
			      (fields & stack_owned(tx->stack, stat.type, tool));

		if (!fields)
			r = drop_row(tx, tool, record);
		else
			r = ensure_row(tx, tool, record, stat.version, !owner, from < 0);
	}
	return r;
}

int store_outbox_fill(struct tx *tx, int tool, enum type_id type)
{
	int64_t id = 0;
	int r = 0;

	while (r == 0) {
		id = db_int(tx->db, 0,
			"SELECT min(id) FROM record r WHERE type = ?1 AND state = 0 AND id > ?2"
			" AND NOT EXISTS (SELECT 1 FROM link l WHERE l.record = r.id AND l.tool = ?3)"
			" AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.record = r.id AND o.tool = ?3)",
			"iii", (int64_t)type, id, store_tool_id(tx->store, tool));
		if (!id)
			return 0;
		r = store_outbox_ensure(tx, id, tool);
	}
	return r;
}

/*
 * Copies wait for the owners; a new record also for the tool's first complete listing, or it might be made twice; and a removal until its
 * grace time is over, or it is approved, also when something else was on the way before it.
 */
#define MAY_BE_SENT                                                                                          \
	" FROM outbox o JOIN record r ON r.id = o.record"                                                    \
	" WHERE o.tool = ?1 AND o.state IN (0, 2)"                                                           \
	" AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.record = o.record AND t.state <> 2)"                 \
	" AND NOT (o.copy AND EXISTS (SELECT 1 FROM outbox p WHERE p.record = o.record AND NOT p.copy AND "  \
	"p.tool <> ?1))"                                                                                     \
	" AND (EXISTS (SELECT 1 FROM link l WHERE l.record = o.record AND l.tool = ?1)"                      \
	" OR EXISTS (SELECT 1 FROM cursor c WHERE c.tool = ?1 AND c.type = r.type AND c.complete))"

int store_outbox_next(
	struct db *db, int64_t tool, int64_t now_ms, struct outbox_row *ret, int64_t *ret_wake_ms)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT o.seq, o.record, r.type, o.state, o.key, o.version, o.attempts, o.next_ms, "
		"o.sent_ms, o.copy, o.sent_row" MAY_BE_SENT
		/* What is removed goes last, parts before their wholes. */
		" AND o.next_ms <= ?2 ORDER BY o.copy, r.state, CASE r.state WHEN 0 THEN r.type ELSE -r.type "
		"END, o.seq"
		" LIMIT 1",
		"ii", tool, now_ms);

	*ret_wake_ms = 0;
	if (!db_row(q)) {
		*ret_wake_ms = db_int(db, 0, "SELECT min(o.next_ms)" MAY_BE_SENT, "i", tool);
		return -ENOENT;
	}
	*ret = (struct outbox_row){
		.seq = sqlite3_column_int64(q, 0),
		.record = sqlite3_column_int64(q, 1),
		.type = (enum type_id)sqlite3_column_int(q, 2),
		.state = (enum outbox_state)sqlite3_column_int(q, 3),
		.version = sqlite3_column_int64(q, 5),
		.attempts = sqlite3_column_int(q, 6),
		.next_ms = sqlite3_column_int64(q, 7),
		.sent_ms = sqlite3_column_int64(q, 8),
		.copy = sqlite3_column_int(q, 9) != 0,
		.sent_row = sqlite3_column_int64(q, 10),
	};
	snprintf(ret->key, sizeof(ret->key), "%s", db_column_text(q, 4));
	db_done(q);
	return 0;
}

int store_outbox_sending(struct tx *tx, int64_t seq, uint64_t fields, int64_t row)
{
	/* While it is only looked for, the time at which it was sent stays: what was made then is what is looked for. */
	return db_run(tx->db,
		"UPDATE outbox SET sent_ms = CASE state WHEN 2 THEN sent_ms ELSE ?2 END,"
		" sent_row = CASE state WHEN 2 THEN sent_row ELSE ?3 END, sent = sent | ?4, state = 1,"
		" attempts = attempts + 1 WHERE seq = ?1",
		"iiii", seq, tx->now_ms, row, (int64_t)fields);
}

int store_outbox_mark(struct tx *tx, int64_t seq, enum outbox_state state, int64_t next_ms, const char *error)
{
	return db_run(tx->db, "UPDATE outbox SET state = ?2, next_ms = ?3, error = ?4 WHERE seq = ?1", "iiit",
		seq, (int64_t)state, next_ms, error ? error : "");
}

int store_outbox_delay(struct tx *tx, int64_t record, int64_t until_ms)
{
	return db_run(tx->db,
		"UPDATE outbox SET next_ms = ?2 WHERE record = ?1 AND state = 0"
		" AND NOT EXISTS (SELECT 1 FROM link l WHERE l.record = ?1)",
		"ii", record, until_ms);
}

int store_outbox_remove(struct tx *tx, int64_t seq)
{
	return db_run(tx->db, "DELETE FROM outbox WHERE seq = ?1", "i", seq);
}

int store_outbox_woken(struct tx *tx, int64_t tool)
{
	return db_run(
		tx->db, "UPDATE outbox SET state = 0, next_ms = 0 WHERE tool = ?1 AND state = 3", "i", tool);
}

int store_settled(struct db *db, int64_t record, int64_t version, struct err *e)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT code, field, text FROM problem WHERE record = ?1 AND version >= ?2 ORDER BY id DESC "
		"LIMIT 1",
		"ii", record, version);

	if (db_row(q)) {
		int code = sqlite3_column_int(q, 0);
		int r = err_field(e, code, db_column_text(q, 1), "%s", db_column_text(q, 2));

		db_done(q);
		return r;
	}
	return db_int(db, 0,
		       "SELECT 1 FROM outbox WHERE record = ?1 AND NOT copy AND state < 4 AND version >= ?2 "
		       "LIMIT 1",
		       "ii", record, version) != 0;
}

enum record_progress store_record_progress(struct db *db, int64_t record)
{
	return (enum record_progress)db_int(db, RECORD_SYNCED,
		"SELECT ifnull(min(CASE state WHEN 4 THEN 0 WHEN 5 THEN 1 ELSE 2 END), 3) FROM outbox WHERE "
		"record = ?1",
		"i", record);
}

_Bool store_worth_waiting(struct db *db, int64_t record)
{
	return db_int(db, 0,
		       "SELECT 1 FROM outbox o JOIN tool t ON t.id = o.tool WHERE o.record = ?1 AND NOT "
		       "o.copy AND o.state < 4"
		       " AND t.error_ms = 0 LIMIT 1",
		       "i", record) != 0;
}
