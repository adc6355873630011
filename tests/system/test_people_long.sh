# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091,SC2119
# slow
# seconds: 180
# People on a real Radicale when something goes wrong: answers that get lost, a UID that is taken, a server that forgets what it has
# told; and vdirsyncer, which edits the same address book at the same time: all three end with the same.
. "$SRC/tests/system/lib.sh"
# shellcheck source-path=SCRIPTDIR/../.. source=tests/system/people.sh
. "$SRC/tests/system/people.sh"
radicale_up

COUNT=30
for ((i = 1; i <= COUNT; i++)); do
	printf 'BEGIN:VCARD\nVERSION:3.0\nUID:u-%d\nFN:Person %d\nN:%d;Person;;;\nTEL:+49 %d\nEMAIL:p%d@x.example\nX-KEPT:%d\nEND:VCARD\n' \
		$i $i $i $i $i $i | put "contacts/u$i.vcf" text/vcard >/dev/null
done
people_stack
mount_pulled
check_equal "all are here" "$(find m/contacts -type f -name 'Person *.json' | wc -l)" $COUNT

# ---- answers that get lost

faults '[{"method": "PUT", "count": 1, "fault": "lost"}]'
echo '{"name": "Lost Answer"}' >"m/contacts/Lost Answer.json"
check_within 15 "an answer that got lost: the card is there" found FN:Lost\ Answer '*.vcf'
check_within 20 "and known" prints synced state_of "m/contacts/Lost Answer.json"
check_equal "once" "$(found FN:Lost\ Answer '*.vcf' | wc -l)" 1
faults '[{"method": "PUT", "count": 1, "fault": "lost"}, {"method": "GET", "count": 3, "fault": "reset"}]'
echo 1@x.example >"m/contacts/Person 1.d/email"
check_within 20 "a lost answer to a change" has card u1.vcf "EMAIL:1@x.example"
check_within 30 "and known" prints synced state_of "m/contacts/Person 1.json"
faults '[]'

# ---- what we told ourselves is all the server has, and it forgets that

rm -rf radicale/col/collection-root/alice/contacts/.Radicale.cache/sync-token/*
dav -o /dev/null -X DELETE "$DAV/alice/contacts/u2.vcf"
card u3.vcf | sed 's/+49 3/+49 33/' | put contacts/u3.vcf text/vcard >/dev/null
check_within 20 "the server has forgotten our token: what changed is found" prints "+49 33" jq -r .phone "m/contacts/Person 3.json"
check_within 20 "and what is gone" test ! -e "m/contacts/Person 2.json"
check_equal "and nothing else is" "$(find m/contacts -type f -name 'Person *.json' | wc -l)" $((COUNT - 1))

# ---- vdirsyncer at the same time

cat >vdirsyncer.conf <<-END
	[general]
	status_path = "$PWD/vstatus"
	[pair people]
	a = "local"
	b = "remote"
	collections = ["contacts"]
	conflict_resolution = "b wins"
	[storage local]
	type = "filesystem"
	path = "$PWD/vdir"
	fileext = ".vcf"
	[storage remote]
	type = "carddav"
	url = "$DAV/"
	username = "alice"
	password = "rigpass123"
END
vdirsync() { vdirsyncer -c vdirsyncer.conf sync >>vdirsyncer.log 2>&1; }
mkdir vdir
check "vdirsyncer finds the address book" sh -c 'yes | vdirsyncer -c vdirsyncer.conf discover >vdirsyncer.log 2>&1'
check "and reads it" vdirsync
check_equal "whole" "$(find vdir -name '*.vcf' | wc -l)" "$(dav -X PROPFIND -H 'Depth: 1' "$DAV/alice/contacts/" | grep -o '<href>[^<]*vcf' | wc -l)"

local_card() { grep -lx "FN:$1.*" vdir/contacts/*.vcf; } # NAME
for round in 1 2 3; do
	# Some people on one side, some on the other, some on both (of these vdirsyncer takes the server's whole card), while both send.
	for ((i = 4; i <= 12; i++)); do
		sed -i "s/^TEL:.*/TEL:+1 $round $i\r/" "$(local_card "Person $i")"
		echo "r$round.$((i + 4))@x.example" >"m/contacts/Person $((i + 4)).d/email"
	done &
	vdirsync
	wait $!
	vdirsync
done
rm "$(local_card "Person 20")"
sed "s/u-21/v-1/; s/Person 21/From Vdirsyncer/" "$(local_card "Person 21")" >vdir/contacts/new.vcf
rm "m/contacts/Person 22.json"
sleep 4
vdirsync
wait_until 30 idle
sleep 2
vdirsync

same() { # on the server, in the tree and in vdirsyncer's folder: NAME PHONE EMAIL of each
	python3 - "$DAV" <<-'END'
		import base64, glob, json, re, sys, urllib.request
		def cards(texts):
		    out = set()
		    for t in texts:
		        t = re.sub(r"\r?\n[ \t]", "", t)
		        one = lambda n: (re.search(rf"^{n}(?:;[^:]*)?:(.*?)\r?$", t, re.M) or [None, ""])[1]
		        out.add((one("FN"), one("TEL"), one("EMAIL")))
		    return out
		server = cards(open(f, newline="").read() for f in glob.glob("radicale/col/collection-root/alice/contacts/*.vcf"))
		local = cards(open(f, newline="").read() for f in glob.glob("vdir/contacts/*.vcf"))
		tree = {(d["name"], d.get("phone") or "", d.get("email") or "") for d in (json.load(open(f)) for f in glob.glob("m/contacts/*.json"))}
		for a, b in (("server", server - tree), ("tree", tree - server), ("vdirsyncer", local ^ server)):
		    if b:
		        print(a, sorted(b)[:5])
	END
}
check_within 20 "server, tree and vdirsyncer have the same in the end" prints "" same
check_equal "that is" "$(same)" ""
mail_of() { jq -r '.phone + " " + .email' "m/contacts/Person $1.json"; }
check_equal "with what vdirsyncer wrote" "$(mail_of 5)" "+1 3 5 p5@x.example"
check_equal "and what was written here" "$(mail_of 15)" "+49 15 r3.15@x.example"
check_equal "also where both did" "$(jq -r .email "m/contacts/Person 10.json")" r3.10@x.example
check_equal "no card has lost what seamfs does not know" "$(grep -l '^X-KEPT:' radicale/col/collection-root/alice/contacts/*.vcf | wc -l)" \
	"$(($(find radicale/col/collection-root/alice/contacts -maxdepth 1 -name '*.vcf' | wc -l) - 1))"
check "what vdirsyncer made is here" test -f "m/contacts/From Vdirsyncer.json"
check "what it removed is not" test ! -e "m/contacts/Person 20.json"
check_equal "what was removed here is gone there" "$(found FN:Person\ 22 '*.vcf')" ""
check_equal "nothing is wrong" "$(status_json '[.tools[].state] | unique | join(" ")') $(find m/problems -type f 2>/dev/null | wc -l)" "ok 0"
