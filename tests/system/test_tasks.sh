# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 120
# A task closed in the tree is closed in Redmine; a change in Redmine is in the tree within one poll, without remount, and programs
# that watch the folder see it.
. "$SRC/tests/system/lib.sh"

POLL=2s new_stack board
mount_pulled
check_contains "sync on a terminal shows how far it is" "$(script -qec "'$SEAMFS' sync -m '$M'" /dev/null </dev/null)" 'board: 2'
check_equal "and elsewhere it says nothing" "$("$SEAMFS" sync -m "$M" 2>&1)" ""
issue() { redmine GET "/issues/$1.json" | jq -r ".issue.$2"; }
LIST='/issues.json?sort=id:asc&status_id'
redmine GET "$LIST=1&limit=50" | jq '.issues |= map(select(.subject | test("[\"/]") | not))' >new.json
path_of() { # INDEX - of the open issues: "ID PATH"
	local id project subject
	id=$(jq -r ".issues[$1].id" new.json)
	project=$(jq -r ".issues[$1].project.name" new.json)
	subject=$(jq -r ".issues[$1].subject" new.json)
	echo "$id m/projects/$project/tasks/$subject.json"
}

# ---- closed by moving it between the folders of by/status
read -r ID FILE <<<"$(path_of 0)"
check "the task's file is where its project and title say" test -f "$FILE"
LINK=$(find m/tasks/by/status/open -lname "*$(basename "$(dirname "$(dirname "$FILE")")")/tasks/$(basename "$FILE")" | head -n 1)
check_equal "the link in by/status/open leads to it" "$(realpath "$LINK")" "$(realpath "$FILE")"
NOTES=$(issue "$ID" description)
mv "$LINK" m/tasks/by/status/done/
check_equal "mv to by/status/done: exit code" $? 0
check_equal "mv: Redmine has closed it when mv returns" "$(issue "$ID" status.name)" Closed
check_equal "mv: the file says done" "$(jq -r .status "$FILE")" done
check "mv: the link is in by/status/done" test -L "m/tasks/by/status/done/$(basename "$LINK")"
check_not "mv: and no longer in by/status/open" test -L "$LINK"
check_equal "mv: nothing else of the issue is changed" "$(issue "$ID" description)" "$NOTES"
check_equal "mv back to open: exit code" "$(mv "m/tasks/by/status/done/$(basename "$LINK")" m/tasks/by/status/open/ 2>&1; echo $?)" 0
check_equal "mv back to open: Redmine" "$(issue "$ID" status.name)" New

# ---- closed by editing the file
read -r ID FILE <<<"$(path_of 1)"
sed -i 's/"status": "open"/"status": "done"/' "$FILE"
check_equal "sed -i: exit code" $? 0
check_equal "sed -i: Redmine has closed it when sed returns" "$(issue "$ID" status.name)" Closed
check_within 5 "sed -i: state" prints synced state_of "$FILE"
sleep 5 # two polls
check_equal "it stays closed" "$(issue "$ID" status.name) $(jq -r .status "$FILE")" "Closed done"
BEFORE=$(issue "$ID" updated_on)
cp "$FILE" copy.json && cat copy.json >"$FILE"
sleep 1
check_equal "the same text saved again sends nothing" "$(issue "$ID" updated_on)" "$BEFORE"

# ---- what only Redmine knows more exactly is not flattened by a save of something else
ID=$(redmine GET "$LIST=4" | jq '.issues[0].id') # Feedback: one of those that are "in progress" here
PROJECT=$(issue "$ID" project.name) SUBJECT=$(issue "$ID" subject)
FILE=$(find "m/projects/$PROJECT/tasks" -type f -name "$(printf '%s' "$SUBJECT" | sed 's/[][*?"\\]/?/g').json" | head -n 1)
check_equal "Feedback is shown as in progress" "$(jq -r .status "$FILE")" "in progress"
jq '.estimate_hours = 7.25' "$FILE" >new1.json && cp new1.json "$FILE"
check_equal "another field saved: it arrives" "$(issue "$ID" estimated_hours)" 7.25
check_equal "another field saved: the status in Redmine is still Feedback" "$(issue "$ID" status.name)" Feedback

