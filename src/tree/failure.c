/* SPDX-License-Identifier: Apache-2.0 */
/* What was refused is written down: the caller of a file operation only gets a number. */
#include "tree/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "tree/kinds.h"

/* The record that a link in by/ or in a client's folder leads to; 0: the node is no such link. */
static int64_t linked_record(struct place p)
{
	return p.kind == PLACE_VALUE_LINK || p.kind == PLACE_HUB_LINK ? p.b : 0;
}

/* Where people look for the reason: what was tried with a link to a record is about the record. */
static char *path_of(struct tree *tree, uint64_t ino, const char *name)
{
	_cleanup_(mem_freep) char *dir = NULL;
	struct node node = {.ino = ino};
	char *path = NULL;

	if (!name || tree_lookup(tree, ino, name, &node) == 0)
		path = linked_record(place_of_ino(node.ino)) ? store_record_path(store_db(tree->store),
								       linked_record(place_of_ino(node.ino)))
		       : name				     ? NULL
							     : tree_path(tree, ino);
	if (path || !name)
		return path ? path : str_dup("");
	dir = tree_path(tree, ino);
	return str_format("%s%s%s", dir ? dir : "", dir && dir[0] ? "/" : "", name);
}

/* ---- those that cannot be stored ---- */

enum { MOST = 16 };

/* With a full disk that is every one, and just then people want to know why. */
struct unstored {
	struct refusal {
		int64_t ms;
		int code, tool;
		char *path;
		char act[16], field[48], text[464];
	} list[MOST]; /* oldest first */
	size_t count; /* guarded, as all of it, by the tree's mutex */
};

void failure_begin(struct tree *tree)
{
	tree->unstored = mem_alloc(sizeof(*tree->unstored));
}

void failure_end(struct tree *tree)
{
	for (size_t i = 0; i < tree->unstored->count; i++)
		free(tree->unstored->list[i].path);
	free(tree->unstored);
}

/* The oldest gives way. */
static void keep_unstored(struct tree *tree, const struct failure *f)
{
	struct unstored *u = tree->unstored;
	struct refusal *new;

	pthread_mutex_lock(&tree->mutex);
	if (u->count == MOST) {
		free(u->list[0].path);
		memmove(&u->list[0], &u->list[1], (MOST - 1) * sizeof(u->list[0]));
		u->count--;
	}
	new = &u->list[u->count++];
	*new = (struct refusal){
		.ms = clock_now_ms(), .code = f->code, .tool = f->tool, .path = str_dup(f->path)};
	snprintf(new->act, sizeof(new->act), "%s", f->act);
	snprintf(new->field, sizeof(new->field), "%s", f->field);
	snprintf(new->text, sizeof(new->text), "%s", f->text);
	pthread_mutex_unlock(&tree->mutex);
}

static void forget_unstored(struct tree *tree, const char *path)
{
	struct unstored *u = tree->unstored;
	size_t left = 0;

	pthread_mutex_lock(&tree->mutex);
	for (size_t i = 0; i < u->count; i++) {
		if (strcmp(u->list[i].path, path) == 0)
			free(u->list[i].path);
		else
			u->list[left++] = u->list[i];
	}
	u->count = left;
	pthread_mutex_unlock(&tree->mutex);
}

/* A copy, as the visitor may do anything. */
static void copy_unstored(struct tree *tree, struct unstored *ret)
{
	pthread_mutex_lock(&tree->mutex);
	*ret = *tree->unstored;
	for (size_t i = 0; i < ret->count; i++)
		ret->list[i].path = str_dup(ret->list[i].path);
	pthread_mutex_unlock(&tree->mutex);
}

/* ---- looking ---- */

void failure_each(struct tree *tree, const char *dir, failure_visitor visit, void *context)
{
	struct unstored copy;

	copy_unstored(tree, &copy);
	for (size_t i = copy.count; i-- > 0;) {
		const struct refusal *u = &copy.list[i];
		const char *slash = strrchr(u->path, '/');
		size_t len = slash ? (size_t)(slash - u->path) : 0;
		struct failure f = {.ms = u->ms,
			.act = u->act,
			.path = u->path,
			.tool = u->tool,
			.code = u->code,
			.field = u->field,
			.text = u->text};

		if (!dir || (strlen(dir) == len && strncmp(dir, u->path, len) == 0))
			visit(context, &f);
		free(copy.list[i].path);
	}
	store_failure_each(tree->store, store_db(tree->store), dir, visit, context);
}

