/* SPDX-License-Identifier: Apache-2.0 */
/* NAME.d/FIELD: one field as a file of its own, for programs that have no JSON. */
#include <errno.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "tree/texts.h"

static _Bool is_plain(const struct field *f)
{
	switch (f->kind) {
	case FIELD_BOOL:
	case FIELD_MONEY:
	case FIELD_DECIMAL:
	case FIELD_LINES:
		return 0;
	default:
		return 1;
	}
}

/* Nothing for an empty field; tags one a line; lines as JSON; else the value and a line end. */
int field_text(struct tree *tree, int64_t record, const struct field *f, struct buf *b)
{
	struct db *db = store_db(tree->store);
	_cleanup_json_ cJSON *doc = store_record_doc(db, record), *file = NULL;
	struct record_names names = store_names(db);
	struct record_stat stat;
	const cJSON *value, *tag;
	int r = doc ? store_record_stat(db, record, &stat) : -ENOENT;

	if (r == 0)
		file = record_shown(type_get(stat.type), doc, &names, store_stack(tree->store)->currency);
	value = json_get(file, f->name);
	if (r < 0 || !value)
		return r;
	if (f->kind == FIELD_LINES)
		return json_pretty(b, value);
	if (f->kind == FIELD_TAGS) {
		cJSON_ArrayForEach (tag, value)
			buf_printf(b, "%s\n", json_text(tag));
		return b->error;
	}
	if (f->kind == FIELD_BOOL)
		return buf_puts(b, cJSON_IsTrue(value) ? "true\n" : "false\n");
	return buf_printf(b, "%s\n", is_plain(f) ? json_text(value) : json_number(value));
}

static cJSON *tags_of(char *text)
{
	cJSON *list = cJSON_CreateArray();
	char *rest, *line;

	for (line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
		if (line[strspn(line, " \t")])
			cJSON_AddItemToArray(list, cJSON_CreateString(line));
	}
	return list;
}

/* What is no number is passed on as a text: the record's own rules then say what is wrong with it. */
static cJSON *value_of(const struct field *f, char *text, size_t len)
{
	cJSON *value;

	if (!text[strspn(text, " \t\r\n")])
		return cJSON_CreateNull();
	if (f->kind == FIELD_TAGS)
		return tags_of(text);
	if (!is_plain(f) && json_parse(text, len, JSON_STRICT, &value, NULL, NULL) == 0)
		return value;
	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len && text[len - 1] == '\r' && f->kind != FIELD_LONG_TEXT)
		text[--len] = '\0';
	return cJSON_CreateString(text);
}

int field_json(const struct field *f, const char *text, size_t len, struct buf *b)
{
	_cleanup_json_ cJSON *file = cJSON_CreateObject();
	_cleanup_(mem_freep) char *copy = mem_dup(text, len);

	/* A NUL would end the value early: the rules for records refuse it in the text itself. */
	if (memchr(text, '\0', len))
		return buf_add(b, text, len);
	json_set(file, f->name, value_of(f, copy, len));
	return json_pretty(b, file);
}
