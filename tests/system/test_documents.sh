# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# documents/ is the drive tool's folder: the same bytes both ways, also big ones, and changes outside appear.
. "$SRC/tests/system/lib.sh"

mkdir -p drive/Offers/2026 drive/empty
head -c 300000 /dev/urandom >drive/Offers/photo.jpg
printf 'Angebot\n' >"drive/Offers/2026/Angebot Müller & Söhne.txt"
printf '' >drive/Offers/nothing.txt
truncate -s 200M drive/big.iso
printf 'at the end' | dd of=drive/big.iso bs=1 seek=$((200 * 1024 * 1024 - 10)) conv=notrunc status=none
printf 'in the middle' | dd of=drive/big.iso bs=1 seek=100000000 conv=notrunc status=none
i=0
while [ $i -lt 400 ]; do
	i=$((i + 1))
	echo "file $i" >"drive/empty/$i.txt"
done
POLL=1h new_stack drive
mount_pulled

# ---- reading
check "every byte is the same" diff -r drive m/documents
check_equal "each is listed once" "$(files m/documents)" "$(files drive)"
check_equal "a big file lists with its size" "$(stat -c %s m/documents/big.iso)" 209715200
check_equal "a big file reads at its end" "$(tail -c 10 m/documents/big.iso)" "at the end"
check_equal "a big file reads in the middle" "$(dd if=m/documents/big.iso bs=13 skip=100000000 count=1 iflag=skip_bytes status=none)" "in the middle"
check "a big file reads as a whole" cmp drive/big.iso m/documents/big.iso
check_equal "modification times are those of the folder" "$(stat -c %Y m/documents/Offers/photo.jpg)" "$(stat -c %Y drive/Offers/photo.jpg)"

# ---- writing through the mount
echo "new text" >m/documents/Offers/new.txt
check_equal "a new file reaches the folder" "$(cat drive/Offers/new.txt)" "new text"
echo "more" >>m/documents/Offers/new.txt
check_equal "appending" "$(cat drive/Offers/new.txt)" "new text
more"
head -c 3000000 /dev/urandom >random.bin
cp random.bin m/documents/Offers/random.bin
check "3 MB copied in" cmp random.bin drive/Offers/random.bin
check "3 MB read back" cmp random.bin m/documents/Offers/random.bin
check_equal "its size" "$(stat -c %s m/documents/Offers/random.bin)" 3000000
dd if=/dev/zero of=m/documents/Offers/random.bin bs=1000 seek=1 count=1 conv=notrunc status=none
dd if=/dev/zero of=random.bin bs=1000 seek=1 count=1 conv=notrunc status=none
check "a piece in the middle overwritten" cmp random.bin drive/Offers/random.bin
check "and read back" cmp random.bin m/documents/Offers/random.bin
truncate -s 500 m/documents/Offers/random.bin
check_equal "truncate" "$(stat -c %s drive/Offers/random.bin)" 500
check_equal "truncate: the size in the tree" "$(stat -c %s m/documents/Offers/random.bin)" 500
sed -i 's/new text/other text/' m/documents/Offers/new.txt
check_equal "sed -i" "$(head -n 1 drive/Offers/new.txt)" "other text"
if command -v vim >/dev/null; then
	vim -Nu NONE -es -c '%s/other/vim/' -c wq m/documents/Offers/new.txt
	check_equal "vim" "$(head -n 1 drive/Offers/new.txt)" "vim text"
fi
chmod 640 m/documents/Offers/new.txt 2>/dev/null
touch -d '2020-02-02 02:02:02' m/documents/Offers/new.txt
check_equal "touch -d" "$(stat -c %Y drive/Offers/new.txt)" "$(date -d '2020-02-02 02:02:02' +%s)"
mkdir m/documents/Contracts
check "mkdir" test -d drive/Contracts
mv m/documents/Offers/new.txt m/documents/Contracts/renamed.txt
check "mv to another folder" test -f drive/Contracts/renamed.txt
check_not "mv: it is no longer where it was" test -e drive/Offers/new.txt
check_equal "mv: the tree has it once" "$(find m/documents -name 'renamed.txt' -o -name new.txt)" m/documents/Contracts/renamed.txt
mv m/documents/Contracts m/documents/Verträge
check "mv of a folder" test -f drive/Verträge/renamed.txt
check "mv of a folder: what is in it can be read" grep -q text m/documents/Verträge/renamed.txt
rm m/documents/Offers/random.bin
check_not "rm" test -e drive/Offers/random.bin
check_not "rmdir of a folder with files" rmdir m/documents/Verträge
rm -r m/documents/Verträge
check_not "rm -r" test -e drive/Verträge
ln -s /etc/passwd m/documents/link 2>/dev/null
check_not "no way out of the folder by a link" sh -c 'grep -q root: m/documents/link'
rm -f m/documents/link drive/link

# ---- outside
echo outside >drive/Offers/outside.txt
check_within 2 "a new file outside appears" prints outside cat m/documents/Offers/outside.txt
echo "outside, changed" >drive/Offers/outside.txt
check_within 2 "a changed file outside" prints "outside, changed" cat m/documents/Offers/outside.txt
check_within 2 "its size" prints "$(stat -c %s drive/Offers/outside.txt)" stat -c %s m/documents/Offers/outside.txt
mv drive/Offers/outside.txt drive/moved.txt
check_within 2 "a file moved outside appears where it is" test -f m/documents/moved.txt
check_within 2 "a file moved outside is gone where it was" sh -c '! ls m/documents/Offers | grep -q outside'
mkdir -p drive/deep/er && echo x >drive/deep/er/x.txt
check_within 2 "a new folder with a file in it" prints x cat m/documents/deep/er/x.txt
rm -r drive/deep
check_within 2 "a removed folder" sh -c '! ls m/documents | grep -q deep'
inotifywait -q -m -e create -e moved_to --format '%f' m/documents/Offers >watch.txt 2>/dev/null &
sleep 0.5
echo seen >drive/Offers/seen.txt
check_within 3 "inotifywait in the tree sees a file that is made outside" grep -qx seen.txt watch.txt
kill %1
check "every byte is the same, at the end" diff -r -x .seam-trash drive m/documents
check_equal "each is listed once, at the end" "$(files m/documents)" "$(files drive | grep -v "^\./\.seam-trash")"

remount
check "every byte is the same after a restart" diff -r -x .seam-trash drive m/documents

# ---- a link that leads out of the folder is not followed
ln -s /etc drive/etc
sleep 1
check_not "a link to a folder outside is not followed" test -e m/documents/etc/passwd

# ---- an office program's lock file is a file of the drive, where a colleague's program looks for it
LOCK='m/documents/Offers/.~lock.new.ods#'
echo lock >"$LOCK"
check_equal "a lock file is in the drive" "$(cat drive/Offers/.~lock.new.ods# 2>&1)" lock
touch drive/Offers
pull >/dev/null
sleep 1
check_equal "a lock file is still there after a pull" "$(cat "$LOCK" 2>&1)" lock
check "a lock file is removed" rm "$LOCK"
check_equal "… and can be made again" "$("$SRC/tests/system/try.py" new "$LOCK" </dev/null)" ok
