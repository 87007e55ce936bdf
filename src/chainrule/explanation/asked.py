"""Single quantities asked for: any derivative, any expression, any number of updates on."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from chainrule.errors import GradientError
from chainrule.explanation.passes import build_passes, first_inputs, run_updates, values_of
from chainrule.graph import Graph
from chainrule.node import NAME, Node, const, input_node, label_of
from chainrule.numbers.array import positions
from chainrule.printing.figures import json_number
from chainrule.problem import Problem
from chainrule.problem.expressions import expression_of, with_expressions
from chainrule.problem.names import is_expression, memory_of
from chainrule.quantity import Change, Derivative, Example, Memory, Name, Quantity, Updated, spell
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import ONE, direct_derivatives, reverse
from chainrule.transforms.units import element_label


def value_of(problem: Problem, text: str, *, after: int = 0) -> Any:
    """The value of a quantity as a person spells it: a number, nested lists for an array, None for a symbol.

    `after` is how many updates have been made before: `E'` is then the error after one more. Raises `FormulaError`
    for what is no quantity of the problem, `GradientError` for a derivative without a meaning.
    """
    quantity = problem.quantity(text)
    quantity = Updated(quantity, after) if after else quantity
    graph = asked_graph(problem, quantity)
    times, bare = updates_of(quantity)
    if isinstance(bare, Name | Example) and is_expression(problem, bare) and bare not in graph.quantities():
        return _number(_expression(problem, graph, bare, times))
    found = {index: _value(problem, graph, label) for index, label in elements(problem, graph, quantity).items()}
    return as_lists({index: _number(value) for index, value in found.items()})


def asked_graph(problem: Problem, quantity: Quantity) -> Graph:
    """The forward pass with what is asked for: its expressions, and the inputs that no formula uses."""
    graph = problem.units
    known = graph.quantities()
    unused = {label: input_node(label) for label in problem.values if label not in known}
    return recognise(with_expressions(problem, Graph({**graph.outputs, **unused}, graph.ledger), [quantity]))


def _number(value: float | None) -> float | None:
    return None if value is None else json_number(value)


def _expression(problem: Problem, graph: Graph, label: Name | Example, times: int) -> float | None:
    """The value of an expression in which derivatives or updated quantities stand."""

    def node_of(part: Quantity) -> Node | None:
        if isinstance(part, Updated | Change) or is_of_rule(problem, part):
            value = _value(problem, graph, part)
            return None if value is None else const(Fraction(value))
        return part_of_expression(problem, graph, part)

    node = expression_of(problem, label, node_of)
    return values_of([node], _inputs(problem, times)).get(node)


def part_of_expression(problem: Problem, graph: Graph, part: Quantity) -> Node | None:
    """The node of a quantity or derivative in an expression; None for what is an expression itself.

    Raises `GradientError` if it speaks of what is not in the graph.
    """
    if part not in graph.quantities() and isinstance(part, Name | Example) and is_expression(problem, part):
        return None
    return with_derivative(with_expressions(problem, graph, [part]), part)[1]


def _inputs(problem: Problem, times: int) -> Mapping[Quantity, float]:
    return run_updates(problem, times).inputs if times else first_inputs(problem)


def elements(problem: Problem, graph: Graph, quantity: Quantity) -> dict[tuple[int, ...], Quantity]:
    """The single numbers a quantity consists of, by index; a single number has the index ()."""
    match quantity:
        case Updated(of, times):
            return {index: Updated(one, times) for index, one in elements(problem, graph, of).items()}
        case Change(of):
            return {index: Change(one) for index, one in elements(problem, graph, of).items()}
        case Memory(of, name):
            return {index: Memory(one, name) for index, one in elements(problem, graph, of).items()}
        case Derivative(of, by, direct):
            tops, bottoms = elements(problem, graph, of), elements(problem, graph, by)
            return {i + k: Derivative(top, one, direct) for i, top in tops.items() for k, one in bottoms.items()}
    known = graph.quantities()
    if quantity in known or is_of_rule(problem, quantity):
        return {(): quantity}
    shape = problem.labels.get(quantity.of if isinstance(quantity, Example) else quantity)
    if shape is None:
        raise GradientError(f"found {spell(quantity)}, which is not a quantity of this problem.")
    sizes = tuple([int(size) for size in shape])
    indices = [tuple([i + 1 for i in at]) for at in positions(sizes)]
    return {index: element_label(quantity, index, problem.element) for index in indices}


def _value(problem: Problem, graph: Graph, quantity: Quantity) -> float | None:
    times, bare = updates_of(quantity)
    if isinstance(bare, Change):
        after, before = Updated(bare.of, times + 1), Updated(bare.of, times)
        new, old = _value(problem, graph, after), _value(problem, graph, before)
        return None if new is None or old is None else new - old
    if is_of_rule(problem, bare):
        return _of_rule(problem, bare, times)
    _, node = with_derivative(graph, bare)
    if node.shape:
        raise GradientError(f"found {spell(quantity)}, which is an array; ask for its elements one by one.")
    value = values_of([node], _inputs(problem, times)).get(node)
    return None if value is None else float(value)


def is_of_rule(problem: Problem, quantity: Quantity) -> bool:
    """Whether the update rule, and nothing in the file, has this quantity: m_w1, or the number of the update."""
    if not isinstance(quantity, Name) or quantity in problem.labels:
        return isinstance(quantity, Memory)
    return memory_of(problem, quantity.text) == ("", quantity.text)


def _of_rule(problem: Problem, quantity: Quantity, times: int) -> float | None:
    """What the rule keeps, after so many updates; what it works out on the way, in the update after that."""
    passes, inputs = build_passes(problem, times + 1), run_updates(problem, times).inputs
    if quantity in inputs:
        return float(inputs[quantity])
    known = {label_of(new): new for new in passes.update}
    if quantity not in known:
        raise GradientError(f"found {spell(quantity)}, which this update does not work out.")
    value = values_of([known[quantity]], inputs).get(known[quantity])
    return None if value is None else float(value)


def updates_of(quantity: Quantity) -> tuple[int, Quantity]:
    """After how many updates a quantity is meant, and which: 3 and dE/dw for (dE/dw)@3."""
    times = 0
    while isinstance(quantity, Updated):
        times, quantity = times + quantity.times, quantity.of
    return times, quantity


def with_derivative(graph: Graph, quantity: Quantity) -> tuple[Graph, Node]:
    """The graph grown by a derivative, also one of a derivative, and the node of the quantity.

    Raises `GradientError` if it speaks of what is not in the graph.
    """
    if isinstance(quantity, Derivative) and quantity.direct:
        inner, top = with_derivative(graph, quantity.of)
        _, bottom = with_derivative(inner, quantity.by)
        local = direct_derivatives(top, ONE, [bottom]).get(bottom) if top.op is NAME else None
        return inner, const(0) if local is None else local
    if isinstance(quantity, Derivative):
        inner, _ = with_derivative(graph, quantity.of)
        grown = reverse(inner, quantity.of, [quantity.by])
        return grown, grown.outputs[quantity]
    node = graph.quantities().get(quantity)
    if node is None:
        raise GradientError(f"found {spell(quantity)}, which is not a quantity of this problem.")
    return graph, node


def as_lists(elements: Mapping[tuple[int, ...], Any]) -> Any:
    """Nested lists from elements by index, counted from 1.

    >>> as_lists({(1, 1): 1.0, (1, 2): 2.0})
    [[1.0, 2.0]]
    """
    if () in elements:
        return elements[()]
    rows: dict[int, dict[tuple[int, ...], Any]] = {}
    for index, value in elements.items():
        rows.setdefault(index[0], {})[index[1:]] = value
    return [as_lists(rows[number]) for number in sorted(rows)]
