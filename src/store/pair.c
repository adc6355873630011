/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/pair.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/handoff.h"
#include "seamfs/store/local.h"
#include "seamfs/store/outbox.h"
#include "seamfs/store/trash.h"
#include "store/change_p.h"

static int64_t lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t higher(int64_t a, int64_t b)
{
	return a < b ? b : a;
}

/* ---- proposing ---- */

/* A tool that holds both says itself that they are two. 0: there is none. */
static int64_t shared_tool(struct db *db, int64_t a, int64_t b)
{
	return db_int(db, 0,
		"SELECT x.tool FROM link x JOIN link y ON y.tool = x.tool AND NOT y.gone WHERE x.record = ?1 "
		"AND NOT x.gone AND y.record = ?2",
		"ii", a, b);
}

static const char *field_words(const struct type *type, int field)
{
	return field == IDENTITY_NAME	  ? "name"
	       : field == IDENTITY_DOMAIN ? "domain"
					  : type->fields[field].name;
}

static int propose(struct tx *tx, int64_t a, int64_t b, const char *why)
{
	int r;

	if (shared_tool(tx->db, a, b) || db_int(tx->db, 0, "SELECT 1 FROM apart WHERE a = ?1 AND b = ?2",
						 "ii", lower(a, b), higher(a, b)))
		return 0;
	r = db_run(tx->db, "INSERT OR IGNORE INTO proposal (a, b, why) VALUES (?1, ?2, ?3)", "iit",
		lower(a, b), higher(a, b), why);
	/* Neither is made in a tool that holds the other, until that is decided. */
	if (r == 0)
		r = store_outbox_ensure(tx, a, TOOL_LOCAL);
	return r == 0 ? store_outbox_ensure(tx, b, TOOL_LOCAL) : r;
}

int store_pair_suggest(struct tx *tx, int64_t record)
{
	enum { MOST = 5 };
	struct {
		int64_t record;
		int field;
		char *value;
	} like[MOST];
	struct record_stat stat;
	sqlite3_stmt *q;
	size_t n = 0;
	_Bool had_any = store_problem_any(tx->db);
	int r = store_record_stat(tx->db, record, &stat);

	if (r < 0 || !type_get(stat.type)->company)
		return 0;
	q = db_query(tx->db,
		"SELECT y.record, min(y.field), y.value FROM identity x JOIN identity y ON y.type = x.type "
		"AND "
		"y.field = x.field AND y.value = x.value AND y.record <> x.record WHERE x.record = ?1"
		" GROUP BY y.record LIMIT 5",
		"i", record);
	while (db_row(q)) {
		like[n].record = sqlite3_column_int64(q, 0);
		like[n].field = sqlite3_column_int(q, 1);
		like[n++].value = str_dup(db_column_text(q, 2));
	}
	for (size_t i = 0; i < n; i++) {
		_cleanup_(mem_freep) char *why = str_format("both have the %s %s",
			field_words(type_get(stat.type), like[i].field), like[i].value);

		if (r == 0)
			r = propose(tx, record, like[i].record, why);
		free(like[i].value);
	}
	return r == 0 && n ? problems_announce(tx, had_any) : r;
}

void store_pair_each(struct db *db, pair_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT p.a, p.b, p.why FROM proposal p JOIN record x ON x.id = p.a AND x.state = 0"
		" JOIN record y ON y.id = p.b AND y.state = 0 ORDER BY p.a, p.b",
		"");

	while (db_row(q))
		f(context, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), db_column_text(q, 2));
}

_Bool store_pair_any(struct db *db)
{
	return db_int(db, 0,
		       "SELECT 1 FROM proposal p JOIN record x ON x.id = p.a AND x.state = 0"
		       " JOIN record y ON y.id = p.b AND y.state = 0 LIMIT 1",
		       "") != 0;
}

