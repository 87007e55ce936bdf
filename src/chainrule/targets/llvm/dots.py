"""Matrix products by dot products: vectors run along the summed axis, and the lanes of several sums are joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from chainrule.node import Dim
from chainrule.targets.llvm.covering import Span, blocks, blocks_of_rows, by_the_last, rows
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.joining import fold, lanes_below
from chainrule.targets.llvm.memory import lanes_for
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.operands import operand
from chainrule.targets.llvm.point import Point, live_lanes
from chainrule.targets.llvm.tile import Tile, registers

_WRITTEN_OUT: Final = 4  # vectors of a summed axis up to which no loop is made


class Step(Protocol):
    """Adds the products of one vector of the summed axis to the sums, those with a mask only where it says so."""

    def __call__(self, part: Point, before: list[Value], inside: Value | None = None) -> list[Value]: ...


def write_dots(nest: Nest, along: int, across: int | None, *, lower: bool = False) -> None:
    """Dot products of as many rows as there are registers for, with as many columns as a vector has lanes, or half.

    Several rows load less for each product, and the columns are near longer: 1.1 times the speed at 512-512, more
    beyond, in float64 1.25 times at 256-256. A result narrower than a vector is made row by row: it would be no gain.
    """
    e, space, (inner,) = nest.emitter, nest.stage.space, nest.summed()
    size = space[along]
    lanes = lanes_for(size, nest.memory.lanes)
    high = 1
    if across is not None:
        if isinstance(inner, int) and 2 * (min(lanes, size) if isinstance(size, int) else lanes) > registers(nest):
            lanes //= 2
        if not isinstance(size, int):
            high = max(1, min(2, registers(nest) // lanes))  # where it ends, rows are done one by one
        elif not isinstance(inner, int) or size >= lanes:
            high = max(1, registers(nest) // min(lanes, size))

    def cover(span: Span | None) -> None:
        def panel(point: Point) -> None:
            def block(index: Value, high: int) -> None:
                made = Tile(nest, along, across, [Point(index, r) for r in range(high)], [point])
                made.finish([[fold(e, sums, lambda x, y: e.write("fadd", x, y))] for sums in _dots(made)])

            if across is None:
                block(e.index(0), 1)
            else:
                rows(nest, space[across], _below(nest, span, point, across) if lower else span, high, block)

        _panels(nest, size, lanes, panel)

    if across is None:
        cover(None)
    else:
        blocks_of_rows(nest, space[across], inner, cover)


def _below(nest: Nest, span: Span | None, point: Point, across: int) -> Span | None:
    """The positions of a span that, with a vector along the other axis, are not all above the diagonal."""
    e = nest.emitter
    if span is None:
        return None
    if across == 0:
        return Span(e.intrinsic("smax", span.start, point.index), span.stop)
    return Span(span.start, e.intrinsic("smin", span.stop, e.plus(point.index, e.index(point.shift + point.lanes))))


def _panels(nest: Nest, size: Dim, lanes: int, body: Callable[[Point], None]) -> None:
    e = nest.emitter
    if not isinstance(size, int):
        count = nest.size(size)
        with e.loop(e.index(0), count, lanes) as loop:
            body(Point(loop.index, 0, lanes, None, count))
        return
    full = size // lanes
    blocks(nest, "columns", full, 1, lambda index, _: body(Point(e.times(index, e.index(lanes)), 0, lanes, lanes)))
    if size % lanes:
        by_the_last(nest, "columns", lambda: body(Point(e.index(full * lanes), 0, lanes, size % lanes)))


def _dots(tile: Tile) -> list[list[Value]]:
    """For each row a vector of partial sums for each position, and the first again for those beyond the end."""
    nest, (point,) = tile.nest, tile.points
    e, f, (inner,) = nest.emitter, Functions(nest.emitter), nest.summed()
    left, right = operand(nest, 0), operand(nest, 1)
    width = lanes_for(inner, nest.memory.lanes)
    nothing = e.splat(e.constant(0), width)
    count = point.lanes if point.live is None else point.live

    def step(part: Point, before: list[Value], inside: Value | None = None) -> list[Value]:
        nest.at[len(nest.stage.space)] = part
        result: list[Value] = []
        for row in tile.rows:
            for k in range(count):
                tile.move(row, _single(nest, point, k))
                x, y, total = left(), right(), before[len(result)]
                if inside is not None:
                    product = e.select(inside, e.write("fmul", x, y), nothing)
                    result.append(e.write("fadd", total, product) if total is not nothing else product)
                else:
                    result.append(f.fma(x, y, total) if total is not nothing else e.write("fmul", x, y))
        return result

    sums = _vectors(nest, inner, width, [nothing] * (count * len(tile.rows)), step)
    found = [sums[r * count : (r + 1) * count] for r in range(len(tile.rows))]
    return [row + row[:1] * (point.lanes - count) for row in found]


def _vectors(nest: Nest, size: Dim, width: int, sums: list[Value], step: Step) -> list[Value]:
    """Add up what `step` makes of each vector of the summed axis, the last with a mask of what is inside."""
    e = nest.emitter
    if not isinstance(size, int):
        count = nest.size(size)
        whole = e.write("and", count, e.index(-width))
        with e.loop(e.index(0), whole, width, sums, surely=False) as loop:
            loop.following = step(Point(loop.index, 0, width, width), loop.carried)
        with e.loop(whole, count, width, loop.results, surely=False) as rest:
            inside = lanes_below(e, rest.index, count, width)
            rest.following = step(Point(rest.index, 0, width, None, count), rest.carried, inside)
        return rest.results
    full = size // width
    if full <= _WRITTEN_OUT:
        for k in range(full):
            sums = step(Point(e.index(0), k * width, width, width), sums)
    else:
        with e.loop(e.index(0), e.index(full * width), width, sums) as loop:
            loop.following = step(Point(loop.index, 0, width, width), loop.carried)
        sums = loop.results
    if size % width:
        last = Point(e.index(full * width), 0, width, size % width)
        sums = step(last, sums, live_lanes(last))
    return sums


def _single(nest: Nest, point: Point, lane: int) -> Point:
    """One position of a vector; beyond a size that is not known yet, the last there is."""
    e = nest.emitter
    if point.count is None:
        return Point(point.index, point.shift + lane)
    last = e.plus(point.count, e.index(-1))
    return Point(e.intrinsic("smin", e.plus(point.index, e.index(point.shift + lane)), last))
