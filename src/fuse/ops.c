/* SPDX-License-Identifier: Apache-2.0 */
/* Looking: every answer comes from the store and is good until the notifier says otherwise. */
#include "fuse/face.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/cache/cache.h"

#define FOREVER	    86400.0 /* the notifier revokes what changes */
#define NOT_FOUND_S 10.0    /* editors and git probe many names */

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

struct caller face_caller(fuse_req_t req)
{
	const struct fuse_ctx *c = fuse_req_ctx(req);

	return (struct caller){.uid = c->uid, .tid = c->pid};
}

_Bool face_is_notifier(struct mount *m, fuse_req_t req)
{
	return m->helper > 0 && fuse_req_ctx(req)->pid == m->helper;
}

_Bool face_expected(struct mount *m, fuse_req_t req, fuse_ino_t dir, const char *name)
{
	return face_is_notifier(m, req) && atomic_load(&m->expect_dir) == dir &&
	       strcmp(m->expect_name, name) == 0;
}

void face_attr(const struct mount *m, const struct node *node, struct stat *ret)
{
	struct timespec time = {node->mtime_ms / 1000, node->mtime_ms % 1000 * 1000000};

	*ret = (struct stat){
		.st_ino = node->ino,
		.st_mode = node->mode,
		.st_nlink = node->nlink,
		.st_uid = m->uid,
		.st_gid = m->gid,
		.st_size = node->size,
		.st_blksize = 4096,
		.st_blocks = (node->size + 511) / 512,
		.st_atim = time,
		.st_mtim = time,
		.st_ctim = time,
	};
}

void face_bury(struct mount *m, uint64_t ino)
{
	size_t i = 0;

	pthread_mutex_lock(&m->mutex);
	while (i < MAX_BURIED && m->buried[i].ino != ino)
		i++;
	if (i == MAX_BURIED) {
		i = m->buried_next;
		m->buried_next = (i + 1) % MAX_BURIED;
		m->buried[i].ino = ino;
		m->buried[i].times = 0;
	}
	m->buried[i].times++;
	m->any_buried = 1;
	pthread_mutex_unlock(&m->mutex);
}

static uint64_t generation_of(struct mount *m, const struct node *node)
{
	uint64_t generation = 1;

	if (!S_ISDIR(node->mode) || !m->any_buried)
		return generation;
	pthread_mutex_lock(&m->mutex);
	for (size_t i = 0; i < MAX_BURIED; i++) {
		if (m->buried[i].ino == node->ino)
			generation += m->buried[i].times;
	}
	pthread_mutex_unlock(&m->mutex);
	return generation;
}

void face_entry(struct mount *m, const struct node *node, struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){
		.ino = node->ino,
		.generation = generation_of(m, node),
		.attr_timeout = node->fleeting || node->live ? 0 : FOREVER,
		.entry_timeout = node->fleeting ? 0 : FOREVER,
	};
	face_attr(m, node, &ret->attr);
}

static void face_init(void *userdata, struct fuse_conn_info *conn)
{
	static const unsigned want[] = {FUSE_CAP_READDIRPLUS, FUSE_CAP_READDIRPLUS_AUTO,
		FUSE_CAP_PARALLEL_DIROPS, FUSE_CAP_CACHE_SYMLINKS, FUSE_CAP_ATOMIC_O_TRUNC,
		FUSE_CAP_AUTO_INVAL_DATA, FUSE_CAP_SPLICE_WRITE, FUSE_CAP_SPLICE_MOVE};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		if (conn->capable & want[i])
			conn->want |= want[i];
	}
	conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
	conn->max_background = 64;
}

static void face_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct mount *m = mount_of(req);
	struct fuse_entry_param entry = {.entry_timeout = NOT_FOUND_S};
	struct node node = {0};
	int r;

	if (face_expected(m, req, dir, name)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	r = tree_lookup(m->tree, dir, name, &node);
	if (r < 0 && r != -ENOENT) {
		fuse_reply_err(req, -r);
		return;
	}
	if (r == 0)
		face_entry(m, &node, &entry);
	else if (node.fleeting)
		entry.entry_timeout = 0;
	fuse_reply_entry(req, &entry);
}

static void face_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct node node;
	struct stat attr;
	int r = tree_stat(m->tree, ino, &node);

	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	face_attr(m, &node, &attr);
	fuse_reply_attr(req, &attr, node.fleeting || node.live ? 0 : FOREVER);
}

