/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, reading, writing, moving. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuse/face.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/model/place.h"

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return fi ? (struct handle *)(uintptr_t)fi->fh : NULL;
}

/* What an operation was about, for the one who is told only a number. */
struct act {
	const char *what;
	fuse_ino_t ino; /* the file; with a name, its folder */
	const char *name;
};

/* What is said where nobody who knew more has said anything. */
static const struct {
	int code;
	const char *text;
} plain[] = {
	{EPERM, "this cannot be done here"},
	{EACCES, "the permissions of the folder behind documents/ do not let us do that; look at them there"},
	{EROFS, "the folder behind documents/ can only be read; make it writable there"},
	{EEXIST, "something of that name is there already; choose another name, or remove that first"},
	{ENOTEMPTY, "the folder is not empty; remove what is in it first"},
	{EXDEV, "documents stay in documents/, and everything else outside of it; make a copy instead"},
	{EINVAL, "this kind of it is not possible here"},
	{ENOSPC, "the disk is full; make room and do it again"},
	{EDQUOT, "your share of the disk is used up; make room and do it again"},
	{EFBIG, "that is larger than a file can be here"},
	{EIO, "the disk or the database of seamfs has a fault; its log says more"},
};

static void note(fuse_req_t req, struct act act, int r, struct err *e)
{
	for (size_t i = 0; !e->code && !e->noted && i < ARRAY_LEN(plain); i++) {
		if (plain[i].code == -r)
			err_set(e, -r, "%s", plain[i].text);
	}
	if (e->code)
		tree_failed(mount_of(req)->tree, act.what, act.ino, act.name, e);
}

static void refuse(fuse_req_t req, struct act act, int r, struct err *e)
{
	note(req, act, r, e);
	fuse_reply_err(req, -r);
}

static void reply_entry(fuse_req_t req, const struct node *node)
{
	struct fuse_entry_param entry;

	face_entry(mount_of(req), node, &entry);
	fuse_reply_entry(req, &entry);
}

static void reply_node(fuse_req_t req, struct act act, int r, const struct node *node, struct err *e)
{
	if (r < 0) {
		refuse(req, act, r, e);
		return;
	}
	tree_done(mount_of(req)->tree, act.ino, act.name);
	reply_entry(req, node);
}

/* ---- files ---- */

static void set_open_flags(
	struct mount *m, fuse_ino_t ino, struct handle *h, int flags, struct fuse_file_info *fi)
{
	struct place p = place_of_ino(ino);
	struct node node;

	fi->fh = (uintptr_t)h;
	/* What is cached is right, once the kernel has heard of the last change: its announcement may be under way. */
	fi->keep_cache =
		p.kind == PLACE_SCHEMA ||
		(p.kind == PLACE_RECORD && atomic_load(&m->told) >= store_position(tree_store(m->tree)));
	if (p.kind == PLACE_RECORD && !fi->keep_cache)
		fuse_lowlevel_notify_inval_inode(m->session, ino, -1, 0);
	fi->noflush = (flags & O_ACCMODE) == O_RDONLY;
	/* The kernel's cache is of the file, not of its version: who reads an old one on must not leave it there for others. */
	if (p.kind == PLACE_FILE)
		fi->direct_io = tree_apart(h);
	if (p.kind != PLACE_RECORD && p.kind != PLACE_SCRATCH && p.kind != PLACE_FILE)
		fi->direct_io = tree_stat(m->tree, ino, &node) == 0 && node.live;
}

void face_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct handle *h = NULL;
	struct err e = {0};
	int r = tree_open(m->tree, ino, fi->flags, &who, &h, &e);

	if (r < 0) {
		refuse(req, (struct act){"open", ino, NULL}, r, &e);
		return;
	}
	set_open_flags(m, ino, h, fi->flags, fi);
	if (fuse_reply_open(req, fi) < 0)
		tree_release(h, &who);
}

void face_create(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct fuse_entry_param entry;
	struct handle *h = NULL;
	struct err e = {0};
	struct node node;
	int r = tree_create(m->tree, dir, name, mode, fi->flags, &who, &node, &h, &e);

	if (r < 0) {
		refuse(req, (struct act){"create", dir, name}, r, &e);
		return;
	}
	tree_done(m->tree, dir, name);
	set_open_flags(m, node.ino, h, fi->flags, fi);
	face_entry(m, &node, &entry);
	if (fuse_reply_create(req, &entry, fi) < 0)
		tree_release(h, &who);
}

