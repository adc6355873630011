/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of one type: list, one, create, update, delete, how a create is found again, and what changed. */
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* A request with its verb and path; added to @out. */
static cJSON *request(struct draft *d, const struct draft_type *t, cJSON *out, const char *name,
	const char *verb, const char *path, enum path_use use)
{
	_cleanup_(mem_freep) char *filled = path_fill(d, t, path, use);
	cJSON *object = cJSON_AddObjectToObject(out, name);

	json_set_text(object, verb, filled);
	return object;
}

/* Parameters that a request cannot do without and that have one value only, or a default. */
static void required_query(
	struct draft *d, const struct draft_type *t, const cJSON *item, const cJSON *operation, cJSON *out)
{
	struct params params;

	spec_params(d, item, operation, &params);
	for (size_t i = 0; i < params.count; i++) {
		const char *name = json_get_text(params.all[i], "name");
		const cJSON *schema = spec_param_schema(d, params.all[i]),
			    *value = json_get(schema, "default");
		const cJSON *words = json_get(schema, "enum");

		if (!str_equal(json_get_text(params.all[i], "in"), "query") ||
			!cJSON_IsTrue(json_get(params.all[i], "required")))
			continue;
		if (!json_scalar(value) && cJSON_GetArraySize(words) == 1)
			value = words->child;
		if (!json_scalar(value) || strpbrk(json_scalar(value), "{}")) {
			draft_ask(d, t->type->name, "\"%s\" wants the parameter \"%s\"", item->string, name);
			continue;
		}
		if (!json_get(out, "query"))
			cJSON_AddObjectToObject(out, "query");
		json_set_text(json_get(out, "query"), name, json_scalar(value));
	}
}

static void add_list(struct draft *d, const struct draft_type *t, cJSON *out)
{
	cJSON *list = request(d, t, out, "list", "get", t->list_path, PATH_LIST);

	required_query(d, t, t->list_item, spec_operation(t->list_item, "get"), list);
	json_set_text(list, "records", t->records);
	if (t->each)
		json_set_text(list, "each", t->parent->name);
}

static void add_one(struct draft *d, const struct draft_type *t, cJSON *out)
{
	cJSON *one = request(d, t, out, "one", "get", t->item_path, PATH_ITEM);

	required_query(d, t, t->one_item, spec_operation(t->one_item, "get"), one);
	if (*t->one_record)
		json_set_text(one, "record", t->one_record);
}

/* What comes back of a create or an update. */
static void add_returns(struct draft *d, const struct draft_type *t, const cJSON *operation, cJSON *out)
{
	const cJSON *answer = spec_answer(d, operation), *record;
	char at[DRAFT_POINTER];

	if (!answer || !place_find(d, answer, t->type->id, 0, at, &record)) {
		json_set_text(out, "returns", "nothing");
		return;
	}
	json_set_text(out, "returns", "record");
	if (*at)
		json_set_text(out, "record", at);
}

/* How many members of a record @schema has. */
static int overlap(struct draft *d, const struct draft_type *t, const cJSON *schema)
{
	struct members *record = mem_alloc(sizeof(*record)), *body = mem_alloc(sizeof(*body));
	int count = 0;

	spec_members(d, t->record, record);
	spec_members(d, schema, body);
	for (size_t i = 0; i < body->count; i++) {
		for (size_t j = 0; j < record->count; j++)
			count += strcmp(body->all[i].name, record->all[j].name) == 0;
	}
	free(record);
	free(body);
	return count;
}

/* Where in what is sent the record is, and its schema: the part that is most like a record. */
static const cJSON *body_place(
	struct draft *d, const struct draft_type *t, const cJSON *body, char at[DRAFT_POINTER])
{
	struct members *m = mem_alloc(sizeof(*m));
	int best = overlap(d, t, body);
	const cJSON *found = body;

	at[0] = '\0';
	spec_members(d, body, m);
	for (size_t i = 0; i < m->count; i++) {
		const cJSON *schema = spec_schema(d, m->all[i].schema);
		_Bool array = schema && strcmp(spec_type(schema), "array") == 0;
		const cJSON *inner = array ? spec_schema(d, json_get(schema, "items")) : schema;

		if (!inner || strpbrk(m->all[i].name, "~/") || strlen(m->all[i].name) > 100 ||
			overlap(d, t, inner) <= best)
			continue;
		best = overlap(d, t, inner);
		found = inner;
		snprintf(at, DRAFT_POINTER, "/%s%s", m->all[i].name, array ? "/0" : "");
	}
	free(m);
	return found;
}

