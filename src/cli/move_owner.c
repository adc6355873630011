/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seamfs move-owner: another tool becomes the owner of a type. It is sent what it lacks first, as any tool that holds a copy;
 * stack.json changes when it has everything. So at every moment one of the two has all records, and stopping is no harm.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/cache/cache.h"
#include "seamfs/model/stack_edit.h"
#include "seamfs/store/local.h"
#include "seamfs/sync/sync.h"

enum { LONGEST_MS = 600000, LOOK_MS = 100 };

#define RULE "accept" /* what people go on changing in the old tool is not lost */

struct moving {
	const struct options *o;
	struct stack *stack; /* as it is */
	char *state;
	const struct type *type;
	int from, to;
	struct buf shared; /* stack.json in which the new owner holds a copy */
	struct buf moved;  /* … and in which it is the owner */
	struct err *e;
};

/* ---- what is asked for ---- */

static int find_tool(struct moving *m, const char *option, const char *name, int *ret)
{
	if (!name)
		return err_set(m->e, EINVAL, "%s is missing: --from TOOL --to TOOL", option);
	*ret = stack_tool(m->stack, name);
	return *ret < 0 ? err_set(m->e, EINVAL, "there is no tool called \"%.60s\"", name) : 0;
}

static int look_at_words(struct moving *m)
{
	const char *word = m->o->argv[0];
	int r = find_tool(m, "--from", m->o->from, &m->from);

	m->type = type_by_name(word) ? type_by_name(word) : type_by_plural(word);
	if (r == 0)
		r = find_tool(m, "--to", m->o->to, &m->to);
	if (r < 0)
		return r;
	if (!m->type || m->type->id == TYPE_DOCUMENT || m->type->id == TYPE_ENTRY)
		return err_set(m->e, EINVAL,
			"\"%.60s\" is no type that can be moved: client, contact, deal, quote, invoice, "
			"payment, "
			"project, task, time",
			word);
	if (m->stack->owners[m->type->id] == m->to)
		return err_set(m->e, EEXIST, "%s belong to %s already", m->type->plural,
			m->stack->tools[m->to].name);
	if (m->stack->owners[m->type->id] != m->from)
		return err_set(m->e, EINVAL, "%s belong to %s, not to %s", m->type->plural,
			m->stack->tools[m->stack->owners[m->type->id]].name, m->stack->tools[m->from].name);
	return 0;
}

/* Both texts, and whether they say what is meant. */
static int compose(struct moving *m)
{
	const char *from = m->stack->tools[m->from].name, *to = m->stack->tools[m->to].name;
	_cleanup_(stack_freep) struct stack *then = NULL;
	_Bool holds = m->to == TOOL_LOCAL || (m->stack->shares[m->type->id] >> m->to & 1);
	int r = holds ? buf_puts(&m->shared, m->stack->text)
		      : stack_share(m->stack->text, m->type->name, to, RULE, &m->shared);

	if (r == 0)
		r = stack_move(buf_text(&m->shared), m->type->name, from, to, RULE, &m->moved);
	if (r < 0)
		return err_set(m->e, -r, "%s cannot be written: it has no place for owners", m->stack->path);
	r = stack_load_text(m->stack->path, buf_text(&m->moved), &then, m->e);
	if (r == 0 && (then->owners[m->type->id] != m->to || then->tool_count != m->stack->tool_count ||
			      (m->from && !(then->shares[m->type->id] >> m->from & 1))))
		r = err_set(m->e, EINVAL, "%s is written in a way that cannot be changed here: do it by hand",
			m->stack->path);
	return r;
}

/* ---- where it stands ---- */

struct standing {
	int64_t all, there, pending, rejected, held, contested;
};

static int64_t outbox_count(struct moving *m, struct store *store, int least, int most)
{
	return db_int(store_db(store), 0,
		"SELECT count(*) FROM outbox o JOIN record r ON r.id = o.record WHERE r.type = ?1 AND o.tool "
		"IN "
		"(?2, ?3) AND o.state BETWEEN ?4 AND ?5",
		"iiiii", (int64_t)m->type->id, store_tool_id(store, m->from), store_tool_id(store, m->to),
		(int64_t)least, (int64_t)most);
}

static struct standing look(struct moving *m, struct store *store)
{
	struct db *db = store_db(store);
	int64_t type = m->type->id;
	struct standing s = {
		.all = db_int(db, 0, "SELECT count(*) FROM record WHERE type = ?1 AND state = 0", "i", type),
		.there = db_int(db, 0,
			"SELECT count(*) FROM link l JOIN record r ON r.id = l.record AND r.state = 0 WHERE "
			"l.tool = ?1 AND r.type = ?2 AND l.gone = 0",
			"ii", store_tool_id(store, m->to), type),
		.pending = outbox_count(m, store, 0, 3),
		.rejected = outbox_count(m, store, 4, 4),
		.held = outbox_count(m, store, 5, 5),
		.contested = db_int(db, 0,
			"SELECT count(DISTINCT c.record) FROM conflict c JOIN record r ON r.id = c.record "
			"WHERE "
			"r.type = ?1",
			"i", type),
	};

