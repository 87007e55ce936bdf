"""Lanes of vectors joined: into single numbers, with masks that keep the padding out of it, and rows into columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from chainrule.targets.llvm.emit import Emitter, Value

Combine: TypeAlias = Callable[[Value, Value], Value]

_UNIT: Final = 16  # bytes


def fold(e: Emitter, vectors: Sequence[Value], combine: Combine) -> Value:
    """One number for each vector: its lanes joined, all vectors together, by halves.

    First within every 16 bytes, where lanes move in one cycle and need no table of where they go, then by whole ones.
    """
    current, width = list(vectors), vectors[0].lanes
    unit, done = min(width, _UNIT // e.real.size), 1  # results that each unit of a vector has
    while len(current) > 1 and done < unit:
        rest = unit // 2
        low = [
            source + start + part + k
            for start in range(0, width, unit)
            for part in range(0, rest, done)
            for source in (0, width)
            for k in range(done)
        ]
        current = _joined(e, current, low, [lane + rest for lane in low], combine)
        done *= 2
    segments = 1  # of units: one for each vector that has been joined
    while len(current) > 1 or current[0].lanes > segments * unit:
        width = current[0].lanes
        length, sources = width // segments, 1 if len(current) == 1 else 2
        starts = range(0, sources * width, length)
        if length == unit:
            pairs = zip(current[::2], current[1::2], strict=True)
            current = [e.shuffle(x, y, range(2 * width)) for x, y in pairs]
        else:
            low = [start + k for start in starts for k in range(length // 2)]
            current = _joined(e, current, low, [lane + length // 2 for lane in low], combine)
        segments *= sources
    while current[0].lanes > done * segments:
        half = current[0].lanes // 2
        current = _joined(e, current, range(half), range(half, 2 * half), combine)
    return current[0]


def _joined(
    e: Emitter, vectors: Sequence[Value], low: Sequence[int], high: Sequence[int], combine: Combine
) -> list[Value]:
    """Pairs of vectors, or the only one with itself: some lanes of both with the others."""
    alone = len(vectors) == 1
    pairs = [(vectors[0], vectors[0])] if alone else zip(vectors[::2], vectors[1::2], strict=True)
    return [combine(e.shuffle(x, y, low), e.shuffle(x, y, high)) for x, y in pairs]


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
