"""Lanes of vectors joined: into single numbers, with masks that keep the padding out of it, and rows into columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from chainrule.targets.llvm.emit import Emitter, Value

Combine: TypeAlias = Callable[[Value, Value], Value]


def fold(e: Emitter, vectors: Sequence[Value], combine: Combine) -> Value:
    """One number for each vector: its lanes joined, all vectors together, by halves."""
    current, segments = list(vectors), 1
    while len(current) > 1 or current[0].lanes > segments:
        width = current[0].lanes
        length = width // segments
        pairs = [(x, x) for x in current] if len(current) == 1 else list(zip(current[::2], current[1::2], strict=True))
        sources = 1 if len(current) == 1 else 2
        starts = [source * width + s * length for source in range(sources) for s in range(segments)]
        if length == 1:
            current = [e.shuffle(x, y, starts) for x, y in pairs]
        else:
            half = length // 2
            low = [start + k for start in starts for k in range(half)]
            high = [lane + half for lane in low]
            current = [combine(e.shuffle(x, y, low), e.shuffle(x, y, high)) for x, y in pairs]
        segments *= sources
    return current[0]


def turned(e: Emitter, rows: Sequence[Value], columns: int) -> list[Value]:
    """The columns of some rows: each step joins two vectors into one of twice the rows, or two of half the columns.

    A vector has all its rows of one column, then those of the next.
    """
    if len(rows) == 1:
        return list(rows)
    lanes = rows[0].lanes
    each = lanes // columns
    order = [half + c * each + k for c in range(columns) for half in (0, lanes) for k in range(each)]
    parts = [order] if 2 * lanes <= each * len(rows) else [order[:lanes], order[lanes:]]
    found = []
    for part in parts:
        joined = [e.shuffle(x, y, part) for x, y in zip(rows[::2], rows[1::2], strict=True)]
        found += turned(e, joined, columns // len(parts))
    return found


def lanes_below(e: Emitter, index: Value, size: Value, lanes: int) -> Value:
    """Which lanes of the vector at an index are inside of an axis whose size is known only when the code runs."""
    steps = ", ".join(f"i64 {lane}" for lane in range(lanes))
    numbers = e.write("add", e.splat(index, lanes), Value(f"<{steps}>", "index", lanes))
    return e.write("icmp slt", numbers, e.splat(size, lanes), kind="condition")
