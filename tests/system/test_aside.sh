# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# What is opened by name and not listed: .error, .last, .template.json, .export/, .id/ of folders; NAME.meta.json,
# NAME.log.ndjson and NAME.d/FIELD of records, which are read and written.
. "$SRC/tests/system/lib.sh"

new_stack crm
mount_pulled
DIR="m/clients/Tamarind Marine B.V"
FILE=$DIR/client.json
sheet() { cell clients.csv C-00002 "$1"; }

# ---- one field
check_equal "a text" "$(cat "$DIR/client.d/email")" "$(jq -r .email "$FILE")"
check_equal "its size" "$(stat -c %s "$DIR/client.d/email")" "$(jq -r .email "$FILE" | wc -c)"
check_equal "an empty one" "$(cat "$DIR/client.d/notes" | wc -c)" 0
check_equal "all fields of the schema are there" "$(ls "$DIR/client.d" | LC_ALL=C sort)" "$(jq -r '.properties | keys[]' m/.seam/schema/client.json | LC_ALL=C sort)"
check "writing it" sh -c "echo new@tamarind.example >'$DIR/client.d/email'"
check_equal "changes the record" "$(jq -r .email "$FILE")" new@tamarind.example
check_equal "and the sheet" "$(sheet 'Contact e-mail')" new@tamarind.example
check "appending to a long text" sh -c "printf 'one\ntwo\n' >'$DIR/client.d/notes'; echo three >>'$DIR/client.d/notes'"
check_equal "gives one text" "$(jq -r .notes "$FILE")" "$(printf 'one\ntwo\nthree')"
check "emptying it with a line end" sh -c "echo >'$DIR/client.d/notes'"
check_equal "clears it" "$(jq -r .notes "$FILE")" null
check "tags are lines" sh -c "printf 'vip\nprint\n' >'$DIR/client.d/tags'; echo late >>'$DIR/client.d/tags'"
check_equal "and a list in the record" "$(jq -c .tags "$FILE")" '["vip","print","late"]'
check_not "what is wrong is refused in the write" sh -c "echo frozen >'$DIR/client.d/status'"
check_equal "and changes nothing" "$(jq -r .status "$FILE") $(cat "$DIR/client.d/status")" "active active"
check_contains "with a sentence" "$(cat "$DIR/.error")" '"status" cannot be "frozen"'
check_equal "the bytes are kept" "$(cat m/problems/*.rejected.json)" frozen
check_not "a text that would smuggle in another field" sh -c "printf '\"x\", \"status\": \"former\"' >'$DIR/client.d/since'"
check_equal "is no date, and changes nothing" "$(jq -r .status "$FILE")" active
check "a good write" sh -c "echo former >'$DIR/client.d/status'"
check_equal "ends the problem" "$(ls m/problems 2>/dev/null; cat "$DIR/.error")" ""
check_not "a field that no client has" sh -c "echo x >'$DIR/client.d/colour'"
check_not "nothing else can be made there" touch "$DIR/client.d/x.txt"

# ---- looked for before it is there: a moment later it is
check_not "beside no record is nothing" test -e m/invoices/SOON-1.d
check "the record is made" sh -c 'echo "{\"client\": \"Tamarind Marine B.V\"}" >m/invoices/SOON-1.json'
check_within 5 "what is beside it is there with it" sh -c 'test -d m/invoices/SOON-1.d && test -e m/invoices/SOON-1.meta.json'

# ---- new records from a template; money, references, booleans as fields
check "cp of the template" cp m/invoices/.template.json m/invoices/T-1.json
check_equal "it is a draft" "$(state_of m/invoices/T-1.json)" draft
check_equal "it has every key of the schema" "$(jq -r 'keys[]' m/invoices/T-1.json)" "$(jq -r '.properties | keys[]' m/.seam/schema/invoice.json | LC_ALL=C sort)"
jq '.client = "Tamarind Marine B.V" | .lines = [{"description": "Sign", "quantity": 2, "unit_price": 12.50}]' m/invoices/.template.json >t.json
check "filled in, it is saved" cp t.json m/invoices/T-1.json
check_within 6 "and becomes a record" test -L m/invoices/by/status/draft/T-1.json
check_equal "money as a field" "$(cat m/invoices/T-1.d/total)" 25.00
check_equal "a reference as a field" "$(cat m/invoices/T-1.d/client)" "Tamarind Marine B.V"
check "written, it is looked up" sh -c "echo 'Greenfield Dental B.V' >m/invoices/T-1.d/client"
check "and the links follow" test -L "m/clients/Greenfield Dental B.V/invoices/T-1.json"
check_not "an unknown name is refused" sh -c "echo Nobody >m/invoices/T-1.d/client"
check "a status as in a script" sh -c "echo sent >m/invoices/T-1.d/status"
check "moves the link" test -L m/invoices/by/status/sent/T-1.json
check_not "a line end in a number is none" sh -c "printf '1,5' >m/invoices/T-1.d/total"

