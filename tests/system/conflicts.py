#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same client changed on two sides at once. Prints a line "0 TEXT" (well) or "1 TEXT: WHAT WAS SEEN" for each check; see test_conflicts.sh."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "random"))
from sides import Mount, Sheet, until  # noqa: E402

# A client is two letters, its city and its street: V before, O as we change it, T as the tool changes it; "-": it is not there.
# "disjoint": the tool changes the street, we the city. "same": the tool makes the very change that we make.
# What else: conflict; trash: it is there once; note: problems/ says what has happened; lost X: this value is not in the record any more
# and stands in its history. Each line is done twice: while both sheets are open in an office program, so that saves wait, and
# while both sheets are away.
TABLE = [
    # ours      theirs      where     tree  owner copy  what else
    ("none",     "change",   "owner", "TV", "TV", "TV", ""),
    ("none",     "change",   "copy",  "TV", "TV", "TV", ""),
    ("none",     "delete",   "owner", "-",  "-",  "-",  "trash"),
    ("none",     "delete",   "copy",  "VV", "VV", "-",  ""),
    ("change",   "none",     "owner", "OV", "OV", "OV", ""),
    ("change",   "change",   "owner", "OV", "TV", "VV", "conflict"),
    ("change",   "change",   "copy",  "OV", "VV", "TV", "conflict"),
    ("change",   "same",     "owner", "OV", "OV", "OV", ""),
    ("change",   "same",     "copy",  "OV", "OV", "OV", ""),
    ("change",   "disjoint", "owner", "OT", "OT", "OT", ""),
    ("change",   "disjoint", "copy",  "OT", "OT", "OT", ""),
    ("change",   "delete",   "owner", "-",  "-",  "-",  "trash note"),
    ("change",   "delete",   "copy",  "OV", "OV", "-",  ""),
    ("delete",   "none",     "owner", "-",  "-",  "-",  "trash"),
    ("delete",   "change",   "owner", "TV", "TV", "TV", "note"),
    ("delete",   "change",   "copy",  "-",  "-",  "-",  "trash lost T"),
    ("delete",   "disjoint", "owner", "VT", "VT", "VT", "note"),
    ("delete",   "disjoint", "copy",  "-",  "-",  "-",  "trash lost T"),
    ("delete",   "delete",   "owner", "-",  "-",  "-",  "trash"),
    ("delete",   "delete",   "copy",  "-",  "-",  "-",  "trash"),
]
# What is another thing where the stack says that the owner settles conflicts.
OWNER_SETTLES = {
    ("change", "change", "owner"): ("TV", "TV", "TV", "lost O"),
    ("change", "change", "copy"):  ("OV", "OV", "OV", "lost T"),
}


def result(text, why=""):
    print("1 " + f"{text}: {why}".replace("\n", " / ") if why else f"0 {text}", flush=True)


def check(text, got, want):
    result(text, "" if got == want else f"{got!r}, wanted {want!r}")


class Stack:
    """crm owns the clients, the others hold copies."""

    def __init__(self, work, rules, conflicts, names, **more):
        self.work = pathlib.Path(work)
        self.work.mkdir()
        self.sheets = {t: Sheet(work, t) for t in ("crm", *rules)}
        for sheet in self.sheets.values():
            sheet.make([{"name": n, "email": f"c{i}@sides.example", "city": "V", "street": "V", **more} for i, n in enumerate(names)])
        self.mount = Mount(work, "crm", rules, conflicts)

    def __enter__(self):
        self.mount.up()
        self.mount.quiet()
        return self

    def __exit__(self, *_):
        self.mount.down()

    def cut_off(self, how):
        for sheet in self.sheets.values():
            sheet.lock() if how == "open" else sheet.go_away()

    def back(self, contested=()):
        """The copies first: what is in conflict with one of them must not be on its way to the owner before that is seen."""
        for tool, sheet in reversed(self.sheets.items()):
            if tool == "crm":
                until(10, lambda: ", ".join(n for n in contested if self.mount.state(n) != "conflict"))
            sheet.unlock()
            sheet.come_back()
        self.mount.quiet()

    def contest(self, names, ours="O", tool="crm", theirs="T", asking=("billing", "desk")):
        """Both sides change the city."""
        self.cut_off("open")
        for name in names:
            self.mount.save(name, city=ours)
            self.sheets[tool].set(name, city=theirs)
        self.back(names if tool in asking else ())

    def everywhere(self, name, field="city"):
        """The value in the tree and in each tool, one letter each when they are all alike."""
        values = [(self.mount.doc(name) or {}).get(field, "-"), *(s.docs().get(name, {}).get(field, "-") for s in self.sheets.values())]
        return values[0] if len(set(values)) == 1 else " ".join(values)

    def overruled(self, name, value):
        """Why the history says that the city was this value."""
        return {row["why"] for row in self.mount.history(name) if row.get("old") == value}


