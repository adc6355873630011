/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/fuse/mount.h"
#include "seamfs/sync/hooks.h"
#include "seamfs/sync/sync.h"

/* What the child tells its parent when the mount stands, or why it does not. */
struct report {
	int code; /* enum exit_code */
	char text[600];
};

static void tell(int fd, enum exit_code code, const char *text)
{
	struct report report = {.code = (int)code};

	snprintf(report.text, sizeof(report.text), "%s", text);
	if (fd < 0 && code != EXIT_OK)
		fprintf(stderr, "seamfs: %s\n", text);
	else if (fd >= 0 && write(fd, &report, sizeof(report)) < 0)
		log_error("mount", "%s", text);
}

/* Secrets stay out of core files. */
static void no_cores(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static int detach_terminal(const char *state)
{
	_cleanup_(mem_freep) char *path = path_join(state, "seamfs.log");
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (null < 0 || log < 0)
		return -errno;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	close(null);
	close(log);
	return 0;
}

/* Everything between the folder and the tools, from the bottom up; ends when it is unmounted. */
static enum exit_code serve(struct stack *stack, const char *dir, int report_fd)
{
	_cleanup_(mem_freep) char *state = config_state_dir(stack);
	enum exit_code code = EXIT_OK;
	struct store *store = NULL;
	struct cache *cache = NULL;
	struct mount *mount = NULL;
	struct tree *tree = NULL;
	struct hooks *hooks = NULL;
	struct sync *sync = NULL;
	struct err e = {0};

	no_cores();
	if (sync_open(stack, &sync, &e) < 0 || hooks_check(stack, &e) < 0)
		code = EXIT_CONFIG;
	else if (store_open(state, stack, &store, &e) < 0)
		code = e.code == EBUSY ? EXIT_BUSY : EXIT_FAILED;
	else if (config_cache(stack, state, &cache, &e) < 0)
		code = EXIT_FAILED;
	if (code == EXIT_OK) {
		tree = tree_new(store, cache);
		if (mount_open(tree, cache, dir, &mount, &e) < 0)
			code = EXIT_MOUNT;
		else if (hooks_start(stack, tree, state, &hooks, &e) < 0 ||
			 sync_start(sync, store, cache, &e) < 0)
			code = EXIT_FAILED;
	}
	tell(report_fd, code, e.text);
	if (code == EXIT_OK) {
		if (report_fd >= 0) {
			close(report_fd);
			detach_terminal(state);
		}
		log_info("mount", "%s is mounted on %s", stack->path, dir);
		if (mount_run(mount) < 0)
			code = EXIT_FAILED;
		log_info("mount", "%s is unmounted", dir);
	}
	hooks_stop(hooks);
	sync_stop(sync);
	mount_close(mount);
	tree_free(tree);
	cache_close(cache);
	store_close(store);
	return code;
}

static enum exit_code serve_in_background(struct stack *stack, const char *dir)
{
	struct report report = {0};
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		struct err e = {0};

		err_set(&e, errno, "cannot start a process: %s", strerror(errno));
		return fail(EXIT_FAILED, &e);
	}
	if (pid == 0) {
		close(fds[0]);
		setsid();
		_exit((int)serve(stack, dir, fds[1]));
	}
	close(fds[1]);
	if (read(fds[0], &report, sizeof(report)) != (ssize_t)sizeof(report)) {
		report.code = EXIT_FAILED;
		snprintf(report.text, sizeof(report.text),
			"the daemon ended before the mount stood; try again with -f");
	}
	close(fds[0]);
	if (report.code != EXIT_OK)
		fprintf(stderr, "seamfs: %s\n", report.text);
	return (enum exit_code)report.code;
}

enum exit_code verb_mount(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct err e = {0};

	if (!stack)
		return code;
	for (int i = 1; i < stack->tool_count; i++)
		stack->tools[i].review |= o->review;
	if (mount_check(o->argv[0], &e) < 0)
		return fail(EXIT_MOUNT, &e);
	return o->foreground ? serve(stack, o->argv[0], -1) : serve_in_background(stack, o->argv[0]);
}
