# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2119
# needs: rig
# seconds: 400
# A new tool, by --set and by a terminal: what is asked, where secrets go, what stack.json says afterwards, and that it says what
# it said when anything goes wrong. And the round trip of "tool test", which leaves every record as it was.
. "$SRC/tests/system/lib.sh"

command -v expect >/dev/null || bail "expect is installed"

tool() { timeout 90 "$SEAMFS" tool -c stack.json "$@"; }

# fails TEXT CODE NEEDLE COMMAND... - as check_fails, but what was said before the failure may stand on standard output
fails() {
	local text=$1 code=$2 needle=$3 got
	shift 3
	"$@" >out.txt 2>err.txt
	got=$?
	check_equal "$text: exit code" "$got" "$code"
	check_contains "$text: the sentence" "$(cat err.txt)" "$needle"
	check_equal "$text: it is one" "$(wc -l <err.txt)" 1
	check "$text: stack.json is as it was" cmp stack.json before.json
	check_not "$text: no secret is left behind" test -e secrets
}

write_stack() {
	cat >stack.json <<-'END'
		// Our tools.
		{
		  "company": "Rig & Sons",   "currency": "EUR", "state": "state", "poll": "1h",
		  "tools": {
		    /* the folder
		       of everybody */
		    "drive": { "connector": "folder", "path": "drive" } // stays
		  },
		  "owners": {
		    "document": "drive" // files
		  }
		}
	END
	rm -rf secrets
	mkdir -p drive
	cp stack.json before.json
}

# ---- what cannot be

write_stack
check_contains "without a connector: which there are" "$(tool add)" "redmine              Redmine"
fails "a slip" 2 'is redmine meant?' "$SEAMFS" tool -c stack.json add redmin
fails "a name that looks like none" 2 'there are asana, ' "$SEAMFS" tool -c stack.json add qqqqqqqq
fails "spreadsheets" 2 'README.md says how' "$SEAMFS" tool -c stack.json add csv
fails "a name that is taken" 2 'a tool called "drive"' "$SEAMFS" tool -c stack.json add redmine --name drive
fails "a name that cannot be" 2 'cannot be a tool'\''s name' "$SEAMFS" tool -c stack.json add redmine --name local
fails "an unknown setting" 2 'there are url, key, base, poll, send' "$SEAMFS" tool -c stack.json add redmine --set adress=x
fails "a setting twice" 2 'twice' "$SEAMFS" tool -c stack.json add redmine --set url=x --set url=y
fails "a setting without a value" 2 'KEY=VALUE' "$SEAMFS" tool -c stack.json add redmine --set url
fails "a secret on the command line" 2 '--set key=file:PATH' "$SEAMFS" tool -c stack.json add redmine --set "key=$REDMINE_KEY"
check_lacks "it is not said again" "$(cat err.txt)" "$REDMINE_KEY"
fails "a setting that is missing" 2 '--set url=… is missing: Address of your Redmine' "$SEAMFS" tool -c stack.json add redmine
fails "a secret that is missing" 2 '"key" is missing: Your API key' "$SEAMFS" tool -c stack.json add redmine --set "url=$REDMINE_URL" </dev/null
fails "an owner of what has one" 2 'document has an owner already: "drive"' "$SEAMFS" tool -c stack.json add redmine --owner document
fails "an owner of what is no type" 2 'has no type "tasks"' "$SEAMFS" tool -c stack.json add redmine --owner tasks
check_fails "an option of another verb" 2 'usage: ' "$SEAMFS" tool list --yes
check_fails "an option without its argument" 2 '--set' "$SEAMFS" tool add redmine --set

add_board() { "$SEAMFS" tool -c stack.json add redmine --name board --set "url=$REDMINE_URL" "$@"; }

echo wrong >key.txt
fails "a wrong key" 6 'board: ' add_board --yes <key.txt
check_lacks "and it is in no sentence" "$(cat err.txt out.txt)" wrong
fails "nobody answers" 6 'board: ' "$SEAMFS" tool -c stack.json add redmine --name board --set url=http://127.0.0.1:9 --yes <key.txt
fails "an address that is none" 3 '/url: ' "$SEAMFS" tool -c stack.json add redmine --name board --set url=nonsense --yes <key.txt
fails "a file that is not there" 3 'nothing.key' add_board --set key=file:nothing.key --yes

