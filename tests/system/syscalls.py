#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""System calls on every kind of place in a mount, as a table: a row is what is called, and the errno or the effect that it has to
have.

    syscalls.py MOUNT INVOICE      (INVOICE: a record's name in invoices/, a draft; the client of it is called "Tamarind Marine B.V")

Prints one line a row: text, tab, what came, tab, what was wanted. The rows go from top to bottom: some use what others made.
"""
import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import stat
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # ENOTSUP is the same number
os.chdir(sys.argv[1])
NAME = sys.argv[2]
REC = f"invoices/{NAME}.json"
CLIENT = "clients/Tamarind Marine B.V"
VIEW = f"invoices/by/status/draft/{NAME}.json"
DOC = "documents/Work/doc.txt"
NOTE = "invoices/note.txt"
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
O_TMPFILE = 0o20000000 | os.O_DIRECTORY
KEEP_SIZE, PUNCH_HOLE = 1, 2
RW = os.O_RDWR


def row(text, want, call, *args):
    """CALL has to raise the errno WANT, or to return it; None is "ok"."""
    try:
        got = call(*args)
        got = "ok" if got is None else str(got)
    except OSError as e:
        got = NAMES.get(e.errno, str(e.errno))
    print(text, got, want, sep="\t", flush=True)


def raw(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")


def rename2(old, new, flags):
    raw(libc.renameat2(-100, old.encode(), -100, new.encode(), flags))


def opened(path, flags, call=lambda fd: None, mode=0o644):
    fd = os.open(path, flags, mode)
    try:
        result = call(fd)
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    return result


def fallocate(mode, size):
    return lambda fd: raw(libc.fallocate(fd, mode, ctypes.c_long(0), ctypes.c_long(size)))


def put(path, text):
    with open(path, "wb") as f:
        f.write(text)


def get(path):
    with open(path, "rb") as f:
        return f.read()


def same(path, call):
    """CALL leaves the file's bytes as they are: what CALL does, and whether that is so."""
    before = get(path)
    try:
        call()
        result = "ok"
    except OSError as e:
        result = NAMES[e.errno]
    return result + (" unchanged" if get(path) == before and os.stat(path).st_size == len(before) else " changed")


def child(call):
    """CALL in a process of its own: the errno it raised, or ok."""
    pid = os.fork()
    if pid == 0:
        try:
            call()
            os._exit(0)
        except OSError as e:
            os._exit(e.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return NAMES[code] if code else "ok"


os.mkdir("documents/Work")
put(DOC, b"document\n")
put("documents/Work/other.txt", b"other\n")
put(NOTE, b"note\n")
put("invoices/other.txt", b"other\n")
FILES = (("a record", REC), ("a document", DOC), ("a local file", NOTE))
GENERATED = (("README.md", "README.md"), (".seam/status", ".seam/status"), ("a schema", ".seam/schema/invoice.json"))
DIRS = (("the root", "."), ("a collection", "invoices"), ("a client's folder", CLIENT), ("documents/", "documents"),
        ("a folder of documents", "documents/Work"), (".seam", ".seam"), ("by/", "invoices/by"),
        ("a folder of a view", "invoices/by/status/draft"))
FIXED = tuple(d for d in DIRS if d[1] in (".", ".seam", "invoices/by", "invoices/by/status/draft"))

# ---- open

for what, path in FILES:
    row(f"open O_CREAT|O_EXCL of {what} that is there", "EEXIST", opened, path, RW | os.O_CREAT | os.O_EXCL)
    row(f"open O_DIRECTORY of {what}", "ENOTDIR", opened, path, os.O_RDONLY | os.O_DIRECTORY)
    row(f"open O_NOFOLLOW of {what}", "ok", opened, path, os.O_RDONLY | os.O_NOFOLLOW)
    row(f"open O_PATH of {what}, fstat", True, opened, path, os.O_PATH, lambda fd: stat.S_ISREG(os.fstat(fd).st_mode))
    row(f"a name below {what}", "ENOTDIR", os.stat, path + "/x")
    row(f"{what} with a slash behind it", "ENOTDIR", os.stat, path + "/")
    row(f"open to write and close, {what}", "ok unchanged", same, path, lambda path=path: opened(path, RW))
    row(f"write to a descriptor that only reads, {what}", "EBADF", opened, path, os.O_RDONLY, lambda fd: os.write(fd, b"x"))
    row(f"read from a descriptor that only writes, {what}", "EBADF", opened, path, os.O_WRONLY | os.O_APPEND, lambda fd: os.read(fd, 1))
    row(f"O_DIRECT is granted or refused as such, {what}", True, lambda path=path: child(
        lambda: opened(path, os.O_RDONLY | os.O_DIRECT)) in ("ok", "EINVAL"))
for what, path in DIRS:
    row(f"open {what} to write", "EISDIR", opened, path, os.O_WRONLY)
    row(f"open {what} O_DIRECTORY", "ok", opened, path, os.O_RDONLY | os.O_DIRECTORY)
    row(f"fsync of {what}", "ok", opened, path, os.O_RDONLY | os.O_DIRECTORY, os.fsync)
    row(f"open O_TMPFILE in {what}", "EOPNOTSUPP", opened, path, RW | O_TMPFILE)
    row(f"read of {what}", "EISDIR", opened, path, os.O_RDONLY, lambda fd: os.read(fd, 1))
    row(f"a name of 256 bytes in {what}", "ENAMETOOLONG", os.stat, path + "/" + "n" * 256)
    row(f"a name that is not there in {what}", "ENOENT", os.stat, path + "/there-is-none")
    row(f"open a name that is not there in {what}", "ENOENT", opened, path + "/there-is-none", os.O_RDONLY)
    row(f"unlink of {what}", "EISDIR", os.unlink, "../" + os.path.basename(os.getcwd()) if path == "." else path)
for what, path in FIXED:
    row(f"create a file in {what}", "EPERM", opened, path + "/new.txt", RW | os.O_CREAT)
    row(f"mkdir in {what}", "EPERM", os.mkdir, path + "/new")
    row(f"symlink in {what}", "EPERM", os.symlink, "x", path + "/new")
for what, path in GENERATED:
    row(f"open {what} to write", "EACCES", opened, path, os.O_WRONLY)
    row(f"open {what} O_TRUNC", "EACCES", opened, path, os.O_WRONLY | os.O_TRUNC)
    row(f"truncate {what}", "EACCES", os.truncate, path, 0)
    row(f"unlink {what}", "EPERM", os.unlink, path)
    row(f"rename {what}", "EPERM", os.rename, path, path + ".old")
    row(f"{what} is still there, with its size as it is read", True, lambda path=path: len(get(path)) > 20)
row("open a view's link O_NOFOLLOW", "ELOOP", opened, VIEW, os.O_RDONLY | os.O_NOFOLLOW)
row("readlink of a view's link", f"../../../{NAME}.json", os.readlink, VIEW)
row("readlink of a record", "EINVAL", os.readlink, REC)
row("stat through a view's link is the record", True, lambda: os.stat(VIEW).st_ino == os.stat(REC).st_ino)
row("open O_TRUNC of a record without a write", "ok unchanged", same, REC, lambda: opened(REC, os.O_WRONLY | os.O_TRUNC))
row("open O_TRUNC of a local file without a write empties it", 0, lambda: opened("invoices/other.txt", os.O_WRONLY | os.O_TRUNC) or os.stat("invoices/other.txt").st_size)
row("open O_TRUNC of a document without a write empties it", 0, lambda: opened("documents/Work/other.txt", os.O_WRONLY | os.O_TRUNC) or os.stat("documents/Work/other.txt").st_size)
row("the mode of a new local file", oct(0o640), lambda: opened("invoices/mode.txt", RW | os.O_CREAT, mode=0o640) or oct(os.stat("invoices/mode.txt").st_mode & 0o777))
row("O_CREAT|O_EXCL of a new local file", "ok", opened, "invoices/excl.txt", RW | os.O_CREAT | os.O_EXCL)
row("O_CREAT|O_EXCL once more", "EEXIST", opened, "invoices/excl.txt", RW | os.O_CREAT | os.O_EXCL)
row("a name of 255 bytes for a local file", "ok", opened, "invoices/" + "n" * 255, RW | os.O_CREAT)
row("a name of 256 bytes for a local file", "ENAMETOOLONG", opened, "invoices/" + "n" * 256, RW | os.O_CREAT)
row("a path of more than 4096 bytes", "ENAMETOOLONG", os.stat, "invoices/../" * 400 + REC)
for name in (".", ".."):
    row(f"mkdir of \"{name}\"", "EEXIST", os.mkdir, f"invoices/{name}")

# ---- reading, writing, seeking

for what, path in (("a document", DOC), ("a local file", NOTE)):
    put(path, b"0123456789")
    row(f"a seek behind the end and a write: zeros between, {what}", b"0123456789\0\0x",
        lambda: opened(path, RW, lambda fd: os.pwrite(fd, b"x", 12)) and get(path))
    row(f"a seek behind the end alone changes nothing, {what}", "ok unchanged", same, path, lambda: opened(path, RW, lambda fd: os.lseek(fd, 999, os.SEEK_SET)))
    row(f"read behind the end, {what}", b"", opened, path, os.O_RDONLY, lambda fd: os.pread(fd, 9, 999))
    row(f"lseek to the end, {what}", 13, opened, path, os.O_RDONLY, lambda fd: os.lseek(fd, 0, os.SEEK_END))
    row(f"lseek before the begin, {what}", "EINVAL", opened, path, os.O_RDONLY, lambda fd: os.lseek(fd, -1, os.SEEK_SET))
    row(f"lseek SEEK_DATA, {what}", 3, opened, path, os.O_RDONLY, lambda fd: os.lseek(fd, 3, os.SEEK_DATA))
    row(f"lseek SEEK_HOLE, {what}", 13, opened, path, os.O_RDONLY, lambda fd: os.lseek(fd, 3, os.SEEK_HOLE))
    row(f"O_APPEND writes at the end wherever it stands, {what}", b"0123456789\0\0xyz",
        lambda: opened(path, os.O_WRONLY | os.O_APPEND, lambda fd: (os.lseek(fd, 0, 0), os.write(fd, b"yz"))) and get(path))
    row(f"truncate to less, {what}", b"01234", lambda: put(path, b"0123456789") or os.truncate(path, 5) or get(path))
    row(f"truncate to more, {what}", b"012\0\0", lambda: put(path, b"012") or os.truncate(path, 5) or get(path))
    row(f"truncate to nothing, {what}", b"", lambda: put(path, b"012") or os.truncate(path, 0) or get(path))
    row(f"ftruncate to more, {what}", b"012\0\0", lambda: put(path, b"012") or opened(path, RW, lambda fd: os.ftruncate(fd, 5)) or get(path))
    row(f"ftruncate to nothing, {what}", b"", lambda: put(path, b"012") or opened(path, RW, lambda fd: os.ftruncate(fd, 0)) or get(path))
    row(f"ftruncate to less, {what}", b"01", lambda: put(path, b"012") or opened(path, RW, lambda fd: os.ftruncate(fd, 2)) or get(path))
    row(f"ftruncate of a descriptor that reads, {what}", "EINVAL", opened, path, os.O_RDONLY, lambda fd: os.ftruncate(fd, 0))
    row(f"truncate to a negative size, {what}", "EINVAL", os.truncate, path, -1)
    row(f"fallocate, {what}", "EOPNOTSUPP", opened, path, RW, fallocate(0, 100))
    row(f"fallocate punching a hole, {what}", "EOPNOTSUPP", opened, path, RW, fallocate(KEEP_SIZE | PUNCH_HOLE, 100))
    row(f"posix_fallocate, {what}", 100, lambda: opened(path, RW, lambda fd: os.posix_fallocate(fd, 0, 100)) or os.stat(path).st_size)
    row(f"copy_file_range, {what}", b"note", lambda: put("invoices/from.txt", b"note") or opened(
        "invoices/from.txt", os.O_RDONLY, lambda a: opened(path, os.O_WRONLY | os.O_TRUNC, lambda b: subprocess.run(["cat"], stdin=a, stdout=b, check=True) and None)) or get(path))
    row(f"fsync and fdatasync, {what}", "ok", opened, path, RW, lambda fd: (os.write(fd, b"n"), os.fsync(fd), os.fdatasync(fd)) and None)
row("truncate of a record to nothing changes nothing", "ok unchanged", same, REC, lambda: os.truncate(REC, 0))
row("truncate of a record to some bytes is no document", "EINVAL unchanged", same, REC, lambda: os.truncate(REC, 9))
row("ftruncate of a record to some bytes is no document", "EINVAL unchanged", same, REC, lambda: opened(REC, RW, lambda fd: os.ftruncate(fd, 9)))
row("a record that grows by zeros is no document", "EINVAL unchanged", same, REC, lambda: opened(REC, RW, lambda fd: os.ftruncate(fd, 5000)))
row("a write behind a record's end leaves zeros: no document", "EINVAL unchanged", same, REC, lambda: opened(REC, RW, lambda fd: os.pwrite(fd, b"\n", 5000) and None))
row("a line end appended to a record", "ok changed", same, REC, lambda: opened(REC, os.O_WRONLY | os.O_APPEND, lambda fd: os.write(fd, b"\n") and None))
row("fallocate of a record", "EOPNOTSUPP", opened, REC, RW, fallocate(0, 5000))
row("a record of more than 1 MiB", "EFBIG unchanged", same, REC, lambda: opened(REC, os.O_WRONLY | os.O_TRUNC, lambda fd: [os.write(fd, b" " * 65536) for _ in range(17)] and None))
row("a local file of more than 64 MiB", "EFBIG", opened, "invoices/huge.bin", RW | os.O_CREAT, lambda fd: os.pwrite(fd, b"x", 64 << 20))
row("fsync and fdatasync of a record", "ok", opened, REC, RW, lambda fd: (os.fsync(fd), os.fdatasync(fd)) and None)


# ---- several descriptors of one file

def patched(text, old, new):
    assert old in text
    return text.replace(old, new)


def own_unsaved():
    """What one descriptor has written and not saved, another reads."""
    fd = os.open(REC, RW)
    text = patched(os.read(fd, 99999), b'"notes": "zero"', b'"notes": "mine"')
    os.pwrite(fd, text, 0)
    seen = b'"mine"' in get(REC)
    os.close(fd)
    return seen, b'"mine"' in get(REC)


def dup_in_child():
    """A child's close of what it inherited is not the end of the writing: half a record is no refusal."""
    fd = os.open(REC, os.O_WRONLY | os.O_TRUNC)
    text = get_text('"mine"', '"dup"')
    os.write(fd, text[:40])
    first = child(lambda: os.close(fd))
    other = child(lambda: os.close(os.dup(fd)))
    os.write(fd, text[40:])
    os.close(fd)
    return first, other, b'"dup"' in get(REC)


TEXT = None


def get_text(old, new):
    global TEXT
    TEXT = patched(TEXT, old.encode(), new.encode())
    return TEXT


def dup_here():
    """In the writer's own process a closed duplicate is a save; the other descriptor goes on."""
    fd = os.open(REC, RW)
    os.ftruncate(fd, 0)
    os.pwrite(fd, get_text('"dup"', '"dup one"'), 0)
    os.close(os.dup(fd))
    first = b'"dup one"' in get(REC)
    os.ftruncate(fd, 0)
    os.pwrite(fd, get_text('"dup one"', '"dup two"'), 0)
    os.close(fd)
    return first, b'"dup two"' in get(REC)


def two_writers():
    """Each saves what it changed; the text is whole all the time."""
    a, b = os.open(REC, RW), os.open(REC, RW)
    os.ftruncate(a, 0)
    os.pwrite(a, get_text('"dup two"', '"writer a"'), 0)
    os.close(a)
    middle = b'"writer a"' in get(REC)
    os.ftruncate(b, 0)
    os.pwrite(b, get_text('"writer a"', '"writer b"'), 0)
    os.close(b)
    return middle, b'"writer b"' in get(REC)


def nothing_new():
    """A text that changes nothing, while somebody looks at the file: read at once after, it is the record's own, and all of it."""
    torn, looker = 0, os.fork()
    while looker == 0:
        os.stat(REC)
    for _ in range(500):
        opened(REC, os.O_WRONLY | os.O_TRUNC, lambda fd: os.write(fd, b"{}\n"))
        torn += b'"writer b"' not in get(REC)
    os.kill(looker, signal.SIGKILL)
    os.waitpid(looker, 0)
    return torn


def mapped(path, flags):
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, flags=flags, prot=mmap.PROT_READ) as m:
        return m[:] == get(path)


def map_to_write(path):
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as m:
        m[0:1] = b"#"
        return m[0:1] == b"#" and get(path)[0:1] != b"#"


row("unsaved bytes of one descriptor are read by another", (True, True), own_unsaved)
TEXT = get(REC)
row("a child that closes an inherited descriptor saves nothing", ("ok", "ok", True), dup_in_child)
row("a duplicate closed by the writer saves", (True, True), dup_here)
row("two writers, one after the other", (True, True), two_writers)
row("a text that changes nothing is not seen", 0, nothing_new)
for what, path in FILES:
    row(f"mmap MAP_SHARED to read, {what}", True, mapped, path, mmap.MAP_SHARED)
    row(f"mmap MAP_PRIVATE to read, {what}", True, mapped, path, mmap.MAP_PRIVATE)
    row(f"mmap MAP_PRIVATE to write stays private, {what}", True, map_to_write, path)
    row(f"flock, and not twice, {what}", "EAGAIN", lambda path=path: opened(path, RW, lambda a: fcntl.flock(a, fcntl.LOCK_EX) or opened(
        path, RW, lambda b: fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB))))
    row(f"flock is free again, {what}", "ok", opened, path, RW, lambda fd: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB))
    row(f"fcntl lock, and not by another process, {what}", "EAGAIN", lambda path=path: opened(path, RW, lambda a: fcntl.lockf(
        a, fcntl.LOCK_EX) or child(lambda: opened(path, RW, lambda b: fcntl.lockf(b, fcntl.LOCK_EX | fcntl.LOCK_NB)))))

