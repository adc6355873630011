# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# needs: rig
# seconds: 300
# LibreOffice Calc edits spreadsheets among the documents, and leaves nothing beside them. Its converter writes into a
# collection, where the result is local.
. "$SRC/tests/desktop/lib.sh"

mkdir -p drive/Sheets
printf 'item,cost\npaper,12\n' >drive/Sheets/costs.csv
POLL=2s new_stack crm billing drive
mount_pulled
directus_mark
DOCS=$M/documents/Sheets
office() { soffice "-env:UserInstallation=file://$PWD/office" --norestore --nologo "$@" >>office.log 2>&1; }
cells() { unzip -p "$1" content.xml | grep -oE '<text:p>[^<]*' | sed 's/.*>//' | xargs; } # of an .ods file

# nothing_beside TEXT NAME... - these are the names, on the mount and in the tool
nothing_beside() {
	local text=$1
	shift
	check_within 10 "$text: nothing else is on the mount" prints "$(printf '%s\n' "$@")" ls -A "$DOCS"
	check_within 10 "$text: nothing else is in the tool's folder" prints "$(printf '%s\n' "$@")" ls -A drive/Sheets
}

check "convert among the documents" office --headless --convert-to ods --outdir "$DOCS" "$DOCS/costs.csv"
check_within 5 "convert among the documents: the tool has it" prints 'item cost paper 12' cells drive/Sheets/costs.ods
nothing_beside "convert among the documents" costs.csv costs.ods

ls -A "$M/invoices" >before.txt
check "convert into a collection" office --headless --convert-to ods --outdir "$M/invoices" "$DOCS/costs.csv"
check_equal "convert into a collection: the file" "$(cells "$M/invoices/costs.ods")" 'item cost paper 12'
check_equal "convert into a collection: nothing else is there" "$(ls -A "$M/invoices" | diff before.txt - | sed -n 's/^[<>] //p')" costs.ods

desktop
# types FILE TEXT - opens it, writes TEXT into its first cell, saves and closes
types() {
	office --calc "$1" &
	local pid=$!
	case $1 in *.csv) window '^Text Import' && keys Return ;; esac
	window "^${1##*/} .*Calc"
	sleep 2
	check "Calc, ${1##*/}: its lock is where a colleague's program looks for it" test -e "drive/Sheets/.~lock.${1##*/}#"
	keys ctrl+Home
	xdotool type --delay 60 "$2"
	keys Return ctrl+s
	case $1 in *.csv) keys Return ;; esac # "Use Text CSV Format!"
	sleep 3
	shot "calc-${1##*.}"
	keys ctrl+q
	check_within 15 "Calc, ${1##*/}: it has nothing more to save and ends" eval "! kill -0 $pid"
	if kill -0 $pid 2>/dev/null; then kill_office; fi
}
kill_office() { # soffice starts the program that has the window
	local pid
	pid=$(xdotool getwindowpid "$WINDOW") && kill "$pid"
}

types "$DOCS/costs.ods" 'by hand'
check_within 5 "Calc, costs.ods: the tool has it" prints 'by hand cost paper 12' cells drive/Sheets/costs.ods
check_equal "Calc, costs.ods: the mount has it" "$(cells "$DOCS/costs.ods")" 'by hand cost paper 12'
nothing_beside "Calc, costs.ods" costs.csv costs.ods
types "$DOCS/costs.csv" 'by hand'
check_within 5 "Calc, costs.csv: the tool has it" prints $'by hand,cost\npaper,12' cat drive/Sheets/costs.csv
nothing_beside "Calc, costs.csv" costs.csv costs.ods

check_equal "nothing was done in Directus" "$(directus_did)" ''
check_equal "nothing was asked of Directus" "$(directus_asked)" ''
check_lacks "nothing was refused" "$(ls -A "$M")" problems
