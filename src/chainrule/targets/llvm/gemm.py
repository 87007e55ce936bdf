"""Large matrix products by what `multiplier` finds on this machine, where that is faster than our own tiles.

It forms plain products of some rows at a time; what follows is made of them while they are near. The address comes in
through the table, so that code that is kept fits any process: where rows are too few for it, the tiles are used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Final

from chainrule.dataclasses import replace
from chainrule.node import Dim
from chainrule.targets.llvm.amx_layout import TOGETHER as BLOCK
from chainrule.targets.llvm.covering import either, is_last, left_over, panels, share
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.gemm_layout import ARGUMENTS
from chainrule.targets.llvm.memory import LINE, SLOTS, Memory, lanes_for, padded
from chainrule.targets.llvm.nest import Nest, order_of
from chainrule.targets.llvm.operands import matrix
from chainrule.targets.llvm.point import Point
from chainrule.targets.llvm.tile import Tile
from chainrule.transforms.schedule.rows import MULTIPLIED
from chainrule.transforms.schedule.stages import Plan, Stage

_LEAST_WEIGHTS: Final = 1 << 18
_LEAST_FOR_BLOCKS: Final = 1 << 15  # for a matrix unit; 0.78 to 0.9 times as long at 784-128-10
_FILLED: Final = 0.8
TOGETHER: Final = 2048  # rows of a product that are formed before the rest is done
_NEAR: Final = 128  # rows, where the other matrix stays packed: with 512 it takes as long
_BESIDE: Final = 4  # vectors of one row that are worked out together


def with_gemm(memory: Memory, plan: Plan) -> Memory:
    """The memory with slots for `multiplier.Multiplier`, and room for rows of the widest product, if some are large."""
    large = [stage for stage in plan.stages if is_large(plan, stage, memory.item)]
    if not large or (memory.most is not None and memory.most < MULTIPLIED):
        return memory
    room = max(_pitch(stage, memory) * TOGETHER for stage in large) * memory.item
    arena = max(memory.arena, memory.sums + room)  # nobody needs products and sums at the same time
    widest = max(int(stage.space[_along(stage)]) for stage in large)
    return replace(memory, gemm=len(memory.slots), arena=arena, widest=widest)


def is_large(plan: Plan, stage: Stage, item: int) -> bool:
    """Whether a stage is a product with a batch of any size, of matrices that are large and lie in memory."""
    core = stage.core
    if core is None or core.op.name != "matmul" or any(len(one.type.shape) != 2 for one in core.args):
        return False
    known = _known(stage)
    fits = len(known) == 2 and (prod(known) >= _LEAST_WEIGHTS or (item == 4 and _fills_blocks(known)))
    fits = fits and min(known) >= LINE
    return fits and isinstance(stage.space[_along(stage)], int) and all(matrix(plan, stage, k) for k in (0, 1))


def _known(stage: Stage) -> list[int]:
    """The sizes of a product that are not bound late."""
    assert stage.core is not None
    sizes: list[Dim] = [*stage.space, stage.core.args[1].type.shape[0]]
    return [size for size in sizes if isinstance(size, int)]


def _fills_blocks(known: Sequence[int]) -> bool:
    """Whether weights are worth the blocks of a matrix unit: they are some, and leave few places of these unfilled."""
    places = prod([-(-size // BLOCK) * BLOCK for size in known])
    return prod(known) >= max(_LEAST_FOR_BLOCKS, _FILLED * places)


def write_gemm(nest: Nest, tiles: Callable[[], None]) -> None:
    """A large product: by the multiplier if the batch has enough rows for it, else by what `tiles` writes."""
    e, slot = nest.emitter, nest.memory.gemm
    assert slot is not None
    (batch,) = [size for size in (*nest.stage.space, *nest.summed()) if isinstance(size, str)]
    places = [e.offset(Value("%table", "pointer"), e.index(slot + k), kind="pointer") for k in range(SLOTS)]
    many_weights = prod(_known(nest.stage)) >= _LEAST_WEIGHTS
    deepest, least = (e.load(places[k], 1, kind="index") for k in (2, 3 if many_weights else 4))
    many = e.write("icmp sge", nest.all_rows(batch), least, kind="condition")
    either(e, many, lambda: _products(nest, [e.load(place, 1, kind="pointer") for place in places[:2]], deepest), tiles)


def _products(nest: Nest, multiplier: Sequence[Value], deepest: Value) -> None:
    """Some rows after the others: first their products, then what is made of them.

    Where few numbers are summed, the other matrix stays packed, and rows may be so few that their products stay near.
    """
    e, memory, space, along = nest.emitter, nest.memory, nest.stage.space, _along(nest.stage)
    across, pitch = 1 - along, _pitch(nest.stage, memory)
    products = e.offset(nest.scratch, e.index(memory.sums // memory.item))
    (summed,) = nest.summed()
    inner = nest.size(summed)
    shallow = e.write("icmp sle", inner, deepest, kind="condition")
    most = e.select(shallow, e.index(_NEAR), e.index(TOGETHER))
    first, end = _rows_of_a_thread(nest, space[across])
    left, right = _columns_of_a_thread(nest, int(space[along]))
    blocks = e.write("udiv", e.plus(e.write("sub", end, first), e.plus(most, e.index(-1))), most)
    with e.loop(e.index(0), blocks, 1, surely=nest.divided != "rows") as block:
        start = e.plus(first, e.times(block.index, most))
        together = e.intrinsic("smin", most, e.write("sub", end, start))
        later = e.write("icmp ne", block.index, e.index(0), kind="condition")
        alike = e.write("and", later, e.write("icmp eq", together, most, kind="condition"))
        again = e.convert("zext", e.write("and", alike, shallow), "index")
        nest.at[along], nest.at[across] = Point(left), Point(start)
        sizes = [e.write("sub", right, left) if nest.divided else right, together, inner]
        operands = _operand(nest, along, turned=False) + _operand(nest, across, turned=True)
        given = ", ".join(f"ptr {value.text}" for value in multiplier) + f", i64 {again.text}"
        given += "".join(f", i64 {size.text}" for size in sizes) + operands
        e.line(f"call void @gemm({given}, ptr {e.offset(products, left).text}, i64 {pitch})")
        with e.loop(e.index(0), together, 1) as row:
            line = e.offset(products, e.times(row.index, e.index(pitch)))
            place = Point(e.plus(start, row.index))

            def made(points: list[Point], line: Value = line, place: Point = place) -> None:
                sums = [e.load(e.offset(e.offset(line, p.index), e.index(p.shift)), p.lanes) for p in points]
                Tile(nest, along, across, [place], points).finish([sums])

            panels(nest, space[along], _BESIDE, made)


def _rows_of_a_thread(nest: Nest, rows: Dim) -> tuple[Value, Value]:
    """From where to where a thread forms rows of the products: whole blocks of a matrix unit."""
    e, count = nest.emitter, nest.size(rows)
    if nest.divided != "rows":
        return e.index(0), count
    first, end = share(nest, -(-int(rows) // BLOCK), BLOCK)
    return first, e.intrinsic("smin", end, count)


def _columns_of_a_thread(nest: Nest, columns: int) -> tuple[Value, Value]:
    """From where to where a thread forms columns of them: those of which it then makes more."""
    e, lanes = nest.emitter, lanes_for(columns, nest.memory.lanes)
    if nest.divided != "columns":
        return e.index(0), e.index(columns)
    blocks = (-(-columns // lanes) - left_over(columns, lanes, _BESIDE)) // _BESIDE
    first, end = share(nest, blocks, _BESIDE * lanes)
    return first, e.select(is_last(nest), e.index(columns), end)


def _operand(nest: Nest, free: int, *, turned: bool) -> str:
    """The arguments for the matrix of one axis of the result: how it lies, where, and how far its lines are apart.

    In Fortran's order, that of the axis whose elements are neighbours comes first: `turned` is the second matrix.
    """
    summed = len(nest.stage.space)
    nest.at[summed] = Point(nest.emitter.index(0))
    found = matrix(nest.plan, nest.stage, free)
    assert found is not None
    buffer, place = found
    strides = {axis: stride for stride, (axis, _) in zip(nest.strides(buffer), place, strict=True)}
    by_line = place[buffer.order[-1]][0] == summed
    lies = ord("T" if by_line != turned else "N")
    apart = strides[free] if by_line else strides[summed]
    return f", i8 {lies}, ptr {nest.address(buffer, place).text}, i64 {apart.text}"


def _along(stage: Stage) -> int:
    """The axis of a product along which vectors of it are stored."""
    return order_of(stage)[-1]


def _pitch(stage: Stage, memory: Memory) -> int:
    """How far the rows of a product are apart: not a power of two."""
    return int(padded(stage.space[_along(stage)], memory.lanes)) + LINE // memory.item


def gemm_function(number: str) -> list[str]:
    """The function that puts the arguments where Fortran looks for them; a BLAS overlooks the last two."""
    sizes = ["m", "n", "k", "lda", "ldb", "ldc"]
    body = [f"%{name}.at = alloca i32" for name in sizes]
    body += [f"%{name}.at = alloca i8" for name in ("ta", "tb")]
    body += [f"%{name}.at = alloca {number}" for name in ("alpha", "beta")]
    for name in sizes:
        body += [f"%{name}.32 = trunc i64 %{name} to i32", f"store i32 %{name}.32, ptr %{name}.at"]
    body += [f"store i8 %{name}, ptr %{name}.at" for name in ("ta", "tb")]
    body += [f"store {number} 1.0, ptr %alpha.at", f"store {number} 0.0, ptr %beta.at"]
    order = [name if name in ("a", "b", "c", "context") else f"{name}.at" for name in ARGUMENTS]
    body += [f"call void %gemm({', '.join(f'ptr %{name}' for name in order)}, i64 %again)", "ret void"]
    matrices = "i8 %ta, ptr %a, i64 %lda, i8 %tb, ptr %b, i64 %ldb, ptr %c, i64 %ldc"
    head = f"define internal void @gemm(ptr %gemm, ptr %context, i64 %again, i64 %m, i64 %n, i64 %k, {matrices}) #0 {{"
    return [head, "entry:", *[f"  {line}" for line in body], "}"]
