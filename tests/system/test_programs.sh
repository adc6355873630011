# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2016
# needs: rig
# seconds: 170
# Real programs save a record, each in its own way, and Directus' own log says what reached it: for every save exactly one
# update of that row, no create, no delete, and no request about any of the names that the programs put beside it.
. "$SRC/tests/system/lib.sh"

export RUN
RUN=$(date +%s)
POLL=2s new_stack crm billing
# Short, so that a removal which no new file undid would reach Directus while the test still looks.
sed -i 's/"poll":/"grace": "4s", "poll":/' stack.json
FIRST=501 FIRST_DRAFT=781 # invoices; only drafts may be removed, so only they are saved by removing first

# ---- the rows before: notes of a known length, for what writes over it in place

number() { printf 'INV-2026-%04d' "$1"; }
id() { printf 'a1000000-0000-4000-8000-%012d' "$1"; }
was() { printf 'Draft %03d of %s' "$1" "$RUN"; }
is() { printf 'Saved %03d of %s' "$1" "$RUN"; }

for n in $(seq $FIRST 600) $(seq $FIRST_DRAFT 800); do
	jq -nc --arg id "$(id "$n")" --arg notes "$(was "$n")" '{id: $id, notes: $notes}'
done | jq -sc . >before.json
directus PATCH /items/invoices "$(cat before.json)" >reply.json
check_equal "before: Directus has the rows" "$(jq '.data | length' reply.json)" 120
mount_pulled
D=$M/invoices
ls -A "$D" >names.txt
check_equal "before: 800 invoices and their views" "$(wc -l <names.txt)" 801
directus_mark

# ---- one save

LEFT=''     # what the program leaves beside the record on purpose
REMOVES=    # it removes the record and makes a new one
: >rows.txt # ID UPDATES NAME

# saves NAME SCRIPT - the script has to bring the text in $W (the record's with its notes changed from $O to $N) into the file $F,
# $NUMBER.json in the folder $D. What it writes into $W is the text that is expected then.
saves() { run_row 1 "$@"; }

# same NAME SCRIPT - the script saves without a change of content
same() { run_row 0 "$@"; }

run_row() {
	local updates=$1 name=$2 script=$3 n ino
	if [ -n "$REMOVES" ]; then n=$FIRST_DRAFT FIRST_DRAFT=$((n + 1)); else n=$FIRST FIRST=$((n + 1)); fi
	export D N O NUMBER F W=$PWD/want.json
	NUMBER=$(number "$n") O=$(was "$n") N=$(is "$n")
	F=$D/$NUMBER.json
	[ "$updates" = 1 ] || N=$O
	sed "s/$O/$N/" "$F" >"$W"
	touch -d '2026-11-02 03:04:05' "$W"
	ino=$(stat -c %i "$F")
	ls -A "$D" >beside.txt
	timeout 20 bash -euc "$script" <"$W" >said.txt 2>&1
	check_equal "$name: exit code" "$? $(sed -n '/cannot\|not permitted\|[Ee]rror/p' said.txt)" '0 '
	check_within 5 "$name: Directus has it" prints "$N" directus_field invoices id "$(id "$n")" notes
	check_equal "$name: the file is what was written" "$(cmp "$W" "$F" 2>&1)" ''
	check_equal "$name: the inode number" "$(stat -c %i "$F")" "$ino"
	check_equal "$name: nothing else is there" "$(ls -A "$D" | diff beside.txt - | sed -n 's/^[<>] //p' | sort | xargs)" "$(eval "echo $LEFT")"
	[ -z "$LEFT" ] || (cd "$D" && eval "rm -rf $LEFT")
	echo "$(id "$n") $updates $name" >>rows.txt
	LEFT='' REMOVES=
}

