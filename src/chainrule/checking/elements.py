"""Arrays in a working: what their elements are called, and which part of a printed list belongs to each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Final, TypeAlias

from chainrule.errors import FormulaError
from chainrule.formula.syntax import Group, ListExpr, Tree
from chainrule.problem import Problem
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Quantity, Updated
from chainrule.transforms.units import element_label

MOST_ELEMENTS: Final = 10_000  # of an array that one claim is about

Position: TypeAlias = tuple[int, ...]


def shape_of(problem: Problem, label: Quantity) -> Position:
    """The shape of a named quantity, a derivative, or what an update makes of one; a single number has ()."""
    match label:
        case Updated(of) | Change(of) | Memory(of):
            return shape_of(problem, of)
        case Derivative(of, by):
            return shape_of(problem, of) + shape_of(problem, by)
        case Element():
            return ()
        case Example(of):
            return shape_of(problem, of)
    return tuple([int(size) for size in problem.labels.get(label, ())])


def elements_of(problem: Problem, label: Quantity) -> Mapping[Position, Quantity]:
    """The single numbers that a quantity consists of, by index from 1. Raises FormulaError for too many.

    >>> from chainrule.problem import loads
    >>> problem = loads("formulas = 'y = sum(W)'\\n[given]\\nW = [[1, 2]]")
    >>> from chainrule.quantity import Name, spell
    >>> [spell(one) for one in elements_of(problem, Name("W")).values()]
    ['W[1,1]', 'W[1,2]']
    """
    size = prod(shape_of(problem, label))
    if size > MOST_ELEMENTS:
        raise FormulaError(f"found an array of {size:,} numbers, and at most {MOST_ELEMENTS:,} are checked at once.")
    match label:
        case Updated(of, times):
            return {at: Updated(one, times) for at, one in elements_of(problem, of).items()}
        case Change(of):
            return {at: Change(one) for at, one in elements_of(problem, of).items()}
        case Memory(of, name):
            return {at: Memory(one, name) for at, one in elements_of(problem, of).items()}
        case Derivative(of, by, direct):
            tops, bottoms = elements_of(problem, of), elements_of(problem, by)
            return {i + k: Derivative(top, one, direct) for i, top in tops.items() for k, one in bottoms.items()}
    ranges = [range(1, length + 1) for length in shape_of(problem, label)]
    return {at: element_label(label, at, problem.element) for at in product(*ranges)}


def listed(tree: Tree, depth: int) -> dict[Position, Tree] | None:
    """The elements of a list literal nested so deep, by index from 1; None for what is not such a list.

    A list of one, `[0.5]`, looks like brackets round a number.
    """
    if not depth:
        return {(): tree}
    match tree:
        case ListExpr(items=items):
            pass
        case Group(inner=inner, bracket="["):
            items = (inner,)
        case _:
            return None
    result: dict[Position, Tree] = {}
    for number, item in enumerate(items, 1):
        below = listed(item, depth - 1)
        if below is None:
            return None
        result.update({(number, *at): one for at, one in below.items()})
    return result
