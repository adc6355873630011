/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_map - which column of a sheet holds which field of ours, and what a cell's text means.
 *
 * Made from one type's object in the csv connector's configuration. Nothing here reads or writes files.
 * Threads: one owner at a time. Pointers are borrowed from the configuration and the type tables.
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/base/err.h"
#include "seamfs/codec/csv.h"
#include "seamfs/connect/connect.h"

struct csv_field {
	const struct field *field;
	const char *column;  /* its header */
	const char *date;    /* form of dates, as strptime(3) has it; NULL: 2026-11-23 */
	const cJSON *values; /* our value -> text of a cell, or a list, the first is written; or NULL */
	char decimal;	     /* what parts the decimals, then marks may part thousands; 0: plain 1200.50 */
	_Bool write;
	int at; /* column in the sheet, -1 when that has none */
};

struct csv_map {
	const struct type *type;
	const char *file; /* as configured: for messages */
	const char *id;	  /* header of the id column, or NULL */
	_Bool create;	  /* the file is made when it is missing */
	_Bool same;	  /* fields are the columns that are called like them */
	_Bool id_optional;
	struct csv_field fields[TYPE_MAX_FIELDS];
	size_t count;
	int id_at;			  /* column in the sheet, -1 without one */
	const struct csv_field *key;	  /* of type_key(), or NULL */
	const struct csv_field *currency; /* of "currency", or NULL */
};

/* csv_map_read - from the object @config, which stands at @pointer. 0 or -EINVAL. */
int csv_map_read(const struct type *type, const cJSON *config, const char *pointer, struct csv_map *ret,
	struct err *e);

/* csv_map_bind - finds the columns. 0, or -EINVAL when one is missing: the sentence lists those there are. */
int csv_map_bind(struct csv_map *map, const struct csv_sheet *sheet, struct err *e);

/* csv_map_capability - what the tool can do with this type; before the first bind all columns are there */
void csv_map_capability(const struct csv_map *map, struct capability *ret);

/* What may stand beside "column" and "write" in a field's object, by the field's kind. */
enum { CSV_VALUES = 1, CSV_DATE = 2, CSV_DECIMAL = 4 };
unsigned csv_value_options(enum field_kind kind);

/* csv_value_text - a cell's text without formula guard and outer blanks; given to the caller */
char *csv_value_text(const char *cell);

/**
 * csv_value_read - the value that a cell means; given to the caller
 * @currency: of the row, for amounts
 *
 * An empty cell is null. Returns NULL when the text is no such value.
 */
cJSON *csv_value_read(const struct csv_field *f, const char *cell, const char *currency);

/**
 * csv_value_write - the text of a cell that means @value (NULL and null: empty); given to the caller
 * @like: a cell whose form is followed (yes/no or 1/0, what parts tags), "" without one
 *
 * Returns NULL when no cell can hold the value.
 */
char *csv_value_write(const struct csv_field *f, const cJSON *value, const char *like, const char *currency);
