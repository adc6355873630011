/* SPDX-License-Identifier: Apache-2.0 */
/* "run": a program of the owner's, with the record on its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "sync/handoff.h"

enum { MAX_WORDS = 64, MAX_VARIABLES = 64, SLICE_MS = 20, STOP_MS = 1000, LAST_MS = 200 };

/* A program that runs. Descriptors are ours, -1: closed. */
struct child {
	pid_t pid;
	int in, out, complaints;
	const char *text; /* for its standard input */
	size_t left;
	struct buf said, complained;
};

/* Of our own environment it gets what every program needs, and no secret. */
static const char *const passed[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"};

static void make_environment(const struct handoff_step *step, char *env[MAX_VARIABLES + 1])
{
	const cJSON *own = json_get(step->action, "env"), *item;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *value = getenv(passed[i]);

		if (value && !json_get(own, passed[i]))
			env[n++] = str_format("%s=%s", passed[i], value);
	}
	/* The same on every try, so that the program can see what it has done already. */
	env[n++] =
		str_format("SEAMFS_KEY=%s-%lld-%lld", step->rule, (long long)step->run, (long long)step->id);
	cJSON_ArrayForEach (item, own) {
		if (n < MAX_VARIABLES)
			env[n++] = str_format("%s=%s", item->string, json_text(item));
	}
	env[n] = NULL;
}

static int spawn(char *const argv[], char *const env[], const char *dir, const int in[2], const int out[2],
	const int complaints[2], pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, ordinary;
	int r;

	sigemptyset(&none);
	sigemptyset(&ordinary);
	sigaddset(&ordinary, SIGPIPE); /* which is ignored in our own process */
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addchdir_np(&files, dir);
	posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, complaints[1], STDERR_FILENO);
	posix_spawnattr_init(&how);
	/* Its own group, so that what it started ends with it; no blocked signals from our threads. */
	posix_spawnattr_setflags(
		&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&how, &ordinary);
	posix_spawnattr_setsigmask(&how, &none);
	r = posix_spawnp(ret, argv[0], &files, &how, argv, env);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

static void close_end(int *fd)
{
	fd_closep(fd);
	*fd = -1;
}

static int start(struct child *c, const cJSON *words, char *const env[], const char *dir)
{
	char *argv[MAX_WORDS + 1] = {0};
	int in[2] = {-1, -1}, out[2] = {-1, -1}, complaints[2] = {-1, -1}, r = 0;
	const cJSON *word;
	size_t n = 0;

	cJSON_ArrayForEach (word, words) {
		if (n == MAX_WORDS)
			return -E2BIG;
		argv[n++] = word->valuestring;
	}
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(complaints, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0)
		r = spawn(argv, env, dir, in, out, complaints, &c->pid);
	close_end(&in[0]);
	close_end(&out[1]);
	close_end(&complaints[1]);
	c->in = in[1];
	c->out = out[0];
	c->complaints = complaints[0];
	if (r == 0 && (fcntl(c->in, F_SETFL, O_NONBLOCK) < 0 || fcntl(c->out, F_SETFL, O_NONBLOCK) < 0 ||
			      fcntl(c->complaints, F_SETFL, O_NONBLOCK) < 0))
		r = -errno;
	return r;
}

static void feed(struct child *c)
{
	ssize_t n = c->left ? write(c->in, c->text, c->left) : 0;

	if (n > 0) {
		c->text += n;
		c->left -= (size_t)n;
	}
	/* It may have closed its end: what it does not want to read is no mistake. */
	if (!c->left || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&c->in);
}

