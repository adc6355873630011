/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks out: a subscriber hears of each change once, those of one record in their order, signed as Standard Webhooks says. What
 * is on its way is in the database, so nothing is lost by a crash; what may have arrived is sent again with the same id.
 * Threads: one a subscriber.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"
#include "seamfs/store/local.h"
#include "seamfs/store/subscriber.h"
#include "sync/hooks.h"

#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS  900000
#define LOOK_AGAIN_MS  3600000

enum { KEY_MAX = 4096, LOOKS = 50 };

/* ---- the history becomes deliveries ---- */

static _Bool wanted(struct deliverer *d, const struct feed_change *c)
{
	const struct stack_subscription *s = d->subscription;

	/* Nor is what was there before anybody looked. */
	if (c->tool >= 0 && strcmp(c->event, "created") == 0 &&
		store_tool_first(store_db(d->store), store_tool_id(d->store, c->tool), c->ms))
		return 0;
	/* What it sent itself is no news to it. */
	if (strcmp(c->program, s->name) == 0 && str_equal(json_get_text(c->json, "why"), "hook"))
		return 0;
	return (s->events[c->type] & stack_event_of(c->event)) ||
	       (strcmp(c->event, "changed") == 0 && (s->fields[c->type] & c->fields));
}

static int add(struct tx *tx, void *argument)
{
	return store_delivery_add(tx, argument);
}

/* The next changes; 1 when there may be more. */
static int look(struct deliverer *d)
{
	struct db *db = store_db(d->store);
	struct delivery_batch *batch;
	struct feed_change c;
	int seen = 0, r = 0;

	/* The history waits: it is there anyway. */
	if (store_delivery_count(db, d->id) > DELIVERY_MOST - DELIVERY_BATCH)
		return 0;
	batch = mem_alloc(sizeof(*batch));
	batch->subscriber = d->id;
	batch->position = store_subscriber_position(db, d->id);
	while (seen < DELIVERY_BATCH && store_feed_next(d->store, db, batch->position, &c) == 0) {
		if (wanted(d, &c))
			batch->rows[batch->count++] =
				(struct delivery){.record = c.record, .after = c.change - 1};
		batch->position = c.last;
		seen++;
		feed_finish(&c);
	}
	if (seen)
		r = store_write(d->store, add, batch);
	free(batch);
	return r == 0 ? seen == DELIVERY_BATCH : r;
}

/* ---- a message ---- */

struct message {
	char id[64];
	char *path; /* of the record, for people */
	char *name;
	char *body;
};

static void message_finish(struct message *m)
{
	free(m->path);
	free(m->name);
	free(m->body);
}

static int make_message(struct deliverer *d, const struct delivery *row, struct message *ret)
{
	struct db *db = store_db(d->store);
	_cleanup_json_ cJSON *payload = cJSON_CreateObject();
	struct feed_change c;
	cJSON *record;

	if (store_feed_next(d->store, db, row->after, &c) < 0)
		return -ENOENT;
	snprintf(ret->id, sizeof(ret->id), "evt_%s_%lld", d->prefix, (long long)c.change);
	ret->path = str_dup(json_get_text(c.json, "path"));
	ret->name = store_record_name(db, c.record);
	record = store_feed_record(d->store, db, &c);
	json_set(c.json, "record", record ? record : cJSON_CreateNull());
	json_set_text(payload, "type", json_get_text(c.json, "event"));
	json_set_text(payload, "timestamp", json_get_text(c.json, "time"));
	json_set(payload, "data", c.json);
	c.json = NULL;
	ret->body = json_print(payload);
	feed_finish(&c);
	return 0;
}

/* "v1,…" over "id.time.body" */
static int sign(const struct deliverer *d, const struct message *m, const char *time, struct buf *ret)
{
	const char *key = secret_text(&d->secret);
	_cleanup_(buf_finish) struct buf bytes = BUF_INIT(KEY_MAX),
					 text = BUF_INIT(strlen(m->body) + KEY_MAX);
	unsigned char hash[CRYPTO_HASH_MAX];
	size_t len;

	if (strncmp(key, "whsec_", 6) != 0)
		buf_puts(&bytes, key);
	else if (crypto_unbase64(&bytes, key + 6) < 0)
		return -EINVAL;
	if (buf_printf(&text, "%s.%s.%s", m->id, time, m->body) < 0)
		return -E2BIG;
	len = crypto_hmac(CRYPTO_SHA256, buf_text(&bytes), bytes.len, buf_text(&text), text.len, hash);
	explicit_bzero(bytes.data, bytes.len);
	buf_puts(ret, "v1,");
	return crypto_base64(ret, hash, len);
}

