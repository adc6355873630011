# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2119
# seconds: 240
# A tool that one logs in to: the first login through the browser, tokens that are renewed and rotate, a login that was revoked, and
# kill -9 while one is renewed. The server is oauth2-mock-server, with refresh tokens that can be used once (tests/rig/oauth).
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

RIG_CACHE=${SEAMFS_RIG_CACHE:-/var/cache/seamfs-rig}
[ -f "$RIG_CACHE/oauth/installed" ] || bail "tests/rig/install was run"

# ---- the server

ln -s "$RIG_CACHE/oauth/node_modules" node_modules
cp "$SRC/tests/rig/oauth/server.mjs" .
mkfifo control
: >answers.txt
node server.mjs answers.txt <control >ports.txt 2>server.log &
exec 9>control # closing it ends the server
wait_until 20 grep -q . ports.txt || bail "the authorization server starts: $(cat server.log)"
read -r LOGIN_PORT TOOL_PORT <ports.txt

order() { curl -sS --max-time 20 --data-binary "$1" "http://127.0.0.1:$TOOL_PORT/control" >/dev/null; }

answers() { sort answers.txt | uniq -c | awk '{ print $2, $3 ": " $1 }' | paste -sd ' '; }

renewed() { grep -c '^refresh_token 200' answers.txt; }

# ---- the stack

mkdir connectors
cat >connectors/mock.json <<-'END'
	{
	  "connector": "mock", "format": 1, "title": "Mock", "docs": "none", "tested": "here",
	  "settings": {
	    "url": {"label": "Address"}, "server": {"label": "Address of the login"},
	    "client_id": {"label": "Client"}, "client_secret": {"label": "Its secret", "secret": true}
	  },
	  "http": {"base": "{url}", "auth": {"oauth2": {
	    "grant": "code", "authorize": "{server}/authorize", "token": "{server}/token", "pkce": true, "scopes": "tasks",
	    "keep": {"realm": "/realmId"}
	  }}},
	  "check": {"get": "/me", "me": "/name"},
	  "types": {"task": {
	    "list": {"get": "/tasks", "records": "/data", "query": {"realm": "{realm}"}}, "one": {"get": "/tasks/{id}"},
	    "fields": {"id": "/id", "updated": "/updated", "title": "/title"}
	  }}
	}
END
export SEAMFS_CONNECTORS=$PWD/connectors
(umask 077 && echo 'pass:word' >client.secret)
cat >stack.json <<-END
	{
	  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1h",
	  "tools": {"mock": {
	    "connector": "mock", "url": "http://127.0.0.1:$TOOL_PORT", "server": "http://127.0.0.1:$LOGIN_PORT",
	    "client_id": "seamfs", "client_secret": {"file": "client.secret"}
	  }},
	  "owners": {"task": "mock"}
	}
END

tool() { timeout 60 "$SEAMFS" tool -c stack.json "$@"; }

# begin_login [OPTION] - starts one; the address for the browser is in URL
begin_login() {
	rm -f login.txt
	mkfifo "paste.$CHECKS"
	tool login mock "$@" <"paste.$CHECKS" >login.txt 2>login.err &
	LOGIN=$!
	exec 8>"paste.$CHECKS"
	wait_until 10 grep -q 'http://' login.txt || bail "seamfs tool login prints an address: $(cat login.txt login.err)"
	URL=$(grep -o 'http://[^ ]*' login.txt)
}

end_login() { # CODE TEXT
	wait "$LOGIN"
	check_equal "$2: exit code" $? "$1"
	exec 8>&-
}

browser() { curl -sS -L --max-time 20 -o page.html -w '%{http_code}' "$@"; }

login() {
	begin_login
	browser "$URL" >/dev/null
	wait "$LOGIN" || bail "logged in: $(cat login.err)"
	exec 8>&-
}

file() { grep -rlsF '"access_token"' . --include='*.json' | head -n 1; }

# ---- the first login

check_fails "before the login" 6 'is not logged in yet: run "seamfs tool login mock"' "$SEAMFS" tool -c stack.json test mock
check_equal "nothing was asked for a token" "$(answers)" ""

begin_login
PORT=$(sed -n 's/.*redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A\([0-9]*\)%2F.*/\1/p' <<<"$URL")
check_contains "the address has a PKCE challenge" "$URL" "code_challenge_method=S256"
check_equal "a stranger is sent away" "$(browser "http://127.0.0.1:$PORT/favicon.ico")" 400
check_equal "so is a code with another state" "$(browser "http://127.0.0.1:$PORT/?code=evil&state=evil")" 400
check_equal "and what is no request" "$(printf 'x\r\n\r\n' | timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT; cat >&3; head -n 1 <&3" | cut -c 1-12)" "HTTP/1.1 400"
check_equal "the browser comes back" "$(browser "$URL")" 200
check_contains "and says that it was all" "$(cat page.html)" "The terminal says"
end_login 0 "logged in"
check_contains "it is told" "$(cat login.txt)" "mock: logged in"
check_equal "one code was traded" "$(answers)" "authorization_code 200: 1"
FILE=$(file)
check_equal "the login's file is private" "$(stat -c %a "$FILE")" 600
check_contains "the redirect's parameter is kept" "$(jq -c .kept "$FILE")" '"realm":"4711"'
check_lacks "the terminal shows no token" "$(cat login.txt login.err)" "$(jq -r .access_token "$FILE")"
check_contains "the tool lets us in" "$(tool test mock)" "Ann Example"

