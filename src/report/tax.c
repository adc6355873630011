/* SPDX-License-Identifier: Apache-2.0 */
/* Tax by month and rate: what the lines say, rounded as the invoice itself is. */
#include <stdio.h>
#include <string.h>

#include "report/reports.h"
#include "report/sql.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/model/record.h"

const struct column tax_columns[] = {{"month", COLUMN_TEXT}, {"rate", COLUMN_TEXT},
	{"currency", COLUMN_CURRENCY}, {"invoices", COLUMN_COUNT}, {"net", COLUMN_MONEY},
	{"tax", COLUMN_MONEY}, {0}};

static const char invoices[] =
	"WITH " SQL_INVOICE " SELECT coalesce(substr(issued, 1, 7), '') AS month, currency, net, tax,"
	" (SELECT doc FROM content WHERE record = invoice.id) FROM invoice WHERE " SQL_BOOKED
	" ORDER BY month, currency";

/* The sums of one month and currency. */
struct month {
	char name[8];
	char currency[4];
	struct {
		char rate[DECIMAL_SIZE];
		int64_t invoices, net, tax;
	} rates[64];
	size_t count;
};

static int by_rate(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void flush(struct month *m, struct figures *t)
{
	qsort(m->rates, m->count, sizeof(m->rates[0]), by_rate);
	for (size_t i = 0; i < m->count; i++) {
		figures_text(t, m->name);
		figures_text(t, m->rates[i].rate);
		figures_text(t, m->currency);
		figures_number(t, m->rates[i].invoices);
		figures_number(t, m->rates[i].net);
		figures_number(t, m->rates[i].tax);
	}
	m->count = 0;
}

static void add(struct month *m, const char *rate, int64_t net, int64_t tax)
{
	size_t i = 0;

	while (i < m->count && strcmp(m->rates[i].rate, rate) != 0)
		i++;
	/* More rates than any country has: the last one is for the rest. */
	if (i == ARRAY_LEN(m->rates))
		i--;
	if (i == m->count) {
		memset(&m->rates[i], 0, sizeof(m->rates[i]));
		m->count++;
		snprintf(m->rates[i].rate, DECIMAL_SIZE, "%s",
			m->count < ARRAY_LEN(m->rates) ? rate : "other");
	}
	m->rates[i].invoices++;
	m->rates[i].net += net;
	m->rates[i].tax += tax;
}

/* The rate, in tenths of a percent, of which the tax is exactly that of the net; false: there is none. */
static _Bool guess(int64_t net, int64_t tax, char text[DECIMAL_SIZE])
{
	struct decimal rate = {0, 3};
	int64_t again = 0;

	if (net)
		rate.mantissa = (int64_t)(((__int128)tax * 2000 / net + 1) / 2);
	if ((!net && tax) || rate.mantissa < 0 || decimal_times(net, rate, &again) < 0 || again != tax)
		return 0;
	decimal_short((struct decimal){rate.mantissa, 1}, text);
	return 1;
}

static void add_invoice(struct month *m, int64_t net, int64_t tax, const cJSON *lines)
{
	struct record_rate rates[RECORD_MAX_RATES];
	int64_t lines_net = 0, lines_tax = 0;
	char text[DECIMAL_SIZE];
	size_t count = 0;

	if (lines && record_rates(lines, rates, &count) < 0)
		count = 0;
	for (size_t i = 0; i < count; i++) {
		lines_net += rates[i].net;
		lines_tax += rates[i].tax;
	}
	if (count && lines_net == net && lines_tax == tax) {
		for (size_t i = 0; i < count; i++)
			add(m, decimal_short(rates[i].rate, text), rates[i].net, rates[i].tax);
	} else {
		add(m, guess(net, tax, text) ? text : "several", net, tax);
	}
}

void tax_fill(const struct context *c, struct figures *t)
{
	sqlite3_stmt *q = db_query(c->db, invoices, "tt", c->today, c->currency);
	struct month *m = mem_alloc(sizeof(*m));

	while (db_row(q)) {
		_cleanup_json_ cJSON *doc = json_stored(db_column_text(q, 4));

		if (strcmp(m->name, db_column_text(q, 0)) != 0 ||
			strcmp(m->currency, db_column_text(q, 1)) != 0) {
			flush(m, t);
			snprintf(m->name, sizeof(m->name), "%s", db_column_text(q, 0));
			snprintf(m->currency, sizeof(m->currency), "%s", db_column_text(q, 1));
		}
		add_invoice(
			m, sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), json_get(doc, "lines"));
	}
	flush(m, t);
	free(m);
}
