/* SPDX-License-Identifier: Apache-2.0 */
/* The reports that are tables: what stands in them is SQL. */
#include "report/reports.h"

#include <stdlib.h>
#include <string.h>

#include "report/sql.h"
#include "seamfs/base/mem.h"

#define COLUMNS(...)                                                                                         \
	(const struct column[])                                                                              \
	{                                                                                                    \
		__VA_ARGS__,                                                                                 \
		{                                                                                            \
			0                                                                                    \
		}                                                                                            \
	}
#define TEXT(name)                                                                                           \
	{                                                                                                    \
		name, COLUMN_TEXT                                                                            \
	}
#define CURRENCY                                                                                             \
	{                                                                                                    \
		"currency", COLUMN_CURRENCY                                                                  \
	}
#define MONEY(name)                                                                                          \
	{                                                                                                    \
		name, COLUMN_MONEY                                                                           \
	}
#define PRICE(name)                                                                                          \
	{                                                                                                    \
		name, COLUMN_PRICE                                                                           \
	}
#define COUNT(name)                                                                                          \
	{                                                                                                    \
		name, COLUMN_COUNT                                                                           \
	}
#define HOURS(name)                                                                                          \
	{                                                                                                    \
		name, COLUMN_HOURS                                                                           \
	}

#define LATE "CAST(max(0, julianday(?1) - julianday(coalesce(due, ?1))) AS INTEGER)"

