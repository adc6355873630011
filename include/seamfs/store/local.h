/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local - what belongs to the mount and not to a record: events for the kernel, problems,
 * documents of the drive tools, how the tools are doing.
 * Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/store/record.h"
#include "seamfs/store/store.h"

/* ---- events (written by store_event) ---- */

struct event {
	int64_t seq;
	int kind; /* enum event_kind */
	uint64_t dir;
	uint64_t ino;
	char *name;
};

/* store_event_next - up to @max events with seq > @after; names are given. Returns how many. */
size_t store_event_next(struct db *db, int64_t after, struct event *events, size_t max);
int store_event_done(struct tx *tx, int64_t up_to);

/* ---- problems: saves that were refused, and what waits for a person's decision ---- */

enum problem_kind {
	PROBLEM_REFUSED,
	PROBLEM_CONFLICT,
	PROBLEM_NOTE, /* nothing is wrong with the record; a person should know */
};

struct problem {
	int64_t id;
	enum problem_kind kind;
	int64_t record;	 /* 0: a file that never became a record */
	int64_t version; /* the record's version that was refused; 0: refused before it was stored */
	int tool;	 /* index in the stack, -1: refused here */
	int64_t ms;
	int code;	  /* positive errno */
	const char *path; /* in the tree */
	const char *name; /* of the record, for the problem's file */
	const char *field;
	const char *text;
	const void *bytes;
	size_t len;
};

/* store_problem_add - replaces an older problem of the same kind and path, for a conflict also of the same tool */
int store_problem_add(struct tx *tx, const struct problem *p);

/* store_problem_drop - what is of that kind about a record; @tool (row): with that one, 0: with any */
int store_problem_drop(struct tx *tx, enum problem_kind kind, int64_t record, int64_t tool);

/* store_problem_dismiss - a person has read the note about a refused save: it goes, or only the text beside it. -EPERM for others. */
int store_problem_dismiss(struct tx *tx, int64_t id, _Bool whole);

/* store_problem_clear - refused saves, after the next good save of the record, or of the file at @path */
int store_problem_clear(struct tx *tx, int64_t record, const char *path);

/* store_problem_any - whether problems/ has anything to show, proposed links too */
_Bool store_problem_any(struct db *db);

/* store_problem_each - newest first; what the problem points to is borrowed for the call */
typedef void (*problem_visitor)(void *context, const struct problem *p);
void store_problem_each(struct store *store, struct db *db, problem_visitor f, void *context);

/* store_problem_get - calls @f with that problem. 0 or -ENOENT. */
int store_problem_get(struct store *store, struct db *db, int64_t id, problem_visitor f, void *context);

/* store_problem_at - whether the last save of that file was refused */
_Bool store_problem_at(struct db *db, const char *path);

/* store_problem_of - the sentence for a record's last refused save, given to the caller; NULL without one */
char *store_problem_of(struct db *db, int64_t record);

/* store_problem_has - whether there is such a sentence */
_Bool store_problem_has(struct db *db, int64_t record);

/* ---- what was written: a tool may refuse a text that was stored in other words ---- */

/* store_written_keep - the text of that version, which somebody wrote; @bytes NULL: the record's body is all there is */
int store_written_keep(struct tx *tx, int64_t record, int64_t version, const void *bytes, size_t len);

/* store_written_read - appends what was written last: the kept text, else the record's body. 0 or -errno. */
int store_written_read(struct db *db, int64_t record, struct buf *b);

/* store_written_drop - the tools agreed to that version */
int store_written_drop(struct tx *tx, int64_t record, int64_t version);

/* ---- documents ---- */

struct file_stat {
	int64_t id;
	int64_t tool;	/* row */
	int64_t parent; /* file row, 0: the tool's root */
	_Bool folder;
	int64_t size;
	int64_t mtime_ms;
};

int store_file_stat(struct db *db, int64_t id, struct file_stat *ret);
int store_file_find(struct db *db, int64_t tool, int64_t parent, const char *name, int64_t *ret);

/* store_file_list - children with id > @after; size is -1 for a folder */
void store_file_list(
	struct db *db, int64_t tool, int64_t parent, int64_t after, store_lister f, void *context);

/* store_file_path - path from the tool's root, given to the caller; NULL when it is gone */
char *store_file_path(struct db *db, int64_t id);

/* store_file_put - makes or updates one entry; parents must exist. @ret may be NULL. */
int store_file_put(struct tx *tx, int64_t tool, int64_t parent, const char *name, const struct file_stat *s,
	int64_t pass, int64_t *ret);

int store_file_remove(struct tx *tx, int64_t id);
int store_file_move(struct tx *tx, int64_t id, int64_t parent, const char *name); /* replaces what is there */

/* store_file_sweep - removes what the pass did not see */
int store_file_sweep(struct tx *tx, int64_t tool, int64_t pass);

/* ---- tools ---- */

struct tool_health {
	int64_t ok_ms;	  /* last good answer, 0: never */
	int64_t pull_ms;  /* end of the last whole pull, 0: never */
	int64_t error_ms; /* since when it fails, 0: it does not */
	char *error;	  /* why */
	int64_t records;  /* links */
	int64_t pending;  /* outbox rows */
	int64_t rejected;
};

void store_tool_health(struct db *db, int64_t tool, struct tool_health *ret);

/* store_tool_note - @error NULL: all is well. @pulled: a whole pull ended. */
int store_tool_note(struct tx *tx, int64_t tool, const char *error, _Bool pulled);

/* store_tool_first - at that time (UTC) its first whole pull was under way: what it brought was there before us */
_Bool store_tool_first(struct db *db, int64_t tool, int64_t ms);
/* store_tool_limit - the tool asked to be left alone until then (UTC); store_tool_limited(): until when, false: it may be asked */
int store_tool_limit(struct tx *tx, int64_t tool, int64_t until_ms);
_Bool store_tool_limited(struct db *db, int64_t tool, int64_t *ret_until_ms);

/* store_tool_refresh - asks for a pull now, of one tool or (0) of all; store_tool_wants_refresh(): how often that was done
 * since the last one, which store_tool_refreshed() tells of */
int store_tool_refresh(struct tx *tx, int64_t tool);
int64_t store_tool_wants_refresh(struct db *db, int64_t tool);
int store_tool_refreshed(struct tx *tx, int64_t tool);
