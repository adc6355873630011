/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over a store alone: what is wanted once, what leads to what, and what is no event. */
#include "seamfs/store/handoff.h"

#include <errno.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/history.h"
#include "seamfs/store/local.h"
#include "seamfs/store/pair.h"
#include "test.h"

static char folder[] = "/tmp/seamfs-handoff-XXXXXX";
static struct stack *stack;
static struct store *store;

static const char more_rules[] =
	"\"called\": { \"on\": \"client\", \"when\": { \"phone\": { \"changed\": true } },"
	" \"do\": [ { \"create\": \"task\", \"set\": { \"title\": \"{phone}\" } } ] },"
	"\"welcome\": { \"on\": \"client\", \"when\": { \"status\": \"active\" }, \"once\": \"record\","
	" \"do\": [ { \"create\": \"task\", \"set\": { \"title\": \"Welcome {name}\" } } ] },"
	"\"assign\": { \"on\": \"deal\", \"when\": { \"stage\": \"qualified\" },"
	" \"do\": [ { \"create\": \"task\", \"set\": { \"title\": \"{title}\", \"project\": \"{notes}\" } } "
	"] },"
	"\"late\": { \"on\": \"deal\", \"overdue\": { \"date\": \"close_date\", \"days\": 0 }, \"if\": { "
	"\"stage\": \"lead\" },"
	" \"do\": [ { \"create\": \"task\", \"set\": { \"title\": \"Late {title}\" } } ] },"
	"\"bill\": { \"on\": \"project\", \"when\": { \"status\": \"closed\" }, \"do\": [ { \"create\": "
	"\"invoice\","
	" \"set\": { \"number\": \"{next('B-', 3)}\", \"client\": \"{client}\", \"issue_date\": \"{today}\","
	" \"lines\": { \"each\": \"time\", \"once\": true, \"line\": { \"description\": \"{item.summary}\","
	" \"quantity\": \"{item.hours}\", \"unit_price\": \"{money(80)}\" } } } } ] },"
	"\"papers\": { \"on\": \"project\", \"with\": { \"folder\": \"In/Out\" }, \"when\": { \"status\": "
	"\"archived\" }, \"do\": ["
	" { \"write\": \"{with.folder}/{next('R-', 3)}.txt\", \"text\": \"{name}\" },"
	" { \"mail\": \"a@example.org\", \"subject\": \"One\", \"text\": \"{name}\" },"
	" { \"mail\": \"b@example.org\", \"subject\": \"Two\", \"text\": \"{name}\" } ] },";

/* Ten rules, each of which starts the next one; a copy by a tool; and one that wants what is not there. */
static _Bool set_up(void)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(10000);
	_cleanup_(mem_freep) char *path = NULL;
	struct err e = {0};

	buf_puts(&b, "{ \"state\": \".\", \"tools\": { \"crm\": { \"connector\": \"csv\" },"
		     " \"drive\": { \"connector\": \"folder\", \"path\": \"drive\" } },"
		     " \"owners\": { \"contact\": \"crm\", \"document\": \"drive\" },"
		     " \"handoffs\": {");
	buf_puts(&b, more_rules);
	for (int i = 1; i <= 10; i++)
		buf_printf(&b,
			"\"r%d\": { \"on\": \"client\", \"when\": { \"city\": \"%d\" },"
			" \"do\": [ { \"update\": \"record\", \"set\": { \"city\": \"%d\" } } ] },",
			i, i, i + 1);
	buf_puts(&b, "\"seen\": { \"on\": \"contact\", \"created\": true, \"do\": [ { \"create\": \"task\","
		     " \"set\": { \"title\": \"Greet {name}\" } } ] },"
		     "\"half\": { \"on\": \"deal\", \"when\": { \"stage\": \"won\" }, \"do\": [ { "
		     "\"create\": \"task\","
		     " \"set\": { \"title\": \"Half of {title}\" } }, { \"create\": \"task\", \"set\": { "
		     "\"title\": \"x\","
		     " \"project\": \"None\" } } ] } } }");
	if (!mkdtemp(folder))
		return 0;
	path = path_join(folder, "stack.json");
	if (file_replace(path, buf_text(&b), b.len, 0600, &e) < 0 || stack_load(path, &stack, &e) < 0 ||
		store_open(folder, stack, &store, &e) < 0) {
		printf("# %s\n", e.text);
		return 0;
	}
	return 1;
}

struct call {
	struct change change;
	int64_t record;
	struct err e;
};

