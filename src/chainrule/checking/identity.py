"""Whether two formulas are the same for all values of their names, near enough to the problem that no kink is crossed.

Both are evaluated with rigorous enclosures at random points: apart at one of them, they are different for certain; the
same to hundreds of bits at all of them, they are the same function but for an accident of probability nil.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any, Final

from chainrule.checking.paper import Paper
from chainrule.evaluate import apply
from chainrule.node import INPUT, NAME, Node, is_quantity, label_of, node, order
from chainrule.numbers.interval import Interval, interval_numbers
from chainrule.ops.arithmetic import SUB
from chainrule.quantity import Example, Quantity, spell

BITS: Final = 300
POINTS: Final = 3
REACH: Final = (Fraction(1, 16), Fraction(1, 1024), Fraction(1, 10**9))  # how far from the problem the points lie


def identical(paper: Paper, formula: Node, own: Node) -> bool:
    """Whether a formula is a quantity's own for all values of the formula's names around those of the problem.

    Givens that it does not name may stay as they are in the problem: `w0 + w1*x1` is `w0*x0 + w1*x1` where x0 is 1.
    Givens that add up to 1, as the targets of a cross entropy do, may also be taken to do so always.
    """
    if formula is own or (own.op is NAME and formula is own.args[0]):
        return True
    difference = node(SUB, (formula, own))
    nodes = order([difference])
    inputs = [label_of(n) for n in order([formula]) if n.op is INPUT]
    home = {label: paper.given(label) for label in (label_of(n) for n in nodes if n.op is INPUT)}
    if _agree(paper, nodes, home, [[label] for label in inputs]):
        return True
    given = set(paper.quantities.problem.given)
    written = {label_of(n) for n in order([formula], cut=is_quantity) if is_quantity(n)}
    free = [label for label in inputs if label not in given or label in written]
    shares = [group for group in _shares(paper, home) if any(label in inputs for label in group)]
    single = [[label] for label in free if not any(label in group for group in shares)]
    return _agree(paper, nodes, home, [[label] for label in free]) or (
        bool(shares) and _agree(paper, nodes, home, [*single, *shares])
    )


def _agree(
    paper: Paper, nodes: list[Node], home: Mapping[Quantity, Fraction], groups: Sequence[Sequence[Quantity]]
) -> bool:
    """Whether a difference is zero at random points; the sum of a group of inputs is kept."""
    difference = nodes[-1]
    at_home = _signs(nodes, _values(nodes, home))
    random, tried = Random(1), 0
    for reach in REACH:
        for _ in range(POINTS):
            values = _values(nodes, _moved(home, groups, reach, random))
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


def _shares(paper: Paper, home: Mapping[Quantity, Fraction]) -> list[list[Quantity]]:
    """The groups of givens called t_1, t_2, ... that add up to 1."""
    groups: dict[tuple[str, int], list[Quantity]] = {}
    for label in paper.quantities.problem.given:
        example = label.number if isinstance(label, Example) else 0
        name = spell(label.of if isinstance(label, Example) else label)
        groups.setdefault((re.sub(r"[0-9]+\]?$", "", name), example), []).append(label)
    return [group for group in groups.values() if len(group) > 1 and sum(map(paper.given, group)) == 1]


def _moved(
    home: Mapping[Quantity, Fraction], groups: Sequence[Sequence[Quantity]], reach: Fraction, random: Random
) -> dict[Quantity, Fraction]:
    """A random point near home; the members of a group move against each other."""
    moved = dict(home)
    for group in groups:
        steps = [_step(home.get(label, Fraction(0)), reach, random) for label in group]
        if len(group) > 1:
            steps[-1] = -sum(steps[:-1], Fraction(0))
        moved.update({label: home[label] + step for label, step in zip(group, steps, strict=True) if label in home})
    return moved


def _step(value: Fraction, reach: Fraction, random: Random) -> Fraction:
    return Fraction(random.randrange(-1000, 1000) * 2 + 1, 2001) * reach * max(abs(value), Fraction(1, 8))


def _same_at_home(paper: Paper, difference: Node) -> bool:
    """The last resort, on a kink itself: the same value in the problem."""
    found = paper.exact(difference)
    return found is not None and found.lo is not None and found.hi is not None and found.lo <= 0 <= found.hi


def _values(nodes: list[Node], inputs: Mapping[Quantity, Fraction]) -> dict[Node, Any]:
    numbers = interval_numbers(BITS)
    done: dict[Node, Any] = {}
    with numbers.s.context():
        for current in nodes:
            if current.op is INPUT:
                done[current] = numbers.s.of(inputs[label_of(current)])
            else:
                done[current] = apply(current, [done[a] for a in current.args], numbers)
    return done


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
