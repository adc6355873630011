# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 180
# seamfs move-owner: another tool becomes the owner of a type, when it has every record; killed in between, nothing is lost
# or doubled.
. "$SRC/tests/system/lib.sh"

python3 - <<'END'
import csv
def sheet(name, count, note):
    with open(name, "w", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["ID", "Name", "Mail", "City"] + (["Note"] if note else []))
        for i in range(count):
            rows.writerow([f"{name[0].upper()}-{i}", f"Client {i:02}", f"c{i}@example.com", "Berlin"] + (["vip"] if note else []))
sheet("old.csv", 40, True)
sheet("new.csv", 10, False)
END
cat >stack.json <<'END'
// Ours.
{ "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s",
  "tools": {
    "old": { "connector": "csv", "types": { "client": { "file": "old.csv", "id": "ID", "fields": { "name": "Name", "email": "Mail", "city": "City", "notes": "Note" } } } },
    "new": { "connector": "csv", "types": { "client": { "file": "new.csv", "id": "ID", "fields": { "name": "Name", "email": "Mail", "city": "City" } } } }
  },
  "owners": { "client": "old" /* for now */, "invoice": "local" }
}
END
cp stack.json before.json
mount_pulled
move=("$SEAMFS" move-owner client --from)
rows() { tail -n +2 "$1" | cut -d, -f 2 | sort | uniq | wc -l; }
all_rows() { tail -n +2 "$1" | wc -l; }

check_fails "while it is mounted" 5 'unmount it first' "${move[@]}" old --to new --yes
unmount
check_fails "no type" 1 'is no type' "$SEAMFS" move-owner cow --from old --to new
check_fails "no tool" 1 'no tool called "x"' "${move[@]}" old --to x
check_fails "nobody" 1 '--to is missing' "${move[@]}" old
check_fails "not the owner" 1 'belong to old, not to local' "${move[@]}" local --to new
check_fails "the owner already" 1 'belong to old already' "${move[@]}" local --to old

out=$("${move[@]}" old --to new)
check_contains "dry: how many" "$out" "40 clients belong to old. new holds 0 of them; 40 would be sent"
check_contains "dry: what has no place" "$out" 'new has no place for "notes", which 40 of them have'
check_contains "dry: how it is done" "$out" "--yes does it"
check "dry: nothing is written" cmp stack.json before.json
check_equal "dry: nothing is sent" "$(all_rows new.csv)" 10

# ---- killed at some moments, and at the worst one
# owner_rows - how many clients the owner that stack.json names has
owner_rows() { rows "$(sed -n 's/.*"owners": { "client": "\([a-z]*\)".*/\1/p' stack.json).csv"; }
for moment in 0.05 0.1 0.15 0.2 0.3; do
	timeout -s KILL "$moment" "${move[@]}" old --to new --yes >/dev/null 2>&1
	check_equal "killed after $moment s: the owner has all of them" "$(owner_rows)" 40
	cp before.json stack.json
done
if SEAMFS_STEP_KILL=move "${move[@]}" old --to new --yes >/dev/null 2>&1; then
	say "this program has no steps to be killed at"
	cp before.json stack.json
else
	check "killed before the file is written: it is as it was" cmp stack.json before.json
fi
check "moved" "${move[@]}" old --to new --yes
check_equal "moved: the new owner has all of them, once" "$(rows new.csv) $(all_rows new.csv)" "40 40"
check_equal "moved: the old one, too" "$(rows old.csv) $(all_rows old.csv)" "40 40"
check_equal "moved: what is changed in stack.json" "$(diff before.json stack.json | grep -c '^[<>]')" 3
check_contains "moved: the owner, and the comment beside it" "$(cat stack.json)" '"owners": { "client": "new" /* for now */, "invoice": "local" },'
check_contains "moved: who holds a copy" "$(cat stack.json)" '"shares": { "client": { "old": "accept" } }'
check_fails "moved already" 1 'belong to new already' "${move[@]}" old --to new --yes

# ---- and lived with
mount_pulled
check_equal "mounted: all clients, once" "$(find m/clients -name client.json | wc -l)" 40
check_equal "mounted: with what only the old one holds" "$(jq -r .notes "m/clients/Client 33/client.json")" vip
echo Hamburg >"m/clients/Client 33/client.d/city"
check_within 10 "mounted: a change goes to both" eval 'grep -q "Client 33.*Hamburg" new.csv && grep -q "Client 33.*Hamburg" old.csv'
sed -i 's/\(Client 05,.*\)Berlin/\1Bonn/' new.csv
check_within 10 "mounted: a change in the owner comes" grep -q Bonn "m/clients/Client 05/client.json"
unmount
check "back" "${move[@]}" new --to old --yes
check_contains "back: the places are changed" "$(cat stack.json)" '"shares": { "client": { "new": "accept" } }'
check "to nobody but this database" "${move[@]}" old --to local --yes
check_contains "to nobody but this database: stack.json" "$(cat stack.json)" '"client": "local"'
mount_pulled
check_equal "to nobody but this database: all clients" "$(find m/clients -name client.json | wc -l)" 40
check_not "nothing is amiss" test -e m/problems
