# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# A new file becomes a record after its grace time. Whoever renames another one over it at that very moment, or removes it, means
# what has that name: the moment is held open, just before the record is committed.
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

export SEAMFS_STEP_ARM=$PWD/arm SEAMFS_STEP_STALL=commit SEAMFS_STEP_LOG=$PWD/steps.txt
echo '{ "company": "Ripe", "state": "state", "tools": {} }' >stack.json
mkdir m
check "mounted" "$SEAMFS" mount -c stack.json m

temporary_files() {
	python3 -c 'import sqlite3
print(*(row[0] for row in sqlite3.connect("file:state/seamfs.db?mode=ro", uri=True).execute("SELECT name FROM scratch")))'
}

# at_once COMMAND... - runs it while a new file m/tasks/$T.json is just becoming a record
at_once() {
	echo '{"notes": "first"}' >"m/tasks/$T.json"
	echo '{"notes": "second"}' >m/tasks/second
	rm -f steps.txt
	touch arm
	wait_until 20 test -s steps.txt || say "it did not become a record"
	"$@" &
	sleep 0.3
	rm arm
	wait "$!"
}

T=Renamed
at_once mv m/tasks/second m/tasks/Renamed.json
check_equal "what was renamed over it is there" "$(jq -r .notes m/tasks/Renamed.json)" second
check_equal "and is no second file beside the record" "$(temporary_files)" ""
check_equal "it is listed once" "$(find m/tasks -maxdepth 1 -name 'Renamed*' -printf '%f\n')" Renamed.json

T=Removed
at_once rm m/tasks/Removed.json
check_equal "what was removed is gone" "$(find m/tasks -maxdepth 1 -name 'Removed*')" ""
check_equal "into the trash, as it was a record" "$(find m/.seam/trash/tasks -name 'Removed*' -printf '%f\n')" Removed.json
