# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 90
# One client in two tools is one record: what is certain is linked, what is not is proposed in problems/links.json and made in no
# other tool before a person has decided. A wrong link is taken apart again, and nothing is made or removed by that.
. "$SRC/tests/system/lib.sh"

cat >a.csv <<'END'
ID,Company,Contact e-mail,Country,VAT
1,Northwind Traders Ltd,jane@northwind.example,GB,GB1
2,Alpha GmbH,info@alpha.example,DE,DE2
3,Beta GmbH,x@gmail.com,DE,
4,Gamma Oy,,FI,
5,Delta Ltd,one@delta.example,GB,
6,Epsilon AG,kontor@epsilon.example,CH,CHE6
7,Zeta Inc.,,US,
8,Eta BV,info@eta.example,NL,NL8
END
cat >b.csv <<'END'
ID,Company,Contact e-mail,Country,Phone,VAT
11,Northwind Traders,billing@northwind.example,GB,123,
12,ALPHA,office@alpha2.example,DE,,
13,beta,y@gmail.com,AT,,
14,"Gamma, Oy.",,FI,5,
15,Alpha Holding,ceo@alpha.example,DE,,
16,Something else,one@delta.example,GB,7,
17,Epsilon (Zürich),other@epsilon-zh.example,CH,8,CHE 6
18,Zeta,,,9,
19,Eta BV,info@eta.example,NL,10,NL9
END
FIELDS='"name": "Company", "email": "Contact e-mail", "country": "Country", "vat_id": "VAT"'
cat >stack.json <<END
{"state": "state", "poll": "1s", "tools": {
  "crm": {"connector": "csv", "types": {"client": {"file": "a.csv", "id": "ID", "fields": {$FIELDS}}}},
  "billing": {"connector": "csv", "types": {"client": {"file": "b.csv", "id": "ID", "fields": {$FIELDS, "phone": "Phone"}},
    "invoice": {"file": "i.csv", "id": "ID", "create": true, "fields": {"number": "No", "client": "Client", "notes": "Notes"}}}}},
 "owners": {"client": "crm", "invoice": "billing"}, "shares": {"client": {"billing": "accept"}}}
END
echo 'ID,No,Client,Notes' >i.csv
cp a.csv a0.csv
# The owner first, so that it is plain which of two gets the plain name.
mv b.csv later.csv
mount_up
wait_until 20 sh -c '[ "$(ls m/clients | wc -l)" = 9 ]' || bail "the owner is read"
mv later.csv b.csv
wait_until 30 all_pulled || bail "every tool is read"
wait_until 10 idle
ids() { jq -r '[.tools | to_entries[] | select(.value.state == "synced") | .value.id] | join(" ")' "m/clients/$1/client.meta.json"; }
pairs() { jq -r '.[] | "\(.a | sub("clients/"; "")) = \(.b | sub("clients/"; ""))"' m/problems/links.json 2>/dev/null; }
rows() { grep -c "$2" "$1"; }

# ---- what is certain
check_equal "the same name without legal form, in one country" "$(ids 'Gamma Oy')" "4 14"
check_equal "the same e-mail address, whatever the name" "$(ids 'Delta Ltd')" "5 16"
check_equal "the same tax number in another spelling, before all else" "$(ids 'Epsilon AG')" "6 17"
check_equal "what the owner lacks is taken from the copy" "$(jq -r .phone 'm/clients/Gamma Oy/client.json')" 5
check_equal "where they differ, the owner's value counts" "$(jq -r .email 'm/clients/Epsilon AG/client.json')" kontor@epsilon.example

# ---- what is not
SECOND=$(ls m/clients | grep '^Eta BV ~')
check_equal "these pairs are proposed" "$(pairs | LC_ALL=C sort)" "Alpha GmbH = ALPHA
Alpha GmbH = Alpha Holding
Beta GmbH = beta
Eta BV = $SECOND
Northwind Traders Ltd = Northwind Traders
Zeta Inc = Zeta"
check_contains "with the reason" "$(jq -r '.[].why' m/problems/links.json)" "both have the domain alpha.example"
check_contains "and where they are" "$(jq -c '.[] | select(.b == "clients/Zeta") | [.a_is_in, .b_is_in]' m/problems/links.json)" '[["crm"],["billing"]]'
sleep 3
check_equal "none of them is made in the other tool meanwhile" "$(wc -l <a.csv) $(wc -l <b.csv)" "9 10"
check_equal "the owner's sheet is as it was" "$(cmp a.csv a0.csv 2>&1)" ""
check_equal "nothing waits" "$(status_json .pending)" 0

# ---- deciding: the file
check_not "a decision that is none" sh -c "jq '.[0].same = \"yes\"' m/problems/links.json >l.json; cat l.json >m/problems/links.json"
check_not "a record that is not there" sh -c "jq '.[0].same = true | .[0].b = \"clients/Nobody\"' m/problems/links.json >l.json; cat l.json >m/problems/links.json"
check_contains "says so" "$(cat m/problems/.error)" 'clients/Nobody'
check_equal "and decides nothing" "$(pairs | wc -l)" 6
jq '(.[] | select(.b == "clients/beta").same) = false | (.[] | select(.b == "clients/Northwind Traders").same) = true' m/problems/links.json >l.json
check "one yes, one no" sh -c 'cat l.json >m/problems/links.json'
check_equal "the two are decided" "$(pairs | grep -c 'Northwind\|beta')" 0
check_equal "one record in both tools" "$(ids 'Northwind Traders Ltd')" "1 11"
check "the other's name still leads to it" test "m/clients/Northwind Traders/client.json" -ef "m/clients/Northwind Traders Ltd/client.json"
check_equal "but is not listed" "$(ls m/clients | grep -c Northwind)" 1
check_within 5 "the copy gets the owner's values" grep -q '^11,Northwind Traders Ltd,jane@northwind.example,GB,123' b.csv
check_within 5 "two clients: each is made in the other tool" sh -c 'grep -q ",Beta GmbH," b.csv && grep -q ",beta," a.csv'
check_equal "once" "$(rows b.csv 'Beta GmbH') $(rows a.csv beta)" "1 1"

