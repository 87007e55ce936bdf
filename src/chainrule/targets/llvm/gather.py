"""What changes from update to update, brought to where the stages look: rows of examples, and numbers of the loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.joining import turned
from chainrule.targets.llvm.memory import Memory
from chainrule.transforms.schedule.stages import Buffer

_BESIDE: Final = 4  # examples copied at the same time
_WRITTEN_OUT: Final = 4  # vectors up to which no loop is made
_TURNED: Final = 256  # numbers that are copied for an example


def entry(table: str, k: int, e: Emitter) -> Value:
    """Entry k of a table of addresses."""
    return e.load(e.offset(Value(table, "pointer"), e.index(k), kind="pointer"), 1, kind="pointer")


def set_scalar(e: Emitter, buffer: Buffer, memory: Memory, k: int, update: Value) -> None:
    """Copy the value for this update to the arena, as float64."""
    wide = e.wider()
    value = wide.load(wide.offset(entry("%scalars", k, e), update), 1)
    wide.store(value, in_arena(e, buffer, memory))


def in_arena(e: Emitter, buffer: Buffer, memory: Memory) -> Value:
    """Where an array of known size begins."""
    return e.effect(f"getelementptr i8, ptr %arena, i64 {memory.offsets[buffer.number]}", "pointer")


def point_at_row(e: Emitter, buffer: Buffer, memory: Memory, data: Value, update: Value) -> None:
    """Put the address of a row into the table: the stages read it where it is."""
    row = _row(e, data, update, prod([int(size) for size in buffer.shape]))
    slot = e.offset(Value("%table", "pointer"), e.index(memory.slots[buffer.number]), kind="pointer")
    e.line(f"store ptr {row.text}, ptr {slot.text}")


def copy_row(e: Emitter, buffer: Buffer, memory: Memory, data: Value, update: Value) -> None:
    """Copy one example to the arena, padded."""
    shape = tuple([int(size) for size in buffer.shape])
    row = _row(e, data, update, prod(shape))
    _copy(e, shape, [int(size) for size in memory.sizes(buffer)], memory.lanes, [(row, in_arena(e, buffer, memory))])


def copy_rows(e: Emitter, buffer: Buffer, memory: Memory, data: Value, first: Value, count: Value) -> None:
    """Copy the examples of an update to an array of theirs, each padded; several at a time, so that none waits."""
    shape = tuple([int(size) for size in buffer.shape[1:]])
    sizes = [int(size) for size in memory.sizes(buffer)[1:]]
    target = _found(e, buffer, memory)
    last = e.plus(count, e.index(-1))
    with e.loop(e.index(0), count, _BESIDE) as loop:
        rows = []
        for k in range(_BESIDE):
            at = e.intrinsic("smin", e.plus(loop.index, e.index(k)), last)
            row = _row(e, data, e.plus(first, at), prod(shape))
            rows.append((row, e.offset(target, e.times(at, e.index(prod(sizes))))))
        _copy(e, shape, sizes, memory.lanes, rows)


def copy_columns(
    e: Emitter, buffer: Buffer, memory: Memory, data: Value, first: Value, count: Value, room: Value, *, each: int
) -> None:
    """Copy examples of few numbers to an array that lies column by column, with room for so many rows.

    As many as a vector has lanes are turned in registers: 1.2 times the updates of 8-3-8, 1.02 times those of 64-64-10.
    Where `each` of them has many numbers in other arrays, that would gain nothing, and take 15 ms to compile.
    """
    width, target = int(buffer.shape[1]), _found(e, buffer, memory)
    columns = [e.offset(target, e.times(e.index(k), room)) for k in range(width)]

    def source(at: Value) -> Value:
        return _row(e, data, e.plus(first, at), width)

    whole = e.index(0)
    if each <= _TURNED:
        whole = e.write("and", count, e.index(-memory.lanes))
        with e.loop(e.index(0), whole, memory.lanes, surely=False) as loop:
            rows = [source(e.plus(loop.index, e.index(k))) for k in range(memory.lanes)]
            for start, size in _pieces(width, memory.lanes):
                parts = [e.load(e.offset(row, e.index(start)), size) for row in rows]
                for column, values in zip(columns[start:], turned(e, parts, size), strict=False):
                    e.store(values, e.offset(column, loop.index))
    with e.loop(whole, count, 1, surely=False) as loop:
        row = source(loop.index)
        for k, column in enumerate(columns):
            e.store(e.load(e.offset(row, e.index(k)), 1), e.offset(column, loop.index))


def _found(e: Emitter, buffer: Buffer, memory: Memory) -> Value:
    """Where the table says that an array is."""
    slot = e.offset(Value("%table", "pointer"), e.index(memory.slots[buffer.number]), kind="pointer")
    return e.load(slot, 1, kind="pointer")


def _row(e: Emitter, data: Value, place: Value, width: int) -> Value:
    """The address of the row that an entry of the order names."""
    number = e.load(e.offset(Value("%order", "pointer"), place, kind="index"), 1, kind="index")
    return e.offset(data, e.times(number, e.index(width)))


def _copy(
    e: Emitter, shape: Sequence[int], sizes: Sequence[int], lanes: int, rows: Sequence[tuple[Value, Value]]
) -> None:
    """Copy examples from one place to another, line by line: in vectors, and what is left in ever smaller ones."""
    inner, stride = (shape[-1], sizes[-1]) if shape else (1, 1)
    lines = prod(shape) // inner
    if lines == 1:  # no loop, so that a small array on the stack can be in registers: 1.05 times as fast at 3-3-3
        _copy_line(e, inner, lanes, rows)
        return
    with e.loop(e.index(0), e.index(lines), 1) as line:
        ends = [
            (e.offset(source, e.times(line.index, e.index(inner))), e.offset(end, e.times(line.index, e.index(stride))))
            for source, end in rows
        ]
        _copy_line(e, inner, lanes, ends)


def _copy_line(e: Emitter, size: int, lanes: int, ends: Sequence[tuple[Value, Value]]) -> None:
    """Copy a line of each example."""

    def move(start: Value, width: int) -> None:
        values = [e.load(e.offset(source, start), width) for source, _ in ends]
        for value, (_, end) in zip(values, ends, strict=True):
            e.store(value, e.offset(end, start))

    full = size // lanes * lanes
    if full <= _WRITTEN_OUT * lanes:
        for start in range(0, full, lanes):
            move(e.index(start), lanes)
    else:
        with e.loop(e.index(0), e.index(full), lanes) as loop:
            move(loop.index, lanes)
    for start, width in _pieces(size - full, lanes):
        move(e.index(full + start), width)


def _pieces(size: int, lanes: int) -> Iterator[tuple[int, int]]:
    """Vectors that cover a line and do not reach beyond it: where each begins, and its width."""
    start = 0
    while start < size:
        width = min(lanes, 1 << (size - start).bit_length() - 1)
        yield start, width
        start += width
