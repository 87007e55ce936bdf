"""An object file as one piece of code that runs wherever it lies, if it needs nothing from outside of itself.

Only what LLVM writes for a kernel is understood, ELF for x86-64 with distances of 32 bits; all else gives None.
"""

from __future__ import annotations

from struct import Struct, error
from typing import Final

from chainrule.dataclasses import dataclass

_HEADER: Final = Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = Struct("<IIQQQQIIQQ")
_SYMBOL: Final = Struct("<IBBHQQ")
_RELOCATION: Final = Struct("<QQq")
_DISTANCE: Final = Struct("<i")
_OBJECT, _X86_64 = 1, 62
_SYMBOLS, _RELOCATIONS, _EMPTY = 2, 4, 8  # types of sections
_WRITTEN, _LOADED = 1, 2  # flags of sections
_REACHED = (2, 4)  # R_X86_64_PC32 and PLT32: how far it is from here
_GLOBAL_FUNCTION = 1 << 4 | 2
_LARGEST = 1 << 30  # bytes, so that every distance fits


@dataclass(frozen=True, slots=True)
class Image:
    """Code that runs wherever it is put on whole pages, and where in it functions begin."""

    code: bytes
    functions: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Section:
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int

    def of(self, found: bytes) -> bytes:
        """The content."""
        return found[self.offset : self.offset + self.size]


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: int
    info: int
    other: int
    section: int
    value: int
    size: int


def link(found: bytes) -> Image | None:
    """The code of an object file; None if it is none for x86-64, calls something outside, or has variables.

    >>> link(b"no object file") is None
    True
    """
    try:
        return _link(found)
    except (error, IndexError, ValueError):  # not a whole object file
        return None


def _link(found: bytes) -> Image | None:
    head = _HEADER.unpack_from(found)
    if head[0][:6] != b"\x7fELF\2\1" or head[1:3] != (_OBJECT, _X86_64):
        return None
    sections = [_Section(*_SECTION.unpack_from(found, head[6] + k * _SECTION.size)) for k in range(head[12])]
    code, places = bytearray(), dict[int, int]()
    for number, one in enumerate(sections):
        if one.flags & _LOADED and one.size:
            if one.flags & _WRITTEN or one.type == _EMPTY or len(code) + one.size > _LARGEST:
                return None
            code += bytes(-len(code) % max(1, one.align))
            places[number] = len(code)
            code += one.of(found)
    (table,) = [one for one in sections if one.type == _SYMBOLS]
    symbols = [_Symbol(*entry) for entry in _SYMBOL.iter_unpack(table.of(found))]
    for one in sections:
        if one.type != _RELOCATIONS or one.info not in places:
            continue
        for offset, info, addend in _RELOCATION.iter_unpack(one.of(found)):
            target, here = symbols[info >> 32], places[one.info] + offset
            if info & 0xFFFFFFFF not in _REACHED or target.section not in places:
                return None
            _DISTANCE.pack_into(code, here, places[target.section] + target.value + addend - here)
    names, functions = sections[table.link].of(found), dict[str, int]()
    for symbol in symbols:
        if symbol.info == _GLOBAL_FUNCTION and symbol.section in places:
            name = names[symbol.name : names.index(b"\0", symbol.name)].decode("ascii")
            functions[name] = places[symbol.section] + symbol.value
    return Image(bytes(code), functions)
