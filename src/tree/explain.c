/* SPDX-License-Identifier: Apache-2.0 */
/* Files that explain: NAME.meta.json, NAME.log.ndjson, .error, .last. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/history.h"
#include "tree/failure.h"
#include "tree/texts.h"

static void add_time(cJSON *object, const char *key, int64_t ms)
{
	char text[CLOCK_UTC_SIZE];

	if (ms)
		json_set_text(object, key, clock_format_utc(ms, text));
}

static void add_line(struct buf *b, const cJSON *line)
{
	_cleanup_(mem_freep) char *text = json_print(line);

	buf_printf(b, "%s\n", text);
}

/* ---- who, when, why ---- */

struct explanation {
	struct tree *tree;
	struct db *db;
	const struct type *type;
	cJSON *object;
	struct buf *b;
	struct place dir;
	int64_t seen[20]; /* records */
	size_t count;
};

static void add_author(struct explanation *x, cJSON *object, const struct history_row *row)
{
	add_time(object, "when", row->ms);
	if (row->tool >= 0) {
		json_set_text(object, "tool", store_stack(x->tree->store)->tools[row->tool].name);
	} else {
		json_set(object, "uid", json_new_int(row->uid));
		json_set_text(object, "program", row->program);
	}
	json_set_text(object, "why", row->cause);
	json_set(object, "change", json_new_int(row->change));
}

/* A value of the history as the record's file would show it. */
static cJSON *shown(struct explanation *x, const struct field *f, const char *json, const char *currency)
{
	_cleanup_json_ cJSON *doc = cJSON_CreateObject(), *file = NULL;
	struct record_names names = store_names(x->db);
	cJSON *value = json_stored(json);

	if (!value)
		return cJSON_CreateNull();
	json_set(doc, f->name, value);
	file = record_shown(x->type, doc, &names, currency);
	value = cJSON_DetachItemFromObjectCaseSensitive(file, f->name);
	return value ? value : cJSON_CreateNull();
}

static void add_values(struct explanation *x, cJSON *line, const struct history_row *row)
{
	_cleanup_json_ cJSON *doc = store_record_doc(x->db, row->record);
	const char *currency = record_currency(doc, store_stack(x->tree->store)->currency);
	const struct field *f = &x->type->fields[row->field];

	json_set_text(line, "field", f->name);
	json_set(line, "old", shown(x, f, row->old, currency));
	json_set(line, "new", shown(x, f, row->new, currency));
}

static _Bool log_line_of(void *context, const struct history_row *row)
{
	struct explanation *x = context;
	_cleanup_json_ cJSON *line = cJSON_CreateObject();
	_cleanup_(mem_freep) char *path = store_record_path(x->db, row->record);
	_cleanup_(mem_freep) char *name = path ? NULL : store_record_name(x->db, row->record);

	x->type = type_get(row->type);
	if (!path)
		path = str_format(".seam/trash/%s/%s.json", x->type->plural, name ? name : "");
	add_author(x, line, row);
	json_set_text(line, "path", path);
	if (row->field >= 0)
		add_values(x, line, row);
	add_line(x->b, line);
	return x->b->error == 0;
}

int explain_log(struct tree *tree, int64_t record, struct buf *b)
{
	struct explanation x = {.tree = tree, .db = store_db(tree->store), .b = b};

	store_history_each(tree->store, x.db, record, 0, 0, log_line_of, &x);
	return b->error;
}

/* What a tool brought new has one line: a first pull would fill pages with fields that nobody changed. */
static _Bool day_line_of(void *context, const struct history_row *row)
{
	struct history_row made = *row;

	if (row->version != 1 || row->tool < 0)
		return log_line_of(context, row);
	made.field = -1;
	return row->id == row->change ? log_line_of(context, &made) : 1;
}

int explain_day(struct tree *tree, int64_t from_ms, int64_t to_ms, struct buf *b)
{
	struct explanation x = {.tree = tree, .db = store_db(tree->store), .b = b};

	store_history_each(tree->store, x.db, 0, from_ms, to_ms, day_line_of, &x);
	return b->error;
}

/* ---- NAME.meta.json ---- */

static _Bool take_author(void *context, const struct history_row *row)
{
	struct explanation *x = context;

	add_author(x, x->object, row);
	return 1;
}

static void add_fields(struct explanation *x, int64_t record, const cJSON *doc)
{
	const struct stack *stack = store_stack(x->tree->store);
	cJSON *fields = cJSON_AddObjectToObject(x->object, "fields"), *whole = x->object;

	for (int i = 0; x->type->fields[i].name; i++) {
		x->object = cJSON_CreateObject();
		json_set_text(x->object, "owner", stack->tools[stack_owner(stack, x->type->id, i)].name);
		if (store_history_field(x->tree->store, x->db, record, i, take_author, x) == 0 ||
			json_get(doc, x->type->fields[i].name))
			cJSON_AddItemToObject(fields, x->type->fields[i].name, x->object);
		else
			cJSON_Delete(x->object);
	}
	x->object = whole;
}

static const char *const outbox_words[] = {
	[OUTBOX_READY] = "pending",
	[OUTBOX_SENDING] = "sending",
	[OUTBOX_UNKNOWN] = "unknown",
	[OUTBOX_WAITING] = "waiting",
	[OUTBOX_REJECTED] = "rejected",
	[OUTBOX_HELD] = "held",
};

static const char *gone_word(int gone)
{
	return gone == LINK_GONE ? "gone" : gone == LINK_RETURNING ? "returning" : "synced";
}

