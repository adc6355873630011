# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 240
# Text editors with windows (GLib's way: a new file beside it, renamed over it) save a record.
. "$SRC/tests/desktop/lib.sh"

directus PATCH /items/invoices '{"keys": ["'"$(id INV-2026-0610)"'", "'"$(id INV-2026-0611)"'"], "data": {"notes": "Draft"}}' >reply.json
check_equal "before: Directus has the rows" "$(jq -r '.data[].notes' reply.json | xargs)" 'Draft Draft'
POLL=2s new_stack crm billing
mount_pulled
desktop

# edits PROGRAM NUMBER LEFT - its whole text is replaced from the clipboard, twice
edits() {
	local program=$1 number=$2 left=$3 file=$M/invoices/$2.json ino pid notes time
	ino=$(stat -c %i "$file")
	ls -A "$M/invoices" >before.txt
	"$program" "$file" >"$program.log" 2>&1 &
	pid=$!
	window "$number"
	for time in first second; do
		notes="With $program, the $time time, $(date +%s)"
		sed -E "s/\"notes\": .*/\"notes\": \"$notes\"/" "$file" >want.json
		directus_mark
		if [ "$program" = gedit ]; then head -c -1 want.json | clipboard; else clipboard <want.json; fi # it adds the end of the line
		keys ctrl+a ctrl+v ctrl+s
		one_update "$program, the $time time" "$number" notes "$notes"
		check_equal "$program, the $time time: the file is what was written" "$(cmp want.json "$file" 2>&1)" ''
		check_equal "$program, the $time time: the inode number" "$(stat -c %i "$file")" "$ino"
		check_equal "$program, the $time time: nothing else is there" "$(ls -A "$M/invoices" | diff before.txt - | sed -n 's/^[<>] //p')" "$left"
	done
	shot "$program"
	keys ctrl+q
	check_within 10 "$program has nothing more to save and ends" eval "! kill -0 $pid"
}

edits mousepad INV-2026-0610 ''
edits gedit INV-2026-0611 ''
check_lacks "nothing was refused" "$(ls -A "$M")" problems
