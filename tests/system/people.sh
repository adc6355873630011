# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A Radicale for one test, and how it is looked at. Sourced by the tests of people and plans after lib.sh.
# shellcheck disable=SC2154 # lib.sh sets the rest

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
PORT=$(free_port)
DAV=http://127.0.0.1:$PORT
dav() { curl -sS --max-time 10 -u alice:rigpass123 "$@"; } # its arguments are curl's
card() { dav "$DAV/alice/contacts/$1"; }
entry() { dav "$DAV/alice/calendar/$1"; }
put() { # FOLDER/NAME TYPE <text - as another program does it
	dav -o /dev/null -w '%{http_code}\n' -X PUT -H "Content-Type: $2" --data-binary @- "$DAV/alice/$1"
}
# plain - the lines of a text, unfolded, sorted, without what has to change with every change
plain() { tr -d '\r' | sed -e ':a;N;$!ba;s/\n[ \t]//g' | grep -vE '^(REV|DTSTAMP|LAST-MODIFIED)' | LC_ALL=C sort; }
has() { grep -qxF -- "$3" <<<"$("$1" "$2" | plain)"; } # card|entry NAME LINE

radicale_up() { # with alice's contacts and calendar, both empty
	"$SRC/tests/rig/radicale" "$PWD/radicale" "$PORT" >radicale.log 2>&1 &
	wait_until 10 dav -f -o /dev/null -X PROPFIND "$DAV/alice/" || bail "Radicale starts: $(tail -n 5 radicale.log)"
}

# found LINE GLOB - the files of the server that have it
found() { grep -lrx --exclude-dir=.Radicale.cache --include="$2" -- "$1.*" radicale/col/collection-root/alice; }
gone() { ! found "$@"; }

# people_stack - stack.json: the address book through a proxy (faults: proxy.json), the calendar, and a sheet of invoices
people_stack() {
	mkdir sheets
	printf 'number,client,status,due_date,total,currency\nINV-1,Northwind Traders,sent,2026-12-31,100.00,EUR\n' >sheets/invoices.csv
	cat >proxy.json <<<'[]'
	python3 "$SRC/tests/fake/proxy.py" "$PORT" proxy.json proxy.log >proxy.port &
	wait_until 10 grep -q . proxy.port || bail "the proxy starts"
	(umask 077 && echo rigpass123 >password)
	cat >stack.json <<-END
		{
		  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s", "grace": "1s",
		  "tools": {
		    "people": {"connector": "carddav", "url": "http://127.0.0.1:$(cat proxy.port)", "user": "alice", "password": {"file": "password"}},
		    "plan": {"connector": "caldav", "url": "$DAV/alice/calendar/", "user": "alice", "password": {"file": "password"}},
		    "billing": {"connector": "csv", "types": {"invoice": {"file": "sheets/invoices.csv", "id": "number", "fields": "same"}}}
		  },
		  "owners": {"client": "people", "contact": "people", "task": "plan", "invoice": "billing"},
		  "shares": {"invoice": {"plan": "accept"}}
		}
	END
}

faults() { echo "$1" >proxy.new && mv proxy.new proxy.json; } # RULES - as proxy.py has them
