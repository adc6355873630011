/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of the contract: create, find, update, remove, restore. */
#include <errno.h>
#include <string.h>

#include "connect/engine.h"
#include "connect/stable.h"
#include "connect/steps.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/*
 * How far "created" may lie before our sending: rounding, and clocks that were compared to the second. Tools that
 * do not tell the time, or another one than they stamp with, may be wrong by a time zone or a day: what fits only
 * then counts less than anything that fits the clock.
 */
enum { FIND_SLACK_MS = 120000, FIND_WRONG_CLOCK_MS = 26 * 3600000, FITS_CLOCK = 1000 };

/* A request that was cut off may still be worked on: that long "not there" is no answer. */
enum { UNDER_WAY_MS = 10000 };

static _Bool once_by(const struct manifest_type *t, const char *way)
{
	return str_equal(json_get_text(t->once, "by"), way);
}

/* The record in an answer that should hold one; NULL when it does not. */
static const cJSON *returned_record(const struct manifest_type *t, const cJSON *request, const cJSON *json)
{
	const char *pointer = json_get_text(request, "record"), *returns = json_get_text(request, "returns");
	const cJSON *record;

	if (returns && strcmp(returns, "record") != 0)
		return NULL;
	if (!pointer)
		pointer = json_get_text(t->one, "record");
	record = json_at(json, pointer ? pointer : "");
	return cJSON_IsObject(record) && json_at(record, t->id) ? record : NULL;
}

/* The tool has done it; not being able to read the record must not look like "nothing happened". */
static int after_effect(int r, struct err *e)
{
	if (r < 0 && r != -ENOENT && e)
		e->sent = 1;
	return r;
}

/*
 * What became of a create is not known, and finding out failed. The tool as a whole waits for that: a listing in
 * between would bring the record as a stranger, and the next look would take it for one.
 */
static int undecided(int r, struct err *e)
{
	if (r < 0 && e) {
		e->sent = 1;
		e->scope = ERR_TOOL;
		if (e->retry != ERR_AFTER_USER)
			e->retry = ERR_LATER;
	}
	return r;
}

/* The answer to a create as a remote: the record in it, else what stands under the id that it or we chose. */
static int created(struct engine *g, const struct manifest_type *t, const struct reply *reply,
	const char *our_id, struct remote *ret, struct err *e)
{
	const char *pointer = json_get_text(t->create, "id"), *id = our_id;
	const cJSON *record = returned_record(t, t->create, reply->json);

	if (record)
		return engine_remote(g, t, record, ret, e);
	if (!id)
		id = map_scalar_text(json_at(reply->json, pointer ? pointer : t->id));
	return id ? engine_get(&g->link, t->type->id, id, ret, e)
		  : engine_odd(g, reply, pointer ? pointer : t->id, e);
}

/*
 * Some tools set a few fields of a new record themselves, whatever it says (Redmine's first status follows a
 * workflow). What they ignored is sent once more as a change; if they refuse that too, the caller sees it in
 * the record. When it cannot be sent now, the create is not at its end: the caller would take the tool's values
 * for the tool's decision.
 */
static int insist(
	struct engine *g, const struct manifest_type *t, const cJSON *doc, struct remote *made, struct err *e)
{
	_cleanup_json_ cJSON *changes = cJSON_CreateObject();
	struct remote changed = {0};
	struct err why = {0};
	int r;

	for (size_t i = 0; i < t->map.count; i++) {
		const struct map_field *f = &t->map.fields[i];
		const cJSON *sent = json_get(doc, f->field->name);

		if (sent && f->at && f->write == WRITE_ALWAYS &&
			!(f->field->kind == FIELD_REF && !json_get(sent, "id")) &&
			!map_same(f->field, sent, json_get(made->doc, f->field->name)))
			json_set(changes, f->field->name, cJSON_Duplicate(sent, 1));
	}
	if (!changes->child)
		return 0;
	r = engine_update(&g->link, t->type->id, made->id, changes, NULL, &changed, &why);
	if (r < 0 && why.scope != ERR_TOOL && why.retry != ERR_LATER && why.retry != ERR_NOW)
		return 0;
	remote_finish(made);
	*made = changed;
	if (r < 0 && e)
		*e = why;
	return undecided(r, e);
}

