/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/link.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/company.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "store/change_p.h"

void link_finish(struct link *l)
{
	free(l->remote);
	cJSON_Delete(l->theirs);
	cJSON_Delete(l->ours);
	*l = (struct link){0};
}

static cJSON *stored_doc(const char *text)
{
	cJSON *doc = json_stored(text);

	return doc ? doc : cJSON_CreateObject();
}

static int read_link(sqlite3_stmt *q, struct link *ret)
{
	if (!db_row(q))
		return -ENOENT;
	*ret = (struct link){
		.id = sqlite3_column_int64(q, 0),
		.record = sqlite3_column_int64(q, 1),
		.type = (enum type_id)sqlite3_column_int(q, 2),
		.remote = str_dup(db_column_text(q, 3)),
		.theirs = stored_doc(db_column_text(q, 4)),
		.ours = stored_doc(db_column_text(q, 5)),
		.gone = (enum link_gone)sqlite3_column_int(q, 6),
		.unresolved = sqlite3_column_int(q, 7) != 0,
	};
	db_done(q);
	return 0;
}

int store_link_by_remote(struct db *db, int64_t tool, enum type_id type, const char *remote, struct link *ret)
{
	return read_link(db_query(db,
				 "SELECT id, record, type, remote, theirs, ours, gone, unresolved FROM link"
				 " WHERE tool = ?1 AND type = ?2 AND remote = ?3",
				 "iit", tool, (int64_t)type, remote),
		ret);
}

int store_link_by_record(struct db *db, int64_t tool, int64_t record, struct link *ret)
{
	return read_link(db_query(db,
				 "SELECT id, record, type, remote, theirs, ours, gone, unresolved FROM link"
				 " WHERE record = ?2 AND tool = ?1",
				 "ii", tool, record),
		ret);
}

int64_t store_link_record(struct db *db, int64_t tool, enum type_id type, const char *remote)
{
	return db_int(db, 0, "SELECT record FROM link WHERE tool = ?1 AND type = ?2 AND remote = ?3", "iit",
		tool, (int64_t)type, remote);
}

char *store_link_remote(struct db *db, int64_t tool, int64_t record)
{
	return db_text(db, "SELECT remote FROM link WHERE record = ?2 AND tool = ?1 AND NOT gone", "ii", tool,
		record);
}

int store_link_put(
	struct tx *tx, int64_t tool, const struct link *l, const char *raw, const char *url, int64_t pass)
{
	_cleanup_(mem_freep) char *theirs = json_print(l->theirs), *ours = json_print(l->ours);

	return db_run(tx->db,
		"INSERT INTO link (tool, type, remote, record, theirs, ours, raw, url, seen, gone, "
		"unresolved)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ifnull(?7, ''), ?8, ?9, ?10, ?11)"
		" ON CONFLICT (tool, type, remote) DO UPDATE SET record = excluded.record, theirs = "
		"excluded.theirs,"
		" ours = excluded.ours, raw = ifnull(?7, raw), url = ifnull(?8, url), seen = max(seen, "
		"excluded.seen),"
		" gone = excluded.gone, unresolved = excluded.unresolved",
		"iititttt"
		"iii",
		tool, (int64_t)l->type, l->remote, l->record, theirs, ours, raw, url, pass, (int64_t)l->gone,
		(int64_t)l->unresolved);
}

int store_link_drop(struct tx *tx, int64_t link)
{
	return db_run(tx->db, "DELETE FROM link WHERE id = ?1", "i", link);
}

int store_link_seen(struct tx *tx, int64_t link, int64_t pass, const char *raw)
{
	/* Most listings bring what is there already: write the raw form only when it differs. */
	return db_run(tx->db, "UPDATE link SET seen = max(seen, ?2), raw = ifnull(?3, raw) WHERE id = ?1",
		"iit", link, pass, raw);
}

int store_foreign_put(struct tx *tx, int64_t tool, enum type_id type, const char *remote, int64_t record)
{
	return db_run(tx->db,
		"INSERT INTO foreign_id (tool, type, remote, record) VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT DO UPDATE SET record = excluded.record",
		"iiti", tool, (int64_t)type, remote, record);
}

int64_t store_foreign_record(struct db *db, int64_t tool, enum type_id type, const char *remote)
{
	return db_int(db, 0,
		"SELECT f.record FROM foreign_id f JOIN record r ON r.id = f.record AND r.state = 0"
		" WHERE f.tool = ?1 AND f.type = ?2 AND f.remote = ?3",
		"iit", tool, (int64_t)type, remote);
}

char *store_identity(const char *text)
{
	char *fold = name_fold(text);
	size_t n = 0;

	for (const char *p = fold; *p; p++) {
		if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r')
			fold[n++] = *p;
	}
	fold[n] = '\0';
	return fold;
}