static int run_change(struct tx *tx, void *argument)
{
	struct call *c = argument;

	return store_change(tx, &c->change, &c->record, &c->e);
}

static int64_t put_by(int tool, enum type_id type, int64_t record, const char *patch_text, const char *cause)
{
	_cleanup_json_ cJSON *patch = NULL;
	struct call c = {
		.change = {.type = type, .record = record, .origin = {.tool = tool, .cause = cause}}};
	int r;

	check_int(json_parse(patch_text, strlen(patch_text), 0, &patch, NULL, NULL), 0);
	c.change.patch = patch;
	r = store_write(store, run_change, &c);
	return r < 0 ? r : c.record;
}

static int64_t put(enum type_id type, int64_t record, const char *patch)
{
	return put_by(-1, type, record, patch, "save");
}

static int prepare(struct tx *tx, void *argument)
{
	return store_handoff_prepare(tx);
}

static int note(struct tx *tx, void *argument)
{
	return store_handoff_note(tx, argument);
}

static int carry_out(struct tx *tx, void *argument)
{
	return store_handoff_carry_out(tx, *(int64_t *)argument);
}

/* All that is to be done, until there is nothing more. @twice: each is said twice, as after a crash. */
static void settle(_Bool twice)
{
	const struct handoff *h;
	int64_t end, run;
	_Bool more = 1;

	for (int round = 0; more && round < 100; round++) {
		more = 0;
		for (int i = 0; (h = handoff_get(stack, i)); i++) {
			struct handoff_state state;
			struct handoff_match m;

			check_int(store_handoff_state(store_db(store), h->name, &state), 0);
			if (h->trigger == HANDOFF_DATE ||
				!store_handoff_next(store, store_db(store), h, state.cursor, &m, &end))
				continue;
			more = 1;
			for (int n = 0; n <= twice; n++)
				check_int(store_write(store, note, &m), 0);
		}
		while ((run = store_handoff_waiting(store_db(store), 0))) {
			more = 1;
			for (int n = 0; n <= twice; n++)
				check_int(store_write(store, carry_out, &run), 0);
		}
	}
}

static int64_t count(const char *rule, enum run_state state)
{
	return db_int(store_db(store), 0, "SELECT count(*) FROM handoff_run WHERE rule = ?1 AND state = ?2",
		"ti", rule, (int64_t)state);
}

static void check_city(int64_t record, const char *want)
{
	_cleanup_json_ cJSON *doc = store_record_doc(store_db(store), record);

	check_text(json_get_text(doc, "city"), want);
}

TEST(what_is_there_is_no_event)
{
	put(TYPE_CLIENT, 0, "{\"name\": \"Old\", \"city\": \"5\"}");
	check_int(store_write(store, prepare, NULL), 0);
	settle(0);
	check_int(db_int(store_db(store), -1, "SELECT count(*) FROM handoff_run", ""), 0);
}

TEST(each_once_and_eight_in_a_row)
{
	int64_t record = put(TYPE_CLIENT, 0, "{\"name\": \"Chain\", \"city\": \"1\"}");

	settle(1);
	for (int i = 1; i <= 8; i++) {
		char rule[8];

		snprintf(rule, sizeof(rule), "r%d", i);
		check_int(count(rule, RUN_DONE), 1);
	}
	check_int(count("r9", RUN_STOPPED), 1);
	check_int(count("r10", RUN_DONE) + count("r10", RUN_STOPPED), 0);
	check_city(record, "9");
	check_int(store_handoff_failing(store_db(store)), 1);
}

static int pulled(struct tx *tx, void *argument)
{
	return store_handoff_first_pull(tx, store_tool_id(tx->store, 1), *(enum type_id *)argument);
}

/* A tool's answer to what a rule did is still the rule's doing; a change there later is not. */
TEST(an_answer_is_in_the_chain)
{
	int64_t record = put(TYPE_CLIENT, 0, "{\"name\": \"Answered\", \"city\": \"10\"}");
	int crm = stack_tool(stack, "crm");
	enum type_id client = TYPE_CLIENT;

	settle(0);
	check_city(record, "11");
	check_int(count("r10", RUN_DONE), 1);
	check_int(store_write(store, pulled, &client), 0);
	put_by(crm, TYPE_CLIENT, record, "{\"city\": \"10\"}", "answer");
	settle(0);
	check_int(count("r10", RUN_DONE), 1);
	check_int(count("r10", RUN_STOPPED), 1);
	check_city(record, "10");
	put_by(crm, TYPE_CLIENT, record, "{\"city\": \"0\"}", "pull");
	put_by(crm, TYPE_CLIENT, record, "{\"city\": \"10\"}", "pull");
	settle(0);
	check_int(count("r10", RUN_DONE), 2);
	check_city(record, "11");
}

