# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2119
# What programs for people and plans open: every contact as a vCard beside its file, calendar.ics in the root; and vCards that are
# dropped into contacts/.
. "$SRC/tests/system/lib.sh"

printf 'name,email,street,city\nAcme,a@acme.example,Dock 1,Bonn\n' >clients.csv
printf 'name,client,email,role,notes\nJane Doe,Acme,j@acme.example,Boss,"two\nlines, and; more"\nLone Wolf,,l@w.example,,\n' >contacts.csv
printf 'id,title,status,due\n1,Call,open,2026-12-01\n2,Old,done,2026-01-01\n3,Some day,open,\n' >tasks.csv
printf 'number,client,status,due_date\nI-1,Acme,sent,2026-12-24\nI-2,Acme,paid,2026-12-24\n' >invoices.csv
cat >stack.json <<-'END'
	{
	  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s", "grace": "1s",
	  "tools": {"sheets": {"connector": "csv", "types": {
	    "client": {"file": "clients.csv", "fields": "same"}, "contact": {"file": "contacts.csv", "fields": "same"},
	    "task": {"file": "tasks.csv", "id": "id", "fields": "same"}, "invoice": {"file": "invoices.csv", "fields": "same"}
	  }}},
	  "owners": {"client": "sheets", "contact": "sheets", "task": "sheets", "invoice": "sheets"}
	}
END
mount_pulled
PEOPLE=m/clients/Acme/contacts
names() { find "$1" -maxdepth 1 -type f -printf '%f\n' | LC_ALL=C sort | paste -sd, -; }

check_equal "a contact's card is beside it" "$(names $PEOPLE) $(names m/contacts)" "Jane Doe.json,Jane Doe.vcf Lone Wolf.json,Lone Wolf.vcf"
check_equal "it says what the record says" "$(tr -d '\r' <"$PEOPLE/Jane Doe.vcf" | grep -v '^UID' | paste -sd'|')" \
	'BEGIN:VCARD|VERSION:3.0|FN:Jane Doe|N:Doe;Jane;;;|ORG:Acme|TITLE:Boss|EMAIL;TYPE=INTERNET:j@acme.example|NOTE:two\nlines\, and\; more|END:VCARD'
check_equal "its size is right" "$(stat -c %s "$PEOPLE/Jane Doe.vcf")" "$(wc -c <"$PEOPLE/Jane Doe.vcf")"
check_equal "a client has one by name" "$(tr -d '\r' <m/clients/Acme/client.vcf | grep -E '^(ORG|ADR)' | paste -sd'|')" \
	"ORG:Acme|ADR;TYPE=WORK:;;Dock 1;Bonn;;;"
echo Chief >"$PEOPLE/Jane Doe.d/role"
check_contains "a change is in it at once" "$(cat "$PEOPLE/Jane Doe.vcf")" "TITLE:Chief"
check_errno "it is not written" EACCES python3 "$SRC/tests/system/try.py" write "$PEOPLE/Jane Doe.vcf" </dev/null
check_contains "a record's file does not become a card" "$(mv "$PEOPLE/Jane Doe.json" "$PEOPLE/Jane.vcf" 2>&1)" "Operation not permitted"

check_equal "the calendar has what is to be done, and due" "$(tr -d '\r' <m/calendar.ics | grep -E '^(BEGIN:V[TE]|SUMMARY|DUE|DTSTART)' | paste -sd'|')" \
	'BEGIN:VTODO|SUMMARY:Call|DUE;VALUE=DATE:20261201|BEGIN:VTODO|SUMMARY:Some day|BEGIN:VEVENT|DTSTART;VALUE=DATE:20261224|SUMMARY:Invoice I-1: Acme'
echo "done" >m/tasks/Call.d/status
check_lacks "what is done is not in it" "$(cat m/calendar.ics)" "SUMMARY:Call"
check_equal "its size is right" "$(stat -c %s m/calendar.ics)" "$(wc -c <m/calendar.ics)"

# ---- dropped there

printf 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:New;Nora;;;\r\nFN:Nora New\r\nORG:Acme;Sales\r\nEMAIL:n@acme.example\r\nEND:VCARD\r\n' >nora.vcf
printf 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jane Doe\r\nORG:Whatever\r\nEMAIL:jane@new.example\r\nEND:VCARD\r\n' >jane.vcf
cp nora.vcf m/contacts/
cp jane.vcf "$PEOPLE/new.tmp"
mv "$PEOPLE/new.tmp" "$PEOPLE/Jane Doe.vcf"
check_equal "over a card: the contact has what it says, and keeps the rest" "$(jq -c . "$PEOPLE/Jane Doe.json")" \
	'{"name":"Jane Doe","client":"Acme","role":"Chief","email":"jane@new.example","notes":"two\nlines, and; more"}'
check_equal "two cards in a file are refused" "$(cat nora.vcf nora.vcf 2>&1 >m/contacts/two.vcf)" "cat: write error: Invalid argument"
check_contains "and why" "$(cat m/contacts/.error)" "one file for each contact"
rm m/contacts/two.vcf
check_within 6 "a new one becomes a contact of its company" test -f "$PEOPLE/Nora New.json"
check_equal "with what it says" "$(jq -c '[.name, .client, .email]' "$PEOPLE/Nora New.json")" '["Nora New","Acme","n@acme.example"]'
check_within 3 "also in the sheet" grep -q '^Nora New,Acme,n@acme.example' contacts.csv

# ---- removed

check "a card that is removed" rm "$PEOPLE/Nora New.vcf"
check_equal "removes nothing" "$(jq -r .name "$PEOPLE/Nora New.json")" "Nora New"
check "a folder with cards in it is removed as any" rm -r "$PEOPLE"
check_equal "with all that was in it" "$(names $PEOPLE)" ""
check_within 5 "also in the sheet" sh -c "! grep -q Nora contacts.csv"