	if (m->to == TOOL_LOCAL)
		s.there = s.all;
	return s;
}

/* Fields that records have and the new owner has no place for. */
static void print_fields(struct moving *m, const struct stack *stack, struct store *store)
{
	const struct tool_type *can = &stack->tools[m->to].types[m->type->id];

	for (int i = 0; m->to != TOOL_LOCAL && m->type->fields[i].name; i++) {
		_cleanup_(mem_freep) char *path = str_format("$.%s", m->type->fields[i].name);
		int64_t n =
			can->reads >> i & 1
				? 0
				: db_int(store_db(store), 0,
					  "SELECT count(*) FROM record r JOIN content c ON c.record = r.id "
					  "WHERE r.type = ?1 AND r.state = 0 AND json_extract(c.doc, ?2) IS "
					  "NOT NULL",
					  "it", (int64_t)m->type->id, path);

		if (n)
			printf("%s has no place for \"%s\", which %lld of them have: it stays here%s%s.\n",
				stack->tools[m->to].name, m->type->fields[i].name, (long long)n,
				m->from ? " and in " : "", m->from ? stack->tools[m->from].name : "");
	}
}

/* What keeps it from being done at all. */
static int check_standing(struct moving *m, const struct stack *stack, const struct standing *s)
{
	const struct tool_type *can = &stack->tools[m->to].types[m->type->id];
	const char *to = stack->tools[m->to].name;

	if (s->contested)
		return err_set(m->e, ESTALE,
			"%lld %s are in conflict: settle them first, see problems/ of the mount",
			(long long)s->contested, m->type->plural);
	if (m->to != TOOL_LOCAL && s->all > s->there && !can->creates)
		return err_set(m->e, EROFS, "%s lacks %lld of %lld %s and takes no new ones from here", to,
			(long long)(s->all - s->there), (long long)s->all, m->type->plural);
	return 0;
}

/* ---- the dry run ---- */

static int show(struct moving *m, const struct stack *stack)
{
	const char *from = m->stack->tools[m->from].name, *to = m->stack->tools[m->to].name;
	struct store *store = NULL;
	struct standing s;
	int r = store_view(m->state, stack, &store, m->e);

	if (r < 0)
		return r;
	s = look(m, store);
	r = check_standing(m, stack, &s);
	if (r == 0) {
		printf("%lld %s belong to %s. %s holds %lld of them; %lld would be sent there first.\n",
			(long long)s.all, m->type->plural, from, to, (long long)s.there,
			(long long)(s.all - s.there));
		if (s.pending)
			printf("%lld changes of them wait to be sent; they are sent, too.\n",
				(long long)s.pending);
		print_fields(m, stack, store);
		printf("Then they belong to %s%s%s%s. Nothing has been done yet: --yes does it.\n", to,
			m->from ? ", and " : "", m->from ? from : "",
			m->from ? " holds a copy, as \"shares\" in stack.json says" : "");
	}
	store_close(store);
	return r;
}

/* ---- doing it ---- */

static _Bool was_read(struct store *store, int tool, int64_t since_ms)
{
	struct tool_health h;
	_Bool read;

	if (tool == TOOL_LOCAL)
		return 1;
	store_tool_health(store_db(store), store_tool_id(store, tool), &h);
	read = h.pull_ms >= since_ms && !h.error_ms;
	free(h.error);
	return read;
}

static int tool_fails(struct moving *m, struct store *store, int tool)
{
	struct tool_health h;
	int r = 0;

	store_tool_health(store_db(store), store_tool_id(store, tool), &h);
	if (tool != TOOL_LOCAL && h.error_ms)
		r = err_set(m->e, EIO, "%s: %s", m->stack->tools[tool].name, h.error);
	free(h.error);
	return r;
}

/* Why a record has not got there. */
static int stuck(struct moving *m, struct store *store, const struct standing *s)
{
	_cleanup_(mem_freep) char *text = db_text(store_db(store),
		"SELECT o.error FROM outbox o JOIN record r ON r.id = o.record WHERE r.type = ?1 AND o.tool "
		"= ?2 "
		"AND o.state = 4 LIMIT 1",
		"ii", (int64_t)m->type->id, store_tool_id(store, m->to));

	if (s->held)
		return err_set(m->e, EPERM,
			"%lld changes wait for a person: mount it, and \"seamfs approve\" first",
			(long long)s->held);
	return s->rejected ? err_set(m->e, EIO, "%lld %s were refused: %s", (long long)s->rejected,
				     m->type->plural, text ? text : "see problems/ of the mount")
			   : 0;
}

