# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Mount points that cannot be used, a second daemon, and a mount whose daemon was killed.
. "$SRC/tests/system/lib.sh"

new_stack crm drive
mkdir full other
touch full/x file

check_fails "a mount point that is not empty" 4 "not empty" "$SEAMFS" mount full
check_fails "a mount point that is missing" 4 "missing" "$SEAMFS" mount missing
check_fails "a mount point that is a file" 4 "not a folder" "$SEAMFS" mount file
check_fails "a mount point below a file" 4 "file/x" "$SEAMFS" mount file/x
check_equal "what was in the folder is still there" "$(ls full)" x

mount_pulled
check_fails "a mount point that is mounted already" 4 "mounted already" "$SEAMFS" mount m
check_equal "the first mount is alive" "$(find m/clients -name client.json | wc -l)" 500
check_fails "a second daemon on one state folder" 5 "state" "$SEAMFS" mount other
check_equal "nothing is mounted there" "$(ls -A other)" ""
check_equal "the first mount is alive still" "$(find m/clients -name client.json | wc -l)" 500
check_fails "unmount of what is no mount" 4 "other" "$SEAMFS" unmount other
check_fails "status of what is no mount" 1 "other" "$SEAMFS" status -m other
check_fails "sync of an unknown tool" 1 '"nobody"' "$SEAMFS" sync -m m nobody
check "status of the mount" "$SEAMFS" status -m m

exec 5<"m/clients/by/status"
check_fails "unmount while a program is in there" 4 "in use" "$SEAMFS" unmount m
exec 5<&-
check "unmount afterwards" "$SEAMFS" unmount m
check_fails "unmount once more" 4 "m" "$SEAMFS" unmount m

# ---- a dead mount

mount_pulled
kill_daemon
check_not "after kill -9 the mount is dead" ls m/clients
"$SEAMFS" mount m 2>err.txt
check_equal "mounted again, as if nothing had happened: exit code" $? 0
check_equal "the records are there at once" "$(find m/clients -name client.json | wc -l)" 500
DAEMON=$(status_json .pid)
check_equal "there is one mount, not two" "$(grep -c " $M fuse" /proc/mounts)" 1

kill_daemon
check "a dead mount can be unmounted" "$SEAMFS" unmount m
check_equal "it is a plain folder again" "$(ls -A m)" ""

mount_pulled
kill_daemon
"$SEAMFS" mount -c stack.json "$PWD/./m/" 2>err.txt
check_equal "a dead mount, named another way: exit code" $? 0
check_equal "the records are there" "$(find m/clients -name client.json | wc -l)" 500
DAEMON=$(status_json .pid)

[ -n "$DAEMON" ] || { umount -l m && mount_pulled; }

# ---- signals

kill -TERM "$DAEMON"
check_within 5 "SIGTERM ends the daemon and the mount" sh -c "! grep -q ' $M fuse' /proc/mounts && ! kill -0 $DAEMON"
check_equal "SIGTERM leaves a plain folder" "$(ls -A m)" ""

# ---- in the foreground

"$SEAMFS" mount -f m >fore.log 2>&1 &
DAEMON=$!
check_within 10 "-f: mounted" test -f m/.seam/status
check_within 10 "-f: the records are there" test -e m/clients/by/status/active
check "-f: the process that was started is the daemon" kill -0 $DAEMON
unmount
wait $DAEMON
check_equal "-f: exit code after unmount" $? 0
