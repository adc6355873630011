/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .seam/events: one line for each change since the mount began, for "tail -f". A reader asks for the size and reads on from where
 * it was, so what stands in the file never moves. A file that has grown long begins anew with the next change, when whoever
 * follows it has had the time to read its end; "tail" says that it was truncated, and goes on.
 */
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/feed.h"
#include "tree/draft.h"
#include "tree/node.h"

enum { LONG = 1 << 20, READ_BY_THEN_MS = 5000 };

void events_init(struct events *ev, int64_t position)
{
	pthread_mutex_init(&ev->mutex, NULL);
	ev->text = BUF_INIT(BUF_MAX_TEXT);
	ev->last = position;
	ev->mtime_ms = clock_now_ms();
}

void events_finish(struct events *ev)
{
	buf_finish(&ev->text);
	pthread_mutex_destroy(&ev->mutex);
}

static void begin_anew(struct events *ev)
{
	buf_finish(&ev->text);
	ev->text = BUF_INIT(BUF_MAX_TEXT);
}

static void add_line(struct events *ev, const struct feed_change *c)
{
	_cleanup_(mem_freep) char *line = json_print(c->json);
	int64_t now = clock_steady_ms();

	if (ev->text.len > LONG && now - ev->added_ms > READ_BY_THEN_MS)
		begin_anew(ev);
	if (buf_printf(&ev->text, "%s\n", line) < 0) {
		begin_anew(ev);
		buf_printf(&ev->text, "%s\n", line);
	}
	ev->last = c->last;
	ev->added_ms = now;
	ev->mtime_ms = c->ms;
}

/* Under the mutex. */
static void catch_up(struct tree *tree, struct events *ev)
{
	struct feed_change c;

	if (ev->last >= store_position(tree->store))
		return;
	while (store_feed_next(tree->store, store_db(tree->store), ev->last, &c) == 0) {
		add_line(ev, &c);
		feed_finish(&c);
	}
}

int64_t events_size(struct tree *tree, int64_t *ret_mtime_ms)
{
	struct events *ev = &tree->events;
	int64_t size;

	pthread_mutex_lock(&ev->mutex);
	catch_up(tree, ev);
	size = (int64_t)ev->text.len;
	*ret_mtime_ms = ev->mtime_ms;
	pthread_mutex_unlock(&ev->mutex);
	return size;
}

void events_read(struct tree *tree, int64_t offset, size_t len, struct buf *b)
{
	pthread_mutex_lock(&tree->events.mutex);
	catch_up(tree, &tree->events);
	draft_slice(&tree->events.text, offset, len, b);
	pthread_mutex_unlock(&tree->events.mutex);
}
