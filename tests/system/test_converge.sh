# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 160
# Random edits of the same clients in three sheets and in the tree at once, with faults, until all sides are equal and no edit is lost: 50
# seeds, or as many as there is time for. The long one is tests/random/converge --seeds 1000, half an hour.
. "$SRC/tests/system/lib.sh"

OUT=$(TMPDIR=$PWD python3 "$SRC/tests/random/converge" --seeds 50 --seconds 100 2>&1)
LAST=$(tail -n 1 <<<"$OUT")
DONE=$(sed -n 's/^\([0-9]*\) seeds from .*/\1/p' <<<"$LAST")
say "$LAST"
check_contains "all sides are equal, nothing is lost or doubled" "$LAST" "lost 0, doubled 0"
[ -n "$DONE" ] || tail -n 60 <<<"$OUT"
check "${DONE:-0} seeds of 50 were done, at least 25" [ "${DONE:-0}" -ge 25 ]
