"""Products of a batch with few columns, lanes across the rows: some rows are turned first, then vectors are added up.

Dot products would have to join lanes for each number of the result. To turn a row takes as long as joining lanes a few
times, and serves all columns: 1.02 to 1.03 times the updates of 64-64-10 and 64-32-10.
"""

from __future__ import annotations

from chainrule.targets.llvm.functions import Functions
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.operands import operand
from chainrule.targets.llvm.packing import pack_turned
from chainrule.targets.llvm.point import Point
from chainrule.targets.llvm.tile import Tile


def write_turned(nest: Nest, along: int, across: int) -> None:
    """All columns at as many rows as a vector has lanes, then at the next rows."""
    e, f, space, (inner,) = nest.emitter, Functions(nest.emitter), nest.stage.space, nest.summed()
    lanes, count, number = nest.memory.lanes, nest.size(space[along]), operand(nest, 1 - along)
    rows = [Point(e.index(0), k) for k in range(int(space[across]))]
    with e.loop(e.index(0), count, lanes) as panel:
        point = Point(panel.index, 0, lanes, None, count)
        tile, packed = Tile(nest, along, across, rows, [point]), pack_turned(nest, along, [point])
        with e.loop(e.index(0), nest.size(inner), 1, [e.splat(e.constant(0), lanes)] * len(rows)) as loop:
            vector = packed.read(e, loop.index, 0, 0, lanes)
            nest.at[len(space)] = Point(loop.index)
            for row, total in zip(rows, loop.carried, strict=True):
                tile.move(row, point)
                loop.following.append(f.fma(vector, number(), total))
        tile.finish([[total] for total in loop.results])
