/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-offs: .seam/log/NUMBER RULE NAME.log is what a run did, NAME.handoff-RULE.diff beside a record what a rule would do to it,
 * and .seam/handoffs shows the rules and takes orders.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/store/handoff.h"
#include "tree/kinds.h"
#include "tree/save.h"
#include "tree/texts.h"

#define TRIAL_WORD   ".handoff-"
#define TRIAL_ENDING ".diff"

/* ---- .seam/log/ ---- */

struct run_context {
	int64_t ms;
	char name[280];
};

static _Bool take_run(void *context, const struct handoff_run *run)
{
	struct run_context *c = context;

	c->ms = run->ms;
	store_run_name(run, c->name);
	return 1;
}

NODE_READ(node_run_read)
{
	return store_run_text(tree->store, store_db(tree->store), p.b, b);
}

NODE_STAT(node_run_stat)
{
	struct run_context c = {0};

	if (store_run_get(store_db(tree->store), p.b, take_run, &c) < 0)
		return -ENOENT;
	return node_made(tree, p, c.ms, ret);
}

int node_run_lookup(struct tree *tree, const char *entry, struct node *ret)
{
	int64_t id = strtoll(entry, NULL, 10);
	struct run_context c = {0};

	if (id > 0 && store_run_get(store_db(tree->store), id, take_run, &c) == 0 &&
		strcmp(c.name, entry) == 0)
		return node_run_stat(tree, (struct place){PLACE_RUN, 0, (uint32_t)id}, ret);
	ret->fleeting = 1; /* a run may come, and no change names its file */
	return -ENOENT;
}

void node_run_list(struct listing *l)
{
	/* Each is looked at while the list is being read: with a statement of its own. */
	int64_t after = l->after, next;

	while ((next = db_int(l->db, 0, "SELECT id FROM handoff_run WHERE id > ?1 ORDER BY id LIMIT 1", "i",
			after))) {
		struct run_context c = {0};
		struct node node;

		after = next;
		if (store_run_get(l->db, next, take_run, &c) == 0 &&
			node_run_stat(l->tree, (struct place){PLACE_RUN, 0, (uint32_t)next}, &node) == 0 &&
			!node_add(l, next, c.name, &node))
			return;
	}
}

NODE_PARENT(node_run_parent)
{
	struct run_context c = {0};
	int r = store_run_get(store_db(tree->store), p.b, take_run, &c);

	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_RUNS};
	*ret_name = str_dup(c.name);
	return r;
}

/* ---- what a rule would do ---- */

/* "INV-1.handoff-won-deal.diff": the length of the record's name, 0 when it is no such file; @ret_rule: the rule's index */
size_t node_trial_stem(struct tree *tree, const char *name, int *ret_rule)
{
	const char *word = NULL, *rule;
	size_t n = strlen(name), end = strlen(TRIAL_ENDING);
	const struct handoff *h;

	for (const char *p = name; (p = strstr(p, TRIAL_WORD)); p++)
		word = p;
	if (!word || word == name || n <= end || strcmp(name + n - end, TRIAL_ENDING) != 0)
		return 0;
	rule = word + strlen(TRIAL_WORD);
	for (int i = 0; (h = handoff_get(store_stack(tree->store), i)); i++) {
		*ret_rule = i;
		if (strlen(h->name) == (size_t)(name + n - end - rule) &&
			strncmp(h->name, rule, strlen(h->name)) == 0)
			return (size_t)(word - name);
	}
	return 0;
}

NODE_READ(node_trial_read)
{
	const struct handoff *h = handoff_get(store_stack(tree->store), PLACE_HIGH(p.a));
	struct err e = {0};

	if (!h || (int)h->type != PLACE_LOW(p.a))
		return -ENOENT;
	if (store_handoff_try(tree->store, h->name, p.b, b, &e) < 0)
		buf_printf(b, "# it would fail: %s\n", e.text);
	return b->error;
}

NODE_STAT(node_trial_stat)
{
	const struct handoff *h = handoff_get(store_stack(tree->store), PLACE_HIGH(p.a));

	return h && (int)h->type == PLACE_LOW(p.a) ? node_made(tree, p, tree->made_ms, ret) : -ENOENT;
}

NODE_PARENT(node_trial_parent)
{
	const struct handoff *h = handoff_get(store_stack(tree->store), PLACE_HIGH(p.a));
	_cleanup_(mem_freep) char *name = NULL;
	int r = node_record_parent(
		tree, (struct place){PLACE_RECORD, (uint32_t)PLACE_LOW(p.a), p.b}, ret, &name);

	if (r < 0 || !h)
		return -ENOENT;
	*ret_name = str_format(
		"%.*s" TRIAL_WORD "%s" TRIAL_ENDING, (int)(strlen(name) - strlen(".json")), name, h->name);
	return 0;
}

/* ---- .seam/handoffs ---- */

int handoffs_read(struct tree *tree, struct buf *b)
{
	if (!handoff_get(store_stack(tree->store), 0))
		return buf_puts(b, "There are no hand-offs in stack.json.\n");
	buf_puts(b, "\"pause RULE\", \"resume RULE\", \"replay RULE\" or \"replay RULE PATH\" written into "
		    "this file has that done.\n\n");
	return store_handoff_list(tree->store, store_db(tree->store), b);
}

struct order {
	const char *verb, *rule;
	int64_t record;
	struct err *e;
};

static int run_order(struct tx *tx, void *argument)
{
	struct order *o = argument;

	if (strcmp(o->verb, "replay") == 0)
		return store_handoff_replay(tx, o->rule, o->record, o->e);
	return store_handoff_pause(tx, o->rule, strcmp(o->verb, "pause") == 0, o->e);
}

int handoffs_write(struct tree *tree, const void *bytes, size_t len, struct err *e)
{
	_cleanup_(mem_freep) char *text = mem_dup(bytes, len);
	struct order o = {.e = e};
	char *rest = NULL;
	int r = 0;

	text[strcspn(text, "\r\n")] = '\0';
	o.verb = strtok_r(text, " ", &rest);
	o.rule = strtok_r(NULL, " ", &rest);
	if (!o.verb || !o.rule ||
		(strcmp(o.verb, "pause") != 0 && strcmp(o.verb, "resume") != 0 &&
			strcmp(o.verb, "replay") != 0))
		return err_set(e, EINVAL,
			"write \"pause RULE\", \"resume RULE\", \"replay RULE\" or \"replay RULE PATH\"");
	if (rest && *rest)
		r = links_find(tree, rest, &o.record, e);
	return r == 0 ? store_write(tree->store, run_order, &o) : r;
}