static int send(struct deliverer *d, const struct message *m, struct err *e)
{
	_cleanup_(buf_finish) struct buf signature = BUF_INIT(256);
	struct http_answer answer = {0};
	char time[24];
	struct http_field headers[] = {
		{"webhook-id", m->id}, {"webhook-timestamp", time}, {"webhook-signature", NULL}};
	struct http_request request = {.method = "POST",
		.url = d->subscription->url,
		.content_type = "application/json",
		.body = m->body,
		.body_len = strlen(m->body),
		.headers = headers,
		.header_count = ARRAY_LEN(headers)};
	int r;

	snprintf(time, sizeof(time), "%lld", (long long)(clock_now_ms() / 1000));
	r = sign(d, m, time, &signature);
	if (r < 0)
		return err_set(e, -r, "the key of subscription \"%s\" is no base64 behind \"whsec_\"",
			d->subscription->name);
	headers[2].value = buf_text(&signature);
	r = http_send(d->http, &request, &answer, e);
	if (r == 0)
		r = http_refused(d->http, &answer, e);
	http_answer_finish(&answer);
	return r;
}

/* ---- how it went ---- */

struct outcome {
	struct deliverer *d;
	const struct delivery *row;
	const struct message *message;
	const struct err *e; /* NULL: well */
	int64_t next_ms;
	_Bool dead;
};

static int bury(struct tx *tx, const struct outcome *o)
{
	const struct stack_subscription *s = o->d->subscription;
	struct problem p = {.kind = PROBLEM_NOTE,
		.record = o->row->record,
		.tool = -1,
		.code = o->e->code,
		.path = o->message->path,
		.name = o->message->name ? o->message->name : s->name,
		.bytes = o->message->body,
		.len = strlen(o->message->body)};
	char text[sizeof(o->e->text) + 128];
	int r;

	snprintf(text, sizeof(text), "the subscription \"%s\" did not take this change for %lld hours: %s",
		s->name, (long long)(s->keep_ms / 3600000), o->e->text);
	p.text = text;
	p.field = "";
	r = store_problem_add(tx, &p);
	return r == 0 ? store_delivery_done(tx, o->row->id) : r;
}

static int write_outcome(struct tx *tx, void *argument)
{
	const struct outcome *o = argument;
	int r;

	if (!o->e)
		r = store_delivery_done(tx, o->row->id);
	else if (o->dead)
		r = bury(tx, o);
	else
		r = store_delivery_failed(tx, o->row->id, o->next_ms, o->e->text);
	return r == 0 ? store_subscriber_note(tx, o->d->id, o->e ? o->e->text : NULL) : r;
}

static int64_t back_off(int attempts)
{
	int64_t most = FIRST_RETRY_MS;

	for (int i = 0; i < attempts && most < LAST_RETRY_MS; i++)
		most *= 2;
	if (most > LAST_RETRY_MS)
		most = LAST_RETRY_MS;
	/* Half of it at random, so that many do not come back together. */
	return most / 2 + random() % (most / 2);
}

/* What it refuses holds up that record only; when it does not answer at all, everything waits. */
static int conclude(
	struct deliverer *d, const struct delivery *row, const struct message *m, int r, const struct err *e)
{
	int64_t now = clock_now_ms();
	struct outcome o = {.d = d, .row = row, .message = m, .e = r < 0 ? e : NULL};
	_Bool whole = r < 0 && (e->retry == ERR_LATER || e->retry == ERR_AFTER_USER);

