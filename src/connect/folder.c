/* SPDX-License-Identifier: Apache-2.0 */
/* The folder connector: a local folder, as it is, is a document tool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "connect/drivers.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"

enum {
	BATCH = 256,
	MAX_ENTRIES = 1000000,
	MAX_DEPTH = 128, /* each level of a walk holds a descriptor */
};

struct folder_link {
	struct tool_link base;
	char *path;
	int inotify;	   /* -1: not watched */
	_Bool incomplete;  /* some folder could not be watched */
	_Bool warned_name; /* a name that is not UTF-8 was logged */
	_Bool warned_depth;
	_Bool warned_access;
	_Bool new_folder; /* while draining: there may be a folder without a watch */
};

/* One way through the tree. */
struct walk {
	struct folder_link *link;
	const struct file_walk *into; /* NULL: only the watches are wanted */
	struct remote_file batch[BATCH];
	size_t filled;
	size_t files, folders;
	unsigned depth;
	struct err *e;
};

static struct folder_link *folder_link(struct tool_link *link)
{
	return (struct folder_link *)link;
}

static void drop(struct walk *w)
{
	for (size_t i = 0; i < w->filled; i++)
		free((char *)w->batch[i].path);
	w->filled = 0;
}

static int flush(struct walk *w)
{
	int r = w->filled ? w->into->sink(w->into->context, w->batch, w->filled) : 0;

	drop(w);
	return r;
}

static int emit(struct walk *w, const char *path, const struct stat *s)
{
	_Bool folder = S_ISDIR(s->st_mode);

	w->folders += folder;
	w->files += !folder;
	if (w->files + w->folders > MAX_ENTRIES)
		return driver_whole(w->e, err_set(w->e, E2BIG, "%s holds more than %d files and folders",
						  w->link->path, MAX_ENTRIES));
	if (!w->into)
		return 0;
	w->batch[w->filled++] = (struct remote_file){
		.path = str_dup(path),
		.folder = folder,
		.size = folder ? 0 : s->st_size,
		.mtime_ms = (int64_t)s->st_mtim.tv_sec * 1000 + s->st_mtim.tv_nsec / 1000000,
	};
	return w->filled == BATCH ? flush(w) : 0;
}

static void warn_once(struct folder_link *l, _Bool *warned, const char *path, const char *why)
{
	if (!*warned)
		log_warning("folder", "%s: \"%s\" in %s is left out: %s (others like it are not logged)",
			l->base.name, path, l->path, why);
	*warned = 1;
}

/*
 * Watches a folder before it is read, so that nothing can change unseen in between. To add one that is there
 * already changes nothing.
 */
static void watch(struct folder_link *l, const char *path)
{
	const uint32_t mask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
			      IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
	_cleanup_(mem_freep) char *full = *path ? path_join(l->path, path) : str_dup(l->path);

	if (l->inotify < 0 || l->incomplete || inotify_add_watch(l->inotify, full, mask) >= 0)
		return;
	/* A folder that has vanished or may not be read is no loss. */
	if (errno != ENOSPC && errno != ENOMEM)
		return;
	l->incomplete = 1;
	log_warning("folder",
		"%s: not all folders in %s can be watched (see fs.inotify.max_user_watches in inotify(7)): "
		"changes are found by looking",
		l->base.name, l->path);
}

static int walk_folder(struct walk *w, int fd, const char *path);

static int walk_entry(struct walk *w, int dir_fd, const char *dir, const char *name)
{
	_cleanup_(mem_freep) char *path = *dir ? path_join(dir, name) : str_dup(name);
	struct folder_link *l = w->link;
	struct stat s;
	int fd, r;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (!utf8_valid(name, strlen(name))) {
		warn_once(l, &l->warned_name, path, "the name is not UTF-8");
		return 0;
	}
	/* What vanishes while we look was not there. */
	if (fstatat(dir_fd, name, &s, AT_SYMLINK_NOFOLLOW) < 0 ||
		(!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)))
		return 0;
	r = emit(w, path, &s);
	if (r < 0 || !S_ISDIR(s.st_mode))
		return r;
	if (w->depth == MAX_DEPTH) {
		warn_once(l, &l->warned_depth, path, "it is too deep");
		return 0;
	}
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return walk_folder(w, fd, path);
	if (errno == EACCES || errno == EPERM)
		warn_once(l, &l->warned_access, path, strerror(errno));
	else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return driver_whole(w->e,
			err_set(w->e, errno, "cannot read %s in %s: %s", path, l->path, strerror(errno)));
	return 0;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Goes through an open folder (@fd is taken). */
