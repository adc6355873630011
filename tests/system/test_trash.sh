# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 150
# Removing goes through the trash: tools hear of it after the grace time, moving it back undoes it at any time, what must be kept
# is kept, and many at once wait for a person. rm -rf of all there is harms nothing.
. "$SRC/tests/system/lib.sh"

POLL=2s new_stack crm billing drive
sed -i 's/"poll"/"grace": "4s", "poll"/' stack.json
mkdir -p drive/Clients/Tamarind drive/Work
echo contract >drive/Clients/Tamarind/contract.txt
echo plan >drive/Work/plan.txt
mount_pulled
TRASH=m/.seam/trash
directus GET '/items/invoices?limit=-1&filter[status][_eq]=draft' | jq -c .data >rows.json # as the next test is to find them
drafts() { ls m/invoices/by/status/draft | head -n "$1"; }
rows() { directus GET '/items/invoices?limit=0&meta=total_count' | jq .meta.total_count; }
FILE=m/invoices/INV-2026-0781.json
INO=$(stat -c %i $FILE)
cp $FILE was.json

# ---- within the grace time
directus_mark
check_not "it is not in the trash, yet" test -e $TRASH/invoices/INV-2026-0781.json
check "rm of a draft" rm $FILE
check_not "it is out of the tree" test -e $FILE
check_not "out of its views" test -L m/invoices/by/status/draft/INV-2026-0781.json
check "in the trash, as it was" cmp was.json $TRASH/invoices/INV-2026-0781.json
check_equal "its state" "$(state_of $TRASH/invoices/INV-2026-0781.json)" removed
check "moving it back" mv $TRASH/invoices/INV-2026-0781.json m/invoices/
check_equal "it is the same file" "$(stat -c %i $FILE) $(cmp was.json $FILE 2>&1)" "$INO "
check "and in its views" test -L m/invoices/by/status/draft/INV-2026-0781.json
sleep 6
check_equal "Directus has heard of nothing" "$(directus_asked)" ""
check_not "it cannot be moved anywhere else" sh -c "rm $FILE && mv $TRASH/invoices/INV-2026-0781.json m/quotes/"
check_contains "the reason says where" "$(cat $TRASH/invoices/.error $TRASH/.error m/quotes/.error 2>/dev/null)" "move it to invoices/"
check_not "nothing is made in the trash" touch $TRASH/invoices/x.json
check_not "nothing is removed from it" rm -f $TRASH/invoices/INV-2026-0781.json
check "a new file of its name is the same record" sh -c "cp was.json $FILE"
check_equal "with its number" "$(stat -c %i $FILE)" "$INO"
check_not "and no longer in the trash" test -e $TRASH/invoices/INV-2026-0781.json

# ---- after it
directus_mark
rm $FILE
check_equal "Directus has it yet" "$(directus_count invoices number INV-2026-0781)" 1
check_within 20 "after the grace time it is removed there" prints 0 directus_count invoices number INV-2026-0781
check_equal "by one request" "$(directus_asked | wc -l)" 1
check "moving it back then" mv $TRASH/invoices/INV-2026-0781.json m/invoices/
check_within 15 "makes it there again" prints 1 directus_count invoices number INV-2026-0781
check_equal "once, and all of it" "$(directus_field invoices number INV-2026-0781 notes)" "$(jq -r .notes was.json)"
check_within 10 "and it is synced" prints synced state_of $FILE

# ---- what is kept
kept() { # TEXT FILE NEEDLE
	check_not "$1 is kept" rm -f "$2"
	check "$1 is there" test -e "$2"
	check_contains "$1: why" "$(cat "$(dirname "$2")/.error")" "$3"
}
kept "an issued invoice" m/invoices/INV-2026-0001.json "only one in status \"draft\" can be removed"
kept "a link in a view" m/invoices/by/status/draft/INV-2026-0782.json "remove the record where it is"
echo '{"date": "2026-11-20", "amount": 5, "client": "Tamarind Marine B.V"}' >m/payments/P-1.json
check_within 6 "a payment" test -L m/payments/by/month/2026-11/P-1.json
kept "a payment" m/payments/P-1.json "part of the books"
check_not "a client with a payment is kept" rm -r "m/clients/Tamarind Marine B.V"
check_contains "and the reason is beside it" "$(cat "m/clients/Tamarind Marine B.V/payments/.error")" "remove the record where it is"
check_within 5 "its file is back" test -f "m/clients/Tamarind Marine B.V/client.json"

