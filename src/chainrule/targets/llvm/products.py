"""A matrix product, and all that is made of its elements where they stand."""

from __future__ import annotations

from chainrule.targets.llvm.dots import write_dots
from chainrule.targets.llvm.gemm import is_large, write_gemm
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.operands import free_axes
from chainrule.targets.llvm.tiles import write_tiles
from chainrule.transforms.schedule.stages import Product


def write_product(nest: Nest, way: Product) -> None:
    """One product, the way the plan has chosen."""
    rows, columns = free_axes(nest)
    along, across = (rows, columns) if way.along == 0 else (columns, rows)
    assert along is not None

    def tiles() -> None:
        if way.folded:
            write_dots(nest, along, across, lower=way.lower)
        else:
            write_tiles(nest, along, across)

    if nest.memory.gemm is not None and is_large(nest.plan, nest.stage, nest.memory.item):
        write_gemm(nest, tiles)
    else:
        tiles()
