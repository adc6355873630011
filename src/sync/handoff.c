/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/handoff.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

enum {
	SOON_MS = 2000,
	LATEST_MS = 30000,
	TOGETHER = 32, /* in one transaction; then others have their turn */
};

/* ---- jobs ---- */

static int prepare(struct tx *tx, void *argument)
{
	return store_handoff_prepare(tx);
}

struct matches {
	struct handoff_match all[TOGETHER];
	size_t count;
};

static int note(struct tx *tx, void *argument)
{
	struct matches *m = argument;
	int r = 0;

	for (size_t i = 0; i < m->count && r == 0; i++)
		r = store_handoff_note(tx, &m->all[i]);
	return r;
}

static int month(struct tx *tx, void *argument)
{
	return store_handoff_month(tx, argument);
}

static int carry_out(struct tx *tx, void *argument)
{
	return store_handoff_carry_out(tx, *(int64_t *)argument);
}

struct runs {
	int64_t after; /* the last one that was looked at */
	int result;    /* of one that has to be tried again */
	_Bool more;
};

/* Each stands for itself: what could not be stored of one leaves the others. */
static int carry_out_some(struct tx *tx, void *argument)
{
	struct runs *runs = argument;

	runs->more = 0;
	for (int i = 0; i < TOGETHER; i++) {
		int64_t run = store_handoff_waiting(tx->db, runs->after);
		int r;

		if (!run)
			return 0;
		r = store_try(tx, carry_out, &run);
		if (r < 0)
			runs->result = r;
		runs->after = run;
	}
	runs->more = 1;
	return 0;
}

static int begin_step(struct tx *tx, void *argument)
{
	return store_handoff_step_begin(tx, *(int64_t *)argument);
}

struct end {
	int64_t step;
	const char *result, *error;
};

static int end_step(struct tx *tx, void *argument)
{
	struct end *end = argument;

	return store_handoff_step_end(tx, end->step, end->result, end->error);
}

static int keep_positions(struct tx *tx, void *argument)
{
	struct handoffs *h = argument;
	const struct handoff *rule;
	int r = 0;

	for (int i = 0; (rule = handoff_get(h->stack, i)) && r == 0; i++)
		r = store_handoff_moved(tx, rule->name, h->position[i]);
	return r;
}

static _Bool stopping(struct handoffs *h)
{
	return atomic_load(h->stop);
}

static int write_job(struct handoffs *h, store_job job, void *argument)
{
	int r = store_write(h->store, job, argument);

	if (r < 0)
		log_warning("handoff", "it could not be stored: %s; it is tried again", strerror(-r));
	h->again |= r < 0;
	return r;
}

/* ---- what has happened ---- */

/* Reads the history on for one rule. */
static void follow(struct handoffs *h, const struct handoff *rule, int64_t *position)
{
	struct db *db = store_db(h->store);
	struct matches found = {.count = 0};
	struct handoff_state state;
	int64_t end = *position;
	int looked = 0;

	if (rule->trigger == HANDOFF_MONTHLY || store_handoff_state(db, rule->name, &state) < 0 ||
		state.paused)
		return;
	while (looked++ < TOGETHER) {
		struct handoff_match *m = &found.all[found.count];

		if (!store_handoff_next(h->store, db, rule, end, m, &end))
			break;
		/* A date that has come is noted by itself; the history only says which record to look at. */
		if (rule->trigger != HANDOFF_DATE ||
			store_handoff_due(h->store, db, rule, m->record, clock_now_ms(), m))
			found.count++;
	}
	h->more |= looked > TOGETHER;
	if (!found.count || write_job(h, note, &found) == 0)
		*position = end;
}

struct ids {
	int64_t *ids;
	size_t count;
};

static _Bool take_id(void *context, const struct listed *row)
{
	struct ids *d = context;

	d->ids = mem_grow(d->ids, d->count + 1, sizeof(*d->ids));
	d->ids[d->count++] = row->id;
	return 1;
}

/* Every record of the rule's type, once a day. */
static void look_at_all(struct handoffs *h, const struct handoff *rule, const char *today, char looked[11])
{
	struct db *db = store_db(h->store);
	struct ids d = {0};
	struct handoff_state state;
	struct matches found = {.count = 1};
	int r = 0;

	if (strcmp(today, looked) == 0 || store_handoff_state(db, rule->name, &state) < 0 || state.paused)
		return;
	store_record_all(db, rule->type, take_id, &d);
	for (size_t i = 0; i < d.count && r == 0 && !stopping(h); i++) {
		if (store_handoff_due(h->store, db, rule, d.ids[i], clock_now_ms(), &found.all[0]))
			r = write_job(h, note, &found);
	}
	free(d.ids);
	if (r == 0)
		memcpy(looked, today, 11);
}

