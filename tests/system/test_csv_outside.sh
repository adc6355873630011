# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# The spreadsheet is edited by another program, which saves as LibreOffice does: a temporary file, then a rename. The change
# is in the tree within about a second; the poll is an hour away.
. "$SRC/tests/system/lib.sh"

POLL=1h new_stack crm
mount_pulled
DIR="m/clients/Greenfield Dental B.V"

save() { # SED - edits the sheet like an office program
	touch .~lock.clients.csv#
	sed "$1" clients.csv >lu123.tmp
	mv lu123.tmp clients.csv
	rm .~lock.clients.csv#
}

check_equal "the client, before" "$(jq -r .email "$DIR/client.json")" lukas.lund@greenfield-dental.example
save 's/lukas.lund@greenfield-dental.example/office@greenfield.example/'
check_within 2 "a changed cell" prints office@greenfield.example jq -r .email "$DIR/client.json"
check_equal "a changed cell: the size is right at once" "$(stat -c %s "$DIR/client.json")" "$(wc -c <"$DIR/client.json")"

save '$a C-90001,Neue Firma GmbH,neu@example.com,,,,,DE,DE900010001,prospect,,'
check_within 2 "a new row" prints neu@example.com jq -r .email "m/clients/Neue Firma GmbH/client.json"
check_equal "a new row is in its view" "$(readlink "m/clients/by/status/prospect/Neue Firma GmbH")" "../../../Neue Firma GmbH"
check "the view's link leads there" test -f "m/clients/by/status/prospect/Neue Firma GmbH/client.json"

save 's/,DE900010001,prospect,/,DE900010001,active,/'
check_within 2 "a changed status moves the link" test -L "m/clients/by/status/active/Neue Firma GmbH"
check_not "it is no longer where it was" test -L "m/clients/by/status/prospect/Neue Firma GmbH"

save '/^C-90001,/d'
check_within 2 "a removed row" sh -c '! test -e "m/clients/Neue Firma GmbH/client.json"'
check_equal "a removed row is not listed" "$(find m/clients -maxdepth 1 -name 'Neue*' | wc -l)" 0
check_equal "the others are all there" "$(find m/clients -name client.json | wc -l)" 500

# In place, without a rename, as a script does it.
python3 - <<'END'
text = open('clients.csv', encoding='utf-8').read()
open('clients.csv', 'w', encoding='utf-8').write(text.replace('office@greenfield.example', 'inplace@greenfield.example'))
END
check_within 2 "a file written in place" prints inplace@greenfield.example jq -r .email "$DIR/client.json"

# ---- both at once: the tree saves another cell of the row that was just edited outside
save 's/inplace@greenfield.example/outside@greenfield.example/'
sed -i 's/"city": "[^"]*"/"city": "Delft"/' "$DIR/client.json"
check_within 5 "edited on both sides: the cell from the tree" prints Delft cell clients.csv C-00001 City
check_equal "edited on both sides: the cell from outside" "$(cell clients.csv C-00001 'Contact e-mail')" outside@greenfield.example
check_within 5 "edited on both sides: the tree has both" prints "Delft outside@greenfield.example" \
	jq -r '.city + " " + .email' "$DIR/client.json"

# ---- a program reads the record, then it changes outside, then the program saves what it had read, with a change of its own
late() { python3 "$SRC/tests/system/late.py" "$@"; }
city_of() { grep '^C-00001,' clients.csv | grep -c -- ",$1,"; }
for how in rename truncate patch same threads; do
	OUTSIDE=$how-outside@greenfield.example
	check "$how: the record changes outside before it is saved" \
		late "$how" "$DIR/client.json" "$how" sed -i "s/,[a-z-]*outside@greenfield.example,/,$OUTSIDE,/" clients.csv
	check_within 5 "$how: the record has both changes" prints "$how $OUTSIDE" jq -r '.city + " " + .email' "$DIR/client.json"
	check_within 5 "$how: so has the sheet" prints 1 city_of "$how"
	check_equal "$how: and its other one" "$(cell clients.csv C-00001 'Contact e-mail')" "$OUTSIDE"
done
check "a change of one's own, taken back" \
	late back "$DIR/client.json" Elsewhere sed -i 's/,threads-outside@greenfield.example,/,back-outside@greenfield.example,/' clients.csv
check_equal "is taken back, and the other one stays" "$(jq -r '.city + " " + .email' "$DIR/client.json")" "threads back-outside@greenfield.example"
check "few fields are an order, also to be what they were when the program read them" \
	late order "$DIR/client.json" - sed -i '/^C-00001,/s/,threads,/,Elsewhere,/' clients.csv
