# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# The figures in reports/ are what plain SQL over the same spreadsheets says, to the last minor unit; they follow every change.
# shellcheck disable=SC2016,SC2119
. "$SRC/tests/system/lib.sh"
"$SRC/tests/system/make_books.py" 150

# The archive has one invoice with another amount, and lacks one.
sed -E '/^7,/s/,([0-9]+)([.0-9]*)$/,9\1\2/; /^9,/d' invoices.csv >archive.csv
cat >projects.csv <<'END'
ID,name,client,currency,budget
1,Web shop,Plain,EUR,5000.00
2,Nothing yet,Plain,JPY,5000
END
cat >time.csv <<'END'
ID,summary,project,date,hours,person,billable
1,a,Web shop,2026-11-01,0.1,Mara,true
2,b,Web shop,2026-11-02,0.2,Mara,true
3,c,Web shop,2026-11-02,1.25,Jonas,false
END
cat >stack.json <<'END'
{
  "company": "Rig & <Sons>", "currency": "EUR", "state": "state", "poll": "1s",
  "tools": {
    "sheets": {"connector": "csv", "cost": "49.00 EUR", "verified": "2026-11-01", "types": {"client": {"file": "clients.csv"},
      "invoice": {"file": "invoices.csv"}, "payment": {"file": "payments.csv"}, "project": {"file": "projects.csv"},
      "time": {"file": "time.csv"}}},
    "archive": {"connector": "csv", "types": {"invoice": {"file": "archive.csv", "id": "ID", "fields": {
      "number": {"column": "number", "write": false}, "total": {"column": "total", "write": false},
      "currency": {"column": "currency", "write": false}}}}}
  },
  "owners": {"client": "sheets", "invoice": "sheets", "payment": "sheets", "project": "sheets", "time": "sheets"},
  "shares": {"invoice": {"archive": "revert"}}
}
END
mount_pulled

# got FILE COLUMN... - those of each row of a report as lines, in order; amounts as minor units
got() {
	python3 - "$@" <<'END' | LC_ALL=C sort
import csv, re, sys
def plain(text):
    return str(int(text.replace(".", ""))) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text.removeprefix("'")
for row in csv.DictReader(open("m/reports/" + sys.argv[1], newline="", encoding="utf-8")):
    print("|".join(plain(row[c]) for c in sys.argv[2:]))
END
}
# want SQL - the same of the spreadsheets: i (booked: without drafts and void ones), p, and today
want() {
	sqlite3 :memory: '.import --csv invoices.csv i' '.import --csv payments.csv p' "
		UPDATE i SET net = replace(net, '.', ''), tax = replace(tax, '.', ''), total = replace(total, '.', '');
		UPDATE p SET amount = replace(amount, '.', ''), fee = replace(fee, '.', '');
		CREATE VIEW booked AS SELECT * FROM i WHERE status NOT IN ('draft', 'void');
		CREATE VIEW open AS SELECT booked.*, total - coalesce((SELECT sum(amount) FROM p WHERE p.invoice = booked.number), 0)
			AS open FROM booked WHERE status <> 'paid';
		$1" | LC_ALL=C sort
}
check_equal "revenue by month, client and currency" "$(got revenue.csv month client currency invoices net tax total)" \
	"$(want 'SELECT substr(issue_date, 1, 7), client, currency, count(*), sum(net), sum(tax), sum(total) FROM booked GROUP BY 1, 2, 3')"
check_equal "receivables, invoice by invoice" "$(got receivables.csv invoice currency client total open)" \
	"$(want 'SELECT number, currency, client, total, open FROM open WHERE open <> 0')"
check_equal "receivables by age" "$(got receivables.csv currency age | uniq -c | awk '{$1 = $1} 1')" \
	"$(want "SELECT currency, CASE WHEN d <= 0 THEN 'not due' WHEN d <= 30 THEN '1-30' WHEN d <= 60 THEN '31-60' WHEN d <= 90
		THEN '61-90' ELSE 'over 90' END FROM (SELECT currency, CAST(julianday(date('now', 'localtime')) - julianday(due_date) AS INT) d
		FROM open WHERE open <> 0)" | uniq -c | awk '{$1 = $1} 1')"
check_equal "cash received and fees" "$(got cash.csv month currency received fees | grep -v '|0|0$')" \
	"$(want "SELECT substr(date, 1, 7), currency, sum(amount), CAST(sum(fee) AS INT) FROM p GROUP BY 1, 2")"
check_equal "cash expected" "$(got cash.csv currency expected | awk -F'|' '{s[$1] += $2} END {for (c in s) print c "|" s[c]}' | LC_ALL=C sort)" \
	"$(want 'SELECT currency, sum(open) FROM open GROUP BY 1')"
sums='{n[$1 "|" $2] += $3; t[$1 "|" $2] += $4} END {for (k in n) print k "|" n[k] "|" t[k]}'
check_equal "tax by month" "$(got tax.csv month currency net tax | awk -F'|' "$sums" | LC_ALL=C sort)" \
	"$(want 'SELECT substr(issue_date, 1, 7), currency, sum(net), sum(tax) FROM booked GROUP BY 1, 2')"
