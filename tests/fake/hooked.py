#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tool with 200 tasks that sends webhooks, and counts how often it is asked for what.

    hooked.py PORT                      serves /tasks, /tasks/ID, /hooks and /asked (what was asked since the last time)
    hooked.py burst URL KEY COUNT N     sends COUNT signed messages about N of its tasks, whose titles change meanwhile,
                                        and prints how many were answered with 200, and the slowest in milliseconds
"""
import hashlib
import hmac
import http.client
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

tasks = {str(i): {"id": str(i), "title": f"Task {i}", "updated": "2026-01-01T00:00:00Z"} for i in range(1, 201)}
asked = {"list": 0, "one": 0}
hooks = []  # what was asked for: a line each

lock = threading.Lock()


def count(what):
    with lock:
        asked[what] += 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        if path == ["asked"]:
            with lock:
                counted = dict(asked)
                asked.update(list=0, one=0)
            self.reply(counted)
        elif path == ["hooks"]:
            self.reply(hooks)
        elif path == ["tasks"]:
            count("list")
            self.reply(list(tasks.values()))
        elif path[0] == "tasks":
            count("one")
            self.reply(tasks.get(path[1], {}), 200 if path[1] in tasks else 404)
        else:
            self.reply({}, 200 if path == ["me"] else 404)

    def do_POST(self):
        """/tasks/ID: another title, or none: it is gone. /hooks: a subscription; /hooks/ID: it goes on."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("/")[-1]
        if self.path.startswith("/hooks"):
            if os.path.exists("refuse.hooks"):
                self.reply({"message": f"nobody answers at {body['url']}"}, 400)
                return
            hooks.append(f"{name} {body['url']}")
            self.reply({"id": "h1", "secret": "key-9"})
            return
        if body["title"] is None:
            del tasks[name]
        else:
            tasks[name] = {"id": name, "title": body["title"], "updated": "2026-01-02T00:00:00Z"}
        self.reply({})

    def log_message(self, *arguments):
        pass


def burst(url, key, count, number):
    parts = urllib.parse.urlsplit(url)
    good, slowest = [], []

    def send(first, step):
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        for i in range(first, count, step):
            body = json.dumps({"id": f"m{time.time_ns()}-{i}", "event": "task.changed", "task": str(101 + i % number)}).encode()
            sign = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
            begin = time.monotonic()
            connection.request("POST", parts.path, body, {"X-Sign": sign})
            answer = connection.getresponse()
            answer.read()
            slowest.append(time.monotonic() - begin)
            good.append(answer.status == 200)

    threads = [threading.Thread(target=send, args=(i, 8)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(good), int(max(slowest) * 1000))


if sys.argv[1] == "burst":
    burst(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
else:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
