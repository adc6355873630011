# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2119,SC2317
# needs: rig
# seconds: 900
# kill -9 at every lasting step: before and after each commit, each request, each replacement of a file (base/fault.h). Each time
# a scenario is run with a daemon that ends itself at its N-th step; mounted again, everything has to be as if nothing had
# happened: the same records on every side, and each write executed once, by what Directus itself wrote down.
#
#   SEAMFS_STEPS="client sheet"  every step of these scenarios, all: of all of them; without it every step of create and update,
#                                and some of each of the others
#   SEAMFS_STEPS_SEED=N          which ones
# The program has to be built with -Dc_args=-DSEAMFS_FAULTS.
. "$SRC/tests/system/lib.sh"

SEED=${SEAMFS_STEPS_SEED:-$RANDOM}
SOME=3 # steps of a scenario that is not run whole
PENA="m/clients/Peña Blanca Media AG/client.json"
PENA_ID=c1000000-0000-4000-8000-000000000003
FIRST=INV-2026-0004
OTHER_INVOICE=INV-2026-0003
say "SEAMFS_STEPS_SEED=$SEED"
RANDOM=$SEED

export SEAMFS_STEP_ARM=$PWD/arm SEAMFS_STEP_LOG=$PWD/steps.txt
# shellcheck disable=SC2034 # for new_stack
POLL=1h
new_stack crm billing
sed -i 's/"poll"/"grace": "1s", "poll"/' stack.json

# ---- the scenarios. T is a text of this run's own, which every value that it writes has. begin_X happens before steps count; act_X
# is what a person does, and is done again when he was told that it failed; done_X tells that it has arrived; state_X prints the end.

invoice() { # NUMBER
	echo "{\"number\": \"$1\", \"client\": \"Tamarind Marine B.V\", \"status\": \"draft\", \"issue_date\": \"2026-11-23\", \"currency\": \"EUR\", \"lines\": [{\"description\": \"Step\", \"quantity\": 1, \"unit_price\": 10.00, \"tax_rate\": 0}]}"
}

# A new invoice, in the tool that owns it.
begin_create() { invoice "$T" >new.json; }
act_create() { cp new.json "m/invoices/$T.json" && sync "m/invoices/$T.json"; }
done_create() { prints synced state_of "m/invoices/$T.json"; }
state_create() {
	jq -c . "m/invoices/$T.json"
	find m/invoices -maxdepth 1 -name "$T*" -printf '%f\n'
	directus GET "/items/invoices?fields=number,status,total,client.name,lines&filter[number][_eq]=$T" | jq -c .data
}

# A field of it.
begin_update() { jq --arg t "$T" '.notes = $t' "m/invoices/$FIRST.json" >new.json; }
act_update() { cp new.json "m/invoices/$FIRST.json"; }
done_update() { prints "$T" directus_field invoices number "$FIRST" notes; }
state_update() {
	jq -c . "m/invoices/$FIRST.json"
	state_of "m/invoices/$FIRST.json"
	directus GET "/items/invoices?fields=number,total,notes&filter[number][_eq]=$FIRST" | jq -c .data
}

# An invoice that is removed: its tool is told after the grace time.
begin_remove() {
	begin_create
	act_create
	wait_until 20 done_create
}
act_remove() { [ ! -e "m/invoices/$T.json" ] || rm "m/invoices/$T.json"; }
done_remove() { prints 0 directus_count invoices number "$T"; }
state_remove() {
	find m/invoices m/.seam/trash/invoices -maxdepth 1 -name "$T*" -printf '%P\n'
	directus_count invoices number "$T"
}

# A client in the sheet that owns it and in Directus, which has a copy.
sheet() { tr -d '\r' <clients.csv | sed "s/$T/T/g" | sha256sum; }
pena() {
	jq -c . "$PENA"
	state_of "$PENA"
	directus GET "/items/clients/$PENA_ID" | jq -c '.data | del(.date_updated)'
	sheet
}
pena_has() { [ "$(directus_field clients id "$PENA_ID" "$1")$(cell clients.csv C-00003 "$2")" = "$T$T" ]; }

begin_handover() { jq --arg t "$T" '.phone = $t' "$PENA" >new.json; }
act_handover() { cp new.json "$PENA"; }
done_handover() { pena_has phone Phone; }
state_handover() { pena; }

# A new client: a row in the sheet, whose numbers say nothing of our key, and its copy.
begin_client() { :; }
act_client() { [ -d "m/clients/$T" ] || mkdir "m/clients/$T"; }
done_client() { [ "$(grep -c ",$T," clients.csv) $(directus_count clients name "$T")" = "1 1" ]; }
state_client() {
	jq -c . "m/clients/$T/client.json"
	find m/clients -maxdepth 1 -name "$T*" -printf '%f\n'
	grep "$T" clients.csv | cut -d, -f 2- | tr -d '\r'
	directus GET "/items/clients?fields=name,status&filter[name][_eq]=$T" | jq -c .data
	cut -d, -f 1 clients.csv | sort | uniq -d
}

# Somebody else changes two things in Directus; of one of them the sheet is the owner.
begin_pull() {
	directus PATCH "/items/clients/$PENA_ID" "{\"street\": \"$T\"}" >/dev/null
	directus PATCH "/items/invoices/$OTHER_ID" "{\"notes\": \"$T\"}" >/dev/null
}
act_pull() { timeout 20 "$SEAMFS" sync -m m billing; }
done_pull() { pena_has street Street && prints "$T" jq -r .notes "m/invoices/$OTHER_INVOICE.json"; }
state_pull() {
	pena
	jq -c . "m/invoices/$OTHER_INVOICE.json"
}

