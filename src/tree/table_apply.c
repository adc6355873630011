/* SPDX-License-Identifier: Apache-2.0 */
/* From the rows of a saved table to changes of records, on the writer's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "tree/table_save.h"

/* A record as it is, and as the writer of the sheet knew it. */
struct target {
	int64_t id;
	char *name;
	cJSON *doc, *base;
	cJSON *doc_file, *base_file; /* the same as its file shows them */
};

static void target_finish(struct target *t)
{
	free(t->name);
	cJSON_Delete(t->doc);
	cJSON_Delete(t->base);
	cJSON_Delete(t->doc_file);
	cJSON_Delete(t->base_file);
}

static int open_target(struct table_saving *s, const struct table_edit *edit, struct target *t)
{
	struct db *db = s->tx->db;
	struct record_names names = store_names(db);
	const char *currency = s->tx->stack->currency;
	struct record_stat stat;
	int64_t type = db_int(db, 0, "SELECT type FROM record WHERE id = ?1", "i", edit->id);

	if (type != (int64_t)s->table.type->id)
		return sheet_fail(&s->sheet, edit->row, "id", EINVAL, &s->why,
			"there is no %s with the id %lld: leave it empty in a row that is to be new",
			s->table.type->name, (long long)edit->id);
	t->name = store_record_name(db, edit->id);
	if (store_record_stat(db, edit->id, &stat) < 0)
		return sheet_fail(&s->sheet, edit->row, NULL, ENOENT, &s->why,
			"the %s \"%.80s\" has been removed meanwhile: take the row out, or bring it back "
			"from "
			".seam/trash/",
			s->table.type->name, t->name ? t->name : "");
	t->id = edit->id;
	t->doc = store_record_doc(db, edit->id);
	if (!s->has_own && s->text.known && store_record_changed(db, edit->id, s->text.known))
		t->base = store_record_doc_at(db, edit->id, s->text.known);
	if (!t->base)
		t->base = cJSON_Duplicate(t->doc, 1);
	t->doc_file = record_shown(s->table.type, t->doc, &names, currency);
	t->base_file = record_shown(s->table.type, t->base, &names, currency);
	return 0;
}

static _Bool shows(const struct field *f, const cJSON *object, const char *text)
{
	struct buf cell = BUF_INIT(BUF_MAX_RECORD);
	_Bool same;

	table_cell(f, json_get(object, f->name), &cell);
	same = table_same(buf_text(&cell), text);
	buf_finish(&cell);
	return same;
}

/* Whether the writer of the sheet changed that cell. */
static _Bool is_touched(const struct table_saving *s, const struct table_edit *edit, size_t column,
	const cJSON *base, const cJSON *now)
{
	const struct field *f = s->sheet.columns[column].field;
	const char *text = sheet_cell(&s->sheet, edit->row, column);

	if (s->sheet.at[column] < 0 || s->sheet.columns[column].kind != TABLE_FIELD)
		return 0;
	if (edit->own_row != NO_ROW && s->own.at[column] >= 0)
		return !table_same(sheet_cell(&s->own, edit->own_row, column), text);
	return !shows(f, base, text) && !shows(f, now, text);
}

/* What the cells of a row say beyond what there was. */
static void add_cells(const struct table_saving *s, const struct table_edit *edit, const cJSON *base,
	const cJSON *now, cJSON *to)
{
	for (size_t c = 0; c < s->sheet.column_count; c++) {
		const struct field *f = s->sheet.columns[c].field;

		if (is_touched(s, edit, c, base, now))
			json_set(to, f->name,
				table_value(f, sheet_cell(&s->sheet, edit->row, c), s->sheet.comma));
	}
}

static int explain(struct table_saving *s, size_t row, int r, const struct err *e)
{
	return sheet_fail(&s->sheet, row, e->field[0] ? e->field : NULL, e->code ? e->code : -r, &s->why,
		"%s", e->code ? e->text : strerror(-r));
}

static uint64_t fields_of(const struct type *type, const cJSON *patch)
{
	uint64_t fields = 0;

	for (const struct field *f = type->fields; f->name; f++)
		fields |= json_get(patch, f->name) ? field_bit(type, f) : 0;
	return fields;
}

/* One record gets what @file says. The reason for a refusal is in @e, without the row. */
static int change(
	struct table_saving *s, const struct target *t, const cJSON *file, int64_t *ret, struct err *e)
{
	struct record_names names = store_names(s->tx->db);
	_cleanup_(mem_freep) char *text = json_print(file);
	_cleanup_json_ cJSON *patch = NULL;
	struct change c = {.type = s->table.type->id, .record = t ? t->id : 0, .origin = s->origin};
	struct record_stat before = {0}, after;
	int r = record_parse(s->table.type, text, strlen(text), t ? t->base : NULL, &names,
		s->tx->stack->currency, &patch, e);

