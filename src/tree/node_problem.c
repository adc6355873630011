/* SPDX-License-Identifier: Apache-2.0 */
/* problems/: a refused text, or the sides of a conflict, and beside it what is the matter. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/outbox.h"
#include "tree/kinds.h"

/* The files of one problem, by the a of their place. */
enum part { PART_REFUSED, PART_WHY, PART_MINE, PART_THEIRS, PART_BASE, PART_COUNT };

static const struct {
	const char *ending;
	enum problem_kind kind;
} parts[PART_COUNT] = {
	[PART_REFUSED] = {"rejected.json", PROBLEM_REFUSED},
	[PART_WHY] = {"why.txt"}, /* of every kind */
	[PART_MINE] = {"mine.json", PROBLEM_CONFLICT},
	[PART_THEIRS] = {"theirs.json", PROBLEM_CONFLICT},
	[PART_BASE] = {"base.json", PROBLEM_CONFLICT},
};

static _Bool has_part(const struct problem *p, int part)
{
	return part == PART_WHY ||
	       (part == PART_REFUSED ? p->kind != PROBLEM_CONFLICT && p->len : parts[part].kind == p->kind);
}

static _Bool is_table(const struct problem *p)
{
	size_t n = strlen(p->path);

	return n > 4 && strcmp(p->path + n - 4, ".csv") == 0;
}

/* A conflict's files have the plain name, as long as no other has it. */
static void problem_name(struct tree *tree, const struct problem *p, int part, char name[280])
{
	_Bool first =
		p->kind == PROBLEM_CONFLICT &&
		db_int(store_db(tree->store), 0, "SELECT min(id) FROM problem WHERE kind = ?1 AND name = ?2",
			"it", (int64_t)p->kind, p->name) == p->id;

	if (first)
		snprintf(name, 280, "%.200s.%s", p->name, parts[part].ending);
	else
		snprintf(name, 280, "%.200s ~%lld.%s", p->name, (long long)p->id,
			part == PART_REFUSED && is_table(p) ? "rejected.csv" : parts[part].ending);
}

struct problem_context {
	struct tree *tree;
	struct listing *l;
	struct buf *b;
	char *name;
	int part;
	const char *wanted;
	int64_t found;
	int result;
};

/* ---- why.txt ---- */

/* A field as a JSON Pointer: "lines[2].unit_price" is /lines/2/unit_price; @plain: all of it is one key. */
static void add_pointer(struct buf *b, const char *field, _Bool plain)
{
	buf_putc(b, '/');
	for (const char *c = field; *c; c++) {
		if (*c == '~' || *c == '/')
			buf_puts(b, *c == '~' ? "~0" : "~1");
		else if (plain || !strchr("[].", *c))
			buf_putc(b, *c);
		else if (*c != ']')
			buf_putc(b, '/');
	}
}

/* Where in the refused text the mistake is. */
static _Bool find_place(const struct problem *p, struct json_place *ret)
{
	_cleanup_json_ cJSON *doc = NULL;

	if (is_table(p))
		return 0; /* the sentence says the row */
	/* The text of a field's own file may be no JSON, which is no mistake. */
	if (!p->len || json_parse(p->bytes, p->len, JSON_STRICT, &doc, ret, NULL) < 0)
		return p->len && !p->field[0] && p->code == EINVAL;
	for (int plain = 1; plain >= 0 && p->field[0]; plain--) {
		_cleanup_(buf_finish) struct buf pointer = BUF_INIT(1024);

		add_pointer(&pointer, p->field, plain != 0);
		if (!json_at(doc, buf_text(&pointer)))
			continue;
		*ret = json_locate(p->bytes, p->len, buf_text(&pointer));
		return 1;
	}
	return 0;
}