# ---- changes made in Redmine
read -r ID FILE <<<"$(path_of 2)"
DIR=$(dirname "$FILE")
INO=$(stat -c %i "$FILE")
cat "$FILE" >/dev/null # the kernel has it cached
inotifywait -q -m --format '%e %f' "$DIR" >watch.txt 2>/dev/null &
WATCH=$!
wait_until 5 test -e watch.txt
sleep 0.5
redmine PUT "/issues/$ID.json" '{"issue": {"status_id": 2, "description": "changed in Redmine", "estimated_hours": 3}}' >/dev/null
check_within 5 "a change in Redmine is in the tree within one poll" prints "in progress changed in Redmine 3" jq -r '"\(.status) \(.notes) \(.estimate_hours)"' "$FILE"
check_equal "the size is right at once" "$(stat -c %s "$FILE")" "$(wc -c <"$FILE")"
check_equal "the inode number is the same" "$(stat -c %i "$FILE")" "$INO"
check_within 3 "inotifywait on the folder sees it" grep -Eq "^(ATTRIB|MODIFY|CLOSE_WRITE).* $(basename "$FILE")$" watch.txt
check "the views follow" sh -c "find m/tasks/by/status/'in progress' -lname '*$(basename "$FILE")' | grep -q ."

PROJECT_ID=$(issue "$ID" project.id)
redmine POST /issues.json "{\"issue\": {\"project_id\": $PROJECT_ID, \"subject\": \"Born in Redmine\", \"description\": \"two\\r\\nlines\"}}" >made.json
NEW=$(jq .issue.id made.json)
check_within 5 "a new issue in Redmine is in the tree within one poll" test -f "$DIR/Born in Redmine.json"
check_equal "a new issue: its text" "$(jq -r .notes "$DIR/Born in Redmine.json")" "two
lines"
check_within 3 "inotifywait sees a CREATE" grep -qx "CREATE Born in Redmine.json" watch.txt
check "it is listed" sh -c "ls '$DIR' | grep -qx 'Born in Redmine.json'"

redmine PUT "/issues/$NEW.json" '{"issue": {"subject": "Renamed in Redmine"}}' >/dev/null
check_within 5 "renamed in Redmine: the new name is there" test -f "$DIR/Renamed in Redmine.json"
check_equal "renamed in Redmine: the old one is not listed" "$(ls "$DIR" | grep -c Born)" 0
check_equal "renamed in Redmine: the old name still resolves" "$(jq -r .title "$DIR/Born in Redmine.json")" "Renamed in Redmine"

# ---- a new task in the tree
echo '{"status": "in progress", "priority": "high", "notes": "made in the tree"}' >"$DIR/Born in the tree.json"
check_equal "a new file: exit code" $? 0
sync "$DIR/Born in the tree.json"
redmine GET "/issues.json?project_id=$PROJECT_ID&status_id=*&subject=Born%20in%20the%20tree" >made.json
check_equal "a new file is an issue, once" "$(jq .total_count made.json)" 1
check_within 5 "in the status that was meant" prints "In Progress High" sh -c \
	"curl -s -H 'X-Redmine-API-Key: $REDMINE_KEY' '$REDMINE_URL/issues/$(jq '.issues[0].id' made.json).json' | jq -r '.issue.status.name + \" \" + .issue.priority.name'"
sleep 5
check_equal "two polls later there is one file and one issue" "$(ls "$DIR" | grep -c 'Born in the tree') $(redmine GET "/issues.json?project_id=$PROJECT_ID&status_id=*&subject=Born%20in%20the%20tree" | jq .total_count)" "1 1"

