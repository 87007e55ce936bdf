"""Matrix products by dot products: vectors run along the summed axis, and the lanes of several sums are joined."""

from __future__ import annotations

from chainrule.targets.llvm.covering import Span, blocks_of_rows, rows
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.joining import fold, live_lanes
from chainrule.targets.llvm.memory import lanes_for
from chainrule.targets.llvm.nest import Nest, Point
from chainrule.targets.llvm.tiles import Tile, operand


def write_dots(nest: Nest, along: int, across: int | None) -> None:
    """Dot products: vectors run along the summed axis, and the lanes of several sums are joined into one vector."""
    e, f = nest.emitter, Functions(nest.emitter)
    space, (inner,) = nest.stage.space, nest.summed()
    assert isinstance(inner, int)
    summed = len(space)
    left, right = operand(nest, 0), operand(nest, 1)
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

    def cover(span: Span | None) -> None:
        def tile(points: list[Point]) -> None:
            (point,) = points

            def block(index: Value, _: int) -> None:
                made = Tile(nest, along, across, [Point(index)], points)
                made.move(made.rows[0], point)
                count = point.lanes if point.live is None else point.live
                sums = dot(point, count)
                sums += sums[:1] * (point.lanes - count)
                made.finish([[fold(e, sums, lambda x, y: e.write("fadd", x, y))]])

            if across is None:
                block(e.index(0), 1)
            else:
                rows(nest, space[across], span, 1, block)

        nest.vectors(space[along], 1, tile)

    if across is None:
        cover(None)
    else:
        blocks_of_rows(nest, space[across], inner, cover)


def _single(nest: Nest, point: Point, lane: int) -> Point:
    """One position of a vector; beyond a size that is not known yet, the last there is."""
    e = nest.emitter
    if point.count is None:
        return Point(point.index, point.shift + lane)
    last = e.plus(point.count, e.index(-1))
    return Point(e.intrinsic("smin", e.plus(point.index, e.index(point.shift + lane)), last))
