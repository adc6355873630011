/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>

#include "seamfs/base/mem.h"

#define APPLICATION_ID 0x5ea3f501

/* Step n brings user_version from n to n + 1. Steps that were released never change. */
static const char *const steps[] = {
	/* What people see. `fold` is the case-folded name: two names clash when it is equal. */
	"CREATE TABLE record (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, whole INTEGER NOT NULL,"
	" name TEXT NOT NULL, fold TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,"
	" version INTEGER NOT NULL, state INTEGER NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX record_name ON record (type, whole, fold) WHERE state = 0;"
	"CREATE INDEX record_list ON record (type, whole, id, name, size, mtime) WHERE state = 0;"
	"CREATE TABLE content (record INTEGER PRIMARY KEY REFERENCES record ON DELETE CASCADE,"
	" doc TEXT NOT NULL, body BLOB NOT NULL) STRICT;"
	"CREATE TABLE alias (type INTEGER NOT NULL, whole INTEGER NOT NULL, name TEXT NOT NULL,"
	" record INTEGER NOT NULL, PRIMARY KEY (type, whole, name)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE reference (target INTEGER NOT NULL, type INTEGER NOT NULL, record INTEGER NOT NULL,"
	" field INTEGER NOT NULL, PRIMARY KEY (target, type, record, field)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX reference_record ON reference (record);"
	/* The folders in by/: a value of a field, and the records that have it. */
	"CREATE TABLE value (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, field INTEGER NOT NULL,"
	" name TEXT NOT NULL, fixed INTEGER NOT NULL, UNIQUE (type, field, name)) STRICT;"
	"CREATE TABLE facet (value INTEGER NOT NULL, record INTEGER NOT NULL, name TEXT NOT NULL,"
	" target TEXT NOT NULL, PRIMARY KEY (value, record)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX facet_name ON facet (value, name);"
	"CREATE INDEX facet_record ON facet (record);"
	/* Values of a unique field, folded: how the same thing is found in another tool. */
	"CREATE TABLE identity (type INTEGER NOT NULL, field INTEGER NOT NULL, value TEXT NOT NULL,"
	" record INTEGER NOT NULL, PRIMARY KEY (type, field, value, record)) STRICT, WITHOUT ROWID;"
	/* Pairs of records (a < b) that may be the same thing, and pairs that a person has told apart. */
	"CREATE TABLE proposal (a INTEGER NOT NULL, b INTEGER NOT NULL, why TEXT NOT NULL,"
	" PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX proposal_b ON proposal (b);"
	"CREATE TABLE apart (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)) STRICT, WITHOUT "
	"ROWID;"
	"CREATE INDEX identity_record ON identity (record);"
	/* What tools hold. theirs: the doc as the tool last had it; ours: the record's doc it corresponds to. */
	"CREATE TABLE tool (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, ok_ms INTEGER NOT NULL "
	"DEFAULT 0,"
	" pull_ms INTEGER NOT NULL DEFAULT 0, error_ms INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL "
	"DEFAULT '',"
	" refresh INTEGER NOT NULL DEFAULT 0, limited_ms INTEGER NOT NULL DEFAULT 0,"
	/* verify: how many records are to be read again, -1 all; checked: how many were, the last time. */
	" made_ms INTEGER NOT NULL DEFAULT 0, verify INTEGER NOT NULL DEFAULT 0,"
	" verify_ms INTEGER NOT NULL DEFAULT 0, checked INTEGER NOT NULL DEFAULT 0,"
	/* first: the end of the first whole pull. */
	" first_ms INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE drift (id INTEGER PRIMARY KEY, tool INTEGER NOT NULL, path TEXT NOT NULL, what TEXT "
	"NOT "
	"NULL) STRICT;"
	"CREATE TABLE link (id INTEGER PRIMARY KEY, tool INTEGER NOT NULL REFERENCES tool, type INTEGER NOT "
	"NULL,"
	" remote TEXT NOT NULL, record INTEGER NOT NULL, theirs TEXT NOT NULL, ours TEXT NOT NULL,"
	" raw TEXT NOT NULL, url TEXT, seen INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,"
	" unresolved INTEGER NOT NULL DEFAULT 0, UNIQUE (tool, type, remote)) STRICT;"
	"CREATE UNIQUE INDEX link_record ON link (record, tool);"
	/* Ids of one tool that another tool has in its records. */
	"CREATE TABLE foreign_id (tool INTEGER NOT NULL, type INTEGER NOT NULL, remote TEXT NOT NULL,"
	" record INTEGER NOT NULL, PRIMARY KEY (tool, type, remote)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE cursor (tool INTEGER NOT NULL, type INTEGER NOT NULL, value TEXT, complete INTEGER NOT "
	"NULL,"
	" pass INTEGER NOT NULL, PRIMARY KEY (tool, type)) STRICT, WITHOUT ROWID;"
	/*
	 * One row for each record that a tool has yet to hear of; what to send is doc against link.ours. sent: the fields
	 * that were sent and may have arrived; sent_row: the end of the history when it was sent.
	 */
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, record INTEGER NOT NULL, tool INTEGER "
	"NOT NULL,"
	" key TEXT NOT NULL, copy INTEGER NOT NULL, state INTEGER NOT NULL, version INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0, sent_ms INTEGER NOT NULL "
	"DEFAULT 0,"
	" sent INTEGER NOT NULL DEFAULT 0, sent_row INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT "
	"'', UNIQUE (record, tool)) STRICT;"
	"CREATE INDEX outbox_tool ON outbox (tool, state, seq);"
	/* Who changed what, when and why. old and new are JSON values. */
	"CREATE TABLE history (id INTEGER PRIMARY KEY, record INTEGER NOT NULL, version INTEGER NOT NULL,"
	" ms INTEGER NOT NULL, uid INTEGER, program TEXT, tool INTEGER, cause TEXT NOT NULL, field INTEGER "
	"NOT NULL,"
	" old TEXT, new TEXT) STRICT;"
	"CREATE INDEX history_record ON history (record, id);"
	"CREATE INDEX history_ms ON history (ms);"
	"CREATE INDEX history_made ON history (id) WHERE version = 1 AND tool = 0;"
	/* What the kernel must be told; read and deleted by the notifier. */
	"CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, dir INTEGER NOT "
	"NULL,"
	" name TEXT NOT NULL, ino INTEGER NOT NULL) STRICT;"
	/* AUTOINCREMENT where a row can go: its id is an inode number, which must not come again. */
	/* Local things that no tool hears of: editors' temporary files, rejected saves. */
	"CREATE TABLE scratch (id INTEGER PRIMARY KEY AUTOINCREMENT, dir INTEGER NOT NULL, name TEXT NOT "
	"NULL, mode INTEGER NOT NULL,"
	" target TEXT, bytes BLOB NOT NULL, mtime INTEGER NOT NULL, base INTEGER NOT NULL,"
	/* due: when a new file becomes a record, 0: it does not; and who made it. */
	" due INTEGER NOT NULL DEFAULT 0, uid INTEGER NOT NULL DEFAULT 0, program TEXT NOT NULL DEFAULT '',"
	" UNIQUE (dir, name)) STRICT;"
	"CREATE INDEX scratch_due ON scratch (due) WHERE due > 0;"
	"CREATE TABLE problem (id INTEGER PRIMARY KEY AUTOINCREMENT, record INTEGER NOT NULL, version "
	"INTEGER NOT NULL,"
	" tool INTEGER NOT NULL, ms INTEGER NOT NULL, code INTEGER NOT NULL, path TEXT NOT NULL, name TEXT "
	"NOT NULL,"
	" field TEXT NOT NULL, text TEXT NOT NULL, bytes BLOB NOT NULL, kind INTEGER NOT NULL) STRICT;"
	/* Fields that were changed on both sides, until a person decides. Values are JSON, '' none. */
	"CREATE TABLE conflict (record INTEGER NOT NULL, tool INTEGER NOT NULL, field INTEGER NOT NULL,"
	" base TEXT NOT NULL, theirs TEXT NOT NULL, PRIMARY KEY (record, tool, field)) STRICT, WITHOUT "
	"ROWID;"
	"CREATE INDEX problem_record ON problem (record);"
	/* What a person wrote, where the record's own text says the same in other words, until its tools have agreed. */
	"CREATE TABLE written (record INTEGER PRIMARY KEY, version INTEGER NOT NULL, bytes BLOB NOT NULL) "
	"STRICT;"
	/* What was refused lately, saves and all else; the last few hundred. */
	"CREATE TABLE failure (id INTEGER PRIMARY KEY AUTOINCREMENT, ms INTEGER NOT NULL, act TEXT NOT NULL,"
	" dir TEXT NOT NULL, path TEXT NOT NULL, code INTEGER NOT NULL, field TEXT NOT NULL,"
	" tool INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
	/* The end of the history when a tool's records of a type had all been read for the first time: what was there is no event. */
	"CREATE TABLE first_pull (tool INTEGER NOT NULL, type INTEGER NOT NULL, row INTEGER NOT NULL,"
	" PRIMARY KEY (tool, type)) STRICT, WITHOUT ROWID;"
	/* Hand-offs. cursor: the last row of the history that the rule has looked at; day: of its first start; month: the last one done. */
	"CREATE TABLE handoff_rule (name TEXT PRIMARY KEY, cursor INTEGER NOT NULL, day TEXT NOT NULL, month "
	"TEXT NOT NULL,"
	" paused INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
	/* acted: its changes of records are made; chain: the rules that led to it. */
	"CREATE TABLE handoff_run (id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, record INTEGER "
	"NOT NULL,"
	" transition TEXT NOT NULL, day TEXT NOT NULL, ms INTEGER NOT NULL, state INTEGER NOT NULL,"
	" acted INTEGER NOT NULL DEFAULT 0, chain TEXT NOT NULL, name TEXT NOT NULL, log TEXT NOT NULL "
	"DEFAULT '',"
	" error TEXT NOT NULL DEFAULT '', UNIQUE (rule, record, transition)) STRICT;"
	"CREATE INDEX handoff_run_state ON handoff_run (state, id);"
	/* The rows of the history that runs wrote. */
	"CREATE TABLE handoff_rows (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, run INTEGER NOT NULL) "
	"STRICT;"
	"CREATE TABLE handoff_made (run INTEGER NOT NULL, record INTEGER NOT NULL, slot TEXT NOT NULL,"
	" PRIMARY KEY (run, record, slot)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX handoff_made_record ON handoff_made (record);"
	/* Records that became a line of another one, which is not to happen twice. */
	"CREATE TABLE handoff_used (record INTEGER NOT NULL, made INTEGER NOT NULL, PRIMARY KEY (record, "
	"made))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE handoff_step (id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, state "
	"INTEGER NOT NULL,"
	" action TEXT NOT NULL, result TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE INDEX handoff_step_run ON handoff_step (run, id);"
	"CREATE INDEX handoff_step_state ON handoff_step (state, id);"
	/* Records that were removed (record.state 1): until when their tools are not told, and the name in the trash. */
	"CREATE TABLE trash (record INTEGER PRIMARY KEY, type INTEGER NOT NULL, name TEXT NOT NULL,"
	" ms INTEGER NOT NULL, due INTEGER NOT NULL, state INTEGER NOT NULL, UNIQUE (type, name)) STRICT;"
	/* Tools that suddenly lack much of what they had. */
	"CREATE TABLE hold (tool INTEGER NOT NULL, type INTEGER NOT NULL, lacks INTEGER NOT NULL,"
	" total INTEGER NOT NULL, approved INTEGER NOT NULL, PRIMARY KEY (tool, type)) STRICT, WITHOUT "
	"ROWID;"
	"CREATE INDEX trash_due ON trash (state, due);"
	/* Records that a webhook spoke of, to be read again; type 0: all that changed. One row each, however many hooks come. */
	"CREATE TABLE hint (tool INTEGER NOT NULL, type INTEGER NOT NULL, remote TEXT NOT NULL,"
	" seq INTEGER NOT NULL, first_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
	" PRIMARY KEY (tool, type, remote)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX hint_due ON hint (tool, due_ms);"
	/* Messages that came already: of a tool by their id, of middleware (tool 0) by their key, with what it made. */
	"CREATE TABLE heard (tool INTEGER NOT NULL, id TEXT NOT NULL, record INTEGER NOT NULL,"
	" ms INTEGER NOT NULL, PRIMARY KEY (tool, id)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX heard_ms ON heard (ms);"
	/* Subscriptions of tools to which we are the listener: wanted: a person asked for it. */
	"CREATE TABLE hook (tool INTEGER PRIMARY KEY, wanted INTEGER NOT NULL, remote TEXT NOT NULL,"
	" until_ms INTEGER NOT NULL, made_ms INTEGER NOT NULL, error TEXT NOT NULL) STRICT;"
	/* Those who hear of our changes: up to which row of the history, and what is on its way to them. */
	"CREATE TABLE subscriber (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, position INTEGER NOT "
	"NULL, ok_ms INTEGER NOT NULL DEFAULT 0, error_ms INTEGER NOT NULL DEFAULT 0,"
	" error TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE TABLE delivery (id INTEGER PRIMARY KEY, subscriber INTEGER NOT NULL, record INTEGER NOT NULL,"
	" after INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, first_ms INTEGER NOT NULL,"
	" next_ms INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE INDEX delivery_subscriber ON delivery (subscriber, record, id);"
	/*
	 * Documents. Where the tool's bytes are elsewhere, a row is in two places: here (parent, name) and in the tool
	 * (remote_parent, remote_name: NULL when it is not there); what differs is to be told. due: not before that, 0: nothing waits.
	 */
	"CREATE TABLE file (id INTEGER PRIMARY KEY AUTOINCREMENT, tool INTEGER NOT NULL, parent INTEGER NOT "
	"NULL, name TEXT NOT NULL,"
	" folder INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, pass INTEGER NOT NULL,"
	" remote_parent INTEGER NOT NULL DEFAULT 0, remote_name TEXT, remote_id TEXT, etag TEXT NOT NULL "
	"DEFAULT '',"
	" version INTEGER NOT NULL DEFAULT 1, unsent INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL "
	"DEFAULT 0,"
	" due INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0, resume TEXT,"
	" failures INTEGER NOT NULL DEFAULT 0, error TEXT, refused INTEGER NOT NULL DEFAULT 0,"
	" theirs INTEGER NOT NULL DEFAULT 0) STRICT;"
	/* Records with a folder of documents that got another name, which that folder has yet to follow. */
	"CREATE TABLE renamed (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, old TEXT NOT NULL, name TEXT "
	"NOT NULL)"
	" STRICT;"
	"CREATE UNIQUE INDEX file_name ON file (tool, parent, name) WHERE removed = 0;"
	"CREATE UNIQUE INDEX file_remote ON file (tool, remote_parent, remote_name) WHERE remote_name NOT "
	"NULL;"
	"CREATE INDEX file_list ON file (tool, parent, id) WHERE removed = 0;"
	"CREATE INDEX file_due ON file (tool, due) WHERE due > 0;"
	/* Rows of the history, from first to last, that are one change of many records. */
	"CREATE TABLE bulk (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;",
};

