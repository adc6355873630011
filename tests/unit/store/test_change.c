/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/change.h"

#include <errno.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/hint.h"
#include "seamfs/store/history.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"
#include "test.h"

static char folder[] = "/tmp/seamfs-store-XXXXXX";
static struct stack *stack;
static struct store *store;

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

/* Makes or changes a record as a person would; returns its id or -errno. */
static int64_t put(enum type_id type, int64_t record, const char *patch_text)
{
	cJSON *patch = NULL;
	struct call c = {.change = {.type = type, .record = record, .origin = {.tool = -1, .cause = "test"}}};
	int r;

	check_int(json_parse(patch_text, strlen(patch_text), 0, &patch, NULL, NULL), 0);
	c.change.patch = patch;
	r = store_write(store, run_change, &c);
	cJSON_Delete(patch);
	return r < 0 ? r : c.record;
}

static void check_name(int64_t record, const char *want)
{
	char *name = store_record_name(store_db(store), record);

	check_text(name, want);
	free(name);
}

TEST(names_are_given_once)
{
	int64_t a = put(TYPE_CLIENT, 0, "{\"name\": \"Acme\"}"),
		b = put(TYPE_CLIENT, 0, "{\"name\": \"ACME\"}"), found = 0;
	char *name = store_record_name(store_db(store), b);

	check_name(a, "Acme");
	check(strncmp(name, "ACME ~", 6) == 0 && strlen(name) == 10);
	check_int(put(TYPE_CLIENT, a, "{\"name\": \"Acme Ltd\"}"), a);
	check_name(a, "Acme Ltd");
	check_int(store_record_find(store_db(store), TYPE_CLIENT, 0, "Acme", &found), 0);
	check_int(found, a);
	check_name(b, name);
	free(name);
}

TEST(a_renamed_client_is_renamed_everywhere)
{
	int64_t client = put(TYPE_CLIENT, 0, "{\"name\": \"Before\"}"), value = 0, invoice;
	char patch[100], *target;
	struct buf b = BUF_INIT(10000);

	snprintf(patch, sizeof(patch), "{\"number\": \"R-1\", \"client\": %lld}", (long long)client);
	invoice = put(TYPE_INVOICE, 0, patch);
	put(TYPE_CLIENT, client, "{\"name\": \"After\"}");
	check_int(store_record_body(store_db(store), invoice, &b), 0);
	check(strstr(buf_text(&b), "\"client\": \"After\"") != NULL);
	check_int(store_value_find(store_db(store), TYPE_INVOICE, 1, "After", &value), 0);
	target = store_facet_target(store_db(store), value, invoice);
	check_text(target, "../../../R-1.json");
	check_int(store_value_find(store_db(store), TYPE_INVOICE, 1, "Before", &value), -ENOENT);
	free(target);
	buf_finish(&b);
}

TEST(a_part_lives_in_its_whole)
{
	int64_t project = put(TYPE_PROJECT, 0, "{\"name\": \"P\"}"), task, found = 0;
	struct record_stat stat = {0};
	char patch[100];

	task = put(TYPE_TASK, 0, "{\"title\": \"T\"}");
	store_record_stat(store_db(store), task, &stat);
	check_int(stat.whole, 0);
	snprintf(patch, sizeof(patch), "{\"project\": %lld}", (long long)project);
	put(TYPE_TASK, task, patch);
	store_record_stat(store_db(store), task, &stat);
	check_int(stat.whole, project);
	check_int(store_record_find(store_db(store), TYPE_TASK, project, "T", &found), 0);
	check_int(found, task);
}

TEST(a_refused_change_leaves_no_trace)
{
	int64_t before = db_int(store_db(store), 0, "SELECT count(*) FROM record", "");

	check_int(put(TYPE_PAYMENT, 0, "{\"number\": \"1\"}"), -EINVAL);
	check_int(db_int(store_db(store), 0, "SELECT count(*) FROM record", ""), before);
	check_int(put(TYPE_CLIENT, 999999, "{\"name\": \"x\"}"), -ENOENT);
}

TEST(a_number_is_given_once)
{
	int64_t first = put(TYPE_INVOICE, 0, "{\"number\": \"INV-77\"}");

	check(first > 0);
	check_int(put(TYPE_INVOICE, 0, "{\"number\": \"inv-77\"}"), -EEXIST);
	check_int(put(TYPE_INVOICE, first, "{\"notes\": \"x\"}"), first);
}

