# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Hand-offs between spreadsheets: what the recipes make, to the cent, and once; what happens when something is in the way.
. "$SRC/tests/system/lib.sh"

mkdir -p drive/Templates
echo 'Welcome' >drive/Templates/letter.txt
printf 'id,name,email,city,notes\n1,Acme,pay@acme.example,Bonn,\n2,Zwei & Co,,Köln,\n' >clients.csv
printf 'id,title,client,stage,amount,currency,notes\n1,Old,Acme,won,100.00,EUR,\n2,Brand refresh,Acme,proposal,3200.50,EUR,\n3,Site,Zwei & Co,lead,0.10,EUR,\n4,Far,Acme,lead,5.00,EUR,\n' >deals.csv
printf 'id,number,client,project,status,issue_date,due_date,reference,net,tax,total,currency,notes\n1,INV-2026-0007,Acme,,sent,2026-11-01,2026-11-15,,10.00,1.90,11.90,EUR,\n' >invoices.csv
printf 'id,name,client,status,start,budget,currency\n1,Shop,Acme,active,2026-01-05,,EUR\n' >projects.csv
printf 'id,date,summary,project,hours,billable\n1,2026-11-02,Palette,Shop,3.5,yes\n2,2026-11-03,Lunch,Shop,1,no\n3,2026-11-04,Type,Shop,0.25,yes\n' >time.csv
cat >stack.json <<'END'
{
  "company": "Rig & Sons", "currency": "EUR", "state": "state", "poll": "1s", "grace": "1s",
  "tools": {
    "crm": {"connector": "csv", "types": {"client": {"file": "clients.csv"}, "deal": {"file": "deals.csv"}}},
    "billing": {"connector": "csv", "types": {"invoice": {"file": "invoices.csv"}}},
    "board": {"connector": "csv", "types": {"project": {"file": "projects.csv"}, "time": {"file": "time.csv"}}},
    "drive": {"connector": "folder", "path": "drive"}
  },
  "owners": {"client": "crm", "deal": "crm", "invoice": "billing", "project": "board", "time": "board", "document": "drive"},
  "handoffs": {
    "won-deal": {"recipe": "won-deal", "with": {"tax_rate": 19}},
    "accepted-quote": true,
    "paid-invoice": true,
    "booked": {"on": "invoice", "when": {"status": "paid"}, "do": [{"create": "entry", "set": {"description": "Invoice {number} paid", "date": "{when}",
      "lines": [{"account": "assets:bank", "amount": "{total}"}, {"account": "assets:receivable", "amount": "{-total}"}]}}]},
    "finished-project": {"recipe": "finished-project", "with": {"rate": 95.5, "tax_rate": 19}},
    "ping": {"on": "client", "when": {"city": {"changed": true}}, "do": [{"update": "record", "set": {"notes": "{city}!", "tags": ["in {city}", "x"]}}]},
    "pong": {"on": "client", "when": {"notes": {"changed": true}}, "do": [{"update": "record", "set": {"city": "{notes}?"}}]},
    "self": {"on": "contact", "created": true, "do": [{"create": "contact", "set": {"name": "{name} again"}}]},
    "often": {"on": "quote", "when": {"notes": {"changed": true}}, "do": [{"update": "record", "set": {"valid_until": "{today}"}}]},
    "task": {"on": "deal", "when": {"stage": "qualified"}, "do": [{"create": "task", "set": {"title": "Call {client}", "project": "{notes}"}}]},
    "script": {"on": "task", "created": true, "if": {"notes": {"has": "script"}},
      "do": [{"run": ["sh", "script.sh", "{title}"], "time": "1s", "env": {"WHO": "{company}"},
        "then": [{"update": "record", "set": {"assignee": "{result.who}", "estimate_hours": "{result.hours}"}}]},
        {"copy": "Templates/letter.txt", "to": "Letters/{title}.txt"}]}
  }
}
END
cat >script.sh <<'END'
echo "$SEAMFS_KEY" >>keys.txt
case $1 in
slow) sleep 60 & echo $! >slow.pid; wait ;;
bad) echo 'it went wrong' >&2; exit 3 ;;
esac
jq -c --arg who "$WHO" '{who: ($who + ", " + .title), hours: 1.5}'
END

