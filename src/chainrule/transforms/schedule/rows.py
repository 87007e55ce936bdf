"""How many examples an update has at most, as far as code is made for that: what only more would use is left out.

There are a few such numbers, so that one kernel serves many batches.
"""

from __future__ import annotations

from typing import Final

MANY: Final = {"float32": 16, "float64": 64}  # from which narrow arrays lie otherwise,
PACKED: Final = 48  # and packed weights are quicker,
MULTIPLIED: Final = 64  # and a matrix unit: with 48, packing takes longer than is gained
PART: Final = 208  # rows of which a panel and the numbers of a tile stay in the first cache, if sums are near


def most_rows(rows: float, dtype: str) -> int | None:
    """The least number of examples, not below `rows`, that code is made for; None is any.

    >>> [most_rows(batch, "float32") for batch in (2, 32, 48, 200, 256)]
    [15, 47, 208, 208, None]
    """
    return next((most for most in sorted([MANY[dtype] - 1, PACKED - 1, PART]) if rows <= most), None)


def is_few(most: int | None, dtype: str) -> bool:
    """Whether there are too few examples for vectors that go across them."""
    return most is not None and most < MANY[dtype]
