# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 180
# tables/: records as spreadsheets. Saving one is a bulk edit: all of it is one change, or nothing is done.
. "$SRC/tests/system/lib.sh"

cat >make.py <<'END'
import csv
with open("clients.csv", "w", newline="") as f:
    rows = csv.writer(f)
    rows.writerow(["ID", "Name", "Phone", "Note"])
    rows.writerow(["C-1", "Northwind Traders", "+49 30 1234", "=1+1"])
    rows.writerow(["C-2", "Söhne, \"Ernst\"", "", "@home"])
with open("invoices.csv", "w", newline="") as f:
    rows = csv.writer(f)
    rows.writerow(["ID", "Number", "Customer", "Status", "Due", "Net", "Currency"])
    for i in range(1, 61):
        rows.writerow([f"R-{i}", f"INV-{i:03}", "Northwind Traders", "draft", "2026-12-01", f"{i}.50", "EUR"])
END
python3 make.py
cat >stack.json <<'END'
{ "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s",
  "tools": {
    "crm": { "connector": "csv", "types": { "client": { "file": "clients.csv", "id": "ID",
      "fields": { "name": "Name", "phone": "Phone", "notes": "Note" } } } },
    "books": { "connector": "csv", "types": { "invoice": { "file": "invoices.csv", "id": "ID",
      "fields": { "number": "Number", "client": "Customer", "status": "Status", "due_date": "Due", "net": "Net", "currency": "Currency" } } } } },
  "owners": { "client": "crm", "invoice": "books" } }
END
mount_pulled
T=$M/tables

# sheet CODE - python over the rows (a list of dicts) of tables/$TABLE, which are then written back
cat >sheet.py <<'END'
import csv, os, sys
path, code = sys.argv[1], sys.argv[2]
options = dict(o.split("=", 1) for o in sys.argv[3:])
with open(path, newline="", encoding="utf-8") as f:
    reader = csv.DictReader(f)
    rows, names = list(reader), list(reader.fieldnames)
exec(code)
with open(path, "w", newline="", encoding=options.get("encoding", "utf-8")) as f:
    writer = csv.DictWriter(f, names, delimiter=options.get("delimiter", ","))
    writer.writeheader()
    writer.writerows(rows)
END
TABLE=invoices
sheet() { python3 sheet.py "$T/$TABLE.csv" "$@"; }
due() { awk -F, '{ print $5 }' invoices.csv | tr -d '\r' | grep -c "^$1\$"; } # how many rows of the tool's sheet say so
changes() { "$SEAMFS" log -m m -n 500 | grep -c '^#'; }
at() { python3 - "$T/$TABLE.csv" "$@" <<'END'; } # COLUMN VALUE WANTED - a cell of the row in which COLUMN is VALUE
import csv, sys
for row in csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")):
    if row[sys.argv[2]] == sys.argv[3]:
        print(row[sys.argv[4]], end="")
END

check_equal "the tables" "$(cd "$T" && echo ./*)" "./clients.csv ./contacts.csv ./deals.csv ./entry-lines.csv ./invoice-lines.csv ./invoices.csv ./ledger.csv ./payments.csv ./projects.csv ./quote-lines.csv ./quotes.csv ./tasks.csv ./time.csv"
check_equal "the first row" "$(head -n 1 "$T/invoices.csv" | tr -d '\r')" "id,number,client,project,status,issue_date,due_date,reference,currency,net,tax,total,notes"
check_equal "a row for each record" "$(wc -l <"$T/invoices.csv")" 61
check_equal "its size is right" "$(stat -c %s "$T/invoices.csv")" "$(wc -c <"$T/invoices.csv")"
check_equal "money has its decimals, a reference is a name" "$(sed -n 2p "$T/invoices.csv" | cut -d, -f 3,10)" "Northwind Traders,1.50"
check_contains "no cell is a formula" "$(cat "$T/clients.csv")" ",'=1+1"
check_contains "nor with a plus" "$(cat "$T/clients.csv")" ",'+49 30 1234,"
check_contains "quotes as RFC 4180 has them" "$(cat "$T/clients.csv")" '"Söhne, ""Ernst"""'

# ---- fifty cells are one change
before=$(changes)
check "50 due dates" sheet 'for row in rows[:50]: row["due_date"] = "2027-01-15"'
check_within 10 "50 due dates: the tool has them" prints 50 due 2027-01-15
check_equal "50 due dates: one change" "$(changes)" $((before + 1))
number=$("$SEAMFS" log -m m -n 1 | sed -n 's/^#\([0-9]*\) .*/\1/p')
check_equal "50 due dates: one entry for each record and field" "$(cat m/.seam/history/*.ndjson | jq -c "select(.change == $number) | [.path, .field, .new, .why]" | sort -u | grep -c '"due_date","2027-01-15","table"')" 50
check_equal "50 due dates: nothing else is in it" "$(cat m/.seam/history/*.ndjson | jq -c "select(.change == $number)" | wc -l)" 50
check_contains "50 due dates: the table says so" "$(at number INV-050 due_date)" 2027-01-15
check_within 10 "50 due dates: nothing waits" idle
check "saved as it is" sheet pass
check_equal "saved as it is: no change" "$(changes)" $((before + 1))
check "undone" "$SEAMFS" undo -m m "$number"
check_within 10 "undone: all of them" prints 60 due 2026-12-01
check_equal "undone: in one change" "$(changes)" $((before + 2))

