# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 120
# Documents on real WebDAV servers: Apache, nginx and lighttpd keep what include/seamfs/connect/files.h promises, also against a share
# that is read-only, somebody else's lock, an upload that is cut off, and a program that is killed in the middle of one.
. "$SRC/tests/system/lib.sh"
BIN=$(dirname "$SEAMFS")
for name in contract files; do
	[ -x "$BIN/$name" ] || bail "there is the program $BIN/$name"
done

"$SRC/tests/rig/dav" "$PWD/dav" >dav.txt 2>&1 || bail "the WebDAV servers start: $(cat dav.txt)"
# nginx forgets its environment, by which the runner would know it.
trap '"$SRC/tests/rig/dav" "$PWD/dav" stop >/dev/null 2>&1; finish || exit 1' EXIT
. dav/dav.env

tool() { # NAME URL [FOLDER] - writes NAME.json
	jq -n --arg url "$2" --arg folder "${3-}" '{connector: "webdav", url: $url, user: "rig", password: {file: "dav/password"}}
		+ if $folder == "" then {} else {folder: $folder} end' >"$1.json"
}

files() { timeout 30 "$BIN/files" "$@"; }

dav() { curl -sS --max-time 10 -u "rig:$(cat dav/password)" "$@"; }

# check_refused TEXT ERRNO NEEDLE CALL...
check_refused() {
	local text=$1 want=$2 needle=$3 got
	shift 3
	got=$(files "$@" 2>&1 >/dev/null)
	[[ $got == "$want: "* ]] && [[ $got == *"$needle"* ]]
	result $? "$text: $want, \"$needle\""
	[[ $got == "$want: "*"$needle"* ]] || show got "$got"
}

# ---- what every server has to keep

for name in apache nginx lighttpd; do
	url=${name^^}_URL
	mkdir "dav/$name/root/work"
	chown www-data: "dav/$name/root/work"
	tool "$name" "${!url}" work
	out=$("$BIN/contract" "$name.json" 2>&1)
	while read -r line; do
		case $line in
		ok*) result 0 "$name: ${line#*- }" ;;
		'not ok'*) result 1 "$name: ${line#*- }" ;;
		'#'*) echo "$line" ;;
		esac
	done <<<"$out"
	check_contains "$name: all of the contract was tried" "$out" "1..$(grep -c '^ok' <<<"$out")"
	check_equal "$name: nothing is left" "$(find "dav/$name/root/work" -mindepth 1 ! -path '*/.DAV*')" ""
done

# ---- the tool's account

(umask 077 && echo wrong >wrong)
jq '.password.file = "wrong"' apache.json >wrong.json
check_refused "a wrong password" EACCES "does not let us in" wrong.json check
tool away "${APACHE_URL}away"
check_refused "an address that is none" ENOENT "does not have" away.json check
check_contains "an account that is right" "$(files apache.json check)" "0 files and folders"

# ---- a share that nobody may change

echo old >dav/apache/root/readonly/a.txt
mkdir dav/apache/root/readonly/sub
tool readonly "${APACHE_URL}readonly/"
echo new >new.txt
ETAG=$(files readonly.json stat a.txt | cut -d ' ' -f 2)
check_equal "it is read" "$(files readonly.json get a.txt "$ETAG" 0 100)" old
check_refused "it is not written" EACCES "HTTP 403" readonly.json put b.txt new.txt
check_refused "nor replaced" EACCES "HTTP 403" readonly.json put a.txt new.txt "$ETAG"
check_refused "nor removed" EACCES "HTTP 403" readonly.json remove a.txt "$ETAG"
check_refused "no folder is made" EACCES "HTTP 403" readonly.json mkdir c
check_refused "nothing is moved" EACCES "HTTP 403" readonly.json move a.txt c
check_equal "and all is as it was" "$(cat dav/apache/root/readonly/*.txt)" old

# ---- somebody else's lock

