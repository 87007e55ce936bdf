"""NumPy arrays in and out of the memory of a kernel: padded, in the order the plan chose, or used where they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod
from typing import Any

from chainrule.errors import ShapeError
from chainrule.node import Node, Shape, label_of
from chainrule.ops.types import show_shape
from chainrule.quantity import spell
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.memory import LINE, SLOTS, Memory
from chainrule.targets.llvm.multiplier import Multiplier, multiplier
from chainrule.targets.llvm.team_layout import record_of, share_of
from chainrule.transforms.schedule.stages import Buffer, Plan


def aligned(numbers: int, dtype: Any, *, zeros: bool = True) -> Any:
    """An array, of zeros or of anything, that begins at a whole cache line."""
    import numpy as np

    item = np.dtype(dtype).itemsize
    block = (np.zeros if zeros else np.empty)(numbers * item + LINE, np.uint8)
    start = -block.ctypes.data % LINE
    return block[start : start + numbers * item].view(dtype)


def _arena(plan: Plan, memory: Memory, dtype: DType) -> Any:
    """Zeros, but for the state, to which values are assigned: to clear that as well took a fifth of what they took."""
    arena, end = aligned(memory.arena // memory.item + memory.lanes, dtype, zeros=False), 0
    for buffer in plan.buffers:
        if buffer.role == "state" and buffer.number in memory.offsets:
            start, sizes = memory.offsets[buffer.number] // memory.item, memory.sizes(buffer)
            arena[end:start] = 0
            end = start + prod(map(int, sizes))
            if sizes:
                arena[start:end].reshape(sizes)[..., buffer.shape[buffer.order[-1]] :] = 0  # padding
    arena[end : memory.sums // memory.item] = 0  # sums are put there before they are read
    return arena


class Space:
    """The memory of a kernel for one set of sizes: the arena, an array for each slot, and the table of addresses."""

    __slots__ = ("_held", "_views", "arena", "blocks", "bound", "dtype", "memory", "multiplier", "table", "team")

    def __init__(
        self,
        plan: Plan,
        memory: Memory,
        dtype: DType,
        bound: Mapping[str, int],
        outside: Collection[int] = (),
        *,
        threads: int = 1,
    ) -> None:
        import numpy as np

        self.memory, self.dtype, self.bound = memory, dtype, dict(bound)
        self.arena = _arena(plan, memory, dtype)
        slots = len(memory.slots) + (memory.gemm is not None) * SLOTS + (memory.team is not None)
        self.table = np.zeros(max(1, slots), np.uint64)
        self.multiplier = self._multiplier()
        if memory.gemm is not None and self.multiplier is not None:
            self.table[memory.gemm : memory.gemm + SLOTS] = self.multiplier.slots
        self.blocks: dict[int, Any] = {}
        self._views: dict[int, Any] = {}
        for buffer in plan.buffers:
            slot = memory.slots.get(buffer.number)
            if slot is not None and buffer.number not in outside:
                numbers = memory.numbers(buffer, bound)
                block = self.blocks[buffer.number] = aligned(numbers, dtype, zeros=self.is_looked_at)
                self.table[slot] = block.ctypes.data
        self.team: Any = None
        self._held: list[Any] = []  # what the team needs
        if memory.team is not None:
            self._make_team(plan, memory.team, threads)

    def _multiplier(self) -> Multiplier | None:
        memory = self.memory
        if memory.gemm is None:
            return None
        wide = memory.lanes * memory.item == LINE  # rows are padded as the matrix unit takes them
        return multiplier(memory.item, memory.widest, max(self.bound.values()), amx=wide)

    def _make_team(self, plan: Plan, slot: int, threads: int) -> None:
        """Tables and scratch for each thread; the first has the arena's own."""
        memory, ((symbol, rows),) = self.memory, self.bound.items()
        share = share_of(rows, threads)
        scratch = memory.arena - memory.board
        tables, places = [], [self.arena.ctypes.data]
        for k in range(threads):
            whole = self.table.copy()
            if k and memory.gemm is not None:
                own_multiplier = self._multiplier()
                assert own_multiplier is not None
                whole[memory.gemm : memory.gemm + SLOTS] = own_multiplier.slots
                self._held.append(own_multiplier)
            if k:
                block = aligned(scratch // memory.item + memory.lanes, self.dtype)
                places.append(block.ctypes.data - memory.board)
                self._held.append(block)
            own = whole.copy()
            for buffer in plan.buffers:
                if buffer.number in self.blocks:
                    own[memory.slots[buffer.number]] += k * share * self._row(buffer, symbol) * memory.item
            tables.append((whole, own))
        whole_at, own_at = ([pair[i].ctypes.data for pair in tables] for i in (0, 1))
        record = record_of(
            threads, arena=self.arena.ctypes.data, rounded=memory.rounded(rows), share=share,
            whole=whole_at, own=own_at, scratch=places,
        )  # fmt: skip
        self.table[slot] = record.ctypes.data
        self._held += tables
        self.team = record

    def _row(self, buffer: Buffer, symbol: str) -> int:
        """How far the rows of an array are apart, in numbers; 0 if it has none."""
        if symbol not in buffer.shape:
            return 0
        return prod(self._sizes(buffer)[buffer.order.index(buffer.shape.index(symbol)) + 1 :])

    def view(self, buffer: Buffer) -> Any:
        """The array of a buffer, in the shape of its values: no copy."""
        found = self._views.get(buffer.number)
        if found is None:
            found = self._views[buffer.number] = self._view(buffer)
        return found

    def part(self, buffer: Buffer, bound: Mapping[str, int]) -> Any:
        """The array of a buffer for sizes that are no larger than those there is room for."""
        return self.view(buffer)[(*[slice(bound[s] if isinstance(s, str) else None) for s in buffer.shape], ...)]

    def clear(self) -> None:
        """Make it what it was at first for those who look at all that lies there."""
        if self.is_looked_at:
            for block in self.blocks.values():
                block[...] = 0

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return int(self.arena.nbytes + sum([block.nbytes for block in self.blocks.values()]))

    @property
    def is_looked_at(self) -> bool:
        """Whether what forms large products looks at all that lies there, also beyond the last row."""
        return self.multiplier is not None and self.multiplier.address != 0

    @property
    def calls_blas(self) -> bool:
        """Whether large products are formed by the BLAS."""
        return self.multiplier is not None and self.multiplier.is_blas

    def _sizes(self, buffer: Buffer) -> list[int]:
        """What the axes of an array take in memory, from the outermost to the innermost."""
        return [self.rounded(s) if isinstance(s, str) else s for s in self.memory.sizes(buffer)]

    def _view(self, buffer: Buffer) -> Any:
        sizes = self._sizes(buffer)
        block = self.blocks.get(buffer.number)
        if block is None:
            start = self.memory.offsets[buffer.number] // self.memory.item
            block = self.arena[start:]
        stored = block[: prod(sizes)].reshape(sizes)
        shape = [self.bound[s] if isinstance(s, str) else s for s in buffer.shape]
        inner = stored[(..., *[slice(0, shape[axis]) for axis in buffer.order])]
        return inner.transpose([buffer.order.index(axis) for axis in range(len(shape))])

    def rounded(self, symbol: str) -> int:
        """What a size takes in memory."""
        return self.memory.rounded(self.bound[symbol])


def bind(shape: Shape, array: Any, given: Node, bound: dict[str, int]) -> None:
    """Learn the sizes of symbols from an array. Raises `ShapeError` if it has another shape."""
    found = tuple(array.shape)
    fits = len(found) == len(shape) and all(
        bound.setdefault(due, have) == have if isinstance(due, str) else due == have
        for due, have in zip(shape, found, strict=True)
    )
    if not fits:
        due = tuple([bound.get(size, size) if isinstance(size, str) else size for size in shape])
        raise ShapeError(f"{spell(label_of(given))} has the shape {show_shape(found)}, expected {show_shape(due)}.")
