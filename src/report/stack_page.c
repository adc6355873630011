/* SPDX-License-Identifier: Apache-2.0 */
/* reports/stack.md and stack.html: which tool owns what, what flows where, what it costs, and where something is amiss. */
#include <string.h>

#include "report/page.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/store/local.h"

/* What a business needs tools for. Records of no type tell of the last two: documents stand for storage, reports for insight. */
static const struct layer {
	const char *name;
	enum type_id types[5]; /* ended by TYPE_NONE */
	const char *otherwise; /* what is there where no tool is */
} layers[] = {
	{"customers", {TYPE_CLIENT, TYPE_CONTACT, TYPE_DEAL}, NULL},
	{"money", {TYPE_QUOTE, TYPE_INVOICE, TYPE_PAYMENT, TYPE_ENTRY}, NULL},
	{"delivery", {TYPE_PROJECT, TYPE_TASK, TYPE_TIME}, NULL},
	{"storage", {TYPE_DOCUMENT}, NULL},
	{"communication", {TYPE_NONE}, "no tool of this stack sends or receives messages"},
	{"insight", {TYPE_NONE}, "the files in reports/"},
};

static _Bool copies(const struct stack *stack, int type, int tool)
{
	return tool != stack->owners[type] && (stack->shares[type] >> tool & 1);
}

static void add_word(struct buf *b, const char *word)
{
	buf_printf(b, "%s%s", b->len ? ", " : "", word);
}

static void cell(struct figures *t, struct buf *b, const char *otherwise)
{
	figures_text(t, b->len ? buf_text(b) : otherwise);
	buf_finish(b);
}

/* ---- which tool owns what ---- */

static const struct column owner_columns[] = {{"records", COLUMN_TEXT}, {"owner", COLUMN_TEXT},
	{"copies", COLUMN_TEXT}, {"fields_with_another_owner", COLUMN_TEXT}, {"count", COLUMN_COUNT}, {0}};

static void fill_owners(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++) {
		struct buf also = BUF_INIT(BUF_MAX_RECORD), fields = BUF_INIT(BUF_MAX_RECORD);
		const struct field *f = type_get((enum type_id)type)->fields;

		for (int i = 1; i < stack->tool_count; i++) {
			if (copies(stack, type, i))
				add_word(&also, stack->tools[i].name);
		}
		for (int i = 0; f[i].name; i++) {
			int owner = stack_owner(stack, (enum type_id)type, i);

			if (owner != stack->owners[type]) {
				add_word(&fields, f[i].name);
				buf_printf(&fields, " (%s)", stack->tools[owner].name);
			}
		}
		figures_text(t, type_get((enum type_id)type)->plural);
		figures_text(t, stack->owners[type] == TOOL_LOCAL ? "seamfs itself"
								  : stack->tools[stack->owners[type]].name);
		cell(t, &also, "");
		cell(t, &fields, "");
		figures_number(
			t, type == TYPE_DOCUMENT
				   ? db_int(c->db, 0, "SELECT count(*) FROM file WHERE folder = 0", "")
				   : db_int(c->db, 0,
					     "SELECT count(*) FROM record WHERE type = ?1 AND state = 0", "i",
					     (int64_t)type));
	}
}

/* ---- what flows where ---- */

static const struct column flow_columns[] = {{"from", COLUMN_TEXT}, {"to", COLUMN_TEXT},
	{"records", COLUMN_TEXT}, {"a_change_there", COLUMN_TEXT}, {0}};

static const char *rule_text(const struct stack *stack, int type, int tool)
{
	static const char *const texts[] = {[COPY_UNSTATED] = "goes to the owner",
		[COPY_REVERT] = "is undone",
		[COPY_ACCEPT] = "goes to the owner",
		[COPY_ASK] = "waits for a person"};
	enum copy_rule first = COPY_UNSTATED;

	for (int i = 0; type_get((enum type_id)type)->fields[i].name; i++) {
		enum copy_rule rule = stack_rule(stack, (enum type_id)type, i, tool);

		if (stack_owner(stack, (enum type_id)type, i) == tool || rule == COPY_UNSTATED)
			continue;
		if (first != COPY_UNSTATED && rule != first)
			return "depends on the field";
		first = rule;
	}
	return texts[first];
}

