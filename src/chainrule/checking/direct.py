"""Direct derivatives and total ones: db/dw along one arrow, or along every route from w to b.

Books write both alike, and a factor of the chain rule is often the direct one; so either reading is accepted, and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from chainrule.checking.quantities import Quantities
from chainrule.dataclasses import replace
from chainrule.errors import ChainruleError
from chainrule.node import Node, is_quantity, label_of, order
from chainrule.quantity import Derivative, Quantity, spell

MOST_READ: Final = 4  # derivatives of one formula that may be read either way
AS_DIRECT: Final = "as the direct derivative; the total one goes along every route"
AS_TOTAL: Final = "as the total derivative, along every route; the direct one is along one"


def other_reading(quantities: Quantities, label: Quantity) -> tuple[Derivative, str] | None:
    """The direct derivative for the total one or the reverse, and what to say of it; None where there is no other.

    What is minimised has total derivatives only: they are what a working is after.
    """
    if not isinstance(label, Derivative) or (not label.direct and label.of == quantities.problem.minimise):
        return None
    other = replace(label, direct=not label.direct)
    return None if _is_same(quantities, label, other) else (other, AS_DIRECT if other.direct else AS_TOTAL)


def direct_factors(quantities: Quantities, formula: Node) -> Iterator[tuple[dict[Node, Node], str]]:
    """Which derivatives in a formula may be direct ones instead, and what to say of it; the fewest first."""
    found: dict[Node, tuple[Node, str]] = {}
    for at in order([formula], cut=is_quantity):
        label = label_of(at) if is_quantity(at) else None
        if isinstance(label, Derivative) and not label.direct:
            direct = replace(label, direct=True)
            if not _is_same(quantities, label, direct):
                found[at] = quantities.node(direct), spell(label)
    if len(found) > MOST_READ:
        return
    for size in range(1, len(found) + 1):
        for chosen in combinations(found, size):
            names = " and ".join([found[at][1] for at in chosen])
            yield {at: found[at][0] for at in chosen}, f"{names} read {AS_DIRECT}"


def _is_same(quantities: Quantities, one: Derivative, other: Derivative) -> bool:
    try:
        return quantities.node(one).args == quantities.node(other).args
    except ChainruleError:
        return True