static const char receivables[] =
	"WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN ", late AS (SELECT *, " LATE
	" AS days FROM open WHERE open <> 0)"
	" SELECT currency, " SQL_NAME("client") " AS who, name, issued, due, days, total, paid, open,"
						" CASE WHEN days = 0 THEN 'not due' WHEN days <= 30 THEN "
						"'1-30' WHEN days <= 60 THEN '31-60'"
						" WHEN days <= 90 THEN '61-90' ELSE 'over 90' END FROM late "
						"ORDER BY currency, who, due, name";

static const char receivables_short[] =
	"WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN ", late AS (SELECT *, " LATE
	" AS days FROM open WHERE open <> 0)"
	" SELECT " SQL_NAME(
		"client") " AS who, currency, sum(iif(days = 0, open, 0)),"
			  " sum(iif(days BETWEEN 1 AND 30, open, 0)), sum(iif(days BETWEEN 31 AND 60, open, "
			  "0)),"
			  " sum(iif(days BETWEEN 61 AND 90, open, 0)), sum(iif(days > 90, open, 0)), "
			  "sum(open) AS all_of_it"
			  " FROM late GROUP BY client, currency ORDER BY currency, all_of_it DESC, who";

static const char revenue[] =
	"WITH " SQL_INVOICE " SELECT coalesce(substr(issued, 1, 7), '') AS month, " SQL_NAME(
		"client") " AS who, currency,"
			  " count(*), sum(net), sum(tax), sum(total) FROM invoice WHERE " SQL_BOOKED
			  " GROUP BY month, client, currency ORDER BY month, currency, who";

static const char cash[] =
	"WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN
	", flow AS (SELECT coalesce(substr(date, 1, 7), '') AS month, currency, amount AS received, fee, 0 "
	"AS expected"
	" FROM payment UNION ALL SELECT substr(max(coalesce(due, issued, ?1), ?1), 1, 7), currency, 0, 0, "
	"open"
	" FROM open WHERE open <> 0)"
	" SELECT month, currency, sum(received), sum(fee), sum(received) - sum(fee), sum(expected) FROM flow"
	" GROUP BY month, currency ORDER BY month, currency";

static const char unbilled[] =
	"WITH " SQL_INVOICE ", " SQL_PROJECT ", " SQL_TIME
	", billed AS (SELECT project, max(issued) AS last FROM invoice WHERE " SQL_BOOKED
	" AND project IS NOT NULL GROUP BY project)"
	" SELECT p.name, " SQL_NAME(
		"p.client") ", w.person, sum(w.hours), min(w.date), max(w.date), coalesce(b.last, '')"
			    " FROM work w JOIN project p ON p.id = w.project LEFT JOIN billed b ON b.project "
			    "= p.id"
			    " WHERE w.billable AND (b.last IS NULL OR w.date > b.last)"
			    " GROUP BY p.id, w.person ORDER BY p.name, w.person";

/* A project that was invoiced in two currencies has two rows; its hours stand in both. */
static const char projects[] =
	"WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN ", " SQL_PROJECT ", " SQL_TIME
	", hours AS (SELECT project, sum(hours) AS hours, sum(iif(billable, hours, 0)) AS billable FROM work "
	"GROUP BY project)"
	", sold AS (SELECT project, currency, sum(net) AS net, sum(open) AS open FROM open WHERE project IS "
	"NOT NULL"
	" GROUP BY project, currency UNION ALL SELECT id, currency, 0, 0 FROM project WHERE NOT EXISTS"
	" (SELECT 1 FROM open o WHERE o.project = project.id AND o.currency = project.currency))"
	" SELECT p.name, " SQL_NAME(
		"p.client") ", s.currency, iif(s.currency = p.currency, p.budget, NULL), s.net, s.open,"
			    " coalesce(h.hours, 0), coalesce(h.billable, 0),"
			    " iif(h.hours > 0, CAST(round(s.net * 1000000.0 / h.hours) AS INTEGER), NULL)"
			    " FROM project p JOIN sold s ON s.project = p.id LEFT JOIN hours h ON h.project "
			    "= p.id ORDER BY p.name, s.currency";

#define OFFER(kind, type, when, amount, word, won, lost)                                                     \
	"SELECT '" kind "' AS kind, coalesce(substr(c.doc ->> '" when "', 1, 7), '') AS month,"              \
	" coalesce(c.doc ->> 'currency', ?2) AS currency, coalesce(c.doc ->> '" amount "', 0) AS amount,"    \
	" CASE WHEN c.doc ->> '" word "' IN (" won ") THEN 'won' WHEN c.doc ->> '" word "' IN (" lost        \
	") THEN 'lost' ELSE 'open' END AS state FROM record r JOIN content c ON c.record = r.id WHERE "      \
	"r.type = " type " AND r.state = 0"

static const char quotes[] = "WITH offer AS (" OFFER("quote", "4", "issue_date", "total", "status",
	"'accepted'", "'declined', 'expired'") " AND c.doc ->> 'status' <> 'draft' UNION ALL " OFFER("deal",
	"3", "close_date", "amount", "stage", "'won'",
	"'lost'") ")"
		  " SELECT kind, month, currency, sum(state = 'open'), sum(iif(state = 'open', amount, 0)),"
		  " sum(state = 'won'), sum(iif(state = 'won', amount, 0)), sum(state = 'lost'), "
		  "sum(iif(state = 'lost', amount, 0)),"
		  " iif(sum(state <> 'open'), 100 * sum(state = 'won') / sum(state <> 'open'), NULL)"
		  " FROM offer GROUP BY kind, month, currency ORDER BY kind DESC, month, currency";

static const char clients[] =
	"WITH client AS MATERIALIZED (SELECT r.id AS id, r.name AS name, c.doc AS doc,"
	" lower(trim(coalesce(c.doc ->> 'email', ''))) AS email, replace(upper(coalesce(c.doc ->> 'vat_id', "
	"'')), ' ', '') AS vat"
	" FROM record r JOIN content c ON c.record = r.id WHERE r.type = 1 AND r.state = 0),"
	" issued AS (SELECT DISTINCT c.doc ->> 'client' AS client FROM record r JOIN content c ON c.record = "
	"r.id"
	" WHERE r.type = 5 AND r.state = 0),"
	" found AS (SELECT name, 'no e-mail' AS what, '' AS other FROM client WHERE email = ''"
	" UNION ALL SELECT name, 'no country', '' FROM client WHERE coalesce(doc ->> 'country', '') = ''"
	" UNION ALL SELECT name, 'no address, but invoices', '' FROM client JOIN issued ON issued.client = "
	"client.id"
	" WHERE coalesce(doc ->> 'street', '') = '' OR coalesce(doc ->> 'city', '') = ''"
	" UNION ALL SELECT a.name, 'same e-mail', b.name FROM client a JOIN client b ON a.email = b.email "
	"AND a.id < b.id"
	" WHERE a.email <> ''"
	" UNION ALL SELECT a.name, 'same tax number', b.name FROM client a JOIN client b ON a.vat = b.vat "
	"AND a.id < b.id"
	" WHERE a.vat <> ''"
	" UNION ALL SELECT a.name, 'may be the same: ' || p.why, b.name FROM proposal p JOIN client a ON "
	"a.id = p.a"
	" JOIN client b ON b.id = p.b)"
	" SELECT name, what, other FROM found ORDER BY name, what, other";

/* The last month is the one before ?1's. */
#define LAST_MONTH		 "substr(date(?1, 'start of month', '-1 day'), 1, 7)"
#define ITEM(what, detail, from) "SELECT '" what "' AS what, count(*) AS n, " detail " AS which" from

static const char month_end[] = "WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN ", " SQL_TIME ", item AS (" ITEM(
	"drafts of the last month or before", "min(name)",
	" FROM invoice WHERE status = 'draft' AND (issued IS NULL OR substr(issued, 1, 7) <= " LAST_MONTH
	")") " UNION ALL " ITEM("issued invoices without a date", "min(name)",
	" FROM open WHERE issued IS NULL") " UNION ALL " ITEM("issued invoices without a due date",
	"min(name)",
	" FROM open WHERE due IS NULL AND status <> 'paid'") " UNION ALL " ITEM("invoices that are late",
	"min(name)",
	" FROM open WHERE open > 0 AND due < ?1") " UNION ALL " ITEM("invoices that payments have settled "
								     "and nobody marked paid",
	"min(name)",
	" FROM open WHERE status <> 'paid' AND paid <> 0 AND open = 0") " UNION ALL " ITEM("invoices marked "
											   "paid without "
											   "payments for all "
											   "of it",
	"min(name)",
	" FROM open WHERE status = 'paid' AND paid <> total") " UNION ALL " ITEM("invoices that were paid "
										 "too much",
	"min(name)",
	" FROM open WHERE status <> 'paid' AND total > 0 AND open < 0") " UNION ALL " ITEM("payments without "
											   "an invoice",
	"min(name)", " FROM payment WHERE invoice IS NULL") " UNION ALL " ITEM("payments in another currency "
									       "than their invoice",
	"min(p.name)", " FROM payment p JOIN invoice i ON i.id = p.invoice WHERE p.currency <> i.currency") " UNION ALL " ITEM("net and tax that do not make the total",
	"min(name)",
	" FROM invoice WHERE " SQL_BOOKED
	" AND net + tax <> total") " UNION ALL " ITEM("time entries of the last month without a project",
	"min(date)",
	" FROM work WHERE project IS NULL AND substr(date, 1, 7) = " LAST_MONTH) " UNION ALL " ITEM("changes "
												    "that no "
												    "tool "
												    "has "
												    "confirme"
												    "d yet",
	"''",
	" FROM outbox WHERE state <> 4") " UNION ALL " ITEM("changes that a tool has refused", "min(r.name)",
	" FROM outbox o JOIN record r ON r.id = o.record WHERE o.state = 4") " UNION ALL " ITEM("records "
												"that were "
												"changed on "
												"two sides",
	"min(r.name)",
	" FROM (SELECT DISTINCT record FROM conflict) c JOIN record r ON r.id = c.record") " UNION ALL " ITEM("clients that may be the same",
	"min(r.name)",
	" FROM proposal p JOIN record r ON r.id = p.a AND r.type = 1") " UNION ALL " ITEM("tools that do not "
											  "answer",
	"min(name)", " FROM tool WHERE error_ms <> 0") ")"
						       " SELECT iif(n = 0, 'ok', 'to do'), n, what, "
						       "coalesce(which, '') FROM item ORDER BY n = 0, what";

const struct report reports[] = {
	{"receivables", "Receivables by age",
		"What was invoiced and not paid, by how many days it is late. A payment in another currency "
		"settles nothing.",
		.totals = 1, .sql = receivables, .short_sql = receivables_short,
		.columns = COLUMNS(CURRENCY, TEXT("client"), TEXT("invoice"), TEXT("issue_date"),
			TEXT("due_date"), COUNT("days_late"), MONEY("total"), MONEY("paid"), MONEY("open"),
			TEXT("age")),
		.short_columns = COLUMNS(TEXT("client"), CURRENCY, MONEY("not_due"), MONEY("1-30"),
			MONEY("31-60"), MONEY("61-90"), MONEY("over_90"), MONEY("open"))},
	{"revenue", "Revenue by month and client",
		"Issued invoices by their date, credit notes taken off; no drafts, nothing void.",
		.totals = 1, .sql = revenue,
		.columns = COLUMNS(TEXT("month"), TEXT("client"), CURRENCY, COUNT("invoices"), MONEY("net"),
			MONEY("tax"), MONEY("total"))},
	{"cash", "Cash received and expected",
		"Payments by their date, and open invoices by their due date; what is late is expected this "
		"month.",
		.totals = 1, .sql = cash,
		.columns = COLUMNS(TEXT("month"), CURRENCY, MONEY("received"), MONEY("fees"),
			MONEY("received_net"), MONEY("expected"))},
	{"unbilled-time", "Unbilled time",
		"Hours after the date of the project's last issued invoice, unless they are marked as not "
		"billable.",
		.sql = unbilled,
		.columns = COLUMNS(TEXT("project"), TEXT("client"), TEXT("person"), HOURS("hours"),
			TEXT("from"), TEXT("to"), TEXT("last_invoice"))},
	{"projects", "Projects", "What each was invoiced for (without tax), and the hours that went into it.",
		.totals = 1, .sql = projects,
		.columns =
			COLUMNS(TEXT("project"), TEXT("client"), CURRENCY, MONEY("budget"), MONEY("invoiced"),
				MONEY("open"), HOURS("hours"), HOURS("billable_hours"), PRICE("per_hour"))},
	{"tax", "Tax by month and rate",
		"Issued invoices by their date. The rate is that of the lines or, without lines, the one "
		"that gives the invoice's tax.",
		.totals = 1, .columns = tax_columns, .fill = tax_fill},
	{"quotes", "Quotes and deals, won and lost",
		"Quotes by their date, deals by their close; a rate in percent of what was decided.",
		.sql = quotes,
		.columns = COLUMNS(TEXT("kind"), TEXT("month"), CURRENCY, COUNT("open"), MONEY("open_amount"),
			COUNT("won"), MONEY("won_amount"), COUNT("lost"), MONEY("lost_amount"),
			COUNT("won_percent"))},
	{"clients", "Clients to look at", "What is missing, and which two may be the same.", .live = 1,
		.sql = clients, .columns = COLUMNS(TEXT("client"), TEXT("what"), TEXT("other_client"))},
	{"sync", "How the tools are doing",
		"What each holds, what waits for it, and the day (UTC) of its last answer; .seam/status has "
		"the minutes.",
		.live = 1, .columns = health_columns, .fill = health_fill},
	{"reconciliation", "Reconciliation",
		"The same sum from every tool that has it; below it the records that make a difference.",
		.live = 1, .columns = reconcile_columns, .fill = reconcile_fill},
	{"month-end", "Month-end checklist", "What is to be settled before a month is closed.", .live = 1,
		.sql = month_end,
		.columns = COLUMNS(TEXT("state"), COUNT("count"), TEXT("what"), TEXT("for_example"))},
};
const int report_table_count = ARRAY_LEN(reports);

void report_fill(const struct report *r, const struct context *c, _Bool brief, struct figures *t)
{
	brief = brief && r->short_sql;
	figures_init(t, brief ? r->short_columns : r->columns);
	if (r->fill)
		r->fill(c, t);
	else
		figures_query(t, db_query(c->db, brief ? r->short_sql : r->sql, "tt", c->today, c->currency));
}

const struct report *report_of(const char *name)
{
	for (int i = 0; i < report_table_count; i++) {
		if (strcmp(reports[i].name, name) == 0)
			return &reports[i];
	}
	abort();
}
