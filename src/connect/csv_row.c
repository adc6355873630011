/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "connect/csv_link.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

static const char *cell(const struct csv_file *f, size_t row, const struct csv_field *field)
{
	return csv_cell(f->sheet, row, (size_t)field->at);
}

static char *id_text(const struct csv_file *f, size_t row)
{
	return csv_value_text(f->map.id_at < 0 ? "" : csv_cell(f->sheet, row, (size_t)f->map.id_at));
}

char *csv_row_id(const struct csv_file *f, size_t row)
{
	_cleanup_(mem_freep) char *id = id_text(f, row);
	_cleanup_(mem_freep) char *key = NULL;

	if (*id)
		return str_dup(id);
	if (!f->map.key || f->map.key->at < 0)
		return NULL;
	key = csv_value_text(cell(f, row, f->map.key));
	return *key ? str_format(CSV_ROW_PREFIX "%s", key) : NULL;
}

int csv_row_find(const struct csv_file *f, const char *id, size_t *ret)
{
	for (size_t row = 0; row < csv_rows(f->sheet); row++) {
		_cleanup_(mem_freep) char *this = csv_row_id(f, row);

		if (str_equal(this, id)) {
			*ret = row;
			return 0;
		}
	}
	return -ENOENT;
}

_Bool csv_row_blank(const struct csv_file *f, size_t row)
{
	for (size_t i = 0; i < f->map.count; i++) {
		const struct csv_field *field = &f->map.fields[i];
		_cleanup_(mem_freep) char *text = csv_value_text(field->at < 0 ? "" : cell(f, row, field));

		if (*text)
			return 0;
	}
	return 1;
}

/* The currency of the row's amounts; given to the caller. */
static char *row_currency(const struct csv_link *l, const struct csv_file *f, size_t row)
{
	const struct csv_field *field = f->map.currency;
	_cleanup_json_ cJSON *currency = NULL;

	if (field && field->at >= 0)
		currency = csv_value_read(field, cell(f, row, field), l->currency);
	return str_dup(json_text(currency) ? json_text(currency) : l->currency);
}

static cJSON *row_doc(struct csv_link *l, const struct csv_file *f, size_t row)
{
	_cleanup_(mem_freep) char *currency = row_currency(l, f, row);
	cJSON *doc = cJSON_CreateObject();

	for (size_t i = 0; i < f->map.count; i++) {
		const struct csv_field *field = &f->map.fields[i];
		cJSON *value = field->at < 0 ? NULL : csv_value_read(field, cell(f, row, field), currency);

		if (value)
			cJSON_AddItemToObject(doc, field->field->name, value);
		else if (field->at >= 0)
			csv_warn(l, "%s line %u, column \"%s\": \"%.80s\" is no %s; %s is left out",
				f->map.file, csv_line(f->sheet, row), field->column, cell(f, row, field),
				field_kind_name(field->field->kind), field->field->name);
	}
	return doc;
}

/* The row as the sheet has it. */
static char *row_raw(const struct csv_file *f, size_t row)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);

	for (size_t c = 0; c < csv_columns(f->sheet); c++) {
		if (f->repeated[c])
			continue;
		buf_putc(&b, c ? ',' : '{');
		json_quote(&b, csv_header(f->sheet, c));
		buf_putc(&b, ':');
		json_quote(&b, csv_cell(f->sheet, row, c));
	}
	buf_putc(&b, '}');
	return buf_steal(&b);
}

void csv_row_fill(struct csv_link *l, const struct csv_file *f, size_t row, struct remote *ret)
{
	*ret = (struct remote){.id = csv_row_id(f, row), .doc = row_doc(l, f, row), .raw = row_raw(f, row)};
}

void csv_row_keep_id(struct csv_file *f, size_t row, const char *id)
{
	_cleanup_(mem_freep) char *now = id_text(f, row);

	if (f->map.id_at >= 0 && !*now && strncmp(id, CSV_ROW_PREFIX, strlen(CSV_ROW_PREFIX)) == 0)
		csv_set(f->sheet, row, (size_t)f->map.id_at, id);
}

/* What is written, into which row. */
struct edit {
	const struct csv_file *f;
	size_t row;
	const cJSON *doc;
	const cJSON *base; /* may be NULL */
	char *currency;	   /* of the row's amounts when all is written */
};

static struct edit edit_start(
	const struct csv_link *l, const struct csv_file *f, size_t row, const cJSON *doc, const cJSON *base)
{
	struct edit edit = {
		.f = f, .row = row, .doc = doc, .base = base, .currency = row_currency(l, f, row)};
	const struct csv_field *field = f->map.currency;
	const cJSON *currency = json_get(doc, "currency");

	if (field && field->at >= 0 && field->write && currency)
		str_set(&edit.currency, json_text(currency) ? json_text(currency) : l->currency);
	return edit;
}

static void edit_finish(struct edit *edit)
{
	free(edit->currency);
}

