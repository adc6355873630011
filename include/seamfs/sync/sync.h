/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync - keeps the store and the tools in step: the only place that joins connect and store.
 *
 * Threads: sync_open(), sync_start() and sync_stop() belong to the main thread; sync_start() makes one thread a tool,
 * which runs plain blocking code: send what waits, fetch what is due, sleep until something happens.
 */
#pragma once

#include "seamfs/base/err.h"
#include "seamfs/cache/cache.h"
#include "seamfs/model/stack.h"
#include "seamfs/store/store.h"

struct sync;

/**
 * sync_open - opens a link to every tool of the stack and writes into the stack what each of them can do
 *
 * No network. Returns 0, or -errno with "FILE:LINE:COLUMN: sentence".
 */
int sync_open(struct stack *stack, struct sync **ret, struct err *e);

/* sync_start - from now on the tools are worked with; @cache: of documents, NULL without any. 0 or -errno. */
int sync_start(struct sync *sync, struct store *store, struct cache *cache, struct err *e);

/* sync_stop - ends the threads (within a second or so) and closes the links; NULL is fine */
void sync_stop(struct sync *sync);

struct tool_link;

/* sync_link - the link to a tool, borrowed; NULL for "local". Only without sync_start(). */
struct tool_link *sync_link(struct sync *sync, int tool);
