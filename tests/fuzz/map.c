/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for connect/map: whatever a tool answers, what is read from it are values of ours, and they can be sent.
 *
 * Input: a byte that selects a type of a manifest in contrib/connectors, one that says how to read the rest: as the record, or each
 * line as the value at the next pointer of the manifest.
 */
#include "connect/map_write.h"

#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <string.h>

#include "connect/manifest.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

enum { MAX_TYPES = 512 };

static struct manifest_type *types[MAX_TYPES];
static size_t type_count;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	glob_t files = {0};

	log_set_level(LOG_LEVEL_ERROR);
	must(glob(SEAMFS_SOURCE_CONNECTORS "/*.json", 0, NULL, &files) == 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct manifest *m = NULL;

		must(manifest_load(files.gl_pathv[i], NULL, &m, NULL) == 0);
		for (int k = 0; k < TYPE_COUNT && type_count < MAX_TYPES; k++) {
			if (m->types[k].type)
				types[type_count++] = &m->types[k];
		}
	}
	globfree(&files);
	return 0;
}

/* Every text has a row but those that begin with '-'; a name has a blank in front. */
static int lookup(
	void *context, const char *table, const char *text, _Bool by_name, const char **ret, struct err *e)
{
	static char *row;

	if (*text == '-')
		return err_set(e, ENOENT, "%s has no %s", table, text);
	free(row);
	*ret = row = str_format("%s%s", by_name ? "" : " ", *text == ' ' && by_name ? text + 1 : text);
	return 0;
}

static void check_value(const struct field *field, const cJSON *value);

static void check_line(const struct field *line, const cJSON *value)
{
	for (const struct field *f = line; f->name; f++) {
		if (json_get(value, f->name))
			check_value(f, json_get(value, f->name));
	}
}

static void check_value(const struct field *field, const cJSON *value)
{
	const cJSON *one;
	struct decimal d;
	int64_t minor;

	if (cJSON_IsNull(value))
		return;
	switch (field->kind) {
	case FIELD_CHOICE:
		must(field_allows(field, json_text(value)));
		break;
	case FIELD_DATE:
		must(date_valid(json_text(value)));
		break;
	case FIELD_BOOL:
		must(cJSON_IsBool(value));
		break;
	case FIELD_MONEY:
		must(json_int64(value, &minor) == 0);
		break;
	case FIELD_DECIMAL:
		must(json_number(value) && decimal_parse(json_number(value), &d) == 0);
		break;
	case FIELD_REF:
		must(json_get_text(value, "id") || json_get_text(value, "name"));
		break;
	case FIELD_TAGS:
		cJSON_ArrayForEach (one, value)
			must(json_text(one));
		break;
	case FIELD_LINES:
		cJSON_ArrayForEach (one, value)
			check_line(field->line, one);
		break;
	default:
		must(json_text(value));
	}
}

/* A line of the input: JSON, or else a text. */
static cJSON *value_of(const char *line)
{
	cJSON *value = NULL;

	if (json_parse(line, strlen(line), JSON_REMOTE, &value, NULL, NULL) < 0)
		value = cJSON_CreateString(line);
	return value;
}

static void fill(const struct mapping *m, char **lines, cJSON *record)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct map_field *f = &m->fields[i];

		if (f->at && f->lines.count && *lines && **lines != '!') {
			cJSON *list = cJSON_CreateArray(), *line = cJSON_CreateObject();

			cJSON_AddItemToArray(list, line);
			if (json_put(record, f->at, list) == 0)
				fill(&f->lines, lines, line);
			continue;
		}
		if (f->at && *lines)
			json_put(record, f->at, value_of(strsep(lines, "\n")));
		if (f->at_last && *lines)
			json_put(record, f->at_last, value_of(strsep(lines, "\n")));
	}
}

static void check_record(struct manifest_type *t, const cJSON *record)
{
	struct map_env env = {.tool = "x", .currency = "EUR", .key = "key", .lookup = lookup};
	_cleanup_json_ cJSON *doc = NULL;
	_cleanup_json_ cJSON *body = NULL;
	_cleanup_json_ cJSON *sent = NULL;
	_cleanup_(mem_freep) char *text = NULL;
	struct err e = {0};

	must(map_read(&t->map, &env, record, &doc, &e) == 0);
	check_line(t->type->fields, doc);
	if (map_create(&t->map, &env, doc, &body, &e) < 0) {
		must(e.field[0] && e.text[0]);
		return;
	}
	text = json_print(body);
	must(json_parse(text, strlen(text), JSON_REMOTE, &sent, NULL, NULL) == 0);
	must(json_equal(body, sent));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(mem_freep) char *text = NULL;
	_cleanup_json_ cJSON *record = NULL;
	struct manifest_type *t;
	char *lines;

	if (size < 2)
		return 0;
	t = types[data[0] % type_count];
	text = mem_dup(data + 2, size - 2);
	/* The reader of JSON lets no U+0001 through: it marks numbers with it. */
	if (!utf8_valid(text, strlen(text)) || strchr(text, '\001'))
		return 0;
	if (data[1] & 1) {
		record = cJSON_CreateObject();
		lines = text;
		fill(&t->map, &lines, record);
	} else if (json_parse(text, strlen(text), JSON_REMOTE, &record, NULL, NULL) < 0) {
		return 0;
	}
	check_record(t, record);
	return 0;
}