# ---- the table

def letters(doc):
    return doc["city"] + doc["street"] if doc else "-"


def do_ours(mount, name, what):
    if what == "change":
        mount.save(name, city="O")
    elif what == "delete":
        mount.remove(name)


def do_theirs(sheet, name, what):
    if what == "delete":
        sheet.remove(name)
    elif what != "none":
        sheet.set(name, **({"street": "T"} if what == "disjoint" else {"city": "O" if what == "same" else "T"}))


def check_cell(stack, problems, old, name, want, words):
    mount, (crm, billing) = stack.mount, stack.sheets.values()
    got = tuple(letters(d) for d in (mount.doc(name), crm.docs().get(name), billing.docs().get(name)))
    why = [] if got == want else [f"tree, owner, copy are {got}, wanted {want}"]
    state = mount.state(name) if got[0] != "-" else ""
    sides = sorted(mount.sides(name))
    if state and state != ("conflict" if "conflict" in words else "synced"):
        why.append(f"its state is {state}")
    if sides != (["base", "mine", "theirs"] if "conflict" in words else []):
        why.append(f"problems/ has {sides}")
    notes = [f for f in problems if f.startswith((name + ".", name + " ~"))]
    if bool(notes) != ("note" in words or "conflict" in words):
        why.append(f"problems/ has {notes}")
    if mount.trash().count(name) != ("trash" in words) or len([n for n in mount.trash() if n.startswith(name)]) > 1:
        why.append(f"the trash has {mount.trash()}")
    if "lost" in words and not any(f'"{words[-1]}"' == v for v in old.get(name, [])):
        why.append(f"there is no trace of {words[-1]}")
    return ", ".join(why)


def table(work, conflicts):
    names = {(how, *cell[:3]): f"{how} {' '.join(cell[:3])}" for how in ("open", "away") for cell in TABLE}
    with Stack(work, {"billing": "accept"}, conflicts, [*names.values(), *(f"Other {i}" for i in range(20))]) as stack:
        where = {"owner": stack.sheets["crm"], "copy": stack.sheets["billing"]}
        for how in ("open", "away"):
            stack.cut_off(how)
            for ours, theirs, side, *_ in TABLE:
                name = names[how, ours, theirs, side]
                do_ours(stack.mount, name, ours)
                do_theirs(where[side], name, theirs)
            stack.back([names[how, o, t, w] for o, t, w, *_, words in TABLE if (words, w, conflicts) == ("conflict", "copy", "ask")])
        problems, old = stack.mount.problems(), stack.mount.old_rows()
        for how in ("open", "away"):
            for ours, theirs, side, *want in TABLE:
                if conflicts == "owner":
                    want = OWNER_SETTLES.get((ours, theirs, side), want)
                why = check_cell(stack, problems, old, names[how, ours, theirs, side], tuple(want[:3]), want[3].split())
                result(f"conflicts: {conflicts}; {ours} here, {theirs} in the {side}, sheets {how}", why)
        tree = stack.mount.names()
        check(f"conflicts: {conflicts}; nothing is doubled", [len(set(tree)) == len(tree), *(len(s.read()) - len(s.docs()) for s in stack.sheets.values())],
              [True, 0, 0])
        check(f"conflicts: {conflicts}; the owner has what the tree has", sorted(stack.sheets["crm"].docs()), tree)
        check(f"conflicts: {conflicts}; others are as they were", {stack.everywhere(f"Other {i}") for i in range(20)}, {"V"})


# ---- settling

