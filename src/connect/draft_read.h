/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft_read - how an OpenAPI document is read for a draft, and what the words in it mean.
 *
 * The document is a stranger's: references may go in circles, anything may be missing or of another kind. So every walk has a depth,
 * every list a length, and all walks together a number of steps.
 *
 * Threads: one struct draft is one thread's.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>

#include "seamfs/model/type.h"

struct draft;

enum {
	DRAFT_HOPS = 16,      /* references in a row */
	DRAFT_DEPTH = 10,     /* allOf in allOf … */
	DRAFT_MEMBERS = 512,  /* of one object */
	DRAFT_PARAMS = 128,   /* of one operation */
	DRAFT_STEPS = 500000, /* schemas and members looked at in one document */
	DRAFT_WORD = 64,
	DRAFT_POINTER = 200,
};

/* ---- Words (draft_words.c) ---- */

/* word_plain - letters and digits of @text in lower case; word_noun - the same in the singular */
void word_plain(const char *text, size_t len, char ret[DRAFT_WORD]);
void word_noun(const char *text, size_t len, char ret[DRAFT_WORD]);

/* word_listed - the place of @word in a list of words with blanks between them, -1: it is not there */
int word_listed(const char *list, const char *word);

/* word_next - the next word of such a list in @ret; NULL at the end, else where to go on */
const char *word_next(const char *list, char ret[DRAFT_WORD]);

/* noun_rank - how well a noun names a type of ours: 0 best, -1 not at all; noun_list - all of a type's */
int noun_rank(enum type_id type, const char *noun);
const char *noun_list(enum type_id type);

/* field_names - the list of what tools call our field; "parent/word" for what is inside of an object; NULL: nothing is known */
const char *field_names(enum type_id type, const char *field);

/* choice_meaning - the value of our choice that a tool's word means, NULL: none */
const char *choice_meaning(enum type_id type, const char *field, const char *theirs);

/* flag_meaning - what a member of that name says when it is true and when it is false; false when it is no known one */
_Bool flag_meaning(enum type_id type, const char *word, const char **ret_true, const char **ret_false);

/* word_setting - the name of a setting that is made of a parameter's: "workspaceId" is "workspace" (draft_path.c) */
void word_setting(const char *text, char ret[DRAFT_WORD + 8]);

/* ---- Reading the document (draft_spec.c) ---- */

struct member {
	const char *name;
	const cJSON *schema; /* as it stands there: a reference, perhaps */
};
struct members {
	struct member all[DRAFT_MEMBERS];
	size_t count;
};
struct params {
	const cJSON *all[DRAFT_PARAMS];
	size_t count;
};

/* spec_follow_cost - how many steps a reference is to take: looking for it takes longer in a large document */
long spec_follow_cost(const cJSON *spec);

/* spec_follow - what a reference leads to; NULL when nowhere in this document */
const cJSON *spec_follow(struct draft *d, const cJSON *node);

/* spec_schema - follows references and picks the part that is no null where there are several; NULL: nothing */
const cJSON *spec_schema(struct draft *d, const cJSON *node);

/* spec_type - "object", "array", "string", "integer", "number", "boolean" or "" of what spec_schema() gave */
const char *spec_type(const cJSON *schema);

/* spec_members - all members of an object, allOf, anyOf and oneOf together; spec_requires - whether it cannot be without that one */
void spec_members(struct draft *d, const cJSON *schema, struct members *ret);
_Bool spec_requires(struct draft *d, const cJSON *schema, const char *name);

/* spec_operation - of a path item, NULL without one */
const cJSON *spec_operation(const cJSON *item, const char *verb);

/* spec_answer - the schema of what comes when all is well; NULL: none is told */
const cJSON *spec_answer(struct draft *d, const cJSON *operation);
/* spec_refusal - the schema of what comes when something is wrong */
const cJSON *spec_refusal(struct draft *d, const cJSON *operation);
/* spec_success - the answer itself, with its headers */
const cJSON *spec_success(struct draft *d, const cJSON *operation);

/* spec_body - the schema of what is sent; parameters of a form, or of the query where there is no body, are put together as one */
const cJSON *spec_body(struct draft *d, const cJSON *item, const cJSON *operation);

/* spec_params - of an operation and its path, references followed; spec_param - the one of that plain word in "query" or "header" */
void spec_params(struct draft *d, const cJSON *item, const cJSON *operation, struct params *ret);
const cJSON *spec_param(const struct params *params, const char *in, const char *word);
const cJSON *spec_param_schema(struct draft *d, const cJSON *param);

/* ---- Members of a record (draft_slot.c) ---- */

struct slot {
	char at[DRAFT_POINTER];
	char key[DRAFT_WORD * 3];  /* "address/city" */
	const cJSON *schema, *raw; /* followed, and as it stands there */
	int depth;
	_Bool taken; /* by a field of ours */
};
struct slots {
	struct slot all[DRAFT_MEMBERS];
	size_t count;
};

void slots_fill(struct draft *d, const cJSON *schema, struct slots *ret);

/* slots_named - the free one of that name that @fits, the outer before the inner; NULL without one */
typedef _Bool (*slot_fits)(void *context, const struct slot *slot);
struct slot *slots_named(struct slots *s, enum type_id type, const char *word, slot_fits fits, void *context);
