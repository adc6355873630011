#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands before a real server on loopback and makes faults on order. Python's standard library only.

    proxy.py SERVER-PORT RULES LOG

It prints its port. RULES is a JSON file, read again whenever it changes: a list of rules, of which the first that fits a request is
applied. What fits (each may be left out):

    method, path     regular expressions; path is matched anywhere in path and query
    skip, count      leave the first SKIP that fit alone, then take COUNT; counted anew after each change of RULES

What is done:

    delay            seconds before the request is passed on
    shift            {"from": N, "by": K}: an offset of N or more is asked for as offset + K
    swap             [A, B]: the one offset is asked for as the other
    fault            "stall"   never answered
                     "reset"   the connection is reset before the server has the request
                     "lost"    the server executes it, then the connection is reset
                     "answer"  STATUS, HEADERS, TEXT instead of the server, which never has it ("executed": true: it does)
                     "cut"     the body ends before its Content-Length
                     "length"  Content-Length is wrong by BY, the body is whole
                     "utf8"    a byte in the body that no UTF-8 text has
                     "bomb"    MB MiB of blanks before the body, gzipped
    date, stamp      the Date header and the server's own stamps (and filters by them) go wrong by so many hours

LOG gets a JSON line for each request before it is answered: at (ms), method, path, fault, status (the server's; null: it never had it).
"""
import datetime
import email.utils
import gzip
import http.client
import http.server
import json
import os
import re
import socket
import struct
import sys
import threading
import time

PORT, RULES, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3]
HOP = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d(?:\.\d+)?Z")
lock = threading.Lock()
state = {"seen": None, "rules": [], "taken": {}}


def reread():
    stat = os.stat(RULES)
    seen = (stat.st_mtime_ns, stat.st_ino)
    if seen != state["seen"]:
        with open(RULES, encoding="utf-8") as f:
            state.update(seen=seen, rules=json.load(f), taken={})


def rule_for(method, path):
    with lock:
        reread()
        for number, rule in enumerate(state["rules"]):
            if not re.fullmatch(rule.get("method", ".*"), method) or not re.search(rule.get("path", ""), path):
                continue
            taken = state["taken"][number] = state["taken"].get(number, 0) + 1
            skip = rule.get("skip", 0)
            if skip < taken <= skip + rule.get("count", 1 << 30):
                return rule
    return {}


def moved(text, hours):
    """Every stamp in it, later by so many hours, in the form that it has."""
    def one(match):
        colon = "%3A" if "%3A" in match[0] else ":"
        plain = match[0].replace("%3A", ":").rstrip("Z")
        whole, dot, fraction = plain.partition(".")
        then = datetime.datetime.fromisoformat(whole) + datetime.timedelta(hours=hours)
        return then.isoformat().replace(":", colon) + dot + fraction + "Z"
    try:
        return STAMP.sub(one, text)
    except OverflowError:
        return text


def asked_path(rule, path):
    """The path as the server is asked for it."""
    def offset(match):
        n = int(match[2])
        shift, swap = rule.get("shift"), rule.get("swap", [])
        if shift and n >= shift["from"]:
            n += shift["by"]
        elif n in swap:
            n = swap[1 - swap.index(n)]
        return match[1] + str(n)
    path = re.sub(r"([?&]offset=)(\d+)", offset, path)
    return moved(path, -rule["stamp"]) if rule.get("stamp") else path


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, rule, at, status):
        what = [k for k in ("fault", "delay", "shift", "swap", "date", "stamp") if k in rule]
        fault = rule["fault"] if "fault" in rule else " ".join(what)
        line = {"at": at, "method": self.command, "path": self.path, "fault": fault, "status": status}
        with lock, open(LOG, "a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")

    def ask(self, rule, body):
        """What the server itself says: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        connection.request(self.command, asked_path(rule, self.path), body, headers)
        answer = connection.getresponse()
        data = answer.read()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP]
        connection.close()
        if rule.get("stamp"):
            data = moved(data.decode(), rule["stamp"]).encode()
        return answer.status, kept, data

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def give(self, rule, status, headers, data):
        fault, length = rule.get("fault"), len(data)
        if fault == "utf8":
            data = data.replace(b'":"', b'":"\xff\xfe', 1)
            length = len(data)
        elif fault == "bomb":
            data = gzip.compress(b" " * (rule["mb"] << 20) + data)
            headers, length = headers + [("Content-Encoding", "gzip")], len(data)
        elif fault == "cut":
            data = data[:length // 2]
        elif fault == "length":
            length += rule["by"]
        self.send_response_only(status)
        if rule.get("date"):
            headers = [(k, v) for k, v in headers if k.lower() != "date"]
            self.send_header("Date", email.utils.formatdate(time.time() + rule["date"] * 3600, usegmt=True))
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
        if fault in ("cut", "length"):
            self.close_connection = True

    def serve(self):
        at = time.time_ns() // 1000000
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        rule = rule_for(self.command, self.path)
        fault = rule.get("fault")
        time.sleep(rule.get("delay", 0))
        answered = fault == "answer" and not rule.get("executed")
        status, headers, data = None, [], b""
        if fault not in ("stall", "reset") and not answered:
            status, headers, data = self.ask(rule, body)
        self.note(rule, at, status)
        if fault == "stall":
            threading.Event().wait()
        if fault in ("reset", "lost"):
            return self.reset()
        if fault == "answer":
            status, data = rule["status"], rule.get("text", "{}").encode()
            headers = [("Content-Type", "application/json"), *rule.get("headers", {}).items()]
        return self.give(rule, status, headers, data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_PROPFIND = do_REPORT = serve

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