TEST(a_first_pull_is_no_event)
{
	enum type_id contact = TYPE_CONTACT;

	put_by(1, TYPE_CONTACT, 0, "{\"name\": \"Ann\"}", "pull");
	check_int(store_write(store, pulled, &contact), 0);
	settle(0);
	check_int(count("seen", RUN_DONE) + count("seen", RUN_WAITING), 0);
	put_by(1, TYPE_CONTACT, 0, "{\"name\": \"Bob\"}", "pull");
	settle(1);
	check_int(count("seen", RUN_DONE), 1);
	check_int(db_int(store_db(store), 0,
			  "SELECT count(*) FROM record WHERE type = ?1 AND name = 'Greet Bob'", "i",
			  (int64_t)TYPE_TASK),
		1);
	put_by(1, TYPE_CONTACT, 0, "{\"name\": \"Cid\"}", "overruled");
	settle(0);
	check_int(count("seen", RUN_DONE), 1);
}

/* Several changes before a rule looks: the one that made it so starts it, and no other. */
TEST(a_change_is_looked_at_as_it_was)
{
	int64_t record = put(TYPE_CLIENT, 0, "{\"name\": \"Quick\", \"city\": \"a\"}"),
		before = count("r10", RUN_DONE);

	put(TYPE_CLIENT, record, "{\"city\": \"b\"}");
	put(TYPE_CLIENT, record, "{\"city\": \"10\"}");
	settle(0);
	check_int(count("r10", RUN_DONE), before + 1);
	check_city(record, "11");
	put(TYPE_CLIENT, record, "{\"city\": \"10\"}");
	put(TYPE_CLIENT, record, "{\"city\": \"c\"}");
	settle(0);
	check_int(count("r10", RUN_DONE), before + 1);
	check_int(count("r10", RUN_DROPPED), 1);
	check_city(record, "c");
}

TEST(nothing_is_half_done)
{
	put(TYPE_DEAL, 0, "{\"title\": \"Big\", \"stage\": \"won\"}");
	settle(1);
	check_int(count("half", RUN_FAILED), 1);
	check_int(
		db_int(store_db(store), 0, "SELECT count(*) FROM record WHERE name = 'Half of Big'", ""), 0);
}

TEST(trying_leaves_no_trace)
{
	int64_t record = put(TYPE_CLIENT, 0, "{\"name\": \"Tried\", \"city\": \"77\"}");
	int64_t rows = store_history_end(store_db(store));
	_cleanup_(buf_finish) struct buf b = BUF_INIT(10000);
	struct err e = {0};

	check_int(store_handoff_try(store, "r3", record, &b, &e), 0);
	check_text(buf_text(&b), "# not as the record is now: \"when\" or \"if\" does not hold\n"
				 "update clients/Tried/client.json\n-city: \"77\"\n+city: \"4\"\n");
	check_int(store_history_end(store_db(store)), rows);
	check_city(record, "77");
	check_int(store_handoff_try(store, "half", record, &b, &e), -EINVAL);
	check_int(store_handoff_try(store, "none", record, &b, &e), -ENOENT);
}

/* ---- what is no event after all ---- */

static int conflict(struct tx *tx, void *argument)
{
	_cleanup_json_ cJSON *theirs = cJSON_CreateString("+49 1");

	return store_conflict_put(tx, *(int64_t *)argument, store_tool_id(tx->store, 1),
		type_field_index(type_get(TYPE_CLIENT), "phone"), NULL, theirs);
}

static int decide(struct tx *tx, void *argument)
{
	struct origin origin = {.tool = -1, .cause = "save"};

	return store_conflict_settle(tx, *(int64_t *)argument, ~(uint64_t)0, &origin);
}

TEST(a_decision_is_no_second_change)
{
	int64_t record = put(TYPE_CLIENT, 0, "{\"name\": \"Contested\", \"phone\": \"+49 2\"}");

	settle(0);
	check_int(count("called", RUN_DONE), 1);
	check_int(store_write(store, conflict, &record), 0);
	check_int(store_write(store, decide, &record), 0);
	check_int(store_conflict_fields(store_db(store), record, 0) != 0, 0);
	settle(0);
	check_int(count("called", RUN_DONE), 1);
}

