"""What a team of threads and those who start it agree on: the records, lines of words, and who has which rows."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any, Final

from chainrule.targets.llvm.gemm_layout import memory_of
from chainrule.targets.llvm.memory import ROWS

COMMANDS: Final = ("forward", "update")  # 1, 2; at 0 the threads end
TEAM: Final = {  # what is written often has a cache line for itself
    "threads": 0, "wanted": 1, "create": 2, "join": 3, "yield": 4, "arena": 5, "rounded": 6, "share": 7,
    "arrived": 8, "round": 16, "command": 24, "count": 25, "first": 26, "examples": 27, "order": 28,
    "cpu": 29, "where": 32, "may": 33, "moves": 34,
}  # fmt: skip
THREAD: Final = {"team": 0, "number": 1, "whole": 2, "own": 3, "scratch": 4, "handle": 5, "mine": 8, "others": 24}
FIRST: Final = 40  # where the records of the threads begin,
EACH: Final = 40  # and how long one is, with two sets of processors
SET: Final = 128  # bytes of such a set
_WORD: Final = 8  # bytes


def share_of(rows: int, threads: int) -> int:
    """How many rows each thread has: whole tiles, so that none reaches into the rows of another."""
    each = (rows + threads - 1) // threads
    return (each + ROWS - 1) // ROWS * ROWS


def record_of(
    threads: int, *, arena: int, rounded: int, share: int, whole: Sequence[int], own: Sequence[int],
    scratch: Sequence[int],
) -> Any:  # fmt: skip
    """The record of a team as an array, with the addresses of the tables and of the scratch of each thread."""
    import numpy as np

    library = ctypes.CDLL(None)
    calls = {"create": "pthread_create", "join": "pthread_join", "yield": "sched_yield"}
    if sys.platform == "linux":
        calls |= {"where": "sched_getcpu", "may": "sched_getaffinity", "moves": "sched_setaffinity"}
    words = memory_of((FIRST + EACH * threads) * _WORD).view(np.uint64)
    team = {"threads": 1, "wanted": threads, "arena": arena, "rounded": rounded, "share": share}
    team |= {name: ctypes.cast(getattr(library, call), ctypes.c_void_p).value or 0 for name, call in calls.items()}
    for name, value in team.items():
        words[TEAM[name]] = value
    for k in range(threads):
        thread = {"team": words.ctypes.data, "number": k, "whole": whole[k], "own": own[k], "scratch": scratch[k]}
        for name, value in thread.items():
            words[FIRST + EACH * k + THREAD[name]] = value
    return words
