# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 180
# The exerciser of tests/fsx/fsx.c on a document and on a local file beside the records: whatever a program does to one file
# through any number of descriptors, it reads what it wrote. What stays is the same in the drive's folder, and after a restart.
. "$SRC/tests/system/lib.sh"
FSX=$(dirname "$SEAMFS")/fsx
SEEDS="1 2 3 4 5 ${SEAMFS_FSX_SEEDS-}"

[ -x "$FSX" ] || bail "there is the program $FSX"
POLL=1h new_stack crm drive
mount_pulled
mkdir m/documents/Work

fsx() { # FILE SEED OPTION... - a failed run says how it is done again
	local file=$1 seed=$2 out
	shift 2
	if out=$("$FSX" -s "$seed" "$@" "$file"); then
		result 0 "fsx -s $seed $* $file"
	else
		result 1 "fsx -s $seed $* $file"
		printf '%s\n' "$out" | head -n 1
		printf '%s\n' "$out" | tail -n 8
	fi
}

for seed in $SEEDS; do
	fsx m/documents/Work/fsx.bin "$seed" -n 3000
	check "seed $seed: the drive's folder has the same bytes" cmp m/documents/Work/fsx.bin drive/Work/fsx.bin
	check_equal "seed $seed: the drive's folder has the size that the tree shows" "$(stat -c %s m/documents/Work/fsx.bin)" "$(stat -c %s drive/Work/fsx.bin)"
	fsx m/clients/notes.txt "$seed" -n 3000
done
fsx m/documents/Work/large.bin 6 -n 600 -l 4000000
fsx m/clients/large.txt 6 -n 300 -l 4000000
fsx "m/clients/Greenfield Dental B.V/tiny.txt" 7 -n 1500 -l 16

# ---- two of them at once do not see each other
fsx m/documents/Work/a.bin 8 -n 2000 >a.log &
fsx m/clients/b.txt 9 -n 2000 >b.log &
wait
check "two at once, a document" grep -q ^ok a.log
check "two at once, a local file" grep -q ^ok b.log

# ---- and it is still so after a restart
find m/documents/Work m/clients -maxdepth 1 -type f -exec sha256sum {} + >before.txt
check_equal "there are six files to compare" "$(wc -l <before.txt)" 6
remount
check "every file has the same bytes after a restart" sha256sum --check --quiet before.txt
check_equal "a local file is never sent: the sheet has 500 rows" "$(grep -c '^C-' clients.csv)" 500
