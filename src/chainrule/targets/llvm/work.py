"""What machine code does for a call, whatever it was made from: numbers in, numbers out, one after the other."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from chainrule.dataclasses import dataclass

CALL: Final = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)  # a foreign call releases the GIL
WITHOUT_RELEASE: Final = ctypes.PYFUNCTYPE(None, *[ctypes.c_void_p] * 3)  # for memory that an entry works in as well


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """`void (context, given, results)` at an address; `kept` is what has to live as long as it may be called."""

    address: int
    context: int
    text: str
    kept: tuple[Any, ...]