check_within 5 "and so they are" prints threads jq -r .city "$DIR/client.json"
saves() { "$SEAMFS" log "$DIR/client.json" | grep -c 'city'; }
FIRST=$(jq -r .city "$DIR/client.json")
cp "$DIR/client.json" "$DIR/left.tmp"
outside() { sed -i "/^C-00001,/s/,$1,/,$2,/" clients.csv && wait_until 5 prints "$2" jq -r .city "$DIR/client.json"; }
check "the city changes outside" outside "$FIRST" Outer
jq --arg c "$FIRST" '.city = $c' "$DIR/client.json" >"$DIR/left.tmp" && mv "$DIR/left.tmp" "$DIR/client.json"
check_equal "what is set back by way of an old temporary file counts" "$(jq -r .city "$DIR/client.json")" "$FIRST"
read -r _ <"$DIR/client.json"
check "the city changes outside again" outside "$FIRST" Outer2
NEW=$(jq --arg c "$FIRST" '.city = $c' "$DIR/client.json")
echo "$NEW" >"$DIR/client.json"
check_equal "what a shell has set back by other programs counts" "$(jq -r .city "$DIR/client.json")" "$FIRST"
SAVES=$(saves)
for city in Delft Gouda Delft Gouda Delft Gouda Delft; do
	sed -i "s/\"city\": \"[^\"]*\"/\"city\": \"$city\"/" "$DIR/client.json"
done
check_equal "there and back in no time: each save counts" \
	"$(jq -r .city "$DIR/client.json") $(($(saves) - SAVES))" "Delft 7"

# ---- while the office program has the sheet open, it is not written behind its back, and the save is not lost
touch '.~lock.clients.csv#'
cp clients.csv open.csv
sed -i 's/"city": "Delft"/"city": "Leiden"/' "$DIR/client.json"
check_equal "the save succeeds while the sheet is open" "$?" 0
check_equal "the tree shows it" "$(jq -r .city "$DIR/client.json")" Leiden
rm '.~lock.clients.csv#'
check_within 20 "it arrives when the sheet is closed" prints Leiden cell clients.csv C-00001 City

# ---- a sheet that cannot be read for a moment
mv clients.csv away.csv
sleep 1
check_equal "without the sheet the records stay" "$(find m/clients -name client.json | wc -l)" 500
mv away.csv clients.csv
check_within 40 "the sheet is back: all is well" all_pulled
check_equal "the sheet is back: the records are all there" "$(find m/clients -name client.json | wc -l)" 500

# ---- a save waits while the sheet is open in LibreOffice; what is saved there is read all the same, and closing it is noticed
PHONE=$(cell clients.csv C-00005 Phone)
FIFTH=$(dirname "$(grep -lF -- "\"$(cell clients.csv C-00005 'Contact e-mail')\"" m/clients/*/client.json)")
SIXTH=$(dirname "$(grep -lF -- "\"$(cell clients.csv C-00006 'Contact e-mail')\"" m/clients/*/client.json)")
set_cell() { # ID COLUMN VALUE - as another program does it
	python3 - "$@" <<-'END'
		import csv, os, sys
		with open("clients.csv", newline="", encoding="utf-8") as f: rows = list(csv.reader(f))
		column = rows[0].index(sys.argv[2])
		for row in rows[1:]:
		    if row[0] == sys.argv[1]: row[column] = sys.argv[3]
		with open("new.csv", "w", newline="", encoding="utf-8") as f: csv.writer(f).writerows(rows)
		os.replace("new.csv", "clients.csv")
	END
}
touch '.~lock.clients.csv#'
echo waits >"$FIFTH/client.d/phone"
check_equal "the sheet is open: the save waits" "$(cell clients.csv C-00005 Phone) $(state_of "$FIFTH/client.json")" "$PHONE pending"
set_cell C-00006 City Outside
check_within 5 "what is saved there meanwhile is in the tree" prints Outside jq -r .city "$SIXTH/client.json"
rm '.~lock.clients.csv#'
check_within 5 "it is closed: the save is made" prints waits cell clients.csv C-00005 Phone

# ---- a conflict is settled by a text that speaks of it, and by no other
touch '.~lock.clients.csv#'
echo ours >"$FIFTH/client.d/phone"
set_cell C-00005 Phone theirs
check_within 5 "changed on both sides" prints conflict state_of "$FIFTH/client.json"
rm '.~lock.clients.csv#'
check "a text with another field only" sh -c "echo '{\"city\": \"Elsewhere\"}' >'$FIFTH/client.json'"
check_within 5 "is saved" prints Elsewhere cell clients.csv C-00005 City
check_equal "and settles nothing" "$(state_of "$FIFTH/client.json") $(cell clients.csv C-00005 Phone)" "conflict theirs"
cp "$FIFTH/client.json" whole.json
check "the whole record, as it is" cp whole.json "$FIFTH/client.json"
check_within 5 "settles it" prints ours cell clients.csv C-00005 Phone
