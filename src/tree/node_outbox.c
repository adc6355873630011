/* SPDX-License-Identifier: Apache-2.0 */
/* .seam/outbox/NUMBER TOOL NAME.diff: what a tool has yet to hear of, as a person reads it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/review.h"
#include "tree/kinds.h"
#include "tree/texts.h"

static const char *const state_texts[] = {
	[OUTBOX_READY] = "to be sent",
	[OUTBOX_SENDING] = "on its way",
	[OUTBOX_UNKNOWN] = "its outcome is unknown: it is looked up first",
	[OUTBOX_WAITING] = "waits for a record that it refers to",
	[OUTBOX_REJECTED] = "refused; tried again after the next save",
	[OUTBOX_HELD] = "waits for a person",
};

struct outbox_context {
	struct tree *tree;
	struct db *db;
	struct listing *l;
	struct buf *b;
	char *name;
};

static void item_name(struct outbox_context *c, const struct review_item *item, char name[280])
{
	_cleanup_(mem_freep) char *called = store_record_name(c->db, item->record);

	snprintf(name, 280, "%lld %s %.180s.diff", (long long)item->seq,
		store_stack(c->tree->store)->tools[item->tool].name, called ? called : "");
}

/* ---- the text ---- */

static cJSON *shown(struct outbox_context *c, const struct review_item *item, const cJSON *doc)
{
	struct record_names names = store_names(c->db);

	return doc ? record_shown(type_get(item->type), doc, &names, store_stack(c->tree->store)->currency)
		   : NULL;
}

static void diff_line(struct buf *b, char sign, const char *field, const cJSON *value)
{
	_cleanup_(mem_freep) char *text = value ? json_print(value) : NULL;

	if (text)
		buf_printf(b, "%c%s: %s\n", sign, field, text);
}

static _Bool write_item(void *context, const struct review_item *item)
{
	struct outbox_context *c = context;
	const struct type *type = type_get(item->type);
	const char *tool = store_stack(c->tree->store)->tools[item->tool].name;
	_cleanup_json_ cJSON *before = shown(c, item, item->before), *after = shown(c, item, item->after);
	_cleanup_(mem_freep) char *path = store_record_path(c->db, item->record);
	_cleanup_(mem_freep) char *name = path ? NULL : store_record_name(c->db, item->record);
	char time[CLOCK_UTC_SIZE];

	if (!path)
		path = str_format("%s/%s", type->plural, name ? name : "");
	buf_printf(c->b, "%lld %s: %s %s\n# %s", (long long)item->seq, tool,
		!item->after	? "remove"
		: !item->before ? "create"
				: "update",
		path, state_texts[item->state]);
	if (item->state != OUTBOX_HELD && item->attempts)
		buf_printf(c->b, "; tried %d time%s", item->attempts, item->attempts == 1 ? "" : "s");
	if (item->next_ms)
		buf_printf(c->b, "; next at %s", clock_format_utc(item->next_ms, time));
	buf_printf(c->b, "%s%s\n", item->error[0] ? ": " : "", item->error);
	for (int i = 0; type->fields[i].name; i++) {
		if (!(item->fields >> i & 1))
			continue;
		diff_line(c->b, '-', type->fields[i].name, json_get(before, type->fields[i].name));
		diff_line(c->b, '+', type->fields[i].name, json_get(after, type->fields[i].name));
	}
	return 1;
}

static _Bool write_held(void *context, const struct review_item *item)
{
	struct outbox_context *c = context;

	write_item(context, item);
	return buf_puts(c->b, "\n") == 0;
}

int outbox_held(struct tree *tree, struct buf *b)
{
	struct outbox_context c = {.tree = tree, .db = store_db(tree->store), .b = b};

	store_review_each(tree->store, c.db, 0, 1, write_held, &c);
	return b->error;
}

/* ---- the nodes ---- */

NODE_READ(node_outbox_read)
{
	struct outbox_context c = {.tree = tree, .db = store_db(tree->store), .b = b};

	return store_review_get(tree->store, c.db, p.b, write_item, &c);
}

NODE_STAT(node_outbox_stat)
{
	return node_made(tree, p, tree->made_ms, ret);
}

static _Bool take_name(void *context, const struct review_item *item)
{
	struct outbox_context *c = context;

	item_name(c, item, c->name);
	return 1;
}

int node_outbox_lookup(struct tree *tree, const char *entry, struct node *ret)
{
	char name[280] = "";
	struct outbox_context c = {.tree = tree, .db = store_db(tree->store), .name = name};
	int64_t seq = strtoll(entry, NULL, 10);

	if (seq <= 0 || store_review_get(tree->store, c.db, seq, take_name, &c) < 0 ||
		strcmp(name, entry) != 0)
		return -ENOENT;
	return node_outbox_stat(tree, (struct place){PLACE_OUTBOX, 0, (uint32_t)seq}, ret);
}

static _Bool list_item(void *context, const struct review_item *item)
{
	struct outbox_context *c = context;
	char name[280];
	struct node node;

	item_name(c, item, name);
	if (node_outbox_stat(c->tree, (struct place){PLACE_OUTBOX, 0, (uint32_t)item->seq}, &node) < 0)
		return 1;
	return node_add(c->l, item->seq, name, &node);
}

void node_outbox_list(struct listing *l)
{
	struct outbox_context c = {.tree = l->tree, .db = l->db, .l = l};

	store_review_each(l->tree->store, l->db, l->after, 0, list_item, &c);
}

NODE_PARENT(node_outbox_parent)
{
	char name[280] = "";
	struct outbox_context c = {.tree = tree, .db = store_db(tree->store), .name = name};
	int r = store_review_get(tree->store, c.db, p.b, take_name, &c);

	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_OUTBOX};
	*ret_name = str_dup(name);
	return r;
}
