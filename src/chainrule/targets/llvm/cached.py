"""Kernels found by their graph: neither a plan nor the text of a module is made where one is kept on disk.

What is kept beside the code is how its memory is laid out, as JSON: all that is needed to call it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from chainrule.dataclasses import fields, replace
from chainrule.graph import Program
from chainrule.node import INPUT, Node, order
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.code import Code
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.machine import kept_compiled, this_machine
from chainrule.targets.llvm.memory import Memory
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.targets.native.host import COMPILER, processor
from chainrule.targets.native.store import folder, key_of, read, write
from chainrule.transforms.schedule.stages import Buffer, Plan

if TYPE_CHECKING:
    from chainrule.targets.llvm.function import Function
    from chainrule.targets.llvm.level_training import LevelUpdates
    from chainrule.targets.llvm.scalar_function import ScalarFunction

_RECORDS: Final = {record.__name__: record for record in (Code, Plan, Memory, Buffer)}


def cached_training(
    program: Program, *, error: Quantity, dtype: DType = "float64", precise: bool = True, hasty: bool = False
) -> TrainingKernel | LevelUpdates:
    """The kernel of a program, from disk or else as `compile_training` makes it.

    One made with care is also found where haste would do. Raises what `compile_training` raises.
    """
    root = program.step.outputs.get(error)
    key = key_of_program(program, root, dtype, precise) if root is not None else None
    if root is None or key is None:
        return compile_training(program, error=error, dtype=dtype, precise=precise, hasty=hasty)
    known = inputs_of(program, root)
    keys = _keys(key, hasty)
    for key in keys:
        found = _kept(key, program, root, known, dtype, precise)
        if found is not None:
            return found
    made = compile_training(program, error=error, dtype=dtype, precise=precise, hasty=hasty)
    if isinstance(made, TrainingKernel) and made.compiled.key is not None:
        told = _told(made.code, made.compiled.key, known)
        if told is not None:
            write(keys[-1], told)
    return made


def cached_function(
    graph: Mapping[Quantity, Node], *, dtype: DType = "float64", inputs: Sequence[Node] = (), hasty: bool = False
) -> Function | ScalarFunction:
    """Native code for some nodes, from disk or else as `compile_function` makes it."""
    from chainrule.targets.llvm.function import Function, compile_function, function_plan, function_text

    host, roots = processor() if folder() is not None else None, list(graph.values())
    if host is None:
        return compile_function(graph, dtype=dtype, inputs=inputs, hasty=hasty)
    used = [n for n in order(roots) if n.op is INPUT]
    keys = _keys(key_of("function", COMPILER, host, dtype, _text(roots, [roots])), hasty)
    for key in keys:
        data = read(key)
        if data is None:
            continue
        told = _from_json(data)
        plan, memory = _read(told["plan"], used), _read(told["memory"], used)

        def text() -> str:
            return function_text(*function_plan(roots, dtype, this_machine())[:2], dtype, this_machine())

        compiled = kept_compiled(told["key"], text)
        if compiled is not None:
            return Function(plan, memory, compiled, used, graph, dtype)
    made = compile_function(graph, dtype=dtype, inputs=inputs, hasty=hasty)
    if isinstance(made, Function) and made.compiled.key is not None:
        plan, memory = _plain(_thin(made.plan, used), used), _plain(made.memory, used)
        write(keys[-1], _to_json({"key": made.compiled.key, "plan": plan, "memory": memory}))
    return made


def key_of_program(program: Program, error: Node, dtype: DType, precise: bool = True) -> str | None:
    """What the kernel of a program is kept under; None where none are kept."""
    host = processor() if folder() is not None else None
    return (
        key_of("program", COMPILER, host, dtype, repr(precise), text_of(program, error)) if host is not None else None
    )


def _keys(key: str, hasty: bool) -> list[str]:
    """Under which keys code may be found; what is made is kept under the last."""
    return [key, key_of("hasty", key)] if hasty else [key]


def inputs_of(program: Program, error: Node) -> list[Node]:
    """The inputs of a program in an order of its own: what learns, what changes, and what is given."""
    after = [kept.after for kept in program.state.values()]
    first = [*(kept.before for kept in program.state.values()), *program.examples, *program.scalars.values()]
    return list(dict.fromkeys([*first, *(n for n in order([error, *after]) if n.op is INPUT)]))


def text_of(program: Program, error: Node) -> str:
    """A text that is the same for programs that compute the same in the same way, and for no others."""
    befores = [kept.before for kept in program.state.values()]
    roots = [error, *(kept.after for kept in program.state.values()), *befores, *program.examples]
    roots += program.scalars.values()
    parts = [befores, program.examples, list(program.scalars.values()), roots]
    return "\n".join([_text(roots, parts), *map(spell, program.state), f"most {program.most} team {program.team}"])


def _text(roots: Sequence[Node], parts: Sequence[Sequence[Node]]) -> str:
    """All nodes below the roots, a line each, and the numbers of those that have a part to play."""
    nodes = order(roots)
    number = {n: k for k, n in enumerate(nodes)}
    lines = [f"{n.op.name} {[number[a] for a in n.args]} {n.attribute!r}" for n in nodes]
    return "\n".join([*lines, *[repr([number[n] for n in part]) for part in parts]])


def _kept(
    key: str, program: Program, error: Node, known: Sequence[Node], dtype: DType, precise: bool
) -> TrainingKernel | None:
    data = read(key)
    if data is None:
        return None
    told = _from_json(data)
    code: Code = _read(told["code"], known)

    def text() -> str:
        from chainrule.targets.llvm.program import program_code, program_text

        machine = this_machine()
        return program_text(program, program_code(program, error, dtype, machine, precise=precise), machine)

    compiled = kept_compiled(told["key"], text)
    return TrainingKernel(program, code, compiled) if compiled is not None else None


def _told(code: Code, key: str, known: Sequence[Node]) -> bytes | None:
    """What a kernel needs to know to be called; None where it knows more than can be written down."""
    try:
        return _to_json({"key": key, "code": _plain(replace(code, plan=_thin(code.plan, known)), known)})
    except TypeError:
        return None


def _from_json(data: bytes) -> Any:
    import json  # only where something is kept

    return json.loads(data)


def _to_json(told: Any) -> bytes:
    import json

    return json.dumps(told).encode()


def _thin(plan: Plan, known: Sequence[Node]) -> Plan:
    """What it takes of a plan to call its code."""
    return Plan((), plan.buffers, {}, {n: plan.found[n] for n in known if n in plan.found}, 0, frozenset())


def _plain(value: Any, known: Sequence[Node]) -> Any:
    """A record as what JSON has."""
    if isinstance(value, Node):
        return {"input": known.index(value)}
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(key, known), _plain(one, known)] for key, one in value.items()]}
    for kind in (tuple, list, frozenset):
        if isinstance(value, kind):
            return {kind.__name__: [_plain(one, known) for one in value]}
    if type(value).__name__ in _RECORDS:
        parts = {field.name: _plain(getattr(value, field.name), known) for field in fields(value)}
        return {type(value).__name__: parts}
    return value


def _read(plain: Any, known: Sequence[Node]) -> Any:
    """The record that `_plain` wrote."""
    if not isinstance(plain, dict):
        return plain
    ((name, value),) = plain.items()
    match name:
        case "input":
            return known[value]
        case "mapping":
            return {_read(key, known): _read(one, known) for key, one in value}
        case "tuple" | "list" | "frozenset":
            kind = {"tuple": tuple, "list": list, "frozenset": frozenset}[name]
            return kind([_read(one, known) for one in value])
    return _RECORDS[name](**{field: _read(part, known) for field, part in value.items()})
