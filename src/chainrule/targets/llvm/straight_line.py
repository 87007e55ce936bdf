"""Graphs of single numbers as code without loops: an instruction or a few for each node, nothing between them.

exp and its relatives are functions that the code calls, for several numbers at once where it can, and long code is cut
into parts, because a compiler's time grows faster than the length of what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from chainrule.dataclasses import replace
from chainrule.node import CONST, INPUT, Node
from chainrule.numbers.system import Scalars
from chainrule.ops import TABLE
from chainrule.targets.llvm.bundles import sequence
from chainrule.targets.llvm.emit import REALS, DType, Emitter, Value
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.functions import Functions, scalars_of
from chainrule.targets.llvm.machine import Machine, compile_text, this_machine
from chainrule.targets.llvm.module import assemble, function
from chainrule.targets.llvm.patterns import constant_of
from chainrule.targets.llvm.work import Work

PART: Final = 400  # steps in one part
_WIDEST: Final = 8  # lanes
Step: TypeAlias = "Sequence[Node]"  # one node, or several that are lanes of one vector


def straight_line(roots: Sequence[Node], inputs: Sequence[Node], dtype: DType) -> Work:
    """The roots from the inputs, which were lowered and are single numbers, as code of their own."""
    text = straight_text(roots, inputs, dtype, this_machine())
    compiled = compile_text(text)
    return Work(compiled.address("run"), 0, text, (compiled,))


def straight_text(roots: Sequence[Node], inputs: Sequence[Node], dtype: DType, machine: Machine) -> str:
    """The module: `void run(context, given, results)`."""
    lanes = min(_WIDEST, machine.vector_bytes // REALS[dtype].size)
    steps = [step for step in sequence(roots, lanes) if step[0].op is not INPUT]
    parts = [steps[k : k + PART] for k in range(0, len(steps), PART)] or [[]]
    crossing, room = _kept(parts, lanes)
    lines: list[str] = []
    outlined: dict[tuple[str, int], None] = {}
    given = {n: at for at, n in enumerate(inputs)}
    for k, part in enumerate(parts):
        writer = _Part(dtype, lanes, given, crossing, outlined)
        lines += writer.text(k, part, roots)
    for name, width in outlined:
        lines += _outlined(name, width, dtype)
    real = REALS[dtype].name
    array = [f"%kept = alloca [{room} x {real}], align 64"] if room else []
    kept = "%kept" if room else "null"
    calls = [f"call void @part.{k}(ptr %given, ptr %results, ptr {kept})" for k in range(len(parts))]
    body = [*array, *flush_on(machine), *calls, *flush_off(machine), "ret void"]
    lines += ["define void @run(ptr %context, ptr %given, ptr %results) #0 {", *[f"  {line}" for line in body], "}"]
    return assemble([*lines, *flush_declarations(machine)], machine.vector_bytes)


def _kept(parts: Sequence[Sequence[Step]], lanes: int) -> tuple[dict[Node, int], int]:
    """Where the values stand that another part needs, or that were lanes of a vector; how many places these are."""
    home = {n: k for k, part in enumerate(parts) for step in part for n in step}
    places: dict[Node, int] = {}
    room = 0
    for step in (step for part in parts for step in part):
        if len(step) > 1:
            places.update(zip(step, range(room, room + lanes), strict=False))
            room += lanes
    for n, k in home.items():
        for a in n.args:
            if a.args and home[a] != k and a not in places:
                places[a] = room
                room += 1
    return places, room


class _Part:
    """Some of the nodes, as one function; what other parts need stands in memory."""

    def __init__(
        self, dtype: DType, lanes: int, inputs: Mapping[Node, int], crossing: Mapping[Node, int],
        outlined: dict[tuple[str, int], None],
    ) -> None:  # fmt: skip
        self.e = Emitter(dtype)
        self.functions = Functions(self.e)
        self.scalars = _calling(self.e, outlined)
        self.lanes, self.inputs, self.crossing, self.outlined = lanes, inputs, crossing, outlined
        self.values: dict[Node, Value] = {}

    def text(self, number: int, part: Sequence[Step], roots: Sequence[Node]) -> list[str]:
        """The function, which also stores the roots it makes; those that are inputs are the first part's."""
        wanted: dict[Node, list[int]] = {}
        for at, root in enumerate(roots):
            wanted.setdefault(root, []).append(at)
        for step in part:
            if len(step) > 1:
                self.bundle(step)
            else:
                self.single(step[0])
            for n in step:
                self.put(n, wanted.get(n, ()))
        if not number:
            for root, places in wanted.items():
                if root.op is INPUT:
                    self.put(root, places)
        head = f"internal void @part.{number}(ptr noalias %given, ptr noalias %results, ptr noalias %kept)"
        return [*function(head, self.e, "ret void"), *self.e.declared.values()]

    def single(self, n: Node) -> None:
        """One node, put down if another part needs it."""
        value = self.values[n] = self.make(n)
        if n in self.crossing:
            self.e.store(self.functions.real(value), self.place("%kept", self.crossing[n]))

    def bundle(self, step: Step) -> None:
        """A function of several numbers at once; lanes that are left over repeat the first."""
        e = self.e
        args = [self.functions.real(self.value(n.args[0])) for n in step]
        name = step[0].op.name
        self.outlined[name, self.lanes] = None
        made = e.call(_name(name, self.lanes), e.gathered(args + args[:1] * (self.lanes - len(args))))
        e.store(made, self.place("%kept", self.crossing[step[0]]))

    def put(self, n: Node, places: Sequence[int]) -> None:
        """A value where results go."""
        for at in places:
            self.e.store(self.functions.real(self.value(n)), self.place("%results", at))

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


def _calling(e: Emitter, outlined: dict[tuple[str, int], None]) -> Scalars:
    """The number system that writes instructions, and calls for exp and its relatives."""
    plain = scalars_of(e)
    f = Functions(e)

    def calling(name: str) -> Callable[[Value], Value]:
        def call(x: Value) -> Value:
            outlined[name, 1] = None
            return e.call(_name(name, 1), f.real(x))

        return call

    return replace(
        plain, exp=calling("exp"), expm1=calling("expm1"), log=calling("log"), log1p=calling("log1p"),
        log10=calling("log10"), tanh=calling("tanh"), sigmoid=calling("sigmoid"), erf=calling("erf"),
    )  # fmt: skip


def _name(name: str, lanes: int) -> str:
    return f"function.{name}.{lanes}"


def _outlined(name: str, lanes: int, dtype: DType) -> list[str]:
    """A function of the number system, or an op on a vector."""
    e = Emitter(dtype)
    x = Value("%x", lanes=lanes)
    result = getattr(scalars_of(e), name)(x) if lanes == 1 else TABLE[name].value(scalars_of(e), x)
    type_ = e.type("real", lanes)
    head = f"internal {type_} @{_name(name, lanes)}({type_} %x)"
    return [*function(head, e, f"ret {type_} {result.text}"), *e.declared.values()]
