# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 400
# Whatever goes wrong between us and a tool: the mount answers, nothing is removed, nothing is doubled, nothing is lost, every write
# arrives exactly once, and when the fault is over all is well by itself. Both servers stand behind tests/fake/proxy.py.
. "$SRC/tests/system/lib.sh"

proxy() { # NAME PORT - starts one; rules NAME [RULE...] sets what it does
	rules "$1"
	: >"$1.log"
	python3 "$SRC/tests/fake/proxy.py" "$2" "$1.rules" "$1.log" >"$1.port" 2>"$1.err" &
	wait_until 5 test -s "$1.port" || bail "the proxy before $1 starts: $(cat "$1.err")"
}

rules() { # NAME [RULE...]
	local name=$1 IFS=,
	shift
	echo "[$*]" >"$name.new" && mv "$name.new" "$name.rules"
}

executed() { # NAME METHOD PATH - how often the server did it, since mark
	tail -n +$(($(cat "$1.mark") + 1)) "$1.log" | jq -r --arg m "$2" --arg p "$3" \
		'select(.method == $m and (.path | test($p)) and .status != null and .status < 300) | 1' | wc -l
}

faults() { # NAME - how many requests met a fault, since mark
	tail -n +$(($(cat "$1.mark") + 1)) "$1.log" | jq -r 'select(.fault != "") | 1' | wc -l
}

met() { [ "$(faults "$1")" -ge "$2" ]; }

mark() {
	local name
	for name in billing board; do wc -l <$name.log >$name.mark; done
	directus_mark
}

proxy billing "$RIG_DIRECTUS_PORT"
proxy board "$RIG_REDMINE_PORT"
# shellcheck disable=SC2034 # for new_stack
BILLING_URL=http://127.0.0.1:$(cat billing.port)
stack() {
	POLL=1s new_stack "$@"
	sed -i "s|$REDMINE_URL|http://127.0.0.1:$(cat board.port)|" stack.json
}
stack crm billing board
mount_pulled 120

# ---- what is there, and what has to be

RUN=$RANDOM # texts that these servers do not have yet
INVOICES=800 TASKS=2000
census() { echo "$(find m/invoices -maxdepth 1 -type f | wc -l) $(find m/projects -path '*/tasks/*' -type f | wc -l) $(find m/projects -name project.json | wc -l) $(find m/projects -path '*/time/*' -type f | wc -l) $(find m/clients -name client.json | wc -l)"; }
there() { echo "$INVOICES $TASKS 200 300 500"; }
ok_again() { all_pulled && idle; }
answers() { timeout 2 sh -c "ls m/invoices >/dev/null && cat m/invoices/INV-2026-0001.json '$TFILE' >/dev/null && cat m/.seam/status"; }

whole() { # TEXT - nothing removed, doubled or lost, here and there
	check_equal "$1: the tree is whole" "$(census)" "$(there)"
	check_equal "$1: so are the tools" "$(directus GET '/items/invoices?limit=0&meta=total_count' | jq .meta.total_count) $(redmine GET '/issues.json?status_id=*&limit=1' | jq .total_count)" "$INVOICES $TASKS"
	check_not "$1: no problem" test -e m/problems
}

redmine GET '/issues.json?sort=id:asc&status_id=1&limit=100' | jq -r '.issues[] | select(.subject | test("[\"/]") | not) | "\(.id)\t\(.project.name)\t\(.subject)"' >tasks.txt
ROUND=0
next_task() { # sets ID, TFILE, PROJECT
	ROUND=$((ROUND + 1))
	IFS=$'\t' read -r ID PROJECT SUBJECT < <(sed -n "${ROUND}p" tasks.txt)
	TFILE="m/projects/$PROJECT/tasks/$SUBJECT.json"
}
next_task

text() { # NUMBER
	echo "{\"number\": \"$1\", \"client\": \"Tamarind Marine B.V\", \"status\": \"draft\", \"issue_date\": \"2026-11-23\", \"due_date\": \"2026-12-23\", \"currency\": \"EUR\", \"lines\": [{\"description\": \"Fault\", \"quantity\": 1, \"unit_price\": 10.00, \"tax_rate\": 0}]}"
}

