/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"

#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"

enum {
	MAX_BARS = 24,
	WIDTH = 720,
	HEIGHT = 220,
	TOP = 24,    /* room for the number over the highest bar */
	BOTTOM = 40, /* and for the labels, under the number of a bar that hangs down */
};

static const char style[] =
	":root{--bg:#fff;--fg:#1b1d21;--dim:#4d535c;--line:#c4c9d1;--bar:#1f5fa8;--minus:#a8401f;--card:#"
	"f3f5f8}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#15171b;--fg:#e9ebee;--dim:#b3bac4;--line:#444b56;--"
	"bar:#7db3f2;"
	"--minus:#f2a07d;--card:#1f232a}}\n"
	"*{box-sizing:border-box}html{color-scheme:light dark}body{margin:0 "
	"auto;max-width:60rem;padding:1rem;"
	"font:1rem/1.5 system-ui,sans-serif;background:var(--bg);color:var(--fg)}\n"
	"h1{margin:0}h2{margin:2rem 0 .25rem}p.about{margin:0 0 .75rem;color:var(--dim)}\n"
	"a{color:var(--bar)}.skip{position:absolute;left:-99rem}.skip:focus{position:static}\n"
	":focus-visible{outline:3px solid var(--bar);outline-offset:2px}\n"
	"nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0}\n"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0}\n"
	"td.t{white-space:nowrap}caption{text-align:left;font-weight:600;padding:.25rem 0}\n"
	"th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}\n"
	"th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
	"figure{margin:1rem 0;padding:.75rem;background:var(--card);border:1px solid "
	"var(--line);border-radius:.4rem}\n"
	"figcaption{font-weight:600}svg{display:block;width:100%;min-width:34rem;height:auto}\n"
	"svg text{fill:var(--fg);font-size:12px}svg .up{fill:var(--bar)}svg .down{fill:var(--minus)}svg "
	"line{stroke:var(--line)}\n"
	"summary{cursor:pointer;padding:.25rem 0}\n"
	"@page{size:A4;margin:15mm}\n"
	"@media "
	"print{:root{--bg:#fff;--fg:#000;--dim:#333;--line:#999;--bar:#1f5fa8;--minus:#a8401f;--card:#fff}"
	"body{max-width:none;padding:0;font-size:9.5pt}nav,.skip{display:none}figure,tr{break-inside:avoid}"
	"h2{break-after:avoid}"
	".scroll{overflow:visible}svg{min-width:0}svg "
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

