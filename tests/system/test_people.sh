# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2119
# People and plans on a real Radicale: cards and tasks of other programs come into the tree and change there without losing a byte of
# what seamfs does not know; others write at the same time; deletions, forgotten tokens, answers that get lost.
# shellcheck source-path=SCRIPTDIR/../.. source=tests/system/lib.sh
. "$SRC/tests/system/lib.sh"

# shellcheck source-path=SCRIPTDIR/../.. source=tests/system/people.sh
. "$SRC/tests/system/people.sh"
radicale_up

# ---- what other programs have written

cat >khard.vcf <<-'END'
	BEGIN:VCARD
	VERSION:3.0
	ADR;TYPE=home:;;Main Street 1;Berlin;;10115;Germany
	CATEGORIES:customers,vip
	EMAIL;TYPE=home:jane@home.example
	EMAIL;TYPE=pref,work:jane@northwind.example
	FN:Dr. Jane Doe
	N:Doe;Jane;;Dr.;
	NOTE:two\nlines\, one comma
	ORG:Northwind Traders;Sales
	REV:2026-11-20T08:00:00Z
	TEL;TYPE=cell:+49 30 1
	UID:khard-1
	X-ABC;X-DEF="a:b":kept
	END:VCARD
END
cat >apple.vcf <<-'END'
	BEGIN:VCARD
	VERSION:3.0
	PRODID:-//Apple Inc.//iOS 17.1//EN
	N:;;;;
	FN:Northwind Traders
	ORG:Northwind Traders;
	X-ABShowAs:COMPANY
	item1.EMAIL;type=INTERNET;type=pref:office@northwind.example
	item1.X-ABLabel:_$!<Work>!$_
	item2.ADR;type=WORK:;;Dock 4;Portland;OR;97201;US
	item2.X-ABADR:us
	PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQ
	 EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==
	UID:apple-1
	END:VCARD
END
cat >group.vcf <<-'END'
	BEGIN:VCARD
	VERSION:3.0
	N:All;;;;
	FN:All of them
	X-ADDRESSBOOKSERVER-KIND:group
	UID:group-1
	END:VCARD
END
cat >task.ics <<-'END'
	BEGIN:VCALENDAR
	VERSION:2.0
	PRODID:-//Nextcloud Tasks v0.15.0
	BEGIN:VTODO
	UID:nc-1
	CREATED:20261101T090000Z
	DTSTAMP:20261102T090000Z
	LAST-MODIFIED:20261102T090000Z
	SUMMARY:Draft moodboard
	DESCRIPTION:first\, second
	DUE:20261125T170000
	PRIORITY:1
	STATUS:IN-PROCESS
	PERCENT-COMPLETE:40
	CATEGORIES:brand,design
	X-OC-HIDESUBTASKS:0
	BEGIN:VALARM
	ACTION:DISPLAY
	DESCRIPTION:alarm
	TRIGGER;RELATED=END:-PT15M
	END:VALARM
	END:VTODO
	END:VCALENDAR
END
check_equal "other programs write" "$(for f in khard apple group; do put contacts/$f.vcf text/vcard <$f.vcf; done
	put calendar/nc.ics text/calendar <task.ics)" $'201\n201\n201\n201'

people_stack
check_contains "the address book is found from the server's address alone" "$("$SEAMFS" tool test -c stack.json people)" \
	'address book "People" at http'
mount_pulled
JANE="m/clients/Northwind Traders/contacts/Dr. Jane Doe.json"
TASK="m/tasks/Draft moodboard.json"

# ---- read

check_equal "a person" "$(jq -c '[.client, .email, .phone, .tags, .notes]' "$JANE")" \
	'["Northwind Traders","jane@northwind.example","+49 30 1",["customers","vip"],"two\nlines, one comma"]'
check_equal "a company" "$(jq -c '[.name, .email, .street, .zip, .city, .country]' "m/clients/Northwind Traders/client.json")" \
	'["Northwind Traders","office@northwind.example","Dock 4","97201","Portland","US"]'
check_equal "a group is neither" "$(grep -rl 'All of them' m/clients m/contacts | wc -l)" 0
check_equal "a task" "$(jq -c '[.status, .priority, .due, .tags, .notes]' "$TASK")" \
	'["in progress","urgent","2026-11-25",["brand","design"],"first, second"]'
