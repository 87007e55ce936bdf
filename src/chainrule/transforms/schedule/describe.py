"""A plan in words: stage by stage what is computed, how a product runs, and where the results go.

A schedule is chosen by costs, so one has to be able to see what was chosen; tests keep some of these texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from chainrule.node import CONST, INPUT, Dim, Node, label_of, order
from chainrule.ops.matrix import BROADCAST, INDEX, MATMUL, RESHAPE, TRANSPOSE
from chainrule.ops.types import show_shape
from chainrule.quantity import spell
from chainrule.transforms.schedule.lower import is_view
from chainrule.transforms.schedule.stages import Buffer, Plan, Product, Stage, Store, natural

_ATOM: Final = 100
_PRODUCT: Final = 19  # of matrices: less tightly than of numbers, so that W @ x stands in brackets there
_LONG: Final = 10**6  # a denominator from which a number is no fraction that anybody wrote
_LONGEST: Final = 400  # characters of a formula; of more than that, the beginning
_ROLES: Final = {
    "state": "learned", "example": "of the example", "scalar": "a number an update", "given": "the same in all updates",
    "output": "a result", "scratch": "worked out",
}  # fmt: skip


def describe(plan: Plan) -> str:
    """A plan as text: its arrays, then its stages in their order.

    What a stage works out and uses more than once has a name of its own (v1, v2, ...); what it leaves in memory for
    others is called s1, s2, ...; `:=` writes to an array that exists. W' is the transpose of W.

    >>> from chainrule.node import input_node, type_of
    >>> from chainrule.quantity import Name
    >>> from chainrule.transforms.schedule.plan import plan
    >>> W, x = (input_node(Name(name), type_of("real", shape)) for name, shape in (("W", (3, 2)), ("x", (2,))))
    >>> print(describe(plan({W: "given", x: "given"}, [W @ x + 1])))
    arrays
      W (3, 2)     the same in all updates
      x (2)        the same in all updates
      result (3)   a result
    stages
      1. over (3): W @ x, vectors along the result, summed over 2
           result := W @ x + 1
    """
    names = _array_names(plan)
    lines = ["arrays", *_arrays(plan, names), "stages"]
    for number, stage in enumerate(plan.stages, 1):
        if number - 1 == plan.checked and any(buffer.role == "state" for buffer in plan.buffers):
            lines.append("  the error is known: unless it is a finite number, the loop ends here")
        once = "at the beginning of a block, " if number - 1 < plan.checked and _begun(stage) else ""
        lines.append(f"  {number}. {once}over {show_shape(stage.space)}: {_manner(plan, stage, names)}")
        lines += [f"       {line}" for line in _formulas(plan, stage, names)]
    return "\n".join(lines)


def _filled(plan: Plan) -> list[Buffer]:
    """The arrays, without results that go elsewhere."""
    filled = {store.buffer for stage in plan.stages for store in stage.stores}
    return [buffer for buffer in plan.buffers if buffer.role != "output" or buffer in filled]


def _array_names(plan: Plan) -> dict[int, str]:
    """What each array is called: as its input is, or in the order in which arrays are made."""
    inputs = {buffer.number: node for node, buffer in plan.found.items() if node.op is INPUT}
    results = [buffer.number for buffer in _filled(plan) if buffer.role == "output"]
    names: dict[int, str] = {}
    made = 0
    for buffer in _filled(plan):
        if buffer.role == "output":
            names[buffer.number] = "result" if len(results) == 1 else f"result{1 + results.index(buffer.number)}"
        elif buffer.number in inputs and buffer.role != "scratch":
            names[buffer.number] = spell(label_of(inputs[buffer.number]))
        else:
            made += 1
            names[buffer.number] = f"s{made}"
    return names


def _arrays(plan: Plan, names: Mapping[int, str]) -> list[str]:
    buffers = _filled(plan)
    heads = [f"{names[b.number]} {show_shape(b.shape)}" if b.shape else names[b.number] for b in buffers]
    width = max(map(len, heads), default=0)
    begun = {buffer for stage in plan.stages[: plan.checked] for buffer in _begun(stage)}
    made = {buffer.number for node, buffer in plan.found.items() if node.op is not INPUT}
    lines = []
    for head, buffer in zip(heads, buffers, strict=True):
        role = "worked out once an update" if buffer.role == "scalar" and buffer.number in made else _ROLES[buffer.role]
        role = "made for the next update" if buffer in begun else role
        lines.append(f"  {head:<{width}}   {role}{_lies(buffer)}")
    return lines


def _begun(stage: Stage) -> list[Buffer]:
    """What is kept from update to update and begun by a stage that changes nothing: see `ahead`."""
    return [store.buffer for store in stage.stores if store.buffer.role == "state"]


def _lies(buffer: Buffer) -> str:
    if buffer.order == natural(buffer.shape):
        return ""
    if len(buffer.order) != 2:
        return f", its axes in the order {buffer.order}"
    return ", column by column" if isinstance(buffer.shape[0], int) else ", column by column, lanes across the rows"


def _manner(plan: Plan, stage: Stage, names: Mapping[int, str]) -> str:
    """What a stage needs a loop for at each position, and how that runs."""
    core = stage.core
    if core is None:
        return "element by element"
    if core.op is MATMUL:
        texts = _Formulas(plan, stage, names)
        left, right = (texts.tight(argument) for argument in core.args)
        inner = core.args[1].type.shape[0]
        way = f", {_way(core, stage.product, str(inner))}" if stage.product else ""
        return f"{left} @ {right}{way}"
    if core.op.name in ("sum", "largest", "smallest"):
        sizes = " times ".join(str(core.args[0].type.shape[axis]) for axis in core.attribute)
        return f"the {core.op.name} of {sizes} each"
    return f"put together ({core.op.name})"


def _way(core: Node, product: Product, inner: str) -> str:
    if product.folded:
        part = ", up to the diagonal" if product.lower else ""
        return f"dot products over {inner} whose lanes are joined{part}"
    along = "result" if len(core.type.shape) == 1 else "columns" if product.along else "rows"
    return f"vectors along the {along}, summed over {inner}"


def _formulas(plan: Plan, stage: Stage, names: Mapping[int, str]) -> Iterator[str]:
    """The lines of a stage: first what it uses more than once, then what it stores."""
    texts = _Formulas(plan, stage, names)
    for name, text in texts.shared:
        yield f"{name} = {_short(text)}"
    for store in stage.stores:
        yield f"{_target(store, names)} := {_short(texts.text(store.value))}"


def _target(store: Store, names: Mapping[int, str]) -> str:
    """The array that a value goes to, and which part of it the value fills."""
    name, shape = names[store.buffer.number], store.value.type.shape
    if shape == store.buffer.shape:
        return name
    parts = [str(start) if axis is None else f"{start}:{_end(start, shape[axis])}" for axis, start in store.place]
    return f"{name}[{', '.join(parts)}]"


def _end(start: int, size: Dim) -> str:
    return str(start + size) if isinstance(size, int) else size


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


class _Formulas:
    """The formulas of one stage, cut where a value is loaded from an array."""

    def __init__(self, plan: Plan, stage: Stage, names: Mapping[int, str]) -> None:
        self.plan, self.stage, self.names = plan, stage, names
        self.shared: list[tuple[str, str]] = []
        self._texts: dict[Node, tuple[str, int]] = {}  # and how tightly the text binds
        values = [store.value for store in stage.stores]
        core = [stage.core] if stage.core and stage.pointwise else []
        nodes = order([*values, *core], cut=self._is_loaded)
        uses = Counter(argument for x in nodes if not self._is_loaded(x) for argument in x.args)
        uses.update(set(values))
        for x in nodes:
            self._texts[x] = self._written(x)
            short = self._is_loaded(x) or not x.args or is_view(x) or x is stage.core
            if uses[x] > 1 and not short:
                name = f"v{len(self.shared) + 1}"
                self.shared.append((name, self._texts[x][0]))
                self._texts[x] = name, _ATOM

    def text(self, x: Node) -> str:
        """A value as a formula."""
        return self._texts[x][0]

    def tight(self, x: Node, least: int = _ATOM - 1) -> str:
        """The same, in brackets if it binds less tightly."""
        text, binds = self._texts[x]
        return text if binds > least else f"({text})"

    def _is_loaded(self, x: Node) -> bool:
        return x in self.plan.found and self.plan.home.get(x) != self.stage.number

    def _written(self, x: Node) -> tuple[str, int]:
        if self._is_loaded(x):
            return self.names[self.plan.found[x].number], _ATOM
        if x.op is CONST:
            return _number(x.attribute)
        if x.op in (BROADCAST, RESHAPE):
            return self._texts[x.args[0]]
        if x.op is TRANSPOSE:
            return f"{self.tight(x.args[0])}'", _ATOM
        if x.op is INDEX:
            return f"{self.tight(x.args[0])}[{', '.join(map(_at, x.attribute))}]", _ATOM
        binds, sign = x.op.precedence, x.op.glyph or x.op.name
        if x.op is MATMUL:
            return " @ ".join(map(self.tight, x.args)), _PRODUCT
        if binds == _ATOM:
            arguments = ", ".join(self.text(argument) for argument in x.args)
            return f"{x.op.name}({arguments})" if x.args else sign, _ATOM
        if len(x.args) == 1:
            return f"{sign}{self.tight(x.args[0], binds)}", binds
        left, right = x.args
        space = "" if sign in "*/^" else " "
        first = self.tight(left, binds if sign == "^" else binds - 1)
        return f"{first}{space}{sign}{space}{self.tight(right, binds - (sign in '+*'))}", binds


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value), _ATOM if value >= 0 else 15
    text = f"{float(value):g}"
    exact = Fraction(text) == value or value.denominator > _LONG
    return (text, _ATOM if value > 0 else 15) if exact else (str(value), 20)


def _at(at: int | Sequence[int] | None) -> str:
    if at is None:
        return ":"
    return str(at) if isinstance(at, int) else f"{at[0]}:{at[1]}"