/* Whether more may come; what is over the ceiling is read and left. */
static void drain(int *fd, struct buf *b)
{
	char bytes[4096];
	ssize_t n = read(*fd, bytes, sizeof(bytes));

	if (n > 0)
		(void)buf_add(b, bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_end(fd);
}

static void exchange(struct child *c, int wait_ms)
{
	struct pollfd p[3] = {{.fd = c->in, .events = POLLOUT}, {.fd = c->out, .events = POLLIN},
		{.fd = c->complaints, .events = POLLIN}};

	if (poll(p, 3, wait_ms) <= 0)
		return;
	if (p[0].revents)
		feed(c);
	if (p[1].revents)
		drain(&c->out, &c->said);
	if (p[2].revents)
		drain(&c->complaints, &c->complained);
}

/* The wait status, -ETIMEDOUT, or -EINTR when seamfs itself ends. */
static int await(struct handoffs *h, struct child *c, int64_t limit_ms)
{
	int64_t deadline = clock_steady_ms() + limit_ms, stopped = 0;
	int status;

	while (waitpid(c->pid, &status, WNOHANG) == 0) {
		int64_t now = clock_steady_ms();

		if (atomic_load(h->stop) && !stopped)
			stopped = now;
		if (now >= deadline || (stopped && now - stopped >= STOP_MS)) {
			kill(-c->pid, SIGKILL);
			waitpid(c->pid, &status, 0);
			return now >= deadline ? -ETIMEDOUT : -EINTR;
		}
		exchange(c, SLICE_MS);
	}
	/* What it left behind in the background may hold the pipes open: only what is there counts. */
	for (int64_t last = clock_steady_ms() + LAST_MS;
		(c->out >= 0 || c->complaints >= 0) && clock_steady_ms() < last;)
		exchange(c, SLICE_MS);
	return status;
}

static int judge(struct child *c, const char *program, int status, int64_t limit_ms, struct err *e)
{
	const char *complaint;
	size_t n;

	while (c->complained.len && strchr("\r\n", c->complained.data[c->complained.len - 1]))
		(void)buf_resize(&c->complained, c->complained.len - 1);
	complaint = strrchr(buf_text(&c->complained), '\n');
	complaint = complaint ? complaint + 1 : buf_text(&c->complained);
	n = strlen(complaint);
	if (n)
		utf8_disarm(c->complained.data);
	if (status == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "\"%s\" did not end within %lld seconds and was killed", program,
			(long long)limit_ms / 1000);
	if (status == -EINTR)
		return err_set(e, EINTR, "\"%s\" was killed because seamfs was to end", program);
	if (WIFSIGNALED(status))
		return err_set(e, EIO, "\"%s\" was ended by signal %d", program, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(e, EPROTO, "\"%s\" failed with exit code %d%s%.200s", program,
			WEXITSTATUS(status), n ? ": " : "", complaint);
	return c->said.error ? err_set(e, E2BIG, "\"%s\" printed more than 1 MiB", program) : 0;
}

int handoff_program(struct handoffs *h, const struct handoff_step *step, char **ret_result, struct err *e)
{
	const cJSON *words = json_get(step->action, "run");
	const char *text = json_get_text(step->action, "stdin"), *program = json_text(words->child);
	struct child c = {.in = -1,
		.out = -1,
		.complaints = -1,
		.text = text ? text : "",
		.left = text ? strlen(text) : 0,
		.said = BUF_INIT(BUF_MAX_RECORD),
		.complained = BUF_INIT(65536)};
	char *env[MAX_VARIABLES + 1];
	int64_t seconds = 0;
	int r;

	(void)json_int64(json_get(step->action, "seconds"), &seconds);
	make_environment(step, env);
	r = start(&c, words, env, h->stack->base_dir);
	if (r < 0)
		err_set(e, -r, "\"%s\" cannot be started: %s", program, strerror(-r));
	else
		r = judge(&c, program, await(h, &c, seconds * 1000), seconds * 1000, e);
	if (r == 0)
		*ret_result = str_dup(buf_text(&c.said));
	close_end(&c.in);
	close_end(&c.out);
	close_end(&c.complaints);
	for (char **p = env; *p; p++)
		free(*p);
	buf_finish(&c.said);
	buf_finish(&c.complained);
	return r;
}