save() { # FILE FIELD VALUE
	local new
	new=save-$(basename "$1")
	jq --arg v "$3" ".$2 = \$v" "$1" >"$new" && cp "$new" "$1"
}

# ---- a fault in each write: a record changed and a record made, in both tools

in_writes() { # TEXT FAULT [FAULT] - members of a rule, for Directus, and for Redmine where that differs
	local file number made notes="$1 $RUN" other=${3:-$2}
	next_task
	file=m/invoices/INV-2026-$(printf %04d $((100 + ROUND))).json number=F-$ROUND made="Made in round $ROUND"
	mark
	rules billing "{\"method\": \"PATCH\", \"count\": 1, $2}" "{\"method\": \"POST\", \"count\": 1, $2}"
	# The status of a new issue is a second request.
	rules board "{\"method\": \"PUT\", \"path\": \"/issues/$ID\\\\.\", \"count\": 1, $other}" "{\"method\": \"POST\", \"count\": 1, $other}" \
		"{\"method\": \"PUT\", \"count\": 1, $other}"
	text $number >new-i.json
	echo "{\"status\": \"in progress\", \"notes\": \"$1\"}" >new-t.json
	# Beside one another: each waits a while for its tool.
	save "$file" notes "$notes" &
	local invoice=$!
	save "$TFILE" notes "$notes" &
	local task=$!
	cp new-i.json m/invoices/$number.json
	cp new-t.json "m/projects/$PROJECT/tasks/$made.json"
	check "$1: the mount answers" answers
	wait $invoice
	check_equal "$1: an invoice is saved: exit code" $? 0
	wait $task
	check_equal "$1: a task is saved: exit code" $? 0
	INVOICES=$((INVOICES + 1)) TASKS=$((TASKS + 1))
	check_within 40 "$1: all is well by itself" ok_again
	check_equal "$1: five writes met it" "$(faults billing) $(faults board)" "2 3"
	check_equal "$1: Directus did each once" "$(directus_did | awk '{print $2, $3}' | sort | xargs)" "create invoices update invoices"
	check_equal "$1: Redmine did each once" "$(executed board POST '^/issues') $(executed board PUT "/issues/$ID\.") $(executed board PUT '^/issues')" "1 1 2"
	check_equal "$1: and rightly" "$(directus_field invoices number "$(basename "$file" .json)" notes), $(directus_count invoices number $number), $(redmine GET "/issues/$ID.json" | jq -r .issue.description), $(redmine GET "/issues.json?status_id=*&subject=$(jq -rn --arg s "$made" '$s | @uri')" | jq -r '.issues[] | .status.name')" \
		"$notes, 1, $notes, In Progress"
	check_equal "$1: the files say so" "$(jq -r .notes "$file" "$TFILE" | uniq), $(jq -r .status "m/projects/$PROJECT/tasks/$made.json"), $(for f in "$file" "$TFILE" m/invoices/$number.json "m/projects/$PROJECT/tasks/$made.json"; do state_of "$f"; done)" \
		"$notes, in progress, syncedsyncedsyncedsynced"
}

in_writes "reset before it arrives" '"fault": "reset"'
in_writes "a delay, and reset after it was done" '"delay": 0.5, "fault": "lost"'
in_writes "an answer cut short" '"fault": "cut"'
in_writes "a wrong Content-Length" '"fault": "length", "by": 50' '"fault": "length", "by": -50'
in_writes "bad UTF-8" '"fault": "utf8"'
in_writes "a gzip bomb" '"fault": "bomb", "mb": 64'
in_writes "500 and 503" '"fault": "answer", "status": 500' '"fault": "answer", "status": 503'
in_writes "503 and 500 after it was done" '"fault": "answer", "status": 503, "executed": true' '"fault": "answer", "status": 500, "executed": true'
in_writes "409 and 412" '"fault": "answer", "status": 409' '"fault": "answer", "status": 412'
whole "faults in writes"

# ---- a create of which nobody knows, and a tool that will not be asked about it