/* Noted, but not carried out yet: what was refused or taken back meanwhile starts nothing. */
TEST(what_is_taken_back_starts_nothing)
{
	int64_t record = put(TYPE_CLIENT, 0, "{\"name\": \"Refused\"}"), before = count("called", RUN_DONE),
		end;
	struct handoff_match m;
	struct handoff_state state;

	settle(0);
	put(TYPE_CLIENT, record, "{\"phone\": \"+49 3\"}");
	check_int(store_handoff_state(store_db(store), "called", &state), 0);
	check_int(store_handoff_next(
			  store, store_db(store), handoff_find(stack, "called"), state.cursor, &m, &end),
		1);
	check_int(store_write(store, note, &m), 0);
	put_by(1, TYPE_CLIENT, record, "{\"phone\": null}", "refused");
	settle(0);
	check_int(count("called", RUN_DONE), before);
	check_int(count("called", RUN_DROPPED), 1);
	put(TYPE_CLIENT, record, "{\"phone\": \"+49 4\"}");
	settle(0);
	check_int(count("called", RUN_DONE), before + 1);
}

/* ---- failed once ---- */

struct replay {
	const char *rule;
	int64_t record;
	struct err e;
};

static int replay(struct tx *tx, void *argument)
{
	struct replay *p = argument;

	return store_handoff_replay(tx, p->rule, p->record, &p->e);
}

/* That it ran for the record at another time is no reason to leave the one that failed. */
TEST(a_failed_run_goes_on_beside_a_done_one)
{
	int64_t record = put(TYPE_DEAL, 0, "{\"title\": \"Twice\", \"stage\": \"qualified\"}");
	struct replay p = {"assign", record, {0}};

	settle(0);
	check_int(count("assign", RUN_DONE), 1);
	put(TYPE_DEAL, record, "{\"stage\": \"lead\"}");
	put(TYPE_DEAL, record, "{\"stage\": \"qualified\", \"notes\": \"Nowhere\"}");
	settle(0);
	check_int(count("assign", RUN_FAILED), 1);
	put(TYPE_DEAL, record, "{\"notes\": null}");
	check_int(store_write(store, replay, &p), 0);
	settle(0);
	check_int(count("assign", RUN_FAILED), 0);
	check_int(count("assign", RUN_DONE), 2);
	check_int(store_write(store, replay, &p), -EEXIST);
}

/* The day had come, but not the hour: the tool refused what made it so, and took it later. */
TEST(a_day_is_not_lost_with_a_refusal)
{
	char today[11], patch[100];
	int minute;
	const struct handoff *h = handoff_find(stack, "late");
	struct handoff_match m;
	int64_t record, now = clock_now_ms();

	date_local(now, today, &minute);
	snprintf(patch, sizeof(patch), "{\"title\": \"Due\", \"close_date\": \"%s\"}", today);
	record = put(TYPE_DEAL, 0, patch);
	check_int(store_handoff_due(store, store_db(store), h, record, now, &m), 1);
	check_int(store_write(store, note, &m), 0);
	put(TYPE_DEAL, record, "{\"stage\": \"lost\"}");
	for (int64_t run = 0; (run = store_handoff_waiting(store_db(store), run));)
		check_int(store_write(store, carry_out, &run), 0);
	check_int(count("late", RUN_DROPPED), 1);
	check_int(store_handoff_due(store, store_db(store), h, record, now, &m), 0);
	put(TYPE_DEAL, record, "{\"stage\": \"lead\"}");
	check_int(store_handoff_due(store, store_db(store), h, record, now, &m), 1);
	check_int(store_write(store, note, &m), 0);
	for (int64_t run = 0; (run = store_handoff_waiting(store_db(store), run));)
		check_int(store_write(store, carry_out, &run), 0);
	check_int(count("late", RUN_DONE), 1);
	check_int(store_handoff_due(store, store_db(store), h, record, now, &m), 0);
}

/* ---- two records are one ---- */

struct couple {
	int64_t a, b;
	struct err e;
};

static int link_couple(struct tx *tx, void *argument)
{
	struct couple *c = argument;
	struct origin origin = {.tool = -1, .cause = "link"};

	return store_pair_link(tx, c->a, c->b, &origin, &c->e);
}

