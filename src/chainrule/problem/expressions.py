"""Expressions as quantities of a graph: `w0*x0` gets a node of its own, where an equal one stands or as a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chainrule.formula import parse_quantity
from chainrule.graph import Graph
from chainrule.node import Node, is_quantity, name_node, substitute
from chainrule.problem.names import differs, is_expression, is_later, known_in, text_of
from chainrule.problem.resolve import expression
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Name, Quantity, Updated

if TYPE_CHECKING:
    from chainrule.problem.problem import Problem


def expression_of(problem: Problem, label: Name | Example, node_of: Callable[[Quantity], Node | None]) -> Node:
    """The node of a label that stands for an expression, such as one of [names], Name("w0*x0") or (w0*x0){2}."""
    text = text_of(problem, label)
    example = label.number if isinstance(label, Example) else None
    return expression(problem, parse_quantity(text, known_in(problem)).tree, node_of, text=text, example=example)


def alias_labels(problem: Problem, example: int | None = None) -> list[Name | Example]:
    """The labels of [names] in an update that sees this example, or all of them at once.

    In an update on one example they speak of its error. Where all are seen at once, a name whose value differs from
    example to example has no one value and is left out.
    """
    names = [Name(name) for name in problem.aliases]
    if example is None:
        return [name for name in names if not differs(problem, name)]
    return [Example(name, example) if differs(problem, name, error=True) else name for name in names]


def with_expressions(problem: Problem, graph: Graph, labels: Iterable[Quantity]) -> Graph:
    """The graph with a named node for every expression among the labels, put where an equal node stands.

    `graph` is `problem.units` or `problem.graph`; derivatives by an expression need it there before `reverse`. What
    needs a derivative or an update is left to the caller, who can use `expression_of` when there is one.
    """
    labels = list(labels)
    variables = {label.by for label in labels if isinstance(label, Derivative)}  # also 0.5, in sigmoid'(0.5)
    for label in dict.fromkeys(name for asked in labels for name in _names_in(asked)):
        quantities, text = graph.quantities(), text_of(problem, label)
        if label in quantities or not is_expression(problem, label):
            continue
        if is_later(problem, parse_quantity(text, known_in(problem)).tree):
            continue
        body = expression_of(problem, label, quantities.get)
        named = name_node(label, body)
        outputs = list(graph.outputs.values())
        is_part = not is_quantity(body) and (body.args or label in variables)
        roots = substitute(outputs, {body: named}) if is_part else outputs
        graph = Graph({**dict(zip(graph.outputs, roots, strict=True)), label: named})
    return graph


def _names_in(label: Quantity) -> Iterable[Name | Example]:
    stack = [label]
    while stack:
        match stack.pop():
            case Name() as name:
                yield name
            case Example(Name()) as name:
                yield name
            case Derivative(of, by):
                stack += [by, of]
            case Element(of) | Updated(of) | Change(of) | Memory(of) | Example(of):
                stack.append(of)
