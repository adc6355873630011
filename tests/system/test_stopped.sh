# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 90
# Directus is stopped (SIGSTOP) while it answers: its connections stand, and nothing comes. Nothing that a program does in the
# mount waits for it longer than a save may, nothing hangs in the kernel, and all of it arrives when the server goes on.
. "$SRC/tests/system/lib.sh"

POLL=1s new_stack crm billing
sed -i 's/"poll"/"grace": "1h", "poll"/' stack.json # what is removed here is brought back below
mount_pulled
read -r PID _ <"$RIG_DIR/directus.pid"
trap 'kill -CONT "$PID"; finish || exit 1' EXIT

# quick LIMIT TEXT COMMAND... - it succeeds within so many milliseconds
quick() {
	local limit=$1 text=$2 start
	start=$(now_ms)
	shift 2
	check "$text" "$@"
	check "$text: within $limit ms" test $(($(now_ms) - start)) -lt "$limit"
}

# hanging - the processes that wait in the kernel and cannot be killed, seamfs' own or anybody's in the mount
hanging() {
	ps -eo stat=,pid=,comm= | awk '$1 ~ /^D/ { print $2 }' | while read -r pid; do
		[ "$pid" != "$DAEMON" ] && [ "$(readlink "/proc/$pid/cwd")" != "$PWD" ] || echo "$pid"
	done
}

for n in 1 2 3 4 5 6 7 8; do echo "many $n" >"m/invoices/INV-2026-000$n.d/notes" & done # requests under way
sleep 0.05
kill -STOP "$PID"
check_equal "Directus is stopped" "$(awk '{print $3}' "/proc/$PID/stat")" T
quick 3000 "ls -lR" ls -lR m
quick 1000 "cat" cat m/invoices/INV-2026-0017.json
quick 3000 "find" find m -name '*.json' -size +0
quick 1000 "df" df m
quick 3000 "grep -r" grep -rq overdue m/invoices
quick 1000 "getfattr" getfattr -d m/invoices/INV-2026-0017.json
quick 5000 "a save" sed -i 's/"notes": .*/"notes": "while stopped"/' m/invoices/INV-2026-0017.json
quick 5000 "a field" sh -c 'echo void >m/invoices/INV-2026-0017.d/status'
quick 5000 "a move" sh -c 'mv m/invoices/by/status/draft/INV-2026-0781.json m/invoices/by/status/sent/'
quick 5000 "a new file" sh -c 'echo "{\"client\": \"Tamarind Marine B.V\"}" >m/invoices/STOP-1.json'
quick 5000 "a removal" rm m/invoices/INV-2026-0790.json
quick 2000 "seamfs status" "$SEAMFS" status -m m
python3 -c '
import os, sys, time
fd = os.open("m/invoices/INV-2026-0018.json", os.O_RDWR)
start = time.time(); os.fsync(fd); print(int((time.time() - start) * 1000))' >fsync.txt
check "fsync of what is not changed does not wait" test "$(cat fsync.txt)" -lt 1000
sleep 1
check_equal "nothing hangs in the kernel" "$(hanging)" ""
wait
check_equal "the saves that were under way have returned too" "$(jobs -r)" ""
quick 5000 "a kill and a new mount" sh -c "kill -KILL $DAEMON; while kill -0 $DAEMON 2>/dev/null; do sleep 0.05; done; '$SEAMFS' mount -c stack.json m"
DAEMON=$(status_json .pid)
check_equal "what was saved is there" "$(jq -r '.notes + " " + .status' m/invoices/INV-2026-0017.json)" "while stopped void"

check "what was removed can be brought back" mv m/.seam/trash/invoices/INV-2026-0790.json m/invoices/
kill -CONT "$PID"
check_within 60 "when it goes on, everything arrives" idle
check_within 30 "the tool is well" all_pulled
check_equal "the save" "$(directus_field invoices number INV-2026-0017 notes) $(directus_field invoices number INV-2026-0017 status)" "while stopped void"
check_equal "the move" "$(directus_field invoices number INV-2026-0781 status)" sent
check_equal "the new one, once" "$(directus_count invoices number STOP-1)" 1
for n in 1 2 3 4 5 6 7 8; do [ "$(directus_field invoices number "INV-2026-000$n" notes)" = "many $n" ] || echo "$n"; done >lost.txt
check_equal "and what was under way" "$(cat lost.txt)" ""
unmount
directus PATCH "/items/invoices/$(directus GET '/items/invoices?filter[number][_eq]=INV-2026-0781' | jq -r '.data[0].id')" '{"status": "draft"}' >/dev/null
check_equal "the moved one is a draft again, for the next test" "$(directus_field invoices number INV-2026-0781 status)" draft
