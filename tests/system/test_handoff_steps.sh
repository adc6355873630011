# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# kill -9 at each lasting step of a hand-off: mounted again, it has made one invoice, one file, and its programs have run once.
#
#   SEAMFS_STEPS=all      every step; without it some of them
#   SEAMFS_STEPS_SEED=N   which ones
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

SEED=${SEAMFS_STEPS_SEED:-$RANDOM}
say "SEAMFS_STEPS_SEED=$SEED"
RANDOM=$SEED
export SEAMFS_STEP_ARM=$PWD/arm SEAMFS_STEP_LOG=$PWD/steps.txt

mkdir drive
printf 'id,title,stage,amount,currency\n' >deals.csv
for i in {1..60}; do echo "$i,D-$i,lead,$i.50,EUR"; done >>deals.csv
printf 'id,number,status,issue_date,due_date,net,tax,total,currency,notes\n' >invoices.csv
cat >stack.json <<'END'
{
  "currency": "EUR", "state": "state", "poll": "1h", "grace": "1s",
  "tools": {
    "crm": {"connector": "csv", "types": {"deal": {"file": "deals.csv"}}},
    "billing": {"connector": "csv", "types": {"invoice": {"file": "invoices.csv"}}},
    "drive": {"connector": "folder", "path": "drive"}
  },
  "owners": {"deal": "crm", "invoice": "billing", "document": "drive"},
  "handoffs": {
    "won": {"on": "deal", "when": {"stage": "won"}, "do": [
      {"create": "invoice", "as": "invoice", "set": {"number": "{next('R-', 4)}", "notes": "{title}",
        "lines": [{"description": "{title}", "unit_price": "{amount}"}]}},
      {"write": "Notes/{title}.txt", "text": "{invoice.number} {invoice.total}\n"},
      {"run": ["sh", "-c", "echo $SEAMFS_KEY >>{title}.once; echo '{{}}'"], "then": [{"update": "invoice", "set": {"notes": "{title} once"}}]},
      {"run": ["sh", "-c", "echo $SEAMFS_KEY >>{title}.again"], "again": true}]},
    "lost": {"on": "deal", "when": {"stage": "lost"}, "do": [
      {"run": ["sh", "-c", "echo >>{title}.long; [ $(wc -l <{title}.long) = 2 ] || sleep 20"], "again": true}]}
  }
}
END

dead() { ! kill -0 "$DAEMON" 2>/dev/null || [ "$(awk '{print $3}' "/proc/$DAEMON/stat" 2>/dev/null)" = Z ]; }
log_of() { cat m/.seam/log/*" won $1.log"; }
over() { grep -Eq '^# [^,]*, (done|failed)' <<<"$(log_of "$1")"; }
dead_or_over() { dead || { over "$1" && idle; }; }

start() { # N
	export SEAMFS_STEP_KILL=$1
	mount_up 2>>mount.txt
	wait_until 20 all_pulled || bail "the sheets are read"
}

# end DEAL - what there is of it, in one line
end() {
	local once=0
	[ ! -f "$1.once" ] || once=$(wc -l <"$1.once")
	echo "$(grep -c "R-[0-9]*,.*,$1 once\$" invoices.csv) $(grep -c "R-[0-9]*,.*,$1" invoices.csv) $(grep -cE '^R-[0-9]{4} [0-9]+\.50$' "drive/Notes/$1.txt") $once $(sort -u "$1.again" | wc -l)"
}

# one STEP DEAL - sets WHERE, "" when it was not killed, and END
one() {
	start "$1"
	: >steps.txt
	touch arm
	echo won >"m/deals/$2.d/stage" 2>>act.txt
	wait_until 20 dead_or_over "$2" || bail "deal $2 is over: $(log_of "$2")"
	rm arm
	WHERE=
	if dead; then
		WHERE=$(tail -n 1 steps.txt)
		start 0
		[ "$(jq -r .stage "m/deals/$2.json")" = won ] || echo won >"m/deals/$2.d/stage"
		wait_until 20 over "$2" || bail "deal $2, killed at $WHERE, is over: $(log_of "$2")"
		# Of a program that may have run a person is asked.
		if log_of "$2" | grep -q 'whether that did its work is unknown'; then
			WHERE+=', and asked'
			[ -f "$2.once" ] || echo none >>unknown.txt
			rm -f "$2.once"
			"$SEAMFS" handoff replay won "m/deals/$2.json" || bail "replay"
			wait_until 20 over "$2"
		fi
		wait_until 20 idle
	fi
	END=$(end "$2")
	unmount
}

one 0 D-1
check_equal "a hand-off that nobody disturbs" "$END" "1 1 1 1 1"
STEPS=$(wc -l <steps.txt)
[ "$STEPS" -gt 5 ] || bail "there are steps; is the program built with -Dc_args=-DSEAMFS_FAULTS?"
say "$STEPS steps: $(cut -d' ' -f2 steps.txt | sort | uniq -c | xargs)"
if [ "${SEAMFS_STEPS-}" = all ]; then
	mapfile -t CHOSEN < <(seq 1 "$STEPS")
else
	CHOSEN=("$((1 + RANDOM % STEPS))" "$(awk '$2 == "step" {print $1}' steps.txt | shuf -n 1 --random-source=<(yes "$SEED"))" "$((1 + RANDOM % STEPS))")
fi
deal=2
for n in "${CHOSEN[@]}"; do
	one "$n" "D-$deal"
	check_equal "killed at step $n: ${WHERE:-no more}" "$END" "1 1 1 1 1"
	deal=$((deal + 1))
done

# ---- the mount ends while a program runs that may run again
start 0
echo lost >m/deals/D-60.d/stage
wait_until 10 test -s D-60.long
unmount
start 0
check_within 10 "what was ended with the mount is run again" sh -c "grep -q '^# [^,]*, done' m/.seam/log/*' lost D-60.log'"
check_equal "once" "$(wc -l <D-60.long)" 2
unmount