SETTLES = {
    "saving it as it is": (lambda s, n: s.mount.save(n), "O"),
    "saving another value": (lambda s, n: s.mount.save(n, city="N"), "N"),
    "saving this field only": (lambda s, n: s.mount.save(n, "part", city="N"), "N"),
    "writing the file of the field": (lambda s, n: s.mount.save(n, "field", city="N"), "N"),
    "writing the same into the file of the field": (lambda s, n: s.mount.save(n, "field", city="O"), "O"),
    "moving mine over it": (lambda s, n: os.rename(s.mount.sides(n)["mine"], s.mount.file(n)), "O"),
    "moving theirs over it": (lambda s, n: os.rename(s.mount.sides(n)["theirs"], s.mount.file(n)), "T"),
    "moving base over it": (lambda s, n: os.rename(s.mount.sides(n)["base"], s.mount.file(n)), "V"),
    "the tool, which has now what we have": (lambda s, n: s.sheets["crm"].set(n, city="O"), "O"),
    "the tool, which goes back": (lambda s, n: s.sheets["crm"].set(n, city="V"), "O"),
}


def refused(call, *arguments):
    try:
        call(*arguments)
        return "done"
    except OSError as e:
        return e.strerror


def settle(work):
    others = ["third", "other field", "two fields", "restart", "kill", "gone here", "gone in the owner", "gone in the copy"]
    with Stack(work, {"billing": "accept", "shop": "accept"}, "ask", [*SETTLES, *others, *(f"Other {i}" for i in range(10))]) as s:
        m, crm, billing = s.mount, s.sheets["crm"], s.sheets["billing"]
        s.contest([n for n in [*SETTLES, *others] if n not in ("two fields", "gone in the copy")])
        check("a conflict: the tree has ours, its tool theirs, the others what was before", s.everywhere("third"), "O T V V")
        check("its state", m.state("third"), "conflict")
        texts = {k: p.read_text() for k, p in m.sides("third").items()}
        check("problems/ has the three sides", ['"city": "O"' in texts["mine"], '"city": "T"' in texts["theirs"], '"city": "V"' in texts["base"]],
              [True] * 3)
        why = m.problems()["third.why.txt"]
        check("problems/ says what is the matter", ['"city"' in why, '"O" here and "T" there' in why, "in crm" in why], [True] * 3)
        side = m.sides("third")["theirs"]
        check("a side cannot be removed", refused(os.unlink, side), "Operation not permitted")
        check("a side is moved over no other record", refused(os.rename, side, m.file("restart")), "Operation not permitted")
        for _ in range(2):
            m.quiet()
        check("looking at the tools again and again changes nothing", s.everywhere("third"), "O T V V")

        for name, (act, _) in SETTLES.items():
            result(f"settled by {name}: no error", "" if (said := refused(act, s, name)) in ("done", None) else said)
        m.quiet()
        for name, (_, want) in SETTLES.items():
            check(f"settled by {name}: the value is everywhere", s.everywhere(name), want)
            check(f"settled by {name}: it is over", [m.state(name), m.sides(name)], ["synced", {}])
            if want in "NV" and "tool" not in name:
                check(f"settled by {name}: what the tool had is in the history", s.overruled(name, "T"), {"settle"})

        # ---- while it is open
        crm.set("third", city="X")
        m.quiet()
        check("the tool has a third value: still a conflict", [s.everywhere("third"), m.state("third")], ["O X V V", "conflict"])
        texts = {k: p.read_text() for k, p in m.sides("third").items()}
        check("the third value is theirs, base is as it was", ['"city": "X"' in texts["theirs"], '"city": "V"' in texts["base"]], [True] * 2)
        os.rename(m.sides("third")["theirs"], m.file("third"))
        m.quiet()
        check("the third value is taken", s.everywhere("third"), "X")

        m.save("other field", "field", street="N")
        billing.set("other field", zip="Z")
        m.quiet()
        check("another field goes to the tools and comes from them", [s.everywhere("other field", f) for f in ("street", "zip", "city")],
              ["N", "Z", "O T V V"])

        s.cut_off("open")
        m.save("two fields", city="O", street="O")
        crm.set("two fields", city="T", street="T")
        s.back()
        check("one of two fields is settled without an error", refused(lambda: m.save("two fields", "field", city="N")), "done")
        m.quiet()
        check("the other one stays in conflict", [s.everywhere("two fields"), s.everywhere("two fields", "street"), m.state("two fields")],
              ["N", "O T V V", "conflict"])
        m.save("two fields", "field", street="N")
        m.quiet()
        check("until it is settled, too", [s.everywhere("two fields", "street"), m.state("two fields")], ["N", "synced"])

        # ---- over a restart, and over a kill in the middle
        before = m.problems()
        m.down()
        m.up()
        m.quiet()
        check("a restart changes nothing of it", [m.problems().keys(), m.state("restart"), s.everywhere("restart")], [before.keys(), "conflict", "O T V V"])
        m.kill()
        crm.set("kill", city="X")
        m.up()
        m.quiet()
        check("after kill -9 it is there still, with what came meanwhile", [m.state("kill"), s.everywhere("kill")], ["conflict", "O X V V"])
        m.save("kill", city="N")
        m.kill()
        m.up()
        m.quiet()
        check("settled and killed: it is settled", [m.state("kill"), s.everywhere("kill")], ["synced", "N"])
        os.rename(m.sides("restart")["theirs"], m.file("restart"))
        m.quiet()
        check("settled after a restart", [m.state("restart"), s.everywhere("restart")], ["synced", "T"])

        # ---- it ends because one side goes
        s.contest(["gone in the copy"], tool="billing")
        billing.remove("gone in the copy")
        crm.remove("gone in the owner")
        m.remove("gone here")
        m.quiet()
        check("the copy goes: ours is everywhere else, and it is over", [s.everywhere("gone in the copy"), m.state("gone in the copy")],
              ["O O - O", "synced"])
        check("the copy's value is in the history", s.overruled("gone in the copy", "T"), {"overruled"})
        check("the record goes: it is nowhere, and once in the trash", [s.everywhere("gone here"), s.everywhere("gone in the owner"), m.trash()],
              ["-", "-", ["gone here", "gone in the owner"]])
        for name in ("gone here", "gone in the owner"):
            check(f"{name}: what the tool had is in the history", '"T"' in m.old_rows()[name], True)
            check(f"{name}: problems/ has no sides of it", m.sides(name), {})
        check("gone in the owner: problems/ has ours", any(f.startswith("gone in the owner ~") and '"O"' in t for f, t in m.problems().items()), True)


