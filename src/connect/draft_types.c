/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our types a document has, by the names in its paths. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* A noun from this rank on names other things, too; a candidate needs more than LEAST. */
enum { WEAK = 3, LEAST = 20 };

/* A path without what some put at the end of all: "/boards/", "/issues.json", "/issues.{format}" */
static size_t bare_len(const char *path)
{
	static const char *const ends[] = {".json", ".{format}"};
	size_t n = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (n > strlen(ends[i]) && strcmp(path + n - strlen(ends[i]), ends[i]) == 0)
			n -= strlen(ends[i]);
	}
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

/* A listing may have a word of its own behind the noun: "/projects/search" */
static size_t list_len(const char *path)
{
	static const char *const ends[] = {"/search", "/all"};
	size_t n = bare_len(path);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t len = strlen(ends[i]);

		if (n > len + 1 && strncmp(path + n - len, ends[i], len) == 0 && path[n - len - 1] != '}')
			return n - len;
	}
	return n;
}

/* The last segment of @path before @end. */
static const char *segment_before(const char *path, size_t end, size_t *ret_len)
{
	size_t start = end;

	while (start > 0 && path[start - 1] != '/')
		start--;
	*ret_len = end - start;
	return path + start;
}

/* Whether a path can stand in a manifest: braces in pairs, no query. */
static _Bool path_good(const char *path)
{
	const char *p = path;

	if (*p != '/' || strpbrk(p, "?# \t\n") || strlen(p) > 300)
		return 0;
	while ((p = strpbrk(p, "{}"))) {
		size_t len = strcspn(p + 1, "{}/");

		if (*p == '}' || p[1 + len] != '}' || len == 0 || len >= DRAFT_WORD)
			return 0;
		p += len + 2;
	}
	return 1;
}

static int params_in(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '{';
	return n;
}