# Somebody else changes the sheet.
begin_sheet() { OLD=$(cell clients.csv C-00003 City); }
act_sheet() { sed -i "/^C-00003,/s/,$OLD,/,$T,/" clients.csv; }
done_sheet() { pena_has city City; }
state_sheet() { pena; }

# A new task, which Redmine makes in two requests: whatever status it is given, it begins as "New", and is then changed.
begin_task() { echo "{\"title\": \"$T\", \"status\": \"in progress\", \"notes\": \"n\"}" >new.json; }
act_task() { cp new.json "$PROJECT/tasks/$T.json" && sync "$PROJECT/tasks/$T.json"; }
done_task() { prints synced state_of "$PROJECT/tasks/$T.json"; }
state_task() {
	local id
	jq -c . "$PROJECT/tasks/$T.json"
	find m/projects m/tasks -type f -name "$T*" -printf '%f\n'
	for id in $(redmine GET "/issues.json?status_id=*&subject=$T" | jq '.issues[].id'); do
		redmine GET "/issues/$id.json?include=journals" |
			jq -c '.issue | [.project.name, .subject, .status.name, .description, [.journals[].details[].name]]'
	done
}

# ---- one run

dead() { ! kill -0 "$DAEMON" 2>/dev/null || [ "$(awk '{print $3}' "/proc/$DAEMON/stat" 2>/dev/null)" = Z ]; }

# ended SCENARIO - waits until the daemon is dead (0), or nothing happens any more (1)
ended() {
	local before=-1 now calm=0 end=$((SECONDS + 20))
	until dead; do
		now=$(wc -l <steps.txt)
		[ "$now" = "$before" ] && calm=$((calm + 1)) || calm=0
		before=$now
		if [ $calm -gt 7 ] && { [ $SECONDS -ge $end ] || settled "$1"; }; then return 1; fi
		sleep 0.05
	done
}

settled() { idle && "done_$1"; }

start() { # N - a daemon that will die at step N, once it is armed; 0: it will not
	export SEAMFS_STEP_KILL=$1
	mount_up 2>>mount.txt
}

begin() { # N - the same for a daemon that is there, and when the new one has read everything
	unmount
	start "$1"
	pull
}

RUNS=0
# run SCENARIO NEXT - with the daemon that is there; sets KILLED, WHERE and END. After a death the next one gets NEXT.
run() {
	local told
	RUNS=$((RUNS + 1)) T=$1-$RUNS-t
	"begin_$1"
	directus_mark
	: >steps.txt
	touch arm
	"act_$1" 2>>act.txt
	told=$?
	ended "$1"
	KILLED=$?
	rm arm
	dead && KILLED=0 # at the last moment
	WHERE=$(tail -n 1 steps.txt)
	if [ $KILLED = 0 ]; then
		[ ! "${MEANWHILE-}" ] || rig stop redmine
		start "$2"
		if [ "${MEANWHILE-}" ]; then
			wait_until 10 prints failing status_json '.tools[0].state'
			sleep 2 # more than one look for it fails
			rig start redmine
		fi
		# What nobody was told is saved may be lost: he does it again.
		[ $told = 0 ] || "act_$1" 2>>act.txt
	fi
	wait_until 40 settled "$1"
	pull # a listing must not find a second one
	wait_until 20 idle
	END=$("state_$1" 2>&1; directus_did | cut -d ' ' -f 2-; ls m/problems 2>&1)
	END=${END//$T/T}
}

# every SCENARIO - at each step, until it gets to its end; or at some
every() {
	local steps n next whole=
	begin 0
	run "$1" 0
	WANT=$END steps=$(wc -l <steps.txt)
	say "$1: $steps steps: $(cut -d ' ' -f 2 steps.txt | paste -sd ' ')"
	show "$1" "$WANT"
	[ "$steps" -gt 2 ] || bail "there are steps; is the program built with -Dc_args=-DSEAMFS_FAULTS?"
	[[ " ${SEAMFS_STEPS:-create update} " = *" $1 "* ]] && whole=1
	n=$([ $whole ] && echo 1 || echo $((1 + RANDOM % steps)))
	begin "$n"
	for ((i = 1; whole || i <= SOME; i++)); do
		next=$([ $whole ] && echo $((n + 1)) || echo $((1 + RANDOM % steps)))
		run "$1" "$next"
		check_equal "$1, $([ $KILLED = 0 ] && echo "killed at step ${WHERE/ /: }" || echo "not killed, $n")" "$END" "$WANT"
		[ $KILLED = 0 ] || [ ! $whole ] || break
		[ $KILLED = 0 ] || begin "$next"
		n=$next
	done
}

start 0
wait_until 60 all_pulled || bail "every tool is read: $(cat m/.seam/status)"
wait_until 30 idle
OTHER_ID=$(directus_field invoices number $OTHER_INVOICE id)
ALL='create update remove handover client pull sheet task'
[ "${SEAMFS_STEPS-}" != all ] || SEAMFS_STEPS=$ALL
for scenario in ${SEAMFS_STEPS:-$ALL}; do
	before=$SECONDS
	if [ "$scenario" = task ]; then
		unmount
		rm -rf state
		new_stack board
		start 0
		wait_until 60 all_pulled || bail "every tool is read: $(cat m/.seam/status)"
		PROJECT=$(find m/projects -mindepth 1 -maxdepth 1 -type d | LC_ALL=C sort | head -n 1)
	fi
	every "$scenario"
	say "$scenario: $((SECONDS - before)) s"
done

# Made, killed, and out of reach when it is looked for: that says nothing about whether it was made.
if [ "$scenario" = task ]; then
	begin PUT
	MEANWHILE=down
	run task 0
	check_equal "task, killed at step ${WHERE/ /: }, and Redmine is down afterwards" "$END" "$WANT"
fi