static void fill_flows(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++) {
		for (int i = 1; i < stack->tool_count; i++) {
			if (!copies(stack, type, i))
				continue;
			figures_text(t, stack->owners[type] == TOOL_LOCAL
						? "seamfs itself"
						: stack->tools[stack->owners[type]].name);
			figures_text(t, stack->tools[i].name);
			figures_text(t, type_get((enum type_id)type)->plural);
			figures_text(t, rule_text(stack, type, i));
		}
	}
}

/* ---- the tools ---- */

static const struct column tool_columns[] = {{"tool", COLUMN_TEXT}, {"connector", COLUMN_TEXT},
	{"owns", COLUMN_TEXT}, {"copies", COLUMN_TEXT}, {"records", COLUMN_COUNT}, {"state", COLUMN_TEXT},
	{"last_pull", COLUMN_DAY}, {"currency", COLUMN_CURRENCY}, {"cost_a_month", COLUMN_MONEY},
	{"verified", COLUMN_TEXT}, {0}};

static void fill_tools(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (int i = 1; i < stack->tool_count; i++) {
		struct buf owns = BUF_INIT(BUF_MAX_RECORD), also = BUF_INIT(BUF_MAX_RECORD);
		const struct tool *tool = &stack->tools[i];
		struct tool_health h;

		for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++) {
			if (stack->owners[type] == i)
				add_word(&owns, type_get((enum type_id)type)->plural);
			else if (copies(stack, type, i))
				add_word(&also, type_get((enum type_id)type)->plural);
		}
		store_tool_health(c->db, store_tool_id(c->store, i), &h);
		figures_text(t, tool->name);
		figures_text(t, tool->connector);
		cell(t, &owns, "nothing");
		cell(t, &also, "");
		figures_number(t, h.records);
		figures_text(t, h.error_ms ? "failing" : h.ok_ms ? "ok" : "starting");
		figures_number(t, h.pull_ms);
		figures_text(t, tool->cost_currency);
		if (tool->cost_currency)
			figures_number(t, tool->cost_minor);
		else
			figures_text(t, "");
		figures_text(t, tool->verified ? tool->verified : "never");
		free(h.error);
	}
}

/* ---- the layers ---- */

static const struct column layer_columns[] = {
	{"layer", COLUMN_TEXT}, {"tools", COLUMN_TEXT}, {"remark", COLUMN_TEXT}, {0}};

static _Bool owns_in(const struct stack *stack, const struct layer *layer, int tool)
{
	for (const enum type_id *type = layer->types; *type; type++) {
		if (stack->owners[*type] == tool)
			return 1;
	}
	return 0;
}

static void fill_layers(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		struct buf tools = BUF_INIT(BUF_MAX_RECORD);
		int count = 0;

		for (int tool = 1; tool < stack->tool_count; tool++) {
			if (owns_in(stack, &layers[i], tool)) {
				add_word(&tools, stack->tools[tool].name);
				count++;
			}
		}
		figures_text(t, layers[i].name);
		cell(t, &tools, "none");
		figures_text(t, count > 1	      ? "several tools: is each of them needed?"
				: count == 1	      ? ""
				: layers[i].otherwise ? layers[i].otherwise
						      : "empty: these records live only in seamfs");
	}
}

/* ---- what is amiss ---- */

static const struct column remark_columns[] = {{"what", COLUMN_TEXT}, {"remark", COLUMN_TEXT}, {0}};

static _Bool connects(const struct stack *stack, int tool)
{
	for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++) {
		if (copies(stack, type, tool) ||
			(stack->owners[type] == tool && stack->shares[type] & ~(1u << tool)))
			return 1;
	}
	return 0;
}

static void remark(struct figures *t, const char *what, const char *text)
{
	figures_text(t, what);
	figures_text(t, text);
}

