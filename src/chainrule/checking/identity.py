"""Whether two formulas are the same for all values of their names, near enough to the problem that no kink is crossed.

Both are evaluated with rigorous enclosures at random points: apart at one of them, they are different for certain; the
same to hundreds of bits at all of them, they are the same function but for an accident of probability nil.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any, Final

from chainrule.checking.paper import Paper
from chainrule.evaluate import apply
from chainrule.node import INPUT, Node, label_of, node, order
from chainrule.numbers.interval import Interval, interval_numbers
from chainrule.ops.arithmetic import SUB
from chainrule.quantity import Quantity

BITS: Final = 300
POINTS: Final = 3
REACH: Final = (Fraction(1, 16), Fraction(1, 1024), Fraction(1, 10**9))  # how far from the problem the points lie


def identical(paper: Paper, one: Node, other: Node) -> bool:
    """Whether two formulas agree for all values of the inputs around those of the problem."""
    if one is other:
        return True
    difference = node(SUB, (one, other))
    nodes = order([difference])
    at_home = _signs(nodes, _values(paper, nodes, None, Random(0)))
    random = Random(1)
    tried = 0
    for reach in REACH:
        for _ in range(POINTS):
            values = _values(paper, nodes, reach, random)
            if _signs(nodes, values) != at_home:
                continue  # a kink was crossed on the way here
            found = values[difference]
            if not isinstance(found, Interval) or found.lo is None or found.hi is None:
                continue
            if found.lo > 0 or found.hi < 0:
                return False
            tried += 1
        if tried >= POINTS:
            return True
    return _same_at_home(paper, difference)


def _same_at_home(paper: Paper, difference: Node) -> bool:
    """The last resort, on a kink itself: the same value in the problem."""
    found = paper.exact(difference)
    return found is not None and found.lo is not None and found.hi is not None and found.lo <= 0 <= found.hi


def _values(paper: Paper, nodes: list[Node], reach: Fraction | None, random: Random) -> dict[Node, Any]:
    numbers = interval_numbers(BITS)
    done: dict[Node, Any] = {}
    with numbers.s.context():
        inputs = paper.quantities.inputs(numbers)
        for current in nodes:
            if current.op is INPUT:
                done[current] = numbers.s.of(_near(inputs.get(label_of(current)), label_of(current), reach, random))
            else:
                done[current] = apply(current, [done[a] for a in current.args], numbers)
    return done


def _near(value: Interval | None, label: Quantity, reach: Fraction | None, random: Random) -> Fraction:
    """A random number near the value of an input; a symbol has any value, the same one where there is no reach."""
    if value is None:
        return Fraction(Random(repr(label)).randrange(500, 2000) + (0 if reach is None else random.randrange(9)), 1009)
    exact = value.bounds[0] or Fraction(0)
    if reach is None:
        return exact
    step = Fraction(random.randrange(-1000, 1000) * 2 + 1, 2001) * reach
    return exact + step * max(abs(exact), Fraction(1, 8))


def _signs(nodes: list[Node], values: dict[Node, Any]) -> list[Any]:
    """On which side of its kink each node with one lies."""
    found = []
    for current in nodes:
        if current.op.switch is None:
            continue
        x = [values[a] for a in current.args]
        low = x[0] if len(x) < 2 else None
        found.append(_side(low) if low is not None else _order(x[0], x[1]))
    return found


def _side(x: Any) -> Any:
    if not isinstance(x, Interval) or x.lo is None or x.hi is None:
        return None
    return 1 if x.lo > 0 else -1 if x.hi < 0 else 0


def _order(x: Any, y: Any) -> Any:
    if not isinstance(x, Interval) or not isinstance(y, Interval) or None in (x.lo, x.hi, y.lo, y.hi):
        return None
    return 1 if x.lo > y.hi else -1 if x.hi < y.lo else 0