static void add_tool(struct explanation *x, int64_t record, int tool, cJSON *tools)
{
	sqlite3_stmt *q = db_query(x->db,
		"SELECT l.remote, l.url, l.gone, o.state, o.attempts, o.next_ms, o.error FROM (SELECT ?1 AS "
		"record, ?2 AS tool) k"
		" LEFT JOIN link l ON l.record = k.record AND l.tool = k.tool"
		" LEFT JOIN outbox o ON o.record = k.record AND o.tool = k.tool"
		" WHERE l.id IS NOT NULL OR o.seq IS NOT NULL",
		"ii", record, store_tool_id(x->tree->store, tool));
	cJSON *object;

	if (!db_row(q))
		return;
	object = cJSON_AddObjectToObject(tools, store_stack(x->tree->store)->tools[tool].name);
	if (sqlite3_column_type(q, 0) != SQLITE_NULL)
		json_set_text(object, "id", db_column_text(q, 0));
	if (db_column_text(q, 1)[0])
		json_set_text(object, "url", db_column_text(q, 1));
	json_set_text(object, "state",
		sqlite3_column_type(q, 3) == SQLITE_NULL ? gone_word(sqlite3_column_int(q, 2))
							 : outbox_words[sqlite3_column_int(q, 3)]);
	if (sqlite3_column_int(q, 4))
		json_set(object, "attempts", json_new_int(sqlite3_column_int64(q, 4)));
	add_time(object, "next_try", sqlite3_column_int64(q, 5));
	if (db_column_text(q, 6)[0])
		json_set_text(object, "error", db_column_text(q, 6));
	db_done(q);
}

int explain_record(struct tree *tree, int64_t record, struct buf *b)
{
	const struct stack *stack = store_stack(tree->store);
	struct explanation x = {.tree = tree, .db = store_db(tree->store), .object = cJSON_CreateObject()};
	_cleanup_json_ cJSON *object = x.object, *doc = store_record_doc(x.db, record);
	_cleanup_(mem_freep) char *path = store_record_path(x.db, record);
	_cleanup_(mem_freep) char *problem = store_problem_of(x.db, record);
	_cleanup_(mem_freep) char *state = NULL;
	struct record_stat stat;
	cJSON *tools;
	int r = store_record_stat(x.db, record, &stat);

	if (r < 0 || !path)
		return -ENOENT;
	x.type = type_get(stat.type);
	json_set_text(object, "path", path);
	json_set_text(object, "type", x.type->name);
	if (tree_xattr(tree, place_ino(PLACE_RECORD, stat.type, (uint64_t)record), "user.seam.state",
		    &state) == 0)
		json_set_text(object, "state", state);
	if (problem)
		json_set_text(object, "error", problem);
	add_time(object, "changed", stat.mtime_ms);
	json_set(object, "version", json_new_int(stat.version));
	json_set_text(object, "owner", stack->tools[stack->owners[stat.type]].name);
	tools = cJSON_AddObjectToObject(object, "tools");
	for (int i = 1; i < stack->tool_count; i++)
		add_tool(&x, record, i, tools);
	add_fields(&x, record, doc);
	return json_pretty(b, object);
}

/* ---- .error ---- */

static void error_line(void *context, const struct failure *f)
{
	struct buf *b = context;
	const char *slash = strrchr(f->path, '/');
	char time[CLOCK_UTC_SIZE];

	clock_format_utc(f->ms - f->ms % 1000, time);
	buf_printf(b, "%s %s: %s (%s, %s)\n", time, slash ? slash + 1 : f->path, f->text, err_name(f->code),
		f->act);
}

int explain_errors(struct tree *tree, struct place dir, struct buf *b)
{
	int r = failure_each_in(tree, dir, error_line, b);

	return r < 0 ? r : b->error;
}

/* ---- .last ---- */

static _Bool is_in(struct explanation *x, int64_t record)
{
	if (x->dir.kind == PLACE_COLLECTION)
		return 1;
	return db_int(x->db, 0, "SELECT 1 FROM reference WHERE target = ?1 AND record = ?2", "ii",
		       (int64_t)x->dir.b, record) != 0;
}

static void add_ids(struct explanation *x, int64_t record, cJSON *line)
{
	const struct stack *stack = store_stack(x->tree->store);
	cJSON *ids = cJSON_AddObjectToObject(line, "ids");

	for (int i = 1; i < stack->tool_count; i++) {
		_cleanup_(mem_freep) char *id =
			store_link_remote(x->db, store_tool_id(x->tree->store, i), record);

		if (id)
			json_set_text(ids, stack->tools[i].name, id);
	}
}

static _Bool last_line(void *context, const struct history_row *row)
{
	struct explanation *x = context;
	_cleanup_json_ cJSON *line = cJSON_CreateObject();
	_cleanup_(mem_freep) char *path = NULL;

	for (size_t i = 0; i < x->count; i++) {
		if (x->seen[i] == row->record)
			return 1;
	}
	if (!is_in(x, row->record))
		return 1;
	x->seen[x->count++] = row->record;
	path = store_record_path(x->db, row->record);
	json_set_text(line, "path", path ? path : "");
	add_author(x, line, row);
	add_ids(x, row->record, line);
	add_line(x->b, line);
	return x->count < ARRAY_LEN(x->seen);
}

int explain_last(struct tree *tree, struct place dir, struct buf *b)
{
	struct explanation x = {.tree = tree, .db = store_db(tree->store), .b = b, .dir = dir};

	store_history_made(tree->store, x.db, (enum type_id)PLACE_LOW(dir.a), last_line, &x);
	return b->error;
}
