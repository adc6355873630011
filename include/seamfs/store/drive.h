/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive - the documents of a tool whose bytes are elsewhere.
 *
 * A row is in two places: in the tree (parent, name), and in the tool (its remote place), where it may not be yet. What is done in the
 * tree changes only the first; what differs is what the tool has to be told, so what was made and removed again costs nothing. Identity follows the name: what is made, or moved, to where the tool has a removed file takes
 * that one's place there, and the tool sees one new version of the same file, however an editor saves.
 *
 * Threads: reading, any owner of a db; functions that take a tx, the writer. Times are UTC milliseconds.
 */
#pragma once

#include "seamfs/store/local.h"

/* DRIVE_QUIET_MS - how long nothing happens to a row before the tool hears of it */
#define DRIVE_QUIET_MS 1500

/* store_drive_private - a name that only programs use, for a moment (locks, swap files): it is never told */
_Bool store_drive_private(const char *name);

/* ---- in the tree ---- */

/* store_drive_make - a file without bytes, or a folder; -EEXIST, -ENOENT without its folder */
int store_drive_make(
	struct tx *tx, int64_t tool, int64_t parent, const char *name, _Bool folder, int64_t *ret);

/* store_drive_bytes - the version of its bytes, whether they were written here, and the etag of what they began with (given, may be NULL) */
struct drive_bytes {
	int64_t version, size;
	_Bool unsent;
	char *etag;
};
int store_drive_bytes(struct db *db, int64_t id, struct drive_bytes *ret);

/**
 * store_drive_write - somebody is about to write: what the file has from now on is another version
 * @seen: the version that the writer begins with; 0: whatever is there. When the tool's own came since, the tool finds it was not read.
 * @anew: nothing of the old bytes is kept; else -ESTALE when somebody has written since what waits, as it would be lost
 * @ret:  the new version; unsent: whether the one before waits
 */
int store_drive_write(struct tx *tx, int64_t id, int64_t seen, _Bool anew, struct drive_bytes *ret);

/* store_drive_unwrite - it could not begin: the row is as it was */
int store_drive_unwrite(struct tx *tx, int64_t id, const struct drive_bytes *begun);

/* store_drive_written - nobody writes that version any more; nothing happens when somebody has begun with the next */
int store_drive_written(struct tx *tx, int64_t id, int64_t version, int64_t size, int64_t mtime_ms);

/* store_drive_touch - its time was set */
int store_drive_touch(struct tx *tx, int64_t id, int64_t mtime_ms);

/**
 * store_drive_move - replaces a file that is there
 * @seen: the version that its maker had read of the file that it replaces, as above
 */
int store_drive_move(struct tx *tx, int64_t id, int64_t parent, const char *name, int64_t seen);

/* store_drive_remove - -ENOTEMPTY */
int store_drive_remove(struct tx *tx, int64_t id);

/* store_drive_recover - after a start: @size_of gives the bytes staged of a version, or -errno */
typedef int64_t (*drive_sizer)(void *context, int64_t id, int64_t version);
int store_drive_recover(struct tx *tx, int64_t tool, drive_sizer size_of, void *context);

/* ---- to the tool ---- */

enum drive_act { DRIVE_NONE, DRIVE_MAKE, DRIVE_MOVE, DRIVE_REMOVE, DRIVE_SEND };

struct drive_task {
	enum drive_act act;
	int64_t id, version, size, mtime_ms;
	_Bool folder;
	char *path; /* where the tool has it; for make and send, where it shall have it */
	char *to;   /* of a move */
	char *etag; /* what the tool has there; NULL: nothing */
	char *resume;
	int64_t parent; /* the remote place that it gets */
	char *name;
	int failures;
};
void drive_task_finish(struct drive_task *t);

/**
 * store_drive_next - the next thing that can be told
 * @sends: only what has bytes to send, else only the rest
 * @busy: asked before a row is taken: it may be on its way. May be NULL.
 * @ret_wake_ms: when there may be more (0: on a change)
 */
typedef _Bool (*drive_busy)(void *context, int64_t id);
_Bool store_drive_next(struct db *db, int64_t tool, _Bool sends, int64_t now_ms, drive_busy busy,
	void *context, struct drive_task *ret, int64_t *ret_wake_ms);

/* What the tool says about a file or folder. */
struct drive_fact {
	const char *id, *etag; /* may be NULL */
	_Bool folder;
	int64_t size, mtime_ms;
};

/* store_drive_done - the tool did it: the row is there now */
int store_drive_done(struct tx *tx, const struct drive_task *t, const struct drive_fact *fact);

/* store_drive_heir - it was sent, but its row went meanwhile: who has its place knows what is there now. -ENOENT: nobody wants it. */
int store_drive_heir(struct tx *tx, int64_t tool, const struct drive_task *t, const struct drive_fact *fact);

/* store_drive_revive - the tool has something newer than what was removed here: it is back, as the next listing tells */
int store_drive_revive(struct tx *tx, int64_t id);

/* store_drive_failed - and did not: not before @retry_ms again; @code: positive errno when a person has to do something about it, else 0 */
int store_drive_failed(struct tx *tx, int64_t id, const char *text, int code, int64_t retry_ms);

/* store_drive_why - why a file is not with the tool, given; NULL: nothing is wrong. @ret_waits: something of it waits. */
char *store_drive_why(struct db *db, int64_t id, _Bool *ret_waits);

/* store_drive_closed - the tool does not let us write into that folder: 0, or -EACCES or -EROFS with its own words */
int store_drive_closed(struct db *db, int64_t tool, int64_t parent, struct err *e);
/* store_drive_progress - so much of that version has arrived; @resume may be NULL */
int store_drive_progress(struct tx *tx, const struct drive_task *t, int64_t sent, const char *resume);

/* store_drive_conflict - the tool has another version at its place, which was moved away there: it is sent as a new file */
int store_drive_conflict(struct tx *tx, int64_t id);

/* ---- from the tool ---- */

/**
 * store_drive_seen - the tool has that, there
 * @parent:   row of the folder, 0 the root
 * @asked_ms: when the tool was asked: what it did for us since counts more
 * @ret:      its row; 0: it cannot be shown now
 */
int store_drive_seen(struct tx *tx, int64_t tool, int64_t parent, const char *name,
	const struct drive_fact *fact, int64_t asked_ms, int64_t *ret);

/* store_drive_place - the row of what the tool has there, or -ENOENT */
int store_drive_place(struct db *db, int64_t tool, int64_t parent, const char *name, int64_t *ret);

/* store_drive_missing - the tool no longer has it: it goes, unless something of it was not sent yet */
int store_drive_missing(struct tx *tx, int64_t id, int64_t asked_ms);

/* store_drive_same - @old is gone there and @new has come with the same bytes: it was renamed there */
int store_drive_same(struct tx *tx, int64_t old, int64_t new);

/* store_drive_path - where the tool has it, given; NULL: nowhere */
char *store_drive_path(struct db *db, int64_t id);

/* store_drive_waiting - how many rows wait, and how many bytes of how many have arrived of those being sent */
struct drive_waiting {
	int64_t rows, bytes, sent;
};
void store_drive_waiting(struct db *db, int64_t tool, struct drive_waiting *ret);
