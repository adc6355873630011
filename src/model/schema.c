/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/schema.h"

#include <stdio.h>
#include <string.h>

#include "seamfs/codec/json.h"

static cJSON *properties(const struct field *fields, cJSON *required);

static const char *json_type(enum field_kind kind)
{
	switch (kind) {
	case FIELD_BOOL:
		return "boolean";
	case FIELD_MONEY:
	case FIELD_DECIMAL:
		return "number";
	case FIELD_TAGS:
	case FIELD_LINES:
		return "array";
	default:
		return "string";
	}
}

static void add_items(cJSON *schema, const struct field *f)
{
	cJSON *items = cJSON_AddObjectToObject(schema, "items");
	cJSON *required = cJSON_CreateArray();

	if (f->kind == FIELD_TAGS) {
		json_set_text(items, "type", "string");
		cJSON_Delete(required);
		return;
	}
	json_set_text(items, "type", "object");
	json_set(items, "properties", properties(f->line, required));
	json_set(items, "required", required);
	json_set(items, "additionalProperties", cJSON_CreateFalse());
}

static cJSON *property(const struct field *f)
{
	cJSON *schema = cJSON_CreateObject(), *types = cJSON_AddArrayToObject(schema, "type");
	char text[120];

	cJSON_AddItemToArray(types, cJSON_CreateString(json_type(f->kind)));
	/* null clears a field, so whatever may be empty may be null. */
	if (!(f->flags & FIELD_REQUIRED))
		cJSON_AddItemToArray(types, cJSON_CreateString("null"));
	if (f->title)
		json_set_text(schema, "title", f->title);
	if (f->kind == FIELD_DATE)
		json_set_text(schema, "format", "date");
	if (f->kind == FIELD_EMAIL)
		json_set_text(schema, "format", "email");
	if (f->kind == FIELD_MONEY)
		json_set_text(schema, "description", "An amount in the record's currency, with its decimals");
	if (f->kind == FIELD_REF) {
		snprintf(text, sizeof(text), "The name of a %s, as in %s/", type_get(f->ref)->name,
			type_get(f->ref)->plural);
		json_set_text(schema, "description", text);
	}
	if (f->kind == FIELD_CHOICE) {
		cJSON *allowed = cJSON_AddArrayToObject(schema, "enum");

		for (const char *const *c = f->choices; *c; c++)
			cJSON_AddItemToArray(allowed, cJSON_CreateString(*c));
		cJSON_AddItemToArray(allowed, cJSON_CreateNull());
	}
	if (f->kind == FIELD_TAGS || f->kind == FIELD_LINES)
		add_items(schema, f);
	if (f->flags & FIELD_READ_ONLY)
		json_set(schema, "readOnly", cJSON_CreateTrue());
	return schema;
}

static cJSON *properties(const struct field *fields, cJSON *required)
{
	cJSON *object = cJSON_CreateObject();

	for (const struct field *f = fields; f->name; f++) {
		json_set(object, f->name, property(f));
		if (f->flags & FIELD_REQUIRED)
			cJSON_AddItemToArray(required, cJSON_CreateString(f->name));
	}
	return object;
}

int schema_print(const struct type *type, struct buf *b)
{
	_cleanup_json_ cJSON *schema = cJSON_CreateObject();
	cJSON *required = cJSON_CreateArray();

	json_set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_set_text(schema, "title", type->title);
	json_set_text(schema, "type", "object");
	json_set(schema, "properties", properties(type->fields, required));
	json_set(schema, "required", required);
	json_set(schema, "additionalProperties", cJSON_CreateFalse());
	return json_pretty(b, schema);
}