# ---- moved to another project
OTHER="m/projects/$(redmine GET '/projects.json?limit=1&offset=20' | jq -r '.projects[0].name')"
OTHER_ID=$(redmine GET '/projects.json?limit=1&offset=20' | jq -r '.projects[0].id')
mv "$DIR/Born in the tree.json" "$OTHER/tasks/"
check_equal "mv to another project: exit code" $? 0
check_equal "mv to another project: Redmine" "$(issue "$(jq '.issues[0].id' made.json)" project.id)" "$OTHER_ID"
check "mv to another project: it is there" test -f "$OTHER/tasks/Born in the tree.json"
check_not "mv to another project: it is gone where it was" test -f "$DIR/Born in the tree.json"

echo '{"notes": "another one"}' >"$DIR/Born in the tree.json"
sync "$DIR/Born in the tree.json"
check_equal "a new task with the name of the one that was moved: its project" \
	"$(redmine GET "/issues.json?project_id=$PROJECT_ID&status_id=*&subject=Born%20in%20the%20tree" | jq -r '.issues[].description')" "another one"
check_equal "the one that was moved is as it was" "$(jq -r .notes "$OTHER/tasks/Born in the tree.json")" "made in the tree"

# ---- time
echo '{"date": "2026-11-20", "hours": 1.5, "activity": "Design", "summary": "Sketches"}' >"$OTHER/time/x.json"
check_equal "a new time entry: exit code" $? 0
sync "$OTHER/time/x.json"
check_equal "a new time entry is in Redmine, once" "$(redmine GET "/time_entries.json?project_id=$OTHER_ID&from=2026-11-20&to=2026-11-20" |
	jq -c '[.time_entries[] | select(.comments == "Sketches") | .hours]')" "[1.5]"

# ---- deleted in Redmine
redmine DELETE "/issues/$NEW.json" >/dev/null
echo all >m/.seam/refresh
sleep 1
kill $WATCH

# ---- changed on both sides; Redmine itself would take the last one
unmount
POLL=1h new_stack board
mount_pulled
read -r ID FILE <<<"$(path_of 4)"
redmine PUT "/issues/$ID.json" '{"issue": {"estimated_hours": 9}}' >/dev/null
jq '.notes = "here"' "$FILE" >new1.json && cp new1.json "$FILE"
check_within 10 "another field on each side: Redmine has both" prints "9 here" sh -c \
	"curl -s -H 'X-Redmine-API-Key: $REDMINE_KEY' '$REDMINE_URL/issues/$ID.json' | jq -r '.issue | \"\(.estimated_hours | floor) \(.description)\"'"
check_equal "another field on each side: the tree" "$(jq -c '[.estimate_hours, .notes]' "$FILE")" '[9,"here"]'
redmine PUT "/issues/$ID.json" '{"issue": {"description": "there"}}' >/dev/null
jq '.notes = "here, too"' "$FILE" >new1.json && cp new1.json "$FILE" 2>err.txt
check_within 10 "the same field on both sides: a conflict" prints conflict state_of "$FILE"
check_equal "each side has its own" "$(jq -r .notes "$FILE") $(issue "$ID" description)" "here, too there"
check "theirs is moved over it" mv m/problems/*.theirs.json "$FILE"
check_within 10 "that settles it" prints synced state_of "$FILE"
check_equal "both have theirs" "$(jq -r .notes "$FILE") $(issue "$ID" description)" "there there"

# ---- what Redmine refuses
read -r ID FILE <<<"$(path_of 3)"
cp "$FILE" good.json
sed -i 's/"status": "open",/"status": "open",\n  "due": "2020-01-01",/; /"due": "2[^0]/d; /"due": "202[1-9]/d' "$FILE" 2>err.txt
check_equal "a due date before the start, which Redmine refuses: sed fails" $? 4
check "the record is as it was" cmp good.json "$FILE"
check_equal "the refusal is in .seam/errors.ndjson" "$(head -n 1 m/.seam/errors.ndjson | jq -r .tool)" board
check "and in problems/" sh -c "grep -ril 'due' m/problems/ | grep -q ."
check_equal "Redmine has it as it was" "$(issue "$ID" due_date)" "$(jq -r '.due // "null"' good.json)"
