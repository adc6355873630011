# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 240
# kill -9 at any moment: what a program was told is saved arrives exactly once. A proxy in front of Directus delays each request
# and each answer, so that the kill falls before the request has arrived, while Directus works, and before its answer is read.
. "$SRC/tests/system/lib.sh"

cat >proxy.py <<'END'
"""Passes bytes on to Directus; holds each request DELAY s before, and each answer DELAY s after; logs what creates."""
import http.client, http.server, os, sys, time
target = int(sys.argv[1])
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *a): pass
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        delay = float(open('delay.txt').read() or 0) if self.command != 'GET' else 0
        if delay:
            open('writes.txt', 'a').write(f'arrived {self.command} {self.path}\n')
        time.sleep(delay)
        c = http.client.HTTPConnection('127.0.0.1', target, timeout=30)
        c.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() not in ('host', 'connection')})
        r = c.getresponse()
        data = r.read()
        if delay:
            open('writes.txt', 'a').write(f'done {r.status}\n')
        time.sleep(delay)
        try:
            self.send_response(r.status)
            for k, v in r.getheaders():
                if k.lower() not in ('transfer-encoding', 'content-length', 'connection', 'keep-alive'):
                    self.send_header(k, v)
            if r.status != 204:
                self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            pass
    do_GET = do_POST = do_PATCH = do_DELETE = pass_on
class S(http.server.ThreadingHTTPServer):
    daemon_threads = True
    def handle_error(self, *a): pass
s = S(('127.0.0.1', 0), H)
print(s.server_port, flush=True)
s.serve_forever()
END
echo 0 >delay.txt
python3 proxy.py "$RIG_DIRECTUS_PORT" >port.txt &
wait_until 5 test -s port.txt
# shellcheck disable=SC2034 # for new_stack
BILLING_URL=http://127.0.0.1:$(cat port.txt)
POLL=1s new_stack crm billing
mount_pulled

text() { # NUMBER
	echo "{\"number\": \"$1\", \"client\": \"Tamarind Marine B.V\", \"status\": \"draft\", \"issue_date\": \"2026-11-23\", \"due_date\": \"2026-12-23\", \"currency\": \"EUR\", \"lines\": [{\"description\": \"Kill\", \"quantity\": 1, \"unit_price\": 10.00, \"tax_rate\": 0}]}"
}

# ---- created: killed after a while that grows, so that it falls into every phase of the sending
NUMBERS=0
for wait in 0 0 0.02 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.7; do
	NUMBERS=$((NUMBERS + 1))
	echo 0.25 >delay.txt
	: >writes.txt
	text K-$NUMBERS >k.json
	# The write runs beside, as sync waits for Directus; what it was told counts.
	(cp k.json m/invoices/K-$NUMBERS.json && sync m/invoices/K-$NUMBERS.json && echo saved >k-$NUMBERS.told) 2>/dev/null &
	WRITER=$!
	if [ "$NUMBERS" = 1 ]; then wait $WRITER; else wait_until 2 sh -c "test -s writes.txt || test -e k-$NUMBERS.told"; fi
	sleep $wait
	kill_daemon
	wait $WRITER
	say "killed $wait s after the request left: $(test -e k-$NUMBERS.told && echo told or not told); proxy: $(tr '\n' ',' <writes.txt)"
	echo 0 >delay.txt
	sleep 0.6 # what is on its way through the proxy gets there
	"$SEAMFS" mount m 2>err.txt || { result 1 "kill $NUMBERS: mounted again: $(cat err.txt)"; umount -l m 2>/dev/null; "$SEAMFS" mount m; }
	DAEMON=$(status_json .pid)
	wait_until 20 all_pulled
	check_within 20 "kill $NUMBERS ($wait s): nothing waits any more" idle
	check_equal "kill $NUMBERS ($wait s): one row" "$(directus_count invoices number K-$NUMBERS)" 1
	check_equal "kill $NUMBERS ($wait s): one file" "$(find m/invoices -maxdepth 1 -type f -name "K-$NUMBERS*" | wc -l)" 1
	check_equal "kill $NUMBERS ($wait s): synced" "$(state_of m/invoices/K-$NUMBERS.json)" synced
