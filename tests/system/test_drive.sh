# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2153
# seconds: 120
# Documents on a real WebDAV server (Apache): read on demand, written here first, told afterwards; saved by editors, changed by others
# at the same time, and seamfs killed in the midst of it.
. "$SRC/tests/system/lib.sh"

"$SRC/tests/rig/dav" "$PWD/dav" apache >dav.txt 2>&1 || bail "the WebDAV server: $(tail -1 dav.txt)"
trap '"$SRC/tests/rig/dav" "$PWD/dav" stop >/dev/null 2>&1; finish || exit 1' EXIT
. "$PWD/dav/dav.env"
R=$PWD/dav/apache/root D=m/documents CACHE=$PWD/home/cache
export XDG_CACHE_HOME=$CACHE
cat >stack.json <<-END
	{"company": "Drive", "state": "state", "poll": "1s", "cache": "500 MB", "owners": {"document": "drive"},
	 "tools": {"drive": {"connector": "webdav", "url": "$APACHE_URL", "user": "rig", "password": {"file": "dav/password"}}}}
END

there() { cat "$R/$1" 2>/dev/null; }
put() { printf "%s" "$2" >put.tmp && chown www-data put.tmp && mv put.tmp "$R/$1"; } # another client of the server
same() { cmp -s "$D/$1" "$R/$1"; }
names() { (cd "$1" && find . -path ./.seam-trash -prune -o -path ./readonly -prune -o -name .DAV -prune -o -print | LC_ALL=C sort); }
equal() { [ "$(names "$D")" = "$(names "$R")" ] && diff -r -x .seam-trash -x .DAV -x readonly "$D" "$R" >/dev/null; }

mkdir -p "$R/Clients/Acme" && put Clients/Acme/offer.txt offer && put "Clients/Acme/ä ñ 日本 #1?%.txt" names
head -c 3000000 /dev/urandom >"$R/middle.bin"
truncate -s 2G "$R/video.bin" && printf 'MIDDLE' | dd of="$R/video.bin" bs=1 seek=1073741824 conv=notrunc status=none
chown -R www-data "$R"
seq 20000 >big.txt
mount_pulled

# ---- reading
check_equal "the tree is there, with any name" "$(names "$D")" "$(names "$R")"
check_equal "sizes are exact before anything is read" "$(stat -c %s "$D/video.bin")" 2147483648
check_equal "and nothing was fetched" "$(find "$CACHE" -name '*.part' -o -name '*.map' | wc -l)" 0
check_equal "the middle of 2 GB" "$(dd if="$D/video.bin" bs=1M skip=1024 count=1 status=none | head -c 6)" MIDDLE
check "costs less than 8 MB" test "$(du -sm "$CACHE" | cut -f1)" -lt 8
rm "$R/video.bin"
check "a file is read as it is there" same middle.bin
check "a name with every kind of character" same "Clients/Acme/ä ñ 日本 #1?%.txt"

# ---- saving
check "vim saves" vim -es -u NONE -N -c '%s/offer/vim/' -c wq "$D/Clients/Acme/offer.txt"
check_within 8 "vim's save is there" sh -c "[ \"\$(cat '$R/Clients/Acme/offer.txt')\" = vim ]"
sed -i s/vim/sed/ "$D/Clients/Acme/offer.txt"
check_within 8 "sed's save is there" sh -c "[ \"\$(cat '$R/Clients/Acme/offer.txt')\" = sed ]"
printf more | python3 "$SRC/tests/system/try.py" append "$D/Clients/Acme/offer.txt" >/dev/null
check_within 8 "what was appended is there" sh -c "grep -q more '$R/Clients/Acme/offer.txt'"
cp -r /usr/share/doc/bash "$D/doc" && git -c init.defaultBranch=main init -q "$D/repo" && echo a >"$D/repo/f" &&
	git -C "$D/repo" add f && git -C "$D/repo" -c user.email=a@b -c user.name=n commit -qm one