static int walk_folder(struct walk *w, int fd, const char *path)
{
	_cleanup_(closedirp) DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		close(fd);
		return driver_whole(w->e, err_set(w->e, ENOMEM, "cannot read %s in %s", path, w->link->path));
	}
	if (driver_stopped(&w->link->base, w->e))
		return -ECANCELED;
	watch(w->link, path);
	w->depth++;
	for (errno = 0; r == 0 && (entry = readdir(dir)); errno = 0)
		r = walk_entry(w, fd, path, entry->d_name);
	if (r == 0 && errno)
		r = driver_whole(w->e, err_set(w->e, errno, "cannot read %s in %s: %s", path, w->link->path,
					       strerror(errno)));
	w->depth--;
	return r;
}

static int walk(struct walk *w)
{
	const char *path = w->link->path;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return driver_whole(
			w->e, err_set(w->e, errno, "cannot read the folder %s: %s", path, strerror(errno)));
	r = walk_folder(w, fd, "");
	if (r == 0)
		r = flush(w);
	drop(w);
	return r;
}

static int walk_all(struct tool_link *link, const struct file_walk *into, struct err *e)
{
	struct walk w = {.link = folder_link(link), .into = into, .e = e};

	return walk(&w);
}

static int check(struct tool_link *link, char **ret_text, struct err *e)
{
	struct walk w = {.link = folder_link(link), .e = e};
	int r = walk(&w);

	if (r == 0)
		*ret_text = str_format("%zu files in %zu folders", w.files, w.folders);
	return r;
}

/* Watches what is not watched yet. What cannot be read now is noticed by walk(). */
static void watch_all(struct folder_link *l)
{
	struct walk w = {.link = l};

	walk(&w);
}

static int watch_fd(struct tool_link *link)
{
	struct folder_link *l = folder_link(link);

	if (l->inotify < 0 && !l->incomplete) {
		l->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		watch_all(l);
		if (l->incomplete) {
			fd_closep(&l->inotify);
			l->inotify = -1;
		}
	}
	return l->incomplete ? -1 : l->inotify;
}

static _Bool concerns(void *context, const struct inotify_event *event)
{
	struct folder_link *l = context;
	_Bool came = (event->mask & IN_ISDIR) && (event->mask & (IN_CREATE | IN_MOVED_TO));

	/* An event without a name is about a folder itself, or tells that events were lost. */
	l->new_folder |= came || !event->len;
	return 1;
}

static _Bool watch_drain(struct tool_link *link)
{
	struct folder_link *l = folder_link(link);
	_Bool any = driver_drain(l->inotify, concerns, l);

	if (l->new_folder)
		watch_all(l);
	l->new_folder = 0;
	return any;
}

static void close_link(struct tool_link *link)
{
	struct folder_link *l = folder_link(link);

	fd_closep(&l->inotify);
	free(l->path);
	free(l);
}

static const struct file_ops file_ops = {.walk = walk_all};

static const struct connector_ops ops = {
	.check = check,
	.files = &file_ops,
	.watch_fd = watch_fd,
	.watch_drain = watch_drain,
	.close = close_link,
};

/* The stack's folder may be given relative to where the program was started, which the daemon leaves. */
static char *absolute(const char *base_dir, const char *path)
{
	_cleanup_(mem_freep) char *base = realpath(base_dir, NULL);

	return path_join(base ? base : base_dir, path);
}

int folder_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	static const char *const keys[] = {"path", NULL};
	const char *path = json_get_text(setup->config, "path");
	struct folder_link *l;
	int r = driver_keys(setup->config, "", keys, e);

	if (r < 0)
		return r;
	if (!path || !*path)
		return driver_bad(e, "/path", "\"path\" is missing: the folder that holds the documents");
	if (strcmp(path, "~") == 0 || strncmp(path, "~/", 2) == 0)
		return driver_bad(e, "/path", "\"~\" is not understood here: write the whole path");
	l = mem_alloc(sizeof(*l));
	l->path = absolute(setup->base_dir, path);
	l->inotify = -1;
	l->base =
		(struct tool_link){.ops = &ops, .name = setup->name, .folder = l->path, .stop = setup->stop};
	*ret = &l->base;
	return 0;
}
