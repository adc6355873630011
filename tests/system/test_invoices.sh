# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# A new invoice file is a row in Directus, once, however the file is saved. What Directus refuses comes back as an error.
. "$SRC/tests/system/lib.sh"
TRY=$SRC/tests/system/try.py

POLL=2s new_stack crm billing
mount_pulled
total() { directus GET '/items/invoices?limit=0&meta=total_count' | jq .meta.total_count; }
check_equal "before: 800 invoices" "$(total)" 800

text() { # NUMBER
	cat <<-END
		{
		  "number": "$1",
		  "client": "Peña Blanca Media AG",
		  "status": "draft",
		  "issue_date": "2026-11-23",
		  "due_date": "2026-12-23",
		  "currency": "EUR",
		  "lines": [
		    {
		      "description": "Design & \"Print\"",
		      "quantity": 2.5,
		      "unit_price": 19.99,
		      "tax_rate": 19
		    },
		    {
		      "description": "Travel",
		      "quantity": 1,
		      "unit_price": 0.10,
		      "tax_rate": 19
		    }
		  ],
		  "net": 50.08,
		  "tax": 9.52,
		  "total": 59.60
		}
	END
}
row() { directus GET "/items/invoices?filter[number][_eq]=$1" | jq -cS '[.data[] | del(.id, .date_created, .date_updated)]'; }

# made NUMBER TEXT - it arrived, whole and once
made() {
	sync "m/invoices/$1.json"
	check_equal "$2: one row in Directus, when sync returns" "$(directus_count invoices number "$1")" 1
	check_equal "$2: exactly what was written" "$(row "$1")" \
		'[{"client":"c1000000-0000-4000-8000-000000000003","currency":"EUR","due_date":"2026-12-23","issue_date":"2026-11-23","lines":[{"description":"Design & \"Print\"","quantity":2.5,"tax_rate":19,"unit_price":19.99},{"description":"Travel","quantity":1,"tax_rate":19,"unit_price":0.1}],"net":"50.08","notes":null,"number":"'"$1"'","status":"draft","tax":"9.52","total":"59.60"}]'
	text "$1" >want.json
	check_equal "$2: the file has the bytes that were written" "$(cmp want.json "m/invoices/$1.json" 2>&1)" ""
	check_equal "$2: it is in its client's folder" "$(readlink "m/clients/Peña Blanca Media AG/invoices/$1.json")" "../../../invoices/$1.json"
	check_equal "$2: it is in by/status/draft" "$(readlink "m/invoices/by/status/draft/$1.json")" "../../../$1.json"
	check_within 5 "$2: synced" prints synced state_of "m/invoices/$1.json"
	N=$((N + 1))
}
N=800

text N-CP >src.json
cp src.json m/invoices/N-CP.json
made N-CP cp
text N-TEE | tee m/invoices/N-TEE.json >/dev/null
made N-TEE tee
text N-CAT >m/invoices/N-CAT.json
made N-CAT "cat >"
text N-PY | "$TRY" rename m/invoices/N-PY.json >try.txt
check_equal "os.replace: no error" "$(cat try.txt)" ok
made N-PY "os.replace in Python"
text N-BIT | "$TRY" pieces m/invoices/N-BIT.json >try.txt
check_equal "many small writes: no error" "$(cat try.txt)" ok
made N-BIT "many small writes"
text N-MV >.mv.json
mv .mv.json m/invoices/N-MV.json
made N-MV "mv from another file system"
text N-RSYNC >N-RSYNC.json
rsync -a N-RSYNC.json m/invoices/
made N-RSYNC rsync
if command -v vim >/dev/null; then
	text N-VIM >src.json
	vim -Nu NONE -es -c 'set backupskip=' -c '0r src.json' -c wq m/invoices/N-VIM.json
	made N-VIM vim
fi
if command -v ed >/dev/null; then
	text N-ED >src.json
	printf 'r src.json\nw\nq\n' | ed -s m/invoices/N-ED.json
	made N-ED ed
fi
cp src.json m/invoices/.goutputstream-X1
text N-GNOME >m/invoices/.goutputstream-X1
mv m/invoices/.goutputstream-X1 m/invoices/N-GNOME.json
made N-GNOME "GNOME's temporary file and rename"
# In a client's folder: the reference is set by the place.
text N-PLACE | grep -v '"client"' >"m/clients/Tamarind Marine B.V/invoices/N-PLACE.json"
sync "m/clients/Tamarind Marine B.V/invoices/N-PLACE.json"
check_equal "made in a client's folder: the client in Directus" "$(directus_field invoices number N-PLACE client)" c1000000-0000-4000-8000-000000000002
check_equal "made in a client's folder: it lives in invoices/" "$(jq -r .number m/invoices/N-PLACE.json)" N-PLACE
check_equal "made in a client's folder: a link is there" "$(test -L "m/clients/Tamarind Marine B.V/invoices/N-PLACE.json" && echo link)" link
N=$((N + 1))
# The shortest one: number from the file's name, totals from the lines.
echo '{"client": "Peña Blanca Media AG", "status": "draft", "issue_date": "2026-11-23", "due_date": "2026-12-01", "currency": "EUR", "lines": [{"description": "x", "quantity": 3, "unit_price": 33.33, "tax_rate": 19}]}' >m/invoices/N-SHORT.json
sync m/invoices/N-SHORT.json
check_equal "the shortest one: totals are made, to the cent" "$(directus GET '/items/invoices?filter[number][_eq]=N-SHORT' | jq -r '.data[0] | "\(.net) \(.tax) \(.total)"')" "99.99 19.00 118.99"
check_equal "the shortest one: in the file too" "$(grep -oE '"(net|tax|total)": [0-9.]+' m/invoices/N-SHORT.json | xargs)" "net: 99.99 tax: 19.00 total: 118.99"
N=$((N + 1))
sleep 5
check_equal "two polls later there are as many rows as were made" "$(total)" $N
check_equal "and as many files" "$(find m/invoices -maxdepth 1 -type f | wc -l)" $N
check_not "no problem" test -e m/problems

