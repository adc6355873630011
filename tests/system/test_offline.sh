# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 120
# The servers are stopped: every read works at once, writes wait as "pending" and arrive when the servers are back, exactly once.
. "$SRC/tests/system/lib.sh"

POLL=2s new_stack crm billing board
mount_pulled
IFILE=m/invoices/INV-2026-0017.json
read -r TASK PROJECT < <(redmine GET '/issues.json?status_id=1&limit=1&sort=id:desc' | jq -r '.issues[0] | "\(.id) \(.project.name)"')
SUBJECT=$(redmine GET "/issues/$TASK.json" | jq -r .issue.subject)
TFILE=$(grep -lF "\"title\": $(jq -n --arg s "$SUBJECT" '$s')" "m/projects/$PROJECT/tasks/"*.json | head -n 1)
ls -lR m >/dev/null

rig stop directus
rig stop redmine
wait_until 20 sh -c "! grep -Eq ' (directus|redmine) +ok ' m/.seam/status"
check "both servers are down, and the status says so" sh -c "! grep -Eq ' (directus|redmine) +ok ' m/.seam/status"

# ---- reading
START=$(now_ms)
check_equal "find" "$(find m/invoices m/clients m/projects -type f | wc -l)" $((800 + 500 + 200 + 2000 + 300))
check_equal "grep" "$(grep -rl overdue m/invoices | wc -l)" 102
check_equal "jq over all clients" "$(jq -r .email m/clients/*/client.json | wc -l)" 500
check "all that takes less than 5 s" test $(($(now_ms) - START)) -lt 5000
START=$(now_ms)
for i in 1 2 3 4 5 6 7 8 9 10; do cat "$IFILE" "$TFILE" >/dev/null; done
check "twenty reads take less than 0.5 s" test $(($(now_ms) - START)) -lt 500
check_within 1 "seamfs status answers" "$SEAMFS" status -m m

# ---- writing
take() { # TEXT COMMAND... - succeeds, and soon
	local start text=$1
	start=$(now_ms)
	shift
	check "$text succeeds" "$@"
	check "$text: within 5 s" test $(($(now_ms) - start)) -lt 5000
}
take "an invoice changed" sed -i 's/"status": "[a-z]*"/"status": "void"/; s/"notes": .*/"notes": "offline '"$RANDOM"'"/' $IFILE
take "a client changed" sed -i 's/"phone": "[^"]*"/"phone": "+31 000"/' "m/clients/Tamarind Marine B.V/client.json"
take "a task closed" sed -i 's/"status": "open"/"status": "done"/' "$TFILE"
cat >new.json <<'END'
{"client": "Tamarind Marine B.V", "status": "draft", "issue_date": "2026-11-23", "due_date": "2026-12-23", "currency": "EUR",
 "lines": [{"description": "Offline", "quantity": 1, "unit_price": 10.00, "tax_rate": 0}]}
END
take "a new invoice" cp new.json m/invoices/OFF-1.json
take "another new invoice" cp new.json m/invoices/OFF-2.json
take "a new task" sh -c "echo '{\"notes\": \"offline\"}' >'m/projects/$PROJECT/tasks/Made offline.json'"
take "a new client" mkdir "m/clients/Offline Ltd"
take "a new invoice for the new client" sh -c "sed 's/Tamarind Marine B.V/Offline Ltd/' new.json >m/invoices/OFF-3.json"
sed -i 's/"description": "Offline"/"description": "Offline, changed twice"/' m/invoices/OFF-2.json
check_equal "an invoice changed twice while waiting: exit code" $? 0
check_within 10 "the new files are records after their grace time" test -L m/invoices/by/status/draft/OFF-3.json
mv m/invoices/by/status/draft/OFF-2.json m/invoices/by/status/sent/
check_equal "and moved between the folders of its status: exit code" $? 0
check_equal "the sheet has the client's change already" "$(cell clients.csv C-00002 Phone)" "+31 000"
check_equal "the sheet has the new client already" "$(grep -c 'Offline Ltd' clients.csv)" 1
for file in "$IFILE" "$TFILE" m/invoices/OFF-1.json m/invoices/OFF-3.json "m/projects/$PROJECT/tasks/Made offline.json" "m/clients/Tamarind Marine B.V/client.json"; do
	check_equal "state of ${file#m/}" "$(state_of "$file")" pending
