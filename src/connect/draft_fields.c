/* SPDX-License-Identifier: Apache-2.0 */
/* Our fields in a tool's record: where, in which form, and whether they can be written. */
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* One type's fields while they are drafted. */
struct fields {
	struct draft *d;
	struct draft_type *t;
	struct slots record, create, update;
	const struct field *field; /* that is looked for */
	cJSON *out;
};

/* ---- Which member can hold which field ---- */

static _Bool is_scalar(const char *type)
{
	return strcmp(type, "string") == 0 || strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
}

static _Bool choice_fits(const struct fields *f, const struct slot *slot)
{
	const char *type = spec_type(slot->schema), *yes, *no, *word = strrchr(slot->key, '/');

	if (strcmp(type, "boolean") == 0)
		return flag_meaning(f->t->type->id, word ? word + 1 : slot->key, &yes, &no);
	return strcmp(type, "string") == 0;
}

static _Bool slot_takes(void *context, const struct slot *slot)
{
	static const char *const percent[] = {"percent", NULL}, *const old[] = {"deprecated", NULL};
	const struct fields *f = context;
	const char *type = spec_type(slot->schema);
	const cJSON *items = json_get(slot->schema, "items");

	if (cJSON_IsTrue(json_get(slot->schema, "deprecated")) || form_said(slot->schema, old))
		return 0;
	switch (f->field->kind) {
	case FIELD_CHOICE:
		return choice_fits(f, slot);
	case FIELD_BOOL:
		return strcmp(type, "boolean") == 0;
	case FIELD_TAGS:
		return strcmp(type, "string") == 0 || strcmp(type, "array") == 0;
	case FIELD_LINES:
		return strcmp(type, "array") == 0 && items;
	case FIELD_MONEY:
		return is_scalar(type) && !form_said(slot->schema, percent);
	case FIELD_REF:
	case FIELD_TEXT:
	case FIELD_DATE:
	case FIELD_DECIMAL:
		return is_scalar(type);
	default:
		return strcmp(type, "string") == 0;
	}
}

static struct slot *find_in(struct fields *f, struct slots *slots, enum type_id type, const char *words)
{
	char word[DRAFT_WORD];

	while (words && (words = word_next(words, word))) {
		struct slot *slot = slots_named(slots, type, word, slot_takes, f);

		if (slot)
			return slot;
	}
	return NULL;
}

/* ---- Writing ---- */

static const struct slot *slot_at(const struct slots *slots, const char *at)
{
	for (size_t i = 0; i < slots->count; i++) {
		if (strcmp(slots->all[i].at, at) == 0)
			return &slots->all[i];
	}
	return NULL;
}

/* The member that a field is sent in; NULL: it is not sent. */
static const struct slot *sent_in(
	struct fields *f, struct slots *slots, const struct slot *slot, const char *words)
{
	const struct slot *same = slot_at(slots, slot->at);

	/* What has other values is another thing. */
	if ((same && slot_takes(f, same)) || f->field->kind == FIELD_CHOICE)
		return same && slot_takes(f, same) ? same : NULL;
	return find_in(f, slots, f->t->type->id, words);
}

static _Bool is_read_only(const struct slot *slot)
{
	return cJSON_IsTrue(json_get(slot->schema, "readOnly")) ||
	       cJSON_IsTrue(json_get(slot->raw, "readOnly"));
}

/* "to", "write" and "need". */
static void writing(struct fields *f, const struct slot *slot, const char *words, cJSON *out)
{
	const struct slot *create = f->t->create_body ? sent_in(f, &f->create, slot, words) : NULL;
	const struct slot *update = f->t->update_body ? sent_in(f, &f->update, slot, words) : NULL;
	const struct slot *to = create ? create : update;
	_Bool known = f->t->create_body || f->t->update_body;

	if (is_read_only(slot) || (known && !to)) {
		json_set_text(out, "write", "never");
		return;
	}
	if (to && strcmp(to->at, slot->at) != 0)
		json_set_text(out, "to", to->at);
	if (to && (f->field->kind == FIELD_REF || f->field->kind == FIELD_TEXT)) {
		if (strcmp(spec_type(to->schema), "integer") == 0)
			json_set_text(out, "as", "int");
		else
			cJSON_DeleteItemFromObjectCaseSensitive(out, "as");
	}
	if (create && f->t->update_body && !update)
		json_set_text(out, "write", "create");
	if (create && create->depth == 1 && !(f->field->flags & FIELD_REQUIRED) &&
		spec_requires(f->d, f->t->create_body, create->at + 1))
		cJSON_AddTrueToObject(out, "need");
}

