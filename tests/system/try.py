#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Change a file the way a program does and print the errno's name of the call that failed, or "ok".

    try.py HOW FILE < text

HOW: write (truncate, one write, close), pieces (truncate, many small writes, close), rename (a temporary file beside it, fsync,
os.replace), sync (truncate, one write, fsync, close), over (open without truncating, write, truncate to length, close), new (must not exist yet), append.
"""
import errno
import os
import sys

how, path = sys.argv[1:3]
text = sys.stdin.buffer.read()


def put(name, flags, size):
    fd = os.open(name, flags, 0o644)
    try:
        for i in range(0, len(text), size):
            os.write(fd, text[i:i + size])
        if how == "over":
            os.ftruncate(fd, len(text))
        if how in ("rename", "sync"):
            os.fsync(fd)
    finally:
        os.close(fd)  # its error counts


try:
    if how == "rename":
        put(path + ".tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 1 << 20)
        os.replace(path + ".tmp", path)
    elif how == "over":
        put(path, os.O_RDWR, 7)
    elif how == "new":
        put(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 1 << 20)
    elif how == "append":
        put(path, os.O_WRONLY | os.O_APPEND, 1 << 20)
    else:
        put(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 7 if how == "pieces" else 1 << 20)
    print("ok")
except OSError as e:
    print(errno.errorcode[e.errno])
