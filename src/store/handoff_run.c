/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying a run out, and how it ends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/history.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"
#include "store/handoff_p.h"

_Bool handoff_transient(int error)
{
	return error == -ENOSPC || error == -EIO || error == -ENOMEM || error == -EBUSY;
}

static int tell(struct tx *tx, int64_t run, const char *path, const char *name, const char *error)
{
	_cleanup_(mem_freep) char *rule =
		db_text(tx->db, "SELECT rule FROM handoff_run WHERE id = ?1", "i", run);
	_cleanup_(mem_freep) char *text =
		str_format("the hand-off %s has failed: %s", rule ? rule : "", error);
	struct problem p = {.kind = PROBLEM_NOTE,
		.tool = -1,
		.code = EINVAL,
		.path = path,
		.name = name,
		.field = "",
		.text = text,
		.bytes = ""};

	return store_problem_add(tx, &p);
}

struct name {
	char text[280];
};

static _Bool take_name(void *context, const struct handoff_run *run)
{
	store_run_name(run, ((struct name *)context)->text);
	return 1;
}

int run_end(struct tx *tx, int64_t run, enum run_state state, const char *log, const char *error)
{
	struct name name = {""};
	_cleanup_(mem_freep) char *path = NULL;
	int r = db_run(tx->db, "UPDATE handoff_run SET state = ?2, log = log || ?3, error = ?4 WHERE id = ?1",
		"iitt", run, (int64_t)state, log, error ? error : "");

	if (r < 0 || store_run_get(tx->db, run, take_name, &name) < 0)
		return r;
	path = str_format(".seam/log/%s", name.text);
	name.text[strlen(name.text) - strlen(".log")] = '\0';
	return state == RUN_FAILED || state == RUN_STOPPED ? tell(tx, run, path, name.text, error)
							   : store_problem_clear(tx, 0, path);
}

int run_rows(struct tx *tx, int64_t run, int64_t first)
{
	int64_t last = store_history_end(tx->db);

	return last < first
		       ? 0
		       : db_run(tx->db, "INSERT INTO handoff_rows (first, last, run) VALUES (?1, ?2, ?3)",
				 "iii", first, last, run);
}

/* ---- the records ---- */

/* A part that leaves nothing behind when it fails. */
struct part {
	struct deed *deed;
	const cJSON *actions;
	struct err *e;
};

static int do_part(struct tx *tx, void *argument)
{
	struct part *p = argument;

	return deed_do(p->deed, p->actions, p->e);
}

static int open_steps(struct tx *tx, int64_t run)
{
	return db_int(tx->db, 0, "SELECT EXISTS (SELECT 1 FROM handoff_step WHERE run = ?1 AND state <> 2)",
		       "i", run) != 0;
}

static int act(struct deed *d, const cJSON *actions, struct err *e)
{
	int64_t first = store_history_end(d->db) + 1;
	int r = store_try(d->tx, do_part, &(struct part){d, actions, e});

	if (r == 0)
		r = run_rows(d->tx, d->run, first);
	if (r < 0 && !e->code)
		err_set(e, -r, "%s", strerror(-r));
	return r;
}

/* Every field that the rule saw change is again as it was before: it was refused, or a person has undone it. */
static _Bool taken_back(struct deed *d)
{
	sqlite3_stmt *q = db_query(d->db,
		"SELECT h.field, h.old FROM handoff_run r JOIN history c ON r.transition = 'change ' || c.id"
		" JOIN history h ON h.record = c.record AND h.version = c.version WHERE r.id = ?1 AND "
		"h.field >= 0",
		"i", d->run);
	_Bool any = 0, same = 1;

	while (db_row(q)) {
		const struct field *f = &type_get(d->type)->fields[sqlite3_column_int(q, 0)];
		_cleanup_json_ cJSON *old = json_stored(db_column_text(q, 1));

		if (!handoff_watches(d->rule, f))
			continue;
		any = 1;
		same &= json_equal(old, json_get(d->doc, f->name));
	}
	return any && same;
}

static int carry_out(struct deed *d)
{
	struct err e = {0};
	int fits = taken_back(d) ? 0 : deed_fits(d, &e), r;

	/* What is new was noted before it could be asked. */
	if (fits == 0 && d->rule->trigger == HANDOFF_CREATED)
		return db_run(d->db, "DELETE FROM handoff_run WHERE id = ?1", "i", d->run);
	if (fits == 0)
		return run_end(
			d->tx, d->run, RUN_DROPPED, "", "the record is no longer as the rule wants it");
	r = fits < 0 ? fits : act(d, d->rule->actions, &e);
	if (handoff_transient(r))
		return r;
	if (r < 0)
		return run_end(d->tx, d->run, RUN_FAILED, "", e.text);
	r = db_run(d->db, "UPDATE handoff_run SET acted = 1 WHERE id = ?1", "i", d->run);
	return r == 0 ? run_end(d->tx, d->run, open_steps(d->tx, d->run) ? RUN_STEPS : RUN_DONE,
				buf_text(&d->log), NULL)
		      : r;
}

