# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: tryton
# slow
# seconds: 600
# What every connector is held to, on a real Tryton: its typed JSON-RPC read, read again, changed on one side and on both, its
# workflows taken step by step, and what it refuses.
. "$SRC/tests/system/lib.sh"
TRY=$SRC/tests/system/try.py

tool_erp() {
	(umask 077 && echo "$TRYTON_PASSWORD" >erp.password)
	TOOL="{\"connector\": \"tryton\", \"url\": \"$TRYTON_URL\", \"database\": \"rig\", \"user\": \"admin\", \"password\": {\"file\": \"erp.password\"}}"
	OWNS='"client": "erp", "invoice": "erp", "project": "erp", "task": "erp", "time": "erp"'
}

# call METHOD PARAMS - Tryton's own answer
call() {
	curl -sS --max-time 20 -u "admin:$TRYTON_PASSWORD" -H 'Content-Type: application/json' \
		--data-binary "{\"id\": 1, \"method\": \"model.$1\", \"params\": $2}" "$TRYTON_URL/rig/"
}
put() { call "$1.write" "[[$2], $3, {\"company\": 1}]"; }                                   # MODEL ID VALUES
value() { call "$1.read" "[[$2], [\"$3\"], {}]" | jq -rc ".result[0][\"$3\"]"; }              # MODEL ID FIELD
count() { call "$1.search_count" "[$2, {}]" | jq .result; }                         # MODEL DOMAIN
first() { call "$1.search" "[$2, 0, 1, [[\"id\", \"ASC\"]], {}]" | jq '.result[0]'; }          # MODEL DOMAIN
set_in() { jq ".$2 = $3" "$1" >new.json && cp new.json "$1"; }                               # FILE FIELD JSON
refused() { "$TRY" write "$1" < <(jq ".$2 = $3" "$1"); }                                     # FILE FIELD JSON: errno
WORK=project.work LINE=timesheet.line INVOICE=account.invoice PARTY=party.party

# ---- read: every page, every type, typed values
POLL=2s new_stack erp
sed -i 's/"poll"/"grace": "2s", "poll"/' stack.json
check_contains "seamfs tool test" "$("$SEAMFS" tool -c stack.json test erp 2>&1)" "Tryton at $TRYTON_URL as Rig & Sons"
mount_pulled
check_equal "every active party, of three pages" "$(find m/clients -mindepth 2 -maxdepth 2 -name client.json | wc -l)" "$(count $PARTY '[]')"
check_equal "every invoice" "$(find m/invoices -maxdepth 1 -type f | wc -l)" "$(count $INVOICE '[["type", "=", "out"]]')"
check_equal "a client: its address, its ways, its number" \
	"$(jq -c '[.name, .email, .phone, .website, .street, .zip, .city, .vat_id]' "m/clients/Client 001/client.json")" \
	'["Client 001","office@client001.example","+49 30 000001","https://client001.example","1 Quay Street","10001","Utrecht","BE0897290877"]'
check_equal "a client: its country's code" "$(jq -r .country "m/clients/Client 004/client.json")" FR
check_equal "an invoice: Decimal and date objects are exact" \
	"$(jq -c '[.client, .status, .issue_date, .reference, .currency, .lines, .net, .tax, .total]' m/invoices/INV-0003.json)" \
	'["Client 003","sent","2026-03-01","PO 3","EUR",[{"description":"Consulting, part 3","quantity":7.5,"unit":"Hour","unit_price":90.4}],678,0,678]'
check_equal "a task: a timedelta is hours, a status has a name" \
	"$(jq -c '[.project, .status, .estimate_hours]' "m/projects/Project 2/tasks/Task 4 of project 2.json")" '["Project 2","done",4.5]'
check_equal "a project: its client" "$(jq -c '[.client, .status]' "m/projects/Project 2/project.json")" '["Client 002","active"]'
check_equal "hours" "$(jq -c '[.project, .task, .date, .hours, .person]' "m/projects/Project 3/time/2026-11-03 Drawing 3.json")" \
	'["Project 3","Task 1 of project 3","2026-11-03",1.25,"Ada Rig"]'

