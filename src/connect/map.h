/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map - one record between our form (a doc, model/type.h and connect.h) and the tool's JSON, both ways.
 *
 * Everything is driven by the manifest's "fields"; nothing here knows a tool or the network: lookup tables
 * come through a function.
 *
 * Threads: one owner at a time (a mapping remembers which field it has warned about).
 */
#pragma once

#include <cjson/cJSON.h>

#include "seamfs/base/err.h"
#include "seamfs/model/type.h"

/* The tool's form of a value; what each field kind may use is in manifest.c. */
enum map_as {
	AS_TEXT,
	AS_INT,		 /* whole number */
	AS_DECIMAL,	 /* number; exact digits */
	AS_DECIMAL_TEXT, /* the same in quotes */
	AS_MINOR,	 /* money as a whole number of minor units */
	AS_DATE,	 /* "2026-11-23", a time behind it is ignored */
	AS_DATETIME,	 /* RFC 3339 */
	AS_UNIX,	 /* seconds since 1970 */
	AS_UNIX_DATE,	 /* the same when read, a date when written */
	AS_UNIX_MS,
	AS_MSDATE,     /* "/Date(1795000000000+0000)/" */
	AS_DATE_PARTS, /* {"year": 2026, "month": 11, "day": 23} */
	AS_SECONDS,    /* these five are hours in our form */
	AS_MILLISECONDS,
	AS_MINUTES,
	AS_CLOCK,    /* "01:30" */
	AS_DURATION, /* ISO 8601: "PT1H30M" */
	AS_BOOL,
	AS_LINES,
	AS_TAGS,  /* list of texts */
	AS_COMMA, /* tags in one text */
};

enum map_write {
	WRITE_ALWAYS,
	WRITE_CREATE,
	WRITE_NEVER,
	WRITE_STEP, /* only by the requests of "steps" */
};

struct map_field;

enum { REF_PARTS = 3 };

struct mapping {
	struct map_field *fields;
	size_t count;
};

/* One field of ours and where the tool keeps it. Pointers are borrowed from the manifest. */
struct map_field {
	const struct field *field;
	const char *at;	     /* JSON Pointer in the tool's record when reading, NULL: cannot be read */
	const char *at_last; /* where the last word of the text is, NULL: it is all in one place */
	const char *to;	     /* JSON Pointer in what is sent */
	const char *parts[REF_PARTS]; /* a reference by an id of several parts, joined with ':' */
	int part_count;		      /* 0: it is in one place */
	enum map_as as;
	enum map_write write;
	_Bool by_name;	     /* `at` holds a name, not an id (references and lookups) */
	_Bool need;	     /* a reference that has to exist in the tool before this record can be sent */
	const char *lookup;  /* table of ids and names that the tool's value goes through */
	const cJSON *values; /* ours -> theirs, or a list of theirs: the first is written, "*" is any other */
	const char *slug;    /* when a new record has no value: made from this field of ours */
	const cJSON *empty;  /* how the tool writes "no value"; null when absent */
	const cJSON *
		clear; /* JSON Pointer -> what stands there then, in place of `empty`; false: it cannot be taken away */
	_Bool local;	      /* a date is a moment in the zone of this machine, at noon when written */
	const cJSON *send;    /* the request that sets this field alone; NULL: it goes with the others */
	const cJSON *with;    /* what is sent along: JSON Pointer -> constant, or "{field}" of the record */
	const char *item;     /* TAGS: where in an element of the list the text is */
	struct mapping lines; /* LINES: the fields of one */
	_Bool warned;
};

/* What a translation needs to know besides the mapping. */
struct map_env {
	const char *tool;	   /* name, for sentences */
	const char *currency;	   /* the company's: used where neither record nor change says one */
	const char *key;	   /* idempotency key of a create, else NULL */
	const cJSON *base;	   /* update: the whole doc as the tool last had it, else NULL */
	const struct mapping *map; /* filled by map_create() and map_changes(), with … */
	const cJSON *doc;	   /* … what they are given: for "{field}" */

	/**
	 * lookup - the other side of a row in a table
	 * @by_name: @text is a name and the id is wanted, else the other way round
	 * @ret:     borrowed until the next call
	 *
	 * Returns 0, -ENOENT (no such row; when @by_name with a sentence that names the choices), or another
	 * -errno.
	 */
	int (*lookup)(void *context, const char *table, const char *text, _Bool by_name, const char **ret,
		struct err *e);
	void *context;
};

/* mapping_find - the field map of our field @name, NULL without one */
struct map_field *mapping_find(const struct mapping *m, const char *name);
/* map_apart - whether this field is not part of the record that is sent, but has requests of its own */
_Bool map_apart(const struct map_field *f);

/*
 * mapping_reads, mapping_writes - the fields (field_bit) that can be read, changed, or given at creation; @whole: the tool takes
 * records, not only what is sent apart from them
 */
uint64_t mapping_reads(const struct mapping *m, const struct type *type);
uint64_t mapping_writes(const struct mapping *m, const struct type *type, _Bool create, _Bool whole);

/**
 * map_read - the tool's record as a doc
 * @ret: given; every readable field is in it, null where the tool has nothing
 *
 * A value that does not fit our field becomes null, and the first one of each field is logged: one odd record
 * must not stop a listing. Returns 0, or the -errno of a lookup.
 */
int map_read(struct mapping *m, const struct map_env *env, const cJSON *record, cJSON **ret, struct err *e);

/* map_our_word, map_their_word - a text of the tool's or ours in the other's word; itself where nothing is translated; NULL: none */
const char *map_our_word(const struct map_field *f, const char *theirs);
const char *map_their_word(const struct map_field *f, const char *ours);

/**
 * map_state - the tool's word that stands in @record; lookups are done
 * @ret: given; NULL when the record has none
 *
 * Returns 0 or the -errno of a lookup.
 */
int map_state(
	const struct map_field *f, const struct map_env *env, const cJSON *record, char **ret, struct err *e);

/* map_same - whether two values of @field mean the same (numbers by value, references by id, else by name) */
_Bool map_same(const struct field *field, const cJSON *a, const cJSON *b);

/* map_instant - a stamp in a tool's record (AS_DATETIME or AS_UNIX) as UTC milliseconds, 0 without one */
int64_t map_instant(const cJSON *record, const char *at, enum map_as as);
