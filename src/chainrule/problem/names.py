"""Which names a problem knows, and what labels that stand for expressions say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from chainrule.formula import parse_quantity
from chainrule.formula.syntax import (
    AtUpdate,
    Call,
    DerivativeRef,
    ExampleRef,
    FunctionPrime,
    Prime,
    Ref,
    Tree,
    children,
    walk,
)
from chainrule.optimizers import counter_label, find_optimizer, part_names
from chainrule.problem.layers import part_of
from chainrule.quantity import Example, Name, Quantity

if TYPE_CHECKING:
    from chainrule.problem.problem import Problem


def known_in(problem: Problem) -> Callable[[str], bool]:
    """A test for the names of quantities: defined, given, in [names], a unit of the network, or of the update rule."""
    own = _own_names(problem)
    return lambda name: own(name) or memory_of(problem, name) is not None


def _own_names(problem: Problem) -> Callable[[str], bool]:
    labels, names = problem.labels, problem.notation

    def known(name: str) -> bool:
        if Name(name) in labels or name in problem.aliases:
            return True
        return names is not None and (names.read(name) is not None or part_of(names, name, ()) is not None)

    return known


def is_taken(problem: Problem) -> Callable[[Quantity], bool]:
    """A test for labels that something in the problem has, so that the update rule cannot call anything so."""
    own = _own_names(problem)
    return lambda label: label in problem.symbols or (isinstance(label, Name) and own(label.text))


def memory_of(problem: Problem, name: str) -> tuple[str, str] | None:
    """What the update rule keeps or works out, taken apart: m_w1 is m and w1. None for any other name.

    The number of the update is nothing and itself: n is the empty text and n.
    """
    training = problem.training
    if problem.minimise is None or training.rate is None:
        return None
    optimizer = find_optimizer(training.optimizer, training.options)
    if optimizer.counts and Name(name) == counter_label(is_taken(problem)):
        return "", name
    part, _, rest = name.partition("_")
    parts = ("norm", "scale") if Name(rest) == problem.minimise else part_names(optimizer)
    return (part, rest) if part in parts and rest and _own_names(problem)(rest) else None


def is_expression(problem: Problem, label: Quantity) -> bool:
    """Whether a label stands for an expression, one of [names] among them, which no graph has by itself."""
    name = label.of if isinstance(label, Example) else label
    if not isinstance(name, Name):
        return False
    # A delta is a label of its own only where it is minus a derivative.
    return name.text in problem.aliases or _is_delta(problem, name.text) or not known_in(problem)(name.text)


def text_of(problem: Problem, label: Name | Example) -> str:
    """What such a label says, without the number of its example."""
    name = label.of if isinstance(label, Example) else label
    assert isinstance(name, Name)
    return problem.aliases.get(name.text, name.text)


_LATER: Final = (DerivativeRef, Prime, AtUpdate, FunctionPrime)


def differs(problem: Problem, label: Quantity, *, error: bool = False) -> bool:
    """Whether a name, an element or an expression differs from example to example.

    In an expression, what is minimised counts as one number for all examples, unless `error` asks for that of each.
    """
    pending, seen = [label], set[Quantity]()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        if not isinstance(current, Name) or not is_expression(problem, current):
            if problem.varies(current):
                return True
            continue
        tree = parse_quantity(text_of(problem, current), known_in(problem)).tree
        pending += [Name(name) for name in open_names(tree) if error or Name(name) != problem.minimise]
    return False


def open_names(tree: Tree) -> Iterator[str]:
    """The names in an expression that do not say for which example."""
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, Ref):
            yield part.name
        elif not isinstance(part, ExampleRef):
            stack.extend(children(part))


def is_later(problem: Problem, tree: Tree) -> bool:
    """Whether an expression needs more than a forward pass: a derivative, an update or a change.

    It may do so through one of [names], or a delta of the notation.
    """
    pending, seen = [tree], set[str]()
    while pending:
        for part in walk(pending.pop()):
            if isinstance(part, _LATER) or (isinstance(part, Call) and part.function in ("delta", "change")):
                return True
            if not isinstance(part, Ref):
                continue
            if _is_delta(problem, part.name):
                return True
            if part.name in problem.aliases and part.name not in seen:
                seen.add(part.name)
                pending.append(parse_quantity(problem.aliases[part.name], known_in(problem)).tree)
    return False


def _is_delta(problem: Problem, name: str) -> bool:
    """Whether the notation calls the derivative by a net input so, and nothing in the file has that name."""
    if problem.notation is None or Name(name) in problem.labels or name in problem.aliases:
        return False
    symbol = problem.notation.read(name)
    return symbol is not None and symbol.role == "delta"
