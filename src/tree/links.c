/* SPDX-License-Identifier: Apache-2.0 */
/* problems/links.json: which records may be the same thing; and .seam/links, into which seamfs link and unlink write. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/pair.h"
#include "tree/save.h"
#include "tree/texts.h"

/* ---- what is proposed ---- */

struct links_context {
	struct tree *tree;
	cJSON *list;
};

/* People know a client by its folder. */
static char *shown_path(struct tree *tree, int64_t record)
{
	char *path = store_record_path(store_db(tree->store), record),
	     *slash = path ? strrchr(path, '/') : NULL;
	struct record_stat stat;

	if (slash && store_record_stat(store_db(tree->store), record, &stat) == 0 &&
		type_get(stat.type)->file)
		*slash = '\0';
	return path ? path : str_dup("");
}

static cJSON *tools_of(struct tree *tree, int64_t record)
{
	const struct stack *stack = store_stack(tree->store);
	cJSON *list = cJSON_CreateArray();

	for (int i = 1; i < stack->tool_count; i++) {
		_cleanup_(mem_freep) char *id =
			store_link_remote(store_db(tree->store), store_tool_id(tree->store, i), record);

		if (id)
			cJSON_AddItemToArray(list, cJSON_CreateString(stack->tools[i].name));
	}
	return list;
}

static void write_pair(struct links_context *c, int64_t a, int64_t b, const char *why)
{
	_cleanup_(mem_freep) char *path_a = shown_path(c->tree, a), *path_b = shown_path(c->tree, b);
	cJSON *row = cJSON_CreateObject();

	json_set_text(row, "a", path_a);
	json_set(row, "a_is_in", tools_of(c->tree, a));
	json_set_text(row, "b", path_b);
	json_set(row, "b_is_in", tools_of(c->tree, b));
	json_set_text(row, "why", why);
	json_set(row, "same", cJSON_CreateNull());
	cJSON_AddItemToArray(c->list, row);
}

static void add_pair(void *context, int64_t a, int64_t b, const char *why)
{
	struct links_context *c = context;
	/* The owner's first, whichever was read first. */
	struct store *store = c->tree->store;
	_Bool swap =
		store_owner_holds(store, store_db(store), b) && !store_owner_holds(store, store_db(store), a);
	int64_t low = a;

	a = swap ? b : a;
	b = swap ? low : b;
	write_pair(c, a, b, why);
}

int links_read(struct tree *tree, struct buf *b)
{
	_cleanup_json_ cJSON *list = cJSON_CreateArray();
	struct links_context c = {tree, list};

	store_pair_each(store_db(tree->store), add_pair, &c);
	return json_pretty(b, list);
}

/* ---- what is decided ---- */

enum decision { DECIDE_LINK, DECIDE_APART, DECIDE_SPLIT };

struct links_order {
	enum decision what;
	int64_t a, b;
	int tool;
};

enum { MOST_ORDERS = 1000 };

struct links_job {
	struct links_order *orders;
	size_t count;
	struct origin origin;
	struct err *e;
};

/* "clients/X", "clients/X/client.json", "contacts/Y.json" */
int links_find(struct tree *tree, const char *path, int64_t *ret, struct err *e)
{
	_cleanup_(mem_freep) char *copy = str_dup(path);
	struct node node = {.ino = PLACE_ROOT_INO};
	char *rest, *name;
	struct place p;
	int r = 0;

	for (name = strtok_r(copy, "/", &rest); name && r == 0; name = strtok_r(NULL, "/", &rest))
		r = tree_lookup(tree, node.ino, name, &node);
	p = place_of_ino(node.ino);
	if (r < 0 || (p.kind != PLACE_RECORD && p.kind != PLACE_RECORD_DIR))
		return err_set(e, ENOENT,
			"\"%s\" is no record; name it as the tree does, such as clients/NAME", path);
	*ret = p.b;
	return 0;
}