# ---- rules for copies, tags, ids

def rules(work):
    names = ["revert", "revert both", "ask", "ask back", "ask both", "three"]
    with Stack(work, {"billing": "accept", "shop": "revert", "desk": "ask"}, "ask", [*names, "tags", "tags gone", "last"], tags="a, b") as s:
        m, crm, billing, shop, desk = s.mount, *s.sheets.values()
        shop.set("revert", city="T")
        desk.set("ask", city="T")
        desk.set("ask back", city="T")
        m.quiet()
        check("revert: the copy has the record's value again", [s.everywhere("revert"), m.state("revert")], ["V", "synced"])
        check("revert: what it had is in the history", s.overruled("revert", "T"), {"overruled"})
        check("ask: only the copy has its value", [s.everywhere("ask"), m.state("ask")], ["V V V V T", "conflict"])
        os.rename(m.sides("ask")["theirs"], m.file("ask"))
        desk.set("ask back", city="V")
        s.contest(["revert both"], tool="shop")
        s.contest(["ask both"], tool="desk")
        check("ask: theirs is taken", [s.everywhere("ask"), m.state("ask")], ["T", "synced"])
        check("ask: the copy goes back, and it is over", [s.everywhere("ask back"), m.state("ask back"), m.sides("ask back")], ["V", "synced", {}])
        check("revert: changed on both sides, ours counts", [s.everywhere("revert both"), s.overruled("revert both", "T")], ["O", {"overruled"}])
        check("ask: changed on both sides", [s.everywhere("ask both"), m.state("ask both")], ["O V V V T", "conflict"])

        s.cut_off("open")
        m.save("three", city="O")
        crm.set("three", city="T")
        desk.set("three", city="U")
        s.back()
        check("in conflict with two tools", [s.everywhere("three"), len([f for f in m.problems() if f.startswith("three")])], ["O T V V U", 8])
        m.save("three", city="N")
        m.quiet()
        check("one save settles both", [s.everywhere("three"), m.state("three"), s.overruled("three", "T"), s.overruled("three", "U")],
              ["N", "synced", {"settle"}, {"settle"}])

        s.cut_off("open")
        m.save("tags", tags="b, ours, both")
        crm.set("tags", tags="a, b, both, theirs")
        m.save("tags gone", tags="")
        crm.set("tags gone", tags="a, b, theirs")
        s.back()
        check("tags: added and removed on both sides", [sorted(s.everywhere("tags", "tags").split(", ")), m.state("tags")],
              [["b", "both", "ours", "theirs"], "synced"])
        check("tags: all removed here, one added there", s.everywhere("tags gone", "tags"), "theirs")

        # A sheet's next number is that of a row that was removed: another client.
        billing.remove("last")
        m.quiet()
        billing.last -= 1
        billing.add({"name": "Newcomer", "city": "N"})
        m.quiet()
        check("a removed row's number is given again: the record it had stays", s.everywhere("last"), "V V - V V")
        check("and the new row is a new record", s.everywhere("Newcomer"), "N")
        billing.add({"name": "last", "city": "N"})
        m.quiet()
        check("a removed row is entered again, under another number: it is the same record", [s.everywhere("last"), s.overruled("last", "N")],
              ["V", {"overruled"}])
        # seamfs itself counts so, too, here before it has seen that the row is gone: what is to be sent goes first.
        desk.lock()
        m.folder("Visitor").mkdir()
        m.save("Visitor", "part", city="N")
        until(10, lambda: "" if '"crm"' in (m.folder("Visitor") / "client.meta.json").read_text() else "Visitor is not sent")
        until(10, lambda: "" if "attempts" in (m.folder("Visitor") / "client.meta.json").read_text() else "Visitor is not tried")
        desk.remove("Newcomer")
        desk.unlock()
        m.quiet()
        check("a number that seamfs gives again: the record it had stays", s.everywhere("Newcomer"), "N N N N -")
        check("and the new one is everywhere", s.everywhere("Visitor"), "N")
        check("nothing is doubled", [len(s_.read()) - len(s_.docs()) for s_ in s.sheets.values()], [0] * 4)

        # A save that waits, of a row that somebody changes while it is sent.
        crm.lock()
        m.save("revert", street="O")
        crm.set("revert", zip="Z")
        until(5, lambda: "" if m.state("revert") == "pending" else "it does not wait")
        check("an open sheet is not written", crm.docs()["revert"]["street"], "V")
        crm.unlock()
        m.quiet()
        check("closed, it has both", [s.everywhere("revert", "street"), s.everywhere("revert", "zip")], ["O", "Z"])