sqlite3 "$D/books.db" 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)'
"${SEAMFS%/*}/fsx" -s 11 -n 500 "$D/fsx.bin" >fsx.txt || cat fsx.txt
check_within 20 "folders, a repository, a database and random writes are there" idle
check_within 5 "the same on both sides" equal
check "git finds its repository whole there" git -C "$R/repo" -c safe.directory='*' fsck --strict
check_equal "SQLite its database" "$(sqlite3 "$R/books.db" 'SELECT sum(a) FROM t')" 3
check_equal "no lock or temporary file was sent" "$(find "$R" -name '*.swp' -o -name '*~' -o -name '4913' -o -name '*.lock' | wc -l)" 0

# ---- moving and removing
mkdir "$D/New" && mv "$D/doc" "$D/New/papers" && mv "$D/middle.bin" "$D/New/"
check_within 15 "moved" idle
check "moved there too" test -d "$R/New/papers" -a -f "$R/New/middle.bin" -a ! -e "$R/doc"
rm "$D/New/middle.bin" && rm -r "$D/repo"
check_within 40 "removed" idle
check "removed there" test ! -e "$R/New/middle.bin" -a ! -e "$R/repo"
check_equal "and kept in the trash" "$(find "$R/.seam-trash" -name middle.bin | wc -l)" 1
check "from which it comes back" mv "$(find m/.seam/trash/documents -name middle.bin)" "$D/"
check_within 10 "it is back" same middle.bin
wait_until 10 idle
INODE=$(stat -c %i "$D/middle.bin")
mv "$R/middle.bin" "$R/Clients/renamed.bin"
check_within 8 "renamed there" test -e "$D/Clients/renamed.bin"
check_equal "it is the same file still" "$(stat -c %i "$D/Clients/renamed.bin")" "$INODE"
rm "$R/Clients/renamed.bin"
check_within 8 "removed there, it is gone" sh -c "! test -e $D/Clients/renamed.bin"

# ---- the folder of a client
mkdir "m/clients/Acme & Söhne" && cp big.txt "m/clients/Acme & Söhne/contract.txt"
check_within 15 "a file that is dropped into a client's folder is one of its documents" cmp -s big.txt "$R/Clients/Acme & Söhne/contract.txt"
check "the link is there" cmp big.txt "m/clients/Acme & Söhne/documents/contract.txt"
check "and the file is no longer beside the record" test ! -e "m/clients/Acme & Söhne/contract.txt"
cp stack.json "m/clients/Acme & Söhne/contract.txt"
check_within 15 "another one of that name is kept beside it" cmp -s stack.json "$R/Clients/Acme & Söhne/contract ~2.txt"
mv "m/clients/Acme & Söhne" "m/clients/Acme GmbH"
check_within 15 "the folder follows when the client is renamed" cmp -s big.txt "$R/Clients/Acme GmbH/contract.txt"
check_within 10 "and so does the link" cmp -s big.txt "m/clients/Acme GmbH/documents/contract.txt"

# ---- two at once
put note.txt "first"
check_within 8 "a note" test -e "$D/note.txt"
python3 - <<'END' &
import os, time
text = open("m/documents/note.txt").read()
time.sleep(3)
open("m/documents/note.txt.new", "w").write(text + " and mine")
os.rename("m/documents/note.txt.new", "m/documents/note.txt")
END
sleep 1 && put note.txt "first and theirs" && wait $!
check_within 15 "both versions are there" sh -c "[ \$(ls $R | grep -c '^note') = 2 ]"
check_equal "under the name is what was saved here" "$(there note.txt)" "first and mine"
check_equal "beside it, theirs" "$(there "$(cd "$R" && ls | grep 'note (conflict of .* from drive).txt')")" "first and theirs"
check_within 8 "and both are seen" sh -c "[ \$(ls $D | grep -c '^note') = 2 ]"

