/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power loss: several threads change records on a disk that, at some moment, loses what was not synced (power_vfs.h). After
 * up to three losses in a row the database opens, is whole, has everything of which store_write() said that it is on disk,
 * and its outbox is what the records and links ask for.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "power_vfs.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/change.h"
#include "seamfs/store/outbox.h"
#include "test.h"

/* A process takes long to copy with ASan in it. */
#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 40, LIES = 8 };
#else
enum { SEEDS = 200, LIES = 40 };
#endif
enum { WRITERS = 3, CLIENTS = 12, JOBS = 60, LOSSES = 3, BAD = 1 };

/* What the writers did, and were told: in memory that outlives them. 0: nothing. */
struct witness {
	atomic_int tried[WRITERS][CLIENTS];
	atomic_int told[WRITERS][CLIENTS];
};

static char folder[] = "/tmp/seamfs-power-XXXXXX";
static char state[100];
static struct stack *stack;
static struct store *store;
static struct witness *witness;

/* One client gets one value. */
struct put {
	char name[20];
	char city[20];
};

static int put(struct tx *tx, void *argument)
{
	struct put *p = argument;
	_cleanup_json_ cJSON *patch = cJSON_CreateObject();
	struct change c = {.type = TYPE_CLIENT, .patch = patch, .origin = {.tool = -1, .cause = "test"}};
	struct err e = {0};
	int64_t record = 0;

	json_set_text(patch, "name", p->name);
	json_set_text(patch, "city", p->city);
	if (store_record_find(tx->db, TYPE_CLIENT, 0, p->name, &record) == 0)
		c.record = record;
	return store_change(tx, &c, &record, &e);
}

/* The first tool has it: what push does with an answer. */
static int confirm(struct tx *tx, void *argument)
{
	struct put *p = argument;
	int64_t record, tool = store_tool_id(tx->store, 1);
	char remote[40];
	struct link l = {0};
	int r = store_record_find(tx->db, TYPE_CLIENT, 0, p->name, &record);

	if (r < 0)
		return r;
	if (store_link_by_record(tx->db, tool, record, &l) < 0) {
		snprintf(remote, sizeof(remote), "remote-%lld", (long long)record);
		l = (struct link){.record = record, .type = TYPE_CLIENT, .remote = str_dup(remote)};
	}
	cJSON_Delete(l.ours);
	cJSON_Delete(l.theirs);
	l.ours = store_record_doc(tx->db, record);
	l.theirs = store_record_doc(tx->db, record);
	r = store_link_put(tx, tool, &l, "{}", NULL, 1);
	link_finish(&l);
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM outbox WHERE record = ?1 AND tool = ?2", "ii", record, tool);
	return r == 0 ? store_outbox_ensure(tx, record, 1) : r;
}

struct writer {
	int number;
	uint64_t random;
	pthread_t thread;
};

static void *write_much(void *argument)
{
	struct writer *w = argument;

	for (int i = 0; i < JOBS; i++) {
		int n = (int)(power_random(&w->random) % CLIENTS);
		int value = ++witness->tried[w->number][n];
		struct put p;

		snprintf(p.name, sizeof(p.name), "Client %d-%d", w->number, n);
		snprintf(p.city, sizeof(p.city), "%d", value);
		if (store_write(store, put, &p) < 0)
			_exit(BAD);
		witness->told[w->number][n] = value;
		if (power_random(&w->random) % 4 == 0 && store_write(store, confirm, &p) < 0)
			_exit(BAD);
	}
	return NULL;
}

/* The log is written back often, so that losses fall into that, too. */
static int set_checkpoints(struct tx *tx, void *argument)
{
	sqlite3_wal_autocheckpoint(tx->db->handle, *(int *)argument);
	return 0;
}

/* In a process of its own: works until the power is lost. */
static void work(uint64_t random, _Bool lies)
{
	struct writer writers[WRITERS];
	int pages = (int)(power_random(&random) % 40) + 1;
	int64_t left = (int64_t)(power_random(&random) % (power_random(&random) % 2 ? 150 : 2000));
	struct err e = {0};

	power_register(random, left, lies);
	if (store_open(state, stack, &store, &e) < 0) {
		printf("# %s\n", e.text);
		fflush(stdout);
		_exit(BAD);
	}
	store_write(store, set_checkpoints, &pages);
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.number = i, .random = random + 1 + (uint64_t)i};
		if (pthread_create(&writers[i].thread, NULL, write_much, &writers[i]) != 0)
			abort();
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	if (power_random(&random) % 2)
		store_close(store);
	power_lose();
}

/* ---- afterwards */

static int ensure_all(struct tx *tx, void *argument)
{
	int r = 0;

	for (int64_t id = 0; r == 0;) {
		id = db_int(tx->db, 0, "SELECT min(id) FROM record WHERE id > ?1", "i", id);
		if (!id)
			return 0;
		r = store_outbox_ensure(tx, id, -1);
	}
	return r;
}

