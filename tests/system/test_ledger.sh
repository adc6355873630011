# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Invoices, payments and entries as double entries in a journal: what hledger, ledger and beancount make of it is what the
# spreadsheet says, and what a person wrote there stays byte for byte.
. "$SRC/tests/system/lib.sh"

"$SRC/tests/system/make_books.py" 100

mkdir books
cat >books/2026.journal <<'END'
; my own books

2026-01-01 * Opening balance  ; from the old bank
    Assets:Bank                1,000.00 EUR
    Equity:Opening

2026-02-01 Phone
	Expenses:Phone  	29.90 EUR ; monthly
	Assets:Bank
END
cp books/2026.journal hand.journal

cat >stack.json <<'END'
{
  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s",
  "tools": {
    "sheets": {"connector": "csv", "types": {"client": {"file": "clients.csv"}, "invoice": {"file": "invoices.csv"},
      "payment": {"file": "payments.csv"}}},
    "books": {"connector": "ledger", "file": "books/{year}.journal", "accounts": {"methods": {"card": "Assets:Card"}}},
    "beans": {"connector": "ledger", "file": "books.beancount", "syntax": "beancount", "create": true,
      "accounts": {"methods": {"card": "Assets:Card"}}}
  },
  "owners": {"client": "sheets", "invoice": "sheets", "payment": "sheets", "entry": "books"},
  "shares": {"invoice": {"books": "revert", "beans": "revert"}, "payment": {"books": "revert", "beans": "revert"},
    "entry": {"beans": "revert"}}
}
END
mount_up
booked() { [ "$(grep -ch 'seam: invoice/' books/*.journal | paste -sd+ | bc)" = 100 ] && [ "$(grep -c 'seam: "invoice/' books.beancount)" = 100 ] && idle; }
check_within 60 "every invoice is in both journals" booked
check_equal "what a person wrote is still there, byte for byte" "$(head -c "$(stat -c %s hand.journal)" books/2026.journal | cmp - hand.journal 2>&1)" ""

# ---- what other programs make of it

# sums.py - adds lines "ACCOUNT CURRENCY AMOUNT" up, exactly
cat >sums.py <<'END'
import decimal, sys
sums = {}
for line in sys.stdin:
    account, currency, amount = line.split()
    sums[account, currency] = sums.get((account, currency), 0) + decimal.Decimal(amount.replace(",", ""))
for (account, currency), amount in sorted(sums.items()):
    if amount:
        print(account, currency, format(amount.normalize(), "f"))
END
# What plain SQL over the spreadsheets says; a person's own two transactions aside.
sqlite3 -separator ' ' :memory: '.import --csv invoices.csv i' '.import --csv payments.csv p' "
	CREATE VIEW booked AS SELECT * FROM i WHERE status NOT IN ('draft', 'void');
	SELECT 'Assets:Receivable', currency, total FROM booked;
	SELECT 'Income:Sales', currency, '-' || net FROM booked;
	SELECT 'Liabilities:Tax', currency, '-' || tax FROM booked;
	SELECT iif(method = 'card', 'Assets:Card', 'Assets:Bank'), currency, amount FROM p;
	SELECT iif(method = 'card', 'Assets:Card', 'Assets:Bank'), currency, '-' || fee FROM p WHERE fee <> '';
	SELECT 'Expenses:Fees', currency, fee FROM p WHERE fee <> '';
	SELECT 'Assets:Receivable', currency, '-' || amount FROM p;" | sed 's/ --/ /' >lines.txt
python3 sums.py <lines.txt >want.beans
printf 'Assets:Bank EUR 970.10\nExpenses:Phone EUR 29.90\nEquity:Opening EUR -1000.00\n' | cat lines.txt - | python3 sums.py >want.txt
hledger_balances() { # FILE - it writes no currency where the amount is 0
	hledger -f "$1" register -O csv | python3 -c '
import csv, sys
for row in csv.DictReader(sys.stdin):
    if row["amount"] != "0": print(row["account"], *row["amount"].split()[::-1])' | python3 sums.py
}
ledger_balances() {
	ledger -f all.journal --no-color --format '%(account) %(commodity) %(quantity(amount))\n' register | python3 sums.py
}
bean_balances() { # bean-query rounds
	python3 -c '
import sys
from beancount import loader
from beancount.core import data
for entry in loader.load_file("books.beancount")[0]:
    for p in entry.postings if isinstance(entry, data.Transaction) else ():
        print(p.account, p.units.currency, p.units.number)' | python3 sums.py
}
cat books/*.journal >all.journal
if command -v hledger >/dev/null; then
	check_equal "hledger's balances" "$(hledger_balances all.journal 2>&1)" "$(cat want.txt)"
	cat m/ledger/202?.journal >made.journal
	check_equal "hledger's balances of what is shown in ledger/" "$(hledger_balances made.journal 2>&1)" "$(cat want.beans)"
	check "hledger takes it strictly" hledger -f all.journal check
else
	say "hledger is not here"
fi
if command -v ledger >/dev/null; then
	check_equal "ledger's balances" "$(ledger_balances 2>&1)" "$(cat want.txt)"
else
	say "ledger is not here"
fi
if command -v bean-check >/dev/null; then
	check "bean-check takes it" bean-check books.beancount
	check_equal "beancount's balances" "$(bean_balances 2>&1)" "$(cat want.beans)"
else
	say "beancount is not here"
fi

# ---- one invoice, and one entry

number=$(awk -F, '$4 == "draft" && $5 ~ /^2026/ { print $2; exit }' invoices.csv)
block() { awk -v n="($1)" 'index($0, n) { on = 1 } /^$/ { on = 0 } on' books/2026.journal; }
check_contains "a draft is a comment" "$(block "$number")" "; 2026-"
echo sent >"m/invoices/$number.d/status"
booked_now() { [[ "$(block "$number")" == 2026-* ]]; }
check_within 10 "a draft that is sent is booked" booked_now
check_equal "and has one transaction" "$(grep -c "($number)" books/2026.journal)" 1
check_equal "what a person wrote is still there" "$(head -c "$(stat -c %s hand.journal)" books/2026.journal | cmp - hand.journal 2>&1)" ""

save() { printf '%s' "$2" | "$SRC/tests/system/try.py" sync "$1"; } # FILE TEXT
cat >'m/ledger/Rent.json' <<'END'
{
  "description": "Rent",
  "date": "2026-03-01",
  "currency": "EUR",
  "lines": [
    { "account": "Expenses:Rent", "amount": 900.00, "memo": "March" },
    { "account": "Assets:Bank", "amount": -900.00 }
  ]
}
END
rent() { grep -q '^    Expenses:Rent .* 900.00 EUR  ; March$' books/2026.journal && grep -q '^    Expenses:Rent .* 900.00 EUR$' books.beancount; }
check_within 10 "an entry is a transaction in both" rent
check_errno "an entry that is not balanced" EINVAL save 'm/ledger/Bad.json' \
	'{"description": "Bad", "date": "2026-03-01", "lines": [{"account": "Expenses:A", "amount": 1.00}]}'
sed -i 's/  ; March$/  ; April/; s/^    Expenses:Rent \(.*\) 900.00 EUR/    Expenses:Office \1 900.00 EUR/' books/2026.journal
office() { jq -e '.lines[0] == {account: "Expenses:Office", amount: 900.00, memo: "April"}' m/ledger/*Rent.json; }
check_within 10 "what is changed in the journal comes here" office
unmount
