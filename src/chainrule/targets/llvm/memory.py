"""Where the arrays of a plan lie: those of known size side by side in one arena, the others behind a table.

The innermost axis is padded to whole vectors, so that loops need no remainders; what stands in the padding never
matters, and everything that joins lanes masks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from chainrule.node import Dim
from chainrule.transforms.schedule.stages import Buffer, Plan

LINE = 64  # bytes; arrays begin at whole cache lines
_BOARD = 32 * LINE  # bytes; a tile has fewer vectors than there are registers
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


@dataclass(frozen=True, slots=True)
class Memory:
    """`offsets` are places in the arena in bytes, `slots` those in the table, by the numbers of the arrays."""

    lanes: int
    item: int  # bytes of a number
    offsets: Mapping[int, int]
    slots: Mapping[int, int]
    arena: int  # bytes
    board: int  # where in the arena a tile of sums is put down
    symbols: tuple[str, ...]

    def sizes(self, buffer: Buffer) -> list[Dim]:
        """The sizes of an array in memory, from the outermost axis to the innermost."""
        stored = [buffer.shape[axis] for axis in buffer.order]
        return [*stored[:-1], padded(stored[-1], self.lanes)] if stored else []

    def rounded(self, size: int) -> int:
        """What a size that is bound late takes in memory: whole vectors and whole tiles."""
        step = max(self.lanes, ROWS)
        return -(-size // step) * step

    def numbers(self, buffer: Buffer, bound: Mapping[str, int]) -> int:
        """How many numbers an array takes; all that have a symbol for a size have room for whole vectors."""
        sizes = [self.rounded(bound[s]) if isinstance(s, str) else s for s in self.sizes(buffer)]
        return prod(sizes) + self.lanes


def lay_out(plan: Plan, *, lanes: int, item: int, outside: Sequence[Buffer] = ()) -> Memory:
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
        sizes = [buffer.shape[axis] for axis in buffer.order]
        count = prod(int(s) for s in [*sizes[:-1], *[padded(s, lanes) for s in sizes[-1:]]])
        end += -(-max(count, lanes) * item // LINE) * LINE
    return Memory(lanes, item, offsets, slots, end + LINE + _BOARD, end + LINE, tuple(symbols))