# ---- .last and .id
check_equal ".last names what was made" "$(head -n 1 m/invoices/.last | jq -r '.path + " " + .why')" "invoices/T-1.json create"
check_equal "what was fetched is not there" "$(cat m/clients/.last)" ""
check "mkdir of a client" mkdir "m/clients/Fresh Ltd"
check_within 5 "it has an id in the sheet" grep -q 'Fresh Ltd' clients.csv
check_within 5 ".last has its ids" sh -c '[ "$(head -n 1 m/clients/.last | jq -r .ids.crm)" != null ]'
check_equal ".id leads to the record by the tool's id" "$(jq -r .name "m/clients/.id/crm:C-00002.json")" "$(jq -r .name "$FILE")"
check_equal "it is the very file" "$(stat -c %i "m/clients/.id/crm:C-00002.json")" "$(stat -c %i "$FILE")"
check "is writing the record" sh -c "sed 's/\"city\": \"[^\"]*\"/\"city\": \"Ede\"/' '$FILE' >c.json; cat c.json >'m/clients/.id/crm:C-00002.json'"
check_equal "in the sheet" "$(sheet City)" Ede
check_not "an id that is not there" cat m/clients/.id/crm:nothing.json
check_not "a tool that is not there" cat m/clients/.id/other:C-00002.json

# ---- .export
check_equal "json" "$(jq -S -c 'sort_by(.name)' m/clients/.export/json)" "$(cat m/clients/*/client.json | jq -S -s -c 'sort_by(.name)')"
check_equal "ndjson" "$(jq -S -c . m/clients/.export/ndjson | LC_ALL=C sort)" "$(cat m/clients/*/client.json | jq -S -c . | LC_ALL=C sort)"
check_equal "csv" "$(python3 -c 'import csv; print(*sorted(r["name"] for r in csv.DictReader(open("m/clients/.export/csv", newline=""))), sep="\n")')" \
	"$(jq -r '.[].name' m/clients/.export/json | LC_ALL=C.UTF-8 python3 -c 'import sys; print(*sorted(l.rstrip("\n") for l in sys.stdin), sep="\n")')"
check_equal "of a view" "$(jq -r .number m/invoices/by/status/sent/.export/ndjson)" T-1
check_equal "of a client's folder" "$(jq -r '.[].number' "m/clients/Greenfield Dental B.V/invoices/.export/json")" T-1
check_equal "of an empty folder" "$(cat m/quotes/.export/json)" "$(printf '[\n]')"
check_equal "their sizes are known" "$(stat -c %s m/clients/.export/csv)" "$(cat m/clients/.export/csv | wc -c)"
check "a formula is guarded" sh -c "echo '=1+1' >'$DIR/client.d/phone' && grep -q \"'=1+1\" m/clients/.export/csv"
check_not "they cannot be written" sh -c "echo x >m/clients/.export/json"

# ---- NAME.meta.json, NAME.log.ndjson
check_equal "meta: where it is in its tools" "$(jq -r '.tools.crm | .id + " " + .state' "$DIR/client.meta.json")" "C-00002 synced"
check_equal "meta: who set a field" "$(jq -r '.fields.email | .why + " " + .program' "$DIR/client.meta.json")" "save sh"
check_equal "meta: who owns it" "$(jq -r '.fields.email.owner' "$DIR/client.meta.json")" crm
check_equal "meta: what came from a tool" "$(jq -r '.fields.country.tool' "$DIR/client.meta.json")" crm
check_equal "meta through a view" "$(jq -r .path m/invoices/by/status/sent/T-1.meta.json)" invoices/T-1.json
check_equal "meta through a client's folder" "$(jq -r .path "m/clients/Greenfield Dental B.V/invoices/T-1.meta.json")" invoices/T-1.json
check_equal "log: a field's changes, newest first" "$(jq -r 'select(.field == "status") | "\(.old) \(.new)"' m/invoices/T-1.log.ndjson)" "$(printf 'draft sent\nnull draft')"
check_equal "log: references are names" "$(jq -r 'select(.field == "client" and .why == "save") | "\(.old) \(.new)"' m/invoices/T-1.log.ndjson)" "Tamarind Marine B.V Greenfield Dental B.V"
check_equal "log: money is money" "$(jq -r 'select(.field == "total") | .new' m/invoices/T-1.log.ndjson)" 25

# ---- none of them is listed, and none is a record
check_equal "nothing of it is listed" "$(find m -path m/.seam -prune -o \( -name '*.meta.json' -o -name '*.d' -o -name '.e*' -o -name '.i*' -o -name '.l*' -o -name '.t*' \) -print)" ""
check_equal "a record may be called so" "$(echo '{"status": "draft"}' >m/quotes/T-1.meta.json; sleep 3; jq -r .number m/quotes/T-1.meta.json)" T-1.meta
check_equal "every .error is empty now" "$(cat m/.error m/quotes/.error m/clients/by/.error)" ""
