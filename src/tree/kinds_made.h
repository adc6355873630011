/* SPDX-License-Identifier: Apache-2.0 */
/* kinds_made - the kinds whose text is made out of many records; a part of kinds.h, which defines the forms. */
#pragma once

/* node_outbox.c */
NODE_STAT(node_outbox_stat);
NODE_READ(node_outbox_read);
NODE_PARENT(node_outbox_parent);
int node_outbox_lookup(struct tree *tree, const char *entry, struct node *ret);
void node_outbox_list(struct listing *l);

/* node_run.c */
NODE_STAT(node_run_stat);
NODE_READ(node_run_read);
NODE_PARENT(node_run_parent);
NODE_STAT(node_trial_stat);
NODE_READ(node_trial_read);
NODE_PARENT(node_trial_parent);
int node_run_lookup(struct tree *tree, const char *entry, struct node *ret);
void node_run_list(struct listing *l);
size_t node_trial_stem(struct tree *tree, const char *name, int *ret_rule);

/* node_table.c */
NODE_STAT(node_table_stat);
NODE_READ(node_table_read);
NODE_PARENT(node_table_parent);
int node_tables_find(const char *name, struct place *ret);
int node_tables_lookup(struct tree *tree, const char *name, struct node *ret);
void node_tables_list(struct listing *l);

/* node_history.c */
NODE_STAT(node_history_stat);
NODE_READ(node_history_read);
NODE_PARENT(node_history_parent);
int node_history_lookup(struct tree *tree, const char *entry, struct node *ret);
void node_history_list(struct listing *l);

/* node_report.c */
NODE_STAT(node_report_stat);
NODE_READ(node_report_read);
NODE_PARENT(node_report_parent);
NODE_STAT(node_journal_stat);
NODE_READ(node_journal_read);
NODE_PARENT(node_journal_parent);
int node_journal_lookup(struct tree *tree, const char *entry, struct node *ret);
void node_journal_list(struct listing *l);
int node_reports_lookup(struct tree *tree, const char *entry, struct node *ret);
void node_reports_list(struct listing *l);
