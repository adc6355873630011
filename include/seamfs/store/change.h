/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change - the one way in which records change: document, file, name, references, views, history, outbox and the
 * events for the kernel, in one transaction.        Threads: the writer (inside a job).
 */
#pragma once

#include "seamfs/store/record.h"
#include "seamfs/store/store.h"

/* Who changed it: a tool (its index in the stack), or a person's program (tool is -1). */
struct origin {
	int tool;
	uint32_t uid;
	char program[40];  /* "vim"; a name of stack.json fits */
	const char *cause; /* "save", "pull", "move" … a constant */
};

struct change {
	enum type_id type;
	int64_t record;	    /* 0: a new one */
	const cJSON *patch; /* borrowed */
	const char *name;   /* new record: the name it was given, without ".json"; NULL: from its key field */
	const void
		*body; /* the writer's own bytes, kept when they mean exactly the new doc; NULL: rendered */
	size_t body_len;
	int64_t mtime_ms; /* of the file, as its writer set it; 0: now */
	_Bool moved;	  /* a person gave the file another name or folder: the old one is given up */
	struct origin origin;
};

/**
 * store_change - makes one record what @c says
 * @ret: the record
 *
 * From a person, required fields and totals are checked; what a tool delivers is taken as it is. The outbox gets a row
 * for every tool that does not have the new values yet. Returns 0, or -errno with a sentence.
 */
int store_change(struct tx *tx, const struct change *c, int64_t *ret, struct err *e);

/* store_change_check - whether store_change() would take it: 0 or -errno with a sentence. Threads: any owner of a db. */
int store_change_check(struct db *db, const struct stack *stack, const struct change *c, struct err *e);

/* Events for the notifier. */
enum event_kind { EVENT_ADDED, EVENT_CHANGED, EVENT_REMOVED };

/* store_event - tells the kernel later; dir and name for added and removed, ino for changed and removed */
int store_event(struct tx *tx, enum event_kind kind, uint64_t dir, const char *name, uint64_t ino);