# ---- attributes

for what, path in FILES:
    row(f"chmod, {what}", "ok", os.chmod, path, 0o600)
    row(f"chown to oneself, {what}", "ok", os.chown, path, os.getuid(), os.getgid())
    row(f"utimensat, {what}", 1234567890, lambda path=path: os.utime(path, (1234567890, 1234567890)) or int(os.stat(path).st_mtime))
    row(f"futimens, {what}", 1234567891, lambda path=path: opened(path, RW, lambda fd: os.utime(fd, (1234567891, 1234567891))) or int(os.stat(path).st_mtime))
    row(f"futimens after a write is the last word, {what}", 1234567892, lambda path=path: opened(path, RW, lambda fd: (
        os.pwrite(fd, os.pread(fd, 1, 0), 0), os.utime(fd, (1234567892, 1234567892))) and None) or int(os.stat(path).st_mtime))
    row(f"utimensat with now, {what}", True, lambda path=path: os.utime(path) or os.stat(path).st_mtime > 1700000000)
    row(f"access to read and write, {what}", True, os.access, path, os.R_OK | os.W_OK)
    row(f"access to execute, {what}", False, os.access, path, os.X_OK)
    row(f"setxattr of a user's attribute, {what}", "EOPNOTSUPP", os.setxattr, path, "user.mine", b"x")
    row(f"setxattr of our own attribute, {what}", "EOPNOTSUPP", os.setxattr, path, "user.seam.state", b"x")
    row(f"getxattr that is not there, {what}", "ENODATA", os.getxattr, path, "user.mine")
    row(f"getxattr of an ACL, {what}", True, lambda path=path: child(lambda: os.getxattr(path, "system.posix_acl_access")) in ("ENODATA", "EOPNOTSUPP"))
    row(f"link, {what}", "EPERM", os.link, path, os.path.dirname(path) + "/hard.txt")
    row(f"nlink, {what}", 1, lambda path=path: os.stat(path).st_nlink)