# ---- deciding: the verbs
check "seamfs link" "$SEAMFS" link "m/clients/Zeta Inc" m/clients/Zeta/client.json
check_equal "links" "$(ids 'Zeta Inc')" "7 18"
check_fails "what is one already" 1 "one record already" "$SEAMFS" link "m/clients/Zeta Inc" "m/clients/Zeta Inc"
check "seamfs link of another pair" "$SEAMFS" link "m/clients/Alpha GmbH" m/clients/ALPHA
check_equal "a pair of which one tool now holds both is open no longer" "$(pairs | grep -c Alpha)" 0
check_within 5 "and its other half is made in the owner" grep -q ',Alpha Holding,' a.csv
check_fails "both in one tool" 1 "crm holds both" "$SEAMFS" link "m/clients/Alpha GmbH" "m/clients/Gamma Oy"
check_fails "no record" 1 "is no record" "$SEAMFS" link m/clients m/README.md

# ---- references come along
check "a pair with invoices" sh -c 'echo "{\"client\": \"Eta BV\"}" >m/invoices/I-1.json'
check "on both" sh -c "echo '{\"client\": \"$SECOND\"}' >m/invoices/I-2.json"
check_within 8 "they are records" sh -c 'test -L m/invoices/by/status/draft/I-1.json && test -L m/invoices/by/status/draft/I-2.json'
check_within 8 "in the tool too" sh -c 'grep -q I-1 i.csv && grep -q I-2 i.csv'
check "seamfs link" "$SEAMFS" link "m/clients/Eta BV" "m/clients/$SECOND"
check_equal "both invoices are the one client's" "$(ls "m/clients/Eta BV/invoices" | xargs)" "I-1.json I-2.json"
sleep 2
check_equal "nothing is to be sent because of that" "$(status_json .pending)" 0

# ---- taking apart
cp a.csv a1.csv
wait_until 10 idle
cp b.csv b1.csv
check "seamfs unlink" "$SEAMFS" unlink "m/clients/Gamma Oy" billing
TWO=$(ls m/clients | grep '^Gamma' | tail -n 1)
check_equal "there are two records" "$(ls m/clients | grep -c '^Gamma')" 2
check_equal "each in its tool" "$(ids 'Gamma Oy') $(ids "$TWO")" "4 14"
sleep 3
check_equal "nothing was made or removed in any tool" "$(cmp a.csv a1.csv 2>&1)$(cmp b.csv b1.csv 2>&1)" ""
check "each goes its own way" sh -c "echo 77 >'m/clients/$TWO/client.d/phone'"
check_within 5 "in its tool" grep -q '^14,.*,77' b.csv
check_equal "and not in the other" "$(jq -r .phone 'm/clients/Gamma Oy/client.json')" 5
check_equal "they are not proposed again" "$(pairs | grep -c Gamma)" 0
check_fails "a tool that does not hold it" 1 "billing does not hold it" "$SEAMFS" unlink "m/clients/Gamma Oy" billing
check_fails "a tool that is none" 1 "no tool called" "$SEAMFS" unlink "m/clients/Gamma Oy" paper
check_fails "the only tool" 1 "only billing holds it" "$SEAMFS" unlink "m/clients/$TWO" billing
check "and put together again" "$SEAMFS" link "m/clients/Gamma Oy" "m/clients/$TWO"
check_equal "it is one again" "$(ids 'Gamma Oy')" "4 14"

remount
check_equal "after a restart all is as it was" "$(ids 'Gamma Oy') $(ids 'Zeta Inc') $(pairs | wc -l)" "4 14 7 18 0"
check_not "and no proposal is open" test -e m/problems/links.json
check_equal "no client is there twice in a tool" "$(cut -d, -f2 a.csv | sort | uniq -d)$(cut -d, -f2 b.csv | sort | uniq -d)" ""

# ---- tools that know each other's ids
unmount
rm -rf state
cat >a.csv <<'END'
ID,Company,Contact e-mail,Country,VAT,Billing no
1,Kappa GmbH,a@kappa.example,DE,,21
2,Lambda GmbH,a@lambda.example,DE,,
3,Mu GmbH,a@mu.example,DE,,
END
cat >b.csv <<'END'
ID,Company,Contact e-mail,Country,Phone,VAT,CRM no
21,Something quite else,b@else.example,AT,1,,
22,Another name,b@another.example,AT,2,,2
23,Mu GmbH,a@mu.example,DE,3,,9
END
sed -i 's|"owners"|"ids": {"client": {"crm": {"billing": "/Billing no"}, "billing": {"crm": "/CRM no"}}}, "owners"|' stack.json
mount_pulled
check_equal "the owner has the copy's id" "$(ids 'Kappa GmbH')" "1 21"
check_equal "the copy has the owner's id" "$(ids 'Lambda GmbH')" "2 22"
check_equal "an id that nobody has: then the other signs count" "$(ids 'Mu GmbH')" "3 23"
check_equal "nothing is made twice" "$(wc -l <a.csv) $(wc -l <b.csv) $(ls m/clients | grep -c GmbH)" "4 4 3"
