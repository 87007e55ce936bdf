"""Matrix products by tiles: sums held in registers while the loop inside runs, and what is made of them at once.

A tile is a few rows of the result by two vectors along the axis in which it is contiguous: for each element of the
summed axis two vectors and one number for each row are loaded, and as many products added as there are sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from chainrule.dataclasses import dataclass, replace
from chainrule.node import Dim, Node
from chainrule.ops.arithmetic import ADD, SUB
from chainrule.targets.llvm.covering import Group, Span, blocks_of_rows, panels, rows
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.memory import LINE, PART, WIDE, lanes_for, padded, rows_kept, summed_in_parts
from chainrule.targets.llvm.nest import Nest, Point
from chainrule.targets.llvm.operands import addend, free_axes, operand
from chainrule.targets.llvm.packing import Packed, fetch_turned, pack_numbers, pack_turned
from chainrule.transforms.schedule import blocked
from chainrule.transforms.schedule.stages import Store, whole

_SUMS: Final = {64: 24, 32: 12, 16: 12}  # registers for sums, by the bytes of one
_CHAINS: Final = 8  # sums side by side, so that one need not wait for the last
_FAR: Final = 1 << 19  # bytes of weights
_WRITTEN_OUT: Final = 64  # products of vectors up to which no loop is made
_SHORT: Final = 6  # ops up to which no loop over the rows of a tile is made: 1.05 times the updates of 64-64-10
_PAIR: Final = 2  # vectors of a tile, where its rows may be as many as there are registers for
_MANY: Final = 5  # vectors from which all tiles of some rows come before the next rows


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
        long = self.numbers or self.vectors or self.nest.length(self.nest.stage.stores) > _SHORT
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
        board = e.offset(Value("%arena", "pointer"), e.index(memory.board // memory.item))
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
        high = e.index(_rows_kept(self.nest, self.along, self.across))
        start = e.offset(e.effect(f"getelementptr i8, ptr %arena, i64 {memory.sums}", "pointer"),
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


Cover: TypeAlias = Callable[[Span | None, Callable[[Tile], None]], None]  # work to do at all tiles


def write_tiles(nest: Nest, along: int, across: int | None) -> None:
    """Tiles over all positions of a product."""
    e, space, (inner,) = nest.emitter, nest.stage.space, nest.summed()
    far = nest.memory.is_far(nest.stage)

    def cover(span: Span | None, work: Callable[[Tile], None]) -> None:
        if across is None:
            panels(
                nest, space[along], _CHAINS, lambda points: work(Tile(nest, along, None, [Point(e.index(0))], points))
            )
        else:
            _panels_of(nest, along, across, Group(e.index(0), space[across]))(span, work)

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
    elif summed_in_parts(nest.stage, nest.memory.item):
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


def _panels_of(nest: Nest, along: int, across: int, group: Group) -> Cover:
    """All tiles of some vectors before those of the next.

    Of a product that would be dot products, the vectors are packed first: then it is 1.3 to 1.4 times as fast.
    """
    e, space, product = nest.emitter, nest.stage.space, nest.stage.product

    def cover(span: Span | None, work: Callable[[Tile], None]) -> None:
        def panel(points: list[Point]) -> None:
            vectors = pack_turned(nest, along, points) if product is not None and product.folded else None

            def block(index: Value, count: int) -> None:
                high = [group.row(e, index, r) for r in range(count)]
                work(Tile(nest, along, across, high, points, vectors=vectors, group=group.start))

            rows(nest, group.size, span, registers(nest) // max(2, len(points)), block)

        panels(nest, space[along], _PAIR if isinstance(group.size, int) else WIDE, panel)

    return cover


def _strips(nest: Nest, along: int, across: int, group: Group, part: Span) -> Cover:
    """All tiles of some rows before those of the next, while the numbers of the rows stay in the first cache.

    What the sums change is then gone through in the order in which it lies: an update of 784-100-10 with Adam in
    float64 takes 0.89 of the time. Numbers of a column are as far apart as rows are, so that they are packed.
    """
    e, space, high = nest.emitter, nest.stage.space, registers(nest) // WIDE

    def cover(span: Span | None, work: Callable[[Tile], None]) -> None:
        def strip(index: Value, count: int) -> None:
            together = [group.row(e, index, r) for r in range(count)]
            numbers = pack_numbers(nest, across, replace(together[0], lanes=lanes_for(count, high), live=count), part)

            def tile(points: list[Point]) -> None:
                work(Tile(nest, along, across, together, points, numbers=numbers, group=group.start))

            nest.vectors(space[along], WIDE, tile)

        rows(nest, group.size, span, high, strip)

    return cover


def _rows_kept(nest: Nest, along: int, across: int) -> int:
    """For how many rows of a result sums are kept at a time."""
    columns = padded(int(nest.stage.space[along]), nest.memory.lanes)
    return rows_kept(int(nest.stage.space[across]), int(columns), nest.memory.item)


def _in_groups(nest: Nest, along: int, across: int, *, far: bool) -> None:
    """A product that is summed in parts, so many rows at a time that their sums take little memory."""
    e, space = nest.emitter, nest.stage.space
    total, kept = int(space[across]), _rows_kept(nest, along, across)

    def parts(start: Value | None) -> None:
        group = Group(start, kept)

        def cover(part: Span) -> Cover:
            many = int(space[along]) >= _MANY * nest.memory.lanes
            return _strips(nest, along, across, group, part) if many else _panels_of(nest, along, across, group)

        _in_parts(nest, cover, far=far)

    if kept == total:
        parts(None)
        return
    with e.loop(e.index(0), e.index(total), kept) as groups:
        parts(groups.index)


def _in_parts(nest: Nest, cover: Callable[[Span], Cover], *, far: bool) -> None:
    """A product summed over rows whose number is bound late, so many at a time: all but the last parts are kept.

    So a batch of 4096 is summed at the speed of a small one: 2.5 times that of one sum at 784-1024-1024-10.
    """
    e, (inner,) = nest.emitter, nest.summed()
    count, step = nest.size(inner), e.index(PART)
    last = e.times(e.write("udiv", e.plus(count, e.index(-1)), step), step)
    with e.loop(e.index(0), last, PART, surely=False) as part:
        span = Span(part.index, e.plus(part.index, step))
        first = e.write("icmp eq", part.index, e.index(0), kind="condition")

        def keep(tile: Tile) -> None:
            tile.fetch_kept()
            tile.keep(_sums(tile, inner, span), first)

        cover(span)(None, keep)

    rest = Span(last, count)

    def finish(tile: Tile) -> None:
        if far:
            tile.fetch_states()
        tile.finish(tile.completed(_sums(tile, inner, rest), last))

    cover(rest)(None, finish)


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
