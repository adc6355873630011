# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2016
# seconds: 120
# Each errno: something that provokes it, by a real program or call, and its sentence in every place where people look: the
# folder's .error, the file's user.seam.error, .seam/errors.ndjson and, where a text was refused, the same bytes in problems/
# beside a note that says what, where and what to do. What only a tool can cause comes from a scripted one.
. "$SRC/tests/system/lib.sh"
TRY=$SRC/tests/system/try.py

# ---- the tools: desk and gate answer by script, crm and vault are sheets, vault's folder is read-only

mkdir -p connectors vault drive/Clients state
cat >connectors/fake.json <<'END'
{
  "connector": "fake", "format": 1, "title": "Fake", "docs": "none", "tested": "here",
  "settings": { "url": { "label": "Address" } }, "http": { "base": "{url}" }, "check": { "get": "/me" },
  "errors": [
    { "at": "/code", "is": "plan", "means": "quota", "message": "/why" },
    { "message": "/why", "field": "/key" }
  ],
  "types": {
    "deal": {
      "list": { "get": "/deals", "records": "/deals" }, "one": { "get": "/deals/{id}" }, "create": { "post": "/deals" },
      "update": { "patch": "/deals/{id}" }, "delete": { "delete": "/deals/{id}", "means": "erase" }, "once": { "by": "id", "to": "/id" },
      "fields": { "id": "/id", "title": "/title", "stage": "/phase", "currency": "/currency", "close_date": "/close", "amount": "/sum" }
    },
    "quote": {
      "list": { "get": "/quotes", "records": "/quotes" }, "one": { "get": "/quotes/{id}" }, "update": { "patch": "/quotes/{id}" },
      "fields": { "id": "/id", "number": "/number", "status": "/status" }
    }
  }
}
END
export SEAMFS_CONNECTORS=$PWD/connectors
cat >answers.json <<'END'
{
  "d401": [{"status": 401, "json": {"why": "Key expired."}}],
  "d403": [{"status": 403, "json": {"why": "Deals of others are not yours to change."}}],
  "d409": [{"status": 409, "json": {"why": "Somebody was faster."}}],
  "d412": [{"status": 412}],
  "d422": [{"status": 422, "json": {"why": "No deal closes in the past.", "key": "close"}}],
  "d400": [{"status": 400, "json": {"why": "What is a \"won\"?", "key": "phase"}}],
  "d402": [{"status": 402, "json": {"why": "The free plan has no deals."}}],
  "d507": [{"status": 507}],
  "dplan": [{"status": 400, "json": {"code": "plan", "why": "Ten deals are included."}}],
  "d413": [{"status": 413}],
  "d404": [{"status": 404}],
  "dhidden": [{"status": 403, "json": {"why": "Not for you."}}],
  "dlate": [{"status": 422, "wait": 4, "json": {"why": "Thought about it.", "key": "phase"}}],
  "d429": [{"status": 429, "headers": {"Retry-After": "4"}}, {}],
  "d500": [{"status": 500}, {}]
}
END
jq -c '
	def deal: {id: ., title: ., phase: "lead", currency: "EUR", close: "2026-12-01", sum: 100};
	def won: deal + {phase: "won"};
	(keys_unsorted - ["d401"]) as $ids |
	{"GET /me": [{json: {}}],
	 "GET /deals": [{json: {deals: [$ids[] | deal]}}],
	 "GET /quotes": [{json: {quotes: [{id: "q1", number: "Q-1", status: "draft"}]}}],
	 "GET /quotes/q1": [{json: {id: "q1", number: "Q-1", status: "draft"}}],
	 "PATCH /quotes/q1": .d401,
	 "POST /deals": [{status: 422, json: {why: "Not more of those.", key: "title"}}]}
	+ ([to_entries[] | {("GET /deals/" + .key): (if .key == "d404" or .key == "dhidden" then .value else [{json: (.key | deal)}] end),
		("PATCH /deals/" + .key): [(.key as $k | .value[] | if .status then . else {json: ($k | won)} end)]}] | add)
