"""The functions of the formula language: which op each stands for, and how many arguments it takes.

Most are one op; the rest - max of many, sums over all axes, shapes written as arguments - are built here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chainrule.dataclasses import dataclass
from chainrule.errors import ShapeError
from chainrule.node import Node, Op, node
from chainrule.ops import TABLE
from chainrule.ops.arithmetic import constant
from chainrule.ops.choices import EQUAL, MAX, MIN, WHERE
from chainrule.ops.matrix import BROADCAST, CONCAT, DOT, ONE_HOT, RESHAPE, STACK, TRANSPOSE, UNIFORM
from chainrule.ops.reduction import LARGEST, LOGSUMEXP, MEAN, NORM, SMALLEST, SOFTMAX, SUM

MAX_ELEMENTS: Final = 10_000_000  # of an array that a formula asks for by its shape


@dataclass(frozen=True, slots=True)
class Function:
    """How a function is called: its arguments in words, the fewest and the most, and what it builds."""

    usage: str
    fewest: int
    most: int | None
    build: Callable[[Sequence[Node]], Node]
    choice: bool = False  # whether its first argument is a comparison


def whole(value: Node) -> int | None:
    """The whole number that a constant node is, or None."""
    found = constant(value)
    return int(found) if found is not None and found.denominator == 1 else None


def _elementwise(name: str, op: str) -> Function:
    return Function(f"{name}(x)", 1, 1, lambda args: node(TABLE[op], tuple(args)))


def _over_all(name: str, op: Op) -> Function:
    return Function(f"{name}(x)", 1, 1, lambda args: node(op, tuple(args), _all_axes(name, args[0])))


def _along_last(name: str, op: Op) -> Function:
    return Function(f"{name}(x)", 1, 1, lambda args: node(op, tuple(args), _all_axes(name, args[0])[-1:]))


def _all_axes(name: str, x: Node) -> tuple[int, ...]:
    if not x.shape:
        raise ShapeError(f"{name} takes an array, found a single number.", hint=f"Write {name}([a, b]) for a list.")
    return tuple(range(len(x.shape)))


def _extreme(name: str, pair: Op, over: Op) -> Function:
    def build(args: Sequence[Node]) -> Node:
        if len(args) == 1:
            if not args[0].shape:
                raise ShapeError(f"{name} takes an array or at least two arguments, found one number.")
            return node(over, tuple(args), _all_axes(name, args[0]))
        result = args[0]
        for other in args[1:]:
            result = node(pair, (result, other))
        return result

    return Function(f"{name}(a, b, ...) or {name}(array)", 1, None, build)


def _shape(values: Sequence[Node]) -> tuple[int, ...]:
    """A shape written as `2, 3` or `[2, 3]`."""
    if len(values) == 1 and values[0].op is STACK:
        values = values[0].args
    sizes = [whole(value) for value in values]
    if any(size is None or size < 1 for size in sizes):
        raise ShapeError("a shape is made of whole numbers above 0, such as [2, 3].")
    product = 1
    for size in sizes:
        product *= size or 1
    if product > MAX_ELEMENTS:
        raise ShapeError(f"the shape has more than {MAX_ELEMENTS:,} elements, the limit.")
    return tuple(size or 1 for size in sizes)


def _one_hot(args: Sequence[Node]) -> Node:
    size = whole(args[1])
    if size is None or not 1 <= size <= MAX_ELEMENTS:
        raise ShapeError("the number of classes is a whole number above 0.")
    return node(ONE_HOT, (args[0],), size)


def _transpose(args: Sequence[Node]) -> Node:
    return node(TRANSPOSE, tuple(args), tuple(reversed(range(len(args[0].shape)))))


_ELEMENTWISE: Final = (
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "erf", "exp", "log", "log10", "sqrt", "sin",
    "cos", "abs", "sign", "step", "stop_gradient",
)  # fmt: skip

BUILDERS: Final[Mapping[str, Function]] = {
    **{name: _elementwise(name, name) for name in _ELEMENTWISE},
    "ln": _elementwise("ln", "log"),
    "max": _extreme("max", MAX, LARGEST),
    "min": _extreme("min", MIN, SMALLEST),
    "sum": _over_all("sum", SUM),
    "mean": _over_all("mean", MEAN),
    "norm": _over_all("norm", NORM),
    "softmax": _along_last("softmax", SOFTMAX),
    "logsumexp": _along_last("logsumexp", LOGSUMEXP),
    "dot": Function("dot(a, b)", 2, 2, lambda args: node(DOT, tuple(args))),
    "transpose": Function("transpose(W)", 1, 1, _transpose),
    "where": Function("where(c, a, b)", 3, 3, lambda args: node(WHERE, tuple(args)), choice=True),
    "equal": Function("equal(a, b)", 2, 2, lambda args: node(EQUAL, tuple(args))),
    "concat": Function("concat(a, b, ...)", 1, None, lambda args: node(CONCAT, tuple(args), 0)),
    "reshape": Function("reshape(x, [2, 3])", 2, None, lambda args: node(RESHAPE, (args[0],), _shape(args[1:]))),
    "broadcast": Function("broadcast(x, [2, 3])", 2, None, lambda args: node(BROADCAST, (args[0],), _shape(args[1:]))),
    "one_hot": Function("one_hot(k, 3)", 2, 2, _one_hot),
    "uniform": Function(
        "uniform(key, counter, [2, 3])",
        3,
        None,
        lambda args: node(UNIFORM, (args[0], args[1]), _shape(args[2:])),
    ),
}
