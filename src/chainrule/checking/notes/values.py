"""The value of what holds only numbers: an enclosure, each printed number standing for itself or for an interval.

Trees may be as deep as a sum is long, so they are walked from a list, never by recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

from chainrule.errors import ChainruleError
from chainrule.formula.syntax import (
    Binary,
    Call,
    FunctionPrime,
    Group,
    ListExpr,
    Number,
    Ref,
    Tree,
    Unary,
    children,
    walk,
)
from chainrule.numbers.array import Array, items_of, of_nested, shape_of
from chainrule.numbers.interval import EVERYTHING, Interval, interval_numbers, point
from chainrule.numbers.system import Scalars

BITS: Final = 200
MOST_NUMBERS: Final = 5_000  # on one side
Leaf = Callable[[Number], Interval]

_NUMBERS: Final = interval_numbers(BITS)
_S: Final = _NUMBERS.s
_ONE, _ZERO, _TWO = point(1), point(0), point(2)
_BINARY: Final = {"+": _S.add, "-": _S.sub, "*": _S.mul, "/": _S.div, "^": _S.power}
_OF_ONE: Final[Mapping[str, Callable[[Scalars, Any], Any]]] = {
    "sigmoid": lambda s, x: s.sigmoid(x),
    "tanh": lambda s, x: s.tanh(x),
    "exp": lambda s, x: s.exp(x),
    "log": lambda s, x: s.log(x),
    "ln": lambda s, x: s.log(x),
    "log10": lambda s, x: s.log10(x),
    "sqrt": lambda s, x: s.sqrt(x),
    "sin": lambda s, x: s.sin(x),
    "cos": lambda s, x: s.cos(x),
    "abs": lambda s, x: s.abs(x),
    "relu": lambda s, x: s.max(_ZERO, x),
    "softplus": lambda s, x: s.log1p(s.exp(x)),
}
_OF_ALL: Final = frozenset({"max", "min", "sum", "mean", "dot", "norm", "transpose", "softmax"})
_PRIMES: Final[Mapping[str, Callable[[Scalars, Any], Any]]] = {
    "sigmoid": lambda s, x: s.mul(s.sigmoid(x), s.sigmoid(s.neg(x))),
    "tanh": lambda s, x: s.sub(_ONE, s.power(s.tanh(x), _TWO)),
}
_PI: Final = frozenset({"π", "pi"})


def is_closed(tree: Tree, *, holes: bool = False) -> bool:
    """Whether a tree holds numbers, signs and known functions only; with `holes` also elements that were not read.

    >>> from chainrule.formula import parse_expression
    >>> [is_closed(parse_expression(text).tree) for text in ("1/(1 + exp(-0.5))", "2*x", "pi", "2*pi")]
    [True, False, False, True]
    """
    if isinstance(tree, Ref):
        return False
    count = 0
    for node in walk(tree):
        count += 1
        if isinstance(node, Number | Unary | Group | ListExpr | Binary):
            continue
        if isinstance(node, Call) and (node.function in _OF_ONE or node.function in _OF_ALL):
            continue
        if isinstance(node, FunctionPrime) and node.function in _PRIMES and node.count == 1:
            continue
        if isinstance(node, Ref) and (node.name in _PI or (holes and node.name == "?")):
            continue
        return False
    return count <= MOST_NUMBERS


def as_printed(number: Number) -> Interval:
    """A number that stands for itself."""
    return point(number.value)


def value_of(tree: Tree, leaf: Leaf, known: dict[Tree, Any] | None = None) -> Any | None:
    """The value, an interval or an array of them; None where there is none, as for shapes that do not fit.

    What is worked out for one leaf may be kept in `known`, and no tree is then walked twice.

    >>> from chainrule.formula import parse_expression
    >>> print(value_of(parse_expression("0.5*(1 - 0.25)").tree, as_printed))
    3/8
    """
    done: dict[Tree, Any] = {} if known is None else known
    nodes = [] if tree in done else [tree]
    for node in nodes:  # it grows on the way: parents stand before their children
        nodes += [child for child in children(node) if child not in done]
    with _S.context():
        for node in reversed(nodes):
            try:
                done[node] = _value(node, [done[child] for child in children(node)], leaf)
            except (ChainruleError, ZeroDivisionError, OverflowError):
                return None
    return done[tree]


def _value(node: Tree, args: Sequence[Any], leaf: Leaf) -> Any:
    match node:
        case Number():
            return leaf(node)
        case Binary():
            return _binary(node, args[0], args[1])
        case Group():
            return args[0]
        case Unary():
            return args[0] if node.op == "+" else _mapped(_S.neg, args[0])
        case ListExpr():
            return of_nested([_nested(arg) for arg in args])
        case Ref():
            return _S.pi() if node.name in _PI else EVERYTHING
        case FunctionPrime():
            return _mapped(lambda x: _PRIMES[node.function](_S, x), args[0])
        case Call():
            if node.function in _OF_ONE and len(args) == 1:
                return _mapped(lambda x: _OF_ONE[node.function](_S, x), args[0])
            return _reduced(node.function, args)
    raise ChainruleError("there is no value.")


def _nested(value: Any) -> Any:
    return _NUMBERS.to_nested(value)


def _mapped(function: Callable[[Any], Any], value: Any) -> Any:
    return Array(value.shape, [function(item) for item in value.items]) if isinstance(value, Array) else function(value)


def _binary(node: Binary, left: Any, right: Any) -> Any:
    one, other = shape_of(left), shape_of(right)
    if not one and not other and node.op != "@":
        return _BINARY[node.op](left, right)
    if node.op == "@" or (node.implicit and one and other):
        return _matrix_product(left, right)
    if one and other and one != other:
        if node.op == "*" and one[-1:] == other[:1]:
            return _matrix_product(left, right)
        raise ChainruleError("the shapes do not fit.")
    if node.op == "^" or (node.op == "/" and other):
        raise ChainruleError("arrays are neither exponents nor divisors.")
    return _NUMBERS.elementwise(_BINARY[node.op], one or other, left, right)


def _matrix_product(left: Any, right: Any) -> Any:
    one, other = shape_of(left), shape_of(right)
    if not one or not other:
        return _NUMBERS.elementwise(_S.mul, one or other, left, right)
    if one[-1] != other[0] and len(one) == 2 and one[-1] == 1 and len(other) == 1:
        other = (1, *other)
        right = _NUMBERS.reshape(right, other)
    if one[-1] != other[0] or len(one) > 2 or len(other) > 2:
        raise ChainruleError("the shapes do not fit.")
    return _NUMBERS.matmul(left, right)


def _reduced(function: str, args: Sequence[Any]) -> Any:
    if function == "transpose":
        shape = shape_of(args[0])
        return _NUMBERS.transpose(args[0], tuple(reversed(range(len(shape))))) if shape else args[0]
    if function == "dot":
        return _matrix_product(*args)
    items = [item for arg in args for item in items_of(arg)]
    if function == "softmax":
        powers = [_S.exp(item) for item in items]
        total = reduce(_S.add, powers)
        return Array(shape_of(args[0]), [_S.div(power, total) for power in powers])
    if function == "norm":
        return _S.sqrt(reduce(_S.add, [_S.power(item, _TWO) for item in items]))
    if function in ("max", "min"):
        return reduce(_S.max if function == "max" else _S.min, items)
    total = reduce(_S.add, items)
    return total if function == "sum" else _S.div(total, point(len(items)))


def squeezed(value: Any) -> tuple[tuple[int, ...], list[Interval]]:
    """The shape without axes of length 1, and the elements: a column and a list of the same numbers are equal."""
    return tuple([size for size in shape_of(value) if size != 1]), list(items_of(value))
