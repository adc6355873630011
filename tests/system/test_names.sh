# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Clients with names that file systems, shells and people stumble over. Each is listed once, opened, saved (the cell in the
# CSV file changes, and only that), and has the same name and inode number after a restart.
. "$SRC/tests/system/lib.sh"

cat >make.py <<'END'
import csv, json
names = [
    'Ernst & Söhne / "Nord"', '..', '.', 'CON', 'aux.backup', 'a' * 300, 'ä' * 300, 'Case Study', 'CASE STUDY', 'שלום עולם בע״מ',
    'شركة النور', '🦊 Fox & Co', '👩‍👩‍👧 Family', 'line\nbreak', 'tab\there', ' spaces around ', 'trailing dots...', '-rf', '~', '*?[x]',
    'back\\slash', "quo'te", '$(touch pwned)', '`id`', '%s%n', 'client.json', '.hidden', '#hash', '\u202egnp.exe', 'zero\u200bwidth', 'e\u0301cole',
    '\u00e9cole', '{"json": 1}', '日本語株式会社', 'Straße', 'STRASSE', '=1+1', ';', ',', '4913',
]
with open('clients.csv', 'w', newline='', encoding='utf-8') as f:
    w = csv.writer(f, lineterminator='\n')
    w.writerow('ID,Company,Contact e-mail,Phone,Street,City,ZIP,Country,VAT,Status,Since,Internal note'.split(','))
    for i, n in enumerate(names, 1):
        w.writerow([f'C-{i:05}', n, f'old{i}@example.com', '', '', '', '', 'DE', f'DE{i:09}', 'active', '', ''])
json.dump(names, open('names.json', 'w'))
END
python3 make.py
COUNT=$(jq length names.json)
new_stack crm
mount_pulled

# look - what the tree shows, one JSON object a client, by e-mail number
cat >look.py <<'END'
import json, os, sys
seen = {}
for entry in sorted(os.listdir('m/clients')):
    if entry == 'by':
        continue
    path = os.path.join('m/clients', entry, 'client.json')
    with open(path, encoding='utf-8') as f:
        doc = json.load(f)
    seen[int(''.join(c for c in doc['email'].split('@')[0] if c.isdigit()))] = {
        'dir': entry, 'ino': os.stat(path).st_ino, 'dir_ino': os.stat(os.path.dirname(path)).st_ino, 'name': doc['name']}
json.dump(seen, sys.stdout, sort_keys=True, indent=1)
END
check "all are listed and can be opened" python3 look.py
python3 look.py >before.json
check_equal "each is listed once" "$(find m/clients -mindepth 1 -maxdepth 1 -type d ! -name by | wc -l)" "$COUNT"
check_equal "each has its own record" "$(jq length before.json)" "$COUNT"

cat >verify.py <<'END'
import json, unicodedata
names, seen = json.load(open('names.json')), json.load(open('before.json'))
bad, folded = [], {}
for i, want in enumerate(names, 1):
    got = seen[str(i)]
    d = got['dir']
    # A cell's outer blanks are no part of a name; everything else is kept as it is in the record itself.
    if unicodedata.normalize('NFC', got['name'].strip()) != unicodedata.normalize('NFC', want.strip()):
        bad.append(f'{i}: the record is called {got["name"]!r}, not {want!r}')
    if len(d.encode()) > 255 or '/' in d or d.startswith('.') or d.upper().split('.')[0] in ('CON', 'AUX', 'NUL', 'PRN'):
        bad.append(f'{i}: the folder is called {d!r}')
    if any(unicodedata.category(c) in ('Cc',) or c in '\u202e\u202d\u200b' for c in d) or unicodedata.normalize('NFC', d) != d:
        bad.append(f'{i}: the folder {d!r} has characters that nobody sees, or is not NFC')
    if d.casefold() in folded:
        bad.append(f'{i}: {d!r} and {folded[d.casefold()]!r} are one on Windows')
    folded[d.casefold()] = d
for i in (10, 11, 12, 34):
    if seen[str(i)]['dir'] != names[i - 1]:
        bad.append(f'{i}: {names[i - 1]!r} is shown as {seen[str(i)]["dir"]!r}')
print('\n'.join(bad) or 'good')
END
check_equal "the names are safe, and what is harmless is unchanged" "$(python3 verify.py)" good
check_equal "nothing was run or made by a name" "$(ls pwned 2>/dev/null)" ""

# ---- saving

cp clients.csv old.csv
fails=0
for i in $(seq "$COUNT"); do
	dir=$(jq -r ".\"$i\".dir" before.json)
	sed -i "s/old$i@example.com/new$i@example.com/" "m/clients/$dir/client.json" || { fails=$((fails + 1)) && say "sed -i failed in $dir"; }
done
check_equal "sed -i succeeds in each" $fails 0
wait_until 20 idle
sed -E 's/old([0-9]+@example)/new\1/' old.csv >want.csv
check_within 10 "the e-mail cells changed in the CSV file, and nothing else did" cmp want.csv clients.csv
[ "$FAILED" = 0 ] || diff want.csv clients.csv | head -n 10 | sed 's/^/# /'
python3 look.py >after.json
check "names and inode numbers are as before" cmp before.json after.json

remount
python3 look.py >after.json
check "names and inode numbers are as before after a restart" cmp before.json after.json
cmp -s before.json after.json || diff before.json after.json | head -n 20 | sed 's/^/# /'
kill_daemon
mount_pulled
python3 look.py >after.json
check "names and inode numbers are as before after kill -9" cmp before.json after.json
check_equal "the CSV file is still the same" "$(cmp want.csv clients.csv 2>&1)" ""

# ---- two rows with one name: both are there, and stay apart
tail -n 1 clients.csv | sed 's/^C-[0-9]*/C-77777/; s/new[0-9]*@/new901@/; s/DE000[0-9]*/DE777777777/; s/4913/Twin/' >twins.txt
sed 's/C-77777/C-77778/; s/new901/new902/; s/DE777777777/DE777777778/' twins.txt >>twins.txt.2
cat twins.txt twins.txt.2 >>clients.csv
check_within 10 "two clients with the same name are both there" prints $((COUNT + 2)) sh -c 'find m/clients -name client.json -type f | wc -l'
check_equal "each of them has its own bytes" "$(jq -r 'select(.name == "Twin").email' m/clients/*/client.json | sort | xargs)" \
	"new901@example.com new902@example.com"

# ---- a client renamed in the sheet: the old name still leads to it, unlisted
sed -i 's/Case Study/Renamed Study/' clients.csv
check_within 10 "a new name in the sheet is a new name in the tree" test -f "m/clients/Renamed Study/client.json"
check_equal "the old name is no longer listed" "$(find m/clients -maxdepth 1 -name 'Case Study*' | wc -l)" 0
check_equal "the old name still resolves" "$(jq -r .email 'm/clients/Case Study/client.json')" new8@example.com
check_equal "the other one, which differs only in case, is unchanged" \
	"$(jq -r .name "m/clients/$(jq -r '."9".dir' before.json)/client.json")" "CASE STUDY"

# ---- a client with the name of a folder that the tree itself needs
echo 'C-80001,by,by1@example.com,,,,,DE,DE800010001,active,,' >>clients.csv
check_within 10 "a client called \"by\" is there" sh -c 'cat m/clients/*/client.json | grep -q by1@example.com'
check "the views are still in by/" test -d m/clients/by/status/active
