/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/fault.h"

#ifdef SEAMFS_FAULTS

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long count;

static void note(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || dprintf(fd, "%ld %s\n", count, what) < 0)
		abort();
	close(fd);
}

static void count_step(const char *what)
{
	const char *log = getenv("SEAMFS_STEP_LOG"), *number = getenv("SEAMFS_STEP_KILL");

	/* Held while the process dies: no other thread takes a step meanwhile. */
	pthread_mutex_lock(&mutex);
	count++;
	if (log)
		note(log, what);
	if (number && (count == strtol(number, NULL, 10) || strcmp(number, what) == 0)) {
		kill(getpid(), SIGKILL);
		for (;;)
			pause();
	}
	pthread_mutex_unlock(&mutex);
}

static _Bool is_armed(void)
{
	const char *arm = getenv("SEAMFS_STEP_ARM");

	return !arm || access(arm, F_OK) == 0;
}

void fault_step(const char *what)
{
	const char *stall = getenv("SEAMFS_STEP_STALL");

	if ((getenv("SEAMFS_STEP_LOG") || getenv("SEAMFS_STEP_KILL")) && is_armed())
		count_step(what);
	while (stall && strcmp(stall, what) == 0 && is_armed())
		usleep(1000);
}

#endif