/* A document: the kernel moves the bytes from file to file. */
static void reply_document(struct again *a, int fd)
{
	struct fuse_bufvec from = FUSE_BUFVEC_INIT(a->size);

	from.buf[0].flags = (enum fuse_buf_flags)(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
	from.buf[0].fd = fd;
	from.buf[0].pos = a->offset;
	fuse_reply_data(a->req, &from, FUSE_BUF_SPLICE_MOVE);
}

static void read_document(struct mount *m, struct again *a)
{
	struct handle *h = handle_of(&a->fi);
	struct err e = {0};
	int r = tree_ready(h, a->offset, a->size, 0, &a->ask);

	if (r == 0)
		park_again(m, a);
	else if (r < 0)
		refuse(a->req, (struct act){"read", a->ino, NULL}, r, &e);
	else
		reply_document(a, tree_descriptor(h));
}

void face_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	struct buf b = BUF_INIT(BUF_MAX_SCRATCH);
	int r;

	if (tree_descriptor(h) >= 0) {
		struct again a = {.req = req,
			.act = read_document,
			.ino = ino,
			.fi = *fi,
			.size = size,
			.offset = offset};

		read_document(mount_of(req), &a);
		return;
	}
	r = tree_read(mount_of(req)->tree, h, ino, size, offset, &b);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, buf_text(&b), b.len < size ? b.len : size);
	buf_finish(&b);
}

static void write_document(struct again *a, const char *bytes)
{
	int fd = tree_descriptor(handle_of(&a->fi));
	struct err e = {0};
	ssize_t n;

	if (a->fi.flags & O_APPEND)
		a->offset = lseek(fd, 0, SEEK_END);
	n = pwrite(fd, bytes, a->size, a->offset);
	if (n < 0)
		refuse(a->req, (struct act){"write", a->ino, NULL}, -errno, &e);
	else
		fuse_reply_write(a->req, (size_t)n);
}

static void write_again(struct mount *m, struct again *a)
{
	int r = tree_ready(handle_of(&a->fi), a->offset, a->size, 1, &a->ask);
	struct err e = {0};

	if (r == 0) {
		park_again(m, a);
		return;
	}
	if (r < 0)
		refuse(a->req, (struct act){"write", a->ino, NULL}, r, &e);
	else
		write_document(a, a->bytes);
	free(a->bytes);
}

void face_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	struct caller who = face_caller(req);
	struct again a = {
		.req = req, .act = write_again, .ino = ino, .fi = *fi, .size = size, .offset = offset};
	struct err e = {0};
	int r;

	if (tree_descriptor(h) >= 0) {
		if (tree_ready(h, offset, size, 1, &a.ask) == 1) {
			write_document(&a, bytes);
			return;
		}
		a.bytes = mem_dup(bytes, size);
		write_again(mount_of(req), &a);
		return;
	}
	r = tree_write(h, bytes, size, offset, &who, &e);
	if (r < 0)
		refuse(req, (struct act){"write", ino, NULL}, r, &e);
	else
		fuse_reply_write(req, size);
}

static void save(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, enum flush how)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct ticket ticket = {0};
	struct err e = {0};
	int r = tree_flush(m->tree, handle_of(fi), ino, how, &who, &ticket, &e);

	if (r >= 0) {
		park_answer(m, req, &ticket, how == FLUSH_SYNC ? WAIT_SYNC_MS : WAIT_OWNER_MS);
		return;
	}
	note(req, (struct act){"save", ino, NULL}, r, &e);
	/* What the kernel has cached was refused; with a full disk no event can tell the notifier. */
	park_refusal(m, req, ino, r);
}

void face_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	save(req, ino, fi, FLUSH_CLOSE);
}

void face_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	int fd = tree_descriptor(handle_of(fi));
	struct err e = {0};

	if (fd < 0)
		save(req, ino, fi, FLUSH_SYNC);
	else if ((datasync ? fdatasync(fd) : fsync(fd)) < 0)
		refuse(req, (struct act){"save", ino, NULL}, -errno, &e);
	else
		fuse_reply_err(req, 0);
}

void face_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct caller who = face_caller(req);

	tree_release(handle_of(fi), &who);
	fuse_reply_err(req, 0);
}

/* ---- attributes and names ---- */

