/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saving a table is a bulk edit: each cell that differs from what its writer had read is a field written, a row without an
 * id is a new record, a row that is not there changes nothing. All of it is one change, or none of it is done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/failure.h"
#include "seamfs/store/history.h"
#include "tree/table_save.h"

/* ---- what the writer had made of it before ---- */

/*
 * A program that goes on showing what it has saved knows neither the ids of its new rows nor what others had changed before
 * it saved: what it saved last is then compared with what it saves now, in place of what the records were.
 */
static int read_own(struct table_saving *s, const cJSON *own)
{
	const char *text = json_get_text(own, "text");

	if (!text)
		return 0;
	s->made = json_get(own, "made");
	s->has_own = 1;
	return sheet_read(&s->table, text, strlen(text), &s->own, NULL);
}

static cJSON *new_own(const struct table_saving *s)
{
	cJSON *own = cJSON_CreateObject(), *made = cJSON_AddArrayToObject(own, "made");

	json_set_text(own, "text", s->text.bytes);
	for (size_t i = 0; i < s->count; i++) {
		const struct table_edit *edit = &s->edits[i];
		cJSON *entry;

		if (!edit->made)
			continue;
		entry = cJSON_CreateArray();
		cJSON_AddItemToArray(entry, json_new_int((int64_t)edit->row));
		cJSON_AddItemToArray(entry, json_new_int(edit->id));
		cJSON_AddItemToArray(entry, json_new_int(edit->line));
		cJSON_AddItemToArray(made, entry);
	}
	return own;
}

static int64_t number_of(const cJSON *entry, int index)
{
	int64_t number = 0;

	(void)json_int64(cJSON_GetArrayItem(entry, index), &number);
	return number;
}

/* By what a new row is known again when something else of it was changed. */
static size_t key_column(const struct table_saving *s)
{
	size_t c = 0;

	while (c < s->sheet.column_count - 1 &&
		(s->sheet.columns[c].kind != TABLE_FIELD ||
			(!s->table.lines && !(s->sheet.columns[c].field->flags & FIELD_KEY))))
		c++;
	return c;
}

static _Bool is_taken(const struct table_saving *s, size_t own_row)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->edits[i].made && s->edits[i].own_row == own_row)
			return 1;
	}
	return 0;
}

static _Bool same_cell(const struct table_saving *s, size_t own_row, size_t row, size_t column)
{
	return table_same(sheet_cell(&s->own, own_row, column), sheet_cell(&s->sheet, row, column));
}

/* How sure it is that a row is that one of the last sheet: by all of it, by its key, by where it stands. */
enum likeness { BY_ALL, BY_KEY, BY_PLACE, LIKENESS_COUNT };

static _Bool is_like(const struct table_saving *s, size_t own_row, size_t row, enum likeness how)
{
	size_t record = 0, name = 2;

	/* A line is one of its record: the same words may stand in another one. */
	if (s->table.lines && (!same_cell(s, own_row, row, record) || !same_cell(s, own_row, row, name)))
		return 0;
	switch (how) {
	case BY_ALL:
		return sheet_same(&s->own, own_row, &s->sheet, row);
	case BY_KEY:
		return same_cell(s, own_row, row, key_column(s));
	default:
		return own_row == row;
	}
}

/* A row that is new in this sheet as it was in the last one: the record that it has become. */
static void find_made(struct table_saving *s, struct table_edit *edit, enum likeness how)
{
	const cJSON *entry;

	cJSON_ArrayForEach (entry, s->made) {
		size_t row = (size_t)number_of(entry, 0);

		if (!is_like(s, row, edit->row, how) || is_taken(s, row))
			continue;
		edit->id = number_of(entry, 1);
		edit->line = number_of(entry, 2);
		edit->own_row = row;
		edit->made = 1;
		return;
	}
}

/* ---- which rows are looked at ---- */

static _Bool is_new(const struct table_saving *s, int64_t id, int64_t line)
{
	return s->table.lines ? !line : !id;
}

/* Whether the row says what its writer, or the store, has already. */
static _Bool is_known(const struct table_saving *s, const struct table_edit *edit)
{
	const struct sheet_row *now;

	if (edit->own_row != NO_ROW && sheet_same(&s->own, edit->own_row, &s->sheet, edit->row))
		return 1;
	now = is_new(s, edit->id, edit->line) ? NULL : sheet_find(&s->now, edit->id, edit->line);
	return now && sheet_same(&s->now, now->row, &s->sheet, edit->row);
}

static void choose_rows(struct table_saving *s)
{
	size_t all = s->sheet.count;

	s->edits = mem_alloc((all + 1) * sizeof(*s->edits));
	for (size_t i = 0; i < all; i++) {
		const struct sheet_row *row = &s->sheet.rows[i], *own = NULL;

		if (s->has_own && !is_new(s, row->id, row->line))
			own = sheet_find(&s->own, row->id, row->line);
		s->edits[s->count++] = (struct table_edit){.id = row->id,
			.line = row->line,
			.row = row->row,
			.own_row = own ? own->row : NO_ROW};
	}
	/* The surer first, of all rows: no row may get what another one is. */
	for (enum likeness how = BY_ALL; how < LIKENESS_COUNT; how++) {
		for (size_t i = 0; i < all; i++) {
			if (is_new(s, s->edits[i].id, s->edits[i].line))
				find_made(s, &s->edits[i], how);
		}
	}
	s->count = 0;
	for (size_t i = 0; i < all; i++) {
		struct table_edit edit = s->edits[i];

		edit.known = is_known(s, &edit);
		if (!edit.known || edit.made)
			s->edits[s->count++] = edit;
	}
}

