"""A tile of sums: positions of a product that are worked out together, and what is made of them at once.

Where a sum is formed in parts, those of all but the last parts are kept in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chainrule.dataclasses import dataclass, replace
from chainrule.node import Node
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.memory import LINE, padded, rows_kept, summed_in_parts
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.packing import Packed
from chainrule.targets.llvm.point import Point
from chainrule.transforms.schedule.stages import Store, whole

_SUMS: Final = {64: 24, 32: 12, 16: 12}  # registers for sums, by the bytes of one
_DEEP: Final = 256  # products in a sum from which on what is made of it takes no time, so that code may be short
_SHORT: Final = 6  # ops up to which no loop over the rows of a tile is made: 1.05 times the updates of 64-64-10


def registers(nest: Nest) -> int:
    """How many registers there are for sums."""
    return _SUMS[max(16, nest.memory.lanes * nest.memory.item)]


@dataclass(frozen=True, slots=True)
class Tile:
    """Positions of a result that are computed together: rows across, and vectors along an axis."""

    nest: Nest
    along: int
    across: int | None
    rows: Sequence[Point]
    points: Sequence[Point]
    numbers: Packed | None = None  # those of the rows, and
    vectors: Packed | None = None  # those of the points, where they are packed
    group: Value | None = None  # the first of the rows whose sums are kept at the same time, if that is not row 0

    def move(self, row: Point, point: Point) -> None:
        """Stand at one of them."""
        self.nest.at[self.along] = point
        if self.across is not None:
            self.nest.at[self.across] = row

    def finish(self, sums: Sequence[Sequence[Value]]) -> None:
        """All that is made of the sums: first worked out, then stored; in a loop if it is long, or if the sums are."""
        (inner,) = self.nest.summed()
        deep = isinstance(inner, int) and inner > _DEEP
        long = deep or self.numbers or self.vectors or self.nest.length(self.nest.stage.stores) > _SHORT
        if len(self.rows) > 1 and long:
            self._finish_rows(sums)
            return
        for row, totals in zip(self.rows, sums, strict=True):
            replace(self, rows=[row])._finish_row(totals)

    def _finish_row(self, sums: Sequence[Value]) -> None:
        results = []
        for point, total in zip(self.points, sums, strict=True):
            self.move(self.rows[0], point)
            self.nest.core = total
            results.append(self.nest.results(self.nest.stage.stores))
        for point, values in zip(self.points, results, strict=True):
            self.move(self.rows[0], point)
            self.nest.put(self.nest.stage.stores, values)
        self.nest.core = None

    def _finish_rows(self, sums: Sequence[Sequence[Value]]) -> None:
        e, memory = self.nest.emitter, self.nest.memory
        width, lanes = len(self.points), self.points[0].lanes
        board = e.offset(self.nest.scratch, e.index(memory.board // memory.item))
        for i, row in enumerate(sums):
            for j, total in enumerate(row):
                e.store(total, e.offset(board, e.index((i * width + j) * lanes)))
        first = self.rows[0]
        with e.loop(e.index(0), e.index(len(self.rows)), 1) as loop:
            place = e.offset(board, e.times(loop.index, e.index(width * lanes)))
            row = [e.load(e.offset(place, e.index(j * lanes)), lanes) for j in range(width)]
            here = Point(e.plus(first.index, loop.index), first.shift)
            replace(self, rows=[here])._finish_row(row)

    def begin(self, store: Store) -> list[Value]:
        """What an array has at all positions: there the sums begin that are added to it."""
        values = []
        for row in self.rows:
            for point in self.points:
                self.move(row, point)
                values.append(self.nest.load(store.buffer, store.place))
        return values

    def begin_with(self, addend: Node) -> list[Value]:
        """What is added to the sums: there they begin."""
        values = []
        for row in self.rows:
            for point in self.points:
                self.move(row, point)
                self.nest.values.clear()
                values.append(self.nest.emitter.splat(self.nest.value(addend, whole(addend.type.shape)), point.lanes))
        return values

    def put(self, store: Store, sums: Sequence[Sequence[Value]]) -> None:
        """Store the sums themselves."""
        for row, totals in zip(self.rows, sums, strict=True):
            for point, total in zip(self.points, totals, strict=True):
                self.move(row, point)
                self.nest.store(total, store.buffer, store.place)

    def places(self) -> list[list[Value]]:
        """Where the sums are kept while they are not complete: vectors that are below each other stand side by side."""
        e, memory = self.nest.emitter, self.nest.memory
        lanes = self.points[0].lanes
        assert self.across is not None
        high = e.index(kept_rows(self.nest, self.along, self.across))
        start = e.offset(e.effect(f"getelementptr i8, ptr {self.nest.scratch.text}, i64 {memory.sums}", "pointer"),
                         e.times(self.points[0].index, high))  # fmt: skip
        found = []
        for row in self.rows:
            within = e.write("sub", row.index, self.group) if self.group is not None else row.index
            place = e.offset(start, e.times(e.plus(within, e.index(row.shift)), e.index(lanes)))
            found.append([e.offset(place, e.times(e.index(k * lanes), high)) for k in range(len(self.points))])
        return found

    def keep(self, sums: Sequence[Sequence[Value]], first: Value) -> None:
        """Add the sums to those that are kept; the first ones take their place."""
        e, lanes = self.nest.emitter, self.points[0].lanes
        for row, places in zip(sums, self.places(), strict=True):
            for total, place in zip(row, places, strict=True):
                kept = e.select(first, e.splat(e.constant(0), lanes), e.load(place, lanes))
                e.store(e.write("fadd", kept, total), place)

    def completed(self, sums: Sequence[Sequence[Value]], kept: Value) -> list[list[Value]]:
        """The sums with those that are kept, if there are any."""
        e, width, lanes = self.nest.emitter, len(self.points), self.points[0].lanes
        flat = [total for row in sums for total in row]
        with e.loop(e.index(0), e.intrinsic("smin", kept, e.index(1)), 1, flat, surely=False) as once:
            places = [place for row in self.places() for place in row]
            pairs = zip(once.carried, places, strict=True)
            once.following = [e.write("fadd", total, e.load(place, lanes)) for total, place in pairs]
        return [once.results[k : k + width] for k in range(0, len(flat), width)]

    def fetch_kept(self) -> None:
        """Have the sums that are kept brought near while more are formed."""
        for place in [place for row in self.places() for place in row]:
            self.nest.emitter.fetch(place)

    def fetch_states(self) -> None:
        """Have what the sums of the next rows will change brought to the second cache while these are formed.

        A sum over few examples is formed long before its own would come: 1.15 times the updates of Adam with these.
        """
        e = self.nest.emitter
        each = max(1, LINE // (self.points[0].lanes * self.nest.memory.item))
        for store in self.nest.stage.stores:
            for row in self.rows if store.buffer.role == "state" else ():
                for point in self.points[::each]:
                    self.move(replace(row, shift=row.shift + len(self.rows)), point)
                    e.fetch(self.nest.address(store.buffer, store.place))


def kept_rows(nest: Nest, along: int, across: int) -> int:
    """For how many rows of a result sums are kept at a time: all, if none are kept."""
    if not summed_in_parts(nest.stage, nest.memory.item, nest.memory.most):
        return int(nest.stage.space[across])
    columns = padded(int(nest.stage.space[along]), nest.memory.lanes)
    return rows_kept(int(nest.stage.space[across]), int(columns), nest.memory.item)