# ---- one bad cell: nothing
before=$(changes)
cp "$T/invoices.csv" before.csv
check_not "a bad date" sheet 'for row in rows[:10]: row["due_date"] = "2027-02-01"
rows[6]["due_date"] = "2027-02-30"'
check_equal "a bad date: nothing was done" "$(changes)" "$before"
check "a bad date: the table is as it was" cmp before.csv "$T/invoices.csv"
why=$(getfattr --only-values -n user.seam.error "$T/invoices.csv")
check_contains "a bad date: row and column" "$why" 'row 8, due_date: "due_date" is not a date'
check_contains "a bad date: .error" "$(cat "$T/.error")" "invoices.csv: row 8, due_date"
check_equal "a bad date: state" "$(state_of "$T/invoices.csv")" rejected
check_contains "a bad date: problems/" "$(ls "$M/problems")" ".rejected.csv"
check_contains "a bad date: what was written is kept" "$(cat "$M"/problems/*.rejected.csv)" 2027-02-30
check_contains "a bad date: why.txt" "$(cat "$M"/problems/*.why.txt)" "Nothing of it was done"
check_equal "a bad date: the tool heard nothing" "$(due 2027-02-01)" 0
check_not "an unknown reference" sheet 'rows[3]["client"] = "Nobody"'
check_contains "an unknown reference: the sentence" "$(cat "$T/.error")" 'row 5, client: "client": there is no client called "Nobody"'
check_not "a column of one's own" sheet 'names.append("Reminder"); rows[0]["Reminder"] = "x"'
check_contains "a column of one's own: the sentence" "$(cat "$T/.error")" 'the column "Reminder" is none of invoices.csv'
check_not "an id that is no id" sheet 'rows[0]["id"] = "999999"'
check_not "an id twice" sheet 'rows[1]["id"] = rows[0]["id"]'
check_not "no ids at all" sheet 'names.remove("id")
for row in rows: del row["id"]'
check_not "an echo with a bad cell" sh -c "printf 'id,due_date\n%s,x\n' '$(sed -n 2p before.csv | cut -d, -f 1)' >'$T/invoices.csv'"
check_equal "all of them: nothing was done" "$(changes)" "$before"
check "a good save" sheet 'rows.reverse(); rows[0]["reference"] = "PO 7"'
check_equal "a good save: the order of the rows is of no account" "$(changes)" $((before + 1))
check_equal "a good save: the problem is gone" "$(state_of "$T/invoices.csv")" synced
check_not "a good save: nothing is in problems/" test -e "$M/problems"

# ---- what is not there does not change; what is new
before=$(changes)
id=$(at number INV-003 id)
check "some rows and columns" sh -c "printf 'id,due_date\n$id,2027-03-01\n' >'$T/invoices.csv'"
check_within 10 "some rows and columns: the one change" prints 1 due 2027-03-01
check_equal "some rows and columns: nothing else" "$(changes)" $((before + 1))
check "two new rows" sheet 'rows.append({"number": "NEW-1", "client": "Northwind Traders", "due_date": "2027-04-01", "net": "12.5", "currency": "EUR"})
rows.append({"number": "NEW-2", "currency": "EUR"})'
check "two new rows: they are records" test -f "$M/invoices/NEW-1.json" -a -f "$M/invoices/NEW-2.json"
check_equal "two new rows: one change" "$(changes)" $((before + 2))
check_within 10 "two new rows: the tool has them" grep -q 'NEW-1,Northwind Traders,draft,2027-04-01,12.50' invoices.csv
check_not "a number that is taken" sheet 'rows.append({"number": "NEW-1"}); rows[0]["reference"] = "lost"'
check_equal "a number that is taken: nothing was done" "$(changes)" $((before + 2))
check "cleared" sheet 'rows[4]["due_date"] = ""'
check_equal "cleared: it is empty" "$(jq .due_date "$M/invoices/INV-005.json")" null
TABLE=clients
check "a guarded cell is read as it was" sheet 'rows[0]["phone"] = "030 1"'
check_equal "a guarded cell is read as it was: the note" "$(jq -r .notes "$M/clients/Northwind Traders/client.json")" '=1+1'
check "a formula becomes a text" sheet 'rows[1]["notes"] = "=HYPERLINK(1)"; rows[1]["city"] = "-2"'
check_contains "a formula becomes a text: guarded when it is read" "$(cat "$T/clients.csv")" "'=HYPERLINK(1)"
check_equal "a formula becomes a text: the record" "$(jq -r .city "$M"/clients/Söhne*/client.json)" '-2'