static int segments_in(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* @item is @list with one parameter behind it. */
static _Bool is_child(const char *list, const char *item)
{
	size_t n = list_len(list), m = bare_len(item);

	return m > n + 2 && strncmp(list, item, n) == 0 && item[n] == '/' && item[n + 1] == '{' &&
	       item[m - 1] == '}' && !memchr(item + n + 1, '/', m - n - 1);
}

/* @item is "…/NOUN/{param}" with the same noun as the end of @list. */
static _Bool is_cousin(const char *list, const char *item)
{
	char a[DRAFT_WORD], b[DRAFT_WORD];
	size_t len, m = bare_len(item);
	const char *last = segment_before(item, m, &len), *noun;

	if (*last != '{' || last[len - 1] != '}' || last - item < 2)
		return 0;
	noun = segment_before(item, (size_t)(last - item) - 1, &len);
	word_noun(noun, len, b);
	noun = segment_before(list, list_len(list), &len);
	word_noun(noun, len, a);
	return *noun != '{' && strcmp(a, b) == 0;
}

/* "/lists/{filter}" is a part of the list. */
static _Bool ends_in_id(const char *item)
{
	size_t len;
	const char *last = segment_before(item, bare_len(item), &len);
	char word[DRAFT_WORD];

	if (*last != '{')
		return 0;
	word_plain(last, len, word);
	return word_listed("filter filters field fields format status state type", word) < 0;
}

/* The path of one record of a listing; NULL without one. */
static const cJSON *find_item(struct draft *d, const char *list)
{
	const cJSON *one, *best = NULL;

	cJSON_ArrayForEach (one, json_get(d->spec, "paths")) {
		if (d->steps-- <= 0)
			return NULL;
		if (!one->string || !path_good(one->string) || !spec_operation(one, "get") ||
			!ends_in_id(one->string))
			continue;
		if (is_child(list, one->string))
			return one;
		if (is_cousin(list, one->string) &&
			(!best || segments_in(one->string) < segments_in(best->string)))
			best = one;
	}
	return best;
}

/* How well the end of a path names a type; -1: not. The last word alone counts less: "commerce_payments". */
static int path_value(enum type_id type, const char *path)
{
	char noun[DRAFT_WORD];
	size_t len, tail;
	const char *last = segment_before(path, list_len(path), &len);
	int rank;

	if (*last == '{')
		return -1;
	word_noun(last, len, noun);
	rank = noun_rank(type, noun);
	if (rank >= 0)
		return 100 - 2 * rank;
	for (tail = len; tail > 1 && last[tail - 1] != '_' && last[tail - 1] != '-'; tail--)
		continue;
	if (tail <= 1)
		return -1;
	word_noun(last + tail, len - tail, noun);
	rank = noun_rank(type, noun);
	return rank >= 0 && rank < WEAK ? 40 - 6 * rank : -1;
}

/* A document may say it by a tag alone. */
static int tag_value(enum type_id type, const cJSON *operation)
{
	const char *tag = json_text(cJSON_GetArrayItem(json_get(operation, "tags"), 0));
	char noun[DRAFT_WORD];

	if (!tag)
		return -1;
	word_noun(tag, strlen(tag), noun);
	return noun_rank(type, noun) >= 0 ? 20 - noun_rank(type, noun) : -1;
}

struct candidate {
	const cJSON *list, *one;
	int score;
};

static int bonus(const cJSON *list, const cJSON *one)
{
	int score = 0;

	score += spec_operation(list, "post") ? 15 : 0;
	score += spec_operation(one, "patch") || spec_operation(one, "put") || spec_operation(one, "post")
			 ? 10
			 : 0;
	score += spec_operation(one, "delete") ? 5 : 0;
	score += is_child(list->string, one->string) ? 25 : 0;
	score -= cJSON_IsTrue(json_get(spec_operation(list, "get"), "deprecated")) ? 60 : 0;
	/* What the path of one wants to be told besides the id. */
	if (params_in(one->string) > params_in(list->string) + 1)
		score -= 15 * (params_in(one->string) - params_in(list->string) - 1);
	return score - 6 * params_in(list->string) - 2 * segments_in(list->string);
}

/* Fills in what both paths say. False when there is no list of records in the answer. */
static _Bool take(struct draft *d, struct draft_type *t, enum type_id type, const struct candidate *c)
{
	const cJSON *list = NULL, *one = NULL;
	const cJSON *answer = spec_answer(d, spec_operation(c->list, "get"));
	const char *param = strrchr(c->one->string, '{');
	char name[DRAFT_WORD] = "";

	if (!place_find(d, answer, type, 1, t->records, &list) && !d->order->paths[type])
		return 0;
	if (param)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(param + 1, "}"), param + 1);
	if (!place_find(d, spec_answer(d, spec_operation(c->one, "get")), type, 0, t->one_record, &one))
		one = list;
	t->record = one;
	if (!one ||
		(!place_id(d, one, type, name, t->id) && (!list || !place_id(d, list, type, name, t->id))))
		snprintf(t->id, sizeof(t->id), "/id");
	t->list_path = c->list->string;
	t->item_path = c->one->string;
	t->list_item = c->list;
	t->one_item = c->one;
	if (spec_operation(c->list, "post")) {
		t->create_item = c->list;
		t->create_path = c->list->string;
	}
	t->type = type_get(type);
	return 1;
}

static _Bool taken(const struct draft *d, const cJSON *list)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		if (d->types[i].type && d->types[i].list_item == list)
			return 1;
	}
	return 0;
}

/* Whether a record has what people call it. */
static _Bool has_key(struct draft *d, enum type_id type, const cJSON *schema)
{
	const char *words = field_names(type, type_key(type_get(type))->name);
	struct members *m = mem_alloc(sizeof(*m));
	_Bool found = 0;

	spec_members(d, schema, m);
	for (size_t i = 0; i < m->count; i++) {
		char word[DRAFT_WORD];

		word_plain(m->all[i].name, strlen(m->all[i].name), word);
		found |= words && word_listed(words, word) >= 0;
	}
	free(m);
	return found;
}

/* Whether the answers are a list and no list. A weak name has to be borne out by the record. */
static _Bool answers(struct draft *d, enum type_id type, const struct candidate *c, int value)
{
	const cJSON *schema, *one = spec_answer(d, spec_operation(c->one, "get"));
	char at[DRAFT_POINTER];

	if (!place_find(d, spec_answer(d, spec_operation(c->list, "get")), type, 1, at, &schema) ||
		(one && strcmp(spec_type(one), "array") == 0))
		return 0;
	return value > 100 - 2 * WEAK || has_key(d, type, schema);
}