runs() { "$SEAMFS" handoff -m m runs -n 1000; }
run_of() { runs | grep -c "^[0-9]* $1: $2 "; } # RULE NAME - how many there were
state_of_run() { sed -n 's/^# [^,]*, \([a-z ]*\).*/\1/p' m/.seam/log/*" $1 $2.log" | tail -n 1; }
ended() { case $(state_of_run "$1" "$2") in done | failed | stopped | dropped) ;; *) false ;; esac; }
told() { cat m/problems/*.txt | grep -qF -- "$1"; } # TEXT - a problem says so
put() { cat >"$1" && sync "$1"; } # FILE - a new one, which is a record at once
left_out() { runs | grep -q "left out, there is nothing"; }
field() { jq -r ".$2" "m/$1"; }
check "the configuration is in order" "$SEAMFS" check -c stack.json
{
	echo '{"tools": {"drive": {"connector": "folder", "path": "drive"}}, "owners": {"document": "drive"},'
	sed -n '/^"handoffs": {$/,/^}$/p' "$SRC/contrib/handoffs.md"
	echo '}'
} >page.json
check "and so is what the page about it says" "$SEAMFS" check -c page.json
mount_pulled 20

# ---- existing data, and what would be
check_equal "what was there before there were rules makes nothing" "$(runs)" ""
TRY=$("$SEAMFS" handoff test won-deal "m/deals/Brand refresh.json")
check_contains "test: what it would make" "$TRY" "create invoices/INV-2026-0008.json"
check_contains "test: says that it would not yet" "$TRY" '# not as the record is now'
check_not "test makes nothing" test -e m/invoices/INV-2026-0008.json
check_fails "test of an unknown rule" 1 'no hand-off "nobody"' "$SEAMFS" handoff test nobody "m/deals/Brand refresh.json"
check_fails "test of a rule for another type" 1 'no hand-off "won-deal" for' "$SEAMFS" handoff test won-deal m/invoices/INV-2026-0007.json

# ---- won deal
echo won >"m/deals/Brand refresh.d/stage"
check_within 5 "a deal won here: an invoice in the sheet" grep -q '^2,INV-2026-0008,Acme,,draft,.*,3200.50,608.10,3808.60,EUR' invoices.csv
check_equal "with its line" "$(jq -c '.lines[0]' m/invoices/INV-2026-0008.json)" '{"description":"Brand refresh","quantity":1,"unit_price":3200.5,"tax_rate":19}'
sed -i 's/^3,Site,Zwei & Co,lead/3,Site,Zwei \& Co,won/' deals.csv
check_within 5 "a deal won in the sheet: another one" grep -q '^3,INV-2026-0009,Zwei & Co,,draft,.*,0.10,0.02,0.12,EUR' invoices.csv
pull && wait_until 5 idle
check_equal "what we wrote ourselves comes back and starts nothing" "$(runs | grep -c '^[0-9]* ')" 2
echo lost >m/deals/Site.d/stage && echo won >m/deals/Site.d/stage
check_equal "who did it is in the history" "$(jq -r .why m/invoices/INV-2026-0008.log.ndjson | tail -n 1)" "hand-off won-deal"

# ---- accepted quote
put m/quotes/Q-1.json <<'END'
{"number": "Q-1", "client": "Zwei & Co", "status": "sent", "lines": [
  {"description": "A", "quantity": 3, "unit_price": 33.33, "tax_rate": 19}, {"description": "B", "unit_price": 0.05, "tax_rate": 7}]}
END
check "a quote" test -L m/quotes/by/status/sent/Q-1.json
mv m/quotes/by/status/sent/Q-1.json m/quotes/by/status/accepted/
check_within 5 "accepted, it makes an invoice" test -f m/invoices/INV-2026-0010.json
check_equal "the same to the cent" "$(jq -c '[.net, .tax, .total, .client, .project, .reference]' m/invoices/INV-2026-0010.json)" \
	"$(jq -c '[.net, .tax, .total, .client, .number, .number]' m/quotes/Q-1.json)"
check_equal "and that is" "$(jq -c '[.net, .tax, .total]' m/invoices/INV-2026-0010.json)" '[100.04,19,119.04]'
check_equal "a project with it as its budget" "$(field projects/Q-1/project.json budget)" 100.04
check_within 5 "and a folder" test -d drive/Projects/Q-1

# ---- paid invoice
mv m/invoices/by/status/sent/INV-2026-0007.json m/invoices/by/status/paid/
check_within 5 "a receipt" grep -q '^11.90 EUR for invoice INV-2026-0007' 'drive/Receipts/Receipt INV-2026-0007.txt'
booked() { runs | grep -qF -- '+lines: [{"account":"assets:bank","amount":11.90},{"account":"assets:receivable","amount":-11.90}]'; }
check_within 5 "and an entry by a rule of one's own" booked

# ---- finished project
echo closed >m/projects/Shop/project.d/status
check_within 5 "time becomes an invoice" test -f m/invoices/INV-2026-0011.json
check_equal "the billable part of it" "$(jq -c '[.net, .tax, .total, (.lines | length)]' m/invoices/INV-2026-0011.json)" '[358.13,68.04,426.17,2]'
echo active >m/projects/Shop/project.d/status && echo closed >m/projects/Shop/project.d/status
check_within 5 "closed again" prints 2 run_of finished-project Shop
check_within 5 "nothing is billed twice" left_out
check_not "there is no other invoice" test -f m/invoices/INV-2026-0012.json

# ---- circles
check "nothing fails so far" "$SEAMFS" status -m m
echo Trier >m/clients/Acme/client.d/city
check_within 5 "two rules that start each other are stopped" told 'it is in a circle: ping pong ping'
check_equal "after one round" "$(field clients/Acme/client.json city)" 'Trier!?'
check_equal "tags too are texts with something in them" "$(jq -c .tags m/clients/Acme/client.json)" '["in Trier","x"]'
check_not "status says so with its exit code" "$SEAMFS" status -m m
rm m/problems/*ping*
check "until a person has seen it" "$SEAMFS" status -m m
put m/contacts/Jo.json <<<'{"name": "Jo"}'
check_within 5 "a rule that makes what starts it" told 'circle: self self'
check_equal "has made one" "$(cd m/contacts && echo *.json)" "Jo again.json Jo.json"
rm m/problems/*self*

# ---- what cannot be done
echo 'No such project' >m/deals/Far.d/notes
echo qualified >m/deals/Far.d/stage
check_within 5 "a reference that is missing" told 'there is no project called "No such project"'
check_not "nothing is half done" test -e "m/tasks/Call Acme.json"
check_contains "the run says so" "$(cat m/.seam/log/*"task Far.log")" ', failed: "project": there is no project'
check_contains "status too" "$("$SEAMFS" status -m m)" '1 hand-offs failed: see problems/'
echo Shop >m/deals/Far.d/notes
check "replay" "$SEAMFS" handoff replay task m/deals/Far.json
check_within 5 "does it" test -f "m/projects/Shop/tasks/Call Acme.json"
check_not "and the problem is gone" test -e m/problems
check_fails "once" 1 'task has run for that record already' "$SEAMFS" handoff replay task m/deals/Far.json
check_fails "a record that is not so" 1 'not as won-deal wants it' "$SEAMFS" handoff replay won-deal m/deals/Far.json
check "what was won before there was the rule" "$SEAMFS" handoff replay won-deal m/deals/Old.json
check_within 5 "gets its invoice when that is asked for" grep -q ',100.00,19.00,119.00,EUR' invoices.csv
check "replay of all" "$SEAMFS" handoff -m m replay won-deal
sleep 0.2
check_equal "makes nothing twice" "$(run_of won-deal Old) $(run_of won-deal 'Brand refresh') $(run_of won-deal Site)" "1 1 1"

# ---- programs and files
for t in good bad slow; do put "m/tasks/$t.json" <<<"{\"title\": \"$t\", \"notes\": \"script\"}"; done
check_within 5 "a program's answer" prints 'Rig & Sons, good 1.5' jq -r '"\(.assignee) \(.estimate_hours)"' m/tasks/good.json
check_within 5 "then a copy" cmp -s drive/Templates/letter.txt drive/Letters/good.txt
check_within 5 "one that fails" ended script bad
check_contains "says why" "$(cat m/.seam/log/*"script bad.log")" 'failed: "sh" failed with exit code 3: it went wrong'
check_within 5 "one that takes too long" ended script slow
check_contains "is killed" "$(cat m/.seam/log/*"script slow.log")" 'did not end within 1 seconds and was killed'
check_not "with all that it started" grep -q sleep "/proc/$(cat slow.pid)/cmdline"
check_not "what comes behind it is not done" test -e drive/Letters/bad.txt
check_equal "each had a key of its own" "$(sort -u keys.txt | wc -l)" 3
sed -i 's/^bad.*/bad) ;;/' script.sh
check "replay goes on where it was" "$SEAMFS" handoff replay script m/tasks/bad.json
check_within 5 "and does the rest" test -f drive/Letters/bad.txt
check_equal "with the same key" "$(sort keys.txt | uniq -d | wc -l)" 1

