"""A program as a module: what its plan is, and the text of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Final

from chainrule.errors import ShapeError
from chainrule.graph import Program
from chainrule.node import INPUT, Node, label_of, order
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.code import Code
from chainrule.targets.llvm.driver import write_driver
from chainrule.targets.llvm.emit import REALS, DType
from chainrule.targets.llvm.entry import flush_declarations
from chainrule.targets.llvm.gemm import gemm_function, with_gemm
from chainrule.targets.llvm.machine import Machine
from chainrule.targets.llvm.memory import lay_out, padded
from chainrule.targets.llvm.module import assemble, write_stages
from chainrule.targets.llvm.tables import has_tables
from chainrule.transforms.schedule.blocked import blocked, plan_block
from chainrule.transforms.schedule.lateness import latest_last
from chainrule.transforms.schedule.layout import base_of
from chainrule.transforms.schedule.lower import lower
from chainrule.transforms.schedule.plan import plan
from chainrule.transforms.schedule.short import shortened
from chainrule.transforms.schedule.stages import Role

_SMALL: Final = 4096  # bytes of state: an update has so few ops that the machine waits for one after the other
_SHORTENED: Final = range(3, 9)  # rows whose short sigmoid is quicker than one out of registers: 1.06 times at 8-3-8


def program_code(program: Program, error: Node, dtype: DType, machine: Machine, *, precise: bool = True) -> Code:
    """The plan of a program whose loop minimises `error`."""
    symbol = _row_symbol(program)
    befores = [kept.before for kept in program.state.values()]
    afters = [kept.after for kept in program.state.values()]
    lowered = lower([error, *afters])
    item = REALS[dtype].size
    if symbol is None and item * sum([prod(map(int, n.type.shape)) for n in befores]) <= _SMALL:
        lowered = latest_last(lowered, fused=machine.vector_bytes > 16)
    if not precise and dtype == "float32":
        lowered = shortened(lowered, lengths=_SHORTENED if has_tables(machine.vector_bytes, item) else None)
    states = list(zip(befores, lowered[1:], strict=True))
    changing = {*befores, *program.examples, *program.scalars.values()}
    given = tuple([n for n in order([error, *afters]) if n.op is INPUT and n not in changing])
    roles: dict[Node, Role] = dict.fromkeys(given, "given")
    roles |= dict.fromkeys(befores, "state")
    roles |= dict.fromkeys(program.examples, "example")
    roles |= dict.fromkeys(program.scalars.values(), "scalar")
    lanes = machine.vector_bytes // item
    block = blocked(lowered, states, program.examples) if symbol is None else None
    parts: dict[str, int] = {}
    if block is None:
        made = plan(
            roles, lowered[:1], states=states, groups=_groups(program), check=True, lanes=lanes, batch=symbol,
            few=program.few,
        )  # fmt: skip
    else:
        made, parts = plan_block(block, roles, states, _groups(program), lanes)
    in_place = _used_in_place(program.examples, lowered, lanes) if symbol is None else []
    direct = {made.found[n].number for n in in_place if n in made.found}
    direct |= {number for name, number in parts.items() if name in ("net", "gram", "columns", "taken")}
    memory = lay_out(made, lanes=lanes, item=item, outside=[b for b in made.buffers if b.number in direct])
    memory = with_gemm(memory, made)
    wide = program.examples.index(block.example) if block is not None else 0
    code = Code(made, memory, dtype, symbol, given, frozenset(direct), parts, wide)
    others = [s for s in memory.symbols if s not in code.bound(1)]
    if others:
        raise ShapeError(f"the size {others[0]} is not known while training.")
    return code


def program_text(program: Program, code: Code, machine: Machine) -> str:
    """The module of a program."""
    made, memory = code.plan, code.memory
    lines: list[str] = []
    for name, stages in code.functions().items():
        lines += write_stages(made, memory, stages, name, code.dtype)
    if memory.gemm is not None:
        lines += gemm_function(REALS[code.dtype].name)
    return assemble([*lines, *write_driver(program, code, machine), *flush_declarations(machine)], machine.vector_bytes)


def _used_in_place(examples: Sequence[Node], roots: Sequence[Node], lanes: int) -> list[Node]:
    """The examples that need not be copied: whole vectors, and read from their beginning."""
    sliced = {base_of(n) for n in order(roots) if n.op.name == "index"}
    return [
        n for n in examples if n.type.shape and n not in sliced and padded(n.type.shape[-1], lanes) == n.type.shape[-1]
    ]


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