/* The verb that changes a record: one for parts of it, if there is one. */
static const char *update_verb(const struct draft_type *t)
{
	return spec_operation(t->one_item, "patch")  ? "patch"
	       : spec_operation(t->one_item, "put")  ? "put"
	       : spec_operation(t->one_item, "post") ? "post"
						     : NULL;
}

void draft_bodies(struct draft *d, struct draft_type *t)
{
	const char *verb = update_verb(t);
	const cJSON *body;

	if (t->create_item) {
		body = spec_body(d, t->create_item, spec_operation(t->create_item, "post"));
		t->create_body = body ? body_place(d, t, body, t->create_wrap) : NULL;
	}
	if (verb) {
		body = spec_body(d, t->one_item, spec_operation(t->one_item, verb));
		t->update_body = body ? body_place(d, t, body, t->update_wrap) : NULL;
	}
}

static void add_create(struct draft *d, const struct draft_type *t, cJSON *out)
{
	cJSON *create;

	if (!t->create_item)
		return;
	create = request(d, t, out, "create", "post", t->create_path, PATH_CREATE);
	if (*t->create_wrap)
		json_set_text(create, "wrap", t->create_wrap);
	add_returns(d, t, spec_operation(t->create_item, "post"), create);
}

static void add_update(struct draft *d, const struct draft_type *t, cJSON *out)
{
	const char *verb = update_verb(t);
	cJSON *update;

	if (!verb)
		return;
	update = request(d, t, out, "update", verb, t->item_path, PATH_ITEM);
	if (*t->update_wrap)
		json_set_text(update, "wrap", t->update_wrap);
	json_set_text(update, "send", strcmp(verb, "put") == 0 ? "full" : "changed");
	add_returns(d, t, spec_operation(t->one_item, verb), update);
	if (strcmp(verb, "put") == 0)
		draft_ask(d, t->type->name,
			"update: whether PUT replaces the whole record, also what seamfs does not have (then "
			"leave it out), or takes a part (\"send\": \"changed\")");
}

static void add_delete(struct draft *d, const struct draft_type *t, cJSON *out)
{
	cJSON *delete;

	if (!spec_operation(t->one_item, "delete"))
		return;
	delete = request(d, t, out, "delete", "delete", t->item_path, PATH_ITEM);
	json_set_text(delete, "means", "erase");
	draft_ask(d, t->type->name,
		"delete: whether it erases for good, and what goes along with the record; else \"archive\", "
		"\"trash\" or \"void\"");
}

/* A filter of the listing by what people call the record. */
static void add_find_filter(struct draft *d, const struct draft_type *t, const cJSON *fields, cJSON *find)
{
	const struct field *key = type_key(t->type);
	const char *words = field_names(t->type->id, key->name);
	char word[DRAFT_WORD];
	struct params params;

	spec_params(d, t->list_item, spec_operation(t->list_item, "get"), &params);
	while (json_get(fields, key->name) && words && (words = word_next(words, word))) {
		const cJSON *param = spec_param(&params, "query", word);
		_cleanup_(mem_freep) char *value = str_format("{%s}", key->name);

		if (!param || strcmp(word, "id") == 0)
			continue;
		if (!json_get(find, "query"))
			cJSON_AddObjectToObject(find, "query");
		json_set_text(json_get(find, "query"), json_get_text(param, "name"), value);
		return;
	}
}

static const cJSON *idempotency_header(const struct params *params)
{
	static const char words[] = "idempotencykey xidempotencykey idempotencetoken paypalrequestid";
	const char *list = words;
	char word[DRAFT_WORD];

	while ((list = word_next(list, word))) {
		if (spec_param(params, "header", word))
			return spec_param(params, "header", word);
	}
	return NULL;
}