next_task
mark
rules board '{"method": "POST", "count": 1, "fault": "lost"}' '{"path": "^/users/current", "count": 1, "fault": "answer", "status": 429, "headers": {"Retry-After": "2"}}'
echo '{"notes": "unknown"}' >new.json && cp new.json "m/projects/$PROJECT/tasks/Made in silence.json"
TASKS=$((TASKS + 1))
check_within 40 "an unknown create, then 429: all is well by itself" ok_again
check_equal "an unknown create, then 429: both faults were met" "$(faults board)" 2
check_equal "an unknown create, then 429: Redmine has it once" "$(executed board POST .)" 1

# Its clock is a day behind, and it does not tell the time: what it made is found all the same.
next_task
mark
rules board '{"method": "POST", "count": 1, "fault": "lost", "stamp": -24}' '{"stamp": -24}'
echo '{"notes": "yesterday"}' >new.json && cp new.json "m/projects/$PROJECT/tasks/Made yesterday.json"
TASKS=$((TASKS + 1))
check_within 40 "an unknown create by a clock a day behind: all is well by itself" ok_again
check_equal "an unknown create by a clock a day behind: Redmine has it once" "$(executed board POST .)" 1
rules board

# ---- a write of which nobody knows how it ended, and the record is saved again before the tool can be asked: what it has is our
# own older value, not somebody's wish

unknown() { # TEXT METHOD COMMAND... - the command's write arrives, its answer does not, and then the tool is down
	local text=$1 method=$2 saver
	shift 2
	mark
	rules board "{\"method\": \"$method\", \"path\": \"^/issues\", \"count\": 1, \"delay\": 2, \"fault\": \"lost\"}"
	"$@" &
	saver=$!
	check_within 20 "$text: the write is under way" sh -c "tail -n 50 board.log | grep -q . && sleep 1"
	rules board '{"fault": "answer", "status": 503}'
	wait $saver
	check_within 20 "$text: it has arrived, and the tool is down" met board 2
}
settles() { # TEXT FILE ISSUE NOTES
	rules board
	check_within 40 "$1: all is well by itself" ok_again
	check_equal "$1: Redmine has what was saved last" "$(redmine GET "/issues/$3.json" | jq -r .issue.description)" "$4"
	check_equal "$1: so has the file, and nothing is in conflict" "$(jq -r .notes "$2") $(state_of "$2") $(ls m/problems 2>/dev/null)" "$4 synced "
}
next_task
unknown "changed twice" PUT save "$TFILE" notes "once $RUN"
save "$TFILE" notes "twice $RUN"
settles "changed twice" "$TFILE" "$ID" "twice $RUN"
next_task
save "$TFILE" notes "as it was $RUN"
check_within 40 "changed and changed back: at first all is well" ok_again
unknown "changed and changed back" PUT save "$TFILE" notes "another $RUN"
save "$TFILE" notes "as it was $RUN"
settles "changed and changed back" "$TFILE" "$ID" "as it was $RUN"
next_task
MADE="m/projects/$PROJECT/tasks/Made and changed.json"
echo "{\"notes\": \"made $RUN\"}" >new.json
unknown "made and changed" POST cp new.json "$MADE"
TASKS=$((TASKS + 1))
save "$MADE" notes "changed $RUN"
rules board
check_within 40 "made and changed: all is well by itself" ok_again
check_equal "made and changed: Redmine made it once" "$(executed board POST '^/issues')" 1
settles "made and changed" "$MADE" "$(redmine GET '/issues.json?status_id=*&subject=Made%20and%20changed' | jq '.issues[0].id')" "changed $RUN"

# ---- one record that the tool always fails over does not stop the others, and reading goes on

FILE=m/invoices/INV-2026-0201.json
STUCK=$(directus_field invoices number INV-2026-0201 id)
mark
rules billing "{\"method\": \"PATCH\", \"path\": \"$STUCK\", \"fault\": \"answer\", \"status\": 500}"
save $FILE notes "stuck $RUN"
save m/invoices/INV-2026-0202.json notes "other $RUN"
directus PATCH "/items/invoices/$(directus_field invoices number INV-2026-0203 id)" "{\"notes\": \"from outside $RUN\"}" >/dev/null
check_within 40 "500 for one record: the next one is sent" prints "other $RUN" directus_field invoices number INV-2026-0202 notes
check_within 40 "500 for one record: changes are read" prints "from outside $RUN" jq -r .notes m/invoices/INV-2026-0203.json
check_equal "500 for one record: it waits" "$(state_of $FILE)" pending
rules billing
check_within 40 "500 for one record: all is well by itself" ok_again
check_equal "500 for one record: it has arrived" "$(directus_field invoices number INV-2026-0201 notes)" "stuck $RUN"

