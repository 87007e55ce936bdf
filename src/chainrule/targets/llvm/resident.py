"""Small programs in registers: all they have lies on the stack of the loop, where LLVM gives it registers instead.

A number that is stored by one update and loaded by the next takes five cycles to come back from memory, several times
in a chain of ops that is some hundred cycles long: 1.1 times the updates a second at 2-2-1, 1.4 times at 8-3-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final

from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.memory import Memory, lanes_for
from chainrule.transforms.schedule.stages import Buffer, Plan

_BYTES: Final = 4096  # of memory; more would not fit into registers anyway
_STAGES: Final = 24  # in one function: more are called, and what is called takes its arguments from memory


def is_resident(plan: Plan, memory: Memory) -> bool:
    """Whether a program is small enough, and all its sizes are known."""
    return not memory.symbols and memory.board <= _BYTES and len(plan.stages) <= _STAGES


def fetched(e: Emitter, plan: Plan, memory: Memory) -> None:
    """Make room for the arena and the table, and bring what the loop starts from."""
    e.line(f"%arena = alloca [{memory.arena} x i8], align 64")
    e.line(f"%table = alloca [{max(1, len(memory.slots))} x ptr], align 8")
    for buffer in plan.buffers:
        if buffer.role in ("state", "given"):
            _copy(e, buffer, memory, "%home", "%arena")


def put_back(e: Emitter, plan: Plan, memory: Memory) -> None:
    """Bring the state back to where the caller finds it."""
    for buffer in plan.buffers:
        if buffer.role == "state":
            _copy(e, buffer, memory, "%arena", "%home")


def _copy(e: Emitter, buffer: Buffer, memory: Memory, source: str, target: str) -> None:
    for offset, lanes in _vectors(buffer, memory):
        type_ = e.type("real", lanes)
        here, there = (_address(e, base, offset) for base in (source, target))
        value = e.effect(f"load {type_}, ptr {here.text}, align {memory.item}", "real")
        e.line(f"store {type_} {value.text}, ptr {there.text}, align {memory.item}")


def _vectors(buffer: Buffer, memory: Memory) -> Iterator[tuple[int, int]]:
    """The vectors of an array as the stages see them: where they are in the arena, in bytes, and how many lanes."""
    lanes = lanes_for(buffer.shape[buffer.order[-1]], memory.lanes) if buffer.order else 1
    for k in range(0, prod([int(size) for size in memory.sizes(buffer)]), lanes):
        yield memory.offsets[buffer.number] + k * memory.item, lanes


def _address(e: Emitter, base: str, offset: int) -> Value:
    return e.effect(f"getelementptr i8, ptr {base}, i64 {offset}", "pointer")
