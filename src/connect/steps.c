/* SPDX-License-Identifier: Apache-2.0 */
/* Tools that let a field go from one value to some others only: a workflow is walked, not jumped. */
#include "connect/steps.h"

#include <errno.h>
#include <string.h>

#include "connect/change.h"
#include "connect/map_write.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

struct walk {
	struct engine *g;
	const struct manifest_type *t;
	const struct map_field *f;
	const char *id;
	const cJSON *base;
};

/* The states in the order in which a search from the first one finds them. Texts are the manifest's. */
struct search {
	const char **states;
	size_t *before; /* index of the one that it was reached from */
	size_t count;
};

static void search_finish(struct search *s)
{
	free(s->states);
	free(s->before);
}

static size_t position(const struct search *s, const char *state)
{
	size_t i = 0;

	while (i < s->count && strcmp(s->states[i], state) != 0)
		i++;
	return i;
}

/* What may follow a state; "*" says it of those that have no entry. */
static const cJSON *follow_of(const cJSON *graph, const char *state)
{
	const cJSON *follow = json_get(graph, state);

	return follow ? follow : json_get(graph, "*");
}

/* The state that one step leads to: a word, or the name of its requests, of which "*" may be any. */
static const char *step_state(const cJSON *next, const char *goal)
{
	const char *state = next->string ? next->string : json_scalar(next);

	return strcmp(state, "*") == 0 ? goal : state;
}

/*
 * Whether a way may lead through a state. What a customer sees of an invoice, a quote or a payment - that it is sent, void, paid -
 * is never a mere stop: only states that mean here what the way begins or ends with.
 */
static _Bool may_pass(const struct walk *w, const char *state, const char *from, const char *goal)
{
	const char *ours = map_our_word(w->f, state);

	return (!type_field(w->t->type, "lines") && w->t->type->id != TYPE_PAYMENT) ||
	       str_equal(ours, map_our_word(w->f, from)) || str_equal(ours, map_our_word(w->f, goal));
}

/* Everything that can be reached from @from, the nearest first. */
static struct search search_all(const struct walk *w, const cJSON *graph, const char *from, const char *goal)
{
	size_t most = 1;
	const cJSON *next;
	struct search s;

	cJSON_ArrayForEach (next, graph)
		most += next->child ? (size_t)cJSON_GetArraySize(next) : 1;
	most += most; /* "*" gives every state what it has */
	s = (struct search){
		.states = mem_alloc(most * sizeof(*s.states)), .before = mem_alloc(most * sizeof(*s.before))};
	s.states[s.count++] = from;
	for (size_t i = 0; i < s.count; i++) {
		const cJSON *follow = follow_of(graph, s.states[i]);
		_Bool many = cJSON_IsArray(follow) || cJSON_IsObject(follow);

		if (!may_pass(w, s.states[i], from, goal))
			continue;
		for (next = many ? follow->child : follow; next; next = many ? next->next : NULL) {
			const char *state = many ? step_state(next, goal) : json_scalar(next);

			if (position(&s, state) < s.count || s.count == most)
				continue;
			s.before[s.count] = i;
			s.states[s.count++] = state;
		}
	}
	return s;
}

/* Fills @path with the states between the first and @goal, in their order. Returns how many. */
static size_t trace(const struct search *s, size_t goal, const char **path)
{
	size_t count = 0;

	for (size_t i = s->before[goal]; i > 0; i = s->before[i])
		path[count++] = s->states[i];
	for (size_t i = 0; i < count / 2; i++) {
		const char *other = path[i];

		path[i] = path[count - 1 - i];
		path[count - 1 - i] = other;
	}
	return count;
}

/* No way leads there: which of our words can be had from here. */
static int no_way(const struct engine *g, const struct map_field *f, const struct search *s, const char *ours,
	struct err *e)
{
	_cleanup_json_ cJSON *words = cJSON_CreateObject();
	_cleanup_(buf_finish) struct buf list = BUF_INIT(256);
	const cJSON *word;

