/* SPDX-License-Identifier: Apache-2.0 */
/* "seamfs tool add": a new tool is asked for, tried, shown, and written into stack.json. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/tool.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/model/stack_edit.h"
#include "seamfs/sync/sync.h"

/* A tool on its way into the stack. */
struct adding {
	const struct options *o;
	const struct stack *stack;
	const char *connector, *name;
	struct connector_needs needs;
	struct tool_answers answers;
	struct tool_setup setup;
	struct tool_link *link;
	uint32_t readable; /* a bit for each type whose records were read */
	uint32_t owns;
};

static uint32_t type_bit(int type)
{
	return (uint32_t)1 << type;
}

/* "project, task"; given, "" for none. */
static char *type_names(uint32_t types)
{
	struct buf b = BUF_INIT(400);

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (types & type_bit(i))
			buf_printf(&b, "%s%s", b.len ? ", " : "", type_get((enum type_id)i)->name);
	}
	return buf_steal(&b);
}

/* ---- owners ---- */

/* Types of which stack.json says who owns them. */
static uint32_t owned(const struct stack *stack)
{
	uint32_t types = 0;

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (json_get(json_get(stack->root, "owners"), type_get((enum type_id)i)->name))
			types |= type_bit(i);
	}
	return types;
}

/* The types of "project,task"; "none" are none. Each has to be one that the tool may own. */
static int parse_owned(const struct adding *a, const char *text, uint32_t *ret, struct err *e)
{
	_cleanup_(mem_freep) char *copy = str_dup(text);
	uint32_t types = 0;
	char *rest, *word;

	if (strcmp(text, "none") == 0) {
		*ret = 0;
		return 0;
	}
	for (word = strtok_r(copy, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
		const struct type *type = type_by_name(word);

		if (!type || (a->link && !tool_has(a->link, type->id)))
			return err_set(e, EINVAL, "%s has no type \"%.60s\"", a->needs.title, word);
		if (owned(a->stack) & type_bit(type->id))
			return err_set(e, EINVAL, "%s has an owner already: \"%s\" in %s", type->name,
				a->stack->tools[a->stack->owners[type->id]].name, a->stack->path);
		if (a->link && !(a->readable & type_bit(type->id)))
			return err_set(e, EINVAL, "%s cannot be owned by %s, which does not let us read it",
				type->name, a->name);
		types |= type_bit(type->id);
	}
	*ret = types;
	return 0;
}

/* A tool that holds what another one owns can have a copy of it; who wins is no question for a line. */
static void mention_copies(const struct adding *a)
{
	_cleanup_(mem_freep) char *names = type_names(a->readable & owned(a->stack));

	if (*names)
		printf("Other tools own these already, so they are left alone: %s.\n"
		       "To keep copies of them in %s in step, name it in \"shares\".\n",
			names, a->name);
}

static int choose_owned(struct adding *a, struct err *e)
{
	uint32_t free_ones = a->readable & ~owned(a->stack);
	_cleanup_(mem_freep) char *names = type_names(free_ones), *answer = NULL;
	int r;

	mention_copies(a);
	if (a->o->owner)
		return parse_owned(a, a->o->owner, &a->owns, e);
	a->owns = free_ones;
	if (!free_ones || a->o->yes)
		return 0;
	printf("No tool owns these yet: %s.\n", names);
	r = ask_line("Which of them is it to own (Enter: all; or names, or none)? ", 0, &answer, e);
	if (r < 0 || !*answer)
		return r;
	return parse_owned(a, answer, &a->owns, e);
}

/* ---- trying it ---- */

static void show_type(struct adding *a, enum type_id type)
{
	struct tool_look look = {0};
	struct err e = {0};

	printf("\n%s\n", type_get(type)->plural);
	fflush(stdout);
	if (tool_look(a->link, type, 1, &look, &e) < 0) {
		utf8_disarm(e.text);
		printf("  cannot be read: %s\n", e.text);
		return;
	}
	a->readable |= type_bit(type);
	tool_print_rows(a->link, type, &look, a->stack->currency);
	tool_look_finish(&look);
}

static int count_types(const struct tool_link *link, const char *what)
{
	int n = 0;

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		const struct capability *c = &link->capabilities[i];
		_Bool files = i == TYPE_DOCUMENT && link->ops->files && c->type == TYPE_NONE;

		n += what[0] == 'w'   ? c->writes != 0 || files
		     : what[0] == 'c' ? c->creates != 0 || files
		     : what[0] == 'r' ? c->removes != REMOVE_NO || files
				      : tool_has(link, (enum type_id)i);
	}
	return n;
}

