/* SPDX-License-Identifier: Apache-2.0 */
/* A new record: create, and finding again what an earlier try may have made. */
#include <errno.h>
#include <string.h>

#include "connect/change.h"
#include "connect/map_write.h"
#include "connect/stable.h"
#include "connect/words.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/*
 * How far "created" may lie before our sending: rounding, and clocks that were compared to the second. Tools that
 * do not tell the time, or another one than they stamp with, may be wrong by a time zone or a day: what fits only
 * then counts less than anything that fits the clock.
 */
enum { FIND_SLACK_MS = 120000, FIND_WRONG_CLOCK_MS = 26 * 3600000, FITS_CLOCK = 1000 };

/* Keys are sent again only while the tool surely knows them. */
enum { KEEP_SLACK_MS = 3600000 };

/* A request that was cut off may still be worked on: that long "not there" is no answer. */
enum { UNDER_WAY_MS = 10000 };

static _Bool once_by(const struct manifest_type *t, const char *way)
{
	return str_equal(json_get_text(t->once, "by"), way);
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
	const char *pointer = json_get_text(t->create, "id");
	const cJSON *record = engine_returned(t, t->create, reply->json);
	_cleanup_(mem_freep) char *id = str_dup(our_id);

	if (record)
		return engine_remote(g, t, record, ret, e);
	if (!id)
		id = pointer ? str_dup(json_scalar(json_at(reply->json, pointer)))
			     : manifest_id(&t->id, reply->json);
	return id ? engine_get(&g->link, t->type->id, id, ret, e)
		  : engine_odd(g, reply, pointer ? pointer : t->id.at[0], e);
}

/*
 * Some tools set a few fields of a new record themselves, whatever it says (Redmine's first status follows a
 * workflow), and some fields have requests of their own. What is missing is sent as a change; if they refuse that, the
 * caller sees it in the record. When it cannot be sent now, the create is not at its end: the caller would take the tool's values
 * for the tool's decision.
 */
static int insist(
	struct engine *g, const struct manifest_type *t, const cJSON *doc, struct remote *made, struct err *e)
{
	_cleanup_json_ cJSON *changes = cJSON_CreateObject();
	struct remote changed = {0};
	struct err why = {0};
	_Bool all = json_get(t->create, "ignored") != NULL;
	int r;

	for (size_t i = 0; i < t->map.count; i++) {
		const struct map_field *f = &t->map.fields[i];
		const cJSON *sent = json_get(doc, f->field->name);

		if (sent && f->at && (map_apart(f) || (all && f->write == WRITE_ALWAYS)) &&
			!(f->field->kind == FIELD_REF && !json_get(sent, "id")) &&
			!map_same(f->field, sent, json_get(made->doc, f->field->name)))
			json_set(changes, f->field->name, cJSON_Duplicate(sent, 1));
	}
	if (!changes->child)
		return 0;
	r = engine_update(&g->link, t->type->id, made->id, changes, made->doc, &changed, &why);
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

/* The parent that a record was made in is in its id, and in no answer. */
static void name_parent(const struct manifest_type *t, const cJSON *body, cJSON *answer)
{
	const char *pointer = json_get_text(t->create, "record"), *each = json_get_text(body, "@each");
	cJSON *record;

	if (!pointer)
		pointer = json_get_text(t->one, "record");
	record = json_at(answer, pointer ? pointer : "");
	if (each && cJSON_IsObject(record))
		json_set_text(record, "@each", each);
}

int engine_create(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key,
	struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_json_ cJSON *body = NULL, *query = NULL;
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
	} else if (once_by(t, "ref")) {
		json_put(body, json_get_text(t->once, "to"), cJSON_CreateString(key));
	} else if (once_by(t, "header")) {
		call.header = (struct http_field){json_get_text(t->once, "name"), key};
	} else if (once_by(t, "query")) {
		query = cJSON_CreateObject();
		json_set_text(query, json_get_text(t->once, "name"), key);
		call.query = query;
	}
	call.request = t->create;
	call.body = body;
	call.sends = 1;
	call.once = key;
	r = engine_call(g, &call, &reply, e);
	if (r == -EEXIST && our_id)
		return made_before(g, t, our_id, ret, e);
	if (r < 0)
		return r;
	name_parent(t, body, reply.json);
	r = created(g, t, &reply, our_id, ret, e);
	if (r < 0)
		return r == -ENOENT ? r : undecided(r, e);
	return insist(g, t, doc, ret, e);
}

struct search {
	struct engine *g;
	const struct manifest_type *t;
	const cJSON *doc;
	const char *key;
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

		/* What has requests of its own is sent when the record is there: a create that was cut off lacks it. */
		if (!f->at || !sent || f->write == WRITE_NEVER || map_apart(f))
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

/* The tool keeps our key: nothing else has to agree. */
static int by_key(const struct search *s, const cJSON *record)
{
	const char *key = json_scalar(json_at(record, json_get_text(s->t->once, "to")));

	return str_equal(key, s->key) ? FITS_CLOCK : -1;
}

static int consider(struct search *s, const cJSON *record, struct err *e)
{
	struct remote candidate = {0};
	int r = engine_remote(s->g, s->t, record, &candidate, e), score;

	if (r < 0)
		return r;
	score = candidate.deleted      ? -1
		: once_by(s->t, "ref") ? by_key(s, record)
				       : agreement(s, record, candidate.doc);
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
	struct listing listing = engine_listing(s->t, find, s->t->page);
	int64_t date_ms;
	_Bool proven = 1;
	int r;

	listing.call.body = body;
	listing.call.once = s->key;
	listing.call.scope = ERR_RECORD;
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

/* For how long a tool knows a key that it has seen is in the manifest; an hour less is safe. */
static _Bool remembers(const struct manifest_type *t, int64_t sent_ms)
{
	const char *keep = json_get_text(t->once, "keep");
	int64_t keep_ms;

	return !keep || words_time(keep, &keep_ms) < 0 || clock_now_ms() - sent_ms < keep_ms - KEEP_SLACK_MS;
}

int engine_find(struct tool_link *link, enum type_id type, const cJSON *doc, const char *key, int64_t sent_ms,
	struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_json_ cJSON *body = NULL;
	struct map_env env = engine_env(g, key, NULL);
	struct remote found = {0};
	struct search s = {.g = g, .t = t, .doc = doc, .key = key, .best = -1, .found = &found};
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
	if ((once_by(t, "header") || once_by(t, "query")) && remembers(t, sent_ms))
		return err_set(e, ENOENT, "%s recognises a request that is sent again", link->name);
	r = engine_check(link, &text, e); /* sets g->skew_ms, so that both times are in the tool's clock */
	free(text);
	s.sent_ms = sent_ms + g->skew_ms;
	if (r == 0)
		r = map_create((struct mapping *)&t->map, &env, doc, &body, e);
	if (r == 0)
		r = search(&s, body, e);
	if (r == 0 && s.untouched)
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
