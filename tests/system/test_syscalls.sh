# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 120
# System calls with their flags on every kind of place, each with the errno or the effect that it has to have: the table is
# tests/system/syscalls.py. Then what rsync -a and tar make of that.
. "$SRC/tests/system/lib.sh"

POLL=1h new_stack crm drive
mount_pulled
for n in S-1 OTHER; do
	cat >m/invoices/$n.json <<-END
		{"client": "Tamarind Marine B.V", "status": "draft", "issue_date": "2026-11-23", "due_date": "2026-12-23", "currency": "EUR",
		 "lines": [{"description": "Calls", "quantity": 1, "unit_price": 10.00, "tax_rate": 0}], "notes": "zero"}
	END
	wait_until 10 test -e m/invoices/by/status/draft/$n.json || bail "the invoice $n is made"
done
cp clients.csv before.csv

while IFS=$'\t' read -r text got want; do
	check_equal "$text" "$got" "$want"
done < <("$SRC/tests/system/syscalls.py" m S-1 || printf 'the table runs to its end\tno\tyes\n')
check_equal "none of all that reached the sheet" "$(cmp clients.csv before.csv 2>&1)" ""
wait_until 10 idle
check_equal "there are the two invoices" "$(find m/invoices -maxdepth 1 -name '*.json' -printf '%f ' | xargs -n 1 | sort | xargs)" "OTHER.json S-1.json"

# ---- times are kept for rsync, and tar has every record once
cp m/invoices/S-1.json s1.json
mkdir -p from/Set
echo one >from/Set/one.txt
echo two >from/Set/two.txt
touch -d '2019-01-02 03:04:05' from/Set/*.txt
rsync -a from/Set m/documents/
check_equal "rsync -a of documents: a second run transfers nothing" "$(rsync -ai from/Set m/documents/)" ""
check_equal "rsync -a: the time in the drive's folder" "$(stat -c %Y drive/Set/one.txt)" "$(stat -c %Y from/Set/one.txt)"
jq '.notes = "by rsync"' s1.json >S-1.json
touch -d '2019-01-02 03:04:05' S-1.json
rsync -a S-1.json m/invoices/
check_equal "rsync -a of a record: saved" "$(jq -r .notes m/invoices/S-1.json)" "by rsync"
check_equal "rsync -a of a record: a second run transfers nothing" "$(rsync -a --out-format=%n S-1.json m/invoices/)" ""
jq '.notes = "by cp -p"' s1.json >S-1.json
touch -d '2018-01-02 03:04:05' S-1.json
cp -p S-1.json m/invoices/S-1.json
check_equal "cp -p of a record: saved, with its time" "$(jq -r .notes m/invoices/S-1.json) $(stat -c %Y m/invoices/S-1.json)" "by cp -p $(stat -c %Y S-1.json)"
jq '.notes = "in place"' s1.json >S-1.json
touch -d '2017-01-02 03:04:05' S-1.json
rsync -a --inplace S-1.json m/invoices/
check_equal "rsync -a --inplace of a record: saved, with its time" "$(jq -r .notes m/invoices/S-1.json) $(stat -c %Y m/invoices/S-1.json)" "in place $(stat -c %Y S-1.json)"
mkdir back
rsync -a --exclude=/.seam m/ back/
check_equal "rsync -a of the whole tree: a second run transfers nothing" "$(rsync -ai --exclude=/.seam m/ back/ | grep -v /$)" ""
check "every byte of the copy" diff -r --no-dereference --exclude=.seam m back
remount
rsync -ai --exclude=/.seam m/ back/ | grep -v /$ >again.txt
check_equal "and a run after a restart transfers no file" "$(grep -v '^.L' again.txt)" ""
check_equal "and changes no time of a link" "$(grep -c '^.L' again.txt)" 0
tar -cf tree.tar --exclude=./.seam -C m .
check_equal "tar has each record once" "$(tar -tf tree.tar | grep -c 'S-1.json$' | xargs) $(tar -tvf tree.tar | grep -c '^-.*S-1.json$')" "$(find back -name S-1.json | wc -l) 1"