for what, path in DIRS:
    row(f"statfs of {what} has room", True, lambda path=path: (lambda s: s.f_bavail > 0 and s.f_blocks > 0 and s.f_ffree > 0 and s.f_namemax == 255)(os.statvfs(path)))
    row(f"mknod of a fifo in {what}", "EPERM", os.mknod, path + "/fifo", stat.S_IFIFO | 0o644)
    row(f"mknod of a socket in {what}", "EPERM", lambda path=path: socket.socket(socket.AF_UNIX).bind(path + "/sock"))
    row(f"mknod of a device in {what}", "EPERM", os.mknod, path + "/null", stat.S_IFCHR | 0o644, os.makedev(1, 3))
    row(f"link into {what}", "EPERM", os.link, NOTE, path + "/hard.txt")
    row(f"chdir to {what}, and .. leads back", True, lambda path=path: os.path.samefile(path + "/..", os.path.dirname(os.path.abspath(path))))
row("mknod of a regular local file", "ok", os.mknod, "invoices/made.txt", stat.S_IFREG | 0o644)
row("mknod of what is there", "EEXIST", os.mknod, "invoices/made.txt", stat.S_IFREG | 0o644)

# ---- names

row("rename of a local file", "ok", os.rename, "invoices/made.txt", "invoices/made2.txt")
row("rename of what is not there", "ENOENT", os.rename, "invoices/made.txt", "invoices/made3.txt")
row("rename of a local file to itself", "ok", os.rename, "invoices/made2.txt", "invoices/made2.txt")
row("rename over another local file takes its place", b"made", lambda: put("invoices/made2.txt", b"made") or os.rename("invoices/made2.txt", "invoices/excl.txt") or get("invoices/excl.txt"))
row("rename over another: the old name is free", "ENOENT", os.stat, "invoices/made2.txt")
row("a local file in another collection", b"made", lambda: os.rename("invoices/excl.txt", "deals/excl.txt") or get("deals/excl.txt"))
row("a document does not go among records", "EXDEV", os.rename, DOC, "invoices/doc.txt")
row("a local file does not go among documents", "EXDEV", os.rename, NOTE, "documents/Work/note.txt")
row("a record does not go among documents", "EXDEV", os.rename, REC, "documents/Work/rec.json")
row("a record does not go to another type", "EXDEV", os.rename, REC, "deals/rec.json")
row("rename of a record to itself", "ok unchanged", same, REC, lambda: os.rename(REC, REC))
for what, a, b in (("records", REC, "invoices/OTHER.json"), ("documents", DOC, "documents/Work/other.txt"), ("local files", NOTE, "invoices/other.txt")):
    row(f"renameat2 NOREPLACE over another, {what}", "EEXIST", rename2, a, b, NOREPLACE)
    row(f"renameat2 EXCHANGE, {what}", "EINVAL", rename2, a, b, EXCHANGE)
    row(f"renameat2 WHITEOUT, {what}", "EINVAL", rename2, a, b, WHITEOUT)
    row(f"renameat2 with NOREPLACE and EXCHANGE, {what}", "EINVAL", rename2, a, b, NOREPLACE | EXCHANGE)
