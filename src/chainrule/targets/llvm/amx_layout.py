"""The memory in which products are formed by AMX: what the code and those who call it agree on.

First comes a head: the job, how tiles are shaped, and a line of zeros; then the rows and the columns that are
packed, for so many numbers along the summed axis that rows, and the columns they meet, stay in the second cache.
"""

from __future__ import annotations

from typing import Any, Final

from chainrule.targets.llvm.gemm_layout import JOB, LINE, memory_of

SIDE: Final = 16  # rows of a tile, and units of a row
DEEP: Final = 2 * SIDE  # numbers of a row, along the axis that is summed
PARTS: Final = 3  # bfloat16 has 8 bits, float32 24
TILE: Final = 64 * SIDE  # bytes
BLOCK: Final = PARTS * TILE  # the parts of the same numbers lie side by side
TOGETHER: Final = 2 * SIDE  # rows and columns of a product that are formed at a time, in four tiles of sums
DEEPEST: Final = 512  # numbers that are summed before the sums go to memory
MANY: Final = 1024  # columns, beyond which they are fewer
_LESS: Final = 192
ROWS: Final = 256  # packed at a time: half of a second cache
SHAPES: Final = -(-8 * len(JOB) // LINE) * LINE  # where in the head it is said how tiles are shaped
ZEROS: Final = SHAPES + LINE  # where the line of zeros is
HEAD: Final = ZEROS + LINE  # bytes
_PANEL: Final = DEEPEST // DEEP * BLOCK  # bytes
RIGHT: Final = HEAD + ROWS // SIDE * _PANEL  # where packed columns begin


def deepest(columns: int) -> int:
    """How many numbers are summed before the sums go to memory."""
    return DEEPEST if columns <= MANY else _LESS


def working_memory(widest: int) -> Any:
    """Memory for products with so many columns at most."""
    import numpy as np

    columns = -(-widest // TOGETHER) * TOGETHER
    numbers = max(min(columns, MANY) * DEEPEST, columns * deepest(columns))
    memory = memory_of(RIGHT + numbers * BLOCK // (SIDE * DEEP))
    shapes = memory[SHAPES:]
    shapes[0] = 1  # the palette
    shapes[16:32].view(np.uint16)[:] = TILE // SIDE  # bytes of a row
    shapes[48:56] = SIDE
    return memory