TEST(the_same_again_is_no_change)
{
	int64_t client = put(TYPE_CLIENT, 0, "{\"name\": \"Same\"}");
	struct record_stat first = {0}, second = {0};

	store_record_stat(store_db(store), client, &first);
	put(TYPE_CLIENT, client, "{\"name\": \"Same\"}");
	store_record_stat(store_db(store), client, &second);
	check_int(first.version, second.version);
}

/* The owner is sent first, the copy after it, and a new record only after the tool was listed whole. */
static int complete(struct tx *tx, void *argument)
{
	return store_cursor_put(tx, store_tool_id(tx->store, *(int *)argument), TYPE_CLIENT, NULL, 1, 1);
}

static int finish_row(struct tx *tx, void *argument)
{
	return store_outbox_remove(tx, *(int64_t *)argument);
}

TEST(the_outbox_keeps_its_order)
{
	int crm = stack_tool(stack, "crm"), billing = stack_tool(stack, "billing");
	struct outbox_row row = {0}, again = {0};
	int64_t client, wake;

	client = put(TYPE_CLIENT, 0, "{\"name\": \"Sent\"}");
	check_int(store_outbox_next(store_db(store), store_tool_id(store, crm), INT64_MAX, &row, &wake),
		-ENOENT);
	store_write(store, complete, &crm);
	store_write(store, complete, &billing);
	do {
		check_int(
			store_outbox_next(store_db(store), store_tool_id(store, crm), INT64_MAX, &row, &wake),
			0);
		if (row.record != client)
			store_write(store, finish_row, &row.seq);
	} while (row.record != client && !test_failures);
	put(TYPE_CLIENT, client, "{\"city\": \"Bonn\"}");
	check_int(store_outbox_next(store_db(store), store_tool_id(store, crm), INT64_MAX, &again, &wake), 0);
	check_int(again.seq, row.seq);
	check_text(again.key, row.key);
	check_int(store_settled(store_db(store), client, again.version, NULL), 1);
	check_int(
		db_int(store_db(store), 0, "SELECT count(*) FROM outbox WHERE record = ?1", "i", client), 2);
	while (store_outbox_next(store_db(store), store_tool_id(store, billing), INT64_MAX, &again, &wake) ==
		0) {
		check(again.record != client);
		store_write(store, finish_row, &again.seq);
	}
	store_write(store, finish_row, &row.seq);
	check_int(store_outbox_next(store_db(store), store_tool_id(store, billing), INT64_MAX, &again, &wake),
		0);
	check_int(again.record, client);
	check_int(store_settled(store_db(store), client, row.version, NULL), 0);
}

struct marking {
	int64_t seq;
	enum outbox_state state;
};

static int mark_row(struct tx *tx, void *argument)
{
	const struct marking *m = argument;

	return m->state == OUTBOX_SENDING ? store_outbox_sending(tx, m->seq, 0, 0)
					  : store_outbox_mark(tx, m->seq, m->state, 0, NULL);
}

static int64_t mark(int64_t seq, enum outbox_state state)
{
	struct marking m = {seq, state};

	usleep(5000);
	check_int(store_write(store, mark_row, &m), 0);
	return db_int(store_db(store), 0, "SELECT sent_ms FROM outbox WHERE seq = ?1", "i", seq);
}

/* What may have been made then is looked for from then on, however often looking fails. */
TEST(an_unknown_outcome_keeps_its_time)
{
	int64_t client = put(TYPE_CLIENT, 0, "{\"name\": \"Unknown\"}"), seq, first;

	seq = db_int(store_db(store), 0, "SELECT min(seq) FROM outbox WHERE record = ?1", "i", client);
	first = mark(seq, OUTBOX_SENDING);
	check(first > 0);
	check_int(mark(seq, OUTBOX_UNKNOWN), first);
	check_int(mark(seq, OUTBOX_SENDING), first);
	check_int(db_int(store_db(store), 0, "SELECT state * 10 + attempts FROM outbox WHERE seq = ?1", "i",
			  seq),
		12);
	mark(seq, OUTBOX_READY);
	check(mark(seq, OUTBOX_SENDING) > first);
	mark(seq, OUTBOX_REJECTED);
}

TEST(one_daemon_a_folder)
{
	struct store *second = NULL;
	struct err e = {0};

	check_int(store_open(folder, stack, &second, &e), -EBUSY);
	check(strstr(e.text, "another seamfs") != NULL);
}

