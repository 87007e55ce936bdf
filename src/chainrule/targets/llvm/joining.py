"""Lanes of vectors joined into single numbers, and the masks that keep the padding out of it."""

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


def lanes_below(e: Emitter, index: Value, size: Value, lanes: int) -> Value:
    """Which lanes of the vector at an index are inside of an axis whose size is known only when the code runs."""
    steps = ", ".join(f"i64 {lane}" for lane in range(lanes))
    numbers = e.write("add", e.splat(index, lanes), Value(f"<{steps}>", "index", lanes))
    return e.write("icmp slt", numbers, e.splat(size, lanes), kind="condition")