void face_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	int64_t size = to_set & FUSE_SET_ATTR_SIZE ? attr->st_size : -1;
	int64_t mtime = to_set & FUSE_SET_ATTR_MTIME_NOW ? clock_now_ms()
			: to_set & FUSE_SET_ATTR_MTIME
				? attr->st_mtim.tv_sec * INT64_C(1000) + attr->st_mtim.tv_nsec / 1000000
				: -1;
	struct err e = {0};
	struct node node;
	struct stat now;
	int r;

	/* The notifier only wants watchers to see that something changed. */
	if (face_is_notifier(m, req))
		r = tree_stat(m->tree, ino, &node);
	else
		r = tree_setattr(m->tree, ino, handle_of(fi), size, mtime, &node, &e);
	if (r < 0) {
		refuse(req, (struct act){"change", ino, NULL}, r, &e);
		return;
	}
	face_attr(m, &node, &now);
	fuse_reply_attr(req, &now, 0);
}

/* The notifier "makes" what is there already; answering with it shows watchers its creation. */
static _Bool made_by_notifier(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct mount *m = mount_of(req);
	struct node node;
	int r;

	if (!face_expected(m, req, dir, name))
		return 0;
	/* Nobody has done anything: what was refused there is of interest still. */
	r = tree_lookup(m->tree, dir, name, &node);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		reply_entry(req, &node);
	return 1;
}

void face_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, dev_t rdev)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct handle *h = NULL;
	struct err e = {0};
	struct node node;
	int r;

	if (made_by_notifier(req, dir, name))
		return;
	if (!S_ISREG(mode)) {
		err_set(&e, EPERM, "only files, folders and links can be made here");
		refuse(req, (struct act){"create", dir, name}, -EPERM, &e);
		return;
	}
	r = tree_create(m->tree, dir, name, mode, O_WRONLY, &who, &node, &h, &e);
	tree_release(h, &who);
	reply_node(req, (struct act){"create", dir, name}, r, &node, &e);
}

void face_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct err e = {0};
	struct node node;
	int r;

	if (made_by_notifier(req, dir, name))
		return;
	r = tree_mkdir(m->tree, dir, name, &who, &node, &e);
	fault_step("mkdir");
	reply_node(req, (struct act){"mkdir", dir, name}, r, &node, &e);
}

void face_symlink(fuse_req_t req, const char *target, fuse_ino_t dir, const char *name)
{
	struct mount *m = mount_of(req);
	struct err e = {0};
	struct node node;
	int r;

	if (made_by_notifier(req, dir, name))
		return;
	r = tree_symlink(m->tree, dir, name, target, &node, &e);
	reply_node(req, (struct act){"symlink", dir, name}, r, &node, &e);
}

void face_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name)
{
	/* Programs that want a backup by hard link fall back to a rename or a copy, which are safe. */
	struct err e = {0};

	err_set(&e, EPERM, "nothing has a second name by a hard link here; make a copy or a symbolic link");
	refuse(req, (struct act){"link", dir, name}, -EPERM, &e);
}

static void remove_entry(fuse_req_t req, fuse_ino_t dir, const char *name, _Bool folder)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct node node = {0};
	struct err e = {0};
	int r;

	/* The notifier "removes" what is gone already. */
	if (face_expected(m, req, dir, name)) {
		/* It may have come back this instant: now, as the kernel lets nobody look meanwhile. */
		if (folder)
			face_bury(m, m->expect_ino);
		fuse_reply_err(req, 0);
		return;
	}
	if (folder)
		(void)tree_lookup(m->tree, dir, name, &node);
	r = tree_unlink(m->tree, dir, name, folder, &who, &e);
	if (r < 0) {
		refuse(req, (struct act){"remove", dir, name}, r, &e);
		return;
	}
	if (folder)
		face_bury(m, node.ino);
	tree_done(m->tree, dir, name);
	fuse_reply_err(req, 0);
}

void face_unlink(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	remove_entry(req, dir, name, 0);
}

void face_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	remove_entry(req, dir, name, 1);
}

void face_rename(fuse_req_t req, fuse_ino_t dir, const char *name, fuse_ino_t new_dir, const char *new_name,
	unsigned flags)
{
	struct mount *m = mount_of(req);
	struct caller who = face_caller(req);
	struct ticket ticket;
	struct err e = {0};
	int r = tree_rename(m->tree, dir, name, new_dir, new_name, flags, &who, &ticket, &e);

	if (r < 0) {
		refuse(req, (struct act){"rename", dir, name}, r, &e);
		return;
	}
	tree_done(m->tree, dir, name);
	tree_done(m->tree, new_dir, new_name);
	park_answer(m, req, &ticket, WAIT_OWNER_MS);
}