/* Our own id is taken: by an earlier try of ours, of which we never saw the answer, or @e stands. */
static int made_before(
	struct engine *g, const struct manifest_type *t, const char *id, struct remote *ret, struct err *e)
{
	struct err why = {0};
	int r = engine_get(&g->link, t->type->id, id, ret, &why);

	if (r == 0 || r == -ENOENT)
		return r == 0 ? 0 : -EEXIST;
	if (e)
		*e = why;
	return undecided(r, e);
}

int engine_create(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
	struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_json_ cJSON *body = NULL;
	struct map_env env = engine_env(g, key, NULL);
	struct call call = {.type = t};
	char uuid[STABLE_UUID_SIZE];
	const char *our_id = NULL;
	int r;

	if (!t || !t->create)
		return t ? err_set(e, EOPNOTSUPP, "%s makes no new %s", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	r = map_create((struct mapping *)&t->map, &env, doc, &body, e);
	if (r < 0)
		return r;
	if (once_by(t, "id")) {
		our_id = stable_uuid(key, uuid);
		json_put(body, json_get_text(t->once, "to"), cJSON_CreateString(our_id));
	} else if (once_by(t, "header")) {
		call.header_name = json_get_text(t->once, "name");
		call.header_value = key;
	}
	call.request = t->create;
	call.body = body;
	r = engine_call(g, &call, &reply, e);
	if (r == -EEXIST && our_id)
		return made_before(g, t, our_id, ret, e);
	if (r < 0)
		return r;
	r = created(g, t, &reply, our_id, ret, e);
	if (r < 0)
		return r == -ENOENT ? r : undecided(r, e);
	return json_get(t->create, "ignored") ? insist(g, t, doc, ret, e) : 0;
}

struct search {
	struct engine *g;
	const struct manifest_type *t;
	const cJSON *doc;
	int64_t sent_ms; /* in the tool's clock */
	int best;	 /* agreement() of the one that was found; -1: no candidate yet */
	struct remote *found;
	_Bool untouched; /* since it was made */
};

/*
 * How well a record of the tool's agrees with what was sent: the number of equal fields, and more when its time
 * fits, too; -1 when it cannot be the one. The key, required fields and references must be equal; others may have
 * been tidied up by the tool.
 */
static int agreement(const struct search *s, const cJSON *record, const cJSON *found)
{
	int64_t created_ms = map_instant(record, s->t->created, s->t->stamp_as);
	int equal = 0;

	if (created_ms && created_ms < s->sent_ms - FIND_WRONG_CLOCK_MS)
		return -1;
	if (!created_ms || created_ms >= s->sent_ms - FIND_SLACK_MS)
		equal = FITS_CLOCK;
	for (size_t i = 0; i < s->t->map.count; i++) {
		const struct map_field *f = &s->t->map.fields[i];
		const cJSON *sent = json_get(s->doc, f->field->name);
		_Bool strict = f->field->flags & (FIELD_KEY | FIELD_REQUIRED);

		if (!f->at || !sent || f->write == WRITE_NEVER)
			continue;
		if (f->field->kind == FIELD_REF)
			strict = json_get(sent, f->by_name ? "name" : "id") != NULL;
		if (map_same(f->field, sent, json_get(found, f->field->name)))
			equal++;
		else if (strict)
			return -1;
	}
	return equal;
}

static int consider(struct search *s, const cJSON *record, struct err *e)
{
	struct remote candidate = {0};
	int r = engine_remote(s->g, s->t, record, &candidate, e), score;

	if (r < 0)
		return r;
	score = agreement(s, record, candidate.doc);
	if (score <= s->best) {
		remote_finish(&candidate);
		return 0;
	}
	/* Nobody has touched it since it was made: we were interrupted before insist(). */
	s->untouched = map_instant(record, s->t->updated, s->t->stamp_as) <=
		       map_instant(record, s->t->created, s->t->stamp_as);
	remote_finish(s->found);
	*s->found = candidate;
	s->best = score;
	return 0;
}

static int consider_page(void *context, const cJSON *records, struct err *e)
{
	const cJSON *record;
	int r = 0;

	cJSON_ArrayForEach (record, records) {
		r = consider(context, record, e);
		if (r < 0)
			break;
	}
	return r;
}

/* A request that gives one record, or 404 when there is none. */
static int search_one(struct search *s, const struct call *call, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	const char *pointer = json_get_text(call->request, "record");
	struct err why = {0};
	int r = engine_call(s->g, call, &reply, &why);

	/* What we made we may see: another's has the name, and making ours will be refused. */
	if (r == -EACCES && why.http_status == 403)
		return err_set(e, ENOENT, "%s", why.text);
	if (r < 0) {
		if (e)
			*e = why;
		return r;
	}
	if (!cJSON_IsObject(json_at(reply.json, pointer)))
		return engine_odd(s->g, &reply, pointer, e);
	return consider(s, json_at(reply.json, pointer), e);
}

static int search(struct search *s, const cJSON *body, struct err *e)
{
	const cJSON *find = json_get(s->t->once, "find");
	struct listing listing = {
		.call = {.type = s->t, .request = find, .body = body},
		.page = s->t->page,
		.records = json_get_text(find, "records"),
		.id = s->t->id,
	};
	int64_t date_ms;
	_Bool proven = 1;
	int r;

	if (listing.records)
		r = engine_pages(s->g, &listing, consider_page, s, &proven, &date_ms, e);
	else
		r = search_one(s, &listing.call, e);
	if (r < 0 || s->best >= 0)
		return r;
	/* It may be the very one that moved from a page to be read to one that was. */
	if (!proven)
		return err_set(e, EIO, "%s changed its list of %s while it was read", s->g->link.name,
			s->t->type->plural);
	return err_set(e, ENOENT, "%s does not have it", s->g->link.name);
}

static int under_way(const struct engine *g, int64_t sent_ms, struct err *e)
{
	int r = err_set(e, EAGAIN, "%s may still be making it", g->link.name);

	if (e) {
		e->retry = ERR_LATER;
		e->retry_at_ms = sent_ms + UNDER_WAY_MS;
	}
	return r;
}

int engine_find(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key, int64_t sent_ms,
	struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_json_ cJSON *body = NULL;
	struct map_env env = engine_env(g, key, NULL);
	struct remote found = {0};
	struct search s = {.g = g, .t = t, .doc = doc, .best = -1, .found = &found};
	char uuid[STABLE_UUID_SIZE], *text = NULL;
	int r;

	if (!t || !t->create)
		return t ? err_set(e, EOPNOTSUPP, "%s makes no new %s", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	if (once_by(t, "id")) {
		r = engine_get(link, type, stable_uuid(key, uuid), ret, e);
		return r == -ENOENT ? r : undecided(r, e);
	}
	/* The tool itself gives the same answer to the same key: sending it again is safe. */
	if (once_by(t, "header"))
		return err_set(e, ENOENT, "%s recognises a request that is sent again", link->name);
	r = engine_check(link, &text, e); /* sets g->skew_ms, so that both times are in the tool's clock */
	free(text);
	s.sent_ms = sent_ms + g->skew_ms;
	if (r == 0)
		r = map_create((struct mapping *)&t->map, &env, doc, &body, e);
	if (r == 0)
		r = search(&s, body, e);
	if (r == 0 && s.untouched && json_get(t->create, "ignored"))
		r = insist(g, t, doc, &found, e);
	if (r < 0) {
		remote_finish(&found);
		if (r == -ENOENT && clock_now_ms() < sent_ms + UNDER_WAY_MS)
			return under_way(g, sent_ms, e);
		return r == -ENOENT ? r : undecided(r, e);
	}
	*ret = found;
	return 0;
}

/*
 * Changes as a whole record for tools that replace everything: the base with the changes in it, as far as it
 * is ours to set.
 */
static cJSON *full_record(const struct manifest_type *t, const cJSON *changes, const cJSON *base)
{
	cJSON *full = cJSON_CreateObject();

	for (size_t i = 0; i < t->map.count; i++) {
		const char *name = t->map.fields[i].field->name;
		const cJSON *value = json_get(changes, name) ? json_get(changes, name) : json_get(base, name);

		if (value && t->map.fields[i].write == WRITE_ALWAYS)
			json_set(full, name, cJSON_Duplicate(value, 1));
	}
	return full;
}

/* 403 is also what some tools say for a record that is gone: ask once more. */
static int gone_or(struct engine *g, const struct manifest_type *t, const char *id, int r, struct err *e)
{
	struct remote now = {0};

	if (r != -EACCES || engine_get(&g->link, t->type->id, id, &now, NULL) != -ENOENT) {
		remote_finish(&now);
		return r;
	}
	return err_set(e, ENOENT, "%s does not have this any more", g->link.name);
}

int engine_change(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *body,
	struct reply *reply, const cJSON **ret, struct err *e)
{
	struct call call = {.type = t, .request = t->update, .id = id, .body = body};
	int r = engine_call(g, &call, reply, e);

	if (r < 0)
		return gone_or(g, t, id, r, e);
	*ret = returned_record(t, t->update, reply->json);
	if (*ret)
		return 0;
	reply_finish(reply);
	return after_effect(engine_record(g, t, id, reply, ret, e), e);
}

int engine_changes(struct engine *g, const struct manifest_type *t, const cJSON *changes, const cJSON *base,
	cJSON **ret, struct err *e)
{
	_cleanup_json_ cJSON *full = NULL;
	struct map_env env = engine_env(g, NULL, base);

	if (str_equal(json_get_text(t->update, "send"), "full"))
		full = full_record(t, changes, base);
	return map_changes((struct mapping *)&t->map, &env, full ? full : changes, ret, e);
}

int engine_update(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
	const cJSON *base, struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_json_ cJSON *body = NULL;
	const cJSON *record;
	int r;

	if (!t || !t->update)
		return t ? err_set(e, EOPNOTSUPP, "%s changes no %s", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	/* Everything that can be wrong with the change is found before the first step. */
	r = engine_changes(g, t, changes, base, &body, e);
	if (r == 0)
		r = engine_steps(g, t, id, changes, base, e);
	if (r == 0)
		r = engine_change(g, t, id, body, &reply, &record, e);
	if (r == 0)
		r = engine_arrived(g, t, changes, record, e);
	return r < 0 ? r : after_effect(engine_remote(g, t, record, ret, e), e);
}

int engine_remove(struct tool_link *link, enum type_id type, const char *id, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	int r;

	if (!t || !t->remove)
		return t ? err_set(e, EOPNOTSUPP, "%s removes no %s", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	r = engine_call(g, &(struct call){.type = t, .request = t->remove, .id = id}, &reply, e);
	r = gone_or(g, t, id, r, e);
	return r == -ENOENT ? 0 : r; /* gone already is what was wanted */
}

int engine_restore(
	struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	const cJSON *record;
	int r;

	if (!t || !t->restore)
		return t ? err_set(e, EOPNOTSUPP, "%s brings no %s back", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	r = engine_call(g, &(struct call){.type = t, .request = t->restore, .id = id}, &reply, e);
	if (r < 0)
		return r;
	record = returned_record(t, t->restore, reply.json);
	return record ? engine_remote(g, t, record, ret, e) : engine_get(link, type, id, ret, e);
}
