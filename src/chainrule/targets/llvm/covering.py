"""How the positions of a matrix product are covered: by blocks of rows, panels of vectors, and tiles of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chainrule.dataclasses import dataclass
from chainrule.node import Dim
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.memory import ROWS, lanes_for
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.point import THREAD, THREADS, Divided, Point

_LEAST: Final = 4  # rows of two vectors that keep the adders busy
_FEW: Final = 2  # rows that are done one by one after the last tile
NEAR: Final = 1 << 20  # bytes of one operand that are gone through again and again before the next come


@dataclass(frozen=True, slots=True)
class Span:
    """Positions from one to before another, both known only when the code runs."""

    start: Value
    stop: Value


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a result that are covered before the next."""

    start: Value | None
    size: Dim

    def row(self, e: Emitter, index: Value, shift: int) -> Point:
        """One of its rows."""
        return Point(index if self.start is None else e.plus(self.start, index), shift)


def either(e: Emitter, condition: Value, some: Callable[[], None], others: Callable[[], None]) -> None:
    """Do the one where a condition holds, and else the other."""
    chosen = e.convert("zext", condition, "index")
    with e.loop(e.index(0), chosen, 1, surely=False):
        some()
    with e.loop(chosen, e.index(1), 1, surely=False):
        others()


def blocks_of_rows(nest: Nest, size: Dim, row: Dim, body: Callable[[Span | None], None]) -> None:
    """Cover rows whose number is bound late in blocks that stay in the cache, while all panels of columns go by.

    Without them 4096 rows of 784 numbers come from memory once for each panel: 5 times as slow with 1024 columns.
    """
    if isinstance(size, int):
        body(None)
        return
    e, count = nest.emitter, nest.size(size)
    together, most = rows_together(nest, row), nest.memory.most
    if most is not None and most <= together:
        body(Span(e.index(0), count))
        return
    with e.loop(e.index(0), count, together) as loop:
        body(Span(loop.index, e.intrinsic("smin", e.plus(loop.index, e.index(together)), count)))


def rows_together(nest: Nest, row: Dim) -> int:
    """How many rows of a matrix are near."""
    length = row if isinstance(row, int) else ROWS
    return max(4 * ROWS, NEAR // (length * nest.memory.item) // ROWS * ROWS)


def left_over(size: int, lanes: int, wide: int) -> int:
    """How many vectors of an axis come after the last `wide` ones."""
    total = -(-size // lanes)
    if size % lanes == 0 and total % wide == 0:
        return 0  # all alike
    return min(total, wide + total % wide if total % wide < 2 else total % wide)


def panels(nest: Nest, size: Dim, wide: int, body: Callable[[list[Point]], None]) -> None:
    """Cover an axis `wide` vectors at a time, and the last of them one more where one would be left over."""
    e, lanes = nest.emitter, lanes_for(size, nest.memory.lanes)
    if not isinstance(size, int):
        nest.vectors(size, 1, body)
        return
    total = -(-size // lanes)
    last = left_over(size, lanes, wide)

    def block(index: Value, count: int) -> None:
        start = e.times(index, e.index(lanes))
        body([Point(start, k * lanes, lanes, lanes) for k in range(count)])

    def end() -> None:
        start = (total - last) * lanes
        body([Point(e.index(start), k * lanes, lanes, min(lanes, size - start - k * lanes)) for k in range(last)])

    blocks(nest, "columns", total - last, wide, block)
    if last:
        by_the_last(nest, "columns", end)


def rows(nest: Nest, size: Dim, span: Span | None, most: int, body: Callable[[Value, int], None]) -> None:
    """Cover an axis in tiles of rows: as few and as even as they come, each `most` high or less.

    Where the number of rows is bound late, a tile reaches beyond the last row rather than leave many to be done one by
    one; memory has room for that, and nobody reads what is there.
    """
    e = nest.emitter
    if isinstance(size, int):
        high = min(range(1, min(most, size) + 1), key=lambda high: _rounds(size, high))
        blocks(nest, "rows", size, high, body)
        return
    assert span is not None
    high = most if most <= _FEW + 1 else 1 << most.bit_length() - 1  # three reach beyond no row
    found = e.write("sub", span.stop, span.start)
    tiles = e.write("udiv", e.plus(found, e.index(high - 1 - min(_FEW, high - 1))), e.index(high))
    end = e.plus(span.start, e.times(tiles, e.index(high)))
    with e.loop(span.start, e.intrinsic("smin", end, span.stop), high, surely=False) as loop:
        body(loop.index, high)
    if high > 1:
        with e.loop(end, span.stop, 1, surely=False) as loop:
            body(loop.index, 1)


def share(nest: Nest, blocks: int, step: int) -> tuple[Value, Value]:
    """From where to where a thread goes of so many blocks of `step` positions."""
    e = nest.emitter
    ends = [e.write("udiv", e.times(k, e.index(blocks)), THREADS) for k in (THREAD, e.plus(THREAD, e.index(1)))]
    return e.times(ends[0], e.index(step)), e.times(ends[1], e.index(step))


def is_last(nest: Nest) -> Value:
    """Whether it is the last thread, which has what is left over."""
    return nest.emitter.write("icmp eq", nest.emitter.plus(THREAD, nest.emitter.index(1)), THREADS, kind="condition")


def by_the_last(nest: Nest, axis: Divided, body: Callable[[], None]) -> None:
    """What is left over of an axis: for the last thread, if threads have some of it each."""
    e = nest.emitter
    if nest.divided != axis:
        body()
        return
    with e.loop(e.index(0), e.convert("zext", is_last(nest), "index"), 1, surely=False):
        body()


def blocks(nest: Nest, axis: Divided, size: int, step: int, body: Callable[[Value, int], None]) -> None:
    """Cover rows or columns as `Nest.blocks` does; those of this thread, if each has some of them."""
    if nest.divided != axis:
        nest.blocks(size, step, body)
        return
    start, stop = share(nest, size // step, step)
    with nest.emitter.loop(start, stop, step, surely=False) as loop:
        body(loop.index, step)
    if size % step:
        by_the_last(nest, axis, lambda: body(nest.emitter.index(size // step * step), size % step))


def _rounds(size: int, high: int) -> tuple[int, int]:
    """How long tiles so high take: one of few rows waits for its own sums, and each loads vectors of its own."""
    full, rest = divmod(size, high)
    return full * (max(high, _LEAST) + 1) + (max(rest, _LEAST) + 1 if rest else 0), -high
