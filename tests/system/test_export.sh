# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 180
# Out and in: everything as plain files, into an empty database as it was, into another one without doubles; and rows of
# somebody's spreadsheet.
. "$SRC/tests/system/lib.sh"

record() { [ "$(sqlite3 state/seamfs.db "SELECT count(*) FROM record WHERE name = '$1'")" = 1 ]; }
synced() { [ "$(state_of "$1")" = synced ]; }

mkdir -p drive/Plans
cat >clients.csv <<'END'
ID,Name,Mail
C-1,Northwind Traders,office@northwind.example
C-2,"Söhne, ""Ernst""",
C-3,Old Name,
END
cat >stack.json <<'END'
{ "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s", "grace": "1s",
  "tools": {
    "crm": { "connector": "csv", "types": { "client": { "file": "clients.csv", "id": "ID", "fields": { "name": "Name", "email": "Mail" } } } },
    "drive": { "connector": "folder", "path": "drive" } },
  "owners": { "client": "crm", "document": "drive" } }
END
printf 'plan\n' >drive/Plans/a.txt
touch -d '2026-01-02 03:04:05' drive/Plans/a.txt
mount_pulled
# What people have done: everything that there is to lose.
printf '{"number":"INV-1","client":"Northwind Traders","total":12.5}' >m/invoices/INV-1.json # as it was written
printf '{"number":"INV-2","client":"Old Name"}\n' >m/invoices/INV-2.json
mkdir m/projects/Shop
printf '{"title":"Launch"}\n' >m/projects/Shop/tasks/Launch.json
printf '{"title":"Launch"}\n' >m/projects/Shop/tasks/"Launch 2.json"
printf '{"date":"2026-11-03","hours":1.5,"summary":"Moodboard"}\n' >m/projects/Shop/time/x.json
printf '{"date":"2026-11-03","hours":1.5,"summary":"Moodboard"}\n' >m/projects/Shop/time/y.json
printf '{"name":"Jane Doe","client":"Northwind Traders","phone":"+49 30 1"}\n' >m/contacts/"Jane Doe.json"
sleep 2.2 # new files become records
sed -i "s/Old Name/New Name/" "m/clients/Old Name/client.json"
printf '{"title":"Gone"}\n' >m/tasks/Gone.json
wait_until 10 synced m/tasks/Gone.json || bail "a task"
rm m/tasks/Gone.json
sed -i 's/^\([0-9]*,INV-[12],.*\),draft,/\1,sent,/' m/tables/invoices.csv
wait_until 10 idle || bail "nothing waits: $(cat m/.seam/status)"

