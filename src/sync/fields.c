/* SPDX-License-Identifier: Apache-2.0 */
/* Three-way merge by field: what becomes of each value that a tool delivers. */
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/conflict.h"
#include "seamfs/store/history.h"
#include "sync/merge_p.h"
#include "sync/threeway.h"

void merge_put(cJSON *object, const char *key, const cJSON *value)
{
	if (value)
		json_set(object, key, cJSON_Duplicate(value, 1));
	else
		cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

void merge_take(struct merge *m, const struct field *f, const cJSON *value)
{
	if (!json_equal(json_get(m->doc, f->name), value))
		json_set(m->patch, f->name, value ? cJSON_Duplicate(value, 1) : cJSON_CreateNull());
	merge_put(m->link.ours, f->name, value);
}

/* The record had that value after both sides had last agreed. */
static _Bool was_ours(struct merge *m, int i, const cJSON *value)
{
	const cJSON *agreed = json_get(m->link.ours, m->type->fields[i].name);
	sqlite3_stmt *q = db_query(m->tx->db,
		"SELECT old, new FROM history WHERE record = ?1 AND field = ?2 ORDER BY id DESC", "ii",
		m->link.record, (int64_t)i);
	_Bool found = 0, over = 0;

	while (db_row(q)) {
		_cleanup_json_ cJSON *old = json_stored(db_column_text(q, 0));
		_cleanup_json_ cJSON *now = json_stored(db_column_text(q, 1));

		found |= !over && json_equal(now, value);
		over |= json_equal(old, agreed);
	}
	return found;
}

/*
 * A field that we had sent, of which the tool's word never came (it was cut off, or we were killed): what came is our own older
 * value or, of a field that moves in steps, a stop on its way, and not somebody's wish. The record keeps its own value, and
 * what differs goes on from here.
 */
static _Bool under_way(struct merge *m, int i)
{
	const struct tool_type *can = &m->tx->stack->tools[m->a->worker->tool].types[m->type->id];
	const struct field *f = &m->type->fields[i];
	uint64_t bit = (uint64_t)1 << i;

	return ((uint64_t)db_int(m->tx->db, 0,
			"SELECT sent FROM outbox WHERE record = ?1 AND tool = ?2 AND state <> 4", "ii",
			m->link.record, m->a->worker->tool_id) &
		       bit) &&
	       ((can->steps & bit) || was_ours(m, i, json_get(m->theirs, f->name)));
}

void merge_heard(struct merge *m, uint64_t fields)
{
	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];

		/* Sums follow what they are made of. */
		if ((m->known >> i & 1) && ((fields >> i & 1) || (f->flags & FIELD_COMPUTED)))
			merge_put(m->link.theirs, f->name, json_get(m->theirs, f->name));
	}
}

_Bool merge_only_ours(struct merge *m)
{
	const struct field *lines = type_field(m->type, "lines");
	_Bool sums = lines && under_way(m, (int)(lines - m->type->fields));

	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];

		/* The sums of lines that we had sent are the tool's own. */
		if ((m->known >> i & 1) && !(sums && (f->flags & FIELD_COMPUTED)) &&
			!json_equal(json_get(m->theirs, f->name), json_get(m->link.theirs, f->name)) &&
			!under_way(m, i))
			return 0;
	}
	return 1;
}

/* What becomes of a value that came: the record takes it, the record's own goes to the tool, or a person is asked. */
enum verdict { TAKE, KEEP, ASK };

static enum verdict judge(const struct merge *m, int i, _Bool edited)
{
	const struct stack *stack = m->tx->stack;
	int tool = m->a->worker->tool;
	_Bool owner_wins = stack_owner_wins(stack, m->type->id, i);

	if (stack_owner(stack, m->type->id, i) == tool)
		return !edited || owner_wins ? TAKE : ASK;
	switch (stack_rule(stack, m->type->id, i, tool)) {
	case COPY_REVERT:
		return KEEP;
	case COPY_ASK:
		return ASK;
	default:
		return !edited ? TAKE : owner_wins ? KEEP : ASK;
	}
}

/* Both sides changed a list: what they did may go together. What the lines are decides about the totals. */
static _Bool merge_list(struct merge *m, const struct field *f, const cJSON *ours, const cJSON *now)
{
	const cJSON *base = json_get(m->link.ours, f->name);
	cJSON *both;

	if ((f->flags & FIELD_COMPUTED) && m->merged_lines) {
		merge_put(m->link.ours, f->name, now);
		return 1;
	}
	if (!json_equal(base, json_get(m->link.theirs, f->name)))
		return 0;
	both = threeway_list(f, base, ours, now);
	if (!both)
		return 0;
	if (f->kind == FIELD_LINES)
		m->merged_lines = 1;
	merge_put(m->link.ours, f->name, now);
	json_set(m->patch, f->name, both->child ? both : cJSON_CreateNull());
	if (!both->child)
		cJSON_Delete(both);
	return 1;
}