/* The words of a field in the order in which manifests have them; a pointer alone where that says all. Given. */
static cJSON *shortest(cJSON *words)
{
	static const char *const order[] = {
		"at", "to", "as", "item", "ref", "lookup", "values", "write", "need", "empty", "fields"};
	cJSON *out = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(words, order[i]);

		if (item)
			cJSON_AddItemToObject(out, order[i], item);
	}
	cJSON_Delete(words);
	if (out->child && !out->child->next && json_text(out->child)) {
		cJSON *alone = cJSON_CreateString(json_text(out->child));

		cJSON_Delete(out);
		return alone;
	}
	return out;
}

/* ---- Each kind of field ---- */

static _Bool is_default_form(const struct field *field, const char *form)
{
	return !*form || (field->kind == FIELD_DATE && strcmp(form, "date") == 0) ||
	       (field->kind == FIELD_DECIMAL && strcmp(form, "decimal") == 0);
}

static void add_field(struct fields *f, struct slot *slot, const char *words)
{
	cJSON *out = cJSON_CreateObject();
	const char *form = form_of(f->d, f->t->type, f->field, slot);
	_Bool inner = strchr(slot->key, '/') != NULL;

	if (!form) {
		draft_ask(f->d, f->t->type->name, "%s: seamfs has no form for \"%s\"", f->field->name,
			slot->at);
		cJSON_Delete(out);
		return;
	}
	slot->taken = 1;
	json_set_text(out, "at", slot->at);
	if (!is_default_form(f->field, form))
		json_set_text(out, "as", form);
	if (f->field->kind == FIELD_CHOICE)
		form_values(f->d, f->t->type, f->field, slot, out);
	/* The name of a person or a state that is an object: writing it takes an id. */
	if (inner && (f->field->kind == FIELD_CHOICE || strcmp(f->field->name, "assignee") == 0 ||
			     strcmp(f->field->name, "person") == 0))
		json_set_text(out, "write", "never");
	else
		writing(f, slot, words, out);
	cJSON_AddItemToObject(f->out, f->field->name, shortest(out));
}

static void add_tags(struct fields *f, struct slot *slot, const char *words)
{
	const cJSON *items = spec_schema(f->d, json_get(slot->schema, "items"));
	cJSON *out;

	if (strcmp(spec_type(slot->schema), "array") != 0 || !items ||
		strcmp(spec_type(items), "object") != 0) {
		add_field(f, slot, words);
		return;
	}
	slot->taken = 1;
	out = cJSON_CreateObject();
	json_set_text(out, "at", slot->at);
	json_set_text(out, "item", "/name");
	json_set_text(out, "write", "never");
	cJSON_AddItemToObject(f->out, f->field->name, shortest(out));
	draft_ask(f->d, f->t->type->name, "tags: whether \"%s\" has the text at \"/name\"", slot->at);
}

/* Fields of one line; given, NULL when the price or the text is not known. */
static cJSON *line_fields(struct fields *f, const struct slot *slot)
{
	struct fields *line = mem_alloc(sizeof(*line));
	cJSON *out = cJSON_CreateObject();

	line->d = f->d;
	line->t = f->t;
	line->out = out;
	slots_fill(f->d, spec_schema(f->d, json_get(slot->schema, "items")), &line->record);
	for (line->field = f->field->line; line->field->name; line->field++) {
		struct slot *found =
			find_in(line, &line->record, TYPE_NONE, field_names(TYPE_NONE, line->field->name));
		cJSON *words;

		if (!found)
			continue;
		found->taken = 1;
		words = cJSON_CreateObject();
		json_set_text(words, "at", found->at);
		if (!is_default_form(line->field, form_of(f->d, f->t->type, line->field, found)))
			json_set_text(words, "as", form_of(f->d, f->t->type, line->field, found));
		cJSON_AddItemToObject(out, line->field->name, shortest(words));
	}
	free(line);
	if (json_get(out, "description") && json_get(out, "unit_price"))
		return out;
	cJSON_Delete(out);
	return NULL;
}

static void add_lines(struct fields *f, struct slot *slot, const char *words)
{
	cJSON *fields = line_fields(f, slot), *out;

	if (!fields) {
		draft_ask(f->d, f->t->type->name, "lines: what in \"%s\" is the text and the price of one",
			slot->at);
		return;
	}
	slot->taken = 1;
	out = cJSON_CreateObject();
	json_set_text(out, "at", slot->at);
	writing(f, slot, words, out);
	cJSON_AddItemToObject(out, "fields", fields);
	cJSON_AddItemToObject(f->out, f->field->name, shortest(out));
}

