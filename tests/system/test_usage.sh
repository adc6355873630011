# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# Verbs and options: help, version, and one sentence with exit code 2 for what is not known.
. "$SRC/tests/system/lib.sh"

verbs='mount unmount demo status sync tool check'

out=$("$SEAMFS" --help) code=$?
check_equal "--help: exit code" $code 0
for verb in $verbs; do
	check_contains "--help lists $verb" "$out" "seamfs $verb"
	out_verb=$("$SEAMFS" "$verb" --help 2>&1) code=$?
	check_equal "$verb --help: exit code" $code 0
	check_contains "$verb --help says how it is called" "$out_verb" "seamfs $verb"
	out_verb=$("$SEAMFS" "$verb" --version 2>&1) code=$?
	check_equal "$verb --version: exit code" $code 0
	check_contains "$verb --version" "$out_verb" "seamfs 0."
done
check_contains "--version" "$("$SEAMFS" --version)" "seamfs 0."

check_fails "an unknown verb" 2 '"frobnicate"' "$SEAMFS" frobnicate
check_fails "an unknown short option" 2 '-x' "$SEAMFS" mount -x m
check_fails "an unknown long option" 2 '--frobnicate' "$SEAMFS" status --frobnicate
check_fails "an unknown option before a known one" 2 'unknown option "-x' "$SEAMFS" mount -xf m
check_fails "an unknown option behind a known one" 2 'x"' "$SEAMFS" mount -fx m
check_fails "an unknown option behind an argument" 2 '--frobnicate' "$SEAMFS" unmount m --frobnicate
check_fails "an option without its argument" 2 '-c' "$SEAMFS" mount m -c
check_fails "an argument too few" 2 'mount' "$SEAMFS" mount
check_fails "an argument too many" 2 'unmount' "$SEAMFS" unmount a b
check_fails "an unknown word behind a verb" 2 'tool' "$SEAMFS" tool frobnicate
"$SEAMFS" >out.txt 2>err.txt
check_equal "no verb at all: exit code" $? 2
check_contains "no verb at all: the usage on standard error" "$(cat err.txt)" "seamfs mount"
check_equal "no verb at all: nothing on standard output" "$(cat out.txt)" ""
