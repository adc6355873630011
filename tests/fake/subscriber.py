#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody whom seamfs tells of changes: checks each message's signature (Standard Webhooks) and writes it down.

    subscriber.py PORT SECRET LOG

LOG gets one JSON line a message: {"id", "good", "body"}. While a file LOG.status is there, its content is the status that is answered,
and nothing is taken as received; with a word behind it, only messages with
that word are answered so. Written from the specification, not from seamfs: standardwebhooks.com.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import time

port, secret, log = sys.argv[1:4]
key = base64.b64decode(secret.removeprefix("whsec_"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        want = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        given = [part.partition(",")[2] for part in self.headers["webhook-signature"].split(" ") if part.startswith("v1,")]
        good = base64.b64encode(want).decode() in given and abs(time.time() - int(stamp)) < 60
        status = 204
        if os.path.exists(log + ".status"):
            with open(log + ".status", encoding="ascii") as f:
                answer, _, word = f.read().strip().partition(" ")
            status = int(answer) if word.encode() in body else 204
        with open(log if status == 204 else log + ".refused", "a", encoding="utf-8") as f:
            print(json.dumps({"id": name, "good": good, "body": json.loads(body)}), file=f)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
