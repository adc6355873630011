/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/sync/sync.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/registry.h"
#include "seamfs/store/drift.h"
#include "sync/worker.h"

#define FIRST_RETRY_MS 500
#define LAST_RETRY_MS  30000
#define USER_RETRY_MS  60000 /* a person must act first: ask again now and then */

/* ---- opening ---- */

static int note_capabilities(struct stack *stack, int tool, const struct tool_link *link, struct err *e)
{
	struct tool *t = &stack->tools[tool];

	t->files = link->ops->files != NULL;
	str_set(&t->folder, link->folder);
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		const struct capability *c = &link->capabilities[i];

		t->types[i].reads = c->reads;
		t->types[i].writes = c->writes;
		t->types[i].creates = c->creates;
		t->types[i].steps = c->steps;
		t->types[i].removes = c->removes;
		if (t->types[i].used && c->type == TYPE_NONE && !(i == TYPE_DOCUMENT && t->files)) {
			_cleanup_(mem_freep) char *claim = stack_claim(stack, (enum type_id)i, tool);

			return stack_fail(stack, claim, EINVAL, e,
				"\"%s\" is to hold %s, but its connector \"%s\" has none", t->name,
				type_get((enum type_id)i)->plural, t->connector);
		}
	}
	return 0;
}

static int open_tool(struct sync *s, struct stack *stack, int tool, struct err *e)
{
	struct tool *t = &stack->tools[tool];
	struct tool_setup setup = {.name = t->name,
		.connector = t->connector,
		.config = t->config,
		.base_dir = stack->base_dir,
		.currency = stack->currency,
		.stop = &s->stop};
	struct err why = {0};
	char pointer[200];
	struct worker *w = &s->workers[tool];
	int r = connect_open(&setup, &w->link, &why);

	w->sync = s;
	/* Bytes are moved beside everything else. */
	for (int i = 0; r == 0 && i < CARRIERS && w->link->ops->files && !w->link->folder; i++)
		r = connect_open(&setup, &w->carriers[i].link, &why);
	if (r < 0) {
		snprintf(pointer, sizeof(pointer), "/tools/%s%s", t->name,
			why.field[0] == '/' ? why.field : "");
		return stack_fail(stack, pointer, why.code, e, "%s", why.text);
	}
	return note_capabilities(stack, tool, s->workers[tool].link, e);
}

int sync_open(struct stack *stack, struct sync **ret, struct err *e)
{
	struct sync *s = mem_alloc(sizeof(*s));

	s->stack = stack;
	for (int i = 1; i < stack->tool_count; i++) {
		int r = open_tool(s, stack, i, e);

		if (r < 0) {
			sync_stop(s);
			return r;
		}
	}
	*ret = s;
	return 0;
}

struct tool_link *sync_link(struct sync *s, int tool)
{
	return s->workers[tool].link;
}

/* ---- a tool's thread ---- */

struct note {
	struct worker *w;
	const char *error;
	_Bool pulled;
	int64_t limited_ms; /* until then it wants to be left alone; 0: it did not say */
};

static int write_note(struct tx *tx, void *argument)
{
	struct note *n = argument;
	int r = store_tool_note(tx, n->w->tool_id, n->error, n->pulled);

	if (r == 0 && n->pulled)
		r = store_tool_refreshed(tx, n->w->tool_id);
	if (r == 0 && n->limited_ms)
		r = store_tool_limit(tx, n->w->tool_id, n->limited_ms);
	return r;
}

/* The tool as a whole failed or works again. */
static void judge(struct worker *w, int r, const struct err *e, _Bool pulled)
{
	struct note n = {w, r < 0 ? (e->code ? e->text : strerror(-r)) : NULL, pulled};
	int64_t wait = FIRST_RETRY_MS;

	if (r == -EAGAIN && e->scope == ERR_TOOL)
		n.limited_ms = e->retry_at_ms;
	if (r < 0 || pulled)
		(void)store_write(w->store, write_note, &n);
	if (r == 0) {
		w->failures = 0;
		w->retry_ms = 0;
		return;
	}
	if (e->code && e->scope != ERR_TOOL)
		return;
	for (int i = 0; i < w->failures && wait < LAST_RETRY_MS; i++)
		wait *= 2;
	if (w->failures++ == 0)
		log_warning("sync", "%s: %s", w->link->name, n.error);
	if (wait > LAST_RETRY_MS)
		wait = LAST_RETRY_MS;
	if (e->retry == ERR_AFTER_USER)
		wait = USER_RETRY_MS;
	if (e->retry_at_ms > clock_now_ms() + wait)
		wait = e->retry_at_ms - clock_now_ms();
	w->retry_ms = clock_steady_ms() + wait;
}

static int watch_of(struct worker *w)
{
	return w->link->ops->watch_fd ? w->link->ops->watch_fd(w->link) : -1;
}

/* Sleeps until a commit, a change in the tool, or the time; true when the tool itself changed. */
static _Bool sleep_until(struct worker *w, int64_t steady_ms)
{
	int watch = watch_of(w);
	struct pollfd fds[2] = {{.fd = w->bell, .events = POLLIN}, {.fd = watch, .events = POLLIN}};
	int64_t wait = steady_ms - clock_steady_ms();
	uint64_t rings;

	if (wait < 0)
		wait = 0;
	if (wait > 3600000)
		wait = 3600000;
	if (poll(fds, watch >= 0 ? 2 : 1, (int)wait) <= 0)
		return 0;
	if ((fds[0].revents & POLLIN) && read(w->bell, &rings, sizeof(rings)) < 0)
		return 0;
	return watch >= 0 && (fds[1].revents & POLLIN) && w->link->ops->watch_drain(w->link);
}

