"""The graph of gates as a diagram: on every wire its value above and its gradient below, as circuits are drawn."""

from __future__ import annotations

from chainrule.errors import ProblemError
from chainrule.explanation import Explanation
from chainrule.explanation.passes import values_of
from chainrule.explanation.spelling import Spelling, spelling_of
from chainrule.graph import Contribution
from chainrule.node import Node, arguments_of, is_quantity, label_of
from chainrule.pictures.diagram import Diagram, Spot, Wire, shown_value
from chainrule.printing.expression import expression
from chainrule.quantity import Derivative, Quantity
from chainrule.transforms.reverse import reverse
from chainrule.views.gates import name_gates

MOST_GATES = 150  # in one picture

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "neg": "-", "name": "="}


def gates_diagram(explanation: Explanation, *, digits: int = 4) -> Diagram:
    """Every operation as a gate. A quantity used by several gates gives each wire the gradient that gate passes back.

    Raises `ProblemError` if there is nothing to differentiate, or there are too many gates to be looked at.
    """
    problem, passes = explanation.problem, explanation.passes
    if passes.of is None:
        raise ProblemError("there is no single result to take derivatives of.", hint="Name one with minimise.")
    named = name_gates(passes.forward, passes.of)
    if len(named.outputs) > MOST_GATES:
        raise ProblemError(
            f"found {len(named.outputs)} gates, and at most {MOST_GATES} can be drawn.", hint="Draw --graph network."
        )
    graph = reverse(named, passes.of)
    table = values_of(graph.roots(), explanation.inputs)
    spell = spelling_of(problem)
    entries = {(entry.through, _by(entry)): entry for entry in graph.ledger}
    spots: list[Spot] = []
    wires: list[Wire] = []
    places: dict[Quantity, int] = {}

    def connect(source: Node, target: int, gradient: Node | None) -> None:
        label, value = label_of(source), shown_value(source, table, digits)
        is_gate = label in named.outputs
        above = f"{spell(label)} = {value}" if is_gate and value else value or (spell(label) if is_gate else "")
        wires.append(Wire(places[label], target, above, shown_value(gradient, table, digits)))

    for gate in named.outputs.values():
        used = arguments_of(gate)
        for source in used:
            if label_of(source) not in places:
                places[label_of(source)] = len(spots)
                spots.append(Spot(spell(label_of(source)), "box"))
        number = places[label_of(gate)] = len(spots)
        spots.append(Spot(_sign(gate, spell)))
        for source in used:
            entry = entries.get((label_of(gate), label_of(source)))
            connect(source, number, entry.value if entry is not None else None)
    spots.append(Spot(spell(passes.of), "box"))
    result = graph.quantities()[passes.of]
    connect(result, len(spots) - 1, graph.outputs.get(Derivative(passes.of, passes.of)))
    if not wires[-1].below:
        wires[-1] = Wire(wires[-1].source, wires[-1].target, wires[-1].above, "1")
    return Diagram(problem.title or "", "gates", tuple(spots), tuple(wires))


def _by(entry: Contribution) -> Quantity:
    assert isinstance(entry.of, Derivative)
    return entry.of.by


def _sign(gate: Node, spell: Spelling) -> str:
    """What stands in a gate: + or *, the name of a function, and its constant where it has one."""
    body = gate.args[0]
    if is_quantity(body):
        return _SIGNS["name"]
    if not all(map(is_quantity, body.args)):
        return expression(body, spell=spell)
    return _SIGNS.get(body.op.name) or body.op.glyph or body.op.name
