# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# What is wrong is refused with its errno at the call that a program checks, changes nothing, and is explained in
# .seam/errors.ndjson, in problems/ and in the file's attribute. Invoices here have no tool: seamfs owns them itself.
. "$SRC/tests/system/lib.sh"
TRY=$SRC/tests/system/try.py

new_stack crm
mount_pulled
DIR="m/clients/Greenfield Dental B.V"
FILE=$DIR/client.json
cp "$FILE" good.json
cat >invoice.json <<'END'
{
  "client": "Greenfield Dental B.V",
  "status": "draft",
  "issue_date": "2026-11-23",
  "currency": "EUR",
  "lines": [
    {"description": "Design", "quantity": 2, "unit_price": 50.00, "tax_rate": 20}
  ],
  "net": 100.00,
  "tax": 20.00,
  "total": 120.00
}
END
check_errno "a good new invoice" ok "$TRY" new m/invoices/INV-1.json <invoice.json
check_within 5 "it becomes a record" test -L m/invoices/by/status/draft/INV-1.json
check_equal "it is there, with its number" "$(jq -r .number m/invoices/INV-1.json)" INV-1
check_equal "what was written is in it" "$(jq -S 'del(.number)' m/invoices/INV-1.json)" "$(jq -S . invoice.json)"
printf '{"number":"INV-0",   "client" : "Greenfield Dental B.V",\n\n "status":"draft","currency":"EUR"}' >odd.json
check_errno "a whole record in another layout" ok "$TRY" new m/invoices/INV-0.json <odd.json
check_within 5 "it becomes a record" test -L m/invoices/by/status/draft/INV-0.json
check_equal "it keeps the bytes that were written" "$(cmp odd.json m/invoices/INV-0.json 2>&1)" ""
cp m/invoices/INV-1.json good-invoice.json
cp clients.csv before.csv

# refused TEXT ERRNO FILE GOOD NEEDLE < bytes - by each way of saving
refused() {
	local how
	cat >bad.json
	for how in write rename; do
		check_errno "$1 ($how)" "$2" "$TRY" $how "$3" <bad.json
		check "$1 ($how): the record's bytes are unchanged" cmp "$4" "$3"
		check_equal "$1 ($how): its size too" "$(stat -c %s "$3")" "$(wc -c <"$4")"
		check_contains "$1 ($how): the reason is in .seam/errors.ndjson" "$(head -n 1 m/.seam/errors.ndjson)" "$5"
		check_equal "$1 ($how): with the errno" "$(head -n 1 m/.seam/errors.ndjson | jq -r .error)" "$2"
		check_equal "$1 ($how): and the path" "$(head -n 1 m/.seam/errors.ndjson | jq -r .path)" "${3#m/}"
		check_contains "$1 ($how): the reason is in the attribute" "$(getfattr --only-values -n user.seam.error "$3" 2>&1)" "$5"
		check "$1 ($how): the reason is in problems/" grep -rqF -- "$5" m/problems/
		check "$1 ($how): the refused bytes are in problems/" sh -c 'for f in m/problems/*; do cmp -s bad.json "$f" && exit 0; done; ls -l m/problems; exit 1'
		rm -f "$3.tmp"
	done
}

refused "invalid JSON" EINVAL "$FILE" good.json "line 3" < <(sed '3s/"status"/status/' good.json)
refused "a file that is cut off" EINVAL "$FILE" good.json "line" < <(head -c 200 good.json)
refused "an unknown key" EINVAL "$FILE" good.json "e-mail" < <(sed 's/"email"/"e-mail"/' good.json)
refused "a bad status" EINVAL "$FILE" good.json "status" < <(sed 's/"status": "[a-z]*"/"status": "frozen"/' good.json)
refused "a bad date" EINVAL "$FILE" good.json "since" < <(sed 's/"since": "[0-9-]*"/"since": "2026-02-30"/' good.json)
refused "a wrong type" EINVAL "$FILE" good.json "city" < <(sed 's/"city": "[^"]*"/"city": 17/' good.json)
refused "a required field cleared" EINVAL "$FILE" good.json "name" < <(sed 's/"name": "[^"]*"/"name": null/' good.json)
refused "NUL bytes" EINVAL "$FILE" good.json "line" < <(sed 's/Utrecht/Utr\x00echt/' good.json)
refused "bytes that are no UTF-8" EINVAL "$FILE" good.json "UTF-8" < <(sed 's/Utrecht/Utr\xffcht/' good.json)
refused "a key that stands twice" EINVAL "$FILE" good.json "twice" < <(sed '3s/$/\n  "city": "A", /' good.json)
refused "an array" EINVAL "$FILE" good.json "object" < <(echo '[1, 2]')
refused "nothing but blanks" EINVAL "$FILE" good.json "" < <(printf '\n\n')
INV=m/invoices/INV-1.json
refused "an unknown reference" ENOENT $INV good-invoice.json "Nobody Ltd" < <(sed 's/"client": "[^"]*"/"client": "Nobody Ltd"/' invoice.json)
refused "a wrong total" EINVAL $INV good-invoice.json "total" < <(sed 's/"total": 120.00/"total": 120.01/' invoice.json)
refused "a wrong tax" EINVAL $INV good-invoice.json "tax" < <(sed 's/"tax": 20.00/"tax": 19.00/; s/120.00/119.00/' invoice.json)
refused "an amount with too many decimals" EINVAL $INV good-invoice.json "unit_price" < <(sed 's/50.00/50.001/' invoice.json)
refused "a bad invoice status" EINVAL $INV good-invoice.json "status" < <(sed 's/"draft"/"lost"/' invoice.json)
refused "a bad date in an invoice" EINVAL $INV good-invoice.json "issue_date" < <(sed 's/2026-11-23/23.11.2026/' invoice.json)
refused "an unknown key in a line" EINVAL $INV good-invoice.json "colour" < <(sed 's/"quantity": 2/"colour": "red"/' invoice.json)
check_equal "the sheet is untouched" "$(cmp before.csv clients.csv 2>&1)" ""

