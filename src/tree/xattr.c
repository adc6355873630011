/* SPDX-License-Identifier: Apache-2.0 */
/* user.seam.state and user.seam.error. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/local.h"
#include "seamfs/store/scratch.h"
#include "seamfs/store/trash.h"
#include "tree/failure.h"
#include "tree/kinds.h"
#include "tree/remote.h"

static char *error_of(struct tree *tree, struct place p)
{
	_Bool record = p.kind == PLACE_RECORD || p.kind == PLACE_RECORD_DIR;
	_cleanup_(mem_freep) char *path = tree_path(tree, place_to_ino(p));
	char *text = path ? failure_of(tree, path) : NULL;
	_Bool waits;

	if (!text && p.kind == PLACE_FILE && tree->remote)
		return store_drive_why(store_db(tree->store), p.b, &waits);
	/* The list of failures is short; a refused text stays. */
	return text || !record ? text : store_problem_of(store_db(tree->store), p.b);
}

static char *record_state(struct tree *tree, struct place p)
{
	static const char *const words[] = {[RECORD_REJECTED] = "rejected",
		[RECORD_HELD] = "held",
		[RECORD_PENDING] = "pending",
		[RECORD_SYNCED] = "synced"};
	enum record_progress progress = store_record_progress(store_db(tree->store), p.b);
	_cleanup_(mem_freep) char *path = tree_path(tree, place_to_ino(p));

	if (store_conflict_fields(store_db(tree->store), p.b, 0))
		return str_dup("conflict");
	/* A text that was refused left the record as it was, but whoever wrote it believes otherwise. */
	if (store_problem_has(store_db(tree->store), p.b) || (path && failure_of_save(tree, path)))
		progress = RECORD_REJECTED;
	return str_dup(words[progress]);
}

static char *trashed_state(struct tree *tree, struct place p)
{
	struct trashed t;

	if (store_trash_get(store_db(tree->store), p.b, &t) < 0)
		return NULL;
	free(t.name);
	return str_dup(t.state == TRASH_HELD ? "held" : "removed");
}

static char *document_state(struct tree *tree, struct place p)
{
	_Bool waits;
	_cleanup_(mem_freep) char *why = store_drive_why(store_db(tree->store), p.b, &waits);

	return str_dup(why ? "rejected" : waits ? "pending" : "synced");
}

static char *state_of(struct tree *tree, struct place p)
{
	_cleanup_(mem_freep) char *path = NULL;
	struct origin origin;

	switch (p.kind) {
	case PLACE_RECORD:
	case PLACE_RECORD_DIR:
		return record_state(tree, p);
	case PLACE_SCRATCH:
		if (store_scratch_due_of(store_db(tree->store), p.b, &origin))
			return str_dup("pending");
		path = tree_path(tree, place_to_ino(p));
		return str_dup(path && store_problem_at(store_db(tree->store), path) ? "rejected" : "draft");
	case PLACE_FILE:
		return tree->remote ? document_state(tree, p) : NULL;
	case PLACE_TABLE:
		path = tree_path(tree, place_to_ino(p));
		return str_dup(path && store_problem_at(store_db(tree->store), path) ? "rejected" : "synced");
	case PLACE_TRASHED:
		return trashed_state(tree, p);
	default:
		return NULL;
	}
}

int tree_xattr(struct tree *tree, uint64_t ino, const char *name, char **ret)
{
	struct place p = place_of_ino(ino);

	/* "Not supported" makes ls ask for ACLs once, and not for every file. */
	if (strncmp(name, "user.", 5) != 0)
		return -EOPNOTSUPP;
	*ret = strcmp(name, "user.seam.error") == 0   ? error_of(tree, p)
	       : strcmp(name, "user.seam.state") == 0 ? state_of(tree, p)
						      : NULL;
	return *ret ? 0 : -ENODATA;
}
