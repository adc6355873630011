/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/history.h"
#include "store/schema.h"

enum {
	MAX_SUBSCRIBERS = 64,
	MAX_READERS = 128,
	GROUP = 64, /* jobs in one transaction */
	LOCK_TRIES = 20,
	LOCK_WAIT_US = 100000,
};

struct job {
	store_job run;
	void *argument;
	int result;
	_Bool done;
	struct job *next;
};

struct store {
	char *path;
	int lock_fd;
	const struct stack *stack;
	struct db writer;
	pthread_t thread;
	int64_t tool_ids[STACK_MAX_TOOLS];
	_Atomic int64_t position, commits;

	pthread_mutex_t mutex; /* guards everything below; never held across I/O */
	pthread_cond_t wanted;
	pthread_cond_t finished;
	struct job *first;
	struct job **last;
	_Bool stop;
	int subscribers[MAX_SUBSCRIBERS];
	size_t subscriber_count;
	struct reader *readers[MAX_READERS];
	size_t reader_count;
};

/* The connection of this thread. The key's destructor closes it when the thread ends before the store. */
struct reader {
	struct store *store;
	struct db db;
};
static __thread struct reader *thread_reader;
static pthread_key_t reader_key;
static pthread_once_t reader_once = PTHREAD_ONCE_INIT;

static struct job *take_jobs(struct store *s)
{
	struct job *list, *job;

	pthread_mutex_lock(&s->mutex);
	while (!s->first && !s->stop)
		pthread_cond_wait(&s->wanted, &s->mutex);
	list = job = s->first;
	for (int i = 1; job && job->next && i < GROUP; i++)
		job = job->next;
	if (job) {
		s->first = job->next;
		job->next = NULL;
		if (!s->first)
			s->last = &s->first;
	}
	pthread_mutex_unlock(&s->mutex);
	return list;
}

static int exec(struct store *s, const char *sql)
{
	int r = sqlite3_exec(s->writer.handle, sql, NULL, NULL, NULL);

	if (r != SQLITE_OK)
		log_error("store", "%s: %s", sql, sqlite3_errmsg(s->writer.handle));
	return db_errno(r);
}

/* What changed nothing is no step: the tests count on the same steps every time. */
static int commit(struct store *s, int64_t before)
{
	_Bool changed = sqlite3_total_changes64(s->writer.handle) != before;
	int r;

	if (changed)
		fault_step("commit");
	r = exec(s, "COMMIT");
	if (changed)
		fault_step("committed");
	if (r == 0 && changed) {
		atomic_store(&s->position, store_history_end(&s->writer));
		atomic_fetch_add(&s->commits, 1);
	}
	return r;
}

static void run_jobs(struct store *s, struct job *list)
{
	struct tx tx = {.db = &s->writer, .store = s, .stack = s->stack, .now_ms = clock_now_ms()};
	int64_t before = sqlite3_total_changes64(s->writer.handle);
	int r = exec(s, "BEGIN IMMEDIATE");

	for (struct job *job = list; r == 0 && job; job = job->next) {
		r = exec(s, "SAVEPOINT job");
		if (r < 0)
			break;
		job->result = job->run(&tx, job->argument);
		/* A full disk has ended the whole transaction already, and with it the savepoint. */
		if (job->result < 0)
			r = sqlite3_get_autocommit(s->writer.handle) ? job->result
								     : exec(s, "ROLLBACK TO job");
		if (r == 0)
			r = exec(s, "RELEASE job");
	}
	if (r == 0)
		r = commit(s, before);
	if (r < 0) {
		if (!sqlite3_get_autocommit(s->writer.handle))
			exec(s, "ROLLBACK");
		for (struct job *job = list; job; job = job->next)
			job->result = r;
	}
}

int store_try(struct tx *tx, store_job part, void *argument)
{
	int r = exec(tx->store, "SAVEPOINT part"), undo = 0;

	if (r < 0)
		return r;
	r = part(tx, argument);
	if (r < 0)
		undo = exec(tx->store, "ROLLBACK TO part");
	if (undo == 0)
		undo = exec(tx->store, "RELEASE part");
	return undo < 0 ? undo : r;
}

void store_ring(struct store *s)
{
	uint64_t one = 1;

	pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; i < s->subscriber_count; i++) {
		/* An eventfd write blocks never (EFD_NONBLOCK); a full counter is readable anyway. */
		if (write(s->subscribers[i], &one, sizeof(one)) < 0)
			continue;
	}
	pthread_mutex_unlock(&s->mutex);
}

