/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of somebody's spreadsheet become records: those that are there already are known again, and none is made twice. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/import.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/csv.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/table.h"
#include "seamfs/store/link.h"
#include "seamfs/tree/open.h"

struct csv_import {
	const struct type *type;
	struct store *store;
	struct csv_sheet *csv;
	int at[TYPE_MAX_FIELDS]; /* where in the sheet each field is, -1: it is not */
	int64_t *records;	 /* by row; 0: a new one */
	_Bool comma;		 /* its decimals have a comma */
	size_t made, known;
	struct err *e;
};

/* ---- which column is what ---- */

static int column_of(const struct csv_sheet *csv, const struct field *f)
{
	_cleanup_(mem_freep) char *words = str_dup(f->name);
	int at = csv_column(csv, f->name);

	for (char *p = words; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	if (at < 0)
		at = csv_column(csv, words);
	return at < 0 ? csv_column(csv, f->title) : at;
}

/* "due_date=Due on" */
static int take_set(struct csv_import *m, const char *set)
{
	const char *equals = strchr(set, '=');
	_cleanup_(mem_freep) char *name = mem_dup(set, equals ? (size_t)(equals - set) : strlen(set));
	int field = type_field_index(m->type, name), at;

	if (!equals || field < 0 || m->type->fields[field].kind == FIELD_LINES)
		return err_set(m->e, EINVAL, "--set wants FIELD=COLUMN, and a %s has no column \"%.60s\"",
			m->type->name, name);
	at = equals[1] ? csv_column(m->csv, equals + 1) : -1;
	if (at < 0 && equals[1])
		return err_set(m->e, EINVAL, "there is no column \"%.100s\" in the first row", equals + 1);
	m->at[field] = at;
	return 0;
}

static int map_columns(struct csv_import *m, const struct options *o)
{
	int r = 0, used = 0;

	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];
		_Bool settable = f->kind != FIELD_LINES && !(f->flags & FIELD_READ_ONLY);

		m->at[i] = settable && csv_columns(m->csv) ? column_of(m->csv, f) : -1;
	}
	for (int i = 0; i < o->set_count && r == 0; i++)
		r = take_set(m, o->sets[i]);
	for (int i = 0; m->type->fields[i].name; i++)
		used += m->at[i] >= 0;
	if (r == 0 && !used)
		r = err_set(m->e, EINVAL,
			"no column is a field of a %s by its name: say which with --set FIELD=COLUMN",
			m->type->name);
	return r;
}

static void print_mapping(const struct csv_import *m)
{
	const char *example = csv_rows(m->csv) ? "for example" : "";

	for (size_t c = 0; c < csv_columns(m->csv); c++) {
		const char *field = "(not used)";

		for (int i = 0; m->type->fields[i].name; i++) {
			if (m->at[i] == (int)c)
				field = m->type->fields[i].name;
		}
		printf("%-24s -> %-16s %s %.40s\n", csv_header(m->csv, c), field, example,
			csv_rows(m->csv) ? csv_cell(m->csv, 0, c) : "");
	}
}

/* ---- which row is which record ---- */

static _Bool is_taken(const struct csv_import *m, size_t rows, int64_t record)
{
	for (size_t i = 0; i < rows; i++) {
		if (m->records[i] == record)
			return 1;
	}
	return 0;
}

/* What has no number of its own is the same when it says the same; a task, when its title and its project are. */
static int64_t find_same(const struct csv_import *m, size_t row, const cJSON *doc)
{
	const struct field *key = type_key(m->type), *whole = type_whole(m->type);
	const char *text = json_get_text(doc, key->name);
	_cleanup_(mem_freep) char *value = store_identity(text ? text : "");
	struct db *db = store_db(m->store);
	sqlite3_stmt *q = db_query(db,
		"SELECT i.record FROM identity i JOIN record r ON r.id = i.record AND r.state = 0"
		" WHERE i.type = ?1 AND i.field = ?2 AND i.value = ?3 ORDER BY i.record",
		"iit", (int64_t)m->type->id, (int64_t)(key - m->type->fields), value);
	int64_t found = 0;

	while (db_row(q)) {
		int64_t record = sqlite3_column_int64(q, 0);
		_cleanup_json_ cJSON *other = store_record_doc(db, record);
		_Bool same = record_ref(doc, whole) == record_ref(other, whole);

		for (const struct field *f = m->type->fields; f->name && m->type->id == TYPE_TIME; f++) {
			if (json_get(doc, f->name) &&
				!json_equal(json_get(doc, f->name), json_get(other, f->name)))
				same = 0;
		}
		if (same && !found && !is_taken(m, row, record))
			found = record;
	}
	return found;
}

