/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/hint.h"

#include <errno.h>

#include "seamfs/base/mem.h"

/* A burst about one record is one reading: it waits until it is quiet, but not for ever. */
#define QUIET_MS   500
#define LONGEST_MS 5000
#define WEEK_MS	   INT64_C(604800000)

void hint_finish(struct hint *h)
{
	free(h->remote);
	*h = (struct hint){0};
}

int64_t store_hint_count(struct db *db, int64_t tool)
{
	return db_int(db, 0, "SELECT count(*) FROM hint WHERE tool = ?1", "i", tool);
}

int64_t store_hint_last(struct db *db, int64_t tool)
{
	return db_int(db, 0, "SELECT max(seq) FROM hint WHERE tool = ?1", "i", tool);
}

int store_hint_add(struct tx *tx, int64_t tool, enum type_id type, const char *remote)
{
	if (type != TYPE_NONE && store_hint_count(tx->db, tool) >= HINT_MOST) {
		int r = db_run(tx->db, "DELETE FROM hint WHERE tool = ?1", "i", tool);

		if (r < 0)
			return r;
		type = TYPE_NONE;
	}
	return db_run(tx->db,
		"INSERT INTO hint (tool, type, remote, seq, first_ms, due_ms) VALUES (?1, ?2, ?3,"
		" (SELECT coalesce(max(seq), 0) + 1 FROM hint), ?4, ?4 + ?5)"
		" ON CONFLICT DO UPDATE SET seq = excluded.seq,"
		" due_ms = min(excluded.due_ms, hint.first_ms + ?6)",
		"iitiii", tool, (int64_t)type, type == TYPE_NONE ? "" : remote, tx->now_ms, (int64_t)QUIET_MS,
		(int64_t)LONGEST_MS);
}

int store_hint_next(struct db *db, int64_t tool, int64_t now_ms, struct hint *ret, int64_t *ret_wake_ms)
{
	/* All of them first: that makes the others needless. */
	sqlite3_stmt *q = db_query(db,
		"SELECT seq, type, remote FROM hint WHERE tool = ?1 AND due_ms <= ?2 ORDER BY type, seq "
		"LIMIT 1",
		"ii", tool, now_ms);

	*ret_wake_ms = 0;
	if (!db_row(q)) {
		*ret_wake_ms = db_int(db, 0, "SELECT min(due_ms) FROM hint WHERE tool = ?1", "i", tool);
		return -ENOENT;
	}
	*ret = (struct hint){sqlite3_column_int64(q, 0), (enum type_id)sqlite3_column_int(q, 1),
		str_dup(db_column_text(q, 2))};
	db_done(q);
	return 0;
}

int store_hint_done(struct tx *tx, int64_t tool, const struct hint *h)
{
	int r = db_run(tx->db, "DELETE FROM hint WHERE tool = ?1 AND type = ?2 AND remote = ?3 AND seq = ?4",
		"iiti", tool, (int64_t)h->type, h->remote, h->seq);

	/* What came meanwhile waits like a new one. */
	if (r == 0)
		r = db_run(tx->db,
			"UPDATE hint SET first_ms = ?4, due_ms = ?4 + ?5 WHERE tool = ?1 AND type = ?2 AND "
			"remote = "
			"?3",
			"iitii", tool, (int64_t)h->type, h->remote, tx->now_ms, (int64_t)QUIET_MS);
	return r;
}

int store_hint_clear(struct tx *tx, int64_t tool, int64_t seq)
{
	return db_run(tx->db, "DELETE FROM hint WHERE tool = ?1 AND seq <= ?2", "ii", tool, seq);
}

/* ---- messages ---- */

int store_heard(struct tx *tx, int64_t tool, const char *id, int64_t record)
{
	int r = db_run(tx->db,
		"INSERT INTO heard (tool, id, record, ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
		"itii", tool, id, record, tx->now_ms);

	if (r == 0 && !db_changes(tx->db))
		return -EALREADY;
	if (r == 0)
		r = db_run(tx->db, "DELETE FROM heard WHERE ms < ?1", "i", tx->now_ms - WEEK_MS);
	/* However much tools say, the keys of middleware are known: without them something would be made twice. */
	if (r == 0)
		r = db_run(tx->db,
			"DELETE FROM heard WHERE (tool = 0) = (?2 = 0) AND ms < (SELECT ms FROM heard"
			" WHERE (tool = 0) = (?2 = 0) ORDER BY ms DESC LIMIT 1 OFFSET ?1)",
			"ii", (int64_t)HEARD_MOST, tool);
	return r;
}

int store_heard_record(struct db *db, int64_t tool, const char *id, int64_t *ret)
{
	*ret = db_int(db, -1, "SELECT record FROM heard WHERE tool = ?1 AND id = ?2", "it", tool, id);
	return *ret < 0 ? -ENOENT : 0;
}

/* ---- subscriptions in tools ---- */

int store_hook_get(struct db *db, int64_t tool, struct hook_row *ret)
{
	sqlite3_stmt *q = db_query(
		db, "SELECT wanted, remote, until_ms, made_ms, error FROM hook WHERE tool = ?1", "i", tool);

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct hook_row){sqlite3_column_int(q, 0) != 0, str_dup(db_column_text(q, 1)),
		sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), str_dup(db_column_text(q, 4))};
	db_done(q);
	return 0;
}

void hook_row_finish(struct hook_row *h)
{
	free(h->remote);
	free(h->error);
	*h = (struct hook_row){0};
}

int store_hook_put(struct tx *tx, int64_t tool, const struct hook_row *h)
{
	return db_run(tx->db,
		"INSERT INTO hook (tool, wanted, remote, until_ms, made_ms, error)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET wanted = excluded.wanted,"
		" remote = excluded.remote, until_ms = excluded.until_ms, made_ms = excluded.made_ms,"
		" error = excluded.error",
		"iitiit", tool, (int64_t)h->wanted, h->remote ? h->remote : "", h->until_ms, h->made_ms,
		h->error ? h->error : "");
}
