/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a record that the tool has: update, remove, restore. */
#include "connect/change.h"

#include <errno.h>
#include <string.h>

#include "connect/map_write.h"
#include "connect/steps.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/*
 * Changes as a whole record for tools that replace everything: the base with the changes in it, as far as it
 * is ours to set.
 */
static cJSON *full_record(const struct manifest_type *t, const cJSON *changes, const cJSON *base)
{
	cJSON *full = cJSON_CreateObject();

	for (size_t i = 0; i < t->map.count; i++) {
		const struct map_field *f = &t->map.fields[i];
		const char *name = f->field->name;
		const cJSON *value = json_get(changes, name) ? json_get(changes, name) : json_get(base, name);

		/* What cannot be taken away is not "taken away" where it is empty anyhow. */
		if (cJSON_IsFalse(f->clear) && cJSON_IsNull(value) && !json_get(changes, name))
			continue;
		if (value && f->write == WRITE_ALWAYS && !map_apart(f))
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

int engine_after_effect(int r, struct err *e)
{
	if (r < 0 && r != -ENOENT && e)
		e->sent = 1;
	return r;
}

const cJSON *engine_returned(const struct manifest_type *t, const cJSON *request, const cJSON *json)
{
	const char *pointer = json_get_text(request, "record"), *returns = json_get_text(request, "returns");
	_cleanup_(mem_freep) char *id = NULL;
	const cJSON *record;

	if (returns && strcmp(returns, "record") != 0)
		return NULL;
	if (!pointer)
		pointer = json_get_text(t->one, "record");
	record = json_at(json, pointer ? pointer : "");
	id = cJSON_IsObject(record) ? manifest_id(&t->id, record) : NULL;
	return id ? record : NULL;
}

/* Objects member by member; lists and everything else are replaced. */
static void merge_into(cJSON *target, const cJSON *changes)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, changes) {
		cJSON *old = json_get(target, member->string);

		if (cJSON_IsObject(old) && cJSON_IsObject(member))
			merge_into(old, member);
		else
			json_set(target, member->string, cJSON_Duplicate(member, 1));
	}
}

/* What is sent: the changes, or for a tool that replaces all of it, its own record as it is now with the changes in it. */
static int whole_record(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *body,
	cJSON **ret, struct err *e)
{
	_cleanup_(reply_finish) struct reply reply = {0};
	const cJSON *record;
	int r;

	if (!str_equal(json_get_text(t->update, "send"), "whole")) {
		*ret = cJSON_Duplicate(body, 1);
		return 0;
	}
	r = engine_record(g, t, id, &reply, &record, e);
	if (r < 0)
		return r;
	*ret = cJSON_Duplicate(record, 1);
	merge_into(*ret, body);
	return 0;
}

int engine_change(struct engine *g, const struct manifest_type *t, const char *id, const cJSON *body,
	struct reply *reply, const cJSON **ret, struct err *e)
{
	const char *header = json_get_text(t->guard, "header"), *to = json_get_text(t->guard, "to");
	_cleanup_(mem_freep) char *version = NULL;
	_cleanup_json_ cJSON *whole = NULL;
	struct call call = {.type = t, .request = t->update, .id = id, .sends = 1};
	int r = whole_record(g, t, id, body, &whole, e);

