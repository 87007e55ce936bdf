"""A graph some of whose inputs never change, such as the weights of a trained network: they are put in place once.

Nobody else has to find them, so they lie as the products read them, and a call moves the other inputs only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from chainrule.node import Node
from chainrule.targets.llvm.arrays import Space
from chainrule.targets.llvm.emit import REALS, DType, Emitter, Value
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.machine import compile_text, this_machine
from chainrule.targets.llvm.memory import Memory, lay_out
from chainrule.targets.llvm.module import assemble, function, write_stages
from chainrule.targets.llvm.work import Work
from chainrule.transforms.schedule.lower import lower
from chainrule.transforms.schedule.plan import plan
from chainrule.transforms.schedule.stages import Buffer


def held_work(
    roots: Sequence[Node], inputs: Sequence[Node], held: Mapping[Node, Any], dtype: DType
) -> tuple[Work, dict[Node, Any]]:
    """The roots from the inputs, with these values of all others, and where those stand; no size may be a symbol."""
    machine = this_machine()
    item = REALS[dtype].size
    lanes = machine.vector_bytes // item
    given = dict.fromkeys([*inputs, *held], "given")
    made = plan(given, lower(roots), groups=[[one] for one in held], lanes=lanes)  # type: ignore[arg-type]
    memory = lay_out(made, lanes=lanes, item=item)
    space = Space(made, memory, dtype, {})
    places = {one: space.view(made.found[one]) for one in held}
    for one, value in held.items():
        places[one][...] = value
    results = [buffer for buffer in made.buffers if buffer.role == "output"]
    lines = write_stages(made, memory, made.stages, "stages", dtype)
    e = Emitter(dtype)
    for line in flush_on(machine):
        e.line(line)
    _moved(e, memory, [made.found[one] for one in inputs], "%given", inwards=True)
    e.line("call void @stages(ptr %arena, ptr null)")
    e.forget_loads()
    _moved(e, memory, results, "%results", inwards=False)
    for line in flush_off(machine):
        e.line(line)
    lines += [*function("void @run(ptr %arena, ptr %given, ptr %results)", e, "ret void"), *e.declared.values()]
    text = assemble([*lines, *flush_declarations(machine)], machine.vector_bytes)
    compiled = compile_text(text)
    return Work(compiled.address("run"), space.arena.ctypes.data, text, (compiled, space)), places


def _moved(e: Emitter, memory: Memory, buffers: Sequence[Buffer], outside: str, *, inwards: bool) -> None:
    """Numbers that stand one after the other outside, to or from arrays whose lines are padded."""
    start = 0
    for buffer in buffers:
        shape = [int(size) for size in buffer.shape]
        inner, stride = (shape[-1], int(memory.sizes(buffer)[-1])) if shape else (1, 1)
        base = e.effect(f"getelementptr i8, ptr %arena, i64 {memory.offsets[buffer.number]}", "pointer")
        first = e.offset(Value(outside, "pointer"), e.index(start))
        with e.loop(e.index(0), e.index(prod(shape) // inner), 1) as line:
            there = e.offset(first, e.times(line.index, e.index(inner)))
            here = e.offset(base, e.times(line.index, e.index(stride)))
            source, target = (there, here) if inwards else (here, there)
            full = inner // memory.lanes * memory.lanes
            for begin, end, width in ((0, full, memory.lanes), (full, inner, 1)):
                if begin < end:
                    with e.loop(e.index(begin), e.index(end), width) as loop:
                        e.store(e.load(e.offset(source, loop.index), width), e.offset(target, loop.index))
        start += prod(shape)