/* What tools call the member with the id of a record of that type: "clientid client/id client …" */
static void ref_words(const struct fields *f, enum type_id type, struct buf *out)
{
	const char *list = noun_list(type);
	char noun[DRAFT_WORD], own[DRAFT_WORD];

	if (f->d->types[type].type) {
		const char *last = strrchr(f->d->types[type].list_path, '/') + 1;

		word_noun(last, strcspn(last, "."), own);
		word_plain(f->d->types[type].id, strlen(f->d->types[type].id), noun);
		buf_printf(out, "%s/%s ", own, noun);
		buf_printf(out, "%sid %s/id %sgid %s/gid %s/uuid %s/key id%s %s ", own, own, own, own, own,
			own, own, own);
	}
	while ((list = word_next(list, noun)))
		buf_printf(out, "%sid %s/id %s/gid %s/uuid %sgid %s/%sid id%s %s ", noun, noun, noun, noun,
			noun, noun, noun, noun, noun);
}

static struct slot *ref_slot(struct fields *f, char words[1024])
{
	struct buf list = BUF_INIT(1024);

	ref_words(f, f->field->ref, &list);
	snprintf(words, 1024, "%s", buf_text(&list));
	buf_finish(&list);
	/* A noun of the type itself before it is no prefix here: "companyid" in a company. */
	return find_in(f, &f->record, TYPE_NONE, words);
}

/* A reference to the record that the listing is asked for, which the path of a create wants. */
static void add_parent(struct fields *f, struct slot *slot)
{
	_cleanup_(mem_freep) char *to = str_format("/@%s", f->field->name);
	cJSON *out = cJSON_CreateObject();
	_Bool nested = f->t->create_path && strchr(f->t->create_path, '{');

	json_set_text(out, "at", slot ? slot->at : "/@each");
	if (nested)
		json_set_text(out, "to", to);
	json_set_text(out, "ref", f->t->parent->name);
	json_set_text(out, "write", nested ? "create" : "never");
	if (nested)
		cJSON_AddTrueToObject(out, "need");
	cJSON_AddItemToObject(f->out, f->field->name, shortest(out));
}

static void add_reference(struct fields *f)
{
	_Bool parent = str_equal(draft_parent_field(f->t), f->field->name);
	char words[1024];
	struct slot *slot;
	cJSON *out;

	if (!f->d->types[f->field->ref].type || f->field->ref == f->t->type->id)
		return;
	slot = ref_slot(f, words);
	if (parent && (f->t->each || f->t->part) &&
		(!slot || (f->t->create_path && strchr(f->t->create_path, '{')))) {
		add_parent(f, slot);
		return;
	}
	if (!slot)
		return;
	slot->taken = 1;
	out = cJSON_CreateObject();
	json_set_text(out, "at", slot->at);
	if (strcmp(form_of(f->d, f->t->type, f->field, slot), "int") == 0)
		json_set_text(out, "as", "int");
	json_set_text(out, "ref", type_get(f->field->ref)->name);
	writing(f, slot, words, out);
	cJSON_AddItemToObject(f->out, f->field->name, shortest(out));
}

/* A person's name in two parts. */
static void add_two_names(struct fields *f)
{
	struct slot *first = find_in(f, &f->record, TYPE_NONE, "firstname givenname");
	struct slot *last = find_in(f, &f->record, TYPE_NONE, "lastname familyname surname");
	cJSON *out, *at;

	if (!first || !last)
		return;
	first->taken = last->taken = 1;
	out = cJSON_CreateObject();
	at = cJSON_AddArrayToObject(out, "at");
	cJSON_AddItemToArray(at, cJSON_CreateString(first->at));
	cJSON_AddItemToArray(at, cJSON_CreateString(last->at));
	if ((f->t->create_body || f->t->update_body) && !slot_at(&f->create, first->at) &&
		!slot_at(&f->update, first->at))
		json_set_text(out, "write", "never");
	cJSON_AddItemToObject(f->out, f->field->name, out);
}

