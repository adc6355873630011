/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes contrib/manifest.schema.json (JSON Schema 2020-12) of the tables that manifests are checked with, for editors that
 * complete and underline. With a file as argument it compares: exit code 1 when the file is not what the tables say.
 */
#include <stdio.h>
#include <string.h>

#include "connect/vocabulary.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/type.h"

static cJSON *value_schema(const struct word *w, enum value value);

static cJSON *text_like(const char *pattern)
{
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "type", "string");
	if (pattern)
		json_set_text(schema, "pattern", pattern);
	return schema;
}

static cJSON *reference(const char *name)
{
	_cleanup_(mem_freep) char *text = str_format("#/$defs/%s", name);
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "$ref", text);
	return schema;
}

static cJSON *either(cJSON *a, cJSON *b)
{
	cJSON *schema = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(schema, "anyOf");

	cJSON_AddItemToArray(list, a);
	cJSON_AddItemToArray(list, b);
	return schema;
}

static cJSON *list_of(cJSON *items)
{
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "type", "array");
	json_set(schema, "items", items);
	return schema;
}

/* An object with free names. */
static cJSON *map_of(cJSON *each, const char *names)
{
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "type", "object");
	if (names)
		json_set(schema, "propertyNames", text_like(names));
	if (each)
		json_set(schema, "additionalProperties", each);
	return schema;
}

static cJSON *object_of(const struct word *words)
{
	cJSON *schema = cJSON_CreateObject(), *properties, *required = cJSON_CreateArray();

	json_set_text(schema, "type", "object");
	properties = cJSON_AddObjectToObject(schema, "properties");
	for (const struct word *w = words; w->name; w++) {
		json_set(properties, w->name, value_schema(w, w->value));
		if (w->needed)
			cJSON_AddItemToArray(required, cJSON_CreateString(w->name));
	}
	json_set(schema, "required", required);
	json_set(schema, "additionalProperties", cJSON_CreateFalse());
	return schema;
}

static cJSON *choices(const char *const *words)
{
	cJSON *schema = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(schema, "enum");

	for (; *words; words++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*words));
	return schema;
}

static cJSON *number(void)
{
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "type", "integer");
	json_set(schema, "minimum", json_new_int(0));
	json_set(schema, "maximum", json_new_int(999999));
	return schema;
}

static cJSON *truth(void)
{
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "type", "boolean");
	return schema;
}

static cJSON *nothing(void)
{
	cJSON *schema = cJSON_CreateObject();

	json_set_text(schema, "type", "null");
	return schema;
}

/* Each type with the names of its fields. */
static cJSON *types(void)
{
	cJSON *schema = cJSON_CreateObject(), *properties;

	json_set_text(schema, "type", "object");
	properties = cJSON_AddObjectToObject(schema, "properties");
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const struct type *type = type_get((enum type_id)t);
		cJSON *one = reference("type"), *names = cJSON_CreateArray(), *fields = cJSON_CreateObject();
		cJSON *own = cJSON_CreateObject();

		for (const char *const *stamp = (const char *const[]){"id", "created", "updated", NULL};
			*stamp; stamp++)
			cJSON_AddItemToArray(names, cJSON_CreateString(*stamp));
		for (const struct field *f = type->fields; f->name; f++)
			cJSON_AddItemToArray(names, cJSON_CreateString(f->name));
		json_set(own, "enum", names);
		json_set(fields, "propertyNames", own);
		json_set(cJSON_AddObjectToObject(one, "properties"), "fields", fields);
		json_set(properties, type->name, one);
	}
	json_set(schema, "additionalProperties", cJSON_CreateFalse());
	return schema;
}

static cJSON *steps(void)
{
	cJSON *way = either(reference("request"), either(list_of(reference("request")), nothing()));

	return map_of(
		map_of(either(reference("scalars"), either(map_of(way, NULL), list_of(reference("scalars")))),
			NULL),
		NULL);
}

static cJSON *address(void)
{
	cJSON *object = map_of(text_like("^(/.*)?$"), "^at$");

	return either(text_like(NULL), object);
}

static cJSON *value_schema(const struct word *w, enum value value)
{
	switch (value) {
	case TEXT:
	case TEMPLATE:
		return text_like(NULL);
	case PATH:
		return text_like("^/");
	case POINTER:
	case PLACE:
		return text_like("^(/.*)?$");
	case POINTERS:
		return either(text_like("^(/.*)?$"), list_of(text_like("^(/.*)?$")));
	case BOOL:
		return truth();
	case COUNT:
		return number();
	case TIME:
		return text_like("^[0-9]{1,7}(ms|s|m|h|d)$");
	case CHOICE:
		return choices(w->choices);
	case SCALARS:
		return reference("scalars");
	case OBJECT:
		return w->words == type_words ? reference("type") : object_of(w->words);
	case MAP:
		return w->words == type_words ? types() : map_of(value_schema(w, w->each), NULL);
	case LIST:
		return list_of(object_of(w->words));
	case FIELDS:
		return map_of(either(text_like("^(/.*)?$"), reference("field")), NULL);
	case CONSTANTS:
		return map_of(NULL, "^/");
	case CLEAR:
		return either(truth(), map_of(NULL, "^/"));
	case ADDRESS:
		return address();
	case BODY:
		return cJSON_CreateTrue();
	case STEPS:
		return steps();
	}
	return NULL;
}

/* A text, a number, true or false, or a list of such. */
static cJSON *scalars(void)
{
	static const char *const kinds[] = {"string", "number", "boolean"};
	cJSON *one = cJSON_CreateObject(), *types = cJSON_AddArrayToObject(one, "type");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		cJSON_AddItemToArray(types, cJSON_CreateString(kinds[i]));
	return either(cJSON_Duplicate(one, 1), list_of(one));
}

static cJSON *schema_of_manifests(void)
{
	cJSON *schema = cJSON_CreateObject(), *defs, *rest = object_of(manifest_words), *member;

	json_set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_set_text(schema, "title", "A connector of seamfs");
	json_set_text(schema, "description",
		"One tool as data; what each word means is in contrib/connectors/README.md. Made by "
		"tests/manifests/schema.c "
		"from src/connect/vocabulary.c");
	while ((member = rest->child))
		cJSON_AddItemToObject(
			schema, str_dup(member->string), cJSON_DetachItemViaPointer(rest, member));
	cJSON_Delete(rest);
	defs = cJSON_AddObjectToObject(schema, "$defs");
	json_set(defs, "scalars", scalars());
	json_set(defs, "request", object_of(step_words));
	json_set(defs, "field", object_of(field_words));
	json_set(defs, "type", object_of(type_words));
	return schema;
}

int main(int argc, char **argv)
{
	struct buf made = BUF_INIT(BUF_MAX_SHEET), there = BUF_INIT(BUF_MAX_SHEET);
	cJSON *schema = schema_of_manifests();
	struct err e = {0};
	int r = json_pretty(&made, schema), code = 0;

	cJSON_Delete(schema);
	if (r == 0 && argc < 2)
		fputs(buf_text(&made), stdout);
	else if (r == 0 &&
		 (file_read(argv[1], &there, &e) < 0 || strcmp(buf_text(&made), buf_text(&there)) != 0)) {
		fprintf(stderr,
			"%s is not what the tables say: run this program without an argument, into that "
			"file\n",
			argv[1]);
		code = 1;
	}
	buf_finish(&made);
	buf_finish(&there);
	return r < 0 ? 1 : code;
}
