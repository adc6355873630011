#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare every record of a mount with what its tool's own API, or its CSV file, says.

    compare.py clients MOUNT CSV | invoices MOUNT | deals MOUNT | projects MOUNT | tasks MOUNT | time MOUNT

Prints "N equal", or the first differences and exits with 1. Knows nothing of seamfs but the form of its files: keys in the order
of the type's schema, one a line, two blanks, a final line end, amounts with exactly the decimals of their currency.
"""
import csv
import glob
import json
import os
import re
import sys
import urllib.request
from decimal import Decimal

what, mount = sys.argv[1:3]
problems = []


def get(base, path, headers):
    with urllib.request.urlopen(urllib.request.Request(base + path, headers=headers), timeout=30) as r:
        return json.load(r, parse_float=Decimal, parse_int=Decimal)


def redmine(path, key):
    result = []
    while True:
        page = get(os.environ["REDMINE_URL"], f"{path}&limit=100&offset={len(result)}",
                   {"X-Redmine-API-Key": os.environ["REDMINE_KEY"]})
        result += page[key]
        if len(result) >= page["total_count"]:
            return result


def directus(collection):
    return get(os.environ["DIRECTUS_URL"], f"/items/{collection}?limit=-1",
               {"Authorization": "Bearer " + os.environ["DIRECTUS_TOKEN"]})["data"]


def money(value):
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.01"))


def plain(value):
    """A decimal without trailing zeros."""
    if value is None:
        return None
    text = format(Decimal(str(value)), "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def text(value):
    return None if value in (None, "") else value.replace("\r\n", "\n")


# ---- what there should be: {key: doc}

def want_clients():
    with open(sys.argv[3], newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            columns = {"name": "Company", "status": "Status", "email": "Contact e-mail", "phone": "Phone", "street": "Street",
                       "zip": "ZIP", "city": "City", "country": "Country", "vat_id": "VAT", "since": "Since", "notes": "Internal note"}
            yield row["Company"], {k: text(row[c]) for k, c in columns.items()}


def want_invoices():
    names = {c["id"]: c["name"] for c in directus("clients")}
    for i in directus("invoices"):
        yield i["number"], {
            "number": i["number"], "client": names.get(i["client"]), "status": i["status"], "issue_date": i["issue_date"],
            "due_date": i["due_date"], "currency": i["currency"],
            "lines": [{"description": n["description"], "quantity": plain(n["quantity"]), "unit_price": money(n["unit_price"]),
                       "tax_rate": plain(n["tax_rate"])} for n in i["lines"]],
            "net": money(i["net"]), "tax": money(i["tax"]), "total": money(i["total"]), "notes": text(i["notes"])}


def want_deals():
    names = {c["id"]: c["name"] for c in directus("clients")}
    for d in directus("deals"):
        yield d["title"], {"title": d["title"], "client": names.get(d["client"]), "stage": d["stage"], "amount": money(d["amount"]),
                           "currency": d["currency"], "close_date": d["close_date"]}


def want_projects():
    for p in redmine("/projects.json?status=1%7C5", "projects"):
        yield p["name"], {"name": p["name"], "status": {1: "active", 5: "closed"}[int(p["status"])], "code": p["identifier"],
                          "notes": text(p["description"])}


def want_tasks():
    status = {"New": "open", "Closed": "done", "Rejected": "cancelled"}
    priority = {"Low": "low", "High": "high", "Urgent": "urgent", "Immediate": "urgent"}
    for t in redmine("/issues.json?status_id=*", "issues"):
        yield (t["project"]["name"], t["subject"]), {
            "title": t["subject"], "project": t["project"]["name"], "status": status.get(t["status"]["name"], "in progress"),
            "assignee": t.get("assigned_to", {}).get("name"), "priority": priority.get(t["priority"]["name"], "normal"),
            "start": t["start_date"], "due": t["due_date"], "estimate_hours": plain(t["estimated_hours"]),
            "notes": text(t["description"])}


def want_time():
    subjects = {int(t["id"]): t["subject"] for t in redmine("/issues.json?status_id=*", "issues")}
    for e in redmine("/time_entries.json?", "time_entries"):
        yield (e["project"]["name"], e["spent_on"], e["user"]["name"], e["hours"], e["comments"], int(e["issue"]["id"])), {
            "summary": text(e["comments"]), "project": e["project"]["name"], "task": subjects[int(e["issue"]["id"])],
            "date": e["spent_on"], "hours": plain(e["hours"]), "person": e["user"]["name"], "activity": e["activity"]["name"]}


# ---- what there is

MONEY = {"net", "tax", "total", "amount", "unit_price"}
PATTERN = {"clients": "clients/*/client.json", "invoices": "invoices/*.json", "deals": "deals/*.json",
           "projects": "projects/*/project.json", "tasks": "projects/*/tasks/*.json", "time": "projects/*/time/*.json"}[what]
REFS = {"client": "clients", "project": "projects"}


def called(folder, name):
    """What the record in that folder of the tree is really called: a reference is a folder's name."""
    if name is None:
        return None
    kind = "client" if folder == "clients" else "project"
    with open(os.path.join(mount, folder, name, kind + ".json"), encoding="utf-8") as f:
        return json.load(f)["name"]