static int bad(struct db *db, const char *path, struct err *e)
{
	int code = -db_errno(sqlite3_errcode(db->handle));

	return err_set(
		e, code ? code : EIO, "the database %s cannot be used: %s", path, sqlite3_errmsg(db->handle));
}

static int pragma(struct db *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);

	if (r == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return r;
}

int schema_check(struct db *db, const char *path, struct err *e)
{
	int64_t version = 0;

	if (pragma(db, "PRAGMA user_version", &version))
		return bad(db, path, e);
	if (version == (int64_t)ARRAY_LEN(steps))
		return 0;
	return err_set(e, EINVAL,
		"%s is of another version of seamfs (format %lld, this one has %zu): mount it once with this "
		"one",
		path, (long long)version, ARRAY_LEN(steps));
}

int schema_migrate(struct db *db, const char *path, struct err *e)
{
	int64_t version = 0, application = 0;

	if (sqlite3_exec(db->handle,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
		    "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864;",
		    NULL, NULL, NULL) ||
		pragma(db, "PRAGMA application_id", &application) ||
		pragma(db, "PRAGMA user_version", &version))
		return bad(db, path, e);
	if (version && application != APPLICATION_ID)
		return err_set(e, EINVAL, "%s is a database of another program", path);
	if (version > (int64_t)ARRAY_LEN(steps))
		return err_set(e, EINVAL,
			"%s was written by a newer seamfs (format %lld, this one knows %zu): install that "
			"version again",
			path, (long long)version, ARRAY_LEN(steps));
	for (; version < (int64_t)ARRAY_LEN(steps); version++) {
		char after[100];

		snprintf(after, sizeof(after),
			"PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT;", APPLICATION_ID,
			(long long)version + 1);
		if (sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) ||
			sqlite3_exec(db->handle, steps[version], NULL, NULL, NULL) ||
			sqlite3_exec(db->handle, after, NULL, NULL, NULL))
			return bad(db, path, e);
	}
	return 0;
}