static void add_once(struct draft *d, const struct draft_type *t, const cJSON *fields, cJSON *out)
{
	struct params params;
	const cJSON *header;
	cJSON *once, *find;

	if (!t->create_item)
		return;
	once = cJSON_AddObjectToObject(out, "once");
	spec_params(d, t->create_item, spec_operation(t->create_item, "post"), &params);
	header = idempotency_header(&params);
	json_set_text(once, "by", header ? "header" : "find");
	if (header) {
		json_set_text(once, "name", json_get_text(header, "name"));
		draft_ask(d, t->type->name,
			"once: for how long the tool remembers the key (\"keep\", which wants a \"find\", "
			"too)");
		return;
	}
	find = request(d, t, once, "find", "get", t->list_path, PATH_CREATE);
	required_query(d, t, t->list_item, spec_operation(t->list_item, "get"), find);
	add_find_filter(d, t, fields, find);
	json_set_text(find, "records", t->records);
	draft_ask(d, t->type->name,
		"once: whether the tool has a key for creates, or refuses a second record of the same "
		"name (\"unique\")");
}

static const char since_words[] =
	"updatedsince modifiedsince changedsince updatedafter modifiedafter updatedatmin updatedatgte "
	"updatedatgt "
	"lastupdatedafter lastmodifiedafter modifiedonafter dateupdatedgt updatedmin datemodifiedafter "
	"sincemodified "
	"lastmodifieddatefrom lastupdatedsince updatedfrom modifiedfrom lastmodifiedsince updatedatafter";

/* The parameter that filters by the time of the last change. */
static const cJSON *since_param(const struct params *params, const char **ret_place)
{
	const char *list = since_words;
	const cJSON *param;
	char word[DRAFT_WORD];

	*ret_place = "query";
	while ((list = word_next(list, word))) {
		param = spec_param(params, "query", word);
		if (param)
			return param;
	}
	param = spec_param(params, "query", "since");
	if (param && json_get_text(param, "description") &&
		(strcasestr(json_get_text(param, "description"), "updated") ||
			strcasestr(json_get_text(param, "description"), "modified")))
		return param;
	*ret_place = "headers";
	return spec_param(params, "header", "ifmodifiedsince");
}

static void add_changes(struct draft *d, const struct draft_type *t, const cJSON *fields, cJSON *out)
{
	cJSON *changes = cJSON_AddObjectToObject(out, "changes");
	struct params params;
	const char *place, *type;
	const cJSON *param, *schema;

	spec_params(d, t->list_item, spec_operation(t->list_item, "get"), &params);
	param = since_param(&params, &place);
	if (!param || !json_get(fields, "updated")) {
		json_set_text(changes, "by", "scan");
		draft_ask(d, t->type->name,
			"changes: a filter by the time of the last change, or a list of events (none was "
			"recognised)");
		return;
	}
	schema = spec_param_schema(d, param);
	type = spec_type(schema);
	json_set_text(changes, "by", "since");
	json_set_text(cJSON_AddObjectToObject(changes, place), json_get_text(param, "name"), "{since}");
	if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
		json_set_text(changes, "as", "unix");
	else if (str_equal(json_get_text(schema, "format"), "date"))
		json_set_text(changes, "as", "date");
	json_set_text(changes, "grain", "1s");
	json_set_text(changes, "overlap", "10s");
	draft_ask(d, t->type->name,
		"changes: whether \"%s\" also tells of what was removed, and in which form it takes a time",
		json_get_text(param, "name"));
}

/* A record that says of itself that it is removed. */
static void add_gone(struct draft *d, const struct draft_type *t, cJSON *out)
{
	struct members *m = mem_alloc(sizeof(*m));

	spec_members(d, t->record, m);
	for (size_t i = 0; i < m->count && !json_get(out, "gone"); i++) {
		char word[DRAFT_WORD];
		_cleanup_(mem_freep) char *pointer = NULL;
		cJSON *gone;

		word_plain(m->all[i].name, strlen(m->all[i].name), word);
		if (word_listed("deleted isdeleted trashed removed", word) < 0 ||
			strpbrk(m->all[i].name, "~/") ||
			strcmp(spec_type(spec_schema(d, m->all[i].schema)), "boolean") != 0)
			continue;
		pointer = str_format("/%s", m->all[i].name);
		gone = cJSON_AddObjectToObject(out, "gone");
		json_set_text(gone, "at", pointer);
		cJSON_AddTrueToObject(gone, "is");
	}
	free(m);
}

void draft_requests(struct draft *d, struct draft_type *t, cJSON *out, const cJSON *fields)
{
	add_list(d, t, out);
	add_one(d, t, out);
	add_create(d, t, out);
	add_update(d, t, out);
	add_delete(d, t, out);
	add_once(d, t, fields, out);
	add_changes(d, t, fields, out);
	add_gone(d, t, out);
}
