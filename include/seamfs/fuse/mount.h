/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount - the tree as a FUSE file system (libfuse 3, low-level API).
 *
 * Threads: mount_open(), mount_run() and mount_close() belong to one thread, which is the one that gets the signals;
 * mount_run() starts the workers, the notifier and the waiter and ends them.
 */
#pragma once

#include "seamfs/base/err.h"
#include "seamfs/cache/cache.h"
#include "seamfs/tree/tree.h"

struct mount;

/**
 * mount_open - mounts the tree on @dir
 *
 * @cache: of the documents whose bytes are elsewhere; NULL without such
 * @dir must be an empty folder that nothing is mounted on; what a killed seamfs left behind is cleared away first.
 * Returns 0 or -errno with a sentence (-EBUSY: mounted already, -ENOTEMPTY, -ENOTDIR, -ENOENT, -EPERM).
 */
int mount_open(struct tree *tree, struct cache *cache, const char *dir, struct mount **ret, struct err *e);

/* mount_check - the same refusals, without mounting; clears away a dead mount */
int mount_check(const char *dir, struct err *e);

/* mount_run - serves until it is unmounted or SIGTERM, SIGINT or SIGHUP arrives. 0 or -errno. */
int mount_run(struct mount *mount);

/* mount_close - unmounts; NULL is fine */
void mount_close(struct mount *mount);

/* mount_leave - ends another process's mount on @dir. 0, -EINVAL when none of ours is there, or another -errno. */
int mount_leave(const char *dir, struct err *e);

/**
 * mount_find - the mount that a person means
 * @hint: a path in or of a mount, or NULL: the one that the working folder is in, else the only one there is
 *
 * Returns the mount point, given to the caller, or NULL with a sentence.
 */
char *mount_find(const char *hint, struct err *e);