	for (size_t i = 1; i < s->count; i++)
		json_set_text(words, map_our_word(f, s->states[i]), s->states[i]);
	cJSON_DeleteItemFromObjectCaseSensitive(words, map_our_word(f, s->states[0]));
	cJSON_ArrayForEach (word, words)
		buf_printf(&list, "%s\"%s\"", list.len ? ", " : "", word->string);
	return err_field(e, EPERM, f->field->name,
		"%s does not let \"%s\" become \"%s\" from what it is there (%s); %s%s", g->link.name,
		f->field->name, ours, s->states[0],
		list.len ? "from there it can become " : "nothing can follow that", buf_text(&list));
}

/* An invoice that is sent when its day is over is overdue at once: it has been sent all the same. */
static _Bool is_arrived(const struct map_field *f, const char *now, const char *ours)
{
	const char *there = now ? map_our_word(f, now) : NULL;

	return there && (str_equal(there, ours) || (str_equal(ours, "sent") && str_equal(there, "overdue")));
}

static int not_set(
	const struct engine *g, const struct map_field *f, const char *now, const char *state, struct err *e)
{
	return err_field(e, EPERM, f->field->name, "%s left \"%s\" at %s: it does not let us set %s",
		g->link.name, f->field->name, now ? now : "nothing", state);
}

/* The state that the tool shows after a step; given, NULL: none. 0 or the -errno of a lookup. */
static int read_back(
	const struct walk *w, const struct map_env *env, const cJSON *record, char **ret, struct err *e)
{
	int r = map_state(w->f, env, record, ret, e);

	if (r == 0)
		log_info("connect", "%s: %s %s: %s is %s now", w->g->link.name, w->t->type->name, w->id,
			w->f->field->name, *ret ? *ret : "empty");
	return r;
}

/* One state on the way: sent alone, and believed when the tool shows it. */
static int take_step(const struct walk *w, const char *state, struct err *e)
{
	_cleanup_json_ cJSON *nothing = cJSON_CreateObject();
	_cleanup_json_ cJSON *body = NULL;
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(mem_freep) char *now = NULL;
	struct map_env env = engine_env(w->g, NULL, w->base);
	const cJSON *record;
	int r = engine_changes(w->g, w->t, nothing, w->base, &body, e);

	if (r == 0)
		r = map_put_state(w->f, &env, state, body, e);
	if (r == 0)
		r = engine_change(w->g, w->t, w->id, body, &reply, &record, e);
	if (r == 0)
		r = read_back(w, &env, record, &now, e);
	if (r < 0)
		return r;
	if (str_equal(now, state))
		return 0;
	return not_set(w->g, w->f, now, state, e);
}

/* ---- states that requests of their own lead to ---- */

/* Which of the ways that the tool offers for this record now leads to @state: {choice}, given. */
static int choose(const struct walk *w, const cJSON *from, const char *state, char **ret, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(buf_finish) struct buf names = BUF_INIT(512);
	const cJSON *row, *rows;
	int r;

	if (!from)
		return 0;
	r = engine_call(
		w->g, &(struct call){.type = w->t, .request = from, .id = w->id, .to = state}, &reply, e);
	if (r < 0)
		return r;
	rows = json_at(reply.json, json_get_text(from, "records"));
	cJSON_ArrayForEach (row, rows) {
		_cleanup_(mem_freep) char *name = engine_joined(row, json_get(from, "name"));

		if (str_equal(name, state)) {
			*ret = str_dup(json_scalar(json_at(row, json_get_text(from, "id"))));
			return 0;
		}
		buf_printf(&names, "%s\"%s\"", names.len ? ", " : "", name);
	}
	return err_field(e, EPERM, w->f->field->name, "%s does not let this become %s now; it offers %s",
		w->g->link.name, state, names.len ? buf_text(&names) : "nothing");
}

static int send_request(
	const struct walk *w, const cJSON *request, const char *state, const cJSON *body, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(mem_freep) char *choice = NULL, *version = NULL;
	struct call call = {.type = w->t, .request = request, .id = w->id, .to = state, .body = body};
	int r = choose(w, json_get(request, "choose"), state, &choice, e);

	if (r == 0)
		r = engine_version(w->g, w->t, w->id, &version, e);
	if (r < 0)
		return r;
	call.choice = choice;
	call.version = version;
	return engine_call(w->g, &call, &reply, e);
}

