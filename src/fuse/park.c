/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A close or a rename is answered when the owner of the record has confirmed, so that its refusal comes back from that
 * very call. No worker waits: the request is put aside, and one thread answers it. That thread also revokes what the
 * kernel has cached of a record that was just replaced: a worker must not, as the kernel may be waiting for a worker.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "fuse/face.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/cache/cache.h"
#include "seamfs/model/place.h"
#include "seamfs/store/outbox.h"

/* 0 or a negative errno is the answer; 1: not yet. */
static int answer_of(struct mount *m, const struct parked *p)
{
	struct db *db = store_db(tree_store(m->tree));
	struct err e = {0};
	_Bool waits = clock_steady_ms() < p->deadline_ms && store_worth_waiting(db, p->ticket.record);
	/* After the above: an answer that comes between the two is then seen here, and not taken for no answer. */
	int r = store_settled(db, p->ticket.record, p->ticket.version, &e);

	if (r == 1)
		return waits;
	if (r < 0) {
		log_info("fuse", "%s: %s", err_name(-r), e.text);
		tree_refused(m->tree, p->ticket.changed_ino);
	}
	return r;
}

/* Puts the request aside for the waiter's thread. False: there is no room. */
static _Bool put_aside(struct mount *m, const struct parked *p)
{
	_Bool parked;

	pthread_mutex_lock(&m->mutex);
	parked = !atomic_load(&m->stop) && m->parked_count < MAX_PARKED;
	if (parked)
		m->parked[m->parked_count++] = *p;
	pthread_mutex_unlock(&m->mutex);
	if (parked)
		store_ring(tree_store(m->tree)); /* it may have been confirmed just before it was put aside */
	return parked;
}

void park_answer(struct mount *m, fuse_req_t req, const struct ticket *ticket, int wait_ms)
{
	struct parked p = {req, *ticket, clock_steady_ms() + wait_ms, 0};
	int r = ticket->record ? answer_of(m, &p) : 0;

	/* With no room to wait the save is as safe: it is pending, and the notifier revokes what is stale. */
	if ((r == 1 || ticket->changed_ino) && put_aside(m, &p))
		return;
	fuse_reply_err(req, r < 0 ? -r : 0);
}

void park_refusal(struct mount *m, fuse_req_t req, uint64_t stale_ino, int result)
{
	struct parked p = {.req = req, .ticket = {.changed_ino = stale_ino}, .result = result};

	if (!put_aside(m, &p))
		fuse_reply_err(req, -result);
}

/* ---- bytes that are on their way ---- */

void park_again(struct mount *m, const struct again *again)
{
	_Bool kept;

	pthread_mutex_lock(&m->mutex);
	kept = m->again && !atomic_load(&m->stop) && m->again_count < MAX_AGAIN &&
	       !fuse_req_interrupted(again->req);
	if (kept)
		m->again[m->again_count++] = *again;
	pthread_mutex_unlock(&m->mutex);
	if (kept)
		return;
	free(again->bytes);
	fuse_reply_err(again->req, EINTR);
}

/* Each of those that wait now tries once. */
static void try_again(struct mount *m)
{
	struct again *list;
	size_t count;

	pthread_mutex_lock(&m->mutex);
	count = m->again_count;
	list = count ? mem_alloc(count * sizeof(*list)) : NULL;
	if (count)
		memcpy(list, m->again, count * sizeof(*list));
	m->again_count = 0;
	pthread_mutex_unlock(&m->mutex);
	for (size_t i = 0; i < count; i++)
		list[i].act(m, &list[i]);
	free(list);
}

/* Takes out one request that can be answered. */
static _Bool take_answer(struct mount *m, struct parked *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = list[i].result;

		if (list[i].ticket.record && !atomic_load(&m->stop))
			r = answer_of(m, &list[i]);
		if (r == 1)
			continue;
		/* Before the answer: whoever reads the record next must not find in the kernel's cache what was replaced. */
		if (list[i].ticket.changed_ino && !atomic_load(&m->stop))
			fuse_lowlevel_notify_inval_inode(m->session, list[i].ticket.changed_ino, 0, 0);
		pthread_mutex_lock(&m->mutex);
		for (size_t k = 0; k < m->parked_count; k++) {
			if (m->parked[k].req == list[i].req)
				m->parked[k] = m->parked[--m->parked_count];
		}
		pthread_mutex_unlock(&m->mutex);
		fuse_reply_err(list[i].req, r < 0 ? -r : 0);
		return 1;
	}
	return 0;
}

static _Bool waits_again(struct mount *m)
{
	_Bool any;

	pthread_mutex_lock(&m->mutex);
	any = m->again_count > 0;
	pthread_mutex_unlock(&m->mutex);
	return any;
}

static void *waiter_main(void *argument)
{
	struct mount *m = argument;
	struct parked list[MAX_PARKED];
	size_t count;
	uint64_t rings;

	for (;;) {
		struct pollfd p[2] = {{.fd = m->wait_fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

		if (m->cache)
			p[1].fd = cache_bell(m->cache);
		pthread_mutex_lock(&m->mutex);
		count = m->parked_count;
		memcpy(list, m->parked, count * sizeof(list[0]));
		pthread_mutex_unlock(&m->mutex);
		if (take_answer(m, list, count))
			continue;
		try_again(m);
		if (atomic_load(&m->stop))
			return NULL;
		if (poll(p, 2, count || waits_again(m) ? 200 : -1) <= 0)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(p); i++) {
			if ((p[i].revents & POLLIN) && read(p[i].fd, &rings, sizeof(rings)) < 0)
				break;
		}
	}
}

int park_start(struct mount *m)
{
	m->wait_fd = store_subscribe(tree_store(m->tree));
	if (m->wait_fd < 0)
		return m->wait_fd;
	return -pthread_create(&m->waiter, NULL, waiter_main, m);
}

void park_stop(struct mount *m)
{
	store_ring(tree_store(m->tree));
	pthread_join(m->waiter, NULL);
}
