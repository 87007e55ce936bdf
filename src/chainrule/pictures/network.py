"""The network of a problem as a diagram: a circle for every unit, a wire for every weight.

It is found in the formulas themselves, so that a network written out unit by unit is drawn like one from [network].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.dataclasses import dataclass, field
from chainrule.errors import ProblemError
from chainrule.explanation import Explanation
from chainrule.explanation.spelling import Spelling, spelling_of
from chainrule.node import INPUT, Node, arguments_of, is_quantity, label_of
from chainrule.pictures.diagram import Diagram, Role, Spot, Wire, shown_value
from chainrule.quantity import Derivative, Example, Quantity

MOST_UNITS = 300  # quantities that are worked out


def network_diagram(explanation: Explanation, *, digits: int = 4) -> Diagram:
    """The units, weights and biases of a problem with their values and gradients.

    Of several examples that learn together the first is drawn; the gradients of weights are those of all.
    Raises `ProblemError` if there is nothing to draw.
    """
    passes = explanation.passes
    drawn = [n for n in passes.backward.outputs.values() if n in explanation.forward and _first_example(n, passes.of)]
    if len(drawn) > MOST_UNITS:
        raise ProblemError(
            f"found {len(drawn)} quantities to draw, and at most {MOST_UNITS} fit in a picture.",
            hint="Use chainrule explain --view matrix.",
        )
    if not drawn:
        raise ProblemError("there is no formula to draw.", hint="Write one in formulas.")
    sketch = _Sketch(explanation, digits, spelling_of(explanation.problem), passes.backward.outputs)
    parameters = set(explanation.problem.parameters)
    sums = {n: found for n in drawn if (found := _weighted(n, parameters)) is not None}
    activations = _activations(drawn, sums)
    for current in drawn:
        if current not in activations.values():
            sketch.definition(current, activations.get(current), sums)
    return Diagram(explanation.problem.title or "", "network", tuple(sketch.spots), tuple(sketch.wires))


def _first_example(quantity: Node, of: Quantity | None) -> bool:
    number = of.number if isinstance(of, Example) else 1
    label = label_of(quantity)
    return not isinstance(label, Example) or label.number == number


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    """A sum of weights times quantities: (weight, source) for each term, and what is added as it is."""

    terms: tuple[tuple[Node, Node], ...]
    biases: tuple[Node, ...]


def _weighted(definition: Node, parameters: set[Quantity]) -> _Weighted | None:
    terms: list[tuple[Node, Node]] = []
    biases: list[Node] = []
    for term in _summands(definition.args[0]):
        if term.op is INPUT:
            biases.append(term)
        elif term.op.name == "mul" and all(map(is_quantity, term.args)):
            weights = [a for a in term.args if a.op is INPUT and label_of(a) in parameters]
            if len(weights) != 1:
                return None
            terms.append((weights[0], next(a for a in term.args if a is not weights[0])))
        else:
            return None
    return _Weighted(tuple(terms), tuple(biases)) if terms else None


def _summands(body: Node) -> Iterator[Node]:
    stack = [body]
    while stack:
        current = stack.pop()
        if current.op.name in ("add", "sum_of"):
            stack.extend(reversed(current.args))
        else:
            yield current


def _activations(drawn: list[Node], sums: dict[Node, _Weighted]) -> dict[Node, Node]:
    """What the one user of a weighted sum makes of it: out_h1 of h1."""
    users: dict[Node, list[Node]] = {}
    for current in drawn:
        for used in arguments_of(current):
            users.setdefault(used, []).append(current)
    return {
        net: using[0]
        for net, using in users.items()
        if net in sums and len(using) == 1 and using[0] not in sums and arguments_of(using[0]) == [net]
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Sketch:
    """The diagram while it grows."""

    explanation: Explanation
    digits: int
    spelling: Spelling
    nodes: Any  # the nodes of quantities and derivatives by their labels
    spots: list[Spot] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    places: dict[Node, int] = field(default_factory=dict)

    def definition(self, made: Node, activation: Node | None, sums: dict[Node, _Weighted]) -> None:
        found = sums.get(made)
        used = [source for _, source in found.terms] if found else arguments_of(made)
        for source in used:
            if source not in self.places:
                self.given(source)
        shown = activation or made
        captions: list[tuple[str, Role]] = []
        for one in dict.fromkeys([made, shown]):
            captions += self.equation(self.name(one), self.value(one), "value")
        for bias in found.biases if found else ():
            captions += self.equation(self.name(bias), self.value(bias), "plain")
            captions += self.gradient_caption(bias)
        captions += self.gradient_caption(made)
        number = self.place(shown, Spot(self.name(shown), "circle" if found else "box", tuple(captions)))
        self.places[made] = number
        if found is None:
            self.wires.extend(Wire(self.places[source], number) for source in used)
            return
        for weight, source in found.terms:
            above = " ".join(filter(None, [self.name(weight), self.value(weight)]))
            strength = self.explanation.table.get(weight)
            self.wires.append(Wire(self.places[source], number, above, self.gradient(weight), strength))

    def given(self, source: Node) -> None:
        value = self.value(source)
        self.place(source, Spot(self.name(source), "box", ((value, "value"),) if value else ()))

    def place(self, what: Node, spot: Spot) -> int:
        self.places[what] = len(self.spots)
        self.spots.append(spot)
        return self.places[what]

    def equation(self, name: str, value: str, role: Role) -> list[tuple[str, Role]]:
        return [(f"{name} = {value}", role)] if value else []

    def gradient_caption(self, by: Node) -> list[tuple[str, Role]]:
        of = self.explanation.passes.of
        if of is None or label_of(by) == of:
            return []
        name = self.spelling(Derivative(of, label_of(by)))
        return self.equation(name, self.gradient(by), "gradient")

    def gradient(self, by: Node) -> str:
        of = self.explanation.passes.of
        at = self.nodes.get(Derivative(of, label_of(by))) if of is not None else None
        return shown_value(at, self.explanation.table, self.digits) if at is not None else ""

    def value(self, at: Node) -> str:
        return shown_value(at, self.explanation.table, self.digits)

    def name(self, at: Node) -> str:
        return self.spelling(label_of(at))
