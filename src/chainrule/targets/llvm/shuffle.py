"""Random orders in native code: drawn and exchanged one by one in Python they would take longer than training.

The numbers are those of `randomness`, so an order is that of `randomness.permutation`, in any language. One call makes
the orders of many epochs: shuffled, 4-10-3 with 150 examples took 7.8 times as long as in their order, and takes 1.2.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.machine import Compiled, compile_text, this_machine
from chainrule.targets.llvm.module import assemble, function
from chainrule.targets.llvm.special import uniform

MOST: Final = 1 << 32  # rows: the number of a draw is one word
_LANES: Final = 8
_CALL: Final = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 2)


def shuffled(keys: Any, n: int) -> Any:
    """The numbers 0 to n-1, fewer than 2^32, in the order of `randomness.permutation` for each key, end to end.

    `keys` has two words in each row.

    >>> shuffled([(0, 0), (7, 0)], 5).tolist()
    [4, 0, 1, 2, 3, 2, 1, 3, 4, 0]
    """
    import numpy as np

    words = np.ascontiguousarray(keys, np.uint32)
    count = len(words) * n
    if n < 2 or not count:
        return np.zeros(count, np.int64)
    order, others = np.empty(count + _LANES, np.int64), np.empty(n + _LANES, np.int64)
    _shuffle()(order.ctypes.data, others.ctypes.data, words.ctypes.data, len(words), n)
    return order[:count]


@cache
def _shuffle() -> Callable[..., None]:
    return _CALL(_code().address("shuffle"))


@cache
def _code() -> Compiled:
    e = Emitter("float64")
    order, others, keys = (Value(f"%{name}", "pointer") for name in ("order", "others", "keys"))
    count, n = Value("%count", "index"), Value("%n", "index")
    with e.loop(e.index(0), count, 1) as epoch:
        key = e.offset(keys, e.times(epoch.index, e.index(2)), kind="word")
        k0, k1 = e.load(key, 1, kind="word"), e.load(e.offset(key, e.index(1), kind="word"), 1, kind="word")
        _exchange(e, e.offset(order, e.times(epoch.index, n), kind="index"), others, n, k0, k1)
    machine = this_machine()
    head = "void @shuffle(ptr %order, ptr %others, ptr %keys, i64 %count, i64 %n)"
    text = assemble([*function(head, e, "ret void"), *e.declared.values()], machine.vector_bytes)
    return compile_text(text, hasty=True)  # which takes half as long, and what it makes runs as fast


def _exchange(e: Emitter, order: Value, others: Value, n: Value, k0: Value, k1: Value) -> None:
    """One order, in memory that is there for a whole vector beyond its end, too."""
    with e.loop(e.index(0), n, _LANES) as loop:
        steps = Value(f"<{', '.join(f'i32 {lane}' for lane in range(_LANES))}>", "word", _LANES)
        number = e.write("add", e.splat(e.convert("trunc", loop.index, "word"), _LANES), steps)
        drawn = uniform(e, k0, k1, number, Value("0", "word"))
        size = e.convert("uitofp", e.write("add", number, Value("1", "word")), "real")
        e.store(e.convert("fptosi", e.write("fmul", drawn, size), "index"), e.offset(others, loop.index, kind="index"))
        e.store(e.convert("zext", number, "index"), e.offset(order, loop.index, kind="index"))
    with e.loop(e.index(0), e.plus(n, e.index(-1)), 1) as loop:  # the last row first
        at = e.write("sub", e.plus(n, e.index(-1)), loop.index)
        here = e.offset(order, at, kind="index")
        there = e.offset(order, e.load(e.offset(others, at, kind="index"), 1, kind="index"), kind="index")
        kept, moved = e.load(here, 1, kind="index"), e.load(there, 1, kind="index")
        e.store(moved, here)
        e.store(kept, there)
