"""Matrix products by tiles: sums held in registers while the loop inside runs, and what is made of them at once.

A tile is a few rows of the result by two or three vectors along the axis in which it is contiguous: for each element
of the summed axis these vectors and a number for each row are loaded, and as many products added as there are sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from chainrule.dataclasses import replace
from chainrule.node import Dim, Node
from chainrule.ops.arithmetic import ADD, SUB
from chainrule.targets.llvm.covering import NEAR, Group, Span, blocks_of_rows, panels, rows
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.memory import LONGEST, WIDE, is_large_sum, lanes_for, summed_in_parts
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.operands import addend, free_axes, operand
from chainrule.targets.llvm.packing import fetch_turned, pack_numbers, pack_vectors
from chainrule.targets.llvm.point import Point
from chainrule.targets.llvm.tile import Tile, kept_rows, registers
from chainrule.transforms.schedule import blocked
from chainrule.transforms.schedule.rows import PART
from chainrule.transforms.schedule.stages import Store, whole

_CHAINS: Final = 8  # sums side by side, so that one need not wait for the last
_FAR: Final = 1 << 19  # bytes of weights
_WRITTEN_OUT: Final = 64  # products of vectors up to which no loop is made
_PAIR: Final = 2  # vectors of a tile, where its rows may be as many as there are registers for
_MANY: Final = 5  # vectors from which all tiles of some rows come before the next rows

Cover: TypeAlias = Callable[[Span | None, Callable[[Tile], None]], None]  # work to do at all tiles


def write_tiles(nest: Nest, along: int, across: int | None, *, packed: bool = False) -> None:
    """Tiles over all positions of a product; `packed` if its vectors are packed before tiles read them."""
    e, space, (inner,) = nest.emitter, nest.stage.space, nest.summed()
    far = nest.memory.is_far(nest.stage)

    def cover(span: Span | None, work: Callable[[Tile], None]) -> None:
        if across is None:
            panels(
                nest, space[along], _CHAINS, lambda points: work(Tile(nest, along, None, [Point(e.index(0))], points))
            )
        else:
            _panels_of(nest, along, across, Group(e.index(0), space[across]), packed=packed)(span, work)

    def finish(tile: Tile) -> None:
        if far:
            tile.fetch_states()
        tile.finish(_sums(tile, inner, None, added=added))

    grown, added = _grown(nest), None
    if across is None:
        added = addend(nest)
        cover(None, finish)
    elif grown is not None:
        cover(None, lambda tile: tile.put(grown, _sums(tile, inner, None, grown)))
    elif is_large_sum(nest.stage, nest.memory.item):
        _in_groups(nest, along, across, far=far)
    else:
        blocks_of_rows(nest, space[across], inner, lambda span: cover(span, finish))


def _grown(nest: Nest) -> Store | None:
    """The store of a stage that only adds a product of few rows to a state, or takes it away.

    Its sums may begin with the state itself, and need no pass of their own: 1.05 times the speed of 784-100-10 online.
    """
    stage, (store, *others), (inner,) = nest.stage, nest.stage.stores, nest.summed()
    x, buffer = store.value, store.buffer
    few = inner == blocked.ROWS or (isinstance(inner, int) and inner <= PART)
    alone = not others and buffer.role == "state" and store.place == whole(stage.space)
    added = x.op in (ADD, SUB) and nest.plan.found.get(x.args[0]) is buffer and x.args[1] is stage.core
    return store if few and alone and added else None


def _panels_of(nest: Nest, along: int, across: int, group: Group, *, packed: bool = False) -> Cover:
    """All tiles of some vectors before those of the next.

    If they are packed first, a product that would be dot products is 1.3 to 1.4 times as fast.
    """
    e, space = nest.emitter, nest.stage.space

    def cover(span: Span | None, work: Callable[[Tile], None]) -> None:
        def panel(points: list[Point]) -> None:
            vectors = pack_vectors(nest, along, points) if packed else None

            def block(index: Value, count: int) -> None:
                high = [group.row(e, index, r) for r in range(count)]
                work(Tile(nest, along, across, high, points, vectors=vectors, group=group.start))

            rows(nest, group.size, span, registers(nest) // max(2, len(points)), block)

        panels(nest, space[along], _PAIR if isinstance(group.size, int) else WIDE, panel)

    return cover


def _strips(nest: Nest, along: int, across: int, group: Group, part: Span) -> Cover:
    """All tiles of some rows before those of the next, while the numbers of the rows stay in the first cache.

    What the sums change is then gone through in the order in which it lies: an update of 784-100-10 with Adam in
    float64 takes 0.89 of the time. Numbers of a column are as far apart as rows are, so that they are packed. And so
    many columns are gone through before the next that their vectors stay in the second cache.
    """
    e, lanes, high, size = nest.emitter, nest.memory.lanes, registers(nest) // WIDE, int(nest.stage.space[along])
    step = WIDE * lanes
    whole = size // step * step
    near = e.write("udiv", e.index(NEAR // (step * nest.memory.item)), e.write("sub", part.stop, part.start))
    blocks = e.write("udiv", e.plus(near, e.index(whole // step - 1)), near)
    even = e.write("udiv", e.plus(blocks, e.index(whole // step - 1)), blocks)  # no more than near: none is left empty
    together = e.times(even, e.index(step))

    def points(start: Value, count: int) -> list[Point]:
        return [Point(start, k, lanes, min(lanes, count - k)) for k in range(0, count, lanes)]

    def cover(span: Span | None, work: Callable[[Tile], None]) -> None:
        with e.loop(e.index(0), blocks, 1) as block:
            start = e.times(block.index, together)
            end = e.intrinsic("smin", e.plus(start, together), e.index(whole))
            rest = e.convert("zext", e.write("icmp eq", end, e.index(whole), kind="condition"), "index")

            def strip(index: Value, count: int) -> None:
                places = [group.row(e, index, r) for r in range(count)]
                numbers = pack_numbers(nest, across, replace(places[0], lanes=lanes_for(count, high), live=count), part)
                tile = partial(Tile, nest, along, across, places, numbers=numbers, group=group.start)
                with e.loop(start, end, step, surely=False) as loop:
                    work(tile(points(loop.index, step)))
                if whole < size:
                    with e.loop(e.index(0), rest, 1, surely=False):
                        work(tile(points(e.index(whole), size - whole)))

            rows(nest, group.size, span, high, strip)

    return cover


def _in_groups(nest: Nest, along: int, across: int, *, far: bool) -> None:
    """A product that is summed in parts, so many rows at a time that their sums take little memory."""
    e, space = nest.emitter, nest.stage.space
    total, kept = int(space[across]), kept_rows(nest, along, across)
    together = LONGEST if total * int(space[along]) * nest.memory.item > NEAR else PART

    def parts(start: Value | None) -> None:
        group = Group(start, kept)

        def cover(part: Span) -> Cover:
            many = int(space[along]) >= _MANY * nest.memory.lanes
            return _strips(nest, along, across, group, part) if many else _panels_of(nest, along, across, group)

        _in_parts(nest, together, cover, far=far)

    if kept == total:
        parts(None)
        return
    with e.loop(e.index(0), e.index(total), kept) as groups:
        parts(groups.index)


def _in_parts(nest: Nest, together: int, cover: Callable[[Span], Cover], *, far: bool) -> None:
    """A product summed over rows whose number is bound late, so many at a time: all but the last parts are kept.

    So a batch of 4096 is summed at the speed of a small one: 2.5 times that of one sum at 784-1024-1024-10.
    """
    e, (inner,) = nest.emitter, nest.summed()
    count, step = nest.size(inner), e.index(together)

    def finish(tile: Tile, part: Span, *, kept: bool) -> None:
        if far:
            tile.fetch_states()
        sums = _sums(tile, inner, part)
        tile.finish(tile.completed(sums, part.start) if kept else sums)

    if not summed_in_parts(nest.stage, nest.memory.item, nest.memory.most):
        whole = Span(e.index(0), count)
        cover(whole)(None, lambda tile: finish(tile, whole, kept=False))
        return
    last = e.times(e.write("udiv", e.plus(count, e.index(-1)), step), step)
    with e.loop(e.index(0), last, together, surely=False) as part:
        span = Span(part.index, e.plus(part.index, step))
        first = e.write("icmp eq", part.index, e.index(0), kind="condition")

        def keep(tile: Tile) -> None:
            tile.fetch_kept()
            tile.keep(_sums(tile, inner, span), first)

        cover(span)(None, keep)

    rest = Span(last, count)
    cover(rest)(None, lambda tile: finish(tile, rest, kept=True))


def _comes_from_afar(tile: Tile, inner: Dim) -> bool:
    """Whether the next panel of weights should be fetched while this one is used, as the rows of it are far apart.

    1.25 times the speed of the product at 784-512, whose weights are in the third cache when a batch begins.
    """
    width = tile.nest.stage.space[tile.along]
    known = isinstance(inner, int) and isinstance(width, int)
    return known and len(tile.points) > 1 and int(inner) * int(width) * tile.nest.memory.item > _FAR


def _sums(
    tile: Tile, inner: Dim, part: Span | None, grown: Store | None = None, added: Node | None = None
) -> list[list[Value]]:
    """The sums of products of one tile, a list for each row; of a part of the summed axis, or `grown` by them.

    There are half as many chains as products, because a product is added in one step.
    """
    nest, points = tile.nest, tile.points
    e, f = nest.emitter, Functions(nest.emitter)
    summed = len(nest.stage.space)
    vector = operand(nest, 0 if free_axes(nest)[0] == tile.along else 1)
    number = operand(nest, 1 if free_axes(nest)[0] == tile.along else 0)
    size = len(tile.rows) * len(points)
    chains = max(1, _CHAINS // size)
    chains = min(chains, -(-inner // 2)) if isinstance(inner, int) else 1
    zero = e.splat(e.constant(0), points[0].lanes)
    ahead = len(points) * points[0].lanes if _comes_from_afar(tile, inner) else 0

    def step(index: Value, shift: int, sums: list[Value]) -> list[Value]:
        nest.at[summed] = Point(index, shift)
        if tile.vectors:
            fetch_turned(nest, tile.along, points, tile.rows[0])
        factors = []
        nest.ahead = ahead
        for k, point in enumerate(points):
            tile.move(tile.rows[0], point)
            packed = tile.vectors.read(e, index, shift, k * point.lanes, point.lanes) if tile.vectors else None
            factors.append(packed or vector())
            if nest.stage.passing is not None:
                store = nest.stage.passing
                nest.store(factors[-1], store.buffer, ((tile.along, 0), (summed, 0)))
        nest.ahead = 0
        result: list[Value] = []
        for r, row in enumerate(tile.rows):
            tile.move(row, points[0])
            x = tile.numbers.read(e, index, shift, r, 1) if tile.numbers else number()
            if grown is not None and grown.value.op is SUB:
                x = e.write("fneg", x)
            for y in factors:
                before = sums[len(result)]
                result.append(f.fma(x, y, before) if before is not zero else f.mul(x, y))
        return result

    sums = [[zero] * size for _ in range(chains)]
    if grown is not None:
        sums[0] = tile.begin(grown)
    if added is not None:
        sums[0] = tile.begin_with(added)
    rounds = inner // chains if isinstance(inner, int) else None
    if rounds is not None and rounds * chains * size <= _WRITTEN_OUT:
        for shift in range(int(inner)):
            sums[shift % chains] = step(e.index(0), shift, sums[shift % chains])
    else:
        start = part.start if part else e.index(0)
        stop = part.stop if part else nest.size(inner) if rounds is None else e.index(rounds * chains)
        flat = [value for chain in sums for value in chain]
        with e.loop(start, stop, chains, flat) as loop:
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
