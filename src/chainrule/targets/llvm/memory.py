"""Where the arrays of a plan lie: those of known size side by side in one arena, the others behind a table.

The innermost axis is padded to whole vectors, so that loops need no remainders; what stands in the padding never
matters, and everything that joins lanes masks it. Rows that would lie a power of two apart get a cache line more,
because a tile walks down columns, and such rows share a few places in the cache: 1.5 times the speed at 784-512-512-10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from chainrule.dataclasses import dataclass
from chainrule.node import Dim
from chainrule.transforms.schedule import blocked
from chainrule.transforms.schedule.rows import PACKED, PART
from chainrule.transforms.schedule.stages import Buffer, Plan, Stage

LINE = 64  # bytes; arrays begin at whole cache lines
_SAME_PLACE = 8 * LINE  # bytes; rows so far apart share an eighth of the cache or less
_LARGE_SUMS = 1 << 18  # bytes
_KEPT_SUMS = 1 << 22  # bytes
_FAR = 3 << 19  # bytes: 3/4 of a usual second cache
_BOARD = 32 * LINE  # bytes; a tile has fewer vectors than there are registers
LONGEST = 512  # rows of a batch over which sums are formed before they are kept
WIDE = 3  # vectors of a tile of at most eight rows
_HIGHEST = 8  # rows of it
_FEW = 12  # columns whose sums fit into registers anywhere
_JOINED = 2  # shuffles for each lane that is joined to another
_LEAST_TURNED = 1 << 15  # weights that are packed so that columns lie side by side,
_LEAST_COPIED = 3 << 18  # and such that do already: 0.95 to 1.05 times as fast at 805-805 and 745-745, 1.2 at 1024-1024
_DEEPEST = 2560  # numbers of a column that are packed at most, which takes half of a second cache
SLOTS = 5  # in the table for how large products are formed, by `multiplier`
ROWS = 16  # sizes that are bound late are whole multiples in memory, so that a tile of rows may reach beyond the last


def lanes_for(size: Dim, most: int) -> int:
    """How many lanes the vectors along an axis have: the widest, or the next power of two for a short axis."""
    if not isinstance(size, int):
        return most
    return min(most, 1 << max(0, size - 1).bit_length())


def padded(size: Dim, most: int) -> Dim:
    """The size of an innermost axis in memory; that of a symbol is rounded up when it is bound."""
    if not isinstance(size, int):
        return size
    lanes = lanes_for(size, most)
    return -(-size // lanes) * lanes


def sizes_in_memory(buffer: Buffer, lanes: int, item: int) -> list[Dim]:
    """The sizes of an array in memory, from the outermost axis to the innermost."""
    if not buffer.order:
        return []
    *outer, inner = [buffer.shape[axis] for axis in buffer.order]
    length = padded(inner, lanes)
    alone = buffer.role == "example" and not isinstance(buffer.shape[0], str)  # may be used where it lies
    if outer and isinstance(length, int) and length * item % _SAME_PLACE == 0 and not alone:
        length += LINE // item
    return [*outer, length]


def is_large_sum(stage: Stage, item: int) -> bool:
    """Whether a stage is a large product that is summed along a size bound late: a gradient summed over a batch."""
    core = stage.core
    if core is None or core.op.name != "matmul" or isinstance(core.args[1].type.shape[0], int):
        return False
    return all(isinstance(size, int) for size in stage.space) and prod(map(int, stage.space)) * item >= _LARGE_SUMS


def summed_in_parts(stage: Stage, item: int, most: int | None) -> bool:
    """Whether such a sum may be over so many rows that it is formed in parts."""
    return is_large_sum(stage, item) and (most is None or most > PART)


def _sizes(stage: Stage) -> tuple[Dim, Dim, int] | None:
    """Of a whole product of two matrices the sizes along its vectors and across them, and the known one summed over."""
    core, product = stage.core, stage.product
    if core is None or product is None or product.lower or len(stage.space) != 2:
        return None
    inner = core.args[1].type.shape[0]
    return (stage.space[product.along], stage.space[1 - product.along], inner) if isinstance(inner, int) else None


def is_packed(stage: Stage, lanes: int, most: int | None = None) -> bool:
    """Whether a product is one of a batch and of weights so many that they may be packed: sooner if they are turned."""
    columns, rows, inner = _sizes(stage) or (None, None, 0)
    if most is not None and most < PACKED:
        return False
    if stage.product is None or not isinstance(columns, int) or isinstance(rows, int) or rows == blocked.ROWS:
        return False
    least = _LEAST_TURNED if stage.product.folded else _LEAST_COPIED
    return columns >= WIDE * lanes and inner <= _DEEPEST and columns * inner >= least


def is_turned_by_rows(stage: Stage, lanes: int) -> bool:
    """Whether lanes go across the rows of a product by dot products, and to turn rows takes less than to join lanes."""
    rows, columns, inner = _sizes(stage) or (None, None, 0)
    if stage.product is None or not stage.product.folded or isinstance(rows, int) or not isinstance(columns, int):
        return False
    return columns <= _FEW and (lanes.bit_length() - 1) * inner <= _JOINED * (lanes - 1) * columns


def _packed(stage: Stage, lanes: int, item: int, most: int | None) -> int:
    """How many numbers of a stage are packed."""
    _, _, inner = _sizes(stage) or (None, None, 0)
    if is_turned_by_rows(stage, lanes):
        return (inner + lanes) * lanes
    if is_packed(stage, lanes, most):
        return (inner + lanes) * (WIDE + 1) * lanes
    return min(LONGEST, most or LONGEST) * _HIGHEST if is_large_sum(stage, item) else 0


def rows_kept(rows: int, columns: int, item: int) -> int:
    """For how many rows of such a product sums are kept at a time: all, or an even part if these take much memory."""
    fits = [n for n in range(4 * ROWS, rows + 1) if rows % n == 0 and n * columns * item <= _KEPT_SUMS]
    return max(fits, default=rows)


@dataclass(frozen=True, slots=True)
class Memory:
    """`offsets` are places in the arena in bytes, `slots` those in the table, by the numbers of the arrays."""

    lanes: int
    item: int  # bytes of a number
    offsets: Mapping[int, int]
    slots: Mapping[int, int]
    arena: int  # bytes
    board: int  # where in the arena a tile of sums is put down
    packed: int  # where in the arena what a tile reads is side by side
    sums: int  # where in the arena sums are kept that are formed in parts, or products of which more is made
    symbols: tuple[str, ...]
    gemm: int | None = None  # the first of the slots that say how large products are formed, if there are such
    widest: int = 0  # the most columns of one
    most: int | None = None  # the most examples of an update, if there is a limit
    team: int | None = None  # the slot of the record of threads that run the stages together

    def sizes(self, buffer: Buffer) -> list[Dim]:
        """The sizes of an array in memory, from the outermost axis to the innermost."""
        return sizes_in_memory(buffer, self.lanes, self.item)

    def is_far(self, stage: Stage) -> bool:
        """Whether what a stage changes is more than the second cache holds."""
        changed = [store.buffer for store in stage.stores if store.buffer.role == "state"]
        return sum(prod(map(int, self.sizes(buffer))) for buffer in changed) * self.item > _FAR

    def rounded(self, size: int) -> int:
        """What a size that is bound late takes in memory: whole vectors and whole tiles."""
        step = max(self.lanes, ROWS)
        return -(-size // step) * step

    def numbers(self, buffer: Buffer, bound: Mapping[str, int]) -> int:
        """How many numbers an array takes; all that have a symbol for a size have room for whole vectors."""
        sizes = [self.rounded(bound[s]) if isinstance(s, str) else s for s in self.sizes(buffer)]
        return prod(sizes) + self.lanes


def lay_out(plan: Plan, *, lanes: int, item: int, outside: Sequence[Buffer] = (), most: int | None = None) -> Memory:
    """Places for all arrays of a plan; those `outside` are somebody else's, and only have a slot."""
    offsets: dict[int, int] = {}
    slots: dict[int, int] = {}
    symbols: dict[str, None] = {}
    end = 0
    for buffer in plan.buffers:
        named = [size for size in buffer.shape if isinstance(size, str)]
        symbols.update(dict.fromkeys(named))
        if named or buffer in outside:
            slots[buffer.number] = len(slots)
            continue
        offsets[buffer.number] = end
        count = prod(map(int, sizes_in_memory(buffer, lanes, item)))
        end += -(-max(count, lanes) * item // LINE) * LINE
    board = end + LINE
    sums = board + _BOARD
    parts = [_sums_kept(s, lanes, item) for s in plan.stages if summed_in_parts(s, item, most)]
    packed = -(-(sums + max(parts, default=0) * item) // LINE) * LINE
    arena = packed + max([_packed(stage, lanes, item, most) for stage in plan.stages], default=0) * item
    return Memory(lanes, item, offsets, slots, arena, board, packed, sums, tuple(symbols), most=most)


def _sums_kept(stage: Stage, lanes: int, item: int) -> int:
    """How many sums are kept at a time, along either axis."""
    sizes = [(int(size), int(padded(size, lanes))) for size in stage.space]
    return max(rows_kept(rows, columns, item) * columns for (rows, _), (_, columns) in (sizes, sizes[::-1]))