static void *writer_main(void *argument)
{
	struct store *s = argument;
	struct job *list;

	while ((list = take_jobs(s))) {
		run_jobs(s, list);
		pthread_mutex_lock(&s->mutex);
		for (struct job *job = list, *next; job; job = next) {
			next = job->next; /* the job is gone as soon as its owner sees it done */
			job->done = 1;
		}
		pthread_cond_broadcast(&s->finished);
		pthread_mutex_unlock(&s->mutex);
		store_ring(s);
	}
	return NULL;
}

int store_write(struct store *s, store_job run, void *argument)
{
	struct job job = {.run = run, .argument = argument};

	pthread_mutex_lock(&s->mutex);
	*s->last = &job;
	s->last = &job.next;
	pthread_cond_signal(&s->wanted);
	while (!job.done)
		pthread_cond_wait(&s->finished, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
	return job.result;
}

static void reader_ends(void *value)
{
	struct reader *reader = value;
	struct store *s = reader->store;

	pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; i < s->reader_count; i++) {
		if (s->readers[i] == reader)
			s->readers[i] = s->readers[--s->reader_count];
	}
	pthread_mutex_unlock(&s->mutex);
	db_finish(&reader->db);
	free(reader);
}

static void make_reader_key(void)
{
	if (pthread_key_create(&reader_key, reader_ends) != 0)
		abort();
}

struct db *store_db(struct store *s)
{
	struct reader *reader = thread_reader;

	if (reader && reader->store == s)
		return &reader->db;
	reader = mem_alloc(sizeof(*reader));
	reader->store = s;
	if (db_open(&reader->db, s->path, 1) < 0)
		abort();
	sqlite3_exec(
		reader->db.handle, "PRAGMA cache_size = -1024; PRAGMA query_only = ON;", NULL, NULL, NULL);
	pthread_mutex_lock(&s->mutex);
	if (s->reader_count == MAX_READERS)
		abort();
	s->readers[s->reader_count++] = reader;
	pthread_mutex_unlock(&s->mutex);
	pthread_once(&reader_once, make_reader_key);
	pthread_setspecific(reader_key, reader);
	thread_reader = reader;
	return &reader->db;
}

int64_t store_position(struct store *s)
{
	return atomic_load(&s->position);
}

int64_t store_commits(struct store *s)
{
	return atomic_load(&s->commits);
}

char *store_dir(struct store *s)
{
	return path_dir(s->path);
}

const struct stack *store_stack(struct store *s)
{
	return s->stack;
}

int store_subscribe(struct store *s)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	pthread_mutex_lock(&s->mutex);
	if (s->subscriber_count == MAX_SUBSCRIBERS)
		abort();
	s->subscribers[s->subscriber_count++] = fd;
	pthread_mutex_unlock(&s->mutex);
	return fd;
}

int64_t store_tool_id(struct store *s, int tool)
{
	return s->tool_ids[tool];
}

int store_tool_index(struct store *s, int64_t id)
{
	for (int i = 0; i < s->stack->tool_count; i++) {
		if (s->tool_ids[i] == id)
			return i;
	}
	return -1;
}

/* Writes that were under way when the last daemon ended have an unknown outcome: 1 is "sending", 2 "unknown". */
static int prepare(struct tx *tx, void *argument)
{
	struct store *s = argument;
	int r = 0;

	for (int i = 0; i < s->stack->tool_count && r == 0; i++) {
		r = db_run(tx->db, "INSERT INTO tool (name, made_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
			"ti", s->stack->tools[i].name, tx->now_ms);
		s->tool_ids[i] = db_int(
			tx->db, 0, "SELECT id FROM tool WHERE name = ?1", "t", s->stack->tools[i].name);
	}
	if (r == 0)
		r = db_run(tx->db, "UPDATE outbox SET state = 2, next_ms = 0 WHERE state = 1", "");
	if (r == 0)
		r = db_run(tx->db,
			"UPDATE outbox SET next_ms = 0, state = CASE state WHEN 3 THEN 0 ELSE state END", "");
	/* Editors' leftovers go after a week; a draft of a record stays until its writer removes it. */
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM scratch WHERE mtime < ?1 AND name NOT LIKE '%.json'", "i",
			tx->now_ms - INT64_C(604800000));
	if (r == 0)
		r = db_run(
			tx->db, "DELETE FROM event", ""); /* a new mount starts with an empty kernel cache */
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT && r == 0; t++) {
		const struct type *type = type_get((enum type_id)t);

		for (const struct field *f = type->fields; f->name && r == 0; f++) {
			for (const char *const *c = f->choices; (f->flags & FIELD_VIEW) && c && *c && r == 0;
				c++)
				r = db_run(tx->db,
					"INSERT INTO value (type, field, name, fixed) VALUES (?1, ?2, ?3, 1) "
					"ON CONFLICT DO NOTHING",
					"iit", (int64_t)t, (int64_t)(f - type->fields), *c);
		}
	}
	return r;
}

