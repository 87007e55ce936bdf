"""One update of all parameters as definitions: derivatives made ready - clipped, with weight decay -, then the rule.

The worked solution and the training loop are both made of these; neither has update rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.node import NAME, Node, const, input_node, label_of, name_node, node, order
from chainrule.ops.arithmetic import ADD, DIV
from chainrule.ops.choices import MAX, MIN
from chainrule.ops.functions import SQRT
from chainrule.ops.reduction import SUM
from chainrule.optimizers.rules import Here, Kept, Options, Rule, Slot, square, times
from chainrule.quantity import Memory, Name, Quantity, Updated

TINY = Fraction(1, 1_000_000)  # what PyTorch adds to the norm before it divides by it


@dataclass(frozen=True, slots=True, eq=False)
class Optimizer:
    """An update rule with its options; those that do the same are equal.

    `slots` gives what the rule remembers of each parameter from one update to the next. `counts` says that the formula
    has the number of the update in it. `update` builds plain nodes, so that they print as written.
    """

    name: str
    slots: tuple[Slot, ...]
    options: Options
    rule: Rule
    counts: bool = False
    decays_apart: bool = False  # weight decay is the rule's own business

    def init(self, parameter: Node) -> Kept:
        """The memory of a parameter before an update: inputs of its type."""
        return tuple([input_node(slot.label(label_of(parameter)), parameter.type) for slot in self.slots])

    def update(
        self, parameter: Node, derivative: Node, rate: Node, memory: Kept, *, number: Node | None = None
    ) -> tuple[Node, Kept]:
        """The parameter after an update, and the memory after it; `number` is that of the update, from 1.

        >>> from chainrule.optimizers import find_optimizer
        >>> w, g, rate = (input_node(Name(name)) for name in ("w", "g", "rate"))
        >>> find_optimizer("sgd").update(w, g, rate, ()) == (w - rate * g, ())
        True
        """
        return self.rule(Here(parameter, derivative, rate, memory, number or const(1), self.options))

    def _facts(self) -> tuple[Any, ...]:
        return (
            self.name, self.slots, tuple(self.options.items()), self.rule, self.counts, self.decays_apart
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optimizer) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        options = "".join(f", {name}={value}" for name, value in self.options.items())
        return f"<Optimizer {self.name}{options}>"


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """What goes from one update to the next: its node before and after; it starts from a number, or from the rate."""

    before: Node
    after: Node
    initial: Fraction | None  # None: the rate


@dataclass(frozen=True, slots=True, eq=False)
class Updates:
    """One update of all parameters.

    `definitions` are its lines in the order of reading. `parameters` has each parameter's node after the update by the
    parameter's label, `memory` what else the next update starts from, by what it is called without a prime.
    """

    definitions: tuple[Node, ...]
    parameters: Mapping[Quantity, Node]
    memory: Mapping[Quantity, Remembered]


def build_updates(
    optimizer: Optimizer,
    error: Quantity,
    derivatives: Mapping[Node, Node],
    rate: Node,
    *,
    taken: Callable[[Quantity], bool],
) -> Updates:
    """The update of each parameter (an input node) by its derivative; `taken` says which labels are in use."""
    number = input_node(counter_label(taken)) if optimizer.counts else None
    told = set(order(derivatives.values()))
    ready = _ready(optimizer, error, derivatives)
    lines: list[Node] = []
    after: dict[Quantity, Node] = {}
    memory: dict[Quantity, Remembered] = {}
    for parameter, derivative in ready.items():
        label = label_of(parameter)
        old = optimizer.init(parameter)
        body, new = optimizer.update(parameter, derivative, rate, old, number=number)
        after[label] = name_node(Updated(label), body)
        for slot, one, other in zip(optimizer.slots, old, new, strict=True):
            memory[_without_prime(label_of(other))] = Remembered(one, other, _START[slot.starts])
        found = [n for n in order([*new, after[label]], cut=told.__contains__) if n.op is NAME and n not in told]
        told.update(found)
        lines += found
    if number is not None:
        next_number = name_node(Updated(label_of(number)), node(ADD, (number, const(1))))
        memory[label_of(number)] = Remembered(number, next_number, Fraction(1))
    return Updates(tuple(lines), after, memory)


_START: Mapping[str, Fraction | None] = {"zero": Fraction(0), "rate": None}


def counter_label(taken: Callable[[Quantity], bool]) -> Name:
    """The label of the number of the update: n, if nothing else is called so."""
    text = next((text for text in ("n", "update") if not taken(Name(text))), "update_number")
    while taken(Name(text)):
        text += "_"
    return Name(text)


def _without_prime(label: Quantity) -> Quantity:
    return label.of if isinstance(label, Updated) else label


def _ready(optimizer: Optimizer, error: Quantity, derivatives: Mapping[Node, Node]) -> dict[Node, Node]:
    """The derivatives as the rule sees them: clipped, and with weight decay, under a name if they differ."""
    options, result = optimizer.options, dict(derivatives)
    if "clip" in options:
        limit = const(options["clip"])
        result = {w: node(MAX, (node(MIN, (g, limit)), const(-options["clip"]))) for w, g in result.items()}
    if "clip_norm" in options:
        clipped = {w: _part(w, "clipped", g) for w, g in result.items()} if "clip" in options else result
        scale = _scale(error, list(clipped.values()), options["clip_norm"])
        result = {w: times(scale, g) for w, g in clipped.items()}
    if options.get("decay") and not optimizer.decays_apart:
        decay = const(options["decay"])
        result = {w: node(ADD, (g, times(decay, w))) for w, g in result.items()}
    return {w: g if g is derivatives[w] else _part(w, "g", g) for w, g in result.items()}


def _part(parameter: Node, name: str, body: Node) -> Node:
    return name_node(Memory(label_of(parameter), name), body)


def _scale(error: Quantity, derivatives: list[Node], largest: Fraction) -> Node:
    """What all derivatives are multiplied by, so that their norm - as if they were one vector - is at most `largest`.

    Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks; with PyTorch's 10^-6.
    """
    total: Node | None = None
    for g in derivatives:
        term = node(SUM, (square(g),), tuple(range(len(g.shape)))) if g.shape else square(g)
        total = term if total is None else node(ADD, (total, term))
    norm = name_node(Memory(error, "norm"), node(SQRT, (total or const(0),)))
    ratio = node(DIV, (const(largest), node(ADD, (norm, const(TINY)))))
    return name_node(Memory(error, "scale"), node(MIN, (const(1), ratio)))