static int find_record(struct tree *tree, const cJSON *path, int64_t *ret, struct err *e)
{
	return links_find(tree, json_text(path) ? json_text(path) : "", ret, e);
}

static int run_orders(struct tx *tx, void *argument)
{
	struct links_job *j = argument;
	int64_t made;
	int r = 0;

	for (size_t i = 0; i < j->count && r == 0; i++) {
		const struct links_order *o = &j->orders[i];

		r = o->what == DECIDE_LINK    ? store_pair_link(tx, o->a, o->b, &j->origin, j->e)
		    : o->what == DECIDE_APART ? store_pair_apart(tx, o->a, o->b)
					      : store_pair_split(tx, o->a, o->tool, &j->origin, &made, j->e);
	}
	return r;
}

/* A row of links.json; what nobody has decided yet stays. */
static int read_row(struct tree *tree, const cJSON *row, struct links_job *j)
{
	const cJSON *same = json_get(row, "same");
	struct links_order o = {.what = cJSON_IsTrue(same) ? DECIDE_LINK : DECIDE_APART};
	int r;

	if (!cJSON_IsObject(row) || (same && !cJSON_IsNull(same) && !cJSON_IsBool(same)))
		return err_field(
			j->e, EINVAL, "same", "\"same\" is true, false, or null for not decided yet");
	if (!same || cJSON_IsNull(same))
		return 0;
	r = find_record(tree, json_get(row, "a"), &o.a, j->e);
	if (r == 0)
		r = find_record(tree, json_get(row, "b"), &o.b, j->e);
	if (r == 0 && j->count == MOST_ORDERS)
		r = err_set(j->e, E2BIG, "more than %d decisions at once", MOST_ORDERS);
	if (r == 0)
		j->orders[j->count++] = o;
	return r;
}

/* {"link": [A, B]} or {"unlink": [A, TOOL]} */
static int read_order(struct tree *tree, const cJSON *order, struct links_job *j)
{
	const cJSON *link = json_get(order, "link"), *pair = link ? link : json_get(order, "unlink");
	const cJSON *second = cJSON_GetArrayItem(pair, 1);
	struct links_order o = {.what = link ? DECIDE_LINK : DECIDE_SPLIT};
	int r;

	if (cJSON_GetArraySize(pair) != 2)
		return err_set(j->e, EINVAL,
			"write {\"link\": [\"clients/A\", \"clients/B\"]} or {\"unlink\": [\"clients/A\", "
			"\"TOOL\"]}");
	r = find_record(tree, cJSON_GetArrayItem(pair, 0), &o.a, j->e);
	if (r == 0 && link)
		r = find_record(tree, second, &o.b, j->e);
	if (r == 0 && !link) {
		o.tool = json_text(second) ? stack_tool(store_stack(tree->store), json_text(second)) : -1;
		if (o.tool < 1)
			r = err_set(j->e, EINVAL, "there is no tool called \"%s\"",
				json_text(second) ? json_text(second) : "");
	}
	if (r == 0)
		j->orders[j->count++] = o;
	return r;
}

int links_write(struct tree *tree, const void *bytes, size_t len, const struct caller *who, struct err *e)
{
	_cleanup_json_ cJSON *text = NULL;
	_cleanup_(mem_freep) struct links_order *orders = mem_alloc(MOST_ORDERS * sizeof(*orders));
	struct links_job j = {.orders = orders, .origin = save_origin(who, "link"), .e = e};
	const cJSON *row;
	int r = json_parse(bytes, len, JSON_STRICT, &text, NULL, e);

	if (r == 0 && cJSON_IsObject(text))
		r = read_order(tree, text, &j);
	if (cJSON_IsArray(text)) {
		cJSON_ArrayForEach (row, text) {
			r = read_row(tree, row, &j);
			if (r < 0)
				return r;
		}
	}
	return r < 0 || !j.count ? r : store_write(tree->store, run_orders, &j);
}
