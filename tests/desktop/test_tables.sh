# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 240
# LibreOffice Calc opens a table, changes 50 due dates and saves: 50 records are changed, in one change, and nothing else. Its
# converter writes over a table. By hand: its lock lies beside the table, and a bad date is refused.
. "$SRC/tests/desktop/lib.sh"

python3 - <<'END'
import csv
with open("invoices.csv", "w", newline="") as f:
    rows = csv.writer(f)
    rows.writerow(["ID", "Number", "Status", "Due", "Total", "Currency", "Note"])
    for i in range(1, 61):
        rows.writerow([f"R-{i}", f"INV-{i:03}", "draft", "2026-12-01", f"{i}.50", "EUR", ["", "=1+1", "two\nlines", "+49 30 1", "é, \"q\""][i % 5]])
END
cat >stack.json <<'END'
{ "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s",
  "tools": { "books": { "connector": "csv", "types": { "invoice": { "file": "invoices.csv", "id": "ID", "fields": { "number": "Number",
    "status": "Status", "due_date": "Due", "total": "Total", "currency": "Currency", "notes": "Note" } } } } },
  "owners": { "invoice": "books" } }
END
mount_pulled
T=$M/tables
office() { timeout 120 soffice "-env:UserInstallation=file://$PWD/office" --norestore --nologo "$@" >>office.log 2>&1; }
changes() { "$SEAMFS" log -m m -n 500 | grep -c '^#'; }
due() { awk -F, '{ print $4 }' invoices.csv | grep -c "^$1\$"; }

# A macro of one's own, in a profile of one's own.
office --headless --convert-to ods --outdir . "$T/invoices.csv"
mkdir -p office/user/basic/Standard
cat >office/user/basic/script.xlc <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:libraries PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "libraries.dtd">
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
 <library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" library:link="false"/>
</library:libraries>
END
cat >office/user/basic/Standard/script.xlb <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false" library:passwordprotected="false">
 <library:element library:name="Module1"/>
</library:library>
END
cat >office/user/basic/Standard/Module1.xba <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
Sub EditDates(path As String, rows As String, text As String)
	Dim options(1) As New com.sun.star.beans.PropertyValue
	options(0).Name = &quot;FilterName&quot;
	options(0).Value = &quot;Text - txt - csv (StarCalc)&quot;
	options(1).Name = &quot;FilterOptions&quot;
	options(1).Value = &quot;44,34,76,1,,0,false,false,true&quot;
	document = StarDesktop.loadComponentFromURL(ConvertToURL(path), &quot;_blank&quot;, 0, options())
	sheet = document.Sheets(0)
	column = 0
	Do While sheet.getCellByPosition(column, 0).String &lt;&gt; &quot;due_date&quot;
		column = column + 1
	Loop
	For row = 1 To CInt(rows)
		sheet.getCellByPosition(column, row).FormulaLocal = text
	Next row
	On Error Resume Next
	document.store()
	document.close(True)
	StarDesktop.terminate()
End Sub
</script:module>
END

before=$(changes)
office --headless "macro:///Standard.Module1.EditDates(\"$T/invoices.csv\", \"50\", \"2027-01-15\")"
check_within 10 "50 due dates in Calc: the tool has them" prints 50 due 2027-01-15
check_equal "50 due dates in Calc: one change" "$(changes)" $((before + 1))
number=$("$SEAMFS" log -m m -n 1 | sed -n 's/^#\([0-9]*\) .*/\1/p')
check_equal "50 due dates in Calc: these fields and no others" "$(cat m/.seam/history/*.ndjson | jq -r "select(.change == $number) | .field" | sort | uniq -c | xargs)" "50 due_date"
check_contains "50 due dates in Calc: who it was" "$(cat m/.seam/history/*.ndjson | jq -r "select(.change == $number) | .program" | sort -u)" soffice
check_equal "50 due dates in Calc: a text that begins with = is as it was" "$(jq -r .notes m/invoices/INV-001.json)" '=1+1'
check_equal "nothing is left beside it" "$(find "$T" -type f | wc -l)" 13

office --headless "macro:///Standard.Module1.EditDates(\"$T/invoices.csv\", \"9\", \"soon\")"
check_equal "a date that is none: nothing was done" "$(changes)" $((before + 1))
check_within 5 "a date that is none: the table is there" grep -q INV-060 "$T/invoices.csv"
check_contains "a date that is none: the sentence" "$(cat "$T/.error")" 'row 2, due_date: "due_date" is not a date'

check "converted into a sheet and back over the table" office --headless --convert-to csv:"Text - txt - csv (StarCalc)":44,34,76 --outdir "$T" invoices.ods
check_within 10 "converted back: what the sheet says" prints 60 due 2026-12-01
check_equal "converted back: one change" "$(changes)" $((before + 2))
check_equal "converted back: no record more" "$(find m/invoices -maxdepth 1 -name '*.json' | wc -l)" 60