/* One state, by the requests that lead from @from to it; believed when the tool shows it. */
static int take_way(
	const struct walk *w, const cJSON *graph, const char *from, const char *state, struct err *e)
{
	const cJSON *follow = follow_of(graph, from), *way = json_get(follow, state), *request;
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(mem_freep) char *now = NULL;
	_cleanup_json_ cJSON *body = NULL;
	struct map_env env = engine_env(w->g, NULL, w->base);
	const cJSON *record;
	int r = 0;

	if (!way)
		way = json_get(follow, "*");
	if (cJSON_IsNull(way))
		return take_step(w, state, e);
	/* For {field}; what the tool could not take as a new record has no place in these requests. */
	if (w->base)
		map_create((struct mapping *)&w->t->map, &env, w->base, &body, NULL);
	for (request = cJSON_IsArray(way) ? way->child : way; request && r == 0;
		request = cJSON_IsArray(way) ? request->next : NULL)
		r = send_request(w, request, state, body, e);
	if (r == 0)
		r = engine_after_effect(engine_record(w->g, w->t, w->id, &reply, &record, e), e);
	if (r == 0)
		r = read_back(w, &env, record, &now, e);
	if (r < 0)
		return r;
	return is_arrived(w->f, now, map_our_word(w->f, state)) ? 0 : not_set(w->g, w->f, now, state, e);
}

/* ---- the way ---- */

static int walk(const struct walk *w, const cJSON *graph, const char *ours, struct err *e)
{
	const char *goal = map_their_word(w->f, ours);
	struct map_env env = engine_env(w->g, NULL, w->base);
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(search_finish) struct search s = {0};
	_cleanup_(mem_freep) char *now = NULL;
	_cleanup_(mem_freep) const char **path = NULL;
	const cJSON *record;
	size_t at, count = 0;
	int r = engine_record(w->g, w->t, w->id, &reply, &record, e);

	if (r == 0)
		r = map_state(w->f, &env, record, &now, e);
	/* Of a state that the graph does not have nothing is known: the tool itself has to say. */
	if (r < 0 || !goal || !now || !follow_of(graph, now))
		return r;
	/* Several words of the tool's may be one of ours. */
	if (w->f->write == WRITE_STEP && str_equal(map_our_word(w->f, now), ours))
		return 0;
	s = search_all(w, graph, now, goal);
	at = position(&s, goal);
	if (at == s.count)
		return no_way(w->g, w->f, &s, ours, e);
	path = mem_alloc((s.count + 1) * sizeof(*path));
	count = at ? trace(&s, at, path) : 0;
	if (w->f->write == WRITE_STEP && at)
		path[count++] = goal;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = w->f->write == WRITE_STEP ? take_way(w, graph, i ? path[i - 1] : now, path[i], e)
					      : take_step(w, path[i], e);
	return r;
}

int engine_steps(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *changes,
	const cJSON *base, enum map_write write, struct err *e)
{
	const cJSON *graph;
	int r = 0;

	cJSON_ArrayForEach (graph, t->steps) {
		struct walk w = {
			.g = g, .t = t, .f = mapping_find(&t->map, graph->string), .id = id, .base = base};
		const char *ours = json_get_text(changes, graph->string);

		if (ours && r == 0 && w.f->write == write)
			r = walk(&w, graph, ours, e);
	}
	return r;
}

int engine_arrived(struct engine *g, const struct manifest_type *t, const cJSON *changes, const cJSON *record,
	struct err *e)
{
	struct map_env env = engine_env(g, NULL, NULL);
	const cJSON *graph;

	cJSON_ArrayForEach (graph, t->steps) {
		const struct map_field *f = mapping_find(&t->map, graph->string);
		const char *ours = json_get_text(changes, graph->string);
		_cleanup_(mem_freep) char *now = NULL;
		int r = ours ? map_state(f, &env, record, &now, e) : 0;

		if (r < 0)
			return r;
		if (ours && !is_arrived(f, now, ours))
			return not_set(g, f, now, map_their_word(f, ours), e);
	}
	return 0;
}