# seen FOLDER - names, bytes, links of a tree, its history too
seen() {
	(cd "$1" && find . -path ./.seam -prune -o \( -type f -o -type l \) -print | LC_ALL=C sort | while IFS= read -r file; do
		if [ -L "$file" ]; then printf '%s -> %s\n' "$file" "$(readlink "$file")"; else sha256sum "$file"; fi
	done
	cat .seam/history/*; ls .seam/trash/*; cat "clients/Old Name/client.json")
}

check "export with a mount" "$SEAMFS" export one
seen m >before.txt
check_equal "a record as it was written" "$(cat one/records/invoices/INV-1.json)" "$(cat m/invoices/INV-1.json)"
check "the files are those of the mount" diff -r m/tables one/tables
check "the documents are those of the drive" diff -r drive one/documents
check_equal "with their time" "$(stat -c %Y one/documents/Plans/a.txt)" "$(stat -c %Y drive/Plans/a.txt)"
check "its README's command finds every file as the manifest has it" sh -c "cd one && $(sed -n 's/^jq /jq /p' one/README.md)"
check_equal "the manifest has every file" "$(cd one && find . -type f ! -name manifest.json | wc -l)" "$(jq '.files | length' one/manifest.json)"
check_fails "into a folder that is not empty" 1 'is not empty' "$SEAMFS" export one
check_fails "import while it is mounted" 5 'unmount it first' "$SEAMFS" import --yes one
unmount
check_equal "export into the documents" "$(timeout 20 "$SEAMFS" export drive/Backup 2>&1 | sed 's/[0-9][0-9]* files.*//')" "drive/Backup holds all of it: "
check_equal "export into the documents: each of them once" "$(find drive -name a.txt | wc -l)" 2
rm -r drive/Backup
check "export without a mount" "$SEAMFS" export two
check "both are the same" diff -r one two

# ---- wiped
cp clients.csv clients.old
cp -a drive drive.old
rm -r state
rm drive/Plans/a.txt
printf 'own\n' >drive/mine.txt
out=$("$SEAMFS" import one) code=$?
check_equal "what would be done: exit code" "$code" 0
check_contains "what would be done" "$out" "3 to make"
check_contains "what would be done: how it is done" "$out" "Nothing has been done yet"
check_equal "what would be done: nothing is" "$(sqlite3 state/seamfs.db 'SELECT count(*) FROM record')" 0
check "wiped: import" "$SEAMFS" import --yes one
rm drive/mine.txt
check "wiped: export again" "$SEAMFS" export three
check "wiped: the same export, byte for byte" diff -r one three
mount_pulled
seen m >after.txt
check "wiped: the same tree, byte for byte" diff before.txt after.txt
check "wiped: the tool's sheet is as it was" cmp clients.csv clients.old
check_equal "wiped: clients are known in their tool" "$(jq -r .tools.crm.id "m/clients/New Name/client.meta.json")" C-3
check "wiped: a record in the trash comes back" mv m/.seam/trash/tasks/Gone.json m/tasks/
rm m/tasks/Gone.json
unmount
out=$("$SEAMFS" import --yes one)
check_lacks "import once more: nothing is made" "$out" " 1 made"
check_contains "import once more: all is there" "$out" "3 there already"

# ---- two databases that were one: what each has made since has the same id
cp -r state parted
mount_pulled
printf '{"number":"HERE-1"}' >m/invoices/HERE-1.json
check_within 10 "parted: an invoice here" record HERE-1
unmount
mv state here
mv parted state
mount_pulled
printf '{"number":"THERE-1"}' >m/invoices/THERE-1.json
check_within 10 "parted: an invoice there" record THERE-1
unmount
check "parted: export there" "$SEAMFS" export there
rm -r state
mv here state
for time in first second; do
	check "parted: import, $time time" "$SEAMFS" import --yes there
done
check_equal "parted: both are here, once" "$(sqlite3 state/seamfs.db "SELECT name FROM record WHERE type = 5 AND state = 0 ORDER BY name" | xargs)" "HERE-1 INV-1 INV-2 THERE-1"

# ---- wiped with what the tools had
rm -r state
printf 'ID,Name,Mail\n' >clients.csv
check "with empty tools: import" "$SEAMFS" import --yes one
mount_pulled
check_within 10 "with empty tools: they get everything back" prints 3 eval 'tail -n +2 clients.csv | wc -l'
check_equal "with empty tools: nothing is doubled" "$(find m/clients -name client.json | wc -l)" 3
unmount

# ---- beside what another business has
mkdir other
sed 's/"clients.csv"/"c.csv"/; s/"path": "drive"/"path": "d"/' stack.json >other/stack.json
mkdir other/d
printf 'ID,Name,Mail\nX-1,Somebody,\nX-2,"Northwind Traders",office@northwind.example\n' >other/c.csv
cd other || exit 1
# shellcheck disable=SC2034 # the mount point of lib.sh
M=$PWD/m
mount_pulled
printf '{"title":"Launch"}\n' >m/tasks/Launch.json
wait_until 10 synced m/tasks/Launch.json || bail "a task"
unmount
for time in first second; do
	out=$("$SEAMFS" import --yes ../one) code=$?
	check_equal "$time time beside others: exit code" "$code" 0
done
check_contains "second time beside others: is said" "$out" "clients         0 made, 1 there already, 2 there with other values"

# ---- damaged
cp -r ../one broken
printf x >>broken/data/records.ndjson
check_fails "a file that was changed" 1 'data/records.ndjson is not what the manifest says' "$SEAMFS" import --yes broken
rm broken/manifest.json
check_fails "an export that was not finished" 1 'is no whole export' "$SEAMFS" import --yes broken

# ---- a spreadsheet
printf '\xef\xbb\xbfNumber;Client;Due on;Total;Remark\r\nR-1;Northwind Traders;24.12.2026;1234,5;x\r\n\r\nR-2;;2027-01-05;8,00;y\r\n' >their.csv
check_fails "a sheet of no type" 1 'say with --type' "$SEAMFS" import their.csv
check_fails "a column that is not there" 1 'no column "Due"' "$SEAMFS" import --type invoice --set due_date=Due their.csv
out=$("$SEAMFS" import --type invoice --set "due_date=Due on" their.csv)
check_contains "a sheet: which column is what" "$out" "Due on                   -> due_date"
check_contains "a sheet: what is not used" "$out" "Remark                   -> (not used)"
check_contains "a sheet: what would be done" "$out" "2 invoices to make"
for time in first second; do
	check "a sheet, $time time" "$SEAMFS" import --yes --type invoice --set "due_date=Due on" their.csv
done
printf 'Number,Due Date\nR-2,2027-02-02\nINV-1,\n' >changes.csv
check_contains "a sheet that changes" "$("$SEAMFS" import --yes --type invoice changes.csv)" "0 invoices made, 1 of 2 that are there changed"
printf 'Title,Project\nLaunch,Shop\nLaunch,\nBrand new,\n' >tasks.csv
printf 'Date,Hours,Project,What was done\n2026-11-03,1.5,Shop,Moodboard\n2026-11-04,1.5,Shop,Moodboard\n' >time.csv
for time in first second; do
	check "tasks, $time time" "$SEAMFS" import --yes --type task tasks.csv
	check "time, $time time" "$SEAMFS" import --yes --type time time.csv
done
printf 'Number,Due date\nR-3,2027-02-31\n' >bad.csv
check_fails "a bad date" 1 'row 2, due_date' "$SEAMFS" import --yes --type invoice bad.csv
printf 'Number;Total\nR-4;12,50\nR-5;1.200\n' >mixed.csv
check_fails "a comma and a point that parts thousands" 1 'write all of them one way' "$SEAMFS" import --yes --type invoice mixed.csv
printf 'Name\nTwice\nTwice\n' >twice.csv
check_fails "a client twice" 1 'rows 2 and 3 are about the same client' "$SEAMFS" import --yes --type client twice.csv
mount_pulled
check_equal "twice beside others: clients" "$(find m/clients -name client.json | wc -l)" 4
check_equal "twice beside others: an invoice and its client" "$(jq -r .client m/invoices/INV-2.json)" "New Name"
check_within 10 "twice beside others: the tool has them" prints 4 eval 'tail -n +2 c.csv | wc -l'
check_equal "twice beside others: documents" "$(cat d/Plans/a.txt)" plan
check_equal "a sheet: the records" "$(cat m/invoices/R-*.json | jq -c '[.number, .client, .due_date, .total]' | tr '\n' ' ')" '["R-1","Northwind Traders","2026-12-24",1234.5] ["R-2",null,"2027-02-02",8] '
check_equal "tasks: one new one" "$(find m/tasks m/projects -path '*/tasks/*.json' -type f | wc -l)" 4
check_equal "time: one new one" "$(find m -path '*/time/*.json' -type f | wc -l)" 3
check_not "nothing is amiss" test -e m/problems
