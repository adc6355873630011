# SPDX-License-Identifier: Apache-2.0
"""The same clients in several sheets, and the mount that keeps them in step. Used by tests/random/converge and tests/system/conflicts.py."""
import csv
import ctypes
import io
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

SEAMFS = os.environ.get("SEAMFS", str(pathlib.Path(__file__).resolve().parents[2] / "build/seamfs"))
COLUMNS = {"name": "Company", "status": "Status", "email": "Mail", "street": "Street", "zip": "ZIP", "city": "City", "tags": "Tags",
           "notes": "Notes"}


class Wrong(Exception):
    """Something is not as it has to be."""


LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def exchange(one, other):
    """Two files change places, in one step."""
    if LIBC.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), f"cannot exchange {one} and {other}")


def until(seconds, why):
    """Waits until why() says nothing."""
    end = time.monotonic() + seconds
    while True:
        what = why()
        if not what:
            return
        if time.monotonic() > end:
            raise Wrong(f"after {seconds} s: {what}")
        time.sleep(0.02)


class Sheet:
    """A tool: a CSV file that other programs edit, too. A doc is {field: text}."""

    def __init__(self, work, tool):
        self.tool, self.path = tool, pathlib.Path(work) / f"{tool}.csv"
        self.last = 0  # an id is given once
        self.lock_path, self.away_path = self.path.with_name(f".~lock.{tool}.csv#"), self.path.with_name(f"{tool}.away")

    def make(self, docs):
        self.last = len(docs)
        self.write([{"ID": f"{self.tool}-{i:03}", **{COLUMNS[k]: v for k, v in doc.items()}} for i, doc in enumerate(docs, 1)])

    def here(self):
        return self.path if self.path.exists() else self.away_path

    def stamp(self):
        stat = self.here().stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def read(self):
        return list(csv.DictReader(io.StringIO(self.here().read_text(encoding="utf-8"), newline="")))

    def edit(self, change, in_place=False):
        """Like every program that shares a file: what has changed since it was read is read again, not overwritten. None: nothing to do."""
        while True:
            seen = self.stamp()
            rows = change(self.read())
            if rows is None:
                return False
            if self.write(rows, in_place, seen):
                return True

    def write(self, rows, in_place=False, seen=None):
        """Not over what is no longer as it was seen; looks at the last moment."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, ["ID", *COLUMNS.values()], lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)
        target = self.here() if self.away_path.exists() else self.path
        temporary, data = target.with_name(f"{self.tool}.tmp"), text.getvalue().encode()
        if not seen:
            target.write_bytes(data)
            return True
        return self.write_in_place(target, data, seen) if in_place else self.put_in_place(target, temporary, data, seen)

    def write_in_place(self, target, data, seen):
        """While it is open for writing nobody who knows how to share a file puts another one in its place."""
        with open(target, "r+b") as file:
            if self.stamp() != seen:
                return False
            file.truncate()
            file.write(data)
        return True

    def put_in_place(self, target, temporary, data, seen):
        """By exchange: what comes out has to be what was seen, else it goes back."""
        temporary.write_bytes(data)
        if self.stamp() != seen:
            return False
        exchange(temporary, target)
        stat = temporary.stat()
        if (stat.st_ino, stat.st_mtime_ns, stat.st_size) != seen:
            exchange(temporary, target)
            return False
        temporary.unlink()
        return True

    def find(self, rows, name):
        found = [row for row in rows if row[COLUMNS["name"]] == name]
        if len(found) > 1:
            raise Wrong(f"{self.tool} has {name} {len(found)} times")
        return found[0] if found else None

    def docs(self):
        """By name."""
        rows = self.read()
        return {row[COLUMNS["name"]]: {f: self.find(rows, row[COLUMNS["name"]])[c] for f, c in COLUMNS.items()} for row in rows}

    def set(self, name, in_place=False, **values):
        """False when it has no such row."""
        def change(rows):
            row = self.find(rows, name)
            if not row:
                return None
            row.update({COLUMNS[f]: v for f, v in values.items()})
            return rows
        return self.edit(change, in_place)

    def number(self, rows):
        return max(self.last, *(int(row["ID"].rsplit("-", 1)[1]) for row in rows))

    def add(self, doc):
        def change(rows):
            return rows + [{"ID": f"{self.tool}-{self.number(rows) + 1:03}", **{COLUMNS[k]: v for k, v in doc.items()}}]
        self.edit(change)
        self.last = self.number(self.read())

    def remove(self, name):
        def change(rows):
            self.last = self.number(rows)
            return [row for row in rows if row[COLUMNS["name"]] != name]
        self.edit(change)

    def lock(self):
        self.lock_path.touch()

    def unlock(self):
        self.lock_path.unlink(missing_ok=True)

    def go_away(self):
        self.path.rename(self.away_path)

    def come_back(self):
        if self.away_path.exists():
            self.away_path.rename(self.path)


class Mount:
    """The first tool owns the clients, the others hold copies: rules is {tool: rule}."""

    def __init__(self, work, owner, rules, conflicts, grace="1s"):
        self.work, self.dir = pathlib.Path(work), pathlib.Path(work) / "m"
        self.dir.mkdir(exist_ok=True)
        self.pid, self.torn = None, 0
        tools = [owner, *rules]
        (self.work / "stack.json").write_text(json.dumps({
            "company": "Sides", "state": "state", "poll": "1h", "grace": grace,
            "tools": {t: {"connector": "csv", "types": {"client": {"file": f"{t}.csv", "id": "ID", "fields": COLUMNS}}} for t in tools},
            "owners": {"client": owner}, "shares": {"client": rules}, "conflicts": {"client": conflicts}}))

    def run(self, *arguments):
        return subprocess.run([SEAMFS, *arguments], cwd=self.work, capture_output=True, text=True)

    def up(self):
        done = self.run("mount", "-c", "stack.json", "m")
        if done.returncode:
            raise Wrong(f"seamfs mount: {done.stderr.strip()}")
        self.pid = self.status()["pid"]

    def status(self):
        return json.loads((self.dir / ".seam/status.json").read_text())

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        while True:
            try:
                if pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    return
            except OSError:
                return
            time.sleep(0.002)

    def down(self):
        for _ in range(100):
            if not os.path.ismount(self.dir) or self.run("unmount", "m").returncode == 0:
                return
            time.sleep(0.05)
        subprocess.run(["umount", "-l", str(self.dir)], check=False)

    def busy(self):
        status = self.status()
        if status["pending"]:
            return f"{status['pending']} changes wait"
        return ", ".join(f"{t['name']} is {t['state']}{': ' * bool(t['error'])}{t['error']}" for t in status["tools"]
                         if t["state"] != "ok" or t["refreshing"] or not t["last_pull"])

    def quiet(self, seconds=30):
        """Everything is sent, and what the tools have was looked at twice."""
        until(seconds, self.busy)
        for _ in range(2):
            (self.dir / ".seam/refresh").write_text("all\n")
            until(seconds, self.busy)

    # ---- records

    def folder(self, name):
        return self.dir / "clients" / name

    def file(self, name):
        return self.folder(name) / "client.json"

    def names(self):
        return sorted(n for n in os.listdir(self.dir / "clients") if n != "by" and not n.startswith("."))

    def read(self, name):
        """A file that changes while it is read may give half of each: readers read again."""
        for _ in range(5):
            try:
                return json.loads(self.file(name).read_bytes())
            except ValueError:
                self.torn += 1
        return json.loads(self.file(name).read_bytes())

    def doc(self, name):
        """The record as a sheet would have it; None when there is none."""
        try:
            file = self.read(name)
        except FileNotFoundError:
            return None
        return {f: ", ".join(file.get(f) or []) if f == "tags" else file.get(f) or "" for f in COLUMNS}

    def state(self, name):
        return os.getxattr(self.file(name), "user.seam.state").decode()

    def save(self, name, way="replace", **values):
        """Saves some fields: as a whole new file, as the old text with other values, as those fields only, or field by field."""
        path = self.file(name)
        if way == "field":
            for field, value in values.items():
                (self.folder(name) / "client.d" / field).write_text(value.replace(", ", "\n") + "\n")
            return
        values = {f: [t for t in v.split(", ") if t] if f == "tags" else v or None for f, v in values.items()}
        if way != "part":
            values = {**self.read(name), **values}
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
        if way == "replace":
            temporary = path.with_name("client.json.tmp")
            temporary.write_text(text)
            temporary.rename(path)
        else:
            path.write_text(text)

    def remove(self, name):
        """As rm -r does it; what cannot be removed because it is no record stays."""
        self.file(name).unlink()
        self.folder(name).rmdir()

    def trash(self):
        return sorted(n[:-5] for n in os.listdir(self.dir / ".seam/trash/clients"))

    def problems(self):
        """{file: text}"""
        found = {}
        try:
            for name in os.listdir(self.dir / "problems"):
                try:
                    found[name] = (self.dir / "problems" / name).read_text()
                except FileNotFoundError:  # settled meanwhile
                    pass
        except FileNotFoundError:  # there are none
            pass
        return found

    def sides(self, name):
        """The files of the conflicts of one record, by their ending: mine, theirs, base."""
        found = {}
        for file in sorted(self.problems()):
            if file.startswith((name + ".", name + " ~")) and file.endswith((".mine.json", ".theirs.json", ".base.json")):
                found.setdefault(file.rsplit(".", 2)[1], self.dir / "problems" / file)
        return found

    def history(self, name):
        """[{why, field, old, new, …}], newest first."""
        return [json.loads(line) for line in (self.folder(name) / "client.log.ndjson").read_text().splitlines()]

    def old_rows(self):
        """{name: [old and new values]} of all records, those in the trash included, which have no log in the tree."""
        found = {}
        with sqlite3.connect(f"file:{next((self.work / 'state').glob('*.db'))}?mode=ro", uri=True) as db:
            for name, old, new in db.execute("SELECT r.name, h.old, h.new FROM history h JOIN record r ON r.id = h.record"):
                found.setdefault(name, []).extend((old or "", new or ""))
        db.close()
        return found
