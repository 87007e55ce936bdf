"""Calls without arguments, for work whose numbers stand in memory that was agreed on: they make no object at all.

A tuple of floats takes longer to make than a small function to work out, which programs that call one all the time need
not pay.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Final

from chainrule.targets.llvm.entry_code import BYTES_AT, ITEMS_AT
from chainrule.targets.llvm.machine import Compiled, compile_text
from chainrule.targets.llvm.native_entry import c_function, possible
from chainrule.targets.llvm.work import CALL, WITHOUT_RELEASE, Work

_NO_ARGUMENTS: Final = 0x0004  # METH_NOARGS
_DATA: Final = ("work", "context", "given", "results", "none")
_FUNCTIONS: Final = ("Py_NewRef", "PyEval_SaveThread", "PyEval_RestoreThread")


class _Bound(ctypes.Structure):
    """What the code gets; other threads run meanwhile if it is told how to let them."""

    _fields_: ClassVar[Any] = [(name, ctypes.c_void_p) for name in (*_DATA, *_FUNCTIONS)]


def bound_call(work: Work, given: Any, results: Any, *, release: bool) -> Callable[[], None]:
    """A function that does the work on these arrays; with `release`, other threads run meanwhile."""
    addresses = given.ctypes.data, results.ctypes.data
    if not possible():
        plain = (CALL if release else WITHOUT_RELEASE)(work.address)
        kept = work, given, results

        def call() -> None:
            plain(kept[0].context, *addresses)

        return call
    names = _FUNCTIONS if release else _FUNCTIONS[:1]
    functions = [ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value for name in names]
    bound = _Bound(work.address, work.context, *addresses, id(None), *functions)
    code = _code()
    return c_function("bound", code.address("call"), _NO_ARGUMENTS, bound, alive=(code, work, given, results))


@cache
def _code() -> Compiled:
    return compile_text(_text())


def _text() -> str:
    """The module: `PyObject *call(PyObject *self, PyObject *nothing)`."""
    fields = [
        line
        for name in (*_DATA, *_FUNCTIONS)
        for line in (
            f"  %{name}.at = getelementptr i8, ptr %bound, i64 {getattr(_Bound, name).offset}",
            f"  %{name} = load ptr, ptr %{name}.at",
        )
    ]
    return "\n".join(
        [
            "define ptr @call(ptr %self, ptr %nothing) nounwind {",
            f"  %held.at = getelementptr i8, ptr %self, i64 {ITEMS_AT}",
            "  %held = load ptr, ptr %held.at",
            f"  %bytes = getelementptr i8, ptr %held, i64 {BYTES_AT}",
            "  %bound = load ptr, ptr %bytes, align 1",
            *fields,
            "  %short = icmp eq ptr %PyEval_SaveThread, null",
            "  br i1 %short, label %alone, label %beside",
            "alone:",
            "  call void %work(ptr %context, ptr %given, ptr %results)",
            "  br label %end",
            "beside:",
            "  %thread = call ptr %PyEval_SaveThread()",
            "  call void %work(ptr %context, ptr %given, ptr %results)",
            "  call void %PyEval_RestoreThread(ptr %thread)",
            "  br label %end",
            "end:",
            "  %result = call ptr %Py_NewRef(ptr %none)",
            "  ret ptr %result",
            "}\n",
        ]
    )
