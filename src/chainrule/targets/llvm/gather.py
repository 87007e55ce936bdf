"""What changes from update to update, brought to where the stages look: rows of examples, and numbers of the loop."""

from __future__ import annotations

from math import prod

from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.memory import Memory, padded
from chainrule.transforms.schedule.stages import Buffer


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
    _copy(e, shape, memory.lanes, _row(e, data, update, prod(shape)), in_arena(e, buffer, memory))


def copy_rows(e: Emitter, buffer: Buffer, memory: Memory, data: Value, first: Value, count: Value) -> None:
    """Copy the examples of an update to an array of theirs, each padded."""
    shape = tuple([int(size) for size in buffer.shape[1:]])
    stride = prod(shape[:-1]) * int(padded(shape[-1], memory.lanes)) if shape else 1
    slot = e.offset(Value("%table", "pointer"), e.index(memory.slots[buffer.number]), kind="pointer")
    target = e.load(slot, 1, kind="pointer")
    with e.loop(e.index(0), count, 1) as loop:
        row = _row(e, data, e.plus(first, loop.index), prod(shape))
        _copy(e, shape, memory.lanes, row, e.offset(target, e.times(loop.index, e.index(stride))))


def _row(e: Emitter, data: Value, place: Value, width: int) -> Value:
    """The address of the row that an entry of the order names."""
    number = e.load(e.offset(Value("%order", "pointer"), place, kind="index"), 1, kind="index")
    return e.offset(data, e.times(number, e.index(width)))


def _copy(e: Emitter, shape: tuple[int, ...], lanes: int, source: Value, target: Value) -> None:
    """Copy one example, line by line, as vectors and what is left."""
    inner = shape[-1] if shape else 1
    stride = int(padded(inner, lanes)) if shape else 1
    with e.loop(e.index(0), e.index(prod(shape) // inner), 1) as line:
        start = e.offset(source, e.times(line.index, e.index(inner)))
        end = e.offset(target, e.times(line.index, e.index(stride)))
        full = inner // lanes * lanes
        for first, last, width in ((0, full, lanes), (full, inner, 1)):
            if first < last:
                with e.loop(e.index(first), e.index(last), width) as loop:
                    e.store(e.load(e.offset(start, loop.index), width), e.offset(end, loop.index))