# Programs for a terminal get one, and keys.
export TERM=xterm
cat >nano.exp <<'END'
set timeout 10
spawn -noecho nano {*}$argv $env(F)
expect $env(NUMBER)
send "\x1c$env(O)\r$env(N)\r"
expect "Replace this"
send "a"
expect "Replaced"
send "\x0f\r"
expect "Wrote"
send "\x18"
expect eof
END
cat >vim.exp <<'END'
set timeout 10
spawn -noecho vim $env(F)
expect $env(NUMBER)
send ":set backupskip=\r"
send ":%s/$env(O)/$env(N)/\r"
expect $env(N)
send ":w\r"
expect "written"
send ":q\r"
expect eof
END
cat >emacs.exp <<'END'
set timeout 15
spawn -noecho emacs -nw -Q --eval "(setq backup-enable-predicate 'identity)" $env(F)
expect $env(NUMBER)
send "\x1b%$env(O)\r$env(N)\r!"
expect "Replaced"
send "\x18\x13"
expect "Wrote"
send "\x18\x03"
expect eof
END

VIM='vim -Nu NONE -es -c "set backupskip= directory=." -c "set $1" -c "%s/$O/$N/" -c wq "$F"'
for how in auto yes no; do
	saves "vim, backupcopy=$how" "set -- backupcopy=$how; $VIM"
done
saves "vim, swap file, nowritebackup" "set -- 'swapfile nowritebackup'; $VIM"
LEFT='$NUMBER.json~'
saves "vim, backup" "set -- backup; $VIM"
saves "vim in a terminal" 'expect vim.exp'
saves "nano" 'expect nano.exp'
LEFT='$NUMBER.json~'
saves "nano --backup" 'expect nano.exp --backup'
# A batch makes no backup and no lock unless told to, and none is made below /tmp.
EMACS='emacs -Q --batch "$F" --eval "(progn (setq backup-inhibited nil create-lockfiles t backup-enable-predicate (quote identity)) $1 (search-forward (getenv \"O\")) (replace-match (getenv \"N\")) (save-buffer))"'
LEFT='$NUMBER.json~'
saves "emacs, a batch" "set -- ''; $EMACS"
LEFT='$NUMBER.json~'
saves "emacs, backup-by-copying" "set -- '(setq backup-by-copying t)'; $EMACS"
LEFT='$NUMBER.json~'
saves "emacs, file-precious-flag" "set -- '(setq file-precious-flag t)'; $EMACS"
saves "emacs, no backup" "set -- '(setq make-backup-files nil)'; $EMACS"
LEFT='$NUMBER.json~'
saves "emacs in a terminal" 'expect emacs.exp'
saves "ed" 'printf "%s\n" ",s/$O/$N/" w q | ed -s "$F"'
saves "sed -i" 'sed -i "s/$O/$N/" "$F"'
LEFT='$NUMBER.json.bak'
saves "sed -i.bak" 'sed -i.bak "s/$O/$N/" "$F"'
saves "perl -i" 'perl -i -pe "s/$O/$N/" "$F"'
LEFT='$NUMBER.json.bak'
saves "perl -i.bak" 'perl -i.bak -pe "s/$O/$N/" "$F"'
saves "gio save" 'gio save "$F"'
LEFT='$NUMBER.json~'
saves "gio save --backup" 'gio save --backup "$F"'
saves "gio save --unlink" 'gio save --unlink "$F"'
saves "patch" 'diff -u "$F" "$W" >p.diff || patch -s "$F" p.diff'

# ---- copying

saves "cp" 'cp "$W" "$F"'
saves "cp -p" 'cp -p "$W" "$F"; [ "$(stat -c %Y "$F")" = "$(stat -c %Y "$W")" ]'
REMOVES=1
saves "cp --remove-destination" 'cp --remove-destination "$W" "$F"'
LEFT='$NUMBER.json~'
saves "cp --backup" 'cp --backup "$W" "$F"'
REMOVES=1
saves "install" 'install -m 644 "$W" "$F"'
REMOVES=1
saves "mv from another file system" 't=$(mktemp -p /dev/shm); cp "$W" "$t"; mv "$t" "$F"'
REMOVES=1
saves "mv -f from another file system" 't=$(mktemp -p /dev/shm); cp "$W" "$t"; mv -f "$t" "$F"'
saves "rsync -a" 'rsync -a "$W" "$F"; [ -z "$(rsync -ai "$W" "$F")" ]'
saves "rsync --inplace" 'rsync -a --inplace "$W" "$F"; [ -z "$(rsync -ai "$W" "$F")" ]'
LEFT='$NUMBER.json~'
saves "rsync --backup" 'rsync -a --backup "$W" "$F"'
saves "rsync --delay-updates of a folder" 'mkdir from; cp -p "$W" "from/$NUMBER.json"; rsync -a --delay-updates from/ "$D"; rm -r from'
REMOVES=1
saves "tar -x" 'cp -p "$W" "$NUMBER.json"; tar -c "$NUMBER.json" | tar -x -C "$D"; rm "$NUMBER.json"'
saves "tar -x --overwrite" 'cp -p "$W" "$NUMBER.json"; tar -c "$NUMBER.json" | tar -x --overwrite -C "$D"; rm "$NUMBER.json"'
REMOVES=1
saves "unzip -o" 'cp -p "$W" "$NUMBER.json"; zip -q z.zip "$NUMBER.json"; unzip -qo z.zip -d "$D"; rm z.zip "$NUMBER.json"'
saves "curl -o" 'curl -sS -o "$F" "file://$W"'
REMOVES=1
saves "git checkout, its repository outside" '
	git init -q g; cp "$W" "g/$NUMBER.json"
	git -C g add . ; git -C g -c user.name=x -c user.email=x@y.example commit -qm x
	git --git-dir=g/.git --work-tree="$D" checkout -q -f HEAD -- "$NUMBER.json"; rm -rf g'

