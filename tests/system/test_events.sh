# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# .seam/events: one JSON line for each change, for "tail -f" and shell loops.
. "$SRC/tests/system/lib.sh"

new_stack crm
mount_pulled
E=m/.seam/events
DIR="m/clients/Tamarind Marine B.V"

check_equal "the first pull: a line for each record" "$(wc -l <"$E")" 500
check_equal "which says what, whence and where" "$(head -n 1 "$E" | jq -r '[.event, .tool, .why] | join(" ")')" "client.created crm pull"
check_equal "the file's size is right" "$(stat -c %s "$E")" "$(wc -c <"$E")"

# ---- followed while things happen
tail -n 0 -f "$E" >followed.ndjson 2>tail.err &
TAIL=$!
tail -n 0 -f "$E" | while read -r line; do jq -r '"\(.event) \(.path)"' <<<"$line" >>loop.txt; done &
LOOP=$!
sleep 0.3 # both have found the end
for i in 1 2 3; do echo "$i" >"$DIR/client.d/phone"; done
check_within 5 "tail -f shows each of three saves" prints 3 sh -c 'wc -l <followed.ndjson'
check_equal "with old and new value" "$(jq -r '.changed.phone.new' followed.ndjson | xargs)" "1 2 3"
check_equal "and by whom" "$(jq -r '"\(.program) \(.why)"' followed.ndjson | sort -u)" "bash save"
check_within 5 "a shell loop has reacted" prints 3 sh -c 'wc -l <loop.txt'
check_equal "to the same" "$(sort -u loop.txt)" "client.changed clients/Tamarind Marine B.V/client.json"
mkdir "m/clients/Followed Ltd"
check_within 5 "what is made is shown" grep -q '"client.created".*Followed Ltd' followed.ndjson
rm -r "m/clients/Followed Ltd"
check_within 5 "and what is removed" grep -q '"client.removed".*Followed Ltd' followed.ndjson
check_equal "tail had nothing to complain of" "$(cat tail.err)" ""
kill "$TAIL" "$LOOP"
check_errno "nobody writes into it" EACCES "$SRC/tests/system/try.py" write "$E" <<<x

# ---- it does not grow without end
N=$(wc -l <"$E")
remount
check_equal "it begins with the mount" "$(wc -l <"$E")" 0
say "it had $N lines"