/* The record and the rule that a run is about. 0, or -ENOENT when either is gone. */
static int begin(struct tx *tx, int64_t run, struct deed *d)
{
	sqlite3_stmt *q =
		db_query(tx->db, "SELECT rule, record, day FROM handoff_run WHERE id = ?1", "i", run);
	_cleanup_(mem_freep) char *rule = NULL;
	_cleanup_(mem_freep) char *day = NULL;
	int64_t record;

	if (!db_row(q))
		return -ENOENT;
	rule = str_dup(db_column_text(q, 0));
	record = sqlite3_column_int64(q, 1);
	day = str_dup(db_column_text(q, 2));
	db_done(q);
	d->tx = tx;
	d->run = run;
	return deed_begin(d, tx->store, tx->db, handoff_find(tx->stack, rule), record, day, tx->now_ms);
}

int store_handoff_carry_out(struct tx *tx, int64_t run)
{
	struct deed d = {0};
	int r = 0;

	if (db_int(tx->db, -1, "SELECT state FROM handoff_run WHERE id = ?1", "i", run) != RUN_WAITING)
		return 0;
	if (begin(tx, run, &d) < 0)
		r = run_end(tx, run, RUN_DROPPED, "", "the record is no longer there");
	else if (!d.rule)
		r = run_end(tx, run, RUN_DROPPED, "", "the rule is no longer in stack.json");
	else
		r = carry_out(&d);
	deed_finish(&d);
	return r;
}

/* ---- the steps ---- */

static void find_slots(struct deed *d)
{
	sqlite3_stmt *q = db_query(d->db,
		"SELECT m.slot, m.record, r.type FROM handoff_made m JOIN record r ON r.id = m.record"
		" WHERE m.run = ?1 AND m.slot <> ''",
		"i", d->run);

	while (db_row(q)) {
		if (d->slot_count == HANDOFF_MAX_SLOTS)
			continue;
		snprintf(d->slots[d->slot_count].name, sizeof(d->slots[0].name), "%.35s",
			db_column_text(q, 0));
		d->slots[d->slot_count].record = sqlite3_column_int64(q, 1);
		d->slots[d->slot_count++].type = (enum type_id)sqlite3_column_int(q, 2);
	}
}

/* What is to be done with what the program said. 0 or -errno with a sentence. */
static int then(
	struct tx *tx, int64_t run, const cJSON *actions, const char *result, struct buf *log, struct err *e)
{
	struct deed d = {0};
	int r = begin(tx, run, &d);

	if (r < 0)
		err_set(e, ENOENT, "the record is no longer there");
	else if (json_parse(result, strlen(result), JSON_REMOTE, &d.result, NULL, NULL) < 0 ||
		 !cJSON_IsObject(d.result))
		r = err_set(e, EINVAL, "the program did not print a JSON object: \"%.100s\"", result);
	if (r == 0) {
		find_slots(&d);
		r = act(&d, actions, e);
	}
	if (r == 0)
		r = buf_puts(log, buf_text(&d.log));
	deed_finish(&d);
	return r;
}

static int fail_step(struct tx *tx, int64_t step, int64_t run, const char *result, const char *error)
{
	int r = db_run(tx->db, "UPDATE handoff_step SET state = 3, result = ?2 WHERE id = ?1", "it", step,
		result ? result : "");

	return r == 0 ? run_end(tx, run, RUN_FAILED, "", error) : r;
}

int store_handoff_step_end(struct tx *tx, int64_t step, const char *result, const char *error)
{
	int64_t run = db_int(tx->db, 0, "SELECT run FROM handoff_step WHERE id = ?1", "i", step);
	_cleanup_(mem_freep) char *text =
		db_text(tx->db, "SELECT action FROM handoff_step WHERE id = ?1", "i", step);
	_cleanup_json_ cJSON *action = json_stored(text);
	_cleanup_(buf_finish) struct buf log = BUF_INIT(BUF_MAX_RECORD);
	struct err e = {0};
	int r = 0;

	if (error)
		return fail_step(tx, step, run, NULL, error);
	if (json_get(action, "then"))
		r = then(tx, run, json_get(action, "then"), result ? result : "", &log, &e);
	if (handoff_transient(r))
		return r;
	if (r < 0)
		return fail_step(tx, step, run, result, e.text);
	r = db_run(tx->db, "UPDATE handoff_step SET state = 2 WHERE id = ?1", "i", step);
	return r == 0 ? run_end(tx, run, open_steps(tx, run) ? RUN_STEPS : RUN_DONE, buf_text(&log), NULL)
		      : r;
}

/* ---- what a person says ---- */