# ---- the shell

saves "cat >" 'cat "$W" >"$F"'
saves "{ a; b; } >" '{ head -n 3 "$W"; sleep 0.1; tail -n +4 "$W"; } >"$F"'
saves "a descriptor kept open" 'exec 5>"$F"; head -c 100 "$W" >&5; sleep 0.1; tail -c +101 "$W" >&5; exec 5>&-'
saves "tee" 'tee "$F" <"$W"'
saves "sponge" 'sed "s/$O/$N/" "$F" | sponge "$F"'
saves "dd of=" 'dd if="$W" of="$F" bs=64 status=none'
saves "dd conv=notrunc, a part of the same length" '
	at=$(grep -obF "$O" "$F" | cut -d : -f 1)
	printf %s "$N" | dd of="$F" bs=1 seek="$at" conv=notrunc status=none'
JQ='jq --arg n "$N" ".notes = \$n" "$F"'
saves "jq and mv" "$JQ"' >"$D/t"; cp "$D/t" "$W"; mv "$D/t" "$F"'
saves "jq and mv, a hidden file" "$JQ"' >"$D/.$NUMBER.json.tmp"; cp "$D/.$NUMBER.json.tmp" "$W"; mv "$D/.$NUMBER.json.tmp" "$F"'
saves "jq and mv, a temporary file that looks like a record" "$JQ"' >"$D/tmp.json"; cp "$D/tmp.json" "$W"; mv "$D/tmp.json" "$F"'
saves "jq and sponge" "$JQ"' >"$W"; '"$JQ"' | sponge "$F"'
same ">> of an empty line" 'echo >>"$F"'
same "tee -a of an empty line" 'echo | tee -a "$F"'
same "touch" 'touch "$F"'
same "cp of the same text" 'cp "$W" "$F"'
same "sed -i that finds nothing" 'sed -i s/nothing-of-this-kind/x/ "$F"'
same "chmod, chown" 'chmod 600 "$F"; chown 0:0 "$F"'

# ---- languages' libraries

