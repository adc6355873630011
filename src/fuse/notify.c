/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel keeps what it was told for a day; this thread revokes what changed. It also has done, through the mount
 * itself, what the change would look like if a local program had made it, because only that wakes inotify watchers:
 * a file manager shows a new invoice without asking.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse/face.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/change.h"
#include "seamfs/store/local.h"

static char *full_path(struct mount *m, uint64_t ino, const char *name)
{
	_cleanup_(mem_freep) char *path = tree_path(m->tree, ino);

	if (!path)
		return NULL;
	return str_format("%s%s%s%s%s", m->dir, path[0] ? "/" : "", path, name ? "/" : "", name ? name : "");
}

/* ---- the helper process ---- */

/*
 * What is done through the mount is done by a process of its own, which has no hold on /dev/fuse. A thread of the daemon
 * that waits for an answer of the daemon could not even be killed, and would keep a dead mount alive.
 */
struct order {
	char what; /* a letter of the table in obey() */
	char path[4000];
};

static void obey(const struct order *o)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	int r;

	switch (o->what) {
	case 't':
		r = utimensat(AT_FDCWD, o->path, times, AT_SYMLINK_NOFOLLOW);
		break;
	case 'd':
		r = mkdir(o->path, 0755);
		break;
	case 'l':
		r = symlink("x", o->path);
		break;
	case 'f':
		r = mknod(o->path, S_IFREG | 0644, 0);
		break;
	default:
		r = unlink(o->path);
		if (r < 0 && errno == EISDIR)
			r = rmdir(o->path);
		break;
	}
	/* What fails was known to the kernel already, or is not there any more: then nobody misses it. */
	(void)r;
}

static void helper_main(int in, int out)
{
	struct order o;

	/* Its own descriptors only: a lock or a mount must not outlive the daemon because of it. */
	dup2(in, 0);
	dup2(out, 1);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC),
		2); /* whoever reads our caller's errors must see their end */
	close_range(3, ~0U, 0);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	while (read(0, &o, sizeof(o)) == (ssize_t)sizeof(o)) {
		obey(&o);
		if (write(1, "", 1) != 1)
			break;
	}
	_exit(0);
}

