/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/net/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { COMMAND_LIMIT_MS = 10000, KEEP_LIMIT_MS = 120000, COMMAND_MAX_WORDS = 64 };

extern char **environ;

const char *secret_text(const struct secret *s)
{
	return s->text ? s->text : "";
}

void secret_wipe_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void secret_finish(struct secret *s)
{
	secret_wipe_text(s->text);
	s->text = NULL;
}

/*
 * Reads until the end, SECRET_MAX or @deadline_ms (0: none). The buffer is fixed, so no copy is left behind
 * by growing.
 */
static int read_all(int fd, char *bytes, size_t *ret_len, int64_t deadline_ms)
{
	size_t len = 0;

	while (len < SECRET_MAX) {
		ssize_t n;

		if (deadline_ms) {
			int64_t left = deadline_ms - clock_steady_ms();
			struct pollfd p = {.fd = fd, .events = POLLIN};

			if (left <= 0 || poll(&p, 1, (int)left) == 0)
				return -ETIMEDOUT;
		}
		n = read(fd, bytes + len, SECRET_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

/* Takes the first line of @bytes. */
static int first_line(const char *bytes, size_t len, const char *where, struct secret *ret, struct err *e)
{
	size_t n = 0;

	while (n < len && bytes[n] != '\n' && bytes[n] != '\r')
		n++;
	if (n == 0)
		return err_set(e, EINVAL, "%s holds no secret: its first line is empty", where);
	if (n == SECRET_MAX || memchr(bytes, '\0', n))
		return err_set(e, EINVAL,
			"%s holds no secret that can be used: its first line is longer than %zu bytes "
			"or has a NUL byte in it",
			where, SECRET_MAX);
	ret->text = mem_dup(bytes, n);
	return 0;
}

static int read_secret(int fd, const char *where, int64_t deadline_ms, struct secret *ret, struct err *e)
{
	char *bytes = mem_alloc(SECRET_MAX);
	size_t len = 0;
	int r = read_all(fd, bytes, &len, deadline_ms);

	if (r == -ETIMEDOUT)
		err_set(e, ETIMEDOUT, "%s gave no secret within %d seconds", where, COMMAND_LIMIT_MS / 1000);
	else if (r < 0)
		err_set(e, -r, "%s cannot be read: %s", where, strerror(-r));
	else
		r = first_line(bytes, len, where, ret, e);
	explicit_bzero(bytes, SECRET_MAX);
	free(bytes);
	return r;
}

int secret_open(const char *path, _Bool private, int *ret_fd, struct stat *ret, struct err *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, EINVAL, "%s is a symbolic link; name the file itself", path);
	if (fd < 0 || fstat(fd, ret) < 0)
		return err_set(e, errno, "%s cannot be opened: %s", path, strerror(errno));
	if (!S_ISREG(ret->st_mode))
		return err_set(e, EINVAL, "%s is not a regular file", path);
	if (private && (ret->st_mode & 077))
		return err_set(e, EINVAL, "others may read or write %s: run \"chmod 600 %s\"", path, path);
	if (private && ret->st_uid != geteuid() && ret->st_uid != 0)
		return err_set(e, EINVAL,
			"%s belongs to somebody else: make it yours and run \"chmod 600 %s\"", path, path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int from_file(const char *path, _Bool private, struct secret *ret, struct err *e)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;
	int r = secret_open(path, private, &fd, &st, e);

	return r < 0 ? r : read_secret(fd, path, 0, ret, e);
}

static int from_credential(const char *name, struct secret *ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = NULL;
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (!*name || strchr(name, '/') || name[0] == '.')
		return err_set(e, EINVAL, "a credential's name has no '/' and no '.' at its start");
	if (!dir)
		return err_set(e, EINVAL,
			"credential \"%s\": $CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit "
			"with "
			"LoadCredential=%s:…",
			name, name);
	path = path_join(dir, name);
	return from_file(path, 0, ret, e);
}

/* @in, @out: descriptors; -1: nothing */
static int start(char *const argv[], int in, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	if (in < 0)
		posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (out < 0)
		posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&how);
	/* Its own group, so that what it started ends with it; no blocked signals from our threads. */
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&how, &none);
	r = posix_spawnp(ret_pid, argv[0], &files, &how, argv, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Waits for the end of @pid; kills its group at the deadline. Returns the wait status or -ETIMEDOUT. */
static int await(pid_t pid, int64_t deadline_ms)
{
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_steady_ms() >= deadline_ms) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -ETIMEDOUT;
		}
		usleep(5000);
	}
	return status;
}

