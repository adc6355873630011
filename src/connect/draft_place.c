/* SPDX-License-Identifier: Apache-2.0 */
/* Where in an answer the records are, and where in a record its id. */
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { PLACE_DEPTH = 3 };

static const char wrappers[] =
	"data items results records values entries rows objects result list content response payload";

/* Appends a step to a pointer; false when it is too long. */
static _Bool pointer_add(char at[DRAFT_POINTER], const char *name)
{
	size_t n = strlen(at);

	if (n + 2 * strlen(name) + 2 >= DRAFT_POINTER)
		return 0;
	at[n++] = '/';
	for (; *name; name++) {
		if (*name == '~' || *name == '/') {
			at[n++] = '~';
			at[n++] = *name == '~' ? '0' : '1';
		} else {
			at[n++] = *name;
		}
	}
	at[n] = '\0';
	return 1;
}

/* How surely a member is the id: 0 best, -1 not at all. */
static int id_rank(enum type_id type, const char *name, const char *param)
{
	char plain[DRAFT_WORD], wanted[DRAFT_WORD] = "", one[DRAFT_WORD];
	const char *list = noun_list(type);

	word_plain(name, strlen(name), plain);
	if (param)
		word_plain(param, strlen(param), wanted);
	if (*wanted && strcmp(plain, wanted) == 0)
		return 0;
	while (*wanted && (list = word_next(list, one))) {
		size_t n = strlen(one);

		/* {issue_number} is the "number" of an issue. */
		if (strncmp(wanted, one, n) == 0 && strcmp(wanted + n, plain) == 0)
			return 0;
	}
	if (strcmp(plain, "id") == 0)
		return 1;
	if (word_listed("gid uuid guid", plain) >= 0)
		return 2;
	list = noun_list(type);
	while ((list = word_next(list, one))) {
		size_t n = strlen(one);

		if (strncmp(plain, one, n) == 0 && word_listed("id gid uuid guid", plain + n) >= 0)
			return 3;
	}
	return word_listed("key sid number", plain) >= 0 ? 4 : -1;
}

/* The best member for an id; NULL without one. */
static const char *id_member(
	struct draft *d, const cJSON *schema, enum type_id type, const char *param, int worst)
{
	struct members *m = mem_alloc(sizeof(*m));
	const char *best = NULL;

	spec_members(d, schema, m);
	for (size_t i = 0; i < m->count; i++) {
		int rank = id_rank(type, m->all[i].name, param);
		const char *kind =
			rank >= 0 && rank <= worst ? spec_type(spec_schema(d, m->all[i].schema)) : "object";

		if (strcmp(kind, "object") == 0 || strcmp(kind, "array") == 0 || strcmp(kind, "boolean") == 0)
			continue;
		best = m->all[i].name;
		worst = rank - 1;
	}
	free(m);
	return best;
}

_Bool place_id(
	struct draft *d, const cJSON *schema, enum type_id type, const char *param, char at[DRAFT_POINTER])
{
	const char *name = id_member(d, schema, type, param, 4);

	at[0] = '\0';
	return name && pointer_add(at, name);
}

/* The best place so far. */
struct place {
	enum type_id type;
	_Bool many;
	int score;
	char at[DRAFT_POINTER];
	const cJSON *schema;
};

static void offer(struct place *best, int score, const char *at, const char *step, const cJSON *schema)
{
	char whole[DRAFT_POINTER];

	snprintf(whole, sizeof(whole), "%s", at);
	if (score <= best->score || (*step && !pointer_add(whole, step)))
		return;
	best->score = score;
	memcpy(best->at, whole, sizeof(whole));
	best->schema = schema;
}

/* How much a member's name speaks for it. */
static int name_score(enum type_id type, const char *name)
{
	char noun[DRAFT_WORD], plain[DRAFT_WORD];

	word_noun(name, strlen(name), noun);
	word_plain(name, strlen(name), plain);
	if (noun_rank(type, noun) >= 0)
		return 60;
	return word_listed(wrappers, plain) >= 0 ? 40 - word_listed(wrappers, plain) : 0;
}

static _Bool has_id(struct draft *d, const cJSON *schema, enum type_id type)
{
	return id_member(d, schema, type, NULL, 3) != NULL;
}

static void search(
	struct draft *d, struct place *best, const cJSON *schema, const char *at, int value, int depth);

/* An array may be the list that is looked for, or (one record) hold the only one. */
static void search_array(
	struct draft *d, struct place *best, const cJSON *schema, const char *at, int value, int depth)
{
	const cJSON *items = spec_schema(d, json_get(schema, "items"));
	_Bool known = items && has_id(d, items, best->type);

	if (!items || strcmp(spec_type(items), "object") != 0)
		return;
	if (best->many)
		offer(best, value + (known ? 50 : 0) - 5 * depth, at, "", items);
	else if (known)
		offer(best, value + 20 - 5 * depth, at, "0", items);
}

static void search(
	struct draft *d, struct place *best, const cJSON *schema, const char *at, int value, int depth)
{
	struct members *m;

	if (!schema || depth > PLACE_DEPTH)
		return;
	if (strcmp(spec_type(schema), "array") == 0) {
		search_array(d, best, schema, at, value, depth);
		return;
	}
	if (!best->many && has_id(d, schema, best->type))
		offer(best, value + 50 - 20 * depth, at, "", schema);
	/* What has an id is a record: what is inside of it are others. */
	if (has_id(d, schema, best->type) && (!best->many || depth))
		return;
	m = mem_alloc(sizeof(*m));
	spec_members(d, schema, m);
	for (size_t i = 0; i < m->count; i++) {
		char inner[DRAFT_POINTER];

		snprintf(inner, sizeof(inner), "%s", at);
		if (pointer_add(inner, m->all[i].name))
			search(d, best, spec_schema(d, m->all[i].schema), inner,
				name_score(best->type, m->all[i].name), depth + 1);
	}
	free(m);
}

_Bool place_find(struct draft *d, const cJSON *schema, enum type_id type, _Bool many, char at[DRAFT_POINTER],
	const cJSON **ret)
{
	struct place best = {.type = type, .many = many, .score = -100};

	at[0] = '\0';
	search(d, &best, schema, "", 30, 0);
	if (!best.schema)
		return 0;
	memcpy(at, best.at, sizeof(best.at));
	*ret = best.schema;
	return 1;
}