static void work(struct worker *w, int64_t *next_pull, int64_t *ret_wake)
{
	struct err e = {0};
	int64_t wake_ms = 0, hint_ms = 0, hook_ms = 0, now, sample;
	int r = push_ready(w, &wake_ms, &e);

	if (r == 0 && w->carriers[0].link)
		r = drive_push(w, &wake_ms, &e);
	if (r == 0)
		r = hints_follow(w, &hint_ms, &e);
	if (r == 0)
		register_hooks(w, &hook_ms);
	if (hook_ms && (!wake_ms || hook_ms < wake_ms))
		wake_ms = hook_ms;
	if (hint_ms && (!wake_ms || hint_ms < wake_ms))
		wake_ms = hint_ms;
	if (r < 0)
		judge(w, r, &e, 0);
	now = clock_steady_ms();
	/* A sheet that is open elsewhere takes nothing, but what is saved there is read all the same. */
	if (r == -EAGAIN && w->link->ops->watch_fd && now >= *next_pull) {
		err_clear(&e);
		(void)pull_all(w, &e);
		*next_pull = now + w->stack->tools[w->tool].poll_ms;
		*ret_wake = w->retry_ms ? w->retry_ms : now + FIRST_RETRY_MS;
		return;
	}
	if (r == 0 && (now >= *next_pull || store_tool_wants_refresh(store_db(w->store), w->tool_id))) {
		err_clear(&e);
		r = pull_all(w, &e);
		sample = store_drift_wanted(store_db(w->store), w->stack, w->tool_id, clock_now_ms());
		if (r == 0 && sample)
			r = verify_run(w, sample, &e);
		judge(w, r, &e, r == 0);
		now = clock_steady_ms();
		*next_pull = w->failures ? now : now + w->stack->tools[w->tool].poll_ms;
		/* A listing may have brought the very thing that a row waited for. */
		*ret_wake = now;
		return;
	}
	/* A failing tool is asked with a listing when its time has come, which also proves that it is well again. */
	if (r < 0)
		*next_pull = now + FIRST_RETRY_MS;
	*ret_wake = *next_pull;
	if (wake_ms && now + wake_ms - clock_now_ms() < *ret_wake)
		*ret_wake = now + wake_ms - clock_now_ms();
}

/* Somebody asks for it now: a tool that failed is tried again at once, unless it asked to be left alone. */
static void hurry(struct worker *w)
{
	struct db *db = store_db(w->store);
	int64_t asked = store_tool_wants_refresh(db, w->tool_id), until_ms;

	if (asked > w->asked && !store_tool_limited(db, w->tool_id, &until_ms))
		w->retry_ms = 0;
	w->asked = asked;
}

static void *worker_main(void *argument)
{
	struct worker *w = argument;
	int64_t next_pull = 0, wake = 0;

	watch_of(w); /* from now on: what changes while it works is not to be missed */
	while (!atomic_load(&w->sync->stop)) {
		hurry(w);
		if (clock_steady_ms() >= w->retry_ms)
			work(w, &next_pull, &wake);
		if (w->retry_ms > wake)
			wake = w->retry_ms;
		if (sleep_until(w, wake)) {
			next_pull = 0;
			w->retry_ms = 0; /* perhaps what was in the way is gone */
		}
	}
	return NULL;
}

int sync_start(struct sync *s, struct store *store, struct cache *cache, struct err *e)
{
	sigset_t all, before;
	int r = 0;

	s->store = store;
	s->cache = cache;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = handoffs_start(&s->handoffs, store, &s->stop);
	for (int i = 1; i < s->stack->tool_count && r == 0; i++) {
		struct worker *w = &s->workers[i];
		int64_t limited_ms;

		w->sync = s;
		w->store = store;
		w->stack = s->stack;
		w->tool = i;
		w->tool_id = store_tool_id(store, i);
		w->bell = store_subscribe(store);
		/* What it asked the daemon before this one for. */
		if (store_tool_limited(store_db(store), w->tool_id, &limited_ms))
			w->retry_ms = clock_steady_ms() + limited_ms - clock_now_ms();
		r = w->bell < 0 ? w->bell : -pthread_create(&w->thread, NULL, worker_main, w);
		w->started = r == 0;
		if (r == 0 && w->carriers[0].link)
			r = carriers_start(w);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r < 0 ? err_set(e, -r, "cannot start the threads of the tools: %s", strerror(-r)) : 0;
}

void sync_stop(struct sync *s)
{
	if (!s)
		return;
	atomic_store(&s->stop, 1);
	if (s->store)
		store_ring(s->store);
	handoffs_stop(&s->handoffs);
	for (int i = 1; i < s->stack->tool_count; i++) {
		if (s->workers[i].started)
			pthread_join(s->workers[i].thread, NULL);
		carriers_stop(&s->workers[i]);
		connect_close(s->workers[i].link);
	}
	free(s);
}
