#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tool that misbehaves on command: an HTTP server on loopback that plays a script. Python's standard library only.

    server.py LOG < script.json

It prints its port, serves until its standard input closes, and writes every request to LOG, one JSON object a line, with 64 KiB of
its body at most. The script is one line, {"GET /items": [step, …], …}: the steps of a method and path ("GET *": of any other) are played in turn and
the last one again and again. A step:

    status, headers, json or text   the answer ($BASE in it becomes this server's address, $N how often the path was asked)
                                    a header with a list of values is sent once for each
    times                           how often this step is played, once when absent
    stream_mb                       that many MiB of blanks, never held as a whole
    length                          a false Content-Length
    gzip_mb                         that many MiB of blanks, gzipped
    wait                            seconds to think before it answers
    fault                           "reset" (after the request was read), "hang up" (no answer), "stall" (no answer, kept open)
"""
import gzip
import http.server
import json
import os
import socket
import struct
import sys
import threading
import time

script = json.loads(sys.stdin.readline())
played = {}
lock = threading.Lock()
log = open(sys.argv[1], "w", encoding="utf-8")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def step(self):
        key = f"{self.command} {self.path.split('?')[0]}"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))[:65536].decode(errors="replace")
        with lock:
            print(json.dumps({"method": self.command, "path": self.path, "body": body,
                              "headers": {k.lower(): v for k, v in self.headers.items()}}), file=log, flush=True)
            steps = script.get(key) or script.get(f"{self.command} *", [{"status": 404}])
            number = left = played[key] = played.get(key, 0) + 1
        for step in steps:
            left -= step.get("times", 1)
            if left <= 0:
                break
        return step, number

    def stream(self, size):
        self.send_response_only(200)
        self.send_header("Content-Length", str(size << 20))
        self.end_headers()
        for _ in range(size):
            self.wfile.write(b" " * (1 << 20))

    def answer(self, step, number):
        base = f"http://127.0.0.1:{self.server.server_port}"
        def filled(text):
            return text.replace("$BASE", base).replace("$N", str(number))

        headers = dict(step.get("headers", {}))
        data = filled(json.dumps(step["json"]) if "json" in step else step.get("text", "")).encode()
        if "gzip_mb" in step:
            data = gzip.compress(b" " * (step["gzip_mb"] << 20))
            headers["Content-Encoding"] = "gzip"
        self.send_response_only(step.get("status", 200))
        headers.setdefault("Date", self.date_time_string())
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, filled(one))
        if step.get("status") != 204 and "Content-Length" not in headers:
            self.send_header("Content-Length", str(step.get("length", len(data))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        if "length" in step:
            self.close_connection = True

    def serve(self):
        step, number = self.step()
        time.sleep(step.get("wait", 0))
        fault = step.get("fault")
        if fault == "stall":
            threading.Event().wait()
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault:
            self.close_connection = True
            self.connection.close()
            return
        if "stream_mb" in step:
            self.stream(step["stream_mb"])
        else:
            self.answer(step, number)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = serve
    do_PROPFIND = do_REPORT = do_MKCOL = do_MOVE = do_COPY = do_LOCK = do_UNLOCK = serve

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
os.write(1, f"{server.server_port}\n".encode())
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
