# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Who changed what, when and why: .seam/history/, seamfs log, blame and undo.
. "$SRC/tests/system/lib.sh"

new_stack crm
sed -i 's/"poll"/"grace": "2s", "poll"/' stack.json
mount_pulled
DIR="m/clients/Tamarind Marine B.V"
FILE=$DIR/client.json
DAY=m/.seam/history/$(date -u +%F).ndjson
sheet() { cell clients.csv C-00002 "$1"; }
last() { jq -rs '.[0].change' "$DIR/client.log.ndjson"; } # the number of the record's last change
PHONE=$(sheet Phone) CITY=$(sheet City)

# ---- what is written down
check_equal "the first pull: a line for each record" "$(jq -r 'select(.tool == "crm" and .why == "pull") | .path' "$DAY" | sort -u | wc -l)" 500
check_equal "and no more" "$(wc -l <"$DAY")" 500
sed -i 's/"phone": "[^"]*"/"phone": "1"/; s/"city": "[^"]*"/"city": "Ede"/' "$FILE"
A=$(last)
echo 2 >"$DIR/client.d/phone"
B=$(last)
check_equal "two changes, three fields" "$(head -n 3 "$DAY" | jq -r '"\(.field) \(.old)->\(.new) \(.why) \(.program)"' | sort | xargs)" \
	"$(printf '%s\n' 'phone 1->2 save bash' "phone $PHONE->1 save sed" "city $CITY->Ede save sed" | sort | xargs)"
check_equal "the fields of one save are one change" "$(jq -s "map(select(.change == $A)) | length" "$DIR/client.log.ndjson")" 2
check_equal "the file's size is right" "$(stat -c %s "$DAY")" "$(wc -c <"$DAY")"

# ---- for people
LOG=$("$SEAMFS" log -m m -n 2)
check_contains "log: the last change" "$(head -n 1 <<<"$LOG")" "#$B "
check_contains "log: who and why" "$LOG" "root with sed: save clients/Tamarind Marine B.V/client.json"
check_contains "log: what" "$LOG" 'phone: "1" -> "2"'
check_equal "log -n: as many as asked for" "$(grep -c '^#' <<<"$LOG")" 2
check_equal "log FILE: of that record only" "$("$SEAMFS" log "$FILE" | grep '^#' | cut -d' ' -f1 | head -n 2 | xargs)" "#$B #$A"
check_equal "log FOLDER: the same" "$("$SEAMFS" log "$DIR")" "$("$SEAMFS" log "$FILE")"
BLAME=$("$SEAMFS" blame "$FILE")
check_contains "blame: a field that was saved" "$(grep '^phone ' <<<"$BLAME")" "root with bash: save #$B, owner crm"
check_contains "blame: a field that was saved before" "$(grep '^city ' <<<"$BLAME")" "\"Ede\""
check_contains "blame: a field of the tool's" "$(grep '^country ' <<<"$BLAME")" "crm: pull"
check_fails "blame of no record" 1 "is no record" "$SEAMFS" blame m/README.md
check_fails "log -n of nothing" 2 "wants a number" "$SEAMFS" log -m m -n x

# ---- undo
check_fails "undo of what was changed since" 1 "has been changed since, by change $B" "$SEAMFS" undo -m m "$A"
check "undo of the last change" "$SEAMFS" undo -m m "$B"
check_equal "the value is back, in the sheet too" "$(jq -r .phone "$FILE") $(sheet Phone)" "1 1"
check_equal "it is a change of its own" "$(head -n 1 "$DIR/client.log.ndjson" | jq -r '.why + " " + .new')" "undo 1"
check "now the one before, with a # as it is shown" "$SEAMFS" undo -m m "#$A"
check_within 5 "both fields are back" prints "$PHONE $CITY" sh -c "echo \"\$(jq -r .phone '$FILE') \$(jq -r .city '$FILE')\""
check_equal "in the sheet too" "$(sheet Phone) $(sheet City)" "$PHONE $CITY"
check "an undo can be undone" "$SEAMFS" undo -m m "$(last)"
check_equal "then it is as before" "$(jq -r '.phone + " " + .city' "$FILE")" "1 Ede"
check_fails "undo of nothing" 1 "there is no change 99999999" "$SEAMFS" undo -m m 99999999
check_fails "undo of a word" 1 "number of a change" "$SEAMFS" undo -m m yesterday
check_not "the same through the file" sh -c 'echo 99999999 >m/.seam/undo'
check_contains "the reason is beside it" "$(cat m/.seam/.error)" "there is no change 99999999"

# ---- what was made, and what was removed
echo '{"client": "Tamarind Marine B.V"}' >m/invoices/U-1.json
check_within 6 "a new invoice" test -L m/invoices/by/status/draft/U-1.json
MADE=$(head -n 1 m/invoices/U-1.log.ndjson | jq .change)
rm m/invoices/U-1.json
GONE=$(head -n 1 "$DAY" | jq .change)
check_equal "its removal is a line" "$(head -n 1 "$DAY" | jq -r '.why + " " + .path')" "remove .seam/trash/invoices/U-1.json"
check "undo of the removal" "$SEAMFS" undo -m m "$GONE"
check "brings it back" test -f m/invoices/U-1.json
check_fails "once" 1 "not in the trash" "$SEAMFS" undo -m m "$GONE"
check "undo of its making" "$SEAMFS" undo -m m "$MADE"
check "sends it to the trash" test -f m/.seam/trash/invoices/U-1.json

# ---- it stays
BEFORE=$(jq -r .change "$DAY" | sort -n | tail -n 1)
remount
check_equal "after a restart it is all there" "$(jq -r .change "$DAY" | sort -n | tail -n 1)" "$BEFORE"
check_equal "and numbers go on" "$(echo 3 >"$DIR/client.d/phone"; [ "$(last)" -gt "$BEFORE" ] && echo yes)" yes