int store_pair_apart(struct tx *tx, int64_t a, int64_t b)
{
	_Bool had_any = store_problem_any(tx->db);
	int r = db_run(
		tx->db, "DELETE FROM proposal WHERE a = ?1 AND b = ?2", "ii", lower(a, b), higher(a, b));

	if (r == 0)
		r = db_run(tx->db, "INSERT OR IGNORE INTO apart (a, b) VALUES (?1, ?2)", "ii", lower(a, b),
			higher(a, b));
	if (r == 0)
		r = store_outbox_ensure(tx, a, TOOL_LOCAL);
	if (r == 0)
		r = store_outbox_ensure(tx, b, TOOL_LOCAL);
	return r == 0 ? problems_announce(tx, had_any) : r;
}

/* ---- references ---- */

/* What a tool holds of a record means the same as before; only our number for the other record has changed. */
static int renumber_link(
	struct tx *tx, int64_t tool, int64_t record, const struct field *f, int64_t from, int64_t to)
{
	struct link l;
	int r = 0;

	if (store_link_by_record(tx->db, tool, record, &l) < 0)
		return 0;
	if (record_ref(l.ours, f) == from)
		json_set(l.ours, f->name, json_new_int(to));
	if (record_ref(l.theirs, f) == from)
		json_set(l.theirs, f->name, json_new_int(to));
	r = store_link_put(tx, tool, &l, NULL, NULL, 0);
	link_finish(&l);
	return r;
}

/* @tool: only what that tool's own word makes refer to it; -1: all. */
static int move_reference(
	struct tx *tx, int64_t record, enum type_id type, int field, int64_t from, int64_t to, int tool)
{
	const struct field *f = &type_get(type)->fields[field];
	_cleanup_json_ cJSON *patch = cJSON_CreateObject();
	struct change c = {.type = type,
		.record = record,
		.patch = patch,
		.origin = {.tool = TOOL_LOCAL, .cause = "link"}};
	int64_t same;
	int r = 0;

	if (tool >= 0) {
		struct link l;
		_Bool says;

		if (store_link_by_record(tx->db, store_tool_id(tx->store, tool), record, &l) < 0)
			return 0;
		says = record_ref(l.theirs, f) == from;
		link_finish(&l);
		if (!says)
			return 0;
	}
	for (int i = 1; i < tx->stack->tool_count && r == 0; i++) {
		if (tool < 0 || i == tool)
			r = renumber_link(tx, store_tool_id(tx->store, i), record, f, from, to);
	}
	json_set(patch, f->name, json_new_int(to));
	return r == 0 ? store_change(tx, &c, &same, NULL) : r;
}

static int move_references(struct tx *tx, int64_t from, int64_t to, int tool)
{
	int64_t after = 0;
	int r = 0;

	while (r == 0) {
		sqlite3_stmt *q = db_query(tx->db,
			"SELECT x.record, x.type, x.field FROM reference x JOIN record r ON r.id = x.record "
			"AND "
			"r.state = 0 WHERE x.target = ?1 AND x.record > ?2 ORDER BY x.record LIMIT 1",
			"ii", from, after);
		enum type_id type;
		int field;

		if (!db_row(q))
			break;
		after = sqlite3_column_int64(q, 0);
		type = (enum type_id)sqlite3_column_int(q, 1);
		field = sqlite3_column_int(q, 2);
		db_done(q);
		r = move_reference(tx, after, type, field, from, to, tool);
	}
	return r;
}

/* ---- two are one ---- */

static int check_link(struct tx *tx, int64_t a, int64_t b, struct err *e)
{
	struct record_stat x, y;
	_cleanup_(mem_freep) char *tool = NULL;

	if (store_record_stat(tx->db, a, &x) < 0 || store_record_stat(tx->db, b, &y) < 0)
		return err_set(e, ENOENT, "one of the two is no longer there");
	if (a == b)
		return err_set(e, EINVAL, "they are one record already");
	if (x.type != y.type)
		return err_set(e, EINVAL, "a %s and a %s cannot be the same thing", type_get(x.type)->name,
			type_get(y.type)->name);
	tool = db_text(tx->db, "SELECT name FROM tool WHERE id = ?1", "i", shared_tool(tx->db, a, b));
	if (tool)
		return err_set(e, EEXIST, "%s holds both of them: remove one there first", tool);
	if (db_int(tx->db, 0, "SELECT 1 FROM outbox WHERE record IN (?1, ?2) AND state IN (1, 2)", "ii", a,
		    b))
		return err_set(e, EBUSY, "a change of one of them is on its way: try again in a moment");
	return 0;
}

