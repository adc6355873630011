#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the AWS signatures (version 4) of the requests that server.py has logged. Python's standard library only.

    sigv4.py LOG SECRET

Exit code 1, and the request, when one is wrong or when there is none.
"""
import hashlib
import hmac
import json
import re
import sys

log, secret = sys.argv[1], sys.argv[2]


def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def right(request):
    headers = request["headers"]
    found = re.match(r"AWS4-HMAC-SHA256 Credential=[^/]+/(\S+), SignedHeaders=(\S+), Signature=(\w+)$",
                     headers.get("authorization", ""))
    if not found:
        return False
    scope, names, signature = found.groups()
    path, _, query = request["path"].partition("?")
    lines = [f"{name}:{' '.join(headers.get(name, '(not sent)').split())}\n" for name in names.split(";")]
    canonical = "\n".join([request["method"], path, "&".join(sorted(query.split("&"))), "".join(lines), names,
                           headers["x-amz-content-sha256"]])
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = keyed(key, part)
    return hmac.compare_digest(keyed(key, text).hex(), signature)


with open(log, encoding="utf-8") as lines:
    requests = [json.loads(line) for line in lines]
wrong = [request for request in requests if not right(request)]
for request in wrong:
    print(f"# wrongly signed: {request['method']} {request['path']} {request['headers']}")
sys.exit(bool(wrong) or not requests)
