/* SPDX-License-Identifier: Apache-2.0 */
/* reports/dashboard.html: how the business is doing, on one page. */
#include "report/page.h"
#include "report/sql.h"

/* The twelve months that end with ?1's, for each currency that has anything in them. */
#define MONTHS                                                                                               \
	"months(n, month) AS (SELECT 11, substr(date(?1, 'start of month', '-11 months'), 1, 7) UNION ALL"   \
	" SELECT n - 1, substr(date(?1, 'start of month', '-' || (n - 1) || ' months'), 1, 7) FROM months "  \
	"WHERE n > 0)"
#define OVER(rows)                                                                                           \
	"SELECT currency, m.month, coalesce((SELECT sum(amount) FROM " rows                                  \
	" r WHERE r.currency = u.currency AND r.month = m.month), 0)"                                        \
	" FROM (SELECT DISTINCT currency FROM " rows                                                         \
	" WHERE month IN (SELECT month FROM months)) u CROSS JOIN months m"                                  \
	" ORDER BY currency, m.month"

static const char revenue[] =
	"WITH RECURSIVE " MONTHS ", " SQL_INVOICE
	", sold AS (SELECT currency, substr(issued, 1, 7) AS month, sum(net) AS amount FROM invoice"
	" WHERE " SQL_BOOKED " GROUP BY 1, 2) " OVER("sold");

static const char received[] =
	"WITH RECURSIVE " MONTHS ", " SQL_PAYMENT
	", got AS (SELECT currency, substr(date, 1, 7) AS month, sum(amount) AS amount FROM payment"
	" GROUP BY 1, 2) " OVER("got");

static const char ages[] =
	"WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN
	", late AS (SELECT currency, open, CAST(max(0, julianday(?1) - julianday(coalesce(due, ?1))) AS "
	"INTEGER) AS days"
	" FROM open WHERE open <> 0), age(n, name, low, high) AS (VALUES (0, 'not due', 0, 0), (1, '1-30 "
	"days', 1, 30),"
	" (2, '31-60 days', 31, 60), (3, '61-90 days', 61, 90), (4, 'over 90', 91, 1000000))"
	" SELECT u.currency, name, (SELECT coalesce(sum(open), 0) FROM late WHERE late.currency = u.currency"
	" AND days BETWEEN low AND high) FROM (SELECT DISTINCT currency FROM late) u CROSS JOIN age ORDER BY "
	"u.currency, n";

static const char pipeline[] =
	"WITH deal AS (SELECT coalesce(c.doc ->> 'currency', ?2) AS currency, c.doc ->> 'stage' AS stage,"
	" coalesce(c.doc ->> 'amount', 0) AS amount FROM record r JOIN content c ON c.record = r.id"
	" WHERE r.type = 3 AND r.state = 0), stage(n, name) AS (VALUES (0, 'lead'), (1, 'qualified'), (2, "
	"'proposal'))"
	" SELECT u.currency, name, (SELECT coalesce(sum(amount), 0) FROM deal WHERE deal.currency = "
	"u.currency AND stage = name)"
	" FROM (SELECT DISTINCT currency FROM deal WHERE stage IN (SELECT name FROM stage)) u CROSS JOIN "
	"stage"
	" ORDER BY u.currency, n";

/* The figures at the top: this year, this month, now. */
static const char figures[] =
	"WITH " SQL_INVOICE ", " SQL_PAYMENT ", " SQL_PAID ", " SQL_OPEN
	", figure AS (SELECT currency, net AS revenue, 0 AS received, 0 AS open, 0 AS late FROM invoice "
	"WHERE " SQL_BOOKED " AND substr(issued, 1, 4) = substr(?1, 1, 4) UNION ALL"
	" SELECT currency, 0, amount, 0, 0 FROM payment WHERE substr(date, 1, 4) = substr(?1, 1, 4) UNION ALL"
	" SELECT currency, 0, 0, open, iif(due < ?1, open, 0) FROM open)"
	" SELECT currency, sum(revenue), sum(received), sum(open), sum(late) FROM figure GROUP BY currency "
	"ORDER BY currency";
static const struct column figure_columns[] = {{"currency", COLUMN_CURRENCY},
	{"revenue_this_year", COLUMN_MONEY}, {"received_this_year", COLUMN_MONEY}, {"open", COLUMN_MONEY},
	{"of_that_late", COLUMN_MONEY}, {0}};

static void summary(const struct context *c, struct buf *b)
{
	struct figures t;

	page_section(b, "At a glance", "Revenue is without tax. Currencies are never added to each other.");
	figures_init(&t, figure_columns);
	figures_query(&t, db_query(c->db, figures, "tt", c->today, c->currency));
	figures_html(&t, "This year", b);
	figures_finish(&t);
}

static void add_table(const struct context *c, const char *name, _Bool brief, struct buf *b)
{
	const struct report *r = report_of(name);
	struct figures t;

	page_section(b, r->title, r->about);
	report_fill(r, c, brief, &t);
	figures_html(&t, r->title, b);
	figures_finish(&t);
}

static void add_charts(
	const struct context *c, const char *title, const char *about, const char *sql, struct buf *b)
{
	page_section(b, title, about);
	page_charts(b, title, db_query(c->db, sql, "tt", c->today, c->currency));
}

int page_dashboard(const struct context *c, struct buf *b)
{
	page_begin(b, c, "Dashboard");
	summary(c, b);
	add_charts(c, "Revenue by month", "Issued invoices without tax, credit notes taken off.", revenue, b);
	add_charts(c, "Cash received by month", "Payments by their date, refunds taken off.", received, b);
	add_charts(c, "Receivables by age", "What was invoiced and not paid, by days after the due date.",
		ages, b);
	add_charts(c, "Pipeline", "Deals that are neither won nor lost.", pipeline, b);
	add_table(c, "sync", 0, b);
	add_table(c, "month-end", 0, b);
	page_end(b);
	return b->error;
}
