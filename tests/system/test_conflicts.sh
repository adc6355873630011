# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 180
# The same record changed on two sides at once: every case of a client in sheets (conflicts.py has the table), and the lines of an
# invoice in Directus.
. "$SRC/tests/system/lib.sh"

while IFS= read -r line; do
	case $line in
	"0 "*) result 0 "${line#0 }" ;;
	"1 "*) result 1 "${line#1 }" ;;
	*) say "$line" ;;
	esac
done < <(python3 "$SRC/tests/system/conflicts.py" 2>&1)

# ---- lines
POLL=1h new_stack crm billing
mount_pulled
FILE=m/invoices/INV-2026-0800.json
ID=$(jq -r .tools.billing.id m/invoices/INV-2026-0800.meta.json)

lines() { # TEXT - "DESCRIPTION QUANTITY PRICE TAX, …" as JSON
	jq -cn --arg text "$1" '[$text | split(", ") | .[] | split(" ") |
		{description: .[0], quantity: (.[1] | tonumber), unit_price: (.[2] | tonumber), tax_rate: (.[3] | tonumber)}]'
}
short() { jq -r '([.lines[] | "\(.description) \(.quantity) \(.unit_price) \(.tax_rate)"] | join(", ")) + "; \(.net | tonumber) \(.tax | tonumber) \(.total | tonumber)"'; }
tree() { short <$FILE; }
there() { directus GET "/items/invoices/$ID" | jq .data | short; }
save() { jq --argjson lines "$(lines "$1")" '.lines = $lines | del(.net, .tax, .total)' $FILE >new.json && cp new.json $FILE; }
patch() { # LINES NET TAX TOTAL - somebody in Directus; seamfs does not look before it has something to send
	directus PATCH "/items/invoices/$ID" "$(jq -cn --argjson lines "$(lines "$1")" --arg net "$2" --arg tax "$3" --arg total "$4" '{$lines, $net, $tax, $total}')" >/dev/null
}
fresh() { # what both sides begin with
	save "Sign 1 100 21, Print 2 50.1 21, Ink 3 9.99 9"
	wait_until 10 prints synced state_of $FILE || bail "the lines to begin with arrive"
}
both() { # TEXT LINES;TOTALS - the tree and Directus have that, and all is well
	check_within 10 "$1: Directus" prints "$2" there
	check_equal "$1: the tree" "$(tree)" "$2"
	check_within 5 "$1: no conflict" prints synced state_of $FILE
}

fresh
check_equal "to begin with" "$(there)" "Sign 1 100 21, Print 2 50.1 21, Ink 3 9.99 9; 230.17 44.74 274.91"
patch "Sign 1 100 21, Print 3 50.1 21, Ink 3 9.99 9" 280.27 55.26 335.53
save "Sign 1 120 21, Print 2 50.1 21, Ink 3 9.99 9"
both "a price here, another line's quantity there" "Sign 1 120 21, Print 3 50.1 21, Ink 3 9.99 9; 300.27 59.46 359.73"

fresh
patch "Sign 1 100 21, Print 2 50.1 21, Ink 3 9.99 9, Glue 1 7.35 21" 237.52 46.28 283.80
save "Sign 1 100 21, Print 2 50.1 21, Ink 3 9.99 9, Frame 2 3.33 9"
both "a line added on each side" "Sign 1 100 21, Print 2 50.1 21, Ink 3 9.99 9, Frame 2 3.33 9, Glue 1 7.35 21; 244.18 46.89 291.07"

fresh
patch "Sign 1 100 21, Ink 3 9.99 9" 129.97 23.70 153.67
save "Sign 1 120 21, Print 2 50.1 21"
both "a line removed on each side, a price here" "Sign 1 120 21; 120 25.2 145.2"

# ---- what cannot go together
fresh
patch "Sign 1 100 21, Print 3 50.1 21, Ink 3 9.99 9" 280.27 55.26 335.53
save "Sign 1 100 21, Ink 3 9.99 9"
check_within 10 "a line removed here and changed there: a conflict" prints conflict state_of $FILE
check_equal "the tree has ours, and its totals" "$(tree)" "Sign 1 100 21, Ink 3 9.99 9; 129.97 23.7 153.67"
check_equal "Directus has its own" "$(there)" "Sign 1 100 21, Print 3 50.1 21, Ink 3 9.99 9; 280.27 55.26 335.53"
check_equal "the sides are whole" "$(short <m/problems/INV-2026-0800.theirs.json) | $(short <m/problems/INV-2026-0800.base.json)" \
	"Sign 1 100 21, Print 3 50.1 21, Ink 3 9.99 9; 280.27 55.26 335.53 | Sign 1 100 21, Print 2 50.1 21, Ink 3 9.99 9; 230.17 44.74 274.91"
check "theirs is moved over it" mv m/problems/INV-2026-0800.theirs.json $FILE
both "theirs is taken" "Sign 1 100 21, Print 3 50.1 21, Ink 3 9.99 9; 280.27 55.26 335.53"

# Ours leaves the sums as they were, theirs does not: the sums belong to the lines.
fresh
patch "Sign 1 100 21, Posters 2 60.1 21, Ink 3 9.99 9" 250.17 48.94 299.11
save "Sign 1 100 21, Flyers 2 50.1 21, Ink 3 9.99 9"
check_within 10 "another text on each side: a conflict" prints conflict state_of $FILE
check_equal "the sums are those of our lines" "$(tree)" "Sign 1 100 21, Flyers 2 50.1 21, Ink 3 9.99 9; 230.17 44.74 274.91"
pull billing
check_equal "and stay so" "$(tree)" "Sign 1 100 21, Flyers 2 50.1 21, Ink 3 9.99 9; 230.17 44.74 274.91"
check_equal "theirs has the sums of its own" "$(short <m/problems/INV-2026-0800.theirs.json)" "Sign 1 100 21, Posters 2 60.1 21, Ink 3 9.99 9; 250.17 48.94 299.11"
check "only the lines are written" sh -c "echo '$(lines "Sign 1 110 21, Flyers 2 60.1 21")' >m/invoices/INV-2026-0800.d/lines"
both "and the sums are settled with them" "Sign 1 110 21, Flyers 2 60.1 21; 230.2 48.34 278.54"
# A side without a value says so: moved over the record, it decides about that field too.
fresh
jq 'del(.notes)' $FILE >new.json && cp new.json $FILE
echo -n >$PWD/m/invoices/INV-2026-0800.d/notes
wait_until 10 prints synced state_of $FILE
directus PATCH "/items/invoices/$ID" '{"notes": "theirs"}' >/dev/null
jq '.notes = "mine"' $FILE >new.json && cp new.json $FILE
check_within 10 "a note on each side where there was none: a conflict" prints conflict state_of $FILE
check_equal "the base says that it had none" "$(jq -c '[has("notes"), .notes]' m/problems/INV-2026-0800.base.json)" '[true,null]'
check "the base is moved over it" mv m/problems/INV-2026-0800.base.json $FILE
check_within 10 "that settles it" prints synced state_of $FILE
check_equal "nobody has a note" "$(jq -c .notes $FILE) $(directus GET "/items/invoices/$ID" | jq -c .data.notes)" "null null"
check_not "problems/ is empty" test -e m/problems
check_equal "Directus has the invoice once" "$(directus_count invoices number INV-2026-0800)" 1
