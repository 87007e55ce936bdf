"""The exchanges of a random order in native code: of millions of rows they would take longer than an epoch.

The numbers drawn are those of `randomness`, so the order is that of `randomness.permutation`, in any language.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Final

from chainrule.randomness import Words, uniform_array
from chainrule.targets.llvm.machine import Compiled, compile_text

_CALL: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
_TEXT: Final = """
define void @exchange(ptr %order, ptr %others, i64 %n) {
entry:
  %last = sub i64 %n, 1
  %some = icmp sgt i64 %last, 0
  br i1 %some, label %loop, label %end
loop:
  %i = phi i64 [ %last, %entry ], [ %next, %loop ]
  %drawn = getelementptr i64, ptr %others, i64 %i
  %j = load i64, ptr %drawn
  %here = getelementptr i64, ptr %order, i64 %i
  %there = getelementptr i64, ptr %order, i64 %j
  %a = load i64, ptr %here
  %b = load i64, ptr %there
  store i64 %b, ptr %here
  store i64 %a, ptr %there
  %next = sub i64 %i, 1
  %more = icmp sgt i64 %next, 0
  br i1 %more, label %loop, label %end
end:
  ret void
}
"""


def shuffled(key: Words, n: int) -> Any:
    """The numbers 0 to n-1 in the order of `randomness.permutation`.

    >>> shuffled((0, 0), 5).tolist()
    [4, 0, 1, 2, 3]
    """
    import numpy as np

    others = (uniform_array(key, n) * np.arange(1, n + 1)).astype(np.int64)
    order = np.arange(n, dtype=np.int64)
    _CALL(_code().address("exchange"))(order.ctypes.data, others.ctypes.data, n)
    return order


@cache
def _code() -> Compiled:
    return compile_text(_TEXT)
