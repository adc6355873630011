# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2012
# seamfs is killed while a thread of it tells the kernel of a folder that a client has locked, and that client waits for seamfs: the
# thread cannot die. The mount has to be as dead as after any other kill, for everybody, and can be mounted again. Both ways: through
# the kernel's control files, where they are mounted, and without them.
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

POLL=1h new_stack crm
CONTROL=/sys/fs/fuse/connections
export SEAMFS_STEP_ARM=$PWD/arm SEAMFS_STEP_STALL=mkdir

in_kernel() { grep -qs fuse_reverse_inval_entry "/proc/$DAEMON"/task/*/stack; }

# nothing_to_tell - the kernel has heard of everything: else the notifier is busy with that
nothing_to_tell() {
	python3 -c 'import glob, os, sqlite3, sys
sys.exit(any(sqlite3.connect(f).execute("SELECT count(*) FROM event").fetchone()[0]
             for f in glob.glob(os.environ["XDG_STATE_HOME"] + "/seamfs/*/*.db")))'
}

kill_in_notice() { # TEXT
	local text=$1
	rm -f arm
	mount_pulled
	check_within 30 "$text: nothing is left to tell" nothing_to_tell
	find m/clients -maxdepth 3 >/dev/null # else its helper waits in place of it, for the way to a view
	touch arm
	timeout -s KILL 60 mkdir "m/clients/Stalled $text" >mkdir.txt 2>&1 &
	check_within 10 "$text: the kernel is being told of the new folder, which its maker still holds" in_kernel
	kill -KILL "$DAEMON"
	check_within 5 "$text: its maker goes on" sh -c "! kill -0 $!"
	check_equal "$text: the mount is dead, as after any kill" "$(ls m 2>&1 >/dev/null | sed 's/.*: //')" "Transport endpoint is not connected"
	check_within 5 "$text: no process of it is left" sh -c "! pgrep -f '^$SEAMFS mount -c stack.json m'"
}

[ ! -d "$CONTROL" ] || umount "$CONTROL" 2>/dev/null
kill_in_notice "by force"
check "the control files can be mounted" mount -t fusectl fusectl "$CONTROL"
kill_in_notice "by control file"
umount "$CONTROL"
rm arm
mount_pulled
check "both folders are there: what was made before the kill is kept" test -d "m/clients/Stalled by force" -a -d "m/clients/Stalled by control file"
unmount
