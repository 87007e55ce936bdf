"""The formulas people work a quantity out by: its definition, and the ways to cut a chain of derivatives in two.

The graph has one formula for dE/dw. A person may have printed dE/dout and dout/dw, or the parts that belong to E1 and
E2, and then works with those.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce

from chainrule.checking.quantities import Quantities
from chainrule.errors import ChainruleError
from chainrule.node import NAME, Node, is_quantity, label_of, node
from chainrule.ops.arithmetic import ADD, MUL, NEG
from chainrule.quantity import Change, Derivative, Quantity, Updated


def routes_of(quantities: Quantities, label: Quantity, printed: Collection[Quantity]) -> list[Node]:
    """The formulas of a quantity, its own definition first; of the chain rule those whose factors are `printed`."""
    own = quantities.node(label)
    routes = [own.args[0] if own.op is NAME else own]
    if routes[0].op is NEG and is_quantity(routes[0].args[0]):  # a delta that is minus a derivative
        inner = routes_of(quantities, label_of(routes[0].args[0]), printed)
        return [*routes, *(node(NEG, (route,)) for route in inner)]
    times, bare = (label.times, label.of) if isinstance(label, Updated) else (0, label)
    if times and Change(bare) in printed and times == 1:
        routes.append(node(ADD, (quantities.node(bare), quantities.node(Change(bare)))))
    if isinstance(bare, Derivative) and not bare.direct:
        known = {one.of if times and isinstance(one, Updated) and one.times == times else one for one in printed}
        found = [route for route in _cut_in_two(quantities, bare, known) if route is not None]
        routes += [quantities.after(route, times) for route in found]
    return list(dict.fromkeys(routes))


def _cut_in_two(quantities: Quantities, label: Derivative, printed: Collection[Quantity]) -> list[Node | None]:
    of, by = label.of, label.by
    if isinstance(of, Derivative) or of == by:
        return []
    uses = quantities.uses
    if of not in uses:
        return []
    below = _below(uses, of)
    users = [one for one in below if by in uses.get(one, ()) and one != of]
    sums = [
        [(Derivative(of, one), Derivative(one, by)) for one in (*users, *([of] if by in uses[of] else []))],
        [(Derivative(of, one), Derivative(one, by)) for one in uses[of] if one == by or by in _below(uses, one)],
    ]
    middle = [one for one in below if one not in (of, by) and by in _below(uses, one)]
    ends = [one for one in middle if Derivative(of, one) in printed or Derivative(one, by) in printed]
    sums += [[(Derivative(of, one), Derivative(one, by))] for one in ends if not _around(uses, of, by, one)]
    tried = [terms for terms in sums if any(part in printed for term in terms for part in term)]
    return [_sum(quantities, terms, upper=terms is sums[1]) for terms in tried]


def _sum(quantities: Quantities, terms: list[tuple[Derivative, Derivative]], *, upper: bool) -> Node | None:
    """A sum of products of derivatives; the direct factor is the one next to the end at which the cut was made."""
    products = []
    for first, second in terms:
        if len(terms) > 1 or first.of == first.by or second.of == second.by:
            first, second = (_direct(quantities, first), second) if upper else (first, _direct(quantities, second))
        factors = [_factor(quantities, one) for one in (first, second) if one.of != one.by]
        if any(one is None for one in factors):
            return None
        if factors:
            products.append(reduce(lambda a, b: node(MUL, (a, b)), [one for one in factors if one is not None]))
    return reduce(lambda a, b: node(ADD, (a, b)), products) if products else None


def _direct(quantities: Quantities, label: Derivative) -> Derivative:
    """The derivative with the other arguments fixed, where there is another way from the one to the other."""
    uses = quantities.uses
    others = [one for one in uses.get(label.of, ()) if one != label.by and label.by in _below(uses, one)]
    return Derivative(label.of, label.by, direct=True) if others else label


def _factor(quantities: Quantities, label: Derivative) -> Node | None:
    try:
        return quantities.node(label)
    except ChainruleError:
        return None


def _below(uses: dict[Quantity, list[Quantity]], of: Quantity) -> dict[Quantity, None]:
    """What a quantity is made of, itself first."""
    found: dict[Quantity, None] = {of: None}
    stack = [of]
    while stack:
        for one in uses.get(stack.pop(), ()):
            if one not in found:
                found[one] = None
                stack.append(one)
    return found


def _around(uses: dict[Quantity, list[Quantity]], of: Quantity, by: Quantity, middle: Quantity) -> bool:
    """Whether `of` depends on `by` also by a way that does not go through `middle`."""
    return by in _below({one: args for one, args in uses.items() if one != middle}, of)