check_within 5 "an invoice is in the calendar" found X-SEAMFS-KEY:INV-1 '*.ics'
INV=$(basename "$(found X-SEAMFS-KEY:INV-1 '*.ics')")
check_within 5 "with what people want to read" has entry "$INV" "SUMMARY:Invoice INV-1: Northwind Traders"
check "and its day" has entry "$INV" "DUE;VALUE=DATE:20261231"
check_equal "and is no task" "$(find m/tasks m/projects -type f -name '*.json' | wc -l)" 1

# ---- changed here (and made: a new file waits for more of it for two seconds)

echo '{"name": "John Roe", "email": "john@nw.example"}' >"m/clients/Northwind Traders/contacts/John Roe.json"
echo '{"title": "Call John", "due": "2026-12-24"}' >"m/tasks/Call John.json"
BEFORE=$(card khard.vcf | plain)
sed -i 's/jane@northwind.example/jane@nw.example/' "$JANE"
check_within 5 "a changed address is on the server" has card khard.vcf "EMAIL;TYPE=pref,work:jane@nw.example"
check_equal "and nothing else is another" "$(card khard.vcf | plain)" "${BEFORE/jane@northwind.example/jane@nw.example}"
BEFORE=$(card apple.vcf | plain)
jq '.city = "Salem; Oregon"' "m/clients/Northwind Traders/client.json" >new.json && cp new.json "m/clients/Northwind Traders/client.json"
check_within 5 "a changed city" has card apple.vcf 'item2.ADR;TYPE=WORK:;;Dock 4;Salem\; Oregon;OR;97201;US'
check_equal "and nothing else is another" "$(card apple.vcf | plain)" "${BEFORE/;Portland;/;Salem\\; Oregon;}"
BEFORE=$(entry nc.ics | plain)
echo 2026-12-01 >"${TASK%.json}.d/due"
check_within 5 "a task is put off: the time of day stays" has entry nc.ics "DUE:20261201T170000"
check_equal "and nothing else is another" "$(entry nc.ics | plain)" "${BEFORE/DUE:20261125/DUE:20261201}"
echo "done" >"${TASK%.json}.d/status"
check_within 5 "a task is done" has entry nc.ics "STATUS:COMPLETED"
check "so much of it" has entry nc.ics "PERCENT-COMPLETE:100"
check_contains "since when" "$(entry nc.ics)" "COMPLETED:20"
sed -i s/2026-12-31/2027-01-15/ sheets/invoices.csv
check_within 5 "an invoice is due later" has entry "$INV" "DUE;VALUE=DATE:20270115"
entry "$INV" | sed 's/20270115/20270120/' | put "calendar/$INV" text/calendar >/dev/null
check_within 5 "moved in the calendar, it is due then in the billing, too" grep -q 2027-01-20 sheets/invoices.csv

# ---- made here, removed here

check_within 5 "a new person is on the server" found FN:John\ Roe '*.vcf'
JOHN=$(basename "$(found FN:John\ Roe '*.vcf')")
check "with a company" has card "$JOHN" "ORG:Northwind Traders"
check "and both names" has card "$JOHN" "N:Roe;John;;;"
check_within 5 "a new task is" found SUMMARY:Call\ John '*.ics'
rm "m/tasks/Call John.json"

# ---- somebody else at the same time

card khard.vcf | sed 's/+49 30 1/+49 30 22/' >other.vcf
# What seamfs has read is no longer there when it writes: the server says 412.
faults '[{"method": "PUT", "path": "khard.vcf", "count": 1, "delay": 1}]'
: >proxy.log
(echo Director >"${JANE%.json}.d/role") &
wait_until 5 grep -q '"GET".*khard.vcf' proxy.log
put contacts/khard.vcf text/vcard <other.vcf >/dev/null
wait $!
check_within 8 "another client came between: his word is kept" has card khard.vcf "TEL;TYPE=cell:+49 30 22"
check_within 8 "and ours" has card khard.vcf "TITLE:Director"
check_contains "for the server has refused ours at first" "$(grep '"PUT".*khard.vcf' proxy.log)" '"status": 412'
check_within 5 "the tree has both" prints 'Director +49 30 22' jq -r '.role + " " + .phone' "$JANE"

check_within 8 "a removed task is gone there" gone SUMMARY:Call\ John '*.ics'
dav -o /dev/null -X DELETE "$DAV/alice/contacts/$JOHN"
check_within 5 "removed there is removed here" test ! -e "m/clients/Northwind Traders/contacts/John Roe.json"
check_equal "nothing is wrong" "$(status_json '[.tools[].state] | unique | join(" ")') $(find m/problems -type f 2>/dev/null | wc -l)" "ok 0"
