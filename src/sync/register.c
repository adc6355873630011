/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions of tools to which we are the listener: made when a person asks for it, and renewed before they end. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/store/hint.h"
#include "sync/hooks.h"
#include "sync/worker.h"

#define RETRY_MS 600000

struct registering {
	struct worker *w;
	struct hook_row row;
};

static int write_row(struct tx *tx, void *argument)
{
	const struct registering *g = argument;

	return store_hook_put(tx, g->w->tool_id, &g->row);
}

/* When the next request is due (UTC); 0: never. A quarter of its time is left for failing. */
static int64_t due_ms(const struct worker *w, const struct hook_row *row)
{
	int64_t due = 0;

	if (!row->wanted)
		return 0;
	if (!*row->remote || !row->made_ms)
		due = 1;
	else if (row->until_ms)
		due = row->until_ms - (row->until_ms - row->made_ms) / 4;
	/* Whoever asks anew does not wait. */
	return due && *row->error && due < w->hook_retry_ms ? w->hook_retry_ms : due;
}

/* A tool that refuses says what it does not like: whoever read the address in that could send to it. */
static void hide(char *text, const char *path)
{
	const char *key = strrchr(path, '/') + 1;
	_cleanup_(mem_freep) char *before = mem_dup(path, (size_t)(key - path));

	for (char *at = text; (at = strstr(at, before));) {
		at += strlen(before);
		for (size_t i = 0; at[i] && at[i] == key[i]; i++)
			at[i] = '*';
	}
}

static int ask(struct worker *w, const struct hook_row *row, struct subscription *ret, struct err *e)
{
	_cleanup_(mem_freep) char *state = store_dir(w->store), *path = NULL, *address = NULL, *kept = NULL;
	_Bool renew = *row->remote && row->made_ms;
	int r;

	if (!w->link->ops->subscribe)
		return err_set(e, EOPNOTSUPP, "%s has no webhooks that could be asked for", w->link->name);
	if (!w->stack->hooks.url)
		return err_set(e, EINVAL,
			"nobody outside knows the way here: \"listen\" in stack.json needs \"url\"");
	r = hooks_path(state, w->link->name, &path, e);
	if (r < 0)
		return r;
	address = str_format("%s%s", w->stack->hooks.url, path);
	r = w->link->ops->subscribe(w->link, address, row->remote, renew, ret, e);
	if (r < 0)
		hide(e->text, path);
	if (r < 0 || !ret->secret)
		return r;
	kept = hooks_kept_path(state, w->link->name);
	return file_replace(kept, ret->secret, strlen(ret->secret), 0600, e);
}

void register_hooks(struct worker *w, int64_t *ret_wake_ms)
{
	struct registering g = {.w = w};
	struct subscription s = {0};
	struct err e = {0};
	int64_t now = clock_now_ms(), due;
	int r;

	*ret_wake_ms = 0;
	if (store_hook_get(store_db(w->store), w->tool_id, &g.row) < 0)
		return;
	due = due_ms(w, &g.row);
	*ret_wake_ms = due > now ? due : 0;
	if (!due || due > now) {
		hook_row_finish(&g.row);
		return;
	}
	r = ask(w, &g.row, &s, &e);
	str_set(&g.row.error, r < 0 ? e.text : "");
	if (r == 0) {
		str_set(&g.row.remote, s.remote);
		g.row.until_ms = s.until_ms;
		g.row.made_ms = now;
		w->hook_retry_ms = 0;
	} else {
		log_warning("hooks", "%s", e.text);
		w->hook_retry_ms = now + RETRY_MS;
		/* What cannot be, a person has to ask for again. */
		if (e.retry == ERR_NEVER && !g.row.made_ms)
			g.row.wanted = 0;
	}
	(void)store_write(w->store, write_row, &g);
	subscription_finish(&s);
	hook_row_finish(&g.row);
}
