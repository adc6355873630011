/* SPDX-License-Identifier: Apache-2.0 */
/* In which form a tool has a value, and which of its words mean ours. */
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

_Bool form_said(const cJSON *schema, const char *const *marks)
{
	const char *text = json_get_text(schema, "description");

	for (; text && *marks; marks++) {
		if (strcasestr(text, *marks))
			return 1;
	}
	return 0;
}

static const char *date_form(
	struct draft *d, const struct type *type, const struct field *field, const struct slot *slot)
{
	static const char *const milli[] = {"milli", "ms", NULL};
	const char *kind = spec_type(slot->schema), *format = json_get_text(slot->schema, "format");
	const char *example = json_scalar(json_get(slot->schema, "example"));
	size_t n = strlen(slot->key);

	if (strcmp(kind, "string") != 0)
		return form_said(slot->schema, milli) || (example && strlen(example) == 13) ? "unix_ms"
											    : "unix";
	if (format && strcmp(format, "date-time") == 0)
		return "datetime";
	if (format && strcmp(format, "date") == 0)
		return "date";
	if (example && strspn(example, "0123456789") == 13 && !example[13])
		return "unix_ms";
	if ((example && strlen(example) > 11 && (example[10] == 'T' || example[10] == ' ')) ||
		(n > 2 && strcmp(slot->key + n - 2, "at") == 0) ||
		(n > 4 && strcmp(slot->key + n - 4, "time") == 0))
		return "datetime";
	draft_guess(d, type->name, "%s: \"%s\" is taken as a date such as 2026-11-23", field->name, slot->at);
	return "date";
}

static const char *money_form(
	struct draft *d, const struct type *type, const struct field *field, const struct slot *slot)
{
	static const char *const minor[] = {"cents", "smallest", "minor unit", NULL};
	const char *kind = spec_type(slot->schema);

	if (strcmp(kind, "string") == 0)
		return "decimal-text";
	if (form_said(slot->schema, minor))
		return "minor";
	if (strcmp(kind, "integer") == 0)
		draft_ask(d, type->name, "%s: whether \"%s\" counts whole units or cents (\"as\": \"minor\")",
			field->name, slot->at);
	return "decimal";
}

/* NULL: seamfs has no form for it. */
static const char *hours_form(
	struct draft *d, const struct type *type, const struct field *field, const struct slot *slot)
{
	static const char *const milli[] = {"milli", NULL};
	static const char *const seconds[] = {"second", NULL};
	static const char *const minutes[] = {"minute", NULL};
	const char *kind = spec_type(slot->schema);
	_Bool text = strcmp(kind, "string") == 0;

	if (form_said(slot->schema, milli))
		return NULL;
	if (strstr(slot->key, "second") || (!text && form_said(slot->schema, seconds)))
		return "seconds";
	if (strstr(slot->key, "minute") || (!text && form_said(slot->schema, minutes)))
		return "minutes";
	if (text && strstr(slot->key, "duration"))
		return "duration";
	if (!strstr(slot->key, "hour"))
		draft_ask(d, type->name, "%s: whether \"%s\" counts hours, minutes or seconds", field->name,
			slot->at);
	return text ? "decimal-text" : "decimal";
}

static _Bool is_hours(const struct field *field)
{
	return strcmp(field->name, "hours") == 0 || strcmp(field->name, "estimate_hours") == 0;
}

/* The form of a field in that member; "" where none needs to be said. NULL: there is none. */
const char *form_of(
	struct draft *d, const struct type *type, const struct field *field, const struct slot *slot)
{
	const char *kind = spec_type(slot->schema);

	switch (field->kind) {
	case FIELD_DATE:
		return date_form(d, type, field, slot);
	case FIELD_MONEY:
		return money_form(d, type, field, slot);
	case FIELD_DECIMAL:
		if (is_hours(field))
			return hours_form(d, type, field, slot);
		return strcmp(kind, "string") == 0 ? "decimal-text" : "";
	case FIELD_TAGS:
		return strcmp(kind, "string") == 0 ? "comma" : "";
	case FIELD_TEXT:
	case FIELD_REF:
		return strcmp(kind, "integer") == 0 ? "int" : "";
	default:
		return "";
	}
}

/* ---- Values of a choice ---- */

/* Adds a word of theirs to the ones that mean @ours: a text, or a list when there are several. */
static void add_value(cJSON *values, const char *ours, const char *theirs)
{
	cJSON *old = json_get(values, ours), *list;

	if (!old) {
		json_set_text(values, ours, theirs);
		return;
	}
	if (!cJSON_IsArray(old)) {
		list = cJSON_CreateArray();
		cJSON_AddItemToArray(list, cJSON_CreateString(json_text(old)));
		json_set(values, ours, list);
		old = list;
	}
	if (cJSON_GetArraySize(old) < 32)
		cJSON_AddItemToArray(old, cJSON_CreateString(theirs));
}

static cJSON *flag_values(const struct type *type, const struct slot *slot)
{
	const char *word = strrchr(slot->key, '/'), *yes, *no;
	cJSON *values = cJSON_CreateObject();

	flag_meaning(type->id, word ? word + 1 : slot->key, &yes, &no);
	cJSON_AddTrueToObject(values, yes);
	cJSON_AddFalseToObject(values, no);
	return values;
}

void form_values(struct draft *d, const struct type *type, const struct field *field, const struct slot *slot,
	cJSON *out)
{
	const cJSON *words = json_get(slot->schema, "enum"), *one;
	cJSON *values;
	_cleanup_(buf_finish) struct buf others = BUF_INIT(512);

	if (strcmp(spec_type(slot->schema), "boolean") == 0) {
		json_set(out, "values", flag_values(type, slot));
		return;
	}
	values = cJSON_CreateObject();
	for (const char *const *c = field->choices; *c; c++) {
		cJSON_ArrayForEach (one, words) {
			if (json_text(one) &&
				str_equal(choice_meaning(type->id, field->name, json_text(one)), *c))
				add_value(values, *c, json_text(one));
		}
	}
	cJSON_ArrayForEach (one, words) {
		if (json_text(one) && !choice_meaning(type->id, field->name, json_text(one)))
			buf_printf(&others, "%s\"%s\"", others.len ? ", " : "", json_text(one));
	}
	if (!values->child)
		draft_ask(d, type->name, "%s: which words of \"%s\" are which of ours (\"values\")",
			field->name, slot->at);
	else if (others.len)
		draft_ask(d, type->name, "%s: what these mean: %s", field->name, buf_text(&others));
	if (values->child)
		json_set(out, "values", values);
	else
		cJSON_Delete(values);
}
