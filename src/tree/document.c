/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real files of the drive tool. Every step stays below the tool's folder and follows no symlink (openat2), and the
 * store hears of it at once, so that the tree shows it before the next pull.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "tree/draft.h"
#include "tree/kinds.h"
#include "tree/remote.h"
#include "tree/save.h"

static int open_below(struct tree *tree, const char *path, int flags, uint32_t mode)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = flags & O_CREAT ? mode & 0777 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	_cleanup_(fd_closep) int root = -1;
	int fd;

	if (tree->drive < 0)
		return -EPERM;
	root = open(store_stack(tree->store)->tools[tree->drive].folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path[0] ? path : ".", &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

static int open_folder(struct tree *tree, int64_t id)
{
	_cleanup_(mem_freep) char *path = id ? store_file_path(store_db(tree->store), id) : str_dup("");

	return path ? open_below(tree, path, O_RDONLY | O_DIRECTORY, 0) : -ENOENT;
}

int document_parent(struct place dir, int64_t *ret)
{
	if (dir.kind == PLACE_FIXED && dir.b == PLACE_FIXED_DOCUMENTS)
		*ret = 0;
	else if (dir.kind == PLACE_FILE)
		*ret = dir.b;
	else
		return -EXDEV;
	return 0;
}

static int64_t mtime_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000) + st->st_mtim.tv_nsec / 1000000;
}

int document_stat(struct tree *tree, int64_t id, int64_t *ret_size, int64_t *ret_mtime_ms)
{
	_cleanup_(mem_freep) char *path = NULL;
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (tree->remote)
		return remote_stat(tree, id, ret_size, ret_mtime_ms);
	path = store_file_path(store_db(tree->store), id);
	fd = path ? open_below(tree, path, O_PATH, 0) : -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	*ret_size = st.st_size;
	*ret_mtime_ms = mtime_of(&st);
	return 0;
}

int document_writable(struct tree *tree, int64_t parent, struct err *e)
{
	return tree->remote ? store_drive_closed(store_db(tree->store),
				      store_tool_id(tree->store, tree->drive), parent, e)
			    : 0;
}

int document_touch(struct tree *tree, int64_t id, int64_t parent, const char *name, int64_t mtime_ms)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {mtime_ms / 1000, mtime_ms % 1000 * 1000000}};
	_cleanup_(fd_closep) int fd = -1;

	if (tree->remote)
		return remote_touch(tree, id, mtime_ms);
	fd = document_open(tree, parent, name, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	return futimens(fd, times) < 0 ? -errno : document_note(tree, parent, name, NULL);
}

int document_open(struct tree *tree, int64_t parent, const char *name, int flags, uint32_t mode)
{
	_cleanup_(mem_freep) char *dir =
		parent ? store_file_path(store_db(tree->store), parent) : str_dup("");
	_cleanup_(mem_freep) char *path = NULL;

	if (!dir)
		return -ENOENT;
	path = dir[0] ? str_format("%s/%s", dir, name) : str_dup(name);
	return open_below(tree, path, flags, mode);
}

struct note {
	struct tree *tree;
	int64_t parent, id;
	const char *name;
	struct file_stat stat;
};

static int put_row(struct tx *tx, void *argument)
{
	struct note *n = argument;

	/* A listing that is under way may not have seen it: its sweep must not take it for deleted. */
	return store_file_put(tx, store_tool_id(tx->store, n->tree->drive), n->parent, n->name, &n->stat,
		db_int(tx->db, 0, "SELECT max(pass) + 1 FROM file", ""), &n->id);
}

int document_note(struct tree *tree, int64_t parent, const char *name, int64_t *ret)
{
	struct note n = {.tree = tree, .parent = parent, .name = name};
	_cleanup_(fd_closep) int fd = document_open(tree, parent, name, O_PATH, 0);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	n.stat.folder = S_ISDIR(st.st_mode);
	n.stat.size = st.st_size;
	n.stat.mtime_ms = mtime_of(&st);
	r = store_write(tree->store, put_row, &n);
	if (ret)
		*ret = n.id;
	return r;
}

int document_mkdir(struct tree *tree, int64_t parent, const char *name)
{
	_cleanup_(fd_closep) int dir = -1;

	if (tree->remote)
		return remote_mkdir(tree, parent, name);
	dir = open_folder(tree, parent);
	if (dir < 0)
		return dir;
	if (mkdirat(dir, name, 0755) < 0)
		return -errno;
	return document_note(tree, parent, name, NULL);
}

