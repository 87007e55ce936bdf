"""Sigmoids that are ready sooner, for `precise=False`: within 2e-7, in absolute terms and in float32.

Where a machine picks polynomials out of its registers (`targets.llvm.tables`), one with a term less: 1.04 times the
updates a second at 2-2-1, 2-2-2 and 8-3-8. Elsewhere a quotient of two polynomials, so that nothing waits for a power
of e: between z and the result are 7 ops that wait for one another, where the power takes 10: 1.26 times the updates at
2-2-1 and 2-2-2, 1.25 times at 8-3-8.

What is small has few correct digits then, 1e-4 of sigmoid(-8). So what goes into a logarithm, a root, a power or a
denominator keeps the precise one, and so does tanh, near whose ends the quotient is 3e-7 off.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from chainrule.node import Node, Op, const, node, order, rebuild
from chainrule.ops.arithmetic import ADD, DIV, MUL
from chainrule.ops.choices import ABS, GREATER, WHERE
from chainrule.ops.functions import SIGMOID
from chainrule.ops.types import elementwise

# tanh(y) = y P(y^2)/Q(y^2) for |y| <= 7.9, from the constant term up: the fit of the linear algebra library Eigen.
_ABOVE: Final = (
    4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08, -8.60467152213735e-11,
    2.00018790482477e-13, -2.76076847742355e-16,
)  # fmt: skip
_BELOW: Final = (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
_END: Final = Fraction(79, 5)  # from here on sigmoid(z) is 1 within 2e-7
SHORT: Final = Op(
    name="short sigmoid", arity=1, typing=elementwise, value=lambda s, x: s.sigmoid(x), vjp=None, elementwise=True
)  # with a term less
_DELICATE: Final = frozenset({"log", "log10", "sqrt", "power"})


def shortened(roots: Sequence[Node], *, looked_up: bool = False) -> list[Node]:
    """The roots with short sigmoids wherever no more than their absolute error counts.

    They are quotients, unless the machine looks them up in registers.
    """
    delicate = _delicate(roots)

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is SIGMOID and old not in delicate:
            return node(SHORT, args) if looked_up else short_sigmoid(args[0])
        return node(old.op, args, old.attribute)

    done = rebuild(roots, make)
    return [done[root] for root in roots]


def _delicate(roots: Sequence[Node]) -> set[Node]:
    """All that goes into a function whose result hangs on the relative error of its argument."""
    entries: list[Node] = []
    for x in order(roots):
        if x.op.name in _DELICATE and not _is_square(x):
            entries += x.args
        elif x.op is DIV:
            entries.append(x.args[1])
    return set(order(entries))


def _is_square(x: Node) -> bool:
    """Whether it is a power with a whole, positive exponent, which is as good as its base."""
    if x.op.name != "power" or x.args[1].op.name != "const":
        return False
    exponent: Fraction = Fraction(x.args[1].attribute)
    return exponent > 0 and exponent.denominator == 1


def short_sigmoid(z: Node) -> Node:
    """1/2 + tanh(z/2)/2, within 2e-7."""
    square = node(MUL, (z, z))
    above = _polynomial(square, [Fraction(c) / 4 ** (k + 1) for k, c in enumerate(_ABOVE)])
    below = _polynomial(square, [Fraction(c) / 4**k for k, c in enumerate(_BELOW)])
    value = node(ADD, (node(MUL, (node(MUL, (above, z)), node(DIV, (const(1), below)))), const(Fraction(1, 2))))
    end = node(WHERE, (node(GREATER, (z, const(0))), const(1), const(0)))
    return node(WHERE, (node(GREATER, (node(ABS, (z,)), const(_END))), end, value))


def _polynomial(x: Node, coefficients: Sequence[Fraction]) -> Node:
    """By Estrin's scheme: neighbours are joined with x, the pairs with x^2, and so on, side by side."""
    terms = [const(c) for c in coefficients]
    while len(terms) > 1:
        pairs = [node(ADD, (node(MUL, (terms[k + 1], x)), terms[k])) for k in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[2 * len(pairs) :]
        x = node(MUL, (x, x))
    return terms[0]
