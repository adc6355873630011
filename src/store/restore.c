/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of records as they were in another database. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/name.h"
#include "store/change_p.h"

int change_restore(struct tx *tx, const struct work *w, const char *body, _Bool removed)
{
	_cleanup_(mem_freep) char *fold = name_fold(w->name), *doc = json_print(w->doc);
	size_t len = strlen(body);
	int r = db_run(tx->db,
		"INSERT INTO record (id, type, whole, name, fold, size, mtime, version, state)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		"iiittiiii", w->record, (int64_t)w->type->id, w->whole, w->name, fold, (int64_t)len,
		w->mtime_ms, w->version, (int64_t)(removed ? RECORD_TRASHED : RECORD_LIVE));

	if (r == 0)
		r = db_run(tx->db, "INSERT INTO content (record, doc, body) VALUES (?1, ?2, ?3)", "itb",
			w->record, doc, (const void *)body, len);
	if (r == 0)
		r = change_references(tx, w);
	return r == 0 && !removed ? change_identities(tx, w) : r;
}

int change_restore_views(struct tx *tx, int64_t record)
{
	struct record_stat stat;
	_cleanup_(work_finish) struct work w = {.record = record, .body = BUF_INIT(BUF_MAX_RECORD)};
	int r = store_record_stat(tx->db, record, &stat);

	if (r < 0)
		return r;
	w.type = type_get(stat.type);
	w.whole = w.old_whole = stat.whole;
	w.doc = store_record_doc(tx->db, record);
	w.name = store_record_name(tx->db, record);
	return w.doc && w.name ? change_facets(tx, &w) : -EIO;
}
