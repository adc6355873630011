/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_link - the ledger connector's parts: ledger.c (the contract) and ledger_file.c (the files).
 *
 * Threads: one owner at a time. A file is read again whenever it is another one; each change is one atomic replacement of
 * it, made only of the file that was read. What is no transaction of ours keeps its bytes.
 */
#pragma once

#include <sys/stat.h>

#include "seamfs/connect/connect.h"
#include "seamfs/model/books.h"

#define LEDGER_YEAR "{year}"

struct ledger_file {
	char *path;
	char *text; /* NULL: has to be read */
	size_t len;
	struct stat stat;
	_Bool settled; /* no change can hide behind an equal @stat */
	struct journal journal;
};

/* Where a record's transaction stands. */
struct ledger_key {
	enum type_id type;
	const char *id;
	size_t file, block;
};

struct ledger_link {
	struct tool_link base;
	struct books books;
	char *currency;
	char *path;		   /* absolute, perhaps with LEDGER_YEAR in its last part */
	_Bool create;		   /* it is made when it is missing */
	struct ledger_file *files; /* by path */
	size_t count;
	struct ledger_key *keys; /* of all of them, in order: a record's second one is behind its first */
	size_t key_count;
	_Bool changed;	  /* a file, since @keys were made */
	uint64_t meaning; /* hash of the configuration: after a change of that, all records are news */
	_Bool listed[TYPE_COUNT]; /* since the last change that was written here */
	int inotify, watch;
	char *got_id, *got_raw; /* what was asked for last, as it was then */
};

/* ledger_hash - goes on with a hash of bytes; the first @hash is LEDGER_HASH_START */
#define LEDGER_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t ledger_hash(uint64_t hash, const void *bytes, size_t len);

/* ledger_load - sees to it that all files are read. 0; -EAGAIN while one is being written; -ENOENT; another -errno. */
int ledger_load(struct ledger_link *l, struct err *e);
void ledger_forget(struct ledger_link *l);

/* ledger_is_ours - whether a file of that name in the folder is one of the journal's */
_Bool ledger_is_ours(const struct ledger_link *l, const char *name);

/* ledger_find - the first transaction of that record, NULL: there is none; valid until the next load or change */
const struct ledger_key *ledger_find(const struct ledger_link *l, enum type_id type, const char *id);

/* ledger_same - whether two of them are the same record's */
_Bool ledger_same(const struct ledger_key *a, const struct ledger_key *b);

static inline const struct journal_block *ledger_block(
	const struct ledger_link *l, const struct ledger_key *k)
{
	return &l->files[k->file].journal.blocks[k->block];
}

/* ledger_path_for - the file for a transaction of that date (NULL: today); given to the caller */
char *ledger_path_for(const struct ledger_link *l, const char *date);

/* ledger_replace - puts @text in the place of those bytes; then the file is forgotten. 0 or -errno. */
int ledger_replace(
	struct ledger_link *l, const struct ledger_key *at, const char *text, size_t len, struct err *e);

/* ledger_append - adds @text (a whole transaction) to the file at @path, which is made when it is missing. 0 or -errno. */
int ledger_append(struct ledger_link *l, const char *path, const char *text, size_t len, struct err *e);

/* ledger_line_end - what ends the lines of that file; "\n" for a new one */
const char *ledger_line_end(const struct ledger_link *l, const char *path);