begin_login
browser "$URL&deny=1" >/dev/null
end_login 6 "the person says no"
check_contains "it is told why" "$(cat login.err)" "access_denied"
check_contains "the login before is still good" "$(tool test mock)" "Ann Example"

begin_login --paste
curl -sS -o /dev/null -w '%{redirect_url}\n' "$URL" >&8
end_login 0 "an address that is pasted"
check_contains "the tool lets us in" "$(tool test mock)" "Ann Example"

# ---- tokens that are renewed

mount_pulled 30
check_equal "the tasks are there" "$(find m/tasks -name 'Task *.json' | wc -l)" 3

BEFORE=$(renewed)
order '{"refuse": "access"}'
check "a token that is refused is renewed" pull
check_equal "once" "$(renewed)" $((BEFORE + 1))
check_equal "and the tool is well" "$(status_json '.tools[0].state')" ok

# The daemon and three programs at once: a refresh token that is used twice would end the login.
BEFORE=$(renewed)
order '{"refuse": "access"}'
JOBS=()
for _ in 1 2 3; do
	tool test mock >>parallel.txt 2>&1 &
	JOBS+=($!)
done
pull
wait "${JOBS[@]}"
check_equal "all of them are let in" "$(grep -c 'Ann Example' parallel.txt)" 3
check_equal "and the token was renewed once" "$(renewed)" $((BEFORE + 1))
check_lacks "nothing was refused" "$(answers)" "refresh_token 4"

order '{"expires_in": 2}'
order '{"refuse": "access"}'
pull
BEFORE=$(renewed)
sleep 1.5
check "a token is renewed before it ends" pull
check_equal "without being refused" "$(renewed)" $((BEFORE + 1))
order '{"expires_in": 3600}'
unmount

# ---- kill -9

# killed WHAT - at that step of a renewal
killed() {
	order '{"refuse": "access"}'
	: >steps.txt
	SEAMFS_STEP_LOG=$PWD/steps.txt SEAMFS_STEP_KILL=$1 tool test mock >/dev/null 2>&1
	check_contains "killed: $1" "$(tail -n 1 steps.txt)" " $1"
}

login
killed POST
check_contains "killed before it was asked for: let in" "$(tool test mock)" "Ann Example"
OLD=$(jq -r .refresh_token "$FILE")
killed replaced
check_not "killed with the new token in its place: it is there" grep -qF "$OLD" "$FILE"
check_contains "it is good" "$(tool test mock)" "Ann Example"
check_lacks "no refresh token was used twice" "$(answers)" "refresh_token 4"

# ---- a login that was revoked

mount_pulled 30
order '{"refuse": "all"}'
pull
check_within 10 "the tool has stopped" prints failing status_json '.tools[0].state'
check_contains "and says what to do" "$(cat "$M/.seam/status")" 'run "seamfs tool login mock"'
check_equal "its tasks are still there" "$(find m/tasks -name 'Task *.json' | wc -l)" 3
BEFORE=$(wc -l <answers.txt)
pull
check_equal "the tool is not asked again with a login that is dead" "$(wc -l <answers.txt)" "$BEFORE"
check_fails "tool test says the same" 6 'run "seamfs tool login mock"' "$SEAMFS" tool -c stack.json test mock
login
pull
check_within 10 "after another login the mount goes on" prints ok status_json '.tools[0].state'

# ---- a tool that is added

# begin_add NAME - as begin_login
begin_add() {
	rm -f login.txt
	mkfifo "paste.$CHECKS"
	tool add mock --name "$1" --set "url=http://127.0.0.1:$TOOL_PORT" --set "server=http://127.0.0.1:$LOGIN_PORT" --set client_id=seamfs \
		--set client_secret=file:client.secret --owner none --yes --paste <"paste.$CHECKS" >login.txt 2>login.err &
	LOGIN=$!
	exec 8>"paste.$CHECKS"
	wait_until 10 grep -q 'http://' login.txt || bail "seamfs tool add prints an address: $(cat login.txt login.err)"
	URL=$(grep -o 'http://[^ ]*' login.txt)
}

cp stack.json before.json
begin_add third
curl -sS -o /dev/null -w '%{redirect_url}\n' "$URL&deny=1" >&8
end_login 6 "a tool is to be added, but the person says no"
check_contains "it is told why" "$(cat login.err)" "access_denied"
check "stack.json is as it was" cmp stack.json before.json
check_not "there is no login" test -e logins/third.json
begin_add second
curl -sS -o /dev/null -w '%{redirect_url}\n' "$URL" >&8
end_login 0 "a tool is added"
check_contains "its records are shown" "$(cat login.txt)" "Task "
check_equal "its login is private" "$(stat -c %a logins/second.json)" 600
check_contains "the tool lets us in" "$(tool test second)" "Ann Example"

check_lacks "no log has a token" "$(cat state/*.log login.err 2>/dev/null)" "$(jq -r .access_token "$FILE")"
exec 9>&-