static void fill_remarks(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (int i = 1; i < stack->tool_count; i++) {
		const struct tool *tool = &stack->tools[i];
		struct tool_health h;
		_Bool used = 0;

		for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++)
			used |= tool->types[type].used || stack->owners[type] == i;
		store_tool_health(c->db, store_tool_id(c->store, i), &h);
		if (!used)
			remark(t, tool->name,
				"nothing is kept in it: it is neither owner nor copy of anything");
		else if (!connects(stack, i))
			remark(t, tool->name,
				"connects to nothing: no other tool holds what it owns, and it holds nothing "
				"of theirs");
		if (h.error_ms)
			remark(t, tool->name, h.error);
		if (!tool->verified)
			remark(t, tool->name,
				"nobody has said when it was looked at last: \"verified\" in stack.json");
		free(h.error);
	}
	for (int type = TYPE_NONE + 1; type < TYPE_COUNT; type++) {
		if (stack->owners[type] == TOOL_LOCAL && type != TYPE_DOCUMENT)
			remark(t, type_get((enum type_id)type)->plural,
				"no tool owns these: they live only in seamfs");
	}
}

/* ---- the pages ---- */

static const struct section {
	const char *title, *about;
	const struct column *columns;
	void (*fill)(const struct context *c, struct figures *t);
	_Bool totals;
} sections[] = {
	{"Who owns what", "One tool has the last word about each kind of record, or about one field of it.",
		owner_columns, fill_owners},
	{"What flows where",
		"From the owner to every copy; what happens to a change that is made in a copy stands "
		"behind.",
		flow_columns, fill_flows},
	{"The tools", "Costs and dates are those in stack.json (\"cost\", \"verified\").", tool_columns,
		fill_tools, 1},
	{"Layers", "What a business needs tools for, and where there are several or none.", layer_columns,
		fill_layers},
	{"To look at", NULL, remark_columns, fill_remarks},
};

int page_stack_html(const struct context *c, struct buf *b)
{
	page_begin(b, c, "The stack");
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		struct figures t;

		page_section(b, sections[i].title, sections[i].about);
		figures_init(&t, sections[i].columns);
		sections[i].fill(c, &t);
		figures_html(&t, sections[i].title, b);
		figures_finish(&t);
	}
	page_end(b);
	return b->error;
}

/* A | would end the cell, and what Markdown or a browser reads as markup is none here. */
static void md_text(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]#", *text))
			buf_putc(b, '\\');
		buf_putc(b, (unsigned char)*text < 0x20 ? ' ' : *text);
	}
}

static void md_heading(struct buf *b, const char *name)
{
	for (; *name; name++)
		buf_putc(b, *name == '_' ? ' ' : *name);
}

static void md_table(const struct figures *t, struct buf *b)
{
	for (size_t i = 0; i < t->width; i++) {
		buf_puts(b, "| ");
		md_heading(b, t->columns[i].name);
		buf_putc(b, ' ');
	}
	buf_puts(b, "|\n");
	for (size_t i = 0; i < t->width; i++)
		buf_puts(b, t->columns[i].kind == COLUMN_MONEY || t->columns[i].kind == COLUMN_COUNT
				    ? "|--:"
				    : "|---");
	buf_puts(b, "|\n");
	for (size_t i = 0; i < t->count; i++) {
		buf_puts(b, "| ");
		md_text(b, t->cells[i]);
		buf_puts(b, i % t->width == t->width - 1 ? " |\n" : " ");
	}
	buf_putc(b, '\n');
}

static void md_totals(const struct figures *t, struct buf *b)
{
	for (size_t i = 0; i < t->total_count; i++) {
		for (size_t column = 0; column < t->width; column++) {
			char amount[DECIMAL_SIZE];

			if (t->columns[column].kind == COLUMN_MONEY)
				buf_printf(b, "Together %s %s a month.\n\n",
					money_format(
						t->totals[i].sums[column], t->totals[i].currency, amount),
					t->totals[i].currency);
		}
	}
}

int page_stack_md(const struct context *c, struct buf *b)
{
	buf_puts(b, "# The stack of ");
	md_text(b, store_stack(c->store)->company);
	buf_printf(b, "\n\n%s. Made by seamfs from stack.json and the records.\n\n", c->today);
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		struct figures t;

		buf_printf(b, "## %s\n\n", sections[i].title);
		if (sections[i].about)
			buf_printf(b, "%s\n\n", sections[i].about);
		figures_init(&t, sections[i].columns);
		sections[i].fill(c, &t);
		if (t.count)
			md_table(&t, b);
		else
			buf_puts(b, "Nothing.\n\n");
		if (sections[i].totals)
			md_totals(&t, b);
		figures_finish(&t);
	}
	return b->error;
}
