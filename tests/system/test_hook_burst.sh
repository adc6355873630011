# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Signed webhooks of a tool: each is a hint, a burst of them is one reading of each record, and nothing is believed unread.
. "$SRC/tests/system/lib.sh"

PORT=${HOOK_PORT:-19171}
COUNT=${HOOK_COUNT:-500}
TOOL=http://127.0.0.1:$((PORT + 2))
mkdir connectors
export SEAMFS_CONNECTORS=$PWD/connectors
cat >connectors/hooked.json <<'END'
{
  "connector": "hooked", "format": 1, "title": "Hooked", "docs": "tests/fake/hooked.py", "tested": "here",
  "settings": {"url": {"label": "Address"}, "hook_secret": {"label": "Key of its webhooks", "secret": true, "optional": true}},
  "http": {"base": "{url}"}, "errors": [{"status": 400, "message": "/message"}], "check": {"get": "/me"},
  "webhooks": {
    "verify": {"hmac": "sha256", "key": "hook_secret", "header": "X-Sign"}, "id": {"at": "/id"},
    "event": {"at": "/event"}, "events": {"task.*": {"type": "task", "id": "/task"}}, "ignore": ["ping"],
    "register": {"post": "/hooks", "body": {"url": "{callback}"}, "id": "/id", "secret": "/secret", "lasts": "4s"},
    "renew": {"post": "/hooks/{id}", "body": {"url": "{callback}"}, "lasts": "4s"}
  },
  "types": {"task": {
    "list": {"get": "/tasks", "records": ""}, "one": {"get": "/tasks/{id}"},
    "fields": {"id": "/id", "updated": "/updated", "title": "/title"}
  }}
}
END
(umask 077 && printf %s key-1 >hook.key)
cat >stack.json <<END
{"state": "state", "poll": "1h", "listen": {"address": "unix:$PWD/hooks.sock"},
 "tools": {"board": {"connector": "hooked", "url": "$TOOL", "hook_secret": {"file": "hook.key"}}}, "owners": {"task": "board"}}
END
python3 "$SRC/tests/fake/hooked.py" $((PORT + 2)) &
wait_until 5 curl -sf "$TOOL/me" || bail "the tool"
mount_pulled
check "it listens on a socket" test -S hooks.sock
unmount
check_not "which goes with it" test -S hooks.sock
sed -i "s|unix:$PWD/hooks.sock|127.0.0.1:$PORT|" stack.json
mount_pulled
HOOK=$("$SEAMFS" tool hook board 2>/dev/null)
asked() { curl -s "$TOOL/asked" | jq -c .; }
retitle() { curl -s -o /dev/null -d "{\"title\": $2}" "$TOOL/tasks/$1"; }
message() { # BODY [KEY] - its status
	curl -sS -o answer.txt -w '%{http_code}' -H "X-Sign: $(printf %s "$1" | openssl dgst -sha256 -hmac "${2-key-1}" -r | cut -d' ' -f1)" --data-binary "$1" "$HOOK"
}
asked >/dev/null

# ---- one at a time
retitle 7 '"Seventh"'
check_equal "a signed message" "$(message '{"id": "a", "event": "task.changed", "task": "7"}')" 200
check_within 5 "the record is read again" test -e "m/tasks/Seventh.json"
check_equal "it alone, once" "$(asked)" '{"list":0,"one":1}'
check_equal "the same message again is answered" "$(message '{"id": "a", "event": "task.changed", "task": "7"}')" 200
check_equal "another key: 401" "$(message '{"id": "b", "event": "task.changed", "task": "8"}' key-2)" 401
check_equal "no signature: 401" "$(curl -sS -o answer.txt -w '%{http_code}' -d '{"id": "b"}' "$HOOK")" 401
check_equal "what is ignored" "$(message '{"id": "c", "event": "ping"}')" 200
sleep 1
check_equal "none of them was worth a request" "$(asked)" '{"list":0,"one":0}'
retitle 9 null
message '{"id": "d", "event": "task.removed", "task": "9"}' >/dev/null
check_within 5 "what is gone there is gone here" sh -c '! test -e "m/tasks/Task 9.json"'
check_equal "after asking for it" "$(asked)" '{"list":0,"one":1}'
message '{"id": "e", "event": "task.changed", "task": "9999"}' >/dev/null
listed() { [ "$(curl -s "$TOOL/asked" | jq .list)" = 1 ]; }
check_within 5 "what is not known here is a pull" listed
message '{"id": "f", "event": "project.changed"}' >/dev/null
check_within 5 "so is what is no event here" listed

# ---- a burst
ONE=0
quiet() { # nothing is asked for any more
	local more
	more=$(asked | jq '.one + 100 * .list')
	ONE=$((ONE + more))
	sleep 0.5
	[ "$more" = 0 ]
}
wait_until 10 quiet
ONE=0
for i in 111 112 113; do retitle $i "\"Burst $i\""; done
FROM=$(now_ms)
read -r GOOD SLOWEST < <(python3 "$SRC/tests/fake/hooked.py" burst "$HOOK" key-1 "$COUNT" 50)
say "$COUNT messages in $(($(now_ms) - FROM)) ms, the slowest $SLOWEST ms; $(grep VmHWM "/proc/$DAEMON/status" | xargs)"
check_equal "each of $COUNT messages is answered" "$GOOD" "$COUNT"
check_within 10 "and the records are read" test -e "m/tasks/Burst 113.json"
wait_until 10 quiet
say "$ONE requests for them"
check "each record is read" test "$ONE" -ge 50
check "once, or again after five seconds" test "$ONE" -le $((50 * (1 + ($(now_ms) - FROM) / 5000)))
check "memory is bounded" sh -c "test \$(awk '/VmHWM/ {print \$2}' /proc/$DAEMON/status) -lt 150000"

# ---- the tool is asked to send them
unmount
sed -i "s|\"address\": \"127.0.0.1:$PORT\"|&, \"url\": \"http://127.0.0.1:$PORT/\"|; s|, \"hook_secret\": {[^}]*}||" stack.json
mount_pulled
touch refuse.hooks
check_contains "a tool that will not" "$("$SEAMFS" tool hook board -m m 2>&1 >hook.txt)" "nobody answers at http"
rm refuse.hooks
check_not "the address that it names is in no log" grep -qrF "${HOOK##*/}" m/.seam/hook m/.seam/errors.ndjson m/.seam/status.json
check_equal "the address is the same" "$("$SEAMFS" tool hook board -m m 2>hook.txt)" "$HOOK"
check_contains "and the tool sends there" "$(cat hook.txt)" "board sends, as h1"
check_equal "it was asked once" "$(curl -s "$TOOL/hooks" | jq -r '.[]')" "hooks $HOOK"
check_equal "what it signs with is known" "$(message '{"id": "y", "event": "ping"}' key-9)" 200
check_equal "and nothing else" "$(message '{"id": "z", "event": "ping"}' key-1)" 401
check_within 6 "before its time is over it is renewed" sh -c "curl -s $TOOL/hooks | jq -e '.[1] == \"h1 $HOOK\"'"
check_fails "another tool's webhooks" 3 "no tool called" "$SEAMFS" tool hook nobody
END=$(now_ms)
unmount
check "it ends at once" test $(($(now_ms) - END)) -lt 5000
