/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel keeps what it was told for a day; this thread revokes what changed. It also does, through the mount
 * itself, what the change would look like if a local program had made it, because only that wakes inotify watchers:
 * a file manager shows a new invoice without asking.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

static void touch(struct mount *m, uint64_t ino)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	_cleanup_(mem_freep) char *path = full_path(m, ino, NULL);

	/* Nobody can be watching what is not there any more. */
	if (path && utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0)
		return;
}

static void expect(struct mount *m, uint64_t dir, const char *name)
{
	atomic_store(&m->expect_dir, 0);
	snprintf(m->expect_name, sizeof(m->expect_name), "%s", name);
	atomic_store(&m->expect_dir, dir);
}

/* Fails with EEXIST when the kernel knows it already, and then watchers know it too. */
static void make(struct mount *m, const struct event *ev)
{
	_cleanup_(mem_freep) char *path = full_path(m, ev->dir, ev->name);
	struct node node;
	int r = path ? tree_lookup(m->tree, ev->dir, ev->name, &node) : -ENOENT;

	if (r < 0)
		return;
	expect(m, ev->dir, ev->name);
	if (S_ISDIR(node.mode))
		r = mkdir(path, 0755);
	else if (S_ISLNK(node.mode))
		r = symlink("x", path);
	else
		r = mknod(path, S_IFREG | 0644, 0);
	expect(m, 0, "");
	/* The folder's own time changed as well. */
	fuse_lowlevel_notify_inval_inode(m->session, ev->dir, 0, 0);
}

static void drop(struct mount *m, const struct event *ev)
{
	_cleanup_(mem_freep) char *path = full_path(m, ev->dir, ev->name);
	struct node node;

	/* Something else may have taken the name meanwhile; an older name of the same record merely goes on resolving. */
	if (!path || (tree_lookup(m->tree, ev->dir, ev->name, &node) == 0 && node.ino != ev->ino))
		return;
	expect(m, ev->dir, ev->name);
	if (unlink(path) < 0 && errno == EISDIR)
		rmdir(path);
	expect(m, 0, "");
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
	return n;
}

static void *notifier_main(void *argument)
{
	struct mount *m = argument;
	int64_t after = 0;
	uint64_t rings;

	atomic_store(&m->notifier_tid, gettid());
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
	return -pthread_create(&m->notifier, NULL, notifier_main, m);
}

void notify_stop(struct mount *m)
{
	store_ring(tree_store(m->tree));
	pthread_join(m->notifier, NULL);
}
