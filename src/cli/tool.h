/* SPDX-License-Identifier: Apache-2.0 */
/* tool - what the parts of "seamfs tool" share.        Threads: main. */
#pragma once

#include "cli/cli.h"
#include "seamfs/connect/registry.h"

/* tool_login - lets a person allow us in a browser, on this machine or (@paste) on another one */
enum exit_code tool_login(const struct stack *stack, const char *name, _Bool paste);

/* tool_log_in - the same for a tool that need not be in any stack; frees @oauth, which connect_oauth() gave. 0 or -errno. */
int tool_log_in(const struct tool_setup *setup, struct oauth *oauth, _Bool paste, struct err *e);

enum exit_code tool_add(const struct options *o);
enum exit_code tool_test(const struct options *o);

/* tool_hook - prints the address that the tool's webhooks are to be sent to */
enum exit_code tool_hook(const struct options *o);

/* tool_new - drafts a manifest from the OpenAPI document in the second argument */
enum exit_code tool_new(const struct options *o);

/* ---- Looking at the records of a type ---- */

/* What a listing began with. */
struct tool_look {
	cJSON *rows; /* at most ten docs; of documents { "name": path } */
	size_t count;
	_Bool more; /* it was not read to its end */
	char *newest; /* id of the one that was made or changed last; where the tool does not say, of the last one */
	int64_t newest_ms;
};

/* tool_has - whether the tool holds the type */
_Bool tool_has(const struct tool_link *link, enum type_id type);

/* tool_look - reads pages until @limit records have come. 0 or -errno. */
int tool_look(struct tool_link *link, enum type_id type, size_t limit, struct tool_look *ret, struct err *e);
void tool_look_finish(struct tool_look *look);

/* tool_print_rows - the rows as a table: what people call the record, and its next field */
void tool_print_rows(
	const struct tool_link *link, enum type_id type, const struct tool_look *look, const char *currency);

/* ---- Settings of a new tool ---- */

/* A secret that was typed. */
struct tool_secret {
	const char *key; /* borrowed from the connector's needs */
	char *text;
	_Bool kept; /* and is to be forgotten when the tool is not added */
};

struct tool_answers {
	cJSON *config; /* the tool's object of stack.json; without the secrets before tool_keep() */
	struct tool_secret *secrets;
	size_t count;
};

/* tool_ask - takes --set, and asks for what else the connector needs */
int tool_ask(const struct options *o, const struct connector_needs *needs, const char *connector,
	struct tool_answers *ret, struct err *e);
void tool_answers_finish(struct tool_answers *a);

/* tool_keep - puts the secrets where --secret-file, --secret-tool or --pass says, and references to them into the object */
int tool_keep(const struct options *o, const struct stack *stack, const char *name, struct tool_answers *a,
	struct err *e);

/* tool_forget - takes back what tool_keep() did */
void tool_forget(
	const struct options *o, const struct stack *stack, const char *name, struct tool_answers *a);
