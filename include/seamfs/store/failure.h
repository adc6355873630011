/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failure - what was refused lately and why, for those who got only a number: .error, .seam/errors.ndjson and the
 * attribute user.seam.error show it.        Threads: reading, any owner of a db; writing, the writer (inside a job).
 */
#pragma once

#include "seamfs/base/err.h"
#include "seamfs/store/store.h"

struct failure {
	int64_t ms;	  /* UTC; filled by store_failure_add() */
	const char *act;  /* "save", "rename", "remove" … */
	const char *path; /* below the mount point */
	int tool;	  /* index in the stack of the tool that refused it, -1: refused here */
	int code;	  /* positive errno */
	const char *field;
	const char *text; /* the sentence */
};

enum { FAILURE_MOST = 300 }; /* older ones are forgotten */

int store_failure_add(struct tx *tx, const struct failure *f);

/* store_failure_clear - what was refused there has been done now */
int store_failure_clear(struct tx *tx, const char *path);

/* store_failure_each - newest first; @dir: only of the entries of that folder ("" the root), NULL: all */
typedef void (*failure_visitor)(void *context, const struct failure *f);
void store_failure_each(
	struct store *store, struct db *db, const char *dir, failure_visitor f, void *context);

/* store_failure_of - the last sentence about that path, given to the caller; NULL without one */
char *store_failure_of(struct db *db, const char *path);

/* store_failure_has - whether that was refused there */
_Bool store_failure_has(struct db *db, const char *path, const char *act);
