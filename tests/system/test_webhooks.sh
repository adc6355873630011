# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# HTTP in both directions: a tool's webhook hastens a pull, middleware writes, subscribers hear of changes.
. "$SRC/tests/system/lib.sh"

PORT=${HOOK_PORT:-19171}
new_stack crm
SECRET=whsec_$(head -c 24 /dev/urandom | base64)
(umask 077 && echo "$SECRET" >sub.key)
sed -i "s|^  \"owners\"|  \"listen\": {\"address\": \"127.0.0.1:$PORT\"},\n  \"subscriptions\": [{\"name\": \"n8n\", \"url\": \"http://127.0.0.1:$((PORT + 1))/x\", \
\"on\": [\"client.changed\", \"client.created\", \"client.removed\"], \"secret\": {\"file\": \"sub.key\"}, \"keep\": \"3s\"}],\n  \"poll\": \"1h\",\n&|; s|\"poll\": \"2s\", *||; s|\"poll\": \"2s\"|\"grace\": \"30s\"|" stack.json
python3 "$SRC/tests/fake/subscriber.py" $((PORT + 1)) "$SECRET" told.ndjson &
mount_pulled
DIR="m/clients/Tamarind Marine B.V"
HOOK=$("$SEAMFS" tool hook crm | head -n 1)
IN=$("$SEAMFS" hook | head -n 1)
post() { # ADDRESS BODY [HEADER] - status on the first line, then the answer
	curl -sS --max-time 5 -o answer.txt -w '%{http_code}' ${3+-H "$3"} --data-binary "$2" "$1"
	echo
	cat answer.txt
}
say "$IN"

# ---- middleware writes
check_contains "a field is set" "$(post "$IN" '{"path": "clients/Tamarind Marine B.V", "set": {"phone": "17"}}')" '"path":"clients/Tamarind Marine B.V/client.json"'
check_equal "it is in the file" "$(jq -r .phone "$DIR/client.json")" 17
check_within 5 "and in the sheet" prints 17 cell clients.csv C-00002 Phone
check_equal "by whom and why is known" "$(jq -rs '.[0] | "\(.program) \(.why)"' "$DIR/client.log.ndjson")" "webhook hook"
check_contains "a record is made" "$(post "$IN" '{"type": "client", "create": {"name": "Made Ltd", "city": "Ede"}}' 'Idempotency-Key: k1')" '"repeated":false'
check_equal "it is there" "$(jq -r .city "m/clients/Made Ltd/client.json")" Ede
check_contains "the same key again makes nothing" "$(post "$IN" '{"type": "client", "create": {"name": "Made Ltd", "city": "Ede"}}' 'Idempotency-Key: k1')" '"path":"clients/Made Ltd/client.json","repeated":true'
check_equal "there is one" "$(find m/clients -maxdepth 1 -name 'Made Ltd*' | wc -l)" 1
BAD=$(post "$IN" '{"path": "clients/Made Ltd", "set": {"since": "2026-02-30"}}')
check_equal "a bad value: 400" "$(head -n 1 <<<"$BAD")" 400
check_equal "with the field" "$(tail -n +2 <<<"$BAD" | jq -r '"\(.error) \(.field)"')" "EINVAL since"
echo '{"since": "2026-02-30"}' >"m/clients/Made Ltd/client.json" 2>/dev/null
check_equal "and the sentence of a file that is saved so" "$(tail -n +2 <<<"$BAD" | jq -r .message)" "$(jq -r 'select(.act == "save") | .message' m/.seam/errors.ndjson | head -n 1)"
check "what was refused is kept" sh -c "ls m/problems | grep -q '^Made Ltd .*rejected.json'"
post "$IN" '{"type": "task", "create": {"title": "From"}, "from": "\u001b[1mééééééééééééééééééééé\n"}' >/dev/null
check_equal "a name too long is cut between letters, and no terminal obeys it" "$(head -n 1 m/tasks/From.log.ndjson | jq -r .program)" ".[1méééééééééééééééé…"
check_equal "no record: 404" "$(post "$IN" '{"path": "clients/Nobody", "set": {}}' | head -n 1)" 404
check_equal "an unknown key: 400" "$(post "$IN" '{"path": "clients/Made Ltd", "sett": {}}' | head -n 1)" 400
check_equal "no JSON: 400" "$(post "$IN" 'x' | head -n 1)" 400
check_equal "another address: 404" "$(post "${IN%?}" '{}' | head -n 1)" 404
check_equal "GET: 405" "$(curl -sS -o answer.txt -w '%{http_code}' "$IN")" 405

