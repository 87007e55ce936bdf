"""Quotients of float32 vectors by an estimate of the inverse and Newton's step, where the denominator allows it.

The divider of a processor takes 10 to 20 cycles for one vector, and Adam needs it twice for each: left with the square
root alone, it is no more than busy (1.05 times the examples a second at 784-128-10, 1.1 times at 64-64-10).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from chainrule.node import CONST, Node
from chainrule.targets.llvm.emit import Emitter, Value

ATTRIBUTES: Final = '"reciprocal-estimates"="vec-divf"'  # of functions; for single numbers it is no gain
_LEAST: Final = Fraction(1, 10**30)


def estimated(e: Emitter, x: Node, denominator: Value) -> bool:
    """Whether a node is a quotient of vectors that is worked out by an estimate: by sqrt(...) + epsilon.

    That is neither zero nor so large that its inverse is.
    """
    if x.op.name != "div" or denominator.lanes == 1 or e.real.size == 8:
        return False
    (_, y) = x.args
    if y.op.name != "add" or {a.op.name for a in y.args} != {"sqrt", "const"}:
        return False
    (number,) = [a.attribute for a in y.args if a.op is CONST]
    return bool(_LEAST <= number <= 1)


def quotient(e: Emitter, x: Value, y: Value) -> Value:
    """x / y within two units in the last place; 0 for an endless y."""
    most = e.constant(1e37)
    return e.write("fdiv arcp ninf contract", x, e.select(e.write("fcmp olt", most, y, kind="condition"), most, y))
