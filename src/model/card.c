/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/card.h"

#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

/* Which part of a card is which field; TAGS have no part. */
static const struct row {
	enum type_id type;
	const char *field;
	enum vcard_part part;
} rows[] = {
	{TYPE_CONTACT, "name", VCARD_NAME},
	{TYPE_CONTACT, "client", VCARD_COMPANY_NAME},
	{TYPE_CONTACT, "role", VCARD_ROLE},
	{TYPE_CONTACT, "email", VCARD_EMAIL},
	{TYPE_CONTACT, "phone", VCARD_PHONE},
	{TYPE_CONTACT, "tags", VCARD_PART_COUNT},
	{TYPE_CONTACT, "notes", VCARD_NOTE},
	{TYPE_CLIENT, "name", VCARD_NAME},
	{TYPE_CLIENT, "email", VCARD_EMAIL},
	{TYPE_CLIENT, "phone", VCARD_PHONE},
	{TYPE_CLIENT, "website", VCARD_URL},
	{TYPE_CLIENT, "street", VCARD_STREET},
	{TYPE_CLIENT, "zip", VCARD_ZIP},
	{TYPE_CLIENT, "city", VCARD_CITY},
	{TYPE_CLIENT, "country", VCARD_COUNTRY},
	{TYPE_CLIENT, "tags", VCARD_PART_COUNT},
	{TYPE_CLIENT, "notes", VCARD_NOTE},
};

static const struct field *field_of(const struct row *row)
{
	return type_field(type_get(row->type), row->field);
}

uint64_t card_fields(enum type_id type)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type == type)
			fields |= field_bit(type_get(type), field_of(&rows[i]));
	}
	return fields;
}

enum type_id card_type(const struct vcard *v)
{
	static const enum type_id types[] = {
		[VCARD_PERSON] = TYPE_CONTACT, [VCARD_COMPANY] = TYPE_CLIENT, [VCARD_OTHER] = TYPE_NONE};

	return types[vcard_kind(v)];
}

struct vcard *card_new(enum type_id type, const char *uid)
{
	return vcard_new(uid, type == TYPE_CLIENT ? VCARD_COMPANY : VCARD_PERSON);
}

/* NULL: empty */
static cJSON *read_value(const struct row *row, const struct vcard *v)
{
	_cleanup_json_ cJSON *tags = row->part == VCARD_PART_COUNT ? vcard_tags(v) : NULL;
	_cleanup_(mem_freep) char *text = tags ? NULL : vcard_get(v, row->part);
	cJSON *value;

	if (tags && tags->child)
		return cJSON_Duplicate(tags, 1);
	if (!text || field_of(row)->kind != FIELD_REF)
		return text ? cJSON_CreateString(text) : NULL;
	value = cJSON_CreateObject();
	json_set_text(value, "name", text);
	return value;
}

cJSON *card_doc(enum type_id type, const struct vcard *v)
{
	cJSON *doc = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *value = rows[i].type == type ? read_value(&rows[i], v) : NULL;

		if (rows[i].type == type)
			json_set(doc, rows[i].field, value ? value : cJSON_CreateNull());
	}
	return doc;
}

void card_write(enum type_id type, struct vcard *v, const cJSON *doc)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const cJSON *value = json_get(doc, rows[i].field);

		if (rows[i].type != type || !value)
			continue;
		if (rows[i].part == VCARD_PART_COUNT)
			vcard_set_tags(v, value);
		else
			vcard_set(v, rows[i].part,
				cJSON_IsObject(value) ? json_get_text(value, "name") : json_text(value));
	}
}
