# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 150
# Records are read again to see whether sync has missed something: here rows that were changed in Directus' database itself, so
# that no listing of what is new shows them.
. "$SRC/tests/system/lib.sh"

POLL=1h new_stack crm billing
sed -i 's/, "invoice": "billing", "deal": "billing"//' stack.json
mount_pulled
# Most rows are as old as the seed: with a newer one the next listing begins behind them.
directus PATCH /items/clients/c1000000-0000-4000-8000-000000000007 '{"phone": "+1 newer"}' >reply.json
pull
pull
FILE="m/clients/Tamarind Marine B.V/client.json" ID=c1000000-0000-4000-8000-000000000002
PG_BIN=$(dirname "$(find /usr/lib/postgresql -name psql | sort -V | tail -n 1)")
sql() { "$PG_BIN/psql" -qAt -h 127.0.0.1 -p "$RIG_POSTGRES_PORT" -U rig directus -c "$1"; }

SAID=$("$SEAMFS" verify -m m --sample 20)
check_equal "all as it is known: exit code" $? 0
check_equal "as many as asked for, of each tool" "$(grep -c '20 records read again, 0 differed' <<<"$SAID")" 2

PHONE=$(jq -r .phone "$FILE")
sql "update clients set phone = '+00 drift', date_updated = null where id = '$ID'" || bail "psql"
sql "create table kept as select * from clients where id = 'c1000000-0000-4000-8000-000000000499'" || bail "psql"
sql "delete from clients where id = 'c1000000-0000-4000-8000-000000000499'" || bail "psql"
pull
check_equal "what no listing shows is not known" "$(jq -r .phone "$FILE")" "$PHONE"
SAID=$("$SEAMFS" verify -m m)
check_equal "verify of all: exit code" $? 1
check_contains "it says where and what" "$SAID" "clients/Tamarind Marine B.V/client.json: phone"
check_contains "a row that is gone" "$SAID" "the tool no longer has it"
check_contains "and how many" "$(grep billing: <<<"$SAID")" ", 2 differed"
check_contains "the sheet is as it is known" "$(grep crm: <<<"$SAID")" "500 records read again, 0 differed"
check_equal "then it is taken in by the rule for copies" "$(jq -r .phone "$FILE") $(cell clients.csv C-00002 Phone)" "+00 drift +00 drift"
check_equal "the status has it too" "$(status_json '.tools[] | select(.name == "billing").drift')" 2
check_contains "and the log" "$(cat state/seamfs.log)" "differs from what was known: phone"

check_fails "a sample of nothing" 2 "wants a number" "$SEAMFS" verify -m m --sample none
check_not "the same through the file" sh -c 'echo some >m/.seam/verify'

"$SEAMFS" verify -m m >said.txt
check_equal "what was said is said once: exit code" $? 0
check_contains "what was said is said once" "$(grep billing: said.txt)" ", 0 differed"

# ---- by itself
sed -i 's/"poll": "1h"/"poll": "1s", "verify": "3s"/' stack.json
remount
check_within 30 "by itself, when its time has come" sh -c "[ \"\$(jq -r '.tools[1].last_verify' m/.seam/status.json)\" != null ]"
BEFORE=$(status_json '.tools[1].last_verify')
check_within 20 "and again" sh -c "[ \"\$(jq -r '.tools[1].last_verify' m/.seam/status.json)\" != '$BEFORE' ]"
unmount
sql "insert into clients select * from kept; drop table kept" || bail "psql" # the next test finds what this one found