# ---- a subscriber hears
told() { jq -r "$1" told.ndjson 2>/dev/null | sort | xargs -d '\n'; }
lines() { wc -l <"$1"; }
check_within 5 "a subscriber hears" prints 2 lines told.ndjson
check_equal "of what happened after the first pull, once each" "$(told '"\(.body.type) \(.body.data.path)"')" \
	"client.changed clients/Tamarind Marine B.V/client.json client.created clients/Made Ltd/client.json"
check_equal "signed" "$(told .good | tr ' ' '\n' | sort -u)" true
check_equal "with the record and what changed in it" \
	"$(jq -r 'select(.body.type == "client.changed").body.data | "\(.record.name) \(.record.phone) \(.changed.phone.new)"' told.ndjson)" "Tamarind Marine B.V. 17 17"
: >told.ndjson
post "$IN" '{"path": "clients/Made Ltd", "set": {"city": "Lochem"}, "from": "n8n"}' >/dev/null
post "$IN" '{"path": "clients/Made Ltd", "set": {"city": "Delden"}, "from": "other"}' >/dev/null
check_within 5 "what it said itself is no news to it" prints Delden sh -c "jq -r .body.data.changed.city.new told.ndjson"

# ---- it does not answer, and the daemon is killed
echo 503 >told.ndjson.status
for i in 1 2 3; do echo "$i" >"$DIR/client.d/phone"; done
echo 4 >"m/clients/Made Ltd/client.d/phone"
waiting() { status_json '.subscriptions[0].waiting'; }
check_within 5 "a refused delivery waits" prints 4 waiting
check_contains "status says why" "$("$SEAMFS" status -m m)" "subscription n8n: 4 waiting"
kill_daemon
: >told.ndjson
rm told.ndjson.status
mount_pulled
check_within 10 "and arrives after all" prints 4 lines told.ndjson
check_equal "in the order of each record" "$(jq -r 'select(.body.data.path | contains("Tamarind")).body.data.changed.phone.new' told.ndjson | xargs)" "1 2 3"
check_equal "each under a name of its own" "$(jq -r .id told.ndjson | sort -u | wc -l)" 4
echo 500 Made >told.ndjson.status
echo 6 >"m/clients/Made Ltd/client.d/phone"
echo 7 >"$DIR/client.d/phone"
check_within 8 "a message that it has trouble with does not hold up the others" prints 7 sh -c "tail -n 1 told.ndjson | jq -r .body.data.changed.phone.new"
rm told.ndjson.status
check_within 8 "and arrives, too" prints 6 sh -c "tail -n 1 told.ndjson | jq -r .body.data.changed.phone.new"
echo 422 >told.ndjson.status
echo 5 >"m/clients/Made Ltd/client.d/phone"
check_within 12 "what is refused for too long is a problem" sh -c 'cat m/problems/*why.txt | grep -q "subscription \"n8n\" did not take"'
check_equal "and no longer on its way" "$(waiting)" 0
rm told.ndjson.status

# ---- a tool's webhook: the poll is an hour away
python3 - <<-'END'
	text = open("clients.csv", encoding="utf-8").read()
	open("outside.csv", "w", encoding="utf-8").write(text.replace(",3,", ",99,", 1))
END
check_equal "a webhook is answered" "$(post "$HOOK" '' | head -n 1)" 200
check_equal "with a query, too" "$(post "$HOOK?x=1" '{"any": "thing"}' | head -n 1)" 200
check_equal "at no other address" "$(post "${HOOK%?}" '' | head -n 1)" 404
BEFORE=$(jq -r '.tools[0].last_pull' m/.seam/status.json)
post "$HOOK" '' >/dev/null
check_within 5 "the tool is read" sh -c "test \"\$(jq -r '.tools[0].last_pull' m/.seam/status.json)\" != '$BEFORE'"
check_fails "the address of no tool" 3 "no tool called" "$SEAMFS" tool hook nobody

# ---- what is too much
check_equal "a huge body: 413" "$(head -c 1100000 /dev/zero | curl -sS -o answer.txt -w '%{http_code}' --data-binary @- "$HOOK")" 413
check_equal "a long address: 414" "$(curl -sS -o answer.txt -w '%{http_code}' "$HOOK?$(head -c 3000 /dev/zero | tr '\0' x)")" 414
check_equal "another method: 405" "$(curl -sS -X PUT -o answer.txt -w '%{http_code}' -d x "$HOOK")" 405