saves "Python, open(…, 'w')" 'python3 -c "
import os
text = open(os.environ[\"W\"]).read()
with open(os.environ[\"F\"], \"w\") as f:
    f.write(text)"'
saves "Python, open(…, 'r+')" 'python3 -c "
import os
with open(os.environ[\"F\"], \"r+\") as f:
    text = f.read().replace(os.environ[\"O\"], os.environ[\"N\"])
    f.seek(0)
    f.write(text)
    f.truncate()"'
saves "Python, tempfile and os.replace" 'python3 -c "
import os, tempfile
with tempfile.NamedTemporaryFile(\"w\", dir=os.environ[\"D\"], delete=False) as f:
    f.write(open(os.environ[\"W\"]).read())
    f.flush()
    os.fsync(f.fileno())
os.replace(f.name, os.environ[\"F\"])"'
saves "Python, a temporary .json file and os.replace" 'python3 -c "
import os, tempfile
with tempfile.NamedTemporaryFile(\"w\", dir=os.environ[\"D\"], suffix=\".json\", delete=False) as f:
    f.write(open(os.environ[\"W\"]).read())
os.replace(f.name, os.environ[\"F\"])"'
REMOVES=1
saves "Python, shutil.move from another file system" 'cp "$W" "/dev/shm/$NUMBER"; python3 -c "
import os, shutil
os.remove(os.environ[\"F\"])
shutil.move(\"/dev/shm/\" + os.environ[\"NUMBER\"], os.environ[\"F\"])"'
NODE='const fs = require("fs"), e = process.env, text = fs.readFileSync(e.W);'
saves "node, fs.writeFileSync" "node -e '$NODE fs.writeFileSync(e.F, text)'"
saves "node, fs.promises.writeFile with flush" "node -e '$NODE fs.promises.writeFile(e.F, text, {flush: true})'"
saves "node, write-file-atomic's way" "node -e '$NODE (async () => {
	const t = e.F + \".\" + process.pid, f = await fs.promises.open(t, \"w\", 0o600);
	await f.writeFile(text); await f.sync(); await f.close();
	await fs.promises.chmod(t, 0o644); await fs.promises.rename(t, e.F); })()'"
# Visual Studio Code opens the existing file with r+, truncates it, writes, and calls fdatasync (its pfs.doWriteFileAndFlush).
saves "Visual Studio Code's way" 'python3 -c "
import os
text = open(os.environ[\"W\"], \"rb\").read()
fd = os.open(os.environ[\"F\"], os.O_RDWR)
os.ftruncate(fd, 0)
os.pwrite(fd, text, 0)
os.fdatasync(fd)
os.close(fd)"'
saves "in place without truncating, then fsync" '"$SRC/tests/system/try.py" over "$F" <"$W" | grep -qx ok; sync "$F"'

# ---- what is no save of a record

GIT='git -c user.name=x -c user.email=x@y.example -C "$D/work"'
LEFT=work
same "git in a folder of its own, in the collection" '
	mkdir "$D/work"
	git init -q "$D/work"
	for i in 1 2 3; do cp "$W" "$D/work/INV-2026-900$i.json"; '"$GIT"' add . ; '"$GIT"' commit -qm $i; done
	'"$GIT"' checkout -q HEAD~1
	'"$GIT"' fsck --strict
	[ "$('"$GIT"' ls-files | wc -l)" = 2 ]
	cmp "$W" "$D/work/INV-2026-9002.json"'

# An invoice that was sent cannot be removed, so a program that saves by removing is refused, and has lost nothing.
n=$FIRST FIRST=$((FIRST + 1))
F=$D/$(number "$n").json
cp "$F" kept.json
sed "s/$(was "$n")/$(is "$n")/" "$F" >/dev/shm/seamfs-"$RUN"
check_not "mv over a paid invoice from another file system is refused" mv /dev/shm/seamfs-"$RUN" "$F"
check_equal "… the record is as it was" "$(cmp kept.json "$F" 2>&1)" ''
check "… and the other file is still there" rm /dev/shm/seamfs-"$RUN"

# ---- Directus' word on all of it, when every time of grace is over

wait_until 10 idle
sleep 7
wait_until 10 idle
check_equal "after: the same names as before" "$(ls -A "$D" | diff names.txt - 2>&1)" ''
check_equal "after: Directus has as many invoices" "$(directus GET '/items/invoices?limit=0&meta=total_count' | jq .meta.total_count)" 800
check_lacks "after: nothing was refused" "$(ls -A "$M")" problems
directus_did >did.txt
directus_asked >asked.txt
while read -r id updates name; do
	want=''
	[ "$updates" = 0 ] || want="$id update invoices notes"
	check_equal "$name: Directus did $updates update, of the notes" "$(grep "^$id " did.txt)" "$want"
	[ "$updates" = 0 ] || want="PATCH /items/invoices/$id 200"
	check_equal "$name: Directus was asked for $updates update" "$(grep "$id" asked.txt)" "$want"
done <rows.txt
cut -d ' ' -f 1 rows.txt >ids.txt
check_equal "nothing else was done in Directus" "$(grep -vFf ids.txt did.txt)" ''
check_equal "nothing else was asked of Directus" "$(grep -vFf ids.txt asked.txt)" ''