echo "$REDMINE_KEY" >key.txt
fails "nobody says yes" 1 'has not been added' add_board --owner task <key.txt
fails "an owner of what the tool does not hold" 2 'Redmine has no type "invoice"' add_board --owner task,invoice --yes <key.txt

# ---- by --set

check "Redmine is added" add_board --owner project,time --yes <key.txt
check_equal "stack.json has it, and all else byte for byte" "$(diff before.json stack.json)" "$(cat <<-END
	7c7,12
	<     "drive": { "connector": "folder", "path": "drive" } // stays
	---
	>     "drive": { "connector": "folder", "path": "drive" }, // stays
	>     "board": {
	>       "connector": "redmine",
	>       "url": "$REDMINE_URL",
	>       "key": { "file": "secrets/board.key" }
	>     }
	10c15,17
	<     "document": "drive" // files
	---
	>     "document": "drive", // files
	>     "project": "board",
	>     "time": "board"
END
)"
check_equal "the secret's file is private" "$(stat -c %a secrets/board.key)" 600
check_equal "and its folder" "$(stat -c %a secrets)" 700
check_equal "the secret is in it" "$(cat secrets/board.key)" "$REDMINE_KEY"
check_lacks "and not in stack.json" "$(cat stack.json)" "$REDMINE_KEY"
check "seamfs check" "$SEAMFS" check -c stack.json

add_billing() { "$SEAMFS" tool -c stack.json add directus --name billing --set "url=$DIRECTUS_URL" "$@"; }

(umask 077 && echo "$DIRECTUS_TOKEN" >my.token)
OUT=$(add_billing --set token=file:my.token --yes 2>&1)
check_equal "Directus is added: exit code" $? 0
check_contains "who we are" "$OUT" "admin@example.com"
check_contains "ten records of a type" "$OUT" "INV-2026-0010"
check_lacks "not eleven" "$OUT" "INV-2026-0011"
check_contains "how many types" "$OUT" "Of 3 types 3 can be read, 3 written, 3 created, 3 removed."
check_equal "the reference that was given" "$(grep -c '"token": { "file": "my.token" }' stack.json)" 1
check_equal "what has no owner is proposed" "$(tool list | grep '^billing')" "billing          directus     client, deal, invoice"
check "seamfs check" "$SEAMFS" check -c stack.json

# ---- the mount

mount_pulled 120
check_equal "the mount lists clients" "$(find m/clients -mindepth 2 -maxdepth 2 -name client.json | wc -l)" \
	"$(directus GET '/items/clients?limit=0&meta=total_count' | jq .meta.total_count)"
check_equal "and projects" "$(find m/projects -mindepth 2 -maxdepth 2 -name project.json | wc -l)" 200
unmount

# ---- tool test

# All records as the tools tell them, but for when they were changed.
everything_billing() {
	local collection
	for collection in clients deals invoices; do
		directus GET "/items/$collection?limit=-1&sort=id" | jq -S '.data[] | del(.date_updated, .user_updated)'
	done
}
everything_board() {
	redmine GET '/projects.json?limit=100' | jq -S '.projects[] | del(.updated_on)'
	redmine GET '/time_entries.json?limit=100' | jq -S '.time_entries[] | del(.updated_on)'
	redmine GET '/issues.json?status_id=*&sort=id&limit=100' | jq -S '.issues[] | del(.updated_on)'
}

everything_billing >billing.before
everything_board >board.before
directus_mark
OUT=$(tool test billing </dev/null)
check_equal "tool test without an answer: exit code" $? 0
check_contains "says who we are" "$OUT" "admin@example.com"
check_equal "and changes nothing" "$(directus_asked)" ""
check_equal "nor says that it did" "$(grep -c ' not tried ' <<<"$OUT")" 3
OUT=$(tool test billing --yes)
check_equal "tool test --yes: exit code" $? 0
check_equal "each type is read, written, and may be made and removed" \
	"$(awk '$1 ~ /^(client|deal|invoice)$/ && $7 == "ms" && $9 == "erase" { print $1, $8, $9 }' <<<"$OUT" | paste -sd ,)" \
	"client yes erase,deal yes erase,invoice yes erase"
