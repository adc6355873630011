# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# slow
# seconds: 180
# Documents on an S3 server (s3rver, after tests/rig/install s3): what include/seamfs/connect/files.h promises, as far as that server
# is one: it keeps what was cut off, answers a range of nothing wrongly, decodes the source of a copy only in part, and takes no
# conditions, so each write is preceded by a look.
. "$SRC/tests/system/lib.sh"
BIN=$(dirname "$SEAMFS")
RIG_CACHE=${SEAMFS_RIG_CACHE:-/var/cache/seamfs-rig}
[ -f "$RIG_CACHE/s3/installed" ] || bail "tests/rig/install s3 was run"
for name in contract files; do
	[ -x "$BIN/$name" ] || bail "there is the program $BIN/$name"
done

while PORT=$((20000 + RANDOM % 10000)) && (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do :; done
NODE_OPTIONS=--openssl-legacy-provider node "$RIG_CACHE/s3/node_modules/s3rver/bin/s3rver.js" -d "$PWD/data" -a 127.0.0.1 -p "$PORT" \
	--configure-bucket docs >s3.log 2>&1 &
wait_until 30 curl -s -o /dev/null "http://127.0.0.1:$PORT/" || bail "the S3 server starts: $(cat s3.log)"

tool() { # NAME FILTER - writes NAME.json
	jq -n --arg url "http://127.0.0.1:$PORT" '{connector: "s3", url: $url, bucket: "docs", key: "S3RVER", secret: {file: "secret"}, folder: "Clients/2026"}
		| '"$2" >"$1.json"
}

files() { timeout 60 "$BIN/files" "$@"; }

(umask 077 && echo S3RVER >secret)
tool s3 .
out=$("$BIN/contract" s3.json names_are_given an_empty_file a_cut_off_upload_leaves_nothing 2>&1)
while read -r line; do
	case $line in
	ok*) result 0 "${line#*- }" ;;
	'not ok'*) result 1 "${line#*- }" ;;
	'#'*) echo "$line" ;;
	esac
done <<<"$out"
check_contains "all of the contract was tried" "$out" "1..$(grep -c '^ok' <<<"$out")"

tool wrong '.key = "none"'
check_contains "a wrong key" "$(files wrong.json check 2>&1)" "EACCES: "
tool none '.bucket = "none"'
check_contains "a bucket that is not there" "$(files none.json check 2>&1)" "ENOENT: drive says: The specified bucket does not exist"

# ---- a listing of more than a page

mkdir -p many
for i in $(seq 1 1100); do echo "$i" >"many/f$i._S3rver_object"; done
files s3.json mkdir many >/dev/null
for i in $(seq 1 1100); do
	printf '{"content-type":"text/plain"}' >"many/f$i._S3rver_metadata.json"
	printf %s d41d8cd98f00b204e9800998ecf8427e >"many/f$i._S3rver_object.md5"
done
cp many/* data/docs/Clients/2026/many/
check_equal "two pages of a listing" "$(files s3.json walk many | wc -l)" 1100

# ---- an upload that is cut off is resumed

head -c 70M /dev/urandom >big
"$BIN/files" s3.json put big big >put.txt 2>put.err &
wait_until 20 grep -q '^sent 33554432' put.err
kill -9 $!
wait $! 2>/dev/null
check_contains "nothing is there when it was cut off" "$(files s3.json stat big 2>&1)" ENOENT
files s3.json put big big "" "$(tail -n 1 put.err | cut -d ' ' -f 3-)" >put.txt 2>again.err
check_equal "all of it is there" "$(cut -d ' ' -f 1 put.txt)" "$(stat -c %s big)"
files s3.json get big "$(cut -d ' ' -f 2 put.txt)" 0 100000000 >back
check "it is the same" cmp big back
check_equal "no part was sent twice" "$(grep -c 'partNumber=1&\|partNumber=1 ' s3.log)" 1