class Digits(Decimal):
    """A number that remembers how it was written."""
    def __new__(cls, text):
        self = super().__new__(cls, text)
        self.text = text
        return self


def check_form(path, raw, doc):
    """The bytes are what the form says, to the last one."""
    def dump(value, indent):
        if isinstance(value, dict):
            rows = [f'{indent}  {json.dumps(k)}: {dump(v, indent + "  ")}' for k, v in value.items()]
            return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
        if isinstance(value, list):
            return "[\n" + ",\n".join(indent + "  " + dump(v, indent + "  ") for v in value) + "\n" + indent + "]"
        return value.text if isinstance(value, Digits) else json.dumps(value, ensure_ascii=False)

    if dump(doc, "") + "\n" != raw:
        problems.append(f"{path}: not in the form that a record's file has")
    for name in re.findall(r'"(\w+)": -?[0-9]+(?:\.[0-9]*)?(?:[eE]|,|\n|$)', raw):
        if name in MONEY and not re.search(rf'"{name}": -?[0-9]+\.[0-9]{{2}}[,\n]', raw):
            problems.append(f"{path}: {name} has not two decimals")
    if os.stat(path).st_size != len(raw.encode()):
        problems.append(f"{path}: {os.stat(path).st_size} bytes by stat, {len(raw.encode())} read")


want = {}
for key, doc in {"clients": want_clients, "invoices": want_invoices, "deals": want_deals, "projects": want_projects,
                 "tasks": want_tasks, "time": want_time}[what]():
    doc = {k: v for k, v in doc.items() if v is not None}
    want.setdefault(key if what != "time" else str(sorted(map(str, doc.items()))), []).append(doc)
order = list(json.load(open(os.path.join(mount, ".seam/schema", (what if what == "time" else what[:-1]) + ".json"), encoding="utf-8"))["properties"])
seen = 0
for path in sorted(glob.glob(os.path.join(glob.escape(mount), PATTERN))):
    with open(path, encoding="utf-8", newline="") as f:
        raw = f.read()
    doc = json.loads(raw, parse_float=Digits, parse_int=Digits)
    seen += 1
    check_form(path, raw, doc)
    if [k for k in order if k in doc] != list(doc):
        problems.append(f"{path}: the keys are not in the order of the schema: {list(doc)}")
    if what == "time" and "task" in doc:
        with open(os.path.join(mount, "projects", doc["project"], "tasks", doc["task"] + ".json"), encoding="utf-8") as f:
            doc["task"] = json.load(f)["title"]
    for field, folder in REFS.items():
        if field in doc and what != "projects":
            doc[field] = called(folder, doc[field])
    if what == "time":
        key = str(sorted(map(str, {**doc, "hours": plain(doc["hours"])}.items())))
    else:
        key = (doc["project"], doc["title"]) if what == "tasks" else doc.get("name") or doc.get("number") or doc.get("title")
    left = want.get(key, [])
    if doc in left:
        left.remove(doc)
    else:
        problems.append(f"{path}: {dict(doc)}\n   wanted {left or 'nothing of that name'}")
problems += [f"missing in the tree: {d}" for left in want.values() for d in left]
for line in problems[:10]:
    print(line)
print(f"{seen} equal" if not problems else f"{len(problems)} differences in {seen} files")
sys.exit(1 if problems else 0)
