/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

int template_name(const char **p, char name[64])
{
	const char *open = strpbrk(*p, "{}");
	size_t len;

	if (!open)
		return 0;
	if (*open == '}')
		return -EINVAL;
	len = strcspn(open + 1, "{}");
	if (open[1 + len] != '}' || len == 0 || len >= 64)
		return -EINVAL;
	memcpy(name, open + 1, len);
	name[len] = '\0';
	*p = open + len + 2;
	return 1;
}

_Bool template_word(const char **p, char name[64])
{
	for (const char *open = strchr(*p, '{'); open; open = strchr(open + 1, '{')) {
		size_t len = strspn(open + 1, "abcdefghijklmnopqrstuvwxyz0123456789_.");

		if (open[1 + len] != '}' || len == 0 || len >= 64)
			continue;
		memcpy(name, open + 1, len);
		name[len] = '\0';
		*p = open + len + 2;
		return 1;
	}
	return 0;
}

/* The engine's own names, and where their values are. */
static const struct {
	const char *name;
	size_t offset;
} words[] = {
#define WORD_AT(name, member)                                                                                \
	{                                                                                                    \
		name, offsetof(struct template_values, member)                                               \
	}
#define WORD(name) WORD_AT(#name, name)
	WORD(id),
	WORD(ids),
	WORD(since),
	WORD(once),
	WORD(each),
	WORD(version),
	WORD(to),
	WORD(choice),
	WORD(callback),
	WORD(offset),
	WORD(page),
	WORD(cursor),
	WORD(session),
	WORD(verb),
	WORD(target),
	WORD_AT("body", body_text),
	WORD(timestamp),
	WORD(nonce),
	WORD(signature),
#undef WORD
#undef WORD_AT
};

/* "id.2" is 2; 0 for anything else */
static int part_of_id(const char *name)
{
	return strncmp(name, "id.", 3) == 0 && name[3] >= '1' && name[3] <= '9' && !name[4] ? name[3] - '0'
											    : 0;
}

_Bool template_known(const cJSON *root, const struct type *type, const char *name)
{
	const cJSON *fields = type ? json_get(json_get(json_get(root, "types"), type->name), "fields") : NULL;
	const cJSON *keep = json_at(root, "/http/auth/oauth2/keep");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].name, name) == 0)
			return 1;
	}
	return part_of_id(name) || json_get(json_get(root, "settings"), name) || json_get(fields, name) ||
	       json_get(keep, name);
}

/* Part @n of an id that is made of several; the last one has whatever follows. NULL: there are not so many. */
static const char *id_part(const struct template_values *v, int n, char part[TEMPLATE_ID_MAX])
{
	const char *start = v->id, *end;

	for (int i = 1; start && i < n; i++) {
		start = strchr(start, ':');
		start = start ? start + 1 : NULL;
	}
	end = start && n < v->id_parts ? strchr(start, ':') : NULL;
	if (!start || snprintf(part, TEMPLATE_ID_MAX, "%.*s", end ? (int)(end - start) : TEMPLATE_ID_MAX,
			      start) >= TEMPLATE_ID_MAX)
		return NULL;
	return part;
}

/* The record's field in the tool's form. */
static const cJSON *field_item(const struct template_values *v, const char *name)
{
	const struct map_field *m = v->map && (v->body || v->record) ? mapping_find(v->map, name) : NULL;

	if (!m)
		return NULL;
	return v->record ? json_at(v->record, m->at) : json_at(v->body, m->to);
}

static const char *setting_text(const struct setting *settings, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].text		 ? settings[i].text
			       : settings[i].secret.text ? secret_text(&settings[i].secret)
							 : NULL;
	}
	return NULL;
}

static const char *value_of(const struct template_values *v, const char *name, char part[TEMPLATE_ID_MAX])
{
	const char *text;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].name, name) == 0)
			return *(const char *const *)((const char *)v + words[i].offset);
	}
	if (part_of_id(name))
		return id_part(v, part_of_id(name), part);
	text = setting_text(v->settings, v->setting_count, name);
	if (!text)
		text = setting_text(v->kept, v->kept_count, name);
	return text ? text : json_scalar(field_item(v, name));
}

/* @next finds the names: template_name() for texts that are all ours, template_word() where braces may be others'. */
static int expand(const char *text, int (*next)(const char **p, char name[64]),
	const struct template_values *v, int (*encode)(struct buf *b, const char *text), struct buf *out)
{
	size_t start = out->len;
	char name[64], part[TEMPLATE_ID_MAX];
	const char *p = text;

	while (next(&p, name) > 0) {
		const char *value = value_of(v, name, part);

		if (!value) {
			buf_resize(out, start);
			return TEMPLATE_ABSENT;
		}
		buf_add(out, text, (size_t)(p - text) - strlen(name) - 2);
		encode(out, value);
		text = p;
	}
	return buf_puts(out, text);
}

int template_expand(const char *text, const struct template_values *v,
	int (*encode)(struct buf *b, const char *text), struct buf *out)
{
	return expand(text, template_name, v, encode, out);
}

static int next_word(const char **p, char name[64])
{
	return template_word(p, name);
}

/* A text of a body: the value itself where it is nothing but {name}. NULL when a name in it has no value. */
static cJSON *body_text(const char *text, const struct template_values *v)
{
	struct buf b = BUF_INIT(BUF_MAX_RECORD);
	const char *p = text;
	cJSON *item = NULL;
	char name[64];

	if (template_word(&p, name) && !*p && *text == '{' && text[strlen(name) + 1] == '}') {
		const cJSON *field = field_item(v, name);

		if (strcmp(name, "id") == 0 && v->id && v->id_number && json_whole(v->id))
			return json_new_number(v->id);
		if (field)
			return cJSON_Duplicate(field, 1);
	}
	if (expand(text, next_word, v, buf_puts, &b) == 0)
		item = cJSON_CreateString(buf_text(&b));
	buf_finish(&b);
	return item;
}

cJSON *template_body(const cJSON *body, const struct template_values *v)
{
	const cJSON *child;
	cJSON *copy;

	if (json_text(body))
		return body_text(json_text(body), v);
	if (!cJSON_IsObject(body) && !cJSON_IsArray(body))
		return cJSON_Duplicate(body, 1);
	copy = cJSON_IsObject(body) ? cJSON_CreateObject() : cJSON_CreateArray();
	cJSON_ArrayForEach (child, body) {
		cJSON *item = template_body(child, v);

		if (item && child->string)
			cJSON_AddItemToObject(copy, child->string, item);
		else if (item)
			cJSON_AddItemToArray(copy, item);
	}
	return copy;
}
