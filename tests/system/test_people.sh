# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# People and plans on a real Radicale: cards and tasks of other programs come into the tree and change there without losing a byte of
# what seamfs does not know; others write at the same time; deletions, forgotten tokens, answers that get lost.
# shellcheck source-path=SCRIPTDIR/../.. source=tests/system/lib.sh
. "$SRC/tests/system/lib.sh"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
PORT=$(free_port)
DAV=http://127.0.0.1:$PORT
dav() { curl -sS --max-time 10 -u alice:rigpass123 "$@"; } # its arguments are curl's
card() { dav "$DAV/alice/contacts/$1"; }
entry() { dav "$DAV/alice/calendar/$1"; }
put() { # FOLDER/NAME TYPE <text - as another program does it
	dav -o /dev/null -w '%{http_code}\n' -X PUT -H "Content-Type: $2" --data-binary @- "$DAV/alice/$1"
}
# plain - the lines of a text, unfolded, sorted, without what has to change with every change
plain() { python3 -c 'import re, sys; t = sys.stdin.read().replace("\r\n", "\n")
print("\n".join(sorted(l for l in re.sub("\n[ \t]", "", t).split("\n") if l and not re.match("REV|DTSTAMP|LAST-MODIFIED", l))))'; }
has() { grep -qxF -- "$3" <<<"$("$1" "$2" | plain)"; } # card|entry NAME LINE

"$SRC/tests/rig/radicale" "$PWD/radicale" "$PORT" >radicale.log 2>&1 &
wait_until 10 dav -f -o /dev/null -X PROPFIND "$DAV/alice/" || bail "Radicale starts: $(tail -n 5 radicale.log)"

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

# ---- the stack

mkdir sheets
printf 'number,client,status,due_date,total,currency\nINV-1,Northwind Traders,sent,2026-12-31,100.00,EUR\n' >sheets/invoices.csv
cat >proxy.json <<<'[]'
python3 "$SRC/tests/fake/proxy.py" "$PORT" proxy.json proxy.log >proxy.port &
wait_until 10 grep -q . proxy.port || bail "the proxy starts"
(umask 077 && echo rigpass123 >password)
cat >stack.json <<-END
	{
	  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s", "grace": "1s",
	  "tools": {
	    "people": {"connector": "carddav", "url": "http://127.0.0.1:$(cat proxy.port)", "user": "alice", "password": {"file": "password"}},
	    "plan": {"connector": "caldav", "url": "$DAV/alice/calendar/", "user": "alice", "password": {"file": "password"}},
	    "billing": {"connector": "csv", "types": {"invoice": {"file": "sheets/invoices.csv", "id": "number", "fields": "same"}}}
	  },
	  "owners": {"client": "people", "contact": "people", "task": "plan", "invoice": "billing"},
	  "shares": {"invoice": {"plan": "accept"}}
	}
END
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
check_within 5 "an invoice is in the calendar" sh -c "ls radicale/col/collection-root/alice/calendar | grep -q -v nc.ics"
INV=$(cd radicale/col/collection-root/alice/calendar && ls | grep -v nc.ics)
check_within 5 "with what people want to read" has entry "$INV" "SUMMARY:Invoice INV-1: Northwind Traders"
check "and its day" has entry "$INV" "DUE;VALUE=DATE:20261231"
check_equal "and is no task" "$(find m/tasks m/projects -type f -name '*.json' | wc -l)" 1

# ---- changed here

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
echo done >"${TASK%.json}.d/status"
check_within 5 "a task is done" has entry nc.ics "STATUS:COMPLETED"
check "so much of it" has entry nc.ics "PERCENT-COMPLETE:100"
check_contains "since when" "$(entry nc.ics)" "COMPLETED:20"
sed -i s/2026-12-31/2027-01-15/ sheets/invoices.csv
check_within 5 "an invoice is due later" has entry "$INV" "DUE;VALUE=DATE:20270115"

# ---- made here, removed here

echo '{"name": "John Roe", "email": "john@nw.example"}' >"m/clients/Northwind Traders/contacts/John Roe.json"
echo '{"title": "Call John", "due": "2026-12-24"}' >"m/tasks/Call John.json"
found() { grep -lrx --exclude-dir=.Radicale.cache --include="$2" -- "$1.*" radicale/col/collection-root/alice; }
check_within 5 "a new person is on the server" found FN:John\ Roe '*.vcf'
JOHN=$(basename "$(found FN:John\ Roe '*.vcf')")
check "with a company" has card "$JOHN" "ORG:Northwind Traders"
check "and both names" has card "$JOHN" "N:Roe;John;;;"
check_within 5 "a new task is" found SUMMARY:Call\ John '*.ics'
rm "m/tasks/Call John.json"
gone() { ! found "$@"; }
check_within 8 "a removed one is not" gone SUMMARY:Call\ John '*.ics'

# ---- somebody else at the same time, and servers that forget

card khard.vcf | sed 's/+49 30 1/+49 30 22/' >other.vcf
# What seamfs has read is no longer there when it writes: the server says 412.
echo '[{"method": "PUT", "path": "khard.vcf", "count": 1, "delay": 1}]' >proxy.new && mv proxy.new proxy.json
: >proxy.log
(echo Director >"${JANE%.json}.d/role") &
wait_until 5 grep -q '"GET".*khard.vcf' proxy.log
put contacts/khard.vcf text/vcard <other.vcf >/dev/null
wait $!
check_within 8 "another client came between: his word is kept" has card khard.vcf "TEL;TYPE=cell:+49 30 22"
check_within 8 "and ours" has card khard.vcf "TITLE:Director"
check_contains "for the server has refused ours at first" "$(grep '"PUT".*khard.vcf' proxy.log)" '"status": 412'
check_within 5 "the tree has both" prints 'Director +49 30 22' jq -r '.role + " " + .phone' "$JANE"

echo '[{"method": "PUT", "count": 1, "fault": "lost"}]' >proxy.new && mv proxy.new proxy.json
echo '{"name": "Lost Answer"}' >"m/contacts/Lost Answer.json"
check_within 15 "an answer that got lost: the card is there" found FN:Lost\ Answer '*.vcf'
check_within 20 "and known" prints synced state_of "m/contacts/Lost Answer.json"
check_equal "once" "$(found FN:Lost\ Answer '*.vcf' | wc -l)" 1

dav -o /dev/null -X DELETE "$DAV/alice/contacts/$JOHN"
check_within 5 "removed there is removed here" sh -c "! test -e 'm/clients/Northwind Traders/contacts/John Roe.json'"
rm -rf radicale/col/collection-root/alice/contacts/.Radicale.cache/sync-token/*
card apple.vcf | sed 's/97201/97202/' | put contacts/apple.vcf text/vcard >/dev/null
check_within 8 "the server has forgotten our token: all is read again" prints 97202 jq -r .zip "m/clients/Northwind Traders/client.json"
check_equal "and nothing is lost" "$(find m/clients m/contacts -type f -name '*.json' | wc -l)" 3
check_equal "nothing is wrong" "$(jq -r .state <<<"$(jq -c '.tools[]' m/.seam/status.json)" | sort -u) $(ls m/problems 2>/dev/null | wc -l)" "ok 0"
