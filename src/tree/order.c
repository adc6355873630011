/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/tree/order.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/store/hint.h"
#include "tree/kinds.h"
#include "tree/save.h"

/* A record has several addresses: its file, its folder, links to it. */
static int64_t record_at(struct place p)
{
	switch (p.kind) {
	case PLACE_RECORD:
	case PLACE_RECORD_DIR:
	case PLACE_HUB_LINK:
	case PLACE_VALUE_LINK:
		return p.b;
	default:
		return 0;
	}
}

static int step(struct tree *tree, uint64_t dir, const char *name, uint64_t *ret)
{
	_cleanup_(mem_freep) char *file = str_format("%s.json", name);
	struct node node = {0};
	int r = tree_lookup(tree, dir, name, &node);

	if (r == -ENOENT)
		r = tree_lookup(tree, dir, file, &node);
	*ret = node.ino;
	return r;
}

static int find(struct tree *tree, const char *path, struct record_slot *ret, struct err *e)
{
	_cleanup_(mem_freep) char *rest = str_dup(path);
	struct record_stat stat;
	uint64_t ino = PLACE_ROOT_INO;
	char *next = rest;

	while (next) {
		char *name = strsep(&next, "/");

		if (*name && step(tree, ino, name, &ino) < 0)
			return err_set(e, ENOENT, "there is no record %.200s", path);
	}
	ret->record = record_at(place_of_ino(ino));
	if (!ret->record || store_record_stat(store_db(tree->store), ret->record, &stat) < 0)
		return err_set(e, EINVAL,
			"%.200s is no record: a path is one such as \"clients/NAME\" or "
			"\"invoices/NUMBER.json\"",
			path);
	ret->type = type_get(stat.type);
	return 0;
}

/* What a new one is called in a sentence, and in problems/ when it is refused. */
static char *new_path(const struct tree_order *o)
{
	const char *key = json_get_text(o->fields, type_key(o->type)->name);
	_cleanup_(mem_freep) char *safe = name_safe(key ? key : "new", NAME_MAX_BYTES);

	return str_format("%s/%s.json", o->type->plural, safe);
}

static int repeated(struct tree *tree, const struct tree_order *o, char **ret_path)
{
	struct db *db = store_db(tree->store);
	int64_t record;

	if (!o->once || store_heard_record(db, 0, o->once, &record) < 0)
		return 0;
	*ret_path = store_record_path(db, record);
	if (!*ret_path)
		*ret_path = str_dup("");
	return 1;
}

/* Whole characters, in one line: it is shown to people. */
static void set_program(struct origin *origin, const char *said)
{
	_cleanup_(mem_freep) char *program = str_dup(said);

	utf8_shorten(program, sizeof(origin->program) - 1);
	utf8_disarm(program);
	program[strcspn(program, "\r\n")] = '\0';
	snprintf(origin->program, sizeof(origin->program), "%s", program);
}

int tree_order(struct tree *tree, const struct tree_order *o, char **ret_path, struct err *e)
{
	struct record_slot slot = {.type = o->type};
	struct origin origin = {.tool = -1, .uid = getuid(), .cause = "hook"};
	_cleanup_(mem_freep) char *text = json_print(o->fields), *path = NULL;
	struct text save = {.bytes = text, .len = strlen(text), .once = o->once};
	struct ticket ticket = {0};
	int r = repeated(tree, o, ret_path);

	if (r == 0 && o->path)
		r = find(tree, o->path, &slot, e);
	if (r != 0)
		return r;
	set_program(&origin, o->program);
	path = slot.record ? store_record_path(store_db(tree->store), slot.record) : new_path(o);
	if (!path)
		return err_set(e, ENOENT, "there is no record %.200s", o->path);
	r = save_record(tree, &slot, path, &save, &origin, &ticket, e);
	/* The same order came twice at the same time. */
	if (r == -EALREADY && repeated(tree, o, ret_path))
		return 1;
	if (r < 0)
		return r;
	*ret_path = store_record_path(store_db(tree->store), (int64_t)place_of_ino(ticket.changed_ino).b);
	return *ret_path ? 0 : err_set(e, ENOENT, "%s is gone again", path);
}