# ---- a tool that is away, and a rule that rests
mv invoices.csv away.csv && mkdir invoices.csv
check_fails "pause of an unknown rule" 1 'no hand-off "nobody"' "$SEAMFS" handoff -m m pause nobody
put m/deals/Later.json <<<'{"title": "Later", "client": "Acme", "amount": 7.00, "stage": "won"}'
check_within 5 "the owner of invoices is away: the run is done" prints 'done' state_of_run won-deal Later
check_contains "and says who has yet to hear" "$(cat m/.seam/log/*"won-deal Later.log")" 'billing has yet to hear of it'
rmdir invoices.csv && mv away.csv invoices.csv
check_within 10 "back again, it hears of it" grep -q ',7.00,1.33,8.33,EUR' invoices.csv
check_equal "once" "$(grep -c ',7.00,1.33,8.33,EUR' invoices.csv)" 1
check "pause" "$SEAMFS" handoff -m m pause won-deal
check_contains "list shows it" "$("$SEAMFS" handoff -m m list)" 'deal       paused'
echo won >m/deals/Far.d/stage
remount
check_equal "nothing happens, over a restart too" "$(run_of won-deal Far)" 0
check "resume" "$SEAMFS" handoff -m m resume won-deal
check_within 5 "what happened meanwhile is done" prints 'done' state_of_run won-deal Far

