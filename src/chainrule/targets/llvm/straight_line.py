"""Graphs of single numbers as code without loops: an instruction or a few for each node, nothing between them.

exp and its relatives are functions that the code calls, and long code is cut into parts, because a compiler's time
grows faster than the length of what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from chainrule.node import CONST, INPUT, Node, order
from chainrule.numbers.system import Scalars
from chainrule.targets.llvm.emit import REALS, DType, Emitter, Value
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.functions import Functions, scalars_of
from chainrule.targets.llvm.machine import Machine, compile_text, this_machine
from chainrule.targets.llvm.module import assemble, function
from chainrule.targets.llvm.patterns import constant_of
from chainrule.targets.llvm.work import Work

PART: Final = 400  # nodes in one part


def straight_line(roots: Sequence[Node], inputs: Sequence[Node], dtype: DType) -> Work:
    """The roots from the inputs, which were lowered and are single numbers, as code of their own."""
    text = straight_text(roots, inputs, dtype, this_machine())
    compiled = compile_text(text)
    return Work(compiled.address("run"), 0, text, (compiled,))


def straight_text(roots: Sequence[Node], inputs: Sequence[Node], dtype: DType, machine: Machine) -> str:
    """The module: `void run(context, given, results)`."""
    nodes = [n for n in order(roots) if n.op is not INPUT]
    parts = [nodes[k : k + PART] for k in range(0, len(nodes), PART)] or [[]]
    home = {n: k for k, part in enumerate(parts) for n in part}
    crossing: dict[Node, int] = {}
    for n in nodes:
        for a in n.args:
            if a.args and home[a] != home[n] and a not in crossing:
                crossing[a] = len(crossing)
    lines: list[str] = []
    outlined: dict[str, None] = {}
    given = {n: at for at, n in enumerate(inputs)}
    for k, part in enumerate(parts):
        writer = _Part(dtype, given, crossing, outlined)
        lines += writer.text(k, part, roots)
    for name in outlined:
        lines += _outlined(name, dtype)
    real = REALS[dtype].name
    room = [f"%kept = alloca [{len(crossing)} x {real}], align 64"] if crossing else []
    kept = "%kept" if crossing else "null"
    calls = [f"call void @part.{k}(ptr %given, ptr %results, ptr {kept})" for k in range(len(parts))]
    body = [*room, *flush_on(machine), *calls, *flush_off(machine), "ret void"]
    lines += ["define void @run(ptr %context, ptr %given, ptr %results) #0 {", *[f"  {line}" for line in body], "}"]
    return assemble([*lines, *flush_declarations(machine)], machine.vector_bytes)


class _Part:
    """Some of the nodes, as one function; what other parts need stands in memory."""

    def __init__(
        self, dtype: DType, inputs: Mapping[Node, int], crossing: Mapping[Node, int], outlined: dict[str, None]
    ) -> None:
        self.e = Emitter(dtype)
        self.functions = Functions(self.e)
        self.scalars = _calling(self.e, outlined)
        self.inputs, self.crossing = inputs, crossing
        self.values: dict[Node, Value] = {}

    def text(self, number: int, part: Sequence[Node], roots: Sequence[Node]) -> list[str]:
        """The function, which also stores the roots it makes; those that are inputs are the first part's."""
        e = self.e
        wanted: dict[Node, list[int]] = {}
        for at, root in enumerate(roots):
            wanted.setdefault(root, []).append(at)
        for n in part:
            value = self.values[n] = self.make(n)
            if n in self.crossing:
                e.store(self.functions.real(value), self.place("%kept", self.crossing[n]))
            for at in wanted.get(n, ()):
                e.store(self.functions.real(value), self.place("%results", at))
        if not number:
            for root, places in wanted.items():
                if root.op is INPUT:
                    for at in places:
                        e.store(self.value(root), self.place("%results", at))
        head = f"internal void @part.{number}(ptr noalias %given, ptr noalias %results, ptr noalias %kept)"
        return [*function(head, e, "ret void"), *e.declared.values()]

    def make(self, n: Node) -> Value:
        """The instructions of one node."""
        if n.op is CONST:
            return self.e.constant(n.attribute)  # exact, and rounded once
        if not n.args:
            return self.e.constant(constant_of(n))
        args: list[Any] = [self.value(a) for a in n.args]
        if n.op.name == "where" and args[0].kind != "condition":
            args[0] = self.e.write("fcmp une", args[0], self.e.constant(0), kind="condition")
        value = n.op.value(self.scalars, *args)
        return Value("true" if value else "false", "condition") if isinstance(value, bool) else value

    def value(self, n: Node) -> Value:
        """A value that an earlier instruction made, an earlier part, or the caller."""
        found = self.values.get(n)
        if found is None:
            if n.op is INPUT:
                found = self.e.load(self.place("%given", self.inputs[n]), 1)
            elif n.args:
                found = self.e.load(self.place("%kept", self.crossing[n]), 1)
            else:
                found = self.make(n)
            self.values[n] = found
        return found

    def place(self, pointer: str, at: int) -> Value:
        return self.e.offset(Value(pointer, "pointer"), self.e.index(at))


def _calling(e: Emitter, outlined: dict[str, None]) -> Scalars:
    """The number system that writes instructions, and calls for exp and its relatives."""
    plain = scalars_of(e)
    f = Functions(e)

    def calling(name: str) -> Callable[[Value], Value]:
        def call(x: Value) -> Value:
            outlined[name] = None
            return e.call(f"function.{name}", f.real(x))

        return call

    return replace(
        plain, exp=calling("exp"), expm1=calling("expm1"), log=calling("log"), log1p=calling("log1p"),
        log10=calling("log10"), tanh=calling("tanh"), sigmoid=calling("sigmoid"), erf=calling("erf"),
    )  # fmt: skip


def _outlined(name: str, dtype: DType) -> list[str]:
    e = Emitter(dtype)
    result = getattr(scalars_of(e), name)(Value("%x"))
    real = REALS[dtype].name
    head = f"internal {real} @function.{name}({real} %x)"
    return [*function(head, e, f"ret {real} {result.text}"), *e.declared.values()]