/* One that was killed holds its lock until the last of its threads is gone. */
static int lock_in_time(int fd)
{
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i == LOCK_TRIES || errno != EWOULDBLOCK)
			return -errno;
		usleep(LOCK_WAIT_US);
	}
	return 0;
}

static int lock_dir(struct store *s, const char *dir, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(dir, "lock");

	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return err_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	if (lock_in_time(s->lock_fd) < 0)
		return err_set(e, EBUSY, "another seamfs already works on %s; unmount it first", dir);
	return 0;
}

static struct store *new_store(const char *dir, const struct stack *stack)
{
	struct store *s = mem_alloc(sizeof(*s));

	s->stack = stack;
	s->path = path_join(dir, "seamfs.db");
	s->lock_fd = -1;
	s->last = &s->first;
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->wanted, NULL);
	pthread_cond_init(&s->finished, NULL);
	return s;
}

int store_open(const char *dir, const struct stack *stack, struct store **ret, struct err *e)
{
	struct store *s = new_store(dir, stack);
	int r;

	r = file_make_dirs(dir, 0700, e);
	if (r == 0)
		r = lock_dir(s, dir, e);
	if (r == 0) {
		mode_t mask = umask(077);

		r = db_open(&s->writer, s->path, 0);
		if (r < 0)
			err_set(e, -r, "cannot open the database %s: %s", s->path, strerror(-r));
		else
			r = schema_migrate(&s->writer, s->path, e);
		umask(mask);
	}
	if (r == 0 && pthread_create(&s->thread, NULL, writer_main, s) != 0)
		r = err_set(e, EAGAIN, "cannot start a thread");
	if (r < 0) {
		s->thread = 0;
		store_close(s);
		return r;
	}
	atomic_store(&s->position, store_history_end(&s->writer));
	r = store_write(s, prepare, s);
	if (r < 0) {
		store_close(s);
		return err_set(e, -r, "cannot prepare the database %s: %s", dir, strerror(-r));
	}
	*ret = s;
	return 0;
}

int store_view(const char *dir, const struct stack *stack, struct store **ret, struct err *e)
{
	struct store *s = new_store(dir, stack);
	int r;

	r = access(s->path, R_OK) < 0 ? -errno : 0;
	if (r < 0)
		err_set(e, -r, "cannot read the database %s: %s", s->path, strerror(-r));
	else
		r = schema_check(store_db(s), s->path, e);
	if (r < 0) {
		store_close(s);
		return r;
	}
	atomic_store(&s->position, store_history_end(store_db(s)));
	for (int i = 0; i < stack->tool_count; i++)
		s->tool_ids[i] = db_int(
			store_db(s), 0, "SELECT id FROM tool WHERE name = ?1", "t", stack->tools[i].name);
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->thread) {
		pthread_mutex_lock(&s->mutex);
		s->stop = 1;
		pthread_cond_signal(&s->wanted);
		pthread_mutex_unlock(&s->mutex);
		pthread_join(s->thread, NULL);
	}
	/* Every other thread has ended by now; what is left is this thread's own. */
	while (s->reader_count)
		reader_ends(s->readers[0]);
	pthread_once(&reader_once, make_reader_key);
	pthread_setspecific(reader_key, NULL);
	thread_reader = NULL;
	if (s->writer.handle) {
		sqlite3_wal_checkpoint_v2(s->writer.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		db_finish(&s->writer);
	}
	for (size_t i = 0; i < s->subscriber_count; i++)
		close(s->subscribers[i]);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_mutex_destroy(&s->mutex);
	pthread_cond_destroy(&s->wanted);
	pthread_cond_destroy(&s->finished);
	free(s->path);
	free(s);
}
