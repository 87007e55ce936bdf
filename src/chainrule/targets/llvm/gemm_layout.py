"""What functions that form large products agree on with those who call them: how they are called, and their records.

A record is a line of words: the context is the same in all calls, and each thread has a job in memory of its own.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

LINE: Final = 64  # bytes
# What a product is called with: the addresses that Fortran's `sgemm` takes, and that of the context.
ARGUMENTS: Final = ("ta", "tb", "m", "n", "k", "alpha", "a", "lda", "b", "ldb", "beta", "c", "ldc", "context")
CONTEXT: Final = ("memory", "each", "threads", "create", "join")
GIVEN: Final = ("a", "b", "c", "m", "n", "k", "lda", "ldb", "ldc", "a.along", "b.along", "again", "deepest")
JOB: Final = (*GIVEN, "thread", "missing", "packed")


def memory_for(threads: int, each: int) -> Any:
    """Memory for threads, so many bytes each, that begins at a whole cache line."""
    import numpy as np

    block = np.zeros(threads * each + LINE, np.uint8)
    start = -block.ctypes.data % LINE
    return block[start : start + threads * each]


def context_of(memory: Any, each: int, threads: int) -> Any:
    """The context of a function whose threads work in this memory."""
    import numpy as np

    library = ctypes.CDLL(None)
    starts = [ctypes.cast(call, ctypes.c_void_p).value for call in (library.pthread_create, library.pthread_join)]
    return np.array([memory.ctypes.data, each, threads, *starts], np.uint64)
