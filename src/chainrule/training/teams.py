"""Whether several threads make each update together: only where one takes so long that they gain by it."""

from __future__ import annotations

import os
import sys
from typing import Final

_WORTH: Final = 1 << 24  # examples of an update times numbers that learn: 0.3 ms; below, to wait costs what is gained


def team_of(threads: int, rows: float, numbers: int) -> int:
    """How many threads make an update of so many examples, of the `threads` that may: 1 where they would not gain.

    More threads than processors would wait for each other.

    >>> team_of(2, 32, 101_770)
    1
    """
    if threads == 1 or rows * numbers < _WORTH or sys.platform == "win32":
        return 1
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(threads, free)
