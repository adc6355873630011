/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handoff - rules of stack.json: when this happens to a record, do that. Read and checked with the rest of stack.json; what its
 * keys mean is in contrib/handoffs.md.        Threads: any; constant after stack_load().
 */
#pragma once

#include "seamfs/model/formula.h"
#include "seamfs/model/stack.h"

enum { HANDOFF_MAX_RULES = 64, HANDOFF_MAX_SLOTS = 16, HANDOFF_MAX_DEPTH = 8 };

enum handoff_trigger {
	HANDOFF_WHEN, /* a change after which the conditions in "when" hold, and that touched one of their fields */
	HANDOFF_CREATED, /* a new record */
	HANDOFF_DATE,	 /* so many days after, or before, a day that the record names */
	HANDOFF_MONTHLY, /* on a day of every month, for each record */
};

struct handoff {
	char *name;
	cJSON *own;	   /* a recipe with what stack.json says of it; else NULL */
	const cJSON *rule; /* the rule: @own, or a part of the stack's document */
	enum handoff_trigger trigger;
	enum type_id type;
	const cJSON *when, *conditions, *actions, *with; /* NULL: none */
	const struct field *date;			 /* DATE: the field … */
	int64_t days;					 /* … and how long after it */
	int month_day; /* MONTHLY: 1 to 31; in a shorter month its last day */
	int minute;    /* MONTHLY: of the day */
	_Bool once;    /* at most once for a record, whatever happens to it */
};

/* handoff_get - the stack's rules, NULL behind the last one */
const struct handoff *handoff_get(const struct stack *stack, int index);

/* handoff_find - by name, NULL for an unknown one */
const struct handoff *handoff_find(const struct stack *stack, const char *name);

/* handoff_recipe - the text of a ready rule; NULL for an unknown name. handoff_recipe_name() is the name of one, NULL behind the last */
const char *handoff_recipe(const char *name);
const char *handoff_recipe_name(int index);

/* handoff_watches - whether a change of that field is one that "when" asks for */
_Bool handoff_watches(const struct handoff *h, const struct field *f);

/**
 * handoff_holds - whether all of the conditions hold; NULL holds
 *
 * 1 they do, 0 they do not, or -errno with a sentence.
 */
int handoff_holds(const cJSON *conditions, const struct formula_env *env, struct err *e);

/* handoff_refers - the first field of @type that refers to records of @to, NULL: none */
const struct field *handoff_refers(const struct type *type, enum type_id to);

/* value_of_json - a text (a day, where it is one), number or truth value of a document; anything else is VALUE_LIST, null is nothing */
struct value value_of_json(const cJSON *item);
