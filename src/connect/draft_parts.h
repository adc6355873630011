/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft_parts - what the parts of drafting share: the document and the manifest that grows.
 *
 * Threads: one struct draft is one thread's.
 */
#pragma once

#include <cjson/cJSON.h>

#include "connect/draft_read.h"
#include "seamfs/base/buf.h"
#include "seamfs/connect/draft.h"
#include "seamfs/model/type.h"

/* A type of ours in the document. Strings and JSON are the document's, unless said otherwise. */
struct draft_type {
	const struct type *type; /* NULL: not there */
	const char *list_path, *item_path;
	const cJSON *list_item, *one_item; /* path items: verb -> operation */
	const cJSON *create_item;	   /* has "post"; NULL: none */
	const char *create_path;
	const cJSON *record; /* schema of a record */
	char records[DRAFT_POINTER], one_record[DRAFT_POINTER];
	char id[DRAFT_POINTER];			/* where in a record its id is */
	const char *each;			/* parameter of list_path that is a record of ... */
	const struct type *parent;		/* ... this type; NULL: none */
	_Bool part;				/* the parent's id is part of the record's */
	char parent_at[DRAFT_POINTER];		/* where the record says its parent; "": nowhere */
	const cJSON *create_body, *update_body; /* schemas of the record in what is sent; NULL: not known */
	char create_wrap[DRAFT_POINTER], update_wrap[DRAFT_POINTER];
};

struct draft {
	const struct draft_order *order;
	const cJSON *spec;
	_Bool swagger;	       /* 2.0 */
	_Bool form;	       /* bodies are forms */
	cJSON *out;	       /* the manifest */
	cJSON *made;	       /* schemas that were put together here */
	cJSON *scopes;	       /* that the drafted operations want */
	cJSON *guessed, *open; /* notes: sentence -> the types that it is said of */
	long steps;	       /* left */
	long follow_cost;      /* steps that a reference takes: it is looked for among so many */
	_Bool foreign;	       /* a reference out of the document was met */
	struct draft_type types[TYPE_COUNT];
};

/* draft_guess, draft_ask - a note on what was guessed, or has to be looked up; @where: a type's name or NULL */
void draft_guess(struct draft *d, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void draft_ask(struct draft *d, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- The parts of a manifest ---- */

/* draft_access - "settings" and "http": address and login */
void draft_access(struct draft *d);

/* draft_setting - adds a setting unless it is there; @secret as in a manifest */
void draft_setting(struct draft *d, const char *name, const char *label, _Bool secret, const char *value);

/* draft_find_types - which types are where in the document. 0 or -EINVAL (an ordered path that cannot be). */
int draft_find_types(struct draft *d, struct err *e);

/* form_of - the form ("as") of our field in that member; "" where none needs to be said, NULL: seamfs has none */
const char *form_of(
	struct draft *d, const struct type *type, const struct field *field, const struct slot *slot);

/* form_values - the "values" of a choice into @out, and notes on those that are not known */
void form_values(struct draft *d, const struct type *type, const struct field *field, const struct slot *slot,
	cJSON *out);

/* form_said - whether the description of a member has one of these in it */
_Bool form_said(const cJSON *schema, const char *const *marks);

/* place_find - where in an answer the record (@many: the list of them) is, and its schema; false: nowhere */
_Bool place_find(struct draft *d, const cJSON *schema, enum type_id type, _Bool many, char at[DRAFT_POINTER],
	const cJSON **ret);

/* place_id - the pointer of the id of a record; @param: the parameter's name in the path of one. False: none. */
_Bool place_id(
	struct draft *d, const cJSON *schema, enum type_id type, const char *param, char at[DRAFT_POINTER]);

/* draft_bodies - what is sent for a create and an update */
void draft_bodies(struct draft *d, struct draft_type *t);

/* draft_fields - the "fields" of one type, given; draft_requests - its requests into @out, which has the fields */
cJSON *draft_fields(struct draft *d, struct draft_type *t);
void draft_requests(struct draft *d, struct draft_type *t, cJSON *out, const cJSON *fields);

/* draft_parent - whose records a listing is asked for; draft_parent_field - our field that refers to that, NULL: no parent */
void draft_parent(struct draft *d, struct draft_type *t);
const char *draft_parent_field(const struct draft_type *t);

/* path_fill - a path as a template of a manifest; given to the caller */
enum path_use { PATH_LIST, PATH_CREATE, PATH_ITEM };
char *path_fill(struct draft *d, const struct draft_type *t, const char *path, enum path_use use);

/* draft_page - how a listing is paged; given, NULL: it is not told */
cJSON *draft_page(struct draft *d, const struct draft_type *t);

/* draft_print - the manifest in the form of those in contrib/connectors */
void draft_print(struct buf *b, const cJSON *manifest);
