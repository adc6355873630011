# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# A record is saved by the ways in which programs save files. Each time the cell in the CSV file changes, the record keeps its
# inode number, its bytes are those that were written, and nothing else is left in the folder's listing.
. "$SRC/tests/system/lib.sh"
TRY=$SRC/tests/system/try.py

new_stack crm
mount_pulled
DIR="m/clients/Greenfield Dental B.V"
FILE=$DIR/client.json
INO=$(stat -c %i "$FILE")
NUMBER=0
LEFT='' # what the editor leaves there on purpose

# saved TEXT COMMAND... - COMMAND changes the city to $NEW
saved() {
	local text=$1 code
	shift
	cp clients.csv before.csv
	"$@" >editor.log 2>&1
	code=$?
	check_equal "$text: exit code" $code 0
	check_within 5 "$text: the cell" prints "$NEW" cell clients.csv C-00001 City
	check_equal "$text: no other cell" "$(diff before.csv clients.csv | grep -c '^[<>]')" 2
	check_equal "$text: the record" "$(jq -r .city "$FILE")" "$NEW"
	check_equal "$text: its size" "$(stat -c %s "$FILE")" "$(wc -c <"$FILE")"
	check_equal "$text: its inode number" "$(stat -c %i "$FILE")" "$INO"
	check_within 5 "$text: nothing else is there" eval "[ \"\$(ls -A \"\$DIR\" | grep -vE '^(contacts|deals|quotes|invoices|ledger|payments|projects|documents)$' | xargs)\" = \"client.json\${LEFT:+ \$LEFT}\" ]"
	[ -z "$LEFT" ] || rm -f "$DIR/$LEFT"
	LEFT=''
	next
}

next() {
	NUMBER=$((NUMBER + 1))
	NEW=Town$NUMBER
	sed -E "s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" "$FILE" >new.json
}

next
saved "sed -i" sed -i -E "s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" "$FILE"
saved "cp" cp new.json "$FILE"
saved "tee" sh -c "tee '$FILE' <new.json"
saved "cat >" sh -c "cat new.json >'$FILE'"
saved "dd in small pieces" dd if=new.json of="$FILE" bs=5 status=none
saved "truncate and many small writes" sh -c "'$TRY' pieces '$FILE' <new.json | grep -qx ok"
saved "in place, without truncating first" sh -c "'$TRY' over '$FILE' <new.json | grep -qx ok"
saved "os.replace in Python" sh -c "'$TRY' rename '$FILE' <new.json | grep -qx ok"
saved "rsync" rsync --checksum new.json "$FILE"
saved "rsync --inplace" rsync --checksum --inplace new.json "$FILE"
saved "cp --remove-destination" cp --remove-destination new.json "$FILE"
saved "mv from another file system" sh -c "cp new.json /dev/shm/seamfs-$$ && mv /dev/shm/seamfs-$$ '$FILE'"
saved "a removed file is made anew" sh -c "rm '$FILE' && cat new.json >'$FILE'"
saved "perl -i" perl -i -pe "s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" "$FILE"
saved "jq and mv" sh -c "jq '.city = \"$NEW\"' '$FILE' >'$DIR/.tmp' && mv '$DIR/.tmp' '$FILE'"
if command -v ed >/dev/null; then
	saved "ed" sh -c "printf '%s\n' ',s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/' w q | ed -s '$FILE'"
fi
if command -v vim >/dev/null; then
	saved "vim" vim -Nu NONE -es -c 'set backupskip=' -c "%s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" -c wq "$FILE"
	saved "vim, backupcopy=no" vim -Nu NONE -es -c 'set backupskip= backupcopy=no' -c "%s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" -c wq "$FILE"
	LEFT=client.json~
	saved "vim, backup=on" vim -Nu NONE -es -c 'set backup backupskip= backupcopy=no' -c "%s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" -c wq "$FILE"
	saved "vim, with a swap file" vim -Nu NONE -es -c 'set backupskip= swapfile directory=.' -c "%s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" -c wq "$FILE"
fi
# GNOME (g_file_replace) writes a temporary file beside it and renames it over the file.
saved "GNOME" sh -c "cp new.json '$DIR/.goutputstream-A1B2C3' && mv '$DIR/.goutputstream-A1B2C3' '$FILE'"
# KDE (QSaveFile), VS Code with atomic saves, and others: NAME.XXXXXX.
saved "KDE" sh -c "cp new.json '$DIR/client.json.aBcDeF' && mv '$DIR/client.json.aBcDeF' '$FILE'"
LEFT=client.json~
saved "emacs: renames to the backup, then writes anew" sh -c "ln -s me@host.1:2 '$DIR/.#client.json'; mv '$FILE' '$FILE~' && cat new.json >'$FILE'; rm '$DIR/.#client.json'"
LEFT=client.json.bak
saved "perl -i.bak" perl -i.bak -pe "s/\"city\": \"[^\"]*\"/\"city\": \"$NEW\"/" "$FILE"
saved "a partial record: absent keys are unchanged" sh -c "echo '{\"city\": \"$NEW\"}' >'$FILE'"
check_equal "a partial record: what was absent is still in the sheet" "$(cell clients.csv C-00001 'Contact e-mail')" lukas.lund@greenfield-dental.example
saved "a save through a view's link" sh -c "jq '.city = \"$NEW\"' '$FILE' >p.json && cat p.json >\"\$(echo 'm/clients/by/country/NL/Greenfield Dental B.V')/client.json\""

# ---- two writers: the last save of each field counts, and nothing is torn
exec 7<>"$FILE"
printf '{"city": "Seven"}\n' >&7
sed -i 's/"zip": "[^"]*"/"zip": "7777"/' "$FILE"
exec 7>&-
wait_until 10 idle
check_equal "two writers: a whole record" "$(jq -r .zip "$FILE")" 7777

# ---- mmap and a reader that keeps the file open
cat >keep.py <<'END'
import mmap, os, subprocess, sys
path = sys.argv[1]
with open(path, 'rb') as f:
    with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
        assert bytes(m) == open(path, 'rb').read(), 'mmap reads other bytes'
    old = f.read()
    subprocess.run(['sed', '-i', 's/"phone": "[^"]*"/"phone": "+31 1"/', path], check=True)
    assert b'+31 1' in open(path, 'rb').read(), 'a new reader does not see the new bytes'
END
check "mmap reads, and a reader that holds the file open" python3 keep.py "$FILE"

# ---- the same content again is no change
wait_until 10 idle
cp clients.csv before.csv
MTIME=$(stat -c %Y.%y clients.csv)
cp "$FILE" same.json
cat same.json >"$FILE"
sed -i s/nothing-to-find/x/ "$FILE"
sleep 1
check_equal "the same content again does not touch the sheet" "$(stat -c %Y.%y clients.csv)" "$MTIME"
check "the bytes are the same" cmp same.json "$FILE"