check_equal "three changes were sent, and nothing else" "$(directus_asked | awk '{ print $1, $3 }' | sort | uniq -c | xargs)" "3 PATCH 200"
everything_billing >billing.after
check "Directus' records are as they were" cmp billing.before billing.after
check_contains "one type, which the stack does not have the tool for" "$(tool test board task --yes)" "task       200+ in "
check_fails "a type that it does not hold" 2 'board has no type "invoice"' "$SEAMFS" tool -c stack.json test board invoice
OUT=$(tool test board --yes)
check_equal "Redmine: exit code" $? 0
check_equal "Redmine: both types" "$(awk '$7 == "ms" { print $1, $8, $9 }' <<<"$OUT" | paste -sd ,)" "project yes archive,time yes erase"
everything_board >board.after
check "Redmine's records are as they were" cmp board.before board.after

# Between us and Directus: one that lets nobody write, and one that changes what is written.
cat >between.py <<-'END'
	import http.server, json, sys, urllib.request

	class Between(http.server.BaseHTTPRequestHandler):
	    def ask(self, data=None):
	        headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/json"}
	        request = urllib.request.Request(sys.argv[1] + self.path, data, headers, method=self.command)
	        with urllib.request.urlopen(request) as reply:
	            return reply.status, reply.read()
	    def answer(self, status, body):
	        self.send_response(status)
	        self.send_header("Content-Type", "application/json")
	        self.send_header("Content-Length", str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	    def do_GET(self):
	        status, body = self.ask()
	        self.answer(status, body.replace(b'"name":"', b'"name":"Not ') if type(self).changed else body)
	    changed = False
	    def do_PATCH(self):
	        self.rfile.read(int(self.headers["Content-Length"]))
	        if sys.argv[2] == "deny":
	            return self.answer(403, b'{"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]}')
	        type(self).changed = True
	        self.answer(200, b'{"data": null}')
	    def log_message(self, *_):
	        pass

	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
	print(server.server_port, flush=True)
	server.serve_forever()
END
for how in deny change; do
	python3 between.py "$DIRECTUS_URL" $how >port.$how 2>between.log &
	wait_until 10 grep -q . port.$how || bail "it starts: $(cat between.log)"
	sed "s|\"url\": \"$DIRECTUS_URL\"|\"url\": \"http://127.0.0.1:$(cat port.$how)\"|" stack.json >$how.json
	timeout 60 "$SEAMFS" tool -c $how.json test billing client --yes >out.txt 2>err.txt
	check_equal "$how: exit code" $? 6
	check_contains "$how: it is said" "$(cat err.txt)" "billing: client: change: "
	check_contains "$how: and that reading went well" "$(cat out.txt)" "client     200+ in "
done
check_contains "what was changed on the way is told" "$(cat err.txt)" '"name" was "'

# ---- at a terminal

write_stack
cat >add.exp <<-END
	set timeout 60
	log_file -noappend seen.txt
	spawn $SEAMFS tool -c stack.json add directus --name money
	expect "Address of your Directus"
	expect "url: "
	send -- "$DIRECTUS_URL\r"
	expect "Static token"
	expect "token: "
	send -- "$DIRECTUS_TOKEN\r"
	expect "Collection that holds the clients"
	send "\r"
	expect "Collection that holds the invoices"
	send "invoices\r"
	expect "Collection that holds the deals"
	send "\r"
	expect "No tool owns these yet: client, deal, invoice"
	send "client invoice\r"
	expect "Write money into"
	send "y\r"
	expect eof
	exit [lindex [wait] 3]
END
check "a person adds Directus" expect add.exp
check_contains "what was typed is seen" "$(cat seen.txt)" "$DIRECTUS_URL"
check_lacks "but the secret is not" "$(cat seen.txt)" "$DIRECTUS_TOKEN"
check_equal "it is where it has to be" "$(stat -c %a secrets/money.token) $(cat secrets/money.token)" "600 $DIRECTUS_TOKEN"
check_contains "a default that was typed is written" "$(cat stack.json)" '"invoices": "invoices"'
check_lacks "one that was not is left out" "$(cat stack.json)" '"deals"'
check_contains "what it is to own was answered" "$(tool list | grep '^money')" "client, invoice"
check "seamfs check" "$SEAMFS" check -c stack.json

write_stack
cat >stop.exp <<-END
	set timeout 60
	spawn $SEAMFS tool -c stack.json add directus --name money --set url=$DIRECTUS_URL
	expect "token: "
	send -- "$DIRECTUS_TOKEN\r"
	expect "holds the clients"
	send "\r"
	expect "holds the invoices"
	send "\r"
	expect "holds the deals"
	send "\r"
	expect "Enter: all"
	send "\r"
	expect "Write money into"
	send "\003"
	expect eof
	exit [lindex [wait] 3]
END
expect stop.exp >out.txt 2>&1
check_equal "Ctrl-C: exit code" $? 1
check_contains "it is said" "$(cat out.txt)" "seamfs: stopped"
check "stack.json is as it was" cmp stack.json before.json
check_not "no secret is left behind" test -e secrets

# ---- other places for secrets: programs with the calls of pass(1) and secret-tool(1)

mkdir -p bin kept
cat >bin/pass <<-'END'
	#!/bin/bash
	name=${!#}
	case $1 in
	insert) cat >"$KEPT/${name//\//_}" ;;
	show) cat "$KEPT/${name//\//_}" ;;
	rm) rm "$KEPT/${name//\//_}" ;;
	*) exit 9 ;;
	esac
