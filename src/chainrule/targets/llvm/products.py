"""A matrix product, and all that is made of its elements where they stand."""

from __future__ import annotations

from chainrule.targets.llvm.covering import either
from chainrule.targets.llvm.dots import write_dots
from chainrule.targets.llvm.gemm import is_large, write_gemm
from chainrule.targets.llvm.memory import is_packed, is_turned_by_rows
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.operands import free_axes
from chainrule.targets.llvm.tiles import write_tiles
from chainrule.targets.llvm.turning import write_turned
from chainrule.transforms.schedule.rows import PACKED
from chainrule.transforms.schedule.stages import Product


def write_product(nest: Nest, way: Product) -> None:
    """One product, the way the plan has chosen."""
    space, (rows, columns) = nest.stage.space, free_axes(nest)
    along, across = (rows, columns) if way.along == 0 else (columns, rows)
    assert along is not None

    def unpacked() -> None:
        if way.folded:
            write_dots(nest, along, across, lower=way.lower)
        else:
            write_tiles(nest, along, across)

    def tiles() -> None:
        if across is not None and is_turned_by_rows(nest.stage, nest.memory.lanes):
            write_turned(nest, along, across)
        elif across is not None and is_packed(nest.stage, nest.memory.lanes, nest.memory.most):
            e = nest.emitter
            many = e.write("icmp sge", nest.all_rows(space[across]), e.index(PACKED), kind="condition")
            either(e, many, lambda: write_tiles(nest, along, across, packed=True), unpacked)
        else:
            unpacked()

    if nest.memory.gemm is not None and is_large(nest.plan, nest.stage, nest.memory.item):
        write_gemm(nest, tiles)
    else:
        tiles()