static int fill_gaps(struct tx *tx, int64_t keep, int64_t other, const struct origin *origin)
{
	_cleanup_json_ cJSON *doc = store_record_doc(tx->db, keep), *more = store_record_doc(tx->db, other);
	_cleanup_json_ cJSON *patch = cJSON_CreateObject();
	struct record_stat stat;
	struct change c = {.record = keep, .patch = patch, .origin = *origin};
	int64_t same;

	if (!doc || !more || store_record_stat(tx->db, keep, &stat) < 0)
		return -ENOENT;
	c.type = stat.type;
	c.origin.tool = TOOL_LOCAL;
	for (const struct field *f = type_get(stat.type)->fields; f->name; f++) {
		if (!json_get(doc, f->name) && json_get(more, f->name))
			json_set(patch, f->name, cJSON_Duplicate(json_get(more, f->name), 1));
	}
	return patch->child ? store_change(tx, &c, &same, NULL) : 0;
}

static int move_links(struct tx *tx, int64_t keep, int64_t other)
{
	int r = db_run(tx->db,
		"DELETE FROM link WHERE record = ?1 AND gone AND tool IN (SELECT tool FROM link WHERE record "
		"= ?2)",
		"ii", keep, other);

	if (r == 0)
		r = db_run(tx->db,
			"DELETE FROM link WHERE record = ?2 AND tool IN (SELECT tool FROM link WHERE record "
			"= ?1)",
			"ii", keep, other);
	if (r == 0)
		r = db_run(tx->db, "UPDATE link SET record = ?1 WHERE record = ?2", "ii", keep, other);
	return r == 0 ? db_run(tx->db, "DELETE FROM outbox WHERE record = ?1", "i", other) : r;
}

/* Its history stays; its name leads to the other; it cannot come back as a double. */
static int forget(struct tx *tx, int64_t record, int64_t keep, const struct origin *origin)
{
	_cleanup_(mem_freep) char *name = store_record_name(tx->db, record);
	struct record_stat stat;
	int r = store_record_stat(tx->db, record, &stat);

	if (r == 0)
		r = store_trash(tx, record, origin);
	if (r == 0)
		r = store_trash_forget(tx, record);
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM proposal WHERE a = ?1 OR b = ?1", "i", record);
	if (r == 0)
		r = db_run(tx->db,
			"INSERT INTO alias (type, whole, name, record) VALUES (?1, ?2, ?3, ?4)"
			" ON CONFLICT DO UPDATE SET record = excluded.record",
			"iiti", (int64_t)stat.type, stat.whole, name ? name : "", keep);
	return r == 0 ? db_run(tx->db, "UPDATE alias SET record = ?2 WHERE record = ?1", "ii", record, keep)
		      : r;
}

/* One tool may hold both now of a pair that was open: it says itself that they are two. */
static int close_proposals(struct tx *tx, int64_t keep)
{
	int64_t after = 0, other;
	int r = 0;

	while (r == 0 &&
		(other = db_int(tx->db, 0,
			 "SELECT min(a + b - ?1) FROM proposal WHERE (a = ?1 OR b = ?1) AND a + b - ?1 > ?2",
			 "ii", keep, after))) {
		if (shared_tool(tx->db, keep, other))
			r = store_pair_apart(tx, keep, other);
		after = other;
	}
	return r;
}

_Bool store_owner_holds(struct store *store, struct db *db, int64_t record)
{
	struct record_stat stat;
	_cleanup_(mem_freep) char *remote = NULL;

	if (store_record_stat(db, record, &stat) == 0)
		remote = store_link_remote(
			db, store_tool_id(store, store_stack(store)->owners[stat.type]), record);
	return remote != NULL;
}