# ---- a change of it
sed -i 's/"status": "draft"/"status": "sent"/' m/invoices/N-CP.json
check_equal "a changed status" "$(directus_field invoices number N-CP status)" sent
mv m/invoices/by/status/draft/N-TEE.json m/invoices/by/status/sent/
check_equal "mv between the folders of by/status" "$(directus_field invoices number N-TEE status)" sent
check_equal "mv: the file says so" "$(jq -r .status m/invoices/N-TEE.json)" sent
mv m/invoices/by/client/'Peña Blanca Media AG'/N-TEE.json m/invoices/by/client/'Tamarind Marine B.V'/
check_equal "mv between the folders of by/client" "$(directus_field invoices number N-TEE client)" c1000000-0000-4000-8000-000000000002
mv m/invoices/N-ED.json m/invoices/N-ED-2.json 2>/dev/null || mv m/invoices/N-CAT.json m/invoices/N-ED-2.json
check_equal "renaming the file renumbers the invoice" "$(directus_count invoices number N-ED-2)" 1

# ---- changed in Directus
ROW=$(directus_field invoices number N-PY id)
cat m/invoices/N-PY.json >/dev/null
directus PATCH "/items/invoices/$ROW" '{"status": "paid", "notes": "paid by bank"}' >/dev/null
check_within 5 "a change in Directus is in the tree within one poll" prints "paid paid by bank" jq -r '.status + " " + .notes' m/invoices/N-PY.json
directus POST /items/invoices '{"number": "N-REMOTE", "client": "c1000000-0000-4000-8000-000000000003", "status": "draft", "issue_date": "2026-11-23", "currency": "EUR", "lines": [], "net": "0.00", "tax": "0.00", "total": "0.00"}' >/dev/null
check_within 5 "a new row in Directus is in the tree within one poll" test -f m/invoices/N-REMOTE.json
N=$((N + 1))

# ---- refused by Directus: the number is taken, by a row that seamfs has not seen yet
unmount
POLL=1h new_stack crm billing
mount_pulled
pull billing # of the state that was there before, "read" may mean an earlier time
directus POST /items/invoices '{"number": "N-TAKEN", "client": "c1000000-0000-4000-8000-000000000001", "status": "draft", "issue_date": "2026-11-23", "currency": "EUR", "lines": [], "net": "0.00", "tax": "0.00", "total": "0.00"}' >/dev/null
check_errno "a number that is taken in Directus" EEXIST "$TRY" sync m/invoices/N-TAKEN.json < <(text N-TAKEN)
check_equal "the row in Directus is as it was" "$(directus_field invoices number N-TAKEN total) $(directus_count invoices number N-TAKEN)" "0.00 1"
check_equal "the refusal is in .seam/errors.ndjson: tool and errno" "$(head -n 1 m/.seam/errors.ndjson | jq -r '.tool + " " + .error')" "billing EEXIST"
check_contains "and says what is wrong" "$(head -n 1 m/.seam/errors.ndjson | jq -r .field,.message)" number
check "the refused text is in problems/" sh -c 'grep -rl "Design & " m/problems/ | grep -q .'
check_equal "its state" "$(state_of m/invoices/N-TAKEN.json)" rejected
check_equal "Directus' own error text, with SQL or stack, is not repeated" "$(grep -ciE 'select |insert into|stack' m/.seam/errors.ndjson)" 0
# Its writer chooses another number.
sed -i 's/"number": "N-TAKEN"/"number": "N-FREE"/' m/invoices/N-TAKEN.json
check_equal "another number: exit code" $? 0
check_within 5 "another number is accepted" prints 1 directus_count invoices number N-FREE

# ---- refused: an existing record is changed to a number that is taken
cp m/invoices/N-GNOME.json good.json
check_errno "an existing invoice renumbered to one that is taken" EEXIST "$TRY" write m/invoices/N-GNOME.json < <(sed 's/N-GNOME/INV-2026-0005/' good.json)
check_equal "the record is as it was" "$(cmp good.json m/invoices/N-GNOME.json 2>&1)" ""
check_equal "Directus too" "$(directus_count invoices number N-GNOME) $(directus_count invoices number INV-2026-0005)" "1 1"

# ---- refused: the token is no longer good
unmount
cat >proxy.py <<'END'
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401); self.send_header('Content-Length', '2'); self.end_headers(); self.wfile.write(b'{}')
    do_POST = do_PATCH = do_GET
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
print(s.server_port, flush=True)
s.serve_forever()
END
python3 proxy.py >port.txt 2>/dev/null &
wait_until 5 test -s port.txt
BILLING_URL=http://127.0.0.1:$(cat port.txt)
POLL=1h new_stack crm billing
mount_up
check_within 10 "a tool that says 401: the status says so" prints failing status_json '.tools[] | select(.name == "billing").state'
check_equal "a tool that says 401: every record is still there" "$(find m/invoices -maxdepth 1 -type f | wc -l)" "$(find m/invoices -maxdepth 1 -type f -exec cat {} + | grep -c '"number"')"
check "a tool that says 401: seamfs sync fails" sh -c "'$SEAMFS' sync -m m billing 2>err.txt; test \$? = 6 && test \$(wc -l <err.txt) = 1"