static int prepare(struct table_saving *s)
{
	struct buf now = BUF_INIT(BUF_MAX_SHEET);
	int r = sheet_read(&s->table, s->text.bytes, s->text.len, &s->sheet, &s->why);

	if (r == 0)
		r = table_read(s->tree, s->place, &now);
	if (r == 0)
		r = sheet_read(&s->table, buf_text(&now), now.len, &s->now, &s->why);
	if (r == 0)
		r = read_own(s, s->text.own);
	if (r == 0)
		choose_rows(s);
	buf_finish(&now);
	return r;
}

static void finish(struct table_saving *s)
{
	sheet_finish(&s->sheet);
	sheet_finish(&s->now);
	sheet_finish(&s->own);
	free(s->edits);
}

/* ---- on the writer's thread ---- */

static int apply_all(struct table_saving *s)
{
	int r = 0;

	if (s->table.lines)
		return table_apply_lines(s);
	for (size_t i = 0; i < s->count && r == 0; i++) {
		if (!s->edits[i].known)
			r = table_apply_record(s, &s->edits[i]);
	}
	return r;
}

static int run_table(struct tx *tx, void *argument)
{
	struct table_saving *s = argument;
	int64_t before = store_history_end(tx->db);
	_Bool alone = !s->has_own && !table_changed(tx->db, s->table.type, s->text.known);
	int r;

	s->tx = tx;
	r = apply_all(s);
	if (r == 0)
		r = store_history_group(tx, before);
	/* Programs put back what was there when their text is refused: that is no word about it. */
	if (r == 0 && s->changed)
		r = store_problem_clear(tx, 0, s->path);
	if (r == 0 && s->changed)
		r = store_failure_clear(tx, s->path);
	for (size_t i = 0; i < s->count; i++)
		alone = alone && !s->edits[i].made;
	if (r == 0 && s->ticket)
		*s->ticket = (struct ticket){.record = s->changed == 1 ? s->last_record : 0,
			.version = s->changed == 1 ? s->last_version : 0,
			.changed_ino = place_to_ino(s->place),
			.alone = alone,
			.position = store_history_end(tx->db)};
	/* Only to see whether it could be done: what was done is taken back. */
	return r == 0 && !s->ticket ? -ECANCELED : r;
}

static int keep_problem(struct tx *tx, void *argument)
{
	struct table_saving *s = argument;
	struct problem p = {.tool = -1,
		.code = s->why.code,
		.path = s->path,
		.name = s->table.lines ? s->table.type->name : s->table.type->plural,
		.field = s->why.field,
		.text = s->why.text,
		.bytes = s->text.bytes,
		.len = s->text.len};

	return store_problem_add(tx, &p);
}

static int refuse(struct table_saving *s, int r, struct err *e)
{
	if (r == -ENOSPC)
		err_set(&s->why, ENOSPC,
			"%s was not saved and the text was not kept: the disk with the database of seamfs is "
			"full; make room there and save again",
			s->path);
	else if (!s->why.code)
		err_set(&s->why, -r, "%s could not be stored: %s; the log of seamfs says more", s->path,
			strerror(-r));
	if (s->why.code != ENOSPC)
		s->why.noted = store_write(s->tree->store, keep_problem, s) == 0;
	*e = s->why;
	return r;
}

static int run(struct tree *tree, struct place p, const struct text *text, const struct origin *origin,
	struct ticket *ticket, struct err *e)
{
	struct table_saving s = {
		.tree = tree, .place = p, .text = *text, .origin = *origin, .ticket = ticket};
	_cleanup_(mem_freep) char *path = tree_path(tree, place_to_ino(p));
	int r;

	if (!table_at(p, &s.table) || !path)
		return -ENOENT;
	s.path = path;
	s.origin.cause = "table";
	r = prepare(&s);
	if (r == 0)
		r = store_write(tree->store, run_table, &s);
	if (r == -ECANCELED && !ticket)
		r = 0;
	if (r == 0 && text->ret_own) {
		cJSON_Delete(*text->ret_own);
		*text->ret_own = new_own(&s);
	}
	if (r < 0)
		r = refuse(&s, r, e);
	finish(&s);
	return r;
}

int table_save(struct tree *tree, struct place p, const struct text *text, const struct origin *origin,
	struct ticket *ret, struct err *e)
{
	return run(tree, p, text, origin, ret, e);
}

int table_check(struct tree *tree, struct place p, const struct text *text, const struct origin *origin,
	struct err *e)
{
	return run(tree, p, text, origin, NULL, e);
}

int tree_put_table(struct tree *tree, enum type_id type, _Bool lines, const char *text, size_t len,
	_Bool really, const struct caller *who, size_t *ret_changed, struct err *e)
{
	struct ticket ticket;
	struct table_saving s = {.tree = tree,
		.place = {PLACE_TABLE, type, lines},
		.text = {.bytes = text, .len = len},
		.origin = save_origin(who, "import"),
		.ticket = really ? &ticket : NULL};
	_cleanup_(mem_freep) char *path = tree_path(tree, place_to_ino(s.place));
	int r;

	if (!table_at(s.place, &s.table) || !path)
		return err_set(e, EINVAL, "there is no table of that type");
	s.path = path;
	r = prepare(&s);
	if (r == 0)
		r = store_write(tree->store, run_table, &s);
	if (r == -ECANCELED && !really)
		r = 0;
	*ret_changed = s.changed;
	if (r < 0 && !s.why.code)
		err_set(&s.why, -r, "it could not be stored: %s", strerror(-r));
	if (r < 0)
		*e = s.why;
	finish(&s);
	return r;
}