row("a record over another record", "EEXIST", os.rename, REC, "invoices/OTHER.json")
row("renameat2 NOREPLACE to a free name, a document", "ok", rename2, DOC, "documents/Work/doc2.txt", NOREPLACE)
row("a document over another takes its place", b"nocument", lambda: put("documents/Work/doc2.txt", b"nocument") or os.rename("documents/Work/doc2.txt", DOC) or get(DOC))
row("a folder over a document", "ENOTDIR", lambda: os.mkdir("documents/Work/a") or os.rename("documents/Work/a", DOC))
row("a document over a folder", "EISDIR", os.rename, DOC, "documents/Work/a")
row("a local file over a client's folder", "EISDIR", lambda: put("clients/x.txt", b"x") or os.rename("clients/x.txt", CLIENT))
row("a client's folder over a local file", "ENOTDIR", os.rename, CLIENT, "clients/x.txt")
row("a folder of documents into itself", "EINVAL", os.rename, "documents/Work/a", "documents/Work/a/b")
row("a client's folder into itself", "EINVAL", os.rename, CLIENT, CLIENT + "/x")
row("a client's folder over another", "EEXIST", os.rename, CLIENT, "clients/Greenfield Dental B.V")
row("a folder over a folder that is not empty", "ENOTEMPTY", lambda: (os.mkdir("documents/Work/b"), put("documents/Work/b/x", b"")) and os.rename("documents/Work/a", "documents/Work/b"))
row("a folder over an empty folder", True, lambda: os.rename("documents/Work/b", "documents/Work/a") or os.path.exists("documents/Work/a/x"))
for what, path in FIXED[1:]:
    row(f"rename of {what}", "EPERM", os.rename, path, path + "2")
    row(f"rmdir of {what}", "EPERM", os.rmdir, path)
