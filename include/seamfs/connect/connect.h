/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect - the contract between seamfs and a tool.
 *
 * A connector is a kind of tool ("csv", "redmine"); a `struct tool_link` is one connected account. Two families
 * implement this contract: the manifest engine (HTTP + JSON, described by contrib/connectors/NAME.json) and the
 * drivers in C. Connectors translate between the tool's own form and docs (model/type.h) and know nothing of the
 * store, the tree, or other tools.
 *
 * Threads: one tool_link is used by one thread at a time; calls block, honour the link's stop flag within a second
 * or so, and are never made while a lock is held.
 *
 * References. In docs that a connector gives, a REF value is {"id": "<remote id in this tool>"} or, where the tool
 * holds only a name, {"name": "…"}. In docs that a connector gets, it is {"id": "…", "name": "…"}; "id" is absent when
 * the tool does not hold the other record. A field the tool does not have is absent from the docs it gives; a field
 * that it has but that is empty is null. In a change set given to update(), null means "clear".
 *
 * Errors. 0 or -errno with `struct err` filled: scope, retry class, field (ours) and sentence; err.sent tells that the
 * request may have reached the tool, so a create's outcome must be looked up with find() before it is sent again.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdint.h>

#include "seamfs/base/err.h"
#include "seamfs/connect/files.h"
#include "seamfs/model/type.h"

/* One record as the tool has it now. */
struct remote {
	char *id;	    /* the tool's id, as text */
	cJSON *doc;	    /* every readable field of the tool; NULL when deleted */
	char *raw;	    /* the tool's own JSON, or NULL */
	char *url;	    /* page for people, or NULL */
	int64_t changed_ms; /* when it was made or changed last, by the tool's clock; 0: it does not say */
	_Bool deleted;
};

void remote_finish(struct remote *r);

/* What a tool sends its webhooks by. */
struct subscription {
	char *remote;	  /* the tool's id of it */
	char *secret;	  /* what it will sign with, where it says that; or NULL */
	int64_t until_ms; /* it ends then (UTC); 0: never */
};

void subscription_finish(struct subscription *s);

/* What a tool can do with one type. */
struct capability {
	enum type_id type;
	uint64_t reads;	      /* fields it has (field_bit) */
	uint64_t writes;      /* fields that update() may change */
	uint64_t creates;     /* fields that create() may set; 0: create() is not possible */
	uint64_t steps;	      /* fields that update() may have to take through other values first */
	enum removal removes; /* what remove() does; REMOVE_ARCHIVE: restore() brings it back */
	_Bool scans;	      /* every list() is a full listing, so what is missing was deleted */
};

/**
 * sink - receives one page of a listing, in the caller's thread; the remotes are borrowed
 *
 * Returns 0, or -errno, which stops the listing and is forwarded.
 */
typedef int (*remote_sink)(void *context, const struct remote *remotes, size_t count);

struct tool_link;

struct connector_ops {
	/* check - proves that the tool answers and lets us in; @ret_text: one line about what was found (given) */
	int (*check)(struct tool_link *link, char **ret_text, struct err *e);

	/**
	 * list - every record that changed since @cursor (NULL: all), page by page, parents before parts
	 * @ret_cursor:   where the next list() goes on (given; NULL when the tool knows no "since")
	 * @ret_complete: the listing was the whole of the type and every page was proven good
	 *
	 * A record may come twice; deleted ones come with .deleted where the tool says so.
	 */
	int (*list)(struct tool_link *link, enum type_id type, const char *cursor, remote_sink sink,
		void *context, char **ret_cursor, _Bool *ret_complete, struct err *e);

	/* get - one record; -ENOENT when the tool no longer has it */
	int (*get)(
		struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e);

	/**
	 * create - sends a new record
	 * @key: idempotency key, durable before this call, the same on every try
	 *
	 * @ret is the record as the tool now has it (read again where the answer does not tell).
	 */
	int (*create)(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
		struct remote *ret, struct err *e);

	/**
	 * find - looks for the record that an earlier create() with this @doc and @key may have made
	 * @sent_ms: when it was sent (UTC)
	 *
	 * Returns 0; -ENOENT when it was not made; another -errno with err.sent, it is as unknown as before: also -EAGAIN
	 * while the tool may still be making it.
	 */
	int (*find)(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
		int64_t sent_ms, struct remote *ret, struct err *e);

	/**
	 * update - changes the fields in @changes (null: clear) of one record; the others keep their values
	 * @base: borrows; the whole doc as the tool last had it
	 *
	 * @ret is the record as the tool has it afterwards: the caller compares and so notices what was ignored. When this
	 * fails, a field among capability.steps may have got some of the way.
	 */
	int (*update)(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
		const cJSON *base, struct remote *ret, struct err *e);

	/* remove - archives or deletes, the weakest that the tool has; -EOPNOTSUPP where it can't */
	int (*remove)(struct tool_link *link, enum type_id type, const char *id, struct err *e);

	/* restore - brings back what remove() archived; NULL or -EOPNOTSUPP where it can't */
	int (*restore)(
		struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e);

	const struct file_ops *files; /* of a document tool; NULL for others */

	/* subscribe - has the tool send its webhooks to @address; @remote: its id of the one before ("": none), which goes on
	 * (@renew) or is replaced. -EOPNOTSUPP where a person has to do it; NULL: the tool has no webhooks */
	int (*subscribe)(struct tool_link *link, const char *address, const char *remote, _Bool renew,
		struct subscription *ret, struct err *e);

	/* watch_fd - a descriptor that polls readable when the tool changed, or -1; NULL: none */
	int (*watch_fd)(struct tool_link *link);

	/* watch_drain - reads the descriptor empty; true when something of interest changed */
	_Bool (*watch_drain)(struct tool_link *link);

	void (*close)(struct tool_link *link);
};

/* The part that every connector's own struct begins with. */
struct tool_link {
	const struct connector_ops *ops;
	const char *name; /* the tool's name in the stack; borrowed */
	struct capability
		capabilities[TYPE_COUNT]; /* indexed by type; .type is TYPE_NONE where it has none */
	const char *folder; /* document tools with local bytes: absolute path of their root; else NULL */
	atomic_bool *stop;  /* set by another thread: give up soon */
};
