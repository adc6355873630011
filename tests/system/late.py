#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Read a record, have it changed by another program, and save it with another city: what an editor does that is open for a while.

    late.py HOW FILE CITY COMMAND...

COMMAND changes the record behind the program's back; it is waited for until FILE shows another text, which is not read by this process.
HOW: rename (a temporary file, os.replace), truncate (in place), patch (r+), same (r+, and read by the same descriptor), threads (read by one
thread, written by another one), back (in place, and then once more with the city that it had), order (only one field is written, with the value that it had when the record was read; CITY is not used).
"""
import json
import os
import subprocess
import sys
import threading
import time

how, path, city = sys.argv[1:4]
record = None


def read():
    global record
    with open(path, encoding="utf-8") as f:
        record = json.load(f)


def put(values):
    with open(path, "w", encoding="utf-8") as f:
        f.write(json.dumps(record | values, ensure_ascii=False, indent=2) + "\n")


def shown():
    return subprocess.run(["cat", path], stdout=subprocess.PIPE, check=True).stdout


done = threading.Event()
kept = None
if how == "threads":
    thread = threading.Thread(target=lambda: (read(), done.wait()))
    thread.start()
    while record is None:
        time.sleep(0.01)
elif how == "same":
    kept = open(path, "r+", encoding="utf-8")
    record = json.load(kept)
else:
    read()
before = shown()
subprocess.run(sys.argv[4:], check=True)
for _ in range(500):
    if shown() != before:
        break
    time.sleep(0.01)
else:
    sys.exit("the record did not change")

text = json.dumps({"city": record["city"]} if how == "order" else record | {"city": city}, ensure_ascii=False, indent=2) + "\n"
if how == "rename":
    with open(path + ".tmp", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".tmp", path)
elif how == "same":
    kept.seek(0)
    kept.write(text)
    kept.truncate()
    kept.close()
elif how == "back":
    put({"city": city})
    put({})
elif how == "patch":
    with open(path, "r+", encoding="utf-8") as f:
        f.write(text)
        f.truncate()
else:
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
done.set()