static void keep_calendar(struct handoffs *h)
{
	const struct handoff *rule;
	char today[11];
	int minute;

	date_local(clock_now_ms(), today, &minute);
	for (int i = 0; (rule = handoff_get(h->stack, i)) && !stopping(h); i++) {
		if (rule->trigger == HANDOFF_DATE)
			look_at_all(h, rule, today, h->days[i]);
		if (rule->trigger == HANDOFF_MONTHLY &&
			store_handoff_month_due(store_db(h->store), rule, clock_now_ms()))
			write_job(h, month, (void *)rule);
	}
}

/* ---- what is to be done ---- */

static void carry_out_all(struct handoffs *h)
{
	struct runs runs = {.after = 0};

	if (!store_handoff_waiting(store_db(h->store), 0))
		return;
	do {
		if (write_job(h, carry_out_some, &runs) < 0)
			return;
	} while (runs.more && !stopping(h));
	h->again |= runs.result < 0;
}

int handoff_take(struct handoffs *h, const struct handoff_step *step, char **ret_result, struct err *e)
{
	int owner = h->stack->owners[TYPE_DOCUMENT];
	const char *root = h->stack->tools[owner].folder;

	if (json_get(step->action, "run"))
		return handoff_program(h, step, ret_result, e);
	if (!root)
		return err_set(e, ENOTSUP,
			"documents belong to %s, which is no folder here: nothing can be written into it",
			h->stack->tools[owner].name);
	return handoff_document(root, step->action, e);
}

static void take_step(struct handoffs *h, struct handoff_step *step)
{
	_cleanup_(mem_freep) char *result = NULL;
	struct err e = {0};
	struct end end = {.step = step->id};
	int r;

	/* Its program has ended well before; only what follows from that is left. */
	if (step->result[0]) {
		end.result = step->result;
		write_job(h, end_step, &end);
		return;
	}
	if (write_job(h, begin_step, &step->id) < 0)
		return;
	fault_step("step");
	r = handoff_take(h, step, &result, &e);
	fault_step("stepped");
	/* Ended with us, half done: the next start judges that, as after a crash. */
	if (r == -EINTR)
		return;
	end.result = result;
	end.error = r < 0 ? e.text : NULL;
	/* Until that is stored, nobody may think that it has not been done. */
	while (write_job(h, end_step, &end) < 0 && !stopping(h))
		usleep(SOON_MS * 1000);
}

static void take_steps(struct handoffs *h)
{
	struct handoff_step step;

	while (!stopping(h) && !h->again && store_handoff_step(store_db(h->store), &step) == 0) {
		take_step(h, &step);
		handoff_step_finish(&step);
	}
}

/* ---- the thread ---- */

static _Bool moved(struct handoffs *h)
{
	const struct handoff *rule;
	struct handoff_state state;

	for (int i = 0; (rule = handoff_get(h->stack, i)); i++) {
		if (store_handoff_state(store_db(h->store), rule->name, &state) == 0 &&
			state.cursor < h->position[i])
			return 1;
	}
	return 0;
}

static void work(struct handoffs *h)
{
	const struct handoff *rule;

	h->again = h->more = 0;
	for (int i = 0; (rule = handoff_get(h->stack, i)) && !stopping(h); i++)
		follow(h, rule, &h->position[i]);
	keep_calendar(h);
	carry_out_all(h);
	take_steps(h);
	/* What a rule has seen it is not to see again when it has another text after a restart. */
	if (!h->again && moved(h) && clock_steady_ms() - h->kept_ms >= SOON_MS) {
		h->kept_ms = clock_steady_ms();
		write_job(h, keep_positions, h);
	}
}

static void *thread_main(void *argument)
{
	struct handoffs *h = argument;
	uint64_t rings;

	while (!stopping(h)) {
		struct pollfd p = {.fd = h->bell, .events = POLLIN};

		work(h);
		if (h->more && !h->again)
			continue;
		if (poll(&p, 1, h->again || moved(h) ? SOON_MS : LATEST_MS) > 0 &&
			read(h->bell, &rings, sizeof(rings)) < 0)
			continue;
	}
	if (moved(h))
		write_job(h, keep_positions, h);
	return NULL;
}

int handoffs_start(struct handoffs *h, struct store *store, atomic_bool *stop)
{
	const struct handoff *rule;
	struct handoff_state state;
	int r;

	h->store = store;
	h->stack = store_stack(store);
	h->stop = stop;
	r = store_write(store, prepare, NULL);
	if (r < 0 || !handoff_get(h->stack, 0))
		return r;
	for (int i = 0; (rule = handoff_get(h->stack, i)); i++) {
		if (store_handoff_state(store_db(store), rule->name, &state) == 0)
			h->position[i] = state.cursor;
	}
	h->bell = store_subscribe(store);
	r = h->bell < 0 ? h->bell : -pthread_create(&h->thread, NULL, thread_main, h);
	h->started = r == 0;
	return r;
}

void handoffs_stop(struct handoffs *h)
{
	if (h->started)
		pthread_join(h->thread, NULL);
	h->started = 0;
}
