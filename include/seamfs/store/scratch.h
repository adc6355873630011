/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch - files and folders among the records that no tool ever hears of: editors' temporary files, locks, notes, and
 * files that are to become records and are not complete yet.
 * Threads: reading, any owner of a db; functions that take a tx, the writer.
 */
#pragma once

#include "seamfs/store/change.h"
#include "seamfs/store/record.h"
#include "seamfs/store/store.h"

struct scratch {
	int64_t id;
	uint64_t dir;
	uint32_t mode; /* S_IFREG, S_IFDIR or S_IFLNK with permissions */
	char *target;  /* of a symlink, else NULL */
	int64_t size;
	int64_t mtime_ms;
};

void scratch_finish(struct scratch *s);

/* store_scratch_stat, store_scratch_find - 0 or -ENOENT */
int store_scratch_stat(struct db *db, int64_t id, struct scratch *ret);
int store_scratch_find(struct db *db, uint64_t dir, const char *name, int64_t *ret);
/* store_scratch_base - the last row of the history when it was made: what its writer can have known. 0 or more. */
int64_t store_scratch_base(struct db *db, int64_t id);
int store_scratch_read(struct db *db, int64_t id, struct buf *b);
void store_scratch_list(struct db *db, uint64_t dir, int64_t after, store_lister f, void *context);

/* store_scratch_emptied - it is begun anew: its writer knows what there is now */
int store_scratch_emptied(struct tx *tx, int64_t id);

/* store_scratch_make - -EEXIST when the name is taken */
int store_scratch_make(
	struct tx *tx, uint64_t dir, const char *name, uint32_t mode, const char *target, int64_t *ret);
int store_scratch_write(struct tx *tx, int64_t id, const void *bytes, size_t len, int64_t mtime_ms);
int store_scratch_move(
	struct tx *tx, int64_t id, uint64_t dir, const char *name); /* replaces what is there */
int store_scratch_mtime(struct tx *tx, int64_t id, int64_t mtime_ms);
int64_t store_scratch_mtime_of(struct db *db, int64_t id); /* 0: it is gone */
int store_scratch_remove(struct tx *tx, int64_t id);

/* store_scratch_holds - whether that folder has any (for a scratch folder: its inode number) */
_Bool store_scratch_holds(struct db *db, uint64_t dir);

/* store_scratch_due - it becomes a record at that time (UTC), 0: not by itself; and who wrote it */
int store_scratch_due(struct tx *tx, int64_t id, int64_t due_ms, const struct origin *origin);

/* store_scratch_due_next - the first such time behind @after_ms, 0: none */
int64_t store_scratch_due_next(struct db *db, int64_t after_ms);

/* store_scratch_due_get - the first with id > @after that is due now; 0: none */
int64_t store_scratch_due_get(struct db *db, int64_t now_ms, int64_t after);

/* store_scratch_due_of - whether it becomes a record by itself, and who wrote it */
_Bool store_scratch_due_of(struct db *db, int64_t id, struct origin *ret);

/* store_scratch_expire - removes what nobody has touched since then; unfinished records stay */
int store_scratch_expire(struct tx *tx, int64_t before_ms);
