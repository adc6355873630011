/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/fuse/mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse/face.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"

#define FS_TYPE "fuse.seamfs"

typedef void (*mount_visitor)(void *context, const char *point, const char *type, unsigned minor);

/* Every mount, from /proc/self/mountinfo. */
static void each_mount(mount_visitor visit, void *context)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	while (f && fgets(line, sizeof(line), f)) {
		char point[4096], kind[256], *dash = strstr(line, " - ");
		unsigned minor;
		size_t n = 0;

		if (!dash || sscanf(line, "%*s %*s %*u:%u %*s %4095s", &minor, point) != 2 ||
			sscanf(dash, " - %255s", kind) != 1)
			continue;
		/* Blanks and the like are written as \ooo there (proc(5)). */
		for (char *p = point; *p; p++) {
			unsigned code;

			if (*p == '\\' && sscanf(p + 1, "%3o", &code) == 1) {
				point[n++] = (char)code;
				p += 3;
			} else {
				point[n++] = *p;
			}
		}
		point[n] = '\0';
		visit(context, point, kind, minor);
	}
	if (f)
		fclose(f);
}

struct search {
	const char *dir;
	char *found; /* a type, or a mount point */
	unsigned minor;
	size_t count;
};

static void match_type(void *context, const char *point, const char *type, unsigned minor)
{
	struct search *s = context;

	if (strcmp(point, s->dir) != 0)
		return;
	str_set(&s->found, type);
	s->minor = minor;
}

/* The type of what is mounted exactly on @dir (the last mount wins); NULL: nothing. */
static char *mounted_type(const char *dir)
{
	struct search s = {.dir = dir};

	each_mount(match_type, &s);
	return s.found;
}

int mount_connection(const char *dir, unsigned *ret)
{
	struct search s = {.dir = dir};
	_Bool ours;

	each_mount(match_type, &s);
	ours = s.found && strcmp(s.found, FS_TYPE) == 0;
	free(s.found);
	*ret = s.minor;
	return ours ? 0 : -ENOENT;
}

static void match_inside(void *context, const char *point, const char *type, unsigned minor)
{
	struct search *s = context;
	size_t n = strlen(point);

	(void)minor;
	if (strcmp(type, FS_TYPE) != 0)
		return;
	if (!s->dir || (strncmp(s->dir, point, n) == 0 && (s->dir[n] == '/' || !s->dir[n]))) {
		str_set(&s->found, point);
		s->count++;
	}
}

static int run_fusermount(const char *dir)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", dir, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int detach(const char *dir)
{
	if (umount2(dir, MNT_DETACH) == 0)
		return 0;
	return run_fusermount(dir);
}

/* The absolute path, also of a dead mount, which realpath() cannot enter: its folder is resolved instead. */
static char *absolute(const char *dir)
{
	char *real = realpath(dir, NULL);
	_cleanup_(mem_freep) char *copy = str_dup(dir);
	_cleanup_(mem_freep) char *parent = NULL;
	_cleanup_(mem_freep) char *above = NULL;
	size_t n = strlen(copy);

	if (real)
		return real;
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	parent = path_dir(copy);
	above = realpath(parent, NULL);
	return above ? path_join(above, path_base(copy)) : str_dup(dir);
}

static int check_empty(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return errno == ENOENT	  ? err_set(e, ENOENT, "there is no folder %s; make it first", dir)
		       : errno == ENOTDIR ? err_set(e, ENOTDIR, "%s is not a folder", dir)
					  : err_set(e, errno, "cannot open %s: %s", dir, strerror(errno));
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = -ENOTEMPTY;
	}
	closedir(d);
	return r < 0 ? err_set(e, ENOTEMPTY, "%s is not empty; mount on an empty folder", dir) : 0;
}

int mount_check(const char *dir, struct err *e)
{
	_cleanup_(mem_freep) char *path = absolute(dir);
	_cleanup_(mem_freep) char *type = mounted_type(path);
	/* Asked by opening: the kernel would answer stat() from what it remembers of the dead. */
	_cleanup_(fd_closep) int fd = type ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	/* Aborted: it died while it was asked. */
	_Bool dead = type && fd < 0 && (errno == ENOTCONN || errno == ECONNABORTED);

	if (type && strcmp(type, FS_TYPE) == 0 && dead) {
		log_info("mount", "clearing away the dead mount on %s", path);
		if (detach(path) < 0)
			return err_set(e, EBUSY,
				"%s is a dead mount and cannot be cleared away: run fusermount3 -uz %s", dir,
				dir);
	} else if (type) {
		return err_set(e, EBUSY, "%s is mounted already (%s)", dir,
			strcmp(type, FS_TYPE) == 0 ? "by seamfs" : type);
	}
	return check_empty(path, e);
}

