"""Linked code on disk and back: each under the key of all that it was made from."""

from __future__ import annotations

from chainrule.targets.native.load import Loaded
from chainrule.targets.native.store import read, write


def keep_code(key: str, code: bytes, functions: dict[str, int]) -> None:
    """Keep linked code, if there is a place for it."""
    names = "".join([f"{name} {begin}\n" for name, begin in functions.items()]).encode()
    write(key, len(names).to_bytes(4, "little") + names + code)


def kept_code(key: str) -> Loaded | None:
    """The code that is kept under a key, ready to run; None if there is none."""
    data = read(key)
    if data is None:
        return None
    begin = 4 + int.from_bytes(data[:4], "little")
    pairs = [line.split(" ") for line in data[4:begin].decode().splitlines()]
    try:
        return Loaded(data[begin:], {name: int(place) for name, place in pairs})
    except OSError:  # code may not be made here
        return None