static cJSON *doc_of(const struct csv_import *m, size_t row)
{
	struct record_names names = store_names(store_db(m->store));
	_cleanup_json_ cJSON *file = cJSON_CreateObject();
	_cleanup_(mem_freep) char *text = NULL;
	cJSON *doc = NULL;

	for (int i = 0; m->type->fields[i].name; i++) {
		const char *cell = m->at[i] >= 0 ? csv_cell(m->csv, row, (size_t)m->at[i]) : "";
		cJSON *value = table_value(&m->type->fields[i], cell, csv_separator(m->csv) != ',');

		if (cJSON_IsNull(value))
			cJSON_Delete(value);
		else
			cJSON_AddItemToObject(file, m->type->fields[i].name, value);
	}
	text = json_print(file);
	/* What is wrong with it is said when it is saved. */
	if (record_parse(m->type, text, strlen(text), NULL, &names, store_stack(m->store)->currency, &doc,
		    NULL) < 0)
		return NULL;
	return doc;
}

/* By what a row is told from others; "" when by nothing. */
static char *identity_of(const struct csv_import *m, const cJSON *doc)
{
	const char *text = NULL;

	for (const char *const *f = m->type->match; f && *f && !text; f++)
		text = json_get_text(doc, *f);
	if (!text)
		text = json_get_text(doc, type_key(m->type)->name);
	return store_identity(text && m->type->match ? text : "");
}

/* Two rows that are one thing would be told apart by nothing the next time. */
static int check_twice(const struct csv_import *m, char **identities, size_t row, int64_t record)
{
	for (size_t i = 0; i < row; i++) {
		_Bool same = record ? m->records[i] == record
				    : identities[row][0] && strcmp(identities[i], identities[row]) == 0;

		if (same)
			return err_set(m->e, EEXIST,
				"rows %zu and %zu are about the same %s: leave one of them out",
				csv_number(m->csv, i), csv_number(m->csv, row), m->type->name);
	}
	return 0;
}

static int find_records(struct csv_import *m)
{
	struct db *db = store_db(m->store);
	int64_t local = store_tool_id(m->store, TOOL_LOCAL);
	size_t n = csv_rows(m->csv);
	char **identities = mem_alloc((n + 1) * sizeof(*identities));
	int r = 0;

	m->records = mem_alloc((n + 1) * sizeof(*m->records));
	for (size_t row = 0; row < n; row++) {
		_cleanup_json_ cJSON *doc = r == 0 ? doc_of(m, row) : NULL;
		int64_t record = !doc		  ? 0
				 : m->type->match ? store_match(db, local, m->type->id, doc)
						  : find_same(m, row, doc);

		identities[row] = doc ? identity_of(m, doc) : str_dup("");
		if (r == 0)
			r = check_twice(m, identities, row, record);
		m->records[row] = record;
	}
	for (size_t row = 0; row < n; row++)
		free(identities[row]);
	free(identities);
	return r;
}

/* ---- the table ---- */

static _Bool row_blank(const struct csv_import *m, size_t row)
{
	for (int i = 0; m->type->fields[i].name; i++) {
		const char *cell = m->at[i] >= 0 ? csv_cell(m->csv, row, (size_t)m->at[i]) : "";

		if (cell[strspn(cell, " \t\r\n")])
			return 0;
	}
	return 1;
}

static _Bool is_number(const struct field *f)
{
	return f->kind == FIELD_MONEY || f->kind == FIELD_DECIMAL;
}

static _Bool has_comma(const struct csv_import *m)
{
	for (size_t row = 0; csv_separator(m->csv) != ',' && row < csv_rows(m->csv); row++) {
		for (int i = 0; m->type->fields[i].name; i++) {
			if (m->at[i] >= 0 && is_number(&m->type->fields[i]) &&
				strchr(csv_cell(m->csv, row, (size_t)m->at[i]), ','))
				return 1;
		}
	}
	return 0;
}

