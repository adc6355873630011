# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 120
# "send": "review": nothing reaches a tool before a person has approved what he has seen. The owner is reviewed, or the copy, or all.
. "$SRC/tests/system/lib.sh"

ID=c1000000-0000-4000-8000-000000000002
DIR="m/clients/Tamarind Marine B.V"
FILE=$DIR/client.json
sheet() { cell clients.csv C-00002 "$1"; }
in_billing() { directus_field clients id "$ID" "$1"; }
number() { ls m/.seam/outbox | grep -F -- "$1" | cut -d' ' -f1; } # of the row whose name has that in it

POLL=2s new_stack crm billing
sed -i 's/"poll"/"grace": "1s", "poll"/' stack.json
cp stack.json now.json
sed 's/"connector": "csv",/"connector": "csv", "send": "review",/' now.json >stack.json
mount_pulled
# A client to whom nothing refers can be removed.
for OTHER in m/clients/[A-Z]*/; do
	OTHER=${OTHER%/}
	[ -n "$(ls "$OTHER/invoices" "$OTHER/deals" 2>/dev/null | grep json)" ] || break
done
OTHER_ID=$(jq -r .tools.crm.id "$OTHER/client.meta.json")
cp clients.csv before.csv
PHONE=$(sheet Phone)

# ---- one change
START=$(now_ms)
check "a save returns" sed -i 's/"phone": "[^"]*"/"phone": "1"/; s/"city": "[^"]*"/"city": "Ede"/' "$FILE"
check "at once, it does not wait for the owner" test $(($(now_ms) - START)) -lt 2000
check_equal "the tree has it" "$(jq -r '.phone + " " + .city' "$FILE")" "1 Ede"
check_equal "its state" "$(state_of "$FILE")" held
sleep 3
check_equal "the sheet has not" "$(cmp before.csv clients.csv 2>&1)" ""
check_equal "and no copy either, before the owner" "$(in_billing phone)" "$PHONE"
N=$(number "crm Tamarind")
DIFF=$(cat "m/.seam/outbox/$N crm "*)
check_contains "the diff says which, and where" "$DIFF" "$N crm: update clients/Tamarind Marine B.V/client.json"
check_contains "the diff: what was" "$DIFF" "-phone: \"$PHONE\""
check_contains "the diff: what is to be" "$DIFF" '+phone: "1"'
check_lacks "the diff: nothing else" "$DIFF" country
check_contains "it is in .seam/approve" "$(cat m/.seam/approve)" '+city: "Ede"'
check_equal "status counts it" "$(status_json .held)" 1
check_equal "and does not call it pending" "$(status_json '.tools[0].pending')" 0

# ---- approved is what was seen
echo 2 >"$DIR/client.d/phone"
check_equal "a further change joins it" "$(number "crm Tamarind")" "$N"
check "approve by number" "$SEAMFS" approve -m m "$N"
check_within 5 "the owner has it" prints 2 sheet Phone
check_equal "all of it" "$(sheet City)" Ede
check_within 5 "then the copy" prints 2 in_billing phone
check_within 5 "it is synced" prints synced state_of "$FILE"
check_fails "a number that does not wait" 1 "nothing with the number $N waits" "$SEAMFS" approve -m m "$N"

# ---- rejected
echo 3 >"$DIR/client.d/phone"
mkdir "m/clients/Never Ltd"
check "a client removed" rm -r "$OTHER"
check_within 8 "three wait" prints 3 status_json .held
cp clients.csv before.csv
check_contains "seamfs reject shows what it takes back" "$("$SEAMFS" reject -m m)" '+name: "Never Ltd"'
check_equal "the change is taken back" "$(cat "$DIR/client.d/phone")" 2
check_not "the new one is gone" test -e "m/clients/Never Ltd"
check "into the trash" test -f "m/.seam/trash/clients/Never Ltd.json"
check "the removed one is back" test -f "$OTHER/client.json"
check_within 5 "nothing waits" prints 0 status_json .held
sleep 2
check_equal "the sheet was never touched" "$(cmp before.csv clients.csv 2>&1)" ""
check_equal "why is in the history" "$(head -n 1 "$DIR/client.log.ndjson" | jq -r .why)" reject

# ---- through the file, as an agent's owner would
mkdir "m/clients/Agreed Ltd"
rm -r "$OTHER"
check_within 8 "two wait" prints 2 status_json .held
check "echo yes" sh -c 'echo yes >m/.seam/approve'
check_within 5 "the new one is in the sheet" grep -q 'Agreed Ltd' clients.csv
check_within 5 "the removed one is not" sh -c "! grep -q '^$OTHER_ID,' clients.csv"
check_within 8 "the copies follow" prints 1 directus_count clients name 'Agreed Ltd'
check_not "what is no answer is refused" sh -c 'echo perhaps >m/.seam/approve'
check_within 10 "a restart finds nothing to do" idle

# ---- it outlives a restart and a crash
echo 5 >"$DIR/client.d/phone"
kill_daemon
mount_up
wait_until 20 all_pulled
check_equal "after kill -9: held" "$(state_of "$FILE") $(sheet Phone)" "held 2"
echo yes >m/.seam/approve
check_within 5 "and can be approved" prints 5 sheet Phone

# ---- only the copy is reviewed
unmount
sed 's/"connector": "directus",/"connector": "directus", "send": "review",/' now.json >stack.json
mount_pulled
sed -i 's/"city": "[^"]*"/"city": "Lisse"/' "$FILE"
check_equal "the owner has it at once" "$(sheet City)" Lisse
check_within 5 "the copy's waits" prints held state_of "$FILE"
check_equal "the copy has it not" "$(in_billing city)" Ede
check "reject" "$SEAMFS" reject -m m
check_equal "the record stays as its owner has it" "$(jq -r .city "$FILE") $(sheet City)" "Lisse Lisse"
sed -i 's/"city": "[^"]*"/"city": "Leiden"/' "$FILE"
check_within 5 "the next change waits again" prints held state_of "$FILE"
check "approve" "$SEAMFS" approve -m m
check_within 5 "and arrives" prints Leiden in_billing city

# ---- all tools, by one option
unmount
cp now.json stack.json
"$SEAMFS" mount -r -c stack.json m
wait_until 30 all_pulled
sed -i 's/"city": "[^"]*"/"city": "Delft"/' "$FILE"
sleep 2
check_equal "mount -r: the owner waits" "$(sheet City) $(state_of "$FILE")" "Leiden held"
check_equal "and the copy" "$(status_json .held)" 2
echo yes >m/.seam/approve
check_within 5 "until it is approved" prints Delft sheet City
check_within 5 "then the copy has it too" prints Delft in_billing city