/* Whether the cell means what it would mean with @text. */
static _Bool says(const struct edit *edit, const struct csv_field *field, const char *text)
{
	_cleanup_json_ cJSON *now = csv_value_read(field, cell(edit->f, edit->row, field), edit->currency);
	_cleanup_json_ cJSON *then = csv_value_read(field, text, edit->currency);

	return now && then && json_equal(now, then);
}

/* The form that a cell is to have: its own, else that of the first cell of the column with a text. */
static char *model_for(const struct edit *edit, const struct csv_field *field)
{
	char *text = csv_value_text(cell(edit->f, edit->row, field));

	for (size_t row = 0; !*text && row < csv_rows(edit->f->sheet); row++) {
		free(text);
		text = csv_value_text(cell(edit->f, row, field));
	}
	return text;
}

/* An amount of another currency than the row's would become a wrong amount without a trace. */
static int check_currency(const struct edit *edit, const struct csv_field *field, struct err *e)
{
	const char *wanted = json_get_text(edit->doc, "currency");

	if (!wanted)
		wanted = json_get_text(edit->base, "currency");
	if (field->field->kind != FIELD_MONEY || !json_number(json_get(edit->doc, field->field->name)) ||
		!wanted || strcmp(wanted, edit->currency) == 0)
		return 0;
	return err_field(e, EINVAL, "currency", "%s has amounts in %s here: %s in %s cannot be written",
		edit->f->map.file, edit->currency, field->field->name, wanted);
}

/* Writes one field of the doc. 0, 1 when the cell was changed, or -errno. */
static int write_cell(const struct edit *edit, const struct csv_field *field, struct err *e)
{
	_cleanup_(mem_freep) char *model = model_for(edit, field);
	const cJSON *value = json_get(edit->doc, field->field->name);
	_cleanup_(mem_freep) char *text = csv_value_write(field, value, model, edit->currency);
	int r = check_currency(edit, field, e);

	if (r < 0)
		return r;
	if (!text)
		return err_field(e, EINVAL, field->field->name, "a cell of %s cannot hold this value of %s",
			edit->f->map.file, field->field->name);
	if (says(edit, field, text))
		return 0;
	csv_set(edit->f->sheet, edit->row, (size_t)field->at, text);
	return 1;
}

int csv_row_write(const struct csv_link *l, struct csv_file *f, size_t row, const cJSON *doc,
	const cJSON *base, struct err *e)
{
	_cleanup_(edit_finish) struct edit edit = edit_start(l, f, row, doc, base);
	int changed = 0;

	for (size_t i = 0; i < f->map.count; i++) {
		const struct csv_field *field = &f->map.fields[i];
		int r;

		if (field->at < 0 || !field->write || !json_get(doc, field->field->name))
			continue;
		r = write_cell(&edit, field, e);
		if (r < 0) {
			csv_file_forget(f);
			return r;
		}
		changed |= r;
	}
	return changed;
}

_Bool csv_row_equals(
	const struct csv_link *l, const struct csv_file *f, size_t row, const cJSON *doc, _Bool key_only)
{
	_cleanup_(edit_finish) struct edit edit = edit_start(l, f, row, doc, NULL);

	for (size_t i = 0; i < f->map.count; i++) {
		const struct csv_field *field = &f->map.fields[i];
		_cleanup_(mem_freep) char *text = NULL;

		if (field->at < 0 || !field->write || (key_only && !(field->field->flags & FIELD_KEY)))
			continue;
		text = csv_value_write(
			field, json_get(doc, field->field->name), cell(f, row, field), edit.currency);
		if (!text || !says(&edit, field, text))
			return 0;
	}
	return 1;
}

/* "C-0042" begins with "C-" and ends with 42; false for what is no such id. */
static _Bool split_id(const char *id, size_t *ret_prefix, unsigned long long *ret_number)
{
	size_t prefix = strcspn(id, "0123456789"), digits = strspn(id + prefix, "0123456789");

	if (!digits || digits > 18 || id[prefix + digits])
		return 0;
	*ret_prefix = prefix;
	*ret_number = strtoull(id + prefix, NULL, 10);
	return 1;
}

char *csv_row_next_id(const struct csv_file *f, const char *key)
{
	_cleanup_(mem_freep) char *first = NULL;
	unsigned long long number, last = 0;
	size_t prefix = 0, width = 1, n;

	for (size_t row = 0; row < csv_rows(f->sheet); row++) {
		_cleanup_(mem_freep) char *id = id_text(f, row);

		if (!*id || strncmp(id, CSV_ROW_PREFIX, strlen(CSV_ROW_PREFIX)) == 0)
			continue;
		if (!split_id(id, &n, &number) || (first && (n != prefix || strncmp(id, first, prefix) != 0)))
			return str_dup(key);
		if (!first)
			first = str_dup(id);
		prefix = n;
		last = number > last ? number : last;
		if (id[prefix] == '0' && strlen(id) - prefix > width)
			width = strlen(id) - prefix;
	}
	return str_format("%.*s%0*llu", (int)prefix, first ? first : "", (int)width, last + 1);
}
