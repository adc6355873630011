/* SPDX-License-Identifier: Apache-2.0 */
/* handoff - the thread that carries the rules of stack.json out; the inside of sync/.        Threads: as said there. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "seamfs/store/handoff.h"

struct handoffs {
	struct store *store;
	const struct stack *stack;
	atomic_bool *stop;
	pthread_t thread;
	_Bool started;
	int bell;			     /* readable after every commit */
	int64_t position[HANDOFF_MAX_RULES]; /* up to which each rule has read the history */
	char days[HANDOFF_MAX_RULES][11];    /* on which each has looked at every record */
	int64_t kept_ms;		     /* when that was last written down (steady clock) */
	_Bool more;			     /* there is more to read than was read at once */
	_Bool again;			     /* something could not be stored: soon again */
};

/* handoffs_start - before the tools are worked with; without rules there is no thread. 0 or -errno. Main thread. */
int handoffs_start(struct handoffs *h, struct store *store, atomic_bool *stop);

/* handoffs_stop - after *stop is set and the bell has rung. Main thread. */
void handoffs_stop(struct handoffs *h);

/**
 * handoff_take - does what a step says
 * @ret_result: what a program printed, given to the caller; NULL: nothing
 *
 * 0 or -errno with a sentence. Waits for the program; not longer than it may take, nor than a second after *stop.
 */
int handoff_take(struct handoffs *h, const struct handoff_step *step, char **ret_result, struct err *e);

/* handoff_document - the files: "write", "copy", "folder". What is there as it is to be has been done. */
int handoff_document(const char *root, const cJSON *action, struct err *e);

/* handoff_program - "run", in its own process group, at most so many seconds */
int handoff_program(struct handoffs *h, const struct handoff_step *step, char **ret_result, struct err *e);
