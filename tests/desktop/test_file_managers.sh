# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 240
# An invoice is dragged, or cut and pasted, from one folder of by/status into another: its status is set, and nothing else happens.
. "$SRC/tests/desktop/lib.sh"

jq -nc '{keys: [range(781; 801) | "a1000000-0000-4000-8000-000000000\(.)"], data: {status: "draft"}}' >drafts.json
directus PATCH /items/invoices "$(cat drafts.json)" >reply.json
check_equal "before: Directus has the drafts" "$(jq '.data | length' reply.json)" 20
POLL=2s new_stack crm billing
mount_pulled
desktop
BY=$M/invoices/by/status
names() { (cd "$BY" && ls -A draft sent); }

# moved TEXT NUMBER FROM TO
moved() {
	one_update "$1" "$2" status "$4"
	check_equal "$1: the file" "$(jq -r .status "$M/invoices/$2.json")" "$4"
	check "$1: it is in the other folder" test -L "$BY/$4/$2.json"
	check_not "$1: it is no longer in the first" test -L "$BY/$3/$2.json"
	check_equal "$1: no other name came or went" "$(names | grep -v "$2")" "$(grep -v "$2" names.txt)"
}

names >names.txt
thunar "$BY/draft" "$BY/sent" >thunar.log 2>&1 &
window '^sent'
xdotool windowsize --sync "$WINDOW" 620 800 windowmove "$WINDOW" 640 0
window '^draft'
xdotool windowsize --sync "$WINDOW" 620 800 windowmove "$WINDOW" 0 0
sleep 1
shot thunar-before
directus_mark
drag 246 168 1250 500 # the first icon, to the empty margin of the other window
sleep 1
shot thunar-after
moved "dragged in Thunar" INV-2026-0781 draft sent
directus_mark
keys ctrl+z
moved "undone in Thunar" INV-2026-0781 sent draft
shot thunar-undone
thunar --quit

pcmanfm -n "$BY/draft" >pcmanfm.log 2>&1 &
window '^draft'
xdotool type --delay 80 INV-2026-0785
keys Escape ctrl+x
pcmanfm -n "$BY/sent" >>pcmanfm.log 2>&1 &
window '^sent'
directus_mark
keys ctrl+v
moved "cut and pasted in PCManFM" INV-2026-0785 draft sent
shot pcmanfm

directus PATCH /items/invoices "$(cat drafts.json)" >reply.json
check_within 10 "a change in the tool moves it back" test -L "$BY/draft/INV-2026-0785.json"
check_lacks "nothing was refused" "$(ls -A "$M")" problems
