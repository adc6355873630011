/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dav_entries - address books and calendars: a collection on a WebDAV server with a text for each record. The parts:
 * dav_entries.c (the contract of connect.h for one record), dav_list.c (what changed), dav_find.c (which collection);
 * carddav.c and caldav.c know what the texts mean.
 *
 * A record's remote id is the last segment of its address, decoded. What it says is changed in the text that the server has now, and
 * sent only for that version (If-Match).
 *
 * Threads: as connect.h says of a tool_link.
 */
#pragma once

#include "connect/dav.h"

/* What there is to know about the texts of a collection. */
struct dav_format {
	const char *title;     /* "address book" */
	const char *space;     /* XML namespace of the names below */
	const char *service;   /* /.well-known/SERVICE (RFC 6764) */
	const char *home;      /* property of a user: where the collections are */
	const char *type;      /* what a collection is, in DAV:resourcetype */
	const char *component; /* what a calendar has to take; NULL: it is none */
	const char *multiget;  /* report that gives texts … */
	const char *data;      /* … in this property */
	const char *find;      /* body of the report that finds a UID, which stands for %s */
	const char *ending;    /* of a new entry's address */
	const char *content_type;

	/* fields - what an entry of that type holds; 0: there is none */
	uint64_t (*fields)(enum type_id type);

	/**
	 * read - what a text means
	 * @ret_type: TYPE_NONE for what is none of our records
	 * @ret_doc:  given, NULL then
	 *
	 * 0, or -EINVAL for what cannot be read.
	 */
	int (*read)(const char *text, size_t len, enum type_id *ret_type, cJSON **ret_doc,
		int64_t *ret_changed_ms, struct err *e);

	/* write - @text (NULL: a new one, with that @id) with @doc in it. 0, -EINVAL or -EPERM with a field. */
	int (*write)(enum type_id type, const char *text, size_t len, const char *id, const cJSON *doc,
		struct buf *out, struct err *e);
};

struct dav_entries {
	struct tool_link base; /* must be first */
	struct dav dav;
	const struct dav_format *format;
	char *wanted;	  /* the collection that a person has named; NULL: there is only one */
	char *collection; /* its address, with a '/' at the end; NULL: not found yet */
	char *path;	  /* as dav_path() of it */
	char *title;	  /* what people call it */
	_Bool syncs;	  /* it has sync-collection (RFC 6578) */
	struct {
		char *id, *etag, *text;
		size_t len;
	} seen; /* the entry that was read last, and its version */
};

/* dav_entries_open - opens a link for texts of that format; no network */
int dav_entries_open(const struct dav_format *format, const struct tool_setup *setup, struct tool_link **ret,
	struct err *e);

/* dav_find - sees to it that l->collection is known. 0 or -errno. */
int dav_find(struct dav_entries *l, struct err *e);

/* dav_moved - the collection is gone: the next call looks for it anew, for this one -EIO */
int dav_moved(struct dav_entries *l, struct err *e);

/* dav_list - the contract's list() */
int dav_list(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink, void *context,
	char **ret_cursor, _Bool *ret_complete, struct err *e);

/* dav_entry_id - the id that a path stands for, given; NULL when it is not of an entry of the collection */
char *dav_entry_id(const struct dav_entries *l, const char *path);

/**
 * dav_entry_remote - a text as a record of @type
 *
 * Returns 0; 1 when it is another type's, or nobody's; -EINVAL when it cannot be read.
 */
int dav_entry_remote(struct dav_entries *l, enum type_id type, const char *id, const char *etag,
	const char *text, size_t len, struct remote *ret, struct err *e);
