/* SPDX-License-Identifier: Apache-2.0 */
/* node - the kinds of nodes as a table of functions; the inside of tree/.        Threads: any. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "seamfs/model/place.h"
#include "seamfs/store/change.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"
#include "seamfs/store/scratch.h"
#include "seamfs/tree/open.h"
#include "tree/events.h"

enum {
	TREE_MAX_AWAY = 64,    /* names that an editor moved away for a moment */
	TREE_MAX_BECAME = 256, /* scratch files that became records, remembered for open descriptors */
	TREE_MAX_DAYS = 64,
	TREE_AWAY_MS = 30000,
	TREE_GRACE_MS = 2000, /* how long a new file stays a local one */
};

struct tree {
	struct store *store;
	int64_t made_ms;	    /* the time of what has none of its own */
	int drive;		    /* index of the tool whose files documents/ shows, -1: none */
	struct remote_tree *remote; /* documents whose bytes are elsewhere; NULL: in a local folder */

	pthread_t keeper;
	int keeper_fd;	    /* readable after every commit */
	int64_t expired_ms; /* when it last looked for old temporary files */
	int64_t filing_ms;  /* not before that it tries to file documents away again */
	atomic_bool stop;
	pthread_rwlock_t names; /* see names_hold() */
	struct events events;

	pthread_mutex_t mutex; /* guards what is below; never held across I/O */
	struct draft *drafts;  /* files open for writing */
	struct {
		uint64_t dir;
		char name[256];
		int64_t until_ms;
	} away[TREE_MAX_AWAY];
	struct {
		int64_t scratch;
		uint64_t ino;
	} became[TREE_MAX_BECAME];
	size_t became_next;
	struct {
		uint32_t day;
		int64_t last, size;
	} days[TREE_MAX_DAYS]; /* of the history */
	struct {
		_Bool made;
		int64_t position, links, size;
	} calendar;		      /* calendar.ics as it was at that position */
	struct unstored *unstored;    /* failure.c */
	struct known *known;	      /* known.c */
	struct report_cache *reports; /* has a mutex of its own */
	struct tables *tables;	      /* table.c */
	_Atomic int draft_count;
	_Atomic int64_t away_until_ms; /* when the last of them is forgotten */
};

/* A listing under way. */
struct listing {
	struct tree *tree;
	struct db *db;
	struct place place;
	tree_filler fill;
	void *context;
	unsigned section; /* the one that is being listed */
	int64_t after;	  /* where it begins */
	_Bool full;
};

struct node_kind {
	int (*stat)(struct tree *tree, struct place p, struct node *ret);
	int (*lookup)(struct tree *tree, struct place p, const char *name, struct node *ret);
	void (*list)(struct listing *l); /* one section; see node_add() */
	unsigned sections;
	int (*read)(struct tree *tree, struct place p, struct buf *b);
	char *(*target)(struct tree *tree, struct place p);
	/* parent - the folder it is in, and its name there (given); -ENOENT when it is gone */
	int (*parent)(struct tree *tree, struct place p, struct place *ret, char **ret_name);
};

extern const struct node_kind node_kinds[PLACE_KIND_COUNT];

/* node_view_name - the name of a field's folder in by/: "month" for a date, else the field's own name */
const char *node_view_name(const struct field *f);

/* node_has_folder - whether records of that type have a folder at the root */
_Bool node_has_folder(int type);

/* node_conflict_record - the record of which that file in problems/ shows one side; 0: it is another file */
int64_t node_conflict_record(struct tree *tree, struct place p);
/* node_scratch_lookup, node_scratch_list - temporary files that lie in a folder of records */
int node_scratch_lookup(struct tree *tree, struct place dir, const char *name, struct node *ret);
void node_scratch_list(struct listing *l);

/* node_folder, node_file, node_link - fill a node */
int node_folder(struct node *ret, uint64_t ino, int64_t mtime_ms);
int node_file(struct node *ret, uint64_t ino, int64_t size, int64_t mtime_ms);
int node_link(struct node *ret, uint64_t ino, int64_t size, int64_t mtime_ms);

/* node_made - a file whose text is made when it is read; -EFBIG over 64 MiB */
int node_made(struct tree *tree, struct place p, int64_t mtime_ms, struct node *ret);

/* node_add - gives one entry of the listing; false: the reader's buffer is full, stop */
_Bool node_add(struct listing *l, int64_t id, const char *name, const struct node *node);

/* node_relative - the path to @to from the folder @from, both below the mount point; given to the caller */
char *node_relative(const char *from, const char *to);

/* node_is_away - an editor has just moved that name away and will make it anew */
_Bool node_is_away(struct tree *tree, uint64_t dir, const char *name);

/* node_became - the record that a scratch file became, or 0 */
uint64_t node_became(struct tree *tree, int64_t scratch);

/* A name in a folder that is, or would be, a record's file. */
struct record_slot {
	const struct type *type;
	int64_t whole;		 /* the folder's record, 0 at the top */
	char stem[256];		 /* the name without its ending */
	int64_t record;		 /* 0: there is none of that name */
	_Bool card;		 /* NAME.vcf: what is written there is a vCard */
	const struct field *hub; /* a new one in the folder of another record: the reference it gets … */
	int64_t hub_record;	 /* … and to what */
};

/* node_slot - true when the name is a record's in that folder */
_Bool node_slot(struct tree *tree, struct place dir, const char *name, struct record_slot *ret);

/* node_folder_slot - true when a folder of that name made there is a record (a client, a project) */
_Bool node_folder_slot(struct tree *tree, struct place dir, const char *name, struct record_slot *ret);

/* node_takes_scratch - a folder in which temporary files may lie */
_Bool node_takes_scratch(struct place dir);

/* node_is_folder_of_records - a folder whose entries are records or links to them: it has exports */
_Bool node_is_folder_of_records(struct place dir);