# ---- open meanwhile
put long.txt "$(printf 'old%.0s' {1..30000})" && put two.txt "xx" && put full.bin "$(head -c 2000000 /dev/zero | tr '\0' f)"
check_within 8 "three files" test -e "$D/full.bin" -a -e "$D/long.txt" -a -e "$D/two.txt"
wait_until 5 sh -c "[ -s $D/full.bin ] && [ -s $D/long.txt ]"
cat "$D/full.bin" "$D/long.txt" >/dev/null
cat >open.py <<-'END'
	import os, sys, time
	R, D = sys.argv[1], "m/documents/"
	tmp = open(D + "a.tmp", "wb", 0); tmp.write(b"first"); os.rename(D + "a.tmp", D + "a.txt")
	late, soon = os.open(D + "two.txt", os.O_RDWR), os.open(D + "two.txt", os.O_RDWR)
	os.pwrite(soon, b"A", 0); os.close(soon)
	gone = os.open(D + "gone.bin", os.O_RDWR | os.O_CREAT); os.write(gone, b"one"); os.unlink(D + "gone.bin"); os.write(gone, b"two")
	old = os.open(D + "long.txt", os.O_RDONLY)
	os.pread(old, 90000, 0)
	with open(R + "/long.new", "w") as f: f.write("new" * 30000)
	os.rename(R + "/long.new", R + "/long.txt")
	time.sleep(4)
	new = os.open(D + "long.txt", os.O_RDONLY)
	os.pread(new, 3, 0); os.pread(old, 90000, 0)
	print(os.pread(new, 90000, 0) == b"new" * 30000, os.pread(gone, 9, 0) == b"onetwo", os.fstat(gone).st_size)
	tmp.write(b" second"); tmp.close()
	os.pwrite(late, b"B", 1); os.close(late)
END
check_equal "an old version, and a removed file, are no matter for others" "$(python3 open.py "$R" 2>&1)" "True True 6"
mount -t tmpfs -o size=1m none state/staged
check_errno "no room for what is written" ENOSPC python3 "$SRC/tests/system/try.py" append "$D/full.bin" <stack.json
umount state/staged
check "the file is as it was" same full.bin
check_within 8 "all of a file that was renamed while it was open is there" prints "first second" cat "$R/a.txt"
check_within 8 "what two wrote" prints AB cat "$R/two.txt"
check_equal "is no conflict" "$(printf '%s\n' "$R"/two*)" "$R/two.txt"

# ---- not allowed
echo x >"$D/readonly/x.txt"
check_within 10 "what the server does not allow is said" sh -c "grep -q 'readonly/x.txt' m/problems/*"
check_equal "at the file" "$(getfattr --only-values -n user.seam.state "$D/readonly/x.txt" 2>&1)" rejected
check_errno "and the next one is refused at once" EACCES python3 "$SRC/tests/system/try.py" new "$D/readonly/y.txt" <stack.json
rm "$D/readonly/x.txt"

# ---- killed, and offline
head -c 150000000 /dev/urandom >big && cp big "$D/big.bin"
check_within 10 "a large file is on its way" sh -c "[ \$(find $R -size +1M -newer big | wc -l) -gt 0 ]"
kill -KILL "$DAEMON"
mount_up
check_within 30 "after a kill it arrives" sh -c "cmp -s big $R/big.bin"
check_within 5 "nothing waits" idle
"$SRC/tests/rig/dav" "$PWD/dav" stop >/dev/null 2>&1
echo offline >"$D/offline.txt"
check_equal "without the server, what was read is read on" "$(head -c 5 "$D/note.txt")" first
check "and it is written" grep -q offline "$D/offline.txt"
check_fails_read() { ! timeout 20 cat "$D/New/papers/FAQ.gz" >/dev/null 2>&1; }
rm -rf "$CACHE"
unmount && mount_up
check "what was not sent survives, also without the cache" grep -q offline "$D/offline.txt"
check "what is not here is refused, and does not hang" check_fails_read
unmount
