/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the SQLite file of one mount: one thread that writes, any number that read.
 *
 * Threads: any. All writes are jobs that run on the writer thread, several to a transaction (group commit), each in a
 * savepoint of its own; when store_write() returns, the job is on disk. Reads use the calling thread's own read-only
 * connection and never wait for the writer.
 */
#pragma once

#include "seamfs/base/err.h"
#include "seamfs/model/stack.h"
#include "seamfs/store/db.h"

struct store;

/* What a job works with. */
struct tx {
	struct db *db;
	struct store *store;
	const struct stack *stack;
	int64_t now_ms;
};

/* A job returns 0, or -errno, and then leaves no trace. */
typedef int (*store_job)(struct tx *tx, void *argument);

/**
 * store_open - opens or makes DIR/seamfs.db, upgrades it, and starts the writer
 * @dir:   made when missing (0700); locked, so a second daemon on it is refused with -EBUSY
 * @stack: borrowed while the store is open
 */
int store_open(const char *dir, const struct stack *stack, struct store **ret, struct err *e);
/**
 * store_view - opens DIR/seamfs.db for reading only, also while a daemon works on it
 *
 * store_write() must not be called. 0; -ENOENT where there is none yet; -EINVAL where it is of another version.
 */
int store_view(const char *dir, const struct stack *stack, struct store **ret, struct err *e);
void store_close(struct store *store);

/* store_write - runs the job; 0 once it is on disk, the job's own -errno, or -ENOSPC / -EIO from the commit */
int store_write(struct store *store, store_job job, void *argument);

/* store_try - inside a job: runs a part of it that leaves no trace when it fails; returns what the part returns */
int store_try(struct tx *tx, store_job part, void *argument);

/* store_db - this thread's read-only connection; closed by store_close() */
struct db *store_db(struct store *store);

/* store_dir - the folder of the database; given to the caller */
char *store_dir(struct store *store);

/* store_stack - the stack the store was opened with */
const struct stack *store_stack(struct store *store);

/* store_position - the last row of the history that is committed: whoever reads now sees at least all up to it */
int64_t store_position(struct store *store);

/* store_commits - how many there were since it was opened: what is not in the history is the same while this is */
int64_t store_commits(struct store *store);

/* store_subscribe - an eventfd that becomes readable after every commit; owned by the store, up to 64 of them */
int store_subscribe(struct store *store);

/* store_ring - makes the subscribers' descriptors readable, as a commit does */
void store_ring(struct store *store);

/* store_tool_id - the row of the tool with this index in the stack (rows outlive the order in stack.json) */
int64_t store_tool_id(struct store *store, int tool);

/* store_tool_index - the index in the stack of that row, or -1 when stack.json no longer has the tool */
int store_tool_index(struct store *store, int64_t id);