# ---- the same from a shell
# A whole text in one write is looked at in that write, which a shell reports.
for text in rubbish '{"status": "frozen"}' '[1]'; do
	check_not "echo $text into a record fails" sh -c "echo '$text' >'$FILE'"
	check "and the record is as it was" cmp good.json "$FILE"
done
check_contains "the reason is kept" "$(cat m/.seam/errors.ndjson)" "one JSON object"
check "what comes in pieces is looked at when it is whole" bash -c "{ head -c 40 '$PWD/good.json'; tail -c +41 '$PWD/good.json'; } >'$FILE'"
check "and is the record then" cmp good.json "$FILE"
check_not "sed -i shows the error" sed -i 's/"status": "[a-z]*"/"status": "frozen"/' "$FILE"
check "and the record is as it was" cmp good.json "$FILE"
check_not "cp over it shows the error" cp bad.json $INV
check "and the invoice is as it was" cmp good-invoice.json $INV
check_equal "no temporary file of sed is left in the listing" "$(ls -A "$DIR" | grep -c '^sed')" 0

# ---- a status that does not exist, by moving
check_not "mv into a folder that is no status" sh -c 'mkdir m/invoices/by/status/lost'
check_not "mv of a link out of its view" mv "m/invoices/by/status/draft/INV-1.json" m/quotes/
check "the invoice is a draft still" test -L m/invoices/by/status/draft/INV-1.json
check_errno "an invoice to another type" EXDEV python3 -c 'import errno, os, sys
try: os.rename(*sys.argv[1:])
except OSError as e: print(errno.errorcode[e.errno])' $INV m/quotes/INV-1.json
check_not "rm -rf of a client" rm -rf "$DIR"
check_within 5 "the client is there, whole" cmp good.json "$FILE"
check_not "a client with the name of another" mkdir "$DIR"

# ---- new files: invalid ones stay drafts, listed nowhere else, and become records once they are valid
check_errno "a new invoice that is wrong" EINVAL "$TRY" new m/invoices/INV-2.json < <(sed 's/"draft"/"lost"/' invoice.json)
check_equal "it is no record: no link in a view" "$(find m/invoices/by -name INV-2.json | wc -l)" 0
check_equal "its state is" "$(state_of m/invoices/INV-2.json)" rejected
check_errno "the same, corrected" ok "$TRY" write m/invoices/INV-2.json <invoice.json
check_equal "then it is" "$(state_of m/invoices/INV-2.json)" draft
check_within 5 "now it is a record" test -L m/invoices/by/status/draft/INV-2.json
check_equal "its problem is gone" "$(grep -rl INV-2 m/problems 2>/dev/null)" ""
check_errno "a new invoice with a number that is taken" EEXIST "$TRY" sync m/invoices/INV-3.json < <(sed '1s/{/{ "number": "INV-1",/' invoice.json)
check_equal "there is one INV-1" "$(find m/invoices -maxdepth 1 -name 'INV-1*' | wc -l)" 1

# ---- a good save ends the problem
check "problems/ is there while there are any" test -d m/problems
check_errno "a good save" ok "$TRY" write "$FILE" <good.json
check_errno "a good save of the invoice" ok "$TRY" write $INV <good-invoice.json
rm -f m/invoices/INV-3.json
check_equal "no problem is left" "$(find m/problems -type f 2>/dev/null | wc -l)" 0
check_within 5 "problems/ is gone" sh -c '! test -e m/problems'

# ---- files that seamfs writes itself
for file in README.md .seam/status .seam/schema/client.json .seam/errors.ndjson; do
	check_not "$file cannot be written" sh -c "echo x >m/$file"
done
check_not "nothing can be made in the root" touch m/notes.txt
check_not "no folder can be made in the root" mkdir m/stuff

# ---- what changes nothing
touch "$FILE"
check "touch changes no byte" cmp good.json "$FILE"
: >"$FILE"
check "emptying a record by itself changes nothing" cmp good.json "$FILE"
check_equal "and its size is right" "$(stat -c %s "$FILE")" "$(wc -c <good.json)"
wait_until 10 idle
check_equal "the sheet is untouched still" "$(cmp before.csv clients.csv 2>&1)" ""