# ---- many at once
DRAFTS=$(drafts 99 | wc -l)
for n in 1 2 3 4 5 6; do echo '{"client": "Tamarind Marine B.V"}' >"m/invoices/MANY-$n.json"; done
check_within 30 "six drafts more" sh -c "[ \"\$(ls m/invoices/by/status/draft | wc -l)\" = $((DRAFTS + 6)) ]"
check_within 30 "are in Directus" prints 1 directus_count invoices number MANY-6
wait_until 20 idle
drafts 24 >many.txt
N=$(rows)
directus_mark
(cd m/invoices && xargs rm) <many.txt
check_equal "24 drafts removed: exit code" $? 0
sleep 7
check_equal "none is told to Directus" "$(directus_asked) $(rows)" " $N"
check_equal "they are held" "$(state_of "$TRASH/invoices/$(head -n 1 many.txt)") $(status_json .held)" "held 24"
check_equal "and listed" "$(grep -c '^remove invoices/' m/.seam/approve)" 24
check "problems/ says so" grep -rq "many records were removed at once" m/problems
check "seamfs reject" sh -c "'$SEAMFS' reject -m m >/dev/null"
check_equal "brings them back" "$(drafts 24 | diff - many.txt)" ""
check_within 5 "and the note is gone" sh -c "! test -e m/problems"
(cd m/invoices && xargs rm) <many.txt
check_within 10 "once more" prints 24 status_json .held
check "seamfs approve" sh -c "'$SEAMFS' approve -m m >/dev/null"
check_within 40 "has them removed" prints $((N - 24)) rows
while read -r f; do mv "$TRASH/invoices/$f" m/invoices/; done <many.txt
check_within 40 "and they can come back still" prints "$N" rows
wait_until 20 idle

# ---- everything
mkdir before
cp -a m/clients m/invoices before/
cp clients.csv before.csv
BEFORE="$(find m/clients m/invoices m/payments | sort | md5sum)"
directus_mark
rm -rf m/* >rm.txt 2>&1
check "rm -rf of it all says what it may not" grep -q 'not permitted' rm.txt
sleep 8
check_equal "no tool has lost anything" "$(directus_asked) $(rows) $(cmp before.csv clients.csv 2>&1)" " $N "
check_equal "the documents are in the drive's own trash" "$(cd drive/.seam-trash/*/ && find . -type f | sort | xargs)" "./Clients/Tamarind/contract.txt ./Work/plan.txt"
check "seamfs reject" sh -c "'$SEAMFS' reject -m m >/dev/null"
check_within 20 "brings all of it back" sh -c "[ \"\$(find m/clients m/invoices m/payments | sort | md5sum)\" = '$BEFORE' ]"
check_equal "every byte" "$(diff -r --no-dereference before/clients m/clients && diff -r --no-dereference before/invoices m/invoices)" ""
check "a document too" sh -c 'mkdir -p m/documents/Work && mv m/.seam/trash/documents/*/Work/plan.txt m/documents/Work/'
check_equal "where it was" "$(cat drive/Work/plan.txt)" plan
wait_until 20 idle
check_equal "and still no tool has lost anything" "$(rows) $(cmp before.csv clients.csv 2>&1)" "$N "
unmount
directus DELETE /items/invoices "$(directus GET '/items/invoices?limit=-1&filter[status][_eq]=draft' | jq -c '[.data[].id]')"
check "the rows are put back" sh -c "[ '$(directus POST /items/invoices "$(cat rows.json)" | jq '.data | length')' = '$(jq length rows.json)' ]"