void page_begin(struct buf *b, const struct context *c, const char *title)
{
	const char *company = store_stack(c->store)->company;

	buf_puts(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
		    "'unsafe-inline'; "
		    "img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
	html_text(b, title);
	buf_puts(b, " – ");
	html_text(b, company);
	buf_printf(b,
		"</title>\n<style>\n%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the "
		"content</a>\n<header><h1>",
		style);
	html_text(b, title);
	buf_puts(b, "</h1><p class=\"about\">");
	html_text(b, company);
	buf_printf(b,
		", <time datetime=\"%s\">%s</time>. Made by seamfs from the records.</p></header>\n<main "
		"id=\"main\">\n",
		c->today, c->today);
}

void page_end(struct buf *b)
{
	buf_puts(b, "</main>\n</body>\n</html>\n");
}

void page_section(struct buf *b, const char *title, const char *about)
{
	buf_puts(b, "<h2>");
	html_text(b, title);
	buf_puts(b, "</h2>\n");
	if (!about)
		return;
	buf_puts(b, "<p class=\"about\">");
	html_text(b, about);
	buf_puts(b, "</p>\n");
}

/* ---- charts ---- */

struct chart {
	char currency[4];
	char *labels[MAX_BARS];
	int64_t values[MAX_BARS];
	int count;
};

static int64_t pixels(int64_t value, int64_t range)
{
	return (int64_t)((__int128)value * (HEIGHT - TOP - BOTTOM) / range);
}

static void bar(struct buf *b, const struct chart *c, int i, int64_t zero, int64_t range)
{
	int64_t step = (WIDTH - 10) / (c->count < 6 ? 6 : c->count), x = 5 + step * i, width = step * 7 / 10;
	int64_t high = pixels(c->values[i] < 0 ? -c->values[i] : c->values[i], range);
	int64_t y = c->values[i] < 0 ? zero : zero - high;
	char amount[DECIMAL_SIZE];

	money_format(c->values[i], c->currency, amount);
	buf_printf(b, "<rect class=\"%s\" x=\"%lld\" y=\"%lld\" width=\"%lld\" height=\"%lld\"><title>",
		c->values[i] < 0 ? "down" : "up", (long long)x, (long long)y, (long long)width,
		(long long)high);
	html_text(b, c->labels[i]);
	buf_printf(b, ": %s %s</title></rect>", amount, c->currency);
	if (c->count <= 12 && c->values[i])
		buf_printf(b, "<text x=\"%lld\" y=\"%lld\" text-anchor=\"middle\"%s>%s</text>",
			(long long)(x + width / 2), (long long)(c->values[i] < 0 ? zero + high + 12 : y - 4),
			strlen(amount) > 9 ? " style=\"font-size:9px\"" : "", amount);
	buf_printf(b, "<text x=\"%lld\" y=\"%d\" text-anchor=\"middle\">", (long long)(x + width / 2),
		HEIGHT - 8);
	html_text(b, c->labels[i]);
	buf_puts(b, "</text>\n");
}

static void numbers(struct buf *b, const struct chart *c, const char *title)
{
	static const struct column columns[] = {
		{"what", COLUMN_TEXT}, {"currency", COLUMN_CURRENCY}, {"amount", COLUMN_MONEY}, {0}};
	_cleanup_(mem_freep) char *caption = str_format("%s, %s", title, c->currency);
	struct figures t;

	figures_init(&t, columns);
	for (int i = 0; i < c->count; i++) {
		figures_text(&t, c->labels[i]);
		figures_text(&t, c->currency);
		figures_number(&t, c->values[i]);
	}
	buf_puts(b, "<details><summary>The numbers</summary>\n");
	figures_html(&t, caption, b);
	buf_puts(b, "</details>\n");
	figures_finish(&t);
}

static void draw(struct buf *b, const struct chart *c, const char *title)
{
	int64_t most = 0, least = 0, range, zero;

	for (int i = 0; i < c->count; i++) {
		most = c->values[i] > most ? c->values[i] : most;
		least = c->values[i] < least ? c->values[i] : least;
	}
	if (__builtin_sub_overflow(most, least, &range) || !range)
		range = range ? INT64_MAX : 1;
	zero = TOP + pixels(most, range);
	buf_puts(b, "<figure><figcaption>");
	html_text(b, title);
	buf_printf(b, ", %s</figcaption>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"",
		c->currency);
	html_text(b, title);
	buf_printf(b, ", %s\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", c->currency, WIDTH,
		HEIGHT);
	html_text(b, title);
	buf_printf(b,
		", %s: %d bars; the numbers are in the table below\">\n<line x1=\"0\" x2=\"%d\" y1=\"%lld\" "
		"y2=\"%lld\"/>\n",
		c->currency, c->count, WIDTH, (long long)zero, (long long)zero);
	for (int i = 0; i < c->count; i++)
		bar(b, c, i, zero, range);
	buf_puts(b, "</svg></div>\n");
	numbers(b, c, title);
	buf_puts(b, "</figure>\n");
}

static void end_chart(struct buf *b, struct chart *c, const char *title, int *count)
{
	if (c->count) {
		draw(b, c, title);
		(*count)++;
	}
	for (int i = 0; i < c->count; i++)
		free(c->labels[i]);
	c->count = 0;
}

int page_charts(struct buf *b, const char *title, sqlite3_stmt *q)
{
	struct chart c = {0};
	int count = 0;

	while (db_row(q)) {
		const char *currency = db_column_text(q, 0);

		if (strncmp(c.currency, currency, 3) != 0 || c.count == MAX_BARS) {
			end_chart(b, &c, title, &count);
			snprintf(c.currency, sizeof(c.currency), "%.3s", currency);
		}
		c.labels[c.count] = str_dup(db_column_text(q, 1));
		c.values[c.count++] = sqlite3_column_int64(q, 2);
	}
	end_chart(b, &c, title, &count);
	if (!count)
		buf_puts(b, "<p>Nothing.</p>\n");
	return count;
}