/* Exactly one record has this value and is free; -1 when several do. */
static int64_t match_field(struct db *db, int64_t tool, const struct type *type, int field, const char *text)
{
	_cleanup_(mem_freep) char *value = store_identity(text);
	sqlite3_stmt *q;
	int64_t found = 0;

	if (!value[0])
		return 0;
	q = db_query(db,
		"SELECT record FROM identity i WHERE type = ?1 AND field = ?2 AND value = ?3"
		" AND NOT EXISTS (SELECT 1 FROM link l WHERE l.record = i.record AND l.tool = ?4 AND NOT "
		"l.gone) LIMIT 2",
		"iiti", (int64_t)type->id, (int64_t)field, value, tool);
	while (db_row(q))
		found = found ? -1 : sqlite3_column_int64(q, 0);
	return found;
}

/* Something identifies a record only where nothing stronger speaks against it; @than NULL: it is weaker than all fields. */
static _Bool contradicts(
	struct db *db, int64_t record, const struct type *type, const cJSON *doc, const char *const *than)
{
	_cleanup_json_ cJSON *other = store_record_doc(db, record);
	const struct field *whole = type_whole(type);

	for (const char *const *m = type->match; m && *m && m != than; m++) {
		const char *a = json_get_text(doc, *m), *b = json_get_text(other, *m);
		_cleanup_(mem_freep) char *x = a ? store_identity(a) : NULL;
		_cleanup_(mem_freep) char *y = b ? store_identity(b) : NULL;

		if (x && y && strcmp(x, y) != 0)
			return 1;
	}
	if (than)
		return 0;
	if (type->company && json_get_text(doc, "country") && json_get_text(other, "country") &&
		strcasecmp(json_get_text(doc, "country"), json_get_text(other, "country")) != 0)
		return 1;
	return whole && record_ref(doc, whole) != record_ref(other, whole);
}

/* The same name without legal form is enough only inside one country. */
static int64_t match_company(struct db *db, int64_t tool, const struct type *type, const cJSON *doc)
{
	const char *country = json_get_text(doc, "country");
	_cleanup_(mem_freep) char *name = company_name(json_get_text(doc, type_key(type)->name));
	int64_t found = country ? match_field(db, tool, type, IDENTITY_NAME, name) : 0;
	_cleanup_json_ cJSON *other = found > 0 ? store_record_doc(db, found) : NULL;
	const char *there = json_get_text(other, "country");

	return there && strcasecmp(country, there) == 0 && !contradicts(db, found, type, doc, NULL) ? found
												    : 0;
}

int64_t store_match(struct db *db, int64_t tool, enum type_id type_id, const cJSON *doc)
{
	const struct type *type = type_get(type_id);
	const char *key = type_key(type)->name;
	const char *name = json_get_text(doc, key);
	int64_t found;

	for (const char *const *m = type->match; m && *m; m++) {
		const char *text = json_get_text(doc, *m);

		found = text ? match_field(db, tool, type, type_field_index(type, *m), text) : 0;
		if (found > 0)
			return contradicts(db, found, type, doc, m) ? 0 : found;
	}
	/* Titles of tasks and time entries repeat: they are never matched by name. */
	if (!type->match || !name)
		return 0;
	found = match_field(db, tool, type, type_field_index(type, key), name);
	if (found > 0 && !contradicts(db, found, type, doc, NULL))
		return found;
	return type->company ? match_company(db, tool, type, doc) : 0;
}

char *store_cursor(struct db *db, int64_t tool, enum type_id type, _Bool *ret_complete, int64_t *ret_pass)
{
	sqlite3_stmt *q =
		db_query(db, "SELECT value, complete, pass FROM cursor WHERE tool = ?1 AND type = ?2", "ii",
			tool, (int64_t)type);
	char *value = NULL;

	*ret_complete = 0;
	*ret_pass = 0;
	if (db_row(q)) {
		if (sqlite3_column_type(q, 0) != SQLITE_NULL)
			value = str_dup(db_column_text(q, 0));
		*ret_complete = sqlite3_column_int(q, 1) != 0;
		*ret_pass = sqlite3_column_int64(q, 2);
		db_done(q);
	}
	return value;
}

int store_cursor_put(
	struct tx *tx, int64_t tool, enum type_id type, const char *value, _Bool complete, int64_t pass)
{
	return db_run(tx->db,
		"INSERT INTO cursor (tool, type, value, complete, pass) VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO UPDATE SET value = excluded.value, complete = max(complete, "
		"excluded.complete),"
		" pass = excluded.pass",
		"iitii", tool, (int64_t)type, value, (int64_t)complete, pass);
}
