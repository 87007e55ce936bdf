"""What tiles of sums read again and again, packed: copied to where it is read one number after the other.

Rows of a large matrix are pages apart, and lines that are far apart share few places of the first cache.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.dataclasses import dataclass, replace
from chainrule.targets.llvm.covering import Span
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.joining import turned
from chainrule.targets.llvm.memory import WIDE
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.operands import free_axes, matrix, operand
from chainrule.targets.llvm.point import Point


@dataclass(frozen=True, slots=True)
class Packed:
    """Numbers side by side, so many at each position of the summed axis from the first on."""

    start: Value
    each: int
    first: Value

    def place(self, e: Emitter, index: Value, number: int) -> Value:
        """Where one of them is."""
        within = index if self.first.text == "0" else e.write("sub", index, self.first)
        return e.offset(e.offset(self.start, e.times(within, e.index(self.each))), e.index(number))

    def read(self, e: Emitter, index: Value, shift: int, number: int, lanes: int) -> Value:
        """Some of those at a position."""
        return e.load(self.place(e, index, shift * self.each + number), lanes)


def _packed(nest: Nest, each: int, first: Value) -> Packed:
    e = nest.emitter
    start = e.effect(f"getelementptr i8, ptr {nest.scratch.text}, i64 {nest.memory.packed}", "pointer")
    return Packed(start, each, first)


def pack_numbers(nest: Nest, across: int, rows: Point, part: Span) -> Packed:
    """The numbers of some rows, by which vectors are multiplied, in a part of the summed axis."""
    e, number = nest.emitter, operand(nest, _side(nest, across))
    packed = _packed(nest, rows.lanes, part.start)
    with e.loop(part.start, part.stop, 1) as loop:
        nest.at[len(nest.stage.space)], nest.at[across] = Point(loop.index), rows
        e.store(e.splat(number(), rows.lanes), packed.place(e, loop.index, 0))
    return packed


def pack_vectors(nest: Nest, along: int, points: Sequence[Point]) -> Packed:
    """Vectors of columns of a matrix, however it lies."""
    assert nest.stage.product is not None
    return (pack_turned if nest.stage.product.folded else _pack_copied)(nest, along, points)


def _pack_copied(nest: Nest, along: int, points: Sequence[Point]) -> Packed:
    """Vectors of a matrix that has them side by side, but pages apart; those that are packed next are fetched."""
    e, lanes, (inner,) = nest.emitter, points[0].lanes, nest.summed()
    vector, found = operand(nest, _side(nest, along)), matrix(nest.plan, nest.stage, _side(nest, along))
    packed = _packed(nest, len(points) * lanes, e.index(0))
    with e.loop(e.index(0), nest.size(inner), 1) as loop:
        nest.at[len(nest.stage.space)] = Point(loop.index)
        for k, point in enumerate(points):
            if found is not None:
                nest.at[along] = replace(point, shift=point.shift + packed.each)
                e.fetch(nest.address(*found))
            nest.at[along] = point
            e.store(vector(), packed.place(e, loop.index, k * lanes))
    return packed


def pack_turned(nest: Nest, along: int, points: Sequence[Point]) -> Packed:
    """Vectors of columns, of a matrix that lies along the summed axis: a square of numbers at a time."""
    e, lanes, (inner,) = nest.emitter, points[0].lanes, nest.summed()
    number = operand(nest, _side(nest, along))
    packed = _packed(nest, len(points) * lanes, e.index(0))
    with e.loop(e.index(0), nest.size(inner), lanes) as loop:
        nest.at[len(nest.stage.space)] = Point(loop.index, 0, lanes, lanes)
        for k, point in enumerate(points):
            rows = []
            for lane in range(lanes):
                inside = point.live is None or lane < point.live
                nest.at[along] = Point(point.index, point.shift + lane * inside)
                rows.append(number())
            for down, column in enumerate(turned(e, rows, lanes)):
                e.store(column, packed.place(e, loop.index, down * packed.each + k * lanes))
    return packed


def fetch_turned(nest: Nest, along: int, points: Sequence[Point], row: Point) -> None:
    """Have the columns that are turned next brought near, others of them with each tile of rows."""
    e, lanes, found = nest.emitter, points[0].lanes, matrix(nest.plan, nest.stage, _side(nest, along))
    assert nest.stage.product is not None
    if found is None or not nest.stage.product.folded:
        return
    lane = e.write("and", e.write("lshr", row.index, e.index(3)), e.index(lanes - 1))
    for point in points[:WIDE]:
        nest.at[along] = Point(e.plus(point.index, lane), point.shift + len(points) * lanes)
        e.fetch(nest.address(*found))


def _side(nest: Nest, axis: int) -> int:
    """Whether an axis of the result is one of the left matrix (0) or of the right one."""
    return 0 if free_axes(nest)[0] == axis else 1