END
cat >bin/secret-tool <<-'END'
	#!/bin/bash
	verb=$1
	shift
	[ "$verb" != store ] || shift # its label
	name=$*
	case $verb in
	store) cat >"$KEPT/${name// /_}" ;;
	lookup) cat "$KEPT/${name// /_}" ;;
	clear) rm "$KEPT/${name// /_}" ;;
	*) exit 9 ;;
	esac
END
chmod +x bin/*
export KEPT=$PWD/kept PATH=$PWD/bin:$PATH
echo "$DIRECTUS_TOKEN" >token.txt
for how in pass secret-tool; do
	write_stack
	fails "--$how, a wrong key" 6 'billing: ' add_billing --$how --yes <key.txt
	check_equal "--$how: it is forgotten" "$(find kept -type f | wc -l)" 0
	check "--$how" add_billing --$how --yes <token.txt
	check_equal "--$how has it" "$(find kept -type f -exec cat {} +)" "$DIRECTUS_TOKEN"
	check_contains "--$how: stack.json says how to get it" "$(cat stack.json)" "\"command\": [\"$how\", "
	check "--$how: tool test" tool test billing deal
	check_not "--$how: there is no file with it" grep -rqF "$DIRECTUS_TOKEN" stack.json secrets
	find kept -type f -delete
done
write_stack
fails "a program that is not there" 3 '"secret-tool" cannot be started' env PATH=/nowhere "$SEAMFS" tool -c stack.json add directus --name billing \
	--set "url=$DIRECTUS_URL" --secret-tool --yes <token.txt

# ---- somebody else writes stack.json meanwhile

write_stack
mkfifo answers
add_billing --owner none <answers >out.txt 2>err.txt &
exec 7>answers
cat token.txt >&7
wait_until 60 grep -q 'removed\.' out.txt
echo '// mine' >>stack.json
cp stack.json before.json
echo y >&7
wait $!
check_equal "a stack that was changed meanwhile: exit code" $? 3
exec 7>&-
check_contains "it is said" "$(cat err.txt)" "has been changed meanwhile"
check "the change stays" cmp stack.json before.json
check_not "no secret is left behind" test -e secrets