TEST(all_is_there_after_a_restart)
{
	int64_t client = put(TYPE_CLIENT, 0, "{\"name\": \"Stays\"}");
	struct err e = {0};

	store_close(store);
	check_int(store_open(folder, stack, &store, &e), 0);
	check_name(client, "Stays");
}

static _Bool set_up(void)
{
	static const char config[] =
		"{\"tools\": {\"crm\": {\"connector\": \"csv\"}, \"billing\": {\"connector\": \"csv\"}},"
		"\"owners\": {\"client\": \"crm\"}, \"shares\": {\"client\": {\"billing\": \"accept\"}}}";
	char path[100];
	struct err e = {0};

	if (!mkdtemp(folder))
		return 0;
	snprintf(path, sizeof(path), "%s/stack.json", folder);
	if (file_replace(path, config, strlen(config), 0600, &e) < 0 || stack_load(path, &stack, &e) < 0)
		return 0;
	for (int i = 1; i <= 2; i++)
		stack->tools[i].types[TYPE_CLIENT] = (struct tool_type){
			.used = 1, .reads = UINT64_MAX, .writes = UINT64_MAX, .creates = UINT64_MAX};
	return store_open(folder, stack, &store, &e) == 0;
}

struct noting {
	int64_t record;
	cJSON *lost;
};

static int run_note(struct tx *tx, void *argument)
{
	const struct noting *n = argument;
	struct origin origin = {.tool = -1, .cause = "overruled"};
	const struct type *type = type_get(TYPE_CLIENT);
	_cleanup_json_ cJSON *kept = store_record_doc(tx->db, n->record);

	return store_history_note(
		tx, n->record, n->lost, kept, field_bit(type, type_field(type, "city")), &origin);
}

/* What a copy said and its owner overruled was never the record's: a save is not compared with it. */
TEST(a_note_is_no_change)
{
	struct noting n = {
		put(TYPE_CLIENT, 0, "{\"name\": \"Noted\", \"city\": \"Bonn\"}"), cJSON_CreateObject()};
	int64_t before = store_position(store);
	cJSON *doc;

	json_set_text(n.lost, "city", "Lost");
	check_int(store_write(store, run_note, &n), 0);
	check(!store_record_changed(store_db(store), n.record, before));
	put(TYPE_CLIENT, n.record, "{\"city\": \"Gouda\"}");
	check(store_record_changed(store_db(store), n.record, before));
	doc = store_record_doc_at(store_db(store), n.record, before);
	check_text(json_get_text(doc, "city"), "Bonn");
	cJSON_Delete(doc);
	cJSON_Delete(n.lost);
}

/* More than are kept, at one moment each; a key of middleware is older than all of them. */
static int flood(struct tx *tx, void *argument)
{
	int r = db_run(tx->db,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
		" INSERT INTO heard (tool, id, record, ms) SELECT 1, 'm' || i, 0, ?2 + i FROM n",
		"ii", (int64_t)HEARD_MOST + 10, tx->now_ms);

	return r == 0 ? store_heard(tx, 1, "one more", 0) : r;
}

static int hear_key(struct tx *tx, void *argument)
{
	return store_heard(tx, 0, "order-17", 7);
}

TEST(what_tools_say_makes_no_order_be_forgotten)
{
	int64_t record;

	check_int(store_write(store, hear_key, NULL), 0);
	usleep(2000);
	check_int(store_write(store, flood, NULL), 0);
	check_int(
		db_int(store_db(store), 0, "SELECT count(*) FROM heard WHERE tool = 1", "") <= HEARD_MOST + 1,
		1);
	check_int(store_heard_record(store_db(store), 0, "order-17", &record), 0);
	check_int(record, 7);
	check_int(store_write(store, hear_key, NULL), -EALREADY);
}

int main(void)
{
	static const struct test_case cases[] = {TEST_RUN(names_are_given_once),
		TEST_RUN(a_renamed_client_is_renamed_everywhere), TEST_RUN(a_part_lives_in_its_whole),
		TEST_RUN(a_refused_change_leaves_no_trace), TEST_RUN(a_number_is_given_once),
		TEST_RUN(the_same_again_is_no_change), TEST_RUN(the_outbox_keeps_its_order),
		TEST_RUN(an_unknown_outcome_keeps_its_time), TEST_RUN(one_daemon_a_folder),
		TEST_RUN(all_is_there_after_a_restart), TEST_RUN(a_note_is_no_change),
		TEST_RUN(what_tools_say_makes_no_order_be_forgotten)};
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
