"""Matrix products: sums held in registers while the loop inside runs, and what is made of them at once.

A product along an axis of its result keeps a tile of vectors; by dot products it keeps one sum for each of several
elements and joins their lanes in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chainrule.node import Dim
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.joining import fold, live_lanes
from chainrule.targets.llvm.memory import lanes_for
from chainrule.targets.llvm.nest import Nest, Point
from chainrule.transforms.schedule.stages import Place, Product

_SUMS: Final = {64: 24, 32: 12, 16: 12}  # registers for sums, by the bytes of one
_LEAST: Final = 4  # rows of two vectors that keep the adders busy
_FEW: Final = 2  # rows that are done one by one after the last tile
_CHAINS: Final = 8  # sums side by side, so that one need not wait for the last
_WRITTEN_OUT: Final = 64  # products of vectors up to which no loop is made


def write_product(nest: Nest, way: Product) -> None:
    """A matrix product, and all that is made of its elements where they stand."""
    rows, columns = _free_axes(nest)
    along = rows if way.along == 0 else columns
    across = columns if way.along == 0 else rows
    assert along is not None
    if way.folded:
        _folded(nest, along, across)
    else:
        _along(nest, along, across)


def _free_axes(nest: Nest) -> tuple[int | None, int | None]:
    """The axes of the result that are the rows of the left matrix and the columns of the right one."""
    core = nest.stage.core
    assert core is not None
    left, right = (len(a.type.shape) for a in core.args)
    return (0 if left == 2 else None), (left - 1 if right == 2 else None)


def _operand(nest: Nest, which: int) -> Callable[[], Value]:
    """The element of the left (0) or right (1) matrix at the position of the nest."""
    core = nest.stage.core
    assert core is not None
    free = _free_axes(nest)[which]
    place: Place = ((len(nest.stage.space), 0),)
    if free is not None:
        place = ((free, 0), *place) if which == 0 else (*place, (free, 0))
    operand = core.args[which]

    def load() -> Value:
        nest.values.clear()
        return nest.value(operand, place)

    return load


@dataclass(frozen=True, slots=True)
class _Tile:
    """Positions of a result that are computed together: rows across, and vectors along an axis."""

    nest: Nest
    along: int
    across: int | None
    rows: Sequence[Point]
    points: Sequence[Point]

    def move(self, row: Point, point: Point) -> None:
        """Stand at one of them."""
        self.nest.at[self.along] = point
        if self.across is not None:
            self.nest.at[self.across] = row

    def finish(self, sums: Sequence[Sequence[Value]]) -> None:
        """All that is made of the sums: first worked out, then stored; many rows in a loop, to keep the code short."""
        if len(self.rows) > 1:
            self._finish_rows(sums)
            return
        results = []
        for point, total in zip(self.points, sums[0], strict=True):
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
        board = e.offset(Value("%arena", "pointer"), e.index(memory.board // memory.item))
        for i, row in enumerate(sums):
            for j, total in enumerate(row):
                e.store(total, e.offset(board, e.index((i * width + j) * lanes)))
        first = self.rows[0]
        with e.loop(e.index(0), e.index(len(self.rows)), 1) as loop:
            place = e.offset(board, e.times(loop.index, e.index(width * lanes)))
            row = [e.load(e.offset(place, e.index(j * lanes)), lanes) for j in range(width)]
            here = Point(e.plus(first.index, loop.index), first.shift)
            _Tile(self.nest, self.along, self.across, [here], self.points).finish([row])


def _along(nest: Nest, along: int, across: int | None) -> None:
    space, (inner,) = nest.stage.space, nest.summed()
    registers = _SUMS[max(16, nest.memory.lanes * nest.memory.item)]
    wide = _CHAINS if across is None else 2

    def tile(points: list[Point]) -> None:
        def block(index: Value, count: int) -> None:
            made = _Tile(nest, along, across, [Point(index, r) for r in range(count)], points)
            made.finish(_sums(made, inner))

        if across is None:
            block(nest.emitter.index(0), 1)
        else:
            _rows(nest, space[across], registers // max(2, len(points)), block)

    _vectors(nest, space[along], wide, tile)


def _vectors(nest: Nest, size: Dim, wide: int, body: Callable[[list[Point]], None]) -> None:
    """Cover an axis `wide` vectors at a time, and the last of them one more where one would be left over."""
    e, lanes = nest.emitter, lanes_for(size, nest.memory.lanes)
    if not isinstance(size, int):
        nest.vectors(size, 1, body)
        return
    total = -(-size // lanes)
    last = min(total, wide + total % wide if total % wide < 2 else total % wide)
    if size % lanes == 0 and total % wide == 0:
        last = 0  # all alike

    def block(index: Value, count: int) -> None:
        start = e.times(index, e.index(lanes))
        body([Point(start, k * lanes, lanes, lanes) for k in range(count)])

    if total > last:
        nest.blocks(total - last, wide, block)
    if last:
        start = (total - last) * lanes
        body([Point(e.index(start), k * lanes, lanes, min(lanes, size - start - k * lanes)) for k in range(last)])


def _rows(nest: Nest, size: Dim, most: int, body: Callable[[Value, int], None]) -> None:
    """Cover an axis in tiles of rows: as few and as even as they come, each `most` high or less.

    Where the number of rows is bound late, a tile reaches beyond the last row rather than leave many to be done one by
    one; memory has room for that, and nobody reads what is there.
    """
    e = nest.emitter
    if isinstance(size, int):
        nest.blocks(size, min(range(1, min(most, size) + 1), key=lambda high: _rounds(size, high)), body)
        return
    high = 1 << most.bit_length() - 1
    count = nest.size(size)
    tiles = e.write("udiv", e.plus(count, e.index(high - 1 - min(_FEW, high - 1))), e.index(high))
    full = e.intrinsic("smin", e.times(tiles, e.index(high)), count)
    with e.loop(e.index(0), full, high, surely=False) as loop:
        body(loop.index, high)
    if high > 1:
        with e.loop(e.times(tiles, e.index(high)), count, 1, surely=False) as loop:
            body(loop.index, 1)


def _rounds(size: int, high: int) -> tuple[int, int]:
    """How long tiles so high take: one of few rows waits for its own sums. Among equals, the higher the fewer loads."""
    full, rest = divmod(size, high)
    return full * max(high, _LEAST) + (max(rest, _LEAST) if rest else 0), -high


def _sums(tile: _Tile, inner: Dim) -> list[list[Value]]:
    """The sums of products of one tile, a list for each row."""
    nest, points = tile.nest, tile.points
    e, f = nest.emitter, Functions(nest.emitter)
    summed = len(nest.stage.space)
    vector = _operand(nest, 0 if _free_axes(nest)[0] == tile.along else 1)
    number = _operand(nest, 1 if _free_axes(nest)[0] == tile.along else 0)
    size = len(tile.rows) * len(points)
    chains = max(1, _CHAINS // size)
    chains = min(chains, inner) if isinstance(inner, int) else 1
    zero = e.splat(e.constant(0), points[0].lanes)

    def step(index: Value, shift: int, sums: list[Value]) -> list[Value]:
        nest.at[summed] = Point(index, shift)
        factors = []
        for point in points:
            tile.move(tile.rows[0], point)
            factors.append(vector())
        result: list[Value] = []
        for row in tile.rows:
            tile.move(row, points[0])
            x = number()
            for y in factors:
                before = sums[len(result)]
                result.append(f.fma(x, y, before) if before is not zero else f.mul(x, y))
        return result

    sums = [[zero] * size for _ in range(chains)]
    rounds = inner // chains if isinstance(inner, int) else None
    if rounds is not None and rounds * chains * size <= _WRITTEN_OUT:
        for shift in range(int(inner)):
            sums[shift % chains] = step(e.index(0), shift, sums[shift % chains])
    else:
        stop = nest.size(inner) if rounds is None else e.index(rounds * chains)
        flat = [value for chain in sums for value in chain]
        with e.loop(e.index(0), stop, chains, flat) as loop:
            following = []
            for c in range(chains):
                following += step(loop.index, c, loop.carried[c * size : (c + 1) * size])
            loop.following = following
        sums = [loop.results[c * size : (c + 1) * size] for c in range(chains)]
        for shift in range(rounds * chains, int(inner)) if rounds is not None else ():
            sums[shift % chains] = step(e.index(0), shift, sums[shift % chains])
    total = _joined(sums, lambda x, y: e.write("fadd", x, y))
    return [total[i * len(points) : (i + 1) * len(points)] for i in range(len(tile.rows))]


def _joined(chains: list[list[Value]], add: Callable[[Value, Value], Value]) -> list[Value]:
    while len(chains) > 1:
        pairs = [chains[k : k + 2] for k in range(0, len(chains), 2)]
        chains = [[add(x, y) for x, y in zip(*pair, strict=True)] if len(pair) == 2 else pair[0] for pair in pairs]
    return chains[0]


def _folded(nest: Nest, along: int, across: int | None) -> None:
    """Dot products: vectors run along the summed axis, and the lanes of several sums are joined into one vector."""
    e, f = nest.emitter, Functions(nest.emitter)
    space, (inner,) = nest.stage.space, nest.summed()
    assert isinstance(inner, int)
    summed = len(space)
    left, right = _operand(nest, 0), _operand(nest, 1)
    width = lanes_for(inner, nest.memory.lanes)

    def dot(point: Point, count: int) -> list[Value]:
        """One vector of partial sums for each of so many positions along the axis."""
        nothing = e.splat(e.constant(0), width)
        sums = [nothing] * count

        def step(part: Point, before: list[Value]) -> list[Value]:
            nest.at[summed] = part
            result = []
            for k in range(count):
                nest.at[along] = _single(nest, point, k)
                x, y = left(), right()
                if part.live != part.lanes:
                    product = e.select(live_lanes(part), e.write("fmul", x, y), nothing)
                    result.append(e.write("fadd", before[k], product) if before[k] is not nothing else product)
                else:
                    result.append(f.fma(x, y, before[k]) if before[k] is not nothing else e.write("fmul", x, y))
            return result

        full = inner // width
        if full <= 4:
            for part in range(full):
                sums = step(Point(e.index(0), part * width, width, width), sums)
        else:
            with e.loop(e.index(0), e.index(full * width), width, sums) as loop:
                loop.following = step(Point(loop.index, 0, width, width), loop.carried)
            sums = loop.results
        if inner % width:
            sums = step(Point(e.index(full * width), 0, width, inner % width), sums)
        return sums

    def tile(points: list[Point]) -> None:
        (point,) = points

        def block(index: Value, count: int) -> None:
            made = _Tile(nest, along, across, [Point(index)], points)
            made.move(made.rows[0], point)
            count = point.lanes if point.live is None else point.live
            sums = dot(point, count)
            sums += sums[:1] * (point.lanes - count)
            made.finish([[fold(e, sums, lambda x, y: e.write("fadd", x, y))]])

        if across is None:
            block(e.index(0), 1)
        else:
            nest.blocks(space[across], 1, block)

    nest.vectors(space[along], 1, tile)


def _single(nest: Nest, point: Point, lane: int) -> Point:
    """One position of a vector; beyond a size that is not known yet, the last there is."""
    e = nest.emitter
    if point.count is None:
        return Point(point.index, point.shift + lane)
    last = e.plus(point.count, e.index(-1))
    return Point(e.intrinsic("smin", e.plus(point.index, e.index(point.shift + lane)), last))
