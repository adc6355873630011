# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# What is wrong with a configuration, a secret or a manifest is told with file, line and column; exit code 3.
. "$SRC/tests/system/lib.sh"

mkdir m
new_stack crm drive
cp stack.json good.json

# try TEXT NEEDLE - stack.json is wrong: "mount" and "check" both say so
try() {
	check_fails "mount, $1" 3 "$2" "$SEAMFS" mount -c stack.json m
	check_fails "check, $1" 3 "$2" "$SEAMFS" check -c stack.json
}

out=$("$SEAMFS" check -c good.json) code=$?
check_equal "a good stack with comments: exit code" $code 0
check_contains "a good stack with comments" "$out" "in order"

check_fails "a configuration that is not there" 3 "nowhere.json" "$SEAMFS" mount -c nowhere.json m

cat >stack.json <<'END'
{
  "company": "X",
  "colour": "blue"
}
END
try "unknown key" "stack.json:3:3: unknown key \"colour\""

cat >stack.json <<'END'
{
  "tools": {
    "crm": { "connector": "csv",
       "types": { "client": { "file": "clients.csv", "id": "ID", "feilds": {} } } }
  }
}
END
try "unknown key deep in a tool" "stack.json:4:66: "

printf '{\n  "company": "X",\n  "tools": { "a": }\n}\n' >stack.json
try "broken JSON" "stack.json:3:19: "

printf '{\n  "company": "X", "company": "Y"\n}\n' >stack.json
try "a key that stands twice" "stack.json:2:"

printf '{ "tools": {\n "crm": { "connector": "frobnicator" } } }\n' >stack.json
try "an unknown connector" "frobnicator"
check_contains "an unknown connector: the place" "$(cat err.txt)" "stack.json:2:"

printf '{ "tools": {},\n  "owners": { "client": "nobody" } }\n' >stack.json
try "an owner that is no tool" "stack.json:2:15: there is no tool called \"nobody\""

printf '{ "tools": {},\n  "owners": { "clown": "local" } }\n' >stack.json
try "a type that does not exist" "stack.json:2:15: "

printf '{ "tools": {}, "poll": "often" }\n' >stack.json
try "a poll interval that is none" "stack.json:1:16: "

sed 's/"client": "crm"/"invoice": "crm"/' good.json >stack.json
try "an owner that cannot hold the type" "stack.json:"
check_contains "an owner that cannot hold the type: what" "$(cat err.txt)" "invoices"

cat >stack.json <<'END'
{
  "tools": {
    "crm": { "connector": "csv", "types": { "client": { "file": "clients.csv", "create": true, "fields": "same" } } },
    "drive": { "connector": "folder", "path": "drive" }
  },
  "owners": { "client": "crm" },
  "shares": { "client": {
     "drive": "ask"} }
}
END
try "a share that cannot hold the type" "stack.json:8:6: \"drive\" is to hold clients"
sed -i 's/"drive": "ask"/"driev": "ask"/' stack.json
try "a share that is no tool" "stack.json:8:6: there is no tool called \"driev\""
printf '{\n  "tools": {\n    "board": { "connector": "redmine", "key": {"file": "key"} } } }\n' >stack.json
try "a setting that is missing" "stack.json:3:5: \"url\" is missing"
printf '{\n  "tools": {\n    "drive": { "connector": "folder" } } }\n' >stack.json
try "a folder without its path" "stack.json:3:5: "
printf '{\n  "tools": {\n    "crm": { "connector": "csv",\n      "types": { "client": { "id": "ID" } } } } }\n' >stack.json
try "a sheet without its file" "stack.json:4:18: "
cat >stack.json <<'END'
{
  "tools": {
    "board": { "connector": "redmine", "url": "http://127.0.0.1:1", "key": {"command": ["echo", "k"]},
      "types": { "task": { "steps": { "status": { "New": 7,
        "Closed": { "after": "New" } } } } } }
  }
}
END
try "a workflow that is none" "stack.json:5:21: "

printf '' >stack.json
try "an empty file" "stack.json"
printf '[]\n' >stack.json
try "an array" "stack.json:1:1: "
printf '{ "company": "\xff\xfe" }\n' >stack.json
try "bytes that are no UTF-8" "stack.json:1:"

# ---- secrets

board() { # KEY
	printf '{ "tools": {\n  "board": { "connector": "redmine", "url": "http://127.0.0.1:1",\n    "key": %s } },\n' "$1" >stack.json
	printf '  "owners": { "task": "board" } }\n' >>stack.json
}

board '{"file": "key"}'
try "a secret's file that is not there" "stack.json:3:"
check_contains "a secret's file that is not there: which" "$(cat err.txt)" "/key"
echo secret >key
chmod 644 key
try "a secret that others may read" "chmod 600"
chmod 620 key
try "a secret that others may write" "chmod 600"
: >key
chmod 600 key
try "an empty secret" "/key"
rm key
ln -s /etc/hostname key
try "a secret that is a symbolic link" "symbolic link"
rm key
mkdir key
try "a secret that is a folder" "regular file"
rmdir key
if [ "$(id -u)" = 0 ]; then
	echo secret >key
	chmod 600 key
	chown 12345 key
	try "a secret that belongs to somebody else" "somebody else"
	rm key
fi
board '{"command": ["false"]}'
try "a secret's command that fails" "false"
board '{"command": ["seamfs-no-such-program"]}'
try "a secret's command that is not there" "seamfs-no-such-program"
board '"plain-text-secret"'
try "a secret in the configuration itself" "stack.json:3:"
check_lacks "a secret in the configuration itself: it is not repeated" "$(cat err.txt)" "plain-text-secret"
board '{"credential": "nothing"}'
try "a credential without systemd" "CREDENTIALS_DIRECTORY"
board '{"file": "key"}'
echo 0123456789abcdef >key
chmod 600 key
check "a secret as it should be" "$SEAMFS" check -c stack.json
check_lacks "a secret's text is in no message" "$("$SEAMFS" tool -c stack.json test board 2>&1)" 0123456789abcdef

# ---- a tool

check_fails "tool test: an unknown tool" 2 '"nobody"' "$SEAMFS" tool -c good.json test nobody
check_fails "tool test: a tool that does not answer" 6 'board' "$SEAMFS" tool -c stack.json test board
check "tool test: a tool that does" "$SEAMFS" tool -c good.json test crm
check_contains "tool list" "$("$SEAMFS" tool -c good.json list)" "client"

# ---- manifests

mkdir manifests
cp "$SRC"/contrib/connectors/*.json manifests/
export SEAMFS_CONNECTORS=$PWD/manifests
check "manifests in a folder of one's own" "$SEAMFS" check -c stack.json
sed '0,/"format": 1/s//"format": 1, "frobnicate": 2/' "$SRC/contrib/connectors/redmine.json" >manifests/redmine.json
line=$(grep -n frobnicate manifests/redmine.json | cut -d: -f1)
check_fails "check, a manifest with an unknown key" 3 "redmine.json:$line:" "$SEAMFS" check -c good.json
check_fails "mount, a manifest with an unknown key" 3 "frobnicate" "$SEAMFS" mount -c stack.json m
head -c 1000 "$SRC/contrib/connectors/redmine.json" >manifests/redmine.json
check_fails "check, a manifest that is cut off" 3 "redmine.json:" "$SEAMFS" check -c good.json
check_fails "mount, a manifest that is cut off" 3 "redmine.json:" "$SEAMFS" mount -c stack.json m
check_equal "nothing was mounted" "$(ls -A m)" ""
