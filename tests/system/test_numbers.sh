# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# A tool that gives its invoices numbers of its own: what was typed becomes the number that the tool says, the file is listed under
# that, and the name that was typed goes on opening it.
. "$SRC/tests/system/lib.sh"

mkdir connectors
cat >connectors/fake.json <<'END'
{
  "connector": "fake", "format": 1, "title": "Fake", "docs": "none", "tested": "here",
  "settings": { "url": { "label": "Address" } }, "http": { "base": "{url}" }, "check": { "get": "/me" },
  "types": {
    "invoice": {
      "list": { "get": "/invoices", "records": "/invoices" }, "one": { "get": "/invoices/{id}" },
      "create": { "post": "/invoices" }, "update": { "patch": "/invoices/{id}" }, "once": { "by": "id", "to": "/id" },
      "fields": { "id": "/id", "number": "/number", "status": "/status", "currency": "/currency", "notes": "/notes" }
    }
  }
}
END
export SEAMFS_CONNECTORS=$PWD/connectors
coproc FAKE { exec python3 "$SRC/tests/fake/server.py" fake.log; }
jq -nc '{id: "7", number: "2026-0077", status: "draft", currency: "EUR", notes: "typed"} as $made | ($made + {notes: "again"}) as $changed |
	{"GET /me": [{json: {}}], "GET /invoices": [{json: {invoices: []}}, {json: {invoices: [$made]}}], "POST /invoices": [{json: $made}],
	"GET /invoices/7": [{json: $made}], "PATCH /invoices/7": [{json: $changed}]}' >&"${FAKE[1]}"
read -r PORT <&"${FAKE[0]}"
cat >stack.json <<END
{ "state": "state", "poll": "1h", "tools": { "desk": { "connector": "fake", "url": "http://127.0.0.1:$PORT" } }, "owners": { "invoice": "desk" } }
END
mount_pulled

echo '{"notes": "typed"}' >m/invoices/new.json
check_within 8 "it is listed under the tool's number" test -f m/invoices/2026-0077.json
check_equal "and only under that" "$(ls m/invoices/*.json)" m/invoices/2026-0077.json
check_equal "the number is the record's" "$(jq -r .number m/invoices/2026-0077.json)" 2026-0077
check "the name that was typed opens it" test m/invoices/new.json -ef m/invoices/2026-0077.json
check_equal "and reads it" "$(jq -r .notes m/invoices/new.json)" typed
check "and saves it" sh -c "echo '{\"notes\": \"again\"}' >m/invoices/new.json"
check_within 8 "as the same record" prints synced state_of m/invoices/2026-0077.json
check_equal "with what was written" "$(jq -r .notes m/invoices/2026-0077.json)" again
check_equal "it was made once, and changed once" "$(grep -c '"POST"' fake.log) $(grep -c '"PATCH"' fake.log)" "1 1"
check_equal ".last says which it became" "$(jq -r '.path + " " + .ids.desk' m/invoices/.last)" "invoices/2026-0077.json 7"
remount
check "after a restart, too" test m/invoices/new.json -ef m/invoices/2026-0077.json
check_equal "there is one" "$(find m/invoices -maxdepth 1 -type f | wc -l)" 1
