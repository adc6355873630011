/* SPDX-License-Identifier: Apache-2.0 */
/* What was refused is written down: the caller of a file operation only gets a number. */
#include "seamfs/store/failure.h"

#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "tree/node.h"

static char *path_of(struct tree *tree, uint64_t ino, const char *name)
{
	_cleanup_(mem_freep) char *path = tree_path(tree, ino);

	return name ? str_format("%s%s%s", path ? path : "", path && path[0] ? "/" : "", name)
		    : str_dup(path ? path : "");
}

static int add(struct tx *tx, void *argument)
{
	return store_failure_add(tx, argument);
}

void tree_failed(struct tree *tree, const char *act, uint64_t ino, const char *name, const struct err *e)
{
	_cleanup_(mem_freep) char *path = path_of(tree, ino, name);
	struct failure f = {
		.act = act, .path = path, .tool = -1, .code = e->code, .field = e->field, .text = e->text};

	log_info("tree", "%s of %s refused: %s: %s", act, path, err_name(e->code), e->text);
	/* With a full disk it cannot be stored; the log has it. */
	if (!e->noted)
		(void)store_write(tree->store, add, &f);
}

static int clear(struct tx *tx, void *argument)
{
	return store_failure_clear(tx, argument);
}

void tree_done(struct tree *tree, uint64_t ino, const char *name)
{
	struct db *db = store_db(tree->store);
	_cleanup_(mem_freep) char *path = NULL;
	_cleanup_(mem_freep) char *was = NULL;

	if (!db_int(db, 0, "SELECT EXISTS (SELECT 1 FROM failure)", ""))
		return;
	path = path_of(tree, ino, name);
	was = store_failure_of(db, path);
	if (was)
		(void)store_write(tree->store, clear, path);
}
