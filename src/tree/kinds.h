/* SPDX-License-Identifier: Apache-2.0 */
/* kinds - the functions that the table of node kinds is made of.        Threads: any. */
#pragma once

#include "tree/node.h"

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

/* node_aside.c */
/* node_aside_lookup - what a folder has and does not list: .error, .export, NAME.meta.json … */
int node_aside_lookup(struct tree *tree, struct place dir, const char *name, struct node *ret);
NODE_STAT(node_meta_stat);
NODE_READ(node_meta_read);
NODE_PARENT(node_meta_parent);
NODE_STAT(node_fields_stat);
NODE_LOOKUP(node_fields_lookup);
NODE_LIST(node_fields_list);
NODE_PARENT(node_fields_parent);
NODE_STAT(node_field_stat);
NODE_READ(node_field_read);
NODE_PARENT(node_field_parent);
NODE_STAT(node_aside_stat);
NODE_LOOKUP(node_aside_entry);
NODE_LIST(node_aside_list);
NODE_READ(node_aside_read);
NODE_PARENT(node_aside_parent);

/* card.c */
NODE_READ(node_card_read);

#include "tree/kinds_made.h"

/* node_trash.c */
NODE_STAT(node_trash_stat);
NODE_LOOKUP(node_trash_lookup);
NODE_LIST(node_trash_list);
NODE_PARENT(node_trash_parent);
NODE_STAT(node_trashed_stat);
NODE_READ(node_trashed_read);
NODE_PARENT(node_trashed_parent);
/* the folders of the trash */
int node_trash_lookup_type(struct tree *tree, const char *entry, struct node *ret);
void node_trash_list_types(struct listing *l);

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
void node_problems_list(struct listing *l);
int node_problems_lookup(struct tree *tree, const char *name, struct node *ret);
