/* SPDX-License-Identifier: Apache-2.0 */
/* stack_p - what the readers of stack.json share; the inside of model/stack.        Threads: the one that loads. */
#pragma once

#include "seamfs/model/stack.h"

/* stack_read_time - "30s", "5m", "1h", "7d" */
int stack_read_time(
	const struct stack *s, const cJSON *item, const char *pointer, int64_t *ret_ms, struct err *e);

/* stack_find_tool - index of the tool with that name, or -errno with the place */
int stack_find_tool(const struct stack *s, const char *name, const char *pointer, struct err *e);

/* stack_find_type - the item's key is "client" or "client.vat_id"; @ret_field is -1 for a whole type */
int stack_find_type(const struct stack *s, const cJSON *item, const char *pointer, const struct type **ret,
	int *ret_field, struct err *e);

/* stack_policy.c: who wins, who may remove how much, what waits for a person */
int stack_read_shares(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
int stack_read_conflicts(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
int stack_read_ids(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
int stack_read_guard(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
int stack_read_send(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
int stack_read_tool_send(
	struct stack *s, struct tool *tool, const cJSON *item, const char *pointer, struct err *e);

/* stack_read_about - what a person has written down about a tool: its cost, and when it was looked at */
int stack_read_about(struct stack *s, struct tool *tool, const char *pointer, struct err *e);
/* handoff.c */
int stack_read_handoffs(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
void stack_free_handoffs(struct stack *s);

/* stack_hooks.c: HTTP in both directions */
int stack_read_listen(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
int stack_read_subscriptions(struct stack *s, const cJSON *item, const char *pointer, struct err *e);
void stack_hooks_finish(struct stack *s);

/* stack_check_rules - every copy of every field has a rule */
int stack_check_rules(const struct stack *s, struct err *e);