	if (r == 0 && t)
		r = store_record_stat(s->tx->db, t->id, &before);
	c.patch = patch;
	if (r == 0)
		r = store_change(s->tx, &c, ret, e);
	if (r == 0 && t && store_conflict_fields(s->tx->db, t->id, 0))
		r = store_conflict_settle(s->tx, t->id, fields_of(s->table.type, patch), &s->origin);
	if (r == 0)
		r = store_record_stat(s->tx->db, *ret, &after);
	if (r == 0 && after.version != before.version) {
		s->changed++;
		s->last_record = *ret;
		s->last_version = after.version;
	}
	return r;
}

int table_apply_record(struct table_saving *s, struct table_edit *edit)
{
	_cleanup_json_ cJSON *file = cJSON_CreateObject();
	_cleanup_(target_finish) struct target t = {0};
	struct err e = {0};
	int64_t record;
	int r = edit->id ? open_target(s, edit, &t) : 0;

	if (r < 0)
		return r;
	add_cells(s, edit, t.base_file, t.doc_file, file);
	if (!file->child)
		return 0;
	r = change(s, edit->id ? &t : NULL, file, &record, &e);
	if (r < 0)
		return explain(s, edit->row, r, &e);
	if (!edit->id) {
		edit->id = record;
		edit->made = 1;
	}
	return 0;
}

/* ---- lines ---- */

/* The lines of one record, while the rows about it are gone through. */
struct lining {
	struct target t;
	cJSON *lines;
	size_t *rows; /* of the sheet, by line: where a mistake is */
	_Bool touched;
};

static _Bool says_name(const struct table_saving *s, const struct table_edit *edit, const char *name)
{
	static const struct field text = {"name", FIELD_TEXT};
	_cleanup_json_ cJSON *object = cJSON_CreateObject();
	const char *cell = sheet_cell(&s->sheet, edit->row, 2);

	json_set_text(object, "name", name);
	return !cell[0] || shows(&text, object, cell) ||
	       (edit->own_row != NO_ROW && table_same(sheet_cell(&s->own, edit->own_row, 2), cell));
}

/* A value of the last sheet, and what the record has now. */
static _Bool says_value(const cJSON *own, const cJSON *now)
{
	struct decimal a, b;

	if (cJSON_IsNull(own))
		return !now || cJSON_IsNull(now);
	if (json_number(own) && json_number(now))
		return decimal_parse(json_number(own), &a) == 0 && decimal_parse(json_number(now), &b) == 0 &&
		       a.mantissa == b.mantissa && a.scale == b.scale;
	return str_equal(json_scalar(own), json_scalar(now));
}

/* Whether the line of that number is still the one that the writer had saved: others may have put one in before it. */
static _Bool is_own_line(const struct table_saving *s, const struct table_edit *edit, const cJSON *now)
{
	for (size_t c = 0; edit->own_row != NO_ROW && c < s->own.column_count; c++) {
		const struct field *f = s->own.columns[c].field;
		_cleanup_json_ cJSON *own = NULL;

		if (!f || s->own.at[c] < 0)
			continue;
		own = table_value(f, sheet_cell(&s->own, edit->own_row, c), s->own.comma);
		if (!says_value(own, json_get(now, f->name)))
			return 0;
	}
	return 1;
}

static int overtaken(struct table_saving *s, size_t row, const struct lining *l)
{
	return sheet_fail(&s->sheet, row, NULL, ESTALE, &s->why,
		"somebody else changed the lines of %s \"%.80s\" meanwhile: open the table again",
		s->table.type->name, l->t.name);
}

static int old_line(struct table_saving *s, struct table_edit *edit, struct lining *l)
{
	const char *field = s->table.lines->name;
	int index = (int)edit->line - 1;
	cJSON *line = edit->line <= cJSON_GetArraySize(l->lines) ? cJSON_GetArrayItem(l->lines, index) : NULL;
	_cleanup_json_ cJSON *cells = cJSON_CreateObject();
	const cJSON *cell;

	if (!line)
		return sheet_fail(&s->sheet, edit->row, "line", ESTALE, &s->why,
			"%s \"%.80s\" has no line %lld: open the table again", s->table.type->name, l->t.name,
			(long long)edit->line);
	if (!says_name(s, edit, l->t.name))
		return sheet_fail(&s->sheet, edit->row, s->table.type->name, EINVAL, &s->why,
			"a line stays with its %s: make a new one there, and take this one out in the "
			"record's file",
			s->table.type->name);
	if (!is_own_line(s, edit, cJSON_GetArrayItem(json_get(l->t.doc_file, field), index)))
		return overtaken(s, edit->row, l);
	add_cells(s, edit, cJSON_GetArrayItem(json_get(l->t.base_file, field), index),
		cJSON_GetArrayItem(json_get(l->t.doc_file, field), index), cells);
	cJSON_ArrayForEach (cell, cells) {
		json_set(line, cell->string, cJSON_Duplicate(cell, 1));
		l->touched = 1;
	}
	l->rows[index] = edit->row;
	return 0;
}

