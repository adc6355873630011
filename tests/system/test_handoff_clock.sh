# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Hand-offs by the calendar: weeks and months that pass in a moment, also while nothing is mounted.
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

export TZ=CET-1CEST,M3.5.0,M10.5.0/3 SEAMFS_CLOCK=$PWD/clock
# it_is DAY TIME - from now on
it_is() { echo $(($(date -d "$1 $2" +%s) - $(date +%s))) >clock; }
notice() { echo "$1" >m/clients/Acme/client.d/notes; } # any change has the clock looked at
runs_of() { find m/.seam/log -name "* $1 *.log" | wc -l; }

mkdir drive
printf 'id,name,email,notes\n1,Acme,pay@acme.example,\n' >clients.csv
printf 'id,number,client,project,status,issue_date,due_date,net,tax,total,currency,notes\n1,OLD,Acme,,sent,2027-01-01,2027-01-05,10.00,0.00,10.00,EUR,\n2,LATE,Acme,,sent,2027-01-10,2027-01-25,20.00,0.00,20.00,EUR,\n3,PAID,Acme,,paid,2027-01-10,2027-01-25,30.00,0.00,30.00,EUR,\n' >invoices.csv
printf 'id,name,client,status,budget,currency,tags\n1,Care,Acme,active,99.90,EUR,retainer\n2,Other,Acme,active,1.00,EUR,\n' >projects.csv
cat >stack.json <<'END'
{
  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1h", "grace": "1s",
  "tools": {
    "crm": {"connector": "csv", "types": {"client": {"file": "clients.csv"}}},
    "billing": {"connector": "csv", "types": {"invoice": {"file": "invoices.csv"}}},
    "board": {"connector": "csv", "types": {"project": {"file": "projects.csv"}}},
    "drive": {"connector": "folder", "path": "drive"}
  },
  "owners": {"client": "crm", "invoice": "billing", "project": "board", "document": "drive"},
  "handoffs": {
    "overdue-invoice": true,
    "recurring-invoice": {"recipe": "recurring-invoice", "monthly": {"day": 31, "at": "02:30"}, "with": {"tax_rate": 19}}
  }
}
END

it_is 2027-01-28 12:00
mount_pulled 20
notice 1
sleep 0.3
check_equal "what was overdue before there was the rule is not its own" "$(runs_of overdue-invoice)" 0
it_is 2027-01-31 02:29
notice 2
sleep 0.3
check_equal "a minute before its time nothing is made" "$(runs_of recurring-invoice)" 0
it_is 2027-01-31 02:30
notice 3
check_within 5 "at the end of the month an invoice" grep -q '^4,INV-2027-0001,Acme,Care,draft,2027-01-31,2027-02-14,99.90,18.98,118.88,EUR' invoices.csv
check_equal "only for what is on a retainer" "$(runs_of recurring-invoice)" 1
it_is 2027-02-01 00:30
notice 4
check_within 5 "seven days after it was due a letter" test -f 'drive/Drafts/2027-02-01 overdue-invoice LATE.eml'
MAIL=$(tr -d '\r' <'drive/Drafts/2027-02-01 overdue-invoice LATE.eml')
check_contains "which is a draft" "$MAIL" 'X-Unsent: 1'
check_contains "to the client" "$MAIL" 'To: pay@acme.example'
check_contains "over what it is" "$MAIL" 'our invoice LATE over 20.00 EUR was due on 2027-01-25'
check_equal "none for the others" "$(runs_of overdue-invoice)" 1
notice 5
sleep 0.3
check_equal "and no second one" "$(runs_of overdue-invoice)" 1

# The clock is put forward at 02:00 on 28 March: that night has no 02:30. Meanwhile nobody was here.
unmount
it_is 2027-03-31 03:00
mount_pulled 20
check_within 5 "months that were slept through are made up for" prints 3 runs_of recurring-invoice
check_equal "each for its own last day" "$(jq -r .issue_date m/invoices/INV-2027-000[23].json | xargs)" "2027-02-28 2027-03-31"
check_equal "with its own month" "$(jq -r '.lines[0].description' m/invoices/INV-2027-000[23].json | xargs)" "Care 2027-02 Care 2027-03"
sed -i 's/, "at": "02:30"//; s/"day": 31/"day": 28/' stack.json
remount
sleep 0.3
check_equal "another day makes no second one for a month" "$(runs_of recurring-invoice)" 3

# A due date that moves is another one.
echo 2027-03-30 >m/invoices/LATE.d/due_date
it_is 2027-04-06 09:00
notice 6
check_within 5 "due again, it is told again" test -f 'drive/Drafts/2027-04-06 overdue-invoice LATE.eml'
it_is 2027-04-29 09:00
notice 7
check_within 5 "the next month on its new day" test -f m/invoices/INV-2027-0004.json
check_equal "for it" "$(jq -r .issue_date m/invoices/INV-2027-0004.json)" 2027-04-28

# A letter whose subject is not plain.
unmount
sed -i 's/"overdue-invoice": true,/&\n    "letter": {"on": "client", "when": {"notes": "ü"}, "do": [{"mail": "{email}", "subject": "{notes}ber Größen, und noch viele andere Dinge mehr: ärgerliche, öde und üble", "text": "x\\ny"}]},/' stack.json
mount_pulled 20
notice ü
check_within 5 "a subject with umlauts" test -f 'drive/Drafts/2027-04-29 letter Acme.eml'
check_equal "can be read" "$(python3 -c 'import email, email.policy, sys; m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default); print(m["subject"], m["to"], m.get_content().splitlines())' 'drive/Drafts/2027-04-29 letter Acme.eml')" \
	"über Größen, und noch viele andere Dinge mehr: ärgerliche, öde und üble pay@acme.example ['x', 'y']"
check_equal "its lines are no longer than lines may be" "$(awk 'length > 78' 'drive/Drafts/2027-04-29 letter Acme.eml')" ""

# A rule that rests over its day.
"$SEAMFS" handoff -m m pause overdue-invoice
echo 2027-04-25 >m/invoices/LATE.d/due_date
it_is 2027-05-02 09:00
notice 8
sleep 0.3
check_not "a rule that rests writes no letter" test -e 'drive/Drafts/2027-05-02 overdue-invoice LATE.eml'
"$SEAMFS" handoff -m m resume overdue-invoice
check_within 5 "until it is told to go on" test -f 'drive/Drafts/2027-05-02 overdue-invoice LATE.eml'
# More months than a rule may run for a record within an hour.
it_is 2028-06-29 09:00
notice 9
check_within 5 "a year later every month has its invoice" test -f m/invoices/INV-2028-0006.json
check_equal "none is missing" "$(find m/invoices -maxdepth 1 -name 'INV-202[78]-*.json' | wc -l)" 18
