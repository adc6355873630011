/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/csv_map.h"

#include <errno.h>
#include <string.h>

#include "connect/drivers.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"

/* Reads one option of a field. */
typedef int (*option_reader)(struct csv_field *f, const cJSON *value, const char *pointer, struct err *e);

static int read_date(struct csv_field *f, const cJSON *value, const char *pointer, struct err *e)
{
	static const char day[] = "2026-11-23";
	char text[64], back[11] = "";

	f->date = json_text(value);
	if (!f->date || date_format(day, f->date, text, sizeof(text)) < 0 ||
		date_parse(text, f->date, back) < 0 || strcmp(back, day) != 0)
		return driver_bad(e, pointer, "this has to be the form of a date such as \"%%d.%%m.%%Y\"");
	return 0;
}

static int read_decimal(struct csv_field *f, const cJSON *value, const char *pointer, struct err *e)
{
	const char *text = json_text(value);

	if (!text || (strcmp(text, ",") != 0 && strcmp(text, ".") != 0))
		return driver_bad(e, pointer, "this has to be \",\" or \".\"");
	f->decimal = text[0];
	return 0;
}

/* A text that is not empty, or (@many) a list of such. */
static _Bool is_cell_text(const cJSON *item, _Bool many)
{
	const cJSON *child;

	if (!many || !cJSON_IsArray(item))
		return json_text(item) && *json_text(item);
	cJSON_ArrayForEach (child, item) {
		if (!is_cell_text(child, 0))
			return 0;
	}
	return item->child != NULL;
}

static int read_values(struct csv_field *f, const cJSON *values, const char *pointer, struct err *e)
{
	const cJSON *child;

	if (!cJSON_IsObject(values))
		return driver_bad(e, pointer, "this has to be an object");
	cJSON_ArrayForEach (child, values) {
		_cleanup_(mem_freep) char *at = driver_pointer(pointer, child->string);
		_Bool truth = strcmp(child->string, "true") == 0 || strcmp(child->string, "false") == 0;

		if (f->field->kind == FIELD_BOOL && !truth)
			return driver_bad(
				e, at, "the values of %s are \"true\" and \"false\"", f->field->name);
		if (f->field->kind == FIELD_CHOICE && !field_allows(f->field, child->string))
			return driver_bad(e, at, "\"%s\" is no value of %s", child->string, f->field->name);
		if (!is_cell_text(child, 1))
			return driver_bad(
				e, at, "this has to be the text of a cell, or a list of such texts");
	}
	f->values = values;
	return 0;
}

static const struct {
	const char *name;
	unsigned option;
	option_reader read;
} options[] = {
	{"values", CSV_VALUES, read_values},
	{"date", CSV_DATE, read_date},
	{"decimal", CSV_DECIMAL, read_decimal},
};

/* A field's object: column, write, and the options that its kind may have. */
static int read_field_object(struct csv_field *f, const cJSON *item, const char *pointer, struct err *e)
{
	static const char *const keys[] = {"column", "date", "values", "decimal", "write", NULL};
	const cJSON *write = json_get(item, "write");
	int r = driver_keys(item, pointer, keys, e);

	if (r < 0)
		return r;
	if (write && !cJSON_IsBool(write))
		return driver_bad(e, pointer, "\"write\" has to be true or false");
	f->write = f->write && !cJSON_IsFalse(write);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const cJSON *value = json_get(item, options[i].name);
		_cleanup_(mem_freep) char *at = driver_pointer(pointer, options[i].name);

		if (!value)
			continue;
		if (!(csv_value_options(f->field->kind) & options[i].option))
			return driver_bad(e, at, "%s has no \"%s\": it is a %s", f->field->name,
				options[i].name, field_kind_name(f->field->kind));
		r = options[i].read(f, value, at, e);
		if (r < 0)
			return r;
	}
	f->column = json_get_text(item, "column");
	return 0;
}

static int read_field(struct csv_map *map, const cJSON *item, const char *pointer, struct err *e)
{
	const struct field *field = type_field(map->type, item->string);
	struct csv_field *f = &map->fields[map->count++];
	int r;

	if (!field)
		return driver_bad(
			e, pointer, "there is no field \"%s\" in %s", item->string, map->type->name);
	if (field->kind == FIELD_LINES)
		return driver_bad(e, pointer, "a cell cannot hold %s: they are lists", field->name);
	*f = (struct csv_field){
		.field = field, .column = json_text(item), .write = !(field->flags & FIELD_READ_ONLY)};
	if (!f->column) {
		r = read_field_object(f, item, pointer, e);
		if (r < 0)
			return r;
	}
	if (!f->column || !*f->column)
		return driver_bad(e, pointer, "the header of a column is missing");
	return 0;
}

