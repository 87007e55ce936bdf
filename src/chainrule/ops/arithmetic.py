"""Arithmetic: + - * / ^ and their signs. Add passes the gradient on, mul swaps its inputs."""

from __future__ import annotations

from fractions import Fraction

from chainrule.node import ARITHMETIC, CONST, Node, Op, const, node
from chainrule.ops import types

MAX_FOLDED_BITS = 1024  # longer constants stay unfolded: in a long chain of products their digits grow without end
MAX_FOLDED_EXPONENT = 64  # a larger power of a constant stays a node: its digits would fill the page


def constant(x: Node) -> Fraction | None:
    """The value of a constant, also of one written as 1/2 or -3."""
    if x.op is CONST:
        value: Fraction = x.attribute
        return value
    if x.op is NEG:
        inner = constant(x.args[0]) if x.args[0].op is CONST else None
        return None if inner is None else -inner
    if x.op is DIV and x.args[0].op is CONST and x.args[1].op is CONST and x.args[1].attribute != 0:
        quotient: Fraction = x.args[0].attribute / x.args[1].attribute
        return quotient
    return None


def _folded(value: Fraction) -> Node | None:
    """The constant two constants make, unless it is too long to be worth it."""
    return const(value) if value.numerator.bit_length() + value.denominator.bit_length() <= MAX_FOLDED_BITS else None


def _same(x: Node, *others: Node) -> Node | None:
    """`x`, if leaving the others out does not change the type of the result."""
    return x if types.elementwise(x.type, *[o.type for o in others]) is x.type else None


def _zero(*like: Node) -> Node:
    """Zero of the shape that these would give together."""
    shape = types.elementwise(*[x.type for x in like]).shape
    return _broadcast(const(0), shape) if shape else const(0)


def _broadcast(x: Node, shape: tuple[int | str, ...]) -> Node:
    from chainrule.ops.matrix import BROADCAST  # arithmetic is what the other tables are written with

    return BROADCAST(x, attribute=shape)


def _negated(x: Node) -> Node | None:
    """`-x`, if it is at least as short as `x`."""
    if x.op is NEG:
        return x.args[0]
    value = constant(x)
    if value is not None:
        return const(-value) if value < 0 else None
    if x.op is MUL:
        factor = constant(x.args[0])
        return const(-factor) * x.args[1] if factor is not None and factor < 0 else None
    return None


ONE = const(1)
_ONCE = Fraction(1)
_SPECIAL = {"const", "neg", "mul", "div", "broadcast"}


def _is_plain(x: Node) -> bool:
    """Neither a number nor a multiple of one: of such a sum or product is simple, as nearly all of a large graph."""
    return x.op.name not in _SPECIAL or (x.op is MUL and x.args[0].op.name not in _SPECIAL)


def _simplify_add(x: Node, y: Node) -> Node | None:
    if x is not y and _is_plain(x) and _is_plain(y):
        return None
    a, b = constant(x), constant(y)
    if a is not None and b is not None:
        return _folded(a + b)
    if a is not None and not a:
        return _same(y, x)
    if b is not None and not b:
        return _same(x, y)
    flipped = _negated(y)
    if flipped is not None:
        return x - flipped
    ahead = _negated(x)
    if ahead is not None and (x.op is NEG or a is not None):
        return y - ahead
    (c, u), (d, v) = _multiple(x), _multiple(y)
    factor = _folded(c + d) if u is v else None
    if factor is not None:
        return factor * u
    return _leaner(ADD, x, y)


def _multiple(x: Node) -> tuple[Fraction, Node]:
    """A node as a number times the rest: 2*x is (2, x), and x is (1, x)."""
    factor = constant(x.args[0]) if x.op is MUL else None
    return (factor, x.args[1]) if factor is not None else (_ONCE, x)


def _simplify_sub(x: Node, y: Node) -> Node | None:
    a, b = constant(x), constant(y)
    if a is not None and b is not None:
        return _folded(a - b)
    if b is not None and not b:
        return _same(x, y)
    if a is not None and not a:
        return _same(-y, x)
    if x is y:
        return _zero(x)
    flipped = _negated(y)
    if flipped is not None:
        return x + flipped
    return _leaner(SUB, x, y)