static const struct {
	int code;
	const char *text;
} advice[] = {
	{EINVAL, "mend what is named above, and save the file again"},
	{EPERM, "leave that as it is, and save the rest again"},
	{EACCES, "see to it that the tool lets you do this (your rights there, the key in stack.json), and "
		 "save again"},
	{ENOENT, "write a name that exists, or make that record first, and save again"},
	{EEXIST, "choose another one, or change the record that has it, and save again"},
	{ESTALE, "look at the file as it is now, and make your change again"},
	{EDQUOT, "make room in the tool, or get a larger plan there, and save again"},
	{EROFS, "change it in the tool that owns it, or make that writable, and save again"},
	{EFBIG, "make it smaller, and save again"},
	{E2BIG, "make it smaller, and save again"},
	{EIO, "see in .seam/status how the tool is doing, and save again"},
};

static const char *advice_for(const struct problem *p)
{
	size_t i = 0;

	/* A tool says so of the record itself. */
	if (p->code == ENOENT && p->tool >= 0)
		return "look whether it is to be there, and make it anew if so";
	while (i < ARRAY_LEN(advice) - 1 && advice[i].code != p->code)
		i++;
	return advice[i].text;
}

/* What the file shows while the note is here, and when it goes. */
static const char *now_shown(struct tree *tree, const struct problem *p)
{
	struct db *db = store_db(tree->store);
	struct record_stat stat;

	if (p->kind == PROBLEM_CONFLICT)
		return "The file shows your version, and nothing of this has been sent. These notes go away "
		       "when "
		       "it is settled.";
	if (p->kind == PROBLEM_NOTE && store_record_stat(db, p->record, &stat) == 0)
		return "This note can be removed when it has been read.";
	if (p->kind == PROBLEM_NOTE && !p->record)
		return "This note goes away when that is decided.";
	if (is_table(p))
		return "Nothing of it was done: all records are as they were. This note goes away with the "
		       "next good save of the table that changes something, and can be removed.";
	if (!p->record)
		return "It is no record yet, and no tool has heard of it. This note goes away with the next "
		       "good "
		       "save.";
	if (store_record_stat(db, p->record, &stat) < 0)
		return "The record is in .seam/trash/. Move it back from there to have it made anew; this "
		       "note can "
		       "be removed.";
	if (store_record_progress(db, p->record) == RECORD_REJECTED)
		return "The file shows what was refused, and the tool does not have it. This note goes away "
		       "with "
		       "the next good save.";
	return "The file is as it was before. This note goes away with the next good save.";
}

static void write_why(struct tree *tree, const struct problem *p, struct buf *b)
{
	char time[CLOCK_UTC_SIZE];
	struct json_place place;

	buf_printf(b, "%s\n\n%s\n\nFile: %s\n", p->name, p->text, p->path);
	if (p->kind == PROBLEM_REFUSED && find_place(p, &place))
		buf_printf(b, "Line: %u, column %u\n", place.line, place.column);
	if (p->field[0])
		buf_printf(b, "Field: %s\n", p->field);
	if (p->tool >= 0)
		buf_printf(b, "Tool: %s\n", store_stack(tree->store)->tools[p->tool].name);
	buf_printf(b, "When: %s\nCode: %s\n", clock_format_utc(p->ms, time), err_name(p->code));
	if (p->kind == PROBLEM_REFUSED || (p->kind == PROBLEM_NOTE && p->record))
		buf_printf(b, "What to do: %s.\n", advice_for(p));
	buf_printf(b, "\n%s\n", now_shown(tree, p));
}

/* ---- the files ---- */

static void name_all(const struct type *type, uint64_t fields, cJSON *doc)
{
	for (int i = 0; type->fields[i].name; i++) {
		if ((fields & (uint64_t)1 << i) && !json_get(doc, type->fields[i].name))
			json_set(doc, type->fields[i].name, cJSON_CreateNull());
	}
}

