"""Very large graphs of single numbers, without code of their own: nodes of one op and one level are a table.

A node's level is one more than the highest of its arguments', so nodes of one level do not need each other. The code
is one loop for each op, made once; a graph is the list of its groups: which op, how many, and where arguments stand.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any, Final

from chainrule.errors import ShapeError
from chainrule.node import CONST, INPUT, Node, label_of, order
from chainrule.numbers.floats import FLOAT_SCALARS
from chainrule.ops import ALL_OPS, TABLE
from chainrule.ops.types import show_shape
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.emit import REALS, DType, Emitter, Value
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.functions import Functions, scalars_of
from chainrule.targets.llvm.machine import Compiled, Machine, compile_text, this_machine
from chainrule.targets.llvm.module import assemble, function

LARGE: Final = 500  # nodes from which a function becomes a table
LARGE_PROGRAM: Final = 5_000  # and a program, which runs for longer and so is worth more time to compile
_CALL: Final = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)
_FIELDS: Final = 4  # of a group: op, how many, where the results go, where the arguments are named


def fits(nodes: Sequence[Node], least: int) -> bool:
    """Whether a graph is that large, and all of it single numbers that are made element by element."""
    return len(nodes) > least and all(
        not n.type.shape and (n.op.elementwise or n.op is INPUT or n.op is CONST or n.op.name in ("pi", "e"))
        for n in nodes
    )


class Tables:
    """The values of a graph, one after the other, and which op makes which of them from which others."""

    __slots__ = ("_arguments", "_call", "_compiled", "_groups", "values", "where")

    def __init__(self, roots: Sequence[Node], inputs: Sequence[Node], dtype: DType) -> None:
        import numpy as np

        nodes = order([*inputs, *roots])
        used = {n.op.name for n in nodes if n.args}
        names = tuple([op.name for op in ALL_OPS if op.name in used])
        self._compiled = _code(dtype, names)
        self._call = _CALL(self._compiled.address("run"))
        groups: dict[tuple[int, int], list[Node]] = {}
        level: dict[Node, int] = {}
        fixed: list[Node] = []
        for n in nodes:
            level[n] = 1 + max([level[a] for a in n.args], default=-1)
            if n.args:
                groups.setdefault((level[n], names.index(n.op.name)), []).append(n)
            else:
                fixed.append(n)
        where = {n: k for k, n in enumerate(fixed)}
        rows: list[tuple[int, int, int, int]] = []
        arguments: list[int] = []
        for (_, op), members in sorted(groups.items(), key=lambda item: item[0]):
            rows.append((op, len(members), len(where), len(arguments)))
            for k in range(len(members[0].args)):
                arguments += [where[n.args[k]] for n in members]
            for n in members:
                where[n] = len(where)
        self._groups = np.array(rows, np.int64).reshape(-1, _FIELDS)
        self._arguments = np.array(arguments or [0], np.int32)
        self.values = np.zeros(len(where), dtype)
        for n in fixed:
            if n.op is not INPUT:
                self.values[where[n]] = n.op.value(_Constants, *([n.attribute] if n.op is CONST else []))
        self.where = {n: where[n] for n in [*inputs, *roots]}

    def run(self) -> None:
        """Work out all values from those of the inputs."""
        self._call(self.values.ctypes.data, self._arguments.ctypes.data, self._groups.ctypes.data, len(self._groups))


class LevelFunction:
    """A graph as tables; called like `function.Function`."""

    __slots__ = ("_lock", "_tables", "dtype", "inputs", "outputs")

    def __init__(self, outputs: Sequence[Quantity], roots: Sequence[Node], dtype: DType) -> None:
        inputs = [n for n in order(roots) if n.op is INPUT]
        self.dtype = dtype
        self.inputs = {label_of(n): n for n in inputs}
        self.outputs = dict(zip(outputs, roots, strict=True))
        self._tables = Tables(roots, inputs, dtype)
        self._lock = Lock()

    def __call__(
        self, values: Mapping[Quantity, Any], *, sizes: Mapping[str, int] | None = None
    ) -> dict[Quantity, Any]:
        """The outputs for the values of the inputs, all single numbers; `sizes` is there to be called alike.

        Raises `ShapeError` for an input that is missing or no number.
        """
        import numpy as np

        tables = self._tables
        with self._lock:
            for label, given in self.inputs.items():
                tables.values[tables.where[given]] = number_of(label, values)
            tables.run()
            found = {label: tables.values[tables.where[root]] for label, root in self.outputs.items()}
        return {
            label: np.array(value != 0 if self.outputs[label].type.kind == "boolean" else value)
            for label, value in found.items()
        }


def number_of(label: Quantity, values: Mapping[Quantity, Any]) -> Any:
    """The value of an input. Raises `ShapeError` if there is none, or it is an array."""
    import numpy as np

    if label not in values:
        raise ShapeError(f"the input {spell(label)} has no value.")
    value = np.asarray(values[label])
    if value.shape:
        raise ShapeError(f"{spell(label)} has the shape {show_shape(value.shape)}, expected ().")
    return value


class _Constants:
    """What the value of a constant asks for."""

    s = FLOAT_SCALARS


@cache
def _code(dtype: DType, names: tuple[str, ...]) -> Compiled:
    return compile_text(levels_text(dtype, names, this_machine()))


def levels_text(dtype: DType, names: Sequence[str], machine: Machine) -> str:
    """The module: a function for each op, and `void run(values, arguments, groups, number)` that goes through them."""
    lines: list[str] = []
    lanes = machine.vector_bytes // REALS[dtype].size
    for op in [TABLE[name] for name in names]:
        e = Emitter(dtype)
        count = Value("%count", "index")
        full = e.write("sub", count, e.write("urem", count, e.index(lanes)))
        for start, stop, width in ((e.index(0), full, lanes), (full, count, 1)):
            with e.loop(start, stop, width, surely=False) as loop:
                args = [_argument(e, k, loop.index, count, width) for k in range(op.arity or 0)]
                if op.name == "where":
                    args[0] = e.write("fcmp une", args[0], e.constant(0), kind="condition")
                result = op.value(scalars_of(e), *args)
                place = e.offset(Value("%results", "pointer"), loop.index)
                e.store(e.splat(Functions(e).real(result), width), place)
        head = f"internal void @op.{op.name}(ptr %values, ptr %results, ptr %arguments, i64 %count)"
        lines += [*function(head, e, "ret void"), *e.declared.values()]
    lines += _dispatch(names, REALS[dtype].name, machine)
    return assemble([*lines, *flush_declarations(machine)], machine.vector_bytes)


def _argument(e: Emitter, k: int, index: Value, count: Value, width: int) -> Value:
    """Argument k of the nodes from an index on."""
    first = e.plus(e.times(count, e.index(k)), index)
    parts = []
    for lane in range(width):
        place = e.offset(Value("%arguments", "pointer"), e.plus(first, e.index(lane)), kind="word")
        number = e.convert("zext", e.load(place, 1, kind="word"), "index")
        parts.append(e.load(e.offset(Value("%values", "pointer"), number), 1))
    return e.gathered(parts)


def _dispatch(names: Sequence[str], real: str, machine: Machine) -> list[str]:
    cases = " ".join(f"i64 {k}, label %op{k}" for k in range(len(names)))
    body = [
        *flush_on(machine),
        "%some = icmp sgt i64 %number, 0",
        "br i1 %some, label %group, label %end",
        "group:",
        "%g = phi i64 [ 0, %entry ], [ %g.next, %next ]",
        f"%base = mul i64 %g, {_FIELDS}",
    ]
    for k, field in enumerate(("op", "count", "to", "from")):
        body += [
            f"%{field}.place = add i64 %base, {k}",
            f"%{field}.at = getelementptr i64, ptr %groups, i64 %{field}.place",
            f"%{field} = load i64, ptr %{field}.at",
        ]
    body += [
        f"%results = getelementptr {real}, ptr %values, i64 %to",
        "%places = getelementptr i32, ptr %arguments, i64 %from",
        f"switch i64 %op, label %next [ {cases} ]",
    ]
    for k, name in enumerate(names):
        body += [
            f"op{k}:",
            f"call void @op.{name}(ptr %values, ptr %results, ptr %places, i64 %count)",
            "br label %next",
        ]
    body += [
        "next:",
        "%g.next = add i64 %g, 1",
        "%more = icmp slt i64 %g.next, %number",
        "br i1 %more, label %group, label %end",
        "end:",
        *flush_off(machine),
        "ret void",
    ]
    indented = [line if line.endswith(":") else f"  {line}" for line in body]
    head = "define void @run(ptr %values, ptr %arguments, ptr %groups, i64 %number) #0 {"
    return [head, "entry:", *indented, "}"]