static char *outbox(void)
{
	return db_text(store_db(store),
		"SELECT coalesce(group_concat(line), '') FROM (SELECT record || ' ' || tool || ' ' || "
		"version "
		"|| ' ' || copy AS line FROM outbox ORDER BY record, tool)",
		"");
}

static void check_client(int writer, int n)
{
	int told = witness->told[writer][n], tried = witness->tried[writer][n];
	_cleanup_json_ cJSON *doc = NULL;
	const char *city;
	char name[20];
	int64_t record = 0, value;

	snprintf(name, sizeof(name), "Client %d-%d", writer, n);
	if (store_record_find(store_db(store), TYPE_CLIENT, 0, name, &record) == 0)
		doc = store_record_doc(store_db(store), record);
	city = json_get_text(doc, "city");
	value = city ? strtol(city, NULL, 10) : 0;
	if (value < told || value > tried) {
		printf("# %s has %lld; its writer was told that %d is on disk, and tried up to %d\n", name,
			(long long)value, told, tried);
		test_failures++;
	}
}

static void check_all(void)
{
	_cleanup_(mem_freep) char *whole = NULL, *before = NULL, *after = NULL;
	struct err e = {0};

	check_int(store_open(state, stack, &store, &e), 0);
	if (test_failures) {
		printf("# %s\n", e.text);
		return;
	}
	whole = db_text(store_db(store), "PRAGMA integrity_check", "");
	check_text(whole, "ok");
	check_int(db_int(store_db(store), 0, "SELECT count(*) FROM pragma_foreign_key_check", ""), 0);
	for (int i = 0; i < WRITERS; i++) {
		for (int n = 0; n < CLIENTS; n++)
			check_client(i, n);
	}
	check_int(db_int(store_db(store), 0,
			  "SELECT count(*) FROM record WHERE id NOT IN (SELECT record FROM content)", ""),
		0);
	before = outbox();
	check_int(store_write(store, ensure_all, NULL), 0);
	after = outbox();
	check_text(before, after);
	store_close(store);
}

/* ---- one seed */

static void clear_state(void)
{
	static const char *const files[] = {
		"seamfs.db", "seamfs.db-wal", "seamfs.db-shm", "seamfs.db-journal", "lock"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[120];

		snprintf(path, sizeof(path), "%s/%s", state, files[i]);
		unlink(path);
	}
}

/* Runs one of the two in a process of its own; returns how that ended. */
static int apart(uint64_t random, _Bool lies, _Bool look)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (lies && (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)))
			_exit(BAD);
		if (!look)
			work(random, lies);
		test_failures = 0;
		check_all();
		fflush(stdout);
		_exit(test_failures ? BAD : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Whether all was well. */
static _Bool survive(uint64_t seed, _Bool lies)
{
	uint64_t random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	int losses = 1 + (int)(power_random(&random) % LOSSES);
	_Bool well = 1;

	memset(witness, 0, sizeof(*witness));
	clear_state();
	for (int i = 0; i < losses && well; i++)
		well = apart(power_random(&random), lies, 0) == POWER_LOST;
	return well && apart(0, lies, 1) == 0;
}

TEST(what_was_written_survives_a_power_loss)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		if (survive(seed, 0))
			continue;
		printf("# seed %d\n", (int)seed);
		test_failures++;
	}
}

/* The test itself: on a disk that syncs nothing, something is missing. */
TEST(a_disk_that_lies_is_noticed)
{
	int noticed = 0;

	for (uint64_t seed = 0; seed < LIES; seed++)
		noticed += !survive(seed, 1);
	check(noticed > LIES / 2);
}

static _Bool set_up(void)
{
	static const char config[] =
		"{\"tools\": {\"crm\": {\"connector\": \"csv\"}, \"billing\": {\"connector\": \"csv\"}},"
		"\"owners\": {\"client\": \"crm\"}, \"shares\": {\"client\": {\"billing\": \"accept\"}}}";
	char path[100];
	struct err e = {0};

	witness = mmap(NULL, sizeof(*witness), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (witness == MAP_FAILED || !mkdtemp(folder))
		return 0;
	snprintf(state, sizeof(state), "%s/state", folder);
	snprintf(path, sizeof(path), "%s/stack.json", folder);
	if (file_replace(path, config, strlen(config), 0600, &e) < 0 || stack_load(path, &stack, &e) < 0)
		return 0;
	unlink(path);
	for (int i = 1; i <= 2; i++)
		stack->tools[i].types[TYPE_CLIENT] = (struct tool_type){
			.used = 1, .reads = UINT64_MAX, .writes = UINT64_MAX, .creates = UINT64_MAX};
	return 1;
}

int main(void)
{
	static const struct test_case cases[] = {
		TEST_RUN(what_was_written_survives_a_power_loss), TEST_RUN(a_disk_that_lies_is_noticed)};
	int r;

	if (!set_up())
		return 1;
	r = test_run_all(cases, sizeof(cases) / sizeof(cases[0]));
	clear_state();
	rmdir(state);
	rmdir(folder);
	stack_free(stack);
	return r;
}