/* Until both tools were read anew, and the new owner has every record and every change. */
static int wait_for_all(struct moving *m, const struct stack *stack, struct store *store)
{
	int64_t begun_ms = clock_now_ms(), deadline = clock_steady_ms() + LONGEST_MS;
	int r = 0;

	while (r == 0) {
		struct standing s = look(m, store);
		_Bool read = was_read(store, m->from, begun_ms) && was_read(store, m->to, begun_ms);

		if (read && !s.pending && s.all == s.there && !s.rejected && !s.held)
			return check_standing(m, stack, &s);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r\033[K%lld of %lld, %lld under way", (long long)s.there,
				(long long)s.all, (long long)s.pending);
		r = read ? check_standing(m, stack, &s) : 0;
		if (r == 0 && read && !s.pending)
			r = stuck(m, store, &s);
		if (r == 0)
			r = tool_fails(m, store, m->from);
		if (r == 0)
			r = tool_fails(m, store, m->to);
		if (r == 0 && atomic_load(ask_stop()))
			r = err_set(m->e, EINTR, "stopped; nothing in stack.json has been changed");
		if (r == 0 && clock_steady_ms() > deadline)
			r = err_set(
				m->e, ETIMEDOUT, "it is not done after ten minutes; begin again, it goes on");
		usleep(LOOK_MS * 1000);
	}
	return r;
}

/* Works with the tools as a mount does, without one. */
static int send_all(struct moving *m)
{
	_cleanup_(stack_freep) struct stack *stack = NULL;
	struct store *store = NULL;
	struct cache *cache = NULL;
	struct sync *sync = NULL;
	int r = stack_load_text(m->stack->path, buf_text(&m->shared), &stack, m->e);

	for (int i = 1; r == 0 && i < stack->tool_count; i++)
		stack->tools[i].poll_ms = stack->tools[i].poll_ms > 1000 ? 1000 : stack->tools[i].poll_ms;
	if (r == 0)
		r = sync_open(stack, &sync, m->e);
	if (r == 0)
		r = store_open(m->state, stack, &store, m->e);
	if (r == 0)
		r = config_cache(stack, m->state, &cache, m->e);
	if (r == 0)
		r = sync_start(sync, store, cache, m->e);
	if (r == 0)
		r = wait_for_all(m, stack, store);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	sync_stop(sync);
	cache_close(cache);
	store_close(store);
	return r;
}

/* file_asker: whether the file is still the one that was read. */
static int unchanged(void *context, const char *old, struct err *e)
{
	const struct moving *m = context;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG);
	int r = file_read(old, &b, e);

	if (r == 0 && strcmp(buf_text(&b), m->stack->text) != 0)
		r = err_set(e, ESTALE, "%s has been changed meanwhile; begin again", m->stack->path);
	return r;
}

static int do_it(struct moving *m)
{
	int r = send_all(m);

	if (r < 0)
		return r;
	fault_step("move");
	r = file_replace_if(m->stack->path, buf_text(&m->moved), m->moved.len, 0644, unchanged, m, m->e);
	fault_step("moved");
	if (r == 0)
		printf("%s belong to %s now.%s%s%s\n", m->type->plural, m->stack->tools[m->to].name,
			m->from ? " " : "", m->from ? m->stack->tools[m->from].name : "",
			m->from ? " holds a copy; take it out of \"shares\" when it is no longer wanted."
				: "");
	return r;
}

static int run(struct moving *m)
{
	_cleanup_(stack_freep) struct stack *stack = NULL;
	struct sync *sync = NULL;
	int r = look_at_words(m);

	if (r == 0)
		r = compose(m);
	if (r < 0 || m->o->yes)
		return r < 0 ? r : do_it(m);
	/* What the tools can hold is known when they are open. */
	r = stack_load_text(m->stack->path, buf_text(&m->shared), &stack, m->e);
	if (r == 0)
		r = sync_open(stack, &sync, m->e);
	if (r == 0)
		r = show(m, stack);
	sync_stop(sync);
	return r;
}

enum exit_code verb_move_owner(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	_cleanup_(mem_freep) char *state = stack ? config_state_dir(stack) : NULL;
	struct err e = {0};
	struct moving m = {.o = o,
		.stack = stack,
		.state = state,
		.shared = BUF_INIT(BUF_MAX_CONFIG),
		.moved = BUF_INIT(BUF_MAX_CONFIG),
		.e = &e};
	int r;

	if (!stack)
		return code;
	ask_stop();
	r = run(&m);
	buf_finish(&m.shared);
	buf_finish(&m.moved);
	if (r < 0 && !e.code)
		err_set(&e, -r, "the owner could not be moved: %s", strerror(-r));
	return r == 0 ? EXIT_OK : fail(r == -EBUSY ? EXIT_BUSY : EXIT_FAILED, &e);
}
