/* SPDX-License-Identifier: Apache-2.0 */
/* failure - what was refused lately, in the store or, when the disk is full, in memory.        Threads: any. */
#pragma once

#include "seamfs/store/failure.h"
#include "tree/node.h"

/* failure_begin, failure_end - with the tree */
void failure_begin(struct tree *tree);
void failure_end(struct tree *tree);

/* failure_each - newest first; @dir: only of the entries of that folder ("" the root), NULL: all */
void failure_each(struct tree *tree, const char *dir, failure_visitor visit, void *context);

/* failure_each_in - of the entries of a folder and of the records that links in it lead to. 0 or -ENOENT. */
int failure_each_in(struct tree *tree, struct place dir, failure_visitor visit, void *context);

/* failure_of - the last sentence about that path, given to the caller; NULL without one */
char *failure_of(struct tree *tree, const char *path);

/* failure_of_save - whether the last text for that path was refused; a full disk keeps it out of problems/ */
_Bool failure_of_save(struct tree *tree, const char *path);

/* failure_note - writes down what was refused by the tool (its index) or, with -1, here; @e is noted then */
void failure_note(struct tree *tree, const char *act, const char *path, int tool, struct err *e);

/* failure_clear - what was refused there has been done now */
void failure_clear(struct tree *tree, const char *path);
