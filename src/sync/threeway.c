/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/threeway.h"

#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { MOST_LINES = 500 };

/* ---- tags ---- */

static _Bool holds(const cJSON *list, const cJSON *item)
{
	const cJSON *other;

	cJSON_ArrayForEach (other, list) {
		if (json_equal(other, item))
			return 1;
	}
	return 0;
}

static cJSON *merge_tags(const cJSON *base, const cJSON *ours, const cJSON *theirs)
{
	cJSON *result = cJSON_CreateArray();
	const cJSON *tag;

	cJSON_ArrayForEach (tag, theirs) {
		if (holds(ours, tag) || !holds(base, tag))
			cJSON_AddItemToArray(result, cJSON_Duplicate(tag, 1));
	}
	cJSON_ArrayForEach (tag, ours) {
		if (!holds(base, tag) && !holds(result, tag))
			cJSON_AddItemToArray(result, cJSON_Duplicate(tag, 1));
	}
	return result;
}

/* ---- lines ---- */

/* Which line of a list each line of the base became; -1: none. */
struct pairing {
	const cJSON *base[MOST_LINES], *list[MOST_LINES];
	int base_count, count;
	int to[MOST_LINES];	 /* by base line */
	_Bool taken[MOST_LINES]; /* by list line */
};

static int fill(const cJSON *list, const cJSON **ret)
{
	const cJSON *line;
	int n = 0;

	cJSON_ArrayForEach (line, list) {
		if (n == MOST_LINES)
			return -1;
		ret[n++] = line;
	}
	return n;
}

static _Bool same_text(const struct field *f, const cJSON *a, const cJSON *b)
{
	return json_equal(json_get(a, f->line->name), json_get(b, f->line->name));
}

static void pair_where(struct pairing *p, const struct field *f, _Bool whole)
{
	for (int i = 0; i < p->base_count; i++) {
		for (int k = 0; k < p->count && p->to[i] < 0; k++) {
			if (p->taken[k] || !(whole ? json_equal(p->base[i], p->list[k])
						   : same_text(f, p->base[i], p->list[k])))
				continue;
			p->to[i] = k;
			p->taken[k] = 1;
		}
	}
}

/* As many lines are left on both sides: their texts were changed, and they pair in order. */
static void pair_rest(struct pairing *p)
{
	int left = 0, k = 0;

	for (int i = 0; i < p->base_count; i++)
		left += p->to[i] < 0;
	for (int i = 0; i < p->count; i++)
		left -= !p->taken[i];
	for (int i = 0; left == 0 && i < p->base_count; i++) {
		if (p->to[i] >= 0)
			continue;
		while (p->taken[k])
			k++;
		p->to[i] = k;
		p->taken[k] = 1;
	}
}

static struct pairing *pair(const struct field *f, const cJSON *base, const cJSON *list)
{
	struct pairing *p = mem_alloc(sizeof(*p));

	p->base_count = fill(base, p->base);
	p->count = fill(list, p->list);
	if (p->base_count < 0 || p->count < 0) {
		free(p);
		return NULL;
	}
	for (int i = 0; i < p->base_count; i++)
		p->to[i] = -1;
	pair_where(p, f, 1);
	pair_where(p, f, 0);
	pair_rest(p);
	return p;
}

/* One line on both sides; NULL when a part of it was changed in two ways. */
static cJSON *merge_line(const struct field *f, const cJSON *base, const cJSON *ours, const cJSON *theirs)
{
	cJSON *row = cJSON_CreateObject();

	for (const struct field *part = f->line; part->name; part++) {
		const cJSON *b = json_get(base, part->name), *o = json_get(ours, part->name);
		const cJSON *t = json_get(theirs, part->name);
		const cJSON *value = json_equal(o, b) ? t : o;

		if (!json_equal(o, b) && !json_equal(t, b) && !json_equal(o, t)) {
			cJSON_Delete(row);
			return NULL;
		}
		if (value)
			json_set(row, part->name, cJSON_Duplicate(value, 1));
	}
	return row;
}

/* Adds what became of one line of the base; false when that is contested. */
static _Bool add_line(
	const struct field *f, const struct pairing *o, const struct pairing *t, int i, cJSON *rows)
{
	const cJSON *base = o->base[i];
	const cJSON *ours = o->to[i] < 0 ? NULL : o->list[o->to[i]];
	const cJSON *theirs = t->to[i] < 0 ? NULL : t->list[t->to[i]];
	cJSON *row;

	/* Taken out on one side: it may not have been changed on the other. */
	if (!ours || !theirs)
		return (!ours && !theirs) || json_equal(ours ? ours : theirs, base);
	row = merge_line(f, base, ours, theirs);
	if (row)
		cJSON_AddItemToArray(rows, row);
	return row != NULL;
}

/* The same line added on both sides is one: each of the other's swallows one. */
static _Bool swallow(struct pairing *other, const cJSON *line)
{
	for (int i = 0; other && i < other->count; i++) {
		if (!other->taken[i] && json_equal(line, other->list[i])) {
			other->taken[i] = 1;
			return 1;
		}
	}
	return 0;
}

static void add_new(const struct pairing *p, cJSON *rows, struct pairing *other)
{
	for (int k = 0; k < p->count; k++) {
		if (!p->taken[k] && !swallow(other, p->list[k]))
			cJSON_AddItemToArray(rows, cJSON_Duplicate(p->list[k], 1));
	}
}

static cJSON *merge_lines(const struct field *f, const cJSON *base, const cJSON *ours, const cJSON *theirs)
{
	struct pairing *o = pair(f, base, ours), *t = pair(f, base, theirs);
	cJSON *rows = cJSON_CreateArray();
	_Bool agreed = o && t;

	for (int i = 0; agreed && i < o->base_count; i++)
		agreed = add_line(f, o, t, i, rows);
	if (agreed) {
		add_new(o, rows, NULL);
		add_new(t, rows, o);
	} else {
		cJSON_Delete(rows);
		rows = NULL;
	}
	free(o);
	free(t);
	return rows;
}

cJSON *threeway_list(const struct field *f, const cJSON *base, const cJSON *ours, const cJSON *theirs)
{
	if (f->kind == FIELD_TAGS)
		return merge_tags(base, ours, theirs);
	return f->kind == FIELD_LINES ? merge_lines(f, base, ours, theirs) : NULL;
}