/* Each field could be a column of that name. */
static void take_all_fields(struct csv_map *map)
{
	map->same = 1;
	for (const struct field *field = map->type->fields; field->name; field++) {
		if (field->kind == FIELD_LINES)
			continue;
		map->fields[map->count++] = (struct csv_field){
			.field = field, .column = field->name, .write = !(field->flags & FIELD_READ_ONLY)};
	}
}

static const struct csv_field *find(const struct csv_map *map, const struct field *field)
{
	for (size_t i = 0; field && i < map->count; i++) {
		if (map->fields[i].field == field)
			return &map->fields[i];
	}
	return NULL;
}

static int read_fields(struct csv_map *map, const cJSON *fields, const char *pointer, struct err *e)
{
	_cleanup_(mem_freep) char *at = driver_pointer(pointer, "fields");
	const cJSON *child;
	int r;

	if (!fields || str_equal(json_text(fields), "same"))
		take_all_fields(map);
	else if (!cJSON_IsObject(fields))
		return driver_bad(e, at, "this has to be an object, or \"same\"");
	else
		cJSON_ArrayForEach (child, fields) {
			_cleanup_(mem_freep) char *place = driver_pointer(at, child->string);

			r = read_field(map, child, place, e);
			if (r < 0)
				return r;
		}
	map->key = find(map, type_key(map->type));
	map->currency = find(map, type_field(map->type, "currency"));
	if (!map->id && !map->key)
		return driver_bad(e, pointer, "rows cannot be told apart: name the column of their \"id\"");
	return 0;
}

int csv_map_read(
	const struct type *type, const cJSON *config, const char *pointer, struct csv_map *map, struct err *e)
{
	static const char *const keys[] = {"file", "id", "fields", "create", NULL};
	const cJSON *id = json_get(config, "id"), *create = json_get(config, "create");
	int r = driver_keys(config, pointer, keys, e);

	if (r < 0)
		return r;
	*map = (struct csv_map){.type = type, .file = json_get_text(config, "file"), .id = json_text(id)};
	if (!map->file || !*map->file)
		return driver_bad(e, pointer, "\"file\" is missing: the path of a CSV file");
	if (id && (!map->id || !*map->id))
		return driver_bad(e, pointer, "\"id\" has to be the header of a column");
	if (create && !cJSON_IsBool(create))
		return driver_bad(e, pointer, "\"create\" has to be true or false");
	map->create = cJSON_IsTrue(create);
	r = read_fields(map, json_get(config, "fields"), pointer, e);
	if (r == 0 && map->same && !map->id) {
		map->id = "id";
		map->id_optional = 1;
	}
	map->id_at = map->id ? 0 : -1;
	return r;
}

static int no_column(
	const struct csv_map *map, const struct csv_sheet *sheet, const char *column, struct err *e)
{
	struct buf known = BUF_INIT(BUF_MAX_TEXT);
	int r;

	for (size_t c = 0; c < csv_columns(sheet); c++)
		buf_printf(&known, "%s\"%s\"", c ? ", " : "", csv_header(sheet, c));
	if (known.len)
		r = err_set(e, EINVAL, "%s has no column \"%s\"; its columns are %s", map->file, column,
			buf_text(&known));
	else
		r = err_set(e, EINVAL, "%s has no column \"%s\": it is empty", map->file, column);
	buf_finish(&known);
	return r;
}

int csv_map_bind(struct csv_map *map, const struct csv_sheet *sheet, struct err *e)
{
	map->id_at = map->id ? csv_column(sheet, map->id) : -1;
	if (map->id && map->id_at < 0 && !map->id_optional)
		return no_column(map, sheet, map->id, e);
	for (size_t i = 0; i < map->count; i++) {
		map->fields[i].at = csv_column(sheet, map->fields[i].column);
		if (map->fields[i].at < 0 && !map->same)
			return no_column(map, sheet, map->fields[i].column, e);
	}
	if (map->id_at < 0 && map->key->at < 0)
		return no_column(map, sheet, map->key->column, e);
	return 0;
}

void csv_map_capability(const struct csv_map *map, struct capability *ret)
{
	*ret = (struct capability){.type = map->type->id, .removes = REMOVE_ERASE, .scans = 1};
	for (size_t i = 0; i < map->count; i++) {
		const struct csv_field *f = &map->fields[i];
		uint64_t bit = f->at >= 0 ? field_bit(map->type, f->field) : 0;

		ret->reads |= bit;
		ret->writes |= f->write ? bit : 0;
	}
	/* A new row needs something to know it by. */
	if (map->id_at >= 0 || map->key->write)
		ret->creates = ret->writes;
}