# ---- what others changed since the sheet was opened
TABLE=invoices
cat >held.py <<'END'
import csv, os, sys, time
path = sys.argv[1]
def go(name):
    open(name + ".ready", "w").close()
    while not os.path.exists(name + ".go"):
        time.sleep(0.02)
def save():
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, names)
        writer.writeheader()
        writer.writerows(rows)
with open(path, newline="", encoding="utf-8") as f:
    reader = csv.DictReader(f)
    rows, names = list(reader), reader.fieldnames
by = {row["number"]: row for row in rows}
go("first")
by["INV-010"]["due_date"] = "2027-05-10"
rows.append({"number": "HELD-1", "currency": "EUR", "reference": "one"})
save()
go("second")
by["INV-011"]["due_date"] = "2027-05-11"
rows[-1]["reference"] = "two"
save()
END
python3 held.py "$T/invoices.csv" &
pid=$!
wait_until 10 test -e first.ready || bail "the sheet is open"
sed -i 's/^\(R-20,[^,]*,[^,]*\),draft/\1,sent/' invoices.csv # the tool
check_within 10 "somebody else's change is here" grep -q '"sent"' "$M/invoices/INV-020.json"
"$SEAMFS" log -m m -n 3 >log.txt
echo 2027-06-01 >"$M/invoices/INV-010.d/due_date"
echo "their note" >"$M/invoices/INV-012.d/notes"
: >first.go
wait_until 10 test -e second.ready || bail "the sheet was saved"
check_equal "a sheet that was open: its own change" "$(jq -r .due_date "$M/invoices/INV-010.json")" 2027-05-10
check_equal "a sheet that was open: the tool's change stays" "$(jq -r .status "$M/invoices/INV-020.json")" sent
check_equal "a sheet that was open: the other's change stays" "$(jq -r .notes "$M/invoices/INV-012.json")" "their note"
echo 2027-07-01 >"$M/invoices/INV-010.d/due_date"
: >second.go
wait "$pid"
check_equal "saved once more: exit code" $? 0
check_equal "saved once more: its own change" "$(jq -r .due_date "$M/invoices/INV-011.json")" 2027-05-11
check_equal "saved once more: what was changed since stays" "$(jq -r .due_date "$M/invoices/INV-010.json")" 2027-07-01
check_equal "saved once more: the tool's change stays" "$(jq -r .status "$M/invoices/INV-020.json")" sent
check_equal "saved once more: the new row is the same record" "$(grep -l HELD "$M"/invoices/*.json | wc -l)" 1
check_equal "saved once more: with what it says now" "$(jq -r .reference "$M/invoices/HELD-1.json")" two

# ---- as Excel has it in Europe
check "BOM, semicolons, decimal comma, dates with points" sheet 'for row in rows:
    row["net"] = row["net"].replace(".", ",")
    if row["number"] == "INV-002": row["net"] = "1234,5"; row["due_date"] = "24.12.2026"' encoding=utf-8-sig delimiter=';'
check_equal "BOM, semicolons, decimal comma, dates with points: the record" "$(jq -c '[.net, .due_date]' "$M/invoices/INV-002.json")" '[1234.5,"2026-12-24"]'
check_not "a comma and a point" sheet 'rows[0]["net"] = "1,25"' delimiter=';'
check_contains "a comma and a point: the sentence" "$(cat "$T/.error")" 'write all of them one way'

# ---- lines
cat >"$M/quotes/Q-1.json" <<'END'
{ "number": "Q-1", "client": "Northwind Traders", "lines": [
  { "description": "Logo", "quantity": 2, "unit_price": 100, "tax_rate": 19 },
  { "description": "Site", "unit_price": 50.5 } ] }
END
check_within 10 "a quote" grep -q Site "$T/quote-lines.csv"
TABLE=quote-lines
before=$(changes)
check "lines: changed and new" sheet 'rows[0]["quantity"] = "3"
rows.append({"quote": "Q-1", "description": "Hosting", "unit_price": "10", "tax_rate": "7"})'
check_equal "lines: one change" "$(changes)" $((before + 1))
check_equal "lines: the record" "$(jq -c '[.lines[] | [.description, .quantity, .unit_price]]' "$M/quotes/Q-1.json")" '[["Logo",3,100],["Site",null,50.5],["Hosting",null,10]]'
check_equal "lines: its total" "$(jq -c '[.net, .tax, .total]' "$M/quotes/Q-1.json")" '[360.5,57.7,418.2]'
check_not "lines: a bad price" sheet 'rows[1]["unit_price"] = "much"; rows[0]["quantity"] = "9"'
check_contains "lines: a bad price: row and column" "$(cat "$T/.error")" 'row 3, unit_price: '
check_equal "lines: a bad price: nothing was done" "$(changes)" $((before + 1))