/* What await() said. */
static int ended(const char *program, int status, int limit_ms, struct err *e)
{
	if (status < 0)
		return err_set(
			e, ETIMEDOUT, "\"%s\" did not end within %d seconds", program, limit_ms / 1000);
	if (WIFSIGNALED(status))
		return err_set(e, EINVAL, "\"%s\" was ended by signal %d", program, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(e, EINVAL, "\"%s\" failed with exit code %d", program, WEXITSTATUS(status));
	return 0;
}

static int run(char *const argv[], struct secret *ret, struct err *e)
{
	int64_t deadline_ms = clock_steady_ms() + COMMAND_LIMIT_MS;
	int ends[2], r, status;
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "no pipe for \"%s\": %s", argv[0], strerror(errno));
	r = start(argv, -1, ends[1], &pid);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return err_set(e, -r, "\"%s\" cannot be started: %s", argv[0], strerror(-r));
	}
	r = read_secret(ends[0], argv[0], deadline_ms, ret, e);
	close(ends[0]);
	status = await(pid, r < 0 && r != -EINVAL ? 0 : deadline_ms);
	if (status == 0 || r == -ETIMEDOUT)
		return r;
	secret_finish(ret);
	return ended(argv[0], status, COMMAND_LIMIT_MS, e);
}

static int from_command(const cJSON *words, struct secret *ret, struct err *e)
{
	char *argv[COMMAND_MAX_WORDS + 1] = {0};
	const cJSON *word;
	size_t n = 0;

	cJSON_ArrayForEach (word, words) {
		if (!json_text(word) || n == COMMAND_MAX_WORDS)
			return err_set(e, EINVAL,
				"a command is a list of at most %d texts: the program and its arguments",
				COMMAND_MAX_WORDS);
		argv[n++] = word->valuestring;
	}
	if (n == 0)
		return err_set(e, EINVAL, "a command is a list of texts: the program and its arguments");
	return run(argv, ret, e);
}

int secret_load(const cJSON *source, const char *base_dir, struct secret *ret, struct err *e)
{
	static const char forms[] = "{\"file\": …}, {\"command\": […]} or {\"credential\": …}";
	_cleanup_(mem_freep) char *path = NULL;
	const cJSON *only = cJSON_IsObject(source) ? source->child : NULL;
	struct secret found = {0};
	int r;

	if (json_text(source))
		return err_set(e, EINVAL, "secrets are never in stack.json; use %s", forms);
	if (!only || only->next)
		return err_set(e, EINVAL, "a secret is one of %s", forms);
	if (strcmp(only->string, "file") == 0 && json_text(only)) {
		path = path_join(base_dir, json_text(only));
		r = from_file(path, 1, &found, e);
	} else if (strcmp(only->string, "credential") == 0 && json_text(only)) {
		r = from_credential(json_text(only), &found, e);
	} else if (strcmp(only->string, "command") == 0 && cJSON_IsArray(only)) {
		r = from_command(only, &found, e);
	} else {
		return err_set(e, EINVAL, "a secret is one of %s", forms);
	}
	if (r == 0)
		*ret = found;
	return r;
}

/* ---- keeping one ---- */

int secret_keep_file(const char *path, const char *text, struct err *e)
{
	_cleanup_(mem_freep) char *dir = path_dir(path);
	_cleanup_(fd_closep) int fd = -1;
	struct iovec parts[] = {{(char *)text, strlen(text)}, {(char *)"\n", 1}};
	int r = file_make_dirs(dir, 0700, e);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, EEXIST, "%s is there already; remove it, if nothing needs it", path);
	if (fd < 0)
		return err_set(e, errno, "cannot make %s: %s", path, strerror(errno));
	if (writev(fd, parts, 2) == (ssize_t)strlen(text) + 1 && fchmod(fd, 0600) == 0 && fsync(fd) == 0)
		return 0;
	r = errno ? errno : EIO;
	unlink(path);
	return err_set(e, r, "cannot write %s: %s", path, strerror(r));
}

int secret_keep_command(char *const argv[], const char *text, struct err *e)
{
	size_t len = text ? strlen(text) : 0;
	int ends[2], r;
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "no pipe for \"%s\": %s", argv[0], strerror(errno));
	/* A pipe has room for the longest secret, and as long as we hold both ends nobody can break it. */
	if (len && write(ends[1], text, len) != (ssize_t)len)
		r = -EIO;
	else
		r = start(argv, ends[0], -1, &pid);
	close(ends[0]);
	close(ends[1]);
	if (r < 0)
		return err_set(e, -r, "\"%s\" cannot be started: %s", argv[0], strerror(-r));
	return ended(argv[0], await(pid, clock_steady_ms() + KEEP_LIMIT_MS), KEEP_LIMIT_MS, e);
}