static int new_line(struct table_saving *s, struct table_edit *edit, struct lining *l)
{
	cJSON *line = cJSON_CreateObject();

	add_cells(s, edit, NULL, NULL, line);
	cJSON_AddItemToArray(l->lines, line);
	edit->id = l->t.id;
	edit->line = cJSON_GetArraySize(l->lines);
	edit->made = 1;
	l->rows[edit->line - 1] = edit->row;
	l->touched = 1;
	return 0;
}

/* "lines[2].unit_price" is about the row of that line. */
static int explain_line(struct table_saving *s, const struct lining *l, size_t first, int r, struct err *e)
{
	int index = -1, end = 0;
	size_t row = first;

	if (sscanf(e->field, "lines[%d]%n", &index, &end) == 1 && index >= 0 &&
		index < cJSON_GetArraySize(l->lines)) {
		if (l->rows[index] != NO_ROW)
			row = l->rows[index];
		memmove(e->field, e->field + end + (e->field[end] == '.'),
			strlen(e->field + end + (e->field[end] == '.')) + 1);
	}
	return explain(s, row, r, e);
}

static int save_lines(struct table_saving *s, const struct table_edit *edits, struct lining *l)
{
	const char *field = s->table.lines->name;
	_cleanup_json_ cJSON *file = cJSON_CreateObject();
	struct err e = {0};
	int64_t record;
	int r;

	if (!l->touched)
		return 0;
	if (!json_equal(json_get(l->t.base, field), json_get(l->t.doc, field)))
		return overtaken(s, edits[0].row, l);
	cJSON_AddItemToObject(file, field, cJSON_Duplicate(l->lines, 1));
	r = change(s, &l->t, file, &record, &e);
	return r < 0 ? explain_line(s, l, edits[0].row, r, &e) : 0;
}

/* @count edits of one record. */
static int apply_lines_of(struct table_saving *s, struct table_edit *edits, size_t count)
{
	struct lining l = {0};
	size_t size;
	int r = open_target(s, &edits[0], &l.t);

	if (r == 0) {
		const cJSON *lines = json_get(l.t.base_file, s->table.lines->name);

		l.lines = lines ? cJSON_Duplicate(lines, 1) : cJSON_CreateArray();
		size = (size_t)cJSON_GetArraySize(l.lines) + count;
		l.rows = mem_alloc(size * sizeof(*l.rows));
		for (size_t i = 0; i < size; i++)
			l.rows[i] = NO_ROW;
	}
	for (size_t i = 0; i < count && r == 0; i++) {
		if (!edits[i].known)
			r = edits[i].line ? old_line(s, &edits[i], &l) : new_line(s, &edits[i], &l);
	}
	if (r == 0)
		r = save_lines(s, edits, &l);
	target_finish(&l.t);
	cJSON_Delete(l.lines);
	free(l.rows);
	return r;
}

/* A new line names its record, where it has no id. */
static int find_record(struct table_saving *s, struct table_edit *edit)
{
	struct record_names names = store_names(s->tx->db);
	_cleanup_json_ cJSON *name = NULL;
	static const struct field text = {"name", FIELD_TEXT};

	if (edit->id)
		return 0;
	name = table_value(&text, sheet_cell(&s->sheet, edit->row, 2), 0);
	if (!json_text(name))
		return sheet_fail(&s->sheet, edit->row, s->table.type->name, EINVAL, &s->why,
			"a new line needs the %s that it is of", s->table.type->name);
	if (names.find(names.context, s->table.type->id, 0, json_text(name), &edit->id) < 0)
		return sheet_fail(&s->sheet, edit->row, s->table.type->name, ENOENT, &s->why,
			"there is no %s called \"%.100s\" (see %s/)", s->table.type->name, json_text(name),
			s->table.type->plural);
	return 0;
}

/* By record, in the order of the sheet. */
static int by_record(const void *a, const void *b)
{
	const struct table_edit *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

int table_apply_lines(struct table_saving *s)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->count && r == 0; i++)
		r = find_record(s, &s->edits[i]);
	if (r == 0)
		qsort(s->edits, s->count, sizeof(*s->edits), by_record);
	for (size_t i = 0; i < s->count && r == 0; i += n) {
		_Bool any = 0;

		for (n = 0; i + n < s->count && s->edits[i + n].id == s->edits[i].id; n++)
			any = any || !s->edits[i + n].known;
		if (any)
			r = apply_lines_of(s, &s->edits[i], n);
	}
	return r;
}