	if (r == 0)
		r = engine_version(g, t, id, &version, e);
	if (r < 0)
		return r;
	call.body = whole;
	call.version = version;
	if (version && header)
		call.header = (struct http_field){header, version};
	if (version && to)
		json_put(whole, to, cJSON_CreateString(version));
	r = engine_call(g, &call, reply, e);
	if (r < 0)
		return gone_or(g, t, id, r, e);
	*ret = engine_returned(t, t->update, reply->json);
	if (*ret)
		return 0;
	reply_finish(reply);
	return engine_after_effect(engine_record(g, t, id, reply, ret, e), e);
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

/* ---- only in some states ---- */

/* Refuses what @request says is not possible now. @ret_first: it is after the steps that @changes wants. */
static int check_when(struct engine *g, const cJSON *request, const cJSON *doc, const cJSON *changes,
	_Bool *ret_first, struct err *e)
{
	const cJSON *when;

	*ret_first = 0;
	cJSON_ArrayForEach (when, json_get(request, "when")) {
		_cleanup_(mem_freep) char *allowed = NULL;
		const char *now = json_scalar(json_get(doc, when->string));

		if (now && engine_among(when, now))
			continue;
		if (engine_among(when, json_scalar(json_get(changes, when->string)))) {
			*ret_first = 1;
			continue;
		}
		allowed = json_print(when);
		return err_field(e, EPERM, when->string,
			"%s takes this only while \"%s\" is %s; it is \"%s\"", g->link.name, when->string,
			allowed, now ? now : "nothing");
	}
	return 0;
}

/* As above, with the record as the tool has it now. */
static int check_current(struct engine *g, const struct manifest_type *t, const cJSON *request,
	const char *id, const cJSON *doc, const cJSON *changes, _Bool *ret_first, struct err *e)
{
	struct remote now = {0};
	int r = 0;

	*ret_first = 0;
	if (!json_get(request, "when"))
		return 0;
	if (!doc)
		r = engine_get(&g->link, t->type->id, id, &now, e);
	if (r == 0)
		r = check_when(g, request, doc ? doc : now.doc, changes, ret_first, e);
	remote_finish(&now);
	return r;
}

/* ---- update ---- */

struct update {
	struct engine *g;
	const struct manifest_type *t;
	const char *id;
	const cJSON *changes, *base;
	cJSON *plain, *body; /* what is sent with the record: in our form and in the tool's */
	cJSON *alone;	     /* fields with a request of their own: name -> body in the tool's form */
};

static void update_finish(struct update *u)
{
	cJSON_Delete(u->plain);
	cJSON_Delete(u->body);
	cJSON_Delete(u->alone);
}

/* A state of ours that the tool has no word for. */
static int known_state(const struct engine *g, const struct map_field *f, const cJSON *change, struct err *e)
{
	const char *ours = json_text(change);

	if (ours && !map_their_word(f, ours))
		return err_field(
			e, EINVAL, f->field->name, "%s has nothing that means \"%s\"", g->link.name, ours);
	return 0;
}

/* Everything that can be wrong with the change is found before anything is sent. */
static int prepare(struct update *u, struct err *e)
{
	struct map_env env = engine_env(u->g, NULL, u->base);
	const cJSON *change;
	int r = 0;

	u->plain = cJSON_CreateObject();
	u->alone = cJSON_CreateObject();
	cJSON_ArrayForEach (change, u->changes) {
		const struct map_field *f = mapping_find(&u->t->map, change->string);
		_cleanup_json_ cJSON *one = cJSON_CreateObject();
		cJSON *body = NULL;

		if (f && f->write == WRITE_STEP) {
			r = known_state(u->g, f, change, e);
			if (r < 0)
				return r;
			continue;
		}
		json_set(f && map_apart(f) ? one : u->plain, change->string, cJSON_Duplicate(change, 1));
		if (!one->child)
			continue;
		if (cJSON_IsNull(change) && !f->empty)
			return err_field(e, EPERM, change->string, "%s cannot take \"%s\" away",
				u->g->link.name, change->string);
		r = map_changes((struct mapping *)&u->t->map, &env, one, &body, e);
		if (r < 0)
			return r;
		json_set(u->alone, change->string, body);
	}
	if (u->plain->child && !u->t->update)
		return err_set(e, EOPNOTSUPP, "%s changes no %s", u->g->link.name, u->t->type->plural);
	return u->plain->child ? engine_changes(u->g, u->t, u->plain, u->base, &u->body, e) : 0;
}

static int send_alone(struct update *u, struct err *e)
{
	const cJSON *body;
	int r = 0;

	cJSON_ArrayForEach (body, u->alone) {
		_cleanup_(reply_finish) struct reply reply = {0};
		const struct map_field *f = mapping_find(&u->t->map, body->string);
		struct call call = {.type = u->t, .request = f->send, .id = u->id, .body = body};

		r = engine_call(u->g, &call, &reply, e);
		if (r < 0)
			break;
	}
	return r;
}

static int send_record(struct update *u, struct reply *reply, const cJSON **ret, struct err *e)
{
	int r = engine_steps(u->g, u->t, u->id, u->changes, u->base, WRITE_ALWAYS, e);

	return r < 0 ? r : engine_change(u->g, u->t, u->id, u->body, reply, ret, e);
}

static int perform(struct update *u, struct reply *reply, const cJSON **record, struct err *e)
{
	_Bool first = 0;
	int r = u->plain->child
			? check_current(u->g, u->t, u->t->update, u->id, u->base, u->changes, &first, e)
			: 0;

	if (r == 0 && first)
		r = engine_steps(u->g, u->t, u->id, u->changes, u->base, WRITE_STEP, e);
	if (r == 0 && u->plain->child)
		r = send_record(u, reply, record, e);
	if (r == 0)
		r = send_alone(u, e);
	if (r == 0 && !first)
		r = engine_steps(u->g, u->t, u->id, u->changes, u->base, WRITE_STEP, e);
	/* What was not sent with the record is not in its answer. */
	if (r == 0 && (!*record || cJSON_GetArraySize(u->changes) > cJSON_GetArraySize(u->plain))) {
		reply_finish(reply);
		r = engine_after_effect(engine_record(u->g, u->t, u->id, reply, record, e), e);
	}
	return r;
}

int engine_update(struct tool_link *link, enum type_id type, const char *id, const cJSON *changes,
	const cJSON *base, struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(update_finish) struct update u = {
		.g = g, .t = t, .id = id, .changes = changes, .base = base};
	_cleanup_(reply_finish) struct reply reply = {0};
	const cJSON *record = NULL;
	int r;

	if (!t)
		return -EOPNOTSUPP;
	r = prepare(&u, e);
	if (r == 0)
		r = perform(&u, &reply, &record, e);
	if (r == 0)
		r = engine_arrived(g, t, changes, record, e);
	return r < 0 ? r : engine_after_effect(engine_remote(g, t, record, ret, e), e);
}

/* ---- remove, restore ---- */

int engine_remove(struct tool_link *link, enum type_id type, const char *id, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	_Bool first;
	int r;

	if (!t || !t->remove)
		return t ? err_set(e, EOPNOTSUPP, "%s removes no %s", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	r = check_current(g, t, t->remove, id, NULL, NULL, &first, e);
	if (r == 0) {
		_cleanup_(mem_freep) char *version = NULL;

		r = engine_version(g, t, id, &version, e);
		if (r == 0)
			r = engine_call(g,
				&(struct call){.type = t, .request = t->remove, .id = id, .version = version},
				&reply, e);
	}
	r = gone_or(g, t, id, r, e);
	return r == -ENOENT ? 0 : r; /* gone already is what was wanted */
}

int engine_restore(
	struct tool_link *link, enum type_id type, const char *id, struct remote *ret, struct err *e)
{
	struct engine *g = (struct engine *)link;
	const struct manifest_type *t = engine_type(link, type, e);
	_cleanup_(reply_finish) struct reply reply = {0};
	_cleanup_(mem_freep) char *version = NULL;
	const cJSON *record;
	int r;

	if (!t || !t->restore)
		return t ? err_set(e, EOPNOTSUPP, "%s brings no %s back", link->name, t->type->plural)
			 : -EOPNOTSUPP;
	r = engine_version(g, t, id, &version, e);
	if (r == 0)
		r = engine_call(g,
			&(struct call){.type = t, .request = t->restore, .id = id, .version = version},
			&reply, e);
	if (r < 0)
		return r;
	record = engine_returned(t, t->restore, reply.json);
	return record ? engine_remote(g, t, record, ret, e) : engine_get(link, type, id, ret, e);
}