static int drop_row(struct tx *tx, void *argument)
{
	struct note *n = argument;

	if (store_file_find(tx->db, store_tool_id(tx->store, n->tree->drive), n->parent, n->name, &n->id) < 0)
		return 0;
	return store_file_remove(tx, n->id);
}

struct move {
	struct note from;
	int64_t new_parent;
	const char *new_name;
};

static int move_row(struct tx *tx, void *argument)
{
	struct move *m = argument;
	struct note *n = &m->from;

	if (store_file_find(tx->db, store_tool_id(tx->store, n->tree->drive), n->parent, n->name, &n->id) < 0)
		return 0;
	return store_file_move(tx, n->id, m->new_parent, m->new_name);
}

int document_rename(struct tree *tree, int64_t parent, const char *name, int64_t new_parent,
	const char *new_name, unsigned flags, const struct caller *who)
{
	_cleanup_(fd_closep) int from = -1;
	_cleanup_(fd_closep) int to = -1;
	struct move m = {{.tree = tree, .parent = parent, .name = name}, new_parent, new_name};

	if (tree->remote)
		return remote_rename(tree, parent, name, new_parent, new_name, who);
	from = open_folder(tree, parent);
	to = open_folder(tree, new_parent);
	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	if (renameat2(from, name, to, new_name, flags) < 0)
		return -errno;
	return store_write(tree->store, move_row, &m);
}

/* ---- removing ---- */

static int erase(struct tree *tree, int64_t parent, const char *name, _Bool folder)
{
	_cleanup_(fd_closep) int dir = open_folder(tree, parent);
	struct note n = {.tree = tree, .parent = parent, .name = name};

	if (dir < 0)
		return dir;
	if (unlinkat(dir, name, folder ? AT_REMOVEDIR : 0) < 0)
		return -errno;
	return store_write(tree->store, drop_row, &n);
}

/* Finds or makes one folder below another. */
static int enter(struct tree *tree, int64_t parent, const char *name, int64_t *ret)
{
	_cleanup_(fd_closep) int dir = open_folder(tree, parent);

	if (dir < 0)
		return dir;
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return document_note(tree, parent, name, ret);
}

/* DATE/PATH */
char *document_trash_path(const char *path)
{
	char date[CLOCK_UTC_SIZE];

	clock_format_utc(clock_now_ms(), date);
	return str_format(FILE_TRASH "/%.10s/%s", date, path);
}

_Bool document_in_trash(const char *path)
{
	return strncmp(path, FILE_TRASH, strlen(FILE_TRASH)) == 0;
}

int document_trash_refuses(struct err *e)
{
	return err_set(
		e, EPERM, "it is in the trash already; empty the folder " FILE_TRASH " in the drive itself");
}

static int enter_trash(struct tree *tree, const char *path, int64_t *ret)
{
	_cleanup_(mem_freep) char *whole = document_trash_path(path);
	char *rest, *name;
	int r = 0;

	*ret = 0;
	for (name = strtok_r(whole, "/", &rest); name && r == 0; name = strtok_r(NULL, "/", &rest))
		r = enter(tree, *ret, name, ret);
	return r;
}

/* What programs hide, they also clear away: only what people see is kept. */
_Bool document_hidden(const char *path, const char *name)
{
	return name[0] == '.' || name[strlen(name) - 1] == '~' || path[0] == '.' || strstr(path, "/.");
}

int document_unlink(struct tree *tree, int64_t parent, const char *name, _Bool folder, struct err *e)
{
	_cleanup_(mem_freep) char *path = NULL;
	int64_t trash;
	int r;

	if (tree->remote)
		return remote_unlink(tree, parent, name, folder, e);
	path = parent ? store_file_path(store_db(tree->store), parent) : str_dup("");
	if (!path)
		return -ENOENT;
	if (document_in_trash(path) && !folder)
		return document_trash_refuses(e);
	if (folder || document_hidden(path, name))
		return erase(tree, parent, name, folder);
	r = enter_trash(tree, path, &trash);
	if (r == 0)
		r = document_rename(tree, parent, name, trash, name, RENAME_NOREPLACE, NULL);
	for (int i = 2; r == -EEXIST && i < 1000; i++) {
		_cleanup_(mem_freep) char *other = str_format("%.240s ~%d", name, i);

		r = document_rename(tree, parent, name, trash, other, RENAME_NOREPLACE, NULL);
	}
	return r;
}

int document_flush(struct handle *h)
{
	_cleanup_(mem_freep) char *name = NULL;
	struct place parent;

	if ((h->flags & O_ACCMODE) == O_RDONLY ||
		node_file_parent(h->tree, place_of_ino(h->ino), &parent, &name) < 0)
		return 0;
	return document_note(h->tree, h->parent, name, NULL);
}