# ---- seen for the first time

def first(work, late):
    """Two tools that have never met: what they have goes together, whichever is read first."""
    with Stack(work, {"billing": "accept"}, "ask", ["both"]) as s:
        crm, billing = s.sheets.values()
        s.mount.down()
        crm.write([{"ID": "crm-001", "Company": "both", "Mail": "c0@sides.example", "City": "C"}])
        billing.write([{"ID": "billing-001", "Company": "both", "Mail": "c0@sides.example", "City": "B", "Street": "B"}])
        for file in (s.work / "state").iterdir():
            file.unlink()
        s.sheets[late].go_away()
        s.mount.up()
        until(10, lambda: "" if s.mount.names() else "the first tool is not read")
        s.sheets[late].come_back()
        s.mount.quiet()
        check(f"first met, {late} read last: the owner's value counts", s.everywhere("both"), "C")
        check(f"first met, {late} read last: gaps are filled", s.everywhere("both", "street"), "B")
        check(f"first met, {late} read last: what is overruled is in the history", '"B"' in s.mount.old_rows()["both"], True)


begin = time.monotonic()
for number, part in enumerate([lambda w: table(w, "ask"), lambda w: table(w, "owner"), settle, rules, lambda w: first(w, "crm"),
                          lambda w: first(w, "billing")]):
    try:
        part(f"sides{number}")
    except Exception as e:  # one part that fails leaves the others alone
        result(f"part {number}", f"{type(e).__name__}: {e}")
print(f"# {time.monotonic() - begin:.0f} s")
