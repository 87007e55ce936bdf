"""All mixtures of many antecedents at once: a box of intervals, and a tight enclosure of what a formula comes to on it.

Interval arithmetic forgets that s and 1 - s are not free of each other. The mean-value form does not:
f(box) lies in f(m) + sum of df/dx_i(box) * (x_i - m_i), and for figures rounded to many digits that is nearly exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chainrule.evaluate import apply
from chainrule.graph import Graph
from chainrule.node import NAME, Node, input_node, label_of, name_node, node, order, rebuild
from chainrule.numbers.interval import Interval, interval, interval_numbers, point
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse

BITS: Final = 200
ROUTE: Final = Name("route")
JUMPING: Final = {"step", "sign", "where", "greater", "less", "greater_equal", "less_equal", "equal", "not_equal"}


def enclosure(route: Node, nodes: Sequence[Node], box: Mapping[Node, Interval], known: Mapping[Node, Any]) -> Interval:
    """What a formula may come to, each antecedent being anywhere in its interval.

    `nodes` are those of the route, arguments before users; `box` holds its antecedents, `known` the values of what does
    not depend on them. The mean-value form (Moore 1966) is met with plain interval arithmetic.
    """
    plain = _evaluated(nodes, {**known, **box})[route]
    if not isinstance(plain, Interval):
        return interval(None, None)
    if any(n.op.name in JUMPING for n in nodes) or not all(one.is_finite() for one in box.values()):
        return plain
    return _common(plain, _mean_value(route, box, known))


def _mean_value(route: Node, box: Mapping[Node, Interval], known: Mapping[Node, Any]) -> Interval:
    free = {at: input_node(Name(f"antecedent {number}")) for number, at in enumerate(box)}
    fixed = {at: input_node(Name(f"fixed {number}")) for number, at in enumerate(known)}
    # Names inside would be definitions of their own; here only the antecedents count.
    put_in = {**free, **fixed}
    body = rebuild([route], _without_name, known=put_in)[route]
    inside = set(order([body]))
    labels = [label_of(one) for one in free.values() if one in inside]
    backward = reverse(Graph({ROUTE: name_node(ROUTE, body)}), ROUTE, labels)
    numbers = interval_numbers(BITS)
    values: dict[Node, Any] = {fixed[at]: value for at, value in known.items()}
    with numbers.s.context():
        middles = {at: point(one.middle or 0) for at, one in box.items()}  # a box is bounded
        at_middle = _evaluated(order([body]), {**values, **{free[at]: one for at, one in middles.items()}})
        slopes = {label: backward.outputs[Derivative(ROUTE, label)] for label in labels}
        over = _evaluated(order(slopes.values()), {**values, **{free[at]: one for at, one in box.items()}})
        total: Interval = at_middle[body]
        for at, one in box.items():
            label = label_of(free[at])
            if label in slopes:  # the slope of relu is the hull of both sides where its kink lies in the box
                total = numbers.s.add(total, numbers.s.mul(over[slopes[label]], numbers.s.sub(one, middles[at])))
    return total


def _without_name(old: Node, args: tuple[Node, ...]) -> Node:
    return args[0] if old.op is NAME else node(old.op, args, old.attribute)


def _evaluated(nodes: Sequence[Node], known: Mapping[Node, Any]) -> dict[Node, Any]:
    numbers = interval_numbers(BITS)
    done: dict[Node, Any] = dict(known)
    with numbers.s.context():
        for current in nodes:
            if current not in done:
                done[current] = apply(current, [done[a] for a in current.args], numbers)
    return done


def _common(one: Interval, other: Interval) -> Interval:
    """What two enclosures of the same values have in common."""
    if not other.is_finite():
        return one
    lo = other.lo if one.lo is None else max(one.lo, other.lo)
    hi = other.hi if one.hi is None else min(one.hi, other.hi)
    return Interval(lo, hi)
