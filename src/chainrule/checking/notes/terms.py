"""Pairs the numbers of one side with the parts of the side before: 0.44*0.56 with 0.44*(1 - 0.44).

Where two sides are built alike, each number has one part it stands for, and a slip has a place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from chainrule.checking.figures import read_figure, region
from chainrule.checking.notes.memory import Memory
from chainrule.checking.notes.values import value_of
from chainrule.dataclasses import replace
from chainrule.formula.syntax import Binary, Call, Tree, Unary, ungroup
from chainrule.numbers.interval import Interval

DEEPEST: Final = 20
MOST_PARTS: Final = 30  # of one sum or product

Pair = tuple[Tree, Tree]  # what was meant, and what stands there
_Part = tuple[int, Tree]  # its sign, or its exponent in a product


def mismatched(before: Tree, after: Tree, memory: Memory, *, depth: int = 0) -> list[Pair] | None:
    """The parts of `before` with what stands for them in `after` and is not so; None if the two are built otherwise.

    >>> from chainrule.formula import parse_expression
    >>> one, other = parse_expression("0.4*(1 - 0.4) + 2").tree, parse_expression("0.4*0.5 + 2").tree
    >>> mismatched(one, other, Memory())
    [(<Binary 5:12>, <Number 4:7>)]
    """
    before, after = ungroup(before), ungroup(after)
    exact, claimed = _exact(before, memory), _exact(after, memory)
    if exact is None or claimed is None or depth > DEEPEST:
        return None
    if _is_equal(exact, claimed):
        return []
    figure = read_figure(after)
    if figure is not None:
        low, high = exact.bounds
        if low is not None and high is not None and region(figure).meets(low, high):
            return []
        low, high = _bounds(before, memory)
        if low is None or high is None or region(figure).meets(low, high):
            return []
        return [(before, after)]
    for one, other in ((_terms(before), _terms(after)), (_factors(before), _factors(after))):
        if len(one) == len(other) and 1 < len(one) <= MOST_PARTS:
            return _paired(one, other, memory, depth)
    inner = _inside(before, after, memory)
    return mismatched(*inner, memory, depth=depth + 1) if inner is not None else None


def _inside(before: Tree, after: Tree, memory: Memory) -> tuple[Tree, Tree] | None:
    """What two calls of one function or two powers with one exponent are taken of."""
    match before, after:
        case Call(args=(one,)), Call(args=(other,)) if before.function == after.function:
            return one, other
        case Binary(op="^"), Binary(op="^") if _is_same(before.right, after.right, memory):
            return before.left, after.left
    return None


def _paired(one: Sequence[_Part], other: Sequence[_Part], memory: Memory, depth: int) -> list[Pair] | None:
    """Each part of `other` with one of `one`: in order first, else the first that fits."""
    free = list(range(len(one)))
    left: list[int] = []
    for at, part in enumerate(other):
        if at in free and _fits(one[at], part, memory, depth):
            free.remove(at)
        else:
            left.append(at)
    for at in list(left):
        found = next((i for i in free if _fits(one[i], other[at], memory, depth)), None)
        if found is not None:
            free.remove(found)
            left.remove(at)
    if not left:
        return []
    if len(left) > 1:
        return None
    sign, tree = other[left[0]]
    inner = mismatched(one[free[0]][1], tree, memory, depth=depth + 1) if one[free[0]][0] == sign else None
    return inner or [(one[free[0]][1], tree)]


def _fits(one: _Part, other: _Part, memory: Memory, depth: int) -> bool:
    if one[0] != other[0]:
        # One level deeper at most: the sign may sit on each of the factors.
        inner = max(depth + 1, DEEPEST - 1)
        return abs(one[0]) == abs(other[0]) == 1 and any(
            mismatched(negated, other[1], memory, depth=inner) == [] for negated in _negated(one[1])
        )
    return mismatched(one[1], other[1], memory, depth=depth + 1) == []


def _negated(tree: Tree) -> Iterator[Tree]:
    """The tree with the other sign before the whole or before one of its last factors: 0.1*ln(0.2) is -0.1*1.609."""
    yield Unary("-", tree, tree.span)
    inner = ungroup(tree)
    if isinstance(inner, Binary) and inner.op in "*/":
        yield replace(inner, left=Unary("-", inner.left, inner.left.span))
        yield replace(inner, right=Unary("-", inner.right, inner.right.span))


def _terms(tree: Tree) -> list[_Part]:
    return _flat(tree, "+-", -1)


def _factors(tree: Tree) -> list[_Part]:
    """Factors with exponent 1 or, below the bar, 2: a divisor is never a factor with another sign."""
    return _flat(tree, "*/", 2)


def _flat(tree: Tree, signs: str, other: int) -> list[_Part]:
    """The parts of a sum or product, from left to right, each marked 1, or `other` after the second sign."""
    found: list[_Part] = []
    stack = [(1, tree)]
    while stack:
        mark, node = stack.pop()
        inner = ungroup(node)
        if isinstance(inner, Binary) and inner.op in signs:
            stack.append((mark if inner.op == signs[0] else 1 + other - mark, inner.right))
            stack.append((mark, inner.left))
        else:
            found.append((mark, inner))
    return found


def _exact(tree: Tree, memory: Memory) -> Interval | None:
    found = memory.exact(tree)
    return found if isinstance(found, Interval) else None


def _bounds(tree: Tree, memory: Memory) -> tuple[Fraction | None, Fraction | None]:
    found = value_of(tree, memory.behind_number)
    return found.bounds if isinstance(found, Interval) else (None, None)


def _is_equal(one: Interval, other: Interval) -> bool:
    return one.is_finite() and other.is_finite() and bool(one.lo <= other.hi and other.lo <= one.hi)


def _is_same(one: Tree, other: Tree, memory: Memory) -> bool:
    a, b = _exact(one, memory), _exact(other, memory)
    return a is not None and b is not None and _is_equal(a, b)