/* Reads the first records of each type and shows them. */
static int show(struct adding *a, struct err *e)
{
	_cleanup_(mem_freep) char *text = NULL;
	int r = a->link->ops->check(a->link, &text, e);

	if (r < 0)
		return r;
	utf8_disarm(text);
	printf("%s: %s\n", a->name, text);
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT && !atomic_load(a->setup.stop); i++) {
		if (tool_has(a->link, (enum type_id)i))
			show_type(a, (enum type_id)i);
	}
	if (atomic_load(a->setup.stop))
		return err_set(e, EINTR, "stopped");
	printf("\nOf %d types %d can be read, %d written, %d created, %d removed.\n",
		count_types(a->link, "all"), __builtin_popcount(a->readable), count_types(a->link, "written"),
		count_types(a->link, "created"), count_types(a->link, "removed"));
	return a->readable ? 0 : err_set(e, EACCES, "none of its types can be read");
}

/* ---- stack.json ---- */

/* What the file has to say afterwards: all it said, and the tool with its types. */
static _Bool as_meant(const struct adding *a, const struct stack *now)
{
	_cleanup_json_ cJSON *want = cJSON_Duplicate(a->stack->root, 1);

	if (!json_get(want, "tools"))
		json_set(want, "tools", cJSON_CreateObject());
	json_set(json_get(want, "tools"), a->name, cJSON_Duplicate(a->answers.config, 1));
	if (a->owns && !json_get(want, "owners"))
		json_set(want, "owners", cJSON_CreateObject());
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (a->owns & type_bit(i))
			json_set_text(json_get(want, "owners"), type_get((enum type_id)i)->name, a->name);
	}
	return json_equal(want, now->root);
}

/* The new text, examined as "seamfs check" would. */
static int compose(const struct adding *a, struct buf *text, struct err *e)
{
	_cleanup_(stack_freep) struct stack *now = NULL;
	struct sync *sync = NULL;
	int r = stack_insert(a->stack->text, a->name, a->answers.config, a->owns, text);

	if (r < 0)
		return err_set(e, -r, "%s: there is no place for one more tool", a->stack->path);
	r = stack_load_text(a->stack->path, buf_text(text), &now, e);
	if (r == 0 && !as_meant(a, now))
		r = err_set(e, EINVAL,
			"%s is written in a way that cannot be added to; add this by hand: \"%s\"",
			a->stack->path, a->name);
	if (r == 0)
		r = sync_open(now, &sync, e);
	sync_stop(sync);
	return r;
}

/* file_asker: whether the file is still the one that was read. */
static int unchanged(void *context, const char *old, struct err *e)
{
	const struct adding *a = context;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG);
	int r = file_read(old, &b, e);

	if (r == 0 && strcmp(buf_text(&b), a->stack->text) != 0)
		r = err_set(e, ESTALE, "%s has been changed meanwhile; begin again", a->stack->path);
	return r;
}

static int write_stack(struct adding *a, struct err *e)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_CONFIG);
	_cleanup_(mem_freep) char *names = type_names(a->owns);
	_cleanup_(mem_freep) char *question = str_format("Write %s into %s?", a->name, a->stack->path);
	int r = compose(a, &text, e), yes;

	if (r < 0)
		return r;
	printf("%s is to own: %s\n", a->name, *names ? names : "nothing");
	yes = a->o->yes ? 1 : ask_yes(question, e);
	if (yes <= 0)
		return yes < 0 ? yes
			       : err_set(e, ECANCELED, "%s has not been added; --yes says yes", a->name);
	r = file_replace_if(a->stack->path, buf_text(&text), text.len, 0644, unchanged, a, e);
	if (r == 0)
		printf("%s is in %s. A mount that runs takes it up when it is mounted again.\n", a->name,
			a->stack->path);
	return r;
}