/* It goes on where it was: records that it has changed are not changed again. */
static int resume(struct tx *tx, int64_t run)
{
	int r = db_run(
		tx->db, "UPDATE handoff_step SET state = 0 WHERE run = ?1 AND state IN (3, 4)", "i", run);

	if (r == 0)
		r = db_run(tx->db, "UPDATE handoff_run SET chain = rule WHERE id = ?1", "i", run);
	return r == 0 ? run_end(tx, run,
				db_int(tx->db, 0, "SELECT acted FROM handoff_run WHERE id = ?1", "i", run)
					? RUN_STEPS
					: RUN_WAITING,
				"", NULL)
		      : r;
}

/* @failed: one that failed goes on, also where another is done; otherwise it is about what a rule has never done. */
static int replay_one(struct tx *tx, const struct handoff *h, int64_t record, _Bool failed, struct err *e)
{
	int64_t run = db_int(tx->db, 0,
		"SELECT id FROM handoff_run WHERE rule = ?1 AND record = ?2"
		" ORDER BY ?3 AND state NOT IN (3, 4), state IN (3, 4, 5), id DESC LIMIT 1",
		"tii", h->name, record, (int64_t)failed);
	int state = (int)db_int(tx->db, -1, "SELECT state FROM handoff_run WHERE id = ?1", "i", run);
	struct handoff_match m = {.rule = h, .record = record};
	struct deed d = {0};
	int r;

	if (run && state < RUN_FAILED)
		return err_set(e, EEXIST, "%s has run for that record already: see run %lld in .seam/log/",
			h->name, (long long)run);
	if (run)
		return resume(tx, run);
	r = deed_begin(&d, tx->store, tx->db, h, record, NULL, tx->now_ms);
	if (r == 0)
		r = deed_fits(&d, e);
	deed_finish(&d);
	if (r <= 0)
		return r < 0 ? r : err_set(e, EINVAL, "the record is not as %s wants it", h->name);
	snprintf(m.transition, sizeof(m.transition), "replay");
	return store_handoff_note(tx, &m);
}

struct replay {
	int64_t *ids;
	size_t count;
};

static _Bool take_id(void *context, const struct listed *row)
{
	struct replay *list = context;

	list->ids = mem_grow(list->ids, list->count + 1, sizeof(*list->ids));
	list->ids[list->count++] = row->id;
	return 1;
}

int store_handoff_replay(struct tx *tx, const char *rule, int64_t record, struct err *e)
{
	const struct handoff *h = handoff_find(tx->stack, rule);
	struct replay list = {0};
	struct record_stat stat;
	int r = 0;

	if (!h)
		return err_set(e, ENOENT, "there is no hand-off \"%s\" in stack.json", rule);
	if (record && (store_record_stat(tx->db, record, &stat) < 0 || stat.type != h->type))
		return err_set(e, EINVAL, "%s is for records of the type %s", rule, type_get(h->type)->name);
	if (record)
		return replay_one(tx, h, record, 1, e);
	store_record_all(tx->db, h->type, take_id, &list);
	for (size_t i = 0; i < list.count && r == 0; i++) {
		r = replay_one(tx, h, list.ids[i], 0, NULL);
		if (!handoff_transient(r))
			r = 0;
	}
	free(list.ids);
	return r;
}

/* ---- trying ---- */

struct attempt {
	struct deed deed;
	const struct handoff *rule;
	int64_t record;
	int fits;
	struct err *e;
};

static int attempt(struct tx *tx, void *argument)
{
	struct attempt *a = argument;
	int r;

	a->deed.tx = tx;
	r = deed_begin(&a->deed, tx->store, tx->db, a->rule, a->record, NULL, tx->now_ms);
	if (r < 0)
		return err_set(a->e, ENOENT, "the record is no longer there");
	a->fits = deed_fits(&a->deed, a->e);
	if (a->fits < 0)
		return a->fits;
	r = deed_do(&a->deed, a->rule->actions, a->e);
	return r < 0 ? r : -ECANCELED; /* nothing of it stays */
}

int store_handoff_try(struct store *store, const char *rule, int64_t record, struct buf *b, struct err *e)
{
	struct attempt a = {.rule = handoff_find(store_stack(store), rule), .record = record, .e = e};
	struct record_stat stat;
	int r;

	if (!a.rule)
		return err_set(e, ENOENT, "there is no hand-off \"%s\" in stack.json", rule);
	if (store_record_stat(store_db(store), record, &stat) < 0 || stat.type != a.rule->type)
		return err_set(
			e, EINVAL, "%s is for records of the type %s", rule, type_get(a.rule->type)->name);
	r = store_write(store, attempt, &a);
	if (r == -ECANCELED) {
		r = 0;
		if (!a.fits)
			buf_puts(b, "# not as the record is now: \"when\" or \"if\" does not hold\n");
		buf_puts(b, buf_text(&a.deed.log));
	}
	deed_finish(&a.deed);
	return r < 0 ? r : b->error;
}
