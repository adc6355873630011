# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the system tests share. Sourced by tests/system/test_*.sh, which tests/system/run starts, each in a work folder of its
# own with SEAMFS (the program), SRC (the checkout) and, for tests with a line "# needs: rig" or "# needs: tryton", what rig.env says.
#
# Every check prints one line, "ok 3 - text" or "not ok 3 - text" with what was seen behind "#", and the test goes on.
# What a test starts or mounts is ended by the runner, also when the test dies.
# shellcheck disable=SC2034 # some are used only by the tests

set -uo pipefail
CHECKS=0 FAILED=0
M=$PWD/m # the mount point

# ---- saying

say() { printf '# %s\n' "$*"; }

result() { # 0|1 TEXT
	CHECKS=$((CHECKS + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d - %s\n' "$CHECKS" "$2"
	else
		FAILED=$((FAILED + 1))
		printf 'not ok %d - %s\n' "$CHECKS" "$2"
	fi
}

show() { # NAME TEXT - what was seen, at most 20 lines of it
	printf '%s\n' "$2" | head -n 20 | cut -c 1-300 | sed "s/^/#   $1: /"
}

finish() {
	printf '1..%d\n' "$CHECKS"
	[ "$FAILED" = 0 ]
}
trap 'finish || exit 1' EXIT

bail() { # TEXT - there is no sense in going on
	result 1 "$1"
	exit 1
}

# ---- checking

check() { # TEXT COMMAND...
	local text=$1 out
	shift
	if out=$("$@" 2>&1); then
		result 0 "$text"
	else
		result 1 "$text"
		show "$1" "$out"
	fi
}

check_not() { # TEXT COMMAND...
	local text=$1 out
	shift
	if out=$("$@" 2>&1); then
		result 1 "$text"
		show "$1" "$out"
	else
		result 0 "$text"
	fi
}

check_equal() { # TEXT GOT WANT
	if [ "$2" = "$3" ]; then
		result 0 "$1"
	else
		result 1 "$1"
		show got "$2"
		show wanted "$3"
	fi
}

check_contains() { # TEXT HAYSTACK NEEDLE
	case $2 in
	*"$3"*) result 0 "$1" ;;
	*)
		result 1 "$1"
		show got "$2"
		show 'wanted in it' "$3"
		;;
	esac
}

check_lacks() { # TEXT HAYSTACK NEEDLE
	case $2 in
	*"$3"*)
		result 1 "$1"
		show got "$2"
		show 'not wanted in it' "$3"
		;;
	*) result 0 "$1" ;;
	esac
}

check_within() { # SECONDS TEXT COMMAND... - it has to come true in time
	local seconds=$1 text=$2
	shift 2
	wait_until "$seconds" "$@"
	result $? "$text (within $seconds s)"
}

# check_errno TEXT ERRNO COMMAND... - COMMAND (try.py) has to fail with it
check_errno() {
	local text=$1 want=$2 got
	shift 2
	got=$("$@" 2>&1)
	check_equal "$text: $want" "$got" "$want"
}

# check_fails TEXT CODE NEEDLE COMMAND... - exit code, and one sentence on standard error that has NEEDLE in it
check_fails() {
	local text=$1 code=$2 needle=$3 got err lines
	shift 3
	timeout 20 "$@" >out.txt 2>err.txt
	got=$?
	err=$(cat err.txt)
	lines=$(wc -l <err.txt)
	if [ "$got" = "$code" ] && [ "$lines" = 1 ] && [ ! -s out.txt ] && [[ $err == "seamfs: "* ]] && [[ $err == *"$needle"* ]]; then
		result 0 "$text: exit code $code, \"$needle\""
		return
	fi
	result 1 "$text: exit code $code, \"$needle\""
	show 'exit code' "$got"
	show stderr "$err"
	show stdout "$(cat out.txt)"
}

# ---- waiting

now_ms() { echo $(($(date +%s%N) / 1000000)); }

wait_until() { # SECONDS COMMAND... - true as soon as COMMAND is
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.05
	done
}



prints() { # WANT COMMAND...
	local want=$1
	shift
	[ "$("$@" 2>/dev/null)" = "$want" ]
}

# ---- a stack

# new_stack TOOL... - writes stack.json with these of: crm (500 clients in a CSV file), billing (the rig's Directus), board (the
# rig's Redmine), drive (a folder). POLL is how often they are asked.
new_stack() {
	local tool tools='' owners='' shares='{}'
	for tool in "$@"; do
		"tool_$tool"
		tools+="${tools:+,$'\n'}    \"$tool\": $TOOL"
		owners+="${owners:+, }$OWNS"
	done
	case " $* " in *' crm '*'billing '*) shares=${SHARES:-'{"client": {"billing": "accept"}}'} ;; esac
	cat >stack.json <<-END
		// Written by the system tests.
		{
		  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "${POLL:-2s}",
		  "tools": {
		$tools
		  },
		  "owners": {$owners},
		  "shares": $shares, "conflicts": ${CONFLICTS:-{\}}
		}
	END
}

tool_crm() {
	[ -f clients.csv ] || "$SRC/tests/rig/make-clients" 500 >clients.csv
	TOOL='{"connector": "csv", "types": {"client": {"file": "clients.csv", "id": "ID", "fields": {
      "name": "Company", "email": "Contact e-mail", "phone": "Phone", "street": "Street", "city": "City", "zip": "ZIP",
      "country": "Country", "vat_id": "VAT", "status": "Status", "since": "Since", "notes": "Internal note"}}}}'
	OWNS='"client": "crm"'
}