# ---- lines, in a program that goes on showing what it has saved
printf '{ "number": "Q-2", "lines": [ { "description": "A", "unit_price": 1 }, { "description": "B", "unit_price": 2 },
  { "description": "C", "unit_price": 3 } ] }\n' >"$M/quotes/Q-2.json"
check_within 10 "another quote" grep -q Q-2 "$T/quote-lines.csv"
cat >lines.py <<'END'
import csv, os, sys, time
path = sys.argv[1]
with open(path, newline="", encoding="utf-8") as f:
    reader = csv.DictReader(f)
    rows, names = list(reader), list(reader.fieldnames)
one, two = rows[0]["id"], rows[-1]["id"]
def save():
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, names)
        writer.writeheader()
        writer.writerows(rows)
rows.append({"id": two, "description": "Domain", "unit_price": "5"})
save()
rows.insert(0, {"id": one, "description": "Domain", "unit_price": "5"})
save()
rows[-1]["description"] = "Domains"
rows[-1]["unit_price"] = "5.0"
save()
open("lines.ready", "w").close()
while not os.path.exists("lines.go"):
    time.sleep(0.05)
for row in rows:
    if row["description"] == "B":
        row["unit_price"] = "20"
save()
END
lines() { jq -c '[.lines[] | [.description, .unit_price]]' "$M/quotes/$1.json"; }
python3 lines.py "$T/quote-lines.csv" 2>lines.txt &
pid=$!
wait_until 10 test -e lines.ready || bail "the lines were saved"
check_equal "the same line in two quotes: the one" "$(lines Q-1)" '[["Logo",100],["Site",50.5],["Hosting",10],["Domain",5]]'
check_equal "the same line in two quotes: the other, once, as it is called now" "$(lines Q-2)" '[["A",1],["B",2],["C",3],["Domains",5]]'
jq '.lines |= .[1:]' "$M/quotes/Q-2.json" >less.json
cat less.json >"$M/quotes/Q-2.json"
: >lines.go
wait "$pid"
check_equal "a line that is another one by now: exit code" $? 1
check_contains "a line that is another one by now: the sentence" "$(cat "$T/.error")" 'somebody else changed the lines of quote "Q-2"'
check_equal "a line that is another one by now: it stays" "$(lines Q-2)" '[["B",2],["C",3],["Domains",5]]'
rm "$M"/problems/*

# ---- editors
TABLE=invoices
id=$(at number INV-030 id)
check "sed -i" sed -i "s/^\($id,.*\),2026-12-01,/\1,2027-08-08,/" "$T/invoices.csv"
check_equal "sed -i: the record" "$(jq -r .due_date "$M/invoices/INV-030.json")" 2027-08-08
sed "s/2027-08-08/2027-08-09/" "$T/invoices.csv" >edited.csv
check "mv over it" mv edited.csv "$T/invoices.csv"
check_equal "mv over it: the record" "$(jq -r .due_date "$M/invoices/INV-030.json")" 2027-08-09
: >"$T/.~lock.invoices.csv#"
check "a lock beside it" test -e "$T/.~lock.invoices.csv#"
rm "$T/.~lock.invoices.csv#"
check "rm" rm "$T/time.csv"
check_within 5 "rm: it is there again" test -f "$T/time.csv"
check_equal "nothing else is there" "$(find "$T" -type f | wc -l)" 13
remount
check_equal "after a restart the same" "$(at number INV-030 due_date)" 2027-08-09

# ---- many programs that add a row each
check "a large table" sheet 'for row in rows[:60]: row["notes"] = "x" * 15000'
cat >many.py <<'END'
import os, sys
for i in range(60):
    if os.fork() == 0:
        with open(sys.argv[1], newline="") as f:
            text = f.read()
        with open(sys.argv[1], "w", newline="") as f:
            f.write(text + f",MANY-{i:02}" + "," * (text.split("\r\n")[0].count(",") - 1) + "\r\n")
        os._exit(0)
    os.wait()
END
resident() { awk '/VmRSS/ {print $2}' "/proc/$DAEMON/status"; }
before=$(resident)
python3 many.py "$T/invoices.csv"
check_within 10 "many programs: all of their rows" prints 60 eval 'grep -c MANY "$T/invoices.csv"'
grown=$(($(resident) - before))
say "grown by $grown KiB"
check "many programs: what they had is forgotten with them" test "$grown" -lt 30000
