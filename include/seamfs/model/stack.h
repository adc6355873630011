/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack - the configuration, stack.json: which tools there are, who owns what, who holds copies.
 * Threads: any; constant after stack_load(), except the capabilities, which are set before threads start.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

#include "seamfs/base/err.h"
#include "seamfs/model/hooks.h"
#include "seamfs/model/type.h"

#define STACK_MAX_TOOLS 32
#define TOOL_LOCAL	0 /* index of the embedded owner, always there */

/* What a tool can do with one type; a copy of the connector's capability, so that the store needs no connectors. */
struct tool_type {
	_Bool used;	/* owner or share of it: it is pulled and pushed */
	uint64_t reads; /* fields (field_bit) */
	uint64_t writes;
	uint64_t creates;
	uint64_t steps;
	enum removal removes;
};

/* What happens to a change that is made in a copy, not in the owner. */
enum copy_rule { COPY_UNSTATED, COPY_REVERT, COPY_ACCEPT, COPY_ASK };

struct tool {
	char *name;	     /* "crm"; "local" for the embedded one */
	char *connector;     /* "csv" */
	const cJSON *config; /* its object in stack.json; NULL for "local" */
	int64_t poll_ms;
	_Bool review;	      /* what is to be sent waits for a person */
	char *cost_currency;  /* NULL: nobody said what it costs */
	int64_t cost_minor;   /* a month */
	const char *verified; /* when a person has looked at it last, "2026-11-23", or NULL */
	_Bool files;	      /* a document tool; set when its link is opened, as the next */
	char *folder;	      /* with local bytes: absolute path */
	struct tool_type types[TYPE_COUNT];
};

struct stack {
	char *path;	  /* absolute path of stack.json */
	int64_t mtime_ms; /* when it was last changed */
	char *base_dir;	  /* its folder */
	char *company;
	char *currency;
	char *state;	     /* folder for the database, absolute; NULL: the default */
	int64_t cache_bytes; /* what the documents of tools may take on this disk */
	int64_t grace_ms;    /* how long a removed record waits before its tools hear of it */
	int64_t scratch_ms;  /* how long temporary files that nobody touches are kept */
	struct tool tools[STACK_MAX_TOOLS];
	int tool_count;
	int owners[TYPE_COUNT];			       /* index of the tool */
	int field_owners[TYPE_COUNT][TYPE_MAX_FIELDS]; /* index, or -1: the type's owner */
	uint32_t shares[TYPE_COUNT];		       /* bit per tool that also holds the type */
	unsigned char rules[TYPE_COUNT][TYPE_MAX_FIELDS][STACK_MAX_TOOLS]; /* enum copy_rule */
	uint64_t owner_wins[TYPE_COUNT]; /* fields whose conflicts the owner settles; else a person */
	const cJSON
		*ids[TYPE_COUNT]
		    [STACK_MAX_TOOLS]; /* where the tool's own form has ids of other tools: name → pointer */
	int guard_share, guard_least;  /* a tool that lacks more than so many percent, and records, is held */
	int64_t verify_ms; /* how often records are read again to see whether sync has missed something */
	struct handoff *handoffs; /* handoff.h */
	int handoff_count;
	struct stack_hooks hooks;
	char *text; /* the file's bytes, for places in messages */
	cJSON *root;
};

/**
 * stack_load - reads and checks everything that can be checked without opening a tool
 * @ret: given to the caller (stack_free)
 *
 * Returns 0 or -errno; the sentence begins with "FILE:LINE:COLUMN: ".
 */
int stack_load(const char *path, struct stack **ret, struct err *e);

/* stack_load_text - the same as if @text were in the file at @path; NULL: what is in it */
int stack_load_text(const char *path, const char *text, struct stack **ret, struct err *e);

void stack_free(struct stack *stack);
void stack_freep(struct stack **stack);

/* stack_fail - an error at the place in stack.json that a JSON Pointer names, or the nearest there is; returns -@code */
int stack_fail(const struct stack *stack, const char *pointer, int code, struct err *e, const char *format,
	...) __attribute__((format(printf, 5, 6)));

/* stack_claim - JSON Pointer of the entry in owners or shares that gives the type to the tool; given to the caller */
char *stack_claim(const struct stack *stack, enum type_id type, int tool);

/* stack_name_valid - whether a tool may be called so */
_Bool stack_name_valid(const char *name);

/* stack_tool - index of the tool of that name, or -1 */
int stack_tool(const struct stack *stack, const char *name);

/* stack_owner - index of the tool that owns this field of this type */
int stack_owner(const struct stack *stack, enum type_id type, int field);

/* stack_rule - what happens when @tool, which does not own the field, changes it */
enum copy_rule stack_rule(const struct stack *stack, enum type_id type, int field, int tool);

/* stack_owner_wins - whether the field's owner settles a conflict; else a person is asked */
_Bool stack_owner_wins(const struct stack *stack, enum type_id type, int field);

/* stack_owned - the fields of the type that the tool owns */
uint64_t stack_owned(const struct stack *stack, enum type_id type, int tool);