done

# ---- created while Directus is out of reach, killed right after the write returns
rig stop directus
wait_until 10 prints failing status_json '.tools[] | select(.name == "billing").state'
for n in 1 2 3 4 5; do
	text D-$n >k.json
	cp k.json m/invoices/D-$n.json
	check_equal "down $n: cp" $? 0
	kill_daemon
	"$SEAMFS" mount m 2>err.txt || { result 1 "down $n: mounted again: $(cat err.txt)"; umount -l m 2>/dev/null; "$SEAMFS" mount m; }
	DAEMON=$(status_json .pid)
	check_equal "down $n: the file is there after kill -9" "$(jq -r .number m/invoices/D-$n.json)" D-$n
	check_equal "down $n: it waits" "$(state_of m/invoices/D-$n.json)" pending
done
rig start directus
check_within 45 "down: everything arrives" idle
for n in 1 2 3 4 5; do check_equal "down $n: one row" "$(directus_count invoices number D-$n)" 1; done

# ---- changed: an update is sent again without harm
for wait in 0 0.1 0.3 0.5; do
	NEW=Kill$RANDOM
	echo 0.25 >delay.txt
	: >writes.txt
	jq --arg n "$NEW" '.notes = $n' m/invoices/K-1.json >k.json
	cp k.json m/invoices/K-1.json 2>/dev/null &
	WRITER=$!
	wait_until 2 test -s writes.txt
	sleep $wait
	kill_daemon
	wait $WRITER
	echo 0 >delay.txt
	sleep 0.6
	"$SEAMFS" mount m 2>/dev/null || { umount -l m; "$SEAMFS" mount m; }
	DAEMON=$(status_json .pid)
	wait_until 20 all_pulled
	check_within 20 "changed ($wait s): nothing waits any more" idle
	check_equal "changed ($wait s): Directus has it" "$(directus_field invoices number K-1 notes)" "$NEW"
	check_equal "changed ($wait s): the file has it" "$(jq -r .notes m/invoices/K-1.json)" "$NEW"
done

# ---- the sheet: killed while rows are written into it, it is whole, and each row is there once
for n in 1 2 3 4 5 6; do
	(for k in 1 2 3 4 5 6 7 8; do mkdir "m/clients/Killed $n-$k" 2>/dev/null && echo "$n-$k" >>told.txt; done) &
	WRITER=$!
	sleep 0.$((n * 2))
	kill_daemon
	wait $WRITER
	"$SEAMFS" mount m 2>/dev/null || { umount -l m; "$SEAMFS" mount m; }
	DAEMON=$(status_json .pid)
done
wait_until 20 all_pulled
check_within 30 "sheet: nothing waits any more" idle
check_equal "sheet: every client that was made is in it, once" "$(while read -r k; do grep -c "Killed $k," clients.csv; done <told.txt | sort | uniq -c | xargs)" "$(wc -l <told.txt) 1"
check_equal "sheet: and in Directus, once" "$(while read -r k; do directus_count clients name "Killed $k"; done <told.txt | sort | uniq -c | xargs)" "$(wc -l <told.txt) 1"
check_equal "sheet: it is whole" "$(python3 -c '
import csv
rows = list(csv.reader(open("clients.csv", newline="", encoding="utf-8")))
print(len({len(r) for r in rows}), len(rows) - 1 - len({r[0] for r in rows[1:]}))')" "1 0"
check_equal "no temporary file is left beside the sheet" "$(find . -maxdepth 1 -name '*clients.csv?*' | wc -l)" 0

# ---- the end: exactly as many as were made
check_equal "as many invoices in Directus as were made" "$(directus GET '/items/invoices?limit=0&meta=total_count' | jq .meta.total_count)" $((800 + NUMBERS + 5))
check_equal "and as many files" "$(find m/invoices -maxdepth 1 -type f | wc -l)" $((800 + NUMBERS + 5))
check_not "no problem" test -e m/problems
