"""A random order in native code: drawn and exchanged one by one in Python it would take longer than an epoch.

The numbers are those of `randomness`, so the order is that of `randomness.permutation`, in any language.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Final

from chainrule.randomness import Words
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.machine import Compiled, compile_text, this_machine
from chainrule.targets.llvm.module import assemble, function
from chainrule.targets.llvm.special import uniform

MOST: Final = 1 << 32  # rows: the number of a draw is one word
_LANES: Final = 8
_CALL: Final = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint32, ctypes.c_uint32
)


def shuffled(key: Words, n: int) -> Any:
    """The numbers 0 to n-1, of which there are fewer than 2^32, in the order of `randomness.permutation`.

    >>> shuffled((0, 0), 5).tolist()
    [4, 0, 1, 2, 3]
    """
    import numpy as np

    order, others = np.arange(n, dtype=np.int64), np.empty(n + _LANES, np.int64)
    if n > 1:
        _CALL(_code().address("shuffle"))(order.ctypes.data, others.ctypes.data, n, *key)
    return order


@cache
def _code() -> Compiled:
    e = Emitter("float64")
    order, others, n = Value("%order", "pointer"), Value("%others", "pointer"), Value("%n", "index")
    keys = Value("%k0", "word"), Value("%k1", "word")
    with e.loop(e.index(0), n, _LANES) as loop:
        steps = Value(f"<{', '.join(f'i32 {lane}' for lane in range(_LANES))}>", "word", _LANES)
        number = e.write("add", e.splat(e.convert("trunc", loop.index, "word"), _LANES), steps)
        drawn = uniform(e, *keys, number, Value("0", "word"))
        size = e.convert("uitofp", e.write("add", number, Value("1", "word")), "real")
        e.store(e.convert("fptosi", e.write("fmul", drawn, size), "index"), e.offset(others, loop.index, kind="index"))
    with e.loop(e.index(0), e.plus(n, e.index(-1)), 1) as loop:  # the last row first
        at = e.write("sub", e.plus(n, e.index(-1)), loop.index)
        here = e.offset(order, at, kind="index")
        there = e.offset(order, e.load(e.offset(others, at, kind="index"), 1, kind="index"), kind="index")
        kept, moved = e.load(here, 1, kind="index"), e.load(there, 1, kind="index")
        e.store(moved, here)
        e.store(kept, there)
    machine = this_machine()
    lines = function("void @shuffle(ptr %order, ptr %others, i64 %n, i32 %k0, i32 %k1)", e, "ret void")
    return compile_text(assemble([*lines, *e.declared.values()], machine.vector_bytes))
