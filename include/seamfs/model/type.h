/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type - the kinds of records and their fields, as tables.        Threads: any (constant data).
 *
 * A record's document ("doc") is a JSON object with the field names below as keys; a field without value is absent,
 * never null. The value of each kind inside a doc:
 *
 *   TEXT, LONG_TEXT, EMAIL, PHONE, URL   string                       CHOICE   string, one of the allowed values
 *   DATE      "YYYY-MM-DD"                                            BOOL     true or false
 *   MONEY     whole number of minor units of doc["currency"]          DECIMAL  number, exact digits
 *   REF       whole number: the id of a record of type field->ref     TAGS     array of strings
 *   LINES     array of objects whose fields are field->line
 *
 * In a record's file MONEY is a decimal number and REF is the other record's name (record.h converts). Connectors
 * speak docs too, but their REF values are objects (see connect.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum type_id {
	TYPE_NONE = 0,
	TYPE_CLIENT,
	TYPE_CONTACT,
	TYPE_DEAL,
	TYPE_QUOTE,
	TYPE_INVOICE,
	TYPE_PAYMENT,
	TYPE_PROJECT,
	TYPE_TASK,
	TYPE_TIME,
	TYPE_DOCUMENT,
	TYPE_ENTRY,
	TYPE_COUNT,
};

enum field_kind {
	FIELD_TEXT,
	FIELD_LONG_TEXT,
	FIELD_EMAIL,
	FIELD_PHONE,
	FIELD_URL,
	FIELD_CHOICE,
	FIELD_DATE,
	FIELD_BOOL,
	FIELD_MONEY,
	FIELD_DECIMAL,
	FIELD_REF,
	FIELD_TAGS,
	FIELD_LINES,
};

enum {
	FIELD_REQUIRED = 1,
	FIELD_READ_ONLY = 2,
	FIELD_KEY = 4,	     /* what people call the record; gives the file its name */
	FIELD_WHOLE = 8,     /* the REF whose folder this record lives in */
	FIELD_VIEW = 16,     /* has a folder in by/ */
	FIELD_UNIQUE = 64,   /* no two live records of the type have the same value */
	FIELD_COMPUTED = 32, /* derived from the lines when the writer does not give it */
};

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	enum type_id ref; /* REF only */
	const char *const
		*choices;	  /* CHOICE only: NULL-terminated; the first is the default of a new record */
	const struct field *line; /* LINES only: terminated by a field without name */
	const char *title;	  /* for people and for JSON Schema */
};

struct type {
	enum type_id id;
	const char *name;   /* "client": the word in configuration, manifests, schema */
	const char *plural; /* "clients": the folder */
	const char *file;   /* "client.json" where each record is a folder, else NULL */
	const char *title;
	const struct field *fields; /* in file order, terminated by a field without name; at most 64 */
	const char *const *match;   /* fields that identify the same thing in two tools, strongest first */
	_Bool company;		    /* found also by its name without legal form, and by its domain */
	const char *removable;	    /* the only status in which one may be removed, "": none; NULL: always */
};

/* What a tool does when it is told to remove a record. */
enum removal { REMOVE_NO, REMOVE_ERASE, REMOVE_ARCHIVE };

#define TYPE_MAX_FIELDS 64

/* type_get - never NULL for TYPE_CLIENT … TYPE_ENTRY */
const struct type *type_get(enum type_id id);

/* type_by_name, type_by_plural - NULL for an unknown word */
const struct type *type_by_name(const char *name);
const struct type *type_by_plural(const char *plural);

/* type_field - NULL for an unknown name; type_field_index() is its position or -1 */
const struct field *type_field(const struct type *type, const char *name);
int type_field_index(const struct type *type, const char *name);

/* type_key, type_whole - the FIELD_KEY / FIELD_WHOLE field, or NULL */
const struct field *type_key(const struct type *type);
const struct field *type_whole(const struct type *type);

/* field_bit - this field's bit in a set of fields of its type */
static inline uint64_t field_bit(const struct type *type, const struct field *field)
{
	return (uint64_t)1 << (field - type->fields);
}

/* field_allows - whether @text is among a CHOICE field's values */
_Bool field_allows(const struct field *field, const char *text);

/* field_kind_name - "text", "date", "money" … for messages and listings */
const char *field_kind_name(enum field_kind kind);
