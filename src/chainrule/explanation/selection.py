"""Parts of a worked solution: the steps of the quantities asked for, and what they follow from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chainrule.errors import ProblemError
from chainrule.explanation import Explanation, chain_rule, derivative_steps
from chainrule.explanation.asked import asked_graph, elements, value_of, with_derivative
from chainrule.explanation.passes import values_of
from chainrule.explanation.spelling import spelling_of
from chainrule.explanation.steps import Step, Writer
from chainrule.node import NAME, Node, is_quantity, label_of, order
from chainrule.printing.figures import figure
from chainrule.problem.loops import expand
from chainrule.problem.names import is_expression
from chainrule.quantity import Derivative, Quantity, Updated


def asked_steps(explanation: Explanation, texts: Sequence[str]) -> list[Step]:
    """The steps of the quantities, each after the steps it follows from, without repetition.

    A derivative that the solution does not show - any pair of quantities has one - gets steps of its own; what lies
    updates ahead, and expressions, get their value. A text with a loop stands for several. Raises `FormulaError` for
    what is no quantity of the problem.
    """
    found: dict[tuple[Quantity, str], Step] = {}
    for text in (line for asked in texts for line in expand(explanation.problem, asked)):
        for step in _steps_of(explanation, text):
            found.setdefault((step.quantity, step.stage), step)
    return list(found.values())


def position(explanation: Explanation, text: str) -> Quantity:
    """The quantity after which a solution is to end. Raises `ProblemError` if it has no step."""
    quantity = explanation.problem.quantity(text)
    shown = [step.quantity for step in (*explanation.steps, *explanation.again)]
    if quantity not in shown:
        raise ProblemError(f"there is no step for {text}, so the solution cannot stop there.")
    return quantity


def _steps_of(explanation: Explanation, text: str) -> list[Step]:
    problem = explanation.problem
    quantity = problem.quantity(text)
    every = {step.quantity: step for step in (*explanation.again, *explanation.steps)}
    if quantity in every:
        return _with_ancestors(explanation, [quantity])
    graph = asked_graph(problem, quantity)
    if is_expression(problem, quantity) and quantity not in graph.quantities():
        return [_value_step(explanation, text, quantity)]
    labels = list(elements(problem, graph, quantity).values())
    if all(label in every for label in labels):
        return _with_ancestors(explanation, labels)
    if isinstance(quantity, Derivative) and not isinstance(quantity.of, Updated | Derivative):
        return [step for label in labels for step in _derivative(explanation, label)]
    return [_value_step(explanation, text, quantity)]


def _value_step(explanation: Explanation, text: str, quantity: Quantity) -> Step:
    value = value_of(explanation.problem, text, after=explanation.update - 1)
    return Step(quantity, explanation.update, "asked", text, (), None, _shown(value, explanation.digits), None)


def _shown(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(item, digits) for item in value)}]"
    return "unknown" if value is None else figure(value, digits=digits)


def _with_ancestors(explanation: Explanation, labels: Iterable[Quantity]) -> list[Step]:
    passes = explanation.passes
    known = {**explanation.named, **{label_of(n): n for n in order(passes.roots()) if is_quantity(n)}}
    wanted = list(labels)
    needed = {label_of(n) for n in order([known[label] for label in wanted]) if is_quantity(n)} | set(wanted)
    return [step for step in (*explanation.steps, *explanation.again) if step.quantity in needed]


def _derivative(explanation: Explanation, label: Quantity) -> list[Step]:
    """The steps of a derivative that is not the error's: forward steps, then back to what it is by."""
    assert isinstance(label, Derivative)
    problem = explanation.problem
    graph = asked_graph(problem, label)
    grown, node = with_derivative(graph, label)
    table = values_of(grown.roots(), explanation.inputs)
    writer = Writer(problem, table, spelling_of(problem), explanation.digits, explanation.update)
    below = order([node])
    forward = [n for n in below if n.op is NAME and not isinstance(label_of(n), Derivative)]
    steps = [writer.definition(n, "forward") for n in forward]
    by = [label_of(n).by for n in below if _is_derivative_of(n, label.of)]  # type: ignore[union-attr]
    return steps + derivative_steps(writer, chain_rule(problem, grown, label.of), by)


def _is_derivative_of(node: Node, of: Quantity) -> bool:
    label = label_of(node) if node.op is NAME else None
    return isinstance(label, Derivative) and label.of == of
