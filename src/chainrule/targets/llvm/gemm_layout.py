"""What functions that form large products agree on with those who call them: how they are called, and their records.

The context is memory that begins with a record, a line of words; each thread of a team has one of its own.
"""

from __future__ import annotations

from typing import Any, Final

LINE: Final = 64  # bytes
# What a product is called with: the addresses that Fortran's `sgemm` takes, and that of the context.
ARGUMENTS: Final = ("ta", "tb", "m", "n", "k", "alpha", "a", "lda", "b", "ldb", "beta", "c", "ldc", "context")
GIVEN: Final = ("a", "b", "c", "m", "n", "k", "lda", "ldb", "ldc", "a.along", "b.along", "again", "deepest")
JOB: Final = (*GIVEN, "packed")


def memory_of(size: int) -> Any:
    """Memory of so many bytes that begins at a whole cache line."""
    import numpy as np

    block = np.zeros(size + LINE, np.uint8)
    start = -block.ctypes.data % LINE
    return block[start : start + size]
