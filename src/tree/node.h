/* SPDX-License-Identifier: Apache-2.0 */
/* node - the kinds of nodes as a table of functions; the inside of tree/.        Threads: any. */
#pragma once

#include <pthread.h>
#include <sys/stat.h>

#include "seamfs/model/place.h"
#include "seamfs/store/change.h"
#include "seamfs/store/link.h"
#include "seamfs/store/local.h"
#include "seamfs/store/record.h"
#include "seamfs/tree/tree.h"

enum {
	TREE_MAX_AWAY = 64,    /* names that an editor moved away for a moment */
	TREE_MAX_BECAME = 256, /* scratch files that became records, remembered for open descriptors */
	TREE_AWAY_MS = 30000,
};

struct draft;

struct tree {
	struct store *store;
	int64_t start_ms;
	int drive; /* index of the tool whose files documents/ shows, -1: none */

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
	_Atomic int draft_count, away_count;
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

/* The functions of the table, by file. */
#define NODE_STAT(name)	  int name(struct tree *tree, struct place p, struct node *ret)
#define NODE_LOOKUP(name) int name(struct tree *tree, struct place p, const char *entry, struct node *ret)
#define NODE_LIST(name)	  void name(struct listing *l)
#define NODE_READ(name)	  int name(struct tree *tree, struct place p, struct buf *b)
#define NODE_TARGET(name) char *name(struct tree *tree, struct place p)
#define NODE_PARENT(name) int name(struct tree *tree, struct place p, struct place *ret, char **ret_name)

/* node_record.c */
NODE_STAT(node_collection_stat);
NODE_LOOKUP(node_collection_lookup);
NODE_LIST(node_collection_list);
NODE_PARENT(node_collection_parent);
NODE_STAT(node_dir_stat);
NODE_LOOKUP(node_dir_lookup);
NODE_LIST(node_dir_list);
NODE_PARENT(node_dir_parent);
NODE_STAT(node_record_stat);
NODE_READ(node_record_read);
NODE_PARENT(node_record_parent);
NODE_STAT(node_parts_stat);
NODE_LOOKUP(node_parts_lookup);
NODE_LIST(node_parts_list);
NODE_PARENT(node_parts_parent);
NODE_STAT(node_hub_stat);
NODE_TARGET(node_hub_target);
NODE_PARENT(node_hub_parent);
NODE_STAT(node_docs_stat);
NODE_TARGET(node_docs_target);
NODE_PARENT(node_docs_parent);

/* node_view.c */
NODE_STAT(node_by_stat);
NODE_LOOKUP(node_by_lookup);
NODE_LIST(node_by_list);
NODE_PARENT(node_by_parent);
NODE_STAT(node_view_stat);
NODE_LOOKUP(node_view_lookup);
NODE_LIST(node_view_list);
NODE_PARENT(node_view_parent);
NODE_STAT(node_value_stat);
NODE_LOOKUP(node_value_lookup);
NODE_LIST(node_value_list);
NODE_PARENT(node_value_parent);
NODE_STAT(node_facet_stat);
NODE_TARGET(node_facet_target);
NODE_PARENT(node_facet_parent);

/* node_fixed.c */
NODE_STAT(node_root_stat);
NODE_LOOKUP(node_root_lookup);
NODE_LIST(node_root_list);
NODE_STAT(node_fixed_stat);
NODE_LOOKUP(node_fixed_lookup);
NODE_LIST(node_fixed_list);
NODE_READ(node_fixed_read);
NODE_PARENT(node_fixed_parent);
NODE_STAT(node_schema_stat);
NODE_READ(node_schema_read);
NODE_PARENT(node_schema_parent);
NODE_STAT(node_tool_stat);
NODE_LOOKUP(node_tool_lookup);
NODE_LIST(node_tool_list);
NODE_PARENT(node_tool_parent);
NODE_STAT(node_raws_stat);
NODE_LOOKUP(node_raws_lookup);
NODE_LIST(node_raws_list);
NODE_PARENT(node_raws_parent);
NODE_STAT(node_raw_stat);
NODE_READ(node_raw_read);
NODE_PARENT(node_raw_parent);

/* node_local.c */
NODE_STAT(node_scratch_stat);
NODE_READ(node_scratch_read);
NODE_TARGET(node_scratch_target);
NODE_PARENT(node_scratch_parent);
NODE_STAT(node_file_stat);
NODE_LOOKUP(node_file_lookup);
NODE_LIST(node_file_list);
NODE_PARENT(node_file_parent);
NODE_STAT(node_problem_stat);
NODE_READ(node_problem_read);
NODE_PARENT(node_problem_parent);

/* node_view_name - the name of a field's folder in by/: "month" for a date, else the field's own name */
const char *node_view_name(const struct field *f);

/* node_documents_lookup, node_documents_list - the root of the drive tool */
int node_documents_lookup(struct tree *tree, const char *name, struct node *ret);
void node_documents_list(struct listing *l);
void node_problems_list(struct listing *l);
int node_problems_lookup(struct tree *tree, const char *name, struct node *ret);

/* node_scratch_lookup, node_scratch_list - temporary files that lie in a folder of records */
int node_scratch_lookup(struct tree *tree, struct place dir, const char *name, struct node *ret);
void node_scratch_list(struct listing *l);

/* node_folder, node_file, node_link - fill a node */
int node_folder(struct node *ret, uint64_t ino, int64_t mtime_ms);
int node_file(struct node *ret, uint64_t ino, int64_t size, int64_t mtime_ms);
int node_link(struct node *ret, uint64_t ino, int64_t size, int64_t mtime_ms);

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
	char stem[256];		 /* the name without ".json" */
	int64_t record;		 /* 0: there is none of that name */
	const struct field *hub; /* a new one in the folder of another record: the reference it gets … */
	int64_t hub_record;	 /* … and to what */
};

