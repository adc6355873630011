# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 120
# A tool that suddenly holds nothing, or much less, removes nothing here.
. "$SRC/tests/system/lib.sh"

new_stack crm
mount_pulled
cp clients.csv whole.csv
count() { find m/clients -name client.json | wc -l; }
says_so() { [ "$(status_json '.tools[0].state')" != ok ] && grep -q 'suddenly lacks' m/.seam/status; }

for what in "only the header" "nothing at all" "half of the rows"; do
	case $what in
	only*) head -n 1 whole.csv >new.csv ;;
	nothing*) : >new.csv ;;
	half*) python3 -c '
import csv, sys
rows = list(csv.reader(open("whole.csv", newline="", encoding="utf-8")))
csv.writer(open("new.csv", "w", newline="", encoding="utf-8"), lineterminator="\n").writerows(rows[:251])' ;;
	esac
	mv new.csv clients.csv
	if [ "$what" = "nothing at all" ]; then
		check_within 5 "$what: the status is not ok" sh -c "! grep -q '^crm .* ok ' m/.seam/status"
	else
		check_within 5 "$what: the status says so" says_so
	fi
	sleep 3 # one more poll
	check_equal "$what: nothing was removed" "$(count)" 500
	check_equal "$what: nothing was written back" "$(wc -l <clients.csv)" \
		"$(case $what in only*) echo 1 ;; nothing*) echo 0 ;; half*) python3 -c 'print(open("whole.csv", encoding="utf-8").read() and sum(1 for _ in open("clients.csv", encoding="utf-8")))' ;; esac)"
	check "$what: seamfs status shows it" sh -c "'$SEAMFS' status -m m | grep -Eq 'failing|lacks|empty|column'"
	cp whole.csv new.csv && mv new.csv clients.csv
	check_within 40 "$what: the rows are back, all is well" all_pulled
	check_equal "$what: and complete" "$(count)" 500
done

# A few rows less is what people do.
grep -v '^C-0000[12],' whole.csv >new.csv && mv new.csv clients.csv
check_within 5 "two rows less: they are gone" prints 498 count
check "two rows less: the status is ok" all_pulled

# The guard holds over a restart too.
head -n 1 whole.csv >new.csv
unmount
mv new.csv clients.csv
mount_up
check_within 5 "emptied while nothing was mounted: the status says so" says_so
check_equal "emptied while nothing was mounted: nothing was removed" "$(count)" 498

# ---- a person may say that it is right
check_contains "what is held is listed" "$(cat m/.seam/approve)" "remove 498 of 498 clients, which crm lacks suddenly"
check "\"no\" leaves it held" sh -c 'echo no >m/.seam/approve'
sleep 3
check_equal "and the records stay" "$(count)" 498
check_contains "seamfs approve shows it" "$("$SEAMFS" approve -m m)" "498 of 498 clients"
check_within 20 "and they go" prints 0 count
check_equal "into the trash" "$(ls m/.seam/trash/clients | wc -l)" 500
check_within 10 "the status is ok" all_pulled
check_equal "nothing is held any more" "$(cat m/.seam/approve)" "Nothing waits for approval."
cp whole.csv new.csv && mv new.csv clients.csv
check_within 30 "what comes back in the tool comes back here" prints 500 count
check_equal "out of the trash" "$(ls m/.seam/trash/clients | wc -l)" 0

# ---- how much is too much can be said
sed -i 's/"poll"/"guard": {"share": 50, "least": 300}, "poll"/' stack.json
remount
python3 -c '
import csv
rows = list(csv.reader(open("whole.csv", newline="", encoding="utf-8")))
csv.writer(open("new.csv", "w", newline="", encoding="utf-8"), lineterminator="\n").writerows(rows[:251])'
mv new.csv clients.csv
check_within 10 "half of the rows is not too much then" prints 250 count
