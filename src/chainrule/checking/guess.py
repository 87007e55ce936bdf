"""A link of numbers whose shape is that of no formula we know: which quantities would make it right?

`0.17072 - 1` is p - t of softmax with cross entropy, though the definition looks nothing like it. Each number is tried
as the quantities that have its value, and the formula that results must be the quantity's own identically.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

from chainrule.checking.alignment import Alignment, Judge, Pair
from chainrule.checking.figures import Figure, minus
from chainrule.checking.forms import Form, leaves
from chainrule.checking.identity import identical
from chainrule.checking.paper import Paper
from chainrule.errors import ChainruleError
from chainrule.node import NAME, Node, is_quantity, node, order, substitute
from chainrule.ops.arithmetic import NEG

MOST_NUMBERS: Final = 12
MOST_NAMES: Final = 4  # quantities tried for one number
MOST_FORMULAS: Final = 48


def guessed(paper: Paper, link: Form, own: Node, judge: Judge) -> Alignment | None:
    """The alignment of a link of numbers with quantities that make it right; None if there is none."""
    figures = {leaf.node: leaf for leaf in leaves(link) if leaf.figure is not None}
    if not 0 < len(figures) <= MOST_NUMBERS:
        return None
    candidates = [list(_candidates(paper, leaf, own, judge)) for leaf in figures.values()]
    for chosen in islice(product(*candidates), MOST_FORMULAS):
        known = {at: name for at, name in zip(figures, chosen, strict=True) if at is not name}
        if not known:
            continue
        formula = substitute([link.node], known)[0]
        if identical(paper, formula, own):
            pairs = [Pair(leaf, Form("leaf", known.get(at, at)), fits=True) for at, leaf in figures.items()]
            return Alignment(pairs=tuple(pairs))
    return None


def _candidates(paper: Paper, leaf: Form, own: Node, judge: Judge) -> Iterator[Node]:
    """The quantities a number may stand for, nearest first, and the number itself."""
    assert leaf.figure is not None
    if leaf.figure.whole:
        yield leaf.node
    yield from islice(_standing_for(paper, leaf.figure, own, judge), MOST_NAMES)
    if not leaf.figure.whole:
        yield leaf.node


def _standing_for(paper: Paper, figure: Figure, own: Node, judge: Judge) -> Iterator[Node]:
    for at in _around(paper, own):
        if judge(figure, at):
            yield at
        elif judge(minus(figure), at):
            yield node(NEG, (at,))


def _around(paper: Paper, own: Node) -> Iterator[Node]:
    """Single quantities: what has been printed, last first, then what the quantity is made of."""
    seen: set[Node] = {own}
    for label in reversed(paper.printed):
        try:
            at = paper.quantities.node(label)
        except ChainruleError:
            continue
        if at not in seen and not _needs(at, own):
            seen.add(at)
            yield at
    for at in reversed(order([own])):
        if is_quantity(at) and at not in seen:
            seen.add(at)
            yield at


def _needs(at: Node, own: Node) -> bool:
    return at.op is NAME and any(n is own for n in order([at]))