static void look_for(struct draft *d, enum type_id type)
{
	struct candidate best = {.score = LEAST};
	const cJSON *item;

	cJSON_ArrayForEach (item, json_get(d->spec, "paths")) {
		struct candidate c = {.list = item};
		int value;

		if (!item->string || !path_good(item->string) || !spec_operation(item, "get") ||
			taken(d, item))
			continue;
		value = path_value(type, item->string);
		if (value < 0 && params_in(item->string) == 0)
			value = tag_value(type, spec_operation(item, "get"));
		c.one = value < 0 ? NULL : find_item(d, item->string);
		if (!c.one)
			continue;
		c.score = value + bonus(c.list, c.one);
		if (c.score > best.score && answers(d, type, &c, value))
			best = c;
	}
	if (best.list && take(d, &d->types[type], type, &best))
		draft_guess(
			d, type_get(type)->name, "%s, and %s for one", best.list->string, best.one->string);
}

static const cJSON *path_item(const struct draft *d, const char *path, size_t len)
{
	_cleanup_(mem_freep) char *text = mem_dup(path, len);
	const cJSON *item = json_get(json_get(d->spec, "paths"), text);

	return spec_operation(item, "get") && path_good(text) ? item : NULL;
}

/* "/list" or "/list,/item/{id}" */
static int ordered(struct draft *d, enum type_id type, const char *order, struct err *e)
{
	const char *comma = strchr(order, ','), *name = type_get(type)->name;
	struct candidate c = {.list = path_item(d, order, comma ? (size_t)(comma - order) : strlen(order))};

	if (!c.list)
		return err_set(e, EINVAL, "%s: there is no path \"%.*s\" with a \"get\" for %s",
			d->order->path, comma ? (int)(comma - order) : (int)strlen(order), order, name);
	c.one = comma ? path_item(d, comma + 1, strlen(comma + 1)) : find_item(d, c.list->string);
	if (!c.one || !params_in(c.one->string))
		return err_set(e, EINVAL,
			"%s: nothing reads one record of %s by its id; name that path, too: --type "
			"%s=%s,/PATH/{id}",
			d->order->path, c.list->string, name, c.list->string);
	take(d, &d->types[type], type, &c);
	return 0;
}

/* Whether two paths end in the same noun. */
static _Bool same_noun(const char *a, const char *b)
{
	char x[DRAFT_WORD], y[DRAFT_WORD];
	size_t len;
	const char *last = segment_before(a, list_len(a), &len);

	word_noun(last, len, x);
	last = segment_before(b, list_len(b), &len);
	word_noun(last, len, y);
	return *last != '{' && strcmp(x, y) == 0;
}

/* A create need not be where the list is: before the path of one, else wherever the noun is the same. */
static void find_create(struct draft *d, struct draft_type *t)
{
	size_t len = (size_t)(strrchr(t->item_path, '/') - t->item_path);
	const cJSON *item, *best = NULL;
	_Bool near = 0;

	cJSON_ArrayForEach (item, json_get(d->spec, "paths")) {
		if (!item->string || near || !path_good(item->string) || !spec_operation(item, "post") ||
			!same_noun(item->string, t->list_path))
			continue;
		near = bare_len(item->string) == len && strncmp(item->string, t->item_path, len) == 0;
		if (near || !best || segments_in(item->string) < segments_in(best->string))
			best = item;
	}
	if (!best)
		return;
	t->create_item = best;
	t->create_path = best->string;
	draft_guess(d, t->type->name, "a new one by POST %s", best->string);
}

int draft_find_types(struct draft *d, struct err *e)
{
	_Bool any = 0;

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		const char *order = d->order->paths[i];
		int r = order && *order ? ordered(d, (enum type_id)i, order, e) : 0;

		if (r < 0)
			return r;
	}
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (!d->order->paths[i] && *noun_list((enum type_id)i))
			look_for(d, (enum type_id)i);
		if (d->types[i].type && !d->types[i].create_item)
			find_create(d, &d->types[i]);
		any |= d->types[i].type != NULL;
	}
	return any ? 0
		   : err_set(e, EINVAL,
			     "%s: no path in it is known as one of our types, with a list and a request for "
			     "one "
			     "record; name them: --type TYPE=/PATH",
			     d->order->path);
}
