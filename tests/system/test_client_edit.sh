# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# One save reaches every tool that holds the client: the cell in the CSV file and the row in Directus.
. "$SRC/tests/system/lib.sh"

POLL=1h CONFLICTS='{"client": "owner"}' new_stack crm billing
mount_pulled
DIR="m/clients/Peña Blanca Media AG"
FILE=$DIR/client.json
ID=c1000000-0000-4000-8000-000000000003
NEW=post$RANDOM$RANDOM@pena.example
row() { directus GET "/items/clients/$ID" | jq -cS '.data | del(.date_updated)'; }

OLD=$(jq -r .email "$FILE")
check_equal "before: the CSV file and Directus say the same" "$(cell clients.csv C-00003 'Contact e-mail') $(row | jq -r .email)" "$OLD $OLD"
cp clients.csv before.csv
row >before.json
# A neighbour that the edit must leave alone.
directus GET '/items/clients?limit=-1' | jq -cS "[.data[] | select(.id != \"$ID\") | del(.date_updated)]" >others.json

sed -i "s/$OLD/$NEW/" "$FILE"
check_equal "sed -i: exit code" $? 0
check_equal "the CSV cell is changed when sed returns: the owner has confirmed" "$(cell clients.csv C-00003 'Contact e-mail')" "$NEW"
sed "s/$OLD/$NEW/" before.csv >want.csv
check "the CSV file is the same in every other byte" cmp want.csv clients.csv
check_within 5 "the row in Directus has it" prints "$NEW" directus_field clients id "$ID" email
check_equal "no other field of that row is changed" "$(row)" "$(jq -cS --arg e "$NEW" '.email = $e' before.json)"
check_equal "no other row is changed" \
	"$(directus GET '/items/clients?limit=-1' | jq -cS "[.data[] | select(.id != \"$ID\") | del(.date_updated)]" | cmp - others.json)" ""
check_within 5 "its state is synced" prints synced state_of "$FILE"
check_equal "the file says so" "$(jq -r .email "$FILE")" "$NEW"
check_equal "nothing waits" "$(status_json .pending)" 0
check_not "no problem" test -e m/problems
check_equal "Directus still has 500 clients" "$(directus GET '/items/clients?limit=0&meta=total_count' | jq .meta.total_count)" 500

# ---- our own write coming back is no change
cp clients.csv before.csv
TIME=$(stat -c %Y.%y clients.csv)
MTIME=$(stat -c %Y.%y "$FILE")
pull
check_equal "a pull afterwards writes nothing" "$(stat -c %Y.%y clients.csv) $(stat -c %Y.%y "$FILE")" "$TIME $MTIME"

# ---- a field that only the owner has
sed -i 's/"notes": "[^"]*"/"notes": "Only, \\"here\\""/' "$FILE"
check_equal "a cell with a comma and quotes" "$(cell clients.csv C-00003 'Internal note')" 'Only, "here"'

# ---- a cleared field, and one that is set again
ZIP=$(jq -r .zip "$FILE")
jq '.zip = null' "$FILE" >new.json && cp new.json "$FILE"
check_equal "null clears the cell" "$(cell clients.csv C-00003 ZIP)" ""
check_within 5 "null clears the field in Directus" prints null directus_field clients id "$ID" zip
check_equal "a cleared field has no value" "$(jq -r '.zip // "none"' "$FILE")" none
jq --arg z "$ZIP" '.zip = $z' "$FILE" >new.json && cp new.json "$FILE"
check_within 5 "it comes back in Directus" prints "$ZIP" directus_field clients id "$ID" zip

# ---- the same client edited in Directus (a copy) in another field
directus PATCH "/items/clients/$ID" '{"street": "Neue Straße 1"}' >/dev/null
pull billing
check_within 5 "a change in the copy is in the tree" prints "Neue Straße 1" jq -r .street "$FILE"
check_within 5 "and goes to the owner" prints "Neue Straße 1" cell clients.csv C-00003 Street

# ---- both at once, different fields: both are kept
directus PATCH "/items/clients/$ID" '{"city": "Weimar"}' >/dev/null
sed -i 's/"phone": "[^"]*"/"phone": "+49 3643 1"/' "$FILE"
pull
check_within 10 "different fields on both sides, Directus" prints "Weimar +49 3643 1" \
	sh -c "curl -sg -H 'Authorization: Bearer $DIRECTUS_TOKEN' '$DIRECTUS_URL/items/clients/$ID' | jq -r '.data.city + \" \" + .data.phone'"
check_within 10 "different fields on both sides, the tree" prints "Weimar +49 3643 1" jq -r '.city + " " + .phone' "$FILE"
check_within 10 "different fields on both sides, the sheet" prints "Weimar" cell clients.csv C-00003 City
check_equal "different fields on both sides, the sheet" "$(cell clients.csv C-00003 Phone)" "+49 3643 1"

# ---- the same field on both sides: the owner's word counts
directus PATCH "/items/clients/$ID" '{"email": "directus@pena.example"}' >/dev/null
sed -i 's/post[0-9]*@pena.example/sheet@pena.example/' clients.csv
pull
check_within 10 "the same field on both sides: the owner's value is in the tree" prints sheet@pena.example jq -r .email "$FILE"
check_within 10 "and in Directus" prints sheet@pena.example directus_field clients id "$ID" email

# ---- a whole new client, by mkdir and by a file
mkdir "m/clients/Brand New Ltd"
check_within 5 "mkdir makes a client: a row in the sheet" grep -q "Brand New Ltd" clients.csv
check_within 5 "mkdir makes a client: a row in Directus" prints 1 directus_count clients name "Brand New Ltd"
echo '{"email": "hello@brand.new", "vat_id": "DE999999999", "status": "prospect"}' >"m/clients/Brand New Ltd/client.json"
check_within 5 "its fields reach Directus" prints hello@brand.new directus_field clients name "Brand New Ltd" email
check_equal "and the sheet, in one row" "$(grep -c 'Brand New Ltd.*hello@brand.new' clients.csv)" 1
mv "m/clients/Brand New Ltd" "m/clients/Brand Old Ltd"
check_within 5 "renaming the folder renames the client in Directus" prints hello@brand.new directus_field clients name "Brand Old Ltd" email
check_equal "and in the sheet" "$(grep -c 'Brand Old Ltd.*hello@brand.new' clients.csv)" 1
check_equal "the old name is not listed" "$(ls m/clients | grep -c 'Brand New')" 0
check_equal "there is one row, not two" "$(directus_count clients email hello@brand.new)" 1
pull
check_equal "still one, after a pull" "$(directus_count clients email hello@brand.new) $(grep -c hello@brand.new clients.csv) $(grep -l hello@brand.new m/clients/*/client.json | wc -l)" "1 1 1"
check_equal "the sheet's other lines are all there" "$(grep -c '^C-' clients.csv)" 501
