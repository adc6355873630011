/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/lint.h"

#include <errno.h>
#include <string.h>

#include "connect/map_write.h"
#include "connect/template.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { FORMAT = 1 };

/* A member that holds a request must say how and where. */
int lint_verb(struct check *c, const cJSON *request, const char *name)
{
	size_t mark = check_enter(c, name);
	const char *path;
	int r = 0;

	if (request && !words_verb(request, &path))
		r = check_bad(c, "one of \"get\", \"post\", \"put\", \"patch\", \"delete\" is missing");
	check_leave(c, mark);
	return r;
}

/* Whether a request itself says where the page begins. */
static _Bool says_page(const struct check *c, const char *by)
{
	_cleanup_(mem_freep) char *text = json_print(c->root);
	_cleanup_(mem_freep) char *name = str_format("{%s}", strcmp(by, "last_id") == 0 ? "cursor" : by);

	return strstr(text, name) != NULL;
}

/* What each way of paging cannot do without. */
static int page_words(struct check *c, const cJSON *page)
{
	const char *by = json_get_text(page, "by");

	if (strcmp(by, "none") == 0)
		return 0;
	if (!json_get(page, "param") && strcmp(by, "link") != 0 && !says_page(c, by))
		return check_bad(c, "paging by %s needs \"param\"", by);
	if (!json_get(page, "next") && strcmp(by, "cursor") == 0)
		return check_bad(c, "paging by cursor needs \"next\": where the answer holds it");
	if (!json_get(page, "size") != !json_get(page, "max"))
		return check_bad(c, "\"size\" (the parameter) and \"max\" (its value) go together");
	return lint_verb(c, json_get(page, "then"), "then");
}

/* @holder may have a "page". */
static int lint_page(struct check *c, const cJSON *holder)
{
	const cJSON *page = json_get(holder, "page");
	size_t mark = check_enter(c, "page");
	int r = page ? page_words(c, page) : 0;

	check_leave(c, mark);
	return r;
}

/* A member that is a listing of its own. */
static int lint_listing(struct check *c, const cJSON *request, const char *name)
{
	int r = lint_verb(c, request, name);
	size_t mark = check_enter(c, name);

	r = r < 0 ? r : lint_page(c, request);
	check_leave(c, mark);
	return r;
}

static int once_words(struct check *c, const cJSON *once)
{
	const char *by = json_get_text(once, "by");
	const cJSON *find = json_get(once, "find");

	if ((strcmp(by, "find") == 0 || strcmp(by, "unique") == 0 || strcmp(by, "ref") == 0) && !find)
		return check_bad(c, "once by %s needs \"find\"", by);
	if (find && !json_get(find, "records") == !json_get(find, "record"))
		return check_bad(c, "once.find needs either \"records\" or \"record\"");
	if ((strcmp(by, "id") == 0 || strcmp(by, "ref") == 0) && !json_get(once, "to"))
		return check_bad(c, "once by %s needs \"to\": where our key is sent", by);
	if ((strcmp(by, "header") == 0 || strcmp(by, "query") == 0) && !json_get(once, "name"))
		return check_bad(c, "once by %s needs \"name\"", by);
	if (json_get(once, "keep") && !find)
		return check_bad(
			c, "what the tool does not remember for ever has to be found: \"find\" is missing");
	return lint_listing(c, find, "find");
}

static int lint_once(struct check *c, const struct manifest_type *t)
{
	size_t mark;
	int r;

	if (!t->once)
		return t->create
			       ? check_bad(c,
					 "\"once\" is missing: how a create that was cut off is found again")
			       : 0;
	mark = check_enter(c, "once");
	r = once_words(c, t->once);
	check_leave(c, mark);
	return r;
}

/* What is archived and could not be brought back would be made twice. */
static int lint_restore(struct check *c, const struct manifest_type *t)
{
	const char *means = json_get_text(t->remove, "means");

	if (t->restore && (!means || strcmp(means, "erase") == 0))
		return check_bad(c, "\"restore\" needs a \"delete\" that keeps the record");
	if (!t->restore && str_equal(means, "archive"))
		return check_bad(c, "\"restore\" is missing: how what was archived is brought back");
	return 0;
}

