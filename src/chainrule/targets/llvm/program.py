"""A program as a module: what its plan is, and the text of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final, NamedTuple

from chainrule.dataclasses import replace
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
from chainrule.targets.llvm.memory import SLOTS, lay_out, padded
from chainrule.targets.llvm.module import assemble, write_stages
from chainrule.targets.llvm.tables import has_tables
from chainrule.targets.llvm.team import MOST_STAGES, write_shared_stages
from chainrule.targets.llvm.team_code import team_functions
from chainrule.transforms.schedule.ahead import Ahead, looking_ahead, plan_ahead
from chainrule.transforms.schedule.blocked import blocked, plan_block
from chainrule.transforms.schedule.lateness import latest_last
from chainrule.transforms.schedule.layout import base_of
from chainrule.transforms.schedule.lower import lower
from chainrule.transforms.schedule.plan import plan
from chainrule.transforms.schedule.rows import is_few
from chainrule.transforms.schedule.short import shortened
from chainrule.transforms.schedule.stages import Plan, Role

_SMALL: Final = 4096  # bytes of state: an update has so few ops that the machine waits for one after the other


class _Planned(NamedTuple):
    """A plan, with what `Code` has of blocks, of looking ahead, and of the example that either of them is about."""

    plan: Plan
    examples: Sequence[Node]  # all that are brought for an update
    parts: Mapping[str, int]
    wide: int
    ahead: Mapping[str, int]


def program_code(program: Program, error: Node, dtype: DType, machine: Machine, *, precise: bool = True) -> Code:
    """The plan of a program whose loop minimises `error`."""
    symbol, item = _row_symbol(program), REALS[dtype].size
    most = program.most if symbol is not None else None
    lanes = machine.vector_bytes // item
    roots, ahead = _roots(program, error, dtype, machine, online=symbol is None, precise=precise)
    afters = [kept.after for kept in program.state.values()]
    changing = {*_befores(program), *program.examples, *program.scalars.values()}
    given = tuple([n for n in order([error, *afters]) if n.op is INPUT and n not in changing])
    roles: dict[Node, Role] = dict.fromkeys(given, "given")
    roles |= dict.fromkeys(_befores(program), "state")
    roles |= dict.fromkeys(program.examples, "example")
    roles |= dict.fromkeys(program.scalars.values(), "scalar")
    made, examples, parts, wide, following = _planned(program, symbol, roots, ahead, roles, lanes, dtype)
    in_place = _used_in_place(examples, roots, lanes) if symbol is None else []
    direct = {made.found[n].number for n in in_place if n in made.found}
    direct |= {number for name, number in parts.items() if name in ("net", "gram", "columns", "taken")}
    memory = lay_out(made, lanes=lanes, item=item, outside=[b for b in made.buffers if b.number in direct], most=most)
    memory = with_gemm(memory, made)
    if program.team and symbol is not None and len(made.stages) <= MOST_STAGES:
        memory = replace(memory, team=len(memory.slots) + (memory.gemm is not None) * SLOTS)
    code = Code(made, memory, dtype, symbol, given, frozenset(direct), parts, wide, following)
    others = [s for s in memory.symbols if s not in code.bound(1)]
    if others:
        raise ShapeError(f"the size {others[0]} is not known while training.")
    return code


def _befores(program: Program) -> list[Node]:
    return [kept.before for kept in program.state.values()]


def _roots(
    program: Program, error: Node, dtype: DType, machine: Machine, *, online: bool, precise: bool
) -> tuple[list[Node], Ahead | None]:
    """The error and the state after an update; of a small program, what looks one example ahead instead, if it can."""
    befores, item = _befores(program), REALS[dtype].size
    roots = lower([error, *[kept.after for kept in program.state.values()]])
    ahead = None
    if online and item * sum([prod(map(int, n.type.shape)) for n in befores]) <= _SMALL:
        states = list(zip(befores, roots[1:], strict=True))
        ahead = looking_ahead(roots, states, program.examples, registers=True)
        roots = ahead.all if ahead is not None else roots
        roots = latest_last(roots, fused=machine.vector_bytes > 16)
    if not precise and dtype == "float32":
        roots = shortened(roots, looked_up=has_tables(machine.vector_bytes, item))
    return roots, ahead


def _planned(
    program: Program, symbol: str | None, roots: Sequence[Node], ahead: Ahead | None, roles: Mapping[Node, Role],
    lanes: int, dtype: DType,
) -> _Planned:  # fmt: skip
    """The plan of the roots; online, in blocks or looking ahead if either pays."""
    befores, groups = _befores(program), _groups(program)
    if ahead is None and symbol is None:
        states = list(zip(befores, roots[1:], strict=True))
        block = blocked(roots, states, program.examples, item=REALS[dtype].size)
        if block is not None:
            made, parts = plan_block(block, roles, states, groups, lanes)
            return _Planned(made, program.examples, parts, program.examples.index(block.example), {})
        ahead = looking_ahead(roots, states, program.examples, registers=False)
        roots = ahead.all if ahead is not None else roots
    if ahead is not None:
        made, following = plan_ahead(ahead, roots, roles, befores, groups, lanes)
        examples = (*program.examples, ahead.following)
        return _Planned(made, examples, {}, program.examples.index(ahead.example), following)
    states = list(zip(befores, roots[1:], strict=True))
    made = plan(
        roles, roots[:1], states=states, groups=groups, check=True, lanes=lanes, batch=symbol,
        few=is_few(program.most, dtype),
    )  # fmt: skip
    return _Planned(made, program.examples, {}, 0, {})


def program_text(program: Program, code: Code, machine: Machine) -> str:
    """The module of a program."""
    made, memory = code.plan, code.memory
    lines: list[str] = []
    write = write_stages if memory.team is None else write_shared_stages
    for name, stages in code.functions().items():
        lines += write(made, memory, stages, name, code.dtype)
    if memory.gemm is not None:
        lines += gemm_function(REALS[code.dtype].name)
    if memory.team is not None:
        lines += team_functions(machine)
    return assemble([*lines, *write_driver(program, code, machine), *flush_declarations(machine)], machine.vector_bytes)


def _used_in_place(examples: Sequence[Node], roots: Sequence[Node], lanes: int) -> list[Node]:
    """The examples that need not be copied: whose lines lie as they would here, and are read from their beginning."""
    sliced = {base_of(n) for n in order(roots) if n.op.name == "index"}
    return [
        n for n in examples
        if n not in sliced and n.type.shape
        and (len(n.type.shape) == 1 or padded(n.type.shape[-1], lanes) == n.type.shape[-1])
    ]  # fmt: skip


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
