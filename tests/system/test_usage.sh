# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Verbs and options: help, version, and one sentence with exit code 2 for what is not known.
. "$SRC/tests/system/lib.sh"

verbs='mount unmount demo status sync approve reject log blame undo link unlink verify handoff export import move-owner tool hook review doctor check'

out=$("$SEAMFS" --help) code=$?
check_equal "--help: exit code" $code 0
for verb in $verbs; do
	check_contains "--help lists $verb" "$out" "seamfs $verb"
	out_verb=$("$SEAMFS" "$verb" --help 2>&1) code=$?
	check_equal "$verb --help: exit code" $code 0
	check_contains "$verb --help says how it is called" "$out_verb" "seamfs $verb"
	out_verb=$("$SEAMFS" "$verb" --version 2>&1) code=$?
	check_equal "$verb --version: exit code" $code 0
	check_contains "$verb --version" "$out_verb" "seamfs 0."
done
check_contains "--version" "$("$SEAMFS" --version)" "seamfs 0."

check_fails "an unknown verb" 2 '"frobnicate"' "$SEAMFS" frobnicate
check_fails "an unknown short option" 2 '-x' "$SEAMFS" mount -x m
check_fails "an unknown long option" 2 '--frobnicate' "$SEAMFS" status --frobnicate
check_fails "an unknown option before a known one" 2 'unknown option "-x' "$SEAMFS" mount -xf m
check_fails "an unknown option behind a known one" 2 'x"' "$SEAMFS" mount -fx m
check_fails "an unknown option behind an argument" 2 '--frobnicate' "$SEAMFS" unmount m --frobnicate
check_fails "an option without its argument" 2 '-c' "$SEAMFS" mount m -c
check_fails "an argument too few" 2 'mount' "$SEAMFS" mount
check_fails "an argument too many" 2 'unmount' "$SEAMFS" unmount a b
check_fails "a file too many" 2 'seamfs log' "$SEAMFS" log a b
check_fails "a file too few" 2 'seamfs blame' "$SEAMFS" blame
check_fails "no change" 2 'seamfs undo' "$SEAMFS" undo
check_fails "a change too many" 2 'seamfs undo' "$SEAMFS" undo 1 2
check_fails "one of two files" 2 'seamfs link' "$SEAMFS" link a
check_fails "a third file" 2 'seamfs link' "$SEAMFS" link a b c
check_fails "a file without a tool" 2 'seamfs unlink' "$SEAMFS" unlink a
check_fails "an argument for hook" 2 'seamfs hook' "$SEAMFS" hook a
check_fails "hook without its tool" 2 'usage: ' "$SEAMFS" tool hook
check_fails "a file for verify" 2 'seamfs verify' "$SEAMFS" verify a
check_fails "no folder for an export" 2 'seamfs export' "$SEAMFS" export
check_fails "two things to import" 2 'seamfs import' "$SEAMFS" import a b
check_fails "nothing whose owner is to move" 2 'seamfs move-owner' "$SEAMFS" move-owner
check_fails "a tool without its name" 2 '--from' "$SEAMFS" move-owner client --from
check_fails "more numbers than approve takes" 2 'seamfs approve' "$SEAMFS" approve {1..1001}
check_fails "more numbers than reject takes" 2 'seamfs reject' "$SEAMFS" reject {1..1001}
check_fails "an option without its number" 2 '-n' "$SEAMFS" log -n
check_fails "a count that is a word" 2 'wants a number, not "x"' "$SEAMFS" log --count x
check_fails "a count with a word behind it" 2 'wants a number, not "5x"' "$SEAMFS" log -n 5x
check_fails "a count of none" 2 'wants a number, not "0"' "$SEAMFS" log -n 0
check_fails "a sample of less than none" 2 'wants a number, not "-1"' "$SEAMFS" verify --sample -1
check_fails "no word for handoff" 2 'too few arguments' "$SEAMFS" handoff
check_fails "an unknown word for handoff" 2 'usage: seamfs handoff list' "$SEAMFS" handoff frobnicate
check_fails "test without a file" 2 'test RULE FILE' "$SEAMFS" handoff test won-deal
check_fails "pause of nothing" 2 'pause RULE' "$SEAMFS" handoff pause
check_fails "an unknown word behind a verb" 2 'tool' "$SEAMFS" tool frobnicate
check_fails "--paste is for a login" 2 'login NAME' "$SEAMFS" tool list --paste
check "a manifest that is right" "$SEAMFS" tool check "$SRC/contrib/connectors/redmine.json"
echo '{ "connector": "x", "format": 1 }' >x.json
check_fails "a manifest that is not" 3 'x.json:1:1: "title" is missing' "$SEAMFS" tool check x.json