int notify_fork(struct mount *m)
{
	int orders[2], answers[2];
	pid_t pid;

	if (pipe2(orders, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		helper_main(orders[0], answers[1]);
	close(orders[0]);
	close(answers[1]);
	m->order_fd = orders[1];
	m->answer_fd = answers[0];
	m->helper = pid;
	return 0;
}

void notify_reap(struct mount *m)
{
	if (m->helper <= 0)
		return;
	close(m->order_fd);
	close(m->answer_fd);
	waitpid(m->helper, NULL, 0);
	m->helper = 0;
}

static void order(struct mount *m, char what, const char *path)
{
	struct order o = {.what = what};
	char done;

	if (strlen(path) >= sizeof(o.path))
		return;
	snprintf(o.path, sizeof(o.path), "%s", path);
	/* Without a helper only watchers go without; the kernel is told all the same. */
	if (write(m->order_fd, &o, sizeof(o)) == (ssize_t)sizeof(o) && read(m->answer_fd, &done, 1) != 1)
		return;
}

/* ---- events ---- */

static void touch(struct mount *m, uint64_t ino)
{
	_cleanup_(mem_freep) char *path = full_path(m, ino, NULL);

	if (path)
		order(m, 't', path);
}

static void expect(struct mount *m, uint64_t dir, const char *name, uint64_t ino)
{
	atomic_store(&m->expect_dir, 0);
	m->expect_ino = ino;
	snprintf(m->expect_name, sizeof(m->expect_name), "%s", name);
	atomic_store(&m->expect_dir, dir);
}

static void make(struct mount *m, const struct event *ev)
{
	_cleanup_(mem_freep) char *path = full_path(m, ev->dir, ev->name);
	struct node node;
	int r = path ? tree_lookup(m->tree, ev->dir, ev->name, &node) : -ENOENT;

	if (r < 0)
		return;
	expect(m, ev->dir, ev->name, ev->ino);
	order(m, S_ISDIR(node.mode) ? 'd' : S_ISLNK(node.mode) ? 'l' : 'f', path);
	expect(m, 0, "", 0);
	/* The folder's own time changed as well. */
	fuse_lowlevel_notify_inval_inode(m->session, ev->dir, 0, 0);
}

static void drop(struct mount *m, const struct event *ev)
{
	_cleanup_(mem_freep) char *path = full_path(m, ev->dir, ev->name);
	_cleanup_(mem_freep) char *now = full_path(m, ev->ino, NULL);
	struct node node;

	/* It may be back by now, or something else may have taken the name; an older name merely goes on resolving. */
	if (!path || (now && strcmp(now, path) == 0) ||
		(tree_lookup(m->tree, ev->dir, ev->name, &node) == 0 && node.ino != ev->ino))
		return;
	expect(m, ev->dir, ev->name, ev->ino);
	order(m, 'u', path);
	expect(m, 0, "", 0);
}

static void tell(struct mount *m, const struct event *ev, _Bool watchers)
{
	switch (ev->kind) {
	case EVENT_ADDED:
		fuse_lowlevel_notify_inval_entry(m->session, ev->dir, ev->name, strlen(ev->name));
		fuse_lowlevel_notify_inval_inode(m->session, ev->dir, 0, 0);
		if (watchers)
			make(m, ev);
		break;
	case EVENT_CHANGED:
		fuse_lowlevel_notify_inval_inode(m->session, ev->ino, 0, 0);
		if (watchers)
			touch(m, ev->ino);
		break;
	default:
		if (watchers)
			drop(m, ev);
		fuse_lowlevel_notify_inval_entry(m->session, ev->dir, ev->name, strlen(ev->name));
		fuse_lowlevel_notify_inval_inode(m->session, ev->dir, 0, 0);
		break;
	}
}

static int forget_events(struct tx *tx, void *argument)
{
	return store_event_done(tx, *(int64_t *)argument);
}

/* One round; returns how many events there were. */
static size_t round_of(struct mount *m, int64_t *after)
{
	struct event events[MAX_NOTIFY];
	struct store *store = tree_store(m->tree);
	int64_t position = store_position(store);
	size_t n = store_event_next(store_db(store), *after, events, ARRAY_LEN(events));

	for (size_t i = 0; i < n; i++) {
		/* In a flood (a first pull) only the kernel is told: nobody watches a thousand files one by one. */
		if (!atomic_load(&m->stop))
			tell(m, &events[i], n < ARRAY_LEN(events));
		*after = events[i].seq;
		free(events[i].name);
	}
	if (n)
		(void)store_write(store, forget_events, after);
	if (n < ARRAY_LEN(events))
		atomic_store(&m->told, position);
	return n;
}

static void *notifier_main(void *argument)
{
	struct mount *m = argument;
	int64_t after = 0;
	uint64_t rings;

	while (!atomic_load(&m->stop)) {
		struct pollfd p = {.fd = m->notify_fd, .events = POLLIN};

		if (round_of(m, &after))
			continue;
		if (poll(&p, 1, -1) > 0 && read(m->notify_fd, &rings, sizeof(rings)) < 0)
			continue;
	}
	return NULL;
}

int notify_start(struct mount *m)
{
	m->notify_fd = store_subscribe(tree_store(m->tree));
	if (m->notify_fd < 0)
		return m->notify_fd;
	atomic_store(&m->told, store_position(tree_store(m->tree)));
	return -pthread_create(&m->notifier, NULL, notifier_main, m);
}

void notify_stop(struct mount *m)
{
	store_ring(tree_store(m->tree));
	pthread_join(m->notifier, NULL);
}
