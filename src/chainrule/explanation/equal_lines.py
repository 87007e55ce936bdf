"""Whether each line of a derivation equals the one before: at random points, to many digits, by differences.

It shares no derivative rule with what it tests: d/dx(u) is the slope between two points that lie 2^-59 apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from chainrule.evaluate import apply
from chainrule.explanation.differentiation import DDX, Line
from chainrule.node import INPUT, Node, is_quantity, label_of, order, substitute
from chainrule.numbers.array import Array, items_of, of_nested, shape_of
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.system import Numbers
from chainrule.quantity import spell
from chainrule.randomness import fold, fold_text, seed_key, uniform

BITS = 500
STEP = Fraction(1, 2**60)  # the difference quotient is exact to about its square
CLOSE = Fraction(1, 2**80)


def unequal_line(lines: Sequence[Line], *, points: int = 3) -> int | None:
    """The number of the first line (from 0) that does not equal the line before, or None if all are equal."""
    numbers = exact_numbers(BITS)
    with numbers.s.context():
        for point in range(points):
            for at in range(1, len(lines)):
                given = lines[at].given
                before, after = substitute([lines[at - 1].node, lines[at].node], given) if given else (
                    lines[at - 1].node, lines[at].node,
                )  # fmt: skip
                if not _equal(value_at(before, point, numbers), value_at(after, point, numbers)):
                    return at
    return None


def _equal(a: Any, b: Any) -> bool:
    """Whether two values agree; where a huge constant has eaten all digits of a slope, nothing speaks against it."""
    if shape_of(a) != shape_of(b):
        return False
    pairs = zip(items_of(a), items_of(b), strict=True)
    return all(abs(x - y) < float(CLOSE) * (1 + abs(x)) or (x - y).contains(0) for x, y in pairs)


def value_at(root: Node, point: int, numbers: Numbers, known: dict[Node, Any] | None = None) -> Any:
    """The value of a line at a point; with `known`, some quantities have these values."""
    done: dict[Node, Any] = dict(known or {})
    for current in order([root], cut=lambda n: n in done or n.op is DDX):
        if current in done:
            continue
        if current.op is INPUT:
            done[current] = _input(current, point, numbers)
        elif current.op is DDX:
            done[current] = _slope(current, point, numbers, done)
        else:
            done[current] = apply(current, [done[a] for a in current.args], numbers)
    return done[root]


def _slope(derivative: Node, point: int, numbers: Numbers, known: dict[Node, Any]) -> Any:
    """d/dx(u), all other quantities that u mentions held fixed."""
    u, x = derivative.args
    mentioned = [n for n in order([u], cut=is_quantity) if is_quantity(n)]
    fixed = {n: value_at(n, point, numbers, {k: v for k, v in known.items() if k.op is INPUT}) for n in (*mentioned, x)}
    step = numbers.s.of(STEP)
    slopes = []
    for place in range(len(items_of(fixed[x]))):
        high = value_at(u, point, numbers, {**fixed, x: _moved(fixed[x], place, step)})
        low = value_at(u, point, numbers, {**fixed, x: _moved(fixed[x], place, -step)})
        slopes.append((high - low) / (2 * step))
    return Array(shape_of(fixed[x]), slopes) if shape_of(fixed[x]) else slopes[0]


def _moved(value: Any, place: int, by: Any) -> Any:
    items = list(items_of(value))
    items[place] = items[place] + by
    return Array(shape_of(value), items) if shape_of(value) else items[0]


def _input(given: Node, point: int, numbers: Numbers) -> Any:
    """A value between 0.2 and 1.4 that hangs on the name and the point only."""
    key = fold(fold_text(seed_key(0), spell(label_of(given))), point)
    size = 1
    for dim in given.shape:
        size *= int(dim)
    values = [numbers.s.of(Fraction(1, 5) + Fraction(6, 5) * Fraction(uniform(key, (k, 0)))) for k in range(size)]
    return numbers.reshape(of_nested(values), given.shape) if given.shape else values[0]