row("rename of a collection", "EPERM", os.rename, "invoices", "bills")
row("rmdir of a collection", "EPERM", os.rmdir, "invoices")
row("rmdir of documents/", "EPERM", os.rmdir, "documents")
row("rmdir of a folder of documents that is not empty", "ENOTEMPTY", os.rmdir, "documents/Work/a")
row("rmdir of a client's folder that is not empty", "ENOTEMPTY", os.rmdir, CLIENT)
row("rmdir of a document", "ENOTDIR", os.rmdir, DOC)
row("rmdir of a record", "ENOTDIR", os.rmdir, REC)
row("rmdir of a local file", "ENOTDIR", os.rmdir, NOTE)
row("rmdir of what is not there", "ENOENT", os.rmdir, "invoices/nothing")
row("rmdir of \".\"", "EINVAL", os.rmdir, "documents/Work/a/.")
row("rmdir of \"..\"", "ENOTEMPTY", os.rmdir, "documents/Work/a/..")
row("unlink and rmdir of documents", "ok", lambda: os.unlink("documents/Work/a/x") or os.rmdir("documents/Work/a"))
row("unlink of what is not there", "ENOENT", os.unlink, "invoices/nothing")
row("unlink of a view's link", "EPERM", os.unlink, VIEW)
row("a view's link to another field", "EXDEV", os.rename, VIEW, f"invoices/by/month/{os.listdir('invoices/by/month')[0]}/{NAME}.json")
row("a view's link into a collection", "EXDEV", os.rename, VIEW, f"deals/{NAME}.json")
row("a view's link to itself", "ok", os.rename, VIEW, VIEW)
row("mkdir of a collection that is there", "EEXIST", os.mkdir, "invoices")
row("mkdir of a client that is there", "EEXIST", os.mkdir, CLIENT)
row("mkdir of a record's name that is there", "EEXIST", os.mkdir, REC)
row("mkdir below a file", "ENOTDIR", os.mkdir, REC + "/x")
row("mkdir below what is not there", "ENOENT", os.mkdir, "documents/nothing/x")
for name in (".Trash-1000", ".git"):
    row(f"mkdir {name} in the root", "EPERM", os.mkdir, name)