' answers.json >script.json
coproc FAKE { exec python3 "$SRC/tests/fake/server.py" fake.log; }
cat script.json >&"${FAKE[1]}"
read -r PORT <&"${FAKE[0]}"

cat >clients.csv <<'END'
ID,Company,Status,Mail,Phone
C-1,Acme,active,info@acme.example,+31 20 1
C-2,Bolt,active,info@bolt.example,+31 20 2
END
cat >vault/payments.csv <<'END'
id,number,date,amount,currency
P-1,PAY-1,2026-11-01,10.00,EUR
END
cat >stack.json <<END
{
  "company": "Refused & Sons", "state": "state", "poll": "1h",
  "tools": {
    "desk": { "connector": "fake", "url": "http://127.0.0.1:$PORT" },
    "gate": { "connector": "fake", "url": "http://127.0.0.1:$PORT" },
    "crm": { "connector": "csv", "types": { "client": { "file": "clients.csv", "id": "ID", "fields": {
      "name": "Company", "status": "Status", "email": "Mail", "phone": { "column": "Phone", "write": false } } } } },
    "vault": { "connector": "csv", "types": { "payment": { "file": "vault/payments.csv", "id": "id" } } },
    "drive": { "connector": "folder", "path": "drive" }
  },
  "owners": { "client": "crm", "deal": "desk", "quote": "gate", "payment": "vault", "document": "drive" }
}
END
{ mount --bind vault vault && mount -o remount,bind,ro vault; } || bail "a read-only folder"
mount -t tmpfs -o size=24m,mode=700 none state || bail "a small disk for the state"
mount_pulled

# ---- the table

call() { # python: the errno of one call, or "ok"
	python3 -c 'import errno, os, sys
a = sys.argv[1:]
try: eval(sys.argv[1])
except OSError as e: print(errno.errorcode[e.errno])
else: print("ok")' "$@" 2>&1
}

last() { head -n 1 m/.seam/errors.ndjson; }

