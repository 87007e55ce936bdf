"""A program as a module: `run` gathers rows, sets what the loop sets, runs the stages, and stops at a bad error.

i64 run(arena, table, examples, order, rows of all updates, batch, batch in whole vectors, scalars, errors)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from chainrule.errors import ShapeError
from chainrule.graph import Program
from chainrule.node import INPUT, Node, label_of, order
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.emit import REALS, DType, Emitter, Value
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.gather import copy_row, copy_rows, entry, in_arena, point_at_row, set_scalar
from chainrule.targets.llvm.machine import Machine
from chainrule.targets.llvm.memory import Memory, lay_out, padded
from chainrule.targets.llvm.module import assemble, function, write_stages
from chainrule.targets.llvm.resident import fetched, is_resident, put_back
from chainrule.transforms.schedule.layout import base_of
from chainrule.transforms.schedule.lower import lower
from chainrule.transforms.schedule.plan import plan
from chainrule.transforms.schedule.stages import Plan, Role


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """How a program runs, and how its memory is laid out; `direct` are the examples that are used where they are."""

    plan: Plan
    memory: Memory
    dtype: DType
    symbol: str | None
    given: tuple[Node, ...]
    direct: frozenset[int]


def program_code(program: Program, error: Node, dtype: DType, machine: Machine) -> Code:
    """The plan of a program whose loop minimises `error`."""
    symbol = _row_symbol(program)
    states = [(kept.before, kept.after) for kept in program.state.values()]
    lowered = lower([error, *[after for _, after in states]])
    changing = {before for before, _ in states} | set(program.examples) | set(program.scalars.values())
    inputs = [n for n in order([error, *[after for _, after in states]]) if n.op is INPUT]
    given = tuple([n for n in inputs if n not in changing])
    roles: dict[Node, Role] = dict.fromkeys(given, "given")
    roles |= dict.fromkeys([before for before, _ in states], "state")
    roles |= dict.fromkeys(program.examples, "example")
    roles |= dict.fromkeys(program.scalars.values(), "scalar")
    item = REALS[dtype].size
    lanes = machine.vector_bytes // item
    made = plan(
        roles, lowered[:1], states=[(b, a) for (b, _), a in zip(states, lowered[1:], strict=True)],
        groups=_groups(program), check=True, lanes=lanes,
    )  # fmt: skip
    sliced = {base_of(n) for n in order(lowered) if n.op.name == "index"}
    direct = [
        made.found[n]
        for n in program.examples
        if symbol is None and n.type.shape and n not in sliced and padded(n.type.shape[-1], lanes) == n.type.shape[-1]
    ]
    memory = lay_out(made, lanes=lanes, item=item, outside=direct)
    others = [s for s in memory.symbols if s != symbol]
    if others:
        raise ShapeError(f"the size {others[0]} is not known while training.")
    return Code(made, memory, dtype, symbol, given, frozenset([buffer.number for buffer in direct]))


def program_text(program: Program, code: Code, machine: Machine) -> str:
    """The module of a program."""
    made, memory = code.plan, code.memory
    lines = write_stages(made, memory, made.stages[: made.checked], "forward", code.dtype)
    lines += write_stages(made, memory, made.stages[made.checked :], "update", code.dtype)
    return assemble([*lines, *_driver(program, code, machine), *flush_declarations(machine)], machine.vector_bytes)


def _row_symbol(program: Program) -> str | None:
    leading = {n.type.shape[0] if n.type.shape else None for n in program.examples}
    symbols = {size for size in leading if isinstance(size, str)}
    if len(symbols) > 1 or (symbols and len(leading) > 1):
        names = ", ".join(spell(label_of(n)) for n in program.examples)
        raise ShapeError(f"of the examples {names} some have a row axis and some have none, or another.")
    return next(iter(symbols), None)


def _groups(program: Program) -> list[list[Node]]:
    """Parameters with what is remembered of them: by their labels, as `Δw` and `m_w` carry that of `w`."""
    groups: dict[Quantity, list[Node]] = {}
    for label, kept in program.state.items():
        owner: Quantity = label
        while not (owner in program.state and owner != label) and hasattr(owner, "of"):
            owner = owner.of
        same = owner in program.state and program.state[owner].before.type is kept.before.type
        groups.setdefault(owner if same else label, []).append(kept.before)
    return list(groups.values())


def _driver(program: Program, code: Code, machine: Machine) -> list[str]:
    """The function `run`."""
    e = Emitter(code.dtype)
    for line in flush_on(machine):
        e.line(line)
    resident = is_resident(code.plan, code.memory)
    if resident:
        fetched(e, code.plan, code.memory)

    def leave() -> None:
        if resident:
            put_back(e, code.plan, code.memory)
        for line in flush_off(machine):
            e.line(line)

    def stop(update: Value) -> None:
        leave()
        e.line(f"ret i64 {update.text}")

    batch, total = Value("%batch", "index"), Value("%total", "index")
    updates = e.write("udiv", e.plus(total, e.plus(batch, e.index(-1))), batch)
    with e.loop(e.index(0), updates, 1) as loop:
        first = e.times(loop.index, batch)
        count = e.intrinsic("smin", batch, e.write("sub", total, first))
        for k, node in enumerate(program.scalars.values()):
            set_scalar(e, code.plan.found[node], code.memory, k, loop.index)
        for k, node in enumerate(program.examples):
            buffer, data = code.plan.found[node], entry("%examples", k, e)
            if code.symbol is not None:
                copy_rows(e, buffer, code.memory, data, first, count)
            elif buffer.number in code.direct:
                point_at_row(e, buffer, code.memory, data, loop.index)
            else:
                copy_row(e, buffer, code.memory, data, loop.index)
        sizes = f", i64 {count.text}, i64 %rounded" if code.symbol is not None else ""
        inside = " alwaysinline" if resident else ""
        e.line(f"call void @forward(ptr %arena, ptr %table{sizes}){inside}")
        e.unless(_is_finite(e, code, loop.index), lambda: stop(loop.index))
        e.line(f"call void @update(ptr %arena, ptr %table{sizes}){inside}")
    leave()
    memory = "ptr %home, ptr %addresses" if resident else "ptr %arena, ptr %table"
    sizes = "i64 %total, i64 %batch, i64 %rounded"
    head = f"i64 @run({memory}, ptr %examples, ptr %order, {sizes}, ptr %scalars, ptr %errors)"
    return [*function(head, e, f"ret i64 {updates.text}"), *e.declared.values()]


def _is_finite(e: Emitter, code: Code, update: Value) -> Value:
    """Note the error of an update, and say whether it is a finite number."""
    (result,) = [buffer for buffer in code.plan.buffers if buffer.role == "output"]
    place, wide = in_arena(e, result, code.memory), e.wider()
    error = wide.load(place, 1) if e.real.size == 8 else e.widened(e.load(place, 1))
    wide.store(error, wide.offset(Value("%errors", "pointer"), update))
    return wide.write("fcmp olt", wide.intrinsic("fabs", error), wide.constant(inf), kind="condition")