/* ---- all of it ---- */

/* What can be known to be wrong before anybody is asked. */
static int look_before(struct adding *a, struct err *e)
{
	int r = connect_needs(a->connector, &a->needs, e);

	if (r < 0)
		return r;
	if (!stack_name_valid(a->name))
		return err_set(e, EINVAL,
			"\"%.60s\" cannot be a tool's name: --name with lower-case letters, digits, - and _, "
			"and "
			"not \"local\"",
			a->name);
	if (stack_tool(a->stack, a->name) >= 0)
		return err_set(e, EEXIST,
			"there is a tool called \"%s\" in %s already: --name gives it another one", a->name,
			a->stack->path);
	return a->o->owner ? parse_owned(a, a->o->owner, &a->owns, e) : 0;
}

static int log_in(struct adding *a, struct err *e)
{
	struct oauth *oauth = NULL;
	int r = connect_oauth(&a->setup, &oauth, e);

	return r < 0 ? r : tool_log_in(&a->setup, oauth, a->o->paste, e);
}

static enum exit_code try_it(struct adding *a, struct err *e)
{
	int r = a->needs.login ? log_in(a, e) : 0;

	if (r == 0) {
		r = connect_open(&a->setup, &a->link, e);
		if (r == 0)
			r = show(a, e);
		if (r < 0)
			err_prefix(e, a->name);
	}
	if (r == 0 || r == -EINTR || r == -ECANCELED)
		return r < 0 ? EXIT_FAILED : EXIT_OK;
	return a->link || a->needs.login ? EXIT_TOOL : EXIT_CONFIG;
}

/* Whoever stopped it knows that nothing is wrong. */
static enum exit_code failed(int r, enum exit_code otherwise, const struct err *e)
{
	return fail(r == -EINTR || r == -ECANCELED ? EXIT_FAILED : otherwise, e);
}

static enum exit_code run(struct adding *a)
{
	enum exit_code code;
	struct err e = {0};
	int r = look_before(a, &e);

	if (r == 0)
		r = tool_ask(a->o, &a->needs, a->connector, &a->answers, &e);
	if (r < 0)
		return failed(r, EXIT_USAGE, &e);
	r = tool_keep(a->o, a->stack, a->name, &a->answers, &e);
	if (r < 0)
		return failed(r, EXIT_CONFIG, &e);
	a->setup.config = a->answers.config;
	code = try_it(a, &e);
	if (code != EXIT_OK)
		return fail(code, &e);
	r = choose_owned(a, &e);
	if (r < 0)
		return failed(r, EXIT_USAGE, &e);
	r = write_stack(a, &e);
	return r < 0 ? failed(r, EXIT_CONFIG, &e) : EXIT_OK;
}

/* The connectors, one a line. */
static enum exit_code list_connectors(void)
{
	_cleanup_json_ cJSON *names = connect_names();
	const cJSON *name;

	cJSON_ArrayForEach (name, names) {
		struct connector_needs needs = {0};
		struct err e = {0};

		if (connect_needs(json_text(name), &needs, &e) == 0)
			printf("%-20s %s\n", json_text(name), needs.title);
		connector_needs_finish(&needs);
	}
	return EXIT_OK;
}

enum exit_code tool_add(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = NULL;
	_cleanup_(mem_freep) char *login = NULL;
	struct adding a = {.o = o};
	_Bool had_login;

	if (o->argc == 1)
		return list_connectors();
	stack = config_load(o, &code);
	if (!stack)
		return code;
	a.stack = stack;
	a.connector = o->argv[1];
	a.name = o->name ? o->name : a.connector;
	a.setup = (struct tool_setup){.name = a.name,
		.connector = a.connector,
		.base_dir = stack->base_dir,
		.currency = stack->currency,
		.stop = ask_stop()};
	login = str_format("%s/logins/%s.json", stack->base_dir, a.name);
	had_login = access(login, F_OK) == 0;
	code = run(&a);
	connect_close(a.link);
	if (code != EXIT_OK) {
		tool_forget(o, stack, a.name, &a.answers);
		if (!had_login && a.needs.login)
			unlink(login);
	}
	tool_answers_finish(&a.answers);
	connector_needs_finish(&a.needs);
	return code;
}
