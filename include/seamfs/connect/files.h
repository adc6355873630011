/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files - the part of the contract that is about documents: a tool's tree of folders and files.
 *
 * A link with file_ops may be opened several times for the same tool: bytes are moved by links of their own.
 *
 * Paths are relative to the folder that the tool was opened with, '/'-separated, UTF-8, without a leading '/'; "" is that folder
 * itself. A version of a file is named by its etag, an opaque text that changes with the bytes; a tool without etags makes one of
 * what it has (size, time, hash), and says so by .weak: then a conditional write is only as good as a look just before it.
 *
 * Errors, besides those of connect.h: -ENOENT it is not there; -ESTALE it is there in another version than was named; -EEXIST
 * something is there already; -ENOTEMPTY; -ENOSPC and -EDQUOT the tool has no room; -EACCES and -EROFS it does not let us;
 * -ENAMETOOLONG and -EINVAL it cannot have that name.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/err.h"

struct tool_link;

/* A file or folder of a document tool. */
struct remote_file {
	const char *path;
	const char *id; /* stays the same when it is renamed; NULL: the tool has none */
	const char *
		etag; /* of a folder: changes with anything below it, else NULL. NULL of a file: size and time tell */
	_Bool folder;
	int64_t size;
	int64_t mtime_ms;
};

void remote_file_finish(struct remote_file *f); /* for one that was given: frees the texts */

/* One way through the tree. */
struct file_walk {
	const char *path; /* the folder whose entries are wanted; "" or NULL: the root */
	_Bool flat;	  /* only its own entries, nothing further below */
	/* sink - some entries, folders before what is in them; they are borrowed. -errno stops the walk and is forwarded. */
	int (*sink)(void *context, const struct remote_file *files, size_t count);
	/* known - the folder has this etag since last time: what is below it need not be asked for, and is not listed. May be NULL. */
	_Bool (*known)(void *context, const char *path, const char *etag);
	void *context;
};

/* Bytes as they arrive. -errno stops the transfer and is forwarded. */
typedef int (*byte_sink)(void *context, const void *bytes, size_t len);

/* A file on its way to the tool. */
struct file_upload {
	const char *path;
	const char *etag; /* of the version that it replaces; NULL: there must be nothing at @path */
	int fd;		  /* read with pread(); does not change meanwhile */
	int64_t size;
	int64_t mtime_ms;
	const char *
		resume; /* what keep() was given last when the same upload was cut off; NULL: from the start */
	/**
	 * keep - so many bytes are with the tool; @resume: what the upload can go on from after a crash (made durable by the
	 * callee before it returns), or NULL when it cannot. Called about once in 8 MiB; -errno stops the upload.
	 */
	int (*keep)(void *context, int64_t sent, const char *resume);
	void *context;
};

/* Of a tool whose bytes are elsewhere. A local folder, whose bytes the tree reads itself, has only walk(). */
struct file_ops {
	/* walk - everything below a folder; -ENOENT when it is not there. A local folder is always walked whole. */
	int (*walk)(struct tool_link *link, const struct file_walk *walk, struct err *e);

	/* stat - one entry as it is now, given */
	int (*stat)(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e);

	/**
	 * read - @length bytes from @offset, fewer only at the end of the file
	 * @etag: the version that is meant; -ESTALE when it is another by now (nothing was delivered then)
	 */
	int (*read)(struct tool_link *link, const char *path, const char *etag, int64_t offset,
		int64_t length, byte_sink sink, void *context, struct err *e);

	/**
	 * write - the whole file, in one step: nobody ever sees half of it under its name
	 *
	 * Also -ENOENT when its folder is not there. err.sent: it may have arrived all the same. @ret: as the tool has it now, given.
	 */
	int (*write)(struct tool_link *link, const struct file_upload *upload, struct remote_file *ret,
		struct err *e);

	/* make_folder - -EEXIST also when a file has that name; @ret is given */
	int (*make_folder)(struct tool_link *link, const char *path, struct remote_file *ret, struct err *e);

	/* move - a file or a whole folder; never replaces anything (-EEXIST). @ret: as it is there, given. */
	int (*move)(struct tool_link *link, const char *path, const char *to, struct remote_file *ret,
		struct err *e);

	/* remove - a file in that version (@etag NULL: a folder and all below it); -ENOENT is success of another */
	int (*remove)(struct tool_link *link, const char *path, const char *etag, struct err *e);

	/* room - bytes in all and left; -EOPNOTSUPP where the tool does not say. NULL: never */
	int (*room)(struct tool_link *link, int64_t *ret_total, int64_t *ret_free, struct err *e);
};
