"""Matrix products: sums held in registers while the loop inside runs, and what is made of them at once.

A product along an axis of its result keeps a tile of vectors; by dot products it keeps one sum for each of several
elements and joins their lanes in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from chainrule.node import Dim
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.joining import fold, live_lanes
from chainrule.targets.llvm.memory import lanes_for
from chainrule.targets.llvm.nest import Nest, Point
from chainrule.transforms.schedule.stages import Product

_SUMS: Final = {64: 24, 32: 10, 16: 10}  # registers for sums, by the bytes of one
_CHAINS: Final = 8  # sums side by side, so that one need not wait for the last


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


def _operands(nest: Nest, along: int) -> Callable[[], tuple[Value, Value]]:
    """The elements of the two matrices at the position of the nest."""
    core = nest.stage.core
    assert core is not None
    rows, columns = _free_axes(nest)
    summed = len(nest.stage.space)
    left, right = core.args
    left_place = ((rows, 0), (summed, 0)) if rows is not None else ((summed, 0),)
    right_place = ((summed, 0), (columns, 0)) if columns is not None else ((summed, 0),)

    def load() -> tuple[Value, Value]:
        nest.values.clear()
        return nest.value(left, left_place), nest.value(right, right_place)

    return load


def _finish(nest: Nest, along: int, across: int | None, tile: Sequence[tuple[Point | None, Point, Value]]) -> None:
    """All that is made of the elements of a tile: first worked out, then stored."""
    results = []

    def move(row: Point | None, column: Point) -> None:
        nest.at[along] = column
        if across is not None and row is not None:
            nest.at[across] = row

    for row, column, core in tile:
        move(row, column)
        nest.core = core
        results.append(nest.results(nest.stage.stores))
    for (row, column, _), found in zip(tile, results, strict=True):
        move(row, column)
        nest.put(nest.stage.stores, found)
    nest.core = None


def _along(nest: Nest, along: int, across: int | None) -> None:
    space, (inner,) = nest.stage.space, nest.summed()
    lanes = lanes_for(space[along], nest.memory.lanes)
    width = space[along]
    vectors = -(-width // lanes) if isinstance(width, int) else 1
    registers = _SUMS[max(16, nest.memory.lanes * nest.memory.item)]
    if across is None:
        wide, high = min(vectors, _CHAINS), 1
    else:
        wide = 2 if vectors > 1 else 1
        high = 8 if wide == 2 or registers < 20 else 12
        high = max(1, min(high, registers // wide))
    operands = _operands(nest, along)

    def tile(points: list[Point]) -> None:
        def block(index: Value, count: int) -> None:
            rows: list[Point | None] = [Point(index, r) for r in range(count)] if across is not None else [None]
            sums = _sums(nest, along, across, rows, points, inner, operands)
            _finish(nest, along, across, [(r, p, sums[i][j]) for i, r in enumerate(rows) for j, p in enumerate(points)])

        if across is None:
            block(nest.emitter.index(0), 1)
        else:
            nest.blocks(space[across], high, block)

    nest.vectors(width, wide, tile)


def _sums(
    nest: Nest,
    along: int,
    across: int | None,
    rows: Sequence[Point | None],
    points: Sequence[Point],
    inner: Dim,
    operands: Callable[[], tuple[Value, Value]],
) -> list[list[Value]]:
    """The sums of products of one tile, a list for each row."""
    e, f = nest.emitter, Functions(nest.emitter)
    summed = len(nest.stage.space)
    chains = max(1, _CHAINS // (len(rows) * len(points)))
    chains = min(chains, inner) if isinstance(inner, int) else 1
    zero = e.splat(e.constant(0), points[0].lanes)

    def step(index: Value, shift: int, sums: list[Value]) -> list[Value]:
        nest.at[summed] = Point(index, shift)
        result = []
        for i, row in enumerate(rows):
            for j, point in enumerate(points):
                nest.at[along] = point
                if across is not None and row is not None:
                    nest.at[across] = row
                x, y = operands()
                before = sums[i * len(points) + j]
                result.append(f.fma(x, y, before) if before is not zero else f.mul(x, y))
        return result

    tile = len(rows) * len(points)
    sums = [[zero] * tile for _ in range(chains)]
    rounds = inner // chains if isinstance(inner, int) else None
    if rounds is not None and rounds * chains * tile <= 64:
        for shift in range(int(inner)):  # short enough to be written out
            sums[shift % chains] = step(e.index(0), shift, sums[shift % chains])
    else:
        stop = nest.size(inner) if rounds is None else e.index(rounds * chains)
        flat = [value for chain in sums for value in chain]
        with e.loop(e.index(0), stop, chains, flat) as loop:
            following = []
            for c in range(chains):
                following += step(loop.index, c, loop.carried[c * tile : (c + 1) * tile])
            loop.following = following
        sums = [loop.results[c * tile : (c + 1) * tile] for c in range(chains)]
        for shift in range(rounds * chains, int(inner)) if rounds is not None else ():
            sums[shift % chains] = step(e.index(0), shift, sums[shift % chains])
    total = _joined(sums, lambda x, y: e.write("fadd", x, y))
    return [total[i * len(points) : (i + 1) * len(points)] for i in range(len(rows))]


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
    operands = _operands(nest, along)
    width = lanes_for(inner, nest.memory.lanes)

    def dot(point: Point, count: int) -> list[Value]:
        """One vector of partial sums for each of so many positions along the axis."""
        nothing = e.splat(e.constant(0), width)
        sums = [nothing] * count

        def step(part: Point, before: list[Value]) -> list[Value]:
            nest.at[summed] = part
            result = []
            for k in range(count):
                nest.at[along] = _single(nest, along, point, k)
                x, y = operands()
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
            row = None
            if across is not None:
                row = nest.at[across] = Point(index)
            count = point.lanes if point.live is None else point.live
            sums = dot(point, count)
            sums += sums[:1] * (point.lanes - count)
            _finish(nest, along, across, [(row, point, fold(e, sums, lambda x, y: e.write("fadd", x, y)))])

        if across is None:
            block(e.index(0), 1)
        else:
            nest.blocks(space[across], 1, block)

    nest.vectors(space[along], 1, tile)


def _single(nest: Nest, axis: int, point: Point, lane: int) -> Point:
    """One position of a vector; beyond a size that is not known yet, the last there is."""
    e = nest.emitter
    if point.live is not None:
        return Point(point.index, point.shift + lane)
    last = e.plus(nest.size(nest.stage.space[axis]), e.index(-1))
    return Point(e.intrinsic("smin", e.plus(point.index, e.index(point.shift + lane)), last))