check_contains "the totals of the text are those of the rows" "$(tr -s ' ' <m/reports/revenue.txt | tr -d .)" \
	"$(want "SELECT format('total EUR %d %d %d', sum(net), sum(tax), sum(total)) FROM booked WHERE currency = 'EUR'" | sed 's/^total EUR/total EUR/')"

# ---- time and projects

check_equal "unbilled time, exact" "$(sed 1d m/reports/unbilled-time.csv | tr -d '\r')" "Web shop,Plain,Mara,0.3,2026-11-01,2026-11-02,"
cat >'m/invoices/T-1.json' <<'END'
{
  "number": "T-1", "client": "Plain", "project": "Web shop", "status": "sent", "issue_date": "2026-11-01", "due_date": "2026-12-01",
  "currency": "EUR", "lines": [
    {"description": "a", "quantity": 3, "unit_price": 33.33, "tax_rate": 19},
    {"description": "b", "unit_price": 10.05, "tax_rate": 7.0}]
}
END
written() { grep -q T-1 m/reports/receivables.csv; }
check_within 10 "a new invoice is in the receivables" written
check_equal "only time behind the last invoice is unbilled" "$(sed 1d m/reports/unbilled-time.csv | tr -d '\r')" \
	"Web shop,Plain,Mara,0.2,2026-11-02,2026-11-02,2026-11-01"
check_contains "a project's figures" "$(tr -d '\r' <m/reports/projects.csv)" "Web shop,Plain,EUR,5000.00,110.04,129.74,1.55,0.3,70.99"
check_contains "one without an invoice" "$(tr -d '\r' <m/reports/projects.csv)" "Nothing yet,Plain,JPY,5000,0,0,0,0,"

# ---- the same figure from two tools

seven=$(awk -F, '$1 == 7 {print $10}' invoices.csv)
check_equal "reconciliation names the record that differs" "$(got reconciliation.csv what tool record amount here difference | grep '|archive|INV-7|' | head -n 1)" \
	"invoices|archive|INV-7|$(awk -F, '$1 == 7 {print $10}' archive.csv | tr -d .)|$(tr -d . <<<"$seven")|$(($(awk -F, '$1 == 7 {print $10}' archive.csv | tr -d .) - $(tr -d . <<<"$seven")))"
check_contains "and the one that is missing there" "$(got reconciliation.csv tool record)" "archive|INV-9"
check_lacks "no other" "$(got reconciliation.csv tool record)" "archive|INV-8"

# ---- files

check_contains "a client's name is no formula" "$(cat m/reports/revenue.csv)" "'=1+1"
check_equal "sizes are exact" "$(stat -c '%s %n' m/reports/*)" "$(wc -c m/reports/* | sed '$d; s/^ *//')"
check_errno "a report cannot be written" EACCES "$SRC/tests/system/try.py" write m/reports/cash.csv </dev/null
check_contains "the cost of the stack" "$(cat m/reports/stack.md)" "Together 49.00 EUR a month."
check_contains "when a tool was looked at" "$(cat m/reports/stack.md)" "| 2026-11-01 |"
check_contains "text is no markup" "$(cat m/reports/dashboard.html)" "Rig &amp; &lt;Sons&gt;"
check_lacks "nothing is fetched by a page" "$(grep -ohE '(src|href)="[^#"][^"]*"' m/reports/*.html | grep -v 'href="data:,"')" "="
python3 - m/reports/*.html >html.txt <<'END'
import html.parser, sys
class Check(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack, self.ids = [], set()
    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link", "br"):
            self.stack.append(tag)
        if tag == "svg" and not dict(attrs).get("aria-label"):
            print("an svg without a label")
    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            print(f"{tag} is not open")
    def handle_startendtag(self, tag, attrs):
        pass
for name in sys.argv[1:]:
    c = Check()
    c.feed(open(name, encoding="utf-8").read())
    if c.stack:
        print(name, "leaves open", c.stack)
END
check_equal "pages are well-formed, charts have labels" "$(cat html.txt)" ""
check_equal "a chart for each currency" "$(grep -o 'Revenue by month, [A-Z]*</figcaption>' m/reports/dashboard.html | wc -l)" \
	"$(want "SELECT count(DISTINCT currency) FROM booked WHERE issue_date > date('now', '-11 months')")"

# ---- the review

printf 'y\n\n' >answers
"$SEAMFS" review -c stack.json -m m <answers >review.txt
check_contains "a review shows the stack" "$(cat review.txt)" "## Who owns what"
check_contains "the first one" "$(cat review.txt)" "This is the first review."
check_equal "a tool that is in order is dated, the other is not" \
	"$(grep -c "\"cost\": \"49.00 EUR\", \"verified\": \"$(date +%F)\"" stack.json) $(grep -c verified stack.json)" "1 1"
sed -i '2d' time.csv
less() { grep -q '^| time | sheets |  |  | 2 |$' m/reports/stack.md; }
check_within 10 "a record less" less
"$SEAMFS" review -c stack.json -m m </dev/null >review.txt
check_equal "the next one tells what has changed" "$(grep '^[-+] | time ' review.txt)" "- | time | sheets |  |  | 3 |
+ | time | sheets |  |  | 2 |"
unmount