/* node_slot - true when the name is a record's in that folder */
_Bool node_slot(struct tree *tree, struct place dir, const char *name, struct record_slot *ret);

/* save.c: bytes become records. What is refused is kept in problems/. */
int save_record(struct tree *tree, const struct record_slot *slot, const char *path, const char *bytes,
	size_t len, const cJSON *base, const struct caller *who, struct ticket *ret, struct err *e);
int save_field(struct tree *tree, int64_t record, const char *path, const cJSON *patch, const char *cause,
	const struct caller *who, struct ticket *ret, struct err *e);

/* save_finish_scratch - the temporary file became that record */
void save_finish_scratch(struct tree *tree, int64_t scratch, uint64_t ino);

/* save_origin - who that is, for the history */
struct origin save_origin(const struct caller *who, const char *cause);

/* save_process - the process of a thread; 0 when it is not to be seen from here */
int32_t save_process(const struct caller *who);

/* draft.c: files open for writing */
_Bool draft_size(struct tree *tree, uint64_t ino, int64_t *ret);
_Bool draft_read(struct tree *tree, uint64_t ino, int64_t offset, size_t len, struct buf *b);
int draft_resize(struct tree *tree, uint64_t ino, int64_t size);

/* document.c: the real files of the drive tool; ids are file rows, 0 the root */
int document_stat(struct tree *tree, int64_t id, struct stat *ret);
int document_open(struct tree *tree, int64_t parent, const char *name, int flags, uint32_t mode);
int document_note(struct tree *tree, int64_t parent, const char *name, int64_t *ret);
int document_parent(struct place dir, int64_t *ret);
int document_mkdir(struct tree *tree, int64_t parent, const char *name);
int document_unlink(struct tree *tree, int64_t parent, const char *name, _Bool folder);
int document_rename(struct tree *tree, int64_t parent, const char *name, int64_t new_parent,
	const char *new_name, unsigned flags);

/* generated.c: the texts of fixed files */
int generated_read(struct tree *tree, enum place_fixed file, struct buf *b);