static void write_side(struct problem_context *c, const struct problem *p)
{
	static const enum conflict_side sides[PART_COUNT] = {
		[PART_MINE] = CONFLICT_MINE, [PART_THEIRS] = CONFLICT_THEIRS, [PART_BASE] = CONFLICT_BASE};
	struct db *db = store_db(c->tree->store);
	struct record_names names = store_names(db);
	int64_t tool = p->tool < 0 ? 0 : store_tool_id(c->tree->store, p->tool);
	cJSON *doc = p->tool < 0 ? NULL : store_conflict_doc(db, p->record, tool, sides[c->part]);
	struct record_stat stat;

	c->result = doc ? store_record_stat(db, p->record, &stat) : -ENOENT;
	if (c->result == 0) {
		/* A side without a value says so: moved over the record, it decides about that field too. */
		name_all(type_get(stat.type), store_conflict_fields(db, p->record, tool), doc);
		c->result = record_render(
			type_get(stat.type), doc, &names, store_stack(c->tree->store)->currency, c->b);
	}
	cJSON_Delete(doc);
}

static void write_part(void *context, const struct problem *p)
{
	struct problem_context *c = context;

	if (c->part == PART_WHY)
		write_why(c->tree, p, c->b);
	else if (c->part == PART_REFUSED)
		buf_add(c->b, p->bytes, p->len);
	else
		write_side(c, p);
}

NODE_READ(node_problem_read)
{
	struct problem_context c = {.tree = tree, .b = b, .part = (int)p.a};
	int r = p.a < PART_COUNT ? store_problem_get(tree->store, store_db(tree->store), p.b, write_part, &c)
				 : -ENOENT;

	return r < 0 ? r : c.result;
}

NODE_STAT(node_problem_stat)
{
	return node_made(tree, p, tree->made_ms, ret);
}

static void problem_entry(void *context, const struct problem *p)
{
	struct problem_context *c = context;
	char name[280];
	struct node node;

	for (int part = PART_COUNT - 1; part >= 0; part--) {
		int64_t cookie = p->id * 8 + part;
		struct place place = {PLACE_PROBLEM, (uint32_t)part, (uint32_t)p->id};

		if (!has_part(p, part))
			continue;
		problem_name(c->tree, p, part, name);
		if (c->wanted && strcmp(name, c->wanted) == 0)
			c->found = cookie;
		/* Newest first: the cookies go down. */
		if (c->l && !c->l->full && (!c->l->after || cookie < c->l->after) &&
			node_problem_stat(c->tree, place, &node) == 0)
			node_add(c->l, cookie, name, &node);
	}
}

void node_problems_list(struct listing *l)
{
	struct problem_context c = {.tree = l->tree, .l = l};

	store_problem_each(l->tree->store, l->db, problem_entry, &c);
}

int node_problems_lookup(struct tree *tree, const char *name, struct node *ret)
{
	struct problem_context c = {.tree = tree, .wanted = name};

	store_problem_each(tree->store, store_db(tree->store), problem_entry, &c);
	if (!c.found)
		return -ENOENT;
	return node_problem_stat(
		tree, (struct place){PLACE_PROBLEM, (uint32_t)(c.found & 7), (uint32_t)(c.found / 8)}, ret);
}

static void take_name(void *context, const struct problem *p)
{
	struct problem_context *c = context;

	problem_name(c->tree, p, c->part, c->name);
}

NODE_PARENT(node_problem_parent)
{
	char name[280] = "";
	struct problem_context c = {.tree = tree, .name = name, .part = (int)p.a};
	int r = p.a < PART_COUNT ? store_problem_get(tree->store, store_db(tree->store), p.b, take_name, &c)
				 : -ENOENT;

	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_PROBLEMS};
	*ret_name = str_dup(name);
	return r;
}

static void take_record(void *context, const struct problem *p)
{
	*(int64_t *)context = p->kind == PROBLEM_CONFLICT ? p->record : 0;
}

int64_t node_conflict_record(struct tree *tree, struct place p)
{
	int64_t record = 0;

	if (p.a >= PART_MINE)
		(void)store_problem_get(tree->store, store_db(tree->store), p.b, take_record, &record);
	return record;
}