static int lint_state(struct check *c, const struct map_field *f, const char *theirs)
{
	if (strcmp(theirs, "*") == 0 && f->write == WRITE_STEP)
		return 0;
	return map_our_word(f, theirs) ? 0 : check_bad(c, "nothing in \"values\" stands for \"%s\"", theirs);
}

/* One request on the way to a state. */
static int lint_request(struct check *c, const cJSON *request)
{
	const char *path;

	if (!words_verb(request, &path))
		return check_bad(c, "one of \"get\", \"post\", \"put\", \"patch\", \"delete\" is missing");
	return lint_verb(c, json_get(request, "choose"), "choose");
}

/* What follows a state: words in a list, or an object of words with the requests that lead there. */
static int lint_follow(struct check *c, const struct map_field *f, const cJSON *follow)
{
	const cJSON *next, *request, *list;
	int r = 0;

	if (cJSON_IsArray(follow) && !follow->child)
		return 0;
	if (cJSON_IsObject(follow) != (f->write == WRITE_STEP))
		return check_bad(c, "states that are reached by requests are an object, and their field has "
				    "\"write\": \"step\"");
	cJSON_ArrayForEach (next, follow) {
		size_t mark = check_enter(c, next->string ? next->string : "0");

		r = lint_state(c, f, next->string ? next->string : json_scalar(next));
		if (r == 0 && cJSON_IsObject(next))
			r = lint_request(c, next);
		list = cJSON_IsArray(next) ? next : NULL;
		cJSON_ArrayForEach (request, list)
			r = r < 0 ? r : lint_request(c, request);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	return json_scalar(follow) ? lint_state(c, f, json_scalar(follow)) : 0;
}

static int lint_graph(struct check *c, const struct manifest_type *t, const cJSON *graph)
{
	const struct map_field *f = mapping_find(&t->map, graph->string);
	const cJSON *state;
	int r = 0;

	if (!f || !f->at || (f->write != WRITE_ALWAYS && f->write != WRITE_STEP) ||
		(f->field->kind != FIELD_CHOICE && f->field->kind != FIELD_TEXT))
		return check_bad(
			c, "\"%s\" is no choice or text that is both read and written", graph->string);
	cJSON_ArrayForEach (state, graph) {
		size_t mark = check_enter(c, state->string);

		r = lint_state(c, f, state->string);
		if (r == 0)
			r = lint_follow(c, f, state);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	return 0;
}

static int lint_steps(struct check *c, const struct manifest_type *t)
{
	size_t outer = check_enter(c, "steps");
	const cJSON *graph;
	int r = 0;

	cJSON_ArrayForEach (graph, t->steps) {
		size_t mark = check_enter(c, graph->string);

		r = r < 0 ? r : lint_graph(c, t, graph);
		check_leave(c, mark);
	}
	check_leave(c, outer);
	return r;
}

static int lint_changes(struct check *c, const struct manifest_type *t)
{
	size_t mark = check_enter(c, "changes");
	const cJSON *list = json_get(t->changes, "list");
	int r = 0;

	if (t->events && (!list || !json_get(t->changes, "id") || !json_get(t->changes, "at")))
		r = check_bad(
			c, "changes by events need \"list\", \"id\" (of the record) and \"at\" (the time)");
	else if (t->changes && !t->events && !t->updated)
		r = check_bad(c, "changes by since need fields.updated");
	else if (t->changes && !list && !json_get(t->changes, "query") && !json_get(t->changes, "headers") &&
		 !json_get(t->changes, "body"))
		r = check_bad(c, "changes by since need \"query\", \"headers\", \"body\" or \"list\": where "
				 "{since} goes");
	if (r == 0)
		r = lint_listing(c, list, "list");
	check_leave(c, mark);
	return r < 0 ? r : lint_listing(c, t->removed, "removed");
}

/* "{field}" in what goes along with a value is a field of the record. */
static int lint_along(struct check *c, const struct manifest_type *t, const struct mapping *m)
{
	const cJSON *along;

	for (size_t i = 0; i < m->count; i++) {
		cJSON_ArrayForEach (along, m->fields[i].with) {
			_cleanup_(mem_freep) char *name = map_along_field(along);

			if (name && !mapping_find(&t->map, name))
				return check_bad(c, "\"with\" of %s: \"%s\" is not among the fields",
					m->fields[i].field->name, name);
		}
		if (lint_along(c, t, &m->fields[i].lines) < 0)
			return -EINVAL;
	}
	return 0;
}

/* A parent's id that is in no record has to be part of the record's own, or get() could not tell it. */
static int lint_fields(struct check *c, const struct manifest_type *t)
{
	const char *each = json_get_text(t->list, "each");
	_Bool part = 0;

	for (int i = 0; i < t->id.count; i++)
		part |= str_equal(t->id.at[i], "/@each");
	if (each && !type_by_name(each) && !json_get(json_get(c->root, "lookups"), each))
		return check_bad(c, "list.each: there is no type and no lookup \"%s\"", each);
	for (size_t i = 0; i < t->map.count; i++) {
		const struct map_field *f = &t->map.fields[i];

		if (str_equal(f->at, "/@each") && !part)
			return check_bad(
				c, "\"/@each\" has to be part of fields.id, where a field is read from it");
		if (f->send && strcmp(f->field->name, "currency") == 0)
			return check_bad(c, "a currency goes with its amounts: alone (\"send\") it would "
					    "change what they are worth");
		if (f->write == WRITE_STEP && !json_get(t->steps, f->field->name))
			return check_bad(c, "\"steps\" says nothing of \"%s\"", f->field->name);
	}
	return 0;
}

int lint_type(struct check *c, const struct manifest_type *t, const cJSON *json)
{
	static const char *const requests[] = {
		"list", "one", "many", "create", "update", "delete", "restore"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(requests); i++)
		r = lint_verb(c, json_get(json, requests[i]), requests[i]);
	if (r == 0)
		r = lint_restore(c, t);
	if (r == 0 && !t->id.count)
		r = check_bad(c, "fields.id is missing: where the record's id is");
	if (r == 0)
		r = lint_changes(c, t);
	if (r == 0)
		r = lint_fields(c, t);
	if (r == 0)
		r = lint_along(c, t, &t->map);
	if (r == 0)
		r = lint_once(c, t);
	if (r == 0)
		r = lint_steps(c, t);
	return r < 0 ? r : lint_page(c, json);
}

/* The parts outside of types. */
int lint_head(struct check *c, const struct manifest *m)
{
	int64_t format = 0;
	const cJSON *json;
	int r = 0;

	check_enter(c, "format");
	if (json_int64(json_get(m->root, "format"), &format) < 0 || format != FORMAT)
		return check_bad(c, "this seamfs reads manifests of \"format\": %d", FORMAT);
	check_leave(c, 0);
	check_enter(c, "limits");
	if (!json_get(m->limits, "calls") != !json_get(m->limits, "per"))
		return check_bad(c, "\"calls\" and \"per\" go together");
	check_leave(c, 0);
	cJSON_ArrayForEach (json, m->settings) {
		size_t mark = check_enter(c, "settings");

		check_enter(c, json->string);
		if (template_known(NULL, NULL, json->string))
			return check_bad(c, "a setting cannot be called \"%s\": {%s} is a word of seamfs",
				json->string, json->string);
		check_leave(c, mark);
	}
	cJSON_ArrayForEach (json, m->lookups) {
		size_t mark = check_enter(c, "lookups");

		r = lint_listing(c, json, json->string);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	r = lint_verb(c, m->check, "check");
	return r < 0 ? r : lint_page(c, m->root);
}
