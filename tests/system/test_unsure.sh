# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# A row is written, and seamfs is killed before it has noted that. Then the record is removed, before the sheet is seen again: what stands
# in the sheet is our own value, not somebody's wish, so the record goes, and not before its grace time is over.
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

export SEAMFS_STEP_ARM=$PWD/arm SEAMFS_STEP_KILL=replaced
cat >stack.json <<'END'
{ "company": "Unsure", "state": "state", "poll": "1h", "grace": "2s",
  "tools": { "board": { "connector": "csv", "types": { "task": { "file": "tasks.csv", "id": "ID",
    "fields": { "title": "Task", "notes": "Notes", "status": "Status" } } } } },
  "owners": { "task": "board" } }
END
printf 'ID,Task,Notes,Status\n1,Paint,first,open\n2,Sand,other,open\n' >tasks.csv
mkdir m

dead() { ! kill -0 "$DAEMON" || grep -q '^State:.*Z' "/proc/$DAEMON/status"; }
is_read() { [ "$(jq -r '.tools[0] | "\(.state) \(.refreshing)"' m/.seam/status.json)" = 'ok false' ]; }

check "mounted" "$SEAMFS" mount -c stack.json m
DAEMON=$(jq .pid m/.seam/status.json)
check_within 10 "the record is there" test -e m/tasks/Paint.json
touch arm
timeout 10 sh -c 'echo "{\"notes\": \"second\"}" >m/tasks/Paint.json' 2>/dev/null
check_within 10 "seamfs is dead, and the row is written" dead
check_contains "the row has the new value" "$(cat tasks.csv)" "1,Paint,second,open"
rm arm
mv tasks.csv away.csv
check "mounted again, without the sheet" "$SEAMFS" mount -c stack.json m
rm m/tasks/Paint.json
mv away.csv tasks.csv
echo all >m/.seam/refresh
check_within 10 "the sheet is read again" is_read
check_equal "the record is in the trash" "$(ls m/.seam/trash/tasks)" Paint.json
check_contains "and its row still there: the grace time is not over" "$(cat tasks.csv)" Paint
check_within 10 "then the row goes" sh -c '! grep Paint tasks.csv'
check_equal "and nothing else" "$(cat tasks.csv)" "$(printf 'ID,Task,Notes,Status\n2,Sand,other,open')"
check_not "there is nothing to tell" test -e m/problems

# The same without a kill: the record is removed while the write is under way, and only then the sheet's answer is noted.
unset SEAMFS_STEP_KILL
export SEAMFS_STEP_STALL=replaced SEAMFS_STEP_LOG=$PWD/steps.txt
check "unmounted" "$SEAMFS" unmount m
check "mounted again" "$SEAMFS" mount -c stack.json m
check_within 10 "the sheet is read" is_read
touch arm
echo '{"notes": "third"}' >m/tasks/Sand.json &
check_within 10 "a row is being written" grep -q replaced steps.txt
rm m/tasks/Sand.json
rm arm
wait $!
echo all >m/.seam/refresh
check_within 10 "the sheet is read again" is_read
check_contains "the record is in the trash" "$(ls m/.seam/trash/tasks)" Sand.json
check_within 10 "then the row goes" sh -c '! grep Sand tasks.csv'
check_not "there is nothing to tell" test -e m/problems
