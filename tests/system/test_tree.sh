# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# first
# seconds: 240
# Four tools, one tree: each record once, with the right bytes, for the programs that people use.
. "$SRC/tests/system/lib.sh"
COMPARE=$SRC/tests/system/compare.py

mkdir -p drive/Offers
echo offer >drive/Offers/offer.txt
POLL=1h new_stack crm billing board drive
mount_pulled

# ---- each once
count() { find "$@" | wc -l; }
check_equal "clients" "$(count m/clients -type f -name client.json)" 500
check_equal "invoices" "$(count m/invoices -type f)" 800
check_equal "deals" "$(count m/deals -type f)" 40
check_equal "projects" "$(count m/projects -type f -name project.json)" 200
check_equal "tasks" "$(count m/projects -type f -path '*/tasks/*')" 2000
check_equal "time entries" "$(count m/projects -type f -path '*/time/*')" 300
check_equal "no task outside a project" "$(count m/tasks -type f)" 0
made=$(find m/reports m/ledger m/tables -type f | wc -l) # of the records
check_equal "every real file, README.md, calendar.ics and one document included" "$(files m | wc -l)" $((500 + 800 + 40 + 200 + 2000 + 300 + 3 + made))
check_equal "a client folder's links to invoices, deals and so on lead to all invoices once" \
	"$(count m/clients -path '*/invoices/*' -type l)" 800
check_equal "no link is broken" "$(find m -path m/.seam -prune -o -xtype l -print | head -n 3)" ""
check_equal "links are relative" "$(find m -path m/.seam -prune -o -type l -lname '/*' -print | head -n 3)" ""
check_equal "by/status has every invoice once" "$(count m/invoices/by/status -type l)" 800
check_equal "by/status/overdue" "$(count m/invoices/by/status/overdue -type l)" 102
check_equal "by/month has every invoice once" "$(count m/invoices/by/month -type l)" 800
check_equal "by/client has every invoice once" "$(count m/invoices/by/client -type l)" 800
check_equal "tasks/by/status has every task once" "$(count m/tasks/by/status -type l)" 2000
check_equal "the raw records of the tools" "$(count m/.seam/tools/board/task -type f)" 2000
check_not "nothing went wrong" test -e m/problems

# ---- the right bytes
for what in "clients m clients.csv" "invoices m" "deals m" "projects m" "tasks m" "time m"; do
	# shellcheck disable=SC2086
	out=$("$COMPARE" $what 2>&1) && result 0 "$what: $out" || { result 1 "$what" && show compare "$out"; }
done

# ---- the programs
check_equal "jq -r .email clients/*/client.json" "$(cd m && jq -r .email clients/*/client.json | sort | md5sum)" \
	"$(python3 -c 'import csv; [print(r["Contact e-mail"]) for r in csv.DictReader(open("clients.csv", newline="", encoding="utf-8"))]' | sort | md5sum)"
check_equal "grep -rl overdue invoices/" "$(cd m && grep -rl overdue invoices/ | wc -l)" 102
check_equal "grep -r finds each record of the whole tree once" "$(cd m && grep -rc --include='*.json' '' --exclude-dir=.seam . | wc -l)" 3840
check_equal "jq adds up all totals to the cent" "$(cat m/invoices/*.json | grep -o '"total": [0-9.]*' | cut -d' ' -f2 | paste -sd+ | bc)" \
	"$(directus GET '/items/invoices?limit=-1&fields=total' | jq -r '.data[].total' | paste -sd+ | bc)"
cat >sizes.py <<'END'
import os
bad = n = 0
for top, dirs, names in os.walk('m'):
    for name in names:
        path = os.path.join(top, name)
        st = os.lstat(path)
        if os.path.islink(path):
            bad += st.st_size != len(os.readlink(path).encode())
        elif '.seam/' not in path:
            bad += st.st_size != len(open(path, 'rb').read())
            n += 1
print(bad, 'wrong of', n)
END
check_equal "stat's sizes are those of wc -c, also of links" "$(python3 sizes.py)" "0 wrong of $((3843 + made))"
mkdir tarred copied
check "tar reads it without a complaint" sh -c 'tar -C m --exclude=.seam -cf all.tar . 2>tar.err && ! test -s tar.err'
tar -C tarred -xf all.tar
check "what tar packed is what is there" diff -r --no-dereference --exclude=.seam m tarred
check_equal "tar has each record once" "$(tar -tf all.tar | grep -c '\.json$')" "$(count m -path m/.seam -prune -o -name '*.json' -print)"
check "rsync -a" rsync -a --exclude=.seam m/ copied/
check "what rsync copied is what is there" diff -r --no-dereference --exclude=.seam m copied
check_equal "rsync -a again transfers nothing" "$(rsync -ai --exclude=.seam m/ copied/)" ""
check_equal "rsync -a --checksum again transfers nothing" "$(rsync -aic --exclude=.seam m/ copied/)" ""
check "cp -a" cp -a m/invoices copied-invoices
check_equal "find -newermt" "$(find m/invoices -maxdepth 1 -type f -newermt '2000-01-01' | wc -l)" 800
check_contains "README.md" "$(cat m/README.md)" "invoices"
for type in client invoice task; do
	check "the schema of $type is JSON" jq -e .properties "m/.seam/schema/$type.json"
done
check_equal "a raw record is the tool's own" "$(jq -r .subject m/.seam/tools/board/task/1.json)" "$(redmine GET /issues/1.json | jq -r .issue.subject)"
check "seamfs status lists the tools" sh -c "'$SEAMFS' status -m m | grep -Eq '^board +redmine +ok +2500 '"
check "seamfs tool test" "$SEAMFS" tool -c stack.json test billing

# ---- the same after a restart, and after kill -9
tree_of() { find m -path m/.seam -prune -o -printf '%i %y %s %p %l\n' | sort; }
tree_of >before.txt
md5sum m/invoices/*.json m/clients/*/client.json m/projects/*/tasks/*.json >before.md5
cp clients.csv before.csv
unmount
mount_up
tree_of >after.txt
check "inode numbers, names and sizes are the same right after a restart" cmp before.txt after.txt
check "the bytes too" md5sum --quiet -c before.md5
kill_daemon
mount_pulled
tree_of >after.txt
check "inode numbers, names and sizes are the same after kill -9 and a pull" cmp before.txt after.txt
check "the bytes too" md5sum --quiet -c before.md5
check_equal "nobody wrote into the sheet" "$(cmp before.csv clients.csv 2>&1)" ""
check_equal "nobody wrote into Directus" "$(directus GET '/items/invoices?limit=1&sort=-date_updated&fields=date_updated&filter[date_updated][_gte]=$NOW(-3%20minutes)' | jq -c .data)" "[]"