def _simplify_mul(x: Node, y: Node) -> Node | None:
    if _is_plain(y) and (x is ONE or _is_plain(x)):
        return _same(y, x) if x is ONE else None
    a, b = constant(x), constant(y)
    if a is not None and b is not None:
        return _folded(a * b)
    swapped = b is not None  # a number stands before what it multiplies
    if swapped:
        x, y, a = y, x, b
    if a is not None and not a:
        return _zero(x, y)
    if a == 1:
        return _same(y, x)
    if a == -1:
        return _same(-y, x)
    if a is not None:
        if y.op is NEG:
            return const(-a) * y.args[0]
        inner = constant(y.args[0]) if y.op is MUL else None
        factor = None if inner is None else _folded(a * inner)
        if factor is not None:
            return factor * y.args[1]
        return node(MUL, (x, y)) if swapped else None
    if x.op is NEG or y.op is NEG:  # a sign stands before the whole product
        signs = (x.op is NEG) + (y.op is NEG)
        positive = (x.args[0] if x.op is NEG else x) * (y.args[0] if y.op is NEG else y)
        return positive if signs == 2 else -positive
    return _leaner(MUL, x, y)


def _leaner(op: Op, x: Node, y: Node) -> Node | None:
    """The same op without a broadcast that its other argument makes needless."""
    if _is_stretched(x, y):
        return op(x.args[0], y)
    return op(x, y.args[0]) if _is_stretched(y, x) else None


def _is_stretched(x: Node, other: Node) -> bool:
    return x.op.name == "broadcast" and other.type.shape == x.type.shape


def _simplify_div(x: Node, y: Node) -> Node | None:
    a, b = constant(x), constant(y)
    if a is not None and b is not None and b != 0:
        return _folded(a / b)
    if b == 1:
        return _same(x, y)
    if b == -1:
        return _same(-x, y)
    if a == 0 and b != 0:
        return _zero(x, y)
    if x.op is NEG and b is None:
        return -(x.args[0] / y)
    factor = constant(x.args[0]) if x.op is MUL else None
    quotient = _folded(factor / b) if factor is not None and b is not None and b != 0 else None
    return None if quotient is None else quotient * x.args[1]


def _simplify_neg(x: Node) -> Node | None:
    value = constant(x)
    if value is not None:
        return const(-value)
    if x.op is NEG:
        return x.args[0]
    factor = constant(x.args[0]) if x.op is MUL else None
    return const(-factor) * x.args[1] if factor is not None else None


def _simplify_power(x: Node, y: Node) -> Node | None:
    base, exponent = constant(x), constant(y)
    if exponent == 1:
        return _same(x, y)
    if exponent == 0:
        return const(1) if not x.type.shape else _broadcast(const(1), x.type.shape)
    if base is None or exponent is None or exponent.denominator != 1 or not is_short_power(base, int(exponent)):
        return None
    return const(base ** int(exponent)) if base != 0 or exponent > 0 else None


def is_short_power(base: Fraction, exponent: int) -> bool:
    """Whether the power of a constant is short enough to be written out."""
    bits = max(abs(base.numerator), base.denominator).bit_length()
    return abs(exponent) <= MAX_FOLDED_EXPONENT and abs(exponent) * bits <= MAX_FOLDED_BITS


def _power_vjp(g: Node, out: Node, x: Node, y: Node) -> tuple[Node | None, ...]:
    from chainrule.ops.functions import LOG

    return g * y * x ** (y - 1), None if y.op is CONST else g * out * LOG(x)


ADD: Op = Op(
    name="add",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.add(x, y),
    vjp=lambda g, out, x, y: (g, g),
    simplify=_simplify_add,
    precedence=10,
    glyph="+",
    latex="{0} + {1}",
)
SUB: Op = Op(
    name="sub",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.sub(x, y),
    vjp=lambda g, out, x, y: (g, -g),
    simplify=_simplify_sub,
    precedence=10,
    glyph="-",
    latex="{0} - {1}",
)
MUL: Op = Op(
    name="mul",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.mul(x, y),
    vjp=lambda g, out, x, y: (g * y, g * x),
    simplify=_simplify_mul,
    precedence=20,
    glyph="*",
    latex=r"{0} \cdot {1}",
)
DIV: Op = Op(
    name="div",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.div(x, y),
    vjp=lambda g, out, x, y: (g / y, -(g * out / y)),
    simplify=_simplify_div,
    precedence=20,
    glyph="/",
    latex=r"\frac{{{0}}}{{{1}}}",
    domain=((-2.0, 2.0), (0.3, 2.0)),
)
NEG: Op = Op(
    name="neg",
    arity=1,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x: s.neg(x),
    vjp=lambda g, out, x: (-g,),
    simplify=_simplify_neg,
    precedence=15,
    glyph="-",
    latex="-{0}",
)
POWER: Op = Op(
    name="power",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.power(x, y),
    vjp=_power_vjp,
    simplify=_simplify_power,
    precedence=30,
    glyph="^",
    latex="{0}^{{{1}}}",
    domain=((0.3, 2.0), (-2.0, 2.0)),
)

OPS = (ADD, SUB, MUL, DIV, NEG, POWER)
ARITHMETIC.update({op.name: op for op in OPS})