done
check_equal ".seam/status counts what waits: Directus" "$(status_json '.tools[] | select(.name == "billing").pending')" 6
check_equal ".seam/status counts what waits: Redmine" "$(status_json '.tools[] | select(.name == "board").pending')" 2
check_equal "reads show what was written" "$(jq -r .status $IFILE) $(jq -r .status "$TFILE")" "void done"
check "the view follows" test -L m/invoices/by/status/void/INV-2026-0017.json
check_not "nothing of this is a problem" test -e m/problems

# ---- a restart of seamfs while they are down
unmount
mount_up
check_equal "after a restart: still pending" "$(state_of $IFILE) $(state_of "$TFILE") $(state_of m/invoices/OFF-1.json)" "pending pending pending"
check_equal "after a restart: reads show what was written" "$(jq -r .status $IFILE) $(jq -r .notes "m/projects/$PROJECT/tasks/Made offline.json")" "void offline"

# ---- back
rig start directus
rig start redmine
echo all >m/.seam/refresh
check_within 45 "everything arrives when the servers are back" idle
check_equal "the invoice in Directus" "$(directus_field invoices number INV-2026-0017 status)" void
check_equal "the client in Directus" "$(directus_field clients id c1000000-0000-4000-8000-000000000002 phone)" "+31 000"
check_equal "the task in Redmine" "$(redmine GET "/issues/$TASK.json" | jq -r .issue.status.name)" Closed
check_equal "the new client, once" "$(directus_count clients name 'Offline Ltd')" 1
for n in 1 2 3; do check_equal "new invoice $n, once" "$(directus_count invoices number OFF-$n)" 1; done
check_equal "the one that was changed twice" "$(directus GET '/items/invoices?filter[number][_eq]=OFF-2' | jq -r '.data[0] | .lines[0].description + " " + .status')" "Offline, changed twice sent"
check_equal "the new client's invoice leads to it" "$(directus_field invoices number OFF-3 client)" "$(directus_field clients name 'Offline Ltd' id)"
check_equal "the new task, once" "$(redmine GET "/issues.json?status_id=*&subject=Made%20offline" | jq .total_count)" 1
check_equal "all are synced" "$(for f in $IFILE "$TFILE" m/invoices/OFF-{1,2,3}.json; do state_of "$f"; echo; done | sort -u | xargs)" synced
check_equal "no file is there twice" "$(find m/invoices -maxdepth 1 -type f | wc -l) $(find m/projects -path '*/tasks/*' -type f | wc -l) $(find m/clients -name client.json | wc -l)" "803 2001 501"
check_within 20 "all tools are well" all_pulled
sleep 3
check_equal "nothing changes any more" "$(directus GET '/items/invoices?limit=0&meta=total_count' | jq .meta.total_count) $(find m/invoices -maxdepth 1 -type f | wc -l)" "803 803"

# ---- a server that accepts and never answers must not hold up anything either
python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
keep = []
while True: keep.append(s.accept())' >port.txt &
wait_until 5 test -s port.txt
unmount
# shellcheck disable=SC2034 # for new_stack
BILLING_URL=http://127.0.0.1:$(cat port.txt)
new_stack crm billing board
START=$(now_ms)
mount_up
check "mount with a tool that never answers: at once" test $(($(now_ms) - START)) -lt 2000
check_equal "and all reads work" "$(find m/invoices -maxdepth 1 -type f -exec cat {} + | grep -c '"number"')" 803
take "a save with a tool that never answers" sed -i 's/"status": "[a-z]*"/"status": "paid"/' $IFILE
check_equal "it waits" "$(state_of $IFILE)" pending
START=$(now_ms)
check "unmount with a tool that never answers" "$SEAMFS" unmount m
check "takes less than 3 s" test $(($(now_ms) - START)) -lt 3000
