"""Names that lines of a working define: the problem grows by them as if they stood among its formulas.

A name for a quantity that there is becomes one of [names]; a formula becomes a node of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chainrule.dataclasses import replace
from chainrule.errors import FormulaError
from chainrule.formula import parse_quantity
from chainrule.formula.syntax import Ref, walk
from chainrule.formula.tokens import show
from chainrule.graph import Graph
from chainrule.node import Node, input_node, is_quantity, name_node, node, order, substitute, type_of
from chainrule.ops.matrix import INDEX
from chainrule.problem import Problem
from chainrule.problem.layers import part_of
from chainrule.problem.names import is_expression, is_later, known_in
from chainrule.problem.resolve import expression
from chainrule.quantity import Element, Name, Quantity, spell

MOST_BUILT: Final = 4  # names for derivatives and updates that build on one another: each takes twice as long


def with_definition(problem: Problem, name: str, text: str) -> Problem:
    """The problem in which `name` stands for a formula of single numbers. Raises FormulaError for what is none.

    >>> from chainrule.problem import loads
    >>> problem = with_definition(loads("formulas = 'y = 2*x'\\n[given]\\nx = 3"), "s", "y*(1 - y)")
    >>> [spell(label) for label in problem.graph.outputs], spell(problem.quantity("y*(1 - y)"))
    (['y', 's'], 's')
    """
    label = problem.quantity(text)
    if not isinstance(label, Name) or not is_expression(problem, label) or label.text in problem.aliases:
        return _with_alias(problem, name, spell(label))
    tree = parse_quantity(text, known_in(problem)).tree
    if problem.examples or is_later(problem, tree):
        if _built(problem, name, text) > MOST_BUILT:
            what = f"{show(name)} builds on more than {MOST_BUILT} names for derivatives or updates, the limit."
            raise FormulaError(what)
        return _with_alias(problem, name, text)
    known = problem.graph.quantities()
    body = expression(problem, tree, lambda part: _node_of(problem, known, part), text=text)
    named = name_node(Name(name), body)
    outputs = list(problem.graph.outputs.values())
    roots = substitute(outputs, {body: named}) if body.args and not is_quantity(body) else outputs
    graph = Graph({**dict(zip(problem.graph.outputs, roots, strict=True)), Name(name): named})
    is_scalar = not any(n.shape for n in order([body]))
    written = {**problem.written, Name(name): tree} if is_scalar else problem.written
    return replace(problem, graph=graph, written=written)


def _with_alias(problem: Problem, name: str, text: str) -> Problem:
    return replace(problem, aliases={**problem.aliases, name: text})


def _built(problem: Problem, name: str, text: str) -> int:
    """How many of [names] build on one another in what a name says, itself the last."""
    heights: dict[str, int] = {}
    pending = [name]
    texts = {**problem.aliases, name: text}
    while pending:
        below = [
            part.name
            for part in walk(parse_quantity(texts[pending[-1]], known_in(problem)).tree)
            if isinstance(part, Ref) and part.name in texts
        ]
        missing = [one for one in below if one not in heights]
        pending += missing
        if not missing:
            heights[pending.pop()] = 1 + max((heights[one] for one in below), default=0)
    return heights[name]


def _node_of(problem: Problem, known: Mapping[Quantity, Node], label: Quantity) -> Node | None:
    """The node of a quantity in the graph of arrays; None for an expression, which is taken apart."""
    if label in known:
        return known[label]
    if isinstance(label, Element):
        return node(INDEX, (_array(problem, known, label.of),), tuple([at - 1 for at in label.index]))
    if isinstance(label, Name) and problem.notation is not None:
        part = part_of(problem.notation, label.text, ())
        if part is not None:
            return node(INDEX, (_array(problem, known, Name(part[0])),), tuple([at - 1 for at in part[1]]))
    return _array(problem, known, label) if label in problem.labels else None


def _array(problem: Problem, known: Mapping[Quantity, Node], label: Quantity) -> Node:
    return known.get(label) or input_node(label, type_of("real", problem.labels[label]))
