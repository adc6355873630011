/* SPDX-License-Identifier: Apache-2.0 */
/* handoff_p - what the readers of "handoffs" share; the inside of model/handoff.        Threads: the one that loads. */
#pragma once

#include "seamfs/model/handoff.h"

enum { HANDOFF_AT = 400 }; /* bytes of a place */

/* handoff_at - the place of a member, or (handoff_at_index) of an element, of what is at @pointer */
void handoff_at(char at[HANDOFF_AT], const char *pointer, const char *key);
void handoff_at_index(char at[HANDOFF_AT], const char *pointer, int index);

/* One rule while it is checked. What is wrong in a recipe is at @pointer, the place where it is switched on. */
struct handoff_check {
	const struct stack *stack;
	const struct handoff *rule;
	const char *pointer;
	_Bool recipe;
	struct {
		const char *name;
		enum type_id type;
	} slots[HANDOFF_MAX_SLOTS];
	int slot_count;
	enum type_id item; /* "item" is one of that type; TYPE_NONE: there is none */
	_Bool result;	   /* "result" is what a script said */
	_Bool later;	   /* in "then" */
	struct err *e;
};

/* handoff_wrong - an error at @pointer below the rule; returns -EINVAL */
int handoff_wrong(struct handoff_check *c, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* handoff_check_text - a text with {expressions}; handoff_check_path() one expression alone */
int handoff_check_text(struct handoff_check *c, const char *text, const char *pointer);
int handoff_check_path(struct handoff_check *c, const char *text, const char *pointer);

/* handoff_check_if - conditions, in "when" or "if" */
int handoff_check_if(struct handoff_check *c, const cJSON *conditions, const char *pointer);

/* handoff_check_do - a list of actions */
int handoff_check_do(struct handoff_check *c, const cJSON *actions, const char *pointer);

/* handoff_check_keys - the object has no others than those, which are separated by blanks */
int handoff_check_keys(struct handoff_check *c, const cJSON *object, const char *keys, const char *pointer);

/* handoff_read_rule - what the rule's object says of its trigger */
int handoff_read_rule(struct handoff_check *c, struct handoff *h);
