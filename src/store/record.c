/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/record.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "store/list.h"

int store_record_stat(struct db *db, int64_t id, struct record_stat *ret)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT type, whole, size, mtime, version FROM record WHERE id = ?1 AND state = 0", "i", id);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct record_stat){
		.id = id,
		.type = (enum type_id)sqlite3_column_int(q, 0),
		.whole = sqlite3_column_int64(q, 1),
		.size = sqlite3_column_int64(q, 2),
		.mtime_ms = sqlite3_column_int64(q, 3),
		.version = sqlite3_column_int64(q, 4),
	};
	db_done(q);
	return 0;
}

int store_record_find(struct db *db, enum type_id type, int64_t whole, const char *name, int64_t *ret)
{
	_cleanup_(mem_freep) char *fold = name_fold(name);
	int64_t id = db_int(db, 0,
		"SELECT id FROM record WHERE type = ?1 AND whole = ?2 AND fold = ?3 AND name = ?4 AND state "
		"= 0",
		"iitt", (int64_t)type, whole, fold, name);

	if (!id)
		id = db_int(db, 0,
			"SELECT a.record FROM alias a JOIN record r ON r.id = a.record AND r.state = 0"
			" WHERE a.type = ?1 AND a.whole = ?2 AND a.name = ?3",
			"iit", (int64_t)type, whole, name);
	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

char *store_record_name(struct db *db, int64_t id)
{
	return db_text(db, "SELECT name FROM record WHERE id = ?1", "i", id);
}

char *store_record_path(struct db *db, int64_t id)
{
	struct record_stat stat;
	_cleanup_(mem_freep) char *name = store_record_name(db, id);
	_cleanup_(mem_freep) char *whole = NULL;
	const struct type *type;

	if (store_record_stat(db, id, &stat) < 0 || !name)
		return NULL;
	type = type_get(stat.type);
	whole = stat.whole ? store_record_name(db, stat.whole) : NULL;
	if (type->file)
		return str_format("%s/%s/%s", type->plural, name, type->file);
	if (whole && type_whole(type))
		return str_format("%s/%s/%s/%s.json", type_get(type_whole(type)->ref)->plural, whole,
			type->plural, name);
	return str_format("%s/%s.json", type->plural, name);
}

cJSON *store_record_doc(struct db *db, int64_t id)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT c.doc FROM content c JOIN record r ON r.id = c.record WHERE r.id = ?1 AND r.state = "
		"0",
		"i", id);
	cJSON *doc = NULL;

	if (db_row(q)) {
		doc = json_stored(db_column_text(q, 0));
		db_done(q);
	}
	return doc;
}

cJSON *store_record_doc_at(struct db *db, int64_t id, int64_t history)
{
	cJSON *doc = store_record_doc(db, id);
	sqlite3_stmt *q = db_query(db,
		"SELECT r.type, h.field, h.old FROM history h JOIN record r ON r.id = h.record"
		" WHERE h.record = ?1 AND h.id > ?2 AND h.field >= 0 AND h.cause NOT IN ('overruled', "
		"'settle')"
		" ORDER BY h.id DESC",
		"ii", id, history);

	/* Newest first: each step takes one change back. What was overruled or decided against was never the record's. */
	while (db_row(q)) {
		const char *name = type_get((enum type_id)sqlite3_column_int(q, 0))
					   ->fields[sqlite3_column_int(q, 1)]
					   .name;
		cJSON *value = doc ? json_stored(db_column_text(q, 2)) : NULL;

		if (!doc)
			continue;
		if (value)
			json_set(doc, name, value);
		else
			cJSON_DeleteItemFromObjectCaseSensitive(doc, name);
	}
	return doc;
}

_Bool store_record_changed(struct db *db, int64_t id, int64_t history)
{
	return db_int(db, 0,
		       "SELECT EXISTS (SELECT 1 FROM history WHERE record = ?1 AND id > ?2"
		       " AND cause NOT IN ('overruled', 'settle'))",
		       "ii", id, history) != 0;
}

int store_record_body(struct db *db, int64_t id, struct buf *b)
{
	sqlite3_stmt *q = db_query(db, "SELECT body FROM content WHERE record = ?1", "i", id);
	int r;

	if (!db_row(q))
		return -ENOENT;
	r = buf_add(b, sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0));
	db_done(q);
	return r;
}

void list_rows(sqlite3_stmt *q, store_lister f, void *context)
{
	while (db_row(q)) {
		struct listed row = {sqlite3_column_int64(q, 0), db_column_text(q, 1),
			sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3)};

		if (!f(context, &row)) {
			db_done(q);
			return;
		}
	}
}