/* A cell of the sheet as it is; an empty one says what the record says, with the sheet's decimal comma. */
static void put_cell(const struct csv_import *m, size_t row, int field, const cJSON *file, struct buf *b)
{
	const char *text = csv_cell(m->csv, row, (size_t)m->at[field]);
	struct buf cell = BUF_INIT(BUF_MAX_RECORD);
	char separator = csv_separator(m->csv), *point = NULL;

	if (text[strspn(text, " \t\r\n")]) {
		buf_puts(&cell, text);
	} else {
		table_cell(&m->type->fields[field], json_get(file, m->type->fields[field].name), &cell);
		if (m->comma && is_number(&m->type->fields[field]) && cell.len)
			point = strchr(cell.data, '.');
	}
	if (point)
		*point = ',';
	buf_putc(b, separator);
	csv_quote(b, buf_text(&cell), separator);
	buf_finish(&cell);
}

static int put_rows(struct csv_import *m, struct buf *b)
{
	struct db *db = store_db(m->store);
	struct record_names names = store_names(db);
	size_t line = 1;

	m->comma = has_comma(m);
	buf_puts(b, "id");
	for (int i = 0; m->type->fields[i].name; i++) {
		if (m->at[i] >= 0)
			buf_printf(b, "%c%s", csv_separator(m->csv), m->type->fields[i].name);
	}
	buf_puts(b, "\n");
	for (size_t row = 0; row < csv_rows(m->csv); row++) {
		_cleanup_json_ cJSON *doc = m->records[row] ? store_record_doc(db, m->records[row]) : NULL;
		_cleanup_json_ cJSON *file =
			record_shown(m->type, doc, &names, store_stack(m->store)->currency);

		if (row_blank(m, row))
			continue;
		/* Rows keep their numbers, for what is said of them. */
		for (line++; line < csv_number(m->csv, row); line++)
			buf_puts(b, "\n");
		if (m->records[row])
			buf_printf(b, "%lld", (long long)m->records[row]);
		m->known += m->records[row] != 0;
		m->made += m->records[row] == 0;
		for (int i = 0; m->type->fields[i].name; i++) {
			if (m->at[i] >= 0)
				put_cell(m, row, i, file, b);
		}
		buf_puts(b, "\n");
	}
	return b->error;
}

static int save(struct csv_import *m, const struct options *o, const char *file)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	struct tree *tree = tree_new(m->store, NULL);
	struct caller who = {.uid = getuid(), .tid = getpid()};
	size_t changed;
	int r = put_rows(m, &b);

	if (r == 0)
		r = tree_put_table(tree, m->type->id, 0, buf_text(&b), b.len, o->yes, &who, &changed, m->e);
	if (r == 0) {
		print_mapping(m);
		printf("%zu %s %s, %zu of %zu that are there %s\n", m->made, m->type->plural,
			o->yes ? "made" : "to make", changed - m->made, m->known,
			o->yes ? "changed" : "to change");
		if (o->yes)
			printf("Done. With the next mount the tools hear of it.\n");
		else
			printf("Nothing has been done yet: --yes does it.\n");
	}
	tree_free(tree);
	buf_finish(&b);
	return r;
}

int import_csv(const struct options *o, struct store *store, const char *file, struct err *e)
{
	struct csv_import m = {.store = store, .e = e};
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r;

	m.type = o->type_count == 1 ? type_by_name(o->types[0]) : NULL;
	if (!m.type || m.type->id == TYPE_DOCUMENT || m.type->id == TYPE_ENTRY)
		return err_set(e, EINVAL,
			"say with --type what its rows are: client, contact, deal, quote, invoice, payment, "
			"project, "
			"task or time");
	r = file_read(file, &b, e);
	if (r == 0)
		r = csv_parse(buf_text(&b), b.len, &m.csv, e);
	if (r == 0)
		r = map_columns(&m, o);
	if (r == 0)
		r = find_records(&m);
	if (r == 0)
		r = save(&m, o, file);
	csv_free(m.csv);
	free(m.records);
	buf_finish(&b);
	return r;
}
