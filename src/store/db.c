/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

enum { SLOTS = 1024 }; /* a power of two, more than twice the statements of the program */

struct db_statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

int db_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int db_open(struct db *db, const char *path, _Bool read_only)
{
	int flags = SQLITE_OPEN_NOMUTEX |
		    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	int r = sqlite3_open_v2(path, &db->handle, flags, NULL);

	db->statements = NULL;
	db->statement_count = 0;
	if (r != SQLITE_OK) {
		sqlite3_close(db->handle);
		db->handle = NULL;
		return db_errno(r);
	}
	db->statements = mem_alloc(SLOTS * sizeof(*db->statements));
	sqlite3_busy_timeout(db->handle, 5000);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 1);
	return 0;
}

void db_finish(struct db *db)
{
	for (size_t i = 0; db->statements && i < SLOTS; i++)
		sqlite3_finalize(db->statements[i].stmt);
	free(db->statements);
	sqlite3_close(db->handle);
	*db = (struct db){0};
}

static sqlite3_stmt *cached(struct db *db, const char *sql)
{
	size_t slot = ((uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 54;
	struct db_statement *s;

	for (;; slot++) {
		s = &db->statements[slot % SLOTS];
		if (s->sql == sql)
			return s->stmt;
		if (!s->sql)
			break;
	}
	if (++db->statement_count > SLOTS / 2 ||
		sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL) !=
			SQLITE_OK) {
		log_error("db", "cannot prepare \"%s\": %s", sql, sqlite3_errmsg(db->handle));
		abort();
	}
	s->sql = sql;
	return s->stmt;
}

static void bind(sqlite3_stmt *stmt, const char *types, va_list args)
{
	for (int i = 1; *types; types++, i++) {
		const void *bytes;
		size_t len;

		switch (*types) {
		case 'i':
			sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
			break;
		case 't':
			sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
			break;
		default:
			bytes = va_arg(args, const void *);
			len = va_arg(args, size_t);
			sqlite3_bind_blob64(stmt, i, bytes ? bytes : "", len, SQLITE_TRANSIENT);
			break;
		}
	}
}

static sqlite3_stmt *query(struct db *db, const char *sql, const char *types, va_list args)
{
	sqlite3_stmt *stmt = cached(db, sql);

	sqlite3_reset(stmt);
	bind(stmt, types, args);
	return stmt;
}

sqlite3_stmt *db_query(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = query(db, sql, types, args);
	va_end(args);
	return stmt;
}

_Bool db_row(sqlite3_stmt *stmt)
{
	int r = sqlite3_step(stmt);

	if (r == SQLITE_ROW)
		return 1;
	if (r != SQLITE_DONE)
		log_error("db", "\"%s\": %s", sqlite3_sql(stmt), sqlite3_errmsg(sqlite3_db_handle(stmt)));
	sqlite3_reset(stmt);
	return 0;
}

void db_done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
}

int db_run(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;
	int r;

	va_start(args, types);
	stmt = query(db, sql, types, args);
	va_end(args);
	do
		r = sqlite3_step(stmt);
	while (r == SQLITE_ROW);
	sqlite3_reset(stmt);
	if (r != SQLITE_DONE)
		log_error("db", "\"%s\": %s", sql, sqlite3_errmsg(db->handle));
	return db_errno(r);
}

int64_t db_int(struct db *db, int64_t otherwise, const char *sql, const char *types, ...)
{
	int64_t value = otherwise;
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = query(db, sql, types, args);
	va_end(args);
	if (db_row(stmt)) {
		if (sqlite3_column_type(stmt, 0) != SQLITE_NULL)
			value = sqlite3_column_int64(stmt, 0);
		db_done(stmt);
	}
	return value;
}

char *db_text(struct db *db, const char *sql, const char *types, ...)
{
	char *value = NULL;
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = query(db, sql, types, args);
	va_end(args);
	if (db_row(stmt)) {
		if (sqlite3_column_type(stmt, 0) != SQLITE_NULL)
			value = str_dup(db_column_text(stmt, 0));
		db_done(stmt);
	}
	return value;
}

const char *db_column_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? text : "";
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}
