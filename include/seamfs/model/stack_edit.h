/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack_edit - one more tool, another owner, or a word about a tool, in the text of stack.json; what people wrote there stays, byte for
 * byte: comments, order, form.
 * Threads: any.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

#include "seamfs/base/buf.h"

/**
 * stack_insert - copies the text of a configuration and adds a tool to it
 * @text: one that stack_load() accepts
 * @tool: borrows; its object
 * @owns: a bit (1 << type) for each type that it is to own; none of them has an owner in @text
 * @ret:  empty; the new text is appended
 *
 * New members are the last ones of "tools" and "owners", on lines of their own where the others are. Line ends and
 * indentation are those of the text. Returns 0; -EINVAL where @text has no such objects; -E2BIG.
 */
int stack_insert(const char *text, const char *name, const cJSON *tool, uint32_t owns, struct buf *ret);

/* stack_share - … in which a tool that held nothing of the type holds a copy of it, with that rule ("accept") */
int stack_share(const char *text, const char *type, const char *tool, const char *rule, struct buf *ret);

/**
 * stack_move - … in which a type belongs to @to
 * @from: its owner in @text; it holds a copy from then on ("local" none): with the rule that @to had, else with @rule
 */
int stack_move(const char *text, const char *type, const char *from, const char *to, const char *rule,
	struct buf *ret);

/* stack_set_tool - copies the text and puts a text into a tool's object, in place of what the key has there. 0, -EINVAL or -E2BIG. */
int stack_set_tool(const char *text, const char *name, const char *key, const char *value, struct buf *ret);
