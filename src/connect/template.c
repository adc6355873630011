/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/template.h"

#include <errno.h>
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

/* The engine's own names, and where their values are. */
static const struct {
	const char *name;
	size_t offset;
} words[] = {
	{"id", offsetof(struct template_values, id)},
	{"since", offsetof(struct template_values, since)},
};

_Bool template_known(const cJSON *root, const struct type *type, const char *name)
{
	const cJSON *fields = type ? json_get(json_get(json_get(root, "types"), type->name), "fields") : NULL;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].name, name) == 0)
			return 1;
	}
	return json_get(json_get(root, "settings"), name) || json_get(fields, name);
}

/* The record's field in the tool's form; numbers by their digits. */
static const char *field_text(const struct template_values *v, const char *name)
{
	const struct map_field *m = v->map && v->body ? mapping_find(v->map, name) : NULL;
	const cJSON *item = m ? json_at(v->body, m->to) : NULL;

	return json_text(item) ? json_text(item) : json_number(item);
}

static const char *value_of(const struct template_values *v, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].name, name) == 0)
			return *(const char *const *)((const char *)v + words[i].offset);
	}
	for (size_t i = 0; i < v->setting_count; i++) {
		if (strcmp(v->settings[i].name, name) == 0)
			return v->settings[i].text	    ? v->settings[i].text
			       : v->settings[i].secret.text ? secret_text(&v->settings[i].secret)
							    : NULL;
	}
	return field_text(v, name);
}

int template_expand(const char *text, const struct template_values *v,
	int (*encode)(struct buf *b, const char *text), struct buf *out)
{
	size_t start = out->len;
	char name[64];
	const char *p = text;

	while (template_name(&p, name) > 0) {
		const char *value = value_of(v, name);

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