# noted ERRNO PATH NEEDLE [TOOL [FIELD [FILE]]] - it is in every place; FILE has the attribute, if it is not PATH ("-": nothing has)
noted() {
	local errno=$1 path=$2 needle=$3 tool=${4-} field=${5-} file=${6:-m/$2} line dir=m text
	line=$(last)
	text=$(jq -r .message <<<"$line")
	[[ $path != */* ]] || dir=m/${path%/*}
	check_equal "$ROW: errors.ndjson" "$(jq -r '[.error, .path, .tool, .field] | join(" ")' <<<"$line")" "$errno $path $tool $field"
	check_contains "$ROW: the sentence" "$text" "$needle"
	check_contains "$ROW: .error of the folder" "$(grep -F -- "${path##*/}: " "$dir/.error")" "$text ($errno, "
	[ "$file" = - ] || check_equal "$ROW: the attribute" "$(getfattr --only-values -n user.seam.error "$file" 2>&1)" "$text"
}

# kept FILE PATH NEEDLE [LINE:COLUMN] - the refused bytes are in problems/, and the note beside them says what is needed
kept() {
	local file why text # what was refused may come from a pipe
	cat "$1" >kept-bytes
	for file in m/problems/*.rejected.json; do
		why=${file%.rejected.json}.why.txt
		if cmp -s kept-bytes "$file" && grep -qxF "File: $2" "$why" 2>/dev/null; then
			text=$(cat "$why")
			check_contains "$ROW: the note says what" "$text" "$3"
			check_equal "$ROW: the file's size" "$(stat -c %s "$file") $(stat -c %s "$why")" "$(wc -c <"$file") $(wc -c <"$why")"
			[ -z "${4-}" ] || check_contains "$ROW: the note says where" "$text" "Line: ${4%:*}, column ${4#*:}"
			check_equal "$ROW: the note says what to do" "$(grep -c '^What to do: .' "$why")" 1
			return
		fi
	done
	result 1 "$ROW: the refused bytes are kept for $2"
	show problems "$(head -n 20 m/problems/* 2>&1)"
}

# saved ERRNO FILE HOW < text - a save that has to end so
saved() {
	cat >text
	cp "$2" before 2>/dev/null
	check_errno "$ROW" "$1" "$TRY" "${3:-write}" "$2" <text
	if [ "$1" != ok ] && [ -s before ]; then
		check "$ROW: the record is as it was" cmp before "$2"
		check_equal "$ROW: its state" "$(state_of "$2")" rejected
	fi
}

# says ERRNO ID NEEDLE [FIELD [LINE:COLUMN]] - the scripted tool refuses to change the deal ID
says() {
	local file=m/deals/$2.json
	ROW="$1, $2"
	saved "$1" "$file" < <(sed 's/"lead"/"won"/' "$file")
	noted "$1" "deals/$2.json" "$3" desk "${4-}"
	kept text "deals/$2.json" "$3" "${5-}"
}

# ---- EINVAL, a bad document or value
A=m/clients/Acme/client.json
ROW="EINVAL, broken JSON"
saved EINVAL "$A" < <(sed '3s/"status"/status/' "$A")
noted EINVAL clients/Acme/client.json "line 3, column 3"
kept text clients/Acme/client.json "line 3, column 3" 3:3
ROW="EINVAL, a bad value"
saved EINVAL "$A" rename < <(sed 's/"active"/"frozen"/' "$A")
noted EINVAL clients/Acme/client.json '"status" cannot be "frozen"; allowed: active' "" status
kept text clients/Acme/client.json 'cannot be "frozen"' 3:3
rm -f "$A.tmp"
ROW="EINVAL, one field"
check_errno "$ROW" EINVAL "$TRY" write m/clients/Acme/client.d/status < <(printf 'frozen\n')
noted EINVAL clients/Acme/client.json 'cannot be "frozen"' "" status
kept <(printf 'frozen\n') clients/Acme/client.json 'cannot be "frozen"'
ROW="EINVAL, a new file"
printf '{\n  "status": "sent",\n  "lines": [{"description": "x", "unit_price": 1.999}]\n}\n' >text
check_errno "$ROW" EINVAL "$TRY" new m/invoices/N-1.json <text
noted EINVAL invoices/N-1.json "more decimals than EUR has" "" "lines[0].unit_price"
kept text invoices/N-1.json "more decimals" 3:34
check_equal "$ROW: its state" "$(state_of m/invoices/N-1.json)" rejected
ROW="EINVAL, a record cut to a length"
check_equal "$ROW" "$(call 'os.truncate(a[1], 20)' "$A")" EINVAL
noted EINVAL clients/Acme/client.json "length"
ROW="EINVAL, a tool that is not there"
check_not "$ROW" "$SEAMFS" sync -m m nobody
noted EINVAL .seam/refresh 'no tool called "nobody"'

# ---- EPERM, what is not allowed
printf '{"client": "Acme", "status": "sent", "lines": [{"description": "x", "unit_price": 1}]}\n' >text
check_errno "an invoice" ok "$TRY" sync m/invoices/I-1.json <text
check_errno "an issued one" ok "$TRY" sync m/invoices/I-2.json <text
ROW="EPERM, an issued invoice is kept"
check_equal "$ROW" "$(call 'os.unlink(a[1])' m/invoices/I-1.json)" EPERM
noted EPERM invoices/I-1.json 'only one in status "draft" can be removed' "" status
ROW="EPERM, a client that others refer to"
check_equal "$ROW" "$(call 'os.unlink(a[1]) or os.rmdir(a[2])' "$A" m/clients/Acme)" EPERM
noted EPERM clients/Acme "this client is kept: 2 invoices refer to it"
check_within 5 "$ROW: it is there" test -s "$A"
ROW="EPERM, a link is not the record"
check_equal "$ROW" "$(call 'os.unlink(a[1])' m/invoices/by/status/sent/I-1.json)" EPERM
noted EPERM invoices/I-1.json "remove the record where it is"
check_contains "$ROW: .error of the view" "$(cat m/invoices/by/status/sent/.error)" "remove the record where it is"
ROW="EPERM, a month is no date"
check_equal "$ROW" "$(call 'os.mkdir(a[1])' m/invoices/by/month/2026-01)" EPERM
noted EPERM invoices/by/month/2026-01 "a folder cannot be made here" "" "" -
ROW="EPERM, a hard link"
check_equal "$ROW" "$(call 'os.link(*a[1:])' m/invoices/I-1.json m/invoices/I-9.json)" EPERM
noted EPERM invoices/I-9.json "hard link" "" "" -
ROW="EPERM, a pipe"
check_equal "$ROW" "$(call 'os.mkfifo(a[1])' m/invoices/pipe)" EPERM
noted EPERM invoices/pipe "only files, folders and links" "" "" -
ROW="EACCES, a file of seamfs"
check_equal "$ROW" "$(call 'os.open(a[1], os.O_WRONLY)' m/README.md)" EACCES
noted EACCES README.md "made by seamfs"
ROW="EACCES, the same by name"
check_equal "$ROW" "$(call 'os.truncate(a[1], 0)' m/.seam/status)" EACCES
noted EACCES .seam/status "made by seamfs"

# ---- ENOENT, EEXIST
ROW="ENOENT, an unknown name"
saved ENOENT m/invoices/I-1.json < <(sed 's/Acme/Nobody Ltd/' m/invoices/I-1.json)
noted ENOENT invoices/I-1.json 'no client called "Nobody Ltd"' "" client
kept text invoices/I-1.json "Nobody Ltd" 3:3
ROW="EEXIST, a number that is taken"
saved EEXIST m/invoices/I-1.json < <(jq '.number = "I-2"' m/invoices/I-1.json)
noted EEXIST invoices/I-1.json 'the number "I-2" already' "" number
kept text invoices/I-1.json '"I-2"' 2:3
ROW="EEXIST, a name that is taken"
check_equal "$ROW" "$(call 'os.rename(*a[1:])' m/invoices/I-1.json m/invoices/I-2.json)" EEXIST
noted EEXIST invoices/I-1.json 'another invoice is called "I-2" already'

# ---- EXDEV
ROW="EXDEV, a record to another type"
check_equal "$ROW" "$(call 'os.rename(*a[1:])' m/invoices/I-1.json m/quotes/I-1.json)" EXDEV
noted EXDEV invoices/I-1.json "cannot become quotes"
ROW="EXDEV, a link to another view"
check_equal "$ROW" "$(call 'os.rename(*a[1:])' m/invoices/by/status/sent/I-1.json m/invoices/by/client/Acme/x.json)" EXDEV
noted EXDEV invoices/I-1.json "between the folders of one field"
ROW="EXDEV, a document among records"
echo text >m/documents/a.txt
check_equal "$ROW" "$(call 'os.rename(*a[1:])' m/documents/a.txt m/invoices/a.txt)" EXDEV
noted EXDEV documents/a.txt "documents/"
ROW="EXDEV, a draft among documents"
check_equal "$ROW" "$(call 'os.rename(*a[1:])' m/invoices/N-1.json m/documents/N-1.json)" EXDEV
noted EXDEV invoices/N-1.json "stays in the folders of records"

# ---- EFBIG, E2BIG
ROW="EFBIG, a record over 1 MiB"
{ printf '{"status": "active",\n  "notes": "' && head -c 1200000 /dev/zero | tr '\0' n && printf '"}\n'; } >big
saved EFBIG "$A" <big
noted EFBIG clients/Acme/client.json "1 MiB"
kept big clients/Acme/client.json "1 MiB"
ROW="EFBIG, a file over 64 MiB"
check_equal "$ROW" "$(call 'os.pwrite(os.open(a[1], os.O_WRONLY | os.O_CREAT), b"x", 65 << 20)' m/invoices/huge.tmp)" EFBIG
noted EFBIG invoices/huge.tmp "64 MiB"
ROW="EFBIG, made so long by name"
check_equal "$ROW" "$(call 'os.truncate(a[1], 65 << 20)' m/invoices/huge.tmp)" EFBIG
noted EFBIG invoices/huge.tmp "64 MiB"
rm m/invoices/huge.tmp
check_equal "a refused draft that is removed takes its errors along" "$(rm m/invoices/N-1.json; grep -c 'N-1.json\|huge.tmp' m/invoices/.error)" 0

# ---- EROFS
ROW="EROFS, a column that is never written"
saved EROFS "$A" < <(sed 's/+31 20 1/+31 20 9/' "$A")
noted EROFS clients/Acme/client.json '"phone"' "" phone
kept text clients/Acme/client.json '"phone"' 5:3
ROW="EROFS, a sheet that is read-only"
saved EROFS m/payments/PAY-1.json < <(sed 's/10.00/11.00/' m/payments/PAY-1.json)
noted EROFS payments/PAY-1.json "payments.csv" vault
kept text payments/PAY-1.json "payments.csv"
check_equal "$ROW: the tool is well" "$(status_json '.tools[] | select(.name == "vault").state')" ok
ROW="EROFS, a tool that takes no new ones"
check_errno "$ROW" EROFS "$TRY" sync m/quotes/Q-2.json < <(echo '{"status": "draft"}')
noted EROFS quotes/Q-2.json "gate owns the quotes and takes no new ones"
rm m/quotes/Q-2.json

# ---- what a tool says
says EACCES d403 "Deals of others are not yours"
says EINVAL d422 "No deal closes in the past." close_date 6:3
says EINVAL d400 'What is a "won"?' stage 3:3
says EDQUOT d402 "The free plan has no deals."
says EDQUOT d507 "no room left"
says EDQUOT dplan "Ten deals are included."
says EFBIG d413 "too large"
says ESTALE d409 "Somebody was faster."
says ESTALE d412 "newer version"
ROW="EINVAL, the text that was written and not the record's"
printf '{"stage":"won"}' >text
check_errno "$ROW" EINVAL "$TRY" write m/deals/d422.json <text
kept text deals/d422.json "No deal closes in the past."
ROW="EINVAL, the bytes of a field's own file"
check_errno "$ROW" EINVAL "$TRY" write m/deals/d422.d/stage < <(printf 'won\n')
kept <(printf 'won\n') deals/d422.json "No deal closes in the past."
ROW="EACCES, a record that we may not even read"
saved EACCES m/deals/dhidden.json < <(sed 's/"lead"/"won"/' m/deals/dhidden.json)
noted EACCES deals/dhidden.json "Not for you." desk
kept text deals/dhidden.json "Not for you."
ROW="ENOENT, a record that is gone there"
sed 's/"lead"/"won"/' m/deals/d404.json >text
check_errno "$ROW" ENOENT "$TRY" write m/deals/d404.json <text
noted ENOENT deals/d404.json "desk has removed it" desk "" -
kept text deals/d404.json "desk has removed it"
check "$ROW: it is in the trash" cmp text m/.seam/trash/deals/d404.json
ROW="EINVAL, a new record"
check_errno "$ROW" EINVAL "$TRY" sync m/deals/New.json < <(printf '{\n "title": "New"}\n')
noted EINVAL deals/New.json "Not more of those." desk title
kept <(printf '{\n "title": "New"}\n') deals/New.json "Not more" 2:2
check_equal "$ROW: its state" "$(state_of m/deals/New.json)" rejected
ROW="by moving a link"
check_equal "$ROW" "$(call 'os.rename(*a[1:])' m/deals/by/stage/lead/d403.json m/deals/by/stage/won/d403.json)" EACCES
noted EACCES deals/d403.json "Deals of others" desk
check_contains "$ROW: .error of the view" "$(cat m/deals/by/stage/lead/.error)" "Deals of others"

ROW="refused when nobody waits any more"
saved ok m/deals/dlate.json < <(sed 's/"lead"/"won"/' m/deals/dlate.json)
check_equal "$ROW: it waits" "$(state_of m/deals/dlate.json)" pending
check_within 8 "$ROW: it is refused" prints rejected state_of m/deals/dlate.json
noted EINVAL deals/dlate.json "Thought about it." desk stage
kept text deals/dlate.json "Thought about it." 3:3

# ---- what waits is no error
ROW="429"
saved ok m/deals/d429.json < <(sed 's/"lead"/"won"/' m/deals/d429.json)
check_equal "$ROW: it waits" "$(state_of m/deals/d429.json)" pending
check_equal "$ROW: that is no error" "$(getfattr --only-values -n user.seam.error m/deals/d429.json 2>/dev/null; grep d429 m/deals/.error)" ""
check_contains "$ROW: why it waits" "$(jq -r .tools.desk.error m/deals/d429.meta.json)" "slow down"
ROW="EAGAIN, a limited tool"
check_not "$ROW: sync" "$SEAMFS" sync -m m desk
noted EAGAIN .seam/refresh "desk asked to be left alone until" desk
check_not "$ROW: refresh" sh -c 'echo desk >m/.seam/refresh'
check_within 10 "429: it is sent then" prints synced state_of m/deals/d429.json
check_equal "429: once more" "$(jq -r 'select(.method == "PATCH" and .path == "/deals/d429").method' fake.log | wc -l)" 2
check "a good order" sh -c 'echo crm >m/.seam/refresh'
check_equal "ends the error" "$(grep -c refresh: m/.seam/.error)" 0
ROW="500"
saved ok m/deals/d500.json < <(sed 's/"lead"/"won"/' m/deals/d500.json)
check_equal "$ROW: that is no error" "$(getfattr --only-values -n user.seam.error m/deals/d500.json 2>/dev/null)" ""
check_within 10 "$ROW: it is sent then" prints synced state_of m/deals/d500.json

# ---- a tool that does not let us in
ROW="EACCES, 401"
saved EACCES m/quotes/Q-1.json < <(sed 's/"draft"/"sent"/' m/quotes/Q-1.json)
noted EACCES quotes/Q-1.json "Key expired." gate
kept text quotes/Q-1.json "Key expired."
check_within 5 "$ROW: the status says so" prints failing status_json '.tools[] | select(.name == "gate").state'

# ---- a good save ends it
for id in d403 d422; do
	cat "m/deals/$id.json" >text
	check_errno "a good save of $id" ok "$TRY" write "m/deals/$id.json" <text
	check_equal "$id: no error is left" "$(grep -c "$id" m/deals/.error; find m/problems -name "$id *"; getfattr --only-values -n user.seam.error "m/deals/$id.json" 2>/dev/null)" 0
	check_equal "$id: its state" "$(state_of "m/deals/$id.json")" synced
done

# ---- ENOSPC: the disk is full, so nothing can be written down, and still everybody is told
long() { # NUMBER - the client with a text so long that what the database has in reserve is used up
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1])); d["notes"] = sys.argv[2] * 90000; d["email"] = "full@acme.example"; print(json.dumps(d))' before-full "$1"
}
ROW="ENOSPC"
cp "$A" before-full
head -c 40m /dev/zero >state/filler 2>/dev/null
for i in {10..39}; do [ "$("$TRY" write "$A" < <(long "$i"))" = ok ] || break; done
saved ENOSPC "$A" < <(long 99)
noted ENOSPC clients/Acme/client.json "the disk with the database of seamfs is full; make room there and save again"
ROW="ENOSPC, a file beside it"
check_errno "$ROW" ENOSPC "$TRY" new m/clients/Acme/x.tmp < <(head -c 12m /dev/zero)
noted ENOSPC clients/Acme/x.tmp "the disk is full; make room"
rm state/filler
check_errno "with room again" ok "$TRY" write "$A" <text
check_equal "it is saved" "$(jq -r .email "$A")" full@acme.example
check_equal "its error is gone" "$(getfattr --only-values -n user.seam.error "$A" 2>/dev/null; grep -c client.json m/clients/Acme/.error)" 0
check_errno "the file beside it" ok "$TRY" write m/clients/Acme/x.tmp <text
check_equal "no ENOSPC is left" "$(grep -c ENOSPC m/.seam/errors.ndjson)" 0