cat >spec.json <<'EOF'
{ "openapi": "3.0.0", "info": { "title": "Board API" }, "servers": [{ "url": "https://board.invalid/api" }],
  "paths": {
    "/tasks": { "get": { "responses": { "200": { "content": { "application/json": { "schema": {
      "type": "array", "items": { "$ref": "#/components/schemas/Task" } } } } } } } },
    "/tasks/{id}": { "get": { "responses": { "200": { "content": { "application/json": { "schema": {
      "$ref": "#/components/schemas/Task" } } } } } } } },
  "components": { "schemas": { "Task": { "type": "object", "properties": {
    "id": { "type": "string" }, "title": { "type": "string" }, "due_date": { "type": "string", "format": "date" } } } } } }
EOF
"$SEAMFS" tool new spec.json >draft.json 2>err.txt
check_equal "a draft: exit code" $? 0
check_contains "a draft: the manifest on standard output" "$(cat draft.json)" '"due": "/due_date"'
check_contains "a draft: what to look up on standard error" "$(cat err.txt)" 'tested: false until'
check "a draft is a manifest" "$SEAMFS" tool check draft.json
check "a draft into a file" "$SEAMFS" tool new spec.json --name board2 --type task=/tasks -o new.json
check_contains "a draft into a file: its name" "$(cat new.json)" '"connector": "board2"'
check_fails "a draft over a file" 1 'cannot make new.json' "$SEAMFS" tool new spec.json -o new.json
check_fails "a draft of nothing" 1 'cannot open none.json' "$SEAMFS" tool new none.json
check_fails "a draft of what is no document" 1 'no OpenAPI document' "$SEAMFS" tool new x.json
printf 'openapi: 3.0.0\npaths: {}\n' >spec.yaml
check_fails "a draft of YAML" 1 'make JSON of it first' "$SEAMFS" tool new spec.yaml
check_fails "a draft without a document" 2 'new SPEC.json' "$SEAMFS" tool new
check_fails "a name that is none" 2 '--name wants a word' "$SEAMFS" tool new spec.json --name 'A b'
check_fails "a type that is none" 2 'there is no type "cow"' "$SEAMFS" tool new spec.json --type cow=/cows
check_fails "a type without a path" 2 '--type wants TYPE=/PATH' "$SEAMFS" tool new spec.json --type task
check_fails "a type twice" 2 'given twice' "$SEAMFS" tool new spec.json --type task=/tasks --type task=
check_fails "a path that is not there" 1 'no path "/cows"' "$SEAMFS" tool new spec.json --type task=/cows
check_fails "--type is for a draft" 2 'tool new' "$SEAMFS" tool list --type task=/tasks
check_fails "-o is for a draft" 2 'usage: ' "$SEAMFS" tool add redmine -o new.json
check_fails "--owner is for a new tool" 2 'usage: ' "$SEAMFS" tool new spec.json --owner task
check_fails "--set is for a new tool" 2 'usage: ' "$SEAMFS" tool new spec.json --set url=x
check_fails "--secret-tool is for a new tool" 2 'usage: ' "$SEAMFS" tool new spec.json --secret-tool
check_fails "--yes is not for a draft" 2 'usage: ' "$SEAMFS" tool new spec.json --yes
check_fails "--name is not for a login" 2 'usage: ' "$SEAMFS" tool login board --name board
mapfile -t types < <(yes -- --type=task=/tasks | head -n 17)
check_fails "more types than there is room for" 2 '--type is there more than 16 times' "$SEAMFS" tool new spec.json "${types[@]}"
check_contains "what can be added" "$("$SEAMFS" tool add)" 'redmine '
for word in list test runs replay pause; do
	check_contains "handoff --help explains $word" "$("$SEAMFS" handoff --help)" $'\n'"$word"
done
for word in list add test login check new; do
	check_contains "tool --help explains $word" "$("$SEAMFS" tool --help)" $'\n'"$word: "
done
mkdir -p sick
printf '{"company": "A", "state": "state", "tools": {"b": {"connector": "redmine", "url": "http://127.0.0.1:1", "key": {"file": "key"}}}}' >sick/stack.json
mkdir -m 755 sick/state
touch sick/key && chmod 644 sick/key
doctor=$("$SEAMFS" doctor -c sick/stack.json)
check_equal "doctor: exit code when something is wrong" $? 1
check_contains "doctor: a folder that others can look into" "$doctor" "wrong  others can look into $PWD/sick/state: chmod 700"
check_contains "doctor: a key that others can read" "$doctor" "wrong  b: "
check_contains "doctor: versions" "$doctor" "ok     seamfs "
"$SEAMFS" >out.txt 2>err.txt
check_equal "no verb at all: exit code" $? 2
check_contains "no verb at all: the usage on standard error" "$(cat err.txt)" "seamfs mount"
check_equal "no verb at all: nothing on standard output" "$(cat out.txt)" ""
