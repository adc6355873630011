/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a record, also those inside of its objects, and which of them is a field of ours. */
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"

enum { SLOT_DEPTH = 3 };

/* Objects that hold a record's own members: they are no part of a name. */
static const char transparent[] = "properties attributes fields profile details customfields";

static void add_slot(struct slots *s, const struct slot *slot)
{
	if (s->count < DRAFT_MEMBERS)
		s->all[s->count++] = *slot;
}

static void flatten(
	struct draft *d, const cJSON *schema, const char *at, const char *key, int depth, struct slots *ret)
{
	struct members *m = mem_alloc(sizeof(*m));

	spec_members(d, schema, m);
	for (size_t i = 0; i < m->count; i++) {
		struct slot slot = {
			.raw = m->all[i].schema, .schema = spec_schema(d, m->all[i].schema), .depth = depth};
		char word[DRAFT_WORD];

		word_plain(m->all[i].name, strlen(m->all[i].name), word);
		if (strpbrk(m->all[i].name, "~/=") || !slot.schema ||
			snprintf(slot.at, sizeof(slot.at), "%s/%s", at, m->all[i].name) >=
				(int)sizeof(slot.at) ||
			snprintf(slot.key, sizeof(slot.key), "%s%s%s", key, *key ? "/" : "", word) >=
				(int)sizeof(slot.key))
			continue;
		add_slot(ret, &slot);
		if (depth < SLOT_DEPTH && strcmp(spec_type(slot.schema), "object") == 0)
			flatten(d, slot.schema, slot.at, word_listed(transparent, word) >= 0 ? key : slot.key,
				depth + 1, ret);
	}
	free(m);
}

void slots_fill(struct draft *d, const cJSON *schema, struct slots *ret)
{
	ret->count = 0;
	flatten(d, schema, "", "", 1, ret);
}

/* "*address/city" fits whatever ends so. */
static _Bool key_fits(const char *key, const char *word)
{
	size_t n = strlen(key), m;

	if (*word != '*')
		return strcmp(key, word) == 0;
	m = strlen(++word);
	return n >= m && strcmp(key + n - m, word) == 0;
}

/* "invoicenumber" is "number" in an invoice; the key itself when no noun of the type stands before it. */
static const char *without_noun(enum type_id type, const char *key)
{
	const char *list = noun_list(type);
	char noun[DRAFT_WORD];

	while ((list = word_next(list, noun))) {
		size_t n = strlen(noun);

		if (strncmp(key, noun, n) == 0 && key[n] && key[n] != '/')
			return key + n;
	}
	return key;
}

struct slot *slots_named(struct slots *s, enum type_id type, const char *word, slot_fits fits, void *context)
{
	for (int depth = 1; depth <= SLOT_DEPTH; depth++) {
		for (size_t i = 0; i < s->count; i++) {
			struct slot *slot = &s->all[i];

			if (slot->depth == depth && !slot->taken &&
				(key_fits(slot->key, word) ||
					key_fits(without_noun(type, slot->key), word)) &&
				fits(context, slot))
				return slot;
		}
	}
	return NULL;
}