row("symlink of a local name", "x.lock", lambda: os.symlink("x.lock", "invoices/.#lock") or os.readlink("invoices/.#lock"))
row("symlink over what is there", "EEXIST", os.symlink, "y", "invoices/.#lock")
row("lstat of a symlink has the length of its target", 6, lambda: os.lstat("invoices/.#lock").st_size)
row("open O_NOFOLLOW of a symlink", "ELOOP", opened, "invoices/.#lock", os.O_RDONLY | os.O_NOFOLLOW)
row("open of a dangling symlink", "ENOENT", opened, "invoices/.#lock", os.O_RDONLY)
row("rename of a symlink", "x.lock", lambda: os.rename("invoices/.#lock", "invoices/.#lock2") or os.readlink("invoices/.#lock2"))
row("unlink of a symlink", "ENOENT", lambda: os.unlink("invoices/.#lock2") or os.lstat("invoices/.#lock2"))
row("symlink with a record's name", "EPERM", os.symlink, "x", "invoices/link.json")
row("symlink among documents", "EPERM", os.symlink, "/etc/passwd", "documents/Work/link")
row("an open document that is removed can be read on", b"nocument", opened, DOC, os.O_RDONLY, lambda fd: os.unlink(DOC) or os.read(fd, 99))
row("an open local file that is removed can be read on", b"gone", lambda: put("invoices/gone.txt", b"gone") or opened(
    "invoices/gone.txt", RW, lambda fd: os.unlink("invoices/gone.txt") or os.pread(fd, 99, 0)))
row("and is gone", "ENOENT", os.stat, "invoices/gone.txt")

# ---- folders as lists

for what, path in DIRS:
    row(f"every name in {what} is there, once", True, lambda path=path: (lambda names: len(names) == len(set(names)) and all(
        os.path.lexists(path + "/" + n) for n in names))(os.listdir(path)))
    row(f"the kinds that {what} lists are those of lstat", True, lambda path=path: all(
        e.is_symlink() == os.path.islink(e.path) and e.is_dir(follow_symlinks=False) == stat.S_ISDIR(os.lstat(e.path).st_mode) and
        e.inode() == os.lstat(e.path).st_ino for e in os.scandir(path)))
