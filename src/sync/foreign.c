/* SPDX-License-Identifier: Apache-2.0 */
/* Tools that know each other's ids ("ids" in stack.json): the surest sign that two records are one. */
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "sync/merge_p.h"

typedef int (*id_visitor)(struct merge *m, int64_t tool, const char *id);

/* Every id of another tool that the tool's own form of the record has; stops at the first that is not 0. */
static int each_id(struct merge *m, id_visitor f)
{
	const cJSON *pointers = m->tx->stack->ids[m->type->id][m->a->worker->tool], *pointer;
	const char *raw = m->a->remote->raw;
	_cleanup_json_ cJSON *form = NULL;
	int r = 0;

	if (!pointers || !raw || json_parse(raw, strlen(raw), JSON_REMOTE, &form, NULL, NULL) < 0)
		return 0;
	cJSON_ArrayForEach (pointer, pointers) {
		const cJSON *value = json_at(form, json_text(pointer));
		const char *id = json_text(value) ? json_text(value) : json_number(value);

		if (r == 0 && id && id[0])
			r = f(m, store_tool_id(m->tx->store, stack_tool(m->tx->stack, pointer->string)), id);
	}
	return r;
}

/* A record that this tool already holds under another id is not this one, whatever it says. */
static int take(struct merge *m, int64_t record)
{
	_cleanup_(mem_freep) char *other =
		record ? store_link_remote(m->tx->db, m->a->worker->tool_id, record) : NULL;

	struct record_stat stat;

	if (!record || other || store_record_stat(m->tx->db, record, &stat) < 0)
		return 0;
	m->link.record = record;
	return 1;
}

static int find_one(struct merge *m, int64_t tool, const char *id)
{
	return take(m, store_link_record(m->tx->db, tool, m->type->id, id));
}

static int note_one(struct merge *m, int64_t tool, const char *id)
{
	return store_foreign_put(m->tx, tool, m->type->id, id, m->link.record);
}

_Bool merge_by_id(struct merge *m)
{
	return each_id(m, find_one) ||
	       take(m, store_foreign_record(m->tx->db, m->a->worker->tool_id, m->type->id, m->a->remote->id));
}

int merge_note_ids(struct merge *m)
{
	return each_id(m, note_one);
}
