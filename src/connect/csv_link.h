/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_link - the csv connector's parts: csv.c (the contract), csv_file.c (the files), csv_row.c (the rows),
 *            csv_map.c and csv_value.c (which column, which value).        Threads: one owner at a time.
 *
 * A sheet is read again whenever its file is another one, and kept in memory until then; each change is one
 * atomic replacement of the file.
 */
#pragma once

#include <sys/stat.h>

#include "connect/csv_map.h"
#include "seamfs/connect/connect.h"

#define CSV_ROW_PREFIX	 "row:"
#define CSV_MAX_WARNINGS 256

/* One type and its file. */
struct csv_file {
	struct csv_map map;
	char *path;
	char *lock;	  /* what LibreOffice puts beside it while it is open */
	uint64_t meaning; /* hash of the configuration: after a change of that, all records are news */
	int watch;	  /* inotify's name for the folder, or -1 */

	struct csv_sheet *sheet; /* NULL: has to be read */
	_Bool *repeated;	 /* by column: one before has the same header */
	uint64_t hash;		 /* of the file's bytes */
	struct stat stat;	 /* of the file that was read */
	_Bool settled;		 /* no change can hide behind an equal @stat */
	_Bool listed;		 /* since the last change that was written here */
	char *got_id, *got_raw;	 /* the row that was asked for last, as it was then */
};

struct csv_link {
	struct tool_link base;
	char *currency;
	struct csv_file files[TYPE_COUNT]; /* .map.type is NULL where the tool has none */
	int inotify;
	uint64_t warned[CSV_MAX_WARNINGS]; /* hashes of what was logged */
	size_t warned_count;
};

/* csv_hash - goes on with a hash of bytes; the first @hash is CSV_HASH_START */
#define CSV_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t csv_hash(uint64_t hash, const void *bytes, size_t len);

/* csv_warn - logs a text once: what is wrong with a cell stays wrong for many polls */
void csv_warn(struct csv_link *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * csv_file_load - sees to it that f->sheet is what is in the file
 *
 * Returns 0; -ENOENT without a file; -EAGAIN while it is being written; -EINVAL for what is no sheet with the
 * mapped columns; another -errno.
 */
int csv_file_load(struct csv_link *l, struct csv_file *f, struct err *e);

/* csv_overtaken - the error when somebody else was faster: the record is to be read and merged again, at once */
int csv_overtaken(const struct csv_file *f, struct err *e);

/* csv_file_save - puts the changed sheet in the file's place; when that fails, the changes are forgotten */
int csv_file_save(struct csv_file *f, struct err *e);
void csv_file_forget(struct csv_file *f);

/* csv_row_id - the remote id, NULL for a row that has none; given to the caller */
char *csv_row_id(const struct csv_file *f, size_t row);

/* csv_row_find - the first row with that id. 0 or -ENOENT. */
int csv_row_find(const struct csv_file *f, const char *id, size_t *ret);

/* csv_row_keep_id - writes an id made of the name into the empty id cell: now it stays, whatever the name */
void csv_row_keep_id(struct csv_file *f, size_t row, const char *id);

/* csv_row_blank - whether all mapped cells are empty */
_Bool csv_row_blank(const struct csv_file *f, size_t row);

/* csv_row_fill - the row as a record; its id may be NULL */
void csv_row_fill(struct csv_link *l, const struct csv_file *f, size_t row, struct remote *ret);

/**
 * csv_row_write - makes the cells of the fields in @doc say what it says; those that say so already stay
 * @base: what the caller takes the row for, may be NULL
 *
 * Returns 1 when a cell was changed, 0, or -errno; then the sheet is forgotten.
 */
int csv_row_write(const struct csv_link *l, struct csv_file *f, size_t row, const cJSON *doc,
	const cJSON *base, struct err *e);

/* csv_row_equals - whether the cells that can be written say what @doc says, and no more; @key_only: the key's */
_Bool csv_row_equals(
	const struct csv_link *l, const struct csv_file *f, size_t row, const cJSON *doc, _Bool key_only);

/* csv_row_next_id - the id of a new row: one more than the last number, else @key. Given to the caller. */
char *csv_row_next_id(const struct csv_file *f, const char *key);