void store_record_list(
	struct db *db, enum type_id type, int64_t whole, int64_t after, store_lister f, void *context)
{
	list_rows(
		db_query(db,
			"SELECT id, name, size, mtime FROM record WHERE type = ?1 AND whole = ?2 AND id > ?3 "
			"AND state = 0"
			" ORDER BY id",
			"iii", (int64_t)type, whole, after),
		f, context);
}

void store_record_all(struct db *db, enum type_id type, store_lister f, void *context)
{
	list_rows(db_query(db,
			  "SELECT id, name, size, mtime FROM record WHERE type = ?1 AND state = 0 ORDER BY "
			  "whole, id",
			  "i", (int64_t)type),
		f, context);
}

void store_referrer_list(
	struct db *db, enum type_id type, int64_t target, int64_t after, store_lister f, void *context)
{
	list_rows(db_query(db,
			  "SELECT DISTINCT r.id, r.name, r.size, r.mtime FROM reference x JOIN record r ON "
			  "r.id = "
			  "x.record"
			  " AND r.state = 0 WHERE x.target = ?1 AND x.type = ?2 AND x.record > ?3 ORDER BY "
			  "x.record",
			  "iii", target, (int64_t)type, after),
		f, context);
}

int store_referrer_find(struct db *db, enum type_id type, int64_t target, const char *name, int64_t *ret)
{
	_cleanup_(mem_freep) char *fold = name_fold(name);
	int64_t id = db_int(db, 0,
		"SELECT r.id FROM record r JOIN reference x ON x.record = r.id AND x.target = ?2"
		" WHERE r.type = ?1 AND r.whole = 0 AND r.fold = ?3 AND r.name = ?4 AND r.state = 0",
		"iitt", (int64_t)type, target, fold, name);

	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

void store_value_list(
	struct db *db, enum type_id type, int field, int64_t after, store_lister f, void *context)
{
	list_rows(
		db_query(db,
			"SELECT v.id, v.name, 0, 0 FROM value v WHERE v.type = ?1 AND v.field = ?2 AND v.id "
			"> ?3"
			" AND (v.fixed OR EXISTS (SELECT 1 FROM facet f WHERE f.value = v.id)) ORDER BY v.id",
			"iii", (int64_t)type, (int64_t)field, after),
		f, context);
}

int store_value_find(struct db *db, enum type_id type, int field, const char *name, int64_t *ret)
{
	int64_t id = db_int(db, 0,
		"SELECT v.id FROM value v WHERE v.type = ?1 AND v.field = ?2 AND v.name = ?3"
		" AND (v.fixed OR EXISTS (SELECT 1 FROM facet f WHERE f.value = v.id))",
		"iit", (int64_t)type, (int64_t)field, name);

	if (!id)
		return -ENOENT;
	*ret = id;
	return 0;
}

char *store_value_name(struct db *db, int64_t value)
{
	return db_text(db, "SELECT name FROM value WHERE id = ?1", "i", value);
}

void store_facet_list(struct db *db, int64_t value, int64_t after, store_lister f, void *context)
{
	list_rows(db_query(db,
			  "SELECT record, name, length(CAST(target AS BLOB)), 0 FROM facet WHERE value = ?1 "
			  "AND "
			  "record > ?2"
			  " ORDER BY record",
			  "ii", value, after),
		f, context);
}

int store_facet_find(struct db *db, int64_t value, const char *name, int64_t *ret_record)
{
	int64_t id =
		db_int(db, 0, "SELECT record FROM facet WHERE value = ?1 AND name = ?2", "it", value, name);

	if (!id)
		return -ENOENT;
	*ret_record = id;
	return 0;
}

char *store_facet_target(struct db *db, int64_t value, int64_t record)
{
	return db_text(db, "SELECT target FROM facet WHERE value = ?1 AND record = ?2", "ii", value, record);
}

static int find_named(void *context, enum type_id type, int64_t whole, const char *name, int64_t *ret)
{
	struct db *db = context;
	_cleanup_(mem_freep) char *safe = name_safe(name, NAME_MAX_BYTES);

	if (whole && store_record_find(db, type, whole, name, ret) == 0)
		return 0;
	if (store_record_find(db, type, 0, name, ret) == 0)
		return 0;
	/* What people call it may hold characters that its file name cannot. */
	if (whole && store_record_find(db, type, whole, safe, ret) == 0)
		return 0;
	return store_record_find(db, type, 0, safe, ret);
}

static char *name_of(void *context, enum type_id type, int64_t id)
{
	return store_record_name(context, id);
}

struct record_names store_names(struct db *db)
{
	return (struct record_names){find_named, name_of, db};
}