static void add_ours(struct fields *f)
{
	const char *words = field_names(f->t->type->id, f->field->name);
	struct slot *slot;

	if (f->field->kind == FIELD_REF) {
		add_reference(f);
		return;
	}
	slot = words ? find_in(f, &f->record, f->t->type->id, words) : NULL;
	if (!slot && f->t->type->id == TYPE_CONTACT && strcmp(f->field->name, "name") == 0) {
		add_two_names(f);
	} else if (slot && f->field->kind == FIELD_LINES) {
		add_lines(f, slot, words);
	} else if (slot && f->field->kind == FIELD_TAGS) {
		add_tags(f, slot, words);
	} else if (slot) {
		add_field(f, slot, words);
	}
	if (!json_get(f->out, f->field->name) && (f->field->flags & (FIELD_REQUIRED | FIELD_KEY)))
		draft_ask(
			f->d, f->t->type->name, "%s: no member of the record looks like it", f->field->name);
}

/* "created" and "updated" */
static void add_stamp(struct fields *f, const char *name)
{
	static const struct field date = {"date", FIELD_DATE};
	struct slot *slot;
	cJSON *out;

	f->field = &date;
	slot = find_in(f, &f->record, f->t->type->id, field_names(TYPE_NONE, name));
	if (!slot || slot->depth > 2)
		return;
	out = cJSON_CreateObject();
	json_set_text(out, "at", slot->at);
	if (strcmp(spec_type(slot->schema), "string") != 0)
		json_set_text(out, "as", form_of(f->d, f->t->type, &date, slot));
	cJSON_AddItemToObject(f->out, name, shortest(out));
}

/* What a create cannot be without, and nothing of ours stands for. */
static void tell_required(struct fields *f)
{
	_cleanup_(mem_freep) char *text = json_print(f->out);

	for (size_t i = 0; i < f->create.count; i++) {
		const struct slot *slot = &f->create.all[i];
		_cleanup_(mem_freep) char *quoted = str_format("\"%s\"", slot->at);

		if (slot->depth == 1 && spec_requires(f->d, f->t->create_body, slot->at + 1) &&
			!strstr(text, quoted) && (!f->t->parent || !strstr(slot->key, f->t->parent->name)))
			draft_ask(f->d, f->t->type->name,
				"create: \"%s\" is required; a constant in \"set\", or a field of ours",
				slot->at);
	}
}

/* Objects without a list of their members: what the account has, or nobody has written down. */
static void tell_open(struct fields *f)
{
	for (size_t i = 0; i < f->record.count; i++) {
		const struct slot *slot = &f->record.all[i];

		if (slot->depth == 1 &&
			word_listed("properties attributes fields customfields", slot->key) >= 0 &&
			strcmp(spec_type(slot->schema), "object") == 0 &&
			!json_get(slot->schema, "properties"))
			draft_ask(f->d, f->t->type->name,
				"fields: what is in \"%s\", whose members the document does not tell",
				slot->at);
	}
}

static void add_id(struct fields *f)
{
	cJSON *id, *at;

	if (!f->t->part) {
		json_set_text(f->out, "id", f->t->id);
		return;
	}
	id = cJSON_AddObjectToObject(f->out, "id");
	at = cJSON_AddArrayToObject(id, "at");
	cJSON_AddItemToArray(at, cJSON_CreateString(*f->t->parent_at ? f->t->parent_at : "/@each"));
	cJSON_AddItemToArray(at, cJSON_CreateString(f->t->id));
}

/* Whether the parent's id has to be part of the record's, and where it is. */
static void settle_parent(struct fields *f)
{
	const char *name = draft_parent_field(f->t);
	char words[1024];
	struct slot *slot;

	if (!name)
		return;
	f->field = type_field(f->t->type, name);
	slot = ref_slot(f, words);
	snprintf(f->t->parent_at, sizeof(f->t->parent_at), "%s", slot ? slot->at : "");
	if (!slot && !f->t->each) {
		f->t->part = 0;
		f->t->parent = NULL;
	} else if (!slot) {
		f->t->part = 1;
	}
}

cJSON *draft_fields(struct draft *d, struct draft_type *t)
{
	struct fields *f = mem_alloc(sizeof(*f));
	cJSON *out = cJSON_CreateObject();

	f->d = d;
	f->t = t;
	f->out = out;
	slots_fill(d, t->record, &f->record);
	slots_fill(d, t->create_body, &f->create);
	slots_fill(d, t->update_body, &f->update);
	settle_parent(f);
	add_id(f);
	add_stamp(f, "created");
	add_stamp(f, "updated");
	for (f->field = t->type->fields; f->field->name; f->field++)
		add_ours(f);
	if (t->create_body)
		tell_required(f);
	tell_open(f);
	free(f);
	return out;
}
