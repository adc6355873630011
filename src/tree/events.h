/* SPDX-License-Identifier: Apache-2.0 */
/* events - what .seam/events holds.        Threads: any. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "seamfs/base/buf.h"

struct tree;

struct events {
	pthread_mutex_t mutex; /* held while the database is read */
	struct buf text;
	int64_t last; /* row of the history */
	int64_t mtime_ms;
	int64_t added_ms; /* steady clock */
};

/* events_init - changes behind that row of the history will be in it */
void events_init(struct events *ev, int64_t position);
void events_finish(struct events *ev);

/* events_size, events_read - as far as it goes now; events_read() appends */
int64_t events_size(struct tree *tree, int64_t *ret_mtime_ms);
void events_read(struct tree *tree, int64_t offset, size_t len, struct buf *b);