# ---- a new record over which the tool always fails, although it has made it: the others are sent, reading goes on, and there is one

next_task
mark
rules board '{"method": "POST", "path": "^/issues", "fault": "answer", "status": 500, "executed": true}'
echo '{"notes": "poison"}' >new.json && cp new.json "m/projects/$PROJECT/tasks/Poison.json"
TASKS=$((TASKS + 1))
check_within 20 "a create that ends with 500: it was met" sh -c "grep -q '\"fault\": \"answer\"' board.log"
save "$TFILE" notes "beside poison $RUN"
check_within 40 "a create that ends with 500: the next change is sent" sh -c "curl -sS -H 'X-Redmine-API-Key: $REDMINE_KEY' '$REDMINE_URL/issues/$ID.json' | grep -q 'beside poison $RUN'"
PID=$(redmine GET "/issues/$ID.json" | jq .issue.project.id)
redmine POST /issues.json "{\"issue\": {\"project_id\": $PID, \"subject\": \"From outside $RUN\"}}" >/dev/null
TASKS=$((TASKS + 1))
check_within 40 "a create that ends with 500: what is new there is read" test -f "m/projects/$PROJECT/tasks/From outside $RUN.json"
rules board
check_within 60 "a create that ends with 500: all is well by itself" ok_again
check_equal "a create that ends with 500: it is there once, here and there" "$(executed board POST '^/issues') $(find m/projects -name 'Poison*.json' | wc -l) $(redmine GET '/issues.json?status_id=*&subject=Poison' | jq .total_count)" "1 1 1"

# ---- refused

in_place() { # NOTES [RULE] - a save that shows what its close says
	rules billing ${2:+"$2"}
	jq --arg v "$1" '.notes = $v' m/invoices/INV-2026-0204.json >new.json
	python3 "$SRC/tests/system/try.py" write m/invoices/INV-2026-0204.json <new.json
}
check_errno "403" EACCES in_place "403 $RUN" '{"method": "PATCH", "fault": "answer", "status": 403}'
check_equal "403: nothing is changed" "$(jq -r .notes m/invoices/INV-2026-0204.json)" "$(directus_field invoices number INV-2026-0204 notes)"
check "403: the reason is in problems/" grep -rq 'does not allow this' m/problems/
check_errno "403 is over" ok in_place "allowed $RUN"
check_within 40 "403 is over: no problem is left" sh -c '! test -e m/problems'
whole "faults in single writes"

# ---- faults in listings. Beside them a create in the other tool is stalled: it goes on by itself, and is there once.