/* @saves: only a text that was refused. */
static char *unstored_text(struct tree *tree, const char *path, _Bool saves)
{
	const struct unstored *u = tree->unstored;
	char *text = NULL;

	pthread_mutex_lock(&tree->mutex);
	for (size_t i = u->count; i-- > 0 && !text;) {
		if (strcmp(u->list[i].path, path) == 0 && (!saves || strcmp(u->list[i].act, "save") == 0))
			text = str_dup(u->list[i].text);
	}
	pthread_mutex_unlock(&tree->mutex);
	return text;
}

char *failure_of(struct tree *tree, const char *path)
{
	char *text = unstored_text(tree, path, 0);

	return text ? text : store_failure_of(store_db(tree->store), path);
}

_Bool failure_of_save(struct tree *tree, const char *path)
{
	_cleanup_(mem_freep) char *text = unstored_text(tree, path, 1);

	return text || store_failure_has(store_db(tree->store), path, "save");
}

struct in_folder {
	struct tree *tree;
	struct place dir;
	const char *path;
	failure_visitor visit;
	void *context;
};

/* Of the entries of this folder, and of the records that its links lead to. */
static void visit_shown(void *context, const struct failure *f)
{
	struct in_folder *i = context;
	const char *slash = strrchr(f->path, '/');
	_cleanup_(mem_freep) char *record = NULL;
	struct node node;
	int64_t id;

	if (slash ? strncmp(f->path, i->path, strlen(i->path)) == 0 && slash == f->path + strlen(i->path)
		  : !i->path[0]) {
		i->visit(i->context, f);
		return;
	}
	if (!slash || tree_lookup(i->tree, place_to_ino(i->dir), slash + 1, &node) < 0)
		return;
	id = linked_record(place_of_ino(node.ino));
	record = id ? store_record_path(store_db(i->tree->store), id) : NULL;
	if (record && strcmp(record, f->path) == 0)
		i->visit(i->context, f);
}

int failure_each_in(struct tree *tree, struct place dir, failure_visitor visit, void *context)
{
	_cleanup_(mem_freep) char *path = tree_path(tree, place_to_ino(dir));
	struct in_folder i = {tree, dir, path, visit, context};
	_Bool links = dir.kind == PLACE_VALUE || dir.kind == PLACE_PARTS;

	if (!path)
		return -ENOENT;
	failure_each(tree, links ? NULL : path, links ? visit_shown : visit, links ? (void *)&i : context);
	return 0;
}

/* ---- writing down ---- */

static int add(struct tx *tx, void *argument)
{
	return store_failure_add(tx, argument);
}

void failure_note(struct tree *tree, const char *act, const char *path, int tool, struct err *e)
{
	struct failure f = {
		.act = act, .path = path, .tool = tool, .code = e->code, .field = e->field, .text = e->text};

	if (store_write(tree->store, add, &f) < 0)
		keep_unstored(tree, &f);
	e->noted = 1;
}

void tree_failed(struct tree *tree, const char *act, uint64_t ino, const char *name, struct err *e)
{
	_cleanup_(mem_freep) char *path = path_of(tree, ino, name);

	log_info("tree", "%s of %s refused: %s: %s", act, path, err_name(e->code), e->text);
	if (!e->noted)
		failure_note(tree, act, path, -1, e);
}

static int clear(struct tx *tx, void *argument)
{
	return store_failure_clear(tx, argument);
}

void failure_clear(struct tree *tree, const char *path)
{
	_cleanup_(mem_freep) char *was = store_failure_of(store_db(tree->store), path);

	forget_unstored(tree, path);
	if (was)
		(void)store_write(tree->store, clear, (void *)path);
}

static _Bool any_unstored(struct tree *tree)
{
	_Bool any;

	pthread_mutex_lock(&tree->mutex);
	any = tree->unstored->count > 0;
	pthread_mutex_unlock(&tree->mutex);
	return any;
}

void tree_done(struct tree *tree, uint64_t ino, const char *name)
{
	_cleanup_(mem_freep) char *path = NULL;
	struct place table;

	/* Only a good save settles what was refused of a table: programs that failed to write it remove what they take for a part. */
	if (name && place_of_ino(ino).kind == PLACE_FIXED && node_tables_find(name, &table) == 0)
		return;
	if (!any_unstored(tree) &&
		!db_int(store_db(tree->store), 0, "SELECT EXISTS (SELECT 1 FROM failure)", ""))
		return;
	path = path_of(tree, ino, name);
	failure_clear(tree, path);
}
