"""Kernels on disk: a folder that only its owner can write to, with files that are checked whole before they are used.

Whatever goes wrong here - no folder, no room, a file that was cut off or changed - is as if nothing had been kept.
CHAINRULE_CACHE names another folder, and 0 switches the cache off.
"""

from __future__ import annotations

import os
import stat
import time

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL, which takes longer than all else here
except ImportError:
    from hashlib import blake2b

MAGIC = b"chainrule kept 1\n"
MOST = 128 << 20  # bytes of the folder; beyond, what was not used for longest goes
_CHECK = 32  # bytes of the checksum
_SUFFIX, _UNFINISHED = ".kept", ".part"
_STALE = 600  # seconds after which an unfinished file was left by a process that is no more
_DAY = 86_400


def key_of(*parts: bytes | str) -> str:
    """The name under which something is kept: a digest of all that it depends on."""
    digest = blake2b(digest_size=20)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def folder() -> str | None:
    """Where kernels are kept; None if they are not."""
    chosen = os.environ.get("CHAINRULE_CACHE", "")
    if chosen == "0" or not hasattr(os, "geteuid"):
        return None
    if chosen:
        return os.path.abspath(chosen)
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "chainrule") if os.path.isabs(home) else None


def read(key: str) -> bytes | None:
    """What is kept under a key, if it is there and whole."""
    where = folder()
    if where is None or not _is_mine(where):
        return None
    path = os.path.join(where, key + _SUFFIX)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or _is_open_to_others(about):
            return None
        data = _all_of(file, about.st_size)
        if time.time() - about.st_mtime > _DAY:
            os.utime(file)  # used today, so not the first to go
    except OSError:
        return None
    finally:
        os.close(file)
    begin = len(MAGIC) + _CHECK
    whole = data[: len(MAGIC)] == MAGIC and data[len(MAGIC) : begin] == _checksum(key, data[begin:])
    return data[begin:] if whole else None


def write(key: str, data: bytes) -> bool:
    """Keep something under a key, all of it or nothing; says whether it is kept."""
    where = folder()
    if where is None:
        return False
    try:
        if not os.path.isdir(where):
            os.makedirs(os.path.dirname(where), exist_ok=True)
            os.makedirs(where, mode=0o700, exist_ok=True)
        if not _is_mine(where):
            return False
        path = os.path.join(where, key + _SUFFIX)
        part = os.path.join(where, f"{key}.{os.getpid()}.{os.urandom(4).hex()}{_UNFINISHED}")
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                _put(file, MAGIC + _checksum(key, data) + data)
            finally:
                os.close(file)
            os.replace(part, path)  # at once: another process sees all of it, or what was there before
        except BaseException:
            os.unlink(part)
            raise
        _make_room(where)
    except OSError:
        return False
    return True


def _checksum(key: str, data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECK, key=key.encode()).digest()


def _all_of(file: int, size: int) -> bytes:
    parts = []
    while size > 0:
        part = os.read(file, size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _put(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _is_mine(where: str) -> bool:
    try:
        about = os.stat(where)
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and not _is_open_to_others(about)


def _is_open_to_others(about: os.stat_result) -> bool:
    """Whether somebody else could have put code here."""
    return about.st_uid != os.geteuid() or bool(about.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _make_room(where: str) -> None:
    """Remove what was left unfinished long ago, and the oldest files while all together are too large."""
    kept, now = [], time.time()
    with os.scandir(where) as files:
        for one in files:
            if one.name.endswith((_SUFFIX, _UNFINISHED)):
                about = one.stat(follow_symlinks=False)
                if one.name.endswith(_SUFFIX):
                    kept.append((about.st_mtime, about.st_size, one.path))
                elif now - about.st_mtime > _STALE:
                    _remove(one.path)
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= MOST:
            return
        _remove(path)
        total -= size


def _remove(path: str) -> None:
    try:  # noqa: SIM105 - contextlib takes long to load
        os.unlink(path)
    except OSError:  # somebody else was faster
        pass