int store_pair_link(struct tx *tx, int64_t a, int64_t b, const struct origin *origin, struct err *e)
{
	_Bool has_a = store_owner_holds(tx->store, tx->db, a),
	      has_b = store_owner_holds(tx->store, tx->db, b);
	int64_t keep = has_a == has_b ? lower(a, b) : has_a ? a : b;
	int64_t other = keep == a ? b : a;
	struct origin by = *origin;
	_Bool had_any = store_problem_any(tx->db);
	int r = check_link(tx, a, b, e);

	if (r < 0)
		return r;
	by.cause = "link";
	r = fill_gaps(tx, keep, other, &by);
	if (r == 0)
		r = move_references(tx, other, keep, -1);
	if (r == 0)
		r = move_links(tx, keep, other);
	if (r == 0)
		r = store_handoff_link(tx, keep, other);
	if (r == 0)
		r = forget(tx, other, keep, &by);
	if (r == 0)
		r = close_proposals(tx, keep);
	if (r == 0)
		r = store_outbox_ensure(tx, keep, -1);
	if (r == 0)
		r = problems_announce(tx, had_any);
	return r < 0 ? err_set(e, -r, "they could not be linked: %s", strerror(-r)) : 0;
}

/* ---- one is two ---- */

/* A record that a tool does not hold would be made there: not by this. */
static int hold_nothing(struct tx *tx, int64_t record, enum type_id type)
{
	int r = 0;

	for (int i = 1; i < tx->stack->tool_count && r == 0; i++) {
		int64_t tool = store_tool_id(tx->store, i);
		_cleanup_(mem_freep) char *remote = str_format("~%lld", (long long)record);

		if (!tx->stack->tools[i].types[type].used ||
			db_int(tx->db, 0, "SELECT 1 FROM link WHERE record = ?1 AND tool = ?2", "ii", record,
				tool))
			continue;
		r = db_run(tx->db,
			"INSERT INTO link (tool, type, remote, record, theirs, ours, raw, seen, gone)"
			" VALUES (?1, ?2, ?3, ?4, '{}', '{}', '', 0, 1)",
			"iiti", tool, (int64_t)type, remote, record);
	}
	return r == 0 ? store_outbox_ensure(tx, record, -1) : r;
}

static int check_split(struct tx *tx, const struct link *l, int tool, struct err *e)
{
	if (!db_int(tx->db, 0, "SELECT 1 FROM link WHERE record = ?1 AND id <> ?2 AND NOT gone", "ii",
		    l->record, l->id))
		return err_set(e, EINVAL, "only %s holds it: there is nothing to take apart",
			tx->stack->tools[tool].name);
	if (db_int(tx->db, 0, "SELECT 1 FROM outbox WHERE record = ?1 AND state IN (1, 2)", "i", l->record))
		return err_set(e, EBUSY, "a change of it is on its way: try again in a moment");
	return 0;
}

static int split(struct tx *tx, struct link *l, int tool, const struct origin *origin, int64_t *ret)
{
	struct change c = {.type = l->type, .patch = l->theirs, .origin = *origin};
	int64_t old = l->record;
	int r;

	c.origin.tool = tool;
	c.origin.cause = "unlink";
	r = store_change(tx, &c, ret, NULL);
	if (r == 0)
		r = store_conflict_forget(tx, old, store_tool_id(tx->store, tool), origin);
	if (r == 0)
		r = db_run(tx->db, "UPDATE link SET record = ?2, ours = theirs WHERE id = ?1", "ii", l->id,
			*ret);
	if (r == 0)
		r = hold_nothing(tx, *ret, l->type);
	if (r == 0)
		r = hold_nothing(tx, old, l->type);
	if (r == 0)
		r = move_references(tx, old, *ret, tool);
	return r == 0 ? store_pair_apart(tx, old, *ret) : r;
}

int store_pair_split(
	struct tx *tx, int64_t record, int tool, const struct origin *origin, int64_t *ret, struct err *e)
{
	struct link l;
	int r = store_link_by_record(tx->db, store_tool_id(tx->store, tool), record, &l);

	if (r < 0 || l.gone) {
		if (r == 0)
			link_finish(&l);
		return err_set(e, ENOENT, "%s does not hold it", tx->stack->tools[tool].name);
	}
	r = check_split(tx, &l, tool, e);
	if (r == 0) {
		r = split(tx, &l, tool, origin, ret);
		if (r < 0)
			err_set(e, -r, "it could not be taken apart: %s", strerror(-r));
	}
	link_finish(&l);
	return r;
}
