/* SPDX-License-Identifier: Apache-2.0 */
/* The same figure from every tool that has it, and the records that make the difference; how the tools are doing. */
#include <string.h>

#include "report/reports.h"
#include "seamfs/base/mem.h"
#include "seamfs/model/type.h"
#include "seamfs/store/local.h"

const struct column reconcile_columns[] = {{"what", COLUMN_TEXT}, {"tool", COLUMN_TEXT},
	{"record", COLUMN_TEXT}, {"currency", COLUMN_CURRENCY}, {"count", COLUMN_COUNT},
	{"amount", COLUMN_MONEY}, {"here", COLUMN_MONEY}, {"difference", COLUMN_MONEY}, {0}};

/* Which field of which records is compared. A literal each: the field is a part of the statement. */
#define FIGURE(type, name, field)                                                                            \
	{                                                                                                    \
		type, name, field,                                                                           \
			"SELECT '" name "', ?4, '', coalesce(l.theirs ->> 'currency', c.doc ->> "            \
			"'currency', ?2) AS currency,"                                                       \
			" count(*), sum(coalesce(l.theirs ->> '" field "', 0)),"                             \
			" (SELECT coalesce(sum(coalesce(d.doc ->> '" field                                   \
			"', 0)), 0) FROM record s JOIN content d ON d.record = s.id"                         \
			" WHERE s.type = ?3 AND s.state = 0 AND coalesce(d.doc ->> 'currency', ?2) ="        \
			" coalesce(l.theirs ->> 'currency', c.doc ->> 'currency', ?2)),"                     \
			" NULL FROM link l JOIN record r ON r.id = l.record AND r.state = 0 JOIN content c " \
			"ON c.record = r.id"                                                                 \
			" WHERE l.tool = ?5 AND l.type = ?3 AND l.gone = 0 GROUP BY currency ORDER BY "      \
			"currency",                                                                          \
			"SELECT '" name "', ?4, r.name, coalesce(c.doc ->> 'currency', ?2), NULL,"           \
			" l.theirs ->> '" field "', c.doc ->> '" field "', NULL FROM record r"               \
			" JOIN content c ON c.record = r.id LEFT JOIN link l ON l.record = r.id AND l.tool " \
			"= ?5 AND l.gone = 0"                                                                \
			" WHERE r.type = ?3 AND r.state = 0 AND (l.id IS NULL"                               \
			" OR coalesce(l.theirs ->> '" field "', 0) <> coalesce(c.doc ->> '" field "', 0)"    \
			" OR coalesce(l.theirs ->> 'currency', c.doc ->> 'currency', ?2) <> coalesce(c.doc " \
			"->> 'currency', ?2))"                                                               \
			" ORDER BY r.name"                                                                   \
	}

static const struct figure {
	enum type_id type;
	const char *name, *field;
	const char *sums, *records;
} figures[] = {
	FIGURE(TYPE_INVOICE, "invoices", "total"),
	FIGURE(TYPE_INVOICE, "invoices, tax", "tax"),
	FIGURE(TYPE_PAYMENT, "payments", "amount"),
	FIGURE(TYPE_QUOTE, "quotes", "total"),
	FIGURE(TYPE_DEAL, "deals", "amount"),
};

static void put(struct figures *t, sqlite3_stmt *q, int column)
{
	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		figures_text(t, "");
	else
		figures_number(t, sqlite3_column_int64(q, column));
}

static void add_rows(
	const struct context *c, struct figures *t, const char *sql, const struct figure *f, int tool)
{
	sqlite3_stmt *q = db_query(c->db, sql, "ttiti", c->today, c->currency, (int64_t)f->type,
		store_stack(c->store)->tools[tool].name, store_tool_id(c->store, tool));

	while (db_row(q)) {
		_Bool lacks = sqlite3_column_type(q, 5) == SQLITE_NULL;

		for (int i = 0; i < 4; i++)
			figures_text(t, db_column_text(q, i));
		for (int i = 4; i < 7; i++)
			put(t, q, i);
		figures_number(t, (lacks ? 0 : sqlite3_column_int64(q, 5)) - sqlite3_column_int64(q, 6));
	}
}

static _Bool has(const struct tool *tool, const struct figure *f)
{
	const struct type *type = type_get(f->type);

	return tool->types[f->type].used &&
	       (tool->types[f->type].reads & field_bit(type, type_field(type, f->field)));
}

void reconcile_fill(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
		for (int tool = 1; tool < stack->tool_count; tool++) {
			if (has(&stack->tools[tool], &figures[i]))
				add_rows(c, t, figures[i].sums, &figures[i], tool);
		}
		for (int tool = 1; tool < stack->tool_count; tool++) {
			if (has(&stack->tools[tool], &figures[i]))
				add_rows(c, t, figures[i].records, &figures[i], tool);
		}
	}
}

/* ---- health ---- */

const struct column health_columns[] = {{"tool", COLUMN_TEXT}, {"connector", COLUMN_TEXT},
	{"state", COLUMN_TEXT}, {"records", COLUMN_COUNT}, {"pending", COLUMN_COUNT},
	{"rejected", COLUMN_COUNT}, {"last_answer", COLUMN_DAY}, {"last_pull", COLUMN_DAY},
	{"error", COLUMN_TEXT}, {0}};

void health_fill(const struct context *c, struct figures *t)
{
	const struct stack *stack = store_stack(c->store);

	for (int i = 1; i < stack->tool_count; i++) {
		struct tool_health h;

		store_tool_health(c->db, store_tool_id(c->store, i), &h);
		figures_text(t, stack->tools[i].name);
		figures_text(t, stack->tools[i].connector);
		figures_text(t, h.error_ms ? "failing" : h.ok_ms ? "ok" : "starting");
		figures_number(t, h.records);
		figures_number(t, h.pending);
		figures_number(t, h.rejected);
		figures_number(t, h.ok_ms);
		figures_number(t, h.pull_ms);
		figures_text(t, h.error);
		free(h.error);
	}
}