for name in apache nginx lighttpd; do
	url=${name^^}_URL
	files "$name.json" put locked.odt new.txt >/dev/null || bail "$name: a file is put there"
	token=$(dav -D - -o /dev/null -X LOCK -H 'Depth: 0' -H 'Timeout: Second-60' -H 'Content-Type: application/xml' --data-binary \
		'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>Ann &amp; Bob</D:owner></D:lockinfo>' \
		"${!url}work/locked.odt" | sed -n 's/\r$//; s/^[Ll]ock-[Tt]oken: *//p')
	etag=$(files "$name.json" stat locked.odt | cut -d ' ' -f 2)
	check_refused "$name: a locked file" EACCES 'is locked' "$name.json" put locked.odt new.txt "$etag"
	check_refused "$name: nor is it removed" EACCES 'is locked' "$name.json" remove locked.odt "$etag"
	dav -X UNLOCK -H "Lock-Token: $token" "${!url}work/locked.odt"
	check "$name: it can be written when the lock is gone" files "$name.json" put locked.odt new.txt "$etag"
	check_equal "$name: no lock of ours is left" "$(dav -T new.txt -o /dev/null -w '%{http_code}' "${!url}work/locked.odt")" 204
done
files apache.json put 2.odt new.txt >/dev/null
dav -o /dev/null -X LOCK -H 'Content-Type: application/xml' --data-binary \
	'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>Ann &amp; Bob</D:owner></D:lockinfo>' \
	"${APACHE_URL}work/2.odt"
check_refused "it is said who has locked it" EACCES 'is locked by Ann & Bob' apache.json put 2.odt new.txt "$(files apache.json stat 2.odt | cut -d ' ' -f 2)"

# ---- uploads that do not come to their end

head -c 100M /dev/zero >big
for name in apache nginx lighttpd; do
	echo before >"dav/$name/root/work/doc"
	chown www-data: "dav/$name/root/work/doc"
	touch -d '1 minute ago' "dav/$name/root/work/doc"
	etag=$(files "$name.json" stat doc | cut -d ' ' -f 2)
	"$BIN/files" "$name.json" put doc big "$etag" >put.txt 2>put.err &
	wait_until 10 grep -q 'sent' put.err
	kill -9 $!
	wait $! 2>/dev/null
	check_equal "$name: a program that is killed while it sends leaves the old file" "$(head -c 100 "dav/$name/root/work/doc")" before
	resume=$(sed -n 's/^sent [0-9]* //p' put.err | tail -n 1)
	wait_until 5 files "$name.json" put doc new.txt "$etag" "$resume"
	check_equal "$name: it is sent again, in spite of a lock that was left" "$(cat "dav/$name/root/work/doc")" new
done

# ---- another client at the same time

tool work "$APACHE_URL" work
for i in 1 2 3 4 5 6 7 8; do echo "writer $i" >"w$i"; done
files work.json put race w1 >/dev/null
etag=$(files work.json stat race | cut -d ' ' -f 2)
for i in 1 2 3 4 5 6 7 8; do files work.json put race "w$i" "$etag" >"race$i.txt" 2>&1 & done
wait
check_equal "of eight writers that know the same version one wins" "$(cat race[1-8].txt | grep -c '^9 ')" 1
check_equal "and seven are told" "$(cat race[1-8].txt | grep -cE '^(ESTALE|EACCES: .* is locked)')" 7
check_equal "what is there is what the winner sent" "$(cut -c 8 dav/apache/root/work/race)" "$(grep -l '^9 ' race[1-8].txt | tr -dc 0-9)"
for i in 1 2 3 4 5 6 7 8; do files work.json put race2 "w$i" >"race$i.txt" 2>&1 & done
wait
check_equal "of eight that make a file one wins" "$(cat race[1-8].txt | grep -c '^9 ')" 1
check_equal "and seven are told that, too" "$(cat race[1-8].txt | grep -cE '^(EEXIST|EACCES: .* is locked)')" 7
check_equal "what is there is what that one sent" "$(cut -c 8 dav/apache/root/work/race2)" "$(grep -l '^9 ' race[1-8].txt | tr -dc 0-9)"
