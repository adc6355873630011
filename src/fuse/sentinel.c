/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of its own that outlives the daemon by a moment. The kernel ends a mount when /dev/fuse is closed. But a thread that
 * tells the kernel of a change waits for folders that clients hold, and those wait for the daemon: killed in that moment, it
 * cannot die, /dev/fuse stays open, and every program in the mount would hang for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse/face.h"
#include "seamfs/base/mem.h"

static int abort_connection(unsigned connection)
{
	char path[64];
	_cleanup_(fd_closep) int fd = -1;

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", connection);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "1", 1) == 1 ? 0 : -errno;
}

/* Where that control is not mounted: an unmount by force, of which root has the right, begins with the same. */
static void unmount_by_force(const char *dir)
{
	/* In use, so that the mount itself stays: whoever writes to a dead one must not get into the folder below. */
	_cleanup_(fd_closep) int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)umount2(dir, MNT_FORCE | UMOUNT_NOFOLLOW);
}

static void watch(const char *dir, unsigned connection)
{
	sigset_t all;
	unsigned now;
	int which;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	close_range(0, ~0U, 0);
	/* Comes when the daemon's main thread is dead, also while another one is not. */
	if (prctl(PR_SET_PDEATHSIG, SIGUSR1) < 0)
		_exit(1);
	sigemptyset(&all);
	sigaddset(&all, SIGUSR1);
	while (sigwait(&all, &which) != 0)
		;
	if (mount_connection(dir, &now) == 0 && now == connection && abort_connection(connection) < 0)
		unmount_by_force(dir);
	_exit(0);
}

int sentinel_start(struct mount *m)
{
	unsigned connection;
	pid_t pid;
	int r = mount_connection(m->dir, &connection);

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		watch(m->dir, connection);
	m->sentinel = pid;
	return 0;
}

void sentinel_stop(struct mount *m)
{
	if (m->sentinel <= 0)
		return;
	kill(m->sentinel, SIGKILL);
	waitpid(m->sentinel, NULL, 0);
	m->sentinel = 0;
}