# ---- what is not confirmed, and what a person takes back
unmount
sed -i '0,/"connector": "csv"/s//"connector": "csv", "send": "review"/' stack.json
mount_pulled 20
put m/deals/Held.json <<<'{"title": "Held", "client": "Acme", "amount": 9.00, "stage": "lead"}'
echo won >m/deals/Held.d/stage
check_within 5 "a change that waits for a person" prints 'waits' state_of_run won-deal Held
check_contains "and its run says so" "$(cat m/.seam/log/*"won-deal Held.log")" 'crm hears of it when a person approves'
check_not "makes nothing" grep -q ',9.00,1.71,10.71,EUR' invoices.csv
check "approve" "$SEAMFS" approve -m m
check_within 5 "then it does" grep -q ',9.00,1.71,10.71,EUR' invoices.csv
put m/deals/Not.json <<<'{"title": "Not", "client": "Acme", "amount": 6.00, "stage": "won"}'
check_within 5 "one more" prints 'waits' state_of_run won-deal Not
"$SEAMFS" reject -m m >/dev/null
check_within 5 "taken back, it starts nothing" prints 'dropped' state_of_run won-deal Not
check_not "and makes nothing" grep -q ',6.00,' invoices.csv

# ---- again and again
rm -f m/problems/*
for i in {1..11}; do echo "$i" >m/quotes/Q-1.d/notes; done
check_within 5 "one that runs all the time is stopped" told 'it ran 8 times for this record within an hour'
check_equal "and that is said once" "$(find m/problems -name '*often Q-1*' | wc -l)" 1