static void face_readlink(fuse_req_t req, fuse_ino_t ino)
{
	_cleanup_(mem_freep) char *target = NULL;
	int r = tree_target(mount_of(req)->tree, ino, &target);

	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_readlink(req, target);
}

/* ---- folders ---- */

struct filling {
	fuse_req_t req;
	struct mount *mount;
	char *bytes;
	size_t used, size;
	_Bool plus;
};

static _Bool fill(void *context, const char *name, const struct node *node, uint64_t offset)
{
	struct filling *f = context;
	struct fuse_entry_param entry;
	size_t n;

	face_entry(f->mount, node, &entry);
	if (f->plus)
		n = fuse_add_direntry_plus(
			f->req, f->bytes + f->used, f->size - f->used, name, &entry, (off_t)offset);
	else
		n = fuse_add_direntry(
			f->req, f->bytes + f->used, f->size - f->used, name, &entry.attr, (off_t)offset);
	if (n > f->size - f->used)
		return 0;
	f->used += n;
	return 1;
}

static void read_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, _Bool plus)
{
	struct mount *m = mount_of(req);
	_cleanup_(mem_freep) char *bytes = mem_alloc(size);
	struct filling f = {req, m, bytes, 0, size, plus};
	int r = tree_list(m->tree, ino, (uint64_t)offset, fill, &f);

	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, bytes, f.used);
}

static void face_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	read_dir(req, ino, size, offset, 0);
}

static void face_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	read_dir(req, ino, size, offset, 1);
}

static void face_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fuse_reply_open(req, fi);
}

static void face_statfs(fuse_req_t req, fuse_ino_t ino)
{
	/* Room is what the tools have; programs that ask first must not be told "disk full". */
	struct statvfs v = {.f_bsize = 4096,
		.f_frsize = 4096,
		.f_blocks = 1 << 28,
		.f_bfree = 1 << 27,
		.f_bavail = 1 << 27,
		.f_files = 1 << 28,
		.f_ffree = 1 << 27,
		.f_favail = 1 << 27,
		.f_namemax = 255};
	struct mount *m = mount_of(req);
	int64_t total, left;

	/* Of the drive that holds the documents, where it says so. */
	if (m->cache && cache_room(m->cache, &total, &left) == 0) {
		v.f_blocks = (fsblkcnt_t)(total / 4096);
		v.f_bfree = v.f_bavail = (fsblkcnt_t)(left / 4096);
	}
	fuse_reply_statfs(req, &v);
}

/* ---- extended attributes ---- */

static void face_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	_cleanup_(mem_freep) char *value = NULL;
	int r = tree_xattr(mount_of(req)->tree, ino, name, &value);
	size_t n = r == 0 ? strlen(value) : 0;

	if (r < 0)
		fuse_reply_err(req, -r);
	else if (!size)
		fuse_reply_xattr(req, n);
	else if (size < n)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, value, n);
}

static void face_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	static const char *const names[] = {"user.seam.state", "user.seam.error"};
	char list[64];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_cleanup_(mem_freep) char *value = NULL;

		if (tree_xattr(mount_of(req)->tree, ino, names[i], &value) == 0) {
			memcpy(list + n, names[i], strlen(names[i]) + 1);
			n += strlen(names[i]) + 1;
		}
	}
	if (!size)
		fuse_reply_xattr(req, n);
	else if (size < n)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, list, n);
}

static void face_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	/* Not ENOSYS, which would switch reading them off as well. */
	fuse_reply_err(req, EOPNOTSUPP);
}

static void face_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	fuse_reply_err(req, EOPNOTSUPP);
}

const struct fuse_lowlevel_ops face_ops = {
	.init = face_init,
	.lookup = face_lookup,
	.getattr = face_getattr,
	.setattr = face_setattr,
	.readlink = face_readlink,
	.mknod = face_mknod,
	.mkdir = face_mkdir,
	.unlink = face_unlink,
	.rmdir = face_rmdir,
	.symlink = face_symlink,
	.rename = face_rename,
	.link = face_link,
	.open = face_open,
	.read = face_read,
	.write = face_write,
	.flush = face_flush,
	.release = face_release,
	.fsync = face_fsync,
	.opendir = face_opendir,
	.readdir = face_readdir,
	.readdirplus = face_readdirplus,
	.statfs = face_statfs,
	.setxattr = face_setxattr,
	.getxattr = face_getxattr,
	.listxattr = face_listxattr,
	.removexattr = face_removexattr,
	.create = face_create,
};