tool_billing() {
	(umask 077 && echo "$DIRECTUS_TOKEN" >billing.token)
	TOOL="{\"connector\": \"directus\", \"url\": \"${BILLING_URL:-$DIRECTUS_URL}\", \"token\": {\"file\": \"billing.token\"}}"
	OWNS='"invoice": "billing", "deal": "billing"'
}

tool_board() {
	TOOL="{\"connector\": \"redmine\", \"url\": \"$REDMINE_URL\", \"key\": {\"command\": [\"printf\", \"%s\", \"$REDMINE_KEY\"]}}"
	OWNS='"project": "board", "task": "board", "time": "board"'
}

tool_drive() {
	mkdir -p drive
	TOOL='{"connector": "folder", "path": "drive"}'
	OWNS='"document": "drive"'
}

# ---- a mount

status_json() { jq -r "$1" "$M/.seam/status.json"; }

all_pulled() { [ "$(status_json '[.tools[] | .last_pull != null and .state == "ok"] | all')" = true ]; }

idle() { [ "$(status_json '.pending')" = 0 ]; }

mount_up() { # mounts stack.json on m and waits until every tool was read
	mkdir -p "$M"
	"$SEAMFS" mount -c stack.json "$M" || bail "seamfs mount"
	DAEMON=$(status_json .pid)
}

mount_pulled() {
	mount_up
	wait_until "${1:-60}" all_pulled || bail "every tool is read within ${1:-60} s: $(cat "$M/.seam/status")"
	wait_until 30 idle || bail "nothing waits to be sent after the first pull: $(cat "$M/.seam/status")"
}

unmount() {
	wait_until 10 "$SEAMFS" unmount "$M" || bail "seamfs unmount"
}

remount() {
	unmount
	mount_pulled
}

kill_daemon() { # SIGKILL, and wait until it is gone
	kill -KILL "$DAEMON"
	while kill -0 "$DAEMON" 2>/dev/null && [ "$(awk '{print $3}' "/proc/$DAEMON/stat" 2>/dev/null)" != Z ]; do sleep 0.01; done
}

pull() { "$SEAMFS" sync -m "$M" "$@"; } # fetch now

state_of() { getfattr --only-values -n user.seam.state "$1" 2>/dev/null; }

# files FOLDER - every real file below, without .seam
files() { (cd "$1" && find . -path ./.seam -prune -o -type f -print | LC_ALL=C sort); }

# ---- the tools' own APIs

redmine() { # METHOD PATH [JSON]
	curl -sS --max-time 20 -X "$1" -H "X-Redmine-API-Key: $REDMINE_KEY" -H 'Content-Type: application/json' \
		${3+--data-binary "$3"} "$REDMINE_URL$2"
}

directus() { # METHOD PATH [JSON]
	curl -sS --max-time 20 -g -X "$1" -H "Authorization: Bearer $DIRECTUS_TOKEN" -H 'Content-Type: application/json' \
		${3+--data-binary "$3"} "$DIRECTUS_URL$2"
}

# directus_count COLLECTION FIELD VALUE - how many rows say so
directus_count() {
	directus GET "/items/$1?fields=id&limit=-1&filter[$2][_eq]=$(jq -rn --arg v "$3" '$v | @uri')" | jq '.data | length'
}

# directus_field COLLECTION KEYFIELD KEY FIELD
directus_field() {
	directus GET "/items/$1?limit=1&fields=$4&filter[$2][_eq]=$(jq -rn --arg v "$3" '$v | @uri')" | jq -r ".data[0].$4"
}

# What Directus itself wrote down: its activity, and its log of requests. directus_mark says from where on.
directus_mark() {
	DIRECTUS_LAST=$(directus GET '/activity?limit=1&sort=-id&fields=id' | jq '.data[0].id')
	DIRECTUS_LINE=$(wc -l <"$RIG_DIR/directus.log")
}

# directus_did - since then, sorted, one line each: ID ACTION COLLECTION FIELDS
directus_did() {
	directus GET "/activity?limit=-1&filter[id][_gt]=$DIRECTUS_LAST&fields=action,collection,item,revisions.delta" | jq -r '.data[] |
		"\(.item) \(.action) \(.collection) \([.revisions[].delta // {} | keys[] | select(. != "date_updated")] | join(","))"' | LC_ALL=C sort
}

# directus_asked - what seamfs has asked of it since then, reading aside: METHOD PATH STATUS
directus_asked() {
	tail -n +$((DIRECTUS_LINE + 1)) "$RIG_DIR/directus.log" | grep -F '"user-agent":"seamfs/' |
		jq -r 'select(.req.method != "GET") | "\(.req.method) \(.req.url) \(.res.statusCode)"'
}

rig() { # start|stop redmine|directus - a server must outlive the test, so it does not carry the test's mark
	env -u SEAMFS_SYSTEM_TEST "$SRC/tests/rig/$1" "$2" "$RIG_DIR" >>rig.log 2>&1 || bail "rig $*"
}

# a CSV cell: cell FILE ID COLUMN
cell() {
	python3 - "$@" <<-'END'
		import csv, sys
		with open(sys.argv[1], newline="", encoding="utf-8") as f:
		    for row in csv.DictReader(f):
		        if row["ID"] == sys.argv[2]:
		            print(row[sys.argv[3]], end="")
	END
}