tool_ok() { [ "$(status_json ".tools[] | select(.name == \"$1\") | \"\(.state) \(.pending)\"")" = "ok 0" ]; }

in_listings() { # TOOL TEXT FAULT - a change made in the tool meanwhile arrives when the fault is over
	local notes="$2, $RANDOM" file
	mark
	if [ "$1" = billing ]; then
		file=m/invoices/INV-2026-0300.json
		rules billing "{\"path\": \"^/items/\", \"count\": 1, $3}"
		directus PATCH "/items/invoices/$(directus_field invoices number INV-2026-0300 id)" "{\"notes\": \"$notes\"}" >/dev/null
	else
		file=$TFILE
		rules board "{\"path\": \"^/(projects|issues|time_entries)\\\\.json\", \"count\": 1, $3}"
		redmine PUT "/issues/$ID.json" "{\"issue\": {\"description\": \"$notes\"}}" >/dev/null
	fi
	check_within 40 "$1, $2: it is met" met "$1" 1
	check_within 40 "$1, $2: what changed meanwhile arrives" prints "$notes" jq -r .notes "$file"
	check_within 40 "$1, $2: all is well by itself" tool_ok "$1"
}

next_task
rules board '{"method": "POST", "count": 1, "fault": "stall"}'
echo '{"notes": "stalled"}' >new.json && cp new.json "m/projects/$PROJECT/tasks/Made in a stall.json"
TASKS=$((TASKS + 1))
check "a stalled create: the mount answers" answers
in_listings billing "reset" '"fault": "lost"'
in_listings billing "a listing cut short" '"fault": "cut"'
in_listings billing "bad UTF-8" '"fault": "utf8"'
in_listings billing "a gzip bomb" '"fault": "bomb", "mb": 64'
in_listings billing "500" '"fault": "answer", "status": 500'
in_listings billing "403" '"fault": "answer", "status": 403'
check_within 40 "a stalled create in Redmine: all is well by itself" ok_again
check_equal "a stalled create in Redmine: it is there once" "$(redmine GET '/issues.json?status_id=*&subject=Made%20in%20a%20stall' | jq .total_count)" 1

mark
rules billing '{"method": "POST", "count": 1, "fault": "stall"}'
text F-STALL >new.json && cp new.json m/invoices/F-STALL.json
INVOICES=$((INVOICES + 1))
check_within 40 "a stalled create: it is met" met billing 1
in_listings board "a listing cut short" '"fault": "cut"'
in_listings board "bad UTF-8" '"fault": "utf8"'
in_listings board "503" '"fault": "answer", "status": 503'
in_listings board "403" '"fault": "answer", "status": 403'

# Redmine's projects and time entries are listed as a whole each time. What is on no page, or on two, is not taken for deleted: it
# is not even asked for.
in_pages() { # TEXT RULE
	mark
	rules board "{\"path\": \"^/(projects|time_entries)\\\\.json\", $2}"
	check_within 40 "pages, $1: it is met" met board 6
	rules board
	check_equal "pages, $1: the tree is whole" "$(census)" "$(there)"
	check_equal "pages, $1: none is taken for deleted" "$(tail -n +$(($(cat board.mark) + 1)) board.log | grep -cE '"/(projects|time_entries)/[0-9]+\.json')" 0
	check_within 40 "pages, $1: all is well by itself" tool_ok board
}
in_pages "a record on none" '"shift": {"from": 100, "by": 1}'
in_pages "a record on two" '"shift": {"from": 100, "by": -1}'
in_pages "a page twice" '"shift": {"from": 100, "by": -100}'
in_pages "in another order" '"swap": [0, 100]'
check_within 40 "a stalled create in Directus: all is well by itself" ok_again
check_equal "a stalled create in Directus: it is there once" "$(directus_count invoices number F-STALL)" 1
whole "faults in listings"

# ---- 401 in the middle of a listing: the tool is left alone for a minute, and the status says why

says() { grep -q "$1" m/.seam/status; }
mark
rules board '{"path": "^/time_entries.*offset=200", "fault": "answer", "status": 401}'
check_within 40 "401 on the third page: the status says so" says 'board does not let us in: the key or password is not accepted'
save "$TFILE" notes "saved under 401 $RUN"
check_equal "401: a save waits" "$(state_of "$TFILE")" pending
check_equal "401: the tree is whole" "$(census)" "$(there)"
rules board

# ---- meanwhile: Retry-After is obeyed

mark
rules billing '{"method": "PATCH", "count": 1, "fault": "answer", "status": 429, "headers": {"Retry-After": "4"}}'
save m/invoices/INV-2026-0401.json notes "slowed down $RUN"
check "429: the mount answers" answers
check_within 40 "429: all is well by itself" tool_ok billing
check_equal "429: it has arrived" "$(directus_field invoices number INV-2026-0401 notes)" "slowed down $RUN"
check "429: nothing is asked before the time" test "$(tail -n +$(($(cat billing.mark) + 1)) billing.log |
	jq -s 'to_entries | (map(select(.value.fault != ""))[0]) as $f | [.[] | select(.key > $f.key).value.at - $f.value.at] | min')" -ge 4000

# ---- meanwhile: a clock that is a day wrong, and then put right

for hours in 24 -24; do
	rules billing "{\"date\": $hours, \"stamp\": $hours}"
	for when in wrong right; do
		file=m/invoices/INV-2026-0402.json notes="$hours h, $when $RUN"
		directus PATCH "/items/invoices/$(directus_field invoices number INV-2026-0402 id)" "{\"notes\": \"$notes\"}" >/dev/null
		check_within 40 "a clock $hours h off, $when: a change in Directus arrives" prints "$notes" jq -r .notes $file
		save m/invoices/INV-2026-0403.json notes "$notes"
		check_within 40 "a clock $hours h off, $when: a save arrives" prints "$notes" directus_field invoices number INV-2026-0403 notes
		rules billing
	done
done

# ---- meanwhile: sent on to another host, which must not see who we are

cat >listen.py <<'END'
import http.server
class H(http.server.BaseHTTPRequestHandler):
    def handle(self):
        open('stranger.txt', 'a').write('asked\n')
        super().handle()
    def log_message(self, *a): pass
    def do_GET(self):
        open('stranger.txt', 'a').write(str(self.headers))
        self.send_error(404)
    do_POST = do_PATCH = do_GET
s = http.server.ThreadingHTTPServer(('127.0.0.2', 0), H)
print(s.server_port, flush=True)
s.serve_forever()
END
python3 listen.py >stranger.port &
wait_until 5 test -s stranger.port
STRANGER=http://127.0.0.2:$(cat stranger.port)
curl -s --max-time 5 "$STRANGER/" >/dev/null
check "the other host would see what comes" grep -q 'User-Agent: curl' stranger.txt
: >stranger.txt
mark
for method in PATCH GET; do
	rules billing "{\"method\": \"$method\", \"path\": \"^/items/\", \"fault\": \"answer\", \"status\": 307, \"headers\": {\"Location\": \"$STRANGER/items\"}}"
	[ $method = PATCH ] || { unmount && mount_up; }
	save m/invoices/INV-2026-0404.json notes "$method sent on $RUN"
	check_within 40 "$method sent on to another host: the status says so" says "billing sends us on to another address, $STRANGER; put the right one"
	check_equal "$method sent on: it waits" "$(state_of m/invoices/INV-2026-0404.json)" pending
done
check_equal "sent on: the other host was never asked" "$(cat stranger.txt)" ""
rules billing
unmount # a person put it right
mount_up
check_within 40 "sent on: put right, all is well" tool_ok billing
check_equal "sent on: the last save arrived, once" "$(directus_did | awk '{print $2, $3, $4}')" "update invoices notes"
check_equal "sent on: rightly" "$(directus_field invoices number INV-2026-0404 notes)" "GET sent on $RUN"
check_within 90 "401 is over: all is well by itself" ok_again
check_equal "401 is over: the save has arrived" "$(redmine GET "/issues/$ID.json" | jq -r .issue.description)" "saved under 401 $RUN"
whole "faults of tools"

# ---- the first listing of all: what is on no page is not there yet, and then it is

unmount
rm -rf state
stack crm billing
rules billing '{"path": "/items/invoices", "shift": {"from": 200, "by": 1}}'
mount_up
listed() { [ "$(census)" = "$((INVOICES - 1)) 0 0 0 500" ]; }
check_within 30 "a first listing that lacks one: all but that one are there" listed
rules billing
check_within 30 "the next one has it" prints "$INVOICES 0 0 0 500" census
check_within 30 "the next one has it: all is well by itself" ok_again

# ---- a number that is free again here before it is in the tool

rules billing
sed -i 's|"poll": "1s"|"poll": "1s", "grace": "1s"|' stack.json
unmount && mount_up
text "F-FREED-$RUN" >"m/invoices/F-FREED-$RUN.json"
check_within 20 "a number: it is in the tool" prints 1 directus_count invoices number "F-FREED-$RUN"
rules billing '{"method": "DELETE", "path": "^/items/invoices", "count": 2, "fault": "answer", "status": 503}'
mark
rm "m/invoices/F-FREED-$RUN.json"
refused() { [ "$(faults billing)" -ge 1 ]; }
check_within 20 "the tool does not take its removal" refused
sleep 2 # the grace time is over: what is made now is another record
text "F-FREED-$RUN" | jq -c '.notes = "again"' >"m/invoices/F-FREED-$RUN.json"
check_within 60 "the number waits for the removal: the new one has it" prints again directus_field invoices number "F-FREED-$RUN" notes
check_within 20 "the number: synced" prints synced state_of "m/invoices/F-FREED-$RUN.json"
check_equal "the number: once" "$(directus_count invoices number "F-FREED-$RUN")" 1
check_not "the number: no problem" test -e m/problems
