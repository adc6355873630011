/* SPDX-License-Identifier: Apache-2.0 */
/* merge_p - a merge while it is made: its fields are decided in fields.c.        Threads: the writer. */
#pragma once

#include "sync/worker.h"

struct merge {
	struct tx *tx;
	const struct arrival *a;
	const struct type *type;
	struct link link;
	cJSON *doc;    /* the record now; NULL: none */
	cJSON *theirs; /* as it came */
	cJSON *patch;  /* what the record takes over */
	uint64_t known;
	uint64_t conflicts, own_conflicts; /* fields in conflict with any tool, and with this one */
	uint64_t lost;			   /* fields in which the tool's value is overruled */
	_Bool contested;		   /* conflicts came or went */
	_Bool merged_lines;
};

/* merge_put - sets or (NULL) removes a value; merge_take: the record takes the tool's value of this field */
void merge_put(cJSON *object, const char *key, const cJSON *value);
void merge_take(struct merge *m, const struct field *f, const cJSON *value);

/* merge_linked - what came against what the tool had; the record against what that corresponded to */
int merge_linked(struct merge *m, uint64_t skip);

/* merge_heard - the tool has told what it made of these fields */
void merge_heard(struct merge *m, uint64_t fields);

/* merge_only_ours - nobody else has changed anything there: it is as the tool had it, or as we had sent it without hearing of it again */
_Bool merge_only_ours(struct merge *m);

/* merge_matched - the same thing, seen in this tool for the first time: its owner's values win, gaps on either side are filled */
void merge_matched(struct merge *m);

/* merge_by_id - finds the record by an id that one tool has of another; merge_note_ids() keeps those for what comes later */
_Bool merge_by_id(struct merge *m);
int merge_note_ids(struct merge *m);

/* merge_note_lost - values of the tool that were overruled are written down */
int merge_note_lost(struct merge *m);