int mount_leave(const char *dir, struct err *e)
{
	_cleanup_(mem_freep) char *path = absolute(dir);
	_cleanup_(mem_freep) char *type = mounted_type(path);

	if (!type || strcmp(type, FS_TYPE) != 0)
		return err_set(e, EINVAL, "nothing of seamfs is mounted on %s", dir);
	if (umount2(path, UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (errno == EBUSY)
		return err_set(e, EBUSY,
			"%s is in use: a program has a file open there or works in that folder", dir);
	return run_fusermount(path) == 0 ? 0 : err_set(e, EPERM, "cannot unmount %s", dir);
}

static int start_session(struct mount *m, struct err *e)
{
	char name[] = "seamfs", flag[] = "-o";
	char options[] = "fsname=seamfs,subtype=seamfs,default_permissions,nosuid,nodev,noexec,noatime";
	char *args[] = {name, flag, options};
	struct fuse_args fuse_args = FUSE_ARGS_INIT((int)ARRAY_LEN(args), args);

	m->session = fuse_session_new(&fuse_args, &face_ops, sizeof(face_ops), m);
	fuse_opt_free_args(&fuse_args);
	if (!m->session)
		return err_set(e, EIO, "libfuse could not start");
	if (fuse_session_mount(m->session, m->dir) != 0) {
		fuse_session_destroy(m->session);
		m->session = NULL;
		return err_set(e, EPERM, "cannot mount on %s: is /dev/fuse there, and fusermount3 installed?",
			m->dir);
	}
	return 0;
}

int mount_open(struct tree *tree, struct cache *cache, const char *dir, struct mount **ret, struct err *e)
{
	struct mount *m;
	int r = mount_check(dir, e);

	if (r < 0)
		return r;
	m = mem_alloc(sizeof(*m));
	m->tree = tree;
	m->dir = absolute(dir);
	m->uid = getuid();
	m->gid = getgid();
	m->cache = cache;
	m->again = cache ? mem_alloc(MAX_AGAIN * sizeof(*m->again)) : NULL;
	pthread_mutex_init(&m->mutex, NULL);
	r = notify_fork(m);
	if (r < 0)
		err_set(e, -r, "cannot start a process: %s", strerror(-r));
	if (r == 0)
		r = start_session(m, e);
	/* After the mount, which it names, and before any thread. */
	if (r == 0 && sentinel_start(m) < 0)
		r = err_set(e, EIO, "cannot start a process that watches over %s", m->dir);
	if (r < 0) {
		mount_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

int mount_run(struct mount *m)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	sigset_t all, before;
	int r;

	fuse_loop_cfg_set_max_threads(config, WORKERS);
	fuse_loop_cfg_set_idle_threads(config, WORKERS);
	/* The helpers get no signals: SIGTERM must reach this thread, which ends the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = notify_start(m);
	if (r == 0)
		r = park_start(m);
	if (r == 0)
		r = tree_start(m->tree);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0 && fuse_set_signal_handlers(m->session) == 0) {
		r = fuse_session_loop_mt(m->session, config);
		fuse_remove_signal_handlers(m->session);
	}
	fuse_loop_cfg_destroy(config);
	atomic_store(&m->stop, 1);
	/* Unmounted first: whatever the notifier is doing through the mount then ends with an error. */
	fuse_session_unmount(m->session);
	notify_stop(m);
	park_stop(m);
	tree_stop(m->tree);
	return r > 0 ? 0 : r; /* a positive value is the signal that ended it */
}

void mount_close(struct mount *m)
{
	if (!m)
		return;
	if (m->session) {
		fuse_session_unmount(m->session);
		fuse_session_destroy(m->session);
	}
	sentinel_stop(m);
	notify_reap(m);
	pthread_mutex_destroy(&m->mutex);
	free(m->again);
	free(m->dir);
	free(m);
}

char *mount_find(const char *hint, struct err *e)
{
	_cleanup_(mem_freep) char *path = absolute(hint ? hint : ".");
	struct search s = {.dir = path};

	each_mount(match_inside, &s);
	if (s.found)
		return s.found;
	if (hint) {
		err_set(e, ENOENT, "nothing of seamfs is mounted on %s", hint);
		return NULL;
	}
	s = (struct search){0};
	each_mount(match_inside, &s);
	if (s.count == 1)
		return s.found;
	free(s.found);
	err_set(e, ENOENT,
		s.count ? "several mounts of seamfs are there: say which with -m DIR"
			: "no seamfs is mounted; start one with: seamfs mount DIR");
	return NULL;
}
