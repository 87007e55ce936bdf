"""Python functions that are machine code: called as C extensions are, in 50 ns where ctypes takes ten times as long.

The function object exists from the start and goes the general way, a Python function, until it is given work. Where
CPython's C functions cannot be called like this, the general way is all there is.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Any, Final

from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.entry_code import BYTES_AT, FUNCTIONS, Cell, Part, Signature, entry_text
from chainrule.targets.llvm.machine import Compiled, compile_text
from chainrule.targets.llvm.work import Work

MOST: Final = 4_096  # numbers in and out, which are put on the stack
_FASTCALL: Final = 0x0080  # METH_FASTCALL
Shape = tuple[int, ...]


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


class Entry:
    """`function` calls the work it was given last, and `general` for all arguments that this does not fit."""

    __slots__ = ("_alive", "_cell", "_dtype", "_given", "function")

    def __init__(self, general: Callable[..., Any], name: str, dtype: DType) -> None:
        self._dtype = dtype
        self._given: dict[tuple[int, int, int], Any] = {}
        self.function: Callable[..., Any] = general
        if not possible():
            return
        code, table = _code(dtype), _table(dtype)
        self._cell = Cell(None, id(general), ctypes.addressof(table))
        self.function = c_function(
            name, code.address("call"), _FASTCALL, self._cell, alive=(code, table, general, self._given)
        )

    def give(self, work: Work, arguments: Sequence[Shape | None], results: Sequence[Shape | None], form: int, *,
             release: bool) -> None:  # fmt: skip
        """Work for arguments of these shapes, None being a plain number; with `release`, other threads run meanwhile.

        Nothing changes if there is nothing to take, or more than fits the stack.
        """
        key = work.address, work.context, form
        sizes = [_size(shape) for shape in (*arguments, *results)]
        if not possible() or not arguments or not all(sizes) or sum(sizes) > MOST:
            return
        if key not in self._given:
            parts, kept = zip(*[_parts(shapes) for shapes in (arguments, results)], strict=True)
            signature = Signature(
                work.address, work.context, *[ctypes.addressof(one) for one in parts], 0 if release else -1,
                len(arguments), max(1, _total(arguments)), max(1, _total(results)), len(results), form,
            )  # fmt: skip
            self._given[key] = signature, parts, kept, work
        self._cell.signature = ctypes.addressof(self._given[key][0])


def c_function(
    name: str, address: int, flags: int, first: ctypes.Structure, *, alive: tuple[Any, ...]
) -> Callable[..., Any]:
    """A Python function that is the C function at an address.

    Its `self` is a tuple: where the `first` thing is that it reads, then all that must live as long as the function.
    """
    title = name.encode()
    # Bytes, as the collector clears structures, while CPython still reads this one when it frees the function.
    method = bytes(_Method(title, address, flags, None))
    held = ctypes.addressof(first).to_bytes(8, sys.byteorder), (method, title, first, *alive)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    made: Callable[..., Any] = new(id(method) + BYTES_AT, held, None)
    return made


@cache
def possible() -> bool:
    """Whether this is a CPython whose objects lie in memory as the code expects, with a lock around them."""
    return (
        sys.implementation.name == "cpython"
        and ctypes.sizeof(ctypes.c_void_p) == 8
        and object.__basicsize__ == 16
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
    )


@cache
def _code(dtype: DType) -> Compiled:
    return compile_text(entry_text(dtype))


@cache
def _table(dtype: DType) -> Any:
    """The addresses of `FUNCTIONS` and `OBJECTS`."""
    import numpy as np

    functions = [ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value for name in FUNCTIONS]
    objects = [float, int, np.float64, np.ndarray, np.empty, np.dtype(dtype)]
    _everlasting.extend(objects)
    return (ctypes.c_void_p * (len(functions) + len(objects)))(*functions, *map(id, objects))


_everlasting: list[Any] = []  # objects whose addresses stand in tables


def _parts(shapes: Sequence[Shape | None]) -> tuple[Any, Any]:
    """The structures for some arguments or results, and what they point to."""
    at, rows, kept = 0, [], []
    for shape in shapes:
        sizes = (ctypes.c_int64 * max(1, len(shape or ())))(*(shape or ()))
        axes = -1 if shape is None else len(shape)
        rows.append(Part(axes, _size(shape), at, ctypes.addressof(sizes), id(shape)))
        kept += [sizes, shape]
        at += _size(shape)
    return (Part * max(1, len(rows)))(*rows), kept


def _size(shape: Shape | None) -> int:
    return 1 if shape is None else prod(shape)


def _total(shapes: Sequence[Shape | None]) -> int:
    return sum(map(_size, shapes))