/* It is contested: the record stays as it is, and the tool's value is kept beside it. */
static int contest(struct merge *m, int i, const cJSON *now)
{
	const struct field *f = &m->type->fields[i];
	int64_t tool = m->a->worker->tool_id;
	_cleanup_json_ cJSON *old =
		m->own_conflicts >> i & 1 ? store_conflict_base(m->tx->db, m->link.record, tool, i) : NULL;

	m->contested = 1;
	m->conflicts |= (uint64_t)1 << i;
	/* Back to what both had agreed on: then only this side has changed it, and the tool is told. */
	if ((m->own_conflicts >> i & 1) && json_equal(old, now)) {
		merge_put(m->link.ours, f->name, now);
		return store_conflict_drop(m->tx, m->link.record, tool, i);
	}
	old = old ? old : cJSON_Duplicate(json_get(m->link.ours, f->name), 1);
	merge_put(m->link.ours, f->name, now);
	return store_conflict_put(m->tx, m->link.record, tool, i, old, now);
}

/* The sums of contested lines are those of ours: they are contested, too, though nobody may have changed them here. */
static _Bool sums_contested(const struct merge *m, const struct field *f)
{
	const struct field *lines = f->flags & FIELD_COMPUTED ? type_field(m->type, "lines") : NULL;

	return lines && (m->conflicts & field_bit(m->type, lines));
}

static int merge_field(struct merge *m, int i)
{
	const struct field *f = &m->type->fields[i];
	const cJSON *now = json_get(m->theirs, f->name), *ours = json_get(m->doc, f->name);
	_Bool edited = !json_equal(ours, json_get(m->link.ours, f->name));
	_Bool own = m->own_conflicts >> i & 1;
	_Bool open = (m->conflicts >> i & 1) || sums_contested(m, f);
	enum verdict verdict = open ? ASK : judge(m, i, edited);
	int r = 0;

	if (json_equal(ours, now)) {
		merge_take(m, f, now);
		if (own)
			r = store_conflict_drop(m->tx, m->link.record, m->a->worker->tool_id, i);
		m->contested |= own;
	} else if (!own && under_way(m, i)) {
		merge_put(m->link.ours, f->name, now);
	} else if (edited && !own && verdict != KEEP && merge_list(m, f, ours, now)) {
		/* both */
	} else if (verdict == TAKE) {
		merge_take(m, f, now);
	} else if (verdict == ASK) {
		r = contest(m, i, now);
	} else {
		m->lost |= (uint64_t)1 << i;
		merge_put(m->link.ours, f->name, now);
	}
	merge_put(m->link.theirs, f->name, now);
	return r;
}

/* The sums of lines that came from both sides are nobody's yet. */
static void merge_totals(struct merge *m)
{
	_cleanup_json_ cJSON *doc = record_apply(m->type, m->doc, m->patch);

	if (record_totals(m->type, doc) < 0)
		return;
	for (const struct field *f = m->type->fields; f->name; f++) {
		if ((f->flags & FIELD_COMPUTED) && json_get(doc, f->name))
			json_set(m->patch, f->name, cJSON_Duplicate(json_get(doc, f->name), 1));
	}
}

int merge_linked(struct merge *m, uint64_t skip)
{
	int64_t tool = m->a->worker->tool_id;
	int r = 0;

	m->conflicts = store_conflict_fields(m->tx->db, m->link.record, 0);
	m->own_conflicts = store_conflict_fields(m->tx->db, m->link.record, tool);
	for (int i = 0; m->type->fields[i].name && r == 0; i++) {
		const char *name = m->type->fields[i].name;

		if ((m->known >> i & 1) && !(skip >> i & 1) &&
			!json_equal(json_get(m->theirs, name), json_get(m->link.theirs, name)))
			r = merge_field(m, i);
	}
	if (m->merged_lines)
		merge_totals(m);
	return r;
}

void merge_matched(struct merge *m)
{
	for (int i = 0; m->type->fields[i].name; i++) {
		const struct field *f = &m->type->fields[i];
		const cJSON *now = json_get(m->theirs, f->name), *ours = json_get(m->doc, f->name);
		_Bool owner = stack_owner(m->tx->stack, m->type->id, i) == m->a->worker->tool;

		if (!(m->known & field_bit(m->type, f)))
			continue;
		/* An owner that has nothing has no last word: which tool is read first would decide what is lost. */
		if ((owner && now) || !ours) {
			merge_take(m, f, now);
		} else {
			merge_put(m->link.ours, f->name, now);
			if (now && !json_equal(ours, now))
				m->lost |= (uint64_t)1 << i;
		}
		merge_put(m->link.theirs, f->name, now);
	}
}

/* What the tool had and is to lose is written down, so that nobody has to guess why it keeps changing back. */
int merge_note_lost(struct merge *m)
{
	struct origin origin = {.tool = m->a->worker->tool, .cause = "overruled"};

	return m->lost && m->doc
		       ? store_history_note(m->tx, m->link.record, m->theirs, m->doc, m->lost, &origin)
		       : 0;
}
