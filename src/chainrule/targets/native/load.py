"""Machine code put where the processor may run it: written first, then made executable and no longer writeable."""

from __future__ import annotations

import ctypes
import mmap

_READ_AND_RUN = 1 | 4  # PROT_READ and PROT_EXEC


class Loaded:
    """Code in memory, alive as long as this object is, and where in it functions begin."""

    __slots__ = ("_begin", "_functions", "_pages")

    def __init__(self, code: bytes, functions: dict[str, int]) -> None:
        """Raises OSError where a process may not make code: the caller can have it compiled instead."""
        self._functions = functions
        kind, access = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE
        self._pages = mmap.mmap(-1, max(1, len(code)), flags=kind, prot=access)
        self._pages.write(code)
        self._begin = ctypes.c_char.from_buffer(self._pages)  # keeps the pages, too
        size = -(-len(self._pages) // mmap.PAGESIZE) * mmap.PAGESIZE
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        if protect(ctypes.c_void_p(ctypes.addressof(self._begin)), ctypes.c_size_t(size), _READ_AND_RUN):
            raise OSError(ctypes.get_errno(), "mprotect")

    def address(self, name: str) -> int:
        """Where a function begins."""
        return ctypes.addressof(self._begin) + self._functions[name]