	o.dead = r < 0 && now - row->first_ms > d->subscription->keep_ms;
	o.next_ms = now + back_off(row->attempts);
	if (e->retry_at_ms > o.next_ms)
		o.next_ms = e->retry_at_ms;
	if (whole) {
		int64_t wait = back_off(d->failures);

		if (d->failures++ == 0)
			log_warning("hooks", "subscription %s: %s", d->subscription->name, e->text);
		d->wait_ms = clock_steady_ms() + (e->retry_at_ms > now + wait ? e->retry_at_ms - now : wait);
		/* The first to be tried again; but what it has trouble with may be this one message: then another is. */
		o.next_ms = e->http_status == 500 ? now + wait + FIRST_RETRY_MS : 0;
	} else {
		d->failures = 0;
	}
	return store_write(d->store, write_outcome, &o);
}

static int deliver(struct deliverer *d, const struct delivery *row)
{
	_cleanup_(message_finish) struct message m = {0};
	struct err e = {0};
	int r = make_message(d, row, &m);

	if (r < 0)
		return conclude(d, row, &m, 0, &e);
	fault_step("deliver");
	r = send(d, &m, &e);
	fault_step("delivered");
	if (r == -ECANCELED)
		return r;
	return conclude(d, row, &m, r, &e);
}

/* ---- the thread ---- */

static void sleep_until(struct deliverer *d, int64_t wait_ms)
{
	struct pollfd bell = {.fd = d->bell, .events = POLLIN};
	uint64_t rings;

	if (wait_ms < 0)
		wait_ms = 0;
	if (wait_ms > LOOK_AGAIN_MS)
		wait_ms = LOOK_AGAIN_MS;
	if (poll(&bell, 1, (int)wait_ms) > 0 && read(d->bell, &rings, sizeof(rings)) < 0)
		return;
}

/* What there is to do now; returns for how long there is nothing. */
static int64_t work(struct deliverer *d)
{
	struct delivery row;
	int64_t wake_ms = 0;
	int looks = 0, r;

	while ((r = look(d)) == 1 && looks++ < LOOKS)
		;
	while (r >= 0 && !atomic_load(d->stop) && clock_steady_ms() >= d->wait_ms) {
		if (store_delivery_next(store_db(d->store), d->id, clock_now_ms(), &row, &wake_ms) < 0)
			break;
		r = deliver(d, &row);
		if (r == 0)
			r = look(d);
	}
	if (r < 0)
		return FIRST_RETRY_MS;
	if (clock_steady_ms() < d->wait_ms)
		return d->wait_ms - clock_steady_ms();
	return wake_ms ? wake_ms - clock_now_ms() : LOOK_AGAIN_MS;
}

static void *deliverer_main(void *argument)
{
	struct deliverer *d = argument;

	while (!atomic_load(d->stop))
		sleep_until(d, work(d));
	return NULL;
}

/* ---- beginning and end ---- */

static int begin(struct tx *tx, void *argument)
{
	struct deliverer *d = argument;

	return store_subscriber(tx, d->subscription->name, &d->id);
}

/* A header is a text, or a reference to a secret. */
static int add_headers(struct deliverer *d, struct err *e)
{
	const cJSON *header;
	int r = 0;

	cJSON_ArrayForEach (header, d->subscription->headers) {
		struct secret secret = {0};

		if (r < 0)
			break;
		if (!json_text(header))
			r = secret_load(header, d->stack->base_dir, &secret, e);
		if (r == 0)
			r = http_add_header(d->http, header->string,
				json_text(header) ? json_text(header) : secret_text(&secret), e);
		secret_finish(&secret);
	}
	return r;
}

int deliverer_start(struct deliverer *d, struct err *e)
{
	static const struct http_limits limits;
	sigset_t all, before;
	int r = secret_load(d->subscription->secret, d->stack->base_dir, &d->secret, e);

	if (r < 0)
		return r;
	d->http = http_new(d->subscription->name, &limits, d->stop);
	r = add_headers(d, e);
	if (r < 0)
		return r;
	r = store_write(d->store, begin, d);
	d->bell = store_subscribe(d->store);
	if (r == 0 && d->bell < 0)
		r = d->bell;
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (r == 0)
		r = -pthread_create(&d->thread, NULL, deliverer_main, d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	d->started = r == 0;
	return r < 0 ? err_set(e, -r, "cannot start the subscription \"%s\": %s", d->subscription->name,
			       strerror(-r))
		     : 0;
}

void deliverer_stop(struct deliverer *d)
{
	if (d->started)
		pthread_join(d->thread, NULL);
	http_free(d->http);
	secret_finish(&d->secret);
	free(d->prefix);
}
