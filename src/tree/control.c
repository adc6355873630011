/* SPDX-License-Identifier: Apache-2.0 */
/* What is written into the files of .seam/ that take orders: refresh, approve. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/drift.h"
#include "seamfs/store/guard.h"
#include "seamfs/store/hint.h"
#include "seamfs/store/local.h"
#include "seamfs/store/review.h"
#include "seamfs/store/trash.h"
#include "seamfs/store/undo.h"
#include "tree/failure.h"
#include "tree/save.h"
#include "tree/texts.h"

struct order {
	char word[100]; /* the first */
	int64_t number; /* behind it; 0: none */
	struct origin origin;
	struct err *e;
};

static int refresh(struct tx *tx, void *argument)
{
	struct order *o = argument;
	int tool = strcmp(o->word, "all") == 0 || !o->word[0] ? 0 : stack_tool(tx->stack, o->word);

	char until[CLOCK_UTC_SIZE];
	int64_t until_ms;

	if (tool < 0)
		return err_set(o->e, EINVAL, "there is no tool called \"%s\"; write a tool's name or \"all\"",
			o->word);
	if (tool && store_tool_limited(tx->db, store_tool_id(tx->store, tool), &until_ms))
		return err_set(o->e, EAGAIN, "%s asked to be left alone until %.8s (UTC)", o->word,
			clock_format_utc(until_ms + 999, until) + strlen("2026-01-01T"));
	return store_tool_refresh(tx, tool ? store_tool_id(tx->store, tool) : 0);
}

static int approve(struct tx *tx, void *argument)
{
	struct order *o = argument;
	_Bool yes = strcmp(o->word, "yes") == 0;
	int64_t count;
	int r = 0;

	if (!yes && strcmp(o->word, "no") != 0)
		return err_set(o->e, EINVAL,
			"write \"yes\" to have done what is listed here, or \"no\" to have it taken back");
	if (!o->number)
		r = store_trash_decide(tx, yes, &o->origin, &count);
	/* "no" leaves them held: the records stay as long as the tool lacks them. */
	if (r == 0 && !o->number && yes)
		r = store_guard_approve(tx);
	return r == 0 ? store_review_decide(tx, o->number, yes, &o->origin, &count, o->e) : r;
}

static int verify(struct tx *tx, void *argument)
{
	struct order *o = argument;
	char *end;
	int64_t sample = strcmp(o->word, "all") == 0 ? DRIFT_ALL : strtoll(o->word, &end, 10);
	int r;

	if (sample != DRIFT_ALL && (*end || sample <= 0))
		return err_set(
			o->e, EINVAL, "write how many records of each tool are to be read again, or \"all\"");
	r = store_drift_want(tx, 0, sample);
	/* It follows a pull, which is asked for too. */
	return r == 0 ? store_tool_refresh(tx, 0) : r;
}

static int undo(struct tx *tx, void *argument)
{
	struct order *o = argument;
	const char *digits = o->word + (o->word[0] == '#');
	char *end = NULL;
	int64_t change = strtoll(digits, &end, 10);

	if (!*digits || *end)
		return err_set(o->e, EINVAL, "write the number of a change, as \"seamfs log\" shows it");
	o->origin.cause = "undo";
	return store_undo(tx, change, &o->origin, o->e);
}

/* A tool's webhooks are asked for anew. */
static int hook(struct tx *tx, void *argument)
{
	struct order *o = argument;
	int tool = stack_tool(tx->stack, o->word);
	struct hook_row row = {0};
	int r;

	if (tool <= TOOL_LOCAL)
		return err_set(o->e, EINVAL, "there is no tool called \"%s\"; write a tool's name", o->word);
	store_hook_get(tx->db, store_tool_id(tx->store, tool), &row);
	row.wanted = 1;
	row.made_ms = 0;
	str_set(&row.error, "");
	r = store_hook_put(tx, store_tool_id(tx->store, tool), &row);
	hook_row_finish(&row);
	return r;
}

static const store_job controls[PLACE_FIXED_COUNT] = {
	[PLACE_FIXED_REFRESH] = refresh,
	[PLACE_FIXED_APPROVE] = approve,
	[PLACE_FIXED_UNDO] = undo,
	[PLACE_FIXED_VERIFY] = verify,
	[PLACE_FIXED_HOOK] = hook,
};

_Bool control_takes(struct place p)
{
	return p.kind == PLACE_FIXED && p.b < PLACE_FIXED_COUNT &&
	       (controls[p.b] || p.b == PLACE_FIXED_LINKS || p.b == PLACE_FIXED_LINK_ORDERS ||
		       p.b == PLACE_FIXED_HANDOFFS);
}

int control_write(struct tree *tree, struct place p, const void *bytes, size_t len, const struct caller *who,
	struct err *e)
{
	struct order o = {.origin = save_origin(who, "approve"), .e = e};
	_cleanup_(mem_freep) char *path = tree_path(tree, place_to_ino(p));
	int r;

	if (p.b == PLACE_FIXED_HANDOFFS)
		return handoffs_write(tree, bytes, len, e);
	if (!controls[p.b])
		return links_write(tree, bytes, len, who, e);
	memcpy(o.word, bytes, len < sizeof(o.word) ? len : sizeof(o.word) - 1);
	o.number = strtoll(o.word + strcspn(o.word, "\t "), NULL, 10);
	o.word[strcspn(o.word, "\r\n\t ")] = '\0';
	r = store_write(tree->store, controls[p.b], &o);
	/* The one who refuses it is the tool. */
	if (r == -EAGAIN && path)
		failure_note(tree, "write", path, stack_tool(store_stack(tree->store), o.word), e);
	return r;
}
