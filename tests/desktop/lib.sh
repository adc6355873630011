# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# What the desktop tests share, beside what the system tests do: a display, windows, keys.
. "$SRC/tests/system/lib.sh"

# desktop - a display of its own with a window manager and a bus; the runner ends them
desktop() {
	export DISPLAY DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR=$PWD/run NO_AT_BRIDGE=1 GTK_THEME=Adwaita SAL_USE_VCLPLUGIN=gen
	unset XDG_CONFIG_HOME XDG_STATE_HOME
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	Xvfb -displayfd 5 -screen 0 1280x900x24 -nolisten tcp 5>display.txt >xvfb.log 2>&1 &
	wait_until 20 test -s display.txt || bail "a display"
	DISPLAY=:$(cat display.txt)
	DBUS_SESSION_BUS_ADDRESS=$(dbus-daemon --session --fork --print-address) || bail "a bus"
	openbox >openbox.log 2>&1 &
	wait_until 20 xprop -root -f _NET_SUPPORTING_WM_CHECK 32x _NET_SUPPORTING_WM_CHECK || bail "a window manager"
	wait_until 20 eval 'xprop -root _NET_SUPPORTING_WM_CHECK | grep -q "window id"' || bail "a window manager"
}

# window NAME - waits for a window whose title matches and gives it the keys; its number is in WINDOW
window() {
	wait_until 40 window_number "$1" || { shot "no window"; bail "a window \"$1\" appears"; }
	WINDOW=$(window_number "$1")
	sleep 1 # it is shown before it listens
	xdotool windowactivate --sync "$WINDOW"
}

window_number() { xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1 | grep .; }

keys() { # KEY... - one after the other, as slowly as a person
	local key
	for key in "$@"; do
		xdotool key --clearmodifiers "$key"
		sleep 0.4
	done
}

clipboard() { xclip -selection clipboard -i >/dev/null 2>&1; } # takes what it is to hold from its standard input

# drag X Y TO_X TO_Y
drag() {
	local i
	xdotool mousemove "$1" "$2" sleep 0.4 mousedown 1 sleep 0.2
	for i in 1 2 3 5 10 20 40 60 80 95 98 99 100; do
		xdotool mousemove $(($1 + ($3 - $1) * i / 100)) $(($2 + ($4 - $2) * i / 100)) sleep 0.1
	done
	xdotool sleep 0.5 mouseup 1
}

shot() { import -window root "$SEAMFS_TEST_SHOTS/$1.png" 2>/dev/null; } # NAME

id() { printf 'a1000000-0000-4000-8000-%012d' "$((10#${1#INV-2026-}))"; } # of an invoice in Directus

# one_update TEXT NUMBER FIELD VALUE - since directus_mark, nothing else was done in Directus than this
one_update() {
	check_within 5 "$1: Directus has it" prints "$4" directus_field invoices number "$2" "$3"
	sleep 3 # what is still on its way
	check_equal "$1: Directus did one update, of that field" "$(directus_did)" "$(id "$2") update invoices $3"
	check_equal "$1: Directus was asked for nothing else" "$(directus_asked)" "PATCH /items/invoices/$(id "$2") 200"
}