TEST(what_a_rule_did_is_done_for_both)
{
	struct couple c = {.a = put(TYPE_CLIENT, 0, "{\"name\": \"Pair Ltd\", \"status\": \"prospect\"}")};
	int64_t before;

	settle(0);
	before = count("welcome", RUN_DONE);
	c.b = put(TYPE_CLIENT, 0, "{\"name\": \"Pair\", \"status\": \"active\"}");
	settle(0);
	check_int(count("welcome", RUN_DONE), before + 1);
	check_int(store_write(store, link_couple, &c), 0);
	put(TYPE_CLIENT, c.a, "{\"status\": \"active\"}");
	settle(0);
	check_int(count("welcome", RUN_DONE), before + 1);
}

TEST(hours_are_billed_once_though_their_invoice_was_linked)
{
	struct couple c = {
		.a = put(TYPE_INVOICE, 0, "{\"number\": \"OLD-1\", \"issue_date\": \"2026-01-01\"}")};
	int64_t project = put(TYPE_PROJECT, 0, "{\"name\": \"Hours\"}");
	char patch[200];

	snprintf(patch, sizeof(patch),
		"{\"summary\": \"Work\", \"project\": %lld, \"date\": \"2026-01-02\", \"hours\": 2}",
		(long long)project);
	put(TYPE_TIME, 0, patch);
	put(TYPE_PROJECT, project, "{\"status\": \"closed\"}");
	settle(0);
	check_int(count("bill", RUN_DONE), 1);
	c.b = db_int(store_db(store), 0, "SELECT max(made) FROM handoff_used", "");
	check_int(c.b > c.a, 1);
	check_int(store_write(store, link_couple, &c), 0);
	put(TYPE_PROJECT, project, "{\"status\": \"active\"}");
	put(TYPE_PROJECT, project, "{\"status\": \"closed\"}");
	settle(0);
	check_int(count("bill", RUN_DONE), 2);
	check_int(db_int(store_db(store), 0, "SELECT count(*) FROM record WHERE type = ?1 AND state = 0", "i",
			  (int64_t)TYPE_INVOICE),
		1);
}

/* ---- outside ---- */

TEST(two_letters_are_two_drafts)
{
	int64_t project = put(TYPE_PROJECT, 0, "{\"name\": \"Paper\"}");

	put(TYPE_PROJECT, project, "{\"status\": \"archived\"}");
	settle(0);
	check_int(count("papers", RUN_STEPS), 1);
	check_int(db_int(store_db(store), 0,
			  "SELECT count(*) FROM handoff_step WHERE json_extract(action, '$.write') = "
			  "'In/Out/R-001.txt'",
			  ""),
		1);
	check_int(db_int(store_db(store), 0,
			  "SELECT count(DISTINCT json_extract(action, '$.write')) FROM handoff_step", ""),
		3);
	put(TYPE_PROJECT, project, "{\"status\": \"active\"}");
	put(TYPE_PROJECT, project, "{\"status\": \"archived\"}");
	settle(0);
	check_int(db_int(store_db(store), 0,
			  "SELECT count(DISTINCT json_extract(action, '$.write')) FROM handoff_step", ""),
		5);
}

int main(void)
{
	static const struct test_case cases[] = {TEST_RUN(what_is_there_is_no_event),
		TEST_RUN(each_once_and_eight_in_a_row), TEST_RUN(an_answer_is_in_the_chain),
		TEST_RUN(a_first_pull_is_no_event), TEST_RUN(a_change_is_looked_at_as_it_was),
		TEST_RUN(nothing_is_half_done), TEST_RUN(trying_leaves_no_trace),
		TEST_RUN(a_decision_is_no_second_change), TEST_RUN(what_is_taken_back_starts_nothing),
		TEST_RUN(a_failed_run_goes_on_beside_a_done_one), TEST_RUN(a_day_is_not_lost_with_a_refusal),
		TEST_RUN(what_a_rule_did_is_done_for_both),
		TEST_RUN(hours_are_billed_once_though_their_invoice_was_linked),
		TEST_RUN(two_letters_are_two_drafts)};
	static const char *const left[] = {
		"seamfs.db", "seamfs.db-wal", "seamfs.db-shm", "lock", "stack.json"};
	int r;

	if (!set_up())
		return 1;
	r = test_run_all(cases, sizeof(cases) / sizeof(cases[0]));
	store_close(store);
	stack_free(stack);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char path[100];

		snprintf(path, sizeof(path), "%s/%s", folder, left[i]);
		unlink(path);
	}
	rmdir(folder);
	return r;
}
