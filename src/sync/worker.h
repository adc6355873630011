/* SPDX-License-Identifier: Apache-2.0 */
/* worker - one tool's thread; the inside of sync/.        Threads: that one. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "seamfs/connect/connect.h"
#include "seamfs/store/change.h"
#include "seamfs/store/drive.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"
#include "seamfs/sync/sync.h"
#include "sync/handoff.h"

/* Moves the bytes of documents, with a link of its own: some bring what is read, some send what was written. */
struct carrier {
	struct worker *worker;
	struct tool_link *link;
	pthread_t thread;
	_Bool started, sends;
	int bell;	 /* of those that send */
	int64_t sending; /* row, 0: none; guarded by worker.mutex */
};

/* One that sends: Apache loses locks on names that are new in the same folder when two are taken at once. */
enum { FETCHERS = 3, SENDERS = 1, CARRIERS = FETCHERS + SENDERS };

struct worker {
	struct sync *sync;
	struct store *store;
	const struct stack *stack;
	struct tool_link *link;
	int tool;	 /* index in the stack */
	int64_t tool_id; /* its row */
	pthread_t thread;
	_Bool started;
	int bell;	  /* readable after every commit */
	int64_t retry_ms; /* the tool as a whole failed: not before this (steady clock), 0: at once */
	int64_t links_seen[TYPE_COUNT]; /* newest link of any tool when open references were last tried */
	int failures;			/* in a row */
	int64_t hook_retry_ms;		/* no webhooks are asked for before this (UTC) */
	int64_t asked;			/* how often a pull has been asked for since the last one */
	pthread_mutex_t mutex;
	struct carrier
		carriers[CARRIERS]; /* of a tool that holds the bytes of documents, else without links */
	_Bool warned_name;
	int64_t newest_file; /* row, when the last listing of documents began; 0: there was none */
};

struct sync {
	const struct stack *stack;
	struct store *store;
	struct cache *cache;
	atomic_bool stop;
	struct handoffs handoffs;
	struct worker workers[STACK_MAX_TOOLS];
};

/* pull.c */

/* pull_all - fetches every type that the tool holds, and its files. 0 or the first error. */
int pull_all(struct worker *w, struct err *e);

/* pull_type - one type: what is new since the last listing, now and then everything */
int pull_type(struct worker *w, enum type_id type, struct err *e);

/* pull_pass_over - a record that the tool will not show at the moment says nothing about the others: 0, else @r */
int pull_pass_over(const struct worker *w, enum type_id type, const char *id, int r, struct err *e);

/* pull_one - reads one record again. 0, -ENOENT: the tool has it no longer, or -errno; pull_gone() - and it goes here too */
int pull_one(struct worker *w, enum type_id type, const char *id, struct err *e);
int pull_gone(struct worker *w, enum type_id type, const char *id);

/* hint.c */

/* hints_follow - reads what webhooks spoke of; @ret_wake_ms: when (UTC) there will be more, 0: on a change */
int hints_follow(struct worker *w, int64_t *ret_wake_ms, struct err *e);

/* drive_pull.c: documents whose bytes are in the tool */
int drive_pull(struct worker *w, struct err *e);

/* drive_push.c: what was done to them here, but for bytes. @ret_wake_ms as push_ready(). */
int drive_push(struct worker *w, int64_t *ret_wake_ms, struct err *e);

/* drive_aside - what the tool has at @path gets another name there, because ours comes to that place. 0 or -errno. */
int drive_aside(struct worker *w, struct tool_link *link, const char *path, struct err *e);

/* drive_refused - writes down that the tool did not do it, where a person looks; @r is returned where the tool as a whole fails, else 0 */
int drive_refused(struct worker *w, const struct drive_task *t, int r, const struct err *e);

/* carrier.c: bytes */
/* carriers_send - something is on its way to the tool; carriers_busy - that row is, as a drive_busy of a worker */
_Bool carriers_send(struct worker *w);
_Bool carriers_busy(void *worker, int64_t id);
int carriers_start(struct worker *w);
void carriers_stop(struct worker *w);

/* register.c: has the tool send webhooks here, where a person wants that; @ret_wake_ms as hints_follow() */
void register_hooks(struct worker *w, int64_t *ret_wake_ms);

/* verify.c */

/* verify_run - reads @sample records (-1: all) again and writes down what differs from what is known. After a pull. */
int verify_run(struct worker *w, int64_t sample, struct err *e);

/* push.c */

/* push_ready - sends what may be sent now; @ret_wake_ms: when (UTC) there will be more, 0: on a change */
int push_ready(struct worker *w, int64_t *ret_wake_ms, struct err *e);

/* merge.c: what a tool delivered becomes the record; on the writer thread */

/* A remote record on its way into the store. */
struct arrival {
	struct worker *worker;
	enum type_id type;
	const struct remote *remote;
	int64_t pass;
};

enum { MERGE_LATER = 1 }; /* it is left for the next listing */

/* merge_arrival - three-way, by field; makes the record when nothing matches. 0, MERGE_LATER or -errno; @ret_record may be NULL. */
int merge_arrival(struct tx *tx, const struct arrival *a, int64_t *ret_record);

/* merge_difference - the fields in which it differs from what the tool last had, given to the caller; NULL: none */
char *merge_difference(struct tx *tx, const struct arrival *a);

/* What was sent and what the tool answered. */
struct answer {
	struct arrival arrival;
	const struct outbox_row *row;
	const cJSON *doc; /* the record's doc that was sent from */
	uint64_t sent;	  /* fields that were in the request */
	uint64_t ignored; /* filled: fields that the tool accepted and did not change */
};

/* merge_answer - the tool confirmed a create or an update: the outbox row goes, and the link says so */
int merge_answer(struct tx *tx, struct answer *a);

/* merge_gone - the tool no longer has it */
int merge_gone(struct tx *tx, struct worker *w, enum type_id type, const char *remote);

/* merge_outgoing - a doc with references as connectors want them. -EAGAIN: a record it refers to has yet to be sent. */
int merge_outgoing(struct tx *tx, struct worker *w, const struct type *type, const cJSON *doc, cJSON **ret);
