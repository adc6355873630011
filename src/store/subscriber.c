/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/store/subscriber.h"

#include <errno.h>

#include "seamfs/store/history.h"

int store_subscriber(struct tx *tx, const char *name, int64_t *ret)
{
	int r = db_run(tx->db,
		"INSERT INTO subscriber (name, position) VALUES (?1, ?2) ON CONFLICT DO NOTHING", "ti", name,
		store_history_end(tx->db));

	*ret = db_int(tx->db, 0, "SELECT id FROM subscriber WHERE name = ?1", "t", name);
	return r;
}

int64_t store_subscriber_position(struct db *db, int64_t subscriber)
{
	return db_int(db, 0, "SELECT position FROM subscriber WHERE id = ?1", "i", subscriber);
}

int store_subscriber_note(struct tx *tx, int64_t subscriber, const char *error)
{
	if (!error)
		return db_run(tx->db,
			"UPDATE subscriber SET ok_ms = ?2, error_ms = 0, error = '' WHERE id = ?1", "ii",
			subscriber, tx->now_ms);
	return db_run(tx->db,
		"UPDATE subscriber SET error = ?3, error_ms = CASE error_ms WHEN 0 THEN ?2 ELSE error_ms END"
		" WHERE id = ?1",
		"iit", subscriber, tx->now_ms, error);
}

int store_delivery_add(struct tx *tx, const struct delivery_batch *batch)
{
	int r = 0;

	for (int i = 0; i < batch->count && r == 0; i++)
		r = db_run(tx->db,
			"INSERT INTO delivery (subscriber, record, after, first_ms) VALUES (?1, ?2, ?3, ?4)",
			"iiii", batch->subscriber, batch->rows[i].record, batch->rows[i].after, tx->now_ms);
	return r == 0 ? db_run(tx->db, "UPDATE subscriber SET position = ?2 WHERE id = ?1", "ii",
				batch->subscriber, batch->position)
		      : r;
}

int64_t store_delivery_count(struct db *db, int64_t subscriber)
{
	return db_int(db, 0, "SELECT count(*) FROM delivery WHERE subscriber = ?1", "i", subscriber);
}

#define FIRST_OF_ITS_RECORD                                                                                  \
	" NOT EXISTS (SELECT 1 FROM delivery e WHERE e.subscriber = d.subscriber AND e.record = d.record"    \
	" AND e.id < d.id)"

int store_delivery_next(
	struct db *db, int64_t subscriber, int64_t now_ms, struct delivery *ret, int64_t *ret_wake_ms)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT d.id, d.record, d.after, d.attempts, d.first_ms FROM delivery d WHERE d.subscriber = "
		"?1"
		" AND d.next_ms <= ?2 AND" FIRST_OF_ITS_RECORD " ORDER BY d.id LIMIT 1",
		"ii", subscriber, now_ms);

	*ret_wake_ms = 0;
	if (!db_row(q)) {
		*ret_wake_ms = db_int(db, 0,
			"SELECT min(d.next_ms) FROM delivery d WHERE d.subscriber = ?1"
			" AND" FIRST_OF_ITS_RECORD,
			"i", subscriber);
		return -ENOENT;
	}
	*ret = (struct delivery){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
		sqlite3_column_int64(q, 2), sqlite3_column_int(q, 3), sqlite3_column_int64(q, 4)};
	db_done(q);
	return 0;
}

int store_delivery_done(struct tx *tx, int64_t delivery)
{
	return db_run(tx->db, "DELETE FROM delivery WHERE id = ?1", "i", delivery);
}

int store_delivery_failed(struct tx *tx, int64_t delivery, int64_t next_ms, const char *error)
{
	return db_run(tx->db,
		"UPDATE delivery SET attempts = attempts + 1, next_ms = ?2, error = ?3 WHERE id = ?1", "iit",
		delivery, next_ms, error);
}

void store_subscriber_each(struct db *db, subscriber_visitor f, void *context)
{
	sqlite3_stmt *q = db_query(db,
		"SELECT s.name, (SELECT count(*) FROM delivery d WHERE d.subscriber = s.id), s.ok_ms,"
		" s.error_ms, s.error FROM subscriber s ORDER BY s.id",
		"");

	while (db_row(q)) {
		struct subscriber_health h = {db_column_text(q, 0), sqlite3_column_int64(q, 1),
			sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), db_column_text(q, 4)};

		f(context, &h);
	}
}
