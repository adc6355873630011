/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db - one SQLite connection with its prepared statements.        Threads: the one that owns the connection.
 *
 * SQL is always a string literal: its address is the key of the statement cache, and nothing is ever pasted into it.
 */
#pragma once

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct db_statement;

struct db {
	sqlite3 *handle;
	struct db_statement *statements; /* open-addressing table */
	size_t statement_count;
};

/* db_open - 0 or -errno; a read-only connection can neither write nor checkpoint */
int db_open(struct db *db, const char *path, _Bool read_only);
void db_finish(struct db *db);

/**
 * db_query - a bound statement, ready for db_row()
 * @types: one letter an argument: i int64_t, t const char * (NULL: null), b const void * and size_t
 *
 * Never NULL: a statement that cannot be prepared is a programming error and aborts with the reason.
 */
sqlite3_stmt *db_query(struct db *db, const char *sql, const char *types, ...);

/* db_row - steps: true for a row; false at the end or on an error, and the statement is free again */
_Bool db_row(sqlite3_stmt *stmt);

/* db_done - frees a statement that was not read to its end */
void db_done(sqlite3_stmt *stmt);

/* db_run - for statements without rows. 0 or -errno (-ENOSPC, -EEXIST for a broken constraint, -EIO …). */
int db_run(struct db *db, const char *sql, const char *types, ...);

/* db_int - first column of the first row, or @otherwise */
int64_t db_int(struct db *db, int64_t otherwise, const char *sql, const char *types, ...);

/* db_text - first column of the first row as new memory, or NULL */
char *db_text(struct db *db, const char *sql, const char *types, ...);

/* db_column_text - never NULL; borrowed until the next step */
const char *db_column_text(sqlite3_stmt *stmt, int column);

int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db);

/* db_errno - negative errno for an SQLite result code */
int db_errno(int sqlite_code);