# ---- incremental: what is changed in Tryton is in the tree within one poll
client=$(first $PARTY '[["name", "=", "Client 005"]]') invoice=$(first $INVOICE '[["number", "=", "HAND-7"]]')
project=$(first $WORK '[["name", "=", "Project 4"]]') task=$(first $WORK '[["name", "=", "Task 1 of project 4"]]')
line=$(first $LINE '[["description", "=", "Drawing 4"]]')
C="m/clients/Client 005/client.json" I=m/invoices/HAND-7.json P="m/projects/Project 4/project.json"
T="m/projects/Project 4/tasks/Task 1 of project 4.json" L="m/projects/Project 4/time/2026-11-04 Drawing 4.json"
put party.address "$(call party.party.read "[[$client], [\"addresses\"], {}]" | jq '.result[0].addresses[0]')" '{"city": "Malmö"}' >/dev/null
check_within 30 "client: its address is changed there" prints Malmö jq -r .city "$C"
put $INVOICE "$invoice" '{"reference": "PO there"}' >/dev/null
check_within 30 "invoice: changed there" prints "PO there" jq -r .reference $I
put $WORK "$project" '{"comment": "there"}' >/dev/null
check_within 30 "project: changed there" prints there jq -r .notes "$P"
put $WORK "$task" '{"effort_duration": {"__class__": "timedelta", "seconds": 900}}' >/dev/null
check_within 30 "task: changed there" prints 0.25 jq -r .estimate_hours "$T"
put $LINE "$line" '{"duration": {"__class__": "timedelta", "seconds": 9000}}' >/dev/null
check_within 30 "time: changed there" prints 2.5 jq -r .hours "$L"
call $WORK.create "[[{\"name\": \"Born there\", \"type\": \"task\", \"parent\": $project}], {\"company\": 1}]" >/dev/null
check_within 30 "a new task there" test -f "m/projects/Project 4/tasks/Born there.json"
put $PARTY "$(first $PARTY '[["name", "=", "Client 249"]]')" '{"active": false}' >/dev/null
check_within 30 "a party that is put away there" sh -c "! ls m/clients | grep -qx 'Client 249'"

# ---- create
mkdir "m/clients/Born & here"
check_within 30 "mkdir makes a client, once" prints 1 count $PARTY '[["name", "=", "Born & here"]]'
mkdir "m/projects/Born here"
check_within 30 "mkdir makes a project" prints 1 count $WORK '[["name", "=", "Born here"], ["type", "=", "project"]]'
echo '{"status": "done", "estimate_hours": 1.5, "notes": "made here"}' >"m/projects/Born here/tasks/First.json"
sync "m/projects/Born here/tasks/First.json"
made=$(first $WORK '[["name", "=", "First"], ["parent.name", "=", "Born here"]]')
check_within 30 "a new task, in the status that was meant" prints "$(call project.work.status.search '[[["name", "=", "Done"]], 0, 1, null, {}]' | jq '.result[0]')" \
	value $WORK "$made" status
check_equal "its estimate and notes" "$(value $WORK "$made" effort_duration) $(value $WORK "$made" comment)" '{"__class__":"timedelta","seconds":5400} made here'
check_within 30 "it may take hours" prints true value $WORK "$made" timesheet_available
sleep 5
check_equal "two polls later there is one of each" \
	"$(count $PARTY '[["name", "=", "Born & here"]]') $(count $WORK '[["name", "in", ["Born here", "First"]]]') $(find m/projects/Born* m/clients/Born* -name '*.json' -type f | wc -l)" "1 2 3"

# ---- update
set_in "$C" name '"Client 005 AG"'
check_within 30 "client: a new name" prints "Client 005 AG" value $PARTY "$client" name
C="m/clients/Client 005 AG/client.json"
set_in $I issue_date '"2026-07-15"'
check_within 30 "invoice: a date, as an object" prints '{"__class__":"date","year":2026,"month":7,"day":15}' value $INVOICE "$invoice" invoice_date
set_in $I issue_date null
check_within 30 "invoice: a date taken away" prints null value $INVOICE "$invoice" invoice_date
set_in $I issue_date '"2026-07-16"'
set_in "$P" client '"Client 010"'
check_within 30 "project: another client" prints "$(first $PARTY '[["name", "=", "Client 010"]]')" value $WORK "$project" party
set_in "$T" estimate_hours 7.75
check_within 30 "task: hours, as a timedelta" prints '{"__class__":"timedelta","seconds":27900}' value $WORK "$task" effort_duration
set_in "$T" estimate_hours null
check_within 30 "task: hours taken away" prints null value $WORK "$task" effort_duration
set_in "$L" hours 0.5
check_within 30 "time: hours" prints '{"__class__":"timedelta","seconds":1800}' value $LINE "$line" duration
set_in "$L" date '"2026-11-14"'
check_within 30 "time: a date" prints '{"__class__":"date","year":2026,"month":11,"day":14}' value $LINE "$line" date
mv "$T" "m/projects/Project 5/tasks/"
check_within 30 "task: to another project" prints "$(first $WORK '[["name", "=", "Project 5"]]')" value $WORK "$task" parent
check_within 30 "its hours go with it" test -f "m/projects/Project 5/time/2026-11-14 Drawing 4.json"
mv "m/projects/Project 5/tasks/Task 1 of project 4.json" "m/projects/Project 4/tasks/"
check_within 30 "task: and back" prints "$project" value $WORK "$task" parent
L="m/projects/Project 4/time/2026-11-14 Drawing 4.json"
check_within 30 "and its hours" test -f "$L"

# ---- transitions
state() { value $INVOICE "$(first $INVOICE "[[\"number\", \"=\", \"$1\"]]")" state; }
set_in m/invoices/HAND-8.json status '"sent"'
check_within 30 "invoice: draft to sent posts it" prints posted state HAND-8
call $INVOICE.validate_invoice "[[$invoice], {\"company\": 1}]" >/dev/null
check_equal "invoice: validated is a draft still" "$(jq -r .status $I) $(state HAND-7)" "draft validated"
check_equal "invoice: sent cannot become a draft" "$(refused m/invoices/HAND-8.json status '"draft"')" EPERM
check_equal "it is as it was" "$(state HAND-8) $(jq -r .status m/invoices/HAND-8.json)" "posted sent"
check_equal "invoice: a posted one is not cancelled while the company forbids it" "$(refused m/invoices/HAND-8.json status '"void"')" EINVAL
check_contains "in Tryton's words" "$(head -n 1 m/.seam/errors.ndjson | jq -r .message)" "company setup does not allow it"
put company.company 1 '{"cancel_invoice_out": true}' >/dev/null
set_in m/invoices/HAND-8.json status '"void"'
check_within 30 "and is when it allows it" prints cancelled state HAND-8
set_in m/invoices/HAND-9.json status '"void"'
check_within 30 "invoice: draft to void" prints cancelled state HAND-9
check_equal "invoice: void is the end" "$(refused m/invoices/HAND-9.json status '"draft"') $(state HAND-9)" "EPERM cancelled"
set_in "$T" status '"done"'
check_equal "task: done, at 100 %" "$(call $WORK.read "[[$task], [\"status.name\", \"progress\"], {}]" | jq -c '.result[0] | [.["status."].name, .progress]')" '["Done",1]'
set_in "$T" status '"open"'
check_equal "task: open again" "$(call $WORK.read "[[$task], [\"status.name\"], {}]" | jq -r '.result[0]["status."].name')" Open
check_equal "project: not closed while a task is open" "$(refused "$P" status '"closed"')" EINVAL
check_contains "in Tryton's words" "$(head -n 1 m/.seam/errors.ndjson | jq -r .message)" "must complete also all its children"
put $WORK "$(call $WORK.search '[[["parent.name", "=", "Project 5"]], 0, null, null, {}]' | jq -r '.result | join(", ")')" \
	"{\"status\": $(value $WORK "$made" status), \"progress\": 1}" >/dev/null
set_in "m/projects/Project 5/project.json" status '"closed"'
check_equal "project: closed when all are done" "$(call $WORK.search_read '[[["name", "=", "Project 5"]], 0, 1, null, ["status.name"], {}]' | jq -r '.result[0]["status."].name')" Done

# ---- bad values: refused when the file is saved, and nothing is sent
check_equal "client: no name" "$(refused "$C" name '""')" EINVAL
check_equal "client: what can only be changed there" "$(refused "$C" email '"x@y.example"')" EROFS
check_equal "invoice: no date" "$(refused $I issue_date '"2026-02-30"')" EINVAL
check_equal "invoice: a posted one" "$(refused m/invoices/INV-0002.json reference '"late"')" EPERM
check_equal "task: a name that Tryton does not take" "$(refused "$T" title '"back\\slash"')" EINVAL
check_contains "in Tryton's words" "$(head -n 1 m/.seam/errors.ndjson | jq -r .message)" 'The value for field "Name" in "Work Effort" is not valid'
check_equal "task: a status that Tryton has no word for" "$(refused "$T" status '"cancelled"')" EINVAL
check_equal "time: negative hours" "$(refused "$L" hours -1)" EINVAL
check_equal "nothing of it has arrived" \
	"$(value $PARTY "$client" name) $(value $INVOICE "$(first $INVOICE '[["number", "=", "INV-0002"]]')" reference) $(value $WORK "$task" name) $(value $LINE "$line" duration)" \
	'Client 005 AG PO 2 Task 1 of project 4 {"__class__":"timedelta","seconds":1800}'

# ---- removed
rm "m/projects/Born here/tasks/First.json"
check_within 30 "task: removed" prints 0 count $WORK '[["name", "=", "First"]]'
rm "$L"
check_within 30 "time: removed" prints 0 count $LINE "[[\"id\", \"=\", $line]]"
rm -r "m/clients/Born & here"
check_within 30 "client: put away, not deleted" prints 1 count $PARTY '[["name", "=", "Born & here"], ["active", "=", false]]'

# ---- changed on both sides
unmount
POLL=1h new_stack erp
mount_pulled
line=$(first $LINE '[["description", "=", "Building 4"]]')
L="m/projects/Project 4/time/2026-11-04 Building 4.json"

# both TEXT FILE OUR_FIELD MODEL ID THEIR_FIELD - a text that is changed here and there
both() {
	local text=$1 file=$2 ours=$3 model=$4 id=$5 theirs=$6
	put "$model" "$id" "{\"$theirs\": \"$text there\"}" >/dev/null
	set_in "$file" "$ours" "\"$text here\""
	check_within 30 "$text: changed on both sides: a conflict" prints conflict state_of "$file"
	check_equal "$text: each side has its own" "$(jq -r ".$ours" "$file") $(value "$model" "$id" "$theirs")" "$text here $text there"
	check_equal "$text: theirs is in problems/" "$(jq -r ".$ours" m/problems/*.theirs.json)" "$text there"
	check "$text: theirs is taken" mv m/problems/*.theirs.json "$file"
	check_within 30 "$text: that settles it" prints synced state_of "$file"
	check_equal "$text: both have it" "$(jq -r ".$ours" "$file") $(value "$model" "$id" "$theirs")" "$text there $text there"
}
both invoice $I reference $INVOICE "$invoice" reference
both project "$P" notes $WORK "$project" comment
both task "$T" notes $WORK "$task" comment
both time "$L" summary $LINE "$line" description
both client "$C" name $PARTY "$client" name

# Different fields: both are kept.
put $INVOICE "$invoice" '{"comment": "there, too"}' >/dev/null
set_in $I reference '"here, too"'
check_within 30 "invoice: different fields on both sides: Tryton" prints "here, too" value $INVOICE "$invoice" reference
check_equal "invoice: different fields on both sides: the tree" "$(jq -c '[.reference, .notes]' $I)" '["here, too","there, too"]'
put $WORK "$task" '{"comment": "there, too"}' >/dev/null
set_in "$T" estimate_hours 2
check_within 30 "task: different fields on both sides: Tryton" prints '{"__class__":"timedelta","seconds":7200}' value $WORK "$task" effort_duration
check_equal "task: different fields on both sides: the tree" "$(jq -c '[.estimate_hours, .notes]' "$T")" '[2,"there, too"]'

# ---- not let in
unmount
echo wrong >erp.password
mount_up
check_within 30 "a wrong password: the status says so" prints failing status_json '.tools[0].state'
check_equal "a wrong password: every record is still there" "$(jq -r .reference $I)" "here, too"
