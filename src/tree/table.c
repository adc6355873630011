/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of tables/, made when they are asked for and kept until a record in them changes. */
#include <errno.h>
#include <stdlib.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "tree/table.h"

enum { PARTS = 2 }; /* records, lines */

struct table_text {
	struct buf bytes;
	int64_t position; /* the text is that of this state */
	int64_t ms;
	_Bool made;
};

/* Guarded by its own mutex: copying a long text must not keep those waiting who only open a file. */
struct tables {
	pthread_mutex_t mutex;
	struct table_text texts[TYPE_COUNT][PARTS];
};

void table_begin(struct tree *tree)
{
	tree->tables = mem_alloc(sizeof(*tree->tables));
	pthread_mutex_init(&tree->tables->mutex, NULL);
}

void table_end(struct tree *tree)
{
	for (int t = 0; t < TYPE_COUNT; t++) {
		for (int part = 0; part < PARTS; part++)
			buf_finish(&tree->tables->texts[t][part].bytes);
	}
	pthread_mutex_destroy(&tree->tables->mutex);
	free(tree->tables);
}

_Bool table_at(struct place p, struct table *ret)
{
	return p.kind == PLACE_TABLE && p.a > TYPE_NONE && p.a < TYPE_COUNT && node_has_folder((int)p.a) &&
	       table_of((enum type_id)p.a, (int)p.b, ret);
}

_Bool table_changed(struct db *db, const struct type *type, int64_t position)
{
	_Bool shown[TYPE_COUNT] = {0};
	sqlite3_stmt *q = db_query(db,
		"SELECT DISTINCT r.type FROM history h JOIN record r ON r.id = h.record WHERE h.id > ?1", "i",
		position);
	_Bool changed = 0;

	shown[type->id] = 1;
	for (const struct field *f = type->fields; f->name; f++) {
		if (f->kind == FIELD_REF)
			shown[f->ref] = 1;
	}
	while (db_row(q))
		changed = changed || shown[sqlite3_column_int(q, 0)];
	return changed;
}

static int make(struct tree *tree, const struct table *t, struct table_text *ret)
{
	struct db *db = store_db(tree->store);
	struct record_names names = store_names(db);
	sqlite3_stmt *q;
	int r;

	*ret = (struct table_text){.bytes = BUF_INIT(BUF_MAX_SHEET),
		.position = store_position(tree->store),
		.ms = tree->made_ms,
		.made = 1};
	table_print_header(t, &ret->bytes);
	q = db_query(db,
		"SELECT r.id, r.name, r.mtime, c.doc FROM record r JOIN content c ON c.record = r.id"
		" WHERE r.type = ?1 AND r.state = 0 ORDER BY r.id",
		"i", (int64_t)t->type->id);
	while (db_row(q)) {
		_cleanup_json_ cJSON *doc = json_stored(db_column_text(q, 3));
		_cleanup_json_ cJSON *file =
			record_shown(t->type, doc, &names, store_stack(tree->store)->currency);

		if (sqlite3_column_int64(q, 2) > ret->ms)
			ret->ms = sqlite3_column_int64(q, 2);
		table_print(t, sqlite3_column_int64(q, 0), db_column_text(q, 1), file, &ret->bytes);
	}
	r = ret->bytes.error;
	if (r < 0)
		buf_finish(&ret->bytes);
	return r == -E2BIG ? -EFBIG : r;
}

/* Brings the text up to date; with the mutex. */
static int refresh(struct tree *tree, struct place p, struct table_text **ret)
{
	struct tables *all = tree->tables;
	struct table_text fresh;
	int64_t position;
	struct table t;
	int r;

	if (!table_at(p, &t))
		return -ENOENT;
	*ret = &all->texts[p.a][p.b];
	position = store_position(tree->store);
	if ((*ret)->made && (*ret)->position == position)
		return 0;
	if ((*ret)->made && !table_changed(store_db(tree->store), t.type, (*ret)->position)) {
		(*ret)->position = position;
		return 0;
	}
	r = make(tree, &t, &fresh);
	if (r < 0)
		return r;
	buf_finish(&(*ret)->bytes);
	**ret = fresh;
	return 0;
}

int table_read(struct tree *tree, struct place p, struct buf *b)
{
	struct table_text *text;
	int r;

	pthread_mutex_lock(&tree->tables->mutex);
	r = refresh(tree, p, &text);
	if (r == 0)
		r = buf_add(b, buf_text(&text->bytes), text->bytes.len);
	pthread_mutex_unlock(&tree->tables->mutex);
	return r;
}

int table_stat(struct tree *tree, struct place p, int64_t *ret_size, int64_t *ret_ms)
{
	struct table_text *text;
	int r;

	pthread_mutex_lock(&tree->tables->mutex);
	r = refresh(tree, p, &text);
	if (r == 0) {
		*ret_size = (int64_t)text->bytes.len;
		*ret_ms = text->ms;
	}
	pthread_mutex_unlock(&tree->tables->mutex);
	return r;
}
