/* SPDX-License-Identifier: Apache-2.0 */
/* .export/: all records of a folder in one read, so that scripts need not open them one by one. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/csv.h"
#include "seamfs/codec/json.h"
#include "tree/texts.h"

struct exporter {
	struct tree *tree;
	const struct type *type;
	enum place_aside form;
	struct buf *b;
	_Bool some;
};

static void cell_of(struct buf *b, const struct field *f, const cJSON *value)
{
	const char *text = json_text(value);
	struct buf cell = BUF_INIT(BUF_MAX_RECORD);
	const cJSON *tag;

	if (text) {
		buf_printf(&cell, "%s%s", csv_wants_guard(text) ? "'" : "", text);
	} else if (f->kind == FIELD_TAGS) {
		cJSON_ArrayForEach (tag, value)
			buf_printf(&cell, "%s%s", cell.len ? ", " : "", json_text(tag));
	} else if (value && !cJSON_IsNull(value)) {
		_cleanup_(mem_freep) char *json = json_print(value);

		buf_puts(&cell, json);
	}
	csv_quote(b, buf_text(&cell), ',');
	buf_finish(&cell);
}

static void header_row(struct exporter *x)
{
	for (const struct field *f = x->type->fields; f->name; f++)
		buf_printf(x->b, "%s%s", f == x->type->fields ? "" : ",", f->name);
	buf_puts(x->b, "\r\n");
}

static _Bool add_record(void *context, const struct listed *row)
{
	struct exporter *x = context;
	struct buf body = BUF_INIT(BUF_MAX_RECORD);
	_cleanup_json_ cJSON *file = NULL;
	int r = store_record_body(store_db(x->tree->store), row->id, &body);

	if (r == 0)
		r = json_parse(buf_text(&body), body.len, JSON_REMOTE, &file, NULL, NULL);
	buf_finish(&body);
	if (r < 0)
		return 1; /* it went meanwhile */
	if (x->form == PLACE_ASIDE_CSV) {
		for (const struct field *f = x->type->fields; f->name; f++) {
			if (f != x->type->fields)
				buf_putc(x->b, ',');
			cell_of(x->b, f, json_get(file, f->name));
		}
		buf_puts(x->b, "\r\n");
	} else {
		_cleanup_(mem_freep) char *line = json_print(file);

		if (x->some && x->form == PLACE_ASIDE_JSON)
			buf_puts(x->b, ",\n");
		buf_printf(x->b, x->form == PLACE_ASIDE_JSON ? "%s" : "%s\n", line);
	}
	x->some = 1;
	return x->b->error == 0;
}

_Bool node_is_folder_of_records(struct place dir)
{
	return dir.kind == PLACE_COLLECTION || dir.kind == PLACE_PARTS || dir.kind == PLACE_VALUE;
}

int export_read(struct tree *tree, struct place dir, enum place_aside form, struct buf *b)
{
	struct db *db = store_db(tree->store);
	const struct type *type = type_get((enum type_id)PLACE_LOW(dir.a));
	const struct field *whole = type_whole(type);
	struct exporter x = {.tree = tree, .type = type, .form = form, .b = b};

	if (form == PLACE_ASIDE_CSV)
		header_row(&x);
	else if (form == PLACE_ASIDE_JSON)
		buf_puts(b, "[\n");
	if (dir.kind == PLACE_COLLECTION)
		store_record_all(db, type->id, add_record, &x);
	else if (dir.kind == PLACE_VALUE)
		store_facet_list(db, dir.b, 0, add_record, &x);
	else if (whole && (int)whole->ref == PLACE_HIGH(dir.a))
		store_record_list(db, type->id, dir.b, 0, add_record, &x);
	else
		store_referrer_list(db, type->id, dir.b, 0, add_record, &x);
	if (form == PLACE_ASIDE_JSON)
		buf_puts(b, x.some ? "\n]\n" : "]\n");
	return b->error;
}
